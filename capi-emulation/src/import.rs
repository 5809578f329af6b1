//! `import.h` and `sysmodule.h`: importing, `sys.modules`, attributes of `sys`.

use core::ffi::{c_char, c_int, c_long};

use rpy_vm::import::{bootstrap, statement};
use rpy_vm::protocol::{call, object as po};
use rpy_vm::runtime::{audit, codecs, sys_state};
use rpy_vm::types::code::PyCode;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::PyList;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, c_str, expect, lossy};

exports! {
    /// `importlib.import_module(name)`.
    fn PyImport_ImportModule(name: *const c_char) -> Out = ObjRef {
        statement::import_by(c_str(name)?.as_object())
    }
    /// As `PyImport_ImportModule`.
    fn PyImport_ImportModuleNoBlock(name: *const c_char) -> Out = ObjRef {
        statement::import_by(c_str(name)?.as_object())
    }
    /// `importlib.import_module(name)`, through the running code's `__import__`.
    fn PyImport_Import(name: Obj<'_>) -> Out = ObjRef {
        statement::import_by(name)
    }
    /// `__import__`.
    fn PyImport_ImportModuleLevelObject(name: OptObj<'_>, globals: OptObj<'_>, locals: OptObj<'_>, fromlist: OptObj<'_>, level: c_int) -> Out = ObjRef {
        let name = name.ok_or_else(|| exc::value_error("Empty module name"))?;
        statement::import_name(statement::module_name(name)?, globals, locals, fromlist, level)
    }
    /// `__import__`.
    fn PyImport_ImportModuleLevel(name: *const c_char, globals: OptObj<'_>, locals: OptObj<'_>, fromlist: OptObj<'_>, level: c_int) -> Out = ObjRef {
        statement::import_name(&*c_str(name)?, globals, locals, fromlist, level)
    }
    /// The module in `sys.modules`, or NULL.
    fn PyImport_GetModule(name: Obj<'_>) -> Out = Option<ObjRef> {
        sys_state::modules()?.get_item(name)
    }
    /// `sys.modules`, borrowed.
    fn PyImport_GetModuleDict() -> Borrowed = Borrowed {
        Ok(sys_state::modules()?.as_object().as_ptr())
    }
    /// The module in `sys.modules`, made empty if it is not there; borrowed.
    fn PyImport_AddModuleObject(name: Obj<'_>) -> Borrowed = Borrowed {
        Ok(add_module(name)?.as_raw())
    }
    /// As `PyImport_AddModuleObject`.
    fn PyImport_AddModule(name: *const c_char) -> Borrowed = Borrowed {
        Ok(add_module(c_str(name)?.as_object())?.as_raw())
    }
    /// As `PyImport_AddModule`, a new reference.
    fn PyImport_AddModuleRef(name: *const c_char) -> Out = ObjRef {
        add_module(c_str(name)?.as_object())
    }
    /// `importlib.reload(module)`.
    fn PyImport_ReloadModule(module: Obj<'_>) -> Out = ObjRef {
        let importlib = statement::import_module("importlib")?;
        call::call_method(&importlib, &PyStr::new("reload"), &[module])
    }
    /// Attributes of a module: `from module import name`.
    fn PyImport_ImportModuleAttr(module: Obj<'_>, name: Obj<'_>) -> Out = ObjRef {
        po::getattr_obj(&*statement::import_by(module)?, name)
    }
    /// Attributes of a module: `from module import name`.
    fn PyImport_ImportModuleAttrString(module: *const c_char, name: *const c_char) -> Out = ObjRef {
        po::getattr(&*statement::import_by(c_str(module)?.as_object())?, &*c_str(name)?)
    }
    /// Runs a code object as the body of a module, which is taken out of `sys.modules` again if that fails.
    fn PyImport_ExecCodeModule(name: *const c_char, code: Obj<'_>) -> Out = ObjRef {
        exec_module(c_str(name)?.as_object(), code, None, None)
    }
    /// As `PyImport_ExecCodeModule`, with `__file__`; NULL: the name in the code.
    fn PyImport_ExecCodeModuleEx(name: *const c_char, code: Obj<'_>, file: *const c_char) -> Out = ObjRef {
        exec_module(c_str(name)?.as_object(), code, path(file).as_deref(), None)
    }
    /// As `PyImport_ExecCodeModuleEx`, with `__cached__`, from which `__file__` follows where it is NULL.
    fn PyImport_ExecCodeModuleWithPathnames(name: *const c_char, code: Obj<'_>, file: *const c_char, cached: *const c_char) -> Out = ObjRef {
        let (mut file, cached) = (path(file), path(cached));
        if let (None, Some(cached)) = (&file, &cached) {
            let source = call::call_one(&*po::getattr(&*external()?, &PyStr::new("_get_sourcefile"))?, cached)?;
            file = Some(source).filter(|source| !rpy_vm::is_none(source));
        }
        exec_module(c_str(name)?.as_object(), code, file.as_deref(), cached.as_deref())
    }
    /// As `PyImport_ExecCodeModuleEx`, with `__cached__`.
    fn PyImport_ExecCodeModuleObject(name: Obj<'_>, code: Obj<'_>, file: OptObj<'_>, cached: OptObj<'_>) -> Out = ObjRef {
        exec_module(name, code, file, cached)
    }
    /// The finder of `sys.path_hooks` for a directory or the like; None if there is none.
    fn PyImport_GetImporter(path: Obj<'_>) -> Out = ObjRef {
        importer(path)
    }
    /// Runs a frozen module: 1, 0 if there is none of the name, -1.
    fn PyImport_ImportFrozenModuleObject(name: Obj<'_>) -> c_int = bool {
        Ok(bootstrap::init_frozen(&expect::<PyStr>(name)?.to_string_lossy())?.is_some())
    }
    /// As `PyImport_ImportFrozenModuleObject`.
    fn PyImport_ImportFrozenModule(name: *const c_char) -> c_int = bool {
        Ok(bootstrap::init_frozen(&c_str(name)?.to_string_lossy())?.is_some())
    }
    /// The number that marks `.pyc` files.
    fn PyImport_GetMagicNumber() -> c_long {
        c_long::from(rpy_vm::import::imp_module::pyc_magic())
    }
    /// The tag in names of `.pyc` files.
    fn PyImport_GetMagicTag() -> *const c_char {
        c"rpy-314".as_ptr()
    }

    /// `sys.name`, borrowed; NULL if it is not there.
    fn PySys_GetObject(name: *const c_char) -> Borrowed {
        // The namespace of `sys` keeps it alive.
        sys_state::get(&lossy(name)).map_or(core::ptr::null_mut(), |value| value.as_raw())
    }
    /// Sets `sys.name`; NULL deletes.
    fn PySys_SetObject(name: *const c_char, value: OptObj<'_>) -> c_int = () {
        match value {
            Some(value) => sys_state::set(&lossy(name), value.new_ref()),
            None => sys_state::del(&lossy(name)),
        }
        Ok(())
    }
    /// `sys.audit(event, *args)`; `args` is a tuple or NULL.
    fn PySys_AuditTuple(event: *const c_char, args: OptObj<'_>) -> c_int = () {
        match args.map(|args| args.downcast_ref::<PyTuple>().ok_or(args)).transpose() {
            Ok(args) => audit::audit(&lossy(event), args.map_or(&[][..], PyTuple::items)),
            Err(other) => Err(exc::type_error(format!("args must be tuple, got {}", other.ty().full_name()))),
        }
    }
    /// `sys.audit` with arguments made from a format.
    fn va_PySys_Audit(event: *const c_char, format: *const c_char, va: &mut crate::va_list::VaList) -> c_int = () {
        // Making the arguments may cost more than nobody's listening.
        if !audit::active() {
            return Ok(());
        }
        if format.is_null() || *format == 0 {
            return audit::audit(&lossy(event), &[]);
        }
        let args = crate::modsupport::build_value(format, va)?;
        match args.downcast_ref::<PyTuple>() {
            Some(tuple) => audit::audit(&lossy(event), tuple.items()),
            None => audit::audit(&lossy(event), &[&*args]),
        }
    }
    /// The builtins of the running code (or of the interpreter), borrowed.
    fn PyEval_GetBuiltins() -> Borrowed = Borrowed {
        match crate::frameobject::running() {
            Some(frame) => Ok(frame.builtins().as_ptr()),
            None => Ok(sys_state::builtins_dict()?.as_object().as_ptr()),
        }
    }
    /// The globals of the running code, borrowed; NULL if nothing runs.
    fn PyEval_GetGlobals() -> Borrowed {
        crate::frameobject::running().map_or(core::ptr::null_mut(), |frame| frame.globals().as_ptr())
    }
}

