//! Boxes that are used again.
//!
//! `self.x += dx` boxes a float in each round, stores the box, and destroys the one that was there. If the place that is
//! overwritten held the only reference to the old box, the new number can be written into it instead: `recycle_float` looks
//! when it happens.
//!
//! The pattern, in a finished trace: `box_float`, a store of the box, and `decref_inert` of a float, with nothing between that
//! could look at either or leave the trace, and no use of the old box from there on. Then one reference means that nobody can
//! see the object but through the reference that is given up: memory that holds it is overwritten, and values of the trace
//! that may be the same object were unboxed before, or own a reference.

use super::builder::KnownTypes;
use crate::hash::FastMap;
use crate::ir::{Effect, Inst, Op, Trace, Value};

/// How far before the end of the old box its successor is made, at most.
const REACH: usize = 12;

/// Lets boxes be used again.
pub fn run(trace: &mut Trace, types: &KnownTypes) {
    if !trace.insts.iter().any(|inst| inst.op == Op::DecrefInert) {
        return;
    }
    let floats = Floats::new(trace, types);
    let last_uses = last_uses(trace);
    let head = trace.loop_start().unwrap_or(0);
    let mut removed = vec![false; trace.insts.len()];
    for end in 0..trace.insts.len() {
        let inst = &trace.insts[end];
        if inst.op != Op::DecrefInert || !floats.is_float(inst.args[0]) {
            continue;
        }
        let old = inst.args[0];
        let Some(position) = old.inst() else { continue };
        // What was made before the loop ends before it, too: it ends once.
        if end > head && position < head || last_uses[position] > end {
            continue;
        }
        if let Some(boxing) = successor(trace, position, end) {
            let value = trace.insts[boxing].args[0];
            trace.insts[boxing] = Inst::new(Op::RecycleFloat, &[old, value]);
            removed[end] = true;
        }
    }
    if removed.contains(&true) {
        remove(trace, &removed);
    }
}

/// The boxing whose result replaces the value at `old`, which ends at `end`.
fn successor(trace: &Trace, old: usize, end: usize) -> Option<usize> {
    let old_value = Value::of_inst(old);
    let first = end.saturating_sub(REACH).max(old + 1);
    let mut boxed: Option<usize> = None;
    for at in (first..end).rev() {
        let inst = &trace.insts[at];
        if boxed == Some(at) {
            return Some(at);
        }
        if inst.args.contains(&old_value) {
            return None;
        }
        match inst.op.effect() {
            // Before the store, a float that is unboxed may be the old one.
            Effect::Pure if boxed.is_some() && inst.op == Op::UnboxFloat => return None,
            Effect::Pure => {}
            Effect::Load if boxed.is_none() => {}
            Effect::Store if boxed.is_none() => {
                let value = inst.args.last()?.inst()?;
                if trace.insts[value].op != Op::BoxFloat || value < first {
                    return None;
                }
                boxed = Some(value);
            }
            _ => return None,
        }
    }
    None
}

/// Which values are exact floats.
struct Floats {
    known: Vec<bool>,
}

impl Floats {
    fn new(trace: &Trace, types: &KnownTypes) -> Floats {
        let mut known = vec![false; trace.insts.len()];
        let mut carried = Vec::new();
        for (i, inst) in trace.insts.iter().enumerate() {
            match inst.op {
                Op::BoxFloat => known[i] = true,
                Op::UnboxFloat => Floats::mark(&mut known, inst.args[0]),
                Op::GuardType if trace.as_const(inst.args[1]).is_some_and(|c| c.bits == types.float as u64) => {
                    Floats::mark(&mut known, inst.args[0]);
                }
                Op::Phi if inst.args[0].inst().is_some_and(|first| known[first]) => carried.push(i),
                _ => {}
            }
        }
        // What the loop carries is what it begins with and what it goes on with.
        if let (Some(head), Some(jump)) = (trace.loop_start(), trace.insts.last()) {
            for phi in carried {
                known[phi] |= jump.args[phi - head - 1].inst().is_some_and(|next| known[next]);
            }
        }
        Floats { known }
    }

    fn mark(known: &mut [bool], value: Value) {
        if let Some(i) = value.inst() {
            known[i] = true;
        }
    }

    fn is_float(&self, value: Value) -> bool {
        value.inst().is_some_and(|i| self.known[i])
    }
}

/// For each instruction, the last one that uses its value.
pub fn last_uses(trace: &Trace) -> Vec<usize> {
    let mut last = vec![0; trace.insts.len()];
    for (at, inst) in trace.insts.iter().enumerate() {
        let mut see = |value: Value| {
            if let Some(i) = value.inst() {
                last[i] = at;
            }
        };
        inst.args.iter().copied().for_each(&mut see);
        if let Some(id) = inst.snapshot {
            trace.snapshot(id).each_value(see);
        }
    }
    last
}

/// Takes out instructions whose values nobody uses.
fn remove(trace: &mut Trace, removed: &[bool]) {
    let mut names = FastMap::default();
    let mut next = 0;
    for (i, removed) in removed.iter().enumerate() {
        if !removed {
            names.insert(i, Value::of_inst(next));
            next += 1;
        }
    }
    let name = |value: Value| value.inst().map_or(value, |i| names.get(&i).copied().unwrap_or(Value::NOTHING));
    let mut at = 0;
    trace.insts.retain(|_| {
        at += 1;
        !removed[at - 1]
    });
    for arg in trace.insts.iter_mut().flat_map(|inst| inst.args.iter_mut()) {
        *arg = name(*arg);
    }
    trace.snapshots.iter_mut().for_each(|snapshot| snapshot.map_values(name));
}
