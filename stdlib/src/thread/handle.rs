//! Threads and the handles by which they are joined.

use core::cell::RefCell;
use core::sync::atomic::{AtomicIsize, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use rpy_vm::object::alloc::{new_exact, new_in};
use rpy_vm::protocol::{call, object as po};
use rpy_vm::runtime::rawlock::{Event, Wait};
use rpy_vm::runtime::thread::{self, PyThreadState};
use rpy_vm::runtime::{gil, unraisable};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

use super::locks::TIMEOUT_MAX;

/// Where a thread stands.
mod stage {
    pub const NOT_STARTED: u8 = 1;
    pub const STARTING: u8 = 2;
    pub const RUNNING: u8 = 3;
    pub const DONE: u8 = 4;
}

/// What a thread and its handles share.
#[derive(Default)]
pub struct Shared {
    stage: AtomicU8,
    ident: AtomicU64,
    /// Set when the thread has run its last Python code.
    finished: Event,
    os_thread: Mutex<Option<std::thread::JoinHandle<()>>>,
}

impl Shared {
    fn is_done(&self) -> bool {
        self.stage.load(Ordering::Acquire) == stage::DONE || self.finished.is_set()
    }

    fn finish(&self) {
        self.stage.store(stage::DONE, Ordering::Release);
        self.finished.set();
    }
}

/// Threads that the interpreter waits for at its end.
static WAITED_FOR: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
/// All threads started here, for `fork`.
static STARTED: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());
/// `_thread._count()`.
static COUNT: AtomicIsize = AtomicIsize::new(0);
/// `_thread.stack_size()`; 0 means the default.
static STACK_SIZE: AtomicUsize = AtomicUsize::new(0);
/// Enough for CPython's recursion limit in our frames; the memory is only touched when used.
const DEFAULT_STACK: usize = 16 << 20;
const SMALLEST_STACK: usize = 32 << 10;

/// Number of threads besides the main one.
pub fn count() -> isize {
    COUNT.load(Ordering::Relaxed)
}

/// `stack_size([size])`.
pub fn stack_size(size: Option<isize>) -> PyResult<usize> {
    let old = STACK_SIZE.load(Ordering::Relaxed);
    if let Some(size) = size {
        let size = usize::try_from(size).map_err(|_| exc::value_error("size must be 0 or a positive value"))?;
        if size != 0 && size < SMALLEST_STACK {
            return Err(exc::value_error(format!("size not valid: {size} bytes")));
        }
        STACK_SIZE.store(size, Ordering::Relaxed);
    }
    Ok(old)
}

/// What a new thread is to do.
struct Start {
    state: &'static PyThreadState,
    function: ObjRef,
    args: Ref<PyTuple>,
    kwargs: Option<Ref<PyDict>>,
    shared: Arc<Shared>,
}
// SAFETY: the objects are touched again only by the new thread, under the GIL.
unsafe impl Send for Start {}

impl Start {
    /// The new thread's life.
    fn run(self) {
        let Start { state, function, args, kwargs, shared } = self;
        thread::bind_to_os_thread(state);
        shared.ident.store(state.thread_id.get(), Ordering::Release);
        gil::acquire(state);
        let _ = shared.stage.compare_exchange(stage::STARTING, stage::RUNNING, Ordering::AcqRel, Ordering::Relaxed);
        COUNT.fetch_add(1, Ordering::Relaxed);
        let result = call::call_tuple(&function, &args, kwargs.as_deref());
        match result {
            Ok(value) => drop(value),
            Err(e) if e.matches(exc::SystemExit()) => drop(e),
            Err(e) => {
                let shown = po::repr(&function).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
                let message = format!("Exception ignored in thread started by {shown}");
                unraisable::write_unraisable(e, Some(&message), None);
            }
        }
        drop((function, args, kwargs));
        COUNT.fetch_sub(1, Ordering::Relaxed);
        clear_state(state);
        // Whoever joins may go on once no Python code runs here any more.
        // SAFETY: no frame of this thread is left, and nothing uses the state after this.
        unsafe { gil::release_and_delete(state) };
        shared.finish();
    }
}

