//! Comparisons that follow from what is known.
//!
//! Two integers are less, equal or greater; two floats may be unordered besides. For each pair of values that a guard has
//! compared, the possible cases are kept as a set; a comparison asks whether the case is one of its own. So `not (a < b)`
//! implies `a >= b` for integers, and does not for floats, without any rule about it.

use super::Contradiction;
use super::builder::{Builder, PassResult, Step};
use super::facts::Range;
use crate::hash::FastMap;
use crate::ir::{Inst, Op, Trace, Ty, Value};

/// A set of cases.
pub type Cases = u8;

pub const LESS: Cases = 1;
pub const EQUAL: Cases = 2;
pub const GREATER: Cases = 4;
pub const UNORDERED: Cases = 8;

/// The cases in which a comparison holds, and all cases.
fn cases(op: Op) -> Option<(Cases, Cases)> {
    const INT: Cases = LESS | EQUAL | GREATER;
    const FLOAT: Cases = INT | UNORDERED;
    Some(match op {
        Op::Lt => (LESS, INT),
        Op::Le => (LESS | EQUAL, INT),
        Op::Gt => (GREATER, INT),
        Op::Ge => (GREATER | EQUAL, INT),
        Op::Eq => (EQUAL, INT),
        Op::Ne => (LESS | GREATER, INT),
        Op::FLt => (LESS, FLOAT),
        Op::FLe => (LESS | EQUAL, FLOAT),
        Op::FGt => (GREATER, FLOAT),
        Op::FGe => (GREATER | EQUAL, FLOAT),
        Op::FEq => (EQUAL, FLOAT),
        Op::FNe => (LESS | GREATER | UNORDERED, FLOAT),
        _ => return None,
    })
}

/// The cases, seen from the other side.
fn mirrored(cases: Cases) -> Cases {
    cases & (EQUAL | UNORDERED) | (cases & LESS) << 2 | (cases & GREATER) >> 2
}

/// The comparison with its operands exchanged.
fn swapped(op: Op) -> Op {
    match op {
        Op::Lt => Op::Gt,
        Op::Le => Op::Ge,
        Op::Gt => Op::Lt,
        Op::Ge => Op::Le,
        Op::FLt => Op::FGt,
        Op::FLe => Op::FGe,
        Op::FGt => Op::FLt,
        Op::FGe => Op::FLe,
        other => other,
    }
}

/// What is known of pairs of values, the smaller one first.
#[derive(Clone, Default, Debug)]
pub struct Relations {
    here: FastMap<(Value, Value), Cases>,
    /// In a loop's second round: assumptions from the first, and whether they were consulted.
    assumed: FastMap<(Value, Value), (Cases, bool)>,
    consulted: Vec<(Value, Value, Cases)>,
}

impl Relations {
    fn get(&mut self, pair: (Value, Value)) -> Option<Cases> {
        if let Some(&cases) = self.here.get(&pair) {
            return Some(cases);
        }
        let (cases, consulted) = self.assumed.get_mut(&pair)?;
        if !core::mem::replace(consulted, true) {
            self.consulted.push((pair.0, pair.1, *cases));
        }
        Some(*cases)
    }

    fn set(&mut self, pair: (Value, Value), cases: Cases) {
        self.here.insert(pair, cases);
    }

    /// From here on, the present relations are assumptions.
    pub fn assume(&mut self) {
        self.assumed = self.here.drain().map(|(pair, cases)| (pair, (cases, false))).collect();
    }

    /// Back to the assumptions.
    pub fn rewind(&mut self) {
        self.here.clear();
        for (x, y, _) in self.consulted.drain(..) {
            if let Some((_, consulted)) = self.assumed.get_mut(&(x, y)) {
                *consulted = false;
            }
        }
    }

    /// The next assumption that was consulted, behind the first `done` ones.
    pub fn consulted(&self, done: usize) -> Option<(Value, Value, Cases)> {
        self.consulted.get(done).copied()
    }

    /// An assumption turned out false.
    pub fn weaken(&mut self, pair: (Value, Value)) {
        self.assumed.remove(&pair);
    }

    /// Drops the assumptions about these values; were there any?
    pub fn weaken_all(&mut self, values: impl Fn(Value) -> bool) -> bool {
        let before = self.assumed.len();
        self.assumed.retain(|&(x, y), _| !values(x) && !values(y));
        self.assumed.len() != before
    }

    /// All of them.
    pub fn forget(&mut self) {
        self.assumed.clear();
    }
}

/// The cases that the ranges of two integers leave.
fn range_cases(a: Range, b: Range) -> Cases {
    let mut cases = 0;
    if a.lo < b.hi {
        cases |= LESS;
    }
    if a.hi > b.lo {
        cases |= GREATER;
    }
    if a.lo <= b.hi && b.lo <= a.hi {
        cases |= EQUAL;
    }
    cases
}

/// How two constant floats compare.
fn float_cases(a: f64, b: f64) -> Cases {
    match a.partial_cmp(&b) {
        Some(core::cmp::Ordering::Less) => LESS,
        Some(core::cmp::Ordering::Equal) => EQUAL,
        Some(core::cmp::Ordering::Greater) => GREATER,
        None => UNORDERED,
    }
}

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    if inst.op == Op::Ult {
        return unsigned(b, inst);
    }
    if cases(inst.op).is_none() {
        return Ok(Step::Next);
    }
    if inst.args[0] > inst.args[1] {
        inst.args.swap(0, 1);
        inst.op = swapped(inst.op);
    }
    let Some((holds, _)) = cases(inst.op) else { return Ok(Step::Next) };
    let possible = b.possible_cases(inst.args[0], inst.args[1]);
    if possible & !holds == 0 {
        Ok(Step::Value(b.trace.bool(true)))
    } else if possible & holds == 0 {
        Ok(Step::Value(b.trace.bool(false)))
    } else {
        Ok(Step::Next)
    }
}

