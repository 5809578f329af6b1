//! `list`: the object, its growth, and what other parts of the VM need from it.
//!
//! ```text
//! offset 0   PyVarObject   ob_size is the number of items
//!        24  ob_item       the items' array, or NULL
//!        32  allocated     slots in the array; -1 while the list is being sorted
//! ```
//!
//! Extension modules append in place: they store at `ob_item[ob_size]` when `ob_size < allocated`. So the array always has
//! `allocated` real slots, and `ob_size` is the only length.
//!
//! Any call into Python code (comparison, hash, iteration, a destructor) may change any list. The rule in this folder: items are
//! looked at through new references, lengths are read again after every such call, and items that leave the list are dropped
//! only after the list is in its new state.
//!
//! Files: `methods` (the type's slots and methods), `slicing`, `sort` and `timsort`, `iter`, and `indices` (index arithmetic of all
//! sequences).

use core::cell::{Cell, UnsafeCell};
use core::mem::size_of;
use core::ptr;

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::{self, mem_alloc, mem_free, mem_realloc};
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject, PyVarObject, Ref};
use crate::protocol::object as protocol;
use crate::runtime::gc;
use crate::types::dict::PyDict;
use crate::types::str::PyStr;
use crate::types::tuple::{PyTuple, TupleBuilder};
use rpy_derive::pyclass;

pub mod indices;
pub mod iter;
mod methods;
mod slicing;
pub mod sort;
pub mod timsort;

pub use iter::{PyListIterator, PyListReverseIterator};

/// Built-in mutable sequence.
///
/// If no argument is given, the constructor creates a new empty list.
/// The argument must be an iterable if specified.
#[pyclass(name = "list", symbol = "PyList_Type", flags(BASETYPE, SEQUENCE, LIST_SUBCLASS, MATCH_SELF), gc)]
#[repr(C)]
pub struct PyList {
    pub(crate) ob_base: PyVarObject,
    #[pytraverse(skip)]
    pub(crate) ob_item: Cell<*mut *mut PyObject>,
    #[pytraverse(skip)]
    pub(crate) allocated: Cell<isize>,
}

const _: () = assert!(size_of::<PyList>() == 40);

/// Dead list headers that are kept.
const FREE_LIST_LEN: usize = 80;

struct FreeList {
    len: Cell<usize>,
    /// How many are kept at most: 0 or the room there is.
    limit: Cell<usize>,
    headers: UnsafeCell<[*mut PyList; FREE_LIST_LEN]>,
}
// SAFETY: only touched under the GIL.
unsafe impl Sync for FreeList {}

static FREE: FreeList = FreeList {
    len: Cell::new(0),
    limit: Cell::new(if cfg!(feature = "poison") { 0 } else { FREE_LIST_LEN }),
    headers: UnsafeCell::new([ptr::null_mut(); FREE_LIST_LEN]),
};

impl PyList {
    /// An empty list.
    #[inline]
    pub fn empty() -> Ref<PyList> {
        let kept = FREE.len.get();
        if kept > 0 {
            FREE.len.set(kept - 1);
            // SAFETY: the first `kept` entries are dead, untracked list headers with no array.
            unsafe {
                let list = (*FREE.headers.get())[kept - 1];
                (*list).ob_base.ob_base.ob_refcnt.set(1);
                gc::track((*list).as_object());
                return Ref::from_owned_ptr(list);
            }
        }
        alloc::new_exact(PyList {
            ob_base: PyVarObject::placeholder(0),
            ob_item: Cell::new(ptr::null_mut()),
            allocated: Cell::new(0),
        })
    }

