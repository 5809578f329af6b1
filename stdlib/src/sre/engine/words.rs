//! The words of compiled patterns, numbered as `re._constants` numbers them.

/// Declares an enum of code words, in order from zero.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($item:ident),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u32)]
        pub enum $name { $($item),* }

        impl $name {
            /// All of them, by number.
            pub const ALL: &[$name] = &[$($name::$item),*];

            /// The one with this number.
            #[inline]
            pub fn from_word(word: u32) -> Option<$name> {
                Self::ALL.get(word as usize).copied()
            }
        }
    };
}

/// `re._constants.MAGIC`: changes when the words do.
pub const MAGIC: usize = 20230612;
/// As an upper bound of a repeat: none.
pub const MAXREPEAT: u32 = u32::MAX;

words! {
    /// Operators.
    Op {
        Failure, Success, Any, AnyAll, Assert, AssertNot, At, Branch, Category, Charset, BigCharset, GroupRef, GroupRefExists,
        In, Info, Jump, Literal, Mark, MaxUntil, MinUntil, NotLiteral, Negate, Range, Repeat, RepeatOne, SubPattern,
        MinRepeatOne, AtomicGroup, PossessiveRepeat, PossessiveRepeatOne,
        GroupRefIgnore, InIgnore, LiteralIgnore, NotLiteralIgnore,
        GroupRefLocIgnore, InLocIgnore, LiteralLocIgnore, NotLiteralLocIgnore,
        GroupRefUniIgnore, InUniIgnore, LiteralUniIgnore, NotLiteralUniIgnore, RangeUniIgnore,
    }
}

words! {
    /// Positions.
    At {
        Beginning, BeginningLine, BeginningString, Boundary, NonBoundary, End, EndLine, EndString,
        LocBoundary, LocNonBoundary, UniBoundary, UniNonBoundary,
    }
}

words! {
    /// Categories of characters; each is followed by its complement.
    Category {
        Digit, NotDigit, Space, NotSpace, Word, NotWord, LineBreak, NotLineBreak, LocWord, LocNotWord,
        UniDigit, UniNotDigit, UniSpace, UniNotSpace, UniWord, UniNotWord, UniLineBreak, UniNotLineBreak,
    }
}

/// Bits of the flags word of `Info`.
pub mod info {
    pub const PREFIX: u32 = 1;
    pub const LITERAL: u32 = 2;
    pub const CHARSET: u32 = 4;
}
