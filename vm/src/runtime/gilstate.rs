//! Entering Python from C code that may run on any thread (`PyGILState_Ensure` and `PyGILState_Release`).

use super::gil;
use super::thread::{self, PyThreadState};

/// Makes the calling thread one that runs Python code: takes the GIL unless the thread holds it, and gives a thread that
/// Python did not start a state, which lives until the matching [`leave`]. True if the GIL was taken.
pub fn enter() -> bool {
    if let Some(state) = thread::try_current() {
        state.gilstate_counter.set(state.gilstate_counter.get() + 1);
        return false;
    }
    match thread::bound() {
        Some(state) => {
            gil::acquire(state);
            state.gilstate_counter.set(state.gilstate_counter.get() + 1);
        }
        None => {
            let state = thread::new_state();
            thread::bind_to_os_thread(state);
            gil::acquire(state);
            state.gilstate_counter.set(1);
        }
    }
    true
}

/// Undoes an [`enter`], which said whether it took the GIL. False if the calling thread runs no Python code.
pub fn leave(taken: bool) -> bool {
    let Some(state) = thread::try_current() else { return false };
    let counter = state.gilstate_counter.get() - 1;
    state.gilstate_counter.set(counter);
    if counter == 0 {
        // What dies with the state may enter and leave again, which must not end the state a second time.
        state.gilstate_counter.set(1);
        clear(state);
        state.gilstate_counter.set(0);
        // SAFETY: the state was made by `enter` for this thread, no frame of which is alive.
        unsafe { gil::release_and_delete(state) };
    } else if taken {
        gil::release();
    }
    true
}

/// Drops what a thread state refers to (`PyThreadState_Clear`).
pub fn clear(state: &PyThreadState) {
    state.dict.take();
    state.current_exception.take();
    state.async_exc.take();
    state.context.take();
    state.async_gen_firstiter.take();
    state.async_gen_finalizer.take();
}
