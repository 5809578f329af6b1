//! Buffered binary streams: reader, writer, both on one seekable raw stream, and a pair of raw streams.
//!
//! One struct serves the first three. Unread bytes are `read_buffer[read_position..]`; bytes not yet written are
//! `write_buffer`. At most one of the two holds data: before writing, unread bytes are given back by seeking, and before
//! reading, pending bytes are flushed. No borrow of a buffer is held while the raw stream is called.
//!
//! A stream has a lock, since calls of the raw stream let other threads run. Whoever meets it in its own thread gets a
//! `RuntimeError`: a signal handler or the raw stream came back to the stream that is being worked on.
//!
//! | File | What |
//! |---|---|
//! | `classes` | `BufferedReader`, `BufferedWriter`, `BufferedRandom` |
//! | `pair` | `BufferedRWPair` |

use core::cell::{Cell, RefCell};
use std::time::Duration;

use rpy_vm::object::PyTypeObject;
use rpy_vm::protocol::buffer::Buffer;
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::runtime::rawlock::{RawLock, Wait};
use rpy_vm::runtime::{signals, thread};
use rpy_vm::sysmodule::functions::is_finalizing;
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, exc, intern};

use super::base::{self, PyIOBase, memchr_newline};
use super::fileio::PyFileIO;
use super::unsupported;

mod classes;
mod pair;

pub use classes::{PyBufferedRandom, PyBufferedReader, PyBufferedWriter};
pub use pair::PyBufferedRWPair;

