//! `tuple` and its iterator.
//!
//! ```text
//! offset 0   PyVarObject   ob_size is the number of items
//!        24  ob_hash       cached hash, -1 while unknown
//!        32  ob_item       the items, in place; owned, never NULL once the tuple is visible
//! ```
//!
//! Small tuples come and go all the time, so dead ones of up to [`FREE_LIST_SIZES`] items wait in free lists. The empty tuple is a
//! single immortal object. Tuples that refer to nothing collectable leave the collector when it first meets them
//! ([`PyTuple::maybe_untrack`]).

use core::cell::{Cell, UnsafeCell};
use core::mem::{ManuallyDrop, size_of};
use core::ptr;

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::{self, GC_HEAD_SIZE};
use crate::object::dealloc::free_instance;
use crate::object::header::STATIC_OBJECT_FLAGS;
use crate::object::slots::CompareOp;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, PyVarObject, Ref, flags};
use crate::protocol::{number, object as protocol};
use crate::runtime::gc::{self, Visit};
use crate::runtime::repr_guard::ReprGuard;
use crate::types::dict::PyDict;
use crate::types::list::indices::{adjust_indices, index_bounds, resolve_slice, subscript_index};
use crate::types::list::{PyList, builtin, class_getitem, collect, no_keywords};
use crate::types::slice::PySlice;
use crate::types::str::{PyStr, StrBuilder};
use rpy_derive::{pyclass, pymethods};

/// Built-in immutable sequence.
///
/// If no argument is given, the constructor returns an empty tuple.
/// If iterable is specified the tuple is initialized from iterable's items.
///
/// If the argument is a tuple, the return value is the same object.
#[pyclass(
    name = "tuple",
    symbol = "PyTuple_Type",
    flags(BASETYPE, SEQUENCE, TUPLE_SUBCLASS, MATCH_SELF),
    itemsize = 8,
    gc
)]
#[repr(C)]
pub struct PyTuple {
    pub(crate) ob_base: PyVarObject,
    pub(crate) ob_hash: Cell<isize>,
    #[pytraverse(skip)]
    pub(crate) ob_item: [Cell<*mut PyObject>; 0],
}

/// Tuples with fewer items than this are kept when they die.
const FREE_LIST_SIZES: usize = 21;
/// How many of each size are kept.
const FREE_LIST_LEN: usize = 400;

/// Dead tuples of one size, linked through their first item.
struct FreeList {
    head: Cell<*mut PyTuple>,
    len: Cell<usize>,
}

struct FreeLists(UnsafeCell<[FreeList; FREE_LIST_SIZES]>);
// SAFETY: only touched under the GIL.
unsafe impl Sync for FreeLists {}

static FREE: FreeLists = FreeLists(UnsafeCell::new(
    [const { FreeList { head: Cell::new(ptr::null_mut()), len: Cell::new(0) } }; FREE_LIST_SIZES],
));

/// The empty tuple. It has a collector's head in front, as every tuple, though it is never tracked.
#[repr(C, align(16))]
struct EmptyTuple {
    head: [Cell<usize>; 2],
    tuple: PyTuple,
}
// SAFETY: only touched under the GIL.
unsafe impl Sync for EmptyTuple {}

static EMPTY: EmptyTuple = EmptyTuple {
    head: [Cell::new(0), Cell::new(0)],
    tuple: PyTuple {
        ob_base: PyVarObject::new_static(&raw const PyTuple_Type, 0),
        ob_hash: Cell::new(-1),
        ob_item: [],
    },
};

#[inline(always)]
fn free_list(len: usize) -> &'static FreeList {
    // SAFETY: the cells are touched under the GIL only.
    unsafe { &(*FREE.0.get())[len] }
}

/// A tuple being filled: allocated, untracked, with some items set. Dropping it gives everything back.
pub struct TupleBuilder {
    tuple: *mut PyTuple,
    filled: usize,
    /// Some item is collectable, so the tuple may be part of a cycle.
    collectable: bool,
}

