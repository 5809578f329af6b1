//! The eval loop.
//!
//! `run` executes frames until the entry frame it was given returns, yields or raises. A call of a Python function pushes
//! a frame and goes on in the same loop; below the first frame lies an *entry frame* on the machine stack whose only
//! instruction leaves the loop, so that returning needs no test for "was that the last one".
//!
//! Each opcode has a *handler*, a function that takes the machine's registers as arguments and ends by calling the next
//! instruction's handler with them. Optimized builds compile that call to a jump (LLVM's sibling-call optimization: same
//! signature, no locals in memory, nothing to drop), so that the registers of the machine stay in registers of the
//! processor from one instruction to the next, and every instruction has an indirect jump of its own to predict. Stable
//! Rust does not promise this: `tests/machine_code.rs` looks at the code. Builds with debug assertions, and those that
//! poison freed memory, return to `run` between instructions instead.

use super::frame::{self, InterpreterFrame, owner};
use super::instructions::{Flow, execute};
use super::machine::Machine;
use super::opcode::*;
use super::stackref::StackRef;
use super::unwind::{self, Unwound};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::jit_hooks::{self, LoopAction, RecordAction, Registers};
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, Ref};
use crate::runtime::thread::{self, PyThreadState};
use crate::types::code::PyCode;
use crate::types::function::PyFunction;

const fn unit(op: u8, arg: u8) -> u16 {
    op as u16 | (arg as u16) << 8
}

/// What entry frames execute: reached at 1 by a return, at 3 by a yield.
static TRAMPOLINE: [u16; 6] = [
    unit(NOP, 0),
    unit(INTERPRETER_EXIT, 0),
    unit(NOP, 0),
    unit(INTERPRETER_EXIT, 0),
    unit(RESUME, 4),
    unit(INTERPRETER_EXIT, 0),
];

/// Distance that a yield skips in the frame it yields to: `SEND` or `FOR_ITER` with its cache.
pub const YIELD_RETURN_OFFSET: usize = 2;

/// An entry frame with room for the one value that comes back.
#[repr(C)]
struct EntryFrame {
    frame: InterpreterFrame,
    stack: [StackRef; 2],
}

/// Goes on in the thread's current frame, `base` or one on top of it, until `base` returns: compiled code has left them, which
/// entered `base` on its own account. With `error`, the exception is raised at the current instruction; with `record`, the run records.
/// If `base` is awaited, and yields, its coroutine is on the caller's stack then.
///
/// # Errors
/// The exception that left `base`.
///
/// # Safety
/// Both are live frames of this thread with valid instruction and stack pointers; the recursion counter includes `base`. It is consumed.
pub unsafe fn eval_above(
    ts: &PyThreadState,
    base: *mut InterpreterFrame,
    error: Option<PyErr>,
    record: bool,
) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    let (caller, awaited) = unsafe { ((*base).previous.get(), (*base).owner.get() == owner::AWAITED) };
    let mut entry = EntryFrame {
        frame: InterpreterFrame::entry(caller, TRAMPOLINE.as_ptr() as *mut u16),
        stack: [StackRef::NULL; 2],
    };
    let entry_ptr = &raw mut entry;
    // SAFETY: the entry frame outlives the run.
    unsafe {
        (*entry_ptr).frame.instr_ptr.set((TRAMPOLINE.as_ptr() as *mut u16).add(1));
        let stack = (&raw mut (*entry_ptr).stack) as *mut StackRef;
        (*entry_ptr).frame.stackpointer.set(stack.add(usize::from(awaited)));
        (*base).previous.set(entry_ptr as *mut InterpreterFrame);
    }
    let result = run_safely(ts, ts.current_frame.get(), error, record);
    // SAFETY: the caller waits for a coroutine, which has come into being meanwhile.
    unsafe {
        let coroutine = (&raw const (*entry_ptr).stack as *const StackRef).read();
        if awaited && !coroutine.is_null() {
            *(*caller).stackpointer.get().sub(1) = coroutine;
        }
    }
    ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
    ts.current_frame.set(caller);
    result
}

