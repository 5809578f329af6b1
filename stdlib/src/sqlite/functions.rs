//! Functions, aggregates, window functions and collations that are written in Python.
//!
//! SQLite keeps a [`Callback`] for each, and gives it back to [`destroy`] when it does not need it any more.

use core::cell::Cell;
use core::ffi::{CStr, c_int, c_void};

use libsqlite3_sys as ffi;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::runtime::codecs::utf8;
use rpy_vm::runtime::unraisable;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, exc, intern};

use super::binding::Value;
use super::connection::PyConnection;
use super::errors;
use super::threads::{counted, locked, unlocked};

struct Flag(Cell<bool>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Flag {}

static SHOW_TRACEBACKS: Flag = Flag(Cell::new(false));

/// `enable_callback_tracebacks`.
pub fn show_tracebacks(on: bool) {
    SHOW_TRACEBACKS.0.set(on);
}

/// Are exceptions in callbacks reported?
pub fn shows_tracebacks() -> bool {
    SHOW_TRACEBACKS.0.get()
}

/// Reports what a callback raised, if that is wanted.
pub fn report(error: PyErr, callable: &PyObject) {
    if shows_tracebacks() {
        unraisable::write_about(error, "Exception ignored on sqlite3 callback", callable);
    }
}

/// What SQLite keeps for a function.
struct Callback {
    callable: ObjRef,
    /// Where a collation leaves what it raises; null for other functions. The connection object lives while a statement of
    /// its database runs, since the cursor that runs it keeps it alive.
    connection: *const PyConnection,
}

impl Callback {
    fn boxed(callable: &PyObject, connection: *const PyConnection) -> *mut c_void {
        Box::into_raw(Box::new(Callback { callable: callable.to_ref(), connection })).cast()
    }
}

/// Takes a callback back.
unsafe extern "C" fn destroy(callback: *mut c_void) {
    if !callback.is_null() {
        // SAFETY: made by `boxed`, and given back once.
        locked(|| unsafe { drop(Box::from_raw(callback.cast::<Callback>())) });
    }
}

/// The callable behind a function that is running.
///
/// # Safety
/// The context of a function that was made with a [`Callback`].
unsafe fn callable_of(context: *mut ffi::sqlite3_context) -> ObjRef {
    // SAFETY: the caller's promise. The callback stays while its function runs.
    unsafe { (*ffi::sqlite3_user_data(context).cast::<Callback>()).callable.clone() }
}

/// The arguments of a function.
///
/// # Safety
/// `count` values.
unsafe fn arguments(count: c_int, values: *mut *mut ffi::sqlite3_value) -> PyResult<Vec<ObjRef>> {
    let argument = |index| {
        // SAFETY: the caller's promise. The length is asked for after the bytes.
        unsafe {
            let value = *values.add(index);
            Ok(match ffi::sqlite3_value_type(value) {
                ffi::SQLITE_INTEGER => PyInt::from_i64(ffi::sqlite3_value_int64(value)).into_obj(),
                ffi::SQLITE_FLOAT => PyFloat::new(ffi::sqlite3_value_double(value)).into_obj(),
                ffi::SQLITE_TEXT => {
                    let text = ffi::sqlite3_value_text(value);
                    if text.is_null() {
                        return Err(exc::memory_error());
                    }
                    utf8::decode(counted(text, ffi::sqlite3_value_bytes(value)), None, true)?.0.into_obj()
                }
                ffi::SQLITE_BLOB => {
                    let data = ffi::sqlite3_value_blob(value).cast();
                    PyBytes::try_new(counted(data, ffi::sqlite3_value_bytes(value)))?.into_obj()
                }
                _ => rpy_vm::none(),
            })
        }
    };
    (0..count.max(0) as usize).map(argument).collect()
}

/// Calls something with the arguments of a function.
///
/// # Safety
/// `count` values.
unsafe fn call_with(callable: &PyObject, count: c_int, values: *mut *mut ffi::sqlite3_value) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    let arguments = unsafe { arguments(count, values)? };
    let arguments: Vec<&PyObject> = arguments.iter().map(|argument| &**argument).collect();
    call::call(callable, &arguments)
}

