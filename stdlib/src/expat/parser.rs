//! `xmlparser`: one parser of the C library, and the Python handlers of its events.

use core::cell::{Cell, RefCell};
use core::ffi::{c_int, c_uchar, c_ulonglong};
use std::ffi::CString;

use rpy_vm::gc::{Traverse, Visit};
use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, Ref, exc, intern, pyclass, pymethods};

use super::constants::INVALID_ARGUMENT;
use super::expat_error;
use super::handlers::{self, EVENTS, Event, install, optional_string};
use super::library::{Content, Expat, Handle, STATUS_ERROR, STATUS_OK, Text};

/// Most bytes given to the library at once.
const MAX_CHUNK: usize = 1 << 20;
/// Bytes that `ParseFile` reads at once.
const FILE_CHUNK: usize = 2048;
/// Size of the text buffer to begin with.
const BUFFER_SIZE: usize = 8 * 1024;

/// The Python handler of each event.
struct Handlers([OptRef; EVENTS.len()]);

impl Traverse for Handlers {
    fn traverse(&self, visit: &mut Visit<'_>) {
        self.0.iter().for_each(|handler| handler.traverse(visit));
    }
    fn clear(&self) {
        self.0.iter().for_each(Traverse::clear);
    }
}

/// The parser whose external entity this one reads. It is let go only after the library's parser of this object: also in a
/// cycle that is being cleared.
struct Parent(OptRef<PyXmlParser>);

impl Traverse for Parent {
    fn traverse(&self, visit: &mut Visit<'_>) {
        self.0.traverse(visit);
    }
}

/// XML parser
#[pyclass(name = "xmlparser", module = "pyexpat", gc, no_new)]
#[repr(C)]
pub struct PyXmlParser {
    ob_base: PyObject,
    /// Names, each mapped to itself, so that equal ones are the same object.
    #[pymember(readonly, object)]
    pub intern: OptRef<PyDict>,
    handlers: Handlers,
    parent: Parent,
    #[pytraverse(skip)]
    handle: Handle,
    #[pytraverse(skip)]
    expat: &'static Expat,
    /// Character data that is collected before its handler gets it; `None`: every piece is handed on.
    #[pytraverse(skip)]
    pub buffer: RefCell<Option<Vec<u8>>>,
    #[pytraverse(skip)]
    pub buffer_size: Cell<usize>,
    #[pytraverse(skip)]
    pub ordered_attributes: Cell<bool>,
    #[pytraverse(skip)]
    pub specified_attributes: Cell<bool>,
    #[pytraverse(skip)]
    namespace_prefixes: Cell<bool>,
    #[pytraverse(skip)]
    reparse_deferral: Cell<bool>,
    /// A handler is running.
    #[pytraverse(skip)]
    in_callback: Cell<bool>,
    /// `Parse` or `ParseFile` is running. The library cannot be entered twice.
    #[pytraverse(skip)]
    parsing: Cell<bool>,
    /// What a handler has raised.
    #[pytraverse(skip)]
    error: RefCell<Option<PyErr>>,
}

/// Clears a mark at the end of a call.
struct Marked<'a>(&'a Cell<bool>, bool);

