//! Descriptors: what stands in a type's dict for methods, computed attributes, C fields and slots; and the descriptors
//! that Python code makes (`property`, `classmethod`, `staticmethod`), and the read-only view of a type's dict.
//!
//! The built-in descriptors share their first fields ([`PyDescr`]), as in C.

use crate::PyResult;
use crate::exc;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::object;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::type_::type_modified;

pub mod classmethod;
pub mod doc;
pub mod getset;
pub mod mappingproxy;
pub mod member;
pub mod method;
pub mod property;
pub mod wrapper;

pub use classmethod::{PyClassMethod, PyStaticMethod};
pub use getset::{PyGetSetDescr, new_getset};
pub use mappingproxy::PyMappingProxy;
pub use member::{PyMemberDescr, get_member, new_member, set_member};
pub use method::{PyClassMethodDescr, PyMethodDescr, new_classmethod_descr, new_method_descr};
pub use property::PyProperty;
pub use wrapper::{PyMethodWrapper, PyWrapperDescr, WrapperBase, new_wrapper};

/// To be called before a property, class method or static method that may be in use gets another function: inline caches and traces
/// rely on what such attributes of a type hold as long as the type does not change, and any type may have this one.
fn made_anew() {
    type_modified(PyObject::type_object());
}

/// What the built-in descriptors start with (40 bytes).
#[repr(C)]
pub struct PyDescr {
    pub ob_base: PyObject,
    /// The type whose dict holds the descriptor.
    pub d_type: Ref<PyTypeObject>,
    pub d_name: Ref<PyStr>,
    /// Computed when asked for.
    pub d_qualname: OptRef,
}

// SAFETY: starts with the header.
unsafe impl PyStruct for PyDescr {}

impl PyDescr {
    /// The attribute's name, for messages.
    pub fn name(&self) -> String {
        self.d_name.to_string_lossy().into_owned()
    }

    /// Refuses an object that is not an instance of the descriptor's type.
    #[inline]
    pub fn check(&self, object: &PyObject) -> PyResult<()> {
        let ty = object.ty();
        if core::ptr::eq(ty, &*self.d_type) || ty.is_subtype(&self.d_type) {
            Ok(())
        } else {
            Err(self.wrong_object(object))
        }
    }

    #[cold]
    fn wrong_object(&self, object: &PyObject) -> crate::err::PyErr {
        exc::type_error(format!(
            "descriptor '{}' for '{}' objects doesn't apply to a '{}' object",
            self.name(),
            self.d_type.full_name(),
            object.ty().full_name()
        ))
    }

    /// `__qualname__`: the type's and the attribute's, joined.
    pub fn qualname(&self) -> PyResult {
        if let Some(known) = self.d_qualname.get() {
            return Ok(known);
        }
        let of_type = object::getattr(self.d_type.as_object(), intern!("__qualname__"))?;
        let Some(of_type) = of_type.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("<descriptor>.__objclass__.__qualname__ is not a unicode object"));
        };
        let mut text = StrBuilder::new();
        text.push_py(of_type);
        text.push_str(".");
        text.push_py(&self.d_name);
        let text = text.finish().into_obj();
        self.d_qualname.set(Some(text.clone()));
        Ok(text)
    }

    /// `<{kind} 'name' of 'type' objects>`.
    pub fn repr(&self, kind: &str) -> Ref<PyStr> {
        let mut text = StrBuilder::new();
        text.push_str(&format!("<{kind} '"));
        text.push_py(&self.d_name);
        text.push_str(&format!("' of '{}' objects>", self.d_type.name()));
        text.finish()
    }

    /// `__reduce__`: `(getattr, (type, name))`.
    pub fn reduce(&self) -> PyResult {
        reduce_to_getattr(self.d_type.as_object(), self.d_name.as_object())
    }
}

/// A pickle recipe: `(getattr, (object, name))`.
pub fn reduce_to_getattr(object: &PyObject, name: &PyObject) -> PyResult {
    use crate::types::tuple::PyTuple;
    let getattr = builtin("getattr")?;
    let args = PyTuple::from_slice(&[object, name]);
    Ok(PyTuple::from_slice(&[&getattr, args.as_object()]).into_obj())
}

/// A name among the running code's builtins.
pub fn builtin(name: &'static str) -> PyResult {
    crate::types::list::builtin(PyStr::intern_static(name))
}

/// How messages call a callable: `module.qualname()`, without the module for built-ins.
pub fn function_str(function: &PyObject) -> String {
    let name = || -> PyResult<String> {
        let Some(qualname) = object::getattr_opt(function, intern!("__qualname__"))? else {
            return Ok(object::str(function)?.to_string_lossy().into_owned());
        };
        let qualname = object::str(&qualname)?;
        if let Some(module) = object::getattr_opt(function, intern!("__module__"))?
            && !crate::is_none(&module)
        {
            let module = object::str(&module)?;
            if !module.eq_str("builtins") {
                return Ok(format!("{}.{}()", module.to_string_lossy(), qualname.to_string_lossy()));
            }
        }
        Ok(format!("{}()", qualname.to_string_lossy()))
    };
    name().unwrap_or_else(|_| "?()".to_owned())
}

/// A type as `%T` shows it in C: with its module, unless that is `builtins` or `__main__`.
pub fn fully_qualified_name(ty: &PyTypeObject) -> String {
    if !ty.has_flag(crate::object::flags::HEAPTYPE) {
        return ty.full_name().to_owned();
    }
    let text = |name: &'static PyStr| {
        let found = object::getattr_opt(ty.as_object(), name).ok().flatten()?;
        Some(found.downcast_ref::<PyStr>()?.to_string_lossy().into_owned())
    };
    let qualname = text(intern!("__qualname__")).unwrap_or_else(|| ty.name().to_owned());
    match text(intern!("__module__")) {
        Some(module) if module != "builtins" && module != "__main__" => format!("{module}.{qualname}"),
        _ => qualname,
    }
}

/// The hash of an address: rotated, since the low bits are always zero.
pub fn hash_pointer<T: ?Sized>(pointer: *const T) -> isize {
    match (pointer as *const u8 as usize).rotate_right(4) as isize {
        -1 => -2,
        hash => hash,
    }
}

/// Drops an "own reference or nothing" into the shape of getters: `None` for nothing.
pub fn or_none(value: Option<ObjRef>) -> ObjRef {
    value.unwrap_or_else(crate::none)
}
