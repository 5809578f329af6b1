//! `FileIO`: unbuffered bytes on a file descriptor.

use core::cell::Cell;

use rpy_vm::object::PyTypeObject;
use rpy_vm::protocol::buffer::{ArgBytes, Buffer};
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::runtime::gil;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, exc, intern, pyclass, pymethods};

use super::base::{PyIOBase, PyRawIOBase, closed_error_plain};
use super::unsupported;

/// Open a file.
#[pyclass(name = "FileIO", module = "_io", base = PyRawIOBase, flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyFileIO {
    pub ob_base: PyIOBase,
    /// -1 when closed.
    pub fd: Cell<i32>,
    pub created: Cell<bool>,
    pub readable: Cell<bool>,
    pub writable: Cell<bool>,
    pub appending: Cell<bool>,
    /// -1: not known yet.
    pub seekable: Cell<i8>,
    pub closefd: Cell<bool>,
    pub finalizing: Cell<bool>,
    pub blksize: Cell<i64>,
    /// Cannot be a terminal, as far as was seen when it was opened.
    pub no_terminal: Cell<bool>,
}

/// Runs a system call without the GIL, again after a signal whose handler did not raise.
fn retry(f: impl Fn() -> isize) -> PyResult<Result<usize, i32>> {
    loop {
        let result = gil::allow_threads(&f);
        if result >= 0 {
            return Ok(Ok(result as usize));
        }
        let errno = exc::last_errno();
        if errno != libc::EINTR {
            return Ok(Err(errno));
        }
        rpy_vm::runtime::signals::run_pending()?;
    }
}

const WOULD_BLOCK: [i32; 2] = [libc::EAGAIN, libc::EWOULDBLOCK];

impl PyFileIO {
    fn fd(&self) -> PyResult<i32> {
        let fd = self.fd.get();
        if fd < 0 { Err(closed_error_plain()) } else { Ok(fd) }
    }

    fn need_readable(&self) -> PyResult<i32> {
        let fd = self.fd()?;
        if self.readable.get() { Ok(fd) } else { Err(unsupported("File not open for reading")) }
    }

    fn need_writable(&self) -> PyResult<i32> {
        let fd = self.fd()?;
        if self.writable.get() { Ok(fd) } else { Err(unsupported("File not open for writing")) }
    }

    /// Reads into `buffer`: the count, or `None` if the call would block.
    pub fn read_into(&self, buffer: &mut [u8]) -> PyResult<Option<usize>> {
        let fd = self.need_readable()?;
        let (pointer, length) = (buffer.as_mut_ptr() as usize, buffer.len());
        // SAFETY: the buffer is ours during the call.
        match retry(|| unsafe { libc::read(fd, pointer as *mut libc::c_void, length) })? {
            Ok(n) => Ok(Some(n)),
            Err(e) if WOULD_BLOCK.contains(&e) => Ok(None),
            Err(e) => Err(exc::os_error_errno(e, None)),
        }
    }

    /// Writes: the count, or `None` if the call would block.
    pub fn write_bytes(&self, data: &[u8]) -> PyResult<Option<usize>> {
        let fd = self.need_writable()?;
        let (pointer, length) = (data.as_ptr() as usize, data.len());
        // SAFETY: the data stays alive during the call.
        match retry(|| unsafe { libc::write(fd, pointer as *const libc::c_void, length) })? {
            Ok(n) => Ok(Some(n)),
            Err(e) if WOULD_BLOCK.contains(&e) => Ok(None),
            Err(e) => Err(exc::os_error_errno(e, None)),
        }
    }

    /// `lseek`.
    pub fn seek_to(&self, offset: i64, whence: i32) -> PyResult<i64> {
        let fd = self.fd()?;
        // SAFETY: a plain system call.
        let position = gil::allow_threads(|| unsafe { libc::lseek(fd, offset, whence) });
        if self.seekable.get() < 0 {
            self.seekable.set((position >= 0) as i8);
        }
        if position < 0 { Err(exc::os_error_last(None)) } else { Ok(position) }
    }