/// The layout of `BufferedReader`, `BufferedWriter` and `BufferedRandom`.
#[repr(C)]
pub struct PyBuffered {
    pub ob_base: PyIOBase,
    pub raw: OptRef,
    detached: Cell<bool>,
    finalizing: Cell<bool>,
    can_read: Cell<bool>,
    can_write: Cell<bool>,
    /// False before a successful `__init__` and after a failed one.
    ready: Cell<bool>,
    /// `close` has given the buffer up.
    freed: Cell<bool>,
    lock: RawLock,
    /// The thread that has the lock, by its state's address; 0: nobody.
    owner: Cell<usize>,
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

/// The lock of a stream, held.
struct Entered<'a>(&'a PyBuffered);

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.0.owner.set(0);
        self.0.lock.release();
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
            ready: Cell::new(false),
            freed: Cell::new(false),
            lock: RawLock::new(),
            owner: Cell::new(0),
            buffer_size: Cell::new(0),
            read_buffer: RefCell::new(Vec::new()),
            read_position: Cell::new(0),
            write_buffer: RefCell::new(Vec::new()),
        }
    }

    fn init(&self, raw: &PyObject, size: isize, read: bool, write: bool) -> PyResult<()> {
        self.ready.set(false);
        if size <= 0 {
            return Err(exc::value_error("buffer size must be strictly positive"));
        }
        self.detached.set(false);
        self.freed.set(false);
        self.can_read.set(read);
        self.can_write.set(write);
        self.buffer_size.set(size as usize);
        self.read_buffer.borrow_mut().clear();
        self.read_position.set(0);
        self.write_buffer.borrow_mut().clear();
        self.raw.set(Some(raw.new_ref()));
        self.ready.set(true);
        Ok(())
    }

    /// Takes the stream's lock.
    ///
    /// # Errors
    /// `RuntimeError` if this thread has it already, or if it cannot be had any more because the interpreter ends.
    fn enter(&self) -> PyResult<Entered<'_>> {
        let me = core::ptr::from_ref(thread::current()) as usize;
        if !self.lock.try_acquire() {
            if self.owner.get() == me {
                let shown = protocol::repr(self.as_object())?;
                return Err(exc::runtime_error(format!("reentrant call inside {}", shown.to_string_lossy())));
            }
            // Daemon threads that were stopped may hold locks for good.
            let wait = if is_finalizing() { Wait::For(Duration::from_secs(1)) } else { Wait::Forever };
            if !self.lock.acquire(wait)? {
                return Err(exc::runtime_error(
                    "could not acquire the lock of a buffered stream at interpreter shutdown",
                ));
            }
        }
        self.owner.set(me);
        Ok(Entered(self))
    }

    /// The raw stream.
    ///
    /// # Errors
    /// `ValueError` before `__init__` and after `detach`.
    fn raw(&self) -> PyResult<ObjRef> {
        match self.raw.get() {
            Some(raw) if self.ready.get() => Ok(raw),
            _ if self.detached.get() => Err(exc::value_error("raw stream has been detached")),
            _ => Err(exc::value_error("I/O operation on uninitialized object")),
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
        if self.freed.get() || self.is_closed()? { Err(exc::value_error(what)) } else { Ok(raw) }
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
            let mut data = rpy_vm::object::alloc::zeroed_vec(n)?;
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
        let got = number::as_isize(&got, Some(exc::ValueError())).map_err(|e| caused("raw readinto() failed", e))?;
        if got < 0 || got as usize > n {
            return Err(exc::os_error(format!(
                "raw readinto() returned invalid length {got} (should have been between 0 and {n})"
            )));
        }
        // Whoever gave the view up may have shortened what was behind it.
        let filled = target.as_bytes();
        Ok(Some(filled[..filled.len().min(got as usize)].to_vec()))
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
                Ok(Some(n)) => {
                    self.put_back(&pending[n..]);
                    // A signal may have cut the write short: its handler comes before the next one, which may block.
                    signals::check()?;
                }
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
        let _lock = self.enter()?;
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
        loop {
            let chunk = call::call_method(&raw, intern!("read"), &[])?;
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
        let _lock = self.enter()?;
        self.take_buffered(n - out.len(), &mut out);
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
        let _lock = self.enter()?;
        if self.take_buffered(n, &mut out) > 0 {
            return Ok(PyBytes::from_vec(out).into_obj());
        }
        self.before_read()?;
        let data = self.raw_read(&raw, n)?.unwrap_or_default();
        Ok(PyBytes::from_vec(data).into_obj())
    }

    fn peek(&self) -> PyResult<ObjRef> {
        let raw = self.check_open("peek of closed file")?;
        let _lock = self.enter()?;
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
        if filled == wanted {
            return Ok(Some(filled));
        }
        let _lock = self.enter()?;
        self.before_read()?;
        loop {
            let missing = wanted - filled;
            let data = if missing > self.buffer_size.get() {
                self.raw_read(&raw, missing)?
            } else if once && filled > 0 {
                break;
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
        let _lock = self.enter()?;
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
        self.raw()?;
        let _lock = self.enter()?;
        // Another thread may have closed the stream meanwhile.
        let raw = self.check_open("write to closed file")?;
        if self.can_read.get() {
            self.before_write(&raw)?;
        }
        let size = self.buffer_size.get();
        let pending = self.write_buffer.borrow().len();
        if pending + data.len() <= size && data.len() < size {
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
                Some(n) => {
                    written += n;
                    signals::check()?;
                }
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

    /// Writes what is pending, and makes the raw stream's position the logical one.
    fn flush_and_rewind(&self, raw: &PyObject) -> PyResult<()> {
        self.flush_write()?;
        if self.can_read.get() { self.before_write(raw) } else { Ok(()) }
    }

    fn flush(&self) -> PyResult<()> {
        let raw = self.check_open("flush of closed file")?;
        if !self.can_write.get() {
            // Nothing of ours: a reader passes it on.
            return call::call_method(&raw, intern!("flush"), &[]).map(drop);
        }
        let _lock = self.enter()?;
        self.flush_and_rewind(&raw)
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
        let _lock = self.enter()?;
        if self.can_write.get() {
            self.flush_write()?;
        }
        if self.can_read.get() && whence < 2 {
            // Within the buffer no system call is needed but one to know where we are.
            if self.unread() > 0 {
                let position = self.raw_tell(&raw)?;
                // The raw stream may have begun this one anew.
                let unread = self.unread() as i64;
                let here = position - unread;
                let wanted = if whence == 0 { offset } else { here.saturating_add(offset) };
                let move_by = wanted.saturating_sub(here);
                if move_by <= unread && move_by >= -(self.read_position.get() as i64) {
                    self.read_position.set((self.read_position.get() as i64 + move_by) as usize);
                    // Character devices may tell less than was read.
                    return Ok(wanted.max(0));
                }
            }
        }
        let offset = if whence == 1 { offset.saturating_sub(self.unread() as i64) } else { offset };
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
        let _lock = self.enter()?;
        self.flush_and_rewind(&raw)?;
        let size = size.map_or_else(rpy_vm::none, PyObject::new_ref);
        call::call_method(&raw, intern!("truncate"), &[&size])
    }

    fn close(&self) -> PyResult<ObjRef> {
        let raw = self.raw()?;
        {
            let _lock = self.enter()?;
            if self.is_closed()? {
                return Ok(rpy_vm::none());
            }
            if self.finalizing.get() {
                let _ = call::call_method(&raw, intern!("_dealloc_warn"), &[self.as_object()]);
            }
        }
        let flushed = call::call_method(self.as_object(), intern!("flush"), &[]);
        let _lock = self.enter()?;
        let closed = call::call_method(&raw, intern!("close"), &[]);
        self.freed.set(true);
        *self.read_buffer.borrow_mut() = Vec::new();
        self.read_position.set(0);
        *self.write_buffer.borrow_mut() = Vec::new();
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
        self.ready.set(false);
        self.detached.set(true);
        Ok(raw)
    }

    fn size_of(&self) -> usize {
        let buffer = if self.ready.get() && !self.freed.get() { self.buffer_size.get() } else { 0 };
        self.as_object().ty().tp_basicsize.get() as usize + buffer
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

/// An `OSError` caused by another exception.
fn caused(message: &str, cause: PyErr) -> PyErr {
    let error = exc::os_error(message);
    let cause = cause.into_object();
    error.value().set_context(Some(cause.clone()));
    error.value().set_cause(Some(cause));
    error
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
