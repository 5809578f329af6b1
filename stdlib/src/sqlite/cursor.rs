//! `Cursor`: runs statements and gives their rows.

use core::cell::Cell;
use std::ffi::CString;

use libsqlite3_sys as ffi;
use rpy_vm::convert::unsigned_arg;
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

use super::binding::bind;
use super::connection::{Autocommit, PyConnection};
use super::statement::PyStatement;
use super::threads::unlocked;
use super::{columns, errors};
use crate::support::int;

/// SQLite database cursor class.
#[pyclass(name = "Cursor", module = "sqlite3", flags(BASETYPE), gc, weaklist = weakrefs)]
#[repr(C)]
pub struct PyCursor {
    ob_base: PyObject,
    connection: OptRef<PyConnection>,
    /// A tuple for each column of the result, or None.
    pub description: OptRef,
    /// The converters of the columns.
    converters: OptRef<PyTuple>,
    lastrowid: OptRef,
    /// Makes rows of the cursor and a tuple, unless it is None.
    pub row_factory: OptRef,
    /// The statement whose rows are to be fetched.
    statement: OptRef<PyStatement>,
    arraysize: Cell<u32>,
    rowcount: Cell<i64>,
    initialized: Cell<bool>,
    closed: Cell<bool>,
    /// Is it at work? Adapters, converters and callbacks must not use it then.
    locked: Cell<bool>,
    #[pytraverse(skip)]
    weakrefs: Cell<*mut PyObject>,
}

impl Drop for PyCursor {
    fn drop(&mut self) {
        // The statement may stay in the cache: it must not keep its locks on the database.
        if let Some(statement) = self.statement.take() {
            statement.release();
        }
    }
}

