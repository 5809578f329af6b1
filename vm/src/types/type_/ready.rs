//! `PyType_Ready`: from a filled-in struct to a type that works. Base, MRO and dict are made; methods, members, computed
//! attributes and slot wrappers go into the dict; slots and flags that the type leaves open are inherited.
//!
//! The same function serves static types of ours, static types of extensions (with `ob_type`, `tp_alloc`, `tp_base` left
//! NULL), and heap types.

use core::cell::Cell;
use core::ffi::c_void;

use super::glue::{dict_arg, ret, tuple_arg, type_arg};
use super::slot_functions::slot_tp_new;
use super::{PyType_Type, instance, mro, slotdefs, subclasses};
use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::{generic_alloc, generic_free};
use crate::object::defs::meth;
use crate::object::{
    ObjRef, PyAsyncMethods, PyBufferProcs, PyMappingMethods, PyMethodDef, PyNumberMethods, PyObject, PySequenceMethods,
    PyStruct, PyTypeObject, flags, shape,
};
use crate::types::builtin_function::{PyCFunction, new_cfunction};
use crate::types::descr::{PyStaticMethod, doc, new_classmethod_descr, new_getset, new_member, new_method_descr};
use crate::types::dict::PyDict;
use crate::types::object::PyBaseObject_Type;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `PyType_Ready`, if that has not happened yet.
#[inline]
pub fn ensure_ready(ty: &PyTypeObject) -> PyResult<()> {
    if ty.has_flag(flags::READY) { Ok(()) } else { type_ready(ty) }
}

/// `PyType_Ready`.
///
/// # Errors
/// What computing the MRO raises; `TypeError` and `SystemError` for inconsistent definitions.
pub fn type_ready(ty: &PyTypeObject) -> PyResult<()> {
    if ty.has_flag(flags::READY | flags::READYING) {
        return Ok(());
    }
    set_flags(ty, flags::READYING);
    if !ty.has_flag(flags::HEAPTYPE) {
        // Static types have always been unchangeable.
        set_flags(ty, flags::IMMUTABLETYPE);
    }
    let result = fill(ty);
    clear_flags(ty, flags::READYING);
    result?;
    if let Some(dict) = ty.tp_dict.peek() {
        // SAFETY: the end of a heap type begins with the end of this; static types have none.
        unsafe { dict.set_type(ty) };
    }
    set_flags(ty, flags::READY);
    Ok(())
}

/// Sets bits of `tp_flags`.
pub fn set_flags(ty: &PyTypeObject, bits: u64) {
    ty.tp_flags.set(ty.tp_flags.get() | bits);
}

pub(crate) fn clear_flags(ty: &PyTypeObject, bits: u64) {
    ty.tp_flags.set(ty.tp_flags.get() & !bits);
}

/// Sets the base, owning it: a static type keeps its base for ever, a heap type drops it at its end.
pub fn set_base(ty: &PyTypeObject, base: &PyTypeObject) {
    if base.has_flag(flags::HEAPTYPE) {
        base.as_object().incref();
    }
    ty.tp_base.set(base);
}

fn fill(ty: &PyTypeObject) -> PyResult<()> {
    if ty.tp_name.get().is_null() {
        return Err(exc::system_error("Type does not define the tp_name field."));
    }
    let is_object = core::ptr::eq(ty, &raw const PyBaseObject_Type);
    if ty.tp_dict.is_null() {
        ty.tp_dict.set(Some(PyDict::new()));
    }
    if ty.tp_base.get().is_null() && !is_object {
        ty.tp_base.set(&raw const PyBaseObject_Type);
    }
    if let Some(base) = ty.base() {
        ensure_ready(base)?;
    }
    if ty.as_object().ob_type.get().is_null() {
        let metatype: *const PyTypeObject = ty.base().map_or(&raw const PyType_Type, |b| b.as_object().ob_type.get());
        ty.as_object().ob_type.set(metatype);
    }
    if ty.tp_bases.is_null() {
        ty.tp_bases.set(Some(match ty.base() {
            Some(base) => PyTuple::from_slice(&[base.as_object()]),
            None => PyTuple::empty(),
        }));
    }
    set_new(ty)?;
    fill_dict(ty)?;
    mro::set_mro(ty)?;
    check_static_bases(ty)?;
    inherit(ty)?;
    set_preheader(ty)?;
    set_hash(ty)?;
    subclasses::add_to_bases(ty);
    make_shapes(ty);
    check(ty)
}

