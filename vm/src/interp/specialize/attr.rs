//! Specializing attribute access. See `ops::attr` for what the caches hold.

use super::{become_if, write_ptr, write_u16, write_u32};
use crate::interp::opcode::*;
use crate::object::defs::member;
use crate::object::header::PyObject;
use crate::object::refs::{PyClass, PyStruct};
use crate::object::shape;
use crate::object::typeobj::{PyTypeObject, flags};
use crate::protocol::object as protocol;
use crate::types::code::PyCode;
use crate::types::descr::member::PyMemberDescr;
use crate::types::descr::property::PyProperty;
use crate::types::function::PyFunction;
use crate::types::module::PyModule;
use crate::types::str::PyStr;
use crate::types::type_::lookup::{lookup, version_tag};

fn uses_generic_getattr(ty: &PyTypeObject) -> bool {
    ty.tp_getattro.get().map(|f| f as usize) == Some(protocol::generic_getattr_slot as *const () as usize)
}

fn uses_generic_setattr(ty: &PyTypeObject) -> bool {
    ty.tp_setattro.get().map(|f| f as usize) == Some(protocol::generic_setattr_slot as *const () as usize)
}

#[cold]
#[inline(never)]
pub fn load_attr(at: *mut u16, code: &PyCode, owner: &PyObject, arg: usize) {
    // SAFETY: the index comes from the code.
    let name = unsafe { code.name_at(arg >> 1) };
    let special = specialize_load(at, owner, name, arg & 1 != 0);
    become_if(at, special);
}

fn specialize_load(at: *mut u16, owner: &PyObject, name: &PyStr, for_call: bool) -> Option<u8> {
    if let Some(module) = owner.downcast_exact::<PyModule>() {
        return module_attr(at, module, name);
    }
    if let Some(ty) = owner.downcast_ref::<PyTypeObject>() {
        return class_attr(at, owner, ty, name);
    }
    instance_attr(at, owner, name, for_call)
}

fn module_attr(at: *mut u16, module: &PyModule, name: &PyStr) -> Option<u8> {
    // A name that the module type itself defines (`__dict__`, ...) may be a data descriptor.
    if lookup(module.as_object().ty(), name).is_some() {
        return None;
    }
    let dict = module.md_dict.peek()?;
    let index = dict.lookup_index(name)?;
    let version = dict.keys_version();
    if version == 0 {
        return None;
    }
    write_u32(at, 1, version);
    write_u16(at, 3, u16::try_from(index).ok()?);
    Some(LOAD_ATTR_MODULE)
}

fn class_attr(at: *mut u16, owner: &PyObject, ty: &PyTypeObject, name: &PyStr) -> Option<u8> {
    // Only plain metatypes: others may define the name, or change it, without the class noticing.
    if !owner.is_exact_type(PyTypeObject::type_object()) || lookup(owner.ty(), name).is_some() {
        return None;
    }
    let found = lookup(ty, name)?;
    let plain = found.ty().tp_descr_get.get().is_none() || PyFunction::check_exact(found);
    let version = version_tag(ty);
    if !plain || version == 0 {
        return None;
    }
    write_u32(at, 1, version);
    write_ptr::<PyObject>(at, 5, found);
    Some(LOAD_ATTR_CLASS)
}

fn instance_attr(at: *mut u16, owner: &PyObject, name: &PyStr, for_call: bool) -> Option<u8> {
    let ty = owner.ty();
    if !uses_generic_getattr(ty) {
        return None;
    }
    let version = version_tag(ty);
    if version == 0 {
        return None;
    }
    let found = lookup(ty, name);
    if let Some(found) = found
        && found.ty().tp_descr_set.get().is_some()
    {
        return data_descriptor(at, owner, found, version, for_call);
    }
    let managed = ty.has_flag(flags::MANAGED_DICT);
    if managed {
        // SAFETY: just checked.
        unsafe {
            if let Some(current) = shape::shape_of(owner).as_ref() {
                if let Some(index) = current.lookup(name) {
                    write_u32(at, 1, current.id());
                    write_u16(at, 3, u16::try_from(current.slot_offset(index)).ok()?);
                    return Some(LOAD_ATTR_INSTANCE_VALUE);
                }
            } else if let Some(dict) = shape::dict_of(owner)
                && dict.get_str(name).is_some()
            {
                write_u32(at, 1, version);
                return Some(LOAD_ATTR_WITH_HINT);
            }
        }
    } else if ty.tp_dictoffset.get() != 0 {
        return None;
    }
    let found = found?;
    let is_method = found.ty().has_flag(flags::METHOD_DESCRIPTOR);
    if is_method != for_call || (!is_method && found.ty().tp_descr_get.get().is_some()) {
        return None;
    }
    write_u32(at, 1, version);
    write_ptr::<PyObject>(at, 5, found);
    if !managed {
        return Some(if is_method { LOAD_ATTR_METHOD_NO_DICT } else { LOAD_ATTR_NONDESCRIPTOR_NO_DICT });
    }
    // SAFETY: the type has MANAGED_DICT.
    let word = unsafe { shape::attrs_word(owner) }.get();
    if word & shape::SHAPE_TAG != 0 {
        let shapes = shape::shapes_of(ty)?;
        if shapes.any_has(name) {
            return None;
        }
        write_u16(at, 3, shapes.count() as u16);
        return Some(if is_method { LOAD_ATTR_METHOD_WITH_VALUES } else { LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES });
    }
    (word == 0 && is_method).then_some(LOAD_ATTR_METHOD_LAZY_DICT)
}