/// Executes `frame` until it returns or yields. With `thrown`, the exception is raised at the frame's current instruction.
///
/// # Errors
/// The exception that left the frame; also `RecursionError` and `SystemError` (a fault of the interpreter).
///
/// # Safety
/// `frame` is initialised and owned by the caller's arrangement (data stack or generator); it is consumed.
pub unsafe fn eval_frame(ts: &PyThreadState, frame: *mut InterpreterFrame, thrown: Option<PyErr>) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    unsafe { eval_frames(ts, frame, frame, thrown) }
}

/// As [`eval_frame`], of several frames that are on top of each other, linked and counted but for the outermost one: goes on in the
/// innermost one, until the outermost one returns or yields.
///
/// # Errors
/// As there.
///
/// # Safety
/// As there.
pub unsafe fn eval_frames(
    ts: &PyThreadState,
    outermost: *mut InterpreterFrame,
    frame: *mut InterpreterFrame,
    thrown: Option<PyErr>,
) -> PyResult<ObjRef> {
    let mut entry = EntryFrame {
        frame: InterpreterFrame::entry(ts.current_frame.get(), TRAMPOLINE.as_ptr() as *mut u16),
        stack: [StackRef::NULL; 2],
    };
    let entry_ptr = &raw mut entry;
    // SAFETY: the entry frame outlives the run; the frame is the caller's.
    unsafe {
        (*entry_ptr).frame.instr_ptr.set((TRAMPOLINE.as_ptr() as *mut u16).add(1));
        (*entry_ptr).frame.stackpointer.set((&raw mut (*entry_ptr).stack) as *mut StackRef);
        (*outermost).previous.set(entry_ptr as *mut InterpreterFrame);
    }
    let mut start_error = thrown;
    let remaining = ts.py_recursion_remaining.get();
    ts.py_recursion_remaining.set(remaining - 1);
    if remaining <= 0 && start_error.is_none() {
        start_error = Some(recursion_error(ts));
    }
    if crate::runtime::recursion::stack_exhausted() && start_error.is_none() {
        start_error = crate::runtime::recursion::check("").err();
    }
    ts.current_frame.set(frame);
    if let Some(error) = start_error.take() {
        start_error = Some(super::instrument::thrown(ts, frame, error));
    }
    let result = run_safely(ts, frame, start_error, false);
    ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
    ts.current_frame.set(entry.frame.previous.get());
    result
}

/// [`run`], which a Rust panic does not leave: it is a fault of ours, and must not end the process, nor skip the program's own handlers.
#[inline(always)]
fn run_safely(
    ts: &PyThreadState,
    frame: *mut InterpreterFrame,
    mut start_error: Option<PyErr>,
    mut record: bool,
) -> PyResult<ObjRef> {
    let mut machine_frame = frame;
    loop {
        let outcome = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| {
            run(ts, machine_frame, start_error.take(), core::mem::take(&mut record))
        }));
        match outcome {
            Ok(result) => break result,
            Err(payload) => {
                let what = payload
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| payload.downcast_ref::<&str>().copied())
                    .unwrap_or("unknown");
                machine_frame = ts.current_frame.get();
                // The operand stack's state is unknown: what lies above the handler's depth is leaked, never freed twice.
                // SAFETY: the current frame is a live Python frame.
                unsafe { (*machine_frame).stackpointer.set((*machine_frame).stack_base()) };
                start_error = Some(exc::system_error(format!("internal error in the interpreter: {what}")));
            }
        }
    }
}

/// `RecursionError` for Python frames. While one is being handled, a little headroom lets handlers run.
#[cold]
#[inline(never)]
pub fn recursion_error(_ts: &PyThreadState) -> PyErr {
    exc::recursion_error("maximum recursion depth exceeded")
}

