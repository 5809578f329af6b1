//! Instructions that raise, and the handlers that catch what they raise.
//!
//! An instruction that the interpreter executes (`frames`) says how it has ended, and the next one that the recorder sees shows
//! which way the run has gone. If it stands at a handler, the trace does to its frames what the VM's `interp::unwind` has done to the
//! real ones: frames that the exception leaves end, the traceback grows, words leave the operand stack, and the exception comes on
//! top of it ([`Recorder::unwind`]). All that is an effect, so whatever needs a guard is guarded before.
//!
//! What has a recipe of its own leaves the trace where it would raise. A recording that meets such an instruction raising into a
//! handler is lost, and the next one has the interpreter execute it ([`Raising`]). Exits with an exception go on in side traces, as others do:
//! these begin with the unwinding.

use std::cell::RefCell;
use std::rc::Rc;

use rpy_vm::interp::ops::exceptions::{exception_matches, is_exception_class};
use rpy_vm::interp::unwind::{Handler, find_handler};
use rpy_vm::jit_hooks::{self, Registers};
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::code::PyCode;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;

use super::ends::{Ends, Release};
use super::frames::Pending;
use super::state::{Hold, Sym};
use super::values::is_inert;
use super::{Abort, Done, Recorder};
use crate::hash::FastMap;
use crate::ir::{Access, Class, ExitKind, Form, Inst, Op, Ty};
use crate::runtime::table;

/// An instruction that has raised into a handler while it was recorded by what it does otherwise.
#[derive(Clone, Copy, Default)]
pub struct Raises {
    /// The recording was lost: the next one, which is to come by there in the same way, has the interpreter execute it.
    again: bool,
    /// How often that was so.
    times: u8,
}

/// Such instructions, by their code objects and their addresses.
pub type Raising = Rc<RefCell<FastMap<usize, FastMap<usize, Raises>>>>;
/// Recordings that are made anew because of one instruction.
const MAX_AGAIN: u8 = 10;

/// What becomes of a recording at an instruction that raises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Raised {
    /// It goes on at the handler.
    Followed,
    /// It is lost, but another one may go on there.
    Noted,
    /// It is lost.
    Lost,
}

/// Why a recording ends where an exception leaves the frames that it knows.
const UNCAUGHT: Abort = Abort("an exception that is not caught");

impl Recorder {
    /// The instruction at which the machine stands raises; its frames have not been unwound yet.
    pub fn raised(&mut self, at: Registers<'_>) -> Raised {
        if self.called_away(at) || !matches!(self.pending, Pending::Nothing) {
            self.raising = true;
            return Raised::Followed;
        }
        if !(0..self.frames.len()).any(|index| self.handler_of(index, at.instr).is_some()) {
            return Raised::Lost;
        }
        // SAFETY: a live frame.
        let code = unsafe { (*at.frame).code() };
        jit_hooks::watch(code);
        let mut raises = self.raises.borrow_mut();
        let noted = raises.entry(code.as_object().as_ptr() as usize).or_default().entry(at.instr as usize).or_default();
        noted.times = noted.times.saturating_add(1);
        noted.again = noted.times < MAX_AGAIN;
        if noted.again { Raised::Noted } else { Raised::Lost }
    }

    /// Was the last recording lost because the instruction raised, which it does again as it seems? Later ones may find otherwise.
    pub(super) fn raises_again(&self, at: Registers<'_>) -> bool {
        // SAFETY: a live frame.
        let code = unsafe { (*at.frame).code() }.as_object().as_ptr() as usize;
        let mut raises = self.raises.borrow_mut();
        let noted = raises.get_mut(&code).and_then(|of_code| of_code.get_mut(&(at.instr as usize)));
        noted.is_some_and(|noted| core::mem::take(&mut noted.again))
    }

    /// The recording begins at an exit that was taken with an exception, which one of its frames catches.
    pub(super) fn begin_raising(&mut self) -> Done {
        let instr = self.top().ip as *mut u16;
        self.pending = Pending::Raised { instr };
        let caught = (0..self.frames.len()).any(|index| self.handler_of(index, instr).is_some());
        if caught { Ok(()) } else { Err(UNCAUGHT) }
    }

