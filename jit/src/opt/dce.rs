//! Leaving out what nobody uses, and numbering what is left.
//!
//! Guards, stores, calls that do something, and counting stay; everything else stays if something that stays uses it, a
//! snapshot included. Checked arithmetic that nobody uses goes: where it would have left the trace, the interpreter would
//! only have computed what nobody uses. (Where it would do more, raise an exception for instance, a `use` keeps the check.)
//!
//! In a loop this is also where phis come from. The body, as the second round recorded it, uses values of the first. Such a
//! value that has another counterpart in the second round is what the loop carries from round to round: a phi, whose next
//! value is the counterpart, which is used by that, and may itself be a value of the first round.

use super::builder::Builder;
use super::{KnownTypes, counts, finite, limits, recycle, virtuals, wide};
use crate::ir::call::CallEffect;
use crate::ir::{Effect, Inst, Op, SnapshotId, Trace, Ty, Value};

/// How the second round continues the first.
pub struct Rounds {
    /// The number of instructions of the first round.
    pub head: usize,
    /// For each of them, its counterpart in the second.
    pub next: Vec<Value>,
}

/// The trace, which ends in `exit` or `enter`, without what nobody uses.
pub fn finish(mut builder: Builder) -> Trace {
    let needless = counts::run(&mut builder.trace, None, builder.types.is_stable);
    polish(sweep(builder.trace, None, &needless, |_| false).unwrap_or_default(), &builder.types)
}

/// What is done to a trace that is complete.
pub fn polish(trace: Trace, types: &KnownTypes) -> Trace {
    let mut trace = virtuals::run(trace, types);
    recycle::run(&mut trace, types);
    wide::run(finite::run(limits::run(trace)))
}

/// A finished trace without what nobody uses or needs.
pub fn clean(trace: Trace, needless: &[bool]) -> Trace {
    let count = trace.insts.len();
    let head = trace.loop_start().unwrap_or(count);
    let mut live = vec![false; count];
    let mut pending: Vec<Value> = Vec::new();
    let mut seen = vec![false; trace.snapshots.len()];
    let mut reach = |trace: &Trace, i: usize, pending: &mut Vec<Value>| {
        let inst = &trace.insts[i];
        if inst.op == Op::Phi {
            pending.extend(trace.insts[count - 1].args.get(i - head - 1));
        }
        if inst.op != Op::Jump {
            pending.extend(&inst.args);
        }
        // Once is enough for the snapshot of several guards.
        if let Some(id) = inst.snapshot.filter(|id| !core::mem::replace(&mut seen[id.0 as usize], true)) {
            trace.snapshot(id).each_value(|value| pending.push(value));
        }
    };
    for (i, inst) in trace.insts.iter().enumerate().filter(|(i, inst)| is_needed(&trace, inst) && !needless[*i]) {
        debug_assert!(inst.op != Op::Phi);
        live[i] = true;
        reach(&trace, i, &mut pending);
    }
    while let Some(value) = pending.pop() {
        if let Some(i) = value.inst()
            && !core::mem::replace(&mut live[i], true)
        {
            reach(&trace, i, &mut pending);
        }
    }
    let mut writer = Writer::new(trace, true);
    for i in (0..count).filter(|&i| live[i]) {
        if writer.old.insts[i].op != Op::Jump {
            writer.write(i);
            continue;
        }
        let next = writer.old.insts[i].args.iter().enumerate().filter(|(phi, _)| live[head + 1 + phi]);
        let next: Vec<Value> = next.map(|(_, &value)| writer.name(value)).collect();
        writer.new.push(Inst::new(Op::Jump, &next));
    }
    writer.new
}

/// What stays.
struct Live<'t> {
    trace: &'t Trace,
    rounds: Option<&'t Rounds>,
    /// What need not be there, whatever it does.
    needless: &'t [bool],
    insts: Vec<bool>,
    phis: Vec<bool>,
    /// By round.
    snapshots: [Vec<bool>; 2],
    pending: Vec<u32>,
}

/// Does the instruction stay for what it does?
fn is_needed(trace: &Trace, inst: &Inst) -> bool {
    match inst.op.effect() {
        _ if inst.op == Op::Use => true,
        Effect::Pure | Effect::Checked | Effect::Load | Effect::Alloc => false,
        Effect::Call => inst.call.is_none_or(|id| trace.call(id).effect != CallEffect::Pure),
        Effect::Control => matches!(inst.op, Op::Loop | Op::Jump | Op::Exit | Op::Enter),
        Effect::Guard | Effect::Store | Effect::Count => true,
    }
}

