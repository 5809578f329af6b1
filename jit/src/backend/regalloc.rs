//! Register allocation: one walk along the straight line.
//!
//! At each instruction the state of all registers is known, so decisions are local: an operand that must be in a register
//! is loaded into a free one, or into that of the value whose next use is furthest away. A value that ever loses its
//! register has a spill slot, written once, directly behind its definition: SSA values do not change, so the slot stays
//! right and giving the register up costs nothing. Constants are never spilled; they are made again.
//!
//! # Loops
//!
//! At the head, the values of the preamble that the body needs and the phis get registers in the order of their first use in the body, until there
//! are no more. At the jump each of them must be where it was at the head. The result that a phi takes over at the jump is given
//! the phi's register if that is free. A value that had a register at the head and lost it before its first use had better not have
//! had one: the body is then walked again without it.
//!
//! The machine appears only as [`Machine`] and [`Shape`].

use smallvec::SmallVec;

use super::fusion::{Fusion, known_condition};
use super::uses::{NEVER, Uses, Vid};
use super::{CompileError, FIRST_FREE_SLOT, FRAME_SLOT, Loc, SPILL_SLOTS, THREAD_SLOT};
use crate::ir::{Effect, Op, SnapshotId, Trace, Ty, Value};

/// A register: 0 to 15 general, 16 to 31 vector.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Reg(pub u8);

impl Reg {
    pub const fn gpr(n: u8) -> Reg {
        Reg(n)
    }

    pub const fn xmm(n: u8) -> Reg {
        Reg(n + 16)
    }

    /// The number within its kind.
    #[inline]
    pub fn num(self) -> u8 {
        self.0 & 15
    }

    #[inline]
    pub fn is_xmm(self) -> bool {
        self.0 >= 16
    }

    #[inline]
    pub fn bit(self) -> RegSet {
        1 << self.0
    }
}

/// A set of registers.
pub type RegSet = u32;

/// The registers of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// What can be given to values, of each kind.
    pub gprs: RegSet,
    pub xmms: RegSet,
    /// What calls destroy.
    pub caller_saved: RegSet,
}

/// What an instruction wants of an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    /// A register, for constants too.
    Reg,
    /// A register, or a slot or constant used in place.
    RegOrMem,
    /// Wherever it is; constants stay constants.
    Any,
}

/// An operand, as the machine sees it: those of fused instructions stand in place of their results.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    pub value: Value,
    pub need: Need,
    /// Still read after the result is written (or a temporary is): the result goes elsewhere.
    pub late: bool,
}

/// What an instruction needs.
#[derive(Clone, Debug, Default)]
pub struct Shape {
    pub operands: SmallVec<[Operand; 3]>,
    /// Operands whose register the result would like to take over, the best first.
    pub reuse: SmallVec<[u8; 2]>,
    /// Bit set of operands that the exit can recover when the result has overwritten them.
    pub undo: u8,
    /// General registers needed in between.
    pub temps: u8,
    /// Registers destroyed before the operands are read.
    pub clobbers: RegSet,
    /// Destroys what calls destroy, after the operands are read.
    pub call: bool,
}

/// Where a value is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    Reg(Reg),
    /// The slot of this value.
    Slot(Vid),
    /// A constant of the trace.
    Const(u32),
    /// A bool, at an exit that knows it.
    Known(bool),
    /// A slot, by its number: where another trace wants a parameter.
    Numbered(u16),
}

/// A move between two places.
#[derive(Clone, Copy, Debug)]
pub struct Move {
    pub to: Place,
    pub from: Place,
}

/// An exit and where its values are.
#[derive(Clone, Debug)]
pub struct Exit {
    pub snapshot: SnapshotId,
    pub inst: u32,
    /// Range in [`Allocation::places`].
    pub places: (u32, u32),
}

/// An instruction with its places.
#[derive(Clone, Debug)]
pub struct Step {
    pub inst: u32,
    /// Range in [`Allocation::moves`] of what is moved before it: one after the other; for `loop` and `jump` all at once.
    pub moves: (u32, u32),
    pub operands: SmallVec<[Place; 4]>,
    pub temps: SmallVec<[Reg; 2]>,
    pub result: Option<Reg>,
    /// Position in [`Allocation::exits`].
    pub exit: Option<u32>,
}

