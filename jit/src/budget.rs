//! How much time the JIT may take: a part of the time that the program has run, so that short programs do not wait for code that
//! they hardly execute.
//!
//! Time is counted in the processor's ticks, which go on at the same rate whatever it does.

use core::arch::x86_64::_rdtsc;

/// What can be saved up, in ticks: about half a millisecond. Time in which there was nothing to compile (imports, waiting) does not
/// entitle to more, or short programs would pay for it.
const MOST: i64 = 1_500_000;
/// Which part of the program's time may be spent.
const SHARE: u64 = 7;

/// The account.
pub struct Budget {
    /// What may be spent; below zero where work took longer than there was time for.
    balance: i64,
    /// When the balance was true.
    at: u64,
    limited: bool,
    /// Whether the program runs already.
    open: bool,
}

/// The present time.
#[inline]
pub fn now() -> u64 {
    // SAFETY: every processor of this architecture has the instruction.
    unsafe { _rdtsc() }
}

impl Budget {
    /// An account that is to be opened; or one that always has enough.
    pub fn new(limited: bool) -> Budget {
        Budget { balance: MOST, at: now(), limited, open: false }
    }

    /// The program begins. Compiling what Python's start executes would cost each start more time and memory than it gains.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Work that began at `since` is done.
    #[inline]
    pub fn spend(&mut self, since: u64) {
        self.balance -= now().wrapping_sub(since) as i64;
    }

    /// May more work begin?
    #[inline]
    pub fn allows(&mut self) -> bool {
        let now = now();
        let earned = (now.wrapping_sub(self.at) / SHARE) as i64;
        self.at = now;
        self.balance = self.balance.saturating_add(earned).min(MOST);
        !self.limited || self.open && self.balance > 0
    }
}
