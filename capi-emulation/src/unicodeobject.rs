//! `unicodeobject.h`: strings.

use core::ffi::{CStr, c_char, c_int};

use rpy_vm::object::alloc::mem_alloc;
use rpy_vm::runtime::codecs::utf16::{ByteOrder, Decoded};
use rpy_vm::runtime::codecs::{self, Direction};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::data::StrData;
use rpy_vm::types::str::{PyStr, StrKind, search, unicode};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Borrowed, Obj, OptObj, Out, Void, bad_call, expect, opt_text, store};

exports! {
    /// A string for the caller to fill in, of characters up to `max_char`.
    fn PyUnicode_New(len: isize, max_char: u32) -> Out = Ref<PyStr> {
        if len < 0 {
            return Err(exc::system_error("Negative size passed to PyUnicode_New"));
        }
        PyStr::new_uninit(len as usize, max_char)
    }
    /// From UTF-8.
    fn PyUnicode_FromString(text: *const c_char) -> Out = Ref<PyStr> {
        utf8(CStr::from_ptr(text).to_bytes(), None)
    }
    /// From UTF-8 of a given length.
    fn PyUnicode_FromStringAndSize(text: *const c_char, len: isize) -> Out = Ref<PyStr> {
        if len < 0 {
            return Err(exc::system_error("Negative size passed to PyUnicode_FromStringAndSize"));
        }
        if text.is_null() {
            return if len == 0 {
                Ok(PyStr::empty())
            } else {
                Err(exc::system_error("NULL string with positive size with NULL passed to PyUnicode_FromStringAndSize"))
            };
        }
        utf8(bytes(text, len), None)
    }
    /// From characters of 1, 2 or 4 bytes.
    fn PyUnicode_FromKindAndData(kind: c_int, data: *const core::ffi::c_void, len: isize) -> Out = Ref<PyStr> {
        if len < 0 {
            return Err(exc::value_error("size must be positive"));
        }
        if len == 0 {
            return Ok(PyStr::empty());
        }
        let len = len as usize;
        match kind {
            1 => PyStr::try_from_latin1(core::slice::from_raw_parts(data as *const u8, len)),
            2 => Ok(PyStr::from_ucs2(core::slice::from_raw_parts(data as *const u16, len))),
            4 => PyStr::try_from_ucs4(core::slice::from_raw_parts(data as *const u32, len)),
            _ => Err(exc::system_error("invalid kind")),
        }
    }
    /// From wide characters; -1: up to the NUL.
    fn PyUnicode_FromWideChar(text: *const libc::wchar_t, len: isize) -> Out = Ref<PyStr> {
        if text.is_null() {
            return if len == 0 { Ok(PyStr::empty()) } else { Err(bad_call()) };
        }
        let len = if len < 0 { libc::wcslen(text) } else { len as usize };
        let wide = core::slice::from_raw_parts(text as *const u32, len);
        match wide.iter().find(|&&c| c > 0x10_ffff) {
            Some(c) => Err(exc::value_error(format!("character U+{c:x} is not in range [U+0000; U+10ffff]"))),
            None => PyStr::try_from_ucs4(wide),
        }
    }
    /// A copy as wide characters, for `PyMem_Free`.
    fn PyUnicode_AsWideCharString(object: OptObj<'_>, len: *mut isize) -> *mut libc::wchar_t = *mut libc::wchar_t {
        let text: &PyStr = expect(object.ok_or_else(bad_call)?)?;
        let block = mem_alloc((text.len() + 1) * 4) as *mut libc::wchar_t;
        if block.is_null() {
            return Err(exc::memory_error());
        }
        let mut has_nul = false;
        for i in 0..text.len() {
            let c = text.char_at(i);
            has_nul |= c == 0;
            block.add(i).write(c as libc::wchar_t);
        }
        block.add(text.len()).write(0);
        if len.is_null() && has_nul {
            rpy_vm::object::alloc::mem_free(block as *mut u8);
            return Err(exc::value_error("embedded null character"));
        }
        store(len, text.len() as isize);
        Ok(block)
    }
    /// Copies at most `size` wide characters; how many there were.
    fn PyUnicode_AsWideChar(object: OptObj<'_>, place: *mut libc::wchar_t, size: isize) -> isize = usize {
        let text: &PyStr = expect(object.ok_or_else(bad_call)?)?;
        if place.is_null() {
            return Ok(text.len() + 1);
        }
        let room = size.max(0) as usize;
        for i in 0..text.len().min(room) {
            place.add(i).write(text.char_at(i) as libc::wchar_t);
        }
        if room > text.len() {
            place.add(text.len()).write(0);
        }
        Ok(text.len().min(room))
    }
    /// One character.
    fn PyUnicode_FromOrdinal(ordinal: c_int) -> Out = Ref<PyStr> {
        if !(0..=0x10_ffff).contains(&ordinal) {
            return Err(exc::value_error("chr() arg not in range(0x110000)"));
        }
        Ok(PyStr::from_char(ordinal as u32))
    }
    /// The exact string of an instance of `str` or a subclass.
    fn PyUnicode_FromObject(object: Obj<'_>) -> Out = Ref<PyStr> {
        match object.downcast_ref::<PyStr>() {
            Some(text) if PyStr::check_exact(object) => Ok(text.to_ref()),
            Some(text) => text.to_exact(),
            None => Err(exc::type_error(format!("Can't convert '{}' object to str implicitly", object.ty().full_name()))),
        }
    }
    /// Decodes an object with a buffer.
    fn PyUnicode_FromEncodedObject(object: OptObj<'_>, encoding: *const c_char, errors: *const c_char) -> Out = Ref<PyStr> {
        let object = object.ok_or_else(bad_call)?;
        codecs::decode_object(object, opt_text(encoding), opt_text(errors))
    }
    /// An interned string.
    fn PyUnicode_InternFromString(text: *const c_char) -> Out = Ref<PyStr> {
        Ok(PyStr::intern(utf8(CStr::from_ptr(text).to_bytes(), None)?))
    }
    /// The interned string that a static variable of an extension stands for; it lives as long as the process.
    fn _PyUnicode_FromId(id: &mut Identifier) -> Borrowed = Borrowed {
        id.object().map(|name| name.as_object().as_ptr())
    }
    /// Replaces a string by its interned equal.
    fn PyUnicode_InternInPlace(place: *mut *mut PyObject) {
        let object = *place;
        if !object.is_null() && PyStr::check_exact(&*object) {
            let text: Ref<PyStr> = Ref::from_owned_ptr(object as *mut PyStr);
            place.write(PyStr::intern(text).into_raw() as *mut PyObject);
        }
    }
    /// The number of characters.
    fn PyUnicode_GetLength(object: Obj<'_>) -> isize = usize {
        match object.downcast_ref::<PyStr>() {
            Some(text) => Ok(text.len()),
            None => Err(bad_argument()),
        }
    }
    /// Only an exception: the function went with the representation whose length it gave.
    fn PyUnicode_GetSize(_object: Obj<'_>) -> isize = usize {
        Err(exc::runtime_error("PyUnicode_GetSize has been removed."))
    }
    /// One character.
    fn PyUnicode_ReadChar(object: Obj<'_>, index: isize) -> u32 = u32 {
        let Some(text) = object.downcast_ref::<PyStr>() else {
            return Err(bad_argument());
        };
        if index < 0 || index as usize >= text.len() {
            return Err(exc::index_error("string index out of range"));
        }
        Ok(text.char_at(index as usize))
    }
    /// Sets one character of a string that is still being made.
    fn PyUnicode_WriteChar(object: Obj<'_>, index: isize, c: u32) -> c_int = () {
        let text = text_arg(object)?;
        if index < 0 || index as usize >= text.len() {
            return Err(exc::index_error("string index out of range"));
        }
        check_modifiable(text)?;
        write_char(text, index as usize, c)
    }
    /// Sets `len` characters of a string that is still being made; how many there were.
    fn PyUnicode_Fill(object: Obj<'_>, start: isize, len: isize, c: u32) -> isize = usize {
        let text: &PyStr = expect(object)?;
        check_modifiable(text)?;
        if start < 0 {
            return Err(exc::index_error("string index out of range"));
        }
        let end = text.len().min((start as usize).saturating_add(len.max(0) as usize));
        for i in start as usize..end {
            write_char(text, i, c)?;
        }
        Ok(end.saturating_sub(start as usize))
    }
    /// Copies characters into a string that is still being made; how many there were.
    fn PyUnicode_CopyCharacters(to: Obj<'_>, to_start: isize, from: Obj<'_>, from_start: isize, how_many: isize) -> isize = usize {
        let (to, from): (&PyStr, &PyStr) = (expect(to)?, expect(from)?);
        if from_start < 0 || from_start as usize > from.len() || to_start < 0 || to_start as usize > to.len() {
            return Err(exc::index_error("string index out of range"));
        }
        if how_many < 0 {
            return Err(exc::system_error("how_many cannot be negative"));
        }
        let (to_start, from_start) = (to_start as usize, from_start as usize);
        let count = (how_many as usize).min(from.len() - from_start);
        if to_start + count > to.len() {
            return Err(exc::system_error(format!(
                "Cannot write {count} characters at {to_start} in a string of {} characters",
                to.len()
            )));
        }
        if count != 0 {
            check_modifiable(to)?;
            let data = from.data().slice(from_start, from_start + count);
            if (data.kind() as u32) > to.kind() as u32 || (to.is_ascii() && !from.is_ascii() && data.max_char() > 127) {
                return Err(exc::system_error("Cannot copy characters into a string of a smaller kind"));
            }
            to.write_at(to_start, data);
        }
        Ok(count)
    }
    /// Changes the length of a string that nobody else refers to.
    fn PyUnicode_Resize(place: *mut *mut PyObject, len: isize) -> c_int = () {
        if place.is_null() || (*place).is_null() || len < 0 {
            return Err(bad_call());
        }
        let text: &PyStr = expect(&**place)?;
        let len = len as usize;
        if text.len() == len {
            return Ok(());
        }
        if len == 0 {
            let old: Ref<PyObject> = Ref::from_owned_ptr(*place);
            place.write(PyStr::empty().into_raw() as *mut PyObject);
            drop(old);
            return Ok(());
        }
        if text.is_modifiable() {
            let owned: Ref<PyStr> = Ref::from_owned_ptr(*place as *mut PyStr);
            place.write(core::ptr::null_mut());
            place.write(PyStr::resize(owned, len)?.into_raw() as *mut PyObject);
            return Ok(());
        }
        // A shared one (the empty string, one character): a copy takes its place.
        let copy = PyStr::new_uninit(len, text.data().kind_max())?;
        copy.write_at(0, text.data().slice(0, text.len().min(len)));
        let old: Ref<PyObject> = Ref::from_owned_ptr(*place);
        place.write(copy.into_raw() as *mut PyObject);
        drop(old);
        Ok(())
    }
    /// Where the characters are.
    fn PyUnicode_DATA(object: &PyStr) -> Void {
        object.data_ptr() as Void
    }
    /// Bytes a character.
    fn PyUnicode_KIND(object: &PyStr) -> c_int {
        object.kind() as c_int
    }

    /// The UTF-8 form, which lives as long as the string; NULL with an exception.
    fn PyUnicode_AsUTF8AndSize(object: Obj<'_>, size: *mut isize) -> *const c_char {
        let text = object.downcast_ref::<PyStr>().ok_or_else(bad_argument);
        match text.and_then(PyStr::as_utf8) {
            Ok(text) => {
                store(size, text.len() as isize);
                text.as_ptr() as *const c_char
            }
            Err(error) => {
                store(size, -1);
                error.restore_null::<c_char>()
            }
        }
    }
    /// As `PyUnicode_AsUTF8AndSize`.
    fn PyUnicode_AsUTF8(object: Obj<'_>) -> *const c_char = *const c_char {
        let text = object.downcast_ref::<PyStr>().ok_or_else(bad_argument);
        text.and_then(PyStr::as_utf8).map(|text| text.as_ptr() as *const c_char)
    }
    /// Encodes as UTF-8.
    fn PyUnicode_AsUTF8String(object: Obj<'_>) -> Out = ObjRef {
        encode(object, "utf-8", core::ptr::null())
    }
    /// Encodes as ASCII.
    fn PyUnicode_AsASCIIString(object: Obj<'_>) -> Out = ObjRef {
        encode(object, "ascii", core::ptr::null())
    }
    /// Encodes as Latin-1.
    fn PyUnicode_AsLatin1String(object: Obj<'_>) -> Out = ObjRef {
        encode(object, "latin-1", core::ptr::null())
    }
    /// Encodes as UTF-16 with a byte order mark.
    fn PyUnicode_AsUTF16String(object: Obj<'_>) -> Out = ObjRef {
        encode(object, "utf-16", core::ptr::null())
    }
    /// Encodes as UTF-32 with a byte order mark.
    fn PyUnicode_AsUTF32String(object: Obj<'_>) -> Out = ObjRef {
        encode(object, "utf-32", core::ptr::null())
    }
    /// Encodes as `unicode_escape`.
    fn PyUnicode_AsUnicodeEscapeString(object: Obj<'_>) -> Out = ObjRef {
        encode(object, "unicode_escape", core::ptr::null())
    }
    /// Encodes as `raw_unicode_escape`.
    fn PyUnicode_AsRawUnicodeEscapeString(object: Obj<'_>) -> Out = ObjRef {
        encode(object, "raw_unicode_escape", core::ptr::null())
    }
    /// Encodes; NULL: UTF-8.
    fn PyUnicode_AsEncodedString(object: Obj<'_>, encoding: *const c_char, errors: *const c_char) -> Out = ObjRef {
        encode(object, opt_text(encoding).unwrap_or("utf-8"), errors)
    }
    /// Decodes text to whatever its codec makes of it; deprecated.
    fn PyUnicode_AsDecodedObject(object: Obj<'_>, encoding: *const c_char, errors: *const c_char) -> Out = ObjRef {
        let note = "PyUnicode_AsDecodedObject() is deprecated; use PyCodec_Decode() to decode from str";
        transform_deprecated(object, Direction::Decode, encoding, errors, note)
    }
    /// Decodes text to text; deprecated.
    fn PyUnicode_AsDecodedUnicode(object: Obj<'_>, encoding: *const c_char, errors: *const c_char) -> Out = Ref<PyStr> {
        let note = "PyUnicode_AsDecodedUnicode() is deprecated; use PyCodec_Decode() to decode from str to str";
        transform_deprecated(object, Direction::Decode, encoding, errors, note)?.downcast::<PyStr>().map_err(|_| {
            // CPython names the type of what was decoded, not of the result.
            exc::type_error(format!(
                "'{}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
                opt_text(encoding).unwrap_or("utf-8"),
                object.ty().full_name()
            ))
        })
    }
    /// Encodes to whatever the codec makes of the text; deprecated.
    fn PyUnicode_AsEncodedObject(object: Obj<'_>, encoding: *const c_char, errors: *const c_char) -> Out = ObjRef {
        let note = "PyUnicode_AsEncodedObject() is deprecated; use PyUnicode_AsEncodedString() to encode from str to bytes or \
                    PyCodec_Encode() for generic encoding";
        transform_deprecated(object, Direction::Encode, encoding, errors, note)
    }
    /// Encodes text to text; deprecated.
    fn PyUnicode_AsEncodedUnicode(object: Obj<'_>, encoding: *const c_char, errors: *const c_char) -> Out = Ref<PyStr> {
        let note = "PyUnicode_AsEncodedUnicode() is deprecated; use PyCodec_Encode() to encode from str to str";
        transform_deprecated(object, Direction::Encode, encoding, errors, note)?.downcast::<PyStr>().map_err(|result| {
            exc::type_error(format!(
                "'{}' encoder returned '{}' instead of 'str'; use codecs.encode() to encode to arbitrary types",
                opt_text(encoding).unwrap_or("utf-8"),
                result.ty().full_name()
            ))
        })
    }
    /// A copy of the characters as UCS-4 in the caller's buffer.
    fn PyUnicode_AsUCS4(object: Obj<'_>, target: *mut u32, size: isize, copy_null: c_int) -> *mut u32 = *mut u32 {
        let text: &PyStr = expect(object)?;
        let needed = text.len() + usize::from(copy_null != 0);
        if (size.max(0) as usize) < needed {
            return Err(exc::system_error("string is longer than the buffer"));
        }
        copy_ucs4(text, target, copy_null != 0);
        Ok(target)
    }
    /// A copy of the characters as UCS-4, for `PyMem_Free`.
    fn PyUnicode_AsUCS4Copy(object: Obj<'_>) -> *mut u32 = *mut u32 {
        let text: &PyStr = expect(object)?;
        let block = mem_alloc((text.len() + 1) * 4) as *mut u32;
        if block.is_null() {
            return Err(exc::memory_error());
        }
        copy_ucs4(text, block, true);
        Ok(block)
    }
    /// Decodes; NULL: UTF-8.
    fn PyUnicode_Decode(data: *const c_char, len: isize, encoding: *const c_char, errors: *const c_char) -> Out = Ref<PyStr> {
        codecs::decode_bytes(bytes(data, len), opt_text(encoding), opt_text(errors))
    }
    /// Decodes UTF-8.
    fn PyUnicode_DecodeUTF8(data: *const c_char, len: isize, errors: *const c_char) -> Out = Ref<PyStr> {
        utf8(bytes(data, len), opt_text(errors))
    }
    /// Decodes the start of UTF-8 that goes on: what is incomplete at the end is left alone, and `consumed` told how many bytes were
    /// read. All of it, where `consumed` is NULL.
    fn PyUnicode_DecodeUTF8Stateful(data: *const c_char, len: isize, errors: *const c_char, consumed: *mut isize) -> Out = Ref<PyStr> {
        let (text, read) = codecs::utf8::decode(bytes(data, len), opt_text(errors), consumed.is_null())?;
        store(consumed, read as isize);
        Ok(text)
    }
    /// Decodes UTF-7.
    fn PyUnicode_DecodeUTF7(data: *const c_char, len: isize, errors: *const c_char) -> Out = Ref<PyStr> {
        codecs::utf7::decode(bytes(data, len), opt_text(errors), true).map(|done| done.0)
    }
    /// Decodes the start of UTF-7; as `PyUnicode_DecodeUTF8Stateful`.
    fn PyUnicode_DecodeUTF7Stateful(data: *const c_char, len: isize, errors: *const c_char, consumed: *mut isize) -> Out = Ref<PyStr> {
        let (text, read) = codecs::utf7::decode(bytes(data, len), opt_text(errors), consumed.is_null())?;
        store(consumed, read as isize);
        Ok(text)
    }
    /// Decodes ASCII.
    fn PyUnicode_DecodeASCII(data: *const c_char, len: isize, errors: *const c_char) -> Out = Ref<PyStr> {
        codecs::decode_bytes(bytes(data, len), Some("ascii"), opt_text(errors))
    }
    /// Decodes Latin-1.
    fn PyUnicode_DecodeLatin1(data: *const c_char, len: isize, _errors: *const c_char) -> Out = Ref<PyStr> {
        PyStr::try_from_latin1(bytes(data, len))
    }
    /// Decodes UTF-16; `order` is -1 little, 1 big, 0 by the mark, and is told which it was.
    fn PyUnicode_DecodeUTF16(data: *const c_char, len: isize, errors: *const c_char, order: *mut c_int) -> Out = Ref<PyStr> {
        decode_ordered(bytes(data, len), errors, order, ["utf-16-le", "utf-16", "utf-16-be"], 2)
    }
    /// Decodes UTF-32; as `PyUnicode_DecodeUTF16`.
    fn PyUnicode_DecodeUTF32(data: *const c_char, len: isize, errors: *const c_char, order: *mut c_int) -> Out = Ref<PyStr> {
        decode_ordered(bytes(data, len), errors, order, ["utf-32-le", "utf-32", "utf-32-be"], 4)
    }
    /// Decodes the start of UTF-16: the order of bytes as for `PyUnicode_DecodeUTF16`, the end as for `PyUnicode_DecodeUTF8Stateful`.
    fn PyUnicode_DecodeUTF16Stateful(
        data: *const c_char, len: isize, errors: *const c_char, order: *mut c_int, consumed: *mut isize,
    ) -> Out = Ref<PyStr> {
        let wanted = ByteOrder::from_number(order.as_ref().copied().unwrap_or(0));
        store_decoded(codecs::utf16::decode_utf16(bytes(data, len), opt_text(errors), wanted, consumed.is_null())?, order, consumed)
    }
    /// Decodes the start of UTF-32; as `PyUnicode_DecodeUTF16Stateful`.
    fn PyUnicode_DecodeUTF32Stateful(
        data: *const c_char, len: isize, errors: *const c_char, order: *mut c_int, consumed: *mut isize,
    ) -> Out = Ref<PyStr> {
        let wanted = ByteOrder::from_number(order.as_ref().copied().unwrap_or(0));
        store_decoded(codecs::utf16::decode_utf32(bytes(data, len), opt_text(errors), wanted, consumed.is_null())?, order, consumed)
    }
    /// Decodes with a table: a string, or a mapping from bytes to characters; NULL: Latin-1.
    fn PyUnicode_DecodeCharmap(data: *const c_char, len: isize, mapping: OptObj<'_>, errors: *const c_char) -> Out = Ref<PyStr> {
        codecs::charmap::decode(bytes(data, len), opt_text(errors), mapping)
    }
    /// Encodes with a table: what `PyUnicode_BuildEncodingMap` gives, or a mapping from characters to bytes.
    fn PyUnicode_AsCharmapString(object: Obj<'_>, mapping: OptObj<'_>) -> Out = Ref<PyBytes> {
        let mapping = mapping.ok_or_else(bad_argument)?;
        PyBytes::try_from_vec(codecs::charmap::encode(text_arg(object)?, None, Some(mapping))?)
    }
    /// The table for encoding that belongs to one for decoding, a string.
    fn PyUnicode_BuildEncodingMap(table: Obj<'_>) -> Out = ObjRef {
        let table = text_arg(table)?;
        if table.len() == 0 { Err(bad_argument()) } else { codecs::charmap::build(table) }
    }
    /// Decodes `raw_unicode_escape`.
    fn PyUnicode_DecodeRawUnicodeEscape(data: *const c_char, len: isize, errors: *const c_char) -> Out = Ref<PyStr> {
        codecs::escape::decode_raw_unicode_escape(bytes(data, len), opt_text(errors), true).map(|done| done.0)
    }
    /// Decodes `unicode_escape`.
    fn PyUnicode_DecodeUnicodeEscape(data: *const c_char, len: isize, errors: *const c_char) -> Out = Ref<PyStr> {
        codecs::decode_bytes(bytes(data, len), Some("unicode_escape"), opt_text(errors))
    }
    /// The encoding that `str` methods use.
    fn PyUnicode_GetDefaultEncoding() -> *const c_char {
        c"utf-8".as_ptr()
    }

    /// `a + b`.
    fn PyUnicode_Concat(a: Obj<'_>, b: Obj<'_>) -> Out = Ref<PyStr> {
        let Some(left) = a.downcast_ref::<PyStr>() else { return Err(must_be_str(a)) };
        let Some(right) = b.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!(
                "can only concatenate str (not \"{}\") to str",
                b.ty().full_name()
            )));
        };
        PyStr::concat(left, right)
    }
    /// `*place += right`; on failure `*place` becomes NULL.
    fn PyUnicode_Append(place: *mut *mut PyObject, right: OptObj<'_>) {
        append(place, right);
    }
    /// As `PyUnicode_Append`; the reference to `right` is taken over.
    fn PyUnicode_AppendAndDel(place: *mut *mut PyObject, right: crate::border::Stolen) {
        append(place, right.as_deref());
    }
    /// `sep.join(items)`; NULL: a space.
    fn PyUnicode_Join(separator: OptObj<'_>, items: Obj<'_>) -> Out = Ref<PyStr> {
        match separator {
            None => PyStr::latin1_char_ref(b' ').join(items),
            Some(separator) => match separator.downcast_ref::<PyStr>() {
                Some(text) => text.join(items),
                None => Err(exc::type_error(format!(
                    "separator: expected str instance, {} found",
                    separator.ty().full_name()
                ))),
            },
        }
    }
    /// `text[start:end]`, clipped.
    fn PyUnicode_Substring(object: &PyStr, start: isize, end: isize) -> Out = Ref<PyStr> {
        if start < 0 || end < 0 {
            return Err(exc::index_error("string index out of range"));
        }
        let end = (end as usize).min(object.len());
        if start as usize >= end { Ok(PyStr::empty()) } else { object.try_substring(start as usize, end) }
    }
    /// `text.replace(old, new, count)`.
    fn PyUnicode_Replace(text: Obj<'_>, old: Obj<'_>, new: Obj<'_>, count: isize) -> Out = Ref<PyStr> {
        str_arg(text)?.replace(str_arg(old)?, str_arg(new)?, count)
    }
    /// `text.split(separator, max)`.
    fn PyUnicode_Split(text: Obj<'_>, separator: OptObj<'_>, max: isize) -> Out = Ref<PyList> {
        let separator = separator.map(str_arg).transpose()?;
        Ok(PyList::new(str_arg(text)?.split(separator, max)?))
    }
    /// `text.rsplit(separator, max)`.
    fn PyUnicode_RSplit(text: Obj<'_>, separator: OptObj<'_>, max: isize) -> Out = Ref<PyList> {
        let separator = separator.map(str_arg).transpose()?;
        Ok(PyList::new(str_arg(text)?.rsplit(separator, max)?))
    }
    /// `text.splitlines(keep_ends)`.
    fn PyUnicode_Splitlines(text: Obj<'_>, keep_ends: c_int) -> Out = Ref<PyList> {
        Ok(PyList::new(str_arg(text)?.split_lines(keep_ends != 0)?))
    }
    /// `text.partition(separator)`.
    fn PyUnicode_Partition(text: Obj<'_>, separator: Obj<'_>) -> Out = Ref<PyTuple> {
        Ok(PyTuple::from_array(str_arg(text)?.partition(str_arg(separator)?)?.map(Ref::into_obj)))
    }
    /// `text.rpartition(separator)`.
    fn PyUnicode_RPartition(text: Obj<'_>, separator: Obj<'_>) -> Out = Ref<PyTuple> {
        Ok(PyTuple::from_array(str_arg(text)?.rpartition(str_arg(separator)?)?.map(Ref::into_obj)))
    }
    /// `text.translate(table)`.
    fn PyUnicode_Translate(text: Obj<'_>, table: Obj<'_>, _errors: *const c_char) -> Out = Ref<PyStr> {
        str_arg(text)?.translate(table)
    }
    /// `format % args`.
    fn PyUnicode_Format(format: OptObj<'_>, args: OptObj<'_>) -> Out = Ref<PyStr> {
        let (Some(format), Some(args)) = (format, args) else { return Err(bad_call()) };
        rpy_vm::types::str::percent::format(str_arg(format)?, args)
    }
    /// `part in text`.
    fn PyUnicode_Contains(text: Obj<'_>, part: Obj<'_>) -> c_int = bool {
        let Some(needle) = part.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!(
                "'in <string>' requires string as left operand, not {}",
                part.ty().full_name()
            )));
        };
        Ok(str_arg(text)?.contains_str(needle))
    }
    /// Where `part` is between `start` and `end` (first, or last for a negative direction); -1: nowhere, -2: an exception.
    fn PyUnicode_Find(text: Obj<'_>, part: Obj<'_>, start: isize, end: isize, direction: c_int) -> isize {
        match (str_arg(text), str_arg(part)) {
            (Ok(text), Ok(part)) => {
                let Some((start, end)) = clip(text.len(), start, end) else { return -1 };
                let hay = text.data().slice(start, end);
                let found = if direction > 0 { search::find(hay, part.data()) } else { search::rfind(hay, part.data()) };
                found.map_or(-1, |at| (at + start) as isize)
            }
            (Err(error), _) | (_, Err(error)) => {
                error.restore();
                -2
            }
        }
    }
    /// Where a character is; as `PyUnicode_Find`.
    fn PyUnicode_FindChar(text: Obj<'_>, c: u32, start: isize, end: isize, direction: c_int) -> isize {
        match str_arg(text) {
            Ok(text) => {
                let Some((start, end)) = clip(text.len(), start, end) else { return -1 };
                let mut hay = text.data().slice(start, end).iter();
                let found = if direction > 0 { hay.position(|x| x == c) } else { hay.rposition(|x| x == c) };
                found.map_or(-1, |at| (at + start) as isize)
            }
            Err(error) => {
                error.restore();
                -2
            }
        }
    }
    /// How often `part` occurs between `start` and `end`.
    fn PyUnicode_Count(text: Obj<'_>, part: Obj<'_>, start: isize, end: isize) -> isize = usize {
        let (text, part) = (str_arg(text)?, str_arg(part)?);
        let Some((start, end)) = clip(text.len(), start, end) else { return Ok(0) };
        Ok(search::count(text.data().slice(start, end), part.data()))
    }
    /// Does the text between `start` and `end` begin (or for a positive direction end) with `part`?
    fn PyUnicode_Tailmatch(text: Obj<'_>, part: Obj<'_>, start: isize, end: isize, direction: c_int) -> isize = usize {
        let (text, part) = (str_arg(text)?, str_arg(part)?);
        let Some((start, end)) = clip(text.len(), start, end) else { return Ok(0) };
        let hay = text.data().slice(start, end);
        if part.len() > hay.len() {
            return Ok(0);
        }
        let at = if direction > 0 { hay.len() - part.len() } else { 0 };
        Ok(usize::from(search::matches_at(hay, at, part.data())))
    }
    /// -1, 0 or 1; -1 with an exception for anything but strings.
    fn PyUnicode_Compare(a: Obj<'_>, b: Obj<'_>) -> c_int = c_int {
        match (a.downcast_ref::<PyStr>(), b.downcast_ref::<PyStr>()) {
            (Some(a), Some(b)) => Ok(rpy_vm::types::str::compare::str_cmp(a, b) as c_int),
            _ => Err(exc::type_error(format!("Can't compare {} and {}", a.ty().full_name(), b.ty().full_name()))),
        }
    }
    /// -1, 0 or 1; never fails.
    fn PyUnicode_CompareWithASCIIString(text: &PyStr, ascii: *const c_char) -> c_int {
        let other = CStr::from_ptr(ascii).to_bytes();
        text.data().iter().cmp(other.iter().map(|&b| u32::from(b))) as c_int
    }
    /// Is the text equal to UTF-8 of a given length? Never fails.
    fn PyUnicode_EqualToUTF8AndSize(text: &PyStr, other: *const c_char, len: isize) -> c_int {
        match text.as_str() {
            Some(text) => c_int::from(text.as_bytes() == bytes(other, len)),
            None => 0,
        }
    }
    /// Is the text equal to UTF-8? Never fails.
    fn PyUnicode_EqualToUTF8(text: &PyStr, other: *const c_char) -> c_int {
        match text.as_str() {
            Some(text) => c_int::from(text.as_bytes() == CStr::from_ptr(other).to_bytes()),
            None => 0,
        }
    }
    /// Are two strings equal?
    fn PyUnicode_Equal(a: Obj<'_>, b: Obj<'_>) -> c_int = bool {
        for object in [a, b] {
            if !PyStr::check(object) {
                return Err(exc::type_error(format!("first argument must be str, not {}", object.ty().full_name())));
            }
        }
        Ok(PyStr::str_eq(expect(a)?, expect(b)?))
    }
    /// A comparison as an object.
    fn PyUnicode_RichCompare(a: Obj<'_>, b: Obj<'_>, op: c_int) -> Out = ObjRef {
        match (a.downcast_ref::<PyStr>(), b.downcast_ref::<PyStr>()) {
            (Some(_), Some(_)) => {
                rpy_vm::protocol::object::rich_compare(a, b, rpy_vm::object::slots::CompareOp::from_c(op))
            }
            _ => Ok(rpy_vm::not_implemented()),
        }
    }
    /// Is it an identifier?
    fn PyUnicode_IsIdentifier(text: &PyStr) -> c_int {
        c_int::from(text.is_identifier())
    }
    /// Looks a codec's error handler up.
    fn PyCodec_LookupError(name: *const c_char) -> Out = ObjRef {
        codecs::registry::lookup_error(opt_text(name).unwrap_or("strict"))
    }
    /// `codecs.encode`.
    fn PyCodec_Encode(object: Obj<'_>, encoding: *const c_char, errors: *const c_char) -> Out = ObjRef {
        codecs::encode(object, opt_text(encoding).unwrap_or("utf-8"), opt_text(errors).unwrap_or("strict"))
    }
    /// `codecs.decode`.
    fn PyCodec_Decode(object: Obj<'_>, encoding: *const c_char, errors: *const c_char) -> Out = ObjRef {
        codecs::decode(object, opt_text(encoding).unwrap_or("utf-8"), opt_text(errors).unwrap_or("strict"))
    }

    /// `str.isalpha` of a character.
    fn _PyUnicode_IsAlpha(c: u32) -> c_int {
        c_int::from(unicode::is_alpha(c))
    }
    /// `str.isdecimal` of a character.
    fn _PyUnicode_IsDecimalDigit(c: u32) -> c_int {
        c_int::from(unicode::is_decimal(c))
    }
    /// `str.isdigit` of a character.
    fn _PyUnicode_IsDigit(c: u32) -> c_int {
        c_int::from(unicode::is_digit(c))
    }
    /// `str.isnumeric` of a character.
    fn _PyUnicode_IsNumeric(c: u32) -> c_int {
        c_int::from(unicode::is_numeric(c))
    }
    /// `str.islower` of a character.
    fn _PyUnicode_IsLowercase(c: u32) -> c_int {
        c_int::from(unicode::is_lower(c))
    }
    /// `str.isupper` of a character.
    fn _PyUnicode_IsUppercase(c: u32) -> c_int {
        c_int::from(unicode::is_upper(c))
    }
    /// `str.istitle` of a character.
    fn _PyUnicode_IsTitlecase(c: u32) -> c_int {
        c_int::from(unicode::is_title(c))
    }
    /// `str.isspace` of a character.
    fn _PyUnicode_IsWhitespace(c: u32) -> c_int {
        c_int::from(unicode::is_space(c))
    }
    /// Does it end a line?
    fn _PyUnicode_IsLinebreak(c: u32) -> c_int {
        c_int::from(unicode::is_line_break(c))
    }
    /// `str.isprintable` of a character.
    fn _PyUnicode_IsPrintable(c: u32) -> c_int {
        c_int::from(unicode::is_printable(c))
    }
    /// The lowercase character, where there is one.
    fn _PyUnicode_ToLowercase(c: u32) -> u32 {
        unicode::simple_lower(c)
    }
    /// The uppercase character, where there is one.
    fn _PyUnicode_ToUppercase(c: u32) -> u32 {
        unicode::simple_upper(c)
    }
    /// The decimal digit's value, or -1.
    fn _PyUnicode_ToDecimalDigit(c: u32) -> c_int {
        unicode::to_decimal(c).map_or(-1, c_int::from)
    }
}

