//! `for` loops.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::object::refs::PyStruct;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::generator::PyGenerator;
use rpy_vm::types::list::PyList;
use rpy_vm::types::list::iter::PyListIterator;
use rpy_vm::types::range::PyRange;
use rpy_vm::types::range::iterator::PyRangeIterator;
use rpy_vm::types::tuple::{PyTuple, PyTupleIterator};

use super::ends::Release;
use super::special::is_like;
use super::state::{Hold, Sym};
use super::step::{field, is_inline};
use super::{Abort, Done, Recorder};
use crate::ir::call::CallEffect;
use crate::ir::{Access, Class, Inst, Made, Op, Ty, Value};
use crate::runtime::table;

impl Recorder {
    pub(super) unsafe fn for_iter(&mut self, at: Registers<'_>, distance: usize) -> Done {
        // SAFETY: the real iterator.
        let real = unsafe { self.real(at, 1)? };
        let Sym::Obj { value: iterator, .. } = self.peek(1)? else { return Err(Abort("an iterator that is none")) };
        if let Some(range) = real.downcast_exact::<PyRangeIterator>() {
            self.guard_type(iterator, PyRangeIterator::type_object())?;
            return self.range_next(iterator, range);
        }
        if let Some(list) = real.downcast_exact::<PyListIterator>() {
            let Some(real) = list.seq.get() else { return Err(Abort("an iterator that is exhausted")) };
            self.guard_type(iterator, PyListIterator::type_object())?;
            let sequence = self.emit(Inst::load(Ty::Obj, iterator, field(layout::LIST_ITER_SEQ)))?;
            self.guard(Op::GuardNonNull, &[sequence])?;
            let length = self.length(sequence, Class::ListHeader)?;
            if list.index.get() >= real.len() {
                // The reference just taken is one of those counted.
                let shared = real.as_object().refcount() > 2;
                return self.exhaust(iterator, sequence, length, field(layout::LIST_ITER_INDEX), shared);
            }
            let value = self.list_item(iterator, sequence, length)?;
            self.push_obj(value, Hold::Fragile);
            return Ok(());
        }
        if let Some(tuple) = real.downcast_exact::<PyTupleIterator>() {
            let Some(real) = tuple.seq.get() else { return Err(Abort("an iterator that is exhausted")) };
            self.guard_type(iterator, PyTupleIterator::type_object())?;
            let sequence = self.emit(Inst::load(Ty::Obj, iterator, field(layout::TUPLE_ITER_SEQ)))?;
            self.guard(Op::GuardNonNull, &[sequence])?;
            let length = self.length(sequence, Class::Fixed)?;
            if tuple.index.get() >= real.len() {
                let shared = real.as_object().refcount() > 2 || real.as_object().is_immortal();
                return self.exhaust(iterator, sequence, length, field(layout::TUPLE_ITER_INDEX), shared);
            }
            let index = self.next_index(iterator, length, layout::TUPLE_ITER_INDEX)?;
            let access = Access::word(Class::Fixed, layout::TUPLE_ITEMS);
            let value = self.emit(Inst::load_indexed(Ty::Obj, sequence, index, access))?;
            self.push_obj(value, Hold::Fragile);
            return Ok(());
        }
        if let Some(generator) = real.downcast_exact::<PyGenerator>() {
            // SAFETY: passed on.
            return unsafe { self.resume_generator(at, iterator, generator, distance) };
        }
        if self.array_next(iterator, real)? {
            return Ok(());
        }
        if is_inline(real) {
            return self.inline_next(iterator, real);
        }
        self.native_next(iterator, real)
    }

    /// The next item of a list's iterator.
    fn list_item(&mut self, iterator: Value, list: Value, length: Value) -> Result<Value, Abort> {
        let index = self.next_index(iterator, length, layout::LIST_ITER_INDEX)?;
        self.list_item_at(list, index)
    }

