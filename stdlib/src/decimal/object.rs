//! `decimal.Decimal`.

use core::cell::Cell;
use core::cmp::Ordering;

use num_bigint::BigUint;
use num_traits::ToPrimitive;
use rpy_vm::object::alloc::{free_pooled, new_in, new_pooled};
use rpy_vm::object::dealloc::dealloc_rust;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::complex::PyComplex;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{
    ObjRef, OptRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, not_implemented, py_bool,
    pyclass, pymethods,
};

use super::coefficient::Coefficient;
use super::context::{PyDecimalContext, rounding_arg};
use super::convert::{self, Operand, operand, required, short};
use super::current::{context_or_current, current, environment};
use super::environment::condition::*;
use super::environment::{Environment, Rounding};
use super::format;
use super::number::{Kind, Number};
use super::short::Short;
use crate::support::int;

/// Construct a new Decimal object. 'value' can be an integer, string, tuple,
/// or another Decimal object. If no value is given, return Decimal('0'). The
/// context does not affect the conversion and is only passed to determine if
/// the InvalidOperation trap is active.
#[pyclass(name = "Decimal", module = "decimal", flags(BASETYPE), dealloc = PyDecimal::dealloc)]
#[repr(C)]
pub struct PyDecimal {
    ob_base: PyObject,
    /// -1 if not computed yet.
    hash: Cell<isize>,
    number: Number,
}

/// `decimal.DecimalTuple`.
pub static DECIMAL_TUPLE: OptRef = OptRef::NULL;

/// 2^61 - 1, modulo which numbers are hashed.
const HASH_MODULUS: u64 = (1 << 61) - 1;
/// The inverse of ten.
const INVERSE_OF_TEN: u64 = 2_075_258_708_292_324_556;
const HASH_INFINITY: isize = 314_159;

impl PyDecimal {
    /// A new decimal.
    #[inline]
    pub fn make(number: Number) -> ObjRef {
        new_pooled(PyDecimal { ob_base: PyObject::placeholder(), hash: Cell::new(-1), number }).into_obj()
    }

    /// The `tp_dealloc` of `Decimal`.
    ///
    /// # Safety
    /// `object` is a dead decimal (or an instance of a subtype whose own dealloc ends here).
    unsafe extern "C-unwind" fn dealloc(object: *mut PyObject) {
        // SAFETY: the caller's promise; the memory of decimals proper comes from `new_pooled`.
        unsafe {
            if core::ptr::eq((*object).ob_type.get(), PyDecimal::type_object()) {
                free_pooled(object as *mut PyDecimal);
            } else {
                dealloc_rust::<PyDecimal>(object);
            }
        }
    }

    fn make_in(cls: &PyTypeObject, number: Number) -> PyResult<ObjRef> {
        Ok(new_in(cls, PyDecimal { ob_base: PyObject::placeholder(), hash: Cell::new(-1), number })?.into_obj())
    }

    #[inline]
    pub fn number(&self) -> &Number {
        &self.number
    }

    fn binary(
        &self,
        other: &PyObject,
        context: Option<&PyObject>,
        f: impl FnOnce(&mut Environment, &Number, &Number) -> Number,
    ) -> PyResult<ObjRef> {
        let context = context_or_current(context)?;
        let other = required(other)?;
        context.run(|env| f(env, &self.number, &other))
    }

    fn whole(&self, rounding: Rounding) -> PyResult<ObjRef> {
        let mut environment = Environment::maximal();
        environment.rounding = rounding;
        convert::to_int(&self.number, &mut environment)
    }

    fn integral(&self, rounding: Option<&PyObject>, context: Option<&PyObject>, flagged: bool) -> PyResult<ObjRef> {
        let context = context_or_current(context)?;
        let rounding = rounding.map(rounding_arg).transpose()?;
        context.run(|env| {
            env.rounding = rounding.unwrap_or(env.rounding);
            env.to_integral(&self.number, flagged)
        })
    }