/// Decodes UTF-8; what is valid takes the short way.
/// `_Py_Identifier`: the UTF-8 text of a name, and where its string is from the first use on (-1 before).
#[repr(C)]
pub struct Identifier {
    text: *const c_char,
    index: isize,
    mutex: u8,
}

impl Identifier {
    /// The string, interned and immortal.
    ///
    /// # Errors
    /// `UnicodeDecodeError`.
    ///
    /// # Safety
    /// The text is a C string.
    pub unsafe fn object(&mut self) -> PyResult<&'static PyStr> {
        if self.index == -1 {
            // SAFETY: the caller's promise.
            let text = unsafe { CStr::from_ptr(self.text) };
            self.index = core::ptr::from_ref(PyStr::intern_immortal(utf8(text.to_bytes(), None)?)) as isize;
        }
        // SAFETY: written above: an immortal string's address.
        Ok(unsafe { &*(self.index as *const PyStr) })
    }
}

fn utf8(data: &[u8], errors: Option<&str>) -> PyResult<Ref<PyStr>> {
    match core::str::from_utf8(data) {
        Ok(text) => PyStr::try_new(text),
        Err(_) => codecs::decode_bytes(data, Some("utf-8"), errors),
    }
}

/// Bytes that C passes with their number.
///
/// # Safety
/// `len` readable bytes, unless it is not positive.
pub unsafe fn bytes<'a>(data: *const c_char, len: isize) -> &'a [u8] {
    if len <= 0 || data.is_null() {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(data as *const u8, len as usize) }
}

