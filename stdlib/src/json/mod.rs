//! `_json`: the fast parts of `json`.
//!
//! | File | What |
//! |---|---|
//! | `scan` | text to objects |
//! | `encode` | objects to text |

pub mod encode;
pub mod scan;

/// json speedups
#[rpy_vm::pymodule(name = "_json")]
pub mod json_ {
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, exc};

    use super::{encode, scan};

    /// scanstring(string, end, strict=True) -> (string, end)
    ///
    /// Scan the string s for a JSON string. End is the index of the
    /// character in s after the quote that started the JSON string.
    /// Unescapes all valid JSON string escape sequences and raises ValueError
    /// on attempt to decode an invalid string. If strict is False then literal
    /// control characters are allowed in the string.
    ///
    /// Returns a tuple of the decoded string and the index of the character in s
    /// after the end quote.
    #[pyfunction(sig = "(string, end, strict=True, /)")]
    fn scanstring(string: &PyObject, end: isize, strict: bool) -> PyResult<ObjRef> {
        let Some(text) = string.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("first argument must be a string, not {}", string.ty().name())));
        };
        let Some(end) = usize::try_from(end).ok().filter(|e| *e <= text.len()) else {
            return Err(exc::value_error("end is out of bounds"));
        };
        let (value, end) = scan::scan_string(text, end, strict)?;
        Ok(PyTuple::from_array([value.into_obj(), PyInt::from_usize(end).into_obj()]).into_obj())
    }

    /// encode_basestring_ascii(string) -> string
    ///
    /// Return an ASCII-only JSON representation of a Python string
    #[pyfunction(sig = "(string, /)")]
    fn encode_basestring_ascii(string: &PyObject) -> PyResult<ObjRef> {
        encode::quoted(string, true)
    }
    /// encode_basestring(string) -> string
    ///
    /// Return a JSON representation of a Python string
    #[pyfunction(sig = "(string, /)")]
    fn encode_basestring(string: &PyObject) -> PyResult<ObjRef> {
        encode::quoted(string, false)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        encode::ENCODE_ASCII.set(module.dict().get_name("encode_basestring_ascii"));
        encode::ENCODE.set(module.dict().get_name("encode_basestring"));
        for (name, ty) in
            [("make_scanner", scan::PyScanner::type_object()), ("make_encoder", encode::PyEncoder::type_object())]
        {
            ensure_ready(ty)?;
            module.add(name, ty.to_obj())?;
        }
        Ok(())
    }
}
