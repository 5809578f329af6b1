//! Memory of strings: allocation of compact objects, the legacy form for subclasses, resizing, the cached UTF-8, destruction.

use core::ptr::null_mut;

use super::data::{CharUnit, StrData, StrRepr, for_data};
use super::{ASCII_HEADER, COMPACT_HEADER, PyCompactStr, PyLegacyStr, PyStr, PyUnicode_Type, state};
use crate::exc;
use crate::object::alloc::{init_header, mem_alloc, mem_free, mem_realloc};
use crate::object::dealloc::free_instance;
use crate::object::{PyObject, PyTypeObject, Ref};
use crate::{PyErr, PyResult};

/// Bytes of a compact string of `len` characters, NUL included.
#[inline]
pub(super) fn compact_size(len: usize, repr: StrRepr) -> Option<usize> {
    let size = len.checked_add(1)?.checked_mul(repr.kind() as usize)?.checked_add(repr.header())?;
    (size <= isize::MAX as usize).then_some(size)
}

/// Writes all fields in front of the characters, and the NUL behind them.
///
/// # Safety
/// `block` has room for a compact string of `len` characters.
pub(super) unsafe fn init_compact(block: *mut u8, len: usize, repr: StrRepr) -> *mut PyStr {
    let object = block as *mut PyStr;
    let kind = repr.kind() as usize;
    // SAFETY: the caller's promise; the fields are written one by one because the memory is uninitialised.
    unsafe {
        init_header(block as *mut PyObject, &PyUnicode_Type);
        (&raw mut (*object).length).write(core::cell::Cell::new(len as isize));
        (&raw mut (*object).hash).write(core::cell::Cell::new(-1));
        let ascii = if repr == StrRepr::Ascii { state::ASCII } else { 0 };
        let bits = ((kind as u32) << state::KIND_SHIFT) | state::COMPACT | ascii;
        // The four bytes of padding behind the state are zeroed with it.
        (block.add(32) as *mut u64).write(bits as u64);
        if repr != StrRepr::Ascii {
            (block.add(40) as *mut isize).write(0);
            (block.add(48) as *mut *mut u8).write(null_mut());
        }
        core::ptr::write_bytes(block.add(repr.header() + len * kind), 0, kind);
    }
    object
}

/// Writes `src` at character `at` of memory that holds `repr` characters (which are wide enough).
///
/// # Safety
/// `dst` is the first character of a block with room for `at + src.len()` characters; every character of `src` fits.
#[inline]
pub(super) unsafe fn write_chars(dst: *mut u8, repr: StrRepr, at: usize, src: StrData<'_>) {
    #[inline(always)]
    unsafe fn copy<S: CharUnit, D: CharUnit>(dst: *mut D, src: &[S]) {
        // SAFETY: the caller's promise.
        unsafe {
            if S::KIND == D::KIND {
                core::ptr::copy_nonoverlapping(src.as_ptr() as *const D, dst, src.len());
            } else {
                for (i, &c) in src.iter().enumerate() {
                    dst.add(i).write(D::from_u32(c.to_u32()));
                }
            }
        }
    }
    // SAFETY: the caller's promise.
    unsafe {
        match repr {
            StrRepr::Ascii | StrRepr::Latin1 => for_data!(src, s => copy(dst.add(at), s)),
            StrRepr::Ucs2 => for_data!(src, s => copy((dst as *mut u16).add(at), s)),
            StrRepr::Ucs4 => for_data!(src, s => copy((dst as *mut u32).add(at), s)),
        }
    }
}

impl PyStr {
    /// A new compact string whose `len` characters are not written yet. Callers write all of them before anybody sees it,
    /// and make sure that they do not fit into a smaller storage.
    ///
    /// # Errors
    /// `MemoryError`.
    pub(crate) fn alloc(len: usize, repr: StrRepr) -> PyResult<Ref<PyStr>> {
        let Some(size) = compact_size(len, repr) else {
            return Err(exc::memory_error());
        };
        let block = mem_alloc(size);
        if block.is_null() {
            return Err(exc::memory_error());
        }
        // SAFETY: the block was made for it.
        Ok(unsafe { Ref::from_owned_ptr(init_compact(block, len, repr)) })
    }

