//! Elements of arrays: subscripts by integers, stores, iteration, `len` and attributes.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout as vm_layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::iter::PySequenceIterator;
use rpy_vm::types::tuple::PyTuple;

use crate::ir::{Access, Class, Inst, Op, Scalar, Ty, Value, Width};
use crate::numpy::layout;
use crate::numpy::scalars::{self, Real};
use crate::recorder::ends::Ends;
use crate::recorder::state::{Hold, Sym};
use crate::recorder::values::Number;
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::table;

/// The end of an iteration is common to all iterators over sequences.
const _: () = assert!(vm_layout::SEQUENCE_ITER_SEQ == vm_layout::LIST_ITER_SEQ);

/// Indices that are taken as one: `a[i, j, k]`.
const MOST_INDICES: usize = 4;

/// A real array's header.
#[derive(Clone, Copy)]
pub(super) struct Header<'a> {
    pub object: &'a PyObject,
    pub scalar: Scalar,
    pub ndim: usize,
    pub flags: u32,
}

impl<'a> Header<'a> {
    /// Of an array that is understood.
    pub fn of(object: &'a PyObject) -> Option<Header<'a>> {
        let numpy = crate::numpy::see(object.ty())?;
        if !numpy.is_array(object) {
            return None;
        }
        let base = object.as_ptr() as *const u8;
        // SAFETY: the fields of an array.
        unsafe {
            let scalar = numpy.scalar_of_dtype(*(base.add(layout::ARRAY_DTYPE) as *const usize))?;
            let ndim = *(base.add(layout::ARRAY_NDIM) as *const u32) as usize;
            let flags = *(base.add(layout::ARRAY_FLAGS) as *const u32);
            (flags & layout::FLAG_ALIGNED != 0).then_some(Header { object, scalar, ndim, flags })
        }
    }

    fn word(&self, array: usize, axis: usize) -> isize {
        // SAFETY: shape and strides have as many words as there are axes.
        unsafe {
            let words = *(self.object.as_ptr().cast::<u8>().add(array) as *const *const isize);
            *words.add(axis)
        }
    }

    pub fn length(&self, axis: usize) -> isize {
        self.word(layout::ARRAY_SHAPE, axis)
    }

    fn stride(&self, axis: usize) -> isize {
        self.word(layout::ARRAY_STRIDES, axis)
    }
}

/// The field of an array's header.
const fn field(offset: usize, width: Width) -> Access {
    Access { class: Class::Array, offset: offset as i32, width }
}

/// An index, and what it is this time.
#[derive(Clone, Copy)]
struct Index {
    value: Value,
    real: isize,
}

/// Where an element is: a base address and an index, or the address alone.
struct Place {
    base: Value,
    index: Option<Value>,
}

/// The integer that an object is, if it may be an index.
fn real_index(object: &PyObject) -> Option<isize> {
    if let Some(int) = object.downcast_exact::<PyInt>() {
        return int.medium_value().map(|value| value as isize);
    }
    let scalar = crate::numpy::see(object.ty())?.scalar_of(object.ty()).filter(|s| s.is_int())?;
    // SAFETY: a scalar of that type.
    match unsafe { scalars::value(object, scalar) } {
        Real::Int(value) => Some(value as isize),
        Real::Float(_) => None,
    }
}

impl Recorder {
    /// Guards that an object is an array as the real one: of the same dtype, with as many axes, aligned (and writeable).
    pub(super) fn guard_array(&mut self, object: Value, header: &Header<'_>, write: bool) -> Done {
        self.guard_type(object, header.object.ty())?;
        let dtype = self.emit(Inst::load(Ty::Ptr, object, field(layout::ARRAY_DTYPE, Width::W64)))?;
        let dtypes = crate::numpy::known().ok_or(Abort("no numpy"))?.dtypes;
        let expected = self.trace().ptr(dtypes[header.scalar as usize]);
        self.guard(Op::GuardIs, &[dtype, expected])?;
        let ndim = self.emit(Inst::load(Ty::Int, object, field(layout::ARRAY_NDIM, Width::U32)))?;
        let expected = self.trace().int(header.ndim as i64);
        self.guard(Op::GuardIs, &[ndim, expected])?;
        let wanted = if write { layout::FLAG_ALIGNED | layout::FLAG_WRITEABLE } else { layout::FLAG_ALIGNED };
        let mask = if write { wanted | layout::FLAG_WARN_ON_WRITE } else { wanted };
        if header.flags & mask != wanted {
            return Err(Abort("an array that is not writeable"));
        }
        let flags = self.emit(Inst::load(Ty::Int, object, field(layout::ARRAY_FLAGS, Width::U32)))?;
        let (mask, wanted) = (self.trace().int(i64::from(mask)), self.trace().int(i64::from(wanted)));
        let flags = self.op(Op::And, &[flags, mask])?;
        self.guard(Op::GuardIs, &[flags, wanted])?;
        Ok(())
    }

