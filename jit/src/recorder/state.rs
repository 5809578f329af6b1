//! What the recorder knows of the frames: a symbolic value for each slot, who keeps its object alive, and snapshots.
//!
//! The recorder mirrors the operand stacks and locals of the frames that the trace runs in. The base frame exists while the
//! trace runs, and its memory is true for each slot that is [`Sym::Memory`]. A local of the base frame that holds something
//! else (a number, a constant) leaves in memory only what may lie there unseen: nothing, or an object whose destruction
//! nobody can notice (an exact number or string). Inlined frames exist only here, until an exit makes them.

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::jit_hooks::Registers;

use crate::ir::snapshot::SlotState;
use crate::ir::{ExitKind, Form, FrameState, Inst, Op, Scalar, Snapshot, SnapshotId, Value, snapshot::Inlined};

use super::{Abort, LEFT, Recorder};

/// Who keeps the object of a symbolic value alive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hold {
    /// The trace: one reference, which moves with the value.
    Owned,
    /// The trace as a whole, which has it among its constants.
    Constant,
    /// A slot of a frame, as long as nothing is stored there.
    Slot { frame: u8, slot: u16 },
    /// Something else in memory (an attribute, an item): until something is stored or destroyed.
    Fragile,
}

/// A slot's symbolic value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sym {
    /// What the base frame's memory says.
    Memory,
    /// The empty slot.
    Null,
    Obj {
        value: Value,
        hold: Hold,
    },
    /// Numbers, not boxed.
    Int(Value),
    Float(Value),
    Bool(Value),
    /// A numpy scalar, not boxed either.
    Scalar(Scalar, Value),
    /// An array that has not been computed yet: a node of the recorder's chain. See `numpy::chain`.
    Lazy(u16),
}

/// The memory of a frame that exists while the trace runs, and is true for each slot that the picture leaves to it: the base
/// frame's, a generator's.
#[derive(Clone, Copy)]
pub struct Home {
    pub address: Value,
    /// Operand stack words that are in memory.
    pub depth: usize,
}

/// A frame of the trace.
pub struct SymFrame {
    /// For frames that exist: their memory.
    pub home: Option<Home>,
    /// For inlined frames: the function, its form in snapshots, the code's address.
    pub inlined: Option<(Value, Form, usize)>,
    /// The real frame, once an instruction of it was seen.
    pub real: *const InterpreterFrame,
    /// An inlined frame that was made after all, for others to look at: where it is. See `frames`.
    pub address: Option<Value>,
    /// Locals, cells, free variables.
    pub locals: usize,
    /// Locals, then the operand stack.
    pub slots: Vec<Sym>,
    /// The instruction being recorded (innermost frame) or the call that waits.
    pub ip: usize,
    /// Where the frame goes on after that call, in units.
    pub return_offset: u16,
}

impl Clone for SymFrame {
    fn clone(&self) -> SymFrame {
        SymFrame { slots: self.slots.clone(), ..*self }
    }

    /// Into the memory that there is: frames are copied before each instruction.
    fn clone_from(&mut self, other: &SymFrame) {
        let mut slots = core::mem::take(&mut self.slots);
        slots.clone_from(&other.slots);
        *self = SymFrame { slots, ..*other };
    }
}

impl SymFrame {
    /// Words on the operand stack.
    pub fn depth(&self) -> usize {
        self.slots.len() - self.locals
    }
}

impl Recorder {
    /// The innermost frame.
    pub fn top(&mut self) -> &mut SymFrame {
        self.frames.last_mut().expect("a recording has its base frame")
    }

    /// Is the innermost frame the base frame?
    pub fn in_base(&self) -> bool {
        self.frames.len() == 1
    }

    pub fn push(&mut self, sym: Sym) {
        self.top().slots.push(sym);
    }

    /// Pushes an object that nobody's slot holds.
    pub fn push_obj(&mut self, value: Value, hold: Hold) {
        self.push(Sym::Obj { value, hold });
    }

    /// Takes the top of the stack away; its ownership is the caller's.
    pub fn pop(&mut self) -> Result<Sym, Abort> {
        if let Some(home) = self.top().home
            && self.top().depth() <= home.depth
        {
            return self.pop_memory();
        }
        self.top().slots.pop().ok_or(Abort("empty stack"))
    }

    /// May words leave the memory of the innermost frame's operand stack? What lies on the base frame's at the head of a loop has to stay.
    pub fn gives_words(&self) -> bool {
        self.is_path() || !self.in_base()
    }

