//! From trees to programs.
//!
//! Each part is emitted with what may follow it. From that comes what makes the machine fast: a repeat of a character which cannot
//! start what follows need not give anything back; a way that cannot start with the next character is not tried.

use std::collections::HashMap;

use super::chars::{Bits, CharSet, High, class};
use super::node::{First, Greed, Kind, One, Seq, Tree, first_of};
use super::program::{Choice, HighTest, Hint, Inst, Item, Loop, Pc, Program, Region, Run, Test};
use super::search::Search;
use super::words::MAXREPEAT;

/// How many marks there are at least for an instruction to use its own.
fn marks_of(inst: &Inst) -> usize {
    match inst {
        Inst::Mark(mark) => (*mark as usize | 1) + 1,
        Inst::GroupRef { group, .. } | Inst::Conditional { group, .. } => 2 * *group as usize + 2,
        _ => 0,
    }
}

/// The program of a tree.
pub fn emit(tree: Tree) -> Program {
    let mut emitter = Emitter { sets: tree.sets, ..Emitter::default() };
    emitter.seq(&tree.root, &First::EMPTY, Inst::Accept);
    emitter.push(Inst::Accept);
    let marks = emitter.code.iter().map(marks_of).max().unwrap_or(0);
    let has_references =
        emitter.code.iter().any(|inst| matches!(inst, Inst::GroupRef { .. } | Inst::Conditional { .. }));
    let search = Search::new(&tree.root, &emitter.sets, has_references, |first| emitter.tables.test(first));
    Program {
        code: emitter.code.into(),
        tests: emitter.tests.into(),
        tables: emitter.tables.tables.into(),
        sets: emitter.sets.into(),
        text: emitter.text.into(),
        runs: emitter.runs.into(),
        choices: emitter.choices.into(),
        loops: emitter.loops.into(),
        regions: emitter.regions.into(),
        slots: emitter.slots as usize,
        marks,
        min: tree.root.min as usize,
        search,
    }
}

/// Bitmaps as columns of tables.
#[derive(Default)]
struct Tables {
    tables: Vec<[u8; 256]>,
    columns: HashMap<Bits, u32>,
}

impl Tables {
    fn column(&mut self, bits: &Bits) -> (u32, u8) {
        let next = self.columns.len() as u32;
        let column = *self.columns.entry(*bits).or_insert(next);
        let (table, mask) = (column / 8, 1u8 << (column % 8));
        if column == next {
            if mask == 1 {
                self.tables.push([0; 256]);
            }
            let bytes = &mut self.tables[table as usize];
            for c in 0..256 {
                if bits[c >> 6] >> (c & 63) & 1 != 0 {
                    bytes[c] |= mask;
                }
            }
        }
        (table, mask)
    }

    /// Can a character start it? Other characters than the first 256 may always, if any of them may.
    fn test(&mut self, first: &First) -> Test {
        let (table, mask) = self.column(&first.low);
        Test { table, mask, high: if first.classes == 0 { HighTest::No } else { HighTest::Yes }, set: 0 }
    }
}

#[derive(Default)]
struct Emitter {
    code: Vec<Inst>,
    tests: Vec<Test>,
    tables: Tables,
    sets: Vec<CharSet>,
    text: Vec<u32>,
    runs: Vec<Run>,
    choices: Vec<Choice>,
    loops: Vec<Loop>,
    regions: Vec<Region>,
    slots: u32,
}

/// Adds to a table; the index.
fn add<T>(table: &mut Vec<T>, item: T) -> u32 {
    table.push(item);
    table.len() as u32 - 1
}

impl Emitter {
    fn push(&mut self, inst: Inst) -> Pc {
        add(&mut self.code, inst)
    }

    fn here(&self) -> Pc {
        self.code.len() as Pc
    }

    fn slot(&mut self) -> u32 {
        self.slots += 1;
        self.slots - 1
    }

    fn item(&mut self, one: One) -> Item {
        match one {
            One::Never => Item::Never,
            One::Any => Item::Any,
            One::AnyAll => Item::AnyAll,
            One::Literal(c) => Item::Literal(c),
            One::NotLiteral(c) => Item::NotLiteral(c),
            One::Set(id) => {
                let set = &self.sets[id.0 as usize];
                let (table, mask) = self.tables.column(&set.low);
                let high = match set.high {
                    _ if set.is_dynamic => HighTest::AskAlways,
                    High::None => HighTest::No,
                    High::All => HighTest::Yes,
                    High::Some => HighTest::Ask,
                };
                Item::Set(Test { table, mask, high, set: id.0 })
            }
        }
    }

    /// What tells that `first` can follow.
    fn hint(&mut self, first: &First) -> Hint {
        if first.is_nullable || first.classes == class::ALL && first.count() == 256 {
            return Hint::None;
        }
        match first.single() {
            Some(c) => Hint::Literal(c),
            None => Hint::Set(self.tables.test(first)),
        }
    }

