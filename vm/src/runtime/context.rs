//! Context variables (PEP 567): `Context`, `ContextVar`, `Token`.
//!
//! A context maps variables to values. Copying one is cheap: copies share one dict until either of them changes ("copy on write", told
//! from the dict's reference count). Each thread has a current context, made when first needed; `Context.run` switches it for the length
//! of a call and counts up the thread's `context_ver`, which invalidates the value that each variable remembers.

use core::cell::Cell;
use core::ptr;

use crate::args::KwArgs;
use crate::err::PyResult;
use crate::exc;
use crate::object::slots::CompareOp;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref, alloc};
use crate::protocol::{call, object as protocol};
use crate::runtime::thread;
use crate::types::dict::PyDict;
use crate::types::generic_alias::class_getitem;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// A mapping of context variables to values.
#[pyclass(name = "Context", module = "_contextvars", symbol = "PyContext_Type", weaklist = weakreflist, gc)]
#[repr(C)]
pub struct PyContext {
    pub(crate) ob_base: PyObject,
    /// The context that was current when this one was entered.
    prev: OptRef<PyContext>,
    /// Shared between copies; never changed while shared.
    vars: OptRef<PyDict>,
    #[pytraverse(skip)]
    weakreflist: Cell<*mut PyObject>,
    #[pytraverse(skip)]
    entered: Cell<bool>,
}

/// The calling thread's context, made now if there is none.
pub fn current() -> Ref<PyContext> {
    let state = thread::current();
    if let Some(context) = state.context.get()
        && let Ok(context) = context.downcast::<PyContext>()
    {
        return context;
    }
    let context = PyContext::empty();
    state.context.set(Some(context.to_obj()));
    context
}

/// `contextvars.copy_context()`.
pub fn copy_current() -> Ref<PyContext> {
    current().copy_of()
}

fn switched() {
    let version = &thread::current().context_ver;
    version.set(version.get().wrapping_add(1));
}

impl PyContext {
    /// A context without variables.
    pub fn empty() -> Ref<PyContext> {
        PyContext::with_vars(PyDict::new())
    }

    fn with_vars(vars: Ref<PyDict>) -> Ref<PyContext> {
        alloc::new_exact(PyContext {
            ob_base: PyObject::placeholder(),
            prev: OptRef::NULL,
            vars: OptRef::some(vars),
            weakreflist: Cell::new(ptr::null_mut()),
            entered: Cell::new(false),
        })
    }

    /// A copy, sharing the values for now.
    pub fn copy_of(&self) -> Ref<PyContext> {
        PyContext::with_vars(self.vars())
    }

    fn vars(&self) -> Ref<PyDict> {
        match self.vars.get() {
            Some(vars) => vars,
            None => {
                let vars = PyDict::new();
                self.vars.set(Some(vars.clone()));
                vars
            }
        }
    }

    /// The dict, not shared with any other context.
    fn own_vars(&self) -> PyResult<Ref<PyDict>> {
        let vars = self.vars();
        // One reference is the context's, one ours.
        if vars.as_object().refcount() <= 2 {
            return Ok(vars);
        }
        let copy = vars.copy()?;
        self.vars.set(Some(copy.clone()));
        Ok(copy)
    }

    /// Makes it the thread's context.
    pub fn enter(&self) -> PyResult<()> {
        if self.entered.get() {
            return Err(exc::runtime_error(format!(
                "cannot enter context: {} is already entered",
                protocol::repr(self.as_object())?.to_string_lossy()
            )));
        }
        let state = thread::current();
        let previous = state.context.replace(Some(self.to_obj()));
        self.prev.set(previous.and_then(|previous| previous.downcast::<PyContext>().ok()));
        self.entered.set(true);
        switched();
        Ok(())
    }

    /// Makes the context that was current before [`PyContext::enter`] current again.
    pub fn exit(&self) -> PyResult<()> {
        let describe = || protocol::repr(self.as_object()).map(|text| text.to_string_lossy().into_owned());
        if !self.entered.get() {
            return Err(exc::runtime_error(format!("cannot exit context: {} has not been entered", describe()?)));
        }
        let state = thread::current();
        if state.context.peek().is_none_or(|context| !context.is(self.as_object())) {
            return Err(exc::runtime_error("cannot exit context: thread state references a different context object"));
        }
        let previous = self.prev.take();
        self.entered.set(false);
        state.context.set(previous.map(Ref::into_obj));
        switched();
        Ok(())
    }

