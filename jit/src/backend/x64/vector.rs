//! Expressions of arrays as loops of AVX2 instructions.
//!
//! A loop computes as many elements at a time as a register has lanes; what is left over is computed one by one, by the same
//! instructions in their scalar forms. Lanes are doubles or singles; truths are lanes of ones or zeros. No two operations are contracted
//! into one, and operands stay in their order: results are those of one operation after the other, to the bit, NaNs included.

use dynasmrt::{DynasmApi, DynasmLabelApi, VecAssembler, dynasm};

use crate::backend::code_memory::{CodeBlock, CodeMemory};
use crate::ir::Scalar;
use crate::numpy::fuse::{Expression, Source, Step};

/// Computes `count` elements: addresses of the arrays, the numbers, the result, the count.
pub type Code = unsafe extern "C" fn(*const *mut u8, *const u64, *mut u8, usize);

/// General registers: the index (`rax`), addresses of arrays, the result (`rdx`), the numbers and later anything (`rsi`). How far the
/// loop goes is in `rcx`.
const INDEX: u8 = 0;
const ARRAYS: [u8; 5] = [8, 9, 10, 11, 7];
const RESULT: u8 = 2;
const SPARE: u8 = 6;

/// Vector registers there are.
const REGISTERS: u8 = 16;

/// Constants that operations need.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Constant {
    Sign,
    Magnitude,
    One,
    /// Where making lanes of bytes must leave the second temporary register alone.
    Zero,
}

/// How many lanes an instruction works on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Packed,
    Scalar,
}

/// Opcode maps and prefixes of VEX.
const MAP_0F: u8 = 1;
const MAP_0F38: u8 = 2;
const MAP_0F3A: u8 = 3;
const P_66: u8 = 1;
const P_F3: u8 = 2;
const P_F2: u8 = 3;

/// The last operand of an instruction.
#[derive(Clone, Copy)]
enum Last {
    Register(u8),
    /// An element: base, and the logarithm of the size of what the index counts.
    Element(u8, u8),
    /// A word behind `SPARE`.
    Number(u8),
}

struct Vector<'a> {
    asm: VecAssembler<dynasmrt::x64::X64Relocation>,
    expression: &'a Expression,
    double: bool,
    /// The registers of slots come first; then two for the moment; numbers and constants are the last.
    first_temporary: u8,
    constants: Vec<Constant>,
}

/// Loop code for an expression, if there is such, in memory of its own: other threads may run it while code is written elsewhere.
pub fn assemble(expression: &Expression) -> Option<CodeBlock> {
    if !std::is_x86_feature_detected!("avx2") || expression.steps.is_empty() {
        return None;
    }
    let mut lanes = None;
    let scalars = expression.steps.iter().flat_map(|step| step.types.into_iter().chain([step.output]));
    for scalar in scalars.chain(expression.arrays.iter().copied()).filter(|&scalar| scalar != Scalar::Bool) {
        if !scalar.is_float() || *lanes.get_or_insert(scalar) != scalar {
            return None;
        }
    }
    let double = lanes? == Scalar::F64;
    let mut constants: Vec<Constant> = Vec::new();
    for step in &expression.steps {
        let constant = match step.name {
            "cast" if step.types[0] == Scalar::Bool => Constant::One,
            "where" if expression.is_bytes(step.inputs[2]) => Constant::Zero,
            "where" => continue,
            name if step.types[0] == Scalar::Bool && truths(name).is_some() => continue,
            _ if step.types[0] == Scalar::Bool => return None,
            "negative" => Constant::Sign,
            "absolute" => Constant::Magnitude,
            "reciprocal" => Constant::One,
            name if is_plain(name) => continue,
            _ => return None,
        };
        if !constants.contains(&constant) {
            constants.push(constant);
        }
    }
    if expression.numbers.contains(&Scalar::Bool) {
        return None;
    }
    let first_temporary = u8::try_from(expression.slots).ok()?;
    let used = expression.slots + 2 + expression.numbers.len() + constants.len();
    if used > REGISTERS as usize || expression.arrays.len() > ARRAYS.len() {
        return None;
    }
    let mut vector = Vector { asm: VecAssembler::new(0), expression, double, first_temporary, constants };
    vector.all();
    let code = vector.asm.finalize().ok()?;
    CodeMemory::new(code.len()).ok()?.install(&code, &[]).ok()
}

