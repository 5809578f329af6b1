//! Decisions that depend on the clock, made by lot: for tests.
//!
//! What is compiled, when, and what is given up again depends on how long things take, and so differs from run to run. `-X jit=shake=N`
//! replaces the clock by one that goes now faster and now slower, and the thresholds by others, all of it decided by the number: many
//! numbers try many orders of events, and an order that breaks something can be had again.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rpy_vm::jit_hooks::Thresholds;

/// The state of the generator, and the time; zero as long as the clock is true.
static STATE: AtomicU64 = AtomicU64::new(0);
static TIME: AtomicU64 = AtomicU64::new(0);

/// Begins to decide by lot. What is decided depends on this number alone.
pub fn begin(number: u64) {
    STATE.store(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, Relaxed);
}

/// A number below `bound`, which is not zero, or none if nothing is decided by lot.
#[inline]
pub fn below(bound: u64) -> Option<u64> {
    let state = STATE.load(Relaxed);
    (state != 0).then(|| draw(state) % bound)
}

/// The time, if it is decided by lot: it goes on by nothing or by milliseconds.
#[inline]
pub fn time() -> Option<u64> {
    let scale = below(24)?;
    let step = below(1 << scale)?;
    Some(TIME.fetch_add(step, Relaxed) + step)
}

/// The thresholds, if they are decided by lot: up to these.
pub fn thresholds(most: Thresholds) -> Option<Thresholds> {
    let loops = 1 + below(most.loops.into())? as u16;
    let functions = 1 + below(most.functions.into())? as u32;
    Some(Thresholds { loops, functions })
}

/// The next state, and a number made of it (xorshift64*: G. Marsaglia, 2003; S. Vigna, 2016). Under the GIL, so that nothing is lost.
#[cold]
fn draw(mut state: u64) -> u64 {
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    STATE.store(state, Relaxed);
    state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 20
}
