//! `str.format` and `str.format_map`: replacement fields, nested specifications, automatic numbering. The parser is shared
//! with the `_string` module.

use super::unicode::to_decimal;
use super::{PyStr, StrBuilder, StrData};
use crate::object::{ObjRef, PyObject, PyStruct, Ref};
use crate::types::dict::PyDict;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::{PyResult, exc, protocol};

/// A replacement field: bounds into the format string.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: (usize, usize),
    pub spec: (usize, usize),
    /// Does the specification contain fields itself?
    pub nested: bool,
    /// The character after `!`, or 0.
    pub conversion: u32,
}

/// A piece of a format string: literal text (bounds), and perhaps a field behind it.
#[derive(Clone, Copy, Debug)]
pub struct Piece {
    pub literal: (usize, usize),
    pub field: Option<Field>,
}

/// Walks through the pieces of a format string.
pub struct Pieces<'a> {
    text: StrData<'a>,
    at: usize,
    end: usize,
}

impl<'a> Pieces<'a> {
    pub fn new(text: StrData<'a>, start: usize, end: usize) -> Pieces<'a> {
        Pieces { text, at: start, end }
    }

    /// Where the next piece starts.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The next piece. `{{` and `}}` end a literal that includes one brace.
    ///
    /// # Errors
    /// `ValueError`.
    pub fn next_piece(&mut self) -> PyResult<Option<Piece>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let start = self.at;
        let mut at = start;
        while at < self.end {
            let c = self.text.at(at);
            if c == b'{' as u32 || c == b'}' as u32 {
                break;
            }
            at += 1;
        }
        if at == self.end {
            self.at = at;
            return Ok(Some(Piece { literal: (start, at), field: None }));
        }
        let brace = self.text.at(at);
        let doubled = at + 1 < self.end && self.text.at(at + 1) == brace;
        if doubled {
            self.at = at + 2;
            return Ok(Some(Piece { literal: (start, at + 1), field: None }));
        }
        if brace == b'}' as u32 {
            return Err(exc::value_error("Single '}' encountered in format string"));
        }
        if at + 1 == self.end {
            return Err(exc::value_error("Single '{' encountered in format string"));
        }
        self.at = at + 1;
        let field = self.parse_field()?;
        Ok(Some(Piece { literal: (start, at), field: Some(field) }))
    }