impl Live<'_> {
    fn head(&self) -> usize {
        self.rounds.map_or(usize::MAX, |rounds| rounds.head)
    }

    fn mark_inst(&mut self, i: usize) {
        if !core::mem::replace(&mut self.insts[i], true) {
            self.pending.push(i as u32);
        }
    }

    /// A value is used, in the first round or in the body.
    fn mark(&mut self, value: Value, in_body: bool) {
        let mut value = value;
        loop {
            let Some(i) = value.inst() else { return };
            self.mark_inst(i);
            let Some(rounds) = self.rounds.filter(|rounds| in_body && i < rounds.head) else { return };
            if rounds.next[i] == value || core::mem::replace(&mut self.phis[i], true) {
                return;
            }
            value = rounds.next[i];
        }
    }

    fn run(&mut self) {
        for (i, inst) in self.trace.insts.iter().enumerate() {
            if is_needed(self.trace, inst) && !self.needless[i] {
                self.mark_inst(i);
            }
        }
        while let Some(i) = self.pending.pop() {
            let (trace, in_body) = (self.trace, i as usize >= self.head());
            let inst = &trace.insts[i as usize];
            inst.args.iter().for_each(|&arg| self.mark(arg, in_body));
            if let Some(id) = inst.snapshot {
                if !core::mem::replace(&mut self.snapshots[in_body as usize][id.0 as usize], true) {
                    trace.snapshot(id).each_value(|value| self.mark(value, in_body));
                }
            }
        }
    }
}

/// The trace without what nobody uses or needs, with the loop's phis and its jump.
///
/// # Errors
/// What is `forbidden` and used.
pub fn sweep(
    trace: Trace,
    rounds: Option<&Rounds>,
    needless: &[bool],
    forbidden: impl Fn(Value) -> bool,
) -> Result<Trace, Vec<Value>> {
    let count = trace.insts.len();
    let mut live = Live {
        trace: &trace,
        rounds,
        needless,
        insts: vec![false; count],
        phis: vec![false; rounds.map_or(0, |rounds| rounds.head)],
        snapshots: [vec![false; trace.snapshots.len()], vec![false; trace.snapshots.len()]],
        pending: Vec::new(),
    };
    live.run();
    let Live { insts: live, phis, .. } = live;
    let used = (0..count).filter(|&i| rounds.is_some() && live[i]).map(Value::of_inst);
    let used: Vec<Value> = used.filter(|&value| forbidden(value)).collect();
    if !used.is_empty() {
        return Err(used);
    }
    let mut writer = Writer::new(trace, rounds.is_none());
    for i in 0..count {
        match rounds {
            Some(rounds) if i == rounds.head => writer.write_head(&phis),
            _ if live[i] => writer.write(i),
            _ => {}
        }
    }
    if let Some(rounds) = rounds {
        let next = phis.iter().enumerate().filter(|(_, phi)| **phi).map(|(i, _)| writer.name(rounds.next[i]));
        let jump = Inst::new(Op::Jump, &next.collect::<Vec<_>>());
        writer.new.push(jump);
    }
    Ok(writer.new)
}

/// Writes a trace anew. What it writes moves there.
struct Writer {
    old: Trace,
    new: Trace,
    /// The new values of the old ones.
    names: Vec<Value>,
    snapshots: Vec<Option<SnapshotId>>,
    /// Each snapshot is written once.
    once: bool,
}

impl Writer {
    fn new(mut old: Trace, once: bool) -> Writer {
        let new = old.take_constants();
        let (names, snapshots) = (vec![Value::NOTHING; old.insts.len()], vec![None; old.snapshots.len()]);
        Writer { old, new, names, snapshots, once }
    }

    fn name(&self, value: Value) -> Value {
        value.inst().map_or(value, |i| self.names[i])
    }

    fn write(&mut self, i: usize) {
        let old = &mut self.old.insts[i];
        let mut inst = Inst { args: core::mem::take(&mut old.args), ..*old };
        for arg in &mut inst.args {
            *arg = self.name(*arg);
        }
        inst.snapshot = inst.snapshot.map(|id| self.snapshot(id));
        let value = self.new.push(inst);
        self.names[i] = value;
    }

    fn snapshot(&mut self, id: SnapshotId) -> SnapshotId {
        if let Some(new) = self.snapshots[id.0 as usize] {
            return new;
        }
        let old = &mut self.old.snapshots[id.0 as usize];
        let mut snapshot = if self.once { old.take() } else { old.clone() };
        snapshot.map_values(|value| self.name(value));
        let new = self.new.add_snapshot(snapshot);
        self.snapshots[id.0 as usize] = Some(new);
        new
    }

    /// The loop's head: from here on, phis bear the names of what they carry, and snapshots are of the body.
    fn write_head(&mut self, phis: &[bool]) {
        self.new.push(Inst::new(Op::Loop, &[]));
        for (i, _) in phis.iter().enumerate().filter(|(_, phi)| **phi) {
            let phi = Inst { ty: self.old.insts[i].ty, ..Inst::new(Op::Phi, &[self.names[i]]) };
            debug_assert!(phi.ty != Ty::None);
            let value = self.new.push(phi);
            self.names[i] = value;
        }
        self.snapshots.fill(None);
    }
}
