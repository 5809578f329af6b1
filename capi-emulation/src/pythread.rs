//! `pythread.h`, `lock.h`, `critical_section.h`: threads of C code, locks, thread-specific storage.

use core::ffi::{c_int, c_ulong};
use core::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rpy_vm::runtime::rawlock::{Outcome, RawLock, Wait, futex_wait, futex_wake};
use rpy_vm::runtime::{gil, signals, thread};
use rpy_vm::{ObjRef, PyObject};

use crate::border::{Out, Void};
use crate::pystate::fatal;

exports! {
    /// Starts a thread that runs a C function; its identifier, or the largest number for failure.
    fn PyThread_start_new_thread(function: ThreadFunction, argument: Void) -> c_ulong {
        start_thread(function, argument)
    }
    /// The stack size of new threads: 0 is the system's choice.
    fn PyThread_get_stacksize() -> usize {
        0
    }
    /// What kind of threads there are (`sys.thread_info`).
    fn PyThread_GetInfo() -> Out = Option<ObjRef> {
        Ok(rpy_vm::runtime::sys_state::get("thread_info"))
    }
    /// Makes a key of thread-specific storage of the old kind.
    fn PyThread_create_key() -> c_int {
        let mut key = 0;
        if libc::pthread_key_create(&mut key, None) == 0 { key as c_int } else { -1 }
    }
    /// Deletes a key.
    fn PyThread_delete_key(key: c_int) {
        libc::pthread_key_delete(key as libc::pthread_key_t);
    }
    /// The calling thread's value, or NULL.
    fn PyThread_get_key_value(key: c_int) -> Void {
        libc::pthread_getspecific(key as libc::pthread_key_t)
    }
    /// Sets the calling thread's value.
    fn PyThread_set_key_value(key: c_int, value: Void) -> c_int {
        if libc::pthread_setspecific(key as libc::pthread_key_t, value) == 0 { 0 } else { -1 }
    }
    /// Drops the calling thread's value.
    fn PyThread_delete_key_value(key: c_int) {
        libc::pthread_setspecific(key as libc::pthread_key_t, core::ptr::null());
    }

    /// A new lock, or NULL.
    fn PyThread_allocate_lock() -> *mut RawLock {
        Box::into_raw(Box::default())
    }
    /// Frees a lock.
    fn PyThread_free_lock(lock: *mut RawLock) {
        if !lock.is_null() {
            drop(Box::from_raw(lock));
        }
    }
    /// Takes a lock; waits if asked to. 1 if it was taken. As all functions for these locks, it leaves the GIL alone.
    fn PyThread_acquire_lock(lock: &RawLock, wait: c_int) -> c_int {
        acquire(lock, if wait != 0 { -1 } else { 0 }, false) as c_int
    }
    /// Takes a lock, waiting at most some microseconds (negative: for ever): a `PyLockStatus`. It is `PY_LOCK_INTR` only if asked for.
    fn PyThread_acquire_lock_timed(lock: &RawLock, microseconds: i64, interruptible: c_int) -> c_int {
        acquire(lock, microseconds, interruptible != 0) as c_int
    }
    /// Gives a lock back; any thread may.
    fn PyThread_release_lock(lock: &RawLock) {
        lock.release();
    }
    /// The calling thread's identifier.
    fn PyThread_get_thread_ident() -> c_ulong {
        libc::pthread_self()
    }
    /// As `PyThread_get_thread_ident`.
    fn PyThread_get_thread_ident_ex() -> c_ulong {
        libc::pthread_self()
    }
    /// The calling thread's number in the operating system.
    fn PyThread_get_thread_native_id() -> c_ulong {
        libc::syscall(libc::SYS_gettid) as c_ulong
    }
    /// Threads need no setting up.
    fn PyThread_init_thread() {}
    /// Thread-specific storage outlives a `fork` by itself.
    fn PyThread_ReInitTLS() {}
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
        mutex_lock(mutex, Wait::Forever, false);
    }
    /// `_PyMutex_LockTimed` of `pycore_lock.h`: takes the mutex if it is free within so many nanoseconds (no limit if negative): a
    /// [`LockStatus`]. With bit 1 of `flags` the handlers of signals run meanwhile; what one raises interrupts the waiting.
    fn _PyMutex_LockTimed(mutex: &AtomicU8, nanoseconds: i64, flags: c_int) -> c_int {
        let wait = u64::try_from(nanoseconds).map_or(Wait::Forever, |limit| Wait::For(Duration::from_nanos(limit)));
        mutex_lock(mutex, wait, flags & HANDLES_SIGNALS != 0) as c_int
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
    fn PyCriticalSection_BeginMutex(_section: Void, _mutex: &AtomicU8) {}
    /// With a GIL, critical sections need nothing.
    fn PyCriticalSection_End(_section: Void) {}
    /// With a GIL, critical sections need nothing.
    fn PyCriticalSection2_Begin(_section: Void, _a: *mut PyObject, _b: *mut PyObject) {}
    /// With a GIL, critical sections need nothing.
    fn PyCriticalSection2_BeginMutex(_section: Void, _a: &AtomicU8, _b: &AtomicU8) {}
    /// With a GIL, critical sections need nothing.
    fn PyCriticalSection2_End(_section: Void) {}
}

/// What a thread of C code runs. It may end with `PyThread_exit_thread`, which unwinds.
type ThreadFunction = unsafe extern "C-unwind" fn(Void);

/// A thread's function and argument, on the way to the thread.
struct Start {
    function: ThreadFunction,
    argument: Void,
}

