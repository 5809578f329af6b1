//! `OSError`: the choice of a subclass by `errno`, and its two-to-five-argument constructor.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use super::PyException;
use super::base::{PyBaseException, no_keywords};
use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::new_in;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject};
use crate::protocol::{number, object as po};
use crate::runtime::gc::{Traverse, Visit};
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::str::StrBuilder;
use crate::types::tuple::PyTuple;

const _: () = assert!(size_of::<PyOSError>() == 112);

/// Base class for I/O related errors.
#[pyclass(
    name = "OSError", symbol = "_PyExc_OSError", base = PyException,
    flags(BASETYPE, HAVE_GC)
)]
#[repr(C)]
pub struct PyOSError {
    pub ob_base: PyBaseException,
    /// POSIX exception code
    #[pymember(object, name = "errno")]
    pub myerrno: OptRef,
    /// exception strerror
    #[pymember(object)]
    pub strerror: OptRef,
    /// exception filename
    #[pymember(object)]
    pub filename: OptRef,
    /// second exception filename
    #[pymember(object)]
    pub filename2: OptRef,
    /// `BlockingIOError.characters_written`; -1 when not set.
    pub written: Cell<isize>,
}

/// The subclass that stands for an error number.
pub fn class_for_errno(errno: i32) -> Option<&'static PyTypeObject> {
    Some(match errno {
        libc::EAGAIN | libc::EALREADY | libc::EINPROGRESS => exc::BlockingIOError(),
        libc::EPIPE | libc::ESHUTDOWN => exc::BrokenPipeError(),
        libc::ECHILD => exc::ChildProcessError(),
        libc::ECONNABORTED => exc::ConnectionAbortedError(),
        libc::ECONNREFUSED => exc::ConnectionRefusedError(),
        libc::ECONNRESET => exc::ConnectionResetError(),
        libc::EEXIST => exc::FileExistsError(),
        libc::ENOENT => exc::FileNotFoundError(),
        libc::EISDIR => exc::IsADirectoryError(),
        libc::ENOTDIR => exc::NotADirectoryError(),
        libc::EINTR => exc::InterruptedError(),
        libc::EACCES | libc::EPERM => exc::PermissionError(),
        libc::ESRCH => exc::ProcessLookupError(),
        libc::ETIMEDOUT => exc::TimeoutError(),
        _ => return None,
    })
}

/// The arguments of the constructor by meaning.
struct Parsed {
    errno: ObjRef,
    strerror: ObjRef,
    filename: Option<ObjRef>,
    filename2: Option<ObjRef>,
}

/// Two to five arguments are (errno, strerror, filename, winerror, filename2); any other number means nothing special.
fn parse_args(args: &PyTuple) -> Option<Parsed> {
    if !(2..=5).contains(&args.len()) {
        return None;
    }
    let at = |i: usize| args.get(i).map(|arg| arg.new_ref());
    Some(Parsed { errno: at(0)?, strerror: at(1)?, filename: at(2), filename2: at(4) })
}

/// Is the initialiser to be parsed in `__init__` instead of `__new__`? So it is for subclasses that override only `__init__`.
fn uses_init(ty: &PyTypeObject) -> bool {
    let base = PyOSError::type_object();
    let address = |f: Option<usize>| f.unwrap_or(0);
    address(ty.tp_init.get().map(|f| f as usize)) != address(base.tp_init.get().map(|f| f as usize))
        && address(ty.tp_new.get().map(|f| f as usize)) == address(base.tp_new.get().map(|f| f as usize))
}

impl PyOSError {
    /// Stores the arguments by their meaning.
    fn fill(&self, args: &PyTuple, parsed: Option<Parsed>) -> PyResult<()> {
        let mut kept = args.to_ref();
        if let Some(parsed) = parsed {
            if let Some(filename) = parsed.filename.filter(|name| !crate::is_none(name)) {
                if self.as_object().is_exact_type(exc::BlockingIOError()) && number::check(&filename) {
                    self.written.set(number::as_isize(&filename, Some(exc::ValueError()))?);
                } else {
                    self.filename.set(Some(filename));
                    if let Some(filename2) = parsed.filename2.filter(|name| !crate::is_none(name)) {
                        self.filename2.set(Some(filename2));
                    }
                    // The file names are not part of args, as they never were.
                    kept = PyTuple::from_slice(&args.items()[..2]);
                }
            }
            self.myerrno.set(Some(parsed.errno));
            self.strerror.set(Some(parsed.strerror));
        }
        self.ob_base.args.set(Some(kept));
        Ok(())
    }

