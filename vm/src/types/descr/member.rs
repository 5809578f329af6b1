//! `member_descriptor`: fields of a C struct seen as attributes; also what `__slots__` makes.

use core::cell::Cell;
use core::ffi::{CStr, c_char};

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::defs::{PyMemberDef, member};
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::number;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use rpy_derive::{pyclass, pymethods};

use super::PyDescr;
use super::doc::{c_text, doc_of, text_or_none};

/// A field of a built-in type, or a slot of a class with `__slots__`.
#[pyclass(name = "member_descriptor", symbol = "PyMemberDescr_Type", gc, no_new)]
#[repr(C)]
pub struct PyMemberDescr {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__objclass__", object)]
    pub d_type: Ref<PyTypeObject>,
    #[pymember(readonly, name = "__name__", object)]
    pub d_name: Ref<PyStr>,
    pub d_qualname: OptRef,
    #[pytraverse(skip)]
    pub d_member: Cell<*const PyMemberDef>,
}

/// `PyDescr_NewMember`.
///
/// # Safety
/// `def` outlives the type.
pub unsafe fn new_member(ty: &PyTypeObject, def: *const PyMemberDef) -> PyResult {
    // SAFETY: the caller's promise.
    let (name, member_flags) = unsafe { (c_text((*def).name).unwrap_or("?"), (*def).flags) };
    if member_flags & member::RELATIVE_OFFSET != 0 {
        return Err(exc::system_error("PyDescr_NewMember used with Py_RELATIVE_OFFSET"));
    }
    Ok(new_exact(PyMemberDescr {
        ob_base: PyObject::placeholder(),
        d_type: ty.to_ref(),
        d_name: PyStr::intern(PyStr::new(name)),
        d_qualname: OptRef::NULL,
        d_member: Cell::new(def),
    })
    .into_obj())
}

impl PyMemberDescr {
    fn common(&self) -> &PyDescr {
        // SAFETY: the same first fields.
        unsafe { self.as_object().cast_unchecked_ref() }
    }

    /// The definition.
    #[inline(always)]
    pub fn def(&self) -> &PyMemberDef {
        // SAFETY: definitions outlive their types.
        unsafe { &*self.d_member.get() }
    }
}

#[pymethods]
impl PyMemberDescr {
    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        self.common().repr("member")
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult {
        let Some(obj) = obj else {
            return Ok(self.to_obj());
        };
        self.common().check(obj)?;
        let def = self.def();
        if def.flags & member::AUDIT_READ != 0 {
            crate::runtime::audit::audit("object.__getattr__", &[obj, self.d_name.as_object()])?;
        }
        // SAFETY: `obj` is an instance of the type whose definition this is.
        unsafe { get_member(obj, def) }
    }

    #[slot]
    fn tp_descr_set(&self, obj: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        self.common().check(obj)?;
        // SAFETY: `obj` is an instance of the type whose definition this is.
        unsafe { set_member(obj, self.def(), value) }
    }

    /// Helper for pickle.
    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        self.common().reduce()
    }

    #[pygetset]
    fn __doc__(&self) -> ObjRef {
        // SAFETY: the texts of a definition live as long as it.
        unsafe {
            let name = c_text(self.def().name).unwrap_or("");
            text_or_none(c_text(self.def().doc.get()).and_then(|doc| doc_of(name, doc)))
        }
    }

    #[pygetset]
    fn __qualname__(&self) -> PyResult {
        self.common().qualname()
    }
}

