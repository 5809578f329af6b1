//! Numbers as text: digits of floats for a given presentation, digit grouping, and the layout of sign, prefix, digits,
//! fraction and padding that the format mini-language prescribes.

use super::StrBuilder;
use crate::PyResult;
use crate::object::alloc::ensure_available;

/// What `double_to_string` is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct FloatFlags {
    /// `#`: keep the decimal point and trailing zeros.
    pub alternate: bool,
    /// Append `.0` to what would look like an integer.
    pub add_dot_0: bool,
    /// `z`: a zero result has no sign.
    pub no_negative_zero: bool,
}

/// Significant decimal digits of a finite, non-negative number, without trailing zeros but at least one digit, and the
/// position of the decimal point relative to the first digit.
struct Digits {
    digits: Vec<u8>,
    point: i64,
}

/// More digits than any double has behind the decimal point; all further ones are zeros.
const MAX_PRECISION: usize = 1100;

impl Digits {
    /// Splits Rust's `d.ddde±x`.
    fn from_exponent_form(text: &str) -> Digits {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        Digits { digits, point: exponent.parse::<i64>().unwrap_or(0) + 1 }.trimmed()
    }

    fn trimmed(mut self) -> Digits {
        while self.digits.len() > 1 && self.digits.last() == Some(&b'0') {
            self.digits.pop();
        }
        if self.digits == b"0" {
            self.point = 1;
        }
        self
    }

    /// `count` significant digits (at least one), correctly rounded.
    fn significant(value: f64, count: usize) -> Digits {
        let precision = count.saturating_sub(1).min(MAX_PRECISION);
        Digits::from_exponent_form(&format!("{value:.precision$e}"))
    }

    /// The fewest digits that read back as the same number.
    fn shortest(value: f64) -> Digits {
        let shortest = crate::types::float::shortest_digits(value);
        Digits { digits: shortest.digits().to_vec(), point: i64::from(shortest.point) }
    }
}

/// `PyOS_double_to_string`: `code` is one of `e E f F g G r`. The result has a `-` when the number is negative.
///
/// # Errors
/// `MemoryError`.
pub fn double_to_string(value: f64, code: u8, precision: usize, flags: FloatFlags) -> PyResult<String> {
    if code != b'r' && (flags.alternate || !code.eq_ignore_ascii_case(&b'g')) {
        ensure_available(precision.saturating_mul(2))?;
    }
    Ok(float_text(value, code, precision, flags))
}

fn float_text(value: f64, code: u8, precision: usize, flags: FloatFlags) -> String {
    let upper = code.is_ascii_uppercase();
    let code = code.to_ascii_lowercase();
    if value.is_nan() {
        return if upper { "NAN" } else { "nan" }.to_owned();
    }
    let negative = value.is_sign_negative();
    let magnitude = value.abs();
    if magnitude.is_infinite() {
        return match (negative, upper) {
            (false, false) => "inf",
            (true, false) => "-inf",
            (false, true) => "INF",
            (true, true) => "-INF",
        }
        .to_owned();
    }
    let mut text = String::new();
    if negative {
        text.push('-');
    }
    let start = text.len();
    match code {
        b'f' => push_fixed(&mut text, magnitude, precision, flags),
        b'e' => {
            let digits = Digits::significant(magnitude, precision.saturating_add(1));
            push_exponent(&mut text, &digits, precision, flags, upper);
        }
        b'g' => {
            let precision = precision.max(1);
            let digits = Digits::significant(magnitude, precision);
            let limit = precision as i64 - i64::from(flags.add_dot_0);
            let shown = if flags.alternate { precision } else { digits.digits.len() };
            if digits.point <= -4 || digits.point > limit {
                push_exponent(&mut text, &digits, shown - 1, flags, upper);
            } else {
                push_positional(&mut text, &digits, shown, flags);
            }
        }
        _ => {
            let digits = Digits::shortest(magnitude);
            let shown = digits.digits.len();
            if digits.point <= -4 || digits.point > 16 {
                push_exponent(&mut text, &digits, shown - 1, flags, upper);
            } else {
                push_positional(&mut text, &digits, shown, flags);
            }
        }
    }
    if negative && flags.no_negative_zero {
        let mantissa_end = text.find(['e', 'E']).unwrap_or(text.len());
        if text.as_bytes()[start..mantissa_end].iter().all(|c| matches!(c, b'0' | b'.')) {
            text.remove(0);
        }
    }
    text
}

fn push_fixed(text: &mut String, magnitude: f64, precision: usize, flags: FloatFlags) {
    use core::fmt::Write;
    let shown = precision.min(MAX_PRECISION);
    // Writing to a `String` cannot fail.
    let _ = write!(text, "{magnitude:.shown$}");
    text.extend(core::iter::repeat_n('0', precision - shown));
    if precision == 0 {
        if flags.add_dot_0 {
            text.push_str(".0");
        } else if flags.alternate {
            text.push('.');
        }
    }
}

