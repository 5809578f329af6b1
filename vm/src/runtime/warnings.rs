//! Warnings: the filters, the registries of what has been shown, and showing. The `_warnings` module is a thin front.

use core::cell::Cell;

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::{call, object as po};
use crate::runtime::{recursion, sys_state};
use crate::sysmodule::{config, frames};
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// What the module keeps outside of Python's reach.
struct State {
    filters: OptRef<PyList>,
    once_registry: OptRef<PyDict>,
    default_action: OptRef<PyStr>,
    version: Cell<i64>,
    /// The context variable of `-X context_aware_warnings`.
    context: OptRef,
}
// SAFETY: touched under the GIL.
unsafe impl Sync for State {}

static STATE: State = State {
    filters: OptRef::NULL,
    once_registry: OptRef::NULL,
    default_action: OptRef::NULL,
    version: Cell::new(0),
    context: OptRef::NULL,
};

fn filter(category: &PyTypeObject, action: &str, module: Option<&str>) -> ObjRef {
    let module = module.map_or_else(crate::none, |name| PyStr::interned(name).into_obj());
    PyTuple::new(vec![
        PyStr::interned(action).into_obj(),
        crate::none(),
        category.to_obj(),
        module,
        PyInt::from_i64(0).into_obj(),
    ])
    .into_obj()
}

/// The filters that are in force until `warnings` is imported.
pub fn filters() -> Ref<PyList> {
    if let Some(filters) = STATE.filters.get() {
        return filters;
    }
    let filters = PyList::new(vec![
        filter(exc::DeprecationWarning(), "default", Some("__main__")),
        filter(exc::DeprecationWarning(), "ignore", None),
        filter(exc::PendingDeprecationWarning(), "ignore", None),
        filter(exc::ImportWarning(), "ignore", None),
        filter(exc::ResourceWarning(), "ignore", None),
    ]);
    STATE.filters.set(Some(filters.clone()));
    filters
}

/// `_warnings._onceregistry`.
pub fn once_registry() -> Ref<PyDict> {
    if let Some(registry) = STATE.once_registry.get() {
        return registry;
    }
    let registry = PyDict::new();
    STATE.once_registry.set(Some(registry.clone()));
    registry
}

/// `_warnings._defaultaction`.
pub fn default_action() -> Ref<PyStr> {
    if let Some(action) = STATE.default_action.get() {
        return action;
    }
    let action = PyStr::interned("default");
    STATE.default_action.set(Some(action.clone()));
    action
}

/// The filters changed: what registries say is void.
pub fn filters_mutated() {
    STATE.version.set(STATE.version.get() + 1);
}

/// Sets the context variable that holds the context's filters.
pub fn set_context_variable(variable: ObjRef) {
    STATE.context.set(Some(variable));
}

/// The context variable, once `_warnings` has made it.
pub fn context_variable() -> Option<ObjRef> {
    STATE.context.get()
}

/// An attribute of the `warnings` module, if that is imported (or may be now).
fn module_attr(name: &PyStr, try_import: bool) -> PyResult<Option<ObjRef>> {
    let module = if try_import && !crate::sysmodule::functions::is_finalizing() {
        match crate::import::import_module("warnings") {
            Ok(module) => module,
            Err(e) if e.matches(exc::ImportError()) => return Ok(None),
            Err(e) => return Err(e),
        }
    } else {
        match sys_state::modules()?.get_name("warnings") {
            Some(module) if !crate::is_none(&module) => module,
            _ => return Ok(None),
        }
    };
    po::getattr_opt(&module, name)
}

/// The context's own filters with `-X context_aware_warnings`, if it has some.
fn context_filters() -> PyResult<Option<ObjRef>> {
    if !config::get().context_aware_warnings {
        return Ok(None);
    }
    let Some(variable) = STATE.context.get() else { return Ok(None) };
    let context = call::call_method(&variable, crate::intern!("get"), &[crate::none_ref()])?;
    if crate::is_none(&context) {
        return Ok(None);
    }
    po::getattr(&context, crate::intern!("_filters")).map(Some)
}

/// Does a filter's pattern (None, a string, or something with `match`) fit the text?
fn matches(pattern: &PyObject, text: &PyObject) -> PyResult<bool> {
    if crate::is_none(pattern) {
        return Ok(true);
    }
    if pattern.downcast_exact::<PyStr>().is_some() {
        return po::eq(pattern, text);
    }
    let found = call::call_method(pattern, crate::intern!("match"), &[text])?;
    po::is_true(&found)
}

