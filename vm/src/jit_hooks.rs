//! All that the VM knows of a JIT.
//!
//! The JIT crate installs an implementation of [`Jit`] before start-up. Backward jumps count (`JUMP_BACKWARD_JIT`, whose cache
//! unit is a countdown); at zero the eval loop asks [`Jit::loop_reached`] what to do: go on interpreting, record what
//! follows, or go on where compiled code ended. While a run records, [`Jit::record`] is told of each instruction before it
//! is executed. Entries of plain functions count, too (`RESUME_JIT`, [`count_entry`], [`Jit::function_reached`]). Without a JIT, or with
//! one that is switched off, backward jumps become `JUMP_BACKWARD_NO_JIT` when they are first executed, and nothing counts.

use core::ffi::c_void;
use core::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::OnceLock;

use crate::err::PyErr;
use crate::interp::frame::InterpreterFrame;
use crate::interp::stackref::StackRef;
use crate::object::refs::{ObjRef, PyStruct};
use crate::runtime::gc::{self, Visit};
use crate::runtime::thread::PyThreadState;
use crate::types::code::{PyCode, co_flags};
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
    /// As `Raise`, recording from the handler on.
    RaiseRecording(PyErr),
    /// Compiled code came to the end of the thread's current frame, which returns this. The frame is still there; its operand stack is
    /// empty.
    Return(ObjRef),
}

/// How often something is interpreted before the JIT is asked.
#[derive(Clone, Copy)]
pub struct Thresholds {
    /// Backward jumps.
    pub loops: u16,
    /// Functions; 0 if they are not to count.
    pub functions: u32,
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
    /// jumps and functions are interpreted before the JIT is asked; `None` if they are not to count.
    ///
    /// # Errors
    /// The text of a fatal error about an unusable value.
    fn configure(&self, option: Option<&str>) -> Result<Option<Thresholds>, String>;

    /// Python has started: what runs from here on is the program. (What a start runs, it runs once.)
    fn started(&self);

    /// An extension module of this name is about to be initialized.
    fn extension_loaded(&self, name: &str);

