//! The history list and its files.

use core::ffi::{CStr, c_int};
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::ffi::{CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::library::{HistoryEntry, Readline};
use super::session;

/// How many lines a history file may have; negative: any number.
pub static FILE_LENGTH: AtomicI32 = AtomicI32::new(-1);

/// Do lines that were read go into the history?
pub static AUTOMATIC: AtomicBool = AtomicBool::new(true);

/// The index of libedit's first entry, which depends on its version; GNU readline's is 1.
static FIRST: AtomicI32 = AtomicI32::new(1);

/// The index by which libedit replaces the first entry (1 in some versions); GNU readline's is 0.
static FIRST_TO_REPLACE: AtomicI32 = AtomicI32::new(0);

/// Finds out how this libedit counts. The history is lost.
pub fn find_editline_indexes(library: &Readline) {
    // SAFETY: constant texts; entries are looked at before they change.
    unsafe {
        (library.clear_history)();
        (library.add_history)(c"1".as_ptr());
        let first = c_int::from(!(library.history_get)(1).is_null());
        FIRST.store(first, Ordering::Relaxed);
        (library.add_history)(c"2".as_ptr());
        free(library, (library.replace_history)(1, c"X".as_ptr(), core::ptr::null_mut()));
        let replaced = line_of((library.history_get)(first)).is_none_or(|line| line == c"X");
        FIRST_TO_REPLACE.store(replaced.into(), Ordering::Relaxed);
        (library.clear_history)();
    }
}

/// The text of an entry; `None` for null.
///
/// # Safety
/// Null, or an entry that does not change while the text is used.
unsafe fn line_of<'a>(entry: *const HistoryEntry) -> Option<&'a CStr> {
    // SAFETY: the caller's promise; the line of an entry is a C string.
    unsafe { entry.as_ref().filter(|entry| !entry.line.is_null()).map(|entry| CStr::from_ptr(entry.line)) }
}

/// Frees an entry that was taken from the list; nothing for null.
///
/// # Safety
/// Nobody else has the entry.
unsafe fn free(library: &Readline, entry: *mut HistoryEntry) {
    if entry.is_null() {
        return;
    }
    // SAFETY: the caller's promise; entries, their lines and what hangs on them come from `malloc`.
    unsafe {
        match library.free_history_entry {
            Some(free_entry) => {
                let data = free_entry(entry);
                // While a line is read, this can be the list of changes that the library works with.
                if !session::is_reading() {
                    libc::free(data);
                }
            }
            None => {
                libc::free((*entry).line.cast_mut().cast());
                libc::free(entry.cast());
            }
        }
    }
}

/// How many entries there are.
pub fn length(library: &Readline) -> c_int {
    // SAFETY: a variable of the library.
    unsafe { *library.history_length }
}

/// The text of the entry with a number that counts from 1; `None` if there is no such entry.
pub fn item(library: &Readline, number: c_int) -> Option<CString> {
    let index = if library.is_editline() {
        // Some versions do not check.
        if !(1..=length(library)).contains(&number) {
            return None;
        }
        number - 1 + FIRST.load(Ordering::Relaxed)
    } else {
        number
    };
    // SAFETY: the result is null or an entry, whose text is copied at once.
    unsafe { line_of((library.history_get)(index)).map(CStr::to_owned) }
}

/// Appends an entry.
pub fn add(library: &Readline, line: &CStr) {
    // SAFETY: the library copies the text.
    unsafe { (library.add_history)(line.as_ptr()) };
}

/// Appends a line that was read, unless it is empty or the same as the last.
pub fn add_read(library: &Readline, line: &CStr) {
    let wanted = AUTOMATIC.load(Ordering::Relaxed) && !line.is_empty();
    if wanted && item(library, length(library)).as_deref() != Some(line) {
        add(library, line);
    }
}

/// Is this the index of an entry, counted from 0? libedit loses its place in the list when it is asked for one that is not.
fn is_index(library: &Readline, index: c_int) -> bool {
    (0..length(library)).contains(&index)
}

/// Removes an entry by its index, which counts from 0; false if there is none.
pub fn remove(library: &Readline, index: c_int) -> bool {
    if !is_index(library, index) {
        return false;
    }
    // SAFETY: the entry that the library gives is ours.
    unsafe {
        let entry = (library.remove_history)(index);
        free(library, entry);
        !entry.is_null()
    }
}

/// Replaces the text of an entry by its index, which counts from 0; false if there is none.
pub fn replace(library: &Readline, index: c_int, line: &CStr) -> bool {
    if !is_index(library, index) {
        return false;
    }
    let place = index + FIRST_TO_REPLACE.load(Ordering::Relaxed);
    // SAFETY: the library copies the text; the old entry that it gives is ours.
    unsafe {
        let old = (library.replace_history)(place, line.as_ptr(), core::ptr::null_mut());
        free(library, old);
        !old.is_null()
    }
}

/// Writes the history to a file. `count`: appends the last entries, so many, to the file. `None` is the library's own file. The
/// result is 0 or an error number.
pub fn write(library: &Readline, name: Option<&CString>, count: Option<c_int>) -> c_int {
    let path = name.map_or(core::ptr::null(), |name| name.as_ptr());
    // SAFETY: a NUL-terminated name or null.
    let errno = unsafe {
        match (count, library.append_history) {
            (None, _) => (library.write_history)(path),
            (Some(count), Some(append)) => append((count - FIRST_TO_REPLACE.load(Ordering::Relaxed)).max(0), path),
            (Some(_), None) => libc::ENOSYS,
        }
    };
    let lines = FILE_LENGTH.load(Ordering::Relaxed);
    if errno == 0 && lines >= 0 {
        if library.is_editline() {
            // The history is saved. That the file is longer than it should be is nothing to complain about.
            let _ = truncate_editline_file(name, lines as usize);
        } else {
            // SAFETY: as above.
            unsafe { (library.truncate_history_file)(path, lines) };
        }
    }
    errno
}

/// Leaves the last `lines` lines of a file, and its first line if that is libedit's mark: libedit's own function cuts that off, and
/// the file is no history any more.
fn truncate_editline_file(name: Option<&CString>, lines: usize) -> std::io::Result<()> {
    const MARK: &[u8] = b"_HiStOrY_V2_\n";
    let path = match name {
        Some(name) => PathBuf::from(OsStr::from_bytes(name.to_bytes())),
        None => default_file().ok_or(std::io::ErrorKind::NotFound)?,
    };
    let content = std::fs::read(&path)?;
    let (mark, body) = if content.starts_with(MARK) { content.split_at(MARK.len()) } else { (&[][..], &content[..]) };
    let all: Vec<&[u8]> = body.split_inclusive(|byte| *byte == b'\n').collect();
    if all.len() <= lines {
        return Ok(());
    }
    std::fs::write(&path, [mark, &all[all.len() - lines..].concat()].concat())
}

/// Where libedit keeps the history: in the home directory that the system knows, whatever `HOME` says.
fn default_file() -> Option<PathBuf> {
    // SAFETY: the record is null or valid until the next such call, and copied at once under the GIL.
    unsafe {
        let user = libc::getpwuid(libc::getuid()).as_ref()?;
        let home = (!user.pw_dir.is_null()).then(|| CStr::from_ptr(user.pw_dir))?;
        Some(PathBuf::from(OsStr::from_bytes(home.to_bytes())).join(".history"))
    }
}
