//! The matching engine. It knows of Python only exceptions and signals.
//!
//! | File | What |
//! |---|---|
//! | `words` | the words of compiled patterns |
//! | `chars` | categories, case folding, sets |
//! | `node`, `parse` | the pattern as a tree |
//! | `program`, `emit` | the pattern as instructions |
//! | `scratch`, `machine` | matching at one position |
//! | `search` | where to try |
//! | `unit` | the widths of characters |
//!
//! Code words are checked, made a tree, and made instructions once per pattern. The order in which the machine tries things, the
//! rules for empty rounds of loops, and what groups hold afterwards are those of CPython's engine, whose words these are: where the
//! analysis leaves something out, it is only what could not have matched.

pub mod chars;
mod emit;
mod machine;
mod node;
mod parse;
mod program;
mod scratch;
mod search;
mod unit;
pub mod words;

pub use machine::{Demand, run};
pub use parse::Invalid;
pub use program::Program;
pub use scratch::{Scratch, ScratchGuard};
pub use search::search;
pub use unit::Unit;

/// Checks code words and makes them ready to run.
///
/// # Errors
/// `Invalid`.
pub fn compile(words: &[u32], groups: u32) -> Result<Program, Invalid> {
    Ok(emit::emit(parse::parse(words, groups)?))
}
