//! Computes expressions.
//!
//! Of small arrays the result is computed into scratch memory, and overwrites an array only when nothing can go wrong any more. Big
//! ones are computed in parts, by several threads, into new memory; where an array is to be overwritten that nobody else has, it gets the
//! new memory, and its own is kept for the next time, so that the system does not have to find pages for each result.
//!
//! What is not of one shape and in one piece is computed in pieces that are ([`Space`]).

use core::ffi::c_void;
use core::mem::MaybeUninit;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;
use rpy_vm::runtime::gil;

use super::cut::Strided;
use super::space::Space;
use super::{
    Expression, Kernel, MOST_ARRAYS, MOST_NUMBERS, MOST_OPERANDS, Sequence, Site, Source, Target, pool, reduce,
};
use crate::backend::x64::vector::Code;
use crate::ir::Scalar;
use crate::numpy::arrays::{Array, new_array};
use crate::numpy::loops::InnerLoop;
use crate::numpy::{Numpy, known, status};
use crate::runs;

/// Bytes of a piece of scratch memory: as much as is computed at a time, if elements are wide.
const BLOCK: usize = 4 << 10;
/// Bytes that are computed into scratch memory before they overwrite an array.
const MOST_SCRATCH: usize = 16 << 10;
/// As many, for the smallest arrays.
const LITTLE_SCRATCH: usize = 512;
/// Bytes of a result for which the GIL is let go.
pub const BIG: usize = 256 << 10;
/// Bytes of a result that several threads compute, and of a part of it.
const SHARED: usize = 512 << 10;
const PART: usize = 128 << 10;
/// Parts for each thread, so that none waits long for the last.
const PARTS: usize = 8;
/// Elements of a row that are worth a call of a loop of machine code, and bytes that are worth one of each of numpy's loops:
/// of shorter rows, many are gathered.
const LONG_ROW: usize = 32;
const LONG_ROW_BYTES: usize = 2 << 10;
/// Bytes that are kept for the next result.
const MOST_KEPT: usize = 64 << 20;

/// Scratch memory.
#[repr(align(64))]
struct Scratch<const BYTES: usize> {
    _bytes: [MaybeUninit<u8>; BYTES],
}

/// Pieces of scratch memory that are on the stack.
const FEW_SLOTS: usize = 4;

/// The operands of an expression: where their elements are, and the numbers.
#[derive(Clone, Copy)]
pub(super) struct Operands<'a> {
    arrays: [*mut u8; MOST_OPERANDS],
    numbers: [u64; MOST_NUMBERS],
    pub count: usize,
    /// What they go along, and from which element on, if they are not all of one shape and in one piece.
    space: Option<(&'a Space, usize)>,
}

impl<'a> Operands<'a> {
    /// `count` of them from an element on.
    ///
    /// # Safety
    /// There are as many.
    pub unsafe fn part(&self, expression: &Expression, from: usize, count: usize) -> Operands<'a> {
        let mut operands = Operands { count, ..*self };
        if let Some((_, at)) = &mut operands.space {
            *at += from;
            return operands;
        }
        for (address, scalar) in operands.arrays.iter_mut().zip(&expression.arrays) {
            // SAFETY: an element of the array.
            *address = unsafe { address.add(from * scalar.width().bytes()) };
        }
        operands
    }
}

impl Kernel {
    /// Computes everything. What happened; it ends early if that is something watched.
    unsafe fn compute(&self, operands: &Operands<'_>, result: *mut u8, watched: u32) -> u32 {
        // SAFETY: the caller's promise.
        unsafe {
            match operands.space {
                Some((space, from)) => self.along(space, from, operands, result, watched),
                None => self.consecutive(operands, result, watched),
            }
        }
    }

    /// Computes consecutive elements.
    unsafe fn consecutive(&self, operands: &Operands<'_>, result: *mut u8, watched: u32) -> u32 {
        let Some(code) = &self.code else {
            // SAFETY: the caller's promise.
            return unsafe { self.expression.compute(operands, result, watched) };
        };
        status::clear();
        // SAFETY: code for this expression, whose operands and result have as many elements.
        unsafe {
            let code: Code = core::mem::transmute(code.address());
            code(operands.arrays.as_ptr(), operands.numbers.as_ptr(), result, operands.count);
        }
        status::happened()
    }

