//! Closing a loop: its first round becomes the preamble, its second the body.
//!
//! The recorded round, as it came out of the passes, is sent through them once more, each value replaced by its counterpart.
//! Slots of the base frame that the head keeps out of memory begin the second round as they ended the first. What does not
//! change from round to round is found to exist, guards on it are found to hold, and neither is in the body. Values of the
//! first round that the second uses and that have other counterparts become phis (see [`super::dce`]).
//!
//! # Why this is right
//!
//! Call the values of the first round its *state*. Round `k + 1` computes its state from that of round `k` by the body, with
//! the counterpart of each value as its next one. The body was made with what the first round left behind: facts about values,
//! relations between them, what memory holds. For the second round these are true; for the third they must be true of the
//! counterparts, in what the second leaves behind, and then they are for all rounds. So everything that was consulted is
//! checked at the end, and what is not true there is forgotten, and the second round made anew. It is weaker then: after a
//! few attempts, everything is forgotten.
//!
//! The recorded round is replayed as the passes left it: a guard that it lacks follows from others that it has, and so it does
//! in every round. The one thing that an operation says of its result and its counterpart may not is the size of an unboxed
//! integer: see the pass `range`.
//!
//! # Rounds that contradict themselves
//!
//! A round may leave behind what its like cannot begin with: it was recorded because a flag was not set, and sets it. What
//! the guard was settled by is forgotten then ([`Start::widen`]), so that the guard is in the body: it leaves the loop, and a path goes on from there.
//!
//! # What the head may be
//!
//! The slots given are out of memory at the head: memory holds the empty word, or a word that the exits drop (they mention
//! all of these slots) and that the loop does not touch. So a recorded round that stores to the memory of such a slot must
//! leave the empty word there, and have left it there at the head. Shared objects among them must live as long as the loop,
//! whatever it does: constants of the trace do.

use std::collections::HashMap;

use super::builder::{Builder, Contradiction, KnownTypes};
use super::counts;
use super::dce::{Rounds, polish, sweep};
use super::facts::Fact;
use super::fresh::FreshObjects;
use super::words::Words;
use crate::ir::call::CallEffect;
use crate::ir::{Form, Inst, Op, SlotState, SnapshotId, Trace, Ty, Value};

/// Why a loop could not be closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Abandoned {
    /// The second round cannot go as the first one did.
    Contradiction,
    /// Slots that the head keeps as numbers are used as objects, or their memory is used otherwise than as the empty word.
    SlotsInUse(Vec<u16>),
}

/// What to do about a second round that cannot go as the first one did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Contradicted {
    /// Nothing: the next recording may be of a round that comes more often.
    Refuse,
    /// Forget what makes it impossible: then the body has a guard that fails at first.
    Widen,
}

/// How often the second round is made with assumptions.
const ATTEMPTS: usize = 6;

/// Makes a loop of a recorded round, at whose end the slots of `head` are as given and not in memory.
pub fn close_loop(b: Builder, head: &[SlotState], contradicted: Contradicted) -> Result<Trace, Abandoned> {
    close(b, head, &[], None, contradicted)
}

/// Makes a loop of a round that was recorded before (`first`, as it was given to [`close_loop`]), which is entered with the head's
/// slots as they are there: with numbers that are not in memory, but parameters of the trace, in the order of the slots.
///
/// This is the second round of [`close_loop`] without anything that the first has left behind, and a loop behind it.
pub fn close_entered(first: &Trace, head: &[SlotState], types: KnownTypes) -> Result<Trace, Abandoned> {
    let mut b = Builder::new(types);
    b.trace = first.without_code();
    b.trace.snapshots.clone_from(&first.snapshots);
    let mut entry = head.to_vec();
    let mut params = Vec::new();
    for slot in entry.iter_mut().filter(|slot| is_number(slot.form)) {
        let place = b.trace.int(params.len() as i64);
        let inst = Inst { ty: first.ty(slot.value), ..Inst::new(Op::Param, &[place]) };
        params.push((slot.value, b.trace.push(inst)));
        slot.value = params[params.len() - 1].1;
    }
    b.catch_up();
    b.words = Some(Box::new(Words::new(&entry)));
    let next = round(&mut b, &first.insts, first.snapshots.len(), &[]).map_err(|_| refusal(&b))?;
    slots_in_use(&b)?;
    let words = b.words.take();
    let head: Vec<SlotState> = head
        .iter()
        .map(|slot| match slot.form {
            Form::Null => *slot,
            _ => SlotState { value: counterpart(slot.value, &next), ..*slot },
        })
        .collect();
    let given: Vec<(usize, Value)> =
        params.iter().filter_map(|&(value, param)| param.inst().map(|at| (at, counterpart(value, &next)))).collect();
    close(b, &head, &given, words, Contradicted::Widen)
}

