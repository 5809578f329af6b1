//! The functions behind slot wrappers: each unpacks Python arguments and calls the C slot it is given.
//!
//! They are called by `wrapper_descriptor` with (receiver, argument tuple, slot function); the receiver's type has been
//! checked there.

use core::ffi::{c_int, c_void};
use core::mem::transmute;

use super::glue::{arg, check_bool, check_size, check_status, dict_arg, raw, ret, tuple_arg};
use super::slot_functions::slot_tp_setattro;
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::slots::*;
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject};
use crate::protocol;
use crate::types::int::PyInt;

/// The arguments, which must be exactly `N`.
unsafe fn exactly<'a, const N: usize>(args: *mut PyObject) -> PyResult<[&'a PyObject; N]> {
    // SAFETY: wrappers are called with a tuple.
    let args = unsafe { tuple_arg(args) }.items();
    match <[&PyObject; N]>::try_from(args) {
        Ok(args) => Ok(args),
        Err(_) => {
            Err(exc::type_error(format!("expected {N} argument{}, got {}", if N == 1 { "" } else { "s" }, args.len())))
        }
    }
}

/// One argument and perhaps a second.
unsafe fn one_or_two<'a>(args: *mut PyObject) -> PyResult<(&'a PyObject, Option<&'a PyObject>)> {
    // SAFETY: wrappers are called with a tuple.
    match unsafe { tuple_arg(args) }.items() {
        [a] => Ok((*a, None)),
        [a, b] => Ok((*a, Some(*b))),
        other => Err(exc::type_error(format!("expected 1 or 2 arguments, got {}", other.len()))),
    }
}

macro_rules! wrappers {
    ($( $(#[$doc:meta])* fn $name:ident($this:ident, $args:ident, $slot:ident: $slot_type:ty) $body:block )*) => { $(
        $(#[$doc])*
        pub(crate) unsafe extern "C-unwind" fn $name(
            $this: *mut PyObject,
            $args: *mut PyObject,
            wrapped: *mut c_void,
        ) -> *mut PyObject {
            // SAFETY: the table pairs this wrapper with slots of this type.
            let $slot: $slot_type = unsafe { transmute(wrapped) };
            let body = || -> PyResult { $body };
            ret(body())
        }
    )* };
}

wrappers! {
    fn wrap_unary(this, args, slot: unaryfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [] = exactly(args)?;
            ObjRef::from_c_result(slot(this))
        }
    }
    fn wrap_binary(this, args, slot: binaryfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [other] = exactly(args)?;
            ObjRef::from_c_result(slot(this, other.as_ptr()))
        }
    }
    /// The reflected method of an operator: the receiver stands on the right.
    fn wrap_binary_r(this, args, slot: binaryfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [other] = exactly(args)?;
            ObjRef::from_c_result(slot(other.as_ptr(), this))
        }
    }
    fn wrap_ternary(this, args, slot: ternaryfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let (other, third) = one_or_two(args)?;
            ObjRef::from_c_result(slot(this, other.as_ptr(), third.unwrap_or(crate::none_ref()).as_ptr()))
        }
    }
    fn wrap_ternary_r(this, args, slot: ternaryfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let (other, third) = one_or_two(args)?;
            ObjRef::from_c_result(slot(other.as_ptr(), this, third.unwrap_or(crate::none_ref()).as_ptr()))
        }
    }
    fn wrap_inquiry(this, args, slot: inquiry) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [] = exactly(args)?;
            Ok(crate::py_bool(check_bool(slot(this))?))
        }
    }
    fn wrap_len(this, args, slot: lenfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [] = exactly(args)?;
            Ok(PyInt::from_isize(check_size(slot(this))?).into_obj())
        }
    }
    fn wrap_hash(this, args, slot: hashfunc) {
        // SAFETY: the wrapper's contract. A hash is -1 only with an exception set.
        unsafe {
            let [] = exactly(args)?;
            match slot(this) {
                -1 => Err(PyErr::fetch_or_system_error()),
                hash => Ok(PyInt::from_isize(hash).into_obj()),
            }
        }
    }
    fn wrap_index_arg(this, args, slot: ssizeargfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [count] = exactly(args)?;
            let count = protocol::number::as_isize(count, Some(exc::OverflowError()))?;
            ObjRef::from_c_result(slot(this, count))
        }
    }
    fn wrap_sq_item(this, args, slot: ssizeargfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [index] = exactly(args)?;
            let index = item_index(arg(this), index)?;
            ObjRef::from_c_result(slot(this, index))
        }
    }
    fn wrap_sq_setitem(this, args, slot: ssizeobjargproc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [index, value] = exactly(args)?;
            let index = item_index(arg(this), index)?;
            check_status(slot(this, index, value.as_ptr()))?;
            Ok(crate::none())
        }
    }
    fn wrap_sq_delitem(this, args, slot: ssizeobjargproc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [index] = exactly(args)?;
            let index = item_index(arg(this), index)?;
            check_status(slot(this, index, core::ptr::null_mut()))?;
            Ok(crate::none())
        }
    }
    fn wrap_contains(this, args, slot: objobjproc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [value] = exactly(args)?;
            Ok(crate::py_bool(check_bool(slot(this, value.as_ptr()))?))
        }
    }
    fn wrap_setitem(this, args, slot: objobjargproc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [key, value] = exactly(args)?;
            check_status(slot(this, key.as_ptr(), value.as_ptr()))?;
            Ok(crate::none())
        }
    }
    fn wrap_delitem(this, args, slot: objobjargproc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [key] = exactly(args)?;
            check_status(slot(this, key.as_ptr(), core::ptr::null_mut()))?;
            Ok(crate::none())
        }
    }
    fn wrap_setattr(this, args, slot: setattrofunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [name, value] = exactly(args)?;
            check_setattr_bypass(arg(this), slot, "__setattr__")?;
            check_status(slot(this, name.as_ptr(), value.as_ptr()))?;
            Ok(crate::none())
        }
    }
    fn wrap_delattr(this, args, slot: setattrofunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [name] = exactly(args)?;
            check_setattr_bypass(arg(this), slot, "__delattr__")?;
            check_status(slot(this, name.as_ptr(), core::ptr::null_mut()))?;
            Ok(crate::none())
        }
    }
    fn wrap_next(this, args, slot: iternextfunc) {
        // SAFETY: the wrapper's contract. NULL without an exception means "exhausted".
        unsafe {
            let [] = exactly(args)?;
            let item = slot(this);
            if item.is_null() {
                return Err(PyErr::fetch().unwrap_or_else(|| exc::stop_iteration(None)));
            }
            Ok(ObjRef::from_owned_ptr(item))
        }
    }
    fn wrap_descr_get(this, args, slot: descrgetfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let (object, owner) = one_or_two(args)?;
            let not_none = |o: &'static PyObject| Some(o).filter(|o| !crate::is_none(o));
            let (object, owner) = (not_none(object), owner.and_then(not_none));
            if object.is_none() && owner.is_none() {
                return Err(exc::type_error("__get__(None, None) is invalid"));
            }
            ObjRef::from_c_result(slot(this, raw(object), raw(owner)))
        }
    }
    fn wrap_descr_set(this, args, slot: descrsetfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [object, value] = exactly(args)?;
            check_status(slot(this, object.as_ptr(), value.as_ptr()))?;
            Ok(crate::none())
        }
    }
    fn wrap_descr_delete(this, args, slot: descrsetfunc) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [object] = exactly(args)?;
            check_status(slot(this, object.as_ptr(), core::ptr::null_mut()))?;
            Ok(crate::none())
        }
    }
    fn wrap_del(this, args, slot: destructor) {
        // SAFETY: the wrapper's contract.
        unsafe {
            let [] = exactly(args)?;
            slot(this);
            Ok(crate::none())
        }
    }
}

