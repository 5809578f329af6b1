//! `complex`: two doubles.
//!
//! Arithmetic follows C99's Annex G where it says what infinities and NaNs should give, and keeps real operands real: adding a
//! float touches only the real part, multiplying by one scales both, so that signs of zeros and infinities survive.

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass, PyStruct, Ref};
use crate::object::slots::CompareOp;
use crate::object::typeobj::PyTypeObject;
use crate::protocol;
use crate::types::dict::PyDict;
use crate::types::float::{PyFloat, text as float_text};
use crate::types::float::{
    as_operand, complex_part_repr, float_cmp_int, hash_double_of, parse_float_prefix, strip_underscores,
};
use crate::types::int::PyInt;
use crate::types::int::parse::{to_ascii_digits, trim_c_space};
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// complex(real=0, imag=0)
/// --
///
/// Create a complex number from a string or numbers.
///
/// If a string is given, parse it as a complex number.
/// If a single number is given, convert it to a complex number.
/// If the 'real' or 'imag' arguments are given, create a complex number
/// with the specified real and imaginary components.
#[pyclass(name = "complex", symbol = "PyComplex_Type", flags(BASETYPE))]
#[repr(C)]
pub struct PyComplex {
    ob_base: PyObject,
    /// the real part of a complex number
    #[pymember(readonly, name = "real", double)]
    re: f64,
    /// the imaginary part of a complex number
    #[pymember(readonly, name = "imag", double)]
    im: f64,
}

/// Real and imaginary part.
pub type Parts = (f64, f64);

impl PyComplex {
    /// A complex number of exactly this type.
    #[inline]
    pub fn new(re: f64, im: f64) -> Ref<PyComplex> {
        alloc::new_exact(PyComplex { ob_base: PyObject::placeholder(), re, im })
    }

    /// An instance of `cls`, which is `complex` or a subtype.
    pub fn new_in_type(cls: &PyTypeObject, (re, im): Parts) -> PyResult<ObjRef> {
        Ok(alloc::new_in(cls, PyComplex { ob_base: PyObject::placeholder(), re, im })?.into_obj())
    }

    #[inline]
    pub fn re(&self) -> f64 {
        self.re
    }

    #[inline]
    pub fn im(&self) -> f64 {
        self.im
    }

    /// The real part.
    #[inline]
    pub fn real(&self) -> f64 {
        self.re
    }

    /// The imaginary part.
    #[inline]
    pub fn imag(&self) -> f64 {
        self.im
    }

    #[inline]
    pub fn parts(&self) -> Parts {
        (self.re, self.im)
    }

    /// `PyComplex_AsCComplex`: a complex number, an object with `__complex__`, or a real number.
    pub fn parts_of(object: &PyObject) -> PyResult<Parts> {
        if let Some(c) = object.downcast_ref::<PyComplex>() {
            return Ok(c.parts());
        }
        match by_special_method(object)? {
            Some(c) => Ok(c.parts()),
            None => Ok((protocol::number::float(object)?, 0.0)),
        }
    }
}

// ---- arithmetic ----

/// `a * b`, recovering infinities that came out as NaNs.
pub fn complex_mul((mut a, mut b): Parts, (mut c, mut d): Parts) -> Parts {
    let (ac, bd, ad, bc) = (a * c, b * d, a * d, b * c);
    let result = (ac - bd, ad + bc);
    if !(result.0.is_nan() && result.1.is_nan()) {
        return result;
    }
    let mut again = false;
    // An infinite operand becomes a corner of the unit square, NaNs beside it zeros.
    let corner = |x: &mut f64| *x = if x.is_infinite() { 1.0_f64 } else { 0.0 }.copysign(*x);
    let zero_nan = |x: &mut f64| {
        if x.is_nan() {
            *x = 0.0_f64.copysign(*x);
        }
    };
    if a.is_infinite() || b.is_infinite() {
        corner(&mut a);
        corner(&mut b);
        zero_nan(&mut c);
        zero_nan(&mut d);
        again = true;
    }
    if c.is_infinite() || d.is_infinite() {
        corner(&mut c);
        corner(&mut d);
        zero_nan(&mut a);
        zero_nan(&mut b);
        again = true;
    }
    if !again && (ac.is_infinite() || bd.is_infinite() || ad.is_infinite() || bc.is_infinite()) {
        for part in [&mut a, &mut b, &mut c, &mut d] {
            zero_nan(part);
        }
        again = true;
    }
    if again { (f64::INFINITY * (a * c - b * d), f64::INFINITY * (a * d + b * c)) } else { result }
}