    fn close_fd(&self) -> PyResult<()> {
        let fd = self.fd.replace(-1);
        if fd < 0 {
            return Ok(());
        }
        // SAFETY: the descriptor is ours; EINTR on close still closes on Linux.
        if gil::allow_threads(|| unsafe { libc::close(fd) }) < 0 && exc::last_errno() != libc::EINTR {
            return Err(exc::os_error_last(None));
        }
        Ok(())
    }

    fn mode_text(&self) -> &'static str {
        match (self.created.get(), self.appending.get(), self.readable.get(), self.writable.get()) {
            (true, _, true, _) => "xb+",
            (true, _, false, _) => "xb",
            (_, true, true, _) => "ab+",
            (_, true, false, _) => "ab",
            (_, _, true, true) => "rb+",
            (_, _, true, false) => "rb",
            _ => "wb",
        }
    }

    /// Remaining bytes by `fstat`, as a hint for reading everything.
    fn remaining(&self, fd: i32) -> usize {
        // SAFETY: `stat` is plain data that fstat fills in.
        unsafe {
            let mut st: libc::stat = core::mem::zeroed();
            if libc::fstat(fd, &mut st) < 0 {
                return 0;
            }
            let position = libc::lseek(fd, 0, libc::SEEK_CUR);
            if position < 0 || st.st_size <= position { 0 } else { (st.st_size - position) as usize }
        }
    }
}

impl PyFileIO {
    /// Opens a name or takes over a descriptor, as the arguments of `FileIO` say.
    fn open(&self, file: &PyObject, mode: &str, closefd: bool, opener: Option<&PyObject>) -> PyResult<()> {
        if self.fd.get() >= 0 {
            if self.closefd.get() {
                self.close_fd()?;
            } else {
                self.fd.set(-1);
            }
        }
        let mut given_fd = None;
        if PyInt::check(file) {
            if rpy_vm::types::bool_::is_bool(file) {
                rpy_vm::runtime::warnings::warn(exc::RuntimeWarning(), "bool is used as a file descriptor", 1)?;
            }
            let fd = number::as_isize(file, Some(exc::OverflowError()))?;
            if fd < 0 {
                return Err(exc::value_error("negative file descriptor"));
            }
            given_fd =
                Some(i32::try_from(fd).map_err(|_| exc::overflow_error("Python int too large to convert to C int"))?);
        }
        for flag in [&self.created, &self.readable, &self.writable, &self.appending] {
            flag.set(false);
        }
        let (mut flags, mut kinds, mut plus) = (0, 0, false);
        for c in mode.chars() {
            match c {
                'x' => {
                    kinds += 1;
                    self.created.set(true);
                    self.writable.set(true);
                    flags |= libc::O_EXCL | libc::O_CREAT;
                }
                'r' => {
                    kinds += 1;
                    self.readable.set(true);
                }
                'w' => {
                    kinds += 1;
                    self.writable.set(true);
                    flags |= libc::O_CREAT | libc::O_TRUNC;
                }
                'a' => {
                    kinds += 1;
                    self.writable.set(true);
                    self.appending.set(true);
                    flags |= libc::O_APPEND | libc::O_CREAT;
                }
                'b' => {}
                '+' if !plus => {
                    plus = true;
                    self.readable.set(true);
                    self.writable.set(true);
                }
                '+' => return Err(bad_mode()),
                _ => return Err(exc::value_error(format!("invalid mode: {mode}"))),
            }
        }
        if kinds != 1 {
            return Err(bad_mode());
        }
        flags |= match (self.readable.get(), self.writable.get()) {
            (true, true) => libc::O_RDWR,
            (true, false) => libc::O_RDONLY,
            _ => libc::O_WRONLY,
        };
        flags |= libc::O_CLOEXEC;
        let mut opened_here = false;
        match given_fd {
            Some(fd) => {
                self.fd.set(fd);
                self.closefd.set(closefd);
            }
            None => {
                self.closefd.set(true);
                if !closefd {
                    return Err(exc::value_error("Cannot use closefd=False with file name"));
                }
                let fd = match opener {
                    None => {
                        let path = rpy_vm::runtime::paths::path_bytes(file)?;
                        let path = std::ffi::CString::new(path).map_err(|_| exc::value_error("embedded null byte"))?;
                        // SAFETY: a NUL-terminated path.
                        match retry(|| unsafe { libc::open(path.as_ptr(), flags, 0o666) } as isize)? {
                            Ok(fd) => fd as i32,
                            Err(e) => return Err(exc::os_error_errno(e, Some(file))),
                        }
                    }
                    Some(opener) => {
                        let result = call::call(opener, &[file, PyInt::from_i64(flags as i64).as_object()])?;
                        if !PyInt::check(&result) {
                            return Err(exc::type_error("expected integer from opener"));
                        }
                        let fd = number::as_isize(&result, Some(exc::OverflowError()))?;
                        if fd < 0 {
                            return Err(exc::value_error(format!("opener returned {fd}")));
                        }
                        // SAFETY: making the descriptor close on exec.
                        unsafe { libc::fcntl(fd as i32, libc::F_SETFD, libc::FD_CLOEXEC) };
                        fd as i32
                    }
                };
                self.fd.set(fd);
                opened_here = true;
            }
        }
        self.blksize.set(super::DEFAULT_BUFFER_SIZE as i64);
        // SAFETY: `stat` is plain data that fstat fills in.
        unsafe {
            let mut st: libc::stat = core::mem::zeroed();
            if libc::fstat(self.fd.get(), &mut st) < 0 {
                let errno = exc::last_errno();
                if errno == libc::EBADF || given_fd.is_none() {
                    if !opened_here {
                        self.fd.set(-1);
                    } else {
                        self.close_fd()?;
                    }
                    return Err(exc::os_error_errno(errno, None));
                }
            } else {
                if st.st_mode & libc::S_IFMT == libc::S_IFDIR {
                    if opened_here {
                        self.close_fd()?;
                    } else {
                        self.fd.set(-1);
                    }
                    return Err(exc::os_error_errno(libc::EISDIR, Some(file)));
                }
                self.no_terminal.set(st.st_mode & libc::S_IFMT != libc::S_IFCHR);
                if st.st_blksize > 1 {
                    self.blksize.set(st.st_blksize as i64);
                }
            }
        }
        protocol::setattr(self.as_object(), intern!("name"), Some(file))?;
        if self.appending.get() {
            self.seek_to(0, libc::SEEK_END)
                .map(drop)
                .or_else(|e| if e.matches(exc::OSError()) { Ok(()) } else { Err(e) })?;
        }
        Ok(())
    }
}

