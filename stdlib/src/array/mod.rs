//! `array`: compact arrays of numbers and characters.

pub mod codec;
pub mod iter;
pub mod object;
pub mod pickle;

/// This module defines an object type which can efficiently represent
/// an array of basic values: characters, integers, floating-point
/// numbers.  Arrays are sequence types and behave very much like lists,
/// except that the type of objects stored in them is constrained.
#[rpy_derive::pymodule(name = "array")]
pub mod array_module {
    use super::object::PyArray;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::object::{PyClass, PyStruct};
    use rpy_vm::protocol::{call, object as protocol};
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{PyObject, PyResult, PyTypeObject, intern};

    #[pyattr(name = "typecodes")]
    fn typecodes() -> &'static str {
        "bBuwhHiIlLqQfd"
    }

    /// Internal. Used for pickling support.
    #[pyfunction(name = "_array_reconstructor", sig = "(arraytype, typecode, mformat_code, items, /)")]
    fn array_reconstructor(
        arraytype: &PyTypeObject,
        typecode: &PyStr,
        mformat_code: &PyObject,
        items: &PyObject,
    ) -> PyResult {
        super::pickle::reconstruct(arraytype, typecode, mformat_code, items)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<PyArray>(module)?;
        module.add("ArrayType", PyArray::type_object().to_obj())?;
        rpy_vm::types::type_::ready::ensure_ready(<super::iter::PyArrayIterator as PyClass>::type_object())?;
        // Arrays count as mutable sequences.
        let abc = rpy_vm::import::import_module("collections.abc")?;
        let sequence = protocol::getattr(&abc, intern!("MutableSequence"))?;
        call::call_method(&sequence, intern!("register"), &[PyArray::type_object().as_object()])?;
        Ok(())
    }
}

pub use array_module::MODULE;
