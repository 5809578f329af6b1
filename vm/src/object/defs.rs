//! Definition records that types and modules point to: methods, attributes, members.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};

use super::slots::{getter, setter};

/// `METH_*` calling conventions.
pub mod meth {
    use core::ffi::c_int;
    pub const VARARGS: c_int = 0x1;
    pub const KEYWORDS: c_int = 0x2;
    pub const NOARGS: c_int = 0x4;
    pub const O: c_int = 0x8;
    pub const CLASS: c_int = 0x10;
    pub const STATIC: c_int = 0x20;
    pub const COEXIST: c_int = 0x40;
    pub const FASTCALL: c_int = 0x80;
    pub const METHOD: c_int = 0x200;
}

/// A C function and how to call it (32 bytes). A NULL name ends a table.
#[repr(C)]
pub struct PyMethodDef {
    pub ml_name: *const c_char,
    /// A function pointer of the type that `ml_flags` says.
    pub ml_meth: *const c_void,
    pub ml_flags: c_int,
    pub ml_doc: Cell<*const c_char>,
}
// SAFETY: constant, but for the doc pointer, which is changed under the GIL.
unsafe impl Sync for PyMethodDef {}
impl PyMethodDef {
    pub const END: PyMethodDef = PyMethodDef {
        ml_name: core::ptr::null(),
        ml_meth: core::ptr::null(),
        ml_flags: 0,
        ml_doc: Cell::new(core::ptr::null()),
    };
}

/// A computed attribute (40 bytes).
#[repr(C)]
pub struct PyGetSetDef {
    pub name: *const c_char,
    pub get: Option<getter>,
    pub set: Option<setter>,
    pub doc: Cell<*const c_char>,
    pub closure: *mut c_void,
}
// SAFETY: as for PyMethodDef.
unsafe impl Sync for PyGetSetDef {}
impl PyGetSetDef {
    pub const END: PyGetSetDef = PyGetSetDef {
        name: core::ptr::null(),
        get: None,
        set: None,
        doc: Cell::new(core::ptr::null()),
        closure: core::ptr::null_mut(),
    };
}

/// `Py_T_*` codes and flags of members.
pub mod member {
    use core::ffi::c_int;
    pub const SHORT: c_int = 0;
    pub const INT: c_int = 1;
    pub const LONG: c_int = 2;
    pub const FLOAT: c_int = 3;
    pub const DOUBLE: c_int = 4;
    pub const STRING: c_int = 5;
    pub const OBJECT: c_int = 6;
    pub const CHAR: c_int = 7;
    pub const BYTE: c_int = 8;
    pub const UBYTE: c_int = 9;
    pub const USHORT: c_int = 10;
    pub const UINT: c_int = 11;
    pub const ULONG: c_int = 12;
    pub const STRING_INPLACE: c_int = 13;
    pub const BOOL: c_int = 14;
    pub const OBJECT_EX: c_int = 16;
    pub const LONGLONG: c_int = 17;
    pub const ULONGLONG: c_int = 18;
    pub const PYSSIZET: c_int = 19;
    pub const NONE: c_int = 20;
    pub const READONLY: c_int = 1;
    pub const AUDIT_READ: c_int = 2;
    pub const RELATIVE_OFFSET: c_int = 8;
}

/// A field of the C struct seen as an attribute (40 bytes).
#[repr(C)]
pub struct PyMemberDef {
    pub name: *const c_char,
    pub type_code: c_int,
    pub offset: isize,
    pub flags: c_int,
    pub doc: Cell<*const c_char>,
}
// SAFETY: as for PyMethodDef.
unsafe impl Sync for PyMemberDef {}
impl PyMemberDef {
    pub const END: PyMemberDef =
        PyMemberDef { name: core::ptr::null(), type_code: 0, offset: 0, flags: 0, doc: Cell::new(core::ptr::null()) };
}
