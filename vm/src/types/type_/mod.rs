//! Types: the type of types, and everything that makes a type work.
//!
//! * [`ready`]: from a filled-in struct to a working type (`PyType_Ready`), inheritance of slots and flags
//! * [`new`]: making a class; [`layout`]: which bases, metatypes and instances fit together; [`mro`]
//! * [`lookup`]: finding names along the MRO, version tags, watchers
//! * [`slotdefs`]: the table between dunder methods and slots; `slot_functions` and `slot_wrappers` are its two columns
//! * `instance`: destruction and traversal of instances of Python classes
//! * [`attrs`]: the attributes of `type`; [`vectorcall`]: calling a type

use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::mem::offset_of;

use self::glue::{arg, opt_arg, ret, ret_unit, type_arg};
use crate::err::PyResult;
use crate::exc;
use crate::object::slots::visitproc;
use crate::object::{
    ObjRef, PyHeapTypeObject, PyMemberDef, PyNumberMethods, PyObject, PyStruct, PyTypeObject, flags, shape,
};
use crate::runtime::gc;
use crate::types::str::PyStr;

pub mod attrs;
pub(crate) mod glue;
pub mod instance;
pub mod layout;
pub mod lookup;
pub mod mro;
pub mod new;
pub mod ready;
mod slot_buffer;
pub(crate) mod slot_functions;
mod slot_wrappers;
pub mod slotdefs;
pub mod subclasses;
pub mod vectorcall;

pub use layout::{best_base, calculate_metaclass};
pub use lookup::{lookup, lookup_ref, type_modified, version_tag};
pub use new::{alloc_heap_type, build_class, resolve_bases};
pub use ready::{ensure_ready, init, type_ready};
pub use vectorcall::type_call;

static NUMBER: PyNumberMethods = PyNumberMethods { nb_or: Cell::new(Some(type_or)), ..PyNumberMethods::EMPTY };

/// `type`.
#[unsafe(export_name = "PyType_Type")]
pub static PyType_Type: PyTypeObject = PyTypeObject {
    tp_name: Cell::new(c"type".as_ptr()),
    tp_basicsize: Cell::new(size_of::<PyHeapTypeObject>() as isize),
    tp_itemsize: Cell::new(size_of::<PyMemberDef>() as isize),
    tp_dealloc: Cell::new(Some(type_dealloc)),
    tp_vectorcall_offset: Cell::new(offset_of!(PyTypeObject, tp_vectorcall) as isize),
    tp_repr: Cell::new(Some(type_repr)),
    tp_as_number: Cell::new(&raw const NUMBER),
    tp_call: Cell::new(Some(vectorcall::type_call_slot)),
    tp_getattro: Cell::new(Some(type_getattro)),
    tp_setattro: Cell::new(Some(type_setattro)),
    tp_flags: Cell::new(
        flags::IMMUTABLETYPE
            | flags::HAVE_GC
            | flags::BASETYPE
            | flags::TYPE_SUBCLASS
            | flags::HAVE_VECTORCALL
            | flags::ITEMS_AT_END,
    ),
    tp_doc: Cell::new(c"type(object) -> the object's type\ntype(name, bases, dict, **kwds) -> a new type".as_ptr()),
    tp_traverse: Cell::new(Some(type_traverse)),
    tp_clear: Cell::new(Some(type_clear)),
    tp_weaklistoffset: Cell::new(offset_of!(PyTypeObject, tp_weaklist) as isize),
    tp_methods: Cell::new(attrs::METHODS.as_ptr()),
    tp_members: Cell::new(attrs::MEMBERS.as_ptr()),
    tp_getset: Cell::new(attrs::GETSETS.as_ptr()),
    tp_base: Cell::new(&raw const crate::types::object::PyBaseObject_Type),
    tp_dictoffset: Cell::new(offset_of!(PyTypeObject, tp_dict) as isize),
    tp_init: Cell::new(Some(new::type_init)),
    tp_new: Cell::new(Some(new::type_new_slot)),
    tp_is_gc: Cell::new(Some(type_is_gc)),
    tp_vectorcall: Cell::new(Some(vectorcall::type_vectorcall)),
    ..PyTypeObject::EMPTY
};

impl PyTypeObject {
    /// See [`lookup::lookup`].
    #[inline(always)]
    pub fn lookup(&self, name: &PyStr) -> Option<&PyObject> {
        lookup::lookup(self, name)
    }

    /// See [`lookup::lookup_ref`].
    #[inline(always)]
    pub fn lookup_ref(&self, name: &PyStr) -> Option<ObjRef> {
        lookup::lookup_ref(self, name)
    }

    /// See [`lookup::type_modified`].
    pub fn modified(&self) {
        lookup::type_modified(self);
    }

    /// See [`lookup::version_tag`].
    #[inline(always)]
    pub fn version_tag(&self) -> u32 {
        lookup::version_tag(self)
    }
}

