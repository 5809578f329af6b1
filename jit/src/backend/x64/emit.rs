//! The walk over an allocated trace.

use dynasmrt::DynamicLabel;

use super::asm::{Asm, Assembled, Map, Mem, Pp, RBP, Rm, Rmi, SCRATCH, XMM_SCRATCH};
use super::cpu::Cpu;
use super::exits::{Cold, Undo};
use super::forced::Forced;
use super::shapes;
use super::thunks::{Calls, Thunks};
use crate::backend::code_memory::CodeMemory;
use crate::backend::fusion::Fusion;
use crate::backend::parallel_move::{Mover, resolve};
use crate::backend::regalloc::{Allocation, Place, Reg, Step};
use crate::backend::{CompileError, Loc, Options, SaveArea};
use crate::ir::{Inst, Op, Trace, Ty, Value};

/// `rbp` points this far into the save area: as many spill slots as possible are within reach of a byte.
pub const BIAS: i32 = core::mem::offset_of!(SaveArea, spill) as i32 + 128;

/// A spill slot.
pub fn slot_mem(slot: u16) -> Mem {
    Mem::at(RBP, core::mem::offset_of!(SaveArea, spill) as i32 + slot as i32 * 8 - BIAS)
}

/// Where an exit finds a place's value.
pub fn location(trace: &Trace, allocation: &Allocation, place: Place) -> Loc {
    match place {
        Place::Reg(reg) if reg.is_xmm() => Loc::Xmm(reg.num()),
        Place::Reg(reg) => Loc::Gpr(reg.num()),
        Place::Slot(vid) => Loc::Spill(allocation.slot(vid).unwrap_or_default()),
        Place::Const(c) => Loc::Const(trace.consts[c as usize].bits),
        Place::Known(is) => Loc::Const(is as u64),
        Place::Numbered(slot) => Loc::Spill(slot),
    }
}

/// What the emitter makes.
pub struct Code {
    pub assembled: Assembled,
    /// Where a patched exit of the parent enters.
    pub inner: usize,
    /// Where each exit's patchable bytes are.
    pub stubs: Vec<usize>,
    pub map: Vec<(u32, u32)>,
}

/// Writes the code of one trace.
pub struct Emitter<'a> {
    pub asm: Asm,
    pub trace: &'a Trace,
    pub fusion: &'a Fusion,
    pub allocation: &'a Allocation,
    pub cpu: Cpu,
    pub options: &'a Options<'a>,
    pub memory: &'a CodeMemory,
    pub thunks: &'a Thunks,
    pub calls: &'a Calls,
    /// The present step, and how many of its operands have been taken.
    pub step: &'a Step,
    pub cursor: usize,
    /// For each exit, the label of its stub and what the stub has to undo.
    pub exits: Vec<(DynamicLabel, Option<Undo>)>,
    /// See [`Emitter::fail_once`].
    pub forced: Forced,
    pub cold: Vec<Cold>,
    loop_head: Option<DynamicLabel>,
}

