//! Stores of a loop that only its exits do.
//!
//! How far an iterator has come is stored in each round, and read by nobody as long as the loop runs. What memory would hold is a value of the
//! trace: the one of this round behind the store, the one of the round before in front of it, which is a phi. So each exit stores what is right
//! there ([`Snapshot::stores`](crate::ir::Snapshot::stores)), and the rounds store nothing.
//!
//! **Why this is right.** In the loop nothing reads such memory: it contains no loads of it, and nothing that could run other code. No
//! other store of the loop meets the place, which has an offset of its own. At the head, memory holds the phi: at first since
//! the preamble has stored that there, with nothing behind it that could change it; then since the round before would have.

use super::dce::clean;
use super::rounds::Loop;
use crate::hash::FastMap;
use crate::ir::snapshot::ExitStore;
use crate::ir::{Access, Class, Effect, Inst, Op, SnapshotId, Trace, Ty, Value, Width};

/// A store of each round.
#[derive(Clone, Copy)]
struct Sunk {
    at: usize,
    base: Value,
    access: Access,
    /// What is there in front of it, and behind it.
    before: Value,
    behind: Value,
}

/// Moves them into the exits of a finished loop.
pub fn sink(mut trace: Trace) -> Trace {
    let Some((body, sunk)) = Loop::of(&trace).map(|found| (found.body, find(&found))) else { return trace };
    if sunk.is_empty() {
        return trace;
    }
    // By snapshot, and how many of the stores are behind.
    let mut snapshots: FastMap<(SnapshotId, usize), SnapshotId> = FastMap::default();
    for at in body..trace.insts.len() {
        let Some(id) = trace.insts[at].snapshot else { continue };
        let done = sunk.iter().filter(|store| store.at < at).count();
        let new = *snapshots.entry((id, done)).or_insert_with(|| {
            let mut snapshot = trace.snapshot(id).clone();
            snapshot.stores.extend(sunk.iter().map(|store| ExitStore {
                base: store.base,
                access: store.access,
                value: if store.at < at { store.behind } else { store.before },
            }));
            trace.add_snapshot(snapshot)
        });
        trace.insts[at].snapshot = Some(new);
    }
    let mut needless = vec![false; trace.insts.len()];
    sunk.iter().for_each(|store| needless[store.at] = true);
    clean(trace, &needless)
}

/// What can be moved, in the order of the rounds.
fn find(found: &Loop<'_>) -> Vec<Sunk> {
    let round = &found.trace.insts[found.body..found.end];
    let reads = |inst: &Inst| inst.op.effect() == Effect::Load && inst.access.is_some_and(is_position);
    if !found.trace.kernels.is_empty() || !round.iter().all(is_quiet) || round.iter().any(reads) {
        return Vec::new();
    }
    (found.body..found.end).filter_map(|at| sunk(found, at)).collect()
}

/// Is it memory of iterators?
fn is_position(access: Access) -> bool {
    access.class == Class::Iterator
}

/// Can nothing else look at memory meanwhile?
fn is_quiet(inst: &Inst) -> bool {
    match inst.op.effect() {
        Effect::Pure | Effect::Load | Effect::Store | Effect::Guard | Effect::Checked => true,
        Effect::Alloc => matches!(inst.op, Op::BoxInt | Op::BoxFloat | Op::RecycleFloat),
        Effect::Count => matches!(inst.op, Op::Incref | Op::DecrefInert | Op::CloseInert),
        Effect::Call | Effect::Control => false,
    }
}

/// The store at this position, if it can be moved.
fn sunk(found: &Loop<'_>, at: usize) -> Option<Sunk> {
    let trace = found.trace;
    let store = &trace.insts[at];
    let access = store.access.filter(|&access| store.op == Op::Store && is_position(access))?;
    let (base, behind) = (store.args[0], store.args[1]);
    let meets = |inst: &Inst| {
        inst.op.effect() == Effect::Store
            && inst.access.is_some_and(|other| is_position(other) && other.offset == access.offset)
    };
    let only = trace.insts[found.body..found.end].iter().filter(|inst| meets(inst)).count() == 1;
    if !only || access.width != Width::W64 || trace.ty(behind) != Ty::Int || !found.is_invariant(base) {
        return None;
    }
    let last = trace.insts[..found.start].iter().rev().find(|inst| meets(inst) || !is_quiet(inst))?;
    let is_there = |phi: usize| last.args[1] == trace.insts[phi].args[0] && found.next(phi) == behind;
    let same = last.op == Op::Store && last.args[0] == base && last.access == Some(access);
    let phi = (found.start + 1..found.body).find(|&phi| same && is_there(phi))?;
    Some(Sunk { at, base, access, before: Value::of_inst(phi), behind })
}
