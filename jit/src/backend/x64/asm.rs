//! The assembler: dynasm for what is fixed, and an encoder of its own for instructions with a register-or-memory operand.
//!
//! dynasm gives memory operands with registers known only at run time a SIB byte and four bytes of displacement, and wants the scale to
//! be literal. Most instructions of a trace have such operands, so [`Asm::op`] and [`Asm::vex`] encode them here, as short as
//! they can be.

use std::collections::HashMap;

use dynasmrt::relocations::{Relocation, RelocationSize};
use dynasmrt::x64::X64Relocation;
use dynasmrt::{DynamicLabel, DynasmApi, DynasmLabelApi, VecAssembler, dynasm};

use crate::backend::CompileError;

pub const RAX: u8 = 0;
pub const RCX: u8 = 1;
pub const RDX: u8 = 2;
pub const RBP: u8 = 5;
/// Never holds a value of the trace.
pub const SCRATCH: u8 = RAX;
/// Never holds a value of the trace.
pub const XMM_SCRATCH: u8 = 15;

/// A place in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mem {
    pub base: u8,
    /// Register and the logarithm of the scale.
    pub index: Option<(u8, u8)>,
    pub disp: i32,
}

impl Mem {
    pub const fn at(base: u8, disp: i32) -> Mem {
        Mem { base, index: None, disp }
    }
}

/// A register or memory operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rm {
    Reg(u8),
    Mem(Mem),
    /// 8 bytes in the block's constants.
    Literal(u64),
    /// 16 bytes in the block's constants: this word twice.
    Literal16(u64),
}

/// A register, memory or immediate operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rmi {
    Rm(Rm),
    Imm(i32),
}

/// Opcode maps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Map {
    One,
    M0F,
    M0F38,
    M0F3A,
}

/// The mandatory prefixes, by their number in a VEX prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pp {
    None,
    P66,
    PF3,
    PF2,
}

/// The eight arithmetic operations that share encodings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Alu {
    Add = 0,
    Or = 1,
    And = 4,
    Sub = 5,
    Xor = 6,
    Cmp = 7,
}

/// Condition codes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cond(pub u8);

impl Cond {
    pub const O: Cond = Cond(0);
    pub const B: Cond = Cond(2);
    pub const AE: Cond = Cond(3);
    pub const E: Cond = Cond(4);
    pub const NE: Cond = Cond(5);
    pub const BE: Cond = Cond(6);
    pub const A: Cond = Cond(7);
    pub const S: Cond = Cond(8);
    pub const NS: Cond = Cond(9);
    pub const P: Cond = Cond(10);
    pub const NP: Cond = Cond(11);
    pub const L: Cond = Cond(12);
    pub const GE: Cond = Cond(13);
    pub const LE: Cond = Cond(14);
    pub const G: Cond = Cond(15);

    /// The opposite.
    pub fn not(self) -> Cond {
        Cond(self.0 ^ 1)
    }

    /// The condition with the operands exchanged.
    pub fn swapped(self) -> Cond {
        match self {
            Cond::B => Cond::A,
            Cond::A => Cond::B,
            Cond::AE => Cond::BE,
            Cond::BE => Cond::AE,
            Cond::L => Cond::G,
            Cond::G => Cond::L,
            Cond::LE => Cond::GE,
            Cond::GE => Cond::LE,
            other => other,
        }
    }
}

/// Code that has been assembled, with the places that depend on its address.
pub struct Assembled {
    pub bytes: Vec<u8>,
    /// Positions of 32-bit distances to fixed addresses.
    pub externals: Vec<(usize, usize)>,
}

/// An assembler for one block.
pub struct Asm {
    pub d: VecAssembler<X64Relocation>,
    literals: Vec<u64>,
    known: HashMap<(u64, bool), usize>,
    /// Positions of 32-bit distances to literals: position, end of the instruction, literal.
    literal_uses: Vec<(usize, usize, usize)>,
    externals: Vec<(usize, usize)>,
}

impl Asm {
    pub fn new() -> Asm {
        Asm {
            d: VecAssembler::new(0),
            literals: Vec::new(),
            known: HashMap::new(),
            literal_uses: Vec::new(),
            externals: Vec::new(),
        }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.d.offset().0
    }

    pub fn label(&mut self) -> DynamicLabel {
        self.d.new_dynamic_label()
    }

    /// The label is here.
    pub fn bind(&mut self, label: DynamicLabel) {
        dynasm!(self.d ; .arch x64 ; =>label);
    }

