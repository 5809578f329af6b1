//! Calling a type: `tp_call` of `type`, and the quick path for Python classes that needs no argument tuple.

use super::glue::{check_status, dict_arg, ret, tuple_arg, type_arg};
use super::slot_functions::{ARGUMENTS_OFFSET, check_init_result, slot_tp_init, slot_tp_new};
use super::{PyType_Type, lookup};
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol;
use crate::types::dict::PyDict;
use crate::types::object as object_type;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `tp_call` of `type`: `tp_new`, then `tp_init` if that gave an instance.
pub(crate) unsafe extern "C-unwind" fn type_call_slot(
    ty: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes a live type, a tuple, and a dict or NULL.
    ret(unsafe { type_call(type_arg(ty), tuple_arg(args), dict_arg(kwargs)) })
}

/// `type.__call__`.
pub fn type_call(ty: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
    if core::ptr::eq(ty, &raw const PyType_Type) {
        let keywords = kwargs.map_or(0, PyDict::len);
        if let ([object], 0) = (args.items(), keywords) {
            return Ok(object.ty().to_obj());
        }
        if args.len() != 3 {
            return Err(exc::type_error("type() takes 1 or 3 arguments"));
        }
    }
    let object = call_new(ty, args, kwargs)?;
    if !object.ty().is_subtype(ty) {
        return Ok(object);
    }
    call_init(&object, args, kwargs)?;
    Ok(object)
}

fn raw_dict(kwargs: Option<&PyDict>) -> *mut PyObject {
    kwargs.map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr())
}

fn call_new(ty: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
    let Some(new) = ty.tp_new.get() else {
        return Err(exc::type_error(format!("cannot create '{}' instances", ty.full_name())));
    };
    let ty = ty as *const PyTypeObject as *mut PyTypeObject;
    // SAFETY: calling the slot as C would.
    unsafe { ObjRef::from_c_result(new(ty, args.as_object().as_ptr(), raw_dict(kwargs))) }
}

/// Calls `__init__` of an object's class.
///
/// # Errors
/// What it raises.
pub(crate) fn call_init(object: &PyObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
    match object.ty().tp_init.get() {
        // SAFETY: calling the slot as C would.
        Some(init) => check_status(unsafe { init(object.as_ptr(), args.as_object().as_ptr(), raw_dict(kwargs)) }),
        None => Ok(()),
    }
}

/// Arguments of a vectorcall.
#[derive(Clone, Copy)]
struct Vector {
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
}

impl Vector {
    fn nargs(self) -> usize {
        self.nargsf & !ARGUMENTS_OFFSET
    }

    fn nkeywords(self) -> usize {
        // SAFETY: null or a live tuple.
        unsafe { (self.kwnames as *const PyTuple).as_ref() }.map_or(0, PyTuple::len)
    }

    fn is_empty(self) -> bool {
        self.nargs() + self.nkeywords() == 0
    }

    /// The same arguments as a tuple and a dict.
    unsafe fn to_tuple_dict(self) -> PyResult<(Ref<PyTuple>, Option<Ref<PyDict>>)> {
        let nargs = self.nargs();
        // SAFETY: the caller of the vectorcall promises that many live arguments.
        unsafe {
            let all = if self.args.is_null() {
                &[][..]
            } else {
                core::slice::from_raw_parts(self.args as *const &PyObject, nargs + self.nkeywords())
            };
            let args = PyTuple::from_slice(&all[..nargs]);
            let Some(names) = (self.kwnames as *const PyTuple).as_ref().filter(|n| n.len() != 0) else {
                return Ok((args, None));
            };
            let kwargs = PyDict::new();
            for (name, value) in names.items().iter().zip(&all[nargs..]) {
                match name.downcast_ref::<PyStr>() {
                    Some(name) => kwargs.set_str(name, value)?,
                    None => kwargs.set_item(name, value)?,
                }
            }
            Ok((args, Some(kwargs)))
        }
    }

