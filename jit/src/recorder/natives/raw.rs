//! Subscripts of what holds machine numbers: `bytes`, `bytearray`, `array.array`. Inline: a bound check, a load or store.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;

use super::is_one_of;
use crate::ir::{Access, Class, Inst, Op, Ty, Value, Width};
use crate::recorder::state::Sym;
use crate::recorder::values::Number;
use crate::recorder::{Abort, Done, Recorder};

/// What an element is.
#[derive(Clone, Copy)]
struct Element {
    width: Width,
    float: bool,
    /// The least and greatest values that may be stored, for ints that are less than a word; unsigned words are never negative.
    range: Option<(i64, i64)>,
}

impl Element {
    const BYTE: Element = Element { width: Width::U8, float: false, range: Some((0, 255)) };

    /// By the type code of `array`.
    fn of_code(code: u8) -> Option<Element> {
        let int = |width, low, high| Some(Element { width, float: false, range: Some((low, high)) });
        match code {
            b'b' => int(Width::I8, -128, 127),
            b'B' => int(Width::U8, 0, 255),
            b'h' => int(Width::I16, -32_768, 32_767),
            b'H' => int(Width::U16, 0, 65_535),
            b'i' => int(Width::I32, -(1 << 31), (1 << 31) - 1),
            b'I' => int(Width::U32, 0, (1 << 32) - 1),
            b'l' | b'q' => Some(Element { width: Width::W64, float: false, range: None }),
            b'L' | b'Q' => int(Width::W64, 0, i64::MAX),
            b'f' => Some(Element { width: Width::F32, float: true, range: None }),
            b'd' => Some(Element { width: Width::F64, float: true, range: None }),
            _ => None,
        }
    }
}

/// A place: base, offset, element.
struct Place {
    base: Value,
    offset: usize,
    element: Element,
}

impl Recorder {
    /// The elements of such a container, and how many there are, now and in the trace.
    fn elements(&mut self, object: Value, real: &PyObject) -> Result<Option<(Place, Value, usize)>, Abort> {
        let buffer = |offset| Access::word(Class::Buffer, offset);
        if let Some(bytes) = real.downcast_exact::<PyBytes>() {
            self.guard_type(object, PyBytes::type_object())?;
            let length = self.length(object, Class::Fixed)?;
            let place = Place { base: object, offset: layout::BYTES_DATA, element: Element::BYTE };
            return Ok(Some((place, length, bytes.as_bytes().len())));
        }
        if let Some(bytes) = real.downcast_exact::<PyByteArray>() {
            self.guard_type(object, PyByteArray::type_object())?;
            let length = self.length(object, Class::Buffer)?;
            let base = self.emit(Inst::load(Ty::Ptr, object, buffer(layout::BYTEARRAY_START)))?;
            return Ok(Some((Place { base, offset: 0, element: Element::BYTE }, length, bytes.len())));
        }
        if is_one_of(real, &["array.array"]) {
            // SAFETY: an exact `array`, whose record begins with the type code.
            let (descr, count) = unsafe {
                let word = |offset: usize| *(real.as_ptr() as *const u8).add(offset).cast::<usize>();
                (word(layout::ARRAY_DESCR), word(layout::OB_SIZE))
            };
            // SAFETY: as above.
            let Some(element) = Element::of_code(unsafe { *(descr as *const u8) }) else {
                return Err(Abort("an array of characters"));
            };
            self.guard_type(object, real.ty())?;
            let access = Access::word(Class::Fixed, layout::ARRAY_DESCR);
            let actual = self.emit(Inst::load(Ty::Ptr, object, access))?;
            let expected = self.trace().ptr(descr);
            self.guard(Op::GuardIs, &[actual, expected])?;
            let length = self.length(object, Class::Buffer)?;
            let base = self.emit(Inst::load(Ty::Ptr, object, buffer(layout::ARRAY_ITEMS)))?;
            return Ok(Some((Place { base, offset: 0, element }, length, count)));
        }
        Ok(None)
    }

    /// `container[key]`, or `None` if it is no such container, or the key no int.
    pub(in crate::recorder) fn raw_item(
        &mut self,
        object: Value,
        container: &PyObject,
        key_sym: Sym,
        key: &PyObject,
    ) -> Result<Option<Sym>, Abort> {
        if !PyInt::check_exact(key) && !rpy_vm::types::bool_::is_bool(key) {
            return Ok(None);
        }
        let Some((place, length, count)) = self.elements(object, container)? else { return Ok(None) };
        let index = self.index(key_sym, key)?;
        let index = self.checked_index(index, key, length, count)?;
        let Element { width, float, range } = place.element;
        let class = if PyBytes::check_exact(container) { Class::Fixed } else { Class::Raw };
        let access = Access { class, offset: place.offset as i32, width };
        let ty = if float { Ty::Float } else { Ty::Int };
        let value = self.emit(Inst::load_indexed(ty, place.base, index, access))?;
        if float {
            return Ok(Some(Sym::Float(value)));
        }
        if width == Width::W64 && range.is_some() {
            // Unsigned: as long as it does not look negative.
            let zero = self.trace().int(0);
            let negative = self.op(Op::Lt, &[value, zero])?;
            self.guard(Op::GuardFalse, &[negative])?;
        }
        Ok(Some(Sym::Int(value)))
    }

    /// `container[key] = value`; false if it is no such container.
    pub(in crate::recorder) unsafe fn raw_store(&mut self, at: Registers<'_>) -> Result<bool, Abort> {
        // SAFETY: the real operands: value, container, key.
        let (real_value, container, key) = unsafe { (self.real(at, 3)?, self.real(at, 2)?, self.real(at, 1)?) };
        let mutable = PyByteArray::check_exact(container) || is_one_of(container, &["array.array"]);
        if !mutable || !(PyInt::check_exact(key) || rpy_vm::types::bool_::is_bool(key)) {
            return Ok(false);
        }
        let Sym::Obj { value: object, .. } = self.peek(2)? else { return Ok(false) };
        let Some((place, length, count)) = self.elements(object, container)? else { return Ok(false) };
        let key_sym = self.peek(1)?;
        let index = self.index(key_sym, key)?;
        let index = self.checked_index(index, key, length, count)?;
        let value_sym = self.peek(3)?;
        let Some(number) = self.number(value_sym, real_value)? else { return Err(Abort("a store of no number")) };
        let Element { width, float, range } = place.element;
        let value = match number {
            Number::Float(value) if float => value,
            Number::Int(_) if float => self.float_of(number)?,
            Number::Int(value) => {
                if let Some((low, high)) = range {
                    self.guard_between(value, low, high)?;
                }
                value
            }
            Number::Float(_) => return Err(Abort("a float among ints")),
        };
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, 3)? };
        let access = Access { class: Class::Raw, offset: place.offset as i32, width };
        self.emit(Inst::store_indexed(place.base, index, value, access))?;
        self.conclude(3, ends, None)?;
        Ok(true)
    }

    /// Guards that an int is in a range; statically known ones need no guard.
    pub(in crate::recorder) fn guard_between(&mut self, value: Value, low: i64, high: i64) -> Done {
        let known = self.builder.int_range(value);
        if known.lo >= low && known.hi <= high {
            return Ok(());
        }
        let (least, most) = (self.trace().int(low), self.trace().int(high));
        let fits = self.op(Op::Ge, &[value, least])?;
        self.guard(Op::GuardTrue, &[fits])?;
        if high != i64::MAX {
            let fits = self.op(Op::Le, &[value, most])?;
            self.guard(Op::GuardTrue, &[fits])?;
        }
        Ok(())
    }
}
