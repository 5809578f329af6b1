//! Dict watchers: callbacks for changes of chosen dicts.
//!
//! The low eight bits of a dict's watcher tag say which of the eight possible watchers want to know of it. The first bit marks the
//! dict of a type: such a dict can be got at (`gc.get_referents`, an `__eq__` that is asked about a `mappingproxy`), and whoever
//! changes it changes the type, whose attributes are cached as long as it has its version tag.

use core::cell::{Cell, UnsafeCell};
use core::ffi::c_int;

use super::PyDict;
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::{PyObject, PyStruct, PyTypeObject};
use crate::runtime::unraisable::write_unraisable;
use crate::types::type_::type_modified;

/// What is about to happen to a watched dict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum DictEvent {
    /// A key is added.
    Added = 0,
    /// A key's value is replaced.
    Modified = 1,
    /// A key is removed.
    Deleted = 2,
    /// The empty dict becomes a copy of another one (given as key).
    Cloned = 3,
    /// All keys are removed.
    Cleared = 4,
    /// The dict is destroyed.
    Deallocated = 5,
}

impl DictEvent {
    /// The name in C.
    fn name(self) -> &'static str {
        match self {
            DictEvent::Added => "PyDict_EVENT_ADDED",
            DictEvent::Modified => "PyDict_EVENT_MODIFIED",
            DictEvent::Deleted => "PyDict_EVENT_DELETED",
            DictEvent::Cloned => "PyDict_EVENT_CLONED",
            DictEvent::Cleared => "PyDict_EVENT_CLEARED",
            DictEvent::Deallocated => "PyDict_EVENT_DEALLOCATED",
        }
    }
}

/// `PyDict_WatchCallback`, called before the change: event, dict, key, new value. Not 0: an exception is set, which is reported as
/// unraisable.
pub type Watcher = unsafe extern "C-unwind" fn(DictEvent, *mut PyObject, *mut PyObject, *mut PyObject) -> c_int;

const MAX: usize = 8;

/// In the watcher tag: this is the dict of the type whose address is in the bits from [`TYPE_SHIFT`] up.
const OF_TYPE: u64 = 1;
const TYPE_SHIFT: u32 = 12;
/// The other bits of the tag.
const WATCHERS_AND_CHANGES: u64 = (1 << TYPE_SHIFT) - 1;

struct Watchers(UnsafeCell<[Option<Watcher>; MAX]>);
// SAFETY: only touched under the GIL.
unsafe impl Sync for Watchers {}
static WATCHERS: Watchers = Watchers(UnsafeCell::new([None; MAX]));

/// Registers a watcher and gives its number. The first two are the VM's own, the very first is taken by [`PyDict::set_type`].
///
/// # Errors
/// `RuntimeError` when all numbers are taken.
pub fn add_watcher(watcher: Watcher) -> PyResult<i32> {
    // SAFETY: only touched under the GIL; no reference outlives this function.
    let watchers = unsafe { &mut *WATCHERS.0.get() };
    for (id, place) in watchers.iter_mut().enumerate().skip(2) {
        if place.is_none() {
            *place = Some(watcher);
            return Ok(id as i32);
        }
    }
    Err(exc::runtime_error("no more dict watcher IDs available"))
}

/// Forgets a watcher.
///
/// # Errors
/// `ValueError` for numbers that are no watcher's; so for the two below.
pub fn clear_watcher(id: i32) -> PyResult<()> {
    let id = validate(id)?;
    // SAFETY: as above; `validate` checked the range.
    unsafe { (*WATCHERS.0.get())[id] = None };
    Ok(())
}

fn validate(id: i32) -> PyResult<usize> {
    // SAFETY: only touched under the GIL.
    let watchers = unsafe { &*WATCHERS.0.get() };
    let index = usize::try_from(id).unwrap_or(MAX);
    match watchers.get(index) {
        None => Err(exc::value_error(format!("Invalid dict watcher ID {id}"))),
        Some(None) => Err(exc::value_error(format!("No dict watcher set for ID {id}"))),
        Some(Some(_)) => Ok(index),
    }
}

impl PyDict {
    /// Has the watcher called for this dict's changes.
    pub fn watch(&self, id: i32) -> PyResult<()> {
        let id = validate(id)?;
        self.watcher_tag.set(self.watcher_tag.get() | (1 << id));
        Ok(())
    }

    /// Ends [`PyDict::watch`].
    pub fn unwatch(&self, id: i32) -> PyResult<()> {
        let id = validate(id)?;
        self.watcher_tag.set(self.watcher_tag.get() & !(1 << id));
        Ok(())
    }

    /// Makes this the dict of a type, which every change takes its version tag from.
    ///
    /// # Safety
    /// [`PyDict::unset_type`] comes before the end of the type.
    pub(crate) unsafe fn set_type(&self, ty: &PyTypeObject) {
        let address = core::ptr::from_ref(ty) as u64;
        assert!(address >> (64 - TYPE_SHIFT) == 0, "an address of more than 52 bits");
        let tag = self.watcher_tag.get() & WATCHERS_AND_CHANGES;
        self.watcher_tag.set(address << TYPE_SHIFT | tag | OF_TYPE);
    }

    /// Ends [`PyDict::set_type`].
    pub(crate) fn unset_type(&self) {
        self.watcher_tag.set(self.watcher_tag.get() & WATCHERS_AND_CHANGES & !OF_TYPE);
    }

    /// Does anybody watch this dict?
    #[inline(always)]
    pub fn is_watched(&self) -> bool {
        self.watcher_tag.get() & 0xff != 0
    }

    #[inline(always)]
    pub(super) fn notify(&self, event: DictEvent, key: Option<&PyObject>, value: Option<&PyObject>) {
        if self.is_watched() {
            self.notify_slow(event, key, value);
        }
    }

    #[cold]
    #[inline(never)]
    fn notify_slow(&self, event: DictEvent, key: Option<&PyObject>, value: Option<&PyObject>) {
        // Bits 8 to 11 count changes, so that whoever watches can give up on a dict that changes often.
        let tag: &Cell<u64> = &self.watcher_tag;
        if tag.get() & 0xf00 != 0xf00 {
            tag.set(tag.get() + 0x100);
        }
        for id in 1..MAX {
            if tag.get() & (1 << id) == 0 {
                continue;
            }
            // SAFETY: only touched under the GIL; the function pointer is copied out.
            let Some(watcher) = (unsafe { (*WATCHERS.0.get())[id] }) else { continue };
            let pointer = |object: Option<&PyObject>| object.map_or(core::ptr::null_mut(), PyObject::as_ptr);
            // SAFETY: a function of this type, as its owner promised; the arguments are live, the dict perhaps for the last time.
            let status = unsafe { watcher(event, self.as_object().as_ptr(), pointer(key), pointer(value)) };
            if status != 0
                && let Some(error) = PyErr::fetch()
            {
                // The dict itself stays out of it: it may be dying.
                let message = format!("Exception ignored in {} watcher callback for <dict at {self:p}>", event.name());
                write_unraisable(error, Some(&message), None);
            }
        }
        if tag.get() & OF_TYPE != 0 {
            // Last: a watcher may have looked the type up, and from here on nothing does before the change.
            // SAFETY: the type is alive, by the promise given with its address.
            type_modified(unsafe { &*((tag.get() >> TYPE_SHIFT) as usize as *const PyTypeObject) });
        }
    }

    /// Changes seen while watched, up to 15.
    pub fn watched_changes(&self) -> u32 {
        ((self.watcher_tag.get() >> 8) & 0xf) as u32
    }
}
