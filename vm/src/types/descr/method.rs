//! `method_descriptor` and `classmethod_descriptor`: C functions in a type's dict.

use core::cell::Cell;

use crate::PyResult;
use crate::err::PyErr;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::defs::{PyMethodDef, meth};
use crate::object::slots::vectorcallfunc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::runtime::recursion::enter_recursive_call;
use crate::types::builtin_function::{
    self, PyCFunction, abi, arg_slice, kwnames_len, kwnames_to_dict, vectorcall_nargs,
};
use crate::types::dict::PyDict;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

use super::doc::{c_text, doc_of, text_or_none, text_signature_of};
use super::{PyDescr, function_str};

/// An unbound method of a built-in type.
#[pyclass(
    name = "method_descriptor",
    symbol = "PyMethodDescr_Type",
    vectorcall = vectorcall,
    gc,
    no_new,
    flags(METHOD_DESCRIPTOR, HAVE_VECTORCALL)
)]
#[repr(C)]
pub struct PyMethodDescr {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__objclass__", object)]
    pub d_type: Ref<PyTypeObject>,
    #[pymember(readonly, name = "__name__", object)]
    pub d_name: Ref<PyStr>,
    pub d_qualname: OptRef,
    #[pytraverse(skip)]
    pub d_method: Cell<*const PyMethodDef>,
    #[pytraverse(skip)]
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}

/// A class method of a built-in type.
#[pyclass(name = "classmethod_descriptor", symbol = "PyClassMethodDescr_Type", gc, no_new)]
#[repr(C)]
pub struct PyClassMethodDescr {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__objclass__", object)]
    pub d_type: Ref<PyTypeObject>,
    #[pymember(readonly, name = "__name__", object)]
    pub d_name: Ref<PyStr>,
    pub d_qualname: OptRef,
    #[pytraverse(skip)]
    pub d_method: Cell<*const PyMethodDef>,
    #[pytraverse(skip)]
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}

/// `PyDescr_NewMethod`: the descriptor of an ordinary method.
///
/// # Safety
/// `def` outlives the type.
pub unsafe fn new_method_descr(ty: &PyTypeObject, def: *const PyMethodDef) -> PyResult {
    // SAFETY: the caller's promise.
    let (name, ml_flags) = unsafe { (c_text((*def).ml_name).unwrap_or("?"), (*def).ml_flags) };
    let conventions = meth::VARARGS | meth::FASTCALL | meth::NOARGS | meth::O | meth::KEYWORDS | meth::METHOD;
    let vectorcall: vectorcallfunc = match ml_flags & conventions {
        meth::VARARGS => vectorcall_varargs,
        f if f == meth::VARARGS | meth::KEYWORDS => vectorcall_varargs_keywords,
        meth::FASTCALL => vectorcall_fastcall,
        f if f == meth::FASTCALL | meth::KEYWORDS => vectorcall_fastcall_keywords,
        meth::NOARGS => vectorcall_noargs,
        meth::O => vectorcall_o,
        f if f == meth::METHOD | meth::FASTCALL | meth::KEYWORDS => vectorcall_method,
        _ => return Err(exc::system_error(format!("{name}() method: bad call flags"))),
    };
    Ok(new_exact(PyMethodDescr {
        ob_base: PyObject::placeholder(),
        d_type: ty.to_ref(),
        d_name: PyStr::intern(PyStr::new(name)),
        d_qualname: OptRef::NULL,
        d_method: Cell::new(def),
        vectorcall: Cell::new(Some(vectorcall)),
    })
    .into_obj())
}

/// `PyDescr_NewClassMethod`: the descriptor of a class method.
///
/// # Safety
/// `def` outlives the type.
pub unsafe fn new_classmethod_descr(ty: &PyTypeObject, def: *const PyMethodDef) -> PyResult {
    // SAFETY: the caller's promise.
    let name = unsafe { c_text((*def).ml_name).unwrap_or("?") };
    Ok(new_exact(PyClassMethodDescr {
        ob_base: PyObject::placeholder(),
        d_type: ty.to_ref(),
        d_name: PyStr::intern(PyStr::new(name)),
        d_qualname: OptRef::NULL,
        d_method: Cell::new(def),
        vectorcall: Cell::new(None),
    })
    .into_obj())
}

impl PyMethodDescr {
    /// The fields shared with the other descriptors.
    #[inline(always)]
    pub fn common(&self) -> &PyDescr {
        // SAFETY: the same first fields.
        unsafe { self.as_object().cast_unchecked_ref() }
    }

    /// The definition.
    #[inline(always)]
    pub fn def(&self) -> &PyMethodDef {
        // SAFETY: definitions outlive their types.
        unsafe { &*self.d_method.get() }
    }
}

