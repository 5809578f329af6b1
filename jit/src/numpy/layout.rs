//! Where fields are in numpy's objects, in bytes, and what their flags mean: those of binary interface 2.

/// `PyArrayObject`: the address of the elements, the number of dimensions (32 bits), the addresses of shape and strides, the dtype,
/// the flags (32 bits).
pub const ARRAY_DATA: usize = 16;
pub const ARRAY_NDIM: usize = 24;
pub const ARRAY_SHAPE: usize = 32;
pub const ARRAY_STRIDES: usize = 40;
/// What owns its elements, if it does not.
pub const ARRAY_BASE: usize = 48;
pub const ARRAY_DTYPE: usize = 56;
pub const ARRAY_FLAGS: usize = 64;
/// Weak references to it.
pub const ARRAY_WEAKREFS: usize = 72;
/// What allocated its elements.
pub const ARRAY_ALLOCATOR: usize = 88;

/// The elements lie in C's order, without gaps.
pub const FLAG_IN_ORDER: u32 = 1;
/// The elements are its own.
pub const FLAG_OWNS: u32 = 4;
pub const FLAG_ALIGNED: u32 = 0x100;
pub const FLAG_WRITEABLE: u32 = 0x400;
/// Writing is going to be forbidden, of which it warns.
pub const FLAG_WARN_ON_WRITE: u32 = 1 << 31;

/// `PyArray_Descr`: the scalar type, the number of the type (32 bits), the size of an element.
pub const DTYPE_TYPE: usize = 16;
pub const DTYPE_NUMBER: usize = 28;
pub const DTYPE_SIZE: usize = 40;

/// Scalars: their value.
pub const SCALAR_VALUE: usize = 16;
/// The size of those that traces keep unboxed.
pub const SCALAR_SIZE: isize = 24;

/// `PyUFuncObject`: operands that come in, that go out (32 bits each); the inner loops, their data, how many there are; the types
/// of their operands, a byte each.
pub const UFUNC_INPUTS: usize = 16;
pub const UFUNC_OUTPUTS: usize = 20;
pub const UFUNC_LOOPS: usize = 32;
pub const UFUNC_DATA: usize = 40;
pub const UFUNC_COUNT: usize = 48;
pub const UFUNC_NAME: usize = 56;
pub const UFUNC_TYPES: usize = 64;
