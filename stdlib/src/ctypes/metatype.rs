//! `CType_Type`, the metatype of all C types, and what its classes can do: make instances from memory, be multiplied to
//! arrays, be passed for.

use std::ffi::CString;

use rpy_vm::gc::{Traverse, Visit};
use rpy_vm::object::class_impl::StaticType;
use rpy_vm::protocol::buffer::Buffer;
use rpy_vm::protocol::object;
use rpy_vm::runtime::{audit, recursion};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::memoryview::PyMemoryView;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::weakref::PyWeakRef;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, exc, intern, pyclass, pymethods};

use super::data::{self, CData};
use super::info::{self, METATYPE_SIZE};
use super::param::CArg;
use super::{array, library};

/// The metatype.
pub fn base() -> &'static PyTypeObject {
    // SAFETY: a static.
    unsafe { &*CType::TYPE }
}

/// Is a class an instance of the metatype `T`?
pub fn is<T: StaticType>(class: &PyObject) -> bool {
    // SAFETY: a static.
    class.ty().is_subtype(unsafe { &*T::TYPE })
}

/// `tp_dealloc` of metatypes.
pub unsafe extern "C-unwind" fn dealloc(class: *mut PyObject) {
    // SAFETY: called for dead classes of ours.
    unsafe { info::free(class) }
}

#[pyclass(
    name = "CType_Type", module = "_ctypes", layout = PyTypeObject, basicsize = METATYPE_SIZE, base = PyTypeObject,
    dealloc = dealloc, flags(BASETYPE, HAVE_GC, TYPE_SUBCLASS)
)]
pub struct CType;

#[pymethods]
impl CType {
    #[slot]
    fn tp_traverse(zelf: &PyTypeObject, v: &mut Visit<'_>) {
        if let Some(info) = info::of_type(zelf.as_object()) {
            info.traverse(v);
        }
        if let Some(traverse) = PyTypeObject::type_object().tp_traverse.get() {
            // SAFETY: a class.
            unsafe { v.delegate(traverse, zelf.as_object().as_ptr()) };
        }
    }

    #[slot]
    fn tp_clear(zelf: &PyTypeObject) {
        if let Some(info) = info::of_type(zelf.as_object()) {
            info.clear();
        }
        if let Some(clear) = PyTypeObject::type_object().tp_clear.get() {
            // SAFETY: a class.
            unsafe { clear(zelf.as_object().as_ptr()) };
        }
    }

    #[slot]
    fn sq_repeat(zelf: &PyTypeObject, length: isize) -> PyResult {
        match usize::try_from(length) {
            Ok(length) => array_type(zelf, length),
            Err(_) => Err(exc::value_error(format!("Array length must be >= 0, not {length}"))),
        }
    }

    /// Return memory consumption of the type object.
    #[pymethod(name = "__sizeof__")]
    fn sizeof(zelf: &PyTypeObject) -> usize {
        let metatype = zelf.as_object().ty();
        let items = zelf.ob_base.ob_size.get() * metatype.tp_itemsize.get();
        let own = metatype.tp_basicsize.get() + items;
        own as usize + info::of_type(zelf.as_object()).map_or(0, info::Info::memory)
    }

    /// pointer type
    #[pygetset(name = "__pointer_type__")]
    fn pointer_type(zelf: &PyTypeObject) -> PyResult {
        match storage(zelf)?.pointer_type.get() {
            Some(pointer_type) => Ok(pointer_type),
            None => {
                let shown = object::repr(zelf.as_object())?;
                let text = format!("{} has no attribute '__pointer_type__'", shown.to_string_lossy());
                Err(exc::attribute_error(text, zelf.as_object(), intern!("__pointer_type__").as_object()))
            }
        }
    }
    #[pygetset(setter, name = "__pointer_type__")]
    fn set_pointer_type(zelf: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
        storage(zelf)?.pointer_type.set(value.map(PyObject::new_ref));
        Ok(())
    }

