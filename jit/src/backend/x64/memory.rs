//! Loads and stores.

use super::asm::{Map, Mem, Rm};
use super::emit::Emitter;
use super::shapes::{index_displacement, store_immediate};
use crate::backend::CompileError;
use crate::backend::regalloc::Place;
use crate::ir::{Access, Class, Inst, Op, Ty, Width};

type Done = Result<(), CompileError>;

impl Emitter<'_> {
    /// The address of a load that is computed inside the present instruction.
    pub fn fused_address(&mut self, load: usize) -> Result<Mem, CompileError> {
        let trace = self.trace;
        self.address(&trace.insts[load])
    }

    /// The address of a load or store; its registers are the next operands.
    fn address(&mut self, inst: &Inst) -> Result<Mem, CompileError> {
        let access = match (inst.op, inst.access) {
            (_, Some(access)) => access,
            (Op::UnboxFloat, None) => Access::double(Class::Fixed, rpy_vm::layout::FLOAT_VALUE),
            _ => return Err(CompileError::Malformed("a load without an access")),
        };
        let mut disp = access.offset as i64;
        if let Some(offset) = self.fusion.of(inst.args[0]) {
            disp += self.trace.as_const(self.trace.insts[offset].args[1]).map_or(0, |c| c.bits as i64);
        }
        let base = self.reg()?;
        let mut index = None;
        if matches!(inst.op, Op::LoadIndexed | Op::StoreIndexed) {
            match index_displacement(self.trace, inst) {
                Some(bytes) => {
                    self.place()?;
                    disp += bytes as i64;
                }
                None => index = Some((self.reg()?, access.width.bytes().trailing_zeros() as u8)),
            }
        }
        let disp = i32::try_from(disp).map_err(|_| CompileError::TooComplex("an offset that is too large"))?;
        Ok(Mem { base, index, disp })
    }

    pub fn load(&mut self, inst: &Inst) -> Done {
        let from = self.address(inst)?;
        let dst = self.result()?;
        let width = inst.access.map_or(Width::W64, |a| a.width);
        let rm = Rm::Mem(from);
        match (inst.ty, width) {
            (Ty::Float, Width::F64 | Width::W64) => self.fmov(dst, rm),
            (Ty::Float, Width::F32) => self.load_single(dst, from),
            (Ty::Float, _) | (_, Width::F32 | Width::F64) => {
                return Err(CompileError::Malformed("a load of one kind into the other"));
            }
            (_, Width::U8) => self.asm.op32(Map::M0F, 0xb6, dst, rm),
            (_, Width::I8) => self.asm.op(Map::M0F, 0xbe, dst, rm),
            (_, Width::U16) => self.asm.op32(Map::M0F, 0xb7, dst, rm),
            (_, Width::I16) => self.asm.op(Map::M0F, 0xbf, dst, rm),
            (_, Width::U32) => self.asm.op32(Map::One, 0x8b, dst, rm),
            (_, Width::I32) => self.asm.op(Map::One, 0x63, dst, rm),
            (_, Width::W64) => self.asm.load(dst, rm),
        }
        Ok(())
    }

    pub fn store(&mut self, inst: &Inst) -> Done {
        let to = self.address(inst)?;
        let width = inst.access.map_or(Width::W64, |a| a.width);
        let value = inst.args[inst.args.len() - 1];
        let place = self.place()?;
        if let Some(imm) = store_immediate(self.trace, value, width) {
            self.asm.store_imm(to, imm, width.bytes());
            return Ok(());
        }
        let Place::Reg(from) = place else {
            return Err(CompileError::Malformed("an operand that is not in a register"));
        };
        match (from.is_xmm(), width) {
            (true, Width::F32) => self.store_single(to, from.num()),
            (true, Width::F64 | Width::W64) => self.fstore(to, from.num()),
            (true, _) | (false, Width::F32 | Width::F64) => {
                return Err(CompileError::Malformed("a store of one kind as the other"));
            }
            (false, _) => self.asm.store_low(to, from.num(), width.bytes()),
        }
        Ok(())
    }

    pub fn unbox_float(&mut self, inst: &Inst) -> Done {
        let from = self.address(inst)?;
        let dst = self.result()?;
        self.fmov(dst, Rm::Mem(from));
        Ok(())
    }
}
