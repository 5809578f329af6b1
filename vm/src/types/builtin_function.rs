//! `builtin_function_or_method`: C functions as objects, free or bound to a receiver or module.

use core::cell::Cell;

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::defs::{PyMethodDef, meth};
use crate::object::slots::vectorcallfunc;
use crate::object::{CompareOp, ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::call::check_result;
use crate::protocol::object;
use crate::runtime::recursion::enter_recursive_call;
use crate::types::descr::doc::{c_text, doc_of, text_or_none, text_signature_of};
use crate::types::descr::{function_str, hash_pointer, reduce_to_getattr};
use crate::types::dict::PyDict;
use crate::types::module::PyModule;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// The signatures that `METH_*` flags stand for.
pub mod abi {
    use super::PyMethodDef;
    use crate::object::{PyObject, PyTypeObject};

    /// `METH_VARARGS`, `METH_NOARGS`, `METH_O`.
    pub type Plain = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;
    /// `METH_VARARGS | METH_KEYWORDS`.
    pub type Keywords = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;
    /// `METH_FASTCALL`.
    pub type Fast = unsafe extern "C-unwind" fn(*mut PyObject, *const *mut PyObject, isize) -> *mut PyObject;
    /// `METH_FASTCALL | METH_KEYWORDS`.
    pub type FastKeywords =
        unsafe extern "C-unwind" fn(*mut PyObject, *const *mut PyObject, isize, *mut PyObject) -> *mut PyObject;
    /// `METH_METHOD | METH_FASTCALL | METH_KEYWORDS`.
    pub type Method = unsafe extern "C-unwind" fn(
        *mut PyObject,
        *mut PyTypeObject,
        *const *mut PyObject,
        usize,
        *mut PyObject,
    ) -> *mut PyObject;

    macro_rules! accessor {
        ($name:ident, $ty:ident) => {
            #[doc = concat!("The function of `def`, as [`", stringify!($ty), "`].")]
            ///
            /// # Safety
            /// The definition's flags say so.
            #[inline(always)]
            pub unsafe fn $name(def: &PyMethodDef) -> $ty {
                // SAFETY: the caller's promise.
                unsafe { core::mem::transmute::<*const core::ffi::c_void, $ty>(def.ml_meth) }
            }
        };
    }
    accessor!(plain, Plain);
    accessor!(keywords, Keywords);
    accessor!(fast, Fast);
    accessor!(fast_keywords, FastKeywords);
    accessor!(method, Method);
}

/// `PY_VECTORCALL_ARGUMENTS_OFFSET`: the caller lends the word before the first argument.
pub const ARGUMENTS_OFFSET: usize = 1 << 63;

/// The number of positional arguments in `nargsf`.
#[inline(always)]
pub const fn vectorcall_nargs(nargsf: usize) -> usize {
    nargsf & !ARGUMENTS_OFFSET
}

/// An argument vector as a slice.
///
/// # Safety
/// `args` points to `len` live objects (it may be anything when `len` is 0).
#[inline(always)]
pub unsafe fn arg_slice<'a>(args: *const *mut PyObject, len: usize) -> &'a [&'a PyObject] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise; a reference is a non-null pointer.
    unsafe { core::slice::from_raw_parts(args as *const &PyObject, len) }
}

/// The number of keywords.
///
/// # Safety
/// Null or a tuple.
#[inline(always)]
pub unsafe fn kwnames_len(kwnames: *mut PyObject) -> usize {
    if kwnames.is_null() {
        0
    } else {
        // SAFETY: the caller's promise.
        unsafe { (*kwnames).cast_unchecked_ref::<PyTuple>() }.len()
    }
}

/// The keyword arguments as a dict; `None` if there are none.
///
/// # Safety
/// `kwnames` is null or a tuple of strings, and `values` points to as many live objects.
pub unsafe fn kwnames_to_dict(values: *const *mut PyObject, kwnames: *mut PyObject) -> PyResult<Option<Ref<PyDict>>> {
    // SAFETY: the caller's promise.
    unsafe {
        let count = kwnames_len(kwnames);
        if count == 0 {
            return Ok(None);
        }
        let dict = PyDict::new();
        let names = (*kwnames).cast_unchecked_ref::<PyTuple>();
        for (name, value) in names.items().iter().zip(arg_slice(values, count)) {
            dict.set_item(name, value)?;
        }
        Ok(Some(dict))
    }
}

/// Calls a vectorcall function with a tuple and a dict (`PyVectorcall_Call`).
pub fn call_vector(
    callable: &PyObject,
    function: Option<vectorcallfunc>,
    args: &PyTuple,
    kwargs: Option<&PyDict>,
) -> PyResult {
    let Some(function) = function else {
        return Err(exc::type_error(format!("'{}' object does not support vectorcall", callable.ty().full_name())));
    };
    let positional = args.items();
    let nargs = positional.len();
    let kwargs = kwargs.filter(|k| k.len() != 0);
    // SAFETY: the vectorcall protocol: a vector of live objects, names for those after the positional ones.
    unsafe {
        let Some(kwargs) = kwargs else {
            let result =
                function(callable.as_ptr(), positional.as_ptr() as *const *mut PyObject, nargs, core::ptr::null_mut());
            return check_result(callable, result);
        };
        let mut names = Vec::with_capacity(kwargs.len());
        let mut values = Vec::with_capacity(kwargs.len());
        let mut position = 0;
        while let Some((name, value)) = kwargs.iter_index(&mut position) {
            if !name.ty().has_flag(flags::UNICODE_SUBCLASS) {
                return Err(exc::type_error("keywords must be strings"));
            }
            names.push(name);
            values.push(value);
        }
        let names = PyTuple::new(names);
        let mut vector: Vec<*mut PyObject> = positional.iter().map(|arg| arg.as_ptr()).collect();
        vector.extend(values.iter().map(|value| value.as_raw()));
        check_result(callable, function(callable.as_ptr(), vector.as_ptr(), nargs, names.as_object().as_ptr()))
    }
}

/// A function written in C or Rust, with what it is bound to.
#[pyclass(
    name = "builtin_function_or_method",
    symbol = "PyCFunction_Type",
    vectorcall = vectorcall,
    weaklist = m_weakreflist,
    gc,
    no_new,
    flags(HAVE_VECTORCALL)
)]
#[repr(C)]
pub struct PyCFunction {
    pub ob_base: PyObject,
    #[pytraverse(skip)]
    pub m_ml: Cell<*const PyMethodDef>,
    /// The receiver, or the module.
    pub m_self: Option<Ref<PyObject>>,
    #[pymember(name = "__module__", object)]
    pub m_module: OptRef,
    #[pytraverse(skip)]
    pub m_weakreflist: Cell<*mut PyObject>,
    #[pytraverse(skip)]
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}

