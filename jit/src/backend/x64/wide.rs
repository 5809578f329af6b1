//! Groups of a loop's rounds: [`crate::ir::kernel`], as a loop of its own in the middle of the trace.
//!
//! The arguments are put into the save area; from there, the counter, the last one at which a group may begin and the addresses
//! get registers that calls destroy, so that nothing of the trace is in them. A value of the group is two vectors of four; what is the same in all rounds is
//! broadcast before. What does not fit into the registers is not done: no rounds at all is always right.

use dynasmrt::{DynamicLabel, DynasmApi, dynasm};

use super::asm::{Alu, Asm, Cond, Map, Mem, Pp, RAX, RBP, RCX, RDX, Rm, Rmi, SCRATCH};
use super::emit::{BIAS, Emitter, slot_mem};
use crate::backend::{CompileError, SaveArea, THREAD_SLOT, WIDE_DONE, WIDE_RESULTS};
use crate::ir::kernel::{ALIGNMENT, COUNTER, Conflict, LANES, LIMIT, MOST_ARGUMENTS, SUMMED, SUMMED_ROUNDS, Total};
use crate::ir::{Inst, Kernel, Op, Trace, Ty, Value};
use rpy_vm::layout;

type Done = Result<(), CompileError>;

/// Where the counter and the last start of a group are.
const AT: u8 = RCX;
const MOST: u8 = RDX;
/// Where addresses are.
const BASES: [u8; 6] = [6, 7, 8, 9, 10, 11];
/// A value's halves.
const HALVES: usize = LANES / 4;
/// Registers that are used within one instruction.
const TEMPS: [u8; 2] = [14, 15];
const SIGN: u64 = 1 << 63;

/// A word of [`SaveArea::wide`].
fn word(n: usize) -> Mem {
    Mem::at(RBP, core::mem::offset_of!(SaveArea, wide) as i32 + n as i32 * 8 - BIAS)
}

/// What is the same in all rounds, and sits in a register.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Same {
    Argument(usize),
    Bits(u64),
}

/// Where everything is.
struct Layout<'k> {
    kernel: &'k Kernel,
    /// The arguments that are addresses, in the order of [`BASES`].
    bases: Vec<usize>,
    /// In registers from the last one downwards.
    same: Vec<Same>,
    /// By instruction: the registers of its halves; and how often it is needed still.
    places: Vec<Option<[u8; HALVES]>>,
    needed: Vec<usize>,
    /// Loads that are memory operands of their only user.
    fused: Vec<bool>,
    free: Vec<u8>,
    /// Running sums, one vector each.
    sums: Vec<u8>,
    /// Totals.
    totals: Vec<u8>,
}

const TOO_MANY: CompileError = CompileError::TooComplex("a group of rounds needs more registers than there are");

