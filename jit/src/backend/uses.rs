//! Where values are used: what register allocation has to know before it starts.

use super::fusion::{Fusion, known_condition};
use super::regalloc::{Need, Shape};
use crate::ir::{Op, Trace, Value};

/// A value's number: instructions first, then constants.
pub type Vid = u32;

/// "No position".
pub const NEVER: u32 = u32::MAX;

/// The number of a value in a trace of so many instructions.
#[inline]
fn number(insts: u32, value: Value) -> Vid {
    match value.inst() {
        Some(i) => i as u32,
        None => insts + value.constant().unwrap_or(0) as u32,
    }
}

/// Uses of every value in a trace.
pub struct Uses {
    insts: u32,
    /// For each value, its part of `positions`.
    ranges: Vec<(u32, u32)>,
    /// Where values are wanted in registers, ascending for each value.
    positions: Vec<u32>,
    /// The last position at which each value must still exist; its definition's if it is not used.
    pub last: Vec<u32>,
    /// How many calls come before each position.
    pub calls_before: Vec<u32>,
    /// The positions of `loop`, of the last `phi`, and of the last instruction.
    pub loop_start: u32,
    pub head: u32,
    pub end: u32,
}

impl Uses {
    /// Looks through a trace. `shapes` holds the needs of every instruction that is not fused into another one.
    pub fn new(trace: &Trace, fusion: &Fusion, shapes: &[Shape]) -> Uses {
        let insts = trace.insts.len() as u32;
        let values = trace.insts.len() + trace.consts.len();
        let mut uses = Uses {
            insts,
            ranges: vec![(0, 0); values],
            positions: Vec::new(),
            last: (0..values as u32).map(|v| if v < insts { v } else { 0 }).collect(),
            calls_before: Vec::with_capacity(trace.insts.len() + 1),
            loop_start: NEVER,
            head: NEVER,
            end: insts.saturating_sub(1),
        };
        let mut calls = 0;
        for (i, inst) in trace.insts.iter().enumerate() {
            uses.calls_before.push(calls);
            if shapes[i].call {
                calls += 1;
            }
            match inst.op {
                Op::Loop => {
                    uses.loop_start = i as u32;
                    uses.head = i as u32;
                }
                Op::Phi if uses.loop_start != NEVER => uses.head = i as u32,
                _ => {}
            }
        }
        uses.calls_before.push(calls);
        uses.collect(trace, fusion, shapes);
        uses
    }

    /// The number of a value.
    #[inline]
    pub fn vid(&self, value: Value) -> Vid {
        number(self.insts, value)
    }

    /// The constant's position among the constants, for values that are constants.
    #[inline]
    pub fn constant(&self, vid: Vid) -> Option<u32> {
        vid.checked_sub(self.insts)
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Where a value is wanted in a register.
    #[inline]
    pub fn of(&self, vid: Vid) -> &[u32] {
        let (start, end) = self.ranges[vid as usize];
        &self.positions[start as usize..end as usize]
    }

    /// Is the value made before the loop and needed in it?
    #[inline]
    pub fn is_invariant(&self, vid: Vid) -> bool {
        vid < self.loop_start && self.loop_start != NEVER && self.last[vid as usize] > self.head
    }

    fn collect(&mut self, trace: &Trace, fusion: &Fusion, shapes: &[Shape]) {
        let mut all: Vec<(Vid, u32)> = Vec::new();
        let see = |last: &mut [u32], vid: Vid, at: u32| {
            let l = &mut last[vid as usize];
            *l = (*l).max(at);
        };
        for (i, inst) in trace.insts.iter().enumerate() {
            let at = i as u32;
            match inst.op {
                Op::Phi => {
                    // The first round's values are consumed all at once, at the head.
                    let vid = self.vid(inst.args[0]);
                    see(&mut self.last, vid, self.head);
                }
                Op::Jump | Op::Enter => {
                    for &arg in &inst.args {
                        let vid = self.vid(arg);
                        see(&mut self.last, vid, at);
                        if !arg.is_const() {
                            all.push((vid, at));
                        }
                    }
                }
                _ if fusion.is_fused(i) => continue,
                _ => {
                    for operand in &shapes[i].operands {
                        let vid = self.vid(operand.value);
                        see(&mut self.last, vid, at);
                        if operand.need != Need::Any && (operand.need == Need::Reg || !operand.value.is_const()) {
                            all.push((vid, at));
                        }
                    }
                }
            }
        }
        // Of the guards that share a snapshot the last one counts, but for a condition that its exit knows.
        let mut seen = vec![false; trace.snapshots.len()];
        for (i, inst) in trace.insts.iter().enumerate().rev() {
            let Some(snapshot) = inst.snapshot.filter(|id| !seen[id.0 as usize] && !fusion.is_fused(i)) else {
                continue;
            };
            let known = known_condition(inst).map(|(value, _)| value);
            let seen = &mut seen[snapshot.0 as usize];
            *seen = true;
            let insts = self.insts;
            trace.snapshot(snapshot).each_value(|value| match Some(value) == known {
                true => *seen = false,
                false => see(&mut self.last, number(insts, value), i as u32),
            });
        }
        if self.loop_start != NEVER {
            for vid in 0..self.loop_start {
                if self.is_invariant(vid) {
                    self.last[vid as usize] = self.end;
                }
            }
        }
        // Counting sort by value; positions come in ascending order.
        for &(vid, _) in &all {
            self.ranges[vid as usize].1 += 1;
        }
        let mut start = 0;
        for range in &mut self.ranges {
            let count = range.1;
            *range = (start, start);
            start += count;
        }
        self.positions = vec![0; all.len()];
        for (vid, at) in all {
            let range = &mut self.ranges[vid as usize];
            self.positions[range.1 as usize] = at;
            range.1 += 1;
        }
    }
}
