//! The `_imp` module: what `importlib` cannot do in Python.

use core::cell::Cell;

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::object as po;
use crate::runtime::thread;
use crate::types::bytes::PyBytes;
use crate::types::code::PyCode;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::pymodule;

use super::{builtin, frozen};

/// The import lock: its owner's thread id (0: free) and how often it was taken. Guarded by the GIL.
struct ImportLock {
    owner: Cell<u64>,
    count: Cell<u32>,
}
// SAFETY: touched under the GIL only.
unsafe impl Sync for ImportLock {}
static LOCK: ImportLock = ImportLock { owner: Cell::new(0), count: Cell::new(0) };

/// How extension modules are named.
pub const EXTENSION_SUFFIXES: [&str; 3] = [".cpython-314-x86_64-linux-gnu.so", ".abi3.so", ".so"];

/// Seed of the hash that checks hash-based `.pyc` files: the magic number's word, as everywhere.
const SOURCE_HASH_KEY_LOW: u16 = 3627;

/// `siphash13` of a source file keyed by the magic number, as `_imp.source_hash`.
pub fn source_hash_bytes(key: u64, source: &[u8]) -> [u8; 8] {
    crate::types::str::hash::siphash13(key, 0, source).to_le_bytes()
}

/// The low half of `importlib.util.MAGIC_NUMBER`: our `.pyc` files carry it too (their tag is `rpy-314`).
pub const fn pyc_magic() -> u32 {
    SOURCE_HASH_KEY_LOW as u32 | (b'\r' as u32) << 16 | (b'\n' as u32) << 24
}

/// Takes the import lock (`PyImport_AcquireLock`).
pub fn acquire_lock() {
    let me = thread::current().id.get();
    while LOCK.count.get() != 0 && LOCK.owner.get() != me {
        // Rarely contended: let the owner run.
        crate::runtime::gil::allow_threads(|| std::thread::sleep(std::time::Duration::from_micros(50)));
    }
    LOCK.owner.set(me);
    LOCK.count.set(LOCK.count.get() + 1);
}

/// Gives the import lock back; false if this thread does not hold it.
pub fn release_lock() -> bool {
    let me = thread::current().id.get();
    if LOCK.count.get() == 0 || LOCK.owner.get() != me {
        return false;
    }
    LOCK.count.set(LOCK.count.get() - 1);
    if LOCK.count.get() == 0 {
        LOCK.owner.set(0);
    }
    true
}

fn frozen_error(name: &PyStr, missing: bool) -> PyErr {
    let shown = po::repr(name.as_object()).map(|r| r.to_string_lossy().into_owned()).unwrap_or_default();
    let message = if missing {
        format!("No such frozen object named {shown}")
    } else {
        format!("Frozen modules are disabled and the frozen object named {shown} is not essential")
    };
    exc::import_error_with(exc::ImportError(), message, Some(name.as_object()), None, None)
}

fn find_frozen_or_error(name: &PyStr) -> PyResult<&'static frozen::Frozen> {
    let text = name.to_string_lossy();
    match (frozen::find(&text), frozen::find_any(&text)) {
        (Some(module), _) => Ok(module),
        (None, Some(_)) => Err(frozen_error(name, false)),
        (None, None) => Err(frozen_error(name, true)),
    }
}

/// Sets `co_filename` of a code object and of those nested in it, where it is `old`.
fn update_filename(code: &PyCode, old: &PyObject, new: &PyObject) -> PyResult<()> {
    let current = code.co_filename.get().unwrap_or_else(crate::none);
    if !po::eq(&current, old)? {
        return Ok(());
    }
    code.co_filename.set(Some(new.new_ref()));
    for constant in code.co_consts.items() {
        if let Some(nested) = constant.downcast_ref::<PyCode>() {
            update_filename(nested, old, new)?;
        }
    }
    Ok(())
}

/// (Extremely) low-level import machinery bits as used by importlib.
#[pymodule(name = "_imp")]
pub mod imp {
    use super::*;

    #[pyattr]
    fn check_hash_based_pycs() -> String {
        crate::sysmodule::config::get().check_hash_based_pycs.borrow().clone()
    }

    #[pyattr]
    fn pyc_magic_number_token() -> u32 {
        pyc_magic()
    }

    /// Return True if the import lock is currently held, else False.
    ///
    /// On platforms without threads, return False.
    #[pyfunction]
    fn lock_held() -> bool {
        LOCK.count.get() != 0
    }

