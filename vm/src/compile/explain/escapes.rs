//! Escape sequences in literals that cannot be decoded.

/// What decoding the inside of a string literal would complain about.
pub fn text_error(body: &str) -> Option<String> {
    // Positions count in the text that is decoded, where characters outside of ASCII are escapes of ten characters.
    let mut position = 0;
    let mut rest = body;
    while let Some(c) = rest.chars().next() {
        if c != '\\' {
            position += if c.is_ascii() { 1 } else { 10 };
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let after = &rest[1..];
        let (length, error) = escape(after);
        if let Some((length, reason)) = error {
            let end = position + length;
            let place = if length > 0 {
                format!("bytes in position {position}-{end}")
            } else {
                format!("byte 0x5c in position {position}")
            };
            return Some(format!("(unicode error) 'unicodeescape' codec can't decode {place}: {reason}"));
        }
        // A character outside of ASCII behind a backslash counts by itself.
        position += 1 + length;
        rest = &after[length..];
    }
    None
}

/// The escape behind a backslash: its length if it is right; otherwise how long the wrong part is, and what is wrong.
fn escape(text: &str) -> (usize, Option<(usize, &'static str)>) {
    let hex = |digits: usize, reason: &'static str| {
        let found = text[1..].bytes().take(digits).take_while(u8::is_ascii_hexdigit).count();
        if found == digits { (1 + digits, None) } else { (0, Some((1 + found, reason))) }
    };
    match text.as_bytes().first() {
        None => (0, Some((0, "\\ at end of string"))),
        Some(b'x') => hex(2, "truncated \\xXX escape"),
        Some(b'u') => hex(4, "truncated \\uXXXX escape"),
        Some(b'U') => match hex(8, "truncated \\UXXXXXXXX escape") {
            (length, None) if u32::from_str_radix(&text[1..9], 16).is_ok_and(|code| code > 0x10ffff) => {
                (0, Some((length, "illegal Unicode character")))
            }
            other => other,
        },
        Some(b'N') => {
            let name = text[1..].strip_prefix('{').and_then(|rest| rest.find('}').map(|end| &rest[..end]));
            match name {
                None | Some("") => {
                    // The part up to where a name would have ended.
                    let length = match text[1..].strip_prefix('{') {
                        Some(rest) => 2 + rest.find('}').map_or(rest.len(), |end| end + 1),
                        None => 1,
                    };
                    let length = if text[1..].starts_with('{') && !text.contains('}') { text.len() } else { length };
                    (0, Some((length, "malformed \\N character escape")))
                }
                Some(name) => {
                    let length = 3 + name.len();
                    if rustpython_unicode::lookup_character(name).is_some() {
                        (length, None)
                    } else {
                        (0, Some((length, "unknown Unicode character name")))
                    }
                }
            }
        }
        Some(c) if c.is_ascii() => (1, None),
        Some(_) => (0, None),
    }
}

/// The same for bytes literals.
pub fn bytes_error(body: &str) -> Option<String> {
    let bytes = body.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'\\' {
            at += 1;
            continue;
        }
        if bytes.get(at + 1) == Some(&b'x') {
            let digits = bytes[at + 2..].iter().take(2).take_while(|c| c.is_ascii_hexdigit()).count();
            if digits < 2 {
                return Some(format!("(value error) invalid \\x escape at position {at}"));
            }
        }
        at += 2;
    }
    None
}
