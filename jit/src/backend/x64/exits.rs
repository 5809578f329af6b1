//! What lies outside of a trace's straight line: the way in, the ways out, and slow paths that come back.

use dynasmrt::{DynamicLabel, DynasmApi, dynasm};

use super::asm::{Alu, Cond, Map, Mem, RAX, Rm, Rmi, SCRATCH, XMM_SCRATCH};
use super::emit::{BIAS, Emitter, slot_mem};
use crate::backend::{CompileError, FRAME_SLOT, RETURNED, THREAD_SLOT};
use crate::ir::ExitKind;
use rpy_vm::layout;

/// What an exit does first: an addition that overflowed into its own operand is taken back.
#[derive(Clone, Copy, Debug)]
pub struct Undo {
    pub op: Alu,
    pub dst: u8,
    pub operand: Rmi,
}

/// A slow path: begins `here`, goes on at `back`.
pub enum Cold {
    /// Calls, its operands being where the callee expects them.
    Call { here: DynamicLabel, back: DynamicLabel, address: usize },
    /// Destroys an object whose last reference is gone.
    Dealloc { here: DynamicLabel, back: DynamicLabel, object: u8 },
    /// Adds the second digit of an int; more digits leave the trace.
    SecondDigit { here: DynamicLabel, back: DynamicLabel, exit: DynamicLabel, object: u8, dst: u8 },
    /// The small int whose position is in rax.
    SmallInt { here: DynamicLabel, back: DynamicLabel, dst: u8 },
    /// Asks about the object of a slot's word; leaves the trace if its end could be noticed.
    Inert { here: DynamicLabel, back: DynamicLabel, exit: DynamicLabel, word: u8 },
    /// Makes an int by a call.
    BoxInt { here: DynamicLabel, back: DynamicLabel, value: u8, dst: u8 },
    /// Makes a float by a call.
    BoxFloat { here: DynamicLabel, back: DynamicLabel, value: u8, dst: u8 },
    /// Makes an iterator of a range, whatever it holds, by a call.
    RangeIter { here: DynamicLabel, back: DynamicLabel, dst: u8 },
    /// Makes a float by a call, and gives back a reference to another one, which is not the last.
    ReplaceFloat { here: DynamicLabel, back: DynamicLabel, old: u8, value: u8, dst: u8 },
}

