//! The machine: runs a program at one position of a text.
//!
//! It does not recurse and allocates nothing but room on its stack of entries. Going forward changes marks and slots in place;
//! before a change that an older choice must not see, an entry is pushed that puts the old value back. Regions (atomic groups,
//! assertions, rounds of possessive repeats) note how high the stack was: when one has matched, its choices are dropped, and of its
//! entries only those that put marks back are kept.

use rpy_vm::PyResult;

use super::chars::{self, Fold};
use super::program::{HighTest, Hint, Inst, Item, Loop, Program, Run, Test};
use super::scratch::{Entry, NONE, Scratch, Slot};
use super::unit::{Unit, find_from};
use super::words::{At, MAXREPEAT};

/// What a match must be like.
#[derive(Clone, Copy)]
pub struct Demand {
    /// It must reach the end of the text.
    pub whole: bool,
    /// It must not be empty.
    pub advance: bool,
}

/// Membership, for characters as they are stored.
#[inline(always)]
pub fn contains<T: Unit>(program: &Program, test: &Test, unit: T) -> bool {
    if T::IS_WIDE {
        program.contains(test, unit.code())
    } else if test.high == HighTest::AskAlways {
        program.sets[test.set as usize].contains_slowly(unit.code())
    } else {
        program.low(test, unit.code())
    }
}

/// Can what the hint is for follow at `pos`?
#[inline(always)]
fn may_follow<T: Unit>(program: &Program, hint: &Hint, text: &[T], pos: usize) -> bool {
    match hint {
        Hint::None => true,
        Hint::Literal(c) => pos < text.len() && text[pos].code() == *c,
        Hint::Set(test) => pos < text.len() && contains(program, test, text[pos]),
    }
}

/// Where a run of at most `limit` (an end position) from `pos` on ends.
#[inline(always)]
fn run_end<T: Unit>(program: &Program, item: &Item, text: &[T], pos: usize, limit: usize) -> usize {
    let text = &text[..limit];
    let mut at = pos;
    match item {
        Item::Never => pos,
        Item::AnyAll => limit,
        Item::Any => find_from(text, pos, '\n' as u32),
        Item::NotLiteral(c) => find_from(text, pos, *c),
        Item::Literal(c) => {
            while at < text.len() && text[at].code() == *c {
                at += 1;
            }
            at
        }
        Item::Set(test) if test.high == HighTest::AskAlways => {
            while at < text.len() && contains(program, test, text[at]) {
                at += 1;
            }
            at
        }
        Item::Set(test) => {
            let table = &program.tables[test.table as usize];
            while at < text.len() {
                let c = text[at].code();
                let holds = if !T::IS_WIDE || c < 256 {
                    table[(c & 255) as usize] & test.mask != 0
                } else {
                    program.contains(test, c)
                };
                if !holds {
                    break;
                }
                at += 1;
            }
            at
        }
    }
}

#[inline(always)]
fn item_matches<T: Unit>(program: &Program, item: &Item, unit: T) -> bool {
    match item {
        Item::Never => false,
        Item::AnyAll => true,
        Item::Any => unit.code() != '\n' as u32,
        Item::NotLiteral(c) => unit.code() != *c,
        Item::Literal(c) => unit.code() == *c,
        Item::Set(test) => contains(program, test, unit),
    }
}

/// The last position a run may reach.
#[inline(always)]
fn run_limit(run: &Run, pos: usize, len: usize) -> usize {
    if run.max == MAXREPEAT { len } else { len.min(pos.saturating_add(run.max as usize)) }
}

#[inline(always)]
fn is_boundary<T: Unit>(text: &[T], pos: usize, is_word: impl Fn(u32) -> bool) -> bool {
    let before = pos > 0 && is_word(text[pos - 1].code());
    let after = pos < text.len() && is_word(text[pos].code());
    before != after
}

#[inline]
fn at<T: Unit>(at: At, text: &[T], pos: usize) -> bool {
    let is_line_feed = |pos: usize| text[pos].code() == '\n' as u32;
    match at {
        At::Beginning | At::BeginningString => pos == 0,
        At::BeginningLine => pos == 0 || is_line_feed(pos - 1),
        At::End => pos == text.len() || pos + 1 == text.len() && is_line_feed(pos),
        At::EndLine => pos == text.len() || is_line_feed(pos),
        At::EndString => pos == text.len(),
        At::Boundary => is_boundary(text, pos, chars::is_word_ascii),
        At::NonBoundary => !is_boundary(text, pos, chars::is_word_ascii),
        At::LocBoundary => is_boundary(text, pos, chars::is_word_locale),
        At::LocNonBoundary => !is_boundary(text, pos, chars::is_word_locale),
        At::UniBoundary => is_boundary(text, pos, chars::is_word_unicode),
        At::UniNonBoundary => !is_boundary(text, pos, chars::is_word_unicode),
    }
}

