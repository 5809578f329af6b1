//! Writing JSON text.

use core::cell::{Cell, RefCell};

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::{call, mapping, object as protocol, sequence};
use rpy_vm::runtime::recursion::enter_recursive_call;
use rpy_vm::types::bool_;
use rpy_vm::types::dict::{PyDict, qualified_type_name};
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::{PyInt, parse::int_repr};
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::{PyStr, StrBuilder, StrData};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, exc, pyclass, pymethods};

use super::scan::Unit;
use crate::support::note;

/// The module's own functions: an encoder given one of them need not call it.
pub static ENCODE_ASCII: OptRef = OptRef::NULL;
pub static ENCODE: OptRef = OptRef::NULL;

const HEX: &[u8; 16] = b"0123456789abcdef";

fn push_escaped(out: &mut StrBuilder, c: u32) {
    let short = match c {
        0x22 => b"\\\"",
        0x5c => b"\\\\",
        0x08 => b"\\b",
        0x0c => b"\\f",
        0x0a => b"\\n",
        0x0d => b"\\r",
        0x09 => b"\\t",
        _ => {
            let mut unit = |c: u32| {
                let digit = |shift: u32| HEX[(c >> shift & 15) as usize];
                out.push_ascii(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]);
            };
            if c >= 0x10000 {
                let v = c - 0x10000;
                unit(0xd800 | v >> 10 & 0x3ff);
                unit(0xdc00 | v & 0x3ff);
            } else {
                unit(c);
            }
            return;
        }
    };
    out.push_ascii(short);
}

/// The characters of a string in which there is nothing to escape, in either form.
#[inline]
fn plain_text(text: &PyStr) -> Option<&[u8]> {
    let StrData::Latin1(units) = text.data() else { return None };
    let special = |c: u8| !(0x20..0x7f).contains(&c) | (c == 0x22) | (c == 0x5c);
    // All are looked at, several at a time.
    let any = units.iter().fold(false, |any, &c| any | special(c));
    (!any).then_some(units)
}

/// Appends an integer of the machine's.
fn push_int(out: &mut StrBuilder, value: i64) {
    let mut text = [0; 20];
    let mut start = text.len();
    let mut rest = value.unsigned_abs();
    loop {
        start -= 1;
        text[start] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if value < 0 {
        start -= 1;
        text[start] = b'-';
    }
    out.push_ascii(&text[start..]);
}

/// Appends a string in quotes.
pub fn push_quoted(out: &mut StrBuilder, text: &PyStr, ascii: bool) {
    fn run<T: Unit>(out: &mut StrBuilder, units: &[T], plain: impl Fn(u32) -> bool) {
        let mut from = 0;
        for (i, unit) in units.iter().enumerate() {
            let c = unit.code();
            if !plain(c) {
                if from < i {
                    out.push_data(T::data(&units[from..i]));
                }
                push_escaped(out, c);
                from = i + 1;
            }
        }
        if from < units.len() {
            out.push_data(T::data(&units[from..]));
        }
    }
    let printable = |c: u32| (0x20..0x7f).contains(&c) && c != 0x22 && c != 0x5c;
    let not_special = |c: u32| c >= 0x20 && c != 0x22 && c != 0x5c;
    if let Some(text) = plain_text(text) {
        return out.push_ascii_parts([b"\"", text, b"\""]);
    }
    out.push_ascii(b"\"");
    match (text.data(), ascii) {
        (StrData::Latin1(u), true) => run(out, u, printable),
        (StrData::Ucs2(u), true) => run(out, u, printable),
        (StrData::Ucs4(u), true) => run(out, u, printable),
        (StrData::Latin1(u), false) => run(out, u, not_special),
        (StrData::Ucs2(u), false) => run(out, u, not_special),
        (StrData::Ucs4(u), false) => run(out, u, not_special),
    }
    out.push_ascii(b"\"");
}

/// `encode_basestring` and `encode_basestring_ascii`.
pub fn quoted(object: &PyObject, ascii: bool) -> PyResult<ObjRef> {
    let Some(text) = object.downcast_ref::<PyStr>() else {
        return Err(exc::type_error(format!("first argument must be a string, not {}", object.ty().name())));
    };
    let mut out = StrBuilder::with_capacity(text.len() + 2);
    push_quoted(&mut out, text, ascii);
    Ok(out.try_finish()?.into_obj())
}

/// How strings are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strings {
    Ascii,
    Unicode,
    Custom,
}

