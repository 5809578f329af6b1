//! Loops over arrays whose rounds can be executed several at a time.
//!
//! If all that a round does is to load elements next to those of the round before, compute with them, and store elements, then groups of
//! rounds are executed before the loop is entered ([`Op::Rounds`]), as many as there are; the loop begins where they end. So it does the rest, and
//! whatever is exceptional: a group that would not go through is left to it as a whole.
//!
//! **Why this is right.** In place of the values with which the loop begins come those that it would have after so many rounds: counters are
//! advanced, what is computed in each round anew is the last round's, sums are the sums. The same goes for what the loop
//! stores to fixed places, if the preamble has left there what it would be after no round at all. All guards of the rounds hold: there are as
//! many as the limit allows, the numbers are finite, nobody asks the thread to stop. That memory is the same is for the
//! kernel to see: [`crate::ir::kernel`].

use super::finite::guarded;
use super::rounds::{Before, Loop, more};
use crate::hash::FastMap;
use crate::ir::kernel::{Conflict, MOST_ARGUMENTS, Total};
use crate::ir::{Access, Class, Effect, Inst, Kernel, Op, Trace, Ty, Value, Width};

/// How a phi is advanced.
#[derive(Clone, Copy)]
enum Advance {
    By(i64),
    Keep,
    /// It becomes what the kernel makes of this argument.
    Argument(usize),
}

/// What is found out about a loop.
struct Plan<'t> {
    found: Loop<'t>,
    counter: usize,
    kernel: Kernel,
    /// The counter at first, its limit, and what else the kernel needs.
    arguments: Vec<Value>,
    /// Parameters of the kernel, by value.
    params: FastMap<Value, Value>,
    /// Values of the kernel, by instruction of the body.
    lanes: FastMap<Value, Value>,
    /// Stores of counters to fixed places: base, access, the counter, and how much more is stored.
    stores: Vec<(Value, Access, usize, i64)>,
    /// Sums and totals: the phi, and the argument.
    sums: Vec<(usize, usize)>,
    /// The instructions that make the kernel's totals, in its order.
    totals: Vec<Value>,
}

pub fn run(mut trace: Trace) -> Trace {
    let Some((plan, phis)) = Loop::of(&trace).and_then(Plan::of) else { return trace };
    let Plan { found, kernel, arguments, stores, .. } = plan;
    let (start, steps): (usize, Vec<i64>) =
        (found.start, stores.iter().map(|&(_, _, counter, _)| found.step(counter).unwrap_or_default()).collect());
    let firsts: Vec<Value> = phis.iter().map(|&(phi, _)| trace.insts[phi].args[0]).collect();
    let mut before = Before::new(&mut trace, start);
    let number = before.trace.int(before.trace.kernels.len() as i64);
    before.trace.kernels.push(kernel);
    let operands: Vec<Value> = core::iter::once(number).chain(arguments).collect();
    let rounds = before.push(Inst::new(Op::Rounds, &operands));
    let mut advanced = Vec::with_capacity(phis.len());
    for (&(_, advance), &first) in phis.iter().zip(&firsts) {
        advanced.push(match advance {
            Advance::Keep => first,
            Advance::By(step) => {
                let step = before.trace.int(step);
                let by = match before.trace.as_int(step) {
                    Some(1) => rounds,
                    _ => before.int(Op::Mul, rounds, step),
                };
                before.int(Op::Add, first, by)
            }
            Advance::Argument(argument) => {
                let argument = before.trace.int(argument as i64);
                let ty = before.trace.ty(first);
                before.push(Inst { ty, ..Inst::new(Op::Last, &[rounds, argument]) })
            }
        });
    }
    for ((base, access, counter, plus), step) in stores.into_iter().zip(steps) {
        let Some(position) = phis.iter().position(|&(phi, _)| phi == counter) else { continue };
        let mut value = advanced[position];
        if plus != step {
            let plus = before.trace.int(plus.wrapping_sub(step));
            value = before.int(Op::Add, value, plus);
        }
        before.push(Inst::store(base, value, access));
    }
    let moved = before.insert();
    for (&(phi, _), value) in phis.iter().zip(advanced) {
        trace.insts[phi + moved].args[0] = value;
    }
    trace
}

