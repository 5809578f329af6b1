//! `intern!("name")`: interned strings for names that the VM itself uses, made once per call site.

use core::cell::Cell;

use crate::types::str::PyStr;

/// A call site's cached interned string. Use through [`crate::intern!`].
pub struct StaticName {
    text: &'static str,
    cached: Cell<*const PyStr>,
}

// SAFETY: filled in under the GIL; the string is immortal.
unsafe impl Sync for StaticName {}

impl StaticName {
    pub const fn new(text: &'static str) -> StaticName {
        StaticName { text, cached: Cell::new(core::ptr::null()) }
    }

    /// The interned, immortal string.
    #[inline(always)]
    pub fn get(&self) -> &'static PyStr {
        let ptr = self.cached.get();
        if ptr.is_null() {
            return self.make();
        }
        // SAFETY: interned static names are immortal.
        unsafe { &*ptr }
    }

    #[cold]
    #[inline(never)]
    fn make(&self) -> &'static PyStr {
        let name = PyStr::intern_static(self.text);
        self.cached.set(name);
        name
    }
}

/// The interned `&'static PyStr` of a literal.
#[macro_export]
macro_rules! intern {
    ($text:expr) => {{
        static NAME: $crate::intern::StaticName = $crate::intern::StaticName::new($text);
        NAME.get()
    }};
}
