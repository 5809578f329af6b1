//! `BaseException`: the layout every exception starts with, its attributes and its methods.

use core::cell::Cell;

use rpy_derive::{pyclass, pymethods};

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::alloc::new_in;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::object as po;
use crate::runtime::gc::{Traverse, Visit};
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::traceback::PyTraceback;
use crate::types::tuple::PyTuple;

const _: () = assert!(size_of::<PyBaseException>() == 72);

/// Common base class for all exceptions
#[pyclass(name = "BaseException", symbol = "_PyExc_BaseException", flags(BASETYPE, BASE_EXC_SUBCLASS, HAVE_GC), dict = dict)]
#[repr(C)]
pub struct PyBaseException {
    pub ob_base: PyObject,
    pub dict: OptRef<PyDict>,
    /// Always a tuple once the instance is made.
    pub args: OptRef<PyTuple>,
    pub notes: OptRef,
    pub traceback: OptRef,
    pub context: OptRef,
    pub cause: OptRef,
    /// A C `char`: 0 or 1.
    pub suppress_context: Cell<u8>,
}

impl PyBaseException {
    /// A fresh value for [`new_in`], with `args`.
    pub fn fresh(args: Ref<PyTuple>) -> PyBaseException {
        PyBaseException {
            ob_base: PyObject::placeholder(),
            dict: OptRef::NULL,
            args: OptRef::some(args),
            notes: OptRef::NULL,
            traceback: OptRef::NULL,
            context: OptRef::NULL,
            cause: OptRef::NULL,
            suppress_context: Cell::new(0),
        }
    }

    /// `self.args` as a tuple (empty if it has been cleared).
    pub fn args_tuple(&self) -> Ref<PyTuple> {
        self.args.get().unwrap_or_else(PyTuple::empty)
    }

    /// `__traceback__`, if there is one.
    pub fn traceback(&self) -> Option<ObjRef> {
        self.traceback.get().filter(|tb| !crate::is_none(tb))
    }

    /// Sets `__traceback__` (`None`: removes it).
    pub fn set_traceback(&self, tb: Option<ObjRef>) {
        self.traceback.set(tb.filter(|tb| !crate::is_none(tb)));
    }

    /// `__context__`, if there is one.
    pub fn context(&self) -> Option<ObjRef> {
        self.context.get()
    }

    /// Sets `__context__`.
    pub fn set_context(&self, context: Option<ObjRef>) {
        self.context.set(context);
    }

    /// `__cause__`, if there is one.
    pub fn cause(&self) -> Option<ObjRef> {
        self.cause.get()
    }

    /// Sets `__cause__`, and `__suppress_context__` as `raise … from` does.
    pub fn set_cause(&self, cause: Option<ObjRef>) {
        self.suppress_context.set(1);
        self.cause.set(cause);
    }

    /// `args[0]` if there is exactly one argument.
    fn only_arg(&self) -> Option<ObjRef> {
        let args = self.args.peek()?;
        if args.len() == 1 { args.get(0).map(|arg| arg.new_ref()) } else { None }
    }

    /// `str(exception)` as `BaseException` gives it: nothing, the only argument, or all arguments.
    pub fn base_str(&self) -> PyResult<Ref<PyStr>> {
        let args = self.args_tuple();
        match args.len() {
            0 => Ok(PyStr::new("")),
            1 => {
                let arg = args.get(0).map(|arg| arg.new_ref());
                po::str(&arg.unwrap_or_else(crate::none))
            }
            _ => po::str(args.as_object()),
        }
    }

    /// The body of `BaseException.__init__`.
    pub fn base_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        no_keywords(self.as_object().ty(), kwargs)?;
        self.args.set(Some(args.to_ref()));
        Ok(())
    }

    /// The instance's `__dict__`, or `None` when it is empty.
    pub fn dict_if_any(&self) -> Option<Ref<PyDict>> {
        self.dict.get()
    }

    /// Shows the references of the base part to the collector.
    pub fn traverse_base(&self, v: &mut Visit<'_>) {
        self.dict.traverse(v);
        self.args.traverse(v);
        self.notes.traverse(v);
        self.traceback.traverse(v);
        self.context.traverse(v);
        self.cause.traverse(v);
    }

    /// Drops the references of the base part.
    pub fn clear_base(&self) {
        self.dict.take();
        self.args.take();
        self.notes.take();
        self.traceback.take();
        self.context.take();
        self.cause.take();
    }
}

