//! Displays and comprehensions: `BUILD_...`, `..._ADD`, `..._EXTEND`.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::list::PyList;
use rpy_vm::types::set::PySet;

use super::reviewed::{Does, Takes};
use crate::ir::{Op, Value};
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::plain::is_handy_key;
use crate::runtime::table::{self, Function};

const TUPLES: [Function; 6] =
    [table::NEW_TUPLE1, table::NEW_TUPLE2, table::NEW_TUPLE3, table::NEW_TUPLE4, table::NEW_TUPLE5, table::NEW_TUPLE6];
const LISTS: [Function; 7] = [
    table::NEW_LIST0,
    table::NEW_LIST1,
    table::NEW_LIST2,
    table::NEW_LIST3,
    table::NEW_LIST4,
    table::NEW_LIST5,
    table::NEW_LIST6,
];
/// The longest display.
const MOST_ITEMS: usize = 30;

impl Recorder {
    /// `BUILD_TUPLE` and `BUILD_LIST`.
    pub(in crate::recorder) fn build(&mut self, count: usize, list: bool) -> Done {
        if count > MOST_ITEMS || (count == 0 && !list) {
            return Err(Abort("a tuple or list of many items"));
        }
        let mut items = Vec::with_capacity(count);
        for n in (1..=count).rev() {
            let raw = self.peek_raw(n)?;
            // Owned by the new object from now on; no guard comes in between.
            items.push(self.owned_object(raw)?);
        }
        let few = count.min(6);
        let value = if list || count > 6 {
            let value = self.call_runtime(LISTS[few], &items[..few])?;
            for &item in &items[few..] {
                self.call_runtime(table::LIST_APPEND, &[value, item])?;
            }
            if list { value } else { self.tuple_of(value)? }
        } else {
            self.call_runtime(TUPLES[few - 1], &items)?
        };
        for _ in 0..count {
            self.pop()?;
        }
        self.push_obj(value, Hold::Owned);
        Ok(())
    }

    /// A tuple of the items of a list that is given up. Where memory is short, the list stays instead, and `MemoryError` is due.
    fn tuple_of(&mut self, list: Value) -> Result<Value, Abort> {
        self.call_runtime(table::LIST_INTO_TUPLE, &[list])
    }

    /// `BUILD_MAP` of a few entries.
    pub(in crate::recorder) unsafe fn build_map(&mut self, at: Registers<'_>, count: usize) -> Done {
        if 2 * count > MOST_ITEMS {
            return Err(Abort("a dict of many items"));
        }
        let mut values = Vec::with_capacity(2 * count);
        for n in (1..=2 * count).rev() {
            let takes = if n % 2 == 0 { Takes::Key } else { Takes::Any };
            // SAFETY: passed on.
            values.push(unsafe { self.expect_argument(at, n, takes)? }.0);
        }
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 2 * count, Does::Adds)? };
        let dict = self.call_runtime(table::NEW_DICT, &[])?;
        for entry in values.chunks_exact(2) {
            self.call_runtime(table::DICT_FILL, &[dict, entry[0], entry[1]])?;
        }
        self.conclude(2 * count, ends, Some(Sym::Obj { value: dict, hold: Hold::Owned }))
    }

    /// `BUILD_SET` of a few elements.
    pub(in crate::recorder) unsafe fn build_set(&mut self, at: Registers<'_>, count: usize) -> Done {
        if count > MOST_ITEMS {
            return Err(Abort("a set of many items"));
        }
        let mut values = Vec::with_capacity(count);
        for n in (1..=count).rev() {
            // SAFETY: passed on.
            values.push(unsafe { self.expect_argument(at, n, Takes::Key)? }.0);
        }
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, count, Does::Adds)? };
        let set = self.call_runtime(table::NEW_SET, &[])?;
        for key in values {
            self.call_runtime(table::SET_FILL, &[set, key])?;
        }
        self.conclude(count, ends, Some(Sym::Obj { value: set, hold: Hold::Owned }))
    }

    /// `LIST_APPEND` of a comprehension.
    pub(in crate::recorder) fn list_append(&mut self, depth: usize) -> Done {
        let Sym::Obj { value: list, .. } = self.peek(depth + 1)? else { return Err(Abort("append to a number")) };
        let raw = self.peek_raw(1)?;
        self.append(list, raw)?;
        self.pop()?;
        Ok(())
    }

    /// Appends a value, whose ownership goes to the list, while the picture still has it.
    pub(super) fn append(&mut self, list: Value, value: Sym) -> Done {
        let owned = self.owned_object(value)?;
        self.call_runtime(table::LIST_APPEND, &[list, owned])?;
        Ok(())
    }

    /// `SET_ADD` of a comprehension.
    pub(in crate::recorder) unsafe fn set_add(&mut self, at: Registers<'_>, depth: usize) -> Done {
        // SAFETY: the real element.
        let real = unsafe { self.real(at, 1)? };
        if !is_handy_key(real) {
            return Err(self.abort_on("an element of type", real));
        }
        let Sym::Obj { value: set, .. } = self.peek(depth + 1)? else { return Err(Abort("a set")) };
        let key = self.materialize(1)?;
        // SAFETY: the real operand.
        let ends = unsafe { self.prepare(at, 1, Does::Adds)? };
        let done = self.call_runtime(table::SET_ADD, &[set, key])?;
        self.guard(Op::GuardTrue, &[done])?;
        self.conclude(1, ends, None)
    }

    /// `LIST_EXTEND` of a display, with what runs no Python code.
    pub(in crate::recorder) unsafe fn list_extend(&mut self, at: Registers<'_>, depth: usize) -> Done {
        // SAFETY: the real list.
        let real = unsafe { self.real(at, depth + 1)? };
        let Sym::Obj { value: list, .. } = self.peek(depth + 1)? else { return Err(Abort("a list")) };
        self.guard_type(list, PyList::type_object())?;
        if !PyList::check_exact(real) {
            return Err(Abort("a list"));
        }
        // SAFETY: the real operands.
        let (items, moves) = unsafe { self.expect_argument(at, 1, Takes::Native)? };
        let (does, callee) = match moves {
            true => (Does::Destroys, table::LIST_EXTEND.destroying()),
            false => (Does::Adds, table::LIST_EXTEND),
        };
        // SAFETY: as above.
        let ends = unsafe { self.prepare(at, 1, does)? };
        let done = self.call_runtime(callee, &[list, items])?;
        self.guard_raised(Op::GuardTrue, done)?;
        self.conclude(1, ends, None)
    }

    /// `SET_UPDATE` of a display, with plain elements.
    pub(in crate::recorder) unsafe fn set_update(&mut self, at: Registers<'_>, depth: usize) -> Done {
        // SAFETY: the real set.
        let real = unsafe { self.real(at, depth + 1)? };
        let Sym::Obj { value: set, .. } = self.peek(depth + 1)? else { return Err(Abort("a set")) };
        if !PySet::check_exact(real) {
            return Err(Abort("a set"));
        }
        self.expect_takes(set, real, Takes::Items)?;
        // SAFETY: the real operands.
        let (items, _) = unsafe { self.expect_argument(at, 1, Takes::Items)? };
        // SAFETY: as above.
        let ends = unsafe { self.prepare(at, 1, Does::Adds)? };
        let done = self.call_runtime(table::SET_UPDATE, &[set, items])?;
        self.guard_raised(Op::GuardTrue, done)?;
        self.conclude(1, ends, None)
    }
}
