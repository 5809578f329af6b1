//! Specialization: instructions rewrite themselves in place after what they have seen.
//!
//! The first cache unit of an adaptive instruction is a counter, `value << 4 | backoff`. It counts down by one a run; at
//! zero the instruction looks at its operands and, if there is a faster form, becomes that. A specialized instruction
//! whose guard fails turns back at once ([`deopt`]) and waits a while (with exponential back-off if that keeps
//! happening) before it tries again.

pub mod attr;
pub mod call;

use super::frame::InterpreterFrame;
use super::opcode::*;
use crate::object::header::PyObject;
use crate::object::refs::PyClass;
use crate::types::dict::PyDict;
use crate::types::float::PyFloat;
use crate::types::generator::PyGenerator;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::list::iter::PyListIterator;
use crate::types::range::iterator::PyRangeIterator;
use crate::types::str::PyStr;
use crate::types::tuple::{PyTuple, PyTupleIterator};

/// Runs between a success and the next attempt of a specialized instruction that failed its guard.
const COOLDOWN: u16 = 52 << 4;
const MAX_BACKOFF: u16 = 12;

/// Counts one run of the adaptive instruction whose cache begins at `cache`; true when it is time to specialize.
#[inline(always)]
pub fn counter_triggers(cache: *mut u16) -> bool {
    // SAFETY: adaptive instructions have at least one cache unit.
    unsafe {
        let counter = *cache;
        if counter >> 4 == 0 {
            return true;
        }
        *cache = counter - 16;
        false
    }
}

/// The opcode of the instruction at `at`.
#[inline(always)]
pub fn opcode_at(at: *mut u16) -> u8 {
    // SAFETY: points into the running code.
    unsafe { *at as u8 }
}

/// Rewrites the opcode of the instruction at `at`.
#[inline(always)]
pub fn set_opcode(at: *mut u16, op: u8) {
    // SAFETY: points into the running code, which is rewritten only under the GIL.
    unsafe { *at = (*at & 0xff00) | op as u16 }
}

/// A guard failed: back to the adaptive form `base`, which is returned for dispatch.
#[cold]
#[inline(never)]
pub fn deopt(at: *mut u16, base: u8) -> u8 {
    set_opcode(at, base);
    // SAFETY: the instruction has a counter.
    unsafe {
        // The backoff survives in a success's cooldown only as zero; repeated failures wait longer through `failure`.
        *at.add(1) = COOLDOWN;
    }
    base
}

/// Becomes `op`.
pub fn success(at: *mut u16, op: u8) {
    set_opcode(at, op);
    // SAFETY: the instruction has a counter.
    unsafe { *at.add(1) = COOLDOWN };
}

/// There is no faster form for what was seen: try again later, each time waiting longer.
pub fn failure(at: *mut u16) {
    // SAFETY: the instruction has a counter.
    unsafe {
        let backoff = *at.add(1) & 15;
        let backoff = if backoff < MAX_BACKOFF { backoff + 1 } else { MAX_BACKOFF };
        *at.add(1) = ((1 << backoff) - 1) << 4 | backoff;
    }
}

fn become_if(at: *mut u16, op: Option<u8>) {
    match op {
        Some(op) => success(at, op),
        None => failure(at),
    }
}

/// Writes a number into cache units `n` and `n + 1` of the instruction at `at`.
pub fn write_u32(at: *mut u16, n: usize, value: u32) {
    // SAFETY: the instruction has that many units.
    unsafe { (at.add(1 + n) as *mut u32).write_unaligned(value) }
}

/// Writes a number into cache unit `n`.
pub fn write_u16(at: *mut u16, n: usize, value: u16) {
    // SAFETY: the instruction has that many units.
    unsafe { *at.add(1 + n) = value }
}

/// Writes a pointer into cache units `n` to `n + 3`.
pub fn write_ptr<T>(at: *mut u16, n: usize, value: *const T) {
    // SAFETY: the instruction has that many units.
    unsafe { (at.add(1 + n) as *mut *const T).write_unaligned(value) }
}

#[cold]
#[inline(never)]
pub fn binary_op(at: *mut u16, a: &PyObject, b: &PyObject, op: usize) {
    let ints = PyInt::check_exact(a) && PyInt::check_exact(b);
    let floats = PyFloat::check_exact(a) && PyFloat::check_exact(b);
    let special = match op {
        0 | 13 if ints => Some(BINARY_OP_ADD_INT),
        10 | 23 if ints => Some(BINARY_OP_SUBTRACT_INT),
        5 | 18 if ints => Some(BINARY_OP_MULTIPLY_INT),
        0 | 13 if floats => Some(BINARY_OP_ADD_FLOAT),
        10 | 23 if floats => Some(BINARY_OP_SUBTRACT_FLOAT),
        5 | 18 if floats => Some(BINARY_OP_MULTIPLY_FLOAT),
        0 | 13 if PyStr::check_exact(a) && PyStr::check_exact(b) => {
            // SAFETY: an instruction follows the caches.
            let next = unsafe { *at.add(1 + 5) } as u8;
            if next == STORE_FAST { Some(BINARY_OP_INPLACE_ADD_UNICODE) } else { Some(BINARY_OP_ADD_UNICODE) }
        }
        26 => subscript(at, a, b),
        _ if super::ops::arith::extend_value(op, a, b).is_some() => Some(BINARY_OP_EXTEND),
        _ => None,
    };
    become_if(at, special);
}

