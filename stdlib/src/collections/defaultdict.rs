//! `collections.defaultdict`.

use rpy_vm::args::KwArgs;
use rpy_vm::object::dealloc::free_instance;
use rpy_vm::object::{OptRef, PyClass, PyStruct};
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::runtime::gc;
use rpy_vm::runtime::repr_guard::ReprGuard;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::class_getitem;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, intern, pyclass, pymethods};

/// defaultdict(default_factory=None, /, [...]) --> dict with default factory
///
/// The default factory is called without arguments to produce
/// a new value when a key is not present, in __getitem__ only.
/// A defaultdict compares equal to a dict with the same items.
/// All remaining arguments are treated the same as if they were
/// passed to the dict constructor, including keyword arguments.
#[pyclass(name = "defaultdict", module = "collections", base = PyDict, flags(BASETYPE, MAPPING), gc)]
#[repr(C)]
pub struct PyDefaultDict {
    pub ob_base: PyDict,
    /// Factory for default value called by __missing__().
    #[pymember(object)]
    default_factory: OptRef,
}

impl PyDefaultDict {
    fn as_dict(&self) -> &PyDict {
        &self.ob_base
    }

    /// The factory; None counts as none.
    fn factory(&self) -> Option<ObjRef> {
        self.default_factory.get().filter(|factory| !rpy_vm::is_none(factory))
    }

    /// A dict of the same class with the same factory, filled from `source`.
    fn like_self(&self, source: &PyObject) -> PyResult {
        let factory = self.default_factory.get().unwrap_or_else(rpy_vm::none);
        call::call(self.as_object().ty().as_object(), &[&factory, source])
    }
}

#[pymethods]
impl PyDefaultDict {
    #[pyinit(sig = "($self, /, *args, **kwargs)")]
    fn py_init(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<()> {
        let (factory, rest) = match args.split_first() {
            None => (None, args),
            Some((factory, rest)) => {
                if !protocol::callable(factory) && !rpy_vm::is_none(factory) {
                    return Err(exc::type_error("first argument must be callable or None"));
                }
                (Some(factory.new_ref()).filter(|factory| !rpy_vm::is_none(factory)), rest)
            }
        };
        self.default_factory.set(factory);
        let kwargs = kwargs.to_dict()?;
        self.as_dict().init(rest, kwargs.as_deref())
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: a dead defaultdict; the base type's slot does the rest.
        unsafe {
            gc::untrack(&*object);
            (*(object as *mut PyDefaultDict)).default_factory.take();
            match PyDict::type_object().tp_dealloc.get() {
                Some(dealloc) => dealloc(object),
                None => free_instance(object),
            }
        }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let base = PyDict::type_object();
        // SAFETY: calling the base type's slot with an instance of a subtype.
        let contents = match base.tp_repr.get() {
            Some(repr) => unsafe { ObjRef::from_c_result(repr(self.as_object().as_ptr()))? },
            None => rpy_vm::none(),
        };
        let contents = protocol::str(&contents)?;
        let factory = match self.default_factory.get() {
            None => "None".to_owned(),
            Some(factory) => match ReprGuard::enter(&factory) {
                None => "...".to_owned(),
                Some(_guard) => protocol::repr(&factory)?.to_string_lossy().into_owned(),
            },
        };
        Ok(format!("{}({factory}, {})", self.as_object().ty().name(), contents.to_string_lossy()))
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        let (this, other) = match a.downcast_ref::<PyDefaultDict>() {
            Some(this) => (this, b),
            None => match b.downcast_ref::<PyDefaultDict>() {
                Some(this) => (this, a),
                None => return Ok(rpy_vm::not_implemented()),
            },
        };
        if !PyDict::check(other) {
            return Ok(rpy_vm::not_implemented());
        }
        // Like copy(), this calls the object's class; a subclass constructor with other arguments has to override it.
        let new = this.like_self(a)?;
        match new.downcast_ref::<PyDict>() {
            Some(dict) => dict.update(b)?,
            None => return Err(exc::type_error("the class's constructor did not return a dict")),
        }
        Ok(new)
    }

    /// __missing__(key) # Called by __getitem__ for missing key; pseudo-code:
    /// if self.default_factory is None: raise KeyError((key,))
    /// self[key] = value = self.default_factory()
    /// return value
    #[pymethod(name = "__missing__", sig = "($self, key, /)")]
    fn missing(&self, key: &PyObject) -> PyResult {
        let Some(factory) = self.factory() else {
            return Err(exc::key_error(key));
        };
        let value = call::call_noargs(&factory)?;
        // The factory may have set the key itself: then that value stays.
        Ok(self.as_dict().setdefault(key, &value)?.0)
    }

    /// D.copy() -> a shallow copy of D.
    #[pymethod]
    fn copy(&self) -> PyResult {
        self.like_self(self.as_object())
    }

    /// D.copy() -> a shallow copy of D.
    #[pymethod(name = "__copy__")]
    fn dunder_copy(&self) -> PyResult {
        self.like_self(self.as_object())
    }

    /// Return state information for pickling.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult {
        let args = match self.factory() {
            None => PyTuple::empty(),
            Some(factory) => PyTuple::from_array([factory]),
        };
        let items = call::call_method(self.as_object(), intern!("items"), &[])?;
        let iter = protocol::get_iter(&items)?;
        Ok(PyTuple::from_array([self.as_object().ty().to_obj(), args.into_obj(), rpy_vm::none(), rpy_vm::none(), iter])
            .into_obj())
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        class_getitem(cls, item)
    }
}
