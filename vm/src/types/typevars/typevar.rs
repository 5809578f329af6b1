//! `TypeVar`.

use core::cell::Cell;

use super::*;

/// Type variable.
///
/// The preferred way to construct a type variable is via the dedicated
/// syntax for generic functions, classes, and type aliases::
///
///     class Sequence[T]:  # T is a TypeVar
///         ...
///
/// This syntax can also be used to create bound and constrained type
/// variables::
///
///     # S is a TypeVar bound to str
///     class StrSequence[S: str]:
///         ...
///
///     # A is a TypeVar constrained to str or bytes
///     class StrOrBytesSequence[A: (str, bytes)]:
///         ...
///
/// Type variables can also have defaults:
///
///     class IntDefault[T = int]:
///         ...
///
/// However, if desired, reusable type variables can also be constructed
/// manually, like so::
///
///    T = TypeVar('T')  # Can be anything
///    S = TypeVar('S', bound=str)  # Can be any subtype of str
///    A = TypeVar('A', str, bytes)  # Must be exactly str or bytes
///    D = TypeVar('D', default=int)  # Defaults to int
///
/// Type variables exist primarily for the benefit of static type
/// checkers.  They serve as the parameters for generic types as well
/// as for generic function and type alias definitions.
///
/// The variance of type variables is inferred by type checkers when they
/// are created through the type parameter syntax and when
/// ``infer_variance=True`` is passed. Manually created type variables may
/// be explicitly marked covariant or contravariant by passing
/// ``covariant=True`` or ``contravariant=True``. By default, manually
/// created type variables are invariant. See PEP 484 and PEP 695 for more
/// details.
#[pyclass(name = "TypeVar", module = "typing", symbol = "_PyTypeVar_Type", dict = dict, weaklist = weaklist, gc)]
#[repr(C)]
pub struct PyTypeVar {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__name__", object)]
    pub name: Ref<PyStr>,
    pub bound: OptRef,
    pub evaluate_bound: OptRef,
    pub constraints: OptRef,
    pub evaluate_constraints: OptRef,
    pub default_value: OptRef,
    pub evaluate_default: OptRef,
    #[pytraverse(skip)]
    #[pymember(readonly, name = "__covariant__", bool)]
    pub covariant: Cell<bool>,
    #[pytraverse(skip)]
    #[pymember(readonly, name = "__contravariant__", bool)]
    pub contravariant: Cell<bool>,
    #[pytraverse(skip)]
    #[pymember(readonly, name = "__infer_variance__", bool)]
    pub infer_variance: Cell<bool>,
    pub dict: OptRef<PyDict>,
    #[pytraverse(skip)]
    pub weaklist: Cell<*mut PyObject>,
}

impl PyTypeVar {
    /// A variable made by the compiler: bound or constraints come from functions.
    pub fn lazy(
        name: Ref<PyStr>,
        evaluate_bound: Option<ObjRef>,
        evaluate_constraints: Option<ObjRef>,
    ) -> Ref<PyTypeVar> {
        new_exact(PyTypeVar {
            ob_base: PyObject::placeholder(),
            name,
            bound: OptRef::NULL,
            evaluate_bound: OptRef::new(evaluate_bound),
            constraints: OptRef::NULL,
            evaluate_constraints: OptRef::new(evaluate_constraints),
            default_value: OptRef::NULL,
            evaluate_default: OptRef::NULL,
            covariant: Cell::new(false),
            contravariant: Cell::new(false),
            infer_variance: Cell::new(true),
            dict: OptRef::NULL,
            weaklist: Cell::new(core::ptr::null_mut()),
        })
    }

    fn lazy_bound(&self) -> Lazy<'_> {
        Lazy { value: &self.bound, evaluate: &self.evaluate_bound }
    }

    fn lazy_constraints(&self) -> Lazy<'_> {
        Lazy { value: &self.constraints, evaluate: &self.evaluate_constraints }
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
impl PyTypeVar {
    #[pynew(
        sig = "(name, *constraints, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are Python's")]
    fn py_new(
        _cls: &PyTypeObject,
        name: &PyStr,
        constraints: &[&PyObject],
        bound: Option<&PyObject>,
        default: Option<ObjRef>,
        covariant: bool,
        contravariant: bool,
        infer_variance: bool,
    ) -> PyResult {
        check_variance(covariant, contravariant, infer_variance)?;
        let bound = match bound {
            Some(bound) => Some(type_check(bound, "Bound must be a type.")?),
            None => None,
        };
        match constraints {
            [] => {}
            [_] => return Err(exc::type_error("A single constraint is not allowed")),
            _ if bound.is_some() => return Err(exc::type_error("Constraints cannot be combined with bound=...")),
            _ => {}
        }
        let constraints = (!constraints.is_empty()).then(|| PyTuple::from_slice(constraints).into_obj());
        let variable = PyTypeVar::lazy(name.to_ref(), None, None);
        variable.bound.set(bound);
        variable.constraints.set(constraints);
        variable.default_value.set(Some(default.unwrap_or_else(|| NO_DEFAULT.new_ref())));
        variable.covariant.set(covariant);
        variable.contravariant.set(contravariant);
        variable.infer_variance.set(infer_variance);
        set_module(variable.as_object(), Some(&caller()))?;
        Ok(variable.into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        variance_repr(&self.name, self.covariant.get(), self.contravariant.get(), self.infer_variance.get())
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        make_union(a, b)
    }

    #[pygetset]
    fn __bound__(&self) -> PyResult<Option<ObjRef>> {
        self.lazy_bound().get()
    }

    #[pygetset]
    fn evaluate_bound(&self) -> ObjRef {
        self.lazy_bound().evaluator()
    }

    #[pygetset]
    fn __constraints__(&self) -> PyResult {
        Ok(self.lazy_constraints().get()?.unwrap_or_else(|| PyTuple::empty().into_obj()))
    }

    #[pygetset]
    fn evaluate_constraints(&self) -> ObjRef {
        self.lazy_constraints().evaluator()
    }

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
    fn __typing_subst__(&self, arg: &PyObject) -> PyResult {
        call_typing("_typevar_subst", &[self.as_object(), arg])
    }

    #[pymethod]
    fn __typing_prepare_subst__(&self, alias: &PyObject, args: &PyObject) -> PyResult {
        let parameters = object::getattr(alias, intern!("__parameters__"))?;
        let given = object::size(args)?;
        let index = crate::protocol::sequence::index_of(&parameters, self.as_object())?;
        if index < given {
            return Ok(args.new_ref());
        }
        if index == given {
            let default = self.default()?;
            if !default.is(&NO_DEFAULT) {
                return crate::protocol::sequence::concat(args, PyTuple::from_slice(&[&default]).as_object());
            }
        }
        let shown = object::str(alias)?;
        Err(exc::type_error(format!(
            "Too few arguments for {}; actual {given}, expected at least {}",
            shown.to_string_lossy(),
            index + 1
        )))
    }

    #[pymethod]
    fn __reduce__(&self) -> ObjRef {
        self.name.to_obj()
    }

    #[pymethod]
    fn __mro_entries__(&self, _bases: &PyObject) -> PyResult {
        cannot_subclass("TypeVar")
    }
}
