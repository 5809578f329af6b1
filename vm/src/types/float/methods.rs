//! The Python face of `float`: slots, methods, attributes.

use super::PyFloat;
use super::ops;
use super::text;
use crate::err::PyResult;
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass, PyStruct, Ref};
use crate::object::slots::CompareOp;
use crate::object::typeobj::PyTypeObject;
use crate::protocol;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::pymethods;
use rustpython_common::float_ops::HexFloatError;

/// Both operands as doubles, or `return NotImplemented`.
macro_rules! both {
    ($a:expr, $b:expr) => {
        match (ops::as_operand($a)?, ops::as_operand($b)?) {
            (Some(x), Some(y)) => (x, y),
            _ => return Ok(crate::not_implemented()),
        }
    };
}

#[inline(always)]
fn boxed(value: f64) -> ObjRef {
    PyFloat::new(value).into_obj()
}

#[pymethods]
impl PyFloat {
    #[pynew(sig = "(x=0, /)", vectorcall)]
    fn py_new(cls: &PyTypeObject, x: Option<&PyObject>) -> PyResult<ObjRef> {
        let value = match x {
            None => 0.0,
            Some(x) => {
                if core::ptr::eq(cls, PyFloat::type_object()) && PyFloat::check_exact(x) {
                    return Ok(x.new_ref());
                }
                protocol::number::to_float(x)?
            }
        };
        PyFloat::new_in_type(cls, value)
    }

