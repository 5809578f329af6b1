//! `CALL_INTRINSIC_1` and `CALL_INTRINSIC_2`.

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::object::refs::ObjRef;
use crate::protocol::{call, number};
use crate::types::function::PyFunction;
use crate::types::list::PyList;
use crate::types::typevars;

/// One-operand intrinsics, by CPython's numbers.
#[inline(never)]
pub fn intrinsic1(frame: &InterpreterFrame, which: usize, value: ObjRef) -> PyResult<ObjRef> {
    match which {
        1 => {
            let hook = crate::runtime::sys_state::get("displayhook")
                .ok_or_else(|| exc::runtime_error("lost sys.displayhook"))?;
            call::call_one(&hook, &value)
        }
        2 => {
            let locals = frame.f_locals.get().ok_or_else(|| exc::system_error("no locals found during 'import *'"))?;
            crate::import::import_star(&value, &locals)?;
            Ok(crate::none())
        }
        3 => Ok(stop_iteration_error(frame, value)),
        4 => Ok(crate::types::asyncgen::wrap_value(value)),
        5 => number::positive(&value),
        6 => {
            let list: &PyList = value.downcast_ref().ok_or_else(|| exc::system_error("list to tuple: not a list"))?;
            Ok(list.to_tuple()?.into_obj())
        }
        7 => typevars::make_typevar(value),
        8 => typevars::make_paramspec(value),
        9 => typevars::make_typevartuple(value),
        10 => typevars::subscript_generic(value),
        11 => typevars::make_type_alias(value),
        _ => Err(exc::system_error(format!("unknown intrinsic {which}"))),
    }
}

/// Two-operand intrinsics, by CPython's numbers.
#[inline(never)]
pub fn intrinsic2(which: usize, first: ObjRef, second: ObjRef) -> PyResult<ObjRef> {
    match which {
        1 => {
            let excs: &PyList = second.downcast_ref().ok_or_else(|| exc::system_error("except*: not a list"))?;
            crate::types::exceptions::group::prep_reraise_star(&first, excs)
        }
        2 => typevars::make_typevar_with_bound(first, second),
        3 => typevars::make_typevar_with_constraints(first, second),
        4 => {
            // Function and type parameters.
            let function: &PyFunction = first
                .downcast_ref()
                .ok_or_else(|| exc::system_error("type parameters of something that is no function"))?;
            function.func_typeparams.set(Some(second));
            Ok(first)
        }
        5 => typevars::set_typeparam_default(first, second),
        _ => Err(exc::system_error(format!("unknown intrinsic {which}"))),
    }
}

/// A `StopIteration` that tries to leave a generator (or `StopAsyncIteration` an asynchronous one) becomes a `RuntimeError`.
fn stop_iteration_error(frame: &InterpreterFrame, value: ObjRef) -> ObjRef {
    use crate::types::code::co_flags;
    // SAFETY: a Python frame.
    let code = unsafe { frame.code() };
    let is_stop = value.ty().is_subtype(exc::StopIteration());
    let is_async_stop = value.ty().is_subtype(exc::StopAsyncIteration());
    let message = if is_stop {
        if code.has_flag(co_flags::ASYNC_GENERATOR) {
            "async generator raised StopIteration"
        } else if code.has_flag(co_flags::COROUTINE) {
            "coroutine raised StopIteration"
        } else {
            "generator raised StopIteration"
        }
    } else if is_async_stop && code.has_flag(co_flags::ASYNC_GENERATOR) {
        "async generator raised StopAsyncIteration"
    } else {
        return value;
    };
    let error: PyErr = exc::runtime_error(message);
    error.value().set_cause(Some(value.clone()));
    error.value().set_context(Some(value));
    error.into_object()
}
