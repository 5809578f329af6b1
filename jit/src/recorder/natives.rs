//! Work of the built-in types that is done by calling the VM, where it is known to run no Python code: the operands are of exact
//! built-in types, and what they contain is looked at natively.
//!
//! Such calls may happen in inlined frames, which do not exist while they run. They either do their work, or have no effect
//! and say so (a null, a number out of range): then the trace ends before the instruction, and the interpreter executes it. Those
//! that raise end the trace with the exception.

use rpy_vm::builtins::iterators::PyZip;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::object::typeobj::{PyTypeObject, flags};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::dict::lookup::is_plain;
use rpy_vm::types::iter::enumerate::PyEnumerate;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;

use super::state::{Hold, Sym};
use super::values::Release;
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, ExitKind, Inst, Op, Ty, Value};
use crate::runtime::table::{self, Function};

/// Iterators that yield without running Python code.
const ITERATORS: &[&str] = &[
    "dict_keyiterator",
    "dict_valueiterator",
    "dict_itemiterator",
    "dict_reversekeyiterator",
    "dict_reversevalueiterator",
    "dict_reverseitemiterator",
    "str_ascii_iterator",
    "str_iterator",
    "set_iterator",
    "bytes_iterator",
    "bytearray_iterator",
    "range_iterator",
    "longrange_iterator",
    "list_iterator",
    "list_reverseiterator",
    "tuple_iterator",
];

/// Containers over which `iter` and what follows run no Python code.
const ITERABLES: &[&str] =
    &["list", "tuple", "str", "bytes", "range", "dict", "set", "frozenset", "dict_keys", "dict_values", "dict_items"];

/// Classes whose call with one of those, or with plain objects, runs no Python code.
const CLASSES: &[&str] = &["enumerate", "zip", "reversed", "list", "tuple"];

/// Methods that run no Python code with plain arguments (see `is_plain`).
const METHODS: &[(&str, &[&str])] = &[
    ("list", &["pop", "copy", "reverse"]),
    ("dict", &["keys", "values", "items", "copy"]),
    (
        "str",
        &[
            "startswith",
            "endswith",
            "find",
            "rfind",
            "index",
            "count",
            "split",
            "rsplit",
            "strip",
            "lstrip",
            "rstrip",
            "upper",
            "lower",
            "replace",
            "isdigit",
            "isalpha",
            "isalnum",
            "isspace",
            "isupper",
            "islower",
            "title",
            "capitalize",
            "splitlines",
            "partition",
            "rpartition",
            "zfill",
            "ljust",
            "rjust",
            "center",
            "encode",
            "isidentifier",
            "isdecimal",
            "isnumeric",
            "swapcase",
            "removeprefix",
            "removesuffix",
            "expandtabs",
        ],
    ),
    (
        "bytes",
        &["startswith", "endswith", "find", "rfind", "count", "split", "strip", "replace", "hex", "upper", "lower"],
    ),
    ("int", &["bit_length", "bit_count"]),
    ("float", &["is_integer"]),
];

/// Words that a native call passes at most.
const MOST_ARGS: usize = 3;

fn is_static(ty: &PyTypeObject) -> bool {
    !ty.has_flag(flags::HEAPTYPE)
}

fn is_one_of(object: &PyObject, names: &[&str]) -> bool {
    is_static(object.ty()) && names.contains(&object.ty().full_name())
}

impl Recorder {
    /// Boxes a number on the stack in place, so that native code can be given it. Its value as an object.
    pub(super) fn materialize(&mut self, n: usize) -> Result<Value, Abort> {
        let raw = self.peek_raw(n)?;
        if matches!(raw, Sym::Int(_) | Sym::Float(_) | Sym::Bool(_)) {
            let (_, boxed) = self.object(raw)?;
            let frame = self.top();
            let index = frame.slots.len() - n;
            frame.slots[index] = boxed;
            self.snapshot = None;
        }
        match self.peek(n)? {
            Sym::Obj { value, .. } => Ok(value),
            _ => Err(Abort("an empty slot")),
        }
    }

    /// Calls a native function that answers with an object: null where it did nothing.
    pub(super) fn attempt(&mut self, callee: Function, args: &[Value]) -> Result<Value, Abort> {
        let value = self.call_runtime(callee, args)?;
        self.guard(Op::GuardNonNull, &[value])?;
        Ok(value)
    }

    /// As [`Recorder::attempt`], for functions that answer null with an exception set, which is raised.
    pub(super) fn attempt_raising(&mut self, callee: Function, args: &[Value]) -> Result<Value, Abort> {
        let value = self.call_runtime(callee, args)?;
        let raise = self.new_snapshot(ExitKind::Raise);
        self.emit(Inst::new(Op::GuardNonNull, &[value]).at(raise))?;
        Ok(value)
    }