/// Runs a code object with the given namespaces, as `exec` and `import` do.
///
/// # Errors
/// What the code raises.
pub fn eval_code(code: &PyCode, globals: &PyObject, locals: Option<ObjRef>) -> PyResult<ObjRef> {
    let function = PyFunction::new(code, globals, None);
    eval_code_as(function, code, locals)
}

/// As [`eval_code`], with the function object (closure, builtins) given.
pub fn eval_code_as(function: Ref<PyFunction>, code: &PyCode, locals: Option<ObjRef>) -> PyResult<ObjRef> {
    let ts = thread::current();
    // SAFETY: the frame is pushed here and consumed by eval_frame.
    unsafe {
        let frame = frame::push_frame(ts, function, locals, code, 0, core::ptr::null_mut());
        if frame.is_null() {
            return Err(exc::memory_error());
        }
        eval_frame(ts, frame, None)
    }
}

impl InterpreterFrame {
    /// The frame below the first frame of a run.
    fn entry(previous: *mut InterpreterFrame, code: *mut u16) -> InterpreterFrame {
        // SAFETY: all-zero words are valid for every field; the ones that matter are set right after.
        let frame: InterpreterFrame = unsafe { core::mem::zeroed() };
        frame.f_executable.set(StackRef::NULL);
        frame.f_funcobj.set(StackRef::NULL);
        frame.previous.set(previous);
        frame.instr_ptr.set(code);
        frame.owner.set(owner::INTERPRETER);
        frame
    }
}

/// The registers of the machine in the order in which handlers pass them on: frame, instruction pointer (behind the
/// opcode's unit), stack pointer, thread, argument, context. The result is that of [`run`], as [`pack`]ed.
pub type Handler = unsafe extern "sysv64-unwind" fn(
    *mut InterpreterFrame,
    *mut u16,
    *mut StackRef,
    *const PyThreadState,
    usize,
    *const Context,
) -> usize;

/// What a run carries along: the handlers it uses.
#[repr(C)]
pub struct Context {
    handlers: [Handler; 256],
    /// The run, in builds that return between instructions.
    #[cfg(any(debug_assertions, feature = "poison"))]
    run: *const Run,
}

/// A run of builds that return between instructions: both contexts, and where a handler leaves the registers, the next
/// opcode and its context.
#[cfg(any(debug_assertions, feature = "poison"))]
struct Run {
    ordinary: Context,
    recording: Context,
    next: core::cell::Cell<(*mut InterpreterFrame, *mut u16, *mut StackRef, usize, u8, *const Context)>,
}

/// The same run's context for executing without recording.
#[inline(always)]
unsafe fn ordinary(context: *const Context) -> *const Context {
    #[cfg(any(debug_assertions, feature = "poison"))]
    // SAFETY: contexts live in their run.
    unsafe {
        &raw const (*(*context).run).ordinary
    }
    #[cfg(not(any(debug_assertions, feature = "poison")))]
    {
        let _ = context;
        &raw const CONTEXT
    }
}

/// The same run's context for recording.
#[inline(always)]
unsafe fn recording(context: *const Context) -> *const Context {
    #[cfg(any(debug_assertions, feature = "poison"))]
    // SAFETY: contexts live in their run.
    unsafe {
        &raw const (*(*context).run).recording
    }
    #[cfg(not(any(debug_assertions, feature = "poison")))]
    {
        let _ = context;
        &raw const RECORDING
    }
}

/// Calls the handler of `op`; in tail position, a jump.
///
/// # Safety
/// The registers are those of a live machine.
#[inline(always)]
unsafe fn go(m: &Machine<'_>, op: u8, arg: usize, context: *const Context) -> usize {
    // SAFETY: the table has an entry for every opcode; the caller's promise about the rest.
    unsafe {
        #[cfg(any(debug_assertions, feature = "poison"))]
        {
            (*(*context).run).next.set((m.frame, m.ip, m.sp, arg, op, context));
            CONTINUE
        }
        #[cfg(not(any(debug_assertions, feature = "poison")))]
        {
            ((*context).handlers[op as usize])(m.frame, m.ip, m.sp, m.ts, arg, context)
        }
    }
}

