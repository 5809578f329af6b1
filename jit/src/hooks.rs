//! The JIT as the VM sees it: counts, records, compiles, enters.

use core::ops::Range;
use std::cell::UnsafeCell;
use std::rc::Rc;

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::interp::opcode::{JUMP_BACKWARD_NO_JIT, RESUME_CHECK, RESUME_JIT};
use rpy_vm::jit_hooks::{self, Jit, LoopAction, RecordAction, Registers, Thresholds};
use rpy_vm::object::refs::{ObjRef, PyStruct};
use rpy_vm::runtime::gc::Visit;
use rpy_vm::runtime::recursion;
use rpy_vm::types::code::PyCode;
use rpy_vm::types::function::PyFunction;

use crate::backend::x64::X64;
use crate::backend::{self, Backend, CompileError, Compiled, Loc, RETURNED, SaveArea};
use crate::budget::{self, Budget};
use crate::detour;
use crate::early::{self, Look, Verdict};
use crate::executor::{Executor, NewTrace, Way};
use crate::ir::{Form, SlotState, Trace};
use crate::log;
use crate::loops::{ExitOwner, Failures, Found, Loops};
use crate::opt::{Contradicted, is_number};
use crate::options::{Mode, Options};
use crate::recorder::{
    Abort, HeadSlot, LoopKey, Origin, Outcome, Raised, Raising, Recorder, Shapes, Unfollowed, counts_references,
};
use crate::runs;
use crate::shake;
use crate::starts::{self, Input, Start};

/// How often it is looked whether a function recurses, before it is compiled anyway: the interpreter has entered it so often by
/// then that it is not a part of what calls it.
const LOOKS: u32 = 1;
/// So many calls lie between two of a function that recurses.
const RECURSION_DISTANCE: usize = 8;
/// Failed recordings after which a loop is left to the interpreter for good.
const MAX_FAILURES: u32 = 5;
/// Recordings of one loop that may meet its last round before that counts as a failure.
const MAX_LEFT: u32 = 10;
/// After so many rounds or calls a loop or function asks again that was denied time to be compiled.
const ASKED_AGAIN: u16 = 20;
/// Compiled loops that are kept.
const MAX_LOOPS: usize = 4_000;
/// Recordings of one kind of exit that may fail.
const MAX_ATTEMPTS: u32 = 2;
/// Side traces that start with the same shape, each more general than the one before.
const MAX_VARIANTS: usize = 6;

/// The JIT of the process.
pub struct TracingJit {
    state: UnsafeCell<Option<State>>,
}

/// Everything it knows. Only touched under the GIL.
struct State {
    options: Options,
    recording: Option<Box<Recorder>>,
    /// The exit whose path is being recorded.
    path: Option<Path>,
    loops: Loops,
    /// Functions that are called rather than followed.
    unfollowed: Unfollowed,
    /// Instructions that raise into handlers.
    raises: Raising,
    /// The shapes that instructions have met.
    shapes: Shapes,
    backend: Option<X64>,
    budget: Budget,
    /// There are arrays: loops are looked at early.
    looks_early: bool,
}

/// An exit whose path is being recorded.
struct Path {
    exit: ExitOwner,
    /// Its group, for which a side trace is made, and what that relies on.
    group: Option<usize>,
    inputs: Rc<[Input]>,
    /// Whether that is all that can be relied on at this exit.
    special: bool,
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

    /// Enters compiled code, of a loop or of a function, and leaves it in the end.
    ///
    /// # Safety
    /// The frame stands where the code begins, with its stack pointer saved.
    #[inline(always)]
    unsafe fn enter(&self, executor: *mut Executor, at: Registers<'_>, is_function: bool) -> LoopAction {
        // SAFETY: the caller's promise; executors stay in the table.
        unsafe {
            let measured = (*executor).is_measured();
            let clock = || if measured { budget::now() } else { 0 };
            let begin = clock();
            let mut save = SaveArea::new();
            let entered = clock();
            let exit = match is_function {
                true => Executor::run_function(executor, at, &mut save),
                false => Executor::run(executor, at, &mut save),
            };
            let left = clock();
            if is_function && exit != RETURNED {
                self.function_left(executor, at);
            }
            let action = self.ended(exit, at, &save);
            if measured && matches!(action, LoopAction::Resume | LoopAction::Return(_)) {
                let inside = left.wrapping_sub(entered);
                (*executor).note_ticks(inside, clock().wrapping_sub(begin).wrapping_sub(inside));
            }
            action
        }
    }
}

