//! `Connection`: an open database.

use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_int};
use std::rc::Rc;

use libsqlite3_sys as ffi;
use rpy_vm::args::{DictKeywords, KwArgs};
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::ArgStrOrBytes;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::runtime::{audit, paths, thread, unraisable, warnings};
use rpy_vm::sysmodule::functions::is_finalizing;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::exceptions::base::{PyBaseException, chain};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::weakref::PyWeakRef;
use rpy_vm::{
    ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods,
};

use super::arguments::{Signature, keywords, signature, warn_of_keywords, warn_of_positions};
use super::blob::PyBlob;
use super::constants::SETTINGS;
use super::cursor::PyCursor;
use super::errors::{self, Kind};
use super::statement::PyStatement;
use super::threads::{c_text, unlocked};
use super::{functions, hooks, transfer};

// The crate leaves it out.
unsafe extern "C" {
    fn sqlite3_close_v2(db: *mut ffi::sqlite3) -> c_int;
}

/// `LEGACY_TRANSACTION_CONTROL`.
pub const LEGACY_TRANSACTION_CONTROL: i64 = -1;

/// Who begins and ends transactions.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Autocommit {
    /// `isolation_level` says when one begins.
    Legacy,
    /// SQLite's own way: each statement is one.
    Enabled,
    /// There always is one.
    Disabled,
}

impl Autocommit {
    fn of(value: &PyObject) -> PyResult<Autocommit> {
        if value.is(&rpy_vm::py_bool(true)) {
            Ok(Autocommit::Enabled)
        } else if value.is(&rpy_vm::py_bool(false)) {
            Ok(Autocommit::Disabled)
        } else if value.downcast_ref::<PyInt>().is_some_and(|n| n.as_i64() == Some(LEGACY_TRANSACTION_CONTROL)) {
            Ok(Autocommit::Legacy)
        } else {
            Err(exc::value_error("autocommit must be True, False, or sqlite3.LEGACY_TRANSACTION_CONTROL"))
        }
    }
}

/// The isolation levels, and how a transaction of each begins.
const LEVELS: [(&str, &CStr); 4] = [
    ("", c"BEGIN "),
    ("DEFERRED", c"BEGIN DEFERRED"),
    ("IMMEDIATE", c"BEGIN IMMEDIATE"),
    ("EXCLUSIVE", c"BEGIN EXCLUSIVE"),
];

/// An isolation level's place in the table; `None` for None.
fn level_of(value: &PyObject) -> PyResult<Option<usize>> {
    if rpy_vm::is_none(value) {
        return Ok(None);
    }
    let Some(text) = value.downcast_ref::<PyStr>() else {
        return Err(exc::type_error("isolation_level must be str or None"));
    };
    let text = text.as_utf8()?;
    if text.contains('\0') {
        return Err(exc::value_error("embedded null character"));
    }
    match LEVELS.iter().position(|(name, _)| name.eq_ignore_ascii_case(text)) {
        Some(level) => Ok(Some(level)),
        None => Err(exc::value_error("isolation_level string must be '', 'DEFERRED', 'IMMEDIATE', or 'EXCLUSIVE'")),
    }
}

/// SQLite's connection. Whoever uses it without the GIL has a share in it: it is closed when the last one lets go, which may
/// be later than `close` if a callback or another thread calls that.
pub struct Database(*mut ffi::sqlite3);

impl Database {
    /// SQLite's pointer, which is good as long as this lives.
    pub fn raw(&self) -> *mut ffi::sqlite3 {
        self.0
    }

    /// Success, or the exception for a failure.
    ///
    /// # Errors
    /// SQLite's.
    pub fn check(&self, code: c_int) -> PyResult<()> {
        errors::check(self.0, code)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let raw = self.0;
        // SAFETY: ours, and nobody else has it.
        unlocked(|| unsafe { sqlite3_close_v2(raw) });
    }
}

/// SQLite database connection object.
#[pyclass(name = "Connection", module = "sqlite3", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyConnection {
    ob_base: PyObject,
    /// `None` when closed.
    #[pytraverse(skip)]
    db: RefCell<Option<Rc<Database>>>,
    pub detect_types: Cell<i32>,
    /// The isolation level's place in the table.
    #[pytraverse(skip)]
    level: Cell<Option<usize>>,
    #[pytraverse(skip)]
    autocommit: Cell<Autocommit>,
    initialized: Cell<bool>,
    check_same_thread: Cell<bool>,
    thread: Cell<u64>,
    /// Prepared statements by their text, the ones used last at the end.
    cache: OptRef<PyDict>,
    cache_size: Cell<usize>,
    row_factory: OptRef,
    pub text_factory: OptRef,
    /// Weak references to open blobs.
    #[pytraverse(skip)]
    blobs: RefCell<Vec<Ref<PyWeakRef>>>,
    /// What SQLite asks for leave, tells of statements, and calls now and then.
    pub authorizer: OptRef,
    pub tracer: OptRef,
    pub progress: OptRef,
    /// What a collation raised: SQLite cannot be told.
    pub pending: OptRef<PyBaseException>,
}

impl Drop for PyConnection {
    fn drop(&mut self) {
        self.close_database();
    }
}

