//! Numbers: binary, in-place and unary operators, and conversions to int, float and index.
//!
//! The rule for `a + b`: try the left operand's slot, then the right one's, except that a right operand whose type is a
//! proper subtype of the left one's goes first, and that one function serving both types is called only once. A slot
//! declines by returning `NotImplemented`. Sequences join in after that, for `+` and `*`.

use core::cell::Cell;

use crate::PyResult;
use crate::err::PyErr;
use crate::exc;
use crate::object::slots::{PyNumberMethods, binaryfunc, ssizeargfunc, ternaryfunc, unaryfunc};
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::str::PyStr;

/// The operators of `BINARY_OP`, with CPython's numbers (`NB_ADD`, ...).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum BinaryOp {
    Add = 0,
    And = 1,
    FloorDivide = 2,
    Lshift = 3,
    MatrixMultiply = 4,
    Multiply = 5,
    Remainder = 6,
    Or = 7,
    Power = 8,
    Rshift = 9,
    Subtract = 10,
    TrueDivide = 11,
    Xor = 12,
    InplaceAdd = 13,
    InplaceAnd = 14,
    InplaceFloorDivide = 15,
    InplaceLshift = 16,
    InplaceMatrixMultiply = 17,
    InplaceMultiply = 18,
    InplaceRemainder = 19,
    InplaceOr = 20,
    InplacePower = 21,
    InplaceRshift = 22,
    InplaceSubtract = 23,
    InplaceTrueDivide = 24,
    InplaceXor = 25,
    Subscript = 26,
}

impl BinaryOp {
    /// From the instruction's argument.
    #[inline(always)]
    pub const fn from_oparg(oparg: u32) -> Option<BinaryOp> {
        if oparg <= BinaryOp::Subscript as u32 {
            // SAFETY: the discriminants are 0..=26 without gaps.
            Some(unsafe { core::mem::transmute::<u8, BinaryOp>(oparg as u8) })
        } else {
            None
        }
    }
}

/// `a op b` for an operator known at run time.
pub fn binary_op(op: BinaryOp, a: &PyObject, b: &PyObject) -> PyResult {
    match op {
        BinaryOp::Add => add(a, b),
        BinaryOp::And => and(a, b),
        BinaryOp::FloorDivide => floor_divide(a, b),
        BinaryOp::Lshift => lshift(a, b),
        BinaryOp::MatrixMultiply => matrix_multiply(a, b),
        BinaryOp::Multiply => multiply(a, b),
        BinaryOp::Remainder => remainder(a, b),
        BinaryOp::Or => or(a, b),
        BinaryOp::Power => power(a, b, crate::none_ref()),
        BinaryOp::Rshift => rshift(a, b),
        BinaryOp::Subtract => subtract(a, b),
        BinaryOp::TrueDivide => true_divide(a, b),
        BinaryOp::Xor => xor(a, b),
        BinaryOp::InplaceAdd => inplace_add(a, b),
        BinaryOp::InplaceAnd => inplace_and(a, b),
        BinaryOp::InplaceFloorDivide => inplace_floor_divide(a, b),
        BinaryOp::InplaceLshift => inplace_lshift(a, b),
        BinaryOp::InplaceMatrixMultiply => inplace_matrix_multiply(a, b),
        BinaryOp::InplaceMultiply => inplace_multiply(a, b),
        BinaryOp::InplaceRemainder => inplace_remainder(a, b),
        BinaryOp::InplaceOr => inplace_or(a, b),
        BinaryOp::InplacePower => inplace_power(a, b, crate::none_ref()),
        BinaryOp::InplaceRshift => inplace_rshift(a, b),
        BinaryOp::InplaceSubtract => inplace_subtract(a, b),
        BinaryOp::InplaceTrueDivide => inplace_true_divide(a, b),
        BinaryOp::InplaceXor => inplace_xor(a, b),
        BinaryOp::Subscript => crate::protocol::object::get_item(a, b),
    }
}

/// Reads one slot of a type's number suite.
#[inline(always)]
fn slot<F: Copy>(ty: &PyTypeObject, get: impl Fn(&PyNumberMethods) -> &Cell<Option<F>>) -> Option<F> {
    ty.as_number().and_then(|suite| get(suite).get())
}

