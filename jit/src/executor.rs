//! Compiled traces: how they are entered, and what happens when one ends.
//!
//! A loop is compiled into a tree: its root trace, which the interpreter enters at the loop's head, and side traces, which
//! go on from exits that are taken often. A side trace may lead into another loop of the same frame. So exits are numbered
//! through all loops (`Loops::owner`). All traces run in the save area of the entry, and a side trace finds its inputs where
//! the exit left them.

use std::cell::{Cell, RefCell};

use rpy_vm::err::PyErr;
use rpy_vm::interp::frame::{self, InterpreterFrame};
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::jit_hooks::{LoopAction, Registers};
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, Ref};
use rpy_vm::runtime::thread::PyThreadState;
use rpy_vm::types::code::PyCode;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::int::PyInt;

use crate::backend::{CompileError, Compiled, Loc, SaveArea};
use crate::ir::snapshot::SlotState;
use crate::ir::{ExitKind, Form, FrameState, Snapshot, Trace};
use crate::recorder::{Abort, ExitPoint, LoopKey, Recorder};

/// Entries after which it is looked at whether a loop pays.
const TRIAL: u64 = 256;
/// Processor ticks that an entry must last on average: leaving a trace costs about as much.
const MIN_TICKS: u64 = 700;
/// How often an exit is taken before its path is recorded.
const HOT_EXIT: u32 = 24;
/// Recordings of one exit that may fail.
const MAX_ATTEMPTS: u32 = 2;
/// Side traces of one loop.
const MAX_SIDE_TRACES: usize = 40;

/// One compiled trace of a loop.
struct Part {
    compiled: Compiled,
    trace: Trace,
    /// What the trace's constants refer to.
    _kept: Vec<ObjRef>,
    /// The number of its first exit, and what is known of each.
    first_exit: usize,
    exits: Vec<ExitState>,
}

/// What is known of an exit.
#[derive(Clone, Copy, Default)]
struct ExitState {
    /// How often it was taken since it was last looked at.
    count: u32,
    attempts: u32,
}

/// A compiled loop.
pub struct Executor {
    parts: Vec<Part>,
    /// Words on the operand stack at the loop's head.
    depth: usize,
    entries: u64,
    ticks: u64,
}

impl Part {
    fn new(compiled: Compiled, trace: Trace, kept: Vec<ObjRef>, first_exit: usize) -> Part {
        let exits = vec![ExitState::default(); compiled.exits.len()];
        Part { compiled, trace, _kept: kept, first_exit, exits }
    }
}

/// A run of compiled code.
pub struct Run {
    pub base: *mut InterpreterFrame,
    pub save: *const SaveArea,
    /// The run below it on the thread's stack.
    previous: *const Run,
    /// Words that [`Executor::show`] has written and that own nothing.
    shown: RefCell<Vec<(*mut StackRef, usize)>>,
}

thread_local! {
    /// The innermost run of this thread.
    static INNERMOST: Cell<*const Run> = const { Cell::new(core::ptr::null()) };
}

impl Run {
    /// Runs `f` as compiled code that was entered with this frame and save area.
    fn enter<R>(base: *mut InterpreterFrame, save: *mut SaveArea, f: impl FnOnce() -> R) -> R {
        let run = Run { base, save, previous: INNERMOST.get(), shown: RefCell::new(Vec::new()) };
        INNERMOST.set(&raw const run);
        let result = f();
        INNERMOST.set(run.previous);
        result
    }

    /// The runs of this thread, the innermost first.
    ///
    /// # Safety
    /// None of them ends while the iterator is in use.
    pub unsafe fn all<'a>() -> impl Iterator<Item = &'a Run> {
        // SAFETY: the caller's promise.
        core::iter::successors(unsafe { INNERMOST.get().as_ref() }, |run| unsafe { run.previous.as_ref() })
    }

    /// The call during which variables were shown has returned: memory forgets what it does not own.
    pub fn call_returned() {
        // SAFETY: the run is under way; so are its frames.
        unsafe {
            if let Some(run) = INNERMOST.get().as_ref() {
                for (place, bits) in run.shown.borrow_mut().drain(..) {
                    if (*place).bits() == bits {
                        *place = StackRef::NULL;
                    }
                }
            }
        }
    }
}

