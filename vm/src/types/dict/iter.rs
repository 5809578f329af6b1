//! Iterators over dicts: keys, values, items, forwards and backwards.
//!
//! All six share one state. An iterator ends with `RuntimeError` when the dict's size is not what it was at the start, or when the walk passes
//! more items than that.

use core::cell::Cell;

use super::PyDict;
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, Ref, alloc};
use crate::protocol::object as protocol;
use crate::runtime::gc::{Traverse, Visit};
use crate::types::list::{PyList, builtin};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// Where an iterator stands.
#[repr(C)]
pub struct Walk {
    /// The dict (or subclass instance); empty when exhausted.
    pub(crate) dict: OptRef<PyDict>,
    /// The dict's size at the start; -1 once a change was reported.
    used: Cell<isize>,
    /// Position of the next entry (forwards), or one more than it (backwards).
    position: Cell<usize>,
    /// Items still to come.
    left: Cell<usize>,
}

impl Traverse for Walk {
    fn traverse(&self, visit: &mut Visit<'_>) {
        self.dict.traverse(visit);
    }
}

impl Walk {
    fn forwards(dict: &PyDict) -> Walk {
        Walk {
            dict: OptRef::some(dict.to_ref()),
            used: Cell::new(dict.ma_used.get()),
            position: Cell::new(0),
            left: Cell::new(dict.len()),
        }
    }

    fn backwards(dict: &PyDict) -> Walk {
        // SAFETY: no code runs.
        let end = unsafe { dict.table() }.nentries.get();
        let walk = Walk::forwards(dict);
        walk.position.set(end);
        walk
    }

    #[cold]
    fn size_changed(&self) -> crate::PyErr {
        // The state sticks: every later call reports it again.
        self.used.set(-1);
        exc::runtime_error("dictionary changed size during iteration")
    }

    #[cold]
    fn keys_changed(&self) -> crate::PyErr {
        self.dict.take();
        exc::runtime_error("dictionary keys changed during iteration")
    }

    /// The next entry, made into whatever is wanted of it.
    #[inline(always)]
    fn next<T>(&self, make: impl FnOnce(&PyObject, &PyObject) -> T) -> PyResult<Option<T>> {
        let Some(dict) = self.dict.peek() else { return Ok(None) };
        if dict.ma_used.get() != self.used.get() {
            return Err(self.size_changed());
        }
        // SAFETY: no code runs before the entry is turned into new references.
        let keys = unsafe { dict.table() };
        let entries = keys.entries();
        let mut at = self.position.get().max(keys.first.get());
        while let Some(entry) = entries.get(at) {
            at += 1;
            if !entry.key.is_null() {
                let left = self.left.get();
                if left == 0 {
                    // More items than at the start: some were removed and others added.
                    return Err(self.keys_changed());
                }
                self.position.set(at);
                self.left.set(left - 1);
                // SAFETY: a living entry.
                return Ok(Some(unsafe { make(&*entry.key, &*entry.value) }));
            }
        }
        self.dict.take();
        Ok(None)
    }

    fn next_back<T>(&self, make: impl FnOnce(&PyObject, &PyObject) -> T) -> PyResult<Option<T>> {
        let Some(dict) = self.dict.peek() else { return Ok(None) };
        if dict.ma_used.get() != self.used.get() {
            return Err(self.size_changed());
        }
        // SAFETY: no code runs before the entry is turned into new references.
        let entries = unsafe { dict.table() }.entries();
        let mut at = self.position.get();
        if at > entries.len() {
            // The dict was emptied and filled again.
            at = 0;
        }
        while at > 0 {
            at -= 1;
            let entry = &entries[at];
            if !entry.key.is_null() {
                self.position.set(at);
                self.left.set(self.left.get().saturating_sub(1));
                // SAFETY: a living entry.
                return Ok(Some(unsafe { make(&*entry.key, &*entry.value) }));
            }
        }
        self.dict.take();
        Ok(None)
    }

    fn hint(&self) -> usize {
        match self.dict.peek() {
            Some(dict) if dict.ma_used.get() == self.used.get() => self.left.get(),
            _ => 0,
        }
    }

    /// An iterator at the same place.
    fn duplicate(&self) -> Walk {
        Walk {
            dict: OptRef::new(self.dict.get()),
            used: self.used.clone(),
            position: self.position.clone(),
            left: self.left.clone(),
        }
    }

