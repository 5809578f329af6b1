//! `sys.stdin`, `sys.stdout` and `sys.stderr`.

use crate::err::PyResult;
use crate::object::refs::{ObjRef, PyStruct};
use crate::protocol::{call, object as protocol};
use crate::runtime::sys_state;
use crate::sysmodule::config;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// Opens the three streams, as text over buffered over raw files. A closed descriptor gives `None`.
///
/// # Errors
/// What `_io` raises.
pub fn open_standard() -> PyResult<()> {
    let io = crate::import::import_module("_io")?;
    if let Some(builtins) = sys_state::builtins_module() {
        builtins.dict().set_name("open", protocol::getattr(&io, crate::intern!("open"))?);
    }
    for (fd, name, write) in [(0, "stdin", false), (1, "stdout", true), (2, "stderr", true)] {
        let stream = open(&io, fd, name, write)?;
        sys_state::set(name, stream.clone());
        sys_state::set(&format!("__{name}__"), stream);
    }
    Ok(())
}

fn open(io: &crate::PyObject, fd: i64, name: &str, write: bool) -> PyResult<ObjRef> {
    // SAFETY: asking about a descriptor.
    if unsafe { libc::fcntl(fd as i32, libc::F_GETFD) } < 0 {
        return Ok(crate::none());
    }
    let config = config::get();
    let number = PyInt::from_i64(fd);
    let mode = PyStr::new(if write { "wb" } else { "rb" });
    let unbuffered = write && config.unbuffered;
    let open = protocol::getattr(io, crate::intern!("open"))?;
    let names = PyTuple::new(vec![PyStr::interned("buffering").into_obj(), PyStr::interned("closefd").into_obj()]);
    let buffering = PyInt::from_i64(if unbuffered { 0 } else { -1 });
    let closefd = crate::py_bool(false);
    let buffer =
        call::call_kw(&open, &[number.as_object(), mode.as_object(), buffering.as_object(), &closefd], Some(&names))?;
    let raw: ObjRef = if unbuffered { buffer.clone() } else { protocol::getattr(&buffer, crate::intern!("raw"))? };
    let shown = PyStr::from_string(format!("<{name}>"));
    protocol::setattr(&raw, crate::intern!("name"), Some(shown.as_object()))?;
    let isatty = call::call_method(&raw, crate::intern!("isatty"), &[])?;
    let terminal = protocol::is_true(&isatty)?;
    let errors = if fd == 2 { "backslashreplace" } else { &*config.stdio_errors };
    let wrapper = protocol::getattr(io, crate::intern!("TextIOWrapper"))?;
    let names = PyTuple::new(
        ["encoding", "errors", "newline", "line_buffering", "write_through"]
            .iter()
            .map(|n| PyStr::interned(n).into_obj())
            .collect(),
    );
    let encoding = codec_name(&config.stdio_encoding)?;
    let errors = PyStr::new(errors);
    let newline = if write { PyStr::new("\n").into_obj() } else { crate::none() };
    let line_buffering = crate::py_bool(write && (terminal || fd == 2) && !unbuffered);
    let write_through = crate::py_bool(unbuffered);
    let stream = call::call_kw(
        &wrapper,
        &[&buffer, &encoding, errors.as_object(), &newline, &line_buffering, &write_through],
        Some(&names),
    )?;
    let mode = PyStr::new(if write { "w" } else { "r" });
    protocol::setattr(&stream, crate::intern!("mode"), Some(mode.as_object()))?;
    Ok(stream)
}

/// The codec's own name for an encoding: `iso8859-1` for `latin1`.
fn codec_name(encoding: &str) -> PyResult<ObjRef> {
    let given = PyStr::new(encoding).into_obj();
    if encoding == "utf-8" {
        return Ok(given);
    }
    let codecs = crate::import::import_module("_codecs")?;
    let lookup = protocol::getattr(&codecs, crate::intern!("lookup"))?;
    let info = call::call_one(&lookup, &given)?;
    protocol::getattr(&info, crate::intern!("name"))
}
