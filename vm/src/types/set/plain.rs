//! Sets whose work runs no Python code, because the keys that have to be compared do not (`is_key`): for compiled code, which may call
//! nothing that looks at frames.

use super::{Entry, Found, LINEAR_PROBES, PERTURB_SHIFT, PySet, SetBody, key_hash};
use crate::object::header::PyObject;
use crate::object::refs::ObjRef;
use crate::object::slots::CompareOp;
use crate::protocol::object::rich_compare_bool;
use crate::types::dict::lookup::{is_key, is_plain};

impl SetBody {
    /// As `find`; `None` where a key has to be compared that runs Python code for it.
    fn find_plain(&self, key: &PyObject, hash: isize) -> Option<Found> {
        let (table, mask) = (self.table.get(), self.mask.get());
        let mut perturb = hash as usize;
        let mut index = hash as usize & mask;
        loop {
            let probes = if index + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            for probe in 0..=probes {
                // SAFETY: index + probes <= mask, and nothing that runs here changes the table.
                let slot = unsafe { table.add(index + probe) };
                // SAFETY: as above.
                let entry = unsafe { *slot };
                if entry.key.is_null() {
                    return Some(Found::Empty(slot));
                }
                if entry.hash != hash {
                    continue;
                }
                // SAFETY: dead slots have hash -1, which no key has: this one holds a live key.
                let present = unsafe { &*entry.key };
                if present.is(key) {
                    return Some(Found::Key(slot));
                }
                if !is_key(present) {
                    return None;
                }
                if rich_compare_bool(present, key, CompareOp::Eq).ok()? {
                    return Some(Found::Key(slot));
                }
            }
            perturb >>= PERTURB_SHIFT;
            index = (index.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb)) & mask;
        }
    }

    /// Looks for a key, if that needs no Python code.
    fn search_plain(&self, key: &PyObject) -> Option<(Found, isize)> {
        if !is_key(key) {
            return None;
        }
        let hash = key_hash(key).ok()?;
        Some((self.find_plain(key, hash)?, hash))
    }
}

impl PySet {
    /// Where compiled code finds the number of elements, in bytes from the start.
    pub const USED_OFFSET: usize = core::mem::offset_of!(PySet, body) + core::mem::offset_of!(SetBody, used);

    /// Is `key` an element? `None` where that takes Python code to find out.
    pub fn contains_plain(&self, key: &PyObject) -> Option<bool> {
        let (found, _) = self.body.search_plain(key)?;
        Some(matches!(found, Found::Key(_)))
    }

    /// Adds an element. `None`, and nothing done, where that takes Python code, or memory that there is not.
    pub fn add_plain(&self, key: &PyObject) -> Option<()> {
        let (found, hash) = self.body.search_plain(key)?;
        let Found::Empty(slot) = found else { return Some(()) };
        let (fill, used) = (self.body.fill.get() + 1, self.body.used.get() + 1);
        if fill * 5 >= self.body.mask.get() * 3 {
            // The table has to grow: the general way does it.
            return self.body.add_hashed(key, hash).ok().map(|_| ());
        }
        // SAFETY: nothing has run since the slot was found.
        unsafe { *slot = Entry { key: key.new_ref().into_raw(), hash } };
        self.body.fill.set(fill);
        self.body.used.set(used);
        Some(())
    }

    /// Takes a plain element out; the inner `None` if there is none that is equal. The outer `None` where that takes Python code to find
    /// out, or the element is not plain.
    pub fn take_plain(&self, key: &PyObject) -> Option<Option<ObjRef>> {
        match self.body.search_plain(key)?.0 {
            Found::Empty(_) => Some(None),
            // SAFETY: the slot holds a live key, and nothing has run since it was found.
            Found::Key(slot) if is_plain(unsafe { &*(*slot).key }) => Some(Some(unsafe { self.body.kill(slot) })),
            Found::Key(_) => None,
        }
    }

    /// Are all elements plain (see `is_plain`)? Then comparing them runs no Python code.
    pub fn is_all_plain(&self) -> bool {
        let mut at = 0;
        while let Some(entry) = self.body.next_entry(&mut at) {
            // SAFETY: a live key.
            if !is_plain(unsafe { &*entry.key }) {
                return false;
            }
        }
        true
    }
}
