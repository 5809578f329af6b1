//! What threads wait with, for a limited time and until a signal arrives: the futex, and a lock and an event made of one.
//!
//! The states of the lock's word:
//!
//! ```text
//! 0 free    1 taken    2 taken, and somebody may be waiting
//! ```

use core::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::err::PyResult;
use crate::exc;
use crate::runtime::{gil, signals};

const FREE: u32 = 0;
const TAKEN: u32 = 1;
const CONTENDED: u32 = 2;

/// The lock.
#[derive(Default)]
pub struct RawLock(AtomicU32);

/// Waits while `word` is `value`; gives 0, or the error number (`EINTR`, `ETIMEDOUT`, `EAGAIN`). The GIL is the caller's business.
pub fn futex_wait(word: &AtomicU32, value: u32, timeout: Option<Duration>) -> i32 {
    let limit = timeout.map(|t| libc::timespec {
        tv_sec: t.as_secs().min(i64::MAX as u64) as libc::time_t,
        tv_nsec: i64::from(t.subsec_nanos()),
    });
    let limit = limit.as_ref().map_or(core::ptr::null(), core::ptr::from_ref);
    // SAFETY: the word lives during the call; the time limit is null or valid.
    let result = unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, value, limit)
    };
    if result == 0 { 0 } else { exc::last_errno() }
}

/// Wakes so many of those who wait for a word.
pub fn futex_wake(word: &AtomicU32, count: i32) {
    // SAFETY: only the word's address is used.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, count);
    }
}

/// How long to wait for a lock.
#[derive(Clone, Copy, PartialEq)]
pub enum Wait {
    Not,
    Forever,
    For(Duration),
}

impl Wait {
    /// When the waiting ends; `None`: never.
    pub fn deadline(self) -> Option<Instant> {
        let limit = match self {
            Wait::Not => Duration::ZERO,
            Wait::Forever => return None,
            Wait::For(limit) => limit,
        };
        Instant::now().checked_add(limit)
    }
}

/// How waiting for a lock ended.
#[derive(Clone, Copy, PartialEq)]
pub enum Outcome {
    /// The lock is the caller's.
    Acquired,
    /// The time is over.
    TimedOut,
    /// A signal has arrived, whose Python handler has not run yet.
    Interrupted,
}

impl RawLock {
    /// A free lock.
    pub const fn new() -> RawLock {
        RawLock(AtomicU32::new(FREE))
    }

    /// Takes the lock if it is free.
    #[inline]
    pub fn try_acquire(&self) -> bool {
        self.0.compare_exchange(FREE, TAKEN, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Is it taken?
    pub fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed) != FREE
    }

    /// Takes the lock, waiting as long as allowed with the GIL released.
    ///
    /// # Errors
    /// What a signal handler raises meanwhile.
    pub fn acquire(&self, wait: Wait) -> PyResult<bool> {
        if self.try_acquire() {
            return Ok(true);
        }
        if wait == Wait::Not {
            return Ok(false);
        }
        let deadline = wait.deadline();
        loop {
            let outcome = gil::allow_threads(|| self.wait_until(deadline));
            match outcome {
                Outcome::Acquired => return Ok(true),
                Outcome::TimedOut => return Ok(false),
                Outcome::Interrupted => signals::check()?,
            }
        }
    }

    /// Waits without touching Python or the GIL, until the lock is taken, the time is over, or a signal arrives.
    pub fn wait_until(&self, deadline: Option<Instant>) -> Outcome {
        loop {
            if self.0.swap(CONTENDED, Ordering::Acquire) == FREE {
                return Outcome::Acquired;
            }
            let left = match deadline {
                None => None,
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Outcome::TimedOut;
                    }
                    Some(left)
                }
            };
            if futex_wait(&self.0, CONTENDED, left) == libc::EINTR && signals::is_pending() {
                return Outcome::Interrupted;
            }
        }
    }

    /// Takes the lock on a thread that has nothing to do with Python.
    pub fn acquire_blocking(&self) {
        while self.wait_until(None) != Outcome::Acquired {}
    }

    /// Frees the lock; false if it was free.
    pub fn release(&self) -> bool {
        match self.0.swap(FREE, Ordering::Release) {
            FREE => false,
            CONTENDED => {
                futex_wake(&self.0, 1);
                true
            }
            _ => true,
        }
    }

    /// Makes the lock free whatever it was: after `fork`, where no other thread is left.
    pub fn reset(&self) {
        self.0.store(FREE, Ordering::Release);
    }
}

/// Something that happens once, and can be waited for.
#[derive(Default)]
pub struct Event(AtomicU32);

impl Event {
    /// Has it happened?
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    /// It happens: everybody goes on.
    pub fn set(&self) {
        self.0.store(1, Ordering::Release);
        futex_wake(&self.0, i32::MAX);
    }

    /// Waits with the GIL released; false when the time is over first.
    ///
    /// # Errors
    /// What a signal handler raises meanwhile.
    pub fn wait(&self, wait: Wait) -> PyResult<bool> {
        if self.is_set() {
            return Ok(true);
        }
        if wait == Wait::Not {
            return Ok(false);
        }
        let deadline = wait.deadline();
        loop {
            let interrupted = gil::allow_threads(|| {
                while !self.is_set() {
                    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
                    if left.is_some_and(|left| left.is_zero()) {
                        return false;
                    }
                    if futex_wait(&self.0, 0, left) == libc::EINTR && signals::is_pending() {
                        return true;
                    }
                }
                false
            });
            if self.is_set() || !interrupted {
                return Ok(self.is_set());
            }
            signals::check()?;
        }
    }
}
