//! Searching: from what a pattern starts with, where its matches may start.

use memchr::memmem;
use rpy_vm::PyResult;

use super::chars::{CharSet, class, has_bit};
use super::machine::{Demand, contains, run};
use super::node::{First, Kind, Node, One, Seq, first_of};
use super::program::{HighTest, Program, Test};
use super::scratch::Scratch;
use super::unit::{Unit, find_from};
use super::words::{At, MAXREPEAT};

/// The places at which an attempt is worthwhile.
enum Places {
    All,
    /// The beginning of the text.
    Beginning,
    /// The beginnings of lines.
    Lines,
    /// Where a text of at least two characters is, with its bytes if all are.
    Text {
        units: Box<[u32]>,
        bytes: Option<Box<memmem::Finder<'static>>>,
    },
    /// Where a character is.
    Char(u32),
    Char2(u8, u8),
    Char3(u8, u8, u8),
    Set(Test),
    /// Where several characters in a row are each of a set: bits of a character say in which of the sets it is.
    Sets(Box<Sets>),
}

struct Sets {
    /// For characters below 256, and for all others.
    bits: [u8; 256],
    high: u8,
    len: u32,
}

/// Leading `.*`: an attempt that fails shows that others up to the end of the line fail too, unless something later refers to
/// what has been matched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Leading {
    Other,
    Line,
    Everything,
}

/// How to search for a pattern.
pub struct Search {
    places: Places,
    leading: Leading,
    /// Is the text that is looked for the whole pattern?
    is_whole: bool,
}

/// No more sets than this many are looked for in a row.
const MAX_SETS: usize = 8;
/// As long may a text be that is looked for.
const MAX_TEXT: usize = 64;

impl Search {
    /// `test` makes the test for a first character.
    pub fn new(root: &Seq, sets: &[CharSet], has_references: bool, test: impl FnOnce(&First) -> Test) -> Search {
        let mut search = Search { places: Places::All, leading: Leading::Other, is_whole: false };
        let mut start = root.nodes.iter().filter(|node| !matches!(node.kind, Kind::Mark(_)));
        match start.next().map(|node| &node.kind) {
            Some(Kind::At(At::Beginning | At::BeginningString)) => {
                search.places = Places::Beginning;
                return search;
            }
            Some(Kind::At(At::BeginningLine)) => {
                search.places = Places::Lines;
                return search;
            }
            Some(Kind::Repeat { max: MAXREPEAT, body, .. }) if !has_references => {
                search.leading = match body.as_one() {
                    Some(One::Any) => Leading::Line,
                    Some(One::AnyAll) => Leading::Everything,
                    _ => Leading::Other,
                };
                if search.leading != Leading::Other {
                    return search;
                }
            }
            _ => {}
        }
        let mut prefix = Prefix { firsts: Vec::new(), limit: MAX_TEXT };
        let is_exact = prefix.seq(root, sets);
        let firsts = prefix.firsts;
        let text: Vec<u32> = firsts.iter().map_while(First::single).collect();
        search.is_whole = is_exact && !root.nodes.is_empty() && root.nodes.iter().all(is_literal);
        search.places = match firsts.len() {
            0 => Places::All,
            _ if text.len() > 1 => {
                let bytes: Option<Vec<u8>> = text.iter().map(|&c| u8::try_from(c).ok()).collect();
                let bytes = bytes.map(|bytes| Box::new(memmem::Finder::new(&bytes).into_owned()));
                Places::Text { units: text.into(), bytes }
            }
            _ if text.len() == 1 => Places::Char(text[0]),
            1 => one_set(&firsts[0], test),
            _ => Places::Sets(Box::new(Sets::new(&firsts[..firsts.len().min(MAX_SETS)]))),
        };
        search
    }
}

fn is_literal(node: &Node) -> bool {
    matches!(node.kind, Kind::One(One::Literal(_)))
}

fn one_set(first: &First, test: impl FnOnce(&First) -> Test) -> Places {
    let members: Vec<u8> = (0..=255).filter(|&c| has_bit(&first.low, c as u32)).collect();
    match (first.classes, &members[..]) {
        (class::ALL, all) if all.len() == 256 => Places::All,
        (0, &[a, b]) => Places::Char2(a, b),
        (0, &[a, b, c]) => Places::Char3(a, b, c),
        _ => Places::Set(test(first)),
    }
}

impl Sets {
    fn new(firsts: &[First]) -> Sets {
        let mut sets = Sets { bits: [0; 256], high: 0, len: firsts.len() as u32 };
        for (i, first) in firsts.iter().enumerate() {
            for c in 0..256 {
                if has_bit(&first.low, c) {
                    sets.bits[c as usize] |= 1 << i;
                }
            }
            if first.classes != 0 {
                sets.high |= 1 << i;
            }
        }
        sets
    }

    /// The first place from `at` on.
    fn find<T: Unit>(&self, text: &[T], at: usize) -> Option<usize> {
        let last = 1u8 << (self.len - 1);
        // Bit i: the i + 1 characters that end here are in the first i + 1 sets.
        let mut state = 0u8;
        for (i, &unit) in text[at..].iter().enumerate() {
            let c = unit.code();
            let bits = if !T::IS_WIDE || c < 256 { self.bits[(c & 255) as usize] } else { self.high };
            state = (state << 1 | 1) & bits;
            if state & last != 0 {
                return Some(at + i + 1 - self.len as usize);
            }
        }
        None
    }
}

/// Collects what the first characters of every match are in.
struct Prefix {
    firsts: Vec<First>,
    limit: usize,
}

