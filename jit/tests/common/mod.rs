//! What tests of the optimizer share: callees, types, and sending a trace through the builder.
#![allow(dead_code, reason = "each test uses a part")]

pub mod random;

use std::collections::HashMap;

use rpy_jit::ir::call::CallEffect;
use rpy_jit::ir::{CallInfo, Class, Made, Op, SlotState, Snapshot, SnapshotId, Trace, Ty, Value};
use rpy_jit::opt::{Builder, Contradiction, KnownTypes};

/// What traces of tests may call.
pub const CALLS: &[CallInfo] = &[
    CallInfo { name: "pure", address: 1, result: Ty::Int, effect: CallEffect::Pure },
    CallInfo { name: "any", address: 2, result: Ty::None, effect: CallEffect::Any },
    CallInfo { name: "items", address: 3, result: Ty::None, effect: CallEffect::Writes(1 << Class::ListItem as u32) },
    CallInfo { name: "make", address: 4, result: Ty::Obj, effect: CallEffect::Any },
    CallInfo { name: "instance", address: 5, result: Ty::Obj, effect: CallEffect::New(Made::Instance) },
    CallInfo { name: "tuple", address: 6, result: Ty::Obj, effect: CallEffect::New(Made::Tuple) },
    CallInfo { name: "range", address: 7, result: Ty::Obj, effect: CallEffect::New(Made::Range) },
];

/// `int` is at 0x100, `float` at 0x200, `bool` at 0x300; types below 0x1000 are built in.
pub const TYPES: KnownTypes = KnownTypes {
    int: 0x100,
    float: 0x200,
    bool: 0x300,
    tuple: 0x400,
    range: 0x500,
    range_iterator: 0x600,
    scalar: |s| 0xe00 + s as usize,
    is_stable: |ty| ty < 0x1000,
};

/// Sends a trace through a builder, and then, perhaps, the slots of a loop's head.
pub struct Feeder<'t> {
    source: &'t Trace,
    pub builder: Builder,
    values: Vec<Value>,
    snapshots: HashMap<SnapshotId, SnapshotId>,
}

impl<'t> Feeder<'t> {
    pub fn new(source: &'t Trace) -> Feeder<'t> {
        Feeder { source, builder: Builder::new(TYPES), values: Vec::new(), snapshots: HashMap::new() }
    }

    fn value(&mut self, value: Value) -> Value {
        match (value.inst(), self.source.as_const(value)) {
            (_, Some(constant)) => self.builder.trace.constant(constant.ty, constant.bits),
            (Some(i), None) => self.values[i],
            (None, None) => unreachable!("a value is an instruction's or a constant"),
        }
    }

    fn map(&mut self, snapshot: &Snapshot) -> Snapshot {
        let mut snapshot = snapshot.clone();
        snapshot.map_values(|value| self.value(value));
        snapshot
    }

    /// Emits every instruction of the source before its `jump`.
    pub fn feed(&mut self) -> Result<(), Contradiction> {
        for inst in &self.source.insts {
            let mut inst = inst.clone();
            for arg in &mut inst.args {
                *arg = self.value(*arg);
            }
            if let Some(id) = inst.snapshot {
                inst.snapshot = Some(match self.snapshots.get(&id) {
                    Some(&known) => known,
                    None => {
                        let snapshot = self.map(self.source.snapshot(id));
                        let new = self.builder.trace.add_snapshot(snapshot);
                        self.snapshots.insert(id, new);
                        new
                    }
                });
            }
            if let Some(id) = inst.call {
                inst.call = Some(self.builder.trace.add_call(*self.source.call(id)));
            }
            let value = if inst.op == Op::Jump { Value::NOTHING } else { self.builder.emit(inst)? };
            self.values.push(value);
        }
        Ok(())
    }

    /// The slots of a loop's head: those of the base frame of the source's last snapshot.
    pub fn head(&mut self) -> Vec<SlotState> {
        let last = self.source.snapshots.last().expect("a loop's head is in its last snapshot");
        self.map(last).frames[0].slots.clone()
    }
}
