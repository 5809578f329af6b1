//! What can be done to any object, dispatched through type slots with CPython's rules and messages.

pub mod buffer;
pub mod call;
pub mod mapping;
pub mod native;
pub mod number;
pub mod object;
pub mod operators;
pub mod sequence;