impl TupleBuilder {
    /// Room for exactly `len` items.
    ///
    /// # Errors
    /// `MemoryError`.
    #[inline]
    pub fn new(len: usize) -> PyResult<TupleBuilder> {
        if len == 0 {
            return Ok(TupleBuilder {
                tuple: EMPTY.tuple.as_object().as_ptr() as *mut PyTuple,
                filled: 0,
                collectable: false,
            });
        }
        Ok(TupleBuilder { tuple: allocate(len)?, filled: 0, collectable: false })
    }

    /// The next item.
    ///
    /// # Safety
    /// Fewer than `len` items were pushed so far.
    #[inline(always)]
    pub unsafe fn push_unchecked(&mut self, item: ObjRef) {
        debug_assert!((self.filled as isize) < unsafe { (*self.tuple).ob_base.ob_size.get() });
        self.collectable |= is_collectable(&item);
        // SAFETY: the caller's promise keeps the write inside the tuple.
        unsafe { items_ptr(self.tuple).add(self.filled).write(item.into_raw()) };
        self.filled += 1;
    }

    /// The finished tuple; all items must have been pushed.
    #[inline]
    pub fn finish(self) -> Ref<PyTuple> {
        let this = ManuallyDrop::new(self);
        // SAFETY: all items are set from here on; `tuple` is owned (or the immortal empty tuple).
        unsafe {
            debug_assert_eq!(this.filled as isize, (*this.tuple).ob_base.ob_size.get());
            if this.collectable {
                gc::track((*this.tuple).as_object());
            }
            Ref::from_owned_ptr(this.tuple)
        }
    }
}

impl Drop for TupleBuilder {
    fn drop(&mut self) {
        // SAFETY: the first `filled` items are owned by the unfinished tuple, the rest is not looked at after the size is cut.
        unsafe {
            let wanted = (*self.tuple).ob_base.ob_size.get() as usize;
            if wanted == 0 {
                return;
            }
            for i in self.filled..wanted {
                items_ptr(self.tuple).add(i).write(ptr::null_mut());
            }
            PyObject::decref(self.tuple as *const PyObject);
        }
    }
}

/// Can the object be part of a reference cycle, by its type? A tuple of other objects never needs the collector.
#[inline(always)]
fn is_collectable(item: &PyObject) -> bool {
    item.ty().has_flag(flags::HAVE_GC)
}

#[inline(always)]
fn items_ptr(tuple: *mut PyTuple) -> *mut *mut PyObject {
    // SAFETY: only computes the address behind the fixed part.
    unsafe { (tuple as *mut u8).add(size_of::<PyTuple>()) as *mut *mut PyObject }
}

/// An exact tuple of `len > 0` items whose item slots are uninitialised; untracked.
#[inline]
fn allocate(len: usize) -> PyResult<*mut PyTuple> {
    if len < FREE_LIST_SIZES {
        let list = free_list(len);
        let tuple = list.head.get();
        if !tuple.is_null() {
            // SAFETY: a dead tuple of this very size, linked through its first item; its head is in "untracked" state.
            unsafe {
                list.head.set(*items_ptr(tuple) as *mut PyTuple);
                list.len.set(list.len.get() - 1);
                (*tuple).ob_base.ob_base.ob_refcnt.set(1);
                (*tuple).ob_hash.set(-1);
            }
            return Ok(tuple);
        }
    }
    let size = len
        .checked_mul(size_of::<*mut PyObject>())
        .and_then(|n| n.checked_add(size_of::<PyTuple>() + GC_HEAD_SIZE))
        .ok_or_else(exc::memory_error)?;
    let block = alloc::mem_alloc(size);
    if block.is_null() {
        return Err(exc::memory_error());
    }
    // SAFETY: the block has room for the head, the fixed part and the items.
    unsafe {
        (block as *mut [usize; 2]).write([0, 0]);
        let tuple = block.add(GC_HEAD_SIZE) as *mut PyTuple;
        alloc::init_header(tuple as *mut PyObject, &PyTuple_Type);
        (*tuple).ob_base.ob_size.set(len as isize);
        (*tuple).ob_hash.set(-1);
        gc::count_allocation(&PyTuple_Type);
        Ok(tuple)
    }
}

impl PyTuple {
    /// The empty tuple.
    #[inline]
    pub fn empty() -> Ref<PyTuple> {
        EMPTY.tuple.to_ref()
    }

