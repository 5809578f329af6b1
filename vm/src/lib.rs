//! The virtual machine of rpy: objects, types, bytecode execution, import and runtime services.
//!
//! * [`object`]: headers, references, type objects, allocation
//! * [`types`]: one built-in type a file
//! * [`protocol`]: what can be done to any object (numbers, sequences, calls, attributes, buffers)
//! * [`interp`]: frames and the eval loop
//! * [`compile`]: the only user of the compiler crate
//! * [`import`], [`builtins`], [`sysmodule`]: the start of a program
//! * [`runtime`]: thread state, GIL, collector, warnings, codecs, signals
//! * [`jit_hooks`]: all that the VM knows of a JIT
//! * [`layout`]: where fields are, for compiled code
//!
//! Invariant: nothing here depends on the crates above (`stdlib`, `jit`, `capi-emulation`).
#![expect(non_upper_case_globals, reason = "statics exported to C carry their C names")]

extern crate self as rpy_vm;

#[macro_use]
pub mod intern;

pub mod args;
pub mod builtins;
pub mod compile;
pub mod convert;
pub mod err;
pub mod exc;
pub mod import;
pub mod interp;
pub mod jit_hooks;
pub mod layout;
pub mod marshal;
pub mod module_def;
pub mod object;
pub mod protocol;
pub mod runtime;
pub mod startup;
pub mod sysmodule;
pub mod types;

pub use err::{PyErr, PyResult};
pub use object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref};
pub use rpy_derive::{pyattr, pyclass, pyexec, pyfunction, pymethods, pymodule};
pub use runtime::gc;

use types::singletons;

/// `None`, as a new reference.
#[inline(always)]
pub fn none() -> ObjRef {
    singletons::NONE.new_ref()
}

/// `None`, borrowed.
#[inline(always)]
pub fn none_ref() -> &'static PyObject {
    &singletons::NONE
}

#[inline(always)]
pub fn is_none(object: &PyObject) -> bool {
    object.is(&singletons::NONE)
}

/// `NotImplemented`, as a new reference.
#[inline(always)]
pub fn not_implemented() -> ObjRef {
    singletons::NOT_IMPLEMENTED.new_ref()
}

#[inline(always)]
pub fn is_not_implemented(object: &PyObject) -> bool {
    object.is(&singletons::NOT_IMPLEMENTED)
}

/// `...`, as a new reference.
#[inline(always)]
pub fn ellipsis() -> ObjRef {
    singletons::ELLIPSIS.new_ref()
}

/// `True` or `False`, as a new reference.
#[inline(always)]
pub fn py_bool(value: bool) -> ObjRef {
    types::bool_::as_object(value).new_ref()
}
