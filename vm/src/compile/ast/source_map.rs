//! A made-up source text for a tree that has none. The compiler finds lines and columns of a node by looking its range up
//! in the source: so there is one, of blank lines just long enough for all positions of the tree.
//!
//! Behind the lines stand literals that the compiler reads again from the source: strings with surrogates, which its tree
//! cannot hold.

use ruff_text_size::{TextRange, TextSize};

use super::classes::Place;
use super::tree::{Node, Value};
use crate::err::PyResult;
use crate::exc;

/// How long the made-up text may get.
const MAX_SIZE: usize = 256 << 20;

/// How many lines it may have.
const MAX_LINES: usize = 16 << 20;

/// The text, and where its lines start.
pub struct SourceMap {
    starts: Vec<u32>,
    text: String,
}

impl SourceMap {
    /// The text for a tree.
    ///
    /// # Errors
    /// `OverflowError` when lines or columns are beyond reason.
    pub fn new(root: &Node) -> PyResult<SourceMap> {
        let mut widths = vec![0];
        measure(root, &mut widths)?;
        let size = widths.iter().fold(0usize, |size, &width| size.saturating_add(width + 1));
        if size > MAX_SIZE {
            return Err(exc::overflow_error("line or column number of a node is too large"));
        }
        let mut text = String::with_capacity(size);
        let mut starts = Vec::with_capacity(widths.len());
        for width in widths {
            starts.push(text.len() as u32);
            text.extend(core::iter::repeat_n(' ', width));
            text.push('\n');
        }
        Ok(SourceMap { starts, text })
    }

    /// The range of a place. Places outside of any text, with negative numbers, are at its start.
    pub fn range(&self, place: Place) -> TextRange {
        let start = self.offset(place.line, place.column);
        let end = self.offset(place.end_line, place.end_column);
        TextRange::new(start, end.max(start))
    }

    fn offset(&self, line: i32, column: i32) -> TextSize {
        let line = usize::try_from(line).unwrap_or(0).max(1);
        let start = self.starts.get(line - 1).copied().unwrap_or(0);
        TextSize::new(start + u32::try_from(column).unwrap_or(0))
    }

    /// Adds a string literal with these code points; its range.
    pub fn add_literal(&mut self, code_points: impl Iterator<Item = u32>) -> TextRange {
        let start = self.text.len();
        self.text.push('\'');
        for c in code_points {
            match char::from_u32(c) {
                Some(c) if c.is_ascii_alphanumeric() || c == ' ' => self.text.push(c),
                _ => self.text.push_str(&format!("\\U{c:08x}")),
            }
        }
        self.text.push('\'');
        let range = TextRange::new(TextSize::new(start as u32), TextSize::new(self.text.len() as u32));
        self.text.push('\n');
        range
    }

    pub fn into_text(self) -> String {
        self.text
    }
}

/// Notes how long each line has to be.
fn measure(node: &Node, widths: &mut Vec<usize>) -> PyResult<()> {
    if node.kind.group().has_place() {
        let Place { line, column, end_line, end_column } = node.place;
        for (line, column) in [(line, column), (end_line, end_column)] {
            let index = usize::try_from(line).unwrap_or(0).max(1) - 1;
            if index >= MAX_LINES {
                return Err(exc::overflow_error("line number of a node is too large"));
            }
            if index >= widths.len() {
                widths.resize(index + 1, 0);
            }
            widths[index] = widths[index].max(usize::try_from(column).unwrap_or(0));
        }
    }
    for value in &node.fields {
        match value {
            Value::Node(node) => measure(node, widths)?,
            Value::Nodes(nodes) => nodes.iter().flatten().try_for_each(|node| measure(node, widths))?,
            _ => {}
        }
    }
    Ok(())
}