    /// Parses a field behind its `{`.
    fn parse_field(&mut self) -> PyResult<Field> {
        let name_start = self.at;
        let mut terminator = 0;
        while terminator == 0 && self.at < self.end {
            let c = self.text.at(self.at);
            self.at += 1;
            match u8::try_from(c) {
                Ok(b'{') => return Err(exc::value_error("unexpected '{' in field name")),
                // Anything may stand between brackets.
                Ok(b'[') => {
                    while self.at < self.end && self.text.at(self.at) != b']' as u32 {
                        self.at += 1;
                    }
                }
                Ok(b'}' | b':' | b'!') => terminator = c,
                _ => {}
            }
        }
        let mut field = Field {
            name: (name_start, if terminator == 0 { self.at } else { self.at - 1 }),
            spec: (self.at, self.at),
            nested: false,
            conversion: 0,
        };
        match u8::try_from(terminator) {
            Ok(b'!' | b':') => {}
            Ok(b'}') => return Ok(field),
            _ => return Err(exc::value_error("expected '}' before end of string")),
        }
        if terminator == b'!' as u32 {
            if self.at >= self.end {
                return Err(exc::value_error("end of string while looking for conversion specifier"));
            }
            field.conversion = self.text.at(self.at);
            self.at += 1;
            if self.at < self.end {
                let c = self.text.at(self.at);
                self.at += 1;
                if c == b'}' as u32 {
                    field.spec = (self.at, self.at);
                    return Ok(field);
                }
                if c != b':' as u32 {
                    return Err(exc::value_error("expected ':' after conversion specifier"));
                }
            }
        }
        let spec_start = self.at;
        let mut depth = 1;
        while self.at < self.end {
            match u8::try_from(self.text.at(self.at)) {
                Ok(b'{') => {
                    field.nested = true;
                    depth += 1;
                }
                Ok(b'}') => {
                    depth -= 1;
                    if depth == 0 {
                        field.spec = (spec_start, self.at);
                        self.at += 1;
                        return Ok(field);
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        Err(exc::value_error("unmatched '{' in format spec"))
    }
}

/// A non-negative integer that makes up all of the text, if it is one.
///
/// # Errors
/// `ValueError` if it is too large.
fn parse_index(text: StrData<'_>) -> PyResult<Option<usize>> {
    if text.is_empty() {
        return Ok(None);
    }
    let mut value = 0usize;
    for c in text.iter() {
        let Some(digit) = to_decimal(c) else {
            return Ok(None);
        };
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(digit as usize))
            .filter(|&v| v <= isize::MAX as usize)
            .ok_or_else(|| exc::value_error("Too many decimal digits in format string"))?;
    }
    Ok(Some(value))
}

/// What a field name starts with.
#[derive(Clone, Debug)]
pub enum First {
    /// Nothing: automatic numbering.
    Auto,
    Index(usize),
    Name(usize, usize),
}

/// What follows the first part.
#[derive(Clone, Debug)]
pub enum Accessor {
    /// `.name`
    Attribute(usize, usize),
    /// `[123]`
    Index(usize),
    /// `[name]`
    Key(usize, usize),
}

/// Takes a field name apart. Accessors come one by one, so that an error in a later one shows after the earlier were used.
pub struct FieldName<'a> {
    text: StrData<'a>,
    pub first: First,
    at: usize,
    end: usize,
}

impl<'a> FieldName<'a> {
    /// # Errors
    /// `ValueError`.
    pub fn parse(text: StrData<'a>, start: usize, end: usize) -> PyResult<FieldName<'a>> {
        let mut at = start;
        while at < end && !matches!(u8::try_from(text.at(at)), Ok(b'.' | b'[')) {
            at += 1;
        }
        let first = if at == start {
            First::Auto
        } else {
            match parse_index(text.slice(start, at))? {
                Some(index) => First::Index(index),
                None => First::Name(start, at),
            }
        };
        Ok(FieldName { text, first, at, end })
    }

    /// Goes on with the accessors from a position that [`FieldName::position`] gave.
    pub fn resume(text: StrData<'a>, at: usize, end: usize) -> FieldName<'a> {
        FieldName { text, first: First::Auto, at, end }
    }

    /// Where the next accessor starts.
    pub fn position(&self) -> usize {
        self.at
    }

    /// # Errors
    /// `ValueError`.
    pub fn next_accessor(&mut self) -> PyResult<Option<Accessor>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let kind = self.text.at(self.at);
        self.at += 1;
        let start = self.at;
        let accessor = match u8::try_from(kind) {
            Ok(b'.') => {
                while self.at < self.end && !matches!(u8::try_from(self.text.at(self.at)), Ok(b'.' | b'[')) {
                    self.at += 1;
                }
                Accessor::Attribute(start, self.at)
            }
            Ok(b'[') => {
                while self.at < self.end && self.text.at(self.at) != b']' as u32 {
                    self.at += 1;
                }
                if self.at >= self.end {
                    return Err(exc::value_error("Missing ']' in format string"));
                }
                let stop = self.at;
                self.at += 1;
                match parse_index(self.text.slice(start, stop))? {
                    Some(index) => Accessor::Index(index),
                    None => Accessor::Key(start, stop),
                }
            }
            _ => {
                return Err(exc::value_error("Only '.' or '[' may follow ']' in format field specifier"));
            }
        };
        if let Accessor::Attribute(a, b) | Accessor::Key(a, b) = accessor
            && a == b
        {
            return Err(exc::value_error("Empty attribute in format string"));
        }
        Ok(Some(accessor))
    }
}

/// How fields are numbered so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbering {
    Unknown,
    Automatic,
    Manual,
}

/// Where values come from.
pub enum Values<'a> {
    /// `str.format`: positional and keyword arguments.
    Arguments(&'a [&'a PyObject], Option<&'a PyDict>),
    /// `str.format_map`.
    Mapping(&'a PyObject),
}

struct Formatter<'a> {
    format: &'a PyStr,
    values: Values<'a>,
    numbering: Numbering,
    next_index: usize,
}

impl Formatter<'_> {
    fn text(&self, start: usize, end: usize) -> PyResult<Ref<PyStr>> {
        self.format.try_substring(start, end)
    }

