//! Ints as text: decimal and other radices, and the limit on the length of decimal conversions.

use core::cell::Cell;

use super::PyInt;
use crate::err::PyResult;
use crate::exc;
use crate::object::refs::Ref;
use crate::types::str::PyStr;

/// The limit that Python starts with (`sys.int_info.default_max_str_digits`).
pub const DEFAULT_MAX_STR_DIGITS: usize = 4300;
/// The least limit that may be set, and the length up to which nothing is checked (`sys.int_info.str_digits_check_threshold`).
pub const STR_DIGITS_CHECK_THRESHOLD: usize = 640;

struct Limit(Cell<usize>);
// SAFETY: only touched under the GIL.
unsafe impl Sync for Limit {}
static MAX_STR_DIGITS: Limit = Limit(Cell::new(DEFAULT_MAX_STR_DIGITS));

/// `sys.get_int_max_str_digits()`: 0 means no limit.
pub fn max_str_digits() -> usize {
    MAX_STR_DIGITS.0.get()
}

/// `sys.set_int_max_str_digits()`.
///
/// # Errors
/// `ValueError` when the limit is neither 0 nor at least the threshold.
pub fn set_max_str_digits(limit: usize) -> PyResult<()> {
    if limit != 0 && limit < STR_DIGITS_CHECK_THRESHOLD {
        return Err(exc::value_error(format!("maxdigits must be 0 or larger than {STR_DIGITS_CHECK_THRESHOLD}")));
    }
    MAX_STR_DIGITS.0.set(limit);
    Ok(())
}

/// Two decimal digits at a time.
const PAIRS: &[u8; 200] =
    b"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849\
5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

/// Writes a decimal number into the end of `buffer` and gives the part that was used.
pub fn decimal_i64(value: i64, buffer: &mut [u8; 20]) -> &[u8] {
    let mut rest = value.unsigned_abs();
    let mut at = buffer.len();
    while rest >= 100 {
        let pair = (rest % 100) as usize * 2;
        rest /= 100;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if rest >= 10 {
        let pair = rest as usize * 2;
        at -= 2;
        buffer[at..at + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    } else {
        at -= 1;
        buffer[at] = b'0' + rest as u8;
    }
    if value < 0 {
        at -= 1;
        buffer[at] = b'-';
    }
    &buffer[at..]
}

#[cold]
fn limit_error(limit: usize) -> crate::err::PyErr {
    exc::value_error(format!(
        "Exceeds the limit ({limit} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit"
    ))
}

impl PyInt {
    /// The decimal text.
    ///
    /// # Errors
    /// `ValueError` past the limit on digits.
    pub fn to_decimal_string(&self) -> PyResult<String> {
        if let Some(value) = self.as_i64() {
            let mut buffer = [0; 20];
            return Ok(String::from_utf8_lossy(decimal_i64(value, &mut buffer)).into_owned());
        }
        let limit = max_str_digits();
        let bits = self.bit_length();
        // log10(2) is a little more than 0.30102: surely too long numbers are refused before the work is done.
        if limit != 0
            && bits as usize / 100_000 * 30_102 + bits as usize % 100_000 * 30_102 / 100_000
                > limit.max(STR_DIGITS_CHECK_THRESHOLD)
        {
            return Err(limit_error(limit));
        }
        let text = self.to_biguint().to_str_radix(10);
        if limit != 0 && text.len() > limit && text.len() > STR_DIGITS_CHECK_THRESHOLD {
            return Err(limit_error(limit));
        }
        Ok(if self.is_negative() { format!("-{text}") } else { text })
    }

    /// `repr(self)` and `str(self)`.
    pub fn to_str(&self) -> PyResult<Ref<PyStr>> {
        if let Some(value) = self.as_i64() {
            let mut buffer = [0; 20];
            return Ok(PyStr::from_latin1(decimal_i64(value, &mut buffer)));
        }
        Ok(PyStr::from_string(self.to_decimal_string()?))
    }

    /// The digits in a radix from 2 to 36, lower case, with a sign but without prefix. Decimal is subject to the limit.
    pub fn to_string_radix(&self, radix: u32) -> PyResult<String> {
        if radix == 10 {
            return self.to_decimal_string();
        }
        let magnitude = match self.magnitude_u64() {
            Some(small) => match radix {
                2 => format!("{small:b}"),
                8 => format!("{small:o}"),
                16 => format!("{small:x}"),
                _ => self.to_biguint().to_str_radix(radix),
            },
            None => self.to_biguint().to_str_radix(radix),
        };
        Ok(if self.is_negative() { format!("-{magnitude}") } else { magnitude })
    }

    /// With the literal prefix, as `bin`, `oct` and `hex` give it.
    pub fn to_prefixed_string(&self, radix: u32) -> PyResult<String> {
        let prefix = match radix {
            2 => "0b",
            8 => "0o",
            16 => "0x",
            _ => "",
        };
        let text = self.to_string_radix(radix)?;
        Ok(match text.strip_prefix('-') {
            Some(magnitude) => format!("-{prefix}{magnitude}"),
            None => format!("{prefix}{text}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::decimal_i64;

    #[test]
    fn decimal_is_display() {
        for value in [0, 1, -1, 9, 10, 99, 100, 101, 12345, -999_999, i64::MAX, i64::MIN] {
            let mut buffer = [0; 20];
            assert_eq!(decimal_i64(value, &mut buffer), value.to_string().as_bytes());
        }
    }
}
