//! Compiled traces: how they are entered, and what happens when one ends.
//!
//! A loop is compiled into a tree: its root trace, which the interpreter enters at the loop's head, and side traces, which
//! go on from exits that are taken often. A side trace may lead into another loop of the same frame, or end where its recording
//! could not go on: that exit may be taken often, too. Side traces enter a loop as the interpreter does, with everything in memory;
//! or, where they have the numbers that the loop keeps in registers, in a trace that takes these as parameters. Exits are numbered through all loops (`Loops::owner`). All traces run in the save area of the entry, and a side trace finds its inputs where
//! the exit left them. Exits that leave the same picture share their side trace ([`crate::starts`]).

use core::ops::Range;
use std::rc::Rc;

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::refs::ObjRef;

use crate::backend::{CompileError, Compiled, ExitInfo, Loc, SaveArea};
use crate::exits::Exits;
use crate::ir::{ExitKind, Op, SlotState, Trace};
use crate::leave::{self, Left};
use crate::recorder::{Abort, ExitPoint, HeadSlot, LoopKey, Recorder};
use crate::runs::{self, Run};
use crate::starts::{self, Input, Picture, Start, Starts};
use crate::trial::Trial;

/// So often a function is left before it is looked at whether it pays, and so often it may be found that it does not.
const LEFT: u32 = 1_000;
const STRIKES: u32 = 4;
/// Side traces of one loop.
const MAX_SIDE_TRACES: usize = 120;
/// Side traces that a run may come through in a row without having done anything.
const MAX_ALTERNATIVES: usize = 16;

/// One compiled trace of a loop.
struct Part {
    compiled: Compiled,
    trace: Trace,
    /// What the trace's constants refer to.
    kept: Vec<ObjRef>,
    /// The numbers of its exits.
    numbers: Range<usize>,
    /// What is known of each exit.
    exits: Vec<ExitState>,
    /// What they leave.
    plans: Exits,
    /// Of side traces: where the frames stand at its start.
    start: Option<Box<[usize]>>,
    /// How many side traces with the same start a run has come through.
    alternatives: usize,
}

/// What is known of an exit.
#[derive(Clone, Default)]
pub struct ExitState {
    /// How often it was taken since it was last looked at.
    pub count: u32,
    /// Recordings that failed.
    pub attempts: u32,
    /// How often it was taken at all.
    pub taken: u32,
    pub way: Way,
}

/// How an exit may be continued.
#[derive(Clone, Default)]
pub enum Way {
    /// It has not been looked at yet.
    #[default]
    Unknown,
    /// Not at all.
    Never,
    /// By a side trace of its own, which starts with these inputs.
    Alone(Rc<[Input]>),
    /// By those of a group.
    Shared(usize, Rc<[Input]>),
}

/// A compiled loop.
pub struct Executor {
    key: LoopKey,
    /// They stay where they are: what happens while an exit is being left may add more.
    #[expect(clippy::vec_box, reason = "they stay where they are")]
    parts: Vec<Box<Part>>,
    /// From exits to side traces that were made for others.
    bridges: Vec<Compiled>,
    /// Words on the operand stack at the loop's head.
    depth: usize,
    /// What the head keeps out of memory.
    head: Vec<HeadSlot>,
    entered: Entered,
    trial: Trial,
    /// Of functions: how often they were entered and left otherwise than by returning, since that was looked at; and how often it was
    /// found to be too often.
    calls: u32,
    left: u32,
    strikes: u32,
    /// It is entered at the beginning of a function, not at a loop.
    is_function: bool,
}

impl Part {
    fn new(new: NewTrace) -> Part {
        let NewTrace { compiled, mut trace, kept, numbers } = new;
        trace.settle();
        // What cannot wait comes up anywhere: what follows is no path of the loop, and would end at once in the same way.
        let calm = |exit: &ExitInfo| trace.insts[exit.inst].op == Op::GuardCalm;
        let state = |exit: &ExitInfo| ExitState {
            way: if calm(exit) { Way::Never } else { Way::Unknown },
            ..ExitState::default()
        };
        let exits = compiled.exits.iter().map(state).collect();
        let plans = Exits::new(&trace, &compiled.exits);
        Part { compiled, trace, kept, numbers, exits, plans, start: None, alternatives: 0 }
    }

