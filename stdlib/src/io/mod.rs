//! `_io`: raw files, buffers, text.
//!
//! | File | What |
//! |---|---|
//! | `base` | the abstract classes: `_IOBase`, `_RawIOBase`, `_BufferedIOBase`, `_TextIOBase` |
//! | `fileio` | `FileIO`, on a file descriptor |
//! | `bytesio`, `stringio` | files in memory |
//! | `buffered` | `BufferedReader`, `BufferedWriter`, `BufferedRandom`, `BufferedRWPair` |
//! | `newline` | `IncrementalNewlineDecoder` |
//! | `text` | `TextIOWrapper` |

use rpy_vm::module_def::BuiltinModule;
use rpy_vm::object::class_impl::glue::add_class;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, exc, intern, pymodule};

pub mod base;
pub mod buffered;
pub mod bytesio;
pub mod fileio;
pub mod newline;
pub mod stringio;
pub mod text;

/// `io.DEFAULT_BUFFER_SIZE`.
pub const DEFAULT_BUFFER_SIZE: usize = 128 * 1024;

/// The module's definition.
pub static MODULE: &BuiltinModule = &_io::MODULE;

/// `io.UnsupportedOperation`, made when the module is.
static UNSUPPORTED: rpy_vm::OptRef = rpy_vm::OptRef::NULL;

/// An `io.UnsupportedOperation`.
pub fn unsupported(message: &str) -> rpy_vm::PyErr {
    match UNSUPPORTED.get().as_ref().and_then(|t| t.downcast_ref::<rpy_vm::PyTypeObject>()) {
        Some(class) => rpy_vm::PyErr::new(class, message),
        None => exc::os_error(message),
    }
}

/// The words of an `open` mode.
#[derive(Default)]
struct Mode {
    creating: bool,
    reading: bool,
    writing: bool,
    appending: bool,
    updating: bool,
    text: bool,
    binary: bool,
}

fn parse_mode(mode: &str) -> PyResult<Mode> {
    let invalid = || exc::value_error(format!("invalid mode: '{mode}'"));
    let mut m = Mode::default();
    for c in mode.chars() {
        let flag = match c {
            'x' => &mut m.creating,
            'r' => &mut m.reading,
            'w' => &mut m.writing,
            'a' => &mut m.appending,
            '+' => &mut m.updating,
            't' => &mut m.text,
            'b' => &mut m.binary,
            _ => return Err(invalid()),
        };
        if core::mem::replace(flag, true) {
            return Err(invalid());
        }
    }
    if m.text && m.binary {
        return Err(exc::value_error("can't have text and binary mode at once"));
    }
    if m.creating as u8 + m.reading as u8 + m.writing as u8 + m.appending as u8 != 1 {
        return Err(exc::value_error("must have exactly one of create/read/write/append mode"));
    }
    Ok(m)
}

/// `io.open`.
#[expect(clippy::too_many_arguments, reason = "they are open()'s")]
pub fn open(
    file: &PyObject,
    mode: &str,
    buffering: i64,
    encoding: Option<&PyObject>,
    errors: Option<&PyObject>,
    newline: Option<&PyObject>,
    closefd: &PyObject,
    opener: Option<&PyObject>,
) -> PyResult<ObjRef> {
    let path = if PyInt::check(file) { file.new_ref() } else { rpy_vm::runtime::paths::fspath(file)? };
    let m = parse_mode(mode)?;
    if m.binary && encoding.is_some() {
        return Err(exc::value_error("binary mode doesn't take an encoding argument"));
    }
    if m.binary && errors.is_some() {
        return Err(exc::value_error("binary mode doesn't take an errors argument"));
    }
    if m.binary && newline.is_some() {
        return Err(exc::value_error("binary mode doesn't take a newline argument"));
    }
    let mut raw_mode = String::new();
    for (flag, c) in [(m.creating, 'x'), (m.reading, 'r'), (m.writing, 'w'), (m.appending, 'a'), (m.updating, '+')] {
        if flag {
            raw_mode.push(c);
        }
    }
    let none = rpy_vm::none();
    let raw_mode = PyStr::new(&raw_mode);
    let raw = call::call(
        fileio::PyFileIO::type_object().as_object(),
        &[&path, raw_mode.as_object(), closefd, opener.unwrap_or(&none)],
    )?;
    // From here on a failure closes the file again, by the outermost stream there is.
    let mut outermost = raw.clone();
    wrap(&raw, &mut outermost, &m, mode, buffering, encoding, errors, newline).map_err(|error| match call::call_method(
        &outermost,
        intern!("close"),
        &[],
    ) {
        Ok(_) => error,
        Err(second) => {
            second.value().set_context(Some(error.into_object()));
            second
        }
    })
}