impl<'k> Layout<'k> {
    fn new(kernel: &'k Kernel) -> Result<Layout<'k>, CompileError> {
        let code = &kernel.code;
        let mut needed = vec![0; code.insts.len()];
        let mut fused = vec![false; code.insts.len()];
        let wanted = kernel.finite.iter().chain(kernel.last.iter().chain(&kernel.sums).map(|(_, value)| value));
        // What is loaded for a total is loaded once more: one number at a time, into the sum.
        let totals = kernel.totals.iter().map(|total| &total.number);
        let wanted = wanted.chain(totals.filter(|number| !is_load(code, **number)));
        for value in code.insts.iter().flat_map(|inst| &inst.args).chain(wanted).filter_map(|value| value.inst()) {
            needed[value] += 1;
        }
        for inst in code.insts.iter().filter(|inst| is_binary(inst.op)) {
            if let Some(i) = inst.args[1].inst()
                && code.insts[i].op == Op::LoadIndexed
                && needed[i] == 1
            {
                fused[i] = true;
            }
        }
        let mut layout = Layout {
            kernel,
            bases: Vec::new(),
            same: Vec::new(),
            places: vec![None; code.insts.len()],
            needed,
            fused,
            free: Vec::new(),
            sums: Vec::new(),
            totals: Vec::new(),
        };
        layout.find_same(code);
        let (sums, totals) = (kernel.sums.len(), kernel.totals.len());
        let last = usize::from(TEMPS[0]).checked_sub(layout.same.len() + sums + totals).ok_or(TOO_MANY)?;
        if layout.bases.len() > BASES.len() || kernel.last.len() > WIDE_RESULTS {
            return Err(TOO_MANY);
        }
        layout.sums = (last..last + sums).map(|reg| reg as u8).collect();
        layout.totals = (last + sums..last + sums + totals).map(|reg| reg as u8).collect();
        layout.free = (0..last as u8).rev().collect();
        Ok(layout)
    }

    /// What has to be broadcast, and which arguments are addresses.
    fn find_same(&mut self, code: &Trace) {
        let mut same = Vec::new();
        for inst in &code.insts {
            let values: &[Value] = match inst.op {
                Op::LoadIndexed => &[],
                Op::StoreIndexed => &inst.args[2..],
                _ => &inst.args,
            };
            if let (Op::LoadIndexed | Op::StoreIndexed, Some(base)) = (inst.op, self.kernel.argument(inst.args[0]))
                && !self.bases.contains(&base)
            {
                self.bases.push(base);
            }
            if inst.op != Op::Param {
                same.extend(values.iter().filter_map(|&value| self.same_of(value)));
            }
            match inst.op {
                Op::FNeg => same.push(Same::Bits(SIGN)),
                Op::FAbs => same.push(Same::Bits(!SIGN)),
                _ => {}
            }
        }
        let last = self.kernel.last.iter().chain(&self.kernel.sums).map(|(_, value)| *value);
        let totals = self.kernel.totals.iter().map(|total| total.number);
        let wanted = last.chain(self.kernel.finite.iter().copied()).chain(totals);
        same.extend(wanted.filter_map(|value| self.same_of(value)));
        if !self.kernel.sums.is_empty() {
            same.push(Same::Bits(SUMMED as u64));
        }
        for one in same {
            if !self.same.contains(&one) {
                self.same.push(one);
            }
        }
    }

    fn same_of(&self, value: Value) -> Option<Same> {
        match self.kernel.code.as_const(value) {
            Some(constant) => Some(Same::Bits(constant.bits)),
            None => self.kernel.argument(value).map(Same::Argument),
        }
    }

    fn register(&self, same: Same) -> Result<u8, CompileError> {
        let position = self.same.iter().position(|&other| other == same).ok_or(TOO_MANY)?;
        Ok(TEMPS[0] - 1 - position as u8)
    }

    fn base(&self, argument: usize) -> Result<u8, CompileError> {
        self.bases.iter().position(|&other| other == argument).map(|i| BASES[i]).ok_or(TOO_MANY)
    }

    /// The memory of a load or store, for one half.
    fn memory(&self, inst: &Inst, half: usize) -> Result<Mem, CompileError> {
        let place = self.kernel.place(inst).ok_or(TOO_MANY)?;
        let disp = place.offset.checked_add(32 * half as i32).ok_or(TOO_MANY)?;
        Ok(Mem { base: self.base(place.argument)?, index: Some((AT, 3)), disp })
    }

    /// The register of an operand's half.
    fn half(&self, value: Value, half: usize) -> Result<u8, CompileError> {
        match self.same_of(value) {
            Some(same) => self.register(same),
            None => value.inst().and_then(|i| self.places[i]).map(|halves| halves[half]).ok_or(TOO_MANY),
        }
    }

    /// The same, or memory.
    fn half_or_memory(&self, value: Value, half: usize) -> Result<Rm, CompileError> {
        match value.inst() {
            Some(i) if self.fused[i] => Ok(Rm::Mem(self.memory(&self.kernel.code.insts[i], half)?)),
            _ => self.half(value, half).map(Rm::Reg),
        }
    }

    /// Registers for a new value.
    fn take(&mut self) -> Result<[u8; HALVES], CompileError> {
        let mut halves = [0; HALVES];
        for half in &mut halves {
            *half = self.free.pop().ok_or(TOO_MANY)?;
        }
        Ok(halves)
    }

    /// An operand was used; the last time, its registers are free.
    fn release(&mut self, value: Value) {
        let Some(i) = value.inst() else { return };
        self.needed[i] = self.needed[i].saturating_sub(1);
        if self.needed[i] == 0
            && let Some(halves) = self.places[i].take()
        {
            self.free.extend(halves);
        }
    }
}

/// Is it an element?
fn is_load(code: &Trace, value: Value) -> bool {
    value.inst().is_some_and(|i| code.insts[i].op == Op::LoadIndexed)
}

fn is_binary(op: Op) -> bool {
    opcode(op).is_some() && !matches!(op, Op::FNeg | Op::FAbs | Op::FSqrt)
}

/// How doubles are compared: quietly, as scalars are.
fn predicate(op: Op) -> Option<u8> {
    Some(match op {
        Op::FLt => 0x11,
        Op::FLe => 0x12,
        Op::FGt => 0x1e,
        Op::FGe => 0x1d,
        Op::FEq => 0x00,
        Op::FNe => 0x04,
        _ => return None,
    })
}

/// Is it an operation of truths, each of which is used once? They are masks from the start.
fn is_truth(op: Op) -> bool {
    predicate(op).is_some() || matches!(op, Op::Lt | Op::Gt | Op::Eq | Op::Not | Op::BoolToInt | Op::Neg)
}

/// The instruction on vectors.
fn opcode(op: Op) -> Option<u8> {
    Some(match op {
        Op::FAdd => 0x58,
        Op::FMul => 0x59,
        Op::FSub => 0x5c,
        Op::FDiv => 0x5e,
        Op::FSqrt => 0x51,
        Op::FAbs => 0x54,
        Op::FNeg => 0x57,
        Op::Add => 0xd4,
        Op::Sub => 0xfb,
        Op::And => 0xdb,
        Op::Or => 0xeb,
        Op::Xor => 0xef,
        _ => return None,
    })
}

impl Emitter<'_> {
    /// Groups of rounds; how many were done.
    pub fn rounds(&mut self, inst: &Inst) -> Done {
        let trace = self.trace;
        let kernel = trace.kernel(inst).ok_or(CompileError::Malformed("a kernel that is none"))?;
        for n in 0..inst.args.len() - 1 {
            let from = self.place()?;
            match from {
                crate::backend::regalloc::Place::Reg(reg) => self.store_place(word(n), reg),
                from => {
                    let from = self.place_rm(from);
                    self.asm.load(SCRATCH, from);
                    self.asm.store(word(n), SCRATCH);
                }
            }
        }
        let dst = self.result()?;
        let Some(layout) = self.cpu.avx2.then(|| plan(kernel)).and_then(Result::ok) else {
            self.asm.set(dst, 0);
            return Ok(());
        };
        let none = self.asm.label();
        self.enter_groups(&layout, none)?;
        self.groups(layout)?;
        self.asm.bind(none);
        self.asm.load(AT, Rm::Reg(AT));
        self.asm.mov(RAX, AT);
        self.asm.alu(Alu::Sub, RAX, Rmi::Rm(Rm::Mem(word(COUNTER))));
        self.asm.mov(dst, RAX);
        Ok(())
    }

