//! What can be done to any object: attributes, text, truth, comparison, hashing, classes, items, iteration.

use core::ffi::c_int;

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::slots::{getattrofunc, iternextfunc};
use crate::object::{CompareOp, ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags, shape};
use crate::protocol::{call, native, number};
use crate::runtime::recursion;
use crate::types::dict::PyDict;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::module::PyModule;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use crate::types::type_::glue::{
    arg, as_bool, bind, check_bool, check_size, check_status, opt_arg, raw, ret, ret_unit,
};
use crate::types::type_::{self, instance, lookup, ready};
use crate::types::{descr, generic_alias, iter, union};

// ---------------------------------------------------------------------------------------------------------------- attributes

/// Is it exactly a `str`?
#[inline(always)]
pub fn is_exact_str(object: &PyObject) -> bool {
    object.is_exact_type(PyStr::type_object())
}

/// An attribute name, which must be a string.
#[inline]
pub fn attr_name(name: &PyObject) -> PyResult<&PyStr> {
    match name.downcast_ref::<PyStr>() {
        Some(name) => Ok(name),
        None => Err(exc::type_error(format!("attribute name must be string, not '{}'", name.ty().full_name()))),
    }
}

#[inline(always)]
fn is_generic_getattr(f: getattrofunc) -> bool {
    f as usize == generic_getattr_slot as *const () as usize
}

/// `o.name`.
#[inline]
pub fn getattr(o: &PyObject, name: &PyStr) -> PyResult {
    let result = match o.ty().tp_getattro.get() {
        Some(f) if is_generic_getattr(f) => generic_getattr(o, name),
        // SAFETY: calling the slot as C would.
        Some(f) => unsafe { ObjRef::from_c_result(f(o.as_ptr(), name.as_object().as_ptr())) },
        None => getattr_legacy(o, name),
    };
    match result {
        Ok(value) => Ok(value),
        Err(e) => Err(with_attribute_context(e, o, name)),
    }
}

/// An `AttributeError` that does not say where it comes from gets the object and the name.
#[cold]
fn with_attribute_context(error: PyErr, o: &PyObject, name: &PyStr) -> PyErr {
    exc::add_attribute_context(&error, o, name.as_object());
    error
}

#[cold]
fn getattr_legacy(o: &PyObject, name: &PyStr) -> PyResult {
    let Some(f) = o.ty().tp_getattr.get() else { return Err(no_attribute(o, name)) };
    let text = c_name(name)?;
    // SAFETY: calling the slot as C would; the text outlives the call.
    unsafe { ObjRef::from_c_result(f(o.as_ptr(), text.as_ptr() as *mut _)) }
}

fn c_name(name: &PyStr) -> PyResult<std::ffi::CString> {
    std::ffi::CString::new(name.as_utf8()?).map_err(|_| exc::value_error("embedded null character"))
}

/// As [`getattr`], for a name that may be anything (`TypeError` unless a string).
pub fn getattr_obj(o: &PyObject, name: &PyObject) -> PyResult {
    getattr(o, attr_name(name)?)
}

/// `o.name`, or `None` for `AttributeError`, which is mostly not even made.
pub fn getattr_opt(o: &PyObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    let result = match o.ty().tp_getattro.get() {
        Some(f) if is_generic_getattr(f) => return generic_getattr_opt(o, name),
        Some(f) if type_::is_type_getattro(f) => {
            // SAFETY: only types have that slot.
            type_::type_getattr_opt(unsafe { o.cast_unchecked_ref() }, name)
        }
        Some(_) if o.is_exact_type(PyModule::type_object()) => {
            // SAFETY: the type was just checked.
            let module: &PyModule = unsafe { o.cast_unchecked_ref() };
            module.getattr_opt(name)
        }
        Some(_) | None => getattr(o, name).map(Some),
    };
    match result {
        Err(e) if e.matches(exc::AttributeError()) => Ok(None),
        result => result,
    }
}

/// `o.name = value`, or `del o.name` for `None`.
pub fn setattr(o: &PyObject, name: &PyStr, value: Option<&PyObject>) -> PyResult<()> {
    let ty = o.ty();
    if let Some(f) = ty.tp_setattro.get() {
        // SAFETY: calling the slot as C would.
        return check_status(unsafe { f(o.as_ptr(), name.as_object().as_ptr(), raw(value)) });
    }
    if let Some(f) = ty.tp_setattr.get() {
        let text = c_name(name)?;
        // SAFETY: calling the slot as C would; the text outlives the call.
        return check_status(unsafe { f(o.as_ptr(), text.as_ptr() as *mut _, raw(value)) });
    }
    let what = if ty.tp_getattro.get().is_none() && ty.tp_getattr.get().is_none() {
        "no attributes"
    } else {
        "only read-only attributes"
    };
    Err(exc::type_error(format!(
        "'{}' object has {what} ({} .{})",
        ty.full_name(),
        if value.is_some() { "assign to" } else { "del" },
        name.to_string_lossy()
    )))
}