/// A static type cannot have a base that may die.
fn check_static_bases(ty: &PyTypeObject) -> PyResult<()> {
    if ty.has_flag(flags::HEAPTYPE) {
        return Ok(());
    }
    let Some(mro) = ty.tp_mro.get() else { return Ok(()) };
    for base in mro.items() {
        // SAFETY: an MRO holds types.
        let base: &PyTypeObject = unsafe { base.cast_unchecked_ref() };
        if base.has_flag(flags::HEAPTYPE) {
            return Err(exc::type_error(format!(
                "type '{}' is not dynamically allocated but its base type '{}' is dynamically allocated",
                ty.full_name(),
                base.full_name()
            )));
        }
    }
    Ok(())
}

/// Slot wrappers, methods, members, computed attributes, `__doc__`.
fn fill_dict(ty: &PyTypeObject) -> PyResult<()> {
    let Some(dict) = ty.tp_dict.get() else { return Ok(()) };
    slotdefs::add_wrappers(ty)?;
    // SAFETY: definition tables end with an entry without a name, and outlive the type.
    unsafe {
        let mut def = ty.tp_methods.get();
        while !def.is_null() && !(*def).ml_name.is_null() {
            add_method(ty, &dict, def)?;
            def = def.add(1);
        }
        let mut def = ty.tp_members.get();
        while !def.is_null() && !(*def).name.is_null() {
            set_default(&dict, name_of((*def).name), &*new_member(ty, def)?)?;
            def = def.add(1);
        }
        let mut def = ty.tp_getset.get();
        while !def.is_null() && !(*def).name.is_null() {
            set_default(&dict, name_of((*def).name), &*new_getset(ty, def)?)?;
            def = def.add(1);
        }
    }
    let doc_name = crate::intern!("__doc__");
    if dict.get_str(doc_name).is_none() {
        // SAFETY: docs are static or owned by the type.
        let text = unsafe { doc::c_text(ty.tp_doc.get()) };
        let text = doc::text_or_none(text.and_then(|text| doc::doc_of(ty.name(), text)));
        dict.set_str(doc_name, &text)?;
    }
    Ok(())
}

/// The interned name of a definition.
///
/// # Safety
/// NUL-terminated.
unsafe fn name_of(name: *const core::ffi::c_char) -> crate::Ref<PyStr> {
    // SAFETY: the caller's promise.
    PyStr::intern(PyStr::new(unsafe { doc::c_text(name) }.unwrap_or("")))
}

fn set_default(dict: &PyDict, name: crate::Ref<PyStr>, value: &PyObject) -> PyResult<()> {
    if dict.get_str(&name).is_none() {
        dict.set_str(&name, value)?;
    }
    Ok(())
}

/// Adds one method to a type's dict.
///
/// # Safety
/// `def` outlives the type.
pub unsafe fn add_method(ty: &PyTypeObject, dict: &PyDict, def: *const PyMethodDef) -> PyResult<()> {
    // SAFETY: the caller's promise.
    unsafe {
        let bits = (*def).ml_flags;
        let descr = if bits & meth::CLASS != 0 {
            if bits & meth::STATIC != 0 {
                return Err(exc::value_error("method cannot be both class and static"));
            }
            new_classmethod_descr(ty, def)?
        } else if bits & meth::STATIC != 0 {
            let function = PyCFunction::create(def, Some(ty.as_object()), None, None)?;
            PyStaticMethod::new(&function).into_obj()
        } else {
            new_method_descr(ty, def)?
        };
        let name = name_of((*def).ml_name);
        if bits & meth::COEXIST != 0 {
            dict.set_str(&name, &descr)?;
        } else {
            set_default(dict, name, &descr)?;
        }
    }
    Ok(())
}

