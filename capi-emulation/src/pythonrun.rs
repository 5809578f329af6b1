//! `pythonrun.h`: compiling and running source text and files.

use core::ffi::{CStr, c_char, c_int};
use core::ptr::null_mut;

use rpy_vm::compile::{Mode, Options, cf, compile_str, source};
use rpy_vm::import::imp_module::pyc_magic;
use rpy_vm::protocol::{call, object as po};
use rpy_vm::runtime::{audit, codecs, sys_state};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::code::PyCode;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, Ref, exc, marshal};

use crate::border::{Obj, OptObj, Out, c_str, expect};

/// `Py_single_input`, `Py_file_input` and `Py_eval_input`.
const SINGLE_INPUT: c_int = 256;
const FILE_INPUT: c_int = 257;
const EVAL_INPUT: c_int = 258;

/// What stands before the code in a `.pyc` file.
const PYC_HEADER: usize = 16;
/// The name of files without one.
const UNNAMED: &CStr = c"???";

/// `PyCompilerFlags`.
#[repr(C)]
pub struct CompilerFlags {
    pub flags: c_int,
    feature_version: c_int,
}

exports! {
    // The functions without `Flags`, `Ex` or `Object` in their names leave the flags, and what to do with the file, at their defaults.

    /// Compiles and runs text; `start` is `Py_single_input` 256, `Py_file_input` 257 or `Py_eval_input` 258.
    fn PyRun_StringFlags(source: *const c_char, start: c_int, globals: Obj<'_>, locals: OptObj<'_>, flags: *mut CompilerFlags) -> Out = ObjRef {
        run_string(source, start, globals, locals, flags)
    }
    /// As `PyRun_StringFlags`.
    fn PyRun_String(source: *const c_char, start: c_int, globals: Obj<'_>, locals: OptObj<'_>) -> Out {
        PyRun_StringFlags(source, start, globals, locals, null_mut())
    }
    /// Runs text in `__main__`; shows an exception. 0 or -1.
    fn PyRun_SimpleStringFlags(source: *const c_char, flags: *mut CompilerFlags) -> c_int {
        shown(main_globals().and_then(|globals| run_string(source, FILE_INPUT, globals.as_object(), None, flags)))
    }
    /// As `PyRun_SimpleStringFlags`.
    fn PyRun_SimpleString(source: *const c_char) -> c_int {
        PyRun_SimpleStringFlags(source, null_mut())
    }
    /// Compiles and runs what is left of an open file, as `PyRun_StringFlags`; closes it if `close` is not 0, also where that fails.
    fn PyRun_FileExFlags(
        file: *mut libc::FILE, filename: *const c_char, start: c_int, globals: Obj<'_>, locals: OptObj<'_>, close: c_int, flags: *mut CompilerFlags,
    ) -> Out = ObjRef {
        let (name, data) = (file_name(filename), read(file, close)?);
        run_code(&*compile_file(&data, &name, start, flags)?, globals, locals)
    }
    /// As `PyRun_FileExFlags`.
    fn PyRun_FileEx(file: *mut libc::FILE, filename: *const c_char, start: c_int, globals: Obj<'_>, locals: OptObj<'_>, close: c_int) -> Out {
        PyRun_FileExFlags(file, filename, start, globals, locals, close, null_mut())
    }
    /// As `PyRun_FileExFlags`; the file stays open.
    fn PyRun_FileFlags(
        file: *mut libc::FILE, filename: *const c_char, start: c_int, globals: Obj<'_>, locals: OptObj<'_>, flags: *mut CompilerFlags,
    ) -> Out {
        PyRun_FileExFlags(file, filename, start, globals, locals, 0, flags)
    }
    /// As `PyRun_FileExFlags`; the file stays open.
    fn PyRun_File(file: *mut libc::FILE, filename: *const c_char, start: c_int, globals: Obj<'_>, locals: OptObj<'_>) -> Out {
        PyRun_FileExFlags(file, filename, start, globals, locals, 0, null_mut())
    }
    /// Runs a file, which may be a `.pyc` file, in `__main__`, as the program; shows an exception. 0 or -1. Closes it if `close` is not 0.
    fn PyRun_SimpleFileExFlags(file: *mut libc::FILE, filename: *const c_char, close: c_int, flags: *mut CompilerFlags) -> c_int {
        let (name, data) = (file_name(filename), read(file, close));
        run_main(data, &name, close != 0, flags)
    }
    /// As `PyRun_SimpleFileExFlags`.
    fn PyRun_SimpleFileEx(file: *mut libc::FILE, filename: *const c_char, close: c_int) -> c_int {
        PyRun_SimpleFileExFlags(file, filename, close, null_mut())
    }
    /// As `PyRun_SimpleFileExFlags`; the file stays open.
    fn PyRun_SimpleFile(file: *mut libc::FILE, filename: *const c_char) -> c_int {
        PyRun_SimpleFileExFlags(file, filename, 0, null_mut())
    }
    /// As `PyRun_SimpleFileExFlags`, for a file that may be a terminal, and may have no name. A session on a terminal is not supported:
    /// that is shown as an exception.
    fn PyRun_AnyFileExFlags(file: *mut libc::FILE, filename: *const c_char, close: c_int, flags: *mut CompilerFlags) -> c_int {
        let filename = if filename.is_null() { UNNAMED.as_ptr() } else { filename };
        if !is_interactive(file, filename) {
            return PyRun_SimpleFileExFlags(file, filename, close, flags);
        }
        if close != 0 {
            libc::fclose(file);
        }
        shown::<()>(Err(exc::not_implemented_error("interactive sessions on C files are not supported")))
    }
    /// As `PyRun_AnyFileExFlags`.
    fn PyRun_AnyFileEx(file: *mut libc::FILE, filename: *const c_char, close: c_int) -> c_int {
        PyRun_AnyFileExFlags(file, filename, close, null_mut())
    }
    /// As `PyRun_AnyFileExFlags`; the file stays open.
    fn PyRun_AnyFileFlags(file: *mut libc::FILE, filename: *const c_char, flags: *mut CompilerFlags) -> c_int {
        PyRun_AnyFileExFlags(file, filename, 0, flags)
    }
    /// As `PyRun_AnyFileExFlags`; the file stays open.
    fn PyRun_AnyFile(file: *mut libc::FILE, filename: *const c_char) -> c_int {
        PyRun_AnyFileExFlags(file, filename, 0, null_mut())
    }
    /// Is it a terminal, or to be treated as one (by `-i`, for a file without a name or standard input)?
    fn Py_FdIsInteractive(file: *mut libc::FILE, filename: *const c_char) -> c_int {
        c_int::from(is_interactive(file, filename))
    }
    /// Compiles text; `optimize` is the level of `-O`, -1 that of the interpreter.
    fn Py_CompileStringExFlags(source: *const c_char, filename: *const c_char, start: c_int, flags: *mut CompilerFlags, optimize: c_int) -> Out = Ref<PyCode> {
        compile(source, &file_name(filename), start, flags, optimize)
    }
    /// As `Py_CompileStringExFlags`, with the name of the file as a `str`.
    fn Py_CompileStringObject(source: *const c_char, filename: Obj<'_>, start: c_int, flags: *mut CompilerFlags, optimize: c_int) -> Out = Ref<PyCode> {
        compile(source, expect(filename)?, start, flags, optimize)
    }
    /// As `Py_CompileStringExFlags`.
    fn Py_CompileStringFlags(source: *const c_char, filename: *const c_char, start: c_int, flags: *mut CompilerFlags) -> Out {
        Py_CompileStringExFlags(source, filename, start, flags, -1)
    }
    /// As `Py_CompileStringExFlags`.
    fn Py_CompileString(source: *const c_char, filename: *const c_char, start: c_int) -> Out {
        Py_CompileStringExFlags(source, filename, start, null_mut(), -1)
    }
}