    /// Calls `function` with `first` in front of the arguments.
    unsafe fn call_with_first(self, function: &PyObject, first: &PyObject) -> PyResult {
        let nargs = self.nargs();
        // SAFETY: with the offset flag the place in front of the arguments is ours to use for the call; without it the
        // arguments are copied.
        unsafe {
            if self.nargsf & ARGUMENTS_OFFSET != 0 {
                let place = (self.args as *mut *mut PyObject).sub(1);
                let saved = place.read();
                place.write(first.as_ptr());
                let result = protocol::call::vectorcall(function, place, nargs + 1, self.kwnames);
                place.write(saved);
                return result;
            }
            let count = nargs + self.nkeywords();
            let mut all = Vec::with_capacity(count + 2);
            all.push(core::ptr::null_mut());
            all.push(first.as_ptr());
            if count != 0 {
                all.extend_from_slice(core::slice::from_raw_parts(self.args, count));
            }
            protocol::call::vectorcall(function, all.as_ptr().add(1), (nargs + 1) | ARGUMENTS_OFFSET, self.kwnames)
        }
    }
}

/// `tp_vectorcall` of `type` itself: `type(x)` without a tuple.
pub(crate) unsafe extern "C-unwind" fn type_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    let vector = Vector { args, nargsf, kwnames };
    // SAFETY: C passes `type` and live arguments.
    unsafe {
        if vector.nargs() == 1 && vector.nkeywords() == 0 {
            return (**args).ty().to_obj().into_raw();
        }
        ret(vector.to_tuple_dict().and_then(|(args, kwargs)| type_call(type_arg(callable), &args, kwargs.as_deref())))
    }
}

/// `tp_vectorcall` of Python classes.
///
/// It is used only while the metatype's `tp_call` is `type`'s: a metaclass with its own `__call__` loses HAVE_VECTORCALL.
pub(crate) unsafe extern "C-unwind" fn class_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes a live type and live arguments.
    ret(unsafe { instantiate(type_arg(callable), Vector { args, nargsf, kwnames }) })
}

unsafe fn instantiate(ty: &PyTypeObject, vector: Vector) -> PyResult {
    let new = ty.tp_new.get().map_or(0, |f| f as usize);
    let mut packed: Option<(Ref<PyTuple>, Option<Ref<PyDict>>)> = None;
    // SAFETY: the vector's arguments are live.
    unsafe {
        let object = if new == object_type::object_new as *const () as usize
            && !ty.has_flag(flags::IS_ABSTRACT)
            && (vector.is_empty()
                || ty.tp_init.get().is_some_and(|f| f as usize != object_type::object_init as *const () as usize))
        {
            let alloc = ty.tp_alloc.get().unwrap_or(crate::object::alloc::generic_alloc);
            ObjRef::from_c_result(alloc(ty as *const PyTypeObject as *mut PyTypeObject, 0))?
        } else if new == slot_tp_new as *const () as usize {
            let function = protocol::object::getattr(ty.as_object(), crate::intern!("__new__"))?;
            vector.call_with_first(&function, ty.as_object())?
        } else {
            let (args, kwargs) = packed.insert(vector.to_tuple_dict()?);
            call_new(ty, args, kwargs.as_deref())?
        };
        if !object.ty().is_subtype(ty) {
            return Ok(object);
        }
        let init = object.ty().tp_init.get().map_or(0, |f| f as usize);
        // `object.__new__` has refused surplus arguments already.
        if init == 0 || init == object_type::object_init as *const () as usize {
            return Ok(object);
        }
        if init == slot_tp_init as *const () as usize {
            let name = crate::intern!("__init__");
            let Some(found) = lookup::lookup_ref(object.ty(), name) else {
                return Err(exc::attribute_error_msg("__init__"));
            };
            let result = if found.ty().has_flag(flags::METHOD_DESCRIPTOR) {
                vector.call_with_first(&found, &object)?
            } else {
                let bound = super::glue::bind(found, Some(&object), object.ty())?;
                protocol::call::vectorcall(&bound, vector.args, vector.nargsf, vector.kwnames)?
            };
            check_init_result(&result)?;
            return Ok(object);
        }
        let (args, kwargs) = match packed {
            Some(packed) => packed,
            None => vector.to_tuple_dict()?,
        };
        call_init(&object, &args, kwargs.as_deref())?;
        Ok(object)
    }
}
