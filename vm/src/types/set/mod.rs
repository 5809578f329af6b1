//! `set` and `frozenset`: an open-addressing hash table in CPython's 200-byte layout.
//!
//! ```text
//! offset  16  fill        slots in use, dead ones (dummies) included
//!         24  used        elements
//!         32  mask        number of slots - 1
//!         40  table       the slots: `smalltable` or a block of its own
//!         48  hash        cached hash (frozenset), or -1
//!         56  finger      where `pop` goes on looking
//!         64  smalltable  8 slots of (key, hash)
//!        192  weakreflist
//! ```
//!
//! A slot is empty (NULL key), dead ([`DUMMY`], hash -1) or holds an owned key with its hash. Probing and growth follow
//! CPython's, so that iteration orders agree: runs of [`LINEAR_PROBES`] neighbours, then a jump that mixes in the hash's
//! upper bits; a table grows when three fifths are filled.
//!
//! Comparing keys may run Python code, which may change the table: every search holds its own reference to the key it
//! compares and starts over when the slot or the table is not what it was. No slice or reference into the table survives
//! such a call.

use core::cell::Cell;
use core::mem::size_of;
use core::ptr;

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::alloc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass, PyStruct, Ref};
use crate::object::typeobj::PyTypeObject;
use crate::protocol;
use crate::protocol::native;
use crate::runtime::gc::{Traverse, Visit};
use rpy_derive::pyclass;

mod iter;
mod methods;
mod ops;
mod plain;
mod search;

pub use iter::{PySetIter_Type, PySetIterator};
pub use methods::construct_frozenset;
pub use plain::SetOperator;
use search::Search;

/// Slots inside the object.
const MIN_SIZE: usize = 8;
/// Neighbours looked at before jumping.
const LINEAR_PROBES: usize = 9;
/// Bits of the hash that each jump mixes in.
const PERTURB_SHIFT: u32 = 5;

/// A slot of the table.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) key: *mut PyObject,
    pub(crate) hash: isize,
}

const EMPTY_ENTRY: Entry = Entry { key: ptr::null_mut(), hash: 0 };

/// The key of dead slots: an address that no key has.
static DUMMY: PyObject = PyObject::new_static(&raw const crate::types::object::PyBaseObject_Type);

/// The hash in dead slots, which no key has.
const DEAD_HASH: isize = -1;

impl Entry {
    /// May a key be put here?
    fn is_free(&self) -> bool {
        self.key.is_null() || self.hash == DEAD_HASH
    }
}

#[inline(always)]
fn dummy() -> *mut PyObject {
    &raw const DUMMY as *mut PyObject
}

impl Entry {
    /// Holds an element?
    #[inline(always)]
    fn is_live(&self) -> bool {
        !self.key.is_null() && self.key != dummy()
    }
}

/// The table's fields, common to both types.
#[repr(C)]
pub struct SetBody {
    fill: Cell<usize>,
    used: Cell<usize>,
    mask: Cell<usize>,
    table: Cell<*mut Entry>,
    hash: Cell<isize>,
    finger: Cell<usize>,
    smalltable: Cell<[Entry; MIN_SIZE]>,
}

/// set(iterable=(), /)
/// --
///
/// Build an unordered collection of unique elements.
#[pyclass(name = "set", symbol = "PySet_Type", flags(BASETYPE, MATCH_SELF), weaklist = weakreflist, gc)]
#[repr(C)]
pub struct PySet {
    pub(crate) ob_base: PyObject,
    body: SetBody,
    #[pytraverse(skip)]
    weakreflist: Cell<*mut PyObject>,
}

/// frozenset(iterable=(), /)
/// --
///
/// Build an immutable unordered collection of unique elements.
#[pyclass(name = "frozenset", symbol = "PyFrozenSet_Type", flags(BASETYPE, MATCH_SELF), weaklist = weakreflist, gc)]
#[repr(C)]
pub struct PyFrozenSet {
    pub(crate) ob_base: PyObject,
    body: SetBody,
    #[pytraverse(skip)]
    weakreflist: Cell<*mut PyObject>,
}

