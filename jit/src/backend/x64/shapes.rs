//! What each operation needs of the register allocator on this machine.
//!
//! The operands are listed in the order in which the emitter takes them; the functions here have the names of the emitter's
//! that take what they list.

use super::asm::{RCX, RDX};
use super::cpu::Cpu;
use crate::backend::fusion::{Fusion, is_compare};
use crate::backend::regalloc::{Machine, Need, Operand, Reg, Shape};
use crate::ir::{Inst, Op, Trace, Ty, Value, Width};

/// Everything but the stack pointer, the save area's address and the scratch registers.
pub const MACHINE: Machine = Machine {
    gprs: 0xffff & !(1 << 0 | 1 << 4 | 1 << 5),
    xmms: 0x7fff << 16,
    // rcx, rdx, rsi, rdi, r8 to r11, all vector registers.
    caller_saved: 0x0fc6 | 0xffff << 16,
};

/// The shapes of a trace's instructions.
pub fn shapes(trace: &Trace, fusion: &Fusion, cpu: Cpu) -> Vec<Shape> {
    trace
        .insts
        .iter()
        .enumerate()
        .map(|(i, inst)| {
            let mut builder = Builder { trace, fusion, shape: Shape::default(), late: inst.ty != Ty::None };
            if !fusion.is_fused(i) {
                builder.inst(inst, cpu);
            }
            builder.shape
        })
        .collect()
}

/// Do the operands of this operation commute?
pub fn commutes(op: Op) -> bool {
    matches!(
        op,
        Op::Add
            | Op::AddOvf
            | Op::Mul
            | Op::MulOvf
            | Op::And
            | Op::Or
            | Op::Xor
            | Op::Eq
            | Op::Ne
            | Op::Is
            | Op::FAdd
            | Op::FMul
            | Op::FEq
            | Op::FNe
    )
}

/// A binary operation's operands, and whether they were exchanged: the one that can be memory or a constant comes second, if
/// the order does not matter.
pub fn ordered(trace: &Trace, fusion: &Fusion, inst: &Inst) -> (Value, Value, bool) {
    let (a, b) = (inst.args[0], inst.args[1]);
    let plain = |v: Value| !v.is_const() && fusion.of(v).is_none();
    // Integer compares can exchange their operands with their condition.
    let may = commutes(inst.op) || matches!(inst.op, Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Ult);
    let second_is_big = trace.as_const(b).is_some_and(|c| i32::try_from(c.bits as i64).is_err());
    if matches!(inst.op, Op::FLt | Op::FLe) {
        // Compared the other way round, an unordered pair comes out right.
        (b, a, true)
    } else if may && !plain(a) && (plain(b) || (a.is_const() && second_is_big)) {
        (b, a, true)
    } else {
        (a, b, false)
    }
}

/// The constant as an immediate, sign-extended to 64 bits.
pub fn immediate(trace: &Trace, value: Value) -> Option<i32> {
    trace.as_const(value).and_then(|c| i32::try_from(c.bits as i64).ok())
}

/// The constant as the immediate of a store of that width.
pub fn store_immediate(trace: &Trace, value: Value, width: Width) -> Option<i32> {
    let constant = trace.as_const(value)?;
    match width {
        Width::F32 => None,
        Width::W64 | Width::F64 => i32::try_from(constant.bits as i64).ok(),
        _ => Some(constant.bits as i32),
    }
}

/// A constant index as a number of bytes, if it fits a displacement together with the offset.
pub fn index_displacement(trace: &Trace, inst: &Inst) -> Option<i32> {
    let access = inst.access?;
    let index = trace.as_const(inst.args[1])?.bits as i64;
    let bytes = index.checked_mul(access.width.bytes() as i64)?;
    // Half of the range is left to a fused offset.
    i32::try_from(bytes.checked_add(access.offset as i64)?).ok().map(|_| bytes as i32).filter(|b| b.abs() < 1 << 29)
}

/// A positive constant that is not a power of two.
pub fn plain_divisor(trace: &Trace, value: Value) -> Option<i64> {
    trace.as_int(value).filter(|n| *n > 2 && n.count_ones() > 1)
}

/// The logarithm of a constant that is a power of two.
pub fn power_of_two(trace: &Trace, value: Value) -> Option<u32> {
    trace.as_int(value).filter(|n| *n > 0 && n.count_ones() == 1).map(|n| n.trailing_zeros())
}

struct Builder<'a> {
    trace: &'a Trace,
    fusion: &'a Fusion,
    shape: Shape,
    /// Are address registers read after the result is begun?
    late: bool,
}

