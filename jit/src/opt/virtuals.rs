//! Objects that are never made.
//!
//! An instance, a tuple or the box of a number that the trace makes, and that dies before anybody else gets to see it, needs no
//! memory: what it holds are values of the trace. Snapshots say what such a *virtual* object holds, so that it can be made where
//! the trace ends. An object that is stored into memory in the end, or passed to a function, is made there, and not before.
//!
//! The pass works on a finished trace, in which loads of fields have been replaced by what was stored (see `fresh`). A walk
//! writes the new trace and simulates the virtual objects: their fields, and the number of references, which are all the
//! trace's or those of other virtual objects. Whatever a virtual object is used for that the walk does not know makes it
//! real, right before.
//!
//! # Over the loop's head
//!
//! A virtual object that a phi begins with stays virtual, and the phi becomes one for each field: its number, if the field is
//! a virtual box, or its object. At the jump, the object for the next round must be a virtual one of the same kind, with as
//! many references and the same fields. If it is not, the walk begins anew, and the phi carries real objects.

use super::builder::KnownTypes;
use super::{counts, dce};
use crate::hash::FastMap;
use crate::ir::call::{CallEffect, Made};
use crate::ir::{
    Access, CallId, Class, Effect, Form, Inst, Op, SlotState, Snapshot, SnapshotId, Trace, Ty, Value, Virtual, Width,
};
use rpy_vm::layout;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Made(Made),
    /// The box of a number.
    Box(Op),
}

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// A value of the new trace. `inert`: surely a number or string, or an object that the trace keeps.
    Value { value: Value, inert: bool },
    /// An object that is virtual, or was.
    Object(usize),
}

/// A virtual object during the walk.
#[derive(Clone)]
struct Object {
    kind: Kind,
    /// The instruction that made it, or its predecessor in the first round.
    origin: usize,
    /// References to it.
    count: u32,
    /// The attrs word of an instance.
    attrs: u64,
    /// By position in words (items: from 0), in ascending order. A box holds its number.
    fields: Vec<(u16, Content)>,
}

/// Leaves out objects that need not exist.
pub fn run(trace: Trace, types: &KnownTypes) -> Trace {
    if !trace.insts.iter().any(|inst| kind(&trace, inst).is_some()) {
        return trace;
    }
    let facts = Facts::new(&trace, types);
    let mut real = vec![false; trace.insts.len()];
    loop {
        match Walk::new(&trace, &facts, &real).run() {
            Ok(mut new) => {
                // What objects held may have been counted for nothing.
                let needless = counts::run(&mut new, None, types.is_stable);
                return dce::clean(new, &needless);
            }
            Err(Mismatch { phi }) => real[phi] = true,
        }
    }
}

/// What an instruction makes that may be virtual.
fn kind(trace: &Trace, inst: &Inst) -> Option<Kind> {
    match inst.op {
        Op::BoxInt | Op::BoxFloat => Some(Kind::Box(inst.op)),
        Op::Call => match inst.call.map(|id| trace.call(id).effect) {
            Some(CallEffect::New(made)) => Some(Kind::Made(made)),
            _ => None,
        },
        _ => None,
    }
}

/// What is known about the values of the whole trace.
struct Facts {
    /// Exact types that a guard shows somewhere.
    types: FastMap<Value, u64>,
    inert: [u64; 3],
    /// The instructions before the loop whose values the loop uses otherwise than by one phi that begins with them.
    carried: Vec<bool>,
}

impl Facts {
    fn new(trace: &Trace, types: &KnownTypes) -> Facts {
        let guards = trace.insts.iter().filter(|inst| inst.op == Op::GuardType);
        let types_of = guards.filter_map(|inst| Some((inst.args[0], trace.as_const(inst.args[1])?.bits)));
        let inert = [types.int as u64, types.float as u64, types.bool as u64];
        Facts { types: types_of.collect(), inert, carried: carried(trace) }
    }
}

