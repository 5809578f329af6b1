//! `_tokenize`: the tokenizer behind `tokenize`.

use core::cell::{Cell, RefCell};

use rpy_vm::compile::tokens::{Done, Failure, Kind, LineSource, SyntaxFailure, Token, Tokenizer, TokenizerOptions};
use rpy_vm::object::alloc::new_exact;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::protocol::call;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, Ref, exc, pyclass, pymethods};

/// Lines from a Python callable: text, or bytes in an encoding.
struct ReadLine {
    readline: ObjRef,
    encoding: Option<String>,
}

impl LineSource for ReadLine {
    fn next_line(&mut self, text: &mut Vec<u8>) -> PyResult<()> {
        let line = match call::call(&self.readline, &[]) {
            Ok(line) => line,
            Err(error) if error.matches(exc::StopIteration()) => return Ok(()),
            Err(error) => return Err(error),
        };
        let line = match &self.encoding {
            None => line,
            Some(_) if line.downcast_ref::<PyBytes>().is_none() => {
                return Err(exc::type_error("readline() returned a non-bytes object"));
            }
            Some(encoding) => rpy_vm::runtime::codecs::decode(&line, encoding, "replace")?,
        };
        let Some(line) = line.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("readline() returned a non-string object"));
        };
        text.extend_from_slice(line.as_utf8()?.as_bytes());
        Ok(())
    }
}

/// Where a byte offset was last turned into a column: tokens of long lines come one after the other.
#[derive(Clone, Copy, Default)]
struct Columns {
    line_start: usize,
    offset: usize,
    column: usize,
}

impl Columns {
    /// The column in characters of the byte at `offset`.
    fn at(&mut self, text: &[u8], line_start: usize, offset: usize) -> usize {
        if line_start != self.line_start || offset < self.offset {
            *self = Columns { line_start, offset: line_start, column: 0 };
        }
        self.column += characters(&text[self.offset..offset]);
        self.offset = offset;
        self.column
    }
}

fn characters(text: &[u8]) -> usize {
    text.iter().filter(|&&byte| byte & 0xc0 != 0x80).count()
}

fn string(text: &[u8]) -> ObjRef {
    PyStr::new(&String::from_utf8_lossy(text)).into_obj()
}

fn int(n: isize) -> ObjRef {
    PyInt::from_i64(n as i64).into_obj()
}

/// The state of an iteration.
struct Tokens {
    tokenizer: Tokenizer<'static>,
    columns: Columns,
    /// The latest line as an object, by its offset and length: all tokens of a line share it.
    line: Option<((usize, usize), ObjRef)>,
}

impl Tokens {
    /// The column of an offset on the line at `line_start`.
    fn column(&mut self, line_start: usize, offset: usize) -> isize {
        self.columns.at(self.tokenizer.text(), line_start, offset) as isize
    }

    fn line_object(&mut self, token: &Token) -> ObjRef {
        let text = self.tokenizer.lines_of(token);
        let key = (text.as_ptr() as usize - self.tokenizer.text().as_ptr() as usize, text.len());
        match &self.line {
            Some((known, line)) if *known == key => line.clone(),
            _ => {
                let line = string(text);
                self.line = Some((key, line.clone()));
                line
            }
        }
    }

    /// The token as `(type, string, (line, column), (end line, end column), physical line)`.
    fn tuple(&mut self, token: Token, extra_tokens: bool) -> ObjRef {
        let trailing =
            token.kind == Kind::EndMarker || (token.kind == Kind::Dedent && self.tokenizer.done() == Done::Eof);
        let (mut line, mut end_line) = (token.line, token.end_line);
        let (mut column, mut end_column) = (-1, -1);
        if let Some((start, end)) = token.span {
            if let Some(offset) = token.column {
                column = self.column(start - offset, start);
            }
            let line_start = self.tokenizer.line_start();
            if end >= line_start {
                end_column = self.column(line_start, end);
            }
        }
        let mut kind = token.kind;
        let mut text = string(self.tokenizer.text_of(&token));
        let physical = if extra_tokens && trailing { PyStr::new("").into_obj() } else { self.line_object(&token) };
        if extra_tokens {
            if trailing {
                line += 1;
                end_line = line;
                (column, end_column) = (0, 0);
            }
            if kind.is_operator() {
                kind = Kind::Op;
            } else if kind == Kind::Newline {
                if !self.tokenizer.implicit_newline() {
                    let carriage_return = self.tokenizer.text_of(&token).first() == Some(&b'\r');
                    text = string(if carriage_return { b"\r\n" } else { b"\n" });
                }
                end_column += 1;
            } else if kind == Kind::Nl && self.tokenizer.implicit_newline() {
                text = string(b"");
            }
        }
        let position = |line: usize, column: isize| PyTuple::new(vec![int(line as isize), int(column)]).into_obj();
        PyTuple::new(vec![int(kind as isize), text, position(line, column), position(end_line, end_column), physical])
            .into_obj()
    }

