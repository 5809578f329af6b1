//! Conditions of a round that follow from how often the loop has run, checked as one.
//!
//! In `for i in range(n): out[i] = a[i] + b[i]`, four guards of each round ask whether there is another number, and whether it is below three
//! lengths, none of which changes. That is asked once, of the least of the four limits, by the first of the guards: where it
//! fails, the interpreter goes on from there, and finds out which of the conditions it was.
//!
//! **Why this is right.** All that is compared is known at the first of the guards, so each of the others can be asked there. That a guard
//! leaves the trace earlier than it has to is no harm. Before the loop, the counter is guarded not to be below any index's origin; it
//! grows by one in each round, and stays below the limit, so no sum wraps.

use super::dce::clean;
use super::rounds::{Before, Loop};
use crate::ir::{Effect, Inst, Op, Trace, Value};

/// A guard that depends on the counter.
#[derive(Clone, Copy)]
enum Condition {
    /// `counter + more < bound`, perhaps as unsigned numbers: then the sum is not negative, either.
    Below { more: i64, bound: Value, unsigned: bool },
    /// The phi, which is one less in each round, is positive.
    Left(usize),
}

/// The guards to be merged.
struct Merged {
    counter: usize,
    guards: Vec<(usize, Condition)>,
    /// Checked sums of the counter and a constant.
    sums: Vec<(usize, i64)>,
}

/// How large the constants in conditions may be.
const NEAR: i64 = 1 << 32;

pub fn run(mut trace: Trace) -> Trace {
    let Some(merged) = Loop::of(&trace).and_then(|found| find(&found)) else { return trace };
    match merge(&mut trace, &merged) {
        Some(needless) => clean(trace, &needless),
        None => trace,
    }
}

/// The counter with the most guards.
fn find(found: &Loop<'_>) -> Option<Merged> {
    let guards: Vec<(usize, Option<usize>, Condition)> = (found.body..found.end)
        .filter(|&i| found.trace.insts[i].op == Op::GuardTrue)
        .filter_map(|i| condition(found, i).map(|(counter, condition)| (i, counter, condition)))
        .collect();
    let counters = found.start + 1..found.body;
    let of = |counter: usize| {
        let these = guards.iter().filter(move |(_, of, _)| of.is_none_or(|of| of == counter));
        these.map(|&(i, _, condition)| (i, condition)).collect::<Vec<_>>()
    };
    let counter = counters.filter(|&phi| found.step(phi) == Some(1)).max_by_key(|&phi| of(phi).len())?;
    let guards = of(counter);
    if guards.len() < 2 || !guards.iter().any(|(_, condition)| matches!(condition, Condition::Below { .. })) {
        return None;
    }
    let sums = (guards[0].0..found.end).filter_map(|i| {
        let inst = &found.trace.insts[i];
        let constant = found.trace.as_int(*inst.args.get(1)?).filter(|c| c.abs() < NEAR)?;
        (inst.op == Op::AddOvf && inst.args[0].inst() == Some(counter)).then_some((i, constant))
    });
    Some(Merged { counter, guards, sums: sums.collect() })
}

/// What a guard asks, and of which counter (any, if it is about what is left).
fn condition(found: &Loop<'_>, guard: usize) -> Option<(Option<usize>, Condition)> {
    let inst = found.def(found.trace.insts[guard].args[0])?;
    let (index, bound) = match inst.op {
        Op::Ult | Op::Lt => (inst.args[0], inst.args[1]),
        Op::Gt => (inst.args[1], inst.args[0]),
        _ => return None,
    };
    if let Some(phi) = found.phi(bound).filter(|&phi| found.step(phi) == Some(-1)) {
        return (found.trace.as_int(index) == Some(0)).then_some((None, Condition::Left(phi)));
    }
    let (of, more) = found.more(index);
    let counter = found.phi(of).filter(|&phi| found.step(phi) == Some(1))?;
    (found.is_invariant(bound) && more.abs() < NEAR).then_some(())?;
    Some((Some(counter), Condition::Below { more, bound, unsigned: inst.op == Op::Ult }))
}