    fn hash_value(&self) -> PyResult<isize> {
        let n = &self.number;
        match n.kind {
            Kind::Signaling => return Err(exc::type_error("Cannot hash a signaling NaN value")),
            Kind::Quiet => return Ok(rpy_vm::types::float::ops::hash_pointer(self.as_object().as_ptr() as usize)),
            Kind::Infinite => return Ok(if n.negative { -HASH_INFINITY } else { HASH_INFINITY }),
            Kind::Finite => {}
        }
        let multiply = |a: u64, b: u64| (u128::from(a) * u128::from(b) % u128::from(HASH_MODULUS)) as u64;
        let mut factor = if n.exponent < 0 { INVERSE_OF_TEN } else { 10 };
        let mut count = n.exponent.unsigned_abs();
        let mut result = match &n.coefficient {
            Coefficient::Small(v) => (v % u128::from(HASH_MODULUS)) as u64,
            Coefficient::Big(v) => (&**v % BigUint::from(HASH_MODULUS)).to_u64().unwrap_or(0),
        };
        while count > 0 {
            if count & 1 == 1 {
                result = multiply(result, factor);
            }
            factor = multiply(factor, factor);
            count >>= 1;
        }
        let value = if n.negative { -(result as isize) } else { result as isize };
        Ok(if value == -1 { -2 } else { value })
    }
}

/// A binary operator.
#[inline(never)]
fn operator(
    a: &PyObject,
    b: &PyObject,
    f: impl FnOnce(&mut Environment, &Number, &Number) -> Number,
) -> PyResult<ObjRef> {
    let (Some(x), Some(y)) = (operand(a), operand(b)) else { return Ok(not_implemented()) };
    current()?.run(|env| f(env, &x, &y))
}

/// A binary operator that has a short way for short numbers.
#[inline(always)]
fn short_operator(
    a: &PyObject,
    b: &PyObject,
    quick: impl FnOnce(&Environment, Short, Short) -> Option<Number>,
    f: impl FnOnce(&mut Environment, &Number, &Number) -> Number,
) -> PyResult<ObjRef> {
    if let (Some(x), Some(y)) = (short(a), short(b))
        && let Some(result) = quick(&environment()?, x, y)
    {
        return Ok(PyDecimal::make(result));
    }
    operator(a, b, f)
}

/// The other side of a comparison, and what this side is to be multiplied with.
fn comparand<'a>(
    other: &'a PyObject,
    equality: bool,
    context: &PyDecimalContext,
) -> PyResult<Option<(Operand<'a>, Option<Number>)>> {
    if let Some(operand) = operand(other) {
        return Ok(Some((operand, None)));
    }
    let float = match (other.downcast_ref::<PyFloat>(), other.downcast_ref::<PyComplex>()) {
        (Some(float), _) => Some(float.value()),
        (None, Some(complex)) if equality && complex.imag() == 0.0 => Some(complex.real()),
        (None, Some(_)) => return Ok(None),
        _ => None,
    };
    if let Some(value) = float {
        if equality {
            context.note(FLOAT_OPERATION);
        } else {
            context.raise(FLOAT_OPERATION)?;
        }
        return Ok(Some((Operand::Owned(convert::of_float(value)), None)));
    }
    if other.downcast_ref::<PyStr>().is_some() {
        return Ok(None);
    }
    let numbers = rpy_vm::import::import_module("numbers")?;
    if !protocol::is_instance(other, &*protocol::getattr(&numbers, intern!("Rational"))?)? {
        return Ok(None);
    }
    let part = |name| -> PyResult<Number> {
        let part = protocol::getattr(other, name)?;
        match part.downcast_ref::<PyInt>() {
            Some(int) => Ok(convert::of_int(int)),
            None => Err(exc::type_error("numerator and denominator must be integers")),
        }
    };
    Ok(Some((Operand::Owned(part(intern!("numerator"))?), Some(part(intern!("denominator"))?))))
}

