//! The table of modules written in Rust. The crates above register theirs before the interpreter starts.

use core::cell::RefCell;

use crate::err::PyResult;
use crate::exc;
use crate::module_def::BuiltinModule;
use crate::object::{ObjRef, PyObject, PyStruct};
use crate::protocol::object as po;
use crate::runtime::sys_state;
use crate::types::module::PyModule;
use crate::types::str::PyStr;

struct Table(RefCell<Vec<&'static BuiltinModule>>);
// SAFETY: touched under the GIL, or before other threads exist.
unsafe impl Sync for Table {}

static TABLE: Table = Table(RefCell::new(Vec::new()));

/// Adds modules to the table; one registered later hides an earlier one of the same name.
pub fn register_builtin_modules(modules: &[&'static BuiltinModule]) {
    let mut table = TABLE.0.borrow_mut();
    for module in modules {
        match table.iter_mut().find(|known| known.name == module.name) {
            Some(known) => *known = module,
            None => table.push(module),
        }
    }
}

/// The module of that name, if it is built in.
pub fn find_builtin(name: &str) -> Option<&'static BuiltinModule> {
    TABLE.0.borrow().iter().copied().find(|module| module.name() == name)
}

/// Names of all built-in modules, sorted.
pub fn builtin_module_names() -> Vec<&'static str> {
    let mut names: Vec<&'static str> = TABLE.0.borrow().iter().map(|module| module.name()).collect();
    for always in ["sys", "builtins"] {
        if !names.contains(&always) {
            names.push(always);
        }
    }
    names.sort_unstable();
    names
}

/// Is it one of the two modules that exist exactly once?
fn unique(name: &str) -> Option<&'static PyModule> {
    match name {
        "sys" => sys_state::sys_module(),
        "builtins" => sys_state::builtins_module(),
        _ => None,
    }
}

/// `_imp.create_builtin(spec)`: the module object, not yet executed; `None` when there is no such module.
pub fn create_builtin(spec: &PyObject) -> PyResult<Option<ObjRef>> {
    let name = po::getattr(spec, crate::intern!("name"))?;
    let Some(name) = name.downcast_ref::<PyStr>() else {
        return Err(exc::type_error(format!("name must be string, not {}", name.ty().name())));
    };
    let Ok(name) = name.as_utf8() else { return Ok(None) };
    if let Some(module) = unique(name) {
        return Ok(Some(module.to_obj()));
    }
    match find_builtin(name) {
        Some(def) => Ok(Some(def.create()?.into_obj())),
        None => Ok(None),
    }
}

/// `_imp.exec_builtin(module)`.
pub fn exec_builtin(module: &PyObject) -> PyResult<()> {
    let Some(module) = module.downcast_ref::<PyModule>() else { return Ok(()) };
    let Some(name) = module.dict().get_name("__name__") else { return Ok(()) };
    let Some(name) = name.downcast_ref::<PyStr>() else { return Ok(()) };
    let Ok(name) = name.as_utf8() else { return Ok(()) };
    if unique(name).is_some() {
        return Ok(());
    }
    match find_builtin(name) {
        Some(def) => (def.exec)(module),
        None => Ok(()),
    }
}

/// Makes, executes and enters a built-in module in `sys.modules` without `importlib` (which is not there yet).
pub fn load_early(name: &str) -> PyResult<ObjRef> {
    let Some(def) = find_builtin(name) else {
        return Err(exc::import_error(format!("no built-in module named '{name}'")));
    };
    let modules = sys_state::modules()?;
    if let Some(module) = modules.get_name(name) {
        return Ok(module);
    }
    let module = def.create()?;
    modules.set_name(name, module.clone().into_obj());
    (def.exec)(&module)?;
    Ok(module.into_obj())
}
