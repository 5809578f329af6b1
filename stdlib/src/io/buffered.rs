//! Buffered binary streams: reader, writer, both on one seekable raw stream, and a pair of raw streams.
//!
//! One struct serves the first three. Unread bytes are `read_buffer[read_position..]`; bytes not yet written are
//! `write_buffer`. At most one of the two holds data: before writing, unread bytes are given back by seeking, and before
//! reading, pending bytes are flushed. No borrow of a buffer is held while the raw stream is called.

use core::cell::{Cell, RefCell};

use rpy_vm::object::dealloc::dealloc_rust;
use rpy_vm::object::{PyTypeObject, Ref};
use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, exc, intern, pyclass, pymethods};

use super::base::{self, PyBufferedIOBase, PyIOBase, memchr_newline};
use super::fileio::PyFileIO;
use super::unsupported;

/// The layout of `BufferedReader`, `BufferedWriter` and `BufferedRandom`.
#[repr(C)]
pub struct PyBuffered {
    pub ob_base: PyIOBase,
    pub raw: OptRef,
    detached: Cell<bool>,
    finalizing: Cell<bool>,
    can_read: Cell<bool>,
    can_write: Cell<bool>,
    buffer_size: Cell<usize>,
    read_buffer: RefCell<Vec<u8>>,
    read_position: Cell<usize>,
    write_buffer: RefCell<Vec<u8>>,
}

// SAFETY: repr(C), starting with a stream, which starts with the header.
unsafe impl PyStruct for PyBuffered {}
// SAFETY: all three classes have this layout; the reader's type stands for it.
unsafe impl PyClass for PyBuffered {
    const NAME: &'static str = "BufferedReader";
    fn type_object() -> &'static PyTypeObject {
        PyBufferedReader::type_object()
    }
}

impl PyBuffered {
    fn fresh() -> PyBuffered {
        PyBuffered {
            ob_base: PyIOBase::fresh(),
            raw: OptRef::NULL,
            detached: Cell::new(false),
            finalizing: Cell::new(false),
            can_read: Cell::new(false),
            can_write: Cell::new(false),
            buffer_size: Cell::new(0),
            read_buffer: RefCell::new(Vec::new()),
            read_position: Cell::new(0),
            write_buffer: RefCell::new(Vec::new()),
        }
    }

    fn init(&self, raw: &PyObject, size: isize, read: bool, write: bool) -> PyResult<()> {
        if size <= 0 {
            return Err(exc::value_error("buffer size must be strictly positive"));
        }
        self.detached.set(false);
        self.can_read.set(read);
        self.can_write.set(write);
        self.buffer_size.set(size as usize);
        self.read_buffer.borrow_mut().clear();
        self.read_position.set(0);
        self.write_buffer.borrow_mut().clear();
        self.raw.set(Some(raw.new_ref()));
        Ok(())
    }

    /// The raw stream.
    ///
    /// # Errors
    /// `ValueError` before `__init__` and after `detach`.
    fn raw(&self) -> PyResult<ObjRef> {
        match self.raw.get() {
            Some(raw) => Ok(raw),
            None if self.detached.get() => Err(exc::value_error("raw stream has been detached")),
            None => Err(exc::value_error("I/O operation on uninitialized object")),
        }
    }

    fn is_closed(&self) -> PyResult<bool> {
        let raw = self.raw()?;
        if let Some(file) = raw.downcast_exact::<PyFileIO>() {
            return Ok(file.fd.get() < 0);
        }
        base::is_closed(&raw)
    }

    fn check_open(&self, what: &str) -> PyResult<ObjRef> {
        let raw = self.raw()?;
        if self.is_closed()? { Err(exc::value_error(what)) } else { Ok(raw) }
    }

    fn unread(&self) -> usize {
        self.read_buffer.borrow().len() - self.read_position.get()
    }

    /// Moves up to `n` buffered bytes to `out`.
    fn take_buffered(&self, n: usize, out: &mut Vec<u8>) -> usize {
        let buffer = self.read_buffer.borrow();
        let start = self.read_position.get();
        let n = n.min(buffer.len() - start);
        out.extend_from_slice(&buffer[start..start + n]);
        self.read_position.set(start + n);
        n
    }

