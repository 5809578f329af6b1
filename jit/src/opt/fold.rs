//! Arithmetic of constants, and algebra of integers, bools and addresses.

use super::boxes::bool_object;
use super::builder::{Builder, PassResult, Step};
use crate::ir::{Inst, Op, Ty, Value};

/// Changes the instruction to another operation.
fn rewrite(inst: &mut Inst, op: Op, args: &[Value]) -> PassResult {
    *inst = Inst::new(op, args);
    Ok(Step::Again)
}

fn int(b: &mut Builder, value: i64) -> PassResult {
    Ok(Step::Value(b.trace.int(value)))
}

fn bool(b: &mut Builder, value: bool) -> PassResult {
    Ok(Step::Value(b.trace.bool(value)))
}

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    match inst.op {
        Op::Add | Op::Sub | Op::Mul | Op::AddOvf | Op::SubOvf | Op::MulOvf => arithmetic(b, inst),
        Op::And | Op::Or | Op::Xor => bits(b, inst),
        Op::Shl | Op::Sar => shift(b, inst),
        Op::FloorDiv | Op::Mod => divide(b, inst),
        Op::Neg => negate(b, inst),
        Op::Not => not(b, inst),
        Op::Eq | Op::Ne => equal_bool(b, inst),
        Op::Is => is(b, inst),
        Op::BoolToInt => match b.trace.as_bool(inst.args[0]) {
            Some(value) => int(b, value as i64),
            None => Ok(Step::Next),
        },
        Op::Use if inst.args[0].is_const() => Ok(Step::Drop),
        Op::Untag => untag(b, inst),
        Op::Offset => offset(b, inst),
        _ => Ok(Step::Next),
    }
}

/// Puts the operands of an operation that commutes in order: constants last.
pub fn order(inst: &mut Inst) {
    if inst.args[0] > inst.args[1] {
        inst.args.swap(0, 1);
    }
}

fn arithmetic(b: &mut Builder, inst: &mut Inst) -> PassResult {
    if matches!(inst.op, Op::Add | Op::AddOvf | Op::Mul | Op::MulOvf) {
        order(inst);
    }
    let (x, y) = (inst.args[0], inst.args[1]);
    let (a, c) = (b.trace.as_int(x), b.trace.as_int(y));
    if let (Some(a), Some(c)) = (a, c) {
        let folded = match inst.op {
            Op::Add => Some(a.wrapping_add(c)),
            Op::Sub => Some(a.wrapping_sub(c)),
            Op::Mul => Some(a.wrapping_mul(c)),
            Op::AddOvf => a.checked_add(c),
            Op::SubOvf => a.checked_sub(c),
            _ => a.checked_mul(c),
        };
        return int(b, folded.ok_or(super::Contradiction)?);
    }
    match (inst.op, a, c) {
        (Op::Add | Op::AddOvf | Op::Sub | Op::SubOvf, _, Some(0)) => Ok(Step::Value(x)),
        (Op::Mul | Op::MulOvf, _, Some(1)) => Ok(Step::Value(x)),
        (Op::Mul | Op::MulOvf, _, Some(0)) => int(b, 0),
        (Op::Sub | Op::SubOvf, ..) if x == y => int(b, 0),
        (Op::Sub, Some(0), _) => rewrite(inst, Op::Neg, &[y]),
        (Op::Mul, _, Some(-1)) => rewrite(inst, Op::Neg, &[x]),
        // `a - c` is `a + -c`, so that sums of constants meet.
        (Op::Sub | Op::SubOvf, _, Some(c)) if c != i64::MIN => {
            inst.op = if inst.op == Op::Sub { Op::Add } else { Op::AddOvf };
            inst.args[1] = b.trace.int(-c);
            Ok(Step::Again)
        }
        // `(z + d) + c` is `z + (d + c)`: exactly so, whatever wraps; and a checked sum leaves the trace under the same
        // condition if the inner one is exact.
        (Op::Add | Op::AddOvf, _, Some(c)) => {
            let inner = match b.near(x) {
                Some(Inst { op: op @ (Op::Add | Op::AddOvf), args, .. }) => (*op, args[0], args[1]),
                _ => return Ok(Step::Next),
            };
            let (op, z, Some(d)) = (inner.0, inner.1, b.trace.as_int(inner.2)) else { return Ok(Step::Next) };
            let sum = match inst.op {
                Op::Add => d.wrapping_add(c),
                _ if op == Op::AddOvf || b.is_exact_add(z, d) => match d.checked_add(c) {
                    Some(sum) => sum,
                    None => return Ok(Step::Next),
                },
                _ => return Ok(Step::Next),
            };
            inst.args[0] = z;
            inst.args[1] = b.trace.int(sum);
            Ok(Step::Again)
        }
        _ => Ok(Step::Next),
    }
}

