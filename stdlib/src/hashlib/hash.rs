//! `_hashlib.HASH` and `_hashlib.HASHXOF`.

use rpy_vm::object::alloc::{new_in, zeroed_vec};
use rpy_vm::object::class_impl::StaticType;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc, pyclass, pymethods};

use super::digest::{self, Digest};
use super::{Shared, error, error_in};
use crate::hashes;
use crate::openssl::{ffi, numbers};

/// A digest under way, owned.
pub struct Context(*mut ffi::EVP_MD_CTX);

// SAFETY: a context belongs to no thread; the mutex around it keeps the threads apart.
unsafe impl Send for Context {}

impl Context {
    fn new() -> PyResult<Context> {
        // SAFETY: no preconditions.
        let context = unsafe { ffi::EVP_MD_CTX_new() };
        if context.is_null() { Err(exc::memory_error()) } else { Ok(Context(context)) }
    }

    fn copy(&self) -> PyResult<Context> {
        let copy = Context::new()?;
        // SAFETY: two live contexts.
        match unsafe { ffi::EVP_MD_CTX_copy_ex(copy.0, self.0) } {
            0 => Err(error_in("EVP_MD_CTX_copy")),
            _ => Ok(copy),
        }
    }

    fn update(&mut self, data: &[u8]) -> bool {
        // SAFETY: a live context, pointer and length of the slice.
        unsafe { ffi::EVP_DigestUpdate(self.0, data.as_ptr().cast(), data.len()) != 0 }
    }

    fn digest(&self) -> *const ffi::EVP_MD {
        // SAFETY: a live context.
        unsafe { ffi::EVP_MD_CTX_get0_md(self.0) }
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: ours.
        unsafe { ffi::EVP_MD_CTX_free(self.0) }
    }
}

/// HASH(name, string=b'')
/// --
///
/// A hash is an object used to calculate a checksum of a string of information.
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
/// name -- the hash algorithm being used by this object
/// digest_size -- number of bytes in this hashes output
#[pyclass(name = "HASH", module = "_hashlib", no_new, flags(BASETYPE))]
#[repr(C)]
pub struct PyHash {
    ob_base: PyObject,
    context: Shared<Context>,
}

/// A new hash object, as the functions of the module make it.
pub fn new(name: &str, data: Option<&PyObject>, usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
    let initial = hashes::initial(data, string.filter(|o| !rpy_vm::is_none(o)))?;
    let digest = Digest::named(name, usedforsecurity)?;
    let context = Context::new()?;
    // SAFETY: a fresh context and a live digest.
    if unsafe { ffi::EVP_DigestInit_ex(context.0, digest.as_ptr(), core::ptr::null_mut()) } == 0 {
        return Err(error_in("EVP_DigestInit_ex"));
    }
    let class = if digest.is_extendable() { PyHashXof::TYPE } else { PyHash::TYPE };
    // SAFETY: static types.
    let class = unsafe { &*class };
    let this = new_in(class, PyHash { ob_base: PyObject::placeholder(), context: Shared::new(context) })?;
    if let Some(data) = &initial {
        this.add(data.bytes())?;
    }
    Ok(this.into_obj())
}

impl PyHash {
    fn add(&self, data: &[u8]) -> PyResult<()> {
        if self.context.with(data.len(), |context| context.update(data)) {
            Ok(())
        } else {
            Err(error_in("EVP_DigestUpdate"))
        }
    }

    fn md(&self) -> *const ffi::EVP_MD {
        self.context.with(0, |context| context.digest() as usize) as *const ffi::EVP_MD
    }

    fn duplicate(&self) -> PyResult<Context> {
        self.context.with(0, |context| context.copy())
    }

    fn result(&self) -> PyResult<Vec<u8>> {
        let context = self.duplicate()?;
        let mut out = [0u8; numbers::EVP_MAX_MD_SIZE];
        let mut len = 0;
        // SAFETY: a context of our own; the output has the room of the longest digest.
        if unsafe { ffi::EVP_DigestFinal_ex(context.0, out.as_mut_ptr(), &mut len) } == 0 {
            return Err(error_in("EVP_DigestFinal"));
        }
        Ok(out[..len as usize].to_vec())
    }

