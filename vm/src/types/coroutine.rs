//! `coroutine` and `coroutine_wrapper`, and what `await` does to find an iterator.

use rpy_derive::{pyclass, pymethods};

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::object::alloc::new_exact;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref, SendResult};
use crate::protocol::{call, object as po};
use crate::runtime::gc::Visit;
use crate::types::code::co_flags;
use crate::types::generator::{PyGenerator, Thrown, dealloc};
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// A coroutine; laid out as [`PyGenerator`].
#[pyclass(
    layout = PyGenerator, name = "coroutine", symbol = "PyCoro_Type", itemsize = 8, weaklist = gi_weakreflist,
    dealloc = dealloc, flags(HAVE_GC), no_new
)]
pub struct PyCoroutine;

/// The object as a coroutine, if it is one.
#[inline]
pub fn as_coroutine(object: &PyObject) -> Option<&PyGenerator> {
    if object.is_exact_type(&PyCoro_Type) {
        // SAFETY: the layout of coroutines.
        Some(unsafe { object.cast_unchecked_ref() })
    } else {
        None
    }
}

/// Is it a generator made by a function marked with `types.coroutine`?
fn is_generator_based(object: &PyObject) -> bool {
    object.downcast_exact::<PyGenerator>().is_some_and(|g| g.code().has_flag(co_flags::ITERABLE_COROUTINE))
}

/// The iterator behind an awaitable.
///
/// # Errors
/// `TypeError` if the object cannot be awaited; what `__await__` raises.
pub fn awaitable_iterator(object: &PyObject) -> PyResult<ObjRef> {
    if as_coroutine(object).is_some() || is_generator_based(object) {
        return Ok(object.new_ref());
    }
    let Some(am_await) = object.ty().as_async().and_then(|a| a.am_await.get()) else {
        return Err(exc::type_error(format!("'{}' object can't be awaited", object.ty().full_name())));
    };
    // SAFETY: calling the slot as C would.
    let iterator = unsafe { ObjRef::from_c_result(am_await(object.as_ptr()))? };
    if as_coroutine(&iterator).is_some() || is_generator_based(&iterator) {
        return Err(exc::type_error("__await__() returned a coroutine"));
    }
    if !po::is_iterator(&iterator) {
        return Err(exc::type_error(format!(
            "__await__() returned non-iterator of type '{}'",
            iterator.ty().full_name()
        )));
    }
    Ok(iterator)
}

/// Where the frames from `frame` outwards are: a tuple of up to `depth` tuples (file, line, function).
pub fn origin(depth: usize, frame: *mut InterpreterFrame) -> ObjRef {
    let mut entries = Vec::new();
    let mut frame = InterpreterFrame::first_complete(frame);
    // SAFETY: frames of the running thread.
    while let Some(f) = unsafe { frame.as_ref() } {
        if entries.len() == depth {
            break;
        }
        // SAFETY: a complete frame is a Python frame.
        let code = unsafe { f.code() };
        let line = f.line().map_or_else(crate::none, |line| PyInt::from_i64(i64::from(line)).into_obj());
        let filename = code.co_filename.get().unwrap_or_else(crate::none);
        entries.push(PyTuple::new(vec![filename, line, code.co_name.to_obj()]).into_obj());
        frame = InterpreterFrame::first_complete(f.previous.get());
    }
    PyTuple::new(entries).into_obj()
}

/// "coroutine 'x' was never awaited".
pub fn warn_never_awaited(coroutine: &PyGenerator) {
    let report = |e: PyErr| {
        let text = po::repr(coroutine.as_object());
        let text = text.map_or_else(|_| "<object repr() failed>".to_owned(), |r| r.to_string_lossy().into_owned());
        crate::runtime::unraisable::write_unraisable(
            e,
            Some(&format!("Exception ignored while finalizing coroutine {text}")),
            None,
        );
    };
    // The library's function adds where the coroutine was made.
    match warn_by_library(coroutine) {
        Ok(true) => return,
        Ok(false) => {}
        Err(e) => {
            let warned = e.matches(exc::RuntimeWarning());
            report(e);
            if warned {
                return;
            }
        }
    }
    let qualname = coroutine.gi_qualname.get();
    let qualname = qualname.as_ref().map_or("?".into(), |q| q.to_string_lossy());
    let message = format!("coroutine '{qualname}' was never awaited");
    if let Err(e) = crate::runtime::warnings::warn(exc::RuntimeWarning(), message, 1) {
        report(e);
    }
}

/// Calls `warnings._warn_unawaited_coroutine`, if it is there.
fn warn_by_library(coroutine: &PyGenerator) -> PyResult<bool> {
    let module = match crate::runtime::sys_state::modules()?.get_name("warnings") {
        Some(module) => Some(module),
        None => crate::import::import_module("warnings").ok(),
    };
    let Some(module) = module else { return Ok(false) };
    match po::getattr_opt(&module, crate::intern!("_warn_unawaited_coroutine"))? {
        Some(warn) => call::call_one(&warn, coroutine.as_object()).map(|_| true),
        None => Ok(false),
    }
}

#[pymethods]
impl PyCoroutine {
    /// Send value into coroutine, return next yielded value or raise StopIteration.
    #[pymethod(sig = "($self, value, /)")]
    fn send(zelf: &PyGenerator, value: &PyObject) -> PyResult<ObjRef> {
        zelf.send_method(value)
    }

