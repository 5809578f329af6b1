//! Python callables as C functions.

use core::ffi::c_void;

use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::call as pycall;
use rpy_vm::runtime::{gilstate, unraisable};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass};

use super::abi::{Closure, Signature};
use super::call;
use super::codes::{Codec, Extent};
use super::data::CData;
use super::info::{self, Param, flag};
use super::simple;

/// The C function of a Python callable.
#[pyclass(name = "CThunkObject", module = "_ctypes", no_new, gc, no_methods)]
#[repr(C)]
pub struct CThunk {
    ob_base: PyObject,
    callable: ObjRef,
    argtypes: Ref<PyTuple>,
    restype: ObjRef,
    #[pytraverse(skip)]
    flags: u32,
    #[pytraverse(skip)]
    result: Option<Codec>,
    /// Always there, once the thunk is made.
    #[pytraverse(skip)]
    closure: core::cell::OnceCell<Closure>,
}

impl CThunk {
    /// A C function with these argument and result types that calls `callable`.
    ///
    /// # Errors
    /// `TypeError` for result types that a callback cannot have.
    pub fn create(
        callable: &PyObject,
        argtypes: Ref<PyTuple>,
        restype: &PyObject,
        flags: u32,
    ) -> PyResult<Ref<CThunk>> {
        let types = argtypes.items().iter().map(|ty| match info::of_type(ty) {
            Some(info) => info.passing.as_ptr(),
            None => &raw mut libffi_sys::ffi_type_sint32,
        });
        let types = types.collect();
        let (result, result_type) = if rpy_vm::is_none(restype) {
            (None, &raw mut libffi_sys::ffi_type_void)
        } else {
            match info::of_type(restype).and_then(|info| Some((info.codec.get()?, info.passing.as_ptr()))) {
                Some((codec, ffi)) => (Some(codec), ffi),
                None => return Err(exc::type_error("invalid result type for callback function")),
            }
        };
        let signature = Signature::new(types, result_type)
            .map_err(|status| exc::runtime_error(format!("ffi_prep_cif failed with {status}")))?;
        let this = new_exact(CThunk {
            ob_base: PyObject::placeholder(),
            callable: callable.new_ref(),
            argtypes,
            restype: restype.new_ref(),
            flags,
            result,
            closure: core::cell::OnceCell::new(),
        });
        let closure = Closure::new(signature, handler, this.as_raw().cast()).map_err(|status| match status {
            Some(status) => exc::runtime_error(format!("ffi_prep_closure failed with {status}")),
            None => exc::memory_error(),
        })?;
        let _ = this.closure.set(closure);
        Ok(this)
    }

    /// The address of the C function.
    pub fn code(&self) -> *mut c_void {
        self.closure.get().map_or(core::ptr::null_mut(), Closure::code)
    }

    /// Calls the callable with C arguments and writes the result.
    ///
    /// # Safety
    /// What libffi passes to a closure of the thunk's signature.
    unsafe fn run(&self, result: *mut u8, values: *mut *mut c_void) {
        let mut arguments = Vec::with_capacity(self.argtypes.len());
        for (index, &ty) in self.argtypes.items().iter().enumerate() {
            // SAFETY: the caller's promise.
            match unsafe { argument(ty, (*values.add(index)).cast()) } {
                Ok(value) => arguments.push(value),
                Err(e) => {
                    let text = if info::of_type(ty).is_some() {
                        format!("Exception ignored while creating argument {index} of ctypes callback function")
                    } else {
                        format!("Exception ignored while parsing argument {index} of ctypes callback function")
                    };
                    return unraisable::write_about(e, &text, &self.callable);
                }
            }
        }
        let arguments = PyTuple::new(arguments);
        if self.flags & flag::USE_ERRNO != 0 {
            call::swap_errno();
        }
        let outcome = pycall::call_tuple(&self.callable, &arguments, None);
        if self.flags & flag::USE_ERRNO != 0 {
            call::swap_errno();
        }
        match outcome {
            // SAFETY: the caller's promise.
            Ok(value) => unsafe { self.write_result(result, &value) },
            Err(e) => {
                let text = "Exception ignored while calling ctypes callback function";
                unraisable::write_about(e, text, &self.callable);
            }
        }
    }

    unsafe fn write_result(&self, memory: *mut u8, value: &PyObject) {
        let Some(codec) = self.result else { return };
        // SAFETY: libffi gives room for the result.
        match unsafe { codec.set(memory, value, Extent::whole(0)) } {
            Ok(None) => {}
            // The caller gets the reference.
            Ok(Some(object)) if codec.is(b'O') => {
                object.into_raw();
            }
            Ok(Some(object)) if rpy_vm::is_none(&object) => {}
            // Nobody says how long the memory is needed: it stays for ever.
            Ok(Some(object)) => {
                object.into_raw();
                let text = "memory leak in callback function.".to_owned();
                if let Err(e) = rpy_vm::runtime::warnings::warn(exc::RuntimeWarning(), text, 1) {
                    let text = "Exception ignored while converting result of ctypes callback function";
                    unraisable::write_about(e, text, &self.callable);
                }
            }
            Err(e) => {
                let text = "Exception ignored while converting result of ctypes callback function";
                unraisable::write_about(e, text, &self.callable);
            }
        }
    }
}

/// An argument as a Python object.
unsafe fn argument(ty: &PyObject, memory: *mut u8) -> PyResult {
    let (Some(class), Some(info)) = (ty.downcast_ref::<PyTypeObject>(), info::of_type(ty)) else {
        return Err(exc::type_error("cannot build parameter"));
    };
    if let Some(codec) = info.codec.get().filter(|_| !simple::is_subclass(class)) {
        // SAFETY: libffi passes a value of the type.
        return unsafe { codec.get(memory, Extent::whole(info.size.get())) };
    }
    let made = pycall::call_noargs(ty)?;
    let Some(data) = made.downcast_ref::<CData>() else {
        return Err(exc::type_error("unexpected result of create argument"));
    };
    // C passes the address of an array, not its items.
    let len = if info.param == Param::Address { size_of::<*mut u8>() } else { info.size.get() };
    // SAFETY: as above.
    unsafe { core::ptr::copy_nonoverlapping(memory, data.memory(), len.min(data.size())) };
    Ok(made)
}

/// What closures call.
unsafe extern "C" fn handler(
    _: *mut libffi_sys::ffi_cif,
    result: *mut c_void,
    values: *mut *mut c_void,
    thunk: *mut c_void,
) {
    let taken = gilstate::enter();
    {
        // SAFETY: the data of a closure is its thunk, which lives as long as the function may be called.
        let thunk = unsafe { (*thunk.cast::<CThunk>()).to_ref() };
        // SAFETY: libffi passes what the signature says.
        unsafe { thunk.run(result.cast(), values) };
    }
    gilstate::leave(taken);
}