    /// The word of an axis: its length, or its stride.
    fn axis_word(&mut self, object: Value, array: usize, axis: usize) -> Result<Value, Abort> {
        let words = self.emit(Inst::load(Ty::Ptr, object, field(array, Width::W64)))?;
        self.emit(Inst::load(Ty::Int, words, field(8 * axis, Width::W64)))
    }

    /// The place of an element of a guarded array, whose indices are checked. What the indices are this time, counted from the start, is
    /// put into `real`.
    fn element(
        &mut self,
        object: Value,
        header: &Header<'_>,
        indices: &[Index],
        real: &mut Vec<isize>,
    ) -> Result<Place, Abort> {
        let mut checked = Vec::with_capacity(indices.len());
        for (axis, index) in indices.iter().enumerate() {
            let length = self.axis_word(object, layout::ARRAY_SHAPE, axis)?;
            let (mut value, mut position) = (index.value, index.real);
            if position < 0 {
                let zero = self.trace().int(0);
                let negative = self.op(Op::Lt, &[value, zero])?;
                self.guard(Op::GuardTrue, &[negative])?;
                value = self.op(Op::Add, &[value, length])?;
                position += header.length(axis);
            }
            if position < 0 || position >= header.length(axis) {
                return Err(Abort("an index out of range"));
            }
            let fits = self.op(Op::Ult, &[value, length])?;
            self.guard(Op::GuardTrue, &[fits])?;
            checked.push(value);
            real.push(position);
        }
        let mut base = self.emit(Inst::load(Ty::Ptr, object, field(layout::ARRAY_DATA, Width::W64)))?;
        let mut last = None;
        for (axis, &index) in checked.iter().enumerate() {
            let stride = self.axis_word(object, layout::ARRAY_STRIDES, axis)?;
            let size = header.scalar.width().bytes();
            if axis + 1 == checked.len() && header.stride(axis) == size as isize {
                let expected = self.trace().int(size as i64);
                self.guard(Op::GuardIs, &[stride, expected])?;
                last = Some(index);
            } else {
                let bytes = self.op(Op::Mul, &[index, stride])?;
                base = self.op(Op::Offset, &[base, bytes])?;
            }
        }
        Ok(Place { base, index: last })
    }

    /// The value at a place.
    fn load_element(&mut self, place: &Place, scalar: Scalar) -> Result<Value, Abort> {
        let access = Access { class: Class::Raw, offset: 0, width: scalar.width() };
        let ty = if scalar == Scalar::Bool { Ty::Int } else { scalar.ty() };
        let value = match place.index {
            Some(index) => self.emit(Inst::load_indexed(ty, place.base, index, access))?,
            None => self.emit(Inst::load(ty, place.base, access))?,
        };
        if scalar != Scalar::Bool {
            return Ok(value);
        }
        // Any other byte than 0 is true.
        let zero = self.trace().int(0);
        self.op(Op::Ne, &[value, zero])
    }

    fn index_of(&mut self, sym: Sym, real: &PyObject) -> Result<Index, Abort> {
        let Some(position) = real_index(real) else {
            return Err(self.abort_on("an index of an array of type", real));
        };
        match self.number_like(sym, real)? {
            Some(Number::Int(value)) => Ok(Index { value, real: position }),
            _ => Err(Abort("an index of an array")),
        }
    }