unsafe extern "C-unwind" fn run_thread(start: Void) -> Void {
    // SAFETY: made by `start_thread` for this thread.
    let Start { function, argument } = *unsafe { Box::from_raw(start as *mut Start) };
    // SAFETY: the caller of `PyThread_start_new_thread` promised it. Nothing here has an end of its own that unwinding would reach.
    unsafe { function(argument) };
    core::ptr::null_mut()
}

fn start_thread(function: ThreadFunction, argument: Void) -> c_ulong {
    let start = Box::into_raw(Box::new(Start { function, argument })) as Void;
    let mut id = 0;
    // SAFETY: the new thread takes the box over; nobody joins it. The C library lets threads unwind.
    unsafe {
        let entry: extern "C" fn(Void) -> Void =
            core::mem::transmute::<unsafe extern "C-unwind" fn(Void) -> Void, extern "C" fn(Void) -> Void>(run_thread);
        if libc::pthread_create(&mut id, core::ptr::null(), entry, start) != 0 {
            drop(Box::from_raw(start as *mut Start));
            return c_ulong::MAX;
        }
        libc::pthread_detach(id);
    }
    id
}

const _: () = assert!(size_of::<c_ulong>() == size_of::<libc::pthread_t>());

/// What cannot be declared by `exports!`.
pub mod exit {
    use core::ffi::c_void;

    use crate::exports::Export;

    /// Ends the calling thread. The C library unwinds the thread's stack for that, which must meet no frame of Rust that catches: this
    /// has none at all.
    #[unsafe(naked)]
    #[unsafe(no_mangle)]
    pub unsafe extern "C" fn PyThread_exit_thread() {
        core::arch::naked_asm!("xor edi, edi", "jmp qword ptr [rip + {exit}@GOTPCREL]", exit = sym libc::pthread_exit)
    }

    pub(crate) static EXPORTS: &[Export] = &[Export::function("PyThread_exit_thread", PyThread_exit_thread as *const c_void)];
}

/// `PyLockStatus`.
#[derive(Clone, Copy)]
enum LockStatus {
    Failure = 0,
    Acquired = 1,
    Interrupted = 2,
}

/// Takes a lock with the GIL left alone, waiting at most some microseconds (negative: for ever).
fn acquire(lock: &RawLock, microseconds: i64, interruptible: bool) -> LockStatus {
    if lock.try_acquire() {
        return LockStatus::Acquired;
    }
    let wait = u64::try_from(microseconds).map_or(Wait::Forever, |limit| Wait::For(Duration::from_micros(limit)));
    let deadline = wait.deadline();
    loop {
        match lock.wait_until(deadline) {
            Outcome::Acquired => return LockStatus::Acquired,
            Outcome::TimedOut => return LockStatus::Failure,
            Outcome::Interrupted if interruptible => return LockStatus::Interrupted,
            Outcome::Interrupted => {}
        }
    }
}

/// `Py_tss_t`.
#[repr(C)]
pub struct ThreadKey {
    initialized: c_int,
    key: libc::pthread_key_t,
}

const _: () = assert!(size_of::<ThreadKey>() == 8);

// A `PyMutex` is a byte; C code takes and gives back free ones itself.

const LOCKED: u8 = 1;
const HAS_WAITERS: u8 = 2;

/// A flag of `_PyMutex_LockTimed`.
const HANDLES_SIGNALS: c_int = 2;

/// Counts how often a mutex was given back for which somebody waited. Those who wait for any mutex sleep on it: a futex is a word.
static GIVEN_BACK: AtomicU32 = AtomicU32::new(0);

/// Takes a `PyMutex`. While waiting the GIL is free, so that its holder may run. What a handler of a signal raises is set.
fn mutex_lock(mutex: &AtomicU8, wait: Wait, handles_signals: bool) -> LockStatus {
    if mutex.compare_exchange(0, LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
        return LockStatus::Acquired;
    }
    let deadline = wait.deadline();
    loop {
        let is_attached = thread::try_current().is_some();
        let wait = || mutex_wait(mutex, deadline);
        match if is_attached { gil::allow_threads(wait) } else { wait() } {
            Outcome::Acquired => return LockStatus::Acquired,
            Outcome::TimedOut => return LockStatus::Failure,
            Outcome::Interrupted if handles_signals && is_attached => {
                if let Err(error) = signals::check() {
                    error.restore();
                    return LockStatus::Interrupted;
                }
            }
            Outcome::Interrupted => {}
        }
    }
}

/// Waits until a mutex is taken, the time is over, or a signal arrives.
fn mutex_wait(mutex: &AtomicU8, deadline: Option<Instant>) -> Outcome {
    loop {
        // Before the mutex is looked at: whoever gives it back after that changes the word, and nobody falls asleep.
        let given_back = GIVEN_BACK.load(Ordering::Acquire);
        let now = mutex.load(Ordering::Relaxed);
        if now & LOCKED == 0 {
            if mutex.compare_exchange(now, now | LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                return Outcome::Acquired;
            }
            continue;
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Outcome::TimedOut;
        }
        if mutex.compare_exchange(now, now | HAS_WAITERS, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            continue;
        }
        if futex_wait(&GIVEN_BACK, given_back, left) == libc::EINTR && signals::is_pending() {
            return Outcome::Interrupted;
        }
    }
}

fn mutex_unlock(mutex: &AtomicU8) {
    let old = mutex.swap(0, Ordering::Release);
    if old & LOCKED == 0 {
        fatal("PyMutex_Unlock", "unlocking mutex that is not locked");
    }
    if old & HAS_WAITERS != 0 {
        GIVEN_BACK.fetch_add(1, Ordering::Release);
        futex_wake(&GIVEN_BACK, i32::MAX);
    }
}
