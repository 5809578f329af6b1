//! Single characters: categories, case folding, and sets as bitmaps.

use std::sync::LazyLock;

use rpy_vm::types::str::unicode;

use super::words::{Category, Op};

/// One bit for each character below 256.
pub type Bits = [u64; 4];

pub const NO_BITS: Bits = [0; 4];
pub const ALL_BITS: Bits = [u64::MAX; 4];

#[inline]
pub fn has_bit(bits: &Bits, c: u32) -> bool {
    bits[(c >> 6) as usize & 3] >> (c & 63) & 1 != 0
}

#[inline]
pub fn set_bit(bits: &mut Bits, c: u32) {
    bits[(c >> 6) as usize & 3] |= 1 << (c & 63);
}

/// The bits of those characters below 256 for which `f` holds.
pub fn bits_where(mut f: impl FnMut(u32) -> bool) -> Bits {
    let mut bits = NO_BITS;
    for c in 0..256 {
        if f(c) {
            set_bit(&mut bits, c);
        }
    }
    bits
}

/// Characters from 256 on fall into three classes, so that what may occur there fits into three bits.
pub mod class {
    pub const WORD: u8 = 1;
    pub const SPACE: u8 = 2;
    pub const OTHER: u8 = 4;
    pub const ALL: u8 = 7;

    /// The class of a character.
    pub fn of(c: u32) -> u8 {
        if super::unicode::is_alnum(c) {
            WORD
        } else if super::unicode::is_space(c) {
            SPACE
        } else {
            OTHER
        }
    }
}

/// How characters are made equal before they are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
    None,
    Ascii,
    Unicode,
    Locale,
}

impl Fold {
    #[inline]
    pub fn apply(self, c: u32) -> u32 {
        match self {
            Fold::None => c,
            Fold::Ascii => lower_ascii(c),
            Fold::Unicode => unicode::simple_lower(c),
            Fold::Locale => lower_locale(c),
        }
    }
}

#[inline]
pub fn lower_ascii(c: u32) -> u32 {
    if c < 128 { (c as u8).to_ascii_lowercase() as u32 } else { c }
}

pub fn lower_locale(c: u32) -> u32 {
    // SAFETY: C's function takes what fits an unsigned char.
    if c < 256 { unsafe { libc::tolower(c as i32) as u32 } } else { c }
}

pub fn upper_locale(c: u32) -> u32 {
    // SAFETY: C's function takes what fits an unsigned char.
    if c < 256 { unsafe { libc::toupper(c as i32) as u32 } } else { c }
}

#[inline]
pub fn is_word_ascii(c: u32) -> bool {
    c < 128 && ((c as u8).is_ascii_alphanumeric() || c == '_' as u32)
}

pub fn is_word_locale(c: u32) -> bool {
    // SAFETY: C's function takes what fits an unsigned char.
    c == '_' as u32 || c < 256 && unsafe { libc::isalnum(c as i32) } != 0
}

#[inline]
pub fn is_word_unicode(c: u32) -> bool {
    if c < 256 { has_bit(&WORDS, c) } else { unicode::is_alnum(c) }
}

/// Letters and numbers below 256, and the underscore.
const WORDS: Bits = [0x03ff_0000_0000_0000, 0x07ff_fffe_87ff_fffe, 0x762c_0400_0000_0000, 0xff7f_ffff_ff7f_ffff];

/// Is it a capital letter below 256 that folding changes?
fn is_upper(c: u32, fold: Fold) -> bool {
    matches!(c, 0x41..=0x5a) || fold == Fold::Unicode && matches!(c, 0xc0..=0xde) && c != 0xd7
}

/// Characters from 256 on whose lower case is below 256, with it.
const LOWER_INTO_LATIN1: [(u32, u32); 5] =
    [(0x130, 'i' as u32), (0x178, 0xff), (0x1e9e, 0xdf), (0x212a, 'k' as u32), (0x212b, 0xe5)];

