//! `Future`, and the iterator that `await` uses.

use core::cell::Cell;

use rpy_vm::object::dealloc::free_instance;
use rpy_vm::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, SendResult};
use rpy_vm::protocol::{call, object as po};
use rpy_vm::runtime::context;
use rpy_vm::runtime::gc::{self, Traverse, Visit};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::exceptions::PyBaseException;
use rpy_vm::types::generator::Thrown;
use rpy_vm::types::list::PyList;
use rpy_vm::types::set::{PyFrozenSet, PySet};
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{PyErr, PyResult, exc, intern, pyclass, pymethods};

use super::library::{self, invalid_state};
use super::state;
use super::task::PyTask;

/// How far a future has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Cancelled,
    Finished,
}

/// This class is *almost* compatible with concurrent.futures.Future.
///
/// Differences:
///
/// - result() and exception() do not take a timeout argument and
///   raise an exception when the future isn't done yet.
///
/// - Callbacks registered with add_done_callback() are always called
///   via the event loop's call_soon_threadsafe().
///
/// - This class is not compatible with the wait() and as_completed()
///   methods in the concurrent.futures package.
#[pyclass(name = "Future", module = "_asyncio", weaklist = weakrefs, dict = dict, flags(BASETYPE, HAVE_GC), dealloc = dealloc)]
#[repr(C)]
pub struct PyFuture {
    pub ob_base: PyObject,
    pub dict: OptRef<PyDict>,
    pub weakrefs: Cell<*mut PyObject>,
    /// Null until `__init__` has run.
    pub event_loop: OptRef,
    /// The first callback and its context; most futures have only one.
    callback0: OptRef,
    context0: OptRef,
    /// The others, as tuples.
    callbacks: OptRef<PyList>,
    pub result: OptRef,
    pub exception: OptRef,
    exception_tb: OptRef,
    pub source_traceback: OptRef,
    pub cancel_message: OptRef,
    /// A `CancelledError` to be raised again.
    pub cancelled_exc: OptRef,
    /// Null, one waiter, or a set of them.
    awaited_by: OptRef,
    pub state: Cell<State>,
    pub blocking: Cell<bool>,
    log_traceback: Cell<bool>,
    awaited_by_is_set: Cell<bool>,
}

/// The object as a future (or task).
#[inline]
pub fn as_future(object: &PyObject) -> Option<&PyFuture> {
    if let Some(future) = object.downcast_ref::<PyFuture>() {
        return Some(future);
    }
    object.downcast_ref::<PyTask>().map(|task| &task.base)
}

/// A future or task of exactly our own classes.
#[inline]
pub fn as_exact_future(object: &PyObject) -> Option<&PyFuture> {
    if let Some(future) = object.downcast_exact::<PyFuture>() {
        return Some(future);
    }
    object.downcast_exact::<PyTask>().map(|task| &task.base)
}

/// Calls `loop.call_soon(callback[, argument], context=context)`.
pub fn call_soon(
    event_loop: &PyObject,
    callback: &PyObject,
    argument: Option<&PyObject>,
    context: Option<&PyObject>,
) -> PyResult<()> {
    let method = po::getattr(event_loop, intern!("call_soon"))?;
    let mut args = vec![callback];
    args.extend(argument);
    let names = context.map(|_| PyTuple::from_slice(&[intern!("context").as_object()]));
    args.extend(context);
    call::call_kw(&method, &args, names.as_deref()).map(drop)
}

/// `fut` is awaited by `waiter` from now on.
pub fn awaited_by_add(fut: &PyObject, waiter: &PyObject) -> PyResult<()> {
    let Some(future) = as_future(fut) else { return Ok(()) };
    if future.awaited_by_is_set.get() {
        if let Some(set) = future.awaited_by.get() {
            return set.downcast_ref::<PySet>().map_or(Ok(()), |set| set.add(waiter));
        }
    }
    match future.awaited_by.get() {
        None => future.awaited_by.set(Some(waiter.new_ref())),
        Some(first) => {
            let set = PySet::new();
            set.add(&first)?;
            set.add(waiter)?;
            future.awaited_by.set(Some(set.into_obj()));
            future.awaited_by_is_set.set(true);
        }
    }
    Ok(())
}

