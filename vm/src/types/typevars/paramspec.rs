//! `ParamSpec`, and its `args` and `kwargs`.

use core::cell::Cell;

use super::*;
use crate::object::CompareOp;

/// Parameter specification variable.
///
/// The preferred way to construct a parameter specification is via the
/// dedicated syntax for generic functions, classes, and type aliases,
/// where the use of '**' creates a parameter specification::
///
///     type IntFunc[**P] = Callable[P, int]
///
/// The following syntax creates a parameter specification that defaults
/// to a callable accepting two positional-only arguments of types int
/// and str:
///
///     type IntFuncDefault[**P = (int, str)] = Callable[P, int]
///
/// For compatibility with Python 3.11 and earlier, ParamSpec objects
/// can also be created as follows::
///
///     P = ParamSpec('P')
///     DefaultP = ParamSpec('DefaultP', default=(int, str))
///
/// Parameter specification variables exist primarily for the benefit of
/// static type checkers.  They are used to forward the parameter types of
/// one callable to another callable, a pattern commonly found in
/// higher-order functions and decorators.  They are only valid when used
/// in ``Concatenate``, or as the first argument to ``Callable``, or as
/// parameters for user-defined Generics. See class Generic for more
/// information on generic types.
#[pyclass(name = "ParamSpec", module = "typing", symbol = "_PyParamSpec_Type", dict = dict, weaklist = weaklist, gc)]
#[repr(C)]
pub struct PyParamSpec {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__name__", object)]
    pub name: Ref<PyStr>,
    #[pymember(readonly, name = "__bound__", object)]
    pub bound: OptRef,
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

/// The args for a ParamSpec object.
///
/// Given a ParamSpec object P, P.args returns an instance of ParamSpecArgs.
///
/// ParamSpecArgs objects have a reference back to their ParamSpec::
///
///     >>> P = ParamSpec("P")
///     >>> P.args.__origin__ is P
///     True
///
/// This type is meant for runtime introspection and has no special meaning
/// to static type checkers.
#[pyclass(name = "ParamSpecArgs", module = "typing", symbol = "_PyParamSpecArgs_Type", weaklist = weaklist, gc)]
#[repr(C)]
pub struct PyParamSpecArgs {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__origin__", object)]
    pub origin: Ref<PyObject>,
    #[pytraverse(skip)]
    pub weaklist: Cell<*mut PyObject>,
}

/// The kwargs for a ParamSpec object.
///
/// Given a ParamSpec object P, P.kwargs returns an instance of ParamSpecKwargs.
///
/// ParamSpecKwargs objects have a reference back to their ParamSpec::
///
///     >>> P = ParamSpec("P")
///     >>> P.kwargs.__origin__ is P
///     True
///
/// This type is meant for runtime introspection and has no special meaning
/// to static type checkers.
#[pyclass(name = "ParamSpecKwargs", module = "typing", symbol = "_PyParamSpecKwargs_Type", weaklist = weaklist, gc)]
#[repr(C)]
pub struct PyParamSpecKwargs {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__origin__", object)]
    pub origin: Ref<PyObject>,
    #[pytraverse(skip)]
    pub weaklist: Cell<*mut PyObject>,
}

impl PyParamSpec {
    /// A specification made by the compiler.
    pub fn lazy(name: Ref<PyStr>) -> Ref<PyParamSpec> {
        new_exact(PyParamSpec {
            ob_base: PyObject::placeholder(),
            name,
            bound: OptRef::NULL,
            default_value: OptRef::NULL,
            evaluate_default: OptRef::NULL,
            covariant: Cell::new(false),
            contravariant: Cell::new(false),
            infer_variance: Cell::new(true),
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
impl PyParamSpec {
    #[pynew(
        sig = "(name, *, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)"
    )]
    fn py_new(
        _cls: &PyTypeObject,
        name: &PyStr,
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
        let specification = PyParamSpec::lazy(name.to_ref());
        specification.bound.set(bound);
        specification.default_value.set(Some(default.unwrap_or_else(|| NO_DEFAULT.new_ref())));
        specification.covariant.set(covariant);
        specification.contravariant.set(contravariant);
        specification.infer_variance.set(infer_variance);
        set_module(specification.as_object(), Some(&caller()))?;
        Ok(specification.into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        variance_repr(&self.name, self.covariant.get(), self.contravariant.get(), self.infer_variance.get())
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        make_union(a, b)
    }

    /// Represents positional arguments.
    #[pygetset]
    fn args(&self) -> ObjRef {
        new_exact(PyParamSpecArgs {
            ob_base: PyObject::placeholder(),
            origin: self.to_obj(),
            weaklist: Cell::new(core::ptr::null_mut()),
        })
        .into_obj()
    }

    /// Represents keyword arguments.
    #[pygetset]
    fn kwargs(&self) -> ObjRef {
        new_exact(PyParamSpecKwargs {
            ob_base: PyObject::placeholder(),
            origin: self.to_obj(),
            weaklist: Cell::new(core::ptr::null_mut()),
        })
        .into_obj()
    }

    /// The default value for this ParamSpec.
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
        call_typing("_paramspec_subst", &[self.as_object(), arg])
    }

    #[pymethod]
    fn __typing_prepare_subst__(&self, alias: &PyObject, args: &PyObject) -> PyResult {
        call_typing("_paramspec_prepare_subst", &[self.as_object(), alias, args])
    }

    #[pymethod]
    fn __reduce__(&self) -> ObjRef {
        self.name.to_obj()
    }

    #[pymethod]
    fn __mro_entries__(&self, _bases: &PyObject) -> PyResult {
        cannot_subclass("ParamSpec")
    }
}

/// `P.args`: the specification's name with the part's.
fn part_repr(origin: &PyObject, part: &str) -> PyResult<Ref<PyStr>> {
    let mut text = StrBuilder::new();
    match origin.downcast_exact::<PyParamSpec>() {
        Some(specification) => text.push_py(&specification.name),
        None => text.push_py(&*object::repr(origin)?),
    }
    text.push_str(part);
    Ok(text.finish())
}

/// `args` and `kwargs` differ in their names only.
macro_rules! part {
    ($ty:ident, $name:literal, $suffix:literal) => {
        #[pymethods]
        impl $ty {
            #[pynew(sig = "(origin)")]
            fn py_new(_cls: &PyTypeObject, origin: &PyObject) -> ObjRef {
                new_exact($ty {
                    ob_base: PyObject::placeholder(),
                    origin: origin.new_ref(),
                    weaklist: Cell::new(core::ptr::null_mut()),
                })
                .into_obj()
            }

            #[slot]
            fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
                part_repr(&self.origin, $suffix)
            }

            #[slot]
            fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
                match other.downcast_exact::<$ty>() {
                    Some(other) if matches!(op, CompareOp::Eq | CompareOp::Ne) => {
                        object::rich_compare(&self.origin, &other.origin, op)
                    }
                    _ => Ok(crate::not_implemented()),
                }
            }

            #[pymethod]
            fn __mro_entries__(&self, _bases: &PyObject) -> PyResult {
                cannot_subclass($name)
            }
        }
    };
}

part!(PyParamSpecArgs, "ParamSpecArgs", ".args");
part!(PyParamSpecKwargs, "ParamSpecKwargs", ".kwargs");
