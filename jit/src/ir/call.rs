//! Descriptions of the functions that traces call.

use super::memory::Class;
use super::ops::Ty;

/// A callee's number in its trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CallId(pub u32);

/// What a callee does to the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallEffect {
    /// Nothing: it computes.
    Pure,
    /// It writes memory of the classes in the set (bits of [`Class::bit`]) and allocates, but runs no Python code and destroys
    /// no object that could.
    Writes(u32),
    /// It may run any Python code: every load before it is stale after it, and the trace may have become invalid.
    Any,
}

impl CallEffect {
    /// May it change memory of this class?
    pub fn clobbers(self, class: Class) -> bool {
        match self {
            CallEffect::Pure => false,
            CallEffect::Writes(set) => set & class.bit() != 0,
            CallEffect::Any => class != Class::Fixed,
        }
    }
}

/// A callee with C's calling convention: up to six words and up to eight doubles in registers. It does not unwind.
#[derive(Clone, Copy, Debug)]
pub struct CallInfo {
    /// For people.
    pub name: &'static str,
    pub address: usize,
    pub result: Ty,
    pub effect: CallEffect,
}

impl PartialEq for CallInfo {
    fn eq(&self, other: &CallInfo) -> bool {
        self.name == other.name
            && self.address == other.address
            && self.result == other.result
            && self.effect == other.effect
    }
}