/// `fut` is not awaited by `waiter` any more.
pub fn awaited_by_discard(fut: &PyObject, waiter: &PyObject) -> PyResult<()> {
    let Some(future) = as_future(fut) else { return Ok(()) };
    let Some(known) = future.awaited_by.get() else { return Ok(()) };
    if known.is(waiter) {
        future.awaited_by.take();
    } else if future.awaited_by_is_set.get()
        && let Some(set) = known.downcast_ref::<PySet>()
    {
        set.discard(waiter)?;
    }
    Ok(())
}

impl PyFuture {
    /// The fields of an instance whose `__init__` has not run yet.
    pub fn fresh() -> PyFuture {
        PyFuture {
            ob_base: PyObject::placeholder(),
            dict: OptRef::NULL,
            weakrefs: Cell::new(core::ptr::null_mut()),
            event_loop: OptRef::NULL,
            callback0: OptRef::NULL,
            context0: OptRef::NULL,
            callbacks: OptRef::NULL,
            result: OptRef::NULL,
            exception: OptRef::NULL,
            exception_tb: OptRef::NULL,
            source_traceback: OptRef::NULL,
            cancel_message: OptRef::NULL,
            cancelled_exc: OptRef::NULL,
            awaited_by: OptRef::NULL,
            state: Cell::new(State::Pending),
            blocking: Cell::new(false),
            log_traceback: Cell::new(false),
            awaited_by_is_set: Cell::new(false),
        }
    }

    /// `__init__`.
    pub fn initialize(&self, event_loop: Option<&PyObject>) -> PyResult<()> {
        for field in [
            &self.callback0,
            &self.context0,
            &self.result,
            &self.exception,
            &self.exception_tb,
            &self.source_traceback,
            &self.cancel_message,
            &self.cancelled_exc,
            &self.awaited_by,
        ] {
            field.take();
        }
        self.callbacks.take();
        self.awaited_by_is_set.set(false);
        self.state.set(State::Pending);
        self.log_traceback.set(false);
        self.blocking.set(false);
        let event_loop = match event_loop {
            Some(event_loop) => event_loop.new_ref(),
            None => state::event_loop()?,
        };
        self.event_loop.set(Some(event_loop.clone()));
        let debug = call::call_method(&event_loop, intern!("get_debug"), &[])?;
        if po::is_true(&debug)? {
            // Where the future was made.
            self.source_traceback.set(Some(call::call_noargs(&*library::EXTRACT_STACK.get()?)?));
        }
        Ok(())
    }

    /// The loop.
    ///
    /// # Errors
    /// `RuntimeError` before `__init__`.
    pub fn event_loop(&self) -> PyResult<ObjRef> {
        self.event_loop.get().ok_or_else(|| exc::runtime_error("Future object is not initialized."))
    }

    /// An outcome can only be asked for after `__init__`.
    fn check_initialized(&self) -> PyResult<()> {
        if self.event_loop.is_null() {
            return Err(invalid_state("Future object is not initialized.".to_owned()));
        }
        Ok(())
    }

    pub fn is_pending(&self) -> bool {
        self.state.get() == State::Pending
    }

    /// Has the loop call all callbacks.
    fn schedule_callbacks(&self) -> PyResult<()> {
        let event_loop = self.event_loop()?;
        if let Some(callback) = self.callback0.take() {
            let context = self.context0.take();
            if let Err(e) = call_soon(&event_loop, &callback, Some(self.as_object()), context.as_deref()) {
                self.callbacks.take();
                return Err(e);
            }
        }
        let Some(list) = self.callbacks.take() else { return Ok(()) };
        for pair in list.items_snapshot() {
            let Some(pair) = pair.downcast_ref::<PyTuple>() else { continue };
            if let (Some(callback), context) = (pair.get(0), pair.get(1)) {
                call_soon(&event_loop, callback, Some(self.as_object()), context)?;
            }
        }
        Ok(())
    }

    /// `add_done_callback`.
    pub fn add_callback(&self, callback: &PyObject, context: &PyObject) -> PyResult<()> {
        let event_loop = self.event_loop()?;
        if !self.is_pending() {
            return call_soon(&event_loop, callback, Some(self.as_object()), Some(context));
        }
        if self.callbacks.is_null() && self.callback0.is_null() {
            self.callback0.set(Some(callback.new_ref()));
            self.context0.set(Some(context.new_ref()));
            return Ok(());
        }
        let pair = PyTuple::from_slice(&[callback, context]).into_obj();
        match self.callbacks.get() {
            Some(list) => list.append(pair),
            None => {
                self.callbacks.set(Some(PyList::new(vec![pair])));
                Ok(())
            }
        }
    }

