//! Smaller families: `pytime.h`, `marshal.h`, `codecs.h`, tracing, attributes of functions, versions, allocators.

use core::ffi::{c_char, c_int};

use rpy_vm::protocol::{call, object as po};
use rpy_vm::runtime::codecs::registry;
use rpy_vm::runtime::unraisable::write_unraisable;
use rpy_vm::runtime::{fork, signals};
use rpy_vm::sysmodule::std_printer::PyStdPrinter;
use rpy_vm::sysmodule::tracing::{self, CTraceFunction, Kind};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, Ref, exc, marshal};

use crate::border::{Borrowed, Obj, OptObj, Out, c_str, expect, lossy, opt_text};
use crate::unicodeobject::bytes;

exports! {
    /// Nanoseconds as seconds.
    fn PyTime_AsSecondsDouble(nanoseconds: i64) -> f64 {
        nanoseconds as f64 * 1e-9
    }
    /// The monotonic clock in nanoseconds.
    fn PyTime_Monotonic(place: *mut i64) -> c_int = () {
        place.write(clock(libc::CLOCK_MONOTONIC)?);
        Ok(())
    }
    /// As `PyTime_Monotonic`; needs no thread state.
    fn PyTime_MonotonicRaw(place: *mut i64) -> c_int {
        raw_clock(libc::CLOCK_MONOTONIC, place)
    }
    /// The clock of `time.perf_counter` in nanoseconds.
    fn PyTime_PerfCounter(place: *mut i64) -> c_int = () {
        place.write(clock(libc::CLOCK_MONOTONIC)?);
        Ok(())
    }
    /// As `PyTime_PerfCounter`; needs no thread state.
    fn PyTime_PerfCounterRaw(place: *mut i64) -> c_int {
        raw_clock(libc::CLOCK_MONOTONIC, place)
    }
    /// The time since 1970 in nanoseconds.
    fn PyTime_Time(place: *mut i64) -> c_int = () {
        place.write(clock(libc::CLOCK_REALTIME)?);
        Ok(())
    }
    /// As `PyTime_Time`; needs no thread state.
    fn PyTime_TimeRaw(place: *mut i64) -> c_int {
        raw_clock(libc::CLOCK_REALTIME, place)
    }

    /// `marshal.loads`.
    fn PyMarshal_ReadObjectFromString(data: *const c_char, len: isize) -> Out = ObjRef {
        marshal::loads(bytes(data, len))
    }
    /// `marshal.dumps`.
    fn PyMarshal_WriteObjectToString(object: Obj<'_>, version: c_int) -> Out = ObjRef {
        let module = rpy_vm::import::statement::import_module("marshal")?;
        let version = rpy_vm::types::int::PyInt::from_i64(i64::from(version));
        call::call_method(&module, &PyStr::new("dumps"), &[object, version.as_object()])
    }

    /// Adds a codec search function.
    fn PyCodec_Register(search: Obj<'_>) -> c_int = () {
        registry::register(search)
    }
    /// Removes a codec search function.
    fn PyCodec_Unregister(search: Obj<'_>) -> c_int = () {
        registry::unregister(search)
    }
    /// Is there a codec of that name?
    fn PyCodec_KnownEncoding(encoding: *const c_char) -> c_int {
        c_int::from(registry::lookup(&lossy(encoding)).is_ok())
    }
    /// The encoder function of a codec.
    fn PyCodec_Encoder(encoding: *const c_char) -> Out = ObjRef {
        codec_part(encoding, 0)
    }
    /// The decoder function of a codec.
    fn PyCodec_Decoder(encoding: *const c_char) -> Out = ObjRef {
        codec_part(encoding, 1)
    }
    /// An incremental encoder of a codec; NULL: strict.
    fn PyCodec_IncrementalEncoder(encoding: *const c_char, errors: *const c_char) -> Out = ObjRef {
        incremental(encoding, errors, "incrementalencoder")
    }
    /// An incremental decoder of a codec; NULL: strict.
    fn PyCodec_IncrementalDecoder(encoding: *const c_char, errors: *const c_char) -> Out = ObjRef {
        incremental(encoding, errors, "incrementaldecoder")
    }
    /// A reader that decodes a stream; NULL: strict.
    fn PyCodec_StreamReader(encoding: *const c_char, stream: Obj<'_>, errors: *const c_char) -> Out = ObjRef {
        codec_stream(encoding, stream, errors, 2)
    }
    /// A writer that encodes to a stream; NULL: strict.
    fn PyCodec_StreamWriter(encoding: *const c_char, stream: Obj<'_>, errors: *const c_char) -> Out = ObjRef {
        codec_stream(encoding, stream, errors, 3)
    }
    /// Registers an error handler.
    fn PyCodec_RegisterError(name: *const c_char, handler: Obj<'_>) -> c_int = () {
        registry::register_error(&lossy(name), handler)
    }
    /// The handler `strict`: raises.
    fn PyCodec_StrictErrors(error: Obj<'_>) -> Out = ObjRef {
        handle("strict", error)
    }
    /// The handler `ignore`.
    fn PyCodec_IgnoreErrors(error: Obj<'_>) -> Out = ObjRef {
        handle("ignore", error)
    }
    /// The handler `replace`.
    fn PyCodec_ReplaceErrors(error: Obj<'_>) -> Out = ObjRef {
        handle("replace", error)
    }
    /// The handler `xmlcharrefreplace`.
    fn PyCodec_XMLCharRefReplaceErrors(error: Obj<'_>) -> Out = ObjRef {
        handle("xmlcharrefreplace", error)
    }
    /// The handler `backslashreplace`.
    fn PyCodec_BackslashReplaceErrors(error: Obj<'_>) -> Out = ObjRef {
        handle("backslashreplace", error)
    }
    /// The handler `namereplace`.
    fn PyCodec_NameReplaceErrors(error: Obj<'_>) -> Out = ObjRef {
        handle("namereplace", error)
    }

    /// Calls a function for the events of `sys.settrace`; NULL ends that. What an audit hook raises is reported.
    fn PyEval_SetTrace(function: Option<CTraceFunction>, argument: OptObj<'_>) {
        if let Err(error) = tracing::set(Kind::Trace, function, argument) {
            write_unraisable(error, Some("Exception ignored in PyEval_SetTrace"), None);
        }
    }
    /// Calls a function for the events of `sys.setprofile`; NULL ends that. What an audit hook raises is reported.
    fn PyEval_SetProfile(function: Option<CTraceFunction>, argument: OptObj<'_>) {
        if let Err(error) = tracing::set(Kind::Profile, function, argument) {
            write_unraisable(error, Some("Exception ignored in PyEval_SetProfile"), None);
        }
    }
    /// As `PyEval_SetTrace`, for all threads that run.
    fn PyEval_SetTraceAllThreads(function: Option<CTraceFunction>, argument: OptObj<'_>) {
        tracing::set_all(Kind::Trace, function, argument);
    }
    /// As `PyEval_SetProfile`, for all threads that run.
    fn PyEval_SetProfileAllThreads(function: Option<CTraceFunction>, argument: OptObj<'_>) {
        tracing::set_all(Kind::Profile, function, argument);
    }

    /// `__defaults__`, borrowed; NULL if there are none.
    fn PyFunction_GetDefaults(function: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyFunction>(function)?.func_defaults.as_raw() as Borrowed)
    }
    /// `__kwdefaults__`, borrowed; NULL if there are none.
    fn PyFunction_GetKwDefaults(function: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyFunction>(function)?.func_kwdefaults.as_raw() as Borrowed)
    }
    /// `__closure__`, borrowed; NULL if there is none.
    fn PyFunction_GetClosure(function: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyFunction>(function)?.func_closure.as_raw() as Borrowed)
    }
    /// `__module__`, borrowed; NULL if there is none.
    fn PyFunction_GetModule(function: Obj<'_>) -> Borrowed = Borrowed {
        Ok(expect::<PyFunction>(function)?.func_module.as_raw())
    }
    /// Sets `__closure__`; None removes it.
    fn PyFunction_SetClosure(function: Obj<'_>, closure: Obj<'_>) -> c_int = () {
        let function: &PyFunction = expect(function)?;
        let closure = if rpy_vm::is_none(closure) {
            None
        } else if let Some(closure) = closure.downcast_ref::<PyTuple>() {
            Some(closure.to_ref())
        } else {
            let name = closure.ty().full_name();
            return Err(exc::system_error(format!("expected tuple for closure, got '{name}'")));
        };
        function.changed();
        function.func_closure.set(closure);
        Ok(())
    }
    /// Sets `__defaults__`; None removes them.
    fn PyFunction_SetDefaults(function: Obj<'_>, defaults: Obj<'_>) -> c_int = () {
        set_part(function, rpy_vm::intern!("__defaults__"), defaults, PyTuple::check(defaults), "non-tuple default args")
    }
    /// Sets `__kwdefaults__`; None removes them.
    fn PyFunction_SetKwDefaults(function: Obj<'_>, defaults: Obj<'_>) -> c_int = () {
        set_part(function, rpy_vm::intern!("__kwdefaults__"), defaults, PyDict::check(defaults), "non-dict keyword only default args")
    }
    /// `__annotations__`, borrowed; NULL if there are none.
    fn PyFunction_GetAnnotations(function: Obj<'_>) -> Borrowed = Borrowed {
        // The function keeps the dict that it makes.
        Ok(po::getattr(expect::<PyFunction>(function)?.as_object(), rpy_vm::intern!("__annotations__"))?.as_raw())
    }
    /// Sets `__annotations__`; None removes them.
    fn PyFunction_SetAnnotations(function: Obj<'_>, annotations: Obj<'_>) -> c_int = () {
        set_part(function, rpy_vm::intern!("__annotations__"), annotations, PyDict::check(annotations), "non-dict annotations")
    }

    /// Before a `fork` that the caller does.
    fn PyOS_BeforeFork() {
        fork::before();
    }
    /// After it, in the parent, also where it failed.
    fn PyOS_AfterFork_Parent() {
        fork::after_in_parent();
    }
    /// After it, in the child.
    fn PyOS_AfterFork_Child() {
        fork::after_in_child();
    }
    /// As `PyOS_AfterFork_Child`, by its old name.
    fn PyOS_AfterFork() {
        fork::after_in_child();
    }
    /// The compiler that built the interpreter.
    fn Py_GetCompiler() -> *const c_char {
        c"[rustc]".as_ptr()
    }
    /// When the interpreter was built: not recorded, so that builds can be reproduced.
    fn Py_GetBuildInfo() -> *const c_char {
        c"main".as_ptr()
    }
    /// The copyright text.
    fn Py_GetCopyright() -> *const c_char {
        c"See the file NOTICE.".as_ptr()
    }
    /// Wide characters from the operating system's text, for `PyMem_RawFree`.
    fn Py_DecodeLocale(text: *const c_char, size: *mut usize) -> *mut libc::wchar_t {
        let decoded = rpy_vm::runtime::codecs::fs_decode(core::ffi::CStr::from_ptr(text).to_bytes());
        let block = rpy_vm::object::alloc::mem_alloc((decoded.len() + 1) * 4) as *mut libc::wchar_t;
        if !block.is_null() {
            for i in 0..decoded.len() {
                block.add(i).write(decoded.char_at(i) as libc::wchar_t);
            }
            block.add(decoded.len()).write(0);
            crate::border::store(size, decoded.len());
        }
        block
    }
    /// The operating system's text from wide characters, for `PyMem_Free`. NULL with the index of what cannot be encoded, or with the
    /// largest number where memory is short, which also stands for success.
    fn Py_EncodeLocale(text: *const libc::wchar_t, error_position: *mut usize) -> *mut c_char {
        let wide = core::slice::from_raw_parts(text as *const u32, libc::wcslen(text));
        crate::border::store(error_position, usize::MAX);
        let encoded = PyStr::try_from_ucs4(wide).and_then(|text| rpy_vm::runtime::codecs::fs_encode(&text));
        let Ok(encoded) = encoded else {
            // Bytes that were no text when they were decoded can be given back.
            let cannot = |&c: &u32| char::from_u32(c).is_none() && !(0xdc80..=0xdcff).contains(&c);
            crate::border::store(error_position, wide.iter().position(cannot).unwrap_or(usize::MAX));
            return core::ptr::null_mut();
        };
        let block = rpy_vm::object::alloc::mem_alloc(encoded.len() + 1);
        if !block.is_null() {
            core::ptr::copy_nonoverlapping(encoded.as_ptr(), block, encoded.len());
            block.add(encoded.len()).write(0);
        }
        block as *mut c_char
    }
    /// Interns a string for ever.
    fn PyUnicode_InternImmortal(place: *mut *mut PyObject) {
        let text: Ref<PyStr> = Ref::from_owned_ptr(*place as *mut PyStr);
        place.write(PyStr::intern_immortal(text).as_object().as_ptr());
    }
    /// `sys.float_info`.
    fn PyFloat_GetInfo() -> Out = Option<ObjRef> {
        Ok(rpy_vm::runtime::sys_state::get("float_info"))
    }
    /// `sys.int_info`.
    fn PyLong_GetInfo() -> Out = Option<ObjRef> {
        Ok(rpy_vm::runtime::sys_state::get("int_info"))
    }
    /// Where the numbers of signals that arrive are written to; -1: nowhere. The old descriptor.
    fn PySignal_SetWakeupFd(fd: c_int) -> c_int {
        signals::set_wakeup_fd(fd.max(-1), true)
    }
    /// Sets the C handler of a signal; the old one.
    fn PyOS_setsig(signal: c_int, handler: libc::sighandler_t) -> libc::sighandler_t {
        signals::install_c_handler(signal, handler)
    }
    /// The C handler of a signal.
    fn PyOS_getsig(signal: c_int) -> libc::sighandler_t {
        signals::current_c_handler(signal)
    }
    /// Bytes from a literal's text with escapes.
    fn PyBytes_DecodeEscape(data: *const c_char, len: isize, errors: *const c_char, _unused: isize, _recode: *const c_char) -> Out = ObjRef {
        let module = rpy_vm::import::statement::import_module("_codecs")?;
        let decode = po::getattr(&module, &PyStr::new("escape_decode"))?;
        let data = PyBytes::try_new(bytes(data, len))?;
        let errors = PyStr::new(opt_text(errors).unwrap_or("strict"));
        let result = call::call(&decode, &[data.as_object(), errors.as_object()])?;
        po::get_item(&result, rpy_vm::types::int::PyInt::small_ref(0).as_object())
    }
    /// Shows an object on C's `stderr`, for debugging.
    fn _PyObject_Dump(object: OptObj<'_>) {
        match object {
            None => eprintln!("object  : NULL"),
            Some(object) => {
                let pending = PyErr::fetch();
                let text = po::repr(object).map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
                eprintln!("object address  : {:p}", object.as_ptr());
                eprintln!("object refcount : {}", object.refcount());
                eprintln!("object type     : {:p}", object.ob_type.get());
                eprintln!("object type name: {}", object.ty().full_name());
                eprintln!("object repr     : {text}");
                if let Some(pending) = pending {
                    pending.restore();
                }
            }
        }
    }
    /// A dict that keeps the order of its items: `collections.OrderedDict()`.
    fn PyODict_New() -> Out = ObjRef {
        let module = rpy_vm::import::statement::import_module("collections")?;
        call::call_noargs(&*po::getattr(&module, &PyStr::new("OrderedDict"))?)
    }
    /// Sets an item of an ordered dict.
    fn PyODict_SetItem(dict: Obj<'_>, key: Obj<'_>, value: Obj<'_>) -> c_int = () {
        expect::<PyDict>(dict)?;
        po::set_item(dict, key, value)
    }
    /// Deletes an item of an ordered dict.
    fn PyODict_DelItem(dict: Obj<'_>, key: Obj<'_>) -> c_int = () {
        expect::<PyDict>(dict)?;
        po::del_item(dict, key)
    }
    /// A file object that writes to a descriptor without buffer or codec; the descriptor stays the caller's.
    fn PyFile_NewStdPrinter(fd: c_int) -> Out = Option<ObjRef> {
        // CPython answers NULL without an exception for descriptors of other files, too.
        Ok((fd == libc::STDOUT_FILENO || fd == libc::STDERR_FILENO).then(|| PyStdPrinter::new(fd).into_obj()))
    }
    /// `io.open_code(path)`.
    fn PyFile_OpenCode(path: *const c_char) -> Out = ObjRef {
        let io = rpy_vm::import::statement::import_module("_io")?;
        let path = c_str(path)?;
        call::call_method(&io, &PyStr::new("open_code"), &[path.as_object()])
    }
    /// `io.open_code(path)`.
    fn PyFile_OpenCodeObject(path: Obj<'_>) -> Out = ObjRef {
        let io = rpy_vm::import::statement::import_module("_io")?;
        call::call_method(&io, &PyStr::new("open_code"), &[path])
    }
}

