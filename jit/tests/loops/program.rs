//! Random programs: what one round of a loop does.

use rpy_jit::ir::{Class, Op, Ty, Width};

use super::memory::HOLDERS;
use crate::common::random::Rng;

/// A result of an earlier step, a local, or a constant.
#[derive(Clone, Copy, Debug)]
pub enum Operand {
    Reg(usize),
    Int(i64),
    Float(f64),
    Bool(bool),
}

#[derive(Clone, Copy, Debug)]
pub struct Place {
    pub class: Class,
    /// A register that holds a pointer, or the first block.
    pub base: Option<usize>,
    pub index: Option<Operand>,
    pub offset: usize,
    pub width: Width,
}

#[derive(Clone, Debug)]
pub enum Step {
    Read(usize),
    Write(usize, Operand),
    Pure(Op, Vec<Operand>),
    /// Checked arithmetic, whose result goes to a local.
    Checked(Op, Operand, Operand, usize),
    Load(Ty, Place),
    Store(Place, Operand),
    Guard(Operand),
    Calm,
    Call(&'static str, Option<Operand>),
    /// A number to this place among the objects, and back.
    Put(usize, Operand),
    /// The object of a local, as it is, to this place.
    PutLocal(usize, usize),
    Get(usize, Ty),
    /// A thing, borrowed from memory or from a local.
    Thing(usize),
    Held(usize),
    /// Its type is that of a float, of an int.
    GuardThing(Operand, bool),
    Same(Operand, Operand),
    /// A thing into a local, into memory.
    Hold(usize, Operand),
    PutThing(usize, Operand),
    /// A reference of the trace's own, and its end.
    Take(Operand),
    Release,
}

#[derive(Clone, Debug)]
pub struct Program {
    pub locals: Vec<Ty>,
    pub steps: Vec<Step>,
    /// The types of the steps' results.
    pub regs: Vec<Ty>,
    /// What the guards expect.
    pub truths: Vec<bool>,
}

pub struct Maker<'r> {
    pub rng: &'r mut Rng,
    pub program: Program,
    /// Are there counted objects, and are they put into memory?
    pub things: bool,
    pub puts: bool,
}

