//! Digests by name: Python's names, OpenSSL's names, and whatever else OpenSSL can find.

use core::ffi::{c_int, c_void};
use std::collections::BTreeSet;
use std::ffi::CString;

use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::{PyObject, PyResult, exc};

use super::{error, shown, unsupported};
use crate::openssl::{self, ffi, numbers};

/// Python's name, OpenSSL's name, and OpenSSL's number.
const NAMES: &[(&str, &str, c_int)] = &[
    ("md5", "MD5", 4),
    ("sha1", "SHA1", 64),
    ("sha224", "SHA224", 675),
    ("sha256", "SHA256", 672),
    ("sha384", "SHA384", 673),
    ("sha512", "SHA512", 674),
    ("sha512_224", "SHA512-224", 1094),
    ("sha512_256", "SHA512-256", 1095),
    ("sha3_224", "SHA3-224", 1096),
    ("sha3_256", "SHA3-256", 1097),
    ("sha3_384", "SHA3-384", 1098),
    ("sha3_512", "SHA3-512", 1099),
    ("shake_128", "SHAKE-128", 1100),
    ("shake_256", "SHAKE-256", 1101),
    ("blake2b", "BLAKE2B-512", 1056),
    ("blake2s", "BLAKE2S-256", 1057),
];

/// A digest of OpenSSL's, owned.
pub struct Digest(*mut ffi::EVP_MD);

impl Digest {
    /// The digest of that name. If it is not used for security, those that a FIPS policy forbids are found too.
    ///
    /// # Errors
    /// `UnsupportedDigestmodError`.
    pub fn named(name: &str, usedforsecurity: bool) -> PyResult<Digest> {
        let known =
            NAMES.iter().find(|n| n.0 == name || (n.0.starts_with("sha512_") && n.0.eq_ignore_ascii_case(name)));
        let Ok(c_name) = CString::new(known.map_or(name, |n| n.1)) else {
            return Err(exc::value_error("embedded null character"));
        };
        let properties = if usedforsecurity { core::ptr::null() } else { c"-fips".as_ptr() };
        // SAFETY: NUL-terminated strings, which live during the call.
        let md = unsafe { ffi::EVP_MD_fetch(core::ptr::null_mut(), c_name.as_ptr(), properties) };
        if md.is_null() { Err(unsupported(name)) } else { Ok(Digest(md)) }
    }

    /// The digest that a `digestmod` argument means: a name, or a constructor of the module.
    ///
    /// # Errors
    /// `UnsupportedDigestmodError`, and what comparing the object raises.
    pub fn of_object(module: &PyModule, object: &PyObject) -> PyResult<Digest> {
        if let Some(name) = object.downcast_ref::<PyStr>() {
            return Digest::named(name.as_utf8()?, true);
        }
        let constructors = module.dict().get_name("_constructors");
        let name = match &constructors {
            Some(constructors) => rpy_vm::protocol::mapping::get_opt(constructors, object)?,
            None => None,
        };
        match name.as_ref().and_then(|name| name.downcast_ref::<PyStr>()) {
            Some(name) => Digest::named(name.as_utf8()?, true),
            None => {
                openssl::clear_errors();
                Err(unsupported(&shown(object)?))
            }
        }
    }

    /// For OpenSSL's functions.
    pub fn as_ptr(&self) -> *const ffi::EVP_MD {
        self.0
    }

    /// The length of its output in bytes.
    pub fn size(&self) -> c_int {
        // SAFETY: a live digest.
        unsafe { ffi::EVP_MD_get_size(self.0) }
    }

    /// Can its output be of any length?
    pub fn is_extendable(&self) -> bool {
        // SAFETY: a live digest.
        unsafe { ffi::EVP_MD_get_flags(self.0) & numbers::EVP_MD_FLAG_XOF != 0 }
    }
}

impl Drop for Digest {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ffi::EVP_MD_free(self.0) }
    }
}

/// Python's name of a digest.
///
/// # Errors
/// `ValueError` if OpenSSL has no name for it.
pub fn name_of(md: *const ffi::EVP_MD) -> PyResult<String> {
    // SAFETY: null, or a digest that a live context uses.
    let nid = unsafe { if md.is_null() { 0 } else { ffi::EVP_MD_get_type(md) } };
    name_of_nid(nid).ok_or_else(|| error(format!("cannot resolve NID {nid}")))
}

fn name_of_nid(nid: c_int) -> Option<String> {
    if let Some(known) = NAMES.iter().find(|n| n.2 == nid) {
        return Some(known.0.to_owned());
    }
    // SAFETY: any number may be asked about.
    openssl::text(unsafe { ffi::OBJ_nid2ln(nid) }).or_else(|| openssl::text(unsafe { ffi::OBJ_nid2sn(nid) }))
}

/// The names of all digests OpenSSL provides.
pub fn all_names() -> BTreeSet<String> {
    unsafe extern "C" fn collect(md: *mut ffi::EVP_MD, names: *mut c_void) {
        // SAFETY: a live digest, and the set that was passed below.
        let (nid, names) = unsafe { (ffi::EVP_MD_get_type(md), &mut *names.cast::<BTreeSet<String>>()) };
        if nid != 0 {
            names.extend(name_of_nid(nid));
        }
    }
    let mut names = BTreeSet::new();
    // SAFETY: the set lives during the call.
    unsafe { ffi::EVP_MD_do_all_provided(core::ptr::null_mut(), collect, (&raw mut names).cast()) };
    names
}
