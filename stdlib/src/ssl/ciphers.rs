//! Ciphers as tuples and dicts.

use core::ffi::{c_char, c_int};

use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyResult};

use super::errors;
use crate::openssl::{self, ffi};
use crate::support::int;

fn text(pointer: *const c_char) -> ObjRef {
    openssl::text(pointer).map_or_else(rpy_vm::none, |t| PyStr::from_string(t).into_obj())
}

/// `(name, protocol, secret bits)`.
pub fn to_tuple(cipher: *const ffi::SSL_CIPHER) -> ObjRef {
    // SAFETY: ciphers are static.
    unsafe {
        PyTuple::from_array([
            text(ffi::SSL_CIPHER_get_name(cipher)),
            text(ffi::SSL_CIPHER_get_version(cipher)),
            int(ffi::SSL_CIPHER_get_bits(cipher, core::ptr::null_mut()).into()),
        ])
        .into_obj()
    }
}

fn to_dict(cipher: *const ffi::SSL_CIPHER) -> ObjRef {
    let dict = PyDict::new();
    let long_name = |nid: c_int| if nid == 0 { rpy_vm::none() } else { text(unsafe { ffi::OBJ_nid2ln(nid) }) };
    // SAFETY: ciphers are static; the buffer has the length given.
    unsafe {
        let mut description = [0 as c_char; 512];
        ffi::SSL_CIPHER_description(cipher, description.as_mut_ptr(), description.len() as c_int - 1);
        let mut algorithm_bits = 0;
        let strength = ffi::SSL_CIPHER_get_bits(cipher, &mut algorithm_bits);
        let shown = openssl::text(description.as_ptr()).unwrap_or_default();
        dict.set_name("id", int(ffi::SSL_CIPHER_get_id(cipher).into()));
        dict.set_name("name", text(ffi::SSL_CIPHER_get_name(cipher)));
        dict.set_name("protocol", text(ffi::SSL_CIPHER_get_version(cipher)));
        dict.set_name("description", PyStr::new(shown.trim_end_matches('\n')).into_obj());
        dict.set_name("strength_bits", int(strength.into()));
        dict.set_name("alg_bits", int(algorithm_bits.into()));
        dict.set_name("aead", rpy_vm::py_bool(ffi::SSL_CIPHER_is_aead(cipher) != 0));
        dict.set_name("symmetric", long_name(ffi::SSL_CIPHER_get_cipher_nid(cipher)));
        dict.set_name("digest", long_name(ffi::SSL_CIPHER_get_digest_nid(cipher)));
        dict.set_name("kea", long_name(ffi::SSL_CIPHER_get_kx_nid(cipher)));
        dict.set_name("auth", long_name(ffi::SSL_CIPHER_get_auth_nid(cipher)));
    }
    dict.into_obj()
}

/// The members of a stack of ciphers.
///
/// # Safety
/// The stack is null or lives.
unsafe fn members(stack: *const ffi::STACK, f: impl Fn(*const ffi::SSL_CIPHER) -> ObjRef) -> ObjRef {
    // SAFETY: the caller's promise; -1 for null.
    let ciphers = unsafe {
        (0..ffi::OPENSSL_sk_num(stack)).map(|i| f(ffi::OPENSSL_sk_value(stack, i).cast_const().cast())).collect()
    };
    PyList::new(ciphers).into_obj()
}

/// The ciphers that connections of a context may use.
pub fn of_context(context: *mut ffi::SSL_CTX) -> PyResult<ObjRef> {
    // SAFETY: a live context; the connection is ours.
    unsafe {
        let ssl = ffi::SSL_new(context);
        if ssl.is_null() {
            return Err(errors::last());
        }
        let list = members(ffi::SSL_get_ciphers(ssl), to_dict);
        ffi::SSL_free(ssl);
        Ok(list)
    }
}

/// The ciphers that both ends of a connection know, as the server sees it.
pub fn shared(ssl: *const ffi::SSL) -> Option<ObjRef> {
    // SAFETY: a live connection.
    unsafe {
        let offered = ffi::SSL_get_client_ciphers(ssl);
        let ours = ffi::SSL_get_ciphers(ssl);
        if offered.is_null() || ours.is_null() {
            return None;
        }
        let known: Vec<u32> = (0..ffi::OPENSSL_sk_num(offered))
            .map(|i| ffi::SSL_CIPHER_get_id(ffi::OPENSSL_sk_value(offered, i).cast_const().cast()))
            .collect();
        let both = (0..ffi::OPENSSL_sk_num(ours))
            .map(|i| ffi::OPENSSL_sk_value(ours, i).cast_const().cast::<ffi::SSL_CIPHER>())
            .filter(|&cipher| known.contains(&ffi::SSL_CIPHER_get_id(cipher)))
            .map(to_tuple)
            .collect();
        Some(PyList::new(both).into_obj())
    }
}
