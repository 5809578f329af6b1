//! The format mini-language: `format(value, spec)` for str, int, float and complex.
//!
//! `[[fill]align][sign][z][#][0][width][grouping][.precision[grouping]][type]`

use num_bigint::{BigInt, Sign};

use super::number_format::{FloatFlags, Layout, Locale, NumberParts, double_to_string, write_number};
use super::unicode::to_decimal;
use super::{PyStr, StrBuilder, StrData};
use crate::object::{PyObject, PyStruct, Ref};
use crate::types::int::PyInt;
use crate::{PyErr, PyResult, exc};

/// Grouping of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grouping {
    None,
    Comma,
    Underscore,
}

/// A parsed specification.
#[derive(Clone, Debug)]
pub struct FormatSpec {
    fill: u32,
    align: u8,
    alternate: bool,
    no_negative_zero: bool,
    sign: u8,
    width: Option<usize>,
    grouping: Grouping,
    fraction_grouping: Grouping,
    precision: Option<usize>,
    /// The type's default when not given, which is 0 for numbers.
    kind: u32,
}

/// As an error message shows a type code.
fn shown_code(code: u32) -> String {
    if (33..128).contains(&code) { (code as u8 as char).to_string() } else { format!("\\x{code:x}") }
}

#[cold]
fn unknown_code(code: u32, type_name: &str) -> PyErr {
    exc::value_error(format!("Unknown format code '{}' for object of type '{type_name}'", shown_code(code)))
}

#[cold]
fn both_separators() -> PyErr {
    exc::value_error("Cannot specify both ',' and '_'.")
}

/// Digits of a width or precision from `at` on: the value and the position behind, with no value if there are none.
fn parse_number(spec: StrData<'_>, mut at: usize) -> PyResult<(Option<usize>, usize)> {
    let mut value = 0usize;
    let start = at;
    while at < spec.len()
        && let Some(digit) = to_decimal(spec.at(at))
    {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(digit as usize))
            .filter(|&v| v <= isize::MAX as usize)
            .ok_or_else(|| exc::value_error("Too many decimal digits in format string"))?;
        at += 1;
    }
    Ok(((at > start).then_some(value), at))
}

impl FormatSpec {
    /// Parses for an object of type `type_name`, whose defaults are given.
    ///
    /// # Errors
    /// `ValueError`.
    pub fn parse(text: &PyStr, default_kind: u8, default_align: u8, type_name: &str) -> PyResult<FormatSpec> {
        let spec = text.data();
        let len = spec.len();
        let peek = |at: usize| if at < len { spec.at(at) } else { u32::MAX };
        let is = |at: usize, c: u8| peek(at) == c as u32;
        let alignment = |at: usize| match peek(at) {
            0x3c => Some(b'<'),
            0x3e => Some(b'>'),
            0x3d => Some(b'='),
            0x5e => Some(b'^'),
            _ => None,
        };
        let mut result = FormatSpec {
            fill: b' ' as u32,
            align: default_align,
            alternate: false,
            no_negative_zero: false,
            sign: 0,
            width: None,
            grouping: Grouping::None,
            fraction_grouping: Grouping::None,
            precision: None,
            kind: default_kind as u32,
        };
        let mut at = 0;
        let mut fill_given = false;
        let mut align_given = false;
        if len >= 2
            && let Some(align) = alignment(1)
        {
            result.align = align;
            result.fill = spec.at(0);
            fill_given = true;
            align_given = true;
            at = 2;
        } else if let Some(align) = alignment(0) {
            result.align = align;
            align_given = true;
            at = 1;
        }
        if is(at, b'+') || is(at, b'-') || is(at, b' ') {
            result.sign = peek(at) as u8;
            at += 1;
        }
        if is(at, b'z') {
            result.no_negative_zero = true;
            at += 1;
        }
        if is(at, b'#') {
            result.alternate = true;
            at += 1;
        }
        if !fill_given && is(at, b'0') {
            result.fill = b'0' as u32;
            if !align_given && default_align == b'>' {
                result.align = b'=';
            }
            at += 1;
        }
        (result.width, at) = parse_number(spec, at)?;
        if is(at, b',') {
            result.grouping = Grouping::Comma;
            at += 1;
        }
        if is(at, b'_') {
            if result.grouping != Grouping::None {
                return Err(both_separators());
            }
            result.grouping = Grouping::Underscore;
            at += 1;
        }
        if is(at, b',') && result.grouping == Grouping::Underscore {
            return Err(both_separators());
        }
        if is(at, b'.') {
            (result.precision, at) = parse_number(spec, at + 1)?;
            if is(at, b',') {
                result.fraction_grouping = Grouping::Comma;
                at += 1;
            }
            if is(at, b'_') {
                if result.fraction_grouping != Grouping::None {
                    return Err(both_separators());
                }
                result.fraction_grouping = Grouping::Underscore;
                at += 1;
            }
            if is(at, b',') && result.fraction_grouping == Grouping::Underscore {
                return Err(both_separators());
            }
            if result.precision.is_none() && result.fraction_grouping == Grouping::None {
                return Err(exc::value_error("Format specifier missing precision"));
            }
        }
        if len - at > 1 {
            return Err(exc::value_error(format!(
                "Invalid format specifier '{}' for object of type '{type_name}'",
                text.to_string_lossy()
            )));
        }
        if at < len {
            result.kind = spec.at(at);
        }
        result.check_grouping()?;
        Ok(result)
    }

