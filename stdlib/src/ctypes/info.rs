//! What ctypes knows of a C type: size, alignment, how values are read, written and passed.
//!
//! Metatypes are larger than `type` by one pointer, which owns the type's [`Info`]. It is null until the metatype's `__init__`
//! has run, and the abstract base classes (which are static types) have none.

use core::cell::{Cell, RefCell};
use core::ffi::{CStr, c_char};
use std::ffi::CString;

use rpy_vm::gc::{Traverse, Visit};
use rpy_vm::object::{PyHeapTypeObject, flags};
use rpy_vm::{ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc};

use super::abi::Passing;
use super::codes::Codec;

/// The C struct of a metatype's instances: a class and a pointer.
pub const METATYPE_SIZE: usize = size_of::<PyHeapTypeObject>() + size_of::<*mut Info>();

/// How an instance becomes an argument of a C function.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Param {
    /// Its value is copied.
    Value,
    /// What it points to.
    Pointer,
    /// Its address: arrays.
    Address,
    /// Its memory is copied: structures and unions.
    Memory,
}

/// Bits of [`Info::flags`]; the lower ones are `FUNCFLAG_*`.
pub mod flag {
    pub const CDECL: u32 = 0x1;
    pub const PYTHONAPI: u32 = 0x4;
    pub const USE_ERRNO: u32 = 0x8;
    pub const USE_LASTERROR: u32 = 0x10;
    pub const IS_POINTER: u32 = 0x100;
    pub const HAS_POINTER: u32 = 0x200;
}

/// What is known of a C type.
pub struct Info {
    pub size: Cell<usize>,
    pub align: Cell<usize>,
    /// Items of an array, fields of a structure.
    pub length: Cell<usize>,
    pub passing: Passing,
    pub param: Param,
    /// Of simple types.
    pub codec: Cell<Option<Codec>>,
    /// What arrays consist of and pointers point to; the letter of simple types.
    pub proto: OptRef,
    pub argtypes: OptRef,
    /// The `from_param` of each of `argtypes`.
    pub converters: OptRef,
    pub restype: OptRef,
    /// `_check_retval_` of `restype`.
    pub checker: OptRef,
    /// `POINTER(this)`.
    pub pointer_type: OptRef,
    /// Weak references to the types of arrays of this, by length.
    pub arrays: RefCell<Vec<(usize, ObjRef)>>,
    pub flags: Cell<u32>,
    /// The fields cannot be set any more.
    pub is_final: Cell<bool>,
    format: RefCell<Option<CString>>,
    pub shape: RefCell<Vec<isize>>,
}

impl Info {
    fn new(param: Param) -> Info {
        Info {
            size: Cell::new(0),
            align: Cell::new(0),
            length: Cell::new(0),
            passing: Passing::none(),
            param,
            codec: Cell::new(None),
            proto: OptRef::NULL,
            argtypes: OptRef::NULL,
            converters: OptRef::NULL,
            restype: OptRef::NULL,
            checker: OptRef::NULL,
            pointer_type: OptRef::NULL,
            arrays: RefCell::default(),
            flags: Cell::new(0),
            is_final: Cell::new(false),
            format: RefCell::new(None),
            shape: RefCell::default(),
        }
    }

    /// Has a flag?
    pub fn has(&self, flag: u32) -> bool {
        self.flags.get() & flag != 0
    }

    /// Sets flags.
    pub fn add_flags(&self, flags: u32) {
        self.flags.set(self.flags.get() | flags);
    }

    /// The format of buffers; `None` for an incomplete type.
    pub fn format(&self) -> Option<String> {
        self.format.borrow().as_ref().map(|text| text.to_string_lossy().into_owned())
    }

    /// The format for buffers, valid as long as it is not set again (which is not done once there are instances).
    pub fn format_ptr(&self) -> *mut c_char {
        self.format.borrow().as_ref().map_or(c"B", |text| CStr::as_ref(text)).as_ptr().cast_mut()
    }

    /// Sets the format. A name of a field that has a NUL in it ends it.
    pub fn set_format(&self, format: &str) {
        let end = format.find('\0').unwrap_or(format.len());
        *self.format.borrow_mut() = CString::new(&format[..end]).ok();
    }