static INIT: Signature = signature!(
    "Connection",
    [
        "database",
        "timeout",
        "detect_types",
        "isolation_level",
        "check_same_thread",
        "factory",
        "cached_statements",
        "uri",
        "autocommit",
    ],
    1,
    8,
    &[false]
);
static CREATE_FUNCTION: Signature =
    signature!("create_function", ["name", "narg", "func", "deterministic"], 3, 3, &[false]);
static CREATE_AGGREGATE: Signature = signature!("create_aggregate", ["name", "n_arg", "aggregate_class"], 3, 3, &[]);
static SET_AUTHORIZER: Signature = signature!("set_authorizer", ["authorizer_callback"], 1, 1, &[]);
static SET_PROGRESS_HANDLER: Signature = signature!("set_progress_handler", ["progress_handler", "n"], 2, 2, &[]);
static SET_TRACE_CALLBACK: Signature = signature!("set_trace_callback", ["trace_callback"], 1, 1, &[]);

/// `None` for None.
fn unless_none(object: &PyObject) -> Option<&PyObject> {
    (!rpy_vm::is_none(object)).then_some(object)
}

/// `backup() argument 'target' must be sqlite3.Connection, not int`.
fn other_connection<'a>(function: &str, argument: &str, object: &'a PyObject) -> PyResult<&'a PyConnection> {
    object.downcast_ref::<PyConnection>().ok_or_else(|| {
        let got = if rpy_vm::is_none(object) { "None" } else { object.ty().name() };
        exc::type_error(format!("{function}() argument '{argument}' must be sqlite3.Connection, not {got}"))
    })
}

fn not_initialized() -> PyErr {
    errors::programming("Base Connection.__init__ not called.")
}

impl PyConnection {
    fn blank() -> PyConnection {
        PyConnection {
            ob_base: PyObject::placeholder(),
            db: RefCell::new(None),
            detect_types: Cell::new(0),
            level: Cell::new(Some(0)),
            autocommit: Cell::new(Autocommit::Legacy),
            initialized: Cell::new(false),
            check_same_thread: Cell::new(true),
            thread: Cell::new(0),
            cache: OptRef::NULL,
            cache_size: Cell::new(0),
            row_factory: OptRef::some(rpy_vm::none()),
            text_factory: OptRef::some(PyStr::type_object().to_obj()),
            blobs: RefCell::new(Vec::new()),
            authorizer: OptRef::NULL,
            tracer: OptRef::NULL,
            progress: OptRef::NULL,
            pending: OptRef::NULL,
        }
    }

    /// # Errors
    /// `ProgrammingError` in a thread that did not open the connection, unless it was opened for all.
    pub fn check_thread(&self) -> PyResult<()> {
        if !self.initialized.get() || !self.check_same_thread.get() {
            return Ok(());
        }
        let (here, there) = (thread::current().thread_id.get(), self.thread.get());
        if here == there {
            return Ok(());
        }
        Err(errors::programming(format!(
            "SQLite objects created in a thread can only be used in that same thread. The object was created in thread \
             id {there} and this is thread id {here}."
        )))
    }

    /// SQLite's connection.
    ///
    /// # Errors
    /// `ProgrammingError` if it is closed or never was opened.
    pub fn check_open(&self) -> PyResult<Rc<Database>> {
        if !self.initialized.get() {
            return Err(not_initialized());
        }
        self.database().ok_or_else(|| errors::programming("Cannot operate on a closed database."))
    }

    /// A share in SQLite's connection, unless it is closed.
    fn database(&self) -> Option<Rc<Database>> {
        self.db.borrow().clone()
    }

    fn check(&self) -> PyResult<Rc<Database>> {
        self.check_thread()?;
        self.check_open()
    }

    /// Who begins and ends transactions.
    pub fn autocommit_mode(&self) -> Autocommit {
        self.autocommit.get()
    }

    /// Is there a transaction?
    pub fn has_transaction(&self) -> bool {
        // SAFETY: an open connection.
        self.database().is_some_and(|db| unsafe { ffi::sqlite3_get_autocommit(db.raw()) == 0 })
    }

    /// How many rows the last statement has changed.
    pub fn changes(&self) -> i64 {
        // SAFETY: an open connection.
        self.database().map_or(0, |db| unsafe { ffi::sqlite3_changes64(db.raw()) })
    }

    /// Runs a statement without parameters and rows.
    ///
    /// # Errors
    /// SQLite's.
    pub fn run_plain(&self, sql: &CStr) -> PyResult<()> {
        let db = self.check_open()?;
        // SAFETY: an open connection; the statement is finalized once.
        let code = unlocked(|| unsafe {
            let mut statement = core::ptr::null_mut();
            let code = ffi::sqlite3_prepare_v2(db.raw(), sql.as_ptr(), -1, &mut statement, core::ptr::null_mut());
            if code != ffi::SQLITE_OK {
                return code;
            }
            ffi::sqlite3_step(statement);
            ffi::sqlite3_finalize(statement)
        });
        db.check(code)
    }

    /// Begins the transaction of a statement that changes rows, if that is our business.
    ///
    /// # Errors
    /// SQLite's.
    pub fn begin_if_needed(&self) -> PyResult<()> {
        if self.autocommit.get() == Autocommit::Legacy
            && let Some(level) = self.level.get()
            && !self.has_transaction()
        {
            self.run_plain(LEVELS[level].1)?;
        }
        Ok(())
    }

    /// Raises what a collation has left.
    ///
    /// # Errors
    /// Just that.
    pub fn raise_pending(&self) -> PyResult<()> {
        match self.pending.take() {
            Some(error) => Err(PyErr::from_exception(error)),
            None => Ok(()),
        }
    }

