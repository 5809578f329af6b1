//! `dict`: the object and what other parts of the VM need from it.
//!
//! ```text
//! offset 0   PyObject
//!        16  ma_used      number of items
//!        24  watcher_tag  low 8 bits: who watches; bits 8-11: changes seen while watched; bits 12-63: the type whose dict it is
//!        32  ma_keys      our table (see `table`)
//!        40  ma_values    always NULL: there are no split tables
//! ```
//!
//! Any lookup with a key that is not of an exact built-in type may call `__eq__`, and any value dropped may run a destructor; both may change
//! the dict. So positions found by a lookup are used at once, keys and values are handed out as new references, and what leaves the dict is
//! dropped last.
//!
//! For inline caches: [`PyDict::keys_version`] is a number that stands for "these keys, at these positions"; while it is unchanged,
//! [`PyDict::value_at`] with a position from [`PyDict::lookup_index`] is the present value of that key.

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_void;
use core::mem::size_of;
use core::ptr;

use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, alloc, flags};
use crate::protocol::object as protocol;
use crate::runtime::gc;
use crate::types::str::PyStr;
use rpy_derive::pyclass;

pub mod iter;
pub mod lookup;
pub mod merge;
mod methods;
pub mod table;
pub mod views;
mod viewset;
pub mod watch;

pub use iter::{PyDictItemIterator, PyDictKeyIterator, PyDictValueIterator};
pub use views::{PyDictItems, PyDictKeys, PyDictValues};
pub use watch::DictEvent;

use table::{DictKeys, empty_keys, log2_for_entries};

/// dict() -> new empty dictionary
/// dict(mapping) -> new dictionary initialized from a mapping object's
///     (key, value) pairs
/// dict(iterable) -> new dictionary initialized as if via:
///     d = {}
///     for k, v in iterable:
///         d[k] = v
/// dict(**kwargs) -> new dictionary initialized with the name=value pairs
///     in the keyword argument list.  For example:  dict(one=1, two=2)
#[pyclass(name = "dict", symbol = "PyDict_Type", flags(BASETYPE, MAPPING, DICT_SUBCLASS, MATCH_SELF), gc)]
#[repr(C)]
pub struct PyDict {
    pub(crate) ob_base: PyObject,
    #[pytraverse(skip)]
    pub(crate) ma_used: Cell<isize>,
    #[pytraverse(skip)]
    pub(crate) watcher_tag: Cell<u64>,
    #[pytraverse(skip)]
    pub(crate) ma_keys: Cell<*mut DictKeys>,
    #[pytraverse(skip)]
    pub(crate) ma_values: Cell<*mut c_void>,
}

const _: () = assert!(size_of::<PyDict>() == 48);

/// Dead dict headers that are kept.
const FREE_LIST_LEN: usize = 80;

struct FreeList {
    len: Cell<usize>,
    /// How many are kept at most: 0 or the room there is.
    limit: Cell<usize>,
    headers: UnsafeCell<[*mut PyDict; FREE_LIST_LEN]>,
}
// SAFETY: only touched under the GIL.
unsafe impl Sync for FreeList {}

static FREE: FreeList = FreeList {
    len: Cell::new(0),
    limit: Cell::new(if cfg!(feature = "poison") { 0 } else { FREE_LIST_LEN }),
    headers: UnsafeCell::new([ptr::null_mut(); FREE_LIST_LEN]),
};

impl PyDict {
    /// The fields of an empty dict, for `new_in` of subtypes written in Rust.
    pub fn blank() -> PyDict {
        PyDict {
            ob_base: PyObject::placeholder(),
            ma_used: Cell::new(0),
            watcher_tag: Cell::new(0),
            ma_keys: Cell::new(empty_keys()),
            ma_values: Cell::new(ptr::null_mut()),
        }
    }

