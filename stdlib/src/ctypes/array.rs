//! Arrays.

use rpy_vm::object::PyGetSetDef;
use rpy_vm::object::class_impl::ClassImpl;
use rpy_vm::protocol::buffer::Buffer;
use rpy_vm::protocol::{number, object, sequence};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::descr::new_getset;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::codes::{room_for, wide_chars, wide_text, write_wide_chars};
use super::data::{self, CData, Place};
use super::info::{self, Info, METATYPE_SIZE, Param, flag};
use super::metatype::{CType, dealloc};

/// metatype for the Array Objects
#[pyclass(
    name = "PyCArrayType", module = "_ctypes", layout = PyTypeObject, basicsize = METATYPE_SIZE, base = CType,
    dealloc = dealloc, flags(BASETYPE)
)]
pub struct ArrayType;

#[pymethods]
impl ArrayType {
    #[slot]
    fn tp_init(zelf: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        let missing = |name| exc::attribute_error_msg(format!("class must define a '{name}' attribute"));
        let class = zelf.as_object();
        let length = object::getattr_opt(class, intern!("_length_"))?.ok_or_else(|| missing("_length_"))?;
        let Some(length) = length.downcast_ref::<PyInt>() else {
            return Err(exc::type_error("The '_length_' attribute must be an integer"));
        };
        if length.is_negative() {
            return Err(exc::value_error("The '_length_' attribute must not be negative"));
        }
        let Some(length) = length.as_isize().map(|length| length as usize) else {
            return Err(exc::overflow_error("The '_length_' attribute is too large"));
        };
        let item_type = object::getattr_opt(class, intern!("_type_"))?.ok_or_else(|| missing("_type_"))?;
        // Asked before the class gets its own: it cannot consist of itself.
        let Some(item) = info::of_type(&item_type) else {
            return Err(exc::type_error("_type_ must have storage info"));
        };
        let info = info::init(zelf, Param::Address)?;
        let size = item.size.get().checked_mul(length).filter(|size| *size <= isize::MAX as usize);
        let Some(size) = size else { return Err(exc::overflow_error("array too large")) };
        info.set_format(&item.format().unwrap_or_else(|| "B".to_owned()));
        let mut shape = vec![length as isize];
        shape.extend(item.shape.borrow().iter());
        *info.shape.borrow_mut() = shape;
        if item.has(flag::IS_POINTER | flag::HAS_POINTER) {
            info.add_flags(flag::HAS_POINTER);
        }
        info.size.set(size);
        info.align.set(item.align.get());
        info.length.set(length);
        info.passing.set_array(&item.passing, item.size.get(), length);
        info.proto.set(Some(item_type.clone()));
        match character(item) {
            Some(b'c') => add_getsets(zelf, CharArray::GETSETS),
            Some(_) => add_getsets(zelf, WideCharArray::GETSETS),
            None => Ok(()),
        }
    }
}

/// The letter, if it is a type of characters.
pub fn character(info: &Info) -> Option<u8> {
    info.codec.get().filter(|codec| codec.is(b'c') || codec.is(b'u')).map(|codec| codec.code.letter)
}

fn add_getsets(class: &PyTypeObject, table: *const PyGetSetDef) -> PyResult<()> {
    let Some(dict) = class.tp_dict.get() else { return Ok(()) };
    let mut def = table;
    // SAFETY: a static table that ends with an entry without a name.
    unsafe {
        while !(*def).name.is_null() {
            let name = core::ffi::CStr::from_ptr((*def).name).to_string_lossy();
            dict.set_str(&PyStr::interned(&name), &*new_getset(class, def)?)?;
            def = def.add(1);
        }
    }
    class.modified();
    Ok(())
}

/// Abstract base class for arrays.
///
/// The recommended way to create concrete array types is by multiplying any
/// ctypes data type with a non-negative integer. Alternatively, you can subclass
/// this type and define _length_ and _type_ class variables. Array elements can
/// be read and written using standard subscript and slice accesses for slice
/// reads, the resulting object is not itself an Array.
#[pyclass(name = "Array", module = "_ctypes", layout = CData, base = CData, flags(BASETYPE))]
pub struct Array;

/// The items of an array.
struct Items {
    class: Ref<PyTypeObject>,
    size: usize,
    length: usize,
    letter: Option<u8>,
}

