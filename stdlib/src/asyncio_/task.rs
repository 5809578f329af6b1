//! `Task`: steps a coroutine, each step called by the event loop.
//!
//! Tasks that are not done form a list through their fields, which owns nothing: `all_tasks` walks it.

use core::cell::Cell;

use rpy_vm::object::dealloc::free_instance;
use rpy_vm::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, SendResult};
use rpy_vm::protocol::{call, object as po};
use rpy_vm::runtime::context::{self, PyContext};
use rpy_vm::runtime::gc::{self, Traverse, Visit};
use rpy_vm::types::coroutine::as_coroutine;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::generator::{PyGenerator, stop_iteration_value};
use rpy_vm::types::set::PySet;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{PyErr, PyResult, exc, intern, pyclass, pymethods};

use super::future::{self, PyFuture, as_exact_future, awaited_by_add, awaited_by_discard, call_soon, context_or_copy};
use super::library::{self, invalid_state, repr_text};
use super::state;

/// A coroutine wrapped in a Future.
#[pyclass(
    name = "Task", module = "_asyncio", base = PyFuture, flags(BASETYPE, HAVE_GC), dealloc = dealloc
)]
#[repr(C)]
pub struct PyTask {
    pub base: PyFuture,
    coro: OptRef,
    /// Text, or null while the name is `Task-<number>`.
    name: OptRef,
    number: Cell<u64>,
    context: OptRef,
    /// What the coroutine waits for.
    fut_waiter: OptRef,
    num_cancels: Cell<i64>,
    must_cancel: Cell<bool>,
    log_destroy_pending: Cell<bool>,
    // The list of tasks that are not done.
    previous: Cell<*const PyTask>,
    next: Cell<*const PyTask>,
    listed: Cell<bool>,
}

struct TaskList(Cell<*const PyTask>);
// SAFETY: touched under the GIL.
unsafe impl Sync for TaskList {}
static TASKS: TaskList = TaskList(Cell::new(core::ptr::null()));

/// Puts a task on the list.
fn register(task: &PyTask) {
    if task.listed.replace(true) {
        return;
    }
    let head = TASKS.0.replace(task);
    task.previous.set(core::ptr::null());
    task.next.set(head);
    // SAFETY: members take themselves off before they die.
    if let Some(head) = unsafe { head.as_ref() } {
        head.previous.set(task);
    }
}

/// Takes a task off the list.
fn unregister(task: &PyTask) {
    if !task.listed.replace(false) {
        return;
    }
    let (previous, next) = (task.previous.get(), task.next.get());
    // SAFETY: members take themselves off before they die.
    unsafe {
        match previous.as_ref() {
            Some(previous) => previous.next.set(next),
            None => TASKS.0.set(next),
        }
        if let Some(next) = next.as_ref() {
            next.previous.set(previous);
        }
    }
}

/// `_register_task`: tasks of other classes go to the weak set.
pub fn register_any(task: &PyObject) -> PyResult<()> {
    match task.downcast_ref::<PyTask>() {
        Some(task) => {
            register(task);
            Ok(())
        }
        None => match state::scheduled_tasks() {
            Some(set) => call::call_method(&set, intern!("add"), &[task]).map(drop),
            None => Ok(()),
        },
    }
}

/// `_unregister_task`.
pub fn unregister_any(task: &PyObject) -> PyResult<()> {
    match task.downcast_ref::<PyTask>() {
        Some(task) => {
            unregister(task);
            Ok(())
        }
        None => match state::scheduled_tasks() {
            Some(set) => call::call_method(&set, intern!("discard"), &[task]).map(drop),
            None => Ok(()),
        },
    }
}

/// All tasks of a loop that are not done.
pub fn all_tasks(event_loop: &PyObject) -> PyResult<ObjRef> {
    // Eager ones first: one that becomes an ordinary task meanwhile is not missed.
    let mut candidates = state::eager_tasks().to_vec();
    let mut at = TASKS.0.get();
    // SAFETY: members are live; one whose count is zero is being destroyed.
    while let Some(task) = unsafe { at.as_ref() } {
        if task.as_object().refcount() > 0 {
            candidates.push(task.to_obj());
        }
        at = task.next.get();
    }
    if let Some(scheduled) = state::scheduled_tasks() {
        candidates.extend(rpy_vm::protocol::sequence::fast(&scheduled)?);
    }
    let set = PySet::new();
    for task in candidates {
        if !state::loop_of(&task)?.is(event_loop) {
            continue;
        }
        let done = match task.downcast_ref::<PyTask>() {
            Some(task) => !task.base.is_pending(),
            None => po::is_true(&*call::call_method(&task, intern!("done"), &[])?)?,
        };
        if !done {
            set.add(&task)?;
        }
    }
    Ok(set.into_obj())
}

