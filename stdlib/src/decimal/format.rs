//! `format(Decimal, ...)`.

use rpy_vm::object::alloc::ensure_available;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyObject, PyResult, exc, intern};

use super::current::current;
use super::environment::Environment;
use super::number::Number;

/// A parsed specification.
struct Spec {
    fill: String,
    align: char,
    zero_padded: bool,
    no_negative_zero: bool,
    sign: char,
    width: usize,
    separator: String,
    point: String,
    /// Sizes of groups of digits from the right; the last one is repeated.
    grouping: Vec<usize>,
    precision: Option<i64>,
    /// Stands between groups of three digits behind the point.
    fraction_separator: String,
    /// Is there a point even with nothing behind it?
    alternate: bool,
    kind: char,
}

fn invalid() -> rpy_vm::PyErr {
    exc::value_error("invalid format string")
}

fn parse(text: &str, capitals: bool) -> PyResult<Spec> {
    let chars: Vec<char> = text.chars().collect();
    let mut spec = Spec {
        fill: String::from(" "),
        align: '>',
        zero_padded: false,
        no_negative_zero: false,
        sign: '-',
        width: 0,
        separator: String::new(),
        point: String::from("."),
        grouping: vec![3],
        precision: None,
        fraction_separator: String::new(),
        alternate: false,
        kind: if capitals { 'G' } else { 'g' },
    };
    let is_align = |at: usize| chars.get(at).is_some_and(|c| matches!(c, '<' | '>' | '=' | '^'));
    let mut at = 0;
    let mut aligned = false;
    if is_align(1) {
        spec.fill = chars[0].to_string();
        spec.align = chars[1];
        aligned = true;
        at = 2;
    } else if is_align(0) {
        spec.align = chars[0];
        aligned = true;
        at = 1;
    }
    let peek = |at: usize| chars.get(at).copied();
    if let Some(c @ ('+' | '-' | ' ')) = peek(at) {
        spec.sign = c;
        at += 1;
    }
    if peek(at) == Some('z') {
        spec.no_negative_zero = true;
        at += 1;
    }
    if peek(at) == Some('#') {
        spec.alternate = true;
        at += 1;
    }
    if peek(at) == Some('0') {
        if aligned {
            return Err(invalid());
        }
        spec.zero_padded = true;
        spec.fill = String::from("0");
        spec.align = '=';
        at += 1;
    }
    let number = |at: &mut usize| -> PyResult<Option<i64>> {
        let start = *at;
        while peek(*at).is_some_and(|c| c.is_ascii_digit()) {
            *at += 1;
        }
        if *at == start {
            return Ok(None);
        }
        let digits: String = chars[start..*at].iter().collect();
        digits.parse().ok().filter(|&n: &i64| n < i64::from(i32::MAX)).map(Some).ok_or_else(invalid)
    };
    spec.width = number(&mut at)?.unwrap_or(0) as usize;
    let mut grouped = false;
    if let Some(c @ (',' | '_')) = peek(at) {
        spec.separator = c.to_string();
        grouped = true;
        at += 1;
    }
    if peek(at) == Some('.') {
        at += 1;
        spec.precision = number(&mut at)?;
        if let Some(c @ (',' | '_')) = peek(at) {
            spec.fraction_separator = c.to_string();
            grouped = true;
            at += 1;
        } else if spec.precision.is_none() {
            return Err(invalid());
        }
    }
    if let Some(c @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%' | 'n' | 'N')) = peek(at) {
        if matches!(c, 'n' | 'N') && grouped {
            return Err(invalid());
        }
        spec.kind = c;
        at += 1;
    }
    if at != chars.len() {
        return Err(invalid());
    }
    Ok(spec)
}

impl Spec {
    /// Takes what a locale says.
    fn localize(&mut self) -> PyResult<()> {
        let locale = rpy_vm::import::import_module("_locale")?;
        let conventions = call::call_noargs(&*protocol::getattr(&locale, intern!("localeconv"))?)?;
        if let Some(dict) = conventions.downcast_ref::<PyDict>() {
            self.take(dict)?;
        }
        self.kind = if self.kind == 'N' { 'G' } else { 'g' };
        Ok(())
    }