impl Maker<'_> {
    pub fn pick(&mut self, ty: Ty) -> Operand {
        let young = self.program.regs.len().saturating_sub(self.rng.pick(&[4, 12, 1000]));
        let found: Vec<usize> = (young..self.program.regs.len()).filter(|&i| self.program.regs[i] == ty).collect();
        if found.is_empty() || self.rng.chance(6) {
            return match ty {
                Ty::Float => Operand::Float(self.rng.float()),
                Ty::Bool => Operand::Bool(self.rng.chance(2)),
                _ => Operand::Int(if self.rng.chance(2) { self.rng.below(20) as i64 - 5 } else { self.rng.int() }),
            };
        }
        Operand::Reg(self.rng.pick(&found))
    }

    pub fn local(&mut self, ty: Ty) -> usize {
        let found: Vec<usize> = (1..self.program.locals.len()).filter(|&i| self.program.locals[i] == ty).collect();
        self.rng.pick(&found)
    }

    pub fn step(&mut self, step: Step, ty: Ty) -> usize {
        self.program.steps.push(step);
        self.program.regs.push(ty);
        self.program.regs.len() - 1
    }

    pub fn place(&mut self, ty: Ty) -> Place {
        let items = self.rng.chance(2);
        let (class, word) = if items { (Class::ListItem, 4) } else { (Class::Other, 0) };
        let base = if self.rng.chance(2) {
            None
        } else {
            let at = word + self.rng.below(4);
            let place = Place { class: Class::ListHeader, base: None, index: None, offset: at * 8, width: Width::W64 };
            Some(self.step(Step::Load(Ty::Ptr, place), Ty::Ptr))
        };
        let width = match ty {
            Ty::Float => Width::F64,
            _ if items => Width::W64,
            _ => self.rng.pick(&[Width::W64, Width::W64, Width::W64, Width::U8, Width::I16, Width::I32]),
        };
        let index = if items && self.rng.chance(2) {
            let value = self.pick(Ty::Int);
            Some(Operand::Reg(self.step(Step::Pure(Op::And, vec![value, Operand::Int(7)]), Ty::Int)))
        } else {
            None
        };
        let offset = self.rng.below(8) * 8;
        Place { class, base, index, offset, width }
    }

    pub fn grow(&mut self) {
        const INTS: &[Op] = &[Op::Add, Op::Sub, Op::Mul, Op::And, Op::Or, Op::Xor, Op::Neg];
        const FLOATS: &[Op] = &[Op::FAdd, Op::FSub, Op::FMul, Op::FDiv, Op::FNeg, Op::FAbs];
        const COMPARE: &[Op] = &[Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge, Op::Ult];
        const FCOMPARE: &[Op] = &[Op::FEq, Op::FNe, Op::FLt, Op::FLe, Op::FGt, Op::FGe];
        let ty = if self.rng.chance(2) { Ty::Int } else { Ty::Float };
        match self.rng.below(if self.things { 24 } else { 16 }) {
            16.. => self.grow_things(),
            0..=2 => {
                let local = self.local(ty);
                self.step(Step::Read(local), ty);
            }
            3 | 4 => {
                let (local, value) = (self.local(ty), self.pick(ty));
                self.step(Step::Write(local, value), Ty::None);
            }
            5 | 6 => {
                let op = self.rng.pick(if ty == Ty::Int { INTS } else { FLOATS });
                let args = (0..op.arity().unwrap_or(0)).map(|_| self.pick(ty)).collect();
                self.step(Step::Pure(op, args), ty);
            }
            7 => {
                let (a, by) = (self.pick(Ty::Int), Operand::Int(self.rng.pick(&[1, 2, 3, 7, 8, 64, -1, -8, -5])));
                let (divisor, shift) = (self.rng.below(9) as i64 + 1, self.rng.below(64) as i64);
                match self.rng.below(4) {
                    0 => self.step(Step::Pure(Op::FloorDiv, vec![a, Operand::Int(divisor)]), Ty::Int),
                    1 if !matches!(by, Operand::Int(-1)) => self.step(Step::Pure(Op::Mod, vec![a, by]), Ty::Int),
                    2 => self.step(Step::Pure(Op::Sar, vec![a, Operand::Int(shift)]), Ty::Int),
                    _ => self.step(Step::Pure(Op::IntToFloat, vec![a]), Ty::Float),
                };
            }
            8 => {
                let op = self.rng.pick(&[Op::AddOvf, Op::AddOvf, Op::SubOvf, Op::MulOvf]);
                let (a, b, local) = (self.pick(Ty::Int), self.pick(Ty::Int), self.local(Ty::Int));
                self.step(Step::Checked(op, a, b, local), Ty::Int);
                self.step(Step::Calm, Ty::None);
            }
            9 => {
                let place = self.place(ty);
                self.step(Step::Load(ty, place), ty);
            }
            10 => {
                let place = self.place(ty);
                let value = self.pick(ty);
                self.step(Step::Store(place, value), Ty::None);
            }
            11 | 12 => {
                let op = self.rng.pick(if ty == Ty::Int { COMPARE } else { FCOMPARE });
                let (a, b) = (self.pick(ty), self.pick(ty));
                let mut condition = self.step(Step::Pure(op, vec![a, b]), Ty::Bool);
                if self.rng.chance(4) {
                    condition = self.step(Step::Pure(Op::Not, vec![Operand::Reg(condition)]), Ty::Bool);
                }
                match self.rng.below(3) {
                    0 => {
                        self.step(Step::Pure(Op::BoolToInt, vec![Operand::Reg(condition)]), Ty::Int);
                    }
                    _ => {
                        self.step(Step::Guard(Operand::Reg(condition)), Ty::None);
                    }
                }
            }
            13 => match self.rng.below(6) {
                0 => {
                    self.step(Step::Call("any", None), Ty::None);
                }
                1 => {
                    self.step(Step::Call("items", None), Ty::None);
                }
                2 => {
                    let condition = self.pick(Ty::Bool);
                    let local = self.local(Ty::Bool);
                    self.step(Step::Write(local, condition), Ty::None);
                }
                3 => {
                    let local = self.local(Ty::Bool);
                    self.step(Step::Read(local), Ty::Bool);
                }
                _ => {
                    let value = self.pick(Ty::Int);
                    self.step(Step::Call("pure", Some(value)), Ty::Int);
                }
            },
            14 => {
                // Floats in the lower half, ints in the upper one, as a rule.
                let at = self.rng.below(3) + if ty == Ty::Float { 0 } else { 8 };
                match self.rng.below(3) {
                    // Unboxing ints that the interpreter has as big ones is allowed to work, and not to work.
                    0 if ty == Ty::Int => {
                        let value = self.pick(ty);
                        let small = self.step(Step::Pure(Op::And, vec![value, Operand::Int((1 << 60) - 1)]), Ty::Int);
                        self.step(Step::Put(at, Operand::Reg(small)), Ty::None);
                    }
                    0 => {
                        let value = self.pick(ty);
                        self.step(Step::Put(at, value), Ty::None);
                    }
                    1 if ty == Ty::Float => {
                        let local = self.local(ty);
                        self.step(Step::PutLocal(at, local), Ty::None);
                    }
                    _ => {
                        self.step(Step::Get(at, ty), ty);
                    }
                }
            }
            _ => {
                self.step(Step::Calm, Ty::None);
            }
        }
    }

    pub fn grow_things(&mut self) {
        let at = self.rng.below(8);
        let found: Vec<usize> = (0..self.program.regs.len()).filter(|&i| self.program.regs[i] == Ty::Obj).collect();
        if found.is_empty() || self.rng.chance(3) {
            let step = if self.rng.chance(3) { Step::Held(self.rng.below(HOLDERS)) } else { Step::Thing(at) };
            self.step(step, Ty::Obj);
            return;
        }
        let young = &found[found.len().saturating_sub(4)..];
        let (thing, other) = (Operand::Reg(self.rng.pick(young)), Operand::Reg(self.rng.pick(young)));
        let holder = self.rng.below(HOLDERS);
        match self.rng.below(if self.puts { 9 } else { 8 }) {
            0 | 1 => self.step(Step::Hold(holder, thing), Ty::None),
            2 => self.step(Step::GuardThing(thing, at < 4), Ty::None),
            3 => self.step(Step::Same(thing, other), Ty::Bool),
            4 | 5 => self.step(Step::Take(thing), Ty::None),
            6 | 7 => self.step(Step::Release, Ty::None),
            _ => self.step(Step::PutThing(at, thing), Ty::None),
        };
    }

    /// `counter = counter + 1`, and a guard that ends the loop some time.
    pub fn count(&mut self) {
        let limit = self.rng.below(12) as i64 + 1;
        let i = self.step(Step::Read(0), Ty::Int);
        let c = self.step(Step::Pure(Op::Lt, vec![Operand::Reg(i), Operand::Int(limit)]), Ty::Bool);
        self.step(Step::Guard(Operand::Reg(c)), Ty::None);
        let i = self.step(Step::Pure(Op::Add, vec![Operand::Reg(i), Operand::Int(1)]), Ty::Int);
        self.step(Step::Write(0, Operand::Reg(i)), Ty::None);
    }
}

pub fn make(rng: &mut Rng) -> Program {
    let mut locals = vec![Ty::Int, Ty::Int, Ty::Float, Ty::Bool];
    for _ in 0..rng.below(5) {
        locals.push(rng.pick(&[Ty::Int, Ty::Float, Ty::Bool]));
    }
    let size = rng.pick(&[2, 5, 10, 25, 60]);
    let (things, puts) = (rng.chance(2), rng.chance(2));
    let program = Program { locals, steps: vec![], regs: vec![], truths: vec![] };
    let mut maker = Maker { rng, program, things, puts };
    let middle = maker.rng.below(size);
    for at in 0..size {
        if at == middle {
            maker.count();
        }
        maker.grow();
    }
    for _ in 0..size {
        maker.step(Step::Release, Ty::None);
    }
    maker.step(Step::Calm, Ty::None);
    maker.program
}
