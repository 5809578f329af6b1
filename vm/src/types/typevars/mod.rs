//! Type parameters: `TypeVar`, `ParamSpec`, `TypeVarTuple`, type aliases, `Generic`, `NoDefault`; the content of the
//! `_typing` module, and what the `type` statement and `def f[T]` compile to.
//!
//! Bounds, constraints, defaults and alias values are evaluated when asked for: the parameter holds a function that takes
//! the annotation format (1 for "value") and keeps what it gave.

use crate::PyResult;
use crate::args::KwArgs;
use crate::err::PyErr;
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::object::alloc::new_exact;
use crate::object::{ClassImpl, ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{call, object};
use crate::runtime::thread;
use crate::types::descr::doc::{c_text, text_or_none};
use crate::types::descr::new_classmethod_descr;
use crate::types::dict::PyDict;
use crate::types::function::PyFunction;
use crate::types::generic_alias;
use crate::types::int::PyInt;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use crate::types::union;
use rpy_derive::{pyclass, pymethods};

mod alias;
mod paramspec;
mod typevar;
mod typevartuple;

pub use alias::PyTypeAliasType;
pub use paramspec::{PyParamSpec, PyParamSpecArgs, PyParamSpecKwargs};
pub use typevar::PyTypeVar;
pub use typevartuple::PyTypeVarTuple;

/// `annotationlib.Format.VALUE`.
const FORMAT_VALUE: i64 = 1;
/// `annotationlib.Format.STRING`.
const FORMAT_STRING: i64 = 4;

// ---------------------------------------------------------------------------------------------------------------------
// What the kinds of parameters share.

/// Calls a function of typing.py.
fn call_typing(name: &'static str, args: &[&PyObject]) -> PyResult {
    let typing = crate::import::import_module("typing")?;
    let function = object::getattr(&typing, PyStr::intern_static(name))?;
    call::call(&function, args)
}

/// A type, or what typing makes of it (`None`, a forward reference).
pub fn type_check(arg: &PyObject, message: &str) -> PyResult {
    if crate::is_none(arg) {
        return Ok(crate::none_ref().ty().to_obj());
    }
    if union::is_unionable(arg) {
        return Ok(arg.new_ref());
    }
    call_typing("_type_check", &[arg, PyStr::new(message).as_object()])
}

/// The module of the running function: where a parameter is being made.
fn caller() -> ObjRef {
    let frame = InterpreterFrame::first_complete(thread::current().current_frame.get());
    // SAFETY: the chain of frames is live while its thread runs; a complete frame is a Python frame.
    unsafe {
        match frame.as_ref() {
            Some(frame) => frame.func().func_module.get().unwrap_or_else(crate::none),
            None => crate::none(),
        }
    }
}

/// Gives the parameter a `__module__` of its own.
fn set_module(parameter: &PyObject, module: Option<&PyObject>) -> PyResult<()> {
    match module {
        Some(module) => object::setattr(parameter, intern!("__module__"), Some(module)),
        None => Ok(()),
    }
}

/// A value that is known, or a function that computes it.
struct Lazy<'a> {
    value: &'a OptRef,
    evaluate: &'a OptRef,
}

impl Lazy<'_> {
    /// The value, computed at the first call; `None` if there is neither.
    fn get(&self) -> PyResult<Option<ObjRef>> {
        if let Some(known) = self.value.get() {
            return Ok(Some(known));
        }
        let Some(evaluate) = self.evaluate.get() else { return Ok(None) };
        let value = call::call_one(&evaluate, PyInt::from_i64(FORMAT_VALUE).as_object())?;
        self.value.set(Some(value.clone()));
        Ok(Some(value))
    }

    /// The function, made for a known value if need be; None if there is neither.
    fn evaluator(&self) -> ObjRef {
        if let Some(evaluate) = self.evaluate.get() {
            return evaluate;
        }
        match self.value.get() {
            Some(value) => new_exact(PyConstEvaluator { ob_base: PyObject::placeholder(), value }).into_obj(),
            None => crate::none(),
        }
    }

    /// Is this a default that somebody gave?
    fn is_given(&self) -> bool {
        !self.evaluate.is_null() || self.value.peek().is_some_and(|value| !value.is(&NO_DEFAULT))
    }
}