const _: () = assert!(size_of::<PySet>() == 200 && core::mem::offset_of!(PySet, weakreflist) == 192);
const _: () = assert!(size_of::<PyFrozenSet>() == 200);

impl PyFrozenSet {
    /// The same object as a `PySet`, whose methods serve both types.
    #[inline(always)]
    pub fn as_set(&self) -> &PySet {
        // SAFETY: the two structs are laid out alike.
        unsafe { &*(self as *const PyFrozenSet as *const PySet) }
    }

    /// A new empty frozenset, to be filled before anybody sees it.
    pub fn new() -> Ref<PyFrozenSet> {
        // SAFETY: the two structs are laid out alike.
        unsafe { PySet::new_exact_of(&PyFrozenSet_Type).cast_unchecked() }
    }

    /// `frozenset(iterable)`.
    ///
    /// # Errors
    /// What iterating and hashing raise.
    pub fn from_iterable(iterable: &PyObject) -> PyResult<Ref<PyFrozenSet>> {
        let set = PyFrozenSet::new();
        set.as_set().update_from(iterable)?;
        Ok(set)
    }

    /// A frozenset of these elements.
    ///
    /// # Errors
    /// What hashing and comparing raise.
    pub fn from_items(items: &[ObjRef]) -> PyResult<Ref<PyFrozenSet>> {
        let set = PyFrozenSet::new();
        for item in items {
            set.as_set().add(item)?;
        }
        Ok(set)
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.as_set().len()
    }

    /// Has it no element?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Is `key` an element?
    ///
    /// # Errors
    /// What hashing and comparing raise.
    pub fn contains(&self, key: &PyObject) -> PyResult<bool> {
        self.as_set().contains(key)
    }

    /// Copies of the elements.
    pub fn to_vec(&self) -> Vec<ObjRef> {
        self.as_set().to_vec()
    }
}

/// The object as a set if it is a `set`, a `frozenset` or an instance of a subtype.
#[inline]
pub fn any_set(object: &PyObject) -> Option<&PySet> {
    let ty = object.ty();
    let is_set = ptr::eq(ty, &raw const PySet_Type)
        || ptr::eq(ty, &raw const PyFrozenSet_Type)
        || ty.is_subtype(&PySet_Type)
        || ty.is_subtype(&PyFrozenSet_Type);
    // SAFETY: all of these types share the layout.
    is_set.then(|| unsafe { object.cast_unchecked_ref() })
}

/// Is it a `set`, a `frozenset` or an instance of a subtype?
#[inline]
pub fn is_any_set(object: &PyObject) -> bool {
    any_set(object).is_some()
}

/// The object as a set if it is exactly a `set` or a `frozenset`.
#[inline]
pub fn any_set_exact(object: &PyObject) -> Option<&PySet> {
    let ty: *const PyTypeObject = object.ty();
    // SAFETY: both types share the layout.
    (ptr::eq(ty, &raw const PySet_Type) || ptr::eq(ty, &raw const PyFrozenSet_Type))
        .then(|| unsafe { object.cast_unchecked_ref() })
}

/// Hash of a key. An unhashable key gets a message that speaks of sets.
#[inline]
pub(crate) fn key_hash(key: &PyObject) -> PyResult<isize> {
    protocol::object::hash(key).map_err(|e| explain_unhashable(e, key))
}

#[cold]
fn explain_unhashable(error: PyErr, key: &PyObject) -> PyErr {
    if !error.object().is_exact_type(exc::TypeError()) {
        return error;
    }
    match protocol::object::str(error.object()) {
        Ok(text) => exc::type_error(format!(
            "cannot use '{}' as a set element ({})",
            key.ty().full_name(),
            text.to_string_lossy()
        )),
        Err(e) => e,
    }
}

