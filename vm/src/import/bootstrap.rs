//! Start-up: from an empty `sys.modules` to a working `import` statement.
//!
//! 1. `sys` and `builtins` are made by hand.
//! 2. `importlib._bootstrap` is executed from its frozen code as `_frozen_importlib`, and installs the importers for
//!    built-in and frozen modules.
//! 3. `importlib._bootstrap_external` follows through the frozen importer, and brings the file system.
//! 4. `zipimport` puts its hook in front.

use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct};
use crate::protocol::call;
use crate::runtime::sys_state;
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::module::PyModule;
use crate::types::str::PyStr;

use super::{builtin, frozen};

static IMPORTLIB: OptRef<PyModule> = OptRef::NULL;

/// The `importlib._bootstrap` module.
///
/// # Errors
/// `ImportError` before start-up.
pub fn importlib() -> PyResult<&'static PyModule> {
    match IMPORTLIB.peek() {
        Some(module) => Ok(module),
        None => Err(exc::import_error("the import system is not there yet")),
    }
}

/// Steps 1 and 2: afterwards built-in and frozen modules can be imported.
///
/// # Errors
/// Whatever goes wrong: the interpreter cannot start then.
pub fn init() -> PyResult<()> {
    let modules = PyDict::new();
    let sys = crate::sysmodule::create(&modules)?;
    let builtins = crate::builtins::create()?;
    modules.set_name("sys", sys.to_obj());
    modules.set_name("builtins", builtins.to_obj());
    sys_state::install(&sys, &builtins, &modules);
    crate::sysmodule::fill(&sys)?;

    let Some(source) = frozen::find_any("_frozen_importlib") else {
        return Err(exc::import_error("no frozen importlib"));
    };
    let module = PyModule::new("_frozen_importlib");
    modules.set_name("_frozen_importlib", module.to_obj());
    module.dict().set_name("__builtins__", builtins.to_obj());
    module.dict().set_name("__origname__", PyStr::new(source.origname).into_obj());
    let code = frozen::code_of(source)?;
    exec_code(&code, module.dict())?;
    IMPORTLIB.set(Some(module.to_ref()));
    builtins.dict().set_name("__import__", super::statement::import_function(&builtins)?);

    let imp = builtin::load_early("_imp")?;
    call_in(&module, "_install", &[sys.as_object(), &imp])?;
    Ok(())
}

/// Steps 3 and 4: afterwards files can be imported. `sys.path` may be set before or after.
///
/// # Errors
/// Whatever goes wrong.
pub fn init_external() -> PyResult<()> {
    call_in(importlib()?, "_install_external_importers", &[])?;
    if let Some(hooks) = sys_state::get("path_hooks")
        && let Ok(zipimport) = super::import_module("zipimport")
        && let Some(hooks) = hooks.downcast_ref::<PyList>()
    {
        let importer = crate::protocol::object::getattr(&zipimport, crate::intern!("zipimporter"))?;
        hooks.insert(0, importer)?;
    }
    Ok(())
}

/// Calls a function of a module by name.
pub fn call_in(module: &PyModule, name: &str, args: &[&PyObject]) -> PyResult<ObjRef> {
    match module.dict().get_name(name) {
        Some(function) => call::call(&function, args),
        None => Err(exc::attribute_error_msg(format!("importlib has no attribute '{name}'"))),
    }
}

/// Executes a module's code object in its dict.
pub fn exec_code(code: &PyObject, globals: &PyDict) -> PyResult<()> {
    let Some(code) = code.downcast_ref::<crate::types::code::PyCode>() else {
        return Err(exc::type_error("a code object was expected"));
    };
    crate::interp::eval_code(code, globals.as_object(), Some(globals.to_obj())).map(drop)
}

/// A frozen module as `PyImport_ImportFrozenModule` makes it: entered in `sys.modules` and executed.
pub fn init_frozen(name: &str) -> PyResult<Option<ObjRef>> {
    let Some(entry) = frozen::find(name) else { return Ok(None) };
    let code = frozen::code_of(entry)?;
    let modules = sys_state::modules()?;
    let module = match modules.get_name(name) {
        Some(module) => module,
        None => {
            let module = PyModule::new(name).into_obj();
            modules.set_name(name, module.clone());
            module
        }
    };
    let Some(m) = module.downcast_ref::<PyModule>() else {
        return Err(exc::type_error("sys.modules holds something that is no module"));
    };
    if let Some(builtins) = sys_state::builtins_module()
        && m.dict().get_name("__builtins__").is_none()
    {
        m.dict().set_name("__builtins__", builtins.to_obj());
    }
    if entry.is_package {
        m.dict().set_name("__path__", PyList::new(Vec::new()).into_obj());
    }
    m.dict().set_name("__origname__", PyStr::new(entry.origname).into_obj());
    exec_code(&code, m.dict())?;
    Ok(Some(module))
}