    /// What an argument has become.
    pub fn last(&mut self, inst: &Inst) -> Done {
        let number = self.trace.as_int(inst.args[1]).and_then(|n| usize::try_from(n).ok());
        let from = word(number.filter(|&n| n < MOST_ARGUMENTS).ok_or(CompileError::Malformed("no such argument"))?);
        let dst = self.result()?;
        if inst.ty == Ty::Float {
            self.fmov(dst, Rm::Mem(from));
        } else {
            self.asm.load(dst, Rm::Mem(from));
        }
        Ok(())
    }

    /// Everything into its registers, if there are to be groups at all.
    fn enter_groups(&mut self, layout: &Layout<'_>, none: DynamicLabel) -> Done {
        self.asm.load(AT, Rm::Mem(word(COUNTER)));
        self.asm.load(MOST, Rm::Mem(word(LIMIT)));
        self.asm.test(AT, AT);
        self.asm.jcc(Cond::S, none);
        self.asm.alu_imm(Alu::Cmp, Rm::Reg(MOST), LANES as i32, 8);
        self.asm.jcc(Cond::L, none);
        self.asm.alu_imm(Alu::Sub, Rm::Reg(MOST), LANES as i32, 8);
        self.asm.alu(Alu::Cmp, AT, Rmi::Rm(Rm::Reg(MOST)));
        self.asm.jcc(Cond::G, none);
        for (argument, _) in &layout.kernel.sums {
            // As far from overflow as the numbers to come can bring it.
            self.asm.mov_imm(RAX, 1 << 62);
            self.asm.alu(Alu::Add, RAX, Rmi::Rm(Rm::Mem(word(*argument))));
            self.asm.test(RAX, RAX);
            self.asm.jcc(Cond::S, none);
        }
        if !layout.kernel.sums.is_empty() {
            self.asm.lea(RAX, Mem::at(AT, SUMMED_ROUNDS as i32 - LANES as i32));
            self.asm.alu(Alu::Cmp, MOST, Rmi::Rm(Rm::Reg(RAX)));
            self.asm.op(Map::M0F, 0x40 | Cond::A.0, MOST, Rm::Reg(RAX));
        }
        for (i, &argument) in layout.bases.iter().enumerate() {
            self.asm.load(BASES[i], Rm::Mem(word(argument)));
        }
        let (close, ready) = (self.asm.label(), self.asm.label());
        if let Some(near) = layout.kernel.near() {
            for conflict in near {
                self.keep_apart(layout, conflict, close)?;
            }
            // Rounds may be done twice. If the store is not aligned, the first group is followed by what `go_on` does.
            self.asm.store(word(WIDE_DONE), AT);
            self.misalignment(layout)?;
            self.asm.jcc(Cond::E, ready);
            self.asm.mov_imm(MOST, -1_i64 as u64);
            self.asm.jmp(ready);
        }
        self.asm.bind(close);
        for conflict in layout.kernel.conflicts() {
            self.keep_apart(layout, conflict, none)?;
        }
        self.asm.store_imm(word(WIDE_DONE), -1, 8);
        self.asm.bind(ready);
        for &same in &layout.same {
            let to = layout.register(same)?;
            let from = match same {
                Same::Argument(n) => Rm::Mem(word(n)),
                Same::Bits(bits) => Rm::Literal(bits),
            };
            self.asm.vex256(Pp::P66, Map::M0F38, 0x19, to, 0, from);
        }
        for &sum in &layout.sums {
            self.asm.vex256(Pp::P66, Map::M0F, 0xef, sum, sum, Rm::Reg(sum));
        }
        for (total, &to) in layout.kernel.totals.iter().zip(&layout.totals) {
            self.fmov(to, Rm::Mem(word(total.argument)));
        }
        Ok(())
    }

