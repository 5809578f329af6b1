//! `_collections`: `deque`, `defaultdict`, `OrderedDict`, and helpers of `collections`.

pub mod count;
pub mod defaultdict;
pub mod deque;
pub mod ordered_dict;
pub mod ordered_views;
pub mod tuplegetter;

/// High performance data structures.
/// - deque:        ordered collection accessible from endpoints only
/// - defaultdict:  dict subclass with a default value factory
#[rpy_derive::pymodule(name = "_collections")]
pub mod collections_ {
    use super::ordered_views::{PyOrderedDictIterator, PyOrderedItems, PyOrderedKeys, PyOrderedValues};
    use super::{count, defaultdict::PyDefaultDict, deque, ordered_dict::PyOrderedDict, tuplegetter::PyTupleGetter};
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{PyClass, PyObject, PyResult};

    /// Count elements in the iterable, updating the mapping
    #[pyfunction(name = "_count_elements", sig = "(mapping, iterable, /)")]
    fn count_elements(mapping: &PyObject, iterable: &PyObject) -> PyResult<()> {
        count::count_elements(mapping, iterable)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<deque::PyDeque>(module)?;
        add_class::<PyDefaultDict>(module)?;
        add_class::<PyOrderedDict>(module)?;
        add_class::<deque::PyDequeIterator>(module)?;
        add_class::<deque::PyDequeReverseIterator>(module)?;
        add_class::<PyTupleGetter>(module)?;
        for ty in [
            PyOrderedDictIterator::type_object(),
            PyOrderedKeys::type_object(),
            PyOrderedValues::type_object(),
            PyOrderedItems::type_object(),
        ] {
            ensure_ready(ty)?;
        }
        Ok(())
    }
}

pub use collections_::MODULE;
