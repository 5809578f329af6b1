//! `AST`, the base class of all nodes: what its instances can do. The class itself is made in [`super::classes`].

use crate::args::KwArgs;
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::object as po;
use crate::protocol::{call, sequence};
use crate::runtime::repr_guard::ReprGuard;
use crate::runtime::warnings;
use crate::types::dict::PyDict;
use crate::types::generic_alias::PyGenericAlias;
use crate::types::list::PyList;
use crate::types::set::PySet;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use crate::types::union::PyUnion;
use crate::{none, none_ref};
use rpy_derive::{pyclass, pymethods};

use super::classes;

/// Depth to which `repr` shows nodes inside nodes.
const REPR_DEPTH: usize = 3;

/// Where the methods of `AST` are defined. The class is a heap type, since programs set attributes of it.
#[pyclass(name = "AST", module = "ast", flags(BASETYPE))]
#[repr(C)]
pub struct PyAst {
    pub ob_base: PyObject,
}

#[pymethods]
impl PyAst {
    #[slot]
    fn tp_init(zelf: &PyObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        init(zelf, args, kwargs)
    }

    #[slot]
    fn tp_repr(zelf: &PyObject) -> PyResult<Ref<PyStr>> {
        repr(zelf, REPR_DEPTH)
    }

    #[pymethod(sig = "($self, /)")]
    fn __reduce__(zelf: &PyObject) -> PyResult<ObjRef> {
        reduce(zelf)
    }