impl<'a> Marked<'a> {
    fn new(mark: &'a Cell<bool>) -> Marked<'a> {
        Marked(mark, mark.replace(true))
    }
}

impl Drop for Marked<'_> {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

fn c_text(text: &str) -> PyResult<CString> {
    CString::new(text).map_err(|_| exc::value_error("embedded null character"))
}

fn pointer(text: &Option<CString>) -> Text {
    text.as_ref().map_or(core::ptr::null(), |text| text.as_ptr())
}

impl PyXmlParser {
    fn with_handle(expat: &'static Expat, handle: Handle, intern: Option<Ref<PyDict>>) -> PyResult<Ref<PyXmlParser>> {
        if handle.is_null() {
            return Err(exc::memory_error());
        }
        let this = new_exact(PyXmlParser {
            ob_base: PyObject::placeholder(),
            intern: OptRef::new(intern),
            handlers: Handlers([const { OptRef::NULL }; EVENTS.len()]),
            parent: Parent(OptRef::NULL),
            handle,
            expat,
            buffer: RefCell::new(None),
            buffer_size: Cell::new(BUFFER_SIZE),
            ordered_attributes: Cell::new(false),
            specified_attributes: Cell::new(false),
            namespace_prefixes: Cell::new(false),
            reparse_deferral: Cell::new(true),
            in_callback: Cell::new(false),
            parsing: Cell::new(false),
            error: RefCell::new(None),
        });
        let user = this.as_raw().cast();
        // SAFETY: the handle is a live parser; the object is alive whenever the library calls back.
        unsafe {
            (expat.set_user_data)(handle, user);
            (expat.on_unknown_encoding)(handle, Some(handlers::unknown_encoding), user);
        }
        Ok(this)
    }

    /// `ParserCreate`.
    pub fn create(
        expat: &'static Expat,
        encoding: Option<&str>,
        separator: Option<&str>,
        intern: Option<Ref<PyDict>>,
    ) -> PyResult<Ref<PyXmlParser>> {
        let encoding = encoding.map(c_text).transpose()?;
        let separator = separator.map(c_text).transpose()?;
        // SAFETY: NUL-terminated texts or null.
        let handle = unsafe { (expat.create)(pointer(&encoding), core::ptr::null(), pointer(&separator)) };
        PyXmlParser::with_handle(expat, handle, intern)
    }

    /// The handler of an event.
    pub fn handler(&self, event: Event) -> Option<ObjRef> {
        self.handlers.0[event as usize].get()
    }

    /// Has a handler raised something?
    pub fn failed(&self) -> bool {
        self.error.borrow().is_some()
    }

    /// Keeps an exception for `Parse` to raise, and sees to it that no handler is called any more.
    pub fn fail(&self, error: PyErr) {
        // Letting go of an exception may run code: not while the place for it is borrowed.
        if !self.failed() {
            *self.error.borrow_mut() = Some(error);
        }
        for &event in EVENTS {
            install(self.expat, self.handle, event, false);
            self.handlers.0[event as usize].set(None);
        }
        // SAFETY: a live parser.
        unsafe { (self.expat.on_external_entity)(self.handle, Some(handlers::refuse_external_entity)) };
    }

    /// Runs a handler.
    pub fn in_callback<T>(&self, handler: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
        let _mark = Marked::new(&self.in_callback);
        handler()
    }

    /// Number of texts in the array of attributes that stand in the document, not in its DTD.
    pub fn specified_attribute_count(&self) -> usize {
        // SAFETY: a live parser.
        unsafe { (self.expat.specified_attributes)(self.handle) }.max(0) as usize
    }

    /// Frees what the library handed over with an element declaration.
    ///
    /// # Safety
    /// `model` was handed over by this parser.
    pub unsafe fn free_content(&self, model: *mut Content) {
        // SAFETY: the caller's promise.
        unsafe { (self.expat.free_content)(self.handle, model) };
    }

    fn position(&self) -> (usize, usize) {
        // SAFETY: a live parser.
        unsafe { ((self.expat.line)(self.handle) as usize, (self.expat.column)(self.handle) as usize) }
    }

    fn error_code(&self) -> c_int {
        // SAFETY: a live parser.
        unsafe { (self.expat.error_code)(self.handle) }
    }

    /// The `ExpatError` for a code, at the parser's position.
    fn error(&self, code: c_int) -> PyErr {
        let (line, column) = self.position();
        let text = handlers::error_text(self.expat, code).unwrap_or_else(|| "unknown error".to_owned());
        expat_error(&format!("{text}: line {line}, column {column}"), code, line, column)
    }

