//! The attributes and methods of `type`.

use core::cell::Cell;
use core::ffi::{CStr, c_int, c_void};
use core::mem::offset_of;

use super::glue::{arg, bind, opt_arg, ret, ret_unit, type_arg};
use super::layout::{best_base, check_compatible};
use super::{PyType_Type, lookup, mro, new, ready, slotdefs, subclasses};
use crate::err::PyResult;
use crate::exc;
use crate::object::defs::{member, meth};
use crate::object::slots::{getter, setter};
use crate::object::{
    ObjRef, PyGetSetDef, PyHeapTypeObject, PyMemberDef, PyMethodDef, PyObject, PyStruct, PyTypeObject, Ref, flags,
};
use crate::protocol;
use crate::types::descr::{PyMappingProxy, doc};
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

type Getter = fn(&PyTypeObject) -> PyResult;
type Setter = fn(&PyTypeObject, Option<&PyObject>) -> PyResult<()>;

macro_rules! getsets {
    ($($name:literal, $get:ident $(, $set:ident)?;)*) => {
        [ $( {
            unsafe extern "C-unwind" fn get(this: *mut PyObject, _closure: *mut c_void) -> *mut PyObject {
                const GET: Getter = $get;
                // SAFETY: C passes a live type.
                ret(GET(unsafe { type_arg(this) }))
            }
            #[allow(unused_mut, unused_assignments, reason = "not all attributes can be set")]
            const SET: Option<setter> = {
                let mut set: Option<setter> = None;
                $( {
                    unsafe extern "C-unwind" fn set_it(
                        this: *mut PyObject,
                        value: *mut PyObject,
                        _closure: *mut c_void,
                    ) -> c_int {
                        const SET: Setter = $set;
                        // SAFETY: C passes a live type, and a live object or NULL for "delete".
                        ret_unit(SET(unsafe { type_arg(this) }, unsafe { opt_arg(value) }))
                    }
                    set = Some(set_it);
                } )?
                set
            };
            getset($name, get, SET)
        }, )* PyGetSetDef::END ]
    };
}

const fn getset(name: &'static CStr, get: getter, set: Option<setter>) -> PyGetSetDef {
    PyGetSetDef {
        name: name.as_ptr(),
        get: Some(get),
        set,
        doc: Cell::new(core::ptr::null()),
        closure: core::ptr::null_mut(),
    }
}

/// Computed attributes.
pub(super) static GETSETS: [PyGetSetDef; 13] = getsets! {
    c"__name__", get_name, set_name;
    c"__qualname__", get_qualname, set_qualname;
    c"__bases__", get_bases, set_bases;
    c"__mro__", get_mro;
    c"__module__", get_module, set_module;
    c"__abstractmethods__", get_abstractmethods, set_abstractmethods;
    c"__dict__", get_dict;
    c"__doc__", get_doc, set_doc;
    c"__text_signature__", get_text_signature;
    c"__annotations__", get_annotations, set_annotations;
    c"__annotate__", get_annotate, set_annotate;
    c"__type_params__", get_type_params, set_type_params;
};

const fn type_member(name: &'static CStr, code: c_int, offset: usize) -> PyMemberDef {
    PyMemberDef {
        name: name.as_ptr(),
        type_code: code,
        offset: offset as isize,
        flags: member::READONLY,
        doc: Cell::new(core::ptr::null()),
    }
}

/// Fields seen as attributes.
pub(super) static MEMBERS: [PyMemberDef; 7] = [
    type_member(c"__basicsize__", member::PYSSIZET, offset_of!(PyTypeObject, tp_basicsize)),
    type_member(c"__itemsize__", member::PYSSIZET, offset_of!(PyTypeObject, tp_itemsize)),
    type_member(c"__flags__", member::ULONG, offset_of!(PyTypeObject, tp_flags)),
    type_member(c"__weakrefoffset__", member::PYSSIZET, offset_of!(PyTypeObject, tp_weaklistoffset)),
    type_member(c"__base__", member::OBJECT, offset_of!(PyTypeObject, tp_base)),
    type_member(c"__dictoffset__", member::PYSSIZET, offset_of!(PyTypeObject, tp_dictoffset)),
    PyMemberDef::END,
];

/// A method definition.
pub(crate) const fn method(
    name: &'static CStr,
    function: *const c_void,
    bits: c_int,
    doc: &'static CStr,
) -> PyMethodDef {
    PyMethodDef { ml_name: name.as_ptr(), ml_meth: function, ml_flags: bits, ml_doc: Cell::new(doc.as_ptr()) }
}

