//! Exceptions with a field or two and no rules of their own: `StopIteration`, `SystemExit`, `NameError`,
//! `AttributeError`, `ImportError`, and `KeyError`, which prints its argument's repr.

use rpy_derive::{pyclass, pymethods};

use super::base::PyBaseException;
use super::{PyException, PyLookupError};
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, Ref};
use crate::protocol::object as po;
use crate::runtime::gc::{Traverse, Visit};
use crate::types::dict::PyDict;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// Signal the end from iterator.__next__().
#[pyclass(
    name = "StopIteration", symbol = "_PyExc_StopIteration", base = PyException,
    flags(BASETYPE, HAVE_GC)
)]
#[repr(C)]
pub struct PyStopIteration {
    pub ob_base: PyBaseException,
    /// generator return value
    #[pymember(object)]
    pub value: OptRef,
}

#[pymethods]
impl PyStopIteration {
    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        self.ob_base.base_init(args, kwargs)?;
        self.value.set(Some(args.get(0).map_or_else(crate::none, |value| value.new_ref())));
        Ok(())
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.ob_base.traverse_base(v);
        self.value.traverse(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.ob_base.clear_base();
        self.value.take();
    }
}

/// Request to exit from the interpreter.
#[pyclass(
    name = "SystemExit", symbol = "_PyExc_SystemExit", base = PyBaseException,
    flags(BASETYPE, HAVE_GC)
)]
#[repr(C)]
pub struct PySystemExit {
    pub ob_base: PyBaseException,
    /// exception code
    #[pymember(object)]
    pub code: OptRef,
}

#[pymethods]
impl PySystemExit {
    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        self.ob_base.base_init(args, kwargs)?;
        match args.len() {
            0 => {}
            1 => self.code.set(args.get(0).map(|code| code.new_ref())),
            _ => self.code.set(Some(args.to_obj())),
        }
        Ok(())
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.ob_base.traverse_base(v);
        self.code.traverse(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.ob_base.clear_base();
        self.code.take();
    }
}

/// Mapping key not found.
#[pyclass(
    name = "KeyError", symbol = "_PyExc_KeyError", base = PyLookupError,
    flags(BASETYPE), gc
)]
#[repr(C)]
pub struct PyKeyError {
    pub ob_base: PyBaseException,
}

#[pymethods]
impl PyKeyError {
    /// One argument is shown as its repr: `str(KeyError(''))` would be invisible otherwise.
    #[slot]
    fn tp_str(&self) -> PyResult<ObjRef> {
        let args = self.ob_base.args_tuple();
        match (args.len(), args.get(0)) {
            (1, Some(arg)) => Ok(po::repr(arg)?.into_obj()),
            _ => Ok(self.ob_base.base_str()?.into_obj()),
        }
    }

    #[slot(raw)]
    unsafe extern "C-unwind" fn tp_vectorcall(
        callable: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the same contract.
        unsafe { super::base::base_vectorcall(callable, args, nargsf, kwnames) }
    }
}

/// Takes the keyword arguments `names` out of `kwargs`; any other keyword is an error in `class`'s name.
fn keyword_fields<const N: usize>(
    class: &str,
    names: [&str; N],
    kwargs: Option<&PyDict>,
) -> PyResult<[Option<ObjRef>; N]> {
    let mut out = [const { None }; N];
    let Some(kwargs) = kwargs else { return Ok(out) };
    if kwargs.len() > N {
        return Err(exc::type_error(format!(
            "{class}() takes at most {N} keyword argument{} ({} given)",
            if N == 1 { "" } else { "s" },
            kwargs.len()
        )));
    }
    let mut pos = 0;
    while let Some((key, value)) = kwargs.iter_index(&mut pos) {
        let Some(key) = key.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("keywords must be strings"));
        };
        match names.iter().position(|name| key.eq_str(name)) {
            Some(i) => out[i] = Some(value),
            None => {
                return Err(exc::type_error(format!(
                    "{class}() got an unexpected keyword argument '{}'",
                    key.to_string_lossy()
                )));
            }
        }
    }
    Ok(out)
}

/// Name not found globally.
#[pyclass(
    name = "NameError", symbol = "_PyExc_NameError", base = PyException,
    flags(BASETYPE, HAVE_GC)
)]
#[repr(C)]
pub struct PyNameError {
    pub ob_base: PyBaseException,
    /// name
    #[pymember(object)]
    pub name: OptRef,
}

#[pymethods]
impl PyNameError {
    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        self.ob_base.base_init(args, None)?;
        let [name] = keyword_fields("NameError", ["name"], kwargs)?;
        self.name.set(name);
        Ok(())
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.ob_base.traverse_base(v);
        self.name.traverse(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.ob_base.clear_base();
        self.name.take();
    }
}

