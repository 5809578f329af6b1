//! Code for x86-64.
//!
//! * [`asm`]: instructions; [`cpu`]: which of them there are
//! * [`shapes`]: what each operation needs of the register allocator
//! * [`emit`]: the walk over the allocated trace; `int`, `float`, `memory`, `guards`, `boxes`, `counts`, `calls`, `inline`: the operations
//! * [`exits`]: entry, exits, and the slow paths that lie outside of the trace's straight line
//! * [`thunks`]: code that all traces share
//!
//! # Registers
//!
//! `rbp` points into the save area, `rsp` is aligned to 16, `rax` and `xmm15` are scratch; everything else belongs to the trace's values.
#![expect(clippy::useless_conversion, reason = "dynasm converts register numbers, which are bytes already")]

pub mod asm;
mod boxes;
mod calls;
mod counts;
pub mod cpu;
mod emit;
mod exits;
mod float;
mod forced;
mod guards;
mod inline;
mod int;
mod memory;
pub mod shapes;
mod thunks;
pub mod vector;
mod wide;

use super::code_memory::CodeMemory;
use super::fusion::Fusion;
use super::regalloc::allocate;
use super::uses::Uses;
use super::{Backend, CompileError, Compiled, ExitInfo, Options};
use crate::ir::Trace;
use cpu::Cpu;
use emit::Emitter;
use shapes::{MACHINE, shapes};
use thunks::Thunks;

/// The code generator, with the memory for its code.
pub struct X64 {
    memory: CodeMemory,
    thunks: Thunks,
    cpu: Cpu,
}

impl X64 {
    /// A code generator for the processor this runs on.
    ///
    /// # Errors
    /// Where there is no memory for code.
    pub fn new(memory: CodeMemory) -> Result<X64, CompileError> {
        X64::for_cpu(memory, Cpu::detect())
    }

    /// A code generator that uses only what `cpu` has.
    ///
    /// # Errors
    /// As for [`X64::new`].
    pub fn for_cpu(memory: CodeMemory, cpu: Cpu) -> Result<X64, CompileError> {
        let thunks = Thunks::new(&memory, cpu)?;
        Ok(X64 { memory, thunks, cpu })
    }

    /// The memory, for its figures.
    pub fn memory(&self) -> &CodeMemory {
        &self.memory
    }
}

impl Backend for X64 {
    fn compile(&self, trace: &Trace, options: &Options<'_>) -> Result<Compiled, CompileError> {
        let fusion = Fusion::new(trace);
        let shapes = shapes(trace, &fusion, self.cpu);
        let uses = Uses::new(trace, &fusion, &shapes);
        let enter = options.enter.map_or(&[][..], |(_, places)| places);
        let allocation = allocate(trace, &fusion, &shapes, &uses, &MACHINE, options.params, enter)?;
        let emitter = Emitter::new(trace, &fusion, &allocation, self.cpu, options, &self.memory, &self.thunks)?;
        let code = emitter.run()?;
        let block = self.memory.install(&code.assembled.bytes, &code.assembled.externals)?;
        let exits = allocation
            .exits
            .iter()
            .zip(&code.stubs)
            .map(|(exit, &stub)| {
                let places = allocation.places(exit).iter();
                let locations = places.map(|&p| emit::location(trace, &allocation, p)).collect();
                let mut original = [0; 5];
                original.copy_from_slice(&code.assembled.bytes[stub..stub + 5]);
                ExitInfo { snapshot: exit.snapshot, inst: exit.inst as usize, locations, stub, original }
            })
            .collect();
        Ok(Compiled { block, inner: code.inner, exits, map: code.map })
    }
}

/// The five bytes of a jump.
///
/// # Errors
/// When the distance is too large, which it never is within one code memory.
pub fn jump_bytes(from: usize, to: usize) -> Result<[u8; 5], CompileError> {
    let distance = to as i64 - (from as i64 + 5);
    let distance = i32::try_from(distance).map_err(|_| CompileError::Memory("code too far apart"))?;
    let mut bytes = [0xe9, 0, 0, 0, 0];
    bytes[1..].copy_from_slice(&distance.to_le_bytes());
    Ok(bytes)
}