/// # Safety
/// Null or NUL-terminated.
unsafe fn path(text: *const c_char) -> Option<ObjRef> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    let bytes = unsafe { core::ffi::CStr::from_ptr(text) }.to_bytes();
    Some(codecs::fs_decode(bytes).into_obj())
}

fn external() -> PyResult<ObjRef> {
    statement::import_module("_frozen_importlib_external")
}

fn exec_module(name: &PyObject, code: &PyObject, file: Option<&PyObject>, cached: Option<&PyObject>) -> PyResult<ObjRef> {
    let code: &PyCode = expect(code)?;
    let module = add_module(name)?;
    let run = || -> PyResult<ObjRef> {
        let globals = expect::<PyModule>(&module)?.dict().to_ref();
        rpy_vm::builtins::code::add_builtins(globals.as_object())?;
        let file = file.map_or_else(|| code.filename(), PyObject::new_ref);
        let cached = cached.unwrap_or(rpy_vm::none_ref());
        let fix_up = po::getattr(&*external()?, &PyStr::new("_fix_up_module"))?;
        call::call(&fix_up, &[globals.as_object(), name, &file, cached])?;
        rpy_vm::interp::dispatch::eval_code(code, globals.as_object(), Some(globals.to_obj()))
    };
    if let Err(error) = run() {
        // What failed half-way is not to be found by the next import.
        drop(sys_state::modules()?.del_item(name));
        return Err(error);
    }
    match sys_state::modules()?.get_item(name)? {
        Some(module) => Ok(module),
        None => {
            let shown = po::repr(name)?;
            Err(exc::import_error(format!("Loaded module {} not found in sys.modules", shown.to_string_lossy())))
        }
    }
}