    fn choice(&mut self, first: (Pc, Hint), second: (Pc, Hint)) -> Pc {
        let choice = Choice { first: first.0, second: second.0, first_hint: first.1, second_hint: second.1 };
        let index = add(&mut self.choices, choice);
        self.push(Inst::Choice(index))
    }

    /// Emits a sequence; `after` is what may follow it, and `end` what `Success` means in it.
    fn seq(&mut self, seq: &Seq, after: &First, end: Inst) {
        // What follows each node, from the last backwards.
        let mut follows = vec![*after; seq.nodes.len()];
        for i in (1..seq.nodes.len()).rev() {
            follows[i - 1] = seq.nodes[i].first.then(&follows[i]);
        }
        let mut at = 0;
        while at < seq.nodes.len() {
            let run = seq.nodes[at..].iter().take_while(|node| matches!(node.kind, Kind::One(One::Literal(_)))).count();
            if run > 1 {
                let start = self.text.len() as u32;
                for node in &seq.nodes[at..at + run] {
                    if let Kind::One(One::Literal(c)) = node.kind {
                        self.text.push(c);
                    }
                }
                self.push(Inst::Text { start, len: run as u32 });
                at += run;
                continue;
            }
            self.node(&seq.nodes[at].kind, &follows[at], end);
            at += 1;
        }
    }

    fn node(&mut self, kind: &Kind, after: &First, end: Inst) {
        match kind {
            Kind::One(one) => {
                let inst = match self.item(*one) {
                    Item::Never => Inst::Fail,
                    Item::Any => Inst::Any,
                    Item::AnyAll => Inst::AnyAll,
                    Item::Literal(c) => Inst::Literal(c),
                    Item::NotLiteral(c) => Inst::NotLiteral(c),
                    Item::Set(test) => Inst::Set(add(&mut self.tests, test)),
                };
                self.push(inst);
            }
            Kind::At(at) => {
                self.push(Inst::At(*at));
            }
            Kind::Mark(mark) => {
                self.push(Inst::Mark(*mark));
            }
            Kind::GroupRef { group, fold } => {
                self.push(Inst::GroupRef { group: *group, fold: *fold });
            }
            Kind::Success => {
                self.push(end);
            }
            Kind::Branch(branches) => self.branch(branches, after, end),
            Kind::Conditional { group, yes, no } => {
                let test = self.push(Inst::Fail);
                self.seq(yes, after, end);
                let mut no_pc = self.here();
                if !no.nodes.is_empty() {
                    let jump = self.push(Inst::Fail);
                    no_pc = self.here();
                    self.seq(no, after, end);
                    self.code[jump as usize] = Inst::Jump(self.here());
                }
                self.code[test as usize] = Inst::Conditional { group: *group, no: no_pc };
            }
            Kind::Atomic(body) => {
                let index = self.region(body, 0);
                self.push(Inst::AtomicStart(index));
                self.seq(body, &First::EMPTY, Inst::AtomicEnd(index));
                self.push(Inst::AtomicEnd(index));
                self.jump_over(index);
            }
            Kind::Look { back, negative, body } => {
                let index = self.region(body, *back);
                let (start, stop) = if *negative {
                    (Inst::NotStart(index), Inst::NotEnd(index))
                } else {
                    (Inst::LookStart(index), Inst::LookEnd(index))
                };
                self.push(start);
                self.seq(body, &First::EMPTY, stop);
                self.push(stop);
                self.jump_over(index);
            }
            Kind::Repeat { min, max, greed, body } => self.repeat(*min, *max, *greed, body, after, end),
        }
    }

    fn region(&mut self, body: &Seq, back: u32) -> u32 {
        let slot = self.slot();
        let region = Region { slot, has_marks: body.has_marks, back, exit: 0, min: 0, max: 0 };
        add(&mut self.regions, region)
    }

    /// The region ends here.
    fn jump_over(&mut self, index: u32) {
        self.regions[index as usize].exit = self.here();
    }

    fn branch(&mut self, branches: &[Seq], after: &First, end: Inst) {
        let firsts: Vec<First> = branches.iter().map(|branch| branch.first.then(after)).collect();
        // What may start any of the branches behind each.
        let mut later = vec![First::NEVER; branches.len()];
        for i in (1..branches.len()).rev() {
            later[i - 1] = later[i].or(&firsts[i]);
        }
        let mut jumps = Vec::new();
        for (i, branch) in branches.iter().enumerate() {
            let is_last = i + 1 == branches.len();
            let choice = (!is_last).then(|| {
                let (here, there) = (self.hint(&firsts[i]), self.hint(&later[i]));
                let pc = self.here();
                self.choice((pc + 1, here), (0, there))
            });
            self.seq(branch, after, end);
            if !is_last {
                jumps.push(self.push(Inst::Fail));
            }
            if let Some(choice) = choice
                && let Inst::Choice(index) = self.code[choice as usize]
            {
                self.choices[index as usize].second = self.here();
            }
        }
        for jump in jumps {
            self.code[jump as usize] = Inst::Jump(self.here());
        }
    }

