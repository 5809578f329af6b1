//! Python objects as numbers.

use core::ops::Deref;

use num_bigint::BigUint;
use num_traits::One;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

use super::coefficient::Coefficient;
use super::context::PyDecimalContext;
use super::environment::Environment;
use super::environment::condition::*;
use super::number::{self, Kind, Number};
use super::object::PyDecimal;
use super::short::Short;

/// A number that lives in a Python object, or was made of one.
pub enum Operand<'a> {
    Borrowed(&'a Number),
    Owned(Number),
}

impl Deref for Operand<'_> {
    type Target = Number;
    #[inline]
    fn deref(&self) -> &Number {
        match self {
            Operand::Borrowed(n) => n,
            Operand::Owned(n) => n,
        }
    }
}

/// A decimal or an integer.
#[inline]
pub fn operand(object: &PyObject) -> Option<Operand<'_>> {
    if let Some(decimal) = object.downcast_ref::<PyDecimal>() {
        return Some(Operand::Borrowed(decimal.number()));
    }
    object.downcast_ref::<PyInt>().map(|int| Operand::Owned(of_int(int)))
}

/// A decimal proper or an integer proper whose number is short.
#[inline]
pub fn short(object: &PyObject) -> Option<Short> {
    match object.downcast_exact::<PyDecimal>() {
        Some(decimal) => Short::of(decimal.number()),
        None => object.downcast_exact::<PyInt>()?.medium_value().map(Short::integer),
    }
}

/// A decimal or an integer, or a `TypeError`.
pub fn required(object: &PyObject) -> PyResult<Operand<'_>> {
    operand(object)
        .ok_or_else(|| exc::type_error(format!("conversion from {} to Decimal is not supported", object.ty().name())))
}

/// An integer, exactly.
pub fn of_int(int: &PyInt) -> Number {
    match int.as_i64() {
        Some(value) => Number::integer(value),
        None => Number::finite(int.is_negative(), Coefficient::from_big(int.to_biguint()), 0),
    }
}

/// A float, exactly.
pub fn of_float(value: f64) -> Number {
    let negative = value.is_sign_negative();
    if value.is_nan() {
        return Number::nan().with_sign(negative);
    }
    if value.is_infinite() {
        return Number::infinity(negative);
    }
    if value == 0.0 {
        return Number::zero(negative, 0);
    }
    let bits = value.to_bits();
    let field = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mut mantissa, mut exponent) = if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    let zeros = mantissa.trailing_zeros().min(exponent.unsigned_abs() * u32::from(exponent < 0));
    mantissa >>= zeros;
    exponent += zeros as i32;
    if exponent >= 0 {
        let value = BigUint::from(mantissa) << exponent;
        return Number::finite(negative, Coefficient::from_big(value), 0);
    }
    // m / 2^k = m * 5^k / 10^k.
    let k = exponent.unsigned_abs();
    let value = BigUint::from(mantissa) * BigUint::from(5u8).pow(k);
    Number::finite(negative, Coefficient::from_big(value), -i64::from(k))
}

/// The characters of a text as ASCII: other scripts' digits too. `None` if there are others.
fn ascii(text: &PyStr, lenient: bool) -> Option<String> {
    let all: Vec<u32> = text.data().iter().collect();
    let is_space = |c: u32| char::from_u32(c).is_some_and(|c| c.is_whitespace() || matches!(c, '\x1c'..='\x1f'));
    let mut points = all.as_slice();
    if lenient {
        while points.first().is_some_and(|&c| is_space(c)) {
            points = &points[1..];
        }
        while points.last().is_some_and(|&c| is_space(c)) {
            points = &points[..points.len() - 1];
        }
    }
    let mut out = String::with_capacity(points.len());
    for &c in points {
        if lenient && c == u32::from('_') {
            continue;
        }
        if (1..128).contains(&c) {
            out.push(c as u8 as char);
        } else if lenient && is_space(c) {
            out.push(' ');
        } else {
            let digit = rpy_vm::types::str::unicode::to_decimal(c)?;
            out.push((b'0' + digit) as char);
        }
    }
    Some(out)
}

