//! Calling C functions.

use core::cell::Cell;
use core::ffi::c_void;

use rpy_vm::protocol::call as pycall;
use rpy_vm::runtime::{audit, gil};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc};

use super::abi::Signature;
use super::codes::{self, Extent};
use super::data;
use super::info::{self, flag};
use super::metatype::address_int;
use super::param::Argument;
use super::simple;

/// `CTYPES_MAX_ARGCOUNT`.
pub const MAX_ARGUMENTS: usize = 1024;

/// `ctypes.ArgumentError`.
pub static ARGUMENT_ERROR: OptRef = OptRef::NULL;

thread_local! {
    /// The thread's copy of `errno` for functions with `use_errno`.
    static ERRNO: Cell<i32> = const { Cell::new(0) };
}

/// `get_errno()`.
pub fn errno() -> i32 {
    ERRNO.get()
}

/// `set_errno(value)`; gives the old value.
pub fn set_errno(value: i32) -> i32 {
    ERRNO.replace(value)
}

/// Exchanges the thread's copy of `errno` with the real one.
pub fn swap_errno() {
    // SAFETY: errno is the thread's own.
    unsafe {
        let real = libc::__errno_location();
        *real = ERRNO.replace(*real);
    }
}

/// An `ArgumentError`.
#[cold]
pub fn argument_error(text: String) -> PyErr {
    crate::support::error_of(&ARGUMENT_ERROR, exc::Exception(), text)
}

#[cold]
fn bad_argument(index: usize, error: &PyErr) -> PyErr {
    let class = ARGUMENT_ERROR.get();
    let class = class.as_ref().and_then(|class| class.downcast_ref::<PyTypeObject>()).unwrap_or(exc::Exception());
    data::extend_error(class, &format!("argument {}: ", index + 1), error)
}

/// A C function and how to call it.
pub struct Target<'a> {
    pub address: *mut c_void,
    /// `FUNCFLAG_*`.
    pub flags: u32,
    /// `from_param`s for the first arguments.
    pub converters: Option<&'a PyTuple>,
    /// `None`: C's `int`.
    pub restype: Option<&'a PyObject>,
    /// `_check_retval_`.
    pub checker: Option<&'a PyObject>,
}

impl Target<'_> {
    /// Calls the function.
    ///
    /// # Errors
    /// `ArgumentError`; what the function (if it is Python's) and the checker raise.
    pub fn call(&self, arguments: &PyTuple) -> PyResult {
        if audit::active() {
            audit::audit("ctypes.call_function", &[&address_int(self.address.cast()), arguments.as_object()])?;
        }
        let mut passed = self.convert(arguments)?;
        let info = self.restype.and_then(info::of_type);
        let result_type = match (self.restype, info) {
            (Some(restype), _) if rpy_vm::is_none(restype) => &raw mut libffi_sys::ffi_type_void,
            (_, Some(info)) => info.passing.as_ptr(),
            _ => &raw mut libffi_sys::ffi_type_sint32,
        };
        let types = passed.iter().map(|argument| argument.ffi).collect();
        let Ok(signature) = Signature::new(types, result_type) else {
            return Err(exc::runtime_error("ffi_prep_cif failed"));
        };
        // SAFETY: a type description.
        let size = unsafe { (*result_type).size };
        // libffi writes whole registers.
        let mut room: Vec<u128> = vec![0; size.div_ceil(16).max(2)];
        let result: *mut c_void = room.as_mut_ptr().cast();
        let mut values: Vec<*mut c_void> = passed.iter_mut().map(Argument::location).collect();
        let mut run = || {
            if self.flags & flag::USE_ERRNO != 0 {
                swap_errno();
            }
            // SAFETY: that the function is what the program says is its own responsibility, as in C.
            unsafe { signature.call(self.address, result, &mut values) };
            if self.flags & flag::USE_ERRNO != 0 {
                swap_errno();
            }
        };
        if self.flags & flag::PYTHONAPI != 0 {
            run();
            if let Some(error) = PyErr::fetch() {
                return Err(error);
            }
        } else {
            gil::allow_threads(run);
        }
        // SAFETY: the function has written its result there.
        let value = unsafe { self.result(result.cast(), size_of_val(&room[..])) }?;
        match self.checker {
            Some(checker) => pycall::call_one(checker, &value),
            None => Ok(value),
        }
    }

    fn convert(&self, arguments: &PyTuple) -> PyResult<Vec<Argument>> {
        if arguments.len() > MAX_ARGUMENTS {
            let text = format!("too many arguments ({}), maximum is {MAX_ARGUMENTS}", arguments.len());
            return Err(argument_error(text));
        }
        let mut passed = Vec::with_capacity(arguments.len());
        for (index, &argument) in arguments.items().iter().enumerate() {
            let converter = self.converters.and_then(|converters| converters.get(index));
            let converted = match converter {
                Some(converter) => pycall::call_one(converter, argument)
                    .and_then(|value| Ok((Argument::of(&value, index + 1)?, Some(value)))),
                None => Argument::of(argument, index + 1).map(|passed| (passed, None)),
            };
            match converted {
                Ok((mut argument, value)) => {
                    if argument.keep.is_none() {
                        argument.keep = value;
                    }
                    passed.push(argument);
                }
                Err(e) => return Err(bad_argument(index, &e)),
            }
        }
        Ok(passed)
    }

    /// The result as a Python object.
    ///
    /// # Safety
    /// A result of the type lies there, in `len` bytes.
    unsafe fn result(&self, memory: *mut u8, len: usize) -> PyResult {
        // SAFETY: the caller's promise.
        let number = || PyInt::from_i64(unsafe { memory.cast::<i32>().read() }.into()).into_obj();
        let Some(restype) = self.restype else { return Ok(number()) };
        if rpy_vm::is_none(restype) {
            return Ok(rpy_vm::none());
        }
        let (Some(class), Some(info)) = (restype.downcast_ref::<PyTypeObject>(), info::of_type(restype)) else {
            return pycall::call_one(restype, &number());
        };
        match info.codec.get().filter(|_| !simple::is_subclass(class)) {
            // The function gives its reference away.
            // SAFETY: the caller's promise.
            Some(codec) if codec.is(b'O') => unsafe {
                let object = memory.cast::<*mut PyObject>().read();
                if object.is_null() { Err(codes::null_object()) } else { Ok(ObjRef::from_owned_ptr(object)) }
            },
            // SAFETY: the caller's promise.
            Some(codec) => unsafe { codec.get(memory, Extent::whole(info.size.get())) },
            // An array is no result of a C function: of the address that comes instead, no more is there.
            // SAFETY: the caller's promise.
            None => unsafe { data::copy_of(class, memory, len) },
        }
    }
}

/// `call_function(address, arguments)`: for experiments.
///
/// # Errors
/// As [`Target::call`].
pub fn call_address(address: *mut u8, arguments: &PyTuple, flags: u32) -> PyResult {
    Target { address: address.cast(), flags, converters: None, restype: None, checker: None }.call(arguments)
}
