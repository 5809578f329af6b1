//! `TypeVarTuple`.

use core::cell::Cell;

use super::*;

/// Type variable tuple. A specialized form of type variable that enables
/// variadic generics.
///
/// The preferred way to construct a type variable tuple is via the
/// dedicated syntax for generic functions, classes, and type aliases,
/// where a single '*' indicates a type variable tuple::
///
///     def move_first_element_to_last[T, *Ts](tup: tuple[T, *Ts]) -> tuple[*Ts, T]:
///         return (*tup[1:], tup[0])
///
/// Type variables tuples can have default values:
///
///     type AliasWithDefault[*Ts = (str, int)] = tuple[*Ts]
///
/// For compatibility with Python 3.11 and earlier, TypeVarTuple objects
/// can also be created as follows::
///
///     Ts = TypeVarTuple('Ts')  # Can be given any name
///     DefaultTs = TypeVarTuple('Ts', default=(str, int))
///
/// Just as a TypeVar (type variable) is a placeholder for a single type,
/// a TypeVarTuple is a placeholder for an *arbitrary* number of types.
#[pyclass(name = "TypeVarTuple", module = "typing", symbol = "_PyTypeVarTuple_Type", dict = dict, weaklist = weaklist, gc)]
#[repr(C)]
pub struct PyTypeVarTuple {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__name__", object)]
    pub name: Ref<PyStr>,
    pub default_value: OptRef,
    pub evaluate_default: OptRef,
    pub dict: OptRef<PyDict>,
    #[pytraverse(skip)]
    pub weaklist: Cell<*mut PyObject>,
}

impl PyTypeVarTuple {
    /// A variable made by the compiler.
    pub fn lazy(name: Ref<PyStr>) -> Ref<PyTypeVarTuple> {
        new_exact(PyTypeVarTuple {
            ob_base: PyObject::placeholder(),
            name,
            default_value: OptRef::NULL,
            evaluate_default: OptRef::NULL,
            dict: OptRef::NULL,
            weaklist: Cell::new(core::ptr::null_mut()),
        })
    }

    fn lazy_default(&self) -> Lazy<'_> {
        Lazy { value: &self.default_value, evaluate: &self.evaluate_default }
    }

    /// The default, or `NoDefault`.
    pub fn default(&self) -> PyResult {
        Ok(self.lazy_default().get()?.unwrap_or_else(|| NO_DEFAULT.new_ref()))
    }
}

#[pymethods]
impl PyTypeVarTuple {
    #[pynew(sig = "(name, *, default=typing.NoDefault)")]
    fn py_new(_cls: &PyTypeObject, name: &PyStr, default: Option<ObjRef>) -> PyResult {
        let variable = PyTypeVarTuple::lazy(name.to_ref());
        variable.default_value.set(Some(default.unwrap_or_else(|| NO_DEFAULT.new_ref())));
        set_module(variable.as_object(), Some(&caller()))?;
        Ok(variable.into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> ObjRef {
        self.name.to_obj()
    }

    #[slot]
    fn tp_iter(&self) -> PyResult {
        unpack_iter(self.as_object())
    }

    /// The default value for this TypeVarTuple.
    #[pygetset]
    fn __default__(&self) -> PyResult {
        self.default()
    }

    #[pygetset]
    fn evaluate_default(&self) -> ObjRef {
        self.lazy_default().evaluator()
    }

    #[pymethod]
    fn has_default(&self) -> bool {
        self.lazy_default().is_given()
    }

    #[pymethod]
    fn __typing_subst__(&self, _arg: &PyObject) -> PyResult {
        Err(exc::type_error("Substitution of bare TypeVarTuple is not supported"))
    }

    #[pymethod]
    fn __typing_prepare_subst__(&self, alias: &PyObject, args: &PyObject) -> PyResult {
        call_typing("_typevartuple_prepare_subst", &[self.as_object(), alias, args])
    }

    #[pymethod]
    fn __reduce__(&self) -> ObjRef {
        self.name.to_obj()
    }

    #[pymethod]
    fn __mro_entries__(&self, _bases: &PyObject) -> PyResult {
        cannot_subclass("TypeVarTuple")
    }
}
