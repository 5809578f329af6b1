//! Source files: finding the encoding (PEP 263) and decoding.

use crate::err::PyResult;
use crate::exc;
use crate::object::refs::PyStruct;
use crate::types::bytes::PyBytes;
use crate::types::str::PyStr;

/// The encoding that a coding cookie in the first two lines names.
fn cookie(source: &[u8]) -> Option<String> {
    for (number, line) in source.split(|&b| b == b'\n').take(2).enumerate() {
        let trimmed: &[u8] = {
            let start = line.iter().position(|b| !matches!(b, b' ' | b'\t' | 0x0c)).unwrap_or(line.len());
            &line[start..]
        };
        if trimmed.first() == Some(&b'#') {
            if let Some(name) = cookie_in_comment(trimmed) {
                return Some(name);
            }
        } else if number == 0 && !trimmed.iter().all(|b| b.is_ascii_whitespace()) {
            return None;
        }
    }
    None
}

fn cookie_in_comment(comment: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(comment);
    let at = text.find("coding")?;
    let rest = &text[at + 6..];
    let rest = rest.strip_prefix(':').or_else(|| rest.strip_prefix('='))?;
    let rest = rest.trim_start_matches([' ', '\t']);
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')).collect();
    (!name.is_empty()).then_some(name)
}

fn normalized(name: &str) -> String {
    name.to_ascii_lowercase().replace('_', "-")
}

/// Decodes a source file's bytes.
///
/// # Errors
/// `SyntaxError` for an unknown encoding, a cookie that contradicts the BOM, or bytes that are not text in the encoding.
pub fn decode(source: &[u8], filename: &str) -> PyResult<String> {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    let (body, has_bom) = match source.strip_prefix(BOM) {
        Some(rest) => (rest, true),
        None => (source, false),
    };
    let encoding = cookie(body);
    let name = encoding.as_deref().map(normalized);
    match name.as_deref() {
        None | Some("utf-8") => utf8(body, filename, encoding.is_some()),
        Some(n) if n.starts_with("utf-8-") => utf8(body, filename, true),
        Some(other) if has_bom => Err(exc::syntax_error(format!("encoding problem: {other} with BOM"))),
        Some("latin-1" | "iso-8859-1" | "iso-latin-1") => Ok(body.iter().map(|&b| b as char).collect()),
        Some(_) => {
            let original = encoding.unwrap_or_default();
            let bytes = PyBytes::new(body);
            let text = crate::runtime::codecs::decode(bytes.as_object(), &original, "strict").map_err(|e| {
                if e.matches(exc::LookupError()) {
                    exc::syntax_error(format!("unknown encoding: {original}"))
                } else {
                    e
                }
            })?;
            let text = text
                .downcast_ref::<PyStr>()
                .ok_or_else(|| exc::syntax_error(format!("encoding problem: {original}")))?;
            Ok(text.as_utf8()?.to_owned())
        }
    }
}

fn utf8(body: &[u8], filename: &str, declared: bool) -> PyResult<String> {
    match core::str::from_utf8(body) {
        Ok(text) => Ok(text.to_owned()),
        Err(e) => {
            let at = e.valid_up_to();
            let line = 1 + body[..at].iter().filter(|&&b| b == b'\n').count();
            let byte = body.get(at).copied().unwrap_or(0);
            let message = if declared {
                format!(
                    "(unicode error) 'utf-8' codec can't decode byte {byte:#04x} in position {at}: invalid start byte"
                )
            } else {
                format!(
                    "Non-UTF-8 code starting with '\\x{byte:02x}' in file {filename} on line {line}, but no encoding \
                     declared; see https://peps.python.org/pep-0263/ for details"
                )
            };
            Err(super::error::make(exc::SyntaxError(), &message, filename, (line, 0), (line, 0), None))
        }
    }
}
