//! The thread state: CPython 3.14's struct for the fields that compiled modules reach, followed by our own.
//!
//! Cython reads and writes `current_exception` and `exc_info` inline; greenlet switches stacks by saving and restoring
//! `current_frame`, `datastack_*`, `exc_state` and `context`. See the fact sheet for offsets.

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::sync::atomic::{AtomicUsize, Ordering};

use crate::interp::frame::InterpreterFrame;
use crate::object::header::PyObject;
use crate::object::refs::OptRef;

/// Bits of `eval_breaker`: reasons to leave the straight path at the next safe point.
pub mod breaker {
    /// Another thread waits for the GIL.
    pub const GIL_DROP_REQUEST: usize = 1 << 0;
    /// A signal arrived (main thread only).
    pub const SIGNALS_PENDING: usize = 1 << 1;
    /// `Py_AddPendingCall` calls wait.
    pub const CALLS_TO_DO: usize = 1 << 2;
    /// An exception was set by another thread (`PyThreadState_SetAsyncExc`).
    pub const ASYNC_EXCEPTION: usize = 1 << 3;
    /// The youngest generation is over its threshold.
    pub const GC_SCHEDULED: usize = 1 << 4;
    /// Instrumentation (tracing, monitoring) changed: code must be re-instrumented.
    pub const INSTRUMENTATION_CHANGED: usize = 1 << 5;
    /// Memory ran out: `MemoryError` is due.
    pub const OUT_OF_MEMORY: usize = 1 << 6;
}

/// A node of the chain of handled exceptions (`_PyErr_StackItem`); may live inside extension objects.
#[repr(C)]
pub struct ExcStackItem {
    /// The exception being handled; null or None mean nothing.
    pub exc_value: OptRef,
    pub previous_item: Cell<*mut ExcStackItem>,
}

/// `PyThreadState`.
#[repr(C)]
pub struct PyThreadState {
    pub prev: Cell<*mut PyThreadState>,
    pub next: Cell<*mut PyThreadState>,
    pub interp: Cell<*mut c_void>,
    pub eval_breaker: AtomicUsize,
    pub status: Cell<u32>,
    pub holds_gil: Cell<c_int>,
    pub whence: Cell<c_int>,
    pub state: Cell<c_int>,
    /// Python frames still allowed on this thread.
    pub py_recursion_remaining: Cell<c_int>,
    pub py_recursion_limit: Cell<c_int>,
    pub recursion_headroom: Cell<c_int>,
    /// Non-zero while a trace or profile function runs.
    pub tracing: Cell<c_int>,
    pub what_event: Cell<c_int>,
    pub current_frame: Cell<*mut InterpreterFrame>,
    pub c_profilefunc: Cell<*const c_void>,
    pub c_tracefunc: Cell<*const c_void>,
    pub c_profileobj: OptRef,
    pub c_traceobj: OptRef,
    /// The pending exception at the border to C; owned.
    pub current_exception: OptRef,
    /// Top of the chain of handled exceptions; never null.
    pub exc_info: Cell<*mut ExcStackItem>,
    pub dict: OptRef,
    pub gilstate_counter: Cell<c_int>,
    pub async_exc: OptRef,
    pub thread_id: Cell<u64>,
    pub native_thread_id: Cell<u64>,
    pub delete_later: Cell<*mut PyObject>,
    pub critical_section: Cell<usize>,
    pub coroutine_origin_tracking_depth: Cell<c_int>,
    pub async_gen_firstiter: OptRef,
    pub async_gen_finalizer: OptRef,
    pub context: OptRef,
    pub context_ver: Cell<u64>,
    pub id: Cell<u64>,
    pub datastack_chunk: Cell<*mut c_void>,
    pub datastack_top: Cell<*mut *mut PyObject>,
    pub datastack_limit: Cell<*mut *mut PyObject>,
    pub exc_state: ExcStackItem,
    pub current_executor: OptRef,
    pub dict_global_version: Cell<u64>,
    pub threading_local_key: OptRef,
    pub threading_local_sentinel: OptRef,
    pub remote_debugger_support: [u8; 516],
    // ---- ours ----
    /// Lowest address the C stack of this thread may reach before `RecursionError`.
    pub c_stack_limit: Cell<usize>,
    /// Objects whose repr is under way (addresses), for `...` in recursive reprs.
    pub repr_stack: core::cell::RefCell<Vec<usize>>,
    /// `sys.setprofile`/`settrace` Python callables are kept in `c_profileobj`/`c_traceobj`.
    /// Private state of the eval loop and the JIT.
    pub jit: Cell<*mut c_void>,
    /// This thread's Python-level `threading` bookkeeping runs daemonically.
    pub daemon: Cell<bool>,
    /// Depth of nested `RecursionError` handling, to grant headroom once.
    pub handling_recursion: Cell<u32>,
    /// While a binary operator works on the operands on top of a frame's stack: the top of that stack. Null otherwise.
    pub operator_stack: Cell<*mut crate::interp::stackref::StackRef>,
}