impl Prefix {
    /// Adds a sequence. True if what comes behind it can be added too.
    fn seq(&mut self, seq: &Seq, sets: &[CharSet]) -> bool {
        seq.nodes.iter().all(|node| self.firsts.len() < self.limit && self.node(node, sets))
    }

    fn node(&mut self, node: &Node, sets: &[CharSet]) -> bool {
        match &node.kind {
            Kind::One(One::Never) => false,
            Kind::One(one) => {
                self.firsts.push(first_of(*one, sets));
                true
            }
            Kind::At(_) | Kind::Mark(_) | Kind::Look { .. } => true,
            Kind::Atomic(body) => self.seq(body, sets),
            Kind::Branch(branches) => self.branches(branches, sets),
            Kind::Repeat { min, max, body, .. } => {
                for _ in 0..*min {
                    if self.firsts.len() >= self.limit || !self.seq(body, sets) || body.nodes.is_empty() {
                        return false;
                    }
                }
                min == max
            }
            Kind::GroupRef { .. } | Kind::Conditional { .. } | Kind::Success => false,
        }
    }

    fn branches(&mut self, branches: &[Seq], sets: &[CharSet]) -> bool {
        let limit = (self.limit - self.firsts.len()).min(MAX_SETS);
        let mut common: Option<(Vec<First>, bool)> = None;
        for branch in branches {
            let mut prefix = Prefix { firsts: Vec::new(), limit };
            let is_exact = prefix.seq(branch, sets);
            match &mut common {
                None => common = Some((prefix.firsts, is_exact)),
                Some((firsts, all_exact)) => {
                    *all_exact &= is_exact && prefix.firsts.len() == firsts.len();
                    firsts.truncate(prefix.firsts.len());
                    for (first, other) in firsts.iter_mut().zip(&prefix.firsts) {
                        *first = first.or(other);
                    }
                }
            }
        }
        let Some((firsts, is_exact)) = common else { return false };
        self.firsts.extend(firsts);
        is_exact
    }
}

impl Places {
    /// The first place from `at` on.
    #[inline]
    fn find<T: Unit>(&self, program: &Program, text: &[T], at: usize) -> Option<usize> {
        match self {
            Places::All => Some(at),
            Places::Beginning => (at == 0).then_some(0),
            Places::Lines => {
                if at == 0 || text[at - 1].code() == '\n' as u32 {
                    return Some(at);
                }
                let found = find_from(text, at, '\n' as u32);
                (found < text.len()).then_some(found + 1)
            }
            Places::Char(c) => Some(find_from(text, at, *c)).filter(|&found| found < text.len()),
            Places::Text { units, bytes } => match (T::as_bytes(text), bytes) {
                (Some(text), Some(bytes)) => bytes.find(&text[at..]).map(|found| at + found),
                (Some(_), None) => None,
                (None, _) => find_units(units, text, at),
            },
            Places::Char2(a, b) => {
                find_where(text, at, |text| memchr::memchr2(*a, *b, text), |c| c == *a as u32 || c == *b as u32)
            }
            Places::Char3(a, b, c) => find_where(
                text,
                at,
                |text| memchr::memchr3(*a, *b, *c, text),
                |unit| unit == *a as u32 || unit == *b as u32 || unit == *c as u32,
            ),
            Places::Set(test) if test.high == HighTest::AskAlways => Some(at),
            Places::Set(test) => {
                text[at..].iter().position(|&unit| contains(program, test, unit)).map(|found| at + found)
            }
            Places::Sets(sets) => sets.find(text, at),
        }
    }
}

/// With bytes by the first function, with wider characters one by one.
#[inline(always)]
fn find_where<T: Unit>(
    text: &[T],
    at: usize,
    bytes: impl FnOnce(&[u8]) -> Option<usize>,
    is_it: impl Fn(u32) -> bool,
) -> Option<usize> {
    let found = match T::as_bytes(&text[at..]) {
        Some(text) => bytes(text),
        None => text[at..].iter().position(|unit| is_it(unit.code())),
    };
    found.map(|found| at + found)
}

fn find_units<T: Unit>(units: &[u32], text: &[T], mut at: usize) -> Option<usize> {
    loop {
        at = find_from(text, at, units[0]);
        let found = text.get(at..at + units.len())?;
        if found.iter().zip(units).all(|(unit, c)| unit.code() == *c) {
            return Some(at);
        }
        at += 1;
    }
}

/// The first match that starts at `start` or later. With `advance` it is not empty if it starts at `start`.
///
/// # Errors
/// What a signal's handler raises; `MemoryError`.
pub fn search<T: Unit>(
    program: &Program,
    scratch: &mut Scratch,
    text: &[T],
    start: usize,
    advance: bool,
) -> PyResult<Option<(usize, usize)>> {
    let search = &program.search;
    let mut at = start;
    loop {
        if at > text.len() || text.len() - at < program.min {
            return Ok(None);
        }
        let Some(found) = search.places.find(program, text, at) else { return Ok(None) };
        at = found;
        if search.is_whole {
            return Ok(Some((at, at + program.min)));
        }
        let demand = Demand { whole: false, advance: advance && at == start };
        if let Some(end) = run(program, scratch, text, at, demand)? {
            return Ok(Some((at, end)));
        }
        match search.leading {
            Leading::Other => at += 1,
            Leading::Line => at = find_from(text, at, '\n' as u32).saturating_add(1),
            Leading::Everything => return Ok(None),
        }
    }
}
