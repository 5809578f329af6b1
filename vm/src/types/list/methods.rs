//! The slots and methods of `list`.

use core::cell::Cell;
use core::ptr;

use super::indices::{index_bounds, subscript_index};
use super::{PyList, PyList_Type, PyListIterator, PyListReverseIterator, class_getitem, no_keywords};
use crate::err::PyResult;
use crate::exc;
use crate::interp::reclaim::decref;
use crate::object::alloc::{self, mem_free};
use crate::object::dealloc::free_instance;
use crate::object::slots::CompareOp;
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject, PyVarObject};
use crate::protocol::{number, object as protocol};
use crate::runtime::gc::{self, Visit};
use crate::runtime::repr_guard::ReprGuard;
use crate::types::dict::PyDict;
use crate::types::slice::PySlice;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::pymethods;

#[pymethods(signature = "(iterable=(), /)")]
impl PyList {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        Ok(alloc::new_in(
            cls,
            PyList {
                ob_base: PyVarObject::placeholder(0),
                ob_item: Cell::new(ptr::null_mut()),
                allocated: Cell::new(0),
            },
        )?
        .into_obj())
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        let ty = self.as_object().ty();
        if ptr::eq(ty, &PyList_Type)
            || ty.tp_new.get().map(|f| f as usize) == PyList_Type.tp_new.get().map(|f| f as usize)
        {
            no_keywords("list", kwargs)?;
        }
        if args.len() > 1 {
            return Err(exc::type_error(format!("list expected at most 1 argument, got {}", args.len())));
        }
        if !self.ob_item.get().is_null() {
            self.clear();
        }
        match args.get(0) {
            Some(iterable) => self.extend_from_iterable(iterable),
            None => Ok(()),
        }
    }

    #[slot]
    unsafe fn tp_vectorcall(
        cls: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        let nargs = nargsf & !(1 << 63);
        // SAFETY: the vectorcall convention: `nargs` borrowed arguments, and a tuple of names or NULL.
        let result = unsafe {
            if !kwnames.is_null() && !(*(kwnames as *const PyTuple)).is_empty() {
                Err(exc::type_error("list() takes no keyword arguments"))
            } else if nargs > 1 {
                Err(exc::type_error(format!("list expected at most 1 argument, got {nargs}")))
            } else {
                let list = if ptr::eq(cls as *const PyTypeObject, &PyList_Type) {
                    Ok(PyList::empty())
                } else {
                    PyList::tp_new(&*(cls as *const PyTypeObject), PyTuple::empty_ref(), None)
                        .map(|list| list.cast_unchecked::<PyList>())
                };
                list.and_then(|list| {
                    if nargs == 1 {
                        list.extend_from_iterable(&**args)?;
                    }
                    Ok(list)
                })
            }
        };
        match result {
            Ok(list) => list.into_obj().into_raw(),
            Err(e) => e.restore_null(),
        }
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: the object is a dead list; items are owned or NULL.
        unsafe {
            gc::untrack(&*object);
            let list = object as *mut PyList;
            let items = (*list).ob_item.get();
            if !items.is_null() {
                for i in (0..(*list).len()).rev() {
                    let item = *items.add(i);
                    if !item.is_null() {
                        decref(item);
                    }
                }
                mem_free(items as *mut u8);
            }
            if !PyList::keep_header(list) {
                free_instance(object);
            }
        }
    }

    #[slot]
    fn tp_traverse(&self, visit: &mut Visit<'_>) {
        let items = self.ob_item.get();
        for i in 0..self.len() {
            // SAFETY: in range; NULL or a live item.
            unsafe { visit.visit_raw(*items.add(i)) };
        }
    }

    #[slot]
    fn tp_clear(&self) -> PyResult<()> {
        self.clear();
        Ok(())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult {
        if self.is_empty() {
            return Ok(PyStr::new("[]").into_obj());
        }
        let Some(_guard) = ReprGuard::enter(self.as_object()) else {
            return Ok(PyStr::new("[...]").into_obj());
        };
        let mut out = StrBuilder::new();
        out.push_str("[");
        let mut i = 0;
        while let Some(item) = self.get(i) {
            if i > 0 {
                out.push_str(", ");
            }
            out.push_py(&*protocol::repr(&item)?);
            i += 1;
        }
        out.push_str("]");
        Ok(out.finish().into_obj())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let Some(other) = other.downcast_ref::<PyList>() else {
            return Ok(crate::not_implemented());
        };
        if self.len() != other.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(crate::py_bool(op == CompareOp::Ne));
        }
        let mut i = 0;
        while let (Some(a), Some(b)) = (self.get(i), other.get(i)) {
            if !a.is(&b) && !protocol::eq(&a, &b)? {
                // The comparison may have changed either list: what is there now counts.
                let (Some(a), Some(b)) = (self.get(i), other.get(i)) else { break };
                return match op {
                    CompareOp::Eq => Ok(crate::py_bool(false)),
                    CompareOp::Ne => Ok(crate::py_bool(true)),
                    _ => protocol::rich_compare(&a, &b, op),
                };
            }
            i += 1;
        }
        Ok(crate::py_bool(op.matches(self.len().cmp(&other.len()))))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyListIterator::new(self).into_obj()
    }

    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn sq_concat(&self, other: &PyObject) -> PyResult {
        let Some(other) = other.downcast_ref::<PyList>() else {
            return Err(exc::type_error(format!(
                "can only concatenate list (not \"{}\") to list",
                other.ty().full_name()
            )));
        };
        let len = self.len().checked_add(other.len()).ok_or_else(exc::memory_error)?;
        let list = PyList::with_capacity(len)?;
        // SAFETY: copying pointers and counting references up runs no Python code.
        unsafe {
            list.extend_borrowed(self.items())?;
            list.extend_borrowed(other.items())?;
        }
        Ok(list.into_obj())
    }

    #[slot]
    fn sq_repeat(&self, count: isize) -> PyResult {
        let len = self.len();
        if len == 0 || count <= 0 {
            return Ok(PyList::empty().into_obj());
        }
        let total = len.checked_mul(count as usize).ok_or_else(exc::memory_error)?;
        let list = PyList::with_capacity(total)?;
        let items = list.ob_item.get();
        let mut at = 0;
        for _ in 0..count {
            for i in 0..len {
                // SAFETY: the array has `total` free slots; counting references up changes no list.
                unsafe { items.add(at).write(self.get_unchecked(i).new_ref().into_raw()) };
                at += 1;
            }
        }
        list.ob_base.ob_size.set(total as isize);
        Ok(list.into_obj())
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult {
        if index >= 0
            && let Some(item) = self.get(index as usize)
        {
            return Ok(item);
        }
        Err(exc::index_error("list index out of range"))
    }

    #[slot]
    fn sq_ass_item(&self, index: isize, value: Option<&PyObject>) -> PyResult<()> {
        if index < 0 || index as usize >= self.len() {
            return Err(exc::index_error("list assignment index out of range"));
        }
        match value {
            Some(value) => {
                self.set(index as usize, value.new_ref());
            }
            None => drop(self.remove_at(index as usize)),
        }
        Ok(())
    }

    #[slot]
    fn sq_contains(&self, value: &PyObject) -> PyResult<bool> {
        self.contains(value)
    }

    #[slot]
    fn sq_inplace_concat(&self, other: &PyObject) -> PyResult {
        self.extend_from_iterable(other)?;
        Ok(self.to_obj())
    }

    #[slot]
    fn sq_inplace_repeat(&self, count: isize) -> PyResult {
        let len = self.len();
        if len == 0 || count == 1 {
            return Ok(self.to_obj());
        }
        if count < 1 {
            self.clear();
            return Ok(self.to_obj());
        }
        let total =
            len.checked_mul(count as usize).filter(|&n| n <= isize::MAX as usize / 8).ok_or_else(exc::memory_error)?;
        self.resize(total)?;
        let items = self.ob_item.get();
        for at in len..total {
            // SAFETY: `total` slots; the first `len` hold items, the others are being filled in order.
            unsafe { items.add(at).write((**items.add(at - len)).new_ref().into_raw()) };
        }
        Ok(self.to_obj())
    }

    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult {
        self.subscript(key)
    }

    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        if let Some(slice) = key.downcast_exact::<PySlice>() {
            return self.assign_slice(slice, value);
        }
        if !number::is_index(key) {
            return Err(exc::type_error(format!("list indices must be integers or slices, not {}", key.ty().name())));
        }
        let index = subscript_index(key)?;
        self.sq_ass_item(if index < 0 { index + self.len() as isize } else { index }, value)
    }

    /// Return self[index].
    #[pymethod(name = "__getitem__", sig = "($self, index, /)", coexist)]
    fn getitem(&self, index: &PyObject) -> PyResult {
        self.subscript(index)
    }

    /// Return a reverse iterator over the list.
    #[pymethod(name = "__reversed__")]
    fn reversed(&self) -> ObjRef {
        PyListReverseIterator::new(self).into_obj()
    }

    /// Return the size of the list in memory, in bytes.
    #[pymethod(name = "__sizeof__")]
    fn sizeof(&self) -> isize {
        self.as_object().ty().tp_basicsize.get() + 8 * self.allocated.get().max(0)
    }

    /// Remove all items from list.
    #[pymethod(name = "clear")]
    fn py_clear(&self) {
        self.clear();
    }

    /// Return a shallow copy of the list.
    #[pymethod(name = "copy")]
    fn py_copy(&self) -> PyResult {
        Ok(self.copy()?.into_obj())
    }

    /// Append object to the end of the list.
    #[pymethod(name = "append", sig = "($self, object, /)")]
    fn py_append(&self, object: &PyObject) -> PyResult<()> {
        self.append(object.new_ref())
    }

    /// Insert object before index.
    #[pymethod(name = "insert", sig = "($self, index, object, /)")]
    fn py_insert(&self, index: &PyObject, object: &PyObject) -> PyResult<()> {
        let index = number::as_isize(index, Some(exc::OverflowError()))?;
        self.insert(index, object.new_ref())
    }

    /// Extend list by appending elements from the iterable.
    #[pymethod(sig = "($self, iterable, /)")]
    fn extend(&self, iterable: &PyObject) -> PyResult<()> {
        self.extend_from_iterable(iterable)
    }

    /// Remove and return item at index (default last).
    ///
    /// Raises IndexError if list is empty or index is out of range.
    #[pymethod(sig = "($self, index=-1, /)")]
    fn pop(&self, index: Option<&PyObject>) -> PyResult {
        let index = match index {
            Some(index) => number::as_isize(index, Some(exc::IndexError()))?,
            None => -1,
        };
        let len = self.len();
        if len == 0 {
            return Err(exc::index_error("pop from empty list"));
        }
        let at = if index < 0 { index + len as isize } else { index };
        if at < 0 || at as usize >= len {
            return Err(exc::index_error("pop index out of range"));
        }
        Ok(self.remove_at(at as usize))
    }

    /// Remove first occurrence of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "($self, value, /)")]
    fn remove(&self, value: &PyObject) -> PyResult<()> {
        match self.find(value, 0, usize::MAX)? {
            Some(index) if index < self.len() => {
                drop(self.remove_at(index));
                Ok(())
            }
            Some(_) => Ok(()),
            None => Err(exc::value_error("list.remove(x): x not in list")),
        }
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(&self, value: &PyObject, start: Option<&PyObject>, stop: Option<&PyObject>) -> PyResult<usize> {
        let (start, stop) = index_bounds(start, stop, || self.len())?;
        match self.find(value, start as usize, stop as usize)? {
            Some(index) => Ok(index),
            None => Err(exc::value_error("list.index(x): x not in list")),
        }
    }

    /// Return number of occurrences of value.
    #[pymethod(sig = "($self, value, /)")]
    fn count(&self, value: &PyObject) -> PyResult<usize> {
        let mut count = 0;
        let mut i = 0;
        while let Some(item) = self.get(i) {
            if item.is(value) || protocol::eq(&item, value)? {
                count += 1;
            }
            i += 1;
        }
        Ok(count)
    }

    /// Reverse *IN PLACE*.
    #[pymethod(name = "reverse")]
    fn py_reverse(&self) {
        self.reverse();
    }

    /// Sort the list in ascending order and return None.
    ///
    /// The sort is in-place (i.e. the list itself is modified) and stable (i.e. the
    /// order of two equal elements is maintained).
    ///
    /// If a key function is given, apply it once to each list item and sort them,
    /// ascending or descending, according to their function values.
    ///
    /// The reverse flag can be set to sort in descending order.
    #[pymethod(name = "sort", sig = "($self, /, *, key=None, reverse=False)")]
    fn py_sort(&self, key: Option<&PyObject>, reverse: Option<&PyObject>) -> PyResult<()> {
        let reverse = match reverse {
            Some(flag) => protocol::is_true(flag)?,
            None => false,
        };
        self.sort(key, reverse)
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(item, /)")]
    fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }
}
