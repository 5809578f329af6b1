//! `initconfig.h`: statuses and lists of strings. There is no configuration to start an interpreter from.

use core::ffi::{c_char, c_int};

use rpy_vm::object::alloc::{mem_alloc, mem_free};

use crate::border::CReturn;

/// `PyStatus`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Status {
    kind: c_int,
    function: *const c_char,
    message: *const c_char,
    exit_code: c_int,
}

/// The kinds of statuses.
const OK: c_int = 0;
const ERROR: c_int = 1;
const EXIT: c_int = 2;

impl Status {
    const fn new(kind: c_int, message: *const c_char, exit_code: c_int) -> Status {
        Status { kind, function: core::ptr::null(), message, exit_code }
    }
}

impl CReturn for Status {
    const FAILED: Status = Status::new(ERROR, c"internal error".as_ptr(), 0);
}

/// `PyWideStringList`.
#[repr(C)]
pub struct WideStringList {
    len: isize,
    items: *mut *mut libc::wchar_t,
}

exports! {
    /// Success.
    fn PyStatus_Ok() -> Status {
        Status::new(OK, core::ptr::null(), 0)
    }
    /// A failure; the message stays the caller's.
    fn PyStatus_Error(message: *const c_char) -> Status {
        Status::new(ERROR, message, 0)
    }
    /// A failure for want of memory.
    fn PyStatus_NoMemory() -> Status {
        NO_MEMORY
    }
    /// A wish to end the program.
    fn PyStatus_Exit(exit_code: c_int) -> Status {
        Status::new(EXIT, core::ptr::null(), exit_code)
    }
    /// Is it a failure?
    fn PyStatus_IsError(status: Status) -> c_int {
        c_int::from(status.kind == ERROR)
    }
    /// Is it a wish to end the program?
    fn PyStatus_IsExit(status: Status) -> c_int {
        c_int::from(status.kind == EXIT)
    }
    /// Is it anything but success?
    fn PyStatus_Exception(status: Status) -> c_int {
        c_int::from(status.kind != OK)
    }
    /// Adds a copy of a text at the end of a list.
    fn PyWideStringList_Append(list: &mut WideStringList, item: *const libc::wchar_t) -> Status {
        insert(list, list.len, item)
    }
    /// Adds a copy of a text before an item of a list, or at its end.
    fn PyWideStringList_Insert(list: &mut WideStringList, index: isize, item: *const libc::wchar_t) -> Status {
        insert(list, index, item)
    }
}

const NO_MEMORY: Status = Status::new(ERROR, c"memory allocation failed".as_ptr(), 0);

/// # Safety
/// A valid list whose memory is `PyMem_RawMalloc`'s, and a NUL-terminated text.
unsafe fn insert(list: &mut WideStringList, index: isize, item: *const libc::wchar_t) -> Status {
    if index < 0 {
        return Status::new(ERROR, c"PyWideStringList_Insert index must be >= 0".as_ptr(), 0);
    }
    let (len, word) = (list.len as usize, size_of::<*mut libc::wchar_t>());
    let index = (index as usize).min(len);
    // SAFETY: the caller's promise; the new blocks have room for what is copied to them.
    unsafe {
        let size = libc::wcslen(item) + 1;
        let copy = mem_alloc(size * size_of::<libc::wchar_t>()) as *mut libc::wchar_t;
        let items = mem_alloc((len + 1) * word) as *mut *mut libc::wchar_t;
        if copy.is_null() || items.is_null() {
            mem_free(copy.cast());
            mem_free(items.cast());
            return NO_MEMORY;
        }
        core::ptr::copy_nonoverlapping(item, copy, size);
        if len > 0 {
            core::ptr::copy_nonoverlapping(list.items, items, index);
            core::ptr::copy_nonoverlapping(list.items.add(index), items.add(index + 1), len - index);
        }
        items.add(index).write(copy);
        mem_free(list.items.cast());
        list.items = items;
        list.len += 1;
    }
    Status::new(OK, core::ptr::null(), 0)
}
