//! The functions of `sys`.

use core::cell::Cell;
use std::time::Duration;

use rpy_derive::pymodule;

use crate::args::KwArgs;
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::alloc::preheader_size;
use crate::object::{ObjRef, PyObject, PyStruct, Ref, flags};
use crate::protocol::{call, object as po};
use crate::runtime::{audit, gil, thread};
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

use super::tracing::{self, Kind};
use super::{frames, hooks, structs};

struct DlopenFlags(Cell<i32>);
// SAFETY: touched under the GIL.
unsafe impl Sync for DlopenFlags {}
static DLOPEN_FLAGS: DlopenFlags = DlopenFlags(Cell::new(libc::RTLD_NOW));

/// The flags extension modules are opened with.
pub fn dlopen_flags() -> i32 {
    DLOPEN_FLAGS.0.get()
}

static FINALIZING: core::sync::atomic::AtomicBool = core::sync::atomic::AtomicBool::new(false);

/// Marks the beginning of the interpreter's end.
pub fn set_finalizing() {
    FINALIZING.store(true, core::sync::atomic::Ordering::Release);
}

/// Is the interpreter shutting down?
pub fn is_finalizing() -> bool {
    FINALIZING.load(core::sync::atomic::Ordering::Acquire)
}

/// The size of an object in bytes, by `__sizeof__`, with what lies in front of it.
pub fn sizeof(object: &PyObject) -> PyResult<usize> {
    let Some(method) = po::lookup_special(object, crate::intern!("__sizeof__"))? else {
        return Err(exc::type_error(format!("Type {} doesn't define __sizeof__", object.ty().name())));
    };
    let size = call::call_noargs(&method)?;
    let Some(size) = size.downcast_ref::<PyInt>() else {
        return Err(exc::type_error(format!("'{}' object cannot be interpreted as an integer", size.ty().name())));
    };
    let size = size.as_i64().ok_or_else(|| exc::overflow_error("Python int too large to convert to C ssize_t"))?;
    if size < 0 {
        return Err(exc::value_error("__sizeof__() should return >= 0"));
    }
    let ty = object.ty();
    let front = if crate::runtime::gc::is_gc(object) || ty.has_flag(flags::PREHEADER) {
        // What is private to us in front of managed objects counts as CPython's two words.
        let gc = if ty.has_flag(flags::HAVE_GC) { 16 } else { 0 };
        let managed = if ty.has_flag(flags::PREHEADER) { 16 } else { 0 };
        preheader_size(ty).min(gc + managed)
    } else {
        0
    };
    Ok(size as usize + front)
}

fn call_stack_too_shallow() -> PyErr {
    exc::value_error("call stack is not deep enough")
}

