//! Random loops, executed as they were recorded and as the optimizer leaves them: they end at the same guard, with the same
//! values in the frames' slots and in memory.
//!
//! A program is a list of steps that one round takes. It is made into a trace in two ways: plainly, with a phi for each local
//! and all locals in each snapshot; and as a recorder does it, through the builder, with locals read from the frame's memory
//! until they are written. What its guards expect is found out by executing it once.

mod common;

use common::CALLS;
use common::random::Rng;
use rpy_jit::ir::interp::{self, Machine};
use rpy_jit::ir::verify::verify;
use rpy_jit::ir::{
    Access, CallInfo, Class, ExitKind, Form, FrameState, Inlined, Inst, Op, SlotState, Snapshot, SnapshotId, Trace, Ty,
    Value, Width,
};
use rpy_jit::opt::{Abandoned, Builder, KnownTypes, close_loop, finish};
use rpy_vm::layout::FRAME_LOCALS;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::runtime::thread;
use rpy_vm::types::bool_;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;

// ---- memory ----

/// Words of the arena: pointers into it, numbers of class Other, items, objects.
const POINTERS: usize = 0;
const OTHERS: usize = 8;
const ITEMS: usize = 40;
const OBJECTS: usize = 72;
/// References to a few objects that are counted: see [`Things`].
const THINGS: usize = 88;
const WORDS: usize = 96;
/// Locals that hold such objects.
const HOLDERS: usize = 3;
/// Of each kind of memory there are two blocks of this many words.
const BLOCK: usize = 16;

/// The memory that all traces of a test work on, always at the same address.
struct Arena {
    words: Box<[u64; WORDS]>,
    frame: Vec<u64>,
    things: Things,
}

fn address_of<T: PyClass>() -> usize {
    T::type_object() as *const _ as usize
}

fn types() -> KnownTypes {
    KnownTypes {
        int: address_of::<PyInt>(),
        float: address_of::<PyFloat>(),
        bool: bool_::as_object(true).ty() as *const _ as usize,
        is_stable: |_| true,
    }
}

fn box_int(value: i64) -> u64 {
    PyInt::from_i64(value).into_obj().into_raw() as u64
}

fn box_float(value: f64) -> u64 {
    PyFloat::new(value).into_obj().into_raw() as u64
}

/// What an object's address stands for: addresses of boxes differ from run to run.
fn number_at(word: u64) -> String {
    // SAFETY: words of slots and of the arena's last part are live objects of tests, which are never freed.
    let object = unsafe { &*((word & !1) as *const PyObject) };
    match (object.downcast_exact::<PyInt>(), object.downcast_exact::<PyFloat>()) {
        (Some(int), _) => format!("{:?}", int.medium_value()),
        (_, Some(float)) => show_float(float.value()),
        _ => format!("{}", bool_::is_true(object)),
    }
}

fn show_float(value: f64) -> String {
    // Which not-a-number it is does not matter.
    if value.is_nan() { "nan".into() } else { format!("{value:?}") }
}

/// Objects whose references are counted: two floats and two ints.
struct Things([u64; 4]);

impl Things {
    fn new() -> Things {
        Things([box_float(0.5), box_float(1.5), box_int(1 << 40), box_int(1 << 41)])
    }

    fn name(&self, word: u64) -> String {
        format!("thing {:?}", self.0.iter().position(|&thing| thing == word & !1))
    }

    fn object(word: u64) -> &'static PyObject {
        // SAFETY: things live as long as the test: a trace never takes the last reference to one.
        unsafe { &*((word & !1) as *const PyObject) }
    }

    /// The counts, relative to 1.
    fn counts(&self) -> [isize; 4] {
        self.0.map(|thing| Things::object(thing).refcount() as isize - 1)
    }

    /// Back to these counts.
    fn restore(&self, counts: &[isize; 4]) {
        for (&thing, (&wanted, found)) in self.0.iter().zip(counts.iter().zip(self.counts())) {
            for _ in found..wanted {
                Things::object(thing).incref();
            }
            for _ in wanted..found {
                // SAFETY: not the last reference.
                unsafe { PyObject::decref(thing as *mut PyObject) };
            }
        }
    }
}

