//! Structural pattern matching.

use crate::err::PyResult;
use crate::exc;
use crate::interp::machine::Machine;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass, PyStruct};
use crate::object::typeobj::{PyTypeObject, flags};
use crate::protocol::{call, mapping, object as protocol};
use crate::types::dict::PyDict;
use crate::types::set::PySet;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `case C(a, b, x=c)`: subject, class and keyword names are replaced by a tuple of attributes, or None.
#[inline(always)]
pub fn match_class(m: &mut Machine<'_>, positional: usize) -> PyResult<()> {
    let result = attributes(m.peek_obj(3), m.peek_obj(2), m.peek_obj(1), positional)?;
    m.drop_n(3);
    m.push_owned(result.unwrap_or_else(crate::none));
    Ok(())
}

fn name_error_text(name: &PyObject) -> String {
    protocol::repr(name).map(|r| r.to_string_lossy().into_owned()).unwrap_or_default()
}

/// One attribute; `None` if the subject lacks it. Matching a name twice is an error.
fn attribute(subject: &PyObject, ty: &PyTypeObject, name: &PyObject, seen: &PySet) -> PyResult<Option<ObjRef>> {
    if seen.contains(name)? {
        return Err(exc::type_error(format!(
            "{}() got multiple sub-patterns for attribute {}",
            ty.name(),
            name_error_text(name)
        )));
    }
    seen.add(name)?;
    match name.downcast_ref::<PyStr>() {
        Some(name) => protocol::getattr_opt(subject, name),
        None => Ok(None),
    }
}

#[inline(never)]
fn attributes(subject: &PyObject, class: &PyObject, names: &PyObject, positional: usize) -> PyResult<Option<ObjRef>> {
    let Some(ty) = class.downcast_ref::<PyTypeObject>() else {
        return Err(exc::type_error("called match pattern must be a class"));
    };
    if !protocol::is_instance(subject, class)? {
        return Ok(None);
    }
    let names = names.downcast_ref::<PyTuple>().ok_or_else(|| exc::system_error("match names are not a tuple"))?;
    let seen = PySet::new();
    let mut found = Vec::with_capacity(positional + names.len());
    if positional > 0 {
        let mut match_self = false;
        let match_args = match protocol::getattr_opt(class, crate::intern!("__match_args__"))? {
            Some(args) => match args.downcast::<PyTuple>() {
                Ok(tuple) if PyTuple::check_exact(tuple.as_object()) => tuple,
                Ok(other) => {
                    return Err(exc::type_error(format!(
                        "{}.__match_args__ must be a tuple (got {})",
                        ty.name(),
                        other.as_object().ty().name()
                    )));
                }
                Err(other) => {
                    return Err(exc::type_error(format!(
                        "{}.__match_args__ must be a tuple (got {})",
                        ty.name(),
                        other.ty().name()
                    )));
                }
            },
            None => {
                match_self = ty.has_flag(flags::MATCH_SELF);
                PyTuple::empty()
            }
        };
        let allowed = if match_self { 1 } else { match_args.len() };
        if allowed < positional {
            return Err(exc::type_error(format!(
                "{}() accepts {allowed} positional sub-pattern{} ({positional} given)",
                ty.name(),
                if allowed == 1 { "" } else { "s" }
            )));
        }
        if match_self {
            found.push(subject.new_ref());
        } else {
            for name in match_args.items().iter().take(positional) {
                if !PyStr::check_exact(name) {
                    return Err(exc::type_error(format!(
                        "__match_args__ elements must be strings (got {})",
                        name.ty().name()
                    )));
                }
                match attribute(subject, ty, name, &seen)? {
                    Some(value) => found.push(value),
                    None => return Ok(None),
                }
            }
        }
    }
    for name in names.items() {
        match attribute(subject, ty, name, &seen)? {
            Some(value) => found.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(PyTuple::new(found).into_obj()))
}

/// `case {k1: …, k2: …}`: a tuple of the values, or None if a key is missing.
#[inline(never)]
pub fn match_keys(subject: &PyObject, keys: &PyObject) -> PyResult<ObjRef> {
    let keys = keys.downcast_ref::<PyTuple>().ok_or_else(|| exc::system_error("match keys are not a tuple"))?;
    let seen = PySet::new();
    let mut values = Vec::with_capacity(keys.len());
    // `get` with a private default, so that __missing__ does not create entries.
    let get =
        if PyDict::check_exact(subject) { None } else { Some(protocol::getattr(subject, crate::intern!("get"))?) };
    // Any fresh object will do: only its identity counts.
    let default = crate::types::list::PyList::empty().into_obj();
    for key in keys.items() {
        if seen.contains(key)? {
            return Err(exc::value_error(format!("mapping pattern checks duplicate key ({})", name_error_text(key))));
        }
        seen.add(key)?;
        let value = match &get {
            None => mapping::get_opt(subject, key)?,
            Some(get) => Some(call::call(get, &[key, &default])?).filter(|v| !v.is(&default)),
        };
        match value {
            Some(value) => values.push(value),
            None => return Ok(crate::none()),
        }
    }
    Ok(PyTuple::new(values).into_obj())
}