/// # Safety
/// `errors` is null or NUL-terminated.
unsafe fn encode(object: &PyObject, encoding: &str, errors: *const c_char) -> PyResult<ObjRef> {
    let Some(text) = object.downcast_ref::<PyStr>() else {
        return Err(bad_argument());
    };
    // SAFETY: the caller's promise.
    codecs::encode_str(text, Some(encoding), unsafe { opt_text(errors) })
}

unsafe fn decode_ordered(
    data: &[u8],
    errors: *const c_char,
    order: *mut c_int,
    names: [&str; 3],
    unit: usize,
) -> PyResult<Ref<PyStr>> {
    // SAFETY: the caller's promise.
    let wanted = unsafe { order.as_ref() }.map_or(0, |order| (*order).signum());
    let mut found = wanted;
    if wanted == 0 && data.len() >= unit {
        if data[..2] == [0xff, 0xfe] {
            found = -1;
        } else if data[unit - 2..unit] == [0xfe, 0xff] {
            found = 1;
        }
    }
    // SAFETY: the caller's promise.
    unsafe {
        store(order, found);
        codecs::decode_bytes(data, Some(names[(wanted + 1) as usize]), opt_text(errors))
    }
}

/// Tells C how a stateful decoder fared.
///
/// # Safety
/// Both places are null or writable.
unsafe fn store_decoded(decoded: Decoded, order: *mut c_int, consumed: *mut isize) -> PyResult<Ref<PyStr>> {
    let (text, read, found) = decoded;
    // SAFETY: the caller's promise.
    unsafe {
        store(order, found.number());
        store(consumed, read as isize);
    }
    Ok(text)
}

