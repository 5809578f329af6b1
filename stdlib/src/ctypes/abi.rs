//! How values of C types travel in calls: what libffi is told of them.
//!
//! libffi lays a structure out anew from the types of its elements, which is wrong for unions, for bit fields and for packed
//! structures. So it is never told the real elements. The rules of the System V ABI for x86-64 are applied here to the layout
//! that is known exactly (*The structure is cut into eightbytes; what lies in one decides which kind of register it travels
//! in*), and libffi gets a made-up structure of plain scalars with the same size, alignment and register classes. The elements
//! are therefore always libffi's own static types.

use core::cell::{Cell, RefCell, UnsafeCell};
use core::ffi::{c_uint, c_ushort, c_void};

use libffi_sys as ffi;
pub use libffi_sys::ffi_type;

/// The largest structure that may travel in registers.
const IN_REGISTERS: usize = 16;

/// What part of a value needs which kind of register.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Integer,
    Sse,
    X87,
}

/// A scalar inside a type of at most [`IN_REGISTERS`] bytes.
#[derive(Clone, Copy)]
pub struct Scalar {
    pub offset: usize,
    pub size: usize,
    pub class: Class,
    /// A bit field or something else that may lie anywhere.
    pub unaligned: bool,
}

/// A pointer to a type description that everybody may read.
#[derive(Clone, Copy)]
pub struct TypePtr(pub *mut ffi_type);
// SAFETY: libffi's own types are constant.
unsafe impl Sync for TypePtr {}

/// An element that libffi never puts into a register, because it says to be large.
#[repr(transparent)]
struct InMemory(UnsafeCell<ffi_type>);
// SAFETY: constant.
unsafe impl Sync for InMemory {}

#[repr(transparent)]
struct Elements([*mut ffi_type; 2]);
// SAFETY: constant.
unsafe impl Sync for Elements {}

static IN_MEMORY_ELEMENTS: Elements = Elements([&raw mut ffi::ffi_type_uint8, core::ptr::null_mut()]);
static IN_MEMORY: InMemory = InMemory(UnsafeCell::new(ffi_type {
    size: 64,
    alignment: 1,
    type_: ffi::FFI_TYPE_STRUCT,
    elements: (&raw const IN_MEMORY_ELEMENTS).cast_mut().cast(),
}));

/// The description of one C type for libffi. It stays where it is.
pub struct Passing {
    ffi: UnsafeCell<ffi_type>,
    elements: RefCell<Vec<*mut ffi_type>>,
    scalars: RefCell<Vec<Scalar>>,
}

impl Passing {
    /// Of an incomplete type.
    pub fn none() -> Passing {
        Passing { ffi: UnsafeCell::new(ffi_type::default()), elements: RefCell::default(), scalars: RefCell::default() }
    }

    /// What libffi reads, as long as this lives.
    pub fn as_ptr(&self) -> *mut ffi_type {
        self.ffi.get()
    }

    /// The size that libffi knows.
    pub fn size(&self) -> usize {
        // SAFETY: only read and written under the GIL.
        unsafe { (*self.ffi.get()).size }
    }

    /// libffi's number of the kind of type.
    pub fn kind(&self) -> c_ushort {
        // SAFETY: as above.
        unsafe { (*self.ffi.get()).type_ }
    }

    /// Becomes one of libffi's scalar types. As part of a structure it is `scalars`.
    pub fn set_scalar(&self, ty: TypePtr, scalars: &[Scalar]) {
        // SAFETY: a static of libffi's; as above.
        unsafe { *self.ffi.get() = *ty.0 };
        *self.scalars.borrow_mut() = scalars.to_vec();
    }

    /// An array as argument is a pointer to it; as part of a structure it is `count` times its item.
    pub fn set_array(&self, item: &Passing, item_size: usize, count: usize) {
        // SAFETY: as above.
        unsafe { *self.ffi.get() = ffi::ffi_type_pointer };
        let mut scalars = Vec::new();
        // Items without size have no parts, and there may be any number of them.
        if item_size.checked_mul(count).is_some_and(|size| (1..=IN_REGISTERS).contains(&size)) {
            for index in 0..count {
                scalars.extend(item.scalars_at(index * item_size));
            }
        }
        *self.scalars.borrow_mut() = scalars;
    }

    /// The scalars of this type when it lies at an offset inside another.
    pub fn scalars_at(&self, offset: usize) -> Vec<Scalar> {
        self.scalars.borrow().iter().map(|s| Scalar { offset: s.offset + offset, ..*s }).collect()
    }

    /// As `other` (of a base class).
    pub fn copy_from(&self, other: &Passing) {
        let elements = other.elements.borrow().clone();
        *self.scalars.borrow_mut() = other.scalars.borrow().clone();
        // SAFETY: as above.
        unsafe { *self.ffi.get() = *other.ffi.get() };
        if !elements.is_empty() {
            self.set_elements(elements);
        }
    }

    /// Becomes a structure or union.
    pub fn set_aggregate(&self, size: usize, alignment: usize, scalars: Vec<Scalar>) {
        // SAFETY: as above.
        unsafe {
            *self.ffi.get() = ffi_type {
                size,
                alignment: alignment.min(c_ushort::MAX as usize) as c_ushort,
                type_: ffi::FFI_TYPE_STRUCT,
                elements: core::ptr::null_mut(),
            };
        }
        self.set_elements(elements_for(size, &scalars));
        *self.scalars.borrow_mut() = if size <= IN_REGISTERS { scalars } else { Vec::new() };
    }

    fn set_elements(&self, elements: Vec<*mut ffi_type>) {
        let mut own = self.elements.borrow_mut();
        *own = elements;
        // SAFETY: the vector stays as long as this, and is changed only together with the pointer.
        unsafe { (*self.ffi.get()).elements = own.as_mut_ptr() };
    }
}

