//! The global interpreter lock.
//!
//! A mutex-protected flag with a condition variable. A thread that waits longer than the switch interval asks the holder
//! to let go by setting a bit in its `eval_breaker`; the holder then waits until somebody else has really taken the lock,
//! so that it does not win the race against the sleeper every time.

use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::thread::{self, PyThreadState, breaker};

struct GilState {
    locked: bool,
    /// Counts changes of owner, so that a dropping thread can see that somebody else had it.
    switches: u64,
    /// How many threads sleep until the lock is let go of, and until it has a new owner. Waking up nobody would cost a system call, and
    /// the lock is let go of around each of those that the program makes. (A forked child may count threads that it does not have.)
    waiting: u32,
    yielding: u32,
}

static GIL: Mutex<GilState> = Mutex::new(GilState { locked: false, switches: 0, waiting: 0, yielding: 0 });
static RELEASED: Condvar = Condvar::new();
static SWITCHED: Condvar = Condvar::new();
static HOLDER: AtomicPtr<PyThreadState> = AtomicPtr::new(core::ptr::null_mut());
/// `sys.getswitchinterval()` in microseconds.
static INTERVAL_US: AtomicU64 = AtomicU64::new(5000);

fn lock() -> MutexGuard<'static, GilState> {
    GIL.lock().unwrap_or_else(|e| e.into_inner())
}

/// The switch interval.
pub fn switch_interval() -> Duration {
    Duration::from_micros(INTERVAL_US.load(Ordering::Relaxed))
}

pub fn set_switch_interval(interval: Duration) {
    INTERVAL_US.store((interval.as_micros() as u64).max(1), Ordering::Relaxed);
}

/// The thread that ends the interpreter; no other gets the lock any more. Null before the end.
static FINALIZER: AtomicPtr<PyThreadState> = AtomicPtr::new(core::ptr::null_mut());

/// Keeps all other threads from running Python code from now on. The calling thread holds the GIL.
pub fn keep_for_finalization() {
    FINALIZER.store(thread::current() as *const _ as *mut _, Ordering::Release);
}

/// A thread that may not run any more waits for the end of the process.
fn stop_if_finalizing(state: &PyThreadState) {
    let finalizer = FINALIZER.load(Ordering::Acquire);
    if finalizer.is_null() || core::ptr::eq(finalizer, state) {
        return;
    }
    // This thread may have been the one that was woken up for the lock.
    RELEASED.notify_one();
    loop {
        std::thread::park();
    }
}

/// Takes the GIL for `state` and makes it the running thread's state. At the end of the interpreter only its finalizing
/// thread comes back from here.
pub fn acquire(state: &'static PyThreadState) {
    stop_if_finalizing(state);
    let mut gil = lock();
    while gil.locked {
        let before = gil.switches;
        gil.waiting += 1;
        let (guard, timeout) = RELEASED.wait_timeout(gil, switch_interval()).unwrap_or_else(|e| e.into_inner());
        gil = guard;
        gil.waiting -= 1;
        if timeout.timed_out() && gil.locked && gil.switches == before {
            let holder = HOLDER.load(Ordering::Relaxed);
            // SAFETY: the holder's state lives while it holds the lock, and we hold the mutex that guards its release.
            if let Some(holder) = unsafe { holder.as_ref() } {
                holder.eval_breaker.fetch_or(breaker::GIL_DROP_REQUEST, Ordering::Relaxed);
            }
        }
    }
    if !FINALIZER.load(Ordering::Acquire).is_null() {
        drop(gil);
        stop_if_finalizing(state);
        gil = lock();
    }
    gil.locked = true;
    gil.switches += 1;
    HOLDER.store(state as *const _ as *mut _, Ordering::Relaxed);
    state.holds_gil.set(1);
    let awaited = gil.yielding != 0;
    drop(gil);
    if awaited {
        SWITCHED.notify_all();
    }
    thread::swap_current(state);
}

