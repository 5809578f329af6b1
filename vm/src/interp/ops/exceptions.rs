//! Raising, handling and matching exceptions.

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::machine::Machine;
use crate::interp::stackref::StackRef;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyStruct, Ref};
use crate::object::typeobj::{PyTypeObject, flags};
use crate::protocol::{call, object as protocol};
use crate::runtime::thread;
use crate::types::exceptions::PyBaseException;
use crate::types::int::PyInt;
use crate::types::tuple::PyTuple;

/// Is it an exception class?
pub fn is_exception_class(object: &PyObject) -> bool {
    object.downcast_ref::<PyTypeObject>().is_some_and(|t| t.has_flag(flags::BASE_EXC_SUBCLASS))
}

fn is_exception(object: &PyObject) -> bool {
    object.ty().has_flag(flags::BASE_EXC_SUBCLASS)
}

/// `raise`, `raise e`, `raise e from c`. Gives the exception, and whether it is a bare re-raise.
#[inline(never)]
pub fn raise_varargs(m: &mut Machine<'_>, count: usize) -> (PyErr, bool) {
    let cause = if count == 2 { Some(m.pop_owned()) } else { None };
    let exception = if count >= 1 { Some(m.pop_owned()) } else { None };
    do_raise(exception, cause)
}

fn repr_text(object: &PyObject) -> String {
    protocol::repr(object).map(|r| r.to_string_lossy().into_owned()).unwrap_or_default()
}

fn do_raise(exception: Option<ObjRef>, cause: Option<ObjRef>) -> (PyErr, bool) {
    let Some(exception) = exception else {
        return match thread::handled_exception() {
            Some(value) => (PyErr::from_instance(value), true),
            None => (exc::runtime_error("No active exception to reraise"), false),
        };
    };
    let value = if is_exception_class(&exception) {
        match call::call_noargs(&exception) {
            Ok(value) if is_exception(&value) => value,
            Ok(value) => {
                return (
                    exc::type_error(format!(
                        "calling {} should have returned an instance of BaseException, not {}",
                        repr_text(&exception),
                        value.ty().name()
                    )),
                    false,
                );
            }
            Err(e) => return (e, false),
        }
    } else if is_exception(&exception) {
        exception
    } else {
        return (exc::type_error("exceptions must derive from BaseException"), false);
    };
    // SAFETY: just checked to be an exception.
    let value: Ref<PyBaseException> = unsafe { value.cast_unchecked() };
    if let Some(cause) = cause {
        let fixed = if is_exception_class(&cause) {
            match call::call_noargs(&cause) {
                Ok(c) if is_exception(&c) => Some(c),
                Ok(c) => {
                    return (
                        exc::type_error(format!(
                            "calling {} should have returned an instance of BaseException, not {}",
                            repr_text(&cause),
                            c.ty().name()
                        )),
                        false,
                    );
                }
                Err(e) => return (e, false),
            }
        } else if is_exception(&cause) {
            Some(cause)
        } else if crate::is_none(&cause) {
            None
        } else {
            return (exc::type_error("exception causes must derive from BaseException"), false);
        };
        value.set_cause(fixed);
    }
    (PyErr::raise(value), false)
}

/// `RERAISE`: pops the exception; with an argument, the instruction offset below it says where it came from.
#[inline(never)]
pub fn reraise(m: &mut Machine<'_>, has_lasti: usize) -> PyErr {
    let value = m.pop_owned();
    if has_lasti != 0 {
        let lasti = m.peek_obj(has_lasti).downcast_ref::<PyInt>().and_then(PyInt::as_i64).unwrap_or(0);
        // SAFETY: the offset was pushed by unwinding in this very frame.
        unsafe { m.frame().instr_ptr.set(m.code().code_ptr().add(lasti as usize)) };
    }
    PyErr::from_instance(value)
}

