//! f-strings and t-strings of the parser as Python objects: the parts of a concatenation are joined, neighbouring
//! literal pieces merged, and the text of `{x=}` becomes a literal piece.

use ruff_text_size::{Ranged, TextRange, TextSize};
use rustpython_compiler::ast;
use rustpython_compiler::codegen;
use rustpython_wtf8::{Wtf8, Wtf8Buf};

use super::build_expr::constant;
use super::builder::Builder;
use super::classes::int;
use super::grammar::Kind;
use crate::err::PyResult;
use crate::object::ObjRef;
use crate::types::str::PyStr;
use crate::{exc, none};

/// Which kind of string the elements stand in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum StringKind {
    Formatted,
    Template,
}

/// The values of a string, with the literal piece that is being put together.
#[derive(Default)]
struct Values {
    done: Vec<ObjRef>,
    text: Wtf8Buf,
    range: Option<TextRange>,
    unicode: bool,
}

impl Values {
    fn push_text(&mut self, text: &Wtf8, range: TextRange, unicode: bool) {
        if text.is_empty() {
            return;
        }
        self.range = Some(match self.range {
            Some(before) => TextRange::new(before.start(), range.end()),
            None => {
                self.unicode = unicode;
                range
            }
        });
        self.text.push_wtf8(text);
    }

    /// Ends the literal piece.
    fn flush(&mut self, builder: &Builder<'_>) -> PyResult<()> {
        let Some(range) = self.range.take() else { return Ok(()) };
        let text = core::mem::take(&mut self.text);
        let kind = if self.unicode { builder.name("u") } else { none() };
        self.done.push(builder.placed(Kind::Constant, range, [PyStr::from_wtf8(&text).into_obj(), kind])?);
        Ok(())
    }
}