    #[slot]
    unsafe extern "C-unwind" fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: called by the object's destruction.
        unsafe { PyFloat::dealloc(object) }
    }

    // ---- slots ----

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        Ok(text::float_repr(self.value()))
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        Ok(ops::hash_double_of(self.as_object(), self.value()))
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        match ops::float_compare(self.value(), other, op) {
            Some(result) => Ok(crate::py_bool(result)),
            None => Ok(crate::not_implemented()),
        }
    }

    #[slot]
    fn nb_add(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (x, y) = both!(a, b);
        Ok(boxed(x + y))
    }

    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (x, y) = both!(a, b);
        Ok(boxed(x - y))
    }

    #[slot]
    fn nb_multiply(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (x, y) = both!(a, b);
        Ok(boxed(x * y))
    }

    #[slot]
    fn nb_remainder(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (x, y) = both!(a, b);
        ops::float_mod(x, y).map(boxed)
    }

    #[slot]
    fn nb_divmod(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (x, y) = both!(a, b);
        let (quotient, rest) = ops::float_divmod(x, y)?;
        Ok(PyTuple::from_array([boxed(quotient), boxed(rest)]).into_obj())
    }

    #[slot]
    fn nb_power(a: &PyObject, b: &PyObject, c: &PyObject) -> PyResult<ObjRef> {
        if !crate::is_none(c) {
            return Err(exc::type_error("pow() 3rd argument not allowed unless all arguments are integers"));
        }
        let (x, y) = both!(a, b);
        ops::float_pow(x, y)
    }

    #[slot]
    fn nb_negative(&self) -> PyResult<ObjRef> {
        Ok(boxed(-self.value()))
    }

    #[slot]
    fn nb_positive(&self) -> PyResult<ObjRef> {
        Ok(self.to_exact().into_obj())
    }

    #[slot]
    fn nb_absolute(&self) -> PyResult<ObjRef> {
        Ok(boxed(self.value().abs()))
    }

    #[slot]
    fn nb_bool(&self) -> PyResult<bool> {
        Ok(self.value() != 0.0)
    }

    #[slot]
    fn nb_int(&self) -> PyResult<ObjRef> {
        Ok(PyInt::from_f64_trunc(self.value())?.into_obj())
    }

    #[slot]
    fn nb_float(&self) -> PyResult<ObjRef> {
        Ok(self.to_exact().into_obj())
    }

    #[slot]
    fn nb_floor_divide(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (x, y) = both!(a, b);
        ops::float_floordiv(x, y).map(boxed)
    }

    #[slot]
    fn nb_true_divide(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (x, y) = both!(a, b);
        ops::float_div(x, y).map(boxed)
    }

    // ---- methods ----

    /// Convert real number to a floating-point number.
    #[pyclassmethod]
    fn from_number(cls: &PyTypeObject, number: &PyObject) -> PyResult<ObjRef> {
        let exact = core::ptr::eq(cls, PyFloat::type_object());
        if exact && PyFloat::check_exact(number) {
            return Ok(number.new_ref());
        }
        let value = boxed(protocol::number::float(number)?);
        if exact { Ok(value) } else { protocol::call::call_one(cls.as_object(), &value) }
    }

    /// Return self, the complex conjugate of any float.
    #[pymethod]
    fn conjugate(&self) -> Ref<PyFloat> {
        self.to_exact()
    }

    /// Return the Integral closest to x between 0 and x.
    #[pymethod]
    fn __trunc__(&self) -> PyResult<Ref<PyInt>> {
        PyInt::from_f64_trunc(self.value())
    }

    /// Return the floor as an Integral.
    #[pymethod]
    fn __floor__(&self) -> PyResult<Ref<PyInt>> {
        PyInt::from_f64_trunc(self.value().floor())
    }

    /// Return the ceiling as an Integral.
    #[pymethod]
    fn __ceil__(&self) -> PyResult<Ref<PyInt>> {
        PyInt::from_f64_trunc(self.value().ceil())
    }

    /// Return the Integral closest to x, rounding half toward even.
    ///
    /// When an argument is passed, work like built-in round(x, ndigits).
    #[pymethod(sig = "($self, ndigits=None, /)")]
    fn __round__(&self, ndigits: Option<&PyObject>) -> PyResult<ObjRef> {
        let x = self.value();
        let Some(ndigits) = ndigits else {
            return Ok(PyInt::from_f64_trunc(ops::round_half_even(x))?.into_obj());
        };
        let ndigits = protocol::number::as_isize(ndigits, None)?;
        ops::float_round(x, ndigits as i64).map(boxed)
    }

    /// Return a pair of integers, whose ratio is exactly equal to the original float.
    ///
    /// The ratio is in lowest terms and has a positive denominator.  Raise
    /// OverflowError on infinities and a ValueError on NaNs.
    ///
    /// >>> (10.0).as_integer_ratio()
    /// (10, 1)
    /// >>> (0.0).as_integer_ratio()
    /// (0, 1)
    /// >>> (-.25).as_integer_ratio()
    /// (-1, 4)
    #[pymethod]
    fn as_integer_ratio(&self) -> PyResult<Ref<PyTuple>> {
        let x = self.value();
        if x.is_infinite() {
            return Err(exc::overflow_error("cannot convert Infinity to integer ratio"));
        }
        if x.is_nan() {
            return Err(exc::value_error("cannot convert NaN to integer ratio"));
        }
        let (numerator, denominator) = ops::float_ratio(x);
        Ok(PyTuple::from_array([numerator.into_obj(), denominator.into_obj()]))
    }

    /// Create a floating-point number from a hexadecimal string.
    ///
    /// >>> float.fromhex('0x1.ffffp10')
    /// 2047.984375
    /// >>> float.fromhex('-0x1p-1074')
    /// -5e-324
    #[pyclassmethod(sig = "($type, string, /)")]
    fn fromhex(cls: &PyTypeObject, string: &PyObject) -> PyResult<ObjRef> {
        let Some(string) = string.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("bad argument type for built-in operation"));
        };
        let value = rustpython_common::float_ops::from_hex(string.as_utf8()?).map_err(|e| match e {
            HexFloatError::Invalid => exc::value_error("invalid hexadecimal floating-point string"),
            HexFloatError::TooLong => exc::value_error("hexadecimal string too long to convert"),
            HexFloatError::Overflow => exc::overflow_error("hexadecimal value too large to represent as a float"),
        })?;
        if core::ptr::eq(cls, PyFloat::type_object()) {
            return Ok(boxed(value));
        }
        protocol::call::call_one(cls.as_object(), &boxed(value))
    }

    /// Return a hexadecimal representation of a floating-point number.
    ///
    /// >>> (-0.1).hex()
    /// '-0x1.999999999999ap-4'
    /// >>> 3.14159.hex()
    /// '0x1.921f9f01b866ep+1'
    #[pymethod]
    fn hex(&self) -> String {
        text::float_hex(self.value())
    }

    /// Return True if the float is an integer.
    #[pymethod]
    fn is_integer(&self) -> bool {
        let x = self.value();
        x.is_finite() && x.floor() == x
    }

    #[pymethod]
    fn __getnewargs__(&self) -> Ref<PyTuple> {
        PyTuple::from_array([boxed(self.value())])
    }

    /// You probably don't want to use this function.
    ///
    ///   typestr
    ///     Must be 'double' or 'float'.
    ///
    /// It exists mainly to be used in Python's test suite.
    ///
    /// This function returns whichever of 'unknown', 'IEEE, big-endian' or 'IEEE,
    /// little-endian' best describes the format of floating-point numbers used by the
    /// C type named by typestr.
    #[pyclassmethod(sig = "($type, typestr, /)")]
    fn __getformat__(_cls: &PyTypeObject, typestr: &PyStr) -> PyResult<&'static str> {
        if typestr.eq_str("double") || typestr.eq_str("float") {
            Ok(if cfg!(target_endian = "little") { "IEEE, little-endian" } else { "IEEE, big-endian" })
        } else {
            Err(exc::value_error("__getformat__() argument 1 must be 'double' or 'float'"))
        }
    }

    /// Formats the float according to format_spec.
    #[pymethod]
    fn __format__(&self, format_spec: &PyStr) -> PyResult<Ref<PyStr>> {
        crate::types::str::format_spec::format_float(self.as_object(), self.value(), format_spec)
    }

    /// the real part of a complex number
    #[pygetset]
    fn real(&self) -> Ref<PyFloat> {
        self.to_exact()
    }

    /// the imaginary part of a complex number
    #[pygetset]
    fn imag(&self) -> Ref<PyFloat> {
        PyFloat::new(0.0)
    }
}
