//! Elementwise operations on small arrays: numpy's inner loops, called without its dispatch.
//!
//! An operation has no effect, and says so by null, if its operands are not as described, or if numpy would have something to say:
//! then the trace leaves before the instruction, and numpy does it. Results are made in new memory, and operands are written to only
//! once nothing can go wrong any more.

use core::arch::asm;
use core::ffi::{c_int, c_void};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;

use super::loops::{InnerLoop, Loop};
use super::{Numpy, known, layout};
use crate::ir::Scalar;

/// Bytes that an array may have at most: beyond, numpy's own ways with temporaries are better, and its dispatch does not matter.
pub const MOST_BYTES: usize = 16 << 10;

/// `array[index]` of an array with several axes: a view (owned), or null.
///
/// # Safety
/// A live exact array.
pub unsafe extern "C" fn item(array: *const PyObject, index: isize) -> *mut PyObject {
    // SAFETY: the caller's promise.
    match rpy_vm::protocol::sequence::get_item_index(unsafe { &*array }, index) {
        Ok(view) => view.into_raw(),
        Err(_) => core::ptr::null_mut(),
    }
}

/// What is computed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operation {
    pub function: usize,
    pub data: usize,
    /// What the arrays that go in and come out hold.
    pub input: Scalar,
    pub output: Scalar,
}

impl Operation {
    /// The operation of a loop. Equal ones are one, at an address that stays.
    pub fn new(found: Loop, input: Scalar, output: Scalar) -> &'static Operation {
        static ALL: Mutex<Vec<&'static Operation>> = Mutex::new(Vec::new());
        let wanted = Operation { function: found.function, data: found.data, input, output };
        let mut all = match ALL.lock() {
            Ok(all) => all,
            Err(poisoned) => poisoned.into_inner(),
        };
        match all.iter().find(|known| ***known == wanted) {
            Some(known) => known,
            None => {
                let new: &'static Operation = Box::leak(Box::new(wanted));
                all.push(new);
                new
            }
        }
    }
}

impl Operation {
    /// The bits of a number as they are in memory.
    fn number(&self, word: u64, double: f64) -> u64 {
        match self.input {
            Scalar::F64 => double.to_bits(),
            Scalar::F32 => u64::from((double as f32).to_bits()),
            _ => word,
        }
    }
}

/// Bits of the processor's floating-point status.
const INVALID: u32 = 1;
const DIVISION_BY_ZERO: u32 = 4;
const OVERFLOW: u32 = 8;
const UNDERFLOW: u32 = 16;
const ALL_FLAGS: u32 = 0x3f;

fn status() -> u32 {
    let mut word = 0_u32;
    // SAFETY: stores the register.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack)) };
    word
}

fn clear_status() {
    let word = status();
    if word & ALL_FLAGS != 0 {
        let word = word & !ALL_FLAGS;
        // SAFETY: clears flags, nothing else.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack)) };
    }
}

/// Has anything happened that numpy would tell of?
fn went_wrong() -> bool {
    let mut telling = INVALID | DIVISION_BY_ZERO | OVERFLOW;
    if super::recognise::UNDERFLOW.load(Ordering::Relaxed) {
        telling |= UNDERFLOW;
    }
    status() & telling != 0
}

/// An array's header.
#[derive(Clone, Copy)]
struct Array<'a> {
    object: &'a PyObject,
}

impl<'a> Array<'a> {
    /// An exact array of that dtype, small, and in one piece.
    unsafe fn of(object: *const PyObject, numpy: &Numpy, scalar: Scalar) -> Option<Array<'a>> {
        // SAFETY: a live object; the fields of an array.
        unsafe {
            let array = Array { object: &*object };
            let fits = numpy.is_array(array.object)
                && array.word(layout::ARRAY_DTYPE) == numpy.dtypes[scalar as usize]
                && array.flags() & (layout::FLAG_ALIGNED | layout::FLAG_IN_ORDER)
                    == layout::FLAG_ALIGNED | layout::FLAG_IN_ORDER
                && array.count()? * scalar.width().bytes() <= MOST_BYTES;
            fits.then_some(array)
        }
    }

    fn word(self, offset: usize) -> usize {
        // SAFETY: a field of an array.
        unsafe { *(self.object.as_ptr().cast::<u8>().add(offset) as *const usize) }
    }

    fn flags(self) -> u32 {
        self.word(layout::ARRAY_FLAGS) as u32
    }

    fn ndim(self) -> usize {
        self.word(layout::ARRAY_NDIM) as u32 as usize
    }

    fn shape(self) -> &'a [isize] {
        let ndim = self.ndim();
        if ndim == 0 {
            return &[];
        }
        // SAFETY: as many words as there are axes.
        unsafe { core::slice::from_raw_parts(self.word(layout::ARRAY_SHAPE) as *const isize, ndim) }
    }

    /// How many elements; `None` without axes (operators make scalars of such).
    fn count(self) -> Option<usize> {
        let shape = self.shape();
        if shape.is_empty() {
            return None;
        }
        shape.iter().try_fold(1_usize, |count, &length| count.checked_mul(length as usize))
    }

    fn data(self) -> *mut u8 {
        self.word(layout::ARRAY_DATA) as *mut u8
    }

    fn is_writeable(self) -> bool {
        self.flags() & (layout::FLAG_WRITEABLE | layout::FLAG_WARN_ON_WRITE) == layout::FLAG_WRITEABLE
    }

    /// Does nobody else see it, nor its elements?
    fn is_unique(self) -> bool {
        self.object.refcount() == 1
            && !self.object.is_immortal()
            && self.is_writeable()
            && self.flags() & layout::FLAG_OWNS != 0
            && self.word(layout::ARRAY_BASE) == 0
            && self.word(layout::ARRAY_WEAKREFS) == 0
    }
}