/// The action of the first filter that fits, with the filter for messages.
fn find_action(category: &PyObject, text: &PyObject, lineno: i64, module: &PyObject) -> PyResult<(ObjRef, ObjRef)> {
    let filters_object = match context_filters()? {
        Some(filters) => filters,
        None => match module_attr(crate::intern!("filters"), false)? {
            Some(filters) => {
                if let Some(list) = filters.downcast_ref::<PyList>() {
                    STATE.filters.set(Some(list.to_ref()));
                }
                filters
            }
            None => filters().into_obj(),
        },
    };
    let Some(list) = filters_object.downcast_ref::<PyList>() else {
        return Err(exc::value_error("warnings.filters must be a list"));
    };
    let mut index = 0;
    while let Some(item) = list.get(index) {
        let Some(tuple) = item.downcast_exact::<PyTuple>().filter(|tuple| tuple.len() == 5) else {
            return Err(exc::value_error(format!("warnings.filters item {index} isn't a 5-tuple")));
        };
        let [action, message, class, mod_pattern, line] = *tuple.items() else {
            return Err(exc::value_error(format!("warnings.filters item {index} isn't a 5-tuple")));
        };
        if action.downcast_ref::<PyStr>().is_none() {
            return Err(exc::type_error(format!("action must be a string, not '{}'", action.ty().name())));
        }
        let action = action.new_ref();
        let fits = matches(message, text)? && matches(mod_pattern, module)? && po::is_subclass(category, class)? && {
            let line = crate::protocol::number::as_isize(line, None)?;
            line == 0 || line as i64 == lineno
        };
        if fits {
            return Ok((action, item));
        }
        index += 1;
    }
    let action = match module_attr(crate::intern!("defaultaction"), false)? {
        Some(action) => action,
        None => default_action().into_obj(),
    };
    if action.downcast_ref::<PyStr>().is_none() {
        return Err(exc::type_error(format!("warnings.defaultaction must be a string, not '{}'", action.ty().name())));
    }
    Ok((action, crate::none()))
}

/// Looks a warning up in a registry (emptied first if the filters have changed since), and enters it if `set`.
fn already_warned(registry: &PyDict, key: &PyObject, set: bool) -> PyResult<bool> {
    let version = crate::intern!("version");
    let current = STATE.version.get();
    let known = registry.get_str(version);
    let fresh = known.as_ref().and_then(|v| v.downcast_exact::<PyInt>()).and_then(PyInt::as_i64) == Some(current);
    if fresh {
        if let Some(seen) = registry.get_item(key)?
            && po::is_true(&seen)?
        {
            return Ok(true);
        }
    } else {
        registry.clear();
        registry.set_str(version, PyInt::from_i64(current).as_object())?;
    }
    if set {
        registry.set_item(key, &crate::py_bool(true))?;
    }
    Ok(false)
}

/// The module's name by its file, for `warn_explicit` without one.
fn module_of_file(filename: &PyStr) -> Ref<PyStr> {
    let len = filename.len();
    if len == 0 {
        return PyStr::new("<unknown>");
    }
    if len >= 3 && filename.substring(len - 3, len).eq_str(".py") {
        return filename.substring(0, len - 3);
    }
    filename.to_ref()
}

/// Where a warning is said to come from.
pub struct Place<'a> {
    pub filename: &'a PyStr,
    pub lineno: i64,
    pub module: Option<&'a PyObject>,
    pub registry: Option<&'a PyObject>,
    pub source_line: Option<ObjRef>,
}

