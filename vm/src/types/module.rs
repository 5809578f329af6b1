//! `module`, and `moduledef` (what the initialisation functions of extension modules return).

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};

use crate::PyResult;
use crate::convert::IntoPy;
use crate::err::PyErr;
use crate::exc;
use crate::import;
use crate::object::alloc::{mem_free, new_exact};
use crate::object::defs::PyMethodDef;
use crate::object::slots::{inquiry, traverseproc};
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{call, object, sequence};
use crate::runtime::gc::{self, Visit};
use crate::runtime::sys_state;
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use crate::types::type_::lookup::lookup_ref;
use rpy_derive::{pyclass, pymethods};

/// `PyModuleDef_Base`.
#[repr(C)]
pub struct PyModuleDefBase {
    pub ob_base: PyObject,
    pub m_init: Cell<*const c_void>,
    pub m_index: Cell<isize>,
    pub m_copy: OptRef,
}

/// `PyModuleDef_Slot`.
#[repr(C)]
pub struct PyModuleDefSlot {
    pub slot: c_int,
    pub value: *mut c_void,
}

/// `PyModuleDef`: an extension module's definition (104 bytes), static memory of the extension.
#[pyclass(name = "moduledef", symbol = "PyModuleDef_Type", no_methods, no_new)]
#[repr(C)]
pub struct PyModuleDef {
    pub m_base: PyModuleDefBase,
    pub m_name: *const c_char,
    pub m_doc: *const c_char,
    pub m_size: isize,
    pub m_methods: *const PyMethodDef,
    pub m_slots: *const PyModuleDefSlot,
    pub m_traverse: Option<traverseproc>,
    pub m_clear: Option<inquiry>,
    pub m_free: Option<unsafe extern "C-unwind" fn(*mut c_void)>,
}

// SAFETY: starts with the header.
unsafe impl PyStruct for PyModuleDefBase {}

/// Create a module object.
///
/// The name must be a string; the optional docstring can have any type.
#[pyclass(name = "module", symbol = "PyModule_Type", weaklist = md_weaklist, dict = md_dict, flags(BASETYPE, HAVE_GC))]
#[repr(C)]
pub struct PyModule {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__dict__", object)]
    pub md_dict: OptRef<PyDict>,
    pub md_def: Cell<*const PyModuleDef>,
    /// The extension's own memory.
    pub md_state: Cell<*mut c_void>,
    pub md_weaklist: Cell<*mut PyObject>,
    pub md_name: OptRef,
}

impl PyModule {
    fn with_dict(dict: Option<Ref<PyDict>>) -> PyModule {
        PyModule {
            ob_base: PyObject::placeholder(),
            md_dict: OptRef::new(dict),
            md_def: Cell::new(core::ptr::null()),
            md_state: Cell::new(core::ptr::null_mut()),
            md_weaklist: Cell::new(core::ptr::null_mut()),
            md_name: OptRef::NULL,
        }
    }

    /// A new module with the usual five attributes.
    pub fn new(name: &str) -> Ref<PyModule> {
        PyModule::new_object(PyStr::intern(PyStr::new(name)).as_object())
    }

    /// As [`PyModule::new`], from a name that is an object already.
    pub fn new_object(name: &PyObject) -> Ref<PyModule> {
        let module = new_exact(PyModule::with_dict(Some(PyDict::new())));
        if let Err(e) = module.init_dict(name, None) {
            // Only for lack of memory.
            e.write_unraisable(Some(name));
        }
        module
    }

    /// Sets `__name__`, `__doc__`, `__package__`, `__loader__` and `__spec__`.
    fn init_dict(&self, name: &PyObject, doc: Option<&PyObject>) -> PyResult<()> {
        let dict = self.dict();
        dict.set_str(intern!("__name__"), name)?;
        dict.set_str(intern!("__doc__"), doc.unwrap_or(crate::none_ref()))?;
        dict.set_str(intern!("__package__"), crate::none_ref())?;
        dict.set_str(intern!("__loader__"), crate::none_ref())?;
        dict.set_str(intern!("__spec__"), crate::none_ref())?;
        if PyStr::check_exact(name) {
            self.md_name.set(Some(name.new_ref()));
        }
        Ok(())
    }

