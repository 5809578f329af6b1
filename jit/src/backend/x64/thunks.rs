//! Code that all traces share: the end of every exit, and calls that destroy no register with a value in it.

use dynasmrt::{DynasmApi, dynasm};

use super::asm::{Alu, Asm, Cond, Map, Mem, Pp, RAX, RBP, Rm, Rmi};
use super::cpu::Cpu;
use super::emit::BIAS;
use super::shapes::MACHINE;
use crate::backend::code_memory::{CodeBlock, CodeMemory};
use crate::backend::regalloc::registers;
use crate::backend::{CompileError, SaveArea, runtime};
use crate::ir::{Trace, Ty};
use rpy_vm::layout;
use rpy_vm::object::refs::PyClass;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::range::PyRangeIterator;

/// The addresses of the shared code.
pub struct Thunks {
    /// Writes all registers to the save area and returns; the exit's number is in eax.
    pub exit: usize,
    /// Returns what is in eax, without writing registers.
    pub leave: usize,
    /// For traces without floats, in whose vector registers is nothing to be kept, and for the others.
    calls: [Calls; 2],
    _block: CodeBlock,
}

/// Calls that take a word in rax and give one back in rax; no other register changes.
pub struct Calls {
    pub dealloc: usize,
    pub box_int: usize,
    pub box_float: usize,
    pub range_iter: usize,
    pub is_inert: usize,
}

impl Thunks {
    /// Assembles them.
    pub fn new(memory: &CodeMemory, cpu: Cpu) -> Result<Thunks, CompileError> {
        let mut asm = Asm::new();
        save(&mut asm, cpu);
        let leave = asm.len();
        restore(&mut asm);
        let functions = [
            runtime::dealloc as *const () as usize,
            runtime::box_int as *const () as usize,
            runtime::box_float as *const () as usize,
            runtime::range_iter as *const () as usize,
            runtime::is_inert as *const () as usize,
        ];
        let starts = [false, true].map(|vectors| {
            functions.map(|function| {
                asm.align(16);
                let start = asm.len();
                if function == runtime::dealloc as *const () as usize {
                    free_number(&mut asm);
                }
                preserving_call(&mut asm, cpu, function, vectors);
                start
            })
        });
        let code = asm.finish()?;
        let block = memory.install(&code.bytes, &code.externals)?;
        let calls = starts.map(|starts| {
            let [dealloc, box_int, box_float, range_iter, is_inert] = starts.map(|start| block.address() + start);
            Calls { dealloc, box_int, box_float, range_iter, is_inert }
        });
        Ok(Thunks { exit: block.address(), leave: block.address() + leave, calls, _block: block })
    }

    /// What a trace may call. All of its values in vector registers are floats.
    pub fn calls(&self, trace: &Trace) -> &Calls {
        let types = trace.insts.iter().map(|inst| inst.ty).chain(trace.consts.iter().map(|constant| constant.ty));
        &self.calls[usize::from(types.into_iter().any(|ty| ty == Ty::Float))]
    }
}

fn store_double(asm: &mut Asm, cpu: Cpu, to: Mem, from: u8) {
    if cpu.avx {
        asm.vex(Pp::PF2, Map::M0F, false, 0x11, from, 0, Rm::Mem(to));
    } else {
        asm.sse(Pp::PF2, false, 0x11, from, Rm::Mem(to));
    }
}

fn load_double(asm: &mut Asm, cpu: Cpu, to: u8, from: Mem) {
    if cpu.avx {
        asm.vex(Pp::PF2, Map::M0F, false, 0x10, to, 0, Rm::Mem(from));
    } else {
        asm.sse(Pp::PF2, false, 0x10, to, Rm::Mem(from));
    }
}

/// Writes all registers to the save area.
fn save(asm: &mut Asm, cpu: Cpu) {
    for reg in registers(MACHINE.gprs) {
        let disp = core::mem::offset_of!(SaveArea, gpr) as i32 + reg.num() as i32 * 8 - BIAS;
        asm.store(Mem::at(RBP, disp), reg.num());
    }
    for reg in registers(MACHINE.xmms) {
        let disp = core::mem::offset_of!(SaveArea, xmm) as i32 + reg.num() as i32 * 8 - BIAS;
        store_double(asm, cpu, Mem::at(RBP, disp), reg.num());
    }
}

/// Returns to the caller.
fn restore(asm: &mut Asm) {
    dynasm!(asm.d ; .arch x64
        ; add rsp, 8
        ; pop r15
        ; pop r14
        ; pop r13
        ; pop r12
        ; pop rbx
        ; pop rbp
        ; ret
    );
}

