//! `product`, `permutations`, `combinations`, `combinations_with_replacement`.
//!
//! Each keeps the positions that make up its last result, and changes in the result only what changes from one to the next.

use core::cell::{Cell, RefCell};

use super::common::{Results, build_tuple, only_keyword};
use rpy_derive::{pyclass, pymethods};
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::{number, sequence};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc};

/// `len` positions.
fn positions(len: usize, position: impl Fn(usize) -> usize) -> PyResult<RefCell<Vec<usize>>> {
    let mut out = Vec::new();
    out.try_reserve_exact(len).map_err(|_| exc::memory_error())?;
    out.extend((0..len).map(position));
    Ok(RefCell::new(out))
}

fn take(pool: &PyTuple, index: usize) -> ObjRef {
    pool.get(index).map_or_else(rpy_vm::none, PyObject::new_ref)
}

/// product(*iterables, repeat=1)
/// --
///
/// Cartesian product of input iterables.  Equivalent to nested for-loops.
///
/// For example, product(A, B) returns the same as:  ((x,y) for x in A for y in B).
/// The leftmost iterators are in the outermost for-loop, so the output tuples
/// cycle in a manner similar to an odometer (with the rightmost element changing
/// on every iteration).
///
/// To compute the product of an iterable with itself, specify the number
/// of repetitions with the optional repeat keyword argument. For example,
/// product(A, repeat=4) means the same as product(A, A, A, A).
///
/// product('ab', range(3)) --> ('a',0) ('a',1) ('a',2) ('b',0) ('b',1) ('b',2)
/// product((0,1), (0,1), (0,1)) --> (0,0,0) (0,0,1) (0,1,0) (0,1,1) (1,0,0) ...
#[pyclass(name = "product", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyProduct {
    ob_base: PyObject,
    /// A tuple of tuples.
    pools: Ref<PyTuple>,
    #[pytraverse(skip)]
    indices: RefCell<Vec<usize>>,
    last: Results,
    #[pytraverse(skip)]
    stopped: Cell<bool>,
}

impl PyProduct {
    fn pool(&self, index: usize) -> &PyTuple {
        match self.pools.get(index).and_then(PyObject::downcast_ref::<PyTuple>) {
            Some(pool) => pool,
            None => PyTuple::empty_ref(),
        }
    }
}

#[pymethods]
impl PyProduct {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let repeat = match only_keyword("product", "repeat", kwargs)? {
            None => 1,
            Some(repeat) => number::as_isize(&repeat, Some(exc::OverflowError()))?,
        };
        let repeat = usize::try_from(repeat).map_err(|_| exc::value_error("repeat argument cannot be negative"))?;
        let given = args.len();
        let count = if repeat == 0 { 0 } else { given };
        let total = count
            .checked_mul(repeat)
            .filter(|&n| n <= isize::MAX as usize / 8)
            .ok_or_else(|| exc::overflow_error("repeat argument too large"))?;
        let indices = positions(total, |_| 0)?;
        let mut pools = Vec::with_capacity(count);
        for iterable in &args.items()[..count] {
            pools.push(sequence::to_tuple(iterable)?);
        }
        let stopped = pools.iter().any(|pool| pool.is_empty());
        let value = PyProduct {
            ob_base: PyObject::placeholder(),
            pools: build_tuple(total, |i| pools[i % count.max(1)].to_obj())?,
            indices,
            last: Results::NONE,
            stopped: Cell::new(stopped),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        if self.stopped.get() {
            return Ok(None);
        }
        let Some(result) = self.last.reuse() else {
            let first = build_tuple(self.pools.len(), |i| take(self.pool(i), 0))?;
            return Ok(Some(self.last.hand_out(first)));
        };
        // As an odometer: the last wheel first.
        let mut indices = self.indices.borrow_mut();
        let mut i = indices.len();
        loop {
            if i == 0 {
                self.stopped.set(true);
                return Ok(None);
            }
            i -= 1;
            let pool = self.pool(i);
            let next = indices[i] + 1;
            let wrapped = next == pool.len();
            indices[i] = if wrapped { 0 } else { next };
            // SAFETY: as many items as positions; the tuple is ours alone. What is dropped stays alive in the pool.
            unsafe { result.set_item_unchecked(i, take(pool, indices[i])) };
            if !wrapped {
                break;
            }
        }
        drop(indices);
        Ok(Some(self.last.hand_out(result)))
    }
}

/// `r` as a count.
fn count_of(r: isize) -> Result<usize, PyErr> {
    usize::try_from(r).map_err(|_| exc::value_error("r must be non-negative"))
}

/// Writes the items at `indices[from..]` into a result.
///
/// # Safety
/// The tuple has as many items as there are indices and belongs to nobody else; its old items stay alive in the pool.
unsafe fn refresh(result: &PyTuple, pool: &PyTuple, indices: &[usize], from: usize) {
    for (j, &index) in indices.iter().enumerate().skip(from) {
        // SAFETY: the caller's promise.
        unsafe { result.set_item_unchecked(j, take(pool, index)) };
    }
}

/// Return successive r-length combinations of elements in the iterable.
///
/// combinations(range(4), 3) --> (0,1,2), (0,1,3), (0,2,3), (1,2,3)
#[pyclass(name = "combinations", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyCombinations {
    ob_base: PyObject,
    pool: Ref<PyTuple>,
    #[pytraverse(skip)]
    indices: RefCell<Vec<usize>>,
    last: Results,
    #[pytraverse(skip)]
    stopped: Cell<bool>,
}