    /// The module's namespace.
    #[inline]
    pub fn dict(&self) -> &PyDict {
        if self.md_dict.is_null() {
            self.md_dict.set(Some(PyDict::new()));
        }
        match self.md_dict.peek() {
            Some(dict) => dict,
            None => unreachable!("the dict was just made"),
        }
    }

    /// Sets an attribute.
    ///
    /// # Errors
    /// What converting the value raises.
    pub fn add(&self, name: &str, value: impl IntoPy) -> PyResult<()> {
        let value = value.into_py()?;
        self.dict().set_item(PyStr::intern(PyStr::new(name)).as_object(), &value)
    }

    /// `__name__` (`PyModule_GetNameObject`).
    pub fn name(&self) -> PyResult<Ref<PyStr>> {
        self.dict()
            .get_str(intern!("__name__"))
            .and_then(|name| name.downcast().ok())
            .ok_or_else(|| exc::system_error("nameless module"))
    }

    /// The attribute, found without `__getattr__`.
    fn find(&self, name: &PyStr) -> PyResult<Option<ObjRef>> {
        let this = self.as_object();
        let descr = lookup_ref(this.ty(), name);
        let get = descr.as_ref().and_then(|descr| descr.ty().tp_descr_get.get());
        let bind = |descr: &PyObject, get: crate::object::slots::descrgetfunc| {
            // SAFETY: calling the slot as C would.
            let found =
                unsafe { ObjRef::from_c_result(get(descr.as_ptr(), this.as_ptr(), this.ty().as_object().as_ptr())) };
            match found {
                Ok(value) => Ok(Some(value)),
                Err(e) if e.matches(exc::AttributeError()) => Ok(None),
                Err(e) => Err(e),
            }
        };
        if let (Some(descr), Some(get)) = (&descr, get)
            && descr.ty().tp_descr_set.get().is_some()
        {
            return bind(descr, get);
        }
        if let Some(dict) = self.md_dict.get()
            && let Some(value) = dict.get_item(name.as_object())?
        {
            return Ok(Some(value));
        }
        match (descr, get) {
            (Some(descr), Some(get)) => bind(&descr, get),
            (descr, _) => Ok(descr),
        }
    }

    /// An attribute, or `None` where `module.x` would raise `AttributeError`.
    pub fn getattr_opt(&self, name: &PyStr) -> PyResult<Option<ObjRef>> {
        if let Some(value) = self.find(name)? {
            return Ok(Some(value));
        }
        match self.dict().get_str(intern!("__getattr__")) {
            None => Ok(None),
            Some(function) => match call::call_one(&function, name.as_object()) {
                Ok(value) => Ok(Some(value)),
                Err(e) if e.matches(exc::AttributeError()) => Ok(None),
                Err(e) => Err(e),
            },
        }
    }

    /// The error for a missing attribute, with a hint where the reason can be guessed.
    #[cold]
    fn missing_attribute(&self, name: &PyStr) -> PyErr {
        let message = match self.missing_attribute_message(name) {
            Ok(message) => message,
            Err(e) => return e,
        };
        exc::attribute_error(message, self.as_object(), name.as_object())
    }

    fn missing_attribute_message(&self, name: &PyStr) -> PyResult<String> {
        let dict = self.dict().to_ref();
        let attribute = name.to_string_lossy();
        let module_name = dict.get_str(intern!("__name__"));
        let Some(module_name) = module_name.as_ref().and_then(|n| n.downcast_ref::<PyStr>()) else {
            return Ok(format!("module has no attribute '{attribute}'"));
        };
        let module = module_name.to_string_lossy();
        let Some(spec) = dict.get_str(intern!("__spec__")) else {
            return Ok(format!("module '{module}' has no attribute '{attribute}'"));
        };
        let origin = import::statement::spec_origin(&spec)?;
        let shadowing = origin.as_deref().is_some_and(import::statement::possibly_shadowing);
        let origin = origin.map(|text| object::str(&text)).transpose()?.map(|text| text.to_string_lossy().into_owned());
        let shadowing_stdlib = shadowing && is_stdlib_name(module_name)?;
        let origin_text = origin.as_deref().unwrap_or("?");
        if shadowing_stdlib {
            return Ok(format!(
                "module '{module}' has no attribute '{attribute}' (consider renaming '{origin_text}' since it has the \
                 same name as the standard library module named '{module}' and prevents importing that standard \
                 library module)"
            ));
        }
        if is_initializing(&spec)? {
            return Ok(match (&origin, shadowing) {
                (_, true) => format!(
                    "module '{module}' has no attribute '{attribute}' (consider renaming '{origin_text}' if it has the \
                     same name as a library you intended to import)"
                ),
                (Some(origin), false) => format!(
                    "partially initialized module '{module}' from '{origin}' has no attribute '{attribute}' (most \
                     likely due to a circular import)"
                ),
                (None, false) => format!(
                    "partially initialized module '{module}' has no attribute '{attribute}' (most likely due to a \
                     circular import)"
                ),
            });
        }
        if is_uninitialized_submodule(&spec, name)? {
            return Ok(format!(
                "cannot access submodule '{attribute}' of module '{module}' (most likely due to a circular import)"
            ));
        }
        Ok(format!("module '{module}' has no attribute '{attribute}'"))
    }

