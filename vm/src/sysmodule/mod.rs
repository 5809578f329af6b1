//! The `sys` module.
//!
//! | File | What |
//! |---|---|
//! | `config` | the configuration that start-up hands over |
//! | `c_flags` | the command line's flags as C variables |
//! | `structs` | `sys.flags`, `sys.float_info` and the other struct sequences |
//! | `functions` | the functions |
//! | `hooks` | `displayhook`, `excepthook`, `unraisablehook`, `breakpointhook` |
//! | `tracing` | `settrace`, `setprofile` and their relatives |
//! | `monitoring` | the `sys.monitoring` namespace |
//! | `std_printer` | `sys.stderr` until the real one is there |
//! | `stdlib_names` | `sys.stdlib_module_names` |

pub mod c_flags;
pub mod config;
pub mod frames;
pub mod functions;
pub mod hooks;
pub mod jit;
pub mod monitoring;
pub mod std_printer;
pub mod stdlib_names;
pub mod structs;
pub mod tracing;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::err::PyResult;
use crate::object::{ObjRef, PyStruct, Ref};
use crate::types::dict::PyDict;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::module::PyModule;
use crate::types::namespace;
use crate::types::set::PyFrozenSet;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// The Python version whose language and library this is.
pub const VERSION: (u8, u8, u8) = (3, 14, 0);
/// `sys.hexversion`.
pub const HEXVERSION: u32 = 0x030e_00f0;
/// The version of this interpreter.
pub const RPY_VERSION: &str = env!("CARGO_PKG_VERSION");

/// `sys.version`: the first word is the language version, the rest says what runs it.
pub fn version_text() -> String {
    format!("3.14.0 (rpy {RPY_VERSION}, {}) [Rust]", build_date())
}

fn build_date() -> &'static str {
    option_env!("RPY_BUILD_DATE").unwrap_or("main")
}

/// Text of the operating system (file names, arguments) as `str`, with `surrogateescape` for what is no UTF-8.
pub fn fs_decode(text: &OsStr) -> Ref<PyStr> {
    let bytes = text.as_bytes();
    if let Ok(text) = core::str::from_utf8(bytes) {
        return PyStr::new(text);
    }
    let mut points: Vec<u32> = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        points.extend(chunk.valid().chars().map(u32::from));
        points.extend(chunk.invalid().iter().map(|&byte| 0xdc00 + u32::from(byte)));
    }
    PyStr::from_ucs4(&points)
}

/// A `str` as the operating system wants it: UTF-8, with `surrogateescape`.
///
/// # Errors
/// `UnicodeEncodeError` for surrogates that do not stand for a byte.
pub fn fs_encode(text: &PyStr) -> PyResult<Vec<u8>> {
    if let Some(text) = text.as_str() {
        return Ok(text.as_bytes().to_vec());
    }
    let mut out = Vec::with_capacity(text.len());
    for (at, c) in text.data().iter().enumerate() {
        match char::from_u32(c) {
            Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            None if (0xdc80..=0xdcff).contains(&c) => out.push((c - 0xdc00) as u8),
            None => {
                return Err(crate::exc::unicode_encode_error(
                    "utf-8",
                    text.as_object(),
                    at,
                    at + 1,
                    "surrogates not allowed",
                ));
            }
        }
    }
    Ok(out)
}

/// Makes the `sys` module with its functions; [`fill`] adds the rest.
pub fn create(modules: &PyDict) -> PyResult<Ref<PyModule>> {
    let sys = functions::sys::MODULE.create()?;
    sys.dict().set_name("modules", modules.to_obj());
    Ok(sys)
}

/// The `-O` level.
pub fn optimize_level() -> u8 {
    config::get().optimize.clamp(0, 2) as u8
}

/// Does compiled code keep columns (`-X no_debug_ranges`, `PYTHONNODEBUGRANGES`)?
pub fn debug_ranges() -> bool {
    config::get().debug_ranges
}

fn os(text: &OsStr) -> ObjRef {
    fs_decode(text).into_obj()
}

fn str_list<'a>(items: impl Iterator<Item = &'a OsStr>) -> ObjRef {
    PyList::new(items.map(os).collect()).into_obj()
}

fn text(text: &str) -> ObjRef {
    PyStr::new(text).into_obj()
}

