//! Snapshots: what the interpreter's frames hold where a trace may end.
//!
//! The memory of the base frame, and of generators' frames, is true for every slot that the snapshot does not
//! mention: its words own what they own. A mentioned slot gets the snapshot's value when the trace ends there; what the
//! memory holds until then is dropped.

use super::call::Made;
use super::{Access, Inst, Op, Scalar, Trace, Value};

/// A snapshot's number in its trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SnapshotId(pub u32);

/// How execution goes on when a trace ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ExitKind {
    /// The innermost frame's instruction is executed by the interpreter.
    Resume,
    /// The innermost frame's instruction raises the pending exception (of the thread state).
    Raise,
    /// The base frame returns the lowest word of its operand stack, which owns its object. Everything lies in memory.
    Return,
}

impl ExitKind {
    pub const ALL: &[(ExitKind, &str)] =
        &[(ExitKind::Resume, "resume"), (ExitKind::Raise, "raise"), (ExitKind::Return, "return")];

    /// The name in text.
    pub fn text(self) -> &'static str {
        ExitKind::ALL.iter().find(|(k, _)| *k == self).map_or("?", |(_, t)| t)
    }
}

/// How a value becomes the word in a slot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Form {
    /// An object of which the trace owns a reference, which moves into the slot.
    Owned,
    /// An object that something else keeps alive up to here: the slot takes a reference of its own.
    Shared,
    /// An int, to be boxed.
    Int,
    /// A float, to be boxed.
    Float,
    /// A bool.
    Bool,
    /// A numpy scalar, to be boxed.
    Scalar(Scalar),
    /// The empty slot. (The value is ignored.)
    Null,
    /// An object that the trace did not make: the one at this place (a constant) among the snapshot's virtual objects, which is made
    /// once.
    Virtual,
}

impl Form {
    pub const ALL: &[(Form, &str)] = &[
        (Form::Owned, "own"),
        (Form::Shared, "obj"),
        (Form::Int, "int"),
        (Form::Float, "float"),
        (Form::Bool, "bool"),
        (Form::Scalar(Scalar::Bool), "np.bool"),
        (Form::Scalar(Scalar::I8), "np.int8"),
        (Form::Scalar(Scalar::U8), "np.uint8"),
        (Form::Scalar(Scalar::I16), "np.int16"),
        (Form::Scalar(Scalar::U16), "np.uint16"),
        (Form::Scalar(Scalar::I32), "np.int32"),
        (Form::Scalar(Scalar::U32), "np.uint32"),
        (Form::Scalar(Scalar::I64), "np.int64"),
        (Form::Scalar(Scalar::U64), "np.uint64"),
        (Form::Scalar(Scalar::F32), "np.float32"),
        (Form::Scalar(Scalar::F64), "np.float64"),
        (Form::Null, "null"),
        (Form::Virtual, "virtual"),
    ];

    /// Is the value of such a slot one that the trace computes?
    pub fn has_value(self) -> bool {
        !matches!(self, Form::Null | Form::Virtual)
    }

    /// The name in text.
    pub fn text(self) -> &'static str {
        Form::ALL.iter().find(|(f, _)| *f == self).map_or("?", |(_, t)| t)
    }
}

impl Form {
    /// The instruction that boxes a number of this form; `None` if it is none, or nobody owns such boxes.
    pub fn boxing(self, trace: &mut Trace, value: Value) -> Option<Inst> {
        match self {
            Form::Int => Some(Inst::new(Op::BoxInt, &[value])),
            Form::Float => Some(Inst::new(Op::BoxFloat, &[value])),
            Form::Scalar(scalar) => {
                let number = trace.int(scalar as i64);
                Some(Inst::new(Op::BoxScalar, &[value, number]))
            }
            Form::Owned | Form::Shared | Form::Bool | Form::Virtual | Form::Null => None,
        }
    }
}

/// A slot's word to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SlotState {
    /// Position among locals, cells, free variables and operand stack.
    pub index: u16,
    pub form: Form,
    pub value: Value,
}

/// An object that exists only in the trace: what is needed to make it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Virtual {
    pub made: Made,
    /// Of instances: the addresses of the class, and the attrs word (0 where there is none).
    pub class: usize,
    pub attrs: usize,
    /// In ascending order: items of tuples by their position; slots of instances, those that are not empty, by their offset in
    /// words. An owned reference moves into the object.
    pub fields: Vec<SlotState>,
}