    pub fn finish_with_result(&self, value: &PyObject) -> PyResult<()> {
        self.event_loop()?;
        if !self.is_pending() {
            return Err(invalid_state("invalid state".to_owned()));
        }
        self.result.set(Some(value.new_ref()));
        self.state.set(State::Finished);
        self.schedule_callbacks()
    }

    pub fn finish_with_exception(&self, exception: &PyObject) -> PyResult<()> {
        self.event_loop()?;
        if !self.is_pending() {
            return Err(invalid_state("invalid state".to_owned()));
        }
        let value = if rpy_vm::types::exceptions::is_exception_class(exception) {
            let value = call::call_noargs(exception)?;
            if !self.is_pending() {
                return Err(invalid_state("invalid state".to_owned()));
            }
            value
        } else {
            exception.new_ref()
        };
        let Ok(mut value) = value.downcast::<PyBaseException>() else {
            return Err(exc::type_error("invalid exception object"));
        };
        if value.as_object().ty().is_subtype(exc::StopIteration()) {
            let message = "StopIteration interacts badly with generators and cannot be raised into a Future";
            let replacement = exc::runtime_error(message).into_value();
            replacement.set_cause(Some(value.to_obj()));
            replacement.set_context(Some(value.into_obj()));
            value = replacement;
        }
        self.exception_tb.set(value.traceback());
        self.exception.set(Some(value.into_obj()));
        self.state.set(State::Finished);
        self.schedule_callbacks()?;
        self.log_traceback.set(true);
        Ok(())
    }

    /// `Future.cancel`.
    pub fn cancel_future(&self, message: Option<&PyObject>) -> PyResult<bool> {
        self.event_loop()?;
        self.log_traceback.set(false);
        if !self.is_pending() {
            return Ok(false);
        }
        self.state.set(State::Cancelled);
        self.cancel_message.set(message.map(PyObject::new_ref));
        self.schedule_callbacks()?;
        Ok(true)
    }

    /// The `CancelledError` to raise: a saved one, once, or a new one.
    pub fn make_cancelled_error(&self) -> PyResult<ObjRef> {
        match self.cancelled_exc.take() {
            Some(saved) => Ok(saved),
            None => library::cancelled_error(self.cancel_message.get().as_deref()),
        }
    }

    /// The result, or the exception as error.
    pub fn outcome(&self) -> PyResult<ObjRef> {
        match self.state.get() {
            State::Cancelled => Err(PyErr::from_instance(self.make_cancelled_error()?)),
            State::Pending => Err(invalid_state("Result is not set.".to_owned())),
            State::Finished => {
                self.log_traceback.set(false);
                match self.exception.get() {
                    Some(exception) => {
                        if let Some(e) = exception.downcast_ref::<PyBaseException>() {
                            e.set_traceback(self.exception_tb.take());
                        }
                        Err(PyErr::from_instance(exception))
                    }
                    None => Ok(self.result.get().unwrap_or_else(rpy_vm::none)),
                }
            }
        }
    }

    /// Drops the log flag; `cancel` and reads of the outcome do it.
    pub fn forget_log(&self) {
        self.log_traceback.set(false);
    }

    pub fn traverse_base(&self, v: &mut Visit<'_>) {
        self.dict.traverse(v);
        self.callbacks.traverse(v);
        for field in self.references() {
            field.traverse(v);
        }
    }

    pub fn clear_base(&self) {
        self.callbacks.take();
        for field in self.references() {
            field.take();
        }
        self.dict.take();
    }

    fn references(&self) -> [&OptRef; 10] {
        [
            &self.event_loop,
            &self.callback0,
            &self.context0,
            &self.result,
            &self.exception,
            &self.exception_tb,
            &self.source_traceback,
            &self.cancel_message,
            &self.cancelled_exc,
            &self.awaited_by,
        ]
    }

    /// Reports an exception that nobody asked for.
    pub fn report_unretrieved(&self) {
        if !self.log_traceback.replace(false) {
            return;
        }
        if let Err(e) = self.try_report() {
            e.write_unraisable(Some(self.as_object()));
        }
    }