    /// One read of the raw stream: the bytes, or `None` if it would block.
    fn raw_read(&self, raw: &PyObject, n: usize) -> PyResult<Option<Vec<u8>>> {
        if let Some(file) = raw.downcast_exact::<PyFileIO>() {
            let mut data = vec![0u8; n];
            return Ok(file.read_into(&mut data)?.map(|got| {
                data.truncate(got);
                data
            }));
        }
        let target = PyByteArray::zeroed(n)?;
        let view =
            call::call_one(rpy_vm::types::memoryview::PyMemoryView::type_object().as_object(), target.as_object())?;
        let got = call::call_method(raw, intern!("readinto"), &[&view])?;
        call::call_method(&view, intern!("release"), &[])?;
        if rpy_vm::is_none(&got) {
            return Ok(None);
        }
        let got = number::as_isize(&got, Some(exc::ValueError()))?;
        if got < 0 || got as usize > n {
            return Err(exc::os_error(format!(
                "raw readinto() returned invalid length {got} (should have been between 0 and {n})"
            )));
        }
        Ok(Some(target.as_bytes()[..got as usize].to_vec()))
    }

    /// Refills the empty read buffer with one raw read. `None`: would block; `Some(0)`: end of file.
    fn fill(&self, raw: &PyObject) -> PyResult<Option<usize>> {
        let data = self.raw_read(raw, self.buffer_size.get())?;
        Ok(data.map(|data| {
            let n = data.len();
            *self.read_buffer.borrow_mut() = data;
            self.read_position.set(0);
            n
        }))
    }

    fn before_read(&self) -> PyResult<()> {
        if !self.write_buffer.borrow().is_empty() { self.flush_write() } else { Ok(()) }
    }

    /// Gives unread bytes back to the raw stream.
    fn before_write(&self, raw: &PyObject) -> PyResult<()> {
        let unread = self.unread();
        if unread > 0 {
            self.raw_seek(raw, -(unread as i64), 1)?;
        }
        self.read_buffer.borrow_mut().clear();
        self.read_position.set(0);
        Ok(())
    }

    fn raw_seek(&self, raw: &PyObject, offset: i64, whence: i32) -> PyResult<i64> {
        if let Some(file) = raw.downcast_exact::<PyFileIO>() {
            return file.seek_to(offset, whence);
        }
        let (o, w) = (PyInt::from_i64(offset), PyInt::from_i64(whence as i64));
        let position = call::call_method(raw, intern!("seek"), &[o.as_object(), w.as_object()])?;
        let position = number::as_isize(&position, Some(exc::ValueError()))? as i64;
        if position < 0 {
            return Err(exc::os_error(format!("Raw stream returned invalid position {position}")));
        }
        Ok(position)
    }

    fn raw_tell(&self, raw: &PyObject) -> PyResult<i64> {
        if let Some(file) = raw.downcast_exact::<PyFileIO>() {
            return file.seek_to(0, libc::SEEK_CUR);
        }
        let position = call::call_method(raw, intern!("tell"), &[])?;
        let position = number::as_isize(&position, Some(exc::ValueError()))? as i64;
        if position < 0 {
            return Err(exc::os_error(format!("Raw stream returned invalid position {position}")));
        }
        Ok(position)
    }

    /// Writes once: the count, or `None` if it would block.
    fn raw_write(&self, raw: &PyObject, data: &[u8]) -> PyResult<Option<usize>> {
        if let Some(file) = raw.downcast_exact::<PyFileIO>() {
            return file.write_bytes(data);
        }
        let bytes = PyBytes::new(data);
        let view =
            call::call_one(rpy_vm::types::memoryview::PyMemoryView::type_object().as_object(), bytes.as_object())?;
        let n = call::call_method(raw, intern!("write"), &[&view])?;
        if rpy_vm::is_none(&n) {
            return Ok(None);
        }
        let n = number::as_isize(&n, Some(exc::ValueError()))?;
        if n < 0 || n as usize > data.len() {
            return Err(exc::os_error(format!(
                "raw write() returned invalid length {n} (should have been between 0 and {})",
                data.len()
            )));
        }
        Ok(Some(n as usize))
    }

    /// Writes all pending bytes.
    fn flush_write(&self) -> PyResult<()> {
        let raw = self.raw()?;
        loop {
            let pending = core::mem::take(&mut *self.write_buffer.borrow_mut());
            if pending.is_empty() {
                return Ok(());
            }
            match self.raw_write(&raw, &pending) {
                Ok(Some(n)) if n == pending.len() => {}
                Ok(Some(n)) => self.put_back(&pending[n..]),
                Ok(None) => {
                    self.put_back(&pending);
                    return Err(blocking("write could not complete without blocking", 0));
                }
                Err(e) => {
                    self.put_back(&pending);
                    return Err(e);
                }
            }
        }
    }