impl Category {
    /// Is the character in it?
    pub fn contains(self, c: u32) -> bool {
        match self {
            Category::Digit => c < 128 && (c as u8).is_ascii_digit(),
            Category::NotDigit => !Category::Digit.contains(c),
            Category::Space => matches!(c, 9..=13 | 32),
            Category::NotSpace => !Category::Space.contains(c),
            Category::Word => is_word_ascii(c),
            Category::NotWord => !is_word_ascii(c),
            Category::LineBreak => c == '\n' as u32,
            Category::NotLineBreak => c != '\n' as u32,
            Category::LocWord => is_word_locale(c),
            Category::LocNotWord => !is_word_locale(c),
            Category::UniDigit => unicode::is_decimal(c),
            Category::UniNotDigit => !unicode::is_decimal(c),
            Category::UniSpace => unicode::is_space(c),
            Category::UniNotSpace => !unicode::is_space(c),
            Category::UniWord => is_word_unicode(c),
            Category::UniNotWord => !is_word_unicode(c),
            Category::UniLineBreak => unicode::is_line_break(c),
            Category::UniNotLineBreak => !unicode::is_line_break(c),
        }
    }

    /// Its members below 256, unless they depend on the locale.
    fn bits(self) -> Option<Bits> {
        static BITS: LazyLock<Vec<Bits>> =
            LazyLock::new(|| Category::ALL.iter().map(|category| bits_where(|c| category.contains(c))).collect());
        match self {
            Category::LocWord | Category::LocNotWord => None,
            _ => Some(BITS[self as usize]),
        }
    }

    /// The classes of characters from 256 on that it has members in, and whether it holds all of each.
    fn classes(self) -> (u8, bool) {
        match self {
            Category::Digit | Category::Space | Category::Word | Category::LineBreak | Category::LocWord => (0, true),
            Category::NotDigit
            | Category::NotSpace
            | Category::NotWord
            | Category::NotLineBreak
            | Category::LocNotWord => (class::ALL, true),
            Category::UniWord => (class::WORD, true),
            Category::UniNotWord => (class::SPACE | class::OTHER, true),
            Category::UniSpace => (class::SPACE, true),
            Category::UniNotSpace => (class::WORD | class::OTHER, true),
            Category::UniDigit => (class::WORD, false),
            Category::UniNotDigit => (class::ALL, false),
            Category::UniLineBreak => (class::SPACE | class::OTHER, false),
            Category::UniNotLineBreak => (class::ALL, false),
        }
    }
}

/// An item of a set.
#[derive(Clone, Copy)]
enum Item<'a> {
    Negate,
    Literal(u32),
    Range(u32, u32),
    /// A range that also holds what has its upper case in it.
    RangeFolded(u32, u32),
    Bitmap(&'a [u32]),
    /// A table of block numbers, four in a word, and blocks of 256 bits.
    Blocks(&'a [u32], &'a [u32]),
    Category(Category),
}

/// Splits the first item off; `None` for words that are none.
fn next_item(words: &[u32]) -> Option<(Item<'_>, &[u32])> {
    let (&op, rest) = words.split_first()?;
    let arg = |i: usize| rest.get(i).copied();
    Some(match Op::from_word(op)? {
        Op::Negate => (Item::Negate, rest),
        Op::Literal => (Item::Literal(arg(0)?), &rest[1..]),
        Op::Range => (Item::Range(arg(0)?, arg(1)?), &rest[2..]),
        Op::RangeUniIgnore => (Item::RangeFolded(arg(0)?, arg(1)?), &rest[2..]),
        Op::Charset => (Item::Bitmap(rest.get(..8)?), &rest[8..]),
        Op::BigCharset => {
            let count = arg(0)? as usize;
            let blocks = rest.get(65..65usize.checked_add(count.checked_mul(8)?)?)?;
            let table = &rest[1..65];
            if table.iter().any(|word| word.to_ne_bytes().iter().any(|&block| block as usize >= count)) {
                return None;
            }
            (Item::Blocks(table, blocks), &rest[65 + blocks.len()..])
        }
        Op::Category => (Item::Category(Category::from_word(arg(0)?)?), &rest[1..]),
        _ => return None,
    })
}

/// Are the words items of a set?
pub fn is_valid_set(mut words: &[u32]) -> bool {
    while !words.is_empty() {
        match next_item(words) {
            Some((_, rest)) => words = rest,
            None => return false,
        }
    }
    true
}

