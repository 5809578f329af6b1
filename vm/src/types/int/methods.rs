//! The Python face of `int`: slots, methods, attributes.

use super::PyInt;
use super::arith;
use super::convert::{self, ByteOrder, ToBytesError};
use super::power;
use crate::err::PyResult;
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass, PyStruct, Ref};
use crate::object::slots::CompareOp;
use crate::object::typeobj::PyTypeObject;
use crate::protocol;
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::float::PyFloat;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use crate::types::type_::lookup::lookup;
use rpy_derive::pymethods;

/// Both operands as ints, or `return NotImplemented`.
macro_rules! both {
    ($a:expr, $b:expr) => {
        match ($a.downcast_ref::<PyInt>(), $b.downcast_ref::<PyInt>()) {
            (Some(a), Some(b)) => (a, b),
            _ => return Ok(crate::not_implemented()),
        }
    };
}

#[pymethods]
impl PyInt {
    #[pynew(sig = "(x=0, /, base=10)", vectorcall)]
    fn py_new(cls: &PyTypeObject, x: Option<&PyObject>, base: Option<&PyObject>) -> PyResult<ObjRef> {
        let value = new_value(x, base)?;
        if core::ptr::eq(cls, PyInt::type_object()) {
            return Ok(value.into_obj());
        }
        value.copy_to_type(cls)
    }