    /// Takes a word of the operand stack out of memory. The word owns its object, or the path is not taken.
    fn pop_memory(&mut self) -> Result<Sym, Abort> {
        if !self.gives_words() {
            return Err(LEFT);
        }
        if self.top().depth() == 0 {
            return Err(Abort("empty stack"));
        }
        let slot = self.top().slots.len() - 1;
        let sym = match self.top().slots[slot] {
            Sym::Memory => {
                let value = self.owned_word(slot)?;
                Sym::Obj { value, hold: Hold::Owned }
            }
            other => other,
        };
        self.top().slots.pop();
        if let Some(home) = &mut self.top().home {
            home.depth -= 1;
        }
        self.snapshot = None;
        Ok(sym)
    }

    /// The word of a slot of the innermost frame, guarded to own its object.
    fn owned_word(&mut self, slot: usize) -> Result<Value, Abort> {
        let word = self.load_word(slot)?;
        let value = self.op(Op::Untag, &[word])?;
        let same = self.op(Op::Is, &[word, value])?;
        self.guard(Op::GuardTrue, &[same])?;
        self.guard(Op::GuardNonNull, &[value])?;
        Ok(value)
    }

    /// Guards that the word of a slot of the innermost frame owns its object.
    pub fn guard_owned_word(&mut self, slot: usize) -> Result<(), Abort> {
        self.owned_word(slot).map(|_| ())
    }

    /// Takes the top `n` words of the stack out of memory, as far as they are there, before the instruction that consumes them has any
    /// effect.
    ///
    /// # Safety
    /// The registers are those of a live machine with as many words on its stack.
    pub unsafe fn lift(&mut self, at: Registers<'_>, n: usize) -> Result<(), Abort> {
        let Some(home) = self.top().home else { return Ok(()) };
        if self.top().depth() < n || self.top().depth() - n >= home.depth {
            return Ok(());
        }
        if !self.gives_words() {
            return Err(LEFT);
        }
        // From here on the words above are the picture's; memory keeps those below.
        let len = self.top().slots.len();
        for slot in len - n..self.top().locals + home.depth {
            if self.top().slots[slot] == Sym::Memory {
                // SAFETY: the real word.
                let real = unsafe { *at.sp.sub(len - slot) };
                self.top().slots[slot] = self.lifted_word(slot, real)?;
            }
        }
        let depth = self.top().depth() - n;
        self.top().home = Some(Home { depth, ..home });
        self.snapshot = None;
        self.is_unchanged = false;
        Ok(())
    }

    /// The word of a slot of the innermost frame's stack, which leaves memory, guarded to be of the kind that it is now.
    fn lifted_word(&mut self, slot: usize, real: StackRef) -> Result<Sym, Abort> {
        if real.is_null() {
            let word = self.load_word(slot)?;
            let null = self.null_word();
            self.guard(Op::GuardIs, &[word, null])?;
            return Ok(Sym::Null);
        }
        if !real.is_borrowed() {
            let value = self.owned_word(slot)?;
            return Ok(Sym::Obj { value, hold: Hold::Owned });
        }
        // It owns nothing, so that it can be forgotten; what it names gets a reference of its own.
        let word = self.load_word(slot)?;
        let value = self.op(Op::Untag, &[word])?;
        let same = self.op(Op::Is, &[word, value])?;
        self.guard(Op::GuardFalse, &[same])?;
        self.guard(Op::GuardNonNull, &[value])?;
        self.op(Op::Incref, &[value])?;
        Ok(Sym::Obj { value, hold: Hold::Owned })
    }

    /// Writes what the picture holds back into the memory of the innermost frame, which is its home, but for the slots that are
    /// to be kept out of it.
    pub fn settle(&mut self, is_kept: impl Fn(usize) -> bool) -> Result<(), Abort> {
        let Some(home) = self.top().home else { return Err(Abort("a frame without memory")) };
        for slot in 0..self.top().slots.len() {
            let sym = self.top().slots[slot];
            if sym == Sym::Memory || is_kept(slot) {
                continue;
            }
            let is_local = slot < self.top().locals;
            let word = if sym == Sym::Null { self.null_word() } else { self.owned_object(sym)? };
            if is_local {
                // Below a number or a constant lies nothing of interest.
                let old = self.load_word(slot)?;
                self.store_word(slot, word)?;
                self.op(Op::CloseInert, &[old])?;
            } else {
                self.store_word(slot, word)?;
            }
            self.top().slots[slot] = Sym::Memory;
        }
        let depth = self.top().depth();
        self.top().home = Some(Home { depth, ..home });
        self.snapshot = None;
        Ok(())
    }

    /// The value `n` below the top (1 is the top). Memory is read.
    pub fn peek(&mut self, n: usize) -> Result<Sym, Abort> {
        let frame = self.top();
        if frame.depth() < n {
            return Err(Abort("empty stack"));
        }
        let index = frame.slots.len() - n;
        self.slot(index)
    }