    /// Bytes that could not be written go before what was added meanwhile.
    fn put_back(&self, rest: &[u8]) {
        let mut buffer = self.write_buffer.borrow_mut();
        let added = core::mem::replace(&mut *buffer, rest.to_vec());
        buffer.extend_from_slice(&added);
    }

    fn read_all(&self) -> PyResult<ObjRef> {
        let raw = self.check_open("read of closed file")?;
        self.before_read()?;
        let mut all = Vec::new();
        self.take_buffered(usize::MAX, &mut all);
        let readall = protocol::getattr_opt(&raw, intern!("readall"))?;
        if let Some(readall) = readall {
            let rest = call::call_noargs(&readall)?;
            if rpy_vm::is_none(&rest) {
                return Ok(if all.is_empty() { rest } else { PyBytes::from_vec(all).into_obj() });
            }
            let Some(bytes) = rest.downcast_ref::<PyBytes>() else {
                return Err(exc::type_error("readall() should return bytes"));
            };
            if all.is_empty() {
                return Ok(rest);
            }
            all.extend_from_slice(bytes.as_bytes());
            return Ok(PyBytes::from_vec(all).into_obj());
        }
        let size = PyInt::from_i64(-1);
        loop {
            let chunk = call::call_method(&raw, intern!("read"), &[size.as_object()])?;
            if rpy_vm::is_none(&chunk) {
                return Ok(if all.is_empty() { chunk } else { PyBytes::from_vec(all).into_obj() });
            }
            let Some(bytes) = chunk.downcast_ref::<PyBytes>() else {
                return Err(exc::type_error("read() should return bytes"));
            };
            if bytes.is_empty() {
                return Ok(PyBytes::from_vec(all).into_obj());
            }
            all.extend_from_slice(bytes.as_bytes());
        }
    }

    /// Exactly `n` bytes unless the stream ends or would block.
    fn read_n(&self, n: usize) -> PyResult<Option<Vec<u8>>> {
        let raw = self.check_open("read of closed file")?;
        let mut out = Vec::new();
        out.try_reserve(n.min(1 << 20)).map_err(|_| exc::memory_error())?;
        self.take_buffered(n, &mut out);
        if out.len() == n {
            return Ok(Some(out));
        }
        self.before_read()?;
        while out.len() < n {
            let missing = n - out.len();
            // Large remainders go past the buffer.
            let whole = missing - missing % self.buffer_size.get();
            if whole > 0 {
                match self.raw_read(&raw, whole)? {
                    None => return Ok((!out.is_empty()).then_some(out)),
                    Some(data) if data.is_empty() => break,
                    Some(data) => out.extend_from_slice(&data),
                }
                continue;
            }
            match self.fill(&raw)? {
                None => return Ok((!out.is_empty()).then_some(out)),
                Some(0) => break,
                Some(_) => {
                    self.take_buffered(missing, &mut out);
                }
            }
        }
        Ok(Some(out))
    }

    fn read(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        let n = base::size_arg(size)?;
        if n < -1 {
            return Err(exc::value_error("read length must be non-negative or -1"));
        }
        if n == -1 {
            return self.read_all();
        }
        Ok(match self.read_n(n as usize)? {
            Some(data) => PyBytes::from_vec(data).into_obj(),
            None => rpy_vm::none(),
        })
    }

    fn read1(&self, size: Option<isize>) -> PyResult<ObjRef> {
        let raw = self.check_open("read of closed file")?;
        let n = match size {
            Some(n) if n >= 0 => n as usize,
            _ => self.buffer_size.get(),
        };
        if n == 0 {
            return Ok(PyBytes::empty().into_obj());
        }
        let mut out = Vec::new();
        if self.take_buffered(n, &mut out) > 0 {
            return Ok(PyBytes::from_vec(out).into_obj());
        }
        self.before_read()?;
        let data = self.raw_read(&raw, n)?.unwrap_or_default();
        Ok(PyBytes::from_vec(data).into_obj())
    }

    fn peek(&self) -> PyResult<ObjRef> {
        let raw = self.check_open("peek of closed file")?;
        self.before_read()?;
        if self.unread() == 0 {
            self.fill(&raw)?;
        }
        let buffer = self.read_buffer.borrow();
        Ok(PyBytes::new(&buffer[self.read_position.get()..]).into_obj())
    }

