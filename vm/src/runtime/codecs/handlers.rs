//! The built-in error handlers as Python functions, which `codecs.lookup_error` gives out.

use rpy_derive::pyfunction;

use super::errors::{UtfForm, backslash_replacement, name_replacement, xml_replacement};
use crate::object::{ObjRef, PyMethodDef, PyObject, Ref};
use crate::protocol;
use crate::types::bytes::PyBytes;
use crate::types::int::PyInt;
use crate::types::str::unicode::is_surrogate;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use crate::{PyErr, PyResult, exc};

/// Names and definitions of all handlers.
pub(super) fn all() -> [(&'static str, &'static PyMethodDef); 8] {
    [
        ("strict", &STRICT_ERRORS_DEF),
        ("ignore", &IGNORE_ERRORS_DEF),
        ("replace", &REPLACE_ERRORS_DEF),
        ("xmlcharrefreplace", &XMLCHARREFREPLACE_ERRORS_DEF),
        ("backslashreplace", &BACKSLASHREPLACE_ERRORS_DEF),
        ("namereplace", &NAMEREPLACE_ERRORS_DEF),
        ("surrogatepass", &SURROGATEPASS_DEF),
        ("surrogateescape", &SURROGATEESCAPE_DEF),
    ]
}

/// What a Unicode exception is about.
enum Subject {
    Encode(Ref<PyStr>),
    Decode(Ref<PyBytes>),
    Translate(Ref<PyStr>),
}

/// A Unicode exception with its range brought inside the object.
struct Problem {
    subject: Subject,
    start: usize,
    end: usize,
}

#[cold]
fn cannot_handle(exception: &PyObject) -> PyErr {
    exc::type_error(format!("don't know how to handle {} in error callback", exception.ty().name()))
}

impl Problem {
    fn of(exception: &PyObject) -> PyResult<Problem> {
        let ty = exception.ty();
        let is_decode = ty.is_subtype(exc::UnicodeDecodeError());
        let is_encode = ty.is_subtype(exc::UnicodeEncodeError());
        if !is_decode && !is_encode && !ty.is_subtype(exc::UnicodeTranslateError()) {
            return Err(cannot_handle(exception));
        }
        let object = protocol::object::getattr(exception, crate::intern!("object"))?;
        let (subject, len) = if is_decode {
            let bytes = object
                .downcast::<PyBytes>()
                .map_err(|_| exc::type_error("UnicodeError 'object' attribute must be a bytes"))?;
            let len = bytes.as_bytes().len();
            (Subject::Decode(bytes), len)
        } else {
            let text = object
                .downcast::<PyStr>()
                .map_err(|_| exc::type_error("UnicodeError 'object' attribute must be a string"))?;
            let len = text.len();
            (if is_encode { Subject::Encode(text) } else { Subject::Translate(text) }, len)
        };
        let bound = |name: &PyStr| -> PyResult<i64> {
            let value = protocol::object::getattr(exception, name)?;
            Ok(value.downcast_ref::<PyInt>().and_then(PyInt::as_i64).unwrap_or(0))
        };
        let start = (bound(crate::intern!("start"))?.max(0) as usize).min(len.saturating_sub(1));
        let end = (bound(crate::intern!("end"))?.max(1) as usize).min(len).max(start);
        Ok(Problem { subject, start, end })
    }

    fn count(&self) -> usize {
        self.end - self.start
    }

    fn replaced_by(&self, text: Ref<PyStr>) -> ObjRef {
        PyTuple::from_array([text.into_obj(), PyInt::from_usize(self.end).into_obj()]).into_obj()
    }
}

/// Raises the exception that a handler was given.
fn reraise(exception: &PyObject) -> PyErr {
    PyErr::from_instance(exception.new_ref())
}

/// Implements the 'strict' error handling, which raises a UnicodeError on coding errors.
#[pyfunction(sig = "(error, /)")]
fn strict_errors(error: &PyObject) -> PyResult<ObjRef> {
    if error.ty().is_subtype(exc::BaseException()) {
        Err(reraise(error))
    } else {
        Err(exc::type_error("codec must pass exception instance"))
    }
}

/// Implements the 'ignore' error handling, which ignores malformed data and continues.
#[pyfunction(sig = "(error, /)")]
fn ignore_errors(error: &PyObject) -> PyResult<ObjRef> {
    Ok(Problem::of(error)?.replaced_by(PyStr::empty()))
}

/// Implements the 'replace' error handling, which replaces malformed data with a replacement marker.
#[pyfunction(sig = "(error, /)")]
fn replace_errors(error: &PyObject) -> PyResult<ObjRef> {
    let problem = Problem::of(error)?;
    let count = problem.count() as isize;
    let text = match problem.subject {
        Subject::Encode(_) => PyStr::latin1_char(b'?').repeat(count)?,
        Subject::Decode(_) => PyStr::from_char(0xfffd),
        Subject::Translate(_) => PyStr::from_char(0xfffd).repeat(count)?,
    };
    Ok(problem.replaced_by(text))
}

