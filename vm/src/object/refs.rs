//! Owned references, and the traits that tie Rust structs to Python types.
//!
//! `Ref<T>` owns one count: `Clone` adds one, `Drop` gives one back. `&T` is borrowed.
//! `OptRef<T>` is the field form: a nullable owned pointer with interior mutability, laid out as
//! the plain `PyObject *` that extension modules expect to find there.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::Deref;
use core::ptr::NonNull;

use super::header::PyObject;
use super::typeobj::{PyTypeObject, flags};

/// A struct with an object header at offset 0.
///
/// # Safety
/// The implementor is `#[repr(C)]` and starts with `PyObject` (directly or through another `PyStruct`).
pub unsafe trait PyStruct: 'static {
    /// This object seen through its header.
    #[inline(always)]
    fn as_object(&self) -> &PyObject {
        // SAFETY: the trait's contract.
        unsafe { &*(self as *const Self as *const u8 as *const PyObject) }
    }

    /// A new owned reference.
    #[inline(always)]
    fn to_ref(&self) -> Ref<Self>
    where
        Self: Sized,
    {
        self.as_object().incref();
        // SAFETY: the reference was just added.
        unsafe { Ref::from_owned_ptr(self as *const Self as *mut Self) }
    }

    /// A new owned reference, seen through the header.
    #[inline(always)]
    fn to_obj(&self) -> ObjRef {
        self.as_object().new_ref()
    }
}

/// A struct that is the layout of the instances of one Python type and of its subtypes.
///
/// # Safety
/// Every instance of `type_object()` and its subtypes starts with this struct.
pub unsafe trait PyClass: PyStruct + Sized {
    /// The class name, for messages.
    const NAME: &'static str;
    /// The `*_SUBCLASS` bit that answers "is a subtype of this" by itself, or 0.
    const SUBCLASS_FLAG: u64 = 0;
    /// The static type object.
    fn type_object() -> &'static PyTypeObject;

    /// Is `object` an instance of this type or a subtype?
    #[inline(always)]
    fn check(object: &PyObject) -> bool {
        if Self::SUBCLASS_FLAG != 0 {
            object.ty().tp_flags.get() & Self::SUBCLASS_FLAG != 0
        } else {
            let ty = object.ty();
            core::ptr::eq(ty, Self::type_object()) || ty.is_subtype(Self::type_object())
        }
    }

    /// Is `object` an instance of exactly this type?
    #[inline(always)]
    fn check_exact(object: &PyObject) -> bool {
        object.is_exact_type(Self::type_object())
    }
}

// SAFETY: it is the header.
unsafe impl PyStruct for PyObject {}
// SAFETY: it starts with the header.
unsafe impl PyStruct for super::header::PyVarObject {}
// SAFETY: it starts with a PyVarObject.
unsafe impl PyStruct for PyTypeObject {}
// SAFETY: every metatype's instances start with a PyTypeObject.
unsafe impl PyClass for PyTypeObject {
    const NAME: &'static str = "type";
    const SUBCLASS_FLAG: u64 = flags::TYPE_SUBCLASS;
    fn type_object() -> &'static PyTypeObject {
        &crate::types::type_::PyType_Type
    }
}
// SAFETY: every object starts with the header.
unsafe impl PyClass for PyObject {
    const NAME: &'static str = "object";
    fn type_object() -> &'static PyTypeObject {
        &crate::types::object::PyBaseObject_Type
    }
    #[inline(always)]
    fn check(_object: &PyObject) -> bool {
        true
    }
}

/// An owned reference to a Python object of layout `T`; never null.
#[repr(transparent)]
pub struct Ref<T: PyStruct>(NonNull<T>, PhantomData<T>);

/// An owned reference to any object.
pub type ObjRef = Ref<PyObject>;

impl<T: PyStruct> Ref<T> {
    /// Takes over a reference the caller owns.
    ///
    /// # Safety
    /// `ptr` is non-null, points to a live object of layout `T`, and the caller owns the reference.
    #[inline(always)]
    pub unsafe fn from_owned_ptr(ptr: *mut T) -> Ref<T> {
        debug_assert!(!ptr.is_null());
        // SAFETY: the caller's promise.
        Ref(unsafe { NonNull::new_unchecked(ptr) }, PhantomData)
    }

    /// Adds a reference to an object somebody else keeps alive.
    ///
    /// # Safety
    /// `ptr` is non-null and points to a live object of layout `T`.
    #[inline(always)]
    pub unsafe fn from_borrowed_ptr(ptr: *mut T) -> Ref<T> {
        // SAFETY: the caller's promise.
        unsafe { (*ptr).to_ref() }
    }

