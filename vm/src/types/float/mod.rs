//! `float`: a double in a box of 24 bytes.
//!
//! Floats come and go faster than anything else, so dead ones wait in a free list and making one is a few instructions.
//! [`ops`] has the arithmetic that is more than one machine instruction, [`text`] the ways to and from text, [`methods`]
//! the Python face.

use core::cell::Cell;
use core::mem::size_of;

use crate::err::PyResult;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass, PyStruct, Ref};
use crate::object::typeobj::PyTypeObject;
use crate::types::int::freelist::FreeList;
use rpy_derive::pyclass;

pub mod info;
pub mod methods;
pub mod ops;
pub mod text;

pub use ops::*;
pub use text::*;

/// Convert a string or number to a floating-point number, if possible.
#[pyclass(name = "float", symbol = "PyFloat_Type", flags(BASETYPE, MATCH_SELF))]
#[repr(C)]
pub struct PyFloat {
    pub(crate) ob_base: PyObject,
    pub(crate) ob_fval: Cell<f64>,
}

const _: () = assert!(size_of::<PyFloat>() == 24);

pub(crate) static FREE: FreeList = FreeList::new(1024);

impl PyFloat {
    /// The number.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        self.ob_fval.get()
    }

    /// Overwrites the number: only for a box that nobody else can see.
    #[inline(always)]
    pub fn set_value(&self, value: f64) {
        self.ob_fval.set(value);
    }

    /// A float of exactly this type.
    #[inline(always)]
    pub fn new(value: f64) -> Ref<PyFloat> {
        let mut object = FREE.pop();
        if object.is_null() {
            object = FREE.fresh(&PyFloat_Type, size_of::<PyFloat>());
        }
        let float = object as *mut PyFloat;
        // SAFETY: a block of 24 bytes with its header set, ours alone.
        unsafe {
            (*float).ob_fval.set(value);
            Ref::from_owned_ptr(float)
        }
    }

    /// As [`PyFloat::new`] where that needs no allocation; `None` otherwise.
    #[inline(always)]
    pub fn recycled(value: f64) -> Option<Ref<PyFloat>> {
        let float = FREE.pop() as *mut PyFloat;
        if float.is_null() {
            return None;
        }
        // SAFETY: a block of 24 bytes with its header set, ours alone.
        unsafe {
            (*float).ob_fval.set(value);
            Some(Ref::from_owned_ptr(float))
        }
    }

    /// An instance of `cls`, which is `float` or a subtype.
    pub fn new_in_type(cls: &PyTypeObject, value: f64) -> PyResult<ObjRef> {
        if core::ptr::eq(cls, PyFloat::type_object()) {
            return Ok(PyFloat::new(value).into_obj());
        }
        Ok(alloc::new_in(cls, PyFloat { ob_base: PyObject::placeholder(), ob_fval: Cell::new(value) })?.into_obj())
    }

    /// This value as an object of exactly `float`.
    #[inline]
    pub fn to_exact(&self) -> Ref<PyFloat> {
        if PyFloat::check_exact(self.as_object()) { self.to_ref() } else { PyFloat::new(self.value()) }
    }

    /// The `tp_dealloc` of `float`.
    ///
    /// # Safety
    /// `object` is a dead float (or an instance of a subtype whose own dealloc ends here).
    pub unsafe extern "C-unwind" fn dealloc(object: *mut PyObject) {
        // SAFETY: the caller's promise.
        unsafe {
            if core::ptr::eq((*object).ob_type.get(), &raw const PyFloat_Type) {
                if !FREE.push(object) {
                    alloc::mem_free(object as *mut u8);
                }
            } else {
                crate::object::dealloc::free_instance(object);
            }
        }
    }
}
