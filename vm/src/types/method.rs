//! `method` (a function bound to its receiver) and `instancemethod` (for C extensions).

use core::cell::Cell;

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::slots::vectorcallfunc;
use crate::object::{CompareOp, ObjRef, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{call, object};
use crate::runtime::recursion;
use crate::types::builtin_function::{ARGUMENTS_OFFSET, arg_slice, call_vector, kwnames_len, vectorcall_nargs};
use crate::types::descr::{hash_pointer, reduce_to_getattr};
use crate::types::dict::PyDict;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use crate::types::type_::lookup::lookup_ref;
use rpy_derive::{pyclass, pymethods};

/// Create a bound instance method object.
#[pyclass(
    name = "method",
    symbol = "PyMethod_Type",
    vectorcall = vectorcall,
    weaklist = im_weakreflist,
    gc,
    flags(HAVE_VECTORCALL)
)]
#[repr(C)]
pub struct PyMethod {
    pub ob_base: PyObject,
    /// the function (or other callable) implementing a method
    #[pymember(readonly, name = "__func__", object)]
    pub im_func: Ref<PyObject>,
    /// the instance to which a method is bound
    #[pymember(readonly, name = "__self__", object)]
    pub im_self: Ref<PyObject>,
    #[pytraverse(skip)]
    pub im_weakreflist: Cell<*mut PyObject>,
    #[pytraverse(skip)]
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}

/// instancemethod(function)
///
/// Bind a function to a class.
#[pyclass(name = "instancemethod", symbol = "PyInstanceMethod_Type", gc)]
#[repr(C)]
pub struct PyInstanceMethod {
    pub ob_base: PyObject,
    /// the function (or other callable) implementing a method
    #[pymember(readonly, name = "__func__", object)]
    pub func: Ref<PyObject>,
}

impl PyMethod {
    /// `PyMethod_New`.
    #[inline]
    pub fn new(function: &PyObject, receiver: &PyObject) -> Ref<PyMethod> {
        new_exact(PyMethod {
            ob_base: PyObject::placeholder(),
            im_func: function.new_ref(),
            im_self: receiver.new_ref(),
            im_weakreflist: Cell::new(core::ptr::null_mut()),
            vectorcall: Cell::new(Some(vectorcall_method)),
        })
    }
}

/// Calls the function with the receiver put before the arguments.
unsafe extern "C-unwind" fn vectorcall_method(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: the vectorcall protocol: `callable` is a PyMethod, the vector holds the arguments and keyword values.
    unsafe {
        let this = (*callable).cast_unchecked_ref::<PyMethod>();
        // A method of a method of a method...
        if this.im_func.is_exact_type(&PyMethod_Type)
            && let Err(e) = crate::runtime::recursion::check(" while calling a Python object")
        {
            return e.restore_null();
        }
        let nargs = vectorcall_nargs(nargsf);
        let result = if nargsf & ARGUMENTS_OFFSET != 0 {
            // The caller lends the word before the arguments.
            let slot = (args as *mut *mut PyObject).sub(1);
            let saved = slot.replace(this.im_self.as_raw());
            let result = call::vectorcall(&this.im_func, slot, nargs + 1, kwnames);
            slot.write(saved);
            result
        } else {
            let total = nargs + kwnames_len(kwnames);
            let values = arg_slice(args, total);
            const SMALL: usize = 8;
            if total < SMALL {
                let mut vector = [core::ptr::null_mut(); SMALL];
                vector[0] = this.im_self.as_raw();
                for (to, from) in vector[1..].iter_mut().zip(values) {
                    *to = from.as_ptr();
                }
                call::vectorcall(&this.im_func, vector.as_ptr(), nargs + 1, kwnames)
            } else {
                let mut vector = Vec::with_capacity(total + 1);
                vector.push(this.im_self.as_raw());
                vector.extend(values.iter().map(|value| value.as_ptr()));
                call::vectorcall(&this.im_func, vector.as_ptr(), nargs + 1, kwnames)
            }
        };
        match result {
            Ok(value) => value.into_raw(),
            Err(e) => e.restore_null(),
        }
    }
}

#[pymethods]
impl PyMethod {
    #[pynew(sig = "(function, instance, /)")]
    fn py_new(_cls: &PyTypeObject, function: &PyObject, instance: &PyObject) -> PyResult {
        if !object::callable(function) {
            return Err(exc::type_error("first argument must be callable"));
        }
        if crate::is_none(instance) {
            return Err(exc::type_error("instance must not be None"));
        }
        Ok(PyMethod::new(function, instance).into_obj())
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        call_vector(self.as_object(), self.vectorcall.get(), args, kwargs)
    }