    fn error(&self, failure: Failure) -> PyErr {
        match failure {
            Failure::Raised(error) => error,
            Failure::Syntax(failure) => {
                let SyntaxFailure { class, message, line, column, end_column, text } = *failure;
                raise(class, &message, line, column, text, [int(line as isize), int(end_column as isize)])
            }
            Failure::Stopped => {
                let (class, message) = self.tokenizer.stop_message();
                let line = self.tokenizer.line();
                let held = self.tokenizer.held_text();
                let text = String::from_utf8_lossy(held.strip_suffix(b"\n").unwrap_or(held)).into_owned();
                if self.tokenizer.done() == Done::Eof {
                    let message = "unexpected EOF in multi-line statement";
                    return raise(class, message, line, held.len(), String::new(), [rpy_vm::none(), rpy_vm::none()]);
                }
                let column = characters(held);
                raise(class, message, line, column, text, [rpy_vm::none(), rpy_vm::none()])
            }
        }
    }
}

fn raise(class: &PyTypeObject, message: &str, line: usize, column: usize, text: String, end: [ObjRef; 2]) -> PyErr {
    let [end_line, end_column] = end;
    let details = PyTuple::new(vec![
        PyStr::new("<string>").into_obj(),
        int(line as isize),
        int(column as isize),
        PyStr::new(&text).into_obj(),
        end_line,
        end_column,
    ]);
    PyErr::with_args(class, vec![PyStr::new(message).into_obj(), details.into_obj()])
}

/// An iterator over the tokens of lines.
#[pyclass(name = "TokenizerIter", module = "_tokenize")]
#[repr(C)]
pub struct PyTokenizerIter {
    ob_base: PyObject,
    tokens: RefCell<Tokens>,
    extra_tokens: bool,
    done: Cell<bool>,
}

#[pymethods]
impl PyTokenizerIter {
    #[pynew(sig = "(readline, /, *, extra_tokens, encoding=None)")]
    fn py_new(
        _cls: &PyTypeObject,
        readline: &PyObject,
        extra_tokens: bool,
        encoding: Option<String>,
    ) -> PyResult<Ref<Self>> {
        let lines = ReadLine { readline: readline.new_ref(), encoding };
        let options = TokenizerOptions { extra_tokens, add_newline: true, forgets_lines: true };
        let tokens = Tokens { tokenizer: Tokenizer::new(lines, options), columns: Columns::default(), line: None };
        Ok(new_exact(PyTokenizerIter {
            ob_base: PyObject::placeholder(),
            tokens: RefCell::new(tokens),
            extra_tokens,
            done: Cell::new(false),
        }))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.as_object().new_ref()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        if self.done.get() {
            return Ok(None);
        }
        let Ok(mut tokens) = self.tokens.try_borrow_mut() else {
            return Err(exc::value_error("tokenizer already executing"));
        };
        match tokens.tokenizer.next_token() {
            Ok(token) => {
                self.done.set(token.kind == Kind::EndMarker);
                Ok(Some(tokens.tuple(token, self.extra_tokens)))
            }
            Err(failure) => {
                self.done.set(true);
                Err(tokens.error(failure))
            }
        }
    }
}

/// The tokenizer behind the module tokenize.
#[rpy_vm::pymodule(name = "_tokenize")]
pub mod tokenize_ {
    use rpy_vm::PyResult;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<super::PyTokenizerIter>(module)
    }
}
