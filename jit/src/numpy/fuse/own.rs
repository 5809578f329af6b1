//! Inner loops of our own, for operations that are no ufuncs: conversions of elements, `where`. They have the form of numpy's.

use core::ffi::c_void;

use crate::ir::Scalar;
use crate::numpy::loops::{InnerLoop, Loop};

/// The loop that converts elements, where that is exact or rounds as numpy does. The floating-point status says what is to be told of.
pub fn cast(from: Scalar, to: Scalar) -> Option<Loop> {
    let function: InnerLoop = match (from, to) {
        (Scalar::Bool, Scalar::F64) => convert::<u8, f64>(),
        (Scalar::I8, Scalar::F64) => convert::<i8, f64>(),
        (Scalar::U8, Scalar::F64) => convert::<u8, f64>(),
        (Scalar::I16, Scalar::F64) => convert::<i16, f64>(),
        (Scalar::U16, Scalar::F64) => convert::<u16, f64>(),
        (Scalar::I32, Scalar::F64) => convert::<i32, f64>(),
        (Scalar::U32, Scalar::F64) => convert::<u32, f64>(),
        (Scalar::I64, Scalar::F64) => convert::<i64, f64>(),
        (Scalar::F32, Scalar::F64) => convert::<f32, f64>(),
        (Scalar::F64, Scalar::F32) => convert::<f64, f32>(),
        (Scalar::Bool, Scalar::I8 | Scalar::U8) => same,
        (Scalar::Bool, Scalar::I16) => convert::<u8, i16>(),
        (Scalar::Bool, Scalar::U16) => convert::<u8, u16>(),
        (Scalar::Bool, Scalar::I32) => convert::<u8, i32>(),
        (Scalar::Bool, Scalar::U32) => convert::<u8, u32>(),
        (Scalar::Bool, Scalar::I64) => convert::<u8, i64>(),
        (Scalar::Bool, Scalar::F32) => convert::<u8, f32>(),
        (Scalar::I8, Scalar::F32) => convert::<i8, f32>(),
        (Scalar::U8, Scalar::F32) => convert::<u8, f32>(),
        (Scalar::I16, Scalar::F32) => convert::<i16, f32>(),
        (Scalar::U16, Scalar::F32) => convert::<u16, f32>(),
        _ => return None,
    };
    Some(Loop { function: function as usize, data: 0 })
}

/// The loop of `where`, for elements of that type.
pub fn choose(scalar: Scalar) -> Loop {
    let function: InnerLoop = match scalar.width().bytes() {
        1 => select::<u8>,
        2 => select::<u16>,
        4 => select::<u32>,
        _ => select::<u64>,
    };
    Loop { function: function as usize, data: 0 }
}

/// A conversion, as Rust's `as` has it.
trait Convert<T>: Copy {
    fn convert(self) -> T;
}

macro_rules! conversions {
    ($($from:ty => $to:ty),*) => { $(impl Convert<$to> for $from {
        fn convert(self) -> $to {
            self as $to
        }
    })* };
}

conversions!(i8 => f64, u8 => f64, i16 => f64, u16 => f64, i32 => f64, u32 => f64, i64 => f64, f32 => f64,
    i8 => f32, u8 => f32, i16 => f32, u16 => f32, f64 => f32,
    u8 => i16, u8 => u16, u8 => i32, u8 => u32, u8 => i64);

fn convert<F: Convert<T>, T>() -> InnerLoop {
    converting::<F, T>
}

/// # Safety
/// As of all inner loops: operands and results have as many elements, in steps of so many bytes.
unsafe extern "C" fn converting<F: Convert<T>, T>(
    operands: *mut *mut u8,
    count: *const isize,
    steps: *const isize,
    _data: *mut c_void,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let (from, to) = (*operands, *operands.add(1));
        if *steps == size_of::<F>() as isize && *steps.add(1) == size_of::<T>() as isize {
            // Of consecutive elements, several at a time.
            let (from, to) = (from as *const F, to as *mut T);
            (0..*count as usize).for_each(|i| to.add(i).write((*from.add(i)).convert()));
            return;
        }
        for i in 0..*count {
            let value = (from.offset(i * *steps) as *const F).read();
            (to.offset(i * *steps.add(1)) as *mut T).write(value.convert());
        }
    }
}

/// Bytes that mean the same.
///
/// # Safety
/// As of all inner loops; the steps are of one byte.
unsafe extern "C" fn same(operands: *mut *mut u8, count: *const isize, _steps: *const isize, _data: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { core::ptr::copy_nonoverlapping(*operands, *operands.add(1), *count as usize) }
}

/// # Safety
/// As of all inner loops.
unsafe extern "C" fn select<T: Copy>(
    operands: *mut *mut u8,
    count: *const isize,
    steps: *const isize,
    _data: *mut c_void,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let at = |operand: usize, i: isize| (*operands.add(operand)).offset(i * *steps.add(operand));
        for i in 0..*count {
            let value = if *at(0, i) != 0 { (at(1, i) as *const T).read() } else { (at(2, i) as *const T).read() };
            (at(3, i) as *mut T).write(value);
        }
    }
}
