//! The life of the process: command line, start-up, running a program, and the end.

use crate::err::PyResult;
use crate::module_def::BuiltinModule;
use crate::object::refs::PyStruct;
use crate::protocol::{call, object as protocol};
use crate::runtime::{gil, sys_state, thread};
use crate::sysmodule::{config, hooks};
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::module::PyModule;
use crate::types::str::PyStr;

mod environment;
mod exit;
mod help;
mod options;
mod paths;
mod repl;
mod run;
mod streams;

pub use exit::{end, handle_exit};

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
        Parsed::Fatal(text) => {
            eprintln!("Fatal Python error: {text}\nPython runtime state: preinitialized");
            return 1;
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
        // Rust's handlers, which name stack overflows, swallow a signal that another process sends.
        libc::signal(libc::SIGSEGV, libc::SIG_DFL);
        libc::signal(libc::SIGBUS, libc::SIG_DFL);
        // Characters and their encoding are the environment's; the C locale's mean UTF-8.
        libc::setlocale(libc::LC_CTYPE, c"".as_ptr());
        if core::ffi::CStr::from_ptr(libc::setlocale(libc::LC_CTYPE, core::ptr::null())) == c"C" {
            libc::setlocale(libc::LC_CTYPE, c"C.UTF-8".as_ptr());
        }
    }
    config::set(*config);
    become_main_thread();
    if let Err(error) = initialize(modules) {
        eprintln!("Fatal Python error: failed to start");
        crate::runtime::traceback_print::print_exception(&error);
        return 1;
    }
    let config = config::get();
    let interactive = matches!(target, Target::Stdin) && repl::stdin_is_interactive();
    if interactive || config.verbose > 0 {
        repl::banner();
    }
    let status = if interactive {
        match run::prepend_path(PyStr::new("").into_obj()) {
            Ok(()) => repl::session(true),
            Err(error) => handle_exit(error),
        }
    } else {
        match run::run_target(target, skip_first_line) {
            Ok(()) => 0,
            Err(error) => handle_exit(error),
        }
    };
    exit::finalize(repl::after_program(status))
}

fn become_main_thread() {
    crate::object::reserve::fill();
    let state = thread::new_state();
    thread::set_main(state);
    thread::bind_to_os_thread(state);
    gil::acquire(state);
}

/// Starts the interpreter inside another Rust program (tests, benches): the calling thread becomes the main thread. Done
/// once in a process.
///
/// # Errors
/// What start-up raises.
pub fn embed(modules: &'static [&'static BuiltinModule]) -> PyResult<()> {
    let mut config = config::Config { no_site: true, ..config::Config::default() };
    paths::compute(&mut config);
    config::set(config);
    become_main_thread();
    initialize(modules)
}

/// Types, modules, the import system, standard streams, `site`.
fn initialize(modules: &'static [&'static BuiltinModule]) -> PyResult<()> {
    crate::types::init()?;
    hooks::install_base_repl(repl::base_repl);
    crate::import::register_builtin_modules(&[&crate::import::imp_module::imp::MODULE]);
    crate::import::register_builtin_modules(modules);
    crate::import::init()?;
    crate::interp::ops::names::keep_common_constants()?;
    crate::import::init_external()?;
    crate::import::import_module("encodings")?;
    streams::open_standard()?;
    let main = PyModule::new("__main__");
    main.dict().set_name("__builtins__", sys_state::builtins_module().map_or_else(crate::none, PyStruct::to_obj));
    main.dict().set_name("__annotations__", PyDict::new().into_obj());
    main.dict().del_item(PyStr::new("__annotations__").as_object())?;
    sys_state::modules()?.set_name("__main__", main.to_obj());
    run::set_main_loader("BuiltinImporter")?;
    crate::runtime::signals::install_default_handlers()?;
    let config = config::get();
    if !config.warnoptions.is_empty() {
        crate::import::import_module("warnings")?;
    }
    if config.faulthandler {
        enable_faulthandler()?;
    }
    if config.tracemalloc > 0 {
        let module = crate::import::import_module("tracemalloc")?;
        let start = protocol::getattr(&module, crate::intern!("start"))?;
        call::call_one(&start, PyInt::from_i64(config.tracemalloc.into()).as_object())?;
    }
    if !config.no_site {
        crate::import::import_module("site")?;
    }
    crate::jit_hooks::started();
    Ok(())
}

/// `-X faulthandler`, where that module is built in.
fn enable_faulthandler() -> PyResult<()> {
    if crate::import::find_builtin("faulthandler").is_none() {
        return Ok(());
    }
    let module = crate::import::import_module("faulthandler")?;
    let enable = protocol::getattr(&module, crate::intern!("enable"))?;
    call::call_noargs(&enable).map(drop)
}