/// This module provides access to some objects used or maintained by the
/// interpreter and to functions that interact strongly with the interpreter.
///
/// Dynamic objects:
///
/// argv -- command line arguments; argv[0] is the script pathname if known
/// path -- module search path; path[0] is the script directory, else ''
/// modules -- dictionary of loaded modules
///
/// displayhook -- called to show results in an interactive session
/// excepthook -- called to handle any uncaught exception other than SystemExit
///   To customize printing in an interactive session or to install a custom
///   top-level exception handler, assign other functions to replace these.
///
/// stdin -- standard input file object; used by input()
/// stdout -- standard output file object; used by print()
/// stderr -- standard error object; used for error messages
///   By assigning other file objects (or objects that behave like files)
///   to these, it is possible to redirect all of the interpreter's I/O.
///
/// last_exc - the last uncaught exception
///   Only available in an interactive session after a
///   traceback has been printed.
///
/// last_type -- type of last uncaught exception
/// last_value -- value of last uncaught exception
/// last_traceback -- traceback of last uncaught exception
///   These three are the (deprecated) legacy representation of last_exc.
///
/// Static objects:
///
/// builtin_module_names -- tuple of module names built into this interpreter
/// copyright -- copyright notice pertaining to this interpreter
/// exec_prefix -- prefix used to find the machine-specific Python library
/// executable -- absolute path of the executable binary of the Python interpreter
/// float_info -- a named tuple with information about the float implementation.
/// float_repr_style -- string indicating the style of repr() output for floats
/// hash_info -- a named tuple with information about the hash algorithm.
/// hexversion -- version information encoded as a single integer
/// implementation -- Python implementation information.
/// int_info -- a named tuple with information about the int implementation.
/// maxsize -- the largest supported length of containers.
/// maxunicode -- the value of the largest Unicode code point
/// platform -- platform identifier
/// prefix -- prefix used to find the Python library
/// thread_info -- a named tuple with information about the thread implementation.
/// version -- the version of this interpreter as a string
/// version_info -- version information as a named tuple
/// __stdin__ -- the original stdin; don't touch!
/// __stdout__ -- the original stdout; don't touch!
/// __stderr__ -- the original stderr; don't touch!
/// __displayhook__ -- the original displayhook; don't touch!
/// __excepthook__ -- the original excepthook; don't touch!
///
/// Functions:
///
/// displayhook() -- print an object to the screen, and save it in builtins._
/// excepthook() -- print an exception and its traceback to sys.stderr
/// exception() -- return the current thread's active exception
/// exc_info() -- return information about the current thread's active exception
/// exit() -- exit the interpreter by raising SystemExit
/// getdlopenflags() -- returns flags to be used for dlopen() calls
/// getprofile() -- get the global profiling function
/// getrefcount() -- return the reference count for an object (plus one :-)
/// getrecursionlimit() -- return the max recursion depth for the interpreter
/// getsizeof() -- return the size of an object in bytes
/// gettrace() -- get the global debug tracing function
/// setdlopenflags() -- set the flags to be used for dlopen() calls
/// setprofile() -- set the global profiling function
/// setrecursionlimit() -- set the max recursion depth for the interpreter
/// settrace() -- set the global debug tracing function
#[pymodule(name = "sys")]
pub mod sys {
    use super::*;

    /// Adds a new audit hook callback.
    #[pyfunction(sig = "($module, /, hook)")]
    fn addaudithook(hook: &PyObject) -> PyResult<()> {
        audit::add_hook(hook)
    }

