//! What an expression goes along if its operands are not all of one shape and in one piece.
//!
//! Operands are stretched to the result's shape as numpy does (broadcasting: an axis of one element, or one that is missing, has steps of
//! no bytes). Kernels know consecutive elements only. So the result is computed in pieces: along a row where the operands'
//! elements follow each other, as far as that is worth while; otherwise the elements are first gathered in scratch memory.

use super::MOST_OPERANDS;
use super::cut::{MOST_AXES, Strided};

/// The elements of a result in C's order, and where those of the operands are.
#[derive(Clone, Copy)]
pub struct Space {
    /// As the result has them.
    shape: [isize; MOST_AXES],
    ndim: usize,
    /// Axes along which all operands go on evenly are one.
    axes: usize,
    lengths: [usize; MOST_AXES],
    strides: [[isize; MOST_AXES]; MOST_OPERANDS],
}

impl Space {
    /// The space of such operands (and how many bytes their elements have). `None`: their shapes do not fit, or numpy would give the
    /// result another order of elements than C's.
    pub fn of(operands: &[(Strided, usize)]) -> Option<Space> {
        let ndim = operands.iter().map(|(operand, _)| operand.ndim).max()?;
        let mut shape = [1_isize; MOST_AXES];
        for (operand, _) in operands {
            let missing = ndim - operand.ndim;
            for (axis, &length) in operand.shape().iter().enumerate() {
                let common = &mut shape[missing + axis];
                if *common == 1 {
                    *common = length;
                } else if length != 1 && length != *common {
                    return None;
                }
            }
        }
        let mut space =
            Space { shape, ndim, axes: 0, lengths: [1; MOST_AXES], strides: [[0; MOST_AXES]; MOST_OPERANDS] };
        for axis in 0..ndim {
            if shape[axis] != 1 {
                space.lengths[space.axes] = shape[axis] as usize;
                space.axes += 1;
            }
        }
        for (i, (operand, _)) in operands.iter().enumerate() {
            let (missing, mut at, mut outer) = (ndim - operand.ndim, 0, 0_usize);
            for axis in 0..ndim {
                if shape[axis] == 1 {
                    continue;
                }
                let is_stretched = axis < missing || operand.lengths[axis - missing] == 1;
                let stride = if is_stretched { 0 } else { operand.strides[axis - missing] };
                // numpy sorts axes by their steps.
                if stride != 0 {
                    if outer != 0 && stride.unsigned_abs() > outer {
                        return None;
                    }
                    outer = stride.unsigned_abs();
                }
                space.strides[i][at] = stride;
                at += 1;
            }
        }
        space.join(operands.len());
        Some(space)
    }

    /// Makes one axis of two along which all operands go on evenly.
    fn join(&mut self, operands: usize) {
        let mut axis = 1;
        while axis < self.axes {
            let is_even =
                |strides: &[isize; MOST_AXES]| strides[axis - 1] == strides[axis] * self.lengths[axis] as isize;
            if !self.strides[..operands].iter().all(is_even) {
                axis += 1;
                continue;
            }
            self.lengths[axis - 1] *= self.lengths[axis];
            self.lengths.copy_within(axis + 1.., axis);
            for strides in &mut self.strides[..operands] {
                strides[axis - 1] = strides[axis];
                strides.copy_within(axis + 1.., axis);
            }
            self.axes -= 1;
        }
    }

    /// The result's shape.
    pub fn shape(&self) -> &[isize] {
        &self.shape[..self.ndim]
    }

    /// How many elements there are.
    pub fn count(&self) -> usize {
        self.lengths[..self.axes].iter().product()
    }

    /// How many elements a row has.
    pub fn row(&self) -> usize {
        if self.axes == 0 { 1 } else { self.lengths[self.axes - 1] }
    }

    /// Do the elements of the first operand follow each other in equal steps, forwards?
    pub fn is_line(&self) -> bool {
        self.axes <= 1 && self.step(0) >= 0
    }

    /// Do elements of an operand go backwards in memory, along any axis?
    pub fn goes_backwards(&self, operand: usize) -> bool {
        self.strides[operand][..self.axes].iter().any(|&stride| stride < 0)
    }

    /// The step from one element of a row to the next.
    pub fn step(&self, operand: usize) -> isize {
        if self.axes == 0 { 0 } else { self.strides[operand][self.axes - 1] }
    }

    /// Do all elements of an operand, of so many bytes, follow each other?
    pub fn is_plain(&self, operand: usize, width: usize) -> bool {
        let mut expected = width as isize;
        (0..self.axes).rev().all(|axis| {
            let fits = self.strides[operand][axis] == expected;
            expected *= self.lengths[axis] as isize;
            fits
        })
    }