/// A trace with places for everything.
pub struct Allocation {
    pub steps: Vec<Step>,
    pub moves: Vec<Move>,
    pub exits: Vec<Exit>,
    pub places: Vec<Place>,
    slots: Vec<u16>,
}

const NO_SLOT: u16 = u16::MAX;

impl Allocation {
    /// The spill slot of a value, if it has one.
    #[inline]
    pub fn slot(&self, vid: Vid) -> Option<u16> {
        Some(self.slots[vid as usize]).filter(|&s| s != NO_SLOT)
    }

    /// Where the values of an exit are, in the order of its snapshot.
    pub fn places(&self, exit: &Exit) -> &[Place] {
        &self.places[exit.places.0 as usize..exit.places.1 as usize]
    }
}

/// Allocates registers and slots.
///
/// # Errors
/// [`CompileError::TooComplex`] when slots or registers do not suffice.
pub fn allocate(
    trace: &Trace,
    fusion: &Fusion,
    shapes: &[Shape],
    uses: &Uses,
    machine: &Machine,
    params: &[Loc],
    enter: &[Loc],
) -> Result<Allocation, CompileError> {
    let values = uses.len();
    let mut allocator = Allocator {
        trace,
        fusion,
        shapes,
        uses,
        machine,
        back_edges: back_edges(trace, uses),
        useless: vec![false; values],
        clobbered: shapes.iter().fold(0, |set, shape| set | shape.clobbers),
        state: State {
            regs: [NEVER; 32],
            occupied: 0,
            reg_of: vec![NO_REG; values],
            spilled: vec![false; values],
            cursors: vec![0; values],
            fixed: vec![NO_SLOT; values],
            avoid: 0,
            head: Vec::new(),
            steps: Vec::with_capacity(trace.insts.len()),
            moves: Vec::new(),
            exits: Vec::new(),
            places: Vec::new(),
            entry: None,
        },
        at: 0,
        pinned: 0,
    };
    allocator.run(params, enter)?;
    let slots = allocator.assign_slots()?;
    let Allocator { state, .. } = allocator;
    Ok(Allocation { steps: state.steps, moves: state.moves, exits: state.exits, places: state.places, slots })
}

const NO_REG: u8 = u8::MAX;

/// For each value that a `jump` passes on, the phi that takes it.
fn back_edges(trace: &Trace, uses: &Uses) -> Vec<u32> {
    let mut edges = vec![NEVER; uses.len()];
    if let (Some(last), true) = (trace.insts.last(), uses.loop_start != NEVER) {
        if last.op == Op::Jump {
            for (i, &arg) in last.args.iter().enumerate() {
                edges[uses.vid(arg) as usize] = uses.loop_start + 1 + i as u32;
            }
        }
    }
    edges
}

/// What changes on the way.
#[derive(Clone)]
struct State {
    /// The value in each register, or `NEVER`.
    regs: [Vid; 32],
    occupied: RegSet,
    /// The register of each value, or `NO_REG`.
    reg_of: Vec<u8>,
    /// Has the value a slot? (It holds the value from the definition on.)
    spilled: Vec<bool>,
    /// For each value, how many of its uses are behind.
    cursors: Vec<u32>,
    /// Slots that are given.
    fixed: Vec<u16>,
    /// Registers that a phi will want back at the jump.
    avoid: RegSet,
    /// Registers at the loop's head.
    head: Vec<(Vid, Reg)>,
    steps: Vec<Step>,
    moves: Vec<Move>,
    exits: Vec<Exit>,
    /// Of all exits.
    places: Vec<Place>,
    /// The entry into the loop: its step, and for each phi where its first value is.
    entry: Option<(usize, Vec<(Vid, Place)>)>,
}

struct Allocator<'a> {
    trace: &'a Trace,
    fusion: &'a Fusion,
    shapes: &'a [Shape],
    uses: &'a Uses,
    machine: &'a Machine,
    back_edges: Vec<u32>,
    /// Values that had better not have a register at the head.
    useless: Vec<bool>,
    /// What some instruction destroys; better left to values with short lives.
    clobbered: RegSet,
    state: State,
    at: u32,
    /// Registers that may not be taken for the present instruction.
    pinned: RegSet,
}

/// How often the body is walked at most.
const ATTEMPTS: usize = 4;

