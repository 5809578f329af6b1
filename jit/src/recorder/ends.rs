//! How references end that an instruction gives back.
//!
//! The end of an object may run Python code, which must find the picture true. So what an end would be is guarded before the instruction
//! has effects ([`Recorder::expect_end`]); when it has had them, references are given back ([`Recorder::release_all`]): first those of
//! objects that others hold, then those that may be the last ones, as these others may be what ends with them.

use rpy_vm::object::header::PyObject;

use super::state::{Hold, Sym};
use super::values::is_inert;
use super::{Abort, Done, Recorder};
use crate::ir::{Op, Value};

/// How a reference is given back.
#[derive(Clone, Copy, Debug)]
pub enum Release {
    /// There is none.
    Nothing,
    /// Of an object whose destruction nobody notices.
    Inert(Value),
    /// Of an object that others hold, too.
    Shared(Value),
    /// Perhaps the last one, whose end may run Python code.
    Last(Value),
}

/// References that end together.
#[derive(Clone, Default)]
pub struct Ends {
    list: Vec<Release>,
    /// The objects that others hold, and where they were seen.
    shared: Vec<(Value, *const PyObject)>,
}

impl Ends {
    /// One more, of an object that is none of the others.
    pub fn push(&mut self, end: Release) {
        if !matches!(end, Release::Nothing) {
            self.list.push(end);
        }
    }

    /// Those of another instruction, too.
    pub fn extend(&mut self, other: Ends) {
        let mut seen = other.shared.into_iter();
        for end in other.list {
            match end {
                Release::Shared(value) => match seen.next() {
                    Some((_, real)) if !self.has(value, real) => self.push_shared(value, real),
                    _ => self.list.push(Release::Last(value)),
                },
                end => self.list.push(end),
            }
        }
    }

    /// Without this value's.
    pub fn keep(&mut self, value: Value) {
        let is_of =
            |end: &Release| matches!(*end, Release::Inert(v) | Release::Shared(v) | Release::Last(v) if v == value);
        self.list.retain(|end| !is_of(end));
        self.shared.retain(|(shared, _)| *shared != value);
    }

    /// The references that may be the last ones.
    pub fn last(&self) -> impl Iterator<Item = Value> + '_ {
        self.list.iter().filter_map(|end| if let Release::Last(value) = *end { Some(value) } else { None })
    }

    fn has(&self, value: Value, real: *const PyObject) -> bool {
        self.shared.iter().any(|&(shared, seen)| shared == value || seen == real)
    }

    fn push_shared(&mut self, value: Value, real: *const PyObject) {
        self.list.push(Release::Shared(value));
        self.shared.push((value, real));
    }
}

impl Recorder {
    /// Can the real object lose a reference without being destroyed?
    pub fn is_shared(real: &PyObject) -> bool {
        real.is_immortal() || real.refcount() > 1
    }

    /// Prepares to give back a reference to an object seen as `real`: emits the guards that say what its end would be. To be
    /// followed by [`Recorder::release`] once the instruction's effects may happen.
    pub fn expect_release(&mut self, sym: Sym, real: &PyObject) -> Result<Release, Abort> {
        let Sym::Obj { value, hold: Hold::Owned } = sym else { return Ok(Release::Nothing) };
        if is_inert(real.ty()) {
            self.guard_type(value, real.ty())?;
            return Ok(Release::Inert(value));
        }
        match self.builder.fresh_references(value) {
            0 => {}
            1 => return Ok(Release::Last(value)),
            _ => return Ok(Release::Shared(value)),
        }
        // The interpreter holds at most as many references to it as the trace will.
        if Self::is_shared(real) {
            self.guard(Op::GuardShared, &[value])?;
            return Ok(Release::Shared(value));
        }
        Ok(Release::Last(value))
    }

    /// The same of a reference that ends together with others: two of them to one object may be all that there are.
    pub fn expect_end(&mut self, ends: &mut Ends, sym: Sym, real: &PyObject) -> Done {
        match self.expect_release(sym, real)? {
            Release::Shared(value) if ends.has(value, real) => ends.push(Release::Last(value)),
            Release::Shared(value) => {
                for i in 0..ends.shared.len() {
                    let other = ends.shared[i].0;
                    if !self.are_distinct(value, other) {
                        let same = self.op(Op::Is, &[value, other])?;
                        self.guard(Op::GuardFalse, &[same])?;
                    }
                }
                ends.push_shared(value, real);
            }
            end => ends.push(end),
        }
        Ok(())
    }

    /// Are these surely different objects?
    fn are_distinct(&mut self, x: Value, y: Value) -> bool {
        if x.is_const() && y.is_const() || self.builder.is_fresh(x) || self.builder.is_fresh(y) {
            return true;
        }
        matches!((self.builder.known_type(x), self.builder.known_type(y)), (Some(a), Some(b)) if a != b)
    }

    /// Gives references back.
    pub fn release_all(&mut self, ends: Ends) -> Done {
        let (last, others): (Vec<Release>, Vec<Release>) =
            ends.list.into_iter().partition(|end| matches!(end, Release::Last(_)));
        others.into_iter().chain(last).try_for_each(|end| self.release(end))
    }

    /// Gives a reference back.
    pub fn release(&mut self, release: Release) -> Done {
        match release {
            Release::Nothing => {}
            Release::Inert(value) => {
                self.op(Op::DecrefInert, &[value])?;
            }
            Release::Shared(value) => {
                self.op(Op::CloseShared, &[value])?;
            }
            Release::Last(value) => {
                self.disturb()?;
                self.op(Op::Decref, &[value])?;
            }
        }
        Ok(())
    }

    /// How the two operands on top end: the left one first, as in the interpreter.
    pub fn expect_two(&mut self, left: &PyObject, right: &PyObject) -> Result<Ends, Abort> {
        let (a, b) = (self.peek_raw(2)?, self.peek_raw(1)?);
        let mut ends = Ends::default();
        self.expect_end(&mut ends, a, left)?;
        self.expect_end(&mut ends, b, right)?;
        Ok(ends)
    }
}
