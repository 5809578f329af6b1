//! Struct sequences: tuples whose items have names (`sys.version_info`, `time.struct_time`, `os.stat_result`).
//!
//! An instance is a tuple of the visible fields, with the hidden ones behind them in the same row of items:
//!
//! ```text
//! 32  visible fields   ob_size of them
//!     hidden fields    n_fields - ob_size; reached by name only
//! ```
//!
//! Types are described by constant tables ([`StructSeqDesc`]) and made when first needed ([`StructSeqType`]).

use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int, c_void};

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::alloc_var;
use crate::object::defs::{PyMemberDef, PyMethodDef, member, meth};
use crate::object::slots::visitproc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, PyVarObject, Ref, flags};
use crate::protocol::object as po;
use crate::runtime::gc;
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::{PyTuple, PyTuple_Type};

/// One field: a name (`None`: reachable by index only) and a doc string.
#[derive(Clone, Copy)]
pub struct StructSeqField {
    pub name: Option<&'static CStr>,
    pub doc: Option<&'static CStr>,
}

/// A field with a name and a doc string, for tables.
pub const fn field(name: &'static CStr, doc: &'static CStr) -> StructSeqField {
    // An empty name stands for none in tables.
    StructSeqField { name: if name.is_empty() { None } else { Some(name) }, doc: Some(doc) }
}

/// A field without a name.
pub const UNNAMED: StructSeqField = StructSeqField { name: None, doc: None };

/// What a type is made from.
pub struct StructSeqDesc {
    /// `module.name`.
    pub name: &'static CStr,
    pub doc: Option<&'static CStr>,
    pub fields: &'static [StructSeqField],
    /// How many fields belong to the visible tuple.
    pub n_in_sequence: usize,
    /// May Python code make instances?
    pub instantiable: bool,
}

/// A type description with its type, made at first use.
pub struct StructSeqType {
    desc: StructSeqDesc,
    ty: Cell<*const TypeBlock>,
}
// SAFETY: filled in under the GIL.
unsafe impl Sync for StructSeqType {}

impl StructSeqType {
    pub const fn new(desc: StructSeqDesc) -> StructSeqType {
        StructSeqType { desc, ty: Cell::new(core::ptr::null()) }
    }

    /// The type object.
    ///
    /// # Errors
    /// `MemoryError` at first use.
    pub fn get(&self) -> PyResult<&'static PyTypeObject> {
        // SAFETY: null or a leaked block.
        if let Some(block) = unsafe { self.ty.get().as_ref() } {
            return Ok(&block.ty);
        }
        let d = &self.desc;
        let block = make_type(d.name, d.doc, d.fields.to_vec(), d.n_in_sequence, d.instantiable)?;
        self.ty.set(block);
        Ok(&block.ty)
    }

    /// An instance from the values of all fields, hidden ones included.
    pub fn build(&self, values: Vec<ObjRef>) -> PyResult<ObjRef> {
        instance(self.get()?, values)
    }
}

/// A struct sequence type with what its functions need to know; never freed.
#[repr(C)]
struct TypeBlock {
    ty: PyTypeObject,
    fields: Vec<StructSeqField>,
    n_visible: usize,
    n_unnamed: usize,
}

static METHODS: [PyMethodDef; 3] = [
    PyMethodDef {
        ml_name: c"__reduce__".as_ptr(),
        ml_meth: reduce as *const c_void,
        ml_flags: meth::NOARGS,
        ml_doc: Cell::new(core::ptr::null()),
    },
    PyMethodDef {
        ml_name: c"__replace__".as_ptr(),
        ml_meth: replace as *const c_void,
        ml_flags: meth::FASTCALL | meth::KEYWORDS,
        ml_doc: Cell::new(
            c"__replace__($self, /, **changes)\n--\n\nReturn a copy of the structure with new values for the specified fields."
                .as_ptr(),
        ),
    },
    PyMethodDef::END,
];

/// Makes a type at run time (also behind `PyStructSequence_NewType`). `name` and the fields' texts must live for ever.
///
/// # Errors
/// What readying the type raises.
pub fn new_type(
    name: &'static CStr,
    doc: Option<&'static CStr>,
    fields: Vec<StructSeqField>,
    n_visible: usize,
) -> PyResult<&'static PyTypeObject> {
    Ok(&make_type(name, doc, fields, n_visible, true)?.ty)
}

