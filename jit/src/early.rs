//! Loops that compute with big arrays are recorded after a few rounds.
//!
//! A hundred and fifty rounds are nothing for a loop that counts, and seconds for one whose rounds multiply millions of elements. So once
//! numpy is loaded, loops are looked at early: if a round takes long, the next one is recorded. What was recorded is only used if it computes
//! with big arrays. It may have been something else that took the time, such as inner loops that are not compiled yet: then it
//! is as if there had been no recording, and the loop is recorded when others are.

use crate::options::Options;

/// Rounds of a loop before the first look.
pub const FIRST: u16 = 2;
/// The extension module after whose loading there are arrays.
pub const EXTENSION: &str = "numpy._core._multiarray_umath";
/// Ticks of a round that takes long: about a tenth of a millisecond.
const LONG: u64 = 250_000;

/// How far a loop has been looked at.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub enum Look {
    #[default]
    Never,
    /// A round began at this time.
    Begun(u64),
    Done,
}

/// What a look says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// Ask again after so many rounds more.
    Wait(u16),
    /// The next round may be recorded, to see whether it computes with big arrays.
    Early,
    /// It has been looked at.
    Usual,
}

impl Look {
    /// A look at this time.
    pub fn again(&mut self, now: u64) -> Verdict {
        match *self {
            Look::Never => {
                *self = Look::Begun(now);
                Verdict::Wait(0)
            }
            Look::Begun(since) if now.wrapping_sub(since) >= LONG => Verdict::Early,
            Look::Begun(_) => {
                *self = Look::Done;
                Verdict::Wait(Options::THRESHOLDS.loops)
            }
            Look::Done => Verdict::Usual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_long_rounds_are_recorded_early() {
        let (mut short, mut long) = (Look::Never, Look::Never);
        assert_eq!(short.again(1_000), Verdict::Wait(0));
        assert_eq!(short.again(2_000), Verdict::Wait(Options::THRESHOLDS.loops));
        assert_eq!(short.again(LONG * 9), Verdict::Usual);
        assert_eq!(long.again(1_000), Verdict::Wait(0));
        assert_eq!(long.again(LONG * 2), Verdict::Early);
        assert_eq!(long.again(LONG * 3), Verdict::Early, "as long as there is no time to record it");
    }
}
