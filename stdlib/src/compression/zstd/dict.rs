//! `compression.zstd.ZstdDict`.

use core::cell::RefCell;
use std::collections::HashMap;

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};
use zstd_sys as z;

use super::library::{CompressContext, CompressDict, DecompressContext, DecompressDict, DictUse, check, zstd_error};
use crate::support::int;

/// Represents a Zstandard dictionary.
///
///   dict_content
///     The content of a Zstandard dictionary as a bytes-like object.
///   is_raw
///     If true, perform no checks on *dict_content*, useful for some
///     advanced cases. Otherwise, check that the content represents
///     a Zstandard dictionary created by the zstd library or CLI.
///
/// The dictionary can be used for compression or decompression, and can be shared
/// by multiple ZstdCompressor or ZstdDecompressor objects.
#[pyclass(name = "ZstdDict", module = "compression.zstd")]
#[repr(C)]
pub struct PyZstdDict {
    ob_base: PyObject,
    /// the Zstandard dictionary, an int between 0 and 2**32.
    ///
    /// A non-zero value represents an ordinary Zstandard dictionary, conforming to the standardised format.
    ///
    /// The special value '0' means a 'raw content' dictionary,without any restrictions on format or content.
    #[pymember(uint, readonly)]
    dict_id: u32,
    content: Box<[u8]>,
    /// Prepared for compression, by level. They stay as long as the object, since contexts point to them.
    for_compression: RefCell<HashMap<i32, CompressDict>>,
    for_decompression: RefCell<Option<DecompressDict>>,
}

/// The numbers by which the attributes say how a dictionary is to be used.
const USES: [(i32, DictUse); 3] = [(0, DictUse::Digested), (1, DictUse::Undigested), (2, DictUse::Prefix)];

/// A `zstd_dict` argument: a dictionary, or one of its `as_...` attributes.
///
/// # Errors
/// `TypeError`, `OverflowError`.
pub fn parse(object: &PyObject, default: DictUse) -> PyResult<(&PyZstdDict, DictUse)> {
    if let Some(dict) = object.downcast_ref::<PyZstdDict>() {
        return Ok((dict, default));
    }
    if let Some(pair) = object.downcast_exact::<PyTuple>()
        && let &[dict, number] = pair.items()
        && let Some(dict) = dict.downcast_ref::<PyZstdDict>()
        && let Some(number) = number.downcast_ref::<PyInt>()
    {
        let number = super::c_int(number)?;
        if let Some((_, found)) = USES.iter().find(|(known, _)| *known == number) {
            return Ok((dict, *found));
        }
    }
    Err(exc::type_error("zstd_dict argument should be a ZstdDict object."))
}

fn unusable(what: &str) -> rpy_vm::PyErr {
    zstd_error(format!("Failed to create a {what} instance from Zstandard dictionary content."))
}

impl PyZstdDict {
    /// Makes a compressor use the dictionary. The compressor has to keep it alive.
    ///
    /// # Errors
    /// `ZstdError`.
    pub fn load_for_compression(&self, context: &CompressContext, how: DictUse, level: i32) -> PyResult<()> {
        let (data, len) = (self.content.as_ptr().cast(), self.content.len());
        // SAFETY: a live context; the content and the prepared dictionaries live as long as this object.
        let code = unsafe {
            match how {
                DictUse::Digested => {
                    let mut prepared = self.for_compression.borrow_mut();
                    let dict = match prepared.entry(level) {
                        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                        std::collections::hash_map::Entry::Vacant(entry) => {
                            let dict = CompressDict::new(&self.content, level);
                            entry.insert(dict.ok_or_else(|| unusable("ZSTD_CDict"))?)
                        }
                    };
                    z::ZSTD_CCtx_refCDict(context.as_ptr(), dict.as_ptr())
                }
                DictUse::Undigested => z::ZSTD_CCtx_loadDictionary(context.as_ptr(), data, len),
                DictUse::Prefix => z::ZSTD_CCtx_refPrefix(context.as_ptr(), data, len),
            }
        };
        check(code, "Unable to load Zstandard dictionary or prefix for compression").map(|_| ())
    }

