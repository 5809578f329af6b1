//! Certificates and keys from files and from memory.

use core::ffi::{c_char, c_int, c_void};
use std::ffi::CString;

use rpy_vm::protocol::buffer::Buffer;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, exc};

use super::constants::*;
use super::errors;
use super::threads::{locked, unlocked};
use crate::openssl::{self, ffi, numbers};

fn path(object: &PyObject, what: &str) -> PyResult<CString> {
    rpy_vm::runtime::paths::path_c_string(object).map_err(|e| {
        if e.matches(exc::TypeError()) {
            exc::type_error(format!("{what} should be a valid filesystem path"))
        } else {
            e
        }
    })
}

fn reset_errno() {
    // SAFETY: errno is this thread's.
    unsafe { *libc::__errno_location() = 0 };
}

/// The error of a function that reads files: the system's number if there is one, or what OpenSSL says.
#[cold]
#[track_caller]
fn file_error(errno: i32, filename: Option<&PyObject>) -> PyErr {
    if errno == 0 {
        return errors::last();
    }
    openssl::clear_errors();
    exc::os_error_errno(errno, filename)
}

/// A password, or the function that knows it.
struct Password {
    callable: Option<ObjRef>,
    known: Vec<u8>,
    error: Option<PyErr>,
}

fn password_bytes(object: &PyObject, wrong_type: &str) -> PyResult<Vec<u8>> {
    let bytes = if let Some(text) = object.downcast_ref::<PyStr>() {
        text.as_utf8()?.as_bytes().to_vec()
    } else if let Some(bytes) = object.downcast_ref::<PyBytes>() {
        bytes.as_bytes().to_vec()
    } else if object.downcast_ref::<PyByteArray>().is_some() {
        Buffer::simple(object)?.bytes().to_vec()
    } else {
        return Err(exc::type_error(wrong_type));
    };
    if bytes.len() > i32::MAX as usize {
        return Err(exc::value_error(format!("password cannot be longer than {} bytes", i32::MAX)));
    }
    Ok(bytes)
}

unsafe extern "C" fn give_password(buffer: *mut c_char, size: c_int, _rwflag: c_int, argument: *mut c_void) -> c_int {
    // SAFETY: the argument is the password that `cert_chain` holds during the call.
    let password = unsafe { &mut *argument.cast::<Password>() };
    // OpenSSL may ask again after a failure.
    if password.error.is_some() {
        return -1;
    }
    let result = locked(|| -> PyResult<()> {
        if let Some(callable) = &password.callable {
            let answer = call::call_noargs(callable)?;
            password.known = password_bytes(&answer, "password callback must return a string")?;
        }
        if password.known.len() > size as usize {
            return Err(exc::value_error(format!("password cannot be longer than {size} bytes")));
        }
        Ok(())
    });
    match result {
        Ok(()) => {
            // SAFETY: the buffer has the size given, which is enough.
            unsafe { core::ptr::copy_nonoverlapping(password.known.as_ptr(), buffer.cast(), password.known.len()) };
            password.known.len() as c_int
        }
        Err(e) => {
            password.error = Some(e);
            -1
        }
    }
}

/// Lets OpenSSL ask for a password until it is dropped.
struct PasswordScope {
    context: *mut ffi::SSL_CTX,
    callback: Option<ffi::pem_password_cb>,
    argument: *mut c_void,
}

impl PasswordScope {
    fn new(context: *mut ffi::SSL_CTX, password: *mut Password) -> PasswordScope {
        // SAFETY: a live context; the password outlives the scope.
        unsafe {
            let scope = PasswordScope {
                context,
                callback: ffi::SSL_CTX_get_default_passwd_cb(context),
                argument: ffi::SSL_CTX_get_default_passwd_cb_userdata(context),
            };
            ffi::SSL_CTX_set_default_passwd_cb(context, Some(give_password));
            ffi::SSL_CTX_set_default_passwd_cb_userdata(context, password.cast());
            scope
        }
    }
}