    /// The empty tuple, borrowed.
    #[inline]
    pub fn empty_ref() -> &'static PyTuple {
        &EMPTY.tuple
    }

    /// A tuple of the given items.
    pub fn new(items: Vec<ObjRef>) -> Ref<PyTuple> {
        let mut builder = abort_without_memory(TupleBuilder::new(items.len()));
        for item in items {
            // SAFETY: there is room for every item of the vector.
            unsafe { builder.push_unchecked(item) };
        }
        builder.finish()
    }

    /// A tuple of an array's items.
    #[inline]
    pub fn from_array<const N: usize>(items: [ObjRef; N]) -> Ref<PyTuple> {
        let mut builder = abort_without_memory(TupleBuilder::new(N));
        for item in items {
            // SAFETY: there is room for N items.
            unsafe { builder.push_unchecked(item) };
        }
        builder.finish()
    }

    /// A tuple of new references to the given items.
    pub fn from_slice(items: &[&PyObject]) -> Ref<PyTuple> {
        abort_without_memory(PyTuple::try_from_slice(items))
    }

    /// As [`PyTuple::from_slice`], with exhaustion of memory as an exception.
    pub fn try_from_slice(items: &[&PyObject]) -> PyResult<Ref<PyTuple>> {
        let mut builder = TupleBuilder::new(items.len())?;
        for item in items {
            // SAFETY: there is room for every item.
            unsafe { builder.push_unchecked(item.new_ref()) };
        }
        Ok(builder.finish())
    }

    /// A tuple of new references to the given items.
    pub fn pack(items: &[ObjRef]) -> Ref<PyTuple> {
        let mut builder = abort_without_memory(TupleBuilder::new(items.len()));
        for item in items {
            // SAFETY: there is room for every item.
            unsafe { builder.push_unchecked(item.clone()) };
        }
        builder.finish()
    }

    /// A tuple that takes over `len` owned references that lie at `items` (such as a stretch of the operand stack).
    ///
    /// # Safety
    /// `items` points to `len` owned references, which the caller gives up.
    #[inline]
    pub unsafe fn from_owned_array(items: *const *mut PyObject, len: usize) -> Ref<PyTuple> {
        if len == 0 {
            return PyTuple::empty();
        }
        let tuple = abort_without_memory(allocate(len));
        // SAFETY: `len` pointers are readable at `items` and writable in the tuple; ownership moves.
        unsafe {
            ptr::copy_nonoverlapping(items, items_ptr(tuple), len);
            if (0..len).any(|i| is_collectable(&**items.add(i))) {
                gc::track((*tuple).as_object());
            }
            Ref::from_owned_ptr(tuple)
        }
    }

    /// An untracked tuple of `len` NULL items, for the C API (`PyTuple_New`). Tracked by the caller once it likes.
    pub fn new_null(len: usize) -> PyResult<*mut PyTuple> {
        if len == 0 {
            return Ok(EMPTY.tuple.as_object().as_ptr() as *mut PyTuple);
        }
        let tuple = allocate(len)?;
        // SAFETY: the item slots belong to the fresh tuple.
        unsafe { ptr::write_bytes(items_ptr(tuple), 0, len) };
        Ok(tuple)
    }

    /// `tuple(iterable)`.
    pub fn from_iterable(iterable: &PyObject) -> PyResult<Ref<PyTuple>> {
        if let Some(tuple) = iterable.downcast_exact::<PyTuple>() {
            return Ok(tuple.to_ref());
        }
        if let Some(list) = iterable.downcast_exact::<PyList>() {
            return list.to_tuple();
        }
        Ok(PyTuple::new(collect(iterable)?))
    }

    /// Number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.ob_base.ob_size.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Address of the first item.
    #[inline(always)]
    pub fn items_ptr(&self) -> *mut *mut PyObject {
        items_ptr(self as *const PyTuple as *mut PyTuple)
    }

    /// The items, borrowed from the tuple.
    #[inline(always)]
    pub fn items(&self) -> &[&PyObject] {
        // SAFETY: a visible tuple's items are live, non-null and do not change.
        unsafe { core::slice::from_raw_parts(self.items_ptr() as *const &PyObject, self.len()) }
    }

    /// One item, borrowed.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<&PyObject> {
        self.items().get(index).copied()
    }

    /// One item, borrowed.
    ///
    /// # Safety
    /// `index` is less than the length.
    #[inline(always)]
    pub unsafe fn get_unchecked(&self, index: usize) -> &PyObject {
        // SAFETY: the caller's promise.
        unsafe { &**self.items_ptr().add(index) }
    }

    /// The items from `low` to `high` (both within the length, `low <= high`).
    pub fn slice(&self, low: usize, high: usize) -> Ref<PyTuple> {
        if low == 0 && high == self.len() && PyTuple::check_exact(self.as_object()) {
            return self.to_ref();
        }
        PyTuple::from_slice(&self.items()[low..high])
    }

    /// `self[start:stop]`.
    pub fn range(&self, start: isize, stop: isize) -> Ref<PyTuple> {
        match adjust_indices(self.len(), start, stop, 1) {
            (_, _, 0) => PyTuple::empty(),
            (start, _, count) => self.slice(start as usize, start as usize + count),
        }
    }

    /// Sets an item of a tuple that nobody else has seen yet; the old item, if any, is dropped.
    ///
    /// # Safety
    /// `index` is less than the length, and nobody has borrowed the items.
    pub unsafe fn set_item_unchecked(&self, index: usize, item: ObjRef) {
        // SAFETY: the caller's promise.
        unsafe {
            if is_collectable(&item) {
                gc::track(self.as_object());
            }
            let slot = self.items_ptr().add(index);
            let old = *slot;
            slot.write(item.into_raw());
            if !old.is_null() {
                PyObject::decref(old);
            }
        }
    }

    /// Drops the cached hash of a tuple that is being filled anew.
    #[inline]
    pub fn forget_hash(&self) {
        self.ob_hash.set(-1);
    }

    /// Leaves the collector if none of the items can ever be part of a cycle. Called by the collector.
    pub fn maybe_untrack(&self) {
        if !PyTuple::check_exact(self.as_object()) {
            return;
        }
        for i in 0..self.len() {
            // SAFETY: in range; may be NULL while C code fills the tuple.
            let Some(item) = (unsafe { (*self.items_ptr().add(i)).as_ref() }) else { return };
            // Static objects have no place for the collector's word, nor do they refer to others that it follows.
            let may_be_tracked = item.ob_flags.get() != STATIC_OBJECT_FLAGS
                && gc::is_gc(item)
                && (!PyTuple::check_exact(item) || gc::is_tracked(item));
            if may_be_tracked {
                return;
            }
        }
        // SAFETY: tuples are collectable.
        unsafe { gc::untrack(self.as_object()) };
    }

    /// The hash of items already hashed, as `hash((…))` computes it. Also used by types that hash like tuples.
    pub fn combine_hashes<E>(hashes: impl ExactSizeIterator<Item = Result<isize, E>>) -> Result<isize, E> {
        const PRIME_1: u64 = 11_400_714_785_074_694_791;
        const PRIME_2: u64 = 14_029_467_366_897_019_727;
        const PRIME_5: u64 = 2_870_177_450_012_600_261;
        let len = hashes.len() as u64;
        let mut acc = PRIME_5;
        for lane in hashes {
            acc = acc.wrapping_add((lane? as u64).wrapping_mul(PRIME_2));
            acc = acc.rotate_left(31).wrapping_mul(PRIME_1);
        }
        acc = acc.wrapping_add(len ^ (PRIME_5 ^ 3_527_539));
        Ok(if acc == u64::MAX { 1_546_275_796 } else { acc as isize })
    }

    /// The hash, of which `hash_item` tells what the items contribute. Cached.
    #[inline]
    pub(crate) fn hash_by<E>(&self, mut hash_item: impl FnMut(&PyObject) -> Result<isize, E>) -> Result<isize, E> {
        let cached = self.ob_hash.get();
        if cached != -1 {
            return Ok(cached);
        }
        let hash = PyTuple::combine_hashes(self.items().iter().map(|item| hash_item(item)))?;
        self.ob_hash.set(hash);
        Ok(hash)
    }

    /// Position of the first item equal to `value` between two bounds.
    fn find(&self, value: &PyObject, start: usize, stop: usize) -> PyResult<Option<usize>> {
        for i in start..stop.min(self.len()) {
            if protocol::eq(self.items()[i], value)? {
                return Ok(Some(i));
            }
        }
        Ok(None)
    }

    /// Frees what the free lists hold (`gc.collect()` of the oldest generation does so).
    pub fn clear_free_lists() {
        for len in 1..FREE_LIST_SIZES {
            let list = free_list(len);
            let mut tuple = list.head.replace(ptr::null_mut());
            while !tuple.is_null() {
                // SAFETY: a dead tuple, linked through its first item.
                unsafe {
                    let next = *items_ptr(tuple) as *mut PyTuple;
                    alloc::free_object(tuple as *mut PyObject, &PyTuple_Type);
                    tuple = next;
                }
                list.len.set(list.len.get() - 1);
            }
        }
    }

    /// Whether dead tuples are kept. The lists are empty; one that keeps nothing counts as full.
    pub(crate) fn keep_dead(enabled: bool) {
        for len in 1..FREE_LIST_SIZES {
            free_list(len).len.set(if enabled { 0 } else { FREE_LIST_LEN });
        }
    }
}