/// Implements the 'xmlcharrefreplace' error handling, which replaces an unencodable character with the appropriate XML character reference.
#[pyfunction(sig = "(error, /)")]
fn xmlcharrefreplace_errors(error: &PyObject) -> PyResult<ObjRef> {
    let problem = Problem::of(error)?;
    match &problem.subject {
        Subject::Encode(text) => Ok(problem.replaced_by(xml_replacement(text, problem.start, problem.end)?)),
        _ => Err(cannot_handle(error)),
    }
}

/// Implements the 'backslashreplace' error handling, which replaces malformed data with a backslashed escape sequence.
#[pyfunction(sig = "(error, /)")]
fn backslashreplace_errors(error: &PyObject) -> PyResult<ObjRef> {
    let problem = Problem::of(error)?;
    let replacement = match &problem.subject {
        Subject::Encode(text) | Subject::Translate(text) => backslash_replacement(text, problem.start, problem.end)?,
        Subject::Decode(bytes) => {
            let mut out = StrBuilder::new();
            for byte in &bytes.as_bytes()[problem.start..problem.end] {
                out.push_str(&format!("\\x{byte:02x}"));
            }
            out.try_finish()?
        }
    };
    Ok(problem.replaced_by(replacement))
}

/// Implements the 'namereplace' error handling, which replaces an unencodable character with a \N{...} escape sequence.
#[pyfunction(sig = "(error, /)")]
fn namereplace_errors(error: &PyObject) -> PyResult<ObjRef> {
    let problem = Problem::of(error)?;
    match &problem.subject {
        Subject::Encode(text) => Ok(problem.replaced_by(name_replacement(text, problem.start, problem.end)?)),
        _ => Err(cannot_handle(error)),
    }
}

fn bytes_result(bytes: Vec<u8>, end: usize) -> ObjRef {
    PyTuple::from_array([PyBytes::from_vec(bytes).into_obj(), PyInt::from_usize(end).into_obj()]).into_obj()
}

fn text_result(text: Ref<PyStr>, end: usize) -> ObjRef {
    PyTuple::from_array([text.into_obj(), PyInt::from_usize(end).into_obj()]).into_obj()
}

#[pyfunction(sig = "(error, /)")]
fn surrogatepass(error: &PyObject) -> PyResult<ObjRef> {
    let problem = Problem::of(error)?;
    if matches!(problem.subject, Subject::Translate(_)) {
        return Err(cannot_handle(error));
    }
    let encoding = protocol::object::getattr(error, crate::intern!("encoding"))?;
    let form = encoding.downcast_ref::<PyStr>().and_then(|name| UtfForm::from_name(&name.to_string_lossy()));
    let Some(form) = form else {
        return Err(reraise(error));
    };
    match &problem.subject {
        Subject::Encode(text) => {
            let mut bytes = Vec::new();
            for c in text.data().slice(problem.start, problem.end).iter() {
                if !is_surrogate(c) {
                    return Err(reraise(error));
                }
                form.push_surrogate(&mut bytes, c);
            }
            Ok(bytes_result(bytes, problem.end))
        }
        Subject::Decode(bytes) => match form.read_surrogate(&bytes.as_bytes()[problem.start..]) {
            Some((c, width)) => Ok(text_result(PyStr::from_char(c), problem.start + width)),
            None => Err(reraise(error)),
        },
        Subject::Translate(_) => Err(cannot_handle(error)),
    }
}

#[pyfunction(sig = "(error, /)")]
fn surrogateescape(error: &PyObject) -> PyResult<ObjRef> {
    let problem = Problem::of(error)?;
    match &problem.subject {
        Subject::Encode(text) => {
            let mut bytes = Vec::with_capacity(problem.count());
            for c in text.data().slice(problem.start, problem.end).iter() {
                match c {
                    0xdc80..=0xdcff => bytes.push((c - 0xdc00) as u8),
                    _ => return Err(reraise(error)),
                }
            }
            Ok(bytes_result(bytes, problem.end))
        }
        Subject::Decode(bytes) => {
            let escaped: Vec<u32> = bytes.as_bytes()[problem.start..problem.end]
                .iter()
                .take(4)
                .take_while(|&&byte| byte >= 128)
                .map(|&byte| 0xdc00 + byte as u32)
                .collect();
            if escaped.is_empty() {
                return Err(reraise(error));
            }
            Ok(text_result(PyStr::from_ucs4(&escaped), problem.start + escaped.len()))
        }
        Subject::Translate(_) => Err(cannot_handle(error)),
    }
}
