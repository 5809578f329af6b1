//! Structures and unions. Where fields lie is computed in Python, by `ctypes._layout`.

use rpy_vm::protocol::{call, number, object, sequence};
use rpy_vm::runtime::recursion;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::type_setattr;
use rpy_vm::{PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, intern, pyclass, pymethods};

use super::data::{self, CData};
use super::field::CField;
use super::info::{self, METATYPE_SIZE, Param, flag};
use super::metatype::{CType, dealloc};

/// metatype for the CData Objects
#[pyclass(
    name = "PyCStructType", module = "_ctypes", layout = PyTypeObject, basicsize = METATYPE_SIZE, base = CType,
    dealloc = dealloc, flags(BASETYPE)
)]
pub struct StructType;

/// metatype for the Union Objects
#[pyclass(
    name = "UnionType", module = "_ctypes", layout = PyTypeObject, basicsize = METATYPE_SIZE, base = CType,
    dealloc = dealloc, flags(BASETYPE)
)]
pub struct UnionType;

#[pymethods]
impl StructType {
    #[slot]
    fn tp_init(zelf: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        init_class(zelf)
    }

    #[slot]
    fn tp_setattro(zelf: &PyTypeObject, name: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        set_class_attribute(zelf, name, value, true)
    }
}

#[pymethods]
impl UnionType {
    #[slot]
    fn tp_init(zelf: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        init_class(zelf)
    }

    #[slot]
    fn tp_setattro(zelf: &PyTypeObject, name: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        set_class_attribute(zelf, name, value, false)
    }
}

fn init_class(class: &PyTypeObject) -> PyResult<()> {
    let Some(dict) = class.tp_dict.get() else { return Ok(()) };
    if dict.contains_str(intern!("_abstract_")) {
        return Ok(());
    }
    let info = info::init(class, Param::Memory)?;
    info.set_format("B");
    if let Some(fields) = dict.get_str(intern!("_fields_")) {
        return object::setattr(class.as_object(), intern!("_fields_"), Some(&fields));
    }
    if let Some(base) = class.base().and_then(|base| info::of_type(base.as_object())) {
        info.copy_from(base);
        base.is_final.set(true);
    }
    Ok(())
}

fn set_class_attribute(
    class: &PyTypeObject,
    name: &PyObject,
    value: Option<&PyObject>,
    is_struct: bool,
) -> PyResult<()> {
    if let Some(fields) = value
        && name.downcast_ref::<PyStr>().is_some_and(|name| name.eq_str("_fields_"))
    {
        set_fields(class, fields, is_struct)?;
    }
    type_setattr(class, name, value)
}

/// A size or alignment of the layout.
fn layout_number(layout: &PyObject, name: &'static PyStr) -> PyResult<usize> {
    let number = number::as_isize(&*object::getattr(layout, name)?, Some(exc::OverflowError()))?;
    usize::try_from(number)
        .map_err(|_| exc::value_error(format!("{} must be a non-negative integer", name.to_string_lossy())))
}

fn set_fields(class: &PyTypeObject, fields: &PyObject, is_struct: bool) -> PyResult<()> {
    let Some(info) = info::of_type(class.as_object()) else {
        return Err(exc::type_error("ctypes state is not initialized"));
    };
    if info.is_final.get() {
        return Err(exc::attribute_error_msg("_fields_ is final"));
    }
    let base = class.base().and_then(|base| info::of_type(base.as_object()).map(|info| (base, info)));
    let module = rpy_vm::import::import_module("ctypes._layout")?;
    let get_layout = object::getattr(&module, intern!("get_layout"))?;
    let base_class = base.map_or_else(rpy_vm::none, |(base, _)| base.to_obj());
    let layout = call::call_kw(
        &get_layout,
        &[class.as_object(), fields, &rpy_vm::py_bool(is_struct), &base_class],
        Some(&PyTuple::from_slice(&[intern!("is_struct").as_object(), intern!("base").as_object()])),
    )?;
    let align = layout_number(&layout, intern!("align"))?;
    let size = layout_number(&layout, intern!("size"))?;
    let format = object::getattr(&layout, intern!("format_spec"))?;
    let Some(format) = format.downcast_ref::<PyStr>() else {
        return Err(exc::type_error("format_spec must be a str"));
    };
    info.set_format(format.as_utf8()?);
    let fields = sequence::to_tuple(&*object::getattr(&layout, intern!("fields"))?)?;

    let mut scalars = base.map_or_else(Vec::new, |(_, base)| base.passing.scalars_at(0));
    for (index, field) in fields.items().iter().enumerate() {
        let Some(field) = field.downcast_ref::<CField>() else {
            let name = super::type_name(field);
            return Err(exc::type_error(format!("fields must be of type CField, got {name}")));
        };
        if field.index != index as isize {
            let shown = object::repr(field.name.as_object())?.to_string_lossy().into_owned();
            let got = field.index;
            return Err(exc::value_error(format!("field {shown} index mismatch (expected {index}, got {got})")));
        }
        if let Some(part) = info::of_type(field.proto.as_object()) {
            if part.has(flag::IS_POINTER | flag::HAS_POINTER) {
                info.add_flags(flag::HAS_POINTER);
            }
            part.is_final.set(true);
        }
        scalars.extend(field.scalars());
        object::setattr(class.as_object(), &field.name, Some(field.as_object()))?;
    }
    info.passing.set_aggregate(size, align, scalars);
    info.size.set(size);
    info.align.set(align);
    info.length.set(base.map_or(0, |(_, base)| base.length.get()) + fields.len());
    if info.is_final.get() {
        return Err(exc::attribute_error_msg("Structure or union cannot contain itself"));
    }
    info.is_final.set(true);
    add_anonymous(class)
}

