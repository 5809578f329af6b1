//! Running what the command line names: a command, a module, a script, a directory or archive, standard input.

use std::ffi::OsString;
use std::path::Path;

use crate::compile::{self, Mode};
use crate::err::PyResult;
use crate::exc;
use crate::object::refs::{ObjRef, PyStruct};
use crate::protocol::{call, object as protocol};
use crate::runtime::sys_state;
use crate::sysmodule::config;
use crate::types::code::PyCode;
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::module::PyModule;
use crate::types::str::PyStr;

use super::options::Target;

fn main_dict() -> PyResult<crate::Ref<PyDict>> {
    let main = sys_state::modules()?.get_name("__main__").ok_or_else(|| exc::runtime_error("no __main__ module"))?;
    match main.downcast_ref::<PyModule>() {
        Some(module) => Ok(module.dict().to_ref()),
        None => Err(exc::runtime_error("__main__ is no module")),
    }
}

pub fn set_main_loader(class: &str) -> PyResult<()> {
    let importlib = crate::import::bootstrap::importlib()?;
    if let Some(loader) = importlib.dict().get_name(class) {
        main_dict()?.set_name("__loader__", loader);
    }
    Ok(())
}

/// `sys.path[0]` for what runs, unless that is unsafe.
pub fn prepend_path(path: ObjRef) -> PyResult<()> {
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

pub fn run_target(target: Target, skip_first_line: bool) -> PyResult<()> {
    match target {
        Target::Command(text) => run_command(&text),
        Target::Module(name) => {
            prepend_path(current_dir())?;
            run_module(&name, true)
        }
        Target::File(path) => run_file(&absolute(path), skip_first_line),
        Target::Stdin => run_stdin(),
    }
}

fn current_dir() -> ObjRef {
    match std::env::current_dir() {
        Ok(dir) => crate::sysmodule::fs_decode(dir.as_os_str()).into_obj(),
        Err(_) => PyStr::new("").into_obj(),
    }
}

/// Compiles and runs source text in `__main__`. With `shown`, tracebacks find their lines in that text: it is in no file.
pub fn exec_main(source: &str, filename: &str, shown: Option<&str>) -> PyResult<()> {
    let code = compile::compile_str(source, filename, Mode::Exec, compile::Options::default())?;
    run_code(&code, shown)
}

/// Runs code in `__main__`; `shown` as for [`exec_main`].
pub fn run_code(code: &PyCode, shown: Option<&str>) -> PyResult<()> {
    if let Some(text) = shown {
        let linecache = crate::import::import_module("linecache")?;
        let register = protocol::getattr(&linecache, crate::intern!("_register_code"))?;
        let name = code.filename();
        call::call(&register, &[code.as_object(), PyStr::new(text).as_object(), &name])?;
    }
    let globals = main_dict()?;
    crate::interp::eval_code(code, globals.as_object(), Some(globals.to_obj())).map(drop)
}

fn run_command(text: &OsString) -> PyResult<()> {
    prepend_path(PyStr::new("").into_obj())?;
    let Some(source) = text.to_str() else {
        sys_state::write_stderr("Unable to decode the command from the command line:\n");
        let shown = crate::sysmodule::fs_decode(text);
        shown.as_utf8()?;
        return Err(exc::system_exit(Some(PyInt::from_i64(1).into_obj())));
    };
    let source = dedent(source);
    exec_main(&source, "<string>", Some(&source))
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
    // Blank lines lose all they have, as with `textwrap.dedent`.
    let lines: Vec<&str> = source
        .split('\n')
        .map(|line| if line.trim().is_empty() { "" } else { line.strip_prefix(margin).unwrap_or(line) })
        .collect();
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
    match path.metadata() {
        // Cheap tests first: reading a pipe would empty it, and archives end with a central directory record.
        Ok(file) if file.is_file() => {
            let Ok(bytes) = std::fs::read(path) else { return false };
            let tail = &bytes[bytes.len().saturating_sub(66_000)..];
            if !tail.windows(4).any(|w| w == b"PK\x05\x06") {
                return false;
            }
        }
        // What leads beyond a file may lie in an archive.
        Err(error) if error.raw_os_error() == Some(libc::ENOTDIR) => {}
        _ => return false,
    }
    let Ok(zipimport) = crate::import::import_module("zipimport") else { return false };
    let Ok(importer) = protocol::getattr(&zipimport, crate::intern!("zipimporter")) else { return false };
    let name = crate::sysmodule::fs_decode(path.as_os_str());
    call::call_one(&importer, name.as_object()).is_ok()
}

/// The path from the root, spelled as it was given: what `__file__` and tracebacks show stays true when the program changes
/// its directory.
fn absolute(path: OsString) -> OsString {
    std::env::current_dir().map_or_else(|_| path.clone(), |dir| dir.join(&path).into())
}

fn run_file(path: &OsString, skip_first_line: bool) -> PyResult<()> {
    let shown = path.to_string_lossy().into_owned();
    if is_package_path(Path::new(path)) {
        prepend_path(crate::sysmodule::fs_decode(path).into_obj())?;
        return run_module(&"__main__".into(), false);
    }
    let source = match std::fs::read(path) {
        Ok(source) => source,
        Err(error) => {
            let program = config::get().executable.to_string_lossy().into_owned();
            let number = error.raw_os_error().unwrap_or(libc::EIO);
            eprintln!("{program}: can't open file '{shown}': [Errno {number}] {}", exc::strerror(number));
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
    let magic = crate::import::imp_module::pyc_magic().to_le_bytes();
    if real.extension().is_some_and(|e| e == "pyc") || source.starts_with(&magic) {
        if !source.starts_with(&magic) {
            return Err(exc::runtime_error("Bad magic number in .pyc file"));
        }
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
    exec_main(&text, &shown, None)
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

/// Standard input: a program if it is no terminal, else an interactive session. Gives the exit status of the latter.
pub fn run_stdin() -> PyResult<()> {
    use std::io::Read;
    prepend_path(PyStr::new("").into_obj())?;
    crate::runtime::audit::audit("cpython.run_stdin", &[])?;
    let mut source = Vec::new();
    if let Err(error) = std::io::stdin().lock().read_to_end(&mut source) {
        return Err(exc::os_error_io(&error, None));
    }
    let text = compile::source::decode(&source, "<stdin>")?;
    exec_main(&text, "<stdin>", Some(&text))
}