fn clock(id: libc::clockid_t) -> PyResult<i64> {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours.
    if unsafe { libc::clock_gettime(id, &mut now) } != 0 {
        return Err(exc::os_error_last(None));
    }
    Ok(now.tv_sec * 1_000_000_000 + now.tv_nsec)
}

unsafe fn raw_clock(id: libc::clockid_t, place: *mut i64) -> c_int {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is ours; the place is the caller's promise.
    unsafe {
        if libc::clock_gettime(id, &mut now) != 0 {
            place.write(0);
            return -1;
        }
        place.write(now.tv_sec * 1_000_000_000 + now.tv_nsec);
    }
    0
}

unsafe fn codec_part(encoding: *const c_char, index: usize) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    let codec = registry::lookup(&unsafe { lossy(encoding) })?;
    codec.get(index).map(PyObject::new_ref).ok_or_else(crate::border::bad_call)
}

unsafe fn incremental(encoding: *const c_char, errors: *const c_char, part: &str) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    let (codec, errors) = unsafe { (registry::lookup(&lossy(encoding))?, opt_text(errors)) };
    let class = po::getattr(codec.as_object(), &PyStr::new(part))?;
    match errors {
        Some(errors) => call::call_one(&class, PyStr::new(errors).as_object()),
        None => call::call_noargs(&class),
    }
}

unsafe fn codec_stream(
    encoding: *const c_char,
    stream: &PyObject,
    errors: *const c_char,
    index: usize,
) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    let (class, errors) = unsafe { (codec_part(encoding, index)?, opt_text(errors)) };
    match errors {
        Some(errors) => call::call(&class, &[stream, PyStr::new(errors).as_object()]),
        None => call::call_one(&class, stream),
    }
}

/// Sets an attribute of a function to what fits there; None removes it.
fn set_part(function: &PyObject, name: &PyStr, value: &PyObject, fits: bool, refusal: &str) -> PyResult<()> {
    let function: &PyFunction = expect(function)?;
    if !fits && !rpy_vm::is_none(value) {
        return Err(exc::system_error(refusal));
    }
    po::setattr(function.as_object(), name, Some(value).filter(|value| !rpy_vm::is_none(value)))
}

fn handle(name: &str, error: &PyObject) -> PyResult<ObjRef> {
    call::call_one(&*registry::lookup_error(name)?, error)
}
