//! Slices, deletions, and stores into slices.

use rpy_vm::interp::opcode;
use rpy_vm::is_none;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::tuple::PyTuple;

use super::is_one_of;
use super::mappings::is_mapping_with;
use super::reviewed::{Does, Takes};
use crate::ir::{Op, Value};
use crate::recorder::arith::operator;
use crate::recorder::ends::Ends;
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::plain::{has_plain_items, is_plain_slice};
use crate::runtime::table;

/// What can be sliced without Python code, by plain bounds.
const SLICED: &[&str] = &["list", "tuple", "str", "bytes", "bytearray", "array.array", "range", "memoryview"];
/// Of these, what holds no objects, so that a store or deletion destroys none.
const NUMBERS: &[&str] = &["bytearray", "array.array", "memoryview"];

/// Start, stop and step of a slice object with plain numbers; absent ones are the farthest on their side.
fn numbers_of(slice: &PySlice) -> Option<[i64; 3]> {
    let number = |part: &PyObject, absent: i64| match is_none(part) {
        true => Some(absent),
        false => part.downcast_exact::<PyInt>()?.medium_value(),
    };
    let step = number(slice.step(), 1).filter(|&step| step != 0)?;
    let (first, last) = if step > 0 { (0, i64::MAX) } else { (i64::MAX, i64::MIN) };
    Some([number(slice.start(), first)?, number(slice.stop(), last)?, step])
}

/// Can it be the bound of a slice, as a number?
fn is_bound(object: &PyObject) -> bool {
    is_none(object) || object.downcast_exact::<PyInt>().is_some_and(|int| int.medium_value().is_some())
}