    fn range_next(&mut self, iterator: Value, real: &PyRangeIterator) -> Done {
        let left = self.emit(Inst::load(Ty::Int, iterator, field(layout::RANGE_LEFT)))?;
        let zero = self.trace().int(0);
        let some = self.op(Op::Gt, &[left, zero])?;
        if real.peek_i64().is_none() {
            // The iterator stays on the stack: `POP_ITER` comes next.
            self.guard(Op::GuardFalse, &[some])?;
            return Ok(());
        }
        self.guard(Op::GuardTrue, &[some])?;
        let value = self.emit(Inst::load(Ty::Int, iterator, field(layout::RANGE_NEXT)))?;
        let mut step = self.emit(Inst::load(Ty::Int, iterator, field(layout::RANGE_STEP)))?;
        let one = self.trace().int(1);
        // SAFETY: the field of a live iterator.
        if unsafe { real.as_object().as_ptr().cast::<u8>().add(layout::RANGE_STEP).cast::<i64>().read() } == 1 {
            self.guard(Op::GuardIs, &[step, one])?;
            step = one;
        }
        let next = self.op(Op::Add, &[value, step])?;
        self.emit(Inst::store(iterator, next, field(layout::RANGE_NEXT)))?;
        let left = self.op(Op::Sub, &[left, one])?;
        self.emit(Inst::store(iterator, left, field(layout::RANGE_LEFT)))?;
        self.push(Sym::Int(value));
        Ok(())
    }

    /// The end of an iteration over a sequence, which the iterator lets go of.
    pub(super) fn exhaust(
        &mut self,
        iterator: Value,
        sequence: Value,
        length: Value,
        index: Access,
        shared: bool,
    ) -> Done {
        let index = self.emit(Inst::load(Ty::Int, iterator, index))?;
        let some = self.op(Op::Ult, &[index, length])?;
        self.guard(Op::GuardFalse, &[some])?;
        if shared {
            self.guard(Op::GuardShared, &[sequence])?;
        }
        let null = self.nothing;
        self.disturb()?;
        self.emit(Inst::store(iterator, null, field(layout::LIST_ITER_SEQ)))?;
        self.release(if shared { Release::Shared(sequence) } else { Release::Last(sequence) })
    }

    /// `iter(x)` of lists, tuples and ranges.
    pub(super) unsafe fn get_iter(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Sym::Obj { value, .. } = self.peek(1)? else { return Err(Abort("iteration over a number")) };
        let like = |base: &PyTypeObject| is_like(real, base, &[rpy_vm::intern!("__iter__")]);
        let callee = if like(PyList::type_object()) {
            table::LIST_ITER
        } else if like(PyTuple::type_object()) {
            table::TUPLE_ITER
        } else if PyRange::check_exact(real) {
            if let Some((start, stop)) = self.bounds_of(value) {
                return self.iterate_between(real, start, stop);
            }
            table::RANGE_ITER
        } else if PyRangeIterator::check_exact(real)
            || PyListIterator::check_exact(real)
            || PyTupleIterator::check_exact(real)
            || PyGenerator::check_exact(real)
        {
            return self.guard_type(value, real.ty());
        } else {
            // SAFETY: passed on.
            return unsafe { if self.special_iter(at, real)? { Ok(()) } else { self.native_iter(at, real) } };
        };
        self.guard_type(value, real.ty())?;
        self.guard_version_if_heap(real.ty())?;
        let raw = self.peek_raw(1)?;
        let release = self.expect_release(raw, real)?;
        let iterator = self.call_runtime(callee, &[value])?;
        self.pop()?;
        self.push_obj(iterator, Hold::Owned);
        self.release(release)
    }

    /// The bounds of a range that the trace has made.
    fn bounds_of(&self, range: Value) -> Option<(Value, Value)> {
        let trace = &self.builder.trace;
        let made = &trace.insts[range.inst()?];
        let is_range = trace.call(made.call?).effect == CallEffect::New(Made::Range);
        is_range.then(|| (made.args[0], made.args[1]))
    }

    /// `iter(x)` of such a range, which need not exist.
    fn iterate_between(&mut self, real: &PyObject, start: Value, stop: Value) -> Done {
        let raw = self.peek_raw(1)?;
        let release = self.expect_release(raw, real)?;
        let distance = self.guard(Op::SubOvf, &[stop, start])?;
        let zero = self.trace().int(0);
        let count = self.op(Op::Max, &[distance, zero])?;
        let iterator = self.op(Op::RangeIter, &[start, count])?;
        self.pop()?;
        self.push_obj(iterator, Hold::Owned);
        self.release(release)
    }

    /// The position of a sequence's iterator, which moves on; guarded to be below the length.
    fn next_index(&mut self, iterator: Value, length: Value, offset: usize) -> Result<Value, Abort> {
        let (index, next) = self.next_place(iterator, length, offset)?;
        self.emit(Inst::store(iterator, next, field(offset)))?;
        Ok(index)
    }
}