fn is_coroutine(object: &PyObject) -> PyResult<bool> {
    if as_coroutine(object).is_some() {
        return Ok(true);
    }
    po::is_true(&*call::call_one(&*library::IS_COROUTINE.get()?, object)?)
}

/// What a step of the coroutine brought.
enum Step {
    Yielded(ObjRef),
    Returned(ObjRef),
    Raised(PyErr),
}

/// Gives None to the coroutine.
fn advance(coro: &PyObject) -> Step {
    let own = as_coroutine(coro).or_else(|| coro.downcast_exact::<PyGenerator>());
    let result = match own {
        Some(generator) => generator.resume(Some(rpy_vm::none_ref()), None, false),
        None => match call::call_method(coro, intern!("send"), &[rpy_vm::none_ref()]) {
            Ok(value) => Ok(SendResult::Next(value)),
            Err(e) => stop_iteration_value(e).map(SendResult::Return),
        },
    };
    match result {
        Ok(SendResult::Next(value)) => Step::Yielded(value),
        Ok(SendResult::Return(value)) => Step::Returned(value),
        Err(e) => Step::Raised(e),
    }
}

/// Raises in the coroutine.
fn throw(coro: &PyObject, exception: &PyObject) -> Step {
    match call::call_method(coro, intern!("throw"), &[exception]) {
        Ok(value) => Step::Yielded(value),
        Err(e) => match stop_iteration_value(e) {
            Ok(value) => Step::Returned(value),
            Err(e) => Step::Raised(e),
        },
    }
}

impl PyTask {
    fn fresh() -> PyTask {
        PyTask {
            base: PyFuture::fresh(),
            coro: OptRef::NULL,
            name: OptRef::NULL,
            number: Cell::new(0),
            context: OptRef::NULL,
            fut_waiter: OptRef::NULL,
            num_cancels: Cell::new(0),
            must_cancel: Cell::new(false),
            log_destroy_pending: Cell::new(true),
            previous: Cell::new(core::ptr::null()),
            next: Cell::new(core::ptr::null()),
            listed: Cell::new(false),
        }
    }

    /// Has the loop call the next step, with an exception to raise in it.
    fn step_soon(&self, exception: Option<ObjRef>) -> PyResult<()> {
        let step = rpy_vm::object::alloc::new_exact(PyTaskStep {
            ob_base: PyObject::placeholder(),
            task: self.to_ref(),
            exception: OptRef::new(exception),
        });
        let event_loop = self.base.event_loop()?;
        call_soon(&event_loop, step.as_object(), None, self.context.get().as_deref())
    }

    fn fail_soon(&self, message: String) -> PyResult<()> {
        self.step_soon(Some(exc::runtime_error(message).into_object()))
    }

    /// One step, as the running task of its loop.
    pub fn step(&self, exception: Option<&PyObject>) -> PyResult<()> {
        let event_loop = self.base.event_loop()?;
        state::enter_task(&event_loop, self.as_object())?;
        let result = self.step_body(exception);
        let left = state::leave_task(&event_loop, self.as_object());
        result.and(left)
    }

    fn step_body(&self, exception: Option<&PyObject>) -> PyResult<()> {
        if !self.base.is_pending() {
            return Err(invalid_state(format!(
                "__step(): already done: {} {}",
                repr_text(self.as_object())?,
                repr_text(exception.unwrap_or(rpy_vm::none_ref()))?
            )));
        }
        let mut exception = exception.map(PyObject::new_ref);
        if self.must_cancel.get() {
            if !exception.as_ref().is_some_and(|e| library::is_cancelled_error(e)) {
                exception = Some(self.base.make_cancelled_error()?);
            }
            self.must_cancel.set(false);
        }
        self.fut_waiter.take();
        let coro = self.coro.get().ok_or_else(|| exc::runtime_error("uninitialized Task object"))?;
        let step = match &exception {
            None => advance(&coro),
            Some(exception) => throw(&coro, exception),
        };
        drop(exception);
        match step {
            Step::Yielded(value) => self.wait_for(&value),
            Step::Returned(value) => {
                unregister(self);
                if self.must_cancel.replace(false) {
                    // It was cancelled right before the coroutine's end.
                    self.base.cancel_future(self.base.cancel_message.get().as_deref()).map(drop)
                } else {
                    self.base.finish_with_result(&value)
                }
            }
            Step::Raised(e) if library::is_cancelled_error(e.object()) => {
                unregister(self);
                // Kept, so that whoever awaits the task sees where it was cancelled.
                self.base.cancelled_exc.set(Some(e.into_object()));
                self.base.cancel_future(None).map(drop)
            }
            Step::Raised(e) => {
                unregister(self);
                self.base.finish_with_exception(e.object())?;
                if e.matches(exc::KeyboardInterrupt()) || e.matches(exc::SystemExit()) { Err(e) } else { Ok(()) }
            }
        }
    }