    /// The finished bytes, constants included.
    pub fn finish(mut self) -> Result<Assembled, CompileError> {
        let pool = self.len().next_multiple_of(16);
        while self.len() < pool {
            self.d.push(0xcc);
        }
        let mut bytes = self.d.finalize().map_err(|_| CompileError::Malformed("a label that leads nowhere"))?;
        for &literal in &self.literals {
            bytes.extend_from_slice(&literal.to_le_bytes());
        }
        for (at, end, literal) in self.literal_uses {
            let distance = (pool + 8 * literal) as i32 - end as i32;
            bytes[at..at + 4].copy_from_slice(&distance.to_le_bytes());
        }
        Ok(Assembled { bytes, externals: self.externals })
    }

    fn literal(&mut self, bits: u64, wide: bool) -> usize {
        if let Some(&index) = self.known.get(&(bits, wide)) {
            return index;
        }
        if wide && self.literals.len() % 2 != 0 {
            self.literals.push(0);
        }
        let index = self.literals.len();
        self.literals.push(bits);
        if wide {
            self.literals.push(bits);
        }
        self.known.insert((bits, wide), index);
        index
    }

    fn byte(&mut self, byte: u8) {
        self.d.push(byte);
    }

    // ---- encoding ----

    /// The ModRM byte and what follows it. `imm` is how many bytes of immediate come behind.
    fn modrm(&mut self, reg: u8, rm: Rm, imm: usize) {
        let reg = (reg & 7) << 3;
        match rm {
            Rm::Reg(r) => self.byte(0xc0 | reg | (r & 7)),
            Rm::Literal(bits) => self.rip(reg, bits, false, imm),
            Rm::Literal16(bits) => self.rip(reg, bits, true, imm),
            Rm::Mem(m) => {
                // rbp and r13 without displacement would mean something else.
                let (mode, size) = match m.disp {
                    0 if m.base & 7 != 5 => (0x00, 0),
                    -128..=127 => (0x40, 1),
                    _ => (0x80, 4),
                };
                match m.index {
                    Some((index, scale)) => {
                        self.byte(mode | reg | 4);
                        self.byte(scale << 6 | (index & 7) << 3 | (m.base & 7));
                    }
                    None if m.base & 7 == 4 => {
                        self.byte(mode | reg | 4);
                        self.byte(0x24);
                    }
                    None => self.byte(mode | reg | (m.base & 7)),
                }
                match size {
                    1 => self.byte(m.disp as u8),
                    4 => self.d.push_i32(m.disp),
                    _ => {}
                }
            }
        }
    }

    fn rip(&mut self, reg: u8, bits: u64, wide: bool, imm: usize) {
        let literal = self.literal(bits, wide);
        self.byte(reg | 5);
        let at = self.len();
        self.literal_uses.push((at, at + 4 + imm, literal));
        self.d.push_i32(0);
    }

    /// The bits that REX and VEX add to register numbers: R, X, B.
    fn high_bits(reg: u8, rm: Rm) -> (u8, u8, u8) {
        match rm {
            Rm::Reg(r) => (reg >> 3, 0, r >> 3),
            Rm::Mem(m) => (reg >> 3, m.index.map_or(0, |(i, _)| i >> 3), m.base >> 3),
            _ => (reg >> 3, 0, 0),
        }
    }

    /// A legacy instruction `prefix REX map opcode modrm`. `byte_reg`: `reg` is a byte register.
    #[allow(clippy::too_many_arguments)]
    fn legacy(&mut self, pp: Pp, wide: bool, map: Map, opcode: u8, reg: u8, rm: Rm, imm: usize, byte_reg: bool) {
        match pp {
            Pp::None => {}
            Pp::P66 => self.byte(0x66),
            Pp::PF3 => self.byte(0xf3),
            Pp::PF2 => self.byte(0xf2),
        }
        let (r, x, b) = Asm::high_bits(reg, rm);
        let rex = (wide as u8) << 3 | r << 2 | x << 1 | b;
        if rex != 0 || (byte_reg && reg >= 4) {
            self.byte(0x40 | rex);
        }
        match map {
            Map::One => {}
            Map::M0F => self.byte(0x0f),
            Map::M0F38 => {
                self.byte(0x0f);
                self.byte(0x38);
            }
            Map::M0F3A => {
                self.byte(0x0f);
                self.byte(0x3a);
            }
        }
        self.byte(opcode);
        self.modrm(reg, rm, imm);
    }

    /// An instruction on 64 bits: `opcode /r`.
    pub fn op(&mut self, map: Map, opcode: u8, reg: u8, rm: Rm) {
        self.legacy(Pp::None, true, map, opcode, reg, rm, 0, false);
    }

    /// The same on 32 bits.
    pub fn op32(&mut self, map: Map, opcode: u8, reg: u8, rm: Rm) {
        self.legacy(Pp::None, false, map, opcode, reg, rm, 0, false);
    }

