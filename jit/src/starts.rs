//! Where side traces start, so that exits share them.
//!
//! A side trace knows nothing of the exit that it was recorded from but its *picture*: the chain of frames with their positions, the
//! form of each slot, and of each value whether it is a constant, whether it is the same as another one, and whether the trace owns
//! it. So it continues every exit with such a picture, once the values are where it expects them: a *bridge* moves them.
//!
//! The first part, the [shape](Picture::shape), has to be equal. The rest, the [inputs](Input), has to be as special as the side trace
//! was made for, or more so. Where an exit of known shape has inputs for which there is no side trace, the next one is made for what both
//! have in common: it continues either.
//!
//! # Why this comes to an end
//!
//! An exit resumes *at* an instruction. A side trace may leave at the instruction at which it starts, having done nothing. Such an
//! exit is never continued by a side trace that exists (which may be that one), but only by one of its own. So a run that
//! goes from trace to trace makes progress, as the interpreter would; and what goes round in a circle passes a check of what the
//! interpreter has to attend to, whose exit is never continued.

use std::rc::Rc;

use crate::backend::{self, ExitInfo, Loc};
use crate::hash::FastMap;
use crate::ir::{ExitKind, Form, Inst, Op, Snapshot, Trace, Ty};

/// What a side trace relies on of one of the values it starts with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Input {
    /// Its bits, if it is a constant.
    pub constant: Option<u64>,
    /// The position of the first input with the same value.
    pub same: u32,
    /// A reference to the object comes with it. Without, something else keeps the object alive up to here.
    pub owned: bool,
}

/// The state that an exit leaves, as far as what follows may depend on it.
pub struct Picture {
    shape: Box<[u64]>,
    /// Parallel to [`Snapshot::values`].
    pub inputs: Rc<[Input]>,
}

/// The values of a snapshot, with how their owner holds them: `None` for what is no object.
fn holds(snapshot: &Snapshot) -> impl Iterator<Item = Option<bool>> + '_ {
    let owns = |form: Form| match form {
        Form::Owned => Some(true),
        Form::Shared => Some(false),
        _ => None,
    };
    let in_frames = snapshot.frames.iter().flat_map(move |frame| {
        let function = frame.inlined.iter().map(move |inlined| owns(inlined.function_form));
        let slots = frame.slots.iter().filter(|slot| slot.form.has_value());
        function.chain(frame.address.map(|_| None)).chain(slots.map(move |slot| owns(slot.form)))
    });
    let fields = snapshot.virtuals.iter().flat_map(|object| &object.fields).filter(|slot| slot.form.has_value());
    in_frames.chain(fields.map(move |slot| owns(slot.form)))
}

/// The form of a slot, whoever owns the object.
fn form_word(trace: &Trace, slot: &crate::ir::SlotState) -> u64 {
    let (kind, number) = match slot.form {
        Form::Owned | Form::Shared => (0, 0),
        Form::Int => (1, 0),
        Form::Float => (2, 0),
        Form::Bool => (3, 0),
        Form::Null => (4, 0),
        Form::Virtual => (5, trace.as_int(slot.value).unwrap_or(0) as u64),
        Form::Scalar(scalar) => (6, scalar as u64),
    };
    u64::from(slot.index) | kind << 16 | number << 32
}

/// Where the frames of a snapshot stand.
pub fn positions(snapshot: &Snapshot) -> Box<[usize]> {
    snapshot.frames.iter().map(|frame| frame.ip).collect()
}

impl Picture {
    /// What an exit of `trace`, whose base frame has the code object at this address, leaves. `None` if no trace can follow it.
    pub fn of(trace: &Trace, exit: &ExitInfo, code: usize) -> Option<Picture> {
        let snapshot = trace.snapshot(exit.snapshot);
        if snapshot.kind == ExitKind::Return || matches!(trace.insts[exit.inst].op, Op::GuardCalm | Op::GuardValid) {
            return None;
        }
        let mut inputs = Vec::with_capacity(exit.locations.len());
        let mut first: FastMap<(u64, u64, Ty), u32> = FastMap::default();
        first.reserve(exit.locations.len());
        for ((&loc, value), owned) in exit.locations.iter().zip(snapshot.values()).zip(holds(snapshot)) {
            let key = match loc {
                Loc::Gpr(n) => (0, u64::from(n)),
                Loc::Xmm(n) => (1, u64::from(n)),
                Loc::Spill(n) => (2, u64::from(n)),
                Loc::Const(bits) => (3, bits),
            };
            let same = *first.entry((key.0, key.1, trace.ty(value))).or_insert(inputs.len() as u32);
            let constant = if let Loc::Const(bits) = loc { Some(bits) } else { None };
            inputs.push(Input { constant, same, owned: owned.unwrap_or(false) });
        }
        let mut shape = vec![code as u64];
        let mut place = 0;
        for frame in &snapshot.frames {
            shape.push(frame.ip as u64);
            let depths = u64::from(frame.depth) << 16 | u64::from(frame.memory_depth) << 32;
            shape.push(u64::from(frame.return_offset) | depths | (frame.address.is_some() as u64) << 48);
            if let Some(inlined) = frame.inlined {
                shape.push(inlined.code as u64);
                // A function that is known is not generalized.
                shape.push(inputs[place].constant.unwrap_or(0));
                place += 1;
            }
            place += frame.address.is_some() as usize;
            shape.push(frame.slots.len() as u64);
            for slot in &frame.slots {
                shape.push(form_word(trace, slot));
                // Nor is the way that a branch goes.
                if slot.form == Form::Bool {
                    shape.push(inputs[place].constant.map_or(2, |bits| bits & 1));
                }
                place += slot.form.has_value() as usize;
            }
        }
        for object in &snapshot.virtuals {
            shape.extend([object.made as u64, object.class as u64, object.attrs as u64, object.fields.len() as u64]);
            shape.extend(object.fields.iter().map(|field| form_word(trace, field)));
        }
        Some(Picture { shape: shape.into(), inputs: inputs.into() })
    }
}