/// Lets go of the GIL; the running thread has no state until it acquires again. Gives the state it had.
pub fn release() -> &'static PyThreadState {
    let state = thread::current();
    thread::swap_current(core::ptr::null());
    release_for(state);
    state
}

fn release_for(state: &PyThreadState) {
    let gil = lock();
    state.holds_gil.set(0);
    state.eval_breaker.fetch_and(!breaker::GIL_DROP_REQUEST, Ordering::Relaxed);
    HOLDER.store(core::ptr::null_mut(), Ordering::Relaxed);
    unlock(gil);
}

/// Marks the lock as free, and wakes up one of those who wait for it.
fn unlock(mut gil: MutexGuard<'_, GilState>) {
    gil.locked = false;
    let awaited = gil.waiting != 0;
    drop(gil);
    if awaited {
        RELEASED.notify_one();
    }
}

/// Gives other threads a turn, because one asked for it (`GIL_DROP_REQUEST`).
pub fn yield_to_others() {
    let state = thread::current();
    let before = lock().switches;
    release();
    {
        // Wait until somebody took it, with a bound in case the asker went away.
        let mut gil = lock();
        if gil.switches == before {
            gil.yielding += 1;
            let done = SWITCHED.wait_timeout_while(gil, switch_interval(), |g| g.switches == before);
            done.unwrap_or_else(|e| e.into_inner()).0.yielding -= 1;
        }
    }
    acquire(state);
}

/// Runs `f` without the GIL: around blocking system calls and long work on private memory. `f` touches no Python object.
pub fn allow_threads<T>(f: impl FnOnce() -> T) -> T {
    let state = release();
    struct Reacquire(&'static PyThreadState);
    impl Drop for Reacquire {
        fn drop(&mut self) {
            acquire(self.0);
        }
    }
    let _reacquire = Reacquire(state);
    // errno must survive taking the lock again.
    let result = f();
    // SAFETY: errno is this thread's.
    let errno = unsafe { *libc::__errno_location() };
    drop(_reacquire);
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
    result
}

/// After `fork` in the child: the lock is held by the only thread there is.
pub fn after_fork_child() {
    // The mutex itself may have been held by a thread that is gone only for an instant; std's futex mutex cannot be
    // re-created in place, so forking threads take it around `fork` (see `before_fork`/`after_fork_parent`).
    let state = thread::current();
    HOLDER.store(state as *const _ as *mut _, Ordering::Relaxed);
}

thread_local! {
    /// The lock's own mutex, while this thread holds it over a fork.
    static FORK_GUARD: core::cell::RefCell<Option<MutexGuard<'static, GilState>>> = const { core::cell::RefCell::new(None) };
}

/// Takes the lock's own mutex, so that nobody else holds it at the moment of a fork.
pub fn lock_for_fork() {
    let guard = lock();
    FORK_GUARD.with_borrow_mut(|place| *place = Some(guard));
}

/// Ends what [`lock_for_fork`] began, in both processes.
pub fn unlock_after_fork() {
    drop(FORK_GUARD.take());
}

/// Runs `f` (a `fork`) while the lock's own mutex is held, so that the child finds it unlocked.
pub fn with_lock_for_fork<T>(f: impl FnOnce() -> T) -> T {
    let guard = lock();
    let result = f();
    drop(guard);
    result
}

/// The end of a thread: deletes its state while the lock is held, then lets go of the lock.
///
/// # Safety
/// The running thread holds the GIL with `state`, has no frame alive, and uses neither afterwards.
pub unsafe fn release_and_delete(state: &'static PyThreadState) {
    {
        let _gil = lock();
        // Waiting threads must not reach for the state any more.
        HOLDER.store(core::ptr::null_mut(), Ordering::Relaxed);
    }
    thread::swap_current(core::ptr::null());
    // SAFETY: the caller's promise.
    unsafe { thread::delete_state(state) };
    unlock(lock());
}