/// Methods.
pub(super) static METHODS: [PyMethodDef; 8] = [
    method(
        c"mro",
        type_mro as *const c_void,
        meth::NOARGS,
        c"mro($self, /)\n--\n\nReturn a type's method resolution order.",
    ),
    method(
        c"__subclasses__",
        type_subclasses as *const c_void,
        meth::NOARGS,
        c"__subclasses__($self, /)\n--\n\nReturn a list of immediate subclasses.",
    ),
    method(
        c"__prepare__",
        type_prepare as *const c_void,
        meth::FASTCALL | meth::KEYWORDS | meth::CLASS,
        c"__prepare__($cls, name, bases, /, **kwds)\n--\n\nCreate the namespace for the class statement",
    ),
    method(
        c"__instancecheck__",
        type_instancecheck as *const c_void,
        meth::O,
        c"__instancecheck__($self, instance, /)\n--\n\nCheck if an object is an instance.",
    ),
    method(
        c"__subclasscheck__",
        type_subclasscheck as *const c_void,
        meth::O,
        c"__subclasscheck__($self, subclass, /)\n--\n\nCheck if a class is a subclass.",
    ),
    method(
        c"__dir__",
        type_dir as *const c_void,
        meth::NOARGS,
        c"__dir__($self, /)\n--\n\nSpecialized __dir__ implementation for types.",
    ),
    method(
        c"__sizeof__",
        type_sizeof as *const c_void,
        meth::NOARGS,
        c"__sizeof__($self, /)\n--\n\nReturn memory consumption of the type object.",
    ),
    PyMethodDef::END,
];

unsafe extern "C-unwind" fn type_mro(this: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live type.
    ret(mro::mro_method(unsafe { arg(this) }).map(|mro| PyList::new(mro).into_obj()))
}

unsafe extern "C-unwind" fn type_subclasses(this: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live type.
    let all = subclasses::list(unsafe { type_arg(this) });
    // A type that the collector has cleared is of no use to anybody.
    PyList::new(all.into_iter().filter(|t| !t.tp_mro.is_null()).map(Ref::into_obj).collect()).into_obj().into_raw()
}

unsafe extern "C-unwind" fn type_prepare(
    _this: *mut PyObject,
    _args: *const *mut PyObject,
    _nargs: isize,
    _kwnames: *mut PyObject,
) -> *mut PyObject {
    PyDict::new().into_obj().into_raw()
}

unsafe extern "C-unwind" fn type_instancecheck(this: *mut PyObject, instance: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, instance) = unsafe { (arg(this), arg(instance)) };
    ret(protocol::object::real_is_instance(instance, this).map(crate::py_bool))
}

unsafe extern "C-unwind" fn type_subclasscheck(this: *mut PyObject, subclass: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, subclass) = unsafe { (arg(this), arg(subclass)) };
    ret(protocol::object::real_is_subclass(subclass, this).map(crate::py_bool))
}

unsafe extern "C-unwind" fn type_dir(this: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live type.
    let this = unsafe { arg(this) };
    let dir = || -> PyResult {
        let names = PyDict::new();
        merge_class_dict(&names, this)?;
        Ok(PyList::new(names.keys_vec()).into_obj())
    };
    ret(dir())
}

/// Adds the attributes of a class and its bases to `names`, for `dir`.
pub(crate) fn merge_class_dict(names: &PyDict, class: &PyObject) -> PyResult<()> {
    if let Some(dict) = protocol::object::getattr_opt(class, crate::intern!("__dict__"))? {
        names.update(&dict)?;
    }
    if let Some(bases) = protocol::object::getattr_opt(class, crate::intern!("__bases__"))? {
        for base in protocol::sequence::fast(&bases)? {
            merge_class_dict(names, &base)?;
        }
    }
    Ok(())
}

unsafe extern "C-unwind" fn type_sizeof(this: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live type.
    let ty = unsafe { type_arg(this) };
    let size = if ty.has_flag(flags::HEAPTYPE) {
        size_of::<PyHeapTypeObject>() + size_of::<PyMemberDef>() * ty.ob_base.ob_size.get().max(0) as usize
    } else {
        size_of::<PyTypeObject>()
    };
    PyInt::from_usize(size).into_obj().into_raw()
}

