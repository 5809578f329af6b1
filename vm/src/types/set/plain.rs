//! Sets whose work runs no Python code, because the keys that have to be compared do not (`is_key`): for compiled code, which may call
//! nothing that looks at frames.

use super::search::{Plain, Search};
use super::{Found, PySet, SetBody};
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, Ref};
use crate::object::slots::CompareOp;
use crate::types::dict::lookup::{is_plain, plain_hash};

impl SetBody {
    /// Looks for a key, if that needs no Python code.
    fn search_plain(&self, key: &PyObject) -> Option<(Found, isize)> {
        let hash = plain_hash(key)?;
        Some((Plain::find(self, key, hash).ok()?, hash))
    }
}

/// An operator of two sets that makes a new one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetOperator {
    Union,
    Intersection,
    Difference,
    SymmetricDifference,
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
        match found {
            Found::Key(_) => Some(()),
            // SAFETY: the slot was just found.
            Found::Empty(slot) => unsafe { self.body.fill_slot(slot, key.new_ref(), hash) }.ok(),
        }
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

    /// `self <op> other`. `None` where that takes Python code.
    pub fn compare_plain(&self, other: &PySet, op: CompareOp) -> Option<bool> {
        self.compare::<Plain>(other, op).ok()
    }

    /// Have two sets no element in common? `None` where that takes Python code to find out.
    pub fn is_disjoint_plain(&self, other: &PySet) -> Option<bool> {
        self.is_apart_from::<Plain>(other).ok()
    }

    /// `self <op> other`, of the plain type that `self` is of. `None` where that takes Python code, or memory that there is not.
    pub fn combine_plain(&self, op: SetOperator, other: &PySet) -> Option<Ref<PySet>> {
        match op {
            SetOperator::Union => self.union_of::<Plain>(other),
            SetOperator::Intersection => self.common_with::<Plain>(other),
            SetOperator::Difference => self.difference_of::<Plain>(other),
            SetOperator::SymmetricDifference => self.symmetric_difference_of::<Plain>(other),
        }
        .ok()
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
