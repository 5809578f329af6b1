//! What is matched: the characters of a `str` in whichever width they are stored, or the bytes of a buffer.

use rpy_vm::protocol::buffer::Buffer;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::str::{PyStr, StrData};
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

use super::engine::{self, Demand, Program, Scratch, Unit};

/// Which way of matching.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Match,
    FullMatch,
    Search,
}

/// A string or buffer, held while it is matched.
pub struct Subject {
    object: ObjRef,
    /// The held view, if it is neither `str` nor `bytes`.
    _buffer: Option<Buffer>,
    data: StrData<'static>,
    pub is_bytes: bool,
}

impl Subject {
    /// # Errors
    /// `TypeError` for other objects.
    pub fn new(object: &PyObject) -> PyResult<Subject> {
        let (buffer, data, is_bytes) = if let Some(text) = object.downcast_ref::<PyStr>() {
            (None, text.data(), false)
        } else if let Some(bytes) = object.downcast_ref::<PyBytes>() {
            (None, StrData::Latin1(bytes.as_bytes()), true)
        } else {
            let buffer = Buffer::simple(object).map_err(|_| {
                exc::type_error(format!("expected string or bytes-like object, got '{}'", object.ty().name()))
            })?;
            // SAFETY: the slice is used only together with the view, which is kept beside it.
            let bytes: &'static [u8] = unsafe { core::mem::transmute(buffer.bytes()) };
            (Some(buffer), StrData::Latin1(bytes), true)
        };
        // SAFETY: characters and bytes of these objects do not move while the object (or the view) is held, which `Subject` does.
        let data: StrData<'static> = unsafe { core::mem::transmute(data) };
        Ok(Subject { object: object.new_ref(), _buffer: buffer, data, is_bytes })
    }

    pub fn object(&self) -> &PyObject {
        &self.object
    }

    pub fn len(&self) -> usize {
        self.data.len()
    }

    pub fn data(&self) -> StrData<'_> {
        self.data
    }

    /// A part, as `str` or `bytes`.
    pub fn slice(&self, start: usize, end: usize) -> PyResult<ObjRef> {
        let (start, end) = (start.min(self.len()), end.min(self.len()));
        let end = end.max(start);
        if let Some(text) = self.object.downcast_ref::<PyStr>() {
            return if start == 0 && end == text.len() && self.object.downcast_exact::<PyStr>().is_some() {
                Ok(self.object.clone())
            } else {
                Ok(text.try_substring(start, end)?.into_obj())
            };
        }
        let StrData::Latin1(bytes) = self.data else { return Err(exc::system_error("bytes expected")) };
        if start == 0 && end == bytes.len() && self.object.downcast_exact::<PyBytes>().is_some() {
            return Ok(self.object.clone());
        }
        Ok(PyBytes::try_new(&bytes[start..end])?.into_obj())
    }

    /// Matches between `start` and `end`: the bounds of the match, whose groups are then in `scratch`. With `advance`, a match at
    /// `start` is not empty.
    pub fn run(
        &self,
        program: &Program,
        scratch: &mut Scratch,
        (start, end): (usize, usize),
        mode: Mode,
        advance: bool,
    ) -> PyResult<Option<(usize, usize)>> {
        fn go<T: Unit>(
            text: &[T],
            program: &Program,
            scratch: &mut Scratch,
            start: usize,
            mode: Mode,
            advance: bool,
        ) -> PyResult<Option<(usize, usize)>> {
            if mode == Mode::Search {
                return engine::search(program, scratch, text, start, advance);
            }
            let demand = Demand { whole: mode == Mode::FullMatch, advance };
            Ok(engine::run(program, scratch, text, start, demand)?.map(|end| (start, end)))
        }
        match self.data {
            StrData::Latin1(units) => go(&units[..end], program, scratch, start, mode, advance),
            StrData::Ucs2(units) => go(&units[..end], program, scratch, start, mode, advance),
            StrData::Ucs4(units) => go(&units[..end], program, scratch, start, mode, advance),
        }
    }
}
