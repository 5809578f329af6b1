//! What is read when a trace ends: for each of its exits the frames to be, with the place of each value.
//!
//! Snapshots and locations, of which this is made, lie in many small allocations. An exit that has not been taken for a while would
//! wait for memory at each of them, dozens of times; here, what one exit needs lies close together.

use core::mem::{offset_of, size_of};

use crate::backend::{ExitInfo, Loc, SaveArea};
use crate::hash::FastMap;
use crate::ir::{ExitKind, Form, Made, SlotState, Snapshot, Trace};

/// Where a value is: a word of the save area; or, with [`CONSTANT`] set, one of the constants.
#[derive(Clone, Copy)]
struct Place(u32);

const CONSTANT: u32 = 1 << 31;
const WORD: usize = size_of::<u64>();
const GPR: u32 = (offset_of!(SaveArea, gpr) / WORD) as u32;
const XMM: u32 = (offset_of!(SaveArea, xmm) / WORD) as u32;
const SPILL: u32 = (offset_of!(SaveArea, spill) / WORD) as u32;

/// A slot of a frame, or a field of a virtual object.
#[derive(Clone, Copy)]
pub struct Slot {
    /// See [`SlotState::index`].
    pub index: u16,
    pub form: Form,
    /// Of virtual objects ([`Form::Virtual`]): their number among those of the exit. Without meaning for forms that have no value.
    place: Place,
}

/// A frame: see [`crate::ir::FrameState`].
#[derive(Clone, Copy)]
pub struct Frame {
    pub ip: usize,
    /// Of frames that exist only in the trace: the address of the code object. Else 0.
    pub code: usize,
    function: Place,
    address: Option<Place>,
    pub function_form: Form,
    pub return_offset: u16,
    pub depth: u16,
    pub memory_depth: u16,
    slots: u16,
}

/// A virtual object: see [`crate::ir::Virtual`].
#[derive(Clone, Copy)]
pub struct Object {
    pub made: Made,
    pub class: usize,
    pub attrs: usize,
    /// Where its fields begin, behind the first slot of the exit; and how many they are.
    fields: (u32, u32),
}

/// One exit's part of the tables.
#[derive(Clone, Copy)]
struct Entry {
    frames: (u32, u32),
    objects: (u32, u32),
    slots: u32,
    kind: ExitKind,
}

/// All exits of a trace.
#[derive(Default)]
pub struct Exits {
    entries: Vec<Entry>,
    frames: Vec<Frame>,
    slots: Vec<Slot>,
    objects: Vec<Object>,
    constants: Vec<u64>,
}

/// An exit that has been taken: what it leaves, and the values.
#[derive(Clone, Copy)]
pub struct Exit<'a> {
    pub kind: ExitKind,
    /// The base frame first.
    pub frames: &'a [Frame],
    /// The slots of all frames one after the other, and behind them the fields of the virtual objects.
    slots: &'a [Slot],
    pub objects: &'a [Object],
    constants: &'a [u64],
    save: &'a SaveArea,
}

impl Exits {
    /// The tables for the exits of a compiled trace.
    pub fn new(trace: &Trace, exits: &[ExitInfo]) -> Exits {
        let mut builder = Builder { tables: Exits::default(), numbers: FastMap::default() };
        for exit in exits {
            builder.add(trace, trace.snapshot(exit.snapshot), &exit.locations);
        }
        let mut tables = builder.tables;
        tables.entries.shrink_to_fit();
        tables.frames.shrink_to_fit();
        tables.slots.shrink_to_fit();
        tables.objects.shrink_to_fit();
        tables.constants.shrink_to_fit();
        tables
    }

    /// The exit of this number.
    ///
    /// # Safety
    /// The trace has ended by it with this save area, or waits with it for a call whose snapshot is this exit's.
    #[inline]
    pub unsafe fn taken<'a>(&'a self, exit: usize, save: &'a SaveArea) -> Exit<'a> {
        let entry = &self.entries[exit];
        let range = |(start, end): (u32, u32)| start as usize..end as usize;
        Exit {
            kind: entry.kind,
            frames: &self.frames[range(entry.frames)],
            slots: &self.slots[entry.slots as usize..],
            objects: &self.objects[range(entry.objects)],
            constants: &self.constants,
            save,
        }
    }
}

