//! The registry behind `codecs.register`, `lookup`, `register_error` and their like.

use core::cell::Cell;

use super::handlers;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct, Ref};
use crate::protocol::{self, call, object};
use crate::types::builtin_function::new_cfunction;
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use crate::{PyErr, PyResult, exc};

struct Registry {
    /// Search functions in the order of registration.
    search_path: OptRef<PyList>,
    /// Results of lookups, by normalised name.
    cache: OptRef<PyDict>,
    /// Error handlers by name.
    errors: OptRef<PyDict>,
    /// Has the `encodings` package been asked to register itself?
    loaded: Cell<bool>,
}

// SAFETY: touched under the GIL only.
unsafe impl Sync for Registry {}

static REGISTRY: Registry =
    Registry { search_path: OptRef::NULL, cache: OptRef::NULL, errors: OptRef::NULL, loaded: Cell::new(false) };

/// Lists and dicts without loading `encodings`.
fn tables() -> PyResult<(Ref<PyList>, Ref<PyDict>)> {
    let path = match REGISTRY.search_path.get() {
        Some(path) => path,
        None => {
            let path = PyList::new(Vec::new());
            REGISTRY.search_path.set(Some(path.clone()));
            path
        }
    };
    let cache = match REGISTRY.cache.get() {
        Some(cache) => cache,
        None => {
            let cache = PyDict::new();
            REGISTRY.cache.set(Some(cache.clone()));
            cache
        }
    };
    Ok((path, cache))
}

/// The dict of error handlers, filled on first use.
fn error_table() -> PyResult<Ref<PyDict>> {
    if let Some(errors) = REGISTRY.errors.get() {
        return Ok(errors);
    }
    let errors = PyDict::new();
    for (name, def) in handlers::all() {
        let function = new_cfunction(def, None, None)?;
        errors.set_item(PyStr::intern_static(name).as_object(), &function)?;
    }
    REGISTRY.errors.set(Some(errors.clone()));
    Ok(errors)
}

/// Imports `encodings`, which registers the library's codecs. Start-up calls this; otherwise the first lookup does.
///
/// # Errors
/// What the import raises.
pub fn load_encodings() -> PyResult<()> {
    if !REGISTRY.loaded.replace(true)
        && let Err(err) = crate::import::import_module("encodings")
    {
        REGISTRY.loaded.set(false);
        return Err(err);
    }
    Ok(())
}

/// Is the library's `encodings` package there?
pub fn is_loaded() -> bool {
    REGISTRY.loaded.get()
}

/// `codecs.register`.
///
/// # Errors
/// `TypeError` if it cannot be called.
pub fn register(search: &PyObject) -> PyResult<()> {
    if !object::callable(search) {
        return Err(exc::type_error("argument must be callable"));
    }
    tables()?.0.append(search.new_ref())
}

/// `codecs.unregister`: a function that is not registered is no error.
///
/// # Errors
/// `MemoryError`.
pub fn unregister(search: &PyObject) -> PyResult<()> {
    let (path, cache) = tables()?;
    let items = path.items_snapshot();
    if items.iter().any(|item| item.is(search)) {
        let mut removed = false;
        let kept = items
            .into_iter()
            .filter(|item| {
                let drop = !removed && item.is(search);
                removed |= drop;
                !drop
            })
            .collect();
        REGISTRY.search_path.set(Some(PyList::try_new(kept)?));
        cache.clear();
    }
    Ok(())
}