/// Adds the attributes that come from the configuration and from the build.
pub fn fill(sys: &PyModule) -> PyResult<()> {
    (functions::sys::MODULE.exec)(sys)?;
    let config = config::get();
    if config.int_max_str_digits >= 0 {
        crate::types::int::text::set_max_str_digits(config.int_max_str_digits as usize)?;
    }
    let dict = sys.dict();
    let add = |name: &str, value: ObjRef| dict.set_name(name, value);
    let int = |n: i64| PyInt::from_i64(n).into_obj();

    if config.verbose > 0 {
        add("stderr", std_printer::PyStdPrinter::new(2).into_obj());
    }
    add("version", text(&version_text()));
    add("hexversion", int(i64::from(HEXVERSION)));
    add("api_version", int(1013));
    add("copyright", text(COPYRIGHT));
    add("platform", text("linux"));
    add("byteorder", text("little"));
    add("maxsize", int(i64::MAX));
    add("maxunicode", int(0x10ffff));
    add("float_repr_style", text("short"));
    add("abiflags", text(""));
    add("_framework", text(""));
    add("_git", PyTuple::new(vec![text("rpy"), text(""), text("")]).into_obj());
    add("_rpy", rpy_info()?);

    let version_info = structs::version_info()?;
    add("version_info", version_info.clone());
    add("implementation", implementation(version_info)?);
    add("float_info", structs::float_info()?);
    add("int_info", structs::int_info()?);
    add("hash_info", structs::hash_info()?);
    add("thread_info", structs::thread_info()?);
    add("flags", structs::flags(config)?);
    c_flags::publish(config);

    add("argv", str_list(config.argv.iter().map(|arg| &**arg)));
    add("orig_argv", str_list(config.orig_argv.iter().map(|arg| &**arg)));
    add("path", str_list(config.module_search_paths.iter().map(|path| &**path)));
    add("path_hooks", PyList::new(Vec::new()).into_obj());
    add("path_importer_cache", PyDict::new().into_obj());
    add("meta_path", PyList::new(Vec::new()).into_obj());
    add("executable", os(&config.executable));
    add("_base_executable", os(&config.base_executable));
    add("prefix", os(&config.prefix));
    add("exec_prefix", os(&config.exec_prefix));
    add("base_prefix", os(&config.base_prefix));
    add("base_exec_prefix", os(&config.base_exec_prefix));
    add("platlibdir", text(&config.platlibdir));
    add("_stdlib_dir", config.stdlib_dir.as_deref().map_or_else(crate::none, os));
    add("_home", config.home.as_deref().map_or_else(crate::none, text));
    add("pycache_prefix", config.pycache_prefix.as_deref().map_or_else(crate::none, text));
    add("dont_write_bytecode", crate::py_bool(config.dont_write_bytecode));
    add("warnoptions", PyList::new(config.warnoptions.iter().map(|option| text(option)).collect()).into_obj());
    let xoptions = PyDict::new();
    for (name, value) in &config.xoptions {
        xoptions.set_name(name, value.as_deref().map_or_else(|| crate::py_bool(true), text));
    }
    add("_xoptions", xoptions.into_obj());

    let names = crate::import::builtin_module_names();
    add("builtin_module_names", PyTuple::new(names.into_iter().map(text).collect()).into_obj());
    let names: Vec<ObjRef> =
        stdlib_names::STDLIB_MODULE_NAMES.iter().map(|name| PyStr::interned(name).into_obj()).collect();
    add("stdlib_module_names", PyFrozenSet::from_items(&names)?.into_obj());

    for hook in ["displayhook", "excepthook", "unraisablehook", "breakpointhook"] {
        if let Some(function) = dict.get_name(hook) {
            add(&format!("__{hook}__"), function);
        }
    }
    add("monitoring", monitoring::create()?);
    add("_jit", jit::create()?);
    Ok(())
}

/// `sys._rpy`: what this interpreter is.
fn rpy_info() -> PyResult<ObjRef> {
    let parts = RPY_VERSION.split('.').map(|part| PyInt::from_i64(part.parse().unwrap_or(0)).into_obj());
    let info = PyTuple::new(parts.collect()).into_obj();
    Ok(namespace::from_pairs(vec![("version", text(RPY_VERSION)), ("version_info", info)]).into_obj())
}

/// `sys.implementation`.
fn implementation(version_info: ObjRef) -> PyResult<ObjRef> {
    Ok(namespace::from_pairs(vec![
        // The ABI is CPython's, and this name is what selects packages built for it.
        ("name", text("cpython")),
        ("cache_tag", text("rpy-314")),
        ("version", version_info),
        ("hexversion", PyInt::from_i64(i64::from(HEXVERSION)).into_obj()),
        ("_multiarch", text("x86_64-linux-gnu")),
        ("supports_isolated_interpreters", crate::py_bool(false)),
    ])
    .into_obj())
}

/// A float as an object, for tables.
pub(crate) fn float(value: f64) -> ObjRef {
    PyFloat::new(value).into_obj()
}

const COPYRIGHT: &str = "Copyright (c) 2026 The rpy developers.\nAll Rights Reserved.\n\n\
Python library: Copyright (c) 2001 Python Software Foundation.\nAll Rights Reserved.\n\n\
Copyright (c) 2000 BeOpen.com.\nAll Rights Reserved.\n\n\
Copyright (c) 1995-2001 Corporation for National Research Initiatives.\nAll Rights Reserved.\n\n\
Copyright (c) 1991-1995 Stichting Mathematisch Centrum, Amsterdam.\nAll Rights Reserved.";
