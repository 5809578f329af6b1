//! Objects that the trace has made, and that nobody else knows of yet.
//!
//! Such an object is *fresh*: it is nowhere in memory but in other fresh objects, so no call can change it, no store to
//! another object touches it, and its reference count is known ([`Fact::fresh`]). What it holds is noted here, so loads of its
//! fields need no memory. It *escapes* where it is stored into other memory, passed to a function, or used in any way that is not
//! known here; then it is an object like others.
//!
//! Where the last reference to a fresh object goes, its end is what happens to what it holds: if that are numbers, other
//! fresh objects, or constants, it disturbs nothing.
//!
//! All this lets the pass `virtuals` leave out the objects that never escape.
//!
//! [`Fact::fresh`]: super::facts::Fact::fresh

use smallvec::SmallVec;

use super::Contradiction;
use super::builder::{Builder, PassResult, Step};
use super::facts::Fact;
use crate::hash::FastMap;
use crate::ir::call::{CallEffect, Made};
use crate::ir::{Access, Class, Inst, Op, SnapshotId, Ty, Value, Width};
use rpy_vm::layout;

/// What a fresh object holds.
#[derive(Clone, Debug)]
pub struct Contents {
    made: Made,
    /// The attrs word of an instance, once there is one.
    attrs: Option<Value>,
    /// Items and slots by their offsets in bytes; empty slots are not here.
    fields: SmallVec<[(i32, Value); 4]>,
}

/// What all fresh objects hold.
pub type FreshObjects = FastMap<Value, Contents>;

impl Contents {
    fn get(&self, offset: i32) -> Option<Value> {
        self.fields.iter().find(|(at, _)| *at == offset).map(|&(_, value)| value)
    }

    fn set(&mut self, offset: i32, value: Value) {
        match self.fields.iter_mut().find(|(at, _)| *at == offset) {
            Some(field) => field.1 = value,
            None => self.fields.push((offset, value)),
        }
    }

    /// Does another object hold the counterparts of this one's fields?
    pub fn matches(&self, other: &Contents, next: impl Fn(Value) -> Value) -> bool {
        self.made == other.made
            && self.attrs.map(&next) == other.attrs
            && self.fields.len() == other.fields.len()
            && self.fields.iter().all(|&(offset, value)| other.get(offset) == Some(next(value)))
    }

    /// The values of the fields.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        self.fields.iter().map(|&(_, value)| value)
    }
}

/// What a call makes.
pub fn made(b: &Builder, inst: &Inst) -> Option<Made> {
    match inst.call.map(|id| b.trace.call(id).effect) {
        Some(CallEffect::New(made)) if inst.op == Op::Call => Some(made),
        _ => None,
    }
}

/// Is this a whole attribute slot or item?
fn is_field(access: Access) -> bool {
    access.width == Width::W64 && matches!(access.class, Class::Attr | Class::Fixed)
}

fn is_attrs_word(access: Access) -> bool {
    access.width == Width::W64 && access.class == Class::Shape && access.offset == layout::ATTRS_WORD as i32
}

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    if b.fresh.is_empty() {
        return Ok(Step::Next);
    }
    match inst.op {
        Op::Load => load(b, inst),
        Op::GuardShared => match b.fresh_count(inst.args[0]) {
            0 => Ok(Step::Next),
            1 => Err(Contradiction),
            _ => Ok(Step::Drop),
        },
        Op::GuardIs if b.fresh_count(inst.args[0]) > 0 && inst.args[1].is_const() => Err(Contradiction),
        Op::GuardInert if b.fresh_count(inst.args[0]) > 0 => Err(Contradiction),
        Op::CloseWord | Op::CloseInert | Op::CloseShared | Op::DecrefInert if b.fresh_count(inst.args[0]) > 0 => {
            inst.op = Op::Decref;
            Ok(Step::Next)
        }
        Op::Untag if b.fresh_count(inst.args[0]) > 0 => Ok(Step::Value(inst.args[0])),
        Op::Is if inst.args[0] != inst.args[1] => {
            let objects = inst.args.iter().all(|&arg| b.trace.ty(arg) == Ty::Obj);
            let other = objects && (b.fresh_count(inst.args[0]) > 0 || b.fresh_count(inst.args[1]) > 0);
            if other { Ok(Step::Value(b.trace.bool(false))) } else { Ok(Step::Next) }
        }
        _ => Ok(Step::Next),
    }
}

/// What the field of a fresh object holds.
fn load(b: &mut Builder, inst: &Inst) -> PassResult {
    let (base, Some(access)) = (inst.args[0], inst.access) else { return Ok(Step::Next) };
    if b.fresh_count(base) == 0 {
        return Ok(Step::Next);
    }
    let Some(contents) = b.fresh.get(&base) else { return Ok(Step::Next) };
    let is_size = contents.made == Made::Tuple && access == Access::word(Class::Fixed, layout::OB_SIZE);
    let found = match contents.get(access.offset) {
        _ if is_size => {
            let size = contents.fields.len() as i64;
            return Ok(Step::Value(b.trace.int(size)));
        }
        _ if is_attrs_word(access) => contents.attrs,
        Some(value) if is_field(access) => Some(value),
        None if is_field(access) && access.class == Class::Attr && contents.made == Made::Instance => {
            Some(b.trace.obj(0))
        }
        _ => None,
    };
    let fits = |value: &Value| {
        let have = b.trace.ty(*value);
        have == inst.ty || have == Ty::Obj && inst.ty == Ty::Ptr
    };
    Ok(found.filter(fits).map_or(Step::Next, Step::Value))
}