/// Drops what a thread's state owns, while its code can still run finalizers.
fn clear_state(state: &PyThreadState) {
    for slot in [
        &state.dict,
        &state.c_traceobj,
        &state.c_profileobj,
        &state.async_gen_firstiter,
        &state.async_gen_finalizer,
        &state.async_exc,
        &state.context,
        &state.current_exception,
        &state.exc_state.exc_value,
    ] {
        slot.take();
    }
    super::local::thread_ended(state.id.get());
    // Finalizers may have left something new.
    state.dict.take();
}

/// Starts a thread.
///
/// # Errors
/// `RuntimeError` when the system has no more threads.
pub fn start(
    function: &PyObject,
    args: &PyTuple,
    kwargs: Option<&PyDict>,
    daemon: bool,
    shared: Arc<Shared>,
) -> PyResult<()> {
    if rpy_vm::sysmodule::functions::is_finalizing() {
        return Err(exc::python_finalization_error("can't create new thread at interpreter shutdown"));
    }
    shared.stage.store(stage::STARTING, Ordering::Release);
    let state = thread::new_state();
    state.daemon.set(daemon);
    let start = Start {
        state,
        function: function.new_ref(),
        args: args.to_ref(),
        kwargs: kwargs.map(PyStruct::to_ref),
        shared: shared.clone(),
    };
    let size = match STACK_SIZE.load(Ordering::Relaxed) {
        0 => DEFAULT_STACK,
        size => size,
    };
    match std::thread::Builder::new().stack_size(size).spawn(move || start.run()) {
        Ok(os_thread) => {
            // The thread has not had its first turn yet. One that could not be started is not waited for.
            remember(&STARTED, &shared);
            if !daemon {
                remember(&WAITED_FOR, &shared);
            }
            *shared.os_thread.lock().unwrap_or_else(|e| e.into_inner()) = Some(os_thread);
            // The caller may ask for the identity at once.
            while shared.ident.load(Ordering::Acquire) == 0 {
                std::thread::yield_now();
            }
            // From now on it can be joined, even if it still waits for its first turn. It may have ended already, too.
            let _ = shared.stage.compare_exchange(stage::STARTING, stage::RUNNING, Ordering::AcqRel, Ordering::Relaxed);
            Ok(())
        }
        Err(_) => {
            shared.stage.store(stage::NOT_STARTED, Ordering::Release);
            // SAFETY: the state never ran.
            unsafe { thread::delete_state(state) };
            Err(exc::runtime_error("can't start new thread"))
        }
    }
}

fn remember(list: &Mutex<Vec<Weak<Shared>>>, shared: &Arc<Shared>) {
    let mut list = list.lock().unwrap_or_else(|e| e.into_inner());
    list.retain(|known| known.upgrade().is_some_and(|known| !known.is_done()));
    list.push(Arc::downgrade(shared));
}

/// Waits for all threads that are no daemons.
///
/// # Errors
/// What a signal handler raises meanwhile.
pub fn shutdown() -> PyResult<()> {
    let me = thread::current().thread_id.get();
    loop {
        let next = {
            let list = WAITED_FOR.lock().unwrap_or_else(|e| e.into_inner());
            list.iter()
                .filter_map(Weak::upgrade)
                .find(|shared| !shared.is_done() && shared.ident.load(Ordering::Acquire) != me)
        };
        match next {
            Some(shared) => drop(shared.finished.wait(Wait::Forever)?),
            None => return Ok(()),
        }
    }
}

/// After `fork` in the child: the other threads do not exist any more.
pub fn after_fork_child() {
    let me = thread::current().thread_id.get();
    let list = STARTED.lock().unwrap_or_else(|e| e.into_inner());
    for shared in list.iter().filter_map(Weak::upgrade) {
        if shared.ident.load(Ordering::Acquire) != me {
            // The handle of a thread that is gone must not be joined.
            if let Ok(mut os_thread) = shared.os_thread.try_lock() {
                core::mem::forget(os_thread.take());
            }
            shared.finish();
        }
    }
    drop(list);
    COUNT.store(0, Ordering::Relaxed);
}

/// `_thread._ThreadHandle`: by which a thread is joined.
#[pyclass(name = "_ThreadHandle", module = "_thread")]
#[repr(C)]
pub struct PyThreadHandle {
    ob_base: PyObject,
    shared: RefCell<Arc<Shared>>,
}