/// Changes the first guard, and says which ones need not be there.
fn merge(trace: &mut Trace, merged: &Merged) -> Option<Vec<bool>> {
    let found = Loop::of(trace)?;
    let (start, first_of) = (found.start, |phi: usize| trace.insts[phi].args[0]);
    let (counter, carrier) = (first_of(merged.counter), merged.guards[0].0);
    let compare = trace.insts[carrier].args[0].inst()?;
    // Where the loop is not even begun, the interpreter goes on from the first instruction that may leave it.
    let first =
        (found.body..found.end).find(|&i| !matches!(trace.insts[i].op.effect(), Effect::Pure | Effect::Load))?;
    let mut entry = trace.snapshot(trace.insts[first].snapshot.filter(|_| trace.insts[first].op.leaves())?).clone();
    // The compare becomes another one, which only its guard may see.
    let users = |value: usize| {
        let args = trace.insts.iter().flat_map(|inst| inst.args.iter().copied());
        let snapshots = trace.snapshots.iter().flat_map(|snapshot| snapshot.values());
        args.chain(snapshots).filter(|user| user.inst() == Some(value)).count()
    };
    if users(compare) != 1 || entry.values().any(|v| v.inst().is_some_and(|i| i >= found.body)) {
        return None;
    }
    entry.map_values(|value| found.phi(value).map_or(value, first_of));
    let left = merged.guards.iter().find_map(|(_, condition)| match condition {
        Condition::Left(phi) => Some(first_of(*phi)),
        Condition::Below { .. } => None,
    });
    // For each bound, the largest of the constants.
    let mut bounds: Vec<(Value, bool, i64)> = Vec::new();
    let mut origin = 0;
    for &(_, condition) in &merged.guards {
        let Condition::Below { more, bound, unsigned } = condition else { continue };
        origin = origin.max(more.saturating_neg());
        match bounds.iter_mut().find(|(other, kind, _)| *other == bound && *kind == unsigned) {
            Some((_, _, most)) => *most = more.max(*most),
            None => bounds.push((bound, unsigned, more)),
        }
    }
    let sums = merged.sums.iter().map(|(_, more)| *more);
    origin = sums.clone().fold(origin, |origin, more| origin.max(more.saturating_neg()));
    let most = sums.max().filter(|most| *most > 0);

    let snapshot = trace.add_snapshot(entry);
    let mut before = Before::new(trace, start);
    let least = before.trace.int(origin);
    let enough = before.push(Inst::new(Op::Ge, &[counter, least]));
    before.push(Inst::new(Op::GuardTrue, &[enough]).at(snapshot));
    let mut limit = most.map(|most| before.trace.int(i64::MAX - most));
    for (bound, unsigned, more) in bounds {
        let mut bound = bound;
        if more > 0 && !unsigned {
            // A bound that far below zero stays there.
            let floor = before.trace.int(i64::MIN + more);
            bound = before.int(Op::Max, bound, floor);
        }
        if more != 0 {
            let less = before.trace.int(-more);
            bound = before.int(Op::Add, bound, less);
        }
        limit = Some(limit.map_or(bound, |limit| before.int(Op::Min, limit, bound)));
    }
    let mut limit = limit?;
    if let Some(left) = left {
        let zero = before.trace.int(0);
        let room = before.int(Op::Max, limit, zero);
        let room = before.int(Op::Sub, room, counter);
        let rounds = before.int(Op::Min, room, left);
        limit = before.int(Op::Add, rounds, counter);
    }
    let moved = before.insert();
    let counter = Value::of_inst(merged.counter + moved);
    trace.insts[compare + moved] = Inst::new(Op::Lt, &[counter, limit]);
    for (at, _) in &merged.sums {
        let sum = &mut trace.insts[at + moved];
        (sum.op, sum.snapshot) = (Op::Add, None);
    }
    let mut needless = vec![false; trace.insts.len()];
    merged.guards[1..].iter().for_each(|(at, _)| needless[at + moved] = true);
    Some(needless)
}