/// As [`setattr`], for a name that may be anything (`TypeError` unless a string).
pub fn setattr_obj(o: &PyObject, name: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
    setattr(o, attr_name(name)?, value)
}

/// Looks a special method up on the type and binds it; instance attributes do not count.
pub fn lookup_special(o: &PyObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    match lookup::lookup_ref(o.ty(), name) {
        Some(found) => bind(found, Some(o), o.ty()).map(Some),
        None => Ok(None),
    }
}

/// `o.name` for calling (`_PyObject_GetMethod`): where plain attribute access would bind a method only for the call, gives
/// the function and true; else the attribute and false. `None`: there is no such attribute (types with attribute access of
/// their own raise `AttributeError` themselves).
pub fn lookup_method(o: &PyObject, name: &PyStr) -> PyResult<Option<(ObjRef, bool)>> {
    let ty = o.ty();
    if !ty.tp_getattro.get().is_some_and(is_generic_getattr) {
        return getattr(o, name).map(|value| Some((value, false)));
    }
    ready::ensure_ready(ty)?;
    let descr = lookup::lookup_ref(ty, name);
    let is_method = descr.as_ref().is_some_and(|d| d.ty().has_flag(flags::METHOD_DESCRIPTOR));
    if !is_method
        && let Some(d) = &descr
        && d.ty().tp_descr_get.get().is_some()
        && d.ty().tp_descr_set.get().is_some()
    {
        return bind(d.clone(), Some(o), ty).map(|value| Some((value, false)));
    }
    if let Some(value) = instance_attr(o, ty, name)? {
        return Ok(Some((value, false)));
    }
    match descr {
        Some(d) if is_method => Ok(Some((d, true))),
        Some(d) => bind(d, Some(o), ty).map(|value| Some((value, false))),
        None => Ok(None),
    }
}

/// An attribute of the instance itself, whatever holds it.
#[inline]
fn instance_attr(o: &PyObject, ty: &PyTypeObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    if ty.has_flag(flags::MANAGED_DICT) {
        // SAFETY: checked.
        return unsafe { shape::get_attr(o, name) };
    }
    if ty.tp_dictoffset.get() == 0 {
        return Ok(None);
    }
    match dict_cell(o).and_then(|cell| cell.get()) {
        Some(dict) => dict.get_item(name.as_object()),
        None => Ok(None),
    }
}

/// Where an object with `tp_dictoffset` (other than a managed dict) keeps its dict.
pub fn dict_cell(o: &PyObject) -> Option<&OptRef<PyDict>> {
    let ty = o.ty();
    let mut offset = ty.tp_dictoffset.get();
    if offset == 0 || ty.has_flag(flags::MANAGED_DICT) {
        return None;
    }
    if offset < 0 {
        // Counted from the end of a variable-sized object.
        // SAFETY: types with a negative offset have a size field.
        let count = unsafe { (*(o as *const PyObject as *const crate::object::PyVarObject)).ob_size.get() }.abs();
        let size = ty.tp_basicsize.get() + count * ty.tp_itemsize.get();
        offset += (size + 7) & !7;
    }
    // SAFETY: the type says that a dict pointer is there.
    Some(unsafe { &*((o as *const PyObject as *const u8).offset(offset) as *const OptRef<PyDict>) })
}

/// The attribute access of `object`, without making an exception; `None`: there is no such attribute.
#[inline]
fn generic_lookup(o: &PyObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    let ty = o.ty();
    ready::ensure_ready(ty)?;
    let descr = lookup::lookup_ref(ty, name);
    let mut getter = None;
    if let Some(d) = &descr {
        getter = d.ty().tp_descr_get.get();
        if getter.is_some() && d.ty().tp_descr_set.get().is_some() {
            return bind(d.clone(), Some(o), ty).map(Some);
        }
    }
    if let Some(value) = instance_attr(o, ty, name)? {
        return Ok(Some(value));
    }
    match (descr, getter) {
        (Some(d), Some(_)) => bind(d, Some(o), ty).map(Some),
        (descr, _) => Ok(descr),
    }
}

/// `object.__getattribute__`: data descriptors, then the instance, then the rest of the type.
#[inline]
pub fn generic_getattr(o: &PyObject, name: &PyStr) -> PyResult {
    match generic_lookup(o, name)? {
        Some(value) => Ok(value),
        None => Err(no_attribute(o, name)),
    }
}

