//! `_struct`: conversion between Python values and C structs.

pub mod layout;
pub mod object;

use rpy_vm::object::{OptRef, PyStruct};
use rpy_vm::protocol::call;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyResult, PyTypeObject, exc, intern};

/// `struct.error`, made when the module is first imported.
static ERROR: OptRef = OptRef::NULL;

/// The class `struct.error`.
pub fn error_class() -> PyResult<ObjRef> {
    if let Some(class) = ERROR.get() {
        return Ok(class);
    }
    let dict = PyDict::new();
    dict.set_str(intern!("__module__"), intern!("struct").as_object())?;
    let bases = PyTuple::from_array([exc::Exception().to_obj()]);
    let ty = <PyTypeObject as rpy_vm::PyClass>::type_object();
    let class = call::call(ty.as_object(), &[intern!("error").as_object(), bases.as_object(), dict.as_object()])?;
    ERROR.set(Some(class.clone()));
    Ok(class)
}

/// A `struct.error`.
#[cold]
pub fn struct_error(message: impl Into<String>) -> PyErr {
    let message = PyStr::from_string(message.into());
    match error_class().and_then(|class| call::call_one(&class, message.as_object())) {
        Ok(error) => PyErr::from_instance(error),
        Err(e) => e,
    }
}

/// Functions to convert between Python values and C structs.
/// Python bytes objects are used to hold the data representing the C struct
/// and also as format strings (explained below) to describe the layout of data
/// in the C struct.
///
/// The optional first format char indicates byte order, size and alignment:
///   @: native order, size & alignment (default)
///   =: native order, std. size & alignment
///   <: little-endian, std. size & alignment
///   >: big-endian, std. size & alignment
///   !: same as >
///
/// The remaining chars indicate types of args and must match exactly;
/// these can be preceded by a decimal repeat count:
///   x: pad byte (no data); c:char; b:signed byte; B:unsigned byte;
///   ?: _Bool (requires C99; if not available, char is used instead)
///   h:short; H:unsigned short; i:int; I:unsigned int;
///   l:long; L:unsigned long; f:float; d:double; e:half-float.
/// Special cases (preceding decimal count indicates length):
///   s:string (array of char); p: pascal string (with count byte).
/// Special cases (only available in native format):
///   n:ssize_t; N:size_t;
///   P:an integer type that is wide enough to hold a pointer.
/// Special case (not in native mode unless 'long long' in platform C):
///   q:long long; Q:unsigned long long
/// Whitespace between formats is ignored.
///
/// The variable struct.error is an exception raised on errors.
#[rpy_derive::pymodule(name = "_struct")]
pub mod struct_module {
    use super::object::{PyStructObject, cached, clear_cache};
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{PyObject, PyResult, exc};

    /// Clear the internal cache.
    #[pyfunction(name = "_clearcache", sig = "()")]
    fn clearcache() {
        clear_cache();
    }

    /// Return size in bytes of the struct described by the format string.
    #[pyfunction(sig = "(format, /)")]
    fn calcsize(format: &PyObject) -> PyResult<usize> {
        Ok(cached(format)?.layout()?.size)
    }

    /// pack(format, v1, v2, ...) -> bytes
    ///
    /// Return a bytes object containing the values v1, v2, ... packed according
    /// to the format string.  See help(struct) for more on format strings.
    #[pyfunction(sig = "(*args)")]
    fn pack(args: &[&PyObject]) -> PyResult {
        let Some((format, values)) = args.split_first() else {
            return Err(exc::type_error("missing format argument"));
        };
        cached(format)?.pack_values(values)
    }

    /// pack_into(format, buffer, offset, v1, v2, ...)
    ///
    /// Pack the values v1, v2, ... according to the format string and write
    /// the packed bytes into the writable buffer buf starting at offset.  Note
    /// that the offset is a required argument.  See help(struct) for more
    /// on format strings.
    #[pyfunction(sig = "(*args)")]
    fn pack_into(args: &[&PyObject]) -> PyResult<()> {
        let Some((format, rest)) = args.split_first() else {
            return Err(exc::type_error("missing format argument"));
        };
        cached(format)?.pack_values_into(rest)
    }

    /// Return a tuple containing values unpacked according to the format string.
    ///
    /// The buffer's size in bytes must be calcsize(format).
    ///
    /// See help(struct) for more on format strings.
    #[pyfunction(sig = "(format, buffer, /)")]
    fn unpack(format: &PyObject, buffer: &PyObject) -> PyResult {
        cached(format)?.unpack_exactly(buffer)
    }

    /// Return a tuple containing values unpacked according to the format string.
    ///
    /// The buffer's size, minus offset, must be at least calcsize(format).
    ///
    /// See help(struct) for more on format strings.
    #[pyfunction(sig = "(format, /, buffer, offset=0)")]
    fn unpack_from(format: &PyObject, buffer: &PyObject, offset: Option<isize>) -> PyResult {
        cached(format)?.unpack_at(buffer, offset.unwrap_or(0))
    }

    /// Return an iterator yielding tuples unpacked from the given bytes.
    ///
    /// The bytes are unpacked according to the format string, like
    /// a repeated invocation of unpack_from().
    ///
    /// Requires that the bytes length be a multiple of the struct size.
    #[pyfunction(sig = "(format, buffer, /)")]
    fn iter_unpack(format: &PyObject, buffer: &PyObject) -> PyResult {
        PyStructObject::iterate(&*cached(format)?, buffer)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        module.add("error", super::error_class()?)?;
        add_class::<PyStructObject>(module)?;
        rpy_vm::types::type_::ready::ensure_ready(<super::object::PyUnpackIterator as rpy_vm::PyClass>::type_object())
    }
}

pub use struct_module::MODULE;
