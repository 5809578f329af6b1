//! Set algebra: what the methods and operators are made of.
//!
//! Operands are walked by position, each step reading the table anew, because hashing and comparing may run code that changes
//! either set.

use super::search::{Asking, Search};
use super::{Entry, Found, PySet, SetBody, any_set, key_hash};
use crate::err::PyResult;
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct, Ref};
use crate::object::slots::CompareOp;
use crate::protocol;
use crate::types::dict::PyDict;

/// Calls `each` with every element of any iterable and its hash; sets and exact dicts are walked without an iterator.
pub(super) fn for_each(iterable: &PyObject, mut each: impl FnMut(&PyObject, isize) -> PyResult<bool>) -> PyResult<()> {
    if let Some(set) = any_set(iterable) {
        let mut at = 0;
        while let Some((key, hash)) = set.next_hashed(&mut at) {
            if !each(&key, hash)? {
                return Ok(());
            }
        }
        return Ok(());
    }
    if let Some(dict) = iterable.downcast_exact::<PyDict>() {
        let mut at = 0;
        while let Some((key, _, hash)) = dict.next_entry(&mut at) {
            if !each(&key, hash)? {
                return Ok(());
            }
        }
        return Ok(());
    }
    let iterator = protocol::object::get_iter(iterable)?;
    while let Some(key) = protocol::object::iter_next(&iterator)? {
        let hash = key_hash(&key)?;
        if !each(&key, hash)? {
            return Ok(());
        }
    }
    Ok(())
}

impl PySet {
    /// A new empty set of the plain type this one is of: what operators and methods make.
    pub(super) fn empty_like(&self) -> Ref<PySet> {
        PySet::new_exact_of(if self.is_frozen() { &super::PyFrozenSet_Type } else { &super::PySet_Type })
    }

    /// A copy of the plain type.
    pub(super) fn copy_plain<S: Search>(&self) -> Result<Ref<PySet>, S::Stop> {
        let copy = self.empty_like();
        copy.merge::<S>(self)?;
        Ok(copy)
    }

    /// Adds all elements of another set.
    pub(super) fn merge<S: Search>(&self, other: &PySet) -> Result<(), S::Stop> {
        let (body, theirs) = (&self.body, &other.body);
        if core::ptr::eq(self, other) || theirs.used.get() == 0 {
            return Ok(());
        }
        if (body.fill.get() + theirs.used.get()) * 5 >= body.mask.get() * 3 {
            body.resize((body.used.get() + theirs.used.get()) * 2).map_err(S::failed)?;
        }
        if body.fill.get() == 0 {
            // Nothing to compare with: the keys go where their hashes say, and no code runs.
            let (table, mask) = (body.table.get(), body.mask.get());
            let same_shape = mask == theirs.mask.get() && theirs.fill.get() == theirs.used.get();
            for i in 0..=theirs.mask.get() {
                let entry = theirs.entry(i);
                if !entry.is_live() {
                    continue;
                }
                // SAFETY: a live key, of which the new slot gets a reference of its own; the table has room.
                unsafe {
                    let key = Ref::from_borrowed_ptr(entry.key).into_raw();
                    let entry = Entry { key, hash: entry.hash };
                    if same_shape {
                        *table.add(i) = entry;
                    } else {
                        SetBody::insert_clean(table, mask, entry);
                    }
                }
            }
            body.fill.set(theirs.used.get());
            body.used.set(theirs.used.get());
            return Ok(());
        }
        let mut at = 0;
        while let Some((key, hash)) = other.next_hashed(&mut at) {
            body.add_by::<S>(key, hash)?;
        }
        Ok(())
    }

