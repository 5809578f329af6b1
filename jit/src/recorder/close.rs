//! The end of a loop's round: which slots the head keeps out of memory.
//!
//! As many as possible: that is the picture as it is. Where the loop cannot be closed with a slot that is not in memory, the
//! round ends by writing it there.

use super::Recorder;
use crate::ir::Trace;
use crate::opt::{Abandoned, Contradicted, close_loop, tighten};

impl Recorder {
    /// Makes a loop of the round, after [`Outcome::Closed`](super::Outcome::Closed).
    ///
    /// # Errors
    /// The next round cannot go as this one did.
    pub fn close(&mut self, contradicted: Contradicted) -> Result<Trace, Abandoned> {
        loop {
            let head = self.header_state();
            let why = match close_loop(self.builder.clone(), &head, contradicted) {
                Ok(trace) => return Ok(tighten(trace)),
                Err(why) => why,
            };
            let settled = match &why {
                Abandoned::SlotsInUse(slots) => {
                    let locals = self.frames[0].locals;
                    self.settle(|slot| slot < locals && !slots.contains(&(slot as u16)))
                }
                Abandoned::Contradiction if contradicted == Contradicted::Refuse => return Err(why),
                Abandoned::Contradiction => self.settle(|_| false),
            };
            if settled.is_err() || self.header_state().len() == head.len() {
                return Err(why);
            }
        }
    }
}
