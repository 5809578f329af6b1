//! `pyerrors.h` and `warnings.h`: raising, looking at and clearing exceptions.
//!
//! The pending exception is `current_exception` of the thread state, which compiled code also reads and writes directly.

use core::ffi::{CStr, c_char, c_int};

use rpy_vm::err::PyErr;
use rpy_vm::object::flags;
use rpy_vm::protocol::{call, object as po};
use rpy_vm::runtime::codecs::fs_decode;
use rpy_vm::runtime::thread::{self, ExcStackItem};
use rpy_vm::runtime::{signals, traceback_print, unraisable, warnings};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::exceptions::base::caused_by;
use rpy_vm::types::exceptions::{PyBaseException, PyStopIteration, given_exception_matches, is_exception_class, new_exception};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::traceback::PyTraceback;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, Stolen, as_type, bad_call, c_str, expect, lossy};
use crate::format::from_format;
use crate::va_list::VaList;

exports! {
    /// The type of the pending exception, borrowed; NULL if there is none.
    fn PyErr_Occurred() -> Borrowed {
        match thread::try_current().and_then(|state| state.current_exception.peek()) {
            Some(value) => value.ob_type.get() as Borrowed,
            None => core::ptr::null_mut(),
        }
    }
    /// Drops the pending exception.
    fn PyErr_Clear() {
        drop(PyErr::fetch());
    }
    /// Raises `class(value)`; `value` may be NULL, a tuple of arguments or an instance.
    fn PyErr_SetObject(class: OptObj<'_>, value: OptObj<'_>) {
        raise(class, value).restore();
    }
    /// Raises `class()`.
    fn PyErr_SetNone(class: OptObj<'_>) {
        raise(class, None).restore();
    }
    /// Raises `class(text)`.
    fn PyErr_SetString(class: OptObj<'_>, text: *const c_char) {
        match c_str(text) {
            Ok(text) => raise(class, Some(text.as_object())),
            Err(error) => error,
        }.restore();
    }
    /// Raises with formatted text; NULL.
    fn va_PyErr_Format(class: OptObj<'_>, format: *const c_char, va: &mut VaList) -> Out = ObjRef {
        Err(formatted(class, format, va)?)
    }
    /// As `PyErr_Format`.
    fn PyErr_FormatV(class: OptObj<'_>, format: *const c_char, va: &mut VaList) -> Out = ObjRef {
        Err(formatted(class, format, va)?)
    }
    /// As `PyErr_Format`, with the pending exception as the cause; NULL.
    fn va__PyErr_FormatFromCause(class: OptObj<'_>, format: *const c_char, va: &mut VaList) -> Out = ObjRef {
        let cause = PyErr::fetch();
        let error = formatted(class, format, va)?;
        Err(match cause {
            Some(cause) => caused_by(error, cause),
            None => error,
        })
    }
    /// Raises `KeyError(key)`, also for a tuple.
    fn _PyErr_SetKeyError(key: Obj<'_>) {
        PyErr::with_args(exc::KeyError(), vec![key.new_ref()]).restore();
    }
    /// The value of a pending `StopIteration`, which is cleared; None if nothing is pending. -1 for any other exception.
    fn _PyGen_FetchStopIterationValue(value: *mut *mut PyObject) -> c_int = () {
        let result = match PyErr::fetch() {
            None => rpy_vm::none(),
            Some(error) => match error.object().downcast_ref::<PyStopIteration>() {
                Some(stop) => stop.value.get().unwrap_or_else(rpy_vm::none),
                None => return Err(error),
            },
        };
        value.write(result.into_raw());
        Ok(())
    }
    /// Raises `MemoryError`; NULL.
    fn PyErr_NoMemory() -> Out = ObjRef {
        Err(exc::memory_error())
    }
    /// Raises `TypeError` for an argument of the wrong type; 0.
    fn PyErr_BadArgument() -> c_int {
        exc::type_error("bad argument type for built-in operation").restore();
        0
    }
    /// Raises `SystemError`.
    fn PyErr_BadInternalCall() {
        bad_call().restore();
    }
    /// Raises `SystemError` that says where.
    fn _PyErr_BadInternalCall(filename: *const c_char, line: c_int) {
        exc::system_error(format!("{}:{line}: bad argument to internal function", lossy(filename))).restore();
    }
    /// Raises `class(errno, strerror)`; NULL.
    fn PyErr_SetFromErrno(class: Obj<'_>) -> Out = ObjRef {
        Err(from_errno(class, &[])?)
    }
    /// As `PyErr_SetFromErrno`, with a file name or NULL.
    fn PyErr_SetFromErrnoWithFilenameObject(class: Obj<'_>, filename: OptObj<'_>) -> Out = ObjRef {
        Err(from_errno(class, filename.as_slice())?)
    }
    /// As `PyErr_SetFromErrno`, with two file names.
    fn PyErr_SetFromErrnoWithFilenameObjects(class: Obj<'_>, filename: OptObj<'_>, second: OptObj<'_>) -> Out = ObjRef {
        let names: Vec<&PyObject> = filename.into_iter().chain(second).collect();
        Err(from_errno(class, &names)?)
    }
    /// As `PyErr_SetFromErrno`, with a file name or NULL.
    fn PyErr_SetFromErrnoWithFilename(class: Obj<'_>, filename: *const c_char) -> Out = ObjRef {
        // Decoding must not lose the number.
        let number = exc::last_errno();
        if filename.is_null() {
            return Err(from_errno(class, &[])?);
        }
        let name = fs_decode(CStr::from_ptr(filename).to_bytes());
        *libc::__errno_location() = number;
        Err(from_errno(class, &[name.as_object()])?)
    }
    /// Raises `ImportError(message, name=name, path=path)`; NULL.
    fn PyErr_SetImportError(message: OptObj<'_>, name: OptObj<'_>, path: OptObj<'_>) -> Out = ObjRef {
        Err(import_error(exc::ImportError().as_object(), message, name, path)?)
    }
    /// As `PyErr_SetImportError`, of a subclass.
    fn PyErr_SetImportErrorSubclass(class: Obj<'_>, message: OptObj<'_>, name: OptObj<'_>, path: OptObj<'_>) -> Out = ObjRef {
        if !po::is_subclass(class, exc::ImportError().as_object())? {
            return Err(exc::type_error("expected a subclass of ImportError"));
        }
        Err(import_error(class, message, name, path)?)
    }

    /// Is the pending exception of a class, or one of a tuple of classes?
    fn PyErr_ExceptionMatches(classes: Obj<'_>) -> c_int {
        let pending = thread::try_current().and_then(|state| state.current_exception.get());
        c_int::from(pending.is_some_and(|value| given_exception_matches(&value, classes)))
    }
    /// Is an exception (or class) of a class, or one of a tuple of classes?
    fn PyErr_GivenExceptionMatches(given: OptObj<'_>, classes: OptObj<'_>) -> c_int {
        match (given, classes) {
            (Some(given), Some(classes)) => c_int::from(given_exception_matches(given, classes)),
            _ => 0,
        }
    }
    /// Takes the pending exception out as three references, NULLs if there is none.
    fn PyErr_Fetch(class: *mut *mut PyObject, value: *mut *mut PyObject, traceback: *mut *mut PyObject) {
        match PyErr::fetch() {
            None => {
                class.write(core::ptr::null_mut());
                value.write(core::ptr::null_mut());
                traceback.write(core::ptr::null_mut());
            }
            Some(error) => {
                let instance = error.into_value();
                class.write(instance.as_object().ty().to_obj().into_raw());
                traceback.write(instance.traceback().map_or(core::ptr::null_mut(), Ref::into_raw));
                value.write(instance.into_raw() as *mut PyObject);
            }
        }
    }
    /// Sets the pending exception from three references, which are taken over.
    fn PyErr_Restore(class: Stolen, value: Stolen, traceback: Stolen) {
        restore(class, value, traceback);
    }
    /// Takes the pending exception out; NULL if there is none.
    fn PyErr_GetRaisedException() -> Out {
        thread::current().current_exception.take().map_or(core::ptr::null_mut(), Ref::into_raw)
    }
    /// Sets the pending exception; the reference is taken over, NULL clears.
    fn PyErr_SetRaisedException(value: Stolen) {
        thread::current().current_exception.set(value);
    }
    /// Makes an instance of a class and what belongs to it.
    fn PyErr_NormalizeException(class: *mut *mut PyObject, value: *mut *mut PyObject, traceback: *mut *mut PyObject) {
        if (*class).is_null() || !is_exception_class(&**class) {
            return;
        }
        let (ty, old): (ObjRef, Stolen) = (Ref::from_owned_ptr(*class), take(value));
        // What goes wrong takes the place of the exception.
        let instance = normalize(&ty, old.as_deref()).unwrap_or_else(PyErr::into_value);
        if !traceback.is_null() && !(*traceback).is_null() && instance.traceback().is_none() {
            instance.set_traceback(Some((**traceback).new_ref()));
        }
        class.write(instance.as_object().ty().to_obj().into_raw());
        value.write(instance.into_raw() as *mut PyObject);
    }
    /// The exception being handled, as three references.
    fn PyErr_GetExcInfo(class: *mut *mut PyObject, value: *mut *mut PyObject, traceback: *mut *mut PyObject) {
        let handled = thread::handled_exception();
        class.write(handled.as_ref().map_or(core::ptr::null_mut(), |value| value.ty().to_obj().into_raw()));
        let instance = handled.as_ref().and_then(|value| value.downcast_ref::<PyBaseException>());
        traceback.write(instance.and_then(PyBaseException::traceback).map_or(core::ptr::null_mut(), Ref::into_raw));
        value.write(handled.map_or(core::ptr::null_mut(), Ref::into_raw));
    }
    /// Sets the exception being handled; all references are taken over, only the value counts.
    fn PyErr_SetExcInfo(class: Stolen, value: Stolen, traceback: Stolen) {
        set_handled(value);
        drop((class, traceback));
    }
    /// The exception being handled; NULL if there is none.
    fn PyErr_GetHandledException() -> Out {
        thread::handled_exception().map_or(core::ptr::null_mut(), Ref::into_raw)
    }
    /// Sets the exception being handled.
    fn PyErr_SetHandledException(value: OptObj<'_>) {
        set_handled(value.map(PyObject::new_ref));
    }
    /// Sets `exception` (taken over) as the pending one, with the pending one as its context.
    fn _PyErr_ChainExceptions1(exception: Stolen) {
        let Some(exception) = exception else { return };
        match PyErr::fetch() {
            None => PyErr::from_instance(exception).restore(),
            Some(pending) => {
                pending.value().set_context(Some(exception));
                pending.restore();
            }
        }
    }

    /// A new exception class `module.name`.
    fn PyErr_NewException(name: *const c_char, base: OptObj<'_>, dict: OptObj<'_>) -> Out = ObjRef {
        new_class(name, None, base, dict)
    }
    /// A new exception class with a doc string.
    fn PyErr_NewExceptionWithDoc(name: *const c_char, doc: *const c_char, base: OptObj<'_>, dict: OptObj<'_>) -> Out = ObjRef {
        let doc = if doc.is_null() { None } else { Some(c_str(doc)?) };
        new_class(name, doc, base, dict)
    }

    /// Reports the pending exception, which cannot be raised.
    fn PyErr_WriteUnraisable(object: OptObj<'_>) {
        if let Some(error) = PyErr::fetch() {
            unraisable::write_unraisable(error, None, object);
        }
    }
    /// As `PyErr_WriteUnraisable`, with formatted text.
    fn va_PyErr_FormatUnraisable(format: *const c_char, va: &mut VaList) {
        let Some(error) = PyErr::fetch() else { return };
        let text = if format.is_null() { None } else { from_format(format, va).ok() };
        unraisable::write_unraisable(error, text.as_ref().map(|text| text.to_string_lossy()).as_deref(), None);
    }
    /// Shows the pending exception through `sys.excepthook`, and keeps it in `sys.last_exc`; `SystemExit` ends the process.
    fn PyErr_Print() {
        print(true);
    }
    /// As `PyErr_Print`; the exception stays in `sys.last_exc` only if asked for.
    fn PyErr_PrintEx(set_last: c_int) {
        print(set_last != 0);
    }
    /// Shows an exception.
    fn PyErr_Display(_class: OptObj<'_>, value: Obj<'_>, traceback: OptObj<'_>) {
        traceback_print::display(value, traceback);
    }
    /// Shows an exception.
    fn PyErr_DisplayException(value: Obj<'_>) {
        traceback_print::display(value, None);
    }
    /// Runs the handlers of signals that arrived.
    fn PyErr_CheckSignals() -> c_int = () {
        signals::check()
    }
    /// Pretends that SIGINT arrived.
    fn PyErr_SetInterrupt() {
        interrupt(libc::SIGINT);
    }
    /// Pretends that a signal arrived: 0, or -1 if there is no such signal. Nothing happens if the signal is ignored or left to the system.
    fn PyErr_SetInterruptEx(signal: c_int) -> c_int {
        if (1..signals::NSIG as c_int).contains(&signal) {
            interrupt(signal);
            0
        } else {
            -1
        }
    }

    /// Warns.
    fn PyErr_WarnEx(category: OptObj<'_>, text: *const c_char, stack_level: isize) -> c_int = () {
        warn(category, c_str(text)?.as_object(), stack_level, None)
    }
    /// Warns with formatted text.
    fn va_PyErr_WarnFormat(category: OptObj<'_>, stack_level: isize, format: *const c_char, va: &mut VaList) -> c_int = () {
        warn(category, from_format(format, va)?.as_object(), stack_level, None)
    }
    /// Warns about an object that was not closed.
    fn va_PyErr_ResourceWarning(source: OptObj<'_>, stack_level: isize, format: *const c_char, va: &mut VaList) -> c_int = () {
        warn(Some(exc::ResourceWarning().as_object()), from_format(format, va)?.as_object(), stack_level, source)
    }
    /// Warns about a given place.
    fn PyErr_WarnExplicitObject(category: OptObj<'_>, message: Obj<'_>, filename: Obj<'_>, line: c_int, module: OptObj<'_>, registry: OptObj<'_>) -> c_int = () {
        let category = category.unwrap_or(exc::RuntimeWarning().as_object());
        let place = warnings::Place { filename: expect(filename)?, lineno: i64::from(line), module, registry, source_line: None };
        warnings::warn_explicit(category, message, &place, None)
    }
    /// Warns about a given place.
    fn PyErr_WarnExplicit(category: OptObj<'_>, message: *const c_char, filename: *const c_char, line: c_int, module: *const c_char, registry: OptObj<'_>) -> c_int = () {
        let category = category.unwrap_or(exc::RuntimeWarning().as_object());
        let (message, filename) = (c_str(message)?, fs_decode(CStr::from_ptr(filename).to_bytes()));
        let module = if module.is_null() { None } else { Some(c_str(module)?) };
        let module = module.as_ref().map(|module| module.as_object());
        let place = warnings::Place { filename: &filename, lineno: i64::from(line), module, registry, source_line: None };
        warnings::warn_explicit(category, message.as_object(), &place, None)
    }

    /// The traceback; NULL if there is none.
    fn PyException_GetTraceback(exception: Obj<'_>) -> Out = Option<ObjRef> {
        Ok(base(exception)?.traceback())
    }
    /// Sets the traceback; None removes it.
    fn PyException_SetTraceback(exception: Obj<'_>, traceback: OptObj<'_>) -> c_int = () {
        let Some(traceback) = traceback else { return Err(exc::type_error("__traceback__ may not be deleted")) };
        if !rpy_vm::is_none(traceback) && !PyTraceback::check(traceback) {
            return Err(exc::type_error("__traceback__ must be a traceback or None"));
        }
        base(exception)?.set_traceback(Some(traceback.new_ref()));
        Ok(())
    }
    /// The cause; NULL if there is none.
    fn PyException_GetCause(exception: Obj<'_>) -> Out = Option<ObjRef> {
        Ok(base(exception)?.cause())
    }
    /// Sets the cause; the reference is taken over.
    fn PyException_SetCause(exception: Obj<'_>, cause: Stolen) {
        if let Ok(exception) = base(exception) {
            exception.set_cause(cause);
        }
    }
    /// The context; NULL if there is none.
    fn PyException_GetContext(exception: Obj<'_>) -> Out = Option<ObjRef> {
        Ok(base(exception)?.context())
    }
    /// Sets the context; the reference is taken over.
    fn PyException_SetContext(exception: Obj<'_>, context: Stolen) {
        if let Ok(exception) = base(exception) {
            exception.set_context(context);
        }
    }
    /// The arguments.
    fn PyException_GetArgs(exception: Obj<'_>) -> Out = Ref<PyTuple> {
        Ok(base(exception)?.args_tuple())
    }
    /// Sets the arguments.
    fn PyException_SetArgs(exception: Obj<'_>, args: Obj<'_>) {
        if let (Ok(exception), Some(args)) = (base(exception), args.downcast_ref::<PyTuple>()) {
            exception.args.set(Some(args.to_ref()));
        }
    }
    /// The name of an exception class.
    fn PyExceptionClass_Name(class: &PyTypeObject) -> *const c_char {
        class.tp_name.get()
    }
    /// A `UnicodeDecodeError`.
    fn PyUnicodeDecodeError_Create(encoding: *const c_char, data: *const c_char, len: isize, start: isize, end: isize, reason: *const c_char) -> Out = ObjRef {
        let data = crate::unicodeobject::bytes(data, len);
        let error = exc::unicode_decode_error(&lossy(encoding), data, start.max(0) as usize, end.max(0) as usize, &lossy(reason));
        Ok(error.into_object())
    }
}