    /// May a side trace have done nothing yet when it leaves by this exit?
    fn stays(&self, exit: usize) -> bool {
        let snapshot = self.trace.snapshot(self.compiled.exits[exit].snapshot);
        self.start.as_ref() == Some(&starts::positions(snapshot))
    }
}

/// The trace of a loop that other traces enter with the head's numbers as parameters.
enum Entered {
    /// It is made when it is wanted, of the recorded round.
    Recorded(Box<Trace>, Vec<SlotState>),
    /// The number of the part, and where it wants the parameters.
    Compiled(usize, Vec<Loc>),
    /// There is none.
    Impossible,
}

/// A trace that has been compiled.
pub struct NewTrace {
    pub compiled: Compiled,
    pub trace: Trace,
    /// What the trace's constants refer to.
    pub kept: Vec<ObjRef>,
    /// The numbers of its exits.
    pub numbers: Range<usize>,
}

impl Executor {
    /// A loop with its root trace.
    /// `recorded` is the round that it was made of.
    pub fn new(
        key: LoopKey,
        root: NewTrace,
        depth: usize,
        head: Vec<HeadSlot>,
        recorded: Option<(Box<Trace>, Vec<SlotState>)>,
    ) -> Executor {
        Executor {
            key,
            parts: vec![Box::new(Part::new(root))],
            bridges: Vec::new(),
            depth,
            head,
            entered: recorded.map_or(Entered::Impossible, |(round, head)| Entered::Recorded(round, head)),
            trial: Trial::default(),
            calls: 0,
            left: 0,
            strikes: 0,
            is_function: false,
        }
    }

    /// The same, as one that is entered at the beginning of a function.
    pub fn of_function(self) -> Executor {
        Executor { is_function: true, ..self }
    }

    /// What the loop's head keeps out of memory.
    pub fn head(&self) -> &[HeadSlot] {
        &self.head
    }

    /// What the trace with parameters is made of, if it has not been tried.
    pub fn take_recorded(&mut self) -> Option<(Box<Trace>, Vec<SlotState>)> {
        match core::mem::replace(&mut self.entered, Entered::Impossible) {
            Entered::Recorded(trace, head) => Some((trace, head)),
            other => {
                self.entered = other;
                None
            }
        }
    }

    /// Adds the trace with parameters.
    pub fn add_entered(&mut self, entered: NewTrace, places: Vec<Loc>) {
        self.entered = Entered::Compiled(self.parts.len(), places);
        self.parts.push(Box::new(Part::new(entered)));
    }

    /// Where the trace with parameters begins, and where it wants them.
    pub fn entered(&self) -> Option<(usize, &[Loc])> {
        match &self.entered {
            Entered::Compiled(part, places) => Some((self.parts[*part].compiled.inner(), places)),
            _ => None,
        }
    }

    /// The numbers of the exits of its traces.
    pub fn exit_numbers(&self) -> impl Iterator<Item = Range<usize>> {
        self.parts.iter().map(|part| part.numbers.clone())
    }

    /// What its traces keep alive.
    pub fn kept(&self) -> impl Iterator<Item = &ObjRef> {
        self.parts.iter().flat_map(|part| &part.kept)
    }

    /// The loop's name.
    pub fn key(&self) -> LoopKey {
        self.key
    }

    /// Words on the operand stack at the loop's head.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The trace that the interpreter enters.
    pub fn root(&self) -> &Compiled {
        &self.parts[0].compiled
    }

    /// The number of the trace that is added next.
    pub fn next_part(&self) -> usize {
        self.parts.len()
    }

    /// Does the loop or function run long enough, once entered, to pay for entering and leaving it?
    #[inline]
    pub fn pays(&self) -> bool {
        self.trial.pays()
    }

    /// The loop is entered: is it to be measured how long it runs?
    #[inline]
    pub fn is_measured(&mut self) -> bool {
        self.trial.enter()
    }