    /// Passes the event to any hooks that are attached.
    #[pyfunction(name = "audit", sig = "($module, event, /, *args)")]
    fn py_audit(event: &PyObject, args: &[&PyObject]) -> PyResult<()> {
        let Some(event) = event.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("expected str for argument 'event', not {}", event.ty().name())));
        };
        if audit::active() { audit::audit_tuple(event, &PyTuple::from_slice(args)) } else { Ok(()) }
    }

    /// This hook function is called by built-in breakpoint().
    #[pyfunction(sig = "($module, /, *args, **kws)")]
    fn breakpointhook(args: &[&PyObject], kws: KwArgs<'_>) -> PyResult<ObjRef> {
        hooks::breakpointhook(args, &kws)
    }

    /// Clear all internal performance-related caches.
    #[pyfunction]
    fn _clear_internal_caches() {}

    /// Private function for clearing certain descriptors from a type's dictionary
    #[pyfunction(sig = "(type, /)")]
    fn _clear_type_descriptors(ty: &crate::PyTypeObject) -> PyResult<()> {
        if ty.has_flag(crate::object::flags::IMMUTABLETYPE) {
            return Err(exc::type_error("argument is immutable"));
        }
        if let Some(dict) = ty.tp_dict.get() {
            for name in ["__dict__", "__weakref__"] {
                dict.del_item(crate::types::str::PyStr::new(name).as_object())?;
            }
        }
        crate::types::type_::lookup::type_modified(ty);
        Ok(())
    }

    /// Clear the internal type lookup cache.
    #[pyfunction]
    fn _clear_type_cache() -> PyResult<()> {
        crate::runtime::warnings::warn(
            exc::DeprecationWarning(),
            "sys._clear_type_cache() is deprecated and may be removed in a future version of Python. Use \
             sys._clear_internal_caches() instead.",
            1,
        )
    }

    /// Return a dict mapping each thread's thread id to its current stack frame.
    ///
    /// This function should be used for specialized purposes only.
    #[pyfunction]
    fn _current_frames() -> PyResult<ObjRef> {
        audit::audit("sys._current_frames", &[])?;
        let mut found = Vec::new();
        thread::for_each(|state| {
            if let Some(frame) = frames::nth_of(state, 0) {
                found.push((state.thread_id.get(), frame));
            }
        });
        let dict = PyDict::new();
        for (id, frame) in found {
            dict.set_item(PyInt::from_u64(id).as_object(), &frames::object_of(frame))?;
        }
        Ok(dict.into_obj())
    }

    /// Return a dict mapping each thread's identifier to its current raised exception.
    ///
    /// This function should be used for specialized purposes only.
    #[pyfunction]
    fn _current_exceptions() -> PyResult<ObjRef> {
        audit::audit("sys._current_exceptions", &[])?;
        let mut found = Vec::new();
        thread::for_each(|state| found.push((state.thread_id.get(), handled_exception(state))));
        let dict = PyDict::new();
        for (id, exception) in found {
            dict.set_item(PyInt::from_u64(id).as_object(), &exception.unwrap_or_else(crate::none))?;
        }
        Ok(dict.into_obj())
    }

    /// Print an object to sys.stdout and also save it in builtins._
    #[pyfunction(sig = "($module, object, /)")]
    fn displayhook(object: &PyObject) -> PyResult<()> {
        hooks::displayhook(object)
    }

    /// Return the current exception.
    ///
    /// Return the most recent exception caught by an except clause
    /// in the current stack frame or in an older stack frame, or None
    /// if no such clause exists.
    #[pyfunction]
    fn exception() -> ObjRef {
        handled_exception(thread::current()).unwrap_or_else(crate::none)
    }

    /// Return current exception information: (type, value, traceback).
    ///
    /// Return information about the most recent exception caught by an except
    /// clause in the current stack frame or in an older stack frame.
    #[pyfunction]
    fn exc_info() -> ObjRef {
        let parts = match handled_exception(thread::current()) {
            Some(value) => {
                let tb = value
                    .downcast_ref::<crate::types::exceptions::PyBaseException>()
                    .and_then(|e| e.traceback())
                    .unwrap_or_else(crate::none);
                vec![value.ty().to_obj(), value, tb]
            }
            None => vec![crate::none(), crate::none(), crate::none()],
        };
        PyTuple::new(parts).into_obj()
    }

    /// Handle an exception by displaying it with a traceback on sys.stderr.
    #[pyfunction(sig = "($module, exctype, value, traceback, /)")]
    fn excepthook(exctype: &PyObject, value: &PyObject, traceback: &PyObject) -> PyResult<()> {
        hooks::excepthook(exctype, value, traceback)
    }

    /// Exit the interpreter by raising SystemExit(status).
    ///
    /// If the status is omitted or None, it defaults to zero (i.e., success).
    /// If the status is an integer, it will be used as the system exit status.
    /// If it is another kind of object, it will be printed and the system
    /// exit status will be one (i.e., failure).
    #[pyfunction(sig = "($module, status=None, /)")]
    fn exit(status: Option<&PyObject>) -> PyResult<()> {
        // None means that nothing was given, so `code` stays None and `args` empty, but a tuple becomes the arguments.
        let args = match status {
            None => vec![],
            Some(status) => match status.downcast_ref::<PyTuple>() {
                Some(tuple) => tuple.items().iter().map(|item| item.new_ref()).collect(),
                None => vec![status.new_ref()],
            },
        };
        Err(PyErr::with_args(exc::SystemExit(), args))
    }

    /// Return the current default encoding used by the Unicode implementation.
    #[pyfunction]
    fn getdefaultencoding() -> &'static str {
        "utf-8"
    }

    /// Return the current value of the flags that are used for dlopen calls.
    ///
    /// The flag constants are defined in the os module.
    #[pyfunction]
    fn getdlopenflags() -> i32 {
        dlopen_flags()
    }

    /// Set the flags used by the interpreter for dlopen calls.
    #[pyfunction]
    fn setdlopenflags(flags: i32) {
        DLOPEN_FLAGS.0.set(flags);
    }

    /// Return the encoding used to convert Unicode filenames to OS filenames.
    #[pyfunction]
    fn getfilesystemencoding() -> &'static str {
        "utf-8"
    }

    /// Return the error mode used for Unicode to OS filename conversion.
    #[pyfunction]
    fn getfilesystemencodeerrors() -> &'static str {
        "surrogateescape"
    }

    /// Return the number of memory blocks currently allocated.
    #[pyfunction]
    fn getallocatedblocks() -> isize {
        crate::object::alloc::used_blocks() as isize
    }

    /// Return the number of elements of the unicode interned dictionary
    #[pyfunction(sig = "($module, /, *, _only_immortal=False)")]
    fn getunicodeinternedsize(_only_immortal: bool) -> usize {
        crate::types::str::intern::interned_count()
    }

    /// Return the current value of the recursion limit, the maximum depth
    /// of the Python interpreter stack.
    #[pyfunction]
    fn getrecursionlimit() -> i32 {
        thread::recursion_limit()
    }

    /// Set the maximum depth of the Python interpreter stack to n.
    ///
    /// This limit prevents infinite recursion from causing an overflow of the C
    /// stack and crashing Python.  The highest possible limit is platform-
    /// dependent.
    #[pyfunction(sig = "($module, limit, /)")]
    fn setrecursionlimit(limit: i32) -> PyResult<()> {
        if limit < 1 {
            return Err(exc::value_error("recursion limit must be greater or equal than 1"));
        }
        let state = thread::current();
        let depth = state.py_recursion_limit.get() - state.py_recursion_remaining.get();
        if depth >= limit {
            return Err(exc::recursion_error(format!(
                "cannot set the recursion limit to {limit} at the recursion depth {depth}: the limit is too low"
            )));
        }
        thread::set_recursion_limit(limit);
        Ok(())
    }

    /// Return the reference count of object.
    ///
    /// The count returned is generally one higher than you might expect,
    /// because it includes the (temporary) reference as an argument to
    /// getrefcount().
    #[pyfunction(sig = "($module, object, /)")]
    fn getrefcount(object: &PyObject) -> u32 {
        object.refcount()
    }

    /// getsizeof(object [, default]) -> int
    ///
    /// Return the size of object in bytes.
    #[pyfunction(sig = "($module, /, object, default=<unrepresentable>)", unsigned)]
    fn getsizeof(object: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        match (super::sizeof(object), default) {
            (Ok(size), _) => Ok(PyInt::from_usize(size).into_obj()),
            (Err(e), Some(default)) if e.matches(exc::TypeError()) => Ok(default.new_ref()),
            (Err(e), _) => Err(e),
        }
    }

    /// Return a frame object from the call stack.
    ///
    /// If optional integer depth is given, return the frame object that many
    /// calls below the top of the stack.  If that is deeper than the call
    /// stack, ValueError is raised.  The default for depth is zero, returning
    /// the frame at the top of the call stack.
    ///
    /// This function should be used for internal and specialized purposes
    /// only.
    #[pyfunction(sig = "($module, depth=0, /)")]
    fn _getframe(depth: i32) -> PyResult<ObjRef> {
        let Some(frame) = frames::nth(depth.max(0) as usize) else { return Err(call_stack_too_shallow()) };
        let frame = frames::object_of(frame);
        audit::audit("sys._getframe", &[&frame])?;
        Ok(frame)
    }

    /// Return the name of the module for a calling frame.
    ///
    /// The default depth returns the module containing the call to this API.
    /// A more typical use in a library will pass a depth of 1 to get the user's
    /// module rather than the library module.
    ///
    /// If no frame, module, or name can be found, returns None.
    #[pyfunction(sig = "($module, /, depth=0)")]
    fn _getframemodulename(depth: i32) -> PyResult<ObjRef> {
        let depth_object = PyInt::from_i64(i64::from(depth));
        audit::audit("sys._getframemodulename", &[depth_object.as_object()])?;
        let Some(frame) = frames::nth(depth.max(0) as usize) else { return Ok(crate::none()) };
        // SAFETY: a complete frame is a Python frame.
        let function = unsafe { frame.func() }.to_obj();
        Ok(po::getattr_opt(&function, crate::intern!("__module__"))?.unwrap_or_else(crate::none))
    }

    /// Return the current thread switch interval; see sys.setswitchinterval().
    #[pyfunction]
    fn getswitchinterval() -> f64 {
        gil::switch_interval().as_micros() as f64 * 1e-6
    }

    /// Set the ideal thread switching delay inside the Python interpreter.
    ///
    /// The actual frequency of switching threads can be lower if the
    /// interpreter executes long sequences of uninterruptible code
    /// (this is implementation-specific and workload-dependent).
    ///
    /// The parameter must represent the desired switching delay in seconds
    /// A typical value is 0.005 (5 milliseconds).
    #[pyfunction(sig = "($module, interval, /)")]
    fn setswitchinterval(interval: f64) -> PyResult<()> {
        if interval.is_nan() || interval <= 0.0 {
            return Err(exc::value_error("switch interval must be strictly positive"));
        }
        gil::set_switch_interval(Duration::try_from_secs_f64(interval).unwrap_or(Duration::from_secs(1 << 20)));
        Ok(())
    }

    /// ``Intern'' the given string.
    ///
    /// This enters the string in the (global) table of interned strings whose
    /// purpose is to speed up dictionary lookups. Return the string itself or
    /// the previously interned string object with the same value.
    #[pyfunction(sig = "($module, string, /)")]
    fn intern(string: &PyStr) -> PyResult<Ref<PyStr>> {
        if string.as_object().downcast_exact::<PyStr>().is_none() {
            return Err(exc::type_error(format!("can't intern {}", string.as_object().ty().name())));
        }
        Ok(PyStr::intern(string.to_ref()))
    }

    /// Return True if the given string is "interned".
    #[pyfunction(sig = "($module, string, /)")]
    fn _is_interned(string: &PyStr) -> bool {
        string.is_interned()
    }

    /// Return True if the given object is "immortal" per PEP 683.
    ///
    /// This function should be used for specialized purposes only.
    #[pyfunction(sig = "($module, op, /)")]
    fn _is_immortal(op: &PyObject) -> bool {
        op.is_immortal()
    }

    /// Return True if the GIL is currently enabled.
    #[pyfunction]
    fn _is_gil_enabled() -> bool {
        true
    }

    /// Return True if Python is exiting.
    #[pyfunction(name = "is_finalizing")]
    fn py_is_finalizing() -> bool {
        super::is_finalizing()
    }

    /// Set the global debug tracing function.
    ///
    /// It will be called on each function call.  See the debugger chapter
    /// in the library manual.
    #[pyfunction(sig = "($module, function, /)")]
    fn settrace(function: Option<&PyObject>) -> PyResult<()> {
        let (function, argument) = Kind::Trace.calling(function);
        tracing::set(Kind::Trace, function, argument)
    }

    /// Return the global debug tracing function set with sys.settrace.
    ///
    /// See the debugger chapter in the library manual.
    #[pyfunction]
    fn gettrace() -> ObjRef {
        tracing::get(Kind::Trace)
    }

    /// Set the profiling function.
    ///
    /// It will be called on each function call and return.  See the profiler
    /// chapter in the library manual.
    #[pyfunction(sig = "($module, function, /)")]
    fn setprofile(function: Option<&PyObject>) -> PyResult<()> {
        let (function, argument) = Kind::Profile.calling(function);
        tracing::set(Kind::Profile, function, argument)
    }

    /// Return the profiling function set with sys.setprofile.
    ///
    /// See the profiler chapter in the library manual.
    #[pyfunction]
    fn getprofile() -> ObjRef {
        tracing::get(Kind::Profile)
    }

    /// Set the profiling function in all running threads belonging to the current interpreter.
    ///
    /// It will be called on each function call and return.  See the profiler
    /// chapter in the library manual.
    #[pyfunction(sig = "($module, arg, /)")]
    fn _setprofileallthreads(arg: Option<&PyObject>) {
        let (function, argument) = Kind::Profile.calling(arg);
        tracing::set_all(Kind::Profile, function, argument);
    }

    /// Set the global debug tracing function in all running threads belonging to the current interpreter.
    ///
    /// It will be called on each function call. See the debugger chapter
    /// in the library manual.
    #[pyfunction(sig = "($module, arg, /)")]
    fn _settraceallthreads(arg: Option<&PyObject>) {
        let (function, argument) = Kind::Trace.calling(arg);
        tracing::set_all(Kind::Trace, function, argument);
    }

    /// Call func(*args), while tracing is enabled.
    ///
    /// The tracing state is saved, and restored afterwards.  This is intended
    /// to be called from a debugger from a checkpoint, to recursively debug
    /// some other code.
    #[pyfunction(sig = "($module, func, args, /)")]
    fn call_tracing(func: &PyObject, args: &PyTuple) -> PyResult<ObjRef> {
        let state = thread::current();
        let saved = state.tracing.replace(0);
        tracing::changed();
        let result = call::call_tuple(func, args, None);
        state.tracing.set(saved);
        tracing::changed();
        result
    }

    /// Print debug info about memory allocation to stderr.
    #[pyfunction]
    fn _debugmallocstats() {
        // The allocator counts nothing in release builds, and the free lists do not tell how long they are.
        let mut text = String::new();
        for (name, size) in [("PyDictObject", 48), ("PyFloatObject", 24), ("PyListObject", 40), ("PyTupleObject", 40)] {
            text.push_str(&format!("0 free {name}s * {size} bytes each = 0\n"));
        }
        crate::runtime::sys_state::write_stderr(&text);
    }

    /// Enable/disable origin tracking for coroutine objects in this thread.
    ///
    /// Coroutine objects will track 'depth' frames of traceback information
    /// about where they came from, available in their cr_origin attribute.
    ///
    /// Set a depth of 0 to disable.
    #[pyfunction(sig = "($module, /, depth)")]
    fn set_coroutine_origin_tracking_depth(depth: i32) -> PyResult<()> {
        if depth < 0 {
            return Err(exc::value_error("depth must be >= 0"));
        }
        thread::current().coroutine_origin_tracking_depth.set(depth);
        Ok(())
    }

    /// Check status of origin tracking for coroutine objects in this thread.
    #[pyfunction]
    fn get_coroutine_origin_tracking_depth() -> i32 {
        thread::current().coroutine_origin_tracking_depth.get()
    }

    /// set_asyncgen_hooks([firstiter] [, finalizer])
    ///
    /// Set a finalizer for async generators objects.
    #[pyfunction(sig = "($module, /, firstiter=<unrepresentable>, finalizer=<unrepresentable>)", unsigned)]
    fn set_asyncgen_hooks(firstiter: Option<&PyObject>, finalizer: Option<&PyObject>) -> PyResult<()> {
        let state = thread::current();
        let check = |hook: Option<&PyObject>, name: &str| match hook {
            Some(hook) if !crate::is_none(hook) && !po::callable(hook) => {
                Err(exc::type_error(format!("callable {name} expected, got {}", hook.ty().name())))
            }
            _ => Ok(()),
        };
        check(finalizer, "finalizer")?;
        check(firstiter, "firstiter")?;
        if let Some(hook) = finalizer {
            audit::audit("sys.set_asyncgen_hooks_finalizer", &[])?;
            state.async_gen_finalizer.set(if crate::is_none(hook) { None } else { Some(hook.new_ref()) });
        }
        if let Some(hook) = firstiter {
            audit::audit("sys.set_asyncgen_hooks_firstiter", &[])?;
            state.async_gen_firstiter.set(if crate::is_none(hook) { None } else { Some(hook.new_ref()) });
        }
        Ok(())
    }

    /// Return the installed asynchronous generators hooks.
    ///
    /// This returns a namedtuple of the form (firstiter, finalizer).
    #[pyfunction]
    fn get_asyncgen_hooks() -> PyResult<ObjRef> {
        let state = thread::current();
        structs::ASYNCGEN_HOOKS.build(vec![
            state.async_gen_firstiter.get().unwrap_or_else(crate::none),
            state.async_gen_finalizer.get().unwrap_or_else(crate::none),
        ])
    }

    /// Activate stack profiler trampoline *backend*.
    #[pyfunction(sig = "($module, backend, /)")]
    fn activate_stack_trampoline(_backend: &str) -> PyResult<()> {
        Err(exc::value_error("perf trampoline not available"))
    }

    /// Deactivate the current stack profiler trampoline backend.
    ///
    /// If no stack profiler is activated, this function has no effect.
    #[pyfunction]
    fn deactivate_stack_trampoline() {}

    /// Return *True* if a stack profiler trampoline is active.
    #[pyfunction]
    fn is_stack_trampoline_active() -> bool {
        false
    }

    /// Return True if remote debugging is enabled, False otherwise.
    #[pyfunction]
    fn is_remote_debug_enabled() -> bool {
        false
    }

    /// Executes a file containing Python code in a given remote Python process.
    #[pyfunction(sig = "($module, /, pid, script)")]
    fn remote_exec(_pid: i32, _script: &PyObject) -> PyResult<()> {
        Err(exc::runtime_error("Remote debugging is not enabled"))
    }

    /// Return the maximum string digits limit for non-binary int<->str conversions.
    #[pyfunction]
    fn get_int_max_str_digits() -> usize {
        crate::types::int::text::max_str_digits()
    }

    /// Set the maximum string digits limit for non-binary int<->str conversions.
    #[pyfunction(sig = "($module, /, maxdigits)")]
    fn set_int_max_str_digits(maxdigits: i32) -> PyResult<()> {
        if maxdigits < 0 {
            return Err(exc::value_error("maxdigits must be >= 0 or larger than 640"));
        }
        crate::types::int::text::set_max_str_digits(maxdigits as usize)
    }

    /// Private function for getting PyConfig.cpu_count
    #[pyfunction]
    fn _get_cpu_count_config() -> i32 {
        super::super::config::get().cpu_count
    }

    /// Private function for getting the base REPL
    #[pyfunction]
    fn _baserepl() -> PyResult<()> {
        hooks::base_repl()
    }

    /// Dump the graph of tracelets in graphviz format
    #[pyfunction(sig = "($module, outpath, /)")]
    fn _dump_tracelets(_outpath: &PyObject) -> PyResult<()> {
        Err(exc::not_implemented_error("No JIT available"))
    }

    /// Handle an unraisable exception.
    ///
    /// The unraisable argument has the following attributes:
    ///
    /// * exc_type: Exception type.
    /// * exc_value: Exception value, can be None.
    /// * exc_traceback: Exception traceback, can be None.
    /// * err_msg: Error message, can be None.
    /// * object: Object causing the exception, can be None.
    #[pyfunction(sig = "($module, unraisable, /)")]
    fn unraisablehook(unraisable: &PyObject) -> PyResult<()> {
        hooks::unraisablehook(unraisable)
    }
}

/// The exception a thread is handling: the innermost entry of its chain that holds one.
pub fn handled_exception(state: &thread::PyThreadState) -> Option<ObjRef> {
    let mut item = state.exc_info.get();
    // SAFETY: the chain is live while its thread is in the frames that own the items.
    while let Some(entry) = unsafe { item.as_ref() } {
        if let Some(value) = entry.exc_value.get()
            && !crate::is_none(&value)
        {
            return Some(value);
        }
        item = entry.previous_item.get();
    }
    None
}
