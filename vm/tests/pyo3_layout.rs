//! Object layouts are those which the `pyo3-ffi` crate declares, independently of this project, for CPython 3.14: offset by
//! offset where our fields are public, and by reading live objects through that crate's structs.
//!
//! Not compared, because that crate is wrong or silent there: the static reference count, `suppress_context` (it takes Rust's
//! four-byte `char`; what follows has the same offsets), `PyWeakReference` (declared without `repr(C)`), and what it keeps
//! opaque: int, code, frame, generator and thread state. `layout.rs` has those.

use std::mem::{offset_of, size_of};

use pyo3_ffi as ffi;
use rpy_vm::object;
use rpy_vm::types;

/// `same!(Ours as Theirs { field, ours = theirs, ... })`: equal sizes, and equal offsets and sizes of the fields.
macro_rules! same {
    ($ours:ty as $theirs:ty { $($rest:tt)* }) => {
        assert_eq!(size_of::<$ours>(), size_of::<$theirs>(), concat!("size of ", stringify!($ours)));
        same!(@fields $ours, $theirs, $($rest)*);
    };
    (@fields $ours:ty, $theirs:ty, $field:ident = $other:ident $(, $($rest:tt)*)?) => {
        assert_eq!(offset_of!($ours, $field), offset_of!($theirs, $other),
            concat!(stringify!($ours), ".", stringify!($field)));
        $(same!(@fields $ours, $theirs, $($rest)*);)?
    };
    (@fields $ours:ty, $theirs:ty, $field:ident $(, $($rest:tt)*)?) => {
        same!(@fields $ours, $theirs, $field = $field $(, $($rest)*)?);
    };
    (@fields $ours:ty, $theirs:ty, ) => {};
}

#[test]
fn headers_and_definitions() {
    same!(object::PyObject as ffi::PyObject { ob_type });
    same!(object::PyVarObject as ffi::PyVarObject { ob_base, ob_size });
    same!(object::PyMethodDef as ffi::PyMethodDef { ml_name, ml_meth, ml_flags, ml_doc });
    same!(object::PyGetSetDef as ffi::PyGetSetDef { name, get, set, doc, closure });
    same!(object::PyMemberDef as ffi::PyMemberDef { name, type_code, offset, flags, doc });
    same!(types::module::PyModuleDefBase as ffi::PyModuleDef_Base { ob_base, m_init, m_index, m_copy });
    same!(types::module::PyModuleDefSlot as ffi::PyModuleDef_Slot { slot, value });
    same!(types::module::PyModuleDef as ffi::PyModuleDef {
        m_base, m_name, m_doc, m_size, m_methods, m_slots, m_traverse, m_clear, m_free
    });
    same!(object::PyBufferView as ffi::Py_buffer {
        buf, obj, len, itemsize, readonly, ndim, format, shape, strides, suboffsets, internal
    });
}

#[test]
fn type_objects() {
    same!(object::PyTypeObject as ffi::PyTypeObject {
        ob_base, tp_name, tp_basicsize, tp_itemsize, tp_dealloc, tp_vectorcall_offset, tp_getattr, tp_setattr, tp_as_async,
        tp_repr, tp_as_number, tp_as_sequence, tp_as_mapping, tp_hash, tp_call, tp_str, tp_getattro, tp_setattro,
        tp_as_buffer, tp_flags, tp_doc, tp_traverse, tp_clear, tp_richcompare, tp_weaklistoffset, tp_iter, tp_iternext,
        tp_methods, tp_members, tp_getset, tp_base, tp_dict, tp_descr_get, tp_descr_set, tp_dictoffset, tp_init, tp_alloc,
        tp_new, tp_free, tp_is_gc, tp_bases, tp_mro, tp_cache, tp_subclasses, tp_weaklist, tp_del, tp_version_tag,
        tp_finalize, tp_vectorcall, tp_watched, tp_versions_used
    });
    same!(object::PyHeapTypeObject as ffi::PyHeapTypeObject {
        ht_type, as_async, as_number, as_mapping, as_sequence, as_buffer, ht_name, ht_slots, ht_qualname, ht_cached_keys,
        ht_module
    });
    same!(object::PyNumberMethods as ffi::PyNumberMethods {
        nb_add, nb_subtract, nb_multiply, nb_remainder, nb_divmod, nb_power, nb_negative, nb_positive, nb_absolute, nb_bool,
        nb_invert, nb_lshift, nb_rshift, nb_and, nb_xor, nb_or, nb_int, nb_float, nb_inplace_add, nb_inplace_subtract,
        nb_inplace_multiply, nb_inplace_remainder, nb_inplace_power, nb_inplace_lshift, nb_inplace_rshift, nb_inplace_and,
        nb_inplace_xor, nb_inplace_or, nb_floor_divide, nb_true_divide, nb_inplace_floor_divide, nb_inplace_true_divide,
        nb_index, nb_matrix_multiply, nb_inplace_matrix_multiply
    });
    same!(object::PySequenceMethods as ffi::PySequenceMethods {
        sq_length, sq_concat, sq_repeat, sq_item, sq_ass_item, sq_contains, sq_inplace_concat, sq_inplace_repeat
    });
    same!(object::PyMappingMethods as ffi::PyMappingMethods { mp_length, mp_subscript, mp_ass_subscript });
    same!(object::PyAsyncMethods as ffi::PyAsyncMethods { am_await, am_aiter, am_anext, am_send });
    same!(object::PyBufferProcs as ffi::PyBufferProcs { bf_getbuffer, bf_releasebuffer });
}