/// `PyMember_GetOne`: reads a field.
///
/// # Safety
/// `obj` has the field that `def` describes.
pub unsafe fn get_member(obj: &PyObject, def: &PyMemberDef) -> PyResult {
    if def.flags & member::RELATIVE_OFFSET != 0 {
        return Err(exc::system_error("PyMember_GetOne used with Py_RELATIVE_OFFSET"));
    }
    // SAFETY: the caller's promise: the field lies there and has the type that the code says.
    unsafe {
        let field = (obj.as_ptr() as *const u8).offset(def.offset);
        /// The field's value as `$ty`.
        macro_rules! read {
            ($ty:ty) => {
                (field as *const $ty).read_unaligned()
            };
        }
        Ok(match def.type_code {
            member::OBJECT => match read!(*mut PyObject).as_ref() {
                Some(value) => value.new_ref(),
                None => crate::none(),
            },
            member::OBJECT_EX => match read!(*mut PyObject).as_ref() {
                Some(value) => value.new_ref(),
                None => {
                    return Err(exc::attribute_error_msg(format!(
                        "'{}' object has no attribute '{}'",
                        super::fully_qualified_name(obj.ty()),
                        c_text(def.name).unwrap_or("?")
                    )));
                }
            },
            member::BOOL => crate::py_bool(read!(c_char) != 0),
            member::BYTE => PyInt::from_i64(read!(i8).into()).into_obj(),
            member::UBYTE => PyInt::from_i64(read!(u8).into()).into_obj(),
            member::SHORT => PyInt::from_i64(read!(i16).into()).into_obj(),
            member::USHORT => PyInt::from_i64(read!(u16).into()).into_obj(),
            member::INT => PyInt::from_i64(read!(i32).into()).into_obj(),
            member::UINT => PyInt::from_i64(read!(u32).into()).into_obj(),
            member::LONG | member::LONGLONG | member::PYSSIZET => PyInt::from_i64(read!(i64)).into_obj(),
            member::ULONG | member::ULONGLONG => PyInt::from_u64(read!(u64)).into_obj(),
            member::FLOAT => PyFloat::new(read!(f32).into()).into_obj(),
            member::DOUBLE => PyFloat::new(read!(f64)).into_obj(),
            member::STRING => {
                let text = read!(*const c_char);
                if text.is_null() { crate::none() } else { c_string(CStr::from_ptr(text)) }
            }
            member::STRING_INPLACE => c_string(CStr::from_ptr(field as *const c_char)),
            member::CHAR => PyStr::from_latin1(&[read!(u8)]).into_obj(),
            member::NONE => crate::none(),
            _ => {
                return Err(exc::system_error(format!("bad memberdescr type for {}", c_text(def.name).unwrap_or("?"))));
            }
        })
    }
}

/// A C string as a `str`; foreign bytes are replaced, since reading an attribute should not fail over them.
fn c_string(text: &CStr) -> ObjRef {
    PyStr::from_string(text.to_string_lossy().into_owned()).into_obj()
}