/// Is it a number that is not boxed?
pub fn is_number(form: Form) -> bool {
    matches!(form, Form::Int | Form::Float | Form::Bool)
}

/// Makes a loop of the builder's round. `given` are counterparts of instructions of the first round that are not made by the
/// second one; `before` are the words of slots that the first round itself has kept out of memory.
fn close(
    mut b: Builder,
    head: &[SlotState],
    given: &[(usize, Value)],
    before: Option<Box<Words>>,
    contradicted: Contradicted,
) -> Result<Trace, Abandoned> {
    let mut start = Start::new(&mut b, head);
    let mut attempt = 0;
    let next = loop {
        match second_round(&mut b, &start, head, given) {
            Ok(next) => {
                slots_in_use(&b)?;
                if start.holds(&mut b, &next) {
                    break next;
                }
                attempt += 1;
                if attempt >= ATTEMPTS {
                    start.forget(&mut b);
                }
            }
            Err(conflict) => match refusal(&b) {
                Abandoned::Contradiction if contradicted == Contradicted::Widen => {
                    attempt += 1;
                    if attempt >= ATTEMPTS || !start.widen(&mut b, &conflict) {
                        if start.forgotten {
                            return Err(Abandoned::Contradiction);
                        }
                        start.forget(&mut b);
                    }
                }
                refusal => return Err(refusal),
            },
        }
        start.rewind(&mut b);
    };
    let words = [before, b.words.take()];
    let forbidden = |value: Value| words.iter().flatten().any(|words| words.is_stand_in_box(value));
    let rounds = Rounds { head: start.count, next };
    let needless = counts::run(&mut b.trace, Some(&rounds), b.types.is_stable);
    let trace = sweep(b.trace, Some(&rounds), &needless, forbidden).map_err(|boxes| {
        let slot = |value: &Value| words.iter().flatten().find_map(|words| words.slot_of_word(*value));
        Abandoned::SlotsInUse(boxes.iter().filter_map(slot).collect())
    })?;
    Ok(polish(trace, &b.types))
}

/// Has the round stored something else than the empty word, at last, into slots of the head?
fn slots_in_use(b: &Builder) -> Result<(), Abandoned> {
    let stored = b.words.iter().flat_map(|words| words.stored());
    let used: Vec<u16> = stored.filter(|&index| !b.is_slot_empty(index)).collect();
    if used.is_empty() { Ok(()) } else { Err(Abandoned::SlotsInUse(used)) }
}

/// What a contradiction comes from.
fn refusal(b: &Builder) -> Abandoned {
    match b.words.as_ref().and_then(|words| words.in_use) {
        Some(index) => Abandoned::SlotsInUse(vec![index]),
        None => Abandoned::Contradiction,
    }
}

/// Where a round cannot go on as it was recorded, and the counterparts of the values before.
struct Conflict {
    at: usize,
    next: Vec<Value>,
}

/// What the first round left behind.
struct Start {
    /// How many instructions and snapshots it has.
    count: usize,
    snapshots: usize,
    facts: Vec<Fact>,
    /// Which assumptions about memory turned out false.
    dropped_places: Vec<bool>,
    valid: bool,
    stored_slots: crate::hash::FastMap<u16, Value>,
    fresh: FreshObjects,
    /// Nothing is assumed any more.
    forgotten: bool,
}

