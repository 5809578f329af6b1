//! Dict watchers: callbacks for changes of chosen dicts.
//!
//! The low eight bits of a dict's watcher tag say which of the eight possible watchers want to know of it. The JIT watches the
//! dicts of modules and types whose contents its traces assume; extensions may watch dicts through the C API.

use core::cell::{Cell, UnsafeCell};

use super::PyDict;
use crate::err::PyResult;
use crate::exc;
use crate::object::{PyObject, PyStruct};

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

/// Called before the change: event, dict, key, new value. An error is reported as unraisable.
pub type Watcher = fn(DictEvent, &PyDict, Option<&PyObject>, Option<&PyObject>) -> PyResult<()>;

const MAX: usize = 8;

struct Watchers(UnsafeCell<[Option<Watcher>; MAX]>);
// SAFETY: only touched under the GIL.
unsafe impl Sync for Watchers {}
static WATCHERS: Watchers = Watchers(UnsafeCell::new([None; MAX]));

/// Registers a watcher and gives its number. The first two are the VM's own.
///
/// # Errors
/// `RuntimeError` when all numbers are taken.
pub fn add_watcher(watcher: Watcher, internal: bool) -> PyResult<usize> {
    // SAFETY: only touched under the GIL; no reference outlives this function.
    let watchers = unsafe { &mut *WATCHERS.0.get() };
    let range = if internal { 0..2 } else { 2..MAX };
    for id in range {
        if watchers[id].is_none() {
            watchers[id] = Some(watcher);
            return Ok(id);
        }
    }
    Err(exc::runtime_error("no more dict watcher IDs available"))
}

/// Forgets a watcher.
pub fn clear_watcher(id: usize) -> PyResult<()> {
    validate(id)?;
    // SAFETY: as above; `validate` checked the range.
    unsafe { (*WATCHERS.0.get())[id] = None };
    Ok(())
}

fn validate(id: usize) -> PyResult<()> {
    // SAFETY: only touched under the GIL.
    let watchers = unsafe { &*WATCHERS.0.get() };
    match watchers.get(id) {
        None => Err(exc::value_error(format!("Invalid dict watcher ID {id}"))),
        Some(None) => Err(exc::value_error(format!("No dict watcher set for ID {id}"))),
        Some(Some(_)) => Ok(()),
    }
}

impl PyDict {
    /// Has the watcher called for this dict's changes.
    pub fn watch(&self, id: usize) -> PyResult<()> {
        validate(id)?;
        self.watcher_tag.set(self.watcher_tag.get() | (1 << id));
        Ok(())
    }

    /// Ends [`PyDict::watch`].
    pub fn unwatch(&self, id: usize) -> PyResult<()> {
        validate(id)?;
        self.watcher_tag.set(self.watcher_tag.get() & !(1 << id));
        Ok(())
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
        for id in 0..MAX {
            if tag.get() & (1 << id) == 0 {
                continue;
            }
            // SAFETY: only touched under the GIL; the function pointer is copied out.
            if let Some(watcher) = unsafe { (*WATCHERS.0.get())[id] }
                && let Err(e) = watcher(event, self, key, value)
            {
                e.write_unraisable(Some(self.as_object()));
            }
        }
    }

    /// Changes seen while watched, up to 15.
    pub fn watched_changes(&self) -> u32 {
        ((self.watcher_tag.get() >> 8) & 0xf) as u32
    }
}