fn make_type(
    name: &'static CStr,
    doc: Option<&'static CStr>,
    fields: Vec<StructSeqField>,
    n_visible: usize,
    instantiable: bool,
) -> PyResult<&'static TypeBlock> {
    let hidden = fields.len() - n_visible;
    let mut members: Vec<PyMemberDef> = fields
        .iter()
        .enumerate()
        .filter_map(|(i, f)| {
            Some(PyMemberDef {
                name: f.name?.as_ptr(),
                type_code: member::OBJECT,
                offset: (size_of::<PyTuple>() + i * size_of::<*mut PyObject>()) as isize,
                flags: member::READONLY,
                doc: Cell::new(f.doc.map_or(core::ptr::null(), CStr::as_ptr)),
            })
        })
        .collect();
    members.push(PyMemberDef::END);
    let n_unnamed = fields.iter().filter(|f| f.name.is_none()).count();
    let mut type_flags = flags::HAVE_GC | flags::TUPLE_SUBCLASS | flags::SEQUENCE;
    // Those of `sys` are part of the interpreter; modules make theirs at run time, and let programs change them.
    if name.to_bytes().starts_with(b"sys.") {
        type_flags |= flags::STATIC_BUILTIN | flags::IMMUTABLETYPE;
    }
    if !instantiable {
        type_flags |= flags::DISALLOW_INSTANTIATION;
    }
    let block: &'static TypeBlock = Box::leak(Box::new(TypeBlock {
        ty: PyTypeObject {
            tp_name: Cell::new(name.as_ptr()),
            tp_basicsize: Cell::new((size_of::<PyTuple>() + hidden * size_of::<*mut PyObject>()) as isize),
            tp_itemsize: Cell::new(size_of::<*mut PyObject>() as isize),
            tp_dealloc: Cell::new(Some(dealloc)),
            tp_repr: Cell::new(Some(repr)),
            tp_flags: Cell::new(type_flags),
            tp_doc: Cell::new(doc.map_or(core::ptr::null(), CStr::as_ptr)),
            tp_traverse: Cell::new(Some(traverse)),
            tp_methods: Cell::new(METHODS.as_ptr()),
            tp_members: Cell::new(Vec::leak(members).as_ptr()),
            tp_base: Cell::new(&raw const PyTuple_Type),
            tp_new: Cell::new(if instantiable { Some(new) } else { None }),
            ..PyTypeObject::EMPTY
        },
        n_visible,
        n_unnamed,
        fields,
    }));
    crate::types::type_::type_ready(&block.ty)?;
    if type_flags & flags::IMMUTABLETYPE == 0 {
        crate::types::type_::ready::clear_flags(&block.ty, flags::IMMUTABLETYPE);
    }
    if let Some(dict) = block.ty.tp_dict.peek() {
        let count = |n: usize| PyInt::from_usize(n).into_obj();
        dict.set_name("n_sequence_fields", count(n_visible));
        dict.set_name("n_fields", count(block.fields.len()));
        dict.set_name("n_unnamed_fields", count(n_unnamed));
        let names = block.fields[..n_visible].iter().filter_map(|f| f.name).map(|n| name_str(n).into_obj());
        dict.set_name("__match_args__", PyTuple::new(names.collect()).into_obj());
    }
    Ok(block)
}

fn name_str(name: &CStr) -> Ref<PyStr> {
    PyStr::intern(PyStr::new(&name.to_string_lossy()))
}

/// The description of a struct sequence type or a class derived from one.
fn block_of(ty: &PyTypeObject) -> &TypeBlock {
    let mut ty = ty;
    loop {
        if ty.tp_methods.get() == METHODS.as_ptr() {
            // SAFETY: only types inside a TypeBlock carry this method table.
            return unsafe { &*(ty as *const PyTypeObject as *const TypeBlock) };
        }
        match ty.base() {
            Some(base) => ty = base,
            None => unreachable!("called for struct sequence types only"),
        }
    }
}

/// The address of field `i`, visible or hidden.
fn slot(object: &PyObject, i: usize) -> &OptRef {
    // SAFETY: instances have room for all fields behind the tuple's header; the slots hold owned pointers.
    unsafe { &*((object.as_ptr() as *const u8).add(size_of::<PyTuple>()) as *const OptRef).add(i) }
}

/// An instance of `cls` from the values of all fields; missing ones at the end become None.
pub fn instance(cls: &PyTypeObject, values: Vec<ObjRef>) -> PyResult<ObjRef> {
    let block = block_of(cls);
    let object = alloc_var(cls, block.n_visible)?;
    // SAFETY: fresh, zeroed memory of the type's size.
    unsafe {
        (*(object as *mut PyVarObject)).ob_size.set(block.n_visible as isize);
        (*(object as *mut PyTuple)).ob_hash.set(-1);
        let mut values = values.into_iter();
        for i in 0..block.fields.len() {
            slot(&*object, i).set(Some(values.next().unwrap_or_else(crate::none)));
        }
        gc::track(&*object);
        Ok(Ref::from_owned_ptr(object))
    }
}

