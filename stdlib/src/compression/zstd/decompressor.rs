//! `compression.zstd.ZstdDecompressor`.

use core::cell::RefCell;

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::buffer::ArgBytes;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

use super::dict::{self, PyZstdDict};
use super::library::{DecompressContext, DictUse, check};
use super::{COMPRESSION_PARAMETER, c_int_of, is_instance_of};
use crate::compression::Decoder;

/// Create a decompressor object for decompressing data incrementally.
///
///   zstd_dict
///     A ZstdDict object, a pre-trained Zstandard dictionary.
///   options
///     A dict object that contains advanced decompression parameters.
///
/// Thread-safe at method level. For one-shot decompression, use the decompress()
/// function instead.
#[pyclass(name = "ZstdDecompressor", module = "compression.zstd")]
#[repr(C)]
pub struct PyZstdDecompressor {
    ob_base: PyObject,
    decoder: RefCell<Decoder<DecompressContext>>,
    /// Kept alive for the context, which points into it. Dropped after it.
    _dict: Option<Ref<PyZstdDict>>,
}

fn set_options(context: &DecompressContext, options: &PyObject) -> PyResult<()> {
    let Some(options) = options.downcast_ref::<PyDict>() else {
        return Err(exc::type_error(format!(
            "ZstdDecompressor() argument 'options' must be dict, not {}",
            options.ty().name()
        )));
    };
    for (key, value) in options.items_vec() {
        if is_instance_of(&key, &COMPRESSION_PARAMETER) {
            return Err(exc::type_error(
                "decompression options dictionary key must not be a CompressionParameter attribute",
            ));
        }
        context.set_parameter(c_int_of(&key)?, c_int_of(&value)?)?;
    }
    Ok(())
}

#[pymethods]
impl PyZstdDecompressor {
    #[pynew(sig = "(zstd_dict=None, options=None)")]
    fn py_new(
        cls: &PyTypeObject,
        zstd_dict: Option<&PyObject>,
        options: Option<&PyObject>,
    ) -> PyResult<Ref<PyZstdDecompressor>> {
        let context = DecompressContext::new()?;
        let mut kept = None;
        if let Some(zstd_dict) = zstd_dict {
            let (dict, how) = dict::parse(zstd_dict, DictUse::Digested)?;
            dict.load_for_decompression(&context, how)?;
            kept = Some(dict.to_ref());
        }
        if let Some(options) = options {
            set_options(&context, options)?;
        }
        let decoder = RefCell::new(Decoder::new(context));
        new_in(cls, PyZstdDecompressor { ob_base: PyObject::placeholder(), decoder, _dict: kept })
    }

    /// Decompress *data*, returning uncompressed bytes if possible, or b'' otherwise.
    ///
    ///   data
    ///     A bytes-like object, Zstandard data to be decompressed.
    ///   max_length
    ///     Maximum size of returned data. When it is negative, the size of
    ///     output buffer is unlimited. When it is nonnegative, returns at
    ///     most max_length bytes of decompressed data.
    ///
    /// If *max_length* is nonnegative, returns at most *max_length* bytes of
    /// decompressed data. If this limit is reached and further output can be
    /// produced, *self.needs_input* will be set to ``False``. In this case, the next
    /// call to *decompress()* may provide *data* as b'' to obtain more of the output.
    ///
    /// If all of the input data was decompressed and returned (either because this
    /// was less than *max_length* bytes, or because *max_length* was negative),
    /// *self.needs_input* will be set to True.
    ///
    /// Attempting to decompress data after the end of a frame is reached raises an
    /// EOFError. Any data found after the end of the frame is ignored and saved in
    /// the self.unused_data attribute.
    #[pymethod(sig = "($self, /, data, max_length=-1)")]
    fn decompress(&self, data: ArgBytes<'_>, max_length: isize) -> PyResult<Vec<u8>> {
        let mut decoder = self.decoder.borrow_mut();
        if decoder.eof {
            return Err(exc::eof_error("Already at the end of a Zstandard frame."));
        }
        decoder.decompress(&data, (), usize::try_from(max_length).ok()).map_err(|code| {
            decoder.reset();
            decoder.coder.reset();
            match check(code, "Unable to decompress Zstandard data") {
                Err(error) => error,
                Ok(_) => exc::system_error("the zstd library reported an error that is none"),
            }
        })
    }

    /// A bytes object of un-consumed input data.
    ///
    /// When ZstdDecompressor object stops after a frame is
    /// decompressed, unused input data after the frame. Otherwise this will be b''.
    #[pygetset]
    fn unused_data(&self) -> ObjRef {
        PyBytes::new(&self.decoder.borrow().unused).into_obj()
    }

    /// True means the end of the first frame has been reached. If decompress data
    /// after that, an EOFError exception will be raised.
    #[pygetset]
    fn eof(&self) -> bool {
        self.decoder.borrow().eof
    }

    /// If the max_length output limit in .decompress() method has been reached, and
    /// the decompressor has (or may has) unconsumed input data, it will be set to
    /// False. In this case, passing b'' to the .decompress() method may output
    /// further data.
    #[pygetset]
    fn needs_input(&self) -> bool {
        self.decoder.borrow().needs_input
    }
}