/// `a / b`, or `None` for division by zero.
pub fn complex_div(a: Parts, b: Parts) -> Option<Parts> {
    let (abs_re, abs_im) = (b.0.abs(), b.1.abs());
    let result = if abs_re >= abs_im {
        if abs_re == 0.0 {
            return None;
        }
        let ratio = b.1 / b.0;
        let denominator = b.0 + b.1 * ratio;
        ((a.0 + a.1 * ratio) / denominator, (a.1 - a.0 * ratio) / denominator)
    } else if abs_im >= abs_re {
        let ratio = b.0 / b.1;
        let denominator = b.0 * ratio + b.1;
        ((a.0 * ratio + a.1) / denominator, (a.1 * ratio - a.0) / denominator)
    } else {
        (f64::NAN, f64::NAN)
    };
    if result.0.is_nan() && result.1.is_nan() {
        let corner = |x: f64| if x.is_infinite() { 1.0_f64 } else { 0.0 }.copysign(x);
        if (a.0.is_infinite() || a.1.is_infinite()) && b.0.is_finite() && b.1.is_finite() {
            let (x, y) = (corner(a.0), corner(a.1));
            return Some((f64::INFINITY * (x * b.0 + y * b.1), f64::INFINITY * (y * b.0 - x * b.1)));
        }
        if (abs_re.is_infinite() || abs_im.is_infinite()) && a.0.is_finite() && a.1.is_finite() {
            let (x, y) = (corner(b.0), corner(b.1));
            return Some((0.0 * (a.0 * x + a.1 * y), 0.0 * (a.1 * x - a.0 * y)));
        }
    }
    Some(result)
}

/// `a / b` for a real `a`, or `None` for division by zero.
fn real_div(a: f64, b: Parts) -> Option<Parts> {
    let (abs_re, abs_im) = (b.0.abs(), b.1.abs());
    let result = if abs_re >= abs_im {
        if abs_re == 0.0 {
            return None;
        }
        let ratio = b.1 / b.0;
        let denominator = b.0 + b.1 * ratio;
        (a / denominator, (-a * ratio) / denominator)
    } else if abs_im >= abs_re {
        let ratio = b.0 / b.1;
        let denominator = b.0 * ratio + b.1;
        ((a * ratio) / denominator, -a / denominator)
    } else {
        (f64::NAN, f64::NAN)
    };
    if result.0.is_nan() && result.1.is_nan() && a.is_finite() && (abs_re.is_infinite() || abs_im.is_infinite()) {
        let corner = |x: f64| if x.is_infinite() { 1.0_f64 } else { 0.0 }.copysign(x);
        let (x, y) = (corner(b.0), corner(b.1));
        return Some((0.0 * (a * x), 0.0 * (-a * y)));
    }
    Some(result)
}

/// Exponents up to this size are powers by multiplication.
const SMALL_EXPONENT: f64 = 100.0;

/// `a ** b`.
///
/// # Errors
/// `ZeroDivisionError`, `OverflowError`.
pub fn complex_pow(a: Parts, b: Parts) -> PyResult<Parts> {
    let zero_power = || exc::zero_division_error("zero to a negative or complex power");
    let result = if b.1 == 0.0 && b.0 == b.0.floor() && b.0.abs() <= SMALL_EXPONENT {
        let n = b.0 as i32;
        let power = power_by_squaring(a, n.unsigned_abs());
        if n > 0 { power } else { complex_div((1.0, 0.0), power).ok_or_else(zero_power)? }
    } else if a.0 == 0.0 && a.1 == 0.0 {
        if b.1 != 0.0 || b.0 < 0.0 {
            return Err(zero_power());
        }
        (0.0, 0.0)
    } else {
        let magnitude = a.0.hypot(a.1);
        let angle = a.1.atan2(a.0);
        let mut length = magnitude.powf(b.0);
        let mut phase = angle * b.0;
        if b.1 != 0.0 {
            length *= (-angle * b.1).exp();
            phase += b.1 * magnitude.ln();
        }
        (length * phase.cos(), length * phase.sin())
    };
    if result.0.is_infinite() || result.1.is_infinite() {
        return Err(exc::overflow_error("complex exponentiation"));
    }
    Ok(result)
}

