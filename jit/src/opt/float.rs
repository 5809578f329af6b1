//! Arithmetic of constant floats, and the algebra of floats that is exact: for every operand, infinities, NaN and the two
//! zeros included, the result is the same to the bit. So `x + 0.0` stays (`-0.0 + 0.0` is `0.0`), and `x - 0.0` goes.

use super::builder::{Builder, PassResult, Step};
use super::fold::order;
use crate::ir::{Inst, Op, Value, Width};

fn float(b: &mut Builder, value: f64) -> PassResult {
    Ok(Step::Value(b.trace.float(value)))
}

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    match inst.op {
        Op::FAdd | Op::FSub | Op::FMul | Op::FDiv => arithmetic(b, inst),
        Op::FNeg | Op::FAbs | Op::FSqrt => unary(b, inst),
        Op::FSingle => Ok(single(b, inst)),
        Op::IntToFloat => match b.trace.as_int(inst.args[0]) {
            Some(value) => float(b, value as f64),
            None => Ok(Step::Next),
        },
        Op::FloatToInt => to_int(b, inst),
        _ => Ok(Step::Next),
    }
}

/// Is it zero with this sign?
fn is_zero(value: Option<f64>, negative: bool) -> bool {
    value.is_some_and(|value| value == 0.0 && value.is_sign_negative() == negative)
}

/// The reciprocal of a power of two, where it is one, too: then dividing by the one is multiplying by the other.
fn exact_reciprocal(value: f64) -> Option<f64> {
    const FRACTION: u64 = (1 << 52) - 1;
    let reciprocal = 1.0 / value;
    let exact = value.is_normal() && reciprocal.is_normal() && value.to_bits() & FRACTION == 0;
    exact.then_some(reciprocal)
}

fn arithmetic(b: &mut Builder, inst: &mut Inst) -> PassResult {
    if matches!(inst.op, Op::FAdd | Op::FMul) && !(inst.args[0].is_const() && inst.args[1].is_const()) {
        order(inst);
    }
    let (x, y) = (inst.args[0], inst.args[1]);
    let (a, c) = (b.trace.as_float(x), b.trace.as_float(y));
    if let (Some(a), Some(c)) = (a, c) {
        let folded = match inst.op {
            Op::FAdd => a + c,
            Op::FSub => a - c,
            Op::FMul => a * c,
            _ => a / c,
        };
        // Which NaN comes out is the processor's business.
        return if folded.is_nan() { Ok(Step::Next) } else { float(b, folded) };
    }
    match (inst.op, c) {
        (Op::FAdd, c) if is_zero(c, true) => Ok(Step::Value(x)),
        (Op::FSub, c) if is_zero(c, false) => Ok(Step::Value(x)),
        (Op::FMul | Op::FDiv, Some(1.0)) => Ok(Step::Value(x)),
        (Op::FDiv, Some(c)) => match exact_reciprocal(c) {
            Some(reciprocal) => {
                let reciprocal = b.trace.float(reciprocal);
                *inst = Inst::new(Op::FMul, &[x, reciprocal]);
                Ok(Step::Again)
            }
            None => Ok(Step::Next),
        },
        _ => Ok(Step::Next),
    }
}

fn unary(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let x = inst.args[0];
    if let Some(a) = b.trace.as_float(x) {
        let folded = match inst.op {
            Op::FNeg => -a,
            Op::FAbs => a.abs(),
            _ => a.sqrt(),
        };
        return if folded.is_nan() { Ok(Step::Next) } else { float(b, folded) };
    }
    let inner: (Op, Value) = match b.near(x) {
        Some(Inst { op: op @ (Op::FNeg | Op::FAbs), args, .. }) => (*op, args[0]),
        _ => return Ok(Step::Next),
    };
    match (inst.op, inner.0) {
        (Op::FNeg, Op::FNeg) => Ok(Step::Value(inner.1)),
        (Op::FAbs, Op::FAbs) => Ok(Step::Value(x)),
        (Op::FAbs, _) => {
            inst.args[0] = inner.1;
            Ok(Step::Again)
        }
        _ => Ok(Step::Next),
    }
}

/// What is a single already stays as it is.
fn single(b: &mut Builder, inst: &Inst) -> Step {
    let x = inst.args[0];
    if let Some(value) = b.trace.as_float(x).filter(|value| !value.is_nan()) {
        return Step::Value(b.trace.float(f64::from(value as f32)));
    }
    match b.near(x) {
        Some(Inst { op: Op::FSingle, .. }) => Step::Value(x),
        Some(Inst { op: Op::Load | Op::LoadIndexed, access: Some(access), .. }) if access.width == Width::F32 => {
            Step::Value(x)
        }
        _ => Step::Next,
    }
}

fn to_int(b: &mut Builder, inst: &mut Inst) -> PassResult {
    /// Up to here every integer is a double.
    const EXACT: i64 = 1 << 53;
    let x = inst.args[0];
    if let Some(value) = b.trace.as_float(x).filter(|value| value.abs() < (1_i64 << 62) as f64) {
        return Ok(Step::Value(b.trace.int(value as i64)));
    }
    let source = match b.def(x) {
        Some(Inst { op: Op::IntToFloat, args, .. }) => args[0],
        _ => return Ok(Step::Next),
    };
    let range = b.int_range(source);
    if range.lo >= -EXACT && range.hi <= EXACT { Ok(Step::Value(source)) } else { Ok(Step::Next) }
}
