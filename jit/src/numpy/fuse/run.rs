//! Computes expressions.

use core::ffi::c_void;
use core::mem::MaybeUninit;

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;

use super::{Expression, Kernel, MOST_ARRAYS, MOST_NUMBERS, Site, Source, Target};
use crate::backend::x64::vector::Code;
use crate::ir::Scalar;
use crate::numpy::arrays::{Array, new_array};
use crate::numpy::loops::InnerLoop;
use crate::numpy::{known, status};

/// Bytes of a piece of scratch memory: as much as is computed at a time, if elements are wide.
const BLOCK: usize = 4 << 10;
/// Bytes that are computed into scratch memory before they overwrite an array.
const MOST_SCRATCH: usize = 16 << 10;

/// Scratch memory.
#[repr(align(64))]
struct Scratch<const BYTES: usize> {
    _bytes: [MaybeUninit<u8>; BYTES],
}

/// Pieces of scratch memory that are on the stack.
const FEW_SLOTS: usize = 4;

/// The operands of an expression: where their elements are, and the numbers.
struct Operands {
    arrays: [*mut u8; MOST_ARRAYS],
    numbers: [u64; MOST_NUMBERS],
    count: usize,
}

impl Kernel {
    /// Computes everything. False if numpy would tell of something.
    unsafe fn compute(&self, operands: &Operands, result: *mut u8) -> bool {
        let Some(code) = &self.code else {
            // SAFETY: the caller's promise.
            return unsafe { self.expression.compute(operands, result) };
        };
        status::clear();
        // SAFETY: code for this expression, whose operands and result have as many elements.
        unsafe {
            let code: Code = core::mem::transmute(code.address());
            code(operands.arrays.as_ptr(), operands.numbers.as_ptr(), result, operands.count);
        }
        let happened = status::happened();
        happened == 0 || happened & status::told() == 0
    }
}

impl Expression {
    /// Computes the elements from `from` on, `count` of them, to `result`; `slots` has room for as many of each piece. What happened,
    /// of what was not to be ignored.
    unsafe fn block(
        &self,
        operands: &Operands,
        from: usize,
        count: usize,
        slots: *mut u8,
        result: *mut u8,
        watched: u32,
    ) -> u32 {
        let last = self.steps.len() - 1;
        let mut all = 0;
        for (i, step) in self.steps.iter().enumerate() {
            let width = step.input.width().bytes();
            let mut addresses = [core::ptr::null_mut(); 3];
            let mut steps = [width as isize; 3];
            for (k, &input) in step.inputs[..step.arity].iter().enumerate() {
                // SAFETY: operands have as many elements; slots have as many bytes.
                unsafe {
                    match input {
                        Source::Array(array) => addresses[k] = operands.arrays[array as usize].add(from * width),
                        Source::Slot(slot) => addresses[k] = slots.add(slot as usize * BLOCK),
                        Source::Number(number) => {
                            addresses[k] = (&raw const operands.numbers[number as usize]).cast_mut().cast();
                            steps[k] = 0;
                        }
                    }
                }
            }
            // SAFETY: as above.
            addresses[step.arity] = if i == last { result } else { unsafe { slots.add(step.slot as usize * BLOCK) } };
            steps[step.arity] = step.output.width().bytes() as isize;
            // Some loops forget what happened before them.
            status::clear();
            // SAFETY: a loop of these types; operands and result have as many elements.
            unsafe {
                let function: InnerLoop = core::mem::transmute(step.function);
                function(addresses.as_mut_ptr(), &(count as isize), steps.as_ptr(), step.data as *mut c_void);
            }
            all |= status::happened();
            if all & watched != 0 {
                return all;
            }
        }
        all
    }

    /// Elements that are computed at a time.
    fn elements(&self) -> usize {
        let widest = self.steps.iter().map(|step| step.input.width().bytes().max(step.output.width().bytes())).max();
        BLOCK / widest.unwrap_or(8)
    }

    /// Computes everything. False if numpy would tell of something.
    unsafe fn compute(&self, operands: &Operands, result: *mut u8) -> bool {
        let mut slots = MaybeUninit::<Scratch<{ FEW_SLOTS * BLOCK }>>::uninit();
        let mut more = Vec::<Scratch<BLOCK>>::new();
        let slots = if self.slots <= FEW_SLOTS {
            slots.as_mut_ptr().cast::<u8>()
        } else {
            more.reserve(self.slots);
            more.as_mut_ptr().cast::<u8>()
        };
        let elements = self.elements();
        let width = self.output().width().bytes();
        let mut from = 0;
        // Whom it may concern is asked when something has happened.
        let mut watched = u32::MAX;
        while from < operands.count {
            let count = elements.min(operands.count - from);
            // SAFETY: the caller's promise.
            let happened = unsafe { self.block(operands, from, count, slots, result.add(from * width), watched) };
            if happened & watched != 0 {
                if watched != u32::MAX {
                    return false;
                }
                watched = status::told();
                if happened & watched != 0 {
                    return false;
                }
                continue;
            }
            from += count;
        }
        true
    }
}