/// Attribute not found.
#[pyclass(
    name = "AttributeError", symbol = "_PyExc_AttributeError", base = PyException,
    flags(BASETYPE, HAVE_GC)
)]
#[repr(C)]
pub struct PyAttributeError {
    pub ob_base: PyBaseException,
    /// object
    #[pymember(object)]
    pub obj: OptRef,
    /// attribute name
    #[pymember(object)]
    pub name: OptRef,
}

#[pymethods]
impl PyAttributeError {
    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        self.ob_base.base_init(args, None)?;
        let [name, obj] = keyword_fields("AttributeError", ["name", "obj"], kwargs)?;
        self.name.set(name);
        self.obj.set(obj);
        Ok(())
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.ob_base.traverse_base(v);
        self.obj.traverse(v);
        self.name.traverse(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.ob_base.clear_base();
        self.obj.take();
        self.name.take();
    }

    /// The state for pickling: `name` and `args`, but not `obj`, which often cannot be pickled.
    #[pymethod(name = "__getstate__")]
    fn getstate(&self) -> PyResult<ObjRef> {
        let dict = match self.ob_base.dict_if_any() {
            Some(dict) => dict.copy()?,
            None => PyDict::new(),
        };
        if let Some(name) = self.name.get() {
            dict.set_name("name", name);
        }
        if let Some(args) = self.ob_base.args.get() {
            dict.set_name("args", args.into_obj());
        }
        Ok(dict.into_obj())
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        let state = self.getstate()?;
        Ok(PyTuple::new(vec![self.as_object().ty().to_obj(), self.ob_base.args_tuple().into_obj(), state]).into_obj())
    }
}

/// Import can't find module, or can't find name in module.
#[pyclass(
    name = "ImportError", symbol = "_PyExc_ImportError", base = PyException,
    flags(BASETYPE, HAVE_GC)
)]
#[repr(C)]
pub struct PyImportError {
    pub ob_base: PyBaseException,
    /// exception message
    #[pymember(object)]
    pub msg: OptRef,
    /// module name
    #[pymember(object)]
    pub name: OptRef,
    /// module path
    #[pymember(object)]
    pub path: OptRef,
    /// name imported from module
    #[pymember(object)]
    pub name_from: OptRef,
}

#[pymethods]
impl PyImportError {
    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        self.ob_base.base_init(args, None)?;
        let [name, path, name_from] = keyword_fields("ImportError", ["name", "path", "name_from"], kwargs)?;
        self.name.set(name);
        self.path.set(path);
        self.name_from.set(name_from);
        self.msg.set(if args.len() == 1 { args.get(0).map(|msg| msg.new_ref()) } else { None });
        Ok(())
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.ob_base.traverse_base(v);
        self.msg.traverse(v);
        self.name.traverse(v);
        self.path.traverse(v);
        self.name_from.traverse(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.ob_base.clear_base();
        self.msg.take();
        self.name.take();
        self.path.take();
        self.name_from.take();
    }

    #[slot]
    fn tp_str(&self) -> PyResult<ObjRef> {
        match self.msg.get() {
            Some(msg) if msg.downcast_exact::<PyStr>().is_some() => Ok(msg),
            _ => Ok(self.ob_base.base_str()?.into_obj()),
        }
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        let mut items = vec![self.as_object().ty().to_obj(), self.ob_base.args_tuple().into_obj()];
        let fields = [("name", &self.name), ("path", &self.path), ("name_from", &self.name_from)];
        if fields.iter().any(|(_, field)| !field.is_null()) {
            let state = match self.ob_base.dict_if_any() {
                Some(dict) => dict.copy()?,
                None => PyDict::new(),
            };
            for (name, field) in fields {
                if let Some(value) = field.get() {
                    state.set_name(name, value);
                }
            }
            items.push(state.into_obj());
        } else if let Some(dict) = self.ob_base.dict_if_any() {
            items.push(dict.into_obj());
        }
        Ok(PyTuple::new(items).into_obj())
    }
}

/// A `StopIteration` carrying `value`, made without calling the class.
pub fn new_stop_iteration(value: Option<ObjRef>) -> PyResult<Ref<PyStopIteration>> {
    let args = match &value {
        Some(value) => PyTuple::new(vec![value.clone()]),
        None => PyTuple::empty(),
    };
    crate::object::alloc::new_in(
        &super::_PyExc_StopIteration,
        PyStopIteration {
            ob_base: PyBaseException::fresh(args),
            value: OptRef::some(value.unwrap_or_else(crate::none)),
        },
    )
}
