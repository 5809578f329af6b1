//! Calls by C's convention.

use dynasmrt::dynasm;

use super::asm::{Mem, RAX, RBP, Rm};
use super::emit::{BIAS, Emitter};
use super::exits::Cold;
use crate::backend::parallel_move::resolve;
use crate::backend::regalloc::{Move, Place, Reg};
use crate::backend::{CompileError, SaveArea};
use crate::ir::{Inst, Ty};

/// [`SaveArea::call`].
const CALL: Mem = Mem::at(RBP, core::mem::offset_of!(SaveArea, call) as i32 - BIAS);

/// A general register's place in the save area.
fn saved(reg: Reg) -> Mem {
    Mem::at(RBP, core::mem::offset_of!(SaveArea, gpr) as i32 + reg.num() as i32 * 8 - BIAS)
}

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
        let (slow, back) = (self.asm.label(), self.asm.label());
        if self.step.exit.is_none() && self.in_place(inst, info.address, slow) {
            self.asm.bind(back);
            self.cold.push(Cold::Call { here: slow, back, address: info.address });
        } else {
            self.announce()?;
            self.call_address(info.address);
            if self.step.exit.is_some() {
                self.asm.store_imm(CALL, 0, 8);
            }
        }
        let Some(dst) = self.step.result else { return Ok(()) };
        match inst.ty {
            Ty::Float => self.fmov(dst.num(), Rm::Reg(0)),
            // Only the low byte is defined.
            Ty::Bool => self.bool_from_al(dst.num()),
            _ => self.asm.mov(dst.num(), RAX),
        }
        Ok(())
    }

    /// Tells where the variables of the frames are, if the callee may look for them: what is in registers that it saves goes to the save
    /// area, too.
    fn announce(&mut self) -> Done {
        let Some(exit) = self.step.exit else { return Ok(()) };
        for &place in self.allocation.places(&self.allocation.exits[exit as usize]) {
            if let Place::Reg(reg) = place {
                if reg.is_xmm() {
                    return Err(CompileError::Malformed("a double in a register during a call"));
                }
                self.asm.store(saved(reg), reg.num());
            }
        }
        self.asm.store_imm(CALL, (self.options.first_exit + exit + 1) as i32, 8);
        Ok(())
    }

    /// A new numpy scalar. Its bits and its number are passed as words.
    pub fn box_scalar(&mut self, inst: &Inst) -> Done {
        let scalar = self.trace.as_int(inst.args[1]).ok_or(CompileError::Malformed("a scalar of no type"))?;
        match self.place()? {
            Place::Reg(reg) if reg.is_xmm() => self.bits_from_xmm(WORDS[0], reg.num()),
            from => {
                let from = self.place_rm(from);
                self.asm.load(WORDS[0], from);
            }
        }
        self.asm.mov_imm(WORDS[1], scalar as u64);
        self.call_address(crate::numpy::scalars::make as *const () as usize);
        let dst = self.result()?;
        self.asm.mov(dst, RAX);
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
