//! What is known to be in memory.
//!
//! For each class of memory, the places that were read or written and what is there. A store forgets the places of its class
//! that may be the same one; calls, and whatever else may run Python code, forget what they may change. Loads of
//! [`Class::Fixed`] are not here: they are common subexpressions.

use super::builder::{Builder, PassResult, Step};
use super::facts::Range;
use crate::ir::call::CallEffect;
use crate::ir::{Access, Class, Effect, Inst, Op, Trace, Ty, Value, Width};
use rpy_vm::layout;

/// How many places of one class are remembered; then the oldest ones go.
const PLACES: usize = 128;

/// A place and its content.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub base: Value,
    pub index: Option<Value>,
    pub access: Access,
    pub value: Value,
    /// The value was stored there, not loaded.
    is_stored: bool,
    /// In a loop's second round: the number of the assumption that this is.
    assumption: Option<u32>,
}

/// The known places.
#[derive(Clone, Debug)]
pub struct Heap {
    classes: Vec<Vec<Place>>,
    /// Which to replace next, by class.
    oldest: Vec<usize>,
    /// In a loop's second round: what was known at its start.
    assumed: Vec<Place>,
    consulted: Vec<u32>,
    is_consulted: Vec<bool>,
}

impl Default for Heap {
    fn default() -> Heap {
        let classes = Class::ALL.len();
        Heap {
            classes: vec![Vec::new(); classes],
            oldest: vec![0; classes],
            assumed: Vec::new(),
            consulted: Vec::new(),
            is_consulted: Vec::new(),
        }
    }
}

impl Heap {
    fn position(&self, base: Value, index: Option<Value>, access: Access) -> Option<usize> {
        self.classes[access.class as usize]
            .iter()
            .position(|place| place.base == base && place.index == index && place.access == access)
    }

    /// What is in a place. Asking counts as relying on it.
    pub fn get(&mut self, base: Value, index: Option<Value>, access: Access) -> Option<Value> {
        let place = self.classes[access.class as usize][self.position(base, index, access)?];
        if let Some(i) = place.assumption {
            if !core::mem::replace(&mut self.is_consulted[i as usize], true) {
                self.consulted.push(i);
            }
        }
        Some(place.value)
    }

    /// Notes what is in a place that nothing else overlaps.
    pub fn put(&mut self, base: Value, access: Access, value: Value) {
        self.set(Place { base, index: None, access, value, is_stored: true, assumption: None });
    }

    fn set(&mut self, place: Place) {
        let class = place.access.class as usize;
        if let Some(i) = self.position(place.base, place.index, place.access) {
            self.classes[class][i] = place;
        } else if self.classes[class].len() < PLACES {
            self.classes[class].push(place);
        } else {
            let next = &mut self.oldest[class];
            self.classes[class][*next] = place;
            *next = (*next + 1) % PLACES;
        }
    }

    /// Forgets what may have changed.
    pub fn clobber(&mut self, effect: CallEffect) {
        for &(class, _) in Class::ALL {
            if effect.clobbers(class) {
                self.classes[class as usize].clear();
            }
        }
    }

    /// From here on, what is known is assumed. What was loaded from an array is not: other processes may share its memory, and a loop
    /// that waits for them has to look again in each round.
    pub fn assume(&mut self) {
        self.classes[Class::Raw as usize].retain(|place| place.is_stored);
        let classes = self.classes.iter_mut().flatten();
        for (i, place) in classes.enumerate() {
            place.assumption = Some(i as u32);
            self.assumed.push(*place);
        }
        self.is_consulted = vec![false; self.assumed.len()];
    }

    /// Back to the assumptions, without those to be dropped.
    pub fn rewind(&mut self, dropped: &[bool]) {
        self.consulted.clear();
        self.is_consulted.fill(false);
        self.classes.iter_mut().for_each(Vec::clear);
        self.oldest.fill(0);
        for (place, _) in self.assumed.iter().zip(dropped).filter(|(_, dropped)| !**dropped) {
            self.classes[place.access.class as usize].push(*place);
        }
    }

    /// The number of the assumption about a place.
    pub fn assumption(&self, base: Value, index: Option<Value>, access: Access) -> Option<usize> {
        self.assumed.iter().position(|place| place.base == base && place.index == index && place.access == access)
    }