/// May a special attribute be set or deleted?
fn check_settable<'a>(ty: &PyTypeObject, value: Option<&'a PyObject>, name: &str) -> PyResult<&'a PyObject> {
    if ty.has_flag(flags::IMMUTABLETYPE) {
        return Err(exc::type_error(format!("cannot set '{name}' attribute of immutable type '{}'", ty.full_name())));
    }
    let Some(value) = value else {
        return Err(exc::type_error(format!(
            "cannot delete '{name}' attribute of immutable type '{}'",
            ty.full_name()
        )));
    };
    if crate::runtime::audit::active() {
        let attribute = PyStr::new(name);
        crate::runtime::audit::audit("object.__setattr__", &[ty.as_object(), attribute.as_object(), value])?;
    }
    Ok(value)
}

fn dict_of(ty: &PyTypeObject) -> PyResult<Ref<PyDict>> {
    ready::ensure_ready(ty)?;
    ty.tp_dict.get().ok_or_else(|| exc::system_error(format!("type '{}' has no dict", ty.full_name())))
}

fn get_name(ty: &PyTypeObject) -> PyResult {
    if let Some(name) = ty.as_heap().and_then(|h| h.ht_name.get()) {
        return Ok(name);
    }
    Ok(PyStr::new(ty.name()).into_obj())
}

fn set_name(ty: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
    let value = check_settable(ty, value, "__name__")?;
    let Some(name) = value.downcast_ref::<PyStr>() else {
        return Err(exc::type_error(format!(
            "can only assign string to {}.__name__, not '{}'",
            ty.full_name(),
            value.ty().full_name()
        )));
    };
    new::set_type_name(ty, name)
}

/// `__qualname__`.
pub fn qualname_of(ty: &PyTypeObject) -> PyResult<Ref<PyStr>> {
    let heap = ty.as_heap().and_then(|h| h.ht_qualname.get().or_else(|| h.ht_name.get()));
    match heap.map(ObjRef::downcast::<PyStr>) {
        Some(Ok(name)) => Ok(name),
        Some(Err(_)) | None => Ok(PyStr::new(ty.name())),
    }
}

fn get_qualname(ty: &PyTypeObject) -> PyResult {
    qualname_of(ty).map(Ref::into_obj)
}

fn set_qualname(ty: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
    let value = check_settable(ty, value, "__qualname__")?;
    if value.downcast_ref::<PyStr>().is_none() {
        return Err(exc::type_error(format!(
            "can only assign string to {}.__qualname__, not '{}'",
            ty.full_name(),
            value.ty().full_name()
        )));
    }
    new::heap_part(ty).ht_qualname.set(Some(value.new_ref()));
    Ok(())
}

fn get_bases(ty: &PyTypeObject) -> PyResult {
    Ok(ty.tp_bases.get().map_or_else(crate::none, Ref::into_obj))
}

/// `__bases__`, assigned: layout must stay compatible; MROs, subclass lists and slots follow.
fn set_bases(ty: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
    let value = check_settable(ty, value, "__bases__")?;
    let name = ty.full_name();
    let Some(bases) = value.downcast_ref::<PyTuple>() else {
        return Err(exc::type_error(format!(
            "can only assign tuple to {name}.__bases__, not {}",
            value.ty().full_name()
        )));
    };
    if bases.len() == 0 {
        return Err(exc::type_error(format!("can only assign non-empty tuple to {name}.__bases__, not ()")));
    }
    for item in bases.items() {
        let Some(base) = item.downcast_ref::<PyTypeObject>() else {
            return Err(exc::type_error(format!(
                "{name}.__bases__ must be tuple of classes, not '{}'",
                item.ty().full_name()
            )));
        };
        let derives = base.is_subtype(ty)
            // While a custom mro() runs, the MRO may not say it yet.
            || core::iter::successors(base.base(), |t| t.base()).any(|t| core::ptr::eq(t, ty));
        if derives {
            return Err(exc::type_error("a __bases__ item causes an inheritance cycle"));
        }
    }
    let new_base = best_base(bases)?;
    let Some(old_base) = ty.base().map(PyStruct::to_ref) else {
        return Err(exc::type_error(format!("cannot set '__bases__' attribute of immutable type '{name}'")));
    };
    check_compatible(&old_base, &new_base, "__bases__")?;

    let old_bases = ty.tp_bases.replace(Some(bases.to_ref()));
    ready::set_base(ty, &new_base);
    if let Err(e) = mro::update_hierarchy(ty) {
        // Unless something else has changed them again meanwhile.
        if ty.tp_bases.peek().is_some_and(|b| core::ptr::eq(b, bases)) {
            ty.tp_bases.set(old_bases);
            ready::set_base(ty, &old_base);
            release_base(&new_base);
        }
        return Err(e);
    }
    release_base(&old_base);
    if ty.tp_bases.peek().is_some_and(|b| core::ptr::eq(b, bases)) {
        if let Some(old_bases) = old_bases {
            for base in old_bases.items() {
                // SAFETY: bases are types.
                subclasses::remove(unsafe { base.cast_unchecked_ref() }, ty);
            }
        }
        subclasses::add_to_bases(ty);
        lookup::type_modified(ty);
        slotdefs::update_all_slots(ty);
    }
    Ok(())
}

