//! Unary and binary operators, comparisons, containment, truth.

use crate::err::PyResult;
use crate::interp::instructions::Fast;
use crate::interp::machine::Machine;
use crate::interp::opcode::*;
use crate::interp::stackref::StackRef;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass};
use crate::object::slots::CompareOp;
use crate::protocol::{number, object as protocol, sequence};
use crate::types::dict::PyDict;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;

/// Units of inline cache behind `BINARY_OP`.
pub const BINARY_CACHE: usize = 5;

/// `True` or `False` as a stack word (immortal, so borrowed).
#[inline(always)]
pub fn bool_ref(value: bool) -> StackRef {
    StackRef::borrowed(crate::types::bool_::as_object(value))
}

/// Replaces the top two words by `value` and closes them.
#[inline(always)]
fn replace2(m: &mut Machine<'_>, value: ObjRef) {
    let right = m.pop();
    let left = m.pop();
    m.push_owned(value);
    // SAFETY: popped; the result is in place before finalizers can run.
    unsafe {
        left.close();
        right.close();
    }
}

/// `BINARY_OP` for any operands.
#[inline(always)]
pub fn binary_op(m: &mut Machine<'_>, op: usize) -> PyResult<()> {
    // Whoever implements the operator may ask whether its operands are temporaries of this stack.
    m.ts.operator_stack.set(m.sp);
    let value = generic_binary(op, m.peek_obj(2), m.peek_obj(1));
    m.ts.operator_stack.set(core::ptr::null_mut());
    replace2(m, value?);
    m.skip(BINARY_CACHE);
    Ok(())
}

/// The operator with number `op` of `BINARY_OP`'s argument.
#[inline(never)]
pub fn generic_binary(op: usize, a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
    match op {
        0 => number::add(a, b),
        1 => number::and(a, b),
        2 => number::floor_divide(a, b),
        3 => number::lshift(a, b),
        4 => number::matrix_multiply(a, b),
        5 => number::multiply(a, b),
        6 => number::remainder(a, b),
        7 => number::or(a, b),
        8 => number::power(a, b, crate::none_ref()),
        9 => number::rshift(a, b),
        10 => number::subtract(a, b),
        11 => number::true_divide(a, b),
        12 => number::xor(a, b),
        13 => number::inplace_add(a, b),
        14 => number::inplace_and(a, b),
        15 => number::inplace_floor_divide(a, b),
        16 => number::inplace_lshift(a, b),
        17 => number::inplace_matrix_multiply(a, b),
        18 => number::inplace_multiply(a, b),
        19 => number::inplace_remainder(a, b),
        20 => number::inplace_or(a, b),
        21 => number::inplace_power(a, b, crate::none_ref()),
        22 => number::inplace_rshift(a, b),
        23 => number::inplace_subtract(a, b),
        24 => number::inplace_true_divide(a, b),
        25 => number::inplace_xor(a, b),
        26 => protocol::get_item(a, b),
        _ => Err(crate::exc::system_error(format!("unknown binary operator {op}"))),
    }
}

/// `+ - *` on two exact compact ints.
#[inline(always)]
pub fn int_op(m: &mut Machine<'_>, op: u8) -> Fast {
    let (a, b) = (m.peek_obj(2), m.peek_obj(1));
    let (Some(a), Some(b)) = (a.downcast_exact::<PyInt>(), b.downcast_exact::<PyInt>()) else { return Fast::Miss };
    if !PyInt::both_compact(a, b) {
        return Fast::Rare;
    }
    let (a, b) = (a.compact_value() as i64, b.compact_value() as i64);
    let value = match op {
        BINARY_OP_ADD_INT => a + b,
        BINARY_OP_SUBTRACT_INT => a - b,
        _ => a * b,
    };
    let Some(value) = PyInt::recycled(value) else { return Fast::Rare };
    replace2(m, value.into_obj());
    m.skip(BINARY_CACHE);
    Fast::Done
}

/// `+ - *` on two exact floats. An operand that only the stack holds is overwritten with the result.
#[inline(always)]
pub fn float_op(m: &mut Machine<'_>, op: u8) -> Fast {
    let (left, right) = (m.peek(2), m.peek(1));
    let (a, b) = (m.peek_obj(2), m.peek_obj(1));
    let (Some(x), Some(y)) = (a.downcast_exact::<PyFloat>(), b.downcast_exact::<PyFloat>()) else { return Fast::Miss };
    let value = match op {
        BINARY_OP_ADD_FLOAT => x.value() + y.value(),
        BINARY_OP_SUBTRACT_FLOAT => x.value() - y.value(),
        _ => x.value() * y.value(),
    };
    let (result, spare) = if !left.is_borrowed() && x.ob_base.refcount() == 1 {
        x.set_value(value);
        (left, right)
    } else if !right.is_borrowed() && y.ob_base.refcount() == 1 {
        y.set_value(value);
        (right, left)
    } else {
        let Some(float) = PyFloat::recycled(value) else { return Fast::Rare };
        replace2(m, float.into_obj());
        m.skip(BINARY_CACHE);
        return Fast::Done;
    };
    m.set_peek(2, result);
    m.shrink(1);
    // SAFETY: moved out.
    unsafe { spare.close() };
    m.skip(BINARY_CACHE);
    Fast::Done
}