    /// The countdown in the cache of the backward jump at `at.instr` is at its end. The JIT may write a new one, from 0 (ask
    /// again at once) to 65535.
    ///
    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn loop_reached(&self, at: Registers<'_>, target: *mut u16) -> LoopAction;

    /// The countdown of the function whose `RESUME` is at `at.instr` is at its end. The JIT may write a new one ([`set_countdown`]).
    ///
    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn function_reached(&self, at: Registers<'_>) -> LoopAction;

    /// Is the machine, which records, in a call that the recording does not follow? Compiled code may run there.
    ///
    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn is_called_away(&self, at: Registers<'_>) -> bool;

    /// `op` (with its whole argument) is about to be executed in a recording run.
    ///
    /// # Safety
    /// The registers are those of a live machine.
    unsafe fn record(&self, at: Registers<'_>, op: u8, arg: usize) -> RecordAction;

    /// The instruction at which a recording run stands raises; it raises again what the frame has in its traceback, if `again`. May the
    /// recording go on at the handler?
    ///
    /// # Safety
    /// The registers are those of a live machine, before its frames are unwound.
    unsafe fn raised(&self, at: Registers<'_>, again: bool) -> bool;

    /// A recording run was left by an exception.
    fn recording_lost(&self);

    /// A code object is going away: traces of it must go, too.
    fn code_destroyed(&self, code: &PyCode);

    /// Shows what the traces of a code object keep alive: references that the code object counts as its own.
    fn visit_kept(&self, code: &PyCode, visit: &mut Visit<'_>);

    /// A function's code, defaults or closure changed.
    fn function_changed(&self, function: &PyFunction);

    /// Somebody is about to look at the local variables of a frame, which may be one that compiled code runs in and keeps the
    /// variables of: they are to be in its memory.
    fn show_locals(&self, frame: *mut InterpreterFrame);
}

static JIT: OnceLock<&'static dyn Jit> = OnceLock::new();
/// The first countdown of backward jumps; 0 when they do not count.
static THRESHOLD: AtomicU16 = AtomicU16::new(0);
/// The first countdown of functions.
static ENTRY_THRESHOLD: AtomicU32 = AtomicU32::new(0);

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
            if let Some(thresholds) = jit.configure(option)? {
                THRESHOLD.store(thresholds.loops, Ordering::Relaxed);
                ENTRY_THRESHOLD.store(thresholds.functions, Ordering::Relaxed);
            }
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

/// See [`Jit::extension_loaded`].
pub fn extension_loaded(name: &str) {
    if let Some(jit) = JIT.get() {
        jit.extension_loaded(name);
    }
}

/// Backward jumps that are first executed from now on are interpreted so often before the JIT is asked.
pub fn set_threshold(loops: u16) {
    THRESHOLD.store(loops, Ordering::Relaxed);
}

/// See [`Jit::code_destroyed`]. Only code that the JIT has marked is reported.
#[inline]
pub fn code_destroyed(code: &PyCode) {
    if let Some(jit) = watching(code) {
        jit.code_destroyed(code);
    }
}

/// See [`Jit::visit_kept`].
pub fn visit_kept(code: &PyCode, visit: &mut Visit<'_>) {
    if let Some(jit) = watching(code) {
        jit.visit_kept(code, visit);
    }
}

/// Lets go of what the traces of a code object keep alive, and of the traces: the code object may run again, and be compiled anew.
pub fn forget_traces(code: &PyCode) {
    if let Some(jit) = watching(code) {
        jit.code_destroyed(code);
        code.co_executors.set(core::ptr::null_mut());
        set_countdown(code, ENTRY_THRESHOLD.load(Ordering::Relaxed));
    }
}

/// Traces keep objects alive for this code object, which the collector is to know of: it may be what keeps the code object alive.
/// The JIT is told of the code's end.
pub fn keeps_for(code: &PyCode) {
    watch(code);
    // SAFETY: a code object, which has a head.
    unsafe { gc::track(code.as_object()) };
}

/// The JIT, if it is to be told of the code's end.
#[inline]
fn watching(code: &PyCode) -> Option<&'static dyn Jit> {
    let word = executors(code);
    if word == 0 || word & FLAGS == COUNTS { None } else { JIT.get().copied() }
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

// What `co_executors` of a code object says: nothing yet (0), or a countdown in the upper half with flags in the lower, or the address of
// what the JIT has compiled for the function's entry, with a shorter countdown above it.

/// The word is a countdown.
const COUNTS: usize = 1;
/// The JIT is to be told when the code object goes away.
const WATCHED: usize = 2;
const FLAGS: usize = COUNTS | WATCHED;
/// Bits of an address.
const ADDRESS_BITS: u32 = 48;

#[inline(always)]
fn executors(code: &PyCode) -> usize {
    code.co_executors.get() as usize
}

/// Functions with these flags do not run from their entry to their end at one go. (A coroutine may.)
const NO_ENTRY: i32 = co_flags::GENERATOR | co_flags::ASYNC_GENERATOR | co_flags::ITERABLE_COROUTINE;

/// Is the `RESUME` with this argument one that counts from now on?
#[inline]
pub fn counts_entries(code: &PyCode, arg: usize) -> bool {
    let threshold = ENTRY_THRESHOLD.load(Ordering::Relaxed);
    if threshold == 0 || arg != 0 || code.co_flags & NO_ENTRY != 0 || code.co_flags & co_flags::OPTIMIZED == 0 {
        return false;
    }
    if executors(code) & !WATCHED == 0 {
        set_countdown(code, threshold);
    }
    true
}

/// Counts a function's entry. True at the end of the countdown.
#[inline(always)]
pub fn count_entry(code: &PyCode) -> bool {
    let word = executors(code);
    let one = 1 << if word & COUNTS != 0 { 32 } else { ADDRESS_BITS };
    if word >= one {
        code.co_executors.set((word - one) as *mut c_void);
        return false;
    }
    true
}

/// The function is entered so many times before the JIT is asked again.
pub fn set_countdown(code: &PyCode, count: u32) {
    let word = executors(code);
    let watched = if word > FLAGS && word & COUNTS == 0 { WATCHED } else { word & WATCHED };
    code.co_executors.set(((count as usize) << 32 | watched | COUNTS) as *mut c_void);
}

/// The JIT is to be told when the code object goes away.
pub fn watch(code: &PyCode) {
    if compiled_entry(code).is_null() {
        code.co_executors.set((executors(code) | WATCHED) as *mut c_void);
    }
}

/// What [`set_compiled_entry`] has set; null if the function's entry is not compiled.
#[inline(always)]
pub fn compiled_entry(code: &PyCode) -> *mut c_void {
    let word = executors(code);
    let address = word & ((1 << ADDRESS_BITS) - 1);
    if word & COUNTS != 0 || word <= FLAGS { core::ptr::null_mut() } else { address as *mut c_void }
}

/// The interpreter executes so many calls of a function whose entry is compiled before the JIT is asked again. Compiled code goes on to
/// enter it.
pub fn rest_entry(code: &PyCode, count: u16) {
    let entry = compiled_entry(code) as usize;
    if entry != 0 {
        code.co_executors.set((entry | (count as usize) << ADDRESS_BITS) as *mut c_void);
    }
}

/// The function's entry is compiled: the JIT is asked at each one. The address is even, and the JIT is told of the code's end.
pub fn set_compiled_entry(code: &PyCode, entry: *mut c_void) {
    code.co_executors.set(entry);
}

/// See [`Jit::function_reached`].
///
/// # Safety
/// As there.
pub unsafe fn function_reached(at: Registers<'_>) -> LoopAction {
    match JIT.get() {
        // SAFETY: passed on.
        Some(jit) => unsafe { jit.function_reached(at) },
        None => LoopAction::Interpret,
    }
}

/// See [`Jit::is_called_away`].
///
/// # Safety
/// As there.
pub unsafe fn is_called_away(at: Registers<'_>) -> bool {
    // SAFETY: passed on.
    JIT.get().is_some_and(|jit| unsafe { jit.is_called_away(at) })
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

/// See [`Jit::raised`].
///
/// # Safety
/// As there.
pub unsafe fn raised(at: Registers<'_>, again: bool) -> bool {
    // SAFETY: passed on.
    JIT.get().is_some_and(|jit| unsafe { jit.raised(at, again) })
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
