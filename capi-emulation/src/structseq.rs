//! `structseq.h`: named tuples of C code.

use core::ffi::{c_char, c_int};

use rpy_vm::object::flags;
use rpy_vm::types::structseq::{self, StructSeqField, leak_c_str};
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_;
use rpy_vm::{ObjRef, PyClass, PyResult, PyStruct, PyTypeObject, Ref, exc};

use crate::border::{Borrowed, Obj, Out, Stolen, bad_call};

/// `PyStructSequence_Field`.
#[repr(C)]
pub struct Field {
    name: *const c_char,
    doc: *const c_char,
}

/// `PyStructSequence_Desc`.
#[repr(C)]
pub struct Desc {
    name: *const c_char,
    doc: *const c_char,
    fields: *const Field,
    n_in_sequence: c_int,
}

const _: () = assert!(size_of::<Desc>() == 32 && size_of::<Field>() == 16);

exports! {
    /// A new type.
    fn PyStructSequence_NewType(desc: &Desc) -> Out = Ref<PyTypeObject> {
        new_type(desc).map(PyStruct::to_ref)
    }
    /// Makes a type in the caller's memory.
    fn PyStructSequence_InitType2(ty: &PyTypeObject, desc: &Desc) -> c_int = () {
        init_type(ty, desc)
    }
    /// As `PyStructSequence_InitType2`; errors stay pending.
    fn PyStructSequence_InitType(ty: &PyTypeObject, desc: &Desc) {
        if let Err(error) = init_type(ty, desc) {
            error.restore();
        }
    }
    /// An instance whose fields the caller sets.
    fn PyStructSequence_New(ty: &PyTypeObject) -> Out = ObjRef {
        let count = structseq::field_count(ty);
        structseq::instance(ty, (0..count).map(|_| rpy_vm::none()).collect())
    }
    /// Sets a field; the reference is taken over.
    fn PyStructSequence_SetItem(object: Obj<'_>, index: isize, value: Stolen) {
        if let Some(value) = value {
            structseq::set_field(object, index.max(0) as usize, value);
        }
    }
    /// A field, borrowed.
    fn PyStructSequence_GetItem(object: Obj<'_>, index: isize) -> Borrowed {
        // The instance keeps what is lent.
        structseq::get_field(object, index.max(0) as usize).map_or(core::ptr::null_mut(), |value| value.as_raw())
    }
}

/// # Safety
/// The description's texts and table are what they say.
unsafe fn new_type(desc: &Desc) -> PyResult<&'static PyTypeObject> {
    // SAFETY: the caller's promise; an entry without a name ends the table.
    unsafe {
        let name = leak_c_str(desc.name).ok_or_else(bad_call)?;
        let mut fields = Vec::new();
        let mut at = desc.fields;
        while !(*at).name.is_null() {
            let unnamed = (*at).name == crate::data::unnamed_field();
            fields.push(StructSeqField {
                name: if unnamed { None } else { leak_c_str((*at).name) },
                doc: leak_c_str((*at).doc),
            });
            at = at.add(1);
        }
        let visible = usize::try_from(desc.n_in_sequence).map_err(|_| bad_call())?;
        if visible > fields.len() {
            return Err(exc::system_error("PyStructSequence: more visible fields than fields"));
        }
        structseq::new_type(name, leak_c_str(desc.doc), fields, visible)
    }
}

/// The caller's type becomes a subclass of a type of our own, which does the work.
unsafe fn init_type(ty: &PyTypeObject, desc: &Desc) -> PyResult<()> {
    // SAFETY: the caller's promise.
    let base = unsafe { new_type(desc)? };
    debug_assert!(base.is_subtype(PyTuple::type_object()));
    if ty.as_object().refcount() == 0 {
        ty.as_object().make_immortal();
    }
    ty.tp_name.set(base.tp_name.get());
    ty.tp_doc.set(base.tp_doc.get());
    ty.tp_base.set(base);
    ty.tp_basicsize.set(base.tp_basicsize.get());
    ty.tp_itemsize.set(base.tp_itemsize.get());
    ty.tp_flags.set(flags::HAVE_GC);
    ty.tp_new.set(base.tp_new.get());
    type_::type_ready(ty)
}
