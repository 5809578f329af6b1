//! `_ssl`: TLS connections.
//!
//! | File | What |
//! |---|---|
//! | `context` | settings that connections share |
//! | `loading` | certificates and keys from files and memory |
//! | `callbacks` | what OpenSSL calls during a handshake |
//! | `socket` | connections |
//! | `transfer` | handshakes, reading, writing, closing |
//! | `memory_bio`, `session`, `certificate`, `ciphers` | the smaller objects |
//! | `errors` | the exceptions |
//! | `threads` | the GIL around OpenSSL |
//! | `constants` | the numbers |

use core::ffi::c_long;

use crate::openssl::{self, ffi};

pub mod callbacks;
pub mod certificate;
pub mod ciphers;
pub mod constants;
pub mod context;
pub mod errors;
pub mod loading;
pub mod memory_bio;
pub mod session;
pub mod socket;
pub mod threads;
pub mod transfer;

use constants::*;

/// Was this version of the protocol built into OpenSSL?
pub fn has_version(version: c_long) -> bool {
    // SAFETY: the context is ours; both bounds on one version fail if it does not exist.
    unsafe {
        let context = ffi::SSL_CTX_new(ffi::TLS_method());
        if context.is_null() {
            openssl::clear_errors();
            return false;
        }
        let set = |command| ffi::SSL_CTX_ctrl(context, command, version, core::ptr::null_mut()) != 0;
        let known = set(ctrl::SET_MIN_VERSION) && set(ctrl::SET_MAX_VERSION);
        ffi::SSL_CTX_free(context);
        openssl::clear_errors();
        known
    }
}

const VERSIONS: [c_long; 5] = [VERSION_SSL3, VERSION_TLS1, VERSION_TLS1_1, VERSION_TLS1_2, VERSION_TLS1_3];

/// The lowest version of the protocol there is.
pub fn lowest_version() -> c_long {
    VERSIONS.into_iter().find(|&v| has_version(v)).unwrap_or(VERSION_TLS1_2)
}

/// The highest version of the protocol there is.
pub fn highest_version() -> c_long {
    VERSIONS.into_iter().rev().find(|&v| has_version(v)).unwrap_or(VERSION_TLS1_2)
}

