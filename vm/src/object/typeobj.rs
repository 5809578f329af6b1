//! `PyTypeObject` and `PyHeapTypeObject`, field for field as in CPython 3.14, and the type flags.

use core::cell::Cell;
use core::ffi::{CStr, c_char, c_void};
use core::mem::ManuallyDrop;

use super::defs::{PyGetSetDef, PyMemberDef, PyMethodDef};
use super::header::{PyObject, PyVarObject};
use super::refs::OptRef;
use super::slots::*;
use crate::types::dict::PyDict;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `Py_TPFLAGS_*`.
pub mod flags {
    pub const STATIC_BUILTIN: u64 = 1 << 1;
    pub const INLINE_VALUES: u64 = 1 << 2;
    pub const MANAGED_WEAKREF: u64 = 1 << 3;
    pub const MANAGED_DICT: u64 = 1 << 4;
    pub const PREHEADER: u64 = MANAGED_WEAKREF | MANAGED_DICT;
    pub const SEQUENCE: u64 = 1 << 5;
    pub const MAPPING: u64 = 1 << 6;
    pub const DISALLOW_INSTANTIATION: u64 = 1 << 7;
    pub const IMMUTABLETYPE: u64 = 1 << 8;
    pub const HEAPTYPE: u64 = 1 << 9;
    pub const BASETYPE: u64 = 1 << 10;
    pub const HAVE_VECTORCALL: u64 = 1 << 11;
    pub const READY: u64 = 1 << 12;
    pub const READYING: u64 = 1 << 13;
    pub const HAVE_GC: u64 = 1 << 14;
    pub const METHOD_DESCRIPTOR: u64 = 1 << 17;
    pub const VALID_VERSION_TAG: u64 = 1 << 19;
    pub const IS_ABSTRACT: u64 = 1 << 20;
    pub const MATCH_SELF: u64 = 1 << 22;
    pub const ITEMS_AT_END: u64 = 1 << 23;
    pub const LONG_SUBCLASS: u64 = 1 << 24;
    pub const LIST_SUBCLASS: u64 = 1 << 25;
    pub const TUPLE_SUBCLASS: u64 = 1 << 26;
    pub const BYTES_SUBCLASS: u64 = 1 << 27;
    pub const UNICODE_SUBCLASS: u64 = 1 << 28;
    pub const DICT_SUBCLASS: u64 = 1 << 29;
    pub const BASE_EXC_SUBCLASS: u64 = 1 << 30;
    pub const TYPE_SUBCLASS: u64 = 1 << 31;
}

/// A type object (416 bytes). Owned references in it are given up by `types::type_` when a heap type dies; the
/// `ManuallyDrop`s keep the struct free of drop glue, so that statics can be written with `..PyTypeObject::EMPTY`.
#[repr(C)]
pub struct PyTypeObject {
    pub ob_base: PyVarObject,
    pub tp_name: Cell<*const c_char>,
    pub tp_basicsize: Cell<isize>,
    pub tp_itemsize: Cell<isize>,
    pub tp_dealloc: Cell<Option<destructor>>,
    pub tp_vectorcall_offset: Cell<isize>,
    pub tp_getattr: Cell<Option<getattrfunc>>,
    pub tp_setattr: Cell<Option<setattrfunc>>,
    pub tp_as_async: Cell<*const PyAsyncMethods>,
    pub tp_repr: Cell<Option<reprfunc>>,
    pub tp_as_number: Cell<*const PyNumberMethods>,
    pub tp_as_sequence: Cell<*const PySequenceMethods>,
    pub tp_as_mapping: Cell<*const PyMappingMethods>,
    pub tp_hash: Cell<Option<hashfunc>>,
    pub tp_call: Cell<Option<ternaryfunc>>,
    pub tp_str: Cell<Option<reprfunc>>,
    pub tp_getattro: Cell<Option<getattrofunc>>,
    pub tp_setattro: Cell<Option<setattrofunc>>,
    pub tp_as_buffer: Cell<*const PyBufferProcs>,
    pub tp_flags: Cell<u64>,
    pub tp_doc: Cell<*const c_char>,
    pub tp_traverse: Cell<Option<traverseproc>>,
    pub tp_clear: Cell<Option<inquiry>>,
    pub tp_richcompare: Cell<Option<richcmpfunc>>,
    pub tp_weaklistoffset: Cell<isize>,
    pub tp_iter: Cell<Option<getiterfunc>>,
    pub tp_iternext: Cell<Option<iternextfunc>>,
    pub tp_methods: Cell<*const PyMethodDef>,
    pub tp_members: Cell<*const PyMemberDef>,
    pub tp_getset: Cell<*const PyGetSetDef>,
    pub tp_base: Cell<*const PyTypeObject>,
    /// Owned; a real dict after `type_ready`.
    pub tp_dict: ManuallyDrop<OptRef<PyDict>>,
    pub tp_descr_get: Cell<Option<descrgetfunc>>,
    pub tp_descr_set: Cell<Option<descrsetfunc>>,
    pub tp_dictoffset: Cell<isize>,
    pub tp_init: Cell<Option<initproc>>,
    pub tp_alloc: Cell<Option<allocfunc>>,
    pub tp_new: Cell<Option<newfunc>>,
    pub tp_free: Cell<Option<freefunc>>,
    pub tp_is_gc: Cell<Option<inquiry>>,
    pub tp_bases: ManuallyDrop<OptRef<PyTuple>>,
    pub tp_mro: ManuallyDrop<OptRef<PyTuple>>,
    pub tp_cache: Cell<*mut PyObject>,
    /// Private: a `Box<Vec<weak pointer to type>>`, see `types::type_::subclasses`.
    pub tp_subclasses: Cell<*mut c_void>,
    pub tp_weaklist: Cell<*mut PyObject>,
    pub tp_del: Cell<Option<destructor>>,
    pub tp_version_tag: Cell<u32>,
    pub tp_finalize: Cell<Option<destructor>>,
    pub tp_vectorcall: Cell<Option<vectorcallfunc>>,
    pub tp_watched: Cell<u8>,
    pub tp_versions_used: Cell<u16>,
}