/// Refuses keyword arguments in the words of `_PyArg_NoKeywords`.
pub(super) fn no_keywords(ty: &PyTypeObject, kwargs: Option<&PyDict>) -> PyResult<()> {
    match kwargs {
        Some(kwargs) if kwargs.len() != 0 => {
            Err(exc::type_error(format!("{}() takes no keyword arguments", ty.full_name())))
        }
        _ => Ok(()),
    }
}

/// `tp_vectorcall` of the classes that add neither fields nor an initialiser.
///
/// # Safety
/// As the C API prescribes for `vectorcallfunc`.
pub unsafe extern "C-unwind" fn base_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the callable is the type; arguments are borrowed references; kwnames is null or a tuple.
    unsafe {
        let ty = &*(callable as *const PyTypeObject);
        if !kwnames.is_null() && (*(kwnames as *const PyTuple)).len() != 0 {
            return exc::type_error(format!("{}() takes no keyword arguments", ty.full_name())).restore_null();
        }
        let nargs = nargsf & !(1usize << 63);
        let items: Vec<ObjRef> = (0..nargs).map(|i| (**args.add(i)).new_ref()).collect();
        match new_in(ty, PyBaseException::fresh(PyTuple::new(items))) {
            Ok(value) => value.into_raw() as *mut PyObject,
            Err(e) => e.restore_null(),
        }
    }
}

/// A context or cause given from Python: an exception, or `None` for "none".
fn exception_or_none(value: &PyObject, what: &str) -> PyResult<Option<ObjRef>> {
    if crate::is_none(value) {
        Ok(None)
    } else if value.ty().has_flag(flags::BASE_EXC_SUBCLASS) {
        Ok(Some(value.new_ref()))
    } else {
        Err(exc::type_error(format!("{what} must be None or derive from BaseException")))
    }
}