/// `__new__`: added to the dict where the slot is filled, otherwise inherited (but static types do not inherit `object`'s).
fn set_new(ty: &PyTypeObject) -> PyResult<()> {
    let Some(base) = ty.base() else {
        return add_new_wrapper(ty);
    };
    if ty.tp_new.get().is_none() && core::ptr::eq(base, &raw const PyBaseObject_Type) && !ty.has_flag(flags::HEAPTYPE) {
        set_flags(ty, flags::DISALLOW_INSTANTIATION);
    }
    if ty.has_flag(flags::DISALLOW_INSTANTIATION) {
        ty.tp_new.set(None);
    } else if ty.tp_new.get().is_some() {
        add_new_wrapper(ty)?;
    } else {
        ty.tp_new.set(base.tp_new.get());
    }
    Ok(())
}

static NEW_DEF: PyMethodDef = PyMethodDef {
    ml_name: c"__new__".as_ptr(),
    ml_meth: tp_new_wrapper as *const c_void,
    ml_flags: meth::VARARGS | meth::KEYWORDS,
    ml_doc: Cell::new(
        c"__new__($type, *args, **kwargs)\n--\n\nCreate and return a new object.  See help(type) for accurate signature."
            .as_ptr(),
    ),
};

fn add_new_wrapper(ty: &PyTypeObject) -> PyResult<()> {
    let (Some(dict), name) = (ty.tp_dict.get(), crate::intern!("__new__")) else { return Ok(()) };
    if dict.get_str(name).is_none() {
        let function = new_cfunction(&NEW_DEF, Some(ty.as_object()), None)?;
        dict.set_str(name, &function)?;
    }
    Ok(())
}

/// The C function behind a built-in function object.
pub(crate) fn method_pointer(function: &PyCFunction) -> *const c_void {
    function.def().ml_meth
}

/// `T.__new__(S, ...)` for a type with a C `tp_new`.
pub(crate) unsafe extern "C-unwind" fn tp_new_wrapper(
    this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the function object is bound to a type; C passes a tuple, and a dict or NULL.
    ret(unsafe { checked_new(type_arg(this), tuple_arg(args), dict_arg(kwargs)) })
}

fn checked_new(ty: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
    let (name, items) = (ty.full_name(), args.items());
    let Some((&first, rest)) = items.split_first() else {
        return Err(exc::type_error(format!("{name}.__new__(): not enough arguments")));
    };
    let Some(subtype) = first.downcast_ref::<PyTypeObject>() else {
        return Err(exc::type_error(format!("{name}.__new__(X): X is not a type object ({})", first.ty().full_name())));
    };
    if !subtype.is_subtype(ty) {
        let sub = subtype.full_name();
        return Err(exc::type_error(format!("{name}.__new__({sub}): {sub} is not a subtype of {name}")));
    }
    // The nearest type with a C constructor must be constructed by that: object.__new__(dict) would not fill a dict.
    let mut safe = Some(subtype);
    while let Some(t) = safe
        && t.tp_new.get().is_some_and(|f| f as usize == slot_tp_new as *const () as usize)
    {
        safe = t.base();
    }
    if let Some(safe) = safe
        && safe.tp_new.get().map(|f| f as usize) != ty.tp_new.get().map(|f| f as usize)
    {
        if safe.tp_new.get().is_none() {
            return Err(exc::type_error(format!("cannot create '{}' instances", safe.full_name())));
        }
        return Err(exc::type_error(format!(
            "{name}.__new__({}) is not safe, use {}.__new__()",
            subtype.full_name(),
            safe.full_name()
        )));
    }
    let Some(new) = ty.tp_new.get() else {
        return Err(exc::type_error(format!("cannot create '{name}' instances")));
    };
    let rest = PyTuple::from_slice(rest);
    // SAFETY: calling the slot as C would.
    unsafe {
        ObjRef::from_c_result(new(
            subtype as *const PyTypeObject as *mut PyTypeObject,
            rest.as_object().as_ptr(),
            kwargs.map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr()),
        ))
    }
}

