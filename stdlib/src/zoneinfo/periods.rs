//! When local time changes in a zone, and how: what its file says, made ready for looking up.

use rpy_vm::protocol::{number, object as protocol};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::list;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, Ref, exc};

use super::rule::{self, Rule};
use crate::datetime::span::Span;
use crate::datetime::timedelta::PyTimeDelta;

/// What holds between two changes, as objects that can be handed out.
pub struct Local {
    pub seconds: i64,
    pub utcoff: Ref<PyTimeDelta>,
    pub dstoff: Ref<PyTimeDelta>,
    pub tzname: ObjRef,
}

/// What holds after the last change.
enum After {
    /// The same for ever.
    Fixed(Local),
    Rule {
        rule: Rule,
        standard: Local,
        summer: Local,
    },
}

/// All of a zone.
pub struct Periods {
    locals: Vec<Local>,
    /// The changes in seconds since 1970, in UTC.
    utc: Vec<i64>,
    /// The same in local time: where the clock is put back, for the first and for the second time it shows these times.
    wall: [Vec<i64>; 2],
    /// What holds from each change on: an index of `locals`.
    which: Vec<usize>,
    /// What holds before the first change.
    before: Option<usize>,
    after: After,
    /// Does the date not matter?
    fixed: bool,
}

fn delta(seconds: i32) -> PyResult<Ref<PyTimeDelta>> {
    PyTimeDelta::new(Span::normalized(0, seconds, 0))
}

fn numbers(object: &PyObject) -> PyResult<Vec<i64>> {
    let overflow = exc::OverflowError();
    list::collect(object)?.iter().map(|item| Ok(number::as_isize(item, Some(overflow))? as i64)).collect()
}

fn local(seconds: i32, dst: i32, name: ObjRef) -> PyResult<Local> {
    Ok(Local { seconds: i64::from(seconds), utcoff: delta(seconds)?, dstoff: delta(dst)?, tzname: name })
}

fn named(named: &rule::Named, dst: i32) -> PyResult<Local> {
    local(named.offset, dst, rpy_vm::types::str::PyStr::new(&named.name).into_obj())
}

impl Periods {
    /// From what `zoneinfo._common.load_data` gives: indices and times of the changes; offset, summer flag and name of each
    /// kind of local time; the rule for the time after.
    ///
    /// # Errors
    /// `ValueError` where these do not fit together or the rule cannot be read.
    pub fn new(data: &PyObject) -> PyResult<Periods> {
        let invalid = || exc::value_error("Invalid data result returned by load_data");
        let Some([which, utc, offsets, summers, names, rule]) = data.downcast_ref::<PyTuple>().map(PyTuple::items)
        else {
            return Err(invalid());
        };
        let (which, utc, offsets) = (numbers(which)?, numbers(utc)?, numbers(offsets)?);
        let (summers, names) = (numbers(summers)?, list::collect(names)?);
        let kinds = offsets.len();
        let which: Vec<usize> =
            which.into_iter().filter_map(|i| usize::try_from(i).ok().filter(|&i| i < kinds)).collect();
        let offsets: Vec<i32> = offsets.into_iter().filter_map(|offset| i32::try_from(offset).ok()).collect();
        if which.len() != utc.len() || [offsets.len(), summers.len(), names.len()].iter().any(|&len| len != kinds) {
            return Err(invalid());
        }
        let summers: Vec<bool> = summers.into_iter().map(|summer| summer != 0).collect();
        let gains = gains(&which, &offsets, &summers);
        let locals: Vec<Local> = names
            .into_iter()
            .enumerate()
            .map(|(i, name)| local(offsets[i], gains[i], name))
            .collect::<PyResult<_>>()?;
        let before = summers.iter().position(|summer| !summer).or_else(|| which.first().copied());
        let after = match rule.downcast_ref::<PyBytes>() {
            Some(text) if !text.is_empty() => After::from_rule(text)?,
            _ => {
                let last = which.last().copied().or(kinds.checked_sub(1));
                let last = last.ok_or_else(|| exc::value_error("No time zone information found."))?;
                let name = locals[last].tzname.clone();
                After::Fixed(local(offsets[last], gains[last], name)?)
            }
        };
        let fixed = match (&after, &locals[..]) {
            (After::Fixed(_), []) => true,
            (After::Fixed(after), [only]) => only.equals(after)?,
            _ => false,
        };
        let wall = wall_times(&which, &utc, &offsets);
        Ok(Periods { locals, utc, wall, which, before, after, fixed })
    }

    /// What holds whatever the date, if there is such a thing.
    pub fn always(&self) -> Option<&Local> {
        match &self.after {
            After::Fixed(local) if self.fixed => Some(local),
            _ => None,
        }
    }

    /// What holds before the first change, after which there is at least one.
    fn first(&self) -> &Local {
        &self.locals[self.before.unwrap_or(self.which[0])]
    }