unsafe extern "C-unwind" fn dealloc(object: *mut PyObject) {
    // SAFETY: a dead instance; its type is read before the fields go.
    unsafe {
        gc::untrack(&*object);
        let count = block_of((*object).ty()).fields.len();
        for i in 0..count {
            slot(&*object, i).take();
        }
        crate::object::dealloc::free_instance(object);
    }
}

unsafe extern "C-unwind" fn traverse(object: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
    // SAFETY: a live instance.
    unsafe {
        for i in 0..block_of((*object).ty()).fields.len() {
            let item = slot(&*object, i).as_raw();
            if !item.is_null() {
                let result = visit(item, arg);
                if result != 0 {
                    return result;
                }
            }
        }
    }
    0
}

unsafe extern "C-unwind" fn repr(object: *mut PyObject) -> *mut PyObject {
    // SAFETY: a live instance.
    match repr_of(unsafe { &*object }) {
        Ok(text) => text.into_raw() as *mut PyObject,
        Err(e) => e.restore_null(),
    }
}

fn repr_of(object: &PyObject) -> PyResult<Ref<PyStr>> {
    let block = block_of(object.ty());
    let mut out = StrBuilder::new();
    out.push_str(block.ty.full_name());
    out.push_str("(");
    for (i, f) in block.fields[..block.n_visible].iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        if let Some(name) = f.name {
            out.push_str(&name.to_string_lossy());
            out.push_str("=");
        }
        let value = slot(object, i).get().unwrap_or_else(crate::none);
        out.push_py(&*po::repr(&value)?);
    }
    out.push_str(")");
    Ok(out.finish())
}

unsafe extern "C-unwind" fn new(cls: *mut PyTypeObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: slot contract: a type, a tuple, a dict or null.
    let (cls, args, kwargs) = unsafe { (&*cls, &*(args as *const PyTuple), (kwargs as *const PyDict).as_ref()) };
    match new_from(cls, args, kwargs) {
        Ok(object) => object.into_raw(),
        Err(e) => e.restore_null(),
    }
}

fn new_from(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
    let given = args.len() + kwargs.map_or(0, |k| k.len());
    if given > 2 {
        return Err(exc::type_error(format!("structseq() takes at most 2 arguments ({given} given)")));
    }
    let named = |name: &str| kwargs.and_then(|k| k.get_name(name));
    let sequence = args.get(0).map(|a| a.new_ref()).or_else(|| named("sequence"));
    let dict = args.get(1).map(|a| a.new_ref()).or_else(|| named("dict"));
    let Some(sequence) = sequence else {
        return Err(exc::type_error("structseq() missing required argument 'sequence' (pos 1)"));
    };
    if let Some(kwargs) = kwargs {
        let mut pos = 0;
        while let Some((key, _)) = kwargs.iter_index(&mut pos) {
            if let Some(key) = key.downcast_ref::<PyStr>()
                && !key.eq_str("sequence")
                && !key.eq_str("dict")
            {
                return Err(exc::type_error(format!(
                    "structseq() got an unexpected keyword argument '{}'",
                    key.to_string_lossy()
                )));
            }
        }
    }
    let block = block_of(cls);
    let name = block.ty.full_name();
    let values = match crate::protocol::sequence::fast(&sequence) {
        Ok(values) => values,
        Err(e) if e.matches(exc::TypeError()) => return Err(exc::type_error("constructor requires a sequence")),
        Err(e) => return Err(e),
    };
    let dict = match &dict {
        None => None,
        Some(dict) => match dict.downcast_ref::<PyDict>() {
            Some(dict) => Some(dict),
            None => return Err(exc::type_error(format!("{name}() takes a dict as second arg, if any"))),
        },
    };
    let (len, min, max) = (values.len(), block.n_visible, block.fields.len());
    if min != max && len < min {
        return Err(exc::type_error(format!("{name}() takes an at least {min}-sequence ({len}-sequence given)")));
    }
    if min != max && len > max {
        return Err(exc::type_error(format!("{name}() takes an at most {max}-sequence ({len}-sequence given)")));
    }
    if min == max && len != min {
        return Err(exc::type_error(format!("{name}() takes a {min}-sequence ({len}-sequence given)")));
    }
    let mut values = values;
    let mut found = 0;
    for f in &block.fields[len..] {
        let value = match (dict, f.name) {
            (Some(dict), Some(field_name)) => dict.get_item(name_str(field_name).as_object())?,
            _ => None,
        };
        found += usize::from(value.is_some());
        values.push(value.unwrap_or_else(crate::none));
    }
    if let Some(dict) = dict
        && dict.len() > found
    {
        return Err(exc::type_error(format!("{name}() got duplicate or unexpected field name(s)")));
    }
    instance(cls, values)
}

unsafe extern "C-unwind" fn reduce(object: *mut PyObject, _: *mut PyObject) -> *mut PyObject {
    // SAFETY: a live instance.
    match reduce_of(unsafe { &*object }) {
        Ok(result) => result.into_raw(),
        Err(e) => e.restore_null(),
    }
}

