//! `compile`, `eval`, `exec`, `__build_class__`, and the namespaces of the calling code.

use crate::args::KwArgs;
use crate::compile::{self as compiler, Mode, Options, cf};
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::mapping;
use crate::runtime::audit;
use crate::sysmodule::frames;
use crate::types::bytes::PyBytes;
use crate::types::cell::PyCell;
use crate::types::code::PyCode;
use crate::types::dict::PyDict;
use crate::types::function::PyFunction;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// `CO_FUTURE_*` bits of code flags that compiled code inherits from the code that asks for it.
const FUTURE_MASK: i32 = 0x20000 | 0x40000 | 0x80000 | 0x100000 | 0x200000 | 0x400000 | 0x800000 | 0x1000000;
/// Bits `compile()` understands besides those.
const COMPILE_MASK: i32 = cf::ONLY_AST
    | cf::ALLOW_TOP_LEVEL_AWAIT
    | cf::TYPE_COMMENTS
    | cf::DONT_IMPLY_DEDENT
    | cf::ALLOW_INCOMPLETE_INPUT
    | cf::OPTIMIZED_AST
    | 0x10;

/// `locals()` of the calling code.
pub fn caller_locals() -> PyResult<ObjRef> {
    match frames::nth(0) {
        Some(frame) => crate::types::frame::locals_of(frame),
        None => Err(exc::system_error("frame does not exist")),
    }
}

/// Future bits in force in the calling code.
fn inherited_flags() -> i32 {
    match frames::nth(0) {
        // SAFETY: a complete frame is a Python frame.
        Some(frame) => unsafe { frame.code() }.co_flags & FUTURE_MASK,
        None => 0,
    }
}

/// The file name argument: text, bytes or a path object.
pub fn filename_text(filename: &PyObject) -> PyResult<Ref<PyStr>> {
    if let Some(text) = filename.downcast_ref::<PyStr>() {
        if text.contains_nul() {
            return Err(exc::value_error("embedded null character"));
        }
        return Ok(text.to_ref());
    }
    let path = crate::runtime::paths::fspath(filename)?;
    if let Some(text) = path.downcast_ref::<PyStr>() {
        return Ok(text.to_ref());
    }
    match path.downcast_ref::<PyBytes>() {
        Some(bytes) => {
            use std::os::unix::ffi::OsStrExt;
            Ok(crate::sysmodule::fs_decode(std::ffi::OsStr::from_bytes(bytes.as_bytes())))
        }
        None => {
            Err(exc::type_error(format!("expected str, bytes or os.PathLike object, not {}", filename.ty().name())))
        }
    }
}

/// Source text, whatever it came in. The flags get `IGNORE_COOKIE` when it was a `str`.
pub fn source_text(source: &PyObject, function: &str, what: &str, flags: &mut i32, filename: &str) -> PyResult<String> {
    if let Some(text) = source.downcast_ref::<PyStr>() {
        *flags |= cf::IGNORE_COOKIE;
        let text = text.as_utf8()?;
        check_no_nul(text.as_bytes())?;
        return Ok(text.to_owned());
    }
    let has_buffer = source.ty().as_buffer().is_some_and(|procs| procs.bf_getbuffer.get().is_some());
    if !has_buffer {
        return Err(exc::type_error(format!("{function}() arg 1 must be a {what}")));
    }
    let buffer = crate::protocol::buffer::Buffer::get(source, 0)?;
    check_no_nul(buffer.bytes())?;
    compiler::source::decode(buffer.bytes(), filename)
}

fn check_no_nul(source: &[u8]) -> PyResult<()> {
    if source.contains(&0) {
        return Err(exc::syntax_error("source code string cannot contain null bytes"));
    }
    Ok(())
}

