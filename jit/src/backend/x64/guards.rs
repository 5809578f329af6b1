//! Compares, bools, guards.
//!
//! A guard is a jump that is not taken. Of doubles, `ucomisd` sets the carry flag for "less" and for "unordered" alike, so
//! "less than" is asked as "greater than" the other way round; only equality needs the parity flag besides.

use dynasmrt::{DynasmApi, DynasmLabelApi, dynasm};

use super::asm::{Alu, Cond, Map, Mem, Rm, Rmi, SCRATCH};
use super::emit::{Emitter, slot_mem};
use super::exits::Cold;
use super::shapes::{immediate, ordered};
use crate::backend::fusion::is_compare;
use crate::backend::regalloc::Place;
use crate::backend::{CompileError, THREAD_SLOT};
use crate::ir::{Inst, Op, Value, Width};
use rpy_vm::layout;

type Done = Result<(), CompileError>;

/// What the flags say when a condition holds.
#[derive(Clone, Copy)]
enum Holds {
    If(Cond),
    /// Equal and ordered; the opposite.
    FloatEqual,
    FloatDiffers,
}

impl Holds {
    fn not(self) -> Holds {
        match self {
            Holds::If(cond) => Holds::If(cond.not()),
            Holds::FloatEqual => Holds::FloatDiffers,
            Holds::FloatDiffers => Holds::FloatEqual,
        }
    }
}