/// Operations of floats that are one instruction, or a few.
fn is_plain(name: &str) -> bool {
    arithmetic(name).is_some()
        || comparison(name).is_some()
        || matches!(name, "sqrt" | "square" | "maximum" | "minimum")
}

fn arithmetic(name: &str) -> Option<u8> {
    Some(match name {
        "add" => 0x58,
        "multiply" => 0x59,
        "subtract" => 0x5c,
        "divide" => 0x5e,
        _ => return None,
    })
}

/// Predicates: quiet for NaNs.
fn comparison(name: &str) -> Option<u8> {
    Some(match name {
        "less" => 0x11,
        "less_equal" => 0x12,
        "equal" => 0x00,
        "not_equal" => 0x04,
        "greater" => 0x1e,
        "greater_equal" => 0x1d,
        _ => return None,
    })
}

/// Operations of truths.
fn truths(name: &str) -> Option<u8> {
    Some(match name {
        "bitwise_and" => 0x54,
        "bitwise_or" => 0x56,
        "bitwise_xor" => 0x57,
        _ => return None,
    })
}

impl Vector<'_> {
    fn number(&self, number: u8) -> u8 {
        REGISTERS - 1 - number
    }

    fn constant(&self, constant: Constant) -> u8 {
        let place = self.constants.iter().position(|&known| known == constant).unwrap_or(0);
        REGISTERS - 1 - (self.expression.numbers.len() + place) as u8
    }

    fn scale(&self) -> u8 {
        if self.double { 3 } else { 2 }
    }

    /// The prefix of an arithmetic instruction.
    fn prefix(&self, form: Form) -> u8 {
        match (form, self.double) {
            (Form::Packed, true) => P_66,
            (Form::Packed, false) => 0,
            (Form::Scalar, true) => P_F2,
            (Form::Scalar, false) => P_F3,
        }
    }

    fn bitwise_prefix(&self) -> u8 {
        if self.double { P_66 } else { 0 }
    }

    /// Encodes an instruction.
    fn vex(&mut self, (map, prefix, opcode): (u8, u8, u8), long: bool, register: u8, second: u8, last: Last) {
        let (base, index) = match last {
            Last::Register(r) => (r, 0),
            Last::Element(base, _) => (base, INDEX),
            Last::Number(_) => (SPARE, 0),
        };
        let inverted = |register: u8, bit: u8| if register & 8 == 0 { 1 << bit } else { 0 };
        let asm = &mut self.asm;
        asm.push(0xc4);
        asm.push(inverted(register, 7) | inverted(index, 6) | inverted(base, 5) | map);
        asm.push((!second & 15) << 3 | u8::from(long) << 2 | prefix);
        asm.push(opcode);
        let field = (register & 7) << 3;
        match last {
            Last::Register(r) => asm.push(0xc0 | field | r & 7),
            // With a displacement of no bytes; none of the bases would mean something else.
            Last::Element(base, scale) => {
                asm.push(field | 4);
                asm.push(scale << 6 | (INDEX & 7) << 3 | base & 7);
            }
            Last::Number(number) => {
                asm.push(0x40 | field | SPARE & 7);
                asm.push(8 * number);
            }
        }
    }

    fn bitwise(&mut self, opcode: u8, form: Form, to: u8, a: u8, b: u8) {
        let long = form == Form::Packed;
        self.vex((MAP_0F, self.bitwise_prefix(), opcode), long, to, a, Last::Register(b));
    }

    fn compare(&mut self, predicate: u8, form: Form, to: u8, a: u8, b: Last) {
        self.vex((MAP_0F, self.prefix(form), 0xc2), form == Form::Packed, to, a, b);
        self.asm.push(predicate);
    }

    /// `to = mask ? yes : no`.
    fn blend(&mut self, form: Form, to: u8, no: u8, yes: u8, mask: u8) {
        let opcode = if self.double { 0x4b } else { 0x4a };
        self.vex((MAP_0F3A, P_66, opcode), form == Form::Packed, to, no, Last::Register(yes));
        self.asm.push(mask << 4);
    }

    // ---- the whole ----

    fn all(&mut self) {
        let arrays = self.expression.arrays.len();
        // The register of the list is the last one to be overwritten.
        for (i, &register) in ARRAYS[..arrays].iter().enumerate() {
            let offset = 8 * i as i32;
            dynasm!(self.asm ; .arch x64 ; mov Rq(register), [rdi + offset]);
        }
        for number in 0..self.expression.numbers.len() as u8 {
            let (register, opcode) = (self.number(number), if self.double { 0x19 } else { 0x18 });
            self.vex((MAP_0F38, P_66, opcode), true, register, 0, Last::Number(number));
        }
        for constant in self.constants.clone() {
            let bits = match (constant, self.double) {
                (Constant::Sign, true) => 1 << 63,
                (Constant::Sign, false) => 1 << 31,
                (Constant::Magnitude, true) => u64::MAX >> 1,
                (Constant::Magnitude, false) => u64::from(u32::MAX >> 1),
                (Constant::One, true) => 1.0_f64.to_bits(),
                (Constant::One, false) => u64::from(1.0_f32.to_bits()),
                (Constant::Zero, _) => 0,
            };
            let register = self.constant(constant);
            dynasm!(self.asm ; .arch x64
                ; mov rax, QWORD bits as i64
                ; vmovq Rx(register), rax
            );
            let opcode = if self.double { 0x19 } else { 0x18 };
            self.vex((MAP_0F38, P_66, opcode), true, register, 0, Last::Register(register));
        }
        let lanes: i32 = if self.double { 4 } else { 8 };
        dynasm!(self.asm ; .arch x64
            ; xor eax, eax
            ; sub rcx, lanes
            ; jl >rest
            ; .align 16
            ; packed:
        );
        self.body(Form::Packed);
        dynasm!(self.asm ; .arch x64
            ; add rax, lanes
            ; cmp rax, rcx
            ; jle <packed
            ; rest:
            ; add rcx, lanes
            ; cmp rax, rcx
            ; jge >done
            ; single:
        );
        self.body(Form::Scalar);
        dynasm!(self.asm ; .arch x64
            ; inc rax
            ; cmp rax, rcx
            ; jl <single
            ; done:
            ; vzeroupper
            ; ret
        );
    }

    /// One round.
    fn body(&mut self, form: Form) {
        let expression = self.expression;
        for step in &expression.steps {
            self.step(step, form);
        }
        if let Some(last) = expression.steps.last() {
            self.store(last, form);
        }
    }

    /// An operand in a register: that of the slot or number, or one for the moment.
    fn register(&mut self, source: Source, form: Form, temporary: u8) -> u8 {
        match source {
            Source::Slot(slot) => slot,
            Source::Number(number) => self.number(number),
            Source::Array(array) => {
                let temporary = self.first_temporary + temporary;
                self.load(array, form, temporary);
                temporary
            }
        }
    }

    /// An operand of an arithmetic instruction.
    fn last(&mut self, source: Source) -> Last {
        match source {
            Source::Slot(slot) => Last::Register(slot),
            Source::Number(number) => Last::Register(self.number(number)),
            Source::Array(array) => Last::Element(ARRAYS[array as usize], self.scale()),
        }
    }

    fn load(&mut self, array: u8, form: Form, to: u8) {
        let base = ARRAYS[array as usize];
        let packed = form == Form::Packed;
        if !self.expression.is_bytes(Source::Array(array)) {
            let element = Last::Element(base, self.scale());
            return self.vex((MAP_0F, self.prefix(form), 0x10), packed, to, 0, element);
        }
        // Bytes, zero or not, become lanes.
        if packed {
            let opcode = if self.double { 0x32 } else { 0x31 };
            self.vex((MAP_0F38, P_66, opcode), true, to, 0, Last::Element(base, 0));
        } else {
            dynasm!(self.asm ; .arch x64 ; movzx esi, BYTE [Rq(base) + rax] ; vmovd Rx(to), esi);
        }
        let zero = if self.constants.contains(&Constant::Zero) {
            self.constant(Constant::Zero)
        } else {
            let zero = self.first_temporary + 1;
            self.bitwise(0x57, form, zero, zero, zero);
            zero
        };
        let greater = if self.double { (MAP_0F38, P_66, 0x37) } else { (MAP_0F, P_66, 0x66) };
        self.vex(greater, packed, to, to, Last::Register(zero));
    }

    fn step(&mut self, step: &Step, form: Form) {
        let (to, packed) = (step.slot, form == Form::Packed);
        let [x, y, z] = step.inputs;
        if let Some(opcode) = truths(step.name) {
            // The second first: making truths of bytes takes both registers for the moment.
            let b = self.register(y, form, 0);
            let b = if matches!(y, Source::Array(_)) {
                self.bitwise(0x56, form, to, b, b);
                to
            } else {
                b
            };
            let a = self.register(x, form, 0);
            return self.bitwise(opcode, form, to, a, b);
        }
        if step.name == "where" {
            // A mask of bytes takes both registers for the moment; then they are free again.
            let mask = self.register(x, form, 0);
            self.bitwise(0x56, form, to, mask, mask);
            let yes = self.register(y, form, 0);
            let no = self.register(z, form, 1);
            return self.blend(form, to, no, yes, to);
        }
        let a = self.register(x, form, 0);
        if let Some(opcode) = arithmetic(step.name) {
            let b = self.last(y);
            return self.vex((MAP_0F, self.prefix(form), opcode), packed, to, a, b);
        }
        if let Some(predicate) = comparison(step.name) {
            let b = self.last(y);
            return self.compare(predicate, form, to, a, b);
        }
        match step.name {
            "sqrt" => {
                let second = if packed { 0 } else { a };
                self.vex((MAP_0F, self.prefix(form), 0x51), packed, to, second, Last::Register(a));
            }
            "square" => self.vex((MAP_0F, self.prefix(form), 0x59), packed, to, a, Last::Register(a)),
            "cast" => {
                let one = self.constant(Constant::One);
                self.bitwise(0x54, form, to, a, one);
            }
            "reciprocal" => {
                let one = self.constant(Constant::One);
                self.vex((MAP_0F, self.prefix(form), 0x5e), packed, to, one, Last::Register(a));
            }
            "negative" => {
                let sign = self.constant(Constant::Sign);
                self.bitwise(0x57, form, to, a, sign);
            }
            "absolute" => {
                let magnitude = self.constant(Constant::Magnitude);
                self.bitwise(0x54, form, to, a, magnitude);
            }
            _ => {
                // The greater (or less) one; the first if it is no number, else the second if neither is greater.
                let b = self.register(y, form, 1);
                let predicate = if step.name == "maximum" { 0x1e } else { 0x11 };
                self.compare(predicate, form, to, a, Last::Register(b));
                self.blend(form, to, b, a, to);
                self.pick_nan(form, to, a);
            }
        }
    }

    /// `to = a is no number ? a : to`, where `a` may be a register for the moment.
    fn pick_nan(&mut self, form: Form, to: u8, a: u8) {
        let mask = self.first_temporary + 1;
        self.compare(0x03, form, mask, a, Last::Register(a));
        self.blend(form, to, to, a, mask);
    }

    /// Stores the result of the last step.
    fn store(&mut self, last: &Step, form: Form) {
        let (from, packed) = (last.slot, form == Form::Packed);
        if last.output != Scalar::Bool {
            let element = Last::Element(RESULT, self.scale());
            return self.vex((MAP_0F, self.prefix(form), 0x11), packed, from, 0, element);
        }
        if !packed {
            dynasm!(self.asm ; .arch x64 ; vmovd esi, Rx(from) ; and esi, 1 ; mov BYTE [rdx + rax], sil);
            return;
        }
        let high = self.first_temporary;
        dynasm!(self.asm ; .arch x64 ; vextractf128 Rx(high), Ry(from), 1);
        if self.double {
            // Half of each lane. (dynasm has the operands of `vshufps` in another order than the processor.)
            self.vex((MAP_0F, 0, 0xc6), false, high, from, Last::Register(high));
            self.asm.push(0x88);
            dynasm!(self.asm ; .arch x64
                ; vpackssdw Rx(high), Rx(high), Rx(high)
                ; vpacksswb Rx(high), Rx(high), Rx(high)
                ; vmovd esi, Rx(high)
                ; and esi, 0x0101_0101
                ; mov [rdx + rax], esi
            );
        } else {
            dynasm!(self.asm ; .arch x64
                ; vpackssdw Rx(high), Rx(from), Rx(high)
                ; vpacksswb Rx(high), Rx(high), Rx(high)
                ; vpabsb Rx(high), Rx(high)
                ; vmovq QWORD [rdx + rax], Rx(high)
            );
        }
    }
}
