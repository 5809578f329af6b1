//! The rule at the end of a zone's file: `std[offset[dst[offset],start[/time],end[/time]]]`, as POSIX writes it in `TZ`.
//!
//! Plain values, no objects.

use crate::datetime::calendar::{Day, days_in_month, is_leap};

/// The number of 1970-01-01.
pub const EPOCH_ORDINAL: i64 = 719_163;
pub const SECONDS_PER_DAY: i64 = 86_400;
/// When a transition happens where the rule does not say: at two o'clock.
const USUAL_TIME: i32 = 2 * 3600;
const MOST_TRANSITION_HOURS: i32 = 167;
const MOST_OFFSET_HOURS: i32 = 24;

/// A name of local time and its distance from UTC in seconds, east being positive.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    pub name: String,
    pub offset: i32,
}

/// On which day of each year a transition happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// `Mm.w.d`: the w-th weekday d (0 is Sunday) of a month; w = 5 is the last.
    Weekday { month: i32, week: i32, weekday: i32 },
    /// `Jn`: a day from 1 to 365; February 29 is never counted.
    Julian(i32),
    /// `n`: a day from 0 to 365. POSIX counts January 1 as 0, CPython as 1.
    Plain(i32),
}

/// When a transition happens each year, in local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    when: When,
    /// Seconds after midnight; may lie in another day.
    time: i32,
}

/// Standard time and summer time, and when they change.
#[derive(Debug, PartialEq, Eq)]
pub struct Summer {
    pub time: Named,
    pub start: Transition,
    pub end: Transition,
}

/// A whole rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    pub standard: Named,
    pub summer: Option<Summer>,
}

impl Transition {
    /// The moment in a year, in seconds of local time since 1970.
    pub fn seconds(self, year: i32) -> i64 {
        let new_year = i64::from(Day::new(year, 1, 1).ordinal());
        let day = match self.when {
            When::Plain(day) => new_year + i64::from(day - 1),
            // February 28 is day 59. CPython takes it for February 29.
            When::Julian(day) => new_year + i64::from(day - 1) + i64::from(is_leap(year) && day >= 59),
            When::Weekday { month, week, weekday } => {
                let first = Day::new(year, month, 1);
                // `Day::weekday` counts from Monday.
                let mut day = (weekday - (first.weekday() + 1)).rem_euclid(7) + 1 + (week - 1) * 7;
                if day > days_in_month(year, month) {
                    day -= 7;
                }
                i64::from(first.ordinal() + day - 1)
            }
        };
        (day - EPOCH_ORDINAL) * SECONDS_PER_DAY + i64::from(self.time)
    }
}

impl Summer {
    /// How much later it is in summer than by standard time.
    fn gain(&self, standard: &Named) -> i64 {
        i64::from(self.time.offset) - i64::from(standard.offset)
    }

    /// Whether it is summer time at a local time.
    pub fn covers_local(&self, standard: &Named, seconds: i64, year: i32, fold: bool) -> bool {
        let (mut start, mut end) = (self.start.seconds(year), self.end.seconds(year));
        // The clock is put forward over a gap and back over a fold. Which of the two a transition is depends on the sign of the
        // gain; the earlier reading of a fold and the later one of a gap belong to the time before the transition.
        let gain = self.gain(standard);
        if fold == (gain >= 0) {
            end -= gain;
        } else {
            start += gain;
        }
        between(start, end, seconds)
    }

    /// Whether it is summer time at a time in UTC, and whether the local time is the second of its kind.
    pub fn covers_utc(&self, standard: &Named, seconds: i64, year: i32) -> (bool, bool) {
        let start = self.start.seconds(year) - i64::from(standard.offset);
        let end = self.end.seconds(year) - i64::from(self.time.offset);
        let gain = self.gain(standard);
        let (from, to) = if gain > 0 { (end, end + gain) } else { (start, start - gain) };
        (between(start, end, seconds), from <= seconds && seconds < to)
    }
}

