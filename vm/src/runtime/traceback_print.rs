//! Printing exceptions that nobody caught.
//!
//! The library's `traceback` module does it as a rule: it knows carets, suggestions and colours. Where it cannot run (start-up,
//! an exhausted stack, a broken library), a plain version here does.

use core::fmt::Write;
use std::collections::HashSet;

use crate::err::{PyErr, PyResult};
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, flags};
use crate::protocol::{call, object as po};
use crate::runtime::{audit, sys_state};
use crate::types::exceptions::group::PyBaseExceptionGroup;
use crate::types::exceptions::syntax::PySyntaxError;
use crate::types::exceptions::{PyBaseException, is_exception_class};
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::traceback::PyTraceback;
use crate::types::tuple::PyTuple;

/// What the default `sys.excepthook` does: shows the exception on `sys.stderr`.
pub fn display(value: &PyObject, traceback: Option<&PyObject>) {
    let Some(exception) = as_exception(value) else {
        let name = value.ty().name();
        return sys_state::write_stderr(&format!(
            "TypeError: print_exception(): Exception expected for value, {name} found\n"
        ));
    };
    // The exception's own traceback is what is shown.
    if let Some(tb) = traceback
        && PyTraceback::check(tb)
        && exception.traceback().is_none()
    {
        exception.set_traceback(Some(tb.new_ref()));
    }
    // What was written before comes first.
    if let Some(out) = sys_state::get_not_none("stdout") {
        let _ = call::call_method(&out, crate::intern!("flush"), &[]);
    }
    match sys_state::get("stderr") {
        // The program wants silence.
        Some(stderr) if crate::is_none(&stderr) => return,
        Some(_) => {}
        None => return sys_state::write_stderr(&native(exception)),
    }
    if print_by_library(value, None).is_err() {
        sys_state::write_stderr(&native(exception));
    }
    if let Some(file) = sys_state::get_not_none("stderr") {
        let _ = call::call_method(&file, crate::intern!("flush"), &[]);
    }
}

/// Shows an exception on a file object.
///
/// # Errors
/// What writing raises.
pub fn print_to(file: &PyObject, value: &PyObject) -> PyResult<()> {
    let is_stderr = sys_state::get("stderr").is_some_and(|stderr| stderr.is(file));
    if print_by_library(value, if is_stderr { None } else { Some(file) }).is_ok() {
        return Ok(());
    }
    let text = match as_exception(value) {
        Some(exception) => native(exception),
        None => format!("TypeError: print_exception(): Exception expected for value, {} found\n", value.ty().name()),
    };
    call::call_method(file, crate::intern!("write"), &[PyStr::from_string(text).as_object()]).map(drop)
}

/// Shows an error without asking `sys.excepthook`.
pub fn print_exception(error: &PyErr) {
    display(error.object(), None);
}

/// Shows an exception that ended the program (or an interactive statement), through `sys.excepthook`. If `keep` says so,
/// it is kept in `sys.last_exc`.
pub fn print_with_hook(error: PyErr, keep: bool) {
    let value = error.value().to_obj();
    let ty = value.ty().to_obj();
    let traceback = error.value().traceback().unwrap_or_else(crate::none);
    if keep {
        for (name, object) in
            [("last_exc", &value), ("last_type", &ty), ("last_value", &value), ("last_traceback", &traceback)]
        {
            sys_state::set(name, object.clone());
        }
    }
    let hook = sys_state::get("excepthook");
    let audited =
        audit::audit("sys.excepthook", &[hook.as_deref().unwrap_or(crate::none_ref()), &ty, &value, &traceback]);
    match audited {
        // A hook refuses with RuntimeError what it wants to keep from being shown.
        Err(e) if e.matches(crate::exc::RuntimeError()) => return,
        Err(e) => e.write_unraisable(None),
        Ok(()) => {}
    }
    let Some(hook) = hook else {
        sys_state::write_stderr("sys.excepthook is missing\n");
        return display(&value, Some(&traceback));
    };
    match call::call(&hook, &[&ty, &value, &traceback]) {
        Ok(_) => {}
        Err(second) if second.matches(crate::exc::SystemExit()) => {
            crate::startup::end(crate::startup::handle_exit(second));
        }
        Err(second) => {
            sys_state::write_stderr("Error in sys.excepthook:\n");
            display(second.object(), None);
            sys_state::write_stderr("\nOriginal exception was:\n");
            display(&value, Some(&traceback));
        }
    }
}

fn as_exception(value: &PyObject) -> Option<&PyBaseException> {
    if value.ty().has_flag(flags::BASE_EXC_SUBCLASS) {
        // SAFETY: the flag says it is an exception.
        Some(unsafe { value.cast_unchecked_ref() })
    } else {
        None
    }
}