impl Start {
    fn new(b: &mut Builder, head: &[SlotState]) -> Start {
        b.catch_up();
        let count = b.trace.insts.len();
        b.facts.assume(b.types.is_stable);
        b.relations.assume();
        b.cse.assume();
        b.heap.assume();
        let start = Start {
            count,
            snapshots: b.trace.snapshots.len(),
            facts: b.facts.assumptions(),
            dropped_places: vec![false; b.heap.assumptions()],
            valid: b.valid.holds(),
            stored_slots: b.stored_slots.clone(),
            fresh: b.fresh.clone(),
            forgotten: false,
        };
        b.valid.assume(start.valid);
        b.append_raw(Inst::new(Op::Loop, &[]), Fact::NONE);
        b.words = Some(Box::new(Words::new(head)));
        b.last_round = true;
        start
    }

    /// Back to the end of the first round.
    fn rewind(&self, b: &mut Builder) {
        b.trace.insts.truncate(self.count);
        b.trace.snapshots.truncate(self.snapshots);
        b.facts.rewind(&self.facts, b.types.is_stable);
        b.relations.rewind();
        b.cse.rewind();
        b.heap.rewind(&self.dropped_places);
        b.valid.assume(self.valid);
        b.stored_slots.clone_from(&self.stored_slots);
        b.fresh.clone_from(&self.fresh);
        b.append_raw(Inst::new(Op::Loop, &[]), Fact::NONE);
    }

    /// Drops every assumption.
    fn forget(&mut self, b: &mut Builder) {
        self.forgotten = true;
        self.facts.fill(Fact::NONE);
        self.dropped_places.fill(true);
        self.valid = false;
        b.relations.forget();
    }

    /// Drops the assumptions that the instruction in conflict depends on: about what its operands are computed from, and about
    /// the memory that they come from. False if there are none.
    fn widen(&mut self, b: &mut Builder, conflict: &Conflict) -> bool {
        let mut changed = false;
        let mut values = vec![false; self.count];
        let mut seen = vec![false; conflict.at + 1];
        let mut pending = vec![conflict.at];
        while let Some(i) = pending.pop() {
            if core::mem::replace(&mut seen[i], true) {
                continue;
            }
            let inst = &b.trace.insts[i];
            if let Some((base, index, access)) = super::heap::loaded(inst) {
                let next_of = |value| counterpart(value, &conflict.next);
                if let Some(place) = b.heap.assumption(next_of(base), index.map(next_of), access) {
                    changed |= !core::mem::replace(&mut self.dropped_places[place], true);
                }
            }
            pending.extend(inst.args.iter().copied().filter_map(Value::inst));
            if let Some(value) = conflict.next[i].inst().filter(|&value| value < self.count) {
                values[value] = true;
                changed |= self.facts[value] != Fact::NONE;
                self.release_contents(value);
                self.facts[value] = Fact::NONE;
            }
        }
        changed | b.relations.weaken_all(|value| value.inst().is_some_and(|i| i < self.count && values[i]))
    }

    /// Is everything that the second round relied on true at its end, of the counterparts? What is not is dropped.
    /// (Checking consults in turn: assumptions about values that the first round's values turn into.)
    fn holds(&mut self, b: &mut Builder, next: &[Value]) -> bool {
        let mut holds = true;
        let (mut facts, mut relations, mut places) = (0, 0, 0);
        let next_of = |value: Value| value.inst().map_or(value, |i| next[i]);
        loop {
            if let Some(i) = b.facts.consulted(facts) {
                facts += 1;
                holds &= self.fact_holds(b, i, next);
            } else if let Some((x, y, cases)) = b.relations.consulted(relations) {
                relations += 1;
                if b.possible_cases(next_of(x), next_of(y)) & !cases != 0 {
                    b.relations.weaken((x, y));
                    holds = false;
                }
            } else if let Some((i, place)) = b.heap.consulted(places) {
                places += 1;
                let found = b.heap.get(next_of(place.base), place.index.map(next_of), place.access);
                if found != Some(next_of(place.value)) {
                    self.dropped_places[i] = true;
                    holds = false;
                }
            } else {
                break;
            }
        }
        if b.valid.was_consulted() && !b.valid.holds() {
            self.valid = false;
            holds = false;
        }
        holds
    }

