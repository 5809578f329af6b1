//! The life of the process: command line, start-up, running a program, and the end.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::compile::{self, Mode};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::module_def::BuiltinModule;
use crate::object::refs::{ObjRef, PyStruct};
use crate::protocol::{call, object as protocol};
use crate::runtime::{gil, sys_state, thread};
use crate::sysmodule::config;
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::module::PyModule;
use crate::types::str::PyStr;

mod options;
mod paths;
mod streams;

use options::{Parsed, Target};

/// The whole of `rpy`: reads the command line, runs, and gives the exit status. `modules` are the native modules of the
/// crates above.
pub fn main(modules: &'static [&'static BuiltinModule]) -> i32 {
    let (config, target, skip_first_line) = match options::parse(std::env::args_os().collect()) {
        Parsed::Print(text) => {
            print!("{text}");
            return 0;
        }
        Parsed::Usage(text) => {
            eprint!("{text}");
            return 2;
        }
        Parsed::Run { config, target, skip_first_line } => (config, target, skip_first_line),
    };
    // A Rust panic is turned into SystemError by the eval loop; the default message would only be noise on top.
    if std::env::var_os("RPY_PANIC_TRACE").is_none() {
        std::panic::set_hook(Box::new(|_| {}));
    }
    // Writing to a closed pipe is an exception, not a death.
    // SAFETY: no other thread exists yet.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        libc::signal(libc::SIGXFSZ, libc::SIG_IGN);
        // Characters and their encoding are the environment's; the C locale's mean UTF-8.
        libc::setlocale(libc::LC_CTYPE, c"".as_ptr());
        if core::ffi::CStr::from_ptr(libc::setlocale(libc::LC_CTYPE, core::ptr::null())) == c"C" {
            libc::setlocale(libc::LC_CTYPE, c"C.UTF-8".as_ptr());
        }
    }
    config::set(*config);
    let state = thread::new_state();
    thread::set_main(state);
    thread::bind_to_os_thread(state);
    gil::acquire(state);
    if let Err(error) = initialize(modules) {
        eprintln!("Fatal Python error: failed to start");
        crate::runtime::traceback_print::print_exception(&error);
        return 1;
    }
    let status = match run_target(target, skip_first_line) {
        Ok(()) => 0,
        Err(error) => handle_exit(error),
    };
    let status = interactive_after(status);
    finalize(status)
}

/// Types, modules, the import system, standard streams, `site`.
fn initialize(modules: &'static [&'static BuiltinModule]) -> PyResult<()> {
    crate::types::init()?;
    crate::import::register_builtin_modules(&[&crate::import::imp_module::imp::MODULE]);
    crate::import::register_builtin_modules(modules);
    crate::import::init()?;
    crate::import::init_external()?;
    crate::import::import_module("encodings")?;
    streams::open_standard()?;
    let main = PyModule::new("__main__");
    main.dict().set_name("__builtins__", sys_state::builtins_module().map_or_else(crate::none, PyStruct::to_obj));
    main.dict().set_name("__annotations__", PyDict::new().into_obj());
    main.dict().del_item(PyStr::new("__annotations__").as_object())?;
    sys_state::modules()?.set_name("__main__", main.to_obj());
    set_main_loader("BuiltinImporter")?;
    crate::runtime::signals::install_default_handlers()?;
    let config = config::get();
    if !config.warnoptions.is_empty() {
        crate::import::import_module("warnings")?;
    }
    if !config.no_site {
        crate::import::import_module("site")?;
    }
    Ok(())
}

fn main_dict() -> PyResult<crate::Ref<PyDict>> {
    let main = sys_state::modules()?.get_name("__main__").ok_or_else(|| exc::runtime_error("no __main__ module"))?;
    match main.downcast_ref::<PyModule>() {
        Some(module) => Ok(module.dict().to_ref()),
        None => Err(exc::runtime_error("__main__ is no module")),
    }
}

fn set_main_loader(class: &str) -> PyResult<()> {
    let importlib = crate::import::bootstrap::importlib()?;
    if let Some(loader) = importlib.dict().get_name(class) {
        main_dict()?.set_name("__loader__", loader);
    }
    Ok(())
}

/// `sys.path[0]` for what runs, unless that is unsafe.
fn prepend_path(path: ObjRef) -> PyResult<()> {
    if config::get().safe_path {
        return Ok(());
    }
    if let Some(text) = path.downcast_ref::<PyStr>() {
        *config::get().sys_path_0.borrow_mut() = Some(text.to_string_lossy().into_owned());
    }
    match sys_state::get("path").as_ref().and_then(|p| p.downcast_ref::<PyList>()) {
        Some(list) => list.insert(0, path),
        None => Ok(()),
    }
}

