//! `property`.

use core::cell::Cell;

use crate::PyResult;
use crate::err::PyErr;
use crate::exc;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject};
use crate::protocol::{call, object};
use crate::runtime::recursion;
use rpy_derive::{pyclass, pymethods};

use super::or_none;

/// Property attribute.
///
///   fget
///     function to be used for getting an attribute value
///   fset
///     function to be used for setting an attribute value
///   fdel
///     function to be used for del'ing an attribute
///   doc
///     docstring
///
/// Typical use is to define a managed attribute x:
///
/// class C(object):
///     def getx(self): return self._x
///     def setx(self, value): self._x = value
///     def delx(self): del self._x
///     x = property(getx, setx, delx, "I'm the 'x' property.")
///
/// Decorators make defining new properties or modifying existing ones easy:
///
/// class C(object):
///     @property
///     def x(self):
///         "I am the 'x' property."
///         return self._x
///     @x.setter
///     def x(self, value):
///         self._x = value
///     @x.deleter
///     def x(self):
///         del self._x
#[pyclass(name = "property", symbol = "PyProperty_Type", gc, flags(BASETYPE))]
#[repr(C)]
pub struct PyProperty {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "fget", object)]
    pub prop_get: OptRef,
    #[pymember(readonly, name = "fset", object)]
    pub prop_set: OptRef,
    #[pymember(readonly, name = "fdel", object)]
    pub prop_del: OptRef,
    #[pymember(name = "__doc__", object)]
    pub prop_doc: OptRef,
    pub prop_name: OptRef,
    /// The doc string came from the getter.
    pub getter_doc: Cell<i32>,
}

/// Which of a property's functions is missing.
#[derive(Clone, Copy)]
enum Missing {
    Getter,
    Setter,
    Deleter,
}

impl PyProperty {
    /// `__name__`: set by the class, or the getter's.
    fn find_name(&self) -> PyResult<Option<ObjRef>> {
        if let Some(name) = self.prop_name.get() {
            return Ok(Some(name));
        }
        match self.prop_get.get() {
            Some(getter) => object::getattr_opt(&getter, intern!("__name__")),
            None => Ok(None),
        }
    }

    #[cold]
    fn missing(&self, obj: &PyObject, what: Missing) -> PyErr {
        let what = match what {
            Missing::Getter => "getter",
            Missing::Setter => "setter",
            Missing::Deleter => "deleter",
        };
        let message = || -> PyResult<String> {
            let name = self.find_name()?;
            let owner = object::getattr(obj.ty().as_object(), intern!("__qualname__"))?;
            let owner = object::repr(&owner)?;
            Ok(match name {
                Some(name) => {
                    let name = object::repr(&name)?;
                    format!("property {} of {} object has no {what}", name.to_string_lossy(), owner.to_string_lossy())
                }
                None => format!("property of {} object has no {what}", owner.to_string_lossy()),
            })
        };
        match message() {
            Ok(message) => exc::attribute_error_msg(message),
            Err(e) => e,
        }
    }

    /// A property of the same class with one function replaced.
    fn copy(&self, get: Option<&PyObject>, set: Option<&PyObject>, del: Option<&PyObject>) -> PyResult {
        let pick = |new: Option<&PyObject>, old: &OptRef| -> ObjRef {
            match new {
                Some(new) if !crate::is_none(new) => new.new_ref(),
                _ => or_none(old.get()),
            }
        };
        let get = pick(get, &self.prop_get);
        let set = pick(set, &self.prop_set);
        let del = pick(del, &self.prop_del);
        // A doc string that came from the getter is taken from the new getter.
        let doc = if self.getter_doc.get() != 0 && !crate::is_none(&get) {
            crate::none()
        } else {
            or_none(self.prop_doc.get())
        };
        let new = call::call(self.as_object().ty().as_object(), &[&get, &set, &del, &doc])?;
        if let Some(property) = new.downcast_ref::<PyProperty>() {
            property.prop_name.set(self.prop_name.get());
        }
        Ok(new)
    }
}

#[pymethods]
impl PyProperty {
    #[slot]
    fn tp_new(
        cls: &PyTypeObject,
        _args: &crate::types::tuple::PyTuple,
        _kwargs: Option<&crate::types::dict::PyDict>,
    ) -> PyResult {
        Ok(crate::object::alloc::new_in(
            cls,
            PyProperty {
                ob_base: PyObject::placeholder(),
                prop_get: OptRef::NULL,
                prop_set: OptRef::NULL,
                prop_del: OptRef::NULL,
                prop_doc: OptRef::NULL,
                prop_name: OptRef::NULL,
                getter_doc: Cell::new(0),
            },
        )?
        .into_obj())
    }