/// Does what was made for the inputs `start` continue an exit with these?
pub fn covers(start: &[Input], exit: &[Input]) -> bool {
    start.iter().zip(exit).all(|(start, input)| {
        (start.constant.is_none() || start.constant == input.constant)
            && exit[start.same as usize].same == input.same
            && (start.owned || !input.owned)
    })
}

/// What two pictures of one shape have in common.
pub fn common(a: &[Input], b: &[Input]) -> Rc<[Input]> {
    let mut first: FastMap<(u32, u32), u32> = FastMap::default();
    let inputs = a.iter().zip(b).enumerate().map(|(i, (a, b))| Input {
        constant: a.constant.filter(|_| a.constant == b.constant),
        same: *first.entry((a.same, b.same)).or_insert(i as u32),
        owned: a.owned || b.owned,
    });
    inputs.collect()
}

/// The inputs that a side trace takes as parameters, by position, and whether they are doubles.
fn parameters(side: &Trace) -> impl Iterator<Item = (usize, bool)> + '_ {
    let params = side.insts.iter().filter(|inst| inst.op == Op::Param);
    params.filter_map(|inst| Some((side.as_int(inst.args[0])? as usize, inst.ty == Ty::Float)))
}

/// Places for so many inputs of a side trace, where no exit says them.
pub fn places(side: &Trace, count: usize) -> Vec<Loc> {
    let floats: Vec<bool> = parameters(side).map(|(_, float)| float).collect();
    let mut places = vec![Loc::Const(0); count];
    for ((i, _), place) in parameters(side).zip(backend::parameter_places(&floats)) {
        places[i] = place;
    }
    places
}

/// The trace that goes from an exit of `trace` to where a side trace starts that was made for the inputs `start`, and [covers] the
/// exit's. Its parameters are the exit's values by position.
pub fn bridge(trace: &Trace, exit: &ExitInfo, inputs: &[Input], start: &Start) -> Trace {
    let mut bridge = Trace::default();
    let mut values = Vec::with_capacity(inputs.len());
    for (i, (input, value)) in inputs.iter().zip(trace.snapshot(exit.snapshot).values()).enumerate() {
        let ty = trace.ty(value);
        values.push(match input.constant {
            Some(bits) => bridge.constant(ty, bits),
            None if (input.same as usize) < i => values[input.same as usize],
            None => {
                let place = bridge.int(i as i64);
                bridge.push(Inst { ty, ..Inst::new(Op::Param, &[place]) })
            }
        });
    }
    for ((input, wanted), &value) in inputs.iter().zip(start.inputs.iter()).zip(&values) {
        if wanted.owned && !input.owned {
            bridge.push(Inst::new(Op::Incref, &[value]));
        }
    }
    let wanted: Vec<_> = start.parameters.iter().map(|&i| values[i]).collect();
    bridge.push(Inst::new(Op::Enter, &wanted));
    bridge
}

/// The beginning of a side trace.
pub struct Start {
    pub inputs: Rc<[Input]>,
    /// The address of its code.
    pub target: usize,
    /// The inputs that are its parameters, by position; and where it wants them.
    pub parameters: Vec<usize>,
    pub places: Vec<Loc>,
}

impl Start {
    /// A side trace's, which was compiled for inputs at these places.
    pub fn new(inputs: Rc<[Input]>, side: &Trace, target: usize, places: &[Loc]) -> Start {
        let parameters: Vec<usize> = parameters(side).map(|(i, _)| i).collect();
        let places = parameters.iter().map(|&i| places[i]).collect();
        Start { inputs, target, parameters, places }
    }
}

/// Exits of one shape, and the side traces that continue them.
#[derive(Default)]
pub struct Group {
    pub starts: Vec<Rc<Start>>,
    /// How often the exits were taken since a side trace was made.
    pub count: u32,
    /// Recordings that failed.
    pub attempts: u32,
}

/// All groups.
#[derive(Default)]
pub struct Starts {
    groups: Vec<Group>,
    /// The numbers of those that are in no use.
    unused: Vec<usize>,
    /// Their numbers, by code object and shape.
    by_code: FastMap<usize, FastMap<Box<[u64]>, usize>>,
}

impl Starts {
    /// The number of the group of a picture.
    pub fn group_of(&mut self, picture: &Picture, code: usize) -> usize {
        let of_code = self.by_code.entry(code).or_default();
        if let Some(&number) = of_code.get(&picture.shape) {
            return number;
        }
        let number = self.unused.pop().unwrap_or_else(|| {
            self.groups.push(Group::default());
            self.groups.len() - 1
        });
        of_code.insert(picture.shape.clone(), number);
        number
    }

    /// A group by its number.
    pub fn group(&mut self, number: usize) -> &mut Group {
        &mut self.groups[number]
    }

    /// For the log: what there is of a group.
    pub fn describe(&self, number: usize) -> String {
        let group = &self.groups[number];
        format!("group {number} of {} side traces, {} attempts", group.starts.len(), group.attempts)
    }

    /// The code object at this address is gone, with all of its traces.
    pub fn forget(&mut self, code: usize) {
        for number in self.by_code.remove(&code).unwrap_or_default().into_values() {
            self.groups[number] = Group::default();
            self.unused.push(number);
        }
    }
}
