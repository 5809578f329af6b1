//! Operators, comparisons and ufuncs on small arrays.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;

use super::Kind;
use super::elements::Header;
use crate::ir::{Op, Scalar, Ty, Value};
use crate::numpy::arrays::{MOST_BYTES, Operation};
use crate::numpy::loops;
use crate::recorder::arith::operator;
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Recorder};
use crate::runtime::table::{self, Function};

/// The ufuncs of the operators.
const OPERATORS: &[(usize, &str)] = &[
    (operator::ADD, "add"),
    (operator::SUBTRACT, "subtract"),
    (operator::MULTIPLY, "multiply"),
    (operator::TRUE_DIVIDE, "divide"),
    (operator::AND, "bitwise_and"),
    (operator::OR, "bitwise_or"),
    (operator::XOR, "bitwise_xor"),
];

/// Those of the comparisons, in the order of `COMPARE_OP`.
pub(super) const COMPARISONS: [&str; 6] = ["less", "less_equal", "equal", "not_equal", "greater", "greater_equal"];

/// An operation and its operands as the runtime wants them.
struct Plan {
    operation: &'static Operation,
    /// The arrays; null where the number is.
    arrays: [Value; 2],
    /// The number, as a word or a double.
    word: Value,
    double: Value,
}

impl Plan {
    fn args(&self, operation: Value) -> [Value; 5] {
        [self.arrays[0], self.arrays[1], operation, self.word, self.double]
    }
}

impl Recorder {
    /// What is to be computed for the operands on top, at least one of which is an array; `None` if they are not as they should be.
    unsafe fn plan(&mut self, at: Registers<'_>, ufunc: &PyObject, compares: bool) -> Result<Option<Plan>, Abort> {
        // SAFETY: the real operands.
        let reals = unsafe { [self.real(at, 2)?, self.real(at, 1)?] };
        let headers = reals.map(|real| Header::of(real).filter(Header::is_small));
        let Some(input) = headers.iter().flatten().next().map(|header| header.scalar) else { return Ok(None) };
        if let [Some(a), Some(b)] = &headers
            && (a.scalar != b.scalar || !a.is_shaped_as(b))
        {
            return Ok(None);
        }
        let (zero, none) = (self.trace().int(0), self.trace().float(0.0));
        let mut plan = Plan { operation: dummy(), arrays: [self.nothing; 2], word: zero, double: none };
        for (i, header) in headers.iter().enumerate() {
            let sym = self.peek(2 - i)?;
            if header.is_some() {
                let Sym::Obj { value, .. } = sym else { return Ok(None) };
                plan.arrays[i] = value;
                continue;
            }
            let Some(operand) = self.operand(sym, reals[i])? else { return Ok(None) };
            if Kind::Scalar(input).promote(operand.kind) != input {
                return Ok(None);
            }
            let value = self.convert(operand, input)?;
            match input.ty() {
                Ty::Float => plan.double = value,
                Ty::Bool => plan.word = self.op(Op::BoolToInt, &[value])?,
                _ => plan.word = value,
            }
        }
        let output = if compares { Scalar::Bool } else { input };
        // SAFETY: a live ufunc.
        match unsafe { loops::find(ufunc, 2, input, output) } {
            Some(found) => plan.operation = Operation::new(found, input, output),
            None => return Ok(None),
        }
        Ok(Some(plan))
    }

    /// `a op b` with an array. False if it is not done here.
    pub(in crate::recorder) unsafe fn array_operator(
        &mut self,
        at: Registers<'_>,
        operator: usize,
        in_place: bool,
    ) -> Result<bool, Abort> {
        let Some(&(_, name)) = OPERATORS.iter().find(|(known, _)| *known == operator) else { return Ok(false) };
        // SAFETY: passed on.
        unsafe { self.array_operation(at, name, false, in_place) }
    }

    /// `a op b` with an array, for the operators of `COMPARE_OP`. False if it is not done here.
    pub(in crate::recorder) unsafe fn array_comparison(
        &mut self,
        at: Registers<'_>,
        operator: usize,
    ) -> Result<bool, Abort> {
        // SAFETY: passed on.
        unsafe { self.array_operation(at, COMPARISONS[operator.min(5)], true, false) }
    }