/// Goes on with the instruction at the machine's `ip`.
///
/// # Safety
/// As for [`go`].
#[inline(always)]
unsafe fn go_next(m: &mut Machine<'_>, context: *const Context) -> usize {
    // SAFETY: ip points into the running code's units.
    unsafe {
        let word = *m.ip;
        m.skip(1);
        go(m, word as u8, (word >> 8) as usize, context)
    }
}

/// "Not finished", in builds that return between instructions.
#[cfg(any(debug_assertions, feature = "poison"))]
const CONTINUE: usize = 0;

/// A run's result in one word: an object, or an exception with bit 0 set.
fn pack(result: PyResult<ObjRef>) -> usize {
    match result {
        Ok(value) => value.into_raw() as usize,
        Err(e) => e.into_raw() as usize | 1,
    }
}

/// # Safety
/// `word` is what [`pack`] made, unpacked once.
unsafe fn unpack(word: usize) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    unsafe {
        if word & 1 == 0 {
            Ok(ObjRef::from_owned_ptr(word as *mut PyObject))
        } else {
            Err(PyErr::from_raw((word & !1) as *mut PyObject))
        }
    }
}

/// Instructions whose work needs room in a frame on the machine stack, as a rule for results that do not fit into two
/// registers. A handler with such a frame could not end in a jump, so they run in a function of their own, [`step`].
/// None of them leaves the loop or changes its argument, and each saves the instruction pointer before anything may raise.
const fn is_outlined(op: u8) -> bool {
    matches!(
        op,
        BUILD_INTERPOLATION
            | BUILD_MAP
            | BUILD_SET
            | BUILD_STRING
            | CALL
            | CALL_ALLOC_AND_ENTER_INIT
            | CALL_BOUND_METHOD_GENERAL
            | CALL_BUILTIN_CLASS
            | CALL_BUILTIN_FAST
            | CALL_BUILTIN_FAST_WITH_KEYWORDS
            | CALL_FUNCTION_EX
            | CALL_ISINSTANCE
            | CALL_KW
            | CALL_KW_BOUND_METHOD
            | CALL_KW_NON_PY
            | CALL_KW_PY
            | CALL_METHOD_DESCRIPTOR_FAST
            | CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS
            | CALL_NON_PY_GENERAL
            | CALL_OVER_GENERATOR
            | CALL_PY_GENERAL
            | CHECK_EG_MATCH
            | CHECK_EXC_MATCH
            | CONTAINS_OP
            | CONTAINS_OP_DICT
            | CONTAINS_OP_SET
            | CLEANUP_THROW
            | END_ASYNC_FOR
            | FINISH_SPECIAL
            | FOR_ITER
            | LOAD_ATTR
            | LOAD_SPECIAL
            | LOAD_SUPER_ATTR
            | LOAD_SUPER_ATTR_ATTR
            | LOAD_SUPER_ATTR_METHOD
            | RAISE_VARARGS
            | RERAISE
            | SEND
            | UNPACK_EX
            | UNPACK_SEQUENCE
            | UNPACK_SEQUENCE_LIST
            | UNPACK_SEQUENCE_TUPLE
            | UNPACK_SEQUENCE_TWO_TUPLE
            | WITH_EXCEPT_START
    )
}

/// What [`step`] says: two registers. The second is the stack pointer, whose low bits tell what the first one is.
#[repr(C)]
struct Step(usize, usize);

