//! Frames between an instruction and the special method that does its work, where the loop enters the method by itself.
//!
//! The interpreter executes `a + b` of Python classes by calling `__add__` in a run of its own. Compiled code follows the
//! method into the same run, and so has to leave frames behind from which the interpreter can go on: a small frame lies
//! between the caller and the method, whose code is [`FINISH_SPECIAL`] and a return. Its operand stack holds the operands;
//! the method's result comes on top, and the instruction makes of it what the caller is waiting for.

use crate::err::PyResult;
use crate::exc;
use crate::interp::machine::Machine;
use crate::interp::opcode::{FINISH_SPECIAL, RESUME, RETURN_VALUE};
use crate::interp::stackref::StackRef;
use crate::object::OptRef;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, Ref};
use crate::object::slots::CompareOp;
use crate::object::typeobj::PyTypeObject;
use crate::protocol::object as protocol;
use crate::protocol::operators::{Stage, rest_of_binary};
use crate::types::bool_;
use crate::types::code::PyCode;
use crate::types::tuple::PyTuple;
use crate::types::type_::slot_functions::length_from;

/// What the method's result is to become.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Special {
    /// An operator, by its number: the result, unless the method of this stage declines.
    Binary { operator: u8, stage: Stage },
    /// A comparison: the result, or its truth, unless the left operand's method declines.
    Compare { op: CompareOp, truth: bool },
    /// `!=` by way of `__eq__`: the opposite, unless it declines.
    NotEqual { truth: bool },
    /// What `__bool__` says.
    Truth,
    /// Is what `__len__` says not zero?
    TruthOfLength,
    /// The truth of what `__contains__` says, or the opposite.
    Contains { invert: bool },
    /// What `__len__` says.
    Length,
    /// Nothing: the instruction leaves no value (stores).
    Nothing,
    /// The result with an empty slot on top (an attribute that is about to be called).
    WithNull,
    /// What `__iter__` gives, which has to be an iterator.
    Iterator,
    /// What `__new__` of the class gives that is the first operand; the others are the arguments, for `__init__` if the object has one.
    New,
}

/// How many operands there can be.
pub const MOST_OPERANDS: usize = 8;

/// One number for each, the instruction's argument.
mod numbers {
    pub const STAGE: u8 = 32;
    pub const COMPARE: u8 = 96;
    pub const NOT_EQUAL: u8 = 108;
    pub const TRUTH: u8 = 110;
    pub const TRUTH_OF_LENGTH: u8 = 111;
    pub const CONTAINS: u8 = 112;
    pub const LENGTH: u8 = 114;
    pub const NOTHING: u8 = 115;
    pub const WITH_NULL: u8 = 116;
    pub const ITERATOR: u8 = 117;
    pub const NEW: u8 = 118;
    pub const END: usize = 119;
}

impl Special {
    /// As the instruction's argument.
    pub fn number(self) -> u8 {
        use numbers::*;
        match self {
            Special::Binary { operator, stage } => operator + STAGE * stage as u8,
            Special::Compare { op, truth } => COMPARE + 2 * op as u8 + truth as u8,
            Special::NotEqual { truth } => NOT_EQUAL + truth as u8,
            Special::Truth => TRUTH,
            Special::TruthOfLength => TRUTH_OF_LENGTH,
            Special::Contains { invert } => CONTAINS + invert as u8,
            Special::Length => LENGTH,
            Special::Nothing => NOTHING,
            Special::WithNull => WITH_NULL,
            Special::Iterator => ITERATOR,
            Special::New => NEW,
        }
    }

    /// From the instruction's argument.
    pub fn from_number(number: usize) -> Option<Special> {
        use numbers::*;
        let number = u8::try_from(number).ok()?;
        Some(match number {
            0..COMPARE => Special::Binary {
                operator: number % STAGE,
                stage: [Stage::InPlace, Stage::Left, Stage::Right][(number / STAGE) as usize],
            },
            COMPARE..NOT_EQUAL => {
                let which = number - COMPARE;
                Special::Compare { op: CompareOp::from_c((which / 2) as i32), truth: which & 1 != 0 }
            }
            NOT_EQUAL..TRUTH => Special::NotEqual { truth: number != NOT_EQUAL },
            TRUTH => Special::Truth,
            TRUTH_OF_LENGTH => Special::TruthOfLength,
            CONTAINS..LENGTH => Special::Contains { invert: number != CONTAINS },
            LENGTH => Special::Length,
            NOTHING => Special::Nothing,
            WITH_NULL => Special::WithNull,
            ITERATOR => Special::Iterator,
            NEW => Special::New,
            _ => return None,
        })
    }

