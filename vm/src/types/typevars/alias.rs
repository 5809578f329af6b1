//! `TypeAliasType`: what the `type` statement makes.

use super::*;

/// Type alias.
///
/// Type aliases are created through the type statement::
///
///     type Alias = int
///
/// In this example, Alias and int will be treated equivalently by static
/// type checkers.
///
/// At runtime, Alias is an instance of TypeAliasType. The __name__
/// attribute holds the name of the type alias. The value of the type alias
/// is stored in the __value__ attribute. It is evaluated lazily, so the
/// value is computed only if the attribute is accessed.
///
/// Type aliases can also be generic::
///
///     type ListOrSet[T] = list[T] | set[T]
///
/// In this case, the type parameters of the alias are stored in the
/// __type_params__ attribute.
///
/// See PEP 695 for more information.
#[pyclass(name = "TypeAliasType", module = "typing", symbol = "_PyTypeAlias_Type", gc)]
#[repr(C)]
pub struct PyTypeAliasType {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__name__", object)]
    pub name: Ref<PyStr>,
    /// Not there for an alias that is not generic.
    pub type_params: OptRef<PyTuple>,
    pub compute_value: OptRef,
    pub value: OptRef,
    pub module: OptRef,
}

impl PyTypeAliasType {
    fn build(name: Ref<PyStr>, type_params: Option<Ref<PyTuple>>) -> PyTypeAliasType {
        PyTypeAliasType {
            ob_base: PyObject::placeholder(),
            name,
            type_params: OptRef::new(type_params.filter(|params| params.len() > 0)),
            compute_value: OptRef::NULL,
            value: OptRef::NULL,
            module: OptRef::NULL,
        }
    }

    /// An alias made by the compiler.
    pub fn lazy(name: Ref<PyStr>, type_params: Option<Ref<PyTuple>>, compute_value: ObjRef) -> Ref<PyTypeAliasType> {
        let alias = new_exact(PyTypeAliasType::build(name, type_params));
        alias.compute_value.set(Some(compute_value));
        alias
    }

    fn lazy_value(&self) -> Lazy<'_> {
        Lazy { value: &self.value, evaluate: &self.compute_value }
    }
}

/// Parameters without a default cannot follow one with a default.
fn check_parameters(parameters: &PyTuple) -> PyResult<()> {
    let mut default_seen = false;
    for parameter in parameters.items() {
        if !default_of(parameter)?.is(&NO_DEFAULT) {
            default_seen = true;
        } else if default_seen {
            let shown = object::repr(parameter)?;
            return Err(exc::type_error(format!(
                "non-default type parameter '{}' follows default type parameter",
                shown.to_string_lossy()
            )));
        }
    }
    Ok(())
}

#[pymethods]
impl PyTypeAliasType {
    #[pynew(sig = "(name, value, *, type_params=<unrepresentable>)")]
    fn py_new(_cls: &PyTypeObject, name: &PyStr, value: &PyObject, type_params: Option<ObjRef>) -> PyResult {
        let type_params = match type_params {
            None => None,
            Some(params) => {
                Some(params.downcast::<PyTuple>().map_err(|_| exc::type_error("type_params must be a tuple"))?)
            }
        };
        if let Some(params) = &type_params {
            check_parameters(params)?;
        }
        let alias = new_exact(PyTypeAliasType::build(name.to_ref(), type_params));
        alias.value.set(Some(value.new_ref()));
        alias.module.set(Some(caller()));
        Ok(alias.into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> ObjRef {
        self.name.to_obj()
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        union::type_or(a, b)
    }

    #[slot]
    fn tp_iter(&self) -> PyResult {
        unpack_iter(self.as_object())
    }

    #[slot]
    fn mp_subscript(&self, item: &PyObject) -> PyResult {
        if self.type_params.is_null() {
            return Err(exc::type_error("Only generic type aliases are subscriptable"));
        }
        generic_alias::new(self.as_object(), item)
    }

    #[pygetset]
    fn __parameters__(&self) -> PyResult {
        match self.type_params.get() {
            Some(params) => Ok(unpack_typevartuples(&params)?.into_obj()),
            None => Ok(PyTuple::empty().into_obj()),
        }
    }

    #[pygetset]
    fn __type_params__(&self) -> ObjRef {
        self.type_params.get().unwrap_or_else(PyTuple::empty).into_obj()
    }

    #[pygetset]
    fn __value__(&self) -> PyResult<Option<ObjRef>> {
        self.lazy_value().get()
    }

    #[pygetset]
    fn evaluate_value(&self) -> ObjRef {
        self.lazy_value().evaluator()
    }

    #[pygetset]
    fn __module__(&self) -> Option<ObjRef> {
        self.module.get().or_else(|| module_of_function(&*self.compute_value.get()?))
    }

    #[pymethod]
    fn __reduce__(&self) -> ObjRef {
        self.name.to_obj()
    }
}
