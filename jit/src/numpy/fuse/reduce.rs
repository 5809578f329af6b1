//! Sums, means, least and greatest elements of expressions and of arrays, as numpy computes them.
//!
//! Floats are added in numpy's order: halves are added, down to pieces that fit into scratch memory, which numpy's own loop adds.
//! Comparisons give the same in any order but for the sign of zero: where that could matter, numpy's loop goes over all
//! elements as it would for numpy, or numpy does it. Sums of integers are the same in any order.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use rpy_vm::object::refs::ObjRef;

use super::Kernel;
use super::run::{Operands, Order};
use crate::ir::Scalar;
use crate::numpy::loops::{InnerLoop, Loop};
use crate::numpy::scalars::{self, Real};

/// What all elements become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Sum,
    Mean,
    Min,
    Max,
}

impl Kind {
    pub const ALL: [Kind; 4] = [Kind::Sum, Kind::Mean, Kind::Min, Kind::Max];

    /// The ufunc that takes an element more.
    pub fn ufunc(self) -> &'static str {
        match self {
            Kind::Sum | Kind::Mean => "add",
            Kind::Min => "minimum",
            Kind::Max => "maximum",
        }
    }

    /// The name of numpy's function and method.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Sum => "sum",
            Kind::Mean => "mean",
            Kind::Min => "min",
            Kind::Max => "max",
        }
    }

    /// Does it add all elements?
    pub fn adds(self) -> bool {
        matches!(self, Kind::Sum | Kind::Mean)
    }

    /// Can it be computed of such elements? Of integers, numpy computes the mean of converted ones, in pieces of its own.
    pub fn fits(self, scalar: Scalar) -> bool {
        match self {
            Kind::Sum => scalar != Scalar::U64,
            Kind::Mean => scalar.is_float(),
            Kind::Min | Kind::Max => scalar != Scalar::Bool && scalar != Scalar::U64,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reduction {
    pub kind: Kind,
    /// The inner loop of that ufunc, for these elements.
    pub step: Loop,
}

/// Elements of a piece: numpy divides what is longer than 128, too.
pub const PIECE: usize = 512;

type Piece = MaybeUninit<[u64; PIECE]>;

/// What all elements that an expression computes become, as numpy's scalar. `None`: numpy has something to tell, or has another
/// order.
///
/// # Safety
/// Operands of this kernel; a loop of what it computes.
pub(super) unsafe fn of(kernel: &Kernel, operands: &Operands<'_>, reduction: Reduction) -> Option<ObjRef> {
    let (scalar, step) = (kernel.expression.output(), reduction.step);
    // SAFETY: passed on.
    unsafe {
        let (bits, scalar) = match reduction.kind {
            Kind::Sum if scalar.is_float() => (sum(kernel, operands, step)?.to_bits(), scalar),
            Kind::Sum => {
                let is_signed = !matches!(scalar, Scalar::U8 | Scalar::U16 | Scalar::U32);
                (whole_sum(kernel, operands, step)? as u64, if is_signed { Scalar::I64 } else { Scalar::U64 })
            }
            Kind::Mean => {
                let sum = sum(kernel, operands, step)?;
                let mean = sum / operands.count as f64;
                let mean = if scalar == Scalar::F32 { f64::from(mean as f32) } else { mean };
                // There is one, and it is not so small that somebody may want to know.
                if operands.count == 0 || (mean.abs() < f64::from(f32::MIN_POSITIVE) && sum != 0.0) {
                    return None;
                }
                (mean.to_bits(), scalar)
            }
            Kind::Min | Kind::Max => (extreme(kernel, operands, step)?, scalar),
        };
        Some(ObjRef::from_owned_ptr(scalars::make(bits, scalar as i64)))
    }
}

/// The sum of floats, if it is finite.
///
/// # Safety
/// As for [`of`].
unsafe fn sum(kernel: &Kernel, operands: &Operands<'_>, add: Loop) -> Option<f64> {
    if !kernel.is_array(operands).is_none_or(Order::is_numpys) {
        return None;
    }
    // numpy begins with 0.
    // SAFETY: passed on.
    let sum = 0.0 + unsafe { pairwise(kernel, operands, add)? };
    sum.is_finite().then_some(sum)
}

/// # Safety
/// As for [`of`].
unsafe fn pairwise(kernel: &Kernel, operands: &Operands<'_>, add: Loop) -> Option<f64> {
    let output = kernel.expression.output();
    let count = operands.count;
    if count > PIECE && !kernel.is_array(operands).is_some_and(Order::is_consecutive) {
        let first = count / 2;
        let first = first - first % 8;
        // SAFETY: parts of the operands.
        let (a, b) = unsafe {
            let part = |from, count| operands.part(&kernel.expression, from, count);
            (pairwise(kernel, &part(0, first), add)?, pairwise(kernel, &part(first, count - first), add)?)
        };
        // The double sum of two singles, rounded to a single, is their sum rounded once.
        return Some(if output == Scalar::F32 { f64::from((a + b) as f32) } else { a + b });
    }
    let mut memory = Piece::uninit();
    // Minus zero changes no sum.
    let mut sum = if output == Scalar::F32 { u64::from((-0.0_f32).to_bits()) } else { (-0.0_f64).to_bits() };
    // SAFETY: room for as many elements; the loop, asked to add all of them to one number.
    unsafe {
        let piece = kernel.elements_of(operands, memory.as_mut_ptr().cast())?;
        accumulate(add, (&raw mut sum).cast(), piece, count, output);
    }
    Some(if output == Scalar::F32 { f64::from(f32::from_bits(sum as u32)) } else { f64::from_bits(sum) })
}

/// Has a loop take elements, one after the other, into a number.
///
/// # Safety
/// A loop of such elements.
unsafe fn accumulate(step: Loop, total: *mut u8, elements: *const u8, count: usize, scalar: Scalar) {
    if count == 0 {
        return;
    }
    let mut addresses = [total, elements.cast_mut(), total];
    let steps = [0, scalar.width().bytes() as isize, 0];
    // SAFETY: the caller's promise.
    unsafe {
        let function: InnerLoop = core::mem::transmute(step.function);
        function(addresses.as_mut_ptr(), &(count as isize), steps.as_ptr(), step.data as *mut c_void);
    }
}

/// The sum of integers, or how many truths there are.
///
/// # Safety
/// As for [`of`].
unsafe fn whole_sum(kernel: &Kernel, operands: &Operands<'_>, add: Loop) -> Option<i64> {
    let scalar = kernel.expression.output();
    let mut memory = Piece::uninit();
    let is_there = kernel.is_array(operands).is_some_and(Order::is_consecutive);
    let most = if is_there { operands.count } else { PIECE };
    let (mut total, mut from) = (0_i64, 0);
    while from < operands.count {
        let count = most.min(operands.count - from);
        // SAFETY: parts of the operands; room for as many elements.
        unsafe {
            let part = operands.part(&kernel.expression, from, count);
            let piece = kernel.elements_of(&part, memory.as_mut_ptr().cast())?;
            total = total.wrapping_add(match scalar {
                Scalar::Bool => add_all::<u8>(piece, count, |truth| i64::from(truth != 0)),
                Scalar::I8 => add_all::<i8>(piece, count, i64::from),
                Scalar::U8 => add_all::<u8>(piece, count, i64::from),
                Scalar::I16 => add_all::<i16>(piece, count, i64::from),
                Scalar::U16 => add_all::<u16>(piece, count, i64::from),
                Scalar::I32 => add_all::<i32>(piece, count, i64::from),
                Scalar::U32 => add_all::<u32>(piece, count, i64::from),
                _ => {
                    let mut sum = 0_i64;
                    accumulate(add, (&raw mut sum).cast(), piece, count, scalar);
                    sum
                }
            });
        }
        from += count;
    }
    Some(total)
}

/// # Safety
/// As many elements of that type.
unsafe fn add_all<T: Copy>(elements: *const u8, count: usize, convert: impl Fn(T) -> i64) -> i64 {
    // SAFETY: the caller's promise; arrays are aligned.
    let elements = unsafe { core::slice::from_raw_parts(elements as *const T, count) };
    elements.iter().fold(0_i64, |total, &element| total.wrapping_add(convert(element)))
}

/// The least or greatest element's bits.
///
/// # Safety
/// As for [`of`].
unsafe fn extreme(kernel: &Kernel, operands: &Operands<'_>, step: Loop) -> Option<u64> {
    let order = kernel.is_array(operands);
    let in_one_go = operands.count <= PIECE || order.is_some_and(Order::is_consecutive);
    let mut memory = Piece::uninit();
    let scratch = memory.as_mut_ptr().cast::<u8>();
    let most = if in_one_go { operands.count } else { PIECE };
    // SAFETY: room for as many elements at a time, or they are where they are.
    match unsafe { extreme_in_pieces(kernel, operands, step, most, scratch)? } {
        Real::Int(value) => Some(value as u64),
        Real::Float(value) if value.is_nan() => None,
        Real::Float(value) if value != 0.0 => Some(value.to_bits()),
        // Which zero it is may depend on the order. Elements of an array may come in another one than numpy's.
        Real::Float(_) if !order.is_none_or(Order::is_consecutive) => None,
        Real::Float(value) if in_one_go => Some(value.to_bits()),
        Real::Float(_) => {
            let mut all = Vec::<u64>::with_capacity(operands.count);
            // SAFETY: room for all elements.
            let best = unsafe { extreme_in_pieces(kernel, operands, step, operands.count, all.as_mut_ptr().cast())? };
            Some(best.as_f64().to_bits())
        }
    }
}

/// The least or greatest element; so many are computed at a time.
///
/// # Safety
/// As for [`of`]; room for as many elements, if they are not those of an array where they follow each other.
unsafe fn extreme_in_pieces(
    kernel: &Kernel,
    operands: &Operands<'_>,
    step: Loop,
    most: usize,
    scratch: *mut u8,
) -> Option<Real> {
    let scalar = kernel.expression.output();
    let width = scalar.width().bytes();
    let (mut best, mut from) = (0_u64, 0);
    let total = (&raw mut best).cast::<u8>();
    while from < operands.count {
        let count = most.min(operands.count - from);
        // SAFETY: parts of the operands; the first element is what the others are compared with.
        unsafe {
            let part = operands.part(&kernel.expression, from, count);
            let piece = kernel.elements_of(&part, scratch)?;
            let taken = usize::from(from == 0);
            if taken == 1 {
                core::ptr::copy_nonoverlapping(piece, total, width);
            }
            accumulate(step, total, piece.add(taken * width), count - taken, scalar);
        }
        from += count;
    }
    // SAFETY: an element.
    (from > 0).then(|| unsafe { scalars::read(total, scalar) })
}
