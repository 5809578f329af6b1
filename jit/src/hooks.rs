//! The JIT as the VM sees it: counts, records, compiles, enters.

use std::cell::UnsafeCell;

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::interp::opcode::JUMP_BACKWARD_NO_JIT;
use rpy_vm::jit_hooks::{Jit, LoopAction, Registers};
use rpy_vm::object::refs::PyStruct;
use rpy_vm::types::code::PyCode;
use rpy_vm::types::function::PyFunction;

use crate::backend::x64::X64;
use crate::backend::{self, Backend, CompileError, Compiled, Loc, SaveArea};
use crate::executor::{Executor, Run};
use crate::ir::Trace;
use crate::log;
use crate::loops::{Loop, Loops};
use crate::options::{Mode, Options};
use crate::recorder::{LoopKey, Outcome, Recorder};

/// Failed recordings after which a loop is left to the interpreter for good.
const MAX_FAILURES: u32 = 5;
/// Compiled loops that are kept.
const MAX_LOOPS: usize = 4_000;

/// The JIT of the process.
pub struct TracingJit {
    state: UnsafeCell<Option<State>>,
}

/// Everything it knows. Only touched under the GIL.
struct State {
    options: Options,
    recording: Option<Box<Recorder>>,
    /// The exit whose path is being recorded.
    exit: usize,
    loops: Loops,
    backend: Option<X64>,
}

/// Traces guard what they assume, and so stay valid.
static VALID: u8 = 1;
/// Bytes of machine code at most.
const CODE_LIMIT: usize = 32 << 20;

// SAFETY: the state is only touched under the GIL.
unsafe impl Sync for TracingJit {}

/// The one instance.
pub static JIT: TracingJit = TracingJit { state: UnsafeCell::new(None) };

impl TracingJit {
    /// # Safety
    /// Under the GIL, and the reference ends before anything else may ask for another.
    #[expect(clippy::mut_from_ref, reason = "the GIL makes it exclusive")]
    unsafe fn state(&self) -> Option<&mut State> {
        // SAFETY: the caller's promise.
        unsafe { (*self.state.get()).as_mut() }
    }
}

impl Jit for TracingJit {
    fn configure(&self, option: Option<&str>) -> Result<Option<u16>, String> {
        let options = Options::parse(option)?;
        let threshold = match options.mode {
            Mode::Off => None,
            Mode::On => Some(Options::THRESHOLD),
            Mode::Eager => Some(Options::EAGER_THRESHOLD),
        };
        // SAFETY: no Python code runs yet.
        unsafe {
            *self.state.get() =
                Some(State { options, recording: None, exit: 0, loops: Loops::default(), backend: None });
        }
        Ok(threshold)
    }

    unsafe fn loop_reached(&self, at: Registers<'_>, target: *mut u16) -> LoopAction {
        let key = at.instr as usize;
        // SAFETY: under the GIL; the reference ends before compiled code runs.
        let (executor, may_record) = unsafe {
            let Some(state) = self.state() else { return LoopAction::Interpret };
            if at.thread.eval_breaker.load(core::sync::atomic::Ordering::Relaxed) != 0 {
                // Tools are active, or something waits: compiled code would leave at once.
                return LoopAction::Interpret;
            }
            let busy = state.recording.is_some();
            let limit = state.loops.compiled() >= MAX_LOOPS;
            match state.loops.get_mut(key) {
                Some(Loop::Compiled(executor)) if executor.pays() => (&raw mut **executor, !busy),
                Some(Loop::Compiled(_)) => {
                    // It stays in the table: other traces may lead to it.
                    log::loop_dropped(&state.options, at);
                    give_up(at);
                    return LoopAction::Interpret;
                }
                Some(Loop::Failed(MAX_FAILURES..)) => {
                    give_up(at);
                    return LoopAction::Interpret;
                }
                _ if limit => {
                    give_up(at);
                    return LoopAction::Interpret;
                }
                _ if busy => return LoopAction::Interpret,
                _ => {
                    state.recording = Some(Box::new(Recorder::new(at, target)));
                    return LoopAction::Record;
                }
            }
        };
        // SAFETY: the frame stands at the jump, and goes on at its target; compiled code takes it from there.
        unsafe {
            (*at.frame).instr_ptr.set(target);
            (*at.frame).stackpointer.set(at.sp);
            let mut save = SaveArea::new();
            let exit = Executor::run(executor, at, &mut save);
            let Some(state) = self.state() else { return LoopAction::Resume };
            let owner = state.loops.owner(exit);
            let Some(executor) = state.loops.executor(owner) else { return LoopAction::Resume };
            let ended = (*executor).leave(exit, at, &save, owner, may_record);
            if let (Some((recorder, exit)), Some(state)) = (ended.path, self.state()) {
                state.recording = Some(recorder);
                state.exit = exit;
            }
            ended.action
        }
    }

    unsafe fn record(&self, at: Registers<'_>, op: u8, arg: usize) -> bool {
        // SAFETY: under the GIL; recording runs no Python code.
        unsafe {
            let Some(state) = self.state() else { return false };
            let Some(recorder) = &mut state.recording else { return false };
            let outcome = recorder.step(at, op, arg, &state.loops);
            if matches!(outcome, Outcome::Continue) {
                return true;
            }
            let Some(recorder) = state.recording.take() else { return false };
            match outcome {
                Outcome::Continue => {}
                Outcome::Closed => state.close(*recorder),
                Outcome::Linked(target) => state.link(*recorder, target),
                Outcome::Aborted(why) => {
                    log::abandoned(&state.options, &recorder, at, op, why.0);
                    state.failed(&recorder);
                }
            }
            false
        }
    }