    /// The object that a field refers to.
    fn field_object(&mut self, name: (usize, usize)) -> PyResult<ObjRef> {
        let mut parts = FieldName::parse(self.format.data(), name.0, name.1)?;
        let numbering = match parts.first {
            First::Auto => Numbering::Automatic,
            First::Index(_) => Numbering::Manual,
            First::Name(..) => Numbering::Unknown,
        };
        if numbering != Numbering::Unknown {
            if self.numbering == Numbering::Unknown {
                self.numbering = numbering;
            } else if self.numbering != numbering {
                return Err(exc::value_error(if numbering == Numbering::Automatic {
                    "cannot switch from manual field specification to automatic field numbering"
                } else {
                    "cannot switch from automatic field numbering to manual field specification"
                }));
            }
        }
        let mut object = match parts.first {
            First::Name(start, end) => {
                let key = self.text(start, end)?;
                match &self.values {
                    Values::Mapping(mapping) => protocol::object::get_item(mapping, key.as_object())?,
                    Values::Arguments(_, Some(kwargs)) => match kwargs.get_item(key.as_object())? {
                        Some(value) => value,
                        None => return Err(exc::key_error(key.as_object())),
                    },
                    Values::Arguments(_, None) => return Err(exc::key_error(key.as_object())),
                }
            }
            First::Auto | First::Index(_) => {
                let index = match parts.first {
                    First::Index(index) => index,
                    _ => {
                        self.next_index += 1;
                        self.next_index - 1
                    }
                };
                match &self.values {
                    Values::Mapping(_) => return Err(exc::value_error("Format string contains positional fields")),
                    Values::Arguments(args, _) => match args.get(index) {
                        Some(value) => value.new_ref(),
                        None => {
                            return Err(exc::index_error(format!(
                                "Replacement index {index} out of range for positional args tuple"
                            )));
                        }
                    },
                }
            }
        };
        while let Some(accessor) = parts.next_accessor()? {
            object = match accessor {
                Accessor::Attribute(start, end) => {
                    let name = self.text(start, end)?;
                    protocol::object::getattr(&object, &name)?
                }
                Accessor::Index(index) => protocol::object::get_item(&object, PyInt::from_usize(index).as_object())?,
                Accessor::Key(start, end) => protocol::object::get_item(&object, self.text(start, end)?.as_object())?,
            };
        }
        Ok(object)
    }

    /// Formats the pieces between two positions.
    fn run(&mut self, start: usize, end: usize, depth: usize, out: &mut StrBuilder) -> PyResult<()> {
        if depth == 0 {
            return Err(exc::value_error("Max string recursion exceeded"));
        }
        let data = self.format.data();
        let mut pieces = Pieces::new(data, start, end);
        while let Some(piece) = pieces.next_piece()? {
            let (from, to) = piece.literal;
            match data {
                StrData::Latin1(text) if self.format.is_ascii() => out.push_ascii(&text[from..to]),
                _ => out.push_data(data.slice(from, to)),
            }
            if let Some(field) = piece.field {
                self.field(&field, depth, out)?;
            }
        }
        Ok(())
    }

