//! Locals, the operand stack, constants, jumps.

use rpy_vm::interp::stackref::StackRef;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;

use super::ends::Release;
use super::state::{Hold, Sym};
use super::values::{Number, is_inert};
use super::{Abort, Done, LEFT, Recorder};
use crate::ir::{Op, Ty, Value};

impl Recorder {
    pub(super) fn load_fast(&mut self, index: usize) -> Done {
        let sym = self.slot(index)?;
        self.push(sym);
        Ok(())
    }

    pub(super) unsafe fn load_fast_check(&mut self, at: Registers<'_>, index: usize) -> Done {
        // SAFETY: a local of the real frame.
        if unsafe { *(*at.frame).local(index) }.is_null() {
            return Err(Abort("an unbound local"));
        }
        let sym = self.slot(index)?;
        if let Sym::Obj { value, hold: Hold::Slot { .. } } = sym
            && !value.is_const()
        {
            self.guard(Op::GuardNonNull, &[value])?;
        }
        self.push(sym);
        Ok(())
    }

    pub(super) unsafe fn load_const(&mut self, at: Registers<'_>, index: usize) -> Done {
        // SAFETY: the code's own constant.
        let constant = unsafe { (*at.frame).code().constant(index) };
        let sym = self.constant_sym(constant);
        self.push(sym);
        Ok(())
    }

    /// A constant: numbers unboxed.
    pub(super) fn constant_sym(&mut self, object: &PyObject) -> Sym {
        if let Some(int) = object.downcast_exact::<PyInt>()
            && let Some(value) = int.medium_value()
        {
            return Sym::Int(self.trace().int(value));
        }
        if let Some(float) = object.downcast_exact::<PyFloat>() {
            return Sym::Float(self.trace().float(float.value()));
        }
        if rpy_vm::types::bool_::is_bool(object) {
            let truth = object.is(rpy_vm::types::bool_::as_object(true));
            return Sym::Bool(self.trace().bool(truth));
        }
        let value = self.constant_object(object);
        Sym::Obj { value, hold: Hold::Constant }
    }

    pub(super) fn load_small_int(&mut self, value: usize) -> Done {
        let value = self.trace().int(value as i64);
        self.push(Sym::Int(value));
        Ok(())
    }

    pub(super) unsafe fn pop_top(&mut self, at: Registers<'_>) -> Done {
        let sym = self.peek_raw(1)?;
        // SAFETY: the real word.
        match unsafe { (*at.sp.sub(1)).opt() } {
            Some(real) => {
                let release = self.expect_release(sym, real)?;
                self.pop()?;
                self.release(release)
            }
            None => self.pop().map(|_| ()),
        }
    }

    /// `LOAD_FAST_AND_CLEAR`: what a local holds moves to the stack, where it waits for the end of a comprehension.
    pub(super) unsafe fn load_fast_and_clear(&mut self, at: Registers<'_>, index: usize) -> Done {
        let frame = self.frames.len() - 1;
        let held = self.frames[frame].slots[index];
        // SAFETY: a local of the real frame.
        let real = unsafe { *(*at.frame).local(index) };
        self.unlend(frame, index)?;
        if held != Sym::Memory {
            // Borrowed from elsewhere, owned, or a number.
            self.push(held);
            self.frames[frame].slots[index] = Sym::Null;
            self.snapshot = None;
            return Ok(());
        }
        let word = self.load_word(index)?;
        let end = self.expect_word(held, word, real, false)?;
        if real.is_null() {
            self.push(Sym::Null);
            return Ok(());
        }
        let value = self.op(Op::Untag, &[word])?;
        self.guard(Op::GuardNonNull, &[value])?;
        self.op(Op::Incref, &[value])?;
        let null = self.null_word();
        self.store_word(index, null)?;
        // One reference is left in any case: it has just been taken.
        match end {
            WordEnd::Nothing => {}
            WordEnd::Inert => {
                self.op(Op::CloseInert, &[word])?;
            }
            WordEnd::Shared | WordEnd::Last => {
                self.op(Op::CloseShared, &[word])?;
            }
        }
        self.push_obj(value, Hold::Owned);
        Ok(())
    }