/// For constructors that cannot report exhaustion: a small block could not be had, so nothing else will work either.
fn abort_without_memory<T>(result: PyResult<T>) -> T {
    match result {
        Ok(value) => value,
        Err(_) => std::alloc::handle_alloc_error(core::alloc::Layout::new::<PyTuple>()),
    }
}

/// A subclass instance holding the items of `items`.
fn new_subclass(cls: &PyTypeObject, items: &PyTuple) -> PyResult {
    let Some(tp_alloc) = cls.tp_alloc.get() else {
        return Err(exc::type_error(format!("cannot create '{}' instances", cls.name())));
    };
    // SAFETY: calling a slot of a ready type; the result is zeroed, so it is a valid (NULL-filled) tuple throughout.
    unsafe {
        let object = ObjRef::from_c_result(tp_alloc(cls as *const _ as *mut _, items.len() as isize))?;
        let tuple = object.as_raw() as *mut PyTuple;
        (*tuple).ob_hash.set(-1);
        for (i, item) in items.items().iter().enumerate() {
            items_ptr(tuple).add(i).write(item.new_ref().into_raw());
        }
        Ok(object)
    }
}

#[pymethods(signature = "(iterable=(), /)")]
impl PyTuple {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        let exact = ptr::eq(cls, &PyTuple_Type);
        if exact || cls.tp_init.get().map(|f| f as usize) == PyTuple_Type.tp_init.get().map(|f| f as usize) {
            no_keywords("tuple", kwargs)?;
        }
        if args.len() > 1 {
            return Err(exc::type_error(format!("tuple expected at most 1 argument, got {}", args.len())));
        }
        let items = match args.get(0) {
            Some(iterable) => PyTuple::from_iterable(iterable)?,
            None => PyTuple::empty(),
        };
        if exact { Ok(items.into_obj()) } else { new_subclass(cls, &items) }
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
                Err(exc::type_error("tuple() takes no keyword arguments"))
            } else if nargs > 1 {
                Err(exc::type_error(format!("tuple expected at most 1 argument, got {nargs}")))
            } else {
                let items = if nargs == 1 { PyTuple::from_iterable(&**args) } else { Ok(PyTuple::empty()) };
                let cls = &*(cls as *const PyTypeObject);
                items.and_then(|items| {
                    if ptr::eq(cls, &PyTuple_Type) { Ok(items.into_obj()) } else { new_subclass(cls, &items) }
                })
            }
        };
        match result {
            Ok(object) => object.into_raw(),
            Err(e) => e.restore_null(),
        }
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: the object is a dead tuple; every item is owned or NULL.
        unsafe {
            if object == EMPTY.tuple.as_object().as_ptr() {
                // Old extension modules count immortal objects down; ours stays.
                (*object).make_immortal();
                return;
            }
            gc::untrack(&*object);
            let tuple = object as *mut PyTuple;
            let len = (*tuple).len();
            for i in (0..len).rev() {
                let item = *items_ptr(tuple).add(i);
                if !item.is_null() {
                    PyObject::decref(item);
                }
            }
            if len < FREE_LIST_SIZES && len > 0 && (*object).is_exact_type(&PyTuple_Type) {
                let list = free_list(len);
                if list.len.get() < FREE_LIST_LEN && !cfg!(feature = "poison") {
                    items_ptr(tuple).write(list.head.get() as *mut PyObject);
                    list.head.set(tuple);
                    list.len.set(list.len.get() + 1);
                    gc::head_of(&*object).prev.set(0);
                    return;
                }
            }
            free_instance(object);
        }
    }

    #[slot]
    fn tp_traverse(&self, visit: &mut Visit<'_>) {
        for i in 0..self.len() {
            // SAFETY: in range; NULL or a live item.
            unsafe { visit.visit_raw(*self.items_ptr().add(i)) };
        }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult {
        if self.is_empty() {
            return Ok(PyStr::new("()").into_obj());
        }
        let Some(_guard) = ReprGuard::enter(self.as_object()) else {
            return Ok(PyStr::new("(...)").into_obj());
        };
        let mut out = StrBuilder::new();
        out.push_str("(");
        for (i, item) in self.items().iter().enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            out.push_py(&*protocol::repr(item)?);
        }
        out.push_str(if self.len() == 1 { ",)" } else { ")" });
        Ok(out.finish().into_obj())
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        crate::runtime::recursion::check(" while computing a hash")?;
        self.hash_by(protocol::hash)
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let Some(other) = other.downcast_ref::<PyTuple>() else {
            return Ok(crate::not_implemented());
        };
        for (a, b) in self.items().iter().zip(other.items()) {
            if !protocol::eq(a, b)? {
                return match op {
                    CompareOp::Eq => Ok(crate::py_bool(false)),
                    CompareOp::Ne => Ok(crate::py_bool(true)),
                    _ => protocol::rich_compare(a, b, op),
                };
            }
        }
        Ok(crate::py_bool(op.matches(self.len().cmp(&other.len()))))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        PyTupleIterator::new(self).into_obj()
    }

    #[slot]
    fn sq_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn sq_concat(zelf: &PyObject, other: &PyObject) -> PyResult {
        // SAFETY: the slot's owner.
        let this = unsafe { zelf.cast_unchecked_ref::<PyTuple>() };
        if this.is_empty() && PyTuple::check_exact(other) {
            return Ok(other.new_ref());
        }
        let Some(that) = other.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error(format!(
                "can only concatenate tuple (not \"{}\") to tuple",
                other.ty().full_name()
            )));
        };
        if that.is_empty() && PyTuple::check_exact(zelf) {
            return Ok(zelf.new_ref());
        }
        let len = this.len().checked_add(that.len()).ok_or_else(exc::memory_error)?;
        let mut builder = TupleBuilder::new(len)?;
        for item in this.items().iter().chain(that.items()) {
            // SAFETY: there is room for both.
            unsafe { builder.push_unchecked(item.new_ref()) };
        }
        Ok(builder.finish().into_obj())
    }

    #[slot]
    fn sq_repeat(&self, count: isize) -> PyResult {
        let len = self.len();
        if (len == 0 || count == 1) && PyTuple::check_exact(self.as_object()) {
            return Ok(self.to_obj());
        }
        if len == 0 || count <= 0 {
            return Ok(PyTuple::empty().into_obj());
        }
        let total = len.checked_mul(count as usize).ok_or_else(exc::memory_error)?;
        let mut builder = TupleBuilder::new(total)?;
        for _ in 0..count {
            for item in self.items() {
                // SAFETY: there is room for `count` times the items.
                unsafe { builder.push_unchecked(item.new_ref()) };
            }
        }
        Ok(builder.finish().into_obj())
    }

    #[slot]
    fn sq_item(&self, index: isize) -> PyResult {
        match self.get(index as usize) {
            Some(item) if index >= 0 => Ok(item.new_ref()),
            _ => Err(exc::index_error("tuple index out of range")),
        }
    }

    #[slot]
    fn sq_contains(&self, value: &PyObject) -> PyResult<bool> {
        Ok(self.find(value, 0, usize::MAX)?.is_some())
    }

    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        Ok(self.len())
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult {
        if let Some(slice) = key.downcast_exact::<PySlice>() {
            let (start, _, step, count) = resolve_slice(slice, || self.len())?;
            if count == 0 {
                return Ok(PyTuple::empty().into_obj());
            }
            if step == 1 {
                return Ok(self.slice(start as usize, start as usize + count).into_obj());
            }
            let mut builder = TupleBuilder::new(count)?;
            for i in 0..count as isize {
                // SAFETY: `count` items; the resolved slice stays inside the tuple.
                unsafe { builder.push_unchecked(self.get_unchecked((start + i * step) as usize).new_ref()) };
            }
            return Ok(builder.finish().into_obj());
        }
        if !number::is_index(key) {
            return Err(exc::type_error(format!("tuple indices must be integers or slices, not {}", key.ty().name())));
        }
        let index = subscript_index(key)?;
        self.sq_item(if index < 0 { index + self.len() as isize } else { index })
    }

    #[pymethod(name = "__getnewargs__")]
    fn getnewargs(&self) -> ObjRef {
        let copy = PyTuple::from_slice(self.items());
        PyTuple::from_array([copy.into_obj()]).into_obj()
    }

    /// Return first index of value.
    ///
    /// Raises ValueError if the value is not present.
    #[pymethod(sig = "($self, value, start=0, stop=sys.maxsize, /)")]
    fn index(&self, value: &PyObject, start: Option<&PyObject>, stop: Option<&PyObject>) -> PyResult<isize> {
        let (start, stop) = index_bounds(start, stop, || self.len())?;
        match self.find(value, start as usize, stop as usize)? {
            Some(index) => Ok(index as isize),
            None => Err(exc::value_error("tuple.index(x): x not in tuple")),
        }
    }

    /// Return number of occurrences of value.
    #[pymethod(sig = "($self, value, /)")]
    fn count(&self, value: &PyObject) -> PyResult<usize> {
        let mut count = 0;
        for item in self.items() {
            if protocol::eq(item, value)? {
                count += 1;
            }
        }
        Ok(count)
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(item, /)")]
    fn class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }
}