/// The error of class `class` with formatted text. The pending exception makes way: formatting calls `repr` and the like.
unsafe fn formatted(class: Option<&PyObject>, format: *const c_char, va: &mut VaList) -> PyResult<PyErr> {
    drop(PyErr::fetch());
    // SAFETY: the caller's promise.
    let text = unsafe { from_format(format, va)? };
    Ok(raise(class, Some(text.as_object())))
}

/// The error for `PyErr_SetObject`.
fn raise(class: Option<&PyObject>, value: Option<&PyObject>) -> PyErr {
    let Some(class) = class else { return bad_call() };
    let Some(ty) = as_type(class).filter(|_| is_exception_class(class)) else {
        drop(PyErr::fetch());
        let shown = po::repr(class).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
        return exc::system_error(format!("_PyErr_SetObject: exception {shown} is not a BaseException subclass"));
    };
    match instance(ty, value) {
        Ok(value) => PyErr::raise(value),
        Err(error) => error,
    }
}

/// The instance that `class` and `value` stand for. The pending exception makes way for a new instance: constructors are not called with
/// one set.
fn instance(class: &PyTypeObject, value: Option<&PyObject>) -> PyResult<Ref<PyBaseException>> {
    let value = value.filter(|value| !rpy_vm::is_none(value)).map(PyObject::new_ref);
    let args = match value {
        Some(value) if value.ty().is_subtype(class) && value.ty().has_flag(flags::BASE_EXC_SUBCLASS) => {
            // SAFETY: the flag says it is an exception.
            return Ok(unsafe { value.cast_unchecked() });
        }
        Some(value) => match value.downcast_ref::<PyTuple>() {
            Some(args) => args.items().iter().map(|arg| arg.new_ref()).collect(),
            None => vec![value],
        },
        None => Vec::new(),
    };
    drop(PyErr::fetch());
    new_exception(class, args)
}

