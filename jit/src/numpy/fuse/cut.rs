//! Arrays by the steps between their elements, and parts of them: `a[1:-1, ::2]`, `a[:, None]`.
//!
//! An operand of an expression may be such a part of an array: then numpy need not make a view.

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::tuple::PyTuple;

/// Axes that an operand may have.
pub const MOST_AXES: usize = 4;

/// Where elements are: the first one, how many there are along each axis, how many bytes they are apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Strided {
    pub data: *mut u8,
    pub ndim: usize,
    pub lengths: [isize; MOST_AXES],
    pub strides: [isize; MOST_AXES],
}

impl Strided {
    pub fn new(data: *mut u8, lengths: &[isize], strides: &[isize]) -> Option<Strided> {
        if lengths.len() > MOST_AXES {
            return None;
        }
        let mut all = Strided { data, ndim: 0, lengths: [1; MOST_AXES], strides: [0; MOST_AXES] };
        lengths.iter().zip(strides).for_each(|(&length, &stride)| all.push(length, stride));
        Some(all)
    }

    fn push(&mut self, length: isize, stride: isize) {
        self.lengths[self.ndim] = length;
        self.strides[self.ndim] = stride;
        self.ndim += 1;
    }

    pub fn shape(&self) -> &[isize] {
        &self.lengths[..self.ndim]
    }

    /// How many elements.
    pub fn count(&self) -> usize {
        self.shape().iter().map(|&length| length as usize).product()
    }

    /// Do the elements, of so many bytes, follow each other?
    pub fn is_plain(&self, width: usize) -> bool {
        let mut expected = width as isize;
        (0..self.ndim).rev().all(|axis| {
            let fits = self.lengths[axis] == 1 || self.strides[axis] == expected;
            expected *= self.lengths[axis];
            fits
        })
    }
}

/// What a key does with an axis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Item {
    Slice {
        start: Option<isize>,
        stop: Option<isize>,
        step: isize,
    },
    Index(isize),
    /// An axis of one element more.
    New,
}

/// A part of arrays with so many axes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cut {
    ndim: usize,
    items: Vec<Item>,
}

/// A machine integer or, as far as the result says, nothing.
fn bound(object: &PyObject) -> Option<Option<isize>> {
    if object.is(rpy_vm::none_ref()) {
        return Some(None);
    }
    let value = object.downcast_exact::<PyInt>()?.medium_value()?;
    // Far from where sums overflow.
    (value.unsigned_abs() < 1 << 60).then_some(Some(value as isize))
}

impl Cut {
    /// The part that a key of slices (and integers, `None`, `...` beside them) selects of an array with so many axes. `None` if it is
    /// something else: an element, or what only numpy can tell.
    pub fn of(key: &PyObject, ndim: usize) -> Option<Cut> {
        let single = [key];
        let tuple = key.downcast_exact::<PyTuple>();
        let parts: Vec<&PyObject> = match tuple {
            Some(tuple) => tuple.items().iter().map(|item| -> &PyObject { item }).collect(),
            None => single.to_vec(),
        };
        let is_new = |part: &&PyObject| part.is(rpy_vm::none_ref());
        let is_rest = |part: &&PyObject| part.is(&rpy_vm::ellipsis());
        let rests = parts.iter().filter(|part| is_rest(part)).count();
        let named = parts.iter().filter(|part| !is_new(part) && !is_rest(part)).count();
        if named > ndim
            || rests > 1
            || !parts.iter().any(|part| PySlice::check_exact(part) || is_new(part) || is_rest(part))
        {
            return None;
        }
        let all = Item::Slice { start: None, stop: None, step: 1 };
        let mut items = Vec::new();
        for part in parts {
            if is_new(&part) {
                items.push(Item::New);
            } else if is_rest(&part) {
                items.extend((named..ndim).map(|_| all));
            } else if let Some(slice) = part.downcast_exact::<PySlice>() {
                let step = bound(slice.step())?.unwrap_or(1);
                let item = Item::Slice { start: bound(slice.start())?, stop: bound(slice.stop())?, step };
                // That raises.
                if step == 0 {
                    return None;
                }
                items.push(item);
            } else {
                items.push(Item::Index(bound(part)??));
            }
        }
        if rests == 0 {
            items.extend((named..ndim).map(|_| all));
        }
        Some(Cut { ndim, items })
    }

    /// The same cut, at an address that stays.
    pub fn leaked(self) -> &'static Cut {
        static ALL: std::sync::Mutex<Vec<&'static Cut>> = std::sync::Mutex::new(Vec::new());
        let mut all = super::locked(&ALL);
        if let Some(known) = all.iter().find(|known| ***known == self) {
            return known;
        }
        let new: &'static Cut = Box::leak(Box::new(self));
        all.push(new);
        new
    }

    /// That part of an array. `None`: it has another number of axes, or an index is out of range.
    pub fn part(&self, of: &Strided) -> Option<Strided> {
        if of.ndim != self.ndim {
            return None;
        }
        let mut part = Strided { data: of.data, ndim: 0, lengths: [1; MOST_AXES], strides: [0; MOST_AXES] };
        let (mut axis, mut offset) = (0, 0_isize);
        for item in &self.items {
            if part.ndim == MOST_AXES && !matches!(item, Item::Index(_)) {
                return None;
            }
            if *item == Item::New {
                part.push(1, 0);
                continue;
            }
            let (length, stride) = (of.lengths[axis], of.strides[axis]);
            axis += 1;
            match *item {
                Item::Slice { start, stop, step } => {
                    // The first and the last that there may be, and one before or behind them.
                    let (least, most) = if step > 0 { (0, length) } else { (-1, length - 1) };
                    let place = |bound: isize| (if bound < 0 { bound + length } else { bound }).clamp(least, most);
                    let (start, stop) = match step > 0 {
                        true => (start.map_or(0, place), stop.map_or(length, place)),
                        false => (start.map_or(most, place), stop.map_or(-1, place)),
                    };
                    let (distance, size) = if step > 0 { (stop - start, step) } else { (start - stop, -step) };
                    let count = if distance > 0 { (distance - 1) / size + 1 } else { 0 };
                    if count > 0 {
                        offset += start * stride;
                    }
                    part.push(count, stride.wrapping_mul(step));
                }
                Item::Index(index) => {
                    let index = if index < 0 { index + length } else { index };
                    if index < 0 || index >= length {
                        return None;
                    }
                    offset += index * stride;
                }
                Item::New => {}
            }
        }
        part.data = of.data.wrapping_offset(offset);
        // Without axes it is a number.
        (part.ndim > 0).then_some(part)
    }
}