/// # Safety
/// NUL-terminated.
unsafe fn file_name(filename: *const c_char) -> Ref<PyStr> {
    // SAFETY: the caller's promise.
    codecs::fs_decode(unsafe { CStr::from_ptr(filename) }.to_bytes())
}

/// The answer of functions that show exceptions themselves. `SystemExit` ends the program.
fn shown<T>(result: PyResult<T>) -> c_int {
    match result {
        Ok(_) => 0,
        Err(error) => {
            crate::pyerrors::show(error, true);
            -1
        }
    }
}

/// # Safety
/// `flags` is null or valid.
unsafe fn compile_text(text: &str, filename: &PyStr, start: c_int, flags: *mut CompilerFlags, optimize: c_int) -> PyResult<Ref<PyCode>> {
    let mode = match start {
        SINGLE_INPUT => Mode::Single,
        EVAL_INPUT => Mode::Eval,
        _ => Mode::Exec,
    };
    // SAFETY: the caller's promise.
    let options = Options { flags: unsafe { flag_bits(flags) }, optimize: u8::try_from(optimize).ok() };
    compile_str(text, &filename.to_string_lossy(), mode, options)
}

/// # Safety
/// Null or valid.
unsafe fn flag_bits(flags: *mut CompilerFlags) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { flags.as_ref() }.map_or(0, |flags| flags.flags)
}