/// Text through any codec, for functions that warn of themselves.
///
/// # Safety
/// `encoding` and `errors` are null or NUL-terminated.
unsafe fn transform_deprecated(
    object: &PyObject,
    direction: Direction,
    encoding: *const c_char,
    errors: *const c_char,
    note: &str,
) -> PyResult<ObjRef> {
    text_arg(object)?;
    rpy_vm::runtime::warnings::warn(exc::DeprecationWarning(), note, 1)?;
    // SAFETY: the caller's promise.
    let (encoding, errors) = unsafe { (opt_text(encoding), opt_text(errors)) };
    codecs::registry::transform(object, direction, encoding.unwrap_or("utf-8"), errors)
}

#[cold]
fn bad_argument() -> PyErr {
    exc::type_error("bad argument type for built-in operation")
}

/// The argument as a `str`.
///
/// # Errors
/// `TypeError` as CPython's `PyErr_BadArgument` has it.
pub fn text_arg(object: &PyObject) -> PyResult<&PyStr> {
    object.downcast_ref().ok_or_else(bad_argument)
}

unsafe fn copy_ucs4(text: &PyStr, target: *mut u32, nul: bool) {
    // SAFETY: the caller has checked the room.
    unsafe {
        for (i, c) in text.data().iter().enumerate() {
            target.add(i).write(c);
        }
        if nul {
            target.add(text.len()).write(0);
        }
    }
}