    /// Runs a statement to its next row (`SQLITE_ROW`) or its end (`SQLITE_DONE`).
    ///
    /// # Errors
    /// SQLite's.
    pub fn step(&self, statement: &PyStatement) -> PyResult<c_int> {
        let code = statement.step();
        if code == ffi::SQLITE_ROW || code == ffi::SQLITE_DONE {
            self.raise_pending()?;
            return Ok(code);
        }
        if let Some(error) = self.pending.take()
            && functions::shows_tracebacks()
        {
            PyErr::from_exception(error).write_unraisable(None);
        }
        Err(errors::failure(statement.database().raw(), code))
    }

    /// The statement for a text: prepared before, or now.
    ///
    /// # Errors
    /// As for preparing it.
    pub fn statement(&self, sql: &PyStr) -> PyResult<Ref<PyStatement>> {
        let db = self.check_open()?;
        let sql = sql.to_exact()?;
        let Some(cache) = self.cache.get() else { return PyStatement::prepare(&db, &sql) };
        let hash = protocol::hash(sql.as_object())?;
        if let Some(Ok(found)) = cache.get_item_hash(sql.as_object(), hash)?.map(|s| s.downcast::<PyStatement>()) {
            cache.move_to_end(sql.as_object(), hash)?;
            return Ok(found);
        }
        let statement = PyStatement::prepare(&db, &sql)?;
        if self.cache_size.get() > 0 {
            cache.set_item_hash(sql.as_object(), hash, statement.clone().into_obj())?;
            if cache.len() > self.cache_size.get() {
                drop(cache.pop_first());
            }
        }
        Ok(statement)
    }

    /// Keeps a blob in mind, which has to be closed with the connection.
    fn remember_blob(&self, blob: &PyBlob) -> PyResult<()> {
        let weak = PyWeakRef::new_ref_to(blob.as_object(), None)?;
        let mut blobs = self.blobs.borrow_mut();
        let (alive, dead): (Vec<_>, Vec<_>) = blobs.drain(..).partition(|weak| !weak.is_dead());
        *blobs = alive;
        blobs.push(weak);
        drop(blobs);
        drop(dead);
        Ok(())
    }

    fn close_blobs(&self) {
        let blobs = self.blobs.take();
        for weak in blobs {
            if let Some(blob) = weak.get().as_ref().and_then(|b| b.downcast_ref::<PyBlob>()) {
                blob.release();
            }
        }
    }

    /// Lets go of SQLite's connection. Statements that are in use keep it, but nothing else can reach it.
    fn close_database(&self) {
        let Some(db) = self.db.take() else { return };
        hooks::remove(db.raw());
        drop(db);
    }

    /// Rolls back what is under way, if that is our business, and closes.
    fn shut(&self) -> PyResult<()> {
        let rolled_back = if self.autocommit.get() == Autocommit::Disabled && self.has_transaction() {
            self.run_plain(c"ROLLBACK")
        } else {
            Ok(())
        };
        self.close_database();
        rolled_back
    }

    /// Lets go of everything that belongs to the database before.
    fn forget(&self) {
        self.cache.take();
        self.row_factory.set(Some(rpy_vm::none()));
        self.text_factory.set(Some(PyStr::type_object().to_obj()));
        self.authorizer.take();
        self.tracer.take();
        self.progress.take();
        self.pending.take();
    }

    fn open(&self, database: &CStr, timeout: f64, uri: bool) -> PyResult<()> {
        let mut flags = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE;
        if uri {
            flags |= ffi::SQLITE_OPEN_URI;
        }
        let mut db = core::ptr::null_mut();
        // SAFETY: a NUL-terminated name and room for the answer, which is to be closed even after a failure.
        let code = unlocked(|| unsafe {
            let code = ffi::sqlite3_open_v2(database.as_ptr(), &mut db, flags, core::ptr::null());
            if code == ffi::SQLITE_OK {
                ffi::sqlite3_busy_timeout(db, (timeout * 1000.0) as c_int);
                // The library may have been compiled with another default.
                let (off, nowhere) = (0 as c_int, core::ptr::null_mut::<c_int>());
                ffi::sqlite3_db_config(db, ffi::SQLITE_DBCONFIG_ENABLE_FKEY, off, nowhere);
            }
            code
        });
        let db = Rc::new(Database(db));
        if code != ffi::SQLITE_OK {
            return Err(errors::failure(db.raw(), code));
        }
        *self.db.borrow_mut() = Some(db);
        Ok(())
    }

    fn cursor_of(&self, factory: Option<&PyObject>) -> PyResult<ObjRef> {
        self.check()?;
        let cursor = match factory {
            None => PyCursor::new(self).into_obj(),
            Some(factory) => call::call_one(factory, self.as_object())?,
        };
        let Some(as_cursor) = cursor.downcast_ref::<PyCursor>() else {
            return Err(exc::type_error(format!("factory must return a cursor, not {}", cursor.ty().full_name())));
        };
        if let Some(factory) = self.row_factory.get().filter(|f| !rpy_vm::is_none(f)) {
            as_cursor.row_factory.set(Some(factory));
        }
        Ok(cursor)
    }