static ARENA: std::sync::atomic::AtomicPtr<u64> = std::sync::atomic::AtomicPtr::new(core::ptr::null_mut());

/// Changes something in memory of every kind.
extern "C" fn any() {
    let words = ARENA.load(std::sync::atomic::Ordering::Relaxed);
    for at in [OTHERS + 1, OTHERS + BLOCK + 2, ITEMS + 3, ITEMS + BLOCK] {
        // SAFETY: within the arena.
        unsafe { *words.add(at) = (*words.add(at)).wrapping_add(1) };
    }
    // SAFETY: as above; pointers exchanged with each other stay good.
    unsafe { core::ptr::swap(words, words.add(1)) };
}

/// Changes items.
extern "C" fn items() {
    let words = ARENA.load(std::sync::atomic::Ordering::Relaxed);
    for at in [ITEMS, ITEMS + 5, ITEMS + BLOCK + 1] {
        // SAFETY: within the arena.
        unsafe { *words.add(at) = (*words.add(at)).wrapping_mul(3) };
    }
}

extern "C" fn pure(value: i64) -> i64 {
    value.rotate_left(7) ^ 0x55
}

fn callee(name: &str) -> CallInfo {
    let info = CALLS.iter().find(|call| call.name == name).expect("a callee of that name");
    let address = match name {
        "any" => any as extern "C" fn() as usize,
        "items" => items as extern "C" fn() as usize,
        _ => pure as extern "C" fn(i64) -> i64 as usize,
    };
    CallInfo { address, ..*info }
}

// ---- programs ----

/// A result of an earlier step, a local, or a constant.
#[derive(Clone, Copy, Debug)]
enum Operand {
    Reg(usize),
    Int(i64),
    Float(f64),
    Bool(bool),
}

#[derive(Clone, Copy, Debug)]
struct Place {
    class: Class,
    /// A register that holds a pointer, or the first block.
    base: Option<usize>,
    index: Option<Operand>,
    offset: usize,
    width: Width,
}

#[derive(Clone, Debug)]
enum Step {
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
struct Program {
    locals: Vec<Ty>,
    steps: Vec<Step>,
    /// The types of the steps' results.
    regs: Vec<Ty>,
    /// What the guards expect.
    truths: Vec<bool>,
}

struct Maker<'r> {
    rng: &'r mut Rng,
    program: Program,
    /// Are there counted objects, and are they put into memory?
    things: bool,
    puts: bool,
}

