//! Equality and ordering of text.

use core::cmp::Ordering;

use super::data::for_data;
use super::{CharUnit, PyStr, StrData};

/// Equal text, without looking at hashes (used while a table of hashes is searched).
#[inline]
pub(super) fn same_text(a: &PyStr, b: &PyStr) -> bool {
    a.len() == b.len() && a.kind() == b.kind() && a.data_bytes() == b.data_bytes()
}

/// Do both strings have the same text? Runs no Python code.
#[inline]
pub fn str_eq(a: &PyStr, b: &PyStr) -> bool {
    if core::ptr::eq(a, b) {
        return true;
    }
    if a.len() != b.len() || a.kind() != b.kind() {
        return false;
    }
    let (ha, hb) = (a.cached_hash(), b.cached_hash());
    if ha != hb && ha != -1 && hb != -1 {
        return false;
    }
    a.data_bytes() == b.data_bytes()
}

/// Order by code points.
pub fn str_cmp(a: &PyStr, b: &PyStr) -> Ordering {
    fn mixed<A: CharUnit, B: CharUnit>(a: &[A], b: &[B]) -> Ordering {
        for (x, y) in a.iter().zip(b) {
            let order = x.to_u32().cmp(&y.to_u32());
            if order.is_ne() {
                return order;
            }
        }
        a.len().cmp(&b.len())
    }
    match (a.data(), b.data()) {
        (StrData::Latin1(x), StrData::Latin1(y)) => x.cmp(y),
        (StrData::Ucs2(x), StrData::Ucs2(y)) => x.cmp(y),
        (StrData::Ucs4(x), StrData::Ucs4(y)) => x.cmp(y),
        (x, y) => for_data!(x, s => for_data!(y, t => mixed(s, t))),
    }
}

impl PyStr {
    /// Do both strings have the same text? Runs no Python code.
    #[inline]
    pub fn str_eq(a: &PyStr, b: &PyStr) -> bool {
        str_eq(a, b)
    }

    /// Has this string the given text?
    #[inline]
    pub fn eq_str(&self, text: &str) -> bool {
        if let Some(ascii) = self.as_ascii() {
            return ascii == text;
        }
        !text.is_ascii() && {
            let mut chars = text.chars();
            self.data().iter().all(|c| chars.next().is_some_and(|other| other as u32 == c)) && chars.next().is_none()
        }
    }
}
