//! `UnicodeEncodeError`, `UnicodeDecodeError` and `UnicodeTranslateError`.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use super::PyUnicodeErrorBase;
use super::base::{PyBaseException, no_keywords};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::{number, object as po};
use crate::runtime::gc::{Traverse, Visit};
use crate::types::bytes::PyBytes;
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;

macro_rules! unicode_error {
    ($(#[$doc:meta])* $struct:ident, $name:literal, $symbol:literal, $init:ident, $message:ident) => {
        $(#[$doc])*
        #[pyclass(name = $name, symbol = $symbol, base = PyUnicodeErrorBase, flags(BASETYPE, HAVE_GC))]
        #[repr(C)]
        pub struct $struct {
            pub ob_base: PyBaseException,
            /// exception encoding
            #[pymember(object)]
            pub encoding: OptRef,
            /// exception object
            #[pymember(object)]
            pub object: OptRef,
            /// exception start
            #[pymember(isize)]
            pub start: Cell<isize>,
            /// exception end
            #[pymember(isize)]
            pub end: Cell<isize>,
            /// exception reason
            #[pymember(object)]
            pub reason: OptRef,
        }

        impl $struct {
            fn fields(&self) -> Fields<'_> {
                Fields {
                    encoding: &self.encoding,
                    object: &self.object,
                    start: &self.start,
                    end: &self.end,
                    reason: &self.reason,
                }
            }
        }

        #[pymethods]
        impl $struct {
            #[slot]
            fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
                no_keywords(self.as_object().ty(), kwargs)?;
                self.ob_base.base_init(args, None)?;
                $init(self.fields(), args)
            }

            #[slot]
            fn tp_traverse(&self, v: &mut Visit<'_>) {
                self.ob_base.traverse_base(v);
                self.encoding.traverse(v);
                self.object.traverse(v);
                self.reason.traverse(v);
            }

            #[slot]
            fn tp_clear(&self) {
                self.ob_base.clear_base();
                self.encoding.take();
                self.object.take();
                self.reason.take();
            }

            #[slot]
            fn tp_str(&self) -> PyResult<ObjRef> {
                $message(self.fields())
            }
        }
    };
}

/// The fields the three classes share, by reference.
struct Fields<'a> {
    encoding: &'a OptRef,
    object: &'a OptRef,
    start: &'a Cell<isize>,
    end: &'a Cell<isize>,
    reason: &'a OptRef,
}

unicode_error! {
    /// Unicode encoding error.
    PyUnicodeEncodeError, "UnicodeEncodeError", "_PyExc_UnicodeEncodeError", init_encode, encode_message
}
unicode_error! {
    /// Unicode decoding error.
    PyUnicodeDecodeError, "UnicodeDecodeError", "_PyExc_UnicodeDecodeError", init_decode, decode_message
}
unicode_error! {
    /// Unicode translation error.
    PyUnicodeTranslateError, "UnicodeTranslateError", "_PyExc_UnicodeTranslateError", init_translate, translate_message
}
const _: () = assert!(size_of::<PyUnicodeDecodeError>() == 112);

fn check_count(args: &PyTuple, expected: usize) -> PyResult<()> {
    if args.len() == expected {
        Ok(())
    } else {
        Err(exc::type_error(format!("function takes exactly {expected} arguments ({} given)", args.len())))
    }
}

fn str_arg(args: &PyTuple, i: usize) -> PyResult<ObjRef> {
    match args.get(i) {
        Some(arg) if arg.downcast_ref::<PyStr>().is_some() => Ok(arg.new_ref()),
        arg => {
            let got = arg.map_or("None", |arg| if crate::is_none(arg) { "None" } else { arg.ty().name() });
            Err(exc::type_error(format!("argument {} must be str, not {got}", i + 1)))
        }
    }
}

fn index_arg(args: &PyTuple, i: usize) -> PyResult<isize> {
    number::as_isize(args.get(i).unwrap_or(crate::none_ref()), Some(exc::OverflowError()))
}

impl Fields<'_> {
    fn store(self, encoding: Option<ObjRef>, object: ObjRef, start: isize, end: isize, reason: ObjRef) {
        self.encoding.set(encoding);
        self.object.set(Some(object));
        self.start.set(start);
        self.end.set(end);
        self.reason.set(Some(reason));
    }

    /// The object, which must still be there.
    fn object_now(&self) -> PyResult<ObjRef> {
        self.object.get().ok_or_else(|| exc::type_error("UnicodeError 'object' attribute is not set"))
    }

    /// The position if exactly one item of an object of length `len` is meant.
    fn single(&self, len: usize) -> Option<usize> {
        let (start, end) = (self.start.get(), self.end.get());
        (start >= 0 && (start as usize) < len && end == start + 1).then_some(start as usize)
    }
}

fn init_encode(fields: Fields<'_>, args: &PyTuple) -> PyResult<()> {
    check_count(args, 5)?;
    let encoding = str_arg(args, 0)?;
    let object = str_arg(args, 1)?;
    let (start, end) = (index_arg(args, 2)?, index_arg(args, 3)?);
    let reason = str_arg(args, 4)?;
    fields.store(Some(encoding), object, start, end, reason);
    Ok(())
}

fn init_decode(fields: Fields<'_>, args: &PyTuple) -> PyResult<()> {
    check_count(args, 5)?;
    let encoding = str_arg(args, 0)?;
    let (start, end) = (index_arg(args, 2)?, index_arg(args, 3)?);
    let reason = str_arg(args, 4)?;
    let object = args.get(1).unwrap_or(crate::none_ref());
    let object = match object.downcast_ref::<PyBytes>() {
        Some(_) => object.new_ref(),
        None => PyBytes::new(crate::protocol::buffer::Buffer::get(object, 0)?.bytes()).into_obj(),
    };
    fields.store(Some(encoding), object, start, end, reason);
    Ok(())
}