fn negate(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let x = inst.args[0];
    if let Some(a) = b.int_of(x) {
        return int(b, a.wrapping_neg());
    }
    match b.near(x) {
        Some(Inst { op: Op::Neg, args, .. }) => Ok(Step::Value(args[0])),
        _ => Ok(Step::Next),
    }
}

fn bits(b: &mut Builder, inst: &mut Inst) -> PassResult {
    order(inst);
    let (x, y) = (inst.args[0], inst.args[1]);
    match (inst.op, b.trace.as_int(x), b.trace.as_int(y)) {
        (Op::And, Some(a), Some(c)) => int(b, a & c),
        (Op::Or, Some(a), Some(c)) => int(b, a | c),
        (_, Some(a), Some(c)) => int(b, a ^ c),
        (Op::And | Op::Or, ..) if x == y => Ok(Step::Value(x)),
        (Op::Xor, ..) if x == y => int(b, 0),
        (Op::And, _, Some(0)) => int(b, 0),
        (Op::Or, _, Some(-1)) => int(b, -1),
        (Op::Or | Op::Xor, _, Some(0)) | (Op::And, _, Some(-1)) => Ok(Step::Value(x)),
        // A mask of low bits changes nothing that lies below it.
        (Op::And, _, Some(mask)) if mask > 0 && mask & mask.wrapping_add(1) == 0 => {
            let range = b.int_range(x);
            if range.lo >= 0 && range.hi <= mask { Ok(Step::Value(x)) } else { Ok(Step::Next) }
        }
        _ => Ok(Step::Next),
    }
}

fn shift(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let (x, y) = (inst.args[0], inst.args[1]);
    match (b.trace.as_int(x), b.trace.as_int(y)) {
        (_, Some(0)) => Ok(Step::Value(x)),
        (Some(0), _) => int(b, 0),
        (Some(a), Some(by @ 0..=63)) => int(b, if inst.op == Op::Shl { a << by } else { a >> by }),
        _ if inst.op == Op::Sar => unshift(b, x, y),
        _ => Ok(Step::Next),
    }
}

/// `(z << y) >> y` is `z`, if nothing is shifted out.
fn unshift(b: &mut Builder, x: Value, y: Value) -> PassResult {
    let source = match b.near(x) {
        Some(Inst { op: Op::Shl, args, .. }) if args[1] == y => args[0],
        _ => return Ok(Step::Next),
    };
    let (range, by) = (b.int_range(source), b.int_range(y));
    let fits = |bound: i64, by: i64| bound << by >> by == bound;
    let exact = by.lo >= 0 && by.hi <= 63 && fits(range.lo, by.hi) && fits(range.hi, by.hi);
    if exact { Ok(Step::Value(source)) } else { Ok(Step::Next) }
}

/// Python's `//`, where the quotient exists and fits.
pub fn floor_div(a: i64, c: i64) -> Option<i64> {
    let quotient = a.checked_div(c)?;
    let inexact = a % c != 0 && (a < 0) != (c < 0);
    Some(quotient - inexact as i64)
}

/// Python's `%`, where the quotient exists and fits.
pub fn floor_mod(a: i64, c: i64) -> Option<i64> {
    let rest = a.checked_rem(c)?;
    Some(if rest != 0 && (rest < 0) != (c < 0) { rest + c } else { rest })
}

fn divide(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let (x, y) = (inst.args[0], inst.args[1]);
    let (a, c) = (b.trace.as_int(x), b.trace.as_int(y));
    if let (Some(a), Some(c)) = (a, c) {
        let folded = if inst.op == Op::FloorDiv { floor_div(a, c) } else { floor_mod(a, c) };
        // Nothing else than a guard before it can keep the trace from dividing by zero.
        return folded.map_or(Ok(Step::Next), |value| int(b, value));
    }
    match (inst.op, a, c) {
        (_, Some(0), _) => int(b, 0),
        (Op::FloorDiv, _, Some(1)) => Ok(Step::Value(x)),
        (Op::Mod, _, Some(1)) => int(b, 0),
        (Op::FloorDiv, _, Some(c)) if c > 0 && c & (c - 1) == 0 => {
            let by = b.trace.int(i64::from(c.trailing_zeros()));
            rewrite(inst, Op::Sar, &[x, by])
        }
        (Op::Mod, _, Some(c)) if c > 0 && c & (c - 1) == 0 => {
            let mask = b.trace.int(c - 1);
            rewrite(inst, Op::And, &[x, mask])
        }
        (Op::Mod, ..) => {
            let (dividend, divisor) = (b.int_range(x), b.int_range(y));
            if dividend.lo >= 0 && dividend.hi < divisor.lo { Ok(Step::Value(x)) } else { Ok(Step::Next) }
        }
        _ => Ok(Step::Next),
    }
}