/// A frame that exists only in the trace: what is needed to make it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Inlined {
    /// The function, an object.
    pub function: Value,
    /// Whether the trace owns a reference to it, or something else keeps it alive.
    pub function_form: Form,
    /// Address of the code object.
    pub code: usize,
}

/// One frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FrameState {
    /// `None` for the base frame, and for generators.
    pub inlined: Option<Inlined>,
    /// For a frame that is no base frame, but exists already: where. The memory of an inlined frame is for others to look at; a generator's
    /// (which is not inlined) is as the base frame's.
    pub address: Option<Value>,
    /// Words on the operand stack that lie in the frame's memory; those above it are all mentioned.
    pub memory_depth: u16,
    /// Address of the instruction at which the frame stands: for the innermost frame the one to execute, for others their call.
    pub ip: usize,
    /// How many units behind `ip` the frame goes on when the next inner one returns.
    pub return_offset: u16,
    /// Words on the operand stack.
    pub depth: u16,
    /// In ascending order of slots. Of an inlined frame, every slot that is not empty is here.
    pub slots: Vec<SlotState>,
}

/// A store that the trace leaves to its exits: of a word, which is an integer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExitStore {
    pub base: Value,
    pub access: Access,
    pub value: Value,
}

/// The state of all frames of the trace, the base frame first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Snapshot {
    pub kind: ExitKind,
    pub frames: Vec<FrameState>,
    /// What slots and other virtual objects hold.
    pub virtuals: Vec<Virtual>,
    /// What the exit stores first, so that memory is as the frames find it.
    pub stores: Vec<ExitStore>,
}

impl Snapshot {
    /// Leaves an empty one in its place.
    pub fn take(&mut self) -> Snapshot {
        let (frames, virtuals) = (core::mem::take(&mut self.frames), core::mem::take(&mut self.virtuals));
        Snapshot { kind: self.kind, frames, virtuals, stores: core::mem::take(&mut self.stores) }
    }

    /// The values that an exit needs, in the order in which the backend reports where they are; last, those of its stores. Slots of forms
    /// without one are left out.
    pub fn values(&self) -> impl Iterator<Item = Value> + '_ {
        let in_frames = self.frames.iter().flat_map(|frame| {
            frame
                .inlined
                .iter()
                .map(|i| i.function)
                .chain(frame.address)
                .chain(frame.slots.iter().filter(|s| s.form.has_value()).map(|s| s.value))
        });
        let fields = self.virtuals.iter().flat_map(|object| &object.fields);
        let stores = self.stores.iter().flat_map(|store| [store.base, store.value]);
        in_frames.chain(fields.filter(|s| s.form.has_value()).map(|s| s.value)).chain(stores)
    }

    /// The same, one after the other: much faster than an iterator's chain, and there are many.
    #[inline]
    pub fn each_value(&self, mut f: impl FnMut(Value)) {
        for frame in &self.frames {
            if let Some(inlined) = &frame.inlined {
                f(inlined.function);
            }
            if let Some(address) = frame.address {
                f(address);
            }
            for slot in frame.slots.iter().filter(|s| s.form.has_value()) {
                f(slot.value);
            }
        }
        for slot in self.virtuals.iter().flat_map(|object| &object.fields).filter(|s| s.form.has_value()) {
            f(slot.value);
        }
        for store in &self.stores {
            f(store.base);
            f(store.value);
        }
    }

    /// Does an exit need this value?
    pub fn mentions(&self, value: Value) -> bool {
        let mut found = false;
        self.each_value(|other| found |= other == value);
        found
    }

    /// Replaces every value.
    pub fn map_values(&mut self, mut f: impl FnMut(Value) -> Value) {
        for frame in &mut self.frames {
            if let Some(inlined) = &mut frame.inlined {
                inlined.function = f(inlined.function);
            }
            frame.address = frame.address.map(&mut f);
            for slot in frame.slots.iter_mut().filter(|s| s.form.has_value()) {
                slot.value = f(slot.value);
            }
        }
        for slot in self.virtuals.iter_mut().flat_map(|object| &mut object.fields).filter(|s| s.form.has_value()) {
            slot.value = f(slot.value);
        }
        for store in &mut self.stores {
            (store.base, store.value) = (f(store.base), f(store.value));
        }
    }
}