    /// The value of a slot of the innermost frame, borrowed from there.
    pub fn slot(&mut self, index: usize) -> Result<Sym, Abort> {
        let frame = self.frames.len() - 1;
        let lender = Hold::Slot { frame: frame as u8, slot: index as u16 };
        Ok(match self.frames[frame].slots[index] {
            Sym::Memory => {
                let word = self.load_word(index)?;
                let value = self.emit(Inst::new(Op::Untag, &[word]))?;
                Sym::Obj { value, hold: lender }
            }
            Sym::Obj { value, hold: Hold::Owned } => Sym::Obj { value, hold: lender },
            other => other,
        })
    }

    /// Takes note of an object that `sym` needs alive on its own, whatever happens to its lender.
    pub fn own(&mut self, sym: Sym) -> Result<Sym, Abort> {
        if let Sym::Obj { value, hold } = sym
            && hold != Hold::Owned
        {
            if hold != Hold::Constant || !self.is_immortal(value) {
                self.emit(Inst::new(Op::Incref, &[value]))?;
            }
            return Ok(Sym::Obj { value, hold: Hold::Owned });
        }
        Ok(sym)
    }

    /// Every borrowed value that satisfies the condition becomes owned: its lender is about to change.
    fn own_where(&mut self, condition: impl Fn(Hold) -> bool) -> Result<(), Abort> {
        for frame in 0..self.frames.len() {
            for slot in 0..self.frames[frame].slots.len() {
                let sym = self.frames[frame].slots[slot];
                if let Sym::Obj { hold, .. } = sym
                    && condition(hold)
                {
                    let owned = self.own(sym)?;
                    self.frames[frame].slots[slot] = owned;
                    self.snapshot = None;
                }
            }
        }
        Ok(())
    }

    /// Something is about to be stored or destroyed that values borrowed from memory may depend on. Operands that the instruction
    /// consumes have to be off the stack by then.
    pub fn disturb(&mut self) -> Result<(), Abort> {
        self.own_where(|hold| hold == Hold::Fragile)
    }

    /// A slot is about to change.
    pub fn unlend(&mut self, frame: usize, slot: usize) -> Result<(), Abort> {
        let lender = Hold::Slot { frame: frame as u8, slot: slot as u16 };
        self.own_where(|hold| hold == lender)
    }

    /// The snapshot of the state before the instruction.
    pub fn snapshot(&mut self) -> SnapshotId {
        match self.chain.snapshot().or(self.snapshot) {
            Some(id) => id,
            None => {
                let kind = if self.in_flight { ExitKind::Raise } else { ExitKind::Resume };
                let id = self.new_snapshot(kind);
                self.snapshot = Some(id);
                id
            }
        }
    }

    /// A snapshot of the present state of the frames.
    pub fn new_snapshot(&mut self, kind: ExitKind) -> SnapshotId {
        let frames = self
            .frames
            .iter()
            .map(|frame| FrameState {
                inlined: frame.inlined.map(|(function, function_form, code)| Inlined { function, function_form, code }),
                address: frame.home.map_or(frame.address, |home| Some(home.address).filter(|&a| a != self.base)),
                memory_depth: frame.home.map_or(0, |home| home.depth as u16),
                ip: frame.ip,
                return_offset: frame.return_offset,
                depth: frame.depth() as u16,
                slots: slot_states(frame, self.nothing),
            })
            .collect();
        self.builder.trace.add_snapshot(Snapshot { kind, frames, virtuals: Vec::new(), stores: Vec::new() })
    }

    /// What the base frame's slots hold in place of memory, for the loop's head.
    pub fn header_state(&self) -> Vec<SlotState> {
        slot_states(&self.frames[0], self.nothing)
    }
}

/// The slots that are not in memory. Of inlined frames, empty ones are left out.
fn slot_states(frame: &SymFrame, nothing: Value) -> Vec<SlotState> {
    let in_memory = frame.home.is_some();
    let is_left_out = |index, sym| sym == Sym::Memory || sym == Sym::Null && !in_memory && index < frame.locals;
    let count = frame.slots.iter().enumerate().filter(|&(index, &sym)| !is_left_out(index, sym)).count();
    let mut states = Vec::with_capacity(count);
    for (index, &sym) in frame.slots.iter().enumerate() {
        let (form, value) = match sym {
            _ if is_left_out(index, sym) => continue,
            Sym::Memory | Sym::Null => (Form::Null, nothing),
            Sym::Obj { value, hold: Hold::Owned } => (Form::Owned, value),
            Sym::Obj { value, .. } => (Form::Shared, value),
            Sym::Int(value) => (Form::Int, value),
            Sym::Float(value) => (Form::Float, value),
            Sym::Bool(value) => (Form::Bool, value),
            Sym::Scalar(scalar, value) => (Form::Scalar(scalar), value),
            // What it would be part of is not emitted while nodes wait.
            Sym::Lazy(_) => (Form::Null, nothing),
        };
        states.push(SlotState { index: index as u16, form, value });
    }
    states
}