impl Drop for PasswordScope {
    fn drop(&mut self) {
        // SAFETY: a live context, with the callback it had.
        unsafe {
            ffi::SSL_CTX_set_default_passwd_cb(self.context, self.callback);
            ffi::SSL_CTX_set_default_passwd_cb_userdata(self.context, self.argument);
        }
    }
}

/// `load_cert_chain`.
pub fn cert_chain(
    context: *mut ffi::SSL_CTX,
    certfile: &PyObject,
    keyfile: Option<&PyObject>,
    password: Option<&PyObject>,
) -> PyResult<()> {
    openssl::clear_errors();
    let certificate = path(certfile, "certfile")?;
    let key = keyfile.map(|k| path(k, "keyfile")).transpose()?;
    let mut secret = Password { callable: None, known: Vec::new(), error: None };
    if let Some(password) = password {
        if protocol::callable(password) {
            secret.callable = Some(password.new_ref());
        } else {
            secret.known = password_bytes(password, "password should be a string or callable")?;
        }
    }
    // The callback and this function reach it through the same pointer.
    let secret: *mut Password = &mut secret;
    let _scope = password.is_some().then(|| PasswordScope::new(context, secret));
    let checked = |done: c_int| -> PyResult<()> {
        if done == 1 {
            return Ok(());
        }
        let errno = exc::last_errno();
        // SAFETY: OpenSSL has returned, so nobody else uses it.
        if let Some(e) = unsafe { (*secret).error.take() } {
            openssl::clear_errors();
            return Err(e);
        }
        Err(file_error(errno, None))
    };
    // SAFETY: a live context and NUL-terminated strings.
    checked(unlocked(|| unsafe {
        reset_errno();
        ffi::SSL_CTX_use_certificate_chain_file(context, certificate.as_ptr())
    }))?;
    let key = key.as_ref().unwrap_or(&certificate);
    // SAFETY: as above.
    checked(unlocked(|| unsafe {
        reset_errno();
        ffi::SSL_CTX_use_PrivateKey_file(context, key.as_ptr(), FILETYPE_PEM)
    }))?;
    // SAFETY: a live context.
    match unlocked(|| unsafe { ffi::SSL_CTX_check_private_key(context) }) {
        1 => Ok(()),
        _ => Err(errors::last()),
    }
}

/// `load_dh_params`.
pub fn dh_params(context: *mut ffi::SSL_CTX, file: &PyObject) -> PyResult<()> {
    let name = rpy_vm::runtime::paths::path_c_string(file)?;
    // SAFETY: NUL-terminated strings; the stream is ours.
    let parameters = unlocked(|| unsafe {
        reset_errno();
        let bio = ffi::BIO_new_file(name.as_ptr(), c"rb".as_ptr());
        if bio.is_null() {
            return core::ptr::null_mut();
        }
        reset_errno();
        let parameters = ffi::PEM_read_bio_DHparams(bio, core::ptr::null_mut(), None, core::ptr::null_mut());
        ffi::BIO_free(bio);
        parameters
    });
    if parameters.is_null() {
        return Err(file_error(exc::last_errno(), Some(file)));
    }
    // SAFETY: a live context and parameters of ours, which the context copies.
    unsafe {
        let done = ffi::SSL_CTX_ctrl(context, ctrl::SET_TMP_DH, 0, parameters.cast());
        ffi::DH_free(parameters);
        if done == 0 { Err(errors::last()) } else { Ok(()) }
    }
}