    /// What `Parse` gives for the library's answer.
    fn result(&self, status: c_int) -> PyResult<c_int> {
        handlers::pending(self.error.take())?;
        if status == STATUS_ERROR {
            return Err(self.error(self.error_code()));
        }
        self.flush_text()?;
        Ok(status)
    }

    fn begin(&self) -> PyResult<Marked<'_>> {
        if self.parsing.get() {
            return Err(exc::runtime_error("the parser is already parsing"));
        }
        Ok(Marked::new(&self.parsing))
    }

    fn feed(&self, data: &[u8], last: bool) -> c_int {
        let mut rest = data;
        while rest.len() > MAX_CHUNK {
            let (chunk, more) = rest.split_at(MAX_CHUNK);
            // SAFETY: a live parser that is not parsing, and `len` bytes.
            if unsafe { (self.expat.parse)(self.handle, chunk.as_ptr().cast(), MAX_CHUNK as c_int, 0) } == STATUS_ERROR
            {
                return STATUS_ERROR;
            }
            rest = more;
        }
        // SAFETY: as above.
        unsafe { (self.expat.parse)(self.handle, rest.as_ptr().cast(), rest.len() as c_int, c_int::from(last)) }
    }

    fn set_handler(&self, event: Event, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(exc::runtime_error("Cannot delete attribute")) };
        if event == Event::CharacterData {
            self.flush_text()?;
        }
        let wanted = !rpy_vm::is_none(value);
        let old = self.handlers.0[event as usize].replace(wanted.then(|| value.new_ref()));
        if event == Event::CharacterData && !wanted && self.in_callback.get() {
            // The library may be in the middle of a run of text.
            // SAFETY: a live parser.
            unsafe { (self.expat.on_character_data)(self.handle, Some(handlers::ignore_character_data)) };
        } else {
            install(self.expat, self.handle, event, wanted);
        }
        drop(old);
        Ok(())
    }

    fn get_handler(&self, event: Event) -> ObjRef {
        self.handler(event).unwrap_or_else(rpy_vm::none)
    }

    /// What a protection's setter answers.
    fn protection(&self, done: c_uchar, factor: Option<f32>) -> PyResult<()> {
        if done != 0 {
            return Ok(());
        }
        let message = match factor {
            Some(factor) if factor.is_nan() || factor < 1.0 => "'max_factor' must be at least 1.0",
            _ => "parser must be a root parser",
        };
        Err(expat_error(message, INVALID_ARGUMENT, 0, 0))
    }
}

/// A text that may be None.
fn text_or_none<'a>(function: &str, argument: &str, object: Option<&'a PyObject>) -> PyResult<Option<&'a str>> {
    match object.filter(|object| !rpy_vm::is_none(object)) {
        None => Ok(None),
        Some(object) => match object.downcast_ref::<PyStr>() {
            Some(text) => text.as_utf8().map(Some),
            None => Err(exc::type_error(format!(
                "{function}() argument {argument} must be str or None, not {}",
                object.ty().name()
            ))),
        },
    }
}

fn missing(what: &str) -> PyErr {
    exc::not_implemented_error(format!("{what} is not supported by this version of the Expat library"))
}