    fn lookup(&self, key: &PyObject) -> PyResult<Option<ObjRef>> {
        if key.downcast_ref::<PyContextVar>().is_none() {
            return Err(exc::type_error(format!(
                "a ContextVar key was expected, got {}",
                protocol::repr(key)?.to_string_lossy()
            )));
        }
        self.vars().get_item(key)
    }

    fn iterate(items: Vec<ObjRef>) -> PyResult {
        let list = PyList::try_new(items)?;
        protocol::get_iter(list.as_object())
    }
}

#[pymethods]
impl PyContext {
    #[slot]
    fn tp_new(_cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        if !args.is_empty() || kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
            return Err(exc::type_error("Context() does not accept any arguments"));
        }
        Ok(PyContext::empty().into_obj())
    }

    #[slot]
    fn tp_iter(&self) -> PyResult {
        PyContext::iterate(self.vars().keys_vec())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let (Some(other), CompareOp::Eq | CompareOp::Ne) = (other.downcast_exact::<PyContext>(), op) else {
            return Ok(crate::not_implemented());
        };
        let equal = self.vars().equal(&*other.vars())?;
        Ok(crate::py_bool(equal == (op == CompareOp::Eq)))
    }

    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        Ok(self.vars().len())
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult {
        self.lookup(key)?.ok_or_else(|| exc::key_error(key))
    }

    #[slot]
    fn sq_contains(&self, key: &PyObject) -> PyResult<bool> {
        Ok(self.lookup(key)?.is_some())
    }

    /// Return the value for `key` if `key` has the value in the context object.
    ///
    /// If `key` does not exist, return `default`. If `default` is not given,
    /// return None.
    #[pymethod(sig = "($self, key, default=None, /)")]
    fn get(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult {
        Ok(self.lookup(key)?.unwrap_or_else(|| default.unwrap_or(crate::none_ref()).new_ref()))
    }

    /// Return all variables and their values in the context object.
    ///
    /// The result is returned as a list of 2-tuples (variable, value).
    #[pymethod]
    fn items(&self) -> PyResult {
        let items = self.vars().items_vec();
        PyContext::iterate(items.into_iter().map(|(k, v)| PyTuple::from_array([k, v]).into_obj()).collect())
    }

    /// Return a list of all variables in the context object.
    #[pymethod]
    fn keys(&self) -> PyResult {
        PyContext::iterate(self.vars().keys_vec())
    }

    /// Return a list of all variables' values in the context object.
    #[pymethod]
    fn values(&self) -> PyResult {
        PyContext::iterate(self.vars().values_vec())
    }

    /// Return a shallow copy of the context object.
    #[pymethod]
    fn copy(&self) -> ObjRef {
        self.copy_of().into_obj()
    }

    #[pymethod(sig = "($self, /, *args, **kwargs)")]
    fn run(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult {
        let Some((function, args)) = args.split_first() else {
            return Err(exc::type_error("run() missing 1 required positional argument"));
        };
        self.enter()?;
        let result = (|| {
            if kwargs.is_empty() {
                return call::call(function, args);
            }
            let dict = kwargs.to_dict()?;
            call::call_tuple(function, &*PyTuple::from_slice(args), dict.as_deref())
        })();
        self.exit()?;
        result
    }
}

/// A variable whose value depends on the context.
#[pyclass(name = "ContextVar", module = "_contextvars", symbol = "PyContextVar_Type", gc)]
#[repr(C)]
pub struct PyContextVar {
    pub(crate) ob_base: PyObject,
    #[pymember(readonly, name = "name", object)]
    name: OptRef<PyStr>,
    default: OptRef,
    /// The value found last, borrowed from the context it was found in: good while thread and `context_ver` are the same.
    #[pytraverse(skip)]
    cached: Cell<*mut PyObject>,
    #[pytraverse(skip)]
    cached_thread: Cell<u64>,
    #[pytraverse(skip)]
    cached_version: Cell<u64>,
}

/// A variable's address, and who is told of each value that it is given.
static WATCHED: std::sync::OnceLock<(usize, fn(&PyObject))> = std::sync::OnceLock::new();

/// From now on, `watcher` is told of each value that the variable is given, in whatever context. One variable can be watched,
/// which lives for ever from then on. False if another one is.
pub fn watch(var: &PyContextVar, watcher: fn(&PyObject)) -> bool {
    let address = var as *const PyContextVar as usize;
    if WATCHED.set((address, watcher)).is_ok() {
        core::mem::forget(var.to_ref());
    }
    WATCHED.get().is_some_and(|(watched, _)| *watched == address)
}

impl PyContextVar {
    /// A new variable.
    pub fn new(name: &PyStr, default: Option<ObjRef>) -> Ref<PyContextVar> {
        alloc::new_exact(PyContextVar {
            ob_base: PyObject::placeholder(),
            name: OptRef::some(name.to_ref()),
            default: OptRef::new(default),
            cached: Cell::new(ptr::null_mut()),
            cached_thread: Cell::new(0),
            cached_version: Cell::new(0),
        })
    }

    fn remember(&self, value: *mut PyObject) {
        let state = thread::current();
        self.cached.set(value);
        self.cached_thread.set(state.id.get());
        self.cached_version.set(state.context_ver.get());
    }

    /// The value in the current context, if it was asked for before. It lives until Python code runs.
    #[inline]
    pub fn remembered(&self) -> Option<&PyObject> {
        let state = thread::current();
        let good = self.cached_thread.get() == state.id.get() && self.cached_version.get() == state.context_ver.get();
        // SAFETY: null, or the current context has held the value since it was remembered: neither thread nor context has changed, and
        // `set` and `reset` of this variable renew the memory.
        if good { unsafe { self.cached.get().as_ref() } } else { None }
    }

    /// The value in the current context, or the variable's default.
    pub fn value(&self) -> PyResult<Option<ObjRef>> {
        if let Some(value) = self.remembered() {
            return Ok(Some(value.new_ref()));
        }
        let state = thread::current();
        if let Some(context) = state.context.peek().and_then(PyObject::downcast_ref::<PyContext>)
            && let Some(value) = context.vars().get_item(self.as_object())?
        {
            self.remember(value.as_raw());
            return Ok(Some(value));
        }
        Ok(self.default.get())
    }

    /// The value in the current context; not the default.
    pub fn set_in_context(&self) -> PyResult<Option<ObjRef>> {
        match thread::current().context.peek().and_then(PyObject::downcast_ref::<PyContext>) {
            Some(context) => context.vars().get_item(self.as_object()),
            None => Ok(None),
        }
    }

    /// Sets the value in the current context. The token undoes it.
    pub fn set_value(&self, value: &PyObject) -> PyResult<Ref<PyContextToken>> {
        if let Some((watched, watcher)) = WATCHED.get()
            && *watched == self as *const PyContextVar as usize
        {
            watcher(value);
        }
        let context = current();
        self.cached.set(ptr::null_mut());
        let old = context.vars().get_item(self.as_object())?;
        context.own_vars()?.set_item(self.as_object(), value)?;
        self.remember(value.as_ptr());
        Ok(alloc::new_exact(PyContextToken {
            ob_base: PyObject::placeholder(),
            context: OptRef::some(context),
            var: OptRef::some(self.to_ref()),
            old: OptRef::new(old),
            used: Cell::new(false),
        }))
    }

    /// Undoes [`PyContextVar::set_value`].
    pub fn reset_value(&self, token: &PyContextToken) -> PyResult<()> {
        let describe = || protocol::repr(token.as_object()).map(|text| text.to_string_lossy().into_owned());
        if token.used.get() {
            return Err(exc::runtime_error(format!("{} has already been used once", describe()?)));
        }
        if token.var.as_raw() != self.as_object().as_ptr() as *mut PyContextVar {
            return Err(exc::value_error(format!("{} was created by a different ContextVar", describe()?)));
        }
        let context = current();
        if token.context.as_raw() != context.as_raw() {
            return Err(exc::value_error(format!("{} was created in a different Context", describe()?)));
        }
        token.used.set(true);
        self.cached.set(ptr::null_mut());
        let vars = context.own_vars()?;
        match token.old.get() {
            Some(old) => vars.set_item(self.as_object(), &old),
            None if vars.del_item(self.as_object())? => Ok(()),
            None => Err(exc::lookup_error(format!("{}", protocol::repr(self.as_object())?.to_string_lossy()))),
        }
    }
}

#[pymethods]
impl PyContextVar {
    #[pynew(sig = "(name, /, *, default=<unrepresentable>)")]
    fn py_new(_cls: &PyTypeObject, name: &PyObject, default: Option<&PyObject>) -> PyResult {
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("context variable name must be a str"));
        };
        protocol::hash(name.as_object())?;
        Ok(PyContextVar::new(name, default.map(PyObject::new_ref)).into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let mut text = String::from("<ContextVar name=");
        if let Some(name) = self.name.get() {
            text.push_str(&protocol::repr(name.as_object())?.to_string_lossy());
        }
        if let Some(default) = self.default.get() {
            text.push_str(" default=");
            text.push_str(&protocol::repr(&default)?.to_string_lossy());
        }
        text.push_str(&format!(" at {:p}>", self.as_object()));
        Ok(text)
    }

    /// Return a value for the context variable for the current context.
    ///
    /// If there is no value for the variable in the current context, the method will:
    ///  * return the value of the default argument of the method, if provided; or
    ///  * return the default value for the context variable, if it was created
    ///    with one; or
    ///  * raise a LookupError.
    #[pymethod(sig = "($self, default=<unrepresentable>, /)")]
    fn get(&self, default: Option<&PyObject>) -> PyResult {
        match default {
            None => match self.value()? {
                Some(value) => Ok(value),
                None => Err(crate::PyErr::with_args(exc::LookupError(), vec![self.to_obj()])),
            },
            Some(default) => {
                // The argument wins over the variable's own default.
                let context = thread::current().context.get();
                match context.as_deref().and_then(PyObject::downcast_ref::<PyContext>) {
                    Some(context) => {
                        Ok(context.vars().get_item(self.as_object())?.unwrap_or_else(|| default.new_ref()))
                    }
                    None => Ok(default.new_ref()),
                }
            }
        }
    }

    /// Call to set a new value for the context variable in the current context.
    ///
    /// The required *value* argument is the new value for the context variable.
    ///
    /// Returns a Token object that can be used to restore the variable to its previous
    /// value via the `ContextVar.reset()` method.
    #[pymethod(sig = "($self, value, /)")]
    fn set(&self, value: &PyObject) -> PyResult {
        Ok(self.set_value(value)?.into_obj())
    }

    /// Reset the context variable.
    ///
    /// The variable is reset to the value it had before the `ContextVar.set()` that
    /// created the token was used.
    #[pymethod(sig = "($self, token, /)")]
    fn reset(&self, token: &PyObject) -> PyResult<()> {
        match token.downcast_exact::<PyContextToken>() {
            Some(token) => self.reset_value(token),
            None => Err(exc::type_error(format!(
                "expected an instance of Token, got {}",
                protocol::repr(token)?.to_string_lossy()
            ))),
        }
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }
}