    #[pyinit(sig = "(fget=None, fset=None, fdel=None, doc=None)")]
    fn py_init(
        &self,
        fget: Option<&PyObject>,
        fset: Option<&PyObject>,
        fdel: Option<&PyObject>,
        doc: Option<&PyObject>,
    ) -> PyResult<()> {
        if self.prop_get.peek().is_some() {
            super::made_anew();
        }
        self.prop_get.set(fget.map(PyObject::new_ref));
        self.prop_set.set(fset.map(PyObject::new_ref));
        self.prop_del.set(fdel.map(PyObject::new_ref));
        self.prop_doc.set(None);
        self.prop_name.set(None);
        self.getter_doc.set(0);
        let doc = match (doc, fget) {
            (Some(doc), _) => Some(doc.new_ref()),
            (None, Some(fget)) => {
                let doc = object::getattr_opt(fget, intern!("__doc__"))?.filter(|doc| !crate::is_none(doc));
                self.getter_doc.set(doc.is_some().into());
                doc
            }
            (None, None) => None,
        };
        if PyProperty::check_exact(self.as_object()) {
            self.prop_doc.set(doc);
            return Ok(());
        }
        // In a subclass, the class's own `__doc__` would hide the field: the instance gets an attribute.
        match object::setattr(self.as_object(), intern!("__doc__"), Some(&or_none(doc))) {
            // A subclass without room for the attribute goes without a doc string that was given explicitly.
            Err(e) if self.getter_doc.get() == 0 && e.matches(exc::AttributeError()) => Ok(()),
            result => result,
        }
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult {
        let Some(obj) = obj.filter(|obj| !crate::is_none(obj)) else {
            return Ok(self.to_obj());
        };
        match self.prop_get.get() {
            Some(getter) => call::call_one(&getter, obj),
            None => Err(self.missing(obj, Missing::Getter)),
        }
    }

    #[slot]
    fn tp_descr_set(&self, obj: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            Some(value) => match self.prop_set.get() {
                Some(setter) => call::call(&setter, &[obj, value]).map(drop),
                None => Err(self.missing(obj, Missing::Setter)),
            },
            None => match self.prop_del.get() {
                Some(deleter) => call::call_one(&deleter, obj).map(drop),
                None => Err(self.missing(obj, Missing::Deleter)),
            },
        }
    }

    /// Descriptor to obtain a copy of the property with a different getter.
    #[pymethod(sig = "(object, /)")]
    fn getter(&self, object: &PyObject) -> PyResult {
        self.copy(Some(object), None, None)
    }

    /// Descriptor to obtain a copy of the property with a different setter.
    #[pymethod(sig = "(object, /)")]
    fn setter(&self, object: &PyObject) -> PyResult {
        self.copy(None, Some(object), None)
    }

    /// Descriptor to obtain a copy of the property with a different deleter.
    #[pymethod(sig = "(object, /)")]
    fn deleter(&self, object: &PyObject) -> PyResult {
        self.copy(None, None, Some(object))
    }

    /// Method to set name of a property.
    #[pymethod(sig = "(*args)")]
    fn __set_name__(&self, args: &[&PyObject]) -> PyResult<()> {
        let [_, name] = args else {
            return Err(exc::type_error(format!(
                "__set_name__() takes 2 positional arguments but {} were given",
                args.len()
            )));
        };
        self.prop_name.set(Some(name.new_ref()));
        Ok(())
    }

    #[pygetset]
    fn __name__(&self) -> PyResult {
        self.find_name()?.ok_or_else(|| exc::attribute_error_msg("'property' object has no attribute '__name__'"))
    }

    #[pygetset(setter, name = "__name__")]
    fn set_name(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.prop_name.set(value.map(PyObject::new_ref));
        Ok(())
    }

    #[pygetset]
    fn __isabstractmethod__(&self) -> PyResult<bool> {
        for function in [&self.prop_get, &self.prop_set, &self.prop_del] {
            if is_abstract(function.get().as_deref())? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Has a function been marked by `abc.abstractmethod`?
pub fn is_abstract(function: Option<&PyObject>) -> PyResult<bool> {
    let Some(function) = function else {
        return Ok(false);
    };
    // The function may be a descriptor that asks its own function.
    recursion::check("")?;
    match object::getattr_opt(function, intern!("__isabstractmethod__"))? {
        Some(mark) => object::is_true(&mark),
        None => Ok(false),
    }
}
