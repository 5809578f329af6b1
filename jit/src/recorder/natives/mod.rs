//! Work of the built-in types that is done by calling the VM, where it is known to run no Python code: the operands are of exact
//! built-in types, and what they contain is looked at natively.
//!
//! Such calls may happen in inlined frames, which do not exist while they run. They either do their work, or have no effect
//! and say so (a null, a number out of range): then the trace ends before the instruction, and the interpreter executes it. Those
//! that raise end the trace with the exception.

use core::ops::RangeInclusive;

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::object::typeobj::{PyTypeObject, flags};
use rpy_vm::types::bytearray::PyByteArray;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::PyList;
use rpy_vm::types::set::PyFrozenSet;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;

use super::ends::{Ends, Release};
use super::state::{Hold, Sym};
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, ExitKind, Inst, Op, Ty, Value};
use crate::runtime::plain::{has_plain_items, is_deep, is_handy_key, is_long, is_plain, is_plain_slice};
use crate::runtime::table::{self, Function};

mod attributes;
mod calls;
mod displays;
mod iterate;
mod mappings;
mod operators;
mod raw;
mod reduce;
mod reviewed;
mod sets;
mod slices;

pub(super) use mappings::is_mapping_with;
use reviewed::{Does, Takes};

fn is_static(ty: &PyTypeObject) -> bool {
    !ty.has_flag(flags::HEAPTYPE)
}

/// The static type that a type is, or is derived from.
pub(super) fn static_base(ty: &PyTypeObject) -> &PyTypeObject {
    let mut ty = ty;
    while !is_static(ty) {
        // SAFETY: a type keeps its base alive.
        match unsafe { ty.tp_base.get().as_ref() } {
            Some(base) => ty = base,
            None => break,
        }
    }
    ty
}

/// Is the object's type one of these static types?
pub(super) fn is_one_of(object: &PyObject, names: &[&str]) -> bool {
    is_static(object.ty()) && names.contains(&object.ty().full_name())
}

/// Where a type that has it keeps its number of items: the class and the offset.
fn size_of(object: &PyObject) -> Option<(Class, usize)> {
    let plain = rpy_vm::layout::OB_SIZE;
    if PyList::check_exact(object) {
        return Some((Class::ListHeader, plain));
    }
    if PyStr::check_exact(object) || PyTuple::check_exact(object) || PyBytes::check_exact(object) {
        return Some((Class::Fixed, plain));
    }
    if PyDict::check_exact(object) || is_one_of(object, &["collections.defaultdict", "collections.OrderedDict"]) {
        return Some((Class::Dict, plain));
    }
    if PyByteArray::check_exact(object) || is_one_of(object, &["array.array"]) {
        return Some((Class::Buffer, plain));
    }
    if rpy_vm::types::set::any_set_exact(object).is_some() {
        return Some((Class::Buffer, rpy_vm::layout::SET_USED));
    }
    None
}

/// Types whose length is found by calling them, which runs no Python code.
const SIZED: &[&str] = &["range", "collections.deque", "dict_keys", "dict_values", "dict_items", "memoryview"];

/// Streams in memory.
const STREAMS: &[&str] = &["_io.StringIO"];