    /// Attributes of `method` itself first, then the function's.
    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult {
        if let Some(name) = name.downcast_ref::<PyStr>()
            && let Some(descr) = lookup_ref(self.as_object().ty(), name)
        {
            return match descr.ty().tp_descr_get.get() {
                // SAFETY: calling the slot as C would.
                Some(get) => unsafe {
                    let ty = self.as_object().ty().as_object().as_ptr();
                    ObjRef::from_c_result(get(descr.as_raw(), self.as_object().as_ptr(), ty))
                },
                None => Ok(descr),
            };
        }
        // The function may be a method itself.
        recursion::check("")?;
        object::getattr_obj(&self.im_func, name)
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let mut name = object::getattr_opt(&self.im_func, intern!("__qualname__"))?;
        if name.is_none() {
            name = object::getattr_opt(&self.im_func, intern!("__name__"))?;
        }
        let mut text = StrBuilder::new();
        text.push_str("<bound method ");
        match name.as_ref().and_then(|name| name.downcast_ref::<PyStr>()) {
            Some(name) => text.push_py(name),
            None => text.push_str("?"),
        }
        text.push_str(" of ");
        text.push_py(&*object::repr(&self.im_self)?);
        text.push_str(">");
        Ok(text.finish())
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        recursion::check("")?;
        // By identity: `im_self` may be unhashable, and its hash may change.
        Ok(hash_pointer(self.im_self.as_raw()) ^ object::hash(&self.im_func)?)
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let equal_wanted = match op {
            CompareOp::Eq => true,
            CompareOp::Ne => false,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => return Ok(crate::not_implemented()),
        };
        let Some(other) = other.downcast_exact::<PyMethod>() else {
            return Ok(crate::not_implemented());
        };
        let same = object::eq(&self.im_func, &other.im_func)? && self.im_self.is(&other.im_self);
        Ok(crate::py_bool(same == equal_wanted))
    }

    /// A method is bound already.
    #[slot]
    fn tp_descr_get(&self, _obj: Option<&PyObject>, _cls: Option<&PyObject>) -> ObjRef {
        self.to_obj()
    }

    /// Helper for pickle.
    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        let name = object::getattr(&self.im_func, intern!("__name__"))?;
        reduce_to_getattr(&self.im_self, &name)
    }

    #[pygetset]
    fn __doc__(&self) -> PyResult {
        object::getattr(&self.im_func, intern!("__doc__"))
    }
}

impl PyInstanceMethod {
    /// `PyInstanceMethod_New`.
    pub fn new(function: &PyObject) -> Ref<PyInstanceMethod> {
        new_exact(PyInstanceMethod { ob_base: PyObject::placeholder(), func: function.new_ref() })
    }
}

#[pymethods]
impl PyInstanceMethod {
    #[pynew(sig = "(func, /)")]
    fn py_new(_cls: &PyTypeObject, func: &PyObject) -> PyResult {
        if !object::callable(func) {
            return Err(exc::type_error("first argument must be callable"));
        }
        Ok(PyInstanceMethod::new(func).into_obj())
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        call::call_tuple(&self.func, args, kwargs)
    }

    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult {
        if let Some(name) = name.downcast_ref::<PyStr>()
            && let Some(descr) = lookup_ref(self.as_object().ty(), name)
        {
            return match descr.ty().tp_descr_get.get() {
                // SAFETY: calling the slot as C would.
                Some(get) => unsafe {
                    let ty = self.as_object().ty().as_object().as_ptr();
                    ObjRef::from_c_result(get(descr.as_raw(), self.as_object().as_ptr(), ty))
                },
                None => Ok(descr),
            };
        }
        recursion::check("")?;
        object::getattr_obj(&self.func, name)
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, _cls: Option<&PyObject>) -> ObjRef {
        match obj {
            Some(obj) => PyMethod::new(&self.func, obj).into_obj(),
            None => self.func.clone(),
        }
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let equal_wanted = match op {
            CompareOp::Eq => true,
            CompareOp::Ne => false,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => return Ok(crate::not_implemented()),
        };
        let Some(other) = other.downcast_exact::<PyInstanceMethod>() else {
            return Ok(crate::not_implemented());
        };
        Ok(crate::py_bool(object::eq(&self.func, &other.func)? == equal_wanted))
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let name = object::getattr_opt(&self.func, intern!("__name__"))?;
        let name = match &name {
            Some(name) if name.ty().has_flag(flags::UNICODE_SUBCLASS) => {
                object::str(name)?.to_string_lossy().into_owned()
            }
            _ => "?".to_owned(),
        };
        Ok(PyStr::from_string(format!("<instancemethod {name} at {:p}>", self.as_object().as_ptr())))
    }

    #[pygetset]
    fn __doc__(&self) -> PyResult {
        object::getattr(&self.func, intern!("__doc__"))
    }
}

/// Is it exactly a bound method? Gives its function and receiver.
#[inline]
pub fn as_method(object: &PyObject) -> Option<(&PyObject, &PyObject)> {
    let method = object.downcast_exact::<PyMethod>()?;
    Some((&method.im_func, &method.im_self))
}