    fn readinto(&self, buffer: &PyObject, once: bool) -> PyResult<Option<usize>> {
        let raw = self.check_open("readinto of closed file")?;
        let mut target = Buffer::writable_for("readinto", buffer)?;
        let wanted = target.len();
        let mut filled = 0;
        if wanted == 0 {
            return Ok(Some(0));
        }
        {
            let mut out = Vec::new();
            let n = self.take_buffered(wanted, &mut out);
            target.bytes_mut()[..n].copy_from_slice(&out);
            filled += n;
        }
        if filled == wanted || (once && filled > 0) {
            return Ok(Some(filled));
        }
        self.before_read()?;
        loop {
            let missing = wanted - filled;
            let data = if missing >= self.buffer_size.get() || once {
                self.raw_read(&raw, missing)?
            } else {
                match self.fill(&raw)? {
                    None => None,
                    Some(_) => {
                        let mut out = Vec::new();
                        self.take_buffered(missing, &mut out);
                        Some(out)
                    }
                }
            };
            match data {
                None => return Ok((filled > 0).then_some(filled)),
                Some(data) if data.is_empty() => break,
                Some(data) => {
                    target.bytes_mut()[filled..filled + data.len()].copy_from_slice(&data);
                    filled += data.len();
                }
            }
            if once || filled == wanted {
                break;
            }
        }
        Ok(Some(filled))
    }

    fn readline_bytes(&self, limit: isize) -> PyResult<Vec<u8>> {
        let raw = self.check_open("readline of closed file")?;
        self.before_read()?;
        let mut line = Vec::new();
        loop {
            let found = {
                let buffer = self.read_buffer.borrow();
                let rest = &buffer[self.read_position.get()..];
                memchr_newline(rest).map(|i| i + 1)
            };
            let room = if limit < 0 { usize::MAX } else { limit as usize - line.len() };
            let wanted = found.unwrap_or(usize::MAX).min(room);
            self.take_buffered(wanted, &mut line);
            if found.is_some_and(|f| f <= room) || (limit >= 0 && line.len() >= limit as usize) {
                return Ok(line);
            }
            match self.fill(&raw)? {
                None | Some(0) => return Ok(line),
                Some(_) => {}
            }
        }
    }

    fn write(&self, data: &[u8]) -> PyResult<usize> {
        let raw = self.check_open("write to closed file")?;
        if self.can_read.get() {
            self.before_write(&raw)?;
        }
        let size = self.buffer_size.get();
        let pending = self.write_buffer.borrow().len();
        if pending + data.len() <= size {
            self.write_buffer.borrow_mut().extend_from_slice(data);
            return Ok(data.len());
        }
        if pending > 0 {
            match self.flush_write() {
                Ok(()) => {}
                Err(e) if e.matches(exc::BlockingIOError()) => {
                    // Takes as much as still fits.
                    let mut buffer = self.write_buffer.borrow_mut();
                    let room = size.saturating_sub(buffer.len());
                    if room >= data.len() {
                        buffer.extend_from_slice(data);
                        return Ok(data.len());
                    }
                    buffer.extend_from_slice(&data[..room]);
                    return Err(blocking("write could not complete without blocking", room));
                }
                Err(e) => return Err(e),
            }
        }
        let mut written = 0;
        while data.len() - written > size {
            match self.raw_write(&raw, &data[written..])? {
                Some(n) => written += n,
                None => {
                    let room = size.min(data.len() - written);
                    self.write_buffer.borrow_mut().extend_from_slice(&data[written..written + room]);
                    if written + room == data.len() {
                        return Ok(data.len());
                    }
                    return Err(blocking("write could not complete without blocking", written + room));
                }
            }
        }
        self.write_buffer.borrow_mut().extend_from_slice(&data[written..]);
        Ok(data.len())
    }

    fn flush(&self) -> PyResult<()> {
        let raw = self.check_open("flush of closed file")?;
        if self.can_write.get() {
            self.flush_write()?;
        }
        if self.can_read.get() && self.can_write.get() && self.unread() > 0 {
            self.before_write(&raw)?;
        }
        if raw.downcast_exact::<PyFileIO>().is_none() {
            call::call_method(&raw, intern!("flush"), &[])?;
        }
        Ok(())
    }

    fn tell(&self) -> PyResult<i64> {
        let raw = self.raw()?;
        let position = self.raw_tell(&raw)?;
        let position = position - self.unread() as i64 + self.write_buffer.borrow().len() as i64;
        Ok(position.max(0))
    }

