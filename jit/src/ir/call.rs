//! Descriptions of the functions that traces call.

use super::memory::Class;
use super::ops::Ty;

/// A callee's number in its trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CallId(pub u32);

/// What a new object is, and what its operands are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Made {
    /// A plain instance of the class that is the first operand, with empty attribute slots. The second operand is its attrs word
    /// (0 where it has none). Its end runs no code but that of what the slots hold.
    Instance,
    /// A tuple of the operands, whose references it takes over.
    Tuple,
    /// A range of the integers from the first operand up to the second.
    Range,
}

impl Made {
    pub const ALL: &[(Made, &str)] = &[(Made::Instance, "instance"), (Made::Tuple, "tuple"), (Made::Range, "range")];

    /// The name in text.
    pub fn text(self) -> &'static str {
        Made::ALL.iter().find(|(m, _)| *m == self).map_or("?", |(_, t)| t)
    }
}

/// What a callee does to the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CallEffect {
    /// Nothing: it computes.
    Pure,
    /// It writes memory of the classes in the set (bits of [`Class::bit`]) and allocates, but runs no Python code and destroys
    /// no object that could.
    Writes(u32),
    /// It makes an object, of which the trace owns the only reference, or gives null.
    New(Made),
    /// It may run any Python code: every load before it is stale after it, and the trace may have become invalid.
    Any,
}

impl CallEffect {
    /// May it change memory of this class?
    pub fn clobbers(self, class: Class) -> bool {
        match self {
            CallEffect::Pure | CallEffect::New(_) => false,
            CallEffect::Writes(set) => set & class.bit() != 0,
            CallEffect::Any => !class.is_fixed(),
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
