//! `_pickle`: writing and reading pickles.
//!
//! | File | What |
//! |---|---|
//! | `opcode` | the table of instructions |
//! | `library` | what the library's modules define: mappings of names, registries |
//! | `pickler` | `Pickler`: settings, hooks and memo of writing |
//! | `output` | the bytes written, in frames |
//! | `save`, `containers`, `reduce`, `global` | one `dump`: plain values, containers, anything else by its `__reduce_ex__`, functions and classes by name |
//! | `unpickler` | `Unpickler`: settings, hooks and memo of reading |
//! | `input` | the bytes read, in blocks |
//! | `load`, `build` | one `load`: the loop over instructions; those that make objects of others |
//! | `memo` | both memos |
//! | `buffer` | `PickleBuffer` |

use rpy_vm::{OptRef, PyErr, exc};

mod buffer;
mod build;
mod containers;
mod global;
mod input;
mod library;
mod load;
mod memo;
mod opcode;
mod output;
mod pickler;
mod reduce;
mod save;
mod unpickler;

static PICKLE_ERROR: OptRef = OptRef::NULL;
static PICKLING_ERROR: OptRef = OptRef::NULL;
static UNPICKLING_ERROR: OptRef = OptRef::NULL;

/// A `PicklingError`.
#[cold]
fn pickling_error(message: impl Into<String>) -> PyErr {
    crate::support::error_of(&PICKLING_ERROR, exc::Exception(), message)
}

/// An `UnpicklingError`.
#[cold]
fn unpickling_error(message: impl Into<String>) -> PyErr {
    crate::support::error_of(&UNPICKLING_ERROR, exc::Exception(), message)
}

/// Optimized C implementation for the Python pickle module.
#[rpy_vm::pymodule(name = "_pickle")]
pub mod pickle_ {
    use rpy_vm::object::OptRef;
    use rpy_vm::types::bytes::PyBytes;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, exc};

    use super::buffer::PyPickleBuffer;
    use super::pickler::{PyPickler, PyPicklerMemoProxy};
    use super::unpickler::{PyUnpickler, PyUnpicklerMemoProxy};
    use super::{PICKLE_ERROR, PICKLING_ERROR, UNPICKLING_ERROR, library};
    use crate::support::exception_class;

    /// Write a pickled representation of obj to the open file object file.
    ///
    /// This is equivalent to ``Pickler(file, protocol).dump(obj)``, but may
    /// be more efficient.
    #[pyfunction(sig = "(obj, file, protocol=None, *, fix_imports=True, buffer_callback=None)")]
    fn dump(
        obj: &PyObject,
        file: &PyObject,
        protocol: Option<&PyObject>,
        fix_imports: bool,
        buffer_callback: Option<&PyObject>,
    ) -> PyResult<()> {
        let pickler = PyPickler::fresh();
        pickler.configure(protocol, fix_imports, buffer_callback)?;
        pickler.set_file(file)?;
        pickler.dump_to_file(obj)
    }

    /// Return the pickled representation of the object as a bytes object.
    #[pyfunction(sig = "(obj, protocol=None, *, fix_imports=True, buffer_callback=None)")]
    fn dumps(
        obj: &PyObject,
        protocol: Option<&PyObject>,
        fix_imports: bool,
        buffer_callback: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let pickler = PyPickler::fresh();
        pickler.configure(protocol, fix_imports, buffer_callback)?;
        Ok(PyBytes::try_from_vec(pickler.dump_to_memory(obj)?)?.into_obj())
    }

    /// Read and return an object from the pickle data stored in a file.
    ///
    /// This is equivalent to ``Unpickler(file).load()``, but may be more
    /// efficient.
    #[pyfunction(sig = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())")]
    fn load(
        file: &PyObject,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let unpickler = PyUnpickler::fresh();
        unpickler.set_file(file)?;
        unpickler.configure(fix_imports, encoding, errors, buffers)?;
        unpickler.run()
    }

    /// Read and return an object from the given pickle data.
    #[pyfunction(sig = "(data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())")]
    fn loads(
        data: &PyObject,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let unpickler = PyUnpickler::fresh();
        unpickler.set_data(data)?;
        unpickler.configure(fix_imports, encoding, errors, buffers)?;
        unpickler.run()
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        library::init()?;
        // The classes are made once: picklers of an earlier import of this module raise them too.
        let class = |cell: &OptRef, name: &str, base: &PyTypeObject| -> PyResult<ObjRef> {
            if cell.is_null() {
                cell.set(Some(exception_class("_pickle", name, base)?));
            }
            let class = cell.get().unwrap_or_else(rpy_vm::none);
            module.add(name, class.clone())?;
            Ok(class)
        };
        let base = class(&PICKLE_ERROR, "PickleError", exc::Exception())?;
        if let Some(base) = base.downcast_ref::<PyTypeObject>() {
            class(&PICKLING_ERROR, "PicklingError", base)?;
            class(&UNPICKLING_ERROR, "UnpicklingError", base)?;
        }
        for ty in [PyPicklerMemoProxy::type_object(), PyUnpicklerMemoProxy::type_object()] {
            ensure_ready(ty)?;
        }
        for (name, ty) in [
            ("PickleBuffer", PyPickleBuffer::type_object()),
            ("Pickler", PyPickler::type_object()),
            ("Unpickler", PyUnpickler::type_object()),
        ] {
            ensure_ready(ty)?;
            module.add(name, ty.to_obj())?;
        }
        Ok(())
    }
}