    /// Computes elements that are not consecutive in the operands, piece by piece. Not inlined, like all that has much scratch memory: to
    /// make sure of the stack would take small expressions longer than their work does.
    #[inline(never)]
    unsafe fn along(&self, space: &Space, from: usize, operands: &Operands<'_>, result: *mut u8, watched: u32) -> u32 {
        let mut gathered = MaybeUninit::<Scratch<{ MOST_OPERANDS * BLOCK }>>::uninit();
        let gathered = gathered.as_mut_ptr().cast::<u8>();
        let (row, most, output) = (space.row(), self.expression.elements(), self.expression.output().width().bytes());
        let in_rows = if self.code.is_some() { row >= LONG_ROW } else { row * output >= LONG_ROW_BYTES };
        let (mut at, end, mut happened) = (from, from + operands.count, 0);
        while at < end && happened & watched == 0 {
            let rest = if in_rows { row - at % row } else { usize::MAX };
            let count = most.min(end - at).min(rest);
            let mut piece = Operands { count, space: None, ..*operands };
            for (i, scalar) in self.expression.arrays.iter().enumerate() {
                let width = scalar.width().bytes();
                // SAFETY: elements of the operand; room for as many as are computed at a time.
                unsafe {
                    if space.is_plain(i, width) {
                        piece.arrays[i] = operands.arrays[i].add(at * width);
                    } else if in_rows && space.step(i) == width as isize {
                        piece.arrays[i] = operands.arrays[i].offset(space.offset(i, at));
                    } else {
                        piece.arrays[i] = gathered.add(i * BLOCK);
                        space.gather(i, operands.arrays[i], width, (at, count), piece.arrays[i]);
                    }
                }
            }
            // SAFETY: as above.
            happened |= unsafe { self.consecutive(&piece, result.add((at - from) * output), watched) };
            at += count;
        }
        happened
    }

    /// Computes a small array. False if numpy would tell of something.
    pub(super) unsafe fn quietly(&self, operands: &Operands<'_>, result: *mut u8) -> bool {
        // SAFETY: the caller's promise.
        unsafe {
            let happened = self.compute(operands, result, u32::MAX);
            if happened == 0 {
                return true;
            }
            // Somebody may have said that it is not to be told.
            let told = status::told();
            happened & told == 0 && self.compute(operands, result, told) & told == 0
        }
    }

    /// How the elements lie, if there is nothing to compute: they are those of an array.
    pub(super) fn is_array(&self, operands: &Operands<'_>) -> Option<Order> {
        self.expression.steps.is_empty().then(|| match operands.space {
            None => Order::Consecutive,
            Some((space, _)) if space.is_line() => Order::Even,
            Some(_) => Order::Uneven,
        })
    }

    /// All elements, one after the other: computed into scratch memory, if need be. `None` if numpy would tell of something.
    ///
    /// # Safety
    /// Operands of this kernel; room for as many elements.
    pub(super) unsafe fn elements_of(&self, operands: &Operands<'_>, scratch: *mut u8) -> Option<*const u8> {
        // SAFETY: the caller's promise.
        unsafe {
            match (self.is_array(operands), operands.space) {
                (None, _) => self.quietly(operands, scratch).then_some(scratch.cast_const()),
                (_, None) => Some(operands.arrays[0].cast_const()),
                (_, Some((space, from))) => {
                    let width = self.expression.output().width().bytes();
                    space.gather(0, operands.arrays[0], width, (from, operands.count), scratch);
                    Some(scratch)
                }
            }
        }
    }

    /// Computes a big array, in parts. What happened of what is watched.
    unsafe fn in_parts(&self, pool: &pool::Pool, operands: &Operands<'_>, result: *mut u8, watched: u32) -> u32 {
        let width = self.expression.output().width().bytes();
        let bytes = operands.count * width;
        let parts = if bytes < SHARED { 1 } else { (pool.size() * PARTS).min(bytes / PART) };
        let each = operands.count.div_ceil(parts).next_multiple_of(64);
        let happened = AtomicU32::new(0);
        let (shared, all) = (Shared { operands, result }, operands.count);
        pool.run(parts, &|part| {
            let from = (part * each).min(all);
            let count = each.min(all - from);
            if count == 0 || happened.load(Ordering::Relaxed) != 0 {
                return;
            }
            // SAFETY: a part of the operands and of the result.
            let told = unsafe {
                let operands = shared.part(&self.expression, from, count);
                self.compute(&operands, shared.result(from * width), watched)
            };
            happened.fetch_or(told & watched, Ordering::Relaxed);
        });
        happened.into_inner()
    }
}

/// How the elements of an array lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Consecutive,
    /// In equal steps, forwards.
    Even,
    Uneven,
}

impl Order {
    pub fn is_consecutive(self) -> bool {
        self == Order::Consecutive
    }

    /// Does numpy go along them as along consecutive ones?
    pub fn is_numpys(self) -> bool {
        self != Order::Uneven
    }
}

