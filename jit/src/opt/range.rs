//! What integers can be, and overflow checks that cannot fail.

use super::builder::{Builder, PassResult, Step};
use super::facts::Range;
use crate::ir::{Class, Inst, Op, Ty, Value, Width};

/// `unbox_int` leaves the trace for anything else: two digits of 30 bits.
const UNBOXED: Range = Range::new(-(1 << 60) + 1, (1 << 60) - 1);

/// No list, tuple or string is longer: its items would fill the address space.
const LENGTH: Range = Range::new(0, (1 << 60) - 1);

/// Where objects of variable size, which do not change theirs, say how many items they have.
const OB_SIZE: i32 = rpy_vm::layout::OB_SIZE as i32;

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    let unchecked = match inst.op {
        Op::AddOvf => Op::Add,
        Op::SubOvf => Op::Sub,
        Op::MulOvf => Op::Mul,
        _ => return Ok(Step::Next),
    };
    match b.exact_range(inst) {
        Some((lo, hi)) if Range::exact(lo, hi).is_some() => {
            inst.op = unchecked;
            inst.snapshot = None;
            Ok(Step::Next)
        }
        _ => Ok(Step::Next),
    }
}

/// The least and the greatest of four numbers.
fn span(corners: [i128; 4]) -> (i128, i128) {
    corners.iter().fold((corners[0], corners[0]), |(lo, hi), &corner| (lo.min(corner), hi.max(corner)))
}

/// The least mask of low bits that covers a number that is not negative.
fn mask_of(number: i64) -> i64 {
    match number.leading_zeros() {
        64 => 0,
        zeros => (u64::MAX >> zeros) as i64,
    }
}

impl Builder {
    /// The bounds of a sum, difference or product, if nothing overflows.
    fn exact_range(&mut self, inst: &Inst) -> Option<(i128, i128)> {
        let (a, b) = (self.int_range(inst.args[0]), self.int_range(inst.args[1]));
        let (alo, ahi, blo, bhi) = (i128::from(a.lo), i128::from(a.hi), i128::from(b.lo), i128::from(b.hi));
        match inst.op {
            Op::Add | Op::AddOvf => Some((alo + blo, ahi + bhi)),
            Op::Sub | Op::SubOvf => Some((alo - bhi, ahi - blo)),
            Op::Mul | Op::MulOvf => Some(span([alo * blo, alo * bhi, ahi * blo, ahi * bhi])),
            _ => None,
        }
    }

    /// Does this sum stay within 64 bits?
    pub(super) fn is_exact_add(&mut self, x: Value, constant: i64) -> bool {
        let range = self.int_range(x);
        let constant = i128::from(constant);
        Range::exact(i128::from(range.lo) + constant, i128::from(range.hi) + constant).is_some()
    }

    /// What an operation's result can be, from what its operands can be.
    pub(super) fn result_range(&mut self, inst: &Inst) -> Range {
        if inst.ty != Ty::Int {
            return Range::FULL;
        }
        match inst.op {
            Op::Add | Op::Sub | Op::Mul => {
                let exact = self.exact_range(inst).and_then(|(lo, hi)| Range::exact(lo, hi));
                exact.unwrap_or(Range::FULL)
            }
            Op::AddOvf | Op::SubOvf | Op::MulOvf => {
                self.exact_range(inst).map_or(Range::FULL, |(lo, hi)| Range::clamped(lo, hi))
            }
            Op::Neg => match self.int_range(inst.args[0]) {
                Range { lo: i64::MIN, .. } => Range::FULL,
                Range { lo, hi } => Range::new(-hi, -lo),
            },
            Op::And | Op::Or | Op::Xor => self.bits_range(inst),
            Op::Shl | Op::Sar => self.shift_range(inst),
            Op::FloorDiv => self.floor_div_range(inst),
            Op::Mod => match self.int_range(inst.args[1]) {
                divisor if divisor.lo > 0 => Range::new(0, divisor.hi - 1),
                divisor if divisor.hi < 0 => Range::new(divisor.lo + 1, 0),
                _ => Range::FULL,
            },
            Op::BoolToInt => Range::new(0, 1),
            Op::FloatToInt => Range::new(-(1 << 62), 1 << 62),
            // Only in a loop's last round: what unboxes a slot in the one before may be an unboxed number of any size in the
            // last, and nothing that the last needs may be left out of the one before.
            Op::UnboxInt if self.last_round => UNBOXED,
            Op::Load | Op::LoadIndexed => load_range(inst),
            _ => Range::FULL,
        }
    }

    fn bits_range(&mut self, inst: &Inst) -> Range {
        let (a, b) = (self.int_range(inst.args[0]), self.int_range(inst.args[1]));
        match (inst.op, a.lo >= 0, b.lo >= 0) {
            (Op::And, true, true) => Range::new(0, a.hi.min(b.hi)),
            (Op::And, true, false) => Range::new(0, a.hi),
            (Op::And, false, true) => Range::new(0, b.hi),
            (Op::Or | Op::Xor, true, true) => Range::new(0, mask_of(a.hi | b.hi)),
            _ => Range::FULL,
        }
    }

    fn shift_range(&mut self, inst: &Inst) -> Range {
        let a = self.int_range(inst.args[0]);
        let Range { lo: least, hi: most } = self.int_range(inst.args[1]);
        if least < 0 || most > 63 {
            return Range::FULL;
        }
        if inst.op == Op::Sar {
            let (lo, hi) = span([a.lo >> least, a.lo >> most, a.hi >> least, a.hi >> most].map(i128::from));
            return Range::clamped(lo, hi);
        }
        let (lo, hi) = (i128::from(a.lo), i128::from(a.hi));
        let (lo, hi) = span([lo << least, lo << most, hi << least, hi << most]);
        Range::exact(lo, hi).unwrap_or(Range::FULL)
    }

    fn floor_div_range(&mut self, inst: &Inst) -> Range {
        let a = self.int_range(inst.args[0]);
        match self.int_range(inst.args[1]).single() {
            Some(divisor) if divisor > 0 => Range::new(a.lo.div_euclid(divisor), a.hi.div_euclid(divisor)),
            _ => Range::FULL,
        }
    }
}

fn load_range(inst: &Inst) -> Range {
    let Some(access) = inst.access else { return Range::FULL };
    match access.width {
        Width::U8 => Range::new(0, u8::MAX as i64),
        Width::I8 => Range::new(i8::MIN as i64, i8::MAX as i64),
        Width::U16 => Range::new(0, u16::MAX as i64),
        Width::I16 => Range::new(i16::MIN as i64, i16::MAX as i64),
        Width::U32 => Range::new(0, u32::MAX as i64),
        Width::I32 => Range::new(i32::MIN as i64, i32::MAX as i64),
        Width::W64 if access.class == Class::ListHeader => LENGTH,
        Width::W64 if access.class == Class::Fixed && access.offset == OB_SIZE => LENGTH,
        Width::W64 | Width::F32 | Width::F64 => Range::FULL,
    }
}
