//! `int`: arbitrary-size integers in CPython's layout.
//!
//! ```text
//! offset 16  lv_tag   usize   bits 0..1 sign (0 positive, 1 zero, 2 negative), bit 2 static small int, bits 3.. digit count
//!        24  ob_digit u32...  30 bits each, least significant first
//! ```
//!
//! Values are normalised: the top digit is not zero, and zero has no digits (though `ob_digit[0]` is readable and zero). A
//! value of at most one digit is *compact*: `lv_tag < 16`. Ints from -5 to 256 are static immortal objects, so that taking
//! one is address arithmetic. One- and two-digit ints live in blocks of 32 bytes and share a free list.
//!
//! [`arith`] holds the operations with their fast paths, [`digits`] the algorithms on digit arrays, [`convert`] the ways to
//! and from floats, bytes and `num-bigint`, [`parse`] text in both directions, [`methods`] the Python face.

use core::mem::size_of;

use num_bigint::{BigInt, BigUint, Sign};

use crate::err::PyResult;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, Ref};
use crate::object::typeobj::PyTypeObject;
use rpy_derive::pyclass;

pub mod arith;
pub mod convert;
pub mod digits;
pub mod freelist;
pub mod methods;
pub mod parse;
pub mod power;
pub mod text;

pub use arith::*;
pub use convert::*;
pub use parse::*;
pub use power::int_pow;
pub use text::*;

use freelist::FreeList;

/// Bits of a digit.
pub const SHIFT: u32 = 30;
/// The largest digit.
pub const MASK: u32 = (1 << SHIFT) - 1;
/// One more than the largest digit.
pub const BASE: u64 = 1 << SHIFT;

/// Tags below this are compact.
pub(crate) const COMPACT_LIMIT: usize = 16;
/// Tags below this have at most two digits.
pub(crate) const MEDIUM_LIMIT: usize = 24;
const TAG_ZERO: usize = 1;
const TAG_NEGATIVE: usize = 2;
pub(crate) const TAG_STATIC: usize = 4;
const SIGN_MASK: usize = 3;
const SIZE_SHIFT: u32 = 3;

/// The smallest static int.
pub const SMALL_MIN: i64 = -5;
/// The largest static int.
pub const SMALL_MAX: i64 = 256;
const SMALL_COUNT: usize = (SMALL_MAX - SMALL_MIN + 1) as usize;

/// More digits than this do not exist: the size in bytes has to fit `isize`.
pub const MAX_DIGITS: usize = (isize::MAX as usize - 24) / 4;

/// int([x]) -> integer
/// int(x, base=10) -> integer
///
/// Convert a number or string to an integer, or return 0 if no arguments
/// are given.  If x is a number, return x.__int__().  For floating-point
/// numbers, this truncates towards zero.
///
/// If x is not a number or if base is given, then x must be a string,
/// bytes, or bytearray instance representing an integer literal in the
/// given base.  The literal can be preceded by '+' or '-' and be surrounded
/// by whitespace.  The base defaults to 10.  Valid bases are 0 and 2-36.
/// Base 0 means to interpret the base from the string as an integer literal.
/// >>> int('0b100', base=0)
/// 4
#[pyclass(
    name = "int",
    symbol = "PyLong_Type",
    basicsize = 24,
    itemsize = 4,
    flags(BASETYPE, LONG_SUBCLASS, MATCH_SELF)
)]
#[repr(C)]
pub struct PyInt {
    ob_base: PyObject,
    pub(crate) lv_tag: usize,
    ob_digit: [u32; 1],
}

const _: () = assert!(size_of::<PyInt>() == 32);

/// The static ints, in order.
static RPY_SMALL_INTS: [PyInt; SMALL_COUNT] = {
    let mut table = [const { PyInt::new_static(0, true) }; SMALL_COUNT];
    let mut i = 0;
    while i < SMALL_COUNT {
        table[i] = PyInt::new_static(i as i64 + SMALL_MIN, true);
        i += 1;
    }
    table
};

pub(crate) static FREE: FreeList = FreeList::new(1024);

/// The static int of a value between [`SMALL_MIN`] and [`SMALL_MAX`], as an object.
#[inline(always)]
pub fn small_int(value: isize) -> &'static PyObject {
    &PyInt::small_ref(value as i64).ob_base
}

impl PyInt {
    /// A compact int in static memory. `small` marks the members of the small-int table.
    pub const fn new_static(value: i64, small: bool) -> PyInt {
        let tag = if value == 0 {
            TAG_ZERO
        } else if value < 0 {
            8 | TAG_NEGATIVE
        } else {
            8
        };
        PyInt {
            ob_base: PyObject::new_static(&raw const PyLong_Type),
            lv_tag: if small { tag | TAG_STATIC } else { tag },
            ob_digit: [value.unsigned_abs() as u32],
        }
    }

