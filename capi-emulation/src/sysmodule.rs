//! `sysmodule.h`, `pylifecycle.h` and `pythonrun.h`: the command line, options, paths, audit hooks, asking the user.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::sync::atomic::Ordering;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, OnceLock};

use rpy_vm::builtins::io::line_reader;
use rpy_vm::object::alloc::mem_alloc;
use rpy_vm::runtime::audit::{self, CHook};
use rpy_vm::runtime::{atexit, codecs, gil, signals, sys_state};
use rpy_vm::sysmodule::config;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, Ref};

use crate::border::{Borrowed, Obj, expect};
use crate::data::{PyOS_InputHook, PyOS_ReadlineFunctionPointer};

/// What `Py_GetArgcArgv` gives: addresses of wide strings, and 0 at the end.
static WIDE_ARGUMENTS: OnceLock<Vec<usize>> = OnceLock::new();

/// The operating system's text as wide characters with a zero at the end, for ever.
fn leak_wide(text: &[u8]) -> usize {
    let decoded = rpy_vm::runtime::codecs::fs_decode(text);
    let wide: Vec<libc::wchar_t> = (0..decoded.len()).map(|i| decoded.char_at(i) as libc::wchar_t).chain([0]).collect();
    wide.leak().as_ptr() as usize
}

/// A text that is made at the first call, for ever.
fn kept(place: &OnceLock<usize>, text: impl FnOnce() -> Vec<u8>) -> *const libc::wchar_t {
    *place.get_or_init(|| leak_wide(&text())) as *const libc::wchar_t
}