/// Issues a warning about a given place.
///
/// # Errors
/// The warning itself if a filter makes it an error; what filters and display functions raise.
pub fn warn_explicit(
    category: &PyObject,
    message: &PyObject,
    place: &Place<'_>,
    source: Option<&PyObject>,
) -> PyResult<()> {
    if place.module.is_some_and(crate::is_none) {
        // Late in shutdown names are gone already.
        return Ok(());
    }
    let registry = match place.registry {
        None => None,
        Some(registry) if crate::is_none(registry) => None,
        Some(registry) => match registry.downcast_ref::<PyDict>() {
            Some(dict) => Some(dict),
            None => return Err(exc::type_error("'registry' must be a dict or None")),
        },
    };
    let module = match place.module {
        Some(module) => module.new_ref(),
        None => module_of_file(place.filename).into_obj(),
    };
    let is_warning = message.ty().is_subtype(exc::Warning());
    let (text, category, instance): (ObjRef, ObjRef, ObjRef) = if is_warning {
        (po::str(message)?.into_obj(), message.ty().to_obj(), message.new_ref())
    } else {
        (message.new_ref(), category.new_ref(), call::call_one(category, message)?)
    };
    let lineno = PyInt::from_i64(place.lineno).into_obj();
    let key = PyTuple::new(vec![text.clone(), category.clone(), lineno.clone()]);
    if let Some(registry) = registry
        && already_warned(registry, key.as_object(), false)?
    {
        return Ok(());
    }
    let (action, item) = find_action(&category, &text, place.lineno, &module)?;
    let action_name = match action.downcast_ref::<PyStr>() {
        Some(action) => action.to_string_lossy().into_owned(),
        None => String::new(),
    };
    match action_name.as_str() {
        "error" => return Err(PyErr::from_instance(instance)),
        "ignore" => return Ok(()),
        "always" | "all" => {}
        _ => {
            if let Some(registry) = registry {
                registry.set_item(key.as_object(), &crate::py_bool(true))?;
            }
            let alt_key = || PyTuple::new(vec![text.clone(), category.clone()]);
            let seen = match action_name.as_str() {
                "once" => {
                    let registry = once_registry_in_use()?;
                    already_warned(&registry, alt_key().as_object(), true)?
                }
                "module" => match registry {
                    Some(registry) => already_warned(registry, alt_key().as_object(), true)?,
                    None => false,
                },
                "default" => false,
                _ => {
                    let (action, item) = (po::repr(&action)?, po::repr(&item)?);
                    return Err(exc::runtime_error(format!(
                        "Unrecognized action ({}) in warnings.filters:\n {}",
                        action.to_string_lossy(),
                        item.to_string_lossy()
                    )));
                }
            };
            if seen {
                return Ok(());
            }
        }
    }
    show(&category, &text, &instance, place, &lineno, source)
}

fn once_registry_in_use() -> PyResult<Ref<PyDict>> {
    match module_attr(crate::intern!("onceregistry"), false)? {
        None => Ok(once_registry()),
        Some(registry) => registry.downcast::<PyDict>().map_err(|registry| {
            exc::type_error(format!("_warnings._onceregistry must be a dict, not '{}'", registry.ty().name()))
        }),
    }
}

/// Shows a warning through `warnings._showwarnmsg`, or plainly while that module is not there.
fn show(
    category: &PyObject,
    text: &PyObject,
    message: &PyObject,
    place: &Place<'_>,
    lineno: &PyObject,
    source: Option<&PyObject>,
) -> PyResult<()> {
    // With a source the traceback of its allocation may be wanted, which only the Python module knows how to show.
    let source = source.filter(|source| !crate::is_none(source));
    let Some(show) = module_attr(crate::intern!("_showwarnmsg"), source.is_some())? else {
        return show_plainly(category, text, place);
    };
    if !po::callable(&show) {
        return Err(exc::type_error("warnings._showwarnmsg() must be set to a callable"));
    }
    let Some(class) = module_attr(crate::intern!("WarningMessage"), false)? else {
        return Err(exc::runtime_error("unable to get warnings.WarningMessage"));
    };
    let none = crate::none_ref();
    let args = [message, category, place.filename.as_object(), lineno, none, none, source.unwrap_or(none)];
    let record = call::call(&class, &args)?;
    call::call_one(&show, &record).map(drop)
}

fn show_plainly(category: &PyObject, text: &PyObject, place: &Place<'_>) -> PyResult<()> {
    let Some(stderr) = sys_state::get_not_none("stderr") else { return Ok(()) };
    let name = po::str(&*po::getattr(category, crate::intern!("__name__"))?)?;
    let text = po::str(text)?;
    let mut out = format!(
        "{}:{}: {}: {}\n",
        place.filename.to_string_lossy(),
        place.lineno,
        name.to_string_lossy(),
        text.to_string_lossy()
    );
    let line = match &place.source_line {
        Some(line) => Some(po::str(line)?.to_string_lossy().trim().to_owned()),
        None => source_line(&place.filename.to_string_lossy(), place.lineno),
    };
    if let Some(line) = line.filter(|line| !line.is_empty()) {
        out.push_str("  ");
        out.push_str(&line);
        out.push('\n');
    }
    // A broken stderr is no reason to fail.
    let _ = call::call_method(&stderr, crate::intern!("write"), &[PyStr::new(&out).as_object()]);
    Ok(())
}