fn run_target(target: Target, skip_first_line: bool) -> PyResult<()> {
    match target {
        Target::Command(text) => run_command(&text),
        Target::Module(name) => {
            prepend_path(current_dir())?;
            run_module(&name, true)
        }
        Target::File(path) => run_file(&path, skip_first_line),
        Target::Stdin => run_stdin(),
    }
}

fn current_dir() -> ObjRef {
    match std::env::current_dir() {
        Ok(dir) => crate::sysmodule::fs_decode(dir.as_os_str()).into_obj(),
        Err(_) => PyStr::new("").into_obj(),
    }
}

/// Compiles and runs source text in `__main__`.
fn exec_main(source: &str, filename: &str) -> PyResult<()> {
    let code = compile::compile_str(source, filename, Mode::Exec, compile::Options::default())?;
    let globals = main_dict()?;
    crate::interp::eval_code(&code, globals.as_object(), Some(globals.to_obj())).map(drop)
}

fn run_command(text: &OsString) -> PyResult<()> {
    prepend_path(PyStr::new("").into_obj())?;
    let Some(source) = text.to_str() else {
        return Err(exc::value_error("Unable to decode the command from the command line"));
    };
    let source = dedent(source);
    // Tracebacks show lines of the command: `linecache` gets them under the code's own name.
    exec_main(&source, "<string>")
}

/// Takes away the indentation common to all lines that are not blank, as `-c` does since 3.14.
fn dedent(source: &str) -> String {
    let margin = source
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| &l[..l.len() - l.trim_start_matches([' ', '\t']).len()])
        .reduce(|a, b| {
            let common = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
            &a[..common]
        })
        .unwrap_or("");
    if margin.is_empty() {
        return source.to_owned();
    }
    let lines: Vec<&str> = source.split('\n').map(|l| l.strip_prefix(margin).unwrap_or(l.trim_start())).collect();
    lines.join("\n")
}

/// `runpy._run_module_as_main`.
fn run_module(name: &OsString, set_argv0: bool) -> PyResult<()> {
    let runpy = crate::import::import_module("runpy")?;
    let function = protocol::getattr(&runpy, crate::intern!("_run_module_as_main"))?;
    let name = crate::sysmodule::fs_decode(name);
    call::call(&function, &[name.as_object(), &crate::py_bool(set_argv0)]).map(drop)
}

/// Is it a directory, or an archive, with a `__main__` to run?
fn is_package_path(path: &Path) -> bool {
    if path.is_dir() {
        return true;
    }
    let Ok(zipimport) = crate::import::import_module("zipimport") else { return false };
    // Cheap test first: archives end with a central directory record.
    let Ok(bytes) = std::fs::read(path) else { return false };
    let tail = &bytes[bytes.len().saturating_sub(66_000)..];
    if !tail.windows(4).any(|w| w == b"PK\x05\x06") {
        return false;
    }
    let Ok(importer) = protocol::getattr(&zipimport, crate::intern!("zipimporter")) else { return false };
    let name = crate::sysmodule::fs_decode(path.as_os_str());
    call::call_one(&importer, name.as_object()).is_ok()
}

fn run_file(path: &OsString, skip_first_line: bool) -> PyResult<()> {
    let shown = path.to_string_lossy().into_owned();
    if is_package_path(Path::new(path)) {
        let absolute = std::path::absolute(path).map(Into::into).unwrap_or_else(|_| path.clone());
        prepend_path(crate::sysmodule::fs_decode(&absolute).into_obj())?;
        return run_module(&"__main__".into(), false);
    }
    let source = match std::fs::read(path) {
        Ok(source) => source,
        Err(error) => {
            let program = config::get().executable.to_string_lossy().into_owned();
            let number = error.raw_os_error().unwrap_or(libc::EIO);
            eprintln!(
                "{program}: can't open file '{}': [Errno {number}] {}",
                absolute_text(path),
                exc::strerror(number)
            );
            return Err(exc::system_exit(Some(PyInt::from_i64(2).into_obj())));
        }
    };
    let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let dir = real.parent().unwrap_or(Path::new(""));
    prepend_path(crate::sysmodule::fs_decode(dir.as_os_str()).into_obj())?;
    let globals = main_dict()?;
    let file = crate::sysmodule::fs_decode(path);
    globals.set_name("__file__", file.to_obj());
    globals.set_name("__cached__", crate::none());
    set_file_loader(&globals, file.as_object())?;
    if real.extension().is_some_and(|e| e == "pyc") {
        let code = crate::marshal::loads(source.get(16..).unwrap_or_default())?;
        return crate::import::bootstrap::exec_code(&code, &globals);
    }
    let source = if skip_first_line {
        // The line break stays, so that line numbers are right.
        let end = source.iter().position(|&b| b == b'\n').unwrap_or(source.len());
        source[end..].to_vec()
    } else {
        source
    };
    let text = compile::source::decode(&source, &shown)?;
    exec_main(&text, &shown)
}

