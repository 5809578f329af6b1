//! Instructions that the interpreter executes, and frames for others to look at.
//!
//! An instruction for which there is no recipe is executed by the interpreter, in the middle of the trace
//! ([`Recorder::residual`]): its operands are written to the frame's operand stack, and its results are read from there. It may run any
//! code, and that code may look at the frames. So beforehand the inlined ones are made (`push_frame`); a frame that was made stays until it
//! returns, so that who asks for it twice gets the same frame object.
//!
//! The local variables stay where the trace keeps them. The call has a snapshot, as exits do: if somebody asks for the variables of
//! a frame (`Jit::show_locals`), they are written to its memory then (`executor::show`), for as long as the call lasts.

use rpy_vm::interp::awaited;
use rpy_vm::interp::opcode::{self, CALL, END_FOR, FOR_ITER, LOAD_ATTR, LOAD_GLOBAL, LOAD_SUPER_ATTR};
use rpy_vm::interp::single::effect_of;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::types::function::PyFunction;

use super::state::{Hold, Sym};
use super::values::is_inert;
use super::{Abort, Done, Recorder};
use crate::ir::call::CallInfo;
use crate::ir::{Access, Class, ExitKind, Inst, Op, SnapshotId, Ty, Value};
use crate::runtime::function::{awaits_plainly, defaults_wanted};
use crate::runtime::table::{self, Function};

/// What is not known before an instruction was executed.
#[derive(Clone, Copy, Debug)]
pub enum Pending {
    Nothing,
    /// Whether an instruction that the interpreter executes has raised: `ended` is the answer of the runtime, `raise` the state in which it
    /// raises. Where it goes on otherwise, and how many words it leaves; behind them is an empty one, if one is wanted.
    Outcome {
        ended: Value,
        raise: SnapshotId,
        instr: *mut u16,
        next: *mut u16,
        gives: usize,
        with_null: bool,
    },
    /// How a coroutine that is awaited at `send` has ended: `raise` is the state in which it raises, `behind` is where the frame goes on when
    /// it returns.
    Awaited {
        ended: Value,
        raise: SnapshotId,
        send: *mut u16,
        behind: *mut u16,
    },
    /// The same of a `for` loop: where its body and what follows it are.
    Iteration {
        ended: Value,
        raise: SnapshotId,
        instr: *mut u16,
        body: *mut u16,
        behind: *mut u16,
    },
    /// An exit was taken with an exception, which this instruction has raised.
    Raised {
        instr: *mut u16,
    },
    /// This instruction raises again what `origin` has raised: what is on top of the stack, or this (borrowed).
    Reraised {
        instr: *mut u16,
        origin: *mut u16,
        handled: Option<Value>,
    },
}

impl Pending {
    /// The instruction that may have raised.
    pub fn instr(self) -> Option<*mut u16> {
        match self {
            Pending::Nothing => None,
            Pending::Outcome { instr, .. }
            | Pending::Awaited { send: instr, .. }
            | Pending::Iteration { instr, .. }
            | Pending::Raised { instr }
            | Pending::Reraised { instr, .. } => Some(instr),
        }
    }
}

/// Units of `SEND`.
const SEND_UNITS: usize = 2;
/// Units of the cache of `FOR_ITER`.
const FOR_ITER_CACHE: usize = 1;

impl Recorder {
    /// Is the machine in a frame that the trace does not follow, called from the one on top of the picture?
    pub fn called_away(&mut self, at: Registers<'_>) -> bool {
        let real = self.top().real;
        if real.is_null() || core::ptr::eq(real, at.frame) {
            self.away = false;
            return false;
        }
        // Once it is away, it comes back by way of that frame, or the recording is lost by an exception.
        if self.away {
            return true;
        }
        // SAFETY: live frames; entry frames are links of the chain, too.
        unsafe {
            let mut frame = (*at.frame).previous.get();
            for _ in 0..64 {
                if frame.is_null() {
                    return false;
                }
                if core::ptr::eq(frame, real) {
                    self.away = true;
                    return true;
                }
                frame = (*frame).previous.get();
            }
        }
        false
    }

