//! `csv.reader`: a state machine over the characters of lines.
//!
//! Fields that need no unquoting are cut out of the line in one piece.

use core::cell::Cell;

use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::{PyStr, StrBuilder, StrData};
use rpy_vm::{ObjRef, OptRef, PyClass, PyObject, PyResult, PyStruct, Ref, pyclass, pymethods};

use super::dialect::{PyDialect, QUOTE_NONE, QUOTE_NONNUMERIC, QUOTE_NOTNULL, QUOTE_STRINGS};
use super::{error, field_limit};

/// CSV reader
///
/// Reader objects are responsible for reading and parsing tabular data
/// in CSV format.
#[pyclass(name = "reader", module = "_csv", gc, no_new)]
#[repr(C)]
pub struct PyReader {
    ob_base: PyObject,
    lines: OptRef,
    #[pymember(readonly, name = "dialect", object)]
    dialect: OptRef<PyDialect>,
    #[pymember(ulong, readonly, name = "line_num")]
    #[pytraverse(skip)]
    line_num: Cell<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    StartRecord,
    StartField,
    EscapedChar,
    InField,
    InQuotedField,
    EscapeInQuotedField,
    QuoteInQuotedField,
    EatNewline,
    AfterEscapedNewline,
}

/// The end of a line, which is no character.
const END: u32 = u32::MAX;

/// One record being read.
struct Record<'a> {
    dialect: &'a PyDialect,
    fields: Vec<ObjRef>,
    field: StrBuilder,
    state: State,
    unquoted: bool,
    limit: i64,
}

impl Record<'_> {
    fn check_limit(&self, len: usize) -> PyResult<()> {
        if len as i64 > self.limit {
            return Err(error(format!("field larger than field limit ({})", self.limit)));
        }
        Ok(())
    }

    fn add(&mut self, c: u32) -> PyResult<()> {
        self.check_limit(self.field.len() + 1)?;
        self.field.push_char(c);
        Ok(())
    }

    fn save(&mut self) -> PyResult<()> {
        let text = core::mem::replace(&mut self.field, StrBuilder::new()).try_finish()?;
        self.save_text(text)
    }

    fn save_text(&mut self, text: Ref<PyStr>) -> PyResult<()> {
        let quoting = self.dialect.quoting;
        let value = if self.unquoted && text.is_empty() && matches!(quoting, QUOTE_NOTNULL | QUOTE_STRINGS) {
            rpy_vm::none()
        } else if self.unquoted && !text.is_empty() && matches!(quoting, QUOTE_NONNUMERIC | QUOTE_STRINGS) {
            call::call_one(PyFloat::type_object().as_object(), text.as_object())?
        } else {
            text.into_obj()
        };
        self.fields.push(value);
        Ok(())
    }

    /// The end of a field at `\r`, `\n` or the end of the line.
    fn end_of_line(&mut self, c: u32) -> PyResult<()> {
        self.save()?;
        self.state = if c == END { State::StartRecord } else { State::EatNewline };
        Ok(())
    }

    fn step(&mut self, c: u32) -> PyResult<()> {
        let d = self.dialect;
        let newline = c == 10 || c == 13;
        let is_quote = d.quote == Some(c) && d.quoting != QUOTE_NONE;
        let is_escape = d.escape == Some(c);
        if self.state == State::StartRecord {
            if c == END {
                return Ok(());
            }
            if newline {
                self.state = State::EatNewline;
                return Ok(());
            }
            self.state = State::StartField;
        }
        if self.state == State::AfterEscapedNewline {
            if c == END {
                return Ok(());
            }
            self.state = State::InField;
        }
        match self.state {
            State::StartRecord | State::AfterEscapedNewline => Ok(()),
            State::StartField => {
                self.unquoted = true;
                if newline || c == END {
                    return self.end_of_line(c);
                }
                if is_quote {
                    self.unquoted = false;
                    self.state = State::InQuotedField;
                } else if is_escape {
                    self.state = State::EscapedChar;
                } else if c == 32 && d.skip_space {
                } else if c == d.delimiter {
                    return self.save();
                } else {
                    self.state = State::InField;
                    return self.add(c);
                }
                Ok(())
            }
            State::EscapedChar => {
                if newline {
                    self.state = State::AfterEscapedNewline;
                    return self.add(c);
                }
                self.state = State::InField;
                self.add(if c == END { 10 } else { c })
            }
            State::InField => {
                if newline || c == END {
                    return self.end_of_line(c);
                }
                if is_escape {
                    self.state = State::EscapedChar;
                    Ok(())
                } else if c == d.delimiter {
                    self.state = State::StartField;
                    self.save()
                } else {
                    self.add(c)
                }
            }
            State::InQuotedField => {
                if c == END {
                } else if is_escape {
                    self.state = State::EscapeInQuotedField;
                } else if is_quote {
                    self.state = if d.double_quote { State::QuoteInQuotedField } else { State::InField };
                } else {
                    return self.add(c);
                }
                Ok(())
            }
            State::EscapeInQuotedField => {
                self.state = State::InQuotedField;
                self.add(if c == END { 10 } else { c })
            }
            State::QuoteInQuotedField => {
                if is_quote {
                    self.state = State::InQuotedField;
                    self.add(c)
                } else if c == d.delimiter {
                    self.state = State::StartField;
                    self.save()
                } else if newline || c == END {
                    self.end_of_line(c)
                } else if !d.strict {
                    self.state = State::InField;
                    self.add(c)
                } else {
                    let text = |c: Option<u32>| c.and_then(char::from_u32).unwrap_or('\u{fffd}');
                    Err(error(format!("'{}' expected after '{}'", text(Some(d.delimiter)), text(d.quote))))
                }
            }
            State::EatNewline => {
                if newline {
                    Ok(())
                } else if c == END {
                    self.state = State::StartRecord;
                    Ok(())
                } else {
                    Err(error(
                        "new-line character seen in unquoted field - do you need to open the file with newline=''?",
                    ))
                }
            }
        }
    }

    fn line<T: Copy>(
        &mut self,
        units: &[T],
        code: impl Fn(T) -> u32,
        data: impl Fn(usize, usize) -> PyResult<Ref<PyStr>>,
    ) -> PyResult<()> {
        let d = self.dialect;
        let mut i = 0;
        while i < units.len() {
            let c = code(units[i]);
            if matches!(self.state, State::StartRecord | State::StartField) {
                let plain = |c: u32| c != d.delimiter && c != 10 && c != 13 && d.escape != Some(c);
                let starts_plain = plain(c) && d.quote != Some(c) && c != 32;
                if starts_plain {
                    let end = i + units[i..].iter().take_while(|u| plain(code(**u))).count();
                    self.check_limit(end - i)?;
                    let next = units.get(end).map(|u| code(*u));
                    if next.is_none_or(|n| n == d.delimiter || n == 10 || n == 13) {
                        self.unquoted = true;
                        let text = data(i, end)?;
                        self.save_text(text)?;
                        // Behind the last field nothing is left of the record.
                        self.state = if next == Some(d.delimiter) { State::StartField } else { State::EatNewline };
                        i = end + 1;
                        continue;
                    }
                }
            }
            self.step(c)?;
            i += 1;
        }
        Ok(())
    }
}