/// `d.ddde+xx` with `fraction` digits behind the point.
fn push_exponent(text: &mut String, digits: &Digits, fraction: usize, flags: FloatFlags, upper: bool) {
    use core::fmt::Write;
    let exponent = if digits.digits == b"0" { 0 } else { digits.point - 1 };
    text.push(digits.digits[0] as char);
    if fraction > 0 {
        text.push('.');
        let rest = &digits.digits[1..];
        let shown = rest.len().min(fraction);
        text.extend(rest[..shown].iter().map(|&d| d as char));
        text.extend(core::iter::repeat_n('0', fraction - shown));
    } else if flags.alternate {
        text.push('.');
    }
    text.push(if upper { 'E' } else { 'e' });
    // Writing to a `String` cannot fail.
    let _ = write!(text, "{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
}

/// Positional notation with `shown` significant digits (zeros added as needed).
fn push_positional(text: &mut String, digits: &Digits, shown: usize, flags: FloatFlags) {
    let digit = |i: i64| if i < 0 { '0' } else { digits.digits.get(i as usize).map_or('0', |&d| d as char) };
    let point = digits.point;
    if point <= 0 {
        text.push('0');
    } else {
        text.extend((0..point).map(digit));
    }
    let mut end = (shown as i64).max(point);
    if flags.add_dot_0 {
        end = end.max(point + 1);
    }
    // The fraction: digits from the point on, including zeros in front of the first one.
    if end > point {
        text.push('.');
        text.extend((point..end).map(digit));
    } else if flags.alternate {
        text.push('.');
    }
}

/// How digits are grouped and what stands for the decimal point.
#[derive(Clone, Debug)]
pub struct Locale {
    pub decimal_point: String,
    pub thousands_sep: String,
    /// Sizes of groups from the right; the last one repeats; 127 (`CHAR_MAX`) means no further grouping.
    pub grouping: Vec<u8>,
    /// Separator of the digits behind the decimal point, in groups of three.
    pub fraction_sep: Option<char>,
}

impl Locale {
    /// Groups of `size` digits separated by `separator`.
    pub fn grouped(separator: &str, size: u8) -> Locale {
        Locale {
            decimal_point: ".".to_owned(),
            thousands_sep: separator.to_owned(),
            grouping: vec![size],
            fraction_sep: None,
        }
    }

    /// No grouping.
    pub fn plain() -> Locale {
        Locale { decimal_point: ".".to_owned(), thousands_sep: String::new(), grouping: Vec::new(), fraction_sep: None }
    }

    /// What `setlocale` has chosen.
    pub fn current() -> Locale {
        // SAFETY: the C library's static record, read at once; its strings are NUL-terminated.
        unsafe {
            let conv = libc::localeconv();
            if conv.is_null() {
                return Locale::plain();
            }
            let text = |ptr: *const core::ffi::c_char| {
                if ptr.is_null() {
                    String::new()
                } else {
                    core::ffi::CStr::from_ptr(ptr).to_string_lossy().into_owned()
                }
            };
            let grouping = if (*conv).grouping.is_null() {
                Vec::new()
            } else {
                core::ffi::CStr::from_ptr((*conv).grouping).to_bytes().to_vec()
            };
            Locale {
                decimal_point: text((*conv).decimal_point),
                thousands_sep: text((*conv).thousands_sep),
                grouping,
                fraction_sep: None,
            }
        }
    }
}

/// The digits with separators, zeros put in front until at least `min_width` characters (separators counted) stand there.
///
/// # Errors
/// `MemoryError`.
pub fn group_digits(digits: &str, min_width: usize, locale: &Locale) -> PyResult<String> {
    let separator = locale.thousands_sep.as_bytes();
    let separator_width = locale.thousands_sep.chars().count();
    ensure_available(min_width.saturating_mul(separator.len().max(1) * 2))?;
    let digits = digits.as_bytes();
    // The bytes from the last to the first.
    let mut reversed: Vec<u8> = Vec::with_capacity(digits.len() + digits.len() / 3 + min_width);
    let mut remaining = digits.len();
    let mut min_width = min_width as isize;
    let mut sizes = locale.grouping.iter().copied();
    let mut last_size = 0u8;
    let mut use_separator = false;
    loop {
        // The grouping ends with 0 (repeat the last size) or 127 (no more groups).
        let size = match sizes.next() {
            Some(0) | None => last_size,
            Some(size) => {
                last_size = size;
                size
            }
        };
        let unlimited = size == 0 || size == 127;
        let wanted = (remaining as isize).max(min_width).max(1) as usize;
        let len = if unlimited { wanted } else { wanted.min(size as usize) };
        if use_separator {
            reversed.extend(separator.iter().rev());
        }
        for i in 0..len {
            reversed.push(if i < remaining { digits[remaining - 1 - i] } else { b'0' });
        }
        use_separator = true;
        remaining -= len.min(remaining);
        min_width -= len as isize;
        if (remaining == 0 && min_width <= 0) || unlimited {
            break;
        }
        min_width -= separator_width as isize;
    }
    reversed.reverse();
    // Whole separators were reversed, and are the right way round again.
    Ok(String::from_utf8(reversed).unwrap_or_default())
}

/// Digits behind the decimal point in groups of three from the left.
pub fn group_fraction(digits: &str, separator: char) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i != 0 && i % 3 == 0 {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

/// The parts of a formatted number.
#[derive(Debug, Default)]
pub struct NumberParts<'a> {
    /// Was the number negative?
    pub negative: bool,
    /// `0x` and the like.
    pub prefix: &'a str,
    /// Digits before the decimal point.
    pub digits: &'a str,
    /// Is there a decimal point?
    pub has_point: bool,
    /// Digits behind the decimal point.
    pub fraction: &'a str,
    /// Exponent, `%`, or `nan` and `inf`.
    pub suffix: &'a str,
}

/// Fill, alignment, sign and width.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    pub fill: u32,
    /// One of `< > = ^`.
    pub align: u8,
    /// One of `+ - ` or 0.
    pub sign: u8,
    pub width: Option<usize>,
}

