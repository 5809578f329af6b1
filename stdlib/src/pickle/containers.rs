//! Writing tuples, lists, dicts and sets. Items go in batches, so that a reader's stack stays small.

use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::PyList;
use rpy_vm::types::set::{PyFrozenSet, PySet};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, exc, intern};

use super::opcode::Op;
use super::save::{Saver, serializing};

/// Items between a mark and the instruction that takes them.
const BATCH: usize = 1000;

impl Saver<'_> {
    /// Writes an item of a sequence.
    #[inline]
    fn save_item(&mut self, item: &PyObject, owner: &PyObject, index: usize) -> PyResult<()> {
        self.save(item).map_err(|e| serializing(e, owner, &format!("item {index}")))
    }

    /// Writes a key and its value.
    #[inline]
    fn save_pair(&mut self, key: &PyObject, value: &PyObject, owner: &PyObject) -> PyResult<()> {
        self.save(key)?;
        self.save(value).map_err(|e| match protocol::repr(key) {
            Ok(key) => serializing(e, owner, &format!("item {}", key.to_string_lossy())),
            Err(_) => e,
        })
    }

    pub fn save_tuple(&mut self, tuple: &PyTuple) -> PyResult<()> {
        let object = tuple.as_object();
        let items = tuple.items();
        if items.is_empty() {
            if self.protocol == 0 {
                self.out.op(Op::Mark);
                self.out.op(Op::Tuple);
            } else {
                self.out.op(Op::EmptyTuple);
            }
            return Ok(());
        }
        let short = match items.len() {
            1 => Some(Op::Tuple1),
            2 => Some(Op::Tuple2),
            3 => Some(Op::Tuple3),
            _ => None,
        };
        let short = short.filter(|_| self.protocol >= 2);
        if short.is_none() {
            self.out.op(Op::Mark);
        }
        for (i, item) in items.iter().enumerate() {
            self.save_item(item, object, i)?;
        }
        if self.in_memo(object) {
            // The tuple contains itself and was finished further in: drop the items, take that one.
            let pops = if short.is_some() { items.len() } else { items.len() + 1 };
            if short.is_none() && self.bin() {
                self.out.op(Op::PopMark);
            } else {
                (0..pops).for_each(|_| self.out.op(Op::Pop));
            }
            return self.memo_get(object).map(drop);
        }
        self.out.op(short.unwrap_or(Op::Tuple));
        self.memo_put(object)
    }

    /// Writes the start of a mutable container, and remembers it before its contents can refer to it.
    fn begin(&mut self, object: &PyObject, empty: Op, old: Op) -> PyResult<()> {
        if self.bin() {
            self.out.op(empty);
        } else {
            self.out.op(Op::Mark);
            self.out.op(old);
        }
        self.memo_put(object)
    }

    pub fn save_list(&mut self, list: &PyList) -> PyResult<()> {
        let object = list.as_object();
        self.begin(object, Op::EmptyList, Op::List)?;
        if list.is_empty() {
            return Ok(());
        }
        if self.protocol == 0 {
            return self.batch_items(&*protocol::get_iter(object)?, object);
        }
        if list.len() == 1
            && let Some(item) = list.get(0)
        {
            self.save_item(&item, object, 0)?;
            self.out.op(Op::Append);
            return Ok(());
        }
        // The list may change while its items are written.
        let mut index = 0;
        loop {
            self.out.op(Op::Mark);
            let end = index + BATCH;
            while index < end
                && let Some(item) = list.get(index)
            {
                self.save_item(&item, object, index)?;
                index += 1;
            }
            self.out.op(Op::Appends);
            if index >= list.len() {
                return Ok(());
            }
        }
    }

    /// Writes what `next` gives in batches: `single` takes one item, `many` those above a mark.
    fn batch<T>(
        &mut self,
        single: Op,
        many: Op,
        mut next: impl FnMut() -> PyResult<Option<T>>,
        mut save: impl FnMut(&mut Self, &T) -> PyResult<()>,
    ) -> PyResult<()> {
        if self.protocol == 0 {
            while let Some(item) = next()? {
                save(self, &item)?;
                self.out.op(single);
            }
            return Ok(());
        }
        while let Some(first) = next()? {
            let mut item = next()?;
            if item.is_none() {
                save(self, &first)?;
                self.out.op(single);
                return Ok(());
            }
            self.out.op(Op::Mark);
            save(self, &first)?;
            drop(first);
            let mut count = 1;
            while let Some(this) = item.take() {
                save(self, &this)?;
                count += 1;
                if count < BATCH {
                    item = next()?;
                }
            }
            self.out.op(many);
            if count < BATCH {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Writes what an iterator gives as items of the list-like object below.
    pub fn batch_items(&mut self, iterator: &PyObject, owner: &PyObject) -> PyResult<()> {
        let mut index = 0;
        self.batch(
            Op::Append,
            Op::Appends,
            || protocol::iter_next(iterator),
            |this, item: &ObjRef| {
                this.save_item(item, owner, index)?;
                index += 1;
                Ok(())
            },
        )
    }

    /// Writes the pairs that an iterator gives as items of the dict-like object below.
    pub fn batch_pairs(&mut self, iterator: &PyObject, owner: &PyObject) -> PyResult<()> {
        let next = || -> PyResult<Option<ObjRef>> {
            let Some(pair) = protocol::iter_next(iterator)? else { return Ok(None) };
            match pair.downcast_ref::<PyTuple>() {
                Some(tuple) if tuple.len() == 2 => Ok(Some(pair)),
                _ => Err(exc::type_error("dict items iterator must return 2-tuples")),
            }
        };
        self.batch(Op::SetItem, Op::SetItems, next, |this, pair: &ObjRef| {
            match pair.downcast_ref::<PyTuple>().map(PyTuple::items) {
                Some([key, value]) => this.save_pair(key, value, owner),
                _ => Ok(()),
            }
        })
    }

    pub fn save_dict(&mut self, dict: &PyDict) -> PyResult<()> {
        let object = dict.as_object();
        self.begin(object, Op::EmptyDict, Op::Dict)?;
        let len = dict.len();
        if len == 0 {
            return Ok(());
        }
        if self.protocol == 0 {
            let items = call::call_method(object, intern!("items"), &[])?;
            return self.batch_pairs(&*protocol::get_iter(&items)?, object);
        }
        let mut position = 0;
        if len == 1
            && let Some((key, value)) = dict.iter_index(&mut position)
        {
            self.save_pair(&key, &value, object)?;
            self.out.op(Op::SetItem);
            return Ok(());
        }
        loop {
            self.out.op(Op::Mark);
            let mut count = 0;
            while count < BATCH
                && let Some((key, value)) = dict.iter_index(&mut position)
            {
                self.save_pair(&key, &value, object)?;
                count += 1;
            }
            self.out.op(Op::SetItems);
            if dict.len() != len {
                return Err(exc::runtime_error("dictionary changed size during iteration"));
            }
            if count < BATCH {
                return Ok(());
            }
        }
    }

    /// `(type, ([items],))`: how older protocols write sets.
    fn save_set_as_list(&mut self, object: &PyObject, ty: &PyTypeObject, items: Vec<ObjRef>) -> PyResult<()> {
        let args = PyTuple::from_array([PyList::try_new(items)?.into_obj()]);
        let reduction = PyTuple::from_array([ty.to_obj(), args.into_obj()]);
        self.save_reduce(&reduction, object)
    }

    pub fn save_set(&mut self, set: &PySet) -> PyResult<()> {
        let object = set.as_object();
        if self.protocol < 4 {
            return self.save_set_as_list(object, PySet::type_object(), set.to_vec());
        }
        self.out.op(Op::EmptySet);
        self.memo_put(object)?;
        let len = set.len();
        if len == 0 {
            return Ok(());
        }
        let mut position = 0;
        loop {
            self.out.op(Op::Mark);
            let mut count = 0;
            while count < BATCH
                && let Some(item) = set.iter_index(&mut position)
            {
                self.save(&item).map_err(|e| serializing(e, object, "element"))?;
                count += 1;
            }
            self.out.op(Op::AddItems);
            if set.len() != len {
                return Err(exc::runtime_error("set changed size during iteration"));
            }
            if count < BATCH {
                return Ok(());
            }
        }
    }

    pub fn save_frozenset(&mut self, set: &PyFrozenSet) -> PyResult<()> {
        let object = set.as_object();
        if self.protocol < 4 {
            return self.save_set_as_list(object, PyFrozenSet::type_object(), set.to_vec());
        }
        self.out.op(Op::Mark);
        for item in set.to_vec() {
            self.save(&item).map_err(|e| serializing(e, object, "element"))?;
        }
        if self.in_memo(object) {
            // As for tuples.
            self.out.op(Op::PopMark);
            return self.memo_get(object).map(drop);
        }
        self.out.op(Op::FrozenSet);
        self.memo_put(object)
    }
}