/// How a run ended.
pub struct Ended {
    pub action: LoopAction,
    /// A recording of the path from the exit, which was taken often, is to begin.
    pub path: Option<(Box<Recorder>, usize)>,
}

impl Executor {
    /// A loop with its root trace, whose exits are numbered from `first_exit` on.
    pub fn new(compiled: Compiled, trace: Trace, kept: Vec<ObjRef>, depth: usize, first_exit: usize) -> Executor {
        Executor { parts: vec![Part::new(compiled, trace, kept, first_exit)], depth, entries: 0, ticks: 0 }
    }

    /// Words on the operand stack at the loop's head.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The trace that the interpreter enters.
    pub fn root(&self) -> &Compiled {
        &self.parts[0].compiled
    }

    /// Does the loop run long enough, once entered, to pay for entering and leaving it?
    pub fn pays(&self) -> bool {
        self.entries < TRIAL || self.ticks / self.entries >= MIN_TICKS
    }

    /// The part that an exit of this loop belongs to, and the exit's place in it.
    fn part_of(&self, exit: usize) -> (usize, usize) {
        let part = self.parts.partition_point(|p| p.first_exit <= exit).saturating_sub(1);
        (part, exit - self.parts[part].first_exit)
    }

    /// Where the inputs of a side trace from this exit are.
    pub fn side_inputs(&self, exit: usize) -> Vec<Loc> {
        let (part, local) = self.part_of(exit);
        self.parts[part].compiled.exits[local].locations.clone()
    }

    /// Adds the trace that goes on from an exit; its own last exit goes on in `target`, the root of a loop.
    ///
    /// # Errors
    /// Where code memory cannot be written.
    ///
    /// # Safety
    /// The trace was compiled for this exit ([`Executor::side_inputs`]), and no compiled code of the loop runs. `target` lives as
    /// long as this executor.
    pub unsafe fn add_side(
        this: *mut Executor,
        exit: usize,
        compiled: Compiled,
        trace: Trace,
        kept: Vec<ObjRef>,
        first_exit: usize,
        target: *const Executor,
    ) -> Result<(), CompileError> {
        // SAFETY: the caller's promise; the executors may be one and the same, so references to them do not overlap.
        unsafe {
            let (part, local) = (*this).part_of(exit);
            let mut side = Part::new(compiled, trace, kept, first_exit);
            let last = side.exits.len() - 1;
            side.compiled.patch_exit(last, (*target).root())?;
            let executor = &mut *this;
            executor.parts.push(side);
            let (parents, sides) = executor.parts.split_at_mut(part + 1);
            let side = &sides[sides.len() - 1];
            parents[part].compiled.patch_exit(local, &side.compiled)
        }
    }

    /// The recording of an exit's path came to nothing.
    pub fn path_failed(&mut self, exit: usize) {
        let (part, local) = self.part_of(exit);
        self.parts[part].exits[local].attempts += 1;
    }

    /// Runs the loop from the present state of the frame; the number of the exit, perhaps of another loop.
    ///
    /// # Safety
    /// The frame stands at the loop's head, with its stack pointer saved.
    pub unsafe fn run(this: *mut Executor, at: Registers<'_>, save: &mut SaveArea) -> usize {
        // SAFETY: the code was compiled for frames of this code object at this place. The executor stays where it is while it
        // runs: nothing removes executors but the owner of the table, between instructions.
        unsafe {
            let begin = core::arch::x86_64::_rdtsc();
            let exit = Run::enter(at.frame, save, || (*this).root().run(at.frame, at.thread, save)) as usize;
            let executor = &mut *this;
            executor.entries += 1;
            executor.ticks += core::arch::x86_64::_rdtsc().wrapping_sub(begin);
            exit
        }
    }

    /// Rebuilds the frames at an exit of this loop, which has just been taken. `may_record`: a recording may begin.
    ///
    /// # Safety
    /// [`Executor::run`] has just returned this exit and save area.
    pub unsafe fn leave(
        &mut self,
        exit: usize,
        at: Registers<'_>,
        save: &SaveArea,
        key: LoopKey,
        may_record: bool,
    ) -> Ended {
        let (part, local) = self.part_of(exit);
        // SAFETY: the caller's promise.
        let left = unsafe { leave(&self.parts[part], local, save, at.thread, at.frame) };
        let sides = self.parts.len();
        let state = &mut self.parts[part].exits[local];
        state.count += 1;
        let mut ended = Ended { action: left.action, path: None };
        if state.count >= HOT_EXIT {
            state.count = 0;
            let hot = state.attempts < MAX_ATTEMPTS && sides <= MAX_SIDE_TRACES;
            if may_record && hot && matches!(ended.action, LoopAction::Resume) {
                // SAFETY: the exit has just been taken.
                match unsafe { self.record_path(part, local, &left.frames, key) } {
                    Ok(recorder) => {
                        ended.action = LoopAction::ResumeRecording;
                        ended.path = Some((Box::new(recorder), exit));
                    }
                    Err(_) => self.parts[part].exits[local].attempts = MAX_ATTEMPTS,
                }
            }
        }
        ended
    }

