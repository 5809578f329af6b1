//! Room for compiling. Syntax trees are walked, and dropped, by recursion: a chain of many thousand attributes or `elif`s, as
//! programs write it, is as deep as it is long, and the compiler's own limit is only met when the tree exists.

/// What compiling takes in any case.
const BASE: usize = 128 << 10;
/// Stack for each byte of source text: what dropping one level of a tree takes, of which a level has at least two bytes.
const PER_BYTE: usize = 512;
const MOST: usize = 4 << 30;

/// Runs `f`, which knows nothing of Python, on a stack that suits the length of the text. Only the pages that are touched
/// cost memory.
pub fn with_room<R>(source: &str, f: impl FnOnce() -> R) -> R {
    let wanted = source.len() * PER_BYTE + BASE;
    if wanted <= crate::runtime::recursion::stack_left() { f() } else { stacker::grow(wanted.clamp(64 << 20, MOST), f) }
}
