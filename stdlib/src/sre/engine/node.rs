//! Patterns as trees, with what is known of each part: what it may start with and how short its matches may be.

use super::chars::{ALL_BITS, Bits, CharSet, Fold, High, NO_BITS, class, set_bit};
use super::words::At;

/// The number of a set in `Tree::sets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetId(pub u32);

/// What matches one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum One {
    Never,
    /// Any but a line feed.
    Any,
    AnyAll,
    Literal(u32),
    NotLiteral(u32),
    Set(SetId),
}

/// How repeats choose between going on and stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// What a part of a pattern may start with. All of it errs on the side of more.
#[derive(Clone, Copy, Debug)]
pub struct First {
    /// Characters below 256.
    pub low: Bits,
    /// Classes of the other characters.
    pub classes: u8,
    /// The one character that all this comes to, if there is just one.
    pub only: Option<u32>,
    /// May it match without consuming a character?
    pub is_nullable: bool,
    /// May such a match depend on where it is?
    pub is_checked: bool,
}

impl First {
    /// Of what matches the empty string and nothing else, everywhere.
    pub const EMPTY: First = First { is_nullable: true, ..First::NEVER };
    /// Of what never matches.
    pub const NEVER: First = First { low: NO_BITS, classes: 0, only: None, is_nullable: false, is_checked: false };
    /// Of an assertion.
    pub const CHECK: First = First { is_checked: true, ..First::EMPTY };
    /// Of what might be anything.
    pub const UNKNOWN: First =
        First { low: ALL_BITS, classes: class::ALL, only: None, is_nullable: true, is_checked: true };

    /// Of either.
    pub fn or(mut self, other: &First) -> First {
        self.only = match (self.is_empty(), other.is_empty()) {
            (true, _) => other.only,
            (_, true) => self.only,
            _ => self.only.filter(|_| self.only == other.only),
        };
        for i in 0..4 {
            self.low[i] |= other.low[i];
        }
        self.classes |= other.classes;
        self.is_nullable |= other.is_nullable;
        self.is_checked |= other.is_checked;
        self
    }

    /// Of both in sequence.
    pub fn then(self, next: &First) -> First {
        if !self.is_nullable {
            return self;
        }
        let mut both = self.or(next);
        both.is_nullable = next.is_nullable;
        both
    }

    /// Can the same character start both?
    pub fn meets(&self, other: &First) -> bool {
        if let (Some(a), Some(b)) = (self.only, other.only) {
            return a == b;
        }
        self.classes & other.classes != 0 || (0..4).any(|i| self.low[i] & other.low[i] != 0)
    }

    /// The only character it can start with, if there is just one and it does start with a character.
    pub fn single(&self) -> Option<u32> {
        if self.is_nullable { None } else { self.only }
    }

    /// Is there no character it can start with?
    fn is_empty(&self) -> bool {
        self.classes == 0 && self.low == NO_BITS
    }

    /// How many of the characters below 256.
    pub fn count(&self) -> u32 {
        self.low.iter().map(|bits| bits.count_ones()).sum()
    }
}

pub enum Kind {
    One(One),
    At(At),
    Mark(u32),
    GroupRef {
        group: u32,
        fold: Fold,
    },
    Branch(Vec<Seq>),
    Repeat {
        min: u32,
        max: u32,
        greed: Greed,
        body: Seq,
    },
    /// By whether a group has matched.
    Conditional {
        group: u32,
        yes: Seq,
        no: Seq,
    },
    Atomic(Seq),
    /// An assertion that starts `back` characters earlier.
    Look {
        back: u32,
        negative: bool,
        body: Seq,
    },
    /// The end of the innermost atomic part or assertion, or of the pattern.
    Success,
}

pub struct Node {
    pub kind: Kind,
    pub first: First,
    /// Characters that a match has at least.
    pub min: u32,
    /// Are there groups in it?
    pub has_marks: bool,
}

/// Parts that match one after the other.
pub struct Seq {
    pub nodes: Vec<Node>,
    pub first: First,
    pub min: u32,
    pub has_marks: bool,
}

impl Seq {
    pub fn new(nodes: Vec<Node>) -> Seq {
        let mut first = First::EMPTY;
        let mut min = 0u32;
        let mut has_marks = false;
        for node in &nodes {
            first = first.then(&node.first);
            min = min.saturating_add(node.min);
            has_marks |= node.has_marks;
        }
        Seq { nodes, first, min, has_marks }
    }

    /// The one character that is all it matches.
    pub fn as_one(&self) -> Option<One> {
        match &self.nodes[..] {
            [Node { kind: Kind::One(one), .. }] => Some(*one),
            _ => None,
        }
    }
}

/// A pattern.
pub struct Tree {
    pub root: Seq,
    pub sets: Vec<CharSet>,
}

/// What a character that `one` matches may be.
pub fn first_of(one: One, sets: &[CharSet]) -> First {
    let mut first = First::NEVER;
    match one {
        One::Never => {}
        One::Any | One::AnyAll | One::NotLiteral(_) => {
            first.low = ALL_BITS;
            first.classes = class::ALL;
            let missing = match one {
                One::Any => '\n' as u32,
                One::NotLiteral(c) => c,
                _ => u32::MAX,
            };
            if missing < 256 {
                first.low[(missing >> 6) as usize] &= !(1 << (missing & 63));
            }
        }
        One::Literal(c) => {
            first.only = Some(c);
            if c < 256 {
                set_bit(&mut first.low, c);
            } else {
                first.classes = class::of(c);
            }
        }
        One::Set(id) => {
            let set = &sets[id.0 as usize];
            first.low = set.low;
            first.classes = if set.high == High::None { 0 } else { set.classes };
        }
    }
    first
}

/// A node, with what follows from its parts.
pub fn node(kind: Kind, sets: &[CharSet]) -> Node {
    let (first, min, has_marks) = match &kind {
        Kind::One(one) => (first_of(*one, sets), 1, false),
        Kind::At(_) => (First::CHECK, 0, false),
        Kind::Mark(_) => (First::EMPTY, 0, true),
        Kind::GroupRef { .. } => (First::UNKNOWN, 0, false),
        Kind::Success => (First::UNKNOWN, 0, false),
        Kind::Branch(branches) => (
            branches.iter().fold(First::NEVER, |first, branch| first.or(&branch.first)),
            branches.iter().map(|branch| branch.min).min().unwrap_or(0),
            branches.iter().any(|branch| branch.has_marks),
        ),
        Kind::Repeat { min, greed, body, .. } => {
            let mut first = body.first;
            first.is_nullable |= *min == 0;
            // A possessive repeat that could match does not let itself be passed over.
            first.is_checked |= *greed == Greed::Possessive && first.is_nullable;
            (first, body.min.saturating_mul(*min), body.has_marks)
        }
        Kind::Conditional { yes, no, .. } => {
            let mut first = yes.first.or(&no.first);
            first.is_checked = true;
            (first, yes.min.min(no.min), yes.has_marks || no.has_marks)
        }
        Kind::Atomic(body) => {
            let mut first = body.first;
            first.is_checked |= first.is_nullable;
            (first, body.min, body.has_marks)
        }
        Kind::Look { body, .. } => (First::CHECK, 0, body.has_marks),
    };
    Node { kind, first, min, has_marks }
}
