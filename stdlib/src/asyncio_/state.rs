//! The running loop and the running task of each thread, and sets of tasks.

use core::cell::{Cell, RefCell};

use rpy_vm::object::OptRef;
use rpy_vm::protocol::{call, object as po};
use rpy_vm::types::set::PySet;
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

use super::library::{EVENT_LOOP_POLICY, repr_text};

/// What a thread runs. Entries live as long as the process: other threads look into them.
struct ThreadEntry {
    running_loop: OptRef,
    running_task: OptRef,
}

struct Entries(RefCell<Vec<&'static ThreadEntry>>);
// SAFETY: touched under the GIL.
unsafe impl Sync for Entries {}
static ENTRIES: Entries = Entries(RefCell::new(Vec::new()));

thread_local! {
    static ENTRY: Cell<Option<&'static ThreadEntry>> = const { Cell::new(None) };
}

/// The calling thread's entry.
fn entry() -> &'static ThreadEntry {
    if let Some(entry) = ENTRY.get() {
        return entry;
    }
    let entry: &'static ThreadEntry =
        Box::leak(Box::new(ThreadEntry { running_loop: OptRef::NULL, running_task: OptRef::NULL }));
    ENTRIES.0.borrow_mut().push(entry);
    ENTRY.set(Some(entry));
    entry
}

/// After `fork` in the child: the loop and the task run in the parent.
pub fn after_fork_child() {
    let entries = core::mem::take(&mut *ENTRIES.0.borrow_mut());
    ENTRY.set(None);
    for entry in entries {
        entry.running_loop.take();
        entry.running_task.take();
    }
}

static SCHEDULED: OptRef = OptRef::NULL;
static EAGER: OptRef<PySet> = OptRef::NULL;

/// Keeps the sets of the module.
pub fn install(scheduled: ObjRef, eager: rpy_vm::Ref<PySet>) {
    if SCHEDULED.is_null() {
        SCHEDULED.set(Some(scheduled));
    }
    if EAGER.is_null() {
        EAGER.set(Some(eager));
    }
}

/// The weak set of scheduled tasks that are not of our own class.
pub fn scheduled_tasks() -> Option<ObjRef> {
    SCHEDULED.get()
}

/// The set of tasks in their first, eager step.
pub fn eager_tasks() -> rpy_vm::Ref<PySet> {
    match EAGER.get() {
        Some(set) => set,
        None => {
            let set = PySet::new();
            EAGER.set(Some(set.clone()));
            set
        }
    }
}

/// The running loop of the calling thread.
pub fn running_loop() -> Option<ObjRef> {
    entry().running_loop.get()
}

/// Sets or (with None) clears the calling thread's running loop.
pub fn set_running_loop(event_loop: &PyObject) {
    let event_loop = if rpy_vm::is_none(event_loop) { None } else { Some(event_loop.new_ref()) };
    entry().running_loop.set(event_loop);
}

/// The running loop, or the one that the policy gives.
pub fn event_loop() -> PyResult<ObjRef> {
    if let Some(event_loop) = running_loop() {
        return Ok(event_loop);
    }
    let policy = call::call_noargs(&*EVENT_LOOP_POLICY.get()?)?;
    call::call_method(&policy, rpy_vm::intern!("get_event_loop"), &[])
}

/// Refuses a loop that does not run in this thread.
fn check_loop(entry: &ThreadEntry, event_loop: &PyObject) -> PyResult<()> {
    if entry.running_loop.peek().is_some_and(|running| running.is(event_loop)) {
        Ok(())
    } else {
        Err(exc::runtime_error(format!("loop {} is not the running loop", repr_text(event_loop)?)))
    }
}

/// A task of the loop begins or goes on.
pub fn enter_task(event_loop: &PyObject, task: &PyObject) -> PyResult<()> {
    let entry = entry();
    check_loop(entry, event_loop)?;
    if let Some(current) = entry.running_task.get() {
        return Err(exc::runtime_error(format!(
            "Cannot enter into task {} while another task {} is being executed.",
            repr_text(task)?,
            repr_text(&current)?
        )));
    }
    entry.running_task.set(Some(task.new_ref()));
    Ok(())
}

/// A task of the loop is suspended or ends.
pub fn leave_task(event_loop: &PyObject, task: &PyObject) -> PyResult<()> {
    let entry = entry();
    check_loop(entry, event_loop)?;
    let current = entry.running_task.get();
    if current.as_ref().is_some_and(|current| current.is(task)) {
        entry.running_task.take();
        return Ok(());
    }
    Err(exc::runtime_error(format!(
        "Invalid attempt to leave task {} while task {} is entered.",
        repr_text(task)?,
        repr_text(current.as_deref().unwrap_or(rpy_vm::none_ref()))?
    )))
}

/// Replaces the running task; gives the old one.
pub fn swap_current_task(event_loop: &PyObject, task: &PyObject) -> PyResult<ObjRef> {
    let entry = entry();
    check_loop(entry, event_loop)?;
    let new = if rpy_vm::is_none(task) { None } else { Some(task.new_ref()) };
    Ok(entry.running_task.replace(new).unwrap_or_else(rpy_vm::none))
}

/// The running task of a loop, whichever thread runs it.
pub fn current_task(event_loop: &PyObject) -> Option<ObjRef> {
    let mine = entry();
    if mine.running_loop.peek().is_some_and(|running| running.is(event_loop)) {
        return mine.running_task.get();
    }
    let entries = ENTRIES.0.borrow().clone();
    entries
        .iter()
        .find(|entry| entry.running_loop.peek().is_some_and(|running| running.is(event_loop)))
        .and_then(|entry| entry.running_task.get())
}

/// The loop of a future of any class.
pub fn loop_of(future: &PyObject) -> PyResult<ObjRef> {
    if let Some(future) = super::future::as_future(future) {
        return future.event_loop();
    }
    match po::getattr_opt(future, rpy_vm::intern!("get_loop"))? {
        Some(get_loop) => call::call_noargs(&get_loop),
        None => po::getattr(future, rpy_vm::intern!("_loop")),
    }
}