    fn try_report(&self) -> PyResult<()> {
        let Some(exception) = self.exception.get() else { return Ok(()) };
        let message = format!("{} exception was never retrieved", self.as_object().ty().name());
        let context = PyDict::new();
        context.set_name("message", PyStr::from_string(message).into_obj());
        context.set_name("exception", exception);
        context.set_name("future", self.to_obj());
        if let Some(tb) = self.source_traceback.get() {
            context.set_name("source_traceback", tb);
        }
        if let Some(event_loop) = self.event_loop.get() {
            call::call_method(&event_loop, intern!("call_exception_handler"), &[context.as_object()])?;
        }
        Ok(())
    }

    /// `_callbacks`.
    pub fn callback_list(&self) -> ObjRef {
        let mut pairs = Vec::new();
        if let Some(callback) = self.callback0.get() {
            let context = self.context0.get().unwrap_or_else(rpy_vm::none);
            pairs.push(PyTuple::new(vec![callback, context]).into_obj());
        }
        if let Some(list) = self.callbacks.get() {
            pairs.extend(list.items_snapshot());
        }
        if pairs.is_empty() { rpy_vm::none() } else { PyList::new(pairs).into_obj() }
    }

    /// Removes all callbacks equal to `callback`; gives their number.
    pub fn remove_callback(&self, callback: &PyObject) -> PyResult<usize> {
        self.event_loop()?;
        let mut removed = 0;
        if let Some(first) = self.callback0.get()
            && po::eq(&first, callback)?
        {
            self.callback0.take();
            self.context0.take();
            removed += 1;
        }
        let Some(list) = self.callbacks.get() else { return Ok(removed) };
        let mut kept = Vec::new();
        for pair in list.items_snapshot() {
            let same = match pair.downcast_ref::<PyTuple>().and_then(|pair| pair.get(0)) {
                Some(known) => po::eq(known, callback)?,
                None => false,
            };
            if same { removed += 1 } else { kept.push(pair) }
        }
        self.callbacks.set(if kept.is_empty() { None } else { Some(PyList::new(kept)) });
        Ok(removed)
    }

    /// `_asyncio_awaited_by`.
    pub fn awaited_by(&self) -> PyResult<ObjRef> {
        match self.awaited_by.get() {
            None => Ok(rpy_vm::none()),
            Some(set) if self.awaited_by_is_set.get() => Ok(PyFrozenSet::from_iterable(&set)?.into_obj()),
            Some(one) => {
                let set = PySet::new();
                set.add(&one)?;
                Ok(PyFrozenSet::from_iterable(set.as_object())?.into_obj())
            }
        }
    }

    /// `_state`.
    pub fn state_name(&self) -> ObjRef {
        match self.state.get() {
            State::Pending => intern!("PENDING"),
            State::Cancelled => intern!("CANCELLED"),
            State::Finished => intern!("FINISHED"),
        }
        .to_obj()
    }

    /// `exception()`.
    pub fn exception_or_none(&self) -> PyResult<ObjRef> {
        self.check_initialized()?;
        match self.state.get() {
            State::Cancelled => Err(PyErr::from_instance(self.make_cancelled_error()?)),
            State::Pending => Err(invalid_state("Exception is not set.".to_owned())),
            State::Finished => {
                self.log_traceback.set(false);
                Ok(self.exception.get().unwrap_or_else(rpy_vm::none))
            }
        }
    }

    /// Sets `_log_traceback`, which can only be switched off.
    pub fn set_log(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(exc::attribute_error_msg("cannot delete attribute")) };
        if po::is_true(value)? {
            return Err(exc::value_error("_log_traceback can only be set to False"));
        }
        self.log_traceback.set(false);
        Ok(())
    }

    pub fn log(&self) -> bool {
        self.log_traceback.get()
    }

    /// Sets `_asyncio_future_blocking`.
    pub fn set_blocking(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.event_loop()?;
        let Some(value) = value else { return Err(exc::attribute_error_msg("cannot delete attribute")) };
        self.blocking.set(po::is_true(value)?);
        Ok(())
    }
}

