//! Branches that only count: `if x > limit: n += 1`.
//!
//! Where both ways from a branch do nothing but add integers to variables, and meet again, both are recorded at once: what is added is ANDed with a
//! mask of ones or zeros. So there is no guard, and no side trace that would be entered in every other round; and
//! loops along arrays with such branches are executed in groups of rounds (`opt::wide`).
//!
//! All that is guarded (that the variables are integers, that nothing overflows, whichever way it goes) leads back to the branch, which
//! the interpreter executes anew. The instructions of the way that is taken while recording are passed over afterwards.

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::interp::opcode::{self, *};
use rpy_vm::jit_hooks::Registers;
use rpy_vm::types::bool_;
use rpy_vm::types::code::PyCode;
use rpy_vm::types::int::PyInt;

use super::arith::operator;
use super::state::{Hold, Sym};
use super::values::Number;
use super::{Abort, Recorder};
use crate::ir::{Op, Value};

/// Additions on one of the ways.
const MOST: usize = 4;
/// Instructions on one of the ways.
const MOST_INSTRUCTIONS: usize = 20;

/// What is added to a variable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Amount {
    Constant(i64),
    Variable(usize),
}

/// `variable += number`, or `-=`.
#[derive(Clone, Copy, Debug)]
struct Addition {
    variable: usize,
    number: Amount,
    subtracts: bool,
}

/// What is on the operand stack.
#[derive(Clone, Copy)]
enum Word {
    Number(Amount),
    Sum(Addition),
}

/// One of the ways.
struct Arm {
    additions: Vec<Addition>,
    /// The instruction behind them.
    end: *mut u16,
    /// Where it goes on then, after jumps.
    meets: *mut u16,
}

impl Arm {
    /// The way from an instruction on, up to `stop` at most. `None`: its first instructions do something else.
    ///
    /// # Safety
    /// An instruction of the code.
    unsafe fn of(code: &PyCode, from: *mut u16, stop: Option<*mut u16>) -> Option<Arm> {
        let mut additions = Vec::new();
        let mut stack: Vec<Word> = Vec::new();
        let mut at = from;
        for _ in 0..MOST_INSTRUCTIONS {
            if Some(at) == stop {
                return stack.is_empty().then_some(Arm { additions, end: at, meets: at });
            }
            // SAFETY: the walk goes from instruction to instruction; all code ends with a return or a jump.
            let (op, arg) = unsafe { (opcode::BASE[(*at & 0xff) as usize], (*at >> 8) as usize) };
            // SAFETY: as above.
            let behind = unsafe { at.add(1 + opcode::CACHES[op as usize] as usize) };
            let variable = |index: usize| Word::Number(Amount::Variable(index));
            match op {
                NOP | NOT_TAKEN => {}
                LOAD_FAST | LOAD_FAST_BORROW => stack.push(variable(arg)),
                LOAD_FAST_LOAD_FAST | LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
                    stack.extend([variable(arg >> 4), variable(arg & 15)]);
                }
                LOAD_SMALL_INT => stack.push(Word::Number(Amount::Constant(arg as i64))),
                LOAD_CONST => {
                    // SAFETY: the code's own constant.
                    let int = unsafe { code.constant(arg) }.downcast_exact::<PyInt>()?.medium_value()?;
                    stack.push(Word::Number(Amount::Constant(int)));
                }
                BINARY_OP => {
                    let subtracts = match if arg >= operator::INPLACE { arg - operator::INPLACE } else { arg } {
                        operator::ADD => false,
                        operator::SUBTRACT => true,
                        _ => return None,
                    };
                    let (Word::Number(number), Word::Number(Amount::Variable(variable))) = (stack.pop()?, stack.pop()?)
                    else {
                        return None;
                    };
                    stack.push(Word::Sum(Addition { variable, number, subtracts }));
                }
                STORE_FAST | STORE_FAST_LOAD_FAST => {
                    let (to, next) = if op == STORE_FAST { (arg, None) } else { (arg >> 4, Some(arg & 15)) };
                    match stack.pop()? {
                        Word::Sum(addition) if addition.variable == to && stack.is_empty() => additions.push(addition),
                        _ => return None,
                    }
                    stack.extend(next.map(variable));
                }
                // SAFETY: jumps lead into the code.
                JUMP_FORWARD if stack.is_empty() => {
                    return Some(Arm { additions, end: at, meets: unsafe { behind.add(arg) } });
                }
                // SAFETY: as above.
                JUMP_BACKWARD | JUMP_BACKWARD_NO_INTERRUPT if stack.is_empty() => {
                    return Some(Arm { additions, end: at, meets: unsafe { behind.sub(arg) } });
                }
                _ => return None,
            }
            at = behind;
        }
        None
    }
}

/// A variable that is added to: the integer that it holds, and then what it becomes.
struct Counted {
    index: usize,
    value: Value,
}