    #[slot]
    unsafe extern "C-unwind" fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: called by the object's destruction.
        unsafe { PyInt::dealloc(object) }
    }

    // ---- slots ----

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        self.to_str()
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        Ok(arith::int_hash(self))
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        match other.downcast_ref::<PyInt>() {
            Some(other) => Ok(crate::py_bool(arith::int_compare(self, other, op))),
            None => Ok(crate::not_implemented()),
        }
    }

    #[slot]
    fn nb_add(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        Ok(arith::int_add(a, b))
    }

    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        Ok(arith::int_sub(a, b))
    }

    #[slot]
    fn nb_multiply(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        Ok(arith::int_mul(a, b))
    }

    #[slot]
    fn nb_remainder(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        arith::int_mod(a, b)
    }

    #[slot]
    fn nb_divmod(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        let (q, r) = arith::int_divmod(a, b)?;
        Ok(PyTuple::from_array([q.into_obj(), r.into_obj()]).into_obj())
    }

    #[slot]
    fn nb_power(a: &PyObject, b: &PyObject, c: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        if crate::is_none(c) {
            return power::int_pow(a, b, None);
        }
        match c.downcast_ref::<PyInt>() {
            Some(c) => power::int_pow(a, b, Some(c)),
            None => Ok(crate::not_implemented()),
        }
    }

    #[slot]
    fn nb_negative(&self) -> PyResult<ObjRef> {
        Ok(arith::int_neg(self))
    }

    #[slot]
    fn nb_positive(&self) -> PyResult<ObjRef> {
        Ok(self.to_exact().into_obj())
    }

    #[slot]
    fn nb_absolute(&self) -> PyResult<ObjRef> {
        Ok(arith::int_abs(self))
    }

    #[slot]
    fn nb_bool(&self) -> PyResult<bool> {
        Ok(!self.is_zero())
    }

    #[slot]
    fn nb_invert(&self) -> PyResult<ObjRef> {
        Ok(arith::int_invert(self))
    }

    #[slot]
    fn nb_lshift(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        arith::int_lshift(a, b)
    }

    #[slot]
    fn nb_rshift(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        arith::int_rshift(a, b)
    }

    #[slot]
    fn nb_and(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        Ok(arith::int_and(a, b))
    }

    #[slot]
    fn nb_xor(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        Ok(arith::int_xor(a, b))
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        Ok(arith::int_or(a, b))
    }

    #[slot]
    fn nb_int(&self) -> PyResult<ObjRef> {
        Ok(self.to_exact().into_obj())
    }

    #[slot]
    fn nb_float(&self) -> PyResult<ObjRef> {
        Ok(PyFloat::new(convert::int_to_f64(self)?).into_obj())
    }

    #[slot]
    fn nb_floor_divide(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        arith::int_floordiv(a, b)
    }

    #[slot]
    fn nb_true_divide(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = both!(a, b);
        Ok(PyFloat::new(convert::int_true_div(a, b)?).into_obj())
    }

    #[slot]
    fn nb_index(&self) -> PyResult<ObjRef> {
        Ok(self.to_exact().into_obj())
    }

    // ---- methods ----

    /// Returns self, the complex conjugate of any int.
    #[pymethod]
    fn conjugate(&self) -> Ref<PyInt> {
        self.to_exact()
    }

    /// Number of bits necessary to represent self in binary.
    ///
    /// >>> bin(37)
    /// '0b100101'
    /// >>> (37).bit_length()
    /// 6
    #[pymethod(name = "bit_length")]
    fn py_bit_length(&self) -> u64 {
        self.bit_length()
    }

    /// Number of ones in the binary representation of the absolute value of self.
    ///
    /// Also known as the population count.
    ///
    /// >>> bin(13)
    /// '0b1101'
    /// >>> (13).bit_count()
    /// 3
    #[pymethod]
    fn bit_count(&self) -> u64 {
        self.digits().iter().map(|d| d.count_ones() as u64).sum()
    }

    /// Return an array of bytes representing an integer.
    ///
    ///   length
    ///     Length of bytes object to use.  An OverflowError is raised if the
    ///     integer is not representable with the given number of bytes.  Default
    ///     is length 1.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is 'big',
    ///     the most significant byte is at the beginning of the byte array.  If
    ///     byteorder is 'little', the most significant byte is at the end of the
    ///     byte array.  To request the native byte order of the host system, use
    ///     sys.byteorder as the byte order value.  Default is to use 'big'.
    ///   signed
    ///     Determines whether two's complement is used to represent the integer.
    ///     If signed is False and a negative integer is given, an OverflowError
    ///     is raised.
    #[pymethod(sig = "($self, /, length=1, byteorder='big', *, signed=False)")]
    fn to_bytes(
        &self,
        length: Option<isize>,
        byteorder: Option<&PyStr>,
        signed: Option<bool>,
    ) -> PyResult<Ref<PyBytes>> {
        let order = byte_order(byteorder)?;
        let length = usize::try_from(length.unwrap_or(1))
            .map_err(|_| exc::value_error("length argument must be non-negative"))?;
        let mut out: Vec<u8> = Vec::new();
        out.try_reserve_exact(length).map_err(|_| exc::memory_error())?;
        out.resize(length, 0);
        match convert::int_to_bytes(self, &mut out, order, signed.unwrap_or(false)) {
            Ok(()) => Ok(PyBytes::from_vec(out)),
            Err(ToBytesError::Negative) => Err(exc::overflow_error("can't convert negative int to unsigned")),
            Err(ToBytesError::TooBig) => Err(exc::overflow_error("int too big to convert")),
        }
    }

    /// Return the integer represented by the given array of bytes.
    ///
    ///   bytes
    ///     Holds the array of bytes to convert.  The argument must either
    ///     support the buffer protocol or be an iterable object producing bytes.
    ///     Bytes and bytearray are examples of built-in objects that support the
    ///     buffer protocol.
    ///   byteorder
    ///     The byte order used to represent the integer.  If byteorder is 'big',
    ///     the most significant byte is at the beginning of the byte array.  If
    ///     byteorder is 'little', the most significant byte is at the end of the
    ///     byte array.  To request the native byte order of the host system, use
    ///     sys.byteorder as the byte order value.  Default is to use 'big'.
    ///   signed
    ///     Indicates whether two's complement is used to represent the integer.
    #[pyclassmethod(sig = "($type, /, bytes, byteorder='big', *, signed=False)")]
    fn from_bytes(
        cls: &PyTypeObject,
        bytes: &PyObject,
        byteorder: Option<&PyStr>,
        signed: Option<bool>,
    ) -> PyResult<ObjRef> {
        let order = byte_order(byteorder)?;
        let signed = signed.unwrap_or(false);
        let value = match bytes.downcast_exact::<PyBytes>() {
            Some(bytes) => convert::int_from_bytes(bytes.as_bytes(), order, signed)?,
            None => {
                let bytes = bytes_of(bytes)?;
                convert::int_from_bytes(bytes.as_bytes(), order, signed)?
            }
        };
        if core::ptr::eq(cls, PyInt::type_object()) {
            return Ok(value.into_obj());
        }
        protocol::call::call_one(cls.as_object(), value.as_object())
    }

    /// Return a pair of integers, whose ratio is equal to the original int.
    ///
    /// The ratio is in lowest terms and has a positive denominator.
    ///
    /// >>> (10).as_integer_ratio()
    /// (10, 1)
    /// >>> (-10).as_integer_ratio()
    /// (-10, 1)
    /// >>> (0).as_integer_ratio()
    /// (0, 1)
    #[pymethod]
    fn as_integer_ratio(&self) -> Ref<PyTuple> {
        PyTuple::from_array([self.to_exact().into_obj(), PyInt::one().into_obj()])
    }

    /// Returns True. Exists for duck type compatibility with float.is_integer.
    #[pymethod]
    fn is_integer(&self) -> bool {
        true
    }

    /// Truncating an Integral returns itself.
    #[pymethod]
    fn __trunc__(&self) -> Ref<PyInt> {
        self.to_exact()
    }

    /// Flooring an Integral returns itself.
    #[pymethod]
    fn __floor__(&self) -> Ref<PyInt> {
        self.to_exact()
    }

    /// Ceiling of an Integral returns itself.
    #[pymethod]
    fn __ceil__(&self) -> Ref<PyInt> {
        self.to_exact()
    }

    /// Rounding an Integral returns itself.
    ///
    /// Rounding with an ndigits argument also returns an integer.
    #[pymethod(sig = "($self, ndigits=None, /)")]
    fn __round__(&self, ndigits: Option<&PyObject>) -> PyResult<Ref<PyInt>> {
        let Some(ndigits) = ndigits else {
            return Ok(self.to_exact());
        };
        let ndigits = protocol::number::index(ndigits)?;
        if !ndigits.is_negative() {
            return Ok(self.to_exact());
        }
        // round(m * 10**n, -n): take the distance to the nearest multiple away.
        let places = arith::int_neg(&ndigits);
        // SAFETY: the negative of an int is an int.
        let places: Ref<PyInt> = unsafe { places.cast_unchecked() };
        // A power of ten with more digits than the number: the nearest multiple is zero.
        if places.as_u64().is_none_or(|p| p > self.bit_length() / 3 + 2) {
            return Ok(PyInt::zero());
        }
        let unit = power::int_pow(PyInt::small_ref(10), &places, None)?;
        // SAFETY: a power with a positive exponent is an int.
        let unit: Ref<PyInt> = unsafe { unit.cast_unchecked() };
        let (_, rest) = arith::int_divmod_near(self, &unit)?;
        // SAFETY: the difference of ints is an int.
        Ok(unsafe { arith::int_sub(self, &rest).cast_unchecked() })
    }

    #[pymethod]
    fn __getnewargs__(&self) -> Ref<PyTuple> {
        PyTuple::from_array([self.copy().into_obj()])
    }

    /// Convert to a string according to format_spec.
    #[pymethod]
    fn __format__(&self, format_spec: &PyStr) -> PyResult<Ref<PyStr>> {
        crate::types::str::format_spec::format_int(self, format_spec)
    }

    /// Returns size in memory, in bytes.
    #[pymethod]
    fn __sizeof__(&self) -> usize {
        24 + 4 * self.digit_count().max(1)
    }

    /// the real part of a complex number
    #[pygetset]
    fn real(&self) -> Ref<PyInt> {
        self.to_exact()
    }

    /// the imaginary part of a complex number
    #[pygetset]
    fn imag(&self) -> Ref<PyInt> {
        PyInt::zero()
    }

    /// the numerator of a rational number in lowest terms
    #[pygetset]
    fn numerator(&self) -> Ref<PyInt> {
        self.to_exact()
    }

    /// the denominator of a rational number in lowest terms
    #[pygetset]
    fn denominator(&self) -> Ref<PyInt> {
        PyInt::one()
    }
}