impl PyThreadHandle {
    /// A handle for a thread that is already running (the main thread, or one of C code).
    pub fn for_running(ident: u64) -> Ref<PyThreadHandle> {
        let handle = new_exact(PyThreadHandle::fresh());
        let shared = handle.shared();
        shared.ident.store(ident, Ordering::Release);
        shared.stage.store(stage::RUNNING, Ordering::Release);
        // In the child of another thread's fork this one is gone, too.
        remember(&STARTED, &shared);
        handle
    }

    fn fresh() -> PyThreadHandle {
        let shared = Shared::default();
        shared.stage.store(stage::NOT_STARTED, Ordering::Relaxed);
        PyThreadHandle { ob_base: PyObject::placeholder(), shared: RefCell::new(Arc::new(shared)) }
    }

    /// A handle whose thread is about to be started.
    pub fn new() -> Ref<PyThreadHandle> {
        new_exact(PyThreadHandle::fresh())
    }

    /// What the handle shares with its thread.
    pub fn shared(&self) -> Arc<Shared> {
        self.shared.borrow().clone()
    }

    /// Has the thread been started already?
    pub fn is_started(&self) -> bool {
        self.shared().stage.load(Ordering::Acquire) != stage::NOT_STARTED
    }

    /// The thread's identity, 0 before it runs.
    pub fn ident_value(&self) -> u64 {
        self.shared().ident.load(Ordering::Acquire)
    }
}

#[pymethods]
impl PyThreadHandle {
    #[pynew(sig = "()")]
    fn py_new(cls: &PyTypeObject) -> PyResult<ObjRef> {
        new_in(cls, PyThreadHandle::fresh()).map(Ref::into_obj)
    }

    #[slot]
    fn tp_repr(&self) -> String {
        format!("<{} object: ident={}>", self.as_object().ty().name(), self.ident_value())
    }

    #[pygetset]
    fn ident(&self) -> u64 {
        self.ident_value()
    }

    #[pymethod]
    fn is_done(&self) -> bool {
        self.shared().is_done()
    }

    #[pymethod(name = "_set_done")]
    fn set_done(&self) -> PyResult<()> {
        let shared = self.shared();
        match shared.stage.load(Ordering::Acquire) {
            stage::NOT_STARTED | stage::STARTING => Err(exc::runtime_error("thread not started")),
            _ => {
                shared.finish();
                Ok(())
            }
        }
    }

    #[pymethod(sig = "($self, timeout=None, /)")]
    fn join(&self, timeout: Option<f64>) -> PyResult<()> {
        let wait = match timeout {
            None => Wait::Forever,
            Some(seconds) if seconds > TIMEOUT_MAX => return Err(exc::overflow_error("timeout value is too large")),
            Some(seconds) if seconds.is_nan() => return Err(exc::value_error("Invalid value NaN (not a number)")),
            // A negative time means "without limit" here.
            Some(seconds) if seconds < 0.0 => Wait::Forever,
            Some(0.0) => Wait::Not,
            Some(seconds) => Wait::For(std::time::Duration::from_secs_f64(seconds)),
        };
        let shared = self.shared();
        match shared.stage.load(Ordering::Acquire) {
            stage::NOT_STARTED | stage::STARTING => return Err(exc::runtime_error("thread not started")),
            stage::RUNNING if shared.ident.load(Ordering::Acquire) == thread::current().thread_id.get() => {
                return Err(exc::runtime_error("Cannot join current thread"));
            }
            _ => {}
        }
        if !shared.finished.is_set() && rpy_vm::sysmodule::functions::is_finalizing() {
            // Other threads do not run any more: it would never end.
            return Err(exc::python_finalization_error("cannot join thread at Python shutdown"));
        }
        if shared.finished.wait(wait)? {
            let os_thread = shared.os_thread.lock().unwrap_or_else(|e| e.into_inner()).take();
            if let Some(os_thread) = os_thread {
                // It has nothing left to do but to end.
                gil::allow_threads(|| drop(os_thread.join()));
            }
        }
        Ok(())
    }
}