/// `TypeVar('T', default=...)`: the default of any kind of parameter.
fn default_of(parameter: &PyObject) -> PyResult {
    if let Some(p) = parameter.downcast_exact::<PyTypeVar>() {
        return p.default();
    }
    if let Some(p) = parameter.downcast_exact::<PyParamSpec>() {
        return p.default();
    }
    if let Some(p) = parameter.downcast_exact::<PyTypeVarTuple>() {
        return p.default();
    }
    Err(not_a_parameter(parameter))
}

#[cold]
fn not_a_parameter(object: &PyObject) -> PyErr {
    match object::repr(object) {
        Ok(shown) => exc::type_error(format!("Expected a type param, got {}", shown.to_string_lossy())),
        Err(e) => e,
    }
}

/// `+T`, `-T`, `~T`, or `T` if the variance is inferred.
fn variance_repr(name: &PyStr, covariant: bool, contravariant: bool, infer: bool) -> Ref<PyStr> {
    let mut text = StrBuilder::new();
    if !infer {
        text.push_str(if covariant {
            "+"
        } else if contravariant {
            "-"
        } else {
            "~"
        });
    }
    text.push_py(name);
    text.finish()
}

/// Checks the variance flags of `TypeVar` and `ParamSpec`.
fn check_variance(covariant: bool, contravariant: bool, infer: bool) -> PyResult<()> {
    if covariant && contravariant {
        return Err(exc::value_error("Bivariant types are not supported."));
    }
    if infer && (covariant || contravariant) {
        return Err(exc::value_error("Variance cannot be specified with infer_variance."));
    }
    Ok(())
}

/// `Cannot subclass an instance of TypeVar`.
fn cannot_subclass(kind: &str) -> PyResult {
    Err(exc::type_error(format!("Cannot subclass an instance of {kind}")))
}

/// `a | b` for parameters, which are types in typing's sense only.
fn make_union(a: &PyObject, b: &PyObject) -> PyResult {
    union::from_args(PyTuple::from_slice(&[a, b]).as_object())
}

/// `typing.Unpack[parameter]`.
fn unpack(parameter: &PyObject) -> PyResult {
    let typing = crate::import::import_module("typing")?;
    let unpack = object::getattr(&typing, intern!("Unpack"))?;
    object::get_item(&unpack, parameter)
}

/// `iter((Unpack[parameter],))`.
fn unpack_iter(parameter: &PyObject) -> PyResult {
    let unpacked = unpack(parameter)?;
    object::get_iter(PyTuple::from_slice(&[&unpacked]).as_object())
}

/// The parameters with each `TypeVarTuple` unpacked.
fn unpack_typevartuples(parameters: &PyTuple) -> PyResult<Ref<PyTuple>> {
    let mut unpacked = Vec::with_capacity(parameters.len());
    for parameter in parameters.items() {
        unpacked.push(if PyTypeVarTuple::check_exact(parameter) { unpack(parameter)? } else { parameter.new_ref() });
    }
    Ok(PyTuple::new(unpacked))
}

// ---------------------------------------------------------------------------------------------------------------------
// What the eval loop calls.

/// A name from the compiler.
fn name_arg(name: ObjRef) -> PyResult<Ref<PyStr>> {
    name.downcast().map_err(|_| exc::system_error("the name of a type parameter is not a string"))
}

/// `INTRINSIC_TYPEVAR`: `[T]`.
pub fn make_typevar(name: ObjRef) -> PyResult {
    Ok(PyTypeVar::lazy(name_arg(name)?, None, None).into_obj())
}

/// `INTRINSIC_TYPEVAR_WITH_BOUND`: `[T: int]`.
pub fn make_typevar_with_bound(name: ObjRef, evaluate_bound: ObjRef) -> PyResult {
    Ok(PyTypeVar::lazy(name_arg(name)?, Some(evaluate_bound), None).into_obj())
}

/// `INTRINSIC_TYPEVAR_WITH_CONSTRAINTS`: `[T: (int, str)]`.
pub fn make_typevar_with_constraints(name: ObjRef, evaluate_constraints: ObjRef) -> PyResult {
    Ok(PyTypeVar::lazy(name_arg(name)?, None, Some(evaluate_constraints)).into_obj())
}

/// `INTRINSIC_PARAMSPEC`: `[**P]`.
pub fn make_paramspec(name: ObjRef) -> PyResult {
    Ok(PyParamSpec::lazy(name_arg(name)?).into_obj())
}

/// `INTRINSIC_TYPEVARTUPLE`: `[*Ts]`.
pub fn make_typevartuple(name: ObjRef) -> PyResult {
    Ok(PyTypeVarTuple::lazy(name_arg(name)?).into_obj())
}

