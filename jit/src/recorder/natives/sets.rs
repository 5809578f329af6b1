//! Operators, comparisons and methods of two sets.
//!
//! The keys of both have their hashes with them, and those that have to be compared are compared natively, or the work is declined
//! and the trace left: no element is looked at beforehand.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::types::set::{SetOperator, any_set_exact};

use super::reviewed::Does;
use crate::ir::Value;
use crate::recorder::arith::operator;
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Recorder};
use crate::runtime::plain::comparison;
use crate::runtime::table::{self, Function};

/// The function that computes an operator.
fn function_of(operator: SetOperator) -> Function {
    match operator {
        SetOperator::Union => table::SET_UNION,
        SetOperator::Intersection => table::SET_INTERSECTION,
        SetOperator::Difference => table::SET_DIFFERENCE,
        SetOperator::SymmetricDifference => table::SET_SYMMETRIC_DIFFERENCE,
    }
}

/// The operator with this number.
fn operator_of(number: usize) -> Option<SetOperator> {
    match number {
        operator::OR => Some(SetOperator::Union),
        operator::AND => Some(SetOperator::Intersection),
        operator::SUBTRACT => Some(SetOperator::Difference),
        operator::XOR => Some(SetOperator::SymmetricDifference),
        _ => None,
    }
}

/// The operator that a method of this name does with a single argument.
fn method_of(name: &str) -> Option<SetOperator> {
    match name {
        "union" => Some(SetOperator::Union),
        "intersection" => Some(SetOperator::Intersection),
        "difference" => Some(SetOperator::Difference),
        "symmetric_difference" => Some(SetOperator::SymmetricDifference),
        _ => None,
    }
}

impl Recorder {
    /// The two operands on top, which are sets; guarded.
    fn two_sets(&mut self, left: &PyObject, right: &PyObject) -> Result<(Value, Value), Abort> {
        let (a, b) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_type(a, left.ty())?;
        self.guard_type(b, right.ty())?;
        Ok((a, b))
    }

    /// An operator that makes a new set of two. False: it is none.
    pub(super) unsafe fn set_operator(&mut self, at: Registers<'_>, number: usize) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let (Some(operator), Some(x), Some(y)) = (operator_of(number), any_set_exact(left), any_set_exact(right))
        else {
            return Ok(false);
        };
        if x.combine_plain(operator, y).is_none() {
            return Err(self.abort_on("elements that are to be asked in", left));
        }
        let (a, b) = self.two_sets(left, right)?;
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, 2)? };
        let value = self.attempt(function_of(operator), &[a, b])?;
        self.conclude(2, ends, Some(Sym::Obj { value, hold: Hold::Owned }))?;
        Ok(true)
    }

    /// The comparison of two sets, by number; `None` if they are none.
    pub(super) fn compare_sets(
        &mut self,
        left: &PyObject,
        right: &PyObject,
        which: usize,
    ) -> Result<Option<Value>, Abort> {
        let (Some(x), Some(y)) = (any_set_exact(left), any_set_exact(right)) else { return Ok(None) };
        if x.compare_plain(y, comparison(which as u64)).is_none() {
            return Err(self.abort_on("elements that are to be asked in", left));
        }
        let (a, b) = self.two_sets(left, right)?;
        let number = self.trace().int(which as i64);
        self.ask_whether(table::SET_COMPARE, &[a, b, number], true).map(Some)
    }

    /// A method of a set (guarded) that looks at another one. False: it is no such method, or the argument no set.
    pub(super) unsafe fn call_set_method(
        &mut self,
        at: Registers<'_>,
        this: &PyObject,
        name: &str,
        receiver: Value,
    ) -> Result<bool, Abort> {
        // SAFETY: the real argument.
        let other = unsafe { self.real(at, 1)? };
        let (Some(x), Some(y)) = (any_set_exact(this), any_set_exact(other)) else { return Ok(false) };
        let argument = self.materialize(1)?;
        let result = if let Some(operator) = method_of(name) {
            if x.combine_plain(operator, y).is_none() {
                return Ok(false);
            }
            self.guard_type(argument, other.ty())?;
            // SAFETY: the real operands.
            let ends = unsafe { self.prepare(at, 3, Does::Looks)? };
            let value = self.attempt(function_of(operator), &[receiver, argument])?;
            return self.conclude(3, ends, Some(Sym::Obj { value, hold: Hold::Owned })).map(|()| true);
        } else {
            let number = |recorder: &mut Recorder, number| recorder.trace().int(number);
            let (callee, args) = match name {
                "issubset" => (table::SET_COMPARE, vec![receiver, argument, number(self, 1)]),
                "issuperset" => (table::SET_COMPARE, vec![receiver, argument, number(self, 5)]),
                "isdisjoint" => (table::SET_DISJOINT, vec![receiver, argument]),
                _ => return Ok(false),
            };
            self.guard_type(argument, other.ty())?;
            Sym::Bool(self.ask_whether(callee, &args, true)?)
        };
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, 3)? };
        self.conclude(3, ends, Some(result))?;
        Ok(true)
    }
}