    /// `LOAD_COMMON_CONSTANT`.
    pub(super) fn load_common_constant(&mut self, index: usize) -> Done {
        let object = rpy_vm::interp::ops::names::common_constant(index).map_err(|_| Abort("a missing constant"))?;
        let value = self.constant_object(&object);
        self.push_obj(value, Hold::Constant);
        Ok(())
    }

    /// `CALL_INTRINSIC_1`.
    pub(super) unsafe fn intrinsic(&mut self, at: Registers<'_>, which: usize) -> Done {
        match which {
            // SAFETY: passed on.
            5 => unsafe { self.unary(at, super::arith::Unary::Positive) },
            6 => {
                let Sym::Obj { value, hold: Hold::Owned } = self.peek_raw(1)? else {
                    return Err(Abort("a list that is not the trace's"));
                };
                let tuple = self.call_runtime(crate::runtime::table::LIST_INTO_TUPLE, &[value])?;
                self.pop()?;
                self.push_obj(tuple, Hold::Owned);
                Ok(())
            }
            _ => Err(Abort("an intrinsic")),
        }
    }

    /// The symbol itself, `n` below the top, with its ownership.
    pub(super) fn peek_raw(&mut self, n: usize) -> Result<Sym, Abort> {
        let frame = self.top();
        if frame.depth() < n {
            return Err(Abort("empty stack"));
        }
        Ok(frame.slots[frame.slots.len() - n])
    }

    pub(super) fn copy(&mut self, n: usize) -> Done {
        let sym = self.peek(n)?;
        // The copy must not depend on how long the original stays.
        let sym = match sym {
            Sym::Obj { value, hold: Hold::Slot { frame, slot } }
                if frame as usize == self.frames.len() - 1 && slot as usize >= self.top().locals =>
            {
                self.op(Op::Incref, &[value])?;
                Sym::Obj { value, hold: Hold::Owned }
            }
            other => other,
        };
        self.push(sym);
        Ok(())
    }

    pub(super) fn swap(&mut self, n: usize) -> Done {
        let frame = self.top();
        if frame.depth() < n {
            return Err(Abort("empty stack"));
        }
        if frame.home.is_some_and(|home| frame.depth() - n < home.depth) {
            return Err(LEFT);
        }
        let top = frame.slots.len() - 1;
        // Nothing is borrowed from slots of the operand stack but by `COPY`, which owns.
        frame.slots.swap(top, top + 1 - n);
        Ok(())
    }

    pub(super) unsafe fn pop_jump_if(&mut self, at: Registers<'_>, _op: u8) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let truth = self.as_bool(sym, real)?;
        let taken = real.is(rpy_vm::types::bool_::as_object(true));
        self.guard(if taken { Op::GuardTrue } else { Op::GuardFalse }, &[truth])?;
        self.pop()?;
        Ok(())
    }

    pub(super) unsafe fn pop_jump_if_none(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek_raw(1)?;
        if let Sym::Obj { value, .. } = self.peek(1)?
            && !value.is_const()
        {
            let none = self.trace().obj(rpy_vm::none_ref().as_ptr() as usize);
            let same = self.op(Op::Is, &[value, none])?;
            self.guard(if rpy_vm::is_none(real) { Op::GuardTrue } else { Op::GuardFalse }, &[same])?;
        }
        let release = self.expect_release(sym, real)?;
        self.pop()?;
        self.release(release)
    }

    /// `STORE_FAST`.
    pub(super) unsafe fn store_fast(&mut self, at: Registers<'_>, index: usize) -> Done {
        // SAFETY: passed on.
        let store = unsafe { self.expect_store(at, index, 1)? };
        self.store(store)
    }

    /// `DELETE_FAST`.
    pub(super) unsafe fn delete_fast(&mut self, at: Registers<'_>, index: usize) -> Done {
        // SAFETY: the real local.
        let old = unsafe { *(*at.frame).local(index) };
        // SAFETY: the real local.
        let Some(real) = (unsafe { old.opt() }) else { return Err(Abort("an unbound local")) };
        let frame = self.frames.len() - 1;
        let held = self.frames[frame].slots[index];
        if self.top().home.is_none() {
            let end = self.expect_release(held, real)?;
            self.unlend(frame, index)?;
            self.frames[frame].slots[index] = Sym::Null;
            self.snapshot = None;
            return self.release(end);
        }
        if matches!(held, Sym::Obj { hold: Hold::Owned, .. }) {
            return Err(Abort("a variable that is not in memory"));
        }
        let word = self.load_word(index)?;
        let end = self.expect_word(held, word, old, false)?;
        self.unlend(frame, index)?;
        if matches!(end, WordEnd::Last) {
            self.disturb()?;
        }
        let null = self.null_word();
        self.store_word(index, null)?;
        self.frames[frame].slots[index] = Sym::Memory;
        self.snapshot = None;
        self.close_word(word, end)
    }