/// Room for a result, until nothing can go wrong any more.
#[repr(align(64))]
struct Scratch {
    _bytes: [core::mem::MaybeUninit<u8>; MOST_BYTES],
}

/// The operands of an operation: arrays, or one array and the bits of a number.
struct Operands<'a> {
    /// From which the result has its shape.
    shape: Array<'a>,
    count: usize,
    addresses: [*mut u8; 2],
    steps: [isize; 2],
    inputs: usize,
}

/// # Safety
/// Live objects or nulls; `number` outlives the operands.
unsafe fn operands<'a>(
    a: *const PyObject,
    b: *const PyObject,
    number: *mut u64,
    inputs: usize,
    operation: &Operation,
) -> Option<Operands<'a>> {
    let numpy = known()?;
    let step = operation.input.width().bytes() as isize;
    let mut found = Operands {
        shape: Array { object: rpy_vm::none_ref() },
        count: 0,
        addresses: [number.cast(); 2],
        steps: [0; 2],
        inputs,
    };
    let mut first = true;
    for (i, &object) in [a, b].iter().enumerate().take(inputs) {
        if object.is_null() {
            continue;
        }
        // SAFETY: the caller's promise.
        let array = unsafe { Array::of(object, numpy, operation.input)? };
        if first {
            found.shape = array;
            found.count = array.count()?;
            first = false;
        } else if found.shape.shape() != array.shape() {
            return None;
        }
        found.addresses[i] = array.data();
        found.steps[i] = step;
    }
    (!first).then_some(found)
}

impl Operands<'_> {
    /// Computes into memory. False if numpy would tell of something.
    unsafe fn compute(&self, operation: &Operation, result: *mut u8) -> bool {
        let mut addresses = [self.addresses[0], self.addresses[1], result];
        let mut steps = [self.steps[0], self.steps[1], operation.output.width().bytes() as isize];
        if self.inputs == 1 {
            (addresses[1], steps[1]) = (addresses[2], steps[2]);
        }
        clear_status();
        // SAFETY: a loop of these types; operands and result have as many elements.
        unsafe {
            let function: InnerLoop = core::mem::transmute(operation.function);
            function(addresses.as_mut_ptr(), &(self.count as isize), steps.as_ptr(), operation.data as *mut c_void);
        }
        !went_wrong()
    }
}

/// The function that makes arrays: type, dtype (which it takes over), axes, shape, strides, data, flags, template.
type NewArray = unsafe extern "C" fn(
    *mut c_void,
    *mut PyObject,
    c_int,
    *const isize,
    *const isize,
    *mut c_void,
    c_int,
    *mut PyObject,
) -> *mut PyObject;

/// A new array of that shape, without content.
unsafe fn new_array(numpy: &Numpy, scalar: Scalar, shape: &[isize]) -> Option<ObjRef> {
    // SAFETY: numpy's own function; a static dtype.
    unsafe {
        let make: NewArray = core::mem::transmute(numpy.new_array);
        let dtype = (*(numpy.dtypes[scalar as usize] as *const PyObject)).new_ref().into_raw();
        let made = make(
            numpy.array as *mut c_void,
            dtype,
            shape.len() as c_int,
            shape.as_ptr(),
            core::ptr::null(),
            core::ptr::null_mut(),
            0,
            core::ptr::null_mut(),
        );
        if made.is_null() {
            // Memory is short; numpy will say so.
            rpy_vm::runtime::thread::current().current_exception.set(None);
            return None;
        }
        Some(ObjRef::from_owned_ptr(made))
    }
}