impl Jit for TracingJit {
    fn configure(&self, option: Option<&str>) -> Result<Option<Thresholds>, String> {
        let options = Options::parse(option)?;
        if let Some(threads) = options.threads {
            crate::numpy::fuse::pool::configure(threads);
        }
        let threshold = match options.mode {
            Mode::Off => None,
            Mode::On => {
                options.shake.into_iter().for_each(shake::begin);
                Some(shake::thresholds(Options::THRESHOLDS).unwrap_or(Options::THRESHOLDS))
            }
            Mode::Eager => Some(Options::EAGER_THRESHOLDS),
        };
        // SAFETY: no Python code runs yet.
        unsafe {
            let budget = Budget::new(options.mode == Mode::On);
            *self.state.get() = Some(State {
                options,
                recording: None,
                path: None,
                loops: Loops::default(),
                unfollowed: Unfollowed::default(),
                raises: Raising::default(),
                shapes: Shapes::default(),
                backend: None,
                budget,
                looks_early: false,
            });
        }
        Ok(threshold)
    }

    fn started(&self) {
        // SAFETY: under the GIL; nothing is called.
        if let Some(state) = unsafe { self.state() } {
            state.budget.open();
        }
    }

    fn extension_loaded(&self, name: &str) {
        // SAFETY: under the GIL; nothing is called.
        if let Some(state) = unsafe { self.state() }
            && name == early::EXTENSION
            && state.options.mode == Mode::On
        {
            state.looks_early = true;
            jit_hooks::set_threshold(early::FIRST);
        }
    }

    unsafe fn loop_reached(&self, at: Registers<'_>, target: *mut u16) -> LoopAction {
        // SAFETY: under the GIL; the reference ends before compiled code runs.
        let executor = unsafe {
            let Some(state) = self.state() else { return LoopAction::Interpret };
            if !may_enter(at) {
                return LoopAction::Interpret;
            }
            let busy = state.recording.is_some();
            match state.loops.find(target as LoopKey) {
                Found::Compiled(executor) if (*executor).pays() || state.options.mode == Mode::Eager => executor,
                Found::Compiled(executor) => {
                    // It stays in the table: other traces may lead to it.
                    log::loop_dropped(&state.options, at);
                    *at.instr.add(1) = (*executor).rest();
                    return LoopAction::Interpret;
                }
                Found::Failed(Failures { failed: MAX_FAILURES.., .. }) => {
                    give_up(at);
                    return LoopAction::Interpret;
                }
                _ if state.loops.compiled() >= MAX_LOOPS || counts_references((*at.frame).code()) => {
                    give_up(at);
                    return LoopAction::Interpret;
                }
                _ if busy => return LoopAction::Interpret,
                found => {
                    let verdict = state.look(found, at, target);
                    let wait = match verdict {
                        Verdict::Wait(rounds) => Some(rounds),
                        Verdict::Early | Verdict::Usual if state.budget.allows(target as usize) => None,
                        Verdict::Early => Some(0),
                        Verdict::Usual => Some(ASKED_AGAIN),
                    };
                    if let Some(rounds) = wait {
                        // SAFETY: the jump's cache.
                        *at.instr.add(1) = rounds;
                        return LoopAction::Interpret;
                    }
                    let mut recorder = Box::new(Recorder::new(at, target));
                    recorder.is_early = verdict == Verdict::Early;
                    state.begin(recorder);
                    return LoopAction::Record;
                }
            }
        };
        // SAFETY: the frame stands at the jump, and goes on at its target; compiled code takes it from there.
        unsafe {
            (*at.frame).instr_ptr.set(target);
            (*at.frame).stackpointer.set(at.sp);
            self.enter(executor, at, false)
        }
    }

    unsafe fn function_reached(&self, at: Registers<'_>) -> LoopAction {
        // SAFETY: under the GIL, at the beginning of a function; the reference ends before compiled code runs.
        unsafe {
            let code = (*at.frame).code();
            let executor = jit_hooks::compiled_entry(code).cast::<Executor>();
            let Some(state) = self.state() else { return LoopAction::Interpret };
            if !may_enter(at) {
                return LoopAction::Interpret;
            }
            if executor.is_null() {
                if state.recording.is_some() {
                    return LoopAction::Interpret;
                }
                let key = at.instr as LoopKey;
                let failures = match state.loops.find(key) {
                    Found::Failed(failures) => failures,
                    _ => Failures::default(),
                };
                let is_full = state.loops.compiled() >= MAX_LOOPS;
                if failures.failed >= MAX_FAILURES || is_full || counts_references(code) {
                    give_up_function(at);
                } else if !state.options.compiles_all() && failures.left < LOOKS && !recurses(at) {
                    // What calls it has it compiled, as a rule, as a part of itself.
                    let address = code.as_object().as_ptr() as usize;
                    let looks = state.loops.failed(key, address, |failures| failures.left += 1).left;
                    jit_hooks::watch(code);
                    jit_hooks::set_countdown(code, Options::THRESHOLDS.functions << (2 * looks));
                } else if !state.budget.allows(key) {
                    jit_hooks::set_countdown(code, ASKED_AGAIN.into());
                } else {
                    state.begin(Box::new(Recorder::of_function(at)));
                    return LoopAction::Record;
                }
                return LoopAction::Interpret;
            }
            if !(*executor).pays() && state.options.mode != Mode::Eager {
                log::function_dropped(&state.options, at);
                jit_hooks::rest_entry(code, (*executor).rest());
                return LoopAction::Interpret;
            }
            (*at.frame).instr_ptr.set(at.instr);
            (*at.frame).stackpointer.set(at.sp);
            self.enter(executor, at, true)
        }
    }

