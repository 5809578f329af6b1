//! `mmap`: memory that is a file.

use core::cell::Cell;

use rpy_vm::object::alloc::new_in;
use rpy_vm::object::{PyBufferView, PyTypeObject};
use rpy_vm::protocol::buffer::{self, ArgBytes};
use rpy_vm::protocol::number;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::list::indices::adjust_indices;
use rpy_vm::types::slice::PySlice;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, exc, pyclass, pymethods};

use crate::support::int;

const ACCESS_DEFAULT: i32 = 0;
const ACCESS_READ: i32 = 1;
const ACCESS_WRITE: i32 = 2;
const ACCESS_COPY: i32 = 3;

/// mmap(fileno, length[, flags[, prot[, access[, offset[, trackfd]]]]])
///
/// Maps length bytes from the file specified by the file descriptor fileno,
/// and returns a mmap object.  If length is 0, the maximum length of the map
/// will be the current size of the file when mmap is called.
/// flags specifies the nature of the mapping. MAP_PRIVATE creates a
/// private copy-on-write mapping, so changes to the contents of the mmap
/// object will be private to this process, and MAP_SHARED creates a mapping
/// that's shared with all other processes mapping the same areas of the file.
/// The default value is MAP_SHARED.
///
/// To map anonymous memory, pass -1 as the fileno.
#[pyclass(name = "mmap", module = "mmap", flags(BASETYPE), weaklist = weakrefs)]
#[repr(C)]
pub struct PyMmap {
    ob_base: PyObject,
    /// Null when closed.
    data: Cell<*mut u8>,
    size: Cell<usize>,
    position: Cell<usize>,
    offset: i64,
    /// A duplicate of the file's descriptor; -1 for anonymous memory.
    fd: Cell<i32>,
    exports: Cell<usize>,
    access: i32,
    flags: i32,
    trackfd: bool,
    weakrefs: Cell<*mut PyObject>,
}

impl Drop for PyMmap {
    fn drop(&mut self) {
        self.unmap();
    }
}

fn page_size() -> i64 {
    // SAFETY: a plain call.
    unsafe { libc::sysconf(libc::_SC_PAGESIZE) }
}

impl PyMmap {
    fn unmap(&self) {
        let data = self.data.replace(core::ptr::null_mut());
        let fd = self.fd.replace(-1);
        // SAFETY: our own mapping and descriptor.
        unsafe {
            if fd >= 0 {
                libc::close(fd);
            }
            if !data.is_null() {
                libc::munmap(data.cast(), self.size.get());
            }
        }
    }

    fn bytes(&self) -> PyResult<&[u8]> {
        if self.data.get().is_null() {
            return Err(exc::value_error("mmap closed or invalid"));
        }
        // SAFETY: the mapping; it stays until it is closed or resized, which no caller does while it uses the slice.
        Ok(unsafe { core::slice::from_raw_parts(self.data.get(), self.size.get()) })
    }

    #[expect(clippy::mut_from_ref, reason = "memory that other processes change, too")]
    fn bytes_mut(&self) -> PyResult<&mut [u8]> {
        self.bytes()?;
        if self.access == ACCESS_READ {
            return Err(exc::type_error("mmap can't modify a readonly memory map."));
        }
        // SAFETY: as above.
        Ok(unsafe { core::slice::from_raw_parts_mut(self.data.get(), self.size.get()) })
    }

    fn rest(&self) -> PyResult<&[u8]> {
        let bytes = self.bytes()?;
        Ok(&bytes[self.position.get().min(bytes.len())..])
    }

    fn take(&self, n: usize) -> PyResult<ObjRef> {
        let rest = self.rest()?;
        let n = n.min(rest.len());
        let out = PyBytes::try_new(&rest[..n])?;
        self.position.set(self.position.get() + n);
        Ok(out.into_obj())
    }

