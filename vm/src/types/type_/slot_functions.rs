//! The functions in the slots of Python classes: each looks its dunder method up on the type and calls it.
//!
//! `slotdefs` puts them into slots; `slot_wrappers` holds the opposite direction.

use core::ffi::c_int;

use super::glue::{arg, as_bool, bind, dict_arg, opt_arg, ret, ret_bool, ret_size, ret_unit, tuple_arg, type_arg};
use super::lookup::{lookup, lookup_ref};
use crate::err::PyResult;
use crate::exc;
use crate::object::{CompareOp, ObjRef, PyNumberMethods, PyObject, PyStruct, PyTypeObject, flags};
use crate::protocol;
use crate::types::descr::PyWrapperDescr;
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// Set in `nargsf` when the callee may use the place in front of the arguments.
pub(crate) const ARGUMENTS_OFFSET: usize = 1 << 63;

/// A method found on an object's type: a function still to be given the object, or something already bound.
pub(crate) struct Method {
    func: ObjRef,
    unbound: bool,
}

impl Method {
    /// Looks `name` up on the type of `object`.
    #[inline]
    pub(crate) fn find(object: &PyObject, name: &PyStr) -> PyResult<Option<Method>> {
        let ty = object.ty();
        let Some(found) = lookup_ref(ty, name) else { return Ok(None) };
        if found.ty().has_flag(flags::METHOD_DESCRIPTOR) {
            return Ok(Some(Method { func: found, unbound: true }));
        }
        Ok(Some(Method { func: bind(found, Some(object), ty)?, unbound: false }))
    }

    /// As [`Method::find`]; `AttributeError` if there is none.
    #[inline]
    pub(crate) fn require(object: &PyObject, name: &PyStr) -> PyResult<Method> {
        match Method::find(object, name)? {
            Some(method) => Ok(method),
            None => Err(exc::attribute_error_msg(name.to_string_lossy().into_owned())),
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        crate::is_none(&self.func)
    }

    /// Calls it for `object` with up to three more arguments.
    #[inline]
    pub(crate) fn call(&self, object: &PyObject, args: &[&PyObject]) -> PyResult {
        debug_assert!(args.len() <= 3);
        let mut stack = [core::ptr::null_mut(); 5];
        stack[1] = object.as_ptr();
        for (place, arg) in stack[2..].iter_mut().zip(args) {
            *place = arg.as_ptr();
        }
        let (first, count) = if self.unbound { (1, args.len() + 1) } else { (2, args.len()) };
        let base = stack.as_mut_ptr();
        // SAFETY: the place before the first argument is ours to lend.
        unsafe {
            protocol::call::vectorcall(&self.func, base.add(first), count | ARGUMENTS_OFFSET, core::ptr::null_mut())
        }
    }

    /// Calls it for `object` with a tuple and dict of arguments.
    pub(crate) fn call_tuple(&self, object: &PyObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        if !self.unbound {
            return protocol::call::call_tuple(&self.func, args, kwargs);
        }
        let mut all = Vec::with_capacity(args.len() + 1);
        all.push(object);
        all.extend_from_slice(args.items());
        if kwargs.is_none_or(|k| k.len() == 0) {
            return protocol::call::call(&self.func, &all);
        }
        protocol::call::call_tuple(&self.func, &PyTuple::from_slice(&all), kwargs)
    }
}

/// Calls a dunder method that must be there.
#[inline]
pub(crate) fn call_dunder(object: &PyObject, name: &PyStr, args: &[&PyObject]) -> PyResult {
    Method::require(object, name)?.call(object, args)
}

/// Calls a dunder method; `NotImplemented` if there is none.
#[inline]
fn call_dunder_maybe(object: &PyObject, name: &PyStr, args: &[&PyObject]) -> PyResult {
    match Method::find(object, name)? {
        Some(method) => method.call(object, args),
        None => Ok(crate::not_implemented()),
    }
}

macro_rules! unary_slots {
    ($($function:ident $name:literal;)*) => { $(
        pub(crate) unsafe extern "C-unwind" fn $function(this: *mut PyObject) -> *mut PyObject {
            // SAFETY: C passes a live object.
            let this = unsafe { arg(this) };
            ret(call_dunder(this, crate::intern!($name), &[]))
        }
    )* };
}
unary_slots! {
    slot_tp_str "__str__";
    slot_tp_iternext "__next__";
    slot_nb_negative "__neg__";
    slot_nb_positive "__pos__";
    slot_nb_absolute "__abs__";
    slot_nb_invert "__invert__";
    slot_nb_int "__int__";
    slot_nb_float "__float__";
    slot_nb_index "__index__";
}

macro_rules! binary_dunders {
    ($($function:ident $name:literal;)*) => { $(
        pub(crate) unsafe extern "C-unwind" fn $function(this: *mut PyObject, other: *mut PyObject) -> *mut PyObject {
            // SAFETY: C passes live objects.
            let (this, other) = unsafe { (arg(this), arg(other)) };
            ret(call_dunder(this, crate::intern!($name), &[other]))
        }
    )* };
}
binary_dunders! {
    slot_tp_getattro "__getattribute__";
    slot_mp_subscript "__getitem__";
    slot_nb_inplace_add "__iadd__";
    slot_nb_inplace_subtract "__isub__";
    slot_nb_inplace_multiply "__imul__";
    slot_nb_inplace_remainder "__imod__";
    slot_nb_inplace_lshift "__ilshift__";
    slot_nb_inplace_rshift "__irshift__";
    slot_nb_inplace_and "__iand__";
    slot_nb_inplace_xor "__ixor__";
    slot_nb_inplace_or "__ior__";
    slot_nb_inplace_floor_divide "__ifloordiv__";
    slot_nb_inplace_true_divide "__itruediv__";
    slot_nb_inplace_matrix_multiply "__imatmul__";
}

/// In-place power has no modulus in Python.
pub(crate) unsafe extern "C-unwind" fn slot_nb_inplace_power(
    this: *mut PyObject,
    other: *mut PyObject,
    _modulus: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, other) = unsafe { (arg(this), arg(other)) };
    ret(call_dunder(this, crate::intern!("__ipow__"), &[other]))
}

