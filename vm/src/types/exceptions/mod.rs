//! The exception tree: every class as a static type at a fixed address.
//!
//! Most classes only have a name, a base and a doc string. They stand in one table (`exceptions!`), which makes the static
//! types, the exported `PyExc_*` pointers, the accessor functions of [`crate::exc`] and the list that start-up readies and
//! publishes. Classes with fields or rules of their own are written with the usual macros in the files beside this one, and
//! the table only names them.

#![allow(non_upper_case_globals, reason = "static types carry their C names")]

use core::cell::Cell;

use crate::object::{PyClass, PyObject, PyStruct, PyTypeObject, flags};

pub mod base;
pub mod group;
pub mod os_error;
pub mod simple;
pub mod syntax;
pub mod unicode;

pub use base::{
    _PyExc_BaseException, PyBaseException, exception_from_raise, given_exception_matches, is_exception_class,
    new_exception,
};
pub use group::{_PyExc_BaseExceptionGroup, PyBaseExceptionGroup};
pub use os_error::{_PyExc_OSError, PyOSError};
pub use simple::{
    _PyExc_AttributeError, _PyExc_ImportError, _PyExc_KeyError, _PyExc_NameError, _PyExc_StopIteration,
    _PyExc_SystemExit, PyAttributeError, PyImportError, PyKeyError, PyNameError, PyStopIteration, PySystemExit,
    new_stop_iteration,
};
pub use syntax::{_PyExc_SyntaxError, PySyntaxError};
pub use unicode::{
    _PyExc_UnicodeDecodeError, _PyExc_UnicodeEncodeError, _PyExc_UnicodeTranslateError, PyUnicodeDecodeError,
    PyUnicodeEncodeError, PyUnicodeTranslateError,
};

/// A pointer to a type in a data symbol: `PyExc_*` are pointers, not types.
#[repr(transparent)]
pub struct ExportedTypePtr(*const PyTypeObject);
// SAFETY: a constant address of a static.
unsafe impl Sync for ExportedTypePtr {}

/// The layouts that simple classes may share with their base.
type BaseLayout = PyBaseException;

macro_rules! exceptions {
    // One simple class: same layout as its base, no methods of its own.
    (@static simple $name:ident, $static:ident, $base:ident, $layout:ty, $doc:literal) => {
        #[doc = $doc]
        #[unsafe(no_mangle)]
        pub static $static: PyTypeObject = PyTypeObject {
            tp_name: Cell::new(concat!(stringify!($name), "\0").as_ptr() as *const _),
            tp_basicsize: Cell::new(size_of::<$layout>() as isize),
            tp_flags: Cell::new(flags::BASETYPE | flags::BASE_EXC_SUBCLASS | flags::HAVE_GC | flags::IMMUTABLETYPE),
            tp_doc: Cell::new(concat!($doc, "\0").as_ptr() as *const _),
            tp_base: Cell::new(&raw const $base),
            tp_dealloc: Cell::new(Some(crate::object::dealloc::dealloc_rust::<$layout>)),
            tp_traverse: Cell::new(Some(traverse::<$layout>)),
            tp_clear: Cell::new(Some(clear::<$layout>)),
            ..PyTypeObject::EMPTY
        };
    };
    (@static plain $name:ident, $static:ident, $base:ident, $layout:ty, $doc:literal) => {
        #[doc = $doc]
        #[unsafe(no_mangle)]
        pub static $static: PyTypeObject = PyTypeObject {
            tp_name: Cell::new(concat!(stringify!($name), "\0").as_ptr() as *const _),
            tp_basicsize: Cell::new(size_of::<$layout>() as isize),
            tp_flags: Cell::new(flags::BASETYPE | flags::BASE_EXC_SUBCLASS | flags::HAVE_GC | flags::IMMUTABLETYPE),
            tp_doc: Cell::new(concat!($doc, "\0").as_ptr() as *const _),
            tp_base: Cell::new(&raw const $base),
            tp_dealloc: Cell::new(Some(crate::object::dealloc::dealloc_rust::<$layout>)),
            tp_traverse: Cell::new(Some(traverse::<$layout>)),
            tp_clear: Cell::new(Some(clear::<$layout>)),
            tp_vectorcall: Cell::new(Some(base::base_vectorcall)),
            ..PyTypeObject::EMPTY
        };
    };
    // A class written in a file of its own.
    (@static own $name:ident, $static:ident, $base:ident, $layout:ty, $doc:literal) => {};

    ($( $kind:ident $name:ident, $static:ident, $pointer:ident ($base:ident, $layout:ty) = $doc:literal; )*) => {
        $( exceptions!(@static $kind $name, $static, $base, $layout, $doc); )*

        $(
            #[doc = concat!("C data symbol: pointer to `", stringify!($name), "`.")]
            #[unsafe(no_mangle)]
            pub static $pointer: ExportedTypePtr = ExportedTypePtr(&raw const $static);
        )*

        /// All exception classes, bases before derived classes, with the names they have in `builtins`.
        pub static ALL: &[(&str, &PyTypeObject)] = &[ $( (stringify!($name), &$static), )* ];

        /// One function a class, named like it: `exc::ValueError()`.
        #[allow(non_snake_case, reason = "named like the classes")]
        pub mod accessors {
            use crate::object::PyTypeObject;
            $(
                #[doc = concat!("The class `", stringify!($name), "`.")]
                #[inline(always)]
                pub fn $name() -> &'static PyTypeObject { &super::$static }
            )*
        }
    };
}

