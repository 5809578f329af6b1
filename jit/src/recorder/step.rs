//! Steps of iterators that are inline: those of lists, tuples and ranges, and of `enumerate` and `zip` of such.
//!
//! A step is looked at first, as a whole, since all guards come before the first effect: nothing has moved if one of several has
//! no further item. The tuples that `enumerate` and `zip` yield need not exist if they are taken apart at once.

use rpy_vm::builtins::iterators::PyZip;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::iter::enumerate::PyEnumerate;
use rpy_vm::types::list::iter::PyListIterator;
use rpy_vm::types::range::iterator::PyRangeIterator;
use rpy_vm::types::tuple::PyTupleIterator;

use super::state::Hold;
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, Inst, Op, Ty, Value};
use crate::runtime::table;

/// How many iterators a `zip` may have.
const MOST_ZIPPED: usize = 4;

pub(super) const fn field(offset: usize) -> Access {
    Access::word(Class::Iterator, offset)
}

/// Where `enumerate` keeps the next count, and the larger one that may take its place: around the iterator (its layout is C's).
const COUNT: usize = PyEnumerate::INNER_OFFSET - 8;
const LARGE_COUNT: usize = PyEnumerate::INNER_OFFSET + 8;

/// What an iterator yields.
pub(super) enum Item {
    /// An object that its container keeps.
    Borrowed(Value),
    Number(Value),
    Pack(Vec<Item>),
}

/// A field of an iterator that changes when it moves on: the iterator, the new content, and where.
type Move = (Value, Value, usize);

/// Is it an iterator of a list, tuple or range that has a further item?
fn is_leaf(real: &PyObject) -> bool {
    if let Some(list) = real.downcast_exact::<PyListIterator>() {
        return list.seq.peek().is_some_and(|items| list.index.get() < items.len());
    }
    if let Some(tuple) = real.downcast_exact::<PyTupleIterator>() {
        return tuple.seq.peek().is_some_and(|items| tuple.index.get() < items.len());
    }
    real.downcast_exact::<PyRangeIterator>().is_some_and(|range| range.peek_i64().is_some())
}

/// Is it an `enumerate` or `zip` whose step is inline, and has it a further item?
pub(super) fn is_inline(real: &PyObject) -> bool {
    if let Some(enumerate) = real.downcast_exact::<PyEnumerate>() {
        return enumerate.inner().is_some_and(|inner| is_leaf(inner) || is_inline(inner));
    }
    let Some(zip) = real.downcast_exact::<PyZip>() else { return false };
    let inner = zip.inner().items();
    // An iterator that is there twice moves on in between.
    let differ = || inner.iter().enumerate().all(|(i, a)| inner[..i].iter().all(|b| !a.is(b)));
    (1..=MOST_ZIPPED).contains(&inner.len()) && inner.iter().all(|inner| is_leaf(inner)) && differ()
}

impl Recorder {
    /// `FOR_ITER` of an `enumerate` or `zip` that [`is_inline`].
    pub(super) fn inline_next(&mut self, iterator: Value, real: &PyObject) -> Done {
        let mut moves = Vec::new();
        let item = self.look(iterator, real, &mut moves)?;
        for (iterator, next, offset) in moves {
            self.emit(Inst::store(iterator, next, field(offset)))?;
        }
        let item = self.owned_item(item)?;
        self.push_obj(item, Hold::Owned);
        Ok(())
    }

    /// An item as an object that is owned.
    fn owned_item(&mut self, item: Item) -> Result<Value, Abort> {
        Ok(match item {
            Item::Borrowed(value) => {
                self.op(Op::Incref, &[value])?;
                value
            }
            Item::Number(number) => self.op(Op::BoxInt, &[number])?,
            Item::Pack(items) => {
                let items = items.into_iter().map(|item| self.owned_item(item)).collect::<Result<Vec<_>, _>>()?;
                let callee = match items.len() {
                    1 => table::NEW_TUPLE1,
                    2 => table::NEW_TUPLE2,
                    3 => table::NEW_TUPLE3,
                    4 => table::NEW_TUPLE4,
                    _ => return Err(Abort("a tuple of many items")),
                };
                self.call_runtime(callee, &items)?
            }
        })
    }