#[test]
fn callables_and_descriptors() {
    same!(types::function::PyFunction as ffi::PyFunctionObject {
        ob_base, func_globals, func_builtins, func_name, func_qualname, func_code, func_defaults, func_kwdefaults,
        func_closure, func_doc, func_dict, func_weakreflist, func_module, func_annotations, func_annotate, func_typeparams,
        vectorcall, func_version
    });
    same!(types::builtin_function::PyCFunction as ffi::PyCFunctionObject {
        ob_base, m_ml, m_self, m_module, m_weakreflist, vectorcall
    });
    same!(types::builtin_function::PyCMethod as ffi::PyCMethodObject { mm_class });
    same!(types::descr::PyDescr as ffi::PyDescrObject { ob_base, d_type, d_name, d_qualname });
    same!(types::descr::method::PyMethodDescr as ffi::PyMethodDescrObject { d_method, vectorcall });
    same!(types::descr::member::PyMemberDescr as ffi::PyMemberDescrObject { d_member });
    same!(types::descr::getset::PyGetSetDescr as ffi::PyGetSetDescrObject { d_getset });
    same!(types::descr::wrapper::PyWrapperDescr as ffi::PyWrapperDescrObject { d_base, d_wrapped });
    same!(types::descr::wrapper::WrapperBase as ffi::wrapperbase {
        name, offset, function, wrapper, doc, flags, name_strobj
    });
    same!(types::cell::PyCell as ffi::PyCellObject { ob_base, ob_ref });
}

#[test]
fn exceptions() {
    same!(types::exceptions::PyBaseException as ffi::PyBaseExceptionObject {
        ob_base, dict, args, notes, traceback, context, cause
    });
    same!(types::exceptions::syntax::PySyntaxError as ffi::PySyntaxErrorObject {
        msg, filename, lineno, offset, end_lineno, end_offset, text, print_file_and_line, metadata
    });
    same!(types::exceptions::simple::PyImportError as ffi::PyImportErrorObject { msg, name, path, name_from });
    same!(types::exceptions::simple::PySystemExit as ffi::PySystemExitObject { code });
    same!(types::exceptions::simple::PyStopIteration as ffi::PyStopIterationObject { value });
    same!(types::exceptions::os_error::PyOSError as ffi::PyOSErrorObject {
        myerrno, strerror, filename, filename2, written
    });
    same!(types::traceback::PyTraceback as ffi::PyTracebackObject { ob_base, tb_next, tb_frame, tb_lasti, tb_lineno });
}

