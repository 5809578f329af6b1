//! Expressions of arrays that are computed in one pass.
//!
//! A [`Kernel`] is an expression of elementwise operations on arrays and on numbers: its steps, each of which is a
//! ufunc for certain types. Where all of them are instructions of the processor, it is a loop of machine code
//! (`backend::x64::vector`); otherwise numpy's inner loops compute it block by block, so that what lies between the steps never leaves the
//! processor's caches ([`run`]).
//!
//! An expression has no effect if an operand is not as described, or if numpy would have something to tell: then the trace goes back to
//! the first of its operations, and numpy does them.

pub mod cut;
pub mod own;
pub mod pool;
pub mod reduce;
pub mod run;
pub mod space;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use cut::Cut;
use reduce::Reduction;

use super::loops::Loop;
use crate::backend::code_memory::CodeBlock;
use crate::backend::x64::vector;
use crate::ir::Scalar;

/// Arguments that an expression may have: so many words and doubles go in registers with a call.
pub const MOST_ARRAYS: usize = 5;
/// Operands that are arrays, or parts of those.
pub const MOST_OPERANDS: usize = 12;
pub const MOST_NUMBERS: usize = 8;
/// Steps that it may have.
pub const MOST_STEPS: usize = 48;

/// Where a step finds an operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    Array(u8),
    Number(u8),
    /// The scratch memory with this number.
    Slot(u8),
}

/// One operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// The ufunc's name; `cast` and `where` are none.
    pub name: &'static str,
    pub function: usize,
    pub data: usize,
    pub inputs: [Source; 3],
    /// What they hold.
    pub types: [Scalar; 3],
    /// One to three.
    pub arity: usize,
    pub output: Scalar,
    /// The scratch memory of the result; the last step's is the expression's.
    pub slot: u8,
}

/// Operations whose results do not depend on how they are computed: a float of them is the one that is next to the exact result, if it is
/// no comparison, conversion or the like.
const EXACT: &[&str] = &[
    "absolute",
    "add",
    "cast",
    "ceil",
    "copysign",
    "divide",
    "equal",
    "fabs",
    "floor",
    "fmax",
    "fmin",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "positive",
    "reciprocal",
    "rint",
    "sign",
    "signbit",
    "sqrt",
    "square",
    "subtract",
    "trunc",
    "where",
];

impl Step {
    /// Does the step apply a function of floats to this array? numpy has two ways to compute most of these: several elements at a time, and
    /// one by one where they go backwards in memory, with other last bits.
    fn applies_function_to(&self, array: usize) -> bool {
        self.types[0].is_float()
            && self.inputs[..self.arity].contains(&Source::Array(array as u8))
            && !EXACT.contains(&self.name)
    }
}

/// An expression: without steps, an array.
#[derive(PartialEq, Eq, Debug, Default)]
pub struct Expression {
    pub steps: Vec<Step>,
    /// What its arrays hold, and what its numbers become.
    pub arrays: Vec<Scalar>,
    pub numbers: Vec<Scalar>,
    /// Pieces of scratch memory.
    pub slots: usize,
}

/// An expression that can be computed.
pub struct Kernel {
    pub expression: Expression,
    /// A loop of its own.
    code: Option<CodeBlock>,
}

impl Expression {
    /// What the result holds.
    pub fn output(&self) -> Scalar {
        let array = self.arrays.first().copied().unwrap_or(Scalar::Bool);
        self.steps.last().map_or(array, |step| step.output)
    }

    /// Is this an array of truths, which are bytes?
    pub fn is_bytes(&self, source: Source) -> bool {
        matches!(source, Source::Array(array) if self.arrays[array as usize] == Scalar::Bool)
    }

    /// Adds a step; where its result is. Operands in scratch memory are used once, but for those in `kept`, which stay.
    pub fn push(
        &mut self,
        name: &'static str,
        found: Loop,
        operands: &[(Source, Scalar)],
        output: Scalar,
        kept: &[u8],
    ) -> Source {
        let is_operand = |slot: u8| operands.iter().any(|(input, _)| *input == Source::Slot(slot));
        let is_free = |slot: u8| !is_operand(slot) && !kept.contains(&slot) && !self.is_pending(slot);
        let slot = (0..).find(|&slot| is_free(slot)).unwrap_or(u8::MAX);
        self.slots = self.slots.max(slot as usize + 1);
        let operand = |n: usize| operands.get(n).copied().unwrap_or(operands[0]);
        let (inputs, types) = ([0, 1, 2].map(|n| operand(n).0), [0, 1, 2].map(|n| operand(n).1));
        let (function, data) = (found.function, found.data);
        self.steps.push(Step { name, function, data, inputs, types, arity: operands.len(), output, slot });
        Source::Slot(slot)
    }