const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(PyThreadState, interp) == 16);
    assert!(offset_of!(PyThreadState, holds_gil) == 36);
    assert!(offset_of!(PyThreadState, py_recursion_remaining) == 48);
    assert!(offset_of!(PyThreadState, tracing) == 60);
    assert!(offset_of!(PyThreadState, current_frame) == 72);
    assert!(offset_of!(PyThreadState, c_profilefunc) == 80);
    assert!(offset_of!(PyThreadState, current_exception) == 112);
    assert!(offset_of!(PyThreadState, exc_info) == 120);
    assert!(offset_of!(PyThreadState, delete_later) == 168);
    assert!(offset_of!(PyThreadState, async_gen_firstiter) == 192);
    assert!(offset_of!(PyThreadState, context) == 208);
    assert!(offset_of!(PyThreadState, id) == 224);
    assert!(offset_of!(PyThreadState, datastack_chunk) == 232);
    assert!(offset_of!(PyThreadState, exc_state) == 256);
    assert!(offset_of!(PyThreadState, current_executor) == 272);
    assert!(offset_of!(PyThreadState, remote_debugger_support) == 304);
};

thread_local! {
    static CURRENT: Cell<*const PyThreadState> = const { Cell::new(core::ptr::null()) };
    /// The state this OS thread ran with last, whether or not it holds the GIL at present.
    static BOUND: Cell<*const PyThreadState> = const { Cell::new(core::ptr::null()) };
}

/// Default `sys.getrecursionlimit()`.
pub const DEFAULT_RECURSION_LIMIT: c_int = 1000;
static RECURSION_LIMIT: core::sync::atomic::AtomicI32 = core::sync::atomic::AtomicI32::new(DEFAULT_RECURSION_LIMIT);
static NEXT_ID: AtomicUsize = AtomicUsize::new(1);
/// Head of the list of all thread states; changed under [`list_lock`].
static THREADS: core::sync::atomic::AtomicPtr<PyThreadState> =
    core::sync::atomic::AtomicPtr::new(core::ptr::null_mut());
static LIST_LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());
static MAIN: core::sync::atomic::AtomicPtr<PyThreadState> = core::sync::atomic::AtomicPtr::new(core::ptr::null_mut());

/// The running thread's state. Every thread that runs Python code has one.
#[inline(always)]
pub fn current() -> &'static PyThreadState {
    let ptr = CURRENT.get();
    debug_assert!(!ptr.is_null());
    // SAFETY: set when the thread attaches, and the state outlives the thread's Python code.
    unsafe { &*ptr }
}

/// The running thread's state, or `None` for a thread that is not attached.
#[inline]
pub fn try_current() -> Option<&'static PyThreadState> {
    // SAFETY: as above.
    unsafe { CURRENT.get().as_ref() }
}

/// Makes `state` the running thread's state (null detaches); gives the previous one.
pub fn swap_current(state: *const PyThreadState) -> *const PyThreadState {
    if !state.is_null() {
        BOUND.set(state);
    }
    CURRENT.replace(state)
}

/// The state that belongs to the calling OS thread, also while it does not hold the GIL; `None` for a thread that never ran
/// Python code.
pub fn bound() -> Option<&'static PyThreadState> {
    // SAFETY: set when the thread attaches; a deleted state is forgotten by its own thread.
    unsafe { BOUND.get().as_ref() }
}

