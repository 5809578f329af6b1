//! The builder: every instruction of a trace passes through it.

use super::cse::Cse;
use super::facts::{Fact, Facts, Range};
use super::heap::Heap;
use super::words::Words;
use super::{boxes, compare, cse, float, fold, fresh, guards, heap, range, words};
use crate::hash::FastMap;
use crate::ir::call::CallEffect;
use crate::ir::{Inst, Op, Scalar, Trace, Ty, Value};

/// A guard that can never hold: what was recorded cannot be what happens, and the trace is of no use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contradiction;

/// What the optimizer must know about the types of the program.
#[derive(Clone, Copy, Debug)]
pub struct KnownTypes {
    /// The addresses of `int`, `float` and `bool`.
    pub int: usize,
    pub float: usize,
    pub bool: usize,
    /// The address of `tuple`.
    pub tuple: usize,
    /// Those of `range` and of its iterator.
    pub range: usize,
    pub range_iterator: usize,
    /// The address of a type of numpy's scalars; 0 if numpy is not there.
    pub scalar: fn(Scalar) -> usize,
    /// Do objects of the type at this address keep their type for ever (no `__class__` assignment)?
    pub is_stable: fn(usize) -> bool,
}

/// What a pass says about an instruction.
pub enum Step {
    /// Nothing, or that it changed the instruction in place: on to the next pass.
    Next,
    /// The instruction is another operation now: from the first pass again.
    Again,
    /// The result exists: no instruction is needed.
    Value(Value),
    /// The instruction, which has no result, is not needed.
    Drop,
}

pub type PassResult = Result<Step, Contradiction>;

/// A pass over one instruction.
pub type Pass = fn(&mut Builder, &mut Inst) -> PassResult;

/// The chain, with names.
pub const PASSES: &[(&str, Pass)] = &[
    ("words", words::pass),
    ("fold", fold::pass),
    ("float", float::pass),
    ("compare", compare::pass),
    ("boxes", boxes::pass),
    ("guards", guards::pass),
    ("range", range::pass),
    ("fresh", fresh::pass),
    ("heap", heap::pass),
    ("cse", cse::pass),
];

/// What stands for the result of an instruction that has none, where it is not needed.
pub const NOTHING: Value = Value::NOTHING;

/// Makes a trace, instruction by instruction.
#[derive(Clone, Debug)]
pub struct Builder {
    pub trace: Trace,
    pub(super) types: KnownTypes,
    pub(super) facts: Facts,
    pub(super) relations: compare::Relations,
    pub(super) cse: Cse,
    pub(super) heap: Heap,
    /// What objects hold that the trace has made.
    pub(super) fresh: fresh::FreshObjects,
    /// Nothing that could have made the trace invalid happened since a `guard_valid`.
    pub(super) valid: guards::Validity,
    /// What the trace has put last into the base frame's slots.
    pub(super) stored_slots: FastMap<u16, Value>,
    /// The loop's slots, in its second round.
    pub(super) words: Option<Box<Words>>,
    /// Nothing is made of this round's instructions but code: no further round is replayed from them.
    pub(super) last_round: bool,
}

impl Builder {
    pub fn new(types: KnownTypes) -> Builder {
        let mut builder = Builder {
            trace: Trace::default(),
            types,
            facts: Facts::default(),
            relations: Default::default(),
            cse: Cse::default(),
            heap: Heap::default(),
            fresh: Default::default(),
            valid: Default::default(),
            stored_slots: FastMap::default(),
            words: None,
            last_round: false,
        };
        for truth in [false, true] {
            builder.assume_const_type(boxes::bool_object(truth), types.bool);
        }
        builder
    }

    /// Takes note of instructions that were appended to the trace directly, which nothing is to be known about but what
    /// follows from their operations: the frame, parameters.
    pub(super) fn catch_up(&mut self) {
        for i in self.facts.len()..self.trace.insts.len() {
            let inst = self.trace.insts[i].clone();
            let fact = self.first_fact(&inst);
            self.facts.push(fact);
            self.cse.note(&self.trace, &inst, Value::of_inst(i));
        }
    }

