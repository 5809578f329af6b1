//! `os.scandir` and `DirEntry`.

use core::cell::{Cell, RefCell};
use std::ffi::{CStr, CString};

use rpy_vm::protocol::object as protocol;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, exc, pyclass, pymethods};

use super::path::PathOrFd;
use super::stat::stat_result;

/// A directory stream, closed when dropped.
struct Dir(*mut libc::DIR);

impl Drop for Dir {
    fn drop(&mut self) {
        // SAFETY: opened by `open_dir` and closed once.
        unsafe { libc::closedir(self.0) };
    }
}

fn open_dir(path: &PathOrFd) -> PyResult<Dir> {
    // SAFETY: NUL-terminated paths; a duplicate of the descriptor is handed to the stream.
    let dir = rpy_vm::runtime::gil::allow_threads(|| unsafe {
        match path {
            PathOrFd::Path(p) => libc::opendir(p.name.as_ptr()),
            PathOrFd::Fd(fd) => {
                let copy = libc::fcntl(*fd, libc::F_DUPFD_CLOEXEC, 0);
                if copy < 0 {
                    return core::ptr::null_mut();
                }
                let dir = libc::fdopendir(copy);
                if dir.is_null() {
                    libc::close(copy);
                } else {
                    libc::rewinddir(dir);
                }
                dir
            }
        }
    });
    if dir.is_null() { Err(path.error()) } else { Ok(Dir(dir)) }
}

/// Name, inode and type of the next entry but `.` and `..`.
fn next_entry(dir: &Dir) -> PyResult<Option<(CString, u64, u8)>> {
    loop {
        // SAFETY: the stream is open; errno tells the end from an error.
        unsafe {
            *libc::__errno_location() = 0;
            let entry = libc::readdir(dir.0);
            if entry.is_null() {
                return if exc::last_errno() != 0 { Err(exc::os_error_last(None)) } else { Ok(None) };
            }
            let name = CStr::from_ptr((*entry).d_name.as_ptr());
            if name == c"." || name == c".." {
                continue;
            }
            return Ok(Some((name.to_owned(), (*entry).d_ino, (*entry).d_type)));
        }
    }
}

/// All names in a directory.
pub fn read_names(path: &PathOrFd) -> PyResult<Vec<Vec<u8>>> {
    let dir = open_dir(path)?;
    let mut names = Vec::new();
    while let Some((name, _, _)) = next_entry(&dir)? {
        names.push(name.into_bytes());
    }
    Ok(names)
}

/// `os.scandir(path)`.
pub fn open(path: PathOrFd) -> PyResult<ObjRef> {
    let dir = open_dir(&path)?;
    Ok(rpy_vm::object::alloc::new_exact(PyScandirIterator {
        ob_base: PyObject::placeholder(),
        dir: RefCell::new(Some(dir)),
        path: RefCell::new(path),
    })
    .into_obj())
}

/// The iterator that `scandir` gives.
#[pyclass(name = "ScandirIterator", module = "posix", no_new)]
#[repr(C)]
pub struct PyScandirIterator {
    pub ob_base: PyObject,
    dir: RefCell<Option<Dir>>,
    path: RefCell<PathOrFd>,
}

#[pymethods]
impl PyScandirIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }
    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let mut dir = self.dir.borrow_mut();
        let Some(stream) = dir.as_ref() else { return Ok(None) };
        let Some((name, inode, kind)) = next_entry(stream)? else {
            *dir = None;
            return Ok(None);
        };
        drop(dir);
        let path = self.path.borrow();
        let (shown, full, dir_fd) = match &*path {
            PathOrFd::Path(p) => {
                let mut full = p.name.as_bytes().to_vec();
                if full.last() != Some(&b'/') {
                    full.push(b'/');
                }
                full.extend_from_slice(name.as_bytes());
                (p.like(name.as_bytes()), p.like(&full), -1)
            }
            PathOrFd::Fd(fd) => {
                let text = rpy_vm::runtime::codecs::fs_decode(name.as_bytes()).into_obj();
                (text.clone(), text, *fd)
            }
        };
        let entry = rpy_vm::object::alloc::new_exact(PyDirEntry {
            ob_base: PyObject::placeholder(),
            name: OptRef::some(shown),
            path: OptRef::some(full),
            stat: OptRef::NULL,
            lstat: OptRef::NULL,
            kind: Cell::new(kind),
            inode: Cell::new(inode),
            dir_fd: Cell::new(dir_fd),
        });
        Ok(Some(entry.into_obj()))
    }
    #[slot]
    fn tp_finalize(&self) {
        if self.dir.take().is_none() {
            return;
        }
        let shown = rpy_vm::protocol::object::repr(self.as_object());
        let shown = shown.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
        let message = format!("unclosed scandir iterator {shown}");
        if let Err(error) = rpy_vm::runtime::warnings::resource_warning(self.as_object(), message)
            && error.matches(rpy_vm::exc::Warning())
        {
            error.write_unraisable(Some(self.as_object()));
        }
    }
    #[pymethod]
    fn close(&self) {
        self.dir.borrow_mut().take();
    }
    #[pymethod(name = "__enter__")]
    fn enter(&self) -> ObjRef {
        self.to_obj()
    }
    #[pymethod(name = "__exit__", sig = "($self, /, *args)")]
    fn exit(&self, _args: &[&PyObject]) {
        self.close();
    }
}

