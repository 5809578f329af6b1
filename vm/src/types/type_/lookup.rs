//! Looking a name up along a type's MRO, with a cache that is valid as long as version tags are.
//!
//! A type gets a version tag when it is first looked at; tags are never used twice. Changing a type (or a base of it) takes
//! its tag away ([`type_modified`]), which makes all cache entries, inline caches and compiled assumptions about it stale
//! at once. Invariant: a type with a tag has only bases with tags, so a type without one has no subclass with one.
//!
//! The tag is 0 for "none", and types that change all the time ([`MAX_VERSIONS`]) get no new tags.
//!
//! Watchers are told of the change of each type that they asked to watch, before its tag goes.

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_int;

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject};
use crate::types::str::PyStr;
use crate::types::type_::subclasses;

/// Tags one type may use up.
const MAX_VERSIONS: u16 = 1000;
/// In `tp_versions_used`: this type never gets a tag (it has a custom `mro()`).
pub(crate) const NEVER_VERSIONED: u16 = 30000;

const CACHE_BITS: u32 = 12;
const CACHE_SIZE: usize = 1 << CACHE_BITS;

#[derive(Clone, Copy)]
struct Entry {
    version: u32,
    /// An owned reference, so that the address cannot be used again.
    name: *const PyStr,
    /// Borrowed from a type's dict; null for "not found".
    value: *const PyObject,
}

struct Cache(UnsafeCell<[Entry; CACHE_SIZE]>);
// SAFETY: used under the GIL only.
unsafe impl Sync for Cache {}

static CACHE: Cache =
    Cache(UnsafeCell::new([Entry { version: 0, name: core::ptr::null(), value: core::ptr::null() }; CACHE_SIZE]));

struct Global<T>(Cell<T>);
// SAFETY: used under the GIL only.
unsafe impl<T> Sync for Global<T> {}

static NEXT_VERSION: Global<u32> = Global(Cell::new(1));
static WATCHERS: Global<[Option<Watcher>; 8]> = Global(Cell::new([None; 8]));

/// `PyType_WatchCallback`: called with the type that is about to change. Not 0: an exception is set, which is reported as unraisable.
pub type Watcher = unsafe extern "C-unwind" fn(*mut PyTypeObject) -> c_int;

#[inline(always)]
fn cache_index(version: u32, name: *const PyStr) -> usize {
    (version ^ (name as usize >> 4) as u32) as usize & (CACHE_SIZE - 1)
}

/// `_PyType_Lookup`: the first entry for `name` along the MRO. Borrowed: take a reference before anything runs.
#[inline]
pub fn lookup<'a>(ty: &'a PyTypeObject, name: &PyStr) -> Option<&'a PyObject> {
    let version = ty.tp_version_tag.get();
    if version != 0 {
        let name: *const PyStr = name;
        // SAFETY: under the GIL, and nothing runs between the read and the use.
        let entry = unsafe { (*CACHE.0.get())[cache_index(version, name)] };
        if entry.version == version && core::ptr::eq(entry.name, name) {
            // SAFETY: the version says that the dict entry still stands.
            return unsafe { entry.value.as_ref() };
        }
    }
    lookup_slow(ty, name)
}

/// As [`lookup`], with a new reference.
#[inline]
pub fn lookup_ref(ty: &PyTypeObject, name: &PyStr) -> Option<ObjRef> {
    lookup(ty, name).map(PyObject::new_ref)
}

#[cold]
#[inline(never)]
fn lookup_slow<'a>(ty: &'a PyTypeObject, name: &PyStr) -> Option<&'a PyObject> {
    // The tag is taken first: if the search runs Python code that changes the type, the entry is stale from the start.
    let version = if is_cacheable(name) { version_tag(ty) } else { 0 };
    let found = lookup_uncached(ty, name);
    if version != 0 && ty.tp_version_tag.get() == version {
        let value = found.map_or(core::ptr::null(), |v| v as *const PyObject);
        // SAFETY: under the GIL. The old name is dropped last: only a string, nothing runs.
        unsafe {
            let entry = &mut (*CACHE.0.get())[cache_index(version, name)];
            let old = entry.name;
            name.as_object().incref();
            *entry = Entry { version, name, value };
            if !old.is_null() {
                PyObject::decref(old as *const PyObject);
            }
        }
    }
    found
}

/// Only exact, short strings are cached, as nothing else is looked up often.
fn is_cacheable(name: &PyStr) -> bool {
    name.as_object().is_exact_type(<PyStr as crate::object::PyClass>::type_object()) && name.len() <= 100
}

/// The search itself. The result is borrowed from the dict in which it was found.
pub(crate) fn lookup_uncached<'a>(ty: &'a PyTypeObject, name: &PyStr) -> Option<&'a PyObject> {
    // Kept alive: a key comparison may run code that assigns `__bases__`.
    let mro = ty.tp_mro.get()?;
    for base in mro.items() {
        // SAFETY: an MRO holds types only.
        let base: &PyTypeObject = unsafe { base.cast_unchecked_ref() };
        if let Some(dict) = base.tp_dict.peek()
            && let Some(found) = dict.get_str(name)
        {
            let found: *const PyObject = found.as_raw();
            // SAFETY: the dict still refers to it; the caller takes a reference before anything runs.
            return Some(unsafe { &*found });
        }
    }
    None
}