    fn seek(&self, target: &PyObject, whence: i32) -> PyResult<i64> {
        if !matches!(whence, 0..=2 | libc::SEEK_DATA | libc::SEEK_HOLE) {
            return Err(exc::value_error(format!("whence value {whence} unsupported")));
        }
        let raw = self.check_open("seek of closed file")?;
        base::check_seekable(&raw)?;
        let offset = number::index(target)?
            .as_i64()
            .ok_or_else(|| exc::overflow_error("Python int too large to convert to C long"))?;
        if self.can_write.get() {
            self.flush_write()?;
        }
        if self.can_read.get() && whence < 2 {
            // Within the buffer no system call is needed but one to know where we are.
            let unread = self.unread() as i64;
            if unread > 0 {
                let here = self.raw_tell(&raw)? - unread;
                let wanted = if whence == 0 { offset } else { here + offset };
                let move_by = wanted - here;
                if move_by <= unread && -move_by <= self.read_position.get() as i64 {
                    self.read_position.set((self.read_position.get() as i64 + move_by) as usize);
                    return Ok(wanted);
                }
            }
        }
        let offset = if whence == 1 { offset - self.unread() as i64 } else { offset };
        let position = self.raw_seek(&raw, offset, whence)?;
        self.read_buffer.borrow_mut().clear();
        self.read_position.set(0);
        Ok(position)
    }

    fn truncate(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        let raw = self.check_open("truncate of closed file")?;
        if !self.can_write.get() {
            return Err(unsupported("truncate"));
        }
        self.flush()?;
        let size = match size {
            Some(size) => size.new_ref(),
            None => PyInt::from_i64(self.tell()?).into_obj(),
        };
        call::call_method(&raw, intern!("truncate"), &[&size])
    }

    fn close(&self) -> PyResult<ObjRef> {
        let raw = self.raw()?;
        if self.is_closed()? {
            return Ok(rpy_vm::none());
        }
        if self.finalizing.get() {
            let _ = call::call_method(&raw, intern!("_dealloc_warn"), &[self.as_object()]);
        }
        let flushed = call::call_method(self.as_object(), intern!("flush"), &[]);
        let closed = call::call_method(&raw, intern!("close"), &[]);
        match (flushed, closed) {
            (Ok(_), result) => result,
            (Err(e), Ok(_)) => Err(e),
            (Err(first), Err(second)) => {
                second.value().set_context(Some(first.into_object()));
                Err(second)
            }
        }
    }

    fn detach(&self) -> PyResult<ObjRef> {
        let raw = self.raw()?;
        call::call_method(self.as_object(), intern!("flush"), &[])?;
        self.raw.take();
        self.detached.set(true);
        Ok(raw)
    }

    fn repr(&self) -> PyResult<ObjRef> {
        let class = self.as_object().ty().full_name().to_owned();
        let Some(_guard) = rpy_vm::runtime::repr_guard::ReprGuard::enter(self.as_object()) else {
            return Err(exc::runtime_error(format!("reentrant call inside {class}.__repr__")));
        };
        let name = match protocol::getattr_opt(self.as_object(), intern!("name")) {
            Ok(name) => name,
            Err(e) if e.matches(exc::ValueError()) => None,
            Err(e) => return Err(e),
        };
        let text = match name {
            Some(name) => format!("<{class} name={}>", protocol::repr(&name)?.to_string_lossy()),
            None => format!("<{class}>"),
        };
        Ok(PyStr::from_string(text).into_obj())
    }

    fn next_line(&self) -> PyResult<Option<ObjRef>> {
        let exact = self.as_object().is_exact_type(PyBufferedReader::type_object())
            || self.as_object().is_exact_type(PyBufferedRandom::type_object());
        if exact {
            let line = self.readline_bytes(-1)?;
            return Ok(if line.is_empty() { None } else { Some(PyBytes::from_vec(line).into_obj()) });
        }
        let line = call::call_method(self.as_object(), intern!("readline"), &[])?;
        Ok(if protocol::size(&line)? == 0 { None } else { Some(line) })
    }
}

/// A `BlockingIOError` that tells how much was written.
fn blocking(message: &str, written: usize) -> PyErr {
    PyErr::with_args(
        exc::BlockingIOError(),
        vec![
            PyInt::from_i64(libc::EAGAIN as i64).into_obj(),
            PyStr::new(message).into_obj(),
            PyInt::from_usize(written).into_obj(),
        ],
    )
}

