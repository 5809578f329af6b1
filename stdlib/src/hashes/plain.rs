//! `_md5`, `_sha1`, `_sha2`.

use core::cell::RefCell;

use md5::Digest;
use rpy_vm::object::alloc::new_exact;
use rpy_vm::{ObjRef, PyObject, PyResult, pyclass, pymethods, pymodule};

macro_rules! hash_class {
    ($class:ident, $hasher:ty, $pyname:tt, $module:tt, $name:tt, $block:tt) => {
        #[pyclass(name = $pyname, module = $module, no_new)]
        #[repr(C)]
        pub struct $class {
            ob_base: PyObject,
            state: RefCell<$hasher>,
        }

        impl $class {
            /// A new hash object.
            pub fn make(data: Option<&PyObject>, string: Option<&PyObject>) -> PyResult<ObjRef> {
                let initial = super::initial(data, string)?;
                let mut state = <$hasher>::new();
                if let Some(bytes) = &initial {
                    state.update(bytes.bytes());
                }
                Ok(new_exact($class { ob_base: PyObject::placeholder(), state: RefCell::new(state) }).into_obj())
            }
        }

        #[pymethods]
        impl $class {
            /// Return a copy of the hash object.
            #[pymethod]
            fn copy(&self) -> ObjRef {
                let state = RefCell::new(self.state.borrow().clone());
                new_exact($class { ob_base: PyObject::placeholder(), state }).into_obj()
            }
            /// Return the digest value as a bytes object.
            #[pymethod]
            fn digest(&self) -> Vec<u8> {
                self.state.borrow().clone().finalize().to_vec()
            }
            /// Return the digest value as a string of hexadecimal digits.
            #[pymethod]
            fn hexdigest(&self) -> String {
                super::hex(&self.state.borrow().clone().finalize())
            }
            /// Update this hash object's state with the provided string.
            #[pymethod(sig = "($self, obj, /)")]
            fn update(&self, obj: &PyObject) -> PyResult<()> {
                let bytes = super::data(obj)?;
                self.state.borrow_mut().update(bytes.bytes());
                Ok(())
            }
            #[pygetset]
            fn block_size(&self) -> usize {
                $block
            }
            #[pygetset]
            fn name(&self) -> &'static str {
                $name
            }
            #[pygetset]
            fn digest_size(&self) -> usize {
                <$hasher>::output_size()
            }
        }
    };
}

hash_class!(PyMd5, md5::Md5, "md5", "_md5", "md5", 64);
hash_class!(PySha1, sha1::Sha1, "sha1", "_sha1", "sha1", 64);
hash_class!(PySha224, sha2::Sha224, "SHA224Type", "_sha2", "sha224", 64);
hash_class!(PySha256, sha2::Sha256, "SHA256Type", "_sha2", "sha256", 64);
hash_class!(PySha384, sha2::Sha384, "SHA384Type", "_sha2", "sha384", 128);
hash_class!(PySha512, sha2::Sha512, "SHA512Type", "_sha2", "sha512", 128);

/// The MD5 hash.
#[pymodule(name = "_md5")]
pub mod md5_ {
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct};

    /// Return a new MD5 hash object; optionally initialized with a string.
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn md5(data: Option<&PyObject>, _usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        super::PyMd5::make(data, string)
    }
    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        ensure_ready(super::PyMd5::type_object())?;
        module.add("_GIL_MINSIZE", crate::hashes::GIL_MINSIZE)?;
        module.add("MD5Type", super::PyMd5::type_object().to_obj())
    }
}

/// The SHA-1 hash.
#[pymodule(name = "_sha1")]
pub mod sha1_ {
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct};

    /// Return a new SHA1 hash object; optionally initialized with a string.
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha1(data: Option<&PyObject>, _usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        super::PySha1::make(data, string)
    }
    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        ensure_ready(super::PySha1::type_object())?;
        module.add("_GIL_MINSIZE", crate::hashes::GIL_MINSIZE)?;
        module.add("SHA1Type", super::PySha1::type_object().to_obj())
    }
}

/// The SHA-2 hashes.
#[pymodule(name = "_sha2")]
pub mod sha2_ {
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct};

    use super::{PySha224, PySha256, PySha384, PySha512};

    /// Return a new SHA-224 hash object; optionally initialized with a string.
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha224(data: Option<&PyObject>, _usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        PySha224::make(data, string)
    }
    /// Return a new SHA-256 hash object; optionally initialized with a string.
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha256(data: Option<&PyObject>, _usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        PySha256::make(data, string)
    }
    /// Return a new SHA-384 hash object; optionally initialized with a string.
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha384(data: Option<&PyObject>, _usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        PySha384::make(data, string)
    }
    /// Return a new SHA-512 hash object; optionally initialized with a string.
    #[pyfunction(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha512(data: Option<&PyObject>, _usedforsecurity: bool, string: Option<&PyObject>) -> PyResult<ObjRef> {
        PySha512::make(data, string)
    }
    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        module.add("_GIL_MINSIZE", crate::hashes::GIL_MINSIZE)?;
        for ty in [PySha224::type_object(), PySha256::type_object(), PySha384::type_object(), PySha512::type_object()] {
            ensure_ready(ty)?;
            module.add(ty.name(), ty.to_obj())?;
        }
        Ok(())
    }
}