/// `INTRINSIC_SET_TYPEPARAM_DEFAULT`: `[T = int]`.
pub fn set_typeparam_default(parameter: ObjRef, evaluate_default: ObjRef) -> PyResult {
    if let Some(p) = parameter.downcast_exact::<PyTypeVar>() {
        p.evaluate_default.set(Some(evaluate_default));
    } else if let Some(p) = parameter.downcast_exact::<PyParamSpec>() {
        p.evaluate_default.set(Some(evaluate_default));
    } else if let Some(p) = parameter.downcast_exact::<PyTypeVarTuple>() {
        p.evaluate_default.set(Some(evaluate_default));
    } else {
        return Err(not_a_parameter(&parameter));
    }
    Ok(parameter)
}

/// `INTRINSIC_SUBSCRIPT_GENERIC`: the base `Generic[T, ...]` of `class C[T]`.
pub fn subscript_generic(parameters: ObjRef) -> PyResult {
    let Some(parameters) = parameters.downcast_ref::<PyTuple>() else {
        return Err(exc::system_error("the type parameters of a class are not a tuple"));
    };
    let parameters = unpack_typevartuples(parameters)?;
    call_typing("_GenericAlias", &[generic_type().as_object(), parameters.as_object()])
}

/// `INTRINSIC_TYPEALIAS`: `type name[parameters] = value`, from a tuple of the three.
pub fn make_type_alias(parts: ObjRef) -> PyResult {
    let parts = parts.downcast_ref::<PyTuple>();
    let Some(&[name, parameters, compute_value]) = parts.map(|parts| parts.items()) else {
        return Err(exc::system_error("a type alias is made from a tuple of three"));
    };
    let parameters = parameters.downcast_ref::<PyTuple>().map(PyStruct::to_ref);
    Ok(PyTypeAliasType::lazy(name_arg(name.new_ref())?, parameters, compute_value.new_ref()).into_obj())
}

// ---------------------------------------------------------------------------------------------------------------------
// Generic.

/// Abstract base class for generic types.
///
/// On Python 3.12 and newer, generic classes implicitly inherit from
/// Generic when they declare a parameter list after the class's name::
///
///     class Mapping[KT, VT]:
///         def __getitem__(self, key: KT) -> VT:
///             ...
///             # Etc.
///
/// On older versions of Python, however, generic classes have to
/// explicitly inherit from Generic.
///
/// After a class has been declared to be generic, it can then be used as
/// follows::
///
///     def lookup_name[KT, VT](mapping: Mapping[KT, VT], key: KT, default: VT) -> VT:
///         try:
///             return mapping[key]
///         except KeyError:
///             return default
#[pyclass(name = "Generic", module = "typing", flags(BASETYPE))]
#[repr(C)]
pub struct PyGeneric {
    pub ob_base: PyObject,
}

/// Calls a function of typing.py with the class put before the arguments.
fn call_typing_for_class(name: &'static str, cls: &PyTypeObject, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult {
    let typing = crate::import::import_module("typing")?;
    let function = object::getattr(&typing, PyStr::intern_static(name))?;
    let mut all = Vec::with_capacity(args.len() + 1);
    all.push(cls.to_obj());
    all.extend(args.iter().map(|arg| arg.new_ref()));
    let kwargs: Option<Ref<PyDict>> = kwargs.to_dict()?;
    call::call_tuple(&function, &PyTuple::new(all), kwargs.as_deref())
}