/// The bits of a number as they are in an array.
fn bits(number: f64, scalar: Scalar) -> u64 {
    match scalar {
        Scalar::F64 => number.to_bits(),
        Scalar::F32 => u64::from((number as f32).to_bits()),
        _ => number as i64 as u64,
    }
}

/// An argument as an object: it may be a word that owns nothing.
unsafe fn object<'a>(argument: usize) -> Option<&'a PyObject> {
    // SAFETY: the caller's promise: a live object, or null.
    unsafe { ((argument & !1) as *const PyObject).as_ref() }
}

/// Computes an expression: its arrays, then other arguments; its numbers. The result is owned; null if it is numpy's.
///
/// # Safety
/// Live objects, as many as the site says.
#[allow(clippy::too_many_arguments)]
pub unsafe extern "C" fn fused(
    site: &'static Site,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    n0: f64,
    n1: f64,
    n2: f64,
    n3: f64,
    n4: f64,
    n5: f64,
    n6: f64,
    n7: f64,
) -> *mut PyObject {
    let arguments = [a, b, c, d, e];
    // SAFETY: the caller's promise.
    unsafe {
        if !site.is_hopeless()
            && let Some(result) = compute(site, &arguments, &[n0, n1, n2, n3, n4, n5, n6, n7]) {
            return result.into_raw();
        }
        if let Some(undone) = site.undone {
            drop(ObjRef::from_owned_ptr(arguments[undone as usize] as *mut PyObject));
        }
    }
    core::ptr::null_mut()
}

unsafe fn compute(
    site: &'static Site,
    arguments: &[usize; MOST_ARRAYS],
    numbers: &[f64; MOST_NUMBERS],
) -> Option<ObjRef> {
    let kernel = site.kernel;
    let expression = &kernel.expression;
    let numpy = known()?;
    let mut operands = Operands { arrays: [core::ptr::null_mut(); MOST_ARRAYS], numbers: [0; MOST_NUMBERS], count: 0 };
    let mut first: Option<Array<'_>> = None;
    for (i, &scalar) in expression.arrays.iter().enumerate() {
        // SAFETY: the caller's promise.
        let array = unsafe { Array::plain(object(arguments[i])?, numpy, scalar)? };
        if let Some(first) = first {
            if first.shape() != array.shape() {
                return None;
            }
        } else {
            first = Some(array);
        }
        operands.arrays[i] = array.data();
    }
    let first = first?;
    operands.count = first.count();
    for (i, &scalar) in expression.numbers.iter().enumerate() {
        operands.numbers[i] = bits(numbers[i], scalar);
    }
    let output = expression.output();
    let bytes = operands.count * output.width().bytes();
    // The array that gives its memory, if it may.
    let target = match site.target {
        Target::New => None,
        Target::Reused(argument) => {
            let word = arguments[argument as usize];
            // SAFETY: the caller's promise.
            let old = unsafe { object(word) }.filter(|_| word & 1 == 0 && bytes <= MOST_SCRATCH);
            // SAFETY: a live object.
            let old = old.and_then(|old| unsafe { Array::plain(old, numpy, output) });
            old.filter(|old| old.is_unique() && old.shape() == first.shape())
        }
        Target::Update(argument) => {
            // SAFETY: the caller's promise.
            let array = unsafe { Array::plain(object(arguments[argument as usize])?, numpy, output)? };
            if !array.is_writeable() || array.shape() != first.shape() || bytes > MOST_SCRATCH {
                return None;
            }
            Some(array)
        }
    };
    // SAFETY: operands and results have as many elements.
    unsafe {
        let Some(target) = target else {
            let result = new_array(numpy, output, first.shape())?;
            return concerning(site, kernel.compute(&operands, Array::new(&result).data())).then_some(result);
        };
        let mut scratch = MaybeUninit::<Scratch<MOST_SCRATCH>>::uninit();
        let result = scratch.as_mut_ptr().cast::<u8>();
        if !concerning(site, kernel.compute(&operands, result)) {
            return None;
        }
        core::ptr::copy_nonoverlapping(result, target.data(), bytes);
        Some(target.object().new_ref())
    }
}

/// Takes note of what numpy has to do because of what it has to tell.
fn concerning(site: &Site, done: bool) -> bool {
    if !done {
        site.count_failure();
    }
    done
}