    unsafe fn is_called_away(&self, at: Registers<'_>) -> bool {
        // SAFETY: under the GIL.
        unsafe { self.state() }
            .is_some_and(|state| state.recording.as_mut().is_some_and(|recording| recording.called_away(at)))
    }

    unsafe fn record(&self, at: Registers<'_>, op: u8, arg: usize) -> RecordAction {
        // SAFETY: under the GIL; recording runs no Python code, and a detour begins when nothing of the state is borrowed.
        unsafe {
            let Some(state) = self.state() else { return RecordAction::Interpret };
            let Some(recorder) = &mut state.recording else { return RecordAction::Interpret };
            let begin = budget::now();
            let outcome = recorder.step(at, op, arg, &state.loops);
            let outcome = match outcome {
                Outcome::Continue => {
                    state.budget.spend(begin);
                    return RecordAction::Record;
                }
                Outcome::Enter(detour) => {
                    state.budget.spend(begin);
                    if detour::enter(at, detour) {
                        return RecordAction::Enter;
                    }
                    Outcome::Aborted(Abort("no room for a frame"))
                }
                outcome => outcome,
            };
            // Its end, if nobody else has it any more, comes when nothing of the state is borrowed.
            let _code;
            let Some(state) = self.state() else { return RecordAction::Interpret };
            let Some(recorder) = state.recording.take() else { return RecordAction::Interpret };
            _code = recorder.code().to_ref();
            match outcome {
                Outcome::Continue | Outcome::Enter(_) => {}
                Outcome::Closed => state.close(*recorder),
                Outcome::Returned => state.link(*recorder, None),
                Outcome::Reached(target) => state.reached(*recorder, at, op, target),
                Outcome::Aborted(why) => {
                    if !recorder.is_early {
                        recorder.blame(why);
                    }
                    log::abandoned(&state.options, &recorder, at, op, why.0);
                    match why.is_avoidable() {
                        true => state.record_again(&recorder),
                        false => state.aborted(*recorder, why.is_left()),
                    }
                }
            }
            state.budget.spend(begin);
            RecordAction::Interpret
        }
    }

    unsafe fn raised(&self, at: Registers<'_>, _again: bool) -> bool {
        // SAFETY: under the GIL; a live machine.
        unsafe {
            // As above.
            let Some(state) = self.state() else { return false };
            let Some(recorder) = &mut state.recording else { return false };
            let _code = recorder.code().to_ref();
            let raised = recorder.raised(at);
            if raised == Raised::Followed {
                return true;
            }
            if let Some(recorder) = state.recording.take() {
                log::abandoned(&state.options, &recorder, at, *at.instr as u8, "it raises");
                match raised {
                    Raised::Noted => state.record_again(&recorder),
                    Raised::Followed | Raised::Lost => state.aborted(*recorder, false),
                }
            }
            false
        }
    }

    fn recording_lost(&self) {
        // As above.
        let _code;
        // SAFETY: under the GIL.
        if let Some(state) = unsafe { self.state() }
            && let Some(mut recorder) = state.recording.take()
        {
            _code = recorder.code().to_ref();
            match recorder.escaped() {
                true => state.link(*recorder, None),
                false => {
                    log::lost(&state.options, &recorder);
                    state.aborted(*recorder, false);
                }
            }
        }
    }

    fn code_destroyed(&self, code: &PyCode) {
        // Dropped when nothing of the state is borrowed: what traces kept alive may end in Python code.
        let _gone;
        // SAFETY: under the GIL.
        if let Some(state) = unsafe { self.state() } {
            let address = code.as_object().as_ptr() as usize;
            _gone = state.loops.forget(address);
            state.unfollowed.borrow_mut().remove(&address);
            state.raises.borrow_mut().remove(&address);
            state.shapes.borrow_mut().remove(&address);
        }
    }

    fn visit_kept(&self, code: &PyCode, visit: &mut Visit<'_>) {
        // SAFETY: under the GIL, between instructions.
        if let Some(state) = unsafe { self.state() } {
            let executors = state.loops.of_code(code.as_object().as_ptr() as usize);
            executors.flat_map(Executor::kept).for_each(|object| visit.visit(object));
        }
    }

    fn show_locals(&self, frame: *mut InterpreterFrame) {
        // SAFETY: under the GIL, in a call that the runs of this thread wait for.
        unsafe {
            let Some(state) = self.state() else { return };
            for run in runs::present() {
                if (*run.save).call == 0 {
                    continue;
                }
                let exit = (*run.save).call as usize - 1;
                let owner = state.loops.owner(exit);
                if (*owner.executor).show(owner.part, owner.exit, &run, frame) {
                    return;
                }
            }
        }
    }