    /// A list of the given items.
    pub fn new(items: Vec<ObjRef>) -> Ref<PyList> {
        match PyList::try_new(items) {
            Ok(list) => list,
            Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<PyList>()),
        }
    }

    /// As [`PyList::new`], with exhaustion of memory as an exception.
    pub fn try_new(items: Vec<ObjRef>) -> PyResult<Ref<PyList>> {
        let list = PyList::with_capacity(items.len())?;
        let len = items.len();
        let mut items = core::mem::ManuallyDrop::new(items);
        // SAFETY: the array has `len` free slots; the references move over, and the vector's own memory is freed without them.
        unsafe {
            ptr::copy_nonoverlapping(items.as_ptr() as *const *mut PyObject, list.ob_item.get(), len);
            list.ob_base.ob_size.set(len as isize);
            items.set_len(0);
            drop(core::mem::ManuallyDrop::into_inner(items));
        }
        Ok(list)
    }

    /// A list that takes over `len` owned references lying at `items` (such as a stretch of the operand stack).
    ///
    /// # Safety
    /// `items` points to `len` owned references. They are given up only if the result is `Ok`.
    #[inline]
    pub unsafe fn from_owned_array(items: *const *mut PyObject, len: usize) -> PyResult<Ref<PyList>> {
        let list = PyList::with_capacity(len)?;
        // SAFETY: the array has `len` free slots; ownership moves.
        unsafe { ptr::copy_nonoverlapping(items, list.ob_item.get(), len) };
        list.ob_base.ob_size.set(len as isize);
        Ok(list)
    }

    /// A list of `len` NULLs, for the C API (`PyList_New`): the caller fills it before anybody looks.
    pub fn new_null(len: usize) -> PyResult<Ref<PyList>> {
        let list = PyList::with_capacity(len)?;
        if len > 0 {
            // SAFETY: the array has room for `len` pointers.
            unsafe { ptr::write_bytes(list.ob_item.get(), 0, len) };
            list.ob_base.ob_size.set(len as isize);
        }
        Ok(list)
    }

    /// Address of the first item, for C.
    pub fn items_ptr(&self) -> *mut *mut PyObject {
        self.ob_item.get()
    }

    /// A list of new references to the given items.
    pub fn from_slice(items: &[&PyObject]) -> PyResult<Ref<PyList>> {
        let list = PyList::with_capacity(items.len())?;
        for (i, item) in items.iter().enumerate() {
            // SAFETY: the array has a slot for every item.
            unsafe { list.ob_item.get().add(i).write(item.new_ref().into_raw()) };
        }
        list.ob_base.ob_size.set(items.len() as isize);
        Ok(list)
    }

    /// An empty list with room for exactly `capacity` items.
    ///
    /// # Errors
    /// `MemoryError`.
    #[inline]
    pub fn with_capacity(capacity: usize) -> PyResult<Ref<PyList>> {
        let list = PyList::empty();
        if capacity > 0 {
            list.reserve_exact(capacity)?;
        }
        Ok(list)
    }

    /// `list(iterable)`.
    pub fn from_iterable(iterable: &PyObject) -> PyResult<Ref<PyList>> {
        let list = PyList::empty();
        list.extend_from_iterable(iterable)?;
        Ok(list)
    }

    /// Number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.ob_base.ob_size.get() == 0
    }

    /// A new reference to an item.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<ObjRef> {
        if index < self.len() {
            // SAFETY: in range; the list owns the item.
            Some(unsafe { (**self.ob_item.get().add(index)).new_ref() })
        } else {
            None
        }
    }

    /// An item, borrowed.
    ///
    /// # Safety
    /// `index` is less than the length. The borrow ends before anything can change the list.
    #[inline(always)]
    pub unsafe fn get_unchecked(&self, index: usize) -> &PyObject {
        // SAFETY: the caller's promise.
        unsafe { &**self.ob_item.get().add(index) }
    }

    /// The items, borrowed.
    ///
    /// # Safety
    /// Valid until anything runs that can change the list: Python code, or a decref that may destroy an object.
    #[inline(always)]
    pub unsafe fn items(&self) -> &[&PyObject] {
        let len = self.len();
        if len == 0 {
            return &[];
        }
        // SAFETY: `len` live, non-null items.
        unsafe { core::slice::from_raw_parts(self.ob_item.get() as *const &PyObject, len) }
    }

    /// New references to all items.
    pub fn items_snapshot(&self) -> Vec<ObjRef> {
        // SAFETY: counting references up changes no list.
        unsafe { self.items() }.iter().map(|item| item.new_ref()).collect()
    }

    /// Replaces an item; `false` when there is no such index.
    #[inline]
    pub fn set(&self, index: usize, item: ObjRef) -> bool {
        if index >= self.len() {
            return false;
        }
        // SAFETY: in range; the old item is dropped after the store.
        unsafe {
            let slot = self.ob_item.get().add(index);
            let old = slot.replace(item.into_raw());
            PyObject::decref(old);
        }
        true
    }

    /// Exchanges two items.
    ///
    /// # Panics
    /// Never: indices out of range change nothing.
    #[inline]
    pub fn swap(&self, a: usize, b: usize) {
        let len = self.len();
        if a < len && b < len {
            // SAFETY: in range; references change places, none is made or dropped.
            unsafe {
                let items = self.ob_item.get();
                core::ptr::swap(items.add(a), items.add(b));
            }
        }
    }

    /// Appends an item.
    ///
    /// # Errors
    /// `MemoryError`.
    #[inline(always)]
    pub fn append(&self, item: ObjRef) -> PyResult<()> {
        let len = self.ob_base.ob_size.get();
        if len < self.allocated.get() {
            // SAFETY: there is a free slot.
            unsafe { self.ob_item.get().add(len as usize).write(item.into_raw()) };
            self.ob_base.ob_size.set(len + 1);
            return Ok(());
        }
        self.append_growing(item)
    }

    #[cold]
    #[inline(never)]
    fn append_growing(&self, item: ObjRef) -> PyResult<()> {
        let len = self.len();
        self.resize(len + 1)?;
        // SAFETY: the slot was just made; it is uninitialised.
        unsafe { self.ob_item.get().add(len).write(item.into_raw()) };
        Ok(())
    }

    /// Inserts an item before `index`, which is clamped as `list.insert` does.
    pub fn insert(&self, index: isize, item: ObjRef) -> PyResult<()> {
        let len = self.len();
        let at = if index < 0 { (index + len as isize).max(0) as usize } else { (index as usize).min(len) };
        self.resize(len + 1)?;
        // SAFETY: `len + 1` slots; the tail moves up by one and the freed slot is filled.
        unsafe {
            let slot = self.ob_item.get().add(at);
            ptr::copy(slot, slot.add(1), len - at);
            slot.write(item.into_raw());
        }
        Ok(())
    }

    /// Removes and returns the item at `index`, which is in range.
    pub fn remove_at(&self, index: usize) -> ObjRef {
        let len = self.len();
        debug_assert!(index < len);
        // SAFETY: in range; the tail moves down by one, so that no slot below the new length is stale.
        unsafe {
            let slot = self.ob_item.get().add(index);
            let item = ObjRef::from_owned_ptr(*slot);
            ptr::copy(slot.add(1), slot, len - index - 1);
            self.shrink_to(len - 1);
            item
        }
    }

    /// Removes and returns the last item.
    #[inline]
    pub fn pop_last(&self) -> Option<ObjRef> {
        let len = self.len();
        if len == 0 { None } else { Some(self.remove_at(len - 1)) }
    }

    /// Sets the length, growing the array with CPython's spare room. New slots are uninitialised: the caller fills them at once.
    fn resize(&self, len: usize) -> PyResult<()> {
        let allocated = self.allocated.get();
        if len as isize <= allocated && len as isize >= allocated >> 1 {
            self.ob_base.ob_size.set(len as isize);
            return Ok(());
        }
        let mut room = (len + (len >> 3) + 6) & !3;
        if len.saturating_sub(self.len()) > room - len {
            room = (len + 3) & !3;
        }
        if len == 0 {
            room = 0;
        }
        self.set_room(room)?;
        self.ob_base.ob_size.set(len as isize);
        Ok(())
    }

    /// Sets a smaller length; cannot fail, because an array too large is no error.
    fn shrink_to(&self, len: usize) {
        if self.resize(len).is_err() {
            self.ob_base.ob_size.set(len as isize);
        }
    }

    /// Room for exactly `room` items in all.
    fn set_room(&self, room: usize) -> PyResult<()> {
        let old = self.ob_item.get();
        if room == 0 {
            // SAFETY: the array is ours (or NULL), and no slot of it is in use.
            unsafe { mem_free(old as *mut u8) };
            self.ob_item.set(ptr::null_mut());
            self.allocated.set(0);
            return Ok(());
        }
        let bytes = room.checked_mul(size_of::<*mut PyObject>()).ok_or_else(exc::memory_error)?;
        // SAFETY: the array is ours or NULL.
        let new = unsafe { mem_realloc(old as *mut u8, bytes) } as *mut *mut PyObject;
        if new.is_null() {
            return Err(exc::memory_error());
        }
        self.ob_item.set(new);
        self.allocated.set(room as isize);
        Ok(())
    }

    /// Makes room for at least `capacity` items in all without spare room beyond an even number.
    fn reserve_exact(&self, capacity: usize) -> PyResult<()> {
        if capacity as isize <= self.allocated.get() {
            return Ok(());
        }
        let room = capacity.checked_add(1).ok_or_else(exc::memory_error)? & !1;
        if self.ob_item.get().is_null() {
            let bytes = room.checked_mul(size_of::<*mut PyObject>()).ok_or_else(exc::memory_error)?;
            let new = mem_alloc(bytes) as *mut *mut PyObject;
            if new.is_null() {
                return Err(exc::memory_error());
            }
            self.ob_item.set(new);
            self.allocated.set(room as isize);
            Ok(())
        } else {
            self.set_room(room)
        }
    }

    /// Appends all of what an iterable yields.
    pub fn extend_from_iterable(&self, iterable: &PyObject) -> PyResult<()> {
        if self.as_object().is(iterable) {
            return self.extend_snapshot(self.items_snapshot());
        }
        if let Some(list) = iterable.downcast_exact::<PyList>() {
            // SAFETY: copying pointers and counting references up runs no Python code.
            return self.extend_borrowed(unsafe { list.items() });
        }
        if let Some(tuple) = iterable.downcast_exact::<PyTuple>() {
            return self.extend_borrowed(tuple.items());
        }
        if let Some(dict) = iterable.downcast_exact::<PyDict>() {
            return self.extend_snapshot(dict.keys_vec());
        }
        let iter = protocol::get_iter(iterable)?;
        let hint = protocol::length_hint(iterable, 8)?;
        if hint > 0 {
            let len = self.len();
            match len.checked_add(hint) {
                // More than there is memory for is found out at once, instead of after all memory has been filled.
                Some(wanted) if len == 0 => self.reserve_exact(wanted)?,
                Some(wanted) if wanted as isize > self.allocated.get() && hint > len / 8 => {
                    self.reserve_exact(wanted)?;
                }
                _ => {}
            }
        }
        while let Some(item) = protocol::iter_next(&iter)? {
            self.append(item)?;
        }
        let len = self.len();
        if (len as isize) < self.allocated.get() && (self.allocated.get() - len as isize) > (len >> 3) as isize + 6 {
            let _ = if len == 0 { self.set_room(0) } else { self.set_room((len + 1) & !1) };
        }
        Ok(())
    }

    fn extend_borrowed(&self, items: &[&PyObject]) -> PyResult<()> {
        let count = items.len();
        if count == 0 {
            return Ok(());
        }
        let len = self.len();
        if self.ob_item.get().is_null() {
            self.reserve_exact(count)?;
            self.ob_base.ob_size.set(count as isize);
        } else {
            self.resize(len + count)?;
        }
        for (i, item) in items.iter().enumerate() {
            // SAFETY: `count` slots were added behind the first `len`.
            unsafe { self.ob_item.get().add(len + i).write(item.new_ref().into_raw()) };
        }
        Ok(())
    }

    fn extend_snapshot(&self, items: Vec<ObjRef>) -> PyResult<()> {
        let len = self.len();
        let count = items.len();
        if count == 0 {
            return Ok(());
        }
        self.resize(len.checked_add(count).ok_or_else(exc::memory_error)?)?;
        for (i, item) in items.into_iter().enumerate() {
            // SAFETY: `count` slots were added behind the first `len`.
            unsafe { self.ob_item.get().add(len + i).write(item.into_raw()) };
        }
        Ok(())
    }

    /// Removes all items.
    pub fn clear(&self) {
        let items = self.ob_item.get();
        if items.is_null() {
            return;
        }
        let len = self.len();
        self.ob_base.ob_size.set(0);
        self.ob_item.set(ptr::null_mut());
        self.allocated.set(0);
        // SAFETY: the array and its items belong to this call now; destructors see an empty list.
        unsafe {
            for i in (0..len).rev() {
                let item = *items.add(i);
                if !item.is_null() {
                    crate::interp::reclaim::decref(item);
                }
            }
            mem_free(items as *mut u8);
        }
    }

    /// A tuple of the items.
    pub fn to_tuple(&self) -> PyResult<Ref<PyTuple>> {
        let mut builder = TupleBuilder::new(self.len())?;
        // SAFETY: counting references up changes no list; there is room for all items.
        unsafe {
            for item in self.items() {
                builder.push_unchecked(item.new_ref());
            }
        }
        Ok(builder.finish())
    }

    /// A list of the items.
    pub fn copy(&self) -> PyResult<Ref<PyList>> {
        // SAFETY: copying pointers and counting references up runs no Python code.
        PyList::from_slice(unsafe { self.items() })
    }

    /// Reverses the items in place.
    pub fn reverse(&self) {
        let len = self.len();
        if len > 1 {
            // SAFETY: the array has `len` items; swapping pointers runs no Python code.
            unsafe { core::slice::from_raw_parts_mut(self.ob_item.get(), len) }.reverse();
        }
    }

    /// Position of the first item equal to `value` from `start` on, below `stop`.
    fn find(&self, value: &PyObject, start: usize, stop: usize) -> PyResult<Option<usize>> {
        let mut i = start;
        while i < stop {
            let Some(item) = self.get(i) else { break };
            if item.is(value) || protocol::eq(&item, value)? {
                return Ok(Some(i));
            }
            i += 1;
        }
        Ok(None)
    }

    /// Does an item equal `value`?
    #[inline]
    pub fn contains(&self, value: &PyObject) -> PyResult<bool> {
        Ok(self.find(value, 0, usize::MAX)?.is_some())
    }

    /// `list.sort(key=key, reverse=reverse)`.
    pub fn sort(&self, key: Option<&PyObject>, reverse: bool) -> PyResult<()> {
        sort::sort(self, key, reverse)
    }

    /// Keeps a dead list's header for the next one, if it is an exact list and there is room.
    ///
    /// # Safety
    /// The list is dead, untracked, and its array freed.
    unsafe fn keep_header(list: *mut PyList) -> bool {
        let kept = FREE.len.get();
        // SAFETY: the header is intact; entries of the free list are touched under the GIL only.
        unsafe {
            if kept >= FREE.limit.get() || !(*list).as_object().is_exact_type(&PyList_Type) {
                return false;
            }
            gc::head_of((*list).as_object()).prev.set(0);
            (*list).ob_base.ob_size.set(0);
            (*list).ob_item.set(ptr::null_mut());
            (*list).allocated.set(0);
            (*FREE.headers.get())[kept] = list;
        }
        FREE.len.set(kept + 1);
        true
    }

    /// Whether dead lists are kept.
    pub(crate) fn keep_dead(enabled: bool) {
        FREE.limit.set(if enabled && !cfg!(feature = "poison") { FREE_LIST_LEN } else { 0 });
    }

    /// Frees what the free list holds.
    pub fn clear_free_list() {
        let kept = FREE.len.replace(0);
        for i in 0..kept {
            // SAFETY: the first `kept` entries are dead list headers.
            unsafe { alloc::free_object((*FREE.headers.get())[i] as *mut PyObject, &PyList_Type) };
        }
    }
}

