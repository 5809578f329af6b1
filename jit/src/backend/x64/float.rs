//! Floating point.

use super::asm::{Map, Mem, Pp, Rm, XMM_SCRATCH};
use super::emit::Emitter;
use super::shapes::ordered;
use crate::backend::CompileError;
use crate::ir::{Inst, Op};

type Done = Result<(), CompileError>;

const SIGN: u64 = 1 << 63;

impl Emitter<'_> {
    /// A double from a register or memory.
    pub fn fmov(&mut self, to: u8, from: Rm) {
        match from {
            Rm::Reg(from) if from == to => {}
            // Whole registers: no dependency on the old content.
            Rm::Reg(_) if self.cpu.avx => self.asm.vex(Pp::None, Map::M0F, false, 0x28, to, 0, from),
            Rm::Reg(_) => self.asm.sse(Pp::None, false, 0x28, to, from),
            _ if self.cpu.avx => self.asm.vex(Pp::PF2, Map::M0F, false, 0x10, to, 0, from),
            _ => self.asm.sse(Pp::PF2, false, 0x10, to, from),
        }
    }

    /// A double to memory.
    pub fn fstore(&mut self, to: Mem, from: u8) {
        if self.cpu.avx {
            self.asm.vex(Pp::PF2, Map::M0F, false, 0x11, from, 0, Rm::Mem(to));
        } else {
            self.asm.sse(Pp::PF2, false, 0x11, from, Rm::Mem(to));
        }
    }

    /// A constant.
    pub fn fconst(&mut self, to: u8, bits: u64) {
        if bits == 0 { self.fzero(to) } else { self.fmov(to, Rm::Literal(bits)) }
    }

    /// Zero, which also ends the register's history.
    fn fzero(&mut self, to: u8) {
        if self.cpu.avx {
            self.asm.vex(Pp::None, Map::M0F, false, 0x57, to, to, Rm::Reg(to));
        } else {
            self.asm.sse(Pp::None, false, 0x57, to, Rm::Reg(to));
        }
    }

    /// `dst = a op b` for an instruction with the given prefix and opcode.
    pub fn fop(&mut self, pp: Pp, opcode: u8, commutes: bool, dst: u8, a: u8, b: Rm) {
        if self.cpu.avx {
            self.asm.vex(pp, Map::M0F, false, opcode, dst, a, b);
        } else if dst == a {
            self.asm.sse(pp, false, opcode, dst, b);
        } else if b == Rm::Reg(dst) {
            if commutes {
                self.asm.sse(pp, false, opcode, dst, Rm::Reg(a));
            } else {
                self.fmov(XMM_SCRATCH, b);
                self.fmov(dst, Rm::Reg(a));
                self.asm.sse(pp, false, opcode, dst, Rm::Reg(XMM_SCRATCH));
            }
        } else {
            self.fmov(dst, Rm::Reg(a));
            self.asm.sse(pp, false, opcode, dst, b);
        }
    }

    pub fn fbinary(&mut self, inst: &Inst) -> Done {
        let (_, second, _) = ordered(self.trace, self.fusion, inst);
        let a = self.reg()?;
        let b = self.rm(second)?;
        let dst = self.result()?;
        let (opcode, commutes) = match inst.op {
            Op::FAdd => (0x58, true),
            Op::FMul => (0x59, true),
            Op::FSub => (0x5c, false),
            _ => (0x5e, false),
        };
        self.fop(Pp::PF2, opcode, commutes, dst, a, b);
        Ok(())
    }

    pub fn funary(&mut self, inst: &Inst) -> Done {
        let a = self.reg()?;
        let dst = self.result()?;
        match inst.op {
            Op::FNeg => self.fop(Pp::P66, 0x57, true, dst, a, Rm::Literal16(SIGN)),
            Op::FAbs => self.fop(Pp::P66, 0x54, true, dst, a, Rm::Literal16(!SIGN)),
            _ if self.cpu.avx => self.asm.vex(Pp::PF2, Map::M0F, false, 0x51, dst, a, Rm::Reg(a)),
            _ => self.asm.sse(Pp::PF2, false, 0x51, dst, Rm::Reg(a)),
        }
        Ok(())
    }

    /// To a single and back.
    pub fn fsingle(&mut self) -> Done {
        let a = self.reg()?;
        let dst = self.result()?;
        if self.cpu.avx {
            self.asm.vex(Pp::PF2, Map::M0F, false, 0x5a, dst, a, Rm::Reg(a));
            self.asm.vex(Pp::PF3, Map::M0F, false, 0x5a, dst, dst, Rm::Reg(dst));
        } else {
            self.asm.sse(Pp::PF2, false, 0x5a, dst, Rm::Reg(a));
            self.asm.sse(Pp::PF3, false, 0x5a, dst, Rm::Reg(dst));
        }
        Ok(())
    }

    /// Compares two doubles.
    pub fn ucomisd(&mut self, a: u8, b: Rm) {
        if self.cpu.avx {
            self.asm.vex(Pp::P66, Map::M0F, false, 0x2e, a, 0, b);
        } else {
            self.asm.sse(Pp::P66, false, 0x2e, a, b);
        }
    }

    pub fn int_to_float(&mut self, inst: &Inst) -> Done {
        let from = self.rm(inst.args[0])?;
        let dst = self.result()?;
        // The instruction keeps the register's upper half, on which it would have to wait.
        self.fzero(dst);
        if self.cpu.avx {
            self.asm.vex(Pp::PF2, Map::M0F, true, 0x2a, dst, dst, from);
        } else {
            self.asm.sse(Pp::PF2, true, 0x2a, dst, from);
        }
        Ok(())
    }

    pub fn float_to_int(&mut self, inst: &Inst) -> Done {
        let from = self.rm(inst.args[0])?;
        let dst = self.result()?;
        if self.cpu.avx {
            self.asm.vex(Pp::PF2, Map::M0F, true, 0x2c, dst, 0, from);
        } else {
            self.asm.sse(Pp::PF2, true, 0x2c, dst, from);
        }
        Ok(())
    }

    /// A single from memory, as a double.
    pub fn load_single(&mut self, to: u8, from: Mem) {
        self.fzero(to);
        if self.cpu.avx {
            self.asm.vex(Pp::PF3, Map::M0F, false, 0x5a, to, to, Rm::Mem(from));
        } else {
            self.asm.sse(Pp::PF3, false, 0x5a, to, Rm::Mem(from));
        }
    }

    /// A double as a single to memory.
    pub fn store_single(&mut self, to: Mem, from: u8) {
        if self.cpu.avx {
            self.asm.vex(Pp::PF2, Map::M0F, false, 0x5a, XMM_SCRATCH, from, Rm::Reg(from));
            self.asm.vex(Pp::PF3, Map::M0F, false, 0x11, XMM_SCRATCH, 0, Rm::Mem(to));
        } else {
            self.asm.sse(Pp::PF2, false, 0x5a, XMM_SCRATCH, Rm::Reg(from));
            self.asm.sse(Pp::PF3, false, 0x11, XMM_SCRATCH, Rm::Mem(to));
        }
    }
}