    /// Which types may be combined with separators.
    fn check_grouping(&self) -> PyResult<()> {
        let kind = u8::try_from(self.kind).unwrap_or(1);
        let complain = |grouping: Grouping| {
            let separator = if grouping == Grouping::Comma { ',' } else { '_' };
            exc::value_error(format!("Cannot specify '{separator}' with '{}'.", shown_code(self.kind)))
        };
        match (self.grouping, kind) {
            (Grouping::None, _) => {}
            (_, b'd' | b'e' | b'f' | b'g' | b'E' | b'G' | b'%' | b'F' | 0) => {}
            (Grouping::Underscore, b'b' | b'o' | b'x' | b'X') => {}
            (grouping, _) => return Err(complain(grouping)),
        }
        match (self.fraction_grouping, kind) {
            (Grouping::None, _) => {}
            (_, b'e' | b'f' | b'g' | b'E' | b'G' | b'%' | b'F' | 0) => {}
            (grouping, _) => return Err(complain(grouping)),
        }
        Ok(())
    }

    fn layout(&self) -> Layout {
        Layout { fill: self.fill, align: self.align, sign: self.sign, width: self.width }
    }

    /// Separators and decimal point for the presentation type.
    fn locale(&self) -> Locale {
        let kind = u8::try_from(self.kind).unwrap_or(1);
        let mut locale = match (kind, self.grouping) {
            (b'n', _) => Locale::current(),
            (b'b' | b'o' | b'x' | b'X', Grouping::Underscore) => Locale::grouped("_", 4),
            (_, Grouping::Underscore) => Locale::grouped("_", 3),
            (_, Grouping::Comma) => Locale::grouped(",", 3),
            (_, Grouping::None) => Locale::plain(),
        };
        locale.fraction_sep = match self.fraction_grouping {
            Grouping::None => None,
            Grouping::Comma => Some(','),
            Grouping::Underscore => Some('_'),
        };
        locale
    }

    /// Sizes that no memory can hold are refused before anything is built.
    fn check_size(&self) -> PyResult<()> {
        match self.width {
            Some(width) if width > isize::MAX as usize / 8 => Err(exc::memory_error()),
            _ => Ok(()),
        }
    }
}

/// `format(text, spec)`.
///
/// # Errors
/// `ValueError`, `MemoryError`.
pub fn format_str(text: &PyStr, spec: &PyStr) -> PyResult<Ref<PyStr>> {
    if spec.is_empty() {
        return text.to_exact();
    }
    let spec = FormatSpec::parse(spec, b's', b'<', text.as_object().ty().name())?;
    match u8::try_from(spec.kind) {
        Ok(b's') => {}
        _ => return Err(unknown_code(spec.kind, text.as_object().ty().name())),
    }
    if spec.sign != 0 {
        return Err(exc::value_error(if spec.sign == b' ' {
            "Space not allowed in string format specifier"
        } else {
            "Sign not allowed in string format specifier"
        }));
    }
    if spec.no_negative_zero {
        return Err(exc::value_error("Negative zero coercion (z) not allowed in string format specifier"));
    }
    if spec.alternate {
        return Err(exc::value_error("Alternate form (#) not allowed in string format specifier"));
    }
    if spec.align == b'=' {
        return Err(exc::value_error("'=' alignment not allowed in string format specifier"));
    }
    let len = spec.precision.unwrap_or(usize::MAX).min(text.len());
    let missing = spec.width.unwrap_or(0).saturating_sub(len);
    let shown = text.try_substring(0, len)?;
    if missing == 0 {
        return Ok(shown);
    }
    spec.check_size()?;
    let left = match spec.align {
        b'>' => missing,
        b'^' => missing / 2,
        _ => 0,
    };
    shown.padded(left, missing - left, spec.fill)
}

/// Digits of an integer's magnitude.
fn magnitude_digits(value: &BigInt, radix: u32, upper: bool) -> String {
    let mut digits = value.magnitude().to_str_radix(radix);
    if upper {
        digits.make_ascii_uppercase();
    }
    digits
}