/// What a search found.
enum Found {
    /// The slot of the equal key.
    Key(*mut Entry),
    /// Where the key is to go: the last dead slot that the search came by, or the empty one where it ended.
    Empty(*mut Entry),
}

impl SetBody {
    const NEW: SetBody = SetBody {
        fill: Cell::new(0),
        used: Cell::new(0),
        mask: Cell::new(MIN_SIZE - 1),
        table: Cell::new(ptr::null_mut()),
        hash: Cell::new(-1),
        finger: Cell::new(0),
        smalltable: Cell::new([EMPTY_ENTRY; MIN_SIZE]),
    };

    #[inline(always)]
    fn small(&self) -> *mut Entry {
        self.smalltable.as_ptr() as *mut Entry
    }

    /// To be called once the object lies where it will stay.
    fn init(&self) {
        self.mask.set(MIN_SIZE - 1);
        self.hash.set(-1);
        self.table.set(self.small());
    }

    #[inline(always)]
    fn is_small(&self) -> bool {
        self.table.get() == self.small()
    }

    /// The slot at `index`, which is at most `mask`.
    #[inline(always)]
    fn entry(&self, index: usize) -> Entry {
        // SAFETY: the table has `mask + 1` slots.
        unsafe { *self.table.get().add(index) }
    }

    /// Looks for this very key in the one slot where it lies as a rule; `None` if that does not settle it. Nothing runs.
    #[inline(always)]
    fn find_at_once(&self, key: *mut PyObject, hash: isize) -> Option<Found> {
        // SAFETY: the table has `mask + 1` slots.
        let (slot, entry) = unsafe {
            let slot = self.table.get().add(hash as usize & self.mask.get());
            (slot, *slot)
        };
        if entry.key.is_null() {
            return Some(Found::Empty(slot));
        }
        (entry.key == key && entry.hash == hash).then_some(Found::Key(slot))
    }