    /// What an object holds that is not fresh after all is not fresh either.
    fn release_contents(&mut self, object: usize) {
        let Some(contents) = self.fresh.get(&Value::of_inst(object)).cloned() else { return };
        for i in contents.values().filter_map(Value::inst) {
            if core::mem::take(&mut self.facts[i].fresh) != 0 {
                self.release_contents(i);
            }
        }
    }

    fn fact_holds(&mut self, b: &mut Builder, i: usize, all_next: &[Value]) -> bool {
        let next = all_next[i];
        let assumed = self.facts[i];
        if assumed == Fact::NONE {
            return true;
        }
        if next == Value::NOTHING {
            return true;
        }
        let found = b.facts.get(&b.trace, next);
        let mut kept = assumed;
        if b.trace.insts[i].ty == Ty::Int && !assumed.range.contains(found.range) {
            kept.range = assumed.range.widen(found.range);
        }
        if assumed.constant.is_some() && assumed.constant != Some(b.resolve(next)) {
            kept.constant = None;
        }
        if assumed.ty != 0 && b.known_type(next) != Some(assumed.ty) {
            kept.ty = 0;
        }
        kept.nonnull &= found.nonnull;
        kept.object &= found.object;
        if assumed.fresh != 0 {
            let counterpart = |value: Value| value.inst().map_or(value, |i| all_next[i]);
            let holds = match (self.fresh.get(&Value::of_inst(i)), b.fresh.get(&next)) {
                (Some(contents), Some(found)) => contents.matches(found, counterpart),
                _ => false,
            };
            if !holds || found.fresh != assumed.fresh {
                kept.fresh = 0;
                self.release_contents(i);
            }
        }
        self.facts[i] = kept;
        kept == assumed
    }
}

/// Sends the first round through the passes again; the counterparts of its values.
fn second_round(
    b: &mut Builder,
    start: &Start,
    head: &[SlotState],
    given: &[(usize, Value)],
) -> Result<Vec<Value>, Conflict> {
    b.words = Some(Box::new(Words::new(head)));
    let first = b.trace.insts[..start.count].to_vec();
    round(b, &first, start.snapshots, given)
}

/// Sends a round through the passes, whose snapshots are the first `count` of the builder's; the counterparts of its values.
fn round(b: &mut Builder, first: &[Inst], count: usize, given: &[(usize, Value)]) -> Result<Vec<Value>, Conflict> {
    let mut next = vec![Value::NOTHING; first.len()];
    let mut snapshots: HashMap<(SnapshotId, u32), SnapshotId> = HashMap::new();
    for (i, inst) in first.iter().enumerate() {
        if let Some((_, value)) = given.iter().find(|(at, _)| *at == i) {
            next[i] = *value;
            continue;
        }
        let mut inst = inst.clone();
        for arg in &mut inst.args {
            *arg = counterpart(*arg, &next);
        }
        let before = b.trace.insts.len();
        next[i] = match b.emit(inst) {
            Ok(value) => value,
            Err(Contradiction) => return Err(Conflict { at: i, next }),
        };
        for new in before..b.trace.insts.len() {
            let Some(recorded) = b.trace.insts[new].snapshot.filter(|id| (id.0 as usize) < count) else {
                continue;
            };
            let Some(words) = &b.words else { continue };
            let id = *snapshots.entry((recorded, words.generation)).or_insert_with(|| {
                let snapshot = words.snapshot(b.trace.snapshot(recorded), |value| counterpart(value, &next));
                b.trace.add_snapshot(snapshot)
            });
            b.trace.insts[new].snapshot = Some(id);
            if b.trace.insts[new].op == Op::Call {
                b.expose(id);
                b.heap.clobber(CallEffect::Any);
            }
        }
    }
    Ok(next)
}

fn counterpart(value: Value, next: &[Value]) -> Value {
    value.inst().map_or(value, |i| next[i])
}