/// Does the right operand's class override the reflected method of the left one's?
fn reflected_is_overridden(left: &PyObject, right: &PyObject, reflected: &PyStr) -> PyResult<bool> {
    let Some(of_right) = protocol::object::getattr_opt(right.ty().as_object(), reflected)? else {
        return Ok(false);
    };
    let Some(of_left) = protocol::object::getattr_opt(left.ty().as_object(), reflected)? else {
        return Ok(true);
    };
    protocol::object::rich_compare_bool(&of_left, &of_right, CompareOp::Ne)
}

/// A binary operator of Python classes: `this` and `other` in source order, either of which may be the one whose slot is
/// being called. `has_slot` says whether a type's slot is this very function.
fn binary_operator(
    this: &PyObject,
    other: &PyObject,
    extra: &[&PyObject],
    name: &PyStr,
    reflected: &PyStr,
    has_slot: impl Fn(&PyTypeObject) -> bool,
) -> PyResult {
    let same_type = other.is_exact_type(this.ty());
    let mut try_other = !same_type && has_slot(other.ty());
    let with = |first| {
        let mut args = [first; 2];
        if let Some(&modulus) = extra.first() {
            args[1] = modulus;
        }
        (args, 1 + extra.len())
    };
    if has_slot(this.ty()) {
        if try_other && other.ty().is_subtype(this.ty()) && reflected_is_overridden(this, other, reflected)? {
            let (args, n) = with(this);
            let result = call_dunder_maybe(other, reflected, &args[..n])?;
            if !crate::is_not_implemented(&result) {
                return Ok(result);
            }
            try_other = false;
        }
        let (args, n) = with(other);
        let result = call_dunder_maybe(this, name, &args[..n])?;
        if same_type || !crate::is_not_implemented(&result) {
            return Ok(result);
        }
    }
    if try_other {
        let (args, n) = with(this);
        return call_dunder_maybe(other, reflected, &args[..n]);
    }
    Ok(crate::not_implemented())
}