/// The low bits of a [`Step`]'s second word.
mod step_tag {
    pub const MASK: usize = 7;
    /// The first word is the instruction pointer.
    pub const NEXT: usize = 0;
    /// An opcode, to be executed in place of this one.
    pub const AGAIN: usize = 1;
    /// An exception.
    pub const RAISE: usize = 2;
    /// An exception that is raised again.
    pub const RERAISE: usize = 3;
    /// The opcode of the general form, as which the instruction goes on.
    pub const DEOPTIMIZE: usize = 4;
    /// The first word is the instruction pointer, from where on the run records.
    pub const RECORD: usize = 5;
    /// An exception, from whose handler on the run records.
    pub const RAISE_AND_RECORD: usize = 6;
}

#[inline(always)]
fn untag(word: usize) -> *mut StackRef {
    (word & !step_tag::MASK) as *mut StackRef
}

/// Executes one instruction on behalf of its handler. The frame to go on in is the thread's current one.
///
/// # Safety
/// See [`Handler`].
#[inline(never)]
unsafe extern "sysv64-unwind" fn step<const OP: u8>(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    arg: usize,
) -> Step {
    // SAFETY: the registers of a live machine.
    let mut m = Machine { ts: unsafe { &*ts }, frame, ip, sp };
    let (first, tag) = match execute::<OP, true>(&mut m, arg) {
        Flow::Next => (m.ip as usize, step_tag::NEXT),
        Flow::Again(op, _) => (op as usize, step_tag::AGAIN),
        Flow::Deoptimize(op) => (op as usize, step_tag::DEOPTIMIZE),
        Flow::Raise(e) => (e.into_raw() as usize, step_tag::RAISE),
        Flow::Reraise(e) => (e.into_raw() as usize, step_tag::RERAISE),
        Flow::Exit(_) | Flow::Hot => unreachable!("outlined instructions stay in the loop"),
    };
    Step(first, m.sp as usize | tag)
}

/// The handler of one opcode.
///
/// # Safety
/// See [`Handler`].
unsafe extern "sysv64-unwind" fn handler<const OP: u8>(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    arg: usize,
    context: *const Context,
) -> usize {
    // SAFETY: the registers of a live machine.
    unsafe {
        if is_outlined(OP) {
            let Step(first, second) = step::<OP>(frame, ip, sp, ts, arg);
            let mut m =
                Machine { ts: &*ts, frame: (*ts).current_frame.get(), ip: first as *mut u16, sp: untag(second) };
            if second & step_tag::MASK == step_tag::NEXT {
                return go_next(&mut m, context);
            }
            return match second & step_tag::MASK {
                step_tag::AGAIN => {
                    m.ip = ip;
                    go(&m, first as u8, arg, context)
                }
                step_tag::DEOPTIMIZE => deoptimize(m.frame, ip, m.sp, ts, arg | first << DEOPTIMIZE_SHIFT, context),
                step_tag::RAISE => raise::<false>(m.frame, m.frame().instr_ptr.get().add(1), m.sp, ts, first, context),
                // The frame says where the exception was raised first, and not where this instruction is.
                _ => raise::<true>(m.frame, ip, m.sp, ts, first, context),
            };
        }
        let mut m = Machine { ts: &*ts, frame, ip, sp };
        match execute::<OP, true>(&mut m, arg) {
            Flow::Next => go_next(&mut m, context),
            Flow::Again(op, arg) => go(&m, op, arg, context),
            Flow::Deoptimize(op) => {
                deoptimize(m.frame, m.ip, m.sp, ts, arg | (op as usize) << DEOPTIMIZE_SHIFT, context)
            }
            Flow::Raise(e) => raise::<false>(m.frame, m.ip, m.sp, ts, e.into_raw() as usize, context),
            Flow::Reraise(e) => raise::<true>(m.frame, m.ip, m.sp, ts, e.into_raw() as usize, context),
            Flow::Exit(value) => pack(Ok(value)),
            Flow::Hot => hot_loop(m.frame, m.ip, m.sp, ts, arg, context),
        }
    }
}