/// Encoder(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)
#[pyclass(name = "Encoder", module = "_json", gc)]
#[repr(C)]
pub struct PyEncoder {
    ob_base: PyObject,
    /// markers
    #[pymember(readonly, object)]
    markers: OptRef,
    /// default
    #[pymember(readonly, name = "default", object)]
    default: OptRef,
    /// encoder
    #[pymember(readonly, object)]
    encoder: OptRef,
    /// indent
    #[pymember(readonly, object)]
    indent: OptRef,
    /// key_separator
    #[pymember(readonly, object)]
    key_separator: OptRef<PyStr>,
    /// item_separator
    #[pymember(readonly, object)]
    item_separator: OptRef<PyStr>,
    /// sort_keys
    #[pymember(bool, readonly)]
    #[pytraverse(skip)]
    sort_keys: Cell<bool>,
    /// skipkeys
    #[pymember(bool, readonly)]
    #[pytraverse(skip)]
    skipkeys: Cell<bool>,
    #[pytraverse(skip)]
    allow_nan: bool,
    #[pytraverse(skip)]
    strings: Strings,
}

/// One run of an encoder.
struct Run<'a> {
    encoder: &'a PyEncoder,
    out: StrBuilder,
    key_separator: rpy_vm::Ref<PyStr>,
    item_separator: rpy_vm::Ref<PyStr>,
    indent: Option<rpy_vm::Ref<PyStr>>,
    /// Containers being written, when circular references are to be found.
    open: Option<RefCell<Vec<*mut PyObject>>>,
}

