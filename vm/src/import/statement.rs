//! What the `import` statements do.

use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::{call, object as po};
use crate::runtime::{audit, sys_state};
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::module::PyModule;
use crate::types::str::{PyStr, StrBuilder};

use super::bootstrap::{call_in, importlib};

/// `sys.modules[name]`, unless it is missing or None.
///
/// # Errors
/// What comparing keys raises.
pub fn get_module(name: &PyObject) -> PyResult<Option<ObjRef>> {
    Ok(sys_state::modules()?.get_item(name)?.filter(|module| !crate::is_none(module)))
}

/// `importlib.import_module(name)` for an absolute name: the innermost module, through `builtins.__import__`.
///
/// # Errors
/// What the import raises.
pub fn import_module(name: &str) -> PyResult<ObjRef> {
    import_by(PyStr::new(name).as_object())
}

/// As [`import_module`], by a name that may be anything.
///
/// # Errors
/// What the import raises; `TypeError` for a name that is no `str`.
pub fn import_by(name: &PyObject) -> PyResult<ObjRef> {
    // A non-empty fromlist asks for the innermost module.
    let fromlist = PyList::new(vec![PyStr::new("__doc__").into_obj()]).into_obj();
    let globals = PyDict::new();
    let import = sys_state::builtins_dict()?.get_name("__import__");
    let level = crate::types::int::PyInt::from_i64(0);
    match import {
        Some(import) => {
            let g = globals.as_object();
            let module = call::call(&import, &[name, g, g, &fromlist, level.as_object()])?;
            // What matters is what stands in sys.modules now.
            Ok(get_module(name)?.unwrap_or(module))
        }
        None => import_name(module_name(name)?, None, None, Some(&fromlist), 0),
    }
}

/// What a module is to be imported by.
///
/// # Errors
/// `TypeError` for anything but a `str`.
pub fn module_name(name: &PyObject) -> PyResult<&PyStr> {
    name.downcast_ref::<PyStr>().ok_or_else(|| exc::type_error("module name must be a string"))
}

/// The function object `builtins.__import__`, for comparison and for handing to `importlib`.
pub fn import_function(builtins: &PyModule) -> PyResult<ObjRef> {
    match builtins.dict().get_name("__import__") {
        Some(function) => Ok(function),
        None => Err(exc::import_error("__import__ not found")),
    }
}

/// `IMPORT_NAME` and `builtins.__import__`.
///
/// # Errors
/// `ImportError` and whatever executing the module raises.
pub fn import_name(
    name: &PyStr,
    globals: Option<&PyObject>,
    _locals: Option<&PyObject>,
    fromlist: Option<&PyObject>,
    level: i32,
) -> PyResult<ObjRef> {
    import_untrimmed(name, globals, fromlist, level).inspect_err(trim_traceback)
}

fn import_untrimmed(
    name: &PyStr,
    globals: Option<&PyObject>,
    fromlist: Option<&PyObject>,
    level: i32,
) -> PyResult<ObjRef> {
    if level < 0 {
        return Err(exc::value_error("level must be >= 0"));
    }
    let abs_name: Ref<PyStr> = if level > 0 {
        resolve_name(name, globals, level)?
    } else if name.len() == 0 {
        return Err(exc::value_error("Empty module name"));
    } else {
        name.to_ref()
    };
    let module = match get_module(abs_name.as_object())? {
        Some(module) => {
            if crate::sysmodule::config::get().import_time > 1 {
                super::import_time::cached(&abs_name);
            }
            let waited = ensure_initialized(&module, &abs_name)?;
            // Its import may have failed meanwhile: then what was found is not what counts any more.
            let module = if waited { get_module(abs_name.as_object())? } else { Some(module) };
            match module {
                Some(module) => module,
                None => find_and_load(&abs_name)?,
            }
        }
        None => find_and_load(&abs_name)?,
    };
    let has_from = match fromlist {
        Some(list) if !crate::is_none(list) => po::is_true(list)?,
        _ => false,
    };
    if !has_from {
        let dot = find_dot(name);
        return match dot {
            _ if level != 0 && name.len() == 0 => Ok(module),
            None => Ok(module),
            Some(dot) if level == 0 => import_name(&name.substring(0, dot), None, None, None, 0),
            Some(dot) => {
                let cut = name.len() - dot;
                let to_return = abs_name.substring(0, abs_name.len() - cut);
                match get_module(to_return.as_object())? {
                    Some(module) => Ok(module),
                    None => {
                        let shown = po::repr(to_return.as_object())?;
                        Err(exc::key_error_msg(format!("{} not in sys.modules as expected", shown.to_string_lossy())))
                    }
                }
            }
        };
    }
    match po::getattr_opt(&module, crate::intern!("__path__"))? {
        Some(_) => {
            let import = import_function_or_default()?;
            call_in(importlib()?, "_handle_fromlist", &[&module, fromlist.unwrap_or(crate::none_ref()), &import])
        }
        None => Ok(module),
    }
}

