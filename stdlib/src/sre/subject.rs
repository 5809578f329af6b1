//! What is matched: the characters of a `str` in whichever width they are stored, or the bytes of a buffer.

use core::marker::PhantomData;

use rpy_vm::protocol::buffer::Buffer;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::str::{PyStr, StrData};
use rpy_vm::{ObjRef, PyObject, PyResult, exc};
use rustpython_sre_engine::{Request, State, StrDrive, StringCursor};

/// An array of fixed-width characters as the engine walks over it.
///
/// A cursor's pointer is private to the engine, so it is moved by the engine's own byte drive, `WIDTH` bytes a character; the position counts
/// characters. The compiler makes single loads and additions of it.
pub struct Units<'a, T> {
    start: *const u8,
    len: usize,
    _lifetime: PhantomData<&'a [T]>,
}

impl<T> Clone for Units<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Units<'_, T> {}

impl<'a, T> Units<'a, T> {
    const WIDTH: usize = size_of::<T>();

    fn new(units: &'a [T]) -> Self {
        Units { start: units.as_ptr().cast(), len: units.len(), _lifetime: PhantomData }
    }

    fn bytes(&self) -> &'a [u8] {
        // SAFETY: the memory of a slice of plain integers that lives as long.
        unsafe { core::slice::from_raw_parts(self.start, self.len * Self::WIDTH) }
    }

    #[inline(always)]
    fn load(cursor: &StringCursor) -> u32 {
        let mut value = <&[u8]>::peek(cursor);
        let mut at = *cursor;
        let mut shift = 8;
        for _ in 1..Self::WIDTH {
            <&[u8]>::skip(&mut at, 1);
            value |= <&[u8]>::peek(&at) << shift;
            shift += 8;
        }
        value
    }
}

impl<T> StrDrive for Units<'_, T> {
    #[inline]
    fn count(&self) -> usize {
        self.len
    }
    #[inline]
    fn create_cursor(&self, n: usize) -> StringCursor {
        let mut cursor = self.bytes().create_cursor(n * Self::WIDTH);
        cursor.position = n;
        cursor
    }
    #[inline]
    fn adjust_cursor(&self, cursor: &mut StringCursor, n: usize) {
        *cursor = self.create_cursor(n);
    }
    #[inline(always)]
    fn advance(cursor: &mut StringCursor) -> u32 {
        let value = Self::load(cursor);
        Self::skip(cursor, 1);
        value
    }
    #[inline(always)]
    fn peek(cursor: &StringCursor) -> u32 {
        Self::load(cursor)
    }
    #[inline(always)]
    fn skip(cursor: &mut StringCursor, n: usize) {
        let position = cursor.position + n;
        <&[u8]>::skip(cursor, n * Self::WIDTH);
        cursor.position = position;
    }
    #[inline(always)]
    fn back_advance(cursor: &mut StringCursor) -> u32 {
        Self::back_skip(cursor, 1);
        Self::load(cursor)
    }
    #[inline(always)]
    fn back_peek(cursor: &StringCursor) -> u32 {
        let mut cursor = *cursor;
        Self::back_advance(&mut cursor)
    }
    #[inline(always)]
    fn back_skip(cursor: &mut StringCursor, n: usize) {
        let position = cursor.position - n;
        // The byte drive subtracts bytes from the position.
        cursor.position = n * Self::WIDTH;
        <&[u8]>::back_skip(cursor, n * Self::WIDTH);
        cursor.position = position;
    }
}

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

    /// Runs the engine from `start`; `state.start` and `state.cursor.position` are the match's bounds after success.
    pub fn run(
        &self,
        state: &mut State,
        code: &[u32],
        start: usize,
        end: usize,
        mode: Mode,
        must_advance: bool,
    ) -> bool {
        fn go<T>(
            units: &[T],
            state: &mut State,
            code: &[u32],
            start: usize,
            end: usize,
            mode: Mode,
            must_advance: bool,
        ) -> bool {
            let mut request = Request::new(Units::new(units), start, end, code, mode == Mode::FullMatch);
            request.must_advance = must_advance;
            state.reset(&request, request.start);
            if mode == Mode::Search { state.search(request) } else { state.py_match(&request) }
        }
        match self.data {
            StrData::Latin1(units) => go(units, state, code, start, end, mode, must_advance),
            StrData::Ucs2(units) => go(units, state, code, start, end, mode, must_advance),
            StrData::Ucs4(units) => go(units, state, code, start, end, mode, must_advance),
        }
    }
}