/// What `ContextVar.set` returns: how to undo it.
#[pyclass(name = "Token", module = "_contextvars", symbol = "PyContextToken_Type", gc)]
#[repr(C)]
pub struct PyContextToken {
    pub(crate) ob_base: PyObject,
    context: OptRef<PyContext>,
    var: OptRef<PyContextVar>,
    old: OptRef,
    #[pytraverse(skip)]
    used: Cell<bool>,
}

#[pymethods]
impl PyContextToken {
    #[slot]
    fn tp_new(_cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        Err(exc::runtime_error("Tokens can only be created by ContextVars"))
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let mut text = String::from("<Token");
        if self.used.get() {
            text.push_str(" used");
        }
        text.push_str(" var=");
        if let Some(var) = self.var.get() {
            text.push_str(&protocol::repr(var.as_object())?.to_string_lossy());
        }
        text.push_str(&format!(" at {:p}>", self.as_object()));
        Ok(text)
    }

    /// Enter into Token context manager.
    #[pymethod(name = "__enter__")]
    fn enter(&self) -> ObjRef {
        self.to_obj()
    }

    /// Exit from Token context manager, restore the linked ContextVar.
    #[pymethod(name = "__exit__", sig = "($self, type, value, traceback, /)")]
    fn exit(&self, _type: &PyObject, _value: &PyObject, _traceback: &PyObject) -> PyResult<()> {
        match self.var.get() {
            Some(var) => var.reset_value(self),
            None => Ok(()),
        }
    }

    #[pygetset]
    fn var(&self) -> ObjRef {
        self.var.get().map_or_else(crate::none, Ref::into_obj)
    }

    #[pygetset]
    fn old_value(&self) -> ObjRef {
        self.old.get().unwrap_or_else(token_missing)
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }
}

/// The type of `Token.MISSING`.
#[pyclass(name = "Token.MISSING", no_new)]
#[repr(C)]
pub struct PyTokenMissing {
    pub(crate) ob_base: PyObject,
}

#[pymethods]
impl PyTokenMissing {
    #[slot]
    fn tp_repr(&self) -> &'static str {
        "<Token.MISSING>"
    }
}

/// `Token.MISSING`: the old value of a variable that had none.
pub fn token_missing() -> ObjRef {
    static MISSING: OptRef = OptRef::NULL;
    match MISSING.get() {
        Some(object) => object,
        None => {
            let object = alloc::new_exact(PyTokenMissing { ob_base: PyObject::placeholder() }).into_obj();
            object.make_immortal();
            MISSING.set(Some(object.clone()));
            object
        }
    }
}