fn number_slot<T>(ty: &PyTypeObject, slot: impl Fn(&PyNumberMethods) -> Option<T>) -> Option<T> {
    ty.as_number().and_then(slot)
}

macro_rules! binary_operators {
    ($($function:ident $slot:ident $name:literal $reflected:literal;)*) => { $(
        pub(crate) unsafe extern "C-unwind" fn $function(this: *mut PyObject, other: *mut PyObject) -> *mut PyObject {
            // SAFETY: C passes live objects.
            let (this, other) = unsafe { (arg(this), arg(other)) };
            ret(binary_operator(this, other, &[], crate::intern!($name), crate::intern!($reflected), |ty| {
                number_slot(ty, |n| n.$slot.get()).is_some_and(|f| f as usize == $function as *const () as usize)
            }))
        }
    )* };
}
binary_operators! {
    slot_nb_add nb_add "__add__" "__radd__";
    slot_nb_subtract nb_subtract "__sub__" "__rsub__";
    slot_nb_multiply nb_multiply "__mul__" "__rmul__";
    slot_nb_remainder nb_remainder "__mod__" "__rmod__";
    slot_nb_divmod nb_divmod "__divmod__" "__rdivmod__";
    slot_nb_lshift nb_lshift "__lshift__" "__rlshift__";
    slot_nb_rshift nb_rshift "__rshift__" "__rrshift__";
    slot_nb_and nb_and "__and__" "__rand__";
    slot_nb_xor nb_xor "__xor__" "__rxor__";
    slot_nb_or nb_or "__or__" "__ror__";
    slot_nb_floor_divide nb_floor_divide "__floordiv__" "__rfloordiv__";
    slot_nb_true_divide nb_true_divide "__truediv__" "__rtruediv__";
    slot_nb_matrix_multiply nb_matrix_multiply "__matmul__" "__rmatmul__";
}

/// `pow` with two or three arguments; the reflected method is tried for both.
pub(crate) unsafe extern "C-unwind" fn slot_nb_power(
    this: *mut PyObject,
    other: *mut PyObject,
    modulus: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, other, modulus) = unsafe { (arg(this), arg(other), arg(modulus)) };
    let extra = [modulus];
    let extra = if crate::is_none(modulus) { &extra[..0] } else { &extra[..] };
    ret(binary_operator(this, other, extra, crate::intern!("__pow__"), crate::intern!("__rpow__"), |ty| {
        number_slot(ty, |n| n.nb_power.get()).is_some_and(|f| f as usize == slot_nb_power as *const () as usize)
    }))
}

pub(crate) unsafe extern "C-unwind" fn slot_nb_bool(this: *mut PyObject) -> c_int {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    ret_bool(truth(this))
}

fn truth(this: &PyObject) -> PyResult<bool> {
    if let Some(method) = Method::find(this, crate::intern!("__bool__"))? {
        let value = method.call(this, &[])?;
        return match as_bool(&value) {
            Some(value) => Ok(value),
            None => Err(exc::type_error(format!("__bool__ should return bool, returned {}", value.ty().full_name()))),
        };
    }
    match Method::find(this, crate::intern!("__len__"))? {
        Some(_) => length(this).map(|n| n != 0),
        None => Ok(true),
    }
}

pub(crate) unsafe extern "C-unwind" fn slot_sq_length(this: *mut PyObject) -> isize {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    ret_size(length(this))
}
pub(crate) use slot_sq_length as slot_mp_length;

fn length(this: &PyObject) -> PyResult<isize> {
    length_from(&*call_dunder(this, crate::intern!("__len__"), &[])?)
}

/// What `__len__` returned as a length.
pub(crate) fn length_from(result: &PyObject) -> PyResult<isize> {
    let result = protocol::number::index(result)?;
    if result.sign() < 0 {
        return Err(exc::value_error("__len__() should return >= 0"));
    }
    match result.as_i64() {
        Some(n) => Ok(n as isize),
        None => Err(exc::overflow_error("cannot fit 'int' into an index-sized integer")),
    }
}