fn import_function_or_default() -> PyResult<ObjRef> {
    match sys_state::builtins_dict()?.get_name("__import__") {
        Some(function) => Ok(function),
        None => Err(exc::import_error("__import__ not found")),
    }
}

fn find_dot(name: &PyStr) -> Option<usize> {
    (0..name.len()).find(|&i| name.char_at(i) == u32::from('.'))
}

fn rfind_dot(name: &PyStr, end: usize) -> Option<usize> {
    (0..end).rev().find(|&i| name.char_at(i) == u32::from('.'))
}

fn find_and_load(abs_name: &PyStr) -> PyResult<ObjRef> {
    if audit::active() {
        let get = |name: &str| sys_state::get(name).unwrap_or_else(crate::none);
        let (path, meta_path, hooks) = (get("path"), get("meta_path"), get("path_hooks"));
        audit::audit("import", &[abs_name.as_object(), crate::none_ref(), &path, &meta_path, &hooks])?;
    }
    let import = import_function_or_default()?;
    let load = || call_in(importlib()?, "_find_and_load", &[abs_name.as_object(), &import]);
    if crate::sysmodule::config::get().import_time > 0 { super::import_time::timed(abs_name, load) } else { load() }
}

/// Removes the import system's own frames from the traceback, as CPython does: all of them for an `ImportError`,
/// otherwise those above `_call_with_frames_removed`.
fn trim_traceback(error: &crate::PyErr) {
    if crate::sysmodule::config::get().verbose > 0 {
        return;
    }
    let always = error.matches(exc::ImportError());
    crate::types::traceback::remove_importlib_frames(error.value(), always);
}

/// A module found in `sys.modules` may still be under construction by another thread: wait for it. True: it was.
fn ensure_initialized(module: &PyObject, name: &PyStr) -> PyResult<bool> {
    let Some(spec) = po::getattr_opt(module, crate::intern!("__spec__"))? else { return Ok(false) };
    let initializing = spec_is_initializing(&spec)?;
    if initializing {
        call_in(importlib()?, "_lock_unlock_module", &[name.as_object()])?;
    }
    Ok(initializing)
}

/// `spec._initializing`.
pub fn spec_is_initializing(spec: &PyObject) -> PyResult<bool> {
    if crate::is_none(spec) {
        return Ok(false);
    }
    match po::getattr_opt(spec, crate::intern!("_initializing"))? {
        Some(flag) => po::is_true(&flag),
        None => Ok(false),
    }
}

/// The absolute name behind `level` dots.
fn resolve_name(name: &PyStr, globals: Option<&PyObject>, level: i32) -> PyResult<Ref<PyStr>> {
    let Some(globals) = globals else {
        return Err(exc::key_error_msg("'__name__' not in globals"));
    };
    let Some(globals) = globals.downcast_ref::<PyDict>() else {
        return Err(exc::type_error("globals must be a dict"));
    };
    let not_none = |name: &str| globals.get_name(name).filter(|value| !crate::is_none(value));
    let spec = not_none("__spec__");
    let package: Ref<PyStr> = if let Some(package) = not_none("__package__") {
        let package = package.downcast::<PyStr>().map_err(|_| exc::type_error("package must be a string"))?;
        if let Some(spec) = &spec {
            let parent = po::getattr(spec, crate::intern!("parent"))?;
            if !po::eq(package.as_object(), &parent)? {
                crate::runtime::warnings::warn(exc::DeprecationWarning(), "__package__ != __spec__.parent", 1)?;
            }
        }
        package
    } else if let Some(spec) = &spec {
        let parent = po::getattr(spec, crate::intern!("parent"))?;
        parent.downcast::<PyStr>().map_err(|_| exc::type_error("__spec__.parent must be a string"))?
    } else {
        crate::runtime::warnings::warn(
            exc::ImportWarning(),
            "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__",
            1,
        )?;
        let Some(package) = globals.get_name("__name__") else {
            return Err(exc::key_error_msg("'__name__' not in globals"));
        };
        let package = package.downcast::<PyStr>().map_err(|_| exc::type_error("__name__ must be a string"))?;
        if globals.get_name("__path__").is_some() {
            package
        } else {
            match rfind_dot(&package, package.len()) {
                Some(dot) => package.substring(0, dot),
                None => return Err(no_parent()),
            }
        }
    };
    let mut end = package.len();
    if end == 0 {
        return Err(no_parent());
    }
    for _ in 1..level {
        match rfind_dot(&package, end) {
            Some(dot) => end = dot,
            None => return Err(exc::import_error("attempted relative import beyond top-level package")),
        }
    }
    let base = package.substring(0, end);
    if name.len() == 0 {
        return Ok(base);
    }
    let mut out = StrBuilder::new();
    out.push_py(&base);
    out.push_str(".");
    out.push_py(name);
    Ok(out.finish())
}