    /// The number of assumptions.
    pub fn assumptions(&self) -> usize {
        self.assumed.len()
    }

    /// The next consulted assumption behind the first `done` ones.
    pub fn consulted(&self, done: usize) -> Option<(usize, Place)> {
        self.consulted.get(done).map(|&i| (i as usize, self.assumed[i as usize]))
    }
}

/// Are there only addresses of objects in this memory (and no words of slots)?
pub fn holds_objects(inst: &Inst) -> bool {
    inst.access.is_some_and(|access| !matches!(access.class, Class::Slot | Class::FrameHeader | Class::Suspended))
}

/// The base and index of a load or store.
fn place_of(inst: &Inst) -> (Value, Option<Value>) {
    let indexed = matches!(inst.op, Op::LoadIndexed | Op::StoreIndexed);
    (inst.args[0], indexed.then(|| inst.args[1]))
}

/// The place that an instruction loads, if it may change.
pub fn loaded(inst: &Inst) -> Option<(Value, Option<Value>, Access)> {
    let access = inst.access.filter(|access| inst.op.effect() == Effect::Load && !access.class.is_fixed())?;
    let (base, index) = place_of(inst);
    Some((base, index, access))
}

/// Do two spans of bytes meet?
fn meet(a: i64, a_bytes: usize, b: i64, b_bytes: usize) -> bool {
    a < b.saturating_add(b_bytes as i64) && b < a.saturating_add(a_bytes as i64)
}

pub fn pass(b: &mut Builder, inst: &mut Inst) -> PassResult {
    if !matches!(inst.op.effect(), Effect::Load | Effect::Store) {
        return Ok(Step::Next);
    }
    let Some(mut access) = inst.access else { return Ok(Step::Next) };
    while simplify(&b.trace, b.loop_head(), inst, &mut access) {}
    inst.access = Some(access);
    if let Some(constant) = b.trace.as_const(inst.args[0]).filter(|c| c.ty == Ty::Obj && c.bits & 1 != 0) {
        // The mark of a slot's word is no part of an address.
        inst.args[0] = b.trace.obj(constant.bits as usize & !1);
    }
    if access.class.is_fixed() {
        return Ok(Step::Next);
    }
    let (base, index) = place_of(inst);
    let Some(known) = b.heap.get(base, index, access) else { return Ok(Step::Next) };
    match inst.op {
        Op::Load | Op::LoadIndexed => {
            let (have, want) = (b.trace.ty(known), inst.ty);
            let fits = have == want || have == Ty::Obj && want == Ty::Ptr;
            if fits { Ok(Step::Value(known)) } else { Ok(Step::Next) }
        }
        _ if inst.args.last() == Some(&known) => Ok(Step::Drop),
        _ => Ok(Step::Next),
    }
}

/// Moves constants out of the address into the offset. True if there may be more of them.
fn simplify(trace: &Trace, head: usize, inst: &mut Inst, access: &mut Access) -> bool {
    let moved = |offset: i32, constant: i64, scale: i64| {
        constant
            .checked_mul(scale)
            .and_then(|c| c.checked_add(i64::from(offset)))
            .and_then(|sum| i32::try_from(sum).ok())
    };
    let def = |value: Value| value.inst().filter(|&i| i >= head).map(|i| &trace.insts[i]);
    if let Some(Inst { op: Op::Offset, args, .. }) = def(inst.args[0]) {
        if let Some(offset) = trace.as_int(args[1]).and_then(|c| moved(access.offset, c, 1)) {
            access.offset = offset;
            inst.args[0] = args[0];
            return true;
        }
    }
    if !matches!(inst.op, Op::LoadIndexed | Op::StoreIndexed) {
        return false;
    }
    let scale = access.width.bytes() as i64;
    if let Some(offset) = trace.as_int(inst.args[1]).and_then(|c| moved(access.offset, c, scale)) {
        access.offset = offset;
        inst.op = if inst.op == Op::LoadIndexed { Op::Load } else { Op::Store };
        inst.args.remove(1);
        return true;
    }
    if let Some(Inst { op: Op::Add | Op::AddOvf, args, .. }) = def(inst.args[1]) {
        // Addresses wrap around as sums do.
        if let Some(offset) = trace.as_int(args[1]).and_then(|c| moved(access.offset, c, scale)) {
            access.offset = offset;
            inst.args[1] = args[0];
            return true;
        }
    }
    false
}

