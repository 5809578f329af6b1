//! `StringIO`: text in memory.

use core::cell::{Cell, RefCell};

use rpy_vm::object::PyTypeObject;
use rpy_vm::protocol::{number, object as protocol};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::{PyStr, StrBuilder, StrData};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, Ref, exc, intern, pyclass, pymethods};

use super::base::{PyIOBase, PyTextIOBase, closed_error_plain, size_arg};
use super::newline::PyIncrementalNewlineDecoder;
use super::text::{LineEnd, parse_newline};
use super::unsupported;

/// Text I/O implementation using an in-memory buffer.
#[pyclass(name = "StringIO", module = "_io", base = PyTextIOBase, flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyStringIO {
    pub ob_base: PyIOBase,
    /// Code points.
    #[pytraverse(skip)]
    data: RefCell<Vec<u32>>,
    position: Cell<usize>,
    closed: Cell<bool>,
    initialized: Cell<bool>,
    #[pytraverse(skip)]
    line_end: Cell<LineEnd>,
    /// The `newline` argument, for pickling.
    newline: OptRef,
    decoder: OptRef<PyIncrementalNewlineDecoder>,
}

/// Writes characters of another width.
fn put_units<T: Copy + Into<u32>>(target: &mut [u32], source: &[T]) {
    for (target, &source) in target.iter_mut().zip(source) {
        *target = source.into();
    }
}

impl PyStringIO {
    fn check_open(&self) -> PyResult<()> {
        if !self.initialized.get() {
            return Err(exc::value_error("I/O operation on uninitialized object"));
        }
        if self.closed.get() { Err(closed_error_plain()) } else { Ok(()) }
    }

    fn text(&self, start: usize, end: usize) -> Ref<PyStr> {
        PyStr::from_ucs4(&self.data.borrow()[start..end])
    }

    /// Length of the line at the position.
    fn line_length(&self, limit: isize) -> (usize, usize) {
        let data = self.data.borrow();
        let start = self.position.get().min(data.len());
        let rest = &data[start..];
        let newline = |i: usize| rest[i] == '\n' as u32;
        let cr = |i: usize| rest[i] == '\r' as u32;
        let end = match self.line_end.get() {
            LineEnd::Translated | LineEnd::Exact("\n") => (0..rest.len()).find(|&i| newline(i)).map(|i| i + 1),
            LineEnd::Universal => (0..rest.len())
                .find(|&i| newline(i) || cr(i))
                .map(|i| if cr(i) && i + 1 < rest.len() && newline(i + 1) { i + 2 } else { i + 1 }),
            LineEnd::Exact("\r") => (0..rest.len()).find(|&i| cr(i)).map(|i| i + 1),
            LineEnd::Exact(_) => (1..rest.len()).find(|&i| cr(i - 1) && newline(i)).map(|i| i + 1),
        };
        let length = end.unwrap_or(rest.len());
        (start, if limit >= 0 { length.min(limit as usize) } else { length })
    }

    fn take_line(&self, limit: isize) -> Ref<PyStr> {
        let (start, length) = self.line_length(limit);
        let line = self.text(start, start + length);
        if length > 0 {
            self.position.set(start + length);
        }
        line
    }

    fn put(&self, text: &PyStr) -> PyResult<()> {
        if self.decoder.is_null() && self.line_end.get() == LineEnd::Exact("\n") {
            return self.put_translated(text);
        }
        let mut text = text.to_ref();
        if let Some(decoder) = self.decoder.get() {
            text = decoder.translate_text(text, true)?;
        }
        if let LineEnd::Exact(ending) = self.line_end.get()
            && ending != "\n"
        {
            let mut out = StrBuilder::with_capacity(text.len());
            for i in 0..text.len() {
                match text.char_at(i) {
                    0x0a => out.push_str(ending),
                    c => out.push_char(c),
                }
            }
            text = out.try_finish()?;
        }
        self.put_translated(&text)
    }

    /// Writes characters as they are.
    fn put_translated(&self, text: &PyStr) -> PyResult<()> {
        let length = text.len();
        let position = self.position.get();
        let mut data = self.data.borrow_mut();
        let end = position.checked_add(length).ok_or_else(|| exc::overflow_error("new position too large"))?;
        if length > 0 && end > data.len() {
            let extra = end - data.len();
            data.try_reserve(extra).map_err(|_| exc::memory_error())?;
            data.resize(end, 0);
        }
        if length > 0 {
            match (&mut data[position..end], text.data()) {
                (target, StrData::Latin1(source)) => put_units(target, source),
                (target, StrData::Ucs2(source)) => put_units(target, source),
                (target, StrData::Ucs4(source)) => target.copy_from_slice(source),
            }
        }
        self.position.set(end);
        Ok(())
    }
}