/// What `execute` and `executemany` take their parameters from.
enum Batch<'a> {
    One(Option<&'a PyObject>),
    Many(&'a PyObject),
}

impl PyCursor {
    fn blank() -> PyCursor {
        PyCursor {
            ob_base: PyObject::placeholder(),
            connection: OptRef::NULL,
            description: OptRef::some(rpy_vm::none()),
            converters: OptRef::NULL,
            lastrowid: OptRef::some(rpy_vm::none()),
            row_factory: OptRef::some(rpy_vm::none()),
            statement: OptRef::NULL,
            arraysize: Cell::new(1),
            rowcount: Cell::new(-1),
            initialized: Cell::new(false),
            closed: Cell::new(false),
            locked: Cell::new(false),
            weakrefs: Cell::new(core::ptr::null_mut()),
        }
    }

    /// A plain cursor of a connection.
    pub fn new(connection: &PyConnection) -> Ref<PyCursor> {
        let cursor = rpy_vm::object::alloc::new_exact(PyCursor::blank());
        cursor.connection.set(Some(connection.to_ref()));
        cursor.initialized.set(true);
        cursor
    }

    fn check_unlocked(&self) -> PyResult<()> {
        if self.locked.get() {
            return Err(errors::programming("Recursive use of cursors not allowed."));
        }
        Ok(())
    }

    /// The connection of a cursor that can be used.
    fn check(&self) -> PyResult<Ref<PyConnection>> {
        let Some(connection) = self.connection.get().filter(|_| self.initialized.get()) else {
            return Err(errors::programming("Base Cursor.__init__ not called."));
        };
        if self.closed.get() {
            return Err(errors::programming("Cannot operate on a closed cursor."));
        }
        connection.check_thread()?;
        connection.check_open()?;
        self.check_unlocked()?;
        Ok(connection)
    }

    /// Lets go of the statement, which other cursors may then use.
    fn release_statement(&self) {
        if let Some(statement) = self.statement.take() {
            statement.release();
        }
    }

    /// Runs a statement with one or many sets of parameters.
    fn run(&self, sql: &PyStr, batch: Batch<'_>) -> PyResult<()> {
        let connection = self.check()?;
        self.locked.set(true);
        let result = self.run_locked(&connection, sql, batch);
        self.locked.set(false);
        match &result {
            Ok(()) => {
                if self.statement.get().is_some_and(|statement| !statement.is_busy()) {
                    self.release_statement();
                }
            }
            Err(_) => {
                self.release_statement();
                self.rowcount.set(-1);
            }
        }
        result
    }

    fn run_locked(&self, connection: &PyConnection, sql: &PyStr, batch: Batch<'_>) -> PyResult<()> {
        let sets = match &batch {
            Batch::One(_) => None,
            Batch::Many(sets) => Some(protocol::get_iter(sets)?),
        };
        self.description.set(Some(rpy_vm::none()));
        self.release_statement();
        let mut statement = connection.statement(sql)?;
        if sets.is_some() && statement.is_readonly() {
            return Err(errors::programming("executemany() can only execute DML statements."));
        }
        if !statement.claim() {
            // Another cursor is fetching its rows.
            statement = PyStatement::prepare(&connection.check_open()?, sql)?;
            statement.claim();
        }
        self.statement.set(Some(statement.clone()));
        statement.reset();
        self.rowcount.set(if statement.changes_rows { 0 } else { -1 });
        if statement.changes_rows {
            connection.begin_if_needed()?;
        }
        match (batch, sets) {
            (Batch::One(parameters), _) => {
                let none = PyTuple::empty();
                self.run_once(connection, &statement, parameters.unwrap_or(none.as_object()))?;
                if !statement.as_ptr().is_null() {
                    // SAFETY: an open connection.
                    let rowid = unsafe { ffi::sqlite3_last_insert_rowid(statement.database().raw()) };
                    self.lastrowid.set(Some(int(rowid)));
                }
            }
            (Batch::Many(_), Some(sets)) => {
                while let Some(parameters) = protocol::iter_next(&sets)? {
                    self.run_once(connection, &statement, &parameters)?;
                }
            }
            (Batch::Many(_), None) => {}
        }
        Ok(())
    }

    /// Binds parameters and comes to the first row.
    fn run_once(&self, connection: &PyConnection, statement: &PyStatement, parameters: &PyObject) -> PyResult<()> {
        bind(statement, parameters)?;
        if statement.as_ptr().is_null() {
            return Ok(());
        }
        let code = connection.step(statement)?;
        self.converters.set(columns::converters(statement, connection.detect_types.get())?);
        if columns::count(statement) > 0 && self.description.get().is_none_or(|d| rpy_vm::is_none(&d)) {
            self.description.set(Some(columns::description(statement, connection.detect_types.get())?));
        }
        if code == ffi::SQLITE_DONE {
            if statement.changes_rows {
                self.rowcount.set(self.rowcount.get() + connection.changes());
            }
            statement.reset();
        }
        Ok(())
    }

    /// The next row.
    fn next_row(&self) -> PyResult<Option<ObjRef>> {
        let connection = self.check()?;
        let Some(statement) = self.statement.get() else { return Ok(None) };
        // SAFETY: a live statement.
        if unsafe { ffi::sqlite3_data_count(statement.as_ptr()) } == 0 {
            self.release_statement();
            return Ok(None);
        }
        self.locked.set(true);
        let converters = self.converters.get().filter(|_| connection.detect_types.get() != 0);
        let row = columns::row(&connection, &statement, converters.as_deref());
        // Still locked: no other thread may touch the statement meanwhile.
        let row = row.map(|row| (row, connection.step(&statement)));
        self.locked.set(false);
        let (row, stepped) = row?;
        match stepped {
            Ok(ffi::SQLITE_DONE) => {
                if statement.changes_rows {
                    self.rowcount.set(connection.changes());
                }
                self.release_statement();
            }
            Ok(_) => {}
            Err(e) => {
                self.release_statement();
                return Err(e);
            }
        }
        match self.row_factory.get() {
            Some(factory) if !rpy_vm::is_none(&factory) => {
                Ok(Some(call::call(&factory, &[self.as_object(), row.as_object()])?))
            }
            _ => Ok(Some(row.into_obj())),
        }
    }

    /// All rows, or the next `limit` ones.
    fn rows(&self, limit: Option<u32>) -> PyResult<ObjRef> {
        let mut rows = Vec::new();
        while limit.is_none_or(|limit| rows.len() < limit as usize) {
            match self.next_row()? {
                Some(row) => rpy_vm::object::alloc::push(&mut rows, row)?,
                None => break,
            }
        }
        Ok(PyList::try_new(rows)?.into_obj())
    }

    /// `execute`, for the connection's shortcut as well.
    pub fn execute_one(&self, sql: &PyStr, parameters: Option<&PyObject>) -> PyResult<ObjRef> {
        self.run(sql, Batch::One(parameters))?;
        Ok(self.to_obj())
    }

    /// `executemany`, for the connection's shortcut as well.
    pub fn execute_many(&self, sql: &PyStr, sets: &PyObject) -> PyResult<ObjRef> {
        self.run(sql, Batch::Many(sets))?;
        Ok(self.to_obj())
    }
}

#[pymethods]
impl PyCursor {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        Ok(new_in(cls, PyCursor::blank())?.into_obj())
    }

    #[pyinit(sig = "(connection, /)")]
    fn py_init(&self, connection: &PyObject) -> PyResult<()> {
        let Some(connection) = connection.downcast_ref::<PyConnection>() else {
            let got = if rpy_vm::is_none(connection) { "None" } else { connection.ty().name() };
            return Err(exc::type_error(format!("Cursor() argument 1 must be sqlite3.Connection, not {got}")));
        };
        self.check_unlocked()?;
        self.connection.set(Some(connection.to_ref()));
        self.release_statement();
        self.converters.take();
        self.description.set(Some(rpy_vm::none()));
        self.lastrowid.set(Some(rpy_vm::none()));
        self.row_factory.set(Some(rpy_vm::none()));
        self.arraysize.set(1);
        self.rowcount.set(-1);
        self.closed.set(false);
        connection.check_thread()?;
        self.initialized.set(true);
        Ok(())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        self.next_row()
    }

    /// Closes the cursor.
    #[pymethod]
    fn close(&self) -> PyResult<()> {
        self.check_unlocked()?;
        let Some(connection) = self.connection.get() else {
            return Err(errors::programming("Base Cursor.__init__ not called."));
        };
        connection.check_thread()?;
        connection.check_open()?;
        self.release_statement();
        self.closed.set(true);
        Ok(())
    }

    /// Executes an SQL statement.
    #[pymethod(sig = "($self, sql, parameters=(), /)")]
    fn execute(&self, sql: &PyStr, parameters: Option<&PyObject>) -> PyResult<ObjRef> {
        self.execute_one(sql, parameters)
    }

    /// Repeatedly executes an SQL statement.
    #[pymethod(sig = "($self, sql, seq_of_parameters, /)")]
    fn executemany(&self, sql: &PyStr, seq_of_parameters: &PyObject) -> PyResult<ObjRef> {
        self.execute_many(sql, seq_of_parameters)
    }

    /// Executes multiple SQL statements at once.
    #[pymethod(sig = "($self, sql_script, /)")]
    fn executescript(&self, sql_script: &str) -> PyResult<ObjRef> {
        let script = super::threads::c_text(sql_script)?;
        let connection = self.check()?;
        let db = connection.check_open()?;
        // SAFETY: an open connection; a negative number asks for the limit.
        let limit = unsafe { ffi::sqlite3_limit(db.raw(), ffi::SQLITE_LIMIT_SQL_LENGTH, -1) };
        if sql_script.len() > limit.max(0) as usize {
            return Err(errors::data("query string is too large"));
        }
        if connection.autocommit_mode() == Autocommit::Legacy && connection.has_transaction() {
            connection.run_plain(c"COMMIT")?;
        }
        run_script(&connection, &script)?;
        Ok(self.to_obj())
    }

    /// Fetches all rows from the resultset.
    #[pymethod]
    fn fetchall(&self) -> PyResult<ObjRef> {
        self.rows(None)
    }

    /// Fetches several rows from the resultset.
    ///
    ///   size
    ///     The default value is set by the Cursor.arraysize attribute.
    #[pymethod(sig = "($self, /, size=1)")]
    fn fetchmany(&self, size: Option<&PyObject>) -> PyResult<ObjRef> {
        let size = match size {
            Some(size) => unsigned_arg(size, "uint32_t")?,
            None => self.arraysize.get(),
        };
        self.rows(Some(size))
    }

    /// Fetches one row from the resultset.
    #[pymethod]
    fn fetchone(&self) -> PyResult<Option<ObjRef>> {
        self.next_row()
    }

    /// Required by DB-API. Does nothing in sqlite3.
    #[pymethod(sig = "($self, sizes, /)")]
    fn setinputsizes(&self, _sizes: &PyObject) {}

    /// Required by DB-API. Does nothing in sqlite3.
    #[pymethod(sig = "($self, size, column=None, /)")]
    fn setoutputsize(&self, _size: &PyObject, _column: Option<&PyObject>) {}

    #[pygetset]
    fn connection(&self) -> PyResult<ObjRef> {
        match self.connection.get() {
            Some(connection) => Ok(connection.into_obj()),
            None => Err(exc::attribute_error(
                format!("'{}' object has no attribute 'connection'", self.as_object().ty().name()),
                self.as_object(),
                rpy_vm::intern!("connection").as_object(),
            )),
        }
    }
    #[pygetset]
    fn description(&self) -> Option<ObjRef> {
        self.description.get()
    }
    #[pygetset]
    fn lastrowid(&self) -> Option<ObjRef> {
        self.lastrowid.get()
    }
    #[pygetset]
    fn rowcount(&self) -> i64 {
        self.rowcount.get()
    }

    #[pygetset]
    fn arraysize(&self) -> u32 {
        self.arraysize.get()
    }
    #[pygetset(setter)]
    fn set_arraysize(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(exc::type_error("cannot delete attribute")) };
        self.arraysize.set(unsigned_arg(value, "uint32_t")?);
        Ok(())
    }

    #[pygetset]
    fn row_factory(&self) -> Option<ObjRef> {
        self.row_factory.get()
    }
    #[pygetset(setter)]
    fn set_row_factory(&self, value: Option<&PyObject>) {
        self.row_factory.set(value.map(PyStruct::to_ref));
    }
}