/// As [`generic_getattr`]; `None` for `AttributeError`, also for one that a descriptor raises.
pub fn generic_getattr_opt(o: &PyObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    match generic_lookup(o, name) {
        Err(e) if e.matches(exc::AttributeError()) => Ok(None),
        result => result,
    }
}

/// `PyObject_GenericGetAttr`: the `tp_getattro` of nearly all types.
pub unsafe extern "C-unwind" fn generic_getattr_slot(this: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, name) = unsafe { (arg(this), arg(name)) };
    ret(attr_name(name).and_then(|name| generic_getattr(this, name)))
}

/// `'X' object has no attribute 'y'`, with its `name` and `obj`.
#[cold]
pub fn no_attribute(o: &PyObject, name: &PyStr) -> PyErr {
    exc::attribute_error(
        format!("'{}' object has no attribute '{}'", o.ty().full_name(), name.to_string_lossy()),
        o,
        name.as_object(),
    )
}

/// `object.__setattr__` and `__delattr__` (for `None`): data descriptors, then the instance.
pub fn generic_setattr(o: &PyObject, name: &PyStr, value: Option<&PyObject>) -> PyResult<()> {
    let ty = o.ty();
    ready::ensure_ready(ty)?;
    let descr = lookup::lookup_ref(ty, name);
    if let Some(d) = &descr
        && let Some(set) = d.ty().tp_descr_set.get()
    {
        // SAFETY: calling the slot as C would.
        return check_status(unsafe { set(d.as_raw(), o.as_ptr(), raw(value)) });
    }
    let done = if ty.has_flag(flags::MANAGED_DICT) {
        // SAFETY: checked.
        unsafe { shape::set_attr(o, name, value)? }
    } else if let Some(cell) = dict_cell(o) {
        match (value, cell.get()) {
            (Some(value), Some(dict)) => dict.set_item(name.as_object(), value).map(|()| true)?,
            (Some(value), None) => {
                let dict = PyDict::new();
                cell.set(Some(dict.clone()));
                dict.set_item(name.as_object(), value).map(|()| true)?
            }
            (None, Some(dict)) => dict.del_item(name.as_object())?,
            (None, None) => false,
        }
    } else {
        return Err(cannot_set(o, name, descr.is_some()));
    };
    if done { Ok(()) } else { Err(no_attribute(o, name)) }
}

#[cold]
fn cannot_set(o: &PyObject, name: &PyStr, has_descriptor: bool) -> PyErr {
    let (ty, shown) = (o.ty(), name.to_string_lossy());
    let message = if has_descriptor {
        format!("'{}' object attribute '{shown}' is read-only", ty.full_name())
    } else if ty.tp_setattro.get().is_some_and(|f| f as usize == generic_setattr_slot as *const () as usize) {
        format!("'{}' object has no attribute '{shown}' and no __dict__ for setting new attributes", ty.full_name())
    } else {
        format!("'{}' object has no attribute '{shown}'", ty.full_name())
    };
    exc::attribute_error(message, o, name.as_object())
}

/// `PyObject_GenericSetAttr`: the `tp_setattro` of nearly all types.
pub unsafe extern "C-unwind" fn generic_setattr_slot(
    this: *mut PyObject,
    name: *mut PyObject,
    value: *mut PyObject,
) -> c_int {
    // SAFETY: C passes live objects, or NULL for "delete".
    let (this, name, value) = unsafe { (arg(this), arg(name), opt_arg(value)) };
    ret_unit(attr_name(name).and_then(|name| generic_setattr(this, name, value)))
}

/// The instance's `__dict__`, made if it does not exist yet; `None` if instances of the type have none.
pub fn instance_dict(o: &PyObject) -> PyResult<Option<Ref<PyDict>>> {
    if o.ty().has_flag(flags::MANAGED_DICT) {
        // SAFETY: checked.
        return unsafe { shape::materialize(o) }.map(Some);
    }
    Ok(dict_cell(o).map(|cell| {
        cell.get().unwrap_or_else(|| {
            let dict = PyDict::new();
            cell.set(Some(dict.clone()));
            dict
        })
    }))
}

/// The instance's `__dict__` if it exists (or has attributes); nothing is made for instances without any.
pub fn instance_dict_if_any(o: &PyObject) -> PyResult<Option<Ref<PyDict>>> {
    if o.ty().has_flag(flags::MANAGED_DICT) {
        // SAFETY: checked; a null shape with no dict, and an empty shape, have no attributes.
        unsafe {
            return match shape::shape_of(o).as_ref() {
                Some(shape) if shape.is_empty() => Ok(None),
                Some(_) => shape::materialize(o).map(Some),
                None => Ok(shape::dict_of(o).map(PyStruct::to_ref)),
            };
        }
    }
    Ok(dict_cell(o).and_then(|cell| cell.get()))
}