impl<'a> Exit<'a> {
    /// The bits of the value at a place.
    #[inline]
    fn read(&self, place: Place) -> u64 {
        match place.0 & CONSTANT {
            // SAFETY: a word of the save area that the exit has written, as whoever made this promised.
            0 => unsafe { (&raw const *self.save).cast::<u64>().add(place.0 as usize).read() },
            _ => self.constants[(place.0 & !CONSTANT) as usize],
        }
    }

    /// The bits of a slot's value; 0 if its form has none, and of virtual objects their number.
    #[inline]
    pub fn bits(&self, slot: &Slot) -> u64 {
        match slot.form {
            Form::Null => 0,
            Form::Virtual => u64::from(slot.place.0),
            _ => self.read(slot.place),
        }
    }

    /// The function of a frame that exists only in the trace.
    pub fn function(&self, frame: &Frame) -> u64 {
        self.read(frame.function)
    }

    /// Where a frame that is not the base frame is, if it exists already.
    pub fn address(&self, frame: &Frame) -> Option<u64> {
        frame.address.map(|place| self.read(place))
    }

    /// The frames, each with its slots.
    pub fn each(&self) -> impl Iterator<Item = (&'a Frame, &'a [Slot])> + use<'a> {
        let mut rest = self.slots;
        self.frames.iter().map(move |frame| {
            let (slots, behind) = rest.split_at(frame.slots as usize);
            rest = behind;
            (frame, slots)
        })
    }

    /// The fields of a virtual object.
    pub fn fields(&self, object: &Object) -> &'a [Slot] {
        let (start, count) = object.fields;
        &self.slots[start as usize..][..count as usize]
    }
}

/// Makes the tables.
struct Builder {
    tables: Exits,
    /// The numbers of the constants.
    numbers: FastMap<u64, u32>,
}

impl Builder {
    /// Adds the next exit. `locations` is parallel to the snapshot's values.
    fn add(&mut self, trace: &Trace, snapshot: &Snapshot, locations: &[Loc]) {
        let mut locations = locations.iter();
        let first_slot = self.tables.slots.len();
        let first_frame = self.tables.frames.len();
        for state in &snapshot.frames {
            let function = state.inlined.map_or(Place(0), |_| self.next(&mut locations));
            let address = state.address.map(|_| self.next(&mut locations));
            self.tables.frames.push(Frame {
                ip: state.ip,
                code: state.inlined.map_or(0, |inlined| inlined.code),
                function,
                address,
                function_form: state.inlined.map_or(Form::Null, |inlined| inlined.function_form),
                return_offset: state.return_offset,
                depth: state.depth,
                memory_depth: state.memory_depth,
                slots: state.slots.len() as u16,
            });
            self.add_slots(trace, &state.slots, &mut locations);
        }
        let first_object = self.tables.objects.len();
        for object in &snapshot.virtuals {
            let fields = ((self.tables.slots.len() - first_slot) as u32, object.fields.len() as u32);
            self.tables.objects.push(Object { made: object.made, class: object.class, attrs: object.attrs, fields });
            self.add_slots(trace, &object.fields, &mut locations);
        }
        self.tables.entries.push(Entry {
            frames: (first_frame as u32, self.tables.frames.len() as u32),
            objects: (first_object as u32, self.tables.objects.len() as u32),
            slots: first_slot as u32,
            kind: snapshot.kind,
        });
    }

    fn add_slots<'l>(&mut self, trace: &Trace, slots: &[SlotState], locations: &mut impl Iterator<Item = &'l Loc>) {
        for slot in slots {
            let place = match slot.form {
                Form::Virtual => Place(trace.as_int(slot.value).unwrap_or(0) as u32),
                Form::Null => Place(0),
                _ => self.next(locations),
            };
            self.tables.slots.push(Slot { index: slot.index, form: slot.form, place });
        }
    }

    /// The place of the next value.
    fn next<'l>(&mut self, locations: &mut impl Iterator<Item = &'l Loc>) -> Place {
        match *locations.next().unwrap_or(&Loc::Const(0)) {
            Loc::Gpr(n) => Place(GPR + u32::from(n)),
            Loc::Xmm(n) => Place(XMM + u32::from(n)),
            Loc::Spill(n) => Place(SPILL + u32::from(n)),
            Loc::Const(bits) => {
                let constants = &mut self.tables.constants;
                Place(
                    CONSTANT
                        | *self.numbers.entry(bits).or_insert_with(|| {
                            constants.push(bits);
                            constants.len() as u32 - 1
                        }),
                )
            }
        }
    }
}
