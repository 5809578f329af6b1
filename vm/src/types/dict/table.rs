//! The storage of a dict: an index of small integers, and the entries in insertion order.
//!
//! ```text
//! +--------------+----------------------+---------------------------------+
//! | DictKeys     | index: 2^n slots of  | entries: (hash, key, value),    |
//! | (40 bytes)   | 1, 2, 4 or 8 bytes   | room for 2/3 of the index slots |
//! +--------------+----------------------+---------------------------------+
//! ```
//!
//! An index slot holds the position of an entry, [`EMPTY`], or [`DUMMY`] where an entry was deleted. Collisions are resolved by open
//! addressing; the probe sequence uses all bits of the hash. A deleted entry has a NULL key and keeps its place until the table is rebuilt, so
//! positions of living entries never change within one table.
//!
//! A table carries a version: a number that no other state of any table has had, given out when somebody asks for it and dropped
//! when a key is added or removed. While it is unchanged, the same keys are at the same positions. The one shared table of all empty
//! dicts has version 1 for ever.

use core::cell::{Cell, UnsafeCell};
use core::mem::size_of;
use core::ptr;

use crate::err::PyResult;
use crate::exc;
use crate::object::alloc::{mem_alloc, mem_free};
use crate::object::{PyClass, PyObject};
use crate::types::str::PyStr;

/// An index slot that was never used since the table was built.
pub const EMPTY: isize = -1;
/// An index slot whose entry was deleted.
pub const DUMMY: isize = -2;
/// log2 of the smallest table's index slots.
pub const MIN_LOG2_SIZE: u8 = 3;
const PERTURB_SHIFT: u32 = 5;
/// Dead tables of the smallest size that are kept.
const FREE_LIST_LEN: usize = 80;

/// One entry (24 bytes). A NULL key marks a deleted entry, whose other fields mean nothing.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Entry {
    pub hash: isize,
    /// Owned.
    pub key: *mut PyObject,
    /// Owned.
    pub value: *mut PyObject,
}

/// The head of a table.
#[repr(C)]
pub struct DictKeys {
    log2_size: u8,
    /// log2 of the bytes of one index slot.
    log2_width: u8,
    /// All keys are exact strings.
    only_str: Cell<bool>,
    /// 0 = none given out yet.
    version: Cell<u32>,
    /// Entries that may still be added.
    pub(super) usable: Cell<usize>,
    /// Entries in use, deleted ones included.
    pub(super) nentries: Cell<usize>,
    /// All entries before this one are deleted: walks start here, so that taking items from the front again and again is not quadratic.
    pub(super) first: Cell<usize>,
    entries: *mut Entry,
}

const _: () = assert!(size_of::<DictKeys>() == 40);

impl DictKeys {
    /// Where compiled code finds the version and the address of the entries.
    pub const VERSION_OFFSET: usize = core::mem::offset_of!(DictKeys, version);
    pub const ENTRIES_OFFSET: usize = core::mem::offset_of!(DictKeys, entries);
}

/// The table of all dicts without entries.
#[repr(C)]
struct EmptyTable {
    keys: DictKeys,
    index: [i8; 8],
}
// SAFETY: never changed.
unsafe impl Sync for EmptyTable {}

static EMPTY_TABLE: EmptyTable = EmptyTable {
    keys: DictKeys {
        log2_size: 0,
        log2_width: 0,
        only_str: Cell::new(true),
        version: Cell::new(1),
        usable: Cell::new(0),
        nentries: Cell::new(0),
        first: Cell::new(0),
        entries: ptr::null_mut(),
    },
    index: [EMPTY as i8; 8],
};

struct Globals {
    next_version: Cell<u32>,
    kept: Cell<usize>,
    /// How many are kept at most: 0 or the room there is.
    limit: Cell<usize>,
    tables: UnsafeCell<[*mut DictKeys; FREE_LIST_LEN]>,
}
// SAFETY: only touched under the GIL.
unsafe impl Sync for Globals {}
static GLOBALS: Globals = Globals {
    next_version: Cell::new(2),
    kept: Cell::new(0),
    limit: Cell::new(if cfg!(feature = "poison") { 0 } else { FREE_LIST_LEN }),
    tables: UnsafeCell::new([ptr::null_mut(); FREE_LIST_LEN]),
};

