//! Generators that a `for` loop resumes: their frames exist, and the trace runs in them as in the base frame.
//!
//! A generator's frame is true in memory while it is suspended. When it is resumed, its variables come from there; when it yields, the
//! picture of it is settled. What changes between is linked and unlinked by the runtime (`runtime::generator`), so that whoever
//! looks at frames finds it running.

use rpy_vm::interp::awaited;
use rpy_vm::interp::ops::consumers::{self, Consumer};
use rpy_vm::interp::ops::generators::iterating_generator;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::types::code::PyCode;
use rpy_vm::types::generator::{PyGenerator, state};

use super::ends::Release;
use super::special::units::CALL as CALL_UNITS;
use super::state::{Hold, Home, Sym, SymFrame};
use super::values::slot_access;
use super::{Abort, Done, MAX_DEPTH, NOT_RESUMED, Recorder};
use crate::ir::{Access, Class, ExitKind, Form, Inst, Op, Ty, Value, Width};
use crate::runtime::table;

/// Units of `FOR_ITER`.
const FOR_ITER_UNITS: usize = 2;

impl Recorder {
    /// `FOR_ITER` over a generator that can be resumed: goes on in its frame. `distance` is the jump's argument.
    ///
    /// # Safety
    /// The registers are those of a live machine at the instruction.
    pub(super) unsafe fn resume_generator(
        &mut self,
        at: Registers<'_>,
        value: Value,
        generator: &PyGenerator,
        distance: usize,
    ) -> Done {
        let frame_state = generator.gi_frame_state.get();
        if !matches!(frame_state, state::CREATED | state::SUSPENDED) {
            return Err(Abort(NOT_RESUMED));
        }
        if self.frames.len() > MAX_DEPTH {
            return Err(Abort("calls too deep"));
        }
        let frame = generator.iframe();
        // SAFETY: a suspended frame is complete.
        let (code, ip, depth) = unsafe {
            let depth = (*frame).stackpointer.get().offset_from((*frame).stack_base()) as usize;
            ((*frame).code(), (*frame).instr_ptr.get(), depth)
        };
        self.guard_type(value, PyGenerator::type_object())?;
        let access = Access { class: Class::Suspended, offset: layout::GENERATOR_STATE as i32, width: Width::I8 };
        let actual = self.emit(Inst::load(Ty::Int, value, access))?;
        let expected = self.trace().int(frame_state as i64);
        self.guard(Op::GuardIs, &[actual, expected])?;
        // Where it goes on says which code it is, as long as that lives, and how deep its stack is.
        self.constant_object(code.as_object());
        let access = Access::word(Class::Suspended, layout::GENERATOR_FRAME + layout::FRAME_INSTR);
        let actual = self.emit(Inst::load(Ty::Ptr, value, access))?;
        let expected = self.trace().ptr(ip as usize);
        self.guard(Op::GuardIs, &[actual, expected])?;
        self.make_frames()?;
        let previous = self.frame_address();
        let call = self.trace().ptr(at.instr as usize);
        let offset = self.trace().int((FOR_ITER_UNITS + distance) as i64);
        let done = self.call_runtime(table::ENTER_GENERATOR, &[value, previous, call, offset])?;
        self.guard(Op::GuardTrue, &[done])?;
        let offset = self.trace().int(layout::GENERATOR_FRAME as i64);
        let address = self.op(Op::Offset, &[value, offset])?;
        let caller = self.top();
        caller.ip = at.instr as usize;
        caller.return_offset = (FOR_ITER_UNITS + distance) as u16;
        let locals = code.co_nlocalsplus as usize;
        let none = self.constant_object(rpy_vm::none_ref());
        let mut slots = vec![Sym::Memory; locals + depth];
        // What its `RESUME` expects to have been sent.
        slots.push(Sym::Obj { value: none, hold: Hold::Constant });
        self.frames.push(SymFrame {
            home: Some(Home { address, depth }),
            inlined: None,
            real: frame,
            address: None,
            locals,
            slots,
            ip: ip as usize,
            return_offset: 0,
        });
        self.snapshot = None;
        Ok(())
    }

