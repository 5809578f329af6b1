//! Calling objects: the vectorcall protocol first, `tp_call` where a type has no vectorcall.

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct, Ref};
use crate::object::slots::{ternaryfunc, vectorcallfunc};
use crate::object::typeobj::flags;
use crate::protocol::object as protocol;
use crate::runtime::{recursion, thread};
use crate::types::dict::PyDict;
use crate::types::module::PyModule;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `PY_VECTORCALL_ARGUMENTS_OFFSET`: the slot before the arguments may be overwritten by the callee.
pub const ARGUMENTS_OFFSET: usize = 1 << 63;

/// The object's vectorcall function, if its type has one.
#[inline(always)]
pub fn vectorcall_of(callable: &PyObject) -> Option<vectorcallfunc> {
    // SAFETY: the flag says that there is a field.
    if callable.ty().has_flag(flags::HAVE_VECTORCALL) { unsafe { vectorcall_field(callable) } } else { None }
}

/// As [`vectorcall_of`], also where a subclass is called in another way: what `tp_call` of such a base needs.
pub fn inherited_vectorcall(callable: &PyObject) -> Option<vectorcallfunc> {
    // SAFETY: types without the field have the offset 0.
    if callable.ty().tp_vectorcall_offset.get() > 0 { unsafe { vectorcall_field(callable) } } else { None }
}

/// # Safety
/// The type has such a field.
#[inline(always)]
unsafe fn vectorcall_field(callable: &PyObject) -> Option<vectorcallfunc> {
    let offset = callable.ty().tp_vectorcall_offset.get();
    // SAFETY: the type says that a function pointer or NULL lies at the offset.
    unsafe { *((callable as *const PyObject as *const u8).offset(offset) as *const Option<vectorcallfunc>) }
}

/// Calls with positional arguments followed by keyword values, as C does.
///
/// # Errors
/// What the callee raises; `TypeError` if the object is not callable.
///
/// # Safety
/// `args` points to that many live objects (and one writable slot before them if `nargsf` has the offset flag); `kwnames` is
/// null or a tuple of strings.
#[inline]
pub unsafe fn vectorcall(
    callable: &PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    unsafe {
        match vectorcall_of(callable) {
            Some(function) => check_result(callable, function(callable.as_ptr(), args, nargsf, kwnames)),
            None => call_by_tuple(callable, args, nargsf & !ARGUMENTS_OFFSET, kwnames),
        }
    }
}

/// What a call of C code gave: null means that an exception is set, an object that none is.
///
/// # Errors
/// The exception; `SystemError` if there is none, or if there is one although there is a result.
///
/// # Safety
/// `result` is null or owned.
#[inline(always)]
pub unsafe fn check_result(callable: &PyObject, result: *mut PyObject) -> PyResult<ObjRef> {
    if result.is_null() {
        return Err(missing_result(callable));
    }
    // SAFETY: the caller's promise.
    let value = unsafe { Ref::from_owned_ptr(result) };
    if !thread::current().current_exception.is_null() {
        return Err(result_of_failure(callable, value));
    }
    Ok(value)
}

#[cold]
#[inline(never)]
fn missing_result(callable: &PyObject) -> PyErr {
    PyErr::fetch().unwrap_or_else(|| broken_promise(callable, "returned NULL without setting an exception"))
}

/// There is a result, and an exception, which becomes the cause.
#[cold]
#[inline(never)]
fn result_of_failure(callable: &PyObject, value: ObjRef) -> PyErr {
    let pending = PyErr::fetch();
    // Only now: its end may run code.
    drop(value);
    let error = broken_promise(callable, "returned a result with an exception set");
    match pending {
        Some(pending) => crate::types::exceptions::base::caused_by(error, pending),
        None => error,
    }
}

fn broken_promise(callable: &PyObject, what: &str) -> PyErr {
    match protocol::repr(callable) {
        Ok(shown) => exc::system_error(format!("{} {what}", shown.to_string_lossy())),
        Err(error) => error,
    }
}

#[cold]
fn not_callable(callable: &PyObject) -> PyErr {
    exc::type_error(format!("'{}' object is not callable{}", callable.ty().name(), module_hint(callable)))
}

/// A module that is called, as `pprint(x)` after `import pprint`, may hold what was meant under its own name.
fn module_hint(callable: &PyObject) -> String {
    let Some(module) = callable.downcast_exact::<PyModule>() else { return String::new() };
    let Some(name) = module.dict().get_name("__name__").and_then(|name| name.downcast::<PyStr>().ok()) else {
        return String::new();
    };
    match protocol::getattr_opt(callable, &name) {
        Ok(Some(found)) if protocol::callable(&found) => {
            let name = name.to_string_lossy();
            format!(". Did you mean: '{name}.{name}(...)'?")
        }
        _ => String::new(),
    }
}

