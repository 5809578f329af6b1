//! `_asyncio`: `Future` and `Task` of `asyncio`, and who runs where.
//!
//! | File | What |
//! |---|---|
//! | `library` | names of `asyncio`'s Python modules, looked up when first needed |
//! | `state` | the running loop and task of each thread, and the list of all tasks |
//! | `future` | `Future` and the iterator that `await` uses |
//! | `task` | `Task`: steps a coroutine |

pub mod future;
pub mod library;
pub mod state;
pub mod task;

use rpy_vm::{ObjRef, PyObject, PyResult, exc, pymodule};

/// Accelerator module for asyncio
#[pymodule(name = "_asyncio")]
pub mod asyncio_ {
    use super::*;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::set::PySet;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{PyClass, PyStruct};

    /// Return the running event loop or None.
    ///
    /// This is a low-level function intended to be used by event loops.
    /// This function is thread-specific.
    #[pyfunction]
    fn _get_running_loop() -> ObjRef {
        state::running_loop().unwrap_or_else(rpy_vm::none)
    }

    /// Set the running event loop.
    ///
    /// This is a low-level function intended to be used by event loops.
    /// This function is thread-specific.
    #[pyfunction(sig = "(loop, /)")]
    fn _set_running_loop(event_loop: &PyObject) {
        state::set_running_loop(event_loop);
    }

    /// Return the running event loop.  Raise a RuntimeError if there is none.
    ///
    /// This function is thread-specific.
    #[pyfunction]
    fn get_running_loop() -> PyResult<ObjRef> {
        state::running_loop().ok_or_else(|| exc::runtime_error("no running event loop"))
    }

    /// Return an asyncio event loop.
    ///
    /// When called from a coroutine or a callback (e.g. scheduled with
    /// call_soon or similar API), this function will always return the
    /// running event loop.
    ///
    /// If there is no running event loop set, the function will return
    /// the result of `get_event_loop_policy().get_event_loop()` call.
    #[pyfunction]
    fn get_event_loop() -> PyResult<ObjRef> {
        state::event_loop()
    }

    /// Return a currently executed task.
    #[pyfunction(sig = "(loop=None)")]
    fn current_task(event_loop: Option<&PyObject>) -> PyResult<ObjRef> {
        let event_loop = match event_loop {
            Some(event_loop) => event_loop.new_ref(),
            None => get_running_loop()?,
        };
        Ok(state::current_task(&event_loop).unwrap_or_else(rpy_vm::none))
    }

    /// Return a set of all tasks for the loop.
    #[pyfunction(sig = "(loop=None)")]
    fn all_tasks(event_loop: Option<&PyObject>) -> PyResult<ObjRef> {
        let event_loop = match event_loop {
            Some(event_loop) => event_loop.new_ref(),
            None => get_running_loop()?,
        };
        task::all_tasks(&event_loop)
    }

    /// Register a new task in asyncio as executed by loop.
    ///
    /// Returns None.
    #[pyfunction(sig = "(task)")]
    fn _register_task(task: &PyObject) -> PyResult<()> {
        task::register_any(task)
    }

    /// Register a new task in asyncio as executed by loop.
    ///
    /// Returns None.
    #[pyfunction(sig = "(task)")]
    fn _register_eager_task(task: &PyObject) -> PyResult<()> {
        state::eager_tasks().add(task)
    }

    /// Unregister a task.
    ///
    /// Returns None.
    #[pyfunction(sig = "(task)")]
    fn _unregister_task(task: &PyObject) -> PyResult<()> {
        task::unregister_any(task)
    }

    /// Unregister a task.
    ///
    /// Returns None.
    #[pyfunction(sig = "(task)")]
    fn _unregister_eager_task(task: &PyObject) -> PyResult<()> {
        state::eager_tasks().discard(task).map(drop)
    }

    /// Enter into task execution or resume suspended task.
    ///
    /// Task belongs to loop.
    ///
    /// Returns None.
    #[pyfunction(sig = "(loop, task)")]
    fn _enter_task(event_loop: &PyObject, task: &PyObject) -> PyResult<()> {
        state::enter_task(event_loop, task)
    }

    /// Leave task execution or suspend a task.
    ///
    /// Task belongs to loop.
    ///
    /// Returns None.
    #[pyfunction(sig = "(loop, task)")]
    fn _leave_task(event_loop: &PyObject, task: &PyObject) -> PyResult<()> {
        state::leave_task(event_loop, task)
    }

    /// Temporarily swap in the supplied task and return the original one (or None).
    ///
    /// This is intended for use during eager coroutine execution.
    #[pyfunction(sig = "(loop, task)")]
    fn _swap_current_task(event_loop: &PyObject, task: &PyObject) -> PyResult<ObjRef> {
        state::swap_current_task(event_loop, task)
    }

    /// Record that `fut` is awaited on by `waiter`.
    #[pyfunction(sig = "(fut, waiter, /)")]
    fn future_add_to_awaited_by(fut: &PyObject, waiter: &PyObject) -> PyResult<()> {
        if future::as_future(waiter).is_some() { future::awaited_by_add(fut, waiter) } else { Ok(()) }
    }

    /// Record that `fut` is not awaited on by `waiter` any more.
    #[pyfunction(sig = "(fut, waiter, /)")]
    fn future_discard_from_awaited_by(fut: &PyObject, waiter: &PyObject) -> PyResult<()> {
        if future::as_future(waiter).is_some() { future::awaited_by_discard(fut, waiter) } else { Ok(()) }
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<future::PyFuture>(module)?;
        add_class::<task::PyTask>(module)?;
        for ty in
            [future::PyFutureIter::type_object(), task::PyTaskStep::type_object(), task::PyTaskWakeup::type_object()]
        {
            ensure_ready(ty)?;
        }
        let weakref = rpy_vm::import::import_module("weakref")?;
        let weak_set = rpy_vm::protocol::object::getattr(&weakref, rpy_vm::intern!("WeakSet"))?;
        let scheduled = rpy_vm::protocol::call::call_noargs(&weak_set)?;
        state::install(scheduled.clone(), PySet::new());
        module.add("_scheduled_tasks", scheduled)?;
        module.add("_eager_tasks", state::eager_tasks().to_obj())
    }
}

pub use asyncio_::MODULE;
