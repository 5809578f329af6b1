//! Adapters, which turn objects into values that SQLite knows, and converters, which turn values into objects.

use core::cell::Cell;

use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyClass, PyObject, PyResult, PyStruct, exc, intern, pyclass, pymethods};

use super::errors;

/// PEP 246 style object adaption protocol type.
#[pyclass(name = "PrepareProtocol", module = "sqlite3")]
#[repr(C)]
pub struct PyPrepareProtocol {
    ob_base: PyObject,
}

#[pymethods]
impl PyPrepareProtocol {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &rpy_vm::PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        Ok(rpy_vm::object::alloc::new_in(cls, PyPrepareProtocol { ob_base: PyObject::placeholder() })?.into_obj())
    }
}

/// Adapters by `(type, protocol)`.
pub static ADAPTERS: OptRef<PyDict> = OptRef::NULL;
/// Converters by names of types in capitals.
pub static CONVERTERS: OptRef<PyDict> = OptRef::NULL;

struct Flag(Cell<bool>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Flag {}

/// Is there an adapter for a type of which SQLite itself takes the values?
static BASE_TYPES_ADAPTED: Flag = Flag(Cell::new(false));

fn protocol_type() -> &'static PyObject {
    PyPrepareProtocol::type_object().as_object()
}

/// Is the type of the object, or the object itself, one that SQLite takes without adapting?
fn is_base_type(class: &PyObject) -> bool {
    [PyInt::type_object(), PyFloat::type_object(), PyStr::type_object(), PyByteArray::type_object()]
        .iter()
        .any(|base| class.is(base.as_object()))
}

/// Registers an adapter.
///
/// # Errors
/// `TypeError` for types without a hash.
pub fn register_adapter(class: &PyObject, adapter: &PyObject) -> PyResult<()> {
    if is_base_type(class) {
        BASE_TYPES_ADAPTED.0.set(true);
    }
    let key = PyTuple::from_array([class.to_obj(), protocol_type().to_obj()]);
    ADAPTERS.get().map_or(Ok(()), |adapters| adapters.set_item(key.as_object(), adapter))
}

/// Registers a converter.
///
/// # Errors
/// What `upper` raises.
pub fn register_converter(name: &PyObject, converter: &PyObject) -> PyResult<()> {
    let name = call::call_method(name, intern!("upper"), &[])?;
    CONVERTERS.get().map_or(Ok(()), |converters| converters.set_item(&name, converter))
}

/// The converter for a type's name.
///
/// # Errors
/// `UnicodeDecodeError`.
pub fn converter(name: &[u8]) -> PyResult<Option<ObjRef>> {
    let Some(converters) = CONVERTERS.get() else { return Ok(None) };
    if converters.is_empty() {
        return Ok(None);
    }
    let name = rpy_vm::runtime::codecs::utf8::decode(name, None, true)?.0.upper()?;
    converters.get_item(name.as_object())
}

/// A method of an adaption protocol: what it makes of the argument, unless it declines.
fn ask(object: &PyObject, name: &PyStr, argument: &PyObject) -> PyResult<Option<ObjRef>> {
    let Some(method) = protocol::getattr_opt(object, name)? else { return Ok(None) };
    match call::call_one(&method, argument) {
        Ok(adapted) if rpy_vm::is_none(&adapted) => Ok(None),
        Ok(adapted) => Ok(Some(adapted)),
        Err(e) if e.matches(exc::TypeError()) => Ok(None),
        Err(e) => Err(e),
    }
}

/// What an object is under a protocol; `alternative` if nobody knows.
///
/// # Errors
/// `ProgrammingError` without an alternative; what the adapter raises.
pub fn adapt(object: &PyObject, protocol: &PyObject, alternative: Option<&PyObject>) -> PyResult<ObjRef> {
    if let Some(adapters) = ADAPTERS.get() {
        let key = PyTuple::from_array([object.ty().to_obj(), protocol.to_obj()]);
        if let Some(adapter) = adapters.get_item(key.as_object())? {
            return call::call_one(&adapter, object);
        }
    }
    if let Some(adapted) = ask(protocol, intern!("__adapt__"), object)? {
        return Ok(adapted);
    }
    if let Some(adapted) = ask(object, intern!("__conform__"), protocol)? {
        return Ok(adapted);
    }
    alternative.map(PyStruct::to_ref).ok_or_else(|| errors::programming("can't adapt"))
}

/// What a parameter is to SQLite.
///
/// # Errors
/// What an adapter raises.
pub fn adapt_parameter(object: &PyObject) -> PyResult<ObjRef> {
    if !BASE_TYPES_ADAPTED.0.get() && is_base_type(object.ty().as_object()) {
        return Ok(object.to_ref());
    }
    adapt(object, protocol_type(), Some(object))
}

/// The protocol's type where none was given.
pub fn default_protocol() -> &'static PyObject {
    protocol_type()
}
