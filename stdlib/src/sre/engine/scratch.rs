//! The memory of a running match, kept from one match to the next.

use std::cell::Cell;

use rpy_vm::{PyResult, exc};

use super::program::{Pc, Program};

/// A mark, a position or a count that there is not.
pub const NONE: usize = usize::MAX;

/// Something to try next, or to put back. The instruction at `pc` tells what the other fields mean.
#[derive(Clone, Copy)]
pub struct Entry {
    pub pc: Pc,
    pub aux: u32,
    pub pos: usize,
    pub low: usize,
}

/// What a loop or region remembers.
#[derive(Clone, Copy)]
pub struct Slot {
    /// Rounds so far.
    pub count: u32,
    /// Where the latest round started, so that empty rounds end the loop.
    pub last: usize,
    /// Entries below the region.
    pub height: usize,
}

impl Slot {
    pub const NEW: Slot = Slot { count: 0, last: NONE, height: 0 };
}

/// After so many failures, signals are looked at.
const FUEL: u32 = 1 << 14;
/// Larger stacks are freed after a match.
const KEPT_ENTRIES: usize = 1 << 14;

/// See the module.
pub struct Scratch {
    pub stack: Vec<Entry>,
    /// Starts and ends of groups.
    pub marks: Vec<usize>,
    pub slots: Vec<Slot>,
    /// The group that ended last, or 0.
    pub last_index: usize,
    pub fuel: u32,
}

thread_local! {
    static KEPT: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

impl Scratch {
    /// Memory for running a program: what an earlier match left, if no other uses it.
    pub fn take(program: &Program) -> ScratchGuard {
        let mut scratch = KEPT.take().unwrap_or_else(|| {
            Box::new(Scratch { stack: Vec::new(), marks: Vec::new(), slots: Vec::new(), last_index: 0, fuel: FUEL })
        });
        scratch.stack.clear();
        scratch.marks.clear();
        scratch.marks.resize(program.marks, NONE);
        scratch.slots.clear();
        scratch.slots.resize(program.slots, Slot::NEW);
        scratch.last_index = 0;
        ScratchGuard(Some(scratch))
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// `MemoryError`.
    #[inline(always)]
    pub fn push(&mut self, entry: Entry) -> PyResult<()> {
        if self.stack.len() == self.stack.capacity() {
            self.grow()?;
        }
        self.stack.push(entry);
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) -> PyResult<()> {
        self.stack.try_reserve(self.stack.len().max(64)).map_err(|_| exc::memory_error())
    }

    /// Looks at signals now and then.
    ///
    /// # Errors
    /// What a handler raises.
    #[inline(always)]
    pub fn burn(&mut self) -> PyResult<()> {
        self.fuel -= 1;
        if self.fuel == 0 {
            return self.refuel();
        }
        Ok(())
    }

    #[cold]
    #[inline(never)]
    fn refuel(&mut self) -> PyResult<()> {
        self.fuel = FUEL;
        rpy_vm::runtime::signals::check()
    }

    /// Forgets everything, for an attempt somewhere else.
    #[inline]
    pub fn reset(&mut self) {
        self.stack.clear();
        self.marks.fill(NONE);
        self.last_index = 0;
    }

    /// A group's bounds.
    pub fn group(&self, group: usize) -> Option<(usize, usize)> {
        match self.marks.get(2 * group - 2..2 * group) {
            Some(&[start, end]) if start != NONE && end != NONE => Some((start, end)),
            _ => None,
        }
    }
}

/// Scratch memory, which is given back when it is no longer used.
pub struct ScratchGuard(Option<Box<Scratch>>);

impl core::ops::Deref for ScratchGuard {
    type Target = Scratch;

    #[inline]
    fn deref(&self) -> &Scratch {
        match &self.0 {
            Some(scratch) => scratch,
            None => unreachable!("it is taken out when dropped only"),
        }
    }
}

impl core::ops::DerefMut for ScratchGuard {
    #[inline]
    fn deref_mut(&mut self) -> &mut Scratch {
        match &mut self.0 {
            Some(scratch) => scratch,
            None => unreachable!("it is taken out when dropped only"),
        }
    }
}

impl Drop for ScratchGuard {
    fn drop(&mut self) {
        if let Some(mut scratch) = self.0.take() {
            if scratch.stack.capacity() > KEPT_ENTRIES {
                scratch.stack = Vec::new();
            }
            // At the end of a thread the place may be gone already.
            let _ = KEPT.try_with(|kept| kept.set(Some(scratch)));
        }
    }
}