impl Recorder {
    /// `container[start:stop]`.
    pub(in crate::recorder) unsafe fn binary_slice(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands.
        let container = unsafe { self.real(at, 3)? };
        // SAFETY: passed on.
        if container.ty().as_heap().is_some() && unsafe { self.special_slice(at, container)? } {
            return Ok(());
        }
        if !is_one_of(container, SLICED) && !Self::is_array_iterable(container) {
            return Err(self.abort_on("a slice of", container));
        }
        // SAFETY: the real operands.
        unsafe {
            let c = self.materialize(3)?;
            self.guard_type(c, container.ty())?;
            if let Some([a, b]) = self.bounds_in(at, container)? {
                let ends = self.expect_ends(at, 3)?;
                let one = self.trace().int(1);
                let value = self.attempt(table::LIST_SLICE, &[c, a, b, one])?;
                return self.conclude(3, ends, Some(Sym::Obj { value, hold: Hold::Owned }));
            }
            let (a, _) = self.expect_argument(at, 2, Takes::Plain)?;
            let (b, _) = self.expect_argument(at, 1, Takes::Plain)?;
            let ends = self.expect_ends(at, 3)?;
            let value = self.attempt(table::GET_SLICE, &[c, a, b])?;
            self.conclude(3, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
        }
    }

    /// The bounds on top of the stack as numbers, if it is a list that they are for.
    unsafe fn bounds_in(&mut self, at: Registers<'_>, container: &PyObject) -> Result<Option<[Value; 2]>, Abort> {
        // SAFETY: the real operands.
        let (start, stop) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        if !PyList::check_exact(container) || !is_bound(start) || !is_bound(stop) {
            return Ok(None);
        }
        Ok(Some([self.bound(2, start, 0)?, self.bound(1, stop, i64::MAX)?]))
    }

    /// A bound of a slice, `n` words below the top, as a number; None is `absent`.
    fn bound(&mut self, n: usize, real: &PyObject, absent: i64) -> Result<Value, Abort> {
        let sym = self.peek(n)?;
        if !is_none(real) {
            return self.int(sym, real)?.ok_or(Abort("a bound that is no number"));
        }
        if let Sym::Obj { value, .. } = sym {
            self.guard_type(value, real.ty())?;
        }
        Ok(self.trace().int(absent))
    }

    /// `BUILD_SLICE` before a subscript of a list: the slice object is not made, and its parts stay on the stack (as for tuples
    /// before a subscript of an array). True if it is so.
    pub(in crate::recorder) unsafe fn leave_slice_unbuilt(&mut self, at: Registers<'_>, count: usize) -> bool {
        // SAFETY: an instruction follows; words on the real stack.
        unsafe {
            let next = *at.instr.add(1);
            let subscript = opcode::BASE[(next & 0xff) as usize] == opcode::BINARY_OP
                && (next >> 8) as usize == operator::SUBSCRIPT;
            let bounds = (1..=count).all(|n| self.real(at, n).is_ok_and(is_bound));
            // A step of 0 raises, and one that changes is made an object of.
            let steps = count == 3
                && self
                    .real(at, 1)
                    .is_ok_and(|step| step.downcast_exact::<PyInt>().is_some_and(|step| !step.is_zero()))
                && match self.peek_raw(1) {
                    Ok(Sym::Int(value) | Sym::Obj { value, .. }) => value.is_const(),
                    _ => false,
                };
            let list = self.real(at, count + 1).is_ok_and(PyList::check_exact);
            // What lies in memory is lifted by the instruction that takes it, which here is another one.
            let memory = matches!(self.peek_raw(count + 1), Ok(Sym::Memory) | Err(_));
            if self.prefixed || !subscript || !bounds || !steps || !list || memory {
                return false;
            }
        }
        self.unbuilt = Some(count as u8);
        true
    }

    /// `list[start:stop:step]`, the slice object not made.
    pub(in crate::recorder) unsafe fn unbuilt_slice(&mut self, at: Registers<'_>) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let (Some(count), Some(slice)) = (self.unbuilt, key.downcast_exact::<PySlice>()) else { return Ok(false) };
        let words = count as usize;
        let c = self.materialize(words + 1)?;
        self.guard_type(c, container.ty())?;
        let step = self.bound(1, slice.step(), 1)?;
        let forward = self.trace().as_int(step).ok_or(Abort("a step that changes"))? > 0;
        let (first, last) = if forward { (0, i64::MAX) } else { (i64::MAX, i64::MIN) };
        let start = self.bound(3, slice.start(), first)?;
        let stop = self.bound(2, slice.stop(), last)?;
        let mut ends = Ends::default();
        for (n, real) in [(1, slice.step()), (2, slice.stop()), (3, slice.start()), (4, container)] {
            let raw = self.peek_raw(n)?;
            self.expect_end(&mut ends, raw, real)?;
        }
        let value = self.attempt(table::LIST_SLICE, &[c, start, stop, step])?;
        self.conclude(words + 1, ends, Some(Sym::Obj { value, hold: Hold::Owned }))?;
        Ok(true)
    }

    /// Is the word `n` below the top a constant, and which?
    unsafe fn constant_word<'a>(&mut self, at: Registers<'a>, n: usize) -> Option<&'a PyObject> {
        let is_constant = match self.peek_raw(n) {
            Ok(Sym::Int(value) | Sym::Obj { value, .. }) => value.is_const(),
            _ => false,
        };
        // SAFETY: the real word.
        if is_constant { unsafe { self.real(at, n).ok() } } else { None }
    }

    /// Puts a constant in the place of `count` others.
    fn fold(&mut self, count: usize, object: &PyObject) -> Done {
        let value = self.constant_object(object);
        self.conclude(count, Ends::default(), Some(Sym::Obj { value, hold: Hold::Constant }))
    }

    /// `BUILD_TUPLE` of constants, slices among them: a key that is constant. False if it is not one.
    pub(in crate::recorder) unsafe fn build_constant_key(
        &mut self,
        at: Registers<'_>,
        count: usize,
    ) -> Result<bool, Abort> {
        // SAFETY: the real words.
        let items: Option<Vec<_>> = (1..=count).rev().map(|n| unsafe { self.constant_word(at, n) }).collect();
        let Some(items) = items.filter(|items| items.iter().any(|item| is_plain_slice(item))) else { return Ok(false) };
        let is_simple = |item: &&PyObject| is_bound(item) || is_plain_slice(item) || item.is(&rpy_vm::ellipsis());
        if !items.iter().all(is_simple) {
            return Ok(false);
        }
        let tuple = PyTuple::new(items.into_iter().map(PyObject::new_ref).collect());
        self.fold(count, tuple.as_object())?;
        Ok(true)
    }

    /// `BUILD_SLICE` of plain parts.
    pub(in crate::recorder) unsafe fn build_slice(&mut self, at: Registers<'_>, count: usize) -> Done {
        // SAFETY: the real words.
        let constants: Option<Vec<_>> = (1..=count).rev().map(|n| unsafe { self.constant_word(at, n) }).collect();
        if let Some(parts) = constants.filter(|parts| parts.iter().all(|part| is_bound(part))) {
            let part = |n: usize| parts.get(n).map(|&part: &&PyObject| part.new_ref());
            let slice = PySlice::new(part(0), part(1), part(2));
            return self.fold(count, slice.as_object());
        }
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
        if let Some(numbers) = self.constant_slice(container, key, k) {
            let [start, stop, step] = numbers.map(|number| self.trace().int(number));
            let value = self.attempt(table::LIST_SLICE, &[c, start, stop, step])?;
            return Ok(Some(Sym::Obj { value, hold: Hold::Owned }));
        }
        self.guard_key(k, key)?;
        let value = self.attempt(table::GET_ITEM, &[c, k])?;
        Ok(Some(Sym::Obj { value, hold: Hold::Owned }))
    }

    /// What a constant slice of a list says.
    fn constant_slice(&self, container: &PyObject, key: &PyObject, value: Value) -> Option<[i64; 3]> {
        let slice = key.downcast_exact::<PySlice>().filter(|_| value.is_const() && PyList::check_exact(container));
        slice.and_then(numbers_of)
    }

    /// Guards that a key stays of its type, a slice with plain bounds.
    pub(super) fn guard_key(&mut self, value: Value, key: &PyObject) -> Done {
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
            if PyList::check_exact(self.real(at, 4)?)
                && let Some([a, b]) = self.bounds_in(at, container)?
            {
                return self.store_list_slice(at, 4, [c, a, b, v]);
            }
            let (a, _) = self.expect_argument(at, 2, Takes::Plain)?;
            let (b, _) = self.expect_argument(at, 1, Takes::Plain)?;
            let does = self.store_does(container);
            let ends = self.prepare(at, 4, does)?;
            let done = self.call_runtime(Self::by_effect(table::SET_SLICE, does), &[c, a, b, v])?;
            self.guard_raised(Op::GuardTrue, done)?;
            self.conclude(4, ends, None)
        }
    }

    /// `list[start:stop] = list`, with the value `count` words below the top, and everything guarded.
    unsafe fn store_list_slice(&mut self, at: Registers<'_>, count: usize, args: [Value; 4]) -> Done {
        let given = matches!(self.peek_raw(count)?, Sym::Obj { hold: Hold::Owned, .. });
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, count, Does::Destroys)? };
        let callee = if given { table::LIST_EXCHANGE_SLICE } else { table::LIST_SET_SLICE };
        let done = self.call_runtime(callee, &args)?;
        self.guard_raised(Op::GuardTrue, done)?;
        self.conclude(count, ends, None)
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
            if sliced
                && PyList::check_exact(self.real(at, 3)?)
                && let Some([start, stop, 1]) = self.constant_slice(container, key, k)
            {
                let v = self.slice_value(at, 3, container)?;
                let [start, stop] = [start, stop].map(|number| self.trace().int(number));
                return self.store_list_slice(at, 3, [c, start, stop, v]);
            }
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