/// A function that is told its defining class (`METH_METHOD`).
#[pyclass(
    name = "builtin_method",
    symbol = "PyCMethod_Type",
    base = PyCFunction,
    vectorcall = vectorcall,
    gc,
    no_new,
    no_methods,
    flags(HAVE_VECTORCALL)
)]
#[repr(C)]
pub struct PyCMethod {
    pub ob_base: PyObject,
    #[pytraverse(skip)]
    pub m_ml: Cell<*const PyMethodDef>,
    pub m_self: Option<Ref<PyObject>>,
    pub m_module: OptRef,
    #[pytraverse(skip)]
    pub m_weakreflist: Cell<*mut PyObject>,
    #[pytraverse(skip)]
    pub vectorcall: Cell<Option<vectorcallfunc>>,
    pub mm_class: Ref<PyTypeObject>,
}

/// A function object for a static definition: `module` is what it belongs to, `receiver` becomes `__self__`.
pub fn new_cfunction(def: &'static PyMethodDef, receiver: Option<&PyObject>, module: Option<&PyObject>) -> PyResult {
    // SAFETY: the definition is static.
    unsafe { PyCFunction::create(def, receiver, module, None) }
}

impl PyCFunction {
    /// `PyCMethod_New`.
    ///
    /// # Safety
    /// `def` outlives the object: it is static, or belongs to what the object keeps alive.
    pub unsafe fn create(
        def: *const PyMethodDef,
        receiver: Option<&PyObject>,
        module: Option<&PyObject>,
        class: Option<&PyTypeObject>,
    ) -> PyResult {
        // SAFETY: the caller's promise.
        let ml_flags = unsafe { (*def).ml_flags };
        let conventions = meth::VARARGS | meth::FASTCALL | meth::NOARGS | meth::O | meth::KEYWORDS | meth::METHOD;
        let vectorcall: Option<vectorcallfunc> = match ml_flags & conventions {
            // These are called through tp_call.
            meth::VARARGS => None,
            f if f == meth::VARARGS | meth::KEYWORDS => None,
            meth::FASTCALL => Some(vectorcall_fastcall),
            f if f == meth::FASTCALL | meth::KEYWORDS => Some(vectorcall_fastcall_keywords),
            meth::NOARGS => Some(vectorcall_noargs),
            meth::O => Some(vectorcall_o),
            f if f == meth::METHOD | meth::FASTCALL | meth::KEYWORDS => Some(vectorcall_method),
            _ => {
                // SAFETY: the caller's promise.
                let name = unsafe { c_text((*def).ml_name).unwrap_or("?") };
                return Err(exc::system_error(format!("{name}() method: bad call flags")));
            }
        };
        let is_method = ml_flags & meth::METHOD != 0;
        match class {
            None if is_method => {
                Err(exc::system_error("attempting to create PyCMethod with a METH_METHOD flag but no class"))
            }
            Some(_) if !is_method => {
                Err(exc::system_error("attempting to create PyCFunction with class but no METH_METHOD flag"))
            }
            Some(class) => Ok(new_exact(PyCMethod {
                ob_base: PyObject::placeholder(),
                m_ml: Cell::new(def),
                m_self: receiver.map(PyObject::new_ref),
                m_module: OptRef::new(module.map(PyObject::new_ref)),
                m_weakreflist: Cell::new(core::ptr::null_mut()),
                vectorcall: Cell::new(vectorcall),
                mm_class: class.to_ref(),
            })
            .into_obj()),
            None => Ok(new_exact(PyCFunction {
                ob_base: PyObject::placeholder(),
                m_ml: Cell::new(def),
                m_self: receiver.map(PyObject::new_ref),
                m_module: OptRef::new(module.map(PyObject::new_ref)),
                m_weakreflist: Cell::new(core::ptr::null_mut()),
                vectorcall: Cell::new(vectorcall),
            })
            .into_obj()),
        }
    }

