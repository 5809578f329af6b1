//! `str`: immutable text in PEP 393's flexible representation, with CPython 3.14's memory layout.
//!
//! ```text
//! offset 0   header        16 bytes
//!        16  length        code points
//!        24  hash          -1 = not computed yet
//!        32  state         see `state`
//!        40  characters of compact ASCII strings | utf8_length
//!        48                                      | utf8 (cached UTF-8 form or NULL)
//!        56                                      | characters of compact non-ASCII strings, or a pointer to
//!                                                  them in the legacy form that instances of subclasses have
//! ```
//!
//! Invariants, on which C code relies too: characters are stored in the smallest kind that holds them, ASCII text is
//! marked as such, one NUL character follows the text, and the hash is that of the character array as stored.
//!
//! Files: [`data`] typed views, [`layout`] allocation and destruction, [`statics`] the immortal one-character strings,
//! [`create`] constructors, [`builder`], [`hash`], [`intern`], [`compare`], [`unicode`] properties of characters,
//! [`search`], [`edit`], [`split`], [`pad`], [`case`], [`predicates`], [`translate`], [`repr`], the three formatting engines
//! ([`format_spec`] with [`number_format`], [`format_method`], [`percent`]), [`iter`], and [`methods`], which binds all of it.

use core::cell::Cell;

use rpy_derive::pyclass;

use crate::object::PyObject;

pub mod builder;
pub mod case;
pub mod compare;
pub mod create;
pub mod data;
pub mod edit;
pub mod format_method;
pub mod format_spec;
pub mod hash;
pub mod intern;
pub mod iter;
pub mod layout;
pub mod methods;
pub mod number_format;
pub mod pad;
pub mod percent;
pub mod predicates;
pub mod repr;
pub mod search;
pub mod split;
pub mod statics;
pub mod translate;
pub mod unicode;

pub use builder::StrBuilder;
pub use data::{CharUnit, StrData, StrKind};
pub use hash::hash_buffer;

/// Bits of the state word.
pub mod state {
    /// How a string is interned: 0 no, 1 mortal, 2 immortal, 3 immortal and static.
    pub const INTERNED: u32 = 0x03;
    pub const INTERNED_MORTAL: u32 = 1;
    pub const INTERNED_IMMORTAL: u32 = 2;
    pub const INTERNED_STATIC: u32 = 3;
    /// Bytes per character.
    pub const KIND: u32 = 0x1c;
    pub const KIND_SHIFT: u32 = 2;
    pub const COMPACT: u32 = 0x20;
    pub const ASCII: u32 = 0x40;
    pub const STATIC: u32 = 0x80;
}

/// Bytes in front of the characters of a compact ASCII string.
pub const ASCII_HEADER: usize = 40;
/// Bytes in front of the characters of other compact strings.
pub const COMPACT_HEADER: usize = 56;
/// Size of the legacy form.
pub const LEGACY_SIZE: usize = 64;

/// str(object='') -> str
/// str(bytes_or_buffer[, encoding[, errors]]) -> str
///
/// Create a new string object from the given object. If encoding or
/// errors is specified, then the object must expose a data buffer
/// that will be decoded using the given encoding and error handler.
/// Otherwise, returns the result of object.__str__() (if defined)
/// or repr(object).
/// encoding defaults to 'utf-8'.
/// errors defaults to 'strict'.
#[pyclass(
    name = "str",
    module = "builtins",
    symbol = "PyUnicode_Type",
    basicsize = 64,
    flags(BASETYPE, UNICODE_SUBCLASS, MATCH_SELF)
)]
#[repr(C)]
pub struct PyStr {
    ob_base: PyObject,
    length: Cell<isize>,
    hash: Cell<isize>,
    state: Cell<u32>,
}

// SAFETY: strings are touched only under the GIL; statics of them need `Sync`.
unsafe impl Sync for PyStr {}

/// The fields of strings that are not compact ASCII, as the C headers see them.
#[repr(C)]
pub struct PyCompactStr {
    pub base: PyStr,
    pub utf8_length: Cell<isize>,
    pub utf8: Cell<*mut u8>,
}

/// The legacy form: what instances of subclasses look like.
#[repr(C)]
pub struct PyLegacyStr {
    pub base: PyCompactStr,
    pub data: Cell<*mut u8>,
}

const _: () = {
    assert!(core::mem::size_of::<PyStr>() == ASCII_HEADER);
    assert!(core::mem::size_of::<PyCompactStr>() == COMPACT_HEADER);
    assert!(core::mem::size_of::<PyLegacyStr>() == LEGACY_SIZE);
};

impl PyStr {
    /// Number of code points.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.length.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.length.get() == 0
    }

    /// Bytes per character.
    #[inline(always)]
    pub fn kind(&self) -> StrKind {
        match (self.state.get() & state::KIND) >> state::KIND_SHIFT {
            1 => StrKind::Latin1,
            2 => StrKind::Ucs2,
            _ => StrKind::Ucs4,
        }
    }

    /// Only code points below 128?
    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.state.get() & state::ASCII != 0
    }

    /// Characters behind the struct itself (true of every string that is not an instance of a subclass).
    #[inline(always)]
    pub fn is_compact(&self) -> bool {
        self.state.get() & state::COMPACT != 0
    }

    /// How it is interned; see [`state`].
    #[inline(always)]
    pub fn interned_state(&self) -> u32 {
        self.state.get() & state::INTERNED
    }

    /// The address of the first character.
    #[inline(always)]
    pub fn data_ptr(&self) -> *mut u8 {
        let base = self as *const PyStr as *mut u8;
        let bits = self.state.get();
        // SAFETY: the offsets lie inside the object for the form that the state word tells.
        unsafe {
            if bits & state::COMPACT == 0 {
                (*(base as *const PyLegacyStr)).data.get()
            } else if bits & state::ASCII != 0 {
                base.add(ASCII_HEADER)
            } else {
                base.add(COMPACT_HEADER)
            }
        }
    }

    /// The characters, by kind. ASCII text is `Latin1`.
    #[inline(always)]
    pub fn data(&self) -> StrData<'_> {
        let ptr = self.data_ptr();
        let len = self.len();
        // SAFETY: `len` characters of that kind stand there; a finished string never changes.
        unsafe {
            match self.kind() {
                StrKind::Latin1 => StrData::Latin1(core::slice::from_raw_parts(ptr, len)),
                StrKind::Ucs2 => StrData::Ucs2(core::slice::from_raw_parts(ptr as *const u16, len)),
                StrKind::Ucs4 => StrData::Ucs4(core::slice::from_raw_parts(ptr as *const u32, len)),
            }
        }
    }

    /// The characters as stored, without regard to their size: what is hashed and compared.
    #[inline(always)]
    pub fn data_bytes(&self) -> &[u8] {
        // SAFETY: as in `data`.
        unsafe { core::slice::from_raw_parts(self.data_ptr(), self.len() * self.kind() as usize) }
    }

    /// The text of an ASCII string, without any work.
    #[inline(always)]
    pub fn as_ascii(&self) -> Option<&str> {
        if self.is_ascii() {
            // SAFETY: ASCII is UTF-8.
            Some(unsafe { core::str::from_utf8_unchecked(self.data_bytes()) })
        } else {
            None
        }
    }

    /// The code point at `index`, which is below the length.
    #[inline(always)]
    pub fn char_at(&self, index: usize) -> u32 {
        debug_assert!(index < self.len());
        match self.data() {
            StrData::Latin1(s) => s[index] as u32,
            StrData::Ucs2(s) => s[index] as u32,
            StrData::Ucs4(s) => s[index],
        }
    }
}