/// Inherits flags and sizes from the base, slots from everything in the MRO.
fn inherit(ty: &PyTypeObject) -> PyResult<()> {
    if let Some(base) = ty.base() {
        inherit_special(ty, base);
    } else {
        // `object` itself.
        ty.tp_alloc.set(ty.tp_alloc.get().or(Some(generic_alloc)));
        ty.tp_free.set(ty.tp_free.get().or(Some(generic_free)));
    }
    let Some(mro) = ty.tp_mro.get() else { return Ok(()) };
    for base in mro.items().get(1..).unwrap_or(&[]) {
        // SAFETY: an MRO holds types.
        let base: &PyTypeObject = unsafe { base.cast_unchecked_ref() };
        inherit_slots(ty, base);
        let pattern = base.tp_flags.get() & (flags::SEQUENCE | flags::MAPPING);
        if ty.tp_flags.get() & (flags::SEQUENCE | flags::MAPPING) == 0 {
            set_flags(ty, pattern);
        }
    }
    if let Some(base) = ty.base() {
        // Suites the type lacks altogether are shared with the base.
        if ty.tp_as_async.get().is_null() {
            ty.tp_as_async.set(base.tp_as_async.get());
        }
        if ty.tp_as_number.get().is_null() {
            ty.tp_as_number.set(base.tp_as_number.get());
        }
        if ty.tp_as_sequence.get().is_null() {
            ty.tp_as_sequence.set(base.tp_as_sequence.get());
        }
        if ty.tp_as_mapping.get().is_null() {
            ty.tp_as_mapping.set(base.tp_as_mapping.get());
        }
        if ty.tp_as_buffer.get().is_null() {
            ty.tp_as_buffer.set(base.tp_as_buffer.get());
        }
    }
    Ok(())
}

const SUBCLASS_FLAGS: u64 = flags::LONG_SUBCLASS
    | flags::LIST_SUBCLASS
    | flags::TUPLE_SUBCLASS
    | flags::BYTES_SUBCLASS
    | flags::UNICODE_SUBCLASS
    | flags::DICT_SUBCLASS
    | flags::BASE_EXC_SUBCLASS
    | flags::TYPE_SUBCLASS;

fn inherit_special(ty: &PyTypeObject, base: &PyTypeObject) {
    if !ty.has_flag(flags::HAVE_GC)
        && base.has_flag(flags::HAVE_GC)
        && ty.tp_traverse.get().is_none()
        && ty.tp_clear.get().is_none()
    {
        set_flags(ty, flags::HAVE_GC);
        ty.tp_traverse.set(base.tp_traverse.get());
        ty.tp_clear.set(base.tp_clear.get());
    }
    let always = flags::PREHEADER | SUBCLASS_FLAGS | flags::MATCH_SELF | flags::ITEMS_AT_END;
    set_flags(ty, base.tp_flags.get() & always);
    if ty.tp_basicsize.get() == 0 {
        ty.tp_basicsize.set(base.tp_basicsize.get());
    }
    let default = |cell: &Cell<isize>, from: &Cell<isize>| {
        if cell.get() == 0 {
            cell.set(from.get());
        }
    };
    default(&ty.tp_itemsize, &base.tp_itemsize);
    default(&ty.tp_weaklistoffset, &base.tp_weaklistoffset);
    default(&ty.tp_dictoffset, &base.tp_dictoffset);
}

/// Copies a slot that the type leaves open and that `base` itself defined (not merely inherited from its own base).
macro_rules! copy {
    ($ty:expr, $base:expr, $above:expr; $($slot:ident)*) => { $(
        if $ty.$slot.get().is_none() {
            if let Some(f) = $base.$slot.get() {
                if $above.is_none_or(|a| a.$slot.get().map(|g| g as usize) != Some(f as usize)) {
                    $ty.$slot.set(Some(f));
                }
            }
        }
    )* };
}

