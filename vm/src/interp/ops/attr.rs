//! Attributes. The inline caches' layouts, in units behind the instruction (unit 0 is the counter):
//!
//! ```text
//!  LOAD_ATTR_INSTANCE_VALUE       1-2 shape id   3 byte offset of the slot
//!  LOAD_ATTR_WITH_HINT            1-2 type version; the value is looked up in the instance's dict
//!  LOAD_ATTR_SLOT                 1-2 type version   3 byte offset
//!  LOAD_ATTR_MODULE               1-2 keys version of the module's dict   3 index
//!  LOAD_ATTR_CLASS                1-2 version of the class   5-8 the value
//!  LOAD_ATTR_METHOD_WITH_VALUES   1-2 type version   3 number of the type's shapes   5-8 the function
//!  LOAD_ATTR_METHOD_NO_DICT       1-2 type version   5-8 the function
//!  LOAD_ATTR_METHOD_LAZY_DICT     as NO_DICT, for instances in dictionary mode without a dict
//!  LOAD_ATTR_NONDESCRIPTOR_*      as the METHOD forms, for plain class attributes
//!  LOAD_ATTR_PROPERTY             1-2 type version   3-4 function version   5-8 the getter
//!  STORE_ATTR_INSTANCE_VALUE      1-2 shape id   3 byte offset
//!  STORE_ATTR_WITH_HINT           1-2 shape id before; adds the attribute
//!  STORE_ATTR_SLOT                1-2 type version   3 byte offset
//! ```
//!
//! A shape's id changes when its type does, so it guards both. Pointers in caches are borrowed: the version they are
//! guarded by changes before the referent can go.

use crate::err::PyResult;
use crate::exc;
use crate::interp::machine::Machine;
use crate::interp::opcode::*;
use crate::interp::stackref::StackRef;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct};
use crate::object::shape;
use crate::object::typeobj::{PyTypeObject, flags};
use crate::protocol::object as protocol;
use crate::types::function::PyFunction;
use crate::types::module::PyModule;
use crate::types::str::PyStr;
use crate::types::type_::lookup::lookup;

/// Units of inline cache behind `LOAD_ATTR`.
pub const LOAD_CACHE: usize = 9;
/// Units of inline cache behind `STORE_ATTR`.
pub const STORE_CACHE: usize = 4;

#[inline(always)]
fn name_of<'t>(m: &Machine<'t>, index: usize) -> &'t PyStr {
    // SAFETY: the index comes from the code.
    unsafe { m.code().name_at(index) }
}

#[inline(always)]
pub fn load_attr(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    let name = name_of(m, arg >> 1);
    let owner = m.peek_obj(1);
    if arg & 1 == 0 {
        let value = protocol::getattr(owner, name)?;
        let old = m.pop();
        m.push_owned(value);
        // SAFETY: popped.
        unsafe { old.close() };
    } else {
        let (value, unbound) = get_method(owner, name)?;
        let this = m.pop();
        m.push_owned(value);
        if unbound {
            m.push(this);
        } else {
            m.push(StackRef::NULL);
            // SAFETY: popped.
            unsafe { this.close() };
        }
    }
    m.skip(LOAD_CACHE);
    Ok(())
}

/// The attribute for a call: a plain function found on the type is not bound (`true`: pass the owner as first argument).
#[inline(never)]
pub fn get_method(owner: &PyObject, name: &PyStr) -> PyResult<(ObjRef, bool)> {
    match protocol::lookup_method(owner, name)? {
        Some(found) => Ok(found),
        // The full path words the error (and asks __getattr__).
        None => protocol::getattr(owner, name).map(|v| (v, false)),
    }
}

/// The owner's shape id, 0 in dictionary mode.
///
/// # Safety
/// The owner's type has MANAGED_DICT.
#[inline(always)]
unsafe fn shape_id(owner: &PyObject) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { shape::shape_of(owner).as_ref().map_or(0, shape::Shape::id) }
}

