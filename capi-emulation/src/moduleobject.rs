//! `moduleobject.h` and `modsupport.h`: modules made by extensions, in one phase or in two (PEP 489).

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_long, c_void};

use rpy_vm::object::PyMethodDef;
use rpy_vm::object::alloc::mem_calloc;
use rpy_vm::protocol::object as po;
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::module::{PyModule, PyModuleDef, PyModuleDef_Type};
use rpy_vm::types::str::PyStr;
use rpy_vm::types::type_;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, Stolen, Void, c_name, c_str, expect, lossy};

/// `Py_mod_*`: what the slots of a definition are.
mod slot {
    use core::ffi::c_int;
    pub const CREATE: c_int = 1;
    pub const EXEC: c_int = 2;
    pub const MULTIPLE_INTERPRETERS: c_int = 3;
    pub const GIL: c_int = 4;
}

type CreateFunction = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyModuleDef) -> *mut PyObject;
type ExecFunction = unsafe extern "C-unwind" fn(*mut PyObject) -> c_int;

exports! {
    /// Makes a definition an object; what `PyInit_*` functions of two-phase modules return.
    fn PyModuleDef_Init(def: *mut PyModuleDef) -> Out {
        init_def(&*def);
        def as *mut PyObject
    }
    /// A module in one phase.
    fn PyModule_Create2(def: &PyModuleDef, _api_version: c_int) -> Out = ObjRef {
        create_single(def)
    }
    /// The first phase of a two-phase module.
    fn PyModule_FromDefAndSpec2(def: &PyModuleDef, spec: Obj<'_>, _api_version: c_int) -> Out = ObjRef {
        from_def_and_spec(def, spec)
    }
    /// The second phase of a two-phase module.
    fn PyModule_ExecDef(module: Obj<'_>, def: &PyModuleDef) -> c_int = () {
        exec_def(module, def)
    }
    /// An empty module.
    fn PyModule_NewObject(name: Obj<'_>) -> Out {
        PyModule::new_object(name).into_raw() as Out
    }
    /// An empty module.
    fn PyModule_New(name: *const c_char) -> Out = Ref<PyModule> {
        Ok(PyModule::new_object(c_str(name)?.as_object()))
    }
    /// The namespace, borrowed.
    fn PyModule_GetDict(module: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyModule>(module)?.dict().as_object().as_ptr())
    }
    /// `__name__`.
    fn PyModule_GetNameObject(module: Obj<'_>) -> Out = Ref<PyStr> {
        named(module)?.name()
    }
    /// `__name__`, which the module keeps alive.
    fn PyModule_GetName(module: Obj<'_>) -> *const c_char = *const c_char {
        Ok(named(module)?.name()?.as_utf8()?.as_ptr() as *const c_char)
    }
    /// `__file__`.
    fn PyModule_GetFilenameObject(module: Obj<'_>) -> Out = ObjRef {
        filename(module).map(Ref::into_obj)
    }
    /// `__file__`, which the module keeps alive.
    fn PyModule_GetFilename(module: Obj<'_>) -> *const c_char = *const c_char {
        Ok(filename(module)?.as_utf8()?.as_ptr() as *const c_char)
    }
    /// The definition it was made from, or NULL.
    fn PyModule_GetDef(module: Obj<'_>) -> *mut PyModuleDef = *mut PyModuleDef {
        Ok(named(module)?.md_def.get().cast_mut())
    }
    /// The extension's memory, or NULL.
    fn PyModule_GetState(module: Obj<'_>) -> Void = Void {
        Ok(named(module)?.md_state.get())
    }
    /// Sets `__doc__`.
    fn PyModule_SetDocString(module: Obj<'_>, doc: *const c_char) -> c_int = () {
        po::setattr(module, rpy_vm::intern!("__doc__"), Some(c_str(doc)?.as_object()))
    }
    /// Adds functions.
    fn PyModule_AddFunctions(module: Obj<'_>, functions: *const PyMethodDef) -> c_int = () {
        let name = named(module)?.name()?;
        add_functions(module, functions, name.as_object())
    }
    /// Sets an attribute; the reference is taken over, but only if that succeeds.
    fn PyModule_AddObject(module: Obj<'_>, name: *const c_char, value: OptObj<'_>) -> c_int = () {
        add(module, name, value)?;
        if let Some(value) = value {
            PyObject::decref(value);
        }
        Ok(())
    }
    /// Sets an attribute.
    fn PyModule_AddObjectRef(module: Obj<'_>, name: *const c_char, value: OptObj<'_>) -> c_int = () {
        add(module, name, value)
    }
    /// Sets an attribute; the reference is taken over.
    fn PyModule_Add(module: Obj<'_>, name: *const c_char, value: Stolen) -> c_int = () {
        add(module, name, value.as_deref())
    }
    /// Sets an attribute to an integer.
    fn PyModule_AddIntConstant(module: Obj<'_>, name: *const c_char, value: c_long) -> c_int = () {
        add(module, name, Some(PyInt::from_i64(value).as_object()))
    }
    /// Sets an attribute to a string.
    fn PyModule_AddStringConstant(module: Obj<'_>, name: *const c_char, value: *const c_char) -> c_int = () {
        add(module, name, Some(c_str(value)?.as_object()))
    }
    /// Readies a type and adds it under its name.
    fn PyModule_AddType(module: Obj<'_>, ty: &PyTypeObject) -> c_int = () {
        type_::type_ready(ty)?;
        let name = PyStr::intern(PyStr::new(ty.name()));
        expect::<PyModule>(module)?.dict().set_str(&name, ty.as_object())
    }
    /// Free-threaded builds would note that the module does without the GIL.
    fn PyUnstable_Module_SetGIL(_module: Obj<'_>, _gil: Void) -> c_int {
        0
    }
    /// The module made in one phase from a definition, borrowed; NULL if there is none.
    fn PyState_FindModule(def: &PyModuleDef) -> Borrowed {
        if !def.m_slots.is_null() {
            return core::ptr::null_mut();
        }
        let index = def.m_base.m_index.get();
        STATE.0.borrow().get(index.max(0) as usize).and_then(Option::as_ref).map_or(core::ptr::null_mut(), Ref::as_raw)
    }
    /// Notes the module of a definition.
    fn PyState_AddModule(module: Obj<'_>, def: &PyModuleDef) -> c_int = () {
        if !def.m_slots.is_null() {
            return Err(exc::system_error("PyState_AddModule called on module with slots"));
        }
        add_to_state(module, def);
        Ok(())
    }
    /// Forgets the module of a definition.
    fn PyState_RemoveModule(def: &PyModuleDef) -> c_int = () {
        if !def.m_slots.is_null() {
            return Err(exc::system_error("PyState_RemoveModule called on module with slots"));
        }
        let index = def.m_base.m_index.get();
        let removed = STATE.0.borrow_mut().get_mut(index.max(0) as usize).and_then(Option::take);
        drop(removed);
        Ok(())
    }
}