    /// `PyUnicode_New`: a compact string for characters up to `max_char`, never a shared one, to be filled by the caller.
    ///
    /// # Errors
    /// `MemoryError`; `SystemError` for a `max_char` that is none.
    pub fn new_uninit(len: usize, max_char: u32) -> PyResult<Ref<PyStr>> {
        if max_char > 0x10ffff {
            return Err(exc::system_error("invalid maximum character passed to PyUnicode_New"));
        }
        if len == 0 {
            return Ok(PyStr::empty());
        }
        PyStr::alloc(len, StrRepr::for_max_char(max_char))
    }

    /// How the text is stored.
    #[inline]
    pub fn repr_class(&self) -> StrRepr {
        if self.is_ascii() {
            StrRepr::Ascii
        } else {
            match self.kind() {
                super::StrKind::Latin1 => StrRepr::Latin1,
                super::StrKind::Ucs2 => StrRepr::Ucs2,
                super::StrKind::Ucs4 => StrRepr::Ucs4,
            }
        }
    }

    /// Copies characters into a string under construction.
    ///
    /// # Safety
    /// Nobody else has seen this string, `at + src.len()` is within it, and its kind holds every character.
    #[inline]
    pub unsafe fn write_at(&self, at: usize, src: StrData<'_>) {
        debug_assert!(at + src.len() <= self.len());
        // SAFETY: the caller's promise.
        unsafe { write_chars(self.data_ptr(), self.repr_class(), at, src) }
    }

    /// Writes one character into a string under construction.
    ///
    /// # Safety
    /// As for [`PyStr::write_at`].
    #[inline]
    pub unsafe fn write_char(&self, at: usize, c: u32) {
        debug_assert!(at < self.len());
        // SAFETY: the caller's promise.
        unsafe {
            match self.kind() {
                super::StrKind::Latin1 => self.data_ptr().add(at).write(c as u8),
                super::StrKind::Ucs2 => (self.data_ptr() as *mut u16).add(at).write(c as u16),
                super::StrKind::Ucs4 => (self.data_ptr() as *mut u32).add(at).write(c),
            }
        }
    }

    /// Writes `count` times the same character.
    ///
    /// # Safety
    /// As for [`PyStr::write_at`].
    pub(crate) unsafe fn fill(&self, at: usize, count: usize, c: u32) {
        debug_assert!(at + count <= self.len());
        // SAFETY: the caller's promise.
        unsafe {
            match self.kind() {
                super::StrKind::Latin1 => core::slice::from_raw_parts_mut(self.data_ptr().add(at), count).fill(c as u8),
                super::StrKind::Ucs2 => {
                    core::slice::from_raw_parts_mut((self.data_ptr() as *mut u16).add(at), count).fill(c as u16);
                }
                super::StrKind::Ucs4 => {
                    core::slice::from_raw_parts_mut((self.data_ptr() as *mut u32).add(at), count).fill(c);
                }
            }
        }
    }

    /// May the object be changed in place? Only if nobody else can see it and nothing was derived from its contents.
    #[inline]
    pub fn is_modifiable(&self) -> bool {
        self.ob_base.refcount() == 1
            && self.hash.get() == -1
            && self.interned_state() == 0
            && self.is_compact()
            && self.ob_base.is_exact_type(&PyUnicode_Type)
    }

