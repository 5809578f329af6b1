//! Exported data: type objects, exception pointers, singletons, constants.
//!
//! Type objects and singletons are the VM's own statics, which carry their C names; they are listed here so that the linker keeps them.

use core::ffi::{c_char, c_int, c_ulong, c_void};
use core::sync::atomic::{AtomicI32, AtomicPtr};

macro_rules! data {
    ($($name:ident,)*) => {
        unsafe extern "C" {
            $(static $name: u8;)*
        }

        /// Data that the VM defines.
        static SHARED: &[crate::exports::Export] = &[
            $(crate::exports::Export::data(stringify!($name), (&raw const $name) as *const core::ffi::c_void),)*
        ];
    };
}

data! {
    // Singletons and constants.
    _PyByteArray_empty_string, _Py_EllipsisObject, _Py_FalseStruct, _Py_NoDefaultStruct, _Py_NoneStruct,
    _Py_HashSecret, _Py_NotImplementedStruct, _Py_TrueStruct,
    // The command line's flags.
    Py_BytesWarningFlag, Py_DebugFlag, Py_DontWriteBytecodeFlag, Py_HashRandomizationFlag, Py_IgnoreEnvironmentFlag,
    Py_InspectFlag, Py_InteractiveFlag, Py_IsolatedFlag, Py_NoSiteFlag, Py_NoUserSiteDirectory, Py_OptimizeFlag,
    Py_QuietFlag, Py_UTF8Mode, Py_UnbufferedStdioFlag, Py_VerboseFlag,
    // Types.
    PyAsyncGen_Type, PyBaseObject_Type, PyBool_Type, PyByteArrayIter_Type, PyByteArray_Type, PyBytesIter_Type,
    PyBytes_Type, PyCFunction_Type, PyCMethod_Type, PyCallIter_Type, PyCapsule_Type, PyCell_Type,
    PyClassMethodDescr_Type, PyClassMethod_Type, PyCode_Type, PyComplex_Type, PyContextToken_Type, PyContextVar_Type,
    PyContext_Type, PyCoro_Type, PyDictProxy_Type, PyDict_Type, PyEllipsis_Type, PyEnum_Type, PyFilter_Type,
    PyFloat_Type, PyFrameLocalsProxy_Type, PyFrame_Type, PyFrozenSet_Type, PyFunction_Type, PyGen_Type,
    PyGetSetDescr_Type, PyInstanceMethod_Type, PyListIter_Type, PyListRevIter_Type, PyList_Type, PyLongRangeIter_Type,
    PyLong_Type, PyMap_Type, PyMemberDescr_Type, PyMemoryView_Type, PyMethodDescr_Type, PyMethod_Type,
    PyModuleDef_Type, PyModule_Type, PyProperty_Type, PyRangeIter_Type, PyRange_Type, PyReversed_Type, PySeqIter_Type,
    PySetIter_Type, PySet_Type, PySlice_Type, PyStaticMethod_Type, PySuper_Type, PyTraceBack_Type, PyTupleIter_Type,
    PyTuple_Type, PyType_Type, PyUnicodeIter_Type, PyUnicode_Type, PyWrapperDescr_Type, PyZip_Type,
    Py_GenericAliasType, _PyAnextAwaitable_Type, _PyAsyncGenASend_Type, _PyAsyncGenAThrow_Type,
    _PyAsyncGenWrappedValue_Type, _PyConstEvaluator_Type, _PyCoroWrapper_Type, _PyEncodingMap_Type,
    _PyInterpolation_Type, _PyManagedBuffer_Type, _PyMemoryIter_Type, _PyMethodWrapper_Type, _PyNamespace_Type,
    _PyNoDefault_Type, _PyNone_Type, _PyNotImplemented_Type, _PyParamSpecArgs_Type, _PyParamSpecKwargs_Type,
    _PyParamSpec_Type, _PyTemplateIter_Type, _PyTemplate_Type, _PyTypeAlias_Type, _PyTypeVarTuple_Type,
    _PyTypeVar_Type, _PyUnicodeASCIIIter_Type, _PyUnion_Type, _PyWeakref_CallableProxyType, _PyWeakref_ProxyType,
    _PyWeakref_RefType, _Py_GenericAliasIterType,
    PyDictItems_Type,
    PyStdPrinter_Type,
    PyDictIterItem_Type,
    PyDictIterKey_Type,
    PyDictIterValue_Type,
    PyDictKeys_Type,
    PyDictRevIterItem_Type,
    PyDictRevIterKey_Type,
    PyDictRevIterValue_Type,
    PyDictValues_Type,
    // Pointers to exception types.
    PyExc_ArithmeticError, PyExc_AssertionError, PyExc_AttributeError, PyExc_BaseException, PyExc_BaseExceptionGroup,
    PyExc_BlockingIOError, PyExc_BrokenPipeError, PyExc_BufferError, PyExc_BytesWarning, PyExc_ChildProcessError,
    PyExc_ConnectionAbortedError, PyExc_ConnectionError, PyExc_ConnectionRefusedError, PyExc_ConnectionResetError,
    PyExc_DeprecationWarning, PyExc_EOFError, PyExc_EncodingWarning, PyExc_EnvironmentError, PyExc_Exception,
    PyExc_ExceptionGroup, PyExc_FileExistsError, PyExc_FileNotFoundError, PyExc_FloatingPointError,
    PyExc_FutureWarning, PyExc_GeneratorExit, PyExc_IOError, PyExc_ImportError, PyExc_ImportWarning,
    PyExc_IncompleteInputError, PyExc_IndentationError, PyExc_IndexError, PyExc_InterruptedError,
    PyExc_IsADirectoryError, PyExc_KeyError, PyExc_KeyboardInterrupt, PyExc_LookupError, PyExc_MemoryError,
    PyExc_ModuleNotFoundError, PyExc_NameError, PyExc_NotADirectoryError, PyExc_NotImplementedError, PyExc_OSError,
    PyExc_OverflowError, PyExc_PendingDeprecationWarning, PyExc_PermissionError, PyExc_ProcessLookupError,
    PyExc_PythonFinalizationError, PyExc_RecursionError, PyExc_ReferenceError, PyExc_ResourceWarning,
    PyExc_RuntimeError, PyExc_RuntimeWarning, PyExc_StopAsyncIteration, PyExc_StopIteration, PyExc_SyntaxError,
    PyExc_SyntaxWarning, PyExc_SystemError, PyExc_SystemExit, PyExc_TabError, PyExc_TimeoutError, PyExc_TypeError,
    PyExc_UnboundLocalError, PyExc_UnicodeDecodeError, PyExc_UnicodeEncodeError, PyExc_UnicodeError,
    PyExc_UnicodeTranslateError, PyExc_UnicodeWarning, PyExc_UserWarning, PyExc_ValueError, PyExc_Warning,
    PyExc_ZeroDivisionError,
}