    /// Convert a Python object into a function call parameter.
    #[pymethod]
    fn from_param(zelf: &PyTypeObject, value: &PyObject) -> PyResult {
        from_param(zelf, value)
    }

    /// C.from_address(integer) -> C instance
    ///
    /// Access a C instance at the specified address.
    #[pymethod]
    fn from_address(zelf: &PyTypeObject, value: &PyObject) -> PyResult {
        let Some(address) = value.downcast_ref::<PyInt>() else {
            return Err(exc::type_error("integer expected"));
        };
        data::at_address(zelf, address_of(address)?)
    }

    /// C.from_buffer(object, offset=0) -> C instance
    ///
    /// Create a C instance from a writeable buffer.
    #[pymethod(sig = "(obj, offset=0, /)")]
    fn from_buffer(zelf: &PyTypeObject, obj: &PyObject, offset: isize) -> PyResult {
        let info = info::required(zelf.as_object())?;
        let memory = PyMemoryView::from_object(obj)?;
        let view = memory.view();
        if view.readonly != 0 {
            return Err(exc::type_error("underlying buffer is not writable"));
        }
        if !view.is_c_contiguous() {
            return Err(exc::type_error("underlying buffer is not C contiguous"));
        }
        let buffer = check_buffer(info, view.buf.cast(), view.len, offset)?;
        let made = data::at_address(zelf, buffer)?;
        // SAFETY: an instance of a C type.
        let this: &CData = unsafe { made.cast_unchecked_ref() };
        data::keep(this, data::BUFFER, memory.to_obj())?;
        Ok(made)
    }

    /// C.from_buffer_copy(object, offset=0) -> C instance
    ///
    /// Create a C instance from a readable buffer.
    #[pymethod(sig = "(buffer, offset=0, /)")]
    fn from_buffer_copy(zelf: &PyTypeObject, buffer: &PyObject, offset: isize) -> PyResult {
        let buffer = Buffer::simple(buffer)?;
        let info = info::required(zelf.as_object())?;
        let view = buffer.view();
        let source = check_buffer(info, view.buf.cast(), view.len, offset)?;
        let made = data::new(zelf)?;
        // SAFETY: both have the size, as was checked.
        unsafe { core::ptr::copy_nonoverlapping(source, made.memory(), info.size.get()) };
        Ok(made.into_obj())
    }

    /// C.in_dll(dll, name) -> C instance
    ///
    /// Access a C instance in a dll.
    #[pymethod]
    fn in_dll(zelf: &PyTypeObject, dll: &PyObject, name: &str) -> PyResult {
        let c_name = CString::new(name).map_err(|_| exc::value_error("embedded null character"))?;
        audit::audit("ctypes.dlsym", &[dll, PyStr::new(name).as_object()])?;
        let address = library::symbol_in(dll, &c_name, exc::ValueError(), |name| format!("symbol '{name}' not found"))?;
        data::at_address(zelf, address.cast())
    }
}

/// The [`info::Info`] of a class that must be finished.
fn storage(class: &PyTypeObject) -> PyResult<&info::Info> {
    match info::of_type(class.as_object()) {
        Some(info) => Ok(info),
        None => {
            let shown = object::repr(class.as_object())?;
            Err(exc::type_error(format!("{} must have storage info", shown.to_string_lossy())))
        }
    }
}

/// An address given as an int (`PyLong_AsVoidPtr`).
///
/// # Errors
/// `OverflowError`.
pub fn address_of(int: &PyInt) -> PyResult<*mut u8> {
    match int.as_i64().map(|value| value as u64).or_else(|| int.as_u64()) {
        Some(value) => Ok(value as *mut u8),
        None if int.is_negative() => Err(exc::overflow_error("Python int too large to convert to C long")),
        None => Err(exc::overflow_error("int too large to convert to C unsigned long")),
    }
}

/// An int for an address.
pub fn address_int(address: *const u8) -> ObjRef {
    PyInt::from_u64(address as u64).into_obj()
}