    /// The definition.
    #[inline(always)]
    pub fn def(&self) -> &PyMethodDef {
        // SAFETY: promised at creation.
        unsafe { &*self.m_ml.get() }
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        // SAFETY: definitions keep their names alive.
        unsafe { c_text(self.def().ml_name).unwrap_or("?") }
    }

    /// What the C function gets as its first argument: nothing for static methods.
    #[inline(always)]
    pub fn receiver_ptr(&self) -> *mut PyObject {
        if self.def().ml_flags & meth::STATIC != 0 {
            return core::ptr::null_mut();
        }
        self.m_self.as_ref().map_or(core::ptr::null_mut(), Ref::as_raw)
    }

    /// The receiver, unless it is the module.
    fn bound_to(&self) -> Option<&PyObject> {
        self.m_self.as_deref().filter(|receiver| !PyModule::check(receiver))
    }

    fn doc_text(&self) -> Option<&str> {
        // SAFETY: definitions keep their docs alive.
        unsafe { c_text(self.def().ml_doc.get()) }
    }
}

#[pymethods]
impl PyCFunction {
    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        let mut text = StrBuilder::new();
        text.push_str(&match self.bound_to() {
            None => format!("<built-in function {}>", self.name()),
            Some(receiver) => format!(
                "<built-in method {} of {} object at {:p}>",
                self.name(),
                receiver.ty().full_name(),
                receiver.as_ptr()
            ),
        });
        text.finish()
    }

    #[slot]
    fn tp_hash(&self) -> isize {
        let receiver = self.m_self.as_ref().map_or(core::ptr::null_mut(), Ref::as_raw);
        match hash_pointer(receiver) ^ hash_pointer(self.def().ml_meth) {
            -1 => -2,
            hash => hash,
        }
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> ObjRef {
        let equal_wanted = match op {
            CompareOp::Eq => true,
            CompareOp::Ne => false,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => return crate::not_implemented(),
        };
        let Some(other) = other.downcast_ref::<PyCFunction>() else {
            return crate::not_implemented();
        };
        let receiver = |f: &PyCFunction| f.m_self.as_ref().map_or(core::ptr::null_mut(), Ref::as_raw);
        let same = receiver(self) == receiver(other) && self.def().ml_meth == other.def().ml_meth;
        crate::py_bool(same == equal_wanted)
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        let def = self.def();
        if def.ml_flags & meth::VARARGS == 0 {
            return call_vector(self.as_object(), self.vectorcall.get(), args, kwargs);
        }
        let _guard = enter_recursive_call(" while calling a Python object")?;
        let kwargs = kwargs.filter(|k| k.len() != 0);
        // SAFETY: the flags say which signature the function has.
        unsafe {
            if def.ml_flags & meth::KEYWORDS != 0 {
                let function = abi::keywords(def);
                let kwargs = kwargs.map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr());
                let result = function(self.receiver_ptr(), args.as_object().as_ptr(), kwargs);
                return check_result(self.as_object(), result);
            }
            if kwargs.is_some() {
                return Err(exc::type_error(format!("{}() takes no keyword arguments", self.name())));
            }
            let function = abi::plain(def);
            check_result(self.as_object(), function(self.receiver_ptr(), args.as_object().as_ptr()))
        }
    }

    /// Helper for pickle.
    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        let name = PyStr::new(self.name()).into_obj();
        match self.bound_to() {
            None => Ok(name),
            Some(receiver) => reduce_to_getattr(receiver, &name),
        }
    }

    #[pygetset]
    fn __doc__(&self) -> ObjRef {
        text_or_none(self.doc_text().and_then(|doc| doc_of(self.name(), doc)))
    }

    #[pygetset]
    fn __name__(&self) -> Ref<PyStr> {
        PyStr::new(self.name())
    }

    #[pygetset]
    fn __qualname__(&self) -> PyResult {
        let Some(receiver) = self.bound_to() else {
            return Ok(PyStr::new(self.name()).into_obj());
        };
        let class = if receiver.ty().has_flag(flags::TYPE_SUBCLASS) { receiver } else { receiver.ty().as_object() };
        let of_class = object::getattr(class, intern!("__qualname__"))?;
        let Some(of_class) = of_class.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("<method>.__class__.__qualname__ is not a unicode object"));
        };
        let mut text = StrBuilder::new();
        text.push_py(of_class);
        text.push_str(".");
        text.push_str(self.name());
        Ok(text.finish().into_obj())
    }

    #[pygetset]
    fn __self__(&self) -> ObjRef {
        if self.receiver_ptr().is_null() {
            return crate::none();
        }
        self.m_self.clone().unwrap_or_else(crate::none)
    }

    #[pygetset]
    fn __text_signature__(&self) -> ObjRef {
        text_or_none(self.doc_text().and_then(|doc| text_signature_of(self.name(), doc)))
    }
}