impl Recorder {
    /// A branch both ways of which only add integers to variables. False if it is none.
    ///
    /// # Safety
    /// The registers are those of a live machine, at a `POP_JUMP_IF_FALSE` or `POP_JUMP_IF_TRUE`.
    pub(super) unsafe fn count_branch(&mut self, at: Registers<'_>, base: u8, arg: usize) -> Result<bool, Abort> {
        let Sym::Bool(truth) = self.peek(1)? else { return Ok(false) };
        let is_plain = self.in_base() || self.frames.last().is_some_and(|frame| frame.home.is_none());
        if truth.is_const() || !is_plain {
            return Ok(false);
        }
        // SAFETY: a live Python frame, at an instruction with a cache of one unit, whose target lies in the code.
        let (code, behind, target) = unsafe {
            let behind = at.instr.add(1 + opcode::CACHES[base as usize] as usize);
            ((*at.frame).code(), behind, behind.add(arg))
        };
        // SAFETY: instructions of the code.
        let arms = unsafe {
            let Some(falls) = Arm::of(code, behind, Some(target)) else { return Ok(false) };
            if falls.meets == target {
                Some((falls, Arm { additions: Vec::new(), end: target, meets: target }))
            } else {
                let stop = Some(falls.meets).filter(|&meets| meets > target);
                Arm::of(code, target, stop).filter(|jumps| jumps.meets == falls.meets).map(|jumps| (falls, jumps))
            }
        };
        let Some((falls, jumps)) = arms else { return Ok(false) };
        let counts = falls.additions.len() + jumps.additions.len();
        if counts == 0 || falls.additions.len().max(jumps.additions.len()) > MOST {
            return Ok(false);
        }
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? }.is(bool_::as_object(true));
        let (if_true, if_false) = if base == POP_JUMP_IF_TRUE { (&jumps, &falls) } else { (&falls, &jumps) };
        let Some(counted) = self.add_masked(at, truth, &if_true.additions, &if_false.additions)? else {
            return Ok(false);
        };
        let stores = counted
            .iter()
            // SAFETY: passed on.
            .map(|counted| unsafe { self.expect_number(at, counted.index, Sym::Int(counted.value)) })
            .collect::<Result<Vec<_>, Abort>>()?;
        self.pop()?;
        for store in stores {
            self.store_number(store)?;
        }
        self.snapshot = None;
        let taken = if real { if_true } else { if_false };
        if !taken.additions.is_empty() {
            self.passing = Some((at.frame, taken.end));
        }
        Ok(true)
    }

    /// Emits the additions of both ways. `None` if they are not all of integers in variables.
    fn add_masked(
        &mut self,
        at: Registers<'_>,
        truth: Value,
        if_true: &[Addition],
        if_false: &[Addition],
    ) -> Result<Option<Vec<Counted>>, Abort> {
        let all = || if_true.iter().chain(if_false);
        let is_counted = |index: usize| all().any(|addition| addition.variable == index);
        let mut counted: Vec<Counted> = Vec::new();
        for addition in all() {
            let number = match addition.number {
                Amount::Variable(index) if is_counted(index) => return Ok(None),
                Amount::Variable(index) => self.variable(at, index, false)?,
                Amount::Constant(_) => Some(self.nothing),
            };
            if number.is_none() {
                return Ok(None);
            }
            if !counted.iter().any(|counted| counted.index == addition.variable) {
                let Some(value) = self.variable(at, addition.variable, true)? else { return Ok(None) };
                counted.push(Counted { index: addition.variable, value });
            }
        }
        for (additions, wanted) in [(if_true, true), (if_false, false)] {
            if additions.is_empty() {
                continue;
            }
            let truth = if wanted { truth } else { self.op(Op::Not, &[truth])? };
            let flag = self.op(Op::BoolToInt, &[truth])?;
            let mask = self.op(Op::Neg, &[flag])?;
            for addition in additions {
                let number = match addition.number {
                    Amount::Constant(int) => self.trace().int(int),
                    Amount::Variable(index) => match self.variable(at, index, false)? {
                        Some(value) => value,
                        None => return Ok(None),
                    },
                };
                let number = self.op(Op::And, &[number, mask])?;
                let Some(place) = counted.iter().position(|counted| counted.index == addition.variable) else {
                    return Ok(None);
                };
                let op = if addition.subtracts { Op::SubOvf } else { Op::AddOvf };
                counted[place].value = self.guard(op, &[counted[place].value, number])?;
            }
        }
        Ok(Some(counted))
    }

    /// The integer that a variable holds; `None` if it is something else, or cannot be overwritten without further ado if it `changes`.
    fn variable(&mut self, at: Registers<'_>, index: usize, changes: bool) -> Result<Option<Value>, Abort> {
        // SAFETY: a local of the real frame.
        let real = unsafe { (*(*at.frame).local(index)).opt() };
        let held = self.top().slots.get(index).copied();
        let fits = match held {
            Some(Sym::Memory | Sym::Int(_)) => true,
            Some(Sym::Obj { hold, .. }) => !changes && hold != Hold::Owned,
            _ => false,
        };
        match real {
            Some(real) if fits && real.downcast_exact::<PyInt>().is_some_and(|int| int.medium_value().is_some()) => {
                let sym = self.slot(index)?;
                Ok(match self.number(sym, real)? {
                    Some(Number::Int(value)) => Some(value),
                    _ => None,
                })
            }
            _ => Ok(None),
        }
    }

    /// Is the machine at an instruction that was recorded with the branch before it?
    pub(super) fn passes_over(&mut self, instr: *mut u16, frame: *mut InterpreterFrame) -> bool {
        let passes = self.passing.is_some_and(|(passed, end)| passed == frame && instr != end);
        if !passes {
            self.passing = None;
        }
        passes
    }
}