/// Sign and digits of an `int`, without going through big integers when it is small.
pub(crate) fn int_digits(value: &PyInt, radix: u32, upper: bool) -> PyResult<(bool, String)> {
    if let Some(small) = value.as_i64() {
        let magnitude = small.unsigned_abs();
        let digits = match (radix, upper) {
            (2, _) => format!("{magnitude:b}"),
            (8, _) => format!("{magnitude:o}"),
            (16, false) => format!("{magnitude:x}"),
            (16, true) => format!("{magnitude:X}"),
            _ => magnitude.to_string(),
        };
        return Ok((small < 0, digits));
    }
    if radix == 10 {
        // The built-in conversion checks the limit on digits.
        let text = crate::types::int::int_repr(value)?;
        let text = text.to_string_lossy();
        return Ok(match text.strip_prefix('-') {
            Some(digits) => (true, digits.to_owned()),
            None => (false, text.into_owned()),
        });
    }
    let big = value.to_bigint();
    Ok((big.sign() == Sign::Minus, magnitude_digits(&big, radix, upper)))
}

/// `format(number, spec)` for `int` and its subclasses.
///
/// # Errors
/// `ValueError`, `OverflowError`, `MemoryError`.
pub fn format_int(value: &PyInt, spec: &PyStr) -> PyResult<Ref<PyStr>> {
    if spec.is_empty() {
        return crate::protocol::object::str(value.as_object());
    }
    let type_name = value.as_object().ty().name();
    let spec = FormatSpec::parse(spec, 0, b'>', type_name)?;
    let radix = match u8::try_from(spec.kind) {
        Ok(0 | b'd' | b'n' | b'c') => 10,
        Ok(b'b') => 2,
        Ok(b'o') => 8,
        Ok(b'x' | b'X') => 16,
        Ok(b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'%') => {
            return format_float_spec(value.to_f64()?, &spec, type_name);
        }
        _ => return Err(unknown_code(spec.kind, type_name)),
    };
    if spec.precision.is_some() || spec.fraction_grouping != Grouping::None {
        return Err(exc::value_error("Precision not allowed in integer format specifier"));
    }
    if spec.no_negative_zero {
        return Err(exc::value_error("Negative zero coercion (z) not allowed in integer format specifier"));
    }
    spec.check_size()?;
    let mut out = StrBuilder::new();
    if spec.kind == b'c' as u32 {
        if spec.sign != 0 {
            return Err(exc::value_error("Sign not allowed with integer format specifier 'c'"));
        }
        if spec.alternate {
            return Err(exc::value_error("Alternate form (#) not allowed with integer format specifier 'c'"));
        }
        let c = match value.as_i64() {
            Some(c @ 0..=0x10ffff) => c as u32,
            Some(_) => return Err(exc::overflow_error("%c arg not in range(0x110000)")),
            None => return Err(exc::overflow_error("Python int too large to convert to C long")),
        };
        let missing = spec.width.unwrap_or(0).saturating_sub(1);
        // The character counts as a digit: zeros and `=` padding go in front of it.
        let left = match spec.align {
            b'<' => 0,
            b'^' => missing / 2,
            _ => missing,
        };
        out.push_repeated(spec.fill, left);
        out.push_char(c);
        out.push_repeated(spec.fill, missing - left);
        return out.try_finish();
    }
    let upper = spec.kind == b'X' as u32;
    let (negative, digits) = int_digits(value, radix, upper)?;
    let prefix = match (spec.alternate, radix, upper) {
        (false, ..) | (_, 10, _) => "",
        (_, 2, _) => "0b",
        (_, 8, _) => "0o",
        (_, _, false) => "0x",
        (_, _, true) => "0X",
    };
    let parts = NumberParts { negative, prefix, digits: &digits, ..NumberParts::default() };
    write_number(&mut out, &parts, spec.layout(), &spec.locale())?;
    out.try_finish()
}

