//! `_hashlib`: OpenSSL's digests, message authentication codes and key derivation.
//!
//! | File | What |
//! |---|---|
//! | `digest` | digests by name |
//! | `hash` | hash objects |
//! | `hmac` | message authentication codes |
//! | `derive` | `pbkdf2_hmac` and `scrypt` |

use core::ffi::c_ulong;
use std::sync::{Mutex, PoisonError, TryLockError};

use rpy_vm::runtime::gil;
use rpy_vm::{ObjRef, OptRef, PyErr, PyObject, PyResult, exc};

use crate::hashes::GIL_MINSIZE;
use crate::openssl::{self, numbers};

pub mod derive;
pub mod digest;
pub mod hash;
pub mod hmac;

/// `_hashlib.UnsupportedDigestmodError`.
static UNSUPPORTED: OptRef = OptRef::NULL;

/// `[library] reason` for an error code.
fn describe(code: c_ulong) -> String {
    let reason = openssl::reason_text(code).unwrap_or_else(|| String::from("no reason"));
    // SAFETY: any number may be asked about.
    match openssl::text(unsafe { openssl::ffi::ERR_lib_error_string(code) }) {
        Some(library) => format!("[{library}] {reason}"),
        None => reason,
    }
}

/// A `ValueError` with OpenSSL's reason, or `fallback` if it gave none.
#[cold]
pub fn error(fallback: impl Into<String>) -> PyErr {
    match openssl::last_error() {
        0 => exc::value_error(fallback),
        code => {
            openssl::clear_errors();
            if openssl::reason_of(code) == numbers::ERR_R_MALLOC_FAILURE {
                return exc::memory_error();
            }
            exc::value_error(describe(code))
        }
    }
}

/// As [`error`], for the OpenSSL function that failed.
#[cold]
pub fn error_in(function: &str) -> PyErr {
    error(format!("error in OpenSSL function {function}()"))
}

/// `UnsupportedDigestmodError` for an algorithm's name or what was given in its place.
#[cold]
pub fn unsupported(algorithm: &str) -> PyErr {
    let code = openssl::last_error();
    openssl::clear_errors();
    let text = format!("unsupported hash algorithm {algorithm}");
    // SAFETY: any number may be asked about.
    let library = openssl::text(unsafe { openssl::ffi::ERR_lib_error_string(code) });
    let message = match (openssl::reason_of(code), library) {
        (_, _) if code == 0 => text,
        (numbers::ERR_R_UNSUPPORTED, Some(library)) => format!("[{library}] {text}"),
        (numbers::ERR_R_UNSUPPORTED, None) => text,
        (numbers::ERR_R_FETCH_FAILED, library) => {
            let reason = openssl::reason_text(code).unwrap_or_default();
            match library {
                Some(library) => format!("[{library}] {text} (reason: {reason})"),
                None => format!("{text} (reason: {reason})"),
            }
        }
        _ => describe(code),
    };
    crate::support::error_of(&UNSUPPORTED, exc::ValueError(), message)
}

/// A context of OpenSSL's, which one thread at a time may use.
pub struct Shared<T>(Mutex<T>);

impl<T> Shared<T> {
    /// A context nobody uses yet.
    pub fn new(context: T) -> Shared<T> {
        Shared(Mutex::new(context))
    }