exports! {
    /// The arguments of the command line, before options were taken off. They live as long as the process.
    fn Py_GetArgcArgv(argc: *mut c_int, argv: *mut *mut *mut libc::wchar_t) {
        let arguments = WIDE_ARGUMENTS.get_or_init(|| {
            let given = &rpy_vm::sysmodule::config::get().orig_argv;
            let mut wide: Vec<usize> = given.iter().map(|argument| leak_wide(argument.as_encoded_bytes())).collect();
            wide.push(0);
            wide
        });
        crate::border::store(argc, arguments.len() as c_int - 1);
        crate::border::store(argv, arguments.as_ptr() as *mut *mut libc::wchar_t);
    }

    /// The module search path that the interpreter started with, before `site`. As the results of all `Py_Get*` functions below, it lives
    /// as long as the process.
    fn Py_GetPath() -> *const libc::wchar_t {
        static TEXT: OnceLock<usize> = OnceLock::new();
        kept(&TEXT, || {
            let paths = &config::get().module_search_paths;
            paths.iter().map(|path| path.as_bytes()).collect::<Vec<_>>().join(&b':')
        })
    }
    /// `sys.prefix`.
    fn Py_GetPrefix() -> *const libc::wchar_t {
        static TEXT: OnceLock<usize> = OnceLock::new();
        kept(&TEXT, || config::get().prefix.as_bytes().to_vec())
    }
    /// `sys.exec_prefix`.
    fn Py_GetExecPrefix() -> *const libc::wchar_t {
        static TEXT: OnceLock<usize> = OnceLock::new();
        kept(&TEXT, || config::get().exec_prefix.as_bytes().to_vec())
    }
    /// `sys.executable`.
    fn Py_GetProgramFullPath() -> *const libc::wchar_t {
        static TEXT: OnceLock<usize> = OnceLock::new();
        kept(&TEXT, || config::get().executable.as_bytes().to_vec())
    }
    /// The name that the interpreter was called by.
    fn Py_GetProgramName() -> *const libc::wchar_t {
        static TEXT: OnceLock<usize> = OnceLock::new();
        kept(&TEXT, || config::get().orig_argv.first().map_or_else(|| b"python3".to_vec(), |name| name.as_bytes().to_vec()))
    }
    /// `PYTHONHOME`; NULL if it is not set.
    fn Py_GetPythonHome() -> *const libc::wchar_t {
        static TEXT: OnceLock<usize> = OnceLock::new();
        match &config::get().home {
            Some(home) => kept(&TEXT, || home.as_bytes().to_vec()),
            None => core::ptr::null(),
        }
    }
    /// `getenv`; NULL where the environment is to be ignored (`-E`).
    fn Py_GETENV(name: *const c_char) -> *const c_char {
        if config::get().ignore_environment { core::ptr::null() } else { libc::getenv(name) }
    }

    /// Starts the program's arguments: `sys.argv`, and `sys.path[0]` if asked for.
    fn PySys_SetArgvEx(argc: c_int, argv: *const *const libc::wchar_t, update_path: c_int) {
        set_argv(argc, argv, update_path != 0);
    }
    /// As `PySys_SetArgvEx`; `sys.path[0]` too, unless the interpreter is isolated (`-I`).
    fn PySys_SetArgv(argc: c_int, argv: *const *const libc::wchar_t) {
        set_argv(argc, argv, !config::get().isolated);
    }
    /// Sets `sys.path` from a text with colons.
    fn PySys_SetPath(path: *const libc::wchar_t) {
        let Ok(path) = wide_text(path) else { return };
        let parts = path.split(Some(PyStr::latin1_char_ref(b':')), -1);
        if let Ok(parts) = parts {
            sys_state::set("path", PyList::new(parts).into_obj());
        }
    }
    /// Adds to `sys.warnoptions`.
    fn PySys_AddWarnOption(option: *const libc::wchar_t) {
        if let Ok(option) = wide_text(option) {
            drop(warn_options().append(option.into_obj()));
        }
    }
    /// Adds to `sys.warnoptions`.
    fn PySys_AddWarnOptionUnicode(option: Obj<'_>) {
        drop(warn_options().append(option.new_ref()));
    }
    /// Is there anything in `sys.warnoptions`?
    fn PySys_HasWarnOptions() -> c_int {
        let options = sys_state::get("warnoptions");
        c_int::from(options.is_some_and(|options| options.downcast_ref::<PyList>().is_some_and(|list| list.len() != 0)))
    }
    /// Empties `sys.warnoptions`.
    fn PySys_ResetWarnOptions() {
        warn_options().clear();
    }
    /// `sys._xoptions`, borrowed.
    fn PySys_GetXOptions() -> Borrowed {
        rpy_vm::runtime::sys_state::get("_xoptions").map_or(core::ptr::null_mut(), |options| options.as_raw())
    }
    /// Adds to `sys._xoptions`: `name` or `name=value`.
    fn PySys_AddXOption(option: *const libc::wchar_t) {
        let add = || -> PyResult<()> {
            let option = wide_text(option)?;
            let options = sys_state::get("_xoptions").unwrap_or_else(|| PyDict::new().into_obj());
            let [name, separator, value] = option.partition(PyStr::latin1_char_ref(b'='))?;
            let value = if separator.len() == 0 { rpy_vm::py_bool(true) } else { value.into_obj() };
            expect::<PyDict>(&options)?.set_item(name.as_object(), &value)?;
            sys_state::set("_xoptions", options);
            Ok(())
        };
        // There is nobody to tell.
        drop(add());
    }

    /// Adds a function that hears of all audit events, before the hooks of Python code. It cannot be taken away.
    fn PySys_AddAuditHook(hook: CHook, data: *mut c_void) -> c_int = () {
        audit::add_c_hook(hook, data)
    }
    /// Calls a function when the interpreter ends, after those of the `atexit` module; the last one added is called first.
    fn PyUnstable_AtExit(_interpreter: *mut c_void, function: ExitFunction, data: *mut c_void) -> c_int = () {
        EXIT_FUNCTIONS.lock().unwrap_or_else(|e| e.into_inner()).push((function, data as usize));
        atexit::register_last(run_exit_functions);
        Ok(())
    }

    /// Asks the user for a line, which belongs to the caller (`PyMem_Free`): empty at the end of the file, NULL if a signal came in,
    /// perhaps with an exception.
    fn PyOS_Readline(input: *mut libc::FILE, output: *mut libc::FILE, prompt: *const c_char) -> *mut c_char = *mut c_char {
        read_line(input, output, prompt)
    }
    /// `fgets` that takes all ends of lines for `\n`; NULL at the end of the file.
    fn Py_UniversalNewlineFgets(buffer: *mut c_char, size: c_int, file: *mut libc::FILE, object: *mut PyObject) -> *mut c_char {
        if !object.is_null() {
            *libc::__errno_location() = libc::ENXIO;
            return core::ptr::null_mut();
        }
        let mut len = 0;
        while len + 1 < size.max(0) as usize {
            let mut c = libc::fgetc(file);
            if c == libc::EOF {
                break;
            }
            if c == c_int::from(b'\r') {
                let next = libc::fgetc(file);
                c = c_int::from(b'\n');
                if next != c {
                    libc::ungetc(next, file);
                }
            }
            buffer.add(len).write(c as c_char);
            len += 1;
            if c == c_int::from(b'\n') {
                break;
            }
        }
        if size > 0 {
            buffer.add(len).write(0);
        }
        if len == 0 { core::ptr::null_mut() } else { buffer }
    }
}

/// What [`PyUnstable_AtExit`] takes.
type ExitFunction = unsafe extern "C-unwind" fn(*mut c_void);

/// Functions to call at the end, with the addresses of their data.
static EXIT_FUNCTIONS: Mutex<Vec<(ExitFunction, usize)>> = Mutex::new(Vec::new());

fn run_exit_functions() {
    loop {
        let next = EXIT_FUNCTIONS.lock().unwrap_or_else(|e| e.into_inner()).pop();
        let Some((function, data)) = next else { return };
        // SAFETY: the function's owner gave the data for this call.
        unsafe { function(data as *mut c_void) };
    }
}

/// # Safety
/// NUL-terminated.
unsafe fn wide_text(text: *const libc::wchar_t) -> PyResult<Ref<PyStr>> {
    // SAFETY: the caller's promise.
    PyStr::try_from_ucs4(unsafe { core::slice::from_raw_parts(text as *const u32, libc::wcslen(text)) })
}