/// A new array with the result of an operation with two operands, one of which may be a number (null; it is in `word` or, a
/// float, in `double`). Null if it is numpy's.
///
/// # Safety
/// Live objects or nulls.
pub unsafe extern "C" fn binary(
    a: *const PyObject,
    b: *const PyObject,
    operation: &'static Operation,
    word: u64,
    double: f64,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { elementwise(a, b, operation.number(word, double), 2, operation) }
        .map_or(core::ptr::null_mut(), ObjRef::into_raw)
}

/// The same with one operand.
///
/// # Safety
/// A live object.
pub unsafe extern "C" fn unary(a: *const PyObject, operation: &'static Operation) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { elementwise(a, core::ptr::null(), 0, 1, operation) }.map_or(core::ptr::null_mut(), ObjRef::into_raw)
}

unsafe fn elementwise(
    a: *const PyObject,
    b: *const PyObject,
    number: u64,
    inputs: usize,
    operation: &Operation,
) -> Option<ObjRef> {
    let mut number = number;
    // SAFETY: the caller's promise.
    unsafe {
        let operands = operands(a, b, &raw mut number, inputs, operation)?;
        let result = new_array(known()?, operation.output, operands.shape.shape())?;
        operands.compute(operation, Array { object: &result }.data()).then_some(result)
    }
}

/// An operation whose first operand, an array, nobody else may need: takes over the reference to it, and gives the result, which is in
/// its place if nobody does. Null if it is numpy's; then nothing was taken.
///
/// # Safety
/// Live objects, the second perhaps null; the caller owns a reference to the first.
pub unsafe extern "C" fn consume_first(
    a: *mut PyObject,
    b: *const PyObject,
    operation: &'static Operation,
    word: u64,
    double: f64,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { consume(a, b, operation.number(word, double), operation, a) }
}

/// The same of the second operand; the first may be null.
///
/// # Safety
/// As for [`consume_first`].
pub unsafe extern "C" fn consume_second(
    a: *const PyObject,
    b: *mut PyObject,
    operation: &'static Operation,
    word: u64,
    double: f64,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe { consume(a, b, operation.number(word, double), operation, b) }
}

unsafe fn consume(
    a: *const PyObject,
    b: *const PyObject,
    number: u64,
    operation: &Operation,
    consumed: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the caller's promise.
    unsafe {
        let unique = (Array { object: &*consumed }).is_unique_array();
        if !unique && (*consumed).refcount() == 1 {
            // Its end might be that of something else.
            return core::ptr::null_mut();
        }
        if operation.input == operation.output && unique {
            return if in_place(a, b, number, operation, consumed) { consumed } else { core::ptr::null_mut() };
        }
        match elementwise(a, b, number, 2, operation) {
            Some(result) => {
                drop(ObjRef::from_owned_ptr(consumed));
                result.into_raw()
            }
            None => core::ptr::null_mut(),
        }
    }
}

impl Array<'_> {
    /// An array, and nobody else sees it.
    fn is_unique_array(self) -> bool {
        known().is_some_and(|numpy| numpy.is_array(self.object)) && self.is_unique()
    }
}

/// Computes, and writes the result over the elements of `target`. False if it is numpy's; then nothing was written.
unsafe fn in_place(
    a: *const PyObject,
    b: *const PyObject,
    number: u64,
    operation: &Operation,
    target: *const PyObject,
) -> bool {
    let mut number = number;
    // SAFETY: the caller's promise; the scratch memory has room for as many elements as a small array has.
    unsafe {
        let Some(operands) = operands(a, b, &raw mut number, 2, operation) else { return false };
        let target = Array { object: &*target };
        let mut scratch = core::mem::MaybeUninit::<Scratch>::uninit();
        let result = scratch.as_mut_ptr().cast::<u8>();
        if !operands.compute(operation, result) {
            return false;
        }
        core::ptr::copy_nonoverlapping(result, target.data(), operands.count * operation.output.width().bytes());
        true
    }
}

/// `a op= b`. False if it is numpy's.
///
/// # Safety
/// Live objects, the second perhaps null.
pub unsafe extern "C" fn update(
    a: *const PyObject,
    b: *const PyObject,
    operation: &'static Operation,
    word: u64,
    double: f64,
) -> u64 {
    let number = operation.number(word, double);
    // SAFETY: the caller's promise.
    unsafe {
        let target = known().and_then(|numpy| Array::of(a, numpy, operation.output));
        u64::from(target.is_some_and(Array::is_writeable) && in_place(a, b, number, operation, a))
    }
}