    /// Acquires the interpreter's import lock for the current thread.
    ///
    /// This lock should be used by import hooks to ensure thread-safety when importing
    /// modules. On platforms without threads, this function does nothing.
    #[pyfunction(name = "acquire_lock")]
    fn py_acquire_lock() {
        super::acquire_lock();
    }

    /// Release the interpreter's import lock.
    ///
    /// On platforms without threads, this function does nothing.
    #[pyfunction(name = "release_lock")]
    fn py_release_lock() -> PyResult<()> {
        if super::release_lock() { Ok(()) } else { Err(exc::runtime_error("not holding the import lock")) }
    }

    /// Returns the list of file suffixes used to identify extension modules.
    #[pyfunction]
    fn extension_suffixes() -> Vec<ObjRef> {
        EXTENSION_SUFFIXES.iter().map(|suffix| PyStr::new(suffix).into_obj()).collect()
    }

    /// Returns True if the module name corresponds to a built-in module.
    #[pyfunction]
    fn is_builtin(name: &PyStr) -> i32 {
        let name = name.to_string_lossy();
        match &*name {
            "sys" | "builtins" => -1,
            _ => i32::from(builtin::find_builtin(&name).is_some()),
        }
    }

    /// Create an extension module.
    #[pyfunction]
    fn create_builtin(spec: &PyObject) -> PyResult<ObjRef> {
        Ok(builtin::create_builtin(spec)?.unwrap_or_else(crate::none))
    }

    /// Initialize a built-in module.
    #[pyfunction(name = "exec_builtin", sig = "($module, mod, /)")]
    fn exec_builtin(module_: &PyObject) -> PyResult<i32> {
        builtin::exec_builtin(module_)?;
        Ok(0)
    }

    /// Create an extension module.
    #[pyfunction(sig = "($module, spec, file=<unrepresentable>, /)")]
    fn create_dynamic(spec: &PyObject, file: Option<&PyObject>) -> PyResult<ObjRef> {
        super::dynamic::create(spec, file)
    }

    /// Initialize an extension module.
    #[pyfunction(name = "exec_dynamic", sig = "($module, mod, /)")]
    fn exec_dynamic(module_: &PyObject) -> PyResult<i32> {
        super::dynamic::exec(module_)
    }

    /// Initializes a frozen module.
    #[pyfunction]
    fn init_frozen(name: &PyStr) -> PyResult<ObjRef> {
        Ok(crate::import::bootstrap::init_frozen(&name.to_string_lossy())?.unwrap_or_else(crate::none))
    }

    /// Returns True if the module name corresponds to a frozen module.
    #[pyfunction]
    fn is_frozen(name: &PyStr) -> bool {
        frozen::find(&name.to_string_lossy()).is_some()
    }

    /// Returns True if the module name is of a frozen package.
    #[pyfunction]
    fn is_frozen_package(name: &PyStr) -> PyResult<bool> {
        Ok(find_frozen_or_error(name)?.is_package)
    }

    /// Create a code object for a frozen module.
    #[pyfunction(sig = "($module, name, data=None, /)")]
    fn get_frozen_object(name: &PyStr, data: Option<&PyObject>) -> PyResult<ObjRef> {
        if let Some(data) = data {
            let buffer = crate::protocol::buffer::Buffer::get(data, 0)?;
            let shown = po::repr(name.as_object())?;
            let Ok(code) = crate::marshal::loads(buffer.bytes()) else {
                let message = format!("Frozen object named {} is invalid", shown.to_string_lossy());
                return Err(exc::import_error_with(exc::ImportError(), message, Some(name.as_object()), None, None));
            };
            if code.downcast_ref::<PyCode>().is_none() {
                return Err(exc::type_error(format!("frozen object {} is not a code object", shown.to_string_lossy())));
            }
            return Ok(code);
        }
        frozen::code_of(find_frozen_or_error(name)?)
    }