impl Emitter<'_> {
    /// The way in from Rust: `extern "sysv64" fn(frame, thread, save)`.
    pub fn prologue(&mut self) {
        dynasm!(self.asm.d ; .arch x64
            ; push rbp
            ; push rbx
            ; push r12
            ; push r13
            ; push r14
            ; push r15
            ; sub rsp, 8
            ; lea rbp, [rdx + BIAS]
        );
        self.asm.store(slot_mem(FRAME_SLOT), 7);
        self.asm.store(slot_mem(THREAD_SLOT), 6);
    }

    /// Leaves the trace if the condition holds.
    pub fn jump_to_exit(&mut self, cond: Cond, undo: Option<Undo>) -> Result<(), CompileError> {
        let exit = self.exit()?;
        if let (Some(index), true) = (self.step.exit, undo.is_some()) {
            self.exits[index as usize].1 = undo;
        }
        self.asm.jcc(cond, exit);
        Ok(())
    }

    /// The exits' own code. Each begins with what it has to undo, and what it has to store; then come the five bytes that can be patched to
    /// go on in another trace. Gives their positions.
    pub fn stubs(&mut self) -> Vec<usize> {
        let exits = core::mem::take(&mut self.exits);
        let mut positions = Vec::with_capacity(exits.len());
        for (i, (label, undo)) in exits.into_iter().enumerate() {
            self.asm.bind(label);
            if let Some(Undo { op, dst, operand }) = undo {
                self.asm.alu(op, dst, operand);
            }
            if let Some(label) = self.forced.exit(i) {
                self.asm.bind(label);
            }
            self.exit_stores(i);
            positions.push(self.asm.len());
            self.asm.d.push(0xb8);
            let (number, tail) = match self.trace.snapshot(self.allocation.exits[i].snapshot).kind {
                ExitKind::Return => (RETURNED as u32, self.thunks.leave),
                ExitKind::Resume | ExitKind::Raise => (self.options.first_exit + i as u32, self.thunks.exit),
            };
            self.asm.d.push_u32(number);
            self.asm.far(false, tail);
        }
        positions
    }

    /// The stores that are left to an exit. Its values are where it finds them; besides, the scratch registers are free.
    fn exit_stores(&mut self, index: usize) {
        let (allocation, trace) = (self.allocation, self.trace);
        let exit = &allocation.exits[index];
        let stores = &trace.snapshot(exit.snapshot).stores;
        let places = allocation.places(exit);
        // The last of its values.
        let operands = places[places.len() - 2 * stores.len()..].chunks_exact(2);
        for (store, operands) in stores.iter().zip(operands) {
            let base = match self.place_rm(operands[0]) {
                Rm::Reg(base) => base,
                elsewhere => {
                    self.asm.load(SCRATCH, elsewhere);
                    SCRATCH
                }
            };
            let to = Mem::at(base, store.access.offset);
            match self.place_rmi(operands[1]) {
                Rmi::Imm(imm) => self.asm.store_imm(to, imm, 8),
                Rmi::Rm(Rm::Reg(value)) => self.asm.store(to, value),
                Rmi::Rm(elsewhere) => {
                    self.fmov(XMM_SCRATCH, elsewhere);
                    self.fstore(to, XMM_SCRATCH);
                }
            }
        }
    }

    /// The slow paths.
    pub fn cold_paths(&mut self) -> Result<(), CompileError> {
        for cold in core::mem::take(&mut self.cold) {
            match cold {
                Cold::Call { here, back, address } => {
                    self.asm.bind(here);
                    self.call_address(address);
                    self.asm.jmp(back);
                }
                Cold::Dealloc { here, back, object } => {
                    self.asm.bind(here);
                    self.asm.mov(RAX, object);
                    self.asm.far(true, self.calls.dealloc);
                    self.asm.jmp(back);
                }
                Cold::SecondDigit { here, back, exit, object, dst } => {
                    self.asm.bind(here);
                    self.asm.alu_imm(Alu::Cmp, Rm::Reg(RAX), layout::INT_MEDIUM_LIMIT as i32, 8);
                    self.asm.jcc(Cond::AE, exit);
                    let digit = layout::INT_DIGITS as i32;
                    self.asm.op32(Map::One, 0x8b, RAX, Rm::Mem(Mem::at(object, digit + 4)));
                    self.asm.op32(Map::One, 0x8b, dst, Rm::Mem(Mem::at(object, digit)));
                    dynasm!(self.asm.d ; .arch x64
                        ; shl rax, layout::INT_DIGIT_BITS as i8
                        ; or Rq(dst), rax
                    );
                    self.asm.load(RAX, Rm::Mem(Mem::at(object, layout::INT_TAG as i32)));
                    self.asm.jmp(back);
                }
                Cold::SmallInt { here, back, dst } => {
                    self.asm.bind(here);
                    self.small_int(dst);
                    self.asm.jmp(back);
                }
                Cold::Inert { here, back, exit, word } => {
                    self.asm.bind(here);
                    self.asm.mov(RAX, word);
                    self.asm.far(true, self.calls.is_inert);
                    self.asm.test(RAX, RAX);
                    self.asm.jcc(Cond::E, exit);
                    self.asm.jmp(back);
                }
                Cold::BoxInt { here, back, value, dst } => {
                    self.asm.bind(here);
                    self.asm.mov(RAX, value);
                    self.asm.far(true, self.calls.box_int);
                    self.asm.mov(dst, RAX);
                    self.asm.jmp(back);
                }
                Cold::RangeIter { here, back, dst } => {
                    self.asm.bind(here);
                    self.asm.far(true, self.calls.range_iter);
                    self.asm.mov(dst, RAX);
                    self.asm.jmp(back);
                }
                Cold::ReplaceFloat { here, back, old, value, dst } => {
                    let immortal = self.asm.label();
                    self.asm.bind(here);
                    self.count_down(old, immortal);
                    self.asm.bind(immortal);
                    self.bits_from_xmm(RAX, value);
                    self.asm.far(true, self.calls.box_float);
                    self.asm.mov(dst, RAX);
                    self.asm.jmp(back);
                }
                Cold::BoxFloat { here, back, value, dst } => {
                    self.asm.bind(here);
                    self.bits_from_xmm(RAX, value);
                    self.asm.far(true, self.calls.box_float);
                    self.asm.mov(dst, RAX);
                    self.asm.jmp(back);
                }
            }
        }
        Ok(())
    }
}