exceptions! {
    own BaseException, _PyExc_BaseException, PyExc_BaseException (_PyExc_BaseException, BaseLayout) = "Common base class for all exceptions";
    own BaseExceptionGroup, _PyExc_BaseExceptionGroup, PyExc_BaseExceptionGroup (_PyExc_BaseException, PyBaseExceptionGroup) = "A combination of multiple unrelated exceptions.";
    plain Exception, _PyExc_Exception, PyExc_Exception (_PyExc_BaseException, BaseLayout) = "Common base class for all non-exit exceptions.";
    plain GeneratorExit, _PyExc_GeneratorExit, PyExc_GeneratorExit (_PyExc_BaseException, BaseLayout) = "Request that a generator exit.";
    plain KeyboardInterrupt, _PyExc_KeyboardInterrupt, PyExc_KeyboardInterrupt (_PyExc_BaseException, BaseLayout) = "Program interrupted by user.";
    own SystemExit, _PyExc_SystemExit, PyExc_SystemExit (_PyExc_BaseException, PySystemExit) = "Request to exit from the interpreter.";
    plain ArithmeticError, _PyExc_ArithmeticError, PyExc_ArithmeticError (_PyExc_Exception, BaseLayout) = "Base class for arithmetic errors.";
    plain AssertionError, _PyExc_AssertionError, PyExc_AssertionError (_PyExc_Exception, BaseLayout) = "Assertion failed.";
    own AttributeError, _PyExc_AttributeError, PyExc_AttributeError (_PyExc_Exception, PyAttributeError) = "Attribute not found.";
    plain BufferError, _PyExc_BufferError, PyExc_BufferError (_PyExc_Exception, BaseLayout) = "Buffer error.";
    plain EOFError, _PyExc_EOFError, PyExc_EOFError (_PyExc_Exception, BaseLayout) = "Read beyond end of file.";
    own ImportError, _PyExc_ImportError, PyExc_ImportError (_PyExc_Exception, PyImportError) = "Import can't find module, or can't find name in module.";
    plain LookupError, _PyExc_LookupError, PyExc_LookupError (_PyExc_Exception, BaseLayout) = "Base class for lookup errors.";
    plain MemoryError, _PyExc_MemoryError, PyExc_MemoryError (_PyExc_Exception, BaseLayout) = "Out of memory.";
    own NameError, _PyExc_NameError, PyExc_NameError (_PyExc_Exception, PyNameError) = "Name not found globally.";
    own OSError, _PyExc_OSError, PyExc_OSError (_PyExc_Exception, PyOSError) = "Base class for I/O related errors.";
    plain ReferenceError, _PyExc_ReferenceError, PyExc_ReferenceError (_PyExc_Exception, BaseLayout) = "Weak ref proxy used after referent went away.";
    plain RuntimeError, _PyExc_RuntimeError, PyExc_RuntimeError (_PyExc_Exception, BaseLayout) = "Unspecified run-time error.";
    plain StopAsyncIteration, _PyExc_StopAsyncIteration, PyExc_StopAsyncIteration (_PyExc_Exception, BaseLayout) = "Signal the end from iterator.__anext__().";
    own StopIteration, _PyExc_StopIteration, PyExc_StopIteration (_PyExc_Exception, PyStopIteration) = "Signal the end from iterator.__next__().";
    own SyntaxError, _PyExc_SyntaxError, PyExc_SyntaxError (_PyExc_Exception, PySyntaxError) = "Invalid syntax.";
    plain SystemError, _PyExc_SystemError, PyExc_SystemError (_PyExc_Exception, BaseLayout) = "Internal error in the Python interpreter.\n\nPlease report this to the Python maintainer, along with the traceback,\nthe Python version, and the hardware/OS platform and version.";
    plain TypeError, _PyExc_TypeError, PyExc_TypeError (_PyExc_Exception, BaseLayout) = "Inappropriate argument type.";
    plain ValueError, _PyExc_ValueError, PyExc_ValueError (_PyExc_Exception, BaseLayout) = "Inappropriate argument value (of correct type).";
    plain Warning, _PyExc_Warning, PyExc_Warning (_PyExc_Exception, BaseLayout) = "Base class for warning categories.";
    plain FloatingPointError, _PyExc_FloatingPointError, PyExc_FloatingPointError (_PyExc_ArithmeticError, BaseLayout) = "Floating-point operation failed.";
    plain OverflowError, _PyExc_OverflowError, PyExc_OverflowError (_PyExc_ArithmeticError, BaseLayout) = "Result too large to be represented.";
    plain ZeroDivisionError, _PyExc_ZeroDivisionError, PyExc_ZeroDivisionError (_PyExc_ArithmeticError, BaseLayout) = "Second argument to a division or modulo operation was zero.";
    plain BytesWarning, _PyExc_BytesWarning, PyExc_BytesWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about bytes and buffer related problems, mostly\nrelated to conversion from str or comparing to str.";
    plain DeprecationWarning, _PyExc_DeprecationWarning, PyExc_DeprecationWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about deprecated features.";
    plain EncodingWarning, _PyExc_EncodingWarning, PyExc_EncodingWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about encodings.";
    plain FutureWarning, _PyExc_FutureWarning, PyExc_FutureWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about constructs that will change semantically\nin the future.";
    plain ImportWarning, _PyExc_ImportWarning, PyExc_ImportWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about probable mistakes in module imports";
    plain PendingDeprecationWarning, _PyExc_PendingDeprecationWarning, PyExc_PendingDeprecationWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about features which will be deprecated\nin the future.";
    plain ResourceWarning, _PyExc_ResourceWarning, PyExc_ResourceWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about resource usage.";
    plain RuntimeWarning, _PyExc_RuntimeWarning, PyExc_RuntimeWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about dubious runtime behavior.";
    plain SyntaxWarning, _PyExc_SyntaxWarning, PyExc_SyntaxWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about dubious syntax.";
    plain UnicodeWarning, _PyExc_UnicodeWarning, PyExc_UnicodeWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings about Unicode related problems, mostly\nrelated to conversion problems.";
    plain UserWarning, _PyExc_UserWarning, PyExc_UserWarning (_PyExc_Warning, BaseLayout) = "Base class for warnings generated by user code.";
    simple BlockingIOError, _PyExc_BlockingIOError, PyExc_BlockingIOError (_PyExc_OSError, PyOSError) = "I/O operation would block.";
    simple ChildProcessError, _PyExc_ChildProcessError, PyExc_ChildProcessError (_PyExc_OSError, PyOSError) = "Child process error.";
    simple ConnectionError, _PyExc_ConnectionError, PyExc_ConnectionError (_PyExc_OSError, PyOSError) = "Connection error.";
    simple FileExistsError, _PyExc_FileExistsError, PyExc_FileExistsError (_PyExc_OSError, PyOSError) = "File already exists.";
    simple FileNotFoundError, _PyExc_FileNotFoundError, PyExc_FileNotFoundError (_PyExc_OSError, PyOSError) = "File not found.";
    simple InterruptedError, _PyExc_InterruptedError, PyExc_InterruptedError (_PyExc_OSError, PyOSError) = "Interrupted by signal.";
    simple IsADirectoryError, _PyExc_IsADirectoryError, PyExc_IsADirectoryError (_PyExc_OSError, PyOSError) = "Operation doesn't work on directories.";
    simple NotADirectoryError, _PyExc_NotADirectoryError, PyExc_NotADirectoryError (_PyExc_OSError, PyOSError) = "Operation only works on directories.";
    simple PermissionError, _PyExc_PermissionError, PyExc_PermissionError (_PyExc_OSError, PyOSError) = "Not enough permissions.";
    simple ProcessLookupError, _PyExc_ProcessLookupError, PyExc_ProcessLookupError (_PyExc_OSError, PyOSError) = "Process not found.";
    simple TimeoutError, _PyExc_TimeoutError, PyExc_TimeoutError (_PyExc_OSError, PyOSError) = "Timeout expired.";
    simple IndentationError, _PyExc_IndentationError, PyExc_IndentationError (_PyExc_SyntaxError, PySyntaxError) = "Improper indentation.";
    simple _IncompleteInputError, _PyExc_IncompleteInputError, PyExc_IncompleteInputError (_PyExc_SyntaxError, PySyntaxError) = "incomplete input.";
    plain IndexError, _PyExc_IndexError, PyExc_IndexError (_PyExc_LookupError, BaseLayout) = "Sequence index out of range.";
    own KeyError, _PyExc_KeyError, PyExc_KeyError (_PyExc_LookupError, PyKeyError) = "Mapping key not found.";
    simple ModuleNotFoundError, _PyExc_ModuleNotFoundError, PyExc_ModuleNotFoundError (_PyExc_ImportError, PyImportError) = "Module not found.";
    plain NotImplementedError, _PyExc_NotImplementedError, PyExc_NotImplementedError (_PyExc_RuntimeError, BaseLayout) = "Method or function hasn't been implemented yet.";
    plain PythonFinalizationError, _PyExc_PythonFinalizationError, PyExc_PythonFinalizationError (_PyExc_RuntimeError, BaseLayout) = "Operation blocked during Python finalization.";
    plain RecursionError, _PyExc_RecursionError, PyExc_RecursionError (_PyExc_RuntimeError, BaseLayout) = "Recursion limit exceeded.";
    simple UnboundLocalError, _PyExc_UnboundLocalError, PyExc_UnboundLocalError (_PyExc_NameError, PyNameError) = "Local name referenced but not bound to a value.";
    plain UnicodeError, _PyExc_UnicodeError, PyExc_UnicodeError (_PyExc_ValueError, BaseLayout) = "Unicode related error.";
    simple BrokenPipeError, _PyExc_BrokenPipeError, PyExc_BrokenPipeError (_PyExc_ConnectionError, PyOSError) = "Broken pipe.";
    simple ConnectionAbortedError, _PyExc_ConnectionAbortedError, PyExc_ConnectionAbortedError (_PyExc_ConnectionError, PyOSError) = "Connection aborted.";
    simple ConnectionRefusedError, _PyExc_ConnectionRefusedError, PyExc_ConnectionRefusedError (_PyExc_ConnectionError, PyOSError) = "Connection refused.";
    simple ConnectionResetError, _PyExc_ConnectionResetError, PyExc_ConnectionResetError (_PyExc_ConnectionError, PyOSError) = "Connection reset.";
    simple TabError, _PyExc_TabError, PyExc_TabError (_PyExc_IndentationError, PySyntaxError) = "Improper mixture of spaces and tabs.";
    own UnicodeDecodeError, _PyExc_UnicodeDecodeError, PyExc_UnicodeDecodeError (_PyExc_UnicodeError, PyUnicodeDecodeError) = "Unicode decoding error.";
    own UnicodeEncodeError, _PyExc_UnicodeEncodeError, PyExc_UnicodeEncodeError (_PyExc_UnicodeError, PyUnicodeEncodeError) = "Unicode encoding error.";
    own UnicodeTranslateError, _PyExc_UnicodeTranslateError, PyExc_UnicodeTranslateError (_PyExc_UnicodeError, PyUnicodeTranslateError) = "Unicode translation error.";
    own ExceptionGroup, _PyExc_ExceptionGroup, PyExc_ExceptionGroup (_PyExc_BaseExceptionGroup, PyBaseExceptionGroup) = "";
}

