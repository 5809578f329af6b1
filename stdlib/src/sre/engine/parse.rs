//! From code words to a tree. What is not well-formed is refused, so everything behind this may trust the tree.

use super::chars::{CharSet, Fold, High, has_bit, is_valid_set};
use super::node::{Greed, Kind, Node, One, Seq, SetId, Tree, node};
use super::words::{At, Category, Op, info};

/// The code is not one that the compiler of patterns emits.
#[derive(Debug)]
pub struct Invalid;

/// Groups may be nested so deep. The compiler of patterns, which is recursive Python code, ends earlier.
const MAX_DEPTH: u32 = 1_000;

/// The tree of a whole pattern.
///
/// # Errors
/// `Invalid`.
pub fn parse(words: &[u32], groups: u32) -> Result<Tree, Invalid> {
    let Some((&last, _)) = words.split_last() else { return Err(Invalid) };
    if last != Op::Success as u32 {
        return Err(Invalid);
    }
    let mut parser = Parser { words, groups, depth: 0, sets: Vec::new() };
    let root = parser.closed_seq(0, words.len() - 1)?;
    Ok(Tree { root, sets: parser.sets })
}

struct Parser<'a> {
    words: &'a [u32],
    groups: u32,
    depth: u32,
    sets: Vec<CharSet>,
}