    /// `True` and `False` have the layout of compact ints, without the small-int mark.
    pub(crate) const fn new_static_bool(value: bool) -> PyInt {
        let mut int = PyInt::new_static(value as i64, false);
        int.ob_base = PyObject::new_static(&raw const super::bool_::PyBool_Type);
        int
    }

    // ---- reading ----

    /// The tag word (see the module's drawing).
    #[inline(always)]
    pub fn tag(&self) -> usize {
        self.lv_tag
    }

    /// At most one digit?
    #[inline(always)]
    pub fn is_compact(&self) -> bool {
        self.lv_tag < COMPACT_LIMIT
    }

    /// Are both at most one digit?
    #[inline(always)]
    pub fn both_compact(a: &PyInt, b: &PyInt) -> bool {
        (a.lv_tag | b.lv_tag) < COMPACT_LIMIT
    }

    /// The value, if [`PyInt::is_compact`].
    #[inline(always)]
    pub fn compact_value(&self) -> isize {
        debug_assert!(self.is_compact());
        (1 - (self.lv_tag & SIGN_MASK) as isize) * self.ob_digit[0] as isize
    }

    /// The value, if it has at most two digits (less than 2^60 in magnitude).
    #[inline(always)]
    pub fn medium_value(&self) -> Option<i64> {
        if self.lv_tag < COMPACT_LIMIT {
            Some(self.compact_value() as i64)
        } else if self.lv_tag < MEDIUM_LIMIT {
            let digits = self.digits();
            let magnitude = digits[0] as i64 | (digits[1] as i64) << SHIFT;
            Some(if self.is_negative() { -magnitude } else { magnitude })
        } else {
            None
        }
    }

    /// -1, 0 or 1.
    #[inline(always)]
    pub fn sign(&self) -> i32 {
        1 - (self.lv_tag & SIGN_MASK) as i32
    }

