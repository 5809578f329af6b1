//! `async_generator`, the awaitables that its methods return, and the awaitable behind `anext(it, default)`.
//!
//! The body of an asynchronous generator yields two kinds of things: its own values, which the compiler wraps
//! ([`wrap_value`]), and what the awaitables inside it yield to the event loop, which pass through as they are. The awaitables
//! here tell them apart: a wrapped value ends the `await` of `asend()` with that value.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use crate::args::check_positional;
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::object::alloc::new_exact;
use crate::object::dealloc::free_instance;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::{call, object as po};
use crate::runtime::gc::{self, Visit};
use crate::runtime::thread;
use crate::types::coroutine::awaitable_iterator;
use crate::types::generator::{self, PyGenerator, Thrown};
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// An asynchronous generator; laid out as [`PyGenerator`].
#[pyclass(
    layout = PyGenerator, name = "async_generator", symbol = "PyAsyncGen_Type", itemsize = 8, weaklist = gi_weakreflist,
    dealloc = generator::dealloc, flags(HAVE_GC), no_new
)]
pub struct PyAsyncGen;

/// Tells the hooks of `sys.set_asyncgen_hooks` about an asynchronous generator that is used for the first time.
fn init_hooks(this: &PyGenerator) -> PyResult<()> {
    if this.gi_hooks_inited.replace(true) {
        return Ok(());
    }
    let ts = thread::current();
    if let Some(finalizer) = ts.async_gen_finalizer.get() {
        this.gi_origin_or_finalizer.set(Some(finalizer));
    }
    match ts.async_gen_firstiter.get() {
        Some(first) => call::call_one(&first, this.as_object()).map(drop),
        None => Ok(()),
    }
}

/// The result of a step of the generator, as the awaitables pass it on: its own values become `StopIteration`.
fn unwrap_value(this: &PyGenerator, result: PyResult<ObjRef>) -> PyResult<ObjRef> {
    match result {
        Err(e) => {
            if e.matches(exc::StopAsyncIteration()) || e.matches(exc::GeneratorExit()) {
                this.gi_closed.set(true);
            }
            this.gi_running_async.set(false);
            Err(e)
        }
        Ok(value) => match value.downcast_exact::<PyWrappedValue>() {
            Some(wrapped) => {
                this.gi_running_async.set(false);
                Err(exc::stop_iteration(wrapped.agw_val.get()))
            }
            None => Ok(value),
        },
    }
}

#[pymethods]
impl PyAsyncGen {
    /// asend(v) -> send 'v' in generator.
    #[pymethod(sig = "($self, value, /)")]
    fn asend(zelf: &PyGenerator, value: &PyObject) -> PyResult<ObjRef> {
        init_hooks(zelf)?;
        Ok(PyAsyncGenASend::new(zelf, Some(value.new_ref())))
    }

    /// athrow(value)
    /// athrow(type[,value[,tb]])
    ///
    /// raise exception in generator.
    /// the (type, val, tb) signature is deprecated,
    /// and may be removed in a future version of Python.
    #[pymethod(sig = "($self, *args)")]
    fn athrow(zelf: &PyGenerator, args: &[&PyObject]) -> PyResult<ObjRef> {
        if args.len() > 1 {
            crate::runtime::warnings::warn(
                exc::DeprecationWarning(),
                "the (type, exc, tb) signature of athrow() is deprecated, use the single-arg signature instead.",
                1,
            )?;
        }
        init_hooks(zelf)?;
        Ok(PyAsyncGenAThrow::new(zelf, Some(PyTuple::from_slice(args))))
    }

    /// aclose() -> raise GeneratorExit inside generator.
    #[pymethod]
    fn aclose(zelf: &PyGenerator) -> PyResult<ObjRef> {
        init_hooks(zelf)?;
        Ok(PyAsyncGenAThrow::new(zelf, None))
    }