/// # Safety
/// As for [`vectorcall`].
#[inline(never)]
unsafe fn call_by_tuple(
    callable: &PyObject,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
) -> PyResult<ObjRef> {
    let Some(tp_call) = callable.ty().tp_call.get() else { return Err(not_callable(callable)) };
    // SAFETY: the caller's promise.
    unsafe {
        let positional = core::slice::from_raw_parts(args as *const &PyObject, nargs);
        let tuple = PyTuple::from_slice(positional);
        let kwargs = match kwnames.as_ref() {
            Some(names) => {
                let names: &PyTuple = names.cast_unchecked_ref();
                if names.is_empty() {
                    None
                } else {
                    let dict = PyDict::new();
                    for (i, name) in names.items().iter().enumerate() {
                        dict.set_item(name, &**args.add(nargs + i))?;
                    }
                    Some(dict)
                }
            }
            None => None,
        };
        slot_call(callable, tp_call, &tuple, kwargs.as_deref())
    }
}

#[inline]
fn slot_call(callable: &PyObject, tp_call: ternaryfunc, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
    recursion::check(" while calling a Python object")?;
    let kwargs = kwargs.map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr());
    // SAFETY: the slot's contract.
    unsafe { check_result(callable, tp_call(callable.as_ptr(), args.as_object().as_ptr(), kwargs)) }
}

/// `f(*args)`.
#[inline]
pub fn call(callable: &PyObject, args: &[&PyObject]) -> PyResult<ObjRef> {
    // SAFETY: a slice of references has the layout of an array of pointers; no slot in front is promised.
    unsafe { vectorcall(callable, args.as_ptr() as *const *mut PyObject, args.len(), core::ptr::null_mut()) }
}

/// `f()`.
#[inline]
pub fn call_noargs(callable: &PyObject) -> PyResult<ObjRef> {
    call(callable, &[])
}

/// `f(x)`.
#[inline]
pub fn call_one(callable: &PyObject, arg: &PyObject) -> PyResult<ObjRef> {
    call(callable, &[arg])
}

/// Positional arguments, then the values of the keywords named by `kwnames`.
pub fn call_kw(callable: &PyObject, args: &[&PyObject], kwnames: Option<&PyTuple>) -> PyResult<ObjRef> {
    let nkw = kwnames.map_or(0, PyTuple::len);
    // SAFETY: as for `call`.
    unsafe {
        vectorcall(
            callable,
            args.as_ptr() as *const *mut PyObject,
            args.len() - nkw,
            kwnames.map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr()),
        )
    }
}

/// `f(*args, **kwargs)`.
pub fn call_tuple(callable: &PyObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
    let kwargs = kwargs.filter(|k| k.len() > 0);
    if let Some(function) = vectorcall_of(callable) {
        let Some(kwargs) = kwargs else {
            // SAFETY: the tuple keeps its items alive during the call.
            return unsafe {
                check_result(
                    callable,
                    function(
                        callable.as_ptr(),
                        args.items().as_ptr() as *const *mut PyObject,
                        args.len(),
                        core::ptr::null_mut(),
                    ),
                )
            };
        };
        let mut values: Vec<ObjRef> = args.items().iter().map(|a| a.new_ref()).collect();
        let mut names = Vec::with_capacity(kwargs.len());
        let mut position = 0;
        while let Some((name, value)) = kwargs.iter_index(&mut position) {
            if name.downcast_ref::<PyStr>().is_none() {
                return Err(exc::type_error("keywords must be strings"));
            }
            names.push(name);
            values.push(value);
        }
        let names = PyTuple::new(names);
        // SAFETY: `values` owns the arguments during the call; owned references have the layout of pointers.
        return unsafe {
            check_result(
                callable,
                function(
                    callable.as_ptr(),
                    values.as_ptr() as *const *mut PyObject,
                    args.len(),
                    names.as_object().as_ptr(),
                ),
            )
        };
    }
    match callable.ty().tp_call.get() {
        Some(tp_call) => slot_call(callable, tp_call, args, kwargs),
        None => Err(not_callable(callable)),
    }
}

/// `o.name(*args)`, without making a bound method where the type allows.
pub fn call_method(object: &PyObject, name: &PyStr, args: &[&PyObject]) -> PyResult<ObjRef> {
    let (method, unbound) = crate::interp::ops::attr::get_method(object, name)?;
    if !unbound {
        return call(&method, args);
    }
    let mut small = [object; 6];
    if args.len() < small.len() {
        small[1..=args.len()].copy_from_slice(args);
        return call(&method, &small[..=args.len()]);
    }
    let mut all = Vec::with_capacity(args.len() + 1);
    all.push(object);
    all.extend_from_slice(args);
    call(&method, &all)
}