/// Pushes what a load found, closing the owner. `new` owns its reference.
#[inline(always)]
fn finish(m: &mut Machine<'_>, arg: usize, value: &PyObject) {
    let new = StackRef::new(value);
    let owner = m.pop();
    m.push(new);
    if arg & 1 != 0 {
        m.push(StackRef::NULL);
    }
    // SAFETY: popped; the value has its own reference.
    unsafe { owner.close() };
    m.skip(LOAD_CACHE);
}

#[inline(always)]
pub fn instance_value(m: &mut Machine<'_>, arg: usize) -> bool {
    let owner = m.peek_obj(1);
    if !owner.ty().has_flag(flags::MANAGED_DICT) {
        return false;
    }
    // SAFETY: just checked; the id says that the slot is in use.
    unsafe {
        if shape_id(owner) != m.cache32(1) {
            return false;
        }
        let value = &*shape::slot_at(owner, m.cache(3) as usize).get();
        finish(m, arg, value);
    }
    true
}

#[inline(always)]
fn version_matches(m: &Machine<'_>, ty: &PyTypeObject) -> bool {
    ty.tp_version_tag.get() == m.cache32(1)
}

/// Instances whose attributes are in a real dict.
#[inline(always)]
pub fn with_hint(m: &mut Machine<'_>, arg: usize) -> bool {
    let owner = m.peek_obj(1);
    if !version_matches(m, owner.ty()) {
        return false;
    }
    let name = name_of(m, arg >> 1);
    // SAFETY: the version is of a type with MANAGED_DICT.
    let Some(value) = (unsafe { shape::dict_of(owner) }).and_then(|d| d.get_str(name)) else { return false };
    finish(m, arg, &value);
    true
}

/// A `__slots__` member.
#[inline(always)]
pub fn slot_value(m: &mut Machine<'_>, arg: usize) -> bool {
    let owner = m.peek_obj(1);
    if !version_matches(m, owner.ty()) {
        return false;
    }
    // SAFETY: the version says there is an object field at the offset.
    let Some(value) = (unsafe { shape::slot_at(owner, m.cache(3) as usize).get().as_ref() }) else { return false };
    finish(m, arg, value);
    true
}

#[inline(always)]
pub fn module_value(m: &mut Machine<'_>, arg: usize) -> bool {
    let Some(module) = m.peek_obj(1).downcast_exact::<PyModule>() else { return false };
    let Some(dict) = module.md_dict.peek() else { return false };
    if dict.known_keys_version() != m.cache32(1) {
        return false;
    }
    let Some(value) = dict.value_at(m.cache(3) as usize) else { return false };
    finish(m, arg, value);
    true
}

#[inline(always)]
pub fn class_value(m: &mut Machine<'_>, arg: usize) -> bool {
    let Some(ty) = m.peek_obj(1).downcast_ref::<PyTypeObject>() else { return false };
    if !version_matches(m, ty) {
        return false;
    }
    // SAFETY: guarded by the version.
    let value = unsafe { &*m.cache_ptr::<PyObject>(5) };
    finish(m, arg, value);
    true
}

/// Is the instance's own namespace known not to hide the class attribute?
#[inline(always)]
fn not_hidden(m: &Machine<'_>, owner: &PyObject, ty: &PyTypeObject, kind: u8) -> bool {
    match kind {
        LOAD_ATTR_METHOD_WITH_VALUES | LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES => {
            // SAFETY: the version is of a type with shapes.
            unsafe {
                shape::attrs_word(owner).get() & shape::SHAPE_TAG != 0
                    && shape::shapes_of(ty).is_some_and(|s| s.count() as u16 == m.cache(3))
            }
        }
        LOAD_ATTR_METHOD_LAZY_DICT => {
            // SAFETY: the version is of a type with MANAGED_DICT.
            unsafe { shape::attrs_word(owner).get() == 0 }
        }
        _ => true,
    }
}

