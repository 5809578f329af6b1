//! The GIL around OpenSSL's functions, and inside the callbacks they make.

use core::cell::Cell;

use rpy_vm::runtime::gil;
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
