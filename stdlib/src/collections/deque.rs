//! `collections.deque` and its iterators.
//!
//! A ring buffer. Every change counts up `state`, so that whoever walks the items while running Python code notices changes.

use core::cell::{Cell, UnsafeCell};
use std::collections::VecDeque;

use rpy_vm::object::slots::CompareOp;
use rpy_vm::object::{OptRef, PyClass, PyStruct, Ref, alloc};
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::runtime::gc::Visit;
use rpy_vm::runtime::repr_guard::ReprGuard;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::indices::index_bounds;
use rpy_vm::types::list::{PyList, class_getitem};
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, intern, pyclass, pymethods};

/// A list-like sequence optimized for data accesses near its endpoints.
#[pyclass(name = "deque", module = "collections", flags(BASETYPE, SEQUENCE), weaklist = weakreflist, gc)]
#[repr(C)]
pub struct PyDeque {
    pub ob_base: PyObject,
    /// Never borrowed while Python code runs or an object is dropped.
    #[pytraverse(skip)]
    items: UnsafeCell<VecDeque<ObjRef>>,
    /// Counts changes.
    #[pytraverse(skip)]
    state: Cell<usize>,
    /// -1 without bound.
    #[pytraverse(skip)]
    maxlen: Cell<isize>,
    #[pytraverse(skip)]
    weakreflist: Cell<*mut PyObject>,
}

impl PyDeque {
    fn allocate(cls: &PyTypeObject) -> PyResult<Ref<PyDeque>> {
        alloc::new_in(
            cls,
            PyDeque {
                ob_base: PyObject::placeholder(),
                items: UnsafeCell::new(VecDeque::new()),
                state: Cell::new(0),
                maxlen: Cell::new(-1),
                weakreflist: Cell::new(core::ptr::null_mut()),
            },
        )
    }

    /// Short access to the items; the closure neither runs Python code nor drops objects.
    fn with<T>(&self, f: impl FnOnce(&mut VecDeque<ObjRef>) -> T) -> T {
        // SAFETY: touched under the GIL only, and `f` does not come back here.
        f(unsafe { &mut *self.items.get() })
    }

    fn len(&self) -> usize {
        self.with(|items| items.len())
    }

    fn get(&self, index: usize) -> Option<ObjRef> {
        self.with(|items| items.get(index).cloned())
    }

    fn changed(&self) {
        self.state.set(self.state.get().wrapping_add(1));
    }

    /// The bound, if any.
    fn bound(&self) -> Option<usize> {
        usize::try_from(self.maxlen.get()).ok()
    }

    fn push_back(&self, item: ObjRef) -> PyResult<()> {
        self.with(|items| items.try_reserve(1)).map_err(|_| exc::memory_error())?;
        let bound = self.bound();
        let surplus = self.with(|items| {
            items.push_back(item);
            if bound.is_some_and(|bound| items.len() > bound) { items.pop_front() } else { None }
        });
        self.changed();
        drop(surplus);
        Ok(())
    }

    fn push_front(&self, item: ObjRef) -> PyResult<()> {
        self.with(|items| items.try_reserve(1)).map_err(|_| exc::memory_error())?;
        let bound = self.bound();
        let surplus = self.with(|items| {
            items.push_front(item);
            if bound.is_some_and(|bound| items.len() > bound) { items.pop_back() } else { None }
        });
        self.changed();
        drop(surplus);
        Ok(())
    }

    /// Everything an iterable yields; itself counts as a snapshot.
    fn each(&self, iterable: &PyObject, mut f: impl FnMut(ObjRef) -> PyResult<()>) -> PyResult<()> {
        if iterable.is(self.as_object()) {
            // All of them first. A subclass may iterate in a way of its own.
            for item in rpy_vm::types::list::collect(iterable)? {
                f(item)?;
            }
            return Ok(());
        }
        let iter = protocol::get_iter(iterable)?;
        while let Some(item) = protocol::iter_next(&iter)? {
            f(item)?;
        }
        Ok(())
    }

    fn snapshot(&self) -> Vec<ObjRef> {
        self.with(|items| items.iter().cloned().collect())
    }

    fn extend_with(&self, iterable: &PyObject) -> PyResult<()> {
        self.each(iterable, |item| self.push_back(item))
    }

