//! numpy's scalars as objects.

use rpy_vm::object::header::PyObject;
use rpy_vm::object::typeobj::PyTypeObject;

use super::{known, layout};
use crate::ir::Scalar;

/// A new reference to the scalar with this number that has these bits (an integer's word, a double, 0 or 1): of exactly the type that
/// numpy would make.
pub extern "C" fn make(bits: u64, scalar: i64) -> *mut PyObject {
    let (Some(numpy), Some(scalar)) = (known(), Scalar::from_number(scalar)) else {
        // Traces have scalars only after numpy was recognised.
        std::process::abort()
    };
    if scalar == Scalar::Bool {
        // SAFETY: numpy's static objects.
        return unsafe { (*(numpy.bools[(bits & 1) as usize] as *const PyObject)).new_ref() }.into_raw();
    }
    let ty = numpy.scalars[scalar as usize] as *mut PyTypeObject;
    // SAFETY: a ready type, whose objects have their value at this offset.
    unsafe {
        let object = match (*ty).tp_alloc.get() {
            Some(alloc) => alloc(ty, 0),
            None => core::ptr::null_mut(),
        };
        if object.is_null() {
            // As where any number cannot be boxed.
            std::alloc::handle_alloc_error(core::alloc::Layout::new::<[u64; 3]>());
        }
        let value = (object as *mut u8).add(layout::SCALAR_VALUE);
        match scalar {
            Scalar::F32 => (value as *mut f32).write(f64::from_bits(bits) as f32),
            _ => match scalar.width().bytes() {
                1 => value.write(bits as u8),
                2 => (value as *mut u16).write(bits as u16),
                4 => (value as *mut u32).write(bits as u32),
                _ => (value as *mut u64).write(bits),
            },
        }
        object
    }
}

/// A number seen while recording.
#[derive(Clone, Copy, Debug)]
pub enum Real {
    Int(i64),
    Float(f64),
}

impl Real {
    pub fn as_f64(self) -> f64 {
        match self {
            Real::Int(value) => value as f64,
            Real::Float(value) => value,
        }
    }
}

/// The value of a scalar object.
///
/// # Safety
/// A live object of exactly that scalar type.
pub unsafe fn value(object: &PyObject, scalar: Scalar) -> Real {
    // SAFETY: the caller's promise.
    unsafe { read(object.as_ptr().cast::<u8>().add(layout::SCALAR_VALUE), scalar) }
}

/// The value of an element of an array, or of a scalar, in memory.
///
/// # Safety
/// The address of such a value.
pub unsafe fn read(at: *const u8, scalar: Scalar) -> Real {
    // SAFETY: the caller's promise.
    unsafe {
        match scalar {
            Scalar::Bool => Real::Int((*at != 0) as i64),
            Scalar::I8 => Real::Int(i64::from(*(at as *const i8))),
            Scalar::U8 => Real::Int(i64::from(*at)),
            Scalar::I16 => Real::Int(i64::from(*(at as *const i16))),
            Scalar::U16 => Real::Int(i64::from(*(at as *const u16))),
            Scalar::I32 => Real::Int(i64::from(*(at as *const i32))),
            Scalar::U32 => Real::Int(i64::from(*(at as *const u32))),
            Scalar::I64 | Scalar::U64 => Real::Int(*(at as *const i64)),
            Scalar::F32 => Real::Float(f64::from(*(at as *const f32))),
            Scalar::F64 => Real::Float(*(at as *const f64)),
        }
    }
}
