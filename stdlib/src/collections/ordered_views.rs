//! Views and iterators of `OrderedDict`.

use core::cell::Cell;

use super::ordered_dict::PyOrderedDict;
use rpy_vm::object::{OptRef, PyStruct, Ref, alloc};
use rpy_vm::types::dict::{PyDictItems, PyDictKeys, PyDictValues};
use rpy_vm::types::list::{PyList, builtin};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, exc, intern, pyclass, pymethods};

/// What an iterator gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum OrderedIterKind {
    Keys,
    Values,
    Items,
}

/// Iterator over an ordered dict. Any change of its keys or their order ends it with an error.
#[pyclass(name = "odict_iterator", symbol = "PyODictIter_Type", no_new, gc)]
#[repr(C)]
pub struct PyOrderedDictIterator {
    pub ob_base: PyObject,
    /// The dict; empty when exhausted.
    dict: OptRef<PyOrderedDict>,
    #[pytraverse(skip)]
    kind: OrderedIterKind,
    #[pytraverse(skip)]
    reversed: bool,
    /// The keys' version at the start.
    #[pytraverse(skip)]
    version: u32,
    /// Position of the next entry (forwards), or one more than it (backwards).
    #[pytraverse(skip)]
    position: Cell<usize>,
    /// Items still to come.
    #[pytraverse(skip)]
    left: Cell<usize>,
}

impl PyOrderedDictIterator {
    pub fn start(dict: &PyOrderedDict, kind: OrderedIterKind, reversed: bool) -> Ref<PyOrderedDictIterator> {
        alloc::new_exact(PyOrderedDictIterator {
            ob_base: PyObject::placeholder(),
            dict: OptRef::some(dict.to_ref()),
            kind,
            reversed,
            version: dict.as_dict().keys_version(),
            position: Cell::new(if reversed { dict.as_dict().end_position() } else { 0 }),
            left: Cell::new(dict.as_dict().len()),
        })
    }

    fn next_key(&self, dict: &PyOrderedDict) -> Option<(ObjRef, ObjRef)> {
        let mut position = self.position.get();
        let found = if self.reversed {
            dict.as_dict().previous_entry(&mut position)
        } else {
            dict.as_dict().next_entry(&mut position)
        };
        self.position.set(position);
        found.map(|(key, value, _)| (key, value))
    }
}

#[pymethods]
impl PyOrderedDictIterator {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let Some(dict) = self.dict.get() else { return Ok(None) };
        if dict.as_dict().known_keys_version() != self.version {
            return Err(exc::runtime_error("OrderedDict mutated during iteration"));
        }
        let Some((key, value)) = self.next_key(&dict) else {
            self.dict.take();
            return Ok(None);
        };
        self.left.set(self.left.get().saturating_sub(1));
        if self.kind == OrderedIterKind::Keys {
            return Ok(Some(key));
        }
        Ok(Some(match self.kind {
            OrderedIterKind::Items => PyTuple::from_array([key, value]).into_obj(),
            _ => value,
        }))
    }

    /// Return state information for pickling
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let list = PyList::empty();
        if let Some(dict) = self.dict.get() {
            let copy = PyOrderedDictIterator::start(&dict, self.kind, self.reversed);
            copy.position.set(self.position.get());
            while let Some(item) = copy.tp_iternext()? {
                list.append(item)?;
            }
        }
        let args = PyTuple::from_array([list.into_obj()]);
        Ok(PyTuple::from_array([builtin(intern!("iter"))?, args.into_obj()]).into_obj())
    }

    /// Private method returning an estimate of len(list(it)).
    #[pymethod(name = "__length_hint__")]
    fn length_hint(&self) -> usize {
        self.left.get()
    }
}

macro_rules! view {
    ($(#[$meta:meta])* $ty:ident, $name:tt, $symbol:tt, $base:ident, $kind:ident) => {
        $(#[$meta])*
        #[pyclass(name = $name, symbol = $symbol, base = $base, no_new, gc)]
        #[repr(C)]
        pub struct $ty {
            pub ob_base: $base,
        }

        impl $ty {
            pub fn of(dict: &PyOrderedDict) -> Ref<$ty> {
                alloc::new_exact($ty { ob_base: $base::with_dict(dict.as_dict().to_ref()) })
            }

            fn ordered(&self) -> PyResult<Ref<PyOrderedDict>> {
                match self.ob_base.mapping_ref().to_obj().downcast::<PyOrderedDict>() {
                    Ok(dict) => Ok(dict),
                    Err(_) => Err(exc::system_error("ordered view of a plain dict")),
                }
            }
        }

        #[pymethods]
        impl $ty {
            #[slot]
            fn tp_iter(&self) -> PyResult {
                Ok(PyOrderedDictIterator::start(&*self.ordered()?, OrderedIterKind::$kind, false).into_obj())
            }

            #[pymethod(name = "__reversed__")]
            fn reversed(&self) -> PyResult {
                Ok(PyOrderedDictIterator::start(&*self.ordered()?, OrderedIterKind::$kind, true).into_obj())
            }
        }
    };
}

view!(
    /// A view of an ordered dict's keys.
    PyOrderedKeys, "odict_keys", "PyODictKeys_Type", PyDictKeys, Keys
);
view!(
    /// A view of an ordered dict's values.
    PyOrderedValues, "odict_values", "PyODictValues_Type", PyDictValues, Values
);
view!(
    /// A view of an ordered dict's items.
    PyOrderedItems, "odict_items", "PyODictItems_Type", PyDictItems, Items
);
