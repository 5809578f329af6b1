//! `CField`: a field of a structure or union, the descriptor in its class.

use core::cell::Cell;

use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::{number, object};
use rpy_vm::types::descr::fully_qualified_name;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

use super::abi::{Class, Scalar};
use super::array::ArrayType;
use super::codes::{self, Codec, Extent};
use super::data::{self, CData, Place};
use super::info;
use super::metatype;

/// Structure/Union member
#[pyclass(name = "CField", module = "ctypes", gc)]
#[repr(C)]
pub struct CField {
    ob_base: PyObject,
    /// offset in bytes of this field (same as byte_offset)
    #[pymember(readonly, isize, name = "offset")]
    #[pytraverse(skip)]
    pub byte_offset: isize,
    /// size of this field in bytes
    #[pymember(readonly, isize)]
    #[pytraverse(skip)]
    pub byte_size: isize,
    #[pytraverse(skip)]
    pub index: isize,
    /// type of this field
    #[pymember(readonly, object_ex, name = "type")]
    pub proto: Ref<PyTypeObject>,
    /// name of this field
    #[pymember(readonly, object_ex)]
    pub name: Ref<PyStr>,
    /// Of character arrays, which are strings here.
    #[pytraverse(skip)]
    codec: Option<Codec>,
    /// additional offset in bits (relative to byte_offset); zero for non-bitfields
    #[pymember(readonly, ubyte)]
    #[pytraverse(skip)]
    bit_offset: u8,
    /// 0: no bit field.
    #[pytraverse(skip)]
    bits: u8,
    #[pytraverse(skip)]
    pub anonymous: Cell<bool>,
}

impl CField {
    /// The same field where the (anonymous) structure it is in lies at an offset inside another.
    pub fn moved(&self, index: isize, offset: isize) -> Ref<CField> {
        new_exact(CField {
            ob_base: PyObject::placeholder(),
            byte_offset: self.byte_offset + offset,
            byte_size: self.byte_size,
            index: self.index + index,
            proto: self.proto.clone(),
            name: self.name.clone(),
            codec: self.codec,
            bit_offset: self.bit_offset,
            bits: self.bits,
            anonymous: Cell::new(false),
        })
    }

    /// The parts of the field for passing its structure.
    pub fn scalars(&self) -> Vec<Scalar> {
        let offset = self.byte_offset.max(0) as usize;
        if self.bits != 0 {
            let first = usize::from(self.bit_offset) / 8;
            let last = (usize::from(self.bit_offset) + usize::from(self.bits) - 1) / 8;
            let (offset, size) = (offset + first, last - first + 1);
            return vec![Scalar { offset, size, class: Class::Integer, unaligned: true }];
        }
        info::of_type(self.proto.as_object()).map_or_else(Vec::new, |info| info.passing.scalars_at(offset))
    }

    fn place(&self, data: &CData) -> PyResult<Place<'_>> {
        let size = self.byte_size.max(0) as usize;
        // Any instance can be asked for any field, and a field's type may have become larger since the field was made.
        let needed = info::of_type(self.proto.as_object()).map_or(size, |info| info.size.get().max(size));
        let end = usize::try_from(self.byte_offset).ok().and_then(|offset| offset.checked_add(needed));
        if end.is_none_or(|end| end > data.size()) {
            let name = object::repr(self.name.as_object())?.to_string_lossy().into_owned();
            return Err(exc::type_error(format!("instance has no memory for field {name}")));
        }
        Ok(Place {
            class: &self.proto,
            codec: self.codec,
            index: self.index,
            extent: Extent { size, low: self.bit_offset, bits: self.bits },
            address: data.memory().wrapping_offset(self.byte_offset),
        })
    }
}

fn instance(object: &PyObject) -> PyResult<&CData> {
    object.downcast_ref().ok_or_else(|| exc::type_error("not a ctype instance"))
}

/// How a field of a character array is read and written.
fn string_codec(proto: &PyTypeObject) -> Option<Codec> {
    if !metatype::is::<ArrayType>(proto.as_object()) {
        return None;
    }
    let item = info::of_type(proto.as_object())?.proto.get()?;
    let letter = match info::of_type(&item)?.codec.get()? {
        codec if codec.is(b'c') => b's',
        codec if codec.is(b'u') => b'U',
        _ => return None,
    };
    codes::find(letter).map(|code| Codec { code, swapped: false })
}

