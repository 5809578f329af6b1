//! Values that were boxed before they are unboxed, and what happens to boxes that nobody can own.

use super::builder::{Builder, PassResult, Step};
use crate::ir::{Class, Inst, Op, Scalar};

/// Where numpy's scalars have their value: behind the header.
pub const SCALAR_VALUE: i32 = 16;

/// The address of `True` or `False`.
pub fn bool_object(truth: bool) -> usize {
    rpy_vm::types::bool_::as_object(truth).as_ptr() as usize
}

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let boxing = match inst.op {
        Op::UnboxInt => Op::BoxInt,
        Op::UnboxFloat => Op::BoxFloat,
        Op::Load => return Ok(unbox_scalar(b, inst)),
        Op::BoxBool => {
            return Ok(match b.trace.as_bool(inst.args[0]) {
                Some(truth) => Step::Value(b.trace.obj(bool_object(truth))),
                None => Step::Next,
            });
        }
        Op::Incref | Op::Decref | Op::DecrefInert => return count(b, inst),
        Op::CloseWord | Op::CloseInert | Op::CloseShared | Op::GuardShared => return close(b, inst),
        _ => return Ok(Step::Next),
    };
    match b.def(inst.args[0]) {
        Some(Inst { op, args, .. }) if *op == boxing => Ok(Step::Value(args[0])),
        _ => Ok(Step::Next),
    }
}

/// The value of a numpy scalar that was boxed here: it lies where every one of them has it.
fn unbox_scalar(b: &Builder, inst: &Inst) -> Step {
    let Some(access) = inst.access.filter(|a| a.class == Class::Scalar && a.offset == SCALAR_VALUE) else {
        return Step::Next;
    };
    match b.def(inst.args[0]) {
        Some(Inst { op: Op::BoxScalar, args, .. }) => {
            let scalar = b.trace.as_int(args[1]).and_then(Scalar::from_number);
            let same = scalar.is_some_and(|scalar| scalar.width() == access.width) && b.trace.ty(args[0]) == inst.ty;
            if same { Step::Value(args[0]) } else { Step::Next }
        }
        _ => Step::Next,
    }
}

/// `True` and `False` live for ever; other numbers are inert.
fn count(b: &mut Builder, inst: &mut Inst) -> PassResult {
    if b.op(inst.args[0]) == Some(Op::BoxBool) {
        return Ok(Step::Drop);
    }
    if inst.op == Op::Decref && b.known_type(inst.args[0]).is_some_and(|ty| b.is_inert(ty)) {
        inst.op = Op::DecrefInert;
    }
    Ok(Step::Next)
}

/// Words that own nothing, as far as is known.
fn close(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let word = inst.args[0];
    if b.trace.as_const(word).is_some_and(|c| c.bits & 1 != 0) || b.op(word) == Some(Op::BoxBool) {
        return Ok(Step::Drop);
    }
    if inst.op == Op::CloseWord && b.known_type(word).is_some_and(|ty| b.is_inert(ty)) {
        inst.op = Op::CloseInert;
    }
    Ok(Step::Next)
}