/// Lets `traceback` print: to `sys.stderr`, or to `file`.
fn print_by_library(value: &PyObject, file: Option<&PyObject>) -> PyResult<()> {
    let module = crate::import::import_module("traceback")?;
    match file {
        None => {
            let print = po::getattr(&module, crate::intern!("_print_exception_bltin"))?;
            call::call_one(&print, value).map(drop)
        }
        Some(file) => {
            let print = po::getattr(&module, crate::intern!("print_exception"))?;
            let limit = po::getattr(&module, crate::intern!("BUILTIN_EXCEPTION_LIMIT"))?;
            let names = PyTuple::new(vec![PyStr::new("limit").into_obj(), PyStr::new("file").into_obj()]);
            call::call_kw(&print, &[value, &limit, file], Some(&names)).map(drop)
        }
    }
}

// ------------------------------------------------------------------------------------------------------- the plain version

const CAUSE: &str = "\nThe above exception was the direct cause of the following exception:\n\n";
const CONTEXT: &str = "\nDuring handling of the above exception, another exception occurred:\n\n";
/// Equal lines in a row before the rest is counted only.
const REPEAT_CUTOFF: usize = 3;
const MAX_GROUP_WIDTH: usize = 15;
const MAX_GROUP_DEPTH: usize = 10;

/// The exception with its traceback and chain as text.
pub fn native(exception: &PyBaseException) -> String {
    let mut out = String::new();
    let mut seen = HashSet::new();
    write_chain(&mut out, exception, &mut seen, 0);
    out
}

fn write_chain(out: &mut String, exception: &PyBaseException, seen: &mut HashSet<usize>, depth: usize) {
    if !seen.insert(exception as *const PyBaseException as usize) || seen.len() > 500 {
        return;
    }
    let is_new = |e: &ObjRef, seen: &HashSet<usize>| !seen.contains(&(e.as_raw() as usize));
    if let Some(cause) = exception.cause() {
        if let Some(e) = as_exception(&cause)
            && is_new(&cause, seen)
        {
            write_chain(out, e, seen, depth);
            out.push_str(CAUSE);
        }
    } else if exception.suppress_context.get() == 0
        && let Some(context) = exception.context()
        && let Some(e) = as_exception(&context)
        && is_new(&context, seen)
    {
        write_chain(out, e, seen, depth);
        out.push_str(CONTEXT);
    }
    write_one(out, exception, seen, depth);
}

fn write_one(out: &mut String, exception: &PyBaseException, seen: &mut HashSet<usize>, depth: usize) {
    let group = exception.as_object().downcast_ref::<PyBaseExceptionGroup>();
    if let Some(tb) = exception.traceback().and_then(|tb| tb.downcast::<PyTraceback>().ok()) {
        let head = if group.is_some() { "Exception Group Traceback" } else { "Traceback" };
        // A failing write to a String does not happen.
        let _ = writeln!(out, "{head} (most recent call last):");
        write_frames(out, &tb);
    }
    write_message(out, exception);
    let Some(group) = group else { return };
    if depth >= MAX_GROUP_DEPTH {
        out.push_str("... (max_group_depth is 10)\n");
        return;
    }
    let excs = group.members();
    for (i, inner) in excs.iter().enumerate() {
        if i >= MAX_GROUP_WIDTH {
            let _ =
                writeln!(out, "  +---------------- ... ----------------\n  | and {} more exceptions", excs.len() - i);
            break;
        }
        let _ = writeln!(out, "  +-+---------------- {} ----------------", i + 1);
        let mut text = String::new();
        if let Some(inner) = as_exception(inner) {
            write_chain(&mut text, inner, seen, depth + 1);
        }
        for line in text.lines() {
            let _ = writeln!(out, "    | {line}");
        }
    }
    if !excs.is_empty() {
        out.push_str("    +------------------------------------\n");
    }
}

fn write_frames(out: &mut String, first: &PyTraceback) {
    let limit = sys_state::get("tracebacklimit")
        .and_then(|l| l.downcast_ref::<PyInt>().and_then(PyInt::as_i64))
        .unwrap_or(1000);
    if limit <= 0 {
        return;
    }
    let mut entries = vec![first.to_ref()];
    while let Some(next) = entries.last().and_then(|tb| tb.tb_next.get()) {
        entries.push(next);
    }
    let skip = entries.len().saturating_sub(limit as usize);
    let mut last: Option<(usize, Option<i32>)> = None;
    let mut repeats = 0;
    let more = |out: &mut String, repeats: usize| {
        if repeats > REPEAT_CUTOFF {
            let n = repeats - REPEAT_CUTOFF;
            let _ = writeln!(out, "  [Previous line repeated {n} more time{}]", if n == 1 { "" } else { "s" });
        }
    };
    for tb in &entries[skip..] {
        let code = tb.tb_frame.code();
        let key = (code as *const _ as usize, tb.line());
        if last == Some(key) {
            repeats += 1;
        } else {
            more(out, repeats);
            repeats = 1;
            last = Some(key);
        }
        if repeats > REPEAT_CUTOFF {
            continue;
        }
        let filename = code.filename();
        let filename = filename.downcast_ref::<PyStr>().map_or("???".into(), |f| f.to_string_lossy().into_owned());
        let name = code.co_name.to_string_lossy();
        match tb.line() {
            Some(line) => {
                let _ = writeln!(out, "  File \"{filename}\", line {line}, in {name}");
                if let Some(source) = source_line(&filename, line) {
                    let _ = writeln!(out, "    {}", source.trim());
                }
            }
            None => {
                let _ = writeln!(out, "  File \"{filename}\", line ?, in {name}");
            }
        }
    }
    more(out, repeats);
}