/// A function found on the type: pushed unbound, with the owner as `self`.
#[inline(always)]
pub fn method(m: &mut Machine<'_>, kind: u8) -> bool {
    let owner = m.peek_obj(1);
    let ty = owner.ty();
    if !version_matches(m, ty) || !not_hidden(m, owner, ty, kind) {
        return false;
    }
    // SAFETY: guarded by the version.
    let function = unsafe { &*m.cache_ptr::<PyObject>(5) };
    let this = m.pop();
    m.push(StackRef::new(function));
    m.push(this);
    m.skip(LOAD_CACHE);
    true
}

/// A class attribute without `__get__`, or a method that is not called at once (kind says how it is guarded).
#[inline(always)]
pub fn nondescriptor(m: &mut Machine<'_>, kind: u8) -> bool {
    let owner = m.peek_obj(1);
    let ty = owner.ty();
    if !version_matches(m, ty) || !not_hidden(m, owner, ty, kind) {
        return false;
    }
    // SAFETY: guarded by the version.
    let value = unsafe { &*m.cache_ptr::<PyObject>(5) };
    finish(m, 0, value);
    true
}

/// A property with a Python getter: entered in the same loop.
#[inline(always)]
pub fn property(m: &mut Machine<'_>) -> Option<PyResult<()>> {
    let owner = m.peek_obj(1);
    if !version_matches(m, owner.ty()) {
        return None;
    }
    // SAFETY: guarded by the version: the type keeps the property, the property its getter.
    let getter: &PyFunction = unsafe { (*m.cache_ptr::<PyObject>(5)).cast_unchecked_ref() };
    if getter.version() != m.cache32(3) {
        return None;
    }
    let args = m.top_n(1);
    Some(super::calls::enter_exact(m, getter.to_ref(), args, 1, 1, 1 + LOAD_CACHE))
}

#[inline(always)]
pub fn store_attr(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    protocol::setattr(m.peek_obj(1), name_of(m, arg), Some(m.peek_obj(2)))?;
    m.drop_n(2);
    m.skip(STORE_CACHE);
    Ok(())
}

#[inline(always)]
pub fn store_instance_value(m: &mut Machine<'_>) -> bool {
    let owner = m.peek_obj(1);
    if !owner.ty().has_flag(flags::MANAGED_DICT) {
        return false;
    }
    // SAFETY: just checked; the id says that the slot is in use.
    unsafe {
        if shape_id(owner) != m.cache32(1) {
            return false;
        }
        let owner_word = m.pop();
        let value = m.pop_owned();
        let old = shape::slot_at(owner, m.cache(3) as usize).replace(value.into_raw());
        m.skip(STORE_CACHE);
        PyObject::decref(old);
        owner_word.close();
    }
    true
}

/// Adds an attribute: the instance moves on to the next shape.
#[inline(always)]
pub fn store_new_value(m: &mut Machine<'_>, arg: usize) -> bool {
    let owner = m.peek_obj(1);
    if !owner.ty().has_flag(flags::MANAGED_DICT) {
        return false;
    }
    // SAFETY: just checked; the id says which shape the instance has.
    unsafe {
        let Some(current) = shape::shape_of(owner).as_ref() else { return false };
        if current.id() != m.cache32(1) {
            return false;
        }
        let Some(next) = current.next(name_of(m, arg)) else { return false };
        let owner_word = m.pop();
        let value = m.pop_owned();
        shape::add_slot(owner, next, value);
        m.skip(STORE_CACHE);
        owner_word.close();
    }
    true
}

#[inline(always)]
pub fn store_slot(m: &mut Machine<'_>) -> bool {
    let owner = m.peek_obj(1);
    if !version_matches(m, owner.ty()) {
        return false;
    }
    let owner_word = m.pop();
    let value = m.pop_owned();
    // SAFETY: the version says there is an object field at the offset.
    unsafe {
        let old = shape::slot_at(owner, m.cache(3) as usize).replace(value.into_raw());
        m.skip(STORE_CACHE);
        if !old.is_null() {
            PyObject::decref(old);
        }
        owner_word.close();
    }
    true
}