unsafe extern "C-unwind" fn dealloc(object: *mut PyObject) {
    // SAFETY: a dead future; derived classes have run the finalizer themselves.
    unsafe {
        let this = &*(object as *const PyFuture);
        if this.as_object().is_exact_type(PyFuture::type_object())
            && rpy_vm::types::type_::instance::finalize_from_dealloc(this.as_object())
        {
            return;
        }
        gc::untrack(this.as_object());
        if !this.weakrefs.get().is_null() {
            rpy_vm::types::weakref::clear_weakrefs(this.as_object());
        }
        core::ptr::drop_in_place(object as *mut PyFuture);
        free_instance(object);
    }
}

/// The context given as argument, or a copy of the present one.
pub fn context_or_copy(context: Option<&PyObject>) -> ObjRef {
    match context {
        Some(context) => context.new_ref(),
        None => context::copy_current().into_obj(),
    }
}

/// The class of the futures' iterators, for one owner.
pub fn new_iterator(future: &PyFuture) -> PyResult<ObjRef> {
    future.event_loop()?;
    Ok(rpy_vm::object::alloc::new_exact(PyFutureIter {
        ob_base: PyObject::placeholder(),
        future: OptRef::some(future.to_obj()),
    })
    .into_obj())
}

#[pymethods]
impl PyFuture {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        rpy_vm::object::alloc::new_in(cls, PyFuture::fresh()).map(Ref::into_obj)
    }

    #[pyinit(sig = "(*, loop=None)")]
    fn py_init(&self, event_loop: Option<&PyObject>) -> PyResult<()> {
        self.initialize(event_loop)
    }

    /// Return the result this future represents.
    ///
    /// If the future has been cancelled, raises CancelledError.  If the
    /// future's result isn't yet available, raises InvalidStateError.  If
    /// the future is done and has an exception set, this exception is raised.
    #[pymethod(name = "result")]
    fn result_method(&self) -> PyResult<ObjRef> {
        self.check_initialized()?;
        self.outcome()
    }

    /// Return the exception that was set on this future.
    ///
    /// The exception (or None if no exception was set) is returned only if
    /// the future is done.  If the future has been cancelled, raises
    /// CancelledError.  If the future isn't done yet, raises
    /// InvalidStateError.
    #[pymethod(name = "exception")]
    fn exception_method(&self) -> PyResult<ObjRef> {
        self.exception_or_none()
    }

    /// Mark the future done and set its result.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[pymethod(sig = "($self, result, /)")]
    fn set_result(&self, result: &PyObject) -> PyResult<()> {
        self.finish_with_result(result)
    }

    /// Mark the future done and set an exception.
    ///
    /// If the future is already done when this method is called, raises
    /// InvalidStateError.
    #[pymethod(sig = "($self, exception, /)")]
    fn set_exception(&self, exception: &PyObject) -> PyResult<()> {
        self.finish_with_exception(exception)
    }

    /// Add a callback to be run when the future becomes done.
    ///
    /// The callback is called with a single argument - the future object. If
    /// the future is already done when this is called, the callback is
    /// scheduled with call_soon.
    #[pymethod(sig = "($self, fn, /, *, context=<unrepresentable>)")]
    fn add_done_callback(&self, callback: &PyObject, context: Option<&PyObject>) -> PyResult<()> {
        self.add_callback(callback, &context_or_copy(context.filter(|c| !rpy_vm::is_none(c))))
    }

    /// Remove all instances of a callback from the "call when done" list.
    ///
    /// Returns the number of callbacks removed.
    #[pymethod(sig = "($self, fn, /)")]
    fn remove_done_callback(&self, callback: &PyObject) -> PyResult<usize> {
        self.remove_callback(callback)
    }

    /// Cancel the future and schedule callbacks.
    ///
    /// If the future is already done or cancelled, return False.  Otherwise,
    /// change the future's state to cancelled, schedule the callbacks and
    /// return True.
    #[pymethod(sig = "($self, /, msg=None)")]
    fn cancel(&self, msg: Option<&PyObject>) -> PyResult<bool> {
        self.cancel_future(msg)
    }

    /// Return True if the future was cancelled.
    #[pymethod]
    fn cancelled(&self) -> bool {
        !self.event_loop.is_null() && self.state.get() == State::Cancelled
    }

    /// Return True if the future is done.
    ///
    /// Done means either that a result / exception are available, or that the
    /// future was cancelled.
    #[pymethod]
    fn done(&self) -> bool {
        !self.event_loop.is_null() && !self.is_pending()
    }

    /// Return the event loop the Future is bound to.
    #[pymethod]
    fn get_loop(&self) -> PyResult<ObjRef> {
        self.event_loop()
    }

    /// Create the CancelledError to raise if the Future is cancelled.
    ///
    /// This should only be called once when handling a cancellation since
    /// it erases the context exception value.
    #[pymethod(name = "_make_cancelled_error")]
    fn make_cancelled_error_method(&self) -> PyResult<ObjRef> {
        self.make_cancelled_error()
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult<ObjRef> {
        rpy_vm::types::list::class_getitem(cls, item)
    }

    #[pygetset]
    fn _state(&self) -> ObjRef {
        self.state_name()
    }

    #[pygetset]
    fn _asyncio_future_blocking(&self) -> bool {
        self.blocking.get()
    }
    #[pygetset(setter, name = "_asyncio_future_blocking")]
    fn set_asyncio_future_blocking(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_blocking(value)
    }

    #[pygetset]
    fn _asyncio_awaited_by(&self) -> PyResult<ObjRef> {
        self.awaited_by()
    }

    #[pygetset]
    fn _loop(&self) -> Option<ObjRef> {
        self.event_loop.get()
    }

    #[pygetset]
    fn _callbacks(&self) -> ObjRef {
        self.callback_list()
    }

    #[pygetset]
    fn _result(&self) -> Option<ObjRef> {
        self.result.get()
    }

    #[pygetset]
    fn _exception(&self) -> Option<ObjRef> {
        self.exception.get()
    }

    #[pygetset]
    fn _log_traceback(&self) -> bool {
        self.log()
    }
    #[pygetset(setter, name = "_log_traceback")]
    fn set_log_traceback(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_log(value)
    }

    #[pygetset]
    fn _source_traceback(&self) -> Option<ObjRef> {
        self.source_traceback.get()
    }

    #[pygetset]
    fn _cancel_message(&self) -> Option<ObjRef> {
        self.cancel_message.get()
    }
    #[pygetset(setter, name = "_cancel_message")]
    fn set_cancel_message(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.cancel_message.set(value.map(PyObject::new_ref));
        Ok(())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        self.event_loop()?;
        call::call_one(&*library::FUTURE_REPR.get()?, self.as_object())
    }

    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        new_iterator(self)
    }

    #[slot]
    fn am_await(&self) -> PyResult<ObjRef> {
        new_iterator(self)
    }

    #[slot]
    fn tp_finalize(&self) {
        self.report_unretrieved();
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.traverse_base(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.clear_base();
    }
}

