//! The text signature that hides at the head of a built-in's doc string.
//!
//! `"name($self, x, /)\n--\n\nWhat it does."`: what stands between the name and the `\n--\n\n` marker is
//! `__text_signature__`, what follows the marker is `__doc__`.

use core::ffi::{CStr, c_char};

use crate::object::ObjRef;
use crate::types::str::PyStr;

/// Ends the signature.
const END_MARKER: &str = ")\n--\n\n";

/// Where the signature starts in `doc` (at its `(`), if it starts with the last part of `name`.
fn find_signature<'a>(name: &str, doc: &'a str) -> Option<&'a str> {
    let bare = name.rsplit('.').next().unwrap_or(name);
    let rest = doc.strip_prefix(bare)?;
    rest.starts_with('(').then_some(rest)
}

/// Splits at the end marker: the signature with its `)`, and the text that follows.
fn split_signature(signature: &str) -> Option<(&str, &str)> {
    let end = signature.find(END_MARKER)?;
    // A blank line before the marker means that this is prose, not a signature.
    if signature[..end].contains("\n\n") {
        return None;
    }
    Some((&signature[..=end], &signature[end + END_MARKER.len()..]))
}

/// `__doc__`: the doc string without its signature; `None` when nothing is left.
pub fn doc_of<'a>(name: &str, doc: &'a str) -> Option<&'a str> {
    let text = find_signature(name, doc).and_then(split_signature).map_or(doc, |(_, text)| text);
    (!text.is_empty()).then_some(text)
}

/// `__text_signature__`: the signature in its parentheses.
pub fn text_signature_of<'a>(name: &str, doc: &'a str) -> Option<&'a str> {
    find_signature(name, doc).and_then(split_signature).map(|(signature, _)| signature)
}

/// The text of a C string that belongs to a definition; definitions outlive their objects.
///
/// # Safety
/// Null, or NUL-terminated and alive for `'a`.
pub unsafe fn c_text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(match unsafe { CStr::from_ptr(text) }.to_str() {
        Ok(text) => text,
        Err(e) => {
            // SAFETY: not UTF-8 all the way; what comes before the fault is.
            let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
            core::str::from_utf8(&bytes[..e.valid_up_to()]).unwrap_or("")
        }
    })
}

/// As a Python object: the text or `None`.
pub fn text_or_none(text: Option<&str>) -> ObjRef {
    match text {
        Some(text) => PyStr::new(text).into_obj(),
        None => crate::none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_split_from_docs() {
        let doc = "pop($self, index=-1, /)\n--\n\nRemove it.";
        assert_eq!(text_signature_of("list.pop", doc), Some("($self, index=-1, /)"));
        assert_eq!(doc_of("pop", doc), Some("Remove it."));
        assert_eq!(doc_of("pop", "pop($self, /)\n--\n\n"), None);
        assert_eq!(doc_of("pop", "pop(x) -> y\n\nprose )\n--\n\n"), Some("pop(x) -> y\n\nprose )\n--\n\n"));
        assert_eq!(text_signature_of("push", doc), None);
    }
}
