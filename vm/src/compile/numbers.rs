//! Warnings about numbers that a keyword follows without a space, as in `1if x else 2`. The parser reads them and says nothing.

use ruff_text_size::Ranged;
use rustpython_compiler::ast::token::{TokenKind, Tokens};
use rustpython_compiler::parser::{self, ParseOptions};

use super::warnings::{Warning, Warnings};

/// The warnings for a source text that has been compiled without its tokens being kept.
pub fn find_in_source(source: &str) -> Warnings {
    let mut warnings = Warnings::default();
    if may_be_in(source.as_bytes()) {
        // The tokens are the same in all modes.
        let parsed = parser::parse_unchecked(source, ParseOptions::from(parser::Mode::Module));
        find(source, parsed.tokens(), &mut warnings);
    }
    warnings
}

/// Does any keyword of the kind follow something that can end a number?
fn may_be_in(text: &[u8]) -> bool {
    const KEYWORDS: [&[u8]; 8] = [b"and", b"else", b"for", b"if", b"in", b"is", b"not", b"or"];
    text.windows(2).enumerate().any(|(at, pair)| {
        let ends_number = pair[0].is_ascii_hexdigit() || matches!(pair[0], b'.' | b'j' | b'J');
        ends_number
            && matches!(pair[1], b'a' | b'e' | b'f' | b'i' | b'n' | b'o')
            && starts_number(&text[..=at])
            && KEYWORDS.iter().any(|word| text[at + 1..].starts_with(word))
    })
}

/// Is the word at the end of the text, with its dots, one that begins like a number?
fn starts_number(text: &[u8]) -> bool {
    let word = text.iter().rev().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.')).last();
    word.is_some_and(|c| c.is_ascii_digit() || *c == b'.')
}

/// The warnings for the numbers among the tokens.
pub fn find(source: &str, tokens: &Tokens, warnings: &mut Warnings) {
    for pair in tokens.windows(2) {
        let (number, next) = (&pair[0], &pair[1]);
        let touching = number.range().end() == next.range().start();
        if !touching || !matches!(number.kind(), TokenKind::Int | TokenKind::Float | TokenKind::Complex) {
            continue;
        }
        use TokenKind::{And, Else, For, If, In, Is, Not, Or};
        if !matches!(next.kind(), And | Else | For | If | In | Is | Not | Or) {
            continue;
        }
        let (start, end) = (number.range().start().to_usize(), number.range().end().to_usize());
        let kind = match (number.kind(), source[start..end].get(..2)) {
            (TokenKind::Complex, _) => "imaginary",
            (_, Some("0x" | "0X")) => "hexadecimal",
            (_, Some("0o" | "0O")) => "octal",
            (_, Some("0b" | "0B")) => "binary",
            _ => "decimal",
        };
        let before = &source[..end];
        let line = before.matches('\n').count() + 1;
        let column = before[before.rfind('\n').map_or(0, |end| end + 1)..].chars().count();
        warnings.push(Warning { line, column, message: format!("invalid {kind} literal"), error: None });
    }
}