fn bad_mode() -> PyErr {
    exc::value_error("Must have exactly one of create/read/write/append mode and at most one plus")
}

#[pymethods]
impl PyFileIO {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        let file = rpy_vm::object::alloc::new_in(
            cls,
            PyFileIO {
                ob_base: PyIOBase::fresh(),
                fd: Cell::new(-1),
                created: Cell::new(false),
                readable: Cell::new(false),
                writable: Cell::new(false),
                appending: Cell::new(false),
                seekable: Cell::new(-1),
                closefd: Cell::new(true),
                finalizing: Cell::new(false),
                blksize: Cell::new(super::DEFAULT_BUFFER_SIZE as i64),
                no_terminal: Cell::new(false),
            },
        )?;
        Ok(file.into_obj())
    }

    #[pyinit(sig = "(file, mode='r', closefd=True, opener=None)")]
    fn py_init(
        &self,
        file: &PyObject,
        mode: Option<&str>,
        closefd: Option<bool>,
        opener: Option<&PyObject>,
    ) -> PyResult<()> {
        let result = self.open(file, mode.unwrap_or("r"), closefd.unwrap_or(true), opener);
        if result.is_err() && PyInt::check(file) {
            // Whoever gave the descriptor still owns it.
            self.fd.set(-1);
        }
        result
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        let class = self.as_object().ty().full_name().to_owned();
        if self.fd.get() < 0 {
            return Ok(PyStr::from_string(format!("<{class} [closed]>")).into_obj());
        }
        let (mode, closefd) = (self.mode_text(), if self.closefd.get() { "True" } else { "False" });
        let text = match protocol::getattr_opt(self.as_object(), intern!("name"))? {
            Some(name) => {
                let name = protocol::repr(&name)?;
                format!("<{class} name={} mode='{mode}' closefd={closefd}>", name.to_string_lossy())
            }
            None => format!("<{class} fd={} mode='{mode}' closefd={closefd}>", self.fd.get()),
        };
        Ok(PyStr::from_string(text).into_obj())
    }

    /// Read at most size bytes, returned as bytes.
    #[pymethod(sig = "($self, size=-1, /)")]
    fn read(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        self.need_readable()?;
        let size = super::base::size_arg(size)?;
        if size < 0 {
            return self.readall();
        }
        let mut data = rpy_vm::object::alloc::zeroed_vec((size as usize).min(0x7fff_f000))?;
        match self.read_into(&mut data)? {
            None => Ok(rpy_vm::none()),
            Some(n) => {
                data.truncate(n);
                Ok(PyBytes::from_vec(data).into_obj())
            }
        }
    }

    /// Read all data from the file, returned as bytes.
    #[pymethod]
    fn readall(&self) -> PyResult<ObjRef> {
        let fd = self.fd()?;
        let mut data: Vec<u8> = Vec::new();
        let first = self.remaining(fd) + 1;
        data.try_reserve_exact(first).map_err(|_| exc::memory_error())?;
        let mut filled = 0;
        loop {
            if filled == data.len() {
                let more = if filled == 0 { first } else { (filled / 2).clamp(8192, 1 << 26) };
                data.try_reserve(more).map_err(|_| exc::memory_error())?;
                data.resize(filled + more, 0);
            }
            match self.read_into(&mut data[filled..])? {
                None if filled == 0 => return Ok(rpy_vm::none()),
                None | Some(0) => break,
                Some(n) => filled += n,
            }
        }
        data.truncate(filled);
        Ok(PyBytes::from_vec(data).into_obj())
    }

    /// Same as RawIOBase.readinto().
    #[pymethod(sig = "($self, buffer, /)")]
    fn readinto(&self, buffer: &PyObject) -> PyResult<Option<usize>> {
        self.need_readable()?;
        let mut target = Buffer::writable_for("readinto", buffer)?;
        self.read_into(target.bytes_mut())
    }

    /// Write buffer b to file, return number of bytes written.
    #[pymethod(sig = "($self, b, /)")]
    fn write(&self, b: ArgBytes<'_>) -> PyResult<Option<usize>> {
        self.write_bytes(b.as_bytes())
    }

    /// Move to new file position and return the file position.
    #[pymethod(sig = "($self, pos, whence=0, /)")]
    fn seek(&self, pos: &PyObject, whence: Option<i32>) -> PyResult<i64> {
        self.fd()?;
        if rpy_vm::types::float::PyFloat::check(pos) {
            return Err(exc::type_error("an integer is required"));
        }
        let offset = number::index(pos)?
            .as_i64()
            .ok_or_else(|| exc::overflow_error("Python int too large to convert to C long"))?;
        self.seek_to(offset, whence.unwrap_or(0))
    }

    /// Current file position.
    #[pymethod]
    fn tell(&self) -> PyResult<i64> {
        self.seek_to(0, libc::SEEK_CUR)
    }

    /// Truncate the file to at most size bytes and return the truncated size.
    #[pymethod(sig = "($self, size=None, /)")]
    fn truncate(&self, size: Option<&PyObject>) -> PyResult<i64> {
        let fd = self.need_writable()?;
        let size = match size {
            None => self.tell()?,
            Some(s) => number::index(s)?
                .as_i64()
                .ok_or_else(|| exc::overflow_error("Python int too large to convert to C long"))?,
        };
        // SAFETY: a plain system call.
        match retry(|| unsafe { libc::ftruncate(fd, size) } as isize)? {
            Ok(_) => Ok(size),
            Err(e) => Err(exc::os_error_errno(e, None)),
        }
    }

    /// Close the file.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        let base_close = protocol::getattr(PyRawIOBase::type_object_ref(), intern!("close"))?;
        let base = call::call_one(&base_close, self.as_object());
        if !self.closefd.get() {
            self.fd.set(-1);
        } else if self.fd.get() >= 0 {
            if self.finalizing.get() {
                self.warn_unclosed(self.as_object());
            }
            let closed = self.close_fd();
            base?;
            return closed;
        }
        base.map(drop)
    }

    /// True if file supports random-access.
    #[pymethod]
    fn seekable(&self) -> PyResult<bool> {
        self.fd()?;
        if self.seekable.get() < 0 && self.seek_to(0, libc::SEEK_CUR).is_err() {
            self.seekable.set(0);
        }
        Ok(self.seekable.get() == 1)
    }

    /// True if file was opened in a read mode.
    #[pymethod]
    fn readable(&self) -> PyResult<bool> {
        self.fd()?;
        Ok(self.readable.get())
    }

    /// True if file was opened in a write mode.
    #[pymethod]
    fn writable(&self) -> PyResult<bool> {
        self.fd()?;
        Ok(self.writable.get())
    }

    /// Return the underlying file descriptor (an integer).
    #[pymethod]
    fn fileno(&self) -> PyResult<i32> {
        self.fd()
    }

    /// True if the file is connected to a TTY device.
    #[pymethod]
    fn isatty(&self) -> PyResult<bool> {
        let fd = self.fd()?;
        // SAFETY: asking about a descriptor.
        Ok(unsafe { libc::isatty(fd) } == 1)
    }

    #[pymethod(name = "_isatty_open_only")]
    fn isatty_open_only(&self) -> PyResult<bool> {
        if self.no_terminal.get() { Ok(false) } else { self.isatty() }
    }

    #[pymethod(name = "_dealloc_warn", sig = "($self, source, /)")]
    fn dealloc_warn(&self, source: &PyObject) {
        if self.fd.get() >= 0 && self.closefd.get() {
            self.warn_unclosed(source);
        }
    }

    /// True if the file is closed
    #[pygetset]
    fn closed(&self) -> bool {
        self.fd.get() < 0
    }
    /// True if the file descriptor will be closed by close().
    #[pygetset]
    fn closefd(&self) -> bool {
        self.closefd.get()
    }
    /// String giving the file mode
    #[pygetset]
    fn mode(&self) -> &'static str {
        self.mode_text()
    }
    #[pygetset(name = "_blksize")]
    fn blksize(&self) -> i64 {
        self.blksize.get()
    }
    #[pygetset(setter, name = "_blksize")]
    fn set_blksize(&self, value: Option<&PyObject>) -> PyResult<()> {
        if let Some(value) = value {
            self.blksize.set(number::as_isize(value, None)? as i64);
        }
        Ok(())
    }
    #[pygetset(name = "_finalizing")]
    fn finalizing(&self) -> bool {
        self.finalizing.get()
    }
    #[pygetset(setter, name = "_finalizing")]
    fn set_finalizing(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.finalizing.set(match value {
            Some(v) => protocol::is_true(v)?,
            None => false,
        });
        Ok(())
    }

    #[pymethod(name = "__getstate__")]
    fn getstate(&self) -> PyResult<ObjRef> {
        Err(exc::type_error(format!("cannot pickle '{}' instances", self.as_object().ty().full_name())))
    }
}

impl PyFileIO {
    fn warn_unclosed(&self, source: &PyObject) {
        let text = protocol::repr(source).map(|r| r.to_string_lossy().into_owned()).unwrap_or_default();
        // At the end of the interpreter other things may fail; only a warning that was made an error is worth telling.
        if let Err(error) = rpy_vm::runtime::warnings::resource_warning(source, format!("unclosed file {text}"))
            && error.matches(exc::Warning())
        {
            error.write_unraisable(Some(self.as_object()));
        }
    }
}

impl PyRawIOBase {
    /// The type object, as an object.
    pub fn type_object_ref() -> &'static PyObject {
        // SAFETY: the static's address is constant.
        unsafe { &*(<PyRawIOBase as rpy_vm::object::class_impl::StaticType>::TYPE as *const PyObject) }
    }
}