#[pymethods]
impl PyBaseException {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        new_in(cls, PyBaseException::fresh(args.to_ref())).map(Ref::into_obj)
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        self.base_init(args, kwargs)
    }

    #[slot(raw)]
    unsafe extern "C-unwind" fn tp_vectorcall(
        callable: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the same contract.
        unsafe { base_vectorcall(callable, args, nargsf, kwnames) }
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.traverse_base(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.clear_base();
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        let name = self.as_object().ty().name();
        let text = match self.only_arg() {
            Some(arg) => {
                let shown = po::repr(&arg)?;
                format_wtf8(&[name, "("], &shown, ")")
            }
            None => {
                let shown = po::repr(self.args_tuple().as_object())?;
                format_wtf8(&[name], &shown, "")
            }
        };
        Ok(text.into_obj())
    }

    #[slot]
    fn tp_str(&self) -> PyResult<ObjRef> {
        Ok(self.base_str()?.into_obj())
    }

    /// Helper for pickle.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        let mut items = vec![self.as_object().ty().to_obj(), self.args_tuple().into_obj()];
        if let Some(dict) = self.dict_if_any() {
            items.push(dict.into_obj());
        }
        Ok(PyTuple::new(items).into_obj())
    }

    #[pymethod(name = "__setstate__", sig = "($self, state, /)")]
    fn setstate(&self, state: &PyObject) -> PyResult<()> {
        if crate::is_none(state) {
            return Ok(());
        }
        let Some(dict) = state.downcast_ref::<PyDict>() else {
            return Err(exc::type_error("state is not a dictionary"));
        };
        let mut pos = 0;
        while let Some((key, value)) = dict.iter_index(&mut pos) {
            po::setattr_obj(self.as_object(), &key, Some(&value))?;
        }
        Ok(())
    }

    /// Set self.__traceback__ to tb and return self.
    #[pymethod(sig = "($self, tb, /)")]
    fn with_traceback(&self, tb: &PyObject) -> PyResult<ObjRef> {
        self.assign_traceback(Some(tb))?;
        Ok(self.to_obj())
    }

    /// Add a note to the exception
    #[pymethod(sig = "($self, note, /)")]
    fn add_note(&self, note: &PyObject) -> PyResult<()> {
        if note.downcast_ref::<PyStr>().is_none() {
            return Err(exc::type_error(format!("add_note() argument must be str, not {}", note.ty().name())));
        }
        let name = crate::intern!("__notes__");
        let notes = match po::getattr_opt(self.as_object(), name)? {
            Some(notes) => notes,
            None => {
                let notes = PyList::new(Vec::new()).into_obj();
                po::setattr(self.as_object(), name, Some(&notes))?;
                notes
            }
        };
        match notes.downcast_ref::<PyList>() {
            Some(list) => list.append(note.new_ref()),
            None => Err(exc::type_error("Cannot add note: __notes__ is not a list")),
        }
    }

    #[pygetset(name = "__dict__")]
    fn dict(&self) -> PyResult<ObjRef> {
        match self.dict.get() {
            Some(dict) => Ok(dict.into_obj()),
            None => {
                let dict = PyDict::new();
                self.dict.set(Some(dict.clone()));
                Ok(dict.into_obj())
            }
        }
    }

    #[pygetset(setter, name = "__dict__")]
    fn set_dict(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            None => Err(exc::type_error("cannot delete __dict__")),
            Some(value) => match value.downcast_ref::<PyDict>() {
                Some(dict) => {
                    self.dict.set(Some(dict.to_ref()));
                    Ok(())
                }
                None => {
                    Err(exc::type_error(format!("__dict__ must be set to a dictionary, not a '{}'", value.ty().name())))
                }
            },
        }
    }

    #[pygetset]
    fn args(&self) -> ObjRef {
        match self.args.get() {
            Some(args) => args.into_obj(),
            None => crate::none(),
        }
    }

    #[pygetset(setter)]
    fn set_args(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(exc::type_error("args may not be deleted"));
        };
        let args = crate::protocol::sequence::to_tuple(value)?;
        self.args.set(Some(args));
        Ok(())
    }

    #[pygetset(name = "__traceback__")]
    fn __traceback__(&self) -> ObjRef {
        self.traceback.get().unwrap_or_else(crate::none)
    }

    #[pygetset(setter, name = "__traceback__")]
    fn assign_traceback(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            None => Err(exc::type_error("__traceback__ may not be deleted")),
            Some(tb) if crate::is_none(tb) => {
                self.traceback.set(None);
                Ok(())
            }
            Some(tb) if PyTraceback::check(tb) => {
                self.traceback.set(Some(tb.new_ref()));
                Ok(())
            }
            Some(_) => Err(exc::type_error("__traceback__ must be a traceback or None")),
        }
    }

    #[pygetset(name = "__context__")]
    fn __context__(&self) -> ObjRef {
        self.context.get().unwrap_or_else(crate::none)
    }

    #[pygetset(setter, name = "__context__")]
    fn assign_context(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            None => Err(exc::type_error("__context__ may not be deleted")),
            Some(value) => {
                self.context.set(exception_or_none(value, "exception context")?);
                Ok(())
            }
        }
    }

    #[pygetset(name = "__cause__")]
    fn __cause__(&self) -> ObjRef {
        self.cause.get().unwrap_or_else(crate::none)
    }

    #[pygetset(setter, name = "__cause__")]
    fn assign_cause(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            None => Err(exc::type_error("__cause__ may not be deleted")),
            Some(value) => {
                self.set_cause(exception_or_none(value, "exception cause")?);
                Ok(())
            }
        }
    }

    #[pygetset(name = "__suppress_context__")]
    fn __suppress_context__(&self) -> ObjRef {
        crate::py_bool(self.suppress_context.get() != 0)
    }

    #[pygetset(setter, name = "__suppress_context__")]
    fn assign_suppress_context(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            None => Err(exc::type_error("can't delete numeric/char attribute")),
            Some(value) if value.is(&crate::py_bool(true)) => {
                self.suppress_context.set(1);
                Ok(())
            }
            Some(value) if value.is(&crate::py_bool(false)) => {
                self.suppress_context.set(0);
                Ok(())
            }
            Some(_) => Err(exc::type_error("attribute value type must be bool")),
        }
    }
}

