//! What the library's modules define for pickling: `copyreg`'s registries and `_compat_pickle`'s mappings of names.

use rpy_vm::import::statement::spec_is_initializing;
use rpy_vm::import::{get_module, import_module};
use rpy_vm::protocol::object as protocol;
use rpy_vm::runtime::sys_state;
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, Ref, exc, intern};

macro_rules! dicts {
    ($($name:ident = $module:literal $attribute:literal;)*) => {
        $(
            #[doc = concat!("`", $module, ".", $attribute, "`.")]
            pub static $name: OptRef<PyDict> = OptRef::NULL;
        )*

        fn init_dicts() -> PyResult<()> {
            $($name.set(Some(dict($module, $attribute)?));)*
            Ok(())
        }
    };
}

dicts! {
    DISPATCH_TABLE = "copyreg" "dispatch_table";
    EXTENSION_REGISTRY = "copyreg" "_extension_registry";
    INVERTED_REGISTRY = "copyreg" "_inverted_registry";
    EXTENSION_CACHE = "copyreg" "_extension_cache";
    NAMES_2TO3 = "_compat_pickle" "NAME_MAPPING";
    MODULES_2TO3 = "_compat_pickle" "IMPORT_MAPPING";
    NAMES_3TO2 = "_compat_pickle" "REVERSE_NAME_MAPPING";
    MODULES_3TO2 = "_compat_pickle" "REVERSE_IMPORT_MAPPING";
}

/// `codecs.encode`, by which old protocols write bytes.
pub static CODECS_ENCODE: OptRef = OptRef::NULL;
/// `functools.partial`, by which protocols 2 and 3 write `__newobj_ex__`.
pub static PARTIAL: OptRef = OptRef::NULL;
/// `getattr`, by which old protocols write dotted names.
pub static GETATTR: OptRef = OptRef::NULL;

fn attribute(module: &str, name: &str) -> PyResult<ObjRef> {
    protocol::getattr(&*import_module(module)?, &PyStr::interned(name))
}

fn dict(module: &str, name: &str) -> PyResult<Ref<PyDict>> {
    let value = attribute(module, name)?;
    match value.downcast_exact::<PyDict>() {
        Some(dict) => Ok(dict.to_ref()),
        None => Err(exc::runtime_error(format!("{module}.{name} should be a dict, not {}", value.ty().full_name()))),
    }
}

/// Fetches everything.
pub fn init() -> PyResult<()> {
    init_dicts()?;
    CODECS_ENCODE.set(Some(attribute("codecs", "encode")?));
    PARTIAL.set(Some(attribute("functools", "partial")?));
    GETATTR.set(sys_state::builtins_dict()?.get_name("getattr"));
    Ok(())
}

/// What a table says about a key.
pub fn lookup(table: &OptRef<PyDict>, key: &PyObject) -> PyResult<Option<ObjRef>> {
    match table.get() {
        Some(table) => table.get_item(key),
        None => Ok(None),
    }
}

/// The tables for one direction between the names of Python 2 and 3, with the words for errors.
struct Renaming {
    names: &'static OptRef<PyDict>,
    modules: &'static OptRef<PyDict>,
    prefix: &'static str,
}

/// A module and a name in it.
pub type Path = (Ref<PyStr>, Ref<PyStr>);

fn rename(path: Path, tables: &Renaming) -> PyResult<Path> {
    let key = PyTuple::from_slice(&[path.0.as_object(), path.1.as_object()]);
    let prefix = tables.prefix;
    if let Some(pair) = lookup(tables.names, key.as_object())? {
        let Some([module, name]) = pair.downcast_ref::<PyTuple>().map(PyTuple::items).filter(|p| p.len() == 2) else {
            return Err(exc::runtime_error(format!(
                "_compat_pickle.{prefix}NAME_MAPPING values should be 2-tuples, not {}",
                pair.ty().full_name()
            )));
        };
        return match (module.downcast_ref::<PyStr>(), name.downcast_ref::<PyStr>()) {
            (Some(module), Some(name)) => Ok((module.to_ref(), name.to_ref())),
            _ => Err(exc::runtime_error(format!(
                "_compat_pickle.{prefix}NAME_MAPPING values should be pairs of str, not ({}, {})",
                module.ty().full_name(),
                name.ty().full_name()
            ))),
        };
    }
    match lookup(tables.modules, path.0.as_object())? {
        None => Ok(path),
        Some(module) => match module.downcast::<PyStr>() {
            Ok(module) => Ok((module, path.1)),
            Err(other) => Err(exc::runtime_error(format!(
                "_compat_pickle.{prefix}IMPORT_MAPPING values should be strings, not {}",
                other.ty().full_name()
            ))),
        },
    }
}

/// Python 2's name for something.
pub fn to_python2(path: Path) -> PyResult<Path> {
    rename(path, &Renaming { names: &NAMES_3TO2, modules: &MODULES_3TO2, prefix: "REVERSE_" })
}

/// Python 3's name for something.
pub fn to_python3(path: Path) -> PyResult<Path> {
    rename(path, &Renaming { names: &NAMES_2TO3, modules: &MODULES_2TO3, prefix: "" })
}

/// The module with a (dotted) name, through `builtins.__import__`. A module that is loaded completely is taken as it is, unless
/// the program has put an `__import__` of its own in place.
pub fn import_object(name: &PyStr) -> PyResult<ObjRef> {
    let import = sys_state::builtins_dict()?.get_str(intern!("__import__"));
    if import.is_some_and(|import| import.downcast_exact::<PyCFunction>().is_some())
        && let Some(module) = get_module(name.as_object())?
    {
        let spec = protocol::getattr_opt(&module, intern!("__spec__"))?;
        if !spec.map_or(Ok(false), |spec| spec_is_initializing(&spec))? {
            return Ok(module);
        }
    }
    import_module(name.as_utf8()?)
}
