//! `# type: …` comments, for `PyCF_TYPE_COMMENTS`. The parser drops comments; they are found among its tokens and given
//! to the statement or parameter they stand behind.

use core::cell::Cell;

use ruff_text_size::{Ranged, TextRange, TextSize};
use rustpython_compiler::ast::token::{TokenKind, Tokens};

use super::builder::Builder;
use super::classes::int;
use super::grammar::Kind;
use crate::err::PyResult;
use crate::object::ObjRef;
use crate::types::str::PyStr;

struct Comment {
    range: TextRange,
    text: String,
    /// Has a statement or parameter taken it? Others are errors.
    taken: Cell<bool>,
}

/// The type comments of a source text, in order.
pub struct TypeComments {
    comments: Vec<Comment>,
    /// `# type: ignore…`, with what follows the word.
    ignores: Vec<Comment>,
    /// The second comment of a function.
    second: Cell<Option<TextRange>>,
}

impl TypeComments {
    pub fn new(tokens: &Tokens, source: &str) -> TypeComments {
        let mut found = TypeComments { comments: Vec::new(), ignores: Vec::new(), second: Cell::new(None) };
        for token in tokens.iter().filter(|token| token.kind() == TokenKind::Comment) {
            let range = token.range();
            let comment = &source[range.start().to_usize()..range.end().to_usize()];
            let Some(text) = type_text(comment) else { continue };
            let comment = |text: &str| Comment { range, text: text.to_owned(), taken: Cell::new(false) };
            match text.strip_prefix("ignore") {
                Some(tag) if !tag.starts_with(|c: char| c.is_ascii_alphanumeric() || !c.is_ascii()) => {
                    found.ignores.push(comment(tag));
                }
                _ => found.comments.push(comment(text)),
            }
        }
        found
    }

    /// The first comment in a part of the source, which is taken.
    fn take(&self, start: TextSize, end: TextSize, accept: impl FnOnce(&Comment) -> bool) -> Option<&str> {
        let first = self.comments.partition_point(|comment| comment.range.start() < start);
        let comment = self.comments.get(first).filter(|comment| comment.range.start() < end && accept(comment))?;
        comment.taken.set(true);
        Some(&comment.text)
    }

    /// The comment between the header of a function and its block.
    pub fn of_function(&self, start: TextSize, end: TextSize) -> Option<&str> {
        let mut behind = start;
        let text = self.take(start, end, |comment| {
            behind = comment.range.end();
            true
        });
        if text.is_some() {
            let next = self.comments.partition_point(|comment| comment.range.start() < behind);
            let second = self.comments.get(next).filter(|comment| comment.range.start() < end);
            self.second.set(self.second.get().or(second.map(|comment| comment.range)));
        }
        text
    }

    /// The comment on the last line of the header of another statement with a block.
    pub fn of_block(&self, source: &str, start: TextSize, end: TextSize) -> Option<&str> {
        self.take(start, end, |comment| {
            let header = &source[start.to_usize()..comment.range.start().to_usize()];
            header.rsplit(':').next().is_some_and(|behind| header.contains(':') && !behind.contains('\n'))
        })
    }

    /// What is wrong with the comments: one that nothing has taken.
    pub fn fault(&self) -> Option<(&'static str, TextRange)> {
        if let Some(range) = self.second.get() {
            return Some(("Cannot have two type comments on def", range));
        }
        let left_over = self.comments.iter().find(|comment| !comment.taken.get())?;
        Some(("invalid syntax", left_over.range))
    }

    /// The comment on the same line behind `end`, with nothing but spaces (and characters of `between`) before it.
    fn following(&self, source: &str, end: TextSize, between: &[char]) -> Option<&str> {
        let rest = &source[end.to_usize()..];
        let skipped = rest.len() - rest.trim_start_matches(|c| c == ' ' || c == '\t' || between.contains(&c)).len();
        let at = end + TextSize::new(skipped as u32);
        self.take(at, at + TextSize::new(1), |_| true)
    }

    /// The comment at the end of an assignment.
    pub fn of_line_end(&self, source: &str, end: TextSize) -> Option<&str> {
        self.following(source, end, &[])
    }

    /// The comment behind a parameter and its comma.
    pub fn of_parameter(&self, source: &str, end: TextSize) -> Option<&str> {
        self.following(source, end, &[','])
    }

    /// `TypeIgnore` nodes.
    pub fn ignores(&self, builder: &Builder<'_>) -> PyResult<Vec<ObjRef>> {
        let make = |comment: &Comment| {
            let (line, _) = builder.lines.position(comment.range.start());
            builder.free(Kind::TypeIgnore, [int(line), PyStr::new(&comment.text).into_obj()])
        };
        self.ignores.iter().map(make).collect()
    }
}

/// What follows `# type: `.
fn type_text(comment: &str) -> Option<&str> {
    let text = comment.strip_prefix('#')?.trim_start_matches([' ', '\t']);
    Some(text.strip_prefix("type:")?.trim_start_matches([' ', '\t']))
}