/// Adds the certificates in `data` to the store of a context.
fn add_certificates(context: *mut ffi::SSL_CTX, data: &[u8], kind: c_int) -> PyResult<()> {
    if data.is_empty() {
        return Err(exc::value_error("Empty certificate data"));
    }
    let Ok(len) = c_int::try_from(data.len()) else {
        return Err(exc::overflow_error("Certificate data is too long."));
    };
    let mut loaded = 0;
    // SAFETY: a live context and its store, pointer and length of the data; the stream and the certificates are ours.
    unsafe {
        let bio = ffi::BIO_new_mem_buf(data.as_ptr().cast(), len);
        if bio.is_null() {
            return Err(errors::numbered("Can't allocate buffer"));
        }
        let store = ffi::SSL_CTX_get_cert_store(context);
        loop {
            let certificate = if kind == FILETYPE_ASN1 {
                ffi::d2i_X509_bio(bio, core::ptr::null_mut())
            } else {
                let callback = ffi::SSL_CTX_get_default_passwd_cb(context);
                let argument = ffi::SSL_CTX_get_default_passwd_cb_userdata(context);
                ffi::PEM_read_bio_X509(bio, core::ptr::null_mut(), callback, argument)
            };
            if certificate.is_null() {
                break;
            }
            let added = ffi::X509_STORE_add_cert(store, certificate);
            ffi::X509_free(certificate);
            if added == 0 {
                let code = openssl::last_error();
                let known = openssl::library_of(code) == numbers::ERR_LIB_X509
                    && openssl::reason_of(code) == X509_R_CERT_ALREADY_IN_HASH_TABLE;
                if !known {
                    break;
                }
                openssl::clear_errors();
            }
            loaded += 1;
        }
        ffi::BIO_free(bio);
    }
    let code = openssl::last_error();
    if loaded == 0 {
        let message = if kind == FILETYPE_PEM {
            "no start line: cadata does not contain a certificate"
        } else {
            "not enough data: cadata does not contain a certificate"
        };
        return Err(errors::numbered(message));
    }
    // The end of the data: no error, or that no further certificate begins.
    let end = kind == FILETYPE_PEM
        && (openssl::library_of(code), openssl::reason_of(code)) == (numbers::ERR_LIB_PEM, PEM_R_NO_START_LINE);
    if code == 0 || end {
        openssl::clear_errors();
        return Ok(());
    }
    Err(errors::last())
}

/// `load_verify_locations`.
pub fn verify_locations(
    context: *mut ffi::SSL_CTX,
    cafile: Option<&PyObject>,
    capath: Option<&PyObject>,
    cadata: Option<&PyObject>,
) -> PyResult<()> {
    if cafile.is_none() && capath.is_none() && cadata.is_none() {
        return Err(exc::type_error("cafile, capath and cadata cannot be all omitted"));
    }
    let file = cafile.map(|o| path(o, "cafile")).transpose()?;
    let dir = capath.map(|o| path(o, "capath")).transpose()?;
    if let Some(data) = cadata {
        let wrong = || exc::type_error("cadata should be an ASCII string or a bytes-like object");
        if let Some(text) = data.downcast_ref::<PyStr>() {
            let ascii = text.as_ascii().ok_or_else(wrong)?;
            add_certificates(context, ascii.as_bytes(), FILETYPE_PEM)?;
        } else if Buffer::check(data) {
            let buffer = Buffer::simple(data)?;
            if !buffer.view().is_contiguous(b'C') || buffer.view().dimensions() > 1 {
                return Err(exc::type_error("cadata should be a contiguous buffer with a single dimension"));
            }
            add_certificates(context, buffer.bytes(), FILETYPE_ASN1)?;
        } else {
            return Err(wrong());
        }
    }
    if file.is_none() && dir.is_none() {
        return Ok(());
    }
    let pointer = |name: &Option<CString>| name.as_ref().map_or(core::ptr::null(), |n| n.as_ptr());
    // SAFETY: a live context, null or NUL-terminated strings.
    let done = unlocked(|| unsafe {
        reset_errno();
        ffi::SSL_CTX_load_verify_locations(context, pointer(&file), pointer(&dir))
    });
    if done == 1 { Ok(()) } else { Err(file_error(exc::last_errno(), None)) }
}
