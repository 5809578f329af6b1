//! Equality of memoryviews: same shape, and elements equal as the struct formats read them.

use super::{PyMemoryView, items};
use crate::err::PyResult;
use crate::exc;
use crate::object::slots::CompareOp;
use crate::object::{ObjRef, PyBufferView, PyObject, PyStruct};
use crate::protocol::buffer::{self, Buffer, flags as buf};
use crate::protocol::{call, object as protocol};
use crate::types::bytes::PyBytes;
use crate::types::str::PyStr;

/// How elements of one view are read.
enum Reader {
    Native(u8),
    /// Bound `Struct.unpack`.
    Struct(ObjRef),
}

impl Reader {
    /// `None` if the format is not one that `struct` knows.
    fn new(view: &PyBufferView) -> PyResult<Option<Reader>> {
        let format = view.format_bytes();
        if let Some((code, size)) = items::native_format(format)
            && size as isize == view.itemsize
        {
            return Ok(Some(Reader::Native(code)));
        }
        let module = crate::import::import_module("_struct")?;
        let class = protocol::getattr(&module, intern!("Struct"))?;
        let format = PyStr::new(&String::from_utf8_lossy(format));
        let layout = match call::call_one(&class, format.as_object()) {
            Ok(layout) => layout,
            Err(e) if e.matches(exc::ImportError()) || e.matches(exc::MemoryError()) => return Err(e),
            Err(_) => return Ok(None),
        };
        let size = protocol::getattr(&layout, intern!("size"))?;
        if crate::protocol::number::as_isize(&size, None)? != view.itemsize {
            return Ok(None);
        }
        Ok(Some(Reader::Struct(protocol::getattr(&layout, intern!("unpack"))?)))
    }

    /// The element in `bytes`.
    fn read(&self, bytes: &[u8]) -> PyResult {
        match self {
            // SAFETY: `bytes` is one element of the format.
            Reader::Native(code) => unsafe { items::unpack(bytes.as_ptr(), *code) },
            Reader::Struct(unpack) => {
                let bytes = PyBytes::new(bytes);
                let tuple = call::call_one(unpack, bytes.as_object())?;
                match tuple.downcast_ref::<crate::types::tuple::PyTuple>() {
                    Some(values) if values.len() == 1 => Ok(values.items()[0].new_ref()),
                    _ => Ok(tuple),
                }
            }
        }
    }
}

fn same_shape(a: &PyBufferView, b: &PyBufferView) -> bool {
    if a.ndim != b.ndim {
        return false;
    }
    for (x, y) in a.shape_slice().iter().zip(b.shape_slice()) {
        if x != y {
            return false;
        }
        if *x == 0 {
            break;
        }
    }
    true
}

fn equal_views(a: &PyBufferView, b: &PyBufferView) -> PyResult<bool> {
    if !same_shape(a, b) {
        return Ok(false);
    }
    let native = |view: &PyBufferView| items::native_format(view.format_bytes()).map(|(code, _)| code);
    let (bytes_a, bytes_b) = (buffer::copy_to_vec(a, b'C')?, buffer::copy_to_vec(b, b'C')?);
    let (size_a, size_b) = (a.itemsize.max(1) as usize, b.itemsize.max(1) as usize);
    let pairs = bytes_a.chunks_exact(size_a).zip(bytes_b.chunks_exact(size_b));
    if let (Some(x), Some(y)) = (native(a), native(b))
        && x == y
    {
        if matches!(x, b'B' | b'b' | b'c' | b'h' | b'H' | b'i' | b'I' | b'l' | b'L' | b'q' | b'Q' | b'n' | b'N' | b'P')
        {
            return Ok(bytes_a == bytes_b);
        }
        // SAFETY: chunks are elements of the format.
        return Ok(pairs.into_iter().all(|(p, q)| unsafe { items::equal(p.as_ptr(), q.as_ptr(), x) }));
    }
    let (Some(read_a), Some(read_b)) = (Reader::new(a)?, Reader::new(b)?) else { return Ok(false) };
    for (p, q) in pairs {
        let (x, y) = (read_a.read(p)?, read_b.read(q)?);
        if !protocol::rich_compare_bool(&x, &y, CompareOp::Eq)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `==` and `!=`; anything else is not implemented.
pub(super) fn rich_compare(this: &PyMemoryView, other: &PyObject, op: CompareOp) -> PyResult {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(crate::not_implemented());
    }
    let same = |equal: bool| Ok(crate::py_bool(equal == (op == CompareOp::Eq)));
    if this.is_released() {
        return same(this.as_object().is(other));
    }
    match other.downcast_ref::<PyMemoryView>() {
        Some(that) if that.is_released() => same(this.as_object().is(other)),
        Some(that) => same(equal_views(this.view(), that.view())?),
        None => match Buffer::get(other, buf::FULL_RO) {
            Ok(buffer) => same(equal_views(this.view(), buffer.view())?),
            Err(_) => Ok(crate::not_implemented()),
        },
    }
}
