//! What `_ssl` and `_hashlib` share: OpenSSL's declarations and its error codes.
//!
//! The library is linked statically where possible (see `build.rs`), and nothing of it runs before one of the two
//! modules is imported. OpenSSL 3.0 or newer is needed.

pub mod ffi;

use core::ffi::{CStr, c_char, c_int, c_ulong, c_void};

/// Numbers of OpenSSL's headers.
pub mod numbers {
    use core::ffi::{c_int, c_ulong};

    pub const ERR_LIB_SYS: c_int = 2;
    pub const ERR_LIB_PEM: c_int = 9;
    pub const ERR_LIB_X509: c_int = 11;
    pub const ERR_LIB_SSL: c_int = 20;
    pub const ERR_R_MALLOC_FAILURE: c_int = 256 | FATAL | COMMON;
    pub const ERR_R_UNSUPPORTED: c_int = 268 | COMMON;
    pub const ERR_R_FETCH_FAILED: c_int = 269 | COMMON;
    const FATAL: c_int = 1 << 18;
    const COMMON: c_int = 2 << 18;
    pub const EVP_MD_FLAG_XOF: c_ulong = 2;
    pub const EVP_MAX_MD_SIZE: usize = 64;
}

/// Reads a static or borrowed C string.
pub fn text(pointer: *const c_char) -> Option<String> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: OpenSSL's strings end with a NUL byte; it is copied at once.
    Some(unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned())
}

/// The library of an error code.
pub fn library_of(code: c_ulong) -> c_int {
    if is_system(code) { numbers::ERR_LIB_SYS } else { ((code >> 23) & 0xff) as c_int }
}

/// The reason of an error code: an `errno` for system errors.
pub fn reason_of(code: c_ulong) -> c_int {
    if is_system(code) { (code & 0x7fff_ffff) as c_int } else { (code & 0x7f_ffff) as c_int }
}

fn is_system(code: c_ulong) -> bool {
    code & 0x8000_0000 != 0
}

/// An error code of its two parts.
pub fn pack(library: c_int, reason: c_int) -> c_ulong {
    ((library as c_ulong & 0xff) << 23) | (reason as c_ulong & 0x7f_ffff)
}

/// The text of an error code's reason.
pub fn reason_text(code: c_ulong) -> Option<String> {
    // SAFETY: any number may be asked about.
    text(unsafe { ffi::ERR_reason_error_string(code) })
}

/// The name of the macro behind a reason, which OpenSSL's texts are made of: `NO_START_LINE` for "no start line".
pub fn mnemonic(code: c_ulong) -> Option<String> {
    let reason = reason_of(code);
    if is_system(code) || !(100..1 << 18).contains(&reason) {
        return None;
    }
    let text = reason_text(code)?;
    Some(text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect())
}

/// Forgets what errors this thread has had.
pub fn clear_errors() {
    // SAFETY: touches this thread's queue only.
    unsafe { ffi::ERR_clear_error() }
}

/// The last error of this thread, 0 if there is none.
pub fn last_error() -> c_ulong {
    // SAFETY: as above.
    unsafe { ffi::ERR_peek_last_error() }
}

/// Gives memory back that OpenSSL allocated for its caller.
///
/// # Safety
/// `memory` is null or came from OpenSSL, and is not used afterwards.
pub unsafe fn free(memory: *mut c_void) {
    // SAFETY: the caller's promise.
    unsafe { ffi::CRYPTO_free(memory, c"".as_ptr(), 0) }
}
