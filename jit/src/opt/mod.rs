//! The optimizer: small passes over straight-line code.
//!
//! Most passes look at one instruction at a time, with what is known about everything before it, and so they run while the
//! trace is being recorded: [`Builder::emit`] sends each instruction through the chain of [`builder::PASSES`]. When a
//! recording has come back to its start, [`peel::close_loop`] sends its instructions through the same chain once more,
//! behind what is now the preamble: whatever does not change from round to round is found there, and stays there. At last
//! `counts` finds reference counts that need not change, [`dce`] leaves out what nobody uses, `virtuals` objects
//! that need not exist, `recycle` uses boxes again, `limits` merges what guards ask of the loop's counter, and `finite` what they ask of numbers that depend on
//! each other. What is left of a loop over arrays may be done several rounds at a time (`wide`), in other ones, stores to iterators are left to the exits
//! (`sink`), and short ones get two rounds in one (`unroll`).
//!
//! One pass a file:
//!
//! | file | |
//! |---|---|
//! | `words` | the words of slots that a loop keeps unboxed (second round only) |
//! | `fold` | arithmetic of constants, algebra of integers and bools |
//! | `float` | the same of floats: only what is exact |
//! | `compare` | comparisons that follow from earlier ones |
//! | `boxes` | values that were boxed, or unboxed, before |
//! | `guards` | guards that hold, and those that cannot |
//! | `range` | what integers can be; overflow checks that cannot fail |
//! | `fresh` | objects that the trace has made, and nobody else knows |
//! | `heap` | loads of what is known to be in memory, stores of what is there already |
//! | `cse` | operations whose result exists |

pub mod builder;
pub mod dce;
pub mod peel;

mod boxes;
mod compare;
mod counts;
mod cse;
mod facts;
mod finite;
mod float;
mod fold;
mod fresh;
mod guards;
mod heap;
mod limits;
mod range;
mod recycle;
mod rounds;
mod sink;
mod unroll;
mod virtuals;
mod wide;
mod words;

pub use builder::{Builder, Contradiction, KnownTypes};
pub use dce::finish;
pub use facts::Range;
pub use peel::{Abandoned, Contradicted, close_entered, close_loop, is_number};

use crate::ir::Trace;

/// What is done last to a closed loop.
pub fn tighten(trace: Trace) -> Trace {
    unroll::unroll(sink::sink(trace))
}
