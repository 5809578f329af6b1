//! The object header: reference count and type, as in CPython 3.14's GIL build.
//!
//! ```text
//! offset 0   ob_refcnt    u32   the count; values from 2^31 mean "immortal"
//!        4   ob_overflow  u16   0 on mortal objects
//!        6   ob_flags     u16   0 on mortal objects; bit 0 immortal, bit 2 static
//!        8   ob_type      *PyTypeObject
//! ```
//!
//! Extension modules read and write these words inline, in three dialects of counting
//! (32-bit, and 64-bit with and without an immortality test). They agree as long as the upper
//! half of the first word stays zero on mortal objects and immortal counts stay far inside
//! the upper half of the 32-bit range.

use core::cell::Cell;

use super::refs::{ObjRef, Ref};
use super::typeobj::PyTypeObject;

/// Count with which immortal objects are created (`_Py_IMMORTAL_INITIAL_REFCNT`).
pub const IMMORTAL_INITIAL_REFCNT: u32 = 3 << 30;
/// Counts from here up are immortal (`_Py_IMMORTAL_MINIMUM_REFCNT`).
pub const IMMORTAL_MINIMUM_REFCNT: u32 = 1 << 31;
/// `ob_flags` of objects in static memory: immortal, statically allocated.
pub const STATIC_OBJECT_FLAGS: u16 = 1 | 4;

/// The header every Python object starts with (16 bytes).
#[repr(C)]
pub struct PyObject {
    pub ob_refcnt: Cell<u32>,
    pub ob_overflow: Cell<u16>,
    pub ob_flags: Cell<u16>,
    pub ob_type: Cell<*const PyTypeObject>,
}

/// The header of variable-sized objects (24 bytes). Never used by `int`.
#[repr(C)]
pub struct PyVarObject {
    pub ob_base: PyObject,
    pub ob_size: Cell<isize>,
}

// SAFETY: objects are only touched by the thread that holds the GIL; statics of object types
// need `Sync` to exist at all.
unsafe impl Sync for PyObject {}
// SAFETY: as for `PyObject`.
unsafe impl Sync for PyVarObject {}

impl PyObject {
    /// A header for an object in static memory.
    pub const fn new_static(ty: *const PyTypeObject) -> PyObject {
        PyObject {
            ob_refcnt: Cell::new(IMMORTAL_INITIAL_REFCNT),
            ob_overflow: Cell::new(0),
            ob_flags: Cell::new(STATIC_OBJECT_FLAGS),
            ob_type: Cell::new(ty),
        }
    }

    /// A placeholder header for values handed to [`super::alloc::new_object`], which writes the real one.
    pub const fn placeholder() -> PyObject {
        PyObject {
            ob_refcnt: Cell::new(1),
            ob_overflow: Cell::new(0),
            ob_flags: Cell::new(0),
            ob_type: Cell::new(core::ptr::null()),
        }
    }

    /// The object's type (borrowed from the object).
    #[inline(always)]
    pub fn ty(&self) -> &PyTypeObject {
        // SAFETY: a live object has a live type, which it owns a reference to (heap types) or which is static.
        unsafe { &*self.ob_type.get() }
    }

    /// The address as the C API sees it.
    #[inline(always)]
    pub fn as_ptr(&self) -> *mut PyObject {
        self as *const PyObject as *mut PyObject
    }

    /// Identity (`is`).
    #[inline(always)]
    pub fn is(&self, other: &PyObject) -> bool {
        core::ptr::eq(self, other)
    }

    /// Is the type exactly `ty` (no subclass)?
    #[inline(always)]
    pub fn is_exact_type(&self, ty: &PyTypeObject) -> bool {
        core::ptr::eq(self.ob_type.get(), ty)
    }

    /// Present count, for `sys.getrefcount` and uniqueness tests.
    #[inline(always)]
    pub fn refcount(&self) -> u32 {
        self.ob_refcnt.get()
    }

    #[inline(always)]
    pub fn is_immortal(&self) -> bool {
        (self.ob_refcnt.get() as i32) < 0
    }

    /// Adds a reference. The caller becomes responsible for one `decref`.
    #[inline(always)]
    pub fn incref(&self) {
        #[cfg(feature = "poison")]
        super::poison::check(self);
        let count = self.ob_refcnt.get();
        if count < IMMORTAL_INITIAL_REFCNT {
            self.ob_refcnt.set(count + 1);
        }
    }

    /// Gives a reference back; the object is destroyed at zero.
    ///
    /// # Safety
    /// The caller owns a reference, and uses neither it nor anything borrowed from it afterwards.
    #[inline(always)]
    pub unsafe fn decref(this: *const PyObject) {
        // SAFETY: the caller owns a reference, so the object is alive.
        let object = unsafe { &*this };
        #[cfg(feature = "poison")]
        super::poison::check(object);
        let count = object.ob_refcnt.get();
        if (count as i32) < 0 {
            return;
        }
        object.ob_refcnt.set(count - 1);
        if count == 1 {
            // SAFETY: that was the last reference.
            unsafe { super::dealloc::dealloc(this as *mut PyObject) };
        }
    }

    /// A new owned reference to this object.
    #[inline(always)]
    pub fn new_ref(&self) -> ObjRef {
        self.incref();
        // SAFETY: the reference was just added.
        unsafe { Ref::from_owned_ptr(self.as_ptr()) }
    }

    /// Makes the object immortal (interned constants, singletons made at run time).
    pub fn make_immortal(&self) {
        self.ob_refcnt.set(IMMORTAL_INITIAL_REFCNT);
        self.ob_flags.set(self.ob_flags.get() | 1);
    }
}

impl PyVarObject {
    /// A header for an object in static memory.
    pub const fn new_static(ty: *const PyTypeObject, size: isize) -> PyVarObject {
        PyVarObject { ob_base: PyObject::new_static(ty), ob_size: Cell::new(size) }
    }

    /// See [`PyObject::placeholder`].
    pub const fn placeholder(size: isize) -> PyVarObject {
        PyVarObject { ob_base: PyObject::placeholder(), ob_size: Cell::new(size) }
    }
}