impl Builder<'_> {
    fn push(&mut self, value: Value, need: Need, late: bool) {
        self.shape.operands.push(Operand { value, need, late });
    }

    /// In a register.
    fn reg(&mut self, value: Value) {
        self.push(value, Need::Reg, false);
    }

    /// In a register, and not in the result's.
    fn reg_late(&mut self, value: Value) {
        self.push(value, Need::Reg, true);
    }

    /// In a register or memory, a fused load included.
    fn rm(&mut self, value: Value) {
        match self.fusion.of(value) {
            Some(load) => self.address(load, self.late),
            None => self.push(value, Need::RegOrMem, false),
        }
    }

    /// The same, or a constant that is an immediate.
    fn rmi(&mut self, value: Value, late: bool) {
        match self.fusion.of(value) {
            Some(load) => self.address(load, self.late),
            None if immediate(self.trace, value).is_some() => self.push(value, Need::Any, false),
            None => self.push(value, Need::RegOrMem, late),
        }
    }

    /// In a register, or an immediate.
    fn ri(&mut self, value: Value) {
        let need = if immediate(self.trace, value).is_some() { Need::Any } else { Need::Reg };
        self.push(value, need, false);
    }

    /// The registers of a load's or store's address.
    fn address(&mut self, index: usize, late: bool) {
        let inst = &self.trace.insts[index];
        let base = match self.fusion.of(inst.args[0]) {
            Some(offset) => self.trace.insts[offset].args[0],
            None => inst.args[0],
        };
        self.push(base, Need::Reg, late);
        if matches!(inst.op, Op::LoadIndexed | Op::StoreIndexed) {
            match index_displacement(self.trace, inst) {
                Some(_) => self.push(inst.args[1], Need::Any, late),
                None => self.push(inst.args[1], Need::Reg, late),
            }
        }
    }

    /// The operands of a compare, on its own or in a guard.
    fn compare(&mut self, inst: &Inst) {
        if let Some(double) = self.fusion.asked_to_be_finite(self.trace, inst) {
            return self.push(double, Need::RegOrMem, false);
        }
        let (a, b, _) = ordered(self.trace, self.fusion, inst);
        if inst.args.first().is_some_and(|&v| self.trace.ty(v) == Ty::Float) {
            self.reg(a);
            self.rm(b);
        } else if self.fusion.of(a).is_some() {
            self.rm(a);
            self.ri(b);
        } else {
            if immediate(self.trace, b).is_some() {
                self.rm(a)
            } else {
                self.reg(a)
            }
            self.rmi(b, false);
        }
    }

    /// A bool that is tested.
    fn condition(&mut self, value: Value) {
        match self.fusion.of(value) {
            Some(i) => {
                let inst = &self.trace.insts[i];
                if inst.op == Op::Not {
                    self.condition(inst.args[0]);
                } else if is_compare(inst.op) {
                    self.compare(inst);
                } else {
                    self.rm(value);
                }
            }
            None => self.rm(value),
        }
    }

    /// `result = a op b`, two operands in the machine's form.
    fn two_address(&mut self, inst: &Inst) {
        let (a, b, _) = ordered(self.trace, self.fusion, inst);
        self.push(a, if a.is_const() { Need::Any } else { Need::RegOrMem }, false);
        let commutes = commutes(inst.op);
        self.rmi(b, !commutes);
        self.shape.reuse.push(0);
        if commutes && self.fusion.of(b).is_none() {
            self.shape.reuse.push(1);
        }
        if matches!(inst.op, Op::AddOvf | Op::SubOvf) && a != b {
            // Adding and subtracting undo each other, even where they overflow.
            self.shape.undo = if commutes && self.fusion.of(b).is_none() { 3 } else { 1 };
        }
    }

    fn inst(&mut self, inst: &Inst, cpu: Cpu) {
        let arg = |i: usize| inst.args[i];
        match inst.op {
            Op::Frame | Op::Thread | Op::Param | Op::Loop | Op::Phi | Op::Jump => {}
            Op::Exit | Op::Enter => {}
            Op::GuardCalm | Op::GuardValid => {}
            Op::GuardTrue | Op::GuardFalse => self.condition(arg(0)),
            Op::GuardType | Op::GuardInert => {
                self.reg(arg(0));
                self.ri(arg(1));
            }
            Op::GuardIs => {
                self.rm(arg(0));
                self.ri(arg(1));
            }
            Op::GuardShared => self.reg(arg(0)),
            Op::GuardNonNull => self.rm(arg(0)),
            Op::Add | Op::Sub | Op::And | Op::Or | Op::Xor | Op::AddOvf | Op::SubOvf | Op::Offset => {
                self.two_address(inst)
            }
            Op::Mul | Op::MulOvf => {
                self.two_address(inst);
                self.shape.undo = 0;
            }
            Op::Min | Op::Max => {
                self.push(arg(0), Need::RegOrMem, false);
                self.push(arg(1), Need::RegOrMem, true);
                self.shape.reuse.push(0);
            }
            Op::Neg | Op::Not | Op::Untag | Op::BoolToInt => {
                self.push(arg(0), Need::RegOrMem, false);
                self.shape.reuse.push(0);
            }
            Op::Shl | Op::Sar => {
                if arg(1).is_const() {
                    self.push(arg(0), Need::RegOrMem, false);
                    self.push(arg(1), Need::Any, false);
                    self.shape.reuse.push(0);
                } else if cpu.bmi2 {
                    self.push(arg(0), Need::RegOrMem, false);
                    self.reg(arg(1));
                } else {
                    // The emitter borrows rcx for the count, so nothing may be in its way but the operands.
                    self.reg_late(arg(0));
                    self.reg_late(arg(1));
                    self.shape.clobbers = Reg::gpr(RCX).bit();
                }
            }
            Op::FloorDiv | Op::Mod => {
                self.push(arg(0), Need::RegOrMem, false);
                if power_of_two(self.trace, arg(1)).is_some() {
                    self.push(arg(1), Need::Any, false);
                    self.shape.reuse.push(0);
                } else if plain_divisor(self.trace, arg(1)).is_some() {
                    self.push(arg(1), Need::Any, false);
                    self.shape.clobbers = Reg::gpr(RDX).bit();
                    self.shape.temps = 1;
                } else {
                    self.reg(arg(1));
                    self.shape.clobbers = Reg::gpr(RDX).bit();
                }
            }
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Ult | Op::Is => self.compare(inst),
            Op::FEq | Op::FNe | Op::FLt | Op::FLe | Op::FGt | Op::FGe => self.compare(inst),
            Op::FAdd | Op::FSub | Op::FMul | Op::FDiv => {
                let (a, b, _) = ordered(self.trace, self.fusion, inst);
                self.reg(a);
                self.rm(b);
                self.shape.reuse.push(0);
                if commutes(inst.op) {
                    self.shape.reuse.push(1);
                }
            }
            Op::FNeg | Op::FAbs | Op::FSqrt | Op::FSingle => {
                self.reg(arg(0));
                self.shape.reuse.push(0);
            }
            Op::IntToFloat | Op::FloatToInt => self.rm(arg(0)),
            Op::UnboxInt => self.reg_late(arg(0)),
            Op::UnboxFloat => self.reg(arg(0)),
            Op::BoxInt => {
                self.reg_late(arg(0));
                self.shape.temps = 2;
            }
            Op::BoxFloat => {
                self.reg_late(arg(0));
                self.shape.temps = 1;
            }
            Op::RecycleFloat => {
                self.reg_late(arg(0));
                self.reg_late(arg(1));
            }
            Op::RangeIter => {
                self.reg_late(arg(0));
                self.reg_late(arg(1));
                self.shape.temps = 1;
            }
            Op::BoxBool => self.reg_late(arg(0)),
            Op::Use => self.push(arg(0), Need::Any, false),
            Op::BoxScalar => {
                self.push(arg(0), Need::Any, false);
                self.shape.call = true;
            }
            Op::Load | Op::LoadIndexed => self.load(inst),
            Op::Store | Op::StoreIndexed => self.store(inst),
            Op::Incref | Op::Decref | Op::DecrefInert | Op::CloseWord | Op::CloseInert | Op::CloseShared => {
                self.reg(arg(0))
            }
            Op::Last => {}
            Op::Rounds => {
                for &value in &inst.args[1..] {
                    self.push(value, Need::Any, false);
                }
                self.shape.call = true;
            }
            Op::Call => {
                for &value in &inst.args {
                    self.push(value, Need::Any, false);
                }
                self.shape.call = true;
            }
        }
    }

    fn load(&mut self, inst: &Inst) {
        self.memory(inst);
        if inst.ty != Ty::Float {
            self.shape.reuse.push(0);
        }
    }

    fn store(&mut self, inst: &Inst) {
        self.memory(inst);
        let value = inst.args[inst.args.len() - 1];
        let width = inst.access.map_or(Width::W64, |a| a.width);
        let need = if store_immediate(self.trace, value, width).is_some() { Need::Any } else { Need::Reg };
        self.push(value, need, false);
    }

    /// The address of the load or store that is this instruction itself.
    fn memory(&mut self, inst: &Inst) {
        let base = match self.fusion.of(inst.args[0]) {
            Some(offset) => self.trace.insts[offset].args[0],
            None => inst.args[0],
        };
        self.push(base, Need::Reg, false);
        if matches!(inst.op, Op::LoadIndexed | Op::StoreIndexed) {
            let need = if index_displacement(self.trace, inst).is_some() { Need::Any } else { Need::Reg };
            self.push(inst.args[1], need, false);
        }
    }
}
