//! Specializing calls by what is called.

use super::{failure, success, write_u32};
use crate::interp::opcode::*;
use crate::interp::ops::calls;
use crate::interp::ops::consumers::{self, Consumer};
use crate::interp::stackref::StackRef;
use crate::object::defs::meth;
use crate::object::refs::{PyClass, PyStruct};
use crate::object::typeobj::{PyTypeObject, flags};
use crate::types::builtin_function::PyCFunction;
use crate::types::code::co_flags;
use crate::types::descr::method::PyMethodDescr;
use crate::types::function::PyFunction;
use crate::types::generator::PyGenerator;
use crate::types::list::PyList;
use crate::types::method::PyMethod;
use crate::types::str::PyStr;
use crate::types::type_::lookup::{lookup, version_tag};

/// Does the function take exactly `n` plain parameters, so that arguments can be copied into its frame?
pub fn takes_exactly(function: &PyFunction, n: usize) -> bool {
    let code = function.code();
    code.co_argcount as usize == n
        && code.co_kwonlyargcount == 0
        && code.co_flags & (co_flags::VARARGS | co_flags::VARKEYWORDS) == 0
        && code.co_flags & (co_flags::OPTIMIZED | co_flags::NEWLOCALS) == co_flags::OPTIMIZED | co_flags::NEWLOCALS
        && function.vectorcall.get().map(|f| f as usize)
            == Some(crate::interp::call::function_vectorcall as *const () as usize)
}

#[cold]
#[inline(never)]
pub fn call(at: *mut u16, words: *mut StackRef, argc: usize) {
    // SAFETY: callable, self or NULL, arguments.
    let (callable, this) = unsafe { (*words, *words.add(1)) };
    // SAFETY: as above.
    if argc == 1 && unsafe { (*words.add(2)).get() }.downcast_exact::<PyGenerator>().is_some() {
        consumers::learn(callable);
        // SAFETY: as above.
        if unsafe { Consumer::of(callable.get(), this.opt()) }.is_some() {
            return success(at, CALL_OVER_GENERATOR);
        }
    }
    match choose(at, callable, this, argc) {
        Some(op) => success(at, op),
        None => failure(at),
    }
}

fn choose(at: *mut u16, callable: StackRef, this: StackRef, argc: usize) -> Option<u8> {
    // SAFETY: words on the stack.
    let callable = unsafe { callable.get() };
    let has_self = !this.is_null();
    if let Some(function) = callable.downcast_exact::<PyFunction>() {
        if function.version() == 0 || !takes_exactly(function, argc + has_self as usize) {
            return None;
        }
        write_u32(at, 1, function.version());
        return Some(CALL_PY_EXACT_ARGS);
    }
    if let Some(method) = callable.downcast_exact::<PyMethod>() {
        let function = method.im_func.downcast_exact::<PyFunction>()?;
        if has_self || function.version() == 0 || !takes_exactly(function, argc + 1) {
            return None;
        }
        write_u32(at, 1, function.version());
        return Some(CALL_BOUND_METHOD_EXACT_ARGS);
    }
    if let Some(ty) = callable.downcast_ref::<PyTypeObject>() {
        return if has_self { None } else { choose_class(at, ty, argc) };
    }
    if let Some(descr) = callable.downcast_exact::<PyMethodDescr>() {
        if !has_self {
            return None;
        }
        // SAFETY: descriptors keep their definition alive.
        let flags = unsafe { &*descr.d_method.get() }.ml_flags & !meth::COEXIST;
        return match flags {
            meth::NOARGS if argc == 0 => Some(CALL_METHOD_DESCRIPTOR_NOARGS),
            meth::O if argc == 1 => {
                // SAFETY: a word on the stack.
                let list = PyList::check_exact(unsafe { this.get() });
                if list && core::ptr::eq(&*descr.d_type, PyList::type_object()) && descr.d_name.eq_str("append") {
                    // SAFETY: as above.
                    calls::LIST_APPEND.learn(unsafe { &*descr.d_method.get() });
                    Some(CALL_LIST_APPEND)
                } else {
                    Some(CALL_METHOD_DESCRIPTOR_O)
                }
            }
            meth::FASTCALL => Some(CALL_METHOD_DESCRIPTOR_FAST),
            f if f == meth::FASTCALL | meth::KEYWORDS => Some(CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS),
            _ => None,
        };
    }
    if let Some(function) = callable.downcast_exact::<PyCFunction>() {
        if has_self {
            return None;
        }
        if is_builtins_function(function) {
            if argc == 1 && function.name() == "len" {
                calls::LEN.learn(function.def());
                return Some(CALL_LEN);
            }
            if argc == 2 && function.name() == "isinstance" {
                calls::ISINSTANCE.learn(function.def());
                return Some(CALL_ISINSTANCE);
            }
        }
        return match function.def().ml_flags & !(meth::STATIC | meth::COEXIST) {
            meth::O if argc == 1 => Some(CALL_BUILTIN_O),
            meth::FASTCALL => Some(CALL_BUILTIN_FAST),
            f if f == meth::FASTCALL | meth::KEYWORDS => Some(CALL_BUILTIN_FAST_WITH_KEYWORDS),
            _ => None,
        };
    }
    None
}

