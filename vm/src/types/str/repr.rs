//! `repr()` and `ascii()` of text.

use super::unicode::is_printable;
use super::{PyStr, StrBuilder, StrData};
use crate::PyResult;
use crate::object::Ref;

/// The quote for some text: single, unless it contains single quotes and no double ones.
fn choose_quote(data: StrData<'_>) -> u32 {
    let single = super::search::find_char(data, b'\'' as u32).is_some();
    let double = single && super::search::find_char(data, b'"' as u32).is_some();
    if single && !double { b'"' as u32 } else { b'\'' as u32 }
}

const HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends `\xhh`, `\uhhhh` or `\Uhhhhhhhh`, whichever the code point needs.
pub(crate) fn push_escape(out: &mut StrBuilder, c: u32) {
    let (letter, digits) = match c {
        0..=0xff => (b'x', 2),
        0x100..=0xffff => (b'u', 4),
        _ => (b'U', 8),
    };
    out.push_ascii(&[b'\\', letter]);
    for i in (0..digits).rev() {
        out.push_char(HEX[(c >> (4 * i)) as usize & 15] as u32);
    }
}

fn push_quoted(out: &mut StrBuilder, data: StrData<'_>, shown: impl Fn(u32) -> bool) {
    let quote = choose_quote(data);
    out.push_char(quote);
    for c in data.iter() {
        match c {
            _ if c == quote || c == b'\\' as u32 => {
                out.push_char(b'\\' as u32);
                out.push_char(c);
            }
            9 => out.push_ascii(b"\\t"),
            10 => out.push_ascii(b"\\n"),
            13 => out.push_ascii(b"\\r"),
            32..=126 => out.push_char(c),
            _ if c > 126 && shown(c) => out.push_char(c),
            _ => push_escape(out, c),
        }
    }
    out.push_char(quote);
}

impl PyStr {
    /// `repr(self)` of the built-in type.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn quoted(&self) -> PyResult<Ref<PyStr>> {
        if let Some(text) = self.as_ascii()
            && text.bytes().all(|c| matches!(c, 32..=126) && c != b'\'' && c != b'\\')
        {
            let mut out = StrBuilder::with_capacity(text.len() + 2);
            out.push_ascii(b"'");
            out.push_ascii(text.as_bytes());
            out.push_ascii(b"'");
            return out.try_finish();
        }
        let mut out = StrBuilder::with_capacity(self.len() + 2);
        push_quoted(&mut out, self.data(), is_printable);
        out.try_finish()
    }

    /// Everything beyond ASCII escaped: what `ascii()` makes of a `repr()`.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn ascii_escaped(&self) -> PyResult<Ref<PyStr>> {
        if self.is_ascii() {
            return self.to_exact();
        }
        let mut out = StrBuilder::with_capacity(self.len() + 8);
        for c in self.data().iter() {
            if c < 128 { out.push_char(c) } else { push_escape(&mut out, c) }
        }
        out.try_finish()
    }
}