    /// The code of a frame of the picture.
    fn code_of(&self, index: usize) -> &PyCode {
        match self.frames[index].inlined {
            // SAFETY: the trace keeps the code of its frames.
            Some((_, _, code)) => unsafe { (*(code as *const PyObject)).cast_unchecked_ref() },
            // SAFETY: frames that are not inlined are real, and live while they are on the picture.
            None => unsafe { (*self.frames[index].real).code() },
        }
    }

    /// Where a frame of the picture stands: the innermost one at `instr`, others at their calls.
    fn position(&self, index: usize, instr: *mut u16) -> *mut u16 {
        if index + 1 == self.frames.len() { instr } else { self.frames[index].ip as *mut u16 }
    }

    /// The handler of a frame of the picture, whose innermost frame stands at `instr`.
    fn handler_of(&self, index: usize, instr: *mut u16) -> Option<Handler> {
        let code = self.code_of(index);
        // SAFETY: the instruction lies in the code.
        let unit = unsafe { self.position(index, instr).offset_from(code.code_ptr()) };
        find_handler(code.co_exceptiontable.as_bytes(), unit)
    }

    /// The last instruction has raised; the machine stands at the handler that catches the exception, or where the recording does not
    /// know the frame. True: the trace ends here, with the exception.
    ///
    /// # Safety
    /// The registers are those of a live machine, at the first instruction behind the unwinding.
    pub(super) unsafe fn unwind(&mut self, at: Registers<'_>) -> Result<bool, Abort> {
        let Some(index) = self.frames.iter().rposition(|frame| core::ptr::eq(frame.real, at.frame)) else {
            return self.end_raising().map(|()| true);
        };
        let pending = core::mem::replace(&mut self.pending, Pending::Nothing);
        let instr = pending.instr().ok_or(Abort("an exception from nowhere"))?;
        let handler = self.handler_of(index, instr).ok_or(UNCAUGHT)?;
        // SAFETY: the target lies in the code.
        let target = unsafe { self.code_of(index).code_ptr().add(handler.target) };
        if target != at.instr || (index + 1..self.frames.len()).any(|inner| self.frames[inner].home.is_some()) {
            return Err(Abort("a handler in another frame"));
        }
        let keep = self.frames[index].locals + handler.depth;
        let in_memory = self.frames[index].home.map_or(0, |home| self.frames[index].locals + home.depth);
        if in_memory > keep && !(self.is_path() || index > 0) {
            return Err(super::LEFT);
        }
        self.expect_raise(pending)?;
        let again = matches!(pending, Pending::Reraised { .. });
        self.in_flight = !again;
        self.snapshot = None;
        self.make_frames()?;
        // From here on everything has effects.
        let mut exception = None;
        if let Pending::Reraised { handled, .. } = pending {
            let sym = match handled {
                Some(value) => Sym::Obj { value, hold: Hold::Fragile },
                None => self.pop()?,
            };
            let value = self.owned_object(sym)?;
            if index + 1 < self.frames.len() {
                self.call_runtime(table::PUT_EXCEPTION, &[value])?;
            } else {
                exception = Some(value);
            }
        }
        let mut noted = again;
        let mut position = match pending {
            Pending::Reraised { origin, .. } => origin,
            _ => instr,
        };
        while self.frames.len() > index + 1 {
            self.leave_frame(position, core::mem::take(&mut noted))?;
            position = self.top().ip as *mut u16;
        }
        let address = self.frame_address();
        if !noted {
            let ip = self.trace().ptr(position as usize);
            self.call_runtime(table::NOTE_RAISE, &[address, ip])?;
        }
        self.drop_words(keep)?;
        if handler.push_lasti {
            // SAFETY: the instruction lies in the code.
            let unit = unsafe { position.offset_from(self.code_of(index).code_ptr()) };
            let unit = self.trace().int(unit as i64);
            self.push(Sym::Int(unit));
        }
        let value = match exception {
            Some(value) => value,
            None => self.call_runtime(table::TAKE_EXCEPTION, &[])?,
        };
        self.push_obj(value, Hold::Owned);
        self.in_flight = false;
        self.snapshot = None;
        Ok(false)
    }

