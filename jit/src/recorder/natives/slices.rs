//! Slices, deletions, and stores into slices.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::list::PyList;
use rpy_vm::types::slice::PySlice;

use super::is_one_of;
use super::mappings::is_mapping_with;
use super::reviewed::{Does, Takes};
use crate::ir::{Op, Value};
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::plain::{has_plain_items, is_plain_slice};
use crate::runtime::table;

/// What can be sliced without Python code, by plain bounds.
const SLICED: &[&str] = &["list", "tuple", "str", "bytes", "bytearray", "array.array", "range", "memoryview"];
/// Of these, what holds no objects, so that a store or deletion destroys none.
const NUMBERS: &[&str] = &["bytearray", "array.array", "memoryview"];

impl Recorder {
    /// `container[start:stop]`.
    pub(in crate::recorder) unsafe fn binary_slice(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands.
        let container = unsafe { self.real(at, 3)? };
        if !is_one_of(container, SLICED) && !Self::is_array_iterable(container) {
            return Err(self.abort_on("a slice of", container));
        }
        // SAFETY: the real operands.
        unsafe {
            let c = self.materialize(3)?;
            self.guard_type(c, container.ty())?;
            let (a, _) = self.expect_argument(at, 2, Takes::Plain)?;
            let (b, _) = self.expect_argument(at, 1, Takes::Plain)?;
            let ends = self.expect_ends(at, 3)?;
            let value = self.attempt(table::GET_SLICE, &[c, a, b])?;
            self.conclude(3, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
        }
    }

    /// `BUILD_SLICE` of plain parts.
    pub(in crate::recorder) unsafe fn build_slice(&mut self, at: Registers<'_>, count: usize) -> Done {
        let mut parts = Vec::with_capacity(3);
        for n in (1..=count).rev() {
            // SAFETY: the real operands.
            parts.push(unsafe { self.expect_argument(at, n, Takes::Plain)? }.0);
        }
        let nothing = self.nothing;
        parts.resize(3, nothing);
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, count)? };
        let value = self.call_runtime(table::NEW_SLICE, &parts)?;
        self.conclude(count, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
    }

    /// `container[key]` with a slice object (owned), or of a type without a way of its own. `None` if it is not native.
    pub(in crate::recorder) fn native_item(
        &mut self,
        container: &PyObject,
        key: &PyObject,
    ) -> Result<Option<Sym>, Abort> {
        let slice = is_plain_slice(key) && is_one_of(container, SLICED);
        let index = is_one_of(key, &["int", "str"])
            && is_one_of(container, &["memoryview", "range", "collections.deque", "re.Match"]);
        if !slice && !index {
            return Ok(None);
        }
        let (c, k) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_type(c, container.ty())?;
        self.guard_key(k, key)?;
        let value = self.attempt(table::GET_ITEM, &[c, k])?;
        Ok(Some(Sym::Obj { value, hold: Hold::Owned }))
    }

    /// Guards that a key stays of its type, a slice with plain bounds.
    fn guard_key(&mut self, value: Value, key: &PyObject) -> Done {
        self.guard_type(value, key.ty())?;
        if PySlice::check_exact(key) && !value.is_const() {
            self.guard_that(table::PLAIN_SLICE, value)?;
        }
        Ok(())
    }

    /// `container[start:stop] = value`.
    pub(in crate::recorder) unsafe fn store_slice(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands: value, container, start, stop.
        let container = unsafe { self.real(at, 3)? };
        if !is_one_of(container, &["list", "bytearray", "array.array"]) {
            return Err(self.abort_on("a store into a slice of", container));
        }
        // SAFETY: the real operands.
        unsafe {
            let c = self.materialize(3)?;
            self.guard_type(c, container.ty())?;
            let v = self.slice_value(at, 4, container)?;
            let (a, _) = self.expect_argument(at, 2, Takes::Plain)?;
            let (b, _) = self.expect_argument(at, 1, Takes::Plain)?;
            let does = self.store_does(container);
            let ends = self.prepare(at, 4, does)?;
            let done = self.call_runtime(Self::by_effect(table::SET_SLICE, does), &[c, a, b, v])?;
            self.guard_raised(Op::GuardTrue, done)?;
            self.conclude(4, ends, None)
        }
    }