/// The methods that all three classes have, and those of readers and writers.
macro_rules! buffered_class {
    (
        $(#[$doc:meta])* $ty:ident, $name:literal, read = $read:literal, write = $write:literal, check = [$($check:path),*],
        { $($extra:tt)* }
    ) => {
        $(#[$doc])*
        #[pyclass(layout = PyBuffered, base = PyBufferedIOBase, name = $name, module = "_io", flags(BASETYPE, HAVE_GC),
                  dealloc = dealloc_rust::<PyBuffered>)]
        pub struct $ty;

        impl $ty {
            /// The type object.
            pub fn type_object() -> &'static PyTypeObject {
                // SAFETY: the static's address is constant.
                unsafe { &*<$ty as rpy_vm::object::class_impl::StaticType>::TYPE }
            }
        }

        #[pymethods]
        impl $ty {
            #[pynew(sig = "(*args, **kwargs)")]
            fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
                let made: Ref<PyBuffered> = rpy_vm::object::alloc::new_in(cls, PyBuffered::fresh())?;
                Ok(made.into_obj())
            }

            #[pyinit(sig = "(raw, buffer_size=DEFAULT_BUFFER_SIZE)")]
            fn py_init(this: &PyBuffered, raw: &PyObject, buffer_size: Option<isize>) -> PyResult<()> {
                $( $check(raw)?; )*
                this.init(raw, buffer_size.unwrap_or(super::DEFAULT_BUFFER_SIZE as isize), $read, $write)
            }

            #[slot]
            fn tp_traverse(this: &PyBuffered, v: &mut rpy_vm::gc::Visit<'_>) {
                v.visit_opt(this.ob_base.dict.peek());
                v.visit_opt(this.raw.peek());
            }
            #[slot]
            fn tp_clear(this: &PyBuffered) {
                this.ob_base.dict.take();
                this.raw.take();
            }
            #[slot]
            fn tp_repr(this: &PyBuffered) -> PyResult<ObjRef> {
                this.repr()
            }

            #[pymethod]
            fn flush(this: &PyBuffered) -> PyResult<()> {
                this.flush()
            }
            #[pymethod]
            fn close(this: &PyBuffered) -> PyResult<ObjRef> {
                this.close()
            }
            /// Disconnect this buffer from its underlying raw stream and return it.
            #[pymethod]
            fn detach(this: &PyBuffered) -> PyResult<ObjRef> {
                this.detach()
            }
            #[pymethod]
            fn seekable(this: &PyBuffered) -> PyResult<ObjRef> {
                call::call_method(&*this.raw()?, intern!("seekable"), &[])
            }
            #[pymethod]
            fn fileno(this: &PyBuffered) -> PyResult<ObjRef> {
                call::call_method(&*this.raw()?, intern!("fileno"), &[])
            }
            #[pymethod]
            fn isatty(this: &PyBuffered) -> PyResult<ObjRef> {
                call::call_method(&*this.raw()?, intern!("isatty"), &[])
            }
            #[pymethod]
            fn tell(this: &PyBuffered) -> PyResult<i64> {
                this.tell()
            }
            #[pymethod(sig = "($self, target, whence=0, /)")]
            fn seek(this: &PyBuffered, target: &PyObject, whence: Option<i32>) -> PyResult<i64> {
                this.seek(target, whence.unwrap_or(0))
            }
            #[pymethod(name = "_dealloc_warn", sig = "($self, source, /)")]
            fn dealloc_warn(this: &PyBuffered, source: &PyObject) -> PyResult<()> {
                if let Ok(raw) = this.raw() {
                    let _ = call::call_method(&raw, intern!("_dealloc_warn"), &[source]);
                }
                Ok(())
            }
            #[pymethod(name = "__getstate__")]
            fn getstate(this: &PyBuffered) -> PyResult<ObjRef> {
                Err(exc::type_error(format!("cannot pickle '{}' instances", this.as_object().ty().full_name())))
            }
            #[pygetset]
            fn raw(this: &PyBuffered) -> Option<ObjRef> {
                this.raw.get()
            }
            #[pygetset]
            fn closed(this: &PyBuffered) -> PyResult<bool> {
                this.is_closed()
            }
            #[pygetset]
            fn name(this: &PyBuffered) -> PyResult<ObjRef> {
                protocol::getattr(&*this.raw()?, intern!("name"))
            }
            #[pygetset]
            fn mode(this: &PyBuffered) -> PyResult<ObjRef> {
                protocol::getattr(&*this.raw()?, intern!("mode"))
            }
            #[pygetset(name = "_finalizing")]
            fn finalizing(this: &PyBuffered) -> bool {
                this.finalizing.get()
            }
            #[pygetset(setter, name = "_finalizing")]
            fn set_finalizing(this: &PyBuffered, value: Option<&PyObject>) -> PyResult<()> {
                this.finalizing.set(match value {
                    Some(v) => protocol::is_true(v)?,
                    None => false,
                });
                Ok(())
            }

            $($extra)*
        }
    };
}

