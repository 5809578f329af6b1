//! Several rounds of a loop at once.
//!
//! An instruction `rounds` stands before a loop and executes groups of its rounds, as long as another whole group is within the limit and
//! nothing is exceptional in it. A group's rounds are executed in step: all of them load, compute, and store last. So its memory is as the loop's
//! would be only if no round stores what a later one loads: the places are compared beforehand.
//!
//! Operands of `rounds`: the kernel's number, then its arguments: the counter at first, its limit, and whatever else
//! the code has as parameters. Its result is how many rounds are done. Arguments that change in the loop are what they are then (`last`).

use super::{Access, Inst, Op, Trace, Value};

/// How many rounds a group is.
pub const LANES: usize = 8;

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