/// `compile(source, filename, mode, …)`.
pub fn compile(
    source: &PyObject,
    filename: &PyObject,
    mode: &str,
    flags: i32,
    dont_inherit: bool,
    optimize: i32,
    feature_version: i32,
) -> PyResult<ObjRef> {
    let filename = filename_text(filename)?;
    audit::audit("compile", &[source, filename.as_object()])?;
    if flags & !(FUTURE_MASK | COMPILE_MASK | 0x0200) != 0 {
        return Err(exc::value_error("compile(): unrecognised flags"));
    }
    if !(-1..=2).contains(&optimize) {
        return Err(exc::value_error("compile(): invalid optimize value"));
    }
    let mut flags = flags;
    if !dont_inherit {
        flags |= inherited_flags();
    }
    let only_ast = flags & cf::ONLY_AST != 0;
    let kind = match mode {
        "exec" => Some(Mode::Exec),
        "eval" => Some(Mode::Eval),
        "single" => Some(Mode::Single),
        "func_type" if only_ast => None,
        "func_type" => return Err(exc::value_error("compile() mode 'func_type' requires flag PyCF_ONLY_AST")),
        _ if only_ast => {
            return Err(exc::value_error("compile() mode must be 'exec', 'eval', 'single' or 'func_type'"));
        }
        _ => return Err(exc::value_error("compile() mode must be 'exec', 'eval' or 'single'")),
    };
    let options = Options { optimize: u8::try_from(optimize).ok(), flags };
    if let Some(result) = super::ast_hooks::compile_tree(source, &filename, kind, options)? {
        return Ok(result);
    }
    let filename_utf8 = filename.to_string_lossy();
    let text = source_text(source, "compile", "string, bytes or AST object", &mut flags, &filename_utf8)?;
    if only_ast {
        return super::ast_hooks::parse(&text, &filename, kind, options, feature_version);
    }
    let options = Options { flags, ..options };
    Ok(compiler::compile_str(&text, &filename_utf8, kind.unwrap_or(Mode::Exec), options)?.into_obj())
}

/// Where evaluated code runs.
struct Namespaces {
    globals: Ref<PyDict>,
    locals: ObjRef,
}

/// The globals and locals arguments of `eval` and `exec`, with the caller's as defaults.
fn namespaces(function: &str, globals: Option<&PyObject>, locals: Option<&PyObject>) -> PyResult<Namespaces> {
    let given = globals;
    let globals: ObjRef = match globals {
        Some(globals) => globals.new_ref(),
        None => match frames::current_globals() {
            Some(globals) => globals,
            None if function == "eval" => {
                return Err(exc::type_error("eval must be given globals and locals when called without a frame"));
            }
            None => return Err(exc::system_error("globals and locals cannot be NULL")),
        },
    };
    if let Some(locals) = locals
        && !mapping::check(locals)
    {
        return Err(exc::type_error(if function == "eval" {
            "locals must be a mapping".to_owned()
        } else {
            format!("locals must be a mapping or None, not {}", locals.ty().name())
        }));
    }
    let Ok(globals) = globals.clone().downcast::<PyDict>() else {
        return Err(exc::type_error(if function == "exec" {
            format!("exec() globals must be a dict, not {}", globals.ty().name())
        } else if mapping::check(&globals) {
            "globals must be a real dict; try eval(code, {}, mapping)".to_owned()
        } else {
            "globals must be a dict".to_owned()
        }));
    };
    let locals = match locals {
        Some(locals) => locals.new_ref(),
        None if given.is_some() => globals.to_obj(),
        None => caller_locals()?,
    };
    ensure_builtins(&globals)?;
    Ok(Namespaces { globals, locals })
}

/// Code that runs with these globals finds `__builtins__` in them.
fn ensure_builtins(globals: &PyDict) -> PyResult<()> {
    let name = crate::intern!("__builtins__");
    if !globals.contains_str(name) {
        globals.set_str(name, &*frames::current_builtins()?)?;
    }
    Ok(())
}

/// As `ensure_builtins`, for globals that C code passes.
///
/// # Errors
/// `SystemError` for anything but a dict.
pub fn add_builtins(globals: &PyObject) -> PyResult<()> {
    match globals.downcast_ref::<PyDict>() {
        Some(globals) => ensure_builtins(globals),
        None => Err(exc::system_error("globals must be a dict")),
    }
}