    fn function_changed(&self, _function: &PyFunction) {
        // Traces look at the function's version.
    }
}

/// Why a loop was not compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// It ended in the recorded round.
    Left,
    /// The recorded round could not be followed by another one like it.
    Contradicted,
    Other,
}

impl TracingJit {
    /// A function was left otherwise than by returning. It is entered no more if that happens so often that it does not pay.
    ///
    /// # Safety
    /// The registers are those of a run of the function, which began at its entry and has just ended.
    pub unsafe fn function_left(&self, executor: *mut Executor, at: Registers<'_>) {
        // SAFETY: the caller's promise. The code stays: it may be running.
        unsafe {
            let Some(state) = self.state() else { return };
            // While there is no time for compiling, its exits are not continued.
            if state.budget.is_awaited() || (*executor).note_left() {
                return;
            }
            log::loop_dropped(&state.options, at);
            let code = (*at.frame).code();
            jit_hooks::set_countdown(code, u32::MAX);
            let entry = code.code_ptr().add(code.co_firsttraceable.get() as usize);
            if *entry as u8 == RESUME_JIT {
                *entry = (*entry & 0xff00) | RESUME_CHECK as u16;
            }
        }
    }

    /// What follows a run of compiled code that was entered with these registers and has ended at this exit.
    ///
    /// # Safety
    /// It has just ended, with this save area.
    pub unsafe fn ended(&self, exit: u64, at: Registers<'_>, save: &SaveArea) -> LoopAction {
        // SAFETY: the caller's promise; references to the state end before other code may run.
        unsafe {
            if exit == RETURNED {
                return LoopAction::Return((*(*at.frame).stack_base()).into_owned());
            }
            let Some(state) = self.state() else { return LoopAction::Resume };
            let owner = state.loops.owner(exit as usize);
            let left = (*owner.executor).leave(owner.part, owner.exit, at, save);
            match (left.action, self.state()) {
                (LoopAction::Resume, Some(state)) => state.follow(owner, at, &left.frames),
                (LoopAction::Raise(error), Some(state)) => match state.follow(owner, at, &left.frames) {
                    LoopAction::ResumeRecording => LoopAction::RaiseRecording(error),
                    _ => LoopAction::Raise(error),
                },
                (action, _) => action,
            }
        }
    }
}

/// May compiled code be entered? Not where it would leave at once, because tools are active or something waits; nor where it could
/// need more of the machine stack than there is, which the interpreter does not.
fn may_enter(at: Registers<'_>) -> bool {
    at.thread.eval_breaker.load(core::sync::atomic::Ordering::Relaxed) == 0 && !recursion::stack_low(at.thread)
}

/// Is the function that is entered under way already?
fn recurses(at: Registers<'_>) -> bool {
    // SAFETY: the chain of frames is live.
    unsafe {
        let code = (*at.frame).f_executable.get();
        let mut frame = (*at.frame).previous.get();
        for _ in 0..RECURSION_DISTANCE {
            let Some(this) = frame.as_ref() else { return false };
            if this.f_executable.get().bits() & !1 == code.bits() & !1 {
                return true;
            }
            frame = this.previous.get();
        }
    }
    false
}

/// The function's entry is left to the interpreter for good.
unsafe fn give_up_function(at: Registers<'_>) {
    // SAFETY: the beginning of a function in running code, rewritten under the GIL.
    unsafe { *at.instr = (*at.instr & 0xff00) | RESUME_CHECK as u16 };
}

/// The loop is left to the interpreter for good.
unsafe fn give_up(at: Registers<'_>) {
    // SAFETY: a backward jump in running code, rewritten under the GIL.
    unsafe { *at.instr = (*at.instr & 0xff00) | JUMP_BACKWARD_NO_JIT as u16 };
}

impl State {
    /// A recording begins.
    fn begin(&mut self, mut recorder: Box<Recorder>) {
        recorder.unfollowed = self.unfollowed.clone();
        recorder.raises = self.raises.clone();
        recorder.shapes = self.shapes.clone();
        self.recording = Some(recorder);
    }

    /// Has a loop to be recorded early?
    fn look(&mut self, found: Found, at: Registers<'_>, target: *mut u16) -> Verdict {
        if !self.looks_early || matches!(found, Found::Failed(Failures { look: Look::Done, .. })) {
            return Verdict::Usual;
        }
        // SAFETY: a live frame, whose code runs.
        let code = unsafe { (*at.frame).code() };
        let mut verdict = Verdict::Usual;
        let address = code.as_object().as_ptr() as usize;
        self.loops.failed(target as LoopKey, address, |failures| verdict = failures.look.again(budget::now()));
        jit_hooks::watch(code);
        verdict
    }

