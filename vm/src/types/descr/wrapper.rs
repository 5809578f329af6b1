//! `wrapper_descriptor` and `method-wrapper`: the dunder methods that stand for C slots.
//!
//! The table of [`WrapperBase`] records, one for each pair of slot and dunder name, is in `types::type_::slotdefs`.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::{CompareOp, ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref};
use crate::runtime::recursion;
use crate::types::dict::PyDict;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

use super::doc::{c_text, doc_of, text_or_none, text_signature_of};
use super::{PyDescr, hash_pointer, reduce_to_getattr};

/// Calls a slot function with Python arguments: `(self, args tuple, slot function)`.
pub type WrapperFn = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, *mut c_void) -> *mut PyObject;
/// As [`WrapperFn`], with a keyword dict or NULL at the end.
pub type WrapperKeywordsFn =
    unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, *mut c_void, *mut PyObject) -> *mut PyObject;

/// Set in [`WrapperBase::flags`] when `wrapper` is a [`WrapperKeywordsFn`].
pub const FLAG_KEYWORDS: c_int = 1;

/// A slot and the dunder method that stands for it (`struct wrapperbase`, 56 bytes).
#[repr(C)]
pub struct WrapperBase {
    pub name: *const c_char,
    /// Where the slot is, in a heap type.
    pub offset: c_int,
    /// Goes into the slot when a Python class defines the method.
    pub function: *const c_void,
    /// Goes the other way: a [`WrapperFn`] or [`WrapperKeywordsFn`].
    pub wrapper: *const c_void,
    pub doc: *const c_char,
    pub flags: c_int,
    /// The interned name, filled in at start.
    pub name_strobj: Cell<*mut PyObject>,
}

// SAFETY: constant, but for the name, which is set once under the GIL.
unsafe impl Sync for WrapperBase {}

impl WrapperBase {
    /// The method's name.
    pub fn name(&self) -> &'static str {
        // SAFETY: records are statics with static names.
        unsafe { c_text(self.name).unwrap_or("?") }
    }

    fn doc(&self) -> ObjRef {
        // SAFETY: records are statics with static docs.
        unsafe { text_or_none(c_text(self.doc).and_then(|doc| doc_of(self.name(), doc))) }
    }

    fn text_signature(&self) -> ObjRef {
        // SAFETY: records are statics with static docs.
        unsafe { text_or_none(c_text(self.doc).and_then(|doc| text_signature_of(self.name(), doc))) }
    }
}

/// A slot of a built-in type, as a method in its dict.
#[pyclass(name = "wrapper_descriptor", symbol = "PyWrapperDescr_Type", gc, no_new, flags(METHOD_DESCRIPTOR))]
#[repr(C)]
pub struct PyWrapperDescr {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__objclass__", object)]
    pub d_type: Ref<PyTypeObject>,
    #[pymember(readonly, name = "__name__", object)]
    pub d_name: Ref<PyStr>,
    pub d_qualname: OptRef,
    #[pytraverse(skip)]
    pub d_base: Cell<*const WrapperBase>,
    /// The slot function.
    #[pytraverse(skip)]
    pub d_wrapped: Cell<*mut c_void>,
}

/// A slot wrapper bound to an object.
#[pyclass(name = "method-wrapper", symbol = "_PyMethodWrapper_Type", gc, no_new)]
#[repr(C)]
pub struct PyMethodWrapper {
    pub ob_base: PyObject,
    pub descr: Ref<PyWrapperDescr>,
    #[pymember(readonly, name = "__self__", object)]
    pub receiver: Ref<PyObject>,
}

/// `PyDescr_NewWrapper`: the method for a slot of `ty` that holds `wrapped`.
pub fn new_wrapper(ty: &PyTypeObject, base: &'static WrapperBase, wrapped: *mut c_void) -> ObjRef {
    new_exact(PyWrapperDescr {
        ob_base: PyObject::placeholder(),
        d_type: ty.to_ref(),
        d_name: PyStr::intern(PyStr::new(base.name())),
        d_qualname: OptRef::NULL,
        d_base: Cell::new(base),
        d_wrapped: Cell::new(wrapped),
    })
    .into_obj()
}

impl PyWrapperDescr {
    /// The fields shared with the other descriptors.
    pub fn common(&self) -> &PyDescr {
        // SAFETY: the same first fields.
        unsafe { self.as_object().cast_unchecked_ref() }
    }

