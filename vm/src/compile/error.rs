//! The compiler's errors as `SyntaxError`, with position and text as CPython gives them.

use rustpython_compiler::codegen::error::CodegenErrorType;
use rustpython_compiler::parser::{LexicalErrorType, ParseErrorType};
use rustpython_compiler::{CompileError, ParseError};

use crate::err::PyErr;
use crate::exc;
use crate::object::refs::ObjRef;
use crate::object::typeobj::PyTypeObject;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// The exception for a failed compilation of `source`. With `allow_incomplete`, input that merely ends too early is
/// reported as `_IncompleteInputError`.
pub fn syntax_error(error: CompileError, source: &str, allow_incomplete: bool) -> PyErr {
    if let CompileError::Codegen(e) = &error
        && matches!(e.error, CodegenErrorType::RecursionError)
    {
        return exc::recursion_error("maximum recursion depth exceeded during compilation");
    }
    let (line, column) = error.python_location();
    let (end_line, end_column) = error.python_end_location().unwrap_or((line, column));
    let message = message_of(&error);
    let class = class_of(&error, source, &message, allow_incomplete);
    let filename = error.source_path().to_owned();
    make(class, &message, &filename, (line, column), (end_line, end_column), line_text(source, line))
}

fn line_text(source: &str, line: usize) -> Option<String> {
    source.split_inclusive('\n').nth(line.checked_sub(1)?).map(str::to_owned)
}

/// Builds the exception: `SyntaxError(msg, (filename, lineno, offset, text, end_lineno, end_offset))`.
pub fn make(
    class: &PyTypeObject,
    message: &str,
    filename: &str,
    (line, column): (usize, usize),
    (end_line, end_column): (usize, usize),
    text: Option<String>,
) -> PyErr {
    let int = |n: usize| PyInt::from_usize(n).into_obj();
    let text: ObjRef = match text {
        Some(text) => PyStr::from_string(text).into_obj(),
        None => crate::none(),
    };
    let details = PyTuple::new(vec![
        PyStr::new(filename).into_obj(),
        int(line),
        int(column),
        text,
        int(end_line),
        int(end_column),
    ]);
    PyErr::with_args(class, vec![PyStr::new(message).into_obj(), details.into_obj()])
}

fn message_of(error: &CompileError) -> String {
    let text = match error {
        CompileError::Codegen(e) => e.error.to_string(),
        CompileError::Parse(e) => match &e.error {
            ParseErrorType::Lexical(LexicalErrorType::IndentationError) => {
                "unindent does not match any outer indentation level".to_owned()
            }
            ParseErrorType::UnexpectedIndentation => "unexpected indent".to_owned(),
            ParseErrorType::OtherError(message) => message.clone(),
            other => other.to_string(),
        },
    };
    // The parser words its own messages as sentences; CPython starts in lower case unless a name or quote comes first.
    match error {
        CompileError::Parse(e) if !matches!(e.error, ParseErrorType::OtherError(_)) => known_wording(&text),
        _ => text,
    }
}

/// What CPython says where the parser's own wording differs.
fn known_wording(text: &str) -> String {
    if text.starts_with("Expected") || text.starts_with("Simple statements") || text.starts_with("Got unexpected") {
        return "invalid syntax".to_owned();
    }
    text.to_owned()
}

fn class_of(error: &CompileError, source: &str, message: &str, allow_incomplete: bool) -> &'static PyTypeObject {
    let CompileError::Parse(e) = error else { return exc::SyntaxError() };
    let incomplete = e.is_unclosed_bracket
        || e.is_unclosed_string
        || matches!(e.error, ParseErrorType::Lexical(LexicalErrorType::Eof))
        || ((message.starts_with("expected an indented block") || is_after_start_of_compound(e))
            && e.raw_location.end().to_usize() >= without_trailing_comments(source).len());
    if allow_incomplete && incomplete {
        return exc::_IncompleteInputError();
    }
    match &e.error {
        ParseErrorType::Lexical(LexicalErrorType::IndentationError) => {
            if mixes_tabs_and_spaces(source) {
                exc::TabError()
            } else {
                exc::IndentationError()
            }
        }
        ParseErrorType::UnexpectedIndentation => exc::IndentationError(),
        _ if message.starts_with("expected an indented block")
            || message.starts_with("unexpected indent")
            || message.starts_with("unindent does not match") =>
        {
            exc::IndentationError()
        }
        _ if message.starts_with("inconsistent use of tabs") => exc::TabError(),
        _ => exc::SyntaxError(),
    }
}

/// Is something missing after a decorator, or after the block of a `try`?
fn is_after_start_of_compound(error: &ParseError) -> bool {
    let text = error.error.to_string();
    text.ends_with("after decorator") || text.ends_with("after `try` block")
}

/// The text up to its last line that has more than a comment.
fn without_trailing_comments(source: &str) -> &str {
    let mut rest = source.trim_end();
    while let Some(start) = rest.rfind('\n')
        && rest[start + 1..].trim_start().starts_with('#')
    {
        rest = rest[..start].trim_end();
    }
    rest
}

fn mixes_tabs_and_spaces(source: &str) -> bool {
    let mut tabs = false;
    let mut spaces = false;
    for line in source.lines() {
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        tabs |= indent.contains('\t');
        spaces |= indent.contains(' ');
    }
    tabs && spaces
}