    /// `self |= iterable`.
    pub fn update_from(&self, iterable: &PyObject) -> PyResult<()> {
        if let Some(other) = any_set(iterable) {
            return self.merge::<Asking>(other);
        }
        if let Some(dict) = iterable.downcast_exact::<PyDict>() {
            let wanted = self.body.fill.get() + dict.len();
            if wanted * 5 >= self.body.mask.get() * 3 {
                self.body.resize((self.body.used.get() + dict.len()) * 2)?;
            }
        }
        for_each(iterable, |key, hash| {
            self.body.add_hashed(key, hash)?;
            Ok(true)
        })
    }

    /// A new set with the elements of both.
    pub(super) fn union_of<S: Search>(&self, other: &PySet) -> Result<Ref<PySet>, S::Stop> {
        let result = self.copy_plain::<S>()?;
        if !core::ptr::eq(self, other) {
            result.merge::<S>(other)?;
        }
        Ok(result)
    }

    /// A new set with the elements common to both.
    pub(super) fn intersection_with(&self, iterable: &PyObject) -> PyResult<Ref<PySet>> {
        if let Some(other) = any_set(iterable) {
            return self.common_with::<Asking>(other);
        }
        let result = self.empty_like();
        for_each(iterable, |key, hash| {
            if self.contains_hashed(key, hash)? {
                result.body.add_hashed(key, hash)?;
            }
            Ok(true)
        })?;
        Ok(result)
    }

    /// A new set with the elements common to both.
    pub(super) fn common_with<S: Search>(&self, other: &PySet) -> Result<Ref<PySet>, S::Stop> {
        if core::ptr::eq(self, other) {
            return self.copy_plain::<S>();
        }
        let result = self.empty_like();
        // Walk the smaller one.
        let (walked, asked) = if other.len() > self.len() { (self, other) } else { (other, self) };
        let mut at = 0;
        while let Some((key, hash)) = walked.next_hashed(&mut at) {
            if let Found::Key(_) = S::find(&asked.body, &key, hash)? {
                result.body.add_by::<S>(key, hash)?;
            }
        }
        Ok(result)
    }

    /// Exchanges the contents of two sets.
    pub(super) fn swap_bodies(&self, other: &PySet) {
        let (a, b) = (&self.body, &other.body);
        let (a_small, b_small) = (a.is_small(), b.is_small());
        a.fill.swap(&b.fill);
        a.used.swap(&b.used);
        a.mask.swap(&b.mask);
        a.table.swap(&b.table);
        a.smalltable.swap(&b.smalltable);
        if b_small {
            a.table.set(a.small());
        }
        if a_small {
            b.table.set(b.small());
        }
        a.hash.set(-1);
        b.hash.set(-1);
    }

    /// A new set with the elements that the other lacks.
    pub(super) fn difference_with(&self, iterable: &PyObject) -> PyResult<Ref<PySet>> {
        if let Some(other) = any_set(iterable) {
            return self.difference_of::<Asking>(other);
        }
        // Anything but a set or a dict is walked once.
        let dict = iterable.downcast_exact::<PyDict>().filter(|dict| self.len() >> 2 <= dict.len());
        let Some(dict) = dict else {
            let copy = self.copy_plain::<Asking>()?;
            copy.difference_update_with(iterable)?;
            return Ok(copy);
        };
        let result = self.empty_like();
        let mut at = 0;
        while let Some((key, hash)) = self.next_hashed(&mut at) {
            if dict.get_item_hash(&key, hash)?.is_none() {
                result.body.add_by::<Asking>(key, hash)?;
            }
        }
        Ok(result)
    }

    /// As [`PySet::difference_with`], of another set.
    pub(super) fn difference_of<S: Search>(&self, other: &PySet) -> Result<Ref<PySet>, S::Stop> {
        if self.len() >> 2 > other.len() {
            let copy = self.copy_plain::<S>()?;
            copy.remove_all::<S>(other)?;
            return Ok(copy);
        }
        let result = self.empty_like();
        let mut at = 0;
        while let Some((key, hash)) = self.next_hashed(&mut at) {
            if let Found::Empty(_) = S::find(&other.body, &key, hash)? {
                result.body.add_by::<S>(key, hash)?;
            }
        }
        Ok(result)
    }