    /// Writes the local variables of `frame` to its memory, if it is one of the frames at this exit, a call that compiled code is in. The
    /// words that own nothing are noted: they are good until the call returns.
    ///
    /// # Safety
    /// The call is under way, in a run that began with this frame and save area.
    pub unsafe fn show(&self, exit: usize, run: &Run, frame: *mut InterpreterFrame) -> bool {
        let (part, local) = self.part_of(exit);
        let part = &self.parts[part];
        let info = &part.compiled.exits[local];
        // SAFETY: the backend wrote these locations before the call.
        let mut locations = info.locations.iter().map(|&loc| unsafe { (*run.save).read(loc) });
        let mut found = false;
        for (i, state) in part.trace.snapshot(info.snapshot).frames.iter().enumerate() {
            if state.inlined.is_some() {
                locations.next();
            }
            let address = state.address.map(|_| locations.next().unwrap_or(0) as *mut InterpreterFrame);
            let this = if i == 0 { Some(run.base) } else { address };
            let wanted = this == Some(frame);
            found |= wanted;
            for slot in &state.slots {
                let bits = if slot.form == Form::Null { 0 } else { locations.next().unwrap_or(0) };
                // SAFETY: a slot of a live frame, whose memory holds nothing of interest where the trace keeps the variable.
                unsafe {
                    if wanted && slot.index < (*frame).code().co_nlocalsplus as u16 {
                        let word = match slot.form {
                            Form::Owned | Form::Shared if bits != 0 => StackRef::borrowed(&*(bits as *const PyObject)),
                            Form::Owned | Form::Shared => StackRef::NULL,
                            form => word(form, bits),
                        };
                        let place = (*frame).local(slot.index as usize);
                        core::mem::replace(&mut *place, word).close();
                        if word.is_borrowed() {
                            run.shown.borrow_mut().push((place, word.bits()));
                        }
                    }
                }
            }
        }
        found
    }

    /// A recorder that takes over where an exit has just left its frames.
    unsafe fn record_path(
        &self,
        part: usize,
        exit: usize,
        frames: &[*mut InterpreterFrame],
        key: LoopKey,
    ) -> Result<Recorder, Abort> {
        let part = &self.parts[part];
        let info = &part.compiled.exits[exit];
        let snapshot = part.trace.snapshot(info.snapshot);
        if frames.len() != snapshot.frames.len() {
            return Err(Abort("frames that could not be made"));
        }
        let constants: Vec<Option<u64>> = info
            .locations
            .iter()
            .map(|&loc| match loc {
                Loc::Const(bits) => Some(bits),
                _ => None,
            })
            .collect();
        let point = ExitPoint { trace: &part.trace, snapshot, constants: &constants, frames, key };
        // SAFETY: the exit has just been taken.
        unsafe { Recorder::from_exit(&point) }
    }
}

/// The word for a slot, owned.
unsafe fn word(form: Form, bits: u64) -> StackRef {
    // SAFETY: the form says what the bits are; the snapshot says who owns what.
    unsafe {
        match form {
            Form::Owned => StackRef::owned(ObjRef::from_owned_ptr(bits as *mut PyObject)),
            Form::Shared if bits == 0 => StackRef::NULL,
            Form::Shared => StackRef::new(&*(bits as *const PyObject)),
            Form::Int => StackRef::owned(PyInt::from_i64(bits as i64).into_obj()),
            Form::Float => StackRef::owned(PyFloat::new(f64::from_bits(bits)).into_obj()),
            Form::Bool => StackRef::borrowed(rpy_vm::types::bool_::as_object(bits & 1 != 0)),
            Form::Null => StackRef::NULL,
        }
    }
}