fn no_parent() -> crate::PyErr {
    exc::import_error("attempted relative import with no known parent package")
}

/// `IMPORT_FROM`: an attribute of a module, or a submodule that is under construction.
///
/// # Errors
/// `ImportError` that says where the module came from and what may be wrong.
pub fn import_from(module: &PyObject, name: &PyStr) -> PyResult<ObjRef> {
    if let Some(value) = po::getattr_opt(module, name)? {
        return Ok(value);
    }
    let module_name = match po::getattr_opt(module, crate::intern!("__name__"))? {
        Some(text) => text.downcast::<PyStr>().ok(),
        None => None,
    };
    if let Some(module_name) = &module_name {
        // A circular import: the submodule may be known already though its parent has no attribute for it yet.
        let mut full = StrBuilder::new();
        full.push_py(module_name);
        full.push_str(".");
        full.push_py(name);
        if let Some(found) = get_module(full.finish().as_object())? {
            return Ok(found);
        }
    }
    Err(cannot_import(module, module_name.as_deref(), name)?)
}

/// The file a module was loaded from, if its spec says so.
pub fn spec_origin(spec: &PyObject) -> PyResult<Option<ObjRef>> {
    match po::getattr_opt(spec, crate::intern!("has_location"))? {
        Some(flag) if po::is_true(&flag)? => {}
        _ => return Ok(None),
    }
    Ok(po::getattr_opt(spec, crate::intern!("origin"))?.filter(|origin| origin.downcast_ref::<PyStr>().is_some()))
}

/// Does the file lie where scripts lie, so that it may hide a library module of the same name?
pub fn possibly_shadowing(origin: &PyObject) -> bool {
    let config = crate::sysmodule::config::get();
    if config.safe_path {
        return false;
    }
    let Some(origin) = origin.downcast_ref::<PyStr>() else { return false };
    let origin = origin.to_string_lossy().into_owned();
    let Some(slash) = origin.rfind('/') else { return false };
    let mut root = &origin[..slash];
    if origin.ends_with("/__init__.py") {
        match root.rfind('/') {
            Some(slash) => root = &root[..slash],
            None => return false,
        }
    }
    let path0 = config.sys_path_0.borrow().clone();
    let Some(path0) = path0 else { return false };
    let path0 = if path0.is_empty() {
        match std::env::current_dir() {
            Ok(dir) => dir.to_string_lossy().into_owned(),
            Err(_) => return false,
        }
    } else {
        path0
    };
    path0 == root
}

/// Is it a name of the standard library (`sys.stdlib_module_names`)?
///
/// # Errors
/// What hashing an unusual string raises.
pub fn is_stdlib_name(name: &PyStr) -> PyResult<bool> {
    match sys_state::get("stdlib_module_names") {
        Some(names) => match crate::types::set::any_set(&names) {
            Some(set) => set.contains(name.as_object()),
            None => Ok(false),
        },
        None => Ok(false),
    }
}