/// As [`instance`], of what has to be an exception class.
fn normalize(class: &PyObject, value: Option<&PyObject>) -> PyResult<Ref<PyBaseException>> {
    match as_type(class).filter(|_| is_exception_class(class)) {
        Some(class) => instance(class, value),
        None => Err(exc::type_error("exceptions must derive from BaseException")),
    }
}

fn restore(class: Stolen, value: Stolen, traceback: Stolen) {
    let Some(class) = class else {
        drop(PyErr::fetch());
        return;
    };
    let instance = match normalize(&class, value.as_deref()) {
        Ok(instance) => instance,
        Err(error) => return error.restore(),
    };
    let traceback = traceback.filter(|traceback| !rpy_vm::is_none(traceback));
    if traceback.as_ref().is_some_and(|traceback| !PyTraceback::check(traceback)) {
        return exc::type_error("traceback must be a Traceback or None").restore();
    }
    // No traceback means none, also where the instance has been raised before.
    instance.set_traceback(traceback);
    PyErr::from_exception(instance).restore();
}

unsafe fn take(place: *mut *mut PyObject) -> Stolen {
    // SAFETY: the place holds an owned reference or NULL.
    unsafe {
        let object = core::mem::replace(&mut *place, core::ptr::null_mut());
        if object.is_null() { None } else { Some(Ref::from_owned_ptr(object)) }
    }
}

