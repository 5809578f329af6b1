//! Reference counts that need not change.
//!
//! Two patterns, once all instructions are there:
//!
//! * **Pairs**: `incref v`, and later its release, with nothing between that could take another reference to `v` away. What
//!   kept `v` alive when its count was raised does so until the end. Snapshots between own nothing of it then.
//! * **Slots of a quiet loop**: a loop puts an object, borrowed from memory, into a slot of the base frame, and takes the
//!   previous one out, which is never the last reference. If nothing in the loop takes references away that memory of the
//!   lending class holds, each object lives as long as the loop: the first round leaves the slot's memory empty, and
//!   snapshots say what the slot holds, which is shared.
//!
//! What can take a reference away is few things. A place in memory lets go of its object where it is overwritten; an object
//! lets go of its contents where it is destroyed, for which its last reference must go: `decref`, `close_word`, calls.
//! `close_shared` never takes the last one, and what `decref_inert` and `close_inert` may destroy has no contents.

use super::dce::Rounds;
use super::words::EMPTY;
use crate::hash::FastMap;
use crate::ir::call::CallEffect;
use crate::ir::{Class, Effect, Form, Inst, Op, SlotState, SnapshotId, Trace, Value, Width};

/// How far behind an `incref` its release is looked for.
const REACH: usize = 48;

/// Which instructions need not be there. Snapshots are changed accordingly.
pub fn run(trace: &mut Trace, rounds: Option<&Rounds>, is_stable: fn(usize) -> bool) -> Vec<bool> {
    let mut removed = vec![false; trace.insts.len()];
    let mut types = Types { of: FastMap::default(), is_stable };
    for at in 0..trace.insts.len() {
        types.see(trace, &trace.insts[at]);
        if trace.insts[at].op == Op::Incref {
            pair(trace, at, &mut types, &mut removed);
        }
    }
    if let Some(rounds) = rounds {
        slots(trace, rounds, &mut removed);
    }
    removed
}

/// How often a snapshot owns a value.
fn owned(trace: &Trace, id: SnapshotId, value: Value) -> usize {
    let snapshot = trace.snapshot(id);
    let slots = snapshot.frames.iter().flat_map(|frame| &frame.slots);
    let slots = slots.chain(snapshot.virtuals.iter().flat_map(|object| &object.fields));
    slots.filter(|slot| slot.form == Form::Owned && slot.value == value).count()
}

/// One reference that the snapshot of the instruction owns is a shared one.
fn share(trace: &mut Trace, at: usize, value: Value) {
    change(trace, at, |slots| {
        if let Some(slot) =
            slots.iter_mut().flat_map(|s| s.iter_mut()).find(|s| s.form == Form::Owned && s.value == value)
        {
            slot.form = Form::Shared;
        }
    });
}

/// The base frame's slot holds an object where the trace may end.
fn fill(trace: &mut Trace, at: usize, state: SlotState) {
    change(trace, at, |slots| {
        if let Err(i) = slots[0].binary_search_by_key(&state.index, |slot| slot.index) {
            slots[0].insert(i, state);
        }
    });
}

/// Gives an instruction a snapshot of its own, whose frames' slots are changed.
fn change(trace: &mut Trace, at: usize, change: impl FnOnce(&mut [&mut Vec<SlotState>])) {
    let Some(id) = trace.insts[at].snapshot else { return };
    let mut snapshot = trace.snapshot(id).clone();
    let frames = snapshot.frames.iter_mut().map(|frame| &mut frame.slots);
    let mut slots: Vec<&mut Vec<SlotState>> =
        frames.chain(snapshot.virtuals.iter_mut().map(|object| &mut object.fields)).collect();
    change(&mut slots);
    trace.insts[at].snapshot = Some(trace.add_snapshot(snapshot));
}

/// What a call does.
fn effect_of(trace: &Trace, inst: &Inst) -> Option<CallEffect> {
    inst.call.map(|id| trace.call(id).effect)
}

/// Does it release a reference to its operand?
fn is_release(op: Op) -> bool {
    matches!(op, Op::Decref | Op::DecrefInert | Op::CloseWord | Op::CloseInert | Op::CloseShared)
}

/// The types that guards have shown, as far as a walk has come.
struct Types {
    of: FastMap<Value, u64>,
    is_stable: fn(usize) -> bool,
}

impl Types {
    fn see(&mut self, trace: &Trace, inst: &Inst) {
        if inst.op == Op::GuardType {
            if let Some(ty) = trace.as_const(inst.args[1]) {
                self.of.insert(inst.args[0], ty.bits);
            }
        }
    }