/// Runs the statements of a script one after the other; rows are dropped.
fn run_script(connection: &PyConnection, script: &CString) -> PyResult<()> {
    let end = script.as_bytes().len();
    let mut at = 0;
    loop {
        // A callback of the statement before may have closed the connection.
        let db = connection.check_open()?;
        let rest = &script.as_bytes_with_nul()[at..];
        // SAFETY: an open connection; the rest of a NUL-terminated text. The statement is finalized once.
        let (code, used) = unlocked(|| unsafe {
            let mut statement = core::ptr::null_mut();
            let mut tail = core::ptr::null();
            let text = rest.as_ptr().cast();
            let len = i32::try_from(rest.len()).unwrap_or(-1);
            let mut code = ffi::sqlite3_prepare_v2(db.raw(), text, len, &mut statement, &mut tail);
            // Blanks and comments make no statement.
            if code == ffi::SQLITE_OK && !statement.is_null() {
                while ffi::sqlite3_step(statement) == ffi::SQLITE_ROW {}
                code = ffi::sqlite3_finalize(statement);
            }
            (code, if tail.is_null() { rest.len() - 1 } else { tail.offset_from(text) as usize })
        });
        connection.raise_pending()?;
        db.check(code)?;
        at += used;
        if at >= end || used == 0 {
            return Ok(());
        }
    }
}
