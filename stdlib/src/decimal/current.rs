//! The current context, the contexts to start from, and `localcontext`.

use rpy_vm::object::alloc::new_exact;
use rpy_vm::runtime::context::PyContextVar;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, Ref, exc, pyclass, pymethods};

use super::context::{PyDecimalContext, Settings};
use super::environment::condition::*;
use super::environment::{Environment, Rounding};
use super::object::PyDecimal;

/// `DefaultContext`, `BasicContext`, `ExtendedContext`.
pub static TEMPLATES: [OptRef<PyDecimalContext>; 3] = [const { OptRef::NULL }; 3];
/// The variable that holds the current context.
static CURRENT: OptRef<PyContextVar> = OptRef::NULL;

/// Makes the templates and the variable, once.
pub fn prepare() -> PyResult<()> {
    let errors = ANY_INVALID | DIVISION_BY_ZERO | OVERFLOW;
    let rows = [
        Settings::new(28, Rounding::HalfEven, errors),
        Settings::new(9, Rounding::HalfUp, errors | CLAMPED | UNDERFLOW),
        Settings::new(9, Rounding::HalfEven, 0),
    ];
    for (template, settings) in TEMPLATES.iter().zip(rows) {
        if template.is_null() {
            template.set(Some(PyDecimalContext::of(settings)));
        }
    }
    if CURRENT.is_null() {
        CURRENT.set(Some(PyContextVar::new(&PyStr::interned("decimal_context"), None)));
    }
    Ok(())
}

/// The current context, if the variable remembers it. It lives until Python code runs.
#[inline]
fn remembered() -> Option<&'static PyDecimalContext> {
    CURRENT.peek().and_then(PyContextVar::remembered).and_then(PyObject::downcast_ref)
}

/// The current context.
#[inline]
pub fn current() -> PyResult<Ref<PyDecimalContext>> {
    match remembered() {
        Some(context) => Ok(context.to_ref()),
        None => looked_up(),
    }
}

/// What operations work under at the moment.
#[inline]
pub fn environment() -> PyResult<Environment> {
    match remembered() {
        Some(context) => Ok(context.environment()),
        None => Ok(looked_up()?.environment()),
    }
}

/// The current context, where the variable does not remember it.
#[cold]
#[inline(never)]
fn looked_up() -> PyResult<Ref<PyDecimalContext>> {
    let variable = CURRENT.peek().ok_or_else(|| exc::runtime_error("the decimal module is not initialized"))?;
    if let Some(context) = variable.value()?
        && let Ok(context) = context.downcast::<PyDecimalContext>()
    {
        return Ok(context);
    }
    let fresh = match TEMPLATES[0].get() {
        Some(template) => template.duplicate(),
        None => return Err(exc::runtime_error("the decimal module is not initialized")),
    };
    fresh.forget();
    variable.set_value(fresh.as_object())?;
    Ok(fresh)
}

/// Makes a context the current one; of the templates a copy is.
pub fn set_current(object: &PyObject) -> PyResult<()> {
    let Some(context) = object.downcast_ref::<PyDecimalContext>() else {
        return Err(exc::type_error("argument must be a context"));
    };
    let variable = CURRENT.get().ok_or_else(|| exc::runtime_error("the decimal module is not initialized"))?;
    if TEMPLATES.iter().any(|t| core::ptr::eq(t.as_raw(), context)) {
        let copy = context.duplicate();
        copy.forget();
        variable.set_value(copy.as_object())?;
    } else {
        variable.set_value(object)?;
    }
    Ok(())
}

/// A context argument, or the current context.
#[inline]
pub fn context_or_current(context: Option<&PyObject>) -> PyResult<Ref<PyDecimalContext>> {
    match context {
        None => current(),
        Some(object) => match object.downcast_ref::<PyDecimalContext>() {
            Some(context) => Ok(context.to_ref()),
            None => Err(exc::type_error("optional argument must be a context")),
        },
    }
}

/// What `localcontext` gives.
#[pyclass(name = "ContextManager", module = "decimal", no_new, gc)]
#[repr(C)]
pub struct PyContextManager {
    ob_base: PyObject,
    inner: OptRef<PyDecimalContext>,
    outer: OptRef<PyDecimalContext>,
}

/// `localcontext`.
pub fn local(context: Option<&PyObject>, settings: &[(String, ObjRef)]) -> PyResult<ObjRef> {
    let outer = current()?;
    let inner = match context {
        None => outer.duplicate(),
        Some(object) => match object.downcast_ref::<PyDecimalContext>() {
            Some(context) => context.duplicate(),
            None => return Err(exc::type_error("optional argument must be a context")),
        },
    };
    for (name, value) in settings {
        if rpy_vm::is_none(value) {
            continue;
        }
        if !inner.set_by_name(name, value)? {
            return Err(exc::type_error(format!("this function got an unexpected keyword argument '{name}'")));
        }
    }
    let this =
        PyContextManager { ob_base: PyObject::placeholder(), inner: OptRef::some(inner), outer: OptRef::some(outer) };
    Ok(new_exact(this).into_obj())
}

#[pymethods]
impl PyContextManager {
    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult<Option<Ref<PyDecimalContext>>> {
        if let Some(inner) = self.inner.get() {
            set_current(inner.as_object())?;
        }
        Ok(self.inner.get())
    }
    #[pymethod(name = "__exit__", sig = "($self, /, *args)")]
    fn exit(&self, _args: &[&PyObject]) -> PyResult<bool> {
        if let Some(outer) = self.outer.get() {
            set_current(outer.as_object())?;
        }
        Ok(false)
    }
}

/// `IEEEContext`: the context of an interchange format.
pub fn interchange(bits: i64) -> PyResult<ObjRef> {
    if bits <= 0 || bits > MAX_INTERCHANGE_BITS || bits % 32 != 0 {
        return Err(exc::value_error(format!(
            "argument must be a multiple of 32, with a maximum of {MAX_INTERCHANGE_BITS}"
        )));
    }
    Ok(PyDecimalContext::of(Settings::interchange(bits)).into_obj())
}

/// The largest argument of `IEEEContext`.
pub const MAX_INTERCHANGE_BITS: i64 = 512;

/// Adds the classes to the module.
pub fn add_classes(module: &PyModule) -> PyResult<()> {
    use rpy_vm::object::class_impl::glue::{add_class, ready_class};
    add_class::<PyDecimal>(module)?;
    add_class::<PyDecimalContext>(module)?;
    ready_class::<PyContextManager>()?;
    Ok(())
}
