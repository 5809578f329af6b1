//! Case and character classes of bytes, which know ASCII only.

use super::ByteString;
use super::splitting::is_space;
use crate::PyResult;
use crate::object::ObjRef;

fn map<T: ByteString>(this: &T, f: impl Fn(usize, u8) -> u8) -> PyResult<ObjRef> {
    T::make_vec(this.contents().iter().enumerate().map(|(i, &c)| f(i, c)).collect())
}

/// `lower`.
///
/// # Errors
/// `MemoryError`, as all here.
pub fn lower<T: ByteString>(this: &T) -> PyResult<ObjRef> {
    map(this, |_, c| c.to_ascii_lowercase())
}

/// `upper`.
pub fn upper<T: ByteString>(this: &T) -> PyResult<ObjRef> {
    map(this, |_, c| c.to_ascii_uppercase())
}

/// `swapcase`.
pub fn swapcase<T: ByteString>(this: &T) -> PyResult<ObjRef> {
    map(this, |_, c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
}

/// `capitalize`.
pub fn capitalize<T: ByteString>(this: &T) -> PyResult<ObjRef> {
    map(this, |i, c| if i == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
}

/// `title`.
pub fn title<T: ByteString>(this: &T) -> PyResult<ObjRef> {
    let contents = this.contents();
    map(this, |i, c| {
        if i > 0 && contents[i - 1].is_ascii_alphabetic() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() }
    })
}

fn all(contents: &[u8], f: impl Fn(&u8) -> bool) -> bool {
    !contents.is_empty() && contents.iter().all(f)
}

/// `isalpha`.
pub fn is_alpha(contents: &[u8]) -> bool {
    all(contents, u8::is_ascii_alphabetic)
}

/// `isalnum`.
pub fn is_alnum(contents: &[u8]) -> bool {
    all(contents, u8::is_ascii_alphanumeric)
}

/// `isdigit`.
pub fn is_digit(contents: &[u8]) -> bool {
    all(contents, u8::is_ascii_digit)
}

/// `isspace`.
pub fn is_all_space(contents: &[u8]) -> bool {
    all(contents, |&c| is_space(c))
}

/// `islower`.
pub fn is_lower(contents: &[u8]) -> bool {
    !contents.iter().any(u8::is_ascii_uppercase) && contents.iter().any(u8::is_ascii_lowercase)
}

/// `isupper`.
pub fn is_upper(contents: &[u8]) -> bool {
    !contents.iter().any(u8::is_ascii_lowercase) && contents.iter().any(u8::is_ascii_uppercase)
}

/// `istitle`.
pub fn is_title(contents: &[u8]) -> bool {
    let mut cased = false;
    let mut previous_cased = false;
    for c in contents {
        if c.is_ascii_uppercase() {
            if previous_cased {
                return false;
            }
            previous_cased = true;
            cased = true;
        } else if c.is_ascii_lowercase() {
            if !previous_cased {
                return false;
            }
            cased = true;
        } else {
            previous_cased = false;
        }
    }
    cased
}
