//! `_sha3`: SHA-3 and SHAKE.

use core::cell::RefCell;

use rpy_vm::object::alloc::new_in;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, pyclass, pymethods, pymodule};
use sha3::Digest;
use sha3::digest::{ExtendableOutput, XofReader};

macro_rules! sha3_class {
    ($class:ident, $hasher:ty, $name:tt, $capacity:tt, $doc:literal) => {
        #[doc = $doc]
        #[pyclass(name = $name, module = "_sha3")]
        #[repr(C)]
        pub struct $class {
            ob_base: PyObject,
            state: RefCell<$hasher>,
        }

        #[pymethods]
        impl $class {
            #[pynew(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
            fn py_new(
                cls: &PyTypeObject,
                data: Option<&PyObject>,
                _usedforsecurity: bool,
                string: Option<&PyObject>,
            ) -> PyResult<ObjRef> {
                let initial = super::initial(data, string)?;
                let mut state = <$hasher>::new();
                if let Some(bytes) = &initial {
                    state.update(bytes.bytes());
                }
                Ok(new_in(cls, $class { ob_base: PyObject::placeholder(), state: RefCell::new(state) })?.into_obj())
            }
            /// Return a copy of the hash object.
            #[pymethod]
            fn copy(zelf: &Self) -> PyResult<ObjRef> {
                let state = RefCell::new(zelf.state.borrow().clone());
                Ok(new_in(zelf.ob_base.ty(), $class { ob_base: PyObject::placeholder(), state })?.into_obj())
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
            /// Update this hash object's state with the provided bytes-like object.
            #[pymethod(sig = "($self, data, /)")]
            fn update(&self, data: &PyObject) -> PyResult<()> {
                let bytes = super::data(data)?;
                self.state.borrow_mut().update(bytes.bytes());
                Ok(())
            }
            #[pygetset]
            fn block_size(&self) -> usize {
                (1600 - $capacity) / 8
            }
            #[pygetset]
            fn name(&self) -> &'static str {
                $name
            }
            #[pygetset]
            fn digest_size(&self) -> usize {
                $capacity / 16
            }
            #[pygetset(name = "_capacity_bits")]
            fn capacity_bits(&self) -> usize {
                $capacity
            }
            #[pygetset(name = "_rate_bits")]
            fn rate_bits(&self) -> usize {
                1600 - $capacity
            }
            #[pygetset(name = "_suffix")]
            fn suffix(&self) -> Vec<u8> {
                vec![0x06]
            }
        }
    };
}

macro_rules! shake_class {
    ($class:ident, $hasher:ty, $name:tt, $capacity:tt, $doc:literal) => {
        #[doc = $doc]
        #[pyclass(name = $name, module = "_sha3")]
        #[repr(C)]
        pub struct $class {
            ob_base: PyObject,
            state: RefCell<$hasher>,
        }

        impl $class {
            fn output(&self, length: usize) -> PyResult<Vec<u8>> {
                if length >= 1 << 29 {
                    return Err(exc::value_error("length is too large"));
                }
                let mut out = rpy_vm::object::alloc::zeroed_vec(length)?;
                self.state.borrow().clone().finalize_xof().read(&mut out);
                Ok(out)
            }
        }

        #[pymethods]
        impl $class {
            #[pynew(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
            fn py_new(
                cls: &PyTypeObject,
                data: Option<&PyObject>,
                _usedforsecurity: bool,
                string: Option<&PyObject>,
            ) -> PyResult<ObjRef> {
                let initial = super::initial(data, string)?;
                let mut state = <$hasher>::default();
                if let Some(bytes) = &initial {
                    sha3::digest::Update::update(&mut state, bytes.bytes());
                }
                Ok(new_in(cls, $class { ob_base: PyObject::placeholder(), state: RefCell::new(state) })?.into_obj())
            }
            /// Return a copy of the hash object.
            #[pymethod]
            fn copy(zelf: &Self) -> PyResult<ObjRef> {
                let state = RefCell::new(zelf.state.borrow().clone());
                Ok(new_in(zelf.ob_base.ty(), $class { ob_base: PyObject::placeholder(), state })?.into_obj())
            }
            /// Return the digest value as a bytes object.
            #[pymethod(sig = "($self, length)")]
            fn digest(&self, length: Length) -> PyResult<Vec<u8>> {
                self.output(length.0)
            }
            /// Return the digest value as a string of hexadecimal digits.
            #[pymethod(sig = "($self, length)")]
            fn hexdigest(&self, length: Length) -> PyResult<String> {
                Ok(super::hex(&self.output(length.0)?))
            }
            /// Update this hash object's state with the provided bytes-like object.
            #[pymethod(sig = "($self, data, /)")]
            fn update(&self, data: &PyObject) -> PyResult<()> {
                let bytes = super::data(data)?;
                sha3::digest::Update::update(&mut *self.state.borrow_mut(), bytes.bytes());
                Ok(())
            }
            #[pygetset]
            fn block_size(&self) -> usize {
                (1600 - $capacity) / 8
            }
            #[pygetset]
            fn name(&self) -> &'static str {
                $name
            }
            #[pygetset]
            fn digest_size(&self) -> usize {
                0
            }
            #[pygetset(name = "_capacity_bits")]
            fn capacity_bits(&self) -> usize {
                $capacity
            }
            #[pygetset(name = "_rate_bits")]
            fn rate_bits(&self) -> usize {
                1600 - $capacity
            }
            #[pygetset(name = "_suffix")]
            fn suffix(&self) -> Vec<u8> {
                vec![0x1f]
            }
        }
    };
}

