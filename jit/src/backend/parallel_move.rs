//! Orders moves that mean to happen all at once.

use super::regalloc::{Move, Place};

/// What the moves are carried out with.
pub trait Mover {
    /// One move. Between two slots it must not use the cycle register.
    fn mov(&mut self, to: Place, from: Place);
    /// Copies a place's 64 bits into a register that nothing else uses.
    fn to_cycle_register(&mut self, from: Place);
    /// The way back.
    fn from_cycle_register(&mut self, to: Place);
}

/// Carries out `moves` as if all sources were read before any destination is written. No two have the same destination.
pub fn resolve(moves: &mut Vec<Move>, mover: &mut impl Mover) {
    moves.retain(|m| m.to != m.from);
    // Constants wait until nothing reads their destinations any more.
    let mut constants: Vec<Move> = Vec::new();
    moves.retain(|m| match m.from {
        Place::Const(_) => {
            constants.push(*m);
            false
        }
        _ => true,
    });
    // Which destination's old content is in the cycle register.
    let mut saved: Option<Place> = None;
    while !moves.is_empty() {
        let ready = moves.iter().position(|m| !moves.iter().any(|o| o.from == m.to && saved != Some(m.to)));
        match ready {
            Some(i) => {
                let m = moves.swap_remove(i);
                if saved == Some(m.from) {
                    mover.from_cycle_register(m.to);
                    if !moves.iter().any(|o| o.from == m.from) {
                        saved = None;
                    }
                } else {
                    mover.mov(m.to, m.from);
                }
            }
            None => {
                // Only cycles are left: setting one destination's content aside opens its cycle.
                let to = moves[0].to;
                mover.to_cycle_register(to);
                saved = Some(to);
            }
        }
    }
    for m in constants {
        mover.mov(m.to, m.from);
    }
}
