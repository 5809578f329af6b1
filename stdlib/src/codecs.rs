//! `_codecs`: the native codecs and the registry, below the library's `codecs` and `encodings`.

use rpy_vm::pymodule;

#[pymodule(name = "_codecs")]
pub mod _codecs {
    use rpy_vm::protocol::buffer::{ArgBytes, ArgStrOrBytes};
    use rpy_vm::runtime::codecs::utf16::ByteOrder;
    use rpy_vm::runtime::codecs::{self, Direction, charmap, charsets, escape, registry, utf7, utf8, utf16};
    use rpy_vm::types::bytes::PyBytes;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyObject, PyResult, Ref, exc};

    type Decoded = (Ref<PyStr>, usize);
    type Encoded = (Ref<PyBytes>, usize);

    /// Names are C strings: nothing may follow their end.
    fn c_name(name: &str) -> PyResult<&str> {
        if name.contains('\0') { Err(exc::value_error("embedded null character")) } else { Ok(name) }
    }

    /// Encoded bytes, and the number of characters they were made of.
    fn encoded(bytes: Vec<u8>, text: &PyStr) -> PyResult<Encoded> {
        Ok((PyBytes::try_from_vec(bytes)?, text.len()))
    }

    /// Register a codec search function.
    ///
    /// Search functions are expected to take one argument, the encoding name in
    /// all lower case letters, and either return None, or a tuple of functions
    /// (encoder, decoder, stream_reader, stream_writer) (or a CodecInfo object).
    #[pyfunction(sig = "(search_function, /)")]
    fn register(search_function: &PyObject) -> PyResult<()> {
        codecs::register(search_function)
    }

    /// Unregister a codec search function and clear the registry's cache.
    ///
    /// If the search function is not registered, do nothing.
    #[pyfunction(sig = "(search_function, /)")]
    fn unregister(search_function: &PyObject) -> PyResult<()> {
        codecs::unregister(search_function)
    }

    /// Looks up a codec tuple in the Python codec registry and returns a CodecInfo object.
    #[pyfunction(sig = "(encoding, /)")]
    fn lookup(encoding: &str) -> PyResult<Ref<PyTuple>> {
        codecs::lookup(c_name(encoding)?)
    }

    /// Encodes obj using the codec registered for encoding.
    ///
    /// The default encoding is 'utf-8'.  errors may be given to set a
    /// different error handling scheme.  Default is 'strict' meaning that encoding
    /// errors raise a ValueError.  Other possible values are 'ignore', 'replace'
    /// and 'backslashreplace' as well as any other name registered with
    /// codecs.register_error that can handle ValueErrors.
    #[pyfunction(sig = "(obj, encoding='utf-8', errors='strict')")]
    fn encode(obj: &PyObject, encoding: Option<&str>, errors: Option<&str>) -> PyResult<ObjRef> {
        registry::transform(
            obj,
            Direction::Encode,
            c_name(encoding.unwrap_or("utf-8"))?,
            errors.map(c_name).transpose()?,
        )
    }

    /// Decodes obj using the codec registered for encoding.
    ///
    /// Default encoding is 'utf-8'.  errors may be given to set a
    /// different error handling scheme.  Default is 'strict' meaning that encoding
    /// errors raise a ValueError.  Other possible values are 'ignore', 'replace'
    /// and 'backslashreplace' as well as any other name registered with
    /// codecs.register_error that can handle ValueErrors.
    #[pyfunction(sig = "(obj, encoding='utf-8', errors='strict')")]
    fn decode(obj: &PyObject, encoding: Option<&str>, errors: Option<&str>) -> PyResult<ObjRef> {
        registry::transform(
            obj,
            Direction::Decode,
            c_name(encoding.unwrap_or("utf-8"))?,
            errors.map(c_name).transpose()?,
        )
    }

    /// Register the specified error handler under the name errors.
    ///
    /// handler must be a callable object, that will be called with an exception
    /// instance containing information about the location of the encoding/decoding
    /// error and must return a (replacement, new position) tuple.
    #[pyfunction(sig = "(errors, handler, /)")]
    fn register_error(errors: &str, handler: &PyObject) -> PyResult<()> {
        codecs::register_error(c_name(errors)?, handler)
    }

    /// Un-register the specified error handler for the error handling `errors'.
    ///
    /// Only custom error handlers can be un-registered. An exception is raised
    /// if the error handling is a built-in one (e.g., 'strict'), or if an error
    /// occurs.
    ///
    /// Otherwise, this returns True if a custom handler has been successfully
    /// un-registered, and False if no custom handler for the specified error
    /// handling exists.
    #[pyfunction(sig = "(errors, /)")]
    fn _unregister_error(errors: &str) -> PyResult<bool> {
        registry::unregister_error(errors)
    }

    /// lookup_error(errors) -> handler
    ///
    /// Return the error handler for the specified error handling name or raise a
    /// LookupError, if no handler exists under this name.
    #[pyfunction(sig = "(name, /)")]
    fn lookup_error(name: &str) -> PyResult<ObjRef> {
        codecs::lookup_error(c_name(name)?)
    }

    // Decoders.

    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_8_decode(data: ArgBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        utf8::decode(&data, errors, is_final)
    }

    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_7_decode(data: ArgBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        utf7::decode(&data, errors, is_final)
    }

    fn decode_utf16(data: &[u8], errors: Option<&str>, order: ByteOrder, is_final: bool) -> PyResult<Decoded> {
        let (text, read, _) = utf16::decode_utf16(data, errors, order, is_final)?;
        Ok((text, read))
    }

    fn decode_utf32(data: &[u8], errors: Option<&str>, order: ByteOrder, is_final: bool) -> PyResult<Decoded> {
        let (text, read, _) = utf16::decode_utf32(data, errors, order, is_final)?;
        Ok((text, read))
    }

    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_16_decode(data: ArgBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        decode_utf16(&data, errors, ByteOrder::Native, is_final)
    }

    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_16_le_decode(data: ArgBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        decode_utf16(&data, errors, ByteOrder::Little, is_final)
    }

    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_16_be_decode(data: ArgBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        decode_utf16(&data, errors, ByteOrder::Big, is_final)
    }

    #[pyfunction(sig = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_16_ex_decode(
        data: ArgBytes<'_>,
        errors: Option<&str>,
        byteorder: i32,
        is_final: bool,
    ) -> PyResult<(Ref<PyStr>, usize, i32)> {
        let (text, read, order) = utf16::decode_utf16(&data, errors, ByteOrder::from_number(byteorder), is_final)?;
        Ok((text, read, order.number()))
    }

    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_32_decode(data: ArgBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        decode_utf32(&data, errors, ByteOrder::Native, is_final)
    }

    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_32_le_decode(data: ArgBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        decode_utf32(&data, errors, ByteOrder::Little, is_final)
    }

    #[pyfunction(sig = "(data, errors=None, final=False, /)")]
    fn utf_32_be_decode(data: ArgBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        decode_utf32(&data, errors, ByteOrder::Big, is_final)
    }

    #[pyfunction(sig = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_32_ex_decode(
        data: ArgBytes<'_>,
        errors: Option<&str>,
        byteorder: i32,
        is_final: bool,
    ) -> PyResult<(Ref<PyStr>, usize, i32)> {
        let (text, read, order) = utf16::decode_utf32(&data, errors, ByteOrder::from_number(byteorder), is_final)?;
        Ok((text, read, order.number()))
    }

    #[pyfunction(sig = "(data, errors=None, final=True, /)")]
    fn unicode_escape_decode(data: ArgStrOrBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        escape::decode_unicode_escape(data.as_bytes(), errors, is_final)
    }

    #[pyfunction(sig = "(data, errors=None, final=True, /)")]
    fn raw_unicode_escape_decode(data: ArgStrOrBytes<'_>, errors: Option<&str>, is_final: bool) -> PyResult<Decoded> {
        escape::decode_raw_unicode_escape(data.as_bytes(), errors, is_final)
    }

    #[pyfunction(sig = "(data, errors=None, /)")]
    fn latin_1_decode(data: ArgBytes<'_>, _errors: Option<&str>) -> PyResult<Decoded> {
        Ok((PyStr::try_from_latin1(&data)?, data.len()))
    }

    #[pyfunction(sig = "(data, errors=None, /)")]
    fn ascii_decode(data: ArgBytes<'_>, errors: Option<&str>) -> PyResult<Decoded> {
        Ok((charsets::decode_ascii(&data, errors)?, data.len()))
    }

    #[pyfunction(sig = "(data, errors=None, mapping=None, /)")]
    fn charmap_decode(data: ArgBytes<'_>, errors: Option<&str>, mapping: Option<&PyObject>) -> PyResult<Decoded> {
        Ok((charmap::decode(&data, errors, mapping)?, data.len()))
    }

    #[pyfunction(sig = "(data, errors=None, /)")]
    fn escape_decode(data: ArgStrOrBytes<'_>, errors: Option<&str>) -> PyResult<Encoded> {
        let bytes = data.as_bytes();
        Ok((PyBytes::try_from_vec(escape::decode_bytes_escape(bytes, errors)?)?, bytes.len()))
    }

    // Encoders.

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_8_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Encoded> {
        encoded(utf8::encode(text, errors)?, text)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_7_encode(text: &PyStr, _errors: Option<&str>) -> PyResult<Encoded> {
        encoded(utf7::encode(text), text)
    }

    #[pyfunction(sig = "(str, errors=None, byteorder=0, /)")]
    fn utf_16_encode(text: &PyStr, errors: Option<&str>, byteorder: i32) -> PyResult<Encoded> {
        encoded(utf16::encode_utf16(text, errors, ByteOrder::from_number(byteorder))?, text)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_16_le_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Encoded> {
        encoded(utf16::encode_utf16(text, errors, ByteOrder::Little)?, text)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_16_be_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Encoded> {
        encoded(utf16::encode_utf16(text, errors, ByteOrder::Big)?, text)
    }

    #[pyfunction(sig = "(str, errors=None, byteorder=0, /)")]
    fn utf_32_encode(text: &PyStr, errors: Option<&str>, byteorder: i32) -> PyResult<Encoded> {
        encoded(utf16::encode_utf32(text, errors, ByteOrder::from_number(byteorder))?, text)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_32_le_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Encoded> {
        encoded(utf16::encode_utf32(text, errors, ByteOrder::Little)?, text)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn utf_32_be_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Encoded> {
        encoded(utf16::encode_utf32(text, errors, ByteOrder::Big)?, text)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn unicode_escape_encode(text: &PyStr, _errors: Option<&str>) -> PyResult<Encoded> {
        encoded(escape::encode_unicode_escape(text), text)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn raw_unicode_escape_encode(text: &PyStr, _errors: Option<&str>) -> PyResult<Encoded> {
        encoded(escape::encode_raw_unicode_escape(text), text)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn latin_1_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Encoded> {
        encoded(charsets::encode_latin1(text, errors)?, text)
    }

    #[pyfunction(sig = "(str, errors=None, /)")]
    fn ascii_encode(text: &PyStr, errors: Option<&str>) -> PyResult<Encoded> {
        encoded(charsets::encode_ascii(text, errors)?, text)
    }

    #[pyfunction(sig = "(str, errors=None, mapping=None, /)")]
    fn charmap_encode(text: &PyStr, errors: Option<&str>, mapping: Option<&PyObject>) -> PyResult<Encoded> {
        encoded(charmap::encode(text, errors, mapping)?, text)
    }

    #[pyfunction(sig = "(map, /)")]
    fn charmap_build(map: &PyStr) -> PyResult<ObjRef> {
        charmap::build(map)
    }

    #[pyfunction(sig = "(data, errors=None, /)")]
    fn readbuffer_encode(data: ArgStrOrBytes<'_>, _errors: Option<&str>) -> PyResult<Encoded> {
        let bytes = data.as_bytes();
        Ok((PyBytes::try_new(bytes)?, bytes.len()))
    }

    #[pyfunction(sig = "(data, errors=None, /)")]
    fn escape_encode(data: &PyBytes, _errors: Option<&str>) -> PyResult<Encoded> {
        let bytes = data.as_bytes();
        Ok((PyBytes::try_from_vec(escape::encode_bytes_escape(bytes))?, bytes.len()))
    }
}