    /// Runs `f` on the context, without the GIL if there is much to do or another thread is at it. `f` touches no Python
    /// object.
    pub fn with<R>(&self, work: usize, f: impl FnOnce(&mut T) -> R) -> R {
        if work < GIL_MINSIZE {
            match self.0.try_lock() {
                Ok(mut context) => return f(&mut context),
                Err(TryLockError::Poisoned(e)) => return f(&mut e.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
        }
        gil::allow_threads(|| f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// The text of an object that names an algorithm but is none.
fn shown(object: &PyObject) -> PyResult<String> {
    Ok(rpy_vm::protocol::object::str(object)?.to_string_lossy().into_owned())
}

/// The class of unsupported algorithms, made once.
fn unsupported_class() -> PyResult<ObjRef> {
    if let Some(class) = UNSUPPORTED.get() {
        return Ok(class);
    }
    let class = crate::support::exception_class("_hashlib", "UnsupportedDigestmodError", exc::ValueError())?;
    UNSUPPORTED.set(Some(class.clone()));
    Ok(class)
}

/// OpenSSL interface for hashlib module
#[rpy_vm::pymodule(name = "_hashlib")]
pub mod hashlib_ {
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::protocol::buffer::ArgBytes;
    use rpy_vm::types::descr::mappingproxy::PyMappingProxy;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::set::PyFrozenSet;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct};

    use super::hash::{PyHash, PyHashXof};
    use super::hmac::PyHmac;
    use super::{derive, digest, hash, hmac};
    use crate::openssl::ffi;

    /// Return a new hash object using the named algorithm.
    ///
    /// An optional string argument may be provided and will be
    /// automatically hashed.
    ///
    /// The MD5 and SHA1 algorithms are always supported.
    #[pyfunction(name = "new", sig = "(name, data=b'', *, usedforsecurity=True, string=None)")]
    fn new_hash(
        name: &str,
        data: Option<&PyObject>,
        usedforsecurity: bool,
        string: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        hash::new(name, data, usedforsecurity, string)
    }

    /// The algorithms that have a constructor of their own, `openssl_<name>`.
    const CONSTRUCTORS: &[&str] = &[
        "md5",
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
        "sha3_224",
        "sha3_256",
        "sha3_384",
        "sha3_512",
        "shake_128",
        "shake_256",
    ];

    /// Returns a md5 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_md5(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("md5", data, usedforsecurity, string)
    }
    /// Returns a sha1 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha1(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("sha1", data, usedforsecurity, string)
    }
    /// Returns a sha224 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha224(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("sha224", data, usedforsecurity, string)
    }
    /// Returns a sha256 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha256(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("sha256", data, usedforsecurity, string)
    }
    /// Returns a sha384 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha384(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("sha384", data, usedforsecurity, string)
    }
    /// Returns a sha512 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha512(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("sha512", data, usedforsecurity, string)
    }
    /// Returns a sha3-224 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha3_224(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("sha3_224", data, usedforsecurity, string)
    }
    /// Returns a sha3-256 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha3_256(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("sha3_256", data, usedforsecurity, string)
    }
    /// Returns a sha3-384 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha3_384(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("sha3_384", data, usedforsecurity, string)
    }
    /// Returns a sha3-512 hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_sha3_512(data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        hash::new("sha3_512", data, usedforsecurity, string)
    }
    /// Returns a shake-128 variable hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_shake_128(
        data: Option<&PyObject>,
        usedforsecurity: bool,
        string: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        hash::new("shake_128", data, usedforsecurity, string)
    }
    /// Returns a shake-256 variable hash object; optionally initialized with a string
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn openssl_shake_256(
        data: Option<&PyObject>,
        usedforsecurity: bool,
        string: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        hash::new("shake_256", data, usedforsecurity, string)
    }

    /// Return a new hmac object.
    #[pyfunction(sig = "(key, msg=b'', digestmod=None)")]
    fn hmac_new(
        module: &PyModule,
        key: ArgBytes<'_>,
        msg: Option<&PyObject>,
        digestmod: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        hmac::new(module, &key, msg.filter(|o| !rpy_vm::is_none(o)), digestmod)
    }

    /// Single-shot HMAC.
    #[pyfunction(sig = "(key, msg, digest)")]
    fn hmac_digest(module: &PyModule, key: ArgBytes<'_>, msg: ArgBytes<'_>, digest: &PyObject) -> PyResult<Vec<u8>> {
        hmac::single(module, &key, &msg, digest)
    }

    /// Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function.
    #[pyfunction(sig = "(hash_name, password, salt, iterations, dklen=None)")]
    fn pbkdf2_hmac(
        hash_name: &str,
        password: ArgBytes<'_>,
        salt: ArgBytes<'_>,
        iterations: i64,
        dklen: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        derive::pbkdf2_hmac(hash_name, &password, &salt, iterations, dklen)
    }

    /// scrypt password-based key derivation function.
    #[pyfunction(sig = "(password, *, salt, n, r, p, maxmem=0, dklen=64)")]
    fn scrypt(
        password: ArgBytes<'_>,
        salt: ArgBytes<'_>,
        n: u64,
        r: u64,
        p: u64,
        maxmem: i64,
        dklen: i64,
    ) -> PyResult<ObjRef> {
        derive::scrypt(&password, &salt, [n, r, p], maxmem, dklen)
    }

    /// Determine the OpenSSL FIPS mode of operation.
    ///
    /// For OpenSSL 3.0.0 and newer it returns the state of the default provider
    /// in the default OSSL context. It's not quite the same as FIPS_mode() but good
    /// enough for unittests.
    ///
    /// Effectively any non-zero return value indicates FIPS mode;
    /// values other than 1 may have additional significance.
    #[pyfunction]
    fn get_fips_mode() -> i32 {
        // SAFETY: null is the default library context.
        unsafe { ffi::EVP_default_properties_is_fips_enabled(core::ptr::null_mut()) }
    }

    /// Return 'a == b'.
    ///
    /// This function uses an approach designed to prevent
    /// timing analysis, making it appropriate for cryptography.
    ///
    /// a and b must both be of the same type: either str (ASCII only),
    /// or any bytes-like object.
    ///
    /// Note: If a and b are of different lengths, or if an error occurs,
    /// a timing attack could theoretically reveal information about the
    /// types and lengths of a and b--but not their values.
    #[pyfunction]
    fn compare_digest(a: &PyObject, b: &PyObject) -> PyResult<bool> {
        crate::operator::operator_::compare_digest(a, b)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<PyHash>(module)?;
        add_class::<PyHashXof>(module)?;
        add_class::<PyHmac>(module)?;
        module.add("UnsupportedDigestmodError", super::unsupported_class()?)?;
        module.add("_GIL_MINSIZE", super::GIL_MINSIZE)?;
        let names: Vec<ObjRef> = digest::all_names().iter().map(|name| PyStr::new(name).into_obj()).collect();
        module.add("openssl_md_meth_names", PyFrozenSet::from_items(&names)?)?;
        let constructors = PyDict::new();
        for name in CONSTRUCTORS {
            if let Some(function) = module.dict().get_name(&format!("openssl_{name}")) {
                constructors.set_item(&function, PyStr::interned(name).as_object())?;
            }
        }
        module.add("_constructors", PyMappingProxy::new(constructors.as_object())?)
    }
}

pub use hashlib_::MODULE;