/// `sys.warnoptions`, made anew if somebody has made anything else of it.
fn warn_options() -> Ref<PyList> {
    if let Some(list) = sys_state::get("warnoptions").and_then(|options| options.downcast::<PyList>().ok()) {
        return list;
    }
    let list = PyList::new(Vec::new());
    sys_state::set("warnoptions", list.to_obj());
    list
}

/// # Safety
/// `argc` NUL-terminated texts.
unsafe fn set_argv(argc: c_int, argv: *const *const libc::wchar_t, update_path: bool) {
    // SAFETY: the caller's promise.
    let items: PyResult<Vec<_>> = (0..argc.max(0) as usize).map(|i| unsafe { wide_text(*argv.add(i)) }).collect();
    let Ok(items) = items else { return };
    let first = items.first().map(|first| first.to_string_lossy().into_owned());
    let mut items: Vec<ObjRef> = items.into_iter().map(Ref::into_obj).collect();
    if items.is_empty() {
        items.push(PyStr::empty().into_obj());
    }
    sys_state::set("argv", PyList::new(items).into_obj());
    if update_path && let Some(path) = sys_state::get("path") {
        let folder = codecs::fs_decode(script_folder(first.as_deref().unwrap_or_default()).as_os_str().as_bytes());
        if let Some(path) = path.downcast_ref::<PyList>() {
            drop(path.insert(0, folder.into_obj()));
        }
    }
}

/// What a program's first argument puts at the front of `sys.path`.
fn script_folder(script: &str) -> std::path::PathBuf {
    match script {
        "" | "-c" => std::path::PathBuf::new(),
        "-m" => std::env::current_dir().unwrap_or_default(),
        _ => {
            let real = std::fs::canonicalize(script).unwrap_or_else(|_| script.into());
            real.parent().map(std::path::Path::to_path_buf).unwrap_or_default()
        }
    }
}

/// `PyOS_ReadlineFunctionPointer`.
type Readline = unsafe extern "C-unwind" fn(*mut libc::FILE, *mut libc::FILE, *const c_char) -> *mut c_char;

unsafe fn read_line(input: *mut libc::FILE, output: *mut libc::FILE, prompt: *const c_char) -> PyResult<*mut c_char> {
    // SAFETY: open files, as the caller promises.
    let (from, to) = unsafe { (libc::fileno(input), libc::fileno(output)) };
    let own = PyOS_ReadlineFunctionPointer.load(Ordering::Relaxed);
    if own.is_null()
        && (from, to) == (libc::STDIN_FILENO, libc::STDOUT_FILENO)
        && let Some(reader) = line_reader()
    {
        // SAFETY: a C string or null, as the caller promises.
        let prompt: &[u8] = unsafe { if prompt.is_null() { &[] } else { CStr::from_ptr(prompt).to_bytes() } };
        gil::allow_threads(call_input_hook);
        let line = reader(prompt)?.unwrap_or_default();
        return Ok(text_block(&line));
    }
    // What is called here knows that it has no GIL.
    // SAFETY: open files and a C string or null, as the caller promises; the hooks are functions of their types or null.
    let line = gil::allow_threads(|| unsafe {
        let is_terminal = libc::isatty(from) != 0 && libc::isatty(to) != 0;
        if is_terminal && !own.is_null() {
            return core::mem::transmute::<*mut c_void, Readline>(own)(input, output, prompt);
        }
        libc::fflush(output);
        if !prompt.is_null() {
            eprint!("{}", crate::border::lossy(prompt));
        }
        call_input_hook();
        text_line(input)
    });
    if line.is_null() {
        signals::check()?;
    }
    Ok(line)
}

/// Calls `PyOS_InputHook`, which does without the GIL.
fn call_input_hook() {
    let hook = PyOS_InputHook.load(Ordering::Relaxed);
    if !hook.is_null() {
        // SAFETY: a function of this type, as whoever set it promised.
        unsafe { core::mem::transmute::<*mut c_void, unsafe extern "C-unwind" fn() -> c_int>(hook)() };
    }
}

/// A line with its end in a block of its own; null on errors.
unsafe fn text_line(input: *mut libc::FILE) -> *mut c_char {
    let mut line = Vec::new();
    // SAFETY: an open file, as the caller promises.
    unsafe {
        while line.last() != Some(&b'\n') {
            let c = libc::fgetc(input);
            if c == libc::EOF && libc::ferror(input) != 0 {
                libc::clearerr(input);
                return core::ptr::null_mut();
            }
            if c == libc::EOF {
                break;
            }
            line.push(c as u8);
        }
    }
    text_block(&line)
}

/// A C string in a block of its own (`PyMem_Free`); null without memory.
fn text_block(text: &[u8]) -> *mut c_char {
    // SAFETY: the block has room for the text and a zero.
    unsafe {
        let block = mem_alloc(text.len() + 1);
        if !block.is_null() {
            core::ptr::copy_nonoverlapping(text.as_ptr(), block, text.len());
            block.add(text.len()).write(0);
        }
        block.cast()
    }
}