    /// A legacy SSE instruction.
    pub fn sse(&mut self, pp: Pp, wide: bool, opcode: u8, reg: u8, rm: Rm) {
        self.legacy(pp, wide, Map::M0F, opcode, reg, rm, 0, false);
    }

    /// A VEX-encoded instruction on scalars or 128 bits.
    pub fn vex(&mut self, pp: Pp, map: Map, wide: bool, opcode: u8, reg: u8, second: u8, rm: Rm) {
        self.vector(pp, map, wide, false, opcode, reg, second, rm);
    }

    /// A VEX-encoded instruction on 256 bits.
    pub fn vex256(&mut self, pp: Pp, map: Map, opcode: u8, reg: u8, second: u8, rm: Rm) {
        self.vector(pp, map, false, true, opcode, reg, second, rm);
    }

    /// A byte behind an instruction without an address of its own.
    pub fn immediate(&mut self, byte: u8) {
        self.byte(byte);
    }

    /// A logical shift of four words to the right.
    pub fn shift_right256(&mut self, to: u8, from: u8, count: u8) {
        self.vector(Pp::P66, Map::M0F, false, true, 0x73, 2, to, Rm::Reg(from));
        self.byte(count);
    }

    /// The upper two of four doubles, as the lower two.
    pub fn upper_half(&mut self, to: u8, from: u8) {
        self.vector(Pp::P66, Map::M0F3A, false, true, 0x19, from, 0, Rm::Reg(to));
        self.byte(1);
    }

    /// Says that the upper halves of vector registers are not in use.
    pub fn zero_upper(&mut self) {
        self.d.extend(&[0xc5, 0xf8, 0x77]);
    }