/// The value `int(x, base)` stands for, exactly an int.
fn new_value(x: Option<&PyObject>, base: Option<&PyObject>) -> PyResult<Ref<PyInt>> {
    let Some(x) = x else {
        return if base.is_some() { Err(exc::type_error("int() missing string argument")) } else { Ok(PyInt::zero()) };
    };
    let Some(base) = base else {
        return PyInt::from_object(x);
    };
    let base = protocol::number::index(base)?;
    // A base out of any range is as wrong as 37.
    let base = base.as_i64().filter(|&b| b == 0 || (2..=36).contains(&b));
    let Some(base) = base else {
        return Err(exc::value_error("int() base must be >= 2 and <= 36, or 0"));
    };
    if let Some(text) = x.downcast_ref::<PyStr>() {
        return PyInt::from_str(text, base);
    }
    if let Some(bytes) = x.downcast_ref::<PyBytes>() {
        return PyInt::from_text_bytes(bytes.as_bytes(), base, x);
    }
    if let Some(bytes) = x.downcast_ref::<PyByteArray>() {
        let copy = PyBytes::new(bytes.as_bytes());
        return PyInt::from_text_bytes(copy.as_bytes(), base, x);
    }
    Err(exc::type_error("int() can't convert non-string with explicit base"))
}

fn byte_order(name: Option<&PyStr>) -> PyResult<ByteOrder> {
    match name {
        None => Ok(ByteOrder::Big),
        Some(name) if name.eq_str("little") => Ok(ByteOrder::Little),
        Some(name) if name.eq_str("big") => Ok(ByteOrder::Big),
        Some(_) => Err(exc::value_error("byteorder must be either 'little' or 'big'")),
    }
}

/// `PyObject_Bytes`: the `bytes` constructor without its reading of ints as lengths and of strings.
fn bytes_of(object: &PyObject) -> PyResult<Ref<PyBytes>> {
    let has_own = lookup(object.ty(), crate::intern!("__bytes__")).is_some();
    if !has_own && (PyStr::check(object) || object.ty().as_number().is_some_and(|n| n.nb_index.get().is_some())) {
        return Err(exc::type_error(format!("cannot convert '{}' object to bytes", object.ty().name())));
    }
    let bytes = protocol::call::call_one(PyBytes::type_object().as_object(), object)?;
    bytes.downcast::<PyBytes>().map_err(|_| exc::type_error("__bytes__ returned non-bytes"))
}