fn importer(path: &PyObject) -> PyResult<ObjRef> {
    let part = |name: &str| {
        sys_state::get(name).ok_or_else(|| exc::runtime_error(format!("unable to get sys.{name}")))
    };
    let (cache, hooks) = (part("path_importer_cache")?, part("path_hooks")?);
    let cache: &PyDict = expect(&cache)?;
    if let Some(known) = cache.get_item(path)? {
        return Ok(known);
    }
    // None while the hooks are asked: what they import does not ask them again.
    cache.set_item(path, rpy_vm::none_ref())?;
    for hook in expect::<PyList>(&hooks)?.items_snapshot() {
        match call::call_one(&hook, path) {
            Ok(found) => {
                if !rpy_vm::is_none(&found) {
                    cache.set_item(path, &found)?;
                }
                return Ok(found);
            }
            Err(error) if error.matches(exc::ImportError()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(rpy_vm::none())
}

/// The module in `sys.modules`, made empty if it is not there.
pub fn add_module(name: &PyObject) -> PyResult<ObjRef> {
    let modules: &PyDict = sys_state::modules()?;
    if let Some(module) = modules.get_item(name)?
        && PyModule::check(&module)
    {
        return Ok(module);
    }
    let module: Ref<PyModule> = PyModule::new_object(name);
    modules.set_item(name, module.as_object())?;
    Ok(module.into_obj())
}