/// What several threads look at.
struct Shared<'a> {
    operands: &'a Operands<'a>,
    result: *mut u8,
}

// SAFETY: the threads write to different parts, and nobody to the operands.
unsafe impl Sync for Shared<'_> {}

impl Shared<'_> {
    unsafe fn part(&self, expression: &Expression, from: usize, count: usize) -> Operands<'_> {
        // SAFETY: the caller's promise.
        unsafe { self.operands.part(expression, from, count) }
    }

    unsafe fn result(&self, offset: usize) -> *mut u8 {
        // SAFETY: an element of the result.
        unsafe { self.result.add(offset) }
    }
}

impl Expression {
    /// Computes `count` elements from `from` on by numpy's inner loops; `slots` has room for as many of each piece. What happened.
    unsafe fn block(
        &self,
        operands: &Operands<'_>,
        (from, count): (usize, usize),
        slots: *mut u8,
        result: *mut u8,
        watched: u32,
    ) -> u32 {
        let last = self.steps.len() - 1;
        let mut all = 0;
        for (i, step) in self.steps.iter().enumerate() {
            let mut addresses = [core::ptr::null_mut(); 4];
            let mut steps = [0; 4];
            for (k, &input) in step.inputs[..step.arity].iter().enumerate() {
                let width = step.types[k].width().bytes();
                steps[k] = width as isize;
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
        let scalars = self.steps.iter().flat_map(|step| step.types.into_iter().chain([step.output]));
        let widest = scalars.map(|scalar| scalar.width().bytes()).max();
        BLOCK / widest.unwrap_or(8)
    }

    /// Computes everything, block by block.
    #[inline(never)]
    unsafe fn compute(&self, operands: &Operands<'_>, result: *mut u8, watched: u32) -> u32 {
        let mut few = MaybeUninit::<Scratch<{ FEW_SLOTS * BLOCK }>>::uninit();
        let mut more = Vec::<Scratch<BLOCK>>::new();
        let slots = if self.slots <= FEW_SLOTS {
            few.as_mut_ptr().cast::<u8>()
        } else {
            more.reserve(self.slots);
            more.as_mut_ptr().cast::<u8>()
        };
        let (elements, width) = (self.elements(), self.output().width().bytes());
        let (mut from, mut happened) = (0, 0);
        while from < operands.count && happened & watched == 0 {
            let count = elements.min(operands.count - from);
            // SAFETY: the caller's promise.
            happened |= unsafe { self.block(operands, (from, count), slots, result.add(from * width), watched) };
            from += count;
        }
        happened
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

/// Computes an expression: its arrays, then an array that may be overwritten; its numbers. The result is owned; null if it is numpy's.
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
    if !site.is_hopeless() {
        // SAFETY: the caller's promise.
        let result = unsafe { compute(site, &arguments, &[n0, n1, n2, n3, n4, n5, n6, n7]) };
        // Arrays that end may have had finalizers.
        runs::call_returned();
        if let Some(result) = result {
            return computed(site.sequence, result.into_raw());
        }
    }
    if matches!(site.sequence, Sequence::Later | Sequence::Last) {
        give_up();
    }
    core::ptr::null_mut()
}

thread_local! {
    /// Results of the chain that is under way: references of the trace, which are given up if a later expression is not computed.
    static COMPUTED: RefCell<Vec<*mut PyObject>> = const { RefCell::new(Vec::new()) };
}

/// An expression was computed.
fn computed(sequence: Sequence, result: *mut PyObject) -> *mut PyObject {
    if sequence != Sequence::Alone {
        COMPUTED.with_borrow_mut(|all| {
            if matches!(sequence, Sequence::First | Sequence::Last) {
                all.clear();
            }
            if sequence != Sequence::Last {
                all.push(result);
            }
        });
    }
    result
}

/// An expression was not computed: those before it in the chain are not, either.
fn give_up() {
    for result in COMPUTED.take() {
        // SAFETY: the trace's reference, with which it does nothing any more.
        drop(unsafe { ObjRef::from_owned_ptr(result) });
    }
}

unsafe fn compute(
    site: &'static Site,
    arguments: &[usize; MOST_ARRAYS],
    numbers: &[f64; MOST_NUMBERS],
) -> Option<ObjRef> {
    let expression = &site.kernel.expression;
    let numpy = known()?;
    let mut operands =
        Operands { arrays: [core::ptr::null_mut(); MOST_OPERANDS], numbers: [0; MOST_NUMBERS], count: 0, space: None };
    let mut shape: Option<&[isize]> = None;
    let mut is_plain = true;
    for (i, &scalar) in expression.arrays.iter().enumerate() {
        let (argument, cut) = site.operands[i];
        // SAFETY: the caller's promise.
        let array = unsafe { Array::regular(object(arguments[argument as usize])?, numpy, scalar)? };
        is_plain &= cut.is_none() && array.is_in_order() && *shape.get_or_insert(array.shape()) == array.shape();
        operands.arrays[i] = array.data();
    }
    for (i, &scalar) in expression.numbers.iter().enumerate() {
        operands.numbers[i] = bits(numbers[i], scalar);
    }
    let space;
    let shape = if is_plain {
        let shape = shape?;
        operands.count = shape.iter().map(|&length| length as usize).product();
        shape
    } else {
        let mut all = Vec::with_capacity(expression.arrays.len());
        for (i, &scalar) in expression.arrays.iter().enumerate() {
            let (argument, cut) = site.operands[i];
            // SAFETY: an array, as above.
            let array = unsafe { Array::new(object(arguments[argument as usize])?) };
            let part = array.strided().and_then(|whole| cut.map_or(Some(whole), |cut| cut.part(&whole)))?;
            operands.arrays[i] = part.data;
            all.push((part, scalar.width().bytes()));
        }
        space = Space::of(&all)?;
        if (0..all.len()).any(|i| space.goes_backwards(i) && expression.applies_function_to(i)) {
            return None;
        }
        operands.count = space.count();
        if !(0..all.len()).all(|i| space.is_plain(i, all[i].1)) {
            operands.space = Some((&space, 0));
        }
        space.shape()
    };
    let output = expression.output();
    if let Target::Reduced(reduction) = site.target {
        // SAFETY: passed on.
        let reduced = unsafe { reduce::of(site.kernel, &operands, reduction) };
        concerning(site, reduced.is_some());
        return reduced;
    }
    // The array that gives its memory, or is written to.
    let target = match site.target {
        Target::New | Target::Reduced(_) => None,
        Target::Reused(argument) => {
            let word = arguments[argument as usize];
            // SAFETY: the caller's promise.
            let old = unsafe { object(word) }.filter(|_| word & 1 == 0);
            // SAFETY: a live object.
            let old = old.and_then(|old| unsafe { Array::plain(old, numpy, output) });
            old.filter(|old| old.is_unique(1) && old.shape() == shape).map(Written::Whole)
        }
        Target::Update(argument, cut) => {
            // SAFETY: the caller's promise.
            let array = unsafe { Array::regular(object(arguments[argument as usize])?, numpy, output)? };
            let whole = array.strided()?;
            let part = cut.map_or(Some(whole), |cut| cut.part(&whole))?;
            if !array.is_writeable() || part.shape() != shape {
                return None;
            }
            let is_whole = cut.is_none() && array.is_in_order();
            let written = if is_whole { Some(Written::Whole(array)) } else { Written::part(array, part, output) };
            concerning(site, written.is_some());
            Some(written?)
        }
    };
    let bytes = operands.count * output.width().bytes();
    // SAFETY: operands and results have as many elements.
    unsafe {
        if bytes > MOST_SCRATCH {
            return compute_big(site, arguments, &operands, target, shape);
        }
        let Some(target) = target else {
            let result = new_array(numpy, output, shape)?;
            return concerning(site, site.kernel.quietly(&operands, Array::new(&result).data())).then_some(result);
        };
        match bytes {
            ..=LITTLE_SCRATCH => overwrite::<LITTLE_SCRATCH>(site, &operands, &target),
            _ => overwrite::<MOST_SCRATCH>(site, &operands, &target),
        }
    }
}

/// Computes into scratch memory, and then overwrites the target.
#[inline(never)]
unsafe fn overwrite<const BYTES: usize>(
    site: &'static Site,
    operands: &Operands<'_>,
    target: &Written<'_>,
) -> Option<ObjRef> {
    let mut scratch = MaybeUninit::<Scratch<BYTES>>::uninit();
    let result = scratch.as_mut_ptr().cast::<u8>();
    // SAFETY: the caller's promise: no more than as many bytes.
    unsafe {
        if !concerning(site, site.kernel.quietly(operands, result)) {
            return None;
        }
        target.write(result, site.kernel.expression.output(), operands.count);
    }
    Some(target.array().object().new_ref())
}

/// What is overwritten.
enum Written<'a> {
    Whole(Array<'a>),
    /// Elements from this address on.
    Part(Array<'a>, Box<Space>, *mut u8),
}

impl<'a> Written<'a> {
    fn part(array: Array<'a>, part: Strided, scalar: Scalar) -> Option<Written<'a>> {
        let width = scalar.width().bytes();
        // Each element is one of its own, so that they may be written in any order.
        let space = Space::of(&[(part, width)]).filter(|space| !space.may_overlap(0, width))?;
        Some(Written::Part(array, Box::new(space), part.data))
    }

    fn array(&self) -> Array<'a> {
        match self {
            Written::Whole(array) | Written::Part(array, ..) => *array,
        }
    }

    /// Writes all elements.
    ///
    /// # Safety
    /// There is memory for so many, of that type, whatever the array says by now.
    unsafe fn write(&self, from: *const u8, scalar: Scalar, count: usize) {
        let width = scalar.width().bytes();
        // SAFETY: the caller's promise.
        unsafe {
            match self {
                Written::Whole(array) => core::ptr::copy_nonoverlapping(from, array.data(), count * width),
                Written::Part(_, space, data) => space.scatter(0, from, width, *data),
            }
        }
    }
}

/// The same of big arrays.
unsafe fn compute_big(
    site: &'static Site,
    arguments: &[usize; MOST_ARRAYS],
    operands: &Operands<'_>,
    target: Option<Written<'_>>,
    shape: &[isize],
) -> Option<ObjRef> {
    let (numpy, expression) = (known()?, &site.kernel.expression);
    let output = expression.output();
    let bytes = operands.count * output.width().bytes();
    // While others run, arrays may be given another shape.
    let shape = shape.to_vec();
    let result = match target {
        None => new_array(numpy, output, &shape)?,
        Some(_) => kept(numpy, bytes)?,
    };
    // SAFETY: an array that was just made.
    let memory = unsafe { Array::new(&result) };
    // What is returned in the end; until then it keeps the array alive.
    let reference = target.as_ref().map(|target| target.array().object().new_ref());
    let (pool, told) = (pool::threads(), status::told());
    // SAFETY: operands and results have as many elements. While others run, nothing can end that is looked at here: it is held.
    let happened = unsafe {
        if site.lets_go && bytes >= BIG {
            let held: Vec<ObjRef> = site
                .operands
                .iter()
                .filter_map(|&(argument, _)| object(arguments[argument as usize]).map(PyObject::new_ref))
                .collect();
            let happened = gil::allow_threads(|| site.kernel.in_parts(pool, operands, memory.data(), told));
            drop(held);
            happened
        } else {
            site.kernel.in_parts(pool, operands, memory.data(), told)
        }
    };
    if !concerning(site, happened == 0) {
        if target.is_some() {
            keep(result, bytes);
        }
        return None;
    }
    let (Some(target), Some(reference)) = (target, reference) else { return Some(result) };
    let whole = if let Written::Whole(array) = target { Some(array) } else { None };
    // Others may have got hold of it meanwhile.
    if !whole.is_some_and(|array| array.is_unique(2) && array.exchange(memory)) {
        if site.target.is_reused() {
            let copy = new_array(numpy, output, &shape)?;
            // SAFETY: as many bytes, of another array.
            unsafe { core::ptr::copy_nonoverlapping(memory.data(), Array::new(&copy).data(), bytes) };
            keep(result, bytes);
            return Some(copy);
        }
        // SAFETY: as many elements, of another array; it is writeable.
        unsafe { target.write(memory.data(), output, operands.count) };
    }
    keep(result, bytes);
    Some(reference)
}

/// An array of bytes that is kept for the next result, or 0.
static KEPT: AtomicUsize = AtomicUsize::new(0);

/// An array of so many bytes.
fn kept(numpy: &Numpy, bytes: usize) -> Option<ObjRef> {
    let kept = KEPT.swap(0, Ordering::Relaxed);
    if kept != 0 {
        // SAFETY: its owner was the static.
        let array = unsafe { ObjRef::from_owned_ptr(kept as *mut PyObject) };
        // SAFETY: an exact array.
        if unsafe { Array::new(&array) }.count() == bytes {
            return Some(array);
        }
    }
    new_array(numpy, Scalar::U8, &[bytes as isize])
}

fn keep(array: ObjRef, bytes: usize) {
    if bytes <= MOST_KEPT {
        let before = KEPT.swap(array.into_raw() as usize, Ordering::Relaxed);
        if before != 0 {
            // SAFETY: its owner was the static.
            drop(unsafe { ObjRef::from_owned_ptr(before as *mut PyObject) });
        }
    }
}

/// Takes note of what numpy has to do because of what it has to tell.
fn concerning(site: &Site, done: bool) -> bool {
    if !done {
        site.count_failure();
    }
    done
}