/// C data symbol: an old name of `OSError`.
#[unsafe(no_mangle)]
pub static PyExc_EnvironmentError: ExportedTypePtr = ExportedTypePtr(&raw const _PyExc_OSError);
/// C data symbol: an old name of `OSError`.
#[unsafe(no_mangle)]
pub static PyExc_IOError: ExportedTypePtr = ExportedTypePtr(&raw const _PyExc_OSError);

/// `ExceptionGroup`: the one class with two bases; [`prepare`] sets them. It has no doc string.
#[unsafe(no_mangle)]
pub static _PyExc_ExceptionGroup: PyTypeObject = PyTypeObject {
    tp_name: Cell::new(c"ExceptionGroup".as_ptr()),
    tp_basicsize: Cell::new(size_of::<PyBaseExceptionGroup>() as isize),
    tp_flags: Cell::new(flags::BASETYPE | flags::BASE_EXC_SUBCLASS | flags::HAVE_GC | flags::IMMUTABLETYPE),
    tp_base: Cell::new(&raw const _PyExc_BaseExceptionGroup),
    tp_dealloc: Cell::new(Some(crate::object::dealloc::dealloc_rust::<PyBaseExceptionGroup>)),
    tp_traverse: Cell::new(Some(traverse::<PyBaseExceptionGroup>)),
    tp_clear: Cell::new(Some(clear::<PyBaseExceptionGroup>)),
    ..PyTypeObject::EMPTY
};