    /// Return a copy of the AST node with new values for the specified fields.
    #[pymethod(sig = "($self, /, **fields)")]
    fn __replace__(zelf: &PyObject, fields: KwArgs<'_>) -> PyResult<ObjRef> {
        replace(zelf, fields.to_dict()?.as_deref())
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn quoted(name: &PyObject) -> PyResult<String> {
    Ok(po::repr(name)?.to_string_lossy().into_owned())
}

fn deprecated(message: String) -> PyResult<()> {
    warnings::warn(exc::DeprecationWarning(), message, 1)
}

/// A class attribute, such as `_fields`.
fn class_attr(zelf: &PyObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    po::getattr_opt(zelf.ty().as_object(), name)
}

/// The items of `_fields` or `_attributes`.
fn names(object: Option<&PyObject>) -> PyResult<Vec<ObjRef>> {
    match object {
        Some(object) => crate::types::list::collect(object),
        None => Ok(Vec::new()),
    }
}

/// The constructor: fields by position, then fields and attributes by keyword, then defaults.
fn init(zelf: &PyObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
    let class = zelf.ty();
    let fields = po::getattr(class.as_object(), intern!("_fields"))?;
    let remaining = PySet::new();
    let names = names(Some(&fields))?;
    for name in &names {
        remaining.add(name)?;
    }
    if names.len() < args.len() {
        return Err(exc::type_error(format!(
            "{} constructor takes at most {} positional argument{}",
            class.name(),
            names.len(),
            plural(names.len())
        )));
    }
    for (name, value) in names.iter().zip(args.items()) {
        po::setattr_obj(zelf, name, Some(value))?;
        remaining.discard(name)?;
    }
    if let Some(kwargs) = kwargs {
        let mut attributes: Option<ObjRef> = None;
        for (key, value) in kwargs.items_vec() {
            if sequence::contains(&fields, &key)? {
                if !remaining.discard(&key)? {
                    return Err(exc::type_error(format!(
                        "{} got multiple values for argument {}",
                        class.full_name(),
                        quoted(&key)?
                    )));
                }
            } else {
                if attributes.is_none() {
                    attributes = Some(po::getattr(class.as_object(), intern!("_attributes"))?);
                }
                if let Some(attributes) = &attributes
                    && !sequence::contains(attributes, &key)?
                {
                    deprecated(format!(
                        "{}.__init__ got an unexpected keyword argument {}. Support for arbitrary keyword arguments is \
                         deprecated and will be removed in Python 3.15.",
                        class.full_name(),
                        quoted(&key)?
                    ))?;
                }
            }
            po::setattr_obj(zelf, &key, Some(&value))?;
        }
    }
    set_defaults(zelf, &remaining)
}

/// What a field without a value gets, by its declared type: optional ones have `None` from the class, lists start empty,
/// contexts are `Load`.
fn set_defaults(zelf: &PyObject, remaining: &PySet) -> PyResult<()> {
    if remaining.is_empty() {
        return Ok(());
    }
    let class = zelf.ty();
    let Some(types) = class_attr(zelf, intern!("_field_types"))? else { return Ok(()) };
    for name in remaining.to_vec() {
        let ty = match types.downcast_ref::<PyDict>() {
            Some(types) => types.get_item(&name)?,
            None => None,
        };
        match ty {
            None => deprecated(format!(
                "Field {} is missing from {}._field_types. This will become an error in Python 3.15.",
                quoted(&name)?,
                class.full_name()
            ))?,
            Some(ty) if ty.downcast_exact::<PyUnion>().is_some() => {}
            Some(ty) if ty.downcast_exact::<PyGenericAlias>().is_some() => {
                po::setattr_obj(zelf, &name, Some(PyList::empty().as_object()))?;
            }
            Some(ty) if classes::is_context_class(&ty) => {
                po::setattr_obj(zelf, &name, Some(&*classes::singleton(super::Kind::Load)?))?;
            }
            Some(_) => deprecated(format!(
                "{}.__init__ missing 1 required positional argument: {}. This will become an error in Python 3.15.",
                class.full_name(),
                quoted(&name)?
            ))?,
        }
    }
    Ok(())
}

/// `(class, Nones, dict)`: the constructor wants to see the required fields, but their values may refer back to the node.
fn reduce(zelf: &PyObject) -> PyResult<ObjRef> {
    let class = zelf.ty().as_object().new_ref();
    let Some(state) = po::getattr_opt(zelf, intern!("__dict__"))? else {
        return Ok(PyTuple::from_array([class, PyTuple::empty().into_obj()]).into_obj());
    };
    let fields = class_attr(zelf, intern!("_fields"))?;
    let mut placeholders = Vec::new();
    if let (Some(fields), Some(dict)) = (fields, state.downcast_ref::<PyDict>()) {
        for name in names(Some(&fields))? {
            if dict.get_item(&name)?.is_none() {
                break;
            }
            placeholders.push(none());
        }
    }
    Ok(PyTuple::from_array([class, PyTuple::new(placeholders).into_obj(), state]).into_obj())
}

/// `copy.replace`.
fn replace(zelf: &PyObject, changes: Option<&PyDict>) -> PyResult<ObjRef> {
    let class = zelf.ty();
    let fields = names(class_attr(zelf, intern!("_fields"))?.as_deref())?;
    let attributes = names(class_attr(zelf, intern!("_attributes"))?.as_deref())?;
    let dict = po::getattr_opt(zelf, intern!("__dict__"))?;
    let dict = dict.as_deref().and_then(|dict| dict.downcast_ref::<PyDict>());
    check_replacement(zelf, &fields, &attributes, dict, changes)?;
    let payload = PyDict::new();
    if let Some(dict) = dict {
        for name in fields.iter().chain(&attributes) {
            if let Some(value) = dict.get_item(name)? {
                payload.set_item(name, &value)?;
            }
        }
    }
    for (key, value) in changes.map(PyDict::items_vec).unwrap_or_default() {
        payload.set_item(&key, &value)?;
    }
    call::call_tuple(class.as_object(), PyTuple::empty_ref(), Some(&payload))
}

/// Only fields and attributes may be given, and those without a default must come from somewhere.
fn check_replacement(
    zelf: &PyObject,
    fields: &[ObjRef],
    attributes: &[ObjRef],
    dict: Option<&PyDict>,
    changes: Option<&PyDict>,
) -> PyResult<()> {
    let class = zelf.ty();
    let expecting = PySet::new();
    for name in fields.iter().chain(attributes) {
        expecting.add(name)?;
    }
    for key in changes.map(PyDict::keys_vec).unwrap_or_default() {
        if !expecting.discard(&key)? {
            return Err(exc::type_error(format!(
                "{}.__replace__ got an unexpected keyword argument {}.",
                class.full_name(),
                quoted(&key)?
            )));
        }
    }
    for key in dict.map(PyDict::keys_vec).unwrap_or_default() {
        expecting.discard(&key)?;
    }
    for name in attributes {
        expecting.discard(name)?;
    }
    let types = class_attr(zelf, intern!("_field_types"))?;
    if let Some(types) = types.as_deref().and_then(|types| types.downcast_ref::<PyDict>()) {
        for (name, ty) in types.items_vec() {
            if ty.downcast_exact::<PyUnion>().is_some() {
                expecting.discard(&name)?;
            }
        }
    }
    if expecting.is_empty() {
        return Ok(());
    }
    let mut missing = expecting.to_vec().iter().map(|name| quoted(name)).collect::<PyResult<Vec<_>>>()?;
    missing.sort();
    Err(exc::type_error(format!(
        "{}.__replace__ missing {} keyword argument{}: {}.",
        class.full_name(),
        missing.len(),
        plural(missing.len()),
        missing.join(", ")
    )))
}

/// The class name with all fields, down to `depth` levels of nodes.
fn repr(zelf: &PyObject, depth: usize) -> PyResult<Ref<PyStr>> {
    let class = zelf.ty().full_name();
    let guard = if depth == 0 { None } else { ReprGuard::enter(zelf) };
    if guard.is_none() {
        return Ok(PyStr::from_string(format!("{class}(...)")));
    }
    let fields = po::getattr(zelf.ty().as_object(), intern!("_fields"))?;
    let mut text = StrBuilder::with_capacity(32);
    text.push_str(class);
    text.push_str("(");
    for (index, name) in names(Some(&fields))?.iter().enumerate() {
        let value = po::getattr_obj(zelf, name)?;
        if index > 0 {
            text.push_str(", ");
        }
        text.push_py(&*po::str(name)?);
        text.push_str("=");
        if value.downcast_ref::<PyList>().is_some() || value.downcast_ref::<PyTuple>().is_some() {
            repr_items(&mut text, &value, depth)?;
        } else {
            text.push_py(&*repr_value(&value, depth)?);
        }
    }
    text.push_str(")");
    Ok(text.finish())
}

fn repr_value(value: &PyObject, depth: usize) -> PyResult<Ref<PyStr>> {
    if classes::is_node(value) { repr(value, depth - 1) } else { po::repr(value) }
}

/// The first and the last item of a list or tuple.
fn repr_items(text: &mut StrBuilder, value: &PyObject, depth: usize) -> PyResult<()> {
    let (open, items, close) = match value.downcast_ref::<PyTuple>() {
        Some(tuple) => ("(", tuple.items().iter().map(|item| item.new_ref()).collect(), ")"),
        None => ("[", crate::types::list::collect(value)?, "]"),
    };
    text.push_str(open);
    match &items[..] {
        [] => {}
        [only] => text.push_py(&*repr_value(only, depth)?),
        [first, .., last] => {
            text.push_py(&*repr_value(first, depth)?);
            text.push_str(if items.len() > 2 { ", ..., " } else { ", " });
            text.push_py(&*repr_value(last, depth)?);
        }
    }
    text.push_str(close);
    Ok(())
}

/// The value of a field as trees are read: `None` if it is absent.
pub fn field(node: &PyObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    po::getattr_opt(node, name)
}

/// Is it absent or `None`?
pub fn is_nothing(value: Option<&PyObject>) -> bool {
    value.is_none_or(|value| value.is(none_ref()))
}
