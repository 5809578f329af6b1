//! Keys from passwords.

use rpy_vm::protocol::number;
use rpy_vm::runtime::gil;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, exc};

use super::digest::Digest;
use super::{error, error_in};
use crate::openssl::ffi;

const INT_MAX: i64 = i32::MAX as i64;

fn too_long(bytes: &[u8], message: &str) -> PyResult<()> {
    if bytes.len() as i64 > INT_MAX { Err(exc::overflow_error(message)) } else { Ok(()) }
}

/// Makes a key of so many bytes with `fill`, without the GIL.
fn key(length: i64, function: &str, fill: impl FnOnce(*mut u8) -> i32) -> PyResult<ObjRef> {
    let key = PyBytes::alloc(length as usize)?;
    // An address, because the closure that runs without the GIL takes no objects along.
    let room = key.data_ptr() as usize;
    if gil::allow_threads(|| fill(room as *mut u8)) == 0 {
        return Err(error_in(function));
    }
    Ok(key.into_obj())
}

/// `pbkdf2_hmac`.
pub fn pbkdf2_hmac(
    hash_name: &str,
    password: &[u8],
    salt: &[u8],
    iterations: i64,
    dklen: Option<&PyObject>,
) -> PyResult<ObjRef> {
    let digest = Digest::named(hash_name, true)?;
    too_long(password, "password is too long.")?;
    too_long(salt, "salt is too long.")?;
    if iterations < 1 {
        return Err(exc::value_error("iteration value must be greater than 0."));
    }
    if iterations > INT_MAX {
        return Err(exc::overflow_error("iteration value is too great."));
    }
    let long = || -> PyErr { exc::overflow_error("Python int too large to convert to C long") };
    let length = match dklen {
        Some(object) => number::index(object)?.as_i64().ok_or_else(long)?,
        None => digest.size().into(),
    };
    if length < 1 {
        return Err(exc::value_error("key length must be greater than 0."));
    }
    if length > INT_MAX {
        return Err(exc::overflow_error("key length is too great."));
    }
    key(length, "PKCS5_PBKDF2_HMAC", |room| {
        // SAFETY: pointers and lengths of the slices, a live digest, and a key of that length.
        unsafe {
            ffi::PKCS5_PBKDF2_HMAC(
                password.as_ptr().cast(),
                password.len() as i32,
                salt.as_ptr(),
                salt.len() as i32,
                iterations as i32,
                digest.as_ptr(),
                length as i32,
                room,
            )
        }
    })
}

/// `scrypt`.
pub fn scrypt(password: &[u8], salt: &[u8], [n, r, p]: [u64; 3], maxmem: i64, dklen: i64) -> PyResult<ObjRef> {
    too_long(password, "password is too long")?;
    too_long(salt, "salt is too long")?;
    if n < 2 || !n.is_power_of_two() {
        return Err(exc::value_error("n must be a power of 2"));
    }
    if !(0..=INT_MAX).contains(&maxmem) {
        return Err(exc::value_error(format!("maxmem must be positive and at most {INT_MAX}")));
    }
    if !(1..=INT_MAX).contains(&dklen) {
        return Err(exc::value_error(format!("dklen must be at least 1 and at most {INT_MAX}")));
    }
    let run = |password: &[u8], salt: &[u8], room: *mut u8, length: usize| {
        // SAFETY: pointers and lengths of the slices, and a key of that length; without a key OpenSSL only looks at the numbers.
        unsafe {
            ffi::EVP_PBE_scrypt(
                password.as_ptr().cast(),
                password.len(),
                salt.as_ptr(),
                salt.len(),
                n,
                r,
                p,
                maxmem as u64,
                room,
                length,
            )
        }
    };
    if run(&[], &[], core::ptr::null_mut(), 0) == 0 {
        return Err(error("invalid parameter combination for n, r, p, and maxmem"));
    }
    key(dklen, "EVP_PBE_scrypt", |room| run(password, salt, room, dklen as usize))
}
