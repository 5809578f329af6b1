//! What the JIT knows of numpy.
//!
//! Nothing of numpy is linked or imported: when a recording meets an object of one of its types, the loaded numpy is asked for its
//! types through the capsule that it has for C extensions ([`recognise`]). A numpy of another binary interface, or one
//! that is not as expected, is not understood, and simply called. [`layout`] says where the fields of its objects are, which
//! its C header fixes; [`scalars`] makes its scalars.

pub mod arrays;
pub mod fuse;
pub mod layout;
pub mod library;
pub mod loops;
mod recognise;
pub mod scalars;
pub mod status;

pub use recognise::{Numpy, dtype_number, known, see, underflow_watched};

use rpy_vm::object::typeobj::PyTypeObject;

use crate::ir::Scalar;

/// The address of a scalar type; 0 if numpy is not known.
pub fn scalar_type(scalar: Scalar) -> usize {
    known().map_or(0, |numpy| numpy.scalars[scalar as usize])
}

/// Is this one of the scalar types that traces keep unboxed?
pub fn is_scalar_type(ty: &PyTypeObject) -> bool {
    known().is_some_and(|numpy| numpy.scalar_of(ty).is_some())
}
