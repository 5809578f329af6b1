//! The handlers: which there are, how they are told to the library, and the functions that the library calls.
//!
//! A callback turns its arguments into objects and calls the Python handler. When that raises, the exception is kept in the
//! parser, all handlers are taken away, and the library is let run to where `Parse` returns and raises it.

use core::ffi::{CStr, c_int};

use rpy_vm::protocol::call;
use rpy_vm::runtime::codecs::{self, utf8};
use rpy_vm::runtime::recursion;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, exc};

use super::library::{Content, Encoding, Expat, Handle, STATUS_ERROR, STATUS_OK, Text, User};
use super::parser::PyXmlParser;

macro_rules! handlers {
    ($($name:ident = $set:ident $function:ident;)*) => {
        /// A kind of event.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Event { $($name,)* }

        /// All kinds.
        pub const EVENTS: &[Event] = &[$(Event::$name),*];

        /// Tells the library whether an event is wanted.
        pub fn install(expat: &Expat, parser: Handle, event: Event, wanted: bool) {
            // SAFETY: the parser lives; the functions are of the kinds that the library asks for.
            unsafe {
                match event {
                    $(Event::$name => (expat.$set)(parser, wanted.then_some($function)),)*
                }
            }
        }
    };
}

handlers! {
    StartElement = on_start_element start_element;
    EndElement = on_end_element end_element;
    ProcessingInstruction = on_instruction processing_instruction;
    CharacterData = on_character_data character_data;
    UnparsedEntityDecl = on_unparsed_entity unparsed_entity;
    NotationDecl = on_notation notation;
    StartNamespaceDecl = on_start_namespace start_namespace;
    EndNamespaceDecl = on_end_namespace end_namespace;
    Comment = on_comment comment;
    StartCdataSection = on_start_cdata start_cdata;
    EndCdataSection = on_end_cdata end_cdata;
    Default = on_default default;
    DefaultExpand = on_default_expand default_expand;
    NotStandalone = on_not_standalone not_standalone;
    ExternalEntityRef = on_external_entity external_entity;
    StartDoctypeDecl = on_start_doctype start_doctype;
    EndDoctypeDecl = on_end_doctype end_doctype;
    EntityDecl = on_entity entity;
    XmlDecl = on_declaration declaration;
    ElementDecl = on_element_declaration element_declaration;
    AttlistDecl = on_attlist attlist;
    SkippedEntity = on_skipped_entity skipped_entity;
}

/// Stops the parser at the next external entity: set after an exception, when nothing is to be called any more.
pub unsafe extern "C" fn refuse_external_entity(_: Handle, _: Text, _: Text, _: Text, _: Text) -> c_int {
    STATUS_ERROR
}

/// Takes text that nobody wants: set when the handler is taken away while it runs.
pub unsafe extern "C" fn ignore_character_data(_: User, _: Text, _: c_int) {}

/// The parser object behind the user data.
///
/// # Safety
/// `user` is what the parser was given: an object that is alive, since one of its methods is running.
unsafe fn parser<'a>(user: User) -> &'a PyXmlParser {
    // SAFETY: the caller's promise.
    unsafe { &*(user as *const PyXmlParser) }
}

/// The bytes of a text from the library; `None` for null.
///
/// # Safety
/// Null or NUL-terminated.
unsafe fn bytes<'a>(text: Text) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// The bytes of a text with a length; `None` for null.
///
/// # Safety
/// Null or that many bytes.
unsafe fn counted<'a>(text: Text, len: c_int) -> Option<&'a [u8]> {
    // SAFETY: the caller's promise.
    (!text.is_null()).then(|| unsafe { core::slice::from_raw_parts(text as *const u8, len.max(0) as usize) })
}

/// A string, or None.
pub fn string(text: Option<&[u8]>) -> PyResult<ObjRef> {
    match text {
        Some(text) => Ok(utf8::decode(text, None, true)?.0.into_obj()),
        None => Ok(rpy_vm::none()),
    }
}

