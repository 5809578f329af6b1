//! Several rounds of a loop at once.
//!
//! An instruction `rounds` stands before a loop and executes groups of its rounds, as long as another whole group is within the limit and
//! nothing is exceptional in it. A group's rounds are executed in step: all of them load, compute, and store last. So its memory is as the loop's
//! would be only if no round stores what a later one loads: the places are compared beforehand.
//!
//! Where each store is far from all other places, rounds may be done twice: their loads find what they found before, since what a round
//! loads is stored, if at all, by rounds of groups that lie wholly before or behind; and they store what they stored. So the last few rounds, too few
//! for a group, are done together with some that have been; and behind the first group, the next one begins a little earlier, where the
//! first store is aligned.
//!
//! What is summed up from round to round stands apart: integers are added in any order, since nothing overflows; doubles one after the
//! other, and what is asked of their total is asked once for the group.
//!
//! Operands of `rounds`: the kernel's number, then its arguments: the counter at first, its limit, and whatever else
//! the code has as parameters. Its result is how many rounds are done. Arguments that change in the loop are what they are then (`last`).

use super::{Access, Inst, Op, Trace, Value};

/// How many rounds a group is.
pub const LANES: usize = 8;

/// Vectors are aligned to so many bytes.
pub const ALIGNMENT: i64 = 32;

/// The arguments that every kernel has.
pub const COUNTER: usize = 0;
pub const LIMIT: usize = 1;

/// How many arguments there may be.
pub const MOST_ARGUMENTS: usize = 24;

/// Numbers that are summed are smaller than this, and so many of them, that nothing overflows if the sum is small enough at first.
pub const SUMMED: i64 = 1 << 38;
pub const SUMMED_ROUNDS: i64 = 1 << 24;
pub const SMALL_SUM: i64 = 1 << 62;

/// What a group does.
#[derive(Clone, Default, Debug)]
pub struct Kernel {
    /// One round: parameters, loads and stores at addresses that are a parameter plus the counter's bytes, arithmetic.
    pub code: Trace,
    /// What has to be finite, or the group is left to the loop.
    pub finite: Vec<Value>,
    /// Arguments that are the last round's value afterwards.
    pub last: Vec<(usize, Value)>,
    /// Arguments to which the value of each round is added.
    pub sums: Vec<(usize, Value)>,
    /// Totals of doubles, which are computed in the order of the rounds.
    pub totals: Vec<Total>,
}

/// An argument that is `argument op number` in each round, with that round's number. No other value of the rounds depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Total {
    pub argument: usize,
    /// A sum, difference or product: what is not finite stays so.
    pub op: Op,
    pub number: Value,
    /// It has to be finite after the group, or the group is left to the loop.
    pub is_finite: bool,
}

/// Two places that must not be that far apart: a store's address minus the other one's, plus `slack`, as an unsigned number, is not
/// less than `span`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Conflict {
    pub other: Place,
    pub store: Place,
    pub slack: i64,
    pub span: i64,
}

/// An argument that is an address, and how many bytes behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    pub argument: usize,
    pub offset: i32,
}

impl Kernel {
    /// The argument that a value of the code is.
    pub fn argument(&self, value: Value) -> Option<usize> {
        let inst = value.inst().map(|i| &self.code.insts[i]).filter(|inst| inst.op == Op::Param)?;
        usize::try_from(self.code.as_int(inst.args[0])?).ok()
    }

    /// Where a load or store of the code is in a round whose counter is 0.
    pub fn place(&self, inst: &Inst) -> Option<Place> {
        let Access { offset, .. } = inst.access?;
        Some(Place { argument: self.argument(inst.args[0])?, offset })
    }

    /// Its first store.
    pub fn first_store(&self) -> Option<Place> {
        self.code.insts.iter().find(|inst| inst.op == Op::StoreIndexed).and_then(|inst| self.place(inst))
    }

    /// What must not be met for rounds to be done twice, one for each pair of arguments; `None` if they may not anyway.
    pub fn near(&self) -> Option<Vec<Conflict>> {
        self.first_store().filter(|_| self.sums.is_empty() && self.totals.is_empty())?;
        // Less than a group, and an element.
        let near = 8 * LANES as i64 + 7;
        let accesses = self.code.insts.iter().filter(|inst| inst.access.is_some());
        let accesses: Vec<(bool, Place)> =
            accesses.filter_map(|inst| Some((inst.op == Op::StoreIndexed, self.place(inst)?))).collect();
        let mut pairs: Vec<(usize, usize, i64, i64)> = Vec::new();
        for (at, &(_, store)) in accesses.iter().enumerate().filter(|(_, (stores, _))| *stores) {
            for (_, &(_, other)) in accesses.iter().enumerate().filter(|&(i, (stores, _))| i > at || !stores) {
                let apart = i64::from(store.offset) - i64::from(other.offset);
                if store.argument == other.argument {
                    if apart.abs() <= near {
                        return None;
                    }
                    continue;
                }
                match pairs.iter_mut().find(|pair| (pair.0, pair.1) == (store.argument, other.argument)) {
                    Some(pair) => (pair.2, pair.3) = (pair.2.min(apart), pair.3.max(apart)),
                    None => pairs.push((store.argument, other.argument, apart, apart)),
                }
            }
        }
        let conflict = |(store, other, low, high): (usize, usize, i64, i64)| {
            // -near <= distance + apart <= near, for one of the offsets between.
            let (store, other) = (Place { argument: store, offset: 0 }, Place { argument: other, offset: 0 });
            Conflict { other, store, slack: near + high, span: 2 * near + high - low + 1 }
        };
        let moderate = pairs.iter().all(|&(_, _, low, high)| high - low < 1 << 20);
        moderate.then(|| pairs.into_iter().map(conflict).collect())
    }

    /// What has to be compared before the first group. Elements have eight bytes.
    ///
    /// Let a store be `d` bytes behind a load that comes before it in the code. The load of round `j` reads what the store of
    /// round `i < j` wrote if the distance of the rounds, in bytes, is less than eight bytes from `d`: possible within a group if `0 < d < 8 * LANES`. If the load comes
    /// behind the store, also in the same round. Of two stores to one place, the later one must win: the same.
    pub fn conflicts(&self) -> impl Iterator<Item = Conflict> + '_ {
        let group = 8 * LANES as i64;
        let accesses = self.code.insts.iter().filter(|inst| inst.access.is_some());
        let accesses: Vec<(bool, Place)> =
            accesses.filter_map(|inst| Some((inst.op == Op::StoreIndexed, self.place(inst)?))).collect();
        let stores: Vec<(usize, Place)> =
            accesses.iter().enumerate().filter(|(_, (store, _))| *store).map(|(i, (_, place))| (i, *place)).collect();
        stores.into_iter().flat_map(move |(at, store)| {
            let others: Vec<Conflict> = accesses
                .iter()
                .enumerate()
                .filter(|&(i, (stores, _))| i < at || i > at && !stores)
                .map(|(i, &(_, other))| {
                    let slack = if i < at { -1 } else { 7 };
                    Conflict { other, store, slack, span: group + slack }
                })
                .collect();
            others
        })
    }
}

impl Conflict {
    /// Are the places too close, given the distance of the arguments?
    pub fn is_met(&self, distance: i64) -> bool {
        let offsets = i64::from(self.store.offset) - i64::from(self.other.offset);
        (distance.wrapping_add(offsets).wrapping_add(self.slack) as u64) < self.span as u64
    }
}

/// Is it a number that may be summed?
pub fn may_be_summed(number: i64) -> bool {
    (-SUMMED..SUMMED).contains(&number)
}