/// An integer as a constant more than a value, or just a constant.
fn taken_apart(trace: &Trace, value: Value) -> (Option<Value>, i64) {
    let (of, plus) = more(trace, value, 0);
    match trace.as_int(of) {
        Some(constant) => (None, constant.wrapping_add(plus)),
        None => (Some(of), plus),
    }
}

impl<'t> Plan<'t> {
    /// The plan for a loop, and what becomes of its phis; `None` if its rounds cannot be executed in groups, or need not.
    fn of(found: Loop<'t>) -> Option<(Plan<'t>, Vec<(usize, Advance)>)> {
        let (carrier, counter, limit) = (found.body..found.end).find_map(|i| limit_of(&found, i))?;
        let mut plan = Plan {
            found,
            counter,
            kernel: Kernel::default(),
            arguments: vec![found.trace.insts[counter].args[0], limit],
            params: FastMap::default(),
            lanes: FastMap::default(),
            stores: Vec::new(),
            sums: Vec::new(),
            totals: Vec::new(),
        };
        let first = plan.kernel.code.int(0);
        let index = plan.kernel.code.push(Inst { ty: Ty::Int, ..Inst::new(Op::Param, &[first]) });
        plan.lanes.insert(Value::NOTHING, index);
        for i in (found.body..found.end).filter(|&i| i != carrier) {
            plan.instruction(i)?;
        }
        let code = &plan.kernel.code;
        let stores = code.insts.iter().any(|inst| inst.op == Op::StoreIndexed);
        let apart = |conflict: Conflict| conflict.other.argument != conflict.store.argument || !conflict.is_met(0);
        if !stores && plan.sums.is_empty() || !plan.kernel.conflicts().all(apart) {
            return None;
        }
        let phis = (found.start + 1..found.body).map(|phi| Some((phi, plan.advance(phi)?))).collect::<Option<_>>()?;
        (plan.arguments.len() <= MOST_ARGUMENTS && plan.stores.iter().all(|store| plan.is_as_stored(store)))
            .then_some((plan, phis))
    }

    /// One instruction of the body; `None` if it cannot be executed in groups.
    fn instruction(&mut self, at: usize) -> Option<()> {
        let found = self.found;
        let inst = &found.trace.insts[at];
        let value = Value::of_inst(at);
        match inst.op {
            Op::GuardCalm | Op::Use | Op::Lt | Op::Ult | Op::Gt | Op::Eq => Some(()),
            Op::FLt | Op::FLe | Op::FGt | Op::FGe | Op::FEq | Op::FNe | Op::Not | Op::BoolToInt => Some(()),
            Op::Neg => self.mask(at, inst),
            Op::GuardTrue => {
                let value = guarded(found.trace, at)?;
                if let Some(total) = self.totals.iter().position(|&total| total == value) {
                    self.kernel.totals[total].is_finite = true;
                } else {
                    let finite = self.lanes.get(&value).copied()?;
                    self.kernel.finite.push(finite);
                }
                Some(())
            }
            // For the guard.
            Op::FAbs if self.totals.contains(&inst.args[0]) => Some(()),
            Op::Add | Op::AddOvf if found.phi(found.more(value).0).is_some_and(|phi| found.step(phi).is_some()) => {
                Some(())
            }
            Op::AddOvf => {
                let (argument, number, _) = self.summed(at, inst)?;
                self.kernel.sums.push((argument, number));
                Some(())
            }
            Op::FAdd | Op::FSub | Op::FMul if self.total(at, inst).is_some() => Some(()),
            Op::FAdd | Op::FSub | Op::FMul | Op::FDiv | Op::FNeg | Op::FAbs | Op::FSqrt => self.compute(at, inst),
            Op::Add | Op::Sub | Op::And | Op::Or | Op::Xor => self.compute(at, inst),
            Op::LoadIndexed | Op::StoreIndexed => self.element(at, inst),
            Op::Store => {
                let access = inst.access.filter(|access| access.class != Class::Raw)?;
                let (counter, plus) = found.more(inst.args[1]);
                let counter = found.phi(counter).filter(|&phi| found.step(phi).is_some())?;
                found.is_invariant(inst.args[0]).then(|| self.stores.push((inst.args[0], access, counter, plus)))
            }
            _ => None,
        }
    }