fn data_descriptor(at: *mut u16, owner: &PyObject, found: &PyObject, version: u32, for_call: bool) -> Option<u8> {
    if let Some(offset) = object_member(owner.ty(), found) {
        write_u32(at, 1, version);
        write_u16(at, 3, offset);
        return Some(LOAD_ATTR_SLOT);
    }
    let property = found.downcast_exact::<PyProperty>()?;
    if for_call {
        return None;
    }
    let getter = property.prop_get.peek()?.downcast_exact::<PyFunction>()?;
    if getter.version() == 0 || !super::call::takes_exactly(getter, 1) {
        return None;
    }
    write_u32(at, 1, version);
    write_u32(at, 3, getter.version());
    write_ptr::<PyObject>(at, 5, getter.as_object());
    Some(LOAD_ATTR_PROPERTY)
}

/// The byte offset of a writable object member (what `__slots__` makes).
fn object_member(ty: &PyTypeObject, found: &PyObject) -> Option<u16> {
    let descr = found.downcast_exact::<PyMemberDescr>()?;
    // SAFETY: descriptors keep their definition alive.
    let def = unsafe { &*descr.d_member.get() };
    if def.type_code != member::OBJECT_EX || def.flags & member::AUDIT_READ != 0 || !ty.is_subtype(&descr.d_type) {
        return None;
    }
    u16::try_from(def.offset).ok()
}

#[cold]
#[inline(never)]
pub fn store_attr(at: *mut u16, code: &PyCode, owner: &PyObject, arg: usize) {
    // SAFETY: the index comes from the code.
    let name = unsafe { code.name_at(arg) };
    let special = specialize_store(at, owner, name);
    become_if(at, special);
}

fn specialize_store(at: *mut u16, owner: &PyObject, name: &PyStr) -> Option<u8> {
    let ty = owner.ty();
    if !uses_generic_setattr(ty) {
        return None;
    }
    let version = version_tag(ty);
    if version == 0 {
        return None;
    }
    if let Some(found) = lookup(ty, name)
        && found.ty().tp_descr_set.get().is_some()
    {
        // SAFETY: definitions outlive their descriptors.
        let readonly = found
            .downcast_exact::<PyMemberDescr>()
            .is_some_and(|d| unsafe { &*d.d_member.get() }.flags & member::READONLY != 0);
        if readonly {
            return None;
        }
        let offset = object_member(ty, found)?;
        write_u32(at, 1, version);
        write_u16(at, 3, offset);
        return Some(STORE_ATTR_SLOT);
    }
    if !ty.has_flag(flags::MANAGED_DICT) {
        return None;
    }
    // SAFETY: just checked.
    let current = unsafe { shape::shape_of(owner).as_ref() }?;
    write_u32(at, 1, current.id());
    match current.lookup(name) {
        Some(index) => {
            write_u16(at, 3, u16::try_from(current.slot_offset(index)).ok()?);
            Some(STORE_ATTR_INSTANCE_VALUE)
        }
        None => Some(STORE_ATTR_WITH_HINT),
    }
}

/// `obj[i]` through a Python `__getitem__`: remembered in the type.
pub fn getitem(at: *mut u16, ty: &PyTypeObject) -> Option<u8> {
    let heap = ty.as_heap()?;
    let version = version_tag(ty);
    if version == 0 {
        return None;
    }
    let found = lookup(ty, crate::intern!("__getitem__"))?;
    let function = found.downcast_exact::<PyFunction>()?;
    if function.version() == 0 || !super::call::takes_exactly(function, 2) {
        return None;
    }
    heap.spec_cache_getitem.set(found.as_ptr());
    heap.spec_cache_getitem_version.set(version);
    write_u32(at, 1, version);
    write_u32(at, 3, function.version());
    Some(BINARY_OP_SUBSCR_GETITEM)
}
