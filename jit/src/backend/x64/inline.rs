//! Calls whose common case is done in place: making an instance, appending to a list, taking its last item.
//!
//! The operands lie where the callee expects them. What the common case cannot do, it leaves to the call, before it has changed
//! anything; the operands are as they were then. The result is in rax either way. Registers that calls destroy are free.

use dynasmrt::{DynamicLabel, DynasmApi, dynasm};

use super::asm::{Alu, Cond, Map, Mem, RAX, RCX, RDX, Rm, Rmi};
use super::emit::Emitter;
use crate::ir::Inst;
use crate::runtime::{instance, sequence};
use rpy_vm::layout;
use rpy_vm::object::alloc::InstancePlan;
use rpy_vm::object::typeobj::PyTypeObject;

const RSI: u8 = 6;
const RDI: u8 = 7;
const R8: u8 = 8;
const R9: u8 = 9;
const R10: u8 = 10;

/// Fields of objects, as operands.
fn word(base: u8, offset: usize) -> Mem {
    Mem::at(base, offset as i32)
}

impl Emitter<'_> {
    /// The common case of a call of `address`; False: it has none, and nothing was done.
    pub fn in_place(&mut self, inst: &Inst, address: usize, slow: DynamicLabel) -> bool {
        let is = |function: *const ()| address == function as usize;
        if is(instance::new_instance as *const ()) || is(instance::sure_instance as *const ()) {
            return self.plan(inst).is_some_and(|plan| self.new_instance(plan, slow));
        }
        if is(sequence::list_append as *const ()) {
            self.list_append(slow);
        } else if is(sequence::list_pop as *const ()) {
            self.list_pop(slow);
        } else {
            return false;
        }
        true
    }

    /// How the instances are made that a call makes.
    fn plan(&self, inst: &Inst) -> Option<InstancePlan> {
        let class = self.trace.as_const(inst.args[0])?.bits as *const PyTypeObject;
        let attrs = self.trace.as_const(*inst.args.get(1)?)?.bits as usize;
        // SAFETY: a class that the trace keeps alive, and what its instances had in that word.
        unsafe { InstancePlan::of(&*class, attrs) }
    }

    /// A new instance of the class in rdi, whose attrs word is in rsi.
    fn new_instance(&mut self, plan: InstancePlan, slow: DynamicLabel) -> bool {
        let (Some(pool), collector) = (layout::pool_list(plan.size), layout::collector()) else { return false };
        let asm = &mut self.asm;
        // One more for the collector, if that is not too many.
        let limit = (collector.limit as usize).wrapping_sub(collector.count as usize) as i32;
        asm.mov_imm(RCX, collector.count as u64);
        asm.op32(Map::One, 0x8b, RDX, Rm::Mem(Mem::at(RCX, 0)));
        dynasm!(asm.d ; .arch x64 ; inc edx);
        asm.op32(Map::One, 0x3b, RDX, Rm::Mem(Mem::at(RCX, limit)));
        asm.jcc(Cond::G, slow);
        // A block of the pool.
        let len = (pool.1 as usize).wrapping_sub(pool.0 as usize) as i32;
        asm.mov_imm(R8, pool.0 as u64);
        asm.load(RAX, Rm::Mem(Mem::at(R8, 0)));
        asm.test(RAX, RAX);
        asm.jcc(Cond::E, slow);
        asm.load(R9, Rm::Mem(Mem::at(RAX, 0)));
        asm.store(Mem::at(R8, 0), R9);
        asm.alu_imm(Alu::Sub, Rm::Mem(Mem::at(R8, len)), 1, 8);
        asm.op32(Map::One, 0x89, RDX, Rm::Mem(Mem::at(RCX, 0)));
        // What is written below need not be cleared: the collector's head, the header, the attrs word.
        let object = plan.before as i32;
        let attrs = object + layout::ATTRS_WORD as i32;
        let written = |at: i32| (object - 16..object + 16).contains(&at) || (plan.attrs != 0 && at == attrs);
        dynasm!(asm.d ; .arch x64 ; xor r9d, r9d);
        for at in (0..plan.size as i32).step_by(8).filter(|&at| !written(at)) {
            asm.store(Mem::at(RAX, at), R9);
        }
        asm.store_imm(Mem::at(RAX, object + layout::OB_REFCNT as i32), 1, 8);
        asm.store(Mem::at(RAX, object + layout::OB_TYPE as i32), RDI);
        if plan.attrs != 0 {
            asm.store(Mem::at(RAX, attrs), RSI);
        }
        // The class has one more reference.
        let immortal = asm.label();
        asm.op32(Map::One, 0x8b, RCX, Rm::Mem(word(RDI, layout::OB_REFCNT)));
        asm.alu_imm(Alu::Cmp, Rm::Reg(RCX), layout::IMMORTAL_REFCNT as i32, 4);
        asm.jcc_short(Cond::AE, immortal);
        dynasm!(asm.d ; .arch x64 ; inc ecx);
        asm.op32(Map::One, 0x89, RCX, Rm::Mem(word(RDI, layout::OB_REFCNT)));
        asm.bind(immortal);
        // The last one on the youngest generation's list.
        asm.mov_imm(R10, collector.youngest as u64);
        asm.load(R9, Rm::Mem(word(R10, layout::GC_PREV)));
        asm.lea(RDX, Mem::at(RAX, object - 16));
        asm.store(word(R9, layout::GC_NEXT), RDX);
        asm.store(word(RDX, layout::GC_PREV), R9);
        asm.store(word(RDX, layout::GC_NEXT), R10);
        asm.store(word(R10, layout::GC_PREV), RDX);
        asm.alu_imm(Alu::Add, Rm::Reg(RAX), object, 8);
        true
    }

    /// The object in rsi becomes the last item of the list in rdi.
    fn list_append(&mut self, slow: DynamicLabel) {
        let asm = &mut self.asm;
        asm.load(RAX, Rm::Mem(word(RDI, layout::OB_SIZE)));
        asm.alu(Alu::Cmp, RAX, Rmi::Rm(Rm::Mem(word(RDI, layout::LIST_ALLOCATED))));
        asm.jcc(Cond::GE, slow);
        asm.load(RCX, Rm::Mem(word(RDI, layout::LIST_ITEMS)));
        asm.store(Mem { base: RCX, index: Some((RAX, 3)), disp: 0 }, RSI);
        asm.alu_imm(Alu::Add, Rm::Reg(RAX), 1, 8);
        asm.store(word(RDI, layout::OB_SIZE), RAX);
        asm.mov_imm(RAX, 1);
    }

    /// The last item of the list in rdi, which keeps its memory unless half of it would be free.
    fn list_pop(&mut self, slow: DynamicLabel) {
        let asm = &mut self.asm;
        asm.load(RCX, Rm::Mem(word(RDI, layout::OB_SIZE)));
        asm.alu_imm(Alu::Sub, Rm::Reg(RCX), 1, 8);
        asm.jcc(Cond::S, slow);
        asm.load(RDX, Rm::Mem(word(RDI, layout::LIST_ALLOCATED)));
        dynasm!(asm.d ; .arch x64 ; sar rdx, 1);
        asm.alu(Alu::Cmp, RCX, Rmi::Rm(Rm::Reg(RDX)));
        asm.jcc(Cond::L, slow);
        asm.load(RDX, Rm::Mem(word(RDI, layout::LIST_ITEMS)));
        asm.load(RAX, Rm::Mem(Mem { base: RDX, index: Some((RCX, 3)), disp: 0 }));
        asm.store(word(RDI, layout::OB_SIZE), RCX);
    }
}
