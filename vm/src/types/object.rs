//! `object`: the base of all types.

use core::cell::Cell;
use core::ffi::{CStr, c_int, c_void};

use self::reduce::{object_getstate, object_reduce, object_reduce_ex};
use super::type_::attrs::{merge_class_dict, method};
use super::type_::glue::{arg, dict_arg, opt_arg, ret, ret_unit, tuple_arg, type_arg};
use super::type_::layout::check_compatible;
use super::type_::{attrs, ready, slotdefs, type_modified};
use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::{generic_alloc, generic_free};
use crate::object::defs::meth;
use crate::object::{
    CompareOp, ObjRef, PyClass, PyGetSetDef, PyMethodDef, PyObject, PyStruct, PyTypeObject, flags, shape,
};
use crate::protocol;
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::module::PyModule;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

pub mod reduce;

/// `object`.
#[unsafe(export_name = "PyBaseObject_Type")]
pub static PyBaseObject_Type: PyTypeObject = PyTypeObject {
    tp_name: Cell::new(c"object".as_ptr()),
    tp_basicsize: Cell::new(size_of::<PyObject>() as isize),
    tp_dealloc: Cell::new(Some(object_dealloc)),
    tp_repr: Cell::new(Some(object_repr)),
    tp_hash: Cell::new(Some(object_hash)),
    tp_str: Cell::new(Some(object_str)),
    tp_getattro: Cell::new(Some(protocol::object::generic_getattr_slot)),
    tp_setattro: Cell::new(Some(protocol::object::generic_setattr_slot)),
    tp_flags: Cell::new(flags::BASETYPE | flags::IMMUTABLETYPE),
    tp_doc: Cell::new(
        c"object()\n--\n\nThe base class of the class hierarchy.\n\nWhen called, it accepts no arguments and returns a new featureless\ninstance that has no instance attributes and cannot be given any.\n"
            .as_ptr(),
    ),
    tp_richcompare: Cell::new(Some(object_richcompare)),
    tp_methods: Cell::new(METHODS.as_ptr()),
    tp_getset: Cell::new(GETSETS.as_ptr()),
    tp_init: Cell::new(Some(object_init)),
    tp_alloc: Cell::new(Some(generic_alloc)),
    tp_new: Cell::new(Some(object_new)),
    tp_free: Cell::new(Some(generic_free)),
    ..PyTypeObject::EMPTY
};

static GETSETS: [PyGetSetDef; 2] = [
    PyGetSetDef {
        name: c"__class__".as_ptr(),
        get: Some(get_class),
        set: Some(set_class),
        doc: Cell::new(c"the object's class".as_ptr()),
        closure: core::ptr::null_mut(),
    },
    PyGetSetDef::END,
];

static METHODS: [PyMethodDef; 9] = [
    method(
        c"__reduce_ex__",
        object_reduce_ex as *const c_void,
        meth::O,
        c"__reduce_ex__($self, protocol, /)\n--\n\nHelper for pickle.",
    ),
    method(c"__reduce__", object_reduce as *const c_void, meth::NOARGS, HELPER_REDUCE),
    method(c"__getstate__", object_getstate as *const c_void, meth::NOARGS, HELPER_GETSTATE),
    method(
        c"__subclasshook__",
        object_subclasshook as *const c_void,
        meth::CLASS | meth::O,
        c"__subclasshook__($type, object, /)\n--\n\nAbstract classes can override this to customize issubclass().\n\nThis is invoked early on by abc.ABCMeta.__subclasscheck__().\nIt should return True, False or NotImplemented.  If it returns\nNotImplemented, the normal algorithm is used.  Otherwise, it\noverrides the normal algorithm (and the outcome is cached).\n",
    ),
    method(
        c"__init_subclass__",
        object_init_subclass as *const c_void,
        meth::CLASS | meth::NOARGS,
        c"__init_subclass__($type, /)\n--\n\nThis method is called when a class is subclassed.\n\nThe default implementation does nothing. It may be\noverridden to extend subclasses.\n",
    ),
    method(
        c"__format__",
        object_format as *const c_void,
        meth::O,
        c"__format__($self, format_spec, /)\n--\n\nDefault object formatter.\n\nReturn str(self) if format_spec is empty. Raise TypeError otherwise.",
    ),
    method(
        c"__sizeof__",
        object_sizeof as *const c_void,
        meth::NOARGS,
        c"__sizeof__($self, /)\n--\n\nSize of object in memory, in bytes.",
    ),
    method(
        c"__dir__",
        object_dir as *const c_void,
        meth::NOARGS,
        c"__dir__($self, /)\n--\n\nDefault dir() implementation.",
    ),
    PyMethodDef::END,
];

