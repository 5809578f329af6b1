//! Operators, comparisons and containment of objects of built-in types.

use rpy_vm::interp::opcode::{BINARY_OP, BINARY_OP_INPLACE_ADD_UNICODE, CACHES, STORE_FAST};
use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::object::slots::binaryfunc;
use rpy_vm::protocol::number;
use rpy_vm::types::list::PyList;
use rpy_vm::types::set::{PySet, any_set_exact};
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;

use super::mappings::is_mapping_with;
use super::reviewed::{Does, Takes};
use super::{is_one_of, size_of};
use crate::ir::call::CallEffect;
use crate::ir::{Made, Op, Value};
use crate::recorder::arith::operator;
use crate::recorder::ends::Ends;
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::plain::{compare, is_deep, is_handy_key, is_long, is_plain};
use crate::runtime::{UNSURE, table};

const SEQUENCES: &[&str] = &["list", "tuple", "str", "bytes", "bytearray", "array.array"];
const NUMBERS: &[&str] = &["int", "float", "bool", "complex"];
const SETS: &[&str] = &["set", "frozenset"];

/// What an operator of two built-in objects needs, if it runs no Python code: of its operands, and what it does to the left one.
struct Operator {
    left: Takes,
    right: Takes,
    does: Does,
}

/// What `left op right` needs. `in_place`: the augmented assignment.
fn operator_of(op: usize, in_place: bool, left: &PyObject, right: &PyObject) -> Option<Operator> {
    let looks = |left, right| Some(Operator { left, right, does: Does::Looks });
    let is = |object: &PyObject, names: &[&str]| is_one_of(object, names);
    if is(left, NUMBERS) && is(right, NUMBERS) {
        return looks(Takes::Plain, Takes::Plain);
    }
    let decimal = |object: &PyObject| is(object, &["decimal.Decimal"]);
    if (decimal(left) && (decimal(right) || is(right, &["int"]))) || (decimal(right) && is(left, &["int"])) {
        return looks(Takes::Any, Takes::Any);
    }
    let same = core::ptr::eq(left.ty(), right.ty());
    let changes = in_place && is(left, &["list", "bytearray", "array.array", "set"]);
    let does = if changes { Does::Adds } else { Does::Looks };
    match op {
        operator::ADD if is(left, SEQUENCES) && same => Some(Operator { left: Takes::Any, right: Takes::Any, does }),
        operator::ADD if is(left, &["list"]) && in_place && is(right, &["tuple", "range", "str", "dict", "set"]) => {
            Some(Operator { left: Takes::Any, right: Takes::Native, does })
        }
        // `list *= 0` would drop the items.
        operator::MULTIPLY if is(left, SEQUENCES) && is(right, &["int"]) && !changes => looks(Takes::Any, Takes::Plain),
        operator::MULTIPLY if is(right, SEQUENCES) && is(left, &["int"]) => looks(Takes::Plain, Takes::Any),
        operator::REMAINDER if is(left, &["str", "bytes"]) && is_plain(right) => looks(Takes::Any, Takes::Plain),
        // Others make a new set (`sets`).
        operator::OR | operator::AND | operator::SUBTRACT | operator::XOR
            if changes && is(left, SETS) && is(right, SETS) =>
        {
            let does = if op == operator::OR { does } else { Does::Drops };
            Some(Operator { left: Takes::Items, right: Takes::Items, does })
        }
        operator::OR if is(left, &["dict"]) && same && !in_place => looks(Takes::Items, Takes::Items),
        _ => None,
    }
}

/// What the left operand's type has for a plain operator, where that goes first and declines hardly ever: of numbers of one type, and of
/// decimals. None of these types has operators in place.
fn slot_for(op: usize, left: &PyObject, right: &PyObject) -> Option<binaryfunc> {
    let decimal = is_one_of(left, &["decimal.Decimal"]) && is_one_of(right, &["int"]);
    let same = core::ptr::eq(left.ty(), right.ty()) && is_one_of(left, &["int", "float", "complex", "decimal.Decimal"]);
    if decimal || same { number::binary_slot(op, left.ty()) } else { None }
}