/// Does a time lie between start and end of a period that may contain the turn of the year?
fn between(start: i64, end: i64, seconds: i64) -> bool {
    if start < end { start <= seconds && seconds < end } else { !(end <= seconds && seconds < start) }
}

/// Reads a rule.
///
/// # Errors
/// The beginning of a message that ends with the text.
pub fn parse(text: &[u8]) -> Result<Rule, &'static str> {
    let mut reader = Reader { rest: text };
    let rule = reader.rule()?;
    if reader.rest.is_empty() { Ok(rule) } else { Err("Extraneous characters at end of TZ string: ") }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn rule(&mut self) -> Result<Rule, &'static str> {
        let name = self.name().ok_or("Invalid STD format in ")?;
        let offset = self.offset().ok_or("Invalid STD offset in ")?;
        let standard = Named { name, offset };
        if self.rest.is_empty() {
            return Ok(Rule { standard, summer: None });
        }
        let name = self.name().ok_or("Invalid DST format in ")?;
        let offset = match self.rest.first() {
            Some(b',') => offset + 3600,
            _ => self.offset().ok_or("Invalid DST offset in ")?,
        };
        let time = Named { name, offset };
        let start = self.transition()?;
        let end = self.transition()?;
        Ok(Rule { standard, summer: Some(Summer { time, start, end }) })
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> String {
        let end = self.rest.iter().position(|&byte| !wanted(byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        String::from_utf8_lossy(taken).into_owned()
    }

    /// Letters, or anything of letters, digits and signs between `<` and `>`.
    fn name(&mut self) -> Option<String> {
        let name = if self.take(b'<') {
            let name = self.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'-');
            self.take(b'>').then_some(name)?
        } else {
            self.take_while(|byte| byte.is_ascii_alphabetic())
        };
        (!name.is_empty()).then_some(name)
    }

    /// A number of at least and at most so many digits.
    fn number(&mut self, least: usize, most: usize) -> Option<i32> {
        let digits = self.rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        (digits >= least).then(|| number.iter().fold(0, |n, digit| n * 10 + i32::from(digit - b'0')))
    }

    /// `[+|-]h[h[h]][:mm[:ss]]` in seconds; the hours are limited.
    fn time(&mut self, most_hours: i32) -> Option<i32> {
        let negative = self.take(b'-');
        if !negative {
            self.take(b'+');
        }
        let hours = self.number(1, 3).filter(|&hours| hours <= most_hours)?;
        let mut seconds = hours * 3600;
        if self.take(b':') {
            seconds += self.number(2, 2)? * 60;
            if self.take(b':') {
                seconds += self.number(2, 2)?;
            }
        }
        Some(if negative { -seconds } else { seconds })
    }

    /// An offset: what has to be added to local time, so that east is negative.
    fn offset(&mut self) -> Option<i32> {
        self.time(MOST_OFFSET_HOURS).map(|seconds| -seconds)
    }

    /// `,date[/time]`
    fn transition(&mut self) -> Result<Transition, &'static str> {
        if !self.take(b',') {
            return Err("Missing transition rules in TZ string: ");
        }
        self.date()
            .zip(self.time_of_day())
            .map(|(when, time)| Transition { when, time })
            .ok_or("Malformed transition rule in TZ string: ")
    }

    fn date(&mut self) -> Option<When> {
        if self.take(b'M') {
            let month = self.number(1, 2).filter(|month| (1..=12).contains(month))?;
            let week = self.take(b'.').then(|| self.number(1, 1))?.filter(|week| (1..=5).contains(week))?;
            let weekday = self.take(b'.').then(|| self.number(1, 1))?.filter(|weekday| *weekday <= 6)?;
            return Some(When::Weekday { month, week, weekday });
        }
        if self.take(b'J') {
            return self.number(1, 3).filter(|day| (1..=365).contains(day)).map(When::Julian);
        }
        self.number(1, 3).filter(|day| *day <= 365).map(When::Plain)
    }

    fn time_of_day(&mut self) -> Option<i32> {
        if self.take(b'/') { self.time(MOST_TRANSITION_HOURS) } else { Some(USUAL_TIME) }
    }
}