/// A text, exactly; conditions go to `status`.
pub fn of_text(text: &PyStr, status: &mut u32) -> Number {
    let parsed = match text.as_ascii() {
        Some(plain) if !plain.contains('_') && !plain.contains(|c: char| c.is_ascii_whitespace()) => {
            number::parse(plain)
        }
        _ => ascii(text, true).and_then(|plain| number::parse(&plain)),
    };
    match parsed {
        Some(n) => exactly(n, status),
        None => {
            *status |= CONVERSION_SYNTAX;
            Number::nan()
        }
    }
}

/// A text under a context: no blanks, no underscores, and no payload that is too long.
pub fn of_text_rounded(text: &PyStr, environment: &mut Environment) -> Number {
    match ascii(text, false).and_then(|plain| number::parse(&plain)) {
        Some(n) if n.is_nan() && payload_too_long(&n, environment) => environment.invalid(CONVERSION_SYNTAX),
        Some(n) => environment.finish(n),
        None => environment.invalid(CONVERSION_SYNTAX),
    }
}

/// Is a NaN's payload longer than a context allows?
pub fn payload_too_long(n: &Number, environment: &Environment) -> bool {
    n.is_nan()
        && !n.coefficient.is_zero()
        && n.coefficient.digits() as i64 > environment.prec - i64::from(environment.clamp)
}

/// A number that must fit the widest bounds.
pub fn exactly(n: Number, status: &mut u32) -> Number {
    let mut widest = Environment::maximal();
    let result = widest.finish(n);
    if widest.status & (INEXACT | ROUNDED | CLAMPED) != 0 {
        *status |= INVALID_OPERATION;
        return Number::nan();
    }
    result
}

/// A tuple or list `(sign, digits, exponent)`; nothing else is one.
fn of_sequence(object: &PyObject) -> Option<PyResult<Number>> {
    if let Some(tuple) = object.downcast_ref::<PyTuple>() {
        let items: Vec<ObjRef> = tuple.items().iter().map(|o| o.new_ref()).collect();
        return Some(of_parts(&items));
    }
    object.downcast_ref::<PyList>().map(|list| of_parts(&list.items_snapshot()))
}

fn of_parts(items: &[ObjRef]) -> PyResult<Number> {
    let [sign, digits, exponent] = items else {
        return Err(exc::value_error("argument must be a sequence of length 3"));
    };
    let negative = match sign.downcast_ref::<PyInt>().and_then(PyInt::as_i64) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(exc::value_error("sign must be an integer with the value 0 or 1")),
    };
    let mut kind = Kind::Finite;
    let mut power = 0;
    if let Some(text) = exponent.downcast_ref::<PyStr>() {
        kind = match text.as_str() {
            Some("F") => Kind::Infinite,
            Some("n") => Kind::Quiet,
            Some("N") => Kind::Signaling,
            _ => return Err(exc::value_error("string argument in the third position must be 'F', 'n' or 'N'")),
        };
    } else {
        let Some(int) = exponent.downcast_ref::<PyInt>() else {
            return Err(exc::value_error("exponent must be an integer"));
        };
        power = int
            .as_i64()
            .ok_or_else(|| exc::overflow_error("Python int too large to convert to C ssize_t"))?
            .clamp(-4_000_000_000_000_000_000, 4_000_000_000_000_000_000);
    }
    let wrong = || exc::value_error("coefficient must be a tuple of digits");
    let digits = match (digits.downcast_ref::<PyTuple>(), digits.downcast_ref::<PyList>()) {
        (Some(tuple), _) => tuple.items().iter().map(|o| o.new_ref()).collect(),
        (None, Some(list)) => list.items_snapshot(),
        _ => return Err(wrong()),
    };
    let text = digits
        .iter()
        .map(|digit| match digit.downcast_ref::<PyInt>().and_then(PyInt::as_i64) {
            Some(d @ 0..=9) => Ok(b'0' + d as u8),
            _ => Err(wrong()),
        })
        .collect::<PyResult<Vec<u8>>>()?;
    let coefficient = if kind == Kind::Infinite { Coefficient::ZERO } else { Coefficient::parse(&text) };
    Ok(Number { negative, kind, exponent: power, coefficient })
}