/// The bounds of a group that has matched.
#[inline(always)]
fn group_bounds(scratch: &Scratch, group: u32) -> Option<(usize, usize)> {
    let (start, end) = (scratch.marks[2 * group as usize], scratch.marks[2 * group as usize + 1]);
    if start == NONE || end == NONE || end < start { None } else { Some((start, end)) }
}

/// Where what a group matched ends when it comes again at `pos`.
#[inline]
fn group_again<T: Unit>(text: &[T], (start, end): (usize, usize), pos: usize, fold: Fold) -> Option<usize> {
    let again = pos.checked_add(end - start).filter(|&again| again <= text.len())?;
    let (old, new) = (&text[start..end], &text[pos..again]);
    let equal = match fold {
        Fold::None => old == new,
        fold => old.iter().zip(new).all(|(a, b)| fold.apply(a.code()) == fold.apply(b.code())),
    };
    equal.then_some(again)
}

/// Goes back to a height of the stack, undoing what was done since: the entries above are dropped, the marks are as before.
fn unwind(program: &Program, scratch: &mut Scratch, height: usize) {
    while scratch.stack.len() > height {
        if let Some(entry) = scratch.stack.pop()
            && let Inst::Mark(mark) = program.code[entry.pc as usize]
        {
            scratch.marks[mark as usize] = entry.pos;
            scratch.last_index = entry.low;
        }
    }
}

/// Forgets the choices above a height. Entries that put marks back stay, for choices below.
#[inline(always)]
fn commit(program: &Program, scratch: &mut Scratch, height: usize, has_marks: bool) {
    if !has_marks {
        scratch.stack.truncate(height);
        return;
    }
    let mut kept = height;
    for i in height..scratch.stack.len() {
        let entry = scratch.stack[i];
        if matches!(program.code[entry.pc as usize], Inst::Mark(_)) {
            scratch.stack[kept] = entry;
            kept += 1;
        }
    }
    scratch.stack.truncate(kept);
}

/// What the end of a loop's round, or its start, leads to.
enum Turn {
    Body,
    Tail,
}

/// Decides about another round; pushes what undoes the decision.
#[inline(always)]
fn turn(scratch: &mut Scratch, l: &Loop, pc: u32, pos: usize) -> PyResult<Turn> {
    let Slot { count, last, .. } = scratch.slots[l.slot as usize];
    let entry = Entry { pc, aux: count, pos, low: last };
    if count < l.min {
        scratch.push(Entry { pos: NONE, ..entry })?;
        scratch.slots[l.slot as usize].count = count + 1;
        return Ok(Turn::Body);
    }
    let may_go_on = (count < l.max || l.max == MAXREPEAT) && pos != last;
    if l.lazy {
        if may_go_on {
            scratch.push(entry)?;
        }
        return Ok(Turn::Tail);
    }
    if !may_go_on {
        return Ok(Turn::Tail);
    }
    scratch.push(entry)?;
    let slot = &mut scratch.slots[l.slot as usize];
    slot.count = count.saturating_add(1);
    slot.last = pos;
    Ok(Turn::Body)
}