impl Items {
    fn of(data: &CData) -> PyResult<Items> {
        let info = info::required(data.ob_base.ty().as_object())?;
        let class = info.proto.get().and_then(|proto| proto.downcast::<PyTypeObject>().ok());
        let class = class.ok_or_else(info::abstract_class)?;
        let item = info::required(class.as_object())?;
        let (size, letter) = (item.size.get(), character(item));
        // The length is the instance's, whose class may be another by now. What has no memory is no item: the item's type may have
        // become larger since there are arrays of it.
        let length = data.length().min(data.size().checked_div(size).unwrap_or(usize::MAX));
        Ok(Items { size, length, letter, class })
    }

    fn place(&self, data: &CData, index: usize) -> Place<'_> {
        Place {
            class: &self.class,
            codec: None,
            index: index as isize,
            extent: super::codes::Extent::whole(self.size),
            address: data.memory().wrapping_add(index * self.size),
        }
    }

    fn check(&self, index: isize) -> PyResult<usize> {
        let index = usize::try_from(index).ok().filter(|index| *index < self.length);
        index.ok_or_else(|| exc::index_error("invalid index"))
    }

    fn index(&self, index: &PyObject) -> PyResult<isize> {
        let index = number::as_isize(index, Some(exc::IndexError()))?;
        Ok(if index < 0 { index + self.length as isize } else { index })
    }
}

/// The characters at some places as bytes or a string.
///
/// # Errors
/// `ValueError` for what is no character; `MemoryError`.
///
/// # Safety
/// The places are in readable memory.
pub unsafe fn characters(letter: u8, memory: *const u8, start: isize, step: isize, count: usize) -> PyResult {
    let places = (0..count as isize).map(|n| start.wrapping_add(n.wrapping_mul(step)));
    // SAFETY: the caller's promise.
    unsafe {
        if letter == b'c' {
            let mut bytes: Vec<u8> = room_for(count)?;
            bytes.extend(places.map(|at| *memory.wrapping_offset(at)));
            Ok(PyBytes::try_from_vec(bytes)?.into_obj())
        } else {
            let mut chars: Vec<u32> = room_for(count)?;
            let char_at = |at: isize| memory.wrapping_offset(at.wrapping_mul(4)).cast::<u32>().read_unaligned();
            chars.extend(places.map(char_at));
            Ok(wide_text(&chars)?.into_obj())
        }
    }
}

#[pymethods]
impl Array {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        Ok(data::new(cls)?.into_obj())
    }

    #[slot]
    fn tp_init(zelf: &CData, args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        for (index, value) in args.items().iter().enumerate() {
            sequence::set_item_index(zelf.as_object(), index as isize, Some(value))?;
        }
        Ok(())
    }

    #[slot]
    fn sq_length(zelf: &CData) -> usize {
        zelf.length()
    }
    #[slot]
    fn mp_length(zelf: &CData) -> usize {
        zelf.length()
    }

    #[slot]
    fn sq_item(zelf: &CData, index: isize) -> PyResult {
        let items = Items::of(zelf)?;
        data::read(zelf, &items.place(zelf, items.check(index)?))
    }

    #[slot]
    fn sq_ass_item(zelf: &CData, index: isize, value: Option<&PyObject>) -> PyResult<()> {
        let value = value.ok_or_else(no_deletion)?;
        let items = Items::of(zelf)?;
        data::write(zelf, &items.place(zelf, items.check(index)?), value)
    }

    #[slot]
    fn mp_subscript(zelf: &CData, key: &PyObject) -> PyResult {
        let items = Items::of(zelf)?;
        if number::is_index(key) {
            return data::read(zelf, &items.place(zelf, items.check(items.index(key)?)?));
        }
        let Some(slice) = key.downcast_ref::<PySlice>() else {
            return Err(exc::type_error("indices must be integers"));
        };
        let (start, _, step, count) = slice.indices(items.length)?;
        if let Some(letter) = items.letter {
            // SAFETY: the places are inside the array.
            return unsafe { characters(letter, zelf.memory(), start, step, count) };
        }
        let mut values = room_for(count)?;
        for n in 0..count as isize {
            values.push(data::read(zelf, &items.place(zelf, (start + n * step) as usize))?);
        }
        Ok(PyList::new(values).into_obj())
    }

    #[slot]
    fn mp_ass_subscript(zelf: &CData, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        let value = value.ok_or_else(no_deletion)?;
        let items = Items::of(zelf)?;
        if number::is_index(key) {
            return data::write(zelf, &items.place(zelf, items.check(items.index(key)?)?), value);
        }
        let Some(slice) = key.downcast_ref::<PySlice>() else {
            return Err(exc::type_error("indices must be integer"));
        };
        let (start, _, step, count) = slice.indices(items.length)?;
        if object::size(value)? != count {
            return Err(exc::value_error("Can only assign sequence of same size"));
        }
        for n in 0..count as isize {
            let item = sequence::get_item_index(value, n)?;
            data::write(zelf, &items.place(zelf, (start + n * step) as usize), &item)?;
        }
        Ok(())
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__")]
    fn class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        rpy_vm::types::list::class_getitem(cls, item)
    }
}

