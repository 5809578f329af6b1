//! From the parser's tree to Python objects: what all kinds of nodes share. Expressions, statements, patterns and strings
//! have files of their own.

use ruff_text_size::{TextRange, TextSize};
use rustpython_compiler::ast;
use rustpython_compiler::core::SourceFile;

use super::classes::{Classes, Place, classes, singleton};
use super::grammar::Kind;
use super::type_comments::TypeComments;
use crate::err::{PyErr, PyResult};
use crate::object::ObjRef;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::{exc, none};

/// Line starts of a source text, for positions as Python counts them.
pub struct Lines {
    starts: Vec<u32>,
}

impl Lines {
    pub fn new(source: &str) -> Lines {
        let ends = memchr::memchr_iter(b'\n', source.as_bytes());
        Lines { starts: core::iter::once(0).chain(ends.map(|end| end as u32 + 1)).collect() }
    }

    /// Line (from 1) and column in bytes of an offset.
    pub fn position(&self, offset: TextSize) -> (i32, i32) {
        let offset = offset.to_u32();
        let line = self.starts.partition_point(|&start| start <= offset);
        (line as i32, (offset - self.starts[line - 1]) as i32)
    }

    pub fn place(&self, range: TextRange) -> Place {
        let (line, column) = self.position(range.start());
        let (end_line, end_column) = self.position(range.end());
        Place { line, column, end_line, end_column }
    }
}

/// Makes nodes out of the parser's.
pub struct Builder<'a> {
    pub classes: &'static Classes,
    pub source_file: &'a SourceFile,
    pub source: &'a str,
    pub lines: Lines,
    pub type_comments: Option<TypeComments>,
}

impl<'a> Builder<'a> {
    pub fn new(source_file: &'a SourceFile, type_comments: Option<TypeComments>) -> PyResult<Builder<'a>> {
        let source = source_file.source_text();
        Ok(Builder { classes: classes()?, source_file, source, lines: Lines::new(source), type_comments })
    }

    /// A node with a place.
    pub fn placed<const N: usize>(&self, kind: Kind, range: TextRange, fields: [ObjRef; N]) -> PyResult<ObjRef> {
        self.classes.node(kind, &fields, Some(self.lines.place(range)))
    }

    /// A node without a place.
    pub fn free<const N: usize>(&self, kind: Kind, fields: [ObjRef; N]) -> PyResult<ObjRef> {
        self.classes.node(kind, &fields, None)
    }

    /// An identifier.
    pub fn name(&self, name: &str) -> ObjRef {
        PyStr::interned(name).into_obj()
    }

    pub fn optional_name(&self, name: Option<&ast::Identifier>) -> ObjRef {
        name.map_or_else(none, |name| self.name(name.as_str()))
    }

    /// A list.
    pub fn list(&self, items: Vec<ObjRef>) -> PyResult<ObjRef> {
        PyList::try_new(items).map(|list| list.into_obj())
    }

    /// A list made item by item.
    pub fn list_of<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        mut make: impl FnMut(&Self, T) -> PyResult<ObjRef>,
    ) -> PyResult<ObjRef> {
        let items = items.into_iter().map(|item| make(self, item)).collect::<PyResult<Vec<_>>>()?;
        self.list(items)
    }

    /// `Load()`, `Store()` or `Del()`.
    pub fn context(&self, context: ast::ExprContext) -> PyResult<ObjRef> {
        singleton(match context {
            ast::ExprContext::Store => Kind::Store,
            ast::ExprContext::Del => Kind::Del,
            ast::ExprContext::Load | ast::ExprContext::Invalid => Kind::Load,
        })
    }

    /// The range from the next token on: from `after`, behind white space, comments and line ends.
    pub fn from_next_token(&self, after: TextSize, end: TextSize) -> TextRange {
        let bytes = self.source.as_bytes();
        let mut at = after.to_usize();
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b' ' | b'\t' | b'\n' | 0x0c | b'\\' => at += 1,
                b'#' => at = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |n| at + n),
                _ => break,
            }
        }
        TextRange::new(TextSize::new(at as u32).min(end), end)
    }

    /// A `SyntaxError` about a part of the source.
    pub fn syntax_error(&self, message: &str, range: TextRange) -> PyErr {
        let Place { line, column, end_line, end_column } = self.lines.place(range);
        let text = self.source.split_inclusive('\n').nth(line as usize - 1);
        // Columns count characters here.
        let count = |line: i32, column: i32| {
            let text = self.source.split_inclusive('\n').nth(line as usize - 1).unwrap_or("");
            text.get(..column as usize).unwrap_or(text).chars().count() + 1
        };
        let (start, end) = (count(line, column), count(end_line, end_column));
        crate::compile::error::make(
            exc::SyntaxError(),
            message,
            self.source_file.name(),
            (line as usize, start),
            (end_line as usize, end),
            text.map(str::to_owned),
        )
    }

    /// A whole tree.
    pub fn module(&self, module: &ast::Mod, interactive: bool) -> PyResult<ObjRef> {
        match module {
            ast::Mod::Expression(expression) => self.free(Kind::Expression, [self.expr(&expression.body)?]),
            ast::Mod::Module(module) if interactive => self.free(Kind::Interactive, [self.body(&module.body)?]),
            ast::Mod::Module(module) => {
                let ignores = self.type_comments.as_ref().map(|c| c.ignores(self)).transpose()?;
                let ignores = self.list(ignores.unwrap_or_default())?;
                self.free(Kind::Module, [self.body(&module.body)?, ignores])
            }
        }
    }

    /// The type comment that belongs to a statement with a block, or to an assignment.
    pub fn type_comment(&self, find: impl FnOnce(&TypeComments) -> Option<&str>) -> ObjRef {
        match self.type_comments.as_ref().and_then(find) {
            Some(text) => PyStr::new(text).into_obj(),
            None => none(),
        }
    }
}