    fn search(&self, view: &[u8], start: Option<isize>, stop: Option<isize>, backwards: bool) -> PyResult<isize> {
        let bytes = self.bytes()?;
        let len = bytes.len() as isize;
        let clip = |n: isize| if n < 0 { (n + len).max(0) } else { n.min(len) } as usize;
        let start = clip(start.unwrap_or(if backwards { 0 } else { self.position.get() as isize }));
        let stop = clip(stop.unwrap_or(len));
        if start > stop {
            return Ok(-1);
        }
        let area = &bytes[start..stop];
        let found = if backwards { memchr::memmem::rfind(area, view) } else { memchr::memmem::find(area, view) };
        Ok(found.map_or(-1, |i| (i + start) as isize))
    }

    fn check_resizable(&self) -> PyResult<()> {
        if self.exports.get() > 0 {
            return Err(exc::buffer_error("mmap can't resize with extant buffers exported."));
        }
        if !self.trackfd {
            return Err(exc::value_error("mmap can't resize with trackfd=False."));
        }
        if self.access != ACCESS_WRITE && self.access != ACCESS_DEFAULT {
            return Err(exc::type_error("mmap can't resize a readonly or copy-on-write memory map."));
        }
        Ok(())
    }
}

fn byte_value(object: &PyObject) -> PyResult<u8> {
    if !number::is_index(object) {
        return Err(exc::type_error("mmap item value must be an int"));
    }
    let value = number::as_isize(object, Some(exc::TypeError()))?;
    u8::try_from(value).map_err(|_| exc::value_error("mmap item value must be in range(0, 256)"))
}

fn index_of(len: usize, index: isize) -> PyResult<usize> {
    let index = if index < 0 { index + len as isize } else { index };
    usize::try_from(index).ok().filter(|i| *i < len).ok_or_else(|| exc::index_error("mmap index out of range"))
}

fn last_error() -> PyErr {
    exc::os_error_last(None)
}

