//! `bytesobject.h` and `bytearrayobject.h`: byte strings.

use core::ffi::{CStr, c_char, c_int};

use rpy_vm::protocol::{buffer, number, object as po};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Obj, OptObj, Out, bad_call, expect};
use crate::unicodeobject::bytes;

exports! {
    /// A copy of a C string.
    fn PyBytes_FromString(text: *const c_char) -> Out = Ref<PyBytes> {
        PyBytes::try_new(CStr::from_ptr(text).to_bytes())
    }
    /// A copy of bytes; for NULL the caller fills them in.
    fn PyBytes_FromStringAndSize(data: *const c_char, len: isize) -> Out = Ref<PyBytes> {
        if len < 0 {
            return Err(exc::system_error("Negative size passed to PyBytes_FromStringAndSize"));
        }
        if data.is_null() && len > 0 {
            return PyBytes::alloc(len as usize);
        }
        PyBytes::try_new(bytes(data, len))
    }
    /// `bytes(o)` for buffers, lists, tuples and iterables of integers.
    fn PyBytes_FromObject(object: OptObj<'_>) -> Out = ObjRef {
        from_object(object.ok_or_else(bad_call)?)
    }
    /// The number of bytes.
    fn PyBytes_Size(object: Obj<'_>) -> isize = usize {
        Ok(bytes_arg(object)?.len())
    }
    /// The bytes, which a NUL follows.
    fn PyBytes_AsString(object: Obj<'_>) -> *mut c_char = *mut c_char {
        Ok(bytes_arg(object)?.data_ptr() as *mut c_char)
    }
    /// The bytes and their number; without a place for the number there must be no NUL among them.
    fn PyBytes_AsStringAndSize(object: Obj<'_>, data: *mut *mut c_char, len: *mut isize) -> c_int = () {
        let Some(this) = object.downcast_ref::<PyBytes>() else {
            return Err(exc::type_error(format!("expected bytes, {} found", object.ty().full_name())));
        };
        data.write(this.data_ptr() as *mut c_char);
        if len.is_null() {
            if this.as_bytes().contains(&0) {
                return Err(exc::value_error("embedded null byte"));
            }
        } else {
            len.write(this.len() as isize);
        }
        Ok(())
    }
    /// Changes the length of an object that nobody else refers to; on failure `*place` becomes NULL.
    fn _PyBytes_Resize(place: *mut *mut PyObject, len: isize) -> c_int = () {
        let object: ObjRef = Ref::from_owned_ptr(*place);
        place.write(core::ptr::null_mut());
        if len < 0 {
            return Err(bad_call());
        }
        let this = object.downcast::<PyBytes>().map_err(|_| bad_call())?;
        place.write(PyBytes::resize(this, len as usize)?.into_raw() as *mut PyObject);
        Ok(())
    }
    /// `*place += right`; on failure `*place` becomes NULL.
    fn PyBytes_Concat(place: *mut *mut PyObject, right: OptObj<'_>) {
        concat(place, right);
    }
    /// As `PyBytes_Concat`; the reference to `right` is taken over.
    fn PyBytes_ConcatAndDel(place: *mut *mut PyObject, right: crate::border::Stolen) {
        concat(place, right.as_deref());
    }
    /// `sep.join(items)`.
    fn PyBytes_Join(separator: Obj<'_>, items: Obj<'_>) -> Out = ObjRef {
        if separator.downcast_ref::<PyBytes>().is_none() {
            return Err(exc::type_error(format!("sep: expected bytes, got {}", separator.ty().full_name())));
        }
        rpy_vm::protocol::call::call_method(separator, rpy_vm::intern!("join"), &[items])
    }
    /// The repr; with `smart` quotes are chosen, as `repr` does.
    fn PyBytes_Repr(object: Obj<'_>, _smart: c_int) -> Out = Ref<PyStr> {
        bytes_arg(object)?.quoted()
    }

    /// A copy of bytes; for NULL the caller fills them in.
    fn PyByteArray_FromStringAndSize(data: *const c_char, len: isize) -> Out = Ref<PyByteArray> {
        if len < 0 {
            return Err(exc::system_error("Negative size passed to PyByteArray_FromStringAndSize"));
        }
        if data.is_null() { PyByteArray::zeroed(len as usize) } else { PyByteArray::try_new(bytes(data, len)) }
    }
    /// `bytearray(o)`.
    fn PyByteArray_FromObject(object: Obj<'_>) -> Out = ObjRef {
        rpy_vm::protocol::call::call_one(PyByteArray::type_object().as_object(), object)
    }
    /// The number of bytes.
    fn PyByteArray_Size(object: &PyByteArray) -> isize {
        object.len() as isize
    }
    /// The bytes.
    fn PyByteArray_AsString(object: &PyByteArray) -> *mut c_char {
        if object.is_empty() {
            return (&raw const rpy_vm::types::bytearray::EMPTY_STRING) as *mut c_char;
        }
        object.data_ptr() as *mut c_char
    }
    /// Changes the length.
    fn PyByteArray_Resize(object: Obj<'_>, len: isize) -> c_int = () {
        if len < 0 {
            return Err(exc::value_error(format!("Can only resize to positive sizes, got {len}")));
        }
        expect::<PyByteArray>(object)?.resize(len as usize)
    }
    /// `a + b`.
    fn PyByteArray_Concat(a: Obj<'_>, b: Obj<'_>) -> Out = Ref<PyByteArray> {
        let (Ok(first), Ok(second)) = (buffer::Buffer::simple(a), buffer::Buffer::simple(b)) else {
            return Err(exc::type_error(format!("can't concat {} to {}", b.ty().full_name(), a.ty().full_name())));
        };
        PyByteArray::try_new(&[first.bytes(), second.bytes()].concat())
    }
}

fn bytes_arg(object: &PyObject) -> PyResult<&PyBytes> {
    object
        .downcast_ref()
        .ok_or_else(|| exc::type_error(format!("expected bytes, {} found", object.ty().full_name())))
}

/// `PyBytes_FromObject`.
pub fn from_object(object: &PyObject) -> PyResult<ObjRef> {
    if PyBytes::check_exact(object) {
        return Ok(object.new_ref());
    }
    if buffer::Buffer::check(object) {
        let view = buffer::Buffer::get(object, buffer::flags::FULL_RO)?;
        return Ok(PyBytes::try_from_vec(view.to_vec(b'C')?)?.into_obj());
    }
    if PyStr::check(object) || !(po::is_iterator(object) || po::get_iter(object).is_ok()) {
        return Err(exc::type_error(format!("cannot convert '{}' object to bytes", object.ty().full_name())));
    }
    let mut out = Vec::new();
    let iterator = po::get_iter(object)?;
    while let Some(item) = po::iter_next(&iterator)? {
        let value = number::as_isize(&item, None)?;
        match u8::try_from(value) {
            Ok(byte) => out.push(byte),
            Err(_) => return Err(exc::value_error("bytes must be in range(0, 256)")),
        }
    }
    Ok(PyBytes::try_from_vec(out)?.into_obj())
}

unsafe fn concat(place: *mut *mut PyObject, right: Option<&PyObject>) {
    // SAFETY: the place holds an owned reference or NULL.
    unsafe {
        if (*place).is_null() {
            return;
        }
        let left: ObjRef = Ref::from_owned_ptr(*place);
        place.write(core::ptr::null_mut());
        let Some(right) = right else { return };
        match rpy_vm::protocol::sequence::concat(&left, right) {
            Ok(result) => place.write(result.into_raw()),
            Err(error) => error.restore(),
        }
    }
}
