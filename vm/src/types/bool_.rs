//! `bool`: the two static ints that are called `True` and `False`.

use crate::err::PyResult;
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct};
use crate::object::typeobj::PyTypeObject;
use crate::protocol;
use crate::types::int::{PyInt, arith};
use rpy_derive::{pyclass, pymethods};

/// Returns True when the argument is true, False otherwise.
/// The builtins True and False are the only two instances of the class bool.
/// The class bool is a subclass of the class int, and cannot be subclassed.
#[pyclass(
    name = "bool",
    symbol = "PyBool_Type",
    base = PyInt,
    basicsize = 24,
    itemsize = 4,
    flags(LONG_SUBCLASS, MATCH_SELF)
)]
#[repr(C)]
pub struct PyBool {
    base: PyInt,
}

/// `True`.
#[unsafe(export_name = "_Py_TrueStruct")]
pub static TRUE: PyInt = PyInt::new_static_bool(true);
/// `False`.
#[unsafe(export_name = "_Py_FalseStruct")]
pub static FALSE: PyInt = PyInt::new_static_bool(false);

/// `True` or `False`, borrowed.
#[inline(always)]
pub fn as_object(value: bool) -> &'static PyObject {
    as_int(value).as_object()
}

/// `True` or `False` as an int, borrowed.
#[inline(always)]
pub fn as_int(value: bool) -> &'static PyInt {
    if value { &TRUE } else { &FALSE }
}

/// Is it `True` or `False`?
#[inline(always)]
pub fn is_bool(object: &PyObject) -> bool {
    object.is_exact_type(&PyBool_Type)
}

/// Is it `True`?
#[inline(always)]
pub fn is_true(object: &PyObject) -> bool {
    object.is(TRUE.as_object())
}

/// Is it `False`?
#[inline(always)]
pub fn is_false(object: &PyObject) -> bool {
    object.is(FALSE.as_object())
}

/// Applies a bit operation: on two bools the result is a bool, otherwise what `int` does.
#[inline(always)]
fn bit_op(
    a: &PyObject,
    b: &PyObject,
    on_bools: fn(bool, bool) -> bool,
    on_ints: fn(&PyInt, &PyInt) -> ObjRef,
) -> PyResult<ObjRef> {
    if is_bool(a) && is_bool(b) {
        return Ok(crate::py_bool(on_bools(is_true(a), is_true(b))));
    }
    match (a.downcast_ref::<PyInt>(), b.downcast_ref::<PyInt>()) {
        (Some(a), Some(b)) => Ok(on_ints(a, b)),
        _ => Ok(crate::not_implemented()),
    }
}

#[pymethods]
impl PyBool {
    #[pynew(sig = "(object=False, /)", vectorcall)]
    fn py_new(_cls: &PyTypeObject, object: Option<&PyObject>) -> PyResult<ObjRef> {
        Ok(crate::py_bool(match object {
            Some(object) => protocol::object::is_true(object)?,
            None => false,
        }))
    }

    #[slot]
    unsafe extern "C-unwind" fn tp_dealloc(object: *mut PyObject) {
        // Only reached when an extension has miscounted: bools are immortal.
        // SAFETY: the object is one of the two statics.
        unsafe { (*object).ob_refcnt.set(crate::object::header::IMMORTAL_INITIAL_REFCNT) };
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        Ok(if is_true(self.as_object()) { crate::intern!("True") } else { crate::intern!("False") }.to_obj())
    }

    #[slot]
    fn nb_invert(&self) -> PyResult<ObjRef> {
        crate::runtime::warnings::warn(
            exc::DeprecationWarning(),
            "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise inversion of the underlying int object and is usually not what you expect from the negation of a bool object. Use the 'not' operator for boolean negation or ~int(x) for the bitwise inversion of the underlying int.",
            1,
        )?;
        Ok(arith::int_invert(&self.base))
    }

    #[slot]
    fn nb_and(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        bit_op(a, b, |x, y| x & y, arith::int_and)
    }

    #[slot]
    fn nb_xor(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        bit_op(a, b, |x, y| x ^ y, arith::int_xor)
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        bit_op(a, b, |x, y| x | y, arith::int_or)
    }
}