    /// Replaces the top `count` words by a result, which nothing else holds yet.
    unsafe fn replace(&mut self, at: Registers<'_>, count: usize, result: Sym) -> Done {
        let mut ends: Vec<Release> = Vec::new();
        for n in 1..=count {
            let raw = self.peek_raw(n)?;
            // SAFETY: the real words.
            if let Some(real) = unsafe { (*at.sp.sub(n)).opt() } {
                ends.push(self.expect_release_late(raw, real)?);
            }
        }
        for _ in 0..count {
            self.pop()?;
        }
        self.push(result);
        for end in ends {
            self.release(end)?;
        }
        Ok(())
    }

    /// As `expect_release`, where the instruction's effects have happened already and no guard may follow: whatever might be the
    /// last reference is treated as such.
    fn expect_release_late(&mut self, sym: Sym, real: &PyObject) -> Result<Release, Abort> {
        let Sym::Obj { value, hold: Hold::Owned } = sym else { return Ok(Release::Nothing) };
        let known = self.builder.known_type(value);
        if known == Some(real.ty() as *const PyTypeObject as u64) && super::values::is_inert(real.ty()) {
            return Ok(Release::Inert(value));
        }
        Ok(Release::Last(value))
    }

    /// `key in container`, for dicts, lists, tuples and strings.
    pub(super) unsafe fn contains_op(&mut self, at: Registers<'_>, invert: usize) -> Done {
        // SAFETY: the real operands.
        let (key, container) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let callee = if PyDict::check_exact(container) && is_plain(key) {
            table::DICT_CONTAINS
        } else if PyStr::check_exact(container) && PyStr::check_exact(key) {
            table::STR_CONTAINS
        } else if (PyList::check_exact(container) || PyTuple::check_exact(container)) && is_plain(key) {
            table::SEQUENCE_CONTAINS
        } else {
            return Err(self.abort_on("containment in", container));
        };
        let (k, c) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_type(c, container.ty())?;
        if PyStr::check_exact(container) {
            self.guard_type(k, PyStr::type_object())?;
        }
        let answer = self.call_runtime(callee, &[c, k])?;
        let two = self.trace().int(2);
        let sure = self.op(Op::Ult, &[answer, two])?;
        self.guard(Op::GuardTrue, &[sure])?;
        let wanted = self.trace().int(if invert != 0 { 0 } else { 1 });
        let result = self.op(Op::Eq, &[answer, wanted])?;
        // Nothing has happened yet.
        let (a, b) = (self.peek_raw(2)?, self.peek_raw(1)?);
        let (a, b) = (self.expect_release(a, key)?, self.expect_release(b, container)?);
        self.replace2(a, b, Sym::Bool(result))
    }

    /// `dict[key]` with a plain key. Borrowed from the dict.
    pub(super) fn dict_item(&mut self, real: &PyObject) -> Result<Sym, Abort> {
        let (d, k) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_type(d, real.ty())?;
        let value = self.attempt(table::DICT_GET, &[d, k])?;
        Ok(Sym::Obj { value, hold: Hold::Fragile })
    }

    /// `dict[key] = value` with a plain key.
    pub(super) unsafe fn store_dict(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands: value, container, key.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        if !is_plain(key) {
            return Err(self.abort_on("a key of type", key));
        }
        // What the dict holds under the key may go.
        self.disturb()?;
        let (v, d, k) = (self.materialize(3)?, self.materialize(2)?, self.materialize(1)?);
        self.guard_type(d, container.ty())?;
        let done = self.call_runtime(table::DICT_SET, &[d, k, v])?;
        self.guard(Op::GuardTrue, &[done])?;
        let mut ends = Vec::new();
        for n in 1..=3 {
            let raw = self.peek_raw(n)?;
            // SAFETY: the real words.
            ends.push(self.expect_release_late(raw, unsafe { self.real(at, n)? })?);
        }
        for _ in 0..3 {
            self.pop()?;
        }
        for end in ends {
            self.release(end)?;
        }
        Ok(())
    }