fn absolute_text(path: &OsString) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.into()).to_string_lossy().into_owned()
}

fn set_file_loader(globals: &PyDict, file: &crate::PyObject) -> PyResult<()> {
    let external = sys_state::modules()?.get_name("_frozen_importlib_external");
    if let Some(external) = external {
        let class = protocol::getattr(&external, crate::intern!("SourceFileLoader"))?;
        let loader = call::call(&class, &[PyStr::new("__main__").as_object(), file])?;
        globals.set_name("__loader__", loader);
    }
    Ok(())
}

/// Standard input: a program if it is no terminal, else the REPL.
fn run_stdin() -> PyResult<()> {
    prepend_path(PyStr::new("").into_obj())?;
    // SAFETY: asking about descriptor 0.
    let terminal = unsafe { libc::isatty(0) } == 1;
    if terminal || config::get().interactive > 0 {
        return repl();
    }
    let mut source = Vec::new();
    use std::io::Read;
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut source) {
        return Err(exc::os_error_io(&error, None));
    }
    let text = compile::source::decode(&source, "<stdin>")?;
    exec_main(&text, "<stdin>")
}

/// The library's console: `_pyrepl` at a capable terminal, the plain one otherwise.
fn repl() -> PyResult<()> {
    if !config::get().quiet {
        let banner = format!(
            "Python {} on linux\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information.\n",
            crate::sysmodule::version_text()
        );
        sys_state::write_stderr(&banner);
    }
    let main = crate::import::import_module("_pyrepl.main")?;
    let console = protocol::getattr(&main, crate::intern!("interactive_console"))?;
    call::call_noargs(&console).map(drop)
}

/// `-i`, or `PYTHONINSPECT` set by the program itself: a REPL after the program.
fn interactive_after(status: i32) -> i32 {
    let wanted = config::get().inspect.get() > 0
        || (!config::get().ignore_environment
            && std::env::var_os("PYTHONINSPECT").is_some_and(|v| !v.as_bytes().is_empty()));
    if !wanted {
        return status;
    }
    match repl() {
        Ok(()) => status,
        Err(error) => handle_exit(error),
    }
}

/// The exit status for an exception that ended the program; prints it unless it is `SystemExit`.
pub fn handle_exit(error: PyErr) -> i32 {
    if !error.matches(exc::SystemExit()) {
        let interrupted = error.matches(exc::KeyboardInterrupt());
        crate::runtime::traceback_print::print_with_hook(error);
        return if interrupted { 128 + libc::SIGINT } else { 1 };
    }
    let code = protocol::getattr(error.object(), crate::intern!("code")).unwrap_or_else(|_| crate::none());
    exit_status(&code)
}

fn exit_status(code: &crate::PyObject) -> i32 {
    if crate::is_none(code) {
        return 0;
    }
    if let Some(number) = code.downcast_ref::<PyInt>() {
        return number.as_i64().map_or(-1, |n| n as i32) & 0xff;
    }
    let text = protocol::str(code).unwrap_or_else(|_| PyStr::new(""));
    sys_state::flush_std_files();
    if !sys_state::write_stderr_object(text.as_object()) {
        sys_state::write_stderr(&text.to_string_lossy());
    }
    sys_state::write_stderr("\n");
    1
}

/// Waits for threads, runs `atexit` functions, flushes, and gives the final status.
fn finalize(status: i32) -> i32 {
    if let Ok(modules) = sys_state::modules()
        && let Some(threading) = modules.get_name("threading")
        && let Ok(shutdown) = protocol::getattr(&threading, crate::intern!("_shutdown"))
        && let Err(error) = call::call_noargs(&shutdown)
    {
        error.write_unraisable(Some(&threading));
    }
    crate::runtime::atexit::run();
    crate::sysmodule::functions::set_finalizing();
    let flushed = sys_state::flush_std_files();
    crate::runtime::finalize::finalize_modules();
    let flushed_again = sys_state::flush_std_files();
    if status == 0 && !(flushed && flushed_again) { 120 } else { status }
}