/// The shared table without entries.
#[inline(always)]
pub fn empty_keys() -> *mut DictKeys {
    &raw const EMPTY_TABLE.keys as *mut DictKeys
}

/// Room in a table of `1 << log2_size` index slots.
#[inline]
pub const fn usable_for(log2_size: u8) -> usize {
    ((1usize << log2_size) << 1) / 3
}

/// The smallest table with room for `entries`.
pub fn log2_for_entries(entries: usize) -> u8 {
    let slots = (entries.saturating_mul(3).saturating_add(1)) / 2;
    let mut log2 = MIN_LOG2_SIZE;
    while log2 < 62 && ((1usize << log2) < slots || usable_for(log2) < entries) {
        log2 += 1;
    }
    log2
}

/// The width of index slots, as a type.
trait Width {
    /// # Safety
    /// `slot` is an index slot of a table of this width.
    unsafe fn get(index: *const u8, slot: usize) -> isize;
}
macro_rules! width {
    ($name:ident, $ty:ty) => {
        struct $name;
        impl Width for $name {
            #[inline(always)]
            unsafe fn get(index: *const u8, slot: usize) -> isize {
                // SAFETY: the caller's promise.
                unsafe { *(index as *const $ty).add(slot) as isize }
            }
        }
    };
}
width!(Width1, i8);
width!(Width2, i16);
width!(Width4, i32);
width!(Width8, i64);