    /// The dict of `__dict__`, for the annotation getters, which look there and not at the field.
    fn namespace(&self) -> PyResult<Ref<PyDict>> {
        let dict = object::getattr(self.as_object(), intern!("__dict__"))?;
        dict.downcast().map_err(|_| exc::type_error("<module>.__dict__ is not a dictionary"))
    }

    /// Calls an extension's traverse function, if it has one and state to show.
    fn def_has_state(&self) -> Option<&PyModuleDef> {
        // SAFETY: null, or a definition in static memory of the extension.
        let def = unsafe { self.md_def.get().as_ref() }?;
        (def.m_size <= 0 || !self.md_state.get().is_null()).then_some(def)
    }
}

/// Is a spec's module still being executed? Anything but a true `_initializing` means no.
pub fn is_initializing(spec: &PyObject) -> PyResult<bool> {
    if crate::is_none(spec) {
        return Ok(false);
    }
    match object::getattr_opt(spec, intern!("_initializing"))? {
        Some(value) => object::is_true(&value),
        None => Ok(false),
    }
}

/// Is `name` a submodule that is being imported at this moment?
fn is_uninitialized_submodule(spec: &PyObject, name: &PyStr) -> PyResult<bool> {
    if crate::is_none(spec) {
        return Ok(false);
    }
    match object::getattr_opt(spec, intern!("_uninitialized_submodules"))? {
        Some(names) => sequence::contains(&names, name.as_object()),
        None => Ok(false),
    }
}

/// Is it the name of a module of the standard library?
fn is_stdlib_name(name: &PyStr) -> PyResult<bool> {
    match sys_state::get("stdlib_module_names") {
        Some(names) if crate::types::set::any_set(&names).is_some() => sequence::contains(&names, name.as_object()),
        _ => Ok(false),
    }
}