fn not(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let x = inst.args[0];
    if let Some(value) = b.trace.as_bool(x) {
        return bool(b, !value);
    }
    let Some(def) = b.near(x) else { return Ok(Step::Next) };
    // The opposite of an integer comparison is another one; of a float comparison it is not, for NaN's sake.
    let opposite = match def.op {
        Op::Not => return Ok(Step::Value(def.args[0])),
        Op::Eq => Op::Ne,
        Op::Ne => Op::Eq,
        Op::Lt => Op::Ge,
        Op::Le => Op::Gt,
        Op::Gt => Op::Le,
        Op::Ge => Op::Lt,
        Op::FEq => Op::FNe,
        Op::FNe => Op::FEq,
        _ => return Ok(Step::Next),
    };
    let args = def.args.clone();
    rewrite(inst, opposite, &args)
}

/// A bool that became an integer, compared with 0 or 1.
fn equal_bool(b: &mut Builder, inst: &mut Inst) -> PassResult {
    order(inst);
    let (x, Some(c)) = (inst.args[0], b.trace.as_int(inst.args[1])) else { return Ok(Step::Next) };
    let condition = match b.near(x) {
        Some(Inst { op: Op::BoolToInt, args, .. }) => args[0],
        _ => return Ok(Step::Next),
    };
    match (c, inst.op == Op::Eq) {
        (1, true) | (0, false) => Ok(Step::Value(condition)),
        (0, true) | (1, false) => rewrite(inst, Op::Not, &[condition]),
        (_, equal) => bool(b, !equal),
    }
}

fn is(b: &mut Builder, inst: &mut Inst) -> PassResult {
    order(inst);
    let (x, y) = (inst.args[0], inst.args[1]);
    if x == y {
        return bool(b, true);
    }
    match (b.trace.as_const(x), b.trace.as_const(y)) {
        (Some(a), Some(c)) => return bool(b, a.bits == c.bits),
        (None, Some(c)) if c.bits == 0 && b.facts.get(&b.trace, x).nonnull => return bool(b, false),
        _ => {}
    }
    if let (Some(Inst { op: Op::BoxBool, args, .. }), Some(c)) = (b.def(x), b.trace.as_const(y)) {
        let truth = args[0];
        if c.bits == bool_object(true) as u64 {
            return Ok(Step::Value(truth));
        }
        if c.bits == bool_object(false) as u64 {
            return rewrite(inst, Op::Not, &[truth]);
        }
    }
    if b.trace.ty(x) == Ty::Obj && b.trace.ty(y) == Ty::Obj {
        if let (Some(a), Some(c)) = (b.known_type(x), b.known_type(y)) {
            if a != c {
                return bool(b, false);
            }
        }
    }
    Ok(Step::Next)
}

fn untag(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let x = inst.args[0];
    if let Some(constant) = b.trace.as_const(x) {
        return Ok(Step::Value(b.trace.obj(constant.bits as usize & !1)));
    }
    if b.trace.ty(x) == Ty::Obj && b.facts.get(&b.trace, x).object {
        return Ok(Step::Value(x));
    }
    Ok(Step::Next)
}

fn offset(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let (x, y) = (inst.args[0], inst.args[1]);
    let Some(c) = b.trace.as_int(y) else { return Ok(Step::Next) };
    if c == 0 && b.trace.ty(x) == Ty::Ptr {
        return Ok(Step::Value(x));
    }
    if let Some(base) = b.trace.as_const(x) {
        return Ok(Step::Value(b.trace.ptr(base.bits.wrapping_add(c as u64) as usize)));
    }
    let inner = match b.near(x) {
        Some(Inst { op: Op::Offset, args, .. }) => (args[0], args[1]),
        _ => return Ok(Step::Next),
    };
    match b.trace.as_int(inner.1) {
        Some(d) => {
            inst.args[0] = inner.0;
            inst.args[1] = b.trace.int(d.wrapping_add(c));
            Ok(Step::Again)
        }
        None => Ok(Step::Next),
    }
}