    #[inline(always)]
    pub fn is_negative(&self) -> bool {
        self.lv_tag & SIGN_MASK == TAG_NEGATIVE
    }

    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        self.lv_tag & SIGN_MASK == TAG_ZERO
    }

    #[inline(always)]
    pub fn is_odd(&self) -> bool {
        self.ob_digit[0] & 1 != 0
    }

    /// Number of digits; 0 for zero.
    #[inline(always)]
    pub fn digit_count(&self) -> usize {
        self.lv_tag >> SIZE_SHIFT
    }

    /// The digits of the magnitude, least significant first.
    #[inline(always)]
    pub fn digits(&self) -> &[u32] {
        // SAFETY: the tag says how many digits follow; they are part of the object's block.
        unsafe { core::slice::from_raw_parts(&raw const self.ob_digit as *const u32, self.digit_count()) }
    }

    /// Is the value the compact number `n` (at most 30 bits)?
    #[inline(always)]
    pub fn eq_small(&self, n: i32) -> bool {
        self.is_compact() && self.compact_value() == n as isize
    }

    /// The value as `i64`, if it fits.
    #[inline]
    pub fn as_i64(&self) -> Option<i64> {
        if let Some(value) = self.medium_value() {
            return Some(value);
        }
        let digits = self.digits();
        if digits.len() > 3 || digits[2] > 0xf {
            return None;
        }
        let magnitude = digits[0] as u64 | (digits[1] as u64) << 30 | (digits[2] as u64) << 60;
        if self.is_negative() {
            (magnitude <= 1 << 63).then(|| (magnitude as i64).wrapping_neg())
        } else {
            i64::try_from(magnitude).ok()
        }
    }

    /// The value as `u64`, if it is in range.
    #[inline]
    pub fn as_u64(&self) -> Option<u64> {
        if self.is_negative() {
            return None;
        }
        self.magnitude_u64()
    }

    /// The absolute value as `u64`, if it fits.
    #[inline]
    pub fn magnitude_u64(&self) -> Option<u64> {
        let d = self.digits();
        match d.len() {
            0 => Some(0),
            1 => Some(d[0] as u64),
            2 => Some(d[0] as u64 | (d[1] as u64) << 30),
            3 if d[2] <= 0xf => Some(d[0] as u64 | (d[1] as u64) << 30 | (d[2] as u64) << 60),
            _ => None,
        }
    }

    #[inline]
    pub fn as_isize(&self) -> Option<isize> {
        self.as_i64().map(|v| v as isize)
    }

    #[inline]
    pub fn as_usize(&self) -> Option<usize> {
        self.as_u64().map(|v| v as usize)
    }

    #[inline]
    pub fn as_i32(&self) -> Option<i32> {
        self.as_i64().and_then(|v| i32::try_from(v).ok())
    }

    #[inline]
    pub fn as_u32(&self) -> Option<u32> {
        self.as_i64().and_then(|v| u32::try_from(v).ok())
    }

    /// The absolute value as `u128`, if it fits.
    pub fn magnitude_u128(&self) -> Option<u128> {
        let d = self.digits();
        if d.len() > 5 || (d.len() == 5 && d[4] > 0xff) {
            return None;
        }
        Some(d.iter().rev().fold(0_u128, |acc, &digit| acc << SHIFT | digit as u128))
    }

    /// The value as `i128`, if it fits.
    pub fn as_i128(&self) -> Option<i128> {
        let magnitude = self.magnitude_u128()?;
        if self.is_negative() {
            (magnitude <= 1 << 127).then(|| (magnitude as i128).wrapping_neg())
        } else {
            i128::try_from(magnitude).ok()
        }
    }

    /// The value modulo 2^64, as two's complement (`PyLong_AsUnsignedLongLongMask`).
    pub fn wrapping_u64(&self) -> u64 {
        let mut acc = 0_u64;
        for &digit in self.digits().iter().rev() {
            acc = acc << SHIFT | digit as u64;
        }
        if self.is_negative() { acc.wrapping_neg() } else { acc }
    }

    /// Bits of the magnitude; 0 for zero.
    pub fn bit_length(&self) -> u64 {
        digits::bit_length(self.digits())
    }

    /// As a `num-bigint` number.
    pub fn to_bigint(&self) -> BigInt {
        let sign = match self.sign() {
            0 => Sign::NoSign,
            1 => Sign::Plus,
            _ => Sign::Minus,
        };
        BigInt::from_biguint(sign, self.to_biguint())
    }

    /// The magnitude as a `num-bigint` number.
    pub fn to_biguint(&self) -> BigUint {
        digits::to_biguint(self.digits())
    }

    // ---- making ----

    /// The static int of a value between [`SMALL_MIN`] and [`SMALL_MAX`].
    #[inline(always)]
    pub fn small(value: i64) -> Ref<PyInt> {
        debug_assert!((SMALL_MIN..=SMALL_MAX).contains(&value));
        // SAFETY: static and immortal: counting is not needed.
        unsafe { Ref::from_owned_ptr(&raw const RPY_SMALL_INTS[(value - SMALL_MIN) as usize] as *mut PyInt) }
    }

    /// A borrowed static int.
    #[inline(always)]
    pub fn small_ref(value: i64) -> &'static PyInt {
        &RPY_SMALL_INTS[(value - SMALL_MIN) as usize]
    }

    /// Zero (static).
    #[inline(always)]
    pub fn zero() -> Ref<PyInt> {
        PyInt::small(0)
    }

    /// One (static).
    #[inline(always)]
    pub fn one() -> Ref<PyInt> {
        PyInt::small(1)
    }

    /// An int of any machine size.
    #[inline(always)]
    pub fn from_i64(value: i64) -> Ref<PyInt> {
        if (value.wrapping_sub(SMALL_MIN) as u64) < SMALL_COUNT as u64 {
            return PyInt::small(value);
        }
        let magnitude = value.unsigned_abs();
        if magnitude < 1 << (2 * SHIFT) {
            return PyInt::new_medium(magnitude, value < 0);
        }
        PyInt::from_magnitude_u128(magnitude as u128, value < 0)
    }

    /// A fresh int of one or two digits. `magnitude` is not zero and below 2^60.
    #[inline(always)]
    fn new_medium(magnitude: u64, negative: bool) -> Ref<PyInt> {
        // SAFETY: a fresh block of 32 bytes, which is room for two digits.
        unsafe { PyInt::write_medium(PyInt::alloc_medium(), magnitude, negative) }
    }

    /// Fills in a block.
    ///
    /// # Safety
    /// The block has its header and room for two digits, and nobody else refers to it.
    #[inline(always)]
    unsafe fn write_medium(int: *mut PyInt, magnitude: u64, negative: bool) -> Ref<PyInt> {
        let low = magnitude as u32 & MASK;
        let high = (magnitude >> SHIFT) as u32;
        let count = 1 + (high != 0) as usize;
        // SAFETY: the caller's promise.
        unsafe {
            (*int).lv_tag = count << SIZE_SHIFT | (negative as usize) << 1;
            let digits = (&raw mut (*int).ob_digit) as *mut u32;
            *digits = low;
            *digits.add(1) = high;
            Ref::from_owned_ptr(int)
        }
    }

    /// A block for at most two digits with its header set.
    #[inline(always)]
    fn alloc_medium() -> *mut PyInt {
        let object = FREE.pop();
        let fresh = || FREE.fresh(&PyLong_Type, size_of::<PyInt>());
        (if object.is_null() { fresh() } else { object }) as *mut PyInt
    }

    /// From an unsigned machine integer.
    #[inline(always)]
    pub fn from_u64(value: u64) -> Ref<PyInt> {
        if value <= i64::MAX as u64 {
            PyInt::from_i64(value as i64)
        } else {
            PyInt::from_magnitude_u128(value as u128, false)
        }
    }

    #[inline(always)]
    pub fn from_isize(value: isize) -> Ref<PyInt> {
        PyInt::from_i64(value as i64)
    }

    #[inline(always)]
    pub fn from_usize(value: usize) -> Ref<PyInt> {
        PyInt::from_u64(value as u64)
    }

    #[inline]
    pub fn from_i128(value: i128) -> Ref<PyInt> {
        match i64::try_from(value) {
            Ok(small) => PyInt::from_i64(small),
            Err(_) => PyInt::from_magnitude_u128(value.unsigned_abs(), value < 0),
        }
    }

    #[inline]
    pub fn from_u128(value: u128) -> Ref<PyInt> {
        PyInt::from_magnitude_u128(value, false)
    }

    /// From a magnitude of at most five digits.
    #[inline(never)]
    pub fn from_magnitude_u128(mut magnitude: u128, negative: bool) -> Ref<PyInt> {
        let mut buffer = [0_u32; 5];
        let mut len = 0;
        while magnitude != 0 {
            buffer[len] = magnitude as u32 & MASK;
            magnitude >>= SHIFT;
            len += 1;
        }
        PyInt::from_digits(negative, &buffer[..len])
    }

    /// From digits (30 bits each, least significant first; leading zeros are allowed).
    pub fn from_digits(negative: bool, digits: &[u32]) -> Ref<PyInt> {
        match DigitsMut::new(digits.len()) {
            Ok(mut out) => {
                out.copy_from_slice(digits);
                out.finish(negative)
            }
            Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<PyInt>()),
        }
    }

    /// From a `num-bigint` number.
    pub fn from_bigint(value: &BigInt) -> Ref<PyInt> {
        PyInt::from_biguint(value.sign() == Sign::Minus, value.magnitude())
    }

    /// From a sign and a `num-bigint` magnitude.
    pub fn from_biguint(negative: bool, value: &BigUint) -> Ref<PyInt> {
        let bits = value.bits();
        if bits <= 63 {
            let magnitude = value.iter_u64_digits().next().unwrap_or(0) as i64;
            return PyInt::from_i64(if negative { -magnitude } else { magnitude });
        }
        let count = bits.div_ceil(SHIFT as u64) as usize;
        match DigitsMut::new(count) {
            Ok(mut out) => {
                digits::from_biguint(value, &mut out);
                out.finish(negative)
            }
            Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<PyInt>()),
        }
    }

    /// An instance of `cls`, a proper subtype of `int` (or `int` itself), with this value.
    pub fn copy_to_type(&self, cls: &PyTypeObject) -> PyResult<ObjRef> {
        use crate::object::refs::{PyClass, PyStruct};
        if core::ptr::eq(cls, PyInt::type_object()) && PyInt::check_exact(self.as_object()) {
            return Ok(self.to_obj());
        }
        let count = self.digit_count();
        let object = match cls.tp_alloc.get() {
            // SAFETY: calling a slot of a ready type as the C API prescribes.
            Some(tp_alloc) => unsafe {
                let ptr = tp_alloc(cls as *const _ as *mut _, count.max(1) as isize);
                if ptr.is_null() {
                    return Err(crate::err::PyErr::fetch_or_system_error());
                }
                ptr
            },
            None => alloc::alloc_var(cls, count.max(1))?,
        } as *mut PyInt;
        // SAFETY: allocated with room for that many digits.
        unsafe {
            (*object).lv_tag = self.lv_tag & !TAG_STATIC;
            let target = (&raw mut (*object).ob_digit) as *mut u32;
            *target = 0;
            core::ptr::copy_nonoverlapping(self.digits().as_ptr(), target, count);
            Ok(Ref::from_owned_ptr(object as *mut PyObject))
        }
    }

    /// This value as an object of exactly `int`: the object itself unless it is of a subtype.
    #[inline]
    pub fn to_exact(&self) -> Ref<PyInt> {
        use crate::object::refs::{PyClass, PyStruct};
        if PyInt::check_exact(self.as_object()) {
            return self.to_ref();
        }
        self.copy()
    }

    /// A plain `int` with the same value (static for small values, otherwise fresh).
    pub fn copy(&self) -> Ref<PyInt> {
        match self.medium_value() {
            Some(value) => PyInt::from_i64(value),
            None => PyInt::from_digits(self.is_negative(), self.digits()),
        }
    }

    /// Gives a dead int's memory back: the `tp_dealloc` of `int`.
    ///
    /// # Safety
    /// `object` is a dead int (or an instance of a subtype whose own dealloc ends here).
    pub unsafe extern "C-unwind" fn dealloc(object: *mut PyObject) {
        // SAFETY: the caller's promise.
        unsafe {
            let ty = (*object).ob_type.get();
            if core::ptr::eq(ty, &raw const PyLong_Type) {
                let int = object as *mut PyInt;
                if (*int).lv_tag & TAG_STATIC != 0 {
                    // A static int whose count an extension has worn down.
                    (*object).ob_refcnt.set(crate::object::header::IMMORTAL_INITIAL_REFCNT);
                    return;
                }
                if (*int).lv_tag < MEDIUM_LIMIT && FREE.push(object) {
                    return;
                }
                alloc::mem_free(object as *mut u8);
            } else {
                crate::object::dealloc::free_instance(object);
            }
        }
    }
}

