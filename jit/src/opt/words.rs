//! The words of slots that a loop keeps unboxed.
//!
//! In the second round of a loop, the slots that its head keeps as numbers (or as references that are not in memory) have no
//! words in memory. A load of such a slot gives a *stand-in*: a box of the number, or a copy of the reference, which exists
//! as an instruction as long as it serves the passes: guards of its type hold, unboxing it gives the number, snapshots take
//! the number; and since the slot owns nothing, closing its word does nothing. A stand-in must not survive: if something
//! uses the object itself, the loop cannot be closed. The exception is taking a reference to put it somewhere: that makes
//! a real box for the occasion.

use super::Contradiction;
use super::builder::{Builder, PassResult, Step};
use super::facts::Fact;
use crate::hash::FastMap;
use crate::ir::{Access, Class, Form, FrameState, Inst, Op, SlotState, Snapshot, Ty, Value, Width};

/// Where a frame's slots begin.
const FIRST_SLOT: i32 = rpy_vm::layout::FRAME_LOCALS as i32;

/// The word of the empty slot.
pub const EMPTY: u64 = 1;

/// Something that stands for a slot's word.
#[derive(Clone, Copy, Debug)]
struct StandIn {
    form: Form,
    /// The number, or the object.
    value: Value,
    /// A real box, of which this many references are to be put somewhere.
    taken: Option<(Value, u32)>,
}

/// A slot of the head.
#[derive(Clone, Copy, Debug)]
struct Slot {
    state: SlotState,
    /// Nothing was stored in its memory in this round.
    active: bool,
    word: Option<Value>,
}

/// The slots that the head of a loop keeps.
#[derive(Clone, Debug)]
pub struct Words {
    /// In ascending order.
    slots: Vec<Slot>,
    stand_ins: FastMap<Value, StandIn>,
    /// Changes whenever snapshots of the same recorded state come to differ.
    pub generation: u32,
    /// The slot whose memory was used otherwise than as the empty word.
    pub in_use: Option<u16>,
}

impl Words {
    pub fn new(head: &[SlotState]) -> Words {
        let mut slots: Vec<Slot> = head.iter().map(|&state| Slot { state, active: true, word: None }).collect();
        slots.sort_by_key(|slot| slot.state.index);
        Words { slots, stand_ins: FastMap::default(), generation: 0, in_use: None }
    }

    /// Is the value a box that must not survive?
    pub fn is_stand_in_box(&self, value: Value) -> bool {
        self.stand_ins.get(&value).is_some_and(|s| matches!(s.form, Form::Int | Form::Float | Form::Scalar(_)))
    }

    /// The slot that a stand-in is the word of.
    pub fn slot_of_word(&self, word: Value) -> Option<u16> {
        self.slots.iter().find(|slot| slot.word == Some(word)).map(|slot| slot.state.index)
    }