fn subscript(at: *mut u16, container: &PyObject, index: &PyObject) -> Option<u8> {
    if PyInt::check_exact(index) {
        if PyList::check_exact(container) {
            return Some(BINARY_OP_SUBSCR_LIST_INT);
        }
        if PyTuple::check_exact(container) {
            return Some(BINARY_OP_SUBSCR_TUPLE_INT);
        }
        if PyStr::check_exact(container) {
            return Some(BINARY_OP_SUBSCR_STR_INT);
        }
    }
    if PyDict::check_exact(container) {
        return Some(BINARY_OP_SUBSCR_DICT);
    }
    attr::getitem(at, container.ty())
}

#[cold]
#[inline(never)]
pub fn compare_op(at: *mut u16, a: &PyObject, b: &PyObject, arg: usize) {
    let special = if let (Some(x), Some(y)) = (a.downcast_exact::<PyInt>(), b.downcast_exact::<PyInt>()) {
        (x.is_compact() && y.is_compact()).then_some(COMPARE_OP_INT)
    } else if PyFloat::check_exact(a) && PyFloat::check_exact(b) {
        Some(COMPARE_OP_FLOAT)
    } else if PyStr::check_exact(a) && PyStr::check_exact(b) && matches!(arg >> 5, 2 | 3) {
        Some(COMPARE_OP_STR)
    } else {
        None
    };
    become_if(at, special);
}

#[cold]
#[inline(never)]
pub fn to_bool(at: *mut u16, value: &PyObject) {
    let ty = value.ty();
    let special = if crate::types::bool_::is_bool(value) {
        Some(TO_BOOL_BOOL)
    } else if PyInt::check_exact(value) {
        Some(TO_BOOL_INT)
    } else if PyList::check_exact(value) {
        Some(TO_BOOL_LIST)
    } else if crate::is_none(value) {
        Some(TO_BOOL_NONE)
    } else if PyStr::check_exact(value) {
        Some(TO_BOOL_STR)
    } else if ty.as_number().is_none_or(|n| n.nb_bool.get().is_none())
        && ty.as_mapping().is_none_or(|m| m.mp_length.get().is_none())
        && ty.as_sequence().is_none_or(|s| s.sq_length.get().is_none())
    {
        match crate::types::type_::lookup::version_tag(ty) {
            0 => None,
            version => {
                write_u32(at, 1, version);
                Some(TO_BOOL_ALWAYS_TRUE)
            }
        }
    } else {
        None
    };
    become_if(at, special);
}

#[cold]
#[inline(never)]
pub fn store_subscr(at: *mut u16, container: &PyObject, key: &PyObject) {
    let special = if PyDict::check_exact(container) {
        Some(STORE_SUBSCR_DICT)
    } else if let (Some(list), Some(index)) = (container.downcast_exact::<PyList>(), key.downcast_exact::<PyInt>()) {
        (index.is_compact() && index.compact_value() >= 0 && (index.compact_value() as usize) < list.len())
            .then_some(STORE_SUBSCR_LIST_INT)
    } else {
        None
    };
    become_if(at, special);
}

#[cold]
#[inline(never)]
pub fn for_iter(at: *mut u16, iterator: &PyObject) {
    let special = if PyRangeIterator::check_exact(iterator) {
        Some(FOR_ITER_RANGE)
    } else if PyListIterator::check_exact(iterator) {
        Some(FOR_ITER_LIST)
    } else if PyTupleIterator::check_exact(iterator) {
        Some(FOR_ITER_TUPLE)
    } else if PyGenerator::check_exact(iterator) {
        Some(FOR_ITER_GEN)
    } else {
        None
    };
    become_if(at, special);
}

/// Cache: counter, index, module keys version, builtin keys version (versions that fit 16 bits only).
#[cold]
#[inline(never)]
pub fn load_global(at: *mut u16, frame: &InterpreterFrame, arg: usize) {
    let special = specialize_global(at, frame, arg >> 1);
    become_if(at, special);
}

fn small_version(dict: &PyDict) -> Option<u16> {
    u16::try_from(dict.keys_version()).ok().filter(|&v| v != 0)
}

fn specialize_global(at: *mut u16, frame: &InterpreterFrame, name: usize) -> Option<u8> {
    // SAFETY: a Python frame and its own name index.
    let name = unsafe { frame.code().name_at(name) };
    let globals = frame.globals().downcast_exact::<PyDict>()?;
    if let Some(index) = globals.lookup_index(name) {
        let version = small_version(globals)?;
        write_u16(at, 1, u16::try_from(index).ok()?);
        write_u16(at, 2, version);
        return Some(LOAD_GLOBAL_MODULE);
    }
    let builtins = frame.builtins().downcast_exact::<PyDict>()?;
    let index = builtins.lookup_index(name)?;
    let (module_version, builtin_version) = (small_version(globals)?, small_version(builtins)?);
    write_u16(at, 1, u16::try_from(index).ok()?);
    write_u16(at, 2, module_version);
    write_u16(at, 3, builtin_version);
    Some(LOAD_GLOBAL_BUILTIN)
}