    /// A side trace is missing, because there was no time to record it.
    #[inline]
    pub fn wait(&mut self) {
        self.trial.wait();
    }

    /// See [`Trial::rest`].
    pub fn rest(&mut self) -> u16 {
        self.trial.rest()
    }

    /// How many ticks of the processor compiled code has run, and how many the way in and out has taken.
    pub fn note_ticks(&mut self, inside: u64, around: u64) {
        self.trial.note(inside, around, self.parts.len() + self.bridges.len());
    }

    /// Runs a function, as [`Executor::run`] does a loop.
    ///
    /// # Safety
    /// As there.
    #[inline]
    pub unsafe fn run_function(this: *mut Executor, at: Registers<'_>, save: &mut SaveArea) -> u64 {
        // SAFETY: see `run`.
        unsafe {
            (*this).calls = (*this).calls.wrapping_add(1);
            runs::enter(at.frame, save, || (*this).root().run(at.frame, at.thread, save))
        }
    }

    /// The function was left otherwise than by returning. False if that happens so often that it does not pay.
    pub fn note_left(&mut self) -> bool {
        self.left += 1;
        if self.left >= LEFT {
            self.strikes += (self.calls / 4 < self.left) as u32;
            (self.calls, self.left) = (0, 0);
        }
        self.strikes < STRIKES
    }

    /// Where the values of an exit are.
    pub fn exit_values(&self, part: usize, exit: usize) -> Vec<Loc> {
        self.parts[part].compiled.exits[exit].locations.clone()
    }

    /// What is known of an exit.
    pub fn exit_state(&mut self, part: usize, exit: usize) -> &mut ExitState {
        &mut self.parts[part].exits[exit]
    }

    /// For the log: the instruction that leaves by an exit, and how it may be continued.
    pub fn describe(&self, part: usize, exit: usize, starts: &Starts) -> String {
        let part = &self.parts[part];
        let info = &part.compiled.exits[exit];
        let inst = &part.trace.insts[info.inst];
        let callee = inst.args.first().and_then(|arg| arg.inst()).and_then(|i| part.trace.insts[i].call);
        let callee = callee.map_or("", |id| part.trace.call(id).name);
        let way = match &part.exits[exit].way {
            Way::Unknown => "not looked at".to_owned(),
            Way::Never => "not to be continued".to_owned(),
            Way::Alone(_) => format!("{} attempts", part.exits[exit].attempts),
            Way::Shared(group, _) => starts.describe(*group),
        };
        format!("{:?} {callee}, {way}, {} traces", inst.op, self.parts.len())
    }

    /// May the loop have more side traces?
    pub fn has_room(&self) -> bool {
        self.parts.len() <= MAX_SIDE_TRACES
    }

    /// What an exit leaves, and whether its part may have done nothing yet when it leaves by it. `code` is the address of the base
    /// frame's code object.
    pub fn picture(&self, part: usize, exit: usize, code: usize) -> Option<(Picture, bool)> {
        let part = &self.parts[part];
        let info = &part.compiled.exits[exit];
        let picture = Picture::of(&part.trace, info, code)?;
        let stays = part.stays(exit);
        // Those of functions have side traces of their own. And those with an exception, which only a trace that begins with one can
        // follow.
        let alone = stays || self.is_function || part.trace.snapshot(info.snapshot).kind == ExitKind::Raise;
        (!stays || part.alternatives < MAX_ALTERNATIVES).then_some((picture, alone))
    }

    /// The trace from an exit with these inputs to a side trace that starts with others.
    pub fn bridge(&self, part: usize, exit: usize, inputs: &[Input], start: &Start) -> Trace {
        let part = &self.parts[part];
        starts::bridge(&part.trace, &part.compiled.exits[exit], inputs, start)
    }