/// Register class of an eightbyte that holds one more scalar.
fn merge(class: Option<Class>, new: Class) -> Class {
    match class {
        None => new,
        Some(Class::Integer) => Class::Integer,
        Some(_) if new == Class::Integer => Class::Integer,
        Some(class) => class,
    }
}

/// The made-up elements, with the NULL that ends them.
fn elements_for(size: usize, scalars: &[Scalar]) -> Vec<*mut ffi_type> {
    let end = core::ptr::null_mut();
    let in_memory = vec![IN_MEMORY.0.get(), end];
    if size > IN_REGISTERS || scalars.iter().any(|s| !s.unaligned && s.offset % s.size != 0) {
        return in_memory;
    }
    if scalars.iter().any(|s| s.class == Class::X87) {
        // Beside anything else a long double is not passed in registers.
        let alone = scalars.iter().all(|s| s.class == Class::X87);
        return if alone { vec![&raw mut ffi::ffi_type_longdouble, end] } else { in_memory };
    }
    let mut classes: [Option<Class>; 2] = [None, None];
    for scalar in scalars {
        let last = (scalar.offset + scalar.size - 1) / 8;
        for class in classes.iter_mut().take(last + 1).skip(scalar.offset / 8) {
            *class = Some(merge(*class, scalar.class));
        }
    }
    let mut elements = Vec::new();
    for (index, class) in classes.into_iter().enumerate() {
        let len = size.saturating_sub(8 * index).min(8);
        match class {
            // Padding takes no register.
            None => {}
            Some(Class::Sse) if len <= 4 => elements.push(&raw mut ffi::ffi_type_float),
            Some(Class::Sse | Class::X87) => elements.push(&raw mut ffi::ffi_type_double),
            Some(Class::Integer) if len == 8 => elements.push(&raw mut ffi::ffi_type_uint64),
            Some(Class::Integer) => {
                if len & 4 != 0 {
                    elements.push(&raw mut ffi::ffi_type_uint32);
                }
                if len & 2 != 0 {
                    elements.push(&raw mut ffi::ffi_type_uint16);
                }
                if len & 1 != 0 {
                    elements.push(&raw mut ffi::ffi_type_uint8);
                }
            }
        }
    }
    elements.push(end);
    elements
}

/// A C function of unknown type.
pub type Function = unsafe extern "C" fn();

/// The description of a function's type, for calls and for closures.
pub struct Signature {
    cif: ffi::ffi_cif,
    /// libffi refers to it.
    arguments: Vec<*mut ffi_type>,
}

impl Signature {
    /// Of a function with these argument and result types, which must outlive the signature. `Err`: libffi's number.
    pub fn new(arguments: Vec<*mut ffi_type>, result: *mut ffi_type) -> Result<Box<Signature>, u32> {
        let mut this = Box::new(Signature { cif: ffi::ffi_cif::default(), arguments });
        let count = this.arguments.len() as c_uint;
        let arguments = this.arguments.as_mut_ptr();
        // SAFETY: the arrays live in the box as long as the description that refers to them.
        let status =
            unsafe { ffi::ffi_prep_cif(&mut this.cif, ffi::ffi_abi_FFI_DEFAULT_ABI, count, result, arguments) };
        if status == ffi::ffi_status_FFI_OK { Ok(this) } else { Err(status) }
    }

    /// Calls a function.
    ///
    /// # Safety
    /// The function has the type; each of `values` points to an argument, `result` to room for the result (and for 8 bytes).
    pub unsafe fn call(&self, function: *mut c_void, result: *mut c_void, values: &mut [*mut c_void]) {
        // SAFETY: the caller's promise; libffi does not change the description in a call.
        unsafe {
            let function: Option<Function> = core::mem::transmute(function);
            ffi::ffi_call((&raw const self.cif).cast_mut(), function, result, values.as_mut_ptr());
        }
    }
}

/// What a closure calls: with the description, room for the result, pointers to the arguments, and the closure's data.
pub type Handler = unsafe extern "C" fn(*mut ffi::ffi_cif, *mut c_void, *mut *mut c_void, *mut c_void);

/// A C function made at run time.
pub struct Closure {
    writable: Cell<*mut ffi::ffi_closure>,
    code: *mut c_void,
    _signature: Box<Signature>,
}

impl Closure {
    /// A function that calls `handler` with `data`. `Err`: libffi's number, or `None` without memory.
    pub fn new(signature: Box<Signature>, handler: Handler, data: *mut c_void) -> Result<Closure, Option<u32>> {
        let mut code = core::ptr::null_mut();
        // SAFETY: plain allocation.
        let writable = unsafe { ffi::ffi_closure_alloc(size_of::<ffi::ffi_closure>(), &mut code) };
        if writable.is_null() {
            return Err(None);
        }
        let closure = Closure { writable: Cell::new(writable.cast()), code, _signature: signature };
        // SAFETY: the description stays as long as the closure.
        let status = unsafe {
            let cif = (&raw const closure._signature.cif).cast_mut();
            ffi::ffi_prep_closure_loc(writable.cast(), cif, Some(handler), data, code)
        };
        if status == ffi::ffi_status_FFI_OK { Ok(closure) } else { Err(Some(status)) }
    }

    /// The function's address.
    pub fn code(&self) -> *mut c_void {
        self.code
    }
}

impl Drop for Closure {
    fn drop(&mut self) {
        // SAFETY: allocated by libffi, and nobody calls the function any more.
        unsafe { ffi::ffi_closure_free(self.writable.get().cast()) }
    }
}
