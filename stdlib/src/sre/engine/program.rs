//! What the machine runs: instructions with absolute targets, and the tables beside them.
//!
//! Every instruction either goes on (mostly to the next one) or fails, which takes the newest entry off the stack of things to try
//! or to undo. An entry names the instruction that pushed it, and that instruction says what the entry means.

use super::chars::{CharSet, Fold};
use super::search::Search;
use super::words::At;

/// The number of an instruction.
pub type Pc = u32;

/// Membership of characters: a column of a table for those below 256, and a set's items for others.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// Which table.
    pub table: u32,
    /// Which bit of its bytes.
    pub mask: u8,
    pub high: HighTest,
    /// The set that is asked: its number.
    pub set: u32,
}

/// What holds for characters from 256 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HighTest {
    No,
    Yes,
    /// The set's items tell.
    Ask,
    /// The set's items tell, for all characters.
    AskAlways,
}

/// What a repeated single character may be.
#[derive(Clone, Copy, Debug)]
pub enum Item {
    Never,
    Any,
    AnyAll,
    Literal(u32),
    NotLiteral(u32),
    Set(Test),
}

/// What must follow for going on to make sense.
#[derive(Clone, Copy, Debug)]
pub enum Hint {
    /// Nothing in particular.
    None,
    Literal(u32),
    Set(Test),
}

/// A repeat of a single character.
pub struct Run {
    pub item: Item,
    pub min: u32,
    pub max: u32,
    pub next: Hint,
}

/// A choice of two ways. A way whose hint does not hold is not taken.
pub struct Choice {
    pub first: Pc,
    pub second: Pc,
    pub first_hint: Hint,
    pub second_hint: Hint,
}

/// A repeat that counts, or whose body may be empty.
pub struct Loop {
    /// The slot with its count and position.
    pub slot: u32,
    pub min: u32,
    pub max: u32,
    pub lazy: bool,
    pub body: Pc,
    pub tail: Pc,
}

/// A part that is matched on its own: once it has matched, its choices are forgotten.
pub struct Region {
    /// The slot that holds the height of the stack below it.
    pub slot: u32,
    pub has_marks: bool,
    /// Of assertions: how far back they start.
    pub back: u32,
    /// Where to go on: after a negative assertion that holds, after the last round of a possessive repeat.
    pub exit: Pc,
    pub min: u32,
    pub max: u32,
}

/// Instructions. Numbers without another name are indices into the program's tables.
#[derive(Clone, Copy, Debug)]
pub enum Inst {
    Fail,
    /// The whole pattern has matched.
    Accept,
    Any,
    AnyAll,
    Literal(u32),
    NotLiteral(u32),
    Set(u32),
    /// Characters of `Program::text`.
    Text {
        start: u32,
        len: u32,
    },
    At(At),
    /// Notes a group's start or end.
    Mark(u32),
    Jump(Pc),
    Choice(u32),
    GroupRef {
        group: u32,
        fold: Fold,
    },
    /// Goes elsewhere unless the group has matched.
    Conditional {
        group: u32,
        no: Pc,
    },
    /// As many as possible, giving back one at a time.
    Run(u32),
    /// As many as possible, for good.
    RunPossessive(u32),
    /// As few as possible.
    RunLazy(u32),
    /// Starts a loop: its slot is set up, then its end decides about the first round.
    LoopStart {
        index: u32,
        end: Pc,
    },
    LoopEnd(u32),
    /// An atomic group.
    AtomicStart(u32),
    AtomicEnd(u32),
    LookStart(u32),
    LookEnd(u32),
    NotStart(u32),
    NotEnd(u32),
    /// A possessive repeat: sets up, makes a round, ends a round.
    PossessiveInit(u32),
    PossessiveRound(u32),
    PossessiveEnd {
        index: u32,
        round: Pc,
    },
}

/// A pattern ready to run.
pub struct Program {
    pub code: Box<[Inst]>,
    pub tests: Box<[Test]>,
    /// Each byte holds a character's membership in eight sets.
    pub tables: Box<[[u8; 256]]>,
    pub sets: Box<[CharSet]>,
    pub text: Box<[u32]>,
    pub runs: Box<[Run]>,
    pub choices: Box<[Choice]>,
    pub loops: Box<[Loop]>,
    pub regions: Box<[Region]>,
    /// How many slots loops and regions have.
    pub slots: usize,
    /// How many marks groups have.
    pub marks: usize,
    /// Characters that a match has at least.
    pub min: usize,
    pub search: Search,
}

impl Program {
    /// The byte of the table that a test looks at.
    #[inline(always)]
    pub fn low(&self, test: &Test, c: u32) -> bool {
        // SAFETY: tests are made together with their tables, and `c` is below 256.
        unsafe { self.tables.get_unchecked(test.table as usize)[(c & 255) as usize] & test.mask != 0 }
    }

    /// Is a character a member?
    #[inline(always)]
    pub fn contains(&self, test: &Test, c: u32) -> bool {
        if c < 256 && test.high != HighTest::AskAlways {
            return self.low(test, c);
        }
        match test.high {
            HighTest::No => false,
            HighTest::Yes => true,
            HighTest::Ask | HighTest::AskAlways => self.sets[test.set as usize].contains_slowly(c),
        }
    }
}
