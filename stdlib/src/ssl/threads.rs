//! The GIL around OpenSSL's functions, and inside the callbacks they make; turns at what threads share.

use core::cell::Cell;

use rpy_vm::PyResult;
use rpy_vm::runtime::gil;
use rpy_vm::runtime::rawlock::{RawLock, Wait};
use rpy_vm::runtime::thread::{self, PyThreadState};

std::thread_local! {
    /// The state of this thread while it is inside OpenSSL without the GIL.
    static RELEASED: Cell<Option<&'static PyThreadState>> = const { Cell::new(None) };
}

/// Runs `f`, which calls OpenSSL, without the GIL.
pub fn unlocked<T>(f: impl FnOnce() -> T) -> T {
    let before = RELEASED.replace(Some(thread::current()));
    let result = gil::allow_threads(f);
    RELEASED.set(before);
    result
}

/// Runs `f`, which touches Python objects, from a callback: with the GIL.
pub fn locked<T>(f: impl FnOnce() -> T) -> T {
    let Some(state) = RELEASED.take() else { return f() };
    gil::acquire(state);
    let result = f();
    gil::release();
    RELEASED.set(Some(state));
    result
}

/// Whose turn it is at an object that OpenSSL lets only one thread use at a time. A callback may use the object that it is
/// called for.
#[derive(Default)]
pub struct Turns {
    lock: RawLock,
    /// The thread whose turn it is, or 0. Touched under the GIL.
    owner: Cell<u64>,
}

/// A turn. It ends when this is dropped, under the GIL.
pub struct Turn<'a>(Option<&'a Turns>);

impl Turns {
    /// Waits for a turn of this thread, without the GIL if it has to.
    ///
    /// # Errors
    /// What a signal's handler raises meanwhile.
    pub fn take(&self) -> PyResult<Turn<'_>> {
        let me = thread::current().thread_id.get();
        if self.owner.get() == me {
            return Ok(Turn(None));
        }
        self.lock.acquire(Wait::Forever)?;
        self.owner.set(me);
        Ok(Turn(Some(self)))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(turns) = self.0 {
            turns.owner.set(0);
            turns.lock.release();
        }
    }
}