    /// Are these surely different objects? Instances may have changed their classes since, but not to or from a built-in type.
    fn are_distinct(&self, x: Value, y: Value) -> bool {
        let stable = |ty: u64| (self.is_stable)(ty as usize);
        match (self.of.get(&x), self.of.get(&y)) {
            (Some(&a), Some(&b)) => a != b && (stable(a) || stable(b)),
            _ => false,
        }
    }
}

// ---- pairs ----

/// Removes an `incref` and its release, if nothing between takes references away.
fn pair(trace: &mut Trace, at: usize, types: &mut Types, removed: &mut [bool]) {
    let value = trace.insts[at].args[0];
    let (mut leaving, mut needless) = (Vec::new(), vec![at]);
    for here in at + 1..trace.insts.len().min(at + REACH) {
        if removed[here] {
            continue;
        }
        let inst = &trace.insts[here];
        types.see(trace, inst);
        if let Some(id) = inst.snapshot {
            // What the trace owns must be known where it may end.
            if owned(trace, id, value) == 0 {
                return;
            }
            leaving.push(here);
        }
        match inst.op.effect() {
            Effect::Count if inst.args[0] == value && is_release(inst.op) => {
                needless.push(here);
                for at in leaving {
                    share(trace, at, value);
                }
                needless.into_iter().for_each(|at| removed[at] = true);
                return;
            }
            Effect::Count if inst.op == Op::Incref => {}
            // Another object, and nothing that has contents is destroyed.
            Effect::Count
                if matches!(inst.op, Op::DecrefInert | Op::CloseInert | Op::CloseShared)
                    && types.are_distinct(inst.args[0], value) => {}
            Effect::Count | Effect::Control => return,
            // The reference is put away.
            Effect::Call if inst.args.contains(&value) && !matches!(effect_of(trace, inst), Some(CallEffect::Pure)) => {
                return;
            }
            Effect::Call if !matches!(effect_of(trace, inst), Some(CallEffect::Pure | CallEffect::New(_))) => return,
            // The reference is put away.
            Effect::Store if inst.args.last() == Some(&value) => return,
            // The reference that was just taken is one more than the object has otherwise.
            Effect::Guard if inst.op == Op::GuardShared && inst.args[0] == value => needless.push(here),
            Effect::Guard if inst.op == Op::GuardShared && !types.are_distinct(inst.args[0], value) => return,
            Effect::Call | Effect::Store | Effect::Guard => {}
            Effect::Pure | Effect::Load | Effect::Checked | Effect::Alloc => {}
        }
    }
}

// ---- slots of quiet loops ----

