//! Two rounds of a short loop in its body.
//!
//! Where a round is a few instructions, what each round does besides costs as much as they do: the jump, whether somebody asks the thread to
//! stop, moves of what was the next number and is the present one now. Done twice, a round begins where the one before has left its values.
//!
//! **Why this is right.** The second half is a copy of the first, in which phis are what the first half hands on, and so are its
//! snapshots. Whether somebody asks the thread to stop is looked at in every other round: soon enough, if there are no calls in between.

use super::dce::clean;
use super::rounds::Loop;
use crate::hash::FastMap;
use crate::ir::{Effect, Inst, Op, SnapshotId, Trace, Value};

/// How many instructions a round may have.
const SHORT: usize = 24;

/// Does so with a finished loop, if it is short.
pub fn unroll(mut trace: Trace) -> Trace {
    let Some((start, body, end)) =
        Loop::of(&trace).filter(is_short).map(|Loop { start, body, end, .. }| (start, body, end))
    else {
        return trace;
    };
    let Some(jump) = trace.insts.pop() else { return trace };
    let mut copy = Copy { start, next: jump.args.to_vec(), snapshots: FastMap::default() };
    for at in body..end {
        let mut inst = trace.insts[at].clone();
        inst.args.iter_mut().for_each(|arg| *arg = copy.name(*arg));
        inst.snapshot = inst.snapshot.map(|id| copy.snapshot(&mut trace, id));
        let value = trace.push(inst);
        copy.next.push(value);
    }
    let next: Vec<Value> = jump.args.iter().map(|&value| copy.name(value)).collect();
    trace.push(Inst::new(Op::Jump, &next));
    let needless: Vec<bool> =
        trace.insts.iter().enumerate().map(|(i, inst)| (body..end).contains(&i) && inst.op == Op::GuardCalm).collect();
    clean(trace, &needless)
}

/// Is its round so short that it is worth having twice? (Of a loop that is left after at most a group of rounds, it is not.)
fn is_short(found: &Loop<'_>) -> bool {
    let is_plain = |inst: &Inst| match inst.op.effect() {
        Effect::Pure | Effect::Load | Effect::Store | Effect::Guard | Effect::Checked => true,
        Effect::Alloc | Effect::Count | Effect::Call | Effect::Control => false,
    };
    let round = &found.trace.insts[found.body..found.end];
    found.trace.kernels.is_empty() && round.len() <= SHORT && round.iter().all(is_plain)
}

/// The second round.
struct Copy {
    start: usize,
    /// Of each phi and each instruction of the first round: what it is in the second.
    next: Vec<Value>,
    snapshots: FastMap<SnapshotId, SnapshotId>,
}

impl Copy {
    fn name(&self, value: Value) -> Value {
        match value.inst() {
            Some(i) if i > self.start => self.next[i - self.start - 1],
            _ => value,
        }
    }

    fn snapshot(&mut self, trace: &mut Trace, id: SnapshotId) -> SnapshotId {
        if let Some(&copy) = self.snapshots.get(&id) {
            return copy;
        }
        let mut snapshot = trace.snapshot(id).clone();
        snapshot.map_values(|value| self.name(value));
        let copy = trace.add_snapshot(snapshot);
        self.snapshots.insert(id, copy);
        copy
    }
}