/// `PyObject_GenericGetDict`.
pub fn generic_get_dict(o: &PyObject) -> PyResult<Ref<PyDict>> {
    instance_dict(o)?.ok_or_else(|| exc::attribute_error_msg("This object has no __dict__"))
}

/// `PyObject_GenericSetDict`: replaces the dict, or drops it for `None`.
pub fn generic_set_dict(o: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
    let managed = o.ty().has_flag(flags::MANAGED_DICT);
    let cell = dict_cell(o);
    if !managed && cell.is_none() {
        return Err(exc::attribute_error_msg("This object has no __dict__"));
    }
    let dict = match value {
        Some(value) => match value.downcast_ref::<PyDict>() {
            Some(dict) => Some(dict.to_ref()),
            None => {
                return Err(exc::type_error(format!(
                    "__dict__ must be set to a dictionary, not a '{}'",
                    value.ty().full_name()
                )));
            }
        },
        None if managed => None,
        None => return Err(exc::type_error("cannot delete __dict__")),
    };
    if managed {
        // SAFETY: checked.
        unsafe { shape::set_dict(o, dict) };
    } else if let Some(cell) = cell {
        cell.set(dict);
    }
    Ok(())
}

// ---------------------------------------------------------------------------------------------------------------------- text

/// The type's name, for messages.
pub fn type_name(o: &PyObject) -> &str {
    o.ty().full_name()
}

fn as_text(result: ObjRef, method: &str) -> PyResult<Ref<PyStr>> {
    match result.downcast::<PyStr>() {
        Ok(text) => Ok(text),
        Err(other) => Err(exc::type_error(format!("{method} returned non-string (type {})", other.ty().full_name()))),
    }
}

/// `repr(o)`.
pub fn repr(o: &PyObject) -> PyResult<Ref<PyStr>> {
    recursion::check(" while getting the repr of an object")?;
    match o.ty().tp_repr.get() {
        // SAFETY: calling the slot as C would.
        Some(f) => as_text(unsafe { ObjRef::from_c_result(f(o.as_ptr()))? }, "__repr__"),
        None => Ok(PyStr::from_string(format!("<{} object at {:p}>", o.ty().full_name(), o.as_ptr()))),
    }
}

/// `str(o)`.
pub fn str(o: &PyObject) -> PyResult<Ref<PyStr>> {
    if is_exact_str(o) {
        // SAFETY: checked.
        return Ok(unsafe { o.cast_unchecked_ref::<PyStr>() }.to_ref());
    }
    let Some(f) = o.ty().tp_str.get() else { return repr(o) };
    recursion::check(" while getting the str of an object")?;
    // SAFETY: calling the slot as C would.
    as_text(unsafe { ObjRef::from_c_result(f(o.as_ptr()))? }, "__str__")
}

/// `ascii(o)`: the repr with everything beyond ASCII escaped.
pub fn ascii(o: &PyObject) -> PyResult<Ref<PyStr>> {
    let text = repr(o)?;
    if text.is_ascii() {
        return Ok(text);
    }
    let mut out = StrBuilder::new();
    for i in 0..text.len() {
        let c = text.char_at(i);
        match c {
            0..0x80 => out.push_char(c),
            0x80..0x100 => out.push_str(&format!("\\x{c:02x}")),
            0x100..0x10000 => out.push_str(&format!("\\u{c:04x}")),
            _ => out.push_str(&format!("\\U{c:08x}")),
        }
    }
    Ok(out.finish())
}

/// `format(o, spec)`.
pub fn format(o: &PyObject, spec: &PyStr) -> PyResult<Ref<PyStr>> {
    if spec.len() == 0 {
        if is_exact_str(o) {
            // SAFETY: checked.
            return Ok(unsafe { o.cast_unchecked_ref::<PyStr>() }.to_ref());
        }
        if o.is_exact_type(PyInt::type_object()) {
            return str(o);
        }
    }
    let Some(method) = lookup_special(o, crate::intern!("__format__"))? else {
        return Err(exc::type_error(format!("Type {} doesn't define __format__", o.ty().full_name())));
    };
    match call::call_one(&method, spec.as_object())?.downcast::<PyStr>() {
        Ok(text) => Ok(text),
        Err(other) => Err(exc::type_error(format!("__format__ must return a str, not {}", other.ty().full_name()))),
    }
}

// --------------------------------------------------------------------------------------------------- truth, order, hashing