// SAFETY: types are changed only under the GIL.
unsafe impl Sync for PyTypeObject {}

/// A type made at run time by a `class` statement or `PyType_FromSpec` (936 bytes).
#[repr(C)]
pub struct PyHeapTypeObject {
    pub ht_type: PyTypeObject,
    pub as_async: PyAsyncMethods,
    pub as_number: PyNumberMethods,
    pub as_mapping: PyMappingMethods,
    pub as_sequence: PySequenceMethods,
    pub as_buffer: PyBufferProcs,
    pub ht_name: OptRef,
    pub ht_slots: OptRef,
    pub ht_qualname: OptRef,
    /// Private: the root of the instances' shape tree (`object::shape`).
    pub ht_cached_keys: Cell<*mut c_void>,
    pub ht_module: OptRef,
    /// Private: owned C string behind `tp_name`.
    pub ht_tpname: Cell<*mut c_char>,
    pub ht_token: Cell<*mut c_void>,
    /// Private caches: `__getitem__` function and version, `__init__` function.
    pub spec_cache_getitem: Cell<*mut PyObject>,
    pub spec_cache_getitem_version: Cell<u32>,
    pub spec_cache_init: Cell<*mut PyObject>,
}

impl PyTypeObject {
    /// All slots NULL; the start of every static type's definition.
    pub const EMPTY: PyTypeObject = PyTypeObject {
        ob_base: PyVarObject::new_static(&raw const crate::types::type_::PyType_Type, 0),
        tp_name: Cell::new(core::ptr::null()),
        tp_basicsize: Cell::new(0),
        tp_itemsize: Cell::new(0),
        tp_dealloc: Cell::new(None),
        tp_vectorcall_offset: Cell::new(0),
        tp_getattr: Cell::new(None),
        tp_setattr: Cell::new(None),
        tp_as_async: Cell::new(core::ptr::null()),
        tp_repr: Cell::new(None),
        tp_as_number: Cell::new(core::ptr::null()),
        tp_as_sequence: Cell::new(core::ptr::null()),
        tp_as_mapping: Cell::new(core::ptr::null()),
        tp_hash: Cell::new(None),
        tp_call: Cell::new(None),
        tp_str: Cell::new(None),
        tp_getattro: Cell::new(None),
        tp_setattro: Cell::new(None),
        tp_as_buffer: Cell::new(core::ptr::null()),
        tp_flags: Cell::new(0),
        tp_doc: Cell::new(core::ptr::null()),
        tp_traverse: Cell::new(None),
        tp_clear: Cell::new(None),
        tp_richcompare: Cell::new(None),
        tp_weaklistoffset: Cell::new(0),
        tp_iter: Cell::new(None),
        tp_iternext: Cell::new(None),
        tp_methods: Cell::new(core::ptr::null()),
        tp_members: Cell::new(core::ptr::null()),
        tp_getset: Cell::new(core::ptr::null()),
        tp_base: Cell::new(core::ptr::null()),
        tp_dict: ManuallyDrop::new(OptRef::NULL),
        tp_descr_get: Cell::new(None),
        tp_descr_set: Cell::new(None),
        tp_dictoffset: Cell::new(0),
        tp_init: Cell::new(None),
        tp_alloc: Cell::new(None),
        tp_new: Cell::new(None),
        tp_free: Cell::new(None),
        tp_is_gc: Cell::new(None),
        tp_bases: ManuallyDrop::new(OptRef::NULL),
        tp_mro: ManuallyDrop::new(OptRef::NULL),
        tp_cache: Cell::new(core::ptr::null_mut()),
        tp_subclasses: Cell::new(core::ptr::null_mut()),
        tp_weaklist: Cell::new(core::ptr::null_mut()),
        tp_del: Cell::new(None),
        tp_version_tag: Cell::new(0),
        tp_finalize: Cell::new(None),
        tp_vectorcall: Cell::new(None),
        tp_watched: Cell::new(0),
        tp_versions_used: Cell::new(0),
    };

