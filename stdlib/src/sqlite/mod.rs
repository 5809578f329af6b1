//! `_sqlite3`: databases in files and in memory.
//!
//! | File | What |
//! |---|---|
//! | `connection` | connections: opening and closing, transactions, settings |
//! | `cursor` | running statements, fetching rows |
//! | `statement` | prepared statements |
//! | `binding` | parameters of statements |
//! | `columns` | names and values of columns |
//! | `adapt` | adapters and converters |
//! | `row`, `blob` | the smaller objects |
//! | `functions` | SQL functions, aggregates, window functions and collations in Python |
//! | `hooks` | authorizers, progress handlers, tracing |
//! | `transfer` | copies of databases, their bytes, extensions |
//! | `errors` | the exceptions |
//! | `arguments` | warnings of arguments by position or keyword |
//! | `threads` | the GIL around SQLite |
//! | `constants` | the numbers |

pub mod adapt;
pub mod arguments;
pub mod binding;
pub mod blob;
pub mod columns;
pub mod connection;
pub mod constants;
pub mod cursor;
pub mod errors;
pub mod functions;
pub mod hooks;
pub mod row;
pub mod statement;
pub mod threads;
pub mod transfer;

#[rpy_vm::pymodule(name = "_sqlite3")]
pub mod sqlite3_ {
    use libsqlite3_sys as ffi;
    use rpy_vm::args::KwArgs;
    use rpy_vm::object::class_impl::glue::{add_class, ready_class};
    use rpy_vm::protocol::call;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, exc};

    use super::adapt::{self, PyPrepareProtocol};
    use super::arguments::warn_of_positions;
    use super::blob::PyBlob;
    use super::connection::{LEGACY_TRANSACTION_CONTROL, PyConnection};
    use super::cursor::PyCursor;
    use super::row::PyRow;
    use super::statement::PyStatement;
    use super::threads::c_text;
    use super::{columns, constants, errors, functions};
    use crate::support::add_numbers;

    /// Where `connect` takes a factory by position.
    const FACTORY: usize = 5;

    /// connect($module, /, database, timeout=5.0, detect_types=0,
    ///         isolation_level='', check_same_thread=True,
    ///         factory=ConnectionType, cached_statements=128, uri=False, *,
    ///         autocommit=sqlite3.LEGACY_TRANSACTION_CONTROL)
    /// --
    ///
    /// Open a connection to the SQLite database file 'database'.
    ///
    /// You can use ":memory:" to open a database connection to a database that
    /// resides in RAM instead of on disk.
    ///
    /// Note: Passing more than 1 positional argument to _sqlite3.connect() is
    /// deprecated. Parameters 'timeout', 'detect_types', 'isolation_level',
    /// 'check_same_thread', 'factory', 'cached_statements' and 'uri' will
    /// become keyword-only parameters in Python 3.15.
    #[pyfunction(sig = "(*args, **kwargs)", unsigned)]
    fn connect(args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<ObjRef> {
        warn_of_positions("sqlite3.connect", args.len())?;
        let factory = args.get(FACTORY).copied().or_else(|| kwargs.get("factory"));
        let kwargs = kwargs.to_dict()?;
        let factory = factory.unwrap_or(PyConnection::type_object().as_object());
        let args = PyTuple::try_from_slice(args)?;
        call::call_tuple(factory, &args, kwargs.as_deref())
    }

    /// Checks if a string contains a complete SQL statement.
    #[pyfunction(sig = "($module, /, statement)")]
    fn complete_statement(statement: &str) -> PyResult<bool> {
        let text = c_text(statement)?;
        // SAFETY: a NUL-terminated text.
        Ok(unsafe { ffi::sqlite3_complete(text.as_ptr()) } != 0)
    }

    /// Enable or disable callback functions throwing errors to stderr.
    #[pyfunction(sig = "($module, enable, /)")]
    fn enable_callback_tracebacks(enable: i32) {
        functions::show_tracebacks(enable != 0);
    }

    /// Register a function to adapt Python objects to SQLite values.
    #[pyfunction(sig = "($module, type, adapter, /)")]
    fn register_adapter(class: &PyObject, adapter: &PyObject) -> PyResult<()> {
        adapt::register_adapter(class, adapter)
    }

    /// Register a function to convert SQLite values to Python objects.
    #[pyfunction(sig = "($module, typename, converter, /)")]
    fn register_converter(typename: &PyStr, converter: &PyObject) -> PyResult<()> {
        adapt::register_converter(typename.as_object(), converter)
    }

    /// Adapt given object to given protocol.
    #[pyfunction(name = "adapt", sig = "($module, obj, proto=PrepareProtocolType, alt=<unrepresentable>, /)")]
    fn adapt_object(obj: &PyObject, proto: Option<&PyObject>, alt: Option<&PyObject>) -> PyResult<ObjRef> {
        adapt::adapt(obj, proto.unwrap_or(adapt::default_protocol()), alt)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        // SAFETY: before anything else is called; names of databases are URIs only where that is asked for, whatever the
        // library was compiled with. A number follows, as this setting wants.
        unsafe {
            ffi::sqlite3_config(ffi::SQLITE_CONFIG_URI, 0 as core::ffi::c_int);
            if ffi::sqlite3_initialize() != ffi::SQLITE_OK {
                return Err(exc::import_error("SQLite could not be initialized"));
            }
        }
        errors::add_classes(module)?;
        add_class::<PyBlob>(module)?;
        add_class::<PyConnection>(module)?;
        add_class::<PyCursor>(module)?;
        add_class::<PyPrepareProtocol>(module)?;
        add_class::<PyRow>(module)?;
        ready_class::<PyStatement>()?;
        for (name, kept) in [("adapters", &adapt::ADAPTERS), ("converters", &adapt::CONVERTERS)] {
            if kept.is_null() {
                kept.set(Some(PyDict::new()));
            }
            module.add(name, kept.get())?;
        }
        for numbers in [constants::CODES, constants::ACTIONS, constants::LIMITS, constants::SETTINGS] {
            add_numbers(module, numbers)?;
        }
        module.add("LEGACY_TRANSACTION_CONTROL", LEGACY_TRANSACTION_CONTROL)?;
        module.add("PARSE_DECLTYPES", columns::PARSE_DECLTYPES)?;
        module.add("PARSE_COLNAMES", columns::PARSE_COLNAMES)?;
        module.add("sqlite_version", ffi::SQLITE_VERSION.to_string_lossy().into_owned())?;
        // SAFETY: no preconditions. What the library was compiled for, as the database interface numbers it.
        let threads = match unsafe { ffi::sqlite3_threadsafe() } {
            0 => 0,
            1 => 3,
            _ => 1,
        };
        module.add("threadsafety", threads)
    }
}

pub use sqlite3_::MODULE;