    /// Does the piece of scratch memory hold what a later step uses?
    fn is_pending(&self, slot: u8) -> bool {
        let source = Source::Slot(slot);
        let made = self.steps.iter().rposition(|step| step.slot == slot);
        made.is_some_and(|made| !self.steps[made + 1..].iter().any(|step| step.inputs[..step.arity].contains(&source)))
    }

    /// The kernel that computes it, at an address that stays: equal expressions have one.
    pub fn kernel(self) -> &'static Kernel {
        static ALL: Mutex<Vec<&'static Kernel>> = Mutex::new(Vec::new());
        let mut all = locked(&ALL);
        match all.iter().find(|known| known.expression == self) {
            Some(known) => known,
            None => {
                let code = vector::assemble(&self);
                let new: &'static Kernel = Box::leak(Box::new(Kernel { expression: self, code }));
                all.push(new);
                new
            }
        }
    }

    /// Does it apply a function of floats to this array? See [`Step::applies_function_to`].
    pub fn applies_function_to(&self, array: usize) -> bool {
        self.steps.iter().any(|step| step.applies_function_to(array))
    }

    /// For the log: the names of the operations, and what they work on.
    pub fn describe(&self) -> String {
        let names: Vec<&str> = self.steps.iter().map(|step| step.name).collect();
        let names = if names.is_empty() { "elements".to_owned() } else { names.join(" ") };
        format!("{names} of {} arrays and {} numbers", self.arrays.len(), self.numbers.len())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// What becomes of an expression's result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    /// A new array.
    New,
    /// A new array, or the one in this argument, which is about to end, if nobody else has it: as an object of which the caller gets
    /// one more reference.
    Reused(u8),
    /// The array in this argument, whose elements are overwritten, or those of a part of it.
    Update(u8, Option<&'static Cut>),
    /// No array, but what becomes of all its elements: a scalar.
    Reduced(Reduction),
}

impl Target {
    /// Is it an array that may stay as it is?
    fn is_reused(self) -> bool {
        matches!(self, Target::Reused(_))
    }
}

/// Expressions of one chain are computed one after the other. If one of them is not, those before it have not been, either.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sequence {
    Alone,
    First,
    Later,
    Last,
}

impl Sequence {
    /// The place of one of so many.
    pub fn of(place: usize, count: usize) -> Sequence {
        match place {
            _ if count == 1 => Sequence::Alone,
            0 => Sequence::First,
            _ if place + 1 == count => Sequence::Last,
            _ => Sequence::Later,
        }
    }
}

/// An expression at a place of a program.
pub struct Site {
    pub kernel: &'static Kernel,
    /// In which argument the operands are, and whether they are parts of what is there.
    pub operands: Vec<(u8, Option<&'static Cut>)>,
    /// The instruction with which it begins.
    pub start: usize,
    pub target: Target,
    /// May other threads run meanwhile?
    pub lets_go: bool,
    pub sequence: Sequence,
    /// How often numpy has had something to tell.
    told: AtomicU32,
}

/// How often an expression may be computed in vain before it is left to numpy.
const PATIENCE: u32 = 8;

static HOPELESS: Mutex<Option<HashSet<usize>>> = Mutex::new(None);

impl Site {
    pub fn new(
        expression: Expression,
        operands: Vec<(u8, Option<&'static Cut>)>,
        start: usize,
        target: Target,
        sequence: Sequence,
        lets_go: bool,
    ) -> &'static Site {
        let kernel = expression.kernel();
        Box::leak(Box::new(Site { kernel, operands, start, target, lets_go, sequence, told: AtomicU32::new(0) }))
    }

    /// For the log.
    pub fn describe(&self) -> String {
        let expression = self.kernel.expression.describe();
        match self.target {
            Target::Reduced(reduction) => format!("{} of {expression}", reduction.kind.name()),
            _ => expression,
        }
    }

    /// Has it been computed in vain so often that there is no point in it?
    #[inline]
    fn is_hopeless(&self) -> bool {
        self.told.load(Ordering::Relaxed) >= PATIENCE
    }

    /// It was computed in vain.
    fn count_failure(&self) {
        if self.told.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE {
            locked(&HOPELESS).get_or_insert_default().insert(self.start);
        }
    }
}

/// Was an expression that begins with this instruction often computed in vain?
pub fn is_hopeless(start: usize) -> bool {
    locked(&HOPELESS).as_ref().is_some_and(|starts| starts.contains(&start))
}
