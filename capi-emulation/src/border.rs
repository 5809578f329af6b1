//! The border between C and the VM: what an exported function returns, what happens to errors and panics, and small helpers that
//! all families share.
//!
//! Inside the VM an exception in flight is an `Err`; C is told by NULL or -1 and finds the exception in the thread state. A panic (a
//! fault of ours) must not travel through C frames: it becomes a `SystemError`.

use core::ffi::{CStr, c_char, c_int, c_long, c_longlong, c_uint, c_ulong, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rpy_vm::runtime::unraisable::write_unraisable;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc};

/// A borrowed argument that CPython's documentation does not allow to be NULL.
pub type Obj<'a> = &'a PyObject;
/// A borrowed argument that may be NULL.
pub type OptObj<'a> = Option<&'a PyObject>;
/// An argument whose reference the function takes over ("steals"), NULL allowed. Dropping it gives the reference back.
pub type Stolen = Option<ObjRef>;
/// A new reference for the caller, or NULL with an exception set.
pub type Out = *mut PyObject;
/// A reference that stays somebody else's, or NULL.
pub type Borrowed = *mut PyObject;

/// What a C function of this return type answers when an exception is set.
pub trait CReturn {
    /// The answer.
    const FAILED: Self;
}

macro_rules! failed {
    ($($ty:ty => $value:expr),* $(,)?) => { $( impl CReturn for $ty { const FAILED: Self = $value; } )* };
}
failed! {
    () => (), c_int => -1, isize => -1, i64 => -1, f64 => -1.0, usize => usize::MAX, u64 => u64::MAX, c_uint => c_uint::MAX, u8 => 0,
}
impl<T> CReturn for *mut T {
    const FAILED: Self = core::ptr::null_mut();
}
impl<T> CReturn for *const T {
    const FAILED: Self = core::ptr::null();
}
const _: () = assert!(size_of::<c_long>() == size_of::<i64>() && size_of::<c_longlong>() == size_of::<i64>());
const _: () = assert!(size_of::<c_ulong>() == size_of::<u64>());

/// A Rust result as its C value.
pub trait IntoC<R> {
    /// The value for C.
    fn into_c(self) -> R;
}