impl Item<'_> {
    fn contains(self, c: u32) -> bool {
        let bit = |words: &[u32], c: u32| words[(c >> 5) as usize] >> (c & 31) & 1 != 0;
        match self {
            Item::Negate => false,
            Item::Literal(literal) => c == literal,
            Item::Range(low, high) => low <= c && c <= high,
            Item::RangeFolded(low, high) => {
                low <= c && c <= high || {
                    let c = unicode::simple_upper(c);
                    low <= c && c <= high
                }
            }
            Item::Bitmap(words) => c < 256 && bit(words, c),
            Item::Blocks(table, blocks) => {
                c < 65536 && {
                    let block = table[(c >> 10) as usize].to_ne_bytes()[(c >> 8) as usize & 3] as usize;
                    bit(&blocks[block * 8..block * 8 + 8], c & 255)
                }
            }
            Item::Category(category) => category.contains(c),
        }
    }

    /// Members below 256; `None` if they depend on the locale.
    fn bits(self) -> Option<Bits> {
        Some(match self {
            Item::Negate => NO_BITS,
            Item::Literal(c) => {
                let mut bits = NO_BITS;
                if c < 256 {
                    set_bit(&mut bits, c);
                }
                bits
            }
            Item::Category(category) => category.bits()?,
            Item::Bitmap(words) => core::array::from_fn(|i| words[2 * i] as u64 | (words[2 * i + 1] as u64) << 32),
            other => bits_where(|c| other.contains(c)),
        })
    }

    /// The classes of characters from 256 on that it has members in, and whether it holds all of each.
    fn classes(self) -> (u8, bool) {
        match self {
            Item::Negate | Item::Bitmap(_) => (0, true),
            Item::Literal(c) => (if c < 256 { 0 } else { class::of(c) }, c < 256),
            Item::Range(_, high) if high < 256 => (0, true),
            Item::Range(low, high) if low <= 256 && high >= 0x10ffff => (class::ALL, true),
            Item::Category(category) => category.classes(),
            Item::Range(..) | Item::RangeFolded(..) | Item::Blocks(..) => (class::ALL, false),
        }
    }
}

/// Characters from 256 on in a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum High {
    None,
    All,
    /// The items tell.
    Some,
}

/// A set of characters.
pub struct CharSet {
    /// Items: the first that holds the character decides.
    words: Box<[u32]>,
    fold: Fold,
    /// Members below 256; of sets that depend on the locale all that might be.
    pub low: Bits,
    pub high: High,
    /// The classes of characters from 256 on that may be members.
    pub classes: u8,
    /// Does the locale of the moment decide?
    pub is_dynamic: bool,
    /// Of a set that the locale decides: are the members those that the items do not hold?
    pub is_negated: bool,
}

impl CharSet {
    /// The set with these (valid) items, of characters as they are after folding.
    pub fn new(words: &[u32], fold: Fold) -> CharSet {
        let mut set = CharSet {
            words: words.into(),
            fold,
            low: NO_BITS,
            high: High::Some,
            classes: class::ALL,
            is_dynamic: fold == Fold::Locale,
            is_negated: false,
        };
        let mut low = NO_BITS;
        let mut decided = NO_BITS;
        // Of characters from 256 on, the classes that may have members, that have only members, that are decided, and that have
        // some who are no members.
        let (mut may, mut all, mut done, mut excluded) = (0u8, 0u8, 0u8, 0u8);
        let mut is_member = true;
        let mut rest = words;
        while let Some((item, next)) = next_item(rest) {
            rest = next;
            if matches!(item, Item::Negate) {
                is_member = !is_member;
                continue;
            }
            match item.bits() {
                Some(bits) => {
                    for i in 0..4 {
                        if is_member {
                            low[i] |= bits[i] & !decided[i];
                        }
                        decided[i] |= bits[i];
                    }
                }
                None => set.is_dynamic = true,
            }
            let (classes, whole) = item.classes();
            let classes = classes & !done;
            match (is_member, whole) {
                (true, true) => {
                    may |= classes;
                    all |= classes & !excluded;
                }
                (true, false) => may |= classes,
                (false, true) => {}
                (false, false) => excluded |= classes,
            }
            if whole {
                done |= classes;
            }
        }
        if !is_member {
            for i in 0..4 {
                low[i] |= !decided[i];
            }
            may |= class::ALL & !done;
            all |= class::ALL & !done & !excluded;
        }
        if set.is_dynamic {
            set.low = ALL_BITS;
            return set;
        }
        set.low = low;
        // Below 256, upper case is 32 below lower case.
        for c in (0..256).filter(|&c| fold != Fold::None && is_upper(c, fold)) {
            let bit = has_bit(&low, c + 32);
            set.low[(c >> 6) as usize] &= !(1 << (c & 63));
            set.low[(c >> 6) as usize] |= (bit as u64) << (c & 63);
        }
        set.classes = may;
        set.high = if may == 0 {
            High::None
        } else if all == class::ALL {
            High::All
        } else {
            High::Some
        };
        if fold == Fold::Unicode {
            set.fold_high(&low);
        }
        set
    }