    /// The pointer, without giving up the reference.
    #[inline(always)]
    pub fn as_raw(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Gives the reference away as a pointer; whoever takes it owns it.
    #[inline(always)]
    pub fn into_raw(self) -> *mut T {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// The same reference seen through the header.
    #[inline(always)]
    pub fn into_obj(self) -> ObjRef {
        // SAFETY: ownership moves over; `T` starts with the header.
        unsafe { Ref::from_owned_ptr(self.into_raw() as *mut PyObject) }
    }

    /// Changes the static layout without a check.
    ///
    /// # Safety
    /// The object really has layout `U`.
    #[inline(always)]
    pub unsafe fn cast_unchecked<U: PyStruct>(self) -> Ref<U> {
        // SAFETY: the caller's promise.
        unsafe { Ref::from_owned_ptr(self.into_raw() as *mut U) }
    }
}

impl ObjRef {
    /// From the result of a C function: null means "an exception is set", which becomes the `Err`.
    ///
    /// # Safety
    /// `ptr` is null with an exception set in the thread state, or an owned reference.
    #[inline(always)]
    pub unsafe fn from_c_result(ptr: *mut PyObject) -> crate::PyResult<ObjRef> {
        if ptr.is_null() {
            Err(crate::err::PyErr::fetch_or_system_error())
        } else {
            // SAFETY: the caller's promise.
            Ok(unsafe { Ref::from_owned_ptr(ptr) })
        }
    }

    /// Narrows to `T`, giving the reference back when the type does not fit.
    #[inline]
    pub fn downcast<T: PyClass>(self) -> Result<Ref<T>, ObjRef> {
        if T::check(&self) {
            // SAFETY: just checked.
            Ok(unsafe { self.cast_unchecked() })
        } else {
            Err(self)
        }
    }
}

impl PyObject {
    /// This object as a `T`, if it is an instance of that type or a subtype.
    #[inline(always)]
    pub fn downcast_ref<T: PyClass>(&self) -> Option<&T> {
        if T::check(self) {
            // SAFETY: just checked.
            Some(unsafe { self.cast_unchecked_ref() })
        } else {
            None
        }
    }

    /// This object as a `T`, if its type is exactly that.
    #[inline(always)]
    pub fn downcast_exact<T: PyClass>(&self) -> Option<&T> {
        if T::check_exact(self) {
            // SAFETY: just checked.
            Some(unsafe { self.cast_unchecked_ref() })
        } else {
            None
        }
    }

    /// This object as a `T`, unchecked.
    ///
    /// # Safety
    /// The object really has layout `T`.
    #[inline(always)]
    pub unsafe fn cast_unchecked_ref<T: PyStruct>(&self) -> &T {
        // SAFETY: the caller's promise.
        unsafe { &*(self as *const PyObject as *const T) }
    }
}

impl<T: PyStruct> Deref for Ref<T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: we own a reference, so the object is alive.
        unsafe { self.0.as_ref() }
    }
}

impl<T: PyStruct> Clone for Ref<T> {
    #[inline(always)]
    fn clone(&self) -> Ref<T> {
        self.to_ref()
    }
}

impl<T: PyStruct> Drop for Ref<T> {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: we own the reference and nobody can use it after this.
        unsafe { PyObject::decref(self.0.as_ptr() as *const PyObject) }
    }
}

impl<T: PyStruct> From<&T> for Ref<T> {
    fn from(value: &T) -> Ref<T> {
        value.to_ref()
    }
}

impl<T: PyStruct> fmt::Debug for Ref<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} object at {:p}>", self.as_object().ty().name(), self.as_raw())
    }
}

/// A nullable owned reference in a field, with interior mutability; one pointer wide.
#[repr(transparent)]
pub struct OptRef<T: PyStruct = PyObject>(Cell<*mut T>);

impl<T: PyStruct> OptRef<T> {
    /// Empty (NULL).
    pub const NULL: OptRef<T> = OptRef(Cell::new(core::ptr::null_mut()));

    #[inline]
    pub fn new(value: Option<Ref<T>>) -> OptRef<T> {
        OptRef(Cell::new(value.map_or(core::ptr::null_mut(), Ref::into_raw)))
    }

    #[inline]
    pub fn some(value: Ref<T>) -> OptRef<T> {
        OptRef(Cell::new(value.into_raw()))
    }

    /// A new reference to the content.
    #[inline]
    pub fn get(&self) -> Option<Ref<T>> {
        self.peek().map(PyStruct::to_ref)
    }

    /// The content, borrowed. Valid only until the field changes: the caller runs no Python code while holding it.
    #[inline(always)]
    pub fn peek(&self) -> Option<&T> {
        // SAFETY: the field owns a reference to what it points to.
        unsafe { self.0.get().as_ref() }
    }

    #[inline(always)]
    pub fn as_raw(&self) -> *mut T {
        self.0.get()
    }

    #[inline]
    pub fn is_null(&self) -> bool {
        self.0.get().is_null()
    }

    /// Stores a new value; the old one is dropped after the store, so that its finalizer sees the new state.
    #[inline]
    pub fn set(&self, value: Option<Ref<T>>) {
        drop(self.replace(value));
    }

    #[inline]
    pub fn replace(&self, value: Option<Ref<T>>) -> Option<Ref<T>> {
        let old = self.0.replace(value.map_or(core::ptr::null_mut(), Ref::into_raw));
        if old.is_null() {
            None
        } else {
            // SAFETY: the field owned this reference and has just let go of it.
            Some(unsafe { Ref::from_owned_ptr(old) })
        }
    }

    #[inline]
    pub fn take(&self) -> Option<Ref<T>> {
        self.replace(None)
    }
}

impl<T: PyStruct> Drop for OptRef<T> {
    fn drop(&mut self) {
        self.take();
    }
}

impl<T: PyStruct> Default for OptRef<T> {
    fn default() -> Self {
        OptRef::NULL
    }
}

// SAFETY: only touched under the GIL.
unsafe impl<T: PyStruct> Sync for OptRef<T> {}