    /// throw(value)
    /// throw(type[,value[,traceback]])
    ///
    /// Raise exception in coroutine, return next yielded value or raise
    /// StopIteration.
    /// the (type, val, tb) signature is deprecated,
    /// and may be removed in a future version of Python.
    #[pymethod(sig = "($self, *args)")]
    fn throw(zelf: &PyGenerator, args: &[&PyObject]) -> PyResult<ObjRef> {
        zelf.throw(true, &Thrown::from_args(args)?)
    }

    /// Raise GeneratorExit inside coroutine.
    #[pymethod]
    fn close(zelf: &PyGenerator) -> PyResult<ObjRef> {
        zelf.close()
    }

    #[pymethod]
    fn __sizeof__(zelf: &PyGenerator) -> usize {
        zelf.memory()
    }

    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult<ObjRef> {
        crate::types::list::class_getitem(cls, item)
    }

    /// name of the coroutine
    #[pygetset(name = "__name__")]
    fn name(zelf: &PyGenerator) -> Option<Ref<PyStr>> {
        zelf.gi_name.get()
    }
    #[pygetset(setter, name = "__name__")]
    fn set_name(zelf: &PyGenerator, value: Option<&PyObject>) -> PyResult<()> {
        PyGenerator::set_text(&zelf.gi_name, value, "__name__")
    }

    /// qualified name of the coroutine
    #[pygetset(name = "__qualname__")]
    fn qualname(zelf: &PyGenerator) -> Option<Ref<PyStr>> {
        zelf.gi_qualname.get()
    }
    #[pygetset(setter, name = "__qualname__")]
    fn set_qualname(zelf: &PyGenerator, value: Option<&PyObject>) -> PyResult<()> {
        PyGenerator::set_text(&zelf.gi_qualname, value, "__qualname__")
    }

    /// object being awaited on, or None
    #[pygetset]
    fn cr_await(zelf: &PyGenerator) -> Option<ObjRef> {
        zelf.yield_from()
    }

    #[pygetset]
    fn cr_running(zelf: &PyGenerator) -> bool {
        zelf.is_running()
    }

    #[pygetset]
    fn cr_suspended(zelf: &PyGenerator) -> bool {
        zelf.is_suspended()
    }

    #[pygetset]
    fn cr_frame(zelf: &PyGenerator) -> PyResult<ObjRef> {
        zelf.frame_attribute("cr_frame")
    }

    #[pygetset]
    fn cr_code(zelf: &PyGenerator) -> PyResult<ObjRef> {
        zelf.code_attribute("cr_code")
    }

    #[pygetset]
    fn cr_origin(zelf: &PyGenerator) -> Option<ObjRef> {
        zelf.gi_origin_or_finalizer.get()
    }

    #[slot]
    fn tp_repr(zelf: &PyGenerator) -> String {
        zelf.repr_as("coroutine")
    }

    #[slot]
    fn am_await(zelf: &PyGenerator) -> ObjRef {
        new_exact(PyCoroWrapper { ob_base: PyObject::placeholder(), cw_coroutine: OptRef::some(zelf.to_ref()) })
            .into_obj()
    }

    #[slot]
    fn am_send(zelf: &PyGenerator, value: &PyObject) -> PyResult<SendResult> {
        zelf.resume(Some(value), None, false)
    }

    #[slot]
    fn tp_finalize(zelf: &PyGenerator) {
        zelf.finalize();
    }

    #[slot]
    fn tp_traverse(zelf: &PyGenerator, v: &mut Visit<'_>) {
        zelf.traverse_all(v);
    }
}

/// A wrapper object implementing __await__ for coroutines.
#[pyclass(name = "coroutine_wrapper", symbol = "_PyCoroWrapper_Type", gc, no_new)]
#[repr(C)]
pub struct PyCoroWrapper {
    pub ob_base: PyObject,
    pub cw_coroutine: OptRef<PyGenerator>,
}

impl PyCoroWrapper {
    /// The coroutine, which only the collector takes away.
    fn coroutine(&self) -> PyResult<Ref<PyGenerator>> {
        self.cw_coroutine.get().ok_or_else(|| exc::runtime_error("coroutine wrapper has been cleared"))
    }
}

#[pymethods]
impl PyCoroWrapper {
    /// Send value into coroutine, return next yielded value or raise StopIteration.
    #[pymethod(sig = "($self, value, /)")]
    fn send(&self, value: &PyObject) -> PyResult<ObjRef> {
        self.coroutine()?.send_method(value)
    }

    /// throw(value)
    /// throw(type[,value[,traceback]])
    ///
    /// Raise exception in coroutine, return next yielded value or raise
    /// StopIteration.
    /// the (type, val, tb) signature is deprecated,
    /// and may be removed in a future version of Python.
    #[pymethod(sig = "($self, *args)")]
    fn throw(&self, args: &[&PyObject]) -> PyResult<ObjRef> {
        self.coroutine()?.throw(true, &Thrown::from_args(args)?)
    }

    /// Raise GeneratorExit inside coroutine.
    #[pymethod]
    fn close(&self) -> PyResult<ObjRef> {
        self.coroutine()?.close()
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        self.coroutine()?.next_value()
    }
}