/// Puts the dead object in rax on its free list, if it is an exact float, small enough an int or an iterator of a range and there is room. Behind this
/// code, rax is as it was.
fn free_number(asm: &mut Asm) {
    const RCX: u8 = 1;
    const RDX: u8 = 2;
    let (other, rest, general) = (asm.label(), asm.label(), asm.label());
    let float_type = PyFloat::type_object() as *const PyTypeObject as u64;
    let iterator_type = PyRangeIterator::type_object() as *const PyTypeObject as u64;
    let int_type = PyInt::type_object() as *const PyTypeObject as u64;
    dynasm!(asm.d ; .arch x64 ; push rcx ; push rdx);
    let push = |asm: &mut Asm, free: layout::FreeListWords| {
        asm.mov_imm(RCX, free.head as u64);
        let len = Mem::at(RCX, (free.len as usize).wrapping_sub(free.head as usize) as i32);
        asm.alu_imm(Alu::Cmp, Rm::Mem(len), free.limit as i32, 8);
        asm.jcc(Cond::AE, general);
        asm.alu_imm(Alu::Add, Rm::Mem(len), 1, 8);
        asm.load(RDX, Rm::Mem(Mem::at(RCX, 0)));
        asm.store(Mem::at(RAX, layout::FREE_NEXT as i32), RDX);
        asm.store(Mem::at(RCX, 0), RAX);
        dynasm!(asm.d ; .arch x64 ; pop rdx ; pop rcx ; ret);
    };
    asm.mov_imm(RCX, float_type);
    asm.alu(Alu::Cmp, RCX, Rmi::Rm(Rm::Mem(Mem::at(RAX, layout::OB_TYPE as i32))));
    asm.jcc(Cond::NE, other);
    push(asm, layout::float_free_list());
    asm.bind(other);
    asm.mov_imm(RCX, int_type);
    asm.alu(Alu::Cmp, RCX, Rmi::Rm(Rm::Mem(Mem::at(RAX, layout::OB_TYPE as i32))));
    asm.jcc(Cond::NE, rest);
    asm.load(RCX, Rm::Mem(Mem::at(RAX, layout::INT_TAG as i32)));
    asm.alu_imm(Alu::Cmp, Rm::Reg(RCX), layout::INT_MEDIUM_LIMIT as i32, 8);
    asm.jcc(Cond::AE, general);
    dynasm!(asm.d ; .arch x64 ; test ecx, layout::INT_TAG_STATIC as i32);
    asm.jcc(Cond::NE, general);
    push(asm, layout::int_free_list());
    asm.bind(rest);
    asm.mov_imm(RCX, iterator_type);
    asm.alu(Alu::Cmp, RCX, Rmi::Rm(Rm::Mem(Mem::at(RAX, layout::OB_TYPE as i32))));
    asm.jcc(Cond::NE, general);
    push(asm, layout::range_iterator_free_list());
    asm.bind(general);
    dynasm!(asm.d ; .arch x64 ; pop rdx ; pop rcx);
}

/// Calls a function without a change to other registers than rax; those for vectors only with `vectors`.
fn preserving_call(asm: &mut Asm, cpu: Cpu, function: usize, vectors: bool) {
    const RSP: u8 = 4;
    // The return address and eight words are on the stack: this aligns it to 16 again.
    let count = if vectors { 15 } else { 0 };
    let room = 8 * if vectors { 15 } else { 1 };
    dynasm!(asm.d ; .arch x64
        ; push rcx
        ; push rdx
        ; push rsi
        ; push rdi
        ; push r8
        ; push r9
        ; push r10
        ; push r11
        ; sub rsp, room
    );
    for n in 0..count {
        store_double(asm, cpu, Mem::at(RSP, n as i32 * 8), n);
    }
    dynasm!(asm.d ; .arch x64 ; mov rdi, rax);
    asm.mov_imm(RAX, function as u64);
    dynasm!(asm.d ; .arch x64 ; call rax);
    for n in 0..count {
        load_double(asm, cpu, n, Mem::at(RSP, n as i32 * 8));
    }
    dynasm!(asm.d ; .arch x64
        ; add rsp, room
        ; pop r11
        ; pop r10
        ; pop r9
        ; pop r8
        ; pop rdi
        ; pop rsi
        ; pop rdx
        ; pop rcx
        ; ret
    );
}