    /// A loop was recorded early, and in vain: as if it had not been. If it was left in the recorded round, it is looked at again.
    fn forget_early(&mut self, origin: &Origin, left: bool) {
        let failures = self.loops.failed(origin.key, origin.code, |failures| {
            let again = left && failures.left < MAX_LEFT;
            failures.left += u32::from(again);
            failures.look = if again { Look::Never } else { Look::Done };
        });
        let rounds = if failures.look == Look::Never { failures.left as u16 } else { Options::THRESHOLDS.loops };
        // SAFETY: the jump's cache, in code that is running.
        unsafe { *origin.jump.add(1) = rounds };
    }

    /// A function was not compiled: it waits longer each time.
    fn postpone_function(&mut self, code: &PyCode, key: LoopKey) {
        let failures = self.loops.failed(key, code.as_object().as_ptr() as usize, |failures| failures.failed += 2);
        jit_hooks::watch(code);
        jit_hooks::set_countdown(code, 200u32 << (3 * failures.failed).min(20));
    }

    /// Compiles a function from its entry to where the trace goes on: its return, a loop, or the interpreter.
    fn enter(&mut self, recorder: Recorder, target: Option<(*mut Executor, bool)>) {
        let (key, code) = (recorder.origin().key, recorder.code().to_ref());
        let title = format!("{} (function)", log::title(&self.options, &code, recorder.header()));
        let recorded = recorder.finish();
        log::recorded(&self.options, &title, &recorded);
        let pays = recorded.is_complete(target.is_some()) && recorded.is_compiled_mostly();
        if !pays && !self.options.compiles_all() {
            log::refused(&self.options, &title, "the interpreter does as well");
            return self.postpone_function(&code, key);
        }
        let trace = crate::opt::finish(recorded.builder);
        log::optimized(&self.options, &title, &trace);
        // SAFETY: executors stay in the table, and the loop is one of this function; no compiled code of it runs.
        unsafe {
            let entered = target.filter(|target| target.1).and_then(|target| (*target.0).entered());
            let root = target.filter(|target| !target.1).map(|target| target.0.cast_const());
            let compiled = self.compile(&trace, &[], entered).and_then(|(mut compiled, numbers)| {
                if let Some(root) = root {
                    let last = compiled.exits.len() - 1;
                    if let Err(why) = compiled.patch_exit(last, (*root).root().inner()) {
                        self.loops.give_exits(numbers);
                        return Err(why);
                    }
                }
                Ok((compiled, numbers))
            });
            match compiled {
                Ok((compiled, numbers)) => {
                    log::compiled(&self.options, &title, &trace, &compiled);
                    let root = NewTrace { compiled, trace, kept: recorded.kept, numbers: numbers.clone() };
                    let mut executor = Box::new(Executor::new(key, root, 0, Vec::new(), None).of_function());
                    let address = &raw mut *executor;
                    self.loops.add_exits(address, 0, &numbers);
                    self.loops.insert(key, code.as_object().as_ptr() as usize, executor);
                    jit_hooks::set_compiled_entry(&code, address.cast());
                    jit_hooks::keeps_for(&code);
                }
                Err(why) => {
                    log::refused(&self.options, &title, &format!("{why:?}"));
                    self.postpone_function(&code, key);
                }
            }
        }
    }

    /// A recording cannot go on. A path ends there, if it has come far enough. A loop waits, longer each time; not for long if
    /// it was left in the recorded round.
    fn aborted(&mut self, mut recorder: Recorder, left: bool) {
        if recorder.is_early {
            return self.forget_early(&recorder.origin(), left);
        }
        if recorder.cut() {
            return self.link(recorder, None);
        }
        if recorder.is_function() {
            return self.postpone_function(recorder.code(), recorder.origin().key);
        }
        if recorder.is_path() {
            if let Some(path) = self.path.take() {
                self.path_failed(&path);
            }
            return;
        }
        self.postpone(&recorder.origin(), if left { Failure::Left } else { Failure::Other });
    }

    /// A recording was lost, and another one from the same place will not be: it is made the next time that this is reached.
    fn record_again(&mut self, recorder: &Recorder) {
        if recorder.is_early {
            self.forget_early(&recorder.origin(), true);
        } else if recorder.is_function() {
            jit_hooks::set_countdown(recorder.code(), 1);
        } else if !recorder.is_path() {
            self.postpone(&recorder.origin(), Failure::Left);
        } else if let Some(path) = self.path.take() {
            let last = self.options.exits().1 - 1;
            match path.group {
                Some(group) => self.loops.starts.group(group).count = last,
                // SAFETY: no compiled code runs that could hold a reference.
                None => unsafe { (*path.exit.executor).exit_state(path.exit.part, path.exit.exit).count = last },
            }
        }
    }