    /// Drops the word that was in a slot, as expected.
    fn close_word(&mut self, word: Value, end: WordEnd) -> Done {
        match end {
            WordEnd::Nothing => {}
            WordEnd::Inert => {
                self.op(Op::CloseInert, &[word])?;
            }
            WordEnd::Shared => {
                self.op(Op::CloseShared, &[word])?;
            }
            WordEnd::Last => {
                self.op(Op::CloseWord, &[word])?;
            }
        }
        Ok(())
    }

    /// `STORE_FAST_STORE_FAST`: what both stores need is guarded before the first.
    pub(super) unsafe fn store_fast_twice(&mut self, at: Registers<'_>, first: usize, second: usize) -> Done {
        if first == second {
            return Err(Abort("two stores into one local"));
        }
        // SAFETY: passed on.
        let (first, second) = unsafe { (self.expect_store(at, first, 1)?, self.expect_store(at, second, 2)?) };
        self.store(first)?;
        self.store(second)
    }

    /// Guards what storing the value `n` below the top into a local needs.
    unsafe fn expect_store(&mut self, at: Registers<'_>, index: usize, n: usize) -> Result<Store, Abort> {
        // SAFETY: the real word, and the real local.
        let (new, old) = unsafe { (*at.sp.sub(n), *(*at.frame).local(index)) };
        let sym = self.peek_raw(n)?;
        let frame = self.frames.len() - 1;
        let held = self.frames[frame].slots[index];
        if new.is_null() && self.top().home.is_some() {
            // The end of a comprehension, whose variable was not bound before it.
            if sym != Sym::Null || matches!(held, Sym::Obj { hold: Hold::Owned, .. }) {
                return Err(Abort("an empty slot"));
            }
            let word = self.load_word(index)?;
            let end = self.expect_word(held, word, old, false)?;
            return Ok(Store { index, sym, kind: StoreKind::Empty { end, word, memory: held == Sym::Memory } });
        }
        if self.top().home.is_none() {
            // SAFETY: the real local.
            let end = match unsafe { old.opt() } {
                Some(real) => self.expect_release(held, real)?,
                None => Release::Nothing,
            };
            // A null word has a null symbol.
            if new.is_null() != (sym == Sym::Null) {
                return Err(Abort("an empty slot"));
            }
            return Ok(Store { index, sym, kind: StoreKind::Inlined { end } });
        }
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, n)? };
        // Unbox numbers, so that the loop can keep them in registers.
        let mut keep = false;
        let plain = match sym {
            Sym::Obj { .. } if is_nan(real) => None,
            Sym::Obj { .. } if let Some((scalar, value)) = self.scalar(sym, real)? => {
                if scalar.is_float() {
                    let ordered = self.op(Op::FEq, &[value, value])?;
                    self.guard(Op::GuardTrue, &[ordered])?;
                }
                Some(Sym::Scalar(scalar, value))
            }
            Sym::Obj { .. } => match self.number_if_small(sym, real)? {
                Some(Number::Int(v)) if !rpy_vm::types::bool_::is_bool(real) => Some(Sym::Int(v)),
                Some(Number::Float(v)) => {
                    // A NaN is equal to nothing but found in containers that hold this very object: it stays the object that it is.
                    let ordered = self.op(Op::FEq, &[v, v])?;
                    self.guard(Op::GuardTrue, &[ordered])?;
                    Some(Sym::Float(v))
                }
                _ => match sym {
                    Sym::Obj { hold: Hold::Constant, .. } => Some(sym),
                    Sym::Obj { value, .. } if self.in_base() && self.builder.is_fresh(value) => {
                        // It may not have to exist.
                        keep = true;
                        Some(sym)
                    }
                    _ => None,
                },
            },
            Sym::Int(_) | Sym::Float(_) | Sym::Bool(_) | Sym::Scalar(..) => Some(sym),
            Sym::Null | Sym::Memory | Sym::Lazy(_) => return Err(Abort("an empty slot")),
        };
        let dropped = match plain {
            Some(_) if !keep => self.expect_release(sym, real)?,
            _ => Release::Nothing,
        };
        // SAFETY: the real local.
        let held_end = match (held, unsafe { old.opt() }) {
            (Sym::Obj { hold: Hold::Owned, .. }, Some(real)) => self.expect_release(held, real)?,
            _ => Release::Nothing,
        };
        // What memory holds now, and how it goes.
        let word = self.load_word(index)?;
        let end = self.expect_word(held, word, old, plain.is_some())?;
        Ok(Store { index, sym, kind: StoreKind::Base { plain, keep, dropped, word, end, held_end } })
    }

    /// Guards what storing a number into a variable needs that holds a number.
    ///
    /// # Safety
    /// The registers are those of a live machine.
    pub(super) unsafe fn expect_number(
        &mut self,
        at: Registers<'_>,
        index: usize,
        number: Sym,
    ) -> Result<Store, Abort> {
        let frame = self.frames.len() - 1;
        let held = self.frames[frame].slots[index];
        let kind = if self.top().home.is_none() {
            StoreKind::Inlined { end: Release::Nothing }
        } else {
            // SAFETY: a local of the real frame.
            let old = unsafe { *(*at.frame).local(index) };
            let word = self.load_word(index)?;
            let end = self.expect_word(held, word, old, true)?;
            let (dropped, held_end) = (Release::Nothing, Release::Nothing);
            StoreKind::Base { plain: Some(number), keep: false, dropped, word, end, held_end }
        };
        Ok(Store { index, sym: number, kind })
    }

    /// Stores a number, as prepared.
    pub(super) fn store_number(&mut self, store: Store) -> Done {
        self.push(store.sym);
        self.store(store)
    }

    /// Stores the top of the stack, as prepared.
    fn store(&mut self, store: Store) -> Done {
        let Store { index, sym, kind } = store;
        let frame = self.frames.len() - 1;
        self.unlend(frame, index)?;
        // The lender may have been this very slot: what the stack has now counts.
        let top = self.pop()?;
        self.snapshot = None;
        match kind {
            StoreKind::Inlined { end } => {
                self.frames[frame].slots[index] = top;
                self.release(end)
            }
            StoreKind::Empty { end, word, memory } => {
                if matches!(end, WordEnd::Last) {
                    self.disturb()?;
                }
                let null = self.null_word();
                if memory && !matches!(end, WordEnd::Nothing) {
                    self.store_word(index, null)?;
                }
                // Below a number lies nothing of interest, and stays there.
                self.frames[frame].slots[index] = if memory { Sym::Memory } else { Sym::Null };
                match end {
                    WordEnd::Inert if memory => {
                        self.op(Op::CloseInert, &[word])?;
                    }
                    WordEnd::Nothing | WordEnd::Inert => {}
                    WordEnd::Shared => {
                        self.op(Op::CloseShared, &[word])?;
                    }
                    WordEnd::Last => {
                        self.op(Op::CloseWord, &[word])?;
                    }
                }
                Ok(())
            }
            StoreKind::Base { plain: Some(plain), keep, dropped, word, end, held_end } => {
                match end {
                    WordEnd::Nothing | WordEnd::Inert => {}
                    WordEnd::Shared => {
                        let null = self.null_word();
                        self.store_word(index, null)?;
                        self.op(Op::CloseShared, &[word])?;
                    }
                    WordEnd::Last => {
                        let null = self.null_word();
                        self.disturb()?;
                        self.store_word(index, null)?;
                        self.op(Op::CloseWord, &[word])?;
                    }
                }
                if keep {
                    let owned = self.own(top)?;
                    self.frames[frame].slots[index] = owned;
                    return self.release(held_end);
                }
                self.frames[frame].slots[index] = plain;
                self.release(held_end)?;
                let became_owned = matches!(top, Sym::Obj { hold: Hold::Owned, .. })
                    && !matches!(sym, Sym::Obj { hold: Hold::Owned, .. });
                if became_owned && let Sym::Obj { value, .. } = top {
                    // It was borrowed from the slot, and is not needed as an object after all.
                    self.op(Op::DecrefInert, &[value])?;
                }
                self.release(dropped)
            }
            StoreKind::Base { plain: None, word, end, held_end, .. } => {
                let owned = self.owned_object(top)?;
                if matches!(end, WordEnd::Last) {
                    self.disturb()?;
                }
                self.store_word(index, owned)?;
                self.frames[frame].slots[index] = Sym::Memory;
                match end {
                    WordEnd::Nothing => {}
                    WordEnd::Inert => {
                        self.op(Op::CloseInert, &[word])?;
                    }
                    WordEnd::Shared => {
                        self.op(Op::CloseShared, &[word])?;
                    }
                    WordEnd::Last => {
                        self.op(Op::CloseWord, &[word])?;
                    }
                }
                self.release(held_end)
            }
        }
    }

    fn number_if_small(&mut self, sym: Sym, real: &PyObject) -> Result<Option<Number>, Abort> {
        if real.downcast_exact::<PyInt>().is_some_and(|i| i.medium_value().is_none())
            || real.downcast_exact::<PyFloat>().is_some_and(|f| f.value().is_nan())
        {
            return Ok(None);
        }
        self.number(sym, real)
    }

    /// The word of an empty slot.
    pub(super) fn null_word(&mut self) -> Value {
        self.trace().constant(Ty::Obj, StackRef::NULL.bits() as u64)
    }

    /// What the end of the word in a slot of the base frame is like; guarded. `held` is the slot's symbol. A word that is `covered`
    /// by a number or a constant stays in memory: in later rounds it is not there, so nothing else is to depend on what it is now.
    fn expect_word(&mut self, held: Sym, word: Value, old: StackRef, covered: bool) -> Result<WordEnd, Abort> {
        if held != Sym::Memory {
            // Below a number or a constant there is nothing of interest.
            return Ok(WordEnd::Inert);
        }
        // SAFETY: the real local.
        match unsafe { old.opt() } {
            Some(real) if covered && is_inert(real.ty()) => {
                let likely = self.type_constant(real.ty());
                self.guard(Op::GuardInert, &[word, likely])?;
                Ok(WordEnd::Inert)
            }
            None if covered => {
                let likely = self.type_constant(rpy_vm::none_ref().ty());
                self.guard(Op::GuardInert, &[word, likely])?;
                Ok(WordEnd::Nothing)
            }
            None => {
                let null = self.null_word();
                self.guard(Op::GuardIs, &[word, null])?;
                Ok(WordEnd::Nothing)
            }
            Some(real) if is_inert(real.ty()) => {
                // Next time the local may be unbound.
                let object = self.op(Op::Untag, &[word])?;
                self.guard(Op::GuardNonNull, &[object])?;
                self.guard_type(object, real.ty())?;
                Ok(WordEnd::Inert)
            }
            Some(real) if old.is_borrowed() || Self::is_shared(real) => {
                self.guard(Op::GuardShared, &[word])?;
                Ok(WordEnd::Shared)
            }
            Some(_) => Ok(WordEnd::Last),
        }
    }
}

