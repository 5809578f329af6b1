//! The end of the interpreter: modules are emptied so that what they hold is finalized, with the world still standing.

use crate::object::refs::ObjRef;
use crate::runtime::sys_state;
use crate::types::module::PyModule;

/// Empties all modules but `sys` and `builtins`, in the reverse of the order they were imported in: private names first,
/// then the rest, as CPython does.
pub fn finalize_modules() {
    crate::gc::collector::collect(2);
    let Ok(modules) = sys_state::modules() else { return };
    let mut all: Vec<ObjRef> = modules.values_vec();
    all.reverse();
    // The main module goes first: its objects are the program's.
    if let Some(main) = modules.get_name("__main__") {
        clear(&main);
    }
    for module in &all {
        if !sys_state::is_sys(module) {
            clear(module);
        }
    }
    drop(all);
    crate::gc::collector::collect(2);
}

fn clear(module: &crate::PyObject) {
    let Some(module) = module.downcast_ref::<PyModule>() else { return };
    if sys_state::builtins_module().is_some_and(|b| core::ptr::eq(b, module)) {
        return;
    }
    let dict = module.dict();
    for private in [true, false] {
        for key in dict.keys_vec() {
            let Some(name) = key.downcast_ref::<crate::types::str::PyStr>() else { continue };
            let text = name.to_string_lossy();
            let is_private = text.starts_with('_') && !text.starts_with("__");
            if text == "__builtins__" || (private && !is_private) {
                continue;
            }
            if dict.set_item(&key, crate::none_ref()).is_err() {
                return;
            }
        }
    }
}