#[expect(clippy::too_many_arguments, reason = "they are open()'s")]
fn wrap(
    raw: &ObjRef,
    outermost: &mut ObjRef,
    m: &Mode,
    mode: &str,
    buffering: i64,
    encoding: Option<&PyObject>,
    errors: Option<&PyObject>,
    newline: Option<&PyObject>,
) -> PyResult<ObjRef> {
    let isatty = if buffering < 0 {
        let answer = call::call_method(raw, intern!("_isatty_open_only"), &[])?;
        protocol::is_true(&answer)?
    } else {
        false
    };
    let line_buffering = !m.binary && (buffering == 1 || isatty);
    if buffering == 0 {
        if m.binary {
            return Ok(raw.clone());
        }
        return Err(exc::value_error("can't have unbuffered text I/O"));
    }
    if buffering == 1 && m.binary {
        rpy_vm::runtime::warnings::warn(
            exc::RuntimeWarning(),
            "line buffering (buffering=1) isn't supported in binary mode, the default buffer size will be used",
            1,
        )?;
    }
    let size = if buffering < 0 || buffering == 1 {
        let blksize = protocol::getattr(raw, intern!("_blksize"))?;
        rpy_vm::protocol::number::as_isize(&blksize, None)?.clamp(DEFAULT_BUFFER_SIZE as isize, 8 << 20)
    } else {
        buffering as isize
    };
    let class = if m.updating {
        buffered::PyBufferedRandom::type_object()
    } else if m.reading {
        buffered::PyBufferedReader::type_object()
    } else {
        buffered::PyBufferedWriter::type_object()
    };
    let size = PyInt::from_isize(size);
    let buffer = call::call(class.as_object(), &[raw, size.as_object()])?;
    *outermost = buffer.clone();
    if m.binary {
        return Ok(buffer);
    }
    let none = rpy_vm::none();
    let line_buffering = rpy_vm::py_bool(line_buffering);
    let text = call::call(
        text::PyTextIOWrapper::type_object().as_object(),
        &[&buffer, encoding.unwrap_or(&none), errors.unwrap_or(&none), newline.unwrap_or(&none), &line_buffering],
    )?;
    *outermost = text.clone();
    protocol::setattr(&text, intern!("mode"), Some(PyStr::new(mode).as_object()))?;
    Ok(text)
}

/// The io module provides the Python interfaces to stream handling.
#[pymodule(name = "_io")]
pub mod _io {
    use super::*;

    #[pyattr]
    const DEFAULT_BUFFER_SIZE: usize = super::DEFAULT_BUFFER_SIZE;

    /// Open file and return a stream.  Raise OSError upon failure.
    #[pyfunction(
        sig = "(file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are open()'s")]
    fn open(
        file: &PyObject,
        mode: &str,
        buffering: i64,
        encoding: Option<&PyObject>,
        errors: Option<&PyObject>,
        newline: Option<&PyObject>,
        closefd: Option<&PyObject>,
        opener: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let yes = rpy_vm::py_bool(true);
        super::open(file, mode, buffering, encoding, errors, newline, closefd.unwrap_or(&yes), opener)
    }

    /// Opens the provided file with the intent to import the contents.
    #[pyfunction(sig = "(path)")]
    fn open_code(path: &PyObject) -> PyResult<ObjRef> {
        let yes = rpy_vm::py_bool(true);
        super::open(path, "rb", -1, None, None, None, &yes, None)
    }

    /// A helper function to choose the text encoding.
    #[pyfunction(sig = "(encoding, stacklevel=2, /)")]
    fn text_encoding(encoding: &PyObject, stacklevel: i64) -> PyResult<ObjRef> {
        if !rpy_vm::is_none(encoding) {
            return Ok(encoding.new_ref());
        }
        if rpy_vm::sysmodule::config::get().warn_default_encoding {
            rpy_vm::runtime::warnings::warn(
                exc::EncodingWarning(),
                "'encoding' argument not specified",
                stacklevel as isize,
            )?;
        }
        let name = if rpy_vm::sysmodule::config::get().utf8_mode { "utf-8" } else { "locale" };
        Ok(PyStr::interned(name).into_obj())
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let bases = PyTuple::new(vec![exc::OSError().to_obj(), exc::ValueError().to_obj()]);
        let namespace = rpy_vm::types::dict::PyDict::new();
        namespace.set_name("__module__", PyStr::interned("io").into_obj());
        let class = call::call(
            rpy_vm::PyTypeObject::type_object().as_object(),
            &[PyStr::interned("UnsupportedOperation").as_object(), bases.as_object(), namespace.as_object()],
        )?;
        UNSUPPORTED.set(Some(class.clone()));
        module.add("UnsupportedOperation", class)?;
        module.add("BlockingIOError", exc::BlockingIOError())?;
        add_class::<base::PyIOBase>(module)?;
        add_class::<base::PyRawIOBase>(module)?;
        add_class::<base::PyBufferedIOBase>(module)?;
        add_class::<base::PyTextIOBase>(module)?;
        add_class::<fileio::PyFileIO>(module)?;
        add_class::<bytesio::PyBytesIO>(module)?;
        add_class::<bytesio::PyBytesIOBuffer>(module)?;
        add_class::<stringio::PyStringIO>(module)?;
        add_class::<buffered::PyBufferedReader>(module)?;
        add_class::<buffered::PyBufferedWriter>(module)?;
        add_class::<buffered::PyBufferedRandom>(module)?;
        add_class::<buffered::PyBufferedRWPair>(module)?;
        add_class::<newline::PyIncrementalNewlineDecoder>(module)?;
        add_class::<text::PyTextIOWrapper>(module)?;
        Ok(())
    }
}