/// Does the type make instances by `object.__new__` alone?
fn uses_object_new(ty: &PyTypeObject) -> bool {
    let object_new = crate::types::object::PyBaseObject_Type.tp_new.get().map(|f| f as usize);
    ty.tp_new.get().map(|f| f as usize) == object_new
}

/// Is the function one of the `builtins` module?
pub fn is_builtins_function(function: &PyCFunction) -> bool {
    // SAFETY: null or the module that the function keeps alive.
    unsafe { function.receiver_ptr().as_ref() }
        .and_then(|o| o.downcast_ref::<crate::types::module::PyModule>())
        .is_some_and(|m| m.md_name.peek().and_then(|n| n.downcast_ref::<PyStr>()).is_some_and(|n| n.eq_str("builtins")))
}

fn choose_class(at: *mut u16, ty: &PyTypeObject, argc: usize) -> Option<u8> {
    if argc == 1 {
        if core::ptr::eq(ty, PyTypeObject::type_object()) {
            return Some(CALL_TYPE_1);
        }
        if core::ptr::eq(ty, crate::types::str::PyStr::type_object()) {
            return Some(CALL_STR_1);
        }
        if core::ptr::eq(ty, crate::types::tuple::PyTuple::type_object()) {
            return Some(CALL_TUPLE_1);
        }
    }
    // Only plain metatypes: another's __call__ decides for itself.
    if !ty.as_object().is_exact_type(PyTypeObject::type_object()) {
        return None;
    }
    if ty.tp_vectorcall.get().is_some() && !ty.has_flag(flags::HEAPTYPE) {
        return Some(CALL_BUILTIN_CLASS);
    }
    if !takes_exactly(plain_init(ty)?, argc + 1) {
        return None;
    }
    write_u32(at, 1, version_tag(ty));
    Some(CALL_ALLOC_AND_ENTER_INIT)
}

/// The Python function that is all there is to calls of a Python class besides making a plain instance. From now on the class knows it,
/// as long as its version stands.
pub fn plain_init(ty: &PyTypeObject) -> Option<&PyFunction> {
    // Only plain metatypes: another's __call__ decides for itself.
    let heap = ty.as_heap().filter(|_| ty.as_object().is_exact_type(PyTypeObject::type_object()))?;
    let known = heap.spec_cache_init.get();
    if !known.is_null() {
        // SAFETY: what is noted below; the type's dict keeps it alive.
        return Some(unsafe { (*known).cast_unchecked_ref() });
    }
    if ty.has_flag(flags::IS_ABSTRACT | flags::DISALLOW_INSTANTIATION) || !uses_object_new(ty) || version_tag(ty) == 0 {
        return None;
    }
    let init = lookup(ty, crate::intern!("__init__"))?;
    let function = init.downcast_exact::<PyFunction>()?;
    heap.spec_cache_init.set(init.as_ptr());
    Some(function)
}