    /// Takes point, separator and grouping out of a dict.
    fn take(&mut self, dict: &PyDict) -> PyResult<()> {
        let text = |name: &str| match dict.get_name(name) {
            None => Ok(None),
            Some(value) => match value.downcast_ref::<PyStr>() {
                Some(text) => Ok(Some(text.to_string_lossy().into_owned())),
                None => Err(exc::type_error("override argument must be a dict with str values")),
            },
        };
        let wrong = || exc::value_error("invalid override dict");
        if let Some(point) = text("decimal_point")? {
            if point.chars().count() != 1 {
                return Err(wrong());
            }
            self.point = point;
        }
        if let Some(separator) = text("thousands_sep")? {
            if separator.chars().count() > 1 {
                return Err(wrong());
            }
            self.separator = separator;
        }
        let Some(grouping) = dict.get_name("grouping") else { return Ok(()) };
        // A list, or as C's library writes it: sizes as characters.
        let sizes: Vec<i64> = match grouping.downcast_ref::<PyStr>() {
            Some(text) => text.data().iter().map(i64::from).collect(),
            None => rpy_vm::types::list::collect(&grouping)?
                .iter()
                .map(|size| size.downcast_ref::<PyInt>().and_then(PyInt::as_i64).unwrap_or(-1))
                .collect(),
        };
        self.grouping.clear();
        for size in sizes {
            match size {
                // The last one is repeated, or there are no further groups.
                0 => break,
                127 => {
                    self.grouping.push(usize::MAX);
                    break;
                }
                1..127 => self.grouping.push(size as usize),
                _ => return Err(wrong()),
            }
        }
        Ok(())
    }

    fn sign_of(&self, negative: bool) -> &'static str {
        match (negative, self.sign) {
            (true, _) => "-",
            (false, '+') => "+",
            (false, ' ') => " ",
            _ => "",
        }
    }

    fn aligned(&self, sign: &str, body: &str) -> String {
        let len = sign.chars().count() + body.chars().count();
        let missing = self.width.saturating_sub(len);
        let pad = |n: usize| self.fill.repeat(n);
        match self.align {
            '<' => [sign, body, &pad(missing)].concat(),
            '=' => [sign, &pad(missing), body].concat(),
            '^' => [&pad(missing / 2), sign, body, &pad(missing - missing / 2)].concat(),
            _ => [&pad(missing), sign, body].concat(),
        }
    }

    /// Digits in groups, with zeros in front up to a width. Like all that may be long here, it takes no more than four times its length of
    /// memory.
    fn grouped(&self, digits: &str, mut width: usize) -> String {
        if self.separator.is_empty() || self.grouping.is_empty() {
            return ["0".repeat(width.saturating_sub(digits.len())).as_str(), digits].concat();
        }
        let separator_len = self.separator.chars().count();
        // From the last digit to the first.
        let mut reversed: Vec<u8> = Vec::new();
        let mut rest = digits;
        let mut sizes = self.grouping.iter().copied();
        let mut size = usize::MAX;
        loop {
            size = sizes.next().unwrap_or(size);
            let longest = rest.len().max(width).max(1);
            let take = longest.min(size);
            let from = rest.len().saturating_sub(take);
            reversed.extend(rest[from..].bytes().rev());
            reversed.extend(core::iter::repeat_n(b'0', take - (rest.len() - from)));
            rest = &rest[..from];
            width = width.saturating_sub(take);
            if rest.is_empty() && width == 0 {
                break;
            }
            reversed.extend(self.separator.bytes().rev());
            width = width.saturating_sub(separator_len);
        }
        reversed.reverse();
        String::from_utf8(reversed).expect("digits and separators are text")
    }
}

/// `Decimal.__format__`.
pub fn format(number: &Number, spec: &PyObject, given: Option<&PyObject>) -> PyResult<ObjRef> {
    let Some(text) = spec.downcast_ref::<PyStr>() else { return Err(exc::type_error("format arg must be str")) };
    let context = current()?;
    if text.is_empty() && given.is_none() {
        return Ok(PyStr::from_string(number.text(false, context.capitals())).into_obj());
    }
    let mut spec = parse(text.as_utf8()?, context.capitals())?;
    if spec.kind == 'N' {
        let message = "Format specifier 'N' is deprecated and slated for removal in Python 3.18";
        rpy_vm::runtime::warnings::warn(exc::DeprecationWarning(), message, 1)?;
    }
    if let Some(given) = given {
        let Some(dict) = given.downcast_ref::<PyDict>() else {
            return Err(exc::type_error("optional argument must be a dict"));
        };
        spec.take(dict)?;
        if matches!(spec.kind, 'n' | 'N') {
            spec.kind = if spec.kind == 'N' { 'G' } else { 'g' };
        }
    } else if matches!(spec.kind, 'n' | 'N') {
        spec.localize()?;
    }
    let mut environment = Environment::maximal();
    environment.rounding = context.environment().rounding;
    Ok(PyStr::from_string(render(number, &spec, &mut environment)?).into_obj())
}