    #[allow(clippy::too_many_arguments)]
    fn vector(&mut self, pp: Pp, map: Map, wide: bool, long: bool, opcode: u8, reg: u8, second: u8, rm: Rm) {
        let (r, x, b) = Asm::high_bits(reg, rm);
        let low = (!second & 15) << 3 | (long as u8) << 2 | pp as u8;
        if x == 0 && b == 0 && !wide && map == Map::M0F {
            self.byte(0xc5);
            self.byte((r ^ 1) << 7 | low);
        } else {
            self.byte(0xc4);
            let map = match map {
                Map::One | Map::M0F => 1,
                Map::M0F38 => 2,
                Map::M0F3A => 3,
            };
            self.byte((r ^ 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | map);
            self.byte((wide as u8) << 7 | low);
        }
        self.byte(opcode);
        self.modrm(reg, rm, 0);
    }

    // ---- moves ----

    /// A 64-bit constant into a general register; the flags stay.
    pub fn mov_imm(&mut self, reg: u8, bits: u64) {
        let (rex, low) = (reg >> 3, reg & 7);
        if let Ok(small) = u32::try_from(bits) {
            if rex != 0 {
                self.byte(0x41);
            }
            self.byte(0xb8 | low);
            self.d.push_u32(small);
        } else if let Ok(small) = i32::try_from(bits as i64) {
            self.byte(0x48 | rex);
            self.byte(0xc7);
            self.byte(0xc0 | low);
            self.d.push_i32(small);
        } else {
            self.byte(0x48 | rex);
            self.byte(0xb8 | low);
            self.d.push_u64(bits);
        }
    }

    /// The same, where flags may change: zero is shorter.
    pub fn set(&mut self, reg: u8, bits: u64) {
        if bits == 0 {
            self.op32(Map::One, 0x31, reg, Rm::Reg(reg));
        } else {
            self.mov_imm(reg, bits);
        }
    }

    pub fn mov(&mut self, to: u8, from: u8) {
        if to != from {
            dynasm!(self.d ; .arch x64 ; mov Rq(to), Rq(from));
        }
    }

    /// 64 bits from a register or memory.
    pub fn load(&mut self, to: u8, from: Rm) {
        if from != Rm::Reg(to) {
            self.op(Map::One, 0x8b, to, from);
        }
    }

    /// 64 bits to memory.
    pub fn store(&mut self, to: Mem, from: u8) {
        self.op(Map::One, 0x89, from, Rm::Mem(to));
    }

    /// The low bytes of a register to memory.
    pub fn store_low(&mut self, to: Mem, from: u8, bytes: usize) {
        match bytes {
            1 => self.legacy(Pp::None, false, Map::One, 0x88, from, Rm::Mem(to), 0, true),
            2 => self.legacy(Pp::P66, false, Map::One, 0x89, from, Rm::Mem(to), 0, false),
            4 => self.op32(Map::One, 0x89, from, Rm::Mem(to)),
            _ => self.store(to, from),
        }
    }

    /// A constant's low bytes to memory; for 8 bytes it is sign-extended.
    pub fn store_imm(&mut self, to: Mem, imm: i32, bytes: usize) {
        match bytes {
            1 => {
                self.legacy(Pp::None, false, Map::One, 0xc6, 0, Rm::Mem(to), 1, false);
                self.byte(imm as u8);
            }
            2 => {
                self.legacy(Pp::P66, false, Map::One, 0xc7, 0, Rm::Mem(to), 2, false);
                self.d.push_i16(imm as i16);
            }
            _ => {
                self.legacy(Pp::None, bytes == 8, Map::One, 0xc7, 0, Rm::Mem(to), 4, false);
                self.d.push_i32(imm);
            }
        }
    }

    pub fn lea(&mut self, to: u8, m: Mem) {
        self.op(Map::One, 0x8d, to, Rm::Mem(m));
    }

    // ---- arithmetic ----

    /// `reg op= operand` on 64 bits.
    pub fn alu(&mut self, op: Alu, reg: u8, operand: Rmi) {
        match operand {
            Rmi::Rm(rm) => self.op(Map::One, (op as u8) << 3 | 3, reg, rm),
            Rmi::Imm(imm) => self.alu_imm(op, Rm::Reg(reg), imm, 8),
        }
    }

    /// `rm op= reg` on 64 bits.
    pub fn alu_to(&mut self, op: Alu, rm: Rm, reg: u8) {
        self.op(Map::One, (op as u8) << 3 | 1, reg, rm);
    }

    /// `rm op= imm` on 1, 4 or 8 bytes.
    pub fn alu_imm(&mut self, op: Alu, rm: Rm, imm: i32, bytes: usize) {
        let digit = op as u8;
        if bytes == 1 {
            self.legacy(Pp::None, false, Map::One, 0x80, digit, rm, 1, false);
            self.byte(imm as u8);
        } else if let Ok(short) = i8::try_from(imm) {
            self.legacy(Pp::None, bytes == 8, Map::One, 0x83, digit, rm, 1, false);
            self.byte(short as u8);
        } else {
            self.legacy(Pp::None, bytes == 8, Map::One, 0x81, digit, rm, 4, false);
            self.d.push_i32(imm);
        }
    }

    /// `to = rm * imm`.
    pub fn imul_imm(&mut self, to: u8, rm: Rm, imm: i32) {
        if let Ok(short) = i8::try_from(imm) {
            self.legacy(Pp::None, true, Map::One, 0x6b, to, rm, 1, false);
            self.byte(short as u8);
        } else {
            self.legacy(Pp::None, true, Map::One, 0x69, to, rm, 4, false);
            self.d.push_i32(imm);
        }
    }

    pub fn test(&mut self, a: u8, b: u8) {
        dynasm!(self.d ; .arch x64 ; test Rq(a), Rq(b));
    }

    // ---- jumps ----

    pub fn jcc(&mut self, cond: Cond, label: DynamicLabel) {
        self.byte(0x0f);
        self.byte(0x80 | cond.0);
        // dynasm measures from behind the field.
        self.d.push_i32(0);
        self.d.dynamic_relocation(label, 0, 4, 0, relocation(RelocationSize::DWord));
    }

    /// A jump over a few bytes.
    pub fn jcc_short(&mut self, cond: Cond, label: DynamicLabel) {
        self.byte(0x70 | cond.0);
        self.d.push_i8(0);
        self.d.dynamic_relocation(label, 0, 1, 0, relocation(RelocationSize::Byte));
    }

    pub fn jmp(&mut self, label: DynamicLabel) {
        dynasm!(self.d ; .arch x64 ; jmp =>label);
    }

    /// A jump or call to a fixed address within reach.
    pub fn far(&mut self, call: bool, target: usize) {
        self.byte(if call { 0xe8 } else { 0xe9 });
        self.externals.push((self.len(), target));
        self.d.push_i32(0);
    }

    /// Pads with as few instructions as possible.
    pub fn align(&mut self, to: usize) {
        let mut left = self.len().next_multiple_of(to) - self.len();
        const NOPS: [&[u8]; 9] = [
            &[0x90],
            &[0x66, 0x90],
            &[0x0f, 0x1f, 0x00],
            &[0x0f, 0x1f, 0x40, 0x00],
            &[0x0f, 0x1f, 0x44, 0x00, 0x00],
            &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00],
            &[0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00],
            &[0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
            &[0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00],
        ];
        while left > 0 {
            let n = left.min(NOPS.len());
            self.d.extend(NOPS[n - 1]);
            left -= n;
        }
    }
}

impl Default for Asm {
    fn default() -> Self {
        Asm::new()
    }
}

/// A distance.
fn relocation(size: RelocationSize) -> X64Relocation {
    X64Relocation::from_size(size)
}
