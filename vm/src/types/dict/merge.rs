//! Filling dicts from mappings, pairs and keyword arguments.

use super::{DictKeys, PyDict, PyDict_Type, empty_keys, log2_for_entries};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, PyTypeObject};
use crate::protocol::{call, object as protocol};
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// What to do with keys that are there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// The old value stays.
    Keep,
    /// The new value wins.
    Override,
    /// `KeyError` (duplicate keyword arguments).
    Unique,
}

impl From<bool> for Merge {
    fn from(replace: bool) -> Merge {
        if replace { Merge::Override } else { Merge::Keep }
    }
}

impl PyDict {
    /// `dict.update(other)`: a mapping (anything with `keys`), or an iterable of pairs.
    pub fn update(&self, other: &PyObject) -> PyResult<()> {
        if PyDict::check_exact(other) || protocol::getattr_opt(other, intern!("keys"))?.is_some() {
            self.merge(other, Merge::Override)
        } else {
            self.update_from_pairs(other, true)
        }
    }

    /// Adds all items of a mapping.
    pub fn merge(&self, other: &PyObject, mode: impl Into<Merge>) -> PyResult<()> {
        let mode = mode.into();
        match other.downcast_ref::<PyDict>() {
            Some(dict)
                if other.ty().tp_iter.get().map(|f| f as usize) == PyDict_Type.tp_iter.get().map(|f| f as usize) =>
            {
                self.merge_dict(dict, mode)
            }
            _ => self.merge_mapping(other, mode),
        }
    }

    fn merge_dict(&self, other: &PyDict, mut mode: Merge) -> PyResult<()> {
        if self.as_object().is(other.as_object()) || other.is_empty() {
            return Ok(());
        }
        if self.is_empty() {
            mode = Merge::Override;
            if !self.is_watched() && self.ma_keys.get() == empty_keys() {
                // SAFETY: copying pointers and counting references up runs no code.
                let keys = unsafe { other.table() }.duplicate(other.len())?;
                // SAFETY: the table that is replaced is the shared empty one.
                unsafe { DictKeys::free(self.ma_keys.replace(keys)) };
                self.ma_used.set(other.ma_used.get());
                return Ok(());
            }
        }
        // SAFETY: no code runs.
        if unsafe { self.table() }.usable.get() < other.len() {
            self.rebuild(log2_for_entries(self.len() + other.len()))?;
        }
        let mut position = 0;
        let count = other.len();
        while let Some((key, value, hash)) = other.next_entry(&mut position) {
            self.merge_item(&key, hash, value, mode)?;
            if other.len() != count {
                return Err(exc::runtime_error("dict mutated during update"));
            }
        }
        Ok(())
    }

    fn merge_item(&self, key: &PyObject, hash: isize, value: ObjRef, mode: Merge) -> PyResult<()> {
        match mode {
            Merge::Override => self.set_item_hash(key, hash, value),
            Merge::Keep => self.setdefault_hash(key, hash, &value).map(drop),
            Merge::Unique => match self.setdefault_hash(key, hash, &value)? {
                (_, true) => Err(exc::key_error(key)),
                _ => Ok(()),
            },
        }
    }

    fn merge_mapping(&self, other: &PyObject, mode: Merge) -> PyResult<()> {
        let keys = call::call_method(other, intern!("keys"), &[])?;
        let iter = protocol::get_iter(&keys)?;
        while let Some(key) = protocol::iter_next(&iter)? {
            if mode != Merge::Override && self.contains(&key)? {
                if mode == Merge::Unique {
                    return Err(exc::key_error(&key));
                }
                continue;
            }
            let value = protocol::get_item(other, &key)?;
            self.set_item(&key, &value)?;
        }
        Ok(())
    }

    /// Adds items from an iterable of pairs.
    pub fn update_from_pairs(&self, pairs: &PyObject, replace: bool) -> PyResult<()> {
        let iter = protocol::get_iter(pairs)?;
        let mut index = 0usize;
        while let Some(item) = protocol::iter_next(&iter)? {
            let pair = match item.downcast_exact::<PyTuple>() {
                Some(tuple) => tuple.to_ref(),
                None => pair_from(&item).map_err(|e| explain_pair(e, index))?,
            };
            let [key, value] = pair.items() else {
                return Err(exc::value_error(format!(
                    "dictionary update sequence element #{index} has length {}; 2 is required",
                    pair.len()
                )));
            };
            if replace {
                self.set_item(key, value)?;
            } else {
                self.setdefault(key, value)?;
            }
            index += 1;
        }
        Ok(())
    }

    /// What `dict(...)`, `dict.__init__` and `update` do with their arguments.
    pub(super) fn update_from_args(&self, name: &str, args: &[&PyObject], kwargs: Option<&PyDict>) -> PyResult<()> {
        match args {
            [] => {}
            [other] => self.update(other)?,
            _ => return Err(exc::type_error(format!("{name} expected at most 1 argument, got {}", args.len()))),
        }
        if let Some(kwargs) = kwargs {
            if !kwargs.has_only_str_keys() {
                return Err(exc::type_error("keywords must be strings"));
            }
            self.merge(kwargs.as_object(), Merge::Override)?;
        }
        Ok(())
    }

    /// `dict.__init__`, for subtypes written in Rust.
    pub fn init(&self, args: &[&PyObject], kwargs: Option<&PyDict>) -> PyResult<()> {
        self.update_from_args("dict", args, kwargs)
    }

    /// `dict.fromkeys` for a class.
    pub(super) fn from_keys(cls: &PyTypeObject, iterable: &PyObject, value: &PyObject) -> PyResult {
        let object = call::call_noargs(cls.as_object())?;
        let Some(dict) = object.downcast_exact::<PyDict>() else {
            let iter = protocol::get_iter(iterable)?;
            while let Some(key) = protocol::iter_next(&iter)? {
                protocol::set_item(&object, &key, value)?;
            }
            return Ok(object);
        };
        if let Some(other) = iterable.downcast_exact::<PyDict>() {
            dict.reserve(other.len())?;
            let mut position = 0;
            while let Some((key, _, hash)) = other.next_entry(&mut position) {
                dict.set_item_hash(&key, hash, value.new_ref())?;
            }
        } else if let Some(set) = crate::types::set::any_set_exact(iterable) {
            dict.reserve(set.len())?;
            let mut position = 0;
            while let Some((key, hash)) = set.next_hashed(&mut position) {
                dict.set_item_hash(&key, hash, value.new_ref())?;
            }
        } else {
            let iter = protocol::get_iter(iterable)?;
            while let Some(key) = protocol::iter_next(&iter)? {
                dict.set_item(&key, value)?;
            }
        }
        Ok(object)
    }
}

fn pair_from(item: &PyObject) -> PyResult<crate::Ref<PyTuple>> {
    if let Some(list) = item.downcast_ref::<PyList>() {
        return list.to_tuple();
    }
    match protocol::get_iter(item) {
        Ok(iter) => PyTuple::from_iterable(&iter),
        Err(e) if e.matches(exc::TypeError()) => Err(exc::type_error("object is not iterable")),
        Err(e) => Err(e),
    }
}

/// Adds a note that says which element was wrong.
#[cold]
fn explain_pair(error: PyErr, index: usize) -> PyErr {
    if !error.matches(exc::TypeError()) {
        return error;
    }
    let note = PyStr::from_string(format!("Cannot convert dictionary update sequence element #{index} to a sequence"));
    match call::call_method(error.object(), intern!("add_note"), &[note.as_object()]) {
        Ok(_) => error,
        Err(e) => e,
    }
}