/// `x.__call__(...)`: the wrapper with keywords.
pub(crate) unsafe extern "C-unwind" fn wrap_call(
    this: *mut PyObject,
    args: *mut PyObject,
    wrapped: *mut c_void,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the table pairs this wrapper with slots of this type.
    unsafe {
        let slot: ternaryfunc = transmute(wrapped);
        slot(this, args, kwargs)
    }
}

/// `x.__init__(...)`: the wrapper with keywords.
pub(crate) unsafe extern "C-unwind" fn wrap_init(
    this: *mut PyObject,
    args: *mut PyObject,
    wrapped: *mut c_void,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the table pairs this wrapper with slots of this type.
    unsafe {
        debug_assert!(dict_arg(kwargs).is_none_or(|k| k.as_object().ty().tp_flags.get() != 0));
        let slot: initproc = transmute(wrapped);
        if slot(this, args, kwargs) < 0 { core::ptr::null_mut() } else { crate::none().into_raw() }
    }
}

macro_rules! comparisons {
    ($($name:ident $op:ident;)*) => {
        wrappers! { $(
            fn $name(this, args, slot: richcmpfunc) {
                // SAFETY: the wrapper's contract.
                unsafe {
                    let [other] = exactly(args)?;
                    ObjRef::from_c_result(slot(this, other.as_ptr(), CompareOp::$op as c_int))
                }
            }
        )* }
    };
}
comparisons! {
    wrap_lt Lt;
    wrap_le Le;
    wrap_eq Eq;
    wrap_ne Ne;
    wrap_gt Gt;
    wrap_ge Ge;
}

/// An index for a sequence slot: negative ones count from the end, if the sequence has a length.
fn item_index(this: &PyObject, index: &PyObject) -> PyResult<isize> {
    let index = protocol::number::as_isize(index, Some(exc::OverflowError()))?;
    if index < 0
        && let Some(length) = this.ty().as_sequence().and_then(|s| s.sq_length.get())
    {
        // SAFETY: calling the slot as C would.
        return Ok(index + check_size(unsafe { length(this.as_ptr()) })?);
    }
    Ok(index)
}

/// Refuses `object.__setattr__(some_type, ...)` and the like: calls that jump over a C type's own attribute setting.
fn check_setattr_bypass(this: &PyObject, slot: setattrofunc, what: &str) -> PyResult<()> {
    let ty = this.ty();
    let Some(mro) = ty.tp_mro.get() else { return Ok(()) };
    let setattro = |t: &PyTypeObject| t.tp_setattro.get().map(|f| f as usize);
    let python = slot_tp_setattro as *const () as usize;
    // The type that defined the slot function in use: Python classes never define one themselves.
    let mut at = mro
        .items()
        .iter()
        .rev()
        // SAFETY: an MRO holds types.
        .map(|t| unsafe { t.cast_unchecked_ref::<PyTypeObject>() })
        .find(|t| setattro(t) != Some(python) && setattro(t) == setattro(ty))
        .or(Some(ty));
    while let Some(base) = at {
        if setattro(base) == Some(slot as usize) {
            break;
        }
        if setattro(base) != Some(python) {
            return Err(exc::type_error(format!("can't apply this {what} to {} object", ty.full_name())));
        }
        at = base.base();
    }
    Ok(())
}