/// A store into a local whose guards have been emitted.
pub(super) struct Store {
    index: usize,
    /// The value as it was on the stack.
    sym: Sym,
    kind: StoreKind,
}

enum StoreKind {
    /// Into a frame that exists only in the picture; what the local held ends so.
    Inlined { end: Release },
    /// Of no value at all into the base frame; does memory hold what was there?
    Empty { end: WordEnd, word: Value, memory: bool },
    /// Into the base frame: numbers and constants (`plain`) stay out of memory, and so do objects that the trace may not have to make
    /// (`keep`); others are written there. What the picture held ends as `held_end` says.
    Base { plain: Option<Sym>, keep: bool, dropped: Release, word: Value, end: WordEnd, held_end: Release },
}

/// What dropping the word of a slot does.
enum WordEnd {
    /// It is empty.
    Nothing,
    /// Nothing that anybody could notice.
    Inert,
    /// Others hold the object, too.
    Shared,
    /// It may destroy the object.
    Last,
}

/// Is it a scalar of numpy that is not a number?
fn is_nan(real: &PyObject) -> bool {
    let scalar = crate::numpy::see(real.ty()).and_then(|numpy| numpy.scalar_of(real.ty()));
    // SAFETY: a scalar of that type.
    scalar.is_some_and(|scalar| unsafe { crate::numpy::scalars::value(real, scalar) }.as_f64().is_nan())
}
