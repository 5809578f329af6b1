//! What `time` and `datetime` share in memory: a pointer to the time zone at the end, for which objects without a zone do
//! not have the room.
//!
//! ```text
//!   header | hashcode | hastzinfo | data | fold |  tzinfo
//!   ^ the Rust struct, and all that a naive      ^ only if hastzinfo
//!     instance of the exact type has
//! ```
//!
//! Instances of subclasses always have the room, since the types' `tp_basicsize` includes it.

use core::mem::{ManuallyDrop, size_of};

use rpy_vm::object::{alloc, dealloc};
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref};

/// A struct behind which a pointer to a time zone follows.
///
/// # Safety
/// Where `has_tzinfo` says so, an owned pointer lies at the offset `size_of::<Self>()`. The type has no collector's head and
/// is no variable-sized one.
pub unsafe trait Zoned: PyClass {
    /// The flag in the struct.
    fn has_tzinfo(&self) -> bool;

    /// The time zone.
    #[inline]
    fn tzinfo(&self) -> Option<&PyObject> {
        if !self.has_tzinfo() {
            return None;
        }
        // SAFETY: the trait's promise.
        unsafe { (*zone_slot(self)).as_ref() }
    }

    /// The time zone as Python sees it.
    fn tzinfo_object(&self) -> ObjRef {
        self.tzinfo().map_or_else(rpy_vm::none, PyObject::new_ref)
    }
}

/// Where the pointer lies.
fn zone_slot<T: Zoned>(object: *const T) -> *mut *mut PyObject {
    object.wrapping_add(1).cast::<*mut PyObject>().cast_mut()
}

/// A new instance of `cls`, which is `T`'s type or derived from it. The caller has set `value`'s flag accordingly.
///
/// # Errors
/// `MemoryError`.
pub fn new_zoned<T: Zoned>(cls: &PyTypeObject, value: T, tzinfo: Option<&PyObject>) -> PyResult<Ref<T>> {
    debug_assert_eq!(value.has_tzinfo(), tzinfo.is_some());
    let Some(tzinfo) = tzinfo else {
        return alloc::new_in(cls, value);
    };
    let value = ManuallyDrop::new(value);
    // SAFETY: `tp_alloc` of a ready type gives a zeroed instance with room for the pointer; everything behind the header is
    // written before anybody sees it.
    unsafe {
        let object = match cls.tp_alloc.get() {
            Some(tp_alloc) => ObjRef::from_c_result(tp_alloc(cls as *const _ as *mut _, 1))?.into_raw(),
            None => alloc::alloc_var(cls, 0)?,
        };
        let header = size_of::<PyObject>();
        let source = (&raw const *value).cast::<u8>().add(header);
        source.copy_to_nonoverlapping(object.cast::<u8>().add(header), size_of::<T>() - header);
        zone_slot(object.cast::<T>()).write(tzinfo.new_ref().into_raw());
        Ok(Ref::from_owned_ptr(object.cast()))
    }
}

/// Gives an aware object another time zone. Only for objects just made, which nobody else has seen.
pub fn replace_zone<T: Zoned>(object: &T, tzinfo: &PyObject) {
    debug_assert!(object.has_tzinfo());
    // SAFETY: the trait's promise; the old reference is given back after the new one is in place.
    unsafe {
        let old = core::mem::replace(&mut *zone_slot(object), tzinfo.new_ref().into_raw());
        PyObject::decref(old);
    }
}

/// `tp_alloc`: naive instances of the exact type are allocated without the pointer.
///
/// # Safety
/// `cls` is a ready type derived from `T`'s.
pub unsafe fn allocate<T: Zoned>(cls: *mut PyTypeObject, aware: isize) -> *mut PyObject {
    if aware != 0 || !core::ptr::eq(cls, T::type_object()) {
        // SAFETY: the caller's promise.
        return unsafe { alloc::generic_alloc(cls, 0) };
    }
    let object = alloc::mem_calloc(size_of::<T>()).cast::<PyObject>();
    if object.is_null() {
        return rpy_vm::exc::memory_error().restore_null();
    }
    // SAFETY: fresh memory of the struct's size, and a live type.
    unsafe { alloc::init_header(object, &*cls) };
    object
}

/// `tp_dealloc`.
///
/// # Safety
/// `object` is a dead instance of `T`'s type or one derived from it.
pub unsafe fn deallocate<T: Zoned>(object: *mut PyObject) {
    // SAFETY: the caller's promise; the struct itself owns nothing.
    unsafe {
        let this = object.cast::<T>();
        if (*this).has_tzinfo() {
            let tzinfo = *zone_slot(this);
            if !tzinfo.is_null() {
                PyObject::decref(tzinfo);
            }
        }
        dealloc::free_instance(object);
    }
}

/// The address of an optional zone, for identity tests.
pub fn same_zone(a: Option<&PyObject>, b: Option<&PyObject>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a.is(b),
        _ => false,
    }
}

/// `cls(*numbers, tzinfo, fold=fold)`: how results of a subclass are made. The keyword is passed only if `fold` is set, for
/// subclasses that do not know it.
///
/// # Errors
/// What the class raises.
pub fn call_class(cls: &PyTypeObject, numbers: &[i32], tzinfo: Option<&PyObject>, fold: i32) -> PyResult {
    let numbers: Vec<ObjRef> = numbers.iter().map(|&n| crate::support::int(i64::from(n))).collect();
    let fold_object = crate::support::int(i64::from(fold));
    let mut args: Vec<&PyObject> = numbers.iter().map(|n| &**n).collect();
    args.push(tzinfo.unwrap_or(rpy_vm::none_ref()));
    if fold == 0 {
        return rpy_vm::protocol::call::call(cls.as_object(), &args);
    }
    args.push(&fold_object);
    let names = rpy_vm::types::tuple::PyTuple::from_array([rpy_vm::intern!("fold").to_obj()]);
    rpy_vm::protocol::call::call_kw(cls.as_object(), &args, Some(&names))
}