/// Iterator over a tuple.
#[pyclass(name = "tuple_iterator", symbol = "PyTupleIter_Type", no_new, gc)]
#[repr(C)]
pub struct PyTupleIterator {
    pub(crate) ob_base: PyObject,
    /// Position of the next item.
    #[pytraverse(skip)]
    pub index: Cell<usize>,
    /// The tuple; empty when exhausted.
    pub seq: OptRef<PyTuple>,
}

impl PyTupleIterator {
    /// An iterator at the start of a tuple (or tuple subclass instance).
    #[inline]
    pub fn new(tuple: &PyTuple) -> Ref<PyTupleIterator> {
        alloc::new_exact(PyTupleIterator {
            ob_base: PyObject::placeholder(),
            index: Cell::new(0),
            seq: OptRef::some(tuple.to_ref()),
        })
    }

    /// The next item, for the eval loop.
    #[inline]
    pub fn next_item(&self) -> Option<ObjRef> {
        let tuple = self.seq.peek()?;
        let index = self.index.get();
        match tuple.get(index) {
            Some(item) => {
                self.index.set(index + 1);
                Some(item.new_ref())
            }
            None => {
                self.seq.take();
                None
            }
        }
    }
}

#[pymethods]
impl PyTupleIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        Ok(self.next_item())
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod(name = "__length_hint__")]
    fn length_hint(&self) -> usize {
        self.seq.peek().map_or(0, |tuple| tuple.len().saturating_sub(self.index.get()))
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let iter = builtin(intern!("iter"))?;
        Ok(match self.seq.get() {
            Some(tuple) => PyTuple::from_array([
                iter,
                PyTuple::from_array([tuple.into_obj()]).into_obj(),
                crate::types::int::PyInt::from_usize(self.index.get()).into_obj(),
            ]),
            None => PyTuple::from_array([iter, PyTuple::from_array([PyTuple::empty().into_obj()]).into_obj()]),
        }
        .into_obj())
    }

    /// Set state information for unpickling.
    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        let index = number::as_isize(state, Some(exc::OverflowError()))?;
        if let Some(tuple) = self.seq.peek() {
            self.index.set((index.max(0) as usize).min(tuple.len()));
        }
        Ok(())
    }
}

const _: () = assert!(size_of::<PyTuple>() == 32);
