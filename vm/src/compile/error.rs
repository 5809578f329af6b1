//! The compiler's errors as `SyntaxError`, with position and text as CPython gives them.
//!
//! What the parser finds wrong is explained by [`explain`]; what later stages find comes with CPython's words and places.

use std::path::Path;

use rustpython_compiler::CompileError;
use rustpython_compiler::codegen::error::{CodegenError, CodegenErrorType};
use rustpython_compiler::parser::{LexicalErrorType, ParseErrorType};

use super::explain::{self, Class, Report, explain};
use super::{Mode, Options, cf};
use crate::err::PyErr;
use crate::exc;
use crate::object::refs::ObjRef;
use crate::object::typeobj::PyTypeObject;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `CO_FUTURE_BARRY_AS_BDFL`.
const FUTURE_BARRY_AS_BDFL: i32 = 0x40_0000;

/// More white space than this before a statement means that blocks may be nested too deeply.
const DEEP_INDENT: usize = 100;

/// The exception for a failed compilation of `source`.
pub fn compile_error(error: CompileError, source: &str, filename: &str, mode: Mode, options: Options) -> PyErr {
    // What a later stage finds counts only if the grammar has nothing against the source.
    if let Some(explained) = explained(source, filename, mode, options) {
        return explained;
    }
    match &error {
        CompileError::Codegen(error) => later_error(error),
        CompileError::Parse(_) => unexplained(&error, source),
    }
}

/// As [`compile_error`], for a module.
pub fn syntax_error(error: CompileError, source: &str, allow_incomplete: bool) -> PyErr {
    let filename = error.source_path().to_owned();
    let flags = if allow_incomplete { cf::ALLOW_INCOMPLETE_INPUT } else { 0 };
    compile_error(error, source, &filename, Mode::Exec, Options { flags, ..Options::default() })
}

/// Is `source` such that the parser may accept what CPython's does not? How an interactive statement ends, and how deep
/// blocks may be nested, are things that only our grammar knows.
pub fn may_be_misjudged(source: &str, mode: Mode) -> bool {
    let deep = |line: &str| line.bytes().take_while(|c| matches!(c, b' ' | b'\t')).count() >= DEEP_INDENT;
    mode == Mode::Single || (source.len() > DEEP_INDENT && source.lines().any(deep))
}

/// The exception for source in which our grammar finds a mistake.
pub fn explained(source: &str, filename: &str, mode: Mode, options: Options) -> Option<PyErr> {
    let how = explain::Options {
        mode,
        from_file: mode == Mode::Exec && Path::new(filename).is_file(),
        allow_incomplete: options.flags & cf::ALLOW_INCOMPLETE_INPUT != 0,
        dont_imply_dedent: options.flags & cf::DONT_IMPLY_DEDENT != 0,
        barry: options.flags & FUTURE_BARRY_AS_BDFL != 0,
        max_str_digits: crate::types::int::max_str_digits(),
    };
    explain(source, &how).map(|report| exception(report, source, filename))
}

/// A report as an exception.
fn exception(report: Report, source: &str, filename: &str) -> PyErr {
    let class = match report.class {
        Class::Syntax => exc::SyntaxError(),
        Class::Indentation => exc::IndentationError(),
        Class::Tab => exc::TabError(),
        Class::Incomplete => exc::_IncompleteInputError(),
        Class::Memory => return PyErr::new(exc::MemoryError(), report.message),
    };
    let int = |n: isize| PyInt::from_i64(n as i64).into_obj();
    let details = PyTuple::new(vec![
        PyStr::new(filename).into_obj(),
        int(report.line as isize),
        int(report.column),
        report.text.map_or_else(crate::none, |text| PyStr::from_string(text).into_obj()),
        int(report.end_line as isize),
        int(report.end_column),
    ]);
    let error = PyErr::with_args(class, vec![PyStr::new(&report.message).into_obj(), details.into_obj()]);
    if let Some((line, column)) = report.last_statement
        && let Some(error) = error.object().downcast_ref::<crate::types::exceptions::PySyntaxError>()
    {
        let metadata = vec![int(line as isize), int(column as isize), PyStr::new(source).into_obj()];
        error.metadata.set(Some(PyTuple::new(metadata).into_obj()));
    }
    error
}

/// An error of the symbol table or the code generator. Their text is the file's, if there is one.
fn later_error(error: &CodegenError) -> PyErr {
    if matches!(error.error, CodegenErrorType::RecursionError) {
        return exc::recursion_error("maximum recursion depth exceeded during compilation");
    }
    let place = |location: Option<rustpython_compiler::core::SourceLocation>| {
        location.map(|location| (location.line.get(), location.character_offset.get()))
    };
    let start = place(error.location).unwrap_or((0, 0));
    let end = place(error.end_location).unwrap_or(start);
    let file = std::fs::read(&error.source_path).ok();
    let text = file.and_then(|bytes| super::source::decode(&bytes, &error.source_path).ok());
    let text = text.and_then(|source| line_text(&source, start.0));
    make(exc::SyntaxError(), &error.error.to_string(), &error.source_path, start, end, text)
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

/// An error of the parser where our grammar finds none.
fn unexplained(error: &CompileError, source: &str) -> PyErr {
    let start = error.python_location();
    let end = error.python_end_location().unwrap_or(start);
    let (class, message) = match error {
        CompileError::Parse(e) => match &e.error {
            ParseErrorType::Lexical(LexicalErrorType::IndentationError) => {
                (exc::IndentationError(), "unindent does not match any outer indentation level".to_owned())
            }
            ParseErrorType::UnexpectedIndentation => (exc::IndentationError(), "unexpected indent".to_owned()),
            ParseErrorType::OtherError(message) => (exc::SyntaxError(), message.clone()),
            other => (exc::SyntaxError(), other.to_string()),
        },
        CompileError::Codegen(e) => (exc::SyntaxError(), e.error.to_string()),
    };
    make(class, &message, error.source_path(), start, end, line_text(source, start.0))
}