    /// Adds the trace that goes on from an exit, perhaps by way of a bridge. Its own last exit goes on in `target`, the root of a
    /// loop, if one is given.
    ///
    /// # Errors
    /// Where code memory cannot be written.
    ///
    /// # Safety
    /// No compiled code of the loop runs. `target` lives as long as this executor.
    pub unsafe fn add_side(
        this: *mut Executor,
        (part, exit): (usize, usize),
        mut side: NewTrace,
        target: Option<*const Executor>,
    ) -> Result<(), CompileError> {
        // SAFETY: the caller's promise; the executors may be one and the same, so references to them do not overlap.
        unsafe {
            if let Some(target) = target {
                let last = side.compiled.exits.len() - 1;
                side.compiled.patch_exit(last, (*target).root().inner())?;
            }
            let executor = &mut *this;
            let parent = &executor.parts[part];
            let start = Some(starts::positions(parent.trace.snapshot(parent.compiled.exits[exit].snapshot)));
            let alternatives = if parent.stays(exit) { parent.alternatives + 1 } else { 0 };
            executor.parts.push(Box::new(Part { start, alternatives, ..Part::new(side) }));
            Ok(())
        }
    }

    /// Makes an exit go on in code that takes over its values where they are.
    ///
    /// # Errors
    /// Where code memory cannot be written.
    ///
    /// # Safety
    /// The code does so, and lives as long as this executor.
    pub unsafe fn continue_in(&mut self, part: usize, exit: usize, code: usize) -> Result<(), CompileError> {
        // SAFETY: the caller's promise.
        unsafe { self.parts[part].compiled.patch_exit(exit, code) }
    }

    /// Makes an exit go on in a bridge, which was compiled for it.
    ///
    /// # Errors
    /// Where code memory cannot be written.
    ///
    /// # Safety
    /// It leads to code that lives as long as this executor.
    pub unsafe fn add_bridge(&mut self, part: usize, exit: usize, bridge: Compiled) -> Result<(), CompileError> {
        // SAFETY: the caller's promise; the bridge stays.
        unsafe { self.continue_in(part, exit, bridge.inner())? };
        self.bridges.push(bridge);
        Ok(())
    }

    /// Runs the loop from the present state of the frame; the number of the exit, perhaps of another loop.
    ///
    /// # Safety
    /// The frame stands at the loop's head, with its stack pointer saved.
    #[inline]
    pub unsafe fn run(this: *const Executor, at: Registers<'_>, save: &mut SaveArea) -> u64 {
        // SAFETY: the code was compiled for frames of this code object at this place. The executor stays where it is while it
        // runs: nothing removes executors but the owner of the table, between instructions.
        unsafe { runs::enter(at.frame, save, || (*this).root().run(at.frame, at.thread, save)) }
    }

    /// Rebuilds the frames at an exit of this loop, which has just been taken.
    ///
    /// # Safety
    /// [`Executor::run`] has just returned this exit and save area.
    pub unsafe fn leave(&self, part: usize, exit: usize, at: Registers<'_>, save: &SaveArea) -> Left {
        // SAFETY: the caller's promise.
        unsafe { leave::leave(self.parts[part].plans.taken(exit, save), at.thread, at.frame) }
    }

    /// See [`leave::show`].
    ///
    /// # Safety
    /// The call of this exit is under way, in a run that began with this frame and save area.
    pub unsafe fn show(&self, part: usize, exit: usize, run: &Run, frame: *mut InterpreterFrame) -> bool {
        // SAFETY: the caller's promise.
        unsafe { leave::show(self.parts[part].plans.taken(exit, &*run.save), run.base, frame) }
    }

    /// A recorder that takes over where an exit has just left its frames, and relies on these inputs.
    ///
    /// # Errors
    /// Where it cannot.
    ///
    /// # Safety
    /// The exit has just been taken, and its frames were rebuilt.
    pub unsafe fn record_path(
        &self,
        part: usize,
        exit: usize,
        inputs: &[Input],
        frames: &[*mut InterpreterFrame],
    ) -> Result<Recorder, Abort> {
        let part = &self.parts[part];
        let snapshot = part.trace.snapshot(part.compiled.exits[exit].snapshot);
        if frames.len() != snapshot.frames.len() {
            return Err(Abort("frames that could not be made"));
        }
        let point = ExitPoint { trace: &part.trace, snapshot, inputs, frames, key: self.key };
        // SAFETY: passed on.
        unsafe { Recorder::from_exit(&point) }
    }
}