    /// A plain cursor for the shortcuts.
    fn with_cursor(&self, f: impl FnOnce(&PyCursor) -> PyResult<ObjRef>) -> PyResult<ObjRef> {
        let cursor = self.cursor_of(None)?;
        match cursor.downcast_ref::<PyCursor>() {
            Some(cursor) => f(cursor),
            None => Err(exc::type_error("factory must return a cursor")),
        }
    }

    fn commit_now(&self) -> PyResult<()> {
        match self.autocommit.get() {
            Autocommit::Legacy if self.has_transaction() => self.run_plain(c"COMMIT"),
            Autocommit::Disabled => {
                self.run_plain(c"COMMIT")?;
                self.run_plain(c"BEGIN")
            }
            Autocommit::Legacy | Autocommit::Enabled => Ok(()),
        }
    }

    fn rollback_now(&self) -> PyResult<()> {
        match self.autocommit.get() {
            Autocommit::Legacy if self.has_transaction() => self.run_plain(c"ROLLBACK"),
            Autocommit::Disabled => {
                self.run_plain(c"ROLLBACK")?;
                self.run_plain(c"BEGIN")
            }
            Autocommit::Legacy | Autocommit::Enabled => Ok(()),
        }
    }

    /// Reads or changes a setting that is on or off; a negative number reads.
    fn configure(&self, op: c_int, value: c_int) -> PyResult<c_int> {
        let db = self.check()?;
        if !SETTINGS.iter().any(|(_, number)| *number == i64::from(op)) {
            return Err(exc::value_error(format!("unknown config 'op': {op}")));
        }
        let mut current: c_int = 0;
        // SAFETY: an open connection; all these settings take a number and the place for the answer.
        let code = unsafe { ffi::sqlite3_db_config(db.raw(), op, value, &raw mut current) };
        db.check(code)?;
        Ok(current)
    }

    fn limit(&self, category: c_int, limit: c_int) -> PyResult<c_int> {
        let db = self.check()?;
        // SAFETY: an open connection; any numbers.
        let old = unsafe { ffi::sqlite3_limit(db.raw(), category, limit) };
        if old < 0 { Err(errors::programming("'category' is out of bounds")) } else { Ok(old) }
    }

    /// The number of parameters of a function, checked.
    fn parameter_count(&self, count: c_int, name: &str) -> PyResult<()> {
        let limit = self.limit(ffi::SQLITE_LIMIT_FUNCTION_ARG, -1)?;
        if !(-1..=limit).contains(&count) {
            return Err(errors::programming(format!("'{name}' must be between -1 and {limit}, not {count}")));
        }
        Ok(())
    }
}

#[pymethods]
impl PyConnection {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: KwArgs<'_>) -> PyResult<ObjRef> {
        Ok(new_in(cls, PyConnection::blank())?.into_obj())
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        warn_of_positions("_sqlite3.Connection", args.len())?;
        let keywords = DictKeywords::new(kwargs);
        let [database, timeout, detect_types, level, same_thread, _factory, cached, uri, autocommit] =
            INIT.bind::<9>(args.items(), &keywords)?;
        let Some(database) = database else { return Ok(()) };
        let timeout = INIT.optional(1, timeout, 5.0)?;
        let detect_types: i32 = INIT.optional(2, detect_types, 0)?;
        let level = level.map_or(Ok(Some(0)), level_of)?;
        let same_thread = INIT.optional(4, same_thread, true)?;
        let cached: i32 = INIT.optional(6, cached, 128)?;
        let uri = INIT.optional(7, uri, false)?;
        let autocommit = autocommit.map_or(Ok(Autocommit::Legacy), Autocommit::of)?;