/// The remaining number-only operators on exact ints and floats, mixed as they come: everything that neither raises nor
/// runs Python code. Answers false to fall back.
#[inline(always)]
pub fn extend(m: &mut Machine<'_>, op: usize) -> bool {
    let (a, b) = (m.peek_obj(2), m.peek_obj(1));
    let value = match extend_value(op, a, b) {
        Some(value) => value,
        None => return false,
    };
    replace2(m, value);
    m.skip(BINARY_CACHE);
    true
}

/// As [`extend`], on values. `None` where the generic path must decide.
#[inline(never)]
pub fn extend_value(op: usize, a: &PyObject, b: &PyObject) -> Option<ObjRef> {
    if let (Some(x), Some(y)) = (a.downcast_exact::<PyInt>(), b.downcast_exact::<PyInt>()) {
        return int_extend(op, x, y);
    }
    let x = as_double(a)?;
    let y = as_double(b)?;
    let value = match op {
        0 | 13 => x + y,
        5 | 18 => x * y,
        10 | 23 => x - y,
        11 | 24 if y != 0.0 => x / y,
        _ => return None,
    };
    Some(PyFloat::new(value).into_obj())
}

/// An exact float, or an exact compact int, as a double.
#[inline(always)]
fn as_double(object: &PyObject) -> Option<f64> {
    if let Some(f) = object.downcast_exact::<PyFloat>() {
        return Some(f.value());
    }
    let i = object.downcast_exact::<PyInt>()?;
    if i.is_compact() { Some(i.compact_value() as f64) } else { None }
}

fn int_extend(op: usize, x: &PyInt, y: &PyInt) -> Option<ObjRef> {
    if !x.is_compact() || !y.is_compact() {
        return None;
    }
    let (a, b) = (x.compact_value() as i64, y.compact_value() as i64);
    let value = match op {
        1 | 14 => a & b,
        7 | 20 => a | b,
        12 | 25 => a ^ b,
        2 | 15 if b != 0 => {
            let q = a / b;
            if (a % b != 0) && ((a < 0) != (b < 0)) { q - 1 } else { q }
        }
        6 | 19 if b != 0 => {
            let r = a % b;
            if r != 0 && ((r < 0) != (b < 0)) { r + b } else { r }
        }
        3 | 16 if (0..=32).contains(&b) => a << b,
        9 | 22 if b >= 0 => a >> b.min(63),
        11 | 24 if b != 0 => return Some(PyFloat::new(a as f64 / b as f64).into_obj()),
        _ => return None,
    };
    Some(PyInt::from_i64(value).into_obj())
}

/// `str + str`.
#[inline(always)]
pub fn add_unicode(m: &mut Machine<'_>) -> Option<PyResult<()>> {
    let (a, b) = (m.peek_obj(2), m.peek_obj(1));
    let (a, b) = (a.downcast_exact::<PyStr>()?, b.downcast_exact::<PyStr>()?);
    Some(match PyStr::concat(a, b) {
        Ok(value) => {
            replace2(m, value.into_obj());
            m.skip(BINARY_CACHE);
            Ok(())
        }
        Err(e) => Err(e),
    })
}

/// `s = s + t` or `s += t` where the next instruction stores into the local that `s` came from: the local lets go of the
/// string first, so that it can grow in place.
#[inline(always)]
pub fn inplace_add_unicode(m: &mut Machine<'_>) -> Option<PyResult<()>> {
    let (a, b) = (m.peek_obj(2), m.peek_obj(1));
    if !PyStr::check_exact(a) || !PyStr::check_exact(b) {
        return None;
    }
    // SAFETY: the next instruction follows the caches; specialization saw a STORE_FAST there.
    let next = unsafe { *m.ip.add(BINARY_CACHE) };
    if next as u8 != STORE_FAST {
        return None;
    }
    let index = (next >> 8) as usize;
    let local = m.local(index);
    if local.as_ptr() != a.as_ptr() {
        return None;
    }
    let right = m.pop();
    let left = m.pop();
    // The local's word and the stack's word are both references to `a`: keep exactly one, owned.
    let local = m.swap_local(index, StackRef::NULL);
    // SAFETY: both words are for the same live string; each is consumed once.
    let result = unsafe {
        let owned = local.into_owned();
        left.close();
        PyStr::append_in_place(owned.cast_unchecked(), right.get().cast_unchecked_ref())
    };
    // SAFETY: popped.
    unsafe { right.close() };
    Some(match result {
        Ok(value) => {
            m.skip(BINARY_CACHE + 1);
            m.swap_local(index, StackRef::owned_from(value));
            Ok(())
        }
        Err(e) => Err(e),
    })
}

#[inline(always)]
pub fn unary(m: &mut Machine<'_>, f: fn(&PyObject) -> PyResult<ObjRef>) -> PyResult<()> {
    let value = f(m.peek_obj(1))?;
    let old = m.pop();
    m.push_owned(value);
    // SAFETY: popped.
    unsafe { old.close() };
    Ok(())
}