    /// `container[start:stop]` of lists, tuples, strings and bytes.
    pub(super) unsafe fn binary_slice(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands.
        let (container, start, stop) = unsafe { (self.real(at, 3)?, self.real(at, 2)?, self.real(at, 1)?) };
        let sliced = PyList::check_exact(container)
            || PyTuple::check_exact(container)
            || PyStr::check_exact(container)
            || PyBytes::check_exact(container);
        if !sliced || !is_plain(start) || !is_plain(stop) {
            return Err(self.abort_on("a slice of", container));
        }
        let (c, a, b) = (self.materialize(3)?, self.materialize(2)?, self.materialize(1)?);
        for (value, real) in [(c, container), (a, start), (b, stop)] {
            self.guard_type(value, real.ty())?;
        }
        let value = self.attempt(table::GET_SLICE, &[c, a, b])?;
        // SAFETY: passed on.
        unsafe { self.replace(at, 3, Sym::Obj { value, hold: Hold::Owned }) }
    }

    /// `+` and `*` of lists, tuples, strings and bytes.
    pub(super) unsafe fn sequence_operator(&mut self, at: Registers<'_>, op: u8, operator: usize) -> Done {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let is_sequence = |o: &PyObject| is_one_of(o, &["list", "tuple", "str", "bytes"]);
        let is_count = |o: &PyObject| is_one_of(o, &["int"]);
        let fits = match operator {
            super::arith::operator::ADD => is_sequence(left) && left.ty() as *const _ == right.ty() as *const _,
            super::arith::operator::MULTIPLY => is_sequence(left) && is_count(right),
            _ => false,
        };
        if !fits || op == rpy_vm::interp::opcode::BINARY_OP_INPLACE_ADD_UNICODE {
            return Err(self.abort_on("an operator on", left));
        }
        let (a, b) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_type(a, left.ty())?;
        self.guard_type(b, right.ty())?;
        let adds = operator == super::arith::operator::ADD;
        let value = self.attempt(if adds { table::ADD } else { table::MULTIPLY }, &[a, b])?;
        // SAFETY: passed on.
        unsafe { self.replace(at, 2, Sym::Obj { value, hold: Hold::Owned }) }
    }

    /// `BUILD_TUPLE` and `BUILD_LIST` of a few items.
    pub(super) fn build(&mut self, count: usize, list: bool) -> Done {
        let callee = match (list, count) {
            (true, 0) => table::NEW_LIST0,
            (true, 1) => table::NEW_LIST1,
            (true, 2) => table::NEW_LIST2,
            (true, 3) => table::NEW_LIST3,
            (true, 4) => table::NEW_LIST4,
            (false, 1) => table::NEW_TUPLE1,
            (false, 2) => table::NEW_TUPLE2,
            (false, 3) => table::NEW_TUPLE3,
            (false, 4) => table::NEW_TUPLE4,
            _ => return Err(Abort("a tuple or list of many items")),
        };
        let mut items = Vec::with_capacity(count);
        for n in (1..=count).rev() {
            let raw = self.peek_raw(n)?;
            // Owned by the new object from now on; no guard comes in between.
            items.push(self.owned_object(raw)?);
        }
        let value = self.call_runtime(callee, &items)?;
        for _ in 0..count {
            self.pop()?;
        }
        self.push_obj(value, Hold::Owned);
        Ok(())
    }

    /// Guards that an iterator yields without running Python code.
    fn guard_native_iterator(&mut self, value: Value, real: &PyObject) -> Done {
        if is_one_of(real, ITERATORS) {
            return self.guard_type(value, real.ty());
        }
        if let Some(enumerate) = real.downcast_exact::<PyEnumerate>()
            && let Some(inner) = enumerate.inner()
            && is_one_of(inner, ITERATORS)
        {
            self.guard_type(value, real.ty())?;
            let access = Access::word(Class::Iterator, PyEnumerate::INNER_OFFSET);
            let inside = self.emit(Inst::load(Ty::Obj, value, access))?;
            self.guard(Op::GuardNonNull, &[inside])?;
            return self.guard_type(inside, inner.ty());
        }
        if let Some(zip) = real.downcast_exact::<PyZip>()
            && zip.inner().len() <= 4
            && zip.inner().items().iter().all(|i| is_one_of(i, ITERATORS))
        {
            self.guard_type(value, real.ty())?;
            let inside = self.emit(Inst::load(Ty::Obj, value, Access::word(Class::Fixed, PyZip::INNER_OFFSET)))?;
            let size = self.length(inside, Class::Fixed)?;
            let count = self.trace().int(zip.inner().len() as i64);
            self.guard(Op::GuardIs, &[size, count])?;
            for (i, inner) in zip.inner().items().iter().enumerate() {
                let access = Access::word(Class::Fixed, layout::TUPLE_ITEMS + 8 * i);
                let item = self.emit(Inst::load(Ty::Obj, inside, access))?;
                self.guard_type(item, inner.ty())?;
            }
            return Ok(());
        }
        Err(self.abort_on("iteration by", real))
    }