    /// The slots whose memory was written in this round.
    pub fn stored(&self) -> impl Iterator<Item = u16> + '_ {
        self.slots.iter().filter(|slot| !slot.active).map(|slot| slot.state.index)
    }

    fn stand_in(&mut self, value: Value) -> Option<&mut StandIn> {
        self.stand_ins.get_mut(&value)
    }

    /// A recorded snapshot, as it is in this round: `subst` maps the first round's values. The base frame has the head's
    /// slots, unless the snapshot says something newer.
    pub fn snapshot(&self, recorded: &Snapshot, subst: impl Fn(Value) -> Value) -> Snapshot {
        let mut snapshot = recorded.clone();
        for frame in &mut snapshot.frames {
            if let Some(inlined) = &mut frame.inlined {
                inlined.function = self.object(subst(inlined.function));
            }
            frame.address = frame.address.map(&subst);
            for slot in frame.slots.iter_mut().filter(|slot| slot.form.has_value()) {
                slot.value = subst(slot.value);
                self.settle(slot);
            }
        }
        if let Some(base) = snapshot.frames.first_mut() {
            self.overlay(base);
        }
        snapshot
    }

    /// The object behind a copy of a reference.
    fn object(&self, value: Value) -> Value {
        match self.stand_ins.get(&value) {
            Some(StandIn { form: Form::Shared, value, .. }) => *value,
            _ => value,
        }
    }

    /// A slot that holds a stand-in holds what it stands for.
    fn settle(&self, slot: &mut SlotState) {
        let Some(stand_in) = self.stand_ins.get(&slot.value) else { return };
        match (stand_in.form, slot.form, stand_in.taken) {
            (Form::Shared, ..) => slot.value = stand_in.value,
            (_, Form::Owned, Some((real, _))) => slot.value = real,
            (form, ..) => {
                slot.form = form;
                slot.value = stand_in.value;
            }
        }
    }

    /// Adds the head's slots to those of the base frame.
    fn overlay(&self, base: &mut FrameState) {
        let mut merged = Vec::with_capacity(base.slots.len() + self.slots.len());
        let mut recorded = base.slots.iter().copied().peekable();
        for slot in self.slots.iter().filter(|slot| slot.active) {
            while let Some(newer) = recorded.next_if(|newer| newer.index < slot.state.index) {
                merged.push(newer);
            }
            if recorded.peek().is_none_or(|newer| newer.index != slot.state.index) {
                merged.push(slot.state);
            }
        }
        merged.extend(recorded);
        base.slots = merged;
    }
}

/// The slot of the base frame that an access touches.
fn slot_of(b: &Builder, base: Value, access: Option<Access>) -> Option<u16> {
    let access = access.filter(|access| access.class == Class::Slot && access.width == Width::W64)?;
    let offset = access.offset.checked_sub(FIRST_SLOT).filter(|offset| offset % 8 == 0)?;
    if b.op(base) != Some(Op::Frame) {
        return None;
    }
    u16::try_from(offset / 8).ok()
}

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    if b.words.is_none() {
        return Ok(Step::Next);
    }
    match inst.op {
        Op::Load => {
            if let Some(word) = load(b, inst) {
                return Ok(Step::Value(word));
            }
        }
        Op::Store => store(b, inst)?,
        _ => {}
    }
    for i in 0..inst.args.len() {
        let Some(stand_in) = b.words.as_mut().and_then(|words| words.stand_in(inst.args[i])).copied() else { continue };
        match stand_in.form {
            Form::Shared => match reference(inst, i, stand_in.value) {
                Step::Next => {}
                done => return Ok(done),
            },
            _ => match boxed(b, inst, i, stand_in) {
                Step::Next => {}
                done => return Ok(done),
            },
        }
    }
    Ok(Step::Next)
}

/// The position among the head's slots of the one that is accessed, if its memory is not true.
fn active_slot(b: &Builder, inst: &Inst) -> Option<usize> {
    let index = slot_of(b, inst.args[0], inst.access)?;
    let slots = &b.words.as_ref()?.slots;
    let i = slots.binary_search_by_key(&index, |slot| slot.state.index).ok()?;
    slots[i].active.then_some(i)
}

/// The stand-in for the word of a slot of the head.
fn load(b: &mut Builder, inst: &Inst) -> Option<Value> {
    let i = active_slot(b, inst)?;
    let Slot { state, word, .. } = b.words.as_ref()?.slots[i];
    if word.is_some() {
        return word;
    }
    let mut fact = Fact { nonnull: true, object: true, ..Fact::NONE };
    let boxing = match state.form {
        Form::Null => return Some(b.trace.constant(inst.ty, EMPTY)),
        Form::Owned => return Some(state.value),
        Form::Virtual => return None,
        Form::Bool => {
            // Nobody owns these: they need no stand-in.
            let word = b.emit(Inst::new(Op::BoxBool, &[state.value])).ok()?;
            b.words.as_mut()?.slots[i].word = Some(word);
            return Some(word);
        }
        _ => state.form.boxing(&mut b.trace, state.value),
    };
    let inst = match boxing {
        Some(inst) => {
            fact.ty = b.box_type(&inst);
            inst
        }
        None => {
            fact = Fact { constant: None, ..b.facts.get(&b.trace, state.value) };
            Inst::new(Op::Untag, &[state.value])
        }
    };
    let word = b.append_raw(inst, fact);
    let words = b.words.as_mut()?;
    words.slots[i].word = Some(word);
    words.stand_ins.insert(word, StandIn { form: state.form, value: state.value, taken: None });
    Some(word)
}

