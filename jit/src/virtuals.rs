//! Making the virtual objects of an exit.

use rpy_vm::interp::stackref::StackRef;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;
use rpy_vm::types::tuple::PyTuple;

use smallvec::SmallVec;

use crate::exits::{Exit, Slot};
use crate::ir::{Form, Made};
use crate::leave::word;
use crate::runtime::instance::sure_instance;
use crate::runtime::iter::new_range;

/// The virtual objects of an exit, made as they are needed, each once.
pub struct Virtuals<'e> {
    exit: Exit<'e>,
    made: SmallVec<[Option<ObjRef>; 4]>,
}

impl<'e> Virtuals<'e> {
    pub fn new(exit: Exit<'e>) -> Virtuals<'e> {
        let made = exit.objects.iter().map(|_| None).collect();
        Virtuals { exit, made }
    }

    /// The word for a slot of a frame, owned.
    ///
    /// # Safety
    /// The trace has ended at this exit, the slot is one of its own, and it is filled once.
    #[inline]
    pub unsafe fn word(&mut self, slot: &Slot) -> StackRef {
        let bits = self.exit.bits(slot);
        // SAFETY: passed on.
        unsafe {
            match slot.form {
                Form::Virtual => StackRef::owned(self.object(bits as usize)),
                form => word(form, bits),
            }
        }
    }

    /// A reference to an object, by its number.
    ///
    /// # Safety
    /// As for [`Virtuals::word`].
    unsafe fn object(&mut self, number: usize) -> ObjRef {
        if let Some(made) = &self.made[number] {
            return made.clone();
        }
        let object = self.exit.objects[number];
        let fields = self.exit.fields(&object);
        // SAFETY: the class is a live type, kept by the trace; its attribute slots are where the exit says, and empty.
        unsafe {
            match object.made {
                Made::Instance => {
                    let made = ObjRef::from_owned_ptr(sure_instance(object.class as *mut _, object.attrs));
                    let address = made.as_ptr();
                    // Noted first: it may hold itself.
                    self.made[number] = Some(made.clone());
                    for field in fields {
                        let value = self.word(field).into_owned().into_raw();
                        address.byte_add(8 * field.index as usize).cast::<*mut PyObject>().write(value);
                    }
                    made
                }
                Made::Range => {
                    let bound = |i: usize| self.exit.bits(&fields[i]) as i64;
                    let made = ObjRef::from_owned_ptr(new_range(bound(0), bound(1)));
                    self.made[number] = Some(made.clone());
                    made
                }
                Made::Tuple => {
                    let items: Vec<ObjRef> = fields.iter().map(|field| self.word(field).into_owned()).collect();
                    let made = PyTuple::new(items).into_obj();
                    self.made[number] = Some(made.clone());
                    made
                }
            }
        }
    }
}