impl<T: PyStruct, U: PyStruct> IntoC<*mut U> for Ref<T> {
    #[inline(always)]
    fn into_c(self) -> *mut U {
        self.into_raw() as *mut U
    }
}
impl<T: PyStruct, U: PyStruct> IntoC<*mut U> for Option<Ref<T>> {
    #[inline(always)]
    fn into_c(self) -> *mut U {
        self.map_or(core::ptr::null_mut(), |object| object.into_raw() as *mut U)
    }
}
impl<T: PyStruct, U: PyStruct> IntoC<*mut U> for &T {
    /// Borrowed: somebody else keeps the object alive.
    #[inline(always)]
    fn into_c(self) -> *mut U {
        self as *const T as *mut U
    }
}
impl IntoC<c_int> for () {
    #[inline(always)]
    fn into_c(self) -> c_int {
        0
    }
}
impl IntoC<c_int> for bool {
    #[inline(always)]
    fn into_c(self) -> c_int {
        c_int::from(self)
    }
}
impl IntoC<isize> for usize {
    #[inline(always)]
    fn into_c(self) -> isize {
        self as isize
    }
}
macro_rules! as_it_is {
    ($($ty:ty),*) => { $( impl IntoC<$ty> for $ty { #[inline(always)] fn into_c(self) -> $ty { self } } )* };
}
as_it_is!(c_int, isize, i64, f64, u64, usize, u32);
impl<T> IntoC<*mut T> for *mut T {
    #[inline(always)]
    fn into_c(self) -> *mut T {
        self
    }
}
impl<T> IntoC<*const T> for *const T {
    #[inline(always)]
    fn into_c(self) -> *const T {
        self
    }
}

/// Runs the body of an exported function that tells C about errors itself.
#[inline(always)]
pub fn guard<R: CReturn>(body: impl FnOnce() -> R) -> R {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => value,
        Err(payload) => {
            panicked(payload);
            R::FAILED
        }
    }
}

/// Runs the body of an exported function; an error is set as the pending exception.
#[inline(always)]
pub fn guard_result<T: IntoC<R>, R: CReturn>(body: impl FnOnce() -> PyResult<T>) -> R {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => value.into_c(),
        Ok(Err(error)) => {
            error.restore();
            R::FAILED
        }
        Err(payload) => {
            panicked(payload);
            R::FAILED
        }
    }
}

#[cold]
#[inline(never)]
fn panicked(payload: Box<dyn core::any::Any + Send>) {
    let text = payload
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown fault".to_owned());
    if rpy_vm::runtime::thread::try_current().is_some() {
        exc::system_error(format!("internal error: {text}")).restore();
    }
}

/// `SystemError: bad argument to internal function`: an object of the wrong type was passed.
#[cold]
pub fn bad_call() -> PyErr {
    exc::system_error("bad argument to internal function")
}

/// `SystemError: null argument to internal routine`, unless an exception is set already.
#[cold]
pub fn null_argument() -> PyErr {
    PyErr::fetch().unwrap_or_else(|| exc::system_error("null argument to internal routine"))
}

/// An argument that must not be NULL where CPython says so with an exception.
#[inline(always)]
pub fn non_null(object: Option<&PyObject>) -> PyResult<&PyObject> {
    object.ok_or_else(null_argument)
}

/// The argument as a `T` or a subclass.
///
/// # Errors
/// [`bad_call`].
#[inline(always)]
pub fn expect<T: PyClass>(object: &PyObject) -> PyResult<&T> {
    object.downcast_ref::<T>().ok_or_else(bad_call)
}

/// A C string as a new `str`: UTF-8.
///
/// # Errors
/// `UnicodeDecodeError`.
///
/// # Safety
/// NUL-terminated.
pub unsafe fn c_str(text: *const c_char) -> PyResult<Ref<PyStr>> {
    // SAFETY: the caller's promise.
    let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
    match core::str::from_utf8(bytes) {
        Ok(text) => PyStr::try_new(text),
        Err(_) => rpy_vm::runtime::codecs::decode_bytes(bytes, Some("utf-8"), None),
    }
}

/// A C string as an interned `str`, for attribute names and the like.
///
/// # Errors
/// `UnicodeDecodeError`.
///
/// # Safety
/// NUL-terminated.
pub unsafe fn c_name(text: *const c_char) -> PyResult<Ref<PyStr>> {
    // SAFETY: the caller's promise.
    unsafe { c_str(text) }.map(PyStr::intern)
}

/// A C string for a message; `?` for NULL.
///
/// # Safety
/// Null or NUL-terminated, and alive while the result is used.
pub unsafe fn lossy<'a>(text: *const c_char) -> std::borrow::Cow<'a, str> {
    if text.is_null() {
        return "?".into();
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_string_lossy()
}

/// A C string as Rust text, if it is there and is UTF-8.
///
/// # Safety
/// Null or NUL-terminated, and alive while the result is used.
pub unsafe fn opt_text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().ok()
}

/// Arguments as C passes them to `tp_call` and friends.
///
/// # Errors
/// `SystemError` if they are not a tuple, and a dict or NULL.
pub fn call_arguments<'a>(
    args: &'a PyObject,
    kwargs: Option<&'a PyObject>,
) -> PyResult<(&'a PyTuple, Option<&'a PyDict>)> {
    Ok((expect(args)?, kwargs.map(expect).transpose()?))
}

/// A class argument of a warning or error function.
pub fn as_type(object: &PyObject) -> Option<&PyTypeObject> {
    object.downcast_ref()
}

/// Writes through an out-parameter that may be NULL.
///
/// # Safety
/// Null or writable.
#[inline(always)]
pub unsafe fn store<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: the caller's promise.
        unsafe { place.write(value) };
    }
}

/// Stores the result of an optional lookup: 1 with a new reference, 0 with NULL, -1 with NULL and an exception.
///
/// # Safety
/// Null or writable.
pub unsafe fn store_optional(place: *mut *mut PyObject, found: PyResult<Option<ObjRef>>) -> PyResult<c_int> {
    // SAFETY: the caller's promise.
    unsafe { store(place, core::ptr::null_mut()) };
    match found? {
        Some(value) => {
            if !place.is_null() {
                // SAFETY: the caller's promise.
                unsafe { place.write(value.into_raw()) };
            }
            Ok(1)
        }
        None => Ok(0),
    }
}

/// The answer of functions that cannot tell of errors: is it there? An error is reported with the function, and with what to use instead.
pub fn is_there(found: PyResult<Option<ObjRef>>, function: &str) -> c_int {
    match found {
        Ok(found) => c_int::from(found.is_some()),
        Err(error) => {
            write_unraisable(error, Some(&format!("Exception ignored in {function}")), None);
            0
        }
    }
}

/// A pointer to anything, as C's `void *`.
pub type Void = *mut c_void;