/// Slots of the base frame that a loop fills with one object in each round.
struct Filled {
    slots: Vec<Slot>,
    /// The words before it, and the one that it puts there.
    previous: Value,
    value: Value,
    /// What is not needed: the stores, the guards and the ends of the words before, the `incref` of both rounds.
    needless: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Slot {
    index: u16,
    /// The store, and that of the first round.
    at: usize,
    first: usize,
}

fn slots(trace: &mut Trace, rounds: &Rounds, removed: &mut [bool]) {
    let Some(written) = quiet(trace) else { return };
    for at in rounds.head + 1..trace.insts.len() {
        if removed[at] {
            continue;
        }
        let Some(found) = filled(trace, rounds, at, written, removed) else { continue };
        found.needless.iter().for_each(|&at| removed[at] = true);
        let empty = trace.obj(EMPTY as usize);
        for slot in &found.slots {
            trace.insts[slot.first].args[1] = empty;
            // Instructions that shared a snapshot do so again.
            let mut filled: FastMap<(u32, Value), SnapshotId> = FastMap::default();
            for at in (slot.first..trace.insts.len()).filter(|&at| !removed[at]) {
                let Some(id) = trace.insts[at].snapshot else { continue };
                let value = if at > slot.at { found.value } else { found.previous };
                if let Some(&known) = filled.get(&(id.0, value)) {
                    trace.insts[at].snapshot = Some(known);
                    continue;
                }
                fill(trace, at, SlotState { index: slot.index, form: Form::Shared, value });
                filled.extend(trace.insts[at].snapshot.map(|new| ((id.0, value), new)));
            }
        }
    }
}

/// The classes of memory that the trace writes, if nothing in it destroys an object that has contents.
fn quiet(trace: &Trace) -> Option<u32> {
    let mut written = 0;
    for inst in &trace.insts {
        match inst.op {
            Op::Decref | Op::CloseWord => return None,
            Op::Call => match inst.call.map(|id| trace.call(id).effect) {
                Some(CallEffect::Pure | CallEffect::Writes(0) | CallEffect::New(_)) => {}
                _ => return None,
            },
            Op::Store | Op::StoreIndexed => written |= inst.access.map_or(u32::MAX, |access| access.class.bit()),
            _ => {}
        }
    }
    Some(written)
}

/// Was the object lent by memory that the loop does not write?
fn is_lent(trace: &Trace, object: Value, written: u32) -> bool {
    let Some(load) = object.inst().map(|i| &trace.insts[i]).filter(|inst| inst.op.effect() == Effect::Load) else {
        return false;
    };
    load.access.is_some_and(|access| {
        written & access.class.bit() == 0
            && !matches!(access.class, Class::Slot | Class::FrameHeader | Class::Suspended | Class::Raw)
    })
}

/// The slot that the store at `at` fills with `value`, if the first round filled it with `previous`, and nothing else touches it.
fn slot(trace: &Trace, head: usize, at: usize) -> Option<(Slot, Value)> {
    let inst = &trace.insts[at];
    let access = inst.access.filter(|access| access.class == Class::Slot && access.width == Width::W64)?;
    if inst.op != Op::Store || trace.insts[inst.args[0].inst()?].op != Op::Frame {
        return None;
    }
    let index = u16::try_from((access.offset - rpy_vm::layout::FRAME_LOCALS as i32) / 8).ok()?;
    let is_here = |i: &usize| {
        trace.insts[*i].access.is_some_and(|other| other.class == Class::Slot && other.offset == access.offset)
    };
    let mut stores = (0..trace.insts.len()).filter(is_here).filter(|&i| trace.insts[i].op == Op::Store);
    let first = stores.next().filter(|&first| first < head)?;
    if stores.next() != Some(at) || stores.next().is_some() || (head..trace.insts.len()).filter(is_here).count() != 1 {
        return None;
    }
    Some((Slot { index, at, first }, trace.insts[first].args[1]))
}

/// The slots that the loop fills with what the store at `at` stores, if they are of those that need not be filled.
fn filled(trace: &Trace, rounds: &Rounds, at: usize, written: u32, removed: &[bool]) -> Option<Filled> {
    let (_, previous) = slot(trace, rounds.head, at)?;
    let value = trace.insts[at].args[1];
    let carried = previous.inst().filter(|&i| i < rounds.head).is_some_and(|i| rounds.next[i] == value);
    if !carried || value == previous || !is_lent(trace, value, written) || !is_lent(trace, previous, written) {
        return None;
    }
    let (mut slots, mut needless) = (Vec::new(), Vec::new());
    let (mut taken, mut increfs, mut guards, mut shared, mut inert) = (0, 0, 0, 0, 0);
    for (i, inst) in trace.insts.iter().enumerate().filter(|(i, _)| !removed[*i]) {
        let in_body = i > rounds.head;
        let counter = match inst.op {
            Op::Store if in_body && inst.args[1] == value => {
                let (slot, before) = slot(trace, rounds.head, i)?;
                if before != previous {
                    return None;
                }
                slots.push(slot);
                needless.push(i);
                continue;
            }
            Op::Incref if !in_body && inst.args[0] == previous => &mut taken,
            Op::Incref if in_body && inst.args[0] == value => &mut increfs,
            Op::GuardShared if in_body && inst.args[0] == previous => &mut guards,
            Op::CloseShared if in_body && inst.args[0] == previous => &mut shared,
            Op::CloseInert if in_body && inst.args[0] == previous => &mut inert,
            op if is_release(op) && (inst.args[0] == value || inst.args[0] == previous) => return None,
            _ => {
                // Where the trace may end, it owns neither.
                if inst.snapshot.is_some_and(|id| owned(trace, id, value) + owned(trace, id, previous) != 0) {
                    return None;
                }
                continue;
            }
        };
        *counter += 1;
        needless.push(i);
    }
    // And the slots are in memory.
    let first = slots.iter().map(|slot| slot.first).min()?;
    let mut leaving = (first..trace.insts.len()).filter(|&i| !removed[i]).filter_map(|i| trace.insts[i].snapshot);
    let mentions = |id: SnapshotId| {
        let base = &trace.snapshot(id).frames[0].slots;
        base.iter().any(|mentioned| slots.iter().any(|slot| slot.index == mentioned.index))
    };
    if leaving.any(mentions) {
        return None;
    }
    let count = slots.len();
    let counted = taken == count && increfs == count && shared + inert == count && guards == shared;
    counted.then_some(Filled { slots, previous, value, needless })
}