    /// The code of the frame between.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn code(self) -> PyResult<Ref<PyCode>> {
        static CODES: [OptRef<PyCode>; numbers::END] = [const { OptRef::NULL }; numbers::END];
        let slot = &CODES[self.number() as usize];
        if let Some(code) = slot.get() {
            return Ok(code);
        }
        let units = vec![FINISH_SPECIAL, self.number(), RETURN_VALUE, 0, RESUME, 0];
        let code = PyCode::internal("special method", units, (MOST_OPERANDS + 1) as _)?;
        slot.set(Some(code.clone()));
        Ok(code)
    }
}

/// The special method came back: its result is on top, the operands below.
#[inline(always)]
pub fn finish(m: &mut Machine<'_>, number: usize) -> PyResult<()> {
    let Some(special) = Special::from_number(number) else {
        return Err(exc::system_error(format!("unknown special method {number}")));
    };
    // SAFETY: a live Python frame.
    let base = unsafe { m.frame().stack_base() };
    // SAFETY: the stack pointer lies in the same frame, above one result at least.
    let count = unsafe { m.sp.offset_from(base) } as usize - 1;
    let result = m.pop_owned();
    if special == Special::New {
        initialize(m, count, &result)?;
    }
    let operands =
        [if count > 0 { m.peek_obj(count) } else { &*result }, if count > 1 { m.peek_obj(1) } else { &*result }];
    let value = conclude(special, &result, operands)?;
    drop(result);
    let has_two = matches!(
        special,
        Special::Binary { .. } | Special::Compare { .. } | Special::NotEqual { .. } | Special::Contains { .. }
    );
    if has_two && count == 2 {
        // The left operand first, as where no method is called.
        let right = m.pop();
        m.drop_top();
        // SAFETY: the word left the stack.
        unsafe { right.close() };
    } else {
        m.drop_n(count);
    }
    match special {
        Special::Nothing => super::calls::leave_frame(m),
        Special::WithNull => {
            super::calls::leave_frame(m);
            m.push_owned(value);
            m.push(StackRef::NULL);
        }
        _ => m.push_owned(value),
    }
    Ok(())
}

/// What the instruction makes of the method's result. The operands are those of the kinds that have two; else they do not matter.
#[inline(never)]
fn conclude(special: Special, result: &PyObject, [a, b]: [&PyObject; 2]) -> PyResult<ObjRef> {
    let declined = crate::is_not_implemented(result);
    Ok(match special {
        Special::Binary { operator, stage } if declined => rest_of_binary(operator as usize, stage, a, b)?,
        Special::Compare { op, truth } => {
            let value = if declined { protocol::rich_compare_right(a, b, op)? } else { result.new_ref() };
            as_asked(value, truth)?
        }
        Special::NotEqual { truth } => {
            if declined {
                as_asked(protocol::rich_compare_right(a, b, CompareOp::Ne)?, truth)?
            } else {
                crate::py_bool(!protocol::is_true(result)?)
            }
        }
        Special::Truth => {
            if !bool_::is_bool(result) {
                return Err(exc::type_error(format!(
                    "__bool__ should return bool, returned {}",
                    result.ty().full_name()
                )));
            }
            result.new_ref()
        }
        Special::TruthOfLength => crate::py_bool(length_from(result)? != 0),
        Special::Contains { invert } => crate::py_bool(protocol::is_true(result)? != invert),
        Special::Length => crate::types::int::PyInt::from_isize(length_from(result)?).into_obj(),
        Special::Iterator => {
            if !protocol::is_iterator(result) {
                return Err(exc::type_error(format!(
                    "iter() returned non-iterator of type '{}'",
                    result.ty().full_name()
                )));
            }
            result.new_ref()
        }
        Special::Nothing => crate::none_ref().new_ref(),
        Special::Binary { .. } | Special::WithNull | Special::New => result.new_ref(),
    })
}

/// What follows `__new__`: an instance of the class, or of one derived from it, is initialized. The operands are the top `count` words.
#[inline(never)]
fn initialize(m: &Machine<'_>, count: usize, object: &PyObject) -> PyResult<()> {
    let is_instance =
        m.peek_obj(count).downcast_ref::<PyTypeObject>().is_some_and(|class| object.ty().is_subtype(class));
    if !is_instance {
        return Ok(());
    }
    let args = PyTuple::new((1..count).rev().map(|n| m.peek_obj(n).new_ref()).collect());
    crate::types::type_::vectorcall::call_init(object, &args, None)
}

/// A comparison's value as the instruction wants it.
fn as_asked(value: ObjRef, truth: bool) -> PyResult<ObjRef> {
    if truth && !bool_::is_bool(&value) { Ok(crate::py_bool(protocol::is_true(&value)?)) } else { Ok(value) }
}
