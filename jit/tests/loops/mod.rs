//! Random loops: programs, the memory they work on, and their traces.

pub mod lower;
pub mod memory;
pub mod program;
