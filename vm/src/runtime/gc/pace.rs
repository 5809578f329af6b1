//! How often the youngest generation is looked through.
//!
//! `gc.set_threshold` says by how many objects it may grow until then. A program that builds up data without cycles pays for that with
//! each object it makes, twice: once among the youngest, once more in the middle generation. So where collections find nothing for a
//! while, they come more seldom, and what they have looked at is old at once. The first one that finds something brings back the usual
//! rate, and so does a program that takes care of the collector itself.

use core::cell::Cell;

use super::STATE;

/// So many collections in a row have found nothing by then.
const FRUITLESS: u32 = 8;
/// So many times more seldom they come.
pub const PATIENCE: i32 = 4;

/// Collections in a row that have found nothing.
struct Pace(Cell<u32>);

// SAFETY: touched under the GIL only.
unsafe impl Sync for Pace {}

static PACE: Pace = Pace(Cell::new(0));

/// Have collections found nothing for a while?
pub fn is_patient() -> bool {
    PACE.0.get() >= FRUITLESS
}

/// Takes note of what a collection of young objects has found.
pub fn note(found: bool) {
    if found {
        return reset();
    }
    PACE.0.set((PACE.0.get() + 1).min(FRUITLESS));
    apply();
}

/// The usual rate, at the thresholds as they are now.
pub fn reset() {
    PACE.0.set(0);
    apply();
}

fn apply() {
    let factor = if is_patient() { PATIENCE } else { 1 };
    STATE.young_limit.set(STATE.generations[0].threshold.get().saturating_mul(factor));
}