    /// A loop was not compiled.
    fn postpone(&mut self, origin: &Origin, failure: Failure) {
        let mut again = false;
        let failures = self.loops.failed(origin.key, origin.code, |failures| {
            again = match failure {
                Failure::Left => failures.left < MAX_LEFT,
                Failure::Contradicted => !failures.contradicted,
                Failure::Other => false,
            };
            failures.left += (failure == Failure::Left) as u32;
            failures.contradicted |= failure == Failure::Contradicted;
            failures.failed += !again as u32;
        });
        // SAFETY: the jump's cache, and the code it lies in: it is running.
        unsafe {
            jit_hooks::watch(&*(origin.code as *const PyCode));
            *origin.jump.add(1) = match again {
                // Not in step with the number of rounds that the loop may have.
                true if failure == Failure::Left => (failures.left * failures.left / 2) as u16,
                true => 3,
                false => 50u16.saturating_mul(1 << (3 * failures.failed).min(10)),
            };
        }
    }

    /// Machine code of a trace, with the numbers of its exits.
    fn compile(
        &mut self,
        trace: &Trace,
        params: &[Loc],
        enter: Option<(usize, &[Loc])>,
    ) -> Result<(Compiled, Range<usize>), CompileError> {
        let backend = match &mut self.backend {
            Some(backend) => backend,
            none => none.insert(backend::host(CODE_LIMIT)?),
        };
        let most = trace.insts.iter().filter(|inst| inst.snapshot.is_some()).count();
        let numbers = self.loops.take_exits(most);
        let root = backend::Options::root(numbers.start as u32, &raw const VALID);
        let (listing, fail_once) = (self.options.log.is_some(), self.options.fail);
        let compiled = backend
            .compile(trace, &backend::Options { params, enter, listing, fail_once, ..root })
            .and_then(|compiled| match compiled.exits.len() {
                count if count <= most => Ok(compiled),
                _ => Err(CompileError::Malformed("more exits than instructions that have one")),
            });
        let end = numbers.start + compiled.as_ref().map_or(0, |compiled| compiled.exits.len());
        self.loops.give_exits(end..numbers.end);
        compiled.map(|compiled| (compiled, numbers.start..end))
    }

    /// Compiles a closed loop.
    fn close(&mut self, mut recorder: Recorder) {
        let (origin, head) = (recorder.origin(), recorder.header());
        let code = recorder.code().to_ref();
        let title = log::title(&self.options, &code, head);
        let is_early = recorder.is_early;
        if is_early && !recorder.has_big_arrays() {
            return self.forget_early(&origin, false);
        }
        // A round whose like cannot follow it is not the one to begin with, unless there is no other.
        let contradicted = match self.loops.find(origin.key) {
            Found::Failed(Failures { contradicted: true, .. }) => Contradicted::Widen,
            _ => Contradicted::Refuse,
        };
        let closed = recorder.close(contradicted);
        let recorded = recorder.finish();
        log::recorded(&self.options, &title, &recorded);
        if recorded.only_resumes() && !self.options.compiles_all() {
            log::refused(&self.options, &title, "the interpreter does as well");
            return self.postpone(&origin, Failure::Other);
        }
        let round = &recorded.builder.trace;
        let constant = |slot: &SlotState| round.as_const(slot.value).map_or(0, |constant| constant.bits);
        let slot = |slot: &SlotState| HeadSlot { index: slot.index, form: slot.form, constant: constant(slot) };
        let head_slots: Vec<HeadSlot> = recorded.header.iter().map(slot).collect();
        let has_numbers = head_slots.iter().any(|slot| is_number(slot.form));
        let round = has_numbers.then(|| (Box::new(round.clone()), recorded.header.clone()));
        let trace = match closed {
            Ok(trace) => trace,
            Err(why) => {
                log::refused(&self.options, &title, &format!("{why:?}"));
                return match is_early {
                    true => self.forget_early(&origin, true),
                    false => self.postpone(&origin, Failure::Contradicted),
                };
            }
        };
        log::optimized(&self.options, &title, &trace);
        match self.compile(&trace, &[], None) {
            Ok((compiled, numbers)) => {
                log::compiled(&self.options, &title, &trace, &compiled);
                let root = NewTrace { compiled, trace, kept: recorded.kept, numbers: numbers.clone() };
                let mut executor = Box::new(Executor::new(origin.key, root, recorded.base_depth, head_slots, round));
                self.loops.add_exits(&raw mut *executor, 0, &numbers);
                self.loops.insert(origin.key, origin.code, executor);
                jit_hooks::keeps_for(&code);
                // SAFETY: the jump's cache: asked at each round from now on.
                unsafe { *origin.jump.add(1) = 0 };
            }
            Err(why) => {
                log::refused(&self.options, &title, &format!("{why:?}"));
                self.postpone(&origin, Failure::Other);
            }
        }
    }