/// `bool(o)`.
#[inline]
pub fn is_true(o: &PyObject) -> PyResult<bool> {
    if let Some(value) = as_bool(o) {
        return Ok(value);
    }
    if crate::is_none(o) {
        return Ok(false);
    }
    let ty = o.ty();
    // SAFETY: calling the slots as C would.
    unsafe {
        if let Some(f) = ty.as_number().and_then(|n| n.nb_bool.get()) {
            return check_bool(f(o.as_ptr()));
        }
        if let Some(f) = ty.as_mapping().and_then(|m| m.mp_length.get()) {
            return check_size(f(o.as_ptr())).map(|n| n != 0);
        }
        if let Some(f) = ty.as_sequence().and_then(|s| s.sq_length.get()) {
            return check_size(f(o.as_ptr())).map(|n| n != 0);
        }
    }
    Ok(true)
}

/// `a < b` and the like.
pub fn rich_compare(a: &PyObject, b: &PyObject, op: CompareOp) -> PyResult {
    recursion::check(" in comparison")?;
    let (ta, tb) = (a.ty(), b.ty());
    let right_first = !core::ptr::eq(ta, tb) && tb.tp_richcompare.get().is_some() && tb.is_subtype(ta);
    if right_first && let Some(result) = attempt_compare(tb, b, a, op.swapped())? {
        return Ok(result);
    }
    if let Some(result) = attempt_compare(ta, a, b, op)? {
        return Ok(result);
    }
    if right_first { compare_by_default(a, b, op) } else { rich_compare_right(a, b, op) }
}

/// Asks the slot of `ty`; `None` if it declines.
#[inline]
fn attempt_compare(ty: &PyTypeObject, x: &PyObject, y: &PyObject, op: CompareOp) -> PyResult<Option<ObjRef>> {
    let Some(f) = ty.tp_richcompare.get() else { return Ok(None) };
    // SAFETY: calling the slot as C would.
    let result = unsafe { ObjRef::from_c_result(f(x.as_ptr(), y.as_ptr(), op as c_int))? };
    Ok(Some(result).filter(|r| !crate::is_not_implemented(r)))
}

/// The rest of a comparison where the left operand's method, the first to be asked, has declined.
pub fn rich_compare_right(a: &PyObject, b: &PyObject, op: CompareOp) -> PyResult {
    match attempt_compare(b.ty(), b, a, op.swapped())? {
        Some(result) => Ok(result),
        None => compare_by_default(a, b, op),
    }
}

/// A comparison that both operands have declined.
fn compare_by_default(a: &PyObject, b: &PyObject, op: CompareOp) -> PyResult {
    match op {
        CompareOp::Eq => Ok(crate::py_bool(a.is(b))),
        CompareOp::Ne => Ok(crate::py_bool(!a.is(b))),
        CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => Err(exc::type_error(format!(
            "'{}' not supported between instances of '{}' and '{}'",
            op.symbol(),
            a.ty().full_name(),
            b.ty().full_name()
        ))),
    }
}

/// The truth of a comparison; an object equals itself without being asked.
pub fn rich_compare_bool(a: &PyObject, b: &PyObject, op: CompareOp) -> PyResult<bool> {
    if a.is(b) {
        match op {
            CompareOp::Eq => return Ok(true),
            CompareOp::Ne => return Ok(false),
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => {}
        }
    }
    if let Some(answer) = native::compare(a, b, op) {
        return Ok(answer);
    }
    is_true(&*rich_compare(a, b, op)?)
}

/// `a is b or a == b`.
#[inline]
pub fn eq(a: &PyObject, b: &PyObject) -> PyResult<bool> {
    match native::eq(a, b) {
        Some(answer) => Ok(answer),
        None => is_true(&*rich_compare(a, b, CompareOp::Eq)?),
    }
}

/// `hash(o)`.
#[inline]
pub fn hash(o: &PyObject) -> PyResult<isize> {
    if let Some(hash) = native::hash(o) {
        return Ok(hash);
    }
    let Some(f) = o.ty().tp_hash.get() else { return hash_unready(o) };
    // SAFETY: calling the slot as C would.
    match unsafe { f(o.as_ptr()) } {
        -1 => Err(PyErr::fetch_or_system_error()),
        hash => Ok(hash),
    }
}

/// A type that inherits its hash may not be ready yet.
#[cold]
fn hash_unready(o: &PyObject) -> PyResult<isize> {
    ready::ensure_ready(o.ty())?;
    match o.ty().tp_hash.get() {
        // SAFETY: calling the slot as C would.
        Some(f) => match unsafe { f(o.as_ptr()) } {
            -1 => Err(PyErr::fetch_or_system_error()),
            hash => Ok(hash),
        },
        None => Err(instance::unhashable(o)),
    }
}

