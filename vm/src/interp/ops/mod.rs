//! What instructions do, by family. Fast paths are inlined into the loop; slow paths are separate cold functions that
//! receive values.

pub mod arith;
pub mod attr;
pub mod build;
pub mod calls;
pub mod consumers;
pub mod exceptions;
pub mod generators;
pub mod intrinsics;
pub mod iter;
pub mod names;
pub mod pattern;
pub mod special;
pub mod subscr;