macro_rules! parser_methods {
    ($($event:ident $getter:ident $setter:ident $name:tt;)*) => {
        #[pymethods]
        impl PyXmlParser {
            $(
                #[pygetset(name = $name)]
                fn $getter(&self) -> ObjRef {
                    self.get_handler(Event::$event)
                }
                #[pygetset(setter, name = $name)]
                fn $setter(&self, value: Option<&PyObject>) -> PyResult<()> {
                    self.set_handler(Event::$event, value)
                }
            )*

            /// Parse XML data.
            ///
            /// `isfinal' should be true at end of input.
            #[pymethod(name = "Parse", sig = "($self, data, isfinal=False, /)")]
            fn parse(&self, data: &PyObject, isfinal: bool) -> PyResult<c_int> {
                let _mark = self.begin()?;
                if let Some(text) = data.downcast_ref::<PyStr>() {
                    let text = text.as_utf8()?;
                    // SAFETY: a live parser and a NUL-terminated text. The answer is an error once parsing has begun,
                    // when the encoding is what it was at the first call.
                    unsafe { (self.expat.set_encoding)(self.handle, c"utf-8".as_ptr()) };
                    return self.result(self.feed(text.as_bytes(), isfinal));
                }
                let data = ArgBytes::from_object(data)?;
                self.result(self.feed(&data, isfinal))
            }

            /// Parse XML data from file-like object.
            #[pymethod(name = "ParseFile", sig = "($self, file, /)")]
            fn parse_file(&self, file: &PyObject) -> PyResult<c_int> {
                let _mark = self.begin()?;
                let Some(read) = protocol::getattr_opt(file, intern!("read"))? else {
                    return Err(exc::type_error("argument must have 'read' attribute"));
                };
                loop {
                    let data = call::call_one(&read, PyInt::from_usize(FILE_CHUNK).as_object())?;
                    let bytes = if let Some(bytes) = data.downcast_ref::<PyBytes>() {
                        bytes.as_bytes().to_vec()
                    } else if let Some(array) = data.downcast_ref::<PyByteArray>() {
                        array.as_bytes().to_vec()
                    } else {
                        let got = data.ty().full_name();
                        let message = format!("read() did not return a bytes object (type={got})");
                        return Err(exc::type_error(message));
                    };
                    if bytes.len() > FILE_CHUNK {
                        return Err(exc::value_error(format!(
                            "read() returned too much data: {FILE_CHUNK} bytes requested, {} returned",
                            bytes.len()
                        )));
                    }
                    let status = self.feed(&bytes, bytes.is_empty());
                    if self.failed() || status == STATUS_ERROR || bytes.is_empty() {
                        return self.result(status);
                    }
                }
            }

            /// Set the base URL for the parser.
            #[pymethod(name = "SetBase", sig = "($self, base, /)")]
            fn set_base(&self, base: &str) -> PyResult<()> {
                let base = c_text(base)?;
                // SAFETY: a live parser and a NUL-terminated text.
                match unsafe { (self.expat.set_base)(self.handle, base.as_ptr()) } {
                    STATUS_OK => Ok(()),
                    _ => Err(exc::memory_error()),
                }
            }

            /// Return base URL string for the parser.
            #[pymethod(name = "GetBase")]
            fn get_base(&self) -> PyResult<ObjRef> {
                // SAFETY: a live parser; its base is null or a text.
                unsafe { optional_string((self.expat.base)(self.handle)) }
            }

            /// Return the untranslated text of the input that caused the current event.
            ///
            /// If the event was generated by a large amount of text (such as a start tag
            /// for an element with many attributes), not all of the text may be available.
            #[pymethod(name = "GetInputContext")]
            fn get_input_context(&self) -> PyResult<ObjRef> {
                if !self.in_callback.get() {
                    return Ok(rpy_vm::none());
                }
                let (mut offset, mut size) = (0, 0);
                // SAFETY: a live parser in a callback; the library gives its buffer, which stays while nothing is parsed.
                unsafe {
                    let start = (self.expat.input_context)(self.handle, &mut offset, &mut size);
                    if start.is_null() {
                        return Ok(rpy_vm::none());
                    }
                    let context = core::slice::from_raw_parts(start as *const u8, size.max(0) as usize);
                    let context = context.get(offset.max(0) as usize..).unwrap_or_default();
                    Ok(PyBytes::try_new(context)?.into_obj())
                }
            }

            /// Create a parser for parsing an external entity based on the information passed to the ExternalEntityRefHandler.
            #[pymethod(name = "ExternalEntityParserCreate", sig = "($self, context, encoding=<unrepresentable>, /)")]
            fn external_entity_parser_create(
                &self,
                context: Option<&PyObject>,
                encoding: Option<&str>,
            ) -> PyResult<ObjRef> {
                let context = text_or_none("ExternalEntityParserCreate", "1", context)?.map(c_text).transpose()?;
                let encoding = encoding.map(c_text).transpose()?;
                // SAFETY: a live parser; NUL-terminated texts or null.
                let handle =
                    unsafe { (self.expat.create_external)(self.handle, pointer(&context), pointer(&encoding)) };
                let child = PyXmlParser::with_handle(self.expat, handle, self.intern.get())?;
                child.parent.0.set(Some(self.to_ref()));
                if self.buffer.borrow().is_some() {
                    *child.buffer.borrow_mut() = Some(Vec::new());
                }
                child.buffer_size.set(self.buffer_size.get());
                child.ordered_attributes.set(self.ordered_attributes.get());
                child.specified_attributes.set(self.specified_attributes.get());
                child.namespace_prefixes.set(self.namespace_prefixes.get());
                child.reparse_deferral.set(self.reparse_deferral.get());
                for &event in EVENTS {
                    if let Some(handler) = self.handler(event) {
                        child.set_handler(event, Some(&handler))?;
                    }
                }
                Ok(child.into_obj())
            }

            /// Controls parsing of parameter entities (including the external DTD subset).
            ///
            /// Possible flag values are XML_PARAM_ENTITY_PARSING_NEVER,
            /// XML_PARAM_ENTITY_PARSING_UNLESS_STANDALONE and
            /// XML_PARAM_ENTITY_PARSING_ALWAYS. Returns true if setting the flag
            /// was successful.
            #[pymethod(name = "SetParamEntityParsing", sig = "($self, flag, /)")]
            fn set_param_entity_parsing(&self, flag: i32) -> c_int {
                // SAFETY: a live parser.
                unsafe { (self.expat.set_param_entity_parsing)(self.handle, flag) }
            }

            /// Allows the application to provide an artificial external subset if one is not specified as part of the document instance.
            ///
            /// This readily allows the use of a 'default' document type controlled by the
            /// application, while still getting the advantage of providing document type
            /// information to the parser. 'flag' defaults to True if not provided.
            #[pymethod(name = "UseForeignDTD", sig = "($self, flag=True, /)")]
            fn use_foreign_dtd(&self, flag: bool) -> PyResult<()> {
                // SAFETY: a live parser.
                match unsafe { (self.expat.use_foreign_dtd)(self.handle, c_uchar::from(flag)) } {
                    0 => Ok(()),
                    code => Err(self.error(code)),
                }
            }

            /// Enable/Disable reparse deferral; enabled by default with Expat >=2.6.0.
            #[pymethod(name = "SetReparseDeferralEnabled", sig = "($self, enabled, /)")]
            fn set_reparse_deferral_enabled(&self, enabled: bool) {
                if let Some(set) = self.expat.set_reparse_deferral {
                    // SAFETY: a live parser.
                    unsafe { set(self.handle, c_uchar::from(enabled)) };
                    self.reparse_deferral.set(enabled);
                }
            }

            /// Retrieve reparse deferral enabled status; always returns false with Expat <2.6.0.
            #[pymethod(name = "GetReparseDeferralEnabled")]
            fn get_reparse_deferral_enabled(&self) -> bool {
                self.expat.set_reparse_deferral.is_some() && self.reparse_deferral.get()
            }

            /// Sets the number of output bytes needed to activate protection against billion laughs attacks.
            ///
            /// The number of output bytes includes amplification from entity expansion
            /// and reading DTD files.
            ///
            /// Parser objects usually have a protection activation threshold of 8 MiB,
            /// but the actual default value depends on the underlying Expat library.
            ///
            /// Activation thresholds below 4 MiB are known to break support for DITA 1.3
            /// payload and are hence not recommended.
            #[pymethod(name = "SetBillionLaughsAttackProtectionActivationThreshold", sig = "($self, threshold, /)")]
            fn set_amplification_threshold(&self, threshold: &PyObject) -> PyResult<()> {
                let threshold = unsigned(threshold)?;
                let Some(set) = self.expat.set_amplification_threshold else { return Err(missing("the protection")) };
                // SAFETY: a live parser.
                self.protection(unsafe { set(self.handle, threshold) }, None)
            }

            /// Sets the maximum tolerated amplification factor for protection against billion laughs attacks.
            ///
            /// The amplification factor is calculated as "(direct + indirect) / direct"
            /// while parsing, where "direct" is the number of bytes read from the primary
            /// document in parsing and "indirect" is the number of bytes added by expanding
            /// entities and reading external DTD files, combined.
            #[pymethod(name = "SetBillionLaughsAttackProtectionMaximumAmplification", sig = "($self, max_factor, /)")]
            fn set_amplification_factor(&self, max_factor: f32) -> PyResult<()> {
                let Some(set) = self.expat.set_amplification_factor else { return Err(missing("the protection")) };
                // SAFETY: a live parser.
                self.protection(unsafe { set(self.handle, max_factor) }, Some(max_factor))
            }

            #[pygetset(name = "ErrorCode")]
            fn get_error_code(&self) -> c_int {
                self.error_code()
            }
            #[pygetset(name = "ErrorLineNumber")]
            fn error_line(&self) -> usize {
                self.position().0
            }
            #[pygetset(name = "ErrorColumnNumber")]
            fn error_column(&self) -> usize {
                self.position().1
            }
            #[pygetset(name = "ErrorByteIndex")]
            fn error_byte_index(&self) -> i64 {
                self.current_byte_index()
            }
            #[pygetset(name = "CurrentLineNumber")]
            fn current_line(&self) -> usize {
                self.position().0
            }
            #[pygetset(name = "CurrentColumnNumber")]
            fn current_column(&self) -> usize {
                self.position().1
            }
            #[pygetset(name = "CurrentByteIndex")]
            fn current_byte_index(&self) -> i64 {
                // SAFETY: a live parser.
                unsafe { (self.expat.byte_index)(self.handle) }
            }

            #[pygetset]
            fn buffer_text(&self) -> bool {
                self.buffer.borrow().is_some()
            }
            #[pygetset(setter)]
            fn set_buffer_text(&self, value: Option<&PyObject>) -> PyResult<()> {
                let wanted = flag(value)?;
                if wanted == self.buffer_text() {
                    return Ok(());
                }
                if !wanted {
                    self.flush_text()?;
                }
                *self.buffer.borrow_mut() = wanted.then(Vec::new);
                Ok(())
            }
            #[pygetset]
            fn buffer_used(&self) -> usize {
                self.buffer.borrow().as_ref().map_or(0, Vec::len)
            }
            #[pygetset]
            fn buffer_size(&self) -> usize {
                self.buffer_size.get()
            }
            #[pygetset(setter)]
            fn set_buffer_size(&self, value: Option<&PyObject>) -> PyResult<()> {
                let Some(value) = value else { return Err(exc::runtime_error("Cannot delete attribute")) };
                if !PyInt::check(value) {
                    return Err(exc::type_error("buffer_size must be an integer"));
                }
                let size = number::as_isize(value, Some(exc::OverflowError()))?;
                if size <= 0 {
                    return Err(exc::value_error("buffer_size must be greater than zero"));
                }
                if size > c_int::MAX as isize {
                    return Err(exc::value_error(format!("buffer_size must not be greater than {}", c_int::MAX)));
                }
                if size as usize != self.buffer_size.get() {
                    self.flush_text()?;
                    self.buffer_size.set(size as usize);
                }
                Ok(())
            }
            #[pygetset]
            fn namespace_prefixes(&self) -> bool {
                self.namespace_prefixes.get()
            }
            #[pygetset(setter)]
            fn set_namespace_prefixes(&self, value: Option<&PyObject>) -> PyResult<()> {
                let wanted = flag(value)?;
                self.namespace_prefixes.set(wanted);
                // SAFETY: a live parser.
                unsafe { (self.expat.set_triplets)(self.handle, c_int::from(wanted)) };
                Ok(())
            }
            #[pygetset]
            fn ordered_attributes(&self) -> bool {
                self.ordered_attributes.get()
            }
            #[pygetset(setter)]
            fn set_ordered_attributes(&self, value: Option<&PyObject>) -> PyResult<()> {
                self.ordered_attributes.set(flag(value)?);
                Ok(())
            }
            #[pygetset]
            fn specified_attributes(&self) -> bool {
                self.specified_attributes.get()
            }
            #[pygetset(setter)]
            fn set_specified_attributes(&self, value: Option<&PyObject>) -> PyResult<()> {
                self.specified_attributes.set(flag(value)?);
                Ok(())
            }
        }
    };
}