/// # Safety
/// `source` is NUL-terminated, `flags` null or valid.
unsafe fn compile(
    source: *const c_char,
    filename: &PyStr,
    start: c_int,
    flags: *mut CompilerFlags,
    optimize: c_int,
) -> PyResult<Ref<PyCode>> {
    // SAFETY: the caller's promise.
    unsafe {
        let bytes = CStr::from_ptr(source).to_bytes();
        if audit::active() {
            audit::audit("compile", &[PyBytes::new(bytes).as_object(), filename.as_object()])?;
        }
        // A coding cookie counts in text in memory, too.
        if flag_bits(flags) & cf::IGNORE_COOKIE == 0 {
            let text = source::decode(bytes, &filename.to_string_lossy())?;
            compile_text(&text, filename, start, flags, optimize)
        } else {
            compile_text(c_str(source)?.as_utf8()?, filename, start, flags, optimize)
        }
    }
}

/// # Safety
/// `flags` is null or valid.
unsafe fn compile_file(data: &[u8], filename: &PyStr, start: c_int, flags: *mut CompilerFlags) -> PyResult<Ref<PyCode>> {
    audit::audit("compile", &[rpy_vm::none_ref(), filename.as_object()])?;
    let text = source::decode(data, &filename.to_string_lossy())?;
    // SAFETY: the caller's promise.
    unsafe { compile_text(&text, filename, start, flags, -1) }
}

/// Runs what was compiled for that.
fn run_code(code: &PyCode, globals: &PyObject, locals: Option<&PyObject>) -> PyResult<ObjRef> {
    audit::audit("exec", &[code.as_object()])?;
    eval_code(code, globals, locals)
}

fn eval_code(code: &PyCode, globals: &PyObject, locals: Option<&PyObject>) -> PyResult<ObjRef> {
    rpy_vm::builtins::code::add_builtins(globals)?;
    rpy_vm::interp::dispatch::eval_code(code, globals, Some(locals.unwrap_or(globals).new_ref()))
}

/// # Safety
/// `source` is NUL-terminated, `flags` null or valid.
unsafe fn run_string(
    source: *const c_char,
    start: c_int,
    globals: &PyObject,
    locals: Option<&PyObject>,
    flags: *mut CompilerFlags,
) -> PyResult<ObjRef> {
    // SAFETY: the caller's promise.
    let code = unsafe { compile(source, &PyStr::new("<string>"), start, flags, -1)? };
    run_code(&code, globals, locals)
}

/// The namespace of `__main__`, which is made if it is not there.
fn main_globals() -> PyResult<Ref<PyDict>> {
    let main = crate::import::add_module(PyStr::new("__main__").as_object())?;
    Ok(expect::<PyModule>(&main)?.dict().to_ref())
}