/// The exception on top becomes the one being handled; the one handled so far is kept below it.
#[inline(always)]
pub fn push_exc_info(m: &mut Machine<'_>) {
    let value = m.pop();
    // SAFETY: the chain's top is never null.
    let item = unsafe { &*m.ts.exc_info.get() };
    // SAFETY: the exception on the stack.
    let new = unsafe { value.get() }.new_ref();
    let previous = item.exc_value.replace(Some(new));
    m.push(match previous {
        Some(previous) => StackRef::owned(previous),
        None => StackRef::borrowed(crate::none_ref()),
    });
    m.push(value);
}

/// Goes back to the exception that was being handled before.
#[inline(always)]
pub fn pop_except(m: &mut Machine<'_>) {
    let previous = m.pop_owned();
    // SAFETY: the chain's top is never null.
    let item = unsafe { &*m.ts.exc_info.get() };
    item.exc_value.set(if crate::is_none(&previous) { None } else { Some(previous) });
}

const NOT_EXCEPTION: &str = "catching classes that do not inherit from BaseException is not allowed";

fn check_match_type(ty: &PyObject) -> PyResult<()> {
    if let Some(tuple) = ty.downcast_ref::<PyTuple>() {
        if tuple.items().iter().all(|t| is_exception_class(t)) {
            return Ok(());
        }
    } else if is_exception_class(ty) {
        return Ok(());
    }
    Err(exc::type_error(NOT_EXCEPTION))
}

/// Does `value` match the class or (nested) tuple of classes `ty`, by plain inheritance?
pub fn exception_matches(value: &PyObject, ty: &PyObject) -> bool {
    if let Some(tuple) = ty.downcast_ref::<PyTuple>() {
        return tuple.items().iter().any(|t| exception_matches(value, t));
    }
    match ty.downcast_ref::<PyTypeObject>() {
        Some(ty) => value.ty().is_subtype(ty),
        None => false,
    }
}

/// `except T:` — pops the type, pushes whether it matches.
#[inline(never)]
pub fn check_exc_match(m: &mut Machine<'_>) -> PyResult<()> {
    let ty = m.pop_owned();
    check_match_type(&ty)?;
    let matched = exception_matches(m.peek_obj(1), &ty);
    m.push(super::arith::bool_ref(matched));
    Ok(())
}

/// `except* T:` — pops the type and the exception (group), pushes the rest and the matching part.
#[inline(never)]
pub fn check_eg_match(m: &mut Machine<'_>) -> PyResult<()> {
    let ty = m.pop_owned();
    check_match_type(&ty)?;
    let group_type = exc::BaseExceptionGroup();
    let is_group = |t: &PyObject| t.downcast_ref::<PyTypeObject>().is_some_and(|t| t.is_subtype(group_type));
    let bad = match ty.downcast_ref::<PyTuple>() {
        Some(tuple) => tuple.items().iter().any(|t| is_group(t)),
        None => is_group(&ty),
    };
    if bad {
        return Err(exc::type_error("catching ExceptionGroup with except* is not allowed. Use except instead."));
    }
    let value = m.peek_obj(1).new_ref();
    let (matched, rest) = crate::types::exceptions::group::match_except_star(&value, &ty)?;
    m.drop_top();
    m.push_owned(rest);
    if !crate::is_none(&matched) {
        // The matched part is what is being handled now.
        // SAFETY: the chain's top is never null.
        unsafe { &*m.ts.exc_info.get() }.exc_value.set(Some(matched.clone()));
    }
    m.push_owned(matched);
    Ok(())
}

/// Calls `__exit__(type, value, traceback)` for the exception on top.
#[inline(never)]
pub fn with_except_start(m: &mut Machine<'_>) -> PyResult<ObjRef> {
    let value = m.peek_obj(1);
    let ty = value.ty().as_object();
    // SAFETY: the value on top is an exception.
    let exception: &PyBaseException = unsafe { value.cast_unchecked_ref() };
    let traceback = exception.traceback().unwrap_or_else(crate::none);
    let exit = m.peek_obj(5);
    let this = m.peek(4);
    // SAFETY: a slot of the `with` statement; NULL when the exit function is bound already.
    match unsafe { this.opt() } {
        Some(this) => call::call(exit, &[this, ty, value, &traceback]),
        None => call::call(exit, &[ty, value, &traceback]),
    }
}