#[pymethods]
impl PyCombinations {
    #[pynew(sig = "(iterable, r)")]
    fn py_new(cls: &PyTypeObject, iterable: &PyObject, r: isize) -> PyResult<ObjRef> {
        let pool = sequence::to_tuple(iterable)?;
        let r = count_of(r)?;
        let stopped = r > pool.len();
        let value = PyCombinations {
            ob_base: PyObject::placeholder(),
            indices: positions(if stopped { 0 } else { r }, |i| i)?,
            pool,
            last: Results::NONE,
            stopped: Cell::new(stopped),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        if self.stopped.get() {
            return Ok(None);
        }
        let mut indices = self.indices.borrow_mut();
        let (n, r) = (self.pool.len(), indices.len());
        let Some(result) = self.last.reuse() else {
            let first = build_tuple(r, |i| take(&self.pool, indices[i]))?;
            return Ok(Some(self.last.hand_out(first)));
        };
        // The rightmost position that can still move.
        let Some(i) = (0..r).rev().find(|&i| indices[i] != i + n - r) else {
            self.stopped.set(true);
            return Ok(None);
        };
        indices[i] += 1;
        for j in i + 1..r {
            indices[j] = indices[j - 1] + 1;
        }
        // SAFETY: `r` items, ours alone.
        unsafe { refresh(&result, &self.pool, &indices, i) };
        Ok(Some(self.last.hand_out(result)))
    }
}

/// Return successive r-length combinations of elements in the iterable allowing individual elements to have successive repeats.
///
/// combinations_with_replacement('ABC', 2) --> ('A','A'), ('A','B'), ('A','C'), ('B','B'), ('B','C'), ('C','C')
#[pyclass(name = "combinations_with_replacement", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyCombinationsWithReplacement {
    ob_base: PyObject,
    pool: Ref<PyTuple>,
    #[pytraverse(skip)]
    indices: RefCell<Vec<usize>>,
    last: Results,
    #[pytraverse(skip)]
    stopped: Cell<bool>,
}

#[pymethods]
impl PyCombinationsWithReplacement {
    #[pynew(sig = "(iterable, r)")]
    fn py_new(cls: &PyTypeObject, iterable: &PyObject, r: isize) -> PyResult<ObjRef> {
        let pool = sequence::to_tuple(iterable)?;
        let r = count_of(r)?;
        let value = PyCombinationsWithReplacement {
            ob_base: PyObject::placeholder(),
            indices: positions(r, |_| 0)?,
            stopped: Cell::new(pool.is_empty() && r > 0),
            pool,
            last: Results::NONE,
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        if self.stopped.get() {
            return Ok(None);
        }
        let mut indices = self.indices.borrow_mut();
        let (n, r) = (self.pool.len(), indices.len());
        let Some(result) = self.last.reuse() else {
            let first = build_tuple(r, |_| take(&self.pool, 0))?;
            return Ok(Some(self.last.hand_out(first)));
        };
        let Some(i) = (0..r).rev().find(|&i| indices[i] + 1 != n) else {
            self.stopped.set(true);
            return Ok(None);
        };
        let next = indices[i] + 1;
        indices[i..].fill(next);
        // SAFETY: `r` items, ours alone.
        unsafe { refresh(&result, &self.pool, &indices, i) };
        Ok(Some(self.last.hand_out(result)))
    }
}

/// Return successive r-length permutations of elements in the iterable.
///
/// permutations(range(3), 2) --> (0,1), (0,2), (1,0), (1,2), (2,0), (2,1)
#[pyclass(name = "permutations", module = "itertools", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyPermutations {
    ob_base: PyObject,
    pool: Ref<PyTuple>,
    #[pytraverse(skip)]
    indices: RefCell<Vec<usize>>,
    /// How many choices each of the first `r` positions has left.
    #[pytraverse(skip)]
    cycles: RefCell<Vec<usize>>,
    last: Results,
    #[pytraverse(skip)]
    stopped: Cell<bool>,
}

#[pymethods]
impl PyPermutations {
    #[pynew(sig = "(iterable, r=None)")]
    fn py_new(cls: &PyTypeObject, iterable: &PyObject, r: Option<&PyObject>) -> PyResult<ObjRef> {
        let pool = sequence::to_tuple(iterable)?;
        let n = pool.len();
        let r = match r {
            None => n,
            Some(r) => {
                if !PyInt::check(r) {
                    return Err(exc::type_error("Expected int as r"));
                }
                count_of(number::as_isize(r, Some(exc::OverflowError()))?)?
            }
        };
        let stopped = r > n;
        let value = PyPermutations {
            ob_base: PyObject::placeholder(),
            pool,
            indices: positions(n, |i| i)?,
            cycles: positions(if stopped { 0 } else { r }, |i| n - i)?,
            last: Results::NONE,
            stopped: Cell::new(stopped),
        };
        Ok(new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        if self.stopped.get() {
            return Ok(None);
        }
        let mut indices = self.indices.borrow_mut();
        let mut cycles = self.cycles.borrow_mut();
        let (n, r) = (indices.len(), cycles.len());
        let Some(result) = self.last.reuse() else {
            let first = build_tuple(r, |i| take(&self.pool, indices[i]))?;
            return Ok(Some(self.last.hand_out(first)));
        };
        for i in (0..r).rev() {
            cycles[i] -= 1;
            if cycles[i] == 0 {
                // All choices had their turn: back to the order before.
                indices[i..].rotate_left(1);
                cycles[i] = n - i;
            } else {
                let other = n - cycles[i];
                indices.swap(i, other);
                // SAFETY: `r` items, ours alone.
                unsafe { refresh(&result, &self.pool, &indices[..r], i) };
                return Ok(Some(self.last.hand_out(result)));
            }
        }
        self.stopped.set(true);
        Ok(None)
    }
}