/// The handler of one opcode in a run that records: tells the JIT, then executes.
///
/// # Safety
/// See [`Handler`].
unsafe extern "sysv64-unwind" fn recording_handler<const OP: u8>(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    arg: usize,
    context: *const Context,
) -> usize {
    // SAFETY: the registers of a live machine.
    unsafe {
        let next = record(frame, ip, sp, ts, OP as usize | arg << 8, context);
        if next.is_null() {
            let frame = (*ts).current_frame.get();
            let (ip, sp) = ((*frame).instr_ptr.get(), (*frame).stackpointer.get());
            return go_next(&mut Machine { ts: &*ts, frame, ip, sp }, context);
        }
        handler::<OP>(frame, ip, sp, ts, arg, next)
    }
}

/// Tells the JIT of an instruction (opcode in the low byte, argument above); the context to go on in, or null to go on in the
/// thread's current frame.
#[inline(never)]
unsafe extern "sysv64-unwind" fn record(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    instruction: usize,
    context: *const Context,
) -> *const Context {
    // SAFETY: the registers of a live machine.
    unsafe {
        let at = Registers { thread: &*ts, frame, instr: ip.sub(1), sp };
        match jit_hooks::record(at, instruction as u8, instruction >> 8) {
            RecordAction::Record => context,
            RecordAction::Interpret => ordinary(context),
            RecordAction::Enter => core::ptr::null(),
        }
    }
}

/// The countdown of a backward jump or of a function is at its end: asks the JIT what to do. `ip` points behind the instruction's
/// unit.
///
/// # Safety
/// See [`Handler`].
#[cold]
#[inline(never)]
unsafe extern "sysv64-unwind" fn hot_loop(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    arg: usize,
    context: *const Context,
) -> usize {
    // SAFETY: the registers of a live machine.
    unsafe {
        let Step(first, second) = hot_step(frame, ip, sp, ts, arg, context);
        let mut m = Machine { ts: &*ts, frame: (*ts).current_frame.get(), ip: first as *mut u16, sp: untag(second) };
        match second & step_tag::MASK {
            step_tag::RAISE => raise::<false>(m.frame, m.frame().instr_ptr.get().add(1), m.sp, ts, first, context),
            step_tag::RAISE_AND_RECORD => {
                raise::<false>(m.frame, m.frame().instr_ptr.get().add(1), m.sp, ts, first, recording(context))
            }
            step_tag::RECORD => go_next(&mut m, recording(context)),
            _ => go_next(&mut m, context),
        }
    }
}

/// The part of [`hot_loop`] that needs room.
///
/// # Safety
/// See [`Handler`].
#[inline(never)]
unsafe extern "sysv64-unwind" fn hot_step(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    distance: usize,
    context: *const Context,
) -> Step {
    // SAFETY: the registers of a live machine; the jump's target lies in the same code.
    unsafe {
        let at = Registers { thread: &*ts, frame, instr: ip.sub(1), sp };
        let is_entry = *at.instr as u8 == RESUME_JIT;
        let target = if is_entry { ip } else { ip.add(1).sub(distance) };
        if !core::ptr::eq(context, ordinary(context)) && !jit_hooks::is_called_away(at) {
            // One recording at a time.
            return Step(target as usize, sp as usize | step_tag::NEXT);
        }
        let action = if is_entry { jit_hooks::function_reached(at) } else { jit_hooks::loop_reached(at, target) };
        let (first, sp, tag) = match action {
            LoopAction::Interpret => (target as usize, sp, step_tag::NEXT),
            LoopAction::Record => (target as usize, sp, step_tag::RECORD),
            LoopAction::Return(value) => {
                let frame = (*ts).current_frame.get();
                let mut m = Machine { ts: &*ts, frame, ip: (*frame).instr_ptr.get(), sp: (*frame).stack_base() };
                super::ops::calls::leave_frame(&mut m);
                m.push_owned(value);
                (m.ip as usize, m.sp, step_tag::NEXT)
            }
            action => {
                let frame = &*(*ts).current_frame.get();
                let (ip, sp) = (frame.instr_ptr.get() as usize, frame.stackpointer.get());
                match action {
                    LoopAction::Raise(e) => (e.into_raw() as usize, sp, step_tag::RAISE),
                    LoopAction::RaiseRecording(e) => (e.into_raw() as usize, sp, step_tag::RAISE_AND_RECORD),
                    LoopAction::ResumeRecording => (ip, sp, step_tag::RECORD),
                    _ => (ip, sp, step_tag::NEXT),
                }
            }
        };
        Step(first, sp as usize | tag)
    }
}

