//! `import.h` and `sysmodule.h`: importing, `sys.modules`, attributes of `sys`.

use core::ffi::{c_char, c_int, c_long};

use rpy_vm::import::statement;
use rpy_vm::protocol::{call, object as po};
use rpy_vm::runtime::{audit, sys_state};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, c_str, expect, lossy};

exports! {
    /// `importlib.import_module(name)`.
    fn PyImport_ImportModule(name: *const c_char) -> Out = ObjRef {
        statement::import_module(&*c_str(name)?.to_string_lossy())
    }
    /// As `PyImport_ImportModule`.
    fn PyImport_ImportModuleNoBlock(name: *const c_char) -> Out = ObjRef {
        statement::import_module(&*c_str(name)?.to_string_lossy())
    }
    /// `importlib.import_module(name)`, through the running code's `__import__`.
    fn PyImport_Import(name: Obj<'_>) -> Out = ObjRef {
        statement::import_module(&*expect::<PyStr>(name)?.to_string_lossy())
    }
    /// `__import__`.
    fn PyImport_ImportModuleLevelObject(name: OptObj<'_>, globals: OptObj<'_>, locals: OptObj<'_>, fromlist: OptObj<'_>, level: c_int) -> Out = ObjRef {
        let name: &PyStr = expect(name.ok_or_else(|| exc::value_error("Empty module name"))?)?;
        statement::import_name(name, globals, locals, fromlist, level)
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
        let module = statement::import_module(&*expect::<PyStr>(module)?.to_string_lossy())?;
        po::getattr_obj(&module, name)
    }
    /// Attributes of a module: `from module import name`.
    fn PyImport_ImportModuleAttrString(module: *const c_char, name: *const c_char) -> Out = ObjRef {
        let module = statement::import_module(&*c_str(module)?.to_string_lossy())?;
        po::getattr(&module, &*c_str(name)?)
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
        let items = match args {
            None => Vec::new(),
            Some(args) => expect::<rpy_vm::types::tuple::PyTuple>(args)?.items().to_vec(),
        };
        audit::audit(&lossy(event), &items)
    }
    /// `sys.audit` with arguments made from a format.
    fn va_PySys_Audit(event: *const c_char, format: *const c_char, va: &mut crate::va_list::VaList) -> c_int = () {
        let args = if format.is_null() { rpy_vm::none() } else { crate::modsupport::build_value(format, va)? };
        let items: Vec<&PyObject> = match args.downcast_ref::<rpy_vm::types::tuple::PyTuple>() {
            Some(tuple) => tuple.items().to_vec(),
            None if rpy_vm::is_none(&args) => Vec::new(),
            None => vec![&*args],
        };
        audit::audit(&lossy(event), &items)
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

fn add_module(name: &PyObject) -> PyResult<ObjRef> {
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
