//! The location table (`co_linetable`): lines and columns of instructions, in CPython 3.11's compressed form.
//!
//! Each entry covers 1 to 8 units: a byte `1 kkkk lll` (kind, length - 1), then what the kind needs: nothing (15), a line
//! delta (13), line delta, end line delta and columns as varints (14), one line with two column bytes (10..12), or the
//! short form with columns packed in one byte (0..9).

use super::PyCode;

/// Where an instruction comes from. Columns count UTF-8 bytes from 0.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Location {
    pub line: Option<i32>,
    pub end_line: Option<i32>,
    pub column: Option<i32>,
    pub end_column: Option<i32>,
}

/// A run of units with one location.
#[derive(Clone, Copy)]
pub struct Entry {
    /// First unit.
    pub start: usize,
    /// One past the last unit.
    pub end: usize,
    pub location: Location,
}

/// Decodes the table from the front.
pub struct Entries<'a> {
    table: &'a [u8],
    position: usize,
    unit: usize,
    line: i32,
}

/// The entries of a code object's table.
pub fn entries(code: &PyCode) -> Entries<'_> {
    Entries { table: code.co_linetable.as_bytes(), position: 0, unit: 0, line: code.co_firstlineno }
}

impl Entries<'_> {
    fn byte(&mut self) -> Option<u8> {
        let b = *self.table.get(self.position)?;
        self.position += 1;
        Some(b)
    }

    fn varint(&mut self) -> Option<u32> {
        let mut shift = 0;
        let mut value = 0u32;
        loop {
            let b = self.byte()?;
            value |= ((b & 63) as u32).checked_shl(shift)?;
            if b & 64 == 0 {
                return Some(value);
            }
            shift += 6;
        }
    }

    fn signed_varint(&mut self) -> Option<i32> {
        let v = self.varint()?;
        Some(if v & 1 != 0 { -((v >> 1) as i32) } else { (v >> 1) as i32 })
    }
}

impl Iterator for Entries<'_> {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        let head = self.byte()?;
        let kind = (head >> 3) & 15;
        let length = (head & 7) as usize + 1;
        let start = self.unit;
        self.unit += length;
        let location = match kind {
            15 => Location::default(),
            14 => {
                self.line = self.line.wrapping_add(self.signed_varint()?);
                let end_line = self.line.wrapping_add(self.varint()? as i32);
                let column = self.varint()? as i32 - 1;
                let end_column = self.varint()? as i32 - 1;
                Location {
                    line: Some(self.line),
                    end_line: Some(end_line),
                    column: (column >= 0).then_some(column),
                    end_column: (end_column >= 0).then_some(end_column),
                }
            }
            13 => {
                self.line = self.line.wrapping_add(self.signed_varint()?);
                Location { line: Some(self.line), end_line: Some(self.line), column: None, end_column: None }
            }
            10..=12 => {
                self.line = self.line.wrapping_add(kind as i32 - 10);
                let column = self.byte()? as i32;
                let end_column = self.byte()? as i32;
                Location {
                    line: Some(self.line),
                    end_line: Some(self.line),
                    column: Some(column),
                    end_column: Some(end_column),
                }
            }
            _ => {
                let b = self.byte()?;
                let column = (kind as i32) << 3 | (b >> 4) as i32;
                Location {
                    line: Some(self.line),
                    end_line: Some(self.line),
                    column: Some(column),
                    end_column: Some(column + (b & 15) as i32),
                }
            }
        };
        Some(Entry { start, end: self.unit, location })
    }
}

/// The location of the instruction at `unit`.
pub fn find(code: &PyCode, unit: usize) -> Option<Location> {
    entries(code).find(|e| unit < e.end).map(|e| e.location)
}