/// Sets what the innermost handler handles.
fn set_handled(value: Stolen) {
    let item: *mut ExcStackItem = thread::current().exc_info.get();
    // SAFETY: the chain's top is never null.
    unsafe { (*item).exc_value.set(value.filter(|value| !rpy_vm::is_none(value))) };
}

fn interrupt(signal: c_int) {
    // The handlers of signals that are not Python's business are numbers.
    if !signals::handler_of(signal as usize).is_some_and(|handler| PyInt::check_exact(&handler)) {
        signals::trip(signal);
    }
}

fn base(exception: &PyObject) -> PyResult<&PyBaseException> {
    expect(exception)
}

fn from_errno(class: &PyObject, filenames: &[&PyObject]) -> PyResult<PyErr> {
    let number = exc::last_errno();
    if number == libc::EINTR {
        signals::check()?;
    }
    // C code may have met a failure that it has no number for.
    let message = if number == 0 { "Error".to_owned() } else { exc::strerror(number) };
    let mut args = vec![PyInt::from_i64(i64::from(number)).into_obj(), PyStr::from_string(message).into_obj()];
    match filenames {
        [] => {}
        [one] => args.push(one.new_ref()),
        // In between is the number of Windows.
        [one, two, ..] => args.extend([one.new_ref(), PyInt::from_i64(0).into_obj(), two.new_ref()]),
    }
    let value = call::call_tuple(class, &PyTuple::new(args), None)?;
    Ok(raise(Some(value.ty().as_object()), Some(&value)))
}