    /// `(iter, ([what is left],))`.
    fn reduce(copy: ObjRef) -> PyResult {
        let list = PyList::empty();
        while let Some(item) = protocol::iter_next(&copy)? {
            list.append(item)?;
        }
        let args = PyTuple::from_array([list.into_obj()]);
        Ok(PyTuple::from_array([builtin(intern!("iter"))?, args.into_obj()]).into_obj())
    }
}

fn new_key(key: &PyObject, _value: &PyObject) -> ObjRef {
    key.new_ref()
}
fn new_value(_key: &PyObject, value: &PyObject) -> ObjRef {
    value.new_ref()
}
fn new_item(key: &PyObject, value: &PyObject) -> (ObjRef, ObjRef) {
    (key.new_ref(), value.new_ref())
}

macro_rules! dict_iterator {
    ($(#[$meta:meta])* $ty:ident, $name:tt, $symbol:tt, $start:ident, $next:ident, $make:ident, $wrap:expr) => {
        $(#[$meta])*
        #[pyclass(name = $name, symbol = $symbol, no_new, gc)]
        #[repr(C)]
        pub struct $ty {
            pub(crate) ob_base: PyObject,
            pub(crate) walk: Walk,
        }

        impl $ty {
            /// A new iterator.
            pub fn new(dict: &PyDict) -> Ref<$ty> {
                alloc::new_exact($ty { ob_base: PyObject::placeholder(), walk: Walk::$start(dict) })
            }

            /// The next object, for the eval loop.
            #[inline]
            pub fn next_item(&self) -> PyResult<Option<ObjRef>> {
                Ok(self.walk.$next($make)?.map($wrap))
            }

            /// Items still to come, if the dict stays as it is; none from a dict whose size has changed.
            pub fn left(&self) -> usize {
                self.walk.hint()
            }
        }

        #[pymethods]
        impl $ty {
            #[slot]
            fn tp_iter(&self) -> ObjRef {
                self.to_obj()
            }

            #[slot]
            fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
                self.next_item()
            }

            /// Private method returning an estimate of len(list(it)).
            #[pymethod(name = "__length_hint__")]
            fn length_hint(&self) -> usize {
                self.left()
            }

            /// Return state information for pickling.
            #[pymethod(name = "__reduce__")]
            fn reduce(&self) -> PyResult {
                let copy = alloc::new_exact($ty { ob_base: PyObject::placeholder(), walk: self.walk.duplicate() });
                Walk::reduce(copy.into_obj())
            }
        }
    };
}

fn pair(item: (ObjRef, ObjRef)) -> ObjRef {
    PyTuple::from_array([item.0, item.1]).into_obj()
}
fn same(object: ObjRef) -> ObjRef {
    object
}

dict_iterator!(
    /// Iterator over a dict's keys.
    PyDictKeyIterator, "dict_keyiterator", "PyDictIterKey_Type", forwards, next, new_key, same
);
dict_iterator!(
    /// Iterator over a dict's values.
    PyDictValueIterator, "dict_valueiterator", "PyDictIterValue_Type", forwards, next, new_value, same
);
dict_iterator!(
    /// Iterator over a dict's items.
    PyDictItemIterator, "dict_itemiterator", "PyDictIterItem_Type", forwards, next, new_item, pair
);
dict_iterator!(
    /// Iterator over a dict's keys, last one first.
    PyDictReverseKeyIterator, "dict_reversekeyiterator", "PyDictRevIterKey_Type", backwards, next_back, new_key, same
);
dict_iterator!(
    /// Iterator over a dict's values, last one first.
    PyDictReverseValueIterator, "dict_reversevalueiterator", "PyDictRevIterValue_Type", backwards, next_back, new_value, same
);
dict_iterator!(
    /// Iterator over a dict's items, last one first.
    PyDictReverseItemIterator, "dict_reverseitemiterator", "PyDictRevIterItem_Type", backwards, next_back, new_item, pair
);

impl PyDictItemIterator {
    /// The next key and value as they are, for loops that unpack them at once.
    #[inline]
    pub fn next_pair(&self) -> PyResult<Option<(ObjRef, ObjRef)>> {
        self.walk.next(new_item)
    }
}
