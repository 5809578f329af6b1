//! The memos: which objects a pickler has written, and which objects an unpickler can be asked for.

use core::cell::RefCell;
use std::collections::HashMap;

use hashbrown::HashTable;
use rpy_vm::gc::{Traverse, Visit};
use rpy_vm::{ObjRef, PyObject};

/// Spreads an address over the bits of a hash.
#[inline]
fn hash(address: usize) -> u64 {
    // Objects are 16 bytes apart at least; the multiplication carries the low bits to the top, which the table looks at.
    ((address >> 4) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

struct Entry {
    object: ObjRef,
    index: usize,
}

#[inline]
fn address(object: &PyObject) -> usize {
    object as *const PyObject as usize
}

/// Memo numbers of objects, by address. The objects are kept alive, so that no other object gets the address.
#[derive(Default)]
pub struct SavedObjects(HashTable<Entry>);

impl SavedObjects {
    /// Number of objects.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The number of an object.
    #[inline]
    pub fn get(&self, object: &PyObject) -> Option<usize> {
        let at = address(object);
        self.0.find(hash(at), |entry| address(&entry.object) == at).map(|entry| entry.index)
    }

    /// Gives an object a number.
    #[inline]
    pub fn set(&mut self, object: &PyObject, index: usize) {
        let at = address(object);
        match self.0.find_mut(hash(at), |entry| address(&entry.object) == at) {
            Some(entry) => entry.index = index,
            None => {
                let entry = Entry { object: object.new_ref(), index };
                self.0.insert_unique(hash(at), entry, |entry| hash(address(&entry.object)));
            }
        }
    }

    /// All objects with their numbers.
    pub fn items(&self) -> Vec<(ObjRef, usize)> {
        self.0.iter().map(|entry| (entry.object.clone(), entry.index)).collect()
    }

    /// Bytes in use.
    pub fn memory(&self) -> usize {
        self.0.allocation_size()
    }
}

impl Traverse for SavedObjects {
    fn traverse(&self, visit: &mut Visit<'_>) {
        for entry in &self.0 {
            visit.visit(&entry.object);
        }
    }
}

/// Loaded objects by number. Numbers run from 0 as a rule; far-off ones, which only strange pickles have, are kept apart.
#[derive(Default)]
pub struct LoadedObjects {
    dense: Vec<Option<ObjRef>>,
    sparse: HashMap<usize, ObjRef>,
    len: usize,
}

impl LoadedObjects {
    /// How many numbers are taken.
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// The object with a number.
    #[inline]
    pub fn get(&self, index: usize) -> Option<&ObjRef> {
        match self.dense.get(index) {
            Some(Some(object)) => Some(object),
            Some(None) | None => self.sparse.get(&index),
        }
    }

    /// Gives a number to an object; the one that had it is returned, to be dropped when the memo is not borrowed.
    #[inline]
    pub fn put(&mut self, index: usize, object: ObjRef) -> Option<ObjRef> {
        let old = if index == self.dense.len() && self.sparse.is_empty() {
            self.dense.push(Some(object));
            None
        } else {
            self.put_anywhere(index, object)
        };
        self.len += usize::from(old.is_none());
        old
    }

    fn put_anywhere(&mut self, index: usize, object: ObjRef) -> Option<ObjRef> {
        if index >= self.dense.len() {
            if index > 2 * self.dense.len() + 1024 {
                return self.sparse.insert(index, object);
            }
            self.dense.resize_with(index + 1, || None);
        }
        let apart = self.sparse.remove(&index);
        self.dense[index].replace(object).or(apart)
    }

    /// All objects with their numbers.
    pub fn items(&self) -> Vec<(usize, ObjRef)> {
        let dense = self.dense.iter().enumerate().filter_map(|(i, o)| o.clone().map(|o| (i, o)));
        dense.chain(self.sparse.iter().map(|(i, o)| (*i, o.clone()))).collect()
    }

    /// Bytes in use.
    pub fn memory(&self) -> usize {
        self.dense.capacity() * size_of::<Option<ObjRef>>()
    }
}

impl Traverse for LoadedObjects {
    fn traverse(&self, visit: &mut Visit<'_>) {
        self.dense.traverse(visit);
        for object in self.sparse.values() {
            visit.visit(object);
        }
    }
}

/// A memo in a pickler or unpickler. No Python code runs while it is borrowed.
#[derive(Default)]
pub struct Shared<T>(pub RefCell<T>);

impl<T: Default> Shared<T> {
    /// Replaces the memo; what was in it is dropped afterwards.
    pub fn replace(&self, memo: T) {
        drop(self.0.replace(memo));
    }
}

impl<T: Traverse + Default> Traverse for Shared<T> {
    fn traverse(&self, visit: &mut Visit<'_>) {
        self.0.traverse(visit);
    }
    fn clear(&self) {
        self.replace(T::default());
    }
}