fn import_error(
    class: &PyObject,
    message: Option<&PyObject>,
    name: Option<&PyObject>,
    path: Option<&PyObject>,
) -> PyResult<PyErr> {
    let Some(message) = message else { return Err(exc::type_error("expected a message argument")) };
    let kwargs = PyDict::new();
    kwargs.set_name("name", name.unwrap_or(rpy_vm::none_ref()).new_ref());
    kwargs.set_name("path", path.unwrap_or(rpy_vm::none_ref()).new_ref());
    let value = call::call_tuple(class, &PyTuple::from_slice(&[message]), Some(&kwargs))?;
    Ok(raise(Some(value.ty().as_object()), Some(&value)))
}

unsafe fn new_class(
    name: *const c_char,
    doc: Option<Ref<PyStr>>,
    base: Option<&PyObject>,
    dict: Option<&PyObject>,
) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    let full = unsafe { c_str(name)? };
    let text = full.to_string_lossy().into_owned();
    let Some((module, short)) = text.rsplit_once('.') else {
        return Err(exc::system_error("PyErr_NewException: name must be module.class"));
    };
    let namespace = match dict {
        Some(dict) => expect::<PyDict>(dict)?.to_ref(),
        None => PyDict::new(),
    };
    if !namespace.contains_str(rpy_vm::intern!("__module__")) {
        namespace.set_str(rpy_vm::intern!("__module__"), PyStr::new(module).as_object())?;
    }
    if let Some(doc) = doc {
        namespace.set_str(rpy_vm::intern!("__doc__"), doc.as_object())?;
    }
    let bases = match base {
        Some(base) => match base.downcast_ref::<PyTuple>() {
            Some(tuple) => tuple.to_ref(),
            None => PyTuple::from_slice(&[base]),
        },
        None => PyTuple::from_slice(&[exc::Exception().as_object()]),
    };
    let name = PyStr::new(short);
    call::call(PyTypeObject::type_object().as_object(), &[name.as_object(), bases.as_object(), namespace.as_object()])
}

fn print(keep: bool) {
    if let Some(error) = PyErr::fetch() {
        show(error, keep);
    }
}

/// Shows an exception that nobody handled, and keeps it in `sys.last_exc` if asked for; `SystemExit` ends the program.
pub fn show(error: PyErr, keep: bool) {
    if error.matches(exc::SystemExit()) {
        rpy_vm::startup::end(rpy_vm::startup::handle_exit(error));
    }
    traceback_print::print_with_hook(error, keep);
}

fn warn(
    category: Option<&PyObject>,
    message: &PyObject,
    stack_level: isize,
    source: Option<&PyObject>,
) -> PyResult<()> {
    let category = category.unwrap_or(exc::RuntimeWarning().as_object());
    warnings::warn_at(category, message, stack_level, source, &[])
}
