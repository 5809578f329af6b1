//! The runs of compiled code that are under way, for those who look at the variables of frames that it runs in.
//!
//! A run begins and ends on the machine stack, but not always in order: extension modules switch stacks (greenlet), and continue
//! another run meanwhile. So the runs are a list of their own, and one counts only while its base frame is among the thread's
//! present frames: then its stack is the one in use.

use std::cell::{Cell, RefCell, UnsafeCell};

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
    static RUNS: UnsafeCell<Vec<Run>> = const { UnsafeCell::new(Vec::new()) };
    static SHOWN: RefCell<Vec<Shown>> = const { RefCell::new(Vec::new()) };
    /// Is there anything in `SHOWN`?
    static ANY_SHOWN: Cell<bool> = const { Cell::new(false) };
}

/// Lets `f` look at the thread's runs.
#[inline(always)]
fn with_runs<R>(f: impl FnOnce(&mut Vec<Run>) -> R) -> R {
    // SAFETY: the list is the thread's own, and what is done with it below calls nobody.
    RUNS.with(|runs| f(unsafe { &mut *runs.get() }))
}

/// Runs `f` as compiled code that was entered with this frame and save area.
#[inline(always)]
pub fn enter<R>(base: *mut InterpreterFrame, save: *mut SaveArea, f: impl FnOnce() -> R) -> R {
    with_runs(|runs| runs.push(Run { base, save }));
    let result = f();
    with_runs(|runs| {
        // The last one, unless stacks were switched.
        match runs.last() {
            Some(run) if core::ptr::eq(run.save, save) => runs.truncate(runs.len() - 1),
            _ => remove(runs, save),
        }
    });
    result
}

#[cold]
fn remove(runs: &mut Vec<Run>, save: *const SaveArea) {
    if let Some(position) = runs.iter().rposition(|run| core::ptr::eq(run.save, save)) {
        runs.remove(position);
    }
}

/// The runs whose frames are the thread's present ones, the innermost first.
pub fn present() -> Vec<Run> {
    let mut found = with_runs(|runs| runs.iter().rev().copied().collect::<Vec<_>>());
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
    ANY_SHOWN.set(true);
}

/// The call during which variables may have been shown has returned: memory forgets what it does not own.
#[inline(always)]
pub fn call_returned() {
    if ANY_SHOWN.get() {
        forget_shown();
    }
}

#[cold]
fn forget_shown() {
    ANY_SHOWN.set(false);
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