// The vectorcall functions, one a calling convention.

#[inline(always)]
unsafe fn function_of<'a>(callable: *mut PyObject) -> &'a PyCFunction {
    // SAFETY: the vectorcall protocol: `callable` is the object whose field holds the function.
    unsafe { (*callable).cast_unchecked_ref() }
}

#[cold]
#[inline(never)]
fn no_keywords(function: &PyCFunction) -> *mut PyObject {
    exc::type_error(format!("{} takes no keyword arguments", function_str(function.as_object()))).restore_null()
}

#[cold]
#[inline(never)]
fn wrong_count(function: &PyCFunction, expected: &str, nargs: usize) -> *mut PyObject {
    exc::type_error(format!("{} takes {expected} ({nargs} given)", function_str(function.as_object()))).restore_null()
}

/// Runs the call with the C stack checked; the function's NULL means that an exception is set.
macro_rules! guarded {
    ($call:expr) => {
        match enter_recursive_call(" while calling a Python object") {
            Ok(_guard) => $call,
            Err(e) => e.restore_null(),
        }
    };
}

unsafe extern "C-unwind" fn vectorcall_noargs(
    callable: *mut PyObject,
    _args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol; the flags say which signature `ml_meth` has.
    unsafe {
        let this = function_of(callable);
        if kwnames_len(kwnames) != 0 {
            return no_keywords(this);
        }
        let nargs = vectorcall_nargs(nargsf);
        if nargs != 0 {
            return wrong_count(this, "no arguments", nargs);
        }
        let function = abi::plain(this.def());
        guarded!(function(this.receiver_ptr(), core::ptr::null_mut()))
    }
}

unsafe extern "C-unwind" fn vectorcall_o(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol; the flags say which signature `ml_meth` has.
    unsafe {
        let this = function_of(callable);
        if kwnames_len(kwnames) != 0 {
            return no_keywords(this);
        }
        let nargs = vectorcall_nargs(nargsf);
        if nargs != 1 {
            return wrong_count(this, "exactly one argument", nargs);
        }
        let function = abi::plain(this.def());
        guarded!(function(this.receiver_ptr(), *args))
    }
}

unsafe extern "C-unwind" fn vectorcall_fastcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol; the flags say which signature `ml_meth` has.
    unsafe {
        let this = function_of(callable);
        if kwnames_len(kwnames) != 0 {
            return no_keywords(this);
        }
        let function = abi::fast(this.def());
        guarded!(function(this.receiver_ptr(), args, vectorcall_nargs(nargsf) as isize))
    }
}

unsafe extern "C-unwind" fn vectorcall_fastcall_keywords(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol; the flags say which signature `ml_meth` has.
    unsafe {
        let this = function_of(callable);
        let function = abi::fast_keywords(this.def());
        guarded!(function(this.receiver_ptr(), args, vectorcall_nargs(nargsf) as isize, kwnames))
    }
}

unsafe extern "C-unwind" fn vectorcall_method(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol; the flags say which signature `ml_meth` has, and METH_METHOD objects are PyCMethods.
    unsafe {
        let this = function_of(callable);
        let class = this.as_object().cast_unchecked_ref::<PyCMethod>().mm_class.as_raw();
        let function = abi::method(this.def());
        guarded!(function(this.receiver_ptr(), class, args, vectorcall_nargs(nargsf), kwnames))
    }
}