/// Rich comparison; bit 4 of the argument asks for a bool.
#[inline(always)]
pub fn compare_op(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    let op = CompareOp::from_c((arg >> 5) as i32);
    let value = generic_compare(m.peek_obj(2), m.peek_obj(1), op, arg & 16 != 0)?;
    replace2(m, value);
    m.skip(1);
    Ok(())
}

#[inline(never)]
fn generic_compare(a: &PyObject, b: &PyObject, op: CompareOp, to_bool: bool) -> PyResult<ObjRef> {
    let value = protocol::rich_compare(a, b, op)?;
    if to_bool && !crate::types::bool_::is_bool(&value) {
        return Ok(crate::py_bool(protocol::is_true(&value)?));
    }
    Ok(value)
}

#[inline(always)]
fn finish_compare(m: &mut Machine<'_>, result: bool) {
    let right = m.pop();
    let left = m.pop();
    // SAFETY: exact ints, floats and strings have no finalizers.
    unsafe {
        left.close();
        right.close();
    }
    m.push(bool_ref(result));
    m.skip(1);
}

#[inline(always)]
pub fn compare_int(m: &mut Machine<'_>, arg: usize) -> bool {
    let (a, b) = (m.peek_obj(2), m.peek_obj(1));
    let (Some(a), Some(b)) = (a.downcast_exact::<PyInt>(), b.downcast_exact::<PyInt>()) else { return false };
    if !a.is_compact() || !b.is_compact() {
        return false;
    }
    let op = CompareOp::from_c((arg >> 5) as i32);
    let result = op.matches(a.compact_value().cmp(&b.compact_value()));
    finish_compare(m, result);
    true
}

#[inline(always)]
pub fn compare_float(m: &mut Machine<'_>, arg: usize) -> bool {
    let (a, b) = (m.peek_obj(2), m.peek_obj(1));
    let (Some(a), Some(b)) = (a.downcast_exact::<PyFloat>(), b.downcast_exact::<PyFloat>()) else { return false };
    let (x, y) = (a.value(), b.value());
    let result = match arg >> 5 {
        0 => x < y,
        1 => x <= y,
        2 => x == y,
        3 => x != y,
        4 => x > y,
        _ => x >= y,
    };
    finish_compare(m, result);
    true
}

/// `==` and `!=` on exact strings.
#[inline(always)]
pub fn compare_str(m: &mut Machine<'_>, arg: usize) -> bool {
    let (a, b) = (m.peek_obj(2), m.peek_obj(1));
    let (Some(a), Some(b)) = (a.downcast_exact::<PyStr>(), b.downcast_exact::<PyStr>()) else { return false };
    let equal = core::ptr::eq(a, b) || PyStr::str_eq(a, b);
    let result = match arg >> 5 {
        2 => equal,
        3 => !equal,
        _ => return false,
    };
    finish_compare(m, result);
    true
}

/// `in` and `not in`.
#[inline(always)]
pub fn contains_op(m: &mut Machine<'_>, invert: usize) -> PyResult<()> {
    let (needle, container) = (m.peek_obj(2), m.peek_obj(1));
    let found = contains(container, needle)?;
    let right = m.pop();
    let left = m.pop();
    m.push(bool_ref(found != (invert != 0)));
    // SAFETY: popped.
    unsafe {
        left.close();
        right.close();
    }
    m.skip(1);
    Ok(())
}

#[inline(never)]
fn contains(container: &PyObject, needle: &PyObject) -> PyResult<bool> {
    if let Some(dict) = container.downcast_exact::<PyDict>() {
        return dict.contains(needle);
    }
    sequence::contains(container, needle)
}

#[inline(always)]
pub fn to_bool(m: &mut Machine<'_>) -> PyResult<()> {
    let value = m.peek_obj(1);
    if !crate::types::bool_::is_bool(value) {
        let truth = protocol::is_true(value)?;
        let old = m.pop();
        m.push(bool_ref(truth));
        // SAFETY: popped.
        unsafe { old.close() };
    }
    m.skip(3);
    Ok(())
}

#[inline(always)]
pub fn to_bool_special(m: &mut Machine<'_>, op: u8) -> bool {
    let value = m.peek_obj(1);
    let truth = match op {
        TO_BOOL_INT => match value.downcast_exact::<PyInt>() {
            Some(i) => i.sign() != 0,
            None => return false,
        },
        TO_BOOL_LIST => match value.downcast_exact::<PyList>() {
            Some(l) => l.len() != 0,
            None => return false,
        },
        TO_BOOL_NONE if crate::is_none(value) => false,
        TO_BOOL_STR => match value.downcast_exact::<PyStr>() {
            Some(s) => s.len() != 0,
            None => return false,
        },
        TO_BOOL_ALWAYS_TRUE => {
            let version = m.cache32(1);
            if version == 0 || value.ty().tp_version_tag.get() != version {
                return false;
            }
            true
        }
        _ => return false,
    };
    let old = m.pop();
    m.push(bool_ref(truth));
    // SAFETY: popped.
    unsafe { old.close() };
    m.skip(3);
    true
}