#[pymethods]
impl PyGeneric {
    /// Parameterizes a generic class.
    ///
    /// At least, parameterizing a generic class is the *main* thing this
    /// method does. For example, for some generic class `Foo`, this is called
    /// when we do `Foo[int]` - there, with `cls=Foo` and `params=int`.
    ///
    /// However, note that this method is also called when defining generic
    /// classes in the first place with `class Foo[T]: ...`.
    #[pyclassmethod(sig = "(*args, **kwargs)")]
    fn __class_getitem__(cls: &PyTypeObject, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult {
        call_typing_for_class("_generic_class_getitem", cls, args, kwargs)
    }

    /// Function to initialize subclasses.
    #[pyclassmethod(sig = "(*args, **kwargs)")]
    fn __init_subclass__(cls: &PyTypeObject, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult {
        call_typing_for_class("_generic_init_subclass", cls, args, kwargs)
    }
}

/// `typing.Generic`: made at start, since it has to be a class as Python code makes them (pickling looks for the nearest
/// base that is not).
static GENERIC: OptRef<PyTypeObject> = OptRef::NULL;

/// The class `Generic`.
pub fn generic_type() -> &'static PyTypeObject {
    GENERIC.peek().unwrap_or_else(|| PyGeneric::type_object())
}

/// Makes `Generic`, once the types are ready: the methods and the doc string come from [`PyGeneric`].
///
/// # Errors
/// What making a class raises.
pub fn init_types() -> PyResult<()> {
    let definition = PyGeneric::type_object();
    let namespace = PyDict::new();
    namespace.set_str(intern!("__module__"), intern!("typing").as_object())?;
    namespace.set_str(intern!("__slots__"), PyTuple::empty().as_object())?;
    // SAFETY: static types have static doc strings.
    let doc = text_or_none(unsafe { c_text(definition.tp_doc.get()) });
    namespace.set_str(intern!("__doc__"), &doc)?;
    let name = PyStr::new("Generic");
    let bases = PyTuple::empty();
    let args = [name.as_object(), bases.as_object(), namespace.as_object()];
    let class = call::call(PyTypeObject::type_object().as_object(), &args)?;
    let class: Ref<PyTypeObject> = class.downcast().map_err(|_| exc::system_error("type() gave something else"))?;
    if let Some(dict) = class.tp_dict.get() {
        dict.del_str(intern!("__slots__"));
        let mut def = <PyGeneric as ClassImpl>::METHODS;
        // SAFETY: the table is static and ends with a null name.
        unsafe {
            while !(*def).ml_name.is_null() {
                let method = new_classmethod_descr(&class, def)?;
                let name = PyStr::interned(c_text((*def).ml_name).unwrap_or("?"));
                dict.set_item(name.as_object(), &method)?;
                def = def.add(1);
            }
        }
    }
    class.tp_flags.set(class.tp_flags.get() | flags::IMMUTABLETYPE);
    crate::types::type_::lookup::type_modified(&class);
    GENERIC.set(Some(class));
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------
// NoDefault.

/// The type of the NoDefault singleton.
#[pyclass(name = "NoDefaultType", symbol = "_PyNoDefault_Type")]
#[repr(C)]
pub struct PyNoDefault {
    pub ob_base: PyObject,
}

/// `typing.NoDefault`: the default of a type parameter without one.
#[unsafe(export_name = "_Py_NoDefaultStruct")]
pub static NO_DEFAULT: PyObject = PyObject::new_static(&raw const _PyNoDefault_Type);

#[pymethods]
impl PyNoDefault {
    #[pynew(sig = "()")]
    fn py_new(_cls: &PyTypeObject) -> ObjRef {
        NO_DEFAULT.new_ref()
    }

    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        PyStr::new("typing.NoDefault")
    }

    #[pymethod]
    fn __reduce__(&self) -> Ref<PyStr> {
        PyStr::new("NoDefault")
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Evaluators of known values.

/// What stands for the evaluate function of a value that was given as such.
#[pyclass(name = "_ConstEvaluator", module = "_typing", symbol = "_PyConstEvaluator_Type", gc, no_new)]
#[repr(C)]
pub struct PyConstEvaluator {
    pub ob_base: PyObject,
    pub value: Ref<PyObject>,
}

#[pymethods]
impl PyConstEvaluator {
    #[pycall(sig = "(format)")]
    fn py_call(&self, format: i64) -> PyResult {
        if format != FORMAT_STRING {
            return Ok(self.value.clone());
        }
        let mut text = StrBuilder::new();
        match self.value.downcast_ref::<PyTuple>() {
            Some(tuple) => {
                text.push_str("(");
                for (index, item) in tuple.items().iter().enumerate() {
                    if index > 0 {
                        text.push_str(", ");
                    }
                    generic_alias::type_repr(&mut text, item)?;
                }
                text.push_str(")");
            }
            None => generic_alias::type_repr(&mut text, &self.value)?,
        }
        Ok(text.finish().into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let mut text = StrBuilder::new();
        text.push_str("<constevaluator ");
        text.push_py(&*object::repr(&self.value)?);
        text.push_str(">");
        Ok(text.finish())
    }
}

/// The module of a function, for aliases made by the compiler.
fn module_of_function(function: &PyObject) -> Option<ObjRef> {
    function.downcast_ref::<PyFunction>()?.func_module.get()
}
