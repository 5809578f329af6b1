//! The end of a path: how it goes on in a compiled loop.
//!
//! A loop keeps some slots of its frame out of memory at its head: numbers, mostly. It can be entered in two ways: as the interpreter
//! does, with everything in memory, or with these numbers as parameters. The second way is open to paths that have them, or
//! can have them: by unboxing what memory holds.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::types::bool_;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;

use super::state::{Hold, Sym};
use super::values::Number;
use super::{Abort, Done, Recorder};
use crate::ir::{Form, Inst, Op, Value};
use crate::opt::is_number;

/// What a loop's head keeps out of memory.
#[derive(Clone, Copy, Debug)]
pub struct HeadSlot {
    pub index: u16,
    pub form: Form,
    /// The object, of slots that hold constants.
    pub constant: u64,
}

impl Recorder {
    /// Can the path, which has come to a loop, have these slots as the loop's head has them?
    ///
    /// # Safety
    /// The registers are those of a live machine, at the head.
    pub unsafe fn fits(&self, at: Registers<'_>, head: &[HeadSlot]) -> bool {
        head.iter().any(|slot| is_number(slot.form))
            && head.iter().all(|slot| {
                let sym = self.frames[0].slots[slot.index as usize];
                match (slot.form, sym) {
                    (Form::Int, Sym::Int(_)) | (Form::Float, Sym::Float(_)) | (Form::Bool, Sym::Bool(_)) => true,
                    (Form::Null, Sym::Null) => true,
                    (Form::Shared, Sym::Obj { value, hold: Hold::Constant }) => {
                        self.builder.trace.as_const(value).is_some_and(|constant| constant.bits == slot.constant)
                    }
                    // SAFETY: a slot of the real frame.
                    (form, Sym::Memory) if is_number(form) => unsafe { holds(at, slot.index, form) },
                    _ => false,
                }
            })
    }

    /// Ends the path, which fits the head, with what it has in place of memory; the numbers are parameters of the loop's trace.
    ///
    /// # Safety
    /// The registers are those of a live machine, at the head.
    pub unsafe fn enter_loop(&mut self, at: Registers<'_>, head: &[HeadSlot]) -> Done {
        let mut numbers = Vec::new();
        for slot in head.iter().filter(|slot| is_number(slot.form)) {
            let index = slot.index as usize;
            let sym = self.slot(index)?;
            // SAFETY: the slot of the real frame holds a number, as it fits.
            let real = unsafe { (*(*at.frame).local(index)).opt() }.ok_or(Abort("an empty slot"))?;
            if let Sym::Obj { value, hold: Hold::Slot { .. } } = sym {
                // Next time the local may be unbound.
                self.guard(Op::GuardNonNull, &[value])?;
            }
            let sym = match slot.form {
                Form::Bool => Sym::Bool(self.as_bool(sym, real)?),
                _ => match self.number(sym, real)? {
                    Some(Number::Int(value)) => Sym::Int(value),
                    Some(Number::Float(value)) => {
                        if !matches!(sym, Sym::Float(_)) {
                            // A NaN stays the object that it is.
                            let ordered = self.op(Op::FEq, &[value, value])?;
                            self.guard(Op::GuardTrue, &[ordered])?;
                        }
                        Sym::Float(value)
                    }
                    None => return Err(Abort("not a number")),
                },
            };
            numbers.push((index, sym));
        }
        for &(index, sym) in &numbers {
            // Memory keeps the object, whose end nobody notices.
            self.frames[0].slots[index] = sym;
        }
        self.snapshot = None;
        self.settle(|slot| head.iter().any(|kept| kept.index as usize == slot))?;
        self.guard(Op::GuardCalm, &[])?;
        let values: Vec<Value> = numbers
            .iter()
            .filter_map(|&(_, sym)| match sym {
                Sym::Int(value) | Sym::Float(value) | Sym::Bool(value) => Some(value),
                _ => None,
            })
            .collect();
        self.emit(Inst::new(Op::Enter, &values))?;
        Ok(())
    }

    /// Ends the path with everything in memory, where the loop expects it.
    pub fn enter_settled(&mut self) -> Done {
        self.settle(|_| false)?;
        self.guard(Op::GuardCalm, &[])?;
        self.guard(Op::Exit, &[])?;
        Ok(())
    }
}

/// Does the slot of the real frame hold a number of this form?
unsafe fn holds(at: Registers<'_>, index: u16, form: Form) -> bool {
    // SAFETY: the caller's promise.
    let Some(real) = (unsafe { (*(*at.frame).local(index as usize)).opt() }) else { return false };
    match form {
        Form::Int => real.downcast_exact::<PyInt>().is_some_and(|int| int.medium_value().is_some()),
        Form::Float => real.downcast_exact::<PyFloat>().is_some_and(|float| !float.value().is_nan()),
        _ => bool_::is_bool(real),
    }
}
