//! Source files: finding the encoding (PEP 263) and decoding.

use crate::err::{PyErr, PyResult};
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
    text.match_indices("coding").find_map(|(at, word)| {
        let rest = text[at + word.len()..].strip_prefix([':', '='])?.trim_start_matches([' ', '\t']);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '_' | '.'));
        let name = &rest[..end.unwrap_or(rest.len())];
        (!name.is_empty()).then(|| name.to_owned())
    })
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
        None | Some("utf-8") => utf8(body, filename),
        Some(n) if n.starts_with("utf-8-") => utf8(body, filename),
        Some(other) if has_bom => {
            let message = format!("encoding problem: {other} with BOM");
            Err(super::error::make(exc::SyntaxError(), &message, filename, (1, 0), (1, 0), None))
        }
        Some("latin-1" | "iso-8859-1" | "iso-latin-1") => Ok(body.iter().map(|&b| b as char).collect()),
        Some(_) => {
            let original = encoding.unwrap_or_default();
            let bytes = PyBytes::new(body);
            let text = crate::runtime::codecs::decode(bytes.as_object(), &original, "strict").map_err(|e| {
                if e.matches(exc::LookupError()) {
                    problem(&format!("unknown encoding: {original}"), filename)
                } else if e.matches(exc::UnicodeError()) {
                    let text = crate::protocol::object::str(e.object());
                    let text = text.map_or_else(|_| String::new(), |text| text.to_string_lossy().into_owned());
                    problem(&format!("(unicode error) {text}"), filename)
                } else {
                    e
                }
            })?;
            let text = text
                .downcast_ref::<PyStr>()
                .ok_or_else(|| problem(&format!("encoding problem: {original}"), filename))?;
            Ok(text.as_utf8()?.to_owned())
        }
    }
}

/// An error about the file as a whole.
fn problem(message: &str, filename: &str) -> PyErr {
    super::error::make(exc::SyntaxError(), message, filename, (0, 0), (0, 0), None)
}

fn utf8(body: &[u8], filename: &str) -> PyResult<String> {
    core::str::from_utf8(body).map(str::to_owned).map_err(|e| {
        let at = e.valid_up_to();
        let line_start = body[..at].iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
        let line = 1 + body[..line_start].iter().filter(|&&b| b == b'\n').count();
        let message = format!(
            "Non-UTF-8 code starting with '\\x{:02x}' in file {filename} on line {line}, but no encoding declared; see \
             https://peps.python.org/pep-0263/ for details",
            body[at]
        );
        let column = 1 + String::from_utf8_lossy(&body[line_start..at]).chars().count();
        let text = body[line_start..].split(|&b| b == b'\n').next().unwrap_or_default();
        let text = String::from_utf8_lossy(text).into_owned();
        super::error::make(exc::SyntaxError(), &message, filename, (line, column), (line, column), Some(text))
    })
}