#[pymethods]
impl PyMmap {
    #[pynew(
        sig = "(fileno, length, flags=MAP_SHARED, prot=PROT_WRITE|PROT_READ, access=ACCESS_DEFAULT, offset=0, *, trackfd=True)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are CPython's")]
    fn py_new(
        cls: &PyTypeObject,
        fileno: i32,
        length: isize,
        flags: Option<i32>,
        prot: Option<i32>,
        access: Option<i32>,
        offset: i64,
        trackfd: bool,
    ) -> PyResult<ObjRef> {
        if length < 0 {
            return Err(exc::overflow_error("memory mapped length must be positive"));
        }
        if offset < 0 {
            return Err(exc::overflow_error("memory mapped offset must be positive"));
        }
        let given = (flags, prot);
        let mut flags = flags.unwrap_or(libc::MAP_SHARED);
        let mut prot = prot.unwrap_or(libc::PROT_READ | libc::PROT_WRITE);
        let mut access = access.unwrap_or(ACCESS_DEFAULT);
        if access != ACCESS_DEFAULT
            && (given.0.is_some_and(|f| f != libc::MAP_SHARED)
                || given.1.is_some_and(|p| p != libc::PROT_READ | libc::PROT_WRITE))
        {
            return Err(exc::value_error("mmap can't specify both access and flags, prot."));
        }
        match access {
            ACCESS_READ => (flags, prot) = (libc::MAP_SHARED, libc::PROT_READ),
            ACCESS_WRITE => (flags, prot) = (libc::MAP_SHARED, libc::PROT_READ | libc::PROT_WRITE),
            ACCESS_COPY => (flags, prot) = (libc::MAP_PRIVATE, libc::PROT_READ | libc::PROT_WRITE),
            ACCESS_DEFAULT => {
                let both = libc::PROT_READ | libc::PROT_WRITE;
                if prot & both == both {
                } else if prot & libc::PROT_WRITE != 0 {
                    access = ACCESS_WRITE;
                } else {
                    access = ACCESS_READ;
                }
            }
            _ => return Err(exc::value_error("mmap invalid access parameter.")),
        }
        rpy_vm::runtime::audit::audit(
            "mmap.__new__",
            &[&int(fileno.into()), &int(length as i64), &int(access.into()), &int(offset)],
        )?;
        let mut size = length as usize;
        let mut copy = -1;
        if fileno != -1 {
            // SAFETY: plain data, filled in by the call.
            let mut status: libc::stat = unsafe { core::mem::zeroed() };
            // SAFETY: the structure lives during the call.
            let known = unsafe { libc::fstat(fileno, &mut status) } == 0;
            if !known && exc::last_errno() == libc::EBADF {
                return Err(last_error());
            }
            if known && status.st_mode & libc::S_IFMT == libc::S_IFREG {
                if size == 0 {
                    if status.st_size == 0 {
                        return Err(exc::value_error("cannot mmap an empty file"));
                    }
                    if offset >= status.st_size {
                        return Err(exc::value_error("mmap offset is greater than file size"));
                    }
                    size = (status.st_size - offset) as usize;
                } else if offset > status.st_size || status.st_size - offset < size as i64 {
                    return Err(exc::value_error("mmap length is greater than file size"));
                }
            }
            if trackfd {
                // SAFETY: a plain system call.
                copy = unsafe { libc::fcntl(fileno, libc::F_DUPFD_CLOEXEC, 0) };
                if copy < 0 {
                    return Err(last_error());
                }
            }
        } else {
            flags |= libc::MAP_ANONYMOUS;
        }
        // SAFETY: a new mapping.
        let data = unsafe { libc::mmap(core::ptr::null_mut(), size, prot, flags, fileno, offset) };
        if data == libc::MAP_FAILED {
            let error = last_error();
            if copy >= 0 {
                // SAFETY: our own descriptor.
                unsafe { libc::close(copy) };
            }
            return Err(error);
        }
        let this = PyMmap {
            ob_base: PyObject::placeholder(),
            data: Cell::new(data.cast()),
            size: Cell::new(size),
            position: Cell::new(0),
            offset,
            fd: Cell::new(copy),
            exports: Cell::new(0),
            access,
            flags,
            trackfd,
            weakrefs: Cell::new(core::ptr::null_mut()),
        };
        Ok(new_in(cls, this)?.into_obj())
    }

    #[slot]
    unsafe fn bf_getbuffer(
        object: *mut PyObject,
        view: *mut PyBufferView,
        flags: core::ffi::c_int,
    ) -> core::ffi::c_int {
        // SAFETY: called for instances with a view to fill, as the protocol says; the mapping stays while it is exported.
        unsafe {
            let this: &PyMmap = (*object).cast_unchecked_ref();
            let result = match this.bytes() {
                Ok(_) => buffer::fill_info(
                    view,
                    Some(&*object),
                    this.data.get(),
                    this.size.get(),
                    this.access == ACCESS_READ,
                    flags,
                ),
                Err(e) => Err(e),
            };
            if result.is_ok() {
                this.exports.set(this.exports.get() + 1);
            }
            buffer::finish_getbuffer(view, result)
        }
    }
    #[slot]
    unsafe fn bf_releasebuffer(object: *mut PyObject, _view: *mut PyBufferView) {
        // SAFETY: as above.
        let this: &PyMmap = unsafe { (*object).cast_unchecked_ref() };
        this.exports.set(this.exports.get().saturating_sub(1));
    }

    #[slot(mp_length)]
    fn length(&self) -> PyResult<usize> {
        Ok(self.bytes()?.len())
    }
    #[slot(sq_length)]
    fn sequence_length(&self) -> PyResult<usize> {
        self.length()
    }
    /// What iteration gives: bytes of length one. Subscripts give numbers.
    #[slot]
    fn sq_item(&self, index: isize) -> PyResult<ObjRef> {
        let bytes = self.bytes()?;
        match usize::try_from(index).ok().and_then(|i| bytes.get(i)) {
            Some(byte) => Ok(PyBytes::try_new(core::slice::from_ref(byte))?.into_obj()),
            None => Err(exc::index_error("mmap index out of range")),
        }
    }
    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<ObjRef> {
        self.bytes()?;
        if number::is_index(key) {
            let index = number::as_isize(key, Some(exc::IndexError()))?;
            let bytes = self.bytes()?;
            return Ok(int(bytes[index_of(bytes.len(), index)?].into()));
        }
        let Some(slice) = key.downcast_ref::<PySlice>() else {
            return Err(exc::type_error("mmap indices must be integers"));
        };
        let (start, stop, step) = slice.unpack()?;
        let bytes = self.bytes()?;
        let (start, _, n) = adjust_indices(bytes.len(), start, stop, step);
        if step == 1 {
            return Ok(PyBytes::try_new(&bytes[start as usize..start as usize + n])?.into_obj());
        }
        let out: Vec<u8> = (0..n).map(|i| bytes[(start + i as isize * step) as usize]).collect();
        Ok(PyBytes::try_from_vec(out)?.into_obj())
    }
    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        self.bytes_mut()?;
        if number::is_index(key) {
            let index = number::as_isize(key, Some(exc::IndexError()))?;
            let at = index_of(self.bytes()?.len(), index)?;
            let Some(value) = value else { return Err(exc::type_error("mmap doesn't support item deletion")) };
            let byte = byte_value(value)?;
            if let Some(slot) = self.bytes_mut()?.get_mut(at) {
                *slot = byte;
            }
            return Ok(());
        }
        let Some(slice) = key.downcast_ref::<PySlice>() else {
            return Err(exc::type_error("mmap indices must be integers"));
        };
        let (start, stop, step) = slice.unpack()?;
        let Some(value) = value else { return Err(exc::type_error("mmap object doesn't support slice deletion")) };
        let new = ArgBytes::from_object(value)?;
        let (start, _, n) = adjust_indices(self.bytes()?.len(), start, stop, step);
        if new.len() != n {
            return Err(exc::index_error("mmap slice assignment is wrong size"));
        }
        let bytes = self.bytes_mut()?;
        for (i, byte) in new.as_bytes().iter().enumerate() {
            bytes[(start + i as isize * step) as usize] = *byte;
        }
        Ok(())
    }
    #[slot]
    fn tp_repr(&self) -> String {
        let name = self.as_object().ty().full_name();
        if self.data.get().is_null() {
            return format!("<{name} closed=True>");
        }
        let access = match self.access {
            ACCESS_READ => "ACCESS_READ",
            ACCESS_WRITE => "ACCESS_WRITE",
            ACCESS_COPY => "ACCESS_COPY",
            _ => "ACCESS_DEFAULT",
        };
        format!(
            "<{name} closed=False, access={access}, length={}, pos={}, offset={}>",
            self.size.get(),
            self.position.get(),
            self.offset
        )
    }

    #[pymethod]
    fn close(&self) -> PyResult<()> {
        if self.exports.get() > 0 {
            return Err(exc::buffer_error("cannot close exported pointers exist"));
        }
        self.unmap();
        Ok(())
    }
    #[pygetset]
    fn closed(&self) -> bool {
        self.data.get().is_null()
    }

    #[pymethod(sig = "($self, view, start=None, end=None, /)")]
    fn find(&self, view: ArgBytes<'_>, start: Option<isize>, end: Option<isize>) -> PyResult<isize> {
        self.search(&view, start, end, false)
    }
    #[pymethod(sig = "($self, view, start=None, end=None, /)")]
    fn rfind(&self, view: ArgBytes<'_>, start: Option<isize>, end: Option<isize>) -> PyResult<isize> {
        let start = start.unwrap_or(self.position.get() as isize);
        self.search(&view, Some(start), end, true)
    }

    #[pymethod(sig = "($self, offset=0, size=None, /)")]
    fn flush(&self, offset: usize, size: Option<usize>) -> PyResult<()> {
        let len = self.bytes()?.len();
        let size = size.unwrap_or(len.saturating_sub(offset));
        if offset.checked_add(size).is_none_or(|end| end > len) {
            return Err(exc::value_error("flush values out of range"));
        }
        if self.access == ACCESS_READ || self.access == ACCESS_COPY {
            return Ok(());
        }
        // SAFETY: within the mapping.
        if unsafe { libc::msync(self.data.get().add(offset).cast(), size, libc::MS_SYNC) } < 0 {
            return Err(last_error());
        }
        Ok(())
    }

    #[pymethod(sig = "($self, option, start=0, length=None, /)")]
    fn madvise(&self, option: i32, start: isize, length: Option<isize>) -> PyResult<()> {
        let len = self.bytes()?.len() as isize;
        let wanted = length.unwrap_or(len);
        if start < 0 || start >= len {
            return Err(exc::value_error("madvise start out of bounds"));
        }
        if wanted < 0 {
            return Err(exc::value_error("madvise length invalid"));
        }
        if isize::MAX - start < wanted {
            return Err(exc::overflow_error("madvise length too large"));
        }
        let wanted = wanted.min(len - start);
        // SAFETY: within the mapping.
        if unsafe { libc::madvise(self.data.get().offset(start).cast(), wanted as usize, option) } < 0 {
            return Err(last_error());
        }
        Ok(())
    }

    #[pymethod(name = "move", sig = "($self, dest, src, count, /)")]
    fn move_(&self, dest: isize, src: isize, count: isize) -> PyResult<()> {
        let bytes = self.bytes_mut()?;
        let len = bytes.len() as isize;
        if dest < 0 || src < 0 || count < 0 || len - dest < count || len - src < count {
            return Err(exc::value_error("source, destination, or count out of range"));
        }
        bytes.copy_within(src as usize..(src + count) as usize, dest as usize);
        Ok(())
    }

    #[pymethod(sig = "($self, n=None, /)")]
    fn read(&self, n: Option<&PyObject>) -> PyResult<ObjRef> {
        let n = match n {
            None => usize::MAX,
            Some(n) if number::is_index(n) => {
                usize::try_from(number::as_isize(n, Some(exc::OverflowError()))?).unwrap_or(usize::MAX)
            }
            Some(n) => {
                return Err(exc::type_error(format!("argument should be integer or None, not '{}'", n.ty().name())));
            }
        };
        self.take(n)
    }
    #[pymethod]
    fn read_byte(&self) -> PyResult<u8> {
        match self.rest()?.first() {
            Some(byte) => {
                self.position.set(self.position.get() + 1);
                Ok(*byte)
            }
            None => Err(exc::value_error("read byte out of range")),
        }
    }
    #[pymethod]
    fn readline(&self) -> PyResult<ObjRef> {
        let rest = self.rest()?;
        let n = memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
        self.take(n)
    }
    #[pymethod(sig = "($self, bytes, /)")]
    fn write(&self, bytes: ArgBytes<'_>) -> PyResult<usize> {
        let target = self.bytes_mut()?;
        let at = self.position.get();
        if at > target.len() || target.len() - at < bytes.len() {
            return Err(exc::value_error("data out of range"));
        }
        target[at..at + bytes.len()].copy_from_slice(&bytes);
        self.position.set(at + bytes.len());
        Ok(bytes.len())
    }
    #[pymethod(sig = "($self, byte, /)")]
    fn write_byte(&self, byte: u8) -> PyResult<()> {
        let at = self.position.get();
        match self.bytes_mut()?.get_mut(at) {
            Some(slot) => {
                *slot = byte;
                self.position.set(at + 1);
                Ok(())
            }
            None => Err(exc::value_error("write byte out of range")),
        }
    }

    #[pymethod(sig = "($self, pos, whence=0, /)")]
    fn seek(&self, pos: isize, whence: i32) -> PyResult<usize> {
        let len = self.bytes()?.len();
        let base = match whence {
            0 => 0,
            1 => self.position.get(),
            2 => len,
            _ => return Err(exc::value_error("unknown seek type")),
        };
        let out = || exc::value_error("seek out of range");
        let target = (base as isize).checked_add(pos).ok_or_else(out)?;
        let target = usize::try_from(target).ok().filter(|t| *t <= len).ok_or_else(out)?;
        self.position.set(target);
        Ok(target)
    }
    #[pymethod]
    fn seekable(&self) -> bool {
        true
    }
    #[pymethod]
    fn tell(&self) -> PyResult<usize> {
        self.bytes()?;
        Ok(self.position.get())
    }
    #[pymethod]
    fn size(&self) -> PyResult<i64> {
        self.bytes()?;
        // SAFETY: plain data, filled in by the call.
        let mut status: libc::stat = unsafe { core::mem::zeroed() };
        // SAFETY: the structure lives during the call.
        if unsafe { libc::fstat(self.fd.get(), &mut status) } < 0 {
            return Err(last_error());
        }
        Ok(status.st_size)
    }
    #[pymethod(sig = "($self, newsize, /)")]
    fn resize(&self, newsize: isize) -> PyResult<()> {
        self.bytes()?;
        self.check_resizable()?;
        if newsize < 0 || i64::MAX - newsize as i64 <= self.offset {
            return Err(exc::value_error("new size out of range"));
        }
        if self.fd.get() == -1 && self.flags & libc::MAP_PRIVATE == 0 && newsize as usize > self.size.get() {
            // The pages beyond the original size would have nothing behind them.
            return Err(exc::value_error("mmap: can't expand a shared anonymous mapping on Linux"));
        }
        let fd = self.fd.get();
        // SAFETY: our own descriptor and mapping, which nobody views.
        unsafe {
            if fd != -1 && libc::ftruncate(fd, self.offset + newsize as i64) < 0 {
                return Err(last_error());
            }
            let moved = libc::mremap(self.data.get().cast(), self.size.get(), newsize as usize, libc::MREMAP_MAYMOVE);
            if moved == libc::MAP_FAILED {
                return Err(last_error());
            }
            self.data.set(moved.cast());
        }
        self.size.set(newsize as usize);
        Ok(())
    }

    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult<ObjRef> {
        self.bytes()?;
        Ok(self.to_obj())
    }
    #[pymethod(name = "__exit__", sig = "($self, exc_type, exc_value, traceback, /)")]
    fn exit(&self, _exc_type: &PyObject, _exc_value: &PyObject, _traceback: &PyObject) -> PyResult<()> {
        self.close()
    }
    #[pymethod(name = "__sizeof__")]
    fn sizeof(&self) -> usize {
        size_of::<PyMmap>()
    }
}