    fn recording_lost(&self) {
        // SAFETY: under the GIL.
        if let Some(state) = unsafe { self.state() }
            && let Some(recorder) = state.recording.take()
        {
            state.failed(&recorder);
        }
    }

    fn code_destroyed(&self, code: &PyCode) {
        // SAFETY: under the GIL.
        if let Some(state) = unsafe { self.state() } {
            state.loops.forget(code.as_object().as_ptr() as usize);
        }
    }

    fn show_locals(&self, frame: *mut InterpreterFrame) {
        // SAFETY: under the GIL, in a call that the runs of this thread wait for.
        unsafe {
            let Some(state) = self.state() else { return };
            for run in Run::all().filter(|run| (*run.save).call != 0) {
                let exit = (*run.save).call as usize - 1;
                let owner = state.loops.owner(exit);
                if state.loops.executor(owner).is_some_and(|executor| (*executor).show(exit, run, frame)) {
                    return;
                }
            }
        }
    }

    fn function_changed(&self, _function: &PyFunction) {
        // Traces look at the function's version.
    }
}

/// The loop is left to the interpreter for good.
unsafe fn give_up(at: Registers<'_>) {
    // SAFETY: a backward jump in running code, rewritten under the GIL.
    unsafe { *at.instr = (*at.instr & 0xff00) | JUMP_BACKWARD_NO_JIT as u16 };
}

impl State {
    /// A recording came to nothing: the loop waits longer each time; an exit is tried once more.
    fn failed(&mut self, recorder: &Recorder) {
        let key = recorder.jump() as usize;
        if recorder.is_path() {
            if let Some(executor) = self.loops.executor(key) {
                // SAFETY: no compiled code runs that could hold a reference.
                unsafe { (*executor).path_failed(self.exit) };
            }
            return;
        }
        self.postpone(recorder.jump());
    }

    /// A loop was not compiled: it waits longer each time.
    fn postpone(&mut self, jump: *mut u16) {
        let failures = self.loops.failed(jump as usize);
        let wait = 50u16.saturating_mul(1 << (3 * failures).min(10));
        // SAFETY: the jump's cache: its code is running.
        unsafe { *jump.add(1) = wait };
    }

    fn compile(&mut self, trace: &Trace, first_exit: usize, params: &[Loc]) -> Result<Compiled, CompileError> {
        if self.backend.is_none() {
            self.backend = Some(backend::host(CODE_LIMIT)?);
        }
        let root = backend::Options::root(first_exit as u32, &raw const VALID);
        match &self.backend {
            Some(backend) => {
                backend.compile(trace, &backend::Options { params, listing: self.options.log.is_some(), ..root })
            }
            None => Err(CompileError::Memory("no backend")),
        }
    }

    /// Compiles a closed loop and attaches it to its backward jump.
    fn close(&mut self, recorder: Recorder) {
        let (jump, head) = (recorder.jump(), recorder.header());
        let code = recorder.code().to_ref();
        let title = log::title(&code, head);
        let recorded = recorder.finish();
        log::recorded(&self.options, &title, &recorded);
        let trace = match crate::opt::close_loop(recorded.builder, &recorded.header) {
            Ok(trace) => trace,
            Err(why) => {
                log::refused(&self.options, &title, &format!("{why:?}"));
                return self.postpone(jump);
            }
        };
        log::optimized(&self.options, &title, &trace);
        let first_exit = self.loops.next_exit();
        match self.compile(&trace, first_exit, &[]) {
            Ok(compiled) => {
                log::compiled(&self.options, &title, &trace, &compiled);
                self.loops.add_exits(jump as LoopKey, compiled.exits.len());
                let executor = Executor::new(compiled, trace, recorded.kept, recorded.base_depth, first_exit);
                // Any value but null: the VM tells of the code's end.
                code.co_executors.set(core::ptr::dangling_mut());
                self.loops.insert(jump as LoopKey, head as usize, code.as_object().as_ptr() as usize, executor);
                // SAFETY: the jump's cache: asked at each round from now on.
                unsafe { *jump.add(1) = 0 };
            }
            Err(why) => {
                log::refused(&self.options, &title, &format!("{why:?}"));
                self.postpone(jump);
            }
        }
    }

    /// Compiles the path from an exit to the loop `target`.
    fn link(&mut self, recorder: Recorder, target: LoopKey) {
        let key = recorder.jump() as LoopKey;
        let title = format!("{} (from exit {})", log::title(recorder.code(), recorder.header()), self.exit);
        let exit = self.exit;
        let (Some(executor), Some(target)) = (self.loops.executor(key), self.loops.executor(target)) else { return };
        let recorded = recorder.finish();
        log::recorded(&self.options, &title, &recorded);
        let trace = crate::opt::finish(recorded.builder);
        log::optimized(&self.options, &title, &trace);
        // SAFETY: executors stay in the table; no compiled code runs.
        unsafe {
            let (first_exit, inputs) = (self.loops.next_exit(), (*executor).side_inputs(exit));
            let added = self.compile(&trace, first_exit, &inputs).and_then(|compiled| {
                log::compiled(&self.options, &title, &trace, &compiled);
                self.loops.add_exits(key, compiled.exits.len());
                Executor::add_side(executor, exit, compiled, trace, recorded.kept, first_exit, target)
            });
            if let Err(why) = added {
                log::refused(&self.options, &title, &format!("{why:?}"));
                (*executor).path_failed(exit);
            }
        }
    }
}