/// Makes the fields of fields named in `_anonymous_` fields of the class.
fn add_anonymous(class: &PyTypeObject) -> PyResult<()> {
    let Some(names) = object::getattr_opt(class.as_object(), intern!("_anonymous_"))? else { return Ok(()) };
    for name in sequence::fast_or(&names, "_anonymous_ must be a sequence")? {
        let found = object::getattr_obj(class.as_object(), &name)?;
        let Some(field) = found.downcast_exact::<CField>() else {
            let name = object::str(&name)?.to_string_lossy().into_owned();
            return Err(exc::attribute_error_msg(format!("'{name}' is specified in _anonymous_ but not in _fields_")));
        };
        field.anonymous.set(true);
        add_moved(class, field, field.index, field.byte_offset)?;
    }
    Ok(())
}

fn add_moved(class: &PyTypeObject, outer: &CField, index: isize, offset: isize) -> PyResult<()> {
    // The lists of fields are the program's, and may have come to contain themselves.
    recursion::check(" while adding anonymous fields")?;
    let fields = object::getattr(outer.proto.as_object(), intern!("_fields_"))?;
    for pair in sequence::fast_or(&fields, "_fields_ must be a sequence")? {
        let pair = sequence::to_tuple(&pair)?;
        let Some(name) = pair.get(0) else {
            return Err(exc::type_error("_fields_ must be a sequence of pairs"));
        };
        let found = object::getattr_obj(outer.proto.as_object(), name)?;
        let Some(field) = found.downcast_exact::<CField>() else { return Err(exc::type_error("unexpected type")) };
        if field.anonymous.get() {
            add_moved(class, field, index + field.index, offset + field.byte_offset)?;
        } else {
            let moved = field.moved(index, offset);
            object::setattr_obj(class.as_object(), name, Some(moved.as_object()))?;
        }
    }
    Ok(())
}

/// Structure base class
#[pyclass(name = "Structure", module = "_ctypes", layout = CData, base = CData, flags(BASETYPE))]
pub struct Structure;

/// Union base class
#[pyclass(name = "Union", module = "_ctypes", layout = CData, base = CData, flags(BASETYPE))]
pub struct Union;

#[pymethods]
impl Structure {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        Ok(data::new(cls)?.into_obj())
    }
    #[slot]
    fn tp_init(zelf: &CData, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        init_fields(zelf, args, kwargs)
    }
}

#[pymethods]
impl Union {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        Ok(data::new(cls)?.into_obj())
    }
    #[slot]
    fn tp_init(zelf: &CData, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        init_fields(zelf, args, kwargs)
    }
}

fn init_fields(data: &CData, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
    if !args.is_empty() {
        let done = init_positional(data, data.ob_base.ty(), args, kwargs, 0)?;
        if done < args.len() {
            return Err(exc::type_error("too many initializers"));
        }
    }
    if let Some(kwargs) = kwargs {
        for (name, value) in kwargs.items_vec() {
            object::setattr_obj(data.as_object(), &name, Some(&value))?;
        }
    }
    Ok(())
}

/// Sets the fields of a class and its bases, those of the bases first; gives the number of fields there are.
fn init_positional(
    data: &CData,
    class: &PyTypeObject,
    args: &PyTuple,
    kwargs: Option<&PyDict>,
    first: usize,
) -> PyResult<usize> {
    let mut first = first;
    if let Some(base) = class.base().filter(|base| info::of_type(base.as_object()).is_some()) {
        first = init_positional(data, base, args, kwargs, first)?;
    }
    let length = info::required(class.as_object())?.length.get();
    let Some(fields) = class.tp_dict.get().and_then(|dict| dict.get_str(intern!("_fields_"))) else {
        return Ok(first);
    };
    for (index, &value) in args.items().iter().enumerate().take(length).skip(first) {
        let pair = sequence::get_item_index(&fields, (index - first) as isize)?;
        let name = sequence::get_item_index(&pair, 0)?;
        if let Some(kwargs) = kwargs
            && kwargs.contains(&name)?
        {
            return Err(duplicate(&name));
        }
        object::setattr_obj(data.as_object(), &name, Some(value))?;
    }
    Ok(length)
}

#[cold]
fn duplicate(name: &PyObject) -> PyErr {
    match object::repr(name) {
        Ok(shown) => exc::type_error(format!("duplicate values for field {}", shown.to_string_lossy())),
        Err(e) => e,
    }
}
