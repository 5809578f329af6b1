//! How much time the JIT may take: a part of the time that the program has run, so that short programs do not wait for code that
//! they hardly execute.
//!
//! Time is counted in the processor's ticks, which go on at the same rate whatever it does.

use core::arch::x86_64::_rdtsc;

/// What may be spent at once, in ticks: some milliseconds.
const GRACE: u64 = 12_000_000;
/// Which part of the program's time may be spent on top of that.
const SHARE: u64 = 6;

/// The account.
pub struct Budget {
    /// When the process began.
    begin: u64,
    spent: u64,
    limited: bool,
}

/// The present time.
#[inline]
pub fn now() -> u64 {
    // SAFETY: every processor of this architecture has the instruction.
    unsafe { _rdtsc() }
}

impl Budget {
    /// An account that is opened now; or one that always has enough.
    pub fn new(limited: bool) -> Budget {
        Budget { begin: now(), spent: 0, limited }
    }

    /// Work that began at `since` is done.
    #[inline]
    pub fn spend(&mut self, since: u64) {
        self.spent += now().wrapping_sub(since);
    }

    /// May more work begin?
    #[inline]
    pub fn allows(&self) -> bool {
        !self.limited || self.spent <= GRACE + now().wrapping_sub(self.begin) / SHARE
    }
}