/// Classes without fields that other files name as a base.
macro_rules! base_structs {
    ($($struct:ident, $name:literal, $static:ident;)*) => { $(
        #[doc = concat!("The layout of `", $name, "`: nothing is added.")]
        #[repr(C)]
        pub struct $struct {
            pub ob_base: PyBaseException,
        }
        // SAFETY: starts with an exception, which starts with the header.
        unsafe impl PyStruct for $struct {}
        // SAFETY: all instances start with PyBaseException.
        unsafe impl PyClass for $struct {
            const NAME: &'static str = $name;
            #[inline(always)]
            fn type_object() -> &'static PyTypeObject {
                &$static
            }
        }
        // SAFETY: the static is this type's, at a constant address.
        unsafe impl crate::object::class_impl::StaticType for $struct {
            const NAME: &'static str = $name;
            const TYPE: *const PyTypeObject = &raw const $static;
        }
    )* };
}
base_structs! {
    PyException, "Exception", _PyExc_Exception;
    PyLookupError, "LookupError", _PyExc_LookupError;
    PyUnicodeErrorBase, "UnicodeError", _PyExc_UnicodeError;
}

/// The layouts above, as seen by the collector: how to visit and clear all of their fields.
pub trait ExceptionLayout: PyStruct {
    /// The static type whose own traverse and clear functions fit the layout.
    fn owner() -> &'static PyTypeObject;
}
macro_rules! layouts {
    ($($struct:ident => $static:ident),* $(,)?) => { $(
        impl ExceptionLayout for $struct {
            fn owner() -> &'static PyTypeObject { &$static }
        }
    )* };
}
layouts! {
    PyBaseException => _PyExc_BaseException, PyBaseExceptionGroup => _PyExc_BaseExceptionGroup,
    PyOSError => _PyExc_OSError, PySyntaxError => _PyExc_SyntaxError,
    PyImportError => _PyExc_ImportError, PyNameError => _PyExc_NameError,
}