    /// `self -= iterable`.
    pub(super) fn difference_update_with(&self, iterable: &PyObject) -> PyResult<()> {
        if let Some(other) = any_set(iterable) {
            return self.remove_all::<Asking>(other);
        }
        for_each(iterable, |key, hash| {
            drop(self.body.remove_hashed(key, hash)?);
            Ok(true)
        })?;
        self.tidy()
    }

    /// `self -= other`, of a set. What is removed is destroyed if nobody else has it.
    fn remove_all<S: Search>(&self, other: &PySet) -> Result<(), S::Stop> {
        if core::ptr::eq(self, other) {
            self.clear();
            return Ok(());
        }
        // Of a much larger set only the common part matters.
        let common;
        let mut other = other;
        if other.len() >> 3 > self.len() {
            common = other.common_with::<S>(self)?;
            other = &common;
        }
        let mut at = 0;
        while let Some((key, hash)) = other.next_hashed(&mut at) {
            if let Found::Key(slot) = S::find(&self.body, &key, hash)? {
                // SAFETY: nothing has run since the slot was found.
                drop(unsafe { self.body.kill(slot) });
            }
        }
        self.tidy().map_err(S::failed)
    }

    /// Rebuilds a table with many dead slots, which slow searches down.
    fn tidy(&self) -> PyResult<()> {
        let dead = self.body.fill.get() - self.body.used.get();
        if dead > self.body.mask.get() / 5 {
            self.body.resize(SetBody::growth(self.body.used.get()))?;
        }
        Ok(())
    }

    /// `self ^= iterable`.
    pub(super) fn symmetric_difference_update_with(&self, iterable: &PyObject) -> PyResult<()> {
        if self.as_object().is(iterable) {
            self.clear();
            return Ok(());
        }
        let toggle = |key: &PyObject, hash: isize| {
            if self.body.remove_hashed(key, hash)?.is_none() {
                self.body.add_hashed(key, hash)?;
            }
            Ok(true)
        };
        if any_set(iterable).is_some() || iterable.downcast_exact::<PyDict>().is_some() {
            return for_each(iterable, toggle);
        }
        // Repeated elements count once.
        let unique = PySet::from_iterable(iterable)?;
        for_each(unique.as_object(), toggle)
    }

    /// Have the two no element in common?
    pub(super) fn is_disjoint(&self, iterable: &PyObject) -> PyResult<bool> {
        if let Some(other) = any_set(iterable) {
            return self.is_apart_from::<Asking>(other);
        }
        let mut disjoint = true;
        for_each(iterable, |key, hash| {
            disjoint = !self.contains_hashed(key, hash)?;
            Ok(disjoint)
        })?;
        Ok(disjoint)
    }

