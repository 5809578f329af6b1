//! The marshal format, version 5: how code objects and the constants in them are kept in files.
//!
//! One type byte an object; its top bit ([`FLAG_REF`]) enters the object in a table that later references (`r`) count
//! through. The reader trusts nothing: lengths, types, depth and references are checked, and bad data ends in `EOFError`,
//! `ValueError` or `TypeError`, never in a fault.

mod reader;
mod writer;

pub use reader::{Reader, load_from_file, loads, loads_with};
pub use writer::{dumps, dumps_with};

/// The version written by default.
pub const VERSION: i32 = 5;
/// Nesting at which reading and writing give up.
pub const MAX_DEPTH: u32 = 2000;
/// The type byte's flag: enter the object in the reference table.
pub const FLAG_REF: u8 = 0x80;

/// Type bytes.
pub mod tag {
    pub const NULL: u8 = b'0';
    pub const NONE: u8 = b'N';
    pub const FALSE: u8 = b'F';
    pub const TRUE: u8 = b'T';
    pub const STOPITER: u8 = b'S';
    pub const ELLIPSIS: u8 = b'.';
    pub const INT: u8 = b'i';
    pub const INT64: u8 = b'I';
    pub const FLOAT: u8 = b'f';
    pub const BINARY_FLOAT: u8 = b'g';
    pub const COMPLEX: u8 = b'x';
    pub const BINARY_COMPLEX: u8 = b'y';
    pub const LONG: u8 = b'l';
    pub const STRING: u8 = b's';
    pub const INTERNED: u8 = b't';
    pub const REF: u8 = b'r';
    pub const TUPLE: u8 = b'(';
    pub const LIST: u8 = b'[';
    pub const DICT: u8 = b'{';
    pub const CODE: u8 = b'c';
    pub const UNICODE: u8 = b'u';
    pub const UNKNOWN: u8 = b'?';
    pub const SET: u8 = b'<';
    pub const FROZENSET: u8 = b'>';
    pub const SLICE: u8 = b':';
    pub const ASCII: u8 = b'a';
    pub const ASCII_INTERNED: u8 = b'A';
    pub const SMALL_TUPLE: u8 = b')';
    pub const SHORT_ASCII: u8 = b'z';
    pub const SHORT_ASCII_INTERNED: u8 = b'Z';
}