    /// What the iterator yields next, guarded; and how it will have moved then.
    fn look(&mut self, iterator: Value, real: &PyObject, moves: &mut Vec<Move>) -> Result<Item, Abort> {
        self.guard_type(iterator, real.ty())?;
        if let Some(enumerate) = real.downcast_exact::<PyEnumerate>()
            && let Some(real) = enumerate.inner()
        {
            // The count is that of machine integers, while there is no larger one.
            let large = self.emit(Inst::load(Ty::Obj, iterator, field(LARGE_COUNT)))?;
            let nothing = self.nothing;
            self.guard(Op::GuardIs, &[large, nothing])?;
            let count = self.emit(Inst::load(Ty::Int, iterator, field(COUNT)))?;
            let one = self.trace().int(1);
            let next = self.guard(Op::AddOvf, &[count, one])?;
            let inner = self.emit(Inst::load(Ty::Obj, iterator, field(PyEnumerate::INNER_OFFSET)))?;
            self.guard(Op::GuardNonNull, &[inner])?;
            let item = self.look(inner, real, moves)?;
            moves.push((iterator, next, COUNT));
            return Ok(Item::Pack(vec![Item::Number(count), item]));
        }
        if let Some(zip) = real.downcast_exact::<PyZip>() {
            return self.look_at_several(iterator, zip, moves);
        }
        if real.downcast_exact::<PyRangeIterator>().is_some() {
            let left = self.emit(Inst::load(Ty::Int, iterator, field(layout::RANGE_LEFT)))?;
            let (zero, one) = (self.trace().int(0), self.trace().int(1));
            let some = self.op(Op::Gt, &[left, zero])?;
            self.guard(Op::GuardTrue, &[some])?;
            let value = self.emit(Inst::load(Ty::Int, iterator, field(layout::RANGE_NEXT)))?;
            let step = self.emit(Inst::load(Ty::Int, iterator, field(layout::RANGE_STEP)))?;
            moves.push((iterator, self.op(Op::Add, &[value, step])?, layout::RANGE_NEXT));
            moves.push((iterator, self.op(Op::Sub, &[left, one])?, layout::RANGE_LEFT));
            return Ok(Item::Number(value));
        }
        let (sequence, index, class) = if PyListIterator::check_exact(real) {
            (layout::LIST_ITER_SEQ, layout::LIST_ITER_INDEX, Class::ListHeader)
        } else {
            (layout::TUPLE_ITER_SEQ, layout::TUPLE_ITER_INDEX, Class::Fixed)
        };
        let items = self.emit(Inst::load(Ty::Obj, iterator, field(sequence)))?;
        self.guard(Op::GuardNonNull, &[items])?;
        let length = self.length(items, class)?;
        let (at, next) = self.next_place(iterator, length, index)?;
        moves.push((iterator, next, index));
        if class == Class::Fixed {
            let access = Access::word(class, layout::TUPLE_ITEMS);
            return self.emit(Inst::load_indexed(Ty::Obj, items, at, access)).map(Item::Borrowed);
        }
        self.list_item_at(items, at).map(Item::Borrowed)
    }

    /// What a `zip` yields next.
    fn look_at_several(&mut self, iterator: Value, zip: &PyZip, moves: &mut Vec<Move>) -> Result<Item, Abort> {
        let inner = self.emit(Inst::load(Ty::Obj, iterator, Access::word(Class::Fixed, PyZip::INNER_OFFSET)))?;
        self.guard_size(inner, Class::Fixed, zip.inner().len())?;
        let mut iterators: Vec<Value> = Vec::new();
        let mut items = Vec::new();
        for (i, real) in zip.inner().items().iter().enumerate() {
            let access = Access::word(Class::Fixed, layout::TUPLE_ITEMS + 8 * i);
            let value = self.emit(Inst::load(Ty::Obj, inner, access))?;
            for &other in &iterators {
                let same = self.op(Op::Is, &[value, other])?;
                self.guard(Op::GuardFalse, &[same])?;
            }
            iterators.push(value);
            items.push(self.look(value, real, moves)?);
        }
        Ok(Item::Pack(items))
    }

    /// The position of a sequence's iterator, guarded to be below the length, and the one after it.
    pub(super) fn next_place(
        &mut self,
        iterator: Value,
        length: Value,
        offset: usize,
    ) -> Result<(Value, Value), Abort> {
        let index = self.emit(Inst::load(Ty::Int, iterator, field(offset)))?;
        let some = self.op(Op::Ult, &[index, length])?;
        self.guard(Op::GuardTrue, &[some])?;
        let one = self.trace().int(1);
        Ok((index, self.op(Op::Add, &[index, one])?))
    }

    /// An item of a list at an index in range.
    pub(super) fn list_item_at(&mut self, list: Value, index: Value) -> Result<Value, Abort> {
        let items = Access::word(Class::ListHeader, layout::LIST_ITEMS);
        let items = self.emit(Inst::load(Ty::Ptr, list, items))?;
        self.emit(Inst::load_indexed(Ty::Obj, items, index, Access::word(Class::ListItem, 0)))
    }
}