    /// Gives a modifiable compact string a new length, keeping the characters that fit.
    ///
    /// # Errors
    /// `MemoryError`; the string is lost then.
    ///
    /// # Safety
    /// `this` is modifiable (see [`PyStr::is_modifiable`]) and new characters are written before anybody sees them.
    pub unsafe fn resize(this: Ref<PyStr>, new_len: usize) -> PyResult<Ref<PyStr>> {
        debug_assert!(this.is_modifiable());
        let repr = this.repr_class();
        let Some(mut size) = compact_size(new_len, repr) else {
            return Err(exc::memory_error());
        };
        this.clear_utf8();
        let ptr = this.as_raw();
        // SAFETY: the block belongs to this only reference. Growing strings get an eighth more than they need.
        unsafe {
            let usable = usable_size(ptr as *const u8);
            if size > usable || (size < usable / 2 && usable > 256) {
                if size > usable && size > 512 {
                    size += size / 8;
                }
                let block = mem_realloc(ptr as *mut u8, size);
                if block.is_null() {
                    return Err(exc::memory_error());
                }
                let _ = this.into_raw();
                let object = block as *mut PyStr;
                finish_resize(object, repr, new_len);
                return Ok(Ref::from_owned_ptr(object));
            }
            finish_resize(ptr, repr, new_len);
        }
        Ok(this)
    }

    /// Drops the cached UTF-8 form.
    pub(super) fn clear_utf8(&self) {
        if self.is_compact() && self.is_ascii() {
            return;
        }
        // SAFETY: all other forms have the two fields.
        unsafe {
            let compact = &*(self as *const PyStr as *const PyCompactStr);
            let utf8 = compact.utf8.get();
            if !utf8.is_null() && (self.is_compact() || utf8 != self.data_ptr()) {
                compact.utf8.set(null_mut());
                compact.utf8_length.set(0);
                mem_free(utf8);
            }
        }
    }

    /// The cached UTF-8 form, made on the first call; `None` for strings with surrogates or when memory is exhausted.
    pub(super) fn cached_utf8(&self) -> Option<&[u8]> {
        if self.is_ascii() {
            return Some(self.data_bytes());
        }
        // SAFETY: a string that is not ASCII has the two fields; the cache is NUL-terminated and lives as long as the string.
        unsafe {
            let compact = &*(self as *const PyStr as *const PyCompactStr);
            if compact.utf8.get().is_null() {
                let encoded = super::create::encode_utf8_strict(self.data())?;
                let block = mem_alloc(encoded.len() + 1);
                if block.is_null() {
                    return None;
                }
                core::ptr::copy_nonoverlapping(encoded.as_ptr(), block, encoded.len());
                block.add(encoded.len()).write(0);
                compact.utf8_length.set(encoded.len() as isize);
                compact.utf8.set(block);
            }
            Some(core::slice::from_raw_parts(compact.utf8.get(), compact.utf8_length.get() as usize))
        }
    }

    /// Bytes taken by the cached UTF-8 form.
    pub(super) fn utf8_memory(&self) -> usize {
        if self.is_compact() && self.is_ascii() {
            return 0;
        }
        // SAFETY: all other forms have the two fields.
        unsafe {
            let compact = &*(self as *const PyStr as *const PyCompactStr);
            let utf8 = compact.utf8.get();
            let shared = !self.is_compact() && utf8 == self.data_ptr();
            if utf8.is_null() || shared { 0 } else { compact.utf8_length.get() as usize + 1 }
        }
    }

