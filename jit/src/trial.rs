//! Whether a compiled loop, or a compiled function that the interpreter calls, pays.
//!
//! Entering compiled code and leaving it takes time, which a loop that goes round twice or thrice does not win back, nor a function
//! that only returns an attribute. So it is measured now and then: how long compiled code runs once it was entered, and how long the
//! way in and out is.
//!
//! A loop that does not pay is left to the interpreter for a while, and then measured anew: never for good, as the program may
//! do something else by then. Least of all is a loop judged that waits for side traces: where there is no time for compiling them, because
//! the program has just begun or the machine is busy, it only rests until there is.

use crate::shake;

/// Entries between the first measurement and the loop's beginning, and the entries of a measurement.
const WINDOW: u64 = 64;
/// The next measurement comes after so many times the entries that there were.
const PAUSE: u64 = 4;
/// Measurements in which the loop got new side traces that do not count.
const GROWING: u32 = 80;
/// How long what does not pay is left to the interpreter, in rounds or calls: twice as long each time, so many times.
const REST: u16 = 200;
const LONGER: u32 = 7;
/// Up to so many entries it may be that the exits have not been taken often enough for side traces, or wait for them: rests are short,
/// and not longer each time.
const YOUNG: u64 = 512;
const SHORT_REST: u16 = 50;
/// An interruption of the program is no part of the way in and out.
const LONGEST_WAY: u64 = 3_000;

/// The measurement of a loop.
pub struct Trial {
    entries: u64,
    /// Entries at which the present measurement begins, or the next one.
    begin: u64,
    /// Ticks spent in compiled code, and on the way in and out.
    inside: u64,
    around: u64,
    /// The loop's traces when the measurement began, and how often there were more at its end.
    traces: usize,
    grown: u32,
    /// A side trace was to be recorded, and there was no time for it.
    waits: bool,
    pays: bool,
    /// How often it was found not to pay.
    rests: u32,
}

impl Default for Trial {
    fn default() -> Trial {
        Trial {
            entries: 0,
            begin: WINDOW,
            inside: 0,
            around: 0,
            traces: 0,
            grown: 0,
            waits: false,
            pays: true,
            rests: 0,
        }
    }
}

impl Trial {
    /// Does the loop pay, as far as is known?
    #[inline]
    pub fn pays(&self) -> bool {
        self.pays
    }

    /// The loop is entered. Is this entry to be measured?
    #[inline]
    pub fn enter(&mut self) -> bool {
        self.entries += 1;
        self.entries > self.begin
    }

    /// What was measured, in ticks of the processor, and how many traces the loop has.
    pub fn note(&mut self, inside: u64, around: u64, traces: usize) {
        if self.inside == 0 {
            self.traces = traces;
        }
        self.inside += inside.max(1);
        self.around += around.min(LONGEST_WAY);
        if self.entries < self.begin + WINDOW {
            return;
        }
        // Compiled code does in a tick what takes the interpreter three or four.
        let pays = match shake::below(2) {
            Some(lot) => lot == 0,
            None => 5 * self.inside >= 2 * self.around,
        };
        if self.waits {
            self.pays = pays;
            self.begin = self.entries;
        } else if traces != self.traces && self.grown < GROWING {
            self.grown += 1;
            self.begin = self.entries;
        } else {
            self.pays = pays;
            self.rests += (!pays && self.entries > YOUNG) as u32;
            self.begin = PAUSE * self.entries;
        }
        (self.inside, self.around) = (0, 0);
        self.waits = false;
    }

    /// A side trace is missing.
    #[inline]
    pub fn wait(&mut self) {
        self.waits = true;
    }

    /// For how many rounds the loop, which does not pay, is left to the interpreter; then it is measured anew.
    pub fn rest(&mut self) -> u16 {
        self.pays = true;
        self.begin = self.entries;
        match self.rests {
            0 => SHORT_REST,
            rests => REST << (rests - 1).min(LONGER),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a loop is still compiled after so many entries.
    fn pays(entries: u64, inside: u64, around: u64, traces: impl Fn(u64) -> usize) -> bool {
        let mut trial = Trial::default();
        for i in 0..entries {
            if trial.enter() {
                trial.note(inside, around, traces(i));
            }
        }
        trial.pays()
    }

    #[test]
    fn short_loops_do_not_pay() {
        assert!(pays(10_000, 1_000, 300, |_| 1));
        assert!(!pays(10_000, 50, 300, |_| 1));
        assert!(pays(WINDOW, 50, 300, |_| 1), "nothing is known yet");
    }

    #[test]
    fn a_loop_that_grows_has_time() {
        assert!(pays(2_000, 50, 300, |i| i as usize / 20));
        assert!(!pays(40_000, 50, 300, |i| i as usize / 20));
    }

    /// The first rests of a loop that never pays; it waits for side traces in those measurements.
    fn rests(count: usize, waits: impl Fn(usize) -> bool) -> Vec<u16> {
        let mut trial = Trial::default();
        let mut rests = Vec::new();
        while rests.len() < count {
            if trial.enter() {
                if waits(rests.len()) {
                    trial.wait();
                }
                trial.note(50, 300, 1);
            }
            if !trial.pays() {
                rests.push(trial.rest());
            }
        }
        rests
    }

    #[test]
    fn it_rests_longer_each_time() {
        let young = rests(1_000, |_| false).iter().take_while(|&&rest| rest == SHORT_REST).count();
        let rests = rests(young + LONGER as usize + 3, |_| false).split_off(young);
        let (longer, longest) = rests.split_at(LONGER as usize + 1);
        assert!(longer.windows(2).all(|pair| pair[1] == 2 * pair[0]));
        assert_eq!(longest, &longer[LONGER as usize..][..1].repeat(2));
    }

    #[test]
    fn it_is_not_judged_while_it_waits() {
        assert!(rests(1_000, |_| true).iter().all(|&rest| rest == SHORT_REST));
        assert!(rests(1_000, |_| false).iter().any(|&rest| rest > REST));
    }
}