    /// A call of a built-in function that goes through a generator, in whose place the interpreter enters a function (see the VM's
    /// `ops::consumers`): follows that. False, and nothing was done, if it is none.
    ///
    /// # Safety
    /// The registers are those of a live machine, at a call with one argument.
    pub(super) unsafe fn call_over_generator(&mut self, at: Registers<'_>) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (callable, this, items) = unsafe { (self.real(at, 3)?, (*at.sp.sub(2)).opt(), self.real(at, 1)?) };
        let Some(generator) = items.downcast_exact::<PyGenerator>() else { return Ok(false) };
        let Some(consumer) = Consumer::of(callable, this) else { return Ok(false) };
        let Sym::Obj { value: callee, .. } = self.peek(3)? else { return Err(Abort("a callable")) };
        self.guard_is(callee, callable)?;
        match (this, self.peek(2)?) {
            (None, Sym::Null) => {}
            (Some(this), Sym::Obj { value, .. }) => self.guard_type(value, this.ty())?,
            _ => return Err(Abort("another receiver than the machine's")),
        }
        let Sym::Obj { value, .. } = self.peek(1)? else { return Err(Abort("a generator that is none")) };
        self.guard_type(value, PyGenerator::type_object())?;
        // Which function it is depends on the generator's code.
        self.constant_object(generator.code().as_object());
        let access = Access::word(Class::Suspended, layout::GENERATOR_FRAME + layout::FRAME_EXECUTABLE);
        let actual = self.emit(Inst::load(Ty::Ptr, value, access))?;
        let expected = self.trace().ptr(generator.gi_iframe.f_executable.get().bits());
        self.guard(Op::GuardIs, &[actual, expected])?;
        let function = consumers::function(consumer, generator).map_err(|_| Abort("no memory"))?;
        let count = consumer.parameters().len();
        let entry = self.expect_enter(function, count, &[])?;
        let callee = self.peek_raw(3)?;
        let release = if count == 1 { self.expect_release(callee, callable)? } else { Release::Nothing };
        let words = [callee, self.peek_raw(2)?, self.peek_raw(1)?];
        for _ in 0..3 {
            self.pop()?;
        }
        let args = match count {
            1 => &words[2..],
            2 => &[words[0], words[2]],
            _ => &words[..],
        };
        self.enter(entry, args, CALL_UNITS)?;
        self.release(release)?;
        Ok(true)
    }

    /// `RETURN_GENERATOR` at the beginning of a call that the trace follows: its frame moves into a generator.
    ///
    /// # Safety
    /// The registers are those of a live machine at the instruction.
    pub(super) unsafe fn return_generator(&mut self, at: Registers<'_>) -> Done {
        if self.top().home.is_some() || self.top().depth() != 0 {
            return Err(Abort("a generator's beginning"));
        }
        // SAFETY: a live frame that was called by a live one.
        if let Some(send) = unsafe { awaited::waiting_send(at.thread, at.frame) } {
            // SAFETY: the instruction just found.
            return self.begin_await(send, unsafe { awaited::distance(send) });
        }
        self.make_frames()?;
        let frame = self.frame_address();
        for slot in 0..self.top().locals {
            let word = match self.top().slots[slot] {
                Sym::Null | Sym::Memory => continue,
                Sym::Obj { value, hold: Hold::Owned } => value,
                // The generator takes a reference of its own.
                Sym::Obj { value, .. } => self.borrowed_word(value)?,
                number => self.owned_object(number)?,
            };
            self.emit(Inst::store(frame, word, slot_access(slot)))?;
        }
        // SAFETY: an instruction follows.
        let next = self.trace().ptr(unsafe { at.instr.add(1) } as usize);
        let left = self.frames.pop();
        self.snapshot = None;
        if let Some((function, Form::Owned, _)) = left.and_then(|left| left.inlined) {
            // The frame has a reference of its own.
            self.op(Op::CloseShared, &[function])?;
        }
        let generator = self.call_runtime(table::MAKE_GENERATOR, &[frame, next])?;
        let raise = self.new_snapshot(ExitKind::Raise);
        self.emit(Inst::new(Op::GuardNonNull, &[generator]).at(raise))?;
        self.push_obj(generator, Hold::Owned);
        Ok(())
    }

    /// The call goes on as that of a coroutine which is awaited at once (see the VM's `interp::awaited`), at this instruction of the caller.
    fn begin_await(&mut self, send: *mut u16, distance: usize) -> Done {
        if self.top().address.is_some() {
            return Err(Abort("a generator's beginning"));
        }
        let none = self.constant_object(rpy_vm::none_ref());
        let none = Sym::Obj { value: none, hold: Hold::Constant };
        // What its `RESUME` expects to have been sent.
        self.push(none);
        let index = self.frames.len() - 2;
        let caller = &mut self.frames[index];
        caller.slots.push(none);
        caller.ip = send as usize;
        caller.return_offset = distance as u16;
        self.snapshot = None;
        Ok(())
    }