#[pymethods]
impl PyDecimal {
    #[pynew(sig = "(value='0', context=None)", vectorcall)]
    fn py_new(cls: &PyTypeObject, value: Option<&PyObject>, context: Option<&PyObject>) -> PyResult<ObjRef> {
        let context = context_or_current(context)?;
        let Some(value) = value else { return PyDecimal::make_in(cls, Number::zero(false, 0)) };
        if value.downcast_exact::<PyDecimal>().is_some() && core::ptr::eq(cls, PyDecimal::type_object()) {
            return Ok(value.new_ref());
        }
        PyDecimal::make_in(cls, convert::of_object(value, &context)?)
    }

    /// Class method that converts a float to a decimal number, exactly.
    #[pyclassmethod(sig = "(f, /)")]
    fn from_float(cls: &PyTypeObject, f: &PyObject) -> PyResult<ObjRef> {
        let number = match (f.downcast_ref::<PyFloat>(), f.downcast_ref::<PyInt>()) {
            (Some(float), _) => convert::of_float(float.value()),
            (None, Some(int)) => convert::of_int(int),
            _ => return Err(exc::type_error("argument must be int or float")),
        };
        from_exact(cls, number)
    }
    /// Class method that converts a real number to a decimal number, exactly.
    #[pyclassmethod(sig = "(number, /)")]
    fn from_number(cls: &PyTypeObject, number: &PyObject) -> PyResult<ObjRef> {
        if let Some(float) = number.downcast_ref::<PyFloat>() {
            return from_exact(cls, convert::of_float(float.value()));
        }
        match operand(number) {
            Some(n) => from_exact(cls, n.clone()),
            None => Err(exc::type_error("Cannot convert the argument to Decimal")),
        }
    }

    // ---- operators ----