fn power_by_squaring(x: Parts, n: u32) -> Parts {
    let mut result = (1.0, 0.0);
    let mut power = x;
    let mut mask = 1_u32;
    while mask > 0 && n >= mask {
        if n & mask != 0 {
            result = complex_mul(result, power);
        }
        mask <<= 1;
        power = complex_mul(power, power);
    }
    result
}

/// `abs(z)`.
///
/// # Errors
/// `OverflowError`.
pub fn complex_abs((re, im): Parts) -> PyResult<f64> {
    if re.is_infinite() || im.is_infinite() {
        return Ok(f64::INFINITY);
    }
    if re.is_nan() || im.is_nan() {
        return Ok(f64::NAN);
    }
    let result = re.hypot(im);
    if result.is_finite() { Ok(result) } else { Err(exc::overflow_error("absolute value too large")) }
}

/// `repr(z)`.
pub fn complex_repr((re, im): Parts) -> String {
    let imag = complex_part_repr(im);
    if re == 0.0 && re.is_sign_positive() {
        return format!("{imag}j");
    }
    let sign = if imag.starts_with('-') { "" } else { "+" };
    format!("({}{sign}{imag}j)", complex_part_repr(re))
}

/// Operands of a binary operator: which are complex decides which rule applies.
enum Operands {
    Both(Parts, Parts),
    Right(f64, Parts),
    Left(Parts, f64),
    Neither,
}

fn operands(a: &PyObject, b: &PyObject) -> PyResult<Operands> {
    Ok(match (a.downcast_ref::<PyComplex>(), b.downcast_ref::<PyComplex>()) {
        (Some(a), Some(b)) => Operands::Both(a.parts(), b.parts()),
        (Some(a), None) => as_operand(b)?.map_or(Operands::Neither, |b| Operands::Left(a.parts(), b)),
        (None, Some(b)) => as_operand(a)?.map_or(Operands::Neither, |a| Operands::Right(a, b.parts())),
        (None, None) => Operands::Neither,
    })
}

fn boxed((re, im): Parts) -> PyResult<ObjRef> {
    Ok(PyComplex::new(re, im).into_obj())
}