impl Builder<'_> {
    /// `JoinedStr`.
    pub fn joined_str(&self, e: &ast::ExprFString) -> PyResult<ObjRef> {
        if let Some(values) = &e.runtime_joined_str {
            return self.placed(Kind::JoinedStr, e.range, [self.exprs(values)?]);
        }
        if let (Some(_), Some(element)) = (&e.runtime_values, e.value.elements().next()) {
            return self.lowered_value(element);
        }
        let mut values = Values::default();
        for part in &e.value {
            match part {
                ast::FStringPart::Literal(literal) => {
                    let text = codegen::string_literal_part_value(self.source_file, literal);
                    values.push_text(&text, literal.range, literal.flags.prefix().is_unicode());
                }
                ast::FStringPart::FString(fstring) => {
                    self.elements(&mut values, &fstring.elements, fstring.flags.into(), StringKind::Formatted)?;
                }
            }
        }
        values.flush(self)?;
        let list = self.list(values.done)?;
        self.placed(Kind::JoinedStr, e.range, [list])
    }

    /// `TemplateStr`.
    pub fn template_str(&self, e: &ast::ExprTString) -> PyResult<ObjRef> {
        if let Some(values) = &e.runtime_template_str {
            return self.placed(Kind::TemplateStr, e.range, [self.exprs(values)?]);
        }
        if let (Some(_), Some(element)) = (&e.runtime_values, e.value.elements().next()) {
            return self.lowered_value(element);
        }
        let mut values = Values::default();
        for part in &e.value {
            self.elements(&mut values, &part.elements, part.flags.into(), StringKind::Template)?;
        }
        values.flush(self)?;
        let list = self.list(values.done)?;
        self.placed(Kind::TemplateStr, e.range, [list])
    }

    /// `FormattedValue` or `Interpolation` that came from a tree.
    fn lowered_value(&self, element: &ast::InterpolatedStringElement) -> PyResult<ObjRef> {
        let ast::InterpolatedStringElement::Interpolation(e) = element else {
            return Err(exc::system_error("a formatted value that is none"));
        };
        let value = self.expr(&e.expression)?;
        let conversion = int(e.conversion.to_byte().map_or(-1, i32::from));
        match &e.runtime_str {
            None => {
                let spec = self.optional_expr(e.runtime_formatted_value_format_spec.as_deref())?;
                self.placed(Kind::FormattedValue, e.range, [value, conversion, spec])
            }
            Some(text) => {
                let spec = self.optional_expr(e.runtime_interpolation_format_spec.as_deref())?;
                self.placed(Kind::Interpolation, e.range, [value, constant(text)?, conversion, spec])
            }
        }
    }

    fn elements(
        &self,
        values: &mut Values,
        elements: &[ast::InterpolatedStringElement],
        flags: ast::AnyStringFlags,
        kind: StringKind,
    ) -> PyResult<()> {
        for element in elements {
            match element {
                ast::InterpolatedStringElement::Literal(literal) => {
                    let text = codegen::interpolated_string_literal_value(self.source_file, literal, flags);
                    values.push_text(&text, literal.range, false);
                }
                ast::InterpolatedStringElement::Interpolation(e) => self.replacement(values, e, flags, kind)?,
            }
        }
        Ok(())
    }

    /// `{…}`.
    fn replacement(
        &self,
        values: &mut Values,
        e: &ast::InterpolatedElement,
        flags: ast::AnyStringFlags,
        kind: StringKind,
    ) -> PyResult<()> {
        let mut conversion = e.conversion;
        if let Some(debug) = &e.debug_text {
            let (text, _) = codegen::interpolation_debug_text(self.source_file, debug, e.expression.range());
            let range = TextRange::new(e.range.start() + TextSize::new(1), self.expression_end(e));
            values.push_text(Wtf8::new(&*text), range, false);
            if conversion == ast::ConversionFlag::None && e.format_spec.is_none() {
                conversion = ast::ConversionFlag::Repr;
            }
        }
        values.flush(self)?;
        let spec = match e.format_spec.as_deref() {
            None => none(),
            Some(spec) => {
                // The format is an f-string in both kinds; it starts with its colon.
                let mut values = Values::default();
                self.elements(&mut values, &spec.elements, flags, StringKind::Formatted)?;
                values.flush(self)?;
                let start = spec.range.start().checked_sub(TextSize::new(1)).unwrap_or_default();
                let range = TextRange::new(start, spec.range.end());
                let list = self.list(values.done)?;
                self.placed(Kind::JoinedStr, range, [list])?
            }
        };
        let value = self.expr(&e.expression)?;
        let conversion = int(conversion.to_byte().map_or(-1, i32::from));
        let node = match kind {
            StringKind::Formatted => self.placed(Kind::FormattedValue, e.range, [value, conversion, spec])?,
            StringKind::Template => {
                let text = PyStr::from_string(self.expression_text(e)).into_obj();
                self.placed(Kind::Interpolation, e.range, [value, text, conversion, spec])?
            }
        };
        values.done.push(node);
        Ok(())
    }

    /// Where the expression with its `=` ends: at the conversion, the format, or the closing brace.
    fn expression_end(&self, e: &ast::InterpolatedElement) -> TextSize {
        let end = match &e.format_spec {
            Some(spec) => spec.range.start() - TextSize::new(1),
            None => e.range.end() - TextSize::new(1),
        };
        if e.conversion == ast::ConversionFlag::None {
            return end;
        }
        let text = &self.source[e.expression.end().to_usize()..end.to_usize()];
        match text.rfind('!') {
            Some(at) => e.expression.end() + TextSize::new(at as u32),
            None => end,
        }
    }

    /// The text of an interpolation's expression, as `Interpolation.str` has it.
    fn expression_text(&self, e: &ast::InterpolatedElement) -> String {
        let start = e.range.start().to_usize() + 1;
        let end = self.expression_end(e).to_usize();
        let text = without_comments(&self.source[start..end]);
        text.trim_end_matches(|c: char| c == '=' || c.is_whitespace()).to_owned()
    }
}

/// Leaves the comments out of an expression's text, but not what only looks like one inside a string.
fn without_comments(text: &str) -> String {
    if !text.contains('#') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let len = match c {
            '#' => {
                rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
                continue;
            }
            '\'' | '"' => string_length(rest, c),
            _ => c.len_utf8(),
        };
        out.push_str(&rest[..len]);
        rest = &rest[len..];
    }
    out
}

/// The length of a string literal from its quote on.
fn string_length(text: &str, quote: char) -> usize {
    let triple = [quote; 3].iter().collect::<String>();
    let delimiter = if text.starts_with(&triple) { &*triple } else { &text[..1] };
    let bytes = text.as_bytes();
    let mut at = delimiter.len();
    while at < bytes.len() {
        if bytes[at] == b'\\' {
            at += 2;
        } else if bytes[at..].starts_with(delimiter.as_bytes()) {
            return at + delimiter.len();
        } else {
            at += 1;
        }
    }
    bytes.len()
}