/// Drops the reference `tp_base` held, after it was replaced.
fn release_base(base: &PyTypeObject) {
    if base.has_flag(flags::HEAPTYPE) {
        // SAFETY: `set_base` had added it, and the caller holds another.
        unsafe { PyObject::decref(base.as_object()) };
    }
}

fn get_mro(ty: &PyTypeObject) -> PyResult {
    Ok(ty.tp_mro.get().map_or_else(crate::none, Ref::into_obj))
}

/// `__module__`.
pub fn module_of(ty: &PyTypeObject) -> PyResult {
    if ty.has_flag(flags::HEAPTYPE) {
        let found = dict_of(ty)?.get_str(crate::intern!("__module__"));
        return found.ok_or_else(|| exc::attribute_error_msg("__module__"));
    }
    Ok(match ty.full_name().rsplit_once('.') {
        Some((module, _)) => PyStr::intern(PyStr::new(module)).into_obj(),
        None => crate::intern!("builtins").to_obj(),
    })
}

fn get_module(ty: &PyTypeObject) -> PyResult {
    module_of(ty)
}

fn set_module(ty: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
    let value = check_settable(ty, value, "__module__")?;
    let dict = dict_of(ty)?;
    dict.set_item(crate::intern!("__module__").as_object(), value)?;
    dict.del_item(crate::intern!("__firstlineno__").as_object())?;
    Ok(())
}

fn get_abstractmethods(ty: &PyTypeObject) -> PyResult {
    let missing = || exc::attribute_error_msg("__abstractmethods__");
    // `type` has the attribute for its instances, not for itself.
    if core::ptr::eq(ty, &raw const PyType_Type) {
        return Err(missing());
    }
    dict_of(ty)?.get_str(crate::intern!("__abstractmethods__")).ok_or_else(missing)
}

fn set_abstractmethods(ty: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
    let name = crate::intern!("__abstractmethods__");
    let dict = dict_of(ty)?;
    let is_abstract = match value {
        Some(value) => {
            let is_abstract = protocol::object::is_true(value)?;
            dict.set_item(name.as_object(), value)?;
            is_abstract
        }
        None => {
            if !dict.del_item(name.as_object())? {
                return Err(exc::attribute_error_msg("__abstractmethods__"));
            }
            false
        }
    };
    // Once more, for the flag.
    lookup::type_modified(ty);
    if is_abstract {
        ready::set_flags(ty, flags::IS_ABSTRACT);
    } else {
        ready::clear_flags(ty, flags::IS_ABSTRACT);
    }
    Ok(())
}

fn get_dict(ty: &PyTypeObject) -> PyResult {
    Ok(PyMappingProxy::new_unchecked(dict_of(ty)?.into_obj()).into_obj())
}

fn get_doc(ty: &PyTypeObject) -> PyResult {
    if !ty.has_flag(flags::HEAPTYPE) {
        // SAFETY: a static type's doc is static.
        if let Some(text) = unsafe { doc::c_text(ty.tp_doc.get()) } {
            return Ok(doc::text_or_none(doc::doc_of(ty.name(), text)));
        }
    }
    match dict_of(ty)?.get_str(crate::intern!("__doc__")) {
        Some(found) => bind(found, None, ty),
        None => Ok(crate::none()),
    }
}

fn set_doc(ty: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
    let value = check_settable(ty, value, "__doc__")?;
    dict_of(ty)?.set_item(crate::intern!("__doc__").as_object(), value)
}

fn get_text_signature(ty: &PyTypeObject) -> PyResult {
    // SAFETY: docs are static or owned by the type.
    let text = unsafe { doc::c_text(ty.tp_doc.get()) };
    Ok(doc::text_or_none(text.and_then(|text| doc::text_signature_of(ty.name(), text))))
}