/// Puts the parts together:
/// `left padding | sign | prefix | inner padding | grouped digits | point | fraction | suffix | right padding`.
///
/// # Errors
/// `MemoryError`.
pub fn write_number(out: &mut StrBuilder, parts: &NumberParts<'_>, layout: Layout, locale: &Locale) -> PyResult<()> {
    let sign = match (parts.negative, layout.sign) {
        (true, _) => Some('-'),
        (false, b'+') => Some('+'),
        (false, b' ') => Some(' '),
        _ => None,
    };
    let fraction = match locale.fraction_sep {
        Some(separator) => std::borrow::Cow::Owned(group_fraction(parts.fraction, separator)),
        None => std::borrow::Cow::Borrowed(parts.fraction),
    };
    let point = if parts.has_point { locale.decimal_point.as_str() } else { "" };
    let fixed = usize::from(sign.is_some())
        + parts.prefix.len()
        + point.chars().count()
        + fraction.chars().count()
        + parts.suffix.chars().count();
    let min_digits = if layout.fill == b'0' as u32 && layout.align == b'=' {
        layout.width.unwrap_or(0).saturating_sub(fixed)
    } else {
        0
    };
    let digits = if parts.digits.is_empty() { String::new() } else { group_digits(parts.digits, min_digits, locale)? };
    let padding = layout.width.unwrap_or(0).saturating_sub(fixed + digits.chars().count());
    let (left, inner, right) = match layout.align {
        b'<' => (0, 0, padding),
        b'^' => (padding / 2, 0, padding - padding / 2),
        b'=' => (0, padding, 0),
        _ => (padding, 0, 0),
    };
    out.push_repeated(layout.fill, left);
    if let Some(sign) = sign {
        out.push_char(sign as u32);
    }
    out.push_ascii(parts.prefix.as_bytes());
    out.push_repeated(layout.fill, inner);
    out.push_str(&digits);
    out.push_str(point);
    out.push_str(&fraction);
    out.push_str(parts.suffix);
    out.push_repeated(layout.fill, right);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: f64, code: u8, precision: usize) -> String {
        float_text(value, code, precision, FloatFlags::default())
    }

    #[test]
    fn presentations() {
        assert_eq!(text(1234.5678, b'f', 2), "1234.57");
        assert_eq!(text(0.5, b'f', 0), "0");
        assert_eq!(text(2.5, b'f', 0), "2");
        assert_eq!(text(1e22, b'g', 6), "1e+22");
        assert_eq!(text(0.0001, b'g', 6), "0.0001");
        assert_eq!(text(0.00001, b'g', 6), "1e-05");
        assert_eq!(text(123456789.0, b'e', 3), "1.235e+08");
        assert_eq!(text(0.0, b'e', 2), "0.00e+00");
        assert_eq!(text(-0.0, b'g', 6), "-0");
        assert_eq!(float_text(1.0, b'r', 0, FloatFlags { add_dot_0: true, ..Default::default() }), "1.0");
        assert_eq!(float_text(1505.0, b'g', 3, FloatFlags { alternate: true, ..Default::default() }), "1.50e+03");
        assert_eq!(float_text(1.1, b'g', 6, FloatFlags { alternate: true, ..Default::default() }), "1.10000");
        assert_eq!(float_text(-0.001, b'f', 2, FloatFlags { no_negative_zero: true, ..Default::default() }), "0.00");
    }

    #[test]
    fn grouping() {
        let locale = Locale::grouped("_", 3);
        assert_eq!(group_digits("1234567", 0, &locale).unwrap(), "1_234_567");
        assert_eq!(group_digits("123456", 12, &locale).unwrap(), "0_000_123_456");
        assert_eq!(group_digits("1", 4, &locale).unwrap(), "0_001");
        assert_eq!(group_fraction("1234567", ','), "123,456,7");
    }
}
