//! What a finished loop counts: values that grow by a constant from round to round.

use crate::ir::{Inst, Op, Trace, Value};

/// The loop of a finished trace.
#[derive(Clone, Copy)]
pub struct Loop<'t> {
    pub trace: &'t Trace,
    /// Where `loop` is, the first instruction behind the phis, and `jump`.
    pub start: usize,
    pub body: usize,
    pub end: usize,
}

impl<'t> Loop<'t> {
    /// Of a trace that has one.
    pub fn of(trace: &'t Trace) -> Option<Loop<'t>> {
        let start = trace.loop_start()?;
        let phis = trace.insts[start + 1..].iter().take_while(|inst| inst.op == Op::Phi).count();
        Some(Loop { trace, start, body: start + 1 + phis, end: trace.insts.len() - 1 })
    }

    /// Is the value the same in all rounds?
    pub fn is_invariant(&self, value: Value) -> bool {
        value.inst().is_none_or(|i| i < self.start)
    }

    /// The phi that a value is.
    pub fn phi(&self, value: Value) -> Option<usize> {
        value.inst().filter(|i| (self.start + 1..self.body).contains(i))
    }

    /// What a phi is in the next round.
    pub fn next(&self, phi: usize) -> Value {
        self.trace.insts[self.end].args[phi - self.start - 1]
    }

    /// The instruction of the body behind a value.
    pub fn def(&self, value: Value) -> Option<&'t Inst> {
        value.inst().filter(|&i| i >= self.body).map(|i| &self.trace.insts[i])
    }

    /// How much more a phi is in each round, whatever wraps.
    pub fn step(&self, phi: usize) -> Option<i64> {
        match self.more(self.next(phi)) {
            (of, more) if of.inst() == Some(phi) => Some(more),
            _ => None,
        }
    }

    /// A value as a constant more than another one, whatever wraps.
    pub fn more(&self, value: Value) -> (Value, i64) {
        more(self.trace, value, self.body)
    }
}

/// A value as a constant more than another one, taken apart as far back as `first`.
pub fn more(trace: &Trace, value: Value, first: usize) -> (Value, i64) {
    let (mut value, mut sum) = (value, 0_i64);
    while let Some(inst) = value.inst().filter(|&i| i >= first).map(|i| &trace.insts[i])
        && matches!(inst.op, Op::Add | Op::AddOvf)
        && let Some(constant) = trace.as_int(inst.args[1])
    {
        sum = sum.wrapping_add(constant);
        value = inst.args[0];
    }
    (value, sum)
}

/// Instructions to be put in front of a loop.
pub struct Before<'t> {
    pub trace: &'t mut Trace,
    start: usize,
    insts: Vec<Inst>,
}

impl<'t> Before<'t> {
    pub fn new(trace: &'t mut Trace, start: usize) -> Before<'t> {
        Before { trace, start, insts: Vec::new() }
    }

    /// One more, whose operands are of the preamble, constants, or instructions of these.
    pub fn push(&mut self, inst: Inst) -> Value {
        self.insts.push(inst);
        Value::of_inst(self.start + self.insts.len() - 1)
    }

    /// The same of two operands; of two constants, the constant.
    pub fn int(&mut self, op: Op, a: Value, b: Value) -> Value {
        let folded = match (op, self.trace.as_int(a), self.trace.as_int(b)) {
            (_, None, _) | (_, _, None) => None,
            (Op::Add, Some(a), Some(b)) => Some(a.wrapping_add(b)),
            (Op::Sub, Some(a), Some(b)) => Some(a.wrapping_sub(b)),
            (Op::Min, Some(a), Some(b)) => Some(a.min(b)),
            (Op::Max, Some(a), Some(b)) => Some(a.max(b)),
            _ => None,
        };
        match folded {
            Some(int) => self.trace.int(int),
            None => self.push(Inst::new(op, &[a, b])),
        }
    }

    /// Puts them there. What was behind moves by as many positions, which is the answer.
    pub fn insert(self) -> usize {
        let (start, count) = (self.start, self.insts.len());
        let moved = |value: Value| match value.inst() {
            Some(i) if i >= start => Value::of_inst(i + count),
            _ => value,
        };
        for inst in &mut self.trace.insts[start..] {
            inst.args.iter_mut().for_each(|arg| *arg = moved(*arg));
        }
        self.trace.snapshots.iter_mut().for_each(|snapshot| snapshot.map_values(moved));
        self.trace.insts.splice(start..start, self.insts);
        count
    }
}
