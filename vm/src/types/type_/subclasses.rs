//! Who derives from a type: `tp_subclasses`, a list of borrowed pointers in order of creation.
//!
//! A subclass takes itself off its bases' lists before it dies, so that the pointers are always to live types.

use core::cell::RefCell;
use core::ffi::c_void;

use crate::object::{PyStruct, PyTypeObject, Ref};

type Subclasses = RefCell<Vec<*const PyTypeObject>>;

fn of(ty: &PyTypeObject) -> Option<&Subclasses> {
    // SAFETY: null, or a box made by `add` that lives as long as the type.
    unsafe { (ty.tp_subclasses.get() as *const Subclasses).as_ref() }
}

/// The direct subclasses that are alive, oldest first.
pub fn list(ty: &PyTypeObject) -> Vec<Ref<PyTypeObject>> {
    match of(ty) {
        // SAFETY: listed types are alive (a dying type leaves the list before its count is touched).
        Some(all) => all.borrow().iter().map(|&t| unsafe { (*t).to_ref() }).collect(),
        None => Vec::new(),
    }
}

/// Notes that `subclass` derives from `base` directly.
pub(crate) fn add(base: &PyTypeObject, subclass: &PyTypeObject) {
    if base.tp_subclasses.get().is_null() {
        let all: Box<Subclasses> = Box::default();
        base.tp_subclasses.set(Box::into_raw(all) as *mut c_void);
    }
    if let Some(all) = of(base) {
        let mut all = all.borrow_mut();
        if !all.iter().any(|&t| core::ptr::eq(t, subclass)) {
            all.push(subclass);
        }
    }
}

/// Takes `subclass` off the list of `base`.
pub(crate) fn remove(base: &PyTypeObject, subclass: &PyTypeObject) {
    if let Some(all) = of(base) {
        all.borrow_mut().retain(|&t| !core::ptr::eq(t, subclass));
    }
}

/// Adds a type to the lists of all its bases.
pub(crate) fn add_to_bases(ty: &PyTypeObject) {
    if let Some(bases) = ty.tp_bases.get() {
        for base in bases.items() {
            // SAFETY: bases are types.
            add(unsafe { base.cast_unchecked_ref() }, ty);
        }
    }
}

/// Takes a type off the lists of all its bases.
pub(crate) fn remove_from_bases(ty: &PyTypeObject) {
    if let Some(bases) = ty.tp_bases.get() {
        for base in bases.items() {
            // SAFETY: bases are types.
            remove(unsafe { base.cast_unchecked_ref() }, ty);
        }
    }
}

/// Frees the list of a dying type.
pub(crate) fn free(ty: &PyTypeObject) {
    let all = ty.tp_subclasses.replace(core::ptr::null_mut()) as *mut Subclasses;
    if !all.is_null() {
        // SAFETY: made by `add`; the type is dying, so nobody uses it any more.
        drop(unsafe { Box::from_raw(all) });
    }
}