/// Splits the text of a float (without sign) into digits, fraction and the rest.
fn split_float(text: &str) -> (&str, bool, &str, &str) {
    let end = text.bytes().position(|c| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let (has_point, rest) = match rest.strip_prefix('.') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let end = rest.bytes().position(|c| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (fraction, suffix) = rest.split_at(end);
    (digits, has_point, fraction, suffix)
}

/// `format(number, spec)` for `float`; `object` is the float itself, for an empty specification and messages.
///
/// # Errors
/// `ValueError`, `MemoryError`.
pub fn format_float(object: &PyObject, value: f64, spec: &PyStr) -> PyResult<Ref<PyStr>> {
    if spec.is_empty() {
        return crate::protocol::object::str(object);
    }
    let type_name = object.ty().name();
    let spec = FormatSpec::parse(spec, 0, b'>', type_name)?;
    match u8::try_from(spec.kind) {
        Ok(0 | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'n' | b'%') => format_float_spec(value, &spec, type_name),
        _ => Err(unknown_code(spec.kind, type_name)),
    }
}

fn checked_precision(spec: &FormatSpec) -> PyResult<Option<usize>> {
    match spec.precision {
        Some(precision) if precision > i32::MAX as usize => Err(exc::value_error("precision too big")),
        precision => Ok(precision),
    }
}

fn format_float_spec(value: f64, spec: &FormatSpec, _type_name: &str) -> PyResult<Ref<PyStr>> {
    let precision = checked_precision(spec)?;
    spec.check_size()?;
    let mut flags = FloatFlags { alternate: spec.alternate, add_dot_0: false, no_negative_zero: spec.no_negative_zero };
    let mut value = value;
    let mut percent = false;
    let mut code = match u8::try_from(spec.kind).unwrap_or(0) {
        0 => {
            flags.add_dot_0 = true;
            b'r'
        }
        b'n' => b'g',
        b'%' => {
            value *= 100.0;
            percent = true;
            b'f'
        }
        code => code,
    };
    let precision = match precision {
        None if code == b'r' => 0,
        None => 6,
        Some(precision) => {
            if code == b'r' {
                code = b'g';
            }
            precision
        }
    };
    if precision > isize::MAX as usize / 16 {
        return Err(exc::memory_error());
    }
    let mut text = double_to_string(value, code, precision, flags)?;
    if percent {
        text.push('%');
    }
    let (negative, body) = match text.strip_prefix('-') {
        Some(body) => (true, body),
        None => (false, text.as_str()),
    };
    let (digits, has_point, fraction, suffix) = split_float(body);
    let parts = NumberParts { negative, prefix: "", digits, has_point, fraction, suffix };
    let mut out = StrBuilder::new();
    write_number(&mut out, &parts, spec.layout(), &spec.locale())?;
    out.try_finish()
}

/// `format(number, spec)` for `complex`.
///
/// # Errors
/// `ValueError`, `MemoryError`.
pub fn format_complex(object: &PyObject, re: f64, im: f64, spec: &PyStr) -> PyResult<Ref<PyStr>> {
    if spec.is_empty() {
        return crate::protocol::object::str(object);
    }
    let type_name = object.ty().name();
    let spec = FormatSpec::parse(spec, 0, b'>', type_name)?;
    let mut code = match u8::try_from(spec.kind) {
        Ok(0) => b'r',
        Ok(code @ (b'e' | b'E' | b'f' | b'F' | b'g' | b'G')) => code,
        Ok(b'n') => b'g',
        _ => return Err(unknown_code(spec.kind, type_name)),
    };
    if spec.fill == b'0' as u32 {
        return Err(exc::value_error("Zero padding is not allowed in complex format specifier"));
    }
    if spec.align == b'=' {
        return Err(exc::value_error("'=' alignment flag is not allowed in complex format specifier"));
    }
    let precision = checked_precision(&spec)?;
    spec.check_size()?;
    let flags = FloatFlags { alternate: spec.alternate, add_dot_0: false, no_negative_zero: spec.no_negative_zero };
    let mut parentheses = false;
    let mut skip_real = false;
    if code == b'r' {
        if re == 0.0 && re.is_sign_positive() {
            skip_real = true;
        } else {
            parentheses = true;
        }
    }
    let precision = match precision {
        None if code == b'r' => 0,
        None => 6,
        Some(precision) => {
            if code == b'r' {
                code = b'g';
            }
            precision
        }
    };
    let locale = spec.locale();
    let part = |out: &mut StrBuilder, value: f64, sign: u8| -> PyResult<()> {
        let text = double_to_string(value, code, precision, flags)?;
        let (negative, body) = match text.strip_prefix('-') {
            Some(body) => (true, body),
            None => (false, text.as_str()),
        };
        let (digits, has_point, fraction, suffix) = split_float(body);
        let parts = NumberParts { negative, prefix: "", digits, has_point, fraction, suffix };
        let layout = Layout { fill: b' ' as u32, align: b'<', sign, width: None };
        write_number(out, &parts, layout, &locale)
    };
    let mut body = StrBuilder::new();
    if parentheses {
        body.push_ascii(b"(");
    }
    if !skip_real {
        part(&mut body, re, spec.sign)?;
    }
    part(&mut body, im, if skip_real { spec.sign } else { b'+' })?;
    body.push_ascii(b"j");
    if parentheses {
        body.push_ascii(b")");
    }
    let body = body.try_finish()?;
    let missing = spec.width.unwrap_or(0).saturating_sub(body.len());
    let left = match spec.align {
        b'<' => 0,
        b'^' => missing / 2,
        _ => missing,
    };
    body.padded(left, missing - left, spec.fill)
}