// ------------------------------------------------------------------------------------------------------------------- classes

/// `callable(o)`.
#[inline]
pub fn callable(o: &PyObject) -> bool {
    o.ty().tp_call.get().is_some()
}

/// `isinstance(o, cls)`.
pub fn is_instance(o: &PyObject, cls: &PyObject) -> PyResult<bool> {
    if core::ptr::eq(o.ty().as_object(), cls) {
        return Ok(true);
    }
    // `type.__instancecheck__` is not asked where it can only be the default.
    if cls.is_exact_type(&type_::PyType_Type) {
        return real_is_instance(o, cls);
    }
    let members = union::args_of(cls);
    let cls = members.as_ref().map_or(cls, |m| m.as_object());
    if let Some(classes) = cls.downcast_ref::<PyTuple>() {
        recursion::check(" in __instancecheck__")?;
        for class in classes.items() {
            if is_instance(o, class)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if let Some(checker) = lookup_special(cls, crate::intern!("__instancecheck__"))? {
        recursion::check(" in __instancecheck__")?;
        return is_true(&*call::call_one(&checker, o)?);
    }
    real_is_instance(o, cls)
}

/// The test without `__instancecheck__`.
pub fn real_is_instance(o: &PyObject, cls: &PyObject) -> PyResult<bool> {
    let class_name = crate::intern!("__class__");
    if let Some(cls) = cls.downcast_ref::<PyTypeObject>() {
        if o.ty().is_subtype(cls) {
            return Ok(true);
        }
        // An object may pretend to be something else.
        let claimed = getattr_opt(o, class_name)?;
        return Ok(claimed.is_some_and(|c| {
            !c.is(o.ty().as_object()) && c.downcast_ref::<PyTypeObject>().is_some_and(|c| c.is_subtype(cls))
        }));
    }
    check_class(cls, "isinstance() arg 2 must be a type, a tuple of types, or a union")?;
    match getattr_opt(o, class_name)? {
        Some(claimed) => abstract_is_subclass(&claimed, cls),
        None => Ok(false),
    }
}

/// `issubclass(o, cls)`.
pub fn is_subclass(o: &PyObject, cls: &PyObject) -> PyResult<bool> {
    if cls.is_exact_type(&type_::PyType_Type) {
        if o.is(cls) {
            return Ok(true);
        }
        return real_is_subclass(o, cls);
    }
    let members = union::args_of(cls);
    let cls = members.as_ref().map_or(cls, |m| m.as_object());
    if let Some(classes) = cls.downcast_ref::<PyTuple>() {
        recursion::check(" in __subclasscheck__")?;
        for class in classes.items() {
            if is_subclass(o, class)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if let Some(checker) = lookup_special(cls, crate::intern!("__subclasscheck__"))? {
        recursion::check(" in __subclasscheck__")?;
        return is_true(&*call::call_one(&checker, o)?);
    }
    real_is_subclass(o, cls)
}

/// The test without `__subclasscheck__`.
pub fn real_is_subclass(o: &PyObject, cls: &PyObject) -> PyResult<bool> {
    if let (Some(o), Some(cls)) = (o.downcast_ref::<PyTypeObject>(), cls.downcast_ref::<PyTypeObject>()) {
        return Ok(o.is_subtype(cls));
    }
    check_class(o, "issubclass() arg 1 must be a class")?;
    if union::args_of(cls).is_none() {
        check_class(cls, "issubclass() arg 2 must be a class, a tuple of classes, or a union")?;
    }
    abstract_is_subclass(o, cls)
}

/// `__bases__` of something class-like, if it is a tuple.
fn abstract_bases(cls: &PyObject) -> PyResult<Option<Ref<PyTuple>>> {
    let bases = getattr_opt(cls, crate::intern!("__bases__"))?;
    Ok(bases.and_then(|b| b.downcast::<PyTuple>().ok()))
}

fn check_class(cls: &PyObject, message: &str) -> PyResult<()> {
    if abstract_bases(cls)?.is_some() { Ok(()) } else { Err(exc::type_error(message)) }
}

/// Searches `__bases__` upward.
fn abstract_is_subclass(derived: &PyObject, cls: &PyObject) -> PyResult<bool> {
    if derived.is(cls) {
        return Ok(true);
    }
    recursion::check(" in __issubclass__")?;
    let Some(bases) = abstract_bases(derived)? else { return Ok(false) };
    for base in bases.items() {
        if abstract_is_subclass(base, cls)? {
            return Ok(true);
        }
    }
    Ok(false)
}

// ------------------------------------------------------------------------------------------------------------ size and items

/// `len(o)`.
pub fn size(o: &PyObject) -> PyResult<usize> {
    match size_opt(o)? {
        Some(n) => Ok(n),
        None => Err(exc::type_error(format!("object of type '{}' has no len()", o.ty().full_name()))),
    }
}

/// The length, or `None` if the type has none.
fn size_opt(o: &PyObject) -> PyResult<Option<usize>> {
    let ty = o.ty();
    let f =
        ty.as_sequence().and_then(|s| s.sq_length.get()).or_else(|| ty.as_mapping().and_then(|m| m.mp_length.get()));
    match f {
        // SAFETY: calling the slot as C would.
        Some(f) => check_size(unsafe { f(o.as_ptr()) }).map(|n| Some(n as usize)),
        None => Ok(None),
    }
}

/// A guess at how many items iterating gives: the length, or what `__length_hint__` says, or `default`.
pub fn length_hint(o: &PyObject, default: usize) -> PyResult<usize> {
    match size_opt(o) {
        Ok(Some(n)) => return Ok(n),
        Ok(None) => {}
        Err(e) if e.matches(exc::TypeError()) => {}
        Err(e) => return Err(e),
    }
    let Some(method) = lookup_special(o, crate::intern!("__length_hint__"))? else { return Ok(default) };
    let hint = match call::call_noargs(&method) {
        Err(e) if e.matches(exc::TypeError()) => return Ok(default),
        result => result?,
    };
    if crate::is_not_implemented(&hint) {
        return Ok(default);
    }
    let Some(hint) = hint.downcast_ref::<PyInt>() else {
        return Err(exc::type_error(format!("__length_hint__ must be an integer, not {}", hint.ty().full_name())));
    };
    match hint.as_i64() {
        Some(n) if n < 0 => Err(exc::value_error("__length_hint__() should return >= 0")),
        Some(n) => Ok(n as usize),
        None if hint.sign() < 0 => Err(exc::value_error("__length_hint__() should return >= 0")),
        None => Err(exc::overflow_error("Python int too large to convert to C ssize_t")),
    }
}

/// `o[key]`.
pub fn get_item(o: &PyObject, key: &PyObject) -> PyResult {
    let ty = o.ty();
    if let Some(f) = ty.as_mapping().and_then(|m| m.mp_subscript.get()) {
        // SAFETY: calling the slot as C would.
        return unsafe { ObjRef::from_c_result(f(o.as_ptr(), key.as_ptr())) };
    }
    if ty.as_sequence().is_some_and(|s| s.sq_item.get().is_some()) {
        let index = sequence_index(key)?;
        return crate::protocol::sequence::get_item_index(o, index);
    }
    if let Some(class) = o.downcast_ref::<PyTypeObject>() {
        if core::ptr::eq(class, &raw const type_::PyType_Type) {
            return generic_alias::new_generic_alias(o, key);
        }
        if let Some(method) = getattr_opt(o, crate::intern!("__class_getitem__"))?
            && !crate::is_none(&method)
        {
            return call::call_one(&method, key);
        }
        return Err(exc::type_error(format!("type '{}' is not subscriptable", class.full_name())));
    }
    Err(exc::type_error(format!("'{}' object is not subscriptable", ty.full_name())))
}

/// An index for a sequence that is no mapping.
fn sequence_index(key: &PyObject) -> PyResult<isize> {
    if !number::is_index(key) {
        return Err(exc::type_error(format!("sequence index must be integer, not '{}'", key.ty().full_name())));
    }
    number::as_isize(key, Some(exc::IndexError()))
}

/// `o[key] = value`.
pub fn set_item(o: &PyObject, key: &PyObject, value: &PyObject) -> PyResult<()> {
    assign_item(o, key, Some(value))
}

/// `del o[key]`.
pub fn del_item(o: &PyObject, key: &PyObject) -> PyResult<()> {
    assign_item(o, key, None)
}

fn assign_item(o: &PyObject, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
    let ty = o.ty();
    if let Some(f) = ty.as_mapping().and_then(|m| m.mp_ass_subscript.get()) {
        // SAFETY: calling the slot as C would.
        return check_status(unsafe { f(o.as_ptr(), key.as_ptr(), raw(value)) });
    }
    // Sequences that cannot be changed say so themselves.
    if ty.as_sequence().is_some_and(|s| s.sq_ass_item.get().is_some() || number::is_index(key)) {
        let index = sequence_index(key)?;
        return crate::protocol::sequence::set_item_index(o, index, value);
    }
    let what = if value.is_some() { "assignment" } else { "deletion" };
    Err(exc::type_error(format!("'{}' object does not support item {what}", ty.full_name())))
}

// ----------------------------------------------------------------------------------------------------------------- iteration

#[inline]
fn is_iterator_slot(f: Option<iternextfunc>) -> bool {
    f.is_some_and(|f| f as usize != instance::next_not_implemented as *const () as usize)
}

/// Is it an iterator (`PyIter_Check`)?
#[inline]
pub fn is_iterator(o: &PyObject) -> bool {
    is_iterator_slot(o.ty().tp_iternext.get())
}

/// `iter(o)`.
pub fn get_iter(o: &PyObject) -> PyResult {
    let ty = o.ty();
    let Some(f) = ty.tp_iter.get() else {
        if crate::protocol::sequence::check(o) {
            return Ok(iter::new_sequence_iterator(o));
        }
        return Err(exc::type_error(format!("'{}' object is not iterable", ty.full_name())));
    };
    // SAFETY: calling the slot as C would.
    let iterator = unsafe { ObjRef::from_c_result(f(o.as_ptr()))? };
    if is_iterator(&iterator) {
        Ok(iterator)
    } else {
        Err(exc::type_error(format!("iter() returned non-iterator of type '{}'", iterator.ty().full_name())))
    }
}

/// The next item of an iterator; `None` when it is exhausted.
#[inline]
pub fn iter_next(it: &PyObject) -> PyResult<Option<ObjRef>> {
    let Some(f) = it.ty().tp_iternext.get() else {
        return Err(exc::type_error(format!("'{}' object is not an iterator", it.ty().full_name())));
    };
    // Iterators may be nested as deeply as one likes.
    recursion::check(" while calling a Python object")?;
    // SAFETY: calling the slot as C would: NULL without an exception, or with StopIteration, means exhausted.
    let item = unsafe { f(it.as_ptr()) };
    if !item.is_null() {
        // SAFETY: a new reference.
        return Ok(Some(unsafe { ObjRef::from_owned_ptr(item) }));
    }
    iteration_ended()
}

/// As [`iter_next`], but a `StopIteration` (which carries a value) stays an error; `None`: exhausted without one.
#[inline]
pub fn iter_next_raw(it: &PyObject) -> PyResult<Option<ObjRef>> {
    let Some(f) = it.ty().tp_iternext.get() else {
        return Err(exc::type_error(format!("'{}' object is not an iterator", it.ty().full_name())));
    };
    // SAFETY: calling the slot as C would: NULL without an exception means exhausted.
    let item = unsafe { f(it.as_ptr()) };
    if item.is_null() {
        return PyErr::fetch().map_or(Ok(None), Err);
    }
    // SAFETY: a new reference.
    Ok(Some(unsafe { ObjRef::from_owned_ptr(item) }))
}

#[inline]
fn iteration_ended() -> PyResult<Option<ObjRef>> {
    match PyErr::fetch() {
        None => Ok(None),
        Some(e) if e.matches(exc::StopIteration()) => Ok(None),
        Some(e) => Err(e),
    }
}

// ------------------------------------------------------------------------------------------------------------------- listing

/// `dir(o)`; the names of the running frame's locals for `None`.
pub fn dir(o: Option<&PyObject>) -> PyResult<Ref<PyList>> {
    let names = match o {
        Some(o) => {
            let Some(method) = lookup_special(o, crate::intern!("__dir__"))? else {
                return Err(exc::type_error("object does not provide __dir__"));
            };
            call::call_noargs(&method)?
        }
        None => {
            let locals = call::call_noargs(&*descr::builtin("locals")?)?;
            crate::protocol::mapping::keys(&locals)?.into_obj()
        }
    };
    let list = crate::protocol::sequence::to_list(&names)?;
    list.sort(None, false)?;
    Ok(list)
}

/// `a is b`. Compiled code keeps numbers without their objects, and makes other objects where it ends: with the JIT on, two ints of a
/// machine word, or two floats, are the same object if they are the same number. (They might be: "Objects, values and types" of the
/// language reference leaves it open for immutable objects.)
#[inline]
pub fn is_same(a: &PyObject, b: &PyObject) -> bool {
    a.is(b) || core::ptr::eq(a.ty(), b.ty()) && is_same_number(a, b)
}

#[cold]
fn is_same_number(a: &PyObject, b: &PyObject) -> bool {
    if !crate::jit_hooks::is_enabled() {
        return false;
    }
    if let (Some(a), Some(b)) = (a.downcast_exact::<PyInt>(), b.downcast_exact::<PyInt>()) {
        return a.as_i64().is_some_and(|number| b.as_i64() == Some(number));
    }
    match (a.downcast_exact::<PyFloat>(), b.downcast_exact::<PyFloat>()) {
        // NaNs always keep their objects.
        (Some(a), Some(b)) => a.value() == b.value() && a.value().to_bits() == b.value().to_bits(),
        _ => false,
    }
}