    /// A path has come to a compiled loop.
    ///
    /// # Safety
    /// The registers are those of the machine, at the loop's head.
    unsafe fn reached(&mut self, mut recorder: Recorder, at: Registers<'_>, op: u8, target: LoopKey) {
        // SAFETY: executors stay in the table; no compiled code runs.
        unsafe {
            let Some(executor) = self.loops.executor(target) else { return self.aborted(recorder, false) };
            let entered = recorder.fits(at, (*executor).head()) && self.make_entered(executor);
            let done = match entered {
                true => recorder.enter_loop(at, (*executor).head()),
                false => recorder.enter_settled(),
            };
            match done {
                Ok(()) => self.link(recorder, Some((executor, entered))),
                Err(why) => {
                    log::abandoned(&self.options, &recorder, at, op, why.0);
                    self.aborted(recorder, false);
                }
            }
        }
    }

    /// Sees to it that a loop has a trace with parameters; false if it cannot have one.
    ///
    /// # Safety
    /// A live executor whose code does not run.
    unsafe fn make_entered(&mut self, executor: *mut Executor) -> bool {
        // SAFETY: the caller's promise.
        let executor_ref = unsafe { &mut *executor };
        if let Some((round, head)) = executor_ref.take_recorded() {
            let title = format!("entry {:#x}", executor_ref.key());
            let floats: Vec<bool> =
                head.iter().filter(|slot| is_number(slot.form)).map(|slot| slot.form == Form::Float).collect();
            let places = backend::parameter_places(&floats);
            let trace = match crate::opt::close_entered(&round, &head, crate::recorder::known_types()) {
                Ok(trace) => crate::opt::tighten(trace),
                Err(why) => {
                    log::refused(&self.options, &title, &format!("{why:?}"));
                    return false;
                }
            };
            log::optimized(&self.options, &title, &trace);
            match self.compile(&trace, &places, None) {
                Ok((compiled, numbers)) => {
                    log::compiled(&self.options, &title, &trace, &compiled);
                    self.loops.add_exits(executor, executor_ref.next_part(), &numbers);
                    // The root keeps what the constants refer to.
                    executor_ref.add_entered(NewTrace { compiled, trace, kept: Vec::new(), numbers }, places);
                }
                Err(why) => log::refused(&self.options, &title, &format!("{why:?}")),
            }
        }
        executor_ref.entered().is_some()
    }

    /// The path from an exit could not be recorded or compiled.
    fn path_failed(&mut self, path: &Path) {
        match path.group {
            Some(group) => self.loops.starts.group(group).attempts += 1,
            // SAFETY: no compiled code runs that could hold a reference.
            None => unsafe { (*path.exit.executor).exit_state(path.exit.part, path.exit.exit).attempts += 1 },
        }
    }

    /// An exit was taken, and its frames stand. If that has happened often, it is continued by a side trace: one that there is, or
    /// one that is recorded now.
    ///
    /// # Safety
    /// The exit has just been taken with these registers, and left these frames.
    unsafe fn follow(&mut self, owner: ExitOwner, at: Registers<'_>, frames: &[*mut InterpreterFrame]) -> LoopAction {
        let ExitOwner { executor, part, exit } = owner;
        let (warm, hot) = self.options.exits();
        // SAFETY: executors stay in the table; no compiled code runs.
        let executor = unsafe { &mut *executor };
        let state = executor.exit_state(part, exit);
        state.count += 1;
        state.taken = state.taken.saturating_add(1);
        let taken = state.taken;
        if let Some(&frame) = frames.last() {
            log::left(&self.options, taken, frame, || executor.describe(part, exit, &self.loops.starts));
        }
        let state = executor.exit_state(part, exit);
        if state.count < warm {
            return LoopAction::Resume;
        }
        if matches!(state.way, Way::Unknown) {
            // SAFETY: a live frame.
            let code = unsafe { (*at.frame).code() }.as_object().as_ptr() as usize;
            let way = match executor.picture(part, exit, code) {
                None => Way::Never,
                Some((picture, true)) => Way::Alone(picture.inputs),
                Some((picture, false)) => {
                    let group = self.loops.starts.group_of(&picture, code);
                    self.loops.starts.group(group).count += warm - 1;
                    Way::Shared(group, picture.inputs)
                }
            };
            executor.exit_state(part, exit).way = way;
        }
        let room = executor.has_room();
        let state = executor.exit_state(part, exit);
        let path = match &state.way {
            Way::Unknown | Way::Never => return LoopAction::Resume,
            Way::Alone(inputs) => {
                if state.count < hot || state.attempts >= MAX_ATTEMPTS {
                    return LoopAction::Resume;
                }
                Path { exit: owner, group: None, inputs: inputs.clone(), special: true }
            }
            Way::Shared(number, inputs) => {
                let (number, inputs) = (*number, inputs.clone());
                let group = self.loops.starts.group(number);
                if let Some(start) = group.starts.iter().find(|start| starts::covers(&start.inputs, &inputs)) {
                    let start = start.clone();
                    if !self.budget.allows(owner.executor as usize) {
                        executor.wait();
                    } else if !self.join(owner, &inputs, &start) {
                        executor.exit_state(part, exit).way = Way::Never;
                    }
                    return LoopAction::Resume;
                }
                group.count += 1;
                if group.count < hot || group.attempts >= MAX_ATTEMPTS || group.starts.len() >= MAX_VARIANTS {
                    return LoopAction::Resume;
                }
                let (inputs, special) = match group.starts.last() {
                    None => (inputs, true),
                    Some(last) => (starts::common(&last.inputs, &inputs), false),
                };
                Path { exit: owner, group: Some(number), inputs, special }
            }
        };
        let busy = self.recording.is_some() || !self.budget.allows(owner.executor as usize);
        if room && busy {
            // It stays hot, and is asked about again the next time.
            executor.wait();
            return LoopAction::Resume;
        }
        executor.exit_state(part, exit).count = warm;
        if let Some(number) = path.group {
            self.loops.starts.group(number).count = 0;
        }
        if !room {
            return LoopAction::Resume;
        }
        // SAFETY: the exit has just been taken.
        match unsafe { executor.record_path(part, exit, &path.inputs, frames) } {
            Ok(recorder) => {
                self.begin(Box::new(recorder));
                self.path = Some(path);
                LoopAction::ResumeRecording
            }
            Err(_) => {
                executor.exit_state(part, exit).way = Way::Never;
                LoopAction::Resume
            }
        }
    }