/// The name under which codecs are looked up: lowercase, runs of anything but letters, digits and dots as one underscore.
pub fn normalize(encoding: &str) -> String {
    let mut out = String::with_capacity(encoding.len());
    let mut gap = false;
    for c in encoding.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            if gap && !out.is_empty() {
                out.push('_');
            }
            gap = false;
            out.push(c.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    out
}

/// `codecs.lookup`: the codec's tuple.
///
/// # Errors
/// `LookupError` for an unknown encoding, or what a search function raises.
pub fn lookup(encoding: &str) -> PyResult<Ref<PyTuple>> {
    load_encodings()?;
    let (path, cache) = tables()?;
    let name = PyStr::interned(&normalize(encoding));
    if let Some(found) = cache.get_item(name.as_object())?
        && let Ok(codec) = found.downcast::<PyTuple>()
    {
        return Ok(codec);
    }
    let functions = path.items_snapshot();
    if functions.is_empty() {
        return Err(exc::lookup_error("no codec search functions registered: can't find encoding"));
    }
    for function in functions {
        let found = call::call_one(&function, name.as_object())?;
        if crate::is_none(&found) {
            continue;
        }
        let codec = match found.downcast::<PyTuple>() {
            Ok(codec) if codec.len() == 4 => codec,
            _ => return Err(exc::type_error("codec search functions must return 4-tuples")),
        };
        cache.set_item(name.as_object(), codec.as_object())?;
        return Ok(codec);
    }
    Err(exc::lookup_error(format!("unknown encoding: {encoding}")))
}

/// `codecs.register_error`.
///
/// # Errors
/// `TypeError` if it cannot be called.
pub fn register_error(name: &str, handler: &PyObject) -> PyResult<()> {
    if !object::callable(handler) {
        return Err(exc::type_error("handler must be callable"));
    }
    error_table()?.set_item(PyStr::new(name).as_object(), handler)
}

/// Forgets a registered error handler; true if there was one. The built-in ones stay.
///
/// # Errors
/// `ValueError` for a built-in handler.
pub fn unregister_error(name: &str) -> PyResult<bool> {
    if handlers::all().iter().any(|(builtin, _)| *builtin == name) {
        return Err(exc::value_error(format!("cannot un-register built-in error handler '{name}'")));
    }
    error_table()?.del_item(PyStr::new(name).as_object())
}

/// `codecs.lookup_error`.
///
/// # Errors
/// `LookupError`.
pub fn lookup_error(name: &str) -> PyResult<ObjRef> {
    match error_table()?.get_item(PyStr::new(name).as_object())? {
        Some(handler) => Ok(handler),
        None => Err(exc::lookup_error(format!("unknown error handler name '{name}'"))),
    }
}

/// Which half of a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    Encode,
    Decode,
}

impl Direction {
    fn verb(self) -> &'static str {
        match self {
            Direction::Encode => "encoding",
            Direction::Decode => "decoding",
        }
    }
}

/// Calls one half of a codec and takes the result out of its pair.
fn run(codec: &PyTuple, direction: Direction, object: &PyObject, encoding: &str, errors: Option<&str>) -> PyResult {
    let index = if direction == Direction::Encode { 0 } else { 1 };
    let Some(function) = codec.get(index) else {
        return Err(exc::system_error("codec without functions"));
    };
    let errors = errors.map(PyStr::new);
    let mut args = vec![object];
    if let Some(errors) = &errors {
        args.push(errors.as_object());
    }
    let result = call::call(function, &args).map_err(|err| with_note(err, direction, encoding))?;
    if let Some(pair) = result.downcast_ref::<PyTuple>()
        && let &[value, _] = pair.items()
    {
        return Ok(value.new_ref());
    }
    Err(exc::type_error(match direction {
        Direction::Encode => "encoder must return a tuple (object, integer)",
        Direction::Decode => "decoder must return a tuple (object,integer)",
    }))
}

/// Adds a note that tells which codec failed.
fn with_note(err: PyErr, direction: Direction, encoding: &str) -> PyErr {
    let note = PyStr::from_string(format!("{} with '{encoding}' codec failed", direction.verb()));
    // A note that cannot be added is no reason to hide the failure itself.
    let _ = call::call_method(err.object(), crate::intern!("add_note"), &[note.as_object()]);
    err
}

/// `codecs.encode` and `codecs.decode`: any object, any codec.
///
/// # Errors
/// What looking the codec up and calling it raise.
pub fn transform(object: &PyObject, direction: Direction, encoding: &str, errors: Option<&str>) -> PyResult {
    run(&*lookup(encoding)?, direction, object, encoding, errors)
}

/// As [`transform`], for codecs between text and bytes only.
///
/// # Errors
/// `LookupError` for other codecs, and as there.
pub fn transform_text(object: &PyObject, direction: Direction, encoding: &str, errors: Option<&str>) -> PyResult {
    let codec = lookup(encoding)?;
    check_text_codec(&codec, direction, encoding)?;
    run(&codec, direction, object, encoding, errors)
}

/// Is a codec marked as one between text and bytes? Plain tuples count as such.
fn check_text_codec(codec: &PyTuple, direction: Direction, encoding: &str) -> PyResult<()> {
    use crate::PyClass;
    if PyTuple::check_exact(codec.as_object()) {
        return Ok(());
    }
    if let Some(flag) = protocol::object::getattr_opt(codec.as_object(), crate::intern!("_is_text_encoding"))?
        && !object::is_true(&flag)?
    {
        let function = if direction == Direction::Encode { "codecs.encode()" } else { "codecs.decode()" };
        return Err(exc::lookup_error(format!(
            "'{encoding}' is not a text encoding; use {function} to handle arbitrary codecs"
        )));
    }
    Ok(())
}
