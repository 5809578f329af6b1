//! All that the VM knows of a JIT.
//!
//! The JIT crate installs an implementation of [`Jit`] before start-up. Backward jumps count (`JUMP_BACKWARD_JIT`, whose cache
//! unit is a countdown); at zero the eval loop asks [`Jit::loop_reached`] what to do: go on interpreting, record what
//! follows, or go on where compiled code ended. While a run records, [`Jit::record`] is told of each instruction before it
//! is executed. Without a JIT, or with one that is switched off, backward jumps become `JUMP_BACKWARD_NO_JIT` when they
//! are first executed, and nothing counts.

use core::sync::atomic::{AtomicU16, Ordering};
use std::sync::OnceLock;

use crate::err::PyErr;
use crate::interp::frame::InterpreterFrame;
use crate::interp::stackref::StackRef;
use crate::runtime::thread::PyThreadState;
use crate::types::code::PyCode;
use crate::types::function::PyFunction;

/// The machine's registers at an instruction that has not been executed yet.
#[derive(Clone, Copy)]
pub struct Registers<'t> {
    pub thread: &'t PyThreadState,
    pub frame: *mut InterpreterFrame,
    /// The instruction's unit.
    pub instr: *mut u16,
    /// One past the top of the operand stack.
    pub sp: *mut StackRef,
}

/// How a run goes on after a backward jump whose countdown is at its end.
pub enum LoopAction {
    /// With the jump, as if nothing had been.
    Interpret,
    /// With the jump, recording from its target on.
    Record,
    /// With the thread's current frame, whose `instr_ptr` and `stackpointer` are valid: compiled code ran and ended there.
    Resume,
    /// As `Resume`, recording from there on.
    ResumeRecording,
    /// Compiled code ended in an exception, at the instruction where the thread's current frame stands.
    Raise(PyErr),
}

/// How a recording run goes on at an instruction.
pub enum RecordAction {
    /// With the instruction, recording.
    Record,
    /// With the instruction; the recording is over.
    Interpret,
    /// Recording, with the thread's current frame, whose `instr_ptr` and `stackpointer` are valid: the instruction calls a
    /// Python function, and the JIT has made its frame (and moved the operands), where the interpreter would have called
    /// it in a run of its own.
    Enter,
}

/// What a JIT is told.
pub trait Jit: Sync {
    /// The value of `-X jit=...`, if it was given. Called once, before any Python code runs. Answers how often backward
    /// jumps are interpreted before the JIT is asked; `None` if they are not to count.
    ///
    /// # Errors
    /// The text of a fatal error about an unusable value.
    fn configure(&self, option: Option<&str>) -> Result<Option<u16>, String>;

    /// Python has started: what runs from here on is the program. (What a start runs, it runs once.)
    fn started(&self);

    /// The countdown in the cache of the backward jump at `at.instr` is at its end. The JIT may write a new one, from 0 (ask
    /// again at once) to 65535.
    ///
    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn loop_reached(&self, at: Registers<'_>, target: *mut u16) -> LoopAction;

    /// `op` (with its whole argument) is about to be executed in a recording run.
    ///
    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn record(&self, at: Registers<'_>, op: u8, arg: usize) -> RecordAction;

    /// A recording run was left by an exception.
    fn recording_lost(&self);

    /// A code object is going away: traces of it must go, too.
    fn code_destroyed(&self, code: &PyCode);

    /// A function's code, defaults or closure changed.
    fn function_changed(&self, function: &PyFunction);

    /// Somebody is about to look at the local variables of a frame, which may be one that compiled code runs in and keeps the
    /// variables of: they are to be in its memory.
    fn show_locals(&self, frame: *mut InterpreterFrame);
}

static JIT: OnceLock<&'static dyn Jit> = OnceLock::new();
/// The first countdown of backward jumps; 0 when they do not count.
static THRESHOLD: AtomicU16 = AtomicU16::new(0);

/// Installs the JIT; the first one stays.
pub fn install(jit: &'static dyn Jit) {
    // A second installation has no effect, by definition of the function.
    let _ = JIT.set(jit);
}

/// Passes `-X jit` on; see [`Jit::configure`].
///
/// # Errors
/// The text of a fatal error about an unusable value.
pub fn configure(option: Option<&str>) -> Result<(), String> {
    match JIT.get() {
        Some(jit) => {
            THRESHOLD.store(jit.configure(option)?.unwrap_or(0), Ordering::Relaxed);
            Ok(())
        }
        None => Ok(()),
    }
}

/// See [`Jit::started`].
pub fn started() {
    if let Some(jit) = JIT.get() {
        jit.started();
    }
}

/// See [`Jit::code_destroyed`]. Only code that the JIT has marked is reported.
#[inline]
pub fn code_destroyed(code: &PyCode) {
    if !code.co_executors.get().is_null()
        && let Some(jit) = JIT.get()
    {
        jit.code_destroyed(code);
    }
}

/// See [`Jit::function_changed`].
#[inline]
pub fn function_changed(function: &PyFunction) {
    if let Some(jit) = JIT.get() {
        jit.function_changed(function);
    }
}

/// See [`Jit::loop_reached`].
///
/// # Safety
/// As there.
pub unsafe fn loop_reached(at: Registers<'_>, target: *mut u16) -> LoopAction {
    match JIT.get() {
        // SAFETY: passed on.
        Some(jit) => unsafe { jit.loop_reached(at, target) },
        None => LoopAction::Interpret,
    }
}

/// See [`Jit::record`].
///
/// # Safety
/// As there.
pub unsafe fn record(at: Registers<'_>, op: u8, arg: usize) -> RecordAction {
    match JIT.get() {
        // SAFETY: passed on.
        Some(jit) => unsafe { jit.record(at, op, arg) },
        None => RecordAction::Interpret,
    }
}

/// See [`Jit::show_locals`].
#[inline]
pub fn show_locals(frame: &InterpreterFrame) {
    if is_enabled()
        && let Some(jit) = JIT.get()
    {
        jit.show_locals(frame as *const InterpreterFrame as *mut InterpreterFrame);
    }
}

/// See [`Jit::recording_lost`].
pub fn recording_lost() {
    if let Some(jit) = JIT.get() {
        jit.recording_lost();
    }
}

/// Is there a JIT?
pub fn is_installed() -> bool {
    JIT.get().is_some()
}

/// Do backward jumps count?
#[inline]
pub fn is_enabled() -> bool {
    threshold() != 0
}

/// The first countdown of backward jumps; 0 when they do not count.
#[inline]
pub fn threshold() -> u16 {
    THRESHOLD.load(Ordering::Relaxed)
}
