//! Operators and comparisons of scalars.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;

use super::{Kind, Operand};
use crate::ir::{Op, Scalar, Ty, Value};
use crate::numpy::scalars::Real;
use crate::recorder::arith::operator;
use crate::recorder::state::Sym;
use crate::recorder::{Abort, Recorder};
use crate::runtime::table;

impl Recorder {
    /// The two operands on top, if one of them is a scalar of numpy, and both are numbers.
    unsafe fn scalar_operands(
        &mut self,
        left: &PyObject,
        right: &PyObject,
    ) -> Result<Option<(Operand, Operand)>, Abort> {
        let is_scalar =
            |object: &PyObject| crate::numpy::see(object.ty()).is_some_and(|n| n.scalar_of(object.ty()).is_some());
        if !is_scalar(left) && !is_scalar(right) {
            return Ok(None);
        }
        let (a, b) = (self.peek(2)?, self.peek(1)?);
        match (self.operand(a, left)?, self.operand(b, right)?) {
            (Some(x), Some(y)) => Ok(Some((x, y))),
            _ => Ok(None),
        }
    }

    /// `a op b` with scalars of numpy. False if they are none.
    pub(in crate::recorder) unsafe fn scalar_operator(
        &mut self,
        at: Registers<'_>,
        operator: usize,
    ) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        // SAFETY: the operands on top.
        let Some((x, y)) = (unsafe { self.scalar_operands(left, right)? }) else { return Ok(false) };
        let (scalar, value) = self.compute(operator, x, y)?;
        let ends = self.expect_two(left, right)?;
        self.conclude(2, ends, Some(Sym::Scalar(scalar, value)))?;
        Ok(true)
    }

    /// The result of an operator, with everything guarded that numpy would warn of.
    pub(super) fn compute(&mut self, operator: usize, x: Operand, y: Operand) -> Result<(Scalar, Value), Abort> {
        let scalar = x.kind.promote(y.kind);
        match scalar.ty() {
            Ty::Bool => self.bool_operator(operator, x, y),
            Ty::Int if operator == operator::TRUE_DIVIDE => self.float_operator_of(operator, x, y, Scalar::F64),
            Ty::Int => {
                let exponent = match (operator, y.kind) {
                    (operator::POWER, Kind::Int) => self.builder.trace.as_int(y.value),
                    _ => None,
                };
                let (a, b) = (self.convert(x, scalar)?, self.convert(y, scalar)?);
                let value = self.int_operator_of(operator, a, b, y, scalar, exponent)?;
                Ok((scalar, value))
            }
            _ => self.float_operator_of(operator, x, y, scalar),
        }
    }

    fn bool_operator(&mut self, operator: usize, x: Operand, y: Operand) -> Result<(Scalar, Value), Abort> {
        let op = match operator {
            operator::AND | operator::MULTIPLY => Op::And,
            operator::OR | operator::ADD => Op::Or,
            operator::XOR => Op::Xor,
            _ => return Err(Abort("an operator on bools of numpy")),
        };
        let (a, b) = (self.op(Op::BoolToInt, &[x.value])?, self.op(Op::BoolToInt, &[y.value])?);
        let bits = self.op(op, &[a, b])?;
        let zero = self.trace().int(0);
        Ok((Scalar::Bool, self.op(Op::Ne, &[bits, zero])?))
    }

    fn int_operator_of(
        &mut self,
        operator: usize,
        a: Value,
        b: Value,
        y: Operand,
        scalar: Scalar,
        exponent: Option<i64>,
    ) -> Result<Value, Abort> {
        let bitwise = matches!(operator, operator::AND | operator::OR | operator::XOR);
        if scalar == Scalar::U64 && !bitwise {
            return Err(Abort("an operator on uint64"));
        }
        let divisor = match y.real {
            Real::Int(value) => value,
            Real::Float(_) => 0,
        };
        let checked = match operator {
            operator::ADD => Op::AddOvf,
            operator::SUBTRACT => Op::SubOvf,
            operator::MULTIPLY => Op::MulOvf,
            operator::AND => return self.op(Op::And, &[a, b]),
            operator::OR => return self.op(Op::Or, &[a, b]),
            operator::XOR => return self.op(Op::Xor, &[a, b]),
            operator::FLOOR_DIVIDE | operator::REMAINDER => {
                if divisor == 0 || divisor == -1 {
                    return Err(Abort("division by 0 or -1"));
                }
                self.guard_divisor(b)?;
                let op = if operator == operator::REMAINDER { Op::Mod } else { Op::FloorDiv };
                return self.op(op, &[a, b]);
            }
            operator::RIGHT_SHIFT => {
                if !(0..64).contains(&divisor) {
                    return Err(Abort("a shift"));
                }
                self.guard_below(b, 64)?;
                return self.op(Op::Sar, &[a, b]);
            }
            operator::LEFT_SHIFT if scalar == Scalar::I64 => {
                if !(0..64).contains(&divisor) {
                    return Err(Abort("a shift"));
                }
                // What is shifted out is lost.
                self.guard_below(b, 64)?;
                return self.op(Op::Shl, &[a, b]);
            }
            // Powers wrap round.
            operator::POWER if scalar == Scalar::I64 && exponent == Some(2) => return self.op(Op::Mul, &[a, a]),
            _ => return Err(Abort("an operator on integers of numpy")),
        };
        let value = self.guard(checked, &[a, b])?;
        self.op(Op::Use, &[value])?;
        self.guard_range(value, scalar)?;
        Ok(value)
    }

    fn float_operator_of(
        &mut self,
        operator: usize,
        x: Operand,
        y: Operand,
        scalar: Scalar,
    ) -> Result<(Scalar, Value), Abort> {
        let (a, b) = (self.convert(x, scalar)?, self.convert(y, scalar)?);
        let single = scalar == Scalar::F32;
        let round = |value: f64| if single { f64::from(value as f32) } else { value };
        let (real_x, real_y) = (round(x.real.as_f64()), round(y.real.as_f64()));
        let inputs = [(a, real_x), (b, real_y)];
        let (value, real) = match operator {
            operator::ADD => (self.op(Op::FAdd, &[a, b])?, real_x + real_y),
            operator::SUBTRACT => (self.op(Op::FSub, &[a, b])?, real_x - real_y),
            operator::MULTIPLY => (self.op(Op::FMul, &[a, b])?, real_x * real_y),
            operator::TRUE_DIVIDE => {
                self.guard_divides(b, real_y)?;
                (self.op(Op::FDiv, &[a, b])?, real_x / real_y)
            }
            operator::FLOOR_DIVIDE | operator::REMAINDER if !single => {
                if !real_x.is_finite() || !real_y.is_finite() {
                    return Err(Abort("a remainder of infinity"));
                }
                self.guard_divides(b, real_y)?;
                self.guard_finite(a, Op::GuardTrue)?;
                self.guard_finite(b, Op::GuardTrue)?;
                let callee = if operator == operator::REMAINDER { table::FLOAT_MOD } else { table::FLOAT_FLOORDIV };
                // An infinite quotient is one of finite numbers: it would be warned of.
                (self.call_runtime(callee, &[a, b])?, 0.0)
            }
            operator::POWER if !single => {
                let real = real_x.powf(real_y);
                if !real.is_finite() {
                    return Err(Abort("an infinite power"));
                }
                (self.call_runtime(table::POW, &[a, b])?, real)
            }
            _ => return Err(Abort("an operator on floats of numpy")),
        };
        let (value, real) = if single { (self.op(Op::FSingle, &[value])?, round(real)) } else { (value, real) };
        if !matches!(operator, operator::ADD | operator::SUBTRACT) {
            self.guard_no_underflow()?;
        }
        self.guard_quiet(value, real, &inputs)?;
        Ok((scalar, value))
    }

    /// Guards that a divisor is not zero.
    fn guard_divides(&mut self, value: Value, real: f64) -> Result<(), Abort> {
        if real == 0.0 {
            return Err(Abort("division by zero"));
        }
        let zero = self.trace().float(0.0);
        let is_zero = self.op(Op::FEq, &[value, zero])?;
        self.guard(Op::GuardFalse, &[is_zero])?;
        Ok(())
    }

    /// A comparison with scalars of numpy. False if they are none. `plain`: the result is to be a bool of Python.
    pub(in crate::recorder) unsafe fn scalar_comparison(
        &mut self,
        at: Registers<'_>,
        operator: usize,
        plain: bool,
    ) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        // SAFETY: the operands on top.
        let Some((x, y)) = (unsafe { self.scalar_operands(left, right)? }) else { return Ok(false) };
        let value = self.compare_numbers(operator, x, y)?;
        let result = if plain { Sym::Bool(value) } else { Sym::Scalar(Scalar::Bool, value) };
        let ends = self.expect_two(left, right)?;
        self.conclude(2, ends, Some(result))?;
        Ok(true)
    }

    /// `x op y` for the operators of `COMPARE_OP`, in their order.
    pub(super) fn compare_numbers(&mut self, operator: usize, x: Operand, y: Operand) -> Result<Value, Abort> {
        let (a, b) = (x.kind.scalar(), y.kind.scalar());
        let operator = operator.min(5);
        if a.is_float() || b.is_float() {
            let scalar = x.kind.promote(y.kind);
            for operand in [x, y] {
                if operand.kind == Kind::Int {
                    self.guard_exact(operand.value, operand.real)?;
                }
            }
            let (x, y) = (self.convert(x, scalar)?, self.convert(y, scalar)?);
            return self.op([Op::FLt, Op::FLe, Op::FEq, Op::FNe, Op::FGt, Op::FGe][operator], &[x, y]);
        }
        if a == Scalar::U64 || b == Scalar::U64 {
            return Err(Abort("a comparison of uint64"));
        }
        let mut int = |operand: Operand| match operand.kind.scalar() {
            Scalar::Bool => self.op(Op::BoolToInt, &[operand.value]),
            _ => Ok(operand.value),
        };
        let (x, y) = (int(x)?, int(y)?);
        self.op([Op::Lt, Op::Le, Op::Eq, Op::Ne, Op::Gt, Op::Ge][operator], &[x, y])
    }

    /// `-x` of a scalar.
    pub(in crate::recorder) fn scalar_negative(&mut self, scalar: Scalar, value: Value) -> Result<Sym, Abort> {
        let value = match scalar.ty() {
            Ty::Float => self.op(Op::FNeg, &[value])?,
            Ty::Int if scalar != Scalar::U64 => {
                let zero = self.trace().int(0);
                let value = self.guard(Op::SubOvf, &[zero, value])?;
                self.op(Op::Use, &[value])?;
                self.guard_range(value, scalar)?;
                value
            }
            _ => return Err(Abort("negation of a scalar")),
        };
        Ok(Sym::Scalar(scalar, value))
    }

    /// `abs(x)` of a scalar.
    pub(in crate::recorder) fn scalar_abs(
        &mut self,
        scalar: Scalar,
        value: Value,
        real: &PyObject,
    ) -> Result<Sym, Abort> {
        match scalar.ty() {
            Ty::Float => Ok(Sym::Scalar(scalar, self.op(Op::FAbs, &[value])?)),
            Ty::Int if scalar.is_signed() => {
                // SAFETY: the caller's operand is of that type.
                let real = unsafe { crate::numpy::scalars::value(real, scalar) };
                let zero = self.trace().int(0);
                let negative = self.op(Op::Lt, &[value, zero])?;
                if matches!(real, Real::Int(value) if value < 0) {
                    self.guard(Op::GuardTrue, &[negative])?;
                    self.scalar_negative(scalar, value)
                } else {
                    self.guard(Op::GuardFalse, &[negative])?;
                    Ok(Sym::Scalar(scalar, value))
                }
            }
            _ => Ok(Sym::Scalar(scalar, value)),
        }
    }
}
