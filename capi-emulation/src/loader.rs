//! Loading extension modules: what `importlib`'s `ExtensionFileLoader` asks `_imp.create_dynamic` and `_imp.exec_dynamic` for.

use core::ffi::{CStr, c_char, c_void};
use std::cell::RefCell;
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rpy_vm::import::imp_module::dynamic::Loader;
use rpy_vm::runtime::{codecs, sys_state};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::dict::merge::Merge;
use rpy_vm::types::module::{PyModule, PyModuleDef, PyModuleDef_Type};
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, Ref, exc};

use crate::moduleobject::{add_to_state, exec_def, from_def_and_spec, keep_copy, kept_copy, with_context};

type InitFunction = unsafe extern "C-unwind" fn() -> *mut PyObject;

/// The loader, for the importer to use.
pub const LOADER: Loader = Loader { create, exec };

/// A single-phase module that has been imported once.
struct Known {
    path: Vec<u8>,
    name: String,
    def: *const PyModuleDef,
}

struct Cache(RefCell<Vec<Known>>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Cache {}
static SINGLE_PHASE: Cache = Cache(RefCell::new(Vec::new()));

/// `_imp.create_dynamic`.
fn create(name: &PyStr, path: &PyStr, spec: &PyObject) -> PyResult<ObjRef> {
    let full_name = name.as_utf8()?.to_owned();
    let file = codecs::fs_encode(path)?;
    if let Some(module) = known(&full_name, &file)? {
        return Ok(module);
    }
    let init = find_init(name, path, &file)?;
    rpy_vm::jit_hooks::extension_loaded(&full_name);
    let import_error = |message: String| {
        exc::import_error_with(exc::ImportError(), message, Some(name.as_object()), Some(path.as_object()), None)
    };
    // SAFETY: calling the init function as documented. Its result is a definition (borrowed) or a module (owned).
    unsafe {
        let made = with_context(&full_name, || init());
        if made.is_null() {
            return Err(PyErr::fetch().unwrap_or_else(|| {
                exc::system_error(format!("initialization of {full_name} failed without raising an exception"))
            }));
        }
        if let Some(error) = PyErr::fetch() {
            let unreported = exc::system_error(format!("initialization of {full_name} raised unreported exception"));
            return Err(rpy_vm::types::exceptions::base::caused_by(unreported, error));
        }
        let object = &*made;
        if object.ob_type.get().is_null() {
            return Err(exc::system_error(format!("init function of {full_name} returned uninitialized object")));
        }
        if core::ptr::eq(object.ob_type.get(), &raw const PyModuleDef_Type) {
            return from_def_and_spec(&*(made as *const PyModuleDef), spec);
        }
        let module: ObjRef = Ref::from_owned_ptr(made);
        let Some(this) = module.downcast_ref::<PyModule>() else {
            return Err(exc::system_error(format!("initialization of {full_name} did not return an extension module")));
        };
        let Some(def) = this.md_def.get().as_ref() else {
            return Err(exc::system_error(format!(
                "initialization of {full_name} did not return a valid extension module"
            )));
        };
        def.m_base.m_init.set(init as *const c_void);
        if rpy_vm::protocol::object::setattr(&module, rpy_vm::intern!("__file__"), Some(path.as_object())).is_err() {
            return Err(import_error("module file name could not be set".to_owned()));
        }
        add_to_state(&module, def);
        keep_copy(this, def)?;
        SINGLE_PHASE.0.borrow_mut().push(Known { path: file, name: full_name.clone(), def });
        sys_state::modules()?.set_item(name.as_object(), &module)?;
        Ok(module)
    }
}

/// `_imp.exec_dynamic`.
fn exec(module: &PyObject) -> PyResult<()> {
    let Some(this) = module.downcast_ref::<PyModule>() else { return Ok(()) };
    // SAFETY: null, or a definition in static memory of the extension.
    let Some(def) = (unsafe { this.md_def.get().as_ref() }) else { return Ok(()) };
    if !this.md_state.get().is_null() {
        return Ok(());
    }
    exec_def(module, def)
}

/// A single-phase module that is imported again: a module with what the first import left, or made anew by its init function.
fn known(name: &str, path: &[u8]) -> PyResult<Option<ObjRef>> {
    let def =
        SINGLE_PHASE.0.borrow().iter().find(|known| known.name == name && known.path == path).map(|known| known.def);
    let Some(def) = def else { return Ok(None) };
    // SAFETY: definitions are static memory of libraries that are never unloaded.
    let def = unsafe { &*def };
    let modules: &PyDict = sys_state::modules()?;
    if let Some(copy) = kept_copy(def) {
        let module = match modules.get_name(name).and_then(|module| module.downcast::<PyModule>().ok()) {
            Some(module) => module,
            None => {
                let module = PyModule::new(name);
                modules.set_name(name, module.clone().into_obj());
                module
            }
        };
        module.dict().merge(copy.as_object(), Merge::Override)?;
        module.md_def.set(def);
        add_to_state(module.as_object(), def);
        return Ok(Some(module.into_obj()));
    }
    let init = def.m_base.m_init.get();
    if init.is_null() {
        return Ok(None);
    }
    // SAFETY: `m_init` was stored after the first import.
    let module = unsafe {
        let init: InitFunction = core::mem::transmute(init);
        ObjRef::from_c_result(with_context(name, || init()))?
    };
    modules.set_name(name, module.clone());
    add_to_state(&module, def);
    Ok(Some(module))
}

/// Opens the library and finds `PyInit_<name>` (`PyInitU_<punycode>` for other than ASCII names).
fn find_init(name: &PyStr, path: &PyStr, file: &[u8]) -> PyResult<InitFunction> {
    let error = |message: String| {
        exc::import_error_with(exc::ImportError(), message, Some(name.as_object()), Some(path.as_object()), None)
    };
    let full_name = name.as_utf8()?;
    let last = full_name.rsplit('.').next().unwrap_or(full_name);
    let symbol = if last.is_ascii() {
        format!("PyInit_{last}")
    } else {
        let text = PyStr::new(last);
        let encoded = codecs::encode_str(&text, Some("punycode"), None)?;
        let bytes: &rpy_vm::types::bytes::PyBytes = crate::border::expect(&encoded)?;
        format!("PyInitU_{}", String::from_utf8_lossy(bytes.as_bytes()).replace('-', "_"))
    };
    let Ok(symbol_c) = CString::new(symbol.replace('-', "_")) else {
        return Err(exc::value_error("embedded null character"));
    };
    // A name without a slash would be searched for along the library path.
    let mut opened = file.to_vec();
    if !opened.contains(&b'/') {
        opened.splice(0..0, *b"./");
    }
    let Ok(opened) = CString::new(opened) else { return Err(exc::value_error("embedded null byte")) };
    if let Some(complaint) = crate::elf::complaint(Path::new(OsStr::from_bytes(opened.to_bytes()))) {
        return Err(error(format!("{}: {complaint}", opened.to_string_lossy())));
    }
    let flags = rpy_vm::sysmodule::functions::dlopen_flags();
    // SAFETY: loading a library runs its initialisers, which is what importing an extension module means.
    unsafe {
        let handle = libc::dlopen(opened.as_ptr(), flags);
        if handle.is_null() {
            return Err(error(dl_error()));
        }
        let init = libc::dlsym(handle, symbol_c.as_ptr());
        if init.is_null() {
            return Err(error(format!("dynamic module does not define module export function ({symbol})")));
        }
        Ok(core::mem::transmute::<*mut c_void, InitFunction>(init))
    }
}

/// What the dynamic linker says went wrong; names the symbol if one is missing.
unsafe fn dl_error() -> String {
    // SAFETY: a NUL-terminated text of this thread, or null.
    unsafe {
        let text: *const c_char = libc::dlerror();
        if text.is_null() {
            "unknown dlopen() error".to_owned()
        } else {
            CStr::from_ptr(text).to_string_lossy().into_owned()
        }
    }
}