/// `prefix… middle suffix` as one string, keeping surrogates of `middle`.
pub(super) fn format_wtf8(prefix: &[&str], middle: &PyStr, suffix: &str) -> Ref<PyStr> {
    let mut out = crate::types::str::StrBuilder::new();
    for part in prefix {
        out.push_str(part);
    }
    out.push_py(middle);
    out.push_str(suffix);
    out.finish()
}

/// Is `object` an exception class?
pub fn is_exception_class(object: &PyObject) -> bool {
    object.downcast_ref::<PyTypeObject>().is_some_and(|ty| ty.has_flag(flags::BASE_EXC_SUBCLASS))
}

/// Makes an exception `ty(*args)`.
///
/// # Errors
/// What the class's constructor raises, or `TypeError` when it gives something that is no exception.
pub fn new_exception(ty: &PyTypeObject, args: Vec<ObjRef>) -> PyResult<Ref<PyBaseException>> {
    let args = PyTuple::new(args);
    let base = PyBaseException::type_object();
    let plain = ty.tp_new.get().map(|f| f as usize) == base.tp_new.get().map(|f| f as usize)
        && ty.tp_init.get().map(|f| f as usize) == base.tp_init.get().map(|f| f as usize)
        && ty.tp_new.get().is_some();
    if plain {
        return new_in(ty, PyBaseException::fresh(args));
    }
    let value = crate::protocol::call::call_tuple(ty.as_object(), &args, None)?;
    if value.ty().has_flag(flags::BASE_EXC_SUBCLASS) {
        // SAFETY: the flag says it is an exception.
        Ok(unsafe { value.cast_unchecked() })
    } else {
        let class = po::repr(ty.as_object())?;
        Err(exc::type_error(format!(
            "calling {} should have returned an instance of BaseException, not {}",
            class.to_string_lossy(),
            value.ty().name()
        )))
    }
}

/// What `raise value` does with its operand: a class is called, an instance taken as it is.
pub fn exception_from_raise(value: &PyObject) -> PyResult<Ref<PyBaseException>> {
    if value.ty().has_flag(flags::BASE_EXC_SUBCLASS) {
        // SAFETY: the flag says it is an exception.
        return Ok(unsafe { value.new_ref().cast_unchecked() });
    }
    match value.downcast_ref::<PyTypeObject>() {
        Some(ty) if ty.has_flag(flags::BASE_EXC_SUBCLASS) => new_exception(ty, Vec::new()),
        _ => Err(exc::type_error("exceptions must derive from BaseException")),
    }
}

/// `PyErr_GivenExceptionMatches` for a class or a (nested) tuple of classes: no Python code runs.
pub fn given_exception_matches(given: &PyObject, classes: &PyObject) -> bool {
    if let Some(tuple) = classes.downcast_ref::<PyTuple>() {
        return tuple.items().iter().any(|item| given_exception_matches(given, item));
    }
    let given_class = if given.ty().has_flag(flags::BASE_EXC_SUBCLASS) { given.ty().as_object() } else { given };
    match (given_class.downcast_ref::<PyTypeObject>(), classes.downcast_ref::<PyTypeObject>()) {
        (Some(given), Some(class))
            if given.has_flag(flags::BASE_EXC_SUBCLASS) && class.has_flag(flags::BASE_EXC_SUBCLASS) =>
        {
            given.is_subtype(class)
        }
        _ => given_class.is(classes),
    }
}

/// `raise error from cause`: the cause is the context too.
pub fn caused_by(error: PyErr, cause: PyErr) -> PyErr {
    let cause = cause.into_object();
    error.value().set_cause(Some(cause.clone()));
    error.value().set_context(Some(cause));
    error
}

/// Wraps an error so that `context` becomes its `__context__`, unless it has one or is the same object.
pub fn chain(error: PyErr, context: PyErr) -> PyErr {
    let value = error.value();
    if value.context.is_null() && !core::ptr::eq(value, context.value()) {
        value.set_context(Some(context.into_object()));
    }
    error
}
