//! Arrays as the runtime sees them: their headers, new ones, and parts of them.

use core::ffi::{c_int, c_void};

use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;

use super::fuse::cut::Strided;
use super::{Numpy, layout};
use crate::ir::Scalar;

/// `array[index]` of an array with several axes: a view (owned), or null.
///
/// # Safety
/// A live exact array.
pub unsafe extern "C" fn item(array: *const PyObject, index: isize) -> *mut PyObject {
    // SAFETY: the caller's promise.
    match rpy_vm::protocol::sequence::get_item_index(unsafe { &*array }, index) {
        Ok(view) => view.into_raw(),
        Err(_) => core::ptr::null_mut(),
    }
}

/// `array[key]` with a key that runs no Python code (owned), or null.
///
/// # Safety
/// A live exact array, a live key.
pub unsafe extern "C" fn part(array: *const PyObject, key: *const PyObject) -> *mut PyObject {
    // SAFETY: the caller's promise.
    match rpy_vm::protocol::object::get_item(unsafe { &*array }, unsafe { &*key }) {
        Ok(view) => view.into_raw(),
        Err(_) => {
            rpy_vm::runtime::thread::current().current_exception.set(None);
            core::ptr::null_mut()
        }
    }
}

/// An array's header.
#[derive(Clone, Copy)]
pub struct Array<'a> {
    object: &'a PyObject,
}

impl<'a> Array<'a> {
    /// An exact array of that dtype, in one piece, with axes (without them, operators make scalars).
    ///
    /// # Safety
    /// A live object.
    pub unsafe fn plain(object: &'a PyObject, numpy: &Numpy, scalar: Scalar) -> Option<Array<'a>> {
        // SAFETY: passed on.
        unsafe { Array::regular(object, numpy, scalar).filter(|array| array.is_in_order()) }
    }

    /// An exact array of that dtype, aligned, with axes.
    ///
    /// # Safety
    /// A live object.
    pub unsafe fn regular(object: &'a PyObject, numpy: &Numpy, scalar: Scalar) -> Option<Array<'a>> {
        let array = Array { object };
        let fits = numpy.is_array(object)
            && array.word(layout::ARRAY_DTYPE) == numpy.dtypes[scalar as usize]
            && array.flags() & layout::FLAG_ALIGNED != 0
            && array.ndim() != 0;
        fits.then_some(array)
    }

    /// Do its elements lie in C's order, without gaps?
    pub fn is_in_order(self) -> bool {
        self.flags() & layout::FLAG_IN_ORDER != 0
    }

    /// An exact array, for its header's sake.
    ///
    /// # Safety
    /// An exact array.
    pub unsafe fn new(object: &'a PyObject) -> Array<'a> {
        Array { object }
    }

    pub fn object(self) -> &'a PyObject {
        self.object
    }

    fn field(self, offset: usize) -> *mut usize {
        // SAFETY: a field of an array.
        unsafe { self.object.as_ptr().cast::<u8>().add(offset) as *mut usize }
    }

    fn word(self, offset: usize) -> usize {
        // SAFETY: a field of an array.
        unsafe { *self.field(offset) }
    }

    fn flags(self) -> u32 {
        self.word(layout::ARRAY_FLAGS) as u32
    }

    fn ndim(self) -> usize {
        self.word(layout::ARRAY_NDIM) as u32 as usize
    }

    pub fn shape(self) -> &'a [isize] {
        let ndim = self.ndim();
        if ndim == 0 {
            return &[];
        }
        // SAFETY: as many words as there are axes.
        unsafe { core::slice::from_raw_parts(self.word(layout::ARRAY_SHAPE) as *const isize, ndim) }
    }

    /// Where its elements are. `None`: it has many axes.
    pub fn strided(self) -> Option<Strided> {
        // SAFETY: as many words as there are axes, of which there is one at least.
        let strides =
            unsafe { core::slice::from_raw_parts(self.word(layout::ARRAY_STRIDES) as *const isize, self.ndim()) };
        Strided::new(self.data(), self.shape(), strides)
    }

    /// How many elements.
    pub fn count(self) -> usize {
        self.shape().iter().map(|&length| length as usize).product()
    }

    pub fn data(self) -> *mut u8 {
        self.word(layout::ARRAY_DATA) as *mut u8
    }

    pub fn is_writeable(self) -> bool {
        self.flags() & (layout::FLAG_WRITEABLE | layout::FLAG_WARN_ON_WRITE) == layout::FLAG_WRITEABLE
    }

    /// Are there so many references to it, and does nothing else see its elements?
    pub fn is_unique(self, references: u32) -> bool {
        self.object.refcount() == references
            && !self.object.is_immortal()
            && self.is_writeable()
            && self.flags() & layout::FLAG_OWNS != 0
            && self.word(layout::ARRAY_BASE) == 0
            && self.word(layout::ARRAY_WEAKREFS) == 0
    }

    /// Exchanges the elements of two arrays that own theirs, made by the same allocator, in equal numbers of bytes. False if it is
    /// not the same one.
    pub fn exchange(self, other: Array<'_>) -> bool {
        if self.word(layout::ARRAY_ALLOCATOR) != other.word(layout::ARRAY_ALLOCATOR) {
            return false;
        }
        // SAFETY: fields of arrays.
        unsafe { core::ptr::swap(self.field(layout::ARRAY_DATA), other.field(layout::ARRAY_DATA)) };
        true
    }
}

/// The function that makes arrays: type, dtype (which it takes over), axes, shape, strides, data, flags, template.
type NewArray = unsafe extern "C" fn(
    *mut c_void,
    *mut PyObject,
    c_int,
    *const isize,
    *const isize,
    *mut c_void,
    c_int,
    *mut PyObject,
) -> *mut PyObject;

/// A new array of that shape, without content. `None`: memory is short, as numpy will say.
pub fn new_array(numpy: &Numpy, scalar: Scalar, shape: &[isize]) -> Option<ObjRef> {
    // SAFETY: numpy's own function; a static dtype.
    unsafe {
        let make: NewArray = core::mem::transmute(numpy.new_array);
        let dtype = (*(numpy.dtypes[scalar as usize] as *const PyObject)).new_ref().into_raw();
        let made = make(
            numpy.array as *mut c_void,
            dtype,
            shape.len() as c_int,
            shape.as_ptr(),
            core::ptr::null(),
            core::ptr::null_mut(),
            0,
            core::ptr::null_mut(),
        );
        if made.is_null() {
            rpy_vm::runtime::thread::current().current_exception.set(None);
            return None;
        }
        Some(ObjRef::from_owned_ptr(made))
    }
}