    fn clear_items(&self) {
        let old = self.with(core::mem::take);
        self.changed();
        drop(old);
    }

    fn index_error() -> rpy_vm::PyErr {
        exc::index_error("deque index out of range")
    }

    fn checked_index(&self, index: isize) -> PyResult<usize> {
        match usize::try_from(index) {
            Ok(index) if index < self.len() => Ok(index),
            _ => Err(PyDeque::index_error()),
        }
    }

    /// Position of the first equal item; `IndexError`-like `message` if the deque changes meanwhile.
    fn find(&self, value: &PyObject, start: usize, stop: usize) -> PyResult<Option<usize>> {
        let state = self.state.get();
        for i in start..stop {
            let Some(item) = self.get(i) else { break };
            let equal = protocol::eq(&item, value)?;
            if state != self.state.get() {
                return Err(exc::runtime_error("deque mutated during iteration"));
            }
            if equal {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    fn maxlen_object(&self) -> ObjRef {
        match self.bound() {
            Some(bound) => PyInt::from_usize(bound).into_obj(),
            None => rpy_vm::none(),
        }
    }

    /// A deque of the same class with the same items.
    fn copy_of(&self) -> PyResult {
        if PyDeque::check_exact(self.as_object()) {
            let copy = PyDeque::allocate(PyDeque::type_object())?;
            copy.maxlen.set(self.maxlen.get());
            let items = self.with(|items| items.clone());
            copy.with(|target| *target = items);
            return Ok(copy.into_obj());
        }
        let cls = self.as_object().ty().as_object();
        let result = match self.bound() {
            None => call::call_one(cls, self.as_object())?,
            Some(_) => call::call(cls, &[self.as_object(), &self.maxlen_object()])?,
        };
        if !PyDeque::check(&result) {
            return Err(exc::type_error(format!(
                "{}() must return a deque, not {}",
                self.as_object().ty().name(),
                result.ty().name()
            )));
        }
        Ok(result)
    }

    fn repeat_in_place(&self, count: isize) -> PyResult<()> {
        let len = self.len();
        if len == 0 || count == 1 {
            return Ok(());
        }
        if count <= 0 {
            self.clear_items();
            return Ok(());
        }
        let items = self.snapshot();
        let mut count = count as usize;
        if let Some(bound) = self.bound() {
            // The last `bound` items are all that can be left.
            count = count.min(bound.div_ceil(len) + 1).max(1);
            if count * len > bound && bound == 0 {
                return Ok(());
            }
        }
        let total = len.checked_mul(count).filter(|&n| n <= isize::MAX as usize / 8).ok_or_else(exc::memory_error)?;
        self.with(|items| items.try_reserve_exact(total - len)).map_err(|_| exc::memory_error())?;
        for _ in 1..count {
            for item in &items {
                self.push_back(item.clone())?;
            }
        }
        Ok(())
    }
}

#[pymethods]
impl PyDeque {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&rpy_vm::types::dict::PyDict>) -> PyResult {
        Ok(PyDeque::allocate(cls)?.into_obj())
    }

    #[pyinit(sig = "($self, /, iterable=<unrepresentable>, maxlen=<unrepresentable>)")]
    fn py_init(&self, iterable: Option<&PyObject>, maxlen: Option<&PyObject>) -> PyResult<()> {
        let bound = match maxlen {
            Some(value) if !rpy_vm::is_none(value) => {
                if !PyInt::check(value) {
                    return Err(exc::type_error("an integer is required"));
                }
                let bound = number::as_isize(value, Some(exc::OverflowError()))?;
                if bound < 0 {
                    return Err(exc::value_error("maxlen must be non-negative"));
                }
                bound
            }
            _ => -1,
        };
        self.maxlen.set(bound);
        if self.len() > 0 {
            self.clear_items();
        }
        match iterable {
            Some(iterable) => self.extend_with(iterable),
            None => Ok(()),
        }
    }

    #[slot]
    fn tp_traverse(&self, visit: &mut Visit<'_>) {
        self.with(|items| {
            for item in items.iter() {
                visit.visit(item);
            }
        });
    }

    #[slot]
    fn tp_clear(&self) -> PyResult<()> {
        self.clear_items();
        Ok(())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult {
        let Some(_guard) = ReprGuard::enter(self.as_object()) else {
            return Ok(PyStr::new("[...]").into_obj());
        };
        let list = PyList::new(self.snapshot());
        let mut out = StrBuilder::new();
        out.push_str(self.as_object().ty().name());
        out.push_str("(");
        let contents = protocol::repr(list.as_object())?;
        out.push_py(&contents);
        if let Some(bound) = self.bound() {
            out.push_str(&format!(", maxlen={bound}"));
        }
        out.push_str(")");
        Ok(out.finish().into_obj())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let Some(other) = other.downcast_ref::<PyDeque>() else {
            return Ok(rpy_vm::not_implemented());
        };
        if self.as_object().is(other.as_object()) {
            match op {
                CompareOp::Eq => return Ok(rpy_vm::py_bool(true)),
                CompareOp::Ne => return Ok(rpy_vm::py_bool(false)),
                _ => {}
            }
        }
        if self.len() != other.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(rpy_vm::py_bool(op == CompareOp::Ne));
        }
        let (states, mut i) = ((self.state.get(), other.state.get()), 0);
        while let (Some(a), Some(b)) = (self.get(i), other.get(i)) {
            if !protocol::eq(&a, &b)? {
                return match op {
                    CompareOp::Eq => Ok(rpy_vm::py_bool(false)),
                    CompareOp::Ne => Ok(rpy_vm::py_bool(true)),
                    _ => protocol::rich_compare(&a, &b, op),
                };
            }
            if states != (self.state.get(), other.state.get()) {
                return Err(exc::runtime_error("deque mutated during iteration"));
            }
            i += 1;
        }
        Ok(rpy_vm::py_bool(op.matches(self.len().cmp(&other.len()))))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyDequeIterator::start(self, 0).into_obj()
    }

    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn sq_concat(&self, other: &PyObject) -> PyResult {
        if !PyDeque::check(other) {
            return Err(exc::type_error(format!(
                "can only concatenate deque (not \"{}\") to deque",
                other.ty().name()
            )));
        }
        let result = self.copy_of()?;
        if let Some(deque) = result.downcast_ref::<PyDeque>() {
            deque.extend_with(other)?;
        }
        Ok(result)
    }

    #[slot]
    fn sq_repeat(&self, count: isize) -> PyResult {
        let result = self.copy_of()?;
        if let Some(deque) = result.downcast_ref::<PyDeque>() {
            deque.repeat_in_place(count)?;
        }
        Ok(result)
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult {
        let index = self.checked_index(index)?;
        self.get(index).ok_or_else(PyDeque::index_error)
    }

    #[slot]
    fn sq_ass_item(&self, index: isize, value: Option<&PyObject>) -> PyResult<()> {
        let index = self.checked_index(index)?;
        let old = match value {
            Some(value) => {
                let value = value.new_ref();
                self.with(|items| items.get_mut(index).map(|slot| core::mem::replace(slot, value)))
            }
            None => {
                self.changed();
                self.with(|items| items.remove(index))
            }
        };
        drop(old);
        Ok(())
    }

    #[slot]
    fn sq_contains(&self, value: &PyObject) -> PyResult<bool> {
        Ok(self.find(value, 0, usize::MAX)?.is_some())
    }

    #[slot]
    fn sq_inplace_concat(&self, other: &PyObject) -> PyResult {
        self.extend_with(other)?;
        Ok(self.to_obj())
    }

    #[slot]
    fn sq_inplace_repeat(&self, count: isize) -> PyResult {
        self.repeat_in_place(count)?;
        Ok(self.to_obj())
    }

    /// Add an element to the right side of the deque.
    #[pymethod(sig = "($self, item, /)")]
    fn append(&self, item: &PyObject) -> PyResult<()> {
        self.push_back(item.new_ref())
    }

    /// Add an element to the left side of the deque.
    #[pymethod(sig = "($self, item, /)")]
    fn appendleft(&self, item: &PyObject) -> PyResult<()> {
        self.push_front(item.new_ref())
    }

    /// Remove and return the rightmost element.
    #[pymethod]
    fn pop(&self) -> PyResult {
        let item = self.with(|items| items.pop_back()).ok_or_else(|| exc::index_error("pop from an empty deque"))?;
        self.changed();
        Ok(item)
    }

    /// Remove and return the leftmost element.
    #[pymethod]
    fn popleft(&self) -> PyResult {
        let item = self.with(|items| items.pop_front()).ok_or_else(|| exc::index_error("pop from an empty deque"))?;
        self.changed();
        Ok(item)
    }

    /// Extend the right side of the deque with elements from the iterable.
    #[pymethod(sig = "($self, iterable, /)")]
    fn extend(&self, iterable: &PyObject) -> PyResult<()> {
        self.extend_with(iterable)
    }

    /// Extend the left side of the deque with elements from the iterable.
    #[pymethod(sig = "($self, iterable, /)")]
    fn extendleft(&self, iterable: &PyObject) -> PyResult<()> {
        self.each(iterable, |item| self.push_front(item))
    }

    /// Return a shallow copy of a deque.
    #[pymethod]
    fn copy(&self) -> PyResult {
        self.copy_of()
    }

    /// Return a shallow copy of a deque.
    #[pymethod(name = "__copy__")]
    fn dunder_copy(&self) -> PyResult {
        self.copy_of()
    }

    /// Remove all elements from the deque.
    #[pymethod]
    fn clear(&self) {
        self.clear_items();
    }

    /// Return number of occurrences of value.
    #[pymethod(sig = "($self, value, /)")]
    fn count(&self, value: &PyObject) -> PyResult<usize> {
        let state = self.state.get();
        let mut count = 0;
        let mut i = 0;
        while let Some(item) = self.get(i) {
            if protocol::eq(&item, value)? {
                count += 1;
            }
            if state != self.state.get() {
                return Err(exc::runtime_error("deque mutated during iteration"));
            }
            i += 1;
        }
        Ok(count)
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(&self, value: &PyObject, start: Option<&PyObject>, stop: Option<&PyObject>) -> PyResult<usize> {
        let (start, stop) = index_bounds(start, stop, || self.len())?;
        match self.find(value, start as usize, (stop as usize).min(self.len()))? {
            Some(index) => Ok(index),
            None => Err(not_in_deque(value)?),
        }
    }

    /// Insert value before index.
    #[pymethod(sig = "($self, index, value, /)")]
    fn insert(&self, index: isize, value: &PyObject) -> PyResult<()> {
        let len = self.len();
        if self.bound().is_some_and(|bound| len >= bound) {
            return Err(exc::index_error("deque already at its maximum size"));
        }
        let at = if index < 0 { (index + len as isize).max(0) as usize } else { (index as usize).min(len) };
        self.with(|items| items.try_reserve(1)).map_err(|_| exc::memory_error())?;
        self.with(|items| items.insert(at, value.new_ref()));
        self.changed();
        Ok(())
    }

    /// Remove first occurrence of value.
    #[pymethod(sig = "($self, value, /)")]
    fn remove(&self, value: &PyObject) -> PyResult<()> {
        let state = self.state.get();
        let mut i = 0;
        while let Some(item) = self.get(i) {
            let equal = protocol::eq(&item, value)?;
            if state != self.state.get() {
                return Err(exc::index_error("deque mutated during iteration"));
            }
            if equal {
                let old = self.with(|items| items.remove(i));
                self.changed();
                drop(old);
                return Ok(());
            }
            i += 1;
        }
        Err(not_in_deque(value)?)
    }

    /// Reverse *IN PLACE*.
    #[pymethod]
    fn reverse(&self) {
        self.with(|items| items.make_contiguous().reverse());
    }

    /// Rotate the deque n steps to the right.  If n is negative, rotates left.
    #[pymethod(sig = "($self, n=1, /)")]
    fn rotate(&self, n: Option<isize>) {
        let len = self.len() as isize;
        if len > 1 {
            let n = n.unwrap_or(1).rem_euclid(len) as usize;
            self.with(|items| items.rotate_right(n));
            // Iterators are told also where nothing moves.
            self.changed();
        }
    }

    /// Return a reverse iterator over the deque.
    #[pymethod(name = "__reversed__")]
    fn reversed(&self) -> ObjRef {
        PyDequeReverseIterator::start(self, 0).into_obj()
    }

    /// Return the size of the deque in memory, in bytes.
    #[pymethod(name = "__sizeof__")]
    fn sizeof(&self) -> usize {
        self.as_object().ty().tp_basicsize.get() as usize + 8 * self.with(|items| items.capacity())
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let state = call::call_method(self.as_object(), intern!("__getstate__"), &[])?;
        let iter = protocol::get_iter(self.as_object())?;
        let args = match self.bound() {
            None => PyTuple::empty(),
            Some(_) => PyTuple::from_array([PyTuple::empty().into_obj(), self.maxlen_object()]),
        };
        Ok(PyTuple::from_array([self.as_object().ty().to_obj(), args.into_obj(), state, iter]).into_obj())
    }

    /// maximum size of a deque or None if unbounded
    #[pygetset(name = "maxlen")]
    fn py_maxlen(&self) -> ObjRef {
        self.maxlen_object()
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }
}

/// `9 is not in deque`.
#[cold]
fn not_in_deque(value: &PyObject) -> PyResult<rpy_vm::PyErr> {
    Ok(exc::value_error(format!("{} is not in deque", protocol::repr(value)?.to_string_lossy())))
}

macro_rules! deque_iterator {
    ($(#[$meta:meta])* $ty:ident, $name:tt, |$deque:ident, $index:ident| $get:expr) => {
        $(#[$meta])*
        #[pyclass(name = $name, module = "collections", gc)]
        #[repr(C)]
        pub struct $ty {
            pub ob_base: PyObject,
            /// The deque; empty when exhausted.
            deque: OptRef<PyDeque>,
            /// Items given so far.
            #[pytraverse(skip)]
            index: Cell<usize>,
            /// Items still to come.
            #[pytraverse(skip)]
            left: Cell<usize>,
            #[pytraverse(skip)]
            state: Cell<usize>,
        }

        impl $ty {
            fn start(deque: &PyDeque, index: usize) -> Ref<$ty> {
                alloc::new_exact($ty {
                    ob_base: PyObject::placeholder(),
                    deque: OptRef::some(deque.to_ref()),
                    index: Cell::new(index),
                    left: Cell::new(deque.len().saturating_sub(index)),
                    state: Cell::new(deque.state.get()),
                })
            }
        }

        #[pymethods]
        impl $ty {
            #[pynew(sig = "(deque, index=0, /)")]
            fn py_new(cls: &PyTypeObject, deque: &PyDeque, index: Option<isize>) -> PyResult {
                let _ = cls;
                Ok($ty::start(deque, index.unwrap_or(0).max(0) as usize).into_obj())
            }

            #[slot]
            fn tp_iter(&self) -> ObjRef {
                self.to_obj()
            }

            #[slot]
            fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
                let Some($deque) = self.deque.get() else { return Ok(None) };
                if $deque.state.get() != self.state.get() {
                    self.left.set(0);
                    return Err(exc::runtime_error("deque mutated during iteration"));
                }
                if self.left.get() == 0 {
                    self.deque.take();
                    return Ok(None);
                }
                let $index = self.index.get();
                let item = $get;
                self.index.set($index + 1);
                self.left.set(self.left.get() - 1);
                Ok(item)
            }

            /// Private method returning an estimate of len(list(it)).
            #[pymethod(name = "__length_hint__")]
            fn length_hint(&self) -> usize {
                self.left.get()
            }

            /// Return state information for pickling.
            #[pymethod(name = "__reduce__")]
            fn reduce(&self) -> PyResult {
                let deque = match self.deque.get() {
                    Some(deque) => deque.into_obj(),
                    None => PyDeque::allocate(PyDeque::type_object())?.into_obj(),
                };
                let args = PyTuple::from_array([deque, PyInt::from_usize(self.index.get()).into_obj()]);
                Ok(PyTuple::from_array([<$ty as PyClass>::type_object().to_obj(), args.into_obj()]).into_obj())
            }
        }
    };
}

deque_iterator!(
    /// Iterator over a deque.
    PyDequeIterator, "_deque_iterator", |deque, index| deque.get(index)
);
deque_iterator!(
    /// Iterator over a deque from its right end.
    PyDequeReverseIterator, "_deque_reverse_iterator", |deque, index| deque.get(deque.len() - 1 - index)
);