buffered_class! {
    /// Create a new buffered reader using the given readable raw IO object.
    PyBufferedReader, "BufferedReader", read = true, write = false, check = [base::check_readable], {
        #[pymethod]
        fn readable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("readable"), &[])
        }
        #[pymethod]
        fn writable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("writable"), &[])
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn read(this: &PyBuffered, size: Option<&PyObject>) -> PyResult<ObjRef> {
            this.read(size)
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn read1(this: &PyBuffered, size: Option<isize>) -> PyResult<ObjRef> {
            this.read1(size)
        }
        #[pymethod(sig = "($self, size=0, /)")]
        fn peek(this: &PyBuffered, _size: Option<&PyObject>) -> PyResult<ObjRef> {
            this.peek()
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn readinto(this: &PyBuffered, buffer: &PyObject) -> PyResult<Option<usize>> {
            this.readinto(buffer, false)
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn readinto1(this: &PyBuffered, buffer: &PyObject) -> PyResult<Option<usize>> {
            this.readinto(buffer, true)
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn readline(this: &PyBuffered, size: Option<&PyObject>) -> PyResult<ObjRef> {
            Ok(PyBytes::from_vec(this.readline_bytes(base::size_arg(size)?)?).into_obj())
        }
        #[pymethod(sig = "($self, pos=None, /)")]
        fn truncate(this: &PyBuffered, pos: Option<&PyObject>) -> PyResult<ObjRef> {
            this.truncate(pos)
        }
        #[slot]
        fn tp_iternext(this: &PyBuffered) -> PyResult<Option<ObjRef>> {
            this.next_line()
        }
    }
}

buffered_class! {
    /// A buffer for a writeable sequential RawIO object.
    PyBufferedWriter, "BufferedWriter", read = false, write = true, check = [base::check_writable], {
        #[pymethod]
        fn readable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("readable"), &[])
        }
        #[pymethod]
        fn writable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("writable"), &[])
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn write(this: &PyBuffered, buffer: ArgBytes<'_>) -> PyResult<usize> {
            this.write(buffer.as_bytes())
        }
        #[pymethod(sig = "($self, pos=None, /)")]
        fn truncate(this: &PyBuffered, pos: Option<&PyObject>) -> PyResult<ObjRef> {
            this.truncate(pos)
        }
    }
}