const HELPER_REDUCE: &CStr = c"__reduce__($self, /)\n--\n\nHelper for pickle.";
const HELPER_GETSTATE: &CStr = c"__getstate__($self, /)\n--\n\nHelper for pickle.";

unsafe extern "C-unwind" fn object_dealloc(this: *mut PyObject) {
    // SAFETY: the object is dead, and there is nothing in it.
    unsafe { crate::object::dealloc::free_instance(this) };
}

/// Were arguments given that nobody takes?
fn has_arguments(args: &PyTuple, kwargs: Option<&PyDict>) -> bool {
    args.len() != 0 || kwargs.is_some_and(|k| k.len() != 0)
}

fn is_slot<T>(slot: Option<T>, f: usize, address: impl Fn(T) -> usize) -> bool {
    slot.is_some_and(|s| address(s) == f)
}

fn has_object_new(ty: &PyTypeObject) -> bool {
    is_slot(ty.tp_new.get(), object_new as *const () as usize, |f| f as usize)
}

fn has_object_init(ty: &PyTypeObject) -> bool {
    is_slot(ty.tp_init.get(), object_init as *const () as usize, |f| f as usize)
}

/// `object.__init__`. Surplus arguments are an error unless `__new__` is overridden (which then took them) and
/// `__init__` is not.
pub(crate) unsafe extern "C-unwind" fn object_init(
    this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> c_int {
    // SAFETY: C passes a live object, a tuple, and a dict or NULL.
    let (this, args, kwargs) = unsafe { (arg(this), tuple_arg(args), dict_arg(kwargs)) };
    if has_arguments(args, kwargs) {
        let ty = this.ty();
        if !has_object_init(ty) {
            return exc::type_error("object.__init__() takes exactly one argument (the instance to initialize)")
                .restore_int();
        }
        if has_object_new(ty) {
            return exc::type_error(format!(
                "{}.__init__() takes exactly one argument (the instance to initialize)",
                ty.full_name()
            ))
            .restore_int();
        }
    }
    0
}

/// `object.__new__`. Surplus arguments are an error unless `__init__` is overridden and `__new__` is not.
pub(crate) unsafe extern "C-unwind" fn object_new(
    ty: *mut PyTypeObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes a live type, a tuple, and a dict or NULL.
    let (ty, args, kwargs) = unsafe { (type_arg(ty as *mut PyObject), tuple_arg(args), dict_arg(kwargs)) };
    ret(new_instance(ty, args, kwargs))
}

fn new_instance(ty: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
    if has_arguments(args, kwargs) {
        if !has_object_new(ty) {
            return Err(exc::type_error("object.__new__() takes exactly one argument (the type to instantiate)"));
        }
        if has_object_init(ty) {
            return Err(exc::type_error(format!("{}() takes no arguments", ty.full_name())));
        }
    }
    if ty.has_flag(flags::IS_ABSTRACT) {
        return Err(abstract_class(ty)?);
    }
    let alloc = ty.tp_alloc.get().unwrap_or(generic_alloc);
    // SAFETY: calling the slot as C would.
    unsafe { ObjRef::from_c_result(alloc(ty as *const PyTypeObject as *mut PyTypeObject, 0)) }
}

#[cold]
fn abstract_class(ty: &PyTypeObject) -> PyResult<crate::PyErr> {
    let methods = protocol::object::getattr(ty.as_object(), crate::intern!("__abstractmethods__"))?;
    let methods = protocol::sequence::to_list(&methods)?;
    methods.sort(None, false)?;
    let mut names = Vec::new();
    for name in methods.items_snapshot() {
        names.push(match name.downcast_ref::<PyStr>() {
            Some(name) => name.to_string_lossy().into_owned(),
            None => {
                return Err(exc::type_error(format!(
                    "sequence item 0: expected str instance, {} found",
                    name.ty().full_name()
                )));
            }
        });
    }
    Ok(exc::type_error(format!(
        "Can't instantiate abstract class {} without an implementation for abstract method{} '{}'",
        ty.full_name(),
        if names.len() > 1 { "s" } else { "" },
        names.join("', '")
    )))
}

unsafe extern "C-unwind" fn object_repr(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    ret(default_repr(this))
}

/// `<module.Class object at 0x...>`.
pub(crate) fn default_repr(this: &PyObject) -> PyResult {
    let ty = this.ty();
    let module = attrs::module_of(ty).ok().and_then(|m| m.downcast::<PyStr>().ok());
    let qualname = attrs::qualname_of(ty)?;
    let address = format!(" object at {:p}>", this.as_ptr());
    let text = match module.filter(|m| !m.eq_str("builtins")) {
        Some(module) => {
            PyStr::concat_many(&[&PyStr::new("<"), &module, &PyStr::new("."), &qualname, &PyStr::new(&address)])?
        }
        None => PyStr::from_string(format!("<{}{address}", ty.full_name())),
    };
    Ok(text.into_obj())
}

/// `str(x)` is `repr(x)` unless a type says otherwise.
unsafe extern "C-unwind" fn object_str(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    match this.ty().tp_repr.get() {
        // SAFETY: calling the slot as C would.
        Some(repr) => unsafe { repr(this.as_ptr()) },
        None => ret(default_repr(this)),
    }
}

/// The hash of an address (`_Py_HashPointer`).
pub(crate) unsafe extern "C-unwind" fn object_hash(this: *mut PyObject) -> isize {
    crate::types::descr::hash_pointer(this as *const PyObject)
}

/// Equality is identity; `!=` is the inverse of whatever `==` says.
unsafe extern "C-unwind" fn object_richcompare(this: *mut PyObject, other: *mut PyObject, op: c_int) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, other) = unsafe { (arg(this), arg(other)) };
    ret(match CompareOp::from_c(op) {
        CompareOp::Eq => Ok(if this.is(other) { crate::py_bool(true) } else { crate::not_implemented() }),
        CompareOp::Ne => inverse_of_eq(this, other),
        CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => Ok(crate::not_implemented()),
    })
}