#[cold]
fn must_be_str(object: &PyObject) -> PyErr {
    exc::type_error(format!("must be str, not {}", object.ty().full_name()))
}

fn str_arg(object: &PyObject) -> PyResult<&PyStr> {
    object.downcast_ref().ok_or_else(|| must_be_str(object))
}

fn check_modifiable(text: &PyStr) -> PyResult<()> {
    if text.is_modifiable() {
        Ok(())
    } else {
        Err(exc::system_error("Cannot modify a string currently used"))
    }
}

fn write_char(text: &PyStr, at: usize, c: u32) -> PyResult<()> {
    let largest = if text.is_ascii() {
        0x7f
    } else {
        match text.kind() {
            StrKind::Latin1 => 0xff,
            StrKind::Ucs2 => 0xffff,
            StrKind::Ucs4 => 0x10_ffff,
        }
    };
    if c > largest {
        return Err(exc::value_error("character out of range"));
    }
    // SAFETY: nobody else has seen the string, the index is in range, the character fits.
    unsafe { text.write_char(at, c) };
    Ok(())
}

/// The largest character that text of this kind may hold.
trait KindMax {
    fn kind_max(&self) -> u32;
}
impl KindMax for StrData<'_> {
    fn kind_max(&self) -> u32 {
        match self {
            StrData::Latin1(_) => 0xff,
            StrData::Ucs2(_) => 0xffff,
            StrData::Ucs4(_) => 0x10_ffff,
        }
    }
}

/// Python's slice bounds as a range; `None` if it is empty by more than nothing.
fn clip(len: usize, start: isize, end: isize) -> Option<(usize, usize)> {
    let from_end = |at: isize| if at < 0 { (at + len as isize).max(0) as usize } else { at as usize };
    let (start, end) = (from_end(start), from_end(end).min(len));
    (start <= end).then_some((start, end))
}

unsafe fn append(place: *mut *mut PyObject, right: Option<&PyObject>) {
    // SAFETY: the place holds an owned reference or NULL.
    unsafe {
        if (*place).is_null() {
            return;
        }
        let left: ObjRef = Ref::from_owned_ptr(*place);
        place.write(core::ptr::null_mut());
        let (Ok(left), Some(Some(right))) = (left.downcast::<PyStr>(), right.map(|r| r.downcast_ref::<PyStr>())) else {
            if rpy_vm::runtime::thread::current().current_exception.is_null() {
                bad_call().restore();
            }
            return;
        };
        match PyStr::append_in_place(left, right) {
            Ok(result) => place.write(result.into_raw() as *mut PyObject),
            Err(error) => error.restore(),
        }
    }
}
