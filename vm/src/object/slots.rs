//! Types of the C functions in type slots, and the protocol suites (numbers, sequences, mappings, async, buffers).
//!
//! The ABI is `C-unwind`: a Rust panic (a fault of ours) may travel through a slot up to the eval
//! loop, which turns it into a `SystemError` instead of aborting the process. A plain C function is
//! callable through these types as well.
#![allow(non_camel_case_types)]

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};

use super::header::PyObject;
use super::typeobj::PyTypeObject;

pub type unaryfunc = unsafe extern "C-unwind" fn(*mut PyObject) -> *mut PyObject;
pub type binaryfunc = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;
pub type ternaryfunc = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;
pub type inquiry = unsafe extern "C-unwind" fn(*mut PyObject) -> c_int;
pub type lenfunc = unsafe extern "C-unwind" fn(*mut PyObject) -> isize;
pub type ssizeargfunc = unsafe extern "C-unwind" fn(*mut PyObject, isize) -> *mut PyObject;
pub type ssizeobjargproc = unsafe extern "C-unwind" fn(*mut PyObject, isize, *mut PyObject) -> c_int;
pub type objobjargproc = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> c_int;
pub type objobjproc = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject) -> c_int;
pub type visitproc = unsafe extern "C-unwind" fn(*mut PyObject, *mut c_void) -> c_int;
pub type traverseproc = unsafe extern "C-unwind" fn(*mut PyObject, visitproc, *mut c_void) -> c_int;
pub type freefunc = unsafe extern "C-unwind" fn(*mut c_void);
pub type destructor = unsafe extern "C-unwind" fn(*mut PyObject);
pub type getattrfunc = unsafe extern "C-unwind" fn(*mut PyObject, *mut c_char) -> *mut PyObject;
pub type setattrfunc = unsafe extern "C-unwind" fn(*mut PyObject, *mut c_char, *mut PyObject) -> c_int;
pub type getattrofunc = binaryfunc;
pub type setattrofunc = objobjargproc;
pub type reprfunc = unaryfunc;
pub type hashfunc = lenfunc;
pub type richcmpfunc = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, c_int) -> *mut PyObject;
pub type getiterfunc = unaryfunc;
pub type iternextfunc = unaryfunc;
pub type descrgetfunc = ternaryfunc;
pub type descrsetfunc = objobjargproc;
pub type initproc = objobjargproc;
pub type newfunc = unsafe extern "C-unwind" fn(*mut PyTypeObject, *mut PyObject, *mut PyObject) -> *mut PyObject;
pub type allocfunc = unsafe extern "C-unwind" fn(*mut PyTypeObject, isize) -> *mut PyObject;
pub type vectorcallfunc =
    unsafe extern "C-unwind" fn(*mut PyObject, *const *mut PyObject, usize, *mut PyObject) -> *mut PyObject;
pub type getbufferproc = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyBufferView, c_int) -> c_int;
pub type releasebufferproc = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyBufferView);
pub type sendfunc = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, *mut *mut PyObject) -> c_int;
pub type getter = unsafe extern "C-unwind" fn(*mut PyObject, *mut c_void) -> *mut PyObject;
pub type setter = unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, *mut c_void) -> c_int;

/// `Py_buffer`: a view of an object's memory (80 bytes; part of the stable ABI).
#[repr(C)]
pub struct PyBufferView {
    pub buf: *mut c_void,
    /// Owned.
    pub obj: *mut PyObject,
    pub len: isize,
    pub itemsize: isize,
    pub readonly: c_int,
    pub ndim: c_int,
    pub format: *mut c_char,
    pub shape: *mut isize,
    pub strides: *mut isize,
    pub suboffsets: *mut isize,
    pub internal: *mut c_void,
}

