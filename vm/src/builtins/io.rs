//! `print` and `input`.

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::interp::ops::attr;
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::protocol::{call, object as po};
use crate::runtime::sys_state;
use crate::types::bytes::PyBytes;
use crate::types::int::PyInt;
use crate::types::str::PyStr;

/// A separator: `None` is the default, anything but a string an error.
fn separator<'a>(value: Option<&'a PyObject>, name: &str, default: &'a PyStr) -> PyResult<&'a PyStr> {
    match value {
        None => Ok(default),
        Some(value) if crate::is_none(value) => Ok(default),
        Some(value) => value
            .downcast_ref::<PyStr>()
            .ok_or_else(|| exc::type_error(format!("{name} must be None or a string, not {}", value.ty().name()))),
    }
}

/// `print(*args, sep, end, file, flush)`.
pub fn print(
    args: &[&PyObject],
    sep: Option<&PyObject>,
    end: Option<&PyObject>,
    file: Option<&PyObject>,
    flush: bool,
) -> PyResult<()> {
    let file: ObjRef = match file {
        Some(file) => file.new_ref(),
        None => match sys_state::get("stdout") {
            // A program without a console may have None there.
            Some(file) if crate::is_none(&file) => return Ok(()),
            Some(file) => file,
            None => return Err(exc::runtime_error("lost sys.stdout")),
        },
    };
    let sep = separator(sep, "sep", crate::intern!(" "))?;
    let end = separator(end, "end", crate::intern!("\n"))?;
    let (write, unbound) = attr::get_method(&file, crate::intern!("write"))?;
    let put = |text: &PyObject| match unbound {
        true => call::call(&write, &[&*file, text]),
        false => call::call_one(&write, text),
    };
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            put(sep.as_object())?;
        }
        match arg.downcast_exact::<PyStr>() {
            Some(_) => put(arg)?,
            None => put(po::str(arg)?.as_object())?,
        };
    }
    put(end.as_object())?;
    if flush {
        call::call_method(&file, crate::intern!("flush"), &[])?;
    }
    Ok(())
}

fn lost(name: &str) -> PyErr {
    exc::runtime_error(format!("input(): lost sys.{name}"))
}

/// Reads a line from the terminal with line editing: the line with its newline, or `None` at the end of input. The `readline` module
/// installs one.
pub type LineReader = fn(prompt: &[u8]) -> PyResult<Option<Vec<u8>>>;

struct Hook(core::cell::Cell<Option<LineReader>>);
// SAFETY: touched under the GIL.
unsafe impl Sync for Hook {}
static LINE_READER: Hook = Hook(core::cell::Cell::new(None));

/// Installs the reader that `input` and plain interactive sessions use on a terminal.
pub fn install_line_reader(reader: LineReader) {
    LINE_READER.0.set(Some(reader));
}

/// The reader, if one is installed, and the descriptors 0 and 1 are terminals.
pub fn line_reader() -> Option<LineReader> {
    let reader = LINE_READER.0.get()?;
    // SAFETY: asks about file descriptors.
    let at_terminal = unsafe { libc::isatty(0) == 1 && libc::isatty(1) == 1 };
    at_terminal.then_some(reader)
}

/// Is `file` what stands behind file descriptor `fd`?
fn has_descriptor(file: &PyObject, fd: i64) -> bool {
    let number = call::call_method(file, crate::intern!("fileno"), &[]);
    number.is_ok_and(|n| n.downcast_ref::<PyInt>().and_then(PyInt::as_i64) == Some(fd))
}

/// A text file's encoding and error handler; `None` if it has none.
fn text_coding(file: &PyObject) -> Option<[ObjRef; 2]> {
    let text = |name| po::getattr(file, name).ok().filter(|value| value.downcast_ref::<PyStr>().is_some());
    Some([text(crate::intern!("encoding"))?, text(crate::intern!("errors"))?])
}

/// `input(prompt)`.
pub fn input(prompt: Option<&PyObject>) -> PyResult<ObjRef> {
    let stdin = sys_state::get_not_none("stdin").ok_or_else(|| lost("stdin"))?;
    let stdout = sys_state::get_not_none("stdout").ok_or_else(|| lost("stdout"))?;
    let stderr = sys_state::get_not_none("stderr").ok_or_else(|| lost("stderr"))?;
    crate::runtime::audit::audit("builtins.input", &[prompt.unwrap_or(crate::none_ref())])?;
    // What was reported so far is to be seen before the prompt.
    let _ = call::call_method(&stderr, crate::intern!("flush"), &[]);
    let edited = match line_reader() {
        Some(reader) if has_descriptor(&stdin, 0) && has_descriptor(&stdout, 1) => {
            edited_line(reader, prompt, &stdin, &stdout)?
        }
        _ => None,
    };
    let line = match edited {
        Some(line) => line,
        None => {
            if let Some(prompt) = prompt {
                call::call_method(&stdout, crate::intern!("write"), &[po::str(prompt)?.as_object()])?;
            }
            let _ = call::call_method(&stdout, crate::intern!("flush"), &[]);
            plain_line(&stdin)?
        }
    };
    crate::runtime::audit::audit("builtins.input/result", &[&line])?;
    Ok(line)
}

/// A line through the line editor, in the terminal's encoding. `None` if the files do not say theirs, as replacements may not: then
/// they are read and written themselves.
fn edited_line(
    reader: LineReader,
    prompt: Option<&PyObject>,
    stdin: &PyObject,
    stdout: &PyObject,
) -> PyResult<Option<ObjRef>> {
    let Some([encoding, errors]) = text_coding(stdin) else { return Ok(None) };
    let _ = call::call_method(stdout, crate::intern!("flush"), &[]);
    let shown = match prompt {
        None => Vec::new(),
        Some(prompt) => {
            let Some([encoding, errors]) = text_coding(stdout) else { return Ok(None) };
            let text = po::str(prompt)?;
            let bytes = call::call_method(text.as_object(), crate::intern!("encode"), &[&encoding, &errors])?;
            match bytes.downcast_ref::<PyBytes>() {
                Some(bytes) => bytes.as_bytes().to_vec(),
                None => Vec::new(),
            }
        }
    };
    if shown.contains(&0) {
        return Err(exc::value_error("input: prompt string cannot contain null characters"));
    }
    let Some(mut line) = reader(&shown)? else { return Err(PyErr::with_args(exc::EOFError(), Vec::new())) };
    if line.last() == Some(&b'\n') {
        line.pop();
    }
    let line = PyBytes::new(&line);
    call::call_method(line.as_object(), crate::intern!("decode"), &[&encoding, &errors]).map(Some)
}

/// A line through the file's `readline`, without its newline.
fn plain_line(stdin: &PyObject) -> PyResult<ObjRef> {
    let line = call::call_method(stdin, crate::intern!("readline"), &[])?;
    let eof = || exc::eof_error("EOF when reading a line");
    if let Some(text) = line.downcast_ref::<PyStr>() {
        return match text.len() {
            0 => Err(eof()),
            n if text.char_at(n - 1) == u32::from('\n') => Ok(text.substring(0, n - 1).into_obj()),
            _ => Ok(line),
        };
    }
    if let Some(bytes) = line.downcast_ref::<PyBytes>() {
        let content = bytes.as_bytes();
        let stripped: Ref<PyBytes> = match content {
            [] => return Err(eof()),
            [rest @ .., b'\n'] => PyBytes::new(rest),
            _ => bytes.to_ref(),
        };
        return Ok(stripped.into_obj());
    }
    Err(exc::type_error("object.readline() returned non-string"))
}