    /// May elements of an operand, of so many bytes, share memory with others of it? Then it counts in which order they are written.
    pub fn may_overlap(&self, operand: usize, width: usize) -> bool {
        // Bytes that the axes further in reach over: the steps of the outer ones have to be as long. Steps grow outwards.
        let mut reach = width;
        (0..self.axes).rev().any(|axis| {
            let step = self.strides[operand][axis].unsigned_abs();
            let overlaps = self.lengths[axis] > 1 && step < reach;
            reach = reach.saturating_add(self.lengths[axis].saturating_sub(1).saturating_mul(step));
            overlaps
        })
    }

    /// Where the element with that number is, in bytes from the first.
    pub fn offset(&self, operand: usize, mut number: usize) -> isize {
        let mut offset = 0;
        for axis in (0..self.axes).rev() {
            offset += (number % self.lengths[axis]) as isize * self.strides[operand][axis];
            number /= self.lengths[axis];
        }
        offset
    }

    /// Calls `run` for the parts of rows that the elements from one on are: their offset in the operand, how many there are.
    fn runs(&self, operand: usize, from: usize, count: usize, mut run: impl FnMut(isize, usize)) {
        if count == 0 {
            return;
        }
        let (row, mut at, end) = (self.row(), from, from + count);
        let outer = self.axes.saturating_sub(1);
        // Where the row is: the numbers of the outer axes, and the bytes they make.
        let mut place = [0_usize; MOST_AXES];
        let mut number = from / row;
        for axis in (0..outer).rev() {
            place[axis] = number % self.lengths[axis];
            number /= self.lengths[axis];
        }
        let strides = &self.strides[operand];
        let mut offset: isize = (0..outer).map(|axis| place[axis] as isize * strides[axis]).sum();
        while at < end {
            let column = at % row;
            let take = (row - column).min(end - at);
            run(offset + column as isize * self.step(operand), take);
            at += take;
            for axis in (0..outer).rev() {
                place[axis] += 1;
                offset += strides[axis];
                if place[axis] < self.lengths[axis] {
                    break;
                }
                place[axis] = 0;
                offset -= strides[axis] * self.lengths[axis] as isize;
            }
        }
    }

    /// Copies `count` elements of an operand from one on, which have `width` bytes, to where they follow each other.
    ///
    /// # Safety
    /// The operand has as many elements; there is room for them.
    pub unsafe fn gather(
        &self,
        operand: usize,
        data: *const u8,
        width: usize,
        (from, count): (usize, usize),
        to: *mut u8,
    ) {
        let (step, mut to) = (self.step(operand), to);
        self.runs(operand, from, count, |offset, take| {
            // SAFETY: the caller's promise.
            unsafe {
                copy(data.offset(offset), step, to, width as isize, take, width);
                to = to.add(take * width);
            }
        });
    }

    /// The way back.
    ///
    /// # Safety
    /// As for `gather`; the operand may be written to.
    pub unsafe fn scatter(&self, operand: usize, from: *const u8, width: usize, data: *mut u8) {
        let (step, mut from) = (self.step(operand), from);
        self.runs(operand, 0, self.count(), |offset, take| {
            // SAFETY: the caller's promise.
            unsafe {
                copy(from, width as isize, data.offset(offset), step, take, width);
                from = from.add(take * width);
            }
        });
    }
}

/// Copies elements from steps to steps.
///
/// # Safety
/// They are there, and do not overlap.
unsafe fn copy(from: *const u8, from_step: isize, to: *mut u8, to_step: isize, count: usize, width: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        if from_step == width as isize && to_step == width as isize {
            return core::ptr::copy_nonoverlapping(from, to, count * width);
        }
        match width {
            1 => copy_each::<u8>(from, from_step, to, to_step, count),
            2 => copy_each::<u16>(from, from_step, to, to_step, count),
            4 => copy_each::<u32>(from, from_step, to, to_step, count),
            _ => copy_each::<u64>(from, from_step, to, to_step, count),
        }
    }
}

/// # Safety
/// As for `copy`.
unsafe fn copy_each<T: Copy>(from: *const u8, from_step: isize, to: *mut u8, to_step: isize, count: usize) {
    for i in 0..count as isize {
        // SAFETY: the caller's promise.
        unsafe { (to.offset(i * to_step) as *mut T).write((from.offset(i * from_step) as *const T).read()) }
    }
}