    /// The exception leaves the base frame: the trace ends with it.
    pub(super) fn end_raising(&mut self) -> Done {
        if !self.is_path() {
            return Err(super::LEFT);
        }
        let pending = core::mem::replace(&mut self.pending, Pending::Nothing);
        if !matches!(pending, Pending::Outcome { .. } | Pending::Iteration { .. }) {
            return Err(UNCAUGHT);
        }
        self.expect_raise(pending)?;
        let raise = self.new_snapshot(ExitKind::Raise);
        self.emit(Inst::new(Op::Exit, &[]).at(raise))?;
        Ok(())
    }

    /// The recording was left by an exception. True: the trace ends with it.
    pub fn escaped(&mut self) -> bool {
        core::mem::take(&mut self.raising) && self.end_raising().is_ok()
    }

    /// Guards that the last instruction has raised, as it just did. Where it does not, the interpreter goes on behind it.
    fn expect_raise(&mut self, pending: Pending) -> Done {
        match pending {
            Pending::Outcome { ended, instr, next, gives, with_null, .. } => {
                self.top().ip = next as usize;
                for _ in 0..gives {
                    let value = self.pushed_word(0)?;
                    self.push_obj(value, Hold::Owned);
                }
                if with_null {
                    self.push(Sym::Null);
                }
                let done = self.new_snapshot(ExitKind::Resume);
                for _ in 0..gives + usize::from(with_null) {
                    self.top().slots.pop();
                }
                self.top().ip = instr as usize;
                let raised = self.trace().int(2);
                self.emit(Inst::new(Op::GuardIs, &[ended, raised]).at(done))?;
            }
            Pending::Iteration { ended, instr, body, behind, .. } => {
                for (answer, target) in [(0, body), (1, behind)] {
                    self.top().ip = target as usize;
                    if answer == 0 {
                        let item = self.pushed_word(0)?;
                        self.push_obj(item, Hold::Owned);
                    }
                    let other = self.new_snapshot(ExitKind::Resume);
                    if answer == 0 {
                        self.top().slots.pop();
                    }
                    let answer = self.trace().int(answer);
                    let went = self.op(Op::Eq, &[ended, answer])?;
                    self.emit(Inst::new(Op::GuardFalse, &[went]).at(other))?;
                }
                self.top().ip = instr as usize;
            }
            Pending::Awaited { .. } => return Err(Abort("an await that raises")),
            Pending::Raised { .. } | Pending::Reraised { .. } | Pending::Nothing => {}
        }
        self.snapshot = None;
        Ok(())
    }

    /// The pending exception leaves the innermost frame, which was made. Its variables are written there: a traceback may show them.
    fn leave_frame(&mut self, position: *mut u16, again: bool) -> Done {
        let address = self.frame_address();
        self.write_frame()?;
        let ip = self.trace().ptr(position as usize);
        let depth = self.top().depth() as i64;
        let (depth, again) = (self.trace().int(depth), self.trace().int(again as i64));
        let function = self.top().inlined;
        self.frames.pop();
        self.disturb()?;
        self.call_runtime(table::LEAVE_FRAME, &[address, ip, depth, again])?;
        if let Some((function, Form::Owned, _)) = function {
            self.op(Op::Decref, &[function])?;
        }
        Ok(())
    }

    /// Drops the words of the innermost frame's stack from this slot on.
    fn drop_words(&mut self, keep: usize) -> Done {
        while self.top().slots.len() > keep {
            let slot = self.top().slots.len() - 1;
            let sym = self.top().slots[slot];
            if sym == Sym::Memory {
                let (address, access) = (self.frame_address(), self.frame_slot(slot));
                let word = self.emit(Inst::load(Ty::Obj, address, access))?;
                self.top().slots.pop();
                if let Some(home) = &mut self.top().home {
                    home.depth -= 1;
                }
                self.disturb()?;
                self.op(Op::CloseWord, &[word])?;
                continue;
            }
            self.top().slots.pop();
            if let Sym::Obj { value, hold: Hold::Owned } = sym {
                let known = self.builder.known_type(value);
                // SAFETY: types that are known are those of constants of the trace, which keeps them.
                let inert = known.is_some_and(|ty| is_inert(unsafe { &*(ty as *const PyTypeObject) }));
                self.release(if inert { Release::Inert(value) } else { Release::Last(value) })?;
            }
        }
        Ok(())
    }