    /// The record.
    #[inline]
    pub fn base(&self) -> &'static WrapperBase {
        // SAFETY: records are statics.
        unsafe { &*self.d_base.get() }
    }

    /// Calls the slot on `receiver`, which the caller has checked.
    pub fn call_on(&self, receiver: &PyObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        let base = self.base();
        let args = args.as_object().as_ptr();
        // SAFETY: the record says which signature the wrapper has; the receiver is an instance of the slot's type.
        unsafe {
            if base.flags & FLAG_KEYWORDS != 0 {
                let wrapper: WrapperKeywordsFn = core::mem::transmute(base.wrapper);
                let kwargs = kwargs.map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr());
                return ObjRef::from_c_result(wrapper(receiver.as_ptr(), args, self.d_wrapped.get(), kwargs));
            }
            if kwargs.is_some_and(|k| k.len() != 0) {
                return Err(exc::type_error(format!("wrapper {}() takes no keyword arguments", base.name())));
            }
            let wrapper: WrapperFn = core::mem::transmute(base.wrapper);
            ObjRef::from_c_result(wrapper(receiver.as_ptr(), args, self.d_wrapped.get()))
        }
    }

    /// The method bound to `receiver`.
    pub fn bind(&self, receiver: &PyObject) -> ObjRef {
        new_exact(PyMethodWrapper {
            ob_base: PyObject::placeholder(),
            descr: self.to_ref(),
            receiver: receiver.new_ref(),
        })
        .into_obj()
    }
}

#[pymethods]
impl PyWrapperDescr {
    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        self.common().repr("slot wrapper")
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        let Some((&receiver, rest)) = args.items().split_first() else {
            return Err(exc::type_error(format!(
                "descriptor '{}' of '{}' object needs an argument",
                self.common().name(),
                self.d_type.full_name()
            )));
        };
        if !receiver.ty().is_subtype(&self.d_type) {
            return Err(exc::type_error(format!(
                "descriptor '{}' requires a '{}' object but received a '{}'",
                self.common().name(),
                self.d_type.full_name(),
                receiver.ty().full_name()
            )));
        }
        self.call_on(receiver, &PyTuple::from_slice(rest), kwargs)
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult {
        let Some(obj) = obj else {
            return Ok(self.to_obj());
        };
        self.common().check(obj)?;
        Ok(self.bind(obj))
    }

    /// Helper for pickle.
    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        self.common().reduce()
    }

    #[pygetset]
    fn __doc__(&self) -> ObjRef {
        self.base().doc()
    }

    #[pygetset]
    fn __qualname__(&self) -> PyResult {
        self.common().qualname()
    }

    #[pygetset]
    fn __text_signature__(&self) -> ObjRef {
        self.base().text_signature()
    }
}

#[pymethods]
impl PyMethodWrapper {
    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        let mut text = StrBuilder::new();
        text.push_str(&format!(
            "<method-wrapper '{}' of {} object at {:p}>",
            self.descr.base().name(),
            self.receiver.ty().full_name(),
            self.receiver.as_raw()
        ));
        text.finish()
    }

    #[slot]
    fn tp_hash(&self) -> isize {
        hash_pointer(self.receiver.as_raw()) ^ hash_pointer(self.descr.as_raw())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> ObjRef {
        let Some(other) = other.downcast_exact::<PyMethodWrapper>() else {
            return crate::not_implemented();
        };
        let same = self.descr.as_object().is(other.descr.as_object()) && self.receiver.is(&other.receiver);
        match op {
            CompareOp::Eq => crate::py_bool(same),
            CompareOp::Ne => crate::py_bool(!same),
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => crate::not_implemented(),
        }
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        // The receiver of a wrapped `__call__` may be another of these.
        recursion::check(" while calling a Python object")?;
        self.descr.call_on(&self.receiver, args, kwargs)
    }

    /// Helper for pickle.
    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        reduce_to_getattr(&self.receiver, self.descr.d_name.as_object())
    }

    #[pygetset]
    fn __objclass__(&self) -> ObjRef {
        self.descr.d_type.to_obj()
    }

    #[pygetset]
    fn __name__(&self) -> ObjRef {
        self.descr.d_name.to_obj()
    }

    #[pygetset]
    fn __qualname__(&self) -> PyResult {
        self.descr.common().qualname()
    }

    #[pygetset]
    fn __doc__(&self) -> ObjRef {
        self.descr.base().doc()
    }

    #[pygetset]
    fn __text_signature__(&self) -> ObjRef {
        self.descr.base().text_signature()
    }
}