/// See [`Facts::carried`].
fn carried(trace: &Trace) -> Vec<bool> {
    let mut carried = vec![false; trace.insts.len()];
    let Some(head) = trace.loop_start() else { return carried };
    let mut begun = vec![false; head];
    for inst in &trace.insts[head..] {
        let mut see = |value: Value| {
            if let Some(i) = value.inst().filter(|&i| i < head) {
                carried[i] |= inst.op != Op::Phi || core::mem::replace(&mut begun[i], true);
            }
        };
        inst.args.iter().copied().for_each(&mut see);
        if let Some(id) = inst.snapshot {
            trace.snapshot(id).each_value(see);
        }
    }
    carried
}

/// A phi that cannot carry virtual objects.
struct Mismatch {
    phi: usize,
}

/// What a phi of the new trace goes on with.
enum Next {
    /// Operand of the old jump.
    Operand(usize),
    /// A field of the object that this operand is, which the phi carries.
    Field { operand: usize, field: usize, number: Option<Op>, inert: bool },
}

struct Walk<'t> {
    old: &'t Trace,
    facts: &'t Facts,
    /// Phis that do not carry virtual objects.
    real: &'t [bool],
    new: Trace,
    /// The new values of the old ones, and of further objects.
    names: Vec<Value>,
    /// The objects that are virtual at present.
    objects: FastMap<usize, Object>,
    /// What the new phis go on with, and which old ones carry a virtual object.
    next: Vec<Next>,
    phis: Vec<(usize, Object)>,
    /// Changes with the virtual objects.
    version: u32,
    snapshots: FastMap<(SnapshotId, u32), SnapshotId>,
}