#[pymethods]
impl PyModule {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        Ok(crate::object::alloc::new_in(cls, PyModule::with_dict(Some(PyDict::new())))?.into_obj())
    }

    #[pyinit(sig = "(name, doc=None)")]
    fn py_init(&self, name: &PyStr, doc: Option<&PyObject>) -> PyResult<()> {
        self.init_dict(name.as_object(), doc)
    }

    #[slot]
    unsafe fn tp_dealloc(object: *mut PyObject) {
        // SAFETY: the object is dead and a module; its fields are dropped once.
        unsafe {
            gc::untrack(&*object);
            crate::types::weakref::clear_weakrefs(&*object);
            let this = &*(object as *const PyModule);
            if let Some(def) = this.def_has_state()
                && let Some(free) = def.m_free
            {
                free(object as *mut c_void);
            }
            let state = this.md_state.replace(core::ptr::null_mut());
            core::ptr::drop_in_place(object as *mut PyModule);
            if !state.is_null() {
                mem_free(state as *mut u8);
            }
            crate::object::dealloc::free_instance(object);
        }
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        if let Some(def) = self.def_has_state()
            && let Some(traverse) = def.m_traverse
        {
            // SAFETY: the extension's function for its own module.
            unsafe { v.delegate(traverse, self.as_object().as_ptr()) };
        }
        v.visit_opt(self.md_dict.peek().map(PyStruct::as_object));
        v.visit_opt(self.md_name.peek());
    }

    #[slot]
    fn tp_clear(&self) {
        if let Some(def) = self.def_has_state()
            && let Some(clear) = def.m_clear
        {
            // SAFETY: the extension's function for its own module.
            unsafe {
                if clear(self.as_object().as_ptr()) != 0 {
                    PyErr::fetch_or_system_error().write_unraisable(None);
                }
            }
        }
        self.md_dict.take();
    }

    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult {
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("attribute name must be string, not '{}'", name.ty().full_name())));
        };
        if let Some(value) = self.find(name)? {
            return Ok(value);
        }
        match self.dict().get_str(intern!("__getattr__")) {
            Some(function) => call::call_one(&function, name.as_object()),
            None => Err(self.missing_attribute(name)),
        }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult {
        if let Some(modules) = sys_state::get("modules")
            && let Some(modules) = modules.downcast_ref::<PyDict>()
            && let Some(importlib) = modules.get_str(intern!("_frozen_importlib"))
            && let Some(function) = object::getattr_opt(&importlib, intern!("_module_repr"))?
        {
            return call::call_one(&function, self.as_object());
        }
        // Before importlib is there.
        let name = match self.name() {
            Ok(name) => name.to_string_lossy().into_owned(),
            Err(_) => "?".to_owned(),
        };
        Ok(PyStr::from_string(format!("<module '{name}'>")).into_obj())
    }

    /// __dir__() -> list
    /// specialized dir() implementation
    #[pymethod]
    fn __dir__(&self) -> PyResult {
        let dict = object::getattr(self.as_object(), intern!("__dict__"))?;
        let Some(dict) = dict.downcast_ref::<PyDict>() else {
            return Err(exc::type_error("<module>.__dict__ is not a dictionary"));
        };
        match dict.get_str(intern!("__dir__")) {
            Some(function) => call::call_noargs(&function),
            None => Ok(PyList::new(dict.keys_vec()).into_obj()),
        }
    }

    #[pygetset]
    fn __annotations__(&self) -> PyResult {
        let dict = self.namespace()?;
        if let Some(known) = dict.get_item(intern!("__annotations__").as_object())? {
            return Ok(known);
        }
        let initializing = match dict.get_str(intern!("__spec__")) {
            Some(spec) => is_initializing(&spec)?,
            None => false,
        };
        let annotations = match dict.get_str(intern!("__annotate__")) {
            Some(annotate) if object::callable(&annotate) => {
                let annotations = call::call_one(&annotate, PyInt::from_i64(1).as_object())?;
                if !annotations.ty().has_flag(flags::DICT_SUBCLASS) {
                    return Err(exc::type_error(format!(
                        "__annotate__ returned non-dict of type '{}'",
                        crate::types::descr::fully_qualified_name(annotations.ty())
                    )));
                }
                annotations
            }
            _ => PyDict::new().into_obj(),
        };
        // More may come while the module's body runs.
        if !initializing {
            dict.set_item(intern!("__annotations__").as_object(), &annotations)?;
        }
        Ok(annotations)
    }

    #[pygetset(setter, name = "__annotations__")]
    fn set_annotations(&self, value: Option<&PyObject>) -> PyResult<()> {
        let dict = self.namespace()?;
        match value {
            Some(value) => dict.set_item(intern!("__annotations__").as_object(), value)?,
            None if dict.del_item(intern!("__annotations__").as_object())? => {}
            None => return Err(exc::attribute_error_msg("__annotations__")),
        }
        dict.del_item(intern!("__annotate__").as_object())?;
        Ok(())
    }

    #[pygetset]
    fn __annotate__(&self) -> PyResult {
        let dict = self.namespace()?;
        if let Some(known) = dict.get_item(intern!("__annotate__").as_object())? {
            return Ok(known);
        }
        dict.set_item(intern!("__annotate__").as_object(), crate::none_ref())?;
        Ok(crate::none())
    }

    #[pygetset(setter, name = "__annotate__")]
    fn set_annotate(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(exc::type_error("cannot delete __annotate__ attribute"));
        };
        let dict = self.namespace()?;
        let is_none = crate::is_none(value);
        if !is_none && !object::callable(value) {
            return Err(exc::type_error("__annotate__ must be callable or None"));
        }
        dict.set_item(intern!("__annotate__").as_object(), value)?;
        if !is_none {
            dict.del_item(intern!("__annotations__").as_object())?;
        }
        Ok(())
    }
}
