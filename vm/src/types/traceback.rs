//! `traceback`: the frames an exception has passed through, outermost first.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::object::alloc::new_exact;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref};
use crate::runtime::thread;
use crate::types::exceptions::PyBaseException;
use crate::types::frame::PyFrame;
use crate::types::list::PyList;
use crate::types::str::PyStr;

/// Create a new traceback object.
#[pyclass(name = "traceback", symbol = "PyTraceBack_Type", gc)]
#[repr(C)]
pub struct PyTraceback {
    pub ob_base: PyObject,
    pub tb_next: OptRef<PyTraceback>,
    #[pymember(readonly, object)]
    pub tb_frame: Ref<PyFrame>,
    /// In bytes.
    #[pymember(readonly, int)]
    pub tb_lasti: Cell<i32>,
    /// -1 until somebody asks.
    pub tb_lineno: Cell<i32>,
}

const _: () = assert!(core::mem::size_of::<PyTraceback>() == 40);

impl PyTraceback {
    /// An entry for a frame as it stands.
    pub fn for_frame(next: Option<Ref<PyTraceback>>, frame: &InterpreterFrame) -> Ref<PyTraceback> {
        let object = PyFrame::of(frame);
        // C code that makes its own frames says the line in the object.
        let line = object.f_lineno.get();
        let lasti = frame.lasti() as i32 * 2;
        PyTraceback::new(next, object, lasti, if line > 0 { line } else { -1 })
    }

    /// An entry with all its parts; a line of -1 is found out when asked for.
    pub fn new(next: Option<Ref<PyTraceback>>, frame: Ref<PyFrame>, lasti: i32, lineno: i32) -> Ref<PyTraceback> {
        new_exact(PyTraceback {
            ob_base: PyObject::placeholder(),
            tb_next: OptRef::new(next),
            tb_frame: frame,
            tb_lasti: Cell::new(lasti),
            tb_lineno: Cell::new(lineno),
        })
    }

    /// The line, if there is one.
    pub fn line(&self) -> Option<i32> {
        let line = self.tb_lineno.get();
        if line != -1 { Some(line) } else { self.tb_frame.code().line_of(self.tb_lasti.get() as isize / 2) }
    }
}

/// Puts an entry for `frame` in front of an exception's traceback.
pub fn add_frame(error: &PyErr, frame: *mut InterpreterFrame) {
    // SAFETY: a live, complete frame.
    add_to(error.value(), unsafe { &*frame });
}

/// As [`add_frame`].
pub fn add_to(value: &PyBaseException, frame: &InterpreterFrame) {
    let next = value.traceback().and_then(|tb| tb.downcast::<PyTraceback>().ok());
    value.set_traceback(Some(PyTraceback::for_frame(next, frame).into_obj()));
}

/// An entry for a frame object, as C code adds it (`PyTraceBack_Here`).
pub fn add_frame_object(value: &PyBaseException, object: &PyFrame) {
    let next = value.traceback().and_then(|tb| tb.downcast::<PyTraceback>().ok());
    let line = object.f_lineno.get();
    let lasti = object.frame().lasti() as i32 * 2;
    let tb = PyTraceback::new(next, object.to_ref(), lasti, if line > 0 { line } else { -1 });
    value.set_traceback(Some(tb.into_obj()));
}

/// A traceback of one entry, for the running Python code.
pub fn here() -> Option<ObjRef> {
    let frame = InterpreterFrame::first_complete(thread::current().current_frame.get());
    // SAFETY: the running thread's frames are live.
    unsafe { frame.as_ref() }.map(|frame| PyTraceback::for_frame(None, frame).into_obj())
}

/// Takes the import system's own frames out of an exception's traceback: all of them, or only chunks that end in
/// `_call_with_frames_removed`.
pub fn remove_importlib_frames(value: &PyBaseException, always: bool) {
    let Some(first) = value.traceback().and_then(|tb| tb.downcast::<PyTraceback>().ok()) else { return };
    let is_importlib = |tb: &PyTraceback| {
        let filename = tb.tb_frame.code().co_filename.get();
        filename.as_ref().and_then(|f| f.downcast_ref::<PyStr>()).is_some_and(|f| {
            f.eq_str("<frozen importlib._bootstrap>") || f.eq_str("<frozen importlib._bootstrap_external>")
        })
    };
    // A link is the traceback's start (None) or the entry whose `tb_next` it is.
    let mut start = Some(first.clone());
    let mut link: Option<Ref<PyTraceback>> = None;
    let mut chunk: Option<Ref<PyTraceback>> = None;
    let mut inside = false;
    let mut current = Some(first);
    while let Some(tb) = current {
        let next = tb.tb_next.get();
        let now_inside = is_importlib(&tb);
        if now_inside && !inside {
            chunk = link.clone();
        }
        inside = now_inside;
        if inside && (always || tb.tb_frame.code().co_name.eq_str("_call_with_frames_removed")) {
            match &chunk {
                Some(entry) => entry.tb_next.set(next.clone()),
                None => start = next.clone(),
            }
            link = chunk.clone();
        } else {
            link = Some(tb);
        }
        current = next;
    }
    value.set_traceback(start.map(Ref::into_obj));
}

#[pymethods]
impl PyTraceback {
    #[pynew(sig = "(tb_next, tb_frame, tb_lasti, tb_lineno)")]
    fn py_new(
        _cls: &PyTypeObject,
        tb_next: &PyObject,
        tb_frame: &PyFrame,
        tb_lasti: i32,
        tb_lineno: i32,
    ) -> PyResult<ObjRef> {
        let next = if crate::is_none(tb_next) {
            None
        } else {
            match tb_next.downcast_ref::<PyTraceback>() {
                Some(next) => Some(next.to_ref()),
                None => {
                    return Err(exc::type_error(format!(
                        "expected traceback object or None, got '{}'",
                        tb_next.ty().full_name()
                    )));
                }
            }
        };
        Ok(PyTraceback::new(next, tb_frame.to_ref(), tb_lasti, tb_lineno).into_obj())
    }

    #[pygetset]
    fn tb_next(&self) -> Option<Ref<PyTraceback>> {
        self.tb_next.get()
    }
    #[pygetset(setter)]
    fn set_tb_next(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(exc::type_error("can't delete tb_next attribute"));
        };
        if crate::is_none(value) {
            self.tb_next.set(None);
            return Ok(());
        }
        let Some(next) = value.downcast_ref::<PyTraceback>() else {
            return Err(exc::type_error(format!("expected traceback object, got '{}'", value.ty().full_name())));
        };
        let mut cursor = Some(next.to_ref());
        while let Some(tb) = cursor {
            if core::ptr::eq(&*tb, self) {
                return Err(exc::value_error("traceback loop detected"));
            }
            cursor = tb.tb_next.get();
        }
        self.tb_next.set(Some(next.to_ref()));
        Ok(())
    }

    #[pygetset]
    fn tb_lineno(&self) -> Option<i32> {
        self.line()
    }

    #[pymethod]
    fn __dir__(&self) -> ObjRef {
        let names = ["tb_frame", "tb_next", "tb_lasti", "tb_lineno"];
        PyList::new(names.iter().map(|name| PyStr::interned(name).into_obj()).collect()).into_obj()
    }
}
