//! Guards that hold already, and guards that never will.

use super::Contradiction;
use super::builder::{Builder, PassResult, Step};
use crate::ir::{Inst, Op, Ty};

/// Is the trace surely valid still?
#[derive(Clone, Copy, Default, Debug)]
pub struct Validity {
    here: bool,
    /// In a loop's second round: what was so at the first one's end, until something disturbs it.
    assumed: bool,
    consulted: bool,
}

impl Validity {
    /// Is it? Asking counts as relying on it.
    fn is_sure(&mut self) -> bool {
        self.consulted |= !self.here && self.assumed;
        self.here || self.assumed
    }

    /// A guard has looked.
    fn confirm(&mut self) {
        self.here = true;
    }

    /// Python code may have run.
    pub fn disturb(&mut self) {
        self.here = false;
        self.assumed = false;
    }

    /// At the start of the second round.
    pub fn assume(&mut self, valid: bool) {
        *self = Validity { here: false, assumed: valid, consulted: false };
    }

    /// Without regard to assumptions.
    pub fn holds(&self) -> bool {
        self.here || self.assumed
    }

    pub fn was_consulted(&self) -> bool {
        self.consulted
    }
}

/// A guard whose outcome is known.
fn settled(holds: bool) -> PassResult {
    if holds { Ok(Step::Drop) } else { Err(Contradiction) }
}

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    match inst.op {
        Op::GuardTrue | Op::GuardFalse => condition(b, inst),
        Op::GuardType => match (b.known_type(inst.args[0]), b.trace.as_const(inst.args[1])) {
            (Some(known), Some(wanted)) => settled(known == wanted.bits),
            _ => Ok(Step::Next),
        },
        Op::GuardIs => is(b, inst),
        Op::GuardInert => {
            let word = inst.args[0];
            let likely = b.trace.as_const(inst.args[1]).map(|constant| constant.bits);
            let empty = b.trace.as_const(word).is_some_and(|constant| constant.bits & 1 != 0);
            let known = b.known_type(word);
            let inert = empty || known.is_some_and(|ty| Some(ty) == likely || b.is_inert(ty));
            Ok(if inert { Step::Drop } else { Step::Next })
        }
        Op::GuardNonNull => match b.trace.as_const(inst.args[0]) {
            Some(constant) => settled(constant.bits != 0),
            None if b.facts.get(&b.trace, inst.args[0]).nonnull => Ok(Step::Drop),
            None => Ok(Step::Next),
        },
        Op::GuardValid if b.valid.is_sure() => Ok(Step::Drop),
        _ => Ok(Step::Next),
    }
}

fn condition(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let wanted = inst.op == Op::GuardTrue;
    if let Some(value) = b.trace.as_bool(inst.args[0]) {
        return settled(value == wanted);
    }
    match b.def(inst.args[0]) {
        Some(Inst { op: Op::Not, args, .. }) => {
            inst.args[0] = args[0];
            inst.op = if wanted { Op::GuardFalse } else { Op::GuardTrue };
            Ok(Step::Again)
        }
        _ => Ok(Step::Next),
    }
}

fn is(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let (value, wanted) = (inst.args[0], inst.args[1]);
    let Some(constant) = b.trace.as_const(wanted) else { return Ok(Step::Next) };
    if let Some(known) = b.trace.as_const(value) {
        return settled(known.bits == constant.bits);
    }
    match b.trace.ty(value) {
        Ty::Bool => {
            inst.op = if constant.bits != 0 { Op::GuardTrue } else { Op::GuardFalse };
            inst.args.truncate(1);
            Ok(Step::Again)
        }
        Ty::Int => {
            let range = b.int_range(value);
            let possible = range.lo <= constant.bits as i64 && constant.bits as i64 <= range.hi;
            if possible { Ok(Step::Next) } else { Err(Contradiction) }
        }
        _ if constant.bits == 0 && b.facts.get(&b.trace, value).nonnull => Err(Contradiction),
        // The word of an empty slot is no object's.
        Ty::Obj if constant.bits & 1 != 0 && b.facts.get(&b.trace, value).object => Err(Contradiction),
        _ => Ok(Step::Next),
    }
}

impl Builder {
    /// What a guard teaches, once it is in the trace.
    pub(super) fn guard_note(&mut self, inst: &Inst) -> Result<(), Contradiction> {
        match inst.op {
            Op::GuardTrue => self.learn_condition(inst.args[0], true),
            Op::GuardFalse => self.learn_condition(inst.args[0], false),
            Op::GuardType => {
                if let Some(ty) = self.trace.as_const(inst.args[1]) {
                    let trace = &self.trace;
                    self.facts.set_type(trace, inst.args[0], ty.bits);
                }
                Ok(())
            }
            Op::GuardIs => {
                let (value, constant) = (inst.args[0], inst.args[1]);
                if constant.is_const() {
                    if let Some(int) = self.trace.as_int(constant) {
                        self.narrow(value, super::facts::Range::of(int))?;
                    }
                    let trace = &self.trace;
                    self.facts.update(trace, value, |fact| fact.constant = Some(constant));
                }
                Ok(())
            }
            Op::GuardNonNull => {
                let trace = &self.trace;
                self.facts.update(trace, inst.args[0], |fact| fact.nonnull = true);
                Ok(())
            }
            Op::GuardValid => {
                self.valid.confirm();
                Ok(())
            }
            _ => Ok(()),
        }
    }
}
