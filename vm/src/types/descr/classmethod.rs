//! `classmethod` and `staticmethod`.

use crate::PyResult;
use crate::exc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::{call, object};
use crate::types::dict::PyDict;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

use super::or_none;
use super::property::is_abstract;

/// Convert a function to be a class method.
///
/// A class method receives the class as implicit first argument,
/// just like an instance method receives the instance.
/// To declare a class method, use this idiom:
///
///   class C:
///       @classmethod
///       def f(cls, arg1, arg2, argN):
///           ...
///
/// It can be called either on the class (e.g. C.f()) or on an instance
/// (e.g. C().f()).  The instance is ignored except for its class.
/// If a class method is called for a derived class, the derived class
/// object is passed as the implied first argument.
///
/// Class methods are different than C++ or Java static methods.
/// If you want those, see the staticmethod builtin.
#[pyclass(name = "classmethod", symbol = "PyClassMethod_Type", gc, dict = cm_dict, flags(BASETYPE))]
#[repr(C)]
pub struct PyClassMethod {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__func__", object)]
    #[pymember(readonly, name = "__wrapped__", object)]
    pub cm_callable: OptRef,
    pub cm_dict: OptRef<PyDict>,
}

/// Convert a function to be a static method.
///
/// A static method does not receive an implicit first argument.
/// To declare a static method, use this idiom:
///
///      class C:
///          @staticmethod
///          def f(arg1, arg2, argN):
///              ...
///
/// It can be called either on the class (e.g. C.f()) or on an instance
/// (e.g. C().f()). Both the class and the instance are ignored, and
/// neither is passed implicitly as the first argument to the method.
///
/// Static methods in Python are similar to those found in Java or C++.
/// For a more advanced concept, see the classmethod builtin.
#[pyclass(name = "staticmethod", symbol = "PyStaticMethod_Type", gc, dict = sm_dict, flags(BASETYPE))]
#[repr(C)]
pub struct PyStaticMethod {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__func__", object)]
    #[pymember(readonly, name = "__wrapped__", object)]
    pub sm_callable: OptRef,
    pub sm_dict: OptRef<PyDict>,
}

/// Copies what `functools.wraps` copies, but for the annotations, which are looked up lazily.
fn copy_wrapped_attributes(wrapper: &PyObject, wrapped: &PyObject) -> PyResult<()> {
    for name in [intern!("__module__"), intern!("__name__"), intern!("__qualname__"), intern!("__doc__")] {
        if let Some(value) = object::getattr_opt(wrapped, name)? {
            object::setattr(wrapper, name, Some(&value))?;
        }
    }
    Ok(())
}

/// The instance's dict, made if need be.
fn own_dict(field: &OptRef<PyDict>) -> Ref<PyDict> {
    field.get().unwrap_or_else(|| {
        let dict = PyDict::new();
        field.set(Some(dict.clone()));
        dict
    })
}

/// `__annotations__` and `__annotate__`: the wrapped function's, kept once asked for.
fn wrapped_attribute(wrapped: &OptRef, dict: &OptRef<PyDict>, name: &'static PyStr) -> PyResult {
    let dict = own_dict(dict);
    if let Some(known) = dict.get_item(name.as_object())? {
        return Ok(known);
    }
    let value = object::getattr(&or_none(wrapped.get()), name)?;
    dict.set_item(name.as_object(), &value)?;
    Ok(value)
}

/// Sets or deletes what [`wrapped_attribute`] keeps.
fn set_wrapped_attribute(
    dict: &OptRef<PyDict>,
    name: &'static PyStr,
    value: Option<&PyObject>,
    class_name: &str,
) -> PyResult<()> {
    let dict = own_dict(dict);
    match value {
        Some(value) => dict.set_item(name.as_object(), value),
        None if dict.del_item(name.as_object())? => Ok(()),
        None => Err(exc::attribute_error_msg(format!(
            "'{class_name}' object has no attribute '{}'",
            name.to_string_lossy()
        ))),
    }
}

/// `classmethod(<function ...>)` in angle brackets.
fn wrapper_repr(name: &str, callable: &OptRef) -> PyResult<Ref<PyStr>> {
    let mut text = StrBuilder::new();
    text.push_str(&format!("<{name}("));
    text.push_py(&*object::repr(&or_none(callable.get()))?);
    text.push_str(")>");
    Ok(text.finish())
}

/// The one positional argument of both constructors.
fn only_argument<'a>(name: &str, args: &'a PyTuple, kwargs: Option<&PyDict>) -> PyResult<&'a PyObject> {
    if kwargs.is_some_and(|k| k.len() != 0) {
        return Err(exc::type_error(format!("{name}() takes no keyword arguments")));
    }
    match args.items() {
        [callable] => Ok(callable),
        other => Err(exc::type_error(format!("{name} expected 1 argument, got {}", other.len()))),
    }
}

