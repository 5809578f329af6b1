//! `_ctypes`: C types, and C functions called with them.
//!
//! * [`codes`]: simple types by letter; [`abi`]: how libffi is told of types
//! * [`info`]: what is known of a C type; [`metatype`]: the metatype of all of them
//! * [`data`]: the base of instances; [`simple`], [`pointer`], [`array`], [`structure`] (with [`field`]), [`funcptr`]: each kind of
//!   type with its metatype
//! * [`param`], [`call`], [`callback`]: arguments, calls, and calls from C
//! * [`addresses`], [`library`]: C functions for `ctypes` itself, and those of shared libraries

use rpy_vm::PyObject;
use rpy_vm::types::descr::fully_qualified_name;

pub mod abi;
pub mod addresses;
pub mod array;
pub mod call;
pub mod callback;
pub mod codes;
pub mod data;
pub mod field;
pub mod funcptr;
pub mod info;
pub mod library;
pub mod metatype;
pub mod param;
pub mod pointer;
pub mod simple;
pub mod structure;

/// The name of an object's class with its module (`%T`).
fn type_name(object: &PyObject) -> String {
    fully_qualified_name(object.ty())
}

/// Create and manipulate C compatible data types in Python.
#[rpy_vm::pymodule(name = "_ctypes")]
pub mod ctypes_ {
    use rpy_vm::object::class_impl::StaticType;
    use rpy_vm::protocol::{call as pycall, number, object};
    use rpy_vm::runtime::audit::audit;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::types::type_::type_ready;
    use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, exc, intern};

    use super::array::{Array, ArrayType};
    use super::callback::CThunk;
    use super::data::CData;
    use super::field::CField;
    use super::funcptr::{CFuncPtr, FuncPtrType};
    use super::metatype::{CType, address_of};
    use super::param::CArg;
    use super::pointer::{Pointer, PointerType};
    use super::simple::{Simple, SimpleType};
    use super::structure::{StructType, Structure, Union, UnionType};
    use super::{addresses, call, info, library, param};

    #[pyattr(name = "__version__")]
    const VERSION: &str = "1.1.0";
    #[pyattr]
    const FUNCFLAG_CDECL: i32 = info::flag::CDECL as i32;
    #[pyattr]
    const FUNCFLAG_PYTHONAPI: i32 = info::flag::PYTHONAPI as i32;
    #[pyattr]
    const FUNCFLAG_USE_ERRNO: i32 = info::flag::USE_ERRNO as i32;
    #[pyattr]
    const FUNCFLAG_USE_LASTERROR: i32 = info::flag::USE_LASTERROR as i32;
    #[pyattr]
    const RTLD_LOCAL: i32 = libc::RTLD_LOCAL;
    #[pyattr]
    const RTLD_GLOBAL: i32 = libc::RTLD_GLOBAL;
    #[pyattr]
    const CTYPES_MAX_ARGCOUNT: i32 = call::MAX_ARGUMENTS as i32;
    #[pyattr]
    const SIZEOF_TIME_T: i32 = size_of::<libc::time_t>() as i32;

    #[pyfunction]
    fn get_errno() -> PyResult<i32> {
        audit("ctypes.get_errno", &[])?;
        Ok(call::errno())
    }

    #[pyfunction]
    fn set_errno(value: i32) -> PyResult<i32> {
        audit("ctypes.set_errno", &[&crate::support::int(value.into())])?;
        Ok(call::set_errno(value))
    }

    /// sizeof(C type) -> integer
    /// sizeof(C instance) -> integer
    /// Return the size in bytes of a C instance
    #[pyfunction]
    fn sizeof(obj: &PyObject) -> PyResult<usize> {
        if let Some(info) = info::of_type(obj) {
            return Ok(info.size.get());
        }
        match obj.downcast_ref::<CData>() {
            Some(data) => Ok(data.size()),
            None => Err(exc::type_error("this type has no size")),
        }
    }

    /// alignment(C type) -> integer
    /// alignment(C instance) -> integer
    /// Return the alignment requirements of a C instance
    #[pyfunction]
    fn alignment(obj: &PyObject) -> PyResult<usize> {
        match info::of_type(obj).or_else(|| info::of_instance(obj)) {
            Some(info) => Ok(info.align.get()),
            None => Err(exc::type_error("no alignment info")),
        }
    }

    /// Return a pointer lookalike to a C instance, only usable as function argument.
    #[pyfunction(sig = "(obj, offset=0, /)")]
    fn byref(obj: &PyObject, offset: Option<&PyObject>) -> PyResult {
        let offset = match offset {
            Some(offset) => number::as_isize(offset, None)?,
            None => 0,
        };
        Ok(param::byref(obj, offset)?.into_obj())
    }

    /// Return the address of the C instance internal buffer
    #[pyfunction]
    fn addressof(obj: &PyObject) -> PyResult {
        match obj.downcast_ref::<CData>() {
            Some(data) => {
                audit("ctypes.addressof", &[obj])?;
                Ok(super::metatype::address_int(data.memory()))
            }
            None => Err(exc::type_error("invalid type")),
        }
    }

    /// Resize the memory buffer of a ctypes instance
    #[pyfunction]
    fn resize(obj: &PyObject, size: isize) -> PyResult<()> {
        let (Some(data), Some(info)) = (obj.downcast_ref::<CData>(), info::of_instance(obj)) else {
            return Err(exc::type_error("excepted ctypes instance"));
        };
        data.resize(info.size.get(), size)
    }

    /// Return buffer interface information
    #[pyfunction]
    fn buffer_info(obj: &PyObject) -> PyResult {
        let Some(info) = info::of_type(obj).or_else(|| info::of_instance(obj)) else {
            return Err(exc::type_error("not a ctypes type or object"));
        };
        let shape: Vec<ObjRef> = info.shape.borrow().iter().map(|n| PyInt::from_isize(*n).into_obj()).collect();
        let format = info.format().map_or_else(rpy_vm::none, |format| PyStr::from_string(format).into_obj());
        let ndim = crate::support::int(shape.len() as i64);
        Ok(PyTuple::from_array([format, ndim, PyTuple::new(shape).into_obj()]).into_obj())
    }

    #[pyfunction(name = "_unpickle")]
    fn unpickle(class: &PyObject, state: &PyTuple) -> PyResult {
        let made = pycall::call_method(class, intern!("__new__"), &[class])?;
        let setstate = object::getattr(&made, intern!("__setstate__"))?;
        pycall::call_tuple(&setstate, state, None)?;
        Ok(made)
    }

    /// dlopen(name, flag={RTLD_GLOBAL|RTLD_LOCAL}) open a shared library
    #[pyfunction(sig = "(name, flag=None, /)")]
    fn dlopen(name: &PyObject, flag: Option<i32>) -> PyResult {
        let name = Some(name).filter(|name| !rpy_vm::is_none(name));
        library::open(name, flag.unwrap_or(libc::RTLD_NOW | libc::RTLD_LOCAL))
    }

    /// dlclose a library
    #[pyfunction]
    fn dlclose(handle: &PyObject) -> PyResult<()> {
        library::close(handle)
    }

    /// find symbol in shared library
    #[pyfunction]
    fn dlsym(handle: &PyObject, name: &str) -> PyResult {
        library::symbol(handle, name)
    }

    #[pyfunction]
    fn call_function(address: &PyInt, arguments: &PyTuple) -> PyResult {
        call::call_address(address_of(address)?, arguments, 0)
    }

    #[pyfunction]
    fn call_cdeclfunction(address: &PyInt, arguments: &PyTuple) -> PyResult {
        call::call_address(address_of(address)?, arguments, info::flag::CDECL)
    }

    #[pyfunction(name = "PyObj_FromPtr")]
    fn obj_from_ptr(address: &PyInt) -> PyResult {
        let object: *mut PyObject = address_of(address)?.cast();
        // SAFETY: that it is an object is the program's responsibility.
        match unsafe { object.as_ref() } {
            Some(object) => {
                audit("ctypes.PyObj_FromPtr", &[object])?;
                Ok(object.new_ref())
            }
            None => Err(exc::value_error("NULL pointer access")),
        }
    }

    #[pyfunction(name = "Py_INCREF")]
    fn incref(obj: &PyObject) -> ObjRef {
        obj.new_ref().into_raw();
        obj.new_ref()
    }

    #[pyfunction(name = "Py_DECREF")]
    fn decref(obj: &PyObject) -> ObjRef {
        let result = obj.new_ref();
        // SAFETY: that there is a reference to give up is the program's responsibility.
        unsafe { PyObject::decref(obj.as_ptr()) };
        result
    }

    /// Makes a static class ready, as an instance of a metatype.
    fn ready<C: StaticType, M: StaticType>() -> PyResult<&'static PyTypeObject> {
        // SAFETY: statics.
        let (class, metatype) = unsafe { (&*C::TYPE, &*M::TYPE) };
        class.as_object().ob_type.set(metatype);
        type_ready(class)?;
        Ok(class)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let argument_error = crate::support::exception_class("ctypes", "ArgumentError", exc::Exception())?;
        call::ARGUMENT_ERROR.set(Some(argument_error.clone()));
        module.add("ArgumentError", argument_error)?;
        ready::<CArg, PyTypeObject>()?;
        ready::<CThunk, PyTypeObject>()?;
        ready::<CData, PyTypeObject>()?;
        ready::<CType, PyTypeObject>()?;
        ready::<StructType, PyTypeObject>()?;
        ready::<UnionType, PyTypeObject>()?;
        ready::<PointerType, PyTypeObject>()?;
        ready::<ArrayType, PyTypeObject>()?;
        ready::<SimpleType, PyTypeObject>()?;
        ready::<FuncPtrType, PyTypeObject>()?;
        module.add("Structure", ready::<Structure, StructType>()?)?;
        module.add("Union", ready::<Union, UnionType>()?)?;
        module.add("_Pointer", ready::<Pointer, PointerType>()?)?;
        module.add("Array", ready::<Array, ArrayType>()?)?;
        module.add("_SimpleCData", ready::<Simple, SimpleType>()?)?;
        module.add("CFuncPtr", ready::<CFuncPtr, FuncPtrType>()?)?;
        module.add("CField", ready::<CField, PyTypeObject>()?)?;
        addresses::add_to(module)
    }
}