    // ---- the instructions of handlers ----

    /// `PUSH_EXC_INFO`.
    pub(super) fn push_exc_info(&mut self) -> Done {
        let Sym::Obj { value, .. } = self.peek(1)? else { return Err(Abort("an exception that is none")) };
        // What it handles is a coroutine's own.
        if (0..self.frames.len()).any(|index| self.is_awaited(index)) {
            self.make_frames()?;
        }
        let previous = self.call_runtime(table::PUSH_HANDLED, &[value])?;
        let top = self.pop()?;
        let top = self.own(top)?;
        self.push_obj(previous, Hold::Owned);
        self.push(top);
        Ok(())
    }

    /// `POP_EXCEPT`.
    pub(super) fn pop_except(&mut self) -> Done {
        let sym = self.pop()?;
        let previous = self.owned_object(sym)?;
        self.disturb()?;
        self.call_runtime(table::POP_HANDLED, &[previous])?;
        Ok(())
    }

    /// `CHECK_EXC_MATCH`: exception, class or tuple of classes.
    pub(super) unsafe fn check_exc_match(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands.
        let (exception, classes) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let (Sym::Obj { value, .. }, Sym::Obj { value: wanted, .. }) = (self.peek(2)?, self.peek(1)?) else {
            return Err(Abort("an exception that is none"));
        };
        match classes.downcast_exact::<PyTuple>() {
            Some(tuple) if tuple.items().iter().all(|class| is_exception_class(class)) => {
                if !wanted.is_const() {
                    self.guard_type(wanted, PyTuple::type_object())?;
                    self.guard_size(wanted, Class::Fixed, tuple.len())?;
                    for (i, class) in tuple.items().iter().enumerate() {
                        let item = Access::word(Class::Fixed, rpy_vm::layout::TUPLE_ITEMS + 8 * i);
                        let item = self.emit(Inst::load(Ty::Obj, wanted, item))?;
                        self.guard_is(item, class)?;
                    }
                }
            }
            None if is_exception_class(classes) => self.guard_is(wanted, classes)?,
            _ => return Err(Abort("what is no class of exceptions")),
        }
        self.guard_type(value, exception.ty())?;
        self.guard_version_if_heap(exception.ty())?;
        let raw = self.peek_raw(1)?;
        let mut ends = Ends::default();
        self.expect_end(&mut ends, raw, classes)?;
        let matched = self.trace().bool(exception_matches(exception, classes));
        self.conclude(1, ends, Some(Sym::Bool(matched)))
    }

    /// `RERAISE`: the exception is on top; with an argument, what says where it came from lies so far below it.
    pub(super) unsafe fn reraise(&mut self, at: Registers<'_>, below: usize) -> Done {
        let mut origin = at.instr;
        if below != 0 {
            // SAFETY: the real operand.
            let real = unsafe { self.real(at, below + 1)? };
            let unit = real.downcast_exact::<PyInt>().and_then(PyInt::as_i64).ok_or(Abort("a place that is none"))?;
            let sym = self.peek(below + 1)?;
            let value = self.int(sym, real)?.ok_or(Abort("a place that is none"))?;
            let expected = self.trace().int(unit);
            if value != expected {
                self.guard(Op::GuardIs, &[value, expected])?;
            }
            // SAFETY: it was pushed by unwinding in this very frame.
            origin = unsafe { (*at.frame).code().code_ptr().add(unit as usize) };
        }
        if !matches!(self.peek(1)?, Sym::Obj { .. }) {
            return Err(Abort("an exception that is none"));
        }
        self.pending = Pending::Reraised { instr: at.instr, origin, handled: None };
        Ok(())
    }

    /// `RAISE_VARARGS` without an operand: what is being handled is raised again.
    pub(super) fn raise_handled(&mut self, at: Registers<'_>, count: usize) -> Done {
        if count != 0 {
            return Err(Abort("raise"));
        }
        let value = self.attempt(table::HANDLED, &[])?;
        self.pending = Pending::Reraised { instr: at.instr, origin: at.instr, handled: Some(value) };
        Ok(())
    }
}
