//! `pystate.h`, `ceval.h`, `pylifecycle.h`: the states of threads, the GIL, the interpreter.

use core::ffi::{c_char, c_int, c_ulong, c_void};
use core::sync::atomic::Ordering;

use rpy_vm::runtime::thread::{self, PyThreadState};
use rpy_vm::runtime::{gil, gilstate, signals};
use rpy_vm::types::dict::PyDict;
use rpy_vm::PyObject;

use crate::border::{Borrowed, Out, Void, lossy};

exports! {
    /// The running thread's state; fatal without one.
    fn PyThreadState_Get() -> *mut PyThreadState {
        match thread::try_current() {
            Some(state) => core::ptr::from_ref(state).cast_mut(),
            None => fatal("PyThreadState_Get", "the function must be called with the GIL held, after Python initialization"),
        }
    }
    /// The running thread's state, or NULL.
    fn PyThreadState_GetUnchecked() -> *mut PyThreadState {
        thread::try_current().map_or(core::ptr::null_mut(), |state| core::ptr::from_ref(state).cast_mut())
    }
    /// The running thread's state, or NULL.
    fn _PyThreadState_UncheckedGet() -> *mut PyThreadState {
        thread::try_current().map_or(core::ptr::null_mut(), |state| core::ptr::from_ref(state).cast_mut())
    }
    /// Makes a state the running thread's (NULL: none), with the GIL handed over; the previous one.
    fn PyThreadState_Swap(state: *mut PyThreadState) -> *mut PyThreadState {
        let old = match thread::try_current() {
            Some(_) => core::ptr::from_ref(gil::release()).cast_mut(),
            None => core::ptr::null_mut(),
        };
        if let Some(state) = state.as_ref() {
            gil::acquire(state);
        }
        old
    }
    /// A new thread state; the thread that uses it binds it.
    fn PyThreadState_New(_interpreter: Void) -> *mut PyThreadState {
        core::ptr::from_ref(thread::new_state()).cast_mut()
    }
    /// Drops what a thread state refers to.
    fn PyThreadState_Clear(state: &PyThreadState) {
        gilstate::clear(state);
    }
    /// Deletes a thread state that is not in use.
    fn PyThreadState_Delete(state: *mut PyThreadState) {
        thread::delete_state(state);
    }
    /// Deletes the running thread's state and lets go of the GIL.
    fn PyThreadState_DeleteCurrent() {
        gil::release_and_delete(thread::current());
    }
    /// The interpreter of a thread state.
    fn PyThreadState_GetInterpreter(state: &PyThreadState) -> Void {
        state.interp.get()
    }
    /// The number of a thread state.
    fn PyThreadState_GetID(state: &PyThreadState) -> u64 {
        state.id.get()
    }
    /// The frame a thread runs, a new reference; NULL if none.
    fn PyThreadState_GetFrame(state: &PyThreadState) -> Out {
        crate::frameobject::frame_of(state).map_or(core::ptr::null_mut(), |frame| frame.into_raw() as Out)
    }
    /// A dict of the thread, borrowed; NULL without an exception if there is no thread state.
    fn PyThreadState_GetDict() -> Borrowed {
        let Some(state) = thread::try_current() else { return core::ptr::null_mut() };
        if state.dict.is_null() {
            state.dict.set(Some(PyDict::new().into_obj()));
        }
        state.dict.as_raw()
    }
    /// Raises an exception in another thread: the number of threads found. NULL takes it back.
    fn PyThreadState_SetAsyncExc(id: c_ulong, class: Option<&PyObject>) -> c_int {
        let mut found = 0;
        let mut old = Vec::new();
        thread::for_each(|state| {
            if state.thread_id.get() == id {
                old.push(state.async_exc.replace(class.map(PyObject::new_ref)));
                state.eval_breaker.fetch_or(thread::breaker::ASYNC_EXCEPTION, Ordering::Relaxed);
                found += 1;
            }
        });
        drop(old);
        found
    }
    /// The next thread state in the list of all.
    fn PyThreadState_Next(state: &PyThreadState) -> *mut PyThreadState {
        state.next.get()
    }
    /// The first thread state in the list of all.
    fn PyInterpreterState_ThreadHead(_interpreter: Void) -> *mut PyThreadState {
        let mut head = core::ptr::null_mut();
        thread::for_each(|state| {
            if state.prev.get().is_null() {
                head = core::ptr::from_ref(state).cast_mut();
            }
        });
        head
    }
    /// Forbids tracing for a while.
    fn PyThreadState_EnterTracing(state: &PyThreadState) {
        state.tracing.set(state.tracing.get() + 1);
    }
    /// The counterpart of `PyThreadState_EnterTracing`.
    fn PyThreadState_LeaveTracing(state: &PyThreadState) {
        state.tracing.set(state.tracing.get() - 1);
    }
    /// The interpreter of the running thread.
    fn PyInterpreterState_Get() -> Void {
        interpreter()
    }
    /// The first interpreter.
    fn PyInterpreterState_Main() -> Void {
        interpreter()
    }
    /// The head of the list of interpreters.
    fn PyInterpreterState_Head() -> Void {
        interpreter()
    }
    /// The next interpreter: there is none.
    fn PyInterpreterState_Next(_interpreter: Void) -> Void {
        core::ptr::null_mut()
    }
    /// The number of an interpreter.
    fn PyInterpreterState_GetID(_interpreter: Void) -> i64 {
        thread::INTERPRETER.id
    }
    /// A dict of the interpreter for extensions, borrowed.
    fn PyInterpreterState_GetDict(_interpreter: Void) -> Borrowed {
        if INTERPRETER_DICT.0.is_null() {
            INTERPRETER_DICT.0.set(Some(PyDict::new()));
        }
        INTERPRETER_DICT.0.as_raw() as Borrowed
    }

    /// Lets go of the GIL; the state to give to `PyEval_RestoreThread`.
    fn PyEval_SaveThread() -> *mut PyThreadState {
        core::ptr::from_ref(gil::release()).cast_mut()
    }
    /// Takes the GIL again.
    fn PyEval_RestoreThread(state: &'static PyThreadState) {
        let errno = *libc::__errno_location();
        gil::acquire(state);
        *libc::__errno_location() = errno;
    }
    /// Takes the GIL for a state.
    fn PyEval_AcquireThread(state: &'static PyThreadState) {
        gil::acquire(state);
    }
    /// Lets go of the GIL.
    fn PyEval_ReleaseThread(_state: &PyThreadState) {
        gil::release();
    }
    /// Threads need no setting up.
    fn PyEval_InitThreads() {}
    /// Threads are always set up.
    fn PyEval_ThreadsInitialized() -> c_int {
        1
    }
    /// Makes the calling thread, of whatever origin, ready to run Python: `PyGILState_LOCKED` 0 if it was, `UNLOCKED` 1 if not.
    fn PyGILState_Ensure() -> c_int {
        c_int::from(gilstate::enter())
    }
    /// The counterpart of `PyGILState_Ensure`.
    fn PyGILState_Release(old: c_int) {
        gilstate_release(old == 1);
    }
    /// The calling thread's state, or NULL if it never had one.
    fn PyGILState_GetThisThreadState() -> *mut PyThreadState {
        thread::bound().map_or(core::ptr::null_mut(), |state| core::ptr::from_ref(state).cast_mut())
    }
    /// Does the calling thread hold the GIL?
    fn PyGILState_Check() -> c_int {
        c_int::from(thread::try_current().is_some())
    }

    /// Is the interpreter running?
    fn Py_IsInitialized() -> c_int {
        1
    }
    /// Is the interpreter shutting down?
    fn Py_IsFinalizing() -> c_int {
        c_int::from(rpy_vm::sysmodule::functions::is_finalizing())
    }
    /// Calls a function on the main thread at the next opportunity: 0, or -1 if too many wait.
    fn Py_AddPendingCall(function: unsafe extern "C-unwind" fn(*mut c_void) -> c_int, argument: Void) -> c_int {
        if signals::add_pending_call(function, argument) { 0 } else { -1 }
    }
    /// Makes the calls that wait.
    fn Py_MakePendingCalls() -> c_int = () {
        signals::run_pending_calls()
    }
    /// The version text.
    fn Py_GetVersion() -> *const c_char {
        version_text()
    }
    /// The platform's name.
    fn Py_GetPlatform() -> *const c_char {
        c"linux".as_ptr()
    }
    /// Ends the process because of a fault.
    fn Py_FatalError(message: *const c_char) {
        fatal("Py_FatalError", &lossy(message));
    }
    /// Ends the process because of a fault in a function.
    fn _Py_FatalErrorFunc(function: *const c_char, message: *const c_char) {
        fatal(&lossy(function), &lossy(message));
    }
    /// Ends the process as at the end of the program: `atexit` functions run, files are flushed.
    fn Py_Exit(status: c_int) {
        rpy_vm::startup::end(status);
    }
    /// Calls a function at the end of the process.
    fn Py_AtExit(function: unsafe extern "C" fn()) -> c_int {
        libc::atexit(core::mem::transmute::<unsafe extern "C" fn(), extern "C" fn()>(function))
    }

    /// `PyOS_InterruptOccurred`: has SIGINT arrived?
    fn PyOS_InterruptOccurred() -> c_int {
        c_int::from(signals::take_interrupt())
    }
    /// The recursion limit.
    fn Py_GetRecursionLimit() -> c_int {
        thread::recursion_limit()
    }
    /// Sets the recursion limit.
    fn Py_SetRecursionLimit(limit: c_int) {
        thread::set_recursion_limit(limit);
    }
    /// Makes an object immortal; the collector need not look at it any more.
    fn _Py_SetImmortal(object: &PyObject) {
        if rpy_vm::runtime::gc::is_gc(object) {
            rpy_vm::runtime::gc::untrack(object);
        }
        object.make_immortal();
    }
    /// Makes an object immortal.
    fn PyUnstable_SetImmortal(object: &PyObject) -> c_int {
        object.make_immortal();
        1
    }
}

fn interpreter() -> Void {
    (&raw const thread::INTERPRETER) as Void
}

struct InterpreterDict(rpy_vm::OptRef<PyDict>);
static INTERPRETER_DICT: InterpreterDict = InterpreterDict(rpy_vm::OptRef::NULL);

/// Says why and ends the process with a core dump, as CPython does.
pub fn fatal(function: &str, message: &str) -> ! {
    eprintln!("Fatal Python error: {function}: {message}");
    std::process::abort()
}

/// `sys.version`, kept for ever.
fn version_text() -> *const c_char {
    static TEXT: std::sync::OnceLock<std::ffi::CString> = std::sync::OnceLock::new();
    TEXT.get_or_init(|| {
        let version = rpy_vm::runtime::sys_state::get("version");
        let text = version.as_ref().and_then(|text| text.downcast_ref::<rpy_vm::types::str::PyStr>());
        let text = text.map_or_else(|| "3.14".to_owned(), |text| text.to_string_lossy().into_owned());
        std::ffi::CString::new(text).unwrap_or_default()
    })
    .as_ptr()
}

fn gilstate_release(taken: bool) {
    if !gilstate::leave(taken) {
        fatal("PyGILState_Release", "thread state must be current");
    }
}