/// `PyMember_SetOne`: writes a field, or empties it when `value` is `None`.
///
/// # Safety
/// `obj` has the field that `def` describes.
pub unsafe fn set_member(obj: &PyObject, def: &PyMemberDef, value: Option<&PyObject>) -> PyResult<()> {
    if def.flags & member::RELATIVE_OFFSET != 0 {
        return Err(exc::system_error("PyMember_SetOne used with Py_RELATIVE_OFFSET"));
    }
    if def.flags & member::READONLY != 0 {
        return Err(exc::attribute_error_msg("readonly attribute"));
    }
    // SAFETY: the caller's promise: the field lies there and has the type that the code says.
    unsafe {
        let field = (obj.as_ptr() as *mut u8).offset(def.offset);
        if matches!(def.type_code, member::OBJECT | member::OBJECT_EX) {
            // Objects in fields are aligned, and laid out as our own nullable reference.
            let field = &*(field as *const OptRef);
            if value.is_none() && def.type_code == member::OBJECT_EX && field.is_null() {
                return Err(exc::attribute_error_msg(c_text(def.name).unwrap_or("?")));
            }
            // The old value goes after the new one is in place.
            field.set(value.map(PyObject::new_ref));
            return Ok(());
        }
        let Some(value) = value else {
            return Err(exc::type_error("can't delete numeric/char attribute"));
        };
        /// Writes an integer, warning if it does not fit.
        macro_rules! write_int {
            ($ty:ty, $name:literal) => {{
                let wide = as_c_long(value)?;
                (field as *mut $ty).write_unaligned(wide as $ty);
                if <$ty>::try_from(wide).is_err() {
                    warn(concat!("Truncation of value to ", $name))?;
                }
            }};
        }
        /// Writes an unsigned integer; negative ones are accepted with a warning.
        macro_rules! write_unsigned {
            ($ty:ty, $name:literal) => {{
                let int = number::index(value)?;
                if let Some(wide) = int.as_i64() {
                    (field as *mut $ty).write_unaligned(wide as $ty);
                    if wide < 0 {
                        warn("Writing negative value into unsigned field")?;
                    } else if <$ty>::try_from(wide).is_err() {
                        warn(concat!("Truncation of value to ", $name))?;
                    }
                } else {
                    let wide = int.as_u64().ok_or_else(|| too_large(concat!("C ", $name)))?;
                    (field as *mut $ty).write_unaligned(wide as $ty);
                    if <$ty>::try_from(wide).is_err() {
                        warn(concat!("Truncation of value to ", $name))?;
                    }
                }
            }};
        }
        match def.type_code {
            member::BOOL => {
                let value = if value.is(&crate::py_bool(true)) {
                    1
                } else if value.is(&crate::py_bool(false)) {
                    0
                } else {
                    return Err(exc::type_error("attribute value type must be bool"));
                };
                (field as *mut u8).write(value);
            }
            member::BYTE => write_int!(i8, "char"),
            member::UBYTE => write_int!(u8, "unsigned char"),
            member::SHORT => write_int!(i16, "short"),
            member::USHORT => write_int!(u16, "unsigned short"),
            member::INT => write_int!(i32, "int"),
            member::UINT => write_unsigned!(u32, "unsigned int"),
            member::LONG => (field as *mut i64).write_unaligned(as_c_long(value)?),
            member::ULONG => write_unsigned!(u64, "unsigned long"),
            member::PYSSIZET => {
                let int = number::index(value)?;
                let wide = int.as_i64().ok_or_else(|| too_large("C ssize_t"))?;
                (field as *mut i64).write_unaligned(wide);
            }
            member::LONGLONG => {
                let int = number::index(value)?;
                let wide = int.as_i64().ok_or_else(|| too_large("C long"))?;
                (field as *mut i64).write_unaligned(wide);
            }
            member::ULONGLONG => write_unsigned!(u64, "unsigned long long"),
            member::FLOAT => (field as *mut f32).write_unaligned(number::as_f64(value)? as f32),
            member::DOUBLE => (field as *mut f64).write_unaligned(number::as_f64(value)?),
            member::CHAR => {
                let is_str = value.ty().has_flag(flags::UNICODE_SUBCLASS);
                let text = is_str.then(|| value.cast_unchecked_ref::<PyStr>());
                match text {
                    Some(text) if text.len() == 1 && text.char_at(0) < 0x80 => field.write(text.char_at(0) as u8),
                    _ => return Err(exc::type_error("bad argument type for built-in operation")),
                }
            }
            member::STRING | member::STRING_INPLACE => return Err(exc::type_error("readonly attribute")),
            _ => {
                return Err(exc::system_error(format!("bad memberdescr type for {}", c_text(def.name).unwrap_or("?"))));
            }
        }
    }
    Ok(())
}

fn as_c_long(value: &PyObject) -> PyResult<i64> {
    number::index(value)?.as_i64().ok_or_else(|| too_large("C long"))
}

#[cold]
fn too_large(what: &str) -> crate::err::PyErr {
    exc::overflow_error(format!("Python int too large to convert to {what}"))
}

#[cold]
fn warn(text: &str) -> PyResult<()> {
    crate::runtime::warnings::warn(exc::RuntimeWarning(), text, 1)
}
