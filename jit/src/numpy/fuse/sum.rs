//! Sums of expressions, in numpy's order: halves are added, down to pieces that fit into scratch memory, which numpy's own loop adds.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use rpy_vm::object::refs::ObjRef;

use super::Kernel;
use super::run::Operands;
use crate::ir::Scalar;
use crate::numpy::loops::{InnerLoop, Loop};
use crate::numpy::scalars;

/// Elements of a piece: numpy divides what is longer than 128, too.
const PIECE: usize = 512;

/// The sum of what an expression computes, of floats. `None`: numpy has something to tell.
///
/// # Safety
/// Operands of this kernel; a loop that adds what it computes.
pub(super) unsafe fn of(kernel: &Kernel, operands: &Operands<'_>, add: Loop) -> Option<f64> {
    // numpy begins with 0.
    // SAFETY: passed on.
    Some(0.0 + unsafe { pairwise(kernel, operands, add)? })
}

/// # Safety
/// As for [`of`].
unsafe fn pairwise(kernel: &Kernel, operands: &Operands<'_>, add: Loop) -> Option<f64> {
    let output = kernel.expression.output();
    let count = operands.count;
    if count > PIECE {
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
    let mut memory = MaybeUninit::<[u64; PIECE]>::uninit();
    let piece = memory.as_mut_ptr().cast::<u8>();
    // SAFETY: room for as many elements.
    if !unsafe { kernel.quietly(operands, piece) } {
        return None;
    }
    let width = output.width().bytes() as isize;
    // Minus zero changes no sum.
    let mut sum = if output == Scalar::F32 { u64::from((-0.0_f32).to_bits()) } else { (-0.0_f64).to_bits() };
    let total = (&raw mut sum).cast::<u8>();
    let mut addresses = [total, piece, total];
    let steps = [0, width, 0];
    // SAFETY: the loop, asked to add all elements to one number.
    unsafe {
        let function: InnerLoop = core::mem::transmute(add.function);
        function(addresses.as_mut_ptr(), &(count as isize), steps.as_ptr(), add.data as *mut c_void);
    }
    Some(if output == Scalar::F32 { f64::from(f32::from_bits(sum as u32)) } else { f64::from_bits(sum) })
}

/// A sum as numpy's scalar.
pub(super) fn scalar(sum: f64, scalar: Scalar) -> ObjRef {
    // SAFETY: a new reference.
    unsafe { ObjRef::from_owned_ptr(scalars::make(sum.to_bits(), scalar as i64)) }
}