    #[pymethod]
    fn __sizeof__(zelf: &PyGenerator) -> usize {
        zelf.memory()
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult<ObjRef> {
        crate::types::list::class_getitem(cls, item)
    }

    /// name of the async generator
    #[pygetset(name = "__name__")]
    fn name(zelf: &PyGenerator) -> Option<Ref<PyStr>> {
        zelf.gi_name.get()
    }
    #[pygetset(setter, name = "__name__")]
    fn set_name(zelf: &PyGenerator, value: Option<&PyObject>) -> PyResult<()> {
        PyGenerator::set_text(&zelf.gi_name, value, "__name__")
    }

    /// qualified name of the async generator
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
    fn ag_await(zelf: &PyGenerator) -> Option<ObjRef> {
        zelf.yield_from()
    }

    #[pygetset]
    fn ag_running(zelf: &PyGenerator) -> bool {
        zelf.gi_running_async.get()
    }

    #[pygetset]
    fn ag_suspended(zelf: &PyGenerator) -> bool {
        zelf.is_suspended()
    }

    #[pygetset]
    fn ag_frame(zelf: &PyGenerator) -> PyResult<ObjRef> {
        zelf.frame_attribute("ag_frame")
    }

    #[pygetset]
    fn ag_code(zelf: &PyGenerator) -> PyResult<ObjRef> {
        zelf.code_attribute("ag_code")
    }

    #[slot]
    fn tp_repr(zelf: &PyGenerator) -> String {
        zelf.repr_as("async_generator")
    }

    #[slot]
    fn am_aiter(zelf: &PyGenerator) -> ObjRef {
        zelf.to_obj()
    }

    #[slot]
    fn am_anext(zelf: &PyGenerator) -> PyResult<ObjRef> {
        init_hooks(zelf)?;
        Ok(PyAsyncGenASend::new(zelf, None))
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

/// A value that an asynchronous generator yields itself.
#[pyclass(name = "async_generator_wrapped_value", symbol = "_PyAsyncGenWrappedValue_Type", gc, no_new, no_methods)]
#[repr(C)]
pub struct PyWrappedValue {
    pub ob_base: PyObject,
    pub agw_val: OptRef,
}

/// Marks a value as yielded by an asynchronous generator itself.
pub fn wrap_value(value: ObjRef) -> ObjRef {
    new_exact(PyWrappedValue { ob_base: PyObject::placeholder(), agw_val: OptRef::some(value) }).into_obj()
}

/// The value that is marked.
pub fn unwrapped(value: ObjRef) -> ObjRef {
    match value.downcast_exact::<PyWrappedValue>() {
        Some(wrapped) => wrapped.agw_val.get().unwrap_or_else(crate::none),
        None => value,
    }
}

/// What an `asend()` that can go on resumes when this is sent to it: the generator, and the value that it gets in its place, if there is one.
pub fn sends_to<'a>(object: &'a PyObject, sent: &PyObject) -> Option<(&'a PyGenerator, Option<ObjRef>)> {
    let this = object.downcast_exact::<PyAsyncGenASend>()?;
    let first = match this.ags_state.get() {
        _ if crate::interp::instrument::watched() => return None,
        Progress::Init if !this.ags_gen.gi_running_async.get() => {
            crate::is_none(sent).then(|| this.ags_sendval.get()).flatten()
        }
        Progress::Iter => None,
        _ => return None,
    };
    Some((&this.ags_gen, first))
}

/// What [`sends_to`] has answered of this object is being done; of other objects, nothing.
pub fn begin(object: &PyObject) {
    if let Some(this) = object.downcast_exact::<PyAsyncGenASend>() {
        this.ags_state.set(Progress::Iter);
        this.ags_gen.gi_running_async.set(true);
    }
}

/// The generator has yielded a value of its own, or has come to an end: the `asend()` for which the frame waits is over.
///
/// # Safety
/// A live frame that waits in a `SEND`, which has resumed the generator.
pub unsafe fn left(this: &PyGenerator, caller: *mut InterpreterFrame) {
    this.gi_running_async.set(false);
    // SAFETY: what it waits for is on top of its operand stack.
    let receiver = unsafe { (*(*caller).stackpointer.get().sub(1)).get() };
    if let Some(awaitable) = receiver.downcast_exact::<PyAsyncGenASend>() {
        awaitable.ags_state.set(Progress::Closed);
    }
}

/// How far an awaitable has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Nobody has awaited it.
    Init,
    Iter,
    Closed,
}

/// Warns about an awaitable of an asynchronous generator that nobody awaited.
fn warn_unawaited(this: &PyGenerator, method: &str) {
    let name = this.gi_qualname.get().map_or_else(|| "?".to_owned(), |q| q.to_string_lossy().into_owned());
    let message = format!("coroutine method '{method}' of '{name}' was never awaited");
    if let Err(e) = crate::runtime::warnings::warn(exc::RuntimeWarning(), message, 1) {
        let text = po::repr(this.as_object())
            .map_or_else(|_| "<object repr() failed>".into(), |r| r.to_string_lossy().into_owned());
        let message = format!("Exception ignored while finalizing async generator {text}");
        crate::runtime::unraisable::write_unraisable(e, Some(&message), None);
    }
}

/// `tp_dealloc` of the awaitables: with a finalizer, which may resurrect them.
unsafe extern "C-unwind" fn dealloc_awaitable<T: PyStruct>(object: *mut PyObject) {
    // SAFETY: a dead object of layout T; dropped once.
    unsafe {
        // The finalizer meets a tracked object.
        if crate::types::type_::instance::finalize_from_dealloc(&*object) {
            return;
        }
        gc::untrack(&*object);
        core::ptr::drop_in_place(object as *mut T);
        free_instance(object);
    }
}

/// Does the exception end a `close()` silently?
fn ends_quietly(e: &PyErr) -> bool {
    e.matches(exc::StopIteration()) || e.matches(exc::StopAsyncIteration()) || e.matches(exc::GeneratorExit())
}

/// The end of the awaitables' `close()`, given what throwing `GeneratorExit` did.
fn finish_close(result: PyResult<ObjRef>) -> PyResult<()> {
    match result {
        Ok(_) => Err(exc::runtime_error("coroutine ignored GeneratorExit")),
        Err(e) if ends_quietly(&e) => Ok(()),
        Err(e) => Err(e),
    }
}

/// What `asend(value)` and `__anext__()` return.
#[pyclass(
    name = "async_generator_asend", symbol = "_PyAsyncGenASend_Type", gc, no_new,
    dealloc = dealloc_awaitable::<PyAsyncGenASend>
)]
#[repr(C)]
pub struct PyAsyncGenASend {
    pub ob_base: PyObject,
    ags_gen: Ref<PyGenerator>,
    /// The value to send first; null for `__anext__`.
    ags_sendval: OptRef,
    #[pytraverse(skip)]
    ags_state: Cell<Progress>,
}

