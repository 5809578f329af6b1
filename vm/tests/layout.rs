//! Object layouts are CPython 3.14's: sizes and offsets as compiled into published cp314 extension modules.

use std::mem::{offset_of, size_of};

use rpy_vm::object::typeobj::{PyHeapTypeObject, PyTypeObject};
use rpy_vm::object::{
    PyAsyncMethods, PyBufferProcs, PyBufferView, PyMappingMethods, PyNumberMethods, PyObject, PySequenceMethods,
};
use rpy_vm::runtime::thread::PyThreadState;
use rpy_vm::types;

/// `check!(Struct: size, field = offset, ...)`
macro_rules! check {
    ($ty:ty: $size:expr $(, $field:ident = $offset:expr)* $(,)?) => {
        assert_eq!(size_of::<$ty>(), $size, concat!("size of ", stringify!($ty)));
        $(assert_eq!(offset_of!($ty, $field), $offset, concat!(stringify!($ty), ".", stringify!($field)));)*
    };
}

#[test]
fn headers_and_types() {
    check!(PyObject: 16, ob_refcnt = 0, ob_overflow = 4, ob_flags = 6, ob_type = 8);
    check!(PyTypeObject: 416, tp_name = 24, tp_basicsize = 32, tp_itemsize = 40, tp_dealloc = 48, tp_vectorcall_offset = 56,
        tp_as_async = 80, tp_repr = 88, tp_as_number = 96, tp_as_sequence = 104, tp_as_mapping = 112, tp_hash = 120,
        tp_call = 128, tp_str = 136, tp_getattro = 144, tp_setattro = 152, tp_as_buffer = 160, tp_flags = 168, tp_doc = 176,
        tp_traverse = 184, tp_clear = 192, tp_richcompare = 200, tp_weaklistoffset = 208, tp_iter = 216, tp_iternext = 224,
        tp_methods = 232, tp_members = 240, tp_getset = 248, tp_base = 256, tp_dict = 264, tp_descr_get = 272,
        tp_descr_set = 280, tp_dictoffset = 288, tp_init = 296, tp_alloc = 304, tp_new = 312, tp_free = 320, tp_is_gc = 328,
        tp_bases = 336, tp_mro = 344, tp_cache = 352, tp_subclasses = 360, tp_weaklist = 368, tp_del = 376,
        tp_version_tag = 384, tp_finalize = 392, tp_vectorcall = 400, tp_watched = 408, tp_versions_used = 410);
    check!(PyHeapTypeObject: 936, as_async = 416, as_number = 448, as_mapping = 736, as_sequence = 760, as_buffer = 840,
        ht_name = 856, ht_slots = 864, ht_qualname = 872, ht_cached_keys = 880, ht_module = 888, ht_token = 904);
    check!(PyNumberMethods: 288, nb_bool = 72, nb_int = 128, nb_float = 144, nb_inplace_add = 152, nb_floor_divide = 232,
        nb_index = 264, nb_matrix_multiply = 272);
    check!(PySequenceMethods: 80, sq_item = 24, sq_ass_item = 40, sq_contains = 56);
    check!(PyMappingMethods: 24, mp_subscript = 8);
    check!(PyAsyncMethods: 32, am_send = 24);
    check!(PyBufferProcs: 16);
    check!(PyBufferView: 80, obj = 8, len = 16, itemsize = 24, readonly = 32, ndim = 36, format = 40, shape = 48, strides = 56,
        suboffsets = 64, internal = 72);
}

#[test]
fn values() {
    check!(types::float::PyFloat: 24);
    check!(types::complex::PyComplex: 32);
    check!(types::tuple::PyTuple: 32);
    check!(types::list::PyList: 40);
    check!(types::dict::PyDict: 48);
    check!(types::set::PySet: 200);
    check!(types::slice::PySlice: 40);
    check!(types::bytearray::PyByteArray: 56);
    check!(types::cell::PyCell: 24, ob_ref = 16);
}

#[test]
fn callables_and_code() {
    check!(types::function::PyFunction: 152, func_globals = 16, func_builtins = 24, func_name = 32, func_qualname = 40,
        func_code = 48, func_defaults = 56, func_kwdefaults = 64, func_closure = 72, func_doc = 80, func_dict = 88,
        func_weakreflist = 96, func_module = 104, func_annotations = 112, func_annotate = 120, func_typeparams = 128,
        vectorcall = 136, func_version = 144);
    check!(types::method::PyMethod: 48, im_func = 16, im_self = 24, im_weakreflist = 32, vectorcall = 40);
    check!(types::code::PyCode: 208, co_consts = 24, co_names = 32, co_exceptiontable = 40, co_flags = 48, co_argcount = 52,
        co_stacksize = 64, co_firstlineno = 68, co_nlocalsplus = 72, co_framesize = 76, co_nfreevars = 88, co_version = 92,
        co_localsplusnames = 96, co_filename = 112, co_name = 120, co_qualname = 128, co_linetable = 136,
        co_weakreflist = 144, co_executors = 152, co_firsttraceable = 192, co_extra = 200);
    check!(types::module::PyModule: 56, md_dict = 16, md_def = 24, md_state = 32, md_weaklist = 40, md_name = 48);
}

#[test]
fn thread_state() {
    assert_eq!(offset_of!(PyThreadState, interp), 16);
    assert_eq!(offset_of!(PyThreadState, py_recursion_remaining), 48);
    assert_eq!(offset_of!(PyThreadState, current_frame), 72);
    assert_eq!(offset_of!(PyThreadState, current_exception), 112);
    assert_eq!(offset_of!(PyThreadState, exc_info), 120);
    assert_eq!(offset_of!(PyThreadState, context), 208);
    assert_eq!(offset_of!(PyThreadState, datastack_chunk), 232);
    assert_eq!(offset_of!(PyThreadState, exc_state), 256);
}