    /// With folding, characters from 256 on are members whose lower case is.
    fn fold_high(&mut self, low: &Bits) {
        match self.high {
            High::None if LOWER_INTO_LATIN1.iter().all(|&(_, lower)| !has_bit(low, lower)) => {}
            High::All if LOWER_INTO_LATIN1.iter().all(|&(_, lower)| has_bit(low, lower)) => {}
            _ => {
                self.high = High::Some;
                self.classes = class::ALL;
            }
        }
    }

    fn items_contain(&self, c: u32) -> bool {
        let mut is_member = true;
        let mut rest: &[u32] = &self.words;
        while let Some((item, next)) = next_item(rest) {
            rest = next;
            if matches!(item, Item::Negate) {
                is_member = !is_member;
            } else if item.contains(c) {
                return is_member;
            }
        }
        !is_member
    }

    /// Is the character a member? By the items, for those that the bits do not tell.
    #[cold]
    #[inline(never)]
    pub fn contains_slowly(&self, c: u32) -> bool {
        match self.fold {
            Fold::Locale => {
                let (lower, upper) = (lower_locale(c), upper_locale(c));
                let holds = self.items_contain(lower) || upper != lower && self.items_contain(upper);
                holds != self.is_negated
            }
            fold => self.items_contain(fold.apply(c)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lower_case_below_256() {
        let found: Vec<_> =
            (256..0x110000).map(|c| (c, unicode::simple_lower(c))).filter(|&(_, lower)| lower < 256).collect();
        assert_eq!(found, LOWER_INTO_LATIN1);
    }

    #[test]
    fn capitals_below_256() {
        for fold in [Fold::Ascii, Fold::Unicode] {
            for c in 0..256 {
                assert_eq!(fold.apply(c), if is_upper(c, fold) { c + 32 } else { c });
            }
        }
    }

    #[test]
    fn words_below_256() {
        assert_eq!(WORDS, bits_where(|c| c == '_' as u32 || unicode::is_alnum(c)));
    }

    #[test]
    fn bits_and_classes_agree_with_items() {
        let op = |op: Op| op as u32;
        let category = |category: Category| [op(Op::Category), category as u32];
        let negated = |words: &[u32]| [&[op(Op::Negate)], words].concat();
        let mut sets: Vec<Vec<u32>> = vec![
            vec![op(Op::Literal), 'k' as u32],
            vec![op(Op::Literal), 0x212a],
            vec![op(Op::Range), 'a' as u32, 0x250],
            vec![op(Op::RangeUniIgnore), 0x10400, 0x10410],
            vec![op(Op::Charset), 1, 2, 3, 4, 5, 6, 7, 8],
        ];
        for &c in Category::ALL {
            sets.push(category(c).to_vec());
            sets.push([&category(c)[..], &category(Category::NotDigit)[..]].concat());
        }
        for words in sets.clone() {
            sets.push(negated(&words));
            sets.push([words.clone(), negated(&category(Category::UniSpace))].concat());
        }
        for words in sets {
            for fold in [Fold::None, Fold::Ascii, Fold::Unicode] {
                let set = CharSet::new(&words, fold);
                if set.is_dynamic {
                    continue;
                }
                for c in (0..0x600).chain([0x2028, 0x212a, 0x2003, 0x1e9e, 0x10400, 0x10428, 0x1d7ce, 0x10ffff]) {
                    let expected = set.contains_slowly(c);
                    if c < 256 {
                        assert_eq!(has_bit(&set.low, c), expected, "{words:?} {fold:?} {c:x}");
                        continue;
                    }
                    match set.high {
                        High::None => assert!(!expected, "{words:?} {fold:?} {c:x}"),
                        High::All => assert!(expected, "{words:?} {fold:?} {c:x}"),
                        High::Some => {}
                    }
                    assert!(!expected || set.classes & class::of(c) != 0, "{words:?} {fold:?} {c:x}");
                }
            }
        }
    }
}
