//! The processor's floating-point status, in which numpy looks for what it has to tell; and who wants to be told.

use core::arch::asm;
use std::sync::atomic::Ordering;

use rpy_vm::runtime::context::PyContextVar;
use rpy_vm::types::capsule::PyCapsule;

use super::known;
use super::recognise::UNDERFLOW;

/// Flags of the status register.
const INVALID: u32 = 1;
const DIVISION_BY_ZERO: u32 = 4;
const OVERFLOWN: u32 = 8;
const UNDERFLOWN: u32 = 16;
/// Those that numpy may tell of.
const TELLING: u32 = INVALID | DIVISION_BY_ZERO | OVERFLOWN | UNDERFLOWN;

/// Where an error state's mask says what to do about each.
const SHIFTS: [(u32, u32); 4] = [(DIVISION_BY_ZERO, 0), (OVERFLOWN, 3), (UNDERFLOWN, 6), (INVALID, 9)];
/// The error state of numpy where nobody has set another: of underflow nothing is told.
const USUAL: u32 = INVALID | DIVISION_BY_ZERO | OVERFLOWN;

/// The status of vector instructions.
#[inline]
fn vectors() -> u32 {
    let mut word = 0_u32;
    // SAFETY: stores the register.
    unsafe { asm!("stmxcsr [{}]", in(reg) &raw mut word, options(nostack)) };
    word
}

/// The status of the old floating-point unit: `feraiseexcept`, with which numpy says some of what has happened, uses that.
#[inline]
fn unit() -> u32 {
    let word: u16;
    // SAFETY: reads the register.
    unsafe { asm!("fnstsw ax", out("ax") word, options(nomem, nostack)) };
    u32::from(word)
}

/// Forgets what has happened so far.
#[inline]
pub fn clear() {
    let word = vectors();
    if word & TELLING != 0 {
        let word = word & !TELLING;
        // SAFETY: clears flags, nothing else.
        unsafe { asm!("ldmxcsr [{}]", in(reg) &raw const word, options(nostack)) };
    }
    if unit() & TELLING != 0 {
        // SAFETY: clears flags, nothing else.
        unsafe { asm!("fnclex", options(nomem, nostack)) };
    }
}

/// What has happened since, of what somebody may want to be told.
#[inline]
pub fn happened() -> u32 {
    let telling = if UNDERFLOW.load(Ordering::Relaxed) { TELLING } else { USUAL };
    (vectors() | unit()) & telling
}

/// What numpy would tell of now.
pub fn told() -> u32 {
    let Some(numpy) = known() else { return TELLING };
    // SAFETY: numpy's own variable, which lives for ever.
    let var = unsafe { &*(numpy.error_state as *const PyContextVar) };
    let mask = match var.value() {
        Ok(None) => return USUAL,
        Ok(Some(state)) => match state.downcast_exact::<PyCapsule>() {
            // SAFETY: numpy's own capsule, of a structure that begins with the mask.
            Some(capsule) if !capsule.pointer.get().is_null() => unsafe { *(capsule.pointer.get() as *const i32) },
            _ => return TELLING,
        },
        Err(_) => {
            rpy_vm::runtime::thread::current().current_exception.set(None);
            return TELLING;
        }
    };
    SHIFTS.iter().filter(|(_, shift)| mask >> shift & 7 != 0).map(|(flag, _)| flag).sum()
}