    fn compute(&mut self, at: usize, inst: &Inst) -> Option<()> {
        let args = inst.args.iter().map(|&arg| self.lane(arg)).collect::<Option<Vec<_>>>()?;
        let value = self.kernel.code.push(Inst::new(inst.op, &args));
        self.lanes.insert(Value::of_inst(at), value);
        Some(())
    }

    /// Ones where a comparison holds: what it says as an integer, negated.
    fn mask(&mut self, at: usize, inst: &Inst) -> Option<()> {
        let found = self.found;
        let flag = found.def(inst.args[0]).filter(|def| def.op == Op::BoolToInt)?;
        let mut truth = found.def(flag.args[0])?;
        let is_negated = truth.op == Op::Not;
        if is_negated {
            truth = found.def(truth.args[0])?;
        }
        let is_known =
            matches!(truth.op, Op::FLt | Op::FLe | Op::FGt | Op::FGe | Op::FEq | Op::FNe | Op::Lt | Op::Gt | Op::Eq);
        let args = truth.args.iter().map(|&arg| self.lane(arg)).collect::<Option<Vec<_>>>().filter(|_| is_known)?;
        let code = &mut self.kernel.code;
        let mut value = code.push(Inst::new(truth.op, &args));
        if is_negated {
            value = code.push(Inst::new(Op::Not, &[value]));
        }
        let value = code.push(Inst::new(Op::BoolToInt, &[value]));
        let value = code.push(Inst::new(Op::Neg, &[value]));
        self.lanes.insert(Value::of_inst(at), value);
        Some(())
    }

    /// The argument that a sum becomes, the number that is added to it, and which operand the sum is. Nothing else may look at the sum.
    fn summed(&mut self, at: usize, inst: &Inst) -> Option<(usize, Value, usize)> {
        let found = self.found;
        let sum = Value::of_inst(at);
        let is_sum = |value: Value| found.phi(value).is_some_and(|phi| found.next(phi) == sum);
        let place = inst.args.iter().position(|&arg| is_sum(arg))?;
        let number = self.lane(inst.args[1 - place])?;
        let phi = found.phi(inst.args[place])?;
        let argument = self.argument(found.trace.insts[phi].args[0]);
        self.sums.push((phi, argument));
        Some((argument, number, place))
    }

    /// The same of doubles, in the order of the rounds.
    fn total(&mut self, at: usize, inst: &Inst) -> Option<()> {
        let (argument, number, place) = self.summed(at, inst)?;
        (place == 0 || inst.op != Op::FSub).then_some(())?;
        self.kernel.totals.push(Total { argument, op: inst.op, number, is_finite: false });
        self.totals.push(Value::of_inst(at));
        Some(())
    }

    /// A load or store of an element beside the last round's.
    fn element(&mut self, at: usize, inst: &Inst) -> Option<()> {
        let found = self.found;
        let access = inst.access.filter(|access| access.class == Class::Raw)?;
        let (counter, plus) = found.more(inst.args[1]);
        let stored = inst.args.get(2).copied();
        let ty = stored.map_or(inst.ty, |value| found.trace.ty(value));
        let fits = matches!((access.width, ty), (Width::F64, Ty::Float) | (Width::W64, Ty::Int));
        if !fits || counter.inst() != Some(self.counter) || !found.is_invariant(inst.args[0]) {
            return None;
        }
        let offset = plus.checked_mul(8)?.checked_add(i64::from(access.offset))?;
        // Room for what the code adds to it.
        let offset = i32::try_from(offset).ok().filter(|offset| offset.abs() < 1 << 30)?;
        let base = self.param(inst.args[0]);
        let index = self.lanes.get(&Value::NOTHING).copied()?;
        let mut element =
            Inst { access: Some(Access { offset, ..access }), ty: inst.ty, ..Inst::new(inst.op, &[base, index]) };
        if let Some(value) = stored {
            element.args.push(self.lane(value)?);
        }
        let value = self.kernel.code.push(element);
        self.lanes.insert(Value::of_inst(at), value);
        Some(())
    }