/// Runs the program at `start`. The end of the match, whose groups are then in `scratch`.
///
/// # Errors
/// What a signal's handler raises; `MemoryError`.
pub fn run<T: Unit>(
    program: &Program,
    scratch: &mut Scratch,
    text: &[T],
    start: usize,
    demand: Demand,
) -> PyResult<Option<usize>> {
    let code = &program.code[..];
    let mut pc = 0u32;
    let mut pos = start;
    loop {
        // Forward, until something fails.
        loop {
            // SAFETY: targets are inside the code, and only instructions that do not go on to the next one end it.
            match unsafe { code.get_unchecked(pc as usize) } {
                Inst::Fail => break,
                Inst::Accept => {
                    if demand.whole && pos != text.len() || demand.advance && pos == start {
                        break;
                    }
                    return Ok(Some(pos));
                }
                Inst::Any => {
                    if pos >= text.len() || text[pos].code() == '\n' as u32 {
                        break;
                    }
                    pos += 1;
                    pc += 1;
                }
                Inst::AnyAll => {
                    if pos >= text.len() {
                        break;
                    }
                    pos += 1;
                    pc += 1;
                }
                Inst::Literal(c) => {
                    if pos >= text.len() || text[pos].code() != *c {
                        break;
                    }
                    pos += 1;
                    pc += 1;
                }
                Inst::NotLiteral(c) => {
                    if pos >= text.len() || text[pos].code() == *c {
                        break;
                    }
                    pos += 1;
                    pc += 1;
                }
                Inst::Set(index) => {
                    if pos >= text.len() || !contains(program, &program.tests[*index as usize], text[pos]) {
                        break;
                    }
                    pos += 1;
                    pc += 1;
                }
                Inst::Text { start, len } => {
                    let len = *len as usize;
                    if text.len() - pos < len {
                        break;
                    }
                    let wanted = &program.text[*start as usize..*start as usize + len];
                    let found = &text[pos..pos + len];
                    if !wanted.iter().zip(found).all(|(c, unit)| unit.code() == *c) {
                        break;
                    }
                    pos += len;
                    pc += 1;
                }
                Inst::At(place) => {
                    if !at(*place, text, pos) {
                        break;
                    }
                    pc += 1;
                }
                Inst::Mark(mark) => {
                    let mark = *mark as usize;
                    let entry = Entry { pc, aux: 0, pos: scratch.marks[mark], low: scratch.last_index };
                    scratch.push(entry)?;
                    scratch.marks[mark] = pos;
                    if mark & 1 != 0 {
                        scratch.last_index = mark / 2 + 1;
                    }
                    pc += 1;
                }
                Inst::Jump(target) => pc = *target,
                Inst::Choice(index) => {
                    let choice = &program.choices[*index as usize];
                    let second = may_follow(program, &choice.second_hint, text, pos);
                    if may_follow(program, &choice.first_hint, text, pos) {
                        if second {
                            scratch.push(Entry { pc, aux: 0, pos, low: 0 })?;
                        }
                        pc = choice.first;
                    } else if second {
                        pc = choice.second;
                    } else {
                        break;
                    }
                }
                Inst::GroupRef { group, fold } => {
                    let Some(bounds) = group_bounds(scratch, *group) else { break };
                    let Some(end) = group_again(text, bounds, pos, *fold) else { break };
                    pos = end;
                    pc += 1;
                }
                Inst::Conditional { group, no } => {
                    pc = if group_bounds(scratch, *group).is_some() { pc + 1 } else { *no };
                }
                Inst::RunPossessive(index) => {
                    let run = &program.runs[*index as usize];
                    let end = run_end(program, &run.item, text, pos, run_limit(run, pos, text.len()));
                    if end - pos < run.min as usize {
                        break;
                    }
                    pos = end;
                    pc += 1;
                }
                Inst::Run(index) => {
                    let run = &program.runs[*index as usize];
                    let end = run_end(program, &run.item, text, pos, run_limit(run, pos, text.len()));
                    let Some(end) = give_back(program, run, text, pos + run.min as usize, end) else { break };
                    if end > pos + run.min as usize {
                        scratch.push(Entry { pc, aux: 0, pos: end - 1, low: pos + run.min as usize })?;
                    }
                    pos = end;
                    pc += 1;
                }
                Inst::RunLazy(index) => {
                    let run = &program.runs[*index as usize];
                    let limit = run_limit(run, pos, text.len());
                    if text.len() - pos < run.min as usize {
                        break;
                    }
                    let least = pos + run.min as usize;
                    if run_end(program, &run.item, text, pos, least) != least {
                        break;
                    }
                    let Some(end) = take_more(program, run, text, least, limit) else { break };
                    if end < limit {
                        scratch.push(Entry { pc, aux: 0, pos: end, low: limit })?;
                    }
                    pos = end;
                    pc += 1;
                }
                Inst::LoopStart { index, end } => {
                    let slot = program.loops[*index as usize].slot as usize;
                    let old = scratch.slots[slot];
                    scratch.push(Entry { pc, aux: old.count, pos: 0, low: old.last })?;
                    scratch.slots[slot] = Slot::NEW;
                    pc = *end;
                }
                Inst::LoopEnd(index) => {
                    let l = &program.loops[*index as usize];
                    pc = match turn(scratch, l, pc, pos)? {
                        Turn::Body => l.body,
                        Turn::Tail => l.tail,
                    };
                }
                Inst::AtomicStart(index) => {
                    let region = &program.regions[*index as usize];
                    scratch.slots[region.slot as usize].height = scratch.stack.len();
                    scratch.push(Entry { pc, aux: 0, pos, low: 0 })?;
                    pc += 1;
                }
                Inst::AtomicEnd(index) => {
                    let region = &program.regions[*index as usize];
                    let height = scratch.slots[region.slot as usize].height;
                    commit(program, scratch, height, region.has_marks);
                    pc = region.exit;
                }
                Inst::LookStart(index) => {
                    let region = &program.regions[*index as usize];
                    let back = region.back as usize;
                    if pos < back {
                        break;
                    }
                    scratch.slots[region.slot as usize].height = scratch.stack.len();
                    scratch.push(Entry { pc, aux: 0, pos, low: 0 })?;
                    pos -= back;
                    pc += 1;
                }
                Inst::LookEnd(index) => {
                    let region = &program.regions[*index as usize];
                    let height = scratch.slots[region.slot as usize].height;
                    pos = scratch.stack[height].pos;
                    commit(program, scratch, height, region.has_marks);
                    pc = region.exit;
                }
                Inst::NotStart(index) => {
                    let region = &program.regions[*index as usize];
                    let back = region.back as usize;
                    if pos < back {
                        pc = region.exit;
                        continue;
                    }
                    scratch.slots[region.slot as usize].height = scratch.stack.len();
                    scratch.push(Entry { pc, aux: 0, pos, low: 0 })?;
                    pos -= back;
                    pc += 1;
                }
                Inst::NotEnd(index) => {
                    let height = scratch.slots[program.regions[*index as usize].slot as usize].height;
                    unwind(program, scratch, height);
                    break;
                }
                Inst::PossessiveInit(index) => {
                    scratch.slots[program.regions[*index as usize].slot as usize] = Slot::NEW;
                    pc += 1;
                }
                Inst::PossessiveRound(index) => {
                    let region = &program.regions[*index as usize];
                    let height = scratch.stack.len();
                    let slot = &mut scratch.slots[region.slot as usize];
                    let optional = slot.count >= region.min;
                    if optional && (slot.count >= region.max && region.max != MAXREPEAT || pos == slot.last) {
                        pc = region.exit;
                        continue;
                    }
                    slot.height = height;
                    if optional {
                        slot.last = pos;
                    }
                    scratch.push(Entry { pc, aux: optional as u32, pos, low: 0 })?;
                    pc += 1;
                }
                Inst::PossessiveEnd { index, round } => {
                    let region = &program.regions[*index as usize];
                    let slot = &mut scratch.slots[region.slot as usize];
                    slot.count = slot.count.saturating_add(1);
                    let height = slot.height;
                    commit(program, scratch, height, region.has_marks);
                    pc = *round;
                }
            }
        }
        // Back, to the newest choice that is left.
        scratch.burn()?;
        loop {
            let Some(entry) = scratch.stack.pop() else { return Ok(None) };
            // SAFETY: entries name the instructions that pushed them.
            match unsafe { code.get_unchecked(entry.pc as usize) } {
                Inst::Mark(mark) => {
                    scratch.marks[*mark as usize] = entry.pos;
                    scratch.last_index = entry.low;
                }
                Inst::Choice(index) => {
                    pos = entry.pos;
                    pc = program.choices[*index as usize].second;
                    break;
                }
                Inst::Run(index) => {
                    let run = &program.runs[*index as usize];
                    let Some(end) = give_back(program, run, text, entry.low, entry.pos) else { continue };
                    if end > entry.low {
                        scratch.push(Entry { pos: end - 1, ..entry })?;
                    }
                    pos = end;
                    pc = entry.pc + 1;
                    break;
                }
                Inst::RunLazy(index) => {
                    let run = &program.runs[*index as usize];
                    if !item_matches(program, &run.item, text[entry.pos]) {
                        continue;
                    }
                    let Some(end) = take_more(program, run, text, entry.pos + 1, entry.low) else { continue };
                    if end < entry.low {
                        scratch.push(Entry { pos: end, ..entry })?;
                    }
                    pos = end;
                    pc = entry.pc + 1;
                    break;
                }
                Inst::LoopStart { index, .. } => {
                    let slot = &mut scratch.slots[program.loops[*index as usize].slot as usize];
                    slot.count = entry.aux;
                    slot.last = entry.low;
                }
                Inst::LoopEnd(index) => {
                    let l = &program.loops[*index as usize];
                    let slot = &mut scratch.slots[l.slot as usize];
                    slot.count = entry.aux;
                    slot.last = entry.low;
                    // A round that had to be made has nothing else to try.
                    if entry.pos == NONE {
                        continue;
                    }
                    pos = entry.pos;
                    if l.lazy {
                        slot.count = entry.aux.saturating_add(1);
                        slot.last = pos;
                        scratch.push(Entry { pos: NONE, ..entry })?;
                        pc = l.body;
                    } else {
                        pc = l.tail;
                    }
                    break;
                }
                Inst::NotStart(index) => {
                    pos = entry.pos;
                    pc = program.regions[*index as usize].exit;
                    break;
                }
                Inst::PossessiveRound(index) if entry.aux != 0 => {
                    pos = entry.pos;
                    pc = program.regions[*index as usize].exit;
                    break;
                }
                // Starts of regions fail when nothing in them is left to try.
                Inst::AtomicStart(_) | Inst::LookStart(_) | Inst::PossessiveRound(_) => {}
                // Others push nothing.
                Inst::Fail
                | Inst::Accept
                | Inst::Any
                | Inst::AnyAll
                | Inst::Literal(_)
                | Inst::NotLiteral(_)
                | Inst::Set(_)
                | Inst::Text { .. }
                | Inst::At(_)
                | Inst::Jump(_)
                | Inst::GroupRef { .. }
                | Inst::Conditional { .. }
                | Inst::RunPossessive(_)
                | Inst::AtomicEnd(_)
                | Inst::LookEnd(_)
                | Inst::NotEnd(_)
                | Inst::PossessiveInit(_)
                | Inst::PossessiveEnd { .. } => {}
            }
        }
    }
}