    /// Goes through the slots where a key with this hash may be. `same` is asked of other keys with the same hash, which it also gets the
    /// slots of; where it does what may change the table, it fails if that happened.
    #[inline(always)]
    fn probe<E>(
        &self,
        key: &PyObject,
        hash: isize,
        mut same: impl FnMut(&PyObject, *const Entry) -> Result<bool, E>,
    ) -> Result<Found, E> {
        let key_ptr = key.as_ptr();
        let (table, mask) = (self.table.get(), self.mask.get());
        let mut perturb = hash as usize;
        let mut index = hash as usize & mask;
        let mut dead: *mut Entry = core::ptr::null_mut();
        loop {
            let probes = if index + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            for place in index..index + probes + 1 {
                // SAFETY: index + probes <= mask, and the table is the present one.
                let slot = unsafe { table.add(place) };
                // SAFETY: as above.
                let entry = unsafe { *slot };
                if entry.key.is_null() {
                    return Ok(Found::Empty(if dead.is_null() { slot } else { dead }));
                }
                if entry.hash == DEAD_HASH {
                    dead = slot;
                    continue;
                }
                // SAFETY: dead slots have hash -1, which no key has: one with the hash holds a live key.
                if entry.hash == hash && (entry.key == key_ptr || same(unsafe { &*entry.key }, slot)?) {
                    return Ok(Found::Key(slot));
                }
            }
            perturb >>= PERTURB_SHIFT;
            index = (index.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb)) & mask;
        }
    }

    /// Looks for a key equal to `key`.
    #[inline]
    fn find(&self, key: &PyObject, hash: isize) -> PyResult<Found> {
        match self.find_at_once(key.as_ptr(), hash) {
            Some(found) => Ok(found),
            None => self.find_anywhere(key, hash),
        }
    }

    /// Looks in all slots where a key equal to `key` may be.
    #[inline(never)]
    fn find_anywhere(&self, key: &PyObject, hash: isize) -> PyResult<Found> {
        match self.probe(key, hash, |present, _| native::eq(present, key).ok_or(())) {
            Ok(found) => Ok(found),
            Err(()) => self.find_asking(key, hash),
        }
    }

    /// As `find_anywhere`, where keys may have to be asked.
    #[cold]
    #[inline(never)]
    fn find_asking(&self, key: &PyObject, hash: isize) -> PyResult<Found> {
        // Whoever lends it may lose it meanwhile.
        let key = key.new_ref();
        loop {
            let (table, mask) = (self.table.get(), self.mask.get());
            let found = self.probe(&key, hash, |present, slot| {
                let present = present.new_ref();
                // Runs Python code, which may drop the present key and replace the table.
                let equal = protocol::object::eq(&present, &key).map_err(Some)?;
                // SAFETY: the slot is read only if the table has stayed.
                let stayed =
                    self.table.get() == table && self.mask.get() == mask && unsafe { (*slot).key } == present.as_raw();
                if stayed { Ok(equal) } else { Err(None) }
            });
            match found {
                // SAFETY: a slot of the present table. What was asked may have filled the place of a removed key.
                Ok(Found::Empty(slot)) if !unsafe { (*slot).is_free() } => {}
                Ok(found) => return Ok(found),
                Err(Some(error)) => return Err(error),
                Err(None) => {}
            }
        }
    }

    /// Stores a key known to be absent into a table without dead slots.
    ///
    /// # Safety
    /// `table` has `mask + 1` slots, one of them empty; ownership of the key moves in.
    unsafe fn insert_clean(table: *mut Entry, mask: usize, entry: Entry) {
        let mut perturb = entry.hash as usize;
        let mut index = entry.hash as usize & mask;
        loop {
            let probes = if index + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            for place in index..index + probes + 1 {
                // SAFETY: inside the table.
                unsafe {
                    let slot = table.add(place);
                    if (*slot).key.is_null() {
                        *slot = entry;
                        return;
                    }
                }
            }
            perturb >>= PERTURB_SHIFT;
            index = (index.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb)) & mask;
        }
    }

    /// Makes room for more than `wanted` elements, dropping dead slots.
    #[inline(never)]
    fn resize(&self, wanted: usize) -> PyResult<()> {
        let mut size = MIN_SIZE;
        while size <= wanted {
            size = size.checked_mul(2).ok_or_else(exc::memory_error)?;
        }
        let old_table = self.table.get();
        let old_size = self.mask.get() + 1;
        let was_small = self.is_small();
        let copy: [Entry; MIN_SIZE];
        let mut source: *const Entry = old_table;
        let table = if size == MIN_SIZE {
            if was_small {
                if self.fill.get() == self.used.get() {
                    return Ok(());
                }
                copy = self.smalltable.get();
                source = copy.as_ptr();
            }
            self.smalltable.set([EMPTY_ENTRY; MIN_SIZE]);
            self.small()
        } else {
            let bytes = size.checked_mul(size_of::<Entry>()).ok_or_else(exc::memory_error)?;
            let block = alloc::mem_calloc(bytes) as *mut Entry;
            if block.is_null() {
                return Err(exc::memory_error());
            }
            block
        };
        let mask = size - 1;
        for i in 0..old_size {
            // SAFETY: inside the old table (or its copy); live keys move to the new one.
            unsafe {
                let entry = *source.add(i);
                if entry.is_live() {
                    SetBody::insert_clean(table, mask, entry);
                }
            }
        }
        self.table.set(table);
        self.mask.set(mask);
        self.fill.set(self.used.get());
        if !was_small {
            // SAFETY: a block of its own, no longer referred to.
            unsafe { alloc::mem_free(old_table as *mut u8) };
        }
        Ok(())
    }

    /// Fewest slots that leave a table of this size room to grow.
    fn growth(used: usize) -> usize {
        if used > 50_000 { used * 2 } else { used * 4 }
    }

    /// Adds a key with a known hash; true if it was new.
    #[inline]
    fn add_hashed(&self, key: &PyObject, hash: isize) -> PyResult<bool> {
        match self.find(key, hash)? {
            Found::Key(_) => Ok(false),
            Found::Empty(slot) => {
                // SAFETY: the slot was just found.
                unsafe { self.fill_slot(slot, key.new_ref(), hash)? };
                Ok(true)
            }
        }
    }

    /// Adds a key to a set that may have it already.
    #[inline]
    fn add_by<S: Search>(&self, key: ObjRef, hash: isize) -> Result<(), S::Stop> {
        if let Found::Empty(slot) = S::find(self, &key, hash)? {
            // SAFETY: the slot was just found.
            unsafe { self.fill_slot(slot, key, hash).map_err(S::failed)? };
        }
        Ok(())
    }

    /// Puts a key where a search for it ended, and makes room for others.
    ///
    /// # Safety
    /// An empty or dead slot of the present table; nothing has run since it was found.
    #[inline(always)]
    unsafe fn fill_slot(&self, slot: *mut Entry, key: ObjRef, hash: isize) -> PyResult<()> {
        // SAFETY: the caller's promise.
        let old = unsafe { slot.replace(Entry { key: key.into_raw(), hash }) };
        let used = self.used.get() + 1;
        self.used.set(used);
        if old.hash == DEAD_HASH {
            return Ok(());
        }
        let fill = self.fill.get() + 1;
        self.fill.set(fill);
        if fill * 5 >= self.mask.get() * 3 { self.resize(SetBody::growth(used)) } else { Ok(()) }
    }

    /// Removes a key with a known hash, giving it back.
    fn remove_hashed(&self, key: &PyObject, hash: isize) -> PyResult<Option<ObjRef>> {
        match self.find(key, hash)? {
            Found::Empty(_) => Ok(None),
            // SAFETY: nothing has run since the slot was found.
            Found::Key(slot) => Ok(Some(unsafe { self.kill(slot) })),
        }
    }

    /// Makes a live slot a dead one and gives its key.
    ///
    /// # Safety
    /// A live slot of the present table.
    unsafe fn kill(&self, slot: *mut Entry) -> ObjRef {
        // SAFETY: the slot owns its key.
        unsafe {
            let key = (*slot).key;
            *slot = Entry { key: dummy(), hash: DEAD_HASH };
            self.used.set(self.used.get() - 1);
            Ref::from_owned_ptr(key)
        }
    }

    /// The next element from slot `*at` on, as the slot has it.
    #[inline]
    fn next_entry(&self, at: &mut usize) -> Option<Entry> {
        let (table, mask) = (self.table.get(), self.mask.get());
        let mut index = *at;
        while index <= mask {
            // SAFETY: the table has `mask + 1` slots.
            let entry = unsafe { *table.add(index) };
            index += 1;
            if entry.is_live() {
                *at = index;
                return Some(entry);
            }
        }
        *at = index;
        None
    }

    /// Empties the table; the keys are dropped afterwards, when the set is consistent.
    fn clear_table(&self) {
        let old_table = self.table.get();
        if old_table.is_null() || self.fill.get() == 0 && self.is_small() {
            return;
        }
        let was_small = self.is_small();
        let copy = self.smalltable.get();
        let size = self.mask.get() + 1;
        self.smalltable.set([EMPTY_ENTRY; MIN_SIZE]);
        self.fill.set(0);
        self.used.set(0);
        self.mask.set(MIN_SIZE - 1);
        self.table.set(self.small());
        self.hash.set(-1);
        let source: *const Entry = if was_small { copy.as_ptr() } else { old_table };
        for i in 0..size {
            // SAFETY: inside the detached table, whose keys are owned here now.
            unsafe {
                let entry = *source.add(i);
                if entry.is_live() {
                    PyObject::decref(entry.key);
                }
            }
        }
        if !was_small {
            // SAFETY: a block of its own, no longer referred to.
            unsafe { alloc::mem_free(old_table as *mut u8) };
        }
    }
}

