//! `_blake2`: BLAKE2b and BLAKE2s with all their parameters.

use core::cell::RefCell;

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::protocol::number;
use rpy_vm::{ObjRef, PyObject, PyResult, PyTypeObject, exc, pyclass, pymethods, pymodule};

fn tree_number(object: &PyObject, limit: u64, name: &str) -> PyResult<u64> {
    let value = number::index(object)?;
    if value.is_negative() {
        return Err(exc::value_error("value must be positive"));
    }
    match value.as_u64() {
        Some(v) if v <= limit => Ok(v),
        Some(_) => Err(exc::overflow_error(format!("{name} is too large"))),
        None => Err(exc::overflow_error("int too big to convert")),
    }
}

macro_rules! blake2_class {
    ($class:ident, $krate:ident, $name:tt, $out:tt, $salt:tt, $block:tt, $offset:expr) => {
        /// Return a new hash object.
        #[pyclass(name = $name, module = "_blake2", flags(BASETYPE))]
        #[repr(C)]
        pub struct $class {
            ob_base: PyObject,
            state: RefCell<$krate::State>,
            size: usize,
        }

        impl $class {
            fn result(&self) -> Vec<u8> {
                self.state.borrow().finalize().as_bytes().to_vec()
            }
        }

        #[pymethods]
        impl $class {
            #[pynew(
                sig = "(data=b'', *, digest_size=-1, key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0, node_offset=0, node_depth=0, inner_size=0, last_node=False, usedforsecurity=True, string=None)"
            )]
            #[expect(clippy::too_many_arguments, reason = "they are the hash's")]
            fn py_new(
                cls: &PyTypeObject,
                data: Option<&PyObject>,
                digest_size: Option<i32>,
                key: Option<ArgBytes<'_>>,
                salt: Option<ArgBytes<'_>>,
                person: Option<ArgBytes<'_>>,
                fanout: i32,
                depth: i32,
                leaf_size: Option<&PyObject>,
                node_offset: Option<&PyObject>,
                node_depth: i32,
                inner_size: i32,
                last_node: bool,
                _usedforsecurity: bool,
                string: Option<&PyObject>,
            ) -> PyResult<ObjRef> {
                let initial = super::initial(data, string)?;
                let size = digest_size.unwrap_or($out);
                if !(1..=$out).contains(&size) {
                    return Err(exc::value_error(format!(
                        "digest_size for {} must be between 1 and {} bytes, here it is {size}", $name, $out
                    )));
                }
                let mut params = $krate::Params::new();
                params.hash_length(size as usize);
                if let Some(salt) = &salt {
                    if salt.len() > $salt {
                        return Err(exc::value_error(format!("maximum salt length is {} bytes", $salt)));
                    }
                    params.salt(salt);
                }
                if let Some(person) = &person {
                    if person.len() > $salt {
                        return Err(exc::value_error(format!("maximum person length is {} bytes", $salt)));
                    }
                    params.personal(person);
                }
                let fanout = u8::try_from(fanout)
                    .map_err(|_| exc::value_error("fanout must be between 0 and 255"))?;
                let depth = u8::try_from(depth).ok().filter(|d| *d > 0)
                    .ok_or_else(|| exc::value_error("depth must be between 1 and 255"))?;
                let leaf_size = leaf_size.map_or(Ok(0), |o| tree_number(o, u32::MAX.into(), "leaf_size"))?;
                let node_offset = node_offset.map_or(Ok(0), |o| tree_number(o, $offset, "node_offset"))?;
                let node_depth = u8::try_from(node_depth)
                    .map_err(|_| exc::value_error("node_depth must be between 0 and 255"))?;
                if !(0..=$out).contains(&inner_size) {
                    return Err(exc::value_error(format!("inner_size must be between 0 and is {}", $out)));
                }
                params
                    .fanout(fanout)
                    .max_depth(depth)
                    .max_leaf_length(leaf_size as u32)
                    .node_offset(node_offset)
                    .node_depth(node_depth)
                    .inner_hash_length(inner_size as usize)
                    .last_node(last_node);
                if let Some(key) = &key {
                    if key.len() > $out {
                        return Err(exc::value_error(format!("maximum key length is {} bytes", $out)));
                    }
                    params.key(key);
                }
                let mut state = params.to_state();
                if let Some(bytes) = &initial {
                    state.update(bytes.bytes());
                }
                let this = $class { ob_base: PyObject::placeholder(), state: RefCell::new(state), size: size as usize };
                Ok(new_in(cls, this)?.into_obj())
            }
            /// Return a copy of the hash object.
            #[pymethod]
            fn copy(zelf: &Self) -> PyResult<ObjRef> {
                let state = RefCell::new(zelf.state.borrow().clone());
                let this = $class { ob_base: PyObject::placeholder(), state, size: zelf.size };
                Ok(new_in(zelf.ob_base.ty(), this)?.into_obj())
            }
            /// Return the digest value as a bytes object.
            #[pymethod]
            fn digest(&self) -> Vec<u8> {
                self.result()
            }
            /// Return the digest value as a string of hexadecimal digits.
            #[pymethod]
            fn hexdigest(&self) -> String {
                super::hex(&self.result())
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
                $block
            }
            #[pygetset]
            fn name(&self) -> &'static str {
                $name
            }
            #[pygetset]
            fn digest_size(&self) -> usize {
                self.size
            }
        }
    };
}

blake2_class!(PyBlake2b, blake2b_simd, "blake2b", 64, 16, 128, u64::MAX);
blake2_class!(PyBlake2s, blake2s_simd, "blake2s", 32, 8, 64, (1u64 << 48) - 1);

/// _blake2b provides BLAKE2b for hashlib
#[pymodule(name = "_blake2")]
pub mod blake2_ {
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{PyClass, PyResult, PyTypeObject};

    use super::{PyBlake2b, PyBlake2s};

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<PyBlake2b>(module)?;
        add_class::<PyBlake2s>(module)?;
        module.add("_GIL_MINSIZE", crate::hashes::GIL_MINSIZE)?;
        let sizes = |ty: &PyTypeObject, prefix: &str, out: i64, salt: i64| -> PyResult<()> {
            for (name, value) in
                [("SALT_SIZE", salt), ("PERSON_SIZE", salt), ("MAX_KEY_SIZE", out), ("MAX_DIGEST_SIZE", out)]
            {
                if let Some(dict) = ty.tp_dict.peek() {
                    dict.set_name(name, crate::support::int(value));
                }
                module.add(&format!("{prefix}_{name}"), value)?;
            }
            Ok(())
        };
        sizes(PyBlake2b::type_object(), "BLAKE2B", 64, 16)?;
        sizes(PyBlake2s::type_object(), "BLAKE2S", 32, 8)
    }
}