    /// The coroutine waits for what it yielded.
    fn wait_for(&self, yielded: &PyObject) -> PyResult<()> {
        if yielded.is(self.as_object()) {
            return self.fail_soon(format!("Task cannot await on itself: {}", repr_text(self.as_object())?));
        }
        if rpy_vm::is_none(yielded) {
            // A bare yield gives way for one turn of the loop.
            return self.step_soon(None);
        }
        let my_loop = self.base.event_loop()?;
        let exact = as_exact_future(yielded);
        let (their_loop, blocking) = match exact {
            Some(future) => (future.event_loop()?, future.blocking.get()),
            None => {
                let flag = po::getattr_opt(yielded, intern!("_asyncio_future_blocking"))?;
                match flag.filter(|flag| !rpy_vm::is_none(flag)) {
                    Some(flag) => {
                        let blocking = po::is_true(&flag)?;
                        (state::loop_of(yielded)?, blocking)
                    }
                    None => return self.bad_yield(yielded),
                }
            }
        };
        if !their_loop.is(&my_loop) {
            return self.fail_soon(format!(
                "Task {} got Future {} attached to a different loop",
                repr_text(self.as_object())?,
                repr_text(yielded)?
            ));
        }
        if !blocking {
            return self.fail_soon(format!(
                "yield was used instead of yield from in task {} with {}",
                repr_text(self.as_object())?,
                repr_text(yielded)?
            ));
        }
        awaited_by_add(yielded, self.as_object())?;
        let wakeup =
            rpy_vm::object::alloc::new_exact(PyTaskWakeup { ob_base: PyObject::placeholder(), task: self.to_ref() });
        let context = self.context.get().unwrap_or_else(rpy_vm::none);
        match exact {
            Some(future) => {
                future.blocking.set(false);
                future.add_callback(wakeup.as_object(), &context)?;
            }
            None => {
                po::setattr(yielded, intern!("_asyncio_future_blocking"), Some(&rpy_vm::py_bool(false)))?;
                let add = po::getattr(yielded, intern!("add_done_callback"))?;
                let names = PyTuple::from_slice(&[intern!("context").as_object()]);
                call::call_kw(&add, &[wakeup.as_object(), &context], Some(&names))?;
            }
        }
        self.fut_waiter.set(Some(yielded.new_ref()));
        if self.must_cancel.get() && self.cancel_waiter(yielded)? {
            self.must_cancel.set(false);
        }
        Ok(())
    }

    fn cancel_waiter(&self, waiter: &PyObject) -> PyResult<bool> {
        let cancel = po::getattr(waiter, intern!("cancel"))?;
        let message = self.base.cancel_message.get().unwrap_or_else(rpy_vm::none);
        let names = PyTuple::from_slice(&[intern!("msg").as_object()]);
        po::is_true(&*call::call_kw(&cancel, &[&message], Some(&names))?)
    }

    fn bad_yield(&self, yielded: &PyObject) -> PyResult<()> {
        if yielded.downcast_ref::<PyGenerator>().is_some() {
            return self.fail_soon(format!(
                "yield was used instead of yield from for generator in task {} with {}",
                repr_text(self.as_object())?,
                repr_text(yielded)?
            ));
        }
        self.fail_soon(format!("Task got bad yield: {}", repr_text(yielded)?))
    }

    /// What the task waited for is done.
    pub fn wakeup(&self, waited_for: &PyObject) -> PyResult<()> {
        awaited_by_discard(waited_for, self.as_object())?;
        let outcome = match as_exact_future(waited_for) {
            Some(future) => future.outcome(),
            None => call::call_method(waited_for, intern!("result"), &[]),
        };
        match outcome {
            Ok(_) => self.step(None),
            Err(e) => self.step(Some(e.object())),
        }
    }