fn int(value: c_int) -> PyResult<ObjRef> {
    Ok(PyInt::from_i64(i64::from(value)).into_obj())
}

impl PyXmlParser {
    /// A name, or None: always the same object for the same name.
    fn name(&self, text: Option<&[u8]>) -> PyResult<ObjRef> {
        let name = string(text)?;
        match self.intern.get() {
            Some(dict) if text.is_some() => Ok(dict.setdefault(&name, &name)?.0),
            _ => Ok(name),
        }
    }

    fn names(&self, names: &[Option<&[u8]>]) -> PyResult<Vec<ObjRef>> {
        names.iter().map(|name| self.name(*name)).collect()
    }

    /// Calls a handler. `None`: there is none, or an exception is under way.
    fn fire(&self, event: Event, args: impl FnOnce(&Self) -> PyResult<Vec<ObjRef>>) -> Option<ObjRef> {
        let handler = self.handler(event)?;
        if self.failed() {
            return None;
        }
        let run = || {
            self.flush_text()?;
            let args = args(self)?;
            let args: Vec<&PyObject> = args.iter().map(|arg| &**arg).collect();
            self.in_callback(|| call::call(&handler, &args))
        };
        match run() {
            Ok(result) => Some(result),
            Err(e) => {
                self.fail(e);
                None
            }
        }
    }

    /// Calls a handler that answers with a number; `default` when there is nothing to ask.
    fn ask(&self, event: Event, default: c_int, args: impl FnOnce(&Self) -> PyResult<Vec<ObjRef>>) -> c_int {
        let Some(answer) = self.fire(event, args) else { return default };
        let number = rpy_vm::protocol::number::index(&answer)
            .and_then(|n| n.as_i64().ok_or_else(|| exc::overflow_error("Python int too large to convert to C long")));
        match number {
            Ok(number) => number as c_int,
            Err(e) => {
                self.fail(e);
                default
            }
        }
    }

    /// Hands collected text to its handler.
    pub fn flush_text(&self) -> PyResult<()> {
        let text = match &mut *self.buffer.borrow_mut() {
            Some(buffer) if !buffer.is_empty() => core::mem::take(buffer),
            _ => return Ok(()),
        };
        let result = self.deliver_text(&text);
        // The room is used again, unless the handler has switched collecting off or some text has come meanwhile.
        if let Some(buffer) = &mut *self.buffer.borrow_mut()
            && buffer.is_empty()
        {
            *buffer = text;
            buffer.clear();
        }
        result
    }

    fn deliver_text(&self, text: &[u8]) -> PyResult<()> {
        let Some(handler) = self.handler(Event::CharacterData) else { return Ok(()) };
        let text = string(Some(text))?;
        self.in_callback(|| call::call_one(&handler, &text))?;
        Ok(())
    }

    fn collect_text(&self, text: &[u8]) -> PyResult<()> {
        let size = self.buffer_size.get();
        let used = match &*self.buffer.borrow() {
            Some(buffer) => buffer.len(),
            None => usize::MAX,
        };
        if used == usize::MAX {
            return self.deliver_text(text);
        }
        if used + text.len() > size {
            self.flush_text()?;
            // The handler might have taken itself away.
            if self.handler(Event::CharacterData).is_none() {
                return Ok(());
            }
        }
        if text.len() <= size
            && let Some(buffer) = &mut *self.buffer.borrow_mut()
        {
            buffer.extend_from_slice(text);
            return Ok(());
        }
        self.deliver_text(text)
    }
}

unsafe extern "C" fn character_data(user: User, text: Text, len: c_int) {
    // SAFETY: called by the library with the parser's user data and `len` bytes.
    let (this, text) = unsafe { (parser(user), counted(text, len).unwrap_or_default()) };
    if this.failed() {
        return;
    }
    if let Err(e) = this.collect_text(text) {
        this.fail(e);
    }
}

