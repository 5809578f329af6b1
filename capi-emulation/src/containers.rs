//! `tupleobject.h`, `listobject.h`, `setobject.h`, `sliceobject.h`, `iterobject.h`: containers but for dicts.

use core::ffi::c_int;

use rpy_vm::protocol::sequence;
use rpy_vm::runtime::gc;
use rpy_vm::types::list::PyList;
use rpy_vm::types::set::{PyFrozenSet, PySet, any_set};
use rpy_vm::types::slice::{self, PySlice};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::iter;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, Stolen, bad_call, expect, non_null};
use crate::va_list::VaList;

exports! {
    /// A tuple of `len` NULLs, for the caller to fill.
    fn PyTuple_New(len: isize) -> Out = Out {
        if len < 0 {
            return Err(bad_call());
        }
        let tuple = PyTuple::new_null(len as usize)?;
        if len > 0 {
            // The items may be collectable; the collector takes the tuple off its list if they are not.
            gc::track((*tuple).as_object());
        }
        Ok(tuple as Out)
    }
    /// The number of items.
    fn PyTuple_Size(tuple: Obj<'_>) -> isize = usize {
        Ok(expect::<PyTuple>(tuple)?.len())
    }
    /// An item, borrowed.
    fn PyTuple_GetItem(tuple: Obj<'_>, index: isize) -> Borrowed = Borrowed {
        let tuple: &PyTuple = expect(tuple)?;
        if index < 0 || index as usize >= tuple.len() {
            return Err(exc::index_error("tuple index out of range"));
        }
        Ok(*tuple.items_ptr().add(index as usize))
    }
    /// Sets an item of a tuple that nobody else has; takes the reference over.
    fn PyTuple_SetItem(tuple: Obj<'_>, index: isize, item: Stolen) -> c_int = () {
        let this: &PyTuple = expect(tuple)?;
        if tuple.refcount() != 1 {
            return Err(bad_call());
        }
        if index < 0 || index as usize >= this.len() {
            return Err(exc::index_error("tuple assignment index out of range"));
        }
        let old = this.items_ptr().add(index as usize).replace(item.map_or(core::ptr::null_mut(), Ref::into_raw));
        if !old.is_null() {
            PyObject::decref(old);
        }
        Ok(())
    }
    /// `tuple[low:high]`, clipped.
    fn PyTuple_GetSlice(tuple: OptObj<'_>, low: isize, high: isize) -> Out = Ref<PyTuple> {
        let tuple: &PyTuple = expect(tuple.ok_or_else(bad_call)?)?;
        let low = low.max(0) as usize;
        let high = (high.max(0) as usize).min(tuple.len());
        Ok(tuple.slice(low.min(high), high))
    }
    /// A tuple of `n` objects.
    fn va_PyTuple_Pack(n: isize, va: &mut VaList) -> Out = Ref<PyTuple> {
        let items = (0..n.max(0)).map(|_| (*va.pointer::<PyObject>()).new_ref()).collect();
        Ok(PyTuple::new(items))
    }
    /// A tuple of `n` objects that lie in memory.
    fn PyTuple_FromArray(items: *const *mut PyObject, n: isize) -> Out = Ref<PyTuple> {
        Ok(PyTuple::from_slice(rpy_vm::types::builtin_function::arg_slice(items, n.max(0) as usize)))
    }
    /// Changes the length of a tuple that nobody else has; on failure `*place` becomes NULL.
    fn _PyTuple_Resize(place: *mut *mut PyObject, len: isize) -> c_int = () {
        let old = place.replace(core::ptr::null_mut());
        if old.is_null() {
            return Err(bad_call());
        }
        let old: ObjRef = Ref::from_owned_ptr(old);
        let tuple: &PyTuple = expect(&old)?;
        if len < 0 || (old.refcount() != 1 && !tuple.is_empty()) {
            return Err(bad_call());
        }
        let new = PyTuple::new_null(len as usize)?;
        for i in 0..tuple.len() {
            let item = tuple.items_ptr().add(i).replace(core::ptr::null_mut());
            if i < len as usize {
                (*new).items_ptr().add(i).write(item);
            } else if !item.is_null() {
                PyObject::decref(item);
            }
        }
        if len > 0 {
            gc::track((*new).as_object());
        }
        place.write(new as *mut PyObject);
        Ok(())
    }

    /// A list of `len` NULLs, for the caller to fill.
    fn PyList_New(len: isize) -> Out = Ref<PyList> {
        if len < 0 {
            return Err(bad_call());
        }
        PyList::new_null(len as usize)
    }
    /// The number of items.
    fn PyList_Size(list: Obj<'_>) -> isize = usize {
        Ok(expect::<PyList>(list)?.len())
    }
    /// An item, borrowed.
    fn PyList_GetItem(list: Obj<'_>, index: isize) -> Borrowed = Borrowed {
        let list: &PyList = expect(list)?;
        if index < 0 || index as usize >= list.len() {
            return Err(exc::index_error("list index out of range"));
        }
        Ok(*list.items_ptr().add(index as usize))
    }
    /// An item, a new reference.
    fn PyList_GetItemRef(list: Obj<'_>, index: isize) -> Out = ObjRef {
        let Some(this) = list.downcast_ref::<PyList>() else {
            return Err(exc::type_error("expected a list"));
        };
        usize::try_from(index).ok().and_then(|i| this.get(i)).ok_or_else(|| exc::index_error("list index out of range"))
    }
    /// Sets an item; takes the reference over.
    fn PyList_SetItem(list: Obj<'_>, index: isize, item: Stolen) -> c_int = () {
        let this: &PyList = expect(list)?;
        if index < 0 || index as usize >= this.len() {
            return Err(exc::index_error("list assignment index out of range"));
        }
        let old = this.items_ptr().add(index as usize).replace(item.map_or(core::ptr::null_mut(), Ref::into_raw));
        if !old.is_null() {
            PyObject::decref(old);
        }
        Ok(())
    }
    /// Inserts before an index.
    fn PyList_Insert(list: Obj<'_>, index: isize, item: OptObj<'_>) -> c_int = () {
        let item = item.ok_or_else(bad_call)?;
        expect::<PyList>(list)?.insert(index, item.new_ref())
    }
    /// Appends.
    fn PyList_Append(list: Obj<'_>, item: OptObj<'_>) -> c_int = () {
        let item = item.ok_or_else(bad_call)?;
        expect::<PyList>(list)?.append(item.new_ref())
    }
    /// `list[low:high]`, clipped.
    fn PyList_GetSlice(list: Obj<'_>, low: isize, high: isize) -> Out = Ref<PyList> {
        let list: &PyList = expect(list)?;
        let high = (high.max(0) as usize).min(list.len());
        list.slice((low.max(0) as usize).min(high), high)
    }
    /// `list[low:high] = items`; NULL deletes.
    fn PyList_SetSlice(list: Obj<'_>, low: isize, high: isize, items: OptObj<'_>) -> c_int = () {
        let list: &PyList = expect(list)?;
        let items = match items {
            Some(items) => sequence::fast_or(items, "can only assign an iterable")?,
            None => Vec::new(),
        };
        let low = (low.max(0) as usize).min(list.len());
        let high = (high.max(0) as usize).min(list.len()).max(low);
        list.replace_range(low, high, items)
    }
    /// `list.extend(iterable)`.
    fn PyList_Extend(list: Obj<'_>, iterable: Obj<'_>) -> c_int = () {
        expect::<PyList>(list)?.extend_from_iterable(iterable)
    }
    /// `list.clear()`.
    fn PyList_Clear(list: Obj<'_>) -> c_int = () {
        expect::<PyList>(list)?.clear();
        Ok(())
    }
    /// `list.sort()`.
    fn PyList_Sort(list: OptObj<'_>) -> c_int = () {
        expect::<PyList>(list.ok_or_else(bad_call)?)?.sort(None, false)
    }
    /// `list.reverse()`.
    fn PyList_Reverse(list: OptObj<'_>) -> c_int = () {
        expect::<PyList>(list.ok_or_else(bad_call)?)?.reverse();
        Ok(())
    }
    /// `tuple(list)`.
    fn PyList_AsTuple(list: OptObj<'_>) -> Out = Ref<PyTuple> {
        expect::<PyList>(list.ok_or_else(bad_call)?)?.to_tuple()
    }

    /// `set(iterable)`; NULL: empty.
    fn PySet_New(iterable: OptObj<'_>) -> Out = Ref<PySet> {
        match iterable {
            None => Ok(PySet::new()),
            Some(iterable) => PySet::from_iterable(iterable),
        }
    }
    /// `frozenset(iterable)`; NULL: empty.
    fn PyFrozenSet_New(iterable: OptObj<'_>) -> Out = Ref<PyFrozenSet> {
        match iterable {
            None => Ok(PyFrozenSet::new()),
            Some(iterable) => PyFrozenSet::from_iterable(iterable),
        }
    }
    /// The number of elements.
    fn PySet_Size(set: Obj<'_>) -> isize = usize {
        Ok(any_set(set).ok_or_else(bad_call)?.len())
    }
    /// `key in set`.
    fn PySet_Contains(set: Obj<'_>, key: Obj<'_>) -> c_int = bool {
        any_set(set).ok_or_else(bad_call)?.contains(key)
    }
    /// Adds an element; a frozenset must be brand-new.
    fn PySet_Add(set: Obj<'_>, key: Obj<'_>) -> c_int = () {
        let this = any_set(set).ok_or_else(bad_call)?;
        if this.is_frozen() && set.refcount() != 1 {
            return Err(bad_call());
        }
        this.add(key)
    }
    /// Removes an element: 1, or 0 if it was not there.
    fn PySet_Discard(set: Obj<'_>, key: Obj<'_>) -> c_int = bool {
        mutable_set(set)?.discard(key)
    }
    /// Removes and gives any element.
    fn PySet_Pop(set: Obj<'_>) -> Out = ObjRef {
        mutable_set(set)?.pop_any().ok_or_else(|| exc::key_error_msg("pop from an empty set"))
    }
    /// Removes all elements.
    fn PySet_Clear(set: Obj<'_>) -> c_int = () {
        mutable_set(set)?.clear();
        Ok(())
    }
    /// `set |= iterable`.
    fn _PySet_Update(set: Obj<'_>, iterable: Obj<'_>) -> c_int = () {
        mutable_set(set)?.update_from(iterable)
    }
    /// Walks a set: the next element (borrowed) and its hash from a position on, which starts at 0.
    fn _PySet_NextEntry(set: Obj<'_>, position: *mut isize, key: *mut *mut PyObject, hash: *mut isize) -> c_int = c_int {
        let this = any_set(set).ok_or_else(bad_call)?;
        let mut at = (*position).max(0) as usize;
        let found = this.next_hashed(&mut at);
        position.write(at as isize);
        match found {
            Some((found, found_hash)) => {
                key.write(found.as_raw());
                hash.write(found_hash);
                Ok(1)
            }
            None => Ok(0),
        }
    }

    /// `slice(start, stop, step)`; NULL: None.
    fn PySlice_New(start: OptObj<'_>, stop: OptObj<'_>, step: OptObj<'_>) -> Out {
        let part = |part: OptObj<'_>| part.map(PyObject::new_ref);
        PySlice::new(part(start), part(stop), part(step)).into_raw() as Out
    }
    /// Start, stop and step as machine integers, clipped.
    fn PySlice_Unpack(object: &PySlice, start: *mut isize, stop: *mut isize, step: *mut isize) -> c_int = () {
        let (first, last, stride) = object.unpack()?;
        start.write(first);
        stop.write(last);
        step.write(stride);
        Ok(())
    }
    /// Fits bounds to a length; the number of items.
    fn PySlice_AdjustIndices(length: isize, start: *mut isize, stop: *mut isize, step: isize) -> isize {
        adjust(length, &mut *start, &mut *stop, step)
    }
    /// What `PySlice_GetIndicesEx` is to be used instead of: bounds beyond the length are refused rather than fitted, and so are parts
    /// that are not exactly ints or None. -1 for these, without an exception.
    fn PySlice_GetIndices(object: &PySlice, length: isize, start: &mut isize, stop: &mut isize, step: &mut isize) -> c_int = c_int {
        let parts = [object.step(), object.start(), object.stop()].map(|part| if rpy_vm::is_none(part) { None } else { Some(part) });
        let mut numbers = [None; 3];
        for (number, part) in numbers.iter_mut().zip(parts) {
            let Some(part) = part else { continue };
            let Some(int) = part.downcast_ref::<PyInt>() else { return Ok(-1) };
            let value = int.as_isize().ok_or_else(|| exc::overflow_error("Python int too large to convert to C ssize_t"))?;
            *number = Some(value);
        }
        let [stride, first, last] = numbers;
        let from_end = |at: isize| if at < 0 { at + length } else { at };
        *step = stride.unwrap_or(1);
        *start = first.map_or(if *step < 0 { length - 1 } else { 0 }, from_end);
        *stop = last.map_or(if *step < 0 { -1 } else { length }, from_end);
        Ok(if *stop > length || *start >= length || *step == 0 { -1 } else { 0 })
    }
    /// Unpacked and fitted to a length.
    fn PySlice_GetIndicesEx(object: &PySlice, length: isize, start: *mut isize, stop: *mut isize, step: *mut isize, count: *mut isize) -> c_int = () {
        let (first, last, stride) = object.unpack()?;
        start.write(first);
        stop.write(last);
        step.write(stride);
        count.write(adjust(length, &mut *start, &mut *stop, stride));
        Ok(())
    }
    /// A part of a slice as a machine integer: 1, with `*place` unchanged for None.
    fn _PyEval_SliceIndex(object: OptObj<'_>, place: *mut isize) -> c_int {
        match object.map_or(Ok(None), slice::eval_index) {
            Ok(index) => {
                if let Some(index) = index {
                    place.write(index);
                }
                1
            }
            Err(error) => {
                error.restore();
                0
            }
        }
    }

    /// An iterator over `o[0]`, `o[1]`, ...
    fn PySeqIter_New(object: Obj<'_>) -> Out = ObjRef {
        if !sequence::check(object) {
            return Err(bad_call());
        }
        Ok(iter::new_sequence_iterator(object))
    }
    /// An iterator that calls until `sentinel` is returned.
    fn PyCallIter_New(callable: Obj<'_>, sentinel: Obj<'_>) -> Out {
        iter::new_callable_iterator(callable, sentinel).into_raw()
    }
    /// `list(iterable)` into a given list (`list.__iadd__`).
    fn _PyList_Extend(list: &PyList, iterable: OptObj<'_>) -> Out = ObjRef {
        list.extend_from_iterable(non_null(iterable)?)?;
        Ok(rpy_vm::none())
    }
}

fn mutable_set(object: &PyObject) -> PyResult<&PySet> {
    expect(object)
}

/// Clips `start` and `stop` to a sequence of `length` items; gives the number of items between.
fn adjust(length: isize, start: &mut isize, stop: &mut isize, step: isize) -> isize {
    let clip = |at: isize| {
        if at < 0 {
            let at = at + length;
            if at >= 0 {
                at
            } else if step < 0 {
                -1
            } else {
                0
            }
        } else if at >= length {
            if step < 0 { length - 1 } else { length }
        } else {
            at
        }
    };
    *start = clip(*start);
    *stop = clip(*stop);
    if step < 0 {
        if *stop < *start { (*start - *stop - 1) / -step + 1 } else { 0 }
    } else if *start < *stop {
        (*stop - *start - 1) / step + 1
    } else {
        0
    }
}