/// Compiles text that is run at once, with the audit events of both.
fn compile_text(source: &PyObject, text: &str, mode: Mode, flags: i32) -> PyResult<Ref<PyCode>> {
    if audit::active() {
        audit::audit("compile", &[source, PyStr::new("<string>").as_object()])?;
    }
    let code = compiler::compile_str(text, "<string>", mode, Options { optimize: None, flags })?;
    audit::audit("exec", &[code.as_object()])?;
    Ok(code)
}

/// Runs a code object in namespaces, with cells for its free variables.
fn run(code: &PyCode, ns: Namespaces, closure: Option<&PyTuple>) -> PyResult<ObjRef> {
    let function = PyFunction::new(code, ns.globals.as_object(), None);
    if let Some(closure) = closure {
        function.func_closure.set(Some(closure.to_ref()));
    }
    crate::interp::eval_code_as(function, code, Some(ns.locals))
}

/// `eval(source, globals, locals)`.
pub fn eval(source: &PyObject, globals: Option<&PyObject>, locals: Option<&PyObject>) -> PyResult<ObjRef> {
    let ns = namespaces("eval", globals, locals)?;
    if let Some(code) = source.downcast_ref::<PyCode>() {
        audit::audit("exec", &[source])?;
        if code.co_nfreevars > 0 {
            return Err(exc::type_error("code object passed to eval() may not contain free variables"));
        }
        return run(code, ns, None);
    }
    let mut flags = inherited_flags();
    let text = source_text(source, "eval", "string, bytes or code object", &mut flags, "<string>")?;
    let text = text.trim_start_matches([' ', '\t']);
    let code = compile_text(source, text, Mode::Eval, flags)?;
    run(&code, ns, None)
}

/// `exec(source, globals, locals, closure=…)`.
pub fn exec(
    source: &PyObject,
    globals: Option<&PyObject>,
    locals: Option<&PyObject>,
    closure: Option<&PyObject>,
) -> PyResult<()> {
    let ns = namespaces("exec", globals, locals)?;
    if let Some(code) = source.downcast_ref::<PyCode>() {
        let free = code.co_nfreevars as usize;
        let closure = check_closure(free, closure)?;
        audit::audit("exec", &[source])?;
        return run(code, ns, closure).map(drop);
    }
    if closure.is_some() {
        return Err(exc::type_error("closure can only be used when source is a code object"));
    }
    let mut flags = inherited_flags();
    let text = source_text(source, "exec", "string, bytes or code object", &mut flags, "<string>")?;
    let code = compile_text(source, &text, Mode::Exec, flags)?;
    run(&code, ns, None).map(drop)
}

fn check_closure(free: usize, closure: Option<&PyObject>) -> PyResult<Option<&PyTuple>> {
    if free == 0 {
        return match closure {
            None => Ok(None),
            Some(_) => Err(exc::type_error("cannot use a closure with this code object")),
        };
    }
    let tuple = closure.and_then(|closure| closure.downcast_exact::<PyTuple>());
    match tuple {
        Some(tuple)
            if tuple.len() == free && tuple.items().iter().all(|cell| cell.downcast_exact::<PyCell>().is_some()) =>
        {
            Ok(Some(tuple))
        }
        _ if closure.is_none() => Err(exc::type_error("code object passed to exec() may not contain free variables")),
        _ => Err(exc::type_error(format!("code object requires a closure of exactly length {free}"))),
    }
}

/// `__build_class__(func, name, *bases, metaclass=…, **kwds)`.
pub fn build_class(args: &[&PyObject], kwargs: &KwArgs<'_>) -> PyResult<ObjRef> {
    if args.len() < 2 {
        return Err(exc::type_error("__build_class__: not enough arguments"));
    }
    let Some(function) = args[0].downcast_ref::<PyFunction>() else {
        return Err(exc::type_error("__build_class__: func must be a function"));
    };
    if args[1].downcast_ref::<PyStr>().is_none() {
        return Err(exc::type_error("__build_class__: name is not a string"));
    }
    let bases = PyTuple::from_slice(&args[2..]);
    let kwargs = kwargs.to_dict()?;
    crate::types::type_::build_class(args[1], &bases, kwargs.as_deref(), |namespace| {
        crate::interp::eval_code_as(function.to_ref(), function.code(), Some(namespace.new_ref()))
    })
}