impl Recorder {
    /// An operator of objects of built-in types. `arg` is the instruction's argument.
    pub(in crate::recorder) unsafe fn native_operator(&mut self, at: Registers<'_>, op: u8, arg: usize) -> Done {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let in_place = arg >= operator::INPLACE;
        let plain = if in_place { arg - operator::INPLACE } else { arg };
        // SAFETY: passed on.
        if !(in_place && PySet::check_exact(left)) && unsafe { self.set_operator(at, plain)? } {
            return Ok(());
        }
        let Some(needs) = operator_of(plain, in_place, left, right) else {
            return Err(self.abort_on("an operator on", left));
        };
        if op == BINARY_OP_INPLACE_ADD_UNICODE {
            // SAFETY: the instruction is this one.
            return unsafe { self.append_in_place(at) };
        }
        if plain == operator::POWER && is_one_of(left, NUMBERS) {
            return Err(Abort("a power"));
        }
        // SAFETY: the real operands.
        unsafe {
            let (a, _) = self.expect_argument(at, 2, needs.left)?;
            let (b, moves) = self.expect_argument(at, 1, needs.right)?;
            self.guard_type(a, left.ty())?;
            self.guard_type(b, right.ty())?;
            let given = |sym: Sym| matches!(sym, Sym::Obj { hold: Hold::Owned, .. }) as i64;
            let given = given(self.peek_raw(2)?) | given(self.peek_raw(1)?) << 1;
            let ends = self.prepare(at, 2, needs.does)?;
            if plain == operator::ADD && given != 0 && !in_place && PyList::check_exact(left) {
                let given = self.trace().int(given);
                let value = self.call_runtime(table::LIST_CONCAT, &[given, a, b])?;
                self.guard_raised(Op::GuardNonNull, value)?;
                return self.conclude(2, ends, Some(Sym::Obj { value, hold: Hold::Owned }));
            }
            if let Some(slot) = slot_for(plain, left, right) {
                return self.operator_by(slot, arg, (a, b), ends);
            }
            let looks = needs.does == Does::Looks && !moves;
            let callee = if looks { table::OPERATOR } else { table::OPERATOR.changing() };
            let number = self.trace().int(arg as i64);
            let value = self.call_runtime(callee, &[number, a, b])?;
            self.guard_raised(Op::GuardNonNull, value)?;
            self.conclude(2, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
        }
    }

    /// An operator of numbers, by the function that their types have for it.
    fn operator_by(&mut self, slot: binaryfunc, arg: usize, (a, b): (Value, Value), ends: Ends) -> Done {
        let (slot, number) = (self.trace().ptr(slot as usize), self.trace().int(arg as i64));
        let value = self.call_runtime(table::OPERATOR_BY, &[slot, number, a, b])?;
        self.guard_raised(Op::GuardNonNull, value)?;
        self.conclude(2, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
    }

    /// `s += t` of a string variable: this instruction and the `STORE_FAST` behind it, as one.
    unsafe fn append_in_place(&mut self, at: Registers<'_>) -> Done {
        const OTHER_FORM: Abort = Abort("an addition in place that is none");
        // SAFETY: the real operands; an instruction follows the caches.
        let (left, right, next) =
            unsafe { (self.real(at, 2)?, self.real(at, 1)?, *at.instr.add(1 + CACHES[BINARY_OP as usize] as usize)) };
        let (frame, index) = (self.frames.len() - 1, (next >> 8) as usize);
        // SAFETY: a local of the real frame.
        let is_variable = unsafe { (*(*at.frame).local(index)).opt() }.is_some_and(|local| local.is(left));
        let held = self.frames[frame].slots[index];
        if next as u8 != STORE_FAST || !is_variable || self.peek(2)? != self.slot(index)? {
            return Err(OTHER_FORM);
        }
        let Sym::Obj { value, hold: Hold::Slot { .. } | Hold::Constant } = self.peek(2)? else {
            return Err(OTHER_FORM);
        };
        let b = self.materialize(1)?;
        self.guard_type(value, left.ty())?;
        self.guard_type(b, right.ty())?;
        match held {
            // Memory is to own what it gives up.
            Sym::Memory => self.guard_owned_word(index)?,
            Sym::Obj { .. } => {}
            _ => return Err(OTHER_FORM),
        }
        let raw = self.peek_raw(1)?;
        let end = self.expect_release(raw, right)?;
        self.pop()?;
        self.pop()?;
        // Others that have it keep it: then it is not changed.
        self.unlend(frame, index)?;
        let old = if self.top().home.is_some() { Some(self.load_word(index)?) } else { None };
        if held != Sym::Memory {
            self.own(held)?;
        }
        // While it is done, the variable is empty.
        self.frames[frame].slots[index] = Sym::Null;
        if old.is_some() {
            let null = self.null_word();
            self.store_word(index, null)?;
            self.frames[frame].slots[index] = Sym::Memory;
        }
        let result = self.call_runtime(table::STR_APPEND, &[value, b])?;
        self.guard_raised(Op::GuardNonNull, result)?;
        match old {
            Some(old) => {
                self.store_word(index, result)?;
                if held != Sym::Memory {
                    // Below a constant lies nothing of interest.
                    self.op(Op::CloseInert, &[old])?;
                }
            }
            None => self.frames[frame].slots[index] = Sym::Obj { value: result, hold: Hold::Owned },
        }
        self.snapshot = None;
        self.release(end)
    }

    /// An operator of ints where an operand or the result is big. The objects take part as they are.
    pub(in crate::recorder) unsafe fn big_int_operator(&mut self, at: Registers<'_>, arg: usize) -> Done {
        // SAFETY: the real operands.
        unsafe {
            let (a, _) = self.expect_argument(at, 2, Takes::Plain)?;
            let (b, _) = self.expect_argument(at, 1, Takes::Plain)?;
            let ends = self.expect_ends(at, 2)?;
            let plain = if arg >= operator::INPLACE { arg - operator::INPLACE } else { arg };
            if let Some(slot) = slot_for(plain, self.real(at, 2)?, self.real(at, 1)?) {
                return self.operator_by(slot, arg, (a, b), ends);
            }
            let number = self.trace().int(arg as i64);
            let value = self.call_runtime(table::OPERATOR, &[number, a, b])?;
            self.guard_raised(Op::GuardNonNull, value)?;
            self.conclude(2, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
        }
    }

    /// `-x`, `+x`, `~x` (by number) of a big int.
    pub(in crate::recorder) unsafe fn big_int_unary(&mut self, at: Registers<'_>, which: i64) -> Done {
        // SAFETY: the real operand.
        unsafe {
            let (x, _) = self.expect_argument(at, 1, Takes::Plain)?;
            let ends = self.expect_ends(at, 1)?;
            let number = self.trace().int(which);
            let value = self.attempt(table::UNARY, &[number, x])?;
            self.conclude(1, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
        }
    }

    /// A comparison of the operands on top, boxed, if no Python code runs for it.
    pub(in crate::recorder) unsafe fn native_compare(
        &mut self,
        at: Registers<'_>,
        which: usize,
    ) -> Result<Value, Abort> {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let equality = which == 2 || which == 3;
        if equality && PyStr::check_exact(left) && PyStr::check_exact(right) {
            let (a, b) = (self.materialize(2)?, self.materialize(1)?);
            self.guard_type(a, PyStr::type_object())?;
            self.guard_type(b, PyStr::type_object())?;
            let equal = self.call_runtime(table::STR_EQ, &[a, b])?;
            return if which == 2 { Ok(equal) } else { self.op(Op::Not, &[equal]) };
        }
        if let Some(result) = self.compare_sets(left, right, which)? {
            return Ok(result);
        }
        if is_long(left) || is_long(right) || any_set_exact(left).is_some() {
            return Err(self.abort_on("a comparison of many items of", left));
        }
        // SAFETY: live objects.
        if unsafe { compare(left.as_ptr(), right.as_ptr(), which as u64) } == UNSURE {
            return Err(self.abort_on("a comparison of", if is_deep(left) { right } else { left }));
        }
        let (a, b) = (self.materialize(2)?, self.materialize(1)?);
        if equality && let Some(answer) = self.compare_with_items((a, left), (b, right))? {
            let wanted = self.trace().int(if which == 2 { 1 } else { 0 });
            return self.op(Op::Eq, &[answer, wanted]);
        }
        let number = self.trace().int(which as i64);
        self.ask_whether(table::COMPARE, &[a, b, number], true)
    }

    /// Are two tuples equal, one of which the trace has just made? It need not exist.
    fn compare_with_items(
        &mut self,
        (a, left): (Value, &PyObject),
        (b, right): (Value, &PyObject),
    ) -> Result<Option<Value>, Abort> {
        if !PyTuple::check_exact(left) || !PyTuple::check_exact(right) {
            return Ok(None);
        }
        let (items, other) = match (self.items_of_new(a), self.items_of_new(b)) {
            (Some(items), _) => (items, b),
            (None, Some(items)) => (items, a),
            (None, None) => return Ok(None),
        };
        let callee = match items.len() {
            1 => table::TUPLE_HAS1,
            2 => table::TUPLE_HAS2,
            3 => table::TUPLE_HAS3,
            _ => return Ok(None),
        };
        self.guard_type(other, PyTuple::type_object())?;
        let mut args = vec![other];
        args.extend(items);
        self.ask(callee, &args).map(Some)
    }

    /// The items of a tuple that the trace has made, and that nobody else knows.
    fn items_of_new(&mut self, tuple: Value) -> Option<Vec<Value>> {
        if !self.builder.is_fresh(tuple) {
            return None;
        }
        let trace = &self.builder.trace;
        let made = &trace.insts[tuple.inst()?];
        let is_tuple = trace.call(made.call?).effect == CallEffect::New(Made::Tuple);
        is_tuple.then(|| made.args.to_vec())
    }

    /// `key in container`.
    pub(in crate::recorder) unsafe fn contains_op(&mut self, at: Registers<'_>, invert: usize) -> Done {
        // SAFETY: the real operands.
        let (key, container) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        // SAFETY: passed on.
        if unsafe { self.special_contains(at, invert, container)? } {
            return Ok(());
        }
        let callee = if is_mapping_with(container, rpy_vm::intern!("__contains__")) && is_handy_key(key) {
            table::DICT_CONTAINS
        } else if any_set_exact(container).is_some() && is_handy_key(key) {
            table::SET_CONTAINS
        } else if PyStr::check_exact(container) && PyStr::check_exact(key) {
            table::STR_CONTAINS
        } else if (PyList::check_exact(container) || PyTuple::check_exact(container)) && is_handy_key(key) {
            table::SEQUENCE_CONTAINS
        } else if is_one_of(container, &["bytes", "bytearray", "range", "array.array"])
            && is_one_of(key, &["int", "bytes", "bool", "float"])
        {
            table::CONTAINS
        } else if is_one_of(container, &["dict_keys"]) && is_handy_key(key) {
            table::VIEW_CONTAINS
        } else {
            return Err(self.abort_on("containment in", container));
        };
        let (k, c) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_type(c, container.ty())?;
        self.guard_version_if_heap(container.ty())?;
        if is_one_of(container, &["str", "bytes", "bytearray", "range", "array.array"]) {
            self.guard_type(k, key.ty())?;
        }
        let result = self.ask_whether(callee, &[c, k], invert == 0)?;
        // Nothing has happened yet.
        let ends = self.expect_two(key, container)?;
        self.conclude(2, ends, Some(Sym::Bool(result)))
    }

    /// The truth of an object of a built-in type that is sized, or `None` if it is of another one.
    pub(in crate::recorder) fn native_truth(&mut self, value: Value, real: &PyObject) -> Result<Option<Value>, Abort> {
        let sized = size_of(real).is_some()
            || is_one_of(real, &["range", "collections.deque", "dict_keys", "dict_values", "dict_items", "memoryview"]);
        if sized && let Some(size) = self.native_length(value, real)? {
            let zero = self.trace().int(0);
            return self.op(Op::Ne, &[size, zero]).map(Some);
        }
        if is_one_of(real, &["re.Match", "re.Pattern", "function", "builtin_function_or_method", "method", "module"]) {
            self.guard_type(value, real.ty())?;
            return Ok(Some(self.trace().bool(true)));
        }
        Ok(None)
    }
}