fn source_line(filename: &str, line: i32) -> Option<String> {
    if filename.starts_with('<') {
        return None;
    }
    let text = std::fs::read(filename).ok()?;
    let text = String::from_utf8_lossy(&text);
    text.lines().nth(usize::try_from(line - 1).ok()?).map(str::to_owned)
}

fn write_message(out: &mut String, exception: &PyBaseException) {
    if let Some(syntax) = exception.as_object().downcast_ref::<PySyntaxError>() {
        write_syntax_position(out, syntax);
    }
    let ty = exception.as_object().ty();
    let text_of = |name: &'static PyStr| -> Option<String> {
        let value = po::getattr_opt(ty.as_object(), name).ok()??;
        value.downcast_ref::<PyStr>().map(|s| s.to_string_lossy().into_owned())
    };
    let module = text_of(crate::intern!("__module__"));
    let qualname = text_of(crate::intern!("__qualname__")).unwrap_or_else(|| ty.name().to_owned());
    match module.as_deref() {
        Some("builtins" | "__main__") => {}
        Some(module) => {
            let _ = write!(out, "{module}.");
        }
        None => out.push_str("<unknown>."),
    }
    out.push_str(&qualname);
    let text = match exception.as_object().downcast_ref::<PySyntaxError>().and_then(|s| s.msg.get()) {
        Some(msg) => po::str(&msg),
        None => po::str(exception.as_object()),
    };
    match text {
        Ok(text) if text.is_empty() => {}
        Ok(text) => {
            let _ = write!(out, ": {}", text.to_string_lossy());
        }
        Err(_) => out.push_str(": <exception str() failed>"),
    }
    out.push('\n');
    write_notes(out, exception);
}

fn write_notes(out: &mut String, exception: &PyBaseException) {
    let Ok(Some(notes)) = po::getattr_opt(exception.as_object(), crate::intern!("__notes__")) else { return };
    let Some(notes) = notes.downcast_ref::<PyList>() else { return };
    for note in notes.items_snapshot() {
        match note.downcast_ref::<PyStr>() {
            Some(note) => out.push_str(&note.to_string_lossy()),
            None => match po::repr(&note) {
                Ok(text) => out.push_str(&text.to_string_lossy()),
                Err(_) => out.push_str("<note str() failed>"),
            },
        }
        out.push('\n');
    }
}

/// File, line and caret of a syntax error.
fn write_syntax_position(out: &mut String, syntax: &PySyntaxError) {
    let number = |field: Option<ObjRef>| field.and_then(|f| f.downcast_ref::<PyInt>().and_then(PyInt::as_i64));
    let Some(line) = number(syntax.lineno.get()) else { return };
    let filename = syntax.filename.get();
    let filename =
        filename.as_ref().and_then(|f| f.downcast_ref::<PyStr>()).map_or("<string>".into(), |f| f.to_string_lossy());
    let _ = writeln!(out, "  File \"{filename}\", line {line}");
    let text = syntax.text.get();
    let Some(text) = text.as_ref().and_then(|t| t.downcast_ref::<PyStr>()) else { return };
    let text = text.to_string_lossy();
    let text = text.trim_end_matches('\n');
    let stripped = text.trim_start_matches([' ', '\n', '\x0c']);
    let length = text.chars().count();
    let indent = length - stripped.chars().count();
    let _ = writeln!(out, "    {stripped}");
    let Some(offset) = number(syntax.offset.get()).filter(|&o| o > 0) else { return };
    let start = (offset as usize - 1).saturating_sub(indent);
    let end = match (number(syntax.end_lineno.get()), number(syntax.end_offset.get())) {
        (Some(end_line), Some(end)) if end_line == line && end > offset => {
            (end as usize - 1).min(length).saturating_sub(indent)
        }
        _ => start + 1,
    };
    let _ = writeln!(out, "    {}{}", " ".repeat(start), "^".repeat(end.max(start + 1) - start));
}

/// The class and value that `sys.exc_info()`-like triples show: an instance for a class.
pub fn instance_of(ty: &PyObject, value: &PyObject) -> Option<ObjRef> {
    if as_exception(value).is_some() {
        Some(value.new_ref())
    } else if is_exception_class(ty) {
        call::call_one(ty, value).ok()
    } else {
        None
    }
}