    /// The indices that a key is: an integer, or a tuple of integers.
    fn indices(&mut self, sym: Sym, key: &PyObject) -> Result<Vec<Index>, Abort> {
        let Some(tuple) = key.downcast_exact::<PyTuple>() else {
            return Ok(vec![self.index_of(sym, key)?]);
        };
        let Sym::Obj { value, .. } = sym else { return Err(Abort("a key that is no object")) };
        self.guard_type(value, PyTuple::type_object())?;
        if !value.is_const() {
            self.guard_size(value, Class::Fixed, tuple.len())?;
        }
        let mut indices = Vec::with_capacity(tuple.len());
        for (i, item) in tuple.items().iter().enumerate() {
            let item: &PyObject = item;
            let sym = if value.is_const() {
                self.constant_sym(item)
            } else {
                let access = Access::word(Class::Fixed, vm_layout::TUPLE_ITEMS + 8 * i);
                let value = self.emit(Inst::load(Ty::Obj, value, access))?;
                Sym::Obj { value, hold: Hold::Fragile }
            };
            indices.push(self.index_of(sym, item)?);
        }
        Ok(indices)
    }

    /// `array[key]`, of all indices. False if the container is no array that is understood.
    pub(in crate::recorder) unsafe fn array_subscript(&mut self, at: Registers<'_>) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let Some(header) = Header::of(container) else { return Ok(false) };
        // A key that was not put together is as many words.
        let words = self.unbuilt.map_or(1, |count| count as usize);
        let Sym::Obj { value: object, .. } = self.peek(words + 1)? else { return Ok(false) };
        if self.array_part(object, &header, key)? {
            return Ok(true);
        }
        let indices = self.key(key)?;
        if let [index] = indices[..]
            && header.ndim > 1
        {
            return self.part(object, &header, index, key);
        }
        if indices.len() != header.ndim {
            return Err(Abort("a part of an array"));
        }
        self.guard_array(object, &header, false)?;
        let mut position = Vec::new();
        let place = self.element(object, &header, &indices, &mut position)?;
        let value = self.load_element(&place, header.scalar)?;
        let ends = self.expect_end_of_key(key, words, container)?;
        for _ in 0..=words {
            self.pop()?;
        }
        self.push(Sym::Scalar(header.scalar, value));
        self.release_all(ends)?;
        Ok(true)
    }

    /// `array[i]` of an array with several axes, a view.
    fn part(&mut self, object: Value, header: &Header<'_>, index: Index, key: &PyObject) -> Result<bool, Abort> {
        if index.real < -header.length(0) || index.real >= header.length(0) {
            return Err(Abort("an index out of range"));
        }
        self.guard_array(object, header, false)?;
        let ends = self.expect_end_of_key(key, 1, header.object)?;
        let view = self.attempt(table::ARRAY_ITEM, &[object, index.value])?;
        self.pop()?;
        self.pop()?;
        self.push_obj(view, Hold::Owned);
        self.release_all(ends)?;
        Ok(true)
    }

    /// The indices on top of the stack, which were put together as `key`, or would have been.
    fn key(&mut self, key: &PyObject) -> Result<Vec<Index>, Abort> {
        let Some(count) = self.unbuilt else {
            let sym = self.peek(1)?;
            return self.indices(sym, key);
        };
        let Some(tuple) = key.downcast_exact::<PyTuple>() else { return Err(Abort("a key that is no tuple")) };
        let mut indices = Vec::with_capacity(count as usize);
        for (i, item) in tuple.items().iter().enumerate() {
            let sym = self.peek(count as usize - i)?;
            indices.push(self.index_of(sym, item)?);
        }
        Ok(indices)
    }

    /// How the words of a key, and the container below them, end.
    pub(super) fn expect_end_of_key(
        &mut self,
        key: &PyObject,
        words: usize,
        container: &PyObject,
    ) -> Result<Ends, Abort> {
        let mut ends = Ends::default();
        for n in 1..=words {
            let raw = self.peek_raw(n)?;
            let real = match (self.unbuilt, key.downcast_exact::<PyTuple>()) {
                (Some(_), Some(tuple)) => tuple.items()[words - n],
                _ => key,
            };
            self.expect_end(&mut ends, raw, real)?;
        }
        let raw = self.peek_raw(words + 1)?;
        self.expect_end(&mut ends, raw, container)?;
        Ok(ends)
    }