    /// `errno` as a number, if it is one.
    pub fn errno_value(&self) -> Option<i32> {
        let errno = self.myerrno.get()?;
        errno.downcast_ref::<PyInt>()?.as_i64()?.try_into().ok()
    }
}

#[pymethods]
impl PyOSError {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let use_init = uses_init(cls);
        let mut cls = cls;
        let mut parsed = None;
        if !use_init {
            no_keywords(cls, kwargs)?;
            parsed = parse_args(args);
            if let Some(parsed) = &parsed
                && core::ptr::eq(cls, PyOSError::type_object())
                && let Some(errno) = parsed.errno.downcast_ref::<PyInt>().and_then(PyInt::as_i64)
                && let Some(class) = i32::try_from(errno).ok().and_then(class_for_errno)
            {
                cls = class;
            }
        }
        let value = new_in(
            cls,
            PyOSError {
                ob_base: PyBaseException::fresh(PyTuple::empty()),
                myerrno: OptRef::NULL,
                strerror: OptRef::NULL,
                filename: OptRef::NULL,
                filename2: OptRef::NULL,
                written: Cell::new(-1),
            },
        )?;
        if !use_init {
            value.fill(args, parsed)?;
        }
        Ok(value.into_obj())
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        let ty = self.as_object().ty();
        if !uses_init(ty) {
            return Ok(());
        }
        no_keywords(ty, kwargs)?;
        self.fill(args, parse_args(args))
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.ob_base.traverse_base(v);
        self.myerrno.traverse(v);
        self.strerror.traverse(v);
        self.filename.traverse(v);
        self.filename2.traverse(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.ob_base.clear_base();
        self.myerrno.take();
        self.strerror.take();
        self.filename.take();
        self.filename2.take();
    }

    #[slot]
    fn tp_str(&self) -> PyResult<ObjRef> {
        let errno = self.myerrno.get();
        let strerror = self.strerror.get();
        let filename = self.filename.get();
        if filename.is_none() && (errno.is_none() || strerror.is_none()) {
            return Ok(self.ob_base.base_str()?.into_obj());
        }
        let mut out = StrBuilder::new();
        out.push_str("[Errno ");
        out.push_py(&*po::str(&errno.unwrap_or_else(crate::none))?);
        out.push_str("] ");
        out.push_py(&*po::str(&strerror.unwrap_or_else(crate::none))?);
        if let Some(filename) = filename {
            out.push_str(": ");
            out.push_py(&*po::repr(&filename)?);
            if let Some(filename2) = self.filename2.get() {
                out.push_str(" -> ");
                out.push_py(&*po::repr(&filename2)?);
            }
        }
        Ok(out.finish().into_obj())
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        let mut args = self.ob_base.args_tuple();
        if args.len() == 2
            && let Some(filename) = self.filename.get()
        {
            let mut items: Vec<ObjRef> = args.items().iter().map(|item| item.new_ref()).collect();
            items.push(filename);
            if let Some(filename2) = self.filename2.get() {
                items.push(crate::none());
                items.push(filename2);
            }
            args = PyTuple::new(items);
        }
        let mut out = vec![self.as_object().ty().to_obj(), args.into_obj()];
        if let Some(dict) = self.ob_base.dict_if_any() {
            out.push(dict.into_obj());
        }
        Ok(PyTuple::new(out).into_obj())
    }

    #[pygetset]
    fn characters_written(&self) -> PyResult<ObjRef> {
        match self.written.get() {
            -1 => Err(exc::attribute_error_msg("characters_written")),
            n => Ok(PyInt::from_isize(n).into_obj()),
        }
    }

    #[pygetset(setter)]
    fn set_characters_written(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            None if self.written.get() == -1 => Err(exc::attribute_error_msg("characters_written")),
            None => {
                self.written.set(-1);
                Ok(())
            }
            Some(value) => {
                self.written.set(number::as_isize(value, Some(exc::ValueError()))?);
                Ok(())
            }
        }
    }
}