/// The type's version tag, given now if it has none. 0: it cannot have one.
#[inline]
pub fn version_tag(ty: &PyTypeObject) -> u32 {
    let tag = ty.tp_version_tag.get();
    if tag != 0 { tag } else { assign_version(ty) }
}

#[cold]
fn assign_version(ty: &PyTypeObject) -> u32 {
    if !ty.has_flag(crate::object::flags::READY) || ty.tp_versions_used.get() >= MAX_VERSIONS {
        return 0;
    }
    if let Some(bases) = ty.tp_bases.peek() {
        for base in bases.items() {
            // SAFETY: bases are types.
            if version_tag(unsafe { base.cast_unchecked_ref() }) == 0 {
                return 0;
            }
        }
    }
    let tag = NEXT_VERSION.0.get();
    if tag == 0 {
        return 0;
    }
    NEXT_VERSION.0.set(tag.wrapping_add(1));
    if ty.has_flag(crate::object::flags::HEAPTYPE) {
        ty.tp_versions_used.set(ty.tp_versions_used.get() + 1);
    }
    ty.tp_version_tag.set(tag);
    tag
}

/// `PyType_Modified`: to be called after every change to a type's bases or MRO; its dict calls it by itself, before each change.
/// Takes away the version tags of the type and its subclasses.
pub fn type_modified(ty: &PyTypeObject) {
    if ty.tp_version_tag.get() == 0 {
        return;
    }
    for subclass in subclasses::list(ty) {
        type_modified(&subclass);
    }
    let watched = ty.tp_watched.get();
    if watched != 0 {
        for (bit, watcher) in WATCHERS.0.get().iter().enumerate() {
            if watched & (1 << bit) != 0
                && let Some(watcher) = watcher
            {
                // SAFETY: a function of this type, as its owner promised, and a live type.
                let status = unsafe { watcher(core::ptr::from_ref(ty).cast_mut()) };
                if status != 0
                    && let Some(error) = PyErr::fetch()
                {
                    let message = format!("Exception ignored in type watcher callback #{bit} for");
                    crate::runtime::unraisable::write_about(error, &message, ty.as_object());
                }
            }
        }
    }
    ty.tp_version_tag.set(0);
    crate::object::shape::renumber(ty);
    if let Some(heap) = ty.as_heap() {
        heap.spec_cache_getitem.set(core::ptr::null_mut());
        heap.spec_cache_init.set(core::ptr::null_mut());
    }
}

/// Registers a watcher; gives its number for [`watch`]. The first one is the VM's own.
///
/// # Errors
/// `RuntimeError` when all numbers are taken.
pub fn add_watcher(watcher: Watcher) -> PyResult<i32> {
    let mut all = WATCHERS.0.get();
    let free = (1..all.len()).find(|&id| all[id].is_none());
    let free = free.ok_or_else(|| exc::runtime_error("no more type watcher IDs available"))?;
    all[free] = Some(watcher);
    WATCHERS.0.set(all);
    Ok(free as i32)
}

fn validate(id: i32) -> PyResult<usize> {
    let all = WATCHERS.0.get();
    let index = usize::try_from(id).unwrap_or(all.len());
    match all.get(index) {
        None => Err(exc::value_error(format!("Invalid type watcher ID {id}"))),
        Some(None) => Err(exc::value_error(format!("No type watcher set for ID {id}"))),
        Some(Some(_)) => Ok(index),
    }
}

/// Removes a watcher.
///
/// # Errors
/// `ValueError` for numbers that are no watcher's; so for the two below.
pub fn clear_watcher(id: i32) -> PyResult<()> {
    let index = validate(id)?;
    let mut all = WATCHERS.0.get();
    all[index] = None;
    WATCHERS.0.set(all);
    Ok(())
}

/// Asks that watcher `id` be told when `ty` changes. Gives the type a tag, without which changes are not seen.
pub fn watch(id: i32, ty: &PyTypeObject) -> PyResult<()> {
    let index = validate(id)?;
    version_tag(ty);
    ty.tp_watched.set(ty.tp_watched.get() | 1 << index);
    Ok(())
}

/// Takes back [`watch`].
pub fn unwatch(id: i32, ty: &PyTypeObject) -> PyResult<()> {
    let index = validate(id)?;
    ty.tp_watched.set(ty.tp_watched.get() & !(1 << index));
    Ok(())
}

/// Empties the cache (for `sys._clear_type_cache` and before names are checked for leaks).
pub fn clear_cache() {
    for i in 0..CACHE_SIZE {
        // SAFETY: under the GIL; only strings are dropped.
        unsafe {
            let entry = &mut (*CACHE.0.get())[i];
            let old = entry.name;
            *entry = Entry { version: 0, name: core::ptr::null(), value: core::ptr::null() };
            if !old.is_null() {
                PyObject::decref(old as *const PyObject);
            }
        }
    }
}