/// Where [`deoptimize`] finds the opcode in its argument: above the instruction's own argument, which has 32 bits.
const DEOPTIMIZE_SHIFT: usize = 32;

/// A guard of a specialized instruction failed: it becomes its general form again, and executes as that.
///
/// # Safety
/// See [`Handler`]; for the argument, [`DEOPTIMIZE_SHIFT`].
#[cold]
#[inline(never)]
unsafe extern "sysv64-unwind" fn deoptimize(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    arg: usize,
    context: *const Context,
) -> usize {
    // SAFETY: the registers of a live machine.
    unsafe {
        let m = Machine { ts: &*ts, frame, ip, sp };
        let op = super::specialize::deopt(m.this(), (arg >> DEOPTIMIZE_SHIFT) as u8);
        go(&m, op, arg & ((1 << DEOPTIMIZE_SHIFT) - 1), context)
    }
}

/// An exception (in the argument's place) leaves the current instruction, which raises it again if `AGAIN`.
///
/// # Safety
/// See [`Handler`]; the exception is an owned reference.
#[cold]
#[inline(never)]
unsafe extern "sysv64-unwind" fn raise<const AGAIN: bool>(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    error: usize,
    context: *const Context,
) -> usize {
    // SAFETY: the registers of a live machine, and an owned exception.
    unsafe {
        let recording = !core::ptr::eq(context, ordinary(context));
        let goes_on = recording && raised(frame, ip, sp, ts, AGAIN as usize);
        let Step(first, second) = unwinding::<AGAIN>(frame, ip, sp, ts, error);
        if second & step_tag::MASK != step_tag::NEXT {
            if goes_on {
                jit_hooks::recording_lost();
            }
            return first;
        }
        let frame = (*ts).current_frame.get();
        let mut m = Machine { ts: &*ts, frame, ip: first as *mut u16, sp: untag(second) };
        go_next(&mut m, if goes_on { context } else { ordinary(context) })
    }
}

/// The work of [`raise`], apart for the same reason as [`step`]. What leaves the run is a result as [`pack`] makes it.
///
/// # Safety
/// As for [`raise`].
#[cold]
#[inline(never)]
unsafe extern "sysv64-unwind" fn unwinding<const AGAIN: bool>(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    error: usize,
) -> Step {
    // SAFETY: the registers of a live machine, and an owned exception.
    unsafe {
        let mut m = Machine { ts: &*ts, frame, ip, sp };
        match unwound(&mut m, PyErr::from_raw(error as *mut PyObject), AGAIN) {
            None => Step(m.ip as usize, m.sp as usize | step_tag::NEXT),
            Some(e) => Step(pack(Err(e)), step_tag::RAISE),
        }
    }
}

/// Tells the JIT that an instruction raises; may it go on recording?
///
/// # Safety
/// See [`Handler`].
#[inline(never)]
unsafe extern "sysv64-unwind" fn raised(
    frame: *mut InterpreterFrame,
    ip: *mut u16,
    sp: *mut StackRef,
    ts: *const PyThreadState,
    again: usize,
) -> bool {
    // SAFETY: the registers of a live machine.
    unsafe {
        let again = again != 0;
        let instr = if again { ip.sub(1) } else { (*frame).instr_ptr.get() };
        jit_hooks::raised(Registers { thread: &*ts, frame, instr, sp }, again)
    }
}