/// Are instances of the type made by `object.__new__` and our allocator?
pub fn is_object_new(ty: &PyTypeObject) -> bool {
    ty.tp_new.get().is_some_and(|f| f as usize == crate::types::object::object_new as *const () as usize)
        && ty.tp_alloc.get().is_some_and(|f| f as usize == crate::object::alloc::generic_alloc as *const () as usize)
}

/// `type | x`.
unsafe extern "C-unwind" fn type_or(a: *mut PyObject, b: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (a, b) = unsafe { (arg(a), arg(b)) };
    ret(crate::types::union::type_or(a, b))
}

unsafe extern "C-unwind" fn type_repr(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live type.
    let ty = unsafe { type_arg(this) };
    if ty.tp_name.get().is_null() {
        // A type that is still being made.
        return PyStr::from_string(format!("<class at {:p}>", this)).into_obj().into_raw();
    }
    let make = || -> PyResult {
        let module = attrs::module_of(ty).ok().and_then(|m| m.downcast::<PyStr>().ok());
        if let Some(module) = module.filter(|m| !m.eq_str("builtins")) {
            let qualname = attrs::qualname_of(ty)?;
            return Ok(PyStr::concat_many(&[
                &PyStr::new("<class '"),
                &module,
                &PyStr::new("."),
                &qualname,
                &PyStr::new("'>"),
            ])?
            .into_obj());
        }
        Ok(PyStr::from_string(format!("<class '{}'>", ty.full_name())).into_obj())
    };
    ret(make())
}

/// Only heap types belong to the collector.
pub(crate) unsafe extern "C-unwind" fn type_is_gc(this: *mut PyObject) -> c_int {
    // SAFETY: C passes a live type.
    c_int::from(unsafe { type_arg(this) }.has_flag(flags::HEAPTYPE))
}

unsafe extern "C-unwind" fn type_getattro(this: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (ty, name) = unsafe { (type_arg(this), arg(name)) };
    ret(crate::protocol::object::attr_name(name).and_then(|name| match type_getattr_opt(ty, name)? {
        Some(value) => Ok(value),
        None => Err(missing_attribute(ty, name)),
    }))
}

/// Is `f` the attribute access of `type`?
pub(crate) fn is_type_getattro(f: crate::object::slots::getattrofunc) -> bool {
    f as usize == type_getattro as *const () as usize
}

#[cold]
fn missing_attribute(ty: &PyTypeObject, name: &PyStr) -> crate::PyErr {
    exc::attribute_error(
        format!("type object '{}' has no attribute '{}'", ty.full_name(), name.to_string_lossy()),
        ty.as_object(),
        name.as_object(),
    )
}

/// Attribute access on a type: data descriptors of the metatype, then the type and its bases, then the metatype.
/// `None` instead of `AttributeError`.
pub fn type_getattr_opt(ty: &PyTypeObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    ensure_ready(ty)?;
    let metatype = ty.as_object().ty();
    let meta = lookup::lookup_ref(metatype, name);
    let meta_get = meta.as_ref().and_then(|m| m.ty().tp_descr_get.get());
    if let (Some(meta), Some(_)) = (&meta, meta_get)
        && meta.ty().tp_descr_set.get().is_some()
    {
        return suppress(glue::bind(meta.clone(), Some(ty.as_object()), metatype));
    }
    if let Some(found) = lookup::lookup_ref(ty, name) {
        return match found.ty().tp_descr_get.get() {
            Some(_) => suppress(glue::bind(found, None, ty)),
            None => Ok(Some(found)),
        };
    }
    match (meta, meta_get) {
        (Some(meta), Some(_)) => suppress(glue::bind(meta, Some(ty.as_object()), metatype)),
        (meta, _) => Ok(meta),
    }
}

/// Results of descriptors keep their own exceptions; only the final "not found" is `None`.
fn suppress(result: PyResult) -> PyResult<Option<ObjRef>> {
    result.map(Some)
}

unsafe extern "C-unwind" fn type_setattro(this: *mut PyObject, name: *mut PyObject, value: *mut PyObject) -> c_int {
    // SAFETY: C passes live objects, or NULL for "delete".
    let (ty, name, value) = unsafe { (type_arg(this), arg(name), opt_arg(value)) };
    ret_unit(type_setattr(ty, name, value))
}