    /// Makes a decompressor use the dictionary. The decompressor has to keep it alive.
    ///
    /// # Errors
    /// `ZstdError`.
    pub fn load_for_decompression(&self, context: &DecompressContext, how: DictUse) -> PyResult<()> {
        let (data, len) = (self.content.as_ptr().cast(), self.content.len());
        // SAFETY: as above.
        let code = unsafe {
            match how {
                DictUse::Digested => {
                    let mut prepared = self.for_decompression.borrow_mut();
                    if prepared.is_none() {
                        *prepared = Some(DecompressDict::new(&self.content).ok_or_else(|| unusable("ZSTD_DDict"))?);
                    }
                    let dict = prepared.as_ref().map_or(core::ptr::null_mut(), DecompressDict::as_ptr);
                    z::ZSTD_DCtx_refDDict(context.as_ptr(), dict)
                }
                DictUse::Undigested => z::ZSTD_DCtx_loadDictionary(context.as_ptr(), data, len),
                DictUse::Prefix => z::ZSTD_DCtx_refPrefix(context.as_ptr(), data, len),
            }
        };
        check(code, "Unable to load Zstandard dictionary or prefix for decompression").map(|_| ())
    }

    fn used_as(&self, how: DictUse) -> ObjRef {
        let number = USES.iter().find(|(_, known)| *known == how).map_or(0, |(number, _)| *number);
        PyTuple::from_array([self.to_obj(), int(number.into())]).into_obj()
    }
}

#[pymethods]
impl PyZstdDict {
    #[pynew(sig = "(dict_content, /, *, is_raw=False)")]
    fn py_new(cls: &PyTypeObject, dict_content: ArgBytes<'_>, is_raw: bool) -> PyResult<Ref<PyZstdDict>> {
        let content: Box<[u8]> = dict_content.as_bytes().into();
        // What the format demands of any dictionary.
        if content.len() < 8 {
            return Err(exc::value_error("Zstandard dictionary content too short (must have at least eight bytes)"));
        }
        // SAFETY: reads the content.
        let dict_id = unsafe { z::ZSTD_getDictID_fromDict(content.as_ptr().cast(), content.len()) };
        if !is_raw && dict_id == 0 {
            return Err(exc::value_error("invalid Zstandard dictionary"));
        }
        let value = PyZstdDict {
            ob_base: PyObject::placeholder(),
            dict_id,
            content,
            for_compression: RefCell::default(),
            for_decompression: RefCell::default(),
        };
        new_in(cls, value)
    }

    #[slot]
    fn tp_repr(&self) -> String {
        format!("<ZstdDict dict_id={} dict_size={}>", self.dict_id, self.content.len())
    }

    #[slot]
    fn sq_length(&self) -> usize {
        self.content.len()
    }

    /// The content of a Zstandard dictionary, as a bytes object.
    #[pygetset]
    fn dict_content(&self) -> ObjRef {
        PyBytes::new(&self.content).into_obj()
    }

    /// Load as a digested dictionary to compressor.
    ///
    /// Pass this attribute as zstd_dict argument:
    /// compress(dat, zstd_dict=zd.as_digested_dict)
    ///
    /// 1. Some advanced compression parameters of compressor may be overridden
    ///    by parameters of digested dictionary.
    /// 2. ZstdDict has a digested dictionaries cache for each compression level.
    ///    It's faster when loading again a digested dictionary with the same
    ///    compression level.
    /// 3. No need to use this for decompression.
    #[pygetset]
    fn as_digested_dict(&self) -> ObjRef {
        self.used_as(DictUse::Digested)
    }

    /// Load as an undigested dictionary to compressor.
    ///
    /// Pass this attribute as zstd_dict argument:
    /// compress(dat, zstd_dict=zd.as_undigested_dict)
    ///
    /// 1. The advanced compression parameters of compressor will not be overridden.
    /// 2. Loading an undigested dictionary is costly. If load an undigested dictionary
    ///    multiple times, consider reusing a compressor object.
    /// 3. No need to use this for decompression.
    #[pygetset]
    fn as_undigested_dict(&self) -> ObjRef {
        self.used_as(DictUse::Undigested)
    }

    /// Load as a prefix to compressor/decompressor.
    ///
    /// Pass this attribute as zstd_dict argument:
    /// compress(dat, zstd_dict=zd.as_prefix)
    ///
    /// 1. Prefix is compatible with long distance matching, while dictionary is not.
    /// 2. It only works for the first frame, then the compressor/decompressor will
    ///    return to no prefix state.
    /// 3. When decompressing, must use the same prefix as when compressing.
    #[pygetset]
    fn as_prefix(&self) -> ObjRef {
        self.used_as(DictUse::Prefix)
    }
}