fn inherit_slots(ty: &PyTypeObject, base: &PyTypeObject) {
    let above = base.base();
    if let (Some(t), Some(b)) = (ty.as_number(), base.as_number()) {
        let a: Option<&PyNumberMethods> = above.and_then(|a| a.as_number());
        copy!(t, b, a;
            nb_add nb_subtract nb_multiply nb_remainder nb_divmod nb_power nb_negative nb_positive nb_absolute nb_bool
            nb_invert nb_lshift nb_rshift nb_and nb_xor nb_or nb_int nb_float nb_inplace_add nb_inplace_subtract
            nb_inplace_multiply nb_inplace_remainder nb_inplace_power nb_inplace_lshift nb_inplace_rshift
            nb_inplace_and nb_inplace_xor nb_inplace_or nb_floor_divide nb_true_divide nb_inplace_floor_divide
            nb_inplace_true_divide nb_index nb_matrix_multiply nb_inplace_matrix_multiply);
    }
    if let (Some(t), Some(b)) = (ty.as_async(), base.as_async()) {
        let a: Option<&PyAsyncMethods> = above.and_then(|a| a.as_async());
        copy!(t, b, a; am_await am_aiter am_anext am_send);
    }
    if let (Some(t), Some(b)) = (ty.as_sequence(), base.as_sequence()) {
        let a: Option<&PySequenceMethods> = above.and_then(|a| a.as_sequence());
        copy!(t, b, a; sq_length sq_concat sq_repeat sq_item sq_ass_item sq_contains sq_inplace_concat sq_inplace_repeat);
    }
    if let (Some(t), Some(b)) = (ty.as_mapping(), base.as_mapping()) {
        let a: Option<&PyMappingMethods> = above.and_then(|a| a.as_mapping());
        copy!(t, b, a; mp_length mp_subscript mp_ass_subscript);
    }
    if let (Some(t), Some(b)) = (ty.as_buffer(), base.as_buffer()) {
        let a: Option<&PyBufferProcs> = above.and_then(|a| a.as_buffer());
        copy!(t, b, a; bf_getbuffer bf_releasebuffer);
    }
    copy!(ty, base, above; tp_dealloc);
    if ty.tp_getattr.get().is_none() && ty.tp_getattro.get().is_none() {
        ty.tp_getattr.set(base.tp_getattr.get());
        ty.tp_getattro.set(base.tp_getattro.get());
    }
    if ty.tp_setattr.get().is_none() && ty.tp_setattro.get().is_none() {
        ty.tp_setattr.set(base.tp_setattr.get());
        ty.tp_setattro.set(base.tp_setattro.get());
    }
    copy!(ty, base, above; tp_repr);
    if ty.tp_vectorcall_offset.get() == 0
        && above.is_none_or(|a| a.tp_vectorcall_offset.get() != base.tp_vectorcall_offset.get())
    {
        ty.tp_vectorcall_offset.set(base.tp_vectorcall_offset.get());
    }
    // The instance's vectorcall pointer is used only as long as tp_call is not overridden.
    if ty.tp_call.get().is_none() && base.has_flag(flags::HAVE_VECTORCALL) {
        set_flags(ty, flags::HAVE_VECTORCALL);
    }
    copy!(ty, base, above; tp_call tp_str);
    if ty.tp_richcompare.get().is_none() && ty.tp_hash.get().is_none() && !overrides_hash(ty) {
        ty.tp_richcompare.set(base.tp_richcompare.get());
        ty.tp_hash.set(base.tp_hash.get());
    }
    copy!(ty, base, above; tp_iter tp_iternext tp_descr_get);
    let descr_get = |t: &PyTypeObject| t.tp_descr_get.get().map(|f| f as usize);
    if descr_get(base).is_some()
        && descr_get(ty) == descr_get(base)
        && ty.has_flag(flags::IMMUTABLETYPE)
        && base.has_flag(flags::METHOD_DESCRIPTOR)
    {
        set_flags(ty, flags::METHOD_DESCRIPTOR);
    }
    copy!(ty, base, above; tp_descr_set);
    if ty.tp_dictoffset.get() == 0 && above.is_none_or(|a| a.tp_dictoffset.get() != base.tp_dictoffset.get()) {
        ty.tp_dictoffset.set(base.tp_dictoffset.get());
    }
    copy!(ty, base, above; tp_init tp_alloc tp_is_gc tp_finalize);
    if ty.has_flag(flags::HAVE_GC) == base.has_flag(flags::HAVE_GC) {
        copy!(ty, base, above; tp_free);
    } else if ty.has_flag(flags::HAVE_GC)
        && ty.tp_free.get().is_none()
        && base.tp_free.get().is_some_and(|f| f as usize == generic_free as *const () as usize)
    {
        ty.tp_free.set(Some(generic_free));
    }
}