    fn repeat(&mut self, min: u32, max: u32, greed: Greed, body: &Seq, after: &First, end: Inst) {
        if let Some(one) = body.as_one() {
            return self.run(one, min, max, greed, after);
        }
        if max == 0 {
            return;
        }
        match greed {
            Greed::Possessive => self.possessive(min, max, body),
            _ if min == 0 && max == 1 => self.optional(greed, body, after, end),
            // A body that always consumes something needs no protection against endless rounds.
            _ if min <= 1 && max == MAXREPEAT && body.min > 0 => self.endless(min, greed, body, after, end),
            _ => self.counted(min, max, greed, body, after, end),
        }
    }

    /// A single character.
    fn run(&mut self, one: One, min: u32, max: u32, greed: Greed, after: &First) {
        let item = self.item(one);
        let first = first_of(one, &self.sets);
        let next = self.hint(after);
        // Giving back leaves a character of the run in front of what follows. If that cannot start what follows, and what follows
        // matches the empty string everywhere or nowhere, the longest run is the only one worth trying.
        let is_final = !(first.meets(after) || after.is_nullable && after.is_checked);
        let index = add(&mut self.runs, Run { item, min, max, next });
        let is_fixed = min == max;
        self.push(match greed {
            _ if is_fixed => Inst::RunPossessive(index),
            Greed::Possessive => Inst::RunPossessive(index),
            Greed::Greedy if is_final => Inst::RunPossessive(index),
            Greed::Greedy => Inst::Run(index),
            Greed::Lazy => Inst::RunLazy(index),
        });
    }

    fn optional(&mut self, greed: Greed, body: &Seq, after: &First, end: Inst) {
        let here = self.hint(&body.first.then(after));
        let there = self.hint(after);
        let pc = self.here();
        let (body_way, tail_way) = ((pc + 1, here), (0, there));
        let choice = match greed {
            Greed::Lazy => self.choice(tail_way, body_way),
            _ => self.choice(body_way, tail_way),
        };
        self.seq(body, after, end);
        let tail = self.here();
        self.set_tail(choice, greed, tail);
    }

    fn set_tail(&mut self, choice: Pc, greed: Greed, tail: Pc) {
        if let Inst::Choice(index) = self.code[choice as usize] {
            let choice = &mut self.choices[index as usize];
            match greed {
                Greed::Lazy => choice.first = tail,
                _ => choice.second = tail,
            }
        }
    }

    /// `*` or `+` of what consumes something: a choice after each round, and for `*` the same before the first.
    fn endless(&mut self, min: u32, greed: Greed, body: &Seq, after: &First, end: Inst) {
        let again = body.first.or(after);
        let (body_hint, tail_hint) = (self.hint(&body.first), self.hint(after));
        if min == 0 {
            let pc = self.here();
            let (body_way, tail_way) = ((pc + 1, body_hint), (0, tail_hint));
            let choice = match greed {
                Greed::Lazy => self.choice(tail_way, body_way),
                _ => self.choice(body_way, tail_way),
            };
            self.seq(body, &again, end);
            self.push(Inst::Jump(choice));
            let tail = self.here();
            self.set_tail(choice, greed, tail);
        } else {
            let start = self.here();
            self.seq(body, &again, end);
            let tail = self.here() + 1;
            match greed {
                Greed::Lazy => self.choice((tail, tail_hint), (start, body_hint)),
                _ => self.choice((start, body_hint), (tail, tail_hint)),
            };
        }
    }

    fn counted(&mut self, min: u32, max: u32, greed: Greed, body: &Seq, after: &First, end: Inst) {
        let slot = self.slot();
        let start = self.push(Inst::Fail);
        let index = add(&mut self.loops, Loop { slot, min, max, lazy: greed == Greed::Lazy, body: start + 1, tail: 0 });
        // Whether a round may follow depends on the count and the position.
        let mut again = body.first.or(after);
        again.is_checked |= again.is_nullable;
        self.seq(body, &again, end);
        let until = self.push(Inst::LoopEnd(index));
        self.loops[index as usize].tail = until + 1;
        self.code[start as usize] = Inst::LoopStart { index, end: until };
    }

    fn possessive(&mut self, min: u32, max: u32, body: &Seq) {
        let index = self.region(body, 0);
        self.regions[index as usize].min = min;
        self.regions[index as usize].max = max;
        self.push(Inst::PossessiveInit(index));
        let round = self.push(Inst::PossessiveRound(index));
        let stop = Inst::PossessiveEnd { index, round };
        self.seq(body, &First::EMPTY, stop);
        self.push(stop);
        self.jump_over(index);
    }
}
