//! Calls by C's convention.

use dynasmrt::dynasm;

use super::asm::{RAX, Rm};
use super::emit::Emitter;
use crate::backend::CompileError;
use crate::backend::parallel_move::resolve;
use crate::backend::regalloc::{Move, Place, Reg};
use crate::ir::{Inst, Ty};

type Done = Result<(), CompileError>;

/// Where words are passed.
const WORDS: [u8; 6] = [7, 6, 2, 1, 8, 9];

impl Emitter<'_> {
    pub fn call(&mut self, inst: &Inst) -> Done {
        let info = *self.trace.call(inst.call.ok_or(CompileError::Malformed("a call of nobody"))?);
        let (mut words, mut doubles) = (0, 0);
        let mut moves = Vec::with_capacity(inst.args.len());
        for &arg in &inst.args {
            let from = self.place()?;
            let to = if self.is_float(arg) {
                doubles += 1;
                Reg::xmm(doubles as u8 - 1)
            } else {
                words += 1;
                Reg::gpr(*WORDS.get(words - 1).ok_or(CompileError::TooComplex("a call with too many operands"))?)
            };
            moves.push(Move { to: Place::Reg(to), from });
        }
        if doubles > 8 {
            return Err(CompileError::TooComplex("a call with too many operands"));
        }
        resolve(&mut moves, self);
        self.call_address(info.address);
        let Some(dst) = self.step.result else { return Ok(()) };
        match inst.ty {
            Ty::Float => self.fmov(dst.num(), Rm::Reg(0)),
            // Only the low byte is defined.
            Ty::Bool => self.bool_from_al(dst.num()),
            _ => self.asm.mov(dst.num(), RAX),
        }
        Ok(())
    }

    /// A call of a fixed address; destroys rax at least.
    pub fn call_address(&mut self, address: usize) {
        if self.memory.reaches(address) {
            self.asm.far(true, address);
        } else {
            self.asm.mov_imm(RAX, address as u64);
            dynasm!(self.asm.d ; .arch x64 ; call rax);
        }
    }
}