impl Allocator<'_> {
    fn run(&mut self, params: &[Loc], enter: &[Loc]) -> Result<(), CompileError> {
        let n = self.trace.insts.len();
        let body = if self.uses.loop_start == NEVER { n } else { self.uses.loop_start as usize };
        self.take_params(params)?;
        for i in 0..body {
            self.instruction(i, enter)?;
        }
        if body == n {
            return Ok(());
        }
        let before = self.state.clone();
        for attempt in 0..ATTEMPTS {
            let known = self.useless.iter().filter(|u| **u).count();
            self.enter_loop()?;
            for i in self.uses.head as usize + 1..n {
                self.instruction(i, enter)?;
            }
            if attempt + 1 == ATTEMPTS || self.useless.iter().filter(|u| **u).count() == known {
                break;
            }
            self.state = before.clone();
        }
        self.finish_entry();
        Ok(())
    }

    // ---- instructions ----

    fn instruction(&mut self, i: usize, enter: &[Loc]) -> Result<(), CompileError> {
        let inst = &self.trace.insts[i];
        self.at = i as u32;
        match inst.op {
            Op::Jump => return self.jump(i),
            Op::Enter => return self.enter(i, enter),
            Op::Frame | Op::Thread => {
                self.state.spilled[i] = true;
                self.state.fixed[i] = if inst.op == Op::Frame { FRAME_SLOT } else { THREAD_SLOT };
                return Ok(());
            }
            Op::Param => {
                let step = self.step(i, self.state.moves.len());
                let reg = self.state.reg_of[i];
                self.state.steps.push(Step { result: (reg != NO_REG).then_some(Reg(reg)), ..step });
                self.release_dead();
                return Ok(());
            }
            Op::Loop | Op::Phi => return Err(CompileError::Malformed("a phi that is not at the head")),
            _ => {}
        }
        if self.fusion.is_fused(i) || (inst.op.effect() == Effect::Pure && self.fusion.is_unused(i)) {
            return Ok(());
        }
        let shape = &self.shapes[i];
        let first_move = self.state.moves.len();
        self.pinned = shape.clobbers;
        if shape.clobbers != 0 {
            self.vacate(shape.clobbers, true);
        }
        let operands = self.place_operands(shape)?;
        if shape.call {
            // What the callee may ask for has to be somewhere meanwhile.
            self.vacate(self.machine.caller_saved, inst.snapshot.is_some());
        }
        let mut temps = SmallVec::new();
        for _ in 0..shape.temps {
            let reg = self.take(false, None, false)?;
            self.pinned |= reg.bit();
            temps.push(reg);
        }
        let exit = inst.snapshot.map(|s| self.exit(i, s)).transpose()?;
        let result = if inst.ty == Ty::None { None } else { Some(self.result(i, shape, &operands)?) };
        if let (Some(exit), Some(reg)) = (exit, result) {
            self.keep_from_result(exit, reg);
        }
        let step = self.step(i, first_move);
        self.state.steps.push(Step { operands, temps, result, exit, ..step });
        if let Some(reg) = result {
            self.occupy(reg, i as u32);
        }
        self.release_dead();
        Ok(())
    }

    fn step(&self, i: usize, first_move: usize) -> Step {
        Step {
            inst: i as u32,
            moves: (first_move as u32, self.state.moves.len() as u32),
            operands: SmallVec::new(),
            temps: SmallVec::new(),
            result: None,
            exit: None,
        }
    }

    fn place_operands(&mut self, shape: &Shape) -> Result<SmallVec<[Place; 4]>, CompileError> {
        for operand in &shape.operands {
            let reg = self.state.reg_of[self.uses.vid(operand.value) as usize];
            if reg != NO_REG {
                self.pinned |= Reg(reg).bit();
            }
        }
        let mut places = SmallVec::new();
        for operand in &shape.operands {
            let vid = self.uses.vid(operand.value);
            let here = self.place(vid)?;
            let place = match (operand.need, here) {
                (_, Place::Reg(_))
                | (Need::Any, _)
                | (Need::RegOrMem, Place::Const(_) | Place::Known(_) | Place::Numbered(_)) => here,
                (Need::RegOrMem, Place::Slot(_)) => {
                    // Worth a register if it is wanted again and one is free.
                    let free = self.machine_regs(self.is_xmm(vid)) & !self.occupied() & !self.pinned;
                    if self.next_use(vid) != NEVER && free != 0 { self.load(vid, here)? } else { here }
                }
                (Need::Reg, _) => self.load(vid, here)?,
            };
            places.push(place);
        }
        Ok(places)
    }

    /// Gives a value that is elsewhere a register.
    fn load(&mut self, vid: Vid, from: Place) -> Result<Place, CompileError> {
        let crossing = self.crosses_call(vid);
        let reg = self.take(self.is_xmm(vid), None, crossing)?;
        self.state.moves.push(Move { to: Place::Reg(reg), from });
        self.occupy(reg, vid);
        self.pinned |= reg.bit();
        Ok(Place::Reg(reg))
    }

    fn exit(&mut self, i: usize, snapshot: SnapshotId) -> Result<u32, CompileError> {
        let mut places = core::mem::take(&mut self.state.places);
        let start = places.len() as u32;
        let known = known_condition(&self.trace.insts[i]);
        let mut missing = None;
        self.trace.snapshot(snapshot).each_value(|value| match known {
            Some((condition, is)) if condition == value => places.push(Place::Known(is)),
            _ => match self.place(self.uses.vid(value)) {
                Ok(place) => places.push(place),
                Err(why) => missing = Some(why),
            },
        });
        let range = (start, places.len() as u32);
        self.state.places = places;
        if let Some(why) = missing {
            return Err(why);
        }
        self.state.exits.push(Exit { snapshot, inst: i as u32, places: range });
        Ok(self.state.exits.len() as u32 - 1)
    }

    /// The result's register may have been taken from a value that the instruction's own exit needs: that is in its slot, too.
    fn keep_from_result(&mut self, exit: u32, reg: Reg) {
        let Exit { snapshot, places: (start, end), .. } = self.state.exits[exit as usize];
        let places = start as usize..end as usize;
        if !self.state.places[places.clone()].contains(&Place::Reg(reg)) {
            return;
        }
        for (k, value) in places.zip(self.trace.snapshot(snapshot).values()) {
            if self.state.places[k] == Place::Reg(reg)
                // Only an operand that the exit recovers has no other place.
                && let Ok(place) = self.place(self.uses.vid(value))
            {
                self.state.places[k] = place;
            }
        }
    }

    /// A register for the result.
    fn result(&mut self, i: usize, shape: &Shape, operands: &[Place]) -> Result<Reg, CompileError> {
        let inst = &self.trace.insts[i];
        // Registers that are read for the last time can be taken, but for those that are read late or by the own exit.
        let mut dying: RegSet = 0;
        let mut kept: RegSet = 0;
        for (k, operand) in shape.operands.iter().enumerate() {
            let Place::Reg(reg) = operands[k] else { continue };
            let vid = self.uses.vid(operand.value);
            let exits = || {
                (k >= u8::BITS as usize || shape.undo >> k & 1 == 0)
                    && inst.snapshot.is_some_and(|s| self.trace.snapshot(s).mentions(operand.value))
            };
            if operand.late || exits() {
                kept |= reg.bit();
            } else if self.is_dying(vid) && self.state.regs[reg.0 as usize] == vid {
                dying |= reg.bit();
            }
        }
        dying &= !kept;
        for reg in registers(dying) {
            self.vacant(reg);
        }
        self.pinned &= !dying;
        let xmm = inst.ty == Ty::Float;
        let free = self.machine_regs(xmm) & !self.occupied() & !self.pinned;
        let back = self.back_edges[i];
        let phi_reg = self.state.head.iter().find(|(v, _)| *v == back).map(|&(_, r)| r);
        let crossing = self.crosses_call(i as u32);
        // A register that the next call destroys is no good for what lives on behind it.
        let usable = if crossing { free & dying & !self.machine.caller_saved } else { free & dying };
        let hint = phi_reg.filter(|r| free & r.bit() != 0).or_else(|| {
            shape.reuse.iter().find_map(|&k| match operands.get(k as usize) {
                Some(&Place::Reg(reg)) if usable & reg.bit() != 0 => Some(reg),
                _ => None,
            })
        });
        let reg = self.take(xmm, hint, crossing)?;
        if phi_reg == Some(reg) {
            self.state.avoid &= !reg.bit();
        }
        Ok(reg)
    }

    // ---- loops ----

    fn enter_loop(&mut self) -> Result<(), CompileError> {
        let (start, head) = (self.uses.loop_start as usize, self.uses.head as usize);
        self.at = self.uses.head;
        self.pinned = 0;
        let phis = start + 1..head + 1;
        let mut sources = Vec::new();
        for phi in phis.clone() {
            let vid = self.uses.vid(self.trace.insts[phi].args[0]);
            sources.push((phi as Vid, self.place(vid)?));
        }
        // Who wants a register, by first use in the body.
        let mut wanted: Vec<(u32, Vid)> = Vec::new();
        for vid in 0..self.uses.len() as Vid {
            let constant = self.uses.constant(vid).is_some();
            let phi = phis.contains(&(vid as usize));
            let first = self.uses.of(vid).iter().copied().find(|&p| p > self.uses.head);
            let candidate = match first {
                Some(_) => constant || phi || self.uses.is_invariant(vid),
                // Never wanted in a register, but cheaper to keep in one.
                None => phi && self.uses.last[vid as usize] > self.uses.head,
            };
            if candidate && !self.useless[vid as usize] {
                wanted.push((if constant { NEVER / 2 } else { 0 } + first.unwrap_or(NEVER / 4), vid));
            }
        }
        wanted.sort_unstable();
        let mut room = [self.machine.gprs.count_ones(), self.machine.xmms.count_ones()];
        // Constants take only what is left over generously: the body needs room for its own values.
        wanted.retain(|&(_, vid)| {
            let left = &mut room[self.is_xmm(vid) as usize];
            let reserve = if self.uses.constant(vid).is_some() { 4 } else { 0 };
            let fits = *left > reserve;
            *left -= fits as u32;
            fits
        });
        let head_regs = self.head_registers(&wanted, &sources);
        // Now the registers change hands.
        let mut moves = Vec::new();
        for &(vid, reg) in &head_regs {
            let source = sources.iter().find(|(phi, _)| *phi == vid).map(|&(_, p)| p);
            let from = match source {
                Some(place) => place,
                None => self.place(vid)?,
            };
            moves.push(Move { to: Place::Reg(reg), from });
        }
        for &(_, vid) in self.invariants().iter() {
            if !head_regs.iter().any(|(v, _)| *v == vid) {
                self.state.spilled[vid as usize] = true;
            }
        }
        for phi in phis {
            let vid = phi as Vid;
            if !head_regs.iter().any(|(v, _)| *v == vid) && self.uses.last[phi] > self.uses.head {
                self.state.spilled[phi] = true;
            }
        }
        for reg in registers(self.occupied()) {
            self.vacant(reg);
        }
        for &(vid, reg) in &head_regs {
            self.occupy(reg, vid);
        }
        self.state.avoid = 0;
        for &(vid, reg) in &head_regs {
            if self.back_edges.contains(&vid) {
                self.state.avoid |= reg.bit();
            }
        }
        self.state.head = head_regs;
        let first_move = self.state.moves.len();
        self.state.moves.extend(moves);
        let step = self.step(start, first_move);
        self.state.entry = Some((self.state.steps.len(), sources));
        self.state.steps.push(step);
        Ok(())
    }

    /// The values made before the loop that live in it, with their first use there.
    fn invariants(&self) -> Vec<(u32, Vid)> {
        (0..self.uses.loop_start).filter(|&v| self.uses.is_invariant(v)).map(|v| (0, v)).collect()
    }

    fn head_registers(&self, wanted: &[(u32, Vid)], sources: &[(Vid, Place)]) -> Vec<(Vid, Reg)> {
        let mut result: Vec<(Vid, Reg)> = Vec::new();
        let mut taken: RegSet = 0;
        // Those that are in a register already stay there, if the body does not destroy it.
        let destroyed = |vid: Vid| self.clobbered | if self.crosses_call(vid) { self.machine.caller_saved } else { 0 };
        for &(_, vid) in wanted {
            let reg = self.state.reg_of[vid as usize];
            if reg != NO_REG && destroyed(vid) & Reg(reg).bit() == 0 {
                taken |= Reg(reg).bit();
                result.push((vid, Reg(reg)));
            }
        }
        // A phi takes over its first value's register.
        for &(_, vid) in wanted {
            if let Some(&(_, Place::Reg(reg))) = sources.iter().find(|(phi, _)| *phi == vid)
                && taken & reg.bit() == 0
                && destroyed(vid) & reg.bit() == 0
            {
                taken |= reg.bit();
                result.push((vid, reg));
            }
        }
        for &(_, vid) in wanted {
            if result.iter().any(|(v, _)| *v == vid) {
                continue;
            }
            let free = self.machine_regs(self.is_xmm(vid)) & !taken;
            if let Some(reg) = self.preferred(free, self.crosses_call(vid), 0) {
                taken |= reg.bit();
                result.push((vid, reg));
            }
        }
        result
    }

    fn jump(&mut self, i: usize) -> Result<(), CompileError> {
        let first_move = self.state.moves.len();
        let phis = self.uses.loop_start + 1..self.uses.head + 1;
        let inst = &self.trace.insts[i];
        if inst.args.len() != phis.len() {
            return Err(CompileError::Malformed("a jump with the wrong number of operands"));
        }
        let mut moves = Vec::new();
        for (phi, &arg) in phis.clone().zip(&inst.args) {
            if self.uses.last[phi as usize] <= self.uses.head {
                continue;
            }
            let from = self.place(self.uses.vid(arg))?;
            if let Some(&(_, reg)) = self.state.head.iter().find(|(v, _)| *v == phi) {
                moves.push(Move { to: Place::Reg(reg), from });
            }
            if self.state.spilled[phi as usize] {
                moves.push(Move { to: Place::Slot(phi), from });
            }
        }
        for &(vid, reg) in &self.state.head {
            if !phis.contains(&vid) {
                moves.push(Move { to: Place::Reg(reg), from: self.place(vid)? });
            }
        }
        self.state.moves.extend(moves);
        let step = self.step(i, first_move);
        self.state.steps.push(step);
        Ok(())
    }

    /// The operands of `enter` go where the other trace wants its parameters.
    fn enter(&mut self, i: usize, places: &[Loc]) -> Result<(), CompileError> {
        let first_move = self.state.moves.len();
        let args = &self.trace.insts[i].args;
        if args.len() != places.len() {
            return Err(CompileError::Malformed("another number of parameters"));
        }
        for (&arg, place) in args.iter().zip(places) {
            let from = self.place(self.uses.vid(arg))?;
            let to = match *place {
                Loc::Gpr(n) => Place::Reg(Reg::gpr(n)),
                Loc::Xmm(n) => Place::Reg(Reg::xmm(n)),
                Loc::Spill(n) => Place::Numbered(n),
                Loc::Const(_) => continue,
            };
            self.state.moves.push(Move { to, from });
        }
        let step = self.step(i, first_move);
        self.state.steps.push(step);
        Ok(())
    }

    /// Adds to the entry's moves those into the slots of phis: only now it is known which have one.
    fn finish_entry(&mut self) {
        let Some((step, sources)) = self.state.entry.take() else { return };
        let (first, last) = self.state.steps[step].moves;
        let start = self.state.moves.len() as u32;
        for k in first..last {
            let m = self.state.moves[k as usize];
            self.state.moves.push(m);
        }
        for (phi, from) in sources {
            if self.state.spilled[phi as usize] {
                self.state.moves.push(Move { to: Place::Slot(phi), from });
            }
        }
        self.state.steps[step].moves = (start, self.state.moves.len() as u32);
    }

    // ---- parameters ----

    /// Parameters are where the parent left them.
    fn take_params(&mut self, params: &[Loc]) -> Result<(), CompileError> {
        for (i, inst) in self.trace.insts.iter().enumerate().filter(|(_, inst)| inst.op == Op::Param) {
            let number = self.trace.as_int(inst.args[0]).and_then(|n| usize::try_from(n).ok());
            let loc =
                number.and_then(|n| params.get(n)).ok_or(CompileError::Malformed("a parameter without a place"))?;
            let dead = self.uses.last[i] <= i as u32 && self.fusion.is_unused(i);
            match *loc {
                _ if dead => {}
                Loc::Gpr(n) if self.state.regs[n as usize] == NEVER => self.occupy(Reg::gpr(n), i as Vid),
                Loc::Xmm(n) if self.state.regs[n as usize + 16] == NEVER => self.occupy(Reg::xmm(n), i as Vid),
                Loc::Spill(n) => {
                    self.state.spilled[i] = true;
                    self.state.fixed[i] = n;
                }
                Loc::Const(_) => return Err(CompileError::Malformed("a parameter that is a constant")),
                _ => return Err(CompileError::Malformed("two parameters in one register")),
            }
        }
        Ok(())
    }

    // ---- registers ----

    fn is_xmm(&self, vid: Vid) -> bool {
        let ty = match self.uses.constant(vid) {
            Some(c) => self.trace.consts[c as usize].ty,
            None => self.trace.insts[vid as usize].ty,
        };
        ty == Ty::Float
    }

    fn machine_regs(&self, xmm: bool) -> RegSet {
        if xmm { self.machine.xmms } else { self.machine.gprs }
    }

    fn occupied(&self) -> RegSet {
        self.state.occupied
    }

    fn occupy(&mut self, reg: Reg, vid: Vid) {
        self.state.occupied |= reg.bit();
        self.state.regs[reg.0 as usize] = vid;
        self.state.reg_of[vid as usize] = reg.0;
    }

    fn vacant(&mut self, reg: Reg) {
        self.state.occupied &= !reg.bit();
        let vid = core::mem::replace(&mut self.state.regs[reg.0 as usize], NEVER);
        if vid != NEVER {
            self.state.reg_of[vid as usize] = NO_REG;
        }
    }

    /// Where a value is.
    fn place(&self, vid: Vid) -> Result<Place, CompileError> {
        let reg = self.state.reg_of[vid as usize];
        if reg != NO_REG {
            return Ok(Place::Reg(Reg(reg)));
        }
        match self.uses.constant(vid) {
            Some(c) => Ok(Place::Const(c)),
            None if self.state.spilled[vid as usize] => Ok(Place::Slot(vid)),
            None => Err(CompileError::Malformed("a value used before it is made")),
        }
    }

    fn crosses_call(&self, vid: Vid) -> bool {
        let uses = self.uses;
        let last = uses.last[vid as usize].min(uses.end) as usize;
        if uses.calls_before[last] > uses.calls_before[self.at.min(uses.end) as usize] {
            return true;
        }
        // Round the loop again.
        uses.is_invariant(vid)
            && self.at > uses.head
            && uses.calls_before[uses.end as usize] > uses.calls_before[uses.head as usize]
    }

    /// The next position behind the present one at which the value is wanted in a register. In the loop, values of the preamble
    /// are wanted again in the next round.
    fn next_use(&mut self, vid: Vid) -> u32 {
        let uses = self.uses.of(vid);
        let cursor = &mut self.state.cursors[vid as usize];
        while (*cursor as usize) < uses.len() && uses[*cursor as usize] <= self.at {
            *cursor += 1;
        }
        if let Some(&at) = uses.get(*cursor as usize) {
            return at;
        }
        let in_loop = self.uses.head != NEVER && self.at > self.uses.head;
        if in_loop && (self.uses.is_invariant(vid) || self.in_head(vid)) {
            if let Some(&first) = uses.iter().find(|&&p| p > self.uses.head) {
                return self.uses.end + (first - self.uses.head);
            }
        }
        NEVER
    }

    /// Was the value in a register at the loop's head?
    fn in_head(&self, vid: Vid) -> bool {
        self.state.head.iter().any(|&(v, _)| v == vid)
    }

    /// Is the value not needed behind the present instruction?
    fn is_dying(&self, vid: Vid) -> bool {
        match self.uses.constant(vid) {
            // Constants at the head are wanted again in the next round.
            Some(_) => self.uses.last[vid as usize] <= self.at && !self.in_head(vid),
            None => self.uses.last[vid as usize] <= self.at,
        }
    }

    fn preferred(&self, free: RegSet, crossing: bool, avoid: RegSet) -> Option<Reg> {
        let kind = if crossing { free & !self.machine.caller_saved } else { free & self.machine.caller_saved };
        let avoid = avoid | self.clobbered;
        [kind & !avoid, free & !avoid, kind, free].into_iter().find(|s| *s != 0).map(|s| Reg(s.trailing_zeros() as u8))
    }

    /// A free register, made free if need be.
    fn take(&mut self, xmm: bool, hint: Option<Reg>, crossing: bool) -> Result<Reg, CompileError> {
        let all = self.machine_regs(xmm) & !self.pinned;
        let free = all & !self.occupied();
        if let Some(reg) = hint.filter(|r| free & r.bit() != 0) {
            return Ok(reg);
        }
        if let Some(reg) = self.preferred(free, crossing, self.state.avoid) {
            return Ok(reg);
        }
        let mut best: Option<(u64, Reg)> = None;
        for reg in registers(all) {
            let vid = self.state.regs[reg.0 as usize];
            let distance = self.next_use(vid).saturating_sub(self.at) as u64;
            // Losing what is in memory anyway costs nothing now.
            let clean = self.state.spilled[vid as usize] || self.uses.constant(vid).is_some();
            let score = if clean { distance * 3 } else { distance };
            if best.is_none_or(|(b, _)| score > b) {
                best = Some((score, reg));
            }
        }
        let (_, reg) = best.ok_or(CompileError::TooComplex("an instruction needs more registers than there are"))?;
        self.evict(reg);
        Ok(reg)
    }

    /// Takes a value's register away.
    fn evict(&mut self, reg: Reg) {
        let vid = self.state.regs[reg.0 as usize];
        if vid == NEVER {
            return;
        }
        if self.uses.constant(vid).is_none() {
            self.state.spilled[vid as usize] = true;
        }
        if self.state.head.iter().any(|&(v, r)| v == vid && r == reg) {
            let first = self.uses.of(vid).iter().copied().find(|&p| p > self.uses.head);
            if first.is_none_or(|p| p > self.at) {
                self.useless[vid as usize] = true;
            }
        }
        self.vacant(reg);
    }

    /// Empties registers that are going to be destroyed: into other ones that are free, else into slots. Values that die at this
    /// instruction are kept only if it reads its operands afterwards.
    fn vacate(&mut self, set: RegSet, operands_too: bool) {
        for reg in registers(set) {
            let vid = self.state.regs[reg.0 as usize];
            if vid == NEVER {
                continue;
            }
            let last = self.uses.last[vid as usize];
            if last < self.at || (last == self.at && !operands_too) {
                self.vacant(reg);
                continue;
            }
            let free = self.machine_regs(reg.is_xmm()) & !self.occupied() & !set & !self.pinned;
            let again = self.next_use(vid) != NEVER || operands_too;
            match self.preferred(free, true, 0).filter(|_| again && self.uses.constant(vid).is_none()) {
                Some(to) => {
                    self.state.moves.push(Move { to: Place::Reg(to), from: Place::Reg(reg) });
                    self.vacant(reg);
                    self.occupy(to, vid);
                }
                None => self.evict(reg),
            }
        }
    }

    /// Registers of values that are not needed behind the present instruction are free.
    fn release_dead(&mut self) {
        for reg in registers(self.occupied()) {
            if self.is_dying(self.state.regs[reg.0 as usize]) {
                self.vacant(reg);
            }
        }
    }

    // ---- slots ----

    /// Numbers for the slots of spilled values: two that never live at the same time may share one.
    fn assign_slots(&self) -> Result<Vec<u16>, CompileError> {
        let uses = self.uses;
        let mut slots = self.state.fixed.clone();
        // Until when each slot is in use.
        let mut busy: Vec<u32> = Vec::new();
        for (vid, &slot) in slots.iter().enumerate() {
            if slot != NO_SLOT && slot >= FIRST_FREE_SLOT {
                busy.resize(busy.len().max(slot as usize + 1), 0);
                busy[slot as usize] = busy[slot as usize].max(uses.last[vid] + 1);
            }
        }
        busy.resize(busy.len().max(FIRST_FREE_SLOT as usize), 0);
        for vid in 0..slots.len() {
            if !self.state.spilled[vid] || slots[vid] != NO_SLOT {
                continue;
            }
            let phi = uses.loop_start != NEVER && vid as u32 > uses.loop_start && vid as u32 <= uses.head;
            let from = if phi { uses.loop_start } else { vid as u32 };
            let until = if phi { uses.end } else { uses.last[vid] };
            // Strictly behind the last use: the value that takes over is written while the old one is read.
            let slot = (FIRST_FREE_SLOT as usize..busy.len()).find(|&s| busy[s] <= from).unwrap_or(busy.len());
            if slot >= SPILL_SLOTS {
                return Err(CompileError::TooComplex("too many values at once"));
            }
            busy.resize(busy.len().max(slot + 1), 0);
            busy[slot] = until + 1;
            slots[vid] = slot as u16;
        }
        Ok(slots)
    }
}

/// The registers of a set.
pub fn registers(mut set: RegSet) -> impl Iterator<Item = Reg> {
    core::iter::from_fn(move || {
        let reg = set.trailing_zeros();
        set &= set.wrapping_sub(1);
        (reg < RegSet::BITS).then_some(Reg(reg as u8))
    })
}
