//! `str.translate` and `str.maketrans`.

use super::{PyStr, StrBuilder};
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::types::dict::PyDict;
use crate::types::int::PyInt;
use crate::{PyClass, PyResult, exc, protocol};

/// What a table says about a character.
enum Mapped {
    Same,
    Deleted,
    Char(u32),
    Text(Ref<PyStr>),
}

/// Looks a character up. `LookupError` means "stays as it is".
fn lookup(table: &PyObject, c: u32) -> PyResult<Mapped> {
    let key = PyInt::from_i64(c as i64);
    let found = match protocol::object::get_item(table, key.as_object()) {
        Ok(found) => found,
        Err(err) if err.matches(exc::LookupError()) => return Ok(Mapped::Same),
        Err(err) => return Err(err),
    };
    if crate::is_none(&found) {
        return Ok(Mapped::Deleted);
    }
    if let Some(number) = found.downcast_ref::<PyInt>() {
        return match number.as_i64() {
            Some(value @ 0..=0x10ffff) => Ok(Mapped::Char(value as u32)),
            _ => Err(exc::value_error("character mapping must be in range(0x110000)")),
        };
    }
    match found.downcast::<PyStr>() {
        Ok(text) => Ok(Mapped::Text(text)),
        Err(_) => Err(exc::type_error("character mapping must return integer, None or str")),
    }
}

impl PyStr {
    /// `self.translate(table)`.
    ///
    /// # Errors
    /// What the table raises, `TypeError` and `ValueError` for results it may not give, `MemoryError`.
    pub fn translate(&self, table: &PyObject) -> PyResult<Ref<PyStr>> {
        if self.is_empty() {
            return self.to_exact();
        }
        const UNKNOWN: u8 = 0xff;
        const DELETED: u8 = 0xfe;
        // Single ASCII results for ASCII characters are looked up once.
        let mut known = [UNKNOWN; 128];
        let data = self.data();
        let mut out = StrBuilder::with_capacity(data.len());
        for i in 0..data.len() {
            let c = data.at(i);
            if c < 128 {
                match known[c as usize] {
                    UNKNOWN => {}
                    DELETED => continue,
                    ascii => {
                        out.push_char(ascii as u32);
                        continue;
                    }
                }
            }
            let single = match lookup(table, c)? {
                Mapped::Same => {
                    out.push_char(c);
                    c
                }
                Mapped::Deleted => {
                    if c < 128 {
                        known[c as usize] = DELETED;
                    }
                    continue;
                }
                Mapped::Char(to) => {
                    out.push_char(to);
                    to
                }
                Mapped::Text(text) => {
                    out.push_py(&text);
                    if text.len() == 1 { text.char_at(0) } else { u32::MAX }
                }
            };
            if c < 128 && single < 128 {
                known[c as usize] = single as u8;
            }
        }
        out.try_finish()
    }

    /// `str.maketrans(x, y, z)`.
    ///
    /// # Errors
    /// `TypeError` and `ValueError` as CPython words them.
    pub fn maketrans(x: &PyObject, y: Option<&PyStr>, z: Option<&PyStr>) -> PyResult<Ref<PyDict>> {
        let table = PyDict::new();
        let key = |c: u32| PyInt::from_i64(c as i64);
        let Some(y) = y else {
            let Some(source) = x.downcast_exact::<PyDict>() else {
                return Err(exc::type_error("if you give only one argument to maketrans it must be a dict"));
            };
            let mut position = 0;
            while let Some((from, to)) = source.iter_index(&mut position) {
                let from: ObjRef = if let Some(text) = from.downcast_ref::<PyStr>() {
                    if text.len() != 1 {
                        return Err(exc::value_error("string keys in translate table must be of length 1"));
                    }
                    key(text.char_at(0)).into_obj()
                } else if PyInt::check(&from) {
                    from
                } else {
                    return Err(exc::type_error("keys in translate table must be strings or integers"));
                };
                table.set_item(&from, &to)?;
            }
            return Ok(table);
        };
        let Some(x) = x.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("first maketrans argument must be a string if there is a second argument"));
        };
        if x.len() != y.len() {
            return Err(exc::value_error("the first two maketrans arguments must have equal length"));
        }
        for (from, to) in x.data().iter().zip(y.data().iter()) {
            table.set_item(key(from).as_object(), key(to).as_object())?;
        }
        if let Some(z) = z {
            for c in z.data().iter() {
                table.set_item(key(c).as_object(), crate::none_ref())?;
            }
        }
        Ok(table)
    }
}