#[pymethods]
impl PyStringIO {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        let this = PyStringIO {
            ob_base: PyIOBase::fresh(),
            data: RefCell::new(Vec::new()),
            position: Cell::new(0),
            closed: Cell::new(false),
            initialized: Cell::new(false),
            line_end: Cell::new(LineEnd::Exact("\n")),
            newline: OptRef::NULL,
            decoder: OptRef::NULL,
        };
        Ok(rpy_vm::object::alloc::new_in(cls, this)?.into_obj())
    }

    #[pyinit(sig = "(initial_value='', newline='\\n')")]
    fn py_init(&self, initial_value: Option<&PyObject>, newline: Option<&PyObject>) -> PyResult<()> {
        self.initialized.set(false);
        let ending = match newline {
            None => LineEnd::Exact("\n"),
            Some(n) => parse_newline(Some(n))?,
        };
        self.line_end.set(ending);
        self.newline.set(Some(newline.map_or_else(|| PyStr::interned("\n").into_obj(), PyObject::new_ref)));
        self.decoder.set(match ending {
            LineEnd::Translated => Some(PyIncrementalNewlineDecoder::make(None, true)),
            LineEnd::Universal => Some(PyIncrementalNewlineDecoder::make(None, false)),
            LineEnd::Exact(_) => None,
        });
        self.data.borrow_mut().clear();
        self.position.set(0);
        self.closed.set(false);
        self.initialized.set(true);
        match initial_value {
            None => {}
            Some(v) if rpy_vm::is_none(v) => {}
            Some(v) => match v.downcast_ref::<PyStr>() {
                Some(text) => {
                    self.put(text)?;
                    self.position.set(0);
                }
                None => {
                    return Err(exc::type_error(format!("initial_value must be str or None, not {}", v.ty().name())));
                }
            },
        }
        Ok(())
    }

    /// Retrieve the entire contents of the object.
    #[pymethod]
    fn getvalue(&self) -> PyResult<Ref<PyStr>> {
        self.check_open()?;
        PyStr::try_from_ucs4(&self.data.borrow())
    }
    /// Tell the current file position.
    #[pymethod]
    fn tell(&self) -> PyResult<usize> {
        self.check_open()?;
        Ok(self.position.get())
    }
    /// Read at most size characters, returned as a string.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(&self, size: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        self.check_open()?;
        let size = size_arg(size)?;
        let length = self.data.borrow().len();
        let start = self.position.get().min(length);
        let end = if size < 0 { length } else { start.saturating_add(size as usize).min(length) };
        if end > start {
            self.position.set(end);
        }
        Ok(self.text(start, end))
    }
    /// Read until newline or EOF.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn readline(&self, size: Option<&PyObject>) -> PyResult<Ref<PyStr>> {
        self.check_open()?;
        Ok(self.take_line(size_arg(size)?))
    }
    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<Ref<PyStr>>> {
        self.check_open()?;
        let line = self.take_line(-1);
        Ok(if line.len() == 0 { None } else { Some(line) })
    }
    /// Write string to file.
    #[pymethod(sig = "($self, s, /)")]
    fn write(&self, s: &PyObject) -> PyResult<usize> {
        let Some(text) = s.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("string argument expected, got '{}'", s.ty().name())));
        };
        self.check_open()?;
        self.put(text)?;
        Ok(text.len())
    }
    /// Change stream position.
    #[pymethod(sig = "($self, pos, whence=0, /)")]
    fn seek(&self, pos: &PyObject, whence: Option<i64>) -> PyResult<usize> {
        self.check_open()?;
        let pos = number::as_isize(pos, Some(exc::OverflowError()))?;
        let target = match whence.unwrap_or(0) {
            0 if pos < 0 => return Err(exc::value_error(format!("Negative seek position {pos}"))),
            0 => pos as usize,
            1 | 2 if pos != 0 => return Err(exc::os_error("Can't do nonzero cur-relative seeks")),
            1 => self.position.get(),
            2 => self.data.borrow().len(),
            other => return Err(exc::value_error(format!("Invalid whence ({other}, should be 0, 1 or 2)"))),
        };
        self.position.set(target);
        Ok(target)
    }
    /// Truncate size to pos.
    #[pymethod(sig = "($self, pos=None, /)")]
    fn truncate(&self, pos: Option<&PyObject>) -> PyResult<usize> {
        self.check_open()?;
        let size = match pos {
            None => self.position.get(),
            Some(p) => {
                let n = number::as_isize(p, Some(exc::OverflowError()))?;
                if n < 0 {
                    return Err(exc::value_error(format!("Negative size value {n}")));
                }
                n as usize
            }
        };
        self.data.borrow_mut().truncate(size);
        Ok(size)
    }
    /// Close the IO object.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        self.closed.set(true);
        *self.data.borrow_mut() = Vec::new();
        Ok(())
    }
    /// Returns True if the IO object can be read.
    #[pymethod]
    fn readable(&self) -> PyResult<bool> {
        self.check_open()?;
        Ok(true)
    }
    /// Returns True if the IO object can be written.
    #[pymethod]
    fn writable(&self) -> PyResult<bool> {
        self.check_open()?;
        Ok(true)
    }
    /// Returns True if the IO object can be seeked.
    #[pymethod]
    fn seekable(&self) -> PyResult<bool> {
        self.check_open()?;
        Ok(true)
    }
    #[pygetset]
    fn closed(&self) -> bool {
        self.closed.get()
    }
    #[pygetset]
    fn line_buffering(&self) -> PyResult<bool> {
        self.check_open()?;
        Ok(false)
    }
    #[pygetset]
    fn newlines(&self) -> PyResult<ObjRef> {
        self.check_open()?;
        Ok(self.decoder.peek().map_or_else(rpy_vm::none, PyIncrementalNewlineDecoder::seen_newlines))
    }

    #[pymethod(name = "__getstate__")]
    fn getstate(&self) -> PyResult<ObjRef> {
        let value = self.getvalue()?.into_obj();
        let newline = self.newline.get().unwrap_or_else(rpy_vm::none);
        let position = PyInt::from_usize(self.position.get()).into_obj();
        let dict = match self.ob_base.dict.peek().and_then(|d| d.downcast_ref::<PyDict>()) {
            Some(d) => d.copy()?.into_obj(),
            None => rpy_vm::none(),
        };
        Ok(PyTuple::new(vec![value, newline, position, dict]).into_obj())
    }
    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        if self.closed.get() {
            return Err(closed_error_plain());
        }
        let Some(state) = state.downcast_ref::<PyTuple>().filter(|t| t.len() >= 4) else {
            return Err(exc::type_error(format!(
                "{}.__setstate__ argument should be 4-tuple, got {}",
                self.as_object().ty().name(),
                state.ty().name()
            )));
        };
        let items: Vec<ObjRef> = state.items().iter().map(|i| i.new_ref()).collect();
        if items[0].downcast_ref::<PyStr>().is_none() && !rpy_vm::is_none(&items[0]) {
            return Err(exc::type_error(format!("initial_value must be str or None, not {}", items[0].ty().name())));
        }
        // The value is taken as it is: its newlines were translated when it was written.
        self.py_init(None, Some(&items[1]))?;
        if let Some(value) = items[0].downcast_ref::<PyStr>() {
            *self.data.borrow_mut() = (0..value.len()).map(|i| value.char_at(i)).collect();
        }
        if items[2].downcast_ref::<PyInt>().is_none() {
            return Err(exc::type_error(format!(
                "third item of state must be an integer, got {}",
                items[2].ty().name()
            )));
        }
        let position = number::as_isize(&items[2], Some(exc::OverflowError()))?;
        if position < 0 {
            return Err(exc::value_error("position value cannot be negative"));
        }
        self.position.set(position as usize);
        if let Some(d) = items[3].downcast_ref::<PyDict>() {
            let own = protocol::getattr(self.as_object(), intern!("__dict__"))?;
            if let Some(own) = own.downcast_ref::<PyDict>() {
                own.update(d.as_object())?;
            }
        } else if !rpy_vm::is_none(&items[3]) {
            return Err(exc::type_error(format!(
                "fourth item of state should be a dict, got a {}",
                items[3].ty().name()
            )));
        }
        Ok(())
    }
    #[pymethod]
    fn detach(&self) -> PyResult<ObjRef> {
        Err(unsupported("detach"))
    }
}