/// Hands the result of a function to SQLite.
///
/// # Safety
/// The context of a running function.
unsafe fn set_result(context: *mut ffi::sqlite3_context, result: &PyObject) -> PyResult<()> {
    let value = Value::of(result)?;
    // SAFETY: the caller's promise; texts and blobs are copied.
    unsafe {
        match value {
            Value::Null => ffi::sqlite3_result_null(context),
            Value::Integer(value) => ffi::sqlite3_result_int64(context, value),
            Value::Float(value) => ffi::sqlite3_result_double(context, value),
            Value::Text(text) => match c_int::try_from(text.len()) {
                Ok(len) => ffi::sqlite3_result_text(context, text.as_ptr().cast(), len, ffi::SQLITE_TRANSIENT()),
                Err(_) => ffi::sqlite3_result_error_toobig(context),
            },
            Value::Blob(buffer) => match c_int::try_from(buffer.len()) {
                Ok(len) => {
                    let data = buffer.bytes().as_ptr();
                    ffi::sqlite3_result_blob(context, data.cast(), len, ffi::SQLITE_TRANSIENT());
                }
                Err(_) => ffi::sqlite3_result_error_toobig(context),
            },
            Value::Other => {
                return Err(errors::programming(format!(
                    "User-defined functions cannot return '{}' values to SQLite",
                    result.ty().full_name()
                )));
            }
        }
    }
    Ok(())
}

/// Makes a function fail.
///
/// # Safety
/// The context of a running function.
unsafe fn fail(context: *mut ffi::sqlite3_context, error: PyErr, message: &str) {
    // SAFETY: the caller's promise; the message is copied.
    unsafe {
        if error.matches(exc::MemoryError()) {
            ffi::sqlite3_result_error_nomem(context);
        } else if error.matches(exc::OverflowError()) {
            ffi::sqlite3_result_error_toobig(context);
        } else {
            ffi::sqlite3_result_error(context, message.as_ptr().cast(), message.len() as c_int);
        }
        report(error, &callable_of(context));
    }
}

unsafe extern "C" fn function(context: *mut ffi::sqlite3_context, count: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: called by SQLite for a function of ours, with its arguments.
    locked(|| unsafe {
        let result = call_with(&callable_of(context), count, values).and_then(|result| set_result(context, &result));
        if let Err(e) = result {
            fail(context, e, "user-defined function raised exception");
        }
    });
}

/// Where the instance of an aggregate's class is kept: an owned reference, or null before the first row.
///
/// # Safety
/// The context of a running aggregate.
unsafe fn instance_place(context: *mut ffi::sqlite3_context, make: bool) -> *mut *mut PyObject {
    let size = if make { size_of::<*mut PyObject>() as c_int } else { 0 };
    // SAFETY: the caller's promise; fresh memory is zeroed.
    unsafe { ffi::sqlite3_aggregate_context(context, size).cast() }
}

/// The instance, which stays in its place.
///
/// # Safety
/// The context of a running aggregate.
unsafe fn instance(context: *mut ffi::sqlite3_context) -> Option<ObjRef> {
    // SAFETY: the place holds null or an owned reference.
    unsafe { instance_place(context, false).as_ref()?.as_ref().map(PyStruct::to_ref) }
}

unsafe extern "C" fn step(context: *mut ffi::sqlite3_context, count: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: called by SQLite for an aggregate of ours, with its arguments.
    locked(|| unsafe {
        let place = instance_place(context, true);
        if place.is_null() {
            return fail(context, exc::memory_error(), "unable to allocate SQLite aggregate context");
        }
        if (*place).is_null() {
            match call::call_noargs(&callable_of(context)) {
                Ok(made) => *place = made.into_raw(),
                Err(e) => return fail(context, e, "user-defined aggregate's '__init__' method raised error"),
            }
        }
        let Some(instance) = instance(context) else { return };
        match protocol::getattr(&instance, intern!("step")) {
            Err(e) => fail(context, e, "user-defined aggregate's 'step' method not defined"),
            Ok(method) => {
                if let Err(e) = call_with(&method, count, values) {
                    fail(context, e, "user-defined aggregate's 'step' method raised error");
                }
            }
        }
    });
}

