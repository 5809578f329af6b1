//! Making and reading boxed numbers, and making iterators of them.
//!
//! The VM keeps dead ints, floats and iterators of ranges in free lists, with their headers set; making a number takes the first one. What the
//! list cannot give is made by a call that destroys no register.

use dynasmrt::{DynasmApi, dynasm};

use super::asm::{Alu, Cond, Map, Mem, RAX, Rm, Rmi, SCRATCH};
use super::emit::Emitter;
use super::exits::Cold;
use crate::backend::CompileError;
use crate::backend::runtime;
use crate::ir::Inst;
use rpy_vm::layout;

type Done = Result<(), CompileError>;

const TAG: i32 = layout::INT_TAG as i32;
const DIGIT: i32 = layout::INT_DIGITS as i32;

impl Emitter<'_> {
    /// The value of an int of at most two digits. The second digit is fetched out of line.
    pub fn unbox_int(&mut self, _inst: &Inst) -> Done {
        let object = self.reg()?;
        let dst = self.result()?;
        let exit = self.exit()?;
        let (more, sign) = (self.asm.label(), self.asm.label());
        self.asm.load(RAX, Rm::Mem(Mem::at(object, TAG)));
        self.asm.alu_imm(Alu::Cmp, Rm::Reg(RAX), layout::INT_COMPACT_LIMIT as i32, 8);
        self.asm.jcc(Cond::AE, more);
        self.asm.op32(Map::One, 0x8b, dst, Rm::Mem(Mem::at(object, DIGIT)));
        self.asm.bind(sign);
        // Bit 1 of the tag says "negative": spread over a word it negates.
        dynasm!(self.asm.d ; .arch x64 ; shl rax, 62 ; sar rax, 63 ; xor Rq(dst), rax ; sub Rq(dst), rax);
        self.cold.push(Cold::SecondDigit { here: more, back: sign, exit, object, dst });
        Ok(())
    }

    /// Takes the first block of a free list, with one reference; out of line when there is none. `list` and `next` are
    /// registers to work with.
    fn pop_free(&mut self, free: layout::FreeListWords, dst: u8, list: u8, next: u8, slow: dynasmrt::DynamicLabel) {
        self.asm.mov_imm(list, free.head as u64);
        self.asm.load(dst, Rm::Mem(Mem::at(list, 0)));
        self.asm.test(dst, dst);
        self.asm.jcc(Cond::E, slow);
        self.asm.load(next, Rm::Mem(Mem::at(dst, layout::FREE_NEXT as i32)));
        self.asm.store(Mem::at(list, 0), next);
        let len = (free.len as usize).wrapping_sub(free.head as usize) as i32;
        self.asm.alu_imm(Alu::Sub, Rm::Mem(Mem::at(list, len)), 1, 8);
        self.asm.store_imm(Mem::at(dst, layout::OB_REFCNT as i32), 1, 4);
    }

    pub fn box_int(&mut self, _inst: &Inst) -> Done {
        let value = self.reg()?;
        let dst = self.result()?;
        let (t, list) = (self.step.temps[0].num(), self.step.temps[1].num());
        let (small, slow, done) = (self.asm.label(), self.asm.label(), self.asm.label());
        self.asm.lea(RAX, Mem::at(value, -(layout::SMALL_INT_MIN as i32)));
        self.asm.alu_imm(Alu::Cmp, Rm::Reg(RAX), layout::SMALL_INT_COUNT as i32, 8);
        self.asm.jcc(Cond::B, small);
        // Two digits hold 60 bits; a sign-extended value with bits 59 to 63 all equal certainly fits.
        self.asm.mov(RAX, value);
        dynasm!(self.asm.d ; .arch x64 ; sar rax, 59 ; add rax, 1 ; cmp rax, 1);
        self.asm.jcc(Cond::A, slow);
        self.pop_free(layout::int_free_list(), dst, list, RAX, slow);
        // The magnitude.
        self.asm.mov(t, value);
        dynasm!(self.asm.d ; .arch x64 ; sar Rq(t), 63);
        self.asm.mov(RAX, value);
        dynasm!(self.asm.d ; .arch x64
            ; xor rax, Rq(t)
            ; sub rax, Rq(t)
            ; and Rd(t), 2
            ; mov Rd(list), eax
            ; and Rd(list), layout::INT_DIGIT_MASK as i32
            ; shr rax, layout::INT_DIGIT_BITS as i8
        );
        self.asm.op32(Map::One, 0x89, list, Rm::Mem(Mem::at(dst, DIGIT)));
        self.asm.op32(Map::One, 0x89, RAX, Rm::Mem(Mem::at(dst, DIGIT + 4)));
        // The tag: two digits, one less if the upper one is zero; and the sign.
        dynasm!(self.asm.d ; .arch x64 ; cmp eax, 1 ; sbb rax, rax);
        self.asm.lea(t, Mem { base: t, index: Some((RAX, 3)), disp: 16 });
        self.asm.store(Mem::at(dst, TAG), t);
        self.asm.bind(done);
        self.cold.push(Cold::SmallInt { here: small, back: done, dst });
        self.cold.push(Cold::BoxInt { here: slow, back: done, value, dst });
        Ok(())
    }

    pub fn box_float(&mut self, _inst: &Inst) -> Done {
        let value = self.reg()?;
        let dst = self.result()?;
        let list = self.step.temps[0].num();
        let (slow, done) = (self.asm.label(), self.asm.label());
        self.pop_free(layout::float_free_list(), dst, list, SCRATCH, slow);
        self.fstore(Mem::at(dst, layout::FLOAT_VALUE as i32), value);
        self.asm.bind(done);
        self.cold.push(Cold::BoxFloat { here: slow, back: done, value, dst });
        Ok(())
    }

    pub fn recycle_float(&mut self, _inst: &Inst) -> Done {
        let old = self.reg()?;
        let value = self.reg()?;
        let dst = self.result()?;
        let (slow, done) = (self.asm.label(), self.asm.label());
        self.asm.alu_imm(Alu::Cmp, Rm::Mem(Mem::at(old, layout::OB_REFCNT as i32)), 1, 4);
        self.asm.jcc(Cond::NE, slow);
        self.fstore(Mem::at(old, layout::FLOAT_VALUE as i32), value);
        self.asm.mov(dst, old);
        self.asm.bind(done);
        self.cold.push(Cold::ReplaceFloat { here: slow, back: done, old, value, dst });
        Ok(())
    }

    pub fn range_iter(&mut self, _inst: &Inst) -> Done {
        let first = self.reg()?;
        let count = self.reg()?;
        let dst = self.result()?;
        let list = self.step.temps[0].num();
        let (slow, made) = (self.asm.label(), self.asm.label());
        self.pop_free(layout::range_iterator_free_list(), dst, list, SCRATCH, slow);
        self.asm.bind(made);
        self.asm.store(Mem::at(dst, layout::RANGE_NEXT as i32), first);
        self.asm.store_imm(Mem::at(dst, layout::RANGE_STEP as i32), 1, 8);
        self.asm.store(Mem::at(dst, layout::RANGE_LEFT as i32), count);
        self.cold.push(Cold::RangeIter { here: slow, back: made, dst });
        Ok(())
    }

    pub fn box_bool(&mut self, _inst: &Inst) -> Done {
        let value = self.reg()?;
        let dst = self.result()?;
        let (no, yes) = runtime::bools();
        self.asm.mov_imm(dst, no as u64);
        self.asm.mov_imm(SCRATCH, yes as u64);
        dynasm!(self.asm.d ; .arch x64 ; test Rd(value), Rd(value));
        dynasm!(self.asm.d ; .arch x64 ; cmovne Rq(dst), rax);
        Ok(())
    }

    /// The small int whose position among them is in rax.
    pub fn small_int(&mut self, dst: u8) {
        self.asm.mov_imm(dst, layout::small_ints() as u64);
        self.asm.d.extend(&[0x48, 0xc1, 0xe0, layout::SMALL_INT_SIZE.trailing_zeros() as u8]);
        self.asm.alu(Alu::Add, dst, Rmi::Rm(Rm::Reg(RAX)));
    }
}

const _: () = assert!(layout::SMALL_INT_SIZE.is_power_of_two());