/// Size and offset of a bit field.
fn bit_field(
    name: &str,
    class: &PyTypeObject,
    info: &info::Info,
    byte_size: isize,
    bits: &PyObject,
    offset: &PyObject,
) -> PyResult<(u8, u8)> {
    use libffi_sys::{FFI_TYPE_SINT64, FFI_TYPE_UINT8};
    let character = info.codec.get().is_some_and(|codec| codec.is(b'c') || codec.is(b'u'));
    // libffi numbers the integer types in one row.
    if !(FFI_TYPE_UINT8..=FFI_TYPE_SINT64).contains(&info.passing.kind()) || character {
        return Err(exc::type_error(format!("bit fields not allowed for type {}", class.full_name())));
    }
    if byte_size > 100 {
        return Err(exc::value_error(format!("bit field {name} size too large, got {byte_size}")));
    }
    let bits = number::as_isize(bits, Some(exc::OverflowError()))?;
    if !(1..=255).contains(&bits) {
        return Err(exc::value_error(format!("bit size of field {name} out of range, got {bits}")));
    }
    let offset = number::as_isize(offset, Some(exc::OverflowError()))?;
    if !(0..=255).contains(&offset) {
        return Err(exc::value_error(format!("bit offset of field {name} out of range, got {offset}")));
    }
    if bits + offset > byte_size * 8 {
        let room = byte_size * 8;
        return Err(exc::value_error(format!("bit field {name} overflows its type ({offset} + {bits} > {room})")));
    }
    Ok((bits as u8, offset as u8))
}

#[pymethods]
impl CField {
    #[pynew(sig = "(*, name, type, byte_size, byte_offset, index, _internal_use, bit_size=None, bit_offset=None)")]
    fn py_new(
        cls: &PyTypeObject,
        name: &PyStr,
        proto: &PyObject,
        byte_size: isize,
        byte_offset: isize,
        index: isize,
        internal_use: bool,
        bit_size: Option<&PyObject>,
        bit_offset: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        if !internal_use {
            return Err(exc::type_error(format!("cannot create '{}' instances", cls.full_name())));
        }
        let shown = object::repr(name.as_object())?.to_string_lossy().into_owned();
        if byte_size < 0 {
            return Err(exc::value_error(format!("byte size of field {shown} must not be negative, got {byte_size}")));
        }
        let class = proto.downcast_ref::<PyTypeObject>();
        let (Some(class), Some(info)) = (class, info::of_type(proto)) else {
            let text = format!("type of field {shown} must be a C type");
            return Err(exc::type_error(text));
        };
        let size = info.size.get() as isize;
        if byte_size != size {
            return Err(exc::value_error(format!(
                "byte size of field {shown} ({byte_size}) does not match type size ({size})"
            )));
        }
        let (bits, low) = match (bit_size, bit_offset) {
            (Some(bits), offset) => {
                let none = rpy_vm::none();
                bit_field(&shown, class, info, byte_size, bits, offset.unwrap_or(&none))?
            }
            (None, Some(_)) => {
                return Err(exc::value_error(format!("field {shown}: bit_offset must be specified if bit_size is")));
            }
            (None, None) => (0, 0),
        };
        Ok(new_exact(CField {
            ob_base: PyObject::placeholder(),
            byte_offset,
            byte_size,
            index,
            proto: class.to_ref(),
            name: name.to_exact()?,
            codec: string_codec(class),
            bit_offset: low,
            bits,
            anonymous: Cell::new(false),
        })
        .into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let (own, class) = (fully_qualified_name(self.ob_base.ty()), self.proto.full_name());
        let name = object::repr(self.name.as_object())?.to_string_lossy().into_owned();
        let (offset, size) = (self.byte_offset, self.byte_size);
        Ok(if self.bits != 0 {
            let (bits, low) = (self.bits, self.bit_offset);
            format!("<{own} {name} type={class}, ofs={offset}, bit_size={bits}, bit_offset={low}>")
        } else {
            format!("<{own} {name} type={class}, ofs={offset}, size={size}>")
        })
    }

    #[slot]
    fn tp_descr_get(&self, object: Option<&PyObject>, _class: Option<&PyObject>) -> PyResult {
        match object {
            None => Ok(self.to_obj()),
            Some(object) => {
                let data = instance(object)?;
                data::read(data, &self.place(data)?)
            }
        }
    }

    #[slot]
    fn tp_descr_set(&self, object: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        let data = instance(object)?;
        match value {
            Some(value) => data::write(data, &self.place(data)?, value),
            None => Err(exc::type_error("can't delete attribute")),
        }
    }

    /// size in bytes of this field. For bitfields, this is a legacy packed value; use byte_size instead
    #[pygetset]
    fn size(&self) -> isize {
        if self.bits != 0 { isize::from(self.bits) << 16 | isize::from(self.bit_offset) } else { self.byte_size }
    }

    /// offset in bytes of this field. For bitfields: excludes bit_offset.
    #[pygetset(name = "byte_offset")]
    fn byte_offset_(&self) -> isize {
        self.byte_offset
    }

    /// size of this field in bits
    #[pygetset]
    fn bit_size(&self) -> ObjRef {
        match self.bits {
            0 => PyInt::from_i128(self.byte_size as i128 * 8).into_obj(),
            bits => crate::support::int(bits.into()),
        }
    }

    /// true if this is a bitfield
    #[pygetset]
    fn is_bitfield(&self) -> bool {
        self.bits != 0
    }

    /// true if this field is anonymous
    #[pygetset]
    fn is_anonymous(&self) -> bool {
        self.anonymous.get()
    }
}
