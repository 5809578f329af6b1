//! `pystate.h`, `ceval.h`, `pythread.h`, `pylifecycle.h`: threads, the GIL, locks, the interpreter.

use core::ffi::{c_char, c_int, c_long, c_ulong, c_void};
use core::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

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
    /// As `PyThread_get_thread_ident`.
    fn PyThread_get_thread_ident_ex() -> c_ulong {
        libc::pthread_self()
    }
    /// Thread-specific storage outlives a `fork` by itself.
    fn PyThread_ReInitTLS() {}
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
    /// Ends the process.
    fn Py_Exit(status: c_int) {
        rpy_vm::runtime::sys_state::flush_std_files();
        std::process::exit(status);
    }
    /// Calls a function at the end of the process.
    fn Py_AtExit(function: unsafe extern "C" fn()) -> c_int {
        libc::atexit(core::mem::transmute::<unsafe extern "C" fn(), extern "C" fn()>(function))
    }

    /// A new lock, or NULL.
    fn PyThread_allocate_lock() -> *mut Lock {
        Box::into_raw(Box::new(Lock { locked: Mutex::new(false), freed: Condvar::new() }))
    }
    /// Frees a lock.
    fn PyThread_free_lock(lock: *mut Lock) {
        if !lock.is_null() {
            drop(Box::from_raw(lock));
        }
    }
    /// Takes a lock; waits if asked to. 1 if it was taken.
    fn PyThread_acquire_lock(lock: &Lock, wait: c_int) -> c_int {
        c_int::from(lock.acquire(if wait != 0 { -1 } else { 0 }))
    }
    /// Takes a lock, waiting at most some microseconds (-1: for ever). 1 if it was taken, 0 if not.
    fn PyThread_acquire_lock_timed(lock: &Lock, microseconds: i64, _interruptible: c_int) -> c_int {
        c_int::from(lock.acquire(microseconds))
    }
    /// Gives a lock back.
    fn PyThread_release_lock(lock: &Lock) {
        lock.release();
    }
    /// The calling thread's identifier.
    fn PyThread_get_thread_ident() -> c_ulong {
        libc::pthread_self()
    }
    /// The calling thread's number in the operating system.
    fn PyThread_get_thread_native_id() -> c_ulong {
        libc::syscall(libc::SYS_gettid) as c_ulong
    }
    /// Threads need no setting up.
    fn PyThread_init_thread() {}
    /// Makes a key for thread-specific storage, once.
    fn PyThread_tss_create(key: &mut ThreadKey) -> c_int {
        if key.initialized != 0 {
            return 0;
        }
        let status = libc::pthread_key_create(&mut key.key, None);
        if status != 0 {
            return -1;
        }
        key.initialized = 1;
        0
    }
    /// Deletes a key.
    fn PyThread_tss_delete(key: &mut ThreadKey) {
        if key.initialized != 0 {
            libc::pthread_key_delete(key.key);
            key.initialized = 0;
        }
    }
    /// Has the key been made?
    fn PyThread_tss_is_created(key: &ThreadKey) -> c_int {
        c_int::from(key.initialized != 0)
    }
    /// The calling thread's value, or NULL.
    fn PyThread_tss_get(key: &ThreadKey) -> Void {
        libc::pthread_getspecific(key.key)
    }
    /// Sets the calling thread's value.
    fn PyThread_tss_set(key: &ThreadKey, value: Void) -> c_int {
        if libc::pthread_setspecific(key.key, value) == 0 { 0 } else { -1 }
    }
    /// A key in memory of its own.
    fn PyThread_tss_alloc() -> *mut ThreadKey {
        Box::into_raw(Box::new(ThreadKey { initialized: 0, key: 0 }))
    }
    /// Deletes and frees a key.
    fn PyThread_tss_free(key: *mut ThreadKey) {
        if !key.is_null() {
            PyThread_tss_delete(&mut *key);
            drop(Box::from_raw(key));
        }
    }

    /// The slow path of taking a one-byte mutex: another thread has it.
    fn PyMutex_Lock(mutex: &AtomicU8) {
        mutex_lock(mutex, None, false);
    }
    /// `_PyMutex_LockTimed` of `pycore_lock.h`: takes the mutex if it is free within so many nanoseconds (no limit if negative). 1, or 0
    /// when the time is over, or 2 when a signal has arrived whose handler the caller wants to run (bit 1 of `flags`).
    fn _PyMutex_LockTimed(mutex: &AtomicU8, nanoseconds: i64, flags: c_int) -> c_int {
        let limit = u64::try_from(nanoseconds).ok().map(Duration::from_nanos);
        mutex_lock(mutex, limit, flags & HANDLES_SIGNALS != 0) as c_int
    }
    /// The slow path of giving a one-byte mutex back: somebody waits for it.
    fn PyMutex_Unlock(mutex: &AtomicU8) {
        mutex_unlock(mutex);
    }
    /// Is the mutex taken?
    fn PyMutex_IsLocked(mutex: &AtomicU8) -> c_int {
        c_int::from(mutex.load(Ordering::Relaxed) & LOCKED != 0)
    }
    /// With a GIL, critical sections need nothing.
    fn PyCriticalSection_Begin(_section: Void, _object: *mut PyObject) {}
    /// With a GIL, critical sections need nothing.
    fn PyCriticalSection_End(_section: Void) {}
    /// With a GIL, critical sections need nothing.
    fn PyCriticalSection2_Begin(_section: Void, _a: *mut PyObject, _b: *mut PyObject) {}
    /// With a GIL, critical sections need nothing.
    fn PyCriticalSection2_End(_section: Void) {}
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
fn fatal(function: &str, message: &str) -> ! {
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

/// A lock that any thread may give back (`PyThread_type_lock`).
pub struct Lock {
    locked: Mutex<bool>,
    freed: Condvar,
}

impl Lock {
    fn acquire(&self, microseconds: i64) -> bool {
        let mut locked = self.locked.lock().unwrap_or_else(|e| e.into_inner());
        if microseconds < 0 {
            while *locked {
                locked = self.freed.wait(locked).unwrap_or_else(|e| e.into_inner());
            }
        } else if *locked && microseconds > 0 {
            let limit = Duration::from_micros(microseconds as u64);
            locked = self.freed.wait_timeout_while(locked, limit, |locked| *locked).unwrap_or_else(|e| e.into_inner()).0;
        }
        let taken = !*locked;
        *locked = true;
        taken
    }

    fn release(&self) {
        *self.locked.lock().unwrap_or_else(|e| e.into_inner()) = false;
        self.freed.notify_one();
    }
}

/// `Py_tss_t`.
#[repr(C)]
pub struct ThreadKey {
    initialized: c_int,
    key: libc::pthread_key_t,
}

const _: () = assert!(size_of::<ThreadKey>() == 8 && size_of::<c_long>() == 8);

const LOCKED: u8 = 1;
const HAS_WAITERS: u8 = 2;

/// Threads that wait for any one-byte mutex.
static PARKED: Mutex<()> = Mutex::new(());
static UNPARKED: Condvar = Condvar::new();

/// A flag of `_PyMutex_LockTimed`.
const HANDLES_SIGNALS: c_int = 2;
/// How long a thread that is to notice signals sleeps at a time: they need not interrupt it.
const SLICE: Duration = Duration::from_millis(20);

/// `PyLockStatus`.
#[derive(Clone, Copy)]
enum LockStatus {
    Failure = 0,
    Acquired = 1,
    Interrupted = 2,
}

/// Takes a `PyMutex`. While waiting the GIL is free, so that its holder may run.
fn mutex_lock(mutex: &AtomicU8, limit: Option<Duration>, handles_signals: bool) -> LockStatus {
    if mutex.compare_exchange(0, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
        return LockStatus::Acquired;
    }
    let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
    let wait = || {
        let mut guard = PARKED.lock().unwrap_or_else(|e| e.into_inner());
        loop {
            let now = mutex.load(Ordering::Relaxed);
            if now & LOCKED == 0 {
                if mutex.compare_exchange(now, now | LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                    return LockStatus::Acquired;
                }
                continue;
            }
            if handles_signals && signals::is_pending() {
                return LockStatus::Interrupted;
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return LockStatus::Failure;
            }
            if mutex.compare_exchange(now, now | HAS_WAITERS, Ordering::Relaxed, Ordering::Relaxed).is_err() {
                continue;
            }
            let sleep = if handles_signals { Some(left.map_or(SLICE, |left| left.min(SLICE))) } else { left };
            guard = match sleep {
                None => UNPARKED.wait(guard).unwrap_or_else(|e| e.into_inner()),
                Some(sleep) => UNPARKED.wait_timeout(guard, sleep).unwrap_or_else(|e| e.into_inner()).0,
            };
        }
    };
    if thread::try_current().is_some() { gil::allow_threads(wait) } else { wait() }
}

fn mutex_unlock(mutex: &AtomicU8) {
    let old = mutex.swap(0, Ordering::Release);
    if old & LOCKED == 0 {
        fatal("PyMutex_Unlock", "unlocking mutex that is not locked");
    }
    if old & HAS_WAITERS != 0 {
        let _guard = PARKED.lock().unwrap_or_else(|e| e.into_inner());
        UNPARKED.notify_all();
    }
}