#[pymethods]
impl PyComplex {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let kwargs = kwargs.filter(|k| k.len() > 0);
        match (args.items(), kwargs) {
            ([], None) => PyComplex::new_in_type(cls, (0.0, 0.0)),
            ([x], None) => from_one(cls, x),
            (args, kwargs) => {
                // A part given by name has to be real.
                let [real, imag] = named_parts(args, kwargs)?;
                from_two(cls, real.as_deref(), imag.as_deref())
            }
        }
    }

    // ---- slots ----

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        Ok(PyStr::from_string(complex_repr(self.parts())))
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        let re = hash_double_of(self.as_object(), self.re);
        let im = hash_double_of(self.as_object(), self.im);
        Ok(re.wrapping_add(im.wrapping_mul(1_000_003)))
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        let negate = match op {
            CompareOp::Eq => false,
            CompareOp::Ne => true,
            _ => return Ok(crate::not_implemented()),
        };
        let equal = if let Some(other) = other.downcast_ref::<PyComplex>() {
            self.parts() == other.parts()
        } else if let Some(other) = other.downcast_ref::<PyInt>() {
            self.im == 0.0 && float_cmp_int(self.re, other).is_some_and(|order| order.is_eq())
        } else if let Some(other) = other.downcast_ref::<PyFloat>() {
            self.im == 0.0 && self.re == other.value()
        } else {
            return Ok(crate::not_implemented());
        };
        Ok(crate::py_bool(equal != negate))
    }

    #[slot]
    fn nb_add(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        match operands(a, b)? {
            Operands::Both(a, b) => boxed((a.0 + b.0, a.1 + b.1)),
            Operands::Left(a, b) => boxed((a.0 + b, a.1)),
            Operands::Right(a, b) => boxed((a + b.0, b.1)),
            Operands::Neither => Ok(crate::not_implemented()),
        }
    }

    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        match operands(a, b)? {
            Operands::Both(a, b) => boxed((a.0 - b.0, a.1 - b.1)),
            Operands::Left(a, b) => boxed((a.0 - b, a.1)),
            Operands::Right(a, b) => boxed((a - b.0, -b.1)),
            Operands::Neither => Ok(crate::not_implemented()),
        }
    }

    #[slot]
    fn nb_multiply(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        match operands(a, b)? {
            Operands::Both(a, b) => boxed(complex_mul(a, b)),
            Operands::Left(a, b) => boxed((a.0 * b, a.1 * b)),
            Operands::Right(a, b) => boxed((a * b.0, a * b.1)),
            Operands::Neither => Ok(crate::not_implemented()),
        }
    }

    #[slot]
    fn nb_true_divide(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let quotient = match operands(a, b)? {
            Operands::Both(a, b) => complex_div(a, b),
            Operands::Left(a, b) => (b != 0.0).then(|| (a.0 / b, a.1 / b)),
            Operands::Right(a, b) => real_div(a, b),
            Operands::Neither => return Ok(crate::not_implemented()),
        };
        boxed(quotient.ok_or_else(|| exc::zero_division_error("division by zero"))?)
    }

    #[slot]
    fn nb_power(a: &PyObject, b: &PyObject, c: &PyObject) -> PyResult<ObjRef> {
        let (a, b) = match operands(a, b)? {
            Operands::Both(a, b) => (a, b),
            Operands::Left(a, b) => (a, (b, 0.0)),
            Operands::Right(a, b) => ((a, 0.0), b),
            Operands::Neither => return Ok(crate::not_implemented()),
        };
        if !crate::is_none(c) {
            return Err(exc::value_error("complex modulo"));
        }
        boxed(complex_pow(a, b)?)
    }

    #[slot]
    fn nb_negative(&self) -> PyResult<ObjRef> {
        boxed((-self.re, -self.im))
    }

    #[slot]
    fn nb_positive(&self) -> PyResult<ObjRef> {
        if PyComplex::check_exact(self.as_object()) { Ok(self.to_obj()) } else { boxed(self.parts()) }
    }

    #[slot]
    fn nb_absolute(&self) -> PyResult<ObjRef> {
        Ok(PyFloat::new(complex_abs(self.parts())?).into_obj())
    }

    #[slot]
    fn nb_bool(&self) -> PyResult<bool> {
        Ok(self.re != 0.0 || self.im != 0.0)
    }

    // ---- methods ----

    /// Convert number to a complex floating-point number.
    #[pyclassmethod]
    fn from_number(cls: &PyTypeObject, number: &PyObject) -> PyResult<ObjRef> {
        if PyComplex::check_exact(number) && core::ptr::eq(cls, PyComplex::type_object()) {
            return Ok(number.new_ref());
        }
        PyComplex::new_in_type(cls, PyComplex::parts_of(number)?)
    }

    /// Return the complex conjugate of its argument. (3-4j).conjugate() == 3+4j.
    #[pymethod]
    fn conjugate(&self) -> Ref<PyComplex> {
        PyComplex::new(self.re, -self.im)
    }

    /// Convert this value to exact type complex.
    #[pymethod]
    fn __complex__(&self) -> PyResult<ObjRef> {
        self.nb_positive()
    }

    #[pymethod]
    fn __getnewargs__(&self) -> Ref<PyTuple> {
        PyTuple::from_array([PyFloat::new(self.re).into_obj(), PyFloat::new(self.im).into_obj()])
    }

    /// Convert to a string according to format_spec.
    #[pymethod]
    fn __format__(&self, format_spec: &PyStr) -> PyResult<Ref<PyStr>> {
        crate::types::str::format_spec::format_complex(self.as_object(), self.re, self.im, format_spec)
    }
}