unsafe extern "C" fn inverse(context: *mut ffi::sqlite3_context, count: c_int, values: *mut *mut ffi::sqlite3_value) {
    // SAFETY: called by SQLite for a window function of ours, with its arguments.
    locked(|| unsafe {
        let Some(instance) = instance(context) else { return };
        match protocol::getattr(&instance, intern!("inverse")) {
            Err(e) => fail(context, e, "user-defined aggregate's 'inverse' method not defined"),
            Ok(method) => {
                if let Err(e) = call_with(&method, count, values) {
                    fail(context, e, "user-defined aggregate's 'inverse' method raised error");
                }
            }
        }
    });
}

unsafe extern "C" fn value(context: *mut ffi::sqlite3_context) {
    // SAFETY: called by SQLite for a window function of ours.
    locked(|| unsafe {
        let Some(instance) = instance(context) else { return };
        match call::call_method(&instance, intern!("value"), &[]) {
            Err(e) if e.matches(exc::AttributeError()) => {
                fail(context, e, "user-defined aggregate's 'value' method not defined");
            }
            Err(e) => fail(context, e, "user-defined aggregate's 'value' method raised error"),
            Ok(result) => {
                if let Err(e) = set_result(context, &result) {
                    fail(context, e, "unable to set result from user-defined aggregate's 'value' method");
                }
            }
        }
    });
}

unsafe extern "C" fn finalize(context: *mut ffi::sqlite3_context) {
    // SAFETY: called by SQLite for an aggregate of ours, once.
    locked(|| unsafe {
        let place = instance_place(context, false);
        // Without rows there is no place; it is empty if `__init__` failed.
        if place.is_null() || (*place).is_null() {
            return;
        }
        let instance = ObjRef::from_owned_ptr(core::mem::replace(&mut *place, core::ptr::null_mut()));
        let result = call::call_method(&instance, intern!("finalize"), &[]);
        let result = result.and_then(|result| set_result(context, &result));
        if let Err(e) = result {
            let message = if e.matches(exc::AttributeError()) {
                "user-defined aggregate's 'finalize' method not defined"
            } else {
                "user-defined aggregate's 'finalize' method raised error"
            };
            fail(context, e, message);
        }
    });
}

/// Order of two texts by a collation: negative, zero, or positive.
unsafe extern "C" fn collate(
    callback: *mut c_void,
    a_len: c_int,
    a: *const c_void,
    b_len: c_int,
    b: *const c_void,
) -> c_int {
    locked(|| {
        // SAFETY: called by SQLite with what was registered, and two texts. The connection: see `Callback`.
        let (callback, a, b, connection) = unsafe {
            let callback = &*callback.cast::<Callback>();
            (callback.callable.clone(), counted(a.cast(), a_len), counted(b.cast(), b_len), &*callback.connection)
        };
        if !connection.pending.is_null() {
            return 0;
        }
        let compare = || -> PyResult<c_int> {
            let (a, b) = (utf8::decode(a, None, true)?.0, utf8::decode(b, None, true)?.0);
            let order = call::call(&callback, &[a.as_object(), b.as_object()])?;
            // Anything but a number says that they are equal.
            Ok(rpy_vm::protocol::number::index(&order).map_or(0, |order| order.sign()))
        };
        compare().unwrap_or_else(|e| {
            connection.pending.set(Some(e.into_value()));
            0
        })
    })
}

