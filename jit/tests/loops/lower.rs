//! Programs as traces.

use rpy_jit::ir::{
    Access, Class, ExitKind, Form, FrameState, Inlined, Inst, Op, SlotState, Snapshot, SnapshotId, Trace, Ty, Value,
};
use rpy_jit::opt::Builder;
use rpy_vm::layout::FRAME_LOCALS;
use rpy_vm::types::bool_;

use super::memory::{ITEMS, OBJECTS, OTHERS, POINTERS, THINGS, box_int, callee, types};
use super::program::{Operand, Place, Program, Step};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Straight through, guards left out, their conditions in the snapshot of the exit.
    Probe,
    /// A loop with a phi for each local.
    Plain,
    /// Through the builder.
    Recorded,
}

#[derive(Clone, Copy)]
pub struct Local {
    pub ty: Ty,
    /// Nothing while it is only in the frame's memory.
    pub value: Option<Value>,
}

pub struct Lower<'p> {
    pub program: &'p Program,
    pub mode: Mode,
    pub builder: Builder,
    pub arena: usize,
    pub frame: Value,
    pub locals: Vec<Local>,
    pub regs: Vec<Value>,
    pub conditions: Vec<Value>,
    /// References that the trace owns.
    pub taken: Vec<Value>,
    /// The address that snapshots bear, one for each guard.
    pub ip: usize,
}

/// A guard that cannot hold.
pub struct Impossible;

pub fn form(ty: Ty) -> Form {
    match ty {
        Ty::Int => Form::Int,
        Ty::Float => Form::Float,
        Ty::Bool => Form::Bool,
        _ => Form::Shared,
    }
}

impl<'p> Lower<'p> {
    pub fn new(program: &'p Program, mode: Mode, arena: usize) -> Lower<'p> {
        let mut builder = Builder::new(types());
        let frame = builder.trace.push(Inst::new(Op::Frame, &[]));
        let locals = program.locals.iter().map(|&ty| Local { ty, value: None }).collect();
        Lower { program, mode, builder, arena, frame, locals, regs: vec![], conditions: vec![], taken: vec![], ip: 0 }
    }

    pub fn emit(&mut self, inst: Inst) -> Result<Value, Impossible> {
        match self.mode {
            Mode::Recorded => self.builder.emit(inst).map_err(|_| Impossible),
            _ => Ok(self.builder.trace.push(inst)),
        }
    }

    pub fn op(&mut self, op: Op, args: &[Value]) -> Result<Value, Impossible> {
        self.emit(Inst::new(op, args))
    }

    pub fn guard(&mut self, op: Op, args: &[Value]) -> Result<Value, Impossible> {
        let snapshot = self.snapshot();
        self.emit(Inst::new(op, args).at(snapshot))
    }

    pub fn snapshot(&mut self) -> SnapshotId {
        let mut frames = vec![FrameState {
            inlined: None,
            address: None,
            memory_depth: 0,
            ip: self.ip,
            return_offset: 0,
            depth: 0,
            slots: self.slots(),
        }];
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
            frames.push(FrameState {
                inlined,
                address: None,
                memory_depth: 0,
                ip: self.ip,
                return_offset: 0,
                depth: 0,
                slots,
            });
        }
        self.builder.trace.add_snapshot(Snapshot {
            kind: ExitKind::Resume,
            frames,
            virtuals: Vec::new(),
            stores: Vec::new(),
        })
    }

    pub fn slots(&self) -> Vec<SlotState> {
        let kept = self.locals.iter().enumerate().filter_map(|(i, local)| {
            let value = local.value?;
            Some(SlotState { index: i as u16, form: form(local.ty), value })
        });
        let taken = self.taken.iter().enumerate();
        let taken = taken.map(|(i, &value)| SlotState { index: 1000 + i as u16, form: Form::Owned, value });
        kept.chain(taken).collect()
    }

    /// Releases a reference that is not the last one.
    pub fn release(&mut self, word: Value) -> Result<(), Impossible> {
        self.op(Op::CloseShared, &[word])?;
        Ok(())
    }