    /// What holds at a local time.
    pub fn at_local(&self, seconds: i64, year: i32, fold: bool) -> &Local {
        let wall = &self.wall[usize::from(fold)];
        match (wall.first(), wall.last()) {
            (Some(&first), _) if seconds < first => self.first(),
            (_, Some(&last)) if seconds <= last => {
                let passed = wall.partition_point(|&change| change <= seconds);
                // Local times need not be in order; at least the first has passed.
                &self.locals[self.which[passed.max(1) - 1]]
            }
            _ => match &self.after {
                After::Fixed(local) => local,
                After::Rule { rule: Rule { standard, summer: Some(rule) }, summer, .. }
                    if rule.covers_local(standard, seconds, year, fold) =>
                {
                    summer
                }
                After::Rule { standard, .. } => standard,
            },
        }
    }

    /// What holds at a time in UTC, and whether the clock shows that local time for the second time.
    pub fn at_utc(&self, seconds: i64, year: i32) -> (&Local, bool) {
        // Times need not be in order, so that the number of those that have passed says nothing about the first.
        let passed = self.utc.partition_point(|&change| change <= seconds).max(1);
        let (present, again) = match (self.utc.first(), self.utc.last()) {
            (Some(&first), _) if seconds < first => return (self.first(), false),
            (_, Some(&last)) if seconds <= last => (&self.locals[self.which[passed - 1]], false),
            _ => self.after.at_utc(seconds, year),
        };
        let Some(&change) = self.utc.get(passed - 1) else { return (present, again) };
        let previous = if passed >= 2 { &self.locals[self.which[passed - 2]] } else { self.first() };
        (present, again || previous.seconds - present.seconds > seconds.saturating_sub(change))
    }
}

impl Local {
    fn equals(&self, other: &Local) -> PyResult<bool> {
        Ok(self.seconds == other.seconds
            && self.dstoff.span() == other.dstoff.span()
            && protocol::eq(&self.tzname, &other.tzname)?)
    }
}

impl After {
    fn at_utc(&self, seconds: i64, year: i32) -> (&Local, bool) {
        match self {
            After::Fixed(local) => (local, false),
            After::Rule { rule, standard, summer } => {
                let Some(period) = &rule.summer else { return (standard, false) };
                let (in_summer, again) = period.covers_utc(&rule.standard, seconds, year);
                (if in_summer { summer } else { standard }, again)
            }
        }
    }

    fn from_rule(text: &PyBytes) -> PyResult<After> {
        let rule = match rule::parse(text.as_bytes()) {
            Ok(rule) => rule,
            Err(problem) => {
                let text = protocol::repr(text.as_object())?;
                return Err(exc::value_error(format!("{problem}{}", text.to_string_lossy())));
            }
        };
        let standard = named(&rule.standard, 0)?;
        match &rule.summer {
            None => Ok(After::Fixed(standard)),
            Some(period) => {
                let summer = named(&period.time, period.time.offset - rule.standard.offset)?;
                Ok(After::Rule { rule, standard, summer })
            }
        }
    }
}

/// By how much the clock is put forward in each kind of summer time. Files do not say so, only which kinds are summer times:
/// it is the difference to the kind before, or to the one after. An hour where neither tells.
fn gains(which: &[usize], offsets: &[i32], summers: &[bool]) -> Vec<i32> {
    let mut gains = vec![0; offsets.len()];
    let mut missing = summers.iter().filter(|&&summer| summer).count();
    for i in 1..which.len() {
        if missing == 0 {
            return gains;
        }
        let kind = which[i];
        if !summers[kind] || gains[kind] != 0 {
            continue;
        }
        let mut gain = 0;
        if !summers[which[i - 1]] {
            gain = offsets[kind].saturating_sub(offsets[which[i - 1]]);
        }
        if gain == 0 && kind + 1 < offsets.len() && i + 1 < which.len() {
            // Perhaps a later change tells.
            if summers[which[i + 1]] {
                continue;
            }
            gain = offsets[kind].saturating_sub(offsets[which[i + 1]]);
        }
        if gain != 0 {
            gains[kind] = gain;
            missing -= 1;
        }
    }
    for (gain, &summer) in gains.iter_mut().zip(summers) {
        if summer && *gain == 0 {
            *gain = 3600;
        }
    }
    gains
}

/// The times of the changes as clocks show them. In the first list a clock that is put back is read before, in the second
/// after the change.
fn wall_times(which: &[usize], utc: &[i64], offsets: &[i32]) -> [Vec<i64>; 2] {
    let mut wall = [Vec::with_capacity(utc.len()), Vec::with_capacity(utc.len())];
    for (i, &time) in utc.iter().enumerate() {
        let before = if i == 0 { offsets[0] } else { offsets[which[i - 1]] };
        let after = if i == 0 && offsets.len() == 1 { offsets[0] } else { offsets[which[i]] };
        wall[0].push(time.saturating_add(i64::from(before.max(after))));
        wall[1].push(time.saturating_add(i64::from(before.min(after))));
    }
    wall
}