impl PyAsyncGenASend {
    fn new(this: &PyGenerator, value: Option<ObjRef>) -> ObjRef {
        new_exact(PyAsyncGenASend {
            ob_base: PyObject::placeholder(),
            ags_gen: this.to_ref(),
            ags_sendval: OptRef::new(value),
            ags_state: Cell::new(Progress::Init),
        })
        .into_obj()
    }

    /// Refuses a finished awaitable, and one whose generator is busy. True: this is the first step.
    fn begin(&self) -> PyResult<bool> {
        match self.ags_state.get() {
            Progress::Closed => Err(exc::runtime_error("cannot reuse already awaited __anext__()/asend()")),
            Progress::Init if self.ags_gen.gi_running_async.get() => {
                self.ags_state.set(Progress::Closed);
                Err(exc::runtime_error("anext(): asynchronous generator is already running"))
            }
            Progress::Init => {
                self.ags_state.set(Progress::Iter);
                Ok(true)
            }
            Progress::Iter => Ok(false),
        }
    }

    fn finish(&self, result: PyResult<ObjRef>) -> PyResult<ObjRef> {
        let result = unwrap_value(&self.ags_gen, result);
        if result.is_err() {
            self.ags_state.set(Progress::Closed);
        }
        result
    }

    fn step(&self, value: &PyObject) -> PyResult<ObjRef> {
        let first = self.begin()?;
        let to_send = if first && crate::is_none(value) { self.ags_sendval.get() } else { None };
        let to_send = to_send.as_deref().unwrap_or(value);
        self.ags_gen.gi_running_async.set(true);
        let result = self.ags_gen.send_method(to_send);
        self.finish(result)
    }

