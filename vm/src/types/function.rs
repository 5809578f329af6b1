//! `function`: a code object with globals, defaults and closure.

use core::cell::Cell;

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, OptRef, PyClass, PyStruct, Ref};
use crate::object::slots::vectorcallfunc;
use crate::types::code::{PyCode, co_flags};
use crate::types::dict::PyDict;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// A Python function (152 bytes).
#[pyclass(
    name = "function",
    symbol = "PyFunction_Type",
    flags(METHOD_DESCRIPTOR, HAVE_VECTORCALL),
    weaklist = func_weakreflist,
    dict = func_dict,
    vectorcall = vectorcall,
    gc
)]
#[repr(C)]
pub struct PyFunction {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__globals__", object)]
    #[pytraverse(keep)]
    pub func_globals: OptRef,
    #[pymember(readonly, name = "__builtins__", object)]
    #[pytraverse(keep)]
    pub func_builtins: OptRef,
    #[pytraverse(keep)]
    pub func_name: OptRef<PyStr>,
    #[pytraverse(keep)]
    pub func_qualname: OptRef<PyStr>,
    #[pytraverse(keep)]
    pub func_code: OptRef<PyCode>,
    pub func_defaults: OptRef<PyTuple>,
    pub func_kwdefaults: OptRef<PyDict>,
    #[pymember(readonly, name = "__closure__", object)]
    pub func_closure: OptRef<PyTuple>,
    #[pymember(name = "__doc__", object)]
    pub func_doc: OptRef,
    pub func_dict: OptRef,
    #[pytraverse(skip)]
    pub func_weakreflist: Cell<*mut PyObject>,
    #[pymember(name = "__module__", object)]
    pub func_module: OptRef,
    pub func_annotations: OptRef,
    pub func_annotate: OptRef,
    pub func_typeparams: OptRef,
    #[pytraverse(skip)]
    pub vectorcall: Cell<Option<vectorcallfunc>>,
    /// Guards inline caches: changes when code, defaults or the like change. 0 = none yet.
    pub func_version: Cell<u32>,
}

/// Function versions share the number space with code versions in that a fresh function takes its code's; assignments
/// to a function's parts draw new numbers from the upper half.
static NEXT_VERSION: core::sync::atomic::AtomicU32 = core::sync::atomic::AtomicU32::new(1 << 31);

impl PyFunction {
    /// A new function: `__module__` from the globals' `__name__`, doc from the code's first constant.
    pub fn new(code: &PyCode, globals: &PyObject, qualname: Option<Ref<PyStr>>) -> Ref<PyFunction> {
        let builtins = builtins_for(globals);
        let doc = if code.has_flag(co_flags::HAS_DOCSTRING) {
            code.co_consts.get(0).map_or_else(crate::none, |d| d.new_ref())
        } else {
            crate::none()
        };
        let module = globals.downcast_ref::<PyDict>().and_then(|g| g.get_str(crate::intern!("__name__")));
        let function = new_exact(PyFunction {
            ob_base: PyObject::placeholder(),
            func_globals: OptRef::some(globals.new_ref()),
            func_builtins: OptRef::some(builtins),
            func_name: OptRef::some(code.co_name.clone()),
            func_qualname: OptRef::some(qualname.unwrap_or_else(|| code.co_qualname.clone())),
            func_code: OptRef::some(code.to_ref()),
            func_defaults: OptRef::NULL,
            func_kwdefaults: OptRef::NULL,
            func_closure: OptRef::NULL,
            func_doc: OptRef::some(doc),
            func_dict: OptRef::NULL,
            func_weakreflist: Cell::new(core::ptr::null_mut()),
            func_module: OptRef::new(module),
            func_annotations: OptRef::NULL,
            func_annotate: OptRef::NULL,
            func_typeparams: OptRef::NULL,
            vectorcall: Cell::new(Some(crate::interp::call::function_vectorcall)),
            func_version: Cell::new(code.co_version.get()),
        });
        function
    }

    /// The code object (borrowed).
    #[inline(always)]
    pub fn code(&self) -> &PyCode {
        // SAFETY: `func_code` is never null: construction and `__code__` always set it.
        unsafe { &*self.func_code.as_raw() }
    }

    /// The version for inline caches; 0 when the numbers are used up.
    #[inline(always)]
    pub fn version(&self) -> u32 {
        self.func_version.get()
    }

    /// Something that inline caches or traces rely on is about to change.
    pub fn changed(&self) {
        use core::sync::atomic::Ordering;
        let next = NEXT_VERSION.load(Ordering::Relaxed);
        if next != 0 {
            NEXT_VERSION.store(next.wrapping_add(1), Ordering::Relaxed);
        }
        self.func_version.set(next);
        crate::jit_hooks::function_changed(self);
    }
}

/// What `__builtins__` in the globals stands for: a module's dict, or the object itself; the interpreter's own by default.
pub fn builtins_for(globals: &PyObject) -> ObjRef {
    if let Some(found) = globals.downcast_ref::<PyDict>().and_then(|g| g.get_str(crate::intern!("__builtins__"))) {
        return match found.downcast_ref::<crate::types::module::PyModule>() {
            Some(module) => module.dict().to_obj(),
            None => found,
        };
    }
    match crate::runtime::sys_state::builtins_dict() {
        Ok(dict) => dict.to_obj(),
        // Before start-up is done there is nothing to find.
        Err(_) => PyDict::new().into_obj(),
    }
}

