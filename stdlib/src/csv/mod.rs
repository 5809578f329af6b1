//! `_csv`: reading and writing CSV files.
//!
//! | File | What |
//! |---|---|
//! | `dialect` | options |
//! | `reader` | lines to lists of fields |
//! | `writer` | fields to lines |

use core::cell::Cell;

use rpy_vm::types::dict::PyDict;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, exc};

pub mod dialect;
pub mod reader;
pub mod writer;

/// `csv.Error`.
static ERROR: OptRef = OptRef::NULL;
/// Dialects by name.
static DIALECTS: OptRef<PyDict> = OptRef::NULL;

struct Limit(Cell<i64>);
// SAFETY: touched under the GIL only.
unsafe impl Sync for Limit {}
static FIELD_LIMIT: Limit = Limit(Cell::new(128 * 1024));

/// A `csv.Error`.
pub fn error(message: impl Into<String>) -> PyErr {
    crate::support::error_of(&ERROR, exc::Exception(), message)
}

/// The longest field a reader accepts. It may be negative.
pub fn field_limit() -> i64 {
    FIELD_LIMIT.0.get()
}

/// A dialect by its name.
///
/// # Errors
/// `csv.Error` if there is none.
pub fn lookup(name: &PyObject) -> PyResult<ObjRef> {
    let found = match DIALECTS.get() {
        Some(dialects) => dialects.get_item(name)?,
        None => None,
    };
    found.ok_or_else(|| error("unknown dialect"))
}

/// CSV parsing and writing.
#[rpy_vm::pymodule(name = "_csv")]
pub mod csv_ {
    use rpy_vm::args::KwArgs;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::list::PyList;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, exc};

    use super::{DIALECTS, ERROR, FIELD_LIMIT, dialect, error, lookup, reader, writer};

    #[pyattr]
    const QUOTE_MINIMAL: i32 = 0;
    #[pyattr]
    const QUOTE_ALL: i32 = 1;
    #[pyattr]
    const QUOTE_NONNUMERIC: i32 = 2;
    #[pyattr]
    const QUOTE_NONE: i32 = 3;
    #[pyattr]
    const QUOTE_STRINGS: i32 = 4;
    #[pyattr]
    const QUOTE_NOTNULL: i32 = 5;

    ///     csv_reader = reader(iterable [, dialect='excel']
    ///                             [optional keyword args])
    ///     for row in csv_reader:
    ///         process(row)
    ///
    /// The "iterable" argument can be any object that returns a line
    /// of input for each iteration, such as a file object or a list.  The
    /// optional "dialect" parameter is discussed below.  The function
    /// also accepts optional keyword arguments which override settings
    /// provided by the dialect.
    ///
    /// The returned object is an iterator.  Each iteration returns a row
    /// of the CSV file (which can span multiple input lines).
    #[pyfunction(name = "reader", sig = "(iterable, dialect='excel', /, **fmtparams)")]
    fn make_reader(iterable: &PyObject, dialect: Option<&PyObject>, fmtparams: KwArgs<'_>) -> PyResult<ObjRef> {
        reader::new(iterable, dialect::from_call(dialect, &fmtparams)?)
    }

    ///     csv_writer = csv.writer(fileobj [, dialect='excel']
    ///                             [optional keyword args])
    ///     for row in sequence:
    ///         csv_writer.writerow(row)
    ///
    ///     [or]
    ///
    ///     csv_writer = csv.writer(fileobj [, dialect='excel']
    ///                             [optional keyword args])
    ///     csv_writer.writerows(rows)
    ///
    /// The "fileobj" argument can be any object that supports the file API.
    #[pyfunction(name = "writer", sig = "(fileobj, dialect='excel', /, **fmtparams)")]
    fn make_writer(fileobj: &PyObject, dialect: Option<&PyObject>, fmtparams: KwArgs<'_>) -> PyResult<ObjRef> {
        writer::new(fileobj, dialect::from_call(dialect, &fmtparams)?)
    }

    /// Return a list of all known dialect names.
    ///
    ///     names = csv.list_dialects()
    #[pyfunction]
    fn list_dialects() -> ObjRef {
        PyList::new(DIALECTS.get().map_or_else(Vec::new, |d| d.keys_vec())).into_obj()
    }

    /// Create a mapping from a string name to a dialect class.
    ///     dialect = csv.register_dialect(name[, dialect[, **fmtparams]])
    #[pyfunction(sig = "(name, dialect=None, /, **fmtparams)")]
    fn register_dialect(name: &PyObject, dialect: Option<&PyObject>, fmtparams: KwArgs<'_>) -> PyResult<()> {
        if name.downcast_ref::<PyStr>().is_none() {
            return Err(exc::type_error("dialect name must be a string"));
        }
        let dialect = dialect::from_call(dialect, &fmtparams)?;
        match DIALECTS.get() {
            Some(dialects) => dialects.set_item(name, dialect.as_object()),
            None => Err(error("module is gone")),
        }
    }

    /// Delete the name/dialect mapping associated with a string name.
    ///
    ///     csv.unregister_dialect(name)
    #[pyfunction(sig = "(name)")]
    fn unregister_dialect(name: &PyObject) -> PyResult<()> {
        match DIALECTS.get() {
            Some(dialects) if dialects.del_item(name)? => Ok(()),
            _ => Err(error("unknown dialect")),
        }
    }

    /// Return the dialect instance associated with name.
    ///
    ///     dialect = csv.get_dialect(name)
    #[pyfunction(sig = "(name)")]
    fn get_dialect(name: &PyObject) -> PyResult<ObjRef> {
        lookup(name)
    }

    /// Sets an upper limit on parsed fields.
    ///
    ///     csv.field_size_limit([limit])
    ///
    /// Returns old limit. If limit is not given, no new limit is set and
    /// the old limit is returned
    #[pyfunction(sig = "(new_limit=<unrepresentable>)")]
    fn field_size_limit(new_limit: Option<&PyObject>) -> PyResult<i64> {
        let old = FIELD_LIMIT.0.get();
        if let Some(limit) = new_limit {
            let Some(limit) = limit.downcast_exact::<PyInt>() else {
                return Err(exc::type_error("limit must be an integer"));
            };
            let limit =
                limit.as_i64().ok_or_else(|| exc::overflow_error("Python int too large to convert to C long"))?;
            FIELD_LIMIT.0.set(limit);
        }
        Ok(old)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let class = crate::support::exception_class("_csv", "Error", exc::Exception())?;
        ERROR.set(Some(class.clone()));
        module.add("Error", class)?;
        let dialects = PyDict::new();
        DIALECTS.set(Some(dialects.clone()));
        module.add("_dialects", dialects)?;
        add_class::<dialect::PyDialect>(module)?;
        for (name, ty) in [("Reader", reader::PyReader::type_object()), ("Writer", writer::PyWriter::type_object())] {
            ensure_ready(ty)?;
            module.add(name, ty.to_obj())?;
        }
        Ok(())
    }
}
