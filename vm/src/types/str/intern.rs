//! The table of interned strings.
//!
//! The table does not own its strings: a mortal interned string leaves the table when it is destroyed. Strings that are
//! interned by name constants of the VM are immortal.

use core::cell::UnsafeCell;

use hashbrown::HashTable;

use super::{PyStr, state};
use crate::object::{PyStruct, Ref};

struct Table(UnsafeCell<HashTable<*const PyStr>>);

// SAFETY: only used under the GIL, and never re-entered: comparing and hashing strings runs no Python code.
unsafe impl Sync for Table {}

static TABLE: Table = Table(UnsafeCell::new(HashTable::new()));

/// The table; the reference must not live across anything that could come back here.
#[allow(clippy::mut_from_ref)]
fn table() -> &'static mut HashTable<*const PyStr> {
    // SAFETY: see the type's note.
    unsafe { &mut *TABLE.0.get() }
}

fn lookup(text: &PyStr) -> Option<*const PyStr> {
    let hash = text.hash();
    // SAFETY: the table holds live strings only.
    table().find(hash as u64, |&other| unsafe { super::compare::same_text(&*other, text) }).copied()
}

fn insert(text: &PyStr) {
    // SAFETY: the table holds live strings only.
    table().insert_unique(text.hash() as u64, text, |&other| unsafe { (*other).hash() as u64 });
}

/// Takes a dying string out of the table.
pub(super) fn forget(text: &PyStr) {
    if let Ok(entry) = table().find_entry(text.hash() as u64, |&other| core::ptr::eq(other, text)) {
        entry.remove();
    }
    text.set_interned(0);
}

/// How many strings are interned.
pub fn interned_count() -> usize {
    // The static strings of one character are not in the table.
    table().len() + 257
}

impl PyStr {
    /// `sys.intern`: the one string with this text. Strings of subclasses are given back unchanged.
    pub fn intern(this: Ref<PyStr>) -> Ref<PyStr> {
        if this.interned_state() != 0 || !this.as_object().is_exact_type(&super::PyUnicode_Type) {
            return this;
        }
        if let Some(shared) = this.as_static_char() {
            return shared.to_ref();
        }
        if let Some(found) = lookup(&this) {
            // SAFETY: live, see `lookup`.
            return unsafe { (*found).to_ref() };
        }
        insert(&this);
        this.set_interned(if this.as_object().is_immortal() {
            state::INTERNED_IMMORTAL
        } else {
            state::INTERNED_MORTAL
        });
        this
    }

    /// Interns for good: the result is never destroyed.
    pub fn intern_immortal(this: Ref<PyStr>) -> &'static PyStr {
        let shared = PyStr::intern(this);
        if shared.interned_state() == state::INTERNED_MORTAL {
            shared.set_interned(state::INTERNED_IMMORTAL);
            shared.as_object().make_immortal();
        }
        // SAFETY: immortal objects live as long as the process. (A subclass instance cannot be interned; it is leaked.)
        unsafe { &*shared.into_raw() }
    }

    /// The interned, immortal string of a Rust literal.
    #[cold]
    pub fn intern_static(text: &'static str) -> &'static PyStr {
        PyStr::intern_immortal(PyStr::new(text))
    }

    /// The interned string of some text.
    pub fn interned(text: &str) -> Ref<PyStr> {
        PyStr::intern(PyStr::new(text))
    }

    #[inline]
    pub fn is_interned(&self) -> bool {
        self.interned_state() != 0
    }

    /// The static string equal to this one, if it is empty or one Latin-1 character.
    fn as_static_char(&self) -> Option<&'static PyStr> {
        match self.len() {
            0 => Some(PyStr::empty_ref()),
            1 => u8::try_from(self.char_at(0)).ok().map(PyStr::latin1_char_ref),
            _ => None,
        }
    }
}
