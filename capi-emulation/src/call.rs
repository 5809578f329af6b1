//! Calling: `PyObject_Call` and its relatives, the vectorcall protocol.

use core::ffi::c_char;

use rpy_vm::protocol::{call, object as po};
use rpy_vm::types::builtin_function::{ARGUMENTS_OFFSET, arg_slice, call_vector, kwnames_to_dict, vectorcall_nargs};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc};

use crate::border::{Obj, OptObj, Out, c_name, call_arguments, expect, null_argument};
use crate::unicodeobject::Identifier;
use crate::va_list::VaList;

exports! {
    /// `f(*args, **kwargs)`; `args` is a tuple, `kwargs` a dict or NULL.
    fn PyObject_Call(callable: Obj<'_>, args: Obj<'_>, kwargs: OptObj<'_>) -> Out = ObjRef {
        let (args, kwargs) = call_arguments(args, kwargs)?;
        call::call_tuple(callable, args, kwargs)
    }
    /// `f(*args)`; NULL for no arguments.
    fn PyObject_CallObject(callable: Obj<'_>, args: OptObj<'_>) -> Out = ObjRef {
        call_optional(callable, args, None)
    }
    /// As `PyObject_Call`, by the name it has for built-in functions.
    fn PyCFunction_Call(callable: Obj<'_>, args: Obj<'_>, kwargs: OptObj<'_>) -> Out = ObjRef {
        let (args, kwargs) = call_arguments(args, kwargs)?;
        call::call_tuple(callable, args, kwargs)
    }
    /// `f(*args, **kwargs)`; NULL for no arguments.
    fn PyEval_CallObjectWithKeywords(callable: Obj<'_>, args: OptObj<'_>, kwargs: OptObj<'_>) -> Out = ObjRef {
        call_optional(callable, args, kwargs)
    }
    /// `f()`.
    fn PyObject_CallNoArgs(callable: Obj<'_>) -> Out = ObjRef {
        call::call_noargs(callable)
    }
    /// `f(x)`.
    fn PyObject_CallOneArg(callable: Obj<'_>, arg: Obj<'_>) -> Out = ObjRef {
        call::call_one(callable, arg)
    }
    /// The vectorcall protocol.
    fn PyObject_Vectorcall(callable: Obj<'_>, args: *const *mut PyObject, nargsf: usize, kwnames: *mut PyObject) -> Out = ObjRef {
        call::vectorcall(callable, args, nargsf, kwnames)
    }
    /// As `PyObject_Vectorcall`, with keywords in a dict (or NULL).
    fn PyObject_VectorcallDict(callable: Obj<'_>, args: *const *mut PyObject, nargsf: usize, kwargs: OptObj<'_>) -> Out = ObjRef {
        let kwargs = kwargs.map(expect::<PyDict>).transpose()?.filter(|kwargs| !kwargs.is_empty());
        match kwargs {
            None => call::vectorcall(callable, args, nargsf, core::ptr::null_mut()),
            Some(kwargs) => {
                let positional = PyTuple::from_slice(arg_slice(args, vectorcall_nargs(nargsf)));
                call::call_tuple(callable, &positional, Some(kwargs))
            }
        }
    }
    /// `args[0].name(*args[1:])`.
    fn PyObject_VectorcallMethod(name: Obj<'_>, args: *const *mut PyObject, nargsf: usize, kwnames: *mut PyObject) -> Out = ObjRef {
        let nargs = vectorcall_nargs(nargsf);
        let receiver = &**args;
        match po::lookup_method(receiver, po::attr_name(name)?)? {
            None => Err(po::no_attribute(receiver, po::attr_name(name)?)),
            // The receiver is the first argument.
            Some((function, true)) => call::vectorcall(&function, args, nargs, kwnames),
            // The place of the receiver is free for the callee.
            Some((bound, false)) => call::vectorcall(&bound, args.add(1), (nargs - 1) | ARGUMENTS_OFFSET, kwnames),
        }
    }
    /// Calls through the vectorcall pointer, with a tuple and a dict or NULL.
    fn PyVectorcall_Call(callable: Obj<'_>, args: Obj<'_>, kwargs: OptObj<'_>) -> Out = ObjRef {
        let (args, kwargs) = call_arguments(args, kwargs)?;
        call_vector(callable, call::inherited_vectorcall(callable), args, kwargs)
    }
    /// The number of positional arguments.
    fn PyVectorcall_NARGS(nargsf: usize) -> isize {
        vectorcall_nargs(nargsf) as isize
    }
    /// The object's vectorcall function, or NULL.
    fn PyVectorcall_Function(callable: Obj<'_>) -> *const core::ffi::c_void {
        call::vectorcall_of(callable).map_or(core::ptr::null(), |function| function as *const core::ffi::c_void)
    }
    /// The `tp_call` of types with vectorcall made from the old convention: keywords as a tuple of names.
    fn _PyObject_MakeTpCall(_tstate: *mut core::ffi::c_void, callable: Obj<'_>, args: *const *mut PyObject, nargs: isize, keywords: *mut PyObject) -> Out = ObjRef {
        let positional = PyTuple::from_slice(arg_slice(args, nargs.max(0) as usize));
        let kwargs = kwnames_to_dict(args.add(nargs.max(0) as usize), keywords)?;
        call::call_tuple(callable, &positional, kwargs.as_deref())
    }
    /// `f(...)` with arguments made from a format as in `Py_BuildValue`.
    fn va_PyObject_CallFunction(callable: OptObj<'_>, format: *const c_char, va: &mut VaList) -> Out = ObjRef {
        call_format(callable.ok_or_else(null_argument)?, format, va)
    }
    /// `o.name(...)` with arguments made from a format as in `Py_BuildValue`.
    fn va_PyObject_CallMethod(object: OptObj<'_>, name: *const c_char, format: *const c_char, va: &mut VaList) -> Out = ObjRef {
        call_method_format(object, &*c_name(name)?, format, va)
    }
    /// As `PyObject_CallMethod`, with a name in a static variable.
    fn va__PyObject_CallMethodId(object: OptObj<'_>, name: &mut Identifier, format: *const c_char, va: &mut VaList) -> Out = ObjRef {
        call_method_format(object, name.object()?, format, va)
    }
    /// `f(a, b, ...)` with objects, ended by NULL.
    fn va_PyObject_CallFunctionObjArgs(callable: OptObj<'_>, va: &mut VaList) -> Out = ObjRef {
        call::call(callable.ok_or_else(null_argument)?, &objects(va))
    }
    /// `o.name(a, b, ...)` with objects, ended by NULL.
    fn va_PyObject_CallMethodObjArgs(object: OptObj<'_>, name: OptObj<'_>, va: &mut VaList) -> Out = ObjRef {
        let (Some(object), Some(name)) = (object, name) else { return Err(null_argument()) };
        call::call_method(object, po::attr_name(name)?, &objects(va))
    }
}