impl<'a> Emitter<'a> {
    #[allow(clippy::too_many_arguments)]
    pub fn new(
        trace: &'a Trace,
        fusion: &'a Fusion,
        allocation: &'a Allocation,
        cpu: Cpu,
        options: &'a Options<'a>,
        memory: &'a CodeMemory,
        thunks: &'a Thunks,
    ) -> Result<Emitter<'a>, CompileError> {
        let step = allocation.steps.first().ok_or(CompileError::Malformed("an empty trace"))?;
        let mut asm = Asm::new();
        let exits = allocation.exits.iter().map(|_| (asm.label(), None)).collect();
        Ok(Emitter {
            asm,
            trace,
            fusion,
            allocation,
            cpu,
            options,
            memory,
            thunks,
            calls: thunks.calls(trace),
            step,
            cursor: 0,
            exits,
            forced: Forced::default(),
            cold: Vec::new(),
            loop_head: None,
        })
    }

    /// All of the code.
    pub fn run(mut self) -> Result<Code, CompileError> {
        let mut map = Vec::new();
        self.prologue();
        let inner = self.asm.len();
        let allocation = self.allocation;
        for step in &allocation.steps {
            if self.options.listing {
                map.push((step.inst, self.asm.len() as u32));
            }
            self.step = step;
            self.cursor = 0;
            self.instruction()?;
        }
        if self.options.listing {
            map.push((self.trace.insts.len() as u32, self.asm.len() as u32));
        }
        self.cold_paths()?;
        let stubs = self.stubs();
        Ok(Code { assembled: self.asm.finish()?, inner, stubs, map })
    }

    fn instruction(&mut self) -> Result<(), CompileError> {
        let step = self.step;
        let inst = &self.trace.insts[step.inst as usize];
        match inst.op {
            Op::Loop => {
                self.moves_at_once();
                self.asm.align(32);
                let head = self.asm.label();
                self.asm.bind(head);
                self.loop_head = Some(head);
                return Ok(());
            }
            Op::Jump => {
                self.moves_at_once();
                let head = self.loop_head.ok_or(CompileError::Malformed("a jump without a loop"))?;
                self.asm.jmp(head);
                return Ok(());
            }
            Op::Enter => {
                let Some((target, _)) = self.options.enter else {
                    return Err(CompileError::Malformed("no trace to go on in"));
                };
                self.moves_at_once();
                self.asm.far(false, target);
                return Ok(());
            }
            _ => {}
        }
        for m in &self.allocation.moves[step.moves.0 as usize..step.moves.1 as usize] {
            self.mov(m.to, m.from);
        }
        if self.options.fail_once {
            self.fail_once(inst);
        }
        self.operation(inst)?;
        // A value with a slot is written to it here, and nowhere else.
        if let (Some(reg), Some(slot)) = (step.result, self.allocation.slot(step.inst)) {
            self.store_place(slot_mem(slot), reg);
        }
        Ok(())
    }

    fn operation(&mut self, inst: &Inst) -> Result<(), CompileError> {
        match inst.op {
            // The allocator put these where they are.
            Op::Frame | Op::Thread | Op::Param | Op::Phi | Op::Loop | Op::Jump | Op::Enter => {}
            Op::Exit => {
                let exit = self.exit()?;
                self.asm.jmp(exit);
            }
            Op::GuardTrue => self.guard_condition(inst, true)?,
            Op::GuardFalse => self.guard_condition(inst, false)?,
            Op::GuardType => self.guard_type(inst)?,
            Op::GuardIs => self.guard_is(inst)?,
            Op::GuardShared => self.guard_shared(inst)?,
            Op::GuardInert => self.guard_inert()?,
            Op::GuardNonNull => self.guard_nonnull(inst)?,
            Op::GuardCalm => self.guard_calm()?,
            Op::GuardValid => self.guard_valid()?,
            Op::Add | Op::Sub | Op::And | Op::Or | Op::Xor | Op::Offset | Op::AddOvf | Op::SubOvf => self.alu(inst)?,
            Op::Mul | Op::MulOvf => self.mul(inst)?,
            Op::Neg => self.neg(inst)?,
            Op::Min | Op::Max => self.extreme(inst)?,
            Op::Shl | Op::Sar => self.shift(inst)?,
            Op::FloorDiv | Op::Mod => self.divide(inst)?,
            Op::Eq | Op::Ne | Op::Lt | Op::Le | Op::Gt | Op::Ge | Op::Ult | Op::Is => self.compare_value(inst)?,
            Op::FEq | Op::FNe | Op::FLt | Op::FLe | Op::FGt | Op::FGe => self.compare_value(inst)?,
            Op::FAdd | Op::FSub | Op::FMul | Op::FDiv => self.fbinary(inst)?,
            Op::FNeg | Op::FAbs | Op::FSqrt => self.funary(inst)?,
            Op::FSingle => self.fsingle()?,
            Op::IntToFloat => self.int_to_float(inst)?,
            Op::FloatToInt => self.float_to_int(inst)?,
            Op::Not | Op::BoolToInt | Op::Untag => self.word(inst)?,
            Op::UnboxInt => self.unbox_int(inst)?,
            Op::UnboxFloat => self.unbox_float(inst)?,
            Op::BoxInt => self.box_int(inst)?,
            Op::BoxFloat => self.box_float(inst)?,
            Op::RecycleFloat => self.recycle_float(inst)?,
            Op::BoxBool => self.box_bool(inst)?,
            Op::Use => {}
            Op::BoxScalar => self.box_scalar(inst)?,
            Op::RangeIter => self.range_iter(inst)?,
            Op::Load | Op::LoadIndexed => self.load(inst)?,
            Op::Store | Op::StoreIndexed => self.store(inst)?,
            Op::Incref => self.incref(inst)?,
            Op::Decref | Op::DecrefInert => self.decref(inst)?,
            Op::CloseWord | Op::CloseInert => self.close_word(inst)?,
            Op::CloseShared => self.close_shared(inst)?,
            Op::Call => self.call(inst)?,
            Op::Rounds => self.rounds(inst)?,
            Op::Last => self.last(inst)?,
        }
        Ok(())
    }

    // ---- operands, in the order of `shapes` ----

    /// The next operand's place.
    pub fn place(&mut self) -> Result<Place, CompileError> {
        let place = self.step.operands.get(self.cursor).copied();
        self.cursor += 1;
        place.ok_or(CompileError::Malformed("a missing operand"))
    }

    /// The next operand, which is in a register.
    pub fn reg(&mut self) -> Result<u8, CompileError> {
        match self.place()? {
            Place::Reg(reg) => Ok(reg.num()),
            _ => Err(CompileError::Malformed("an operand that is not in a register")),
        }
    }

    /// A place as an operand.
    pub fn place_rm(&self, place: Place) -> Rm {
        match place {
            Place::Reg(reg) => Rm::Reg(reg.num()),
            Place::Slot(vid) => Rm::Mem(slot_mem(self.allocation.slot(vid).unwrap_or_default())),
            Place::Const(c) => Rm::Literal(self.trace.consts[c as usize].bits),
            Place::Known(is) => Rm::Literal(is as u64),
            Place::Numbered(slot) => Rm::Mem(slot_mem(slot)),
        }
    }

    /// A place as an operand of a 64-bit integer instruction.
    pub fn place_rmi(&self, place: Place) -> Rmi {
        if let Place::Const(c) = place
            && let Ok(imm) = i32::try_from(self.trace.consts[c as usize].bits as i64)
        {
            return Rmi::Imm(imm);
        }
        Rmi::Rm(self.place_rm(place))
    }

    /// In a register or memory.
    pub fn rm(&mut self, value: Value) -> Result<Rm, CompileError> {
        match self.fusion.of(value) {
            Some(load) => Ok(Rm::Mem(self.fused_address(load)?)),
            None => {
                let place = self.place()?;
                Ok(self.place_rm(place))
            }
        }
    }

    /// The same, or an immediate.
    pub fn rmi(&mut self, value: Value) -> Result<Rmi, CompileError> {
        match self.fusion.of(value) {
            Some(load) => Ok(Rmi::Rm(Rm::Mem(self.fused_address(load)?))),
            None => {
                let place = self.place()?;
                match shapes::immediate(self.trace, value) {
                    Some(imm) => Ok(Rmi::Imm(imm)),
                    None => Ok(Rmi::Rm(self.place_rm(place))),
                }
            }
        }
    }

    /// The result's register.
    pub fn result(&self) -> Result<u8, CompileError> {
        self.step.result.map(Reg::num).ok_or(CompileError::Malformed("an operation without a result's register"))
    }

    /// The label of the present instruction's exit.
    pub fn exit(&self) -> Result<DynamicLabel, CompileError> {
        let exit = self.step.exit.ok_or(CompileError::Malformed("a guard without a snapshot"))?;
        Ok(self.exits[exit as usize].0)
    }

    /// Is the value a double?
    pub fn is_float(&self, value: Value) -> bool {
        self.trace.ty(value) == Ty::Float
    }

    // ---- moves ----

    /// Moves 64 bits to memory.
    pub fn store_place(&mut self, to: Mem, from: Reg) {
        if from.is_xmm() { self.fstore(to, from.num()) } else { self.asm.store(to, from.num()) }
    }

    /// The present step's moves, all at once.
    fn moves_at_once(&mut self) {
        let (from, to) = self.step.moves;
        let mut moves = self.allocation.moves[from as usize..to as usize].to_vec();
        // Slots by number, so that the same one is seen to be the same.
        for place in moves.iter_mut().flat_map(|m| [&mut m.to, &mut m.from]) {
            if let Place::Slot(vid) = *place
                && let Some(slot) = self.allocation.slot(vid)
            {
                *place = Place::Numbered(slot);
            }
        }
        resolve(&mut moves, self);
    }

    /// Copies the constant into a register or slot; the flags may change.
    fn mov_const(&mut self, to: Place, constant: u32) {
        let bits = self.trace.consts[constant as usize].bits;
        match to {
            Place::Reg(reg) if reg.is_xmm() => self.fconst(reg.num(), bits),
            Place::Reg(reg) => self.asm.set(reg.num(), bits),
            to => {
                let Rm::Mem(mem) = self.place_rm(to) else { return };
                match i32::try_from(bits as i64) {
                    Ok(imm) => self.asm.store_imm(mem, imm, 8),
                    Err(_) => {
                        self.asm.mov_imm(SCRATCH, bits);
                        self.asm.store(mem, SCRATCH);
                    }
                }
            }
        }
    }
}