/// Implementation module for SSL socket operations.  See the socket module
/// for documentation.
#[rpy_vm::pymodule(name = "_ssl")]
pub mod ssl_ {
    use core::ffi::{c_char, c_int, c_ulong};
    use std::ffi::CString;

    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::protocol::buffer::ArgStrOrBytes;
    use rpy_vm::types::bytes::PyBytes;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, exc};

    use super::certificate::{self, PyCertificate};
    use super::constants::{self, *};
    use super::context::PySslContext;
    use super::memory_bio::PyMemoryBio;
    use super::session::PySslSession;
    use super::socket::PySslSocket;
    use super::{errors, has_version};
    use crate::openssl::{self, ffi};
    use crate::support::int;

    #[pyfunction(name = "_test_decode_cert", sig = "(path, /)")]
    fn test_decode_cert(path: &PyObject) -> PyResult<ObjRef> {
        certificate::decode_file(path)
    }

    /// Mix string into the OpenSSL PRNG state.
    ///
    /// entropy (a float) is a lower bound on the entropy contained in
    /// string.  See RFC 4086.
    #[pyfunction(name = "RAND_add", sig = "(string, entropy, /)")]
    fn rand_add(string: ArgStrOrBytes<'_>, entropy: f64) {
        for piece in string.as_bytes().chunks(c_int::MAX as usize) {
            // SAFETY: pointer and length of the piece.
            unsafe { ffi::RAND_add(piece.as_ptr().cast(), piece.len() as c_int, entropy) };
        }
    }
    /// Generate n cryptographically strong pseudo-random bytes.
    #[pyfunction(name = "RAND_bytes", sig = "(n, /)")]
    fn rand_bytes(n: i32) -> PyResult<ObjRef> {
        let len = usize::try_from(n).map_err(|_| exc::value_error("num must be positive"))?;
        let bytes = PyBytes::alloc(len)?;
        // SAFETY: fresh bytes of that length.
        if unsafe { ffi::RAND_bytes(bytes.data_ptr(), n) } == 1 {
            return Ok(bytes.into_obj());
        }
        // SAFETY: touches this thread's errors only.
        let code = unsafe { ffi::ERR_get_error() };
        let reason = openssl::reason_text(code).map_or_else(rpy_vm::none, |t| PyStr::from_string(t).into_obj());
        Err(PyErr::with_args(errors::ssl_error_class(), vec![int(code as i64), reason]))
    }
    /// Returns True if the OpenSSL PRNG has been seeded with enough data and False if not.
    ///
    /// It is necessary to seed the PRNG with RAND_add() on some platforms before
    /// using the ssl() function.
    #[pyfunction(name = "RAND_status")]
    fn rand_status() -> bool {
        // SAFETY: no preconditions.
        unsafe { ffi::RAND_status() != 0 }
    }

    /// Return search paths and environment vars that are used by SSLContext's set_default_verify_paths() to load default CAs.
    ///
    /// The values are 'cert_file_env', 'cert_file', 'cert_dir_env', 'cert_dir'.
    #[pyfunction]
    fn get_default_verify_paths() -> ObjRef {
        let path = |pointer: *const c_char| match openssl::text(pointer) {
            Some(text) => PyStr::from_string(text).into_obj(),
            None => rpy_vm::none(),
        };
        // SAFETY: no preconditions.
        unsafe {
            PyTuple::from_array([
                path(ffi::X509_get_default_cert_file_env()),
                path(ffi::X509_get_default_cert_file()),
                path(ffi::X509_get_default_cert_dir_env()),
                path(ffi::X509_get_default_cert_dir()),
            ])
            .into_obj()
        }
    }

    /// `(nid, short name, long name, dotted number)`.
    fn describe(object: *mut ffi::ASN1_OBJECT) -> PyResult<ObjRef> {
        let text = |p: *const c_char| openssl::text(p).map_or_else(rpy_vm::none, |t| PyStr::from_string(t).into_obj());
        // SAFETY: a live object.
        unsafe {
            let nid = ffi::OBJ_obj2nid(object);
            if nid == 0 {
                return Err(exc::value_error("Unknown object"));
            }
            let number = certificate::object_text(object, true)?;
            Ok(PyTuple::from_array([int(nid.into()), text(ffi::OBJ_nid2sn(nid)), text(ffi::OBJ_nid2ln(nid)), number])
                .into_obj())
        }
    }

    fn describe_and_free(object: *mut ffi::ASN1_OBJECT) -> PyResult<ObjRef> {
        let result = describe(object);
        // SAFETY: ours; static objects stay.
        unsafe { ffi::ASN1_OBJECT_free(object) };
        result
    }

    /// Lookup NID, short name, long name and OID of an ASN1_OBJECT.
    ///
    /// By default objects are looked up by OID. With name=True short and
    /// long name are also matched.
    #[pyfunction(sig = "(txt, name=False)")]
    fn txt2obj(txt: &str, name: bool) -> PyResult<ObjRef> {
        let text = CString::new(txt).map_err(|_| exc::value_error("embedded null character"))?;
        // SAFETY: a NUL-terminated string.
        let object = unsafe { ffi::OBJ_txt2obj(text.as_ptr(), (!name).into()) };
        if object.is_null() {
            openssl::clear_errors();
            return Err(exc::value_error(format!("unknown object '{txt:.100}'")));
        }
        describe_and_free(object)
    }
    /// Lookup NID, short name, long name and OID of an ASN1_OBJECT by NID.
    #[pyfunction(sig = "(nid, /)")]
    fn nid2obj(nid: i32) -> PyResult<ObjRef> {
        if nid < 0 {
            return Err(exc::value_error("NID must be positive."));
        }
        // SAFETY: any number may be asked about.
        let object = unsafe { ffi::OBJ_nid2obj(nid) };
        if object.is_null() {
            openssl::clear_errors();
            return Err(exc::value_error(format!("unknown NID {nid}")));
        }
        describe_and_free(object)
    }

    /// The parts of OpenSSL's version number, as Python has always shown them.
    fn version_info(number: c_ulong) -> ObjRef {
        let part = |shift: u32, mask: c_ulong| int((number >> shift & mask) as i64);
        PyTuple::from_array([part(28, 0xff), part(20, 0xff), part(12, 0xff), part(4, 0xff), part(0, 0xf)]).into_obj()
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        // SAFETY: no preconditions.
        let number = unsafe { ffi::OpenSSL_version_num() };
        if number < 0x3000_0000 {
            return Err(exc::import_error("_ssl needs OpenSSL 3.0 or newer"));
        }
        // SAFETY: null are the default settings.
        if unsafe { ffi::OPENSSL_init_ssl(0, core::ptr::null()) } == 0 {
            return Err(exc::import_error("OpenSSL could not be initialized"));
        }
        add_class::<PySslContext>(module)?;
        add_class::<PySslSocket>(module)?;
        add_class::<PyMemoryBio>(module)?;
        add_class::<PySslSession>(module)?;
        add_class::<PyCertificate>(module)?;
        errors::add_classes(module)?;
        crate::support::add_numbers(module, constants::NUMBERS)?;
        module.add("_DEFAULT_CIPHERS", DEFAULT_CIPHERS)?;
        for (name, value) in [
            ("HAS_SNI", true),
            ("HAS_TLS_UNIQUE", true),
            ("HAS_ECDH", true),
            ("HAS_NPN", false),
            ("HAS_ALPN", true),
            ("HAS_PSK", true),
            ("HAS_PHA", true),
            ("HAS_SSLv2", false),
            ("HAS_SSLv3", has_version(VERSION_SSL3)),
            ("HAS_TLSv1", has_version(VERSION_TLS1)),
            ("HAS_TLSv1_1", has_version(VERSION_TLS1_1)),
            ("HAS_TLSv1_2", has_version(VERSION_TLS1_2)),
            ("HAS_TLSv1_3", has_version(VERSION_TLS1_3)),
        ] {
            module.add(name, value)?;
        }
        if has_version(VERSION_SSL3) {
            module.add("PROTOCOL_SSLv3", PROTOCOL_SSLV3)?;
        }
        module.add("OPENSSL_VERSION_NUMBER", number)?;
        module.add("OPENSSL_VERSION_INFO", version_info(number))?;
        // SAFETY: 0 asks for the version's text.
        module.add("OPENSSL_VERSION", openssl::text(unsafe { ffi::OpenSSL_version(0) }))?;
        module.add("_OPENSSL_API_VERSION", version_info(number))
    }
}

pub use ssl_::MODULE;