fn overrides_hash(ty: &PyTypeObject) -> bool {
    ty.tp_dict.peek().is_some_and(|dict| {
        dict.get_str(crate::intern!("__eq__")).is_some() || dict.get_str(crate::intern!("__hash__")).is_some()
    })
}

/// Where the managed dict and weak references are reported to be.
fn set_preheader(ty: &PyTypeObject) -> PyResult<()> {
    if ty.has_flag(flags::MANAGED_DICT) {
        let offset = ty.tp_dictoffset.get();
        if offset > 0 || offset < -1 {
            return Err(exc::type_error(format!(
                "type {} has the Py_TPFLAGS_MANAGED_DICT flag but tp_dictoffset is set to incompatible value",
                ty.full_name()
            )));
        }
        ty.tp_dictoffset.set(-1);
    }
    if ty.has_flag(flags::MANAGED_WEAKREF) {
        let offset = ty.tp_weaklistoffset.get();
        if offset != 0 && offset != shape::WEAKLIST_OFFSET {
            return Err(exc::type_error(format!(
                "type {} has the Py_TPFLAGS_MANAGED_WEAKREF flag but tp_weaklistoffset is set to incompatible value",
                ty.full_name()
            )));
        }
        ty.tp_weaklistoffset.set(shape::WEAKLIST_OFFSET);
    }
    Ok(())
}

/// A type that compares but does not hash says `__hash__ = None`.
fn set_hash(ty: &PyTypeObject) -> PyResult<()> {
    if ty.tp_hash.get().is_some() {
        return Ok(());
    }
    let (Some(dict), name) = (ty.tp_dict.get(), crate::intern!("__hash__")) else { return Ok(()) };
    if dict.get_str(name).is_none() {
        dict.set_str(name, crate::none_ref())?;
        ty.tp_hash.set(Some(instance::hash_not_implemented));
    }
    Ok(())
}

/// Shapes for the instances of Python classes.
///
/// Types made by extensions may allocate instances themselves, so only those that go through our allocator get them.
fn make_shapes(ty: &PyTypeObject) {
    let ours = ty.tp_alloc.get().is_some_and(|f| f as usize == generic_alloc as *const () as usize)
        && ty.tp_free.get().is_some_and(|f| f as usize == generic_free as *const () as usize)
        && ty.tp_dealloc.get().is_some_and(|f| f as usize == instance::subtype_dealloc as *const () as usize);
    if !ty.has_flag(flags::HEAPTYPE) || !ty.has_flag(flags::MANAGED_DICT) || !ours {
        return;
    }
    let known = ty
        .tp_dict
        .peek()
        .and_then(|d| d.get_str(crate::intern!("__static_attributes__")))
        .and_then(|names| names.downcast_ref::<PyTuple>().map(PyTuple::len));
    shape::make_shapes(ty, known);
}

fn check(ty: &PyTypeObject) -> PyResult<()> {
    // A type that declares itself collectable but adds no fields uses its base's functions.
    if ty.has_flag(flags::HAVE_GC)
        && ty.tp_traverse.get().is_none()
        && ty.tp_clear.get().is_none()
        && let Some(base) = ty.base()
        && base.has_flag(flags::HAVE_GC)
    {
        ty.tp_traverse.set(base.tp_traverse.get());
        ty.tp_clear.set(base.tp_clear.get());
    }
    if ty.has_flag(flags::HAVE_GC) && ty.tp_traverse.get().is_none() {
        return Err(exc::system_error(format!(
            "type {} has the Py_TPFLAGS_HAVE_GC flag but has no traverse function",
            ty.full_name()
        )));
    }
    Ok(())
}

/// Makes the built-in types work: `object` and `type` first, then `others` in order.
///
/// # Errors
/// None in a sound build; what [`type_ready`] raises.
pub fn init(others: &[&'static PyTypeObject]) -> PyResult<()> {
    type_ready(&PyBaseObject_Type)?;
    type_ready(&PyType_Type)?;
    for ty in others {
        set_flags(ty, flags::STATIC_BUILTIN);
        type_ready(ty)?;
    }
    set_flags(&PyBaseObject_Type, flags::STATIC_BUILTIN);
    set_flags(&PyType_Type, flags::STATIC_BUILTIN);
    Ok(())
}