impl Parser<'_> {
    /// The word at `at`, which must lie before `end`.
    fn word(&self, at: usize, end: usize) -> Result<u32, Invalid> {
        if at < end { Ok(self.words[at]) } else { Err(Invalid) }
    }

    /// Where the skip at `at` leads, which must be at least `room` further and not beyond `end`.
    fn target(&self, at: usize, room: usize, end: usize) -> Result<usize, Invalid> {
        let target = at + self.word(at, end)? as usize;
        if at + room <= target && target <= end { Ok(target) } else { Err(Invalid) }
    }

    fn expect(&self, at: usize, end: usize, op: Op) -> Result<(), Invalid> {
        if self.word(at, end)? == op as u32 { Ok(()) } else { Err(Invalid) }
    }

    /// A sequence that does not end in a jump.
    fn closed_seq(&mut self, at: usize, end: usize) -> Result<Seq, Invalid> {
        match self.seq(at, end)? {
            (seq, false) => Ok(seq),
            (_, true) => Err(Invalid),
        }
    }

    /// A sequence, and whether a jump (with its operand) ends it.
    fn seq(&mut self, mut at: usize, end: usize) -> Result<(Seq, bool), Invalid> {
        if at > end || self.depth >= MAX_DEPTH {
            return Err(Invalid);
        }
        self.depth += 1;
        let mut nodes = Vec::new();
        let mut jumps = false;
        while at < end {
            let op = Op::from_word(self.words[at]).ok_or(Invalid)?;
            match op {
                Op::Info => at = self.check_info(at + 1, end)?,
                Op::Jump if at + 2 == end => {
                    jumps = true;
                    at = end;
                }
                _ => {
                    let (kind, next) = self.node(op, at + 1, end)?;
                    nodes.push(node(kind, &self.sets));
                    at = next;
                }
            }
        }
        self.depth -= 1;
        Ok((Seq::new(nodes), jumps))
    }

    /// The node whose operands start at `at`, and where the next one is.
    fn node(&mut self, op: Op, at: usize, end: usize) -> Result<(Kind, usize), Invalid> {
        let arg = |parser: &Self| parser.word(at, end);
        let kind = match op {
            Op::Failure => return Ok((Kind::One(One::Never), at)),
            Op::Success => return Ok((Kind::Success, at)),
            Op::Any => return Ok((Kind::One(One::Any), at)),
            Op::AnyAll => return Ok((Kind::One(One::AnyAll), at)),
            Op::Literal => Kind::One(One::Literal(arg(self)?)),
            Op::NotLiteral => Kind::One(One::NotLiteral(arg(self)?)),
            Op::LiteralIgnore => self.folded_literal(arg(self)?, Fold::Ascii, false),
            Op::NotLiteralIgnore => self.folded_literal(arg(self)?, Fold::Ascii, true),
            Op::LiteralUniIgnore => self.folded_literal(arg(self)?, Fold::Unicode, false),
            Op::NotLiteralUniIgnore => self.folded_literal(arg(self)?, Fold::Unicode, true),
            Op::LiteralLocIgnore => self.locale_literal(arg(self)?, false),
            Op::NotLiteralLocIgnore => self.locale_literal(arg(self)?, true),
            Op::Category => {
                let category = Category::from_word(arg(self)?).ok_or(Invalid)?;
                self.set(&[Op::Category as u32, category as u32], Fold::None)
            }
            Op::At => Kind::At(At::from_word(arg(self)?).ok_or(Invalid)?),
            Op::Mark => {
                let mark = arg(self)?;
                if mark as u64 > 2 * self.groups as u64 + 1 {
                    return Err(Invalid);
                }
                Kind::Mark(mark)
            }
            Op::GroupRef => self.group_ref(arg(self)?, Fold::None)?,
            Op::GroupRefIgnore => self.group_ref(arg(self)?, Fold::Ascii)?,
            Op::GroupRefUniIgnore => self.group_ref(arg(self)?, Fold::Unicode)?,
            Op::GroupRefLocIgnore => self.group_ref(arg(self)?, Fold::Locale)?,
            Op::In => return self.in_set(at, end, Fold::None),
            Op::InIgnore => return self.in_set(at, end, Fold::Ascii),
            Op::InUniIgnore => return self.in_set(at, end, Fold::Unicode),
            Op::InLocIgnore => return self.in_set(at, end, Fold::Locale),
            Op::Branch => return self.branch(at, end),
            Op::RepeatOne => return self.repeat_one(at, end, Greed::Greedy),
            Op::MinRepeatOne => return self.repeat_one(at, end, Greed::Lazy),
            Op::PossessiveRepeatOne => return self.repeat_one(at, end, Greed::Possessive),
            Op::Repeat | Op::PossessiveRepeat => return self.repeat(op, at, end),
            Op::AtomicGroup => {
                let target = self.target(at, 2, end)?;
                let body = self.closed_seq(at + 1, target - 1)?;
                self.expect(target - 1, end, Op::Success)?;
                return Ok((Kind::Atomic(body), target));
            }
            Op::Assert | Op::AssertNot => {
                let target = self.target(at, 3, end)?;
                let back = self.word(at + 1, end)?;
                let body = self.closed_seq(at + 2, target - 1)?;
                self.expect(target - 1, end, Op::Success)?;
                return Ok((Kind::Look { back, negative: op == Op::AssertNot, body }, target));
            }
            Op::GroupRefExists => return self.conditional(at, end),
            Op::Info
            | Op::Jump
            | Op::Charset
            | Op::BigCharset
            | Op::MaxUntil
            | Op::MinUntil
            | Op::Negate
            | Op::Range
            | Op::RangeUniIgnore
            | Op::SubPattern => return Err(Invalid),
        };
        Ok((kind, at + 1))
    }

    /// A set, or the simpler thing that it comes to.
    fn set(&mut self, words: &[u32], fold: Fold) -> Kind {
        let set = CharSet::new(words, fold);
        let members: u32 = set.low.iter().map(|bits| bits.count_ones()).sum();
        let one = match (set.is_dynamic, set.high, members) {
            (false, High::None, 0) => One::Never,
            (false, High::None, 1) => One::Literal((0..256).find(|&c| has_bit(&set.low, c)).unwrap_or(0)),
            (false, High::All, 256) => One::AnyAll,
            (false, High::All, 255) => One::NotLiteral((0..256).find(|&c| !has_bit(&set.low, c)).unwrap_or(0)),
            _ => {
                self.sets.push(set);
                One::Set(SetId(self.sets.len() as u32 - 1))
            }
        };
        Kind::One(one)
    }

    fn folded_literal(&mut self, literal: u32, fold: Fold, negated: bool) -> Kind {
        let words = [Op::Negate as u32, Op::Literal as u32, literal];
        self.set(&words[if negated { 0 } else { 1 }..], fold)
    }

    /// A character that equals the literal, or whose lower or upper case does.
    fn locale_literal(&mut self, literal: u32, negated: bool) -> Kind {
        let words = [Op::Literal as u32, literal];
        let mut set = CharSet::new(&words, Fold::Locale);
        set.is_negated = negated;
        self.sets.push(set);
        Kind::One(One::Set(SetId(self.sets.len() as u32 - 1)))
    }

    fn in_set(&mut self, at: usize, end: usize, fold: Fold) -> Result<(Kind, usize), Invalid> {
        let target = self.target(at, 2, end)?;
        self.expect(target - 1, end, Op::Failure)?;
        let words = &self.words[at + 1..target - 1];
        if !is_valid_set(words) {
            return Err(Invalid);
        }
        Ok((self.set(words, fold), target))
    }

    fn group_ref(&self, group: u32, fold: Fold) -> Result<Kind, Invalid> {
        if group < self.groups { Ok(Kind::GroupRef { group, fold }) } else { Err(Invalid) }
    }

    fn branch(&mut self, mut at: usize, end: usize) -> Result<(Kind, usize), Invalid> {
        let mut branches = Vec::new();
        let mut exit = None;
        while self.word(at, end)? != 0 {
            let target = self.target(at, 3, end)?;
            branches.push(self.closed_seq(at + 1, target - 2)?);
            self.expect(target - 2, end, Op::Jump)?;
            let jump = self.target(target - 1, 1, end)?;
            if *exit.get_or_insert(jump) != jump {
                return Err(Invalid);
            }
            at = target;
        }
        if exit == Some(at + 1) { Ok((Kind::Branch(branches), at + 1)) } else { Err(Invalid) }
    }

    fn bounds(&self, at: usize, end: usize) -> Result<(u32, u32), Invalid> {
        let (min, max) = (self.word(at + 1, end)?, self.word(at + 2, end)?);
        if min <= max { Ok((min, max)) } else { Err(Invalid) }
    }

    fn repeat_one(&mut self, at: usize, end: usize, greed: Greed) -> Result<(Kind, usize), Invalid> {
        let target = self.target(at, 4, end)?;
        let (min, max) = self.bounds(at, end)?;
        let body = self.closed_seq(at + 3, target - 1)?;
        self.expect(target - 1, end, Op::Success)?;
        Ok((Kind::Repeat { min, max, greed, body }, target))
    }

    fn repeat(&mut self, op: Op, at: usize, end: usize) -> Result<(Kind, usize), Invalid> {
        let target = self.target(at, 3, end)?;
        let (min, max) = self.bounds(at, end)?;
        let body = self.closed_seq(at + 3, target)?;
        let greed = match (op, Op::from_word(self.word(target, end)?)) {
            (Op::Repeat, Some(Op::MaxUntil)) => Greed::Greedy,
            (Op::Repeat, Some(Op::MinUntil)) => Greed::Lazy,
            (Op::PossessiveRepeat, Some(Op::Success)) => Greed::Possessive,
            _ => return Err(Invalid),
        };
        Ok((Kind::Repeat { min, max, greed, body }, target + 1))
    }

    /// The skip counts from the group; the first part ends in a jump if there is a second.
    fn conditional(&mut self, at: usize, end: usize) -> Result<(Kind, usize), Invalid> {
        let group = self.word(at, end)?;
        if group >= self.groups {
            return Err(Invalid);
        }
        let target = at + self.word(at + 1, end)? as usize;
        if target < at + 2 || target > end {
            return Err(Invalid);
        }
        let (yes, jumps) = self.seq(at + 2, target)?;
        let (no, next) = if jumps {
            let exit = self.target(target - 1, 1, end)?;
            (self.closed_seq(target, exit)?, exit)
        } else {
            (Seq::new(Vec::<Node>::new()), target)
        };
        Ok((Kind::Conditional { group, yes, no }, next))
    }

    /// Checks an information block: `flags`, `min`, `max`, then a prefix with its table or a set. The trees tell the same and more.
    fn check_info(&self, at: usize, end: usize) -> Result<usize, Invalid> {
        let target = self.target(at, 4, end)?;
        let flags = self.words[at + 1];
        let bad_flags = flags & !(info::PREFIX | info::LITERAL | info::CHARSET) != 0
            || flags & info::PREFIX != 0 && flags & info::CHARSET != 0
            || flags & info::LITERAL != 0 && flags & info::PREFIX == 0;
        if bad_flags {
            return Err(Invalid);
        }
        let mut rest = &self.words[at + 4..target];
        if flags & info::PREFIX != 0 {
            let [len, _, more @ ..] = rest else { return Err(Invalid) };
            let overlaps = more.get(*len as usize..).ok_or(Invalid)?;
            if overlaps.len() < *len as usize || overlaps[..*len as usize].iter().any(|overlap| overlap >= len) {
                return Err(Invalid);
            }
            rest = &overlaps[*len as usize..];
        }
        if flags & info::CHARSET != 0 {
            return match rest.split_last() {
                Some((&last, set)) if last == Op::Failure as u32 && is_valid_set(set) => Ok(target),
                _ => Err(Invalid),
            };
        }
        if rest.is_empty() { Ok(target) } else { Err(Invalid) }
    }
}