impl Traverse for SetBody {
    fn traverse(&self, visit: &mut Visit<'_>) {
        if self.table.get().is_null() {
            return;
        }
        let mut at = 0;
        while let Some(entry) = self.next_entry(&mut at) {
            // SAFETY: a live key.
            unsafe { visit.visit_raw(entry.key) };
        }
    }

    fn clear(&self) {
        self.clear_table();
    }
}

impl Drop for SetBody {
    fn drop(&mut self) {
        // Nobody sees the table any more.
        let table = self.table.get();
        if table.is_null() {
            return;
        }
        let mut at = 0;
        while let Some(entry) = self.next_entry(&mut at) {
            // SAFETY: a key that the table owns.
            unsafe { PyObject::decref(entry.key) };
        }
        if !self.is_small() {
            // SAFETY: a block of its own.
            unsafe { alloc::mem_free(table as *mut u8) };
        }
    }
}

impl PySet {
    /// A new empty instance of `set` or `frozenset`.
    fn new_exact_of(ty: &'static PyTypeObject) -> Ref<PySet> {
        let value =
            PySet { ob_base: PyObject::placeholder(), body: SetBody::NEW, weakreflist: Cell::new(ptr::null_mut()) };
        let set: Ref<PySet> = if ptr::eq(ty, &raw const PySet_Type) {
            alloc::new_exact(value)
        } else {
            // SAFETY: the two structs are laid out alike, and the value is moved, not copied.
            let value = unsafe { core::mem::transmute::<PySet, PyFrozenSet>(value) };
            // SAFETY: as above.
            unsafe { alloc::new_exact(value).cast_unchecked() }
        };
        set.body.init();
        set
    }