/// Calls with a tuple and a dict, either of which may be missing.
fn call_optional(callable: &PyObject, args: Option<&PyObject>, kwargs: Option<&PyObject>) -> PyResult<ObjRef> {
    let args = match args {
        None => PyTuple::empty(),
        Some(args) => match args.downcast_ref::<PyTuple>() {
            Some(args) => args.to_ref(),
            None => return Err(exc::type_error("argument list must be a tuple")),
        },
    };
    let kwargs = kwargs.map(|kwargs| {
        kwargs.downcast_ref::<PyDict>().ok_or_else(|| exc::type_error("keyword list must be a dictionary"))
    });
    call::call_tuple(callable, &args, kwargs.transpose()?)
}

/// The objects of an argument list that NULL ends.
unsafe fn objects<'a>(va: &mut VaList) -> Vec<Obj<'a>> {
    let mut all = Vec::new();
    // SAFETY: the caller's promise: live objects, then NULL.
    while let Some(object) = unsafe { va.pointer::<PyObject>().as_ref() } {
        all.push(object);
    }
    all
}

/// Calls a method with what a format makes.
unsafe fn call_method_format(
    object: Option<&PyObject>,
    name: &PyStr,
    format: *const c_char,
    va: &mut VaList,
) -> PyResult<ObjRef> {
    let method = po::getattr(object.ok_or_else(null_argument)?, name)?;
    if !po::callable(&method) {
        return Err(exc::type_error(format!("attribute of type '{}' is not callable", method.ty().full_name())));
    }
    // SAFETY: the caller's promise.
    unsafe { call_format(&method, format, va) }
}

/// Calls with what a format makes: a tuple (of a subclass, too) becomes the arguments, anything else the only one.
unsafe fn call_format(callable: &PyObject, format: *const c_char, va: &mut VaList) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    if format.is_null() || unsafe { *format } == 0 {
        return call::call_noargs(callable);
    }
    // SAFETY: the caller's promise.
    let value = unsafe { crate::modsupport::build_value(format, va)? };
    match value.downcast_ref::<PyTuple>() {
        Some(args) => call::call_tuple(callable, args, None),
        None => call::call_one(callable, &value),
    }
}