/// `0x030E00F0`: the version whose API this is.
#[unsafe(no_mangle)]
pub static Py_Version: c_ulong = 0x030e_00f0;

/// 1 for the ASCII characters that `str.isspace` accepts.
#[unsafe(no_mangle)]
pub static _Py_ascii_whitespace: [u8; 128] = {
    let mut table = [0; 128];
    let mut c = 0;
    while c < 128 {
        table[c] = matches!(c, 9..=13 | 28..=32) as u8;
        c += 1;
    }
    table
};

/// All bytes, with ASCII letters in one case.
const fn case_table(upper: bool) -> [u8; 256] {
    let mut table = [0; 256];
    let mut c = 0;
    while c < 256 {
        let byte = c as u8;
        table[c] = if upper { byte.to_ascii_uppercase() } else { byte.to_ascii_lowercase() };
        c += 1;
    }
    table
}

/// Bits of `Py_CTF_*` for each byte: lower 1, upper 2, digit 4, space 8, hexadecimal digit 16; ASCII only.
#[unsafe(no_mangle)]
pub static _Py_ctype_table: [u32; 256] = {
    let mut table = [0; 256];
    let mut c = 0;
    while c < 128 {
        let byte = c as u8;
        table[c] = byte.is_ascii_lowercase() as u32
            | (byte.is_ascii_uppercase() as u32) << 1
            | (byte.is_ascii_digit() as u32) << 2
            | (matches!(byte, 9..=13 | 32) as u32) << 3
            | (byte.is_ascii_hexdigit() as u32) << 4;
        c += 1;
    }
    table
};