/// Everything an iterable yields.
pub fn collect(iterable: &PyObject) -> PyResult<Vec<ObjRef>> {
    if let Some(list) = iterable.downcast_exact::<PyList>() {
        return Ok(list.items_snapshot());
    }
    if let Some(tuple) = iterable.downcast_exact::<PyTuple>() {
        return Ok(tuple.items().iter().map(|item| item.new_ref()).collect());
    }
    let iter = protocol::get_iter(iterable)?;
    let hint = protocol::length_hint(iterable, 8)?;
    let mut items: Vec<ObjRef> = Vec::new();
    items.try_reserve_exact(hint).map_err(|_| exc::memory_error())?;
    while let Some(item) = protocol::iter_next(&iter)? {
        if items.len() == items.capacity() {
            items.try_reserve(1).map_err(|_| exc::memory_error())?;
        }
        items.push(item);
    }
    Ok(items)
}

/// A name among the running code's builtins, for `__reduce__` of iterators.
///
/// # Errors
/// `AttributeError` if there is none, and what the lookup raises.
pub fn builtin(name: &PyStr) -> PyResult {
    let builtins = crate::sysmodule::frames::current_builtins()?;
    crate::protocol::mapping::get_opt_str(&builtins, name)?
        .ok_or_else(|| exc::attribute_error_msg(name.to_string_lossy().into_owned()))
}

/// `__class_getitem__` of generic built-in classes: `list[int]`.
pub fn class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
    crate::types::generic_alias::new_generic_alias(cls.as_object(), item)
}

/// Fails when there are keyword arguments (`_PyArg_NoKeywords`).
pub fn no_keywords(function: &str, kwargs: Option<&PyDict>) -> PyResult<()> {
    match kwargs {
        Some(kwargs) if kwargs.len() > 0 => Err(exc::type_error(format!("{function}() takes no keyword arguments"))),
        _ => Ok(()),
    }
}