    fn field(&mut self, field: &Field, depth: usize, out: &mut StrBuilder) -> PyResult<()> {
        let mut object = self.field_object(field.name)?;
        if field.conversion != 0 {
            object = match u8::try_from(field.conversion) {
                Ok(b'r') => protocol::object::repr(&object)?.into_obj(),
                Ok(b's') => protocol::object::str(&object)?.into_obj(),
                Ok(b'a') => protocol::object::ascii(&object)?.into_obj(),
                _ => {
                    let c = field.conversion;
                    return Err(exc::value_error(if c > 32 && c < 127 {
                        format!("Unknown conversion specifier {}", c as u8 as char)
                    } else {
                        format!("Unknown conversion specifier \\x{c:x}")
                    }));
                }
            };
        }
        let (start, end) = field.spec;
        let spec = if field.nested {
            let mut expanded = StrBuilder::new();
            self.run(start, end, depth - 1, &mut expanded)?;
            expanded.try_finish()?
        } else {
            self.text(start, end)?
        };
        push_formatted(out, &object, &spec)
    }
}

/// Appends `format(object, spec)`, without calls for the usual exact types.
pub fn push_formatted(out: &mut StrBuilder, object: &PyObject, spec: &PyStr) -> PyResult<()> {
    if let Some(text) = object.downcast_exact::<PyStr>() {
        if spec.is_empty() {
            out.push_py(text);
        } else {
            let text = super::format_spec::format_str(text, spec)?;
            out.push_py(&text);
        }
        return Ok(());
    }
    if let Some(number) = object.downcast_exact::<PyInt>() {
        if spec.is_empty() {
            let (negative, digits) = super::format_spec::int_digits(number, 10, false)?;
            if negative {
                out.push_ascii(b"-");
            }
            out.push_ascii(digits.as_bytes());
        } else {
            let text = super::format_spec::format_int(number, spec)?;
            out.push_py(&text);
        }
        return Ok(());
    }
    if let Some(number) = object.downcast_exact::<PyFloat>() {
        let text = super::format_spec::format_float(object, number.value(), spec)?;
        out.push_py(&text);
        return Ok(());
    }
    let text = protocol::object::format(object, spec)?;
    out.push_py(&text);
    Ok(())
}

/// Nesting of specifications that is allowed.
const MAX_DEPTH: usize = 2;

/// `format.format(*args, **kwargs)` or `format.format_map(mapping)`.
///
/// # Errors
/// `ValueError`, `IndexError`, `KeyError`, `MemoryError`, and what values raise.
pub fn format(format: &PyStr, values: Values<'_>) -> PyResult<Ref<PyStr>> {
    let mut formatter = Formatter { format, values, numbering: Numbering::Unknown, next_index: 0 };
    // A format that is nothing but one field gives the formatted object itself.
    let data = format.data();
    let mut pieces = Pieces::new(data, 0, data.len());
    if let Some(piece) = pieces.next_piece()?
        && pieces.at == data.len()
    {
        match piece.field {
            None if piece.literal == (0, data.len()) => return format.to_exact(),
            Some(field) if piece.literal.0 == piece.literal.1 && field.conversion == 0 && !field.nested => {
                let object = formatter.field_object(field.name)?;
                let spec = formatter.text(field.spec.0, field.spec.1)?;
                if spec.is_empty() && super::edit::is_exact_str(&object) {
                    // SAFETY: just checked.
                    return Ok(unsafe { object.cast_unchecked::<PyStr>() });
                }
                return match object.downcast_exact::<PyStr>() {
                    Some(text) => super::format_spec::format_str(text, &spec),
                    None => {
                        let mut out = StrBuilder::new();
                        push_formatted(&mut out, &object, &spec)?;
                        out.try_finish()
                    }
                };
            }
            _ => {}
        }
    }
    let mut out = StrBuilder::with_capacity(format.len() + 16);
    formatter.run(0, format.len(), MAX_DEPTH, &mut out)?;
    out.try_finish()
}