buffered_class! {
    /// A buffered interface to random access streams.
    PyBufferedRandom, "BufferedRandom", read = true, write = true,
    check = [base::check_seekable, base::check_readable, base::check_writable], {
        #[pymethod]
        fn readable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("readable"), &[])
        }
        #[pymethod]
        fn writable(this: &PyBuffered) -> PyResult<ObjRef> {
            call::call_method(&*this.raw()?, intern!("writable"), &[])
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn read(this: &PyBuffered, size: Option<&PyObject>) -> PyResult<ObjRef> {
            this.read(size)
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn read1(this: &PyBuffered, size: Option<isize>) -> PyResult<ObjRef> {
            this.read1(size)
        }
        #[pymethod(sig = "($self, size=0, /)")]
        fn peek(this: &PyBuffered, _size: Option<&PyObject>) -> PyResult<ObjRef> {
            this.peek()
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn readinto(this: &PyBuffered, buffer: &PyObject) -> PyResult<Option<usize>> {
            this.readinto(buffer, false)
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn readinto1(this: &PyBuffered, buffer: &PyObject) -> PyResult<Option<usize>> {
            this.readinto(buffer, true)
        }
        #[pymethod(sig = "($self, size=-1, /)")]
        fn readline(this: &PyBuffered, size: Option<&PyObject>) -> PyResult<ObjRef> {
            Ok(PyBytes::from_vec(this.readline_bytes(base::size_arg(size)?)?).into_obj())
        }
        #[pymethod(sig = "($self, buffer, /)")]
        fn write(this: &PyBuffered, buffer: ArgBytes<'_>) -> PyResult<usize> {
            this.write(buffer.as_bytes())
        }
        #[pymethod(sig = "($self, pos=None, /)")]
        fn truncate(this: &PyBuffered, pos: Option<&PyObject>) -> PyResult<ObjRef> {
            this.truncate(pos)
        }
        #[slot]
        fn tp_iternext(this: &PyBuffered) -> PyResult<Option<ObjRef>> {
            this.next_line()
        }
    }
}

/// A buffered reader and writer object together.
#[pyclass(name = "BufferedRWPair", module = "_io", base = PyBufferedIOBase, flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyBufferedRWPair {
    pub ob_base: PyIOBase,
    reader: OptRef,
    writer: OptRef,
}

impl PyBufferedRWPair {
    fn side(&self, side: &OptRef) -> PyResult<ObjRef> {
        side.get().ok_or_else(|| exc::value_error("I/O operation on uninitialized object"))
    }
    fn forward(&self, side: &OptRef, name: &'static PyStr, args: &[&PyObject]) -> PyResult<ObjRef> {
        call::call_method(&*self.side(side)?, name, args)
    }
}

#[pymethods]
impl PyBufferedRWPair {
    #[pynew(sig = "(*args, **kwargs)")]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        let pair = PyBufferedRWPair { ob_base: PyIOBase::fresh(), reader: OptRef::NULL, writer: OptRef::NULL };
        Ok(rpy_vm::object::alloc::new_in(cls, pair)?.into_obj())
    }
    #[pyinit(sig = "(reader, writer, buffer_size=DEFAULT_BUFFER_SIZE, /)")]
    fn py_init(&self, reader: &PyObject, writer: &PyObject, buffer_size: Option<isize>) -> PyResult<()> {
        base::check_readable(reader)?;
        base::check_writable(writer)?;
        let size = PyInt::from_isize(buffer_size.unwrap_or(super::DEFAULT_BUFFER_SIZE as isize));
        let reader = call::call(PyBufferedReader::type_object().as_object(), &[reader, size.as_object()])?;
        let writer = call::call(PyBufferedWriter::type_object().as_object(), &[writer, size.as_object()])?;
        self.reader.set(Some(reader));
        self.writer.set(Some(writer));
        Ok(())
    }
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        let none = rpy_vm::none();
        self.forward(&self.reader, intern!("read"), &[size.unwrap_or(&none)])
    }
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read1(&self, size: Option<isize>) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("read1"), &[PyInt::from_isize(size.unwrap_or(-1)).as_object()])
    }
    #[pymethod(sig = "($self, size=0, /)")]
    fn peek(&self, size: Option<isize>) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("peek"), &[PyInt::from_isize(size.unwrap_or(0)).as_object()])
    }
    #[pymethod(sig = "($self, buffer, /)")]
    fn readinto(&self, buffer: &PyObject) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("readinto"), &[buffer])
    }
    #[pymethod(sig = "($self, buffer, /)")]
    fn readinto1(&self, buffer: &PyObject) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("readinto1"), &[buffer])
    }
    #[pymethod(sig = "($self, b, /)")]
    fn write(&self, b: &PyObject) -> PyResult<ObjRef> {
        self.forward(&self.writer, intern!("write"), &[b])
    }
    #[pymethod]
    fn flush(&self) -> PyResult<ObjRef> {
        self.forward(&self.writer, intern!("flush"), &[])
    }
    #[pymethod]
    fn readable(&self) -> PyResult<ObjRef> {
        self.forward(&self.reader, intern!("readable"), &[])
    }
    #[pymethod]
    fn writable(&self) -> PyResult<ObjRef> {
        self.forward(&self.writer, intern!("writable"), &[])
    }
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        let written = self.forward(&self.writer, intern!("close"), &[]);
        let read = self.forward(&self.reader, intern!("close"), &[]);
        match (written, read) {
            (Err(first), Err(second)) => {
                second.value().set_context(Some(first.into_object()));
                Err(second)
            }
            (Err(e), _) | (_, Err(e)) => Err(e),
            _ => Ok(()),
        }
    }
    #[pymethod]
    fn isatty(&self) -> PyResult<ObjRef> {
        let answer = self.forward(&self.writer, intern!("isatty"), &[])?;
        if protocol::is_true(&answer)? { Ok(answer) } else { self.forward(&self.reader, intern!("isatty"), &[]) }
    }
    #[pygetset]
    fn closed(&self) -> PyResult<ObjRef> {
        match self.writer.get() {
            Some(writer) => protocol::getattr(&writer, intern!("closed")),
            None => Err(exc::runtime_error("the BufferedRWPair object is being garbage-collected")),
        }
    }
}