/// A line of a file, without surrounding space.
fn source_line(filename: &str, lineno: i64) -> Option<String> {
    let index = usize::try_from(lineno).ok()?.checked_sub(1)?;
    let content = std::fs::read(filename).ok()?;
    let line = content.split(|&byte| byte == b'\n').nth(index)?;
    Some(String::from_utf8_lossy(line).trim().to_owned())
}

fn is_internal(filename: &str) -> bool {
    filename.contains("importlib") && filename.contains("_bootstrap")
}

fn filename_of(frame: &InterpreterFrame) -> ObjRef {
    // SAFETY: asked of complete frames, which are Python frames.
    unsafe { frame.code() }.co_filename.get().unwrap_or_else(crate::none)
}

fn filename_text(frame: &InterpreterFrame) -> String {
    match filename_of(frame).downcast_ref::<PyStr>() {
        Some(name) => name.to_string_lossy().into_owned(),
        None => String::new(),
    }
}

/// The caller that counts: not one of the import system, nor of files with one of the prefixes.
fn next_external(frame: &InterpreterFrame, skip: &[String]) -> Option<&'static InterpreterFrame> {
    let mut frame = frames::caller_of(frame)?;
    loop {
        let name = filename_text(frame);
        if !is_internal(&name) && !skip.iter().any(|prefix| name.starts_with(prefix.as_str())) {
            return Some(frame);
        }
        frame = frames::caller_of(frame)?;
    }
}

/// Issues a warning about the code `stack_level` calls out (1: the running Python code).
///
/// # Errors
/// As for [`warn_explicit`].
pub fn warn_at(
    category: &PyObject,
    message: &PyObject,
    stack_level: isize,
    source: Option<&PyObject>,
    skip: &[String],
) -> PyResult<()> {
    recursion::check(" while issuing a warning")?;
    let mut frame = frames::nth(0);
    let internal = frame.is_none_or(|frame| is_internal(&filename_text(frame)));
    let mut level = stack_level;
    while level > 1 {
        let Some(f) = frame else { break };
        frame = if stack_level <= 0 || internal { frames::caller_of(f) } else { next_external(f, skip) };
        level -= 1;
    }
    let (globals, filename, lineno): (ObjRef, ObjRef, i64) = match frame {
        Some(frame) => (frame.globals().new_ref(), filename_of(frame), i64::from(frame.line().unwrap_or(0))),
        None => match sys_state::sys_module() {
            Some(sys) => (sys.dict().to_obj(), PyStr::new("<sys>").into_obj(), 0),
            None => return Ok(()),
        },
    };
    let Some(globals) = globals.downcast_ref::<PyDict>() else { return Ok(()) };
    let key = crate::intern!("__warningregistry__");
    let registry = match globals.get_str(key) {
        Some(registry) => registry,
        None => {
            let registry = PyDict::new().into_obj();
            globals.set_str(key, &registry)?;
            registry
        }
    };
    let module = match globals.get_str(crate::intern!("__name__")) {
        Some(name) if crate::is_none(&name) || name.downcast_ref::<PyStr>().is_some() => name,
        _ => PyStr::new("<string>").into_obj(),
    };
    let unknown = PyStr::new("<unknown>");
    let place = Place {
        filename: filename.downcast_ref::<PyStr>().unwrap_or(&unknown),
        lineno,
        module: Some(&module),
        registry: Some(&registry),
        source_line: None,
    };
    warn_explicit(category, message, &place, source)
}

/// Issues a warning with a text, as `PyErr_WarnEx` does.
///
/// # Errors
/// As for [`warn_explicit`].
pub fn warn(category: &PyTypeObject, message: impl Into<String>, stack_level: isize) -> PyResult<()> {
    let message = PyStr::from_string(message.into());
    warn_at(category.as_object(), message.as_object(), stack_level, None, &[])
}

/// Issues a `ResourceWarning` about an object that was not closed.
///
/// # Errors
/// As for [`warn_explicit`].
pub fn resource_warning(source: &PyObject, message: impl Into<String>) -> PyResult<()> {
    let message = PyStr::from_string(message.into());
    warn_at(exc::ResourceWarning().as_object(), message.as_object(), 1, Some(source), &[])
}

/// Issues a `SyntaxWarning` about a line of source text.
///
/// # Errors
/// `SyntaxWarning` if a filter makes it an error.
pub fn syntax_warning(category: &PyTypeObject, message: &str, filename: &PyStr, lineno: i64) -> PyResult<()> {
    let message = PyStr::new(message);
    let place = Place { filename, lineno, module: None, registry: None, source_line: None };
    warn_explicit(category.as_object(), message.as_object(), &place, None)
}
