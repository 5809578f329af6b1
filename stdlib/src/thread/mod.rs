//! `_thread`: threads, locks and thread-local data.

pub mod handle;
pub mod local;
pub mod locks;

use rpy_vm::pymodule;

pub use handle::after_fork_child;

/// This module provides primitive operations to write multi-threaded programs.
/// The 'threading' module provides a more convenient interface.
#[pymodule(name = "_thread")]
pub mod thread {
    use rpy_vm::protocol::{call, object as po};
    use rpy_vm::runtime::{audit, signals, sys_state, thread, traceback_print};
    use rpy_vm::structseq;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, Ref, exc};

    use super::handle::{self, PyThreadHandle};
    use super::local::PyLocal;
    use super::locks::{self, PyLock, PyRLock};

    structseq! {
        /// The argument of `threading.excepthook`.
        static EXCEPTHOOK_ARGS = c"_thread._ExceptHookArgs", Some(c"ExceptHookArgs\n\nType used to pass arguments to threading.excepthook."), 4, true, [
            (c"exc_type", c"Exception type"),
            (c"exc_value", c"Exception value"),
            (c"exc_traceback", c"Exception traceback"),
            (c"thread", c"Thread"),
        ]
    }

    #[pyattr]
    const TIMEOUT_MAX: f64 = locks::TIMEOUT_MAX;

    #[pyattr]
    fn error() -> ObjRef {
        exc::RuntimeError().to_obj()
    }

    /// Checks the function and arguments of a new thread.
    fn check_start(name: &str, function: &PyObject) -> PyResult<()> {
        if po::callable(function) {
            Ok(())
        } else {
            Err(exc::type_error(if name == "start_new_thread" {
                "first arg must be callable"
            } else {
                "thread function must be callable"
            }))
        }
    }

    /// Start a new thread and return its identifier.
    ///
    /// The thread will call the function with positional arguments from the
    /// tuple args and keyword arguments taken from the optional dictionary
    /// kwargs.  The thread exits when the function returns; the return value
    /// is ignored.  The thread will also exit when the function raises an
    /// unhandled exception; a stack trace will be printed unless the exception
    /// is SystemExit.
    #[pyfunction(sig = "($module, function, args, kwargs=<unrepresentable>, /)")]
    fn start_new_thread(function: &PyObject, args: &PyObject, kwargs: Option<&PyObject>) -> PyResult<u64> {
        check_start("start_new_thread", function)?;
        let Some(args) = args.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error("2nd arg must be a tuple"));
        };
        let kwargs = match kwargs {
            None => None,
            Some(kwargs) => match kwargs.downcast_ref::<PyDict>() {
                Some(dict) => Some(dict),
                None => return Err(exc::type_error("optional 3rd arg must be a dictionary")),
            },
        };
        let none = rpy_vm::none_ref();
        let kwargs_object = kwargs.map_or(none, |k| k.as_object());
        audit::audit("_thread.start_new_thread", &[function, args.as_object(), kwargs_object])?;
        let thread_handle = PyThreadHandle::new();
        handle::start(function, args, kwargs, true, thread_handle.shared())?;
        Ok(thread_handle.ident_value())
    }

    /// An obsolete synonym of start_new_thread().
    #[pyfunction(sig = "($module, function, args, kwargs=<unrepresentable>, /)")]
    fn start_new(function: &PyObject, args: &PyObject, kwargs: Option<&PyObject>) -> PyResult<u64> {
        start_new_thread(function, args, kwargs)
    }

    /// *For internal use only*: start a new thread.
    ///
    /// Like start_new_thread(), this starts a new thread calling the given function.
    /// Unlike start_new_thread(), this returns a handle object with methods to join
    /// or detach the given thread.
    /// This function is not for third-party code, please use the
    /// `threading` module instead. During finalization the runtime will not wait for
    /// the thread to exit if daemon is True. If handle is provided it must be a
    /// newly created thread._ThreadHandle instance.
    #[pyfunction(sig = "($module, /, function, handle=None, daemon=True)")]
    fn start_joinable_thread(
        function: &PyObject,
        handle_object: Option<&PyObject>,
        daemon: Option<bool>,
    ) -> PyResult<ObjRef> {
        check_start("start_joinable_thread", function)?;
        let thread_handle: Ref<PyThreadHandle> = match handle_object {
            None => PyThreadHandle::new(),
            Some(object) => match object.downcast_exact::<PyThreadHandle>() {
                Some(given) => given.to_ref(),
                None => return Err(exc::type_error("'handle' must be a _ThreadHandle")),
            },
        };
        let daemon = daemon.unwrap_or(true);
        audit::audit(
            "_thread.start_joinable_thread",
            &[function, PyInt::from_i64(i64::from(daemon)).as_object(), handle_object.unwrap_or(rpy_vm::none_ref())],
        )?;
        if thread_handle.is_started() {
            return Err(exc::runtime_error("thread already started"));
        }
        handle::start(function, &PyTuple::empty(), None, daemon, thread_handle.shared())?;
        Ok(thread_handle.into_obj())
    }

    /// Return True if daemon threads are allowed in the current interpreter,
    /// and False otherwise.
    #[pyfunction]
    fn daemon_threads_allowed() -> bool {
        true
    }

    /// Create a new lock object. See help(type(threading.Lock())) for
    /// information about locks.
    #[pyfunction]
    fn allocate_lock() -> ObjRef {
        PyLock::new().into_obj()
    }

    /// An obsolete synonym of allocate_lock().
    #[pyfunction]
    fn allocate() -> ObjRef {
        PyLock::new().into_obj()
    }

    /// This is synonymous to ``raise SystemExit''.  It will cause the current
    /// thread to exit silently unless the exception is caught.
    #[pyfunction]
    fn exit() -> PyResult<()> {
        Err(PyErr::with_args(exc::SystemExit(), Vec::new()))
    }

    /// An obsolete synonym of exit().
    #[pyfunction]
    fn exit_thread() -> PyResult<()> {
        exit()
    }

    /// Simulate the arrival of the given signal in the main thread,
    /// where the corresponding signal handler will be executed.
    /// If *signum* is omitted, SIGINT is assumed.
    /// A subthread can use this function to interrupt the main thread.
    ///
    /// Note: the default signal handler for SIGINT raises ``KeyboardInterrupt``.
    #[pyfunction(sig = "($module, signum=2, /)")]
    fn interrupt_main(signum: i32) -> PyResult<()> {
        if signum < 1 || signum as usize >= signals::NSIG {
            return Err(exc::value_error("signal number out of range"));
        }
        // What is ignored, or left to the system, is not simulated.
        let handled =
            signals::handler_of(signum as usize).is_none_or(|handler| handler.downcast_ref::<PyInt>().is_none());
        if handled {
            signals::trip(signum);
        }
        // On the main thread the handler runs at once.
        signals::check()
    }

    /// Return a non-zero integer that uniquely identifies the current thread
    /// amongst other threads that exist simultaneously.
    ///
    /// This may be used to identify per-thread resources.  Even though on
    /// some platforms threads identities may appear to be allocated
    /// consecutive numbers starting at 1, this behavior should not be relied
    /// upon, and the number should be seen purely as a magic cookie.
    /// A thread's identity may be reused for another thread after it exits.
    #[pyfunction]
    fn get_ident() -> u64 {
        thread::current().thread_id.get()
    }

    /// Return a non-negative integer identifying the thread as reported
    /// by the OS (kernel). This may be used to uniquely identify a
    /// particular thread within a system.
    #[pyfunction]
    fn get_native_id() -> u64 {
        thread::current().native_thread_id.get()
    }

    /// Return the number of currently running Python threads, excluding
    /// the main thread. The returned number comprises all threads created
    /// through `start_new_thread()` as well as `threading.Thread`, and not
    /// yet finished.
    ///
    /// This function is meant for internal and specialized purposes only.
    /// In most applications `threading.enumerate()` should be used instead.
    #[pyfunction]
    fn _count() -> isize {
        handle::count()
    }

    /// Return the thread stack size used when creating new threads.  The
    /// optional size argument specifies the stack size (in bytes) to be used
    /// for subsequent new threads.  The size must be 0 (use platform or
    /// configured default) or a positive integer value of at least 32,768 (32k).
    /// If changing the thread stack size is unsupported, a ThreadError exception
    /// is raised. If the specified size is invalid, a ValueError exception
    /// is raised, and the stack size is unmodified.
    #[pyfunction(sig = "($module, size=0, /)")]
    fn stack_size(size: Option<isize>) -> PyResult<usize> {
        handle::stack_size(size)
    }

    /// Return True if the current interpreter is the main Python interpreter.
    #[pyfunction]
    fn _is_main_interpreter() -> bool {
        true
    }

    /// Wait for all non-daemon threads (other than the calling thread) to stop.
    #[pyfunction]
    fn _shutdown() -> PyResult<()> {
        handle::shutdown()
    }

    /// Internal only. Make a thread handle for threads not spawned by the _thread or threading module.
    #[pyfunction]
    fn _make_thread_handle(ident: u64) -> ObjRef {
        PyThreadHandle::for_running(ident).into_obj()
    }

    /// Internal only. Return a non-zero integer that uniquely identifies the main thread
    /// of the main interpreter.
    #[pyfunction]
    fn _get_main_thread_ident() -> u64 {
        thread::main().map_or(0, |main| main.thread_id.get())
    }

    /// Set the name of the current thread.
    #[pyfunction(sig = "($module, /, name)")]
    fn set_name(name: &PyStr) -> PyResult<()> {
        let text = name.to_string_lossy();
        // The system keeps 15 bytes; a character is not cut in two.
        let mut end = text.len().min(15);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let bytes: Vec<u8> = text.as_bytes()[..end].iter().copied().take_while(|&byte| byte != 0).collect();
        if let Ok(c_name) = std::ffi::CString::new(bytes) {
            // SAFETY: a NUL-terminated name of the calling thread.
            unsafe { libc::prctl(libc::PR_SET_NAME, c_name.as_ptr()) };
        }
        Ok(())
    }

    /// Handle uncaught Thread.run() exception.
    #[pyfunction(sig = "($module, exc, /)")]
    fn _excepthook(arguments: &PyObject) -> PyResult<()> {
        if !arguments.is_exact_type(EXCEPTHOOK_ARGS.get()?) {
            return Err(exc::type_error("_thread._excepthook argument type must be ExceptHookArgs"));
        }
        let field = |i: usize| -> Option<ObjRef> {
            // SAFETY: the type was checked; it has four fields.
            unsafe { rpy_vm::types::structseq::get_field(arguments, i) }.filter(|value| !rpy_vm::is_none(value))
        };
        if field(0).is_some_and(|class| class.is(exc::SystemExit().as_object())) {
            return Ok(());
        }
        let thread_object = field(3);
        let file = match sys_state::get_not_none("stderr") {
            Some(file) => file,
            None => {
                // Late in shutdown sys.stderr may be gone; threads keep one of their own.
                let Some(object) = &thread_object else { return Ok(()) };
                match po::getattr_opt(object, rpy_vm::intern!("_stderr"))? {
                    Some(file) if !rpy_vm::is_none(&file) => file,
                    _ => return Ok(()),
                }
            }
        };
        let name = match &thread_object {
            Some(object) => po::getattr_opt(object, rpy_vm::intern!("name"))?,
            None => None,
        };
        let name = match name {
            Some(name) => po::str(&name)?,
            None => PyStr::from_string(get_ident().to_string()),
        };
        let write = |text: &PyStr| call::call_method(&file, rpy_vm::intern!("write"), &[text.as_object()]);
        write(&PyStr::new("Exception in thread "))?;
        write(&name)?;
        write(&PyStr::new(":\n"))?;
        if let Some(value) = field(1) {
            if let Some(e) = value.downcast_ref::<rpy_vm::types::exceptions::PyBaseException>()
                && e.traceback().is_none()
            {
                e.set_traceback(field(2));
            }
            traceback_print::print_to(&file, &value)?;
        }
        call::call_method(&file, rpy_vm::intern!("flush"), &[]).map(drop)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        use rpy_vm::types::type_::type_ready;
        let dict = module.dict();
        for (name, class) in [
            ("lock", PyLock::type_object()),
            ("LockType", PyLock::type_object()),
            ("RLock", PyRLock::type_object()),
            ("_local", PyLocal::type_object()),
            ("_ThreadHandle", PyThreadHandle::type_object()),
        ] {
            type_ready(class)?;
            dict.set_name(name, class.to_obj());
        }
        dict.set_name("_ExceptHookArgs", EXCEPTHOOK_ARGS.get()?.to_obj());
        Ok(())
    }
}