fn init_translate(fields: Fields<'_>, args: &PyTuple) -> PyResult<()> {
    check_count(args, 4)?;
    let object = str_arg(args, 0)?;
    let (start, end) = (index_arg(args, 1)?, index_arg(args, 2)?);
    let reason = str_arg(args, 3)?;
    fields.store(None, object, start, end, reason);
    Ok(())
}

/// `\x…`, `\u…` or `\U…`, by size.
fn escape_char(c: u32) -> String {
    match c {
        0..=0xff => format!("\\x{c:02x}"),
        0x100..=0xffff => format!("\\u{c:04x}"),
        _ => format!("\\U{c:08x}"),
    }
}

fn text_of(field: &OptRef) -> PyResult<Ref<PyStr>> {
    po::str(&field.get().unwrap_or_else(crate::none))
}

fn finish(prefix: &Ref<PyStr>, quoted: bool, middle: String, reason: &PyStr) -> ObjRef {
    let mut out = StrBuilder::new();
    if quoted {
        out.push_str("'");
        out.push_py(prefix);
        out.push_str("' codec ");
    }
    out.push_str(&middle);
    out.push_str(": ");
    out.push_py(reason);
    out.finish().into_obj()
}

fn encode_message(fields: Fields<'_>) -> PyResult<ObjRef> {
    if fields.object.is_null() {
        return Ok(PyStr::new("").into_obj());
    }
    let reason = text_of(fields.reason)?;
    let encoding = text_of(fields.encoding)?;
    // Making text of the others may have changed it.
    let object = fields.object_now()?;
    let Some(object) = object.downcast_ref::<PyStr>() else {
        return Err(exc::type_error("UnicodeError 'object' attribute must be a string"));
    };
    let middle = match fields.single(object.len()) {
        Some(at) => format!("can't encode character '{}' in position {at}", escape_char(object.char_at(at))),
        None => {
            format!("can't encode characters in position {}-{}", fields.start.get(), fields.end.get().wrapping_sub(1))
        }
    };
    Ok(finish(&encoding, true, middle, &reason))
}

fn decode_message(fields: Fields<'_>) -> PyResult<ObjRef> {
    if fields.object.is_null() {
        return Ok(PyStr::new("").into_obj());
    }
    let reason = text_of(fields.reason)?;
    let encoding = text_of(fields.encoding)?;
    let object = fields.object_now()?;
    let Some(object) = object.downcast_ref::<PyBytes>() else {
        return Err(exc::type_error("UnicodeError 'object' attribute must be a bytes"));
    };
    let bytes = object.as_bytes();
    let middle = match fields.single(bytes.len()) {
        Some(at) => format!("can't decode byte 0x{:02x} in position {at}", bytes[at]),
        None => format!("can't decode bytes in position {}-{}", fields.start.get(), fields.end.get().wrapping_sub(1)),
    };
    Ok(finish(&encoding, true, middle, &reason))
}

fn translate_message(fields: Fields<'_>) -> PyResult<ObjRef> {
    if fields.object.is_null() {
        return Ok(PyStr::new("").into_obj());
    }
    let reason = text_of(fields.reason)?;
    // Making text of the others may have changed it.
    let object = fields.object_now()?;
    let Some(object) = object.downcast_ref::<PyStr>() else {
        return Err(exc::type_error("UnicodeError 'object' attribute must be a string"));
    };
    let middle = match fields.single(object.len()) {
        Some(at) => format!("can't translate character '{}' in position {at}", escape_char(object.char_at(at))),
        None => {
            format!(
                "can't translate characters in position {}-{}",
                fields.start.get(),
                fields.end.get().wrapping_sub(1)
            )
        }
    };
    Ok(finish(&PyStr::new(""), false, middle, &reason))
}

fn build(ty: &PyTypeObject, args: Vec<ObjRef>) -> PyErr {
    PyErr::with_args(ty, args)
}

/// A `UnicodeEncodeError` about `object[start..end]`.
pub fn encode_error(encoding: &str, object: &PyObject, start: usize, end: usize, reason: &str) -> PyErr {
    build(
        exc::UnicodeEncodeError(),
        vec![
            PyStr::new(encoding).into_obj(),
            object.new_ref(),
            PyInt::from_usize(start).into_obj(),
            PyInt::from_usize(end).into_obj(),
            PyStr::new(reason).into_obj(),
        ],
    )
}

/// A `UnicodeDecodeError` about `object[start..end]`; the bytes are copied.
pub fn decode_error(encoding: &str, object: &[u8], start: usize, end: usize, reason: &str) -> PyErr {
    build(
        exc::UnicodeDecodeError(),
        vec![
            PyStr::new(encoding).into_obj(),
            PyBytes::new(object).into_obj(),
            PyInt::from_usize(start).into_obj(),
            PyInt::from_usize(end).into_obj(),
            PyStr::new(reason).into_obj(),
        ],
    )
}

/// A `UnicodeTranslateError` about `object[start..end]`.
pub fn translate_error(object: &PyObject, start: usize, end: usize, reason: &str) -> PyErr {
    build(
        exc::UnicodeTranslateError(),
        vec![
            object.new_ref(),
            PyInt::from_usize(start).into_obj(),
            PyInt::from_usize(end).into_obj(),
            PyStr::new(reason).into_obj(),
        ],
    )
}
