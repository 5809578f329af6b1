//! Interactive sessions: `_pyrepl` at a capable terminal, and the plain one, which reads lines through the line editor if one is
//! installed (by the module `readline`), and otherwise from descriptor 0 after a prompt on the error output.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::builtins::io;
use crate::compile::{self, Mode, cf};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::refs::{PyStruct, Ref};
use crate::protocol::{call, object as protocol};
use crate::runtime::{signals, sys_state};
use crate::sysmodule::config;
use crate::types::code::PyCode;
use crate::types::str::PyStr;

use super::{exit, run};

/// `__future__` bits that a statement may switch on for those after it.
const FUTURE_BITS: i32 = 0x1ff_0000;

/// Is there somebody to talk to, or are we told so (`-i`)?
pub fn stdin_is_interactive() -> bool {
    config::get().interactive > 0 || stdin_is_terminal()
}

fn stdin_is_terminal() -> bool {
    // SAFETY: asking about descriptor 0.
    unsafe { libc::isatty(0) == 1 }
}

/// The banner, printed before anything runs.
pub fn banner() {
    let config = config::get();
    if config.quiet {
        return;
    }
    let mut text = format!("Python {} on linux\n", crate::sysmodule::version_text());
    if !config.no_site {
        text.push_str("Type \"help\", \"copyright\", \"credits\" or \"license\" for more information.\n");
    }
    sys_state::write_stderr(&text);
}

/// An interactive session in `__main__`; gives the exit status. `startup`: run what `PYTHONSTARTUP` names first.
pub fn session(startup: bool) -> i32 {
    config::get().inspect.set(0);
    exit::forget_interrupt();
    if startup
        && let Err(error) = run_startup_file()
        && let Some(status) = report(error)
    {
        return status;
    }
    if let Some(hook) = sys_state::get_not_none("__interactivehook__")
        && let Err(error) = call::call_noargs(&hook)
    {
        sys_state::write_stderr("Failed calling sys.__interactivehook__\n");
        if let Some(status) = report(error) {
            return status;
        }
    }
    let basic = !stdin_is_terminal() || environment("PYTHON_BASIC_REPL").is_some();
    let result = if basic { base_repl() } else { pyrepl() };
    match result {
        Ok(()) => 0,
        Err(error) => exit::handle_exit(error),
    }
}

fn environment(name: &str) -> Option<std::ffi::OsString> {
    if config::get().ignore_environment {
        return None;
    }
    std::env::var_os(name).filter(|value| !value.as_bytes().is_empty())
}

/// `-i`, or `PYTHONINSPECT` set meanwhile by the program itself: a session after the program.
pub fn after_program(status: i32) -> i32 {
    let wanted = config::get().inspect.get() > 0 || environment("PYTHONINSPECT").is_some();
    if wanted && stdin_is_interactive() { session(false) } else { status }
}

fn run_startup_file() -> PyResult<()> {
    let Some(path) = environment("PYTHONSTARTUP") else { return Ok(()) };
    let shown = crate::sysmodule::fs_decode(&path);
    crate::runtime::audit::audit("cpython.run_startup", &[shown.as_object()])?;
    let source = std::fs::read(PathBuf::from(&path)).map_err(|e| {
        sys_state::write_stderr("Could not open PYTHONSTARTUP\n");
        exc::os_error_io(&e, Some(shown.as_object()))
    })?;
    let shown = shown.to_string_lossy();
    let text = compile::source::decode(&source, &shown)?;
    run::exec_main(&text, &shown, None)
}

fn pyrepl() -> PyResult<()> {
    let main = crate::import::import_module("_pyrepl.main")?;
    let console = protocol::getattr(&main, crate::intern!("interactive_console"))?;
    let Some(module) = sys_state::modules()?.get_name("__main__") else {
        return Err(exc::runtime_error("no __main__ module"));
    };
    call::call_one(&console, &module).map(drop)
}

/// Shows an error of a statement. The exit status, if it was `SystemExit`.
fn report(error: PyErr) -> Option<i32> {
    if error.matches(exc::SystemExit()) {
        return Some(exit::handle_exit(error));
    }
    crate::runtime::traceback_print::print_with_hook(error, true);
    sys_state::flush_std_files();
    None
}