    /// The kernel's value for one of the body, which is computed in each round, or the same in all of them.
    fn lane(&mut self, value: Value) -> Option<Value> {
        if let Some(&lane) = self.lanes.get(&value) {
            return Some(lane);
        }
        if let Some(constant) = self.found.trace.as_const(value) {
            return Some(self.kernel.code.constant(constant.ty, constant.bits));
        }
        let same = self.found.is_invariant(value) && matches!(self.found.trace.ty(value), Ty::Float | Ty::Int);
        same.then(|| self.param(value))
    }

    /// A parameter of the kernel.
    fn param(&mut self, value: Value) -> Value {
        if let Some(&param) = self.params.get(&value) {
            return param;
        }
        let argument = self.argument(value);
        let number = self.kernel.code.int(argument as i64);
        let param = Inst { ty: self.found.trace.ty(value), ..Inst::new(Op::Param, &[number]) };
        let param = self.kernel.code.push(param);
        self.params.insert(value, param);
        param
    }

    fn argument(&mut self, value: Value) -> usize {
        self.arguments.push(value);
        self.arguments.len() - 1
    }

    /// What a phi becomes.
    fn advance(&mut self, phi: usize) -> Option<Advance> {
        let found = self.found;
        let (first, next) = (found.trace.insts[phi].args[0], found.next(phi));
        if let Some(step) = found.step(phi) {
            return Some(Advance::By(step));
        }
        if let Some(&(_, argument)) = self.sums.iter().find(|(sum, _)| *sum == phi) {
            return Some(Advance::Argument(argument));
        }
        if found.is_invariant(next) {
            return (next == first).then_some(Advance::Keep);
        }
        if let (counter, plus) = found.more(next)
            && let Some(counter) = found.phi(counter)
            && let Some(step) = found.step(counter)
        {
            // What a counter was in the round before: so it has to be at first.
            let now = taken_apart(found.trace, found.trace.insts[counter].args[0]);
            let before = (now.0, now.1.wrapping_add(plus).wrapping_sub(step));
            return (taken_apart(found.trace, first) == before).then_some(Advance::By(step));
        }
        let lane = self.lanes.get(&next).copied()?;
        let argument = self.argument(first);
        self.kernel.last.push((argument, lane));
        Some(Advance::Argument(argument))
    }

    /// Has the preamble left at this place what a round before the first one would have stored?
    fn is_as_stored(&self, &(base, access, counter, plus): &(Value, Access, usize, i64)) -> bool {
        let found = self.found;
        let preamble = &found.trace.insts[..found.start];
        let last = preamble.iter().rev().find(|inst| match inst.op.effect() {
            Effect::Store => {
                inst.access.is_some_and(|other| other.class == access.class && other.offset == access.offset)
            }
            Effect::Call | Effect::Count => true,
            _ => false,
        });
        let Some(last) =
            last.filter(|last| last.op == Op::Store && last.args[0] == base && last.access == Some(access))
        else {
            return false;
        };
        let Some(step) = found.step(counter) else { return false };
        let now = taken_apart(found.trace, found.trace.insts[counter].args[0]);
        taken_apart(found.trace, last.args[1]) == (now.0, now.1.wrapping_add(plus).wrapping_sub(step))
    }
}

/// The guard that a counter is below a limit.
fn limit_of(found: &Loop<'_>, guard: usize) -> Option<(usize, usize, Value)> {
    let inst = &found.trace.insts[guard];
    let compare = found.def(*inst.args.first()?).filter(|_| inst.op == Op::GuardTrue)?;
    let (counter, limit) = match compare.op {
        Op::Lt | Op::Ult => (compare.args[0], compare.args[1]),
        Op::Gt => (compare.args[1], compare.args[0]),
        _ => return None,
    };
    let counter = found.phi(counter).filter(|&phi| found.step(phi) == Some(1))?;
    found.is_invariant(limit).then_some((guard, counter, limit))
}
