//! The built-in types, one a file (a folder where it is large).

pub mod asyncgen;
pub mod bool_;
pub mod builtin_function;
pub mod bytearray;
pub mod bytes;
pub mod bytes_common;
pub mod capsule;
pub mod cell;
pub mod code;
pub mod complex;
pub mod coroutine;
pub mod descr;
pub mod dict;
pub mod exceptions;
pub mod float;
pub mod frame;
pub mod function;
pub mod generator;
pub mod generic_alias;
pub mod int;
pub mod iter;
pub mod list;
pub mod memoryview;
pub mod method;
pub mod module;
pub mod namespace;
pub mod object;
pub mod range;
pub mod set;
pub mod singletons;
pub mod slice;
pub mod str;
pub mod structseq;
pub mod super_;
pub mod template;
pub mod traceback;
pub mod tuple;
pub mod type_;
pub mod typevars;
pub mod union;
pub mod weakref;

use crate::err::PyResult;
use crate::object::class_impl::StaticType;
use crate::object::typeobj::PyTypeObject;

/// A type by its struct.
fn static_type<T: StaticType>() -> &'static PyTypeObject {
    // SAFETY: the trait promises the address of a static.
    unsafe { &*T::TYPE }
}

/// Lists the types of this crate, by their structs.
macro_rules! all_types {
    ($($path:path),* $(,)?) => { vec![$(static_type::<$path>()),*] };
}

/// Makes all built-in types of this crate ready, in an order in which each one's making finds what it needs.
///
/// # Errors
/// None in a sound build.
pub fn init() -> PyResult<()> {
    exceptions::prepare();
    let all: Vec<&'static PyTypeObject> = all_types![
        int::PyInt,
        bool_::PyBool,
        str::PyStr,
        tuple::PyTuple,
        dict::PyDict,
        list::PyList,
        bytes::PyBytes,
        float::PyFloat,
        complex::PyComplex,
        set::PySet,
        set::PyFrozenSet,
        bytearray::PyByteArray,
        slice::PySlice,
        range::PyRange,
        singletons::PyNone,
        singletons::PyEllipsis,
        singletons::PyNotImplemented,
        descr::wrapper::PyWrapperDescr,
        descr::wrapper::PyMethodWrapper,
        descr::method::PyMethodDescr,
        descr::method::PyClassMethodDescr,
        descr::getset::PyGetSetDescr,
        descr::member::PyMemberDescr,
        descr::property::PyProperty,
        descr::classmethod::PyClassMethod,
        descr::classmethod::PyStaticMethod,
        descr::mappingproxy::PyMappingProxy,
        builtin_function::PyCFunction,
        builtin_function::PyCMethod,
        function::PyFunction,
        method::PyMethod,
        method::PyInstanceMethod,
        code::PyCode,
        cell::PyCell,
        frame::PyFrame,
        frame::PyFrameLocalsProxy,
        traceback::PyTraceback,
        module::PyModule,
        module::PyModuleDef,
        super_::PySuper,
        namespace::PyNamespace,
        capsule::PyCapsule,
        weakref::PyWeakRef,
        weakref::PyProxy,
        weakref::PyCallableProxy,
        generator::PyGenerator,
        coroutine::PyCoroutine,
        coroutine::PyCoroWrapper,
        asyncgen::PyAsyncGen,
        asyncgen::PyAsyncGenASend,
        asyncgen::PyAsyncGenAThrow,
        asyncgen::PyWrappedValue,
        tuple::PyTupleIterator,
        list::PyListIterator,
        list::PyListReverseIterator,
        dict::PyDictKeys,
        dict::PyDictValues,
        dict::PyDictItems,
        dict::PyDictKeyIterator,
        dict::PyDictValueIterator,
        dict::PyDictItemIterator,
        dict::iter::PyDictReverseKeyIterator,
        dict::iter::PyDictReverseValueIterator,
        dict::iter::PyDictReverseItemIterator,
        set::PySetIterator,
        range::PyRangeIterator,
        range::PyLongRangeIterator,
        bytes::PyBytesIterator,
        bytearray::PyByteArrayIterator,
        str::iter::PyStrIterator,
        str::iter::PyStrAsciiIterator,
        iter::PyEnumerate,
        iter::PyReversed,
        iter::PySequenceIterator,
        iter::PyCallableIterator,
        asyncgen::PyAnextAwaitable,
        memoryview::PyManagedBuffer,
        memoryview::PyMemoryView,
        memoryview::PyMemoryIterator,
        generic_alias::PyGenericAlias,
        generic_alias::PyGenericAliasIter,
        union::PyUnion,
        typevars::PyTypeVar,
        typevars::PyParamSpec,
        typevars::PyParamSpecArgs,
        typevars::PyParamSpecKwargs,
        typevars::PyTypeVarTuple,
        typevars::PyTypeAliasType,
        typevars::PyGeneric,
        typevars::PyNoDefault,
        typevars::PyConstEvaluator,
        template::PyTemplate,
        template::PyInterpolation,
        template::PyTemplateIter,
        crate::builtins::iterators::PyMap,
        crate::builtins::iterators::PyFilter,
        crate::builtins::iterators::PyZip,
        crate::runtime::codecs::charmap::PyEncodingMap,
        crate::sysmodule::std_printer::PyStdPrinter,
    ];
    type_::ready::init(&all)?;
    template::init_types()?;
    typevars::init_types()?;
    exceptions::init()
}