#[pymethods(signature = "(function, /)")]
impl PyClassMethod {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        let value =
            PyClassMethod { ob_base: PyObject::placeholder(), cm_callable: OptRef::NULL, cm_dict: OptRef::NULL };
        Ok(crate::object::alloc::new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        let callable = only_argument("classmethod", args, kwargs)?;
        if !self.cm_callable.is_null() {
            super::made_anew();
        }
        self.cm_callable.set(Some(callable.new_ref()));
        copy_wrapped_attributes(self.as_object(), callable)
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, cls: Option<&PyObject>) -> PyResult {
        let Some(callable) = self.cm_callable.get() else {
            return Err(exc::runtime_error("uninitialized classmethod object"));
        };
        let receiver = match (cls, obj) {
            (Some(cls), _) => cls,
            (None, Some(obj)) => obj.ty().as_object(),
            (None, None) => return Err(exc::type_error("__get__(None, None) is invalid")),
        };
        Ok(crate::types::method::PyMethod::new(&callable, receiver).into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        wrapper_repr("classmethod", &self.cm_callable)
    }

    #[pygetset]
    fn __isabstractmethod__(&self) -> PyResult<bool> {
        is_abstract(self.cm_callable.get().as_deref())
    }

    #[pygetset]
    fn __dict__(&self) -> ObjRef {
        own_dict(&self.cm_dict).into_obj()
    }

    #[pygetset(setter, name = "__dict__")]
    fn set_dict(&self, value: Option<&PyObject>) -> PyResult<()> {
        set_dict(&self.cm_dict, value)
    }

    #[pygetset]
    fn __annotations__(&self) -> PyResult {
        wrapped_attribute(&self.cm_callable, &self.cm_dict, intern!("__annotations__"))
    }

    #[pygetset(setter, name = "__annotations__")]
    fn set_annotations(&self, value: Option<&PyObject>) -> PyResult<()> {
        set_wrapped_attribute(&self.cm_dict, intern!("__annotations__"), value, "classmethod")
    }

    #[pygetset]
    fn __annotate__(&self) -> PyResult {
        wrapped_attribute(&self.cm_callable, &self.cm_dict, intern!("__annotate__"))
    }

    #[pygetset(setter, name = "__annotate__")]
    fn set_annotate(&self, value: Option<&PyObject>) -> PyResult<()> {
        set_wrapped_attribute(&self.cm_dict, intern!("__annotate__"), value, "classmethod")
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        crate::types::generic_alias::class_getitem(cls, item)
    }
}

#[pymethods(signature = "(function, /)")]
impl PyStaticMethod {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        let value =
            PyStaticMethod { ob_base: PyObject::placeholder(), sm_callable: OptRef::NULL, sm_dict: OptRef::NULL };
        Ok(crate::object::alloc::new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        let callable = only_argument("staticmethod", args, kwargs)?;
        if !self.sm_callable.is_null() {
            super::made_anew();
        }
        self.sm_callable.set(Some(callable.new_ref()));
        copy_wrapped_attributes(self.as_object(), callable)
    }

    #[slot]
    fn tp_descr_get(&self, _obj: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult {
        self.sm_callable.get().ok_or_else(|| exc::runtime_error("uninitialized staticmethod object"))
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        match self.sm_callable.get() {
            Some(callable) => call::call_tuple(&callable, args, kwargs),
            None => Err(exc::runtime_error("uninitialized staticmethod object")),
        }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        wrapper_repr("staticmethod", &self.sm_callable)
    }

    #[pygetset]
    fn __isabstractmethod__(&self) -> PyResult<bool> {
        is_abstract(self.sm_callable.get().as_deref())
    }

    #[pygetset]
    fn __dict__(&self) -> ObjRef {
        own_dict(&self.sm_dict).into_obj()
    }

    #[pygetset(setter, name = "__dict__")]
    fn set_dict(&self, value: Option<&PyObject>) -> PyResult<()> {
        set_dict(&self.sm_dict, value)
    }

    #[pygetset]
    fn __annotations__(&self) -> PyResult {
        wrapped_attribute(&self.sm_callable, &self.sm_dict, intern!("__annotations__"))
    }

    #[pygetset(setter, name = "__annotations__")]
    fn set_annotations(&self, value: Option<&PyObject>) -> PyResult<()> {
        set_wrapped_attribute(&self.sm_dict, intern!("__annotations__"), value, "staticmethod")
    }

    #[pygetset]
    fn __annotate__(&self) -> PyResult {
        wrapped_attribute(&self.sm_callable, &self.sm_dict, intern!("__annotate__"))
    }

    #[pygetset(setter, name = "__annotate__")]
    fn set_annotate(&self, value: Option<&PyObject>) -> PyResult<()> {
        set_wrapped_attribute(&self.sm_dict, intern!("__annotate__"), value, "staticmethod")
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        crate::types::generic_alias::class_getitem(cls, item)
    }
}

/// The `__dict__` setter of types with a dict field.
pub fn set_dict(field: &OptRef<PyDict>, value: Option<&PyObject>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(exc::type_error("cannot delete __dict__"));
    };
    match value.downcast_ref::<PyDict>() {
        Some(dict) => {
            field.set(Some(dict.to_ref()));
            Ok(())
        }
        None => {
            Err(exc::type_error(format!("__dict__ must be set to a dictionary, not a '{}'", value.ty().full_name())))
        }
    }
}

impl PyClassMethod {
    /// `PyClassMethod_New`: without copying attributes.
    pub fn new(callable: &PyObject) -> Ref<PyClassMethod> {
        crate::object::alloc::new_exact(PyClassMethod {
            ob_base: PyObject::placeholder(),
            cm_callable: OptRef::some(callable.new_ref()),
            cm_dict: OptRef::NULL,
        })
    }
}

impl PyStaticMethod {
    /// `PyStaticMethod_New`: without copying attributes.
    pub fn new(callable: &PyObject) -> Ref<PyStaticMethod> {
        crate::object::alloc::new_exact(PyStaticMethod {
            ob_base: PyObject::placeholder(),
            sm_callable: OptRef::some(callable.new_ref()),
            sm_dict: OptRef::NULL,
        })
    }
}