pub(crate) unsafe extern "C-unwind" fn slot_sq_item(this: *mut PyObject, index: isize) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    let index = PyInt::from_isize(index);
    ret(call_dunder(this, crate::intern!("__getitem__"), &[index.as_object()]))
}

pub(crate) unsafe extern "C-unwind" fn slot_sq_ass_item(
    this: *mut PyObject,
    index: isize,
    value: *mut PyObject,
) -> c_int {
    // SAFETY: C passes live objects, or NULL for "delete".
    let (this, value) = unsafe { (arg(this), opt_arg(value)) };
    let index = PyInt::from_isize(index);
    ret_unit(assign_item(this, index.as_object(), value))
}

pub(crate) unsafe extern "C-unwind" fn slot_mp_ass_subscript(
    this: *mut PyObject,
    key: *mut PyObject,
    value: *mut PyObject,
) -> c_int {
    // SAFETY: C passes live objects, or NULL for "delete".
    let (this, key, value) = unsafe { (arg(this), arg(key), opt_arg(value)) };
    ret_unit(assign_item(this, key, value))
}

fn assign_item(this: &PyObject, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
    match value {
        Some(value) => call_dunder(this, crate::intern!("__setitem__"), &[key, value]).map(drop),
        None => call_dunder(this, crate::intern!("__delitem__"), &[key]).map(drop),
    }
}

pub(crate) unsafe extern "C-unwind" fn slot_sq_contains(this: *mut PyObject, value: *mut PyObject) -> c_int {
    // SAFETY: C passes live objects.
    let (this, value) = unsafe { (arg(this), arg(value)) };
    ret_bool(contains(this, value))
}

fn contains(this: &PyObject, value: &PyObject) -> PyResult<bool> {
    match Method::find(this, crate::intern!("__contains__"))? {
        Some(method) if method.is_none() => {
            Err(exc::type_error(format!("'{}' object is not a container", this.ty().full_name())))
        }
        Some(method) => protocol::object::is_true(&*method.call(this, &[value])?),
        None => search(this, value),
    }
}

