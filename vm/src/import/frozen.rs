//! Frozen modules: library modules compiled at build time and embedded as marshal data.
//!
//! The build script writes `frozen_table.rs`: one entry a module, with the marshalled code. An entry without code means that
//! the build script could not compile it; its source is then compiled when the module is first asked for.

use crate::err::PyResult;
use crate::exc;
use crate::object::ObjRef;

/// One frozen module.
pub struct Frozen {
    /// The name it is imported by.
    pub name: &'static str,
    /// The name in the library (`importlib._bootstrap` for `_frozen_importlib`).
    pub origname: &'static str,
    pub is_package: bool,
    /// A marshalled code object; empty when only the source is there.
    pub code: &'static [u8],
    /// The path of the source at build time.
    pub source: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/frozen_table.rs"));

/// Needed before files can be read; in use even when frozen modules are switched off.
const ESSENTIAL: [&str; 3] = ["_frozen_importlib", "_frozen_importlib_external", "zipimport"];

static OVERRIDE: core::sync::atomic::AtomicI32 = core::sync::atomic::AtomicI32::new(0);

/// `_imp._override_frozen_modules_for_tests`: positive on, negative off, zero as configured.
pub fn set_override(value: i32) {
    OVERRIDE.store(value, core::sync::atomic::Ordering::Relaxed);
}

/// Are frozen modules beyond the essential ones in use (`-X frozen_modules`)?
pub fn enabled() -> bool {
    match OVERRIDE.load(core::sync::atomic::Ordering::Relaxed) {
        0 => crate::sysmodule::config::get().use_frozen_modules,
        n => n > 0,
    }
}

/// The module, whether or not frozen modules are in use.
pub fn find_any(name: &str) -> Option<&'static Frozen> {
    FROZEN.iter().find(|module| module.name == name)
}

/// The module, if it may be used.
pub fn find(name: &str) -> Option<&'static Frozen> {
    find_any(name).filter(|_| ESSENTIAL.contains(&name) || enabled())
}

/// All names.
pub fn names() -> impl Iterator<Item = &'static str> {
    FROZEN.iter().map(|module| module.name)
}

/// The code object of a frozen module.
///
/// # Errors
/// `ImportError` when the data is unusable.
pub fn code_of(module: &Frozen) -> PyResult<ObjRef> {
    if !module.code.is_empty() {
        return crate::marshal::loads(module.code);
    }
    let source = std::fs::read(module.source)
        .map_err(|e| exc::import_error(format!("cannot read the source of frozen module '{}': {e}", module.name)))?;
    let filename = format!("<frozen {}>", module.origname);
    let text = crate::compile::source::decode(&source, &filename)?;
    let options = crate::compile::Options::default();
    Ok(crate::compile::compile_str(&text, &filename, crate::compile::Mode::Exec, options)?.into_obj())
}