    fn keep_apart(&mut self, layout: &Layout<'_>, conflict: Conflict, none: DynamicLabel) -> Done {
        let Conflict { other, store, slack, span } = conflict;
        if other.argument == store.argument {
            if conflict.is_met(0) {
                self.asm.jmp(none);
            }
            return Ok(());
        }
        let apart = i64::from(store.offset) - i64::from(other.offset) + slack;
        let apart = i32::try_from(apart).map_err(|_| TOO_MANY)?;
        self.asm.lea(RAX, Mem::at(layout.base(store.argument)?, apart));
        self.asm.alu(Alu::Sub, RAX, Rmi::Rm(Rm::Reg(layout.base(other.argument)?)));
        self.asm.alu_imm(Alu::Cmp, Rm::Reg(RAX), span as i32, 8);
        self.asm.jcc(Cond::B, none);
        Ok(())
    }

    /// How many elements lie between the last aligned address and where the next round stores first.
    fn misalignment(&mut self, layout: &Layout<'_>) -> Done {
        let store = layout.kernel.first_store().ok_or(TOO_MANY)?;
        let to = Mem { base: layout.base(store.argument)?, index: Some((AT, 3)), disp: store.offset };
        self.asm.lea(RAX, to);
        self.asm.alu_imm(Alu::And, Rm::Reg(RAX), (ALIGNMENT - 8) as i32, 8);
        Ok(())
    }