// ---- construction ----

/// The arguments `real` and `imag`, by position or by name.
fn named_parts(args: &[&PyObject], kwargs: Option<&PyDict>) -> PyResult<[Option<ObjRef>; 2]> {
    const NAMES: [&str; 2] = ["real", "imag"];
    let given = args.len() + kwargs.map_or(0, PyDict::len);
    if given > 2 {
        return Err(exc::type_error(format!("complex() takes at most 2 arguments ({given} given)")));
    }
    let mut parts = [args.first().map(|x| x.new_ref()), args.get(1).map(|x| x.new_ref())];
    if let Some(kwargs) = kwargs {
        let mut at = 0;
        while let Some((key, value)) = kwargs.iter_index(&mut at) {
            let name = key.downcast_ref::<PyStr>();
            let Some(index) = name.and_then(|name| NAMES.iter().position(|known| name.eq_str(known))) else {
                let shown = protocol::object::str(&key)?;
                return Err(exc::type_error(format!(
                    "complex() got an unexpected keyword argument '{}'",
                    shown.to_string_lossy()
                )));
            };
            if parts[index].is_some() {
                return Err(exc::type_error(format!(
                    "argument for complex() given by name ('{}') and position ({})",
                    NAMES[index],
                    index + 1
                )));
            }
            parts[index] = Some(value);
        }
    }
    Ok(parts)
}

/// What `object.__complex__()` gives, if there is such a method.
fn by_special_method(object: &PyObject) -> PyResult<Option<Ref<PyComplex>>> {
    let Some(method) = protocol::object::lookup_special(object, crate::intern!("__complex__"))? else {
        return Ok(None);
    };
    let result = protocol::call::call_noargs(&method)?;
    let exact = PyComplex::check_exact(&result);
    let name = result.ty().name().to_owned();
    let Ok(result) = result.downcast::<PyComplex>() else {
        return Err(exc::type_error(format!("__complex__ returned non-complex (type {name})")));
    };
    if !exact {
        crate::runtime::warnings::warn(
            exc::DeprecationWarning(),
            &*format!(
                "__complex__ returned non-complex (type {name}).  The ability to return an instance of a strict subclass of complex is deprecated, and may not be supported in a future version of Python."
            ),
            1,
        )?;
    }
    Ok(Some(result))
}

fn is_real(object: &PyObject) -> bool {
    object.ty().as_number().is_some_and(|n| n.nb_float.get().is_some() || n.nb_index.get().is_some())
}

/// `complex(x)`.
fn from_one(cls: &PyTypeObject, x: &PyObject) -> PyResult<ObjRef> {
    if PyComplex::check_exact(x) && core::ptr::eq(cls, PyComplex::type_object()) {
        return Ok(x.new_ref());
    }
    if let Some(text) = x.downcast_ref::<PyStr>() {
        let parts = parse_complex(&to_ascii_digits(text));
        return PyComplex::new_in_type(
            cls,
            parts.ok_or_else(|| exc::value_error("complex() arg is a malformed string"))?,
        );
    }
    let parts = match by_special_method(x)? {
        Some(c) => c.parts(),
        None => match x.downcast_ref::<PyComplex>() {
            Some(c) => c.parts(),
            None if is_real(x) => (protocol::number::float(x)?, 0.0),
            None => {
                return Err(exc::type_error(format!(
                    "complex() argument must be a string or a number, not {}",
                    x.ty().name()
                )));
            }
        },
    };
    PyComplex::new_in_type(cls, parts)
}