fn no_attribute(ty: &PyTypeObject, name: &str) -> crate::PyErr {
    exc::attribute_error_msg(format!("type object '{}' has no attribute '{name}'", ty.full_name()))
}

/// `__annotations__`: stored, cached, or computed now by `__annotate__`.
fn get_annotations(ty: &PyTypeObject) -> PyResult {
    if !ty.has_flag(flags::HEAPTYPE) {
        return Err(no_attribute(ty, "__annotations__"));
    }
    let dict = dict_of(ty)?;
    let stored = dict
        .get_str(crate::intern!("__annotations__"))
        .or_else(|| dict.get_str(crate::intern!("__annotations_cache__")));
    if let Some(found) = stored {
        return bind(found, None, ty);
    }
    let annotate = protocol::object::getattr(ty.as_object(), crate::intern!("__annotate__"))?;
    let annotations = if protocol::object::callable(&annotate) {
        let format = PyInt::from_i64(1);
        let made = protocol::call::call_one(&annotate, format.as_object())?;
        if made.downcast_ref::<PyDict>().is_none() {
            return Err(exc::type_error(format!("__annotate__ returned non-dict of type '{}'", made.ty().full_name())));
        }
        made
    } else {
        PyDict::new().into_obj()
    };
    dict.set_str(crate::intern!("__annotations_cache__"), &annotations)?;
    Ok(annotations)
}

fn set_annotations(ty: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
    if ty.has_flag(flags::IMMUTABLETYPE) {
        return Err(exc::type_error(format!(
            "cannot set '__annotations__' attribute of immutable type '{}'",
            ty.full_name()
        )));
    }
    let dict = dict_of(ty)?;
    let (stored, cache) = (crate::intern!("__annotations__"), crate::intern!("__annotations_cache__"));
    match value {
        Some(value) => {
            let key = if dict.get_str(stored).is_some() { stored } else { cache };
            dict.set_item(key.as_object(), value)?;
        }
        None => {
            if !dict.del_item(stored.as_object())? && !dict.del_item(cache.as_object())? {
                return Err(exc::attribute_error_msg("__annotations__"));
            }
        }
    }
    dict.del_item(crate::intern!("__annotate_func__").as_object())?;
    dict.del_item(crate::intern!("__annotate__").as_object())?;
    Ok(())
}

/// `__annotate__`: the function that computes the annotations, or None.
fn get_annotate(ty: &PyTypeObject) -> PyResult {
    if !ty.has_flag(flags::HEAPTYPE) {
        return Err(no_attribute(ty, "__annotate__"));
    }
    let dict = dict_of(ty)?;
    let stored =
        dict.get_str(crate::intern!("__annotate__")).or_else(|| dict.get_str(crate::intern!("__annotate_func__")));
    if let Some(found) = stored {
        return bind(found, None, ty);
    }
    dict.set_str(crate::intern!("__annotate_func__"), crate::none_ref())?;
    Ok(crate::none())
}

fn set_annotate(ty: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(exc::type_error("cannot delete __annotate__ attribute"));
    };
    if ty.has_flag(flags::IMMUTABLETYPE) {
        return Err(exc::type_error(format!(
            "cannot set '__annotate__' attribute of immutable type '{}'",
            ty.full_name()
        )));
    }
    if !crate::is_none(value) && !protocol::object::callable(value) {
        return Err(exc::type_error("__annotate__ must be callable or None"));
    }
    let dict = dict_of(ty)?;
    let plain = crate::intern!("__annotate__");
    let key = if dict.get_str(plain).is_some() { plain } else { crate::intern!("__annotate_func__") };
    dict.set_item(key.as_object(), value)?;
    if !crate::is_none(value) {
        dict.del_item(crate::intern!("__annotations_cache__").as_object())?;
    }
    Ok(())
}

fn get_type_params(ty: &PyTypeObject) -> PyResult {
    if core::ptr::eq(ty, &raw const PyType_Type) {
        return Ok(PyTuple::empty().into_obj());
    }
    let found = dict_of(ty)?.get_str(crate::intern!("__type_params__"));
    Ok(found.unwrap_or_else(|| PyTuple::empty().into_obj()))
}

fn set_type_params(ty: &PyTypeObject, value: Option<&PyObject>) -> PyResult<()> {
    let value = check_settable(ty, value, "__type_params__")?;
    dict_of(ty)?.set_item(crate::intern!("__type_params__").as_object(), value)?;
    Ok(())
}
