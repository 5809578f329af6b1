//! The object layer: headers, references, type objects, slots, allocation. Layouts are CPython 3.14's.

pub mod alloc;
pub mod arena;
pub mod class_impl;
pub mod dealloc;
pub mod defs;
pub mod free_lists;
pub mod header;
pub mod leaves;
pub mod limit;
#[cfg(feature = "poison")]
pub mod poison;
pub mod pool;
pub mod refs;
pub mod reserve;
pub mod shape;
pub mod slots;
pub mod typeobj;

pub use class_impl::ClassImpl;
pub use defs::{PyGetSetDef, PyMemberDef, PyMethodDef};
pub use header::{PyObject, PyVarObject};
pub use refs::{ObjRef, OptRef, PyClass, PyStruct, Ref};
pub use slots::{
    CompareOp, PyAsyncMethods, PyBufferProcs, PyBufferView, PyMappingMethods, PyNumberMethods, PySequenceMethods,
    SendResult,
};
pub use typeobj::{PyHeapTypeObject, PyTypeObject, flags};