    /// Behind the first group, or the last whole one: perhaps another one, of rounds some of which are done.
    fn go_on(&mut self, layout: &Layout<'_>, head: DynamicLabel, ended: DynamicLabel) -> Done {
        let rest = self.asm.label();
        self.asm.alu_imm(Alu::Cmp, Rm::Mem(word(WIDE_DONE)), 0, 8);
        self.asm.jcc(Cond::L, ended);
        self.asm.store(word(WIDE_DONE), AT);
        self.asm.load(MOST, Rm::Mem(word(LIMIT)));
        self.asm.alu_imm(Alu::Sub, Rm::Reg(MOST), LANES as i32, 8);
        self.asm.alu(Alu::Cmp, AT, Rmi::Rm(Rm::Reg(MOST)));
        self.asm.jcc(Cond::G, rest);
        self.misalignment(layout)?;
        dynasm!(self.asm.d ; .arch x64 ; shr eax, 3);
        self.asm.alu(Alu::Sub, AT, Rmi::Rm(Rm::Reg(RAX)));
        self.asm.jmp(head);
        self.asm.bind(rest);
        self.asm.alu(Alu::Cmp, AT, Rmi::Rm(Rm::Mem(word(LIMIT))));
        self.asm.jcc(Cond::E, ended);
        self.asm.mov(AT, MOST);
        self.asm.jmp(head);
        Ok(())
    }

    /// The groups, one after the other.
    fn groups(&mut self, mut layout: Layout<'_>) -> Done {
        let kernel = layout.kernel;
        let (head, done, ended) = (self.asm.label(), self.asm.label(), self.asm.label());
        let repeats = kernel.near().is_some();
        // The thread's address, in a register where there is one left.
        let thread = BASES.get(layout.bases.len()).copied().unwrap_or(RAX);
        let load = |asm: &mut Asm| asm.load(thread, Rm::Mem(slot_mem(THREAD_SLOT)));
        if thread != RAX {
            load(&mut self.asm);
        }
        self.asm.align(32);
        self.asm.bind(head);
        if thread == RAX {
            load(&mut self.asm);
        }
        self.asm.alu_imm(Alu::Cmp, Rm::Mem(Mem::at(thread, layout::THREAD_EVAL_BREAKER as i32)), 0, 8);
        self.asm.jcc(Cond::NE, done);
        for (i, inst) in kernel.code.insts.iter().enumerate() {
            self.compute(&mut layout, i, inst)?;
        }
        for (at, total) in kernel.totals.iter().enumerate() {
            self.total(&layout, total, layout.totals[at])?;
        }
        self.check(&mut layout, done)?;
        // Where the group is left to the loop, what they were before it is there.
        for (total, &from) in kernel.totals.iter().zip(&layout.totals) {
            self.fstore(word(total.argument), from);
        }
        for (at, &(_, value)) in kernel.sums.iter().enumerate() {
            for half in 0..HALVES {
                let (sum, number) = (layout.sums[at], layout.half(value, half)?);
                self.asm.vex256(Pp::P66, Map::M0F, 0xd4, sum, sum, Rm::Reg(number));
            }
        }
        for (at, &(_, value)) in kernel.last.iter().enumerate() {
            let number = layout.half(value, HALVES - 1)?;
            self.asm.vex256(Pp::P66, Map::M0F, 0x11, number, 0, Rm::Mem(word(MOST_ARGUMENTS + 4 * at)));
        }
        for inst in kernel.code.insts.iter().filter(|inst| inst.op == Op::StoreIndexed) {
            for half in 0..HALVES {
                let (to, number) = (layout.memory(inst, half)?, layout.half(inst.args[2], half)?);
                self.asm.vex256(Pp::P66, Map::M0F, 0x11, number, 0, Rm::Mem(to));
            }
        }
        self.asm.alu_imm(Alu::Add, Rm::Reg(AT), LANES as i32, 8);
        self.asm.alu(Alu::Cmp, AT, Rmi::Rm(Rm::Reg(MOST)));
        self.asm.jcc(Cond::LE, head);
        if repeats {
            self.go_on(&layout, head, ended)?;
        }
        self.asm.bind(done);
        if repeats {
            self.asm.load(RAX, Rm::Mem(word(WIDE_DONE)));
            self.asm.alu(Alu::Cmp, AT, Rmi::Rm(Rm::Reg(RAX)));
            self.asm.op(Map::M0F, 0x40 | Cond::L.0, AT, Rm::Reg(RAX));
        }
        self.asm.bind(ended);
        self.leave_groups(&layout);
        Ok(())
    }