    /// Runs the first step at once.
    fn eager_start(&self) -> PyResult<()> {
        let event_loop = self.base.event_loop()?;
        let previous = state::swap_current_task(&event_loop, self.as_object())?;
        state::eager_tasks().add(self.as_object())?;
        let context = self.context.get();
        let result = match context.as_ref().and_then(|c| c.downcast_ref::<PyContext>()) {
            Some(context) if !core::ptr::eq(context, &*context::current()) => context.enter().and_then(|()| {
                let result = self.step_body(None);
                context.exit().and(result)
            }),
            _ => self.step_body(None),
        };
        state::eager_tasks().discard(self.as_object())?;
        let swapped = state::swap_current_task(&event_loop, &previous);
        if self.base.is_pending() {
            register(self);
        } else {
            self.coro.take();
        }
        swapped?;
        result
    }

    /// `Task.cancel`.
    fn cancel_task(&self, message: Option<&PyObject>) -> PyResult<bool> {
        self.base.forget_log();
        if !self.base.is_pending() {
            return Ok(false);
        }
        self.num_cancels.set(self.num_cancels.get() + 1);
        if let Some(waiter) = self.fut_waiter.get() {
            let cancel = po::getattr(&waiter, intern!("cancel"))?;
            let names = PyTuple::from_slice(&[intern!("msg").as_object()]);
            let message = message.unwrap_or(rpy_vm::none_ref());
            if po::is_true(&*call::call_kw(&cancel, &[message], Some(&names))?)? {
                // The waiter stays: it may ignore the cancellation, and then be cancelled again.
                return Ok(true);
            }
        }
        self.must_cancel.set(true);
        self.base.cancel_message.set(message.map(PyObject::new_ref));
        Ok(true)
    }

    /// Reports a task that dies before it is done.
    fn report_destroyed(&self) {
        if !self.base.is_pending() || !self.log_destroy_pending.get() || self.base.event_loop.is_null() {
            return;
        }
        let report = || -> PyResult<()> {
            let context = PyDict::new();
            context.set_name("task", self.to_obj());
            context.set_name("message", PyStr::new("Task was destroyed but it is pending!").into_obj());
            if let Some(tb) = self.base.source_traceback.get() {
                context.set_name("source_traceback", tb);
            }
            let event_loop = self.base.event_loop()?;
            call::call_method(&event_loop, intern!("call_exception_handler"), &[context.as_object()]).map(drop)
        };
        if let Err(e) = report() {
            e.write_unraisable(Some(self.as_object()));
        }
    }
}

unsafe extern "C-unwind" fn dealloc(object: *mut PyObject) {
    // SAFETY: a dead task; derived classes have run the finalizer themselves.
    unsafe {
        let this = &*(object as *const PyTask);
        if this.as_object().is_exact_type(PyTask::type_object())
            && rpy_vm::types::type_::instance::finalize_from_dealloc(this.as_object())
        {
            return;
        }
        unregister(this);
        gc::untrack(this.as_object());
        if !this.base.weakrefs.get().is_null() {
            rpy_vm::types::weakref::clear_weakrefs(this.as_object());
        }
        core::ptr::drop_in_place(object as *mut PyTask);
        free_instance(object);
    }
}