/// `sys.ps1` or `sys.ps2` as text.
fn prompt(name: &str) -> String {
    let text = sys_state::get(name).and_then(|prompt| protocol::str(&prompt).ok());
    text.map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

/// A line of standard input with its end; empty at the end of input. Without a line editor byte by byte, so that a program's own
/// reading starts behind it.
fn read_line(prompt: &str) -> PyResult<Vec<u8>> {
    sys_state::flush_std_files();
    if let Some(reader) = io::line_reader() {
        return Ok(reader(prompt.as_bytes())?.unwrap_or_default());
    }
    {
        use std::io::Write;
        let mut out = std::io::stderr();
        // A prompt that cannot be shown is no reason to stop.
        let _ = out.write_all(prompt.as_bytes());
        let _ = out.flush();
    }
    let mut line = Vec::new();
    loop {
        while !signals::wait_readable(0)? {}
        let mut byte = 0u8;
        let n = signals::retry(|| {
            // SAFETY: one byte is written to a variable of that size.
            unsafe { libc::read(0, (&raw mut byte).cast(), 1) }
        })?;
        if n <= 0 {
            return Ok(line);
        }
        line.push(byte);
        if byte == b'\n' {
            return Ok(line);
        }
    }
}

/// What was typed.
enum Input {
    Statement(Ref<PyCode>, String),
    /// Nothing to run: blank, or only a comment.
    Nothing,
    End,
}

/// Reads lines until they are a whole statement, or an error that more lines would not mend.
fn read_statement(future: i32) -> PyResult<Input> {
    let mut text = String::new();
    loop {
        let line = read_line(&prompt(if text.is_empty() { "ps1" } else { "ps2" }))?;
        let at_end = line.is_empty();
        let line = String::from_utf8(line).map_err(|_| exc::syntax_error("(unicode error) the input is not UTF-8"))?;
        if !line.ends_with('\n') {
            // The terminal's cursor stands behind the prompt.
            sys_state::write_stderr("\n");
        }
        if at_end && text.is_empty() {
            return Ok(Input::End);
        }
        if text.is_empty() && (line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Input::Nothing);
        }
        text.push_str(&line);
        if at_end || !wants_more(&text, future)? {
            let options = compile::Options { optimize: None, flags: future };
            let code = compile::compile_str(&text, "<stdin>", Mode::Single, options)?;
            return Ok(Input::Statement(code, text));
        }
    }
}

/// Can more lines make a statement of what is not one yet, or belong to it still? The rule is the library's `codeop`'s.
fn wants_more(text: &str, future: i32) -> PyResult<bool> {
    let flags = cf::ALLOW_INCOMPLETE_INPUT | cf::DONT_IMPLY_DEDENT | future;
    let compile = |source: &str| {
        let options = compile::Options { optimize: None, flags };
        compile::compile_str(source, "<stdin>", Mode::Single, options)
    };
    let without_newline = text.strip_suffix('\n').unwrap_or(text);
    match compile(without_newline) {
        Ok(_) => return Ok(false),
        Err(error) if error.matches(exc::SyntaxError()) => {}
        Err(error) => return Err(error),
    }
    match compile(text) {
        Ok(_) => Ok(true),
        Err(error) => Ok(error.matches(exc::_IncompleteInputError())),
    }
}

/// The plain session (`sys._baserepl`): until the end of input.
///
/// # Errors
/// `SystemExit`.
pub fn base_repl() -> PyResult<()> {
    for (name, default) in [("ps1", ">>> "), ("ps2", "... ")] {
        if sys_state::get(name).is_none() {
            sys_state::set(name, PyStr::new(default).into_obj());
        }
    }
    let mut future = 0;
    loop {
        let result = match read_statement(future) {
            Ok(Input::End) => return Ok(()),
            Ok(Input::Nothing) => continue,
            Ok(Input::Statement(code, text)) => {
                future |= code.co_flags & FUTURE_BITS;
                run::run_code(&code, Some(&text))
            }
            Err(error) => {
                if error.matches(exc::KeyboardInterrupt()) {
                    sys_state::write_stderr("\n");
                }
                Err(error)
            }
        };
        if let Err(error) = result {
            if error.matches(exc::SystemExit()) {
                return Err(error);
            }
            report(error);
        }
    }
}