/// `tp_traverse` of a class that shares its layout with `T::owner()`.
unsafe extern "C-unwind" fn traverse<T: ExceptionLayout>(
    object: *mut PyObject,
    visit: crate::object::slots::visitproc,
    arg: *mut core::ffi::c_void,
) -> core::ffi::c_int {
    match T::owner().tp_traverse.get() {
        // SAFETY: the layouts agree.
        Some(f) => unsafe { f(object, visit, arg) },
        None => 0,
    }
}

/// `tp_clear` of a class that shares its layout with `T::owner()`.
unsafe extern "C-unwind" fn clear<T: ExceptionLayout>(object: *mut PyObject) -> core::ffi::c_int {
    match T::owner().tp_clear.get() {
        // SAFETY: the layouts agree.
        Some(f) => unsafe { f(object) },
        None => 0,
    }
}

/// Sets what constants cannot say (the two bases of `ExceptionGroup`); then all of [`ALL`] may be readied in order.
pub fn prepare() {
    let bases = crate::types::tuple::PyTuple::new(vec![_PyExc_BaseExceptionGroup.to_obj(), _PyExc_Exception.to_obj()]);
    _PyExc_ExceptionGroup.tp_bases.set(Some(bases));
}

/// Readies all exception classes. Called once at start-up, after `object`, `type`, `tuple`, `str` and `dict`.
///
/// # Errors
/// What `type_ready` raises.
pub fn init() -> crate::PyResult<()> {
    prepare();
    for (_, ty) in ALL {
        ty.tp_flags.set(ty.tp_flags.get() | flags::STATIC_BUILTIN);
        crate::types::type_::type_ready(ty)?;
    }
    Ok(())
}