fn cannot_import(module: &PyObject, module_name: Option<&PyStr>, name: &PyStr) -> PyResult<crate::PyErr> {
    let shown = po::repr(name.as_object())?;
    let from = match module_name {
        Some(module_name) => po::repr(module_name.as_object())?,
        None => po::repr(PyStr::new("<unknown module name>").as_object())?,
    };
    let (shown, from) = (shown.to_string_lossy(), from.to_string_lossy());
    let spec = po::getattr_opt(module, crate::intern!("__spec__"))?.filter(|spec| !crate::is_none(spec));
    let mut origin = match &spec {
        Some(spec) => spec_origin(spec)?,
        None => None,
    };
    let shadowing = origin.as_ref().is_some_and(|origin| possibly_shadowing(origin));
    let shadows_stdlib = match module_name {
        Some(name) if shadowing => is_stdlib_name(name)?,
        _ => false,
    };
    if origin.is_none()
        && let Some(module) = module.downcast_ref::<PyModule>()
    {
        origin = module.dict().get_name("__file__").filter(|file| file.downcast_ref::<PyStr>().is_some());
    }
    let origin_text = match &origin {
        Some(origin) => Some(po::str(origin)?.to_string_lossy().into_owned()),
        None => None,
    };
    let origin_repr = match &origin {
        Some(origin) => po::repr(origin)?.to_string_lossy().into_owned(),
        None => String::new(),
    };
    let initializing = match &spec {
        Some(spec) => spec_is_initializing(spec)?,
        None => false,
    };
    let message = if shadows_stdlib {
        format!(
            "cannot import name {shown} from {from} (consider renaming {origin_repr} since it has the same name as the \
             standard library module named {from} and prevents importing that standard library module)"
        )
    } else if initializing && shadowing {
        format!(
            "cannot import name {shown} from {from} (consider renaming {origin_repr} if it has the same name as a library \
             you intended to import)"
        )
    } else if initializing {
        let place = origin_text.map_or(String::new(), |place| format!(" ({place})"));
        format!(
            "cannot import name {shown} from partially initialized module {from} (most likely due to a circular \
             import){place}"
        )
    } else {
        let place = origin_text.unwrap_or_else(|| "unknown location".to_owned());
        format!("cannot import name {shown} from {from} ({place})")
    };
    Ok(exc::import_error_with(
        exc::ImportError(),
        message,
        module_name.map(PyStruct::as_object),
        origin.as_deref(),
        Some(name.as_object()),
    ))
}

/// `from module import *` into the mapping `locals`.
///
/// # Errors
/// `ImportError`, `TypeError` for names that are no strings, and what attribute access raises.
pub fn import_all_from(locals: &PyObject, module: &PyObject) -> PyResult<()> {
    let (names, public_only) = match po::getattr_opt(module, crate::intern!("__all__"))? {
        Some(all) => (all, false),
        None => match po::getattr_opt(module, crate::intern!("__dict__"))? {
            Some(dict) => (crate::protocol::mapping::keys(&dict)?.into_obj(), true),
            None => {
                return Err(exc::import_error("from-import-* object has no __dict__ and no __all__"));
            }
        },
    };
    let mut index = 0;
    loop {
        let name = match crate::protocol::sequence::get_item_index(&names, index) {
            Ok(name) => name,
            Err(e) if e.matches(exc::IndexError()) => return Ok(()),
            Err(e) => return Err(e),
        };
        index += 1;
        let Some(text) = name.downcast_ref::<PyStr>() else {
            return Err(bad_star_name(module, &name, public_only)?);
        };
        if public_only && (text.len() == 0 || text.char_at(0) == u32::from('_')) {
            continue;
        }
        let value = po::getattr(module, text)?;
        match locals.downcast_exact::<PyDict>() {
            Some(dict) => dict.set_item(&name, &value)?,
            None => po::set_item(locals, &name, &value)?,
        }
    }
}

/// The same under the name of the statement.
pub fn import_star(module: &PyObject, locals: &PyObject) -> PyResult<()> {
    import_all_from(locals, module)
}

fn bad_star_name(module: &PyObject, name: &PyObject, public_only: bool) -> PyResult<crate::PyErr> {
    let module_name = po::getattr(module, crate::intern!("__name__"))?;
    let Some(module_name) = module_name.downcast_ref::<PyStr>() else {
        return Ok(exc::type_error(format!("module __name__ must be a string, not {}", module_name.ty().name())));
    };
    let (kind, place) = if public_only { ("Key", "__dict__") } else { ("Item", "__all__") };
    Ok(exc::type_error(format!(
        "{kind} in {}.{place} must be str, not {}",
        module_name.to_string_lossy(),
        name.ty().name()
    )))
}