    /// `FOR_ITER` of other iterators than those of ranges, lists and tuples. A path that is at the end ends the trace.
    pub(super) unsafe fn native_next(&mut self, iterator: Value, real: &PyObject) -> Done {
        self.guard_native_iterator(iterator, real)?;
        let value = self.attempt(table::NEXT, &[iterator])?;
        self.push_obj(value, Hold::Owned);
        Ok(())
    }

    /// `iter(x)` of what runs no Python code for it.
    pub(super) unsafe fn native_iter(&mut self, at: Registers<'_>, real: &PyObject) -> Done {
        let value = self.materialize(1)?;
        if is_one_of(real, ITERATORS) || is_one_of(real, &["enumerate", "zip", "reversed"]) {
            // Its own iterator.
            return self.guard_type(value, real.ty());
        }
        if !is_one_of(real, ITERABLES) {
            return Err(self.abort_on("iteration over", real));
        }
        self.lift(1)?;
        self.guard_type(value, real.ty())?;
        let iterator = self.attempt(table::ITER, &[value])?;
        // SAFETY: passed on.
        unsafe { self.replace(at, 1, Sym::Obj { value: iterator, hold: Hold::Owned }) }
    }

    /// A call of a built-in class with one or two native iterables.
    pub(super) unsafe fn call_native_class(
        &mut self,
        at: Registers<'_>,
        class: &PyObject,
        name: &str,
        argc: usize,
    ) -> Done {
        if !CLASSES.contains(&name) || argc == 0 || argc > 2 || (argc == 2 && name != "zip" && name != "enumerate") {
            return Err(self.abort_on("a call of", class));
        }
        for n in 1..=argc {
            // SAFETY: the real operand.
            let real = unsafe { self.real(at, n)? };
            let native = is_one_of(real, ITERABLES)
                || is_one_of(real, ITERATORS)
                || (name == "enumerate" && argc == 2 && n == 1 && is_one_of(real, &["int"]));
            if !native || (name == "reversed" && !is_one_of(real, &["list", "tuple", "str", "range", "dict"])) {
                return Err(self.abort_on("a call of a class with", real));
            }
        }
        // SAFETY: passed on.
        unsafe { self.call_native(at, class, argc, argc) }
    }

    /// A call of a method of a built-in type with plain arguments; `this` is the receiver.
    pub(super) unsafe fn call_native_method(
        &mut self,
        at: Registers<'_>,
        method: &PyObject,
        this: &PyObject,
        name: &str,
        argc: usize,
    ) -> Done {
        let known = is_static(this.ty())
            && METHODS.iter().any(|(ty, names)| *ty == this.ty().full_name() && names.contains(&name));
        let joins = name == "join" && (PyStr::check_exact(this) || PyBytes::check_exact(this)) && argc == 1;
        if (!known && !joins) || argc + 1 > MOST_ARGS {
            return Err(self.abort_on("a method of", this));
        }
        for n in 1..=argc {
            // SAFETY: the real operand.
            let real = unsafe { self.real(at, n)? };
            let fits = if joins { is_one_of(real, &["list", "tuple"]) } else { is_plain(real) };
            if !fits {
                return Err(self.abort_on("a method with", real));
            }
        }
        // SAFETY: passed on.
        unsafe { self.call_native(at, method, argc, argc + 1) }
    }

    /// Calls the callable with the top `passed` words, through its vectorcall, all types guarded.
    unsafe fn call_native(&mut self, at: Registers<'_>, callable: &PyObject, argc: usize, passed: usize) -> Done {
        let mut args = Vec::with_capacity(passed + 1);
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(value, callable)?;
        args.push(self.constant_object(callable));
        // What the containers hold may go.
        self.disturb()?;
        for n in (1..=passed).rev() {
            let value = self.materialize(n)?;
            // SAFETY: the real operand.
            let real = unsafe { self.real(at, n)? };
            self.guard_type(value, real.ty())?;
            args.push(value);
        }
        let callee = match passed {
            1 => table::CALL1,
            2 => table::CALL2,
            3 => table::CALL3,
            _ => return Err(Abort("many arguments")),
        };
        let value = self.attempt_raising(callee, &args)?;
        // SAFETY: passed on.
        unsafe { self.replace(at, argc + 2, Sym::Obj { value, hold: Hold::Owned }) }
    }

    /// Gives up for a type, which the log tells.
    pub(super) fn abort_on(&mut self, what: &'static str, real: &PyObject) -> Abort {
        self.detail = Some(real.ty().full_name().to_owned());
        Abort(what)
    }
}