#[inline(always)]
pub fn delete_attr(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    protocol::setattr(m.peek_obj(1), name_of(m, arg), None)?;
    m.drop_top();
    Ok(())
}

/// `super().name`: the global `super`, the class and self are replaced by the attribute.
#[inline(always)]
pub fn load_super_attr(m: &mut Machine<'_>, arg: usize) -> PyResult<()> {
    let name = name_of(m, arg >> 2);
    let (value, unbound) = super_attr(m.peek_obj(3), m.peek_obj(2), m.peek_obj(1), name, arg & 1 != 0, arg & 2 != 0)?;
    let this = m.pop();
    let class = m.pop();
    let super_word = m.pop();
    m.push_owned(value);
    // SAFETY: popped.
    unsafe {
        if arg & 1 != 0 {
            if unbound {
                m.push(this);
            } else {
                m.push(StackRef::NULL);
                this.close();
            }
        } else {
            this.close();
        }
        class.close();
        super_word.close();
    }
    m.skip(1);
    Ok(())
}

#[inline(never)]
fn super_attr(
    global_super: &PyObject,
    class: &PyObject,
    this: &PyObject,
    name: &PyStr,
    method: bool,
    two_args: bool,
) -> PyResult<(ObjRef, bool)> {
    if global_super.is(<crate::types::super_::PySuper as crate::PyClass>::type_object().as_object()) {
        if let Some(class) = class.downcast_ref::<PyTypeObject>() {
            return crate::types::super_::lookup(class, this, name, method);
        }
    }
    // Something else is called super, or the first argument is no class: do as written.
    let object = if two_args {
        crate::protocol::call::call(global_super, &[class, this])?
    } else {
        crate::protocol::call::call_noargs(global_super)?
    };
    protocol::getattr(&object, name).map(|v| (v, false))
}

const SPECIAL_NAMES: [&str; 4] = ["__enter__", "__exit__", "__aenter__", "__aexit__"];

/// `LOAD_SPECIAL`: a context manager's method, looked up on the type.
#[inline(always)]
pub fn load_special(m: &mut Machine<'_>, which: usize) -> PyResult<()> {
    let owner = m.peek_obj(1);
    let (value, unbound) = special_method(owner, which)?;
    let this = m.pop();
    m.push_owned(value);
    if unbound {
        m.push(this);
    } else {
        m.push(StackRef::NULL);
        // SAFETY: popped.
        unsafe { this.close() };
    }
    Ok(())
}

#[inline(never)]
fn special_method(owner: &PyObject, which: usize) -> PyResult<(ObjRef, bool)> {
    let name = match which {
        0 => crate::intern!("__enter__"),
        1 => crate::intern!("__exit__"),
        2 => crate::intern!("__aenter__"),
        _ => crate::intern!("__aexit__"),
    };
    let Some(found) = lookup(owner.ty(), name) else { return Err(no_special_method(owner, which)) };
    if found.ty().has_flag(flags::METHOD_DESCRIPTOR) {
        return Ok((found.new_ref(), true));
    }
    let found = found.new_ref();
    match protocol::lookup_special(owner, name)? {
        Some(value) => Ok((value, false)),
        None => Ok((found, false)),
    }
}

#[cold]
fn no_special_method(owner: &PyObject, which: usize) -> crate::PyErr {
    let ty = owner.ty();
    let has = |name: &'static str| lookup(ty, &PyStr::intern(PyStr::new(name))).is_some();
    let asynchronous = which >= 2;
    let article = if asynchronous { "asynchronous context manager" } else { "context manager" };
    let base = format!(
        "'{}' object does not support the {article} protocol (missed {} method)",
        ty.name(),
        SPECIAL_NAMES[which.min(3)]
    );
    let other = if asynchronous { has("__enter__") && has("__exit__") } else { has("__aenter__") && has("__aexit__") };
    if other {
        let hint = if asynchronous {
            " but it supports the context manager protocol. Did you mean to use 'with'?"
        } else {
            " but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?"
        };
        return exc::type_error(format!("{base}{hint}"));
    }
    exc::type_error(base)
}