    /// What a store into a slice takes its items from.
    unsafe fn slice_value(&mut self, at: Registers<'_>, n: usize, container: &PyObject) -> Result<Value, Abort> {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, n)? };
        if !is_one_of(real, &["list", "tuple", "range", "str", "bytes", "bytearray", "array.array"]) {
            return Err(self.abort_on("a store into a slice from", real));
        }
        let takes = if PyList::check_exact(container) { Takes::Native } else { Takes::Items };
        if takes == Takes::Items && !has_plain_items(real) && !is_one_of(real, &["array.array"]) {
            return Err(self.abort_on("a store into a slice from", real));
        }
        let value = self.materialize(n)?;
        self.guard_type(value, real.ty())?;
        if takes == Takes::Items && is_one_of(real, &["list", "tuple"]) {
            self.expect_takes(value, real, takes)?;
        }
        Ok(value)
    }

    /// What a store into a container may do to objects.
    fn store_does(&self, container: &PyObject) -> Does {
        if is_one_of(container, NUMBERS) { Does::Adds } else { Does::Destroys }
    }

    /// The function, which destroys objects only if the store does.
    fn by_effect(function: table::Function, does: Does) -> table::Function {
        if does == Does::Destroys { function } else { function.changing() }
    }

    /// `container[slice] = value`, and stores by key into types without a way of their own.
    pub(in crate::recorder) unsafe fn native_store(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands: value, container, key.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let sliced = is_plain_slice(key) && is_one_of(container, &["list", "bytearray", "array.array"]);
        let indexed = is_one_of(key, &["int"]) && is_one_of(container, &["memoryview", "collections.deque"]);
        if !sliced && !indexed {
            return Err(self.abort_on("a store into", container));
        }
        // SAFETY: the real operands.
        unsafe {
            let c = self.materialize(2)?;
            self.guard_type(c, container.ty())?;
            let k = self.materialize(1)?;
            self.guard_key(k, key)?;
            let v = if sliced {
                self.slice_value(at, 3, container)?
            } else {
                let takes = if is_one_of(container, &["memoryview"]) { Takes::Plain } else { Takes::Any };
                self.expect_argument(at, 3, takes)?.0
            };
            let does = self.store_does(container);
            let ends = self.prepare(at, 3, does)?;
            let done = self.call_runtime(Self::by_effect(table::SET_ITEM, does), &[c, k, v])?;
            self.guard_raised(Op::GuardTrue, done)?;
            self.conclude(3, ends, None)
        }
    }

    /// `del container[key]`.
    pub(in crate::recorder) unsafe fn delete_subscr(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        if is_mapping_with(container, rpy_vm::intern!("__delitem__")) {
            // SAFETY: passed on.
            return unsafe { self.delete_key(at) };
        }
        let fits = is_one_of(container, &["list", "bytearray", "array.array", "collections.deque"])
            && (is_one_of(key, &["int"]) || is_plain_slice(key));
        if !fits {
            return Err(self.abort_on("a deletion from", container));
        }
        // SAFETY: the real operands.
        unsafe {
            let (c, k) = (self.materialize(2)?, self.materialize(1)?);
            self.guard_type(c, container.ty())?;
            self.guard_key(k, key)?;
            let does = self.store_does(container);
            let ends = self.prepare(at, 2, does)?;
            let nothing = self.nothing;
            let done = self.call_runtime(Self::by_effect(table::SET_ITEM, does), &[c, k, nothing])?;
            self.guard_raised(Op::GuardTrue, done)?;
            self.conclude(2, ends, None)
        }
    }
}