fn inverse_of_eq(this: &PyObject, other: &PyObject) -> PyResult {
    let Some(compare) = this.ty().tp_richcompare.get() else {
        return Ok(if this.is(other) { crate::py_bool(false) } else { crate::not_implemented() });
    };
    // SAFETY: calling the slot as C would.
    let equal = unsafe { ObjRef::from_c_result(compare(this.as_ptr(), other.as_ptr(), CompareOp::Eq as c_int))? };
    if crate::is_not_implemented(&equal) {
        return Ok(equal);
    }
    Ok(crate::py_bool(!protocol::object::is_true(&equal)?))
}

unsafe extern "C-unwind" fn get_class(this: *mut PyObject, _closure: *mut c_void) -> *mut PyObject {
    // SAFETY: C passes a live object.
    unsafe { arg(this) }.ty().to_obj().into_raw()
}

unsafe extern "C-unwind" fn set_class(this: *mut PyObject, value: *mut PyObject, _closure: *mut c_void) -> c_int {
    // SAFETY: C passes live objects, or NULL for "delete".
    let (this, value) = unsafe { (arg(this), opt_arg(value)) };
    ret_unit(assign_class(this, value))
}

/// `x.__class__ = C`.
fn assign_class(this: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(exc::type_error("can't delete __class__ attribute"));
    };
    let Some(new) = value.downcast_ref::<PyTypeObject>() else {
        return Err(exc::type_error(format!(
            "__class__ must be set to a class, not '{}' object",
            value.ty().full_name()
        )));
    };
    crate::runtime::audit::audit("object.__setattr__", &[this, crate::intern!("__class__").as_object(), value])?;
    ready::ensure_ready(new)?;
    let old = this.ty().to_ref();
    let module = PyModule::type_object();
    let both_modules = new.is_subtype(module) && old.is_subtype(module);
    if !both_modules && (new.has_flag(flags::IMMUTABLETYPE) || old.has_flag(flags::IMMUTABLETYPE)) {
        return Err(exc::type_error("__class__ assignment only supported for mutable types or ModuleType subclasses"));
    }
    check_compatible(&old, new, "__class__")?;
    if old.has_flag(flags::MANAGED_DICT) {
        // SAFETY: checked; compatible types agree about the flag.
        unsafe { shape::move_to_type(this, new)? };
    }
    if new.has_flag(flags::HEAPTYPE) {
        new.as_object().incref();
    }
    this.ob_type.set(new);
    if let Some(class) = this.downcast_ref::<PyTypeObject>() {
        // What its metaclass gives it is an attribute of the class as well.
        type_modified(class);
    }
    if slotdefs::descriptor_slots(&old) != slotdefs::descriptor_slots(new) {
        // In whatever class it may be.
        type_modified(&PyBaseObject_Type);
    }
    if old.has_flag(flags::HEAPTYPE) {
        // SAFETY: the reference the object held; `old` holds another until the end of this function.
        unsafe { PyObject::decref(old.as_object()) };
    }
    Ok(())
}