    fn throw_into(&self, what: &Thrown<'_>) -> PyResult<ObjRef> {
        if self.begin()? {
            self.ags_gen.gi_running_async.set(true);
        }
        let result = self.ags_gen.throw(true, what);
        self.finish(result)
    }
}

#[pymethods]
impl PyAsyncGenASend {
    /// Send value into coroutine, return next yielded value or raise StopIteration.
    #[pymethod(sig = "($self, value, /)")]
    fn send(&self, value: &PyObject) -> PyResult<ObjRef> {
        self.step(value)
    }

    /// Raise exception in the generator.
    #[pymethod(sig = "($self, *args)")]
    fn throw(&self, args: &[&PyObject]) -> PyResult<ObjRef> {
        self.throw_into(&Thrown::from_args(args)?)
    }

    /// Raise GeneratorExit inside generator.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        if self.ags_state.get() == Progress::Closed {
            return Ok(());
        }
        finish_close(self.throw_into(&Thrown::one(exc::GeneratorExit().as_object())))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn am_await(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        self.step(crate::none_ref()).map(Some)
    }

    #[slot]
    fn tp_finalize(&self) {
        if self.ags_state.get() == Progress::Init {
            warn_unawaited(&self.ags_gen, "asend");
        }
    }
}

/// What `athrow(...)` and `aclose()` return.
#[pyclass(
    name = "async_generator_athrow", symbol = "_PyAsyncGenAThrow_Type", gc, no_new,
    dealloc = dealloc_awaitable::<PyAsyncGenAThrow>
)]
#[repr(C)]
pub struct PyAsyncGenAThrow {
    pub ob_base: PyObject,
    agt_gen: Ref<PyGenerator>,
    /// The arguments of `athrow`; null for `aclose`.
    agt_args: OptRef<PyTuple>,
    #[pytraverse(skip)]
    agt_state: Cell<Progress>,
}

impl PyAsyncGenAThrow {
    fn new(this: &PyGenerator, args: Option<Ref<PyTuple>>) -> ObjRef {
        new_exact(PyAsyncGenAThrow {
            ob_base: PyObject::placeholder(),
            agt_gen: this.to_ref(),
            agt_args: OptRef::new(args),
            agt_state: Cell::new(Progress::Init),
        })
        .into_obj()
    }

    fn is_close(&self) -> bool {
        self.agt_args.is_null()
    }

    fn reused() -> PyErr {
        exc::runtime_error("cannot reuse already awaited aclose()/athrow()")
    }

    fn busy(&self) -> PyErr {
        self.agt_state.set(Progress::Closed);
        let name = if self.is_close() { "aclose" } else { "athrow" };
        exc::runtime_error(format!("{name}(): asynchronous generator is already running"))
    }

    /// The generator yielded a value of its own while being closed.
    fn ignored_exit(&self) -> PyErr {
        self.agt_gen.gi_running_async.set(false);
        self.agt_state.set(Progress::Closed);
        exc::runtime_error("async generator ignored GeneratorExit")
    }