/// A reader of the strings that `lines` gives.
pub fn new(lines: &PyObject, dialect: Ref<PyDialect>) -> PyResult<ObjRef> {
    Ok(new_exact(PyReader {
        ob_base: PyObject::placeholder(),
        lines: OptRef::some(protocol::get_iter(lines)?),
        dialect: OptRef::some(dialect),
        line_num: Cell::new(0),
    })
    .into_obj())
}

#[pymethods]
impl PyReader {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        let (Some(lines), Some(dialect)) = (self.lines.get(), self.dialect.get()) else { return Ok(None) };
        let mut record = Record {
            dialect: &dialect,
            fields: Vec::new(),
            field: StrBuilder::new(),
            state: State::StartRecord,
            unquoted: false,
            limit: field_limit(),
        };
        loop {
            let before = self.line_num.get();
            let next = protocol::iter_next(&lines)?;
            if self.line_num.get() != before {
                return Err(error("iterator has already advanced the reader"));
            }
            let Some(line) = next else {
                if record.field.is_empty() && record.state != State::InQuotedField {
                    return Ok(None);
                }
                if dialect.strict {
                    return Err(error("unexpected end of data"));
                }
                record.save()?;
                break;
            };
            let Some(text) = line.downcast_ref::<PyStr>() else {
                return Err(error(format!(
                    "iterator should return strings, not {} (the file should be opened in text mode)",
                    line.ty().name()
                )));
            };
            self.line_num.set(self.line_num.get() + 1);
            let cut = |start: usize, end: usize| text.try_substring(start, end);
            match text.data() {
                StrData::Latin1(units) => record.line(units, u32::from, cut)?,
                StrData::Ucs2(units) => record.line(units, u32::from, cut)?,
                StrData::Ucs4(units) => record.line(units, |c| c, cut)?,
            }
            record.step(END)?;
            if record.state == State::StartRecord {
                break;
            }
        }
        Ok(Some(PyList::try_new(record.fields)?.into_obj()))
    }
}
