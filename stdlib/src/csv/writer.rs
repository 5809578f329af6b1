//! `csv.writer`.

use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::{call, number, object as protocol};
use rpy_vm::types::str::{PyStr, StrBuilder, StrData, search};
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, Ref, exc, intern, pyclass, pymethods};

use super::dialect::{PyDialect, QUOTE_ALL, QUOTE_NONE, QUOTE_NONNUMERIC, QUOTE_NOTNULL, QUOTE_STRINGS};
use super::error;

/// CSV writer
///
/// Writer objects are responsible for generating tabular data
/// in CSV format from sequence input.
#[pyclass(name = "writer", module = "_csv", gc, no_new)]
#[repr(C)]
pub struct PyWriter {
    ob_base: PyObject,
    write: OptRef,
    #[pymember(readonly, name = "dialect", object)]
    dialect: OptRef<PyDialect>,
}

/// A writer that calls the `write` method of `file`.
pub fn new(file: &PyObject, dialect: Ref<PyDialect>) -> PyResult<ObjRef> {
    let write = protocol::getattr_opt(file, intern!("write"))?.filter(|w| protocol::callable(w));
    let Some(write) = write else { return Err(exc::type_error("argument 1 must have a \"write\" method")) };
    Ok(new_exact(PyWriter {
        ob_base: PyObject::placeholder(),
        write: OptRef::some(write),
        dialect: OptRef::some(dialect),
    })
    .into_obj())
}

/// Appends a field, in quotes if it has to be.
fn append(
    out: &mut StrBuilder,
    d: &PyDialect,
    terminator: &PyStr,
    field: Option<&PyStr>,
    quoted: bool,
) -> PyResult<()> {
    fn run<T: Copy>(
        out: &mut StrBuilder,
        d: &PyDialect,
        terminator: &PyStr,
        units: &[T],
        code: impl Fn(T) -> u32,
        mut quoted: bool,
    ) -> PyResult<()> {
        let special = |c: u32| {
            c == d.delimiter
                || d.escape == Some(c)
                || d.quote == Some(c)
                || c == 10
                || c == 13
                || search::find_char(terminator.data(), c).is_some()
        };
        // What is written in front of a character.
        let prefix = |c: u32| -> PyResult<Option<u32>> {
            let escape = if d.quoting == QUOTE_NONE {
                true
            } else if d.quote == Some(c) {
                if d.double_quote {
                    return Ok(d.quote);
                }
                true
            } else {
                d.escape == Some(c)
            };
            match (escape, d.escape) {
                (false, _) => Ok(None),
                (true, Some(e)) => Ok(Some(e)),
                (true, None) => Err(error("need to escape, but no escapechar set")),
            }
        };
        let mut any = false;
        for unit in units {
            let c = code(*unit);
            if special(c) {
                any = true;
                // Doubled quotes and what is not escaped need quotes around the field.
                if d.quoting != QUOTE_NONE && (if d.quote == Some(c) { d.double_quote } else { d.escape != Some(c) }) {
                    quoted = true;
                }
            }
        }
        let quote = if quoted { d.quote } else { None };
        if let Some(q) = quote {
            out.push_char(q);
        }
        for unit in units {
            let c = code(*unit);
            if any
                && special(c)
                && let Some(p) = prefix(c)?
            {
                out.push_char(p);
            }
            out.push_char(c);
        }
        if let Some(q) = quote {
            out.push_char(q);
        }
        Ok(())
    }
    match field.map(PyStr::data) {
        None => run(out, d, terminator, &[0u8; 0], u32::from, quoted),
        Some(StrData::Latin1(units)) => run(out, d, terminator, units, u32::from, quoted),
        Some(StrData::Ucs2(units)) => run(out, d, terminator, units, u32::from, quoted),
        Some(StrData::Ucs4(units)) => run(out, d, terminator, units, |c| c, quoted),
    }
}

#[pymethods]
impl PyWriter {
    /// writerow(iterable)
    ///
    /// Construct and write a CSV record from an iterable of fields.  Non-string
    /// elements will be converted to string.
    #[pymethod(sig = "($self, row, /)")]
    fn writerow(&self, row: &PyObject) -> PyResult<ObjRef> {
        let (Some(write), Some(dialect)) = (self.write.get(), self.dialect.get()) else {
            return Err(exc::system_error("writer is not initialised"));
        };
        let d = &*dialect;
        let iterator = protocol::get_iter(row).map_err(|e| {
            if e.matches(exc::TypeError()) { error(format!("iterable expected, not {}", row.ty().name())) } else { e }
        })?;
        let terminator = d.line_terminator.get().unwrap_or_else(PyStr::empty);
        let mut out = StrBuilder::new();
        let mut count = 0;
        let mut null = false;
        while let Some(field) = protocol::iter_next(&iterator)? {
            let text = field.downcast_ref::<PyStr>();
            null = rpy_vm::is_none(&field);
            let mut quoted = match d.quoting {
                QUOTE_NONNUMERIC => !number::check(&field),
                QUOTE_ALL => true,
                QUOTE_STRINGS => text.is_some(),
                QUOTE_NOTNULL => !null,
                _ => false,
            };
            let made;
            let text = if text.is_some() || null {
                text
            } else {
                made = protocol::str(&field)?;
                Some(&*made)
            };
            if count > 0 {
                out.push_char(d.delimiter);
            }
            if text.is_none_or(PyStr::is_empty) && d.delimiter == 32 && d.skip_space {
                if d.quoting == QUOTE_NONE || null && matches!(d.quoting, QUOTE_STRINGS | QUOTE_NOTNULL) {
                    return Err(error(
                        "empty field must be quoted if delimiter is a space and skipinitialspace is true",
                    ));
                }
                quoted = true;
            }
            append(&mut out, d, &terminator, text, quoted)?;
            count += 1;
        }
        if count > 0 && out.is_empty() {
            if d.quoting == QUOTE_NONE || null && matches!(d.quoting, QUOTE_STRINGS | QUOTE_NOTNULL) {
                return Err(error("single empty field record must be quoted"));
            }
            append(&mut out, d, &terminator, None, true)?;
        }
        out.push_py(&terminator);
        let line = out.try_finish()?;
        call::call_one(&write, line.as_object())
    }

    /// writerows(iterable of iterables)
    ///
    /// Construct and write a series of iterables to a csv file.  Non-string
    /// elements will be converted to string.
    #[pymethod(sig = "($self, rows, /)")]
    fn writerows(&self, rows: &PyObject) -> PyResult<()> {
        let iterator = protocol::get_iter(rows)?;
        while let Some(row) = protocol::iter_next(&iterator)? {
            self.writerow(&row)?;
        }
        Ok(())
    }
}