parser_methods! {
    StartElement start_element set_start_element "StartElementHandler";
    EndElement end_element set_end_element "EndElementHandler";
    ProcessingInstruction instruction set_instruction "ProcessingInstructionHandler";
    CharacterData character_data set_character_data "CharacterDataHandler";
    UnparsedEntityDecl unparsed_entity set_unparsed_entity "UnparsedEntityDeclHandler";
    NotationDecl notation set_notation "NotationDeclHandler";
    StartNamespaceDecl start_namespace set_start_namespace "StartNamespaceDeclHandler";
    EndNamespaceDecl end_namespace set_end_namespace "EndNamespaceDeclHandler";
    Comment comment set_comment "CommentHandler";
    StartCdataSection start_cdata set_start_cdata "StartCdataSectionHandler";
    EndCdataSection end_cdata set_end_cdata "EndCdataSectionHandler";
    Default default_handler set_default_handler "DefaultHandler";
    DefaultExpand default_expand set_default_expand "DefaultHandlerExpand";
    NotStandalone not_standalone set_not_standalone "NotStandaloneHandler";
    ExternalEntityRef external_entity set_external_entity "ExternalEntityRefHandler";
    StartDoctypeDecl start_doctype set_start_doctype "StartDoctypeDeclHandler";
    EndDoctypeDecl end_doctype set_end_doctype "EndDoctypeDeclHandler";
    EntityDecl entity set_entity "EntityDeclHandler";
    XmlDecl declaration set_declaration "XmlDeclHandler";
    ElementDecl element_declaration set_element_declaration "ElementDeclHandler";
    AttlistDecl attlist set_attlist "AttlistDeclHandler";
    SkippedEntity skipped_entity set_skipped_entity "SkippedEntityHandler";
}

impl Drop for PyXmlParser {
    fn drop(&mut self) {
        // SAFETY: the parser is not used any more; parsers made from it keep it alive.
        unsafe { (self.expat.free)(self.handle) };
    }
}

fn flag(value: Option<&PyObject>) -> PyResult<bool> {
    match value {
        Some(value) => protocol::is_true(value),
        None => Err(exc::runtime_error("Cannot delete attribute")),
    }
}

/// An `unsigned long long`.
fn unsigned(value: &PyObject) -> PyResult<c_ulonglong> {
    let number = number::index(value)?;
    match number.as_u64() {
        Some(number) => Ok(number),
        None if number.is_negative() => Err(exc::value_error("Cannot convert negative int")),
        None => Err(exc::overflow_error("Python int too large to convert to C unsigned long long")),
    }
}

/// An argument of `ParserCreate` that may be None.
pub fn argument_text<'a>(argument: &str, object: Option<&'a PyObject>) -> PyResult<Option<&'a str>> {
    text_or_none("ParserCreate", &format!("'{argument}'"), object)
}