/// Rounds to so many digits.
fn to_digits(n: &Number, digits: i64, environment: &mut Environment) -> Number {
    let mut work = Environment { prec: digits.max(1), ..environment.clone() };
    let result = work.finish(n.clone());
    if result.is_finite() { result } else { n.clone() }
}

///
/// # Errors
/// `MemoryError`.
fn render(number: &Number, spec: &Spec, environment: &mut Environment) -> PyResult<String> {
    ensure_available(spec.width.saturating_mul(4 * (spec.fill.len() + spec.separator.len())))?;
    let percent = if spec.kind == '%' { "%" } else { "" };
    if !number.is_finite() {
        let body = number.clone().with_sign(false).text(false, true);
        let spec = Spec {
            // Zeros in front make no sense here.
            fraction_separator: String::new(),
            fill: if spec.zero_padded { String::from(" ") } else { spec.fill.clone() },
            align: if spec.zero_padded { '>' } else { spec.align },
            grouping: Vec::new(),
            separator: String::new(),
            point: String::new(),
            ..*spec
        };
        return Ok(spec.aligned(spec.sign_of(number.negative), &format!("{body}{percent}")));
    }
    let mut n = number.clone();
    if spec.kind == '%' {
        n.exponent += 2;
    }
    let kind = spec.kind.to_ascii_lowercase();
    let rounding = environment.rounding;
    if let Some(precision) = spec.precision {
        match kind {
            'e' if !n.is_zero() && n.coefficient.digits() as i64 > precision + 1 => {
                n = to_digits(&n, precision + 1, environment);
            }
            'f' | '%' if n.exponent < -precision => n = environment.rescale(&n, -precision, rounding),
            'g' if n.coefficient.digits() as i64 > precision.max(1) => n = to_digits(&n, precision, environment),
            _ => {}
        }
    }
    if n.is_zero() && n.exponent > 0 && matches!(kind, 'f' | '%') {
        n.exponent = 0;
    }
    let negative = n.negative && !(spec.no_negative_zero && n.is_zero());
    let mut digits = n.coefficient.text();
    if let Some(precision) = spec.precision {
        // Zeros behind, up to the precision.
        let missing = match kind {
            'e' if !n.is_zero() => (precision + 1 - digits.len() as i64).max(0),
            'f' | '%' => n.exponent.saturating_add(precision).max(0),
            _ => 0,
        };
        ensure_available((missing as usize).saturating_mul(2))?;
        digits.extend(core::iter::repeat_n('0', missing as usize));
        n.exponent -= missing;
    }
    let left = n.exponent + digits.len() as i64;
    let point = match kind {
        'e' => match spec.precision {
            Some(precision) if n.is_zero() => 1 - precision,
            _ => 1,
        },
        'f' | '%' => left,
        _ if n.exponent <= 0 && left > -6 => left,
        _ => 1,
    };
    let len = digits.len() as i64;
    // The digits, the zeros on either side and the separators, each twice.
    ensure_available((len.saturating_add(point.saturating_abs()) as usize).saturating_mul(4))?;
    let (whole, fraction) = if point < 0 {
        (String::from("0"), format!("{}{digits}", "0".repeat(point.unsigned_abs() as usize)))
    } else if point > len {
        (format!("{digits}{}", "0".repeat((point - len) as usize)), String::new())
    } else {
        let (whole, fraction) = digits.split_at(point as usize);
        (String::from(if whole.is_empty() { "0" } else { whole }), fraction.to_owned())
    };
    let mut tail = String::new();
    if !fraction.is_empty() || spec.alternate {
        tail.push_str(&spec.point);
    }
    for (i, digit) in fraction.chars().enumerate() {
        if i > 0 && i % 3 == 0 {
            tail.push_str(&spec.fraction_separator);
        }
        tail.push(digit);
    }
    let exponent = left - point;
    if exponent != 0 || kind == 'e' {
        tail.push(if spec.kind.is_ascii_uppercase() { 'E' } else { 'e' });
        tail.push_str(&format!("{exponent:+}"));
    }
    tail.push_str(percent);
    let sign = spec.sign_of(negative);
    let width = if spec.zero_padded { spec.width.saturating_sub(tail.chars().count() + sign.len()) } else { 0 };
    Ok(spec.aligned(sign, &[spec.grouped(&whole, width), tail].concat()))
}