/// The next number of a task without a name.
fn next_number() -> u64 {
    use core::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[pymethods]
impl PyTask {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        rpy_vm::object::alloc::new_in(cls, PyTask::fresh()).map(Ref::into_obj)
    }

    #[pyinit(sig = "(coro, *, loop=None, name=None, context=None, eager_start=False)")]
    fn py_init(
        &self,
        coro: &PyObject,
        event_loop: Option<&PyObject>,
        name: Option<&PyObject>,
        context: Option<&PyObject>,
        eager_start: bool,
    ) -> PyResult<()> {
        self.base.initialize(event_loop)?;
        if !is_coroutine(coro)? {
            self.log_destroy_pending.set(false);
            return Err(exc::type_error(format!("a coroutine was expected, got {}", repr_text(coro)?)));
        }
        self.context.set(Some(context_or_copy(context)));
        self.fut_waiter.take();
        self.must_cancel.set(false);
        self.log_destroy_pending.set(true);
        self.num_cancels.set(0);
        self.coro.set(Some(coro.new_ref()));
        match name {
            None => {
                self.name.take();
                self.number.set(next_number());
            }
            Some(name) => self.name.set(Some(po::str(name)?.into_obj())),
        }
        if eager_start {
            let event_loop = self.base.event_loop()?;
            if po::is_true(&*call::call_method(&event_loop, intern!("is_running"), &[])?)? {
                return self.eager_start();
            }
        }
        self.step_soon(None)?;
        register(self);
        Ok(())
    }

    /// Request that this task cancel itself.
    ///
    /// This arranges for a CancelledError to be thrown into the
    /// wrapped coroutine on the next cycle through the event loop.
    /// The coroutine then has a chance to clean up or even deny
    /// the request using try/except/finally.
    ///
    /// Unlike Future.cancel, this does not guarantee that the
    /// task will be cancelled: the exception might be caught and
    /// acted upon, delaying cancellation of the task or preventing
    /// cancellation completely.  The task may also return a value or
    /// raise a different exception.
    ///
    /// Immediately after this method is called, Task.cancelled() will
    /// not return True (unless the task was already cancelled).  A
    /// task will be marked as cancelled when the wrapped coroutine
    /// terminates with a CancelledError exception (even if cancel()
    /// was not called).
    ///
    /// This also increases the task's count of cancellation requests.
    #[pymethod(sig = "($self, /, msg=None)")]
    fn cancel(&self, msg: Option<&PyObject>) -> PyResult<bool> {
        self.cancel_task(msg)
    }

    /// Return the count of the task's cancellation requests.
    ///
    /// This count is incremented when .cancel() is called
    /// and may be decremented using .uncancel().
    #[pymethod]
    fn cancelling(&self) -> i64 {
        self.num_cancels.get()
    }

    /// Decrement the task's count of cancellation requests.
    ///
    /// This should be used by tasks that catch CancelledError
    /// and wish to continue indefinitely until they are cancelled again.
    ///
    /// Returns the remaining number of cancellation requests.
    #[pymethod]
    fn uncancel(&self) -> i64 {
        if self.num_cancels.get() > 0 {
            self.num_cancels.set(self.num_cancels.get() - 1);
            if self.num_cancels.get() == 0 {
                self.must_cancel.set(false);
            }
        }
        self.num_cancels.get()
    }

    /// Return the list of stack frames for this task's coroutine.
    ///
    /// If the coroutine is not done, this returns the stack where it is
    /// suspended.  If the coroutine has completed successfully or was
    /// cancelled, this returns an empty list.  If the coroutine was
    /// terminated by an exception, this returns the list of traceback
    /// frames.
    ///
    /// The frames are always ordered from oldest to newest.
    ///
    /// The optional limit gives the maximum number of frames to
    /// return; by default all available frames are returned.  Its
    /// meaning differs depending on whether a stack or a traceback is
    /// returned: the newest frames of a stack are returned, but the
    /// oldest frames of a traceback are returned.  (This matches the
    /// behavior of the traceback module.)
    ///
    /// For reasons beyond our control, only one stack frame is
    /// returned for a suspended coroutine.
    #[pymethod(sig = "($self, /, *, limit=None)")]
    fn get_stack(&self, limit: Option<&PyObject>) -> PyResult<ObjRef> {
        call::call(&*library::TASK_GET_STACK.get()?, &[self.as_object(), limit.unwrap_or(rpy_vm::none_ref())])
    }

    /// Print the stack or traceback for this task's coroutine.
    ///
    /// This produces output similar to that of the traceback module,
    /// for the frames retrieved by get_stack().  The limit argument
    /// is passed to get_stack().  The file argument is an I/O stream
    /// to which the output is written; by default output is written
    /// to sys.stderr.
    #[pymethod(sig = "($self, /, *, limit=None, file=None)")]
    fn print_stack(&self, limit: Option<&PyObject>, file: Option<&PyObject>) -> PyResult<ObjRef> {
        let none = rpy_vm::none_ref();
        call::call(&*library::TASK_PRINT_STACK.get()?, &[self.as_object(), limit.unwrap_or(none), file.unwrap_or(none)])
    }

    #[pymethod(sig = "($self, result, /)")]
    fn set_result(&self, _result: &PyObject) -> PyResult<()> {
        Err(exc::runtime_error("Task does not support set_result operation"))
    }

    #[pymethod(sig = "($self, exception, /)")]
    fn set_exception(&self, _exception: &PyObject) -> PyResult<()> {
        Err(exc::runtime_error("Task does not support set_exception operation"))
    }

    #[pymethod]
    fn get_coro(&self) -> Option<ObjRef> {
        self.coro.get()
    }

    #[pymethod]
    fn get_context(&self) -> Option<ObjRef> {
        self.context.get()
    }

    #[pymethod]
    fn get_name(&self) -> ObjRef {
        match self.name.get() {
            Some(name) => name,
            None if self.number.get() == 0 => rpy_vm::none(),
            None => {
                let name = PyStr::from_string(format!("Task-{}", self.number.get())).into_obj();
                self.name.set(Some(name.clone()));
                name
            }
        }
    }

    #[pymethod(sig = "($self, value, /)")]
    fn set_name(&self, value: &PyObject) -> PyResult<()> {
        self.name.set(Some(po::str(value)?.into_obj()));
        Ok(())
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult<ObjRef> {
        rpy_vm::types::list::class_getitem(cls, item)
    }

    #[pygetset]
    fn _log_destroy_pending(&self) -> bool {
        self.log_destroy_pending.get()
    }
    #[pygetset(setter, name = "_log_destroy_pending")]
    fn set_log_destroy_pending(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(exc::attribute_error_msg("cannot delete attribute")) };
        self.log_destroy_pending.set(po::is_true(value)?);
        Ok(())
    }

    #[pygetset]
    fn _must_cancel(&self) -> bool {
        self.must_cancel.get()
    }

    #[pygetset]
    fn _coro(&self) -> Option<ObjRef> {
        self.coro.get()
    }

    #[pygetset]
    fn _fut_waiter(&self) -> Option<ObjRef> {
        self.fut_waiter.get()
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        call::call_one(&*library::TASK_REPR.get()?, self.as_object())
    }

    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        future::new_iterator(&self.base)
    }

    #[slot]
    fn am_await(&self) -> PyResult<ObjRef> {
        future::new_iterator(&self.base)
    }

    #[slot]
    fn tp_finalize(&self) {
        self.report_destroyed();
        self.base.report_unretrieved();
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.base.traverse_base(v);
        self.coro.traverse(v);
        self.name.traverse(v);
        self.context.traverse(v);
        self.fut_waiter.traverse(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.base.clear_base();
        self.coro.take();
        self.context.take();
        self.fut_waiter.take();
    }
}