/// What is left of a file, which is closed then if asked for.
///
/// # Safety
/// An open file.
unsafe fn read(file: *mut libc::FILE, close: c_int) -> PyResult<Vec<u8>> {
    let mut data = Vec::new();
    let mut block = [0u8; 8192];
    // SAFETY: the caller's promise; the buffer is ours.
    unsafe {
        loop {
            let count = libc::fread(block.as_mut_ptr().cast(), 1, block.len(), file);
            data.extend_from_slice(&block[..count]);
            if count < block.len() {
                break;
            }
        }
        // Before anything else can change `errno`.
        let error = if libc::ferror(file) == 0 { None } else { Some(exc::os_error_last(None)) };
        if close != 0 {
            libc::fclose(file);
        }
        error.map_or(Ok(data), Err)
    }
}

/// Runs a program's file in `__main__`, which has its name and loader meanwhile, and shows an exception.
///
/// # Safety
/// `flags` is null or valid.
unsafe fn run_main(data: PyResult<Vec<u8>>, name: &PyStr, is_own: bool, flags: *mut CompilerFlags) -> c_int {
    let globals = match main_globals() {
        Ok(globals) => globals,
        Err(error) => return shown::<()>(Err(error)),
    };
    let sets_name = globals.get_name("__file__").is_none();
    if sets_name {
        globals.set_name("__file__", name.to_obj());
        globals.set_name("__cached__", rpy_vm::none());
    }
    // SAFETY: the caller's promise.
    let result = data.and_then(|data| unsafe { run_main_code(&data, name, &globals, is_own, flags) });
    sys_state::flush_std_files();
    let status = shown(result);
    if sets_name {
        for name in ["__file__", "__cached__"] {
            // The program may have deleted it.
            drop(globals.del_item(PyStr::new(name).as_object()));
        }
    }
    status
}

/// Runs a program's file with the loader in `__main__` that belongs to it. Only files with a name for that, and those that are the callee's
/// alone, are taken for compiled ones.
///
/// # Safety
/// `flags` is null or valid.
unsafe fn run_main_code(data: &[u8], name: &PyStr, globals: &PyDict, is_own: bool, flags: *mut CompilerFlags) -> PyResult<ObjRef> {
    let shown = name.to_string_lossy();
    if shown.ends_with(".pyc") || is_own && data.starts_with(&pyc_magic().to_le_bytes()) {
        set_loader(globals, "SourcelessFileLoader", name)?;
        return eval_code(&*code_of_pyc(data)?, globals.as_object(), None);
    }
    if shown != "<stdin>" {
        set_loader(globals, "SourceFileLoader", name)?;
    }
    // SAFETY: the caller's promise.
    let code = unsafe { compile_file(data, name, FILE_INPUT, flags)? };
    run_code(&code, globals.as_object(), None)
}

fn set_loader(globals: &PyDict, class: &str, name: &PyStr) -> PyResult<()> {
    if let Some(external) = sys_state::modules()?.get_name("_frozen_importlib_external") {
        let class = po::getattr(&external, &PyStr::new(class))?;
        globals.set_name("__loader__", call::call(&class, &[PyStr::new("__main__").as_object(), name.as_object()])?);
    }
    Ok(())
}

fn code_of_pyc(data: &[u8]) -> PyResult<Ref<PyCode>> {
    if !data.starts_with(&pyc_magic().to_le_bytes()) {
        return Err(exc::runtime_error("Bad magic number in .pyc file"));
    }
    let code = marshal::loads(data.get(PYC_HEADER..).unwrap_or_default())?;
    code.downcast().map_err(|_| exc::runtime_error("Bad code object in .pyc file"))
}

/// # Safety
/// An open file; null or NUL-terminated.
unsafe fn is_interactive(file: *mut libc::FILE, filename: *const c_char) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        if libc::isatty(libc::fileno(file)) != 0 {
            return true;
        }
        rpy_vm::sysmodule::config::get().interactive != 0
            && (filename.is_null() || [c"<stdin>", UNNAMED].contains(&CStr::from_ptr(filename)))
    }
}