/// A new thread state for the calling OS thread, linked into the list of all. It does not take the GIL.
pub fn new_state() -> &'static PyThreadState {
    let limit = RECURSION_LIMIT.load(Ordering::Relaxed);
    let state: &'static PyThreadState = Box::leak(Box::new(PyThreadState {
        prev: Cell::new(core::ptr::null_mut()),
        next: Cell::new(core::ptr::null_mut()),
        interp: Cell::new(&raw const INTERPRETER as *mut c_void),
        eval_breaker: AtomicUsize::new(crate::interp::instrument::initial_breaker()),
        status: Cell::new(0),
        holds_gil: Cell::new(0),
        whence: Cell::new(0),
        state: Cell::new(0),
        py_recursion_remaining: Cell::new(limit),
        py_recursion_limit: Cell::new(limit),
        recursion_headroom: Cell::new(0),
        tracing: Cell::new(0),
        what_event: Cell::new(-1),
        current_frame: Cell::new(core::ptr::null_mut()),
        c_profilefunc: Cell::new(core::ptr::null()),
        c_tracefunc: Cell::new(core::ptr::null()),
        c_profileobj: OptRef::NULL,
        c_traceobj: OptRef::NULL,
        current_exception: OptRef::NULL,
        exc_info: Cell::new(core::ptr::null_mut()),
        dict: OptRef::NULL,
        gilstate_counter: Cell::new(1),
        async_exc: OptRef::NULL,
        thread_id: Cell::new(0),
        native_thread_id: Cell::new(0),
        delete_later: Cell::new(core::ptr::null_mut()),
        critical_section: Cell::new(0),
        coroutine_origin_tracking_depth: Cell::new(0),
        async_gen_firstiter: OptRef::NULL,
        async_gen_finalizer: OptRef::NULL,
        context: OptRef::NULL,
        context_ver: Cell::new(1),
        id: Cell::new(NEXT_ID.fetch_add(1, Ordering::Relaxed) as u64),
        datastack_chunk: Cell::new(core::ptr::null_mut()),
        datastack_top: Cell::new(core::ptr::null_mut()),
        datastack_limit: Cell::new(core::ptr::null_mut()),
        exc_state: ExcStackItem { exc_value: OptRef::NULL, previous_item: Cell::new(core::ptr::null_mut()) },
        current_executor: OptRef::NULL,
        dict_global_version: Cell::new(0),
        threading_local_key: OptRef::NULL,
        threading_local_sentinel: OptRef::NULL,
        remote_debugger_support: [0; 516],
        c_stack_limit: Cell::new(0),
        repr_stack: core::cell::RefCell::new(Vec::new()),
        jit: Cell::new(core::ptr::null_mut()),
        daemon: Cell::new(false),
        handling_recursion: Cell::new(0),
        operator_stack: Cell::new(core::ptr::null_mut()),
    }));
    state.exc_info.set(&raw const state.exc_state as *mut ExcStackItem);
    let _guard = LIST_LOCK.lock().unwrap_or_else(|e| e.into_inner());
    let head = THREADS.load(Ordering::Relaxed);
    state.next.set(head);
    if !head.is_null() {
        // SAFETY: states on the list are live; the list is locked.
        unsafe { (*head).prev.set(state as *const _ as *mut _) };
    }
    THREADS.store(state as *const _ as *mut _, Ordering::Relaxed);
    state
}

/// Fills in what depends on the OS thread that runs `state`: its ids and stack bounds. Call on that thread.
pub fn bind_to_os_thread(state: &PyThreadState) {
    // SAFETY: plain system calls about the calling thread.
    unsafe {
        state.thread_id.set(libc::pthread_self() as u64);
        state.native_thread_id.set(libc::syscall(libc::SYS_gettid) as u64);
    }
    state.c_stack_limit.set(crate::runtime::recursion::stack_limit());
}

/// Unlinks and frees a thread state whose thread is done with Python.
///
/// # Safety
/// The caller holds the GIL, no frame of that thread is alive, and nobody uses the state afterwards.
pub unsafe fn delete_state(state: *const PyThreadState) {
    if core::ptr::eq(BOUND.get(), state) {
        BOUND.set(core::ptr::null());
    }
    // After a fork on another thread than the main one the survivor is the main thread, and may end like any other.
    let _ = MAIN.compare_exchange(state as *mut _, core::ptr::null_mut(), Ordering::AcqRel, Ordering::Relaxed);
    {
        let _guard = LIST_LOCK.lock().unwrap_or_else(|e| e.into_inner());
        // SAFETY: the list is locked and its members are live.
        unsafe {
            let (prev, next) = ((*state).prev.get(), (*state).next.get());
            if prev.is_null() {
                THREADS.store(next, Ordering::Relaxed);
            } else {
                (*prev).next.set(next);
            }
            if !next.is_null() {
                (*next).prev.set(prev);
            }
        }
    }
    // SAFETY: made by `Box::leak` above. References it owns are dropped here, under the GIL.
    unsafe {
        crate::interp::frame::free_data_stack(&*state);
        drop(Box::from_raw(state as *mut PyThreadState));
    }
}