/// Sets or deletes an attribute of a type, and updates the slots that depend on it.
pub fn type_setattr(ty: &PyTypeObject, name: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
    if ty.has_flag(flags::IMMUTABLETYPE) {
        return Err(exc::type_error(format!(
            "cannot set {} attribute of immutable type '{}'",
            crate::protocol::object::repr(name)?.to_string_lossy(),
            ty.full_name()
        )));
    }
    let name = crate::protocol::object::attr_name(name)?;
    let name = if crate::protocol::object::is_exact_str(name.as_object()) {
        PyStr::intern(name.to_ref())
    } else {
        PyStr::intern(name.to_exact()?)
    };
    let metatype = ty.as_object().ty();
    if let Some(descr) = lookup::lookup_ref(metatype, &name)
        && let Some(set) = descr.ty().tp_descr_set.get()
    {
        // SAFETY: calling the slot as C would.
        return glue::check_status(unsafe { set(descr.as_raw(), ty.as_object().as_ptr(), glue::raw(value)) });
    }
    // C may set attributes before `PyType_Ready`.
    if ty.tp_dict.is_null() && value.is_some() {
        ty.tp_dict.set(Some(crate::types::dict::PyDict::new()));
    }
    let Some(dict) = ty.tp_dict.get() else { return Err(missing_attribute(ty, &name)) };
    lookup::type_modified(ty);
    match value {
        Some(value) => {
            // The old value must not go before slots and caches are in order.
            let old = dict.get_str(&name);
            dict.set_item(name.as_object(), value)?;
            finish_setattr(ty, &name);
            drop(old);
        }
        None => {
            let Some(old) = dict.get_str(&name) else { return Err(missing_attribute(ty, &name)) };
            dict.del_item(name.as_object())?;
            finish_setattr(ty, &name);
            drop(old);
        }
    }
    Ok(())
}

fn finish_setattr(ty: &PyTypeObject, name: &PyStr) {
    // Something may have looked the type up while the dict was being changed.
    lookup::type_modified(ty);
    let text = name.to_string_lossy();
    if text.len() > 4 && text.starts_with("__") && text.ends_with("__") {
        slotdefs::update_slot(ty, name);
    }
}

unsafe extern "C-unwind" fn type_traverse(this: *mut PyObject, visit: visitproc, visit_arg: *mut c_void) -> c_int {
    // SAFETY: the collector passes a live type.
    let ty = unsafe { type_arg(this) };
    if !ty.has_flag(flags::HEAPTYPE) {
        return 0;
    }
    let heap = new::heap_part(ty);
    let owned: [*mut PyObject; 6] = [
        ty.tp_dict.as_raw() as *mut PyObject,
        ty.tp_cache.get(),
        ty.tp_mro.as_raw() as *mut PyObject,
        ty.tp_bases.as_raw() as *mut PyObject,
        ty.tp_base.get() as *mut PyObject,
        heap.ht_module.as_raw(),
    ];
    for object in owned {
        if !object.is_null() {
            // SAFETY: the collector's visitor.
            let result = unsafe { visit(object, visit_arg) };
            if result != 0 {
                return result;
            }
        }
    }
    0
}

/// Breaks cycles: dict, MRO and module are enough, and the bases are still needed to destroy instances.
unsafe extern "C-unwind" fn type_clear(this: *mut PyObject) -> c_int {
    // SAFETY: the collector passes a live type.
    let ty = unsafe { type_arg(this) };
    if !ty.has_flag(flags::HEAPTYPE) {
        return 0;
    }
    lookup::type_modified(ty);
    if let Some(dict) = ty.tp_dict.get() {
        dict.clear();
    }
    new::heap_part(ty).ht_module.take();
    ty.tp_mro.take();
    0
}

/// The end of a heap type.
unsafe extern "C-unwind" fn type_dealloc(this: *mut PyObject) {
    // SAFETY: the type is dead but intact; it is a heap type, since static ones are immortal.
    unsafe {
        let ty = type_arg(this);
        let heap = new::heap_part(ty);
        gc::untrack(ty.as_object());
        // Nobody may find it any more.
        lookup::type_modified(ty);
        subclasses::remove_from_bases(ty);
        if !ty.tp_weaklist.get().is_null() {
            crate::types::weakref::clear_weakrefs(ty.as_object());
        }
        if let Some(dict) = ty.tp_dict.take() {
            dict.unset_type();
        }
        ty.tp_mro.take();
        ty.tp_bases.take();
        let cache = ty.tp_cache.replace(core::ptr::null_mut());
        if !cache.is_null() {
            PyObject::decref(cache);
        }
        let base = ty.tp_base.replace(core::ptr::null());
        shape::free_shapes(ty);
        subclasses::free(ty);
        crate::object::alloc::mem_free(ty.tp_doc.replace(core::ptr::null()) as *mut u8);
        heap.ht_name.take();
        heap.ht_qualname.take();
        heap.ht_slots.take();
        heap.ht_module.take();
        crate::object::alloc::mem_free(heap.ht_tpname.replace(core::ptr::null_mut()) as *mut u8);
        let metatype = ty.as_object().ob_type.get();
        crate::object::dealloc::free_instance(this);
        if (*metatype).has_flag(flags::HEAPTYPE)
            && (*metatype).tp_dealloc.get().is_some_and(|f| f as usize == type_dealloc as *const () as usize)
        {
            // A metatype that does not have `subtype_dealloc`, which would do this.
            PyObject::decref(metatype as *const PyObject);
        }
        if !base.is_null() && (*base).has_flag(flags::HEAPTYPE) {
            PyObject::decref(base as *const PyObject);
        }
    }
}
