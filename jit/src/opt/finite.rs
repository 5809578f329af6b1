//! Guards of results that are finite, where a later one says as much.
//!
//! What numpy would warn of is guarded against after each operation. But a number that is not finite makes sums, differences and
//! products that are not finite, either. Of the guards of such a chain only the last one is needed: where it fails, the interpreter goes on from where the
//! first would have failed. That is right if nothing happens between the two, and nothing else leaves the trace there.

use super::dce::clean;
use crate::ir::{Effect, Inst, Op, Trace, Value};

pub fn run(mut trace: Trace) -> Trace {
    let mut needless = vec![false; trace.insts.len()];
    let mut last: Option<(usize, Value)> = None;
    let mut changed = false;
    for at in 0..trace.insts.len() {
        match guarded(&trace, at) {
            Some(value) => {
                if let Some((before, other)) = last
                    && value.inst().is_some_and(|i| spreads(&trace.insts[i], other))
                {
                    needless[before] = true;
                    changed = true;
                    trace.insts[at].snapshot = trace.insts[before].snapshot;
                }
                last = Some((at, value));
            }
            None if is_quiet(&trace.insts[at]) => {}
            None => last = None,
        }
    }
    if changed { clean(trace, &needless) } else { trace }
}

/// The number that this guard wants to be finite.
pub fn guarded(trace: &Trace, at: usize) -> Option<Value> {
    let op = |value: Value, op: Op| value.inst().map(|i| &trace.insts[i]).filter(|inst| inst.op == op);
    let guard = &trace.insts[at];
    let less = op(*guard.args.first()?, Op::FLt)?;
    let magnitude = op(less.args[0], Op::FAbs)?;
    (guard.op == Op::GuardTrue && trace.as_float(less.args[1]) == Some(f64::INFINITY)).then(|| magnitude.args[0])
}

/// Is the result not finite if the operand is not?
pub fn spreads(inst: &Inst, operand: Value) -> bool {
    match inst.op {
        Op::FAdd | Op::FSub | Op::FMul => inst.args.contains(&operand),
        Op::FDiv | Op::FNeg | Op::FAbs | Op::FSqrt => inst.args[0] == operand,
        _ => false,
    }
}

/// Does it nothing but compute?
fn is_quiet(inst: &Inst) -> bool {
    matches!(inst.op.effect(), Effect::Pure | Effect::Load)
}