/// Objects of the types whose fields are their own business, read through the other crate's structs.
#[test]
fn live_objects() {
    rpy_vm::startup::embed(rpy_stdlib::MODULES).unwrap_or_else(|e| panic!("{}", e.object().ty().name()));
    let eval = |source: &str| {
        use rpy_vm::PyStruct;
        let code = rpy_vm::compile::compile_str(source, "<test>", rpy_vm::compile::Mode::Eval, Default::default())
            .unwrap_or_else(|e| panic!("{}", e.object().ty().name()));
        let globals = rpy_vm::types::dict::PyDict::new();
        rpy_vm::interp::eval_code(&code, globals.as_object(), Some(globals.to_obj()))
            .unwrap_or_else(|e| panic!("{}", e.object().ty().name()))
    };
    // SAFETY: each object is alive and of the type whose struct it is read through.
    unsafe {
        let object = eval("float('2.5')");
        assert_eq!((*object.as_ptr().cast::<ffi::PyFloatObject>()).ob_fval, 2.5);
        assert_eq!(size_of::<types::float::PyFloat>(), size_of::<ffi::PyFloatObject>());

        let object = eval("complex(1.5, -2.5)");
        let complex = &*object.as_ptr().cast::<ffi::PyComplexObject>();
        assert_eq!((complex.cval.real, complex.cval.imag), (1.5, -2.5));

        let object = eval("tuple(['a', None, 'b'])");
        let tuple = &*object.as_ptr().cast::<ffi::PyTupleObject>();
        assert_eq!(tuple.ob_base.ob_size, 3);
        assert_eq!(*tuple.ob_item.as_ptr().add(1), rpy_vm::none_ref().as_ptr().cast());
        assert_eq!(size_of::<types::tuple::PyTuple>(), offset_of!(ffi::PyTupleObject, ob_item));

        let object = eval("[None] * 5");
        let list = &*object.as_ptr().cast::<ffi::PyListObject>();
        assert_eq!(list.ob_base.ob_size, 5);
        assert!(list.allocated >= 5);
        assert_eq!(*list.ob_item.add(4), rpy_vm::none_ref().as_ptr().cast());

        let object = eval("{1: 2, 3: 4}");
        assert_eq!((*object.as_ptr().cast::<ffi::PyDictObject>()).ma_used, 2);
        assert_eq!(size_of::<types::dict::PyDict>(), size_of::<ffi::PyDictObject>());

        for source in ["{10, 20, 30}", "frozenset({10, 20, 30})"] {
            let object = eval(source);
            let set = &*object.as_ptr().cast::<ffi::PySetObject>();
            assert_eq!((set.used, set.fill, set.mask), (3, 3, 7));
            let filled = (0..8).filter(|&i| !(*set.table.add(i)).key.is_null()).count();
            assert_eq!(filled, 3);
        }
        assert_eq!(size_of::<types::set::PySet>(), size_of::<ffi::PySetObject>());

        let object = eval("bytes([1, 2, 3])");
        let bytes = &*object.as_ptr().cast::<ffi::PyBytesObject>();
        assert_eq!(bytes.ob_base.ob_size, 3);
        let data = object.as_ptr().cast::<u8>().add(offset_of!(ffi::PyBytesObject, ob_sval));
        assert_eq!(std::slice::from_raw_parts(data, 4), [1, 2, 3, 0]);

        let object = eval("bytearray([1, 2, 3])");
        let array = &*object.as_ptr().cast::<ffi::PyByteArrayObject>();
        assert_eq!(array.ob_base.ob_size, 3);
        assert!(array.ob_alloc > 3);
        assert_eq!(std::slice::from_raw_parts(array.ob_start.cast::<u8>(), 4), [1, 2, 3, 0]);

        let object = eval("slice(None, 'stop', None)");
        let slice = &*object.as_ptr().cast::<ffi::PySliceObject>();
        assert_eq!(slice.start, rpy_vm::none_ref().as_ptr().cast());
        assert_eq!(slice.step, rpy_vm::none_ref().as_ptr().cast());
        assert_ne!(slice.stop, slice.start);

        for (source, kind, ascii) in [("'ab' * 3", 1, true), ("'\\xe9b' * 3", 1, false), ("'\\u20acb' * 3", 2, false)] {
            let object = eval(source);
            let text = &*object.as_ptr().cast::<ffi::PyASCIIObject>();
            assert_eq!(text.length, 6);
            let state = text.state;
            assert_eq!((state >> 2 & 7, state >> 6 & 1 == 1, state >> 5 & 1), (kind, ascii, 1), "{source}");
            let hash = rpy_vm::protocol::object::hash(&object).unwrap_or_else(|_| panic!("hash"));
            assert_eq!(text.hash, hash);
            let data = object.as_ptr().cast::<u8>().add(if ascii {
                size_of::<ffi::PyASCIIObject>()
            } else {
                size_of::<ffi::PyCompactUnicodeObject>()
            });
            if kind == 1 {
                assert_eq!(*data.add(1), b'b');
            } else {
                assert_eq!(*data.cast::<u16>().add(1), u16::from(b'b'));
            }
        }
        assert_eq!(size_of::<types::str::PyLegacyStr>(), size_of::<ffi::PyUnicodeObject>());
    }
}