    /// An empty dict.
    #[inline]
    pub fn new() -> Ref<PyDict> {
        let kept = FREE.len.get();
        if kept > 0 {
            FREE.len.set(kept - 1);
            // SAFETY: the first `kept` entries are dead, untracked dict headers with blank fields.
            unsafe {
                let dict = (*FREE.headers.get())[kept - 1];
                (*dict).ob_base.ob_refcnt.set(1);
                gc::track((*dict).as_object());
                return Ref::from_owned_ptr(dict);
            }
        }
        alloc::new_exact(PyDict::blank())
    }

    /// An empty dict with room for `entries` items.
    pub fn with_capacity(entries: usize) -> PyResult<Ref<PyDict>> {
        let dict = PyDict::new();
        if entries > 0 {
            dict.ma_keys.set(DictKeys::alloc(log2_for_entries(entries))?);
        }
        Ok(dict)
    }

    /// Number of items.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.ma_used.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.ma_used.get() == 0
    }

    // ---- lookups ----

    /// The value of a key.
    #[inline]
    pub fn get_item(&self, key: &PyObject) -> PyResult<Option<ObjRef>> {
        let hash = PyDict::hash_key(key)?;
        self.get_item_hash(key, hash)
    }

    /// The value of a key whose hash is known.
    #[inline]
    pub fn get_item_hash(&self, key: &PyObject, hash: isize) -> PyResult<Option<ObjRef>> {
        // SAFETY: the position was just found.
        Ok(self.find(key, hash)?.map(|at| unsafe { self.value_ref(at) }))
    }

    /// The value of a string key (an exact `str`). Runs no code if the dict has only such keys; errors of other keys' `__eq__` are
    /// dropped and count as "not there".
    #[inline(always)]
    pub fn get_str(&self, key: &PyStr) -> Option<ObjRef> {
        match self.find_str_fast(key) {
            // SAFETY: the position was just found.
            Ok(found) => found.map(|at| unsafe { self.value_ref(at) }),
            Err(()) => self.get_str_slow(key),
        }
    }

    #[cold]
    fn get_str_slow(&self, key: &PyStr) -> Option<ObjRef> {
        self.get_item(key.as_object()).unwrap_or(None)
    }

    /// As [`PyDict::get_str`], with errors.
    #[inline(always)]
    pub fn get_str_checked(&self, key: &PyStr) -> PyResult<Option<ObjRef>> {
        match self.find_str_fast(key) {
            // SAFETY: the position was just found.
            Ok(found) => Ok(found.map(|at| unsafe { self.value_ref(at) })),
            Err(()) => self.get_item(key.as_object()),
        }
    }

    /// The value of a string key, borrowed; `None` also if the dict has keys other than exact strings.
    ///
    /// # Safety
    /// The borrow ends before anything can change the dict.
    #[inline(always)]
    pub unsafe fn peek_str(&self, key: &PyStr) -> Option<&PyObject> {
        match self.find_str_fast(key) {
            // SAFETY: the position was just found.
            Ok(Some(at)) => Some(unsafe { &*(*self.table().entry(at)).value }),
            _ => None,
        }
    }

    /// The value of a literal name. For cold code: it makes a string.
    pub fn get_name(&self, key: &str) -> Option<ObjRef> {
        self.get_str(&PyStr::new(key))
    }

    /// Is the key there?
    #[inline]
    pub fn contains(&self, key: &PyObject) -> PyResult<bool> {
        let hash = PyDict::hash_key(key)?;
        Ok(self.find(key, hash)?.is_some())
    }

    /// Is the string key there? Errors count as "no".
    #[inline]
    pub fn contains_str(&self, key: &PyStr) -> bool {
        match self.find_str_fast(key) {
            Ok(found) => found.is_some(),
            Err(()) => self.contains(key.as_object()).unwrap_or(false),
        }
    }

    // ---- inline caches ----

    /// A number that stands for the dict's present keys and their positions; 0 if there are no more numbers.
    #[inline]
    pub fn keys_version(&self) -> u32 {
        // SAFETY: no code runs.
        unsafe { self.table() }.version()
    }

    /// As [`PyDict::keys_version`], but 0 if nobody asked since the last change. For the guards of inline caches.
    #[inline(always)]
    pub fn known_keys_version(&self) -> u32 {
        // SAFETY: no code runs.
        unsafe { self.table() }.known_version()
    }

    /// The position of a string key, for [`PyDict::value_at`]. `None` also if the dict has keys other than exact strings.
    #[inline]
    pub fn lookup_index(&self, key: &PyStr) -> Option<usize> {
        self.find_str_fast(key).unwrap_or(None)
    }

    /// The value at a position, if the key there is this very object.
    #[inline]
    pub fn value_of(&self, key: &PyObject, index: usize) -> Option<&PyObject> {
        // SAFETY: no code runs; positions in use are initialised.
        unsafe {
            let keys = self.table();
            let is_there = index < keys.nentries.get() && core::ptr::eq((*keys.entry(index)).key, key);
            if is_there { (*keys.entry(index)).value.as_ref() } else { None }
        }
    }

    /// The value at a position, borrowed until the dict changes; `None` if there is none.
    #[inline(always)]
    pub fn value_at(&self, index: usize) -> Option<&PyObject> {
        // SAFETY: no code runs; positions in use are initialised, and deleted ones hold NULL.
        unsafe {
            let keys = self.table();
            if index < keys.nentries.get() { (*keys.entry(index)).value.as_ref() } else { None }
        }
    }

    /// The key at a position, borrowed until the dict changes; `None` if there is none.
    pub fn key_at(&self, index: usize) -> Option<&PyObject> {
        // SAFETY: as for `value_at`.
        unsafe {
            let keys = self.table();
            if index < keys.nentries.get() { (*keys.entry(index)).key.as_ref() } else { None }
        }
    }

    /// Replaces the value at a position found by [`PyDict::lookup_index`] under the present version. `false` if there is none.
    #[inline]
    pub fn set_value_at(&self, index: usize, value: ObjRef) -> bool {
        // SAFETY: as for `value_at`; the old value is dropped after the store.
        unsafe {
            let keys = self.table();
            if index >= keys.nentries.get() || (*keys.entry(index)).key.is_null() {
                return false;
            }
            if self.is_watched() {
                let key = (*(*keys.entry(index)).key).new_ref();
                self.notify(DictEvent::Modified, Some(&key), Some(&value));
            }
            let entry = keys.entry(index);
            let old = (*entry).value;
            (*entry).value = value.into_raw();
            PyObject::decref(old);
        }
        true
    }

    // ---- changes ----

    /// Sets a key's value.
    #[inline]
    pub fn set_item(&self, key: &PyObject, value: &PyObject) -> PyResult<()> {
        let hash = PyDict::hash_key(key)?;
        self.set_item_hash(key, hash, value.new_ref())
    }

    /// Sets the value of a key whose hash is known.
    #[inline]
    pub fn set_item_hash(&self, key: &PyObject, hash: isize, value: ObjRef) -> PyResult<()> {
        match self.find(key, hash)? {
            Some(at) => {
                self.set_value_at(at, value);
                Ok(())
            }
            None => self.insert_new(key.new_ref(), hash, value),
        }
    }

    /// Sets the value of a string key (an exact `str`).
    #[inline]
    pub fn set_str(&self, key: &PyStr, value: &PyObject) -> PyResult<()> {
        self.set_item_hash(key.as_object(), key.hash(), value.new_ref())
    }

    /// Sets the value of a literal name, interned. For cold code.
    pub fn set_name(&self, key: &str, value: ObjRef) {
        let key = PyStr::intern(PyStr::new(key));
        if let Err(e) = self.set_item_hash(key.as_object(), key.hash(), value) {
            e.write_unraisable(Some(self.as_object()));
        }
    }

    /// Adds a key that is not there.
    fn insert_new(&self, key: ObjRef, hash: isize, value: ObjRef) -> PyResult<()> {
        self.notify(DictEvent::Added, Some(&key), Some(&value));
        // SAFETY: no code runs from here on; after `grow` there is room.
        unsafe {
            if self.table().usable.get() == 0 {
                self.grow()?;
            }
            self.table().push(hash, key.into_raw(), value.into_raw());
        }
        self.ma_used.set(self.ma_used.get() + 1);
        Ok(())
    }

    /// Rebuilds the table with room for about twice the items.
    #[cold]
    #[inline(never)]
    fn grow(&self) -> PyResult<()> {
        let wanted = self.len() * 3;
        let mut log2 = table::MIN_LOG2_SIZE;
        while (1usize << log2) < wanted {
            log2 += 1;
        }
        self.rebuild(log2)
    }

    fn rebuild(&self, log2: u8) -> PyResult<()> {
        // SAFETY: the table is this dict's own (or the shared empty one), and the size was chosen to fit its items.
        self.ma_keys.set(unsafe { DictKeys::rebuild(self.ma_keys.get(), log2)? });
        Ok(())
    }

    /// Makes room for `extra` more items at once.
    pub fn reserve(&self, extra: usize) -> PyResult<()> {
        // SAFETY: no code runs.
        if unsafe { self.table() }.usable.get() < extra {
            self.rebuild(log2_for_entries(self.len() + extra))?;
        }
        Ok(())
    }

    /// Takes out the entry at a position just found.
    fn remove_at(&self, at: usize) -> (ObjRef, ObjRef) {
        // SAFETY: the position was just found; the pair is owned by the caller from here on.
        unsafe {
            if self.is_watched() {
                let key = (*(*self.table().entry(at)).key).new_ref();
                self.notify(DictEvent::Deleted, Some(&key), None);
            }
            let (key, value) = self.table().remove(at);
            self.ma_used.set(self.ma_used.get() - 1);
            (ObjRef::from_owned_ptr(key), ObjRef::from_owned_ptr(value))
        }
    }

    /// Removes a key; `false` if it is not there.
    pub fn del_item(&self, key: &PyObject) -> PyResult<bool> {
        let hash = PyDict::hash_key(key)?;
        Ok(self.pop_hash(key, hash)?.is_some())
    }

    /// Removes a string key; `false` if it is not there (errors count as that).
    pub fn del_str(&self, key: &PyStr) -> bool {
        self.del_item(key.as_object()).unwrap_or(false)
    }

    /// Removes a key and gives its value.
    pub fn pop_item_key(&self, key: &PyObject) -> PyResult<Option<ObjRef>> {
        if self.is_empty() {
            // As CPython: an empty dict does not hash the key.
            return Ok(None);
        }
        let hash = PyDict::hash_key(key)?;
        self.pop_hash(key, hash)
    }

    pub fn pop_hash(&self, key: &PyObject, hash: isize) -> PyResult<Option<ObjRef>> {
        Ok(self.find(key, hash)?.map(|at| {
            let (key, value) = self.remove_at(at);
            drop(key);
            value
        }))
    }

    /// Removes and gives the item added last.
    pub fn pop_last(&self) -> Option<(ObjRef, ObjRef)> {
        if self.is_empty() {
            return None;
        }
        // SAFETY: no code runs before the entry is taken out.
        let keys = unsafe { self.table() };
        let at = keys.entries().iter().rposition(|entry| !entry.key.is_null())?;
        let pair = self.remove_at(at);
        // SAFETY: what lay behind the removed entry was deleted before, so the table can be used again from here.
        let keys = unsafe { self.table() };
        keys.nentries.set(at);
        keys.first.set(keys.first.get().min(at));
        Some(pair)
    }

    /// Removes and gives the item that comes first.
    pub fn pop_first(&self) -> Option<(ObjRef, ObjRef)> {
        if self.is_empty() {
            return None;
        }
        // SAFETY: no code runs before the entry is taken out.
        let keys = unsafe { self.table() };
        let first = keys.first.get();
        let at = first + keys.entries()[first..].iter().position(|entry| !entry.key.is_null())?;
        keys.first.set(at);
        Some(self.remove_at(at))
    }

    /// The first or last key, with its hash.
    pub fn end_key(&self, last: bool) -> Option<(ObjRef, isize)> {
        // SAFETY: no code runs while the entries are looked at.
        let entries = unsafe { self.table() }.entries();
        let found = if last {
            entries.iter().rev().find(|entry| !entry.key.is_null())
        } else {
            entries[unsafe { self.table() }.first.get().min(entries.len())..].iter().find(|entry| !entry.key.is_null())
        };
        // SAFETY: a living entry.
        found.map(|entry| unsafe { ((*entry.key).new_ref(), entry.hash) })
    }

    /// The key's value, after setting it to `default` if it is not there; and whether it was there.
    pub fn setdefault(&self, key: &PyObject, default: &PyObject) -> PyResult<(ObjRef, bool)> {
        let hash = PyDict::hash_key(key)?;
        self.setdefault_hash(key, hash, default)
    }

    pub fn setdefault_hash(&self, key: &PyObject, hash: isize, default: &PyObject) -> PyResult<(ObjRef, bool)> {
        match self.find(key, hash)? {
            // SAFETY: the position was just found.
            Some(at) => Ok((unsafe { self.value_ref(at) }, true)),
            None => {
                self.insert_new(key.new_ref(), hash, default.new_ref())?;
                Ok((default.new_ref(), false))
            }
        }
    }

    /// Removes all items.
    pub fn clear(&self) {
        if self.ma_keys.get() == empty_keys() {
            return;
        }
        self.notify(DictEvent::Cleared, None, None);
        let keys = self.ma_keys.replace(empty_keys());
        self.ma_used.set(0);
        // SAFETY: the table belongs to this call now.
        unsafe { drop_table(keys) };
    }

    /// A dict (exactly) with the same items.
    pub fn copy(&self) -> PyResult<Ref<PyDict>> {
        let dict = PyDict::new();
        if !self.is_empty() {
            // SAFETY: copying pointers and counting references up runs no code.
            dict.ma_keys.set(unsafe { self.table() }.duplicate(self.len())?);
            dict.ma_used.set(self.ma_used.get());
        }
        Ok(dict)
    }

    // ---- walking ----

    /// The next item from a position on, which is advanced (start with 0). Safe if the dict changes between two calls.
    #[inline]
    pub fn iter_index(&self, position: &mut usize) -> Option<(ObjRef, ObjRef)> {
        let (key, value, _) = self.next_entry(position)?;
        Some((key, value))
    }

    /// As [`PyDict::iter_index`], with the hash.
    #[inline]
    pub fn next_entry(&self, position: &mut usize) -> Option<(ObjRef, ObjRef, isize)> {
        // SAFETY: no code runs while the entries are looked at.
        let keys = unsafe { self.table() };
        let entries = keys.entries();
        let mut at = (*position).max(keys.first.get());
        while let Some(entry) = entries.get(at) {
            at += 1;
            if !entry.key.is_null() {
                *position = at;
                // SAFETY: a living entry.
                return Some(unsafe { ((*entry.key).new_ref(), (*entry.value).new_ref(), entry.hash) });
            }
        }
        *position = at;
        None
    }

    /// The item before a position (start with [`PyDict::end_position`]), which moves there.
    pub fn previous_entry(&self, position: &mut usize) -> Option<(ObjRef, ObjRef, isize)> {
        // SAFETY: no code runs while the entries are looked at.
        let entries = unsafe { self.table() }.entries();
        let mut at = (*position).min(entries.len());
        while at > 0 {
            at -= 1;
            let entry = &entries[at];
            if !entry.key.is_null() {
                *position = at;
                // SAFETY: a living entry.
                return Some(unsafe { ((*entry.key).new_ref(), (*entry.value).new_ref(), entry.hash) });
            }
        }
        *position = 0;
        None
    }

    /// One more than the last position in use.
    pub fn end_position(&self) -> usize {
        // SAFETY: no code runs.
        unsafe { self.table() }.nentries.get()
    }

    /// Calls a function with every item, borrowed.
    ///
    /// # Safety
    /// The function changes no dict and runs no Python code.
    pub unsafe fn for_each(&self, mut f: impl FnMut(&PyObject, &PyObject)) {
        // SAFETY: the caller's promise.
        for entry in unsafe { self.table() }.entries() {
            if !entry.key.is_null() {
                // SAFETY: a living entry.
                unsafe { f(&*entry.key, &*entry.value) };
            }
        }
    }

    /// As [`PyDict::for_each`], until the function says `None`.
    ///
    /// # Safety
    /// The function changes no dict and runs no Python code.
    #[inline]
    pub unsafe fn try_for_each<'a>(
        &'a self,
        mut f: impl FnMut(&'a PyObject, &'a PyObject) -> Option<()>,
    ) -> Option<()> {
        // SAFETY: the caller's promise.
        for entry in unsafe { self.table() }.entries() {
            if !entry.key.is_null() {
                // SAFETY: a living entry.
                unsafe { f(&*entry.key, &*entry.value)? };
            }
        }
        Some(())
    }

    /// New references to all keys.
    pub fn keys_vec(&self) -> Vec<ObjRef> {
        let mut keys = Vec::with_capacity(self.len());
        // SAFETY: counting references up changes no dict.
        unsafe { self.for_each(|key, _| keys.push(key.new_ref())) };
        keys
    }

    /// New references to all values.
    pub fn values_vec(&self) -> Vec<ObjRef> {
        let mut values = Vec::with_capacity(self.len());
        // SAFETY: counting references up changes no dict.
        unsafe { self.for_each(|_, value| values.push(value.new_ref())) };
        values
    }

    /// New references to all items.
    pub fn items_vec(&self) -> Vec<(ObjRef, ObjRef)> {
        let mut items = Vec::with_capacity(self.len());
        // SAFETY: counting references up changes no dict.
        unsafe { self.for_each(|key, value| items.push((key.new_ref(), value.new_ref()))) };
        items
    }

    /// Are all keys strings (of any kind)?
    pub fn has_only_str_keys(&self) -> bool {
        let mut only = true;
        // SAFETY: looking at flags runs no code.
        unsafe {
            if self.table().only_str() {
                return true;
            }
            self.for_each(|key, _| only &= PyStr::check(key));
        }
        only
    }

    /// Do two dicts hold equal values under equal keys?
    pub fn equal(&self, other: &PyDict) -> PyResult<bool> {
        if self.len() != other.len() {
            return Ok(false);
        }
        let mut position = 0;
        while let Some((key, value, hash)) = self.next_entry(&mut position) {
            match other.get_item_hash(&key, hash)? {
                Some(theirs) => {
                    if !protocol::eq(&value, &theirs)? {
                        return Ok(false);
                    }
                }
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    // ---- order, for OrderedDict ----

    /// Moves a key behind all others; `false` if it is not there.
    pub fn move_to_end(&self, key: &PyObject, hash: isize) -> PyResult<bool> {
        // SAFETY: no code runs between the lookup (the last one, if the table was rebuilt) and the move.
        let Some(_) = self.find(key, hash)? else { return Ok(false) };
        if unsafe { self.table() }.usable.get() == 0 {
            self.grow()?;
        }
        let Some(at) = self.find(key, hash)? else { return Ok(false) };
        // SAFETY: as above; there is room.
        unsafe {
            let keys = self.table();
            if at + 1 != keys.nentries.get() && keys.usable.get() > 0 {
                keys.push_moved(at);
            }
        }
        Ok(true)
    }

    /// Moves a key before all others; `false` if it is not there. Takes time in proportion to the number of items.
    pub fn move_to_front(&self, key: &PyObject, hash: isize) -> PyResult<bool> {
        let Some(at) = self.find(key, hash)? else { return Ok(false) };
        let new = DictKeys::alloc(log2_for_entries(self.len()))?;
        // SAFETY: all references move to the new table, which has room for them; no code runs.
        unsafe {
            let old = self.table();
            let first = *old.entry(at);
            (*new).push(first.hash, first.key, first.value);
            for (i, entry) in old.entries().iter().enumerate() {
                if i != at && !entry.key.is_null() {
                    (*new).push(entry.hash, entry.key, entry.value);
                }
            }
            DictKeys::free(self.ma_keys.replace(new));
        }
        Ok(true)
    }

    // ---- the object ----

    /// Bytes of memory, without the collector's head.
    pub fn memory(&self) -> usize {
        // SAFETY: no code runs.
        self.as_object().ty().tp_basicsize.get() as usize + unsafe { self.table() }.memory()
    }

    /// Keeps a dead dict's header for the next one, if it is an exact dict and there is room.
    ///
    /// # Safety
    /// The dict is dead, untracked, and its table freed.
    unsafe fn keep_header(dict: *mut PyDict) -> bool {
        let kept = FREE.len.get();
        // SAFETY: the header is intact; the free list is touched under the GIL only.
        unsafe {
            if kept >= FREE.limit.get() || !(*dict).as_object().is_exact_type(&PyDict_Type) {
                return false;
            }
            gc::head_of((*dict).as_object()).prev.set(0);
            (*dict).ma_used.set(0);
            (*dict).watcher_tag.set(0);
            (*dict).ma_keys.set(empty_keys());
            (*FREE.headers.get())[kept] = dict;
        }
        FREE.len.set(kept + 1);
        true
    }

    /// Whether dead dicts and their tables are kept.
    pub(crate) fn keep_dead(enabled: bool) {
        FREE.limit.set(if enabled && !cfg!(feature = "poison") { FREE_LIST_LEN } else { 0 });
        DictKeys::keep_dead(enabled);
    }

    /// Frees what the free lists hold.
    pub fn clear_free_lists() {
        let kept = FREE.len.replace(0);
        for i in 0..kept {
            // SAFETY: the first `kept` entries are dead dict headers.
            unsafe { alloc::free_object((*FREE.headers.get())[i] as *mut PyObject, &PyDict_Type) };
        }
        DictKeys::clear_free_list();
    }
}

/// Drops all entries of a table and frees it.
///
/// # Safety
/// The caller owns the table.
unsafe fn drop_table(keys: *mut DictKeys) {
    if keys == empty_keys() {
        return;
    }
    // SAFETY: the caller's promise; destructors cannot reach the table any more.
    unsafe {
        for entry in (*keys).entries() {
            if !entry.key.is_null() {
                PyObject::decref(entry.key);
                PyObject::decref(entry.value);
            }
        }
        DictKeys::free(keys);
    }
}

/// The class of an object as messages with `%T` show it: with its module, but for builtins and `__main__`.
pub fn qualified_type_name(object: &PyObject) -> String {
    let ty: &PyTypeObject = object.ty();
    let Some(heap) = ty.as_heap() else { return ty.full_name().to_owned() };
    let text = |object: ObjRef| object.downcast_ref::<PyStr>().map(|s| s.to_string_lossy().into_owned());
    let name = heap.ht_qualname.get().and_then(text).unwrap_or_else(|| ty.name().to_owned());
    debug_assert!(ty.has_flag(flags::HEAPTYPE));
    match ty.tp_dict.peek().and_then(|dict| dict.get_str(crate::intern!("__module__"))).and_then(text) {
        Some(module) if module != "builtins" && module != "__main__" => format!("{module}.{name}"),
        _ => name,
    }
}

/// What a missing key raises.
#[cold]
pub(super) fn missing_key(key: &PyObject) -> crate::PyErr {
    exc::key_error(key)
}