/// What [`leave`] made.
struct Left {
    action: LoopAction,
    /// The frames, the base frame first.
    frames: Vec<*mut InterpreterFrame>,
}

/// Puts the frames into the state of the exit's snapshot.
///
/// # Safety
/// The trace was entered with `base` and has ended at this exit with these registers.
unsafe fn leave(part: &Part, exit: usize, save: &SaveArea, ts: &PyThreadState, base: *mut InterpreterFrame) -> Left {
    let info = &part.compiled.exits[exit];
    let snapshot: &Snapshot = part.trace.snapshot(info.snapshot);
    // SAFETY: the code returned by this exit.
    let mut locations = info.locations.iter().map(|&loc| unsafe { save.read(loc) });
    // Make all words first: what they are borrowed from may go when slots are written.
    let mut words: Vec<Vec<(usize, StackRef)>> = Vec::with_capacity(snapshot.frames.len());
    let mut functions: Vec<Option<Ref<PyFunction>>> = Vec::with_capacity(snapshot.frames.len());
    let mut addresses = Vec::with_capacity(snapshot.frames.len());
    for state in &snapshot.frames {
        // SAFETY: the backend reports the values in the snapshot's order.
        unsafe {
            functions.push(state.inlined.map(|inlined| {
                let bits = locations.next().unwrap_or(0);
                word(inlined.function_form, bits).into_owned().cast_unchecked()
            }));
            addresses.push(state.address.map(|_| locations.next().unwrap_or(0) as *mut InterpreterFrame));
            let slots = state.slots.iter().map(|slot: &SlotState| {
                let bits = if slot.form == Form::Null { 0 } else { locations.next().unwrap_or(0) };
                (slot.index as usize, word(slot.form, bits))
            });
            words.push(slots.collect());
        }
    }
    let mut dropped = Vec::new();
    let mut frames = vec![base];
    // SAFETY: slots of live frames, each written once; frames are pushed in order.
    unsafe {
        let mut current = base;
        for (i, state) in snapshot.frames.iter().enumerate() {
            let here = match (i, state.inlined) {
                (0, _) => base,
                (_, Some(inlined)) => {
                    let code: &PyCode = (*(inlined.code as *const PyObject)).cast_unchecked_ref();
                    match (addresses[i], functions[i].take()) {
                        (Some(made), _) => {
                            // It exists, and shows what others were to see.
                            for slot in 0..code.co_nlocalsplus as usize {
                                dropped.push(core::mem::replace(&mut *(*made).local(slot), StackRef::NULL));
                            }
                            made
                        }
                        (None, Some(function)) => {
                            let pushed = frame::push_frame(ts, function, None, code, 0, current);
                            if pushed.is_null() {
                                // As when memory is exhausted in the middle of a call: the frames that are missing never were.
                                break;
                            }
                            ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
                            pushed
                        }
                        (None, None) => break,
                    }
                }
                // A generator that runs: its memory is as the base frame's.
                (_, None) => addresses[i].unwrap_or(current),
            };
            let in_memory = match state.inlined {
                None => (*here).code().co_nlocalsplus as usize + state.memory_depth as usize,
                Some(_) => 0,
            };
            for &(index, word) in &words[i] {
                let slot = (*here).local(index);
                if index < in_memory {
                    dropped.push(*slot);
                }
                *slot = word;
            }
            place(here, state);
            current = here;
            if i > 0 {
                frames.push(here);
            }
        }
        ts.current_frame.set(current);
        for old in dropped {
            old.close();
        }
    }
    let action = match snapshot.kind {
        ExitKind::Resume => LoopAction::Resume,
        ExitKind::Raise => match ts.current_exception.take() {
            // SAFETY: the pending exception is one.
            Some(error) => LoopAction::Raise(unsafe { PyErr::from_raw(error.into_raw()) }),
            None => {
                LoopAction::Raise(rpy_vm::exc::system_error("compiled code reported an error without an exception"))
            }
        },
    };
    Left { action, frames }
}

/// Where a frame stands.
unsafe fn place(frame: *mut InterpreterFrame, state: &FrameState) {
    // SAFETY: a live frame of the state's code.
    unsafe {
        (*frame).instr_ptr.set(state.ip as *mut u16);
        (*frame).return_offset.set(state.return_offset);
        (*frame).stackpointer.set((*frame).stack_base().add(state.depth as usize));
    }
}
