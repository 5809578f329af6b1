//! The empty string and the 256 strings of one Latin-1 character: static, immortal and interned from the start.

use core::cell::Cell;
use core::mem::MaybeUninit;
use core::ptr::null_mut;

use super::layout::static_header;
use super::{PyCompactStr, PyStr};
use crate::object::{PyStruct, Ref};

#[repr(C)]
struct StaticAscii {
    header: PyStr,
    text: [u8; 8],
}

#[repr(C)]
struct StaticLatin1 {
    header: PyCompactStr,
    text: [u8; 8],
}

// SAFETY: as for `PyStr`.
unsafe impl Sync for StaticAscii {}
// SAFETY: as for `PyStr`.
unsafe impl Sync for StaticLatin1 {}

static EMPTY: StaticAscii = StaticAscii { header: static_header(true, 0), text: [0; 8] };

static ASCII: [StaticAscii; 128] = {
    let mut all = [const { MaybeUninit::<StaticAscii>::uninit() }; 128];
    let mut i = 0;
    while i < 128 {
        all[i] = MaybeUninit::new(StaticAscii { header: static_header(true, 1), text: [i as u8, 0, 0, 0, 0, 0, 0, 0] });
        i += 1;
    }
    // SAFETY: every element was written.
    unsafe { core::mem::transmute(all) }
};

static LATIN1: [StaticLatin1; 128] = {
    let mut all = [const { MaybeUninit::<StaticLatin1>::uninit() }; 128];
    let mut i = 0;
    while i < 128 {
        all[i] = MaybeUninit::new(StaticLatin1 {
            header: PyCompactStr {
                base: static_header(false, 1),
                utf8_length: Cell::new(0),
                utf8: Cell::new(null_mut()),
            },
            text: [i as u8 + 128, 0, 0, 0, 0, 0, 0, 0],
        });
        i += 1;
    }
    // SAFETY: every element was written.
    unsafe { core::mem::transmute(all) }
};

impl PyStr {
    /// The empty string, borrowed.
    #[inline]
    pub fn empty_ref() -> &'static PyStr {
        &EMPTY.header
    }

    /// The empty string.
    #[inline]
    pub fn empty() -> Ref<PyStr> {
        EMPTY.header.to_ref()
    }

    /// The string of one Latin-1 character, borrowed.
    #[inline]
    pub fn latin1_char_ref(c: u8) -> &'static PyStr {
        if c < 128 { &ASCII[c as usize].header } else { &LATIN1[c as usize - 128].header.base }
    }

    /// The string of one Latin-1 character.
    #[inline]
    pub fn latin1_char(c: u8) -> Ref<PyStr> {
        PyStr::latin1_char_ref(c).to_ref()
    }
}