    /// Makes an exit with these inputs go on in a side trace that there is.
    fn join(&mut self, exit: ExitOwner, inputs: &[Input], start: &Start) -> bool {
        let begin = budget::now();
        // SAFETY: executors stay in the table; no compiled code runs. The side trace is one of the same code object.
        let joined = unsafe {
            let executor = &mut *exit.executor;
            let trace = executor.bridge(exit.part, exit.exit, inputs, start);
            let params = executor.exit_values(exit.part, exit.exit);
            let enter = Some((start.target, start.places.as_slice()));
            // A bridge has no exits.
            self.compile(&trace, &params, enter)
                .and_then(|(bridge, _)| executor.add_bridge(exit.part, exit.exit, bridge))
        };
        self.budget.spend(begin);
        log::joined(&self.options, exit.exit, joined.is_ok());
        joined.is_ok()
    }

    /// Compiles the path from an exit to where it goes on: a loop, perhaps in its trace with parameters, or the interpreter.
    fn link(&mut self, recorder: Recorder, target: Option<(*mut Executor, bool)>) {
        if recorder.is_function() {
            return self.enter(recorder, target);
        }
        let Some(path) = self.path.take() else { return };
        let title =
            format!("{} (from exit {})", log::title(&self.options, recorder.code(), recorder.header()), path.exit.exit);
        let recorded = recorder.finish();
        log::recorded(&self.options, &title, &recorded);
        let trace = crate::opt::finish(recorded.builder);
        log::optimized(&self.options, &title, &trace);
        // SAFETY: executors stay in the table; no compiled code runs.
        let added = unsafe { self.add_side(&path, &title, trace, recorded.kept, target) };
        if let Err(why) = added {
            log::refused(&self.options, &title, &format!("{why:?}"));
            self.path_failed(&path);
        }
    }

    /// Compiles a side trace, and makes the exit go on in it.
    ///
    /// # Safety
    /// The executors are in the table, and no compiled code runs.
    unsafe fn add_side(
        &mut self,
        path: &Path,
        title: &str,
        trace: Trace,
        kept: Vec<ObjRef>,
        target: Option<(*mut Executor, bool)>,
    ) -> Result<(), CompileError> {
        let ExitOwner { executor, part, exit } = path.exit;
        // SAFETY: the caller's promise.
        unsafe {
            let values = (*executor).exit_values(part, exit);
            let params = if path.special { values } else { starts::places(&trace, values.len()) };
            let entered = target.filter(|target| target.1).and_then(|target| (*target.0).entered());
            let target = target.filter(|target| !target.1).map(|target| target.0.cast_const());
            let (compiled, numbers) = self.compile(&trace, &params, entered)?;
            log::compiled(&self.options, title, &trace, &compiled);
            let (number, code) = ((*executor).next_part(), compiled.inner());
            let start = Rc::new(Start::new(path.inputs.clone(), &trace, code, &params));
            let side = NewTrace { compiled, trace, kept, numbers: numbers.clone() };
            if let Err(why) = Executor::add_side(executor, (part, exit), side, target) {
                self.loops.give_exits(numbers);
                return Err(why);
            }
            self.loops.add_exits(executor, number, &numbers);
            if let Some(group) = path.group {
                self.loops.starts.group(group).starts.push(start.clone());
            }
            if path.special {
                return (*executor).continue_in(part, exit, code);
            }
            let Way::Shared(_, inputs) = (*executor).exit_state(part, exit).way.clone() else { return Ok(()) };
            self.join(path.exit, &inputs, &start);
            Ok(())
        }
    }
}