/// What the loop calls for a step.
#[pyclass(name = "TaskStepMethWrapper", module = "_asyncio", gc, no_new, hidden)]
#[repr(C)]
pub struct PyTaskStep {
    pub ob_base: PyObject,
    task: Ref<PyTask>,
    exception: OptRef,
}

#[pymethods]
impl PyTaskStep {
    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        if !args.is_empty() || kwargs.is_some_and(|k| !k.is_empty()) {
            return Err(exc::type_error("function takes no positional arguments"));
        }
        let exception = self.exception.get();
        self.task.step(exception.as_deref())?;
        Ok(rpy_vm::none())
    }

    #[pygetset(name = "__self__")]
    fn receiver(&self) -> ObjRef {
        self.task.to_obj()
    }

    #[pygetset(name = "__qualname__")]
    fn qualname(&self) -> PyResult<ObjRef> {
        let coro = self.task.coro.get().unwrap_or_else(rpy_vm::none);
        po::getattr(&coro, intern!("__qualname__"))
    }
}

/// What a future calls when it is done and a task waits for it.
#[pyclass(name = "TaskWakeupMethWrapper", module = "_asyncio", gc, no_new, hidden)]
#[repr(C)]
pub struct PyTaskWakeup {
    pub ob_base: PyObject,
    task: Ref<PyTask>,
}

#[pymethods]
impl PyTaskWakeup {
    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        if args.len() != 1 || kwargs.is_some_and(|k| !k.is_empty()) {
            return Err(exc::type_error("task_wakeup() takes exactly one argument"));
        }
        self.task.wakeup(args.items()[0])?;
        Ok(rpy_vm::none())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        Ok(format!("<built-in method task_wakeup of _asyncio.Task object at {:#x}>", self.task.as_raw() as usize))
    }

    #[pygetset(name = "__self__")]
    fn receiver(&self) -> ObjRef {
        self.task.to_obj()
    }

    #[pygetset(name = "__name__")]
    fn name(&self) -> ObjRef {
        intern!("task_wakeup").to_obj()
    }

    #[pygetset(name = "__qualname__")]
    fn qualname(&self) -> ObjRef {
        intern!("Task.task_wakeup").to_obj()
    }
}