const NUMBERS: &[(&str, i64)] = crate::libc_numbers![
    PROT_EXEC,
    PROT_READ,
    PROT_WRITE,
    MAP_SHARED,
    MAP_PRIVATE,
    MAP_DENYWRITE,
    MAP_EXECUTABLE,
    MAP_ANONYMOUS,
    MAP_ANON,
    MAP_POPULATE,
    MAP_STACK,
    MAP_NORESERVE,
    MADV_NORMAL,
    MADV_RANDOM,
    MADV_SEQUENTIAL,
    MADV_WILLNEED,
    MADV_DONTNEED,
    MADV_REMOVE,
    MADV_DONTFORK,
    MADV_DOFORK,
    MADV_HWPOISON,
    MADV_MERGEABLE,
    MADV_UNMERGEABLE,
    MADV_HUGEPAGE,
    MADV_NOHUGEPAGE,
    MADV_DONTDUMP,
    MADV_DODUMP,
    MADV_FREE,
];

/// Memory-mapped files.
#[rpy_vm::pymodule(name = "mmap")]
pub mod mmap_ {
    use super::{NUMBERS, PyMmap, page_size};
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{PyResult, PyStruct, exc};

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        crate::support::add_numbers(module, NUMBERS)?;
        crate::support::add_numbers(
            module,
            &[
                ("ACCESS_DEFAULT", 0),
                ("ACCESS_READ", 1),
                ("ACCESS_WRITE", 2),
                ("ACCESS_COPY", 3),
                ("PAGESIZE", page_size()),
                ("ALLOCATIONGRANULARITY", page_size()),
            ],
        )?;
        module.add("error", exc::OSError().to_obj())?;
        add_class::<PyMmap>(module)
    }
}