/// Bounds checks: between numbers that are not negative, an ordinary comparison, of which more may be known.
fn unsigned(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let (index, bound) = (b.int_range(inst.args[0]), b.int_range(inst.args[1]));
    if index.lo >= 0 && bound.lo >= 0 {
        inst.op = Op::Lt;
        return Ok(Step::Again);
    }
    if index.hi < 0 && bound.lo >= 0 {
        return Ok(Step::Value(b.trace.bool(false)));
    }
    Ok(Step::Next)
}

impl Builder {
    /// The cases that are possible between two values, which are both integers or both floats.
    pub(super) fn possible_cases(&mut self, x: Value, y: Value) -> Cases {
        if x > y {
            return mirrored(self.possible_cases(y, x));
        }
        let known = self.relations.get((x, y)).unwrap_or(LESS | EQUAL | GREATER | UNORDERED);
        if self.trace.ty(x) == Ty::Int {
            if x == y {
                return EQUAL;
            }
            let (a, b) = (self.int_range(x), self.int_range(y));
            return known & range_cases(a, b);
        }
        match (self.trace.as_float(x), self.trace.as_float(y)) {
            (Some(a), Some(b)) => float_cases(a, b),
            _ if x == y => known & (EQUAL | UNORDERED),
            (a, b) if a.or(b).is_some_and(f64::is_nan) => UNORDERED,
            _ => known,
        }
    }

    /// What a condition says about its operands, once a guard has settled it.
    pub(super) fn learn_condition(&mut self, condition: Value, truth: bool) -> Result<(), Contradiction> {
        let Some(inst) = self.def(condition).cloned() else { return Ok(()) };
        let (constant, trace) = (self.trace.bool(truth), &self.trace);
        self.facts.update(trace, condition, |fact| fact.constant = Some(constant));
        match inst.op {
            Op::Not => self.learn_condition(inst.args[0], !truth),
            Op::Is => self.learn_identity(inst.args[0], inst.args[1], truth),
            Op::Ult if truth => {
                let (index, bound) = (inst.args[0], inst.args[1]);
                let high = self.int_range(bound);
                if high.lo < 0 {
                    return Ok(());
                }
                self.narrow(index, Range::new(0, high.hi.saturating_sub(1)))?;
                self.learn_cases(index, bound, LESS)
            }
            _ => match cases(inst.op) {
                Some((holds, all)) => {
                    self.learn_cases(inst.args[0], inst.args[1], if truth { holds } else { all & !holds })
                }
                None => Ok(()),
            },
        }
    }

    fn learn_cases(&mut self, x: Value, y: Value, cases: Cases) -> Result<(), Contradiction> {
        if x > y {
            return self.learn_cases(y, x, mirrored(cases));
        }
        let possible = self.possible_cases(x, y) & cases;
        if possible == 0 {
            return Err(Contradiction);
        }
        self.relations.set((x, y), possible);
        if self.trace.ty(x) != Ty::Int {
            return Ok(());
        }
        let (a, b) = (self.int_range(x), self.int_range(y));
        let (below, above) = (narrowed(a, b, possible), narrowed(b, a, mirrored(possible)));
        self.narrow(x, below)?;
        self.narrow(y, above)
    }

    /// Intersects an integer's range with another one; and the range of what it is a constant more than.
    pub(super) fn narrow(&mut self, value: Value, range: Range) -> Result<(), Contradiction> {
        let before = self.int_range(value);
        let narrow = before.intersect(range);
        if narrow.is_empty() {
            return Err(Contradiction);
        }
        if narrow == before {
            return Ok(());
        }
        let trace: &Trace = &self.trace;
        self.facts.update(trace, value, |fact| fact.range = narrow);
        let (source, constant) = match self.near(value) {
            Some(Inst { op: Op::Add | Op::AddOvf, args, .. }) => (args[0], args[1]),
            _ => return Ok(()),
        };
        let Some(constant) = self.trace.as_int(constant) else { return Ok(()) };
        // Where the sum has wrapped, so does the difference, unless all of it lies within 64 bits: then it is the number.
        let (lo, hi) = (narrow.lo.checked_sub(constant), narrow.hi.checked_sub(constant));
        match (lo, hi) {
            (Some(lo), Some(hi)) => self.narrow(source, Range::new(lo, hi)),
            _ => Ok(()),
        }
    }

    fn learn_identity(&mut self, x: Value, y: Value, same: bool) -> Result<(), Contradiction> {
        // A constant is the second one.
        let Some(constant) = self.trace.as_const(y) else { return Ok(()) };
        let trace = &self.trace;
        if same {
            self.facts.update(trace, x, |fact| fact.constant = Some(y));
        } else if constant.bits == 0 {
            self.facts.update(trace, x, |fact| fact.nonnull = true);
        }
        Ok(())
    }
}

/// What is left of the range `a` if it stands in one of these cases to `b`.
fn narrowed(a: Range, b: Range, cases: Cases) -> Range {
    let mut range = a;
    if cases & GREATER == 0 {
        range.hi = range.hi.min(if cases & EQUAL == 0 { b.hi.saturating_sub(1) } else { b.hi });
    }
    if cases & LESS == 0 {
        range.lo = range.lo.max(if cases & EQUAL == 0 { b.lo.saturating_add(1) } else { b.lo });
    }
    if cases & EQUAL == 0 {
        if b.single() == Some(range.lo) {
            range.lo = range.lo.saturating_add(1);
        }
        if b.single() == Some(range.hi) {
            range.hi = range.hi.saturating_sub(1);
        }
    }
    range
}