/// The ASCII characters in lower case, others as they are.
#[unsafe(no_mangle)]
pub static _Py_ctype_tolower: [u8; 256] = case_table(false);
/// The ASCII characters in upper case, others as they are.
#[unsafe(no_mangle)]
pub static _Py_ctype_toupper: [u8; 256] = case_table(true);

/// A C string in a variable.
#[repr(transparent)]
pub struct Text(*const c_char);
// SAFETY: a constant.
unsafe impl Sync for Text {}

/// The encoding of file names.
#[unsafe(no_mangle)]
pub static Py_FileSystemDefaultEncoding: Text = Text(c"utf-8".as_ptr());

/// The name of struct sequence fields without a name: compared by address.
#[unsafe(no_mangle)]
pub static PyStructSequence_UnnamedField: Text = Text(c"unnamed field".as_ptr());

/// The address of [`PyStructSequence_UnnamedField`]'s text.
pub fn unnamed_field() -> *const c_char {
    PyStructSequence_UnnamedField.0
}

/// What becomes of bytes in file names that are no text.
#[unsafe(no_mangle)]
pub static Py_FileSystemDefaultEncodeErrors: Text = Text(c"surrogateescape".as_ptr());

/// The encoding of file names is known from the start.
#[unsafe(no_mangle)]
pub static Py_HasFileSystemDefaultEncoding: c_int = 1;

/// Programs that embed a frozen interpreter set it, which is not supported.
#[unsafe(no_mangle)]
pub static Py_FrozenFlag: AtomicI32 = AtomicI32::new(0);

/// What `PyOS_Readline` calls before it waits for the user, as user interface libraries want.
#[unsafe(no_mangle)]
pub static PyOS_InputHook: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());

/// How `PyOS_Readline` asks at a terminal; null: by itself.
#[unsafe(no_mangle)]
pub static PyOS_ReadlineFunctionPointer: AtomicPtr<c_void> = AtomicPtr::new(core::ptr::null_mut());

/// The digits of hexadecimal numbers.
#[unsafe(no_mangle)]
pub static Py_hexdigits: Text = Text(c"0123456789abcdef".as_ptr());

/// Data that this crate defines.
static OWN: &[crate::exports::Export] = &[
    crate::exports::Export::data("Py_Version", (&raw const Py_Version) as *const _),
    crate::exports::Export::data(
        "PyStructSequence_UnnamedField",
        (&raw const PyStructSequence_UnnamedField) as *const _,
    ),
    crate::exports::Export::data(
        "Py_FileSystemDefaultEncodeErrors",
        (&raw const Py_FileSystemDefaultEncodeErrors) as *const _,
    ),
    crate::exports::Export::data(
        "Py_HasFileSystemDefaultEncoding",
        (&raw const Py_HasFileSystemDefaultEncoding) as *const _,
    ),
    crate::exports::Export::data("Py_FrozenFlag", (&raw const Py_FrozenFlag) as *const _),
    crate::exports::Export::data("PyOS_InputHook", (&raw const PyOS_InputHook) as *const _),
    crate::exports::Export::data("PyOS_ReadlineFunctionPointer", (&raw const PyOS_ReadlineFunctionPointer) as *const _),
    crate::exports::Export::data("Py_hexdigits", (&raw const Py_hexdigits) as *const _),
    crate::exports::Export::data("_Py_ctype_table", (&raw const _Py_ctype_table) as *const _),
    crate::exports::Export::data("_Py_ctype_tolower", (&raw const _Py_ctype_tolower) as *const _),
    crate::exports::Export::data("_Py_ctype_toupper", (&raw const _Py_ctype_toupper) as *const _),
    crate::exports::Export::data("_Py_ascii_whitespace", (&raw const _Py_ascii_whitespace) as *const _),
    crate::exports::Export::data("Py_FileSystemDefaultEncoding", (&raw const Py_FileSystemDefaultEncoding) as *const _),
];

/// All data.
pub(crate) static EXPORTS: [&[crate::exports::Export]; 2] = [SHARED, OWN];