    #[slot]
    fn nb_add(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        short_operator(a, b, Environment::short_sum, Environment::add)
    }
    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        short_operator(a, b, Environment::short_difference, Environment::subtract)
    }
    #[slot]
    fn nb_multiply(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        short_operator(a, b, Environment::short_product, Environment::multiply)
    }
    #[slot]
    fn nb_true_divide(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator(a, b, |env, x, y| env.divide(x, y))
    }
    #[slot]
    fn nb_floor_divide(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator(a, b, |env, x, y| env.divide_to_integer(x, y))
    }
    #[slot]
    fn nb_remainder(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        operator(a, b, |env, x, y| env.remainder(x, y))
    }
    #[slot]
    fn nb_divmod(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (Some(x), Some(y)) = (operand(a), operand(b)) else { return Ok(not_implemented()) };
        current()?.run_pair(|env| env.divmod(&x, &y))
    }
    #[slot]
    fn nb_power(a: &PyObject, b: &PyObject, c: &PyObject) -> PyResult<ObjRef> {
        let (Some(x), Some(y)) = (operand(a), operand(b)) else { return Ok(not_implemented()) };
        if rpy_vm::is_none(c) {
            return current()?.run(|env| env.power(&x, &y));
        }
        let Some(z) = operand(c) else { return Ok(not_implemented()) };
        current()?.run(|env| env.power_modulo(&x, &y, &z))
    }
    #[slot]
    fn nb_negative(&self) -> PyResult<ObjRef> {
        current()?.run(|env| env.minus(&self.number))
    }
    #[slot]
    fn nb_positive(&self) -> PyResult<ObjRef> {
        current()?.run(|env| env.plus(&self.number))
    }
    #[slot]
    fn nb_absolute(&self) -> PyResult<ObjRef> {
        current()?.run(|env| env.absolute(&self.number))
    }
    #[slot]
    fn nb_bool(&self) -> bool {
        !self.number.is_zero()
    }
    #[slot]
    fn nb_int(&self) -> PyResult<ObjRef> {
        self.whole(Rounding::Down)
    }
    #[slot]
    fn nb_float(&self) -> PyResult<f64> {
        let n = &self.number;
        match n.kind {
            Kind::Signaling => Err(exc::value_error("cannot convert signaling NaN to float")),
            Kind::Quiet => Ok(if n.negative { -f64::NAN } else { f64::NAN }),
            Kind::Infinite => Ok(if n.negative { f64::NEG_INFINITY } else { f64::INFINITY }),
            Kind::Finite => Ok(n.text(false, true).parse().unwrap_or(f64::NAN)),
        }
    }
    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        let context = current()?;
        let Some((theirs, factor)) = comparand(other, equality, &context)? else { return Ok(not_implemented()) };
        let ours = &self.number;
        if ours.is_nan() || theirs.is_nan() {
            if !equality || ours.kind == Kind::Signaling || theirs.kind == Kind::Signaling {
                context.raise(INVALID_OPERATION)?;
            }
            return Ok(py_bool(op == CompareOp::Ne));
        }
        let order = match factor {
            Some(factor) if ours.is_finite() => {
                let scaled = Number::finite(ours.negative, ours.coefficient.times(&factor.coefficient), ours.exponent);
                scaled.compare(&theirs)
            }
            _ => ours.compare(&theirs),
        };
        Ok(py_bool(match op {
            CompareOp::Eq => order == Ordering::Equal,
            CompareOp::Ne => order != Ordering::Equal,
            CompareOp::Lt => order == Ordering::Less,
            CompareOp::Le => order != Ordering::Greater,
            CompareOp::Gt => order == Ordering::Greater,
            CompareOp::Ge => order != Ordering::Less,
        }))
    }
    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        if self.hash.get() == -1 {
            self.hash.set(self.hash_value()?);
        }
        Ok(self.hash.get())
    }
    #[slot]
    fn tp_str(&self) -> PyResult<Ref<PyStr>> {
        if let Some(plain) =
            Short::of(&self.number).and_then(|short| short.text(&mut [0; 32]).map(PyStr::try_from_latin1))
        {
            return plain;
        }
        Ok(PyStr::from_string(self.number.text(false, current()?.capitals())))
    }
    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        Ok(format!("Decimal('{}')", self.number.text(false, current()?.capitals())))
    }

    // ---- conversions ----

    #[pymethod(name = "__format__", sig = "($self, format_spec, override=None, /)")]
    fn py_format(&self, format_spec: &PyObject, given: Option<&PyObject>) -> PyResult<ObjRef> {
        format::format(&self.number, format_spec, given)
    }
    #[pymethod(name = "__round__", sig = "($self, ndigits=None, /)")]
    fn round(&self, ndigits: Option<&PyObject>) -> PyResult<ObjRef> {
        let Some(ndigits) = ndigits else { return self.whole(Rounding::HalfEven) };
        let Some(places) = ndigits.downcast_ref::<PyInt>() else {
            return Err(exc::type_error("optional arg must be an integer"));
        };
        let places =
            places.as_i64().ok_or_else(|| exc::overflow_error("Python int too large to convert to C ssize_t"))?;
        let unit = Number::finite(false, Coefficient::ONE, places.saturating_neg());
        current()?.run(|env| env.quantize(&self.number, &unit))
    }
    #[pymethod(name = "__trunc__")]
    fn trunc(&self) -> PyResult<ObjRef> {
        self.whole(Rounding::Down)
    }
    #[pymethod(name = "__floor__")]
    fn floor(&self) -> PyResult<ObjRef> {
        self.whole(Rounding::Floor)
    }
    #[pymethod(name = "__ceil__")]
    fn ceil(&self) -> PyResult<ObjRef> {
        self.whole(Rounding::Ceiling)
    }
    #[pymethod(name = "__complex__")]
    fn complex(&self) -> PyResult<ObjRef> {
        Ok(PyComplex::new(self.nb_float()?, 0.0).into_obj())
    }
    #[pymethod(name = "__copy__")]
    fn copy(&self) -> ObjRef {
        self.as_object().new_ref()
    }
    #[pymethod(name = "__deepcopy__", sig = "($self, memo, /)")]
    fn deepcopy(&self, _memo: &PyObject) -> ObjRef {
        self.as_object().new_ref()
    }
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        let text = protocol::str(self.as_object())?;
        let args = PyTuple::from_array([text.into_obj()]);
        Ok(PyTuple::from_array([self.ob_base.ty().to_obj(), args.into_obj()]).into_obj())
    }
    #[pymethod(name = "__sizeof__")]
    fn sizeof(&self) -> usize {
        let long = match &self.number.coefficient {
            Coefficient::Small(_) => 0,
            Coefficient::Big(v) => size_of::<BigUint>() + v.bits().div_ceil(64) as usize * 8,
        };
        size_of::<PyDecimal>() + long
    }
    /// Return a tuple representation of the number.
    #[pymethod]
    fn as_tuple(&self) -> PyResult<ObjRef> {
        let n = &self.number;
        let digits: Vec<ObjRef> = match n.kind {
            Kind::Infinite => vec![int(0)],
            Kind::Quiet | Kind::Signaling if n.coefficient.is_zero() => Vec::new(),
            _ => n.coefficient.text().bytes().map(|d| int((d - b'0').into())).collect(),
        };
        let exponent = match n.kind {
            Kind::Finite => int(n.exponent),
            Kind::Infinite => PyStr::new("F").into_obj(),
            Kind::Quiet => PyStr::new("n").into_obj(),
            Kind::Signaling => PyStr::new("N").into_obj(),
        };
        let class = DECIMAL_TUPLE.get().ok_or_else(|| exc::runtime_error("the decimal module is not initialized"))?;
        call::call(&class, &[&int(n.negative.into()), PyTuple::new(digits).as_object(), &exponent])
    }
    /// Decimal.as_integer_ratio() -> (int, int)
    ///
    /// Return a pair of integers, whose ratio is exactly equal to the original
    /// Decimal and with a positive denominator. The ratio is in lowest terms.
    #[pymethod]
    fn as_integer_ratio(&self) -> PyResult<(ObjRef, ObjRef)> {
        convert::to_ratio(&self.number)
    }
    /// Convert to an engineering-type string.
    #[pymethod(sig = "($self, /, context=None)")]
    fn to_eng_string(&self, context: Option<&PyObject>) -> PyResult<String> {
        Ok(self.number.text(true, context_or_current(context)?.capitals()))
    }
    #[pygetset]
    fn real(&self) -> ObjRef {
        self.as_object().new_ref()
    }
    #[pygetset]
    fn imag(&self) -> ObjRef {
        PyDecimal::make(Number::zero(false, 0))
    }

    // ---- questions ----

    /// Return the adjusted exponent of the number.  Defined as exp + digits - 1.
    #[pymethod]
    fn adjusted(&self) -> i64 {
        if self.number.is_finite() { self.number.adjusted() } else { 0 }
    }
    /// Return the canonical encoding of the argument.
    #[pymethod]
    fn canonical(&self) -> ObjRef {
        self.as_object().new_ref()
    }
    /// Return self.
    #[pymethod]
    fn conjugate(&self) -> ObjRef {
        self.as_object().new_ref()
    }
    /// Return Decimal(10), the radix of the arithmetic.
    #[pymethod]
    fn radix(&self) -> ObjRef {
        PyDecimal::make(Number::integer(10))
    }
    /// Return True, the argument is canonical.
    #[pymethod]
    fn is_canonical(&self) -> bool {
        true
    }
    /// Return True if the argument is a finite number.
    #[pymethod]
    fn is_finite(&self) -> bool {
        self.number.is_finite()
    }
    /// Return True if the argument is an infinity.
    #[pymethod]
    fn is_infinite(&self) -> bool {
        self.number.is_infinite()
    }
    /// Return True if the argument is a (quiet or signaling) NaN.
    #[pymethod]
    fn is_nan(&self) -> bool {
        self.number.is_nan()
    }
    /// Return True if the argument is a quiet NaN.
    #[pymethod]
    fn is_qnan(&self) -> bool {
        self.number.kind == Kind::Quiet
    }
    /// Return True if the argument is a signaling NaN.
    #[pymethod]
    fn is_snan(&self) -> bool {
        self.number.kind == Kind::Signaling
    }
    /// Return True if the argument has a negative sign.
    #[pymethod]
    fn is_signed(&self) -> bool {
        self.number.negative
    }
    /// Return True if the argument is a (positive or negative) zero.
    #[pymethod]
    fn is_zero(&self) -> bool {
        self.number.is_zero()
    }
    /// Return True if the argument is a normal number.
    #[pymethod(sig = "($self, /, context=None)")]
    fn is_normal(&self, context: Option<&PyObject>) -> PyResult<bool> {
        Ok(context_or_current(context)?.environment().is_normal(&self.number))
    }
    /// Return True if the argument is subnormal.
    #[pymethod(sig = "($self, /, context=None)")]
    fn is_subnormal(&self, context: Option<&PyObject>) -> PyResult<bool> {
        Ok(context_or_current(context)?.environment().is_subnormal(&self.number))
    }
    /// Return a string describing the class of the operand.
    #[pymethod(sig = "($self, /, context=None)")]
    fn number_class(&self, context: Option<&PyObject>) -> PyResult<&'static str> {
        Ok(context_or_current(context)?.environment().class_of(&self.number))
    }

    // ---- operations ----

    /// Return the absolute value, without rounding.
    #[pymethod]
    fn copy_abs(&self) -> ObjRef {
        PyDecimal::make(self.number.clone().with_sign(false))
    }
    /// Return the negation, without rounding.
    #[pymethod]
    fn copy_negate(&self) -> ObjRef {
        PyDecimal::make(self.number.clone().with_sign(!self.number.negative))
    }
    /// Return self with the sign of other.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn copy_sign(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?;
        let other = required(other)?;
        Ok(PyDecimal::make(self.number.clone().with_sign(other.negative)))
    }
    /// Compare two operands using their abstract representation.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn compare_total(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |_, x, y| Number::integer(x.compare_total(y) as i64))
    }
    /// As compare_total(), of the absolute values.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn compare_total_mag(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |_, x, y| Number::integer(x.compare_total_magnitude(y) as i64))
    }
    /// Test whether self and other have the same exponent or both are NaN.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn same_quantum(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<bool> {
        context_or_current(context)?;
        Ok(same_quantum(&self.number, &*required(other)?))
    }
    /// Fused multiply-add: self*other+third with no rounding of the intermediate product.
    #[pymethod(sig = "($self, /, other, third, context=None)")]
    fn fma(&self, other: &PyObject, third: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        let context = context_or_current(context)?;
        let (other, third) = (required(other)?, required(third)?);
        context.run(|env| env.fma(&self.number, &other, &third))
    }
    /// Return a value equal to the first operand after rounding and having the exponent of the second.
    #[pymethod(sig = "($self, /, exp, rounding=None, context=None)")]
    fn quantize(&self, exp: &PyObject, rounding: Option<&PyObject>, context: Option<&PyObject>) -> PyResult<ObjRef> {
        let context = context_or_current(context)?;
        let rounding = rounding.map(rounding_arg).transpose()?;
        context.quantized(self.as_object(), exp, rounding)
    }
    /// Identical to to_integral_value().
    #[pymethod(sig = "($self, /, rounding=None, context=None)")]
    fn to_integral(&self, rounding: Option<&PyObject>, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.integral(rounding, context, false)
    }
    /// Round to the nearest integer without signaling Inexact or Rounded.
    #[pymethod(sig = "($self, /, rounding=None, context=None)")]
    fn to_integral_value(&self, rounding: Option<&PyObject>, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.integral(rounding, context, false)
    }
    /// Round to the nearest integer, signaling Inexact or Rounded as appropriate.
    #[pymethod(sig = "($self, /, rounding=None, context=None)")]
    fn to_integral_exact(&self, rounding: Option<&PyObject>, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.integral(rounding, context, true)
    }
    /// Return the value of the (natural) exponential function e**x.
    #[pymethod(sig = "($self, /, context=None)")]
    fn exp(&self, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?.run(|env| env.exponential(&self.number))
    }
    /// Return the natural (base e) logarithm of the operand.
    #[pymethod(sig = "($self, /, context=None)")]
    fn ln(&self, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?.run(|env| env.natural_log(&self.number))
    }
    /// Return the base ten logarithm of the operand.
    #[pymethod(sig = "($self, /, context=None)")]
    fn log10(&self, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?.run(|env| env.log10(&self.number))
    }
    /// Strip trailing zeros and convert any zero to Decimal('0e0').
    #[pymethod(sig = "($self, /, context=None)")]
    fn normalize(&self, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?.run(|env| env.reduce(&self.number))
    }
    /// Return the square root of the argument to full precision.
    #[pymethod(sig = "($self, /, context=None)")]
    fn sqrt(&self, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?.run(|env| env.square_root(&self.number))
    }
    /// Return the adjusted exponent of the operand as a Decimal instance.
    #[pymethod(sig = "($self, /, context=None)")]
    fn logb(&self, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?.run(|env| env.logb(&self.number))
    }
    /// Return the digit-wise inversion of the (logical) operand.
    #[pymethod(sig = "($self, /, context=None)")]
    fn logical_invert(&self, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?.run(|env| env.logical_invert(&self.number))
    }
    /// Return the largest representable number smaller than the operand.
    #[pymethod(sig = "($self, /, context=None)")]
    fn next_minus(&self, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?.run(|env| env.neighbour(&self.number, false))
    }
    /// Return the smallest representable number larger than the operand.
    #[pymethod(sig = "($self, /, context=None)")]
    fn next_plus(&self, context: Option<&PyObject>) -> PyResult<ObjRef> {
        context_or_current(context)?.run(|env| env.neighbour(&self.number, true))
    }
    /// Compare two operands and return a Decimal: -1, 0, 1, or NaN.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn compare(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.compare(x, y, false))
    }
    /// As compare(), but every NaN signals.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn compare_signal(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.compare(x, y, true))
    }
    /// Maximum of self and other.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn max(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.extremum(x, y, true, false))
    }
    /// As max(), of the absolute values.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn max_mag(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.extremum(x, y, true, true))
    }
    /// Minimum of self and other.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn min(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.extremum(x, y, false, false))
    }
    /// As min(), of the absolute values.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn min_mag(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.extremum(x, y, false, true))
    }
    /// The representable number next to the first operand, on the way to the second.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn next_toward(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.next_toward(x, y))
    }
    /// The remainder of the division whose quotient is rounded to the nearest.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn remainder_near(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.remainder_near(x, y))
    }
    /// The digit-wise 'and' of two (logical) operands.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn logical_and(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.logical(x, y, |a, b| a & b))
    }
    /// The digit-wise 'or' of two (logical) operands.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn logical_or(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.logical(x, y, |a, b| a | b))
    }
    /// The digit-wise 'exclusive or' of two (logical) operands.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn logical_xor(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.logical(x, y, |a, b| a ^ b))
    }
    /// The first operand with its digits rotated by the second.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn rotate(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.rotate(x, y))
    }
    /// The first operand with its exponent adjusted by the second.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn scaleb(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.scaleb(x, y))
    }
    /// The first operand with its digits shifted by the second.
    #[pymethod(sig = "($self, /, other, context=None)")]
    fn shift(&self, other: &PyObject, context: Option<&PyObject>) -> PyResult<ObjRef> {
        self.binary(other, context, |env, x, y| env.shift(x, y))
    }
}

/// Do two numbers have the same exponent, or are they of the same special kind?
pub fn same_quantum(a: &Number, b: &Number) -> bool {
    match (a.is_finite(), b.is_finite()) {
        (true, true) => a.exponent == b.exponent,
        (false, false) => a.is_nan() == b.is_nan(),
        _ => false,
    }
}

/// An instance of a class of a number that is taken as it is; classes of Python code are called.
fn from_exact(cls: &PyTypeObject, number: Number) -> PyResult<ObjRef> {
    let decimal = PyDecimal::make(number);
    if core::ptr::eq(cls, PyDecimal::type_object()) { Ok(decimal) } else { call::call_one(cls.as_object(), &decimal) }
}