impl Recorder {
    /// Boxes a number on the stack in place, so that native code can be given it. Its value as an object.
    pub(super) fn materialize(&mut self, n: usize) -> Result<Value, Abort> {
        let raw = self.peek_raw(n)?;
        if matches!(raw, Sym::Int(_) | Sym::Float(_) | Sym::Bool(_) | Sym::Scalar(..)) {
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

    /// Calls a native function that answers 0, 1, or UNSURE where it did nothing. The answer, as an integer.
    pub(super) fn ask(&mut self, callee: Function, args: &[Value]) -> Result<Value, Abort> {
        let answer = self.call_runtime(callee, args)?;
        let unsure = self.trace().int(crate::runtime::UNSURE as i64);
        let sure = self.op(Op::Ult, &[answer, unsure])?;
        self.guard(Op::GuardTrue, &[sure])?;
        Ok(answer)
    }

    /// As [`Recorder::ask`]: the truth of the answer being yes, or of it being no.
    pub(super) fn ask_whether(&mut self, callee: Function, args: &[Value], yes: bool) -> Result<Value, Abort> {
        let answer = self.ask(callee, args)?;
        let wanted = self.trace().int(i64::from(yes));
        self.op(Op::Eq, &[answer, wanted])
    }

    /// As [`Recorder::disturb`], but for the words at these places (1 is the top): the instruction's operands, which what is about to
    /// be destroyed does not keep alive.
    fn disturb_but(&mut self, kept: core::ops::RangeInclusive<usize>) -> Done {
        let top = self.frames.len() - 1;
        let len = self.frames[top].slots.len();
        for frame in 0..self.frames.len() {
            for slot in 0..self.frames[frame].slots.len() {
                if frame == top && kept.contains(&(len - slot)) {
                    continue;
                }
                let sym = self.frames[frame].slots[slot];
                if let Sym::Obj { hold: Hold::Fragile, .. } = sym {
                    let owned = self.own(sym)?;
                    self.frames[frame].slots[slot] = owned;
                    self.snapshot = None;
                }
            }
        }
        Ok(())
    }

    /// Guards how the top `count` words end, before anything happens.
    pub(super) unsafe fn expect_ends(&mut self, at: Registers<'_>, count: usize) -> Result<Ends, Abort> {
        // SAFETY: passed on.
        unsafe { self.expect_ends_of(at, 1..=count) }
    }

    /// The same of some of the words, counted from the top.
    pub(super) unsafe fn expect_ends_of(
        &mut self,
        at: Registers<'_>,
        words: RangeInclusive<usize>,
    ) -> Result<Ends, Abort> {
        let mut ends = Ends::default();
        for n in words {
            let raw = self.peek_raw(n)?;
            // SAFETY: the real words.
            if let Some(real) = unsafe { (*at.sp.sub(n)).opt() } {
                self.expect_end(&mut ends, raw, real)?;
            }
        }
        Ok(ends)
    }

    /// How the top `count` words end, where the instruction's effects may change what could be guarded: whatever might be the last
    /// reference is treated as such.
    pub(super) unsafe fn late_ends(&mut self, at: Registers<'_>, count: usize) -> Result<Ends, Abort> {
        let mut ends = Ends::default();
        for n in 1..=count {
            let Sym::Obj { value, hold: Hold::Owned } = self.peek_raw(n)? else { continue };
            // SAFETY: the real words.
            let Some(real) = (unsafe { (*at.sp.sub(n)).opt() }) else { continue };
            let known = self.builder.known_type(value);
            let inert = known == Some(real.ty() as *const PyTypeObject as u64) && super::values::is_inert(real.ty());
            ends.push(if inert { Release::Inert(value) } else { Release::Last(value) });
        }
        Ok(ends)
    }

    /// Replaces the top `count` words by a result (`Sym::Null` for none).
    pub(super) fn conclude(&mut self, count: usize, ends: Ends, result: Option<Sym>) -> Done {
        for _ in 0..count {
            self.pop()?;
        }
        if let Some(result) = result {
            self.push(result);
        }
        self.release_all(ends)?;
        Ok(())
    }

    /// Prepares for a call that consumes the top `count` words and `does` this, of which argument words are `args` (from the top
    /// on): what it may drop is made sure to stay. How the words end.
    unsafe fn prepare(&mut self, at: Registers<'_>, count: usize, does: Does) -> Result<Ends, Abort> {
        // SAFETY: passed on.
        unsafe {
            match does {
                Does::Looks | Does::Adds => return self.expect_ends(at, count),
                Does::Takes => self.disturb_but(1..=count)?,
                Does::Drops => {
                    // The arguments may be what is dropped; what is below them is not kept by a plain object.
                    self.disturb_but(count.saturating_sub(1)..=count)?;
                }
                Does::Destroys => self.disturb()?,
            }
            self.late_ends(at, count)
        }
    }

    /// The snapshot at which an exception that the instruction has left with the thread is raised.
    fn guard_raised(&mut self, op: Op, value: Value) -> Done {
        let raise = self.new_snapshot(ExitKind::Raise);
        self.emit(Inst::new(op, &[value]).at(raise))?;
        Ok(())
    }

    /// `True` or `False`, as an object that a call has given, unboxed.
    fn bool_result(&mut self, value: Value) -> Result<Sym, Abort> {
        let truth = self.trace().obj(rpy_vm::types::bool_::as_object(true).as_ptr() as usize);
        Ok(Sym::Bool(self.op(Op::Is, &[value, truth])?))
    }

    /// The operand `n` below the top as an argument of which this is expected; guarded. True in the second place if it is an iterator,
    /// which the call may move on.
    unsafe fn expect_argument(&mut self, at: Registers<'_>, n: usize, takes: Takes) -> Result<(Value, bool), Abort> {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, n)? };
        let value = self.materialize(n)?;
        Ok((value, self.expect_takes(value, real, takes)?))
    }

    /// Guards that an object is what is expected of an argument. True if it is an iterator.
    fn expect_takes(&mut self, value: Value, real: &PyObject, takes: Takes) -> Result<bool, Abort> {
        match takes {
            Takes::Any => {}
            Takes::Plain => {
                if !is_plain(real) {
                    return Err(self.abort_on("a plain argument", real));
                }
                self.guard_type(value, real.ty())?;
                if PyTuple::check_exact(real) && !value.is_const() {
                    self.guard_that(table::PLAIN, value)?;
                }
            }
            Takes::Key => {
                if !is_handy_key(real) {
                    return Err(self.abort_on("a key of type", real));
                }
                if is_plain(real) && !PyTuple::check_exact(real) {
                    self.guard_type(value, real.ty())?;
                } else if !value.is_const() || !is_plain(real) {
                    self.guard_that(table::KEY, value)?;
                }
            }
            Takes::Bounds => {
                if !is_plain_slice(real) {
                    return Err(self.abort_on("bounds that are not plain of", real));
                }
                self.guard_key(value, real)?;
            }
            Takes::Native => return Ok(!self.guard_native_iterable(value, real)?),
            Takes::Iterable => {
                self.guard_native_iterable(value, real)?;
            }
            Takes::Text if is_one_of(real, &["decimal.Decimal"]) => self.guard_type(value, real.ty())?,
            Takes::Output if is_one_of(real, STREAMS) => {
                self.guard_type(value, real.ty())?;
                self.guard_no_dict(value, real)?;
            }
            Takes::Output => return self.expect_takes(value, real, Takes::Plain),
            Takes::Items | Takes::Deep | Takes::Text => {
                let items = takes == Takes::Items;
                let fits = if items { has_plain_items(real) } else { is_deep(real) };
                if !fits || is_long(real) {
                    return Err(self.abort_on("an argument of plain items", real));
                }
                self.guard_type(value, real.ty())?;
                // What never changes is what it is.
                let constant = value.is_const() && (is_plain(real) || PyFrozenSet::check_exact(real));
                if !constant && (!is_plain(real) || PyTuple::check_exact(real)) {
                    self.guard_that(if items { table::PLAIN_ITEMS } else { table::DEEP }, value)?;
                }
            }
        }
        Ok(false)
    }

    /// Guards what a function of the runtime says of an object.
    fn guard_that(&mut self, question: Function, value: Value) -> Done {
        let answer = self.call_runtime(question, &[value])?;
        self.guard(Op::GuardTrue, &[answer])?;
        Ok(())
    }

    /// `len(x)` of the built-in types, if the object is of one; guarded.
    pub(super) fn native_length(&mut self, value: Value, real: &PyObject) -> Result<Option<Value>, Abort> {
        if let Some((class, offset)) = size_of(real) {
            self.guard_type(value, real.ty())?;
            return self.emit(Inst::load(Ty::Int, value, Access::word(class, offset))).map(Some);
        }
        if !is_one_of(real, SIZED) {
            return Ok(None);
        }
        self.guard_type(value, real.ty())?;
        let size = self.call_runtime(table::SIZE, &[value])?;
        let zero = self.trace().int(0);
        let fits = self.op(Op::Ge, &[size, zero])?;
        self.guard(Op::GuardTrue, &[fits])?;
        Ok(Some(size))
    }

    /// Gives up for a type, which the log tells.
    pub(super) fn abort_on(&mut self, what: &'static str, real: &PyObject) -> Abort {
        self.detail = Some(real.ty().full_name().to_owned());
        Abort(what)
    }
}