    fn extended(&self, length: isize) -> PyResult<Vec<u8>> {
        let Ok(length) = usize::try_from(length) else { return Err(exc::value_error("negative digest length")) };
        let mut out = zeroed_vec(length)?;
        if length > 0 {
            let context = self.duplicate()?;
            // SAFETY: a context of our own, pointer and length of the vector.
            if unsafe { ffi::EVP_DigestFinalXOF(context.0, out.as_mut_ptr(), length) } == 0 {
                return Err(error_in("EVP_DigestFinalXOF"));
            }
        }
        Ok(out)
    }
}

#[pymethods]
impl PyHash {
    /// Return a copy of the hash object.
    #[pymethod]
    fn copy(zelf: &Self) -> PyResult<ObjRef> {
        let context = Shared::new(zelf.duplicate()?);
        Ok(new_in(zelf.ob_base.ty(), PyHash { ob_base: PyObject::placeholder(), context })?.into_obj())
    }
    /// Return the digest value as a bytes object.
    #[pymethod]
    fn digest(&self) -> PyResult<Vec<u8>> {
        self.result()
    }
    /// Return the digest value as a string of hexadecimal digits.
    #[pymethod]
    fn hexdigest(&self) -> PyResult<String> {
        Ok(hashes::hex(&self.result()?))
    }
    /// Update this hash object's state with the provided string.
    #[pymethod(sig = "($self, obj, /)")]
    fn update(&self, obj: &PyObject) -> PyResult<()> {
        let data = hashes::data(obj)?;
        self.add(data.bytes())
    }
    #[pygetset]
    fn digest_size(&self) -> i32 {
        // SAFETY: the digest lives as long as the context.
        unsafe { ffi::EVP_MD_get_size(self.md()) }
    }
    #[pygetset]
    fn block_size(&self) -> i32 {
        // SAFETY: as above.
        unsafe { ffi::EVP_MD_get_block_size(self.md()) }
    }
    /// algorithm name.
    #[pygetset]
    fn name(&self) -> PyResult<String> {
        let md = self.md();
        if md.is_null() {
            return Err(error("missing EVP_MD for HASH context"));
        }
        digest::name_of(md)
    }
    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        Ok(format!("<{} {} object @ {:p}>", self.name()?, self.ob_base.ty().full_name(), self.as_object()))
    }
}

/// HASHXOF(name, string=b'')
/// --
///
/// A hash is an object used to calculate a checksum of a string of information.
///
/// Methods:
///
/// update() -- updates the current digest with an additional string
/// digest(length) -- return the current digest value
/// hexdigest(length) -- return the current digest as a string of hexadecimal digits
/// copy() -- return a copy of the current hash object
///
/// Attributes:
///
/// name -- the hash algorithm being used by this object
/// digest_size -- number of bytes in this hashes output
#[pyclass(name = "HASHXOF", module = "_hashlib", base = PyHash, layout = PyHash, no_new, flags(BASETYPE))]
pub struct PyHashXof;

#[pymethods]
impl PyHashXof {
    /// Return the digest value as a bytes object.
    #[pymethod(sig = "($self, /, length)")]
    fn digest(zelf: &PyHash, length: isize) -> PyResult<ObjRef> {
        Ok(PyBytes::try_from_vec(zelf.extended(length)?)?.into_obj())
    }
    /// Return the digest value as a string of hexadecimal digits.
    #[pymethod(sig = "($self, /, length)")]
    fn hexdigest(zelf: &PyHash, length: isize) -> PyResult<String> {
        Ok(hashes::hex(&zelf.extended(length)?))
    }
    #[pygetset]
    fn digest_size(_zelf: &PyHash) -> i32 {
        0
    }
}