    /// One instruction of a round, in all of the group's rounds.
    fn compute(&mut self, layout: &mut Layout<'_>, at: usize, inst: &Inst) -> Done {
        match inst.op {
            Op::Param | Op::StoreIndexed => return Ok(()),
            _ if layout.fused[at] || layout.needed[at] == 0 => return Ok(()),
            _ => {}
        }
        if is_truth(inst.op) {
            return self.truth(layout, at, inst);
        }
        let halves = layout.take()?;
        for (half, &to) in halves.iter().enumerate() {
            let Some(opcode) = opcode(inst.op) else {
                let from = layout.memory(inst, half)?;
                self.asm.vex256(Pp::P66, Map::M0F, 0x10, to, 0, Rm::Mem(from));
                continue;
            };
            let (first, second) = match inst.op {
                Op::FSqrt => (0, layout.half_or_memory(inst.args[0], half)?),
                Op::FNeg => (layout.half(inst.args[0], half)?, Rm::Reg(layout.register(Same::Bits(SIGN))?)),
                Op::FAbs => (layout.half(inst.args[0], half)?, Rm::Reg(layout.register(Same::Bits(!SIGN))?)),
                _ => (layout.half(inst.args[0], half)?, layout.half_or_memory(inst.args[1], half)?),
            };
            self.asm.vex256(Pp::P66, Map::M0F, opcode, to, first, second);
        }
        layout.places[at] = Some(halves);
        if inst.op != Op::LoadIndexed {
            inst.args.iter().for_each(|&arg| layout.release(arg));
        }
        Ok(())
    }

    /// A comparison, or what becomes of it.
    fn truth(&mut self, layout: &mut Layout<'_>, at: usize, inst: &Inst) -> Done {
        let halves = layout.take()?;
        for (half, &to) in halves.iter().enumerate() {
            let a = layout.half(inst.args[0], half)?;
            let b = inst.args.get(1).map_or(Ok(a), |&second| layout.half(second, half))?;
            let (map, opcode, first, second) = match inst.op {
                Op::Lt => (Map::M0F38, 0x37, b, a),
                Op::Gt => (Map::M0F38, 0x37, a, b),
                Op::Eq => (Map::M0F38, 0x29, a, b),
                // All ones, and what is not among them.
                Op::Not => {
                    let ones = TEMPS[0];
                    self.asm.vex256(Pp::P66, Map::M0F, 0x76, ones, ones, Rm::Reg(ones));
                    (Map::M0F, 0x57, a, ones)
                }
                Op::BoolToInt | Op::Neg => {
                    self.asm.vex256(Pp::P66, Map::M0F, 0x28, to, 0, Rm::Reg(a));
                    continue;
                }
                _ => (Map::M0F, 0xc2, a, b),
            };
            self.asm.vex256(Pp::P66, map, opcode, to, first, Rm::Reg(second));
            if let Some(predicate) = predicate(inst.op) {
                self.asm.immediate(predicate);
            }
        }
        layout.places[at] = Some(halves);
        inst.args.iter().for_each(|&arg| layout.release(arg));
        Ok(())
    }

    /// Adds a group's numbers to a total, one after the other.
    fn total(&mut self, layout: &Layout<'_>, total: &Total, sum: u8) -> Done {
        let opcode = opcode(total.op).ok_or(TOO_MANY)?;
        let part = TEMPS[0];
        for lane in 0..LANES {
            let number = match total.number.inst().map(|i| &layout.kernel.code.insts[i]) {
                Some(load) if load.op == Op::LoadIndexed => {
                    let first = layout.memory(load, lane / 4)?;
                    Rm::Mem(Mem { disp: first.disp.checked_add(8 * (lane % 4) as i32).ok_or(TOO_MANY)?, ..first })
                }
                _ => {
                    let half = layout.half(total.number, lane / 4)?;
                    match lane % 4 {
                        _ if layout.same_of(total.number).is_some() => Rm::Reg(half),
                        0 => Rm::Reg(half),
                        2 => {
                            self.asm.upper_half(part, half);
                            Rm::Reg(part)
                        }
                        odd => {
                            let pair = if odd == 1 { half } else { part };
                            self.asm.vex(Pp::P66, Map::M0F, false, 0x15, part, pair, Rm::Reg(pair));
                            Rm::Reg(part)
                        }
                    }
                }
            };
            self.asm.vex(Pp::PF2, Map::M0F, false, opcode, sum, sum, number);
        }
        Ok(())
    }