    unsafe fn array_operation(
        &mut self,
        at: Registers<'_>,
        name: &str,
        compares: bool,
        in_place: bool,
    ) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let is_array = |object: &PyObject| crate::numpy::see(object.ty()).is_some_and(|numpy| numpy.is_array(object));
        if !is_array(left) && !is_array(right) {
            return Ok(false);
        }
        let Some(ufunc) = super::ufuncs::own_ufunc(name) else { return Ok(false) };
        // SAFETY: passed on.
        let Some(plan) = (unsafe { self.plan(at, &ufunc, compares)? }) else { return Ok(false) };
        let operation = self.trace().int(plan.operation as *const Operation as i64);
        let args = plan.args(operation);
        let (a, b) = (self.peek_raw(2)?, self.peek_raw(1)?);
        if in_place && is_array(left) {
            let end = self.expect_release(b, right)?;
            let done = self.call_runtime(table::ARRAY_UPDATE, &args)?;
            self.guard(Op::GuardTrue, &[done])?;
            self.pop()?;
            self.release(end)?;
            return Ok(true);
        }
        // A temporary that nobody else has gives its place to the result.
        let is_temporary = |sym: Sym, real: &PyObject| {
            matches!(sym, Sym::Obj { hold: Hold::Owned, .. }) && is_array(real) && real.refcount() == 1
        };
        let callee: Function = match (is_temporary(a, left), is_temporary(b, right)) {
            (true, _) => table::ARRAY_CONSUME_FIRST,
            (_, true) => table::ARRAY_CONSUME_SECOND,
            _ => table::ARRAY_BINARY,
        };
        let ends = [
            (!is_temporary(a, left)).then(|| self.expect_release(a, left)).transpose()?,
            (is_temporary(a, left) || !is_temporary(b, right)).then(|| self.expect_release(b, right)).transpose()?,
        ];
        let value = self.attempt(callee, &args)?;
        self.pop()?;
        self.pop()?;
        self.push_obj(value, Hold::Owned);
        for end in ends.into_iter().rev().flatten() {
            self.release(end)?;
        }
        Ok(true)
    }

    /// A call of a ufunc with small arrays. False if it is not done here.
    pub(super) unsafe fn call_ufunc_of_arrays(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        argc: usize,
        compares: bool,
    ) -> Result<bool, Abort> {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Sym::Obj { value: callee, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        let (function, args) = if argc == 1 {
            let Some(header) = Header::of(real).filter(Header::is_small) else { return Ok(false) };
            let Sym::Obj { value, .. } = self.peek(1)? else { return Ok(false) };
            // SAFETY: a live ufunc.
            let found = unsafe { loops::find(callable, 1, header.scalar, header.scalar) };
            let Some(found) = found.filter(|_| header.scalar.is_float()) else { return Ok(false) };
            let operation = Operation::new(found, header.scalar, header.scalar);
            let operation = self.trace().int(operation as *const Operation as i64);
            (table::ARRAY_UNARY, vec![value, operation])
        } else {
            // SAFETY: passed on.
            let Some(plan) = (unsafe { self.plan(at, callable, compares)? }) else { return Ok(false) };
            let operation = self.trace().int(plan.operation as *const Operation as i64);
            (table::ARRAY_BINARY, plan.args(operation).to_vec())
        };
        self.guard_is(callee, callable)?;
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_call_end(at, argc)? };
        let value = self.attempt(function, &args)?;
        self.end_call(argc, ends, Sym::Obj { value, hold: Hold::Owned })?;
        Ok(true)
    }
}

/// What stands in a plan until its operation is found.
fn dummy() -> &'static Operation {
    static NONE: Operation = Operation { function: 0, data: 0, input: Scalar::Bool, output: Scalar::Bool };
    &NONE
}

impl Header<'_> {
    /// Is it one that the runtime computes with?
    pub(super) fn is_small(&self) -> bool {
        let count = (0..self.ndim).try_fold(1_usize, |count, axis| count.checked_mul(self.length(axis) as usize));
        self.ndim > 0
            && self.flags & crate::numpy::layout::FLAG_IN_ORDER != 0
            && count.is_some_and(|count| count * self.scalar.width().bytes() <= MOST_BYTES)
    }

    fn is_shaped_as(&self, other: &Header<'_>) -> bool {
        self.ndim == other.ndim && (0..self.ndim).all(|axis| self.length(axis) == other.length(axis))
    }
}
