//! `marshal`: the front of `rpy_vm::marshal`.

use rpy_vm::pymodule;

/// This module contains functions that can read and write Python values in
/// a binary format. The format is specific to Python, but independent of
/// machine architecture issues.
///
/// Not all Python object types are supported; in general, only objects
/// whose value is independent from a particular invocation of Python can be
/// written and read. The following types are supported: None, integers,
/// floating-point numbers, strings, bytes, bytearrays, tuples, lists, sets,
/// dictionaries, and code objects, where it should be understood that
/// tuples, lists and dictionaries are only supported as long as the values
/// contained therein are themselves supported; and recursive lists and
/// dictionaries should not be written (they will cause infinite loops).
///
/// Variables:
///
/// version -- indicates the format that the module uses. Version 0 is the
///     historical format, version 1 shares interned strings and version 2
///     uses a binary format for floating-point numbers.
///     Version 3 shares common object references (New in version 3.4).
///     Version 4 adds more compact encodings, version 5 slices.
///
/// Functions:
///
/// dump() -- write value to a file
/// load() -- read value from a file
/// dumps() -- marshal value as a bytes object
/// loads() -- read value from a bytes-like object
#[pymodule(name = "marshal")]
pub mod marshal {
    use rpy_vm::marshal as core_marshal;
    use rpy_vm::protocol::buffer::Buffer;
    use rpy_vm::protocol::call;
    use rpy_vm::runtime::audit;
    use rpy_vm::types::bytes::PyBytes;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, Ref, exc};

    /// Both ways of writing tell what is written and how.
    fn audit_dump(value: &PyObject, version: i32) -> PyResult<()> {
        if !audit::active() {
            return Ok(());
        }
        audit::audit("marshal.dumps", &[value, PyInt::from_i64(i64::from(version)).as_object()])
    }

    #[pyattr(name = "version")]
    const VERSION: i32 = core_marshal::VERSION;

    /// Write the value on the open file.
    ///
    ///   value
    ///     Must be a supported type.
    ///   file
    ///     Must be a writeable binary file.
    ///   version
    ///     Indicates the data format that dump should use.
    ///   allow_code
    ///     Allow to write code objects.
    ///
    /// If the value has (or contains an object that has) an unsupported type, a
    /// ValueError exception is raised - but garbage data will also be written
    /// to the file. The object will not be properly read back by load().
    #[pyfunction(sig = "($module, value, file, version=5, /, *, allow_code=True)")]
    fn dump(value: &PyObject, file: &PyObject, version: i32, allow_code: bool) -> PyResult<ObjRef> {
        audit_dump(value, version)?;
        let data = PyBytes::from_vec(core_marshal::dumps_with(value, version, allow_code)?);
        call::call_method(file, rpy_vm::intern!("write"), &[data.as_object()])
    }

    /// Read one value from the open file and return it.
    ///
    ///   file
    ///     Must be readable binary file.
    ///   allow_code
    ///     Allow to load code objects.
    ///
    /// If no valid value is read (e.g. because the data has a different Python
    /// version's incompatible marshal format), raise EOFError, ValueError or
    /// TypeError.
    ///
    /// Note: If an object containing an unsupported type was marshalled with
    /// dump(), load() will substitute None for the unmarshallable type.
    #[pyfunction(sig = "($module, file, /, *, allow_code=True)")]
    fn load(file: &PyObject, allow_code: bool) -> PyResult<ObjRef> {
        audit::audit("marshal.load", &[])?;
        // Reading nothing tells whether it is a file of bytes at all.
        let empty = call::call_method(file, rpy_vm::intern!("read"), &[PyInt::zero().as_object()])?;
        if empty.downcast_ref::<PyBytes>().is_none() {
            return Err(exc::type_error(format!("file.read() returned not bytes but {}", empty.ty().name())));
        }
        core_marshal::load_from_file(file, allow_code)
    }

    /// Return the bytes object that would be written to a file by dump(value, file).
    ///
    ///   value
    ///     Must be a supported type.
    ///   version
    ///     Indicates the data format that dumps should use.
    ///   allow_code
    ///     Allow to write code objects.
    ///
    /// Raise a ValueError exception if value has (or contains an object that has) an
    /// unsupported type.
    #[pyfunction(sig = "($module, value, version=5, /, *, allow_code=True)")]
    fn dumps(value: &PyObject, version: i32, allow_code: bool) -> PyResult<Ref<PyBytes>> {
        audit_dump(value, version)?;
        Ok(PyBytes::from_vec(core_marshal::dumps_with(value, version, allow_code)?))
    }

    /// Convert the bytes-like object to a value.
    ///
    ///   allow_code
    ///     Allow to load code objects.
    ///
    /// If no valid value is found, raise EOFError, ValueError or TypeError.  Extra
    /// bytes in the input are ignored.
    #[pyfunction(sig = "($module, bytes, /, *, allow_code=True)")]
    fn loads(bytes: &PyObject, allow_code: bool) -> PyResult<ObjRef> {
        let buffer = Buffer::get(bytes, 0)?;
        if audit::active() {
            audit::audit("marshal.loads", &[PyBytes::new(buffer.bytes()).as_object()])?;
        }
        core_marshal::loads_with(buffer.bytes(), allow_code)
    }
}