    #[inline(always)]
    pub fn has_flag(&self, flag: u64) -> bool {
        self.tp_flags.get() & flag != 0
    }

    /// `tp_name` as text: `module.name` for most static types, the bare name for heap types.
    pub fn full_name(&self) -> &str {
        // SAFETY: tp_name is a NUL-terminated UTF-8 string that lives as long as the type.
        unsafe { CStr::from_ptr(self.tp_name.get()) }.to_str().unwrap_or("?")
    }

    /// `__name__`: what follows the last dot of a static type's `tp_name`; heap types have it in an object of its own.
    pub fn name(&self) -> &str {
        let full = self.full_name();
        // A type that is being made ready may only pretend to be a heap type: Cython does that with static ones.
        match self.as_heap().filter(|_| self.has_flag(flags::READY)) {
            None => full.rsplit('.').next().unwrap_or(full),
            // SAFETY: the name of a heap type is a str; its UTF-8 form lives as long as it.
            Some(heap) => match heap.ht_name.peek().map(|name| unsafe { name.cast_unchecked_ref::<PyStr>() }) {
                Some(name) => name.as_str().unwrap_or(full),
                None => full,
            },
        }
    }

    /// The heap part, for heap types.
    pub fn as_heap(&self) -> Option<&PyHeapTypeObject> {
        if self.has_flag(flags::HEAPTYPE) {
            // SAFETY: HEAPTYPE types are allocated with the whole struct.
            Some(unsafe { &*(self as *const PyTypeObject as *const PyHeapTypeObject) })
        } else {
            None
        }
    }

    /// The base type (borrowed), or `None` for `object`.
    #[inline]
    pub fn base(&self) -> Option<&PyTypeObject> {
        // SAFETY: tp_base is null or a live type that this one keeps alive.
        unsafe { self.tp_base.get().as_ref() }
    }

    /// Is `self` the same as `other` or derived from it, by MRO (by `tp_base` before the type is ready)?
    pub fn is_subtype(&self, other: &PyTypeObject) -> bool {
        if core::ptr::eq(self, other) {
            return true;
        }
        match self.tp_mro.peek() {
            Some(mro) => mro.items().iter().any(|&t| core::ptr::eq(t as *const PyObject as *const PyTypeObject, other)),
            None => {
                let mut ty = self.base();
                while let Some(t) = ty {
                    if core::ptr::eq(t, other) {
                        return true;
                    }
                    ty = t.base();
                }
                core::ptr::eq(other, &crate::types::object::PyBaseObject_Type)
            }
        }
    }

    /// Number slots, if any.
    #[inline(always)]
    pub fn as_number(&self) -> Option<&PyNumberMethods> {
        // SAFETY: null or a suite that lives as long as the type.
        unsafe { self.tp_as_number.get().as_ref() }
    }
    /// Sequence slots, if any.
    #[inline(always)]
    pub fn as_sequence(&self) -> Option<&PySequenceMethods> {
        // SAFETY: null or a suite that lives as long as the type.
        unsafe { self.tp_as_sequence.get().as_ref() }
    }
    /// Mapping slots, if any.
    #[inline(always)]
    pub fn as_mapping(&self) -> Option<&PyMappingMethods> {
        // SAFETY: null or a suite that lives as long as the type.
        unsafe { self.tp_as_mapping.get().as_ref() }
    }
    /// Async slots, if any.
    #[inline(always)]
    pub fn as_async(&self) -> Option<&PyAsyncMethods> {
        // SAFETY: null or a suite that lives as long as the type.
        unsafe { self.tp_as_async.get().as_ref() }
    }
    /// Buffer slots, if any.
    #[inline(always)]
    pub fn as_buffer(&self) -> Option<&PyBufferProcs> {
        // SAFETY: null or a suite that lives as long as the type.
        unsafe { self.tp_as_buffer.get().as_ref() }
    }
}