impl Emitter<'_> {
    /// Compares; what the flags mean then.
    fn compare(&mut self, inst: &Inst) -> Result<Holds, CompileError> {
        if self.fusion.asked_to_be_finite(self.trace, inst).is_some() {
            return self.compare_exponent();
        }
        let (a, b, swapped) = ordered(self.trace, self.fusion, inst);
        if self.is_float(inst.args[0]) {
            let first = self.reg()?;
            let second = self.rm(b)?;
            self.ucomisd(first, second);
            return Ok(match inst.op {
                Op::FEq => Holds::FloatEqual,
                Op::FNe => Holds::FloatDiffers,
                Op::FLt | Op::FGt => Holds::If(Cond::A),
                _ => Holds::If(Cond::AE),
            });
        }
        if self.fusion.of(a).is_some() {
            let first = self.rm(a)?;
            let place = self.place()?;
            self.compare_rm(first, place, 8);
        } else {
            let place = self.place()?;
            let first = self.place_rm(place);
            match (first, self.rmi(b)?) {
                (Rm::Reg(reg), Rmi::Imm(0)) => self.asm.test(reg, reg),
                (Rm::Reg(reg), second) => self.asm.alu(Alu::Cmp, reg, second),
                (first, Rmi::Imm(imm)) => self.asm.alu_imm(Alu::Cmp, first, imm, 8),
                (first, Rmi::Rm(second)) => {
                    self.asm.load(SCRATCH, first);
                    self.asm.alu(Alu::Cmp, SCRATCH, Rmi::Rm(second));
                }
            }
        }
        let cond = match inst.op {
            Op::Ne => Cond::NE,
            Op::Lt => Cond::L,
            Op::Le => Cond::LE,
            Op::Gt => Cond::G,
            Op::Ge => Cond::GE,
            Op::Ult => Cond::B,
            _ => Cond::E,
        };
        Ok(Holds::If(if swapped { cond.swapped() } else { cond }))
    }

    /// Is a double finite? Asked of its exponent's bits: a comparison of doubles would have to be waited for by whoever looks at the
    /// floating-point status next, and functions of the C library begin with that.
    fn compare_exponent(&mut self) -> Result<Holds, CompileError> {
        let place = self.place()?;
        let double = self.place_rm(place);
        Ok(Holds::If(self.is_finite(double)))
    }

    /// The condition under which a double is finite.
    pub fn is_finite(&mut self, double: Rm) -> Cond {
        match double {
            Rm::Reg(double) => self.bits_from_xmm(SCRATCH, double),
            memory => self.asm.load(SCRATCH, memory),
        }
        // Without the sign, the infinities are the least numbers that are none.
        const INFINITY: u64 = f64::INFINITY.to_bits() << 1;
        dynasm!(self.asm.d ; .arch x64 ; add Rq(SCRATCH), Rq(SCRATCH));
        self.asm.alu(Alu::Cmp, SCRATCH, Rmi::Rm(Rm::Literal(INFINITY)));
        Cond::B
    }

    /// Compares a register or memory with a register or an immediate.
    fn compare_rm(&mut self, first: Rm, second: Place, bytes: usize) {
        match (first, self.place_rmi(second)) {
            (Rm::Reg(reg), Rmi::Imm(0)) => self.asm.test(reg, reg),
            (first, Rmi::Imm(imm)) => self.asm.alu_imm(Alu::Cmp, first, imm, bytes),
            (first, Rmi::Rm(Rm::Reg(reg))) => self.asm.alu_to(Alu::Cmp, first, reg),
            (first, Rmi::Rm(second)) => {
                self.asm.load(SCRATCH, second);
                self.asm.alu_to(Alu::Cmp, first, SCRATCH);
            }
        }
    }

    /// Tests a bool.
    fn condition(&mut self, value: Value) -> Result<Holds, CompileError> {
        let trace = self.trace;
        if let Some(i) = self.fusion.of(value) {
            let inst = &trace.insts[i];
            if inst.op == Op::Not {
                return Ok(self.condition(inst.args[0])?.not());
            }
            if is_compare(inst.op) {
                return self.compare(inst);
            }
            let from = self.fused_address(i)?;
            self.asm.alu_imm(Alu::Cmp, Rm::Mem(from), 0, 1);
            return Ok(Holds::If(Cond::NE));
        }
        let place = self.place()?;
        match self.place_rm(place) {
            Rm::Reg(reg) => dynasm!(self.asm.d ; .arch x64 ; test Rd(reg), Rd(reg)),
            other => self.asm.alu_imm(Alu::Cmp, other, 0, 8),
        }
        Ok(Holds::If(Cond::NE))
    }

    pub fn guard_condition(&mut self, inst: &Inst, wanted: bool) -> Done {
        let holds = self.condition(inst.args[0])?;
        let exit = self.exit()?;
        match if wanted { holds.not() } else { holds } {
            Holds::If(cond) => self.asm.jcc(cond, exit),
            Holds::FloatDiffers => {
                self.asm.jcc(Cond::NE, exit);
                self.asm.jcc(Cond::P, exit);
            }
            Holds::FloatEqual => {
                dynasm!(self.asm.d ; .arch x64 ; jp BYTE >unordered);
                self.asm.jcc(Cond::E, exit);
                dynasm!(self.asm.d ; .arch x64 ; unordered:);
            }
        }
        Ok(())
    }

    /// A compare whose result is wanted as a value.
    pub fn compare_value(&mut self, inst: &Inst) -> Done {
        let holds = self.compare(inst)?;
        let dst = self.result()?;
        match holds {
            Holds::If(cond) => {
                self.setcc(cond);
                dynasm!(self.asm.d ; .arch x64 ; movzx Rd(dst), al);
            }
            equal => {
                self.setcc(Cond::NP);
                dynasm!(self.asm.d ; .arch x64 ; movzx eax, al);
                self.asm.mov_imm(dst, 0);
                dynasm!(self.asm.d ; .arch x64 ; cmove Rd(dst), eax);
                if matches!(equal, Holds::FloatDiffers) {
                    self.asm.alu_imm(Alu::Xor, Rm::Reg(dst), 1, 4);
                }
            }
        }
        Ok(())
    }

    /// `setcc al`.
    fn setcc(&mut self, cond: Cond) {
        self.asm.d.extend(&[0x0f, 0x90 | cond.0, 0xc0]);
    }

    pub fn guard_type(&mut self, inst: &Inst) -> Done {
        let object = self.reg()?;
        let ty = self.place()?;
        self.compare_rm(Rm::Mem(Mem::at(object, layout::OB_TYPE as i32)), ty, 8);
        debug_assert!(inst.args.len() == 2);
        self.jump_to_exit(Cond::NE, None)
    }

    pub fn guard_is(&mut self, inst: &Inst) -> Done {
        let bytes = match self.fusion.of(inst.args[0]) {
            Some(load) => self.trace.insts[load].access.map_or(8, |a| a.width.bytes()),
            None => 8,
        };
        let value = self.rm(inst.args[0])?;
        let constant = self.place()?;
        debug_assert!(bytes == 8 || immediate(self.trace, inst.args[1]).is_some());
        self.compare_rm(value, constant, bytes);
        self.jump_to_exit(Cond::NE, None)
    }

    pub fn guard_nonnull(&mut self, inst: &Inst) -> Done {
        match self.rm(inst.args[0])? {
            Rm::Reg(reg) => self.asm.test(reg, reg),
            other => self.asm.alu_imm(Alu::Cmp, other, 0, 8),
        }
        self.jump_to_exit(Cond::E, None)
    }

    /// A word that owns nothing, or an object with more than one reference.
    pub fn guard_shared(&mut self, _inst: &Inst) -> Done {
        let word = self.reg()?;
        let exit = self.exit()?;
        let done = self.asm.label();
        self.test_borrowed(word);
        self.asm.jcc_short(Cond::NE, done);
        self.asm.alu_imm(Alu::Cmp, Rm::Mem(Mem::at(word, 0)), 1, 4);
        self.asm.jcc(Cond::E, exit);
        self.asm.bind(done);
        Ok(())
    }

    /// A word that owns nothing, or an object whose end nobody notices.
    pub fn guard_inert(&mut self) -> Done {
        let word = self.reg()?;
        let likely = self.place()?;
        let exit = self.exit()?;
        let (here, back) = (self.asm.label(), self.asm.label());
        self.test_borrowed(word);
        self.asm.jcc_short(Cond::NE, back);
        self.compare_rm(Rm::Mem(Mem::at(word, layout::OB_TYPE as i32)), likely, 8);
        self.asm.jcc(Cond::NE, here);
        self.asm.bind(back);
        self.cold.push(Cold::Inert { here, back, exit, word });
        Ok(())
    }

    /// Tests bit 0 of a slot's word.
    pub fn test_borrowed(&mut self, word: u8) {
        dynasm!(self.asm.d ; .arch x64 ; test Rb(word), 1);
    }

    pub fn guard_calm(&mut self) -> Done {
        self.asm.load(SCRATCH, Rm::Mem(slot_mem(THREAD_SLOT)));
        self.asm.alu_imm(Alu::Cmp, Rm::Mem(Mem::at(SCRATCH, layout::THREAD_EVAL_BREAKER as i32)), 0, 8);
        self.jump_to_exit(Cond::NE, None)
    }

    pub fn guard_valid(&mut self) -> Done {
        self.asm.mov_imm(SCRATCH, self.options.valid as u64);
        self.asm.alu_imm(Alu::Cmp, Rm::Mem(Mem::at(SCRATCH, 0)), 0, Width::U8.bytes());
        self.jump_to_exit(Cond::E, None)
    }

    /// Zero-extends the low byte of rax.
    pub fn bool_from_al(&mut self, dst: u8) {
        self.asm.op32(Map::M0F, 0xb6, dst, Rm::Reg(SCRATCH));
    }
}
