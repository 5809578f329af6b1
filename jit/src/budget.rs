//! How much time the JIT may take: a part of the time that the program has run, so that short programs do not wait for code that
//! they hardly execute.
//!
//! Debts are paid off as the program runs, but nothing is saved up unless something waits to be compiled: time in which there was
//! nothing to compile (imports, waiting, code that is compiled) entitles to nothing, or whatever comes next would pay for it.
//! And a trace is paid for in advance, in part: a call that takes some microseconds is over before its first one is recorded. What was
//! saved up and not spent is lost when nobody asks for a while: the program does something else by then, and what comes next would
//! pay for it in its first call. (That a loop or function also has to ask for half a millisecond, however much there is, was tried: it
//! protects short calls no better, and nested loops wait one after the other.)
//!
//! Time is counted in the processor's ticks, which go on at the same rate whatever it does.

use core::arch::x86_64::_rdtsc;

use crate::shake;

/// What must have been saved up before work begins, and what can be saved up, in ticks: about 0.15 and 0.6 milliseconds.
const PRICE: i64 = 400_000;
const MOST: i64 = 1_500_000;
/// Which part of the program's time may be spent.
const SHARE: u64 = 9;
/// What takes longer, in ticks, was interrupted: about two milliseconds.
const LONGEST: u64 = 6_000_000;
/// Who asks after such a time of silence has not waited, unless it is the one who was denied; and nothing is left then.
const SILENCE: u64 = 3_000_000;
/// So much time counts between two requests at most: who asks seldom has waited all the time, but asks more than once.
const PAUSE: u64 = PRICE as u64 * SHARE / 2;

/// The account.
pub struct Budget {
    /// What may be spent; below zero where work took longer than there was time for.
    balance: i64,
    /// When the balance was true.
    at: u64,
    /// Who was denied last, if nobody was granted anything since.
    waiting: Option<usize>,
    limited: bool,
    /// Whether the program runs already.
    open: bool,
}

/// The present time.
#[inline]
pub fn now() -> u64 {
    // SAFETY: every processor of this architecture has the instruction.
    shake::time().unwrap_or_else(|| unsafe { _rdtsc() })
}

impl Budget {
    /// An account that is to be opened; or one that always has enough.
    pub fn new(limited: bool) -> Budget {
        Budget { balance: 0, at: now(), waiting: None, limited, open: false }
    }

    /// The program begins. Compiling what Python's start executes would cost each start more time and memory than it gains.
    pub fn open(&mut self) {
        self.open = true;
    }

    /// Work that began at `since` is done.
    #[inline]
    pub fn spend(&mut self, since: u64) {
        self.balance -= now().wrapping_sub(since).min(LONGEST) as i64;
    }

    /// May more work begin? `who` tells apart who asks.
    #[inline]
    pub fn allows(&mut self, who: usize) -> bool {
        !self.limited || self.open && self.allows_at(now(), who)
    }

    /// Is anybody waiting for work to begin?
    pub fn is_awaited(&self) -> bool {
        self.limited && (!self.open || self.waiting.is_some() && now().wrapping_sub(self.at) < SILENCE)
    }

    fn allows_at(&mut self, now: u64, who: usize) -> bool {
        let passed = now.wrapping_sub(core::mem::replace(&mut self.at, now));
        let mut earned = (passed / SHARE) as i64;
        if self.balance < 0 {
            let paid = earned.min(-self.balance);
            self.balance += paid;
            earned -= paid;
        }
        let same = self.waiting == Some(who);
        if same || self.waiting.is_some() && passed < SILENCE {
            earned = earned.min((PAUSE / SHARE) as i64);
            self.balance = self.balance.saturating_add(earned).min(MOST);
        } else if passed >= SILENCE {
            self.balance = self.balance.min(0);
        }
        let granted = self.balance >= PRICE;
        self.waiting = (!granted).then_some(who);
        granted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long it takes until a request is granted that is made again and again.
    fn wait(budget: &mut Budget, now: &mut u64, who: usize) -> u64 {
        let begin = *now;
        while !budget.allows_at(*now, who) {
            *now += 1_000;
        }
        *now - begin
    }

    fn is_about(time: u64, expected: u64) -> bool {
        time.abs_diff(expected) < expected / 50
    }

    #[test]
    fn only_who_waits_saves_up() {
        let mut budget = Budget { at: 0, ..Budget::new(true) };
        let mut now = SILENCE * 100;
        let full = PRICE as u64 * SHARE;
        assert!(is_about(wait(&mut budget, &mut now, 1), full));
        assert!(budget.allows_at(now, 2), "nothing was spent");
        budget.balance = 0;
        assert!(!budget.allows_at(now + SILENCE * 100, 3), "nobody waited");
        now += SILENCE * 200;
        assert!(!budget.allows_at(now, 4), "another one has long been silent");
        assert!(!budget.allows_at(now + SILENCE, 4), "a pause counts in part");
        assert!(budget.allows_at(now + 2 * SILENCE, 4), "who asks so seldom has waited all the time");
    }

    #[test]
    fn what_is_left_is_lost() {
        let mut budget = Budget { at: 0, balance: MOST, ..Budget::new(true) };
        assert!(budget.allows_at(SILENCE / 2, 1));
        assert!(!budget.allows_at(SILENCE * 2, 1));
        assert_eq!(budget.balance, 0);
    }

    #[test]
    fn debts_are_always_paid_off() {
        let mut budget = Budget { at: 0, balance: -PRICE, ..Budget::new(true) };
        let mut now = SILENCE * 100;
        let full = PRICE as u64 * SHARE;
        assert!(is_about(wait(&mut budget, &mut now, 1), full));
        budget.balance = -PRICE;
        assert!(is_about(wait(&mut budget, &mut now, 1), 2 * full));
    }
}