/// The iterator of a future: yields it once, then gives its result.
#[pyclass(name = "FutureIter", module = "_asyncio", gc, no_new, hidden)]
#[repr(C)]
pub struct PyFutureIter {
    pub ob_base: PyObject,
    future: OptRef,
}

impl PyFutureIter {
    fn step(&self) -> PyResult<SendResult> {
        let Some(object) = self.future.get() else { return Ok(SendResult::Return(rpy_vm::none())) };
        let Some(future) = as_future(&object) else { return Ok(SendResult::Return(rpy_vm::none())) };
        if future.is_pending() {
            if future.blocking.get() {
                return Err(exc::runtime_error("await wasn't used with future"));
            }
            future.blocking.set(true);
            return Ok(SendResult::Next(object));
        }
        self.future.take();
        future.outcome().map(SendResult::Return)
    }
}

#[pymethods]
impl PyFutureIter {
    #[pymethod(sig = "($self, value, /)")]
    fn send(&self, _value: &PyObject) -> PyResult<ObjRef> {
        match self.step()? {
            SendResult::Next(value) => Ok(value),
            SendResult::Return(value) => Err(exc::stop_iteration(Some(value))),
        }
    }

    #[pymethod(sig = "($self, *args)")]
    fn throw(&self, args: &[&PyObject]) -> PyResult<ObjRef> {
        let error = Thrown::from_args(args)?.to_error()?;
        self.future.take();
        Err(error)
    }

    #[pymethod]
    fn close(&self) {
        self.future.take();
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        match self.step()? {
            SendResult::Next(value) => Ok(Some(value)),
            SendResult::Return(value) if rpy_vm::is_none(&value) => Ok(None),
            SendResult::Return(value) => Err(exc::stop_iteration(Some(value))),
        }
    }

    #[slot]
    fn am_send(&self, _value: &PyObject) -> PyResult<SendResult> {
        self.step()
    }
}
