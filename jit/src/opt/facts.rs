//! What is known about values, as far as the trace has come.
//!
//! In the second round of a loop, facts about values of the preamble are assumptions: they hold in the first round of the
//! body, and whether they do in later ones must be checked at the body's end. So reading one notes it as consulted.

use crate::hash::FastMap;
use crate::ir::{Const, Trace, Ty, Value};

/// The integers from `lo` to `hi`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    pub lo: i64,
    pub hi: i64,
}

impl Range {
    pub const FULL: Range = Range { lo: i64::MIN, hi: i64::MAX };

    pub const fn new(lo: i64, hi: i64) -> Range {
        Range { lo, hi }
    }

    pub const fn of(value: i64) -> Range {
        Range { lo: value, hi: value }
    }

    /// The range, if it lies within 64 bits.
    pub fn exact(lo: i128, hi: i128) -> Option<Range> {
        Some(Range { lo: i64::try_from(lo).ok()?, hi: i64::try_from(hi).ok()? })
    }

    /// What of the range lies within 64 bits.
    pub fn clamped(lo: i128, hi: i128) -> Range {
        let clamp = |bound: i128| bound.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64;
        Range { lo: clamp(lo), hi: clamp(hi) }
    }

    pub fn intersect(self, other: Range) -> Range {
        Range { lo: self.lo.max(other.lo), hi: self.hi.min(other.hi) }
    }

    pub fn contains(self, other: Range) -> bool {
        self.lo <= other.lo && other.hi <= self.hi
    }

    pub fn is_empty(self) -> bool {
        self.lo > self.hi
    }

    /// The one value, if there is only one.
    pub fn single(self) -> Option<i64> {
        if self.lo == self.hi { Some(self.lo) } else { None }
    }

    /// A range that holds both, with bounds that do not creep: what grew goes to 0 or to the end.
    pub fn widen(self, next: Range) -> Range {
        let lo = match next.lo {
            lo if lo >= self.lo => self.lo,
            lo if lo >= 0 => 0,
            _ => i64::MIN,
        };
        Range { lo, hi: if next.hi <= self.hi { self.hi } else { i64::MAX } }
    }
}

/// What is known about one value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fact {
    /// Of integers.
    pub range: Range,
    /// The constant that it equals.
    pub constant: Option<Value>,
    /// Address of its exact type, of objects; 0 if unknown.
    pub ty: u64,
    /// When the type was seen: see [`Facts::disturb`].
    pub epoch: u32,
    pub nonnull: bool,
    /// Surely the address of an object (or null), not a slot's word with a mark in bit 0.
    pub object: bool,
    /// Of an object that only the trace knows (see `fresh`): the number of references. Otherwise 0.
    pub fresh: u32,
}

impl Fact {
    pub const NONE: Fact =
        Fact { range: Range::FULL, constant: None, ty: 0, epoch: 0, nonnull: false, object: false, fresh: 0 };
}

/// The facts about all values.
#[derive(Clone, Default, Debug)]
pub struct Facts {
    /// By instruction.
    of: Vec<Fact>,
    /// The exact types of constant objects, by address, and when they were seen.
    types: FastMap<u64, (u64, u32)>,
    /// Changes whenever Python code may have run, which may have assigned to `__class__`.
    epoch: u32,
    /// In a loop's second round: facts about instructions before this one are assumptions.
    assumed: usize,
    epoch_at_head: u32,
    consulted: Vec<u32>,
    is_consulted: Vec<bool>,
}

impl Facts {
    /// Facts about the value of a new instruction.
    pub fn push(&mut self, fact: Fact) {
        self.of.push(fact);
    }

    /// Sets the type of a constant object.
    pub fn set_const_type(&mut self, address: u64, ty: u64) {
        self.types.insert(address, (ty, self.epoch));
    }

    /// Changes whenever Python code may have run.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Python code may have run.
    pub fn disturb(&mut self) {
        self.epoch += 1;
    }

    /// The number of instructions with facts.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// The facts about a value. Types that may have changed since are still there: see [`Facts::known_type`].
    pub fn get(&mut self, trace: &Trace, value: Value) -> Fact {
        match value.inst() {
            Some(i) => {
                if i < self.assumed && !self.is_consulted[i] {
                    self.is_consulted[i] = true;
                    self.consulted.push(i as u32);
                }
                self.of[i]
            }
            None => self.of_const(trace.as_const(value), value),
        }
    }

    fn of_const(&self, constant: Option<Const>, value: Value) -> Fact {
        let mut fact = Fact { constant: Some(value), ..Fact::NONE };
        let Some(Const { ty, bits }) = constant else { return fact };
        match ty {
            Ty::Int => fact.range = Range::of(bits as i64),
            Ty::Obj => {
                fact.nonnull = bits & !1 != 0;
                fact.object = bits & 1 == 0;
                (fact.ty, fact.epoch) = self.types.get(&bits).copied().unwrap_or_default();
            }
            Ty::Ptr => fact.nonnull = bits != 0,
            Ty::Bool | Ty::Float | Ty::None => {}
        }
        fact
    }

    /// Changes what is known about a value that is not a constant.
    pub fn update(&mut self, trace: &Trace, value: Value, change: impl FnOnce(&mut Fact)) {
        let mut fact = self.get(trace, value);
        change(&mut fact);
        if let Some(i) = value.inst() {
            self.of[i] = fact;
        }
    }

    /// Notes an object's type.
    pub fn set_type(&mut self, trace: &Trace, value: Value, ty: u64) {
        let epoch = self.epoch;
        if let Some(constant) = trace.as_const(value) {
            self.set_const_type(constant.bits, ty);
        }
        self.update(trace, value, |fact| {
            *fact = Fact { ty, epoch, nonnull: true, object: true, ..*fact };
        });
    }

    /// The exact type, if known still.
    pub fn known_type(&mut self, trace: &Trace, value: Value, is_stable: fn(usize) -> bool) -> Option<u64> {
        let fact = self.get(trace, value);
        let lasts = || fact.epoch == self.epoch || fact.fresh > 0 || is_stable(fact.ty as usize);
        let known = fact.ty != 0 && lasts();
        known.then_some(fact.ty)
    }

    // ---- the second round ----

    /// From here on, the present facts are assumptions. Those about constants are none: they must be such as last.
    pub fn assume(&mut self, is_stable: fn(usize) -> bool) {
        self.assumed = self.of.len();
        self.is_consulted = vec![false; self.assumed];
        self.epoch_at_head = self.epoch;
        self.types.retain(|_, (ty, _)| is_stable(*ty as usize));
    }

    /// How many instructions the first round has; 0 before the second.
    pub fn assumed(&self) -> usize {
        self.assumed
    }

    /// The assumptions: the facts as they are now.
    pub fn assumptions(&self) -> Vec<Fact> {
        self.of.clone()
    }

    /// Back to the assumptions given, nothing consulted.
    pub fn rewind(&mut self, assumptions: &[Fact], is_stable: fn(usize) -> bool) {
        self.epoch = self.epoch_at_head;
        self.types.retain(|_, (ty, _)| is_stable(*ty as usize));
        self.of.clear();
        self.of.extend_from_slice(assumptions);
        self.consulted.clear();
        self.is_consulted.fill(false);
    }

    /// The next consulted value behind the first `done` ones.
    pub fn consulted(&self, done: usize) -> Option<usize> {
        self.consulted.get(done).map(|&i| i as usize)
    }
}