unsafe extern "C" fn start_element(user: User, name: Text, attributes: *const Text) {
    // SAFETY: called by the library with the parser's user data, a name, and a null-terminated array of texts.
    unsafe {
        let this = parser(user);
        this.fire(Event::StartElement, |this| {
            let specified = this.specified_attributes.get().then(|| this.specified_attribute_count());
            let mut pairs: Vec<ObjRef> = Vec::new();
            let mut at = attributes;
            while !(*at).is_null() && specified.is_none_or(|count| pairs.len() < count) {
                pairs.push(this.name(bytes(*at))?);
                pairs.push(string(bytes(*at.add(1)))?);
                at = at.add(2);
            }
            let attributes = if this.ordered_attributes.get() {
                PyList::try_new(pairs)?.into_obj()
            } else {
                let dict = PyDict::new();
                for pair in pairs.chunks_exact(2) {
                    dict.set_item(&pair[0], &pair[1])?;
                }
                dict.into_obj()
            };
            Ok(vec![this.name(bytes(name))?, attributes])
        });
    }
}

macro_rules! callbacks {
    ($($event:ident $function:ident |$this:ident $(, $arg:ident: $ty:ty)*| $args:expr;)*) => {
        $(unsafe extern "C" fn $function(user: User $(, $arg: $ty)*) {
            // SAFETY: called by the library with the parser's user data and texts as its header says.
            unsafe { parser(user).fire(Event::$event, |$this| $args) };
        })*
    };
}

callbacks! {
    EndElement end_element |this, name: Text| this.names(&[bytes(name)]);
    ProcessingInstruction processing_instruction |this, target: Text, data: Text|
        Ok(vec![this.name(bytes(target))?, string(bytes(data))?]);
    UnparsedEntityDecl unparsed_entity |this, name: Text, base: Text, system: Text, public: Text, notation: Text|
        this.names(&[bytes(name), bytes(base), bytes(system), bytes(public), bytes(notation)]);
    NotationDecl notation |this, name: Text, base: Text, system: Text, public: Text|
        this.names(&[bytes(name), bytes(base), bytes(system), bytes(public)]);
    StartNamespaceDecl start_namespace |this, prefix: Text, uri: Text| this.names(&[bytes(prefix), bytes(uri)]);
    EndNamespaceDecl end_namespace |this, prefix: Text| this.names(&[bytes(prefix)]);
    Comment comment |_this, text: Text| Ok(vec![string(bytes(text))?]);
    StartCdataSection start_cdata |_this| Ok(Vec::new());
    EndCdataSection end_cdata |_this| Ok(Vec::new());
    Default default |_this, text: Text, len: c_int| Ok(vec![string(counted(text, len))?]);
    DefaultExpand default_expand |_this, text: Text, len: c_int| Ok(vec![string(counted(text, len))?]);
    StartDoctypeDecl start_doctype |this, name: Text, system: Text, public: Text, internal: c_int| {
        let mut args = this.names(&[bytes(name), bytes(system), bytes(public)])?;
        args.push(int(internal)?);
        Ok(args)
    };
    EndDoctypeDecl end_doctype |_this| Ok(Vec::new());
    EntityDecl entity |this, name: Text, parameter: c_int, value: Text, len: c_int, base: Text, system: Text, public: Text, notation: Text| {
        let mut args = vec![this.name(bytes(name))?, int(parameter)?, string(counted(value, len))?];
        args.extend(this.names(&[bytes(base), bytes(system), bytes(public), bytes(notation)])?);
        Ok(args)
    };
    XmlDecl declaration |_this, version: Text, encoding: Text, standalone: c_int|
        Ok(vec![string(bytes(version))?, string(bytes(encoding))?, int(standalone)?]);
    AttlistDecl attlist |this, element: Text, attribute: Text, kind: Text, value: Text, required: c_int| Ok(vec![
        this.name(bytes(element))?,
        this.name(bytes(attribute))?,
        string(bytes(kind))?,
        string(bytes(value))?,
        int(required)?,
    ]);
    SkippedEntity skipped_entity |this, name: Text, parameter: c_int| Ok(vec![this.name(bytes(name))?, int(parameter)?]);
}