impl DictKeys {
    /// A fresh table with `1 << log2_size` index slots.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn alloc(log2_size: u8) -> PyResult<*mut DictKeys> {
        let log2_width = match log2_size {
            0..=7 => 0,
            8..=15 => 1,
            16..=31 => 2,
            _ => 3,
        };
        let usable = usable_for(log2_size);
        if log2_size == MIN_LOG2_SIZE && GLOBALS.kept.get() > 0 {
            let kept = GLOBALS.kept.get() - 1;
            GLOBALS.kept.set(kept);
            // SAFETY: a dead table of this size; its constant fields are as they were.
            unsafe {
                let keys = (*GLOBALS.tables.get())[kept];
                (*keys).only_str.set(true);
                (*keys).version.set(0);
                (*keys).usable.set(usable);
                (*keys).nentries.set(0);
                (*keys).first.set(0);
                ptr::write_bytes((*keys).index_ptr(), 0xff, 1 << MIN_LOG2_SIZE);
                return Ok(keys);
            }
        }
        if log2_size > 58 {
            return Err(exc::memory_error());
        }
        let index_bytes = 1usize << (log2_size + log2_width);
        let bytes = usable
            .checked_mul(size_of::<Entry>())
            .and_then(|n| n.checked_add(index_bytes + size_of::<DictKeys>()))
            .ok_or_else(exc::memory_error)?;
        let block = mem_alloc(bytes);
        if block.is_null() {
            return Err(exc::memory_error());
        }
        let keys = block as *mut DictKeys;
        // SAFETY: the block has room for the head, the index and the entries, in this order; the index is a multiple of eight bytes.
        unsafe {
            keys.write(DictKeys {
                log2_size,
                log2_width,
                only_str: Cell::new(true),
                version: Cell::new(0),
                usable: Cell::new(usable),
                nentries: Cell::new(0),
                first: Cell::new(0),
                entries: block.add(size_of::<DictKeys>() + index_bytes) as *mut Entry,
            });
            ptr::write_bytes((*keys).index_ptr(), 0xff, index_bytes);
        }
        Ok(keys)
    }

    /// Frees a table whose entries have been dropped or moved away. The shared empty table is left alone.
    ///
    /// # Safety
    /// Nobody uses the table any more.
    pub unsafe fn free(keys: *mut DictKeys) {
        if keys == empty_keys() {
            return;
        }
        // SAFETY: the caller's promise; the free list is touched under the GIL only.
        unsafe {
            let kept = GLOBALS.kept.get();
            if (*keys).log2_size == MIN_LOG2_SIZE && kept < GLOBALS.limit.get() {
                (*GLOBALS.tables.get())[kept] = keys;
                GLOBALS.kept.set(kept + 1);
            } else {
                mem_free(keys as *mut u8);
            }
        }
    }

    /// Whether dead tables are kept.
    pub(super) fn keep_dead(enabled: bool) {
        GLOBALS.limit.set(if enabled && !cfg!(feature = "poison") { FREE_LIST_LEN } else { 0 });
    }

    /// Frees the tables that are kept for reuse.
    pub fn clear_free_list() {
        let kept = GLOBALS.kept.replace(0);
        for i in 0..kept {
            // SAFETY: the first `kept` entries are dead tables.
            unsafe { mem_free((*GLOBALS.tables.get())[i] as *mut u8) };
        }
    }

    /// Bytes of memory, for `__sizeof__`.
    pub fn memory(&self) -> usize {
        if self.entries.is_null() {
            return 0;
        }
        size_of::<DictKeys>()
            + (1usize << (self.log2_size + self.log2_width))
            + usable_for(self.log2_size) * size_of::<Entry>()
    }

    #[inline(always)]
    pub fn log2_size(&self) -> u8 {
        self.log2_size
    }

    #[inline(always)]
    fn mask(&self) -> usize {
        (1usize << self.log2_size) - 1
    }

    #[inline(always)]
    fn index_ptr(&self) -> *mut u8 {
        // SAFETY: the index follows the head.
        unsafe { (self as *const DictKeys as *mut u8).add(size_of::<DictKeys>()) }
    }

    /// All keys are exact strings.
    #[inline(always)]
    pub fn only_str(&self) -> bool {
        self.only_str.get()
    }

    /// An entry.
    ///
    /// # Safety
    /// `index` is less than `nentries` (or, to write a new entry, than the table's room).
    #[inline(always)]
    pub unsafe fn entry(&self, index: usize) -> *mut Entry {
        // SAFETY: the caller's promise.
        unsafe { self.entries.add(index) }
    }

    /// The entries in use, with deleted ones among them.
    #[inline]
    pub fn entries(&self) -> &[Entry] {
        let count = self.nentries.get();
        if count == 0 {
            return &[];
        }
        // SAFETY: the first `nentries` entries are initialised.
        unsafe { core::slice::from_raw_parts(self.entries, count) }
    }

    /// The version; a new one is given out if there is none. 0 when all numbers are used up.
    #[inline]
    pub fn version(&self) -> u32 {
        let version = self.version.get();
        if version != 0 { version } else { self.new_version() }
    }

    /// The version, or 0 if none was asked for since the last change.
    #[inline(always)]
    pub fn known_version(&self) -> u32 {
        self.version.get()
    }

    #[cold]
    fn new_version(&self) -> u32 {
        let version = GLOBALS.next_version.get();
        if version != 0 {
            GLOBALS.next_version.set(version.wrapping_add(1));
            self.version.set(version);
        }
        version
    }

    #[inline(always)]
    pub fn drop_version(&self) {
        self.version.set(0);
    }

    #[inline(always)]
    unsafe fn probe<W: Width>(&self, hash: isize, mut same: impl FnMut(&Entry) -> bool) -> Option<usize> {
        let mask = self.mask();
        let index = self.index_ptr();
        let mut perturb = hash as usize;
        let mut slot = perturb & mask;
        loop {
            // SAFETY: `slot` is masked; index values from 0 up are positions of entries in use.
            unsafe {
                let at = W::get(index, slot);
                if at >= 0 {
                    if same(&*self.entries.add(at as usize)) {
                        return Some(at as usize);
                    }
                } else if at == EMPTY {
                    return None;
                }
            }
            perturb >>= PERTURB_SHIFT;
            slot = (slot.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1)) & mask;
        }
    }

    #[inline(always)]
    fn probe_any(&self, hash: isize, same: impl FnMut(&Entry) -> bool) -> Option<usize> {
        // SAFETY: the width is the table's own.
        unsafe {
            match self.log2_width {
                0 => self.probe::<Width1>(hash, same),
                1 => self.probe::<Width2>(hash, same),
                2 => self.probe::<Width4>(hash, same),
                _ => self.probe::<Width8>(hash, same),
            }
        }
    }

    /// Finds an exact string in a table of exact strings. Runs no Python code.
    #[inline]
    pub fn find_str(&self, key: &PyStr, hash: isize) -> Option<usize> {
        debug_assert!(self.only_str());
        let raw = key as *const PyStr as *mut PyObject;
        self.probe_any(hash, |entry| {
            // SAFETY: entries in the index are alive, and the table holds exact strings only.
            entry.key == raw || (entry.hash == hash && unsafe { PyStr::str_eq(&*(entry.key as *const PyStr), key) })
        })
    }

    /// Finds the key that is this very object. Runs no Python code.
    pub fn find_identical(&self, key: &PyObject, hash: isize) -> Option<usize> {
        let raw = key.as_ptr();
        self.probe_any(hash, |entry| entry.key == raw)
    }

    /// Finds a key in any table without running Python code. The closure decides about entries with the same hash that are not
    /// the same object: `Some(answer)`, or `None` to give up, which is reported as `Err(position)`.
    #[inline]
    pub fn find_simple(
        &self,
        key: &PyObject,
        hash: isize,
        mut equal: impl FnMut(&PyObject) -> Option<bool>,
    ) -> Result<Option<usize>, ()> {
        let raw = key.as_ptr();
        let mut unsure = false;
        let found = self.probe_any(hash, |entry| {
            if entry.key == raw {
                return true;
            }
            if entry.hash != hash {
                return false;
            }
            // SAFETY: entries in the index are alive.
            match equal(unsafe { &*entry.key }) {
                Some(answer) => answer,
                None => {
                    unsure = true;
                    true
                }
            }
        });
        if unsure { Err(()) } else { Ok(found) }
    }

    /// The positions of entries with this hash, in probe order, from the `nth` one on: the general lookup asks for one after the other,
    /// because the table may be rebuilt between two of them.
    pub fn nth_with_hash(&self, hash: isize, nth: usize) -> Option<usize> {
        let mut left = nth;
        self.probe_any(hash, |entry| {
            if entry.hash == hash {
                if left == 0 {
                    return true;
                }
                left -= 1;
            }
            false
        })
    }

    /// # Safety
    /// `slot` is an index slot.
    unsafe fn set_index(&self, slot: usize, value: isize) {
        let index = self.index_ptr();
        // SAFETY: the caller's promise, and the table's own width.
        unsafe {
            match self.log2_width {
                0 => *(index as *mut i8).add(slot) = value as i8,
                1 => *(index as *mut i16).add(slot) = value as i16,
                2 => *(index as *mut i32).add(slot) = value as i32,
                _ => *(index as *mut i64).add(slot) = value as i64,
            }
        }
    }

    /// # Safety
    /// `slot` is an index slot.
    #[inline(always)]
    unsafe fn get_index(&self, slot: usize) -> isize {
        let index = self.index_ptr();
        // SAFETY: the caller's promise, and the table's own width.
        unsafe {
            match self.log2_width {
                0 => Width1::get(index, slot),
                1 => Width2::get(index, slot),
                2 => Width4::get(index, slot),
                _ => Width8::get(index, slot),
            }
        }
    }

    /// The first slot in the hash's probe sequence for which `wanted` holds.
    #[inline(always)]
    fn slot_where(&self, hash: isize, wanted: impl Fn(isize) -> bool) -> usize {
        let mask = self.mask();
        let mut perturb = hash as usize;
        let mut slot = perturb & mask;
        loop {
            // SAFETY: `slot` is masked.
            if wanted(unsafe { self.get_index(slot) }) {
                return slot;
            }
            perturb >>= PERTURB_SHIFT;
            slot = (slot.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1)) & mask;
        }
    }

    /// Adds an entry for a key that is not in the table, taking over both references.
    ///
    /// # Safety
    /// `usable` is not 0, and key and value are owned by the caller.
    #[inline]
    pub unsafe fn push(&self, hash: isize, key: *mut PyObject, value: *mut PyObject) -> usize {
        debug_assert!(self.usable.get() > 0);
        // SAFETY: the caller's promise: there is a free entry, hence a free slot.
        unsafe {
            if self.only_str.get() && !PyStr::check_exact(&*key) {
                self.only_str.set(false);
            }
            let at = self.nentries.get();
            let slot = self.slot_where(hash, |value| value < 0);
            self.set_index(slot, at as isize);
            self.entries.add(at).write(Entry { hash, key, value });
            self.nentries.set(at + 1);
            self.usable.set(self.usable.get() - 1);
            self.version.set(0);
            at
        }
    }

    /// Takes an entry out and gives its key and value, which the caller owns from now on.
    ///
    /// # Safety
    /// `at` is the position of a living entry.
    pub unsafe fn remove(&self, at: usize) -> (*mut PyObject, *mut PyObject) {
        // SAFETY: the caller's promise; the entry is in the index under its hash.
        unsafe {
            let entry = self.entries.add(at);
            let slot = self.slot_where((*entry).hash, |value| value == at as isize);
            self.set_index(slot, DUMMY);
            let pair = ((*entry).key, (*entry).value);
            (*entry).key = ptr::null_mut();
            (*entry).value = ptr::null_mut();
            if at == self.first.get() {
                self.first.set(at + 1);
            }
            self.version.set(0);
            pair
        }
    }

    /// Moves all living entries into a fresh table of the given size, in order. The old table is freed.
    ///
    /// # Safety
    /// `old` is owned by the caller, and has no more living entries than the new one has room for.
    pub unsafe fn rebuild(old: *mut DictKeys, log2_size: u8) -> PyResult<*mut DictKeys> {
        let new = DictKeys::alloc(log2_size)?;
        // SAFETY: the new table has room; ownership of keys and values moves.
        unsafe {
            let target = &*new;
            let mut count = 0;
            for entry in (*old).entries() {
                if !entry.key.is_null() {
                    target.entries.add(count).write(*entry);
                    count += 1;
                }
            }
            target.finish_bulk(count, (*old).only_str.get());
            DictKeys::free(old);
        }
        Ok(new)
    }

    /// A copy of a table: same entries, with new references; deleted ones are left out.
    pub fn duplicate(&self, used: usize) -> PyResult<*mut DictKeys> {
        // A table with few holes is copied as it is, index and all.
        let log2_size = if used >= (self.nentries.get() * 2) / 3 { self.log2_size } else { log2_for_entries(used) };
        let new = DictKeys::alloc(log2_size)?;
        // SAFETY: the new table has room for `used` entries, and for the same entries if it is of the same size.
        unsafe {
            let target = &*new;
            if used == self.nentries.get() && log2_size == self.log2_size {
                let index_bytes = 1usize << (self.log2_size + self.log2_width);
                ptr::copy_nonoverlapping(self.index_ptr(), target.index_ptr(), index_bytes);
                ptr::copy_nonoverlapping(self.entries, target.entries, used);
                for entry in self.entries() {
                    (*entry.key).incref();
                    (*entry.value).incref();
                }
                target.nentries.set(used);
                target.usable.set(self.usable.get());
                target.only_str.set(self.only_str.get());
                return Ok(new);
            }
            let mut count = 0;
            for entry in self.entries() {
                if !entry.key.is_null() {
                    (*entry.key).incref();
                    (*entry.value).incref();
                    target.entries.add(count).write(*entry);
                    count += 1;
                }
            }
            target.finish_bulk(count, self.only_str.get());
        }
        Ok(new)
    }

    /// Indexes the first `count` entries of a fresh table.
    unsafe fn finish_bulk(&self, count: usize, only_str: bool) {
        for at in 0..count {
            // SAFETY: the caller wrote `count` entries; a fresh table has free slots for all of them.
            unsafe {
                let slot = self.slot_where((*self.entries.add(at)).hash, |value| value == EMPTY);
                self.set_index(slot, at as isize);
            }
        }
        self.nentries.set(count);
        self.usable.set(self.usable.get() - count);
        self.only_str.set(only_str);
    }

    /// Changes the order of a table's entries: moves the entry at `at` to the front or behind the last one.
    ///
    /// # Safety
    /// `at` is the position of a living entry; when moving to the end, `usable` is not 0.
    pub unsafe fn push_moved(&self, at: usize) -> usize {
        // SAFETY: the caller's promise; the pair is owned between the two calls.
        unsafe {
            let hash = (*self.entries.add(at)).hash;
            let (key, value) = self.remove(at);
            self.push(hash, key, value)
        }
    }
}
