//! `_bisect`: binary search in sorted sequences.

/// Bisection algorithms.
///
/// This module provides support for maintaining a list in sorted order without
/// having to sort the list after each insertion. For long lists of items with
/// expensive comparison operations, this can be an improvement over the more
/// common approach.
#[rpy_derive::pymodule(name = "_bisect")]
pub mod bisect_ {
    use rpy_vm::object::slots::CompareOp;
    use rpy_vm::protocol::{call, object as po, sequence};
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::list::PyList;
    use rpy_vm::{ObjRef, PyObject, PyResult, exc, intern};

    /// Which of equal items the position lies beyond.
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Side {
        Left,
        Right,
    }

    /// The position for `x` between `lo` and `hi`.
    fn search(
        a: &PyObject,
        x: &PyObject,
        lo: isize,
        hi: Option<isize>,
        key: Option<&PyObject>,
        side: Side,
    ) -> PyResult<isize> {
        if lo < 0 {
            return Err(exc::value_error("lo must be non-negative"));
        }
        let mut lo = lo;
        let mut hi = match hi {
            None | Some(-1) => po::size(a)? as isize,
            Some(hi) => hi,
        };
        while lo < hi {
            // lo is not negative and below hi: no overflow.
            let middle = lo + (hi - lo) / 2;
            let mut item = sequence::get_item_index(a, middle)?;
            if let Some(key) = key {
                item = call::call_one(key, &item)?;
            }
            let go_right = match side {
                Side::Right => !less(x, &item)?,
                Side::Left => less(&item, x)?,
            };
            if go_right {
                lo = middle + 1;
            } else {
                hi = middle;
            }
        }
        Ok(lo)
    }

    #[inline]
    fn less(a: &PyObject, b: &PyObject) -> PyResult<bool> {
        po::is_true(&*po::rich_compare(a, b, CompareOp::Lt)?)
    }

    fn insert_at(a: &PyObject, index: isize, x: &PyObject) -> PyResult<()> {
        if let Some(list) = a.downcast_exact::<PyList>() {
            return list.insert(index, x.new_ref());
        }
        let index: ObjRef = PyInt::from_isize(index).into_obj();
        call::call_method(a, intern!("insert"), &[&index, x]).map(drop)
    }

    /// The key of what is to be inserted.
    fn key_of(x: &PyObject, key: Option<&PyObject>) -> PyResult<ObjRef> {
        match key {
            Some(key) => call::call_one(key, x),
            None => Ok(x.new_ref()),
        }
    }

    /// Return the index where to insert item x in list a, assuming a is sorted.
    ///
    /// The return value i is such that all e in a[:i] have e <= x, and all e in
    /// a[i:] have e > x.  So if x already appears in the list, a.insert(i, x) will
    /// insert just after the rightmost x already there.
    ///
    /// Optional args lo (default 0) and hi (default len(a)) bound the
    /// slice of a to be searched.
    ///
    /// A custom key function can be supplied to customize the sort order.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn bisect_right(
        a: &PyObject,
        x: &PyObject,
        lo: isize,
        hi: Option<isize>,
        key: Option<&PyObject>,
    ) -> PyResult<isize> {
        search(a, x, lo, hi, key, Side::Right)
    }

    /// Insert item x in list a, and keep it sorted assuming a is sorted.
    ///
    /// If x is already in a, insert it to the right of the rightmost x.
    ///
    /// Optional args lo (default 0) and hi (default len(a)) bound the
    /// slice of a to be searched.
    ///
    /// A custom key function can be supplied to customize the sort order.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn insort_right(a: &PyObject, x: &PyObject, lo: isize, hi: Option<isize>, key: Option<&PyObject>) -> PyResult<()> {
        let index = search(a, &*key_of(x, key)?, lo, hi, key, Side::Right)?;
        insert_at(a, index, x)
    }

    /// Return the index where to insert item x in list a, assuming a is sorted.
    ///
    /// The return value i is such that all e in a[:i] have e < x, and all e in
    /// a[i:] have e >= x.  So if x already appears in the list, a.insert(i, x) will
    /// insert just before the leftmost x already there.
    ///
    /// Optional args lo (default 0) and hi (default len(a)) bound the
    /// slice of a to be searched.
    ///
    /// A custom key function can be supplied to customize the sort order.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn bisect_left(
        a: &PyObject,
        x: &PyObject,
        lo: isize,
        hi: Option<isize>,
        key: Option<&PyObject>,
    ) -> PyResult<isize> {
        search(a, x, lo, hi, key, Side::Left)
    }

    /// Insert item x in list a, and keep it sorted assuming a is sorted.
    ///
    /// If x is already in a, insert it to the left of the leftmost x.
    ///
    /// Optional args lo (default 0) and hi (default len(a)) bound the
    /// slice of a to be searched.
    ///
    /// A custom key function can be supplied to customize the sort order.
    #[pyfunction(sig = "(a, x, lo=0, hi=None, *, key=None)")]
    fn insort_left(a: &PyObject, x: &PyObject, lo: isize, hi: Option<isize>, key: Option<&PyObject>) -> PyResult<()> {
        let index = search(a, &*key_of(x, key)?, lo, hi, key, Side::Left)?;
        insert_at(a, index, x)
    }
}