#[pymethods]
impl PyMethodDescr {
    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        self.common().repr("method")
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        builtin_function::call_vector(self.as_object(), self.vectorcall.get(), args, kwargs)
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, cls: Option<&PyObject>) -> PyResult {
        let Some(obj) = obj else {
            return Ok(self.to_obj());
        };
        self.common().check(obj)?;
        let mut defining = None;
        if self.def().ml_flags & meth::METHOD != 0 {
            match cls {
                Some(cls) if cls.ty().has_flag(flags::TYPE_SUBCLASS) => defining = Some(&*self.d_type),
                other => {
                    return Err(exc::type_error(format!(
                        "descriptor '{}' needs a type, not '{}', as arg 2",
                        self.common().name(),
                        other.map_or("NoneType", |o| o.ty().full_name())
                    )));
                }
            }
        }
        // SAFETY: the definition outlives its type, which the bound object keeps alive.
        unsafe { PyCFunction::create(self.d_method.get(), Some(obj), None, defining) }
    }

    /// Helper for pickle.
    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        self.common().reduce()
    }

    #[pygetset]
    fn __doc__(&self) -> ObjRef {
        doc_getter(self.def())
    }

    #[pygetset]
    fn __qualname__(&self) -> PyResult {
        self.common().qualname()
    }

    #[pygetset]
    fn __text_signature__(&self) -> ObjRef {
        text_signature_getter(self.def())
    }
}

impl PyClassMethodDescr {
    fn common(&self) -> &PyDescr {
        // SAFETY: the same first fields.
        unsafe { self.as_object().cast_unchecked_ref() }
    }

    fn def(&self) -> &PyMethodDef {
        // SAFETY: definitions outlive their types.
        unsafe { &*self.d_method.get() }
    }

    /// Binds to `cls`, or to the class of `obj`.
    fn bind(&self, obj: Option<&PyObject>, cls: Option<&PyObject>) -> PyResult {
        let common = self.common();
        let of_type = self.d_type.full_name();
        let cls = match (cls, obj) {
            (Some(cls), _) => cls,
            (None, Some(obj)) => obj.ty().as_object(),
            (None, None) => {
                return Err(exc::type_error(format!(
                    "descriptor '{}' for type '{of_type}' needs either an object or a type",
                    common.name()
                )));
            }
        };
        let Some(ty) = cls.downcast_ref::<PyTypeObject>() else {
            return Err(exc::type_error(format!(
                "descriptor '{}' for type '{of_type}' needs a type, not a '{}' as arg 2",
                common.name(),
                cls.ty().full_name()
            )));
        };
        if !ty.is_subtype(&self.d_type) {
            return Err(exc::type_error(format!(
                "descriptor '{}' requires a subtype of '{of_type}' but received '{}'",
                common.name(),
                ty.full_name()
            )));
        }
        let defining = (self.def().ml_flags & meth::METHOD != 0).then_some(&*self.d_type);
        // SAFETY: as for methods.
        unsafe { PyCFunction::create(self.d_method.get(), Some(cls), None, defining) }
    }
}

#[pymethods]
impl PyClassMethodDescr {
    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        self.common().repr("method")
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        let items = args.items();
        let Some((&cls, rest)) = items.split_first() else {
            return Err(exc::type_error(format!(
                "descriptor '{}' of '{}' object needs an argument",
                self.common().name(),
                self.d_type.full_name()
            )));
        };
        let bound = self.bind(None, Some(cls))?;
        crate::protocol::call::call_tuple(&bound, &PyTuple::from_slice(rest), kwargs)
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, cls: Option<&PyObject>) -> PyResult {
        self.bind(obj, cls)
    }

    #[pygetset]
    fn __doc__(&self) -> ObjRef {
        doc_getter(self.def())
    }

    #[pygetset]
    fn __qualname__(&self) -> PyResult {
        self.common().qualname()
    }

    #[pygetset]
    fn __text_signature__(&self) -> ObjRef {
        text_signature_getter(self.def())
    }
}

fn doc_getter(def: &PyMethodDef) -> ObjRef {
    // SAFETY: the texts of a definition live as long as it.
    unsafe {
        let name = c_text(def.ml_name).unwrap_or("");
        text_or_none(c_text(def.ml_doc.get()).and_then(|doc| doc_of(name, doc)))
    }
}

fn text_signature_getter(def: &PyMethodDef) -> ObjRef {
    // SAFETY: the texts of a definition live as long as it.
    unsafe {
        let name = c_text(def.ml_name).unwrap_or("");
        text_or_none(c_text(def.ml_doc.get()).and_then(|doc| text_signature_of(name, doc)))
    }
}