impl Maker<'_> {
    fn pick(&mut self, ty: Ty) -> Operand {
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

    fn local(&mut self, ty: Ty) -> usize {
        let found: Vec<usize> = (1..self.program.locals.len()).filter(|&i| self.program.locals[i] == ty).collect();
        self.rng.pick(&found)
    }

    fn step(&mut self, step: Step, ty: Ty) -> usize {
        self.program.steps.push(step);
        self.program.regs.push(ty);
        self.program.regs.len() - 1
    }

    fn place(&mut self, ty: Ty) -> Place {
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

    fn grow(&mut self) {
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

    fn grow_things(&mut self) {
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
    fn count(&mut self) {
        let limit = self.rng.below(12) as i64 + 1;
        let i = self.step(Step::Read(0), Ty::Int);
        let c = self.step(Step::Pure(Op::Lt, vec![Operand::Reg(i), Operand::Int(limit)]), Ty::Bool);
        self.step(Step::Guard(Operand::Reg(c)), Ty::None);
        let i = self.step(Step::Pure(Op::Add, vec![Operand::Reg(i), Operand::Int(1)]), Ty::Int);
        self.step(Step::Write(0, Operand::Reg(i)), Ty::None);
    }
}

fn make(rng: &mut Rng) -> Program {
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

// ---- programs as traces ----

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Straight through, guards left out, their conditions in the snapshot of the exit.
    Probe,
    /// A loop with a phi for each local.
    Plain,
    /// Through the builder.
    Recorded,
}

#[derive(Clone, Copy)]
struct Local {
    ty: Ty,
    /// Nothing while it is only in the frame's memory.
    value: Option<Value>,
}

struct Lower<'p> {
    program: &'p Program,
    mode: Mode,
    builder: Builder,
    arena: usize,
    frame: Value,
    locals: Vec<Local>,
    regs: Vec<Value>,
    conditions: Vec<Value>,
    /// References that the trace owns.
    taken: Vec<Value>,
    /// The address that snapshots bear, one for each guard.
    ip: usize,
}

/// A guard that cannot hold.
struct Impossible;

fn form(ty: Ty) -> Form {
    match ty {
        Ty::Int => Form::Int,
        Ty::Float => Form::Float,
        Ty::Bool => Form::Bool,
        _ => Form::Shared,
    }
}

impl<'p> Lower<'p> {
    fn new(program: &'p Program, mode: Mode, arena: usize) -> Lower<'p> {
        let mut builder = Builder::new(types());
        let frame = builder.trace.push(Inst::new(Op::Frame, &[]));
        let locals = program.locals.iter().map(|&ty| Local { ty, value: None }).collect();
        Lower { program, mode, builder, arena, frame, locals, regs: vec![], conditions: vec![], taken: vec![], ip: 0 }
    }

    fn emit(&mut self, inst: Inst) -> Result<Value, Impossible> {
        match self.mode {
            Mode::Recorded => self.builder.emit(inst).map_err(|_| Impossible),
            _ => Ok(self.builder.trace.push(inst)),
        }
    }

    fn op(&mut self, op: Op, args: &[Value]) -> Result<Value, Impossible> {
        self.emit(Inst::new(op, args))
    }

    fn guard(&mut self, op: Op, args: &[Value]) -> Result<Value, Impossible> {
        let snapshot = self.snapshot();
        self.emit(Inst::new(op, args).at(snapshot))
    }

    fn snapshot(&mut self) -> SnapshotId {
        let mut frames =
            vec![FrameState { inlined: None, ip: self.ip, return_offset: 0, depth: 0, slots: self.slots() }];
        if self.ip % 3 == 1 {
            // A frame that exists only here, with the youngest numbers.
            let young = self.regs.iter().zip(&self.program.regs).rev();
            let young = young.filter(|(_, ty)| matches!(ty, Ty::Int | Ty::Float | Ty::Bool)).take(3);
            let slots: Vec<SlotState> = young
                .enumerate()
                .map(|(i, (&value, &ty))| SlotState { index: i as u16, form: form(ty), value })
                .collect();
            let function = self.builder.trace.obj(box_int(5) as usize);
            let inlined = Some(Inlined { function, function_form: Form::Shared, code: 0x40 });
            frames.push(FrameState { inlined, ip: self.ip, return_offset: 0, depth: 0, slots });
        }
        self.builder.trace.add_snapshot(Snapshot { kind: ExitKind::Resume, frames })
    }

    fn slots(&self) -> Vec<SlotState> {
        let kept = self.locals.iter().enumerate().filter_map(|(i, local)| {
            let value = local.value?;
            Some(SlotState { index: i as u16, form: form(local.ty), value })
        });
        let taken = self.taken.iter().enumerate();
        let taken = taken.map(|(i, &value)| SlotState { index: 1000 + i as u16, form: Form::Owned, value });
        kept.chain(taken).collect()
    }

    /// Releases a reference that is not the last one.
    fn release(&mut self, word: Value) -> Result<(), Impossible> {
        self.op(Op::CloseShared, &[word])?;
        Ok(())
    }

    fn thing_at(&mut self, at: usize) -> Result<Value, Impossible> {
        let base = self.ptr(THINGS + at);
        self.emit(Inst::load(Ty::Obj, base, Access::word(Class::Attr, 0)))
    }

    /// The word of a local that holds a thing.
    fn held(&mut self, holder: usize) -> Result<Value, Impossible> {
        let access = Access::word(Class::Slot, FRAME_LOCALS + 8 * (self.locals.len() + holder));
        self.emit(Inst::load(Ty::Obj, self.frame, access))
    }

    fn operand(&mut self, operand: Operand) -> Value {
        match operand {
            Operand::Reg(i) => self.regs[i],
            Operand::Int(value) => self.builder.trace.int(value),
            Operand::Float(value) => self.builder.trace.float(value),
            Operand::Bool(value) => self.builder.trace.bool(value),
        }
    }

    fn ptr(&mut self, word: usize) -> Value {
        self.builder.trace.ptr(self.arena + word * 8)
    }

    /// The object in a local's memory.
    fn word(&mut self, local: usize) -> Result<Value, Impossible> {
        let access = Access::word(Class::Slot, FRAME_LOCALS + 8 * local);
        let word = self.emit(Inst::load(Ty::Obj, self.frame, access))?;
        self.op(Op::Untag, &[word])
    }

    fn unbox(&mut self, object: Value, ty: Ty) -> Result<Value, Impossible> {
        let address = match ty {
            Ty::Int => types().int,
            Ty::Float => types().float,
            _ => types().bool,
        };
        let address = self.builder.trace.ptr(address);
        self.guard(Op::GuardType, &[object, address])?;
        match ty {
            Ty::Int => self.guard(Op::UnboxInt, &[object]),
            Ty::Float => self.op(Op::UnboxFloat, &[object]),
            _ => {
                let truth = self.builder.trace.obj(bool_::as_object(true).as_ptr() as usize);
                self.op(Op::Is, &[object, truth])
            }
        }
    }

    fn read(&mut self, local: usize) -> Result<Value, Impossible> {
        if let Some(value) = self.locals[local].value {
            return Ok(value);
        }
        let object = self.word(local)?;
        self.unbox(object, self.locals[local].ty)
    }

    fn access(&mut self, place: Place) -> (Value, Option<Value>, Access) {
        let start = match place.class {
            Class::ListHeader => POINTERS,
            Class::Other => OTHERS,
            _ => ITEMS,
        };
        let base = match place.base {
            Some(reg) => self.regs[reg],
            None => self.ptr(start),
        };
        let index = place.index.map(|index| self.operand(index));
        (base, index, Access { class: place.class, offset: place.offset as i32, width: place.width })
    }

    fn put(&mut self, at: usize, object: Value) -> Result<(), Impossible> {
        let base = self.ptr(OBJECTS + at);
        let access = Access::word(Class::Cell, 0);
        let old = self.emit(Inst::load(Ty::Obj, base, access))?;
        self.emit(Inst::store(base, object, access))?;
        // One reference of each object is never given back: see `number_at`.
        self.op(Op::Incref, &[old])?;
        self.op(Op::DecrefInert, &[old])?;
        Ok(())
    }

    fn boxed(&mut self, value: Value, ty: Ty) -> Result<Value, Impossible> {
        self.op(if ty == Ty::Int { Op::BoxInt } else { Op::BoxFloat }, &[value])
    }

    fn step(&mut self, step: &Step) -> Result<Value, Impossible> {
        self.ip += 1;
        match step {
            Step::Read(local) => self.read(*local),
            Step::Write(local, value) => {
                self.locals[*local].value = Some(self.operand(*value));
                Ok(Value::NOTHING)
            }
            Step::Pure(op, args) => {
                let args: Vec<Value> = args.iter().map(|&arg| self.operand(arg)).collect();
                self.op(*op, &args)
            }
            Step::Checked(op, a, b, local) => {
                let args = [self.operand(*a), self.operand(*b)];
                let value = self.guard(*op, &args)?;
                self.locals[*local].value = Some(value);
                Ok(value)
            }
            Step::Load(ty, place) => {
                let (base, index, access) = self.access(*place);
                self.emit(match index {
                    Some(index) => Inst::load_indexed(*ty, base, index, access),
                    None => Inst::load(*ty, base, access),
                })
            }
            Step::Store(place, value) => {
                let (base, index, access) = self.access(*place);
                let value = self.operand(*value);
                self.emit(match index {
                    Some(index) => Inst::store_indexed(base, index, value, access),
                    None => Inst::store(base, value, access),
                })
            }
            Step::Guard(condition) => {
                let condition = self.operand(*condition);
                self.conditions.push(condition);
                if self.mode == Mode::Probe {
                    return Ok(Value::NOTHING);
                }
                let expected = self.program.truths[self.conditions.len() - 1];
                self.guard(if expected { Op::GuardTrue } else { Op::GuardFalse }, &[condition])
            }
            Step::Calm => self.guard(Op::GuardCalm, &[]),
            Step::Call(name, arg) => {
                let id = self.builder.trace.add_call(callee(name));
                let args: Vec<Value> = arg.iter().map(|&arg| self.operand(arg)).collect();
                let ty = self.builder.trace.call(id).result;
                self.emit(Inst { ty, call: Some(id), ..Inst::new(Op::Call, &args) })
            }
            Step::Put(at, value) => {
                let value = self.operand(*value);
                let object = self.boxed(value, self.builder.trace.ty(value))?;
                self.put(*at, object)?;
                Ok(Value::NOTHING)
            }
            Step::PutLocal(at, local) => {
                let Local { ty, value } = self.locals[*local];
                let object = match value {
                    Some(value) => self.boxed(value, ty)?,
                    None => {
                        let object = self.word(*local)?;
                        // A recorder has seen its type.
                        self.unbox(object, ty)?;
                        self.op(Op::Incref, &[object])?;
                        object
                    }
                };
                self.put(*at, object)?;
                Ok(Value::NOTHING)
            }
            Step::Thing(at) => self.thing_at(*at),
            Step::Held(holder) => {
                let word = self.held(*holder)?;
                self.op(Op::Untag, &[word])
            }
            Step::GuardThing(thing, float) => {
                let thing = self.operand(*thing);
                let address = self.builder.trace.ptr(if *float { types().float } else { types().int });
                self.guard(Op::GuardType, &[thing, address])
            }
            Step::Same(a, b) => {
                let args = [self.operand(*a), self.operand(*b)];
                self.op(Op::Is, &args)
            }
            Step::Hold(holder, thing) => {
                let (thing, old) = (self.operand(*thing), self.held(*holder)?);
                self.guard(Op::GuardShared, &[old])?;
                self.op(Op::Incref, &[thing])?;
                let access = Access::word(Class::Slot, FRAME_LOCALS + 8 * (self.locals.len() + holder));
                self.emit(Inst::store(self.frame, thing, access))?;
                self.release(old)?;
                Ok(Value::NOTHING)
            }
            Step::PutThing(at, thing) => {
                let (thing, old) = (self.operand(*thing), self.thing_at(*at)?);
                self.guard(Op::GuardShared, &[old])?;
                self.op(Op::Incref, &[thing])?;
                let base = self.ptr(THINGS + at);
                self.emit(Inst::store(base, thing, Access::word(Class::Attr, 0)))?;
                self.release(old)?;
                Ok(Value::NOTHING)
            }
            Step::Take(thing) => {
                let thing = self.operand(*thing);
                self.op(Op::Incref, &[thing])?;
                self.taken.push(thing);
                Ok(Value::NOTHING)
            }
            Step::Release => {
                if let Some(&thing) = self.taken.last() {
                    self.guard(Op::GuardShared, &[thing])?;
                    self.taken.pop();
                    self.release(thing)?;
                }
                Ok(Value::NOTHING)
            }
            Step::Get(at, ty) => {
                let base = self.ptr(OBJECTS + at);
                let object = self.emit(Inst::load(Ty::Obj, base, Access::word(Class::Cell, 0)))?;
                self.unbox(object, *ty)
            }
        }
    }

    fn steps(&mut self) -> Result<(), Impossible> {
        self.ip = 0x10;
        for step in &self.program.steps {
            let value = self.step(step)?;
            self.regs.push(value);
        }
        Ok(())
    }

    /// Once through; the exit says what the conditions were.
    fn probe(mut self) -> Result<Trace, Impossible> {
        self.steps()?;
        let slots = self.conditions.iter().enumerate();
        let slots = slots.map(|(i, &value)| SlotState { index: i as u16, form: Form::Bool, value }).collect();
        let frame = FrameState { inlined: None, ip: 0, return_offset: 0, depth: 0, slots };
        let snapshot = self.builder.trace.add_snapshot(Snapshot { kind: ExitKind::Resume, frames: vec![frame] });
        self.emit(Inst::new(Op::Exit, &[]).at(snapshot))?;
        Ok(self.builder.trace)
    }

    /// A loop as it stands.
    fn plain(mut self) -> Result<Trace, Impossible> {
        for local in 0..self.locals.len() {
            let value = self.read(local)?;
            self.locals[local].value = Some(value);
        }
        self.op(Op::Loop, &[])?;
        for local in 0..self.locals.len() {
            let Local { ty, value } = self.locals[local];
            let phi = Inst { ty, ..Inst::new(Op::Phi, &[value.unwrap_or(Value::NOTHING)]) };
            self.locals[local].value = Some(self.emit(phi)?);
        }
        self.steps()?;
        let next: Vec<Value> = self.locals.iter().filter_map(|local| local.value).collect();
        self.op(Op::Jump, &next)?;
        Ok(self.builder.trace)
    }

    /// A recording of one round, and the locals that its end has out of memory.
    fn recorded(mut self) -> Result<(Builder, Vec<SlotState>), Impossible> {
        self.steps()?;
        let head = self.slots();
        Ok((self.builder, head))
    }

    /// One round, ended by an exit.
    fn straight(mut self) -> Result<Trace, Impossible> {
        self.steps()?;
        self.ip = 0x1000;
        self.guard(Op::Exit, &[])?;
        Ok(self.builder.trace)
    }
}

// ---- executing ----

/// How a run ended, and what it left.
#[derive(PartialEq, Eq, Debug)]
struct End {
    ip: usize,
    locals: Vec<String>,
    inlined: Vec<String>,
    words: Vec<u64>,
    objects: Vec<String>,
    things: Vec<String>,
    /// The references to each thing, once the frame is what it is said to be.
    counts: [isize; 4],
}

static VALID: u8 = 1;

fn execute(trace: &Trace, program: &Program, arena: &mut Arena, start: &[u64; WORDS]) -> (End, Vec<u64>) {
    *arena.words = *start;
    let counts = arena.things.counts();
    let before = arena.frame.clone();
    let state = thread();
    let machine = Machine {
        frame: arena.frame.as_mut_ptr().cast(),
        thread: state,
        valid: &raw const VALID,
        params: &[],
        fuel: 100_000,
    };
    // SAFETY: traces of programs touch only the arena and the frame.
    let outcome = unsafe { interp::run(trace, &machine) }.unwrap_or_else(|fault| panic!("{fault:?}\n{trace}"));
    let snapshot = trace.snapshot(outcome.snapshot);
    let mut values = outcome.values.iter();
    let mut text = |slot: &SlotState| {
        let bits = *values.next().expect("a value for each slot");
        match slot.form {
            Form::Int => format!("{:?}", Some(bits as i64)),
            Form::Float => show_float(f64::from_bits(bits)),
            Form::Bool => format!("{}", bits != 0),
            _ if arena.things.0.contains(&bits) => arena.things.name(bits),
            _ => number_at(bits),
        }
    };
    let base = &snapshot.frames[0];
    let holders = FRAME_LOCALS / 8 + program.locals.len();
    let mut held: Vec<u64> = arena.frame[holders..].to_vec();
    let mut after = arena.things.counts();
    let mut change = |word: u64, by: isize| {
        if let Some(i) = arena.things.0.iter().position(|&thing| thing == word & !1) {
            after[i] += by;
        }
    };
    let mut bits = outcome.values.iter();
    for slot in &base.slots {
        let bits = *bits.next().expect("a value for each slot");
        if matches!(slot.form, Form::Owned | Form::Shared) {
            change(bits, (slot.form == Form::Shared) as isize);
            if let Some(word) = held.get_mut((slot.index as usize).wrapping_sub(program.locals.len())) {
                change(*word, -1);
                *word = bits;
            }
        }
    }
    let mut locals: Vec<String> =
        (0..program.locals.len()).map(|i| number_at(arena.frame[FRAME_LOCALS / 8 + i])).collect();
    for slot in &base.slots {
        let text = text(slot);
        if let Some(local) = locals.get_mut(slot.index as usize) {
            *local = text;
        }
    }
    let inlined = snapshot.frames.get(1).map_or(Vec::new(), |frame| {
        text(&SlotState { index: 0, form: Form::Shared, value: Value::NOTHING });
        frame.slots.iter().map(&mut text).collect()
    });
    let canonical = |word: u64| if f64::from_bits(word).is_nan() { f64::NAN.to_bits() } else { word };
    let end = End {
        ip: base.ip,
        locals,
        inlined,
        words: arena.words[..OBJECTS].iter().map(|&word| canonical(word)).collect(),
        objects: arena.words[OBJECTS..THINGS].iter().map(|&word| number_at(word)).collect(),
        things: arena.words[THINGS..].iter().chain(&held).map(|&word| arena.things.name(word)).collect(),
        counts: after,
    };
    arena.frame = before;
    arena.things.restore(&counts);
    (end, outcome.values)
}

fn thread() -> *const thread::PyThreadState {
    thread_local! {
        static STATE: &'static thread::PyThreadState = thread::new_state();
    }
    STATE.with(|state| *state as *const _)
}

/// Numbers for the arena.
fn fill(rng: &mut Rng, arena: &Arena) -> [u64; WORDS] {
    let mut words = [0; WORDS];
    let base = arena.words.as_ptr() as u64;
    let block = |at: usize| base + at as u64 * 8;
    for (i, word) in words[..OTHERS].iter_mut().enumerate() {
        let start = if i < 4 { OTHERS } else { ITEMS };
        *word = block(start + if rng.chance(2) { BLOCK } else { 0 });
    }
    for word in &mut words[OTHERS..OBJECTS] {
        *word = if rng.chance(2) { rng.below(100) as u64 } else { rng.int() as u64 };
    }
    for word in &mut words[THINGS..] {
        *word = rng.pick(&arena.things.0);
    }
    for (i, word) in words[OBJECTS..THINGS].iter_mut().enumerate() {
        let float = (i < 8) != rng.chance(16);
        *word = if float { box_float(rng.float()) } else { box_int(rng.int() >> 8) };
    }
    words
}

fn local(rng: &mut Rng, ty: Ty, index: usize) -> u64 {
    match ty {
        _ if index == 0 => box_int(0),
        Ty::Int => box_int(if rng.chance(2) { rng.below(10) as i64 } else { rng.int() >> 5 }),
        Ty::Float => box_float(rng.float()),
        _ => bool_::as_object(rng.chance(2)).as_ptr() as u64,
    }
}

/// What came of one program.
#[derive(PartialEq, Eq, Debug)]
enum Verdict {
    Same,
    /// The first round does not go through.
    Unusable,
    Abandoned(Option<Abandoned>),
}

fn check(seed: u64, arena: &mut Arena) -> Verdict {
    let mut rng = Rng::new(seed);
    let mut program = make(&mut rng);
    let start = fill(&mut rng, arena);
    arena.frame = vec![0; FRAME_LOCALS / 8];
    for (i, &ty) in program.locals.iter().enumerate() {
        let word = local(&mut rng, ty, i);
        arena.frame.push(word);
    }
    for _ in 0..HOLDERS {
        let thing = rng.pick(&arena.things.0);
        arena.frame.push(thing);
    }
    // One reference for each place that holds one, and sometimes one more, so that the rest are never the last ones.
    let spare = rng.chance(2) as isize;
    let places = start[THINGS..].iter().chain(&arena.frame[FRAME_LOCALS / 8 + program.locals.len()..]);
    let places: Vec<u64> = places.copied().collect();
    let counts = arena.things.0.map(|thing| {
        let count = places.iter().filter(|&&place| place == thing).count() as isize;
        if count == 0 { spare } else { count - 1 + spare }
    });
    arena.things.restore(&counts);
    let base = arena.words.as_ptr() as usize;
    ARENA.store(arena.words.as_mut_ptr(), std::sync::atomic::Ordering::Relaxed);
    let Ok(probe) = Lower::new(&program, Mode::Probe, base).probe() else { return Verdict::Unusable };
    let (end, values) = execute(&probe, &program, arena, &start);
    if end.ip != 0 {
        return Verdict::Unusable;
    }
    program.truths = values.iter().map(|&bits| bits != 0).collect();

    let Ok(plain) = Lower::new(&program, Mode::Plain, base).plain() else { return Verdict::Unusable };
    verify(&plain).unwrap_or_else(|message| panic!("seed {seed}: {message}\n{plain}"));
    let (expected, _) = execute(&plain, &program, arena, &start);

    let Ok(once) = Lower::new(&program, Mode::Plain, base).straight() else { return Verdict::Unusable };
    let (expected_once, _) = execute(&once, &program, arena, &start);
    let mut ended = Lower::new(&program, Mode::Recorded, base);
    if ended.steps().is_err() {
        panic!("seed {seed}: a guard that held cannot hold\n{plain}");
    }
    ended.ip = 0x1000;
    let exit = ended.snapshot();
    let _ = ended.builder.emit(Inst::new(Op::Exit, &[]).at(exit));
    let straight = finish(ended.builder);
    verify(&straight).unwrap_or_else(|message| panic!("seed {seed}: {message}\n{straight}"));
    let (found, _) = execute(&straight, &program, arena, &start);
    assert_eq!(expected_once, found, "seed {seed}, once\n{once}\n{straight}");

    let Ok((recorded, head)) = Lower::new(&program, Mode::Recorded, base).recorded() else { return Verdict::Unusable };
    let closed = match close_loop(recorded, &head) {
        Ok(closed) => closed,
        Err(reason) => return Verdict::Abandoned(Some(reason)),
    };
    verify(&closed).unwrap_or_else(|message| panic!("seed {seed}: {message}\n{closed}"));
    let (found, _) = execute(&closed, &program, arena, &start);
    assert_eq!(expected, found, "seed {seed}\n{:?}\n{plain}\n{closed}", program.steps);
    Verdict::Same
}

#[test]
fn random_loops() {
    let from_env = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let (first, count) = (from_env("RPY_SEED").unwrap_or(0), from_env("RPY_COUNT").unwrap_or(3000));
    let mut arena = Arena { words: Box::new([0; WORDS]), frame: Vec::new(), things: Things::new() };
    let (mut same, mut abandoned, mut unusable) = (0, 0, 0);
    for seed in first..first + count {
        match check(seed, &mut arena) {
            Verdict::Same => same += 1,
            Verdict::Abandoned(_) => abandoned += 1,
            Verdict::Unusable => unusable += 1,
        }
    }
    println!("{same} loops are the same, {abandoned} were not closed, {unusable} did not get through a round");
    assert!(count < 100 || same * 3 > count, "{same} of {count} loops could be compared");
}