    /// An instance of a subclass with the contents of `source`: always in the legacy form.
    ///
    /// # Errors
    /// `MemoryError`, or what `tp_alloc` raises.
    pub fn new_subclass(cls: &PyTypeObject, source: &PyStr) -> PyResult<Ref<PyStr>> {
        let object = match cls.tp_alloc.get() {
            // SAFETY: calling a slot of a ready type as the C API prescribes.
            Some(tp_alloc) => unsafe {
                let ptr = tp_alloc(cls as *const PyTypeObject as *mut PyTypeObject, 0);
                if ptr.is_null() {
                    return Err(PyErr::fetch_or_system_error());
                }
                ptr
            },
            None => crate::object::alloc::alloc_var(cls, 0)?,
        };
        let kind = source.kind() as usize;
        let bytes = source.data_bytes();
        // SAFETY: an instance of a str subclass starts with the 64 bytes of the legacy form. Until `data` is set the object is
        // an empty string without characters, which its destructor accepts.
        unsafe {
            let this = &*(object as *const PyLegacyStr);
            this.base.base.hash.set(source.hash.get());
            this.base.base.length.set(0);
            this.base.base.state.set(((kind as u32) << state::KIND_SHIFT) | (source.state.get() & state::ASCII));
            this.base.utf8.set(null_mut());
            this.base.utf8_length.set(0);
            let owned: Ref<PyStr> = Ref::from_owned_ptr(object as *mut PyStr);
            let data = mem_alloc(bytes.len() + kind);
            if data.is_null() {
                return Err(exc::memory_error());
            }
            core::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len());
            core::ptr::write_bytes(data.add(bytes.len()), 0, kind);
            this.data.set(data);
            this.base.base.length.set(source.length.get());
            if source.is_ascii() {
                this.base.utf8.set(data);
                this.base.utf8_length.set(source.length.get());
            }
            Ok(owned)
        }
    }

    /// Length and hash fields for code that builds strings in place of us (tests, the C API).
    #[inline]
    pub fn cached_hash(&self) -> isize {
        self.hash.get()
    }

    #[inline]
    pub(super) fn set_cached_hash(&self, hash: isize) {
        self.hash.set(hash);
    }

    #[inline]
    pub(super) fn set_interned(&self, interned: u32) {
        self.state.set((self.state.get() & !state::INTERNED) | interned);
    }
}

/// Sets length and NUL after the block changed its size.
unsafe fn finish_resize(object: *mut PyStr, repr: StrRepr, new_len: usize) {
    let kind = repr.kind() as usize;
    // SAFETY: the block has room for `new_len` characters and the NUL.
    unsafe {
        (*object).length.set(new_len as isize);
        core::ptr::write_bytes((object as *mut u8).add(repr.header() + new_len * kind), 0, kind);
    }
}

/// Bytes that may be used of an allocated block.
#[inline]
fn usable_size(ptr: *const u8) -> usize {
    unsafe extern "C" {
        fn mi_usable_size(ptr: *const core::ffi::c_void) -> usize;
    }
    // SAFETY: a live block of the allocator behind `mem_alloc`.
    unsafe { mi_usable_size(ptr as *const core::ffi::c_void) }
}

/// The fixed parts of one of the static strings.
pub(super) const fn static_header(ascii: bool, length: isize) -> PyStr {
    PyStr {
        ob_base: PyObject::new_static(&raw const PyUnicode_Type),
        length: core::cell::Cell::new(length),
        hash: core::cell::Cell::new(-1),
        state: core::cell::Cell::new(
            state::INTERNED_STATIC
                | (1 << state::KIND_SHIFT)
                | state::COMPACT
                | state::STATIC
                | if ascii { state::ASCII } else { 0 },
        ),
    }
}

/// `PyUnicode_Type.tp_dealloc`. Subtypes written in C call it as the last step of their own destructor.
///
/// # Safety
/// The object is dead.
pub(super) unsafe fn dealloc(object: *mut PyObject) {
    // SAFETY: the caller's promise; the fields are intact.
    unsafe {
        let this = &*(object as *const PyStr);
        if this.interned_state() == state::INTERNED_MORTAL {
            super::intern::forget(this);
        }
        this.clear_utf8();
        if !this.is_compact() {
            let legacy = &*(object as *const PyLegacyStr);
            mem_free(legacy.data.replace(null_mut()));
        }
        if (*object).is_exact_type(&PyUnicode_Type) {
            mem_free(object as *mut u8);
        } else {
            free_instance(object);
        }
    }
}

const _: () = assert!(ASCII_HEADER == 40 && COMPACT_HEADER == 56);