    /// A new empty instance of `cls`, which is `set`, `frozenset` or a subtype.
    pub(crate) fn new_in_type(cls: &PyTypeObject) -> PyResult<Ref<PySet>> {
        if ptr::eq(cls, &raw const PySet_Type) {
            return Ok(PySet::new_exact_of(&PySet_Type));
        }
        if ptr::eq(cls, &raw const PyFrozenSet_Type) {
            return Ok(PySet::new_exact_of(&PyFrozenSet_Type));
        }
        let object = match cls.tp_alloc.get() {
            // SAFETY: calling a slot of a ready type as the C API prescribes.
            Some(tp_alloc) => unsafe { ObjRef::from_c_result(tp_alloc(cls as *const _ as *mut _, 0))? },
            // SAFETY: a fresh zeroed instance.
            None => unsafe { Ref::from_owned_ptr(alloc::alloc_var(cls, 0)?) },
        };
        // SAFETY: instances of subtypes start with the layout.
        let set: Ref<PySet> = unsafe { object.cast_unchecked() };
        set.body.init();
        Ok(set)
    }

    /// A new empty set.
    pub fn new() -> Ref<PySet> {
        PySet::new_exact_of(&PySet_Type)
    }

    /// `set(iterable)`.
    ///
    /// # Errors
    /// What iterating and hashing raise.
    pub fn from_iterable(iterable: &PyObject) -> PyResult<Ref<PySet>> {
        let set = PySet::new();
        set.update_from(iterable)?;
        Ok(set)
    }