/// Visits all thread states, newest first. The list stays locked meanwhile: `f` must not start or end threads.
pub fn for_each(mut f: impl FnMut(&'static PyThreadState)) {
    let _guard = LIST_LOCK.lock().unwrap_or_else(|e| e.into_inner());
    let mut ptr = THREADS.load(Ordering::Relaxed);
    // SAFETY: members of the locked list are live.
    while let Some(state) = unsafe { ptr.as_ref() } {
        f(state);
        ptr = state.next.get();
    }
}

/// As [`for_each`] without the lock, for the moment of a crash: a thread may have been stopped while it held it.
///
/// # Safety
/// Threads that start or end meanwhile can make this read freed memory. Callers have nothing to lose, or hold the GIL.
pub unsafe fn for_each_unlocked(f: &mut dyn FnMut(&'static PyThreadState)) {
    let mut ptr = THREADS.load(Ordering::Acquire);
    // SAFETY: the caller's promise.
    while let Some(state) = unsafe { ptr.as_ref() } {
        f(state);
        ptr = state.next.get();
    }
}

/// After `fork` in the child: only the calling thread's state is left.
pub fn after_fork_child() {
    let me = CURRENT.get();
    // The other threads do not exist any more; their states leak on purpose, as their stacks may hold references.
    THREADS.store(me as *mut _, Ordering::Relaxed);
    if let Some(state) = try_current() {
        state.prev.set(core::ptr::null_mut());
        state.next.set(core::ptr::null_mut());
        bind_to_os_thread(state);
        set_main(state);
    }
}

/// Declares which thread is the main one (signals are delivered there).
pub fn set_main(state: &PyThreadState) {
    MAIN.store(state as *const _ as *mut _, Ordering::Relaxed);
}

/// Is this the main thread?
pub fn is_main() -> bool {
    core::ptr::eq(CURRENT.get(), MAIN.load(Ordering::Relaxed))
}

/// The main thread's state.
pub fn main() -> Option<&'static PyThreadState> {
    // SAFETY: the main thread's state lives as long as the process.
    unsafe { MAIN.load(Ordering::Relaxed).as_ref() }
}

/// The exception being handled on this thread (innermost `except` block), if any.
pub fn handled_exception() -> Option<crate::ObjRef> {
    let mut item = current().exc_info.get();
    // SAFETY: the chain's nodes live as long as they are linked; the last is the thread state's own.
    while let Some(node) = unsafe { item.as_ref() } {
        if let Some(value) = node.exc_value.peek() {
            if !crate::is_none(value) {
                return Some(value.new_ref());
            }
        }
        item = node.previous_item.get();
    }
    None
}

/// Asks the running thread to look up at the next safe point.
#[inline]
pub fn set_eval_breaker(bit: usize) {
    if let Some(state) = try_current() {
        state.eval_breaker.fetch_or(bit, Ordering::Relaxed);
    }
}

/// Sets a bit on every thread.
pub fn set_eval_breaker_all(bit: usize) {
    for_each(|state| {
        state.eval_breaker.fetch_or(bit, Ordering::Relaxed);
    });
}

/// `sys.getrecursionlimit()`.
pub fn recursion_limit() -> c_int {
    RECURSION_LIMIT.load(Ordering::Relaxed)
}

/// `sys.setrecursionlimit(n)`: for all threads, keeping each one's present depth.
pub fn set_recursion_limit(limit: c_int) {
    RECURSION_LIMIT.store(limit, Ordering::Relaxed);
    for_each(|state| {
        let depth = state.py_recursion_limit.get() - state.py_recursion_remaining.get();
        state.py_recursion_limit.set(limit);
        state.py_recursion_remaining.set(limit - depth);
    });
}

/// What `PyThreadState.interp` points to: an opaque token; there is one interpreter.
#[repr(C)]
pub struct Interpreter {
    pub id: i64,
}
pub static INTERPRETER: Interpreter = Interpreter { id: 0 };