fn check_buffer(info: &info::Info, buf: *mut u8, len: isize, offset: isize) -> PyResult<*mut u8> {
    if offset < 0 {
        return Err(exc::value_error("offset cannot be negative"));
    }
    let size = info.size.get() as isize;
    if size > len.saturating_sub(offset) {
        let least = size.wrapping_add(offset);
        return Err(exc::value_error(format!("Buffer size too small ({len} instead of at least {least} bytes)")));
    }
    if audit::active() {
        let numbers = [address_int(buf), crate::support::int(len as i64), crate::support::int(offset as i64)];
        audit::audit("ctypes.cdata/buffer", &[&numbers[0], &numbers[1], &numbers[2]])?;
    }
    Ok(buf.wrapping_offset(offset))
}

/// `from_param` of types without rules of their own: instances, and `byref` of what a pointer points to.
pub fn from_param(class: &PyTypeObject, value: &PyObject) -> PyResult {
    if object::is_instance(value, class.as_object())? {
        return Ok(value.new_ref());
    }
    let wanted = class.full_name();
    if let Some(arg) = value.downcast_exact::<CArg>() {
        let target = arg.object.get();
        let proto = info::of_type(class.as_object()).and_then(|info| info.proto.get());
        if let (Some(target), Some(proto)) = (&target, &proto)
            && object::is_instance(target, proto)?
        {
            return Ok(value.new_ref());
        }
        let name = target.as_ref().map_or("???", |target| target.ty().full_name());
        return Err(exc::type_error(format!("expected {wanted} instance instead of pointer to {name}")));
    }
    if let Some(result) = as_parameter(value, |value| from_param(class, value))? {
        return Ok(result);
    }
    Err(exc::type_error(format!("expected {wanted} instance instead of {}", value.ty().full_name())))
}

/// Applies a conversion to the object's `_as_parameter_`, if it has one.
///
/// # Errors
/// What the attribute access and the conversion raise.
pub fn as_parameter<T>(value: &PyObject, convert: impl FnOnce(&PyObject) -> PyResult<T>) -> PyResult<Option<T>> {
    let Some(inner) = object::getattr_opt(value, intern!("_as_parameter_"))? else { return Ok(None) };
    let _guard = recursion::enter_recursive_call(" while processing _as_parameter_")?;
    convert(&inner).map(Some)
}

/// The type of arrays of `length` items of a type; the same one as long as somebody uses it.
pub fn array_type(item: &PyTypeObject, length: usize) -> PyResult {
    let info = info::of_type(item.as_object());
    if let Some(info) = info {
        let weak = info.arrays.borrow().iter().find(|(len, _)| *len == length).map(|(_, weak)| weak.clone());
        if let Some(array) = weak.and_then(|weak| rpy_vm::types::weakref::target_of(&weak)) {
            return Ok(array);
        }
    }
    let namespace = PyDict::new();
    namespace.set_name("_length_", PyInt::from_usize(length).into_obj());
    namespace.set_name("_type_", item.to_obj());
    // SAFETY: statics.
    let (metatype, base) = unsafe { (&*array::ArrayType::TYPE, &*array::Array::TYPE) };
    let name: String = item.full_name().chars().take(200).collect();
    let made = rpy_vm::protocol::call::call(
        metatype.as_object(),
        &[
            PyStr::from_string(format!("{name}_Array_{length}")).as_object(),
            PyTuple::from_slice(&[base.as_object()]).as_object(),
            namespace.as_object(),
        ],
    )?;
    if let Some(info) = info {
        let weak = PyWeakRef::new_ref_to(&made, None)?.into_obj();
        let mut dead = Vec::new();
        let mut arrays = info.arrays.borrow_mut();
        let mut index = 0;
        while index < arrays.len() {
            if arrays[index].0 == length || rpy_vm::types::weakref::target_of(&arrays[index].1).is_none() {
                dead.push(arrays.swap_remove(index));
            } else {
                index += 1;
            }
        }
        arrays.push((length, weak));
        drop(arrays);
        drop(dead);
    }
    Ok(made)
}