/// Containment by iterating, for classes without `__contains__`.
fn search(this: &PyObject, value: &PyObject) -> PyResult<bool> {
    let iter = protocol::object::get_iter(this)?;
    while let Some(item) = protocol::object::iter_next(&iter)? {
        if protocol::object::eq(&item, value)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_repr(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    ret(match Method::find(this, crate::intern!("__repr__")) {
        Ok(Some(method)) => method.call(this, &[]),
        Ok(None) | Err(_) => {
            Ok(PyStr::from_string(format!("<{} object at {:p}>", this.ty().full_name(), this.as_ptr())).into_obj())
        }
    })
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_hash(this: *mut PyObject) -> isize {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    ret_size(hash(this))
}

fn hash(this: &PyObject) -> PyResult<isize> {
    let method = match Method::find(this, crate::intern!("__hash__")) {
        Ok(Some(method)) if !method.is_none() => method,
        Ok(_) | Err(_) => return Err(super::instance::unhashable(this)),
    };
    let result = method.call(this, &[])?;
    let Some(number) = result.downcast_ref::<PyInt>() else {
        return Err(exc::type_error("__hash__ method should return an integer"));
    };
    let value = match number.as_i64() {
        Some(value) => value as isize,
        None => number.hash(),
    };
    Ok(if value == -1 { -2 } else { value })
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_call(
    this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes live objects, a tuple, and a dict or NULL.
    let (this, args, kwargs) = unsafe { (arg(this), tuple_arg(args), dict_arg(kwargs)) };
    ret(Method::require(this, crate::intern!("__call__")).and_then(|m| m.call_tuple(this, args, kwargs)))
}

/// Attribute access of classes with `__getattribute__`, `__getattr__` or both.
pub(crate) unsafe extern "C-unwind" fn slot_tp_getattr_hook(this: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, name) = unsafe { (arg(this), arg(name)) };
    ret(getattr_with_hooks(this, name))
}

fn getattr_with_hooks(this: &PyObject, name: &PyObject) -> PyResult {
    let ty = this.ty();
    let Some(hook) = lookup_ref(ty, crate::intern!("__getattr__")) else {
        // No hook any more: the plain dispatcher does.
        ty.tp_getattro.set(Some(slot_tp_getattro));
        return call_dunder(this, crate::intern!("__getattribute__"), &[name]);
    };
    match getattribute_opt(this, name)? {
        Some(value) => Ok(value),
        None => call_attribute(this, hook, name),
    }
}

/// The first half of attribute access with a hook: what `__getattribute__` finds; `None` for `AttributeError`.
fn getattribute_opt(this: &PyObject, name: &PyObject) -> PyResult<Option<ObjRef>> {
    let ty = this.ty();
    let method = lookup_ref(ty, crate::intern!("__getattribute__"));
    let is_generic = match &method {
        None => true,
        Some(m) => m.downcast_exact::<PyWrapperDescr>().is_some_and(|w| {
            w.d_wrapped.get() as usize == protocol::object::generic_getattr_slot as *const () as usize
        }),
    };
    match method {
        Some(method) if !is_generic => match call_attribute(this, method, name) {
            Ok(value) => Ok(Some(value)),
            Err(e) if e.matches(exc::AttributeError()) => Ok(None),
            Err(e) => Err(e),
        },
        Some(_) | None => protocol::object::generic_getattr_opt(this, protocol::object::attr_name(name)?),
    }
}

/// Calls a `__getattribute__` or `__getattr__` found on the type.
fn call_attribute(this: &PyObject, method: ObjRef, name: &PyObject) -> PyResult {
    if method.ty().has_flag(flags::METHOD_DESCRIPTOR) {
        Method { func: method, unbound: true }.call(this, &[name])
    } else {
        let func = bind(method, Some(this), this.ty())?;
        Method { func, unbound: false }.call(this, &[name])
    }
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_setattro(
    this: *mut PyObject,
    name: *mut PyObject,
    value: *mut PyObject,
) -> c_int {
    // SAFETY: C passes live objects, or NULL for "delete".
    let (this, name, value) = unsafe { (arg(this), arg(name), opt_arg(value)) };
    ret_unit(match value {
        Some(value) => call_dunder(this, crate::intern!("__setattr__"), &[name, value]).map(drop),
        None => call_dunder(this, crate::intern!("__delattr__"), &[name]).map(drop),
    })
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_richcompare(
    this: *mut PyObject,
    other: *mut PyObject,
    op: c_int,
) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, other) = unsafe { (arg(this), arg(other)) };
    let name = compare_name(CompareOp::from_c(op));
    // A method that cannot be had (a property that raises) counts as none.
    ret(match Method::find(this, name) {
        Ok(Some(method)) => method.call(this, &[other]),
        Ok(None) | Err(_) => Ok(crate::not_implemented()),
    })
}

/// The dunder method of a comparison, interned.
pub(crate) fn compare_name(op: CompareOp) -> &'static PyStr {
    match op {
        CompareOp::Lt => crate::intern!("__lt__"),
        CompareOp::Le => crate::intern!("__le__"),
        CompareOp::Eq => crate::intern!("__eq__"),
        CompareOp::Ne => crate::intern!("__ne__"),
        CompareOp::Gt => crate::intern!("__gt__"),
        CompareOp::Ge => crate::intern!("__ge__"),
    }
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_iter(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    ret(iterate(this))
}

fn iterate(this: &PyObject) -> PyResult {
    let not_iterable = || exc::type_error(format!("'{}' object is not iterable", this.ty().full_name()));
    match Method::find(this, crate::intern!("__iter__")) {
        Ok(Some(method)) if method.is_none() => Err(not_iterable()),
        Ok(Some(method)) => method.call(this, &[]),
        Ok(None) | Err(_) if lookup(this.ty(), crate::intern!("__getitem__")).is_some() => {
            Ok(crate::types::iter::new_sequence_iterator(this))
        }
        Ok(None) | Err(_) => Err(not_iterable()),
    }
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_descr_get(
    this: *mut PyObject,
    object: *mut PyObject,
    owner: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes live objects or NULL.
    let (this, object, owner) = unsafe { (arg(this), opt_arg(object), opt_arg(owner)) };
    let ty = this.ty();
    let Some(get) = lookup_ref(ty, crate::intern!("__get__")) else {
        if ty.tp_descr_get.get().is_some_and(|f| f as usize == slot_tp_descr_get as *const () as usize) {
            ty.tp_descr_get.set(None);
        }
        return this.new_ref().into_raw();
    };
    let args = [object.unwrap_or(crate::none_ref()), owner.unwrap_or(crate::none_ref())];
    ret(Method { func: get, unbound: true }.call(this, &args))
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_descr_set(
    this: *mut PyObject,
    object: *mut PyObject,
    value: *mut PyObject,
) -> c_int {
    // SAFETY: C passes live objects, or NULL for "delete".
    let (this, object, value) = unsafe { (arg(this), arg(object), opt_arg(value)) };
    ret_unit(match value {
        Some(value) => call_dunder(this, crate::intern!("__set__"), &[object, value]).map(drop),
        None => call_dunder(this, crate::intern!("__delete__"), &[object]).map(drop),
    })
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_init(
    this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> c_int {
    // SAFETY: C passes live objects, a tuple, and a dict or NULL.
    let (this, args, kwargs) = unsafe { (arg(this), tuple_arg(args), dict_arg(kwargs)) };
    ret_unit(
        Method::require(this, crate::intern!("__init__"))
            .and_then(|m| m.call_tuple(this, args, kwargs))
            .and_then(|result| check_init_result(&result)),
    )
}

/// `__init__` must return None.
#[inline]
pub(crate) fn check_init_result(result: &PyObject) -> PyResult<()> {
    if crate::is_none(result) {
        Ok(())
    } else {
        Err(exc::type_error(format!("__init__() should return None, not '{}'", result.ty().full_name())))
    }
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_new(
    ty: *mut PyTypeObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes a live type, a tuple, and a dict or NULL.
    let (ty, args, kwargs) = unsafe { (type_arg(ty as *mut PyObject), tuple_arg(args), dict_arg(kwargs)) };
    ret(protocol::object::getattr(ty.as_object(), crate::intern!("__new__"))
        .and_then(|new| Method { func: new, unbound: true }.call_tuple(ty.as_object(), args, kwargs)))
}

pub(crate) unsafe extern "C-unwind" fn slot_tp_finalize(this: *mut PyObject) {
    // SAFETY: C passes a live object.
    let this = unsafe { arg(this) };
    if let Some(del) = lookup_ref(this.ty(), crate::intern!("__del__")) {
        let result = if del.ty().has_flag(flags::METHOD_DESCRIPTOR) {
            Method { func: del.clone(), unbound: true }.call(this, &[])
        } else {
            bind(del.clone(), Some(this), this.ty()).and_then(|func| Method { func, unbound: false }.call(this, &[]))
        };
        if let Err(e) = result {
            crate::runtime::unraisable::write_about(e, "Exception ignored while calling deallocator", &del);
        }
    }
}

macro_rules! async_slots {
    ($($function:ident $name:literal;)*) => { $(
        pub(crate) unsafe extern "C-unwind" fn $function(this: *mut PyObject) -> *mut PyObject {
            // SAFETY: C passes a live object.
            let this = unsafe { arg(this) };
            ret(match Method::find(this, crate::intern!($name)) {
                Ok(Some(method)) => method.call(this, &[]),
                Ok(None) => Err(exc::attribute_error_msg(format!(
                    concat!("object {} does not have ", $name, " method"),
                    this.ty().full_name()
                ))),
                Err(e) => Err(e),
            })
        }
    )* };
}
async_slots! {
    slot_am_await "__await__";
    slot_am_aiter "__aiter__";
    slot_am_anext "__anext__";
}
