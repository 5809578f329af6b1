//! Python exceptions as Rust errors.
//!
//! Inside the VM an exception in flight is an `Err(PyErr)`: one owned, non-null pointer. At the border to C (slots called
//! by extensions, the C API) it is moved into the thread state's `current_exception`, where compiled modules look for it.

use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct, Ref};
use crate::object::typeobj::{PyTypeObject, flags};
use crate::runtime::thread;
use crate::types::exceptions::PyBaseException;
use core::ffi::c_int;

/// A raised exception: an owned, normalised instance.
pub struct PyErr(Ref<PyBaseException>);

/// The result of anything that may raise.
pub type PyResult<T = ObjRef> = Result<T, PyErr>;

impl PyErr {
    /// A new exception of class `ty` with one string argument. If even that fails, the failure is the error.
    #[cold]
    #[inline(never)]
    pub fn new(ty: &PyTypeObject, msg: impl Into<String>) -> PyErr {
        let msg = crate::types::str::PyStr::from_string(msg.into());
        PyErr::with_args(ty, vec![msg.into_obj()])
    }

    /// A new exception `ty(*args)`.
    #[cold]
    pub fn with_args(ty: &PyTypeObject, args: Vec<ObjRef>) -> PyErr {
        match crate::types::exceptions::new_exception(ty, args) {
            Ok(value) => PyErr::raise(value),
            Err(e) => e,
        }
    }

    /// Raises an instance: as [`PyErr::from_exception`], but the exception being handled becomes its `__context__`.
    /// A chain that would become a cycle is cut where it already mentions `value`.
    #[cold]
    pub fn raise(value: Ref<PyBaseException>) -> PyErr {
        if let Some(handled) = thread::handled_exception() {
            if !handled.is(value.as_object()) && handled.ty().has_flag(flags::BASE_EXC_SUBCLASS) {
                // SAFETY: the flag says it is an exception, and so are contexts.
                let as_exception = |object: ObjRef| unsafe { object.cast_unchecked::<PyBaseException>() };
                let handled = as_exception(handled);
                let mut slow = handled.clone();
                let mut fast = handled.clone();
                let mut steps = 0usize;
                // Walk the contexts; a cycle that does not contain `value` is found with a second, slower walker.
                while let Some(context) = fast.context().map(as_exception) {
                    if core::ptr::eq(&*context, &*value) {
                        fast.set_context(None);
                        break;
                    }
                    fast = context;
                    if core::ptr::eq(&*fast, &*slow) {
                        break;
                    }
                    steps += 1;
                    if steps % 2 == 0 {
                        if let Some(next) = slow.context().map(as_exception) {
                            slow = next;
                        }
                    }
                }
                value.set_context(Some(handled.into_obj()));
            }
        }
        PyErr(value)
    }

    /// The owned reference as an address, for where a `PyErr` itself cannot travel.
    #[inline]
    pub fn into_raw(self) -> *mut PyObject {
        self.0.into_raw() as *mut PyObject
    }

    /// Undoes [`PyErr::into_raw`].
    ///
    /// # Safety
    /// `raw` came from `into_raw` and is taken back once.
    #[inline]
    pub unsafe fn from_raw(raw: *mut PyObject) -> PyErr {
        // SAFETY: the caller's promise.
        PyErr(unsafe { Ref::from_owned_ptr(raw as *mut PyBaseException) })
    }

    /// From what `raise` was given an instance of; anything but an exception becomes a `TypeError`.
    pub fn from_instance(value: ObjRef) -> PyErr {
        if value.ty().has_flag(flags::BASE_EXC_SUBCLASS) {
            // SAFETY: the flag says it is an exception.
            PyErr(unsafe { value.cast_unchecked() })
        } else {
            crate::exc::type_error("exceptions must derive from BaseException")
        }
    }

    #[inline]
    pub fn from_exception(value: Ref<PyBaseException>) -> PyErr {
        PyErr(value)
    }

    /// Takes the pending exception out of the thread state: the way from C into the VM.
    pub fn fetch() -> Option<PyErr> {
        let slot = &thread::current().current_exception;
        // SAFETY: the field owns an exception instance or is null.
        slot.take().map(|value| PyErr(unsafe { value.cast_unchecked() }))
    }

    /// As [`PyErr::fetch`]; if C reported a failure without setting an exception, a `SystemError` says so.
    #[cold]
    pub fn fetch_or_system_error() -> PyErr {
        PyErr::fetch().unwrap_or_else(|| crate::exc::system_error("error return without exception set"))
    }

    /// Makes it the thread state's pending exception: the way from the VM to C.
    #[cold]
    pub fn restore(self) {
        thread::current().current_exception.set(Some(self.0.into_obj()));
    }

    /// Restores and gives the null that a C function returns.
    #[cold]
    pub fn restore_null<T>(self) -> *mut T {
        self.restore();
        core::ptr::null_mut()
    }

    /// Restores and gives the -1 that a C function returns.
    #[cold]
    pub fn restore_int(self) -> c_int {
        self.restore();
        -1
    }

    /// The instance (borrowed).
    #[inline]
    pub fn value(&self) -> &PyBaseException {
        &self.0
    }

    #[inline]
    pub fn object(&self) -> &PyObject {
        self.0.as_object()
    }

    #[inline]
    pub fn into_value(self) -> Ref<PyBaseException> {
        self.0
    }

    #[inline]
    pub fn into_object(self) -> ObjRef {
        self.0.into_obj()
    }

    /// Is it an instance of `ty`? (Plain inheritance; `except` clauses with tuples use `runtime::exceptions`.)
    #[inline]
    pub fn matches(&self, ty: &PyTypeObject) -> bool {
        self.object().ty().is_subtype(ty)
    }

    /// Reports an exception that cannot be raised (in finalizers, callbacks) through `sys.unraisablehook`.
    pub fn write_unraisable(self, context: Option<&PyObject>) {
        crate::runtime::unraisable::write_unraisable(self, None, context);
    }
}

impl Clone for PyErr {
    fn clone(&self) -> PyErr {
        PyErr(self.0.clone())
    }
}

impl core::fmt::Debug for PyErr {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "PyErr({})", self.object().ty().name())?;
        if let Ok(text) = crate::protocol::object::str(self.object()) {
            write!(f, ": {}", text.to_string_lossy())?;
        }
        Ok(())
    }
}