impl<'t> Walk<'t> {
    fn new(old: &'t Trace, facts: &'t Facts, real: &'t [bool]) -> Walk<'t> {
        Walk {
            old,
            facts,
            real,
            new: old.without_code(),
            names: vec![Value::NOTHING; old.insts.len()],
            objects: FastMap::default(),
            next: Vec::new(),
            phis: Vec::new(),
            version: 0,
            snapshots: FastMap::default(),
        }
    }

    fn run(mut self) -> Result<Trace, Mismatch> {
        for (at, inst) in self.old.insts.iter().enumerate() {
            match inst.op {
                Op::Loop => self.head(at),
                Op::Phi => self.phi(at, inst),
                Op::Jump => self.jump(inst)?,
                _ => self.step(at, inst),
            }
        }
        Ok(self.new)
    }

    fn virtual_of(&self, value: Value) -> Option<usize> {
        value.inst().filter(|i| self.objects.contains_key(i))
    }

    fn name(&self, value: Value) -> Value {
        value.inst().map_or(value, |i| self.names[i])
    }

    /// A value of the old trace as what a field holds.
    fn content(&self, value: Value) -> Content {
        if let Some(object) = self.virtual_of(value) {
            return Content::Object(object);
        }
        let made = value.inst().map(|i| self.old.insts[i].op);
        let inert = value.is_const()
            || matches!(made, Some(Op::BoxBool | Op::BoxInt | Op::BoxFloat | Op::RecycleFloat))
            || self.facts.types.get(&value).is_some_and(|ty| self.facts.inert.contains(ty));
        Content::Value { value: self.name(value), inert }
    }

    /// What a field holds now: objects may have become real.
    fn settled(&self, content: Content) -> Content {
        match content {
            Content::Object(object) => match self.objects.get(&object) {
                Some(_) => content,
                None => {
                    let value = self.names[object];
                    let made = value.inst().map(|i| self.new.insts[i].op);
                    Content::Value { value, inert: matches!(made, Some(Op::BoxInt | Op::BoxFloat)) }
                }
            },
            value => value,
        }
    }

    // ---- the loop ----

    /// The loop's head: what the loop uses of before has to exist, but for what phis carry.
    fn head(&mut self, at: usize) {
        let mut due: Vec<usize> = self.objects.keys().copied().filter(|&object| self.facts.carried[object]).collect();
        due.sort_unstable();
        due.into_iter().for_each(|object| self.make(object));
        for at in at + 1..self.old.insts.len() {
            let inst = &self.old.insts[at];
            if inst.op != Op::Phi {
                break;
            }
            if let Some(object) = self.virtual_of(inst.args[0]).filter(|&object| !self.can_carry(at, object)) {
                self.make(object);
            }
        }
        self.new.push(Inst::new(Op::Loop, &[]));
        // From here on, snapshots are those of the body.
        self.version += 1;
    }

    /// Can the phi carry the object's fields? Objects in it, other than boxes of numbers, would have to be carried, too.
    fn can_carry(&self, phi: usize, object: usize) -> bool {
        let object = &self.objects[&object];
        !self.real[phi]
            && matches!(object.kind, Kind::Made(_))
            && object.fields.iter().all(|&(_, content)| match self.settled(content) {
                Content::Object(part) => {
                    self.objects[&part].count == 1 && matches!(self.objects[&part].kind, Kind::Box(_))
                }
                Content::Value { .. } => true,
            })
    }

    fn phi(&mut self, at: usize, inst: &Inst) {
        let operand = at - self.old.loop_start().unwrap_or(0) - 1;
        let Some(first) = self.virtual_of(inst.args[0]) else {
            let first = self.name(inst.args[0]);
            self.names[at] = self.new.push(Inst { args: [first].into_iter().collect(), ..inst.clone() });
            self.next.push(Next::Operand(operand));
            return;
        };
        let Some(mut object) = self.objects.remove(&first) else { return };
        for (field, (_, content)) in object.fields.iter_mut().enumerate() {
            let (first, number, inert) = match self.settled(*content) {
                Content::Value { value, inert } => (value, None, inert),
                Content::Object(part) => match self.objects.remove(&part) {
                    Some(Object { kind: Kind::Box(op), fields, .. }) => match fields.first() {
                        Some(&(_, Content::Value { value, .. })) => (value, Some(op), true),
                        _ => continue,
                    },
                    _ => continue,
                },
            };
            let phi = Inst { ty: self.new.ty(first), ..Inst::new(Op::Phi, &[first]) };
            let value = self.new.push(phi);
            self.next.push(Next::Field { operand, field, number, inert });
            *content = match number {
                None => Content::Value { value, inert },
                Some(op) => {
                    let part = self.names.len();
                    self.names.push(Value::NOTHING);
                    let fields = vec![(0, Content::Value { value, inert: true })];
                    self.objects.insert(part, Object { kind: Kind::Box(op), origin: part, count: 1, attrs: 0, fields });
                    Content::Object(part)
                }
            };
        }
        self.version += 1;
        self.phis.push((at, object.clone()));
        self.objects.insert(at, object);
    }

    fn jump(&mut self, inst: &Inst) -> Result<(), Mismatch> {
        let head = self.old.loop_start().unwrap_or(0);
        // What was carried into this round is carried into the next one.
        let mut carried: FastMap<usize, usize> = FastMap::default();
        for (phi, before) in core::mem::take(&mut self.phis) {
            let operand = phi - head - 1;
            let found =
                self.virtual_of(inst.args[operand]).filter(|object| carried.values().all(|other| other != object));
            let Some(object) = found.filter(|object| self.is_like(&self.objects[object], &before)) else {
                return Err(Mismatch { phi });
            };
            carried.insert(operand, object);
        }
        // The rest are real; and so is what objects hold where a phi carries an object.
        for (operand, &value) in inst.args.iter().enumerate() {
            if let Some(object) = self.virtual_of(value).filter(|_| !carried.contains_key(&operand)) {
                if let Some((&operand, _)) = carried.iter().find(|(_, other)| **other == object) {
                    return Err(Mismatch { phi: head + 1 + operand });
                }
                self.make(object);
            }
        }
        let next = core::mem::take(&mut self.next);
        for entry in &next {
            if let Next::Field { operand, field, number: None, .. } = *entry
                && let Content::Object(part) = self.objects[&carried[&operand]].fields[field].1
            {
                self.make(part);
            }
        }
        let mut args = Vec::with_capacity(next.len());
        for entry in &next {
            args.push(match *entry {
                Next::Operand(operand) => self.name(inst.args[operand]),
                Next::Field { operand, field, number, inert } => {
                    let mismatch = Mismatch { phi: head + 1 + operand };
                    let content = self.settled(self.objects[&carried[&operand]].fields[field].1);
                    match (number, content) {
                        (None, Content::Value { value, inert: now }) if now || !inert => value,
                        (Some(op), Content::Object(part)) => match self.objects.get(&part) {
                            Some(Object { kind: Kind::Box(found), count: 1, fields, .. }) if *found == op => {
                                match fields.first() {
                                    Some(&(_, Content::Value { value, .. })) => value,
                                    _ => return Err(mismatch),
                                }
                            }
                            _ => return Err(mismatch),
                        },
                        _ => return Err(mismatch),
                    }
                }
            });
        }
        self.new.push(Inst::new(Op::Jump, &args));
        Ok(())
    }

    /// Can one object follow the other?
    fn is_like(&self, object: &Object, before: &Object) -> bool {
        let class = |object: &Object| match object.kind {
            Kind::Made(Made::Instance) => self.old.insts[object.origin].args.first().copied(),
            _ => None,
        };
        object.kind == before.kind
            && class(object) == class(before)
            && object.count == before.count
            && object.attrs == before.attrs
            && object.fields.iter().map(|field| field.0).eq(before.fields.iter().map(|field| field.0))
    }

    // ---- one instruction ----

    fn step(&mut self, at: usize, inst: &Inst) {
        if let Some(kind) = kind(self.old, inst) {
            let is_instance = kind == Kind::Made(Made::Instance);
            let args = inst.args.iter().filter(|_| !is_instance);
            let fields = args.enumerate().map(|(i, &arg)| (i as u16, self.content(arg))).collect();
            let attrs = inst.args.get(1).filter(|_| is_instance).and_then(|&word| self.old.as_const(word));
            let attrs = attrs.map_or(0, |constant| constant.bits);
            self.objects.insert(at, Object { kind, origin: at, count: 1, attrs, fields });
            self.version += 1;
            return;
        }
        if let Some(object) = inst.args.first().and_then(|&arg| self.virtual_of(arg)) {
            match inst.op {
                Op::Store if self.store(object, inst) => return,
                Op::Incref => return self.count(object, 1),
                op if is_release(op) => return self.count(object, -1),
                Op::GuardShared if self.objects[&object].count > 1 => return,
                Op::GuardNonNull => return,
                Op::UnboxInt | Op::UnboxFloat if matches!(self.objects[&object].kind, Kind::Box(_)) => {
                    if let Some(&(_, Content::Value { value, .. })) = self.objects[&object].fields.first() {
                        self.names[at] = value;
                        return;
                    }
                }
                _ => {}
            }
        }
        for &arg in &inst.args {
            if let Some(object) = self.virtual_of(arg) {
                self.make(object);
            }
        }
        if let Some(id) = inst.snapshot.filter(|_| inst.op == Op::Call) {
            // The callee may look at variables, and keep what it finds.
            self.expose(id);
        }
        let mut inst = inst.clone();
        for arg in &mut inst.args {
            *arg = self.name(*arg);
        }
        inst.snapshot = inst.snapshot.map(|id| self.snapshot(id));
        self.names[at] = self.new.push(inst);
    }

    /// A store into a virtual object. False if it is none of a whole field.
    fn store(&mut self, index: usize, inst: &Inst) -> bool {
        let (Some(access), value) = (inst.access, inst.args[1]) else { return false };
        let content = self.content(value);
        let cyclic = self.virtual_of(value).is_some_and(|part| self.reaches(part, index));
        let Some(object) = self.objects.get_mut(&index) else { return false };
        if access.width != Width::W64 || cyclic || object.kind != Kind::Made(Made::Instance) {
            return false;
        }
        match access.class {
            Class::Shape if access.offset == layout::ATTRS_WORD as i32 => match self.old.as_const(value) {
                Some(word) => object.attrs = word.bits,
                None => return false,
            },
            Class::Attr if access.offset >= 0 && access.offset % 8 == 0 && self.old.ty(value) == Ty::Obj => {
                let position = (access.offset / 8) as u16;
                match object.fields.binary_search_by_key(&position, |field| field.0) {
                    Ok(i) => object.fields[i].1 = content,
                    Err(i) => object.fields.insert(i, (position, content)),
                }
            }
            _ => return false,
        }
        self.version += 1;
        true
    }

    /// Does one virtual object hold the other?
    fn reaches(&self, from: usize, to: usize) -> bool {
        let fields = self.objects.get(&from).map_or(&[][..], |object| &object.fields);
        from == to || fields.iter().any(|&(_, part)| matches!(part, Content::Object(part) if self.reaches(part, to)))
    }

    /// References come and go; with the last one, what the object holds.
    fn count(&mut self, index: usize, by: i32) {
        let Some(object) = self.objects.get_mut(&index) else { return };
        object.count = object.count.saturating_add_signed(by);
        self.version += 1;
        if object.count > 0 {
            return;
        }
        let Some(object) = self.objects.remove(&index) else { return };
        if matches!(object.kind, Kind::Box(_) | Kind::Made(Made::Range)) {
            return;
        }
        let mut contents: Vec<Content> = object.fields.into_iter().map(|(_, content)| content).collect();
        if object.kind == Kind::Made(Made::Tuple) {
            // A tuple lets go of its last item first, which finalizers tell.
            contents.reverse();
        }
        for content in contents {
            match self.settled(content) {
                Content::Object(part) => self.count(part, -1),
                Content::Value { value, inert } => self.release(value, inert),
            }
        }
    }

    /// Gives back a reference to what a virtual object held.
    fn release(&mut self, value: Value, inert: bool) {
        let op = match self.new.as_const(value) {
            Some(constant) if constant.bits & !1 == 0 => return,
            // The trace keeps its constants.
            Some(_) => Op::CloseShared,
            None if value.inst().is_some_and(|i| self.new.insts[i].op == Op::BoxBool) => return,
            None if inert => Op::DecrefInert,
            None => Op::Decref,
        };
        self.new.push(Inst::new(op, &[value]));
    }

    /// Makes an object that was virtual so far, and what it holds.
    fn make(&mut self, index: usize) {
        let Some(object) = self.objects.remove(&index) else { return };
        self.version += 1;
        let mut fields = Vec::with_capacity(object.fields.len());
        for &(position, content) in &object.fields {
            if let Content::Object(part) = content {
                self.make(part);
            }
            if let Content::Value { value, .. } = self.settled(content) {
                fields.push((position, value));
            }
        }
        let values = fields.iter().map(|&(_, value)| value);
        let made = match object.kind {
            Kind::Box(op) => Inst { args: values.collect(), ..Inst::new(op, &[]) },
            Kind::Made(Made::Tuple | Made::Range) => {
                Inst { args: values.collect(), ..self.old.insts[object.origin].clone() }
            }
            Kind::Made(Made::Instance) => {
                let inst = &self.old.insts[object.origin];
                let attrs = self.new.ptr(object.attrs as usize);
                let call = Some(self.surely(inst.call));
                Inst { call, args: [inst.args[0], attrs].into_iter().collect(), ..inst.clone() }
            }
        };
        let value = self.new.push(made);
        self.names[index] = value;
        if object.kind == Kind::Made(Made::Instance) {
            for (position, field) in fields {
                self.new.push(Inst::store(value, field, Access::word(Class::Attr, 8 * position as usize)));
            }
        }
        for _ in 1..object.count {
            self.new.push(Inst::new(Op::Incref, &[value]));
        }
    }

    /// The callee that makes an instance where the trace cannot end for want of memory.
    fn surely(&mut self, call: Option<CallId>) -> CallId {
        let id = call.unwrap_or(CallId(0));
        let mut info = *self.old.call(id);
        if info.address == crate::runtime::instance::new_instance as *const () as usize {
            info = crate::runtime::table::SURE_INSTANCE.into();
        }
        self.new.add_call(info)
    }

    // ---- snapshots ----

    /// Objects that a snapshot mentions have to exist.
    fn expose(&mut self, id: SnapshotId) {
        let slots = self.old.snapshot(id).frames.iter().flat_map(|frame| &frame.slots);
        for value in slots.filter(|slot| slot.form.has_value()).map(|slot| slot.value) {
            let is_box = |object: &usize| matches!(self.objects[object].kind, Kind::Box(_));
            if let Some(object) = self.virtual_of(value).filter(|object| !is_box(object)) {
                self.make(object);
            }
        }
    }

    /// The snapshot with the virtual objects that it mentions.
    fn snapshot(&mut self, id: SnapshotId) -> SnapshotId {
        let old = self.old.snapshot(id);
        // The same again, unless what it mentions has changed.
        let mut changes = false;
        if !self.objects.is_empty() {
            old.each_value(|value| changes |= self.virtual_of(value).is_some());
        }
        let version = if changes { self.version } else { u32::MAX };
        if let Some(&known) = self.snapshots.get(&(id, version)) {
            return known;
        }
        let mut snapshot =
            Snapshot { kind: old.kind, frames: Vec::new(), virtuals: Vec::new(), stores: old.stores.clone() };
        let mut numbers = FastMap::default();
        for frame in &old.frames {
            let mut frame = frame.clone();
            if let Some(inlined) = &mut frame.inlined {
                inlined.function = self.name(inlined.function);
            }
            frame.address = frame.address.map(|address| self.name(address));
            for slot in frame.slots.iter_mut().filter(|slot| slot.form.has_value()) {
                match self.virtual_of(slot.value) {
                    Some(object) => {
                        self.fill(slot, Content::Object(object), &mut snapshot.virtuals, &mut numbers);
                    }
                    None => slot.value = self.name(slot.value),
                }
            }
            snapshot.frames.push(frame);
        }
        let new = self.new.add_snapshot(snapshot);
        self.snapshots.insert((id, version), new);
        new
    }

    /// Says that a slot holds this. False if it is empty.
    fn fill(
        &mut self,
        slot: &mut SlotState,
        content: Content,
        virtuals: &mut Vec<Virtual>,
        numbers: &mut FastMap<usize, usize>,
    ) -> bool {
        let index = match self.settled(content) {
            Content::Value { value, .. } => {
                // The trace keeps its constants; a reference to them was taken for the object that holds them.
                slot.value = value;
                return self.new.as_const(value).is_none_or(|constant| constant.bits != 0);
            }
            Content::Object(index) => index,
        };
        let object = self.objects[&index].clone();
        let made = match (object.kind, object.fields.first()) {
            (Kind::Made(made), _) => made,
            (Kind::Box(op), Some(&(_, Content::Value { value, .. }))) => {
                slot.form = if op == Op::BoxFloat { Form::Float } else { Form::Int };
                slot.value = value;
                return true;
            }
            (Kind::Box(_), _) => return false,
        };
        let number = match numbers.get(&index) {
            Some(&number) => number,
            None => {
                let number = virtuals.len();
                numbers.insert(index, number);
                let class = match made {
                    Made::Instance => self.old.as_const(self.old.insts[object.origin].args[0]).map_or(0, |c| c.bits),
                    Made::Tuple | Made::Range => 0,
                };
                let (class, attrs) = (class as usize, object.attrs as usize);
                virtuals.push(Virtual { made, class, attrs, fields: Vec::new() });
                let mut fields = Vec::with_capacity(object.fields.len());
                for (index, content) in object.fields {
                    let mut field = SlotState { index, form: Form::Owned, value: Value::NOTHING };
                    if let (Made::Range, Content::Value { value, .. }) = (made, content) {
                        fields.push(SlotState { form: Form::Int, value, ..field });
                    } else if self.fill(&mut field, content, virtuals, numbers) {
                        fields.push(field);
                    }
                }
                virtuals[number].fields = fields;
                number
            }
        };
        slot.form = Form::Virtual;
        slot.value = self.new.int(number as i64);
        true
    }
}

/// Does it release a reference to its operand?
fn is_release(op: Op) -> bool {
    op.effect() == Effect::Count && op != Op::Incref
}
