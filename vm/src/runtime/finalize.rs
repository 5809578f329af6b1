//! The end of the interpreter: modules go while the world still stands, so that finalizers find what they need.
//!
//! The order is CPython's. First `sys` lets go of what users may have put there. Then the modules are taken out of
//! `sys.modules` and the collector runs: a module that nothing else holds dies with its namespace intact, and finalizers of
//! objects in it still see their globals. Only the modules that survive this are emptied, the last imported first.

use crate::gc::collector;
use crate::object::{PyObject, PyStruct, Ref};
use crate::runtime::sys_state;
use crate::types::module::PyModule;
use crate::types::str::PyStr;
use crate::types::weakref::PyWeakRef;

/// Attributes of `sys` that are set to None first.
const SYS_DELETES: [&str; 11] = [
    "path",
    "argv",
    "ps1",
    "ps2",
    "last_exc",
    "last_type",
    "last_value",
    "last_traceback",
    "path_hooks",
    "path_importer_cache",
    "meta_path",
];
/// Streams that get their original value back.
const SYS_FILES: [(&str, &str); 3] = [("stdin", "__stdin__"), ("stdout", "__stdout__"), ("stderr", "__stderr__")];

/// Finalizes all modules.
pub fn finalize_modules() {
    if crate::gc::STATE.enabled.get() {
        collector::collect(collector::GENERATIONS - 1);
    }
    let Ok(modules) = sys_state::modules() else { return };
    delete_special();
    let survivors_to_be = take_modules_out();
    modules.clear();
    collector::collect_at_exit();
    collector::report_garbage_at_exit();
    for weak in survivors_to_be.iter().rev() {
        if let Some(module) = weak.get()
            && let Some(module) = module.downcast_ref::<PyModule>()
            && !is_essential(module)
        {
            clear_module(module);
        }
    }
    collector::collect_at_exit();
}

/// What users may have hung onto `sys` and `builtins`.
fn delete_special() {
    if let Some(builtins) = sys_state::builtins_module() {
        forget(builtins, "_");
    }
    for name in SYS_DELETES {
        if sys_state::get(name).is_some() {
            sys_state::set(name, crate::none());
        }
    }
    for (name, original) in SYS_FILES {
        sys_state::set(name, sys_state::get(original).unwrap_or_else(crate::none));
    }
}

fn forget(module: &PyModule, name: &'static str) {
    let name = PyStr::intern_static(name);
    if module.dict().get_str(name).is_some() {
        set_none(module, name.as_object());
    }
}

/// Takes all modules out of `sys.modules`, in order, remembering them weakly.
fn take_modules_out() -> Vec<Ref<PyWeakRef>> {
    let mut found = Vec::new();
    let Ok(modules) = sys_state::modules() else { return found };
    for name in modules.keys_vec() {
        let Ok(Some(module)) = modules.get_item(&name) else { continue };
        if module.downcast_ref::<PyModule>().is_some()
            && let Ok(weak) = PyWeakRef::new_ref_to(&module, None)
        {
            found.push(weak);
        }
        if let Err(e) = modules.set_item(&name, crate::none_ref()) {
            e.write_unraisable(Some(&name));
        }
    }
    found
}

/// `sys` and `builtins` stay usable to the end.
fn is_essential(module: &PyModule) -> bool {
    sys_state::is_sys(module.as_object()) || sys_state::builtins_module().is_some_and(|b| core::ptr::eq(b, module))
}

fn set_none(module: &PyModule, name: &PyObject) {
    if let Err(e) = module.dict().set_item(name, crate::none_ref()) {
        e.write_unraisable(Some(name));
    }
}

/// `_PyModule_Clear`: private names first, so that what public objects rely on goes last.
fn clear_module(module: &PyModule) {
    let module = module.to_ref();
    for private in [true, false] {
        for key in module.dict().keys_vec() {
            let Some(name) = key.downcast_ref::<PyStr>() else { continue };
            let text = name.to_string_lossy();
            let is_private = text.starts_with('_') && !text.starts_with("__");
            if text != "__builtins__" && (is_private || !private) {
                set_none(&module, &key);
            }
        }
    }
}
