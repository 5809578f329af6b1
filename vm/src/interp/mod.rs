//! Execution of bytecode.
//!
//! * [`opcode`]: the instruction table
//! * [`frame`], [`stackref`]: frames, the data stack, references on it
//! * [`machine`]: the eval loop's registers
//! * [`dispatch`]: the loop: one short arm an instruction
//! * [`ops`]: what instructions do, by family
//! * [`single`]: one instruction at a time, for compiled code
//! * [`specialize`]: rewriting instructions in place after what they have seen
//! * [`awaited`], [`delegation`]: coroutines that are awaited at once, chains of generators
//! * [`call`]: binding arguments to parameters, entering functions
//! * [`unwind`]: exception tables, tracebacks, leaving frames
//! * [`reclaim`]: dropping last references cheaply
//! * [`instrument`]: tracing, profiling and monitoring

pub mod awaited;
pub mod call;
pub mod delegation;
pub mod dispatch;
pub mod frame;
pub mod instructions;
pub mod instrument;
pub mod machine;
pub mod opcode;
pub mod ops;
pub mod pending;
pub mod reclaim;
pub mod single;
pub mod specialize;
pub mod stack_effect;
pub mod stackref;
pub mod unwind;

pub use dispatch::{eval_code, eval_code_as, eval_frame};
