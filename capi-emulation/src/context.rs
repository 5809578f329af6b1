//! `context.h`, `fileobject.h` and `cpython/monitoring.h`: context variables, files as objects, monitoring.

use core::ffi::{c_char, c_int};

use rpy_vm::protocol::{call, object as po};
use rpy_vm::runtime::context::{self, PyContext, PyContextToken, PyContextVar};
use rpy_vm::runtime::{paths, warnings};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Obj, OptObj, Out, c_str};

exports! {
    /// An empty context.
    fn PyContext_New() -> Out {
        PyContext::empty().into_raw() as Out
    }
    /// A copy of a context.
    fn PyContext_Copy(context: Obj<'_>) -> Out = Ref<PyContext> {
        Ok(typed::<PyContext>(context, "Context")?.copy_of())
    }
    /// A copy of the current context.
    fn PyContext_CopyCurrent() -> Out {
        context::copy_current().into_raw() as Out
    }
    /// Makes a context the current one.
    fn PyContext_Enter(context: Obj<'_>) -> c_int = () {
        typed::<PyContext>(context, "Context")?.enter()
    }
    /// The counterpart of `PyContext_Enter`.
    fn PyContext_Exit(context: Obj<'_>) -> c_int = () {
        typed::<PyContext>(context, "Context")?.exit()
    }
    /// A context variable with a default or NULL.
    fn PyContextVar_New(name: *const c_char, default: OptObj<'_>) -> Out = Ref<PyContextVar> {
        Ok(PyContextVar::new(&*c_str(name)?, default.map(PyObject::new_ref)))
    }
    /// The value, or `default`, or the variable's default, or NULL.
    fn PyContextVar_Get(variable: Obj<'_>, default: OptObj<'_>, value: *mut *mut PyObject) -> c_int = () {
        value.write(core::ptr::null_mut());
        let variable = typed::<PyContextVar>(variable, "ContextVar")?;
        let found = match variable.set_in_context()? {
            Some(found) => Some(found),
            None => match default {
                Some(default) => Some(default.new_ref()),
                None => variable.value()?,
            },
        };
        value.write(found.map_or(core::ptr::null_mut(), Ref::into_raw));
        Ok(())
    }
    /// Sets the value; the token undoes that.
    fn PyContextVar_Set(variable: Obj<'_>, value: Obj<'_>) -> Out = Ref<PyContextToken> {
        typed::<PyContextVar>(variable, "ContextVar")?.set_value(value)
    }
    /// Undoes `PyContextVar_Set`.
    fn PyContextVar_Reset(variable: Obj<'_>, token: Obj<'_>) -> c_int = () {
        let token = typed::<PyContextToken>(token, "Token")?;
        typed::<PyContextVar>(variable, "ContextVar")?.reset_value(token)
    }

    /// `file.write(repr(o))`, or `str(o)` with `Py_PRINT_RAW`.
    fn PyFile_WriteObject(object: OptObj<'_>, file: OptObj<'_>, flags: c_int) -> c_int = () {
        let Some(file) = file else { return Err(exc::type_error("writeobject with NULL file")) };
        let text = match object {
            None => PyStr::new("<NULL>"),
            Some(object) if flags & 1 != 0 => po::str(object)?,
            Some(object) => po::repr(object)?,
        };
        write(file, &text)
    }
    /// `file.write(text)`.
    fn PyFile_WriteString(text: *const c_char, file: OptObj<'_>) -> c_int {
        // Nothing is written while an exception is pending.
        if !rpy_vm::runtime::thread::current().current_exception.is_null() {
            return -1;
        }
        let Some(file) = file else { return exc::system_error("null file for PyFile_WriteString").restore_int() };
        match c_str(text).and_then(|text| write(file, &text)) {
            Ok(()) => 0,
            Err(error) => error.restore_int(),
        }
    }
    /// A line of a file: for a positive `n` at most so much of it, for 0 all of it, for a negative `n` all but the newline, where there
    /// being no line is an `EOFError`.
    fn PyFile_GetLine(file: Obj<'_>, n: c_int) -> Out = ObjRef {
        let readline = PyStr::new("readline");
        let line = match n {
            1.. => call::call_method(file, &readline, &[PyInt::from_i64(i64::from(n)).as_object()])?,
            _ => call::call_method(file, &readline, &[])?,
        };
        if !PyStr::check(&line) && !PyBytes::check(&line) {
            return Err(exc::type_error("object.readline() returned non-string"));
        }
        if n < 0 { without_newline(&line) } else { Ok(line) }
    }
    /// An object for a file descriptor: `io.open(fd, ...)`.
    fn PyFile_FromFd(fd: c_int, _name: *const c_char, mode: *const c_char, buffering: c_int, encoding: *const c_char, errors: *const c_char, newline: *const c_char, closefd: c_int) -> Out = ObjRef {
        let text = |text: *const c_char| -> PyResult<ObjRef> {
            if text.is_null() { Ok(rpy_vm::none()) } else { Ok(c_str(text)?.into_obj()) }
        };
        let io = rpy_vm::import::statement::import_module("_io")?;
        let open = po::getattr(&io, &PyStr::new("open"))?;
        let args = [
            PyInt::from_i64(i64::from(fd)).into_obj(),
            if mode.is_null() { PyStr::new("r").into_obj() } else { text(mode)? },
            PyInt::from_i64(i64::from(buffering)).into_obj(),
            text(encoding)?, text(errors)?, text(newline)?,
            rpy_vm::py_bool(closefd != 0),
        ];
        call::call(&open, &args.iter().map(|arg| &**arg).collect::<Vec<_>>())
    }
    /// The descriptor of an integer or an object with `fileno`.
    fn PyObject_AsFileDescriptor(object: Obj<'_>) -> c_int = c_int {
        let value = match object.downcast_ref::<PyInt>() {
            Some(value) => {
                if rpy_vm::types::bool_::is_bool(object) {
                    warnings::warn(exc::RuntimeWarning(), "bool is used as a file descriptor", 1)?;
                }
                value.to_ref()
            }
            None => match po::getattr_opt(object, rpy_vm::intern!("fileno"))? {
                Some(fileno) => call::call_noargs(&fileno)?
                    .downcast::<PyInt>()
                    .map_err(|_| exc::type_error("fileno() returned a non-integer"))?,
                None => return Err(exc::type_error("argument must be an int, or have a fileno() method.")),
            },
        };
        let fd = value.as_i32().ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))?;
        if fd < 0 {
            return Err(exc::value_error(format!("file descriptor cannot be a negative integer ({fd})")));
        }
        Ok(fd)
    }
    /// `os.fspath(path)`.
    fn PyOS_FSPath(path: Obj<'_>) -> Out = ObjRef {
        paths::fspath(path)
    }

    /// Begins the monitoring of a scope of code that is not Python's: no tool listens to such code.
    fn PyMonitoring_EnterScope(states: *mut MonitoringState, version: *mut u64, _events: *const u8, length: isize) -> c_int {
        for i in 0..length.max(0) as usize {
            states.add(i).write(MonitoringState { active: 0, opaque: 0 });
        }
        crate::border::store(version, 0);
        0
    }
    /// The counterpart of `PyMonitoring_EnterScope`.
    fn PyMonitoring_ExitScope() -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FirePyStartEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FirePyReturnEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _value: OptObj<'_>) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FirePyUnwindEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireRaiseEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FirePyResumeEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FirePyYieldEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _value: OptObj<'_>) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireCallEvent(
        _state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _callable: OptObj<'_>, _first: OptObj<'_>,
    ) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireLineEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _line: c_int) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireJumpEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _target: OptObj<'_>) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireBranchEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _target: OptObj<'_>) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireBranchLeftEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _target: OptObj<'_>) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireBranchRightEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _target: OptObj<'_>) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireCReturnEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _value: OptObj<'_>) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FirePyThrowEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireReraiseEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireExceptionHandledEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireCRaiseEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32) -> c_int {
        0
    }
    /// Nobody listens (see `PyMonitoring_EnterScope`).
    fn _PyMonitoring_FireStopIterationEvent(_state: *mut MonitoringState, _code: Obj<'_>, _offset: i32, _value: OptObj<'_>) -> c_int {
        0
    }
}