    /// Have two sets no element in common?
    pub(super) fn is_apart_from<S: Search>(&self, other: &PySet) -> Result<bool, S::Stop> {
        if core::ptr::eq(self, other) {
            return Ok(self.is_empty());
        }
        let (walked, asked) = if other.len() > self.len() { (self, other) } else { (other, self) };
        let mut at = 0;
        while let Some(entry) = walked.body.next_entry(&mut at) {
            // SAFETY: a live key, which the search may outlive.
            if let Found::Key(_) = S::find(&asked.body, unsafe { &*entry.key }, entry.hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Are all elements in the other?
    pub(super) fn is_subset_of<S: Search>(&self, other: &PySet) -> Result<bool, S::Stop> {
        if self.len() > other.len() {
            return Ok(false);
        }
        let mut at = 0;
        while let Some(entry) = self.body.next_entry(&mut at) {
            // SAFETY: a live key, which the search may outlive.
            if let Found::Empty(_) = S::find(&other.body, unsafe { &*entry.key }, entry.hash)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The elements of either, but not of both.
    pub(super) fn symmetric_difference_of<S: Search>(&self, other: &PySet) -> Result<Ref<PySet>, S::Stop> {
        let result = self.empty_like();
        result.merge::<S>(other)?;
        let mut at = 0;
        while let Some((key, hash)) = self.next_hashed(&mut at) {
            match S::find(&result.body, &key, hash)? {
                // SAFETY: nothing has run since the slot was found.
                Found::Key(slot) => drop(unsafe { result.body.kill(slot) }),
                // SAFETY: as above.
                Found::Empty(slot) => unsafe { result.body.fill_slot(slot, key, hash).map_err(S::failed)? },
            }
        }
        Ok(result)
    }

    /// `self <op> other`.
    pub(super) fn compare<S: Search>(&self, other: &PySet, op: CompareOp) -> Result<bool, S::Stop> {
        let hashes_differ = || {
            let (a, b) = (self.body.hash.get(), other.body.hash.get());
            a != -1 && b != -1 && a != b
        };
        match op {
            CompareOp::Eq => Ok(self.len() == other.len() && !hashes_differ() && self.is_subset_of::<S>(other)?),
            CompareOp::Ne => Ok(!self.compare::<S>(other, CompareOp::Eq)?),
            CompareOp::Le => self.is_subset_of::<S>(other),
            CompareOp::Ge => other.is_subset_of::<S>(self),
            CompareOp::Lt => Ok(self.len() < other.len() && self.is_subset_of::<S>(other)?),
            CompareOp::Gt => Ok(self.len() > other.len() && other.is_subset_of::<S>(self)?),
        }
    }

    /// The hash of a frozenset: independent of the order of its elements. Cached.
    pub(super) fn frozen_hash(&self) -> isize {
        let cached = self.body.hash.get();
        if cached != -1 {
            return cached;
        }
        let mut hash = 0_u64;
        let mut at = 0;
        while let Some(entry) = self.body.next_entry(&mut at) {
            // Spreads nearby hashes, so that nested small frozensets do not cancel out.
            let h = entry.hash as u64;
            hash ^= ((h ^ 89_869_747) ^ (h << 16)).wrapping_mul(3_644_798_167);
        }
        hash ^= (self.len() as u64 + 1).wrapping_mul(1_927_868_237);
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
        let hash = if hash == u64::MAX { 590_923_713 } else { hash as isize };
        self.body.hash.set(hash);
        hash
    }

    /// Runs `search` with a key; if the key is an unhashable set, with a frozenset of its elements.
    pub(super) fn with_set_as_key<T>(
        &self,
        key: &PyObject,
        search: impl Fn(&PyObject, isize) -> PyResult<T>,
    ) -> PyResult<T> {
        match key_hash(key) {
            Ok(hash) => search(key, hash),
            Err(e) if is_plain_set(key) => {
                if !e.matches(exc::TypeError()) {
                    return Err(e);
                }
                let frozen = super::PyFrozenSet::from_iterable(key)?;
                let hash = frozen.as_set().frozen_hash();
                search(frozen.as_object(), hash)
            }
            Err(e) => Err(e),
        }
    }

    /// The elements as a list, for pickling and repr.
    pub(super) fn elements(&self) -> Ref<crate::types::list::PyList> {
        crate::types::list::PyList::new(self.to_vec())
    }
}

/// A `set` or an instance of a subtype.
fn is_plain_set(object: &PyObject) -> bool {
    <PySet as crate::object::refs::PyClass>::check(object)
}

/// Both operands of a binary operator as sets.
pub(super) fn both<'a>(a: &'a PyObject, b: &'a PyObject) -> Option<(&'a PySet, &'a PySet)> {
    Some((any_set(a)?, any_set(b)?))
}

/// A finished set as an object.
pub(super) fn object(set: Ref<PySet>) -> PyResult<ObjRef> {
    Ok(set.into_obj())
}