impl Run<'_> {
    fn push_string(&mut self, text: &PyStr) -> PyResult<()> {
        match self.encoder.strings {
            Strings::Ascii => push_quoted(&mut self.out, text, true),
            Strings::Unicode => push_quoted(&mut self.out, text, false),
            Strings::Custom => {
                let encoder = self.encoder.encoder.get().unwrap_or_else(rpy_vm::none);
                let encoded = call::call_one(&encoder, text.as_object())?;
                match encoded.downcast_ref::<PyStr>() {
                    Some(encoded) => self.out.push_py(encoded),
                    None => {
                        return Err(exc::type_error(format!(
                            "encoder() must return a string, not {}",
                            encoded.ty().name()
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    fn float_text(&self, object: &PyObject, value: f64) -> PyResult<String> {
        if value.is_finite() {
            return Ok(rpy_vm::types::float::text::float_repr_string(value));
        }
        if !self.encoder.allow_nan {
            let repr = protocol::repr(object)?;
            return Err(exc::value_error(format!(
                "Out of range float values are not JSON compliant: {}",
                repr.to_string_lossy()
            )));
        }
        Ok(if value.is_nan() {
            "NaN"
        } else if value > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned())
    }

    /// Constants; they come before numbers, as bools are ints.
    fn constant(object: &PyObject) -> Option<&'static [u8]> {
        if rpy_vm::is_none(object) {
            Some(b"null")
        } else if object.is(bool_::as_object(true)) {
            Some(b"true")
        } else if object.is(bool_::as_object(false)) {
            Some(b"false")
        } else {
            None
        }
    }

    fn enter(&self, object: &PyObject) -> PyResult<()> {
        if let Some(open) = &self.open {
            let mut open = open.borrow_mut();
            if open.contains(&object.as_ptr()) {
                return Err(exc::value_error("Circular reference detected"));
            }
            open.push(object.as_ptr());
        }
        Ok(())
    }

    fn leave(&self) {
        if let Some(open) = &self.open {
            open.borrow_mut().pop();
        }
    }

    fn new_line(&mut self, level: usize) {
        if let Some(indent) = &self.indent {
            self.out.push_ascii(b"\n");
            for _ in 0..level {
                self.out.push_py(indent);
            }
        }
    }

    fn value(&mut self, object: &PyObject, level: usize) -> PyResult<()> {
        if let Some(text) = object.downcast_ref::<PyStr>() {
            return self.push_string(text);
        }
        if let Some(text) = Self::constant(object) {
            self.out.push_ascii(text);
            return Ok(());
        }
        if let Some(n) = object.downcast_ref::<PyInt>() {
            match n.medium_value() {
                Some(value) => push_int(&mut self.out, value),
                None => self.out.push_py(&*int_repr(n)?),
            }
            return Ok(());
        }
        if let Some(f) = object.downcast_ref::<PyFloat>() {
            let text = self.float_text(object, f.value())?;
            self.out.push_str(&text);
            return Ok(());
        }
        let _guard = enter_recursive_call(" while encoding a JSON object")?;
        if object.downcast_ref::<PyList>().is_some() || object.downcast_ref::<PyTuple>().is_some() {
            return self.list(object, level);
        }
        if let Some(dict) = object.downcast_ref::<PyDict>() {
            return self.dict(dict, level);
        }
        self.enter(object)?;
        let default = self.encoder.default.get().unwrap_or_else(rpy_vm::none);
        let replaced = call::call_one(&default, object)?;
        self.value(&replaced, level)
            .map_err(|e| note(e, format!("when serializing {} object", qualified_type_name(object))))?;
        self.leave();
        Ok(())
    }

    fn list(&mut self, object: &PyObject, level: usize) -> PyResult<()> {
        let mut index = 0;
        // Exact lists are read in place; others once, beforehand.
        let snapshot = match object.downcast_exact::<PyList>() {
            Some(_) => None,
            None => Some(sequence::fast(object)?),
        };
        let item_at = |i: usize| match (&snapshot, object.downcast_exact::<PyList>()) {
            (Some(items), _) => items.get(i).cloned(),
            (None, Some(list)) => list.get(i),
            (None, None) => None,
        };
        let Some(mut item) = item_at(0) else {
            self.out.push_ascii(b"[]");
            return Ok(());
        };
        self.enter(object)?;
        self.out.push_ascii(b"[");
        self.new_line(level + 1);
        loop {
            self.value(&item, level + 1)
                .map_err(|e| note(e, format!("when serializing {} item {index}", qualified_type_name(object))))?;
            index += 1;
            match item_at(index) {
                Some(next) => item = next,
                None => break,
            }
            self.out.push_py(&self.item_separator);
            self.new_line(level + 1);
        }
        self.leave();
        self.new_line(level);
        self.out.push_ascii(b"]");
        Ok(())
    }

    fn dict(&mut self, dict: &PyDict, level: usize) -> PyResult<()> {
        if dict.is_empty() {
            self.out.push_ascii(b"{}");
            return Ok(());
        }
        let object = dict.as_object();
        self.enter(object)?;
        self.out.push_ascii(b"{");
        let mut first = true;
        if self.encoder.sort_keys.get() || object.downcast_exact::<PyDict>().is_none() {
            let items = mapping::items(object)?;
            if self.encoder.sort_keys.get() {
                items.sort(None, false)?;
            }
            for pair in items.items_snapshot() {
                let Some(pair) = pair.downcast_ref::<PyTuple>().filter(|p| p.len() == 2) else {
                    return Err(exc::value_error("items must return 2-tuples"));
                };
                self.entry(object, &mut first, pair.items()[0], pair.items()[1], level)?;
            }
        } else {
            let mut position = 0;
            while let Some((key, value)) = dict.iter_index(&mut position) {
                self.entry(object, &mut first, &key, &value, level)?;
            }
        }
        self.leave();
        if !first {
            self.new_line(level);
        }
        self.out.push_ascii(b"}");
        Ok(())
    }

    fn entry(
        &mut self,
        owner: &PyObject,
        first: &mut bool,
        key: &PyObject,
        value: &PyObject,
        level: usize,
    ) -> PyResult<()> {
        let made;
        let text = if let Some(text) = key.downcast_ref::<PyStr>() {
            text
        } else {
            made = if let Some(f) = key.downcast_ref::<PyFloat>() {
                PyStr::from_string(self.float_text(key, f.value())?)
            } else if let Some(text) = Self::constant(key) {
                PyStr::from_latin1(text)
            } else if let Some(n) = key.downcast_ref::<PyInt>() {
                int_repr(n)?
            } else if self.encoder.skipkeys.get() {
                return Ok(());
            } else {
                return Err(exc::type_error(format!(
                    "keys must be str, int, float, bool or None, not {}",
                    key.ty().name()
                )));
            };
            &*made
        };
        let between = if core::mem::replace(first, false) { None } else { Some(&*self.item_separator) };
        // As a rule there is nothing special in any of it, which is appended at once then.
        match (between.map_or(Some(&b""[..]), plain_text), plain_text(text), plain_text(&self.key_separator)) {
            (Some(between), Some(text), Some(separator))
                if self.indent.is_none() && self.encoder.strings != Strings::Custom =>
            {
                self.out.push_ascii_parts([between, b"\"", text, b"\"", separator]);
            }
            _ => {
                if let Some(between) = between {
                    self.out.push_py(between);
                }
                self.new_line(level + 1);
                self.push_string(text)?;
                self.out.push_py(&self.key_separator);
            }
        }
        self.value(value, level + 1).map_err(|e| {
            let key = protocol::repr(key).map_or_else(|_| String::new(), |k| k.to_string_lossy().into_owned());
            note(e, format!("when serializing {} item {key}", qualified_type_name(owner)))
        })
    }
}

#[pymethods]
impl PyEncoder {
    #[pynew(sig = "(markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan)")]
    #[expect(clippy::too_many_arguments, reason = "they are CPython's")]
    fn py_new(
        cls: &PyTypeObject,
        markers: &PyObject,
        default: &PyObject,
        encoder: &PyObject,
        indent: &PyObject,
        key_separator: &PyStr,
        item_separator: &PyStr,
        sort_keys: bool,
        skipkeys: bool,
        allow_nan: bool,
    ) -> PyResult<ObjRef> {
        if !rpy_vm::is_none(markers) && markers.downcast_ref::<PyDict>().is_none() {
            return Err(exc::type_error(format!(
                "make_encoder() argument 1 must be dict or None, not {}",
                markers.ty().name()
            )));
        }
        let strings = if encoder.as_ptr() == ENCODE_ASCII.as_raw() {
            Strings::Ascii
        } else if encoder.as_ptr() == ENCODE.as_raw() {
            Strings::Unicode
        } else {
            Strings::Custom
        };
        let this = PyEncoder {
            ob_base: PyObject::placeholder(),
            markers: OptRef::some(markers.new_ref()),
            default: OptRef::some(default.new_ref()),
            encoder: OptRef::some(encoder.new_ref()),
            indent: OptRef::some(indent.new_ref()),
            key_separator: OptRef::some(key_separator.to_ref()),
            item_separator: OptRef::some(item_separator.to_ref()),
            sort_keys: Cell::new(sort_keys),
            skipkeys: Cell::new(skipkeys),
            allow_nan,
            strings,
        };
        Ok(new_in(cls, this)?.into_obj())
    }

    #[pycall(sig = "($self, obj, _current_indent_level)")]
    fn py_call(&self, obj: &PyObject, level: isize) -> PyResult<ObjRef> {
        let indent = match self.indent.get() {
            Some(indent) if !rpy_vm::is_none(&indent) => match indent.downcast::<PyStr>() {
                Ok(text) => Some(text),
                Err(other) => {
                    return Err(exc::type_error(format!("indent must be str or None, not {}", other.ty().name())));
                }
            },
            _ => None,
        };
        let checks = self.markers.get().is_some_and(|m| !rpy_vm::is_none(&m));
        let mut run = Run {
            encoder: self,
            out: StrBuilder::new(),
            key_separator: self.key_separator.get().unwrap_or_else(PyStr::empty),
            item_separator: self.item_separator.get().unwrap_or_else(PyStr::empty),
            indent,
            open: checks.then(RefCell::default),
        };
        run.value(obj, level.max(0) as usize)?;
        let text = run.out.try_finish()?;
        Ok(PyTuple::from_array([text.into_obj()]).into_obj())
    }
}