    /// Sends an instruction through the passes. The result is the value to use from now on, which may be an earlier one or
    /// a constant; without meaning for operations that have none.
    pub fn emit(&mut self, mut inst: Inst) -> Result<Value, Contradiction> {
        self.catch_up();
        'again: loop {
            for i in 0..inst.args.len() {
                inst.args[i] = self.resolve(inst.args[i]);
            }
            for (_, pass) in PASSES {
                match pass(self, &mut inst)? {
                    Step::Next => {}
                    Step::Again => continue 'again,
                    Step::Value(value) => return Ok(value),
                    Step::Drop => return Ok(NOTHING),
                }
            }
            return self.append(inst);
        }
    }

    /// The constant that a value is known to equal, or the value.
    pub fn resolve(&mut self, value: Value) -> Value {
        if value.is_const() {
            return value;
        }
        let fact = self.facts.get(&self.trace, value);
        match (fact.constant, fact.range.single()) {
            (Some(constant), _) => constant,
            (None, Some(int)) if self.trace.ty(value) == Ty::Int => self.trace.int(int),
            _ => value,
        }
    }

    /// Appends an instruction that has passed, with everything that follows from it.
    fn append(&mut self, inst: Inst) -> Result<Value, Contradiction> {
        let fact = self.first_fact(&inst);
        let effect = self.effect(&inst);
        let value = self.trace.push(inst.clone());
        self.facts.push(fact);
        self.cse.note(&self.trace, &inst, value);
        self.heap_note(&inst, value);
        self.fresh_note(&inst, value);
        if let Some(effect) = effect {
            self.heap.clobber(effect);
            if effect == CallEffect::Any {
                self.facts.disturb();
                self.valid.disturb();
            }
        }
        self.guard_note(&inst)?;
        Ok(value)
    }

    /// Appends an instruction without any pass, and without facts about it.
    pub(super) fn append_raw(&mut self, inst: Inst, fact: Fact) -> Value {
        self.facts.push(fact);
        self.trace.push(inst)
    }

    /// What an operation does that is not plain from its class: calls, and decrefs that may run Python code.
    fn effect(&mut self, inst: &Inst) -> Option<CallEffect> {
        match inst.op {
            Op::Decref if self.ends_quietly(inst.args[0]) => None,
            Op::Call => inst.call.map(|id| self.trace.call(id).effect),
            Op::Decref | Op::CloseWord => Some(CallEffect::Any),
            _ => None,
        }
    }

    /// What is known about a result from its operation.
    fn first_fact(&mut self, inst: &Inst) -> Fact {
        let mut fact = Fact { range: self.result_range(inst), ..Fact::NONE };
        match inst.op {
            Op::BoxInt | Op::BoxFloat | Op::BoxBool | Op::BoxScalar | Op::RangeIter => {
                fact.nonnull = true;
                fact.object = true;
                fact.ty = self.box_type(inst);
            }
            Op::Frame | Op::Thread => fact.nonnull = true,
            Op::Untag => fact.object = true,
            Op::Call => {
                fact.object = inst.ty == Ty::Obj;
                if let Some(made) = fresh::made(self, inst) {
                    fact.fresh = 1;
                    fact.ty = self.made_type(inst, made);
                    fact.epoch = self.facts.epoch();
                }
            }
            Op::Load | Op::LoadIndexed => fact.object = inst.ty == Ty::Obj && heap::holds_objects(inst),
            _ => {}
        }
        fact
    }

    /// The type of a box, or of an iterator.
    pub(super) fn box_type(&self, inst: &Inst) -> u64 {
        match inst.op {
            Op::BoxInt => self.types.int as u64,
            Op::BoxFloat => self.types.float as u64,
            Op::RangeIter => self.types.range_iterator as u64,
            Op::BoxScalar => {
                let scalar = self.trace.as_int(inst.args[1]).and_then(Scalar::from_number);
                scalar.map_or(0, |scalar| (self.types.scalar)(scalar) as u64)
            }
            _ => self.types.bool as u64,
        }
    }

    /// Is the object of a built-in type of numbers? Then its destruction runs nothing.
    pub(super) fn is_inert(&self, ty: u64) -> bool {
        let ty = ty as usize;
        [self.types.int, self.types.float, self.types.bool].contains(&ty)
            || (ty != 0 && Scalar::ALL.iter().any(|&(scalar, _)| (self.types.scalar)(scalar) == ty))
    }

    // ---- what the recorder wants to know ----

    /// The address of the exact type of an object, if it is known at this point.
    pub fn known_type(&mut self, value: Value) -> Option<u64> {
        self.catch_up();
        self.facts.known_type(&self.trace, value, self.types.is_stable)
    }

    /// Says what the type of a constant object is.
    pub fn assume_const_type(&mut self, object: usize, ty: usize) {
        self.facts.set_const_type(object as u64, ty as u64);
    }

    /// What an integer can be at this point.
    pub fn int_range(&mut self, value: Value) -> Range {
        self.catch_up();
        self.facts.get(&self.trace, value).range
    }

    /// The constant integer that a value is known to be.
    pub(super) fn int_of(&mut self, value: Value) -> Option<i64> {
        self.trace.as_int(value)
    }

    /// The instruction behind a value.
    pub(super) fn def(&self, value: Value) -> Option<&Inst> {
        value.inst().map(|i| &self.trace.insts[i])
    }

    /// The instruction behind a value, if it is of this round. Passes that take an operation apart keep to these: what they
    /// found behind the loop's head would have to be carried round it as well.
    pub(super) fn near(&self, value: Value) -> Option<&Inst> {
        value.inst().filter(|&i| i >= self.loop_head()).map(|i| &self.trace.insts[i])
    }

    /// In a loop's second round: where it begins.
    pub(super) fn loop_head(&self) -> usize {
        self.facts.assumed()
    }

    /// The operation behind a value.
    pub(super) fn op(&self, value: Value) -> Option<Op> {
        self.def(value).map(|inst| inst.op)
    }
}
