//! Making the virtual objects of an exit's snapshot.

use rpy_vm::interp::stackref::StackRef;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;
use rpy_vm::types::tuple::PyTuple;

use smallvec::SmallVec;

use crate::executor::word;
use crate::ir::{Form, Made, SlotState, Snapshot, Trace};
use crate::runtime::instance::sure_instance;
use crate::runtime::iter::new_range;

/// The virtual objects of a snapshot, made as they are needed, each once.
pub struct Virtuals<'s> {
    trace: &'s Trace,
    snapshot: &'s Snapshot,
    /// For each object, the bits of its fields.
    bits: Vec<Vec<u64>>,
    made: Vec<Option<ObjRef>>,
}

impl<'s> Virtuals<'s> {
    /// `values` are the bits of all of the snapshot's values.
    pub fn new(trace: &'s Trace, snapshot: &'s Snapshot, values: &[u64]) -> Virtuals<'s> {
        let count = |fields: &[SlotState]| fields.iter().filter(|field| field.form.has_value()).count();
        let total: usize = snapshot.virtuals.iter().map(|object| count(&object.fields)).sum();
        let mut rest = values[values.len() - total..].iter().copied();
        let mut bits_of = |field: &SlotState| if field.form.has_value() { rest.next().unwrap_or(0) } else { 0 };
        let bits = snapshot.virtuals.iter().map(|object| object.fields.iter().map(&mut bits_of).collect()).collect();
        Virtuals { trace, snapshot, bits, made: vec![None; snapshot.virtuals.len()] }
    }

    /// The word for a slot of a frame or of another virtual object, owned.
    ///
    /// # Safety
    /// The trace has ended at this snapshot, the bits are the slot's, and it is filled once.
    pub unsafe fn word(&mut self, slot: &SlotState, bits: u64) -> StackRef {
        // SAFETY: passed on.
        unsafe {
            match slot.form {
                Form::Virtual => StackRef::owned(self.object(slot)),
                form => word(form, bits),
            }
        }
    }

    /// A reference to an object.
    ///
    /// # Safety
    /// As for [`Virtuals::word`].
    unsafe fn object(&mut self, slot: &SlotState) -> ObjRef {
        let number = self.trace.as_int(slot.value).unwrap_or(0) as usize;
        if let Some(made) = &self.made[number] {
            return made.clone();
        }
        let object = &self.snapshot.virtuals[number];
        let fields = object.fields.iter().zip(core::mem::take(&mut self.bits[number]));
        // SAFETY: the class is a live type, kept by the trace; its attribute slots are where the snapshot says, and empty.
        unsafe {
            match object.made {
                Made::Instance => {
                    let made = ObjRef::from_owned_ptr(sure_instance(object.class as *mut _, object.attrs));
                    let address = made.as_ptr();
                    // Noted first: it may hold itself.
                    self.made[number] = Some(made.clone());
                    for (field, bits) in fields {
                        let value = self.field(field, bits).into_raw();
                        address.byte_add(8 * field.index as usize).cast::<*mut PyObject>().write(value);
                    }
                    made
                }
                Made::Range => {
                    let bounds: SmallVec<[i64; 2]> = fields.map(|(_, bits)| bits as i64).collect();
                    let made = ObjRef::from_owned_ptr(new_range(bounds[0], bounds[1]));
                    self.made[number] = Some(made.clone());
                    made
                }
                Made::Tuple => {
                    let items: Vec<ObjRef> = fields.map(|(field, bits)| self.field(field, bits)).collect();
                    let made = PyTuple::new(items).into_obj();
                    self.made[number] = Some(made.clone());
                    made
                }
            }
        }
    }

    /// What a field is to hold.
    unsafe fn field(&mut self, field: &SlotState, bits: u64) -> ObjRef {
        // SAFETY: passed on; fields that are empty are not mentioned.
        unsafe {
            match field.form {
                Form::Virtual => self.object(field),
                form => word(form, bits).into_owned(),
            }
        }
    }
}