unsafe extern "C" fn not_standalone(user: User) -> c_int {
    // SAFETY: called by the library with the parser's user data.
    unsafe { parser(user).ask(Event::NotStandalone, STATUS_ERROR, |_| Ok(Vec::new())) }
}

unsafe extern "C" fn external_entity(handle: Handle, context: Text, base: Text, system: Text, public: Text) -> c_int {
    // SAFETY: called by the library with the parser, whose first field is the user data, and texts. (The header gives
    // `XML_GetUserData` as a macro that reads it there.)
    unsafe {
        let this = parser(*(handle as *const User));
        this.ask(Event::ExternalEntityRef, STATUS_ERROR, |this| {
            let mut args = vec![string(bytes(context))?];
            args.extend(this.names(&[bytes(base), bytes(system), bytes(public)])?);
            Ok(args)
        })
    }
}

unsafe extern "C" fn element_declaration(user: User, name: Text, model: *mut Content) {
    // SAFETY: called by the library with the parser's user data and a model that is ours to free.
    unsafe {
        let this = parser(user);
        this.fire(Event::ElementDecl, |this| Ok(vec![this.name(bytes(name))?, content_model(this, &*model)?]));
        this.free_content(model);
    }
}

/// `(type, quantifier, name, children)`.
fn content_model(parser: &PyXmlParser, model: &Content) -> PyResult<ObjRef> {
    recursion::check(" in conv_content_model")?;
    let children: Vec<ObjRef> = (0..model.count as usize)
        // SAFETY: the model has `count` children.
        .map(|i| content_model(parser, unsafe { &*model.children.add(i) }))
        .collect::<PyResult<_>>()?;
    // SAFETY: null or a name.
    let name = string(unsafe { bytes(model.name) })?;
    let children = PyTuple::new(children).into_obj();
    Ok(PyTuple::from_array([int(model.kind)?, int(model.quantifier)?, name, children]).into_obj())
}

/// Encodings that the library does not know: those of Python that make one character of each byte.
pub unsafe extern "C" fn unknown_encoding(user: User, name: Text, info: *mut Encoding) -> c_int {
    // SAFETY: called by the library with the parser's user data, a name, and a struct to fill in.
    let (this, name, info) = unsafe { (parser(user), bytes(name).unwrap_or_default(), &mut *info) };
    if this.failed() {
        return STATUS_ERROR;
    }
    match byte_map(name) {
        Ok(map) => {
            info.map = map;
            info.data = core::ptr::null_mut();
            info.convert = None;
            info.release = None;
            STATUS_OK
        }
        Err(e) => {
            this.fail(e);
            STATUS_ERROR
        }
    }
}

fn byte_map(encoding: &[u8]) -> PyResult<[c_int; 256]> {
    let every: Vec<u8> = (0..=255).collect();
    let encoding = String::from_utf8_lossy(encoding);
    let text = codecs::decode_bytes(&every, Some(&encoding), Some("replace"))?;
    if text.len() != 256 {
        return Err(exc::value_error("multi-byte encodings are not supported"));
    }
    let mut map = [-1; 256];
    for (place, c) in map.iter_mut().zip(text.data().iter()) {
        if c != 0xfffd {
            *place = c as c_int;
        }
    }
    Ok(map)
}

/// An exception's way out of `Parse`.
pub fn pending(error: Option<PyErr>) -> PyResult<()> {
    error.map_or(Ok(()), Err)
}

/// The text of an object from the library, for `GetBase` and the like.
///
/// # Safety
/// Null or NUL-terminated.
pub unsafe fn optional_string(text: Text) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    string(unsafe { bytes(text) })
}

/// The text of an error code, or `None` for a number that is no error.
pub fn error_text(expat: &Expat, code: c_int) -> Option<String> {
    // SAFETY: the function knows all numbers; the text is constant.
    unsafe { bytes((expat.error_string)(code)) }.map(|text| String::from_utf8_lossy(text).into_owned())
}