    /// Is the machine at the `END_FOR` of a generator that has returned? The picture is behind it already.
    pub(super) fn ends_generator(&self, at: Registers<'_>, op: u8) -> bool {
        // SAFETY: `END_FOR` is the unit in front of what follows the loop.
        let end = |behind: *mut u16| unsafe { behind.sub(1) };
        opcode::BASE[op as usize] == END_FOR
            && matches!(self.pending, Pending::Iteration { behind, .. } if end(behind) == at.instr)
    }

    /// Finds out, at the next instruction, what the last one left open.
    ///
    /// # Safety
    /// The registers are those of a live machine.
    pub(super) unsafe fn settle_pending(&mut self, at: Registers<'_>) -> Done {
        match core::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => Ok(()),
            Pending::Raised { .. } | Pending::Reraised { .. } => Err(Abort("an exception that is not raised")),
            Pending::Outcome { ended, raise, gives, with_null, .. } => {
                let done = self.trace().int(0);
                self.emit(Inst::new(Op::GuardIs, &[ended, done]).at(raise))?;
                for _ in 0..gives {
                    let value = self.pushed_word(0)?;
                    self.push_obj(value, Hold::Owned);
                }
                if with_null {
                    self.push(Sym::Null);
                    // SAFETY: the word that the instruction pushed.
                    if unsafe { !(*at.sp.sub(1)).is_null() } {
                        return Err(Abort("another form of an attribute"));
                    }
                }
                self.snapshot = None;
                Ok(())
            }
            Pending::Awaited { ended, raise, send, behind } => {
                if at.instr != behind {
                    return Err(Abort("an await that yields"));
                }
                let raised = self.trace().int(2);
                let went_on = self.op(Op::Ult, &[ended, raised])?;
                self.emit(Inst::new(Op::GuardTrue, &[went_on]).at(raise))?;
                // Where it yields, the trace ends behind the instruction, with the coroutine and the value.
                for _ in 0..2 {
                    let word = self.pushed_word(0)?;
                    self.push_obj(word, Hold::Owned);
                }
                let ip = self.top().ip;
                // SAFETY: the `YIELD_VALUE` behind it.
                self.top().ip = unsafe { send.add(SEND_UNITS) } as usize;
                let yielded = self.new_snapshot(ExitKind::Resume);
                self.top().ip = ip;
                let returned = self.trace().int(0);
                self.emit(Inst::new(Op::GuardIs, &[ended, returned]).at(yielded))?;
                self.snapshot = None;
                Ok(())
            }
            Pending::Iteration { ended, raise, body, behind, .. } => {
                let raised = self.trace().int(2);
                let went_on = self.op(Op::Ult, &[ended, raised])?;
                self.emit(Inst::new(Op::GuardTrue, &[went_on]).at(raise))?;
                let jumped = match at.instr {
                    instr if instr == body => false,
                    instr if instr == behind => true,
                    _ => return Err(Abort("a loop that goes on elsewhere")),
                };
                // Where it goes the other way, the trace ends behind the instruction.
                let ip = self.top().ip;
                if jumped {
                    let item = self.pushed_word(0)?;
                    self.push_obj(item, Hold::Owned);
                }
                self.top().ip = if jumped { body } else { behind } as usize;
                let other = self.new_snapshot(ExitKind::Resume);
                self.top().ip = ip;
                if jumped {
                    self.pop()?;
                }
                let expected = self.trace().int(jumped as i64);
                self.emit(Inst::new(Op::GuardIs, &[ended, expected]).at(other))?;
                if !jumped {
                    let item = self.pushed_word(0)?;
                    self.push_obj(item, Hold::Owned);
                }
                self.snapshot = None;
                Ok(())
            }
        }
    }

    /// The word that an instruction has left on the operand stack, `n` above the picture's top. It owns its object.
    pub(super) fn pushed_word(&mut self, n: usize) -> Result<Value, Abort> {
        let slot = self.top().slots.len() + n;
        let frame = self.frame_address();
        let access = self.frame_slot(slot);
        self.emit(Inst::load(Ty::Obj, frame, access))
    }

    /// The address of the innermost frame, which exists.
    pub(super) fn frame_address(&mut self) -> Value {
        let index = self.frames.len() - 1;
        self.address_of(index)
    }

    /// The address of a frame, which exists.
    fn address_of(&self, index: usize) -> Value {
        let frame = &self.frames[index];
        frame.home.map_or(frame.address, |home| Some(home.address)).unwrap_or(self.base)
    }

    /// Lets the interpreter execute the instruction when the trace comes here. An abort without a text: it does not know it.
    ///
    /// # Safety
    /// The registers are those of a live machine, at an instruction of this kind.
    pub(super) unsafe fn residual(&mut self, at: Registers<'_>, op: u8, arg: usize) -> Done {
        // The instruction that also asks for a method is executed without that wish.
        let has_bit = matches!(op, LOAD_ATTR | LOAD_SUPER_ATTR | LOAD_GLOBAL);
        let with_null = has_bit && arg & 1 != 0;
        let arg = if has_bit { arg & !1 } else { arg };
        let effect = effect_of(op, arg).ok_or(Abort(""))?;
        // SAFETY: passed on.
        let send = unsafe { self.awaiting_send(at, op, arg)? };
        // SAFETY: passed on.
        unsafe { self.lift(at, effect.takes)? };
        for n in effect.takes + 1..=effect.takes + effect.peeks {
            if self.peek_raw(n)? != Sym::Memory {
                self.materialize(n)?;
            }
        }
        self.disturb()?;
        self.make_frames()?;
        let (frame, depth) = (self.frame_address(), self.top().slots.len());
        for n in (1..=effect.takes + effect.peeks).rev() {
            let sym = self.peek_raw(n)?;
            let taken = n <= effect.takes;
            // SAFETY: the real word.
            let is_number = unsafe { (*at.sp.sub(n)).opt() }.is_some_and(|real| is_inert(real.ty()));
            let word = match sym {
                Sym::Memory if !taken => continue,
                Sym::Memory => return Err(Abort("an operand in memory")),
                Sym::Null => self.null_word(),
                Sym::Obj { value, hold: Hold::Owned } if taken => value,
                // A number that a slot lends may be a number without a box in the next round: it gets one for the occasion.
                Sym::Obj { .. } if taken && !matches!(sym, Sym::Obj { hold: Hold::Constant, .. }) && is_number => {
                    self.owned_object(sym)?
                }
                Sym::Obj { value, .. } => self.borrowed_word(value)?,
                Sym::Int(_) | Sym::Float(_) | Sym::Bool(_) | Sym::Scalar(..) if taken => self.owned_object(sym)?,
                _ => return Err(Abort("a number among the operands")),
            };
            let access = self.frame_slot(depth - n);
            self.emit(Inst::store(frame, word, access))?;
        }
        // From here on the operands are the frame's.
        let rest = depth - effect.takes;
        self.top().slots.truncate(rest);
        self.snapshot = None;
        let end = self.trace().int((layout::FRAME_LOCALS + 8 * depth) as i64);
        let sp = self.op(Op::Offset, &[frame, end])?;
        let ip = self.trace().ptr(at.instr as usize);
        if let Some(send) = send {
            return self.call_awaited(send, &[frame, ip, sp], arg);
        }
        let (op_value, arg_value) = (self.trace().int(op as i64), self.trace().int(arg as i64));
        // The same state where the instruction raises, and for those who look at the frames meanwhile.
        let raise = self.new_snapshot(ExitKind::Raise);
        // SAFETY: the real callable.
        let direct =
            op == CALL && self.direct && unsafe { self.real(at, arg + 2)? }.downcast_exact::<PyFunction>().is_some();
        let callee = match op {
            CALL if direct => table::CALL_DIRECT,
            CALL => table::CALL_FUNCTION,
            _ => table::EXECUTE,
        };
        let ended = self.call_announced(callee, &[frame, ip, sp, op_value, arg_value], raise)?;
        if op == FOR_ITER {
            // SAFETY: the targets of a jump lie in the code.
            let (body, behind) = unsafe {
                let body = at.instr.add(1 + FOR_ITER_CACHE);
                (body, body.add(arg + 1))
            };
            self.pending = Pending::Iteration { ended, raise, instr: at.instr, body, behind };
            return Ok(());
        }
        // SAFETY: an instruction follows.
        let next = unsafe { at.instr.add(1 + opcode::CACHES[op as usize] as usize) };
        self.pending = Pending::Outcome { ended, raise, instr: at.instr, next, gives: effect.gives, with_null };
        Ok(())
    }

    /// The `SEND` at which the frame waits for the coroutine function that it is about to call, with a plain call; `None` if it does not.
    ///
    /// # Safety
    /// The registers are those of a live machine, at an instruction of this kind.
    unsafe fn awaiting_send(&mut self, at: Registers<'_>, op: u8, argc: usize) -> Result<Option<*mut u16>, Abort> {
        if op != CALL {
            return Ok(None);
        }
        // SAFETY: the real operands; an instruction follows.
        unsafe {
            let Some(function) = self.real(at, argc + 2)?.downcast_exact::<PyFunction>() else { return Ok(None) };
            let next = at.instr.add(1 + opcode::CACHES[op as usize] as usize);
            let Some(send) = awaited::send_behind(function.code(), next) else { return Ok(None) };
            let given = argc + usize::from(!(*at.sp.sub(argc + 1)).is_null());
            let plain = self.direct && awaits_plainly(function.code()) && defaults_wanted(function, given).is_some();
            if plain { Ok(Some(send)) } else { Err(Abort("a coroutine that is not called plainly")) }
        }
    }

    /// Calls the coroutine function whose operands are in memory, and waits for it at `send`.
    fn call_awaited(&mut self, send: *mut u16, call: &[Value; 3], argc: usize) -> Done {
        let failed = self.new_snapshot(ExitKind::Raise);
        let ip = core::mem::replace(&mut self.top().ip, send as usize);
        let none = self.constant_object(rpy_vm::none_ref());
        self.push_obj(none, Hold::Constant);
        let raise = self.new_snapshot(ExitKind::Raise);
        self.top().slots.pop();
        let (send_value, argc) = (self.trace().ptr(send as usize), self.trace().int(argc as i64));
        let ended = self.call_announced(table::CALL_AWAITED, &[call[0], call[1], call[2], send_value, argc], raise)?;
        let not_called = self.trace().int(3);
        let went_wrong = self.op(Op::Eq, &[ended, not_called])?;
        self.emit(Inst::new(Op::GuardFalse, &[went_wrong]).at(failed))?;
        self.top().ip = ip;
        // SAFETY: the jump's target lies in the code.
        let behind = unsafe { send.add(awaited::distance(send)) };
        self.pending = Pending::Awaited { ended, raise, send, behind };
        Ok(())
    }

    /// Calls what may look at frames: they are as the snapshot says.
    pub(super) fn call_announced(
        &mut self,
        callee: Function,
        args: &[Value],
        snapshot: SnapshotId,
    ) -> Result<Value, Abort> {
        let info: CallInfo = callee.into();
        let call = self.trace().add_call(info);
        self.emit(Inst { ty: info.result, call: Some(call), ..Inst::new(Op::Call, args).at(snapshot) })
    }

    /// The word of a slot that does not own the object.
    pub(super) fn borrowed_word(&mut self, value: Value) -> Result<Value, Abort> {
        let mark = self.trace().int(1);
        self.op(Op::Offset, &[value, mark])
    }

    /// Makes the inlined frames, in case somebody looks.
    pub(super) fn make_frames(&mut self) -> Done {
        for index in 1..self.frames.len() {
            if self.frames[index].address.is_some() {
                continue;
            }
            let Some((function, _, code)) = self.frames[index].inlined else { continue };
            let previous = self.address_of(index - 1);
            let call = self.frames[index - 1].ip;
            let call = self.trace().ptr(call);
            let code = self.trace().ptr(code);
            let callee = if self.is_awaited(index) { table::PUSH_AWAITED } else { table::PUSH_FRAME };
            let address = self.call_runtime(callee, &[previous, call, function, code])?;
            self.guard(Op::GuardNonNull, &[address])?;
            self.frames[index].address = Some(address);
            self.snapshot = None;
        }
        Ok(())
    }

    /// The innermost frame is about to return: guards that nobody has asked for its frame object.
    pub(super) fn expect_frame_end(&mut self) -> Done {
        if let Some(address) = self.top().address {
            let access = Access::word(Class::FrameHeader, layout::FRAME_OBJECT);
            let object = self.emit(Inst::load(Ty::Obj, address, access))?;
            let null = self.nothing;
            self.guard(Op::GuardIs, &[object, null])?;
        }
        Ok(())
    }
}