unsafe extern "C-unwind" fn object_subclasshook(_class: *mut PyObject, _subclass: *mut PyObject) -> *mut PyObject {
    crate::not_implemented().into_raw()
}

unsafe extern "C-unwind" fn object_init_subclass(_class: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    crate::none().into_raw()
}

unsafe extern "C-unwind" fn object_format(this: *mut PyObject, spec: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, spec) = unsafe { (arg(this), arg(spec)) };
    let format = || -> PyResult {
        let Some(spec) = spec.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!(
                "__format__() argument must be str, not {}",
                if crate::is_none(spec) { "None" } else { spec.ty().full_name() }
            )));
        };
        if spec.len() != 0 {
            return Err(exc::type_error(format!(
                "unsupported format string passed to {}.__format__",
                this.ty().full_name()
            )));
        }
        protocol::object::str(this).map(crate::Ref::into_obj)
    };
    ret(format())
}

/// The C struct and items; what hangs on it (dict, buffers) counts for itself.
unsafe extern "C-unwind" fn object_sizeof(this: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    let ty = this.ty();
    let mut size = ty.tp_basicsize.get();
    if ty.tp_itemsize.get() > 0 {
        // SAFETY: types with items have a size field (int keeps a tag there, and has its own method).
        let count = unsafe { (*(this as *const PyObject as *const crate::object::PyVarObject)).ob_size.get() };
        size += count.abs() * ty.tp_itemsize.get();
    }
    PyInt::from_isize(size).into_obj().into_raw()
}

unsafe extern "C-unwind" fn object_dir(this: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    let dir = || -> PyResult {
        let names = match protocol::object::getattr_opt(this, crate::intern!("__dict__"))? {
            Some(dict) => match dict.downcast_ref::<PyDict>() {
                Some(dict) => dict.copy()?,
                None => PyDict::new(),
            },
            None => PyDict::new(),
        };
        if let Some(class) = protocol::object::getattr_opt(this, crate::intern!("__class__"))? {
            merge_class_dict(&names, &class)?;
        }
        Ok(PyList::new(names.keys_vec()).into_obj())
    };
    ret(dir())
}
