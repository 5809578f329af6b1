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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::backend::regalloc::Reg;

    /// A machine of places.
    struct Places {
        content: HashMap<Place, u32>,
        cycle: u32,
    }

    impl Places {
        fn get(&self, place: Place) -> u32 {
            match place {
                Place::Const(c) => 1000 + c,
                place => self.content[&place],
            }
        }
    }

    impl Mover for Places {
        fn mov(&mut self, to: Place, from: Place) {
            let value = self.get(from);
            self.content.insert(to, value);
        }

        fn to_cycle_register(&mut self, from: Place) {
            self.cycle = self.get(from);
        }

        fn from_cycle_register(&mut self, to: Place) {
            let value = self.cycle;
            self.content.insert(to, value);
        }
    }

    /// All ways to move among three registers, two slots and a constant.
    #[test]
    fn every_small_case() {
        let places = [
            Place::Reg(Reg(1)),
            Place::Reg(Reg(2)),
            Place::Reg(Reg(17)),
            Place::Slot(3),
            Place::Slot(4),
            Place::Const(5),
        ];
        for case in 0..6_usize.pow(5) {
            let sources: Vec<Place> = (0..5).map(|i| places[case / 6_usize.pow(i) % 6]).collect();
            let mut machine = Places { content: places.iter().copied().zip(0..).collect(), cycle: 0 };
            let expected: Vec<u32> = sources.iter().map(|&s| machine.get(s)).collect();
            let mut moves = sources.iter().zip(places).map(|(&from, to)| Move { to, from }).collect();
            resolve(&mut moves, &mut machine);
            let got: Vec<u32> = places[..5].iter().map(|&p| machine.get(p)).collect();
            assert_eq!(got, expected, "{sources:?}");
        }
    }
}