    /// Leaves if the group is none that may be done at once.
    fn check(&mut self, layout: &mut Layout<'_>, done: DynamicLabel) -> Done {
        let kernel = layout.kernel;
        let [all, one] = TEMPS;
        let checks = kernel.finite.iter().map(|&value| (value, true));
        let checks = checks.chain(kernel.sums.iter().map(|&(_, value)| (value, false)));
        let mut any = false;
        for (value, finite) in checks {
            for half in 0..HALVES {
                let number = layout.half(value, half)?;
                let to = if any { one } else { all };
                if finite {
                    // Zero, or not a number.
                    self.asm.vex256(Pp::P66, Map::M0F, 0x5c, to, number, Rm::Reg(number));
                } else {
                    let summed = layout.register(Same::Bits(SUMMED as u64))?;
                    self.asm.vex256(Pp::P66, Map::M0F, 0xd4, to, number, Rm::Reg(summed));
                    self.asm.shift_right256(to, to, SUMMED.trailing_zeros() as u8 + 1);
                }
                if any {
                    self.asm.vex256(Pp::P66, Map::M0F, 0x56, all, all, Rm::Reg(one));
                }
                any = true;
            }
        }
        if any {
            self.asm.vex256(Pp::P66, Map::M0F38, 0x17, all, 0, Rm::Reg(all));
            self.asm.jcc(Cond::NE, done);
        }
        // Not by a subtraction: it would be in the way of the next group's first addition.
        for (_, &sum) in kernel.totals.iter().zip(&layout.totals).filter(|(total, _)| total.is_finite) {
            let finite = self.is_finite(Rm::Reg(sum));
            self.asm.jcc(finite.not(), done);
        }
        Ok(())
    }

    /// Arguments become what they are behind the groups.
    fn leave_groups(&mut self, layout: &Layout<'_>) {
        let kernel = layout.kernel;
        let nothing = self.asm.label();
        self.asm.alu(Alu::Cmp, AT, Rmi::Rm(Rm::Mem(word(COUNTER))));
        self.asm.jcc(Cond::E, nothing);
        for (at, &(argument, _)) in kernel.last.iter().enumerate() {
            self.asm.load(RAX, Rm::Mem(word(MOST_ARGUMENTS + 4 * at + 3)));
            self.asm.store(word(argument), RAX);
        }
        for (at, &(argument, _)) in kernel.sums.iter().enumerate() {
            let lanes = |lane: usize| word(MOST_ARGUMENTS + lane);
            self.asm.vex256(Pp::P66, Map::M0F, 0x11, layout.sums[at], 0, Rm::Mem(lanes(0)));
            self.asm.load(RAX, Rm::Mem(word(argument)));
            for lane in 0..4 {
                self.asm.alu(Alu::Add, RAX, Rmi::Rm(Rm::Mem(lanes(lane))));
            }
            self.asm.store(word(argument), RAX);
        }
        self.asm.bind(nothing);
        self.asm.zero_upper();
    }
}

/// Where everything is; an error if not everything has room. (What is computed is walked through once, as it will be.)
fn plan(kernel: &Kernel) -> Result<Layout<'_>, CompileError> {
    let mut trial = Layout::new(kernel)?;
    for (at, inst) in kernel.code.insts.iter().enumerate() {
        if matches!(inst.op, Op::Param | Op::StoreIndexed) || trial.fused[at] || trial.needed[at] == 0 {
            continue;
        }
        if inst.op != Op::LoadIndexed && opcode(inst.op).is_none() && !is_truth(inst.op) {
            return Err(TOO_MANY);
        }
        trial.places[at] = Some(trial.take()?);
        if inst.op != Op::LoadIndexed {
            inst.args.iter().for_each(|&arg| trial.release(arg));
        }
    }
    Layout::new(kernel)
}