    /// Number of elements.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.body.used.get()
    }

    /// Has it no element?
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Is it a frozenset (or a subtype)?
    pub fn is_frozen(&self) -> bool {
        PyFrozenSet::check(self.as_object())
    }

    /// Adds an element.
    ///
    /// # Errors
    /// What hashing and comparing raise.
    #[inline]
    pub fn add(&self, key: &PyObject) -> PyResult<()> {
        let hash = key_hash(key)?;
        self.body.add_hashed(key, hash).map(|_| ())
    }

    /// Adds an element; true if it was new.
    ///
    /// # Errors
    /// What hashing and comparing raise.
    pub fn insert(&self, key: &PyObject) -> PyResult<bool> {
        let hash = key_hash(key)?;
        self.body.add_hashed(key, hash)
    }

    /// Is `key` an element?
    ///
    /// # Errors
    /// What hashing and comparing raise.
    #[inline]
    pub fn contains(&self, key: &PyObject) -> PyResult<bool> {
        let hash = key_hash(key)?;
        self.contains_hashed(key, hash)
    }

    /// Is `key`, whose hash is known, an element?
    ///
    /// # Errors
    /// What comparing raises.
    #[inline]
    pub fn contains_hashed(&self, key: &PyObject, hash: isize) -> PyResult<bool> {
        Ok(matches!(self.body.find(key, hash)?, Found::Key(_)))
    }

    /// Removes an element; true if it was there.
    ///
    /// # Errors
    /// What hashing and comparing raise.
    pub fn discard(&self, key: &PyObject) -> PyResult<bool> {
        let hash = key_hash(key)?;
        Ok(self.body.remove_hashed(key, hash)?.is_some())
    }

    /// Removes and returns some element.
    pub fn pop_any(&self) -> Option<ObjRef> {
        let body = &self.body;
        if body.used.get() == 0 {
            return None;
        }
        let mask = body.mask.get();
        let mut index = body.finger.get() & mask;
        while !body.entry(index).is_live() {
            index = (index + 1) & mask;
        }
        // SAFETY: a live slot of the present table.
        let key = unsafe { body.kill(body.table.get().add(index)) };
        body.finger.set(index + 1);
        Some(key)
    }

    /// Removes all elements.
    pub fn clear(&self) {
        self.body.clear_table();
    }

    /// The next element from position `*pos` on (start with 0). Safe if the set changes in between, as `PyDict_Next` is.
    #[inline]
    pub fn iter_index(&self, pos: &mut usize) -> Option<ObjRef> {
        self.next_hashed(pos).map(|(key, _)| key)
    }

    /// As [`PySet::iter_index`], borrowed until the set changes.
    #[inline]
    pub fn next_element(&self, pos: &mut usize) -> Option<&PyObject> {
        let entry = self.body.next_entry(pos)?;
        // SAFETY: a live key.
        Some(unsafe { &*entry.key })
    }

    /// As [`PySet::iter_index`], with the hash.
    #[inline]
    pub fn next_hashed(&self, pos: &mut usize) -> Option<(ObjRef, isize)> {
        let entry = self.body.next_entry(pos)?;
        // SAFETY: a live key.
        Some((unsafe { Ref::from_borrowed_ptr(entry.key) }, entry.hash))
    }

    /// Calls a function with every element, borrowed, until it says `None`.
    ///
    /// # Safety
    /// The function changes no set and runs no Python code.
    #[inline]
    pub unsafe fn try_for_each<'a>(&'a self, mut f: impl FnMut(&'a PyObject) -> Option<()>) -> Option<()> {
        let mut at = 0;
        while let Some(entry) = self.body.next_entry(&mut at) {
            // SAFETY: a live key, which the set keeps.
            f(unsafe { &*entry.key })?;
        }
        Some(())
    }

    /// Copies of the elements.
    pub fn to_vec(&self) -> Vec<ObjRef> {
        let mut out = Vec::with_capacity(self.len());
        let mut at = 0;
        while let Some(key) = self.iter_index(&mut at) {
            out.push(key);
        }
        out
    }

    /// Bytes of the table outside the object.
    fn table_bytes(&self) -> usize {
        if self.body.is_small() { 0 } else { (self.body.mask.get() + 1) * size_of::<Entry>() }
    }
}