    /// `array[key] = value`. False if the container is no array that is understood.
    pub(in crate::recorder) unsafe fn array_store(&mut self, at: Registers<'_>) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (stored, container, key) = unsafe { (self.real(at, 3)?, self.real(at, 2)?, self.real(at, 1)?) };
        let Some(header) = Header::of(container) else { return Ok(false) };
        let words = self.unbuilt.map_or(1, |count| count as usize);
        let Sym::Obj { value: object, .. } = self.peek(words + 1)? else { return Ok(false) };
        if self.store_part(object, &header, key)? {
            return Ok(true);
        }
        let indices = self.key(key)?;
        if indices.len() != header.ndim {
            return Err(Abort("a store into a part of an array"));
        }
        let sym = self.peek(words + 2)?;
        let Some(operand) = self.operand(sym, stored)? else {
            return Err(self.abort_on("a store into an array of", stored));
        };
        self.guard_array(object, &header, true)?;
        let value = self.convert(operand, header.scalar)?;
        let mut position = Vec::new();
        let place = self.element(object, &header, &indices, &mut position)?;
        let mut ends = self.expect_end_of_key(key, words, container)?;
        let raw = self.peek_raw(words + 2)?;
        self.expect_end(&mut ends, raw, stored)?;
        for _ in 0..words + 2 {
            self.pop()?;
        }
        let access = Access { class: Class::Raw, offset: 0, width: header.scalar.width() };
        match place.index {
            Some(index) => self.emit(Inst::store_indexed(place.base, index, value, access))?,
            None => self.emit(Inst::store(place.base, value, access))?,
        };
        self.release_all(ends)?;
        Ok(true)
    }

    /// `BUILD_TUPLE` before a subscript of an array: the tuple is not made, and the words stay on the stack. Should the trace end, the
    /// interpreter makes it. True if it is so.
    pub(in crate::recorder) unsafe fn leave_unbuilt(&mut self, at: Registers<'_>, count: usize) -> bool {
        use rpy_vm::interp::opcode::{self, BINARY_OP, STORE_SUBSCR};
        // SAFETY: an instruction follows; words on the real stack.
        unsafe {
            let next = *at.instr.add(1);
            let subscript = match opcode::BASE[(next & 0xff) as usize] {
                BINARY_OP => (next >> 8) as usize == crate::recorder::arith::operator::SUBSCRIPT,
                STORE_SUBSCR => true,
                _ => false,
            };
            if !subscript || !(2..=MOST_INDICES).contains(&count) || self.prefixed {
                return false;
            }
            let Ok(container) = self.real(at, count + 1) else { return false };
            let Some(header) = Header::of(container) else { return false };
            let integers = (1..=count).all(|n| self.real(at, n).is_ok_and(|key| real_index(key).is_some()));
            // What lies in memory is lifted by the instruction that takes it, which here is another one.
            let mut in_memory = |n: usize| matches!(self.peek_raw(n), Ok(Sym::Memory));
            if header.ndim != count || !integers || in_memory(count + 1) || in_memory(count + 2) {
                return false;
            }
        }
        self.unbuilt = Some(count as u8);
        true
    }