// The vectorcall functions, one a calling convention. `args[0]` is the receiver.

/// Checks the receiver and, where the convention has none, the absence of keywords.
#[inline(always)]
unsafe fn enter<'a>(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: Option<*mut PyObject>,
) -> PyResult<(&'a PyMethodDescr, &'a PyObject, usize)> {
    let nargs = vectorcall_nargs(nargsf);
    // SAFETY: the vectorcall protocol: the callable is this type's, the vector has `nargs` positional arguments.
    unsafe {
        let descr = (*callable).cast_unchecked_ref::<PyMethodDescr>();
        if nargs == 0 {
            return Err(needs_argument(descr));
        }
        let receiver: &PyObject = &**args;
        descr.common().check(receiver)?;
        if let Some(kwnames) = kwnames
            && kwnames_len(kwnames) != 0
        {
            return Err(exc::type_error(format!("{} takes no keyword arguments", function_str(descr.as_object()))));
        }
        Ok((descr, receiver, nargs))
    }
}

#[cold]
fn needs_argument(descr: &PyMethodDescr) -> PyErr {
    exc::type_error(format!("unbound method {} needs an argument", function_str(descr.as_object())))
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
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol; the flags say which signature `ml_meth` has.
    unsafe {
        match enter(callable, args, nargsf, Some(kwnames)) {
            Err(e) => e.restore_null(),
            Ok((descr, receiver, nargs)) => {
                if nargs != 1 {
                    return exc::type_error(format!(
                        "{} takes no arguments ({} given)",
                        function_str(descr.as_object()),
                        nargs - 1
                    ))
                    .restore_null();
                }
                let function = abi::plain(descr.def());
                guarded!(function(receiver.as_ptr(), core::ptr::null_mut()))
            }
        }
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
        match enter(callable, args, nargsf, Some(kwnames)) {
            Err(e) => e.restore_null(),
            Ok((descr, receiver, nargs)) => {
                if nargs != 2 {
                    return exc::type_error(format!(
                        "{} takes exactly one argument ({} given)",
                        function_str(descr.as_object()),
                        nargs - 1
                    ))
                    .restore_null();
                }
                let function = abi::plain(descr.def());
                guarded!(function(receiver.as_ptr(), *args.add(1)))
            }
        }
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
        match enter(callable, args, nargsf, Some(kwnames)) {
            Err(e) => e.restore_null(),
            Ok((descr, receiver, nargs)) => {
                let function = abi::fast(descr.def());
                guarded!(function(receiver.as_ptr(), args.add(1), nargs as isize - 1))
            }
        }
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
        match enter(callable, args, nargsf, None) {
            Err(e) => e.restore_null(),
            Ok((descr, receiver, nargs)) => {
                let function = abi::fast_keywords(descr.def());
                guarded!(function(receiver.as_ptr(), args.add(1), nargs as isize - 1, kwnames))
            }
        }
    }
}

unsafe extern "C-unwind" fn vectorcall_method(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol; the flags say which signature `ml_meth` has.
    unsafe {
        match enter(callable, args, nargsf, None) {
            Err(e) => e.restore_null(),
            Ok((descr, receiver, nargs)) => {
                let function = abi::method(descr.def());
                guarded!(function(receiver.as_ptr(), descr.d_type.as_raw(), args.add(1), nargs - 1, kwnames))
            }
        }
    }
}

unsafe extern "C-unwind" fn vectorcall_varargs(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol; the flags say which signature `ml_meth` has.
    unsafe {
        match enter(callable, args, nargsf, Some(kwnames)) {
            Err(e) => e.restore_null(),
            Ok((descr, receiver, nargs)) => {
                let tuple = PyTuple::from_slice(arg_slice(args.add(1), nargs - 1));
                let function = abi::plain(descr.def());
                guarded!(function(receiver.as_ptr(), tuple.as_object().as_ptr()))
            }
        }
    }
}

unsafe extern "C-unwind" fn vectorcall_varargs_keywords(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol; the flags say which signature `ml_meth` has.
    unsafe {
        match enter(callable, args, nargsf, None) {
            Err(e) => e.restore_null(),
            Ok((descr, receiver, nargs)) => {
                let tuple = PyTuple::from_slice(arg_slice(args.add(1), nargs - 1));
                let dict = match kwnames_to_dict(args.add(nargs), kwnames) {
                    Ok(dict) => dict,
                    Err(e) => return e.restore_null(),
                };
                let dict = dict.as_ref().map_or(core::ptr::null_mut(), |d| d.as_object().as_ptr());
                let function = abi::keywords(descr.def());
                guarded!(function(receiver.as_ptr(), tuple.as_object().as_ptr(), dict))
            }
        }
    }
}
