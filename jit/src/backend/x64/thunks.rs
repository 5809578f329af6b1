//! Code that all traces share: the end of every exit, and calls that destroy no register.

use dynasmrt::{DynasmApi, dynasm};

use super::asm::{Asm, Map, Mem, Pp, RAX, RBP, Rm};
use super::cpu::Cpu;
use super::emit::BIAS;
use super::shapes::MACHINE;
use crate::backend::code_memory::{CodeBlock, CodeMemory};
use crate::backend::regalloc::registers;
use crate::backend::{CompileError, SaveArea, runtime};

/// The addresses of the shared code.
pub struct Thunks {
    /// Writes all registers to the save area and returns; the exit's number is in eax.
    pub exit: usize,
    /// These take a word in rax and give one back in rax; no other register changes.
    pub dealloc: usize,
    pub box_int: usize,
    pub box_float: usize,
    _block: CodeBlock,
}

impl Thunks {
    /// Assembles them.
    pub fn new(memory: &CodeMemory, cpu: Cpu) -> Result<Thunks, CompileError> {
        let mut asm = Asm::new();
        let mut starts = [0; 4];
        exit(&mut asm, cpu);
        let functions = [
            runtime::dealloc as *const () as usize,
            runtime::box_int as *const () as usize,
            runtime::box_float as *const () as usize,
        ];
        for (start, function) in starts[1..].iter_mut().zip(functions) {
            asm.align(16);
            *start = asm.len();
            preserving_call(&mut asm, cpu, function);
        }
        let code = asm.finish()?;
        let block = memory.install(&code.bytes, &code.externals)?;
        let [exit, dealloc, box_int, box_float] = starts.map(|s| block.address() + s);
        Ok(Thunks { exit, dealloc, box_int, box_float, _block: block })
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

fn exit(asm: &mut Asm, cpu: Cpu) {
    for reg in registers(MACHINE.gprs) {
        let disp = core::mem::offset_of!(SaveArea, gpr) as i32 + reg.num() as i32 * 8 - BIAS;
        asm.store(Mem::at(RBP, disp), reg.num());
    }
    for reg in registers(MACHINE.xmms) {
        let disp = core::mem::offset_of!(SaveArea, xmm) as i32 + reg.num() as i32 * 8 - BIAS;
        store_double(asm, cpu, Mem::at(RBP, disp), reg.num());
    }
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

fn preserving_call(asm: &mut Asm, cpu: Cpu, function: usize) {
    const RSP: u8 = 4;
    dynasm!(asm.d ; .arch x64
        ; push rcx
        ; push rdx
        ; push rsi
        ; push rdi
        ; push r8
        ; push r9
        ; push r10
        ; push r11
        // The return address and eight words are on the stack: this aligns it to 16 again.
        ; sub rsp, 15 * 8
    );
    for n in 0..15 {
        store_double(asm, cpu, Mem::at(RSP, n as i32 * 8), n);
    }
    dynasm!(asm.d ; .arch x64 ; mov rdi, rax);
    asm.mov_imm(RAX, function as u64);
    dynasm!(asm.d ; .arch x64 ; call rax);
    for n in 0..15 {
        load_double(asm, cpu, n, Mem::at(RSP, n as i32 * 8));
    }
    dynasm!(asm.d ; .arch x64
        ; add rsp, 15 * 8
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