/// `PyMonitoringState`.
#[repr(C)]
pub struct MonitoringState {
    active: u8,
    opaque: u8,
}

fn typed<'a, T: PyClass>(object: &'a PyObject, name: &str) -> PyResult<&'a T> {
    object.downcast_ref().ok_or_else(|| -> PyErr { exc::type_error(format!("an instance of {name} was expected")) })
}

/// A line, which is text or bytes, without the newline at its end.
fn without_newline(line: &PyObject) -> PyResult<ObjRef> {
    let no_line = || exc::eof_error("EOF when reading a line");
    if let Some(text) = line.downcast_ref::<PyStr>() {
        return match text.len() {
            0 => Err(no_line()),
            len if text.char_at(len - 1) == u32::from(b'\n') => Ok(text.try_substring(0, len - 1)?.into_obj()),
            _ => Ok(text.to_obj()),
        };
    }
    match line.downcast_ref::<PyBytes>().map(PyBytes::as_bytes) {
        Some([]) => Err(no_line()),
        Some([rest @ .., b'\n']) => Ok(PyBytes::try_new(rest)?.into_obj()),
        Some(_) | None => Ok(line.new_ref()),
    }
}

fn write(file: &PyObject, text: &PyStr) -> PyResult<()> {
    let method = po::getattr(file, rpy_vm::intern!("write"))?;
    call::call_one(&method, text.as_object()).map(drop)
}