    pub fn thing_at(&mut self, at: usize) -> Result<Value, Impossible> {
        let base = self.ptr(THINGS + at);
        self.emit(Inst::load(Ty::Obj, base, Access::word(Class::Attr, 0)))
    }

    /// The word of a local that holds a thing.
    pub fn held(&mut self, holder: usize) -> Result<Value, Impossible> {
        let access = Access::word(Class::Slot, FRAME_LOCALS + 8 * (self.locals.len() + holder));
        self.emit(Inst::load(Ty::Obj, self.frame, access))
    }

    pub fn operand(&mut self, operand: Operand) -> Value {
        match operand {
            Operand::Reg(i) => self.regs[i],
            Operand::Int(value) => self.builder.trace.int(value),
            Operand::Float(value) => self.builder.trace.float(value),
            Operand::Bool(value) => self.builder.trace.bool(value),
        }
    }

    pub fn ptr(&mut self, word: usize) -> Value {
        self.builder.trace.ptr(self.arena + word * 8)
    }

    /// The object in a local's memory.
    pub fn word(&mut self, local: usize) -> Result<Value, Impossible> {
        let access = Access::word(Class::Slot, FRAME_LOCALS + 8 * local);
        let word = self.emit(Inst::load(Ty::Obj, self.frame, access))?;
        self.op(Op::Untag, &[word])
    }

    pub fn unbox(&mut self, object: Value, ty: Ty) -> Result<Value, Impossible> {
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

    pub fn read(&mut self, local: usize) -> Result<Value, Impossible> {
        if let Some(value) = self.locals[local].value {
            return Ok(value);
        }
        let object = self.word(local)?;
        self.unbox(object, self.locals[local].ty)
    }

    pub fn access(&mut self, place: Place) -> (Value, Option<Value>, Access) {
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

    pub fn put(&mut self, at: usize, object: Value) -> Result<(), Impossible> {
        let base = self.ptr(OBJECTS + at);
        let access = Access::word(Class::Cell, 0);
        let old = self.emit(Inst::load(Ty::Obj, base, access))?;
        self.emit(Inst::store(base, object, access))?;
        // One reference of each object is never given back: see `number_at`.
        self.op(Op::Incref, &[old])?;
        self.op(Op::DecrefInert, &[old])?;
        Ok(())
    }

    pub fn boxed(&mut self, value: Value, ty: Ty) -> Result<Value, Impossible> {
        self.op(if ty == Ty::Int { Op::BoxInt } else { Op::BoxFloat }, &[value])
    }

    pub fn step(&mut self, step: &Step) -> Result<Value, Impossible> {
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

    pub fn steps(&mut self) -> Result<(), Impossible> {
        self.ip = 0x10;
        for step in &self.program.steps {
            let value = self.step(step)?;
            self.regs.push(value);
        }
        Ok(())
    }

    /// Once through; the exit says what the conditions were.
    pub fn probe(mut self) -> Result<Trace, Impossible> {
        self.steps()?;
        let slots = self.conditions.iter().enumerate();
        let slots = slots.map(|(i, &value)| SlotState { index: i as u16, form: Form::Bool, value }).collect();
        let frame =
            FrameState { inlined: None, address: None, memory_depth: 0, ip: 0, return_offset: 0, depth: 0, slots };
        let snapshot = self.builder.trace.add_snapshot(Snapshot {
            kind: ExitKind::Resume,
            frames: vec![frame],
            virtuals: Vec::new(),
            stores: Vec::new(),
        });
        self.emit(Inst::new(Op::Exit, &[]).at(snapshot))?;
        Ok(self.builder.trace)
    }

    /// A loop as it stands.
    pub fn plain(mut self) -> Result<Trace, Impossible> {
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
    pub fn recorded(mut self) -> Result<(Builder, Vec<SlotState>), Impossible> {
        self.steps()?;
        let head = self.slots();
        Ok((self.builder, head))
    }

    /// One round, ended by an exit.
    pub fn straight(mut self) -> Result<Trace, Impossible> {
        self.steps()?;
        self.ip = 0x1000;
        self.guard(Op::Exit, &[])?;
        Ok(self.builder.trace)
    }
}