/// A length of output: negative numbers are `ValueError`s.
pub struct Length(usize);

impl<'a> rpy_vm::convert::FromArg<'a> for Length {
    fn from_arg(object: &'a PyObject, _ctx: &rpy_vm::convert::ArgCtx) -> PyResult<Self> {
        let value = rpy_vm::protocol::number::index(object)?;
        if value.is_negative() {
            return Err(exc::value_error("value must be positive"));
        }
        value
            .as_usize()
            .map(Length)
            .ok_or_else(|| exc::overflow_error("Python int too large to convert to C unsigned long"))
    }
}

sha3_class!(
    PySha3_224,
    sha3::Sha3_224,
    "sha3_224",
    448,
    "sha3_224([data], *, usedforsecurity=True) -> SHA3 object\n\nReturn a new SHA3 hash object with a hashbit length of 28 bytes."
);
sha3_class!(
    PySha3_256,
    sha3::Sha3_256,
    "sha3_256",
    512,
    "sha3_256([data], *, usedforsecurity=True) -> SHA3 object\n\nReturn a new SHA3 hash object with a hashbit length of 32 bytes."
);
sha3_class!(
    PySha3_384,
    sha3::Sha3_384,
    "sha3_384",
    768,
    "sha3_384([data], *, usedforsecurity=True) -> SHA3 object\n\nReturn a new SHA3 hash object with a hashbit length of 48 bytes."
);
sha3_class!(
    PySha3_512,
    sha3::Sha3_512,
    "sha3_512",
    1024,
    "sha3_512([data], *, usedforsecurity=True) -> SHA3 object\n\nReturn a new SHA3 hash object with a hashbit length of 64 bytes."
);
shake_class!(
    PyShake128,
    sha3::Shake128,
    "shake_128",
    256,
    "shake_128([data], *, usedforsecurity=True) -> SHAKE object\n\nReturn a new SHAKE hash object."
);
shake_class!(
    PyShake256,
    sha3::Shake256,
    "shake_256",
    512,
    "shake_256([data], *, usedforsecurity=True) -> SHAKE object\n\nReturn a new SHAKE hash object."
);

/// The SHA-3 hashes.
#[pymodule(name = "_sha3")]
pub mod sha3_ {
    use rpy_vm::PyResult;
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;

    #[pyattr]
    fn implementation() -> &'static str {
        "RustCrypto"
    }
    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        module.add("_GIL_MINSIZE", super::super::GIL_MINSIZE)?;
        add_class::<super::PySha3_224>(module)?;
        add_class::<super::PySha3_256>(module)?;
        add_class::<super::PySha3_384>(module)?;
        add_class::<super::PySha3_512>(module)?;
        add_class::<super::PyShake128>(module)?;
        add_class::<super::PyShake256>(module)
    }
}