/// The longest end of a run between `least` and `end` after which what follows can match.
#[inline(always)]
fn give_back<T: Unit>(program: &Program, run: &Run, text: &[T], least: usize, end: usize) -> Option<usize> {
    if end < least {
        return None;
    }
    match &run.next {
        Hint::None => Some(end),
        Hint::Literal(c) => {
            let unit = T::from_code(*c)?;
            let upto = text.len().min(end + 1);
            let near = least.max(upto.saturating_sub(8));
            let mut at = upto;
            while at > near {
                at -= 1;
                if text[at] == unit {
                    return Some(at);
                }
            }
            if near > least { unit.rfind(&text[least..near]).map(|found| least + found) } else { None }
        }
        Hint::Set(test) => {
            let mut at = text.len().min(end + 1);
            while at > least {
                at -= 1;
                if contains(program, test, text[at]) {
                    return Some(at);
                }
            }
            None
        }
    }
}

/// The shortest end of a run, from `pos` up to `limit`, after which what follows can match.
#[inline(always)]
fn take_more<T: Unit>(program: &Program, run: &Run, text: &[T], pos: usize, limit: usize) -> Option<usize> {
    let mut at = pos;
    if let Hint::Literal(c) = run.next {
        // Both what ends the run and what is looked for are single characters: the first of them decides.
        let stop = match run.item {
            Item::Any => Some('\n' as u32),
            Item::AnyAll => Some(c),
            Item::NotLiteral(stop) => Some(stop),
            Item::Never | Item::Literal(_) | Item::Set(_) => None,
        };
        if let (Some(unit), Some(stop)) = (T::from_code(c), stop.and_then(T::from_code)) {
            let upto = text.len().min(limit.saturating_add(1));
            let near = upto.min(at + 8);
            while at < near {
                if text[at] == unit || text[at] == stop {
                    return (text[at] == unit).then_some(at);
                }
                at += 1;
            }
            let found = near + unit.find2(stop, &text[near..upto])?;
            return (text[found] == unit).then_some(found);
        }
    }
    loop {
        if may_follow(program, &run.next, text, at) {
            return Some(at);
        }
        if at >= limit || !item_matches(program, &run.item, text[at]) {
            return None;
        }
        at += 1;
    }
}