    /// Becomes like its base class, which has no fields of its own to add.
    pub fn copy_from(&self, base: &Info) {
        self.size.set(base.size.get());
        self.align.set(base.align.get());
        self.length.set(base.length.get());
        self.passing.copy_from(&base.passing);
        self.codec.set(base.codec.get());
        self.flags.set(base.flags.get());
        for (own, other) in [
            (&self.proto, &base.proto),
            (&self.argtypes, &base.argtypes),
            (&self.converters, &base.converters),
            (&self.restype, &base.restype),
            (&self.checker, &base.checker),
        ] {
            own.set(other.get());
        }
        self.format.borrow_mut().clone_from(&base.format.borrow());
        self.shape.borrow_mut().clone_from(&base.shape.borrow());
    }

    /// Bytes behind it, for `__sizeof__`.
    pub fn memory(&self) -> usize {
        size_of::<Info>()
            + self.format.borrow().as_ref().map_or(0, |text| text.as_bytes_with_nul().len())
            + size_of_val(&self.shape.borrow()[..])
    }
}

impl Traverse for Info {
    fn traverse(&self, visit: &mut Visit<'_>) {
        for owned in [&self.proto, &self.argtypes, &self.converters, &self.restype, &self.checker, &self.pointer_type] {
            owned.traverse(visit);
        }
        for (_, weak) in self.arrays.borrow().iter() {
            weak.traverse(visit);
        }
    }

    fn clear(&self) {
        for owned in [&self.proto, &self.argtypes, &self.converters, &self.restype, &self.checker, &self.pointer_type] {
            owned.take();
        }
        let arrays = core::mem::take(&mut *self.arrays.borrow_mut());
        drop(arrays);
    }
}

/// Where a class of ours keeps its [`Info`]; `None` for other objects.
fn cell(object: &PyObject) -> Option<&Cell<*mut Info>> {
    let class = object.downcast_ref::<PyTypeObject>()?;
    if !class.has_flag(flags::HEAPTYPE) || !object.ty().is_subtype(super::metatype::base()) {
        return None;
    }
    // SAFETY: such a class was allocated with the pointer behind the struct of classes.
    Some(unsafe { &*(object as *const PyObject).cast::<u8>().add(size_of::<PyHeapTypeObject>()).cast() })
}

/// What is known of a class; `None` if it is no (finished) C type.
pub fn of_type(class: &PyObject) -> Option<&Info> {
    // SAFETY: null or owned by the class.
    cell(class).and_then(|cell| unsafe { cell.get().as_ref() })
}

/// What is known of an object's class.
pub fn of_instance(object: &PyObject) -> Option<&Info> {
    of_type(object.ty().as_object())
}

/// As [`of_type`], where classes without are not allowed.
///
/// # Errors
/// `TypeError`.
pub fn required(class: &PyObject) -> PyResult<&Info> {
    of_type(class).ok_or_else(abstract_class)
}

/// The class cannot have instances.
#[cold]
pub fn abstract_class() -> PyErr {
    exc::type_error("abstract class")
}

/// Gives a new class its [`Info`].
///
/// # Errors
/// `SystemError` for what is no C type, and if it has one already.
pub fn init(class: &PyTypeObject, param: Param) -> PyResult<&Info> {
    let name = class.full_name();
    let Some(cell) = cell(class.as_object()) else {
        return Err(exc::system_error(format!("'{name}' is not a ctypes class.")));
    };
    if !cell.get().is_null() {
        return Err(exc::system_error(format!("StgInfo of '{name}' is already initialized.")));
    }
    cell.set(Box::into_raw(Box::new(Info::new(param))));
    // SAFETY: just made.
    Ok(unsafe { &*cell.get() })
}

/// Ends a class of ours.
///
/// # Safety
/// The class is dead but intact.
pub unsafe fn free(class: *mut PyObject) {
    // SAFETY: the caller's promise; the box was made in `init`.
    unsafe {
        if let Some(cell) = cell(&*class) {
            let info = cell.replace(core::ptr::null_mut());
            if !info.is_null() {
                drop(Box::from_raw(info));
            }
        }
        if let Some(dealloc) = PyTypeObject::type_object().tp_dealloc.get() {
            dealloc(class);
        }
    }
}