/// An entry of a directory.
#[pyclass(name = "DirEntry", module = "posix", no_new)]
#[repr(C)]
pub struct PyDirEntry {
    pub ob_base: PyObject,
    /// the entry's base filename, relative to scandir() "path" argument
    #[pymember(readonly, object)]
    name: OptRef,
    /// the entry's full path name; equivalent to os.path.join(scandir_path, entry.name)
    #[pymember(readonly, object)]
    path: OptRef,
    stat: OptRef,
    lstat: OptRef,
    kind: Cell<u8>,
    inode: Cell<u64>,
    dir_fd: Cell<i32>,
}

impl PyDirEntry {
    fn raw_stat(&self, follow: bool) -> PyResult<Result<libc::stat, i32>> {
        let path = self.path.get().unwrap_or_else(rpy_vm::none);
        let name = rpy_vm::runtime::paths::path_c_string(&path)?;
        let dir = if self.dir_fd.get() >= 0 { self.dir_fd.get() } else { libc::AT_FDCWD };
        let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        // SAFETY: the call fills in the struct.
        unsafe {
            let mut st: libc::stat = core::mem::zeroed();
            if libc::fstatat(dir, name.as_ptr(), &mut st, flags) < 0 {
                return Ok(Err(exc::last_errno()));
            }
            Ok(Ok(st))
        }
    }

    fn is_kind(&self, follow: bool, d_type: u8, mode: libc::mode_t) -> PyResult<bool> {
        let kind = self.kind.get();
        let need_stat = kind == libc::DT_UNKNOWN || (follow && kind == libc::DT_LNK);
        if !need_stat {
            return Ok(kind == d_type);
        }
        match self.raw_stat(follow)? {
            Ok(st) => Ok(st.st_mode & libc::S_IFMT == mode),
            Err(libc::ENOENT) => Ok(false),
            Err(errno) => Err(exc::os_error_errno(errno, self.path.peek())),
        }
    }
}

#[pymethods]
impl PyDirEntry {
    /// Return True if the entry is a directory; cached per entry.
    #[pymethod(sig = "($self, /, *, follow_symlinks=True)")]
    fn is_dir(&self, follow_symlinks: Option<bool>) -> PyResult<bool> {
        self.is_kind(follow_symlinks.unwrap_or(true), libc::DT_DIR, libc::S_IFDIR)
    }
    /// Return True if the entry is a file; cached per entry.
    #[pymethod(sig = "($self, /, *, follow_symlinks=True)")]
    fn is_file(&self, follow_symlinks: Option<bool>) -> PyResult<bool> {
        self.is_kind(follow_symlinks.unwrap_or(true), libc::DT_REG, libc::S_IFREG)
    }
    /// Return True if the entry is a symbolic link; cached per entry.
    #[pymethod]
    fn is_symlink(&self) -> PyResult<bool> {
        self.is_kind(false, libc::DT_LNK, libc::S_IFLNK)
    }
    /// Return True if the entry is a junction; cached per entry.
    #[pymethod]
    fn is_junction(&self) -> bool {
        false
    }
    /// Return stat_result object for the entry; cached per entry.
    #[pymethod(sig = "($self, /, *, follow_symlinks=True)")]
    fn stat(&self, follow_symlinks: Option<bool>) -> PyResult<ObjRef> {
        let follow = follow_symlinks.unwrap_or(true) && self.is_symlink()?;
        let cache = if follow { &self.stat } else { &self.lstat };
        if let Some(known) = cache.get() {
            return Ok(known);
        }
        match self.raw_stat(follow)? {
            Ok(st) => {
                let result = stat_result(&st)?;
                cache.set(Some(result.clone()));
                Ok(result)
            }
            Err(errno) => Err(exc::os_error_errno(errno, self.path.peek())),
        }
    }
    /// Return inode of the entry; cached per entry.
    #[pymethod]
    fn inode(&self) -> u64 {
        self.inode.get()
    }
    #[pymethod(name = "__fspath__")]
    fn fspath(&self) -> Option<ObjRef> {
        self.path.get()
    }
    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        let name = self.name.get().unwrap_or_else(|| PyBytes::empty().into_obj());
        let shown = protocol::repr(&name)?;
        Ok(PyStr::from_string(format!("<DirEntry {}>", shown.to_string_lossy())).into_obj())
    }
    #[pyclassmethod(name = "__class_getitem__", sig = "($type, item, /)")]
    fn class_getitem(cls: &rpy_vm::PyTypeObject, item: &PyObject) -> PyResult<ObjRef> {
        rpy_vm::types::list::class_getitem(cls, item)
    }
}