struct State(core::cell::RefCell<Vec<Option<ObjRef>>>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for State {}
/// Modules made in one phase, by the index of their definition.
static STATE: State = State(core::cell::RefCell::new(Vec::new()));

struct Counter(Cell<isize>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Counter {}
/// The number of definitions seen.
static LAST_INDEX: Counter = Counter(Cell::new(0));

thread_local! {
    /// The full name of the module whose `PyInit_*` function is running: single-phase modules in packages only know their last part.
    static CONTEXT: core::cell::RefCell<Option<String>> = const { core::cell::RefCell::new(None) };
}

/// Runs a `PyInit_*` function with the module's full name at hand.
pub fn with_context<T>(full_name: &str, run: impl FnOnce() -> T) -> T {
    let outer = CONTEXT.replace(Some(full_name.to_owned()));
    let result = run();
    CONTEXT.set(outer);
    result
}

/// Notes the module of a definition.
pub fn add_to_state(module: &PyObject, def: &PyModuleDef) {
    let index = def.m_base.m_index.get().max(0) as usize;
    let old = {
        let mut state = STATE.0.borrow_mut();
        while state.len() <= index {
            state.push(None);
        }
        state[index].replace(module.new_ref())
    };
    drop(old);
}

/// A definition becomes an object of type `moduledef` with an index, once. Its reference count is whatever its producer wrote.
pub fn init_def(def: &PyModuleDef) {
    if def.m_base.m_index.get() == 0 {
        def.m_base.ob_base.ob_type.set(&raw const PyModuleDef_Type);
        def.m_base.ob_base.incref();
        LAST_INDEX.0.set(LAST_INDEX.0.get() + 1);
        def.m_base.m_index.set(LAST_INDEX.0.get());
    }
}

fn named(module: &PyObject) -> PyResult<&PyModule> {
    module.downcast_ref().ok_or_else(|| exc::type_error("bad argument type for built-in operation"))
}

fn filename(module: &PyObject) -> PyResult<Ref<PyStr>> {
    let file = named(module)?.dict().get_str(rpy_vm::intern!("__file__"));
    file.and_then(|file| file.downcast().ok()).ok_or_else(|| exc::system_error("module filename missing"))
}

/// # Safety
/// `name` is NUL-terminated.
unsafe fn add(module: &PyObject, name: *const c_char, value: Option<&PyObject>) -> PyResult<()> {
    let Some(this) = module.downcast_ref::<PyModule>() else {
        return Err(exc::type_error("PyModule_AddObjectRef() first argument must be a module"));
    };
    let Some(value) = value else {
        return Err(PyErr::fetch().unwrap_or_else(|| {
            exc::system_error("PyModule_AddObjectRef() must be called with an exception raised if value is NULL")
        }));
    };
    // SAFETY: the caller's promise.
    this.dict().set_item(unsafe { c_name(name)? }.as_object(), value)
}

/// # Safety
/// A table of definitions that outlives the module.
unsafe fn add_functions(module: &PyObject, functions: *const PyMethodDef, module_name: &PyObject) -> PyResult<()> {
    // SAFETY: the caller's promise: an entry without a name ends the table.
    unsafe {
        let mut def = functions;
        while !def.is_null() && !(*def).ml_name.is_null() {
            if (*def).ml_flags & (rpy_vm::object::defs::meth::CLASS | rpy_vm::object::defs::meth::STATIC) != 0 {
                return Err(exc::value_error("module functions cannot set METH_CLASS or METH_STATIC"));
            }
            let function = PyCFunction::create(def, Some(module), Some(module_name), None)?;
            po::setattr(module, &*c_name((*def).ml_name)?, Some(&function))?;
            def = def.add(1);
        }
    }
    Ok(())
}

/// `PyModule_Create2`.
fn create_single(def: &PyModuleDef) -> PyResult<ObjRef> {
    init_def(def);
    // SAFETY: definitions have names.
    let own_name = unsafe { lossy(def.m_name) }.into_owned();
    if !def.m_slots.is_null() {
        return Err(exc::system_error(format!("module {own_name}: PyModule_Create is incompatible with m_slots")));
    }
    // The full name, if it ends in the definition's.
    let context = CONTEXT.with_borrow(Clone::clone);
    let name = match context {
        Some(full) if full.rsplit('.').next() == Some(&own_name) => {
            CONTEXT.set(None);
            full
        }
        _ => own_name,
    };
    let module = PyModule::new(&name);
    fill(&module, def)?;
    Ok(module.into_obj())
}

/// State, functions and doc of a module made from a definition.
fn fill(module: &PyModule, def: &PyModuleDef) -> PyResult<()> {
    if def.m_size > 0 {
        allocate_state(module, def)?;
    }
    module.md_def.set(def);
    let name = module.name()?;
    // SAFETY: the definition's tables are static.
    unsafe {
        add_functions(module.as_object(), def.m_methods, name.as_object())?;
        if !def.m_doc.is_null() {
            po::setattr(module.as_object(), rpy_vm::intern!("__doc__"), Some(c_str(def.m_doc)?.as_object()))?;
        }
    }
    Ok(())
}

fn allocate_state(module: &PyModule, def: &PyModuleDef) -> PyResult<()> {
    let state = mem_calloc(def.m_size.max(0) as usize) as *mut c_void;
    if state.is_null() {
        return Err(exc::memory_error());
    }
    module.md_state.set(state);
    Ok(())
}

/// The slots of a definition.
fn slots(def: &PyModuleDef) -> impl Iterator<Item = (c_int, *mut c_void)> {
    let mut at = def.m_slots;
    core::iter::from_fn(move || {
        // SAFETY: null, or an array that slot 0 ends.
        let slot = unsafe { at.as_ref() }.filter(|slot| slot.slot != 0)?;
        // SAFETY: there is at least the end behind it.
        at = unsafe { at.add(1) };
        Some((slot.slot, slot.value))
    })
}

/// `PyModule_FromDefAndSpec`.
pub fn from_def_and_spec(def: &PyModuleDef, spec: &PyObject) -> PyResult<ObjRef> {
    init_def(def);
    let name = po::getattr(spec, rpy_vm::intern!("name"))?;
    let shown: &PyStr = expect(&name)?;
    let shown = shown.to_string_lossy();
    if def.m_size < 0 {
        return Err(exc::system_error(format!("module {shown}: m_size may not be negative for multi-phase initialization")));
    }
    let mut create: Option<CreateFunction> = None;
    let mut has_exec = false;
    for (kind, value) in slots(def) {
        match kind {
            slot::CREATE => {
                if create.is_some() {
                    return Err(exc::system_error(format!("module {shown} has multiple create slots")));
                }
                // SAFETY: the slot holds a function of this type.
                create = Some(unsafe { core::mem::transmute::<*mut c_void, CreateFunction>(value) });
            }
            slot::EXEC => has_exec = true,
            slot::MULTIPLE_INTERPRETERS | slot::GIL => {}
            other => return Err(exc::system_error(format!("module {shown} uses unknown slot ID {other}"))),
        }
    }
    let module = match create {
        None => PyModule::new_object(&name).into_obj(),
        // SAFETY: calling the slot as documented.
        Some(create) => unsafe {
            let made = create(spec.as_ptr(), def as *const PyModuleDef as *mut PyModuleDef);
            if made.is_null() {
                return Err(PyErr::fetch().unwrap_or_else(|| {
                    exc::system_error(format!("creation of module {shown} failed without setting an exception"))
                }));
            }
            let made = ObjRef::from_c_result(made)?;
            if let Some(error) = PyErr::fetch() {
                let unreported = exc::system_error(format!("creation of module {shown} raised unreported exception"));
                return Err(rpy_vm::types::exceptions::base::caused_by(unreported, error));
            }
            made
        },
    };
    match module.downcast_ref::<PyModule>() {
        Some(this) => {
            this.md_state.set(core::ptr::null_mut());
            this.md_def.set(def);
        }
        None => {
            if def.m_size > 0 || def.m_traverse.is_some() || def.m_clear.is_some() || def.m_free.is_some() {
                return Err(exc::system_error(format!("module {shown} is not a module object, but requests module state")));
            }
            if has_exec {
                return Err(exc::system_error(format!(
                    "module {shown} specifies execution slots, but did not create a ModuleType instance"
                )));
            }
        }
    }
    // SAFETY: the definition's tables are static.
    unsafe {
        add_functions(&module, def.m_methods, &name)?;
        if !def.m_doc.is_null() {
            po::setattr(&module, rpy_vm::intern!("__doc__"), Some(c_str(def.m_doc)?.as_object()))?;
        }
    }
    Ok(module)
}

/// `PyModule_ExecDef`.
pub fn exec_def(module: &PyObject, def: &PyModuleDef) -> PyResult<()> {
    let this = named(module)?;
    let name = this.name()?;
    let name = name.to_string_lossy();
    if def.m_size >= 0 && this.md_state.get().is_null() {
        // Also for a size of zero: a state says that the module has been executed.
        allocate_state(this, def)?;
    }
    for (kind, value) in slots(def) {
        if kind != slot::EXEC {
            continue;
        }
        // SAFETY: the slot holds a function of this type, called as documented.
        let status = unsafe { core::mem::transmute::<*mut c_void, ExecFunction>(value)(module.as_ptr()) };
        if status != 0 {
            return Err(PyErr::fetch().unwrap_or_else(|| {
                exc::system_error(format!("execution of module {name} failed without setting an exception"))
            }));
        }
        if let Some(error) = PyErr::fetch() {
            let unreported = exc::system_error(format!("execution of module {name} raised unreported exception"));
            return Err(rpy_vm::types::exceptions::base::caused_by(unreported, error));
        }
    }
    Ok(())
}

/// What single-phase modules without state are re-made from: a copy of the namespace after the first import.
pub fn keep_copy(module: &PyModule, def: &PyModuleDef) -> PyResult<()> {
    if def.m_size == -1 {
        def.m_base.m_copy.set(Some(module.dict().copy()?.into_obj()));
    }
    Ok(())
}

/// The kept copy.
pub fn kept_copy(def: &PyModuleDef) -> Option<Ref<PyDict>> {
    def.m_base.m_copy.get().and_then(|copy| copy.downcast().ok())
}
