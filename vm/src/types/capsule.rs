//! `PyCapsule`: a C pointer as an object, with which extension modules hand their functions to each other.

use core::cell::Cell;
use core::ffi::{CStr, c_char, c_void};

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::slots::{inquiry, traverseproc};
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::object;
use crate::runtime::gc::{self, Visit};
use crate::types::str::PyStr;
use rpy_derive::{pyclass, pymethods};

/// Called when a capsule dies.
pub type CapsuleDestructor = unsafe extern "C-unwind" fn(*mut PyObject);

/// Capsule objects let you wrap a C "void *" pointer in a Python
/// object.  They're a way of passing data through the Python interpreter
/// without creating your own custom type.
///
/// Capsules are used for communication between extension modules.
/// They provide a way for an extension module to export a C interface
/// to other extension modules, so that extension modules can use the
/// Python import mechanism to link to one another.
#[pyclass(name = "PyCapsule", symbol = "PyCapsule_Type", no_new, flags(HAVE_GC))]
#[repr(C)]
pub struct PyCapsule {
    pub ob_base: PyObject,
    pub pointer: Cell<*mut c_void>,
    /// Borrowed from the extension, which promises that it outlives the capsule.
    pub name: Cell<*const c_char>,
    pub context: Cell<*mut c_void>,
    pub destructor: Cell<Option<CapsuleDestructor>>,
    pub traverse_func: Cell<Option<traverseproc>>,
    pub clear_func: Cell<Option<inquiry>>,
}

impl PyCapsule {
    /// `PyCapsule_New`.
    ///
    /// # Errors
    /// `ValueError` for a null pointer.
    pub fn new(
        pointer: *mut c_void,
        name: *const c_char,
        destructor: Option<CapsuleDestructor>,
    ) -> PyResult<Ref<PyCapsule>> {
        if pointer.is_null() {
            return Err(exc::value_error("PyCapsule_New called with null pointer"));
        }
        let capsule = new_exact(PyCapsule {
            ob_base: PyObject::placeholder(),
            pointer: Cell::new(pointer),
            name: Cell::new(name),
            context: Cell::new(core::ptr::null_mut()),
            destructor: Cell::new(destructor),
            traverse_func: Cell::new(None),
            clear_func: Cell::new(None),
        });
        // Only capsules with a traverse function interest the collector.
        // SAFETY: just made.
        unsafe { gc::untrack(capsule.as_object()) };
        Ok(capsule)
    }

    /// Is this the capsule's name (by content, or both null)?
    ///
    /// # Safety
    /// `name` is null or NUL-terminated.
    pub unsafe fn has_name(&self, name: *const c_char) -> bool {
        let own = self.name.get();
        if own.is_null() || name.is_null() {
            return own == name;
        }
        // SAFETY: both are NUL-terminated.
        unsafe { CStr::from_ptr(own) == CStr::from_ptr(name) }
    }

    /// `PyCapsule_GetPointer`.
    ///
    /// # Errors
    /// `ValueError` if the name is another one.
    ///
    /// # Safety
    /// `name` is null or NUL-terminated.
    pub unsafe fn get_pointer(&self, name: *const c_char) -> PyResult<*mut c_void> {
        if self.pointer.get().is_null() {
            return Err(exc::value_error("PyCapsule_GetPointer called with invalid PyCapsule object"));
        }
        // SAFETY: the caller's promise.
        if unsafe { self.has_name(name) } {
            Ok(self.pointer.get())
        } else {
            Err(exc::value_error("PyCapsule_GetPointer called with incorrect name"))
        }
    }

    /// Makes the collector look into the capsule (`_PyCapsule_SetTraverse`).
    pub fn set_traverse(&self, traverse: Option<traverseproc>, clear: Option<inquiry>) {
        self.traverse_func.set(traverse);
        self.clear_func.set(clear);
        // SAFETY: capsules are collectable.
        unsafe {
            if traverse.is_some() {
                gc::track(self.as_object());
            } else {
                gc::untrack(self.as_object());
            }
        }
    }
}

#[pymethods]
impl PyCapsule {
    #[slot]
    unsafe fn tp_dealloc(capsule: *mut PyObject) {
        // SAFETY: the object is dead and a capsule; the destructor may look at it.
        unsafe {
            gc::untrack(&*capsule);
            if let Some(destructor) = (*(capsule as *const PyCapsule)).destructor.get() {
                destructor(capsule);
            }
            crate::object::dealloc::free_instance(capsule);
        }
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        if let Some(traverse) = self.traverse_func.get() {
            // SAFETY: the extension's function for this capsule.
            unsafe { v.delegate(traverse, self.as_object().as_ptr()) };
        }
    }

    #[slot]
    fn tp_clear(&self) {
        if let Some(clear) = self.clear_func.get() {
            // SAFETY: the extension's function for this capsule. What it reports stays pending for the collector.
            unsafe { clear(self.as_object().as_ptr()) };
        }
    }

    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        let this = self.as_object().as_ptr();
        let name = self.name.get();
        PyStr::from_string(if name.is_null() {
            format!("<capsule object NULL at {this:p}>")
        } else {
            // SAFETY: NUL-terminated by contract.
            let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
            format!("<capsule object \"{name}\" at {this:p}>")
        })
    }
}

/// `PyCapsule_Import`: the pointer of the capsule `module.attribute...` named so.
///
/// # Errors
/// What importing raises; `AttributeError` if the object is no capsule of that name.
pub fn import_capsule(name: &CStr) -> PyResult<*mut c_void> {
    let text = name.to_string_lossy();
    let mut parts = text.split('.');
    let first = parts.next().unwrap_or_default();
    let mut found: ObjRef = crate::import::import_module(first).map_err(|e| {
        if e.matches(exc::ImportError()) {
            exc::import_error(format!("PyCapsule_Import could not import module \"{first}\""))
        } else {
            e
        }
    })?;
    for part in parts {
        found = object::getattr(&found, &PyStr::new(part))?;
    }
    if let Some(capsule) = found.downcast_ref::<PyCapsule>() {
        // SAFETY: a C string.
        if unsafe { capsule.has_name(name.as_ptr()) } {
            return Ok(capsule.pointer.get());
        }
    }
    Err(exc::attribute_error_msg(format!("PyCapsule_Import \"{text}\" is not valid")))
}