fn expect_dict_or_none(value: Option<&PyObject>, name: &str) -> PyResult<Option<Ref<PyDict>>> {
    match value {
        None => Ok(None),
        Some(v) if crate::is_none(v) => Ok(None),
        Some(v) => match v.downcast_ref::<PyDict>() {
            Some(d) => Ok(Some(d.to_ref())),
            None => Err(exc::type_error(format!("{name} must be set to a dict object"))),
        },
    }
}

#[pymethods]
impl PyFunction {
    /// Create a function object.
    #[pynew(sig = "(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)")]
    fn py_new(
        _cls: &crate::PyTypeObject,
        code: &PyCode,
        globals: &PyDict,
        name: Option<&PyObject>,
        argdefs: Option<&PyObject>,
        closure: Option<&PyObject>,
        kwdefaults: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let name = match name {
            None => None,
            Some(n) => {
                Some(n.downcast_ref::<PyStr>().ok_or_else(|| exc::type_error("arg 3 (name) must be None or string"))?)
            }
        };
        let argdefs = match argdefs {
            None => None,
            Some(d) => Some(
                d.downcast_ref::<PyTuple>().ok_or_else(|| exc::type_error("arg 4 (defaults) must be None or tuple"))?,
            ),
        };
        let nfree = code.co_nfreevars as usize;
        let closure = match closure {
            None if nfree > 0 => return Err(exc::type_error("arg 5 (closure) must be tuple")),
            None => None,
            Some(c) => match c.downcast_ref::<PyTuple>() {
                Some(t) => Some(t),
                None if nfree > 0 => return Err(exc::type_error("arg 5 (closure) must be tuple")),
                None => return Err(exc::type_error("arg 5 (closure) must be None or tuple")),
            },
        };
        let given = closure.map_or(0, |c| c.len());
        if given != nfree {
            return Err(exc::value_error(format!(
                "{} requires closure of length {nfree}, not {given}",
                code.co_name.to_string_lossy()
            )));
        }
        if let Some(closure) = closure {
            for cell in closure.items() {
                if !crate::types::cell::PyCell::check(cell) {
                    return Err(exc::type_error(format!("arg 5 (closure) expected cell, found {}", cell.ty().name())));
                }
            }
        }
        let function = PyFunction::new(code, globals.as_object(), None);
        if let Some(name) = name {
            function.func_name.set(Some(name.to_ref()));
        }
        function.func_defaults.set(argdefs.map(PyStruct::to_ref));
        function.func_closure.set(closure.map(PyStruct::to_ref));
        if let Some(k) = kwdefaults {
            let kwdefaults = expect_dict_or_none(Some(k), "__kwdefaults__");
            function
                .func_kwdefaults
                .set(kwdefaults.map_err(|_| exc::type_error("arg 6 (kwdefaults) must be None or dict"))?);
        }
        Ok(function.into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        let qualname = self.func_qualname.get().unwrap_or_else(|| PyStr::new("?"));
        Ok(PyStr::from_string(format!("<function {} at {:#x}>", qualname.to_string_lossy(), self as *const _ as usize))
            .into_obj())
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult<ObjRef> {
        match obj {
            Some(obj) if !crate::is_none(obj) => {
                Ok(crate::types::method::PyMethod::new(self.as_object(), obj).into_obj())
            }
            _ => Ok(self.to_obj()),
        }
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        crate::protocol::call::call_tuple(self.as_object(), args, kwargs)
    }

    #[pygetset(name = "__code__")]
    fn get_code(&self) -> ObjRef {
        self.code().to_obj()
    }
    #[pygetset(setter, name = "__code__")]
    fn set_code(&self, value: Option<&PyObject>) -> PyResult<()> {
        let code = value
            .and_then(|v| v.downcast_ref::<PyCode>())
            .ok_or_else(|| exc::type_error("__code__ must be set to a code object"))?;
        let nclosure = self.func_closure.peek().map_or(0, |c| c.len());
        if code.co_nfreevars as usize != nclosure {
            let name = self.func_name.get().unwrap_or_else(|| PyStr::new("?"));
            return Err(exc::value_error(format!(
                "{}() requires a code object with {nclosure} free vars, not {}",
                name.to_string_lossy(),
                code.co_nfreevars
            )));
        }
        self.changed();
        self.func_code.set(Some(code.to_ref()));
        Ok(())
    }

    #[pygetset(name = "__name__")]
    fn get_name(&self) -> Option<Ref<PyStr>> {
        self.func_name.get()
    }
    #[pygetset(setter, name = "__name__")]
    fn set_name(&self, value: Option<&PyObject>) -> PyResult<()> {
        let name = value
            .and_then(|v| v.downcast_ref::<PyStr>())
            .ok_or_else(|| exc::type_error("__name__ must be set to a string object"))?;
        self.func_name.set(Some(name.to_ref()));
        Ok(())
    }

    #[pygetset(name = "__qualname__")]
    fn get_qualname(&self) -> Option<Ref<PyStr>> {
        self.func_qualname.get()
    }
    #[pygetset(setter, name = "__qualname__")]
    fn set_qualname(&self, value: Option<&PyObject>) -> PyResult<()> {
        let name = value
            .and_then(|v| v.downcast_ref::<PyStr>())
            .ok_or_else(|| exc::type_error("__qualname__ must be set to a string object"))?;
        self.func_qualname.set(Some(name.to_ref()));
        Ok(())
    }

    #[pygetset(name = "__defaults__")]
    fn get_defaults(&self) -> Option<Ref<PyTuple>> {
        self.func_defaults.get()
    }
    #[pygetset(setter, name = "__defaults__")]
    fn set_defaults(&self, value: Option<&PyObject>) -> PyResult<()> {
        let defaults = match value {
            None => None,
            Some(v) if crate::is_none(v) => None,
            Some(v) => Some(
                v.downcast_ref::<PyTuple>()
                    .ok_or_else(|| exc::type_error("__defaults__ must be set to a tuple object"))?
                    .to_ref(),
            ),
        };
        self.changed();
        self.func_defaults.set(defaults);
        Ok(())
    }

    #[pygetset(name = "__kwdefaults__")]
    fn get_kwdefaults(&self) -> Option<Ref<PyDict>> {
        self.func_kwdefaults.get()
    }
    #[pygetset(setter, name = "__kwdefaults__")]
    fn set_kwdefaults(&self, value: Option<&PyObject>) -> PyResult<()> {
        let dict = expect_dict_or_none(value, "__kwdefaults__")?;
        self.changed();
        self.func_kwdefaults.set(dict);
        Ok(())
    }

    #[pygetset(name = "__dict__")]
    fn get_dict(&self) -> ObjRef {
        if self.func_dict.is_null() {
            self.func_dict.set(Some(PyDict::new().into_obj()));
        }
        self.func_dict.get().unwrap_or_else(crate::none)
    }
    #[pygetset(setter, name = "__dict__")]
    fn set_dict(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            None => Err(exc::type_error("cannot delete __dict__")),
            Some(v) => match v.downcast_ref::<PyDict>() {
                Some(d) => {
                    self.func_dict.set(Some(d.to_obj()));
                    Ok(())
                }
                None => {
                    Err(exc::type_error(format!("__dict__ must be set to a dictionary, not a '{}'", v.ty().name())))
                }
            },
        }
    }

    #[pygetset(name = "__annotations__")]
    fn get_annotations(&self) -> PyResult<ObjRef> {
        if self.func_annotations.is_null() {
            let dict = match self.func_annotate.get() {
                Some(annotate) if !crate::is_none(&annotate) => {
                    let one = crate::types::int::PyInt::from_i64(1);
                    let result = crate::protocol::call::call_one(&annotate, one.as_object())?;
                    if result.downcast_ref::<PyDict>().is_none() {
                        return Err(exc::type_error(format!(
                            "__annotate__ returned non-dict of type '{}'",
                            result.ty().name()
                        )));
                    }
                    result
                }
                _ => PyDict::new().into_obj(),
            };
            self.func_annotations.set(Some(dict));
        }
        Ok(self.func_annotations.get().unwrap_or_else(crate::none))
    }
    #[pygetset(setter, name = "__annotations__")]
    fn set_annotations(&self, value: Option<&PyObject>) -> PyResult<()> {
        let dict = expect_dict_or_none(value, "__annotations__")?;
        self.changed();
        self.func_annotations.set(dict.map(Ref::into_obj));
        self.func_annotate.take();
        Ok(())
    }

    #[pygetset(name = "__annotate__")]
    fn get_annotate(&self) -> Option<ObjRef> {
        self.func_annotate.get()
    }
    #[pygetset(setter, name = "__annotate__")]
    fn set_annotate(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            None => Err(exc::type_error("__annotate__ cannot be deleted")),
            Some(v) if crate::is_none(v) => {
                self.changed();
                self.func_annotate.set(Some(v.new_ref()));
                Ok(())
            }
            Some(v) if crate::protocol::object::callable(v) => {
                self.changed();
                self.func_annotate.set(Some(v.new_ref()));
                self.func_annotations.take();
                Ok(())
            }
            Some(_) => Err(exc::type_error("__annotate__ must be callable or None")),
        }
    }

    #[pygetset(name = "__type_params__")]
    fn get_type_params(&self) -> ObjRef {
        self.func_typeparams.get().unwrap_or_else(|| PyTuple::empty().into_obj())
    }
    #[pygetset(setter, name = "__type_params__")]
    fn set_type_params(&self, value: Option<&PyObject>) -> PyResult<()> {
        match value {
            Some(v) if PyTuple::check(v) => {
                self.func_typeparams.set(Some(v.new_ref()));
                Ok(())
            }
            _ => Err(exc::type_error("__type_params__ must be set to a tuple")),
        }
    }
}
