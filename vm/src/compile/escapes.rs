//! Warnings about backslashes in string literals that escape nothing. The parser leaves them as they are and says nothing.

use memchr::memchr_iter;
use ruff_text_size::Ranged;
use rustpython_compiler::ast::token::{Token, TokenKind, Tokens};
use rustpython_compiler::parser::{self, ParseOptions};

use super::warnings::{Warning, Warnings};

/// The warnings for a source text that has been compiled without its tokens being kept.
pub fn find_in_source(source: &str) -> Warnings {
    let mut warnings = Warnings::default();
    if memchr_iter(b'\\', source.as_bytes()).any(|at| invalid_escape(source, at, false).is_some()) {
        // The tokens are the same in all modes.
        let parsed = parser::parse_unchecked(source, ParseOptions::from(parser::Mode::Module));
        find(source, parsed.tokens(), &mut warnings);
    }
    warnings
}

/// The warnings for the string literals among the tokens.
pub fn find(source: &str, tokens: &Tokens, warnings: &mut Warnings) {
    for token in tokens.iter() {
        if let Some((at, warning)) = in_token(source, token) {
            let before = &source[..at];
            let line = before.matches('\n').count() + 1;
            let column = before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1;
            warnings.push(Warning { line, column, ..warning });
        }
    }
}

/// The first invalid escape of a literal; others are not reported.
fn in_token(source: &str, token: &Token) -> Option<(usize, Warning)> {
    if !matches!(token.kind(), TokenKind::String | TokenKind::FStringMiddle | TokenKind::TStringMiddle) {
        return None;
    }
    let flags = token.string_flags()?;
    if flags.is_raw_string() {
        return None;
    }
    let is_text = token.kind() != TokenKind::String || !flags.is_byte_string();
    let (start, end) = (token.range().start().to_usize(), token.range().end().to_usize());
    let mut at = start;
    while let Some(found) = memchr::memchr(b'\\', &source.as_bytes()[at..end]) {
        at += found;
        if let Some(warning) = invalid_escape(source, at, is_text) {
            return Some((at, warning));
        }
        at += 2;
        if at >= end {
            break;
        }
    }
    None
}

/// What there is to say about the backslash at `at`, if it starts no escape sequence.
fn invalid_escape(source: &str, at: usize, is_text: bool) -> Option<Warning> {
    let escaped = source[at + 1..].chars().next()?;
    match escaped {
        '\n' | '\r' | '\\' | '\'' | '"' | 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' => None,
        'N' | 'u' | 'U' if is_text => None,
        '0'..='7' => {
            // Three digits may go beyond a byte.
            let digits = source.get(at + 1..at + 4)?;
            let too_large = escaped >= '4' && digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
            too_large.then(|| Warning::about_escape("an invalid octal escape sequence", digits))
        }
        _ => Some(Warning::about_escape("an invalid escape sequence", escaped.encode_utf8(&mut [0; 4]))),
    }
}