impl Mover for Emitter<'_> {
    fn mov(&mut self, to: Place, from: Place) {
        match (to, from) {
            (to, Place::Const(c)) => self.mov_const(to, c),
            (Place::Reg(to), from) => {
                let from = self.place_rm(from);
                if to.is_xmm() { self.fmov(to.num(), from) } else { self.asm.load(to.num(), from) }
            }
            (to, Place::Reg(from)) => {
                if let Rm::Mem(mem) = self.place_rm(to) {
                    self.store_place(mem, from);
                }
            }
            (to, from) => {
                // Not through rax, which may hold a cycle's value.
                let (to, from) = (self.place_rm(to), self.place_rm(from));
                self.fmov(XMM_SCRATCH, from);
                if let Rm::Mem(mem) = to {
                    self.fstore(mem, XMM_SCRATCH);
                }
            }
        }
    }

    fn to_cycle_register(&mut self, from: Place) {
        match from {
            Place::Reg(reg) if reg.is_xmm() => self.bits_from_xmm(SCRATCH, reg.num()),
            from => {
                let from = self.place_rm(from);
                self.asm.load(SCRATCH, from);
            }
        }
    }

    fn from_cycle_register(&mut self, to: Place) {
        match to {
            Place::Reg(reg) if reg.is_xmm() => self.bits_to_xmm(reg.num(), SCRATCH),
            Place::Reg(reg) => self.asm.mov(reg.num(), SCRATCH),
            to => {
                if let Rm::Mem(mem) = self.place_rm(to) {
                    self.asm.store(mem, SCRATCH);
                }
            }
        }
    }
}

impl Emitter<'_> {
    /// The 64 bits of a vector register in a general one.
    pub fn bits_from_xmm(&mut self, to: u8, from: u8) {
        if self.cpu.avx {
            self.asm.vex(Pp::P66, Map::M0F, true, 0x7e, from, 0, Rm::Reg(to));
        } else {
            self.asm.sse(Pp::P66, true, 0x7e, from, Rm::Reg(to));
        }
    }

    /// The way back.
    pub fn bits_to_xmm(&mut self, to: u8, from: u8) {
        if self.cpu.avx {
            self.asm.vex(Pp::P66, Map::M0F, true, 0x6e, to, 0, Rm::Reg(from));
        } else {
            self.asm.sse(Pp::P66, true, 0x6e, to, Rm::Reg(from));
        }
    }
}