/// Memory of a slot of the head is written: from here on it is true. That is sound if it was empty at the head.
fn store(b: &mut Builder, inst: &Inst) -> Result<(), Contradiction> {
    let Some(i) = active_slot(b, inst) else { return Ok(()) };
    let index = b.words.as_ref().map_or(0, |words| words.slots[i].state.index);
    if !b.is_slot_empty(index) {
        b.words.iter_mut().for_each(|words| words.in_use = Some(index));
        return Err(Contradiction);
    }
    if let Some(words) = &mut b.words {
        words.slots[i].active = false;
        words.generation += 1;
    }
    Ok(())
}

/// A copy of a reference, as operand `i`.
fn reference(inst: &mut Inst, i: usize, object: Value) -> Step {
    match inst.op {
        Op::CloseWord | Op::CloseInert | Op::CloseShared | Op::Decref | Op::DecrefInert => Step::Drop,
        Op::GuardShared | Op::GuardInert => Step::Drop,
        Op::Untag => Step::Value(object),
        _ => {
            inst.args[i] = object;
            Step::Next
        }
    }
}

/// The box of a number, as operand `i`.
fn boxed(b: &mut Builder, inst: &mut Inst, i: usize, stand_in: StandIn) -> Step {
    let word = inst.args[i];
    let taken = match inst.op {
        Op::Untag => return Step::Value(word),
        Op::CloseWord | Op::CloseInert | Op::CloseShared => return Step::Drop,
        Op::GuardShared | Op::GuardInert => return Step::Drop,
        Op::Incref => match stand_in.taken {
            Some((real, count)) => {
                inst.args[i] = real;
                Some((real, count + 1))
            }
            None => {
                let Some(boxing) = stand_in.form.boxing(&mut b.trace, stand_in.value) else { return Step::Next };
                let Ok(real) = b.emit(boxing) else { return Step::Next };
                Some((real, 1))
            }
        },
        // One of the references is put into memory, or given back.
        Op::Store | Op::StoreIndexed if i + 1 == inst.args.len() => match stand_in.taken {
            Some((real, count)) => {
                inst.args[i] = real;
                if count > 1 { Some((real, count - 1)) } else { None }
            }
            None => return Step::Next,
        },
        Op::Decref | Op::DecrefInert => match stand_in.taken {
            Some((real, count)) => {
                inst.args[i] = real;
                inst.op = Op::DecrefInert;
                if count > 1 { Some((real, count - 1)) } else { None }
            }
            None => return Step::Drop,
        },
        _ => return Step::Next,
    };
    if let Some(words) = &mut b.words {
        if let Some(stand_in) = words.stand_in(word) {
            stand_in.taken = taken;
        }
        words.generation += 1;
    }
    if inst.op == Op::Incref && inst.args[i] == word { Step::Drop } else { Step::Next }
}

impl Builder {
    /// Notes what the trace itself has put into the base frame's memory last.
    pub(super) fn note_slot_store(&mut self, base: Value, access: Access, value: Value) {
        if let Some(index) = slot_of(self, base, Some(access)) {
            self.stored_slots.insert(index, value);
        }
    }

    /// Does the memory of this slot hold the empty word, which the trace has put there?
    pub(super) fn is_slot_empty(&self, index: u16) -> bool {
        let stored = self.stored_slots.get(&index).and_then(|&value| self.trace.as_const(value));
        stored.is_some_and(|constant| constant.bits == EMPTY && matches!(constant.ty, Ty::Ptr | Ty::Obj | Ty::Int))
    }
}