    /// Is the frame of the picture that of a coroutine which is awaited?
    pub(super) fn is_awaited(&self, index: usize) -> bool {
        let frame = &self.frames[index];
        frame.inlined.is_some_and(|(_, _, code)| {
            // SAFETY: the trace keeps the code of its frames, in which the instruction lies.
            unsafe {
                let code: &PyCode = (*(code as *const PyObject)).cast_unchecked_ref();
                awaited::is_behind_beginning(code, frame.ip as *mut u16)
            }
        })
    }

    /// `GET_YIELD_FROM_ITER` over a generator, or an instance whose class has a generator function for `iter()`, which the interpreter enters
    /// at once.
    ///
    /// # Safety
    /// The registers are those of a live machine at the instruction.
    pub(super) unsafe fn get_yield_from_iter(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Sym::Obj { value, .. } = self.peek(1)? else { return Err(Abort("iteration over a number")) };
        if PyGenerator::check_exact(real) {
            return self.guard_type(value, real.ty());
        }
        let Some(function) = iterating_generator(real) else { return Err(self.abort_on("delegation to", real)) };
        self.guard_class(1, real.ty())?;
        let entry = self.expect_enter(function, 1, &[])?;
        let this = self.pop()?;
        self.enter(entry, &[this], 0)
    }

    /// `END_SEND`: the result takes the place of what was waited for.
    pub(super) unsafe fn end_send(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 2)? };
        let receiver = self.peek_raw(2)?;
        let end = self.expect_release(receiver, real)?;
        let (frame, slot) = (self.frames.len() - 1, self.top().slots.len() - 2);
        self.unlend(frame, slot)?;
        let value = self.pop()?;
        self.pop()?;
        self.push(value);
        self.release(end)
    }

    /// `YIELD_VALUE` of a generator that a loop in the trace has resumed.
    ///
    /// # Safety
    /// The registers are those of a live machine at the instruction.
    pub(super) unsafe fn yield_value(&mut self, at: Registers<'_>, delegated: usize) -> Done {
        if self.in_base() || self.top().home.is_none() {
            return Err(Abort("a yield"));
        }
        if delegated != 0 {
            return Err(Abort("a yield from another generator"));
        }
        let result = self.leave_generator()?;
        self.yielded = true;
        let frame = self.frame_address();
        // SAFETY: an instruction follows.
        let next = self.trace().ptr(unsafe { at.instr.add(1) } as usize);
        let slots = self.top().slots.len();
        let end = self.trace().int((layout::FRAME_LOCALS + 8 * slots) as i64);
        let sp = self.op(Op::Offset, &[frame, end])?;
        self.call_runtime(table::SUSPEND_GENERATOR, &[frame, next, sp])?;
        self.frames.pop();
        self.snapshot = None;
        self.push(result);
        Ok(())
    }

    /// `RETURN_VALUE` of such a generator. The loop goes on at its `END_FOR`, which drops the result.
    pub(super) fn return_from_generator(&mut self) -> Done {
        let result = self.leave_generator()?;
        if self.top().depth() != 0 {
            return Err(Abort("a generator that returns with operands left"));
        }
        let frame = self.frame_address();
        self.frames.pop();
        self.snapshot = None;
        self.push(result);
        self.disturb()?;
        // Its variables' ends may run code that looks at the frames which are left.
        let after = self.new_snapshot(ExitKind::Resume);
        self.call_announced(table::FINISH_GENERATOR, &[frame], after)?;
        Ok(())
    }

    /// Takes the value on top away, which the frame does not keep alive any more, and settles the frame.
    fn leave_generator(&mut self) -> Result<Sym, Abort> {
        let top = self.peek(1)?;
        let result = match self.peek_raw(1)? {
            raw @ Sym::Obj { hold: Hold::Owned, .. } => raw,
            _ => self.own(top)?,
        };
        self.pop()?;
        self.settle(|_| false)?;
        Ok(result)
    }

    /// The place of a slot of a frame that exists.
    pub(super) fn frame_slot(&self, slot: usize) -> Access {
        let top = &self.frames[self.frames.len() - 1];
        match top.home {
            Some(home) if home.address != self.base => Access { class: Class::Suspended, ..slot_access(slot) },
            _ => slot_access(slot),
        }
    }
}
