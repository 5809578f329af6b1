//! `_hashlib.HMAC`.

use core::ffi::c_int;

use rpy_vm::object::alloc::new_exact;
use rpy_vm::runtime::gil;
use rpy_vm::types::module::PyModule;
use rpy_vm::{ObjRef, PyErr, PyObject, PyResult, PyStruct, exc, pyclass, pymethods};

use super::digest::{self, Digest};
use super::{Shared, error, error_in, shown, unsupported};
use crate::hashes;
use crate::openssl::{ffi, numbers};

/// A code under way, owned.
pub struct Context(*mut ffi::HMAC_CTX);

// SAFETY: a context belongs to no thread; the mutex around it keeps the threads apart.
unsafe impl Send for Context {}

impl Context {
    fn new() -> PyResult<Context> {
        // SAFETY: no preconditions.
        let context = unsafe { ffi::HMAC_CTX_new() };
        if context.is_null() { Err(exc::memory_error()) } else { Ok(Context(context)) }
    }

    fn copy(&self) -> PyResult<Context> {
        let copy = Context::new()?;
        // SAFETY: two live contexts.
        if unsafe { ffi::HMAC_CTX_copy(copy.0, self.0) } == 0 { Err(error_in("HMAC_CTX_copy")) } else { Ok(copy) }
    }

    fn update(&mut self, data: &[u8]) -> bool {
        // SAFETY: a live context, pointer and length of the slice.
        unsafe { ffi::HMAC_Update(self.0, data.as_ptr(), data.len()) != 0 }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ffi::HMAC_CTX_free(self.0) }
    }
}

/// The object used to calculate HMAC of a message.
///
/// Methods:
///
/// update() -- updates the current digest with an additional string
/// digest() -- return the current digest value
/// hexdigest() -- return the current digest as a string of hexadecimal digits
/// copy() -- return a copy of the current hash object
///
/// Attributes:
///
/// name -- the name, including the hash algorithm used by this object
/// digest_size -- number of bytes in digest() output
#[pyclass(name = "HMAC", module = "_hashlib", no_new)]
#[repr(C)]
pub struct PyHmac {
    ob_base: PyObject,
    context: Shared<Context>,
}

fn c_length(bytes: &[u8], what: &str) -> PyResult<c_int> {
    c_int::try_from(bytes.len()).map_err(|_| exc::overflow_error(format!("{what} is too long.")))
}

/// An error of a code's function: extendable digests have no codes.
fn failure(digest: &Digest, given: &PyObject, function: &str) -> PyErr {
    if !digest.is_extendable() {
        return error_in(function);
    }
    match shown(given) {
        Ok(name) => unsupported(&name),
        Err(e) => e,
    }
}

/// `hmac_new`.
pub fn new(module: &PyModule, key: &[u8], msg: Option<&PyObject>, digestmod: Option<&PyObject>) -> PyResult<ObjRef> {
    let key_len = c_length(key, "key")?;
    let Some(digestmod) = digestmod else {
        return Err(exc::type_error("Missing required parameter 'digestmod'."));
    };
    let digest = Digest::of_object(module, digestmod)?;
    let context = Context::new()?;
    // SAFETY: a fresh context, pointer and length of the key, a live digest.
    let done =
        unsafe { ffi::HMAC_Init_ex(context.0, key.as_ptr().cast(), key_len, digest.as_ptr(), core::ptr::null_mut()) };
    if done == 0 {
        return Err(failure(&digest, digestmod, "HMAC_Init_ex"));
    }
    let this = new_exact(PyHmac { ob_base: PyObject::placeholder(), context: Shared::new(context) });
    if let Some(msg) = msg {
        this.update(msg)?;
    }
    Ok(this.into_obj())
}

/// `hmac_digest`.
pub fn single(module: &PyModule, key: &[u8], msg: &[u8], digest: &PyObject) -> PyResult<Vec<u8>> {
    let key_len = c_length(key, "key")?;
    c_length(msg, "msg")?;
    let md = Digest::of_object(module, digest)?;
    let mut out = [0u8; numbers::EVP_MAX_MD_SIZE];
    let mut len = 0;
    // SAFETY: pointers and lengths of the slices; the output has the room of the longest digest.
    let done = gil::allow_threads(|| unsafe {
        !ffi::HMAC(md.as_ptr(), key.as_ptr().cast(), key_len, msg.as_ptr(), msg.len(), out.as_mut_ptr(), &mut len)
            .is_null()
    });
    if done { Ok(out[..len as usize].to_vec()) } else { Err(failure(&md, digest, "HMAC")) }
}

impl PyHmac {
    fn md(&self) -> PyResult<*const ffi::EVP_MD> {
        // SAFETY: a live context.
        let md = self.context.with(0, |context| unsafe { ffi::HMAC_CTX_get_md(context.0) } as usize);
        if md == 0 { Err(error("missing EVP_MD for HMAC context")) } else { Ok(md as *const ffi::EVP_MD) }
    }

    fn result(&self) -> PyResult<Vec<u8>> {
        let context = self.context.with(0, |context| context.copy())?;
        let mut out = [0u8; numbers::EVP_MAX_MD_SIZE];
        let mut len = out.len() as u32;
        // SAFETY: a context of our own; the output has the room of the longest digest.
        if unsafe { ffi::HMAC_Final(context.0, out.as_mut_ptr(), &mut len) } == 0 {
            return Err(error_in("HMAC_Final"));
        }
        Ok(out[..len as usize].to_vec())
    }
}

#[pymethods]
impl PyHmac {
    /// Return a copy ("clone") of the HMAC object.
    #[pymethod]
    fn copy(&self) -> PyResult<ObjRef> {
        let context = Shared::new(self.context.with(0, |context| context.copy())?);
        Ok(new_exact(PyHmac { ob_base: PyObject::placeholder(), context }).into_obj())
    }
    /// Update the HMAC object with msg.
    #[pymethod(sig = "($self, /, msg)")]
    fn update(&self, msg: &PyObject) -> PyResult<()> {
        let data = hashes::data(msg)?;
        let bytes = data.bytes();
        if self.context.with(bytes.len(), |context| context.update(bytes)) {
            Ok(())
        } else {
            Err(error_in("HMAC_Update"))
        }
    }
    /// Return the digest of the bytes passed to the update() method so far.
    #[pymethod]
    fn digest(&self) -> PyResult<Vec<u8>> {
        self.result()
    }
    /// Return hexadecimal digest of the bytes passed to the update() method so far.
    ///
    /// This may be used to exchange the value safely in email or other non-binary
    /// environments.
    #[pymethod]
    fn hexdigest(&self) -> PyResult<String> {
        Ok(hashes::hex(&self.result()?))
    }
    #[pygetset]
    fn digest_size(&self) -> PyResult<i32> {
        // SAFETY: the digest lives as long as the context.
        Ok(unsafe { ffi::EVP_MD_get_size(self.md()?) })
    }
    #[pygetset]
    fn block_size(&self) -> PyResult<i32> {
        // SAFETY: as above.
        Ok(unsafe { ffi::EVP_MD_get_block_size(self.md()?) })
    }
    #[pygetset]
    fn name(&self) -> PyResult<String> {
        Ok(format!("hmac-{}", digest::name_of(self.md()?)?))
    }
    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        Ok(format!("<{} HMAC object @ {:p}>", digest::name_of(self.md()?)?, self.as_object()))
    }
}
