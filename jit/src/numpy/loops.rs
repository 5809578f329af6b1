//! The inner loops of ufuncs: numpy's own code, called for one element.

use core::ffi::{CStr, c_char, c_void};

use rpy_vm::object::header::PyObject;

use super::layout;
use crate::ir::Scalar;

/// An inner loop: addresses of the operands, how many elements, steps, its data.
pub type InnerLoop = unsafe extern "C" fn(*mut *mut u8, *const isize, *const isize, *mut c_void);

/// A ufunc's inner loop for certain types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loop {
    pub function: usize,
    pub data: usize,
}

/// A ufunc's name.
///
/// # Safety
/// A live ufunc.
pub unsafe fn name(ufunc: &PyObject) -> String {
    // SAFETY: ufuncs have a name, or null.
    unsafe {
        let name = *(ufunc.as_ptr().cast::<u8>().add(layout::UFUNC_NAME) as *const *const c_char);
        if name.is_null() { String::new() } else { CStr::from_ptr(name).to_string_lossy().into_owned() }
    }
}

/// The loop of a ufunc with so many operands of type `scalar`, and one result of type `result`.
///
/// # Safety
/// A live ufunc.
pub unsafe fn find(ufunc: &PyObject, inputs: usize, scalar: Scalar, result: Scalar) -> Option<Loop> {
    let (input, output) = (super::dtype_number(scalar), super::dtype_number(result));
    let base = ufunc.as_ptr().cast::<u8>() as *const u8;
    // SAFETY: the fields of a ufunc; each loop has its types.
    unsafe {
        let word = |offset: usize| *(base.add(offset) as *const i32);
        let (nin, nout, count) = (word(layout::UFUNC_INPUTS), word(layout::UFUNC_OUTPUTS), word(layout::UFUNC_COUNT));
        if nin as usize != inputs || nout != 1 || !(0..1000).contains(&count) {
            return None;
        }
        let loops = *(base.add(layout::UFUNC_LOOPS) as *const *const usize);
        let data = *(base.add(layout::UFUNC_DATA) as *const *const usize);
        let types = *(base.add(layout::UFUNC_TYPES) as *const *const u8);
        if loops.is_null() || types.is_null() {
            return None;
        }
        let found = (0..count as usize).find(|&i| {
            let types = types.add(i * (inputs + 1));
            (0..inputs).all(|k| *types.add(k) == input) && *types.add(inputs) == output
        })?;
        let function = *loops.add(found);
        let data = if data.is_null() { 0 } else { *data.add(found) };
        (function != 0).then_some(Loop { function, data })
    }
}

/// Calls a loop of doubles for one element.
///
/// # Safety
/// A loop with one operand.
pub unsafe extern "C" fn unary_double(function: usize, data: usize, x: f64) -> f64 {
    let (mut x, mut result) = (x, 0.0_f64);
    let mut operands = [(&raw mut x).cast::<u8>(), (&raw mut result).cast::<u8>()];
    let steps = [8_isize, 8];
    // SAFETY: the caller's promise; operands and result are there.
    unsafe {
        let function: InnerLoop = core::mem::transmute(function);
        function(operands.as_mut_ptr(), &1, steps.as_ptr(), data as *mut c_void);
    }
    result
}

/// Calls a loop of doubles for one element.
///
/// # Safety
/// A loop with two operands.
pub unsafe extern "C" fn binary_double(function: usize, data: usize, x: f64, y: f64) -> f64 {
    let (mut x, mut y, mut result) = (x, y, 0.0_f64);
    let mut operands = [(&raw mut x).cast::<u8>(), (&raw mut y).cast::<u8>(), (&raw mut result).cast::<u8>()];
    let steps = [8_isize, 8, 8];
    // SAFETY: the caller's promise; operands and result are there.
    unsafe {
        let function: InnerLoop = core::mem::transmute(function);
        function(operands.as_mut_ptr(), &1, steps.as_ptr(), data as *mut c_void);
    }
    result
}

/// Calls a loop of singles for one element.
///
/// # Safety
/// A loop with one operand.
pub unsafe extern "C" fn unary_single(function: usize, data: usize, x: f64) -> f64 {
    let (mut x, mut result) = (x as f32, 0.0_f32);
    let mut operands = [(&raw mut x).cast::<u8>(), (&raw mut result).cast::<u8>()];
    let steps = [4_isize, 4];
    // SAFETY: the caller's promise; operands and result are there.
    unsafe {
        let function: InnerLoop = core::mem::transmute(function);
        function(operands.as_mut_ptr(), &1, steps.as_ptr(), data as *mut c_void);
    }
    f64::from(result)
}

/// Calls a loop of singles for one element.
///
/// # Safety
/// A loop with two operands.
pub unsafe extern "C" fn binary_single(function: usize, data: usize, x: f64, y: f64) -> f64 {
    let (mut x, mut y, mut result) = (x as f32, y as f32, 0.0_f32);
    let mut operands = [(&raw mut x).cast::<u8>(), (&raw mut y).cast::<u8>(), (&raw mut result).cast::<u8>()];
    let steps = [4_isize, 4, 4];
    // SAFETY: the caller's promise; operands and result are there.
    unsafe {
        let function: InnerLoop = core::mem::transmute(function);
        function(operands.as_mut_ptr(), &1, steps.as_ptr(), data as *mut c_void);
    }
    f64::from(result)
}