    /// The generator raised: `aclose()` ends well with `StopAsyncIteration` and `GeneratorExit`.
    fn failed(&self, e: PyErr) -> PyErr {
        self.agt_gen.gi_running_async.set(false);
        self.agt_state.set(Progress::Closed);
        if self.is_close() && (e.matches(exc::StopAsyncIteration()) || e.matches(exc::GeneratorExit())) {
            exc::stop_iteration(None)
        } else {
            e
        }
    }

    fn step(&self, value: &PyObject) -> PyResult<ObjRef> {
        let this = &*self.agt_gen;
        if self.agt_state.get() == Progress::Closed {
            return Err(Self::reused());
        }
        if this.is_finished() {
            self.agt_state.set(Progress::Closed);
            return Err(exc::stop_iteration(None));
        }
        if self.agt_state.get() == Progress::Init {
            if this.gi_running_async.get() {
                return Err(self.busy());
            }
            if this.gi_closed.get() {
                self.agt_state.set(Progress::Closed);
                return Err(exc::stop_async_iteration());
            }
            if !crate::is_none(value) {
                return Err(exc::runtime_error("can't send non-None value to a just-started coroutine"));
            }
            self.agt_state.set(Progress::Iter);
            this.gi_running_async.set(true);
            let result = match self.agt_args.get() {
                None => {
                    this.gi_closed.set(true);
                    match this.throw(false, &Thrown::one(exc::GeneratorExit().as_object())) {
                        Ok(value) if PyWrappedValue::check_exact(&value) => return Err(self.ignored_exit()),
                        result => result,
                    }
                }
                Some(args) => {
                    let items = args.items();
                    check_positional("athrow", items.len(), 1, 3)?;
                    let what = Thrown { ty: items[0], value: items.get(1).copied(), traceback: items.get(2).copied() };
                    unwrap_value(this, this.throw(false, &what))
                }
            };
            return result.map_err(|e| self.failed(e));
        }
        let result = this.send_method(value);
        if !self.is_close() {
            return unwrap_value(this, result);
        }
        match result {
            Ok(value) if PyWrappedValue::check_exact(&value) => Err(self.ignored_exit()),
            Ok(value) => Ok(value),
            Err(e) => Err(self.failed(e)),
        }
    }

    fn throw_into(&self, what: &Thrown<'_>) -> PyResult<ObjRef> {
        let this = &*self.agt_gen;
        match self.agt_state.get() {
            Progress::Closed => return Err(Self::reused()),
            Progress::Init if this.gi_running_async.get() => return Err(self.busy()),
            Progress::Init => {
                self.agt_state.set(Progress::Iter);
                this.gi_running_async.set(true);
            }
            Progress::Iter => {}
        }
        let result = this.throw(true, what);
        if !self.is_close() {
            let result = unwrap_value(this, result);
            if result.is_err() {
                self.agt_state.set(Progress::Closed);
            }
            return result;
        }
        match result {
            Ok(value) if PyWrappedValue::check_exact(&value) => Err(self.ignored_exit()),
            Ok(value) => Ok(value),
            Err(e) => Err(self.failed(e)),
        }
    }
}

#[pymethods]
impl PyAsyncGenAThrow {
    /// Send value into coroutine, return next yielded value or raise StopIteration.
    #[pymethod(sig = "($self, value, /)")]
    fn send(&self, value: &PyObject) -> PyResult<ObjRef> {
        self.step(value)
    }

    /// Raise exception in the generator.
    #[pymethod(sig = "($self, *args)")]
    fn throw(&self, args: &[&PyObject]) -> PyResult<ObjRef> {
        self.throw_into(&Thrown::from_args(args)?)
    }