impl Builder {
    /// The number of references to a fresh object; 0 for others.
    pub(super) fn fresh_count(&mut self, value: Value) -> u32 {
        if self.fresh.contains_key(&value) { self.facts.get(&self.trace, value).fresh } else { 0 }
    }

    /// The number of references to an object that only the trace knows; 0 for others.
    pub fn fresh_references(&mut self, value: Value) -> u32 {
        self.catch_up();
        self.fresh_count(value)
    }

    /// Is the object one that the trace has made and that nobody else knows of?
    pub fn is_fresh(&mut self, value: Value) -> bool {
        self.catch_up();
        self.fresh_count(value) > 0
    }

    /// The exact type of what a call makes.
    pub(super) fn made_type(&self, inst: &Inst, made: Made) -> u64 {
        match made {
            Made::Instance => self.trace.as_const(inst.args[0]).map_or(0, |class| class.bits),
            Made::Tuple => self.types.tuple as u64,
            Made::Range => self.types.range as u64,
        }
    }

    /// Does giving one reference back disturb nothing? (Of fresh objects.)
    pub(super) fn ends_quietly(&mut self, object: Value) -> bool {
        if self.fresh_count(object) > 1 {
            return true;
        }
        let Some(contents) = self.fresh.get(&object).filter(|_| !object.is_const()) else { return false };
        let fields = contents.fields.clone();
        self.fresh_count(object) == 1 && fields.iter().all(|&(_, value)| self.is_harmless(value))
    }

    /// Does giving back one reference to what a dying object holds disturb nothing?
    fn is_harmless(&mut self, value: Value) -> bool {
        // Constants are kept by the trace.
        value.is_const()
            || self.op(value) == Some(Op::BoxBool)
            || self.known_type(value).is_some_and(|ty| self.is_inert(ty))
            || self.ends_quietly(value)
    }

    /// Takes note of what a new instruction does to fresh objects.
    pub(super) fn fresh_note(&mut self, inst: &Inst, result: Value) {
        if let Some(made) = made(self, inst) {
            let contents = match made {
                Made::Instance => Contents {
                    made,
                    attrs: inst
                        .args
                        .get(1)
                        .copied()
                        .filter(|word| self.trace.as_const(*word).is_some_and(|c| c.bits != 0)),
                    fields: SmallVec::new(),
                },
                Made::Range => Contents { made, attrs: None, fields: SmallVec::new() },
                Made::Tuple => {
                    let offset = |i: usize| (layout::TUPLE_ITEMS + 8 * i) as i32;
                    let fields = inst.args.iter().enumerate().map(|(i, &item)| (offset(i), item));
                    Contents { made, attrs: None, fields: fields.collect() }
                }
            };
            self.fresh.insert(result, contents);
            return;
        }
        if self.fresh.is_empty() {
            return;
        }
        match inst.op {
            Op::Incref => self.count_fresh(inst.args[0], 1),
            Op::Decref => self.count_fresh(inst.args[0], -1),
            Op::Store if self.fresh_count(inst.args[0]) > 0 => {
                let (base, value, access) = (inst.args[0], inst.args[1], inst.access);
                match (access, self.fresh.get_mut(&base)) {
                    (Some(access), Some(contents)) if is_attrs_word(access) => contents.attrs = Some(value),
                    (Some(access), Some(contents)) if is_field(access) => contents.set(access.offset, value),
                    _ => {
                        self.escape(base);
                        self.escape(value);
                    }
                }
            }
            // A guard's snapshot may mention the object: where the trace ends, it is made.
            _ if inst.op.leaves() => {}
            _ => {
                for &arg in &inst.args {
                    self.escape(arg);
                }
                // In the second round, the snapshot is known later: see `peel`.
                if let Some(id) = inst.snapshot.filter(|_| self.words.is_none()) {
                    self.expose(id);
                }
            }
        }
    }

    fn count_fresh(&mut self, object: Value, by: i32) {
        let count = self.fresh_count(object);
        if count == 0 {
            return;
        }
        let left = count.saturating_add_signed(by);
        self.facts.update(&self.trace, object, |fact| fact.fresh = left);
        if left == 0 {
            let Some(contents) = self.fresh.get(&object) else { return };
            for (_, value) in contents.fields.clone() {
                self.count_fresh(value, -1);
            }
        }
    }

    /// A callee may look at the variables in a snapshot, and keep what it finds.
    pub(super) fn expose(&mut self, id: SnapshotId) {
        if self.fresh.is_empty() {
            return;
        }
        let values: Vec<Value> = self.trace.snapshot(id).values().collect();
        values.into_iter().for_each(|value| self.escape(value));
    }

    /// From here on others may know of the object, and of what it holds.
    fn escape(&mut self, object: Value) {
        if self.fresh_count(object) == 0 {
            return;
        }
        let Some(contents) = self.fresh.get(&object).cloned() else { return };
        let epoch = self.facts.epoch();
        self.facts.update(&self.trace, object, |fact| *fact = Fact { fresh: 0, epoch, ..*fact });
        if contents.made == Made::Instance {
            if let Some(word) = contents.attrs {
                let access = Access { offset: layout::ATTRS_WORD as i32, ..Access::word(Class::Shape, 0) };
                self.heap.put(object, access, word);
            }
        }
        for (offset, value) in contents.fields {
            match contents.made {
                Made::Instance => self.heap.put(object, Access::word(Class::Attr, offset as usize), value),
                Made::Tuple => self.cse.note_field(object, Access::word(Class::Fixed, offset as usize), value),
                Made::Range => {}
            }
            self.escape(value);
        }
    }
}