/// Calls a binary slot.
#[inline(always)]
fn call2(function: binaryfunc, a: &PyObject, b: &PyObject) -> PyResult {
    // SAFETY: a slot of one of the operands' types, called with live operands.
    unsafe { ObjRef::from_c_result(function(a.as_ptr(), b.as_ptr())) }
}

/// The dispatch rule; `NotImplemented` if both sides declined.
#[inline(always)]
pub(super) fn binary_slots(
    a: &PyObject,
    b: &PyObject,
    get: impl Fn(&PyNumberMethods) -> &Cell<Option<binaryfunc>> + Copy,
) -> PyResult {
    let (ty_a, ty_b) = (a.ty(), b.ty());
    let left = slot(ty_a, get);
    let mut right = None;
    if !core::ptr::eq(ty_a, ty_b) {
        right = slot(ty_b, get);
        if let (Some(l), Some(r)) = (left, right)
            && l as usize == r as usize
        {
            right = None;
        }
    }
    if let Some(left) = left {
        if let Some(r) = right
            && ty_b.is_subtype(ty_a)
        {
            let result = call2(r, a, b)?;
            if !crate::is_not_implemented(&result) {
                return Ok(result);
            }
            right = None;
        }
        let result = call2(left, a, b)?;
        if !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    if let Some(right) = right {
        return call2(right, a, b);
    }
    Ok(crate::not_implemented())
}

/// The slot of a plain operator by its number, but for `**`, which has a third operand.
fn plain_slot(number: usize) -> Option<fn(&PyNumberMethods) -> &Cell<Option<binaryfunc>>> {
    Some(match number {
        0 => |n| &n.nb_add,
        1 => |n| &n.nb_and,
        2 => |n| &n.nb_floor_divide,
        3 => |n| &n.nb_lshift,
        4 => |n| &n.nb_matrix_multiply,
        5 => |n| &n.nb_multiply,
        6 => |n| &n.nb_remainder,
        7 => |n| &n.nb_or,
        9 => |n| &n.nb_rshift,
        10 => |n| &n.nb_subtract,
        11 => |n| &n.nb_true_divide,
        12 => |n| &n.nb_xor,
        _ => return None,
    })
}

/// What a type has for a plain operator by its number, but for `**`.
pub fn binary_slot(number: usize, ty: &PyTypeObject) -> Option<binaryfunc> {
    slot(ty, plain_slot(number)?)
}

/// `a op b` for a plain operator by its number, without what sequences have to say; `NotImplemented` if both sides declined.
pub(crate) fn binary_without_sequences(number: usize, a: &PyObject, b: &PyObject) -> PyResult {
    match plain_slot(number) {
        Some(get) => binary_slots(a, b, get),
        // It raises by itself.
        None if number == BinaryOp::Power as usize => power_slots(a, b, crate::none_ref(), "**="),
        None => Ok(crate::not_implemented()),
    }
}

/// `TypeError: unsupported operand type(s) for ...`.
#[cold]
#[inline(never)]
pub fn unsupported(op: &str, a: &PyObject, b: &PyObject) -> PyErr {
    exc::type_error(format!(
        "unsupported operand type(s) for {op}: '{}' and '{}'",
        a.ty().full_name(),
        b.ty().full_name()
    ))
}

/// The result, or the error if both sides declined.
#[inline(always)]
fn implemented(result: ObjRef, op: &str, a: &PyObject, b: &PyObject) -> PyResult {
    if crate::is_not_implemented(&result) { Err(unsupported(op, a, b)) } else { Ok(result) }
}

/// The in-place slot of the left operand, then the rule for the plain operator; `NotImplemented` if all declined.
#[inline(always)]
pub(super) fn inplace_slots(
    a: &PyObject,
    b: &PyObject,
    inplace: impl Fn(&PyNumberMethods) -> &Cell<Option<binaryfunc>>,
    plain: impl Fn(&PyNumberMethods) -> &Cell<Option<binaryfunc>> + Copy,
) -> PyResult {
    if let Some(function) = slot(a.ty(), inplace) {
        let result = call2(function, a, b)?;
        if !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    binary_slots(a, b, plain)
}

/// The operators that only numbers have, and their in-place forms.
macro_rules! operators {
    ($($name:ident, $slot:ident, $inplace:ident, $inplace_slot:ident, $symbol:literal;)*) => { $(
        #[doc = concat!("`a ", $symbol, " b`.")]
        pub fn $name(a: &PyObject, b: &PyObject) -> PyResult {
            implemented(binary_slots(a, b, |n| &n.$slot)?, $symbol, a, b)
        }
        #[doc = concat!("`a ", $symbol, "= b`: the new value of `a`.")]
        pub fn $inplace(a: &PyObject, b: &PyObject) -> PyResult {
            implemented(inplace_slots(a, b, |n| &n.$inplace_slot, |n| &n.$slot)?, concat!($symbol, "="), a, b)
        }
    )* };
}

operators! {
    subtract, nb_subtract, inplace_subtract, nb_inplace_subtract, "-";
    matrix_multiply, nb_matrix_multiply, inplace_matrix_multiply, nb_inplace_matrix_multiply, "@";
    floor_divide, nb_floor_divide, inplace_floor_divide, nb_inplace_floor_divide, "//";
    true_divide, nb_true_divide, inplace_true_divide, nb_inplace_true_divide, "/";
    remainder, nb_remainder, inplace_remainder, nb_inplace_remainder, "%";
    lshift, nb_lshift, inplace_lshift, nb_inplace_lshift, "<<";
    and, nb_and, inplace_and, nb_inplace_and, "&";
    or, nb_or, inplace_or, nb_inplace_or, "|";
    xor, nb_xor, inplace_xor, nb_inplace_xor, "^";
}

/// `a >> b`.
pub fn rshift(a: &PyObject, b: &PyObject) -> PyResult {
    let result = binary_slots(a, b, |n| &n.nb_rshift)?;
    if !crate::is_not_implemented(&result) {
        return Ok(result);
    }
    // Somebody still writes Python 2.
    if let Some(function) = a.downcast_exact::<crate::types::builtin_function::PyCFunction>()
        && function.name() == "print"
    {
        return Err(exc::type_error(format!(
            "unsupported operand type(s) for >>: '{}' and '{}'. Did you mean \"print(<message>, file=<output_stream>)\"?",
            a.ty().full_name(),
            b.ty().full_name()
        )));
    }
    Err(unsupported(">>", a, b))
}

/// `a >>= b`: the new value of `a`.
pub fn inplace_rshift(a: &PyObject, b: &PyObject) -> PyResult {
    implemented(inplace_slots(a, b, |n| &n.nb_inplace_rshift, |n| &n.nb_rshift)?, ">>=", a, b)
}

/// `divmod(a, b)`.
pub fn divmod(a: &PyObject, b: &PyObject) -> PyResult {
    implemented(binary_slots(a, b, |n| &n.nb_divmod)?, "divmod()", a, b)
}

/// `a + b`; also joins sequences.
pub fn add(a: &PyObject, b: &PyObject) -> PyResult {
    let result = binary_slots(a, b, |n| &n.nb_add)?;
    if !crate::is_not_implemented(&result) {
        return Ok(result);
    }
    match a.ty().as_sequence().and_then(|s| s.sq_concat.get()) {
        Some(concat) => call2(concat, a, b),
        None => Err(unsupported("+", a, b)),
    }
}

/// `a += b`: the new value of `a`.
pub fn inplace_add(a: &PyObject, b: &PyObject) -> PyResult {
    let result = inplace_slots(a, b, |n| &n.nb_inplace_add, |n| &n.nb_add)?;
    if !crate::is_not_implemented(&result) {
        return Ok(result);
    }
    match a.ty().as_sequence().and_then(|s| s.sq_inplace_concat.get().or(s.sq_concat.get())) {
        Some(concat) => call2(concat, a, b),
        None => Err(unsupported("+=", a, b)),
    }
}

/// `sequence * count`.
fn repeat(function: ssizeargfunc, sequence: &PyObject, count: &PyObject) -> PyResult {
    if !is_index(count) {
        return Err(exc::type_error(format!(
            "can't multiply sequence by non-int of type '{}'",
            count.ty().full_name()
        )));
    }
    let count = as_isize(count, Some(exc::OverflowError()))?;
    // SAFETY: a slot of the sequence's type.
    unsafe { ObjRef::from_c_result(function(sequence.as_ptr(), count)) }
}

/// `a * b`; also repeats sequences.
pub fn multiply(a: &PyObject, b: &PyObject) -> PyResult {
    let result = binary_slots(a, b, |n| &n.nb_multiply)?;
    if !crate::is_not_implemented(&result) {
        return Ok(result);
    }
    if let Some(function) = a.ty().as_sequence().and_then(|s| s.sq_repeat.get()) {
        return repeat(function, a, b);
    }
    if let Some(function) = b.ty().as_sequence().and_then(|s| s.sq_repeat.get()) {
        return repeat(function, b, a);
    }
    Err(unsupported("*", a, b))
}

/// `a *= b`: the new value of `a`.
pub fn inplace_multiply(a: &PyObject, b: &PyObject) -> PyResult {
    let result = inplace_slots(a, b, |n| &n.nb_inplace_multiply, |n| &n.nb_multiply)?;
    if !crate::is_not_implemented(&result) {
        return Ok(result);
    }
    if let Some(suite) = a.ty().as_sequence() {
        if let Some(function) = suite.sq_inplace_repeat.get().or(suite.sq_repeat.get()) {
            return repeat(function, a, b);
        }
    } else if let Some(function) = b.ty().as_sequence().and_then(|s| s.sq_repeat.get()) {
        // The right operand is not the one to change.
        return repeat(function, b, a);
    }
    Err(unsupported("*=", a, b))
}

/// Calls a ternary slot.
fn call3(function: ternaryfunc, a: &PyObject, b: &PyObject, c: &PyObject) -> PyResult {
    // SAFETY: a slot of one of the operands' types, called with live operands.
    unsafe { ObjRef::from_c_result(function(a.as_ptr(), b.as_ptr(), c.as_ptr())) }
}

/// The dispatch rule for `pow` with three operands.
fn power_slots(a: &PyObject, b: &PyObject, c: &PyObject, op: &str) -> PyResult {
    let (ty_a, ty_b) = (a.ty(), b.ty());
    let left = slot(ty_a, |n| &n.nb_power);
    let mut right = None;
    if !core::ptr::eq(ty_a, ty_b) {
        right = slot(ty_b, |n| &n.nb_power);
        if let (Some(l), Some(r)) = (left, right)
            && l as usize == r as usize
        {
            right = None;
        }
    }
    let tried_left = left;
    let mut tried_right = right;
    if let Some(left) = left {
        if let Some(r) = right
            && ty_b.is_subtype(ty_a)
        {
            let result = call3(r, a, b, c)?;
            if !crate::is_not_implemented(&result) {
                return Ok(result);
            }
            right = None;
        }
        let result = call3(left, a, b, c)?;
        if !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    if let Some(right) = right {
        let result = call3(right, a, b, c)?;
        if !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    if let Some(third) = slot(c.ty(), |n| &n.nb_power) {
        let same = |other: Option<ternaryfunc>| other.is_some_and(|f| f as usize == third as usize);
        if same(tried_left) {
            tried_right = tried_left;
        }
        if !same(tried_right) {
            let result = call3(third, a, b, c)?;
            if !crate::is_not_implemented(&result) {
                return Ok(result);
            }
        }
    }
    if crate::is_none(c) {
        Err(unsupported(op, a, b))
    } else {
        Err(exc::type_error(format!(
            "unsupported operand type(s) for {op}: '{}', '{}', '{}'",
            a.ty().full_name(),
            b.ty().full_name(),
            c.ty().full_name()
        )))
    }
}

/// `pow(a, b, c)`; `c` is `None` for `a ** b`.
pub fn power(a: &PyObject, b: &PyObject, c: &PyObject) -> PyResult {
    power_slots(a, b, c, "** or pow()")
}

/// `a **= b`: the new value of `a`.
pub fn inplace_power(a: &PyObject, b: &PyObject, c: &PyObject) -> PyResult {
    if let Some(function) = slot(a.ty(), |n| &n.nb_inplace_power) {
        let result = call3(function, a, b, c)?;
        if !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    power_slots(a, b, c, "**=")
}

/// Calls a unary slot, or says that there is none.
#[inline(always)]
fn unary(o: &PyObject, function: Option<unaryfunc>, op: &str) -> PyResult {
    match function {
        // SAFETY: a slot of the operand's type.
        Some(function) => unsafe { ObjRef::from_c_result(function(o.as_ptr())) },
        None => Err(exc::type_error(format!("bad operand type for {op}: '{}'", o.ty().full_name()))),
    }
}

/// `-o`.
pub fn negative(o: &PyObject) -> PyResult {
    unary(o, slot(o.ty(), |n| &n.nb_negative), "unary -")
}

/// `+o`.
pub fn positive(o: &PyObject) -> PyResult {
    unary(o, slot(o.ty(), |n| &n.nb_positive), "unary +")
}

/// `~o`.
pub fn invert(o: &PyObject) -> PyResult {
    unary(o, slot(o.ty(), |n| &n.nb_invert), "unary ~")
}

/// `abs(o)`.
pub fn absolute(o: &PyObject) -> PyResult {
    unary(o, slot(o.ty(), |n| &n.nb_absolute), "abs()")
}

/// Is it usable as an index (has it `__index__`)?
#[inline]
pub fn is_index(o: &PyObject) -> bool {
    slot(o.ty(), |n| &n.nb_index).is_some()
}

/// Is it a number (`PyNumber_Check`)?
pub fn check(o: &PyObject) -> bool {
    o.ty()
        .as_number()
        .is_some_and(|n| n.nb_index.get().is_some() || n.nb_int.get().is_some() || n.nb_float.get().is_some())
        || crate::types::complex::PyComplex::check(o)
}

/// Narrows to an int of whatever class.
#[inline(always)]
fn as_int(o: &PyObject) -> Option<&PyInt> {
    // SAFETY: the flag says so.
    o.ty().has_flag(flags::LONG_SUBCLASS).then(|| unsafe { o.cast_unchecked_ref::<PyInt>() })
}

/// `operator.index(o)`; may be an instance of a subclass of int.
#[inline]
pub fn index(o: &PyObject) -> PyResult<Ref<PyInt>> {
    match as_int(o) {
        Some(int) => Ok(int.to_ref()),
        None => index_slow(o),
    }
}

#[cold]
fn index_slow(o: &PyObject) -> PyResult<Ref<PyInt>> {
    let Some(function) = slot(o.ty(), |n| &n.nb_index) else {
        return Err(exc::type_error(format!("'{}' object cannot be interpreted as an integer", o.ty().full_name())));
    };
    // SAFETY: a slot of the operand's type.
    let result = unsafe { ObjRef::from_c_result(function(o.as_ptr()))? };
    int_result(result, "__index__")
}

/// Checks what `__index__` or `__int__` gave: an int, or with a warning an instance of a subclass.
fn int_result(result: ObjRef, method: &str) -> PyResult<Ref<PyInt>> {
    if PyInt::check_exact(&result) {
        // SAFETY: just checked.
        return Ok(unsafe { result.cast_unchecked() });
    }
    if as_int(&result).is_none() {
        return Err(exc::type_error(format!("{method} returned non-int (type {})", result.ty().full_name())));
    }
    crate::runtime::warnings::warn(
        exc::DeprecationWarning(),
        &*format!(
            "{method} returned non-int (type {}).  The ability to return an instance of a strict subclass of int is \
             deprecated, and may be removed in a future version of Python.",
            result.ty().full_name()
        ),
        1,
    )?;
    // SAFETY: its flag says that it is an int.
    Ok(unsafe { result.cast_unchecked() })
}

/// As [`index`], but exactly an int, not of a subclass (`PyNumber_Index`).
pub fn index_exact(o: &PyObject) -> PyResult<Ref<PyInt>> {
    Ok(exact_int(index(o)?))
}

/// A plain int of the same value.
fn exact_int(int: Ref<PyInt>) -> Ref<PyInt> {
    if PyInt::check_exact(int.as_object()) { int } else { PyInt::from_bigint(&int.to_bigint()) }
}

/// The index as `isize`. What does not fit raises `overflow`, or is clipped if that is `None`.
pub fn as_isize(o: &PyObject, overflow: Option<&PyTypeObject>) -> PyResult<isize> {
    let int = index(o)?;
    if let Some(value) = int.as_i64() {
        return Ok(value as isize);
    }
    match overflow {
        None => Ok(if int.sign() < 0 { isize::MIN } else { isize::MAX }),
        Some(ty) => Err(PyErr::new(ty, format!("cannot fit '{}' into an index-sized integer", o.ty().full_name()))),
    }
}

/// `int(o)` (`PyNumber_Long`): by `__int__`, `__index__`, or parsing text and bytes.
pub fn long(o: &PyObject) -> PyResult<Ref<PyInt>> {
    if let Some(int) = o.downcast_exact::<PyInt>() {
        return Ok(int.to_ref());
    }
    if let Some(function) = slot(o.ty(), |n| &n.nb_int) {
        // SAFETY: a slot of the operand's type.
        let result = unsafe { ObjRef::from_c_result(function(o.as_ptr()))? };
        return Ok(exact_int(int_result(result, "__int__")?));
    }
    if is_index(o) {
        return index_exact(o);
    }
    crate::types::int::parse_int_object(o, 10)
}

/// `float(o)` as a Rust number (`PyNumber_Float`): by `__float__`, `__index__`, or parsing text and bytes.
pub fn to_float(o: &PyObject) -> PyResult<f64> {
    match numeric_f64(o)? {
        Some(value) => Ok(value),
        None => crate::types::float::parse_float_object(o),
    }
}

/// The value of a real number (`PyFloat_AsDouble`): by `__float__` or `__index__`; text is refused.
pub fn float(o: &PyObject) -> PyResult<f64> {
    match numeric_f64(o)? {
        Some(value) => Ok(value),
        None => Err(exc::type_error(format!("must be real number, not {}", o.ty().full_name()))),
    }
}

/// The value of a real number (`PyFloat_AsDouble`).
#[inline]
pub fn as_f64(o: &PyObject) -> PyResult<f64> {
    match o.downcast_exact::<PyFloat>() {
        Some(float) => Ok(float.value()),
        None => float(o),
    }
}

/// By `__float__`, then `__index__`; `None` if there is neither.
fn numeric_f64(o: &PyObject) -> PyResult<Option<f64>> {
    if let Some(float) = o.downcast_exact::<PyFloat>() {
        return Ok(Some(float.value()));
    }
    if let Some(function) = slot(o.ty(), |n| &n.nb_float) {
        // SAFETY: a slot of the operand's type.
        let result = unsafe { ObjRef::from_c_result(function(o.as_ptr()))? };
        let Some(float) = result.downcast_ref::<PyFloat>() else {
            return Err(exc::type_error(format!(
                "{}.__float__ returned non-float (type {})",
                o.ty().full_name(),
                result.ty().full_name()
            )));
        };
        if !PyFloat::check_exact(&result) {
            crate::runtime::warnings::warn(
                exc::DeprecationWarning(),
                &*format!(
                    "{}.__float__ returned non-float (type {}).  The ability to return an instance of a strict subclass \
                     of float is deprecated, and may be removed in a future version of Python.",
                    o.ty().full_name(),
                    result.ty().full_name()
                ),
                1,
            )?;
        }
        return Ok(Some(float.value()));
    }
    if is_index(o) {
        return index(o)?.to_f64().map(Some);
    }
    // A float subclass whose `__float__` slot is gone still is a float.
    Ok(o.downcast_ref::<PyFloat>().map(PyFloat::value))
}

/// `bin(o)`, `oct(o)`, `hex(o)` (`PyNumber_ToBase`); base 10 gives plain decimals.
pub fn to_base(o: &PyObject, base: u32) -> PyResult<Ref<PyStr>> {
    let int = index(o)?;
    if base == 10 {
        return crate::types::int::to_decimal(&int);
    }
    if !matches!(base, 2 | 8 | 16) {
        return Err(exc::system_error("PyNumber_ToBase: base must be 2, 8, 10 or 16"));
    }
    Ok(PyStr::from_string(int.to_prefixed_string(base)?))
}