    /// Raise GeneratorExit inside generator.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        if self.agt_state.get() == Progress::Closed {
            return Ok(());
        }
        finish_close(self.throw_into(&Thrown::one(exc::GeneratorExit().as_object())))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn am_await(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        self.step(crate::none_ref()).map(Some)
    }

    #[slot]
    fn tp_finalize(&self) {
        if self.agt_state.get() == Progress::Init {
            warn_unawaited(&self.agt_gen, if self.is_close() { "aclose" } else { "athrow" });
        }
    }
}

/// What `anext(iterator, default)` returns.
#[pyclass(name = "anext_awaitable", symbol = "_PyAnextAwaitable_Type", gc, no_new)]
#[repr(C)]
pub struct PyAnextAwaitable {
    pub ob_base: PyObject,
    wrapped: Ref<PyObject>,
    default_value: Ref<PyObject>,
}

/// An awaitable that gives what `wrapped` gives, or `default` where that ends with `StopAsyncIteration`.
pub fn new_anext_awaitable(wrapped: &PyObject, default: &PyObject) -> ObjRef {
    new_exact(PyAnextAwaitable {
        ob_base: PyObject::placeholder(),
        wrapped: wrapped.new_ref(),
        default_value: default.new_ref(),
    })
    .into_obj()
}

impl PyAnextAwaitable {
    /// The iterator of the wrapped awaitable.
    fn iterator(&self) -> PyResult<ObjRef> {
        let iterator = awaitable_iterator(&self.wrapped)?;
        if iterator.ty().tp_iternext.get().is_some() {
            return Ok(iterator);
        }
        // Only coroutines lack `__next__`; their wrapper has it.
        let Some(am_await) = iterator.ty().as_async().and_then(|a| a.am_await.get()) else {
            return Err(exc::type_error("__await__ returned a non-iterable"));
        };
        // SAFETY: calling the slot as C would.
        let wrapper = unsafe { ObjRef::from_c_result(am_await(iterator.as_raw()))? };
        if po::is_iterator(&wrapper) { Ok(wrapper) } else { Err(exc::type_error("__await__ returned a non-iterable")) }
    }

    /// `StopAsyncIteration` becomes the default.
    fn settle<T>(&self, result: PyResult<T>) -> PyResult<T> {
        result.map_err(|e| {
            if e.matches(exc::StopAsyncIteration()) { exc::stop_iteration(Some(self.default_value.clone())) } else { e }
        })
    }

    fn delegate(&self, method: &PyStr, args: &[&PyObject]) -> PyResult<ObjRef> {
        let iterator = self.iterator()?;
        self.settle(call::call_method(&iterator, method, args))
    }
}

#[pymethods]
impl PyAnextAwaitable {
    /// send(arg) -> send 'arg' into the wrapped iterator,
    /// return next yielded value or raise StopIteration.
    #[pymethod(sig = "($self, value, /)")]
    fn send(&self, value: &PyObject) -> PyResult<ObjRef> {
        self.delegate(crate::intern!("send"), &[value])
    }

    /// Raise exception in the wrapped iterator.
    #[pymethod(sig = "($self, *args)")]
    fn throw(&self, args: &[&PyObject]) -> PyResult<ObjRef> {
        self.delegate(crate::intern!("throw"), args)
    }

    /// close() -> raise GeneratorExit inside generator.
    #[pymethod]
    fn close(&self) -> PyResult<ObjRef> {
        self.delegate(crate::intern!("close"), &[])
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn am_await(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let iterator = self.iterator()?;
        let Some(tp_iternext) = iterator.ty().tp_iternext.get() else {
            return Err(exc::type_error("__await__ returned a non-iterable"));
        };
        // SAFETY: calling the slot as C would: NULL without an exception means exhausted.
        let item = unsafe { tp_iternext(iterator.as_raw()) };
        if !item.is_null() {
            // SAFETY: a new reference.
            return Ok(Some(unsafe { Ref::from_owned_ptr(item) }));
        }
        match PyErr::fetch() {
            Some(e) => self.settle(Err(e)),
            None => Ok(None),
        }
    }
}