/// Registers a function, or takes it away.
///
/// # Errors
/// `OperationalError`.
pub fn create_function(
    db: *mut ffi::sqlite3,
    name: &CStr,
    count: c_int,
    callable: Option<&PyObject>,
    deterministic: bool,
) -> PyResult<()> {
    let flags = ffi::SQLITE_UTF8 | if deterministic { ffi::SQLITE_DETERMINISTIC } else { 0 };
    let data = callable.map_or(core::ptr::null_mut(), |callable| Callback::boxed(callable, core::ptr::null()));
    let x_func = callable.map(|_| function as unsafe extern "C" fn(_, _, _));
    let x_destroy = callable.map(|_| destroy as unsafe extern "C" fn(_));
    let name = name.as_ptr();
    // SAFETY: an open connection, a NUL-terminated name, functions of the kinds asked for. SQLite owns the data from here.
    let code = unlocked(|| unsafe {
        ffi::sqlite3_create_function_v2(db, name, count, flags, data, x_func, None, None, x_destroy)
    });
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(errors::operational("Error creating function")) }
}

/// Registers an aggregate, or takes it away.
///
/// # Errors
/// `OperationalError`.
pub fn create_aggregate(db: *mut ffi::sqlite3, name: &CStr, count: c_int, class: Option<&PyObject>) -> PyResult<()> {
    let data = class.map_or(core::ptr::null_mut(), |class| Callback::boxed(class, core::ptr::null()));
    let x_step = class.map(|_| step as unsafe extern "C" fn(_, _, _));
    let x_final = class.map(|_| finalize as unsafe extern "C" fn(_));
    let x_destroy = class.map(|_| destroy as unsafe extern "C" fn(_));
    let name = name.as_ptr();
    // SAFETY: as in `create_function`.
    let code = unlocked(|| unsafe {
        ffi::sqlite3_create_function_v2(db, name, count, ffi::SQLITE_UTF8, data, None, x_step, x_final, x_destroy)
    });
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(errors::operational("Error creating aggregate")) }
}

/// Registers a window function, or takes it away.
///
/// # Errors
/// SQLite's.
pub fn create_window_function(
    db: *mut ffi::sqlite3,
    name: &CStr,
    count: c_int,
    class: Option<&PyObject>,
) -> PyResult<()> {
    let data = class.map_or(core::ptr::null_mut(), |class| Callback::boxed(class, core::ptr::null()));
    let x_step = class.map(|_| step as unsafe extern "C" fn(_, _, _));
    let x_final = class.map(|_| finalize as unsafe extern "C" fn(_));
    let x_value = class.map(|_| value as unsafe extern "C" fn(_));
    let x_inverse = class.map(|_| inverse as unsafe extern "C" fn(_, _, _));
    let x_destroy = class.map(|_| destroy as unsafe extern "C" fn(_));
    let name = name.as_ptr();
    // SAFETY: as in `create_function`.
    let code = unlocked(|| unsafe {
        let flags = ffi::SQLITE_UTF8;
        ffi::sqlite3_create_window_function(
            db, name, count, flags, data, x_step, x_final, x_value, x_inverse, x_destroy,
        )
    });
    errors::check(db, code)
}

/// Registers a collation, or takes it away.
///
/// # Errors
/// SQLite's.
pub fn create_collation(
    connection: &PyConnection,
    db: *mut ffi::sqlite3,
    name: &CStr,
    callable: Option<&PyObject>,
) -> PyResult<()> {
    let data = callable.map_or(core::ptr::null_mut(), |callable| Callback::boxed(callable, connection));
    let x_compare = callable.map(|_| collate as unsafe extern "C" fn(_, _, _, _, _) -> _);
    let x_destroy = callable.map(|_| destroy as unsafe extern "C" fn(_));
    let name = name.as_ptr();
    // SAFETY: as in `create_function`.
    let code = unlocked(|| unsafe {
        ffi::sqlite3_create_collation_v2(db, name, ffi::SQLITE_UTF8, data, x_compare, x_destroy)
    });
    if code != ffi::SQLITE_OK {
        // Unlike the others, this one does not take the data of a failed call.
        // SAFETY: made by `boxed`, and kept by nobody.
        unsafe { destroy(data) };
    }
    errors::check(db, code)
}
