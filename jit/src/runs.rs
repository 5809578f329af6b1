//! The runs of compiled code that are under way, for those who look at the variables of frames that it runs in.
//!
//! A run begins and ends on the machine stack, but not always in order: extension modules switch stacks (greenlet), and continue
//! another run meanwhile. So the runs are a list of their own, and one counts only while its base frame is among the thread's
//! present frames: then its stack is the one in use.

use std::cell::RefCell;

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::runtime::thread;

use crate::backend::SaveArea;

/// A run of compiled code.
#[derive(Clone, Copy)]
pub struct Run {
    pub base: *mut InterpreterFrame,
    pub save: *const SaveArea,
}

/// A word that owns nothing, in the memory of a frame whose variables were shown.
type Shown = (*mut StackRef, usize);

thread_local! {
    static RUNS: RefCell<Vec<Run>> = const { RefCell::new(Vec::new()) };
    static SHOWN: RefCell<Vec<Shown>> = const { RefCell::new(Vec::new()) };
}

/// Runs `f` as compiled code that was entered with this frame and save area.
pub fn enter<R>(base: *mut InterpreterFrame, save: *mut SaveArea, f: impl FnOnce() -> R) -> R {
    RUNS.with_borrow_mut(|runs| runs.push(Run { base, save }));
    let result = f();
    RUNS.with_borrow_mut(|runs| {
        // The last one, unless stacks were switched.
        if runs.last().is_some_and(|run| core::ptr::eq(run.save, save)) {
            runs.pop();
        } else if let Some(position) = runs.iter().rposition(|run| core::ptr::eq(run.save, save)) {
            runs.remove(position);
        }
    });
    result
}

/// The runs whose frames are the thread's present ones, the innermost first.
pub fn present() -> Vec<Run> {
    let mut found = RUNS.with_borrow(|runs| runs.iter().rev().copied().collect::<Vec<_>>());
    let mut frames = Vec::new();
    let mut frame = thread::current().current_frame.get();
    // SAFETY: the chain of frames is live while its thread runs.
    while let Some(this) = unsafe { frame.as_ref() } {
        frames.push(frame);
        frame = this.previous.get();
    }
    found.retain(|run| frames.contains(&run.base));
    found
}

/// Notes a word that owns nothing: it is good until the call that the trace is in returns.
pub fn note_shown(place: *mut StackRef, word: StackRef) {
    SHOWN.with_borrow_mut(|shown| shown.push((place, word.bits())));
}

/// The call during which variables were shown has returned: memory forgets what it does not own.
pub fn call_returned() {
    SHOWN.with_borrow_mut(|shown| {
        for (place, bits) in shown.drain(..) {
            // SAFETY: a slot of a frame that compiled code runs in, which has not returned yet.
            unsafe {
                if (*place).bits() == bits {
                    *place = StackRef::NULL;
                }
            }
        }
    });
}