macro_rules! suite {
    ($(#[$meta:meta])* $name:ident { $($field:ident: $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        #[repr(C)]
        pub struct $name { $(pub $field: Cell<Option<$ty>>,)* }
        impl $name {
            /// All slots NULL.
            pub const EMPTY: $name = $name { $($field: Cell::new(None),)* };
        }
        // SAFETY: slots are changed only under the GIL.
        unsafe impl Sync for $name {}
    };
}

suite! {
    /// Number slots, in the order of the C struct (288 bytes).
    PyNumberMethods {
        nb_add: binaryfunc, nb_subtract: binaryfunc, nb_multiply: binaryfunc, nb_remainder: binaryfunc,
        nb_divmod: binaryfunc, nb_power: ternaryfunc, nb_negative: unaryfunc, nb_positive: unaryfunc,
        nb_absolute: unaryfunc, nb_bool: inquiry, nb_invert: unaryfunc, nb_lshift: binaryfunc,
        nb_rshift: binaryfunc, nb_and: binaryfunc, nb_xor: binaryfunc, nb_or: binaryfunc,
        nb_int: unaryfunc, nb_reserved: unaryfunc, nb_float: unaryfunc,
        nb_inplace_add: binaryfunc, nb_inplace_subtract: binaryfunc, nb_inplace_multiply: binaryfunc,
        nb_inplace_remainder: binaryfunc, nb_inplace_power: ternaryfunc, nb_inplace_lshift: binaryfunc,
        nb_inplace_rshift: binaryfunc, nb_inplace_and: binaryfunc, nb_inplace_xor: binaryfunc,
        nb_inplace_or: binaryfunc, nb_floor_divide: binaryfunc, nb_true_divide: binaryfunc,
        nb_inplace_floor_divide: binaryfunc, nb_inplace_true_divide: binaryfunc, nb_index: unaryfunc,
        nb_matrix_multiply: binaryfunc, nb_inplace_matrix_multiply: binaryfunc,
    }
}
suite! {
    /// Sequence slots (80 bytes).
    PySequenceMethods {
        sq_length: lenfunc, sq_concat: binaryfunc, sq_repeat: ssizeargfunc, sq_item: ssizeargfunc,
        was_sq_slice: unaryfunc, sq_ass_item: ssizeobjargproc, was_sq_ass_slice: unaryfunc,
        sq_contains: objobjproc, sq_inplace_concat: binaryfunc, sq_inplace_repeat: ssizeargfunc,
    }
}
suite! {
    /// Mapping slots (24 bytes).
    PyMappingMethods { mp_length: lenfunc, mp_subscript: binaryfunc, mp_ass_subscript: objobjargproc }
}
suite! {
    /// Awaitable and asynchronous iteration slots (32 bytes).
    PyAsyncMethods { am_await: unaryfunc, am_aiter: unaryfunc, am_anext: unaryfunc, am_send: sendfunc }
}
suite! {
    /// Buffer protocol slots (16 bytes).
    PyBufferProcs { bf_getbuffer: getbufferproc, bf_releasebuffer: releasebufferproc }
}

/// Operators of rich comparison, with C's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i32)]
pub enum CompareOp {
    Lt = 0,
    Le = 1,
    Eq = 2,
    Ne = 3,
    Gt = 4,
    Ge = 5,
}

impl CompareOp {
    /// From C's number; anything outside 0..=5 is a caller's bug and reads as `==`.
    #[inline]
    pub const fn from_c(op: c_int) -> CompareOp {
        match op {
            0 => CompareOp::Lt,
            1 => CompareOp::Le,
            3 => CompareOp::Ne,
            4 => CompareOp::Gt,
            5 => CompareOp::Ge,
            _ => CompareOp::Eq,
        }
    }

    /// The operator with its operands exchanged (`<` becomes `>`).
    pub const fn swapped(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Eq => CompareOp::Eq,
            CompareOp::Ne => CompareOp::Ne,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
        }
    }

    /// What the operator says of an ordering.
    #[inline]
    pub const fn matches(self, ordering: core::cmp::Ordering) -> bool {
        match self {
            CompareOp::Lt => ordering.is_lt(),
            CompareOp::Le => ordering.is_le(),
            CompareOp::Eq => ordering.is_eq(),
            CompareOp::Ne => ordering.is_ne(),
            CompareOp::Gt => ordering.is_gt(),
            CompareOp::Ge => ordering.is_ge(),
        }
    }

    /// As written in source.
    pub const fn symbol(self) -> &'static str {
        match self {
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
        }
    }

    /// The dunder method's name.
    pub const fn method_name(self) -> &'static str {
        match self {
            CompareOp::Lt => "__lt__",
            CompareOp::Le => "__le__",
            CompareOp::Eq => "__eq__",
            CompareOp::Ne => "__ne__",
            CompareOp::Gt => "__gt__",
            CompareOp::Ge => "__ge__",
        }
    }
}

/// What `am_send` and generators answer.
pub enum SendResult {
    /// The generator returned.
    Return(super::refs::ObjRef),
    /// The generator yielded.
    Next(super::refs::ObjRef),
}
