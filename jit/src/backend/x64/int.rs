//! Integer arithmetic, and words.

use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};

use super::asm::{Alu, Cond, Map, Mem, RAX, RCX, RDX, Rm, Rmi, SCRATCH};
use super::emit::Emitter;
use super::exits::Undo;
use super::shapes::{ordered, plain_divisor, power_of_two};
use crate::backend::CompileError;
use crate::backend::regalloc::Place;
use crate::ir::{Inst, Op};

type Done = Result<(), CompileError>;

impl Emitter<'_> {
    /// A place's content into a general register.
    fn into(&mut self, to: u8, from: Place) {
        match self.place_rmi(from) {
            Rmi::Imm(imm) => self.asm.set(to, imm as i64 as u64),
            Rmi::Rm(Rm::Literal(bits)) => self.asm.mov_imm(to, bits),
            Rmi::Rm(rm) => self.asm.load(to, rm),
        }
    }

    /// The operations that the machine has in the form `a op= b`.
    pub fn alu(&mut self, inst: &Inst) -> Done {
        let (_, second, _) = ordered(self.trace, self.fusion, inst);
        let a = self.place()?;
        let b = self.rmi(second)?;
        let dst = self.result()?;
        let (op, back) = match inst.op {
            Op::Sub | Op::SubOvf => (Alu::Sub, Alu::Add),
            Op::And => (Alu::And, Alu::And),
            Op::Or => (Alu::Or, Alu::Or),
            Op::Xor => (Alu::Xor, Alu::Xor),
            _ => (Alu::Add, Alu::Sub),
        };
        let checked = matches!(inst.op, Op::AddOvf | Op::SubOvf);
        let mut undo = None;
        let a_rmi = self.place_rmi(a);
        if a_rmi == Rmi::Rm(Rm::Reg(dst)) {
            undo = Some(Undo { op: back, dst, operand: b });
            self.asm.alu(op, dst, b);
        } else if b == Rmi::Rm(Rm::Reg(dst)) {
            undo = Some(Undo { op: back, dst, operand: a_rmi });
            self.asm.alu(op, dst, a_rmi);
        } else {
            match (inst.op, a_rmi, b) {
                (Op::Add | Op::Offset, Rmi::Rm(Rm::Reg(base)), Rmi::Imm(disp)) => {
                    self.asm.lea(dst, Mem::at(base, disp))
                }
                (Op::Add | Op::Offset, Rmi::Rm(Rm::Reg(base)), Rmi::Rm(Rm::Reg(index))) => {
                    self.asm.lea(dst, Mem { base, index: Some((index, 0)), disp: 0 });
                }
                (Op::Sub, Rmi::Rm(Rm::Reg(base)), Rmi::Imm(imm)) if imm != i32::MIN => {
                    self.asm.lea(dst, Mem::at(base, -imm));
                }
                _ => {
                    self.into(dst, a);
                    self.asm.alu(op, dst, b);
                }
            }
        }
        if checked {
            self.jump_to_exit(Cond::O, undo)?;
        }
        Ok(())
    }

    pub fn mul(&mut self, inst: &Inst) -> Done {
        let (_, second, _) = ordered(self.trace, self.fusion, inst);
        let a = self.place()?;
        let b = self.rmi(second)?;
        let dst = self.result()?;
        let a_rm = self.place_rm(a);
        match b {
            Rmi::Imm(imm) if inst.op == Op::Mul && imm > 0 && imm.count_ones() == 1 => {
                self.into(dst, a);
                self.shift_imm(Op::Shl, dst, imm.trailing_zeros() as u8);
            }
            Rmi::Imm(imm @ (3 | 5 | 9)) if inst.op == Op::Mul && matches!(a_rm, Rm::Reg(_)) => {
                if let Rm::Reg(base) = a_rm {
                    let scale = (imm - 1).trailing_zeros() as u8;
                    self.asm.lea(dst, Mem { base, index: Some((base, scale)), disp: 0 });
                }
            }
            Rmi::Imm(imm) => self.asm.imul_imm(dst, a_rm, imm),
            Rmi::Rm(rm) if rm == Rm::Reg(dst) => self.asm.op(Map::M0F, 0xaf, dst, a_rm),
            Rmi::Rm(rm) => {
                self.into(dst, a);
                self.asm.op(Map::M0F, 0xaf, dst, rm);
            }
        }
        if inst.op == Op::MulOvf {
            self.jump_to_exit(Cond::O, None)?;
        }
        Ok(())
    }

    pub fn neg(&mut self, _inst: &Inst) -> Done {
        let a = self.place()?;
        let dst = self.result()?;
        self.into(dst, a);
        dynasm!(self.asm.d ; .arch x64 ; neg Rq(dst));
        Ok(())
    }

    /// The lesser or the greater one.
    pub fn extreme(&mut self, inst: &Inst) -> Done {
        let (a, b) = (self.place()?, self.place()?);
        let dst = self.result()?;
        let b = self.place_rm(b);
        self.into(dst, a);
        self.asm.alu(Alu::Cmp, dst, Rmi::Rm(b));
        let other = if inst.op == Op::Min { Cond::G } else { Cond::L };
        self.asm.op(Map::M0F, 0x40 | other.0, dst, b);
        Ok(())
    }

    fn shift_imm(&mut self, op: Op, reg: u8, count: u8) {
        match (op, count) {
            (_, 0) => {}
            (Op::Shl, 1) => dynasm!(self.asm.d ; .arch x64 ; add Rq(reg), Rq(reg)),
            (Op::Shl, _) => dynasm!(self.asm.d ; .arch x64 ; shl Rq(reg), count as i8),
            _ => dynasm!(self.asm.d ; .arch x64 ; sar Rq(reg), count as i8),
        }
    }

    pub fn shift(&mut self, inst: &Inst) -> Done {
        let a = self.place()?;
        if let Some(count) = self.trace.as_int(inst.args[1]) {
            self.place()?;
            let dst = self.result()?;
            self.into(dst, a);
            self.shift_imm(inst.op, dst, count as u8 & 63);
            return Ok(());
        }
        let count = self.reg()?;
        let dst = self.result()?;
        if self.cpu.bmi2 {
            use super::asm::Pp;
            let pp = if inst.op == Op::Shl { Pp::P66 } else { Pp::PF3 };
            let a = self.place_rm(a);
            self.asm.vex(pp, Map::M0F38, true, 0xf7, dst, count, a);
        } else {
            self.into(dst, a);
            self.asm.mov(RCX, count);
            if inst.op == Op::Shl {
                dynasm!(self.asm.d ; .arch x64 ; shl Rq(dst), cl);
            } else {
                dynasm!(self.asm.d ; .arch x64 ; sar Rq(dst), cl);
            }
        }
        Ok(())
    }

    /// Python's `//` and `%`: the quotient is rounded down, the remainder has the divisor's sign.
    pub fn divide(&mut self, inst: &Inst) -> Done {
        let a = self.place()?;
        if let Some(log) = power_of_two(self.trace, inst.args[1]) {
            self.place()?;
            return self.divide_by_power(inst.op, a, log);
        }
        if let Some(divisor) = plain_divisor(self.trace, inst.args[1]) {
            self.place()?;
            return self.divide_by_constant(inst.op, a, divisor);
        }
        let b = self.reg()?;
        let dst = self.result()?;
        self.into(RAX, a);
        dynasm!(self.asm.d ; .arch x64 ; cqo ; idiv Rq(b));
        match inst.op {
            Op::FloorDiv => {
                // One less where there is a remainder of the other sign.
                dynasm!(self.asm.d ; .arch x64
                    ; test rdx, rdx
                    ; jz BYTE >exact
                    ; xor rdx, Rq(b)
                    ; sar rdx, 63
                    ; add rax, rdx
                    ; exact:
                );
                self.asm.mov(dst, RAX);
            }
            _ => {
                dynasm!(self.asm.d ; .arch x64
                    ; mov rax, rdx
                    ; xor rax, Rq(b)
                    ; sar rax, 63
                    ; and rax, Rq(b)
                    ; test rdx, rdx
                    ; cmovz rax, rdx
                    ; add rax, rdx
                );
                self.asm.mov(dst, RAX);
            }
        }
        debug_assert!(b != RDX && b != RAX);
        Ok(())
    }

    /// Division as multiplication by the divisor's reciprocal.
    ///
    /// A negative dividend is complemented, and so is the quotient then: `floor(n / d) == ~floor(~n / d)`. What is divided is less than
    /// 2^63. With `2^(l-1) < d < 2^l` and `m = floor(2^(63+l) / d) + 1`, which is less than 2^64, `x * m / 2^(63+l)` exceeds
    /// `x / d` by less than `1 / d`, so their floors are equal.
    fn divide_by_constant(&mut self, op: Op, a: Place, divisor: i64) -> Done {
        let dst = self.result()?;
        let sign = self.step.temps[0].num();
        let log = 64 - divisor.leading_zeros();
        let reciprocal = ((1_u128 << (63 + log)) / divisor as u128 + 1) as u64;
        self.into(sign, a);
        self.asm.mov(RDX, sign);
        dynasm!(self.asm.d ; .arch x64 ; sar Rq(sign), 63 ; xor rdx, Rq(sign));
        self.asm.mov_imm(RAX, reciprocal);
        dynasm!(self.asm.d ; .arch x64 ; mul rdx ; shr rdx, log as i8 - 1 ; xor rdx, Rq(sign));
        if op == Op::FloorDiv {
            self.asm.mov(dst, RDX);
            return Ok(());
        }
        match i32::try_from(divisor) {
            Ok(imm) => self.asm.imul_imm(RDX, Rm::Reg(RDX), imm),
            Err(_) => {
                self.asm.mov_imm(RAX, divisor as u64);
                self.asm.op(Map::M0F, 0xaf, RDX, Rm::Reg(RAX));
            }
        }
        self.into(dst, a);
        self.asm.alu(Alu::Sub, dst, Rmi::Rm(Rm::Reg(RDX)));
        Ok(())
    }

    fn divide_by_power(&mut self, op: Op, a: Place, log: u32) -> Done {
        let dst = self.result()?;
        self.into(dst, a);
        if op == Op::FloorDiv {
            self.shift_imm(Op::Sar, dst, log as u8);
        } else if let Ok(mask) = i32::try_from((1_i64 << log) - 1) {
            self.asm.alu_imm(Alu::And, Rm::Reg(dst), mask, 8);
        } else {
            self.asm.mov_imm(SCRATCH, (1_u64 << log) - 1);
            self.asm.alu(Alu::And, dst, Rmi::Rm(Rm::Reg(SCRATCH)));
        }
        Ok(())
    }

    /// Operations on one word.
    pub fn word(&mut self, inst: &Inst) -> Done {
        let a = self.place()?;
        let dst = self.result()?;
        self.into(dst, a);
        match inst.op {
            Op::Not => self.asm.alu_imm(Alu::Xor, Rm::Reg(dst), 1, 4),
            Op::Untag => self.asm.alu_imm(Alu::And, Rm::Reg(dst), -2, 8),
            _ => {}
        }
        Ok(())
    }
}
