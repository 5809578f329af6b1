//! The error that is found, and how its position and text are determined.

use super::grammar::Place;
use super::node::Value;
use super::parser::{Parser, Stop};
use crate::compile::tokens::SyntaxFailure;

/// The class of the exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    Syntax,
    Indentation,
    Tab,
    /// `_IncompleteInputError`.
    Incomplete,
    /// `MemoryError`, which has no position.
    Memory,
}

/// An error as it will be raised. Columns are in characters from 1; 0 and -1 stand for no column.
#[derive(Debug)]
pub struct Report {
    pub class: Class,
    pub message: String,
    pub line: usize,
    pub column: isize,
    pub end_line: usize,
    pub end_column: isize,
    pub text: Option<String>,
    /// Line and column of the last compound statement, for who looks for misspelled keywords.
    pub last_statement: Option<(usize, usize)>,
}

impl Report {
    /// What the tokenizer has found.
    pub fn from_tokenizer(failure: SyntaxFailure) -> Report {
        Report {
            class: Class::Syntax,
            message: failure.message,
            line: failure.line,
            column: failure.column as isize,
            end_line: failure.line,
            end_column: failure.end_column as isize,
            text: Some(failure.text),
            last_statement: None,
        }
    }

    /// Source that is nested too deeply.
    pub fn too_complex() -> Report {
        Report {
            class: Class::Memory,
            message: "Parser stack overflowed - Python source too complex to parse".to_owned(),
            line: 0,
            column: 0,
            end_line: 0,
            end_column: 0,
            text: None,
            last_statement: None,
        }
    }
}

/// The column in characters for one in bytes from 1. A byte inside of a character counts as that character.
fn characters(line: &str, column: isize) -> isize {
    let column = (column.max(0) as usize).min(line.len() + 1);
    let whole = line.char_indices().take_while(|(at, _)| *at < column).count();
    (whole + usize::from(column > line.len())) as isize
}

impl Parser<'_> {
    /// Keeps a report unless there is one already.
    pub fn set_report(&mut self, report: Report) {
        if self.report.is_none() {
            self.report = Some(report);
        }
    }

    /// The text of a line, as `SyntaxError.text` has it.
    fn line_text(&self, line: usize) -> String {
        let text = self.tokenizer.text();
        if self.options.mode.is_file() && self.options.from_file {
            return self.nth_line(line, true);
        }
        if self.tokenizer.line() <= line && !self.tokenizer.held_text().is_empty() {
            return String::from_utf8_lossy(&text[self.tokenizer.line_start()..]).into_owned();
        }
        self.nth_line(line, false)
    }

    fn nth_line(&self, line: usize, with_end: bool) -> String {
        let text = self.tokenizer.text();
        let line = text.split_inclusive(|&c| c == b'\n').nth(line.saturating_sub(1)).unwrap_or(b"");
        let line = if with_end { line } else { line.strip_suffix(b"\n").unwrap_or(line) };
        String::from_utf8_lossy(line).into_owned()
    }

    /// An error at columns in bytes from 1.
    fn raise(&mut self, class: Class, start: (usize, isize), end: (usize, isize), message: String) {
        let text = self.line_text(start.0);
        let column = characters(&text, start.1);
        let end_column = if end.1 > 0 { characters(&text, end.1) } else { end.1 };
        self.set_report(Report {
            class,
            message,
            line: start.0,
            column,
            end_line: end.0,
            end_column,
            text: Some(text),
            last_statement: None,
        });
    }

    /// An error at columns in bytes from 0; -1 stands for none.
    pub fn raise_at(&mut self, class: Class, start: (usize, isize), end: (usize, isize), message: String) {
        self.raise(class, (start.0, start.1 + 1), (end.0, end.1 + 1), message);
    }

    /// An error at a token. Tokens without text are where the tokenizer is.
    fn raise_token(&mut self, class: Class, index: usize, message: String) {
        let Some(token) = self.tokens.get(index).map(|token| token.token) else {
            return self.raise(class, (0, 0), (0, -1), message);
        };
        let column = match token.column {
            Some(column) => column as isize + 1,
            None => self.tokenizer.column() as isize,
        };
        let end_column = token.end_column.map_or(-1, |column| column as isize + 1);
        self.raise(class, (token.line, column), (token.end_line, end_column), message);
    }

    /// An error at the furthest token.
    pub fn raise_here(&mut self, class: Class, message: String) {
        self.raise_token(class, self.tokens.len().wrapping_sub(1), message);
    }

    /// An error from the begin of one value to the end of another.
    pub fn raise_range(&mut self, class: Class, a: Value, b: Value, message: String) -> Stop {
        let (start, end) = (self.ends_of(a).0, self.ends_of(b).1);
        let column = |column: Option<usize>| column.map_or(-1, |column| column as isize);
        let (start, end) = ((start.line, column(start.column)), (end.end_line, column(end.end_column)));
        self.raise_at(class, start, end, message);
        Stop
    }

    /// An error at a place that the grammar names.
    pub fn raise_place(&mut self, class: Class, place: Place, a: Value, b: Value, message: String) -> Stop {
        match place {
            Place::Here => self.raise_here(class, message),
            Place::Next => {
                if self.fill().is_err() {
                    return Stop;
                }
                self.raise_token(class, self.mark, message);
            }
            Place::At => return self.raise_range(class, a, a, message),
            Place::Range => return self.raise_range(class, a, b, message),
            Place::From => {
                let (start, _) = self.ends_of(a);
                let column = start.column.map_or(-1, |column| column as isize);
                let end = (self.tokenizer.line(), self.tokenizer.column() as isize);
                self.raise(class, (start.line, column + 1), end, message);
            }
        }
        Stop
    }

    /// A message of the grammar with its blanks filled in: `{a}` what `a` is, `{a.text}` and `{a.line}` its text and
    /// line, `{prefix}` the letter of the f-string or t-string.
    pub fn message(&self, message: &str, a: Value) -> String {
        let mut text = message.replace("\\\"", "\"");
        if text.contains('{') {
            let first = self.tokens_of(a).0;
            let name = String::from_utf8_lossy(self.text(first)).into_owned();
            let line = self.tokens.get(first).map_or(0, |token| token.token.line);
            text = text
                .replace("{prefix}", &self.template_prefix().to_string())
                .replace("{a.text}", &name)
                .replace("{a.line}", &line.to_string())
                .replace("{a}", self.nodes.kind(a).description());
        }
        text
    }
}