/// Any object, exactly.
pub fn of_object(object: &PyObject, context: &PyDecimalContext) -> PyResult<Number> {
    let mut status = 0;
    let number = if let Some(decimal) = object.downcast_ref::<PyDecimal>() {
        return Ok(decimal.number().clone());
    } else if let Some(text) = object.downcast_ref::<PyStr>() {
        of_text(text, &mut status)
    } else if let Some(int) = object.downcast_ref::<PyInt>() {
        return Ok(of_int(int));
    } else if let Some(number) = of_sequence(object) {
        exactly(number?, &mut status)
    } else if let Some(float) = object.downcast_ref::<PyFloat>() {
        context.raise(FLOAT_OPERATION)?;
        of_float(float.value())
    } else {
        return required(object).map(|n| n.clone());
    };
    context.raise(status)?;
    Ok(number)
}

/// Any object, rounded to the context.
pub fn of_object_rounded(object: &PyObject, context: &PyDecimalContext) -> PyResult<Number> {
    let mut environment = context.environment();
    if let Some(text) = object.downcast_ref::<PyStr>() {
        let number = of_text_rounded(text, &mut environment);
        context.raise(environment.status)?;
        return Ok(number);
    }
    let exact = match of_sequence(object) {
        Some(number) => number?,
        None => of_object(object, context)?,
    };
    if payload_too_long(&exact, &environment) {
        environment.invalid(CONVERSION_SYNTAX);
        context.raise(environment.status)?;
        return Ok(Number::nan());
    }
    let number = environment.finish(exact);
    context.raise(environment.status)?;
    Ok(number)
}

/// A whole number's value, rounded if it is none.
pub fn to_int(n: &Number, environment: &mut Environment) -> PyResult<ObjRef> {
    if n.is_nan() {
        return Err(exc::value_error("cannot convert NaN to integer"));
    }
    if n.is_infinite() {
        return Err(exc::overflow_error("cannot convert Infinity to integer"));
    }
    let rounded = environment.to_integral(n, false);
    let magnitude = if rounded.coefficient.is_zero() {
        Coefficient::ZERO
    } else if environment.too_long(rounded.exponent) {
        return Err(exc::memory_error());
    } else {
        rounded.coefficient.scaled(rounded.exponent.max(0) as u64)
    };
    Ok(match magnitude {
        Coefficient::Small(v) => PyInt::from_magnitude_u128(v, rounded.negative).into_obj(),
        Coefficient::Big(v) => PyInt::from_biguint(rounded.negative, &v).into_obj(),
    })
}

/// Numerator and denominator in lowest terms.
pub fn to_ratio(n: &Number) -> PyResult<(ObjRef, ObjRef)> {
    if n.is_nan() {
        return Err(exc::value_error("cannot convert NaN to integer ratio"));
    }
    if n.is_infinite() {
        return Err(exc::overflow_error("cannot convert Infinity to integer ratio"));
    }
    let whole = |v: &BigUint, negative: bool| PyInt::from_biguint(negative, v).into_obj();
    if n.coefficient.is_zero() {
        return Ok((crate::support::int(0), crate::support::int(1)));
    }
    if Environment::maximal().too_long(n.exponent.abs()) {
        return Err(exc::memory_error());
    }
    if n.exponent >= 0 {
        return Ok((whole(&n.coefficient.scaled(n.exponent as u64).to_big(), n.negative), crate::support::int(1)));
    }
    let (mut numerator, mut denominator) =
        (n.coefficient.to_big(), super::coefficient::power_of_ten(n.exponent.unsigned_abs()));
    let common = num_integer::Integer::gcd(&numerator, &denominator);
    if !common.is_one() {
        numerator /= &common;
        denominator /= &common;
    }
    Ok((whole(&numerator, n.negative), whole(&denominator, false)))
}