fn reduce_of(object: &PyObject) -> PyResult<ObjRef> {
    let block = block_of(object.ty());
    let value = |i: usize| slot(object, i).get().unwrap_or_else(crate::none);
    let dict = PyDict::new();
    for (i, f) in block.fields.iter().enumerate().skip(block.n_visible) {
        if let Some(name) = f.name {
            dict.set_str(&name_str(name), &value(i))?;
        }
    }
    let visible = PyTuple::new((0..block.n_visible).map(value).collect());
    let state = PyTuple::new(vec![visible.into_obj(), dict.into_obj()]);
    Ok(PyTuple::new(vec![object.ty().to_obj(), state.into_obj()]).into_obj())
}

unsafe extern "C-unwind" fn replace(
    object: *mut PyObject,
    args: *const *mut PyObject,
    nargs: isize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: METH_FASTCALL|METH_KEYWORDS contract: positional values then those of the keywords.
    let result = unsafe {
        let kwnames = (kwnames as *const PyTuple).as_ref();
        let values: Vec<ObjRef> =
            (0..kwnames.map_or(0, |k| k.len())).map(|i| (**args.add(nargs as usize + i)).new_ref()).collect();
        replace_in(&*object, nargs, kwnames, &values)
    };
    match result {
        Ok(object) => object.into_raw(),
        Err(e) => e.restore_null(),
    }
}

fn replace_in(object: &PyObject, nargs: isize, kwnames: Option<&PyTuple>, values: &[ObjRef]) -> PyResult<ObjRef> {
    if nargs > 0 {
        return Err(exc::type_error("__replace__() takes no positional arguments"));
    }
    let block = block_of(object.ty());
    if block.n_unnamed > 0 {
        return Err(exc::type_error(format!(
            "__replace__() is not supported for {} because it has unnamed field(s)",
            block.ty.full_name()
        )));
    }
    let mut fields: Vec<ObjRef> =
        (0..block.fields.len()).map(|i| slot(object, i).get().unwrap_or_else(crate::none)).collect();
    let mut unexpected = Vec::new();
    for (name, value) in kwnames.map_or(&[][..], |k| k.items()).iter().zip(values) {
        let position = name.downcast_ref::<PyStr>().and_then(|name| {
            block.fields.iter().position(|f| f.name.is_some_and(|n| name.eq_str(&n.to_string_lossy())))
        });
        match position {
            Some(i) => fields[i] = value.clone(),
            None => unexpected.push(name.new_ref()),
        }
    }
    if !unexpected.is_empty() {
        let names = po::repr(PyList::new(unexpected).as_object())?;
        return Err(exc::type_error(format!("Got unexpected field name(s): {}", names.to_string_lossy())));
    }
    instance(object.ty(), fields)
}

/// Sets one field of an instance that nobody else has seen (`PyStructSequence_SetItem`).
///
/// # Safety
/// `object` is an instance of a struct sequence type and `index` one of its fields.
pub unsafe fn set_field(object: &PyObject, index: usize, value: ObjRef) {
    slot(object, index).set(Some(value));
}

/// A field of an instance by index, hidden ones included (`PyStructSequence_GetItem`).
///
/// # Safety
/// As for [`set_field`].
pub unsafe fn get_field(object: &PyObject, index: usize) -> Option<ObjRef> {
    slot(object, index).get()
}

/// The number of fields of a struct sequence type, hidden ones included.
pub fn field_count(ty: &PyTypeObject) -> usize {
    block_of(ty).fields.len()
}

/// A `*const c_char` that lives for ever, from the C API's descriptions.
///
/// # Safety
/// `text` is null or NUL-terminated.
pub unsafe fn leak_c_str(text: *const c_char) -> Option<&'static CStr> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let owned = unsafe { CStr::from_ptr(text) }.to_owned();
    Some(Box::leak(owned.into_boxed_c_str()))
}

/// A static struct sequence type: `structseq! { pub static FLOAT_INFO = c"sys.float_info", doc, n_in_sequence, [ (name, doc), … ] }`.
#[macro_export]
macro_rules! structseq {
    ($(#[$meta:meta])* $vis:vis static $static:ident = $name:literal, $doc:expr, $visible:expr, $instantiable:expr,
        [ $( ($field:literal, $field_doc:literal) ),* $(,)? ]) => {
        $(#[$meta])*
        $vis static $static: $crate::types::structseq::StructSeqType =
            $crate::types::structseq::StructSeqType::new($crate::types::structseq::StructSeqDesc {
                name: $name,
                doc: $doc,
                fields: &[ $( $crate::types::structseq::field($field, $field_doc) ),* ],
                n_in_sequence: $visible,
                instantiable: $instantiable,
            });
    };
}