    /// Return info about the corresponding frozen module (if there is one) or None.
    ///
    /// The returned info (a 2-tuple):
    ///
    ///  * data         the raw marshalled bytes
    ///  * is_package   whether or not it is a package
    ///  * origname     the originally frozen module's name, or None if not
    ///                 a stdlib module (this will usually be the same as
    ///                 the module's current name)
    #[pyfunction(sig = "($module, name, /, *, withdata=False)")]
    fn find_frozen(name: &PyStr, withdata: bool) -> PyResult<ObjRef> {
        let Some(module) = frozen::find(&name.to_string_lossy()) else { return Ok(crate::none()) };
        let data = if withdata && !module.code.is_empty() {
            crate::types::memoryview::PyMemoryView::from_object(PyBytes::new(module.code).as_object())?.into_obj()
        } else {
            crate::none()
        };
        let origname = if module.origname.is_empty() { crate::none() } else { PyStr::new(module.origname).into_obj() };
        Ok(PyTuple::new(vec![data, crate::py_bool(module.is_package), origname]).into_obj())
    }

    /// Returns the list of available frozen modules.
    #[pyfunction]
    fn _frozen_module_names() -> ObjRef {
        PyList::new(frozen::names().map(|name| PyStr::new(name).into_obj()).collect()).into_obj()
    }

    /// (internal-only) Override PyConfig.use_frozen_modules.
    ///
    /// (-1: "off", 1: "on", 0: no override)
    /// See frozen_modules() in Lib/test/support/import_helper.py.
    #[pyfunction]
    fn _override_frozen_modules_for_tests(value: i32) {
        frozen::set_override(value);
    }

    /// (internal-only) Override the check for subinterpreter support: there is one interpreter.
    #[pyfunction]
    fn _override_multi_interp_extensions_check(_value: i32) -> i32 {
        0
    }

    /// Changes code.co_filename to specify the passed-in file path.
    #[pyfunction(sig = "($module, code, path, /)")]
    fn _fix_co_filename(code: &PyCode, path: &PyStr) -> PyResult<()> {
        let old = code.co_filename.get().unwrap_or_else(crate::none);
        if po::eq(&old, path.as_object())? {
            return Ok(());
        }
        update_filename(code, &old, path.as_object())
    }

    #[pyfunction(sig = "($module, /, key, source)")]
    fn source_hash(key: i64, source: &PyObject) -> PyResult<Ref<PyBytes>> {
        let buffer = crate::protocol::buffer::Buffer::get(source, 0)?;
        Ok(PyBytes::new(&source_hash_bytes(key as u64, buffer.bytes())))
    }
}

/// Extension modules. The C API, which they need, registers the loader.
pub mod dynamic {
    use core::cell::Cell;

    use super::*;

    /// Loads extension modules: `create` gives the module object, `exec` runs its initialisation.
    #[derive(Clone, Copy)]
    pub struct Loader {
        pub create: fn(name: &PyStr, path: &PyStr, spec: &PyObject) -> PyResult<ObjRef>,
        pub exec: fn(module: &PyObject) -> PyResult<()>,
    }

    struct Slot(Cell<Option<Loader>>);
    // SAFETY: set before Python code runs.
    unsafe impl Sync for Slot {}
    static LOADER: Slot = Slot(Cell::new(None));

    /// Installs the loader.
    pub fn install(loader: Loader) {
        LOADER.0.set(Some(loader));
    }

    /// `_imp.create_dynamic(spec)`.
    pub(super) fn create(spec: &PyObject, _file: Option<&PyObject>) -> PyResult<ObjRef> {
        let name = po::getattr(spec, crate::intern!("name"))?;
        let path = po::getattr(spec, crate::intern!("origin"))?;
        let (Some(name_text), Some(path_text)) = (name.downcast_ref::<PyStr>(), path.downcast_ref::<PyStr>()) else {
            return Err(exc::type_error("spec.name and spec.origin must be str"));
        };
        if [name_text, path_text].iter().any(|text| text.to_string_lossy().contains('\0')) {
            return Err(exc::value_error("embedded null character"));
        }
        match LOADER.0.get() {
            Some(loader) => {
                crate::runtime::audit::audit(
                    "import",
                    &[&name, &path, crate::none_ref(), crate::none_ref(), crate::none_ref()],
                )?;
                (loader.create)(name_text, path_text, spec)
            }
            None => Err(exc::import_error_with(
                exc::ImportError(),
                "extension modules are not supported yet",
                Some(&name),
                Some(&path),
                None,
            )),
        }
    }

    /// `_imp.exec_dynamic(module)`.
    pub(super) fn exec(module: &PyObject) -> PyResult<i32> {
        if let Some(loader) = LOADER.0.get() {
            (loader.exec)(module)?;
        }
        Ok(0)
    }
}