/// Unwinds to the exception's handler, where the machine goes on; or out of the run, with the exception.
#[inline(always)]
fn unwound(m: &mut Machine<'_>, error: PyErr, again: bool) -> Option<PyErr> {
    m.save_sp();
    match unwind::unwind(m.ts, m.frame, error, again.then(|| m.this())) {
        Unwound::Handler(frame, handler) => {
            m.frame = frame;
            m.ip = handler;
            // SAFETY: unwinding left a live frame, whose stack is what the handler expects.
            m.sp = unsafe { (*frame).stackpointer.get() };
            None
        }
        Unwound::Escaped(e) => Some(e),
    }
}

/// Sixteen rows of sixteen.
macro_rules! handler_table {
    ($handler:ident: $($row:literal)*) => {
        [$(
            $handler::<{ $row }>, $handler::<{ $row + 1 }>, $handler::<{ $row + 2 }>, $handler::<{ $row + 3 }>,
            $handler::<{ $row + 4 }>, $handler::<{ $row + 5 }>, $handler::<{ $row + 6 }>, $handler::<{ $row + 7 }>,
            $handler::<{ $row + 8 }>, $handler::<{ $row + 9 }>, $handler::<{ $row + 10 }>, $handler::<{ $row + 11 }>,
            $handler::<{ $row + 12 }>, $handler::<{ $row + 13 }>, $handler::<{ $row + 14 }>, $handler::<{ $row + 15 }>,
        )*]
    };
}

const HANDLERS: [Handler; 256] = handler_table!(handler: 0 16 32 48 64 80 96 112 128 144 160 176 192 208 224 240);
const RECORDERS: [Handler; 256] =
    handler_table!(recording_handler: 0 16 32 48 64 80 96 112 128 144 160 176 192 208 224 240);

/// The context of ordinary runs.
#[cfg(not(any(debug_assertions, feature = "poison")))]
static CONTEXT: Context = Context { handlers: HANDLERS };

/// The context of runs that record.
#[cfg(not(any(debug_assertions, feature = "poison")))]
static RECORDING: Context = Context { handlers: RECORDERS };

/// Executes from `frame` on until an entry frame's `INTERPRETER_EXIT`.
fn run(
    ts: &PyThreadState,
    frame: *mut InterpreterFrame,
    start_error: Option<PyErr>,
    mut record: bool,
) -> PyResult<ObjRef> {
    // SAFETY: a live frame.
    let mut m =
        Machine { ts, frame, ip: unsafe { (*frame).instr_ptr.get() }, sp: unsafe { (*frame).stackpointer.get() } };
    if let Some(error) = start_error {
        if record {
            // SAFETY: the registers of a live machine.
            record = unsafe { jit_hooks::raised(Registers { thread: ts, frame, instr: m.ip, sp: m.sp }, false) };
        }
        if let Some(e) = unwound(&mut m, error, false) {
            if record {
                jit_hooks::recording_lost();
            }
            return Err(e);
        }
    }
    // SAFETY: the machine is live until a handler says that it is done.
    unsafe {
        #[cfg(any(debug_assertions, feature = "poison"))]
        {
            let mut run = Run {
                ordinary: Context { handlers: HANDLERS, run: core::ptr::null() },
                recording: Context { handlers: RECORDERS, run: core::ptr::null() },
                next: core::cell::Cell::new((m.frame, m.ip, m.sp, 0, 0, core::ptr::null())),
            };
            let run = &raw mut run;
            (*run).ordinary.run = run;
            (*run).recording.run = run;
            let context = if record { &raw const (*run).recording } else { &raw const (*run).ordinary };
            let mut result = go_next(&mut m, context);
            while result == CONTINUE {
                let (frame, ip, sp, arg, op, context) = (*run).next.get();
                result = ((*context).handlers[op as usize])(frame, ip, sp, ts, arg, context);
            }
            unpack(result)
        }
        #[cfg(not(any(debug_assertions, feature = "poison")))]
        {
            unpack(go_next(&mut m, if record { &RECORDING } else { &CONTEXT }))
        }
    }
}