/// `complex(real, imag)`. Complex parts are on their way out; they still add up as `real + imag*1j`.
fn from_two(cls: &PyTypeObject, real: Option<&PyObject>, imag: Option<&PyObject>) -> PyResult<ObjRef> {
    let bad = |which: &str, x: &PyObject| {
        format!("complex() argument '{which}' must be a real number, not {}", x.ty().name())
    };
    let mut from_special = None;
    if let Some(x) = real {
        from_special = by_special_method(x)?;
        if from_special.is_none() && !is_real(x) && !PyComplex::check(x) {
            return Err(exc::type_error(bad("real", x)));
        }
    }
    if let Some(x) = imag
        && !is_real(x)
        && !PyComplex::check(x)
    {
        return Err(exc::type_error(bad("imag", x)));
    }
    let part = |which: &str, x: &PyObject, complex: Option<Parts>| -> PyResult<(Parts, bool)> {
        match complex {
            Some(parts) => {
                crate::runtime::warnings::warn(exc::DeprecationWarning(), &*bad(which, x), 1)?;
                Ok((parts, true))
            }
            None => Ok(((protocol::number::float(x)?, 0.0), false)),
        }
    };
    let complex_parts = |x: &PyObject| x.downcast_ref::<PyComplex>().map(PyComplex::parts);
    let (mut re, re_is_complex) = match real {
        Some(x) => part("real", x, from_special.map(|c| c.parts()).or_else(|| complex_parts(x)))?,
        None => ((0.0, 0.0), false),
    };
    let Some(imag) = imag else {
        return PyComplex::new_in_type(cls, re);
    };
    let (mut im, im_is_complex) = part("imag", imag, complex_parts(imag))?;
    if im_is_complex {
        re.0 -= im.1;
    }
    if re_is_complex {
        im.0 += re.1;
    }
    PyComplex::new_in_type(cls, (re.0, im.0))
}

/// Parses what `complex(text)` accepts.
pub fn parse_complex(text: &[u8]) -> Option<Parts> {
    let stripped;
    let mut text = trim_c_space(text);
    if text.contains(&b'_') {
        stripped = strip_underscores(text)?;
        text = &stripped;
    }
    if let [b'(', inner @ .., b')'] = text {
        text = trim_c_space(inner);
    }
    let unit = |rest: &[u8], value: f64| matches!(rest, [b'j' | b'J']).then_some(value);
    let Some((first, len)) = float_text::parse_float_prefix(text) else {
        // A bare "j" with an optional sign.
        return match text {
            [b'+', rest @ ..] => unit(rest, 1.0),
            [b'-', rest @ ..] => unit(rest, -1.0),
            rest => unit(rest, 1.0),
        }
        .map(|im| (0.0, im));
    };
    let rest = &text[len..];
    match rest {
        [] => Some((first, 0.0)),
        [b'j' | b'J'] => Some((0.0, first)),
        [sign @ (b'+' | b'-'), after @ ..] => {
            let (im, rest) = match parse_float_prefix(rest) {
                Some((im, len)) => (im, &rest[len..]),
                None => (if *sign == b'-' { -1.0 } else { 1.0 }, after),
            };
            unit(rest, im).map(|im| (first, im))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_both_ways() {
        for (text, want) in [
            ("1", (1.0, 0.0)),
            (" ( 1+2j ) ", (1.0, 2.0)),
            ("-j", (0.0, -1.0)),
            ("1-J", (1.0, -1.0)),
            ("1e5j", (0.0, 1e5)),
            ("1_0.5-1_0j", (10.5, -10.0)),
            ("infj", (0.0, f64::INFINITY)),
        ] {
            assert_eq!(parse_complex(text.as_bytes()), Some(want), "{text}");
        }
        for text in ["", "()", "1 + 2j", "1+2", "j1", "1jj", "(1", "1+", "++j", "1_j"] {
            assert_eq!(parse_complex(text.as_bytes()), None, "{text}");
        }
        assert_eq!(complex_repr((1.0, 2.0)), "(1+2j)");
        assert_eq!(complex_repr((0.0, -1.5)), "-1.5j");
        assert_eq!(complex_repr((-0.0, 1.0)), "(-0+1j)");
        assert_eq!(complex_repr((1.0, f64::NAN)), "(1+nanj)");
    }

    #[test]
    fn infinities_are_recovered() {
        let inf = f64::INFINITY;
        let product = complex_mul((inf, inf), (1.0, f64::NAN));
        assert!(product.0.is_infinite() || product.1.is_infinite());
        assert_eq!(complex_div((1.0, 1.0), (inf, 0.0)), Some((0.0, 0.0)));
        assert_eq!(complex_div((1.0, 1.0), (0.0, 0.0)), None);
    }
}