fn no_deletion() -> rpy_vm::PyErr {
    exc::type_error("Array does not support item deletion")
}

/// What arrays of `c_char` have besides.
#[pyclass(layout = CData, base = CData, name = "c_char_Array")]
struct CharArray;

#[pymethods]
impl CharArray {
    /// value
    #[pygetset]
    fn raw(zelf: &CData) -> PyResult {
        Ok(PyBytes::try_new(zelf.bytes())?.into_obj())
    }
    #[pygetset(setter)]
    fn set_raw(zelf: &CData, value: Option<&PyObject>) -> PyResult<()> {
        let value = value.ok_or_else(|| exc::attribute_error_msg("cannot delete attribute"))?;
        let buffer = Buffer::simple(value)?;
        if buffer.len() > zelf.size() {
            return Err(exc::value_error("byte string too long"));
        }
        // SAFETY: the memory has the room; it may be the very same.
        unsafe { core::ptr::copy(buffer.bytes().as_ptr(), zelf.memory(), buffer.len()) };
        Ok(())
    }

    /// string value
    #[pygetset]
    fn value(zelf: &CData) -> PyResult {
        let bytes = zelf.bytes();
        let len = memchr::memchr(0, bytes).unwrap_or(bytes.len());
        Ok(PyBytes::try_new(&bytes[..len])?.into_obj())
    }
    #[pygetset(setter)]
    fn set_value(zelf: &CData, value: Option<&PyObject>) -> PyResult<()> {
        let value = value.ok_or_else(|| exc::type_error("can't delete attribute"))?;
        let Some(bytes) = value.downcast_ref::<PyBytes>() else {
            let name = value.ty().full_name();
            return Err(exc::type_error(format!("bytes expected instead of {name} instance")));
        };
        let (len, room) = (bytes.len(), zelf.size());
        if len > room {
            return Err(exc::value_error("byte string too long"));
        }
        // SAFETY: the memory has the room.
        unsafe {
            core::ptr::copy(bytes.data_ptr(), zelf.memory(), len);
            if len < room {
                *zelf.memory().add(len) = 0;
            }
        }
        Ok(())
    }
}

/// What arrays of `c_wchar` have besides.
#[pyclass(layout = CData, base = CData, name = "c_wchar_Array")]
struct WideCharArray;

#[pymethods]
impl WideCharArray {
    /// string value
    #[pygetset]
    fn value(zelf: &CData) -> PyResult {
        // SAFETY: the instance's memory.
        let chars = unsafe { wide_chars(zelf.memory(), zelf.size() / 4) }?;
        let len = chars.iter().position(|c| *c == 0).unwrap_or(chars.len());
        Ok(wide_text(&chars[..len])?.into_obj())
    }
    #[pygetset(setter)]
    fn set_value(zelf: &CData, value: Option<&PyObject>) -> PyResult<()> {
        let value = value.ok_or_else(|| exc::type_error("can't delete attribute"))?;
        let Some(text) = value.downcast_ref::<PyStr>() else {
            let name = value.ty().full_name();
            return Err(exc::type_error(format!("unicode string expected instead of {name} instance")));
        };
        let room = zelf.size() / 4;
        if text.len() > room {
            return Err(exc::value_error("string too long"));
        }
        // SAFETY: the memory has the room.
        unsafe { write_wide_chars(zelf.memory(), text.data().iter().chain(core::iter::once(0)).take(room)) };
        Ok(())
    }
}