    /// `for x in array`: scalars, or views. False if the iterator is not over an array that is understood.
    pub(in crate::recorder) fn array_next(&mut self, iterator: Value, real: &PyObject) -> Result<bool, Abort> {
        let Some(sequence) = real.downcast_exact::<PySequenceIterator>() else { return Ok(false) };
        let Some(array) = sequence.seq.get() else { return Ok(false) };
        let array: &PyObject = &array;
        let Some(header) = Header::of(array) else { return Ok(false) };
        if header.ndim == 0 {
            return Ok(false);
        }
        let at = |offset| Access::word(Class::Iterator, offset);
        self.guard_type(iterator, PySequenceIterator::type_object())?;
        let object = self.emit(Inst::load(Ty::Obj, iterator, at(vm_layout::SEQUENCE_ITER_SEQ)))?;
        self.guard(Op::GuardNonNull, &[object])?;
        self.guard_array(object, &header, false)?;
        let length = self.axis_word(object, layout::ARRAY_SHAPE, 0)?;
        if sequence.index.get() >= header.length(0) {
            // The reference just taken is one of those counted.
            let shared = array.refcount() > 2;
            self.exhaust(iterator, object, length, at(vm_layout::SEQUENCE_ITER_INDEX), shared)?;
            return Ok(true);
        }
        let position = sequence.index.get();
        let index = self.emit(Inst::load(Ty::Int, iterator, at(vm_layout::SEQUENCE_ITER_INDEX)))?;
        let item = if header.ndim == 1 {
            let mut real = Vec::new();
            let place = self.element(object, &header, &[Index { value: index, real: position }], &mut real)?;
            Sym::Scalar(header.scalar, self.load_element(&place, header.scalar)?)
        } else {
            let fits = self.op(Op::Ult, &[index, length])?;
            self.guard(Op::GuardTrue, &[fits])?;
            let value = self.attempt(table::ARRAY_ITEM, &[object, index])?;
            Sym::Obj { value, hold: Hold::Owned }
        };
        let one = self.trace().int(1);
        let next = self.op(Op::Add, &[index, one])?;
        self.emit(Inst::store(iterator, next, at(vm_layout::SEQUENCE_ITER_INDEX)))?;
        self.push(item);
        Ok(true)
    }

    /// Guards that an iterator is one over an array that is understood, so that what it yields is made without Python code. False if it
    /// is not.
    pub(in crate::recorder) fn guard_array_iterator(
        &mut self,
        iterator: Value,
        real: &PyObject,
    ) -> Result<bool, Abort> {
        let Some(sequence) = real.downcast_exact::<PySequenceIterator>() else { return Ok(false) };
        let Some(array) = sequence.seq.get() else { return Ok(false) };
        let Some(header) = Header::of(&array).filter(|header| header.ndim > 0) else { return Ok(false) };
        self.guard_type(iterator, PySequenceIterator::type_object())?;
        let at = Access::word(Class::Iterator, vm_layout::SEQUENCE_ITER_SEQ);
        let object = self.emit(Inst::load(Ty::Obj, iterator, at))?;
        self.guard(Op::GuardNonNull, &[object])?;
        self.guard_array(object, &header, false)?;
        Ok(true)
    }

    /// `len(array)`. `None` if it is no array that is understood.
    pub(in crate::recorder) fn array_length(&mut self, object: Value, real: &PyObject) -> Result<Option<Value>, Abort> {
        match Header::of(real) {
            Some(header) if header.ndim > 0 => {
                self.guard_array(object, &header, false)?;
                self.axis_word(object, layout::ARRAY_SHAPE, 0).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// `array.size` and `array.ndim`. `None` if it is another attribute.
    pub(in crate::recorder) fn array_attribute(
        &mut self,
        object: Value,
        real: &PyObject,
        name: &str,
    ) -> Result<Option<Sym>, Abort> {
        let Some(header) = Header::of(real) else { return Ok(None) };
        if !matches!(name, "size" | "ndim") {
            return Ok(None);
        }
        self.guard_array(object, &header, false)?;
        if name == "ndim" {
            return Ok(Some(Sym::Int(self.trace().int(header.ndim as i64))));
        }
        let mut size = self.trace().int(1);
        for axis in 0..header.ndim {
            let length = self.axis_word(object, layout::ARRAY_SHAPE, axis)?;
            size = self.op(Op::Mul, &[size, length])?;
        }
        Ok(Some(Sym::Int(size)))
    }

    /// Is it an iterator that yields what a native loop may take, without Python code: over an array of scalars?
    pub(in crate::recorder) fn is_array_iterable(real: &PyObject) -> bool {
        Header::of(real).is_some_and(|header| header.ndim > 0)
    }
}