impl Builder {
    /// What memory holds behind a new load or store.
    pub(super) fn heap_note(&mut self, inst: &Inst, result: Value) {
        if inst.op == Op::RangeIter {
            let field = |offset| Access::word(Class::Iterator, offset);
            let one = self.trace.int(1);
            self.heap.put(result, field(layout::RANGE_NEXT), inst.args[0]);
            self.heap.put(result, field(layout::RANGE_STEP), one);
            self.heap.put(result, field(layout::RANGE_LEFT), inst.args[1]);
        }
        let effect = inst.op.effect();
        let Some(access) = inst.access.filter(|access| !access.class.is_fixed()) else { return };
        if !matches!(effect, Effect::Load | Effect::Store) {
            return;
        }
        let (base, index) = place_of(inst);
        if self.fresh_count(base) > 0 {
            // Nothing else touches it, nor is it touched by anything else.
            return;
        }
        let mut value = result;
        if effect == Effect::Store {
            self.forget_overlapping(base, index, access);
            value = *inst.args.last().unwrap_or(&Value::NOTHING);
            self.note_slot_store(base, access, value);
            if !self.is_stored_whole(access.width, value) {
                return;
            }
        }
        let is_stored = effect == Effect::Store;
        self.heap.set(Place { base, index, access, value, is_stored, assumption: None });
    }

    /// Would loading the value from where it was stored give it back?
    fn is_stored_whole(&mut self, width: Width, value: Value) -> bool {
        let range = match width {
            Width::W64 | Width::F64 => return true,
            Width::F32 => return false,
            Width::U8 if self.trace.ty(value) == Ty::Bool => return true,
            Width::U8 => Range::new(0, u8::MAX as i64),
            Width::I8 => Range::new(i8::MIN as i64, i8::MAX as i64),
            Width::U16 => Range::new(0, u16::MAX as i64),
            Width::I16 => Range::new(i16::MIN as i64, i16::MAX as i64),
            Width::U32 => Range::new(0, u32::MAX as i64),
            Width::I32 => Range::new(i32::MIN as i64, i32::MAX as i64),
        };
        range.contains(self.int_range(value))
    }

    fn forget_overlapping(&mut self, base: Value, index: Option<Value>, access: Access) {
        let class = access.class as usize;
        let mut places = core::mem::take(&mut self.heap.classes[class]);
        places.retain(|place| !self.may_overlap(place, base, index, access));
        self.heap.classes[class] = places;
        self.heap.oldest[class] = 0;
    }

    /// May a store to this place change the other one?
    fn may_overlap(&mut self, place: &Place, base: Value, index: Option<Value>, access: Access) -> bool {
        let (offsets, widths) = ((place.access.offset, access.offset), (place.access.width, access.width));
        let offsets_meet = || meet(i64::from(offsets.0), widths.0.bytes(), i64::from(offsets.1), widths.1.bytes());
        if place.base == base && place.index == index && widths.0 == widths.1 {
            return offsets_meet();
        }
        if place.index.is_some() || index.is_some() {
            return true;
        }
        if access.class == Class::Raw && place.base != base {
            // Arrays may be parts of each other.
            return true;
        }
        if let (Some(a), Some(b)) = (self.trace.as_const(place.base), self.trace.as_const(base)) {
            let address = |bits: u64, offset: i32| (bits as i64).wrapping_add(i64::from(offset));
            return meet(address(a.bits, offsets.0), widths.0.bytes(), address(b.bits, offsets.1), widths.1.bytes());
        }
        offsets_meet() && !self.are_distinct(place.base, base)
    }

    /// Are these surely different objects?
    fn are_distinct(&mut self, x: Value, y: Value) -> bool {
        if x == y || self.trace.ty(x) != Ty::Obj || self.trace.ty(y) != Ty::Obj {
            return false;
        }
        match (self.known_type(x), self.known_type(y)) {
            (Some(a), Some(b)) => a != b,
            _ => false,
        }
    }
}