/// A fresh int whose digits are being written: derefs to the digits, [`DigitsMut::finish`] normalises.
pub struct DigitsMut {
    int: *mut PyInt,
    len: usize,
}

impl DigitsMut {
    /// Room for `len` digits, all zero.
    ///
    /// # Errors
    /// `OverflowError` and `MemoryError` for sizes that cannot be.
    pub fn new(len: usize) -> PyResult<DigitsMut> {
        if len > MAX_DIGITS {
            return Err(crate::exc::overflow_error("too many digits in integer"));
        }
        let int = if len <= 2 {
            PyInt::alloc_medium()
        } else {
            let block = alloc::mem_alloc(24 + 4 * len) as *mut PyInt;
            if block.is_null() {
                return Err(crate::exc::memory_error());
            }
            // SAFETY: fresh memory of sufficient size.
            unsafe { alloc::init_header(block as *mut PyObject, &PyLong_Type) };
            block
        };
        // SAFETY: the block has room for `max(len, 2)` digits.
        unsafe {
            (*int).lv_tag = len << SIZE_SHIFT;
            core::ptr::write_bytes((&raw mut (*int).ob_digit) as *mut u32, 0, len.max(1));
        }
        Ok(DigitsMut { int, len })
    }

    /// Drops leading zero digits and sets the sign. Small values become the static ints.
    pub fn finish(self, negative: bool) -> Ref<PyInt> {
        let int = self.int;
        let mut len = self.len;
        core::mem::forget(self);
        // SAFETY: the object is ours alone and has `len` digits.
        unsafe {
            let digits = (&raw const (*int).ob_digit) as *const u32;
            while len > 0 && *digits.add(len - 1) == 0 {
                len -= 1;
            }
            (*int).lv_tag = if len == 0 { TAG_ZERO } else { len << SIZE_SHIFT | (negative as usize) << 1 };
            if len <= 1 {
                let value = (*int).compact_value() as i64;
                if (SMALL_MIN..=SMALL_MAX).contains(&value) {
                    PyInt::dealloc(int as *mut PyObject);
                    return PyInt::small(value);
                }
            }
            Ref::from_owned_ptr(int)
        }
    }
}

impl Drop for DigitsMut {
    fn drop(&mut self) {
        // SAFETY: ours alone; the tag is valid.
        unsafe { PyInt::dealloc(self.int as *mut PyObject) };
    }
}

impl core::ops::Deref for DigitsMut {
    type Target = [u32];
    #[inline(always)]
    fn deref(&self) -> &[u32] {
        // SAFETY: the block has `len` digits.
        unsafe { core::slice::from_raw_parts((&raw const (*self.int).ob_digit) as *const u32, self.len) }
    }
}

impl core::ops::DerefMut for DigitsMut {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut [u32] {
        // SAFETY: the block has `len` digits and nobody else sees it.
        unsafe { core::slice::from_raw_parts_mut((&raw mut (*self.int).ob_digit) as *mut u32, self.len) }
    }
}