        audit::audit("sqlite3.connect", &[database])?;
        let database = paths::path_c_string(database)?;
        if self.initialized.replace(false) {
            self.forget();
            self.shut()?;
        }
        self.open(&database, timeout, uri)?;
        self.detect_types.set(detect_types);
        self.level.set(level);
        self.check_same_thread.set(same_thread);
        self.thread.set(thread::current().thread_id.get());
        self.cache.set(Some(PyDict::new()));
        self.cache_size.set(cached.max(0) as usize);
        self.autocommit.set(autocommit);
        self.initialized.set(true);
        audit::audit("sqlite3.connect/handle", &[self.as_object()])?;
        if autocommit == Autocommit::Disabled {
            self.run_plain(c"BEGIN")?;
        }
        Ok(())
    }

    #[slot]
    fn tp_finalize(&self) {
        let Some(db) = self.database() else { return };
        if is_finalizing() {
            // There may be nothing left to call.
            hooks::remove(db.raw());
        }
        drop(db);
        let shown = protocol::repr(self.as_object())
            .map_or_else(|_| String::from("<sqlite3.Connection>"), |r| r.to_string_lossy().into_owned());
        if let Err(e) = warnings::resource_warning(self.as_object(), format!("unclosed database in {shown}")) {
            unraisable::write_about(e, "Exception ignored while finalizing database connection", self.as_object());
        }
        if let Err(e) = self.shut() {
            unraisable::write_about(e, "Exception ignored while closing database", self.as_object());
        }
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        self.check_open()?;
        rpy_vm::args::no_keywords("sqlite3.Connection", kwargs)?;
        let [sql] = args.items() else {
            return Err(exc::type_error(format!("function takes exactly 1 argument ({} given)", args.len())));
        };
        match sql.downcast_ref::<PyStr>() {
            Some(text) => Ok(PyStatement::prepare(&self.check_open()?, text)?.into_obj()),
            None => Err(exc::type_error(format!(
                "argument 1 must be str, not {}",
                if rpy_vm::is_none(sql) { "None" } else { sql.ty().name() }
            ))),
        }
    }

    /// Makes a backup of the database.
    #[pymethod(sig = "($self, /, target, *, pages=-1, progress=None, name='main', sleep=0.25)")]
    fn backup(
        &self,
        target: &PyObject,
        pages: i32,
        progress: Option<&PyObject>,
        name: Option<&str>,
        sleep: f64,
    ) -> PyResult<()> {
        let target = other_connection("backup", "target", target)?;
        let name = c_text(name.unwrap_or("main"))?;
        let source = self.check()?;
        let target_db = target.check_open()?;
        if core::ptr::eq(self, target) {
            return Err(exc::value_error("target cannot be the same connection instance"));
        }
        if progress.is_some_and(|progress| !protocol::callable(progress)) {
            return Err(exc::type_error("progress argument must be a callable"));
        }
        transfer::backup(source.raw(), target_db.raw(), if pages == 0 { -1 } else { pages }, progress, &name, sleep)
    }

    /// Close the database connection.
    ///
    /// Any pending transaction is not committed implicitly.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        self.check_thread()?;
        if !self.initialized.get() {
            return Err(not_initialized());
        }
        self.close_blobs();
        // The statements of cursors live on.
        self.cache.set(Some(PyDict::new()));
        self.shut()
    }

    /// Commit any pending transaction to the database.
    ///
    /// If there is no open transaction, this method is a no-op.
    #[pymethod]
    fn commit(&self) -> PyResult<()> {
        self.check()?;
        self.commit_now()
    }

    /// Roll back to the start of any pending transaction.
    ///
    /// If there is no open transaction, this method is a no-op.
    #[pymethod]
    fn rollback(&self) -> PyResult<()> {
        self.check()?;
        self.rollback_now()
    }

    /// create_aggregate($self, /, name, n_arg, aggregate_class)
    /// --
    ///
    /// Creates a new aggregate.
    ///
    /// Note: Passing keyword arguments 'name', 'n_arg' and 'aggregate_class'
    /// to _sqlite3.Connection.create_aggregate() is deprecated. Parameters
    /// 'name', 'n_arg' and 'aggregate_class' will become positional-only in
    /// Python 3.15.
    #[pymethod(sig = "($self, *args, **kwargs)", unsigned)]
    fn create_aggregate(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<()> {
        let keywords = keywords(&kwargs)?;
        let [Some(name), Some(count), Some(class)] = CREATE_AGGREGATE.bind::<3>(args, &keywords)? else {
            return Ok(());
        };
        warn_of_keywords("create_aggregate", &["name", "n_arg", "aggregate_class"], args.len())?;
        let name = c_text(CREATE_AGGREGATE.convert(0, name)?)?;
        let count: i32 = CREATE_AGGREGATE.convert(1, count)?;
        let db = self.check()?;
        self.parameter_count(count, "n_arg")?;
        functions::create_aggregate(db.raw(), &name, count, unless_none(class))
    }

    /// Creates a collation function.
    #[pymethod(sig = "($self, name, callback, /)")]
    fn create_collation(&self, name: &str, callback: &PyObject) -> PyResult<()> {
        let name = c_text(name)?;
        let db = self.check()?;
        let callback = unless_none(callback);
        if callback.is_some_and(|callback| !protocol::callable(callback)) {
            return Err(exc::type_error("parameter must be callable"));
        }
        functions::create_collation(self, db.raw(), &name, callback)
    }

    /// create_function($self, /, name, narg, func, *, deterministic=False)
    /// --
    ///
    /// Creates a new function.
    ///
    /// Note: Passing keyword arguments 'name', 'narg' and 'func' to
    /// _sqlite3.Connection.create_function() is deprecated. Parameters
    /// 'name', 'narg' and 'func' will become positional-only in Python 3.15.
    #[pymethod(sig = "($self, *args, **kwargs)", unsigned)]
    fn create_function(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<()> {
        let keywords = keywords(&kwargs)?;
        let [Some(name), Some(count), Some(function), deterministic] = CREATE_FUNCTION.bind::<4>(args, &keywords)?
        else {
            return Ok(());
        };
        warn_of_keywords("create_function", &["name", "narg", "func"], args.len())?;
        let name = c_text(CREATE_FUNCTION.convert(0, name)?)?;
        let count: i32 = CREATE_FUNCTION.convert(1, count)?;
        let deterministic = CREATE_FUNCTION.optional(3, deterministic, false)?;
        let db = self.check()?;
        self.parameter_count(count, "narg")?;
        functions::create_function(db.raw(), &name, count, unless_none(function), deterministic)
    }

    /// Creates or redefines an aggregate window function. Non-standard.
    ///
    ///   name
    ///     The name of the SQL aggregate window function to be created or
    ///     redefined.
    ///   num_params
    ///     The number of arguments the step and inverse methods takes.
    ///   aggregate_class
    ///     A class with step(), finalize(), value(), and inverse() methods.
    ///     Set to None to clear the window function.
    #[pymethod(sig = "($self, name, num_params, aggregate_class, /)")]
    fn create_window_function(&self, name: &str, num_params: i32, aggregate_class: &PyObject) -> PyResult<()> {
        let name = c_text(name)?;
        let db = self.check()?;
        self.parameter_count(num_params, "num_params")?;
        functions::create_window_function(db.raw(), &name, num_params, unless_none(aggregate_class))
    }

    /// Return a cursor for the connection.
    #[pymethod(sig = "($self, /, factory=<unrepresentable>)")]
    fn cursor(&self, factory: Option<&PyObject>) -> PyResult<ObjRef> {
        self.cursor_of(factory)
    }

    /// Called when the connection is used as a context manager.
    ///
    /// Returns itself as a convenience to the caller.
    #[pymethod(name = "__enter__")]
    fn enter(&self) -> PyResult<ObjRef> {
        self.check_open()?;
        Ok(self.to_obj())
    }

    /// Called when the connection is used as a context manager.
    ///
    /// If there was any exception, a rollback takes place; otherwise we commit.
    #[pymethod(name = "__exit__", sig = "($self, type, value, traceback, /)")]
    fn exit(&self, class: &PyObject, value: &PyObject, traceback: &PyObject) -> PyResult<bool> {
        self.check()?;
        if [class, value, traceback].iter().all(|object| rpy_vm::is_none(object)) {
            if let Err(error) = self.commit_now() {
                // A transaction that cannot be committed would keep its locks.
                return Err(match self.rollback_now() {
                    Ok(()) => error,
                    Err(second) => chain(second, error),
                });
            }
        } else {
            self.rollback_now()?;
        }
        Ok(false)
    }

    /// Executes an SQL statement.
    #[pymethod(sig = "($self, sql, parameters=<unrepresentable>, /)")]
    fn execute(&self, sql: &PyStr, parameters: Option<&PyObject>) -> PyResult<ObjRef> {
        self.with_cursor(|cursor| cursor.execute_one(sql, parameters))
    }

    /// Repeatedly executes an SQL statement.
    #[pymethod(sig = "($self, sql, parameters, /)")]
    fn executemany(&self, sql: &PyStr, parameters: &PyObject) -> PyResult<ObjRef> {
        self.with_cursor(|cursor| cursor.execute_many(sql, parameters))
    }

    /// Executes multiple SQL statements at once.
    #[pymethod(sig = "($self, sql_script, /)")]
    fn executescript(&self, sql_script: &PyObject) -> PyResult<ObjRef> {
        self.with_cursor(|cursor| call::call_method(cursor.as_object(), intern!("executescript"), &[sql_script]))
    }

    /// Abort any pending database operation.
    #[pymethod]
    fn interrupt(&self) -> PyResult<()> {
        let db = self.check_open()?;
        // SAFETY: an open connection; any thread may do this.
        unsafe { ffi::sqlite3_interrupt(db.raw()) };
        Ok(())
    }

    /// Returns iterator to the dump of the database in an SQL text format.
    ///
    ///   filter
    ///     An optional LIKE pattern for database objects to dump
    #[pymethod(sig = "($self, /, *, filter=None)")]
    fn iterdump(&self, filter: Option<&PyObject>) -> PyResult<ObjRef> {
        self.check_open()?;
        let module = rpy_vm::import::statement::import_module("sqlite3.dump")?;
        let Some(dump) = protocol::getattr_opt(&module, intern!("_iterdump"))? else {
            return Err(errors::operational("Failed to obtain _iterdump() reference"));
        };
        let names = PyTuple::from_array([intern!("filter").to_obj()]);
        call::call_kw(&dump, &[self.as_object(), filter.unwrap_or(rpy_vm::none_ref())], Some(&names))
    }

    /// set_authorizer($self, /, authorizer_callback)
    /// --
    ///
    /// Set authorizer callback.
    ///
    /// Note: Passing keyword argument 'authorizer_callback' to
    /// _sqlite3.Connection.set_authorizer() is deprecated. Parameter
    /// 'authorizer_callback' will become positional-only in Python 3.15.
    #[pymethod(sig = "($self, *args, **kwargs)", unsigned)]
    fn set_authorizer(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<()> {
        let keywords = keywords(&kwargs)?;
        let [Some(callback)] = SET_AUTHORIZER.bind::<1>(args, &keywords)? else { return Ok(()) };
        warn_of_keywords("set_authorizer", &["authorizer_callback"], args.len())?;
        let db = self.check()?;
        hooks::set_authorizer(self, db.raw(), unless_none(callback))
    }

    /// set_progress_handler($self, /, progress_handler, n)
    /// --
    ///
    /// Set progress handler callback.
    ///
    ///   progress_handler
    ///     A callable that takes no arguments.
    ///     If the callable returns non-zero, the current query is terminated,
    ///     and an exception is raised.
    ///   n
    ///     The number of SQLite virtual machine instructions that are
    ///     executed between invocations of 'progress_handler'.
    ///
    /// If 'progress_handler' is None or 'n' is 0, the progress handler is disabled.
    ///
    /// Note: Passing keyword argument 'progress_handler' to
    /// _sqlite3.Connection.set_progress_handler() is deprecated. Parameter
    /// 'progress_handler' will become positional-only in Python 3.15.
    #[pymethod(sig = "($self, *args, **kwargs)", unsigned)]
    fn set_progress_handler(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<()> {
        let keywords = keywords(&kwargs)?;
        let [Some(callback), Some(n)] = SET_PROGRESS_HANDLER.bind::<2>(args, &keywords)? else { return Ok(()) };
        warn_of_keywords("set_progress_handler", &["progress_handler"], args.len())?;
        let n = SET_PROGRESS_HANDLER.convert(1, n)?;
        let db = self.check()?;
        hooks::set_progress(self, db.raw(), unless_none(callback), n);
        Ok(())
    }

    /// set_trace_callback($self, /, trace_callback)
    /// --
    ///
    /// Set a trace callback called for each SQL statement (passed as unicode).
    ///
    /// Note: Passing keyword argument 'trace_callback' to
    /// _sqlite3.Connection.set_trace_callback() is deprecated. Parameter
    /// 'trace_callback' will become positional-only in Python 3.15.
    #[pymethod(sig = "($self, *args, **kwargs)", unsigned)]
    fn set_trace_callback(&self, args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<()> {
        let keywords = keywords(&kwargs)?;
        let [Some(callback)] = SET_TRACE_CALLBACK.bind::<1>(args, &keywords)? else { return Ok(()) };
        warn_of_keywords("set_trace_callback", &["trace_callback"], args.len())?;
        let db = self.check()?;
        hooks::set_trace(self, db.raw(), unless_none(callback));
        Ok(())
    }

    /// Enable dynamic loading of SQLite extension modules.
    #[pymethod(sig = "($self, enable, /)")]
    fn enable_load_extension(&self, enable: bool) -> PyResult<()> {
        audit::audit("sqlite3.enable_load_extension", &[self.as_object(), &rpy_vm::py_bool(enable)])?;
        let db = self.check()?;
        // SAFETY: an open connection.
        if unsafe { ffi::sqlite3_enable_load_extension(db.raw(), enable.into()) } != ffi::SQLITE_OK {
            return Err(errors::operational("Error enabling load extension"));
        }
        Ok(())
    }

    /// Load SQLite extension module.
    #[pymethod(sig = "($self, name, /, *, entrypoint=None)")]
    fn load_extension(&self, name: &PyStr, entrypoint: Option<&str>) -> PyResult<()> {
        audit::audit("sqlite3.load_extension", &[self.as_object(), name.as_object()])?;
        let name = c_text(name.as_utf8()?)?;
        let entrypoint = entrypoint.map(c_text).transpose()?;
        transfer::load_extension(self.check()?.raw(), &name, entrypoint.as_deref())
    }

    /// Set connection run-time limits.
    ///
    ///   category
    ///     The limit category to be set.
    ///   limit
    ///     The new limit. If the new limit is a negative number, the limit is
    ///     unchanged.
    ///
    /// Attempts to increase a limit above its hard upper bound are silently truncated
    /// to the hard upper bound. Regardless of whether or not the limit was changed,
    /// the prior value of the limit is returned.
    #[pymethod(sig = "($self, category, limit, /)")]
    fn setlimit(&self, category: i32, limit: i32) -> PyResult<i32> {
        self.limit(category, limit)
    }

    /// Get connection run-time limits.
    ///
    ///   category
    ///     The limit category to be queried.
    #[pymethod(sig = "($self, category, /)")]
    fn getlimit(&self, category: i32) -> PyResult<i32> {
        self.limit(category, -1)
    }

    /// Set a boolean connection configuration option.
    ///
    ///   op
    ///     The configuration verb; one of the sqlite3.SQLITE_DBCONFIG codes.
    #[pymethod(sig = "($self, op, enable=True, /)")]
    fn setconfig(&self, op: i32, enable: bool) -> PyResult<()> {
        if (self.configure(op, enable.into())? != 0) != enable {
            return Err(errors::operational("Unable to set config"));
        }
        Ok(())
    }

    /// Query a boolean connection configuration option.
    ///
    ///   op
    ///     The configuration verb; one of the sqlite3.SQLITE_DBCONFIG codes.
    #[pymethod(sig = "($self, op, /)")]
    fn getconfig(&self, op: i32) -> PyResult<bool> {
        Ok(self.configure(op, -1)? != 0)
    }

    /// Serialize a database into a byte string.
    ///
    ///   name
    ///     Which database to serialize.
    ///
    /// For an ordinary on-disk database file, the serialization is just a copy of the
    /// disk file. For an in-memory database or a "temp" database, the serialization is
    /// the same sequence of bytes which would be written to disk if that database
    /// were backed up to disk.
    #[pymethod(sig = "($self, /, *, name='main')")]
    fn serialize(&self, name: Option<&str>) -> PyResult<Ref<PyBytes>> {
        let name = name.unwrap_or("main");
        let schema = c_text(name)?;
        transfer::serialize(self.check()?.raw(), name, &schema)
    }

    /// Load a serialized database.
    ///
    ///   data
    ///     The serialized database content.
    ///   name
    ///     Which database to reopen with the deserialization.
    ///
    /// The deserialize interface causes the database connection to disconnect from the
    /// target database, and then reopen it as an in-memory database based on the given
    /// serialized data.
    ///
    /// The deserialize interface will fail with SQLITE_BUSY if the database is
    /// currently in a read transaction or is involved in a backup operation.
    #[pymethod(sig = "($self, data, /, *, name='main')")]
    fn deserialize(&self, data: ArgStrOrBytes<'_>, name: Option<&str>) -> PyResult<()> {
        let schema = c_text(name.unwrap_or("main"))?;
        transfer::deserialize(self.check()?.raw(), data.as_bytes(), &schema)
    }

    /// Open and return a BLOB object.
    ///
    ///   table
    ///     Table name.
    ///   column
    ///     Column name.
    ///   row
    ///     Row index.
    ///   readonly
    ///     Open the BLOB without write permissions.
    ///   name
    ///     Database name.
    #[pymethod(sig = "($self, table, column, row, /, *, readonly=False, name='main')")]
    fn blobopen(
        &self,
        table: &str,
        column: &str,
        row: &PyObject,
        readonly: bool,
        name: Option<&str>,
    ) -> PyResult<ObjRef> {
        let (table, column) = (c_text(table)?, c_text(column)?);
        let row = super::binding::integer(&*rpy_vm::protocol::number::index(row)?)?;
        let name = c_text(name.unwrap_or("main"))?;
        let db = self.check()?;
        let mut raw = core::ptr::null_mut();
        let (schema, table, column) = (name.as_ptr(), table.as_ptr(), column.as_ptr());
        // SAFETY: an open connection, NUL-terminated names, and room for the answer.
        let code = unlocked(|| unsafe {
            ffi::sqlite3_blob_open(db.raw(), schema, table, column, row, (!readonly).into(), &mut raw)
        });
        if code == ffi::SQLITE_MISUSE {
            return Err(errors::of_code(code));
        }
        db.check(code)?;
        let blob = PyBlob::new(self, db, raw);
        self.remember_blob(&blob)?;
        Ok(blob.into_obj())
    }

    #[pygetset]
    fn row_factory(&self) -> Option<ObjRef> {
        self.row_factory.get()
    }
    #[pygetset(setter)]
    fn set_row_factory(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(exc::attribute_error_msg("cannot delete attribute")) };
        self.row_factory.set(Some(value.to_ref()));
        Ok(())
    }

    #[pygetset]
    fn text_factory(&self) -> Option<ObjRef> {
        self.text_factory.get()
    }
    #[pygetset(setter)]
    fn set_text_factory(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(exc::attribute_error_msg("cannot delete attribute")) };
        self.text_factory.set(Some(value.to_ref()));
        Ok(())
    }

    #[pygetset]
    fn isolation_level(&self) -> PyResult<Option<&'static str>> {
        self.check_open()?;
        Ok(self.level.get().map(|level| LEVELS[level].0))
    }
    #[pygetset(setter)]
    fn set_isolation_level(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(exc::attribute_error_msg("cannot delete attribute")) };
        let level = level_of(value)?;
        self.level.set(level);
        if level.is_none() {
            // Without levels there are no transactions but explicit ones.
            self.commit()?;
        }
        Ok(())
    }

    #[pygetset]
    fn total_changes(&self) -> PyResult<i64> {
        let db = self.check_open()?;
        // SAFETY: an open connection.
        Ok(unsafe { ffi::sqlite3_total_changes64(db.raw()) })
    }

    #[pygetset]
    fn in_transaction(&self) -> PyResult<bool> {
        self.check_open()?;
        Ok(self.has_transaction())
    }

    #[pygetset]
    fn autocommit(&self) -> PyResult<ObjRef> {
        self.check()?;
        Ok(match self.autocommit.get() {
            Autocommit::Legacy => PyInt::from_i64(LEGACY_TRANSACTION_CONTROL).into_obj(),
            Autocommit::Enabled => rpy_vm::py_bool(true),
            Autocommit::Disabled => rpy_vm::py_bool(false),
        })
    }
    #[pygetset(setter)]
    fn set_autocommit(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.check()?;
        let Some(value) = value else { return Err(exc::attribute_error_msg("cannot delete attribute")) };
        let mode = Autocommit::of(value)?;
        match mode {
            Autocommit::Enabled if self.has_transaction() => self.run_plain(c"COMMIT")?,
            Autocommit::Disabled if !self.has_transaction() => self.run_plain(c"BEGIN")?,
            _ => {}
        }
        self.autocommit.set(mode);
        Ok(())
    }

    #[pygetset(name = "__text_signature__")]
    fn text_signature(&self) -> &'static str {
        "(sql, /)"
    }

    #[pygetset(name = "Warning")]
    fn warning_class(&self) -> ObjRef {
        Kind::Warning.class()
    }
    #[pygetset(name = "Error")]
    fn error_class(&self) -> ObjRef {
        Kind::Error.class()
    }
    #[pygetset(name = "InterfaceError")]
    fn interface_error_class(&self) -> ObjRef {
        Kind::Interface.class()
    }
    #[pygetset(name = "DatabaseError")]
    fn database_error_class(&self) -> ObjRef {
        Kind::Database.class()
    }
    #[pygetset(name = "DataError")]
    fn data_error_class(&self) -> ObjRef {
        Kind::Data.class()
    }
    #[pygetset(name = "OperationalError")]
    fn operational_error_class(&self) -> ObjRef {
        Kind::Operational.class()
    }
    #[pygetset(name = "IntegrityError")]
    fn integrity_error_class(&self) -> ObjRef {
        Kind::Integrity.class()
    }
    #[pygetset(name = "InternalError")]
    fn internal_error_class(&self) -> ObjRef {
        Kind::Internal.class()
    }
    #[pygetset(name = "ProgrammingError")]
    fn programming_error_class(&self) -> ObjRef {
        Kind::Programming.class()
    }
    #[pygetset(name = "NotSupportedError")]
    fn not_supported_error_class(&self) -> ObjRef {
        Kind::NotSupported.class()
    }
}
