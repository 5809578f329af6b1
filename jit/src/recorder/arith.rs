//! Operators, comparisons, truth.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;

use super::state::{Hold, Sym};
use super::values::Number;
use super::{Abort, Done, Recorder};
use crate::ir::call::CallInfo;
use crate::ir::{Class, Inst, Op, Value};
use crate::runtime::table;

/// The numbers of `BINARY_OP`'s argument, in-place forms mapped to the plain ones.
pub(super) mod operator {
    pub const ADD: usize = 0;
    pub const AND: usize = 1;
    pub const FLOOR_DIVIDE: usize = 2;
    pub const LEFT_SHIFT: usize = 3;
    pub const MULTIPLY: usize = 5;
    pub const REMAINDER: usize = 6;
    pub const OR: usize = 7;
    pub const POWER: usize = 8;
    pub const RIGHT_SHIFT: usize = 9;
    pub const SUBTRACT: usize = 10;
    pub const TRUE_DIVIDE: usize = 11;
    pub const XOR: usize = 12;
    pub const SUBSCRIPT: usize = 26;
    /// Distance of the in-place forms.
    pub const INPLACE: usize = 13;
}

/// Ints up to here become doubles exactly, so that dividing the doubles is dividing the ints.
const EXACT_IN_DOUBLE: i64 = 1 << 53;

impl Recorder {
    pub(super) unsafe fn binary_op(&mut self, at: Registers<'_>, op: u8, arg: usize) -> Done {
        if arg == operator::SUBSCRIPT {
            // SAFETY: passed on.
            return unsafe { self.subscript(at, op) };
        }
        let arg = if arg >= operator::INPLACE { arg - operator::INPLACE } else { arg };
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let (a, b) = (self.peek(2)?, self.peek(1)?);
        let (Some(x), Some(y)) = (self.number(a, left)?, self.number(b, right)?) else {
            // SAFETY: passed on.
            return unsafe { self.sequence_operator(at, op, arg) };
        };
        let result = match (x, y) {
            (Number::Int(x), Number::Int(y)) => self.int_operator(arg, x, y, left, right)?,
            _ => {
                let (x, y) = (self.float_of(x)?, self.float_of(y)?);
                self.float_operator(arg, x, y, right)?
            }
        };
        let (a, b) = (self.peek_raw(2)?, self.peek_raw(1)?);
        let (a, b) = (self.expect_release(a, left)?, self.expect_release(b, right)?);
        self.replace2(a, b, result)
    }

    fn int_operator(
        &mut self,
        operator: usize,
        x: Value,
        y: Value,
        left: &PyObject,
        right: &PyObject,
    ) -> Result<Sym, Abort> {
        let divisor = |object: &PyObject| rpy_vm::protocol::number::as_isize(object, None).unwrap_or(0);
        Ok(Sym::Int(match operator {
            operator::ADD => self.guard(Op::AddOvf, &[x, y])?,
            operator::SUBTRACT => self.guard(Op::SubOvf, &[x, y])?,
            operator::MULTIPLY => self.guard(Op::MulOvf, &[x, y])?,
            operator::AND => self.op(Op::And, &[x, y])?,
            operator::OR => self.op(Op::Or, &[x, y])?,
            operator::XOR => self.op(Op::Xor, &[x, y])?,
            operator::FLOOR_DIVIDE | operator::REMAINDER => {
                if divisor(right) == 0 {
                    return Err(Abort("division by zero"));
                }
                self.guard_divisor(y)?;
                self.op(if operator == operator::REMAINDER { Op::Mod } else { Op::FloorDiv }, &[x, y])?
            }
            operator::TRUE_DIVIDE => {
                if divisor(right) == 0 {
                    return Err(Abort("division by zero"));
                }
                for (value, real) in [(x, left), (y, right)] {
                    if divisor(real).unsigned_abs() as i64 > EXACT_IN_DOUBLE {
                        return Err(Abort("the quotient of big ints"));
                    }
                    self.guard_exact_in_double(value)?;
                }
                self.guard_divisor(y)?;
                let (x, y) = (self.op(Op::IntToFloat, &[x])?, self.op(Op::IntToFloat, &[y])?);
                return Ok(Sym::Float(self.op(Op::FDiv, &[x, y])?));
            }
            operator::RIGHT_SHIFT => {
                self.guard_below(y, 64)?;
                self.op(Op::Sar, &[x, y])?
            }
            operator::LEFT_SHIFT => {
                // So small that nothing is lost: `x << y` undone is `x`.
                self.guard_below(y, 63)?;
                let shifted = self.op(Op::Shl, &[x, y])?;
                let back = self.op(Op::Sar, &[shifted, y])?;
                let same = self.op(Op::Eq, &[back, x])?;
                self.guard(Op::GuardTrue, &[same])?;
                shifted
            }
            operator::POWER => match self.builder.trace.as_int(y) {
                Some(2) => self.guard(Op::MulOvf, &[x, x])?,
                _ => return Err(Abort("a power of ints")),
            },
            _ => return Err(Abort("an operator")),
        }))
    }

    /// Guards that a divisor is neither 0 nor -1 (whose quotient may not fit).
    fn guard_divisor(&mut self, y: Value) -> Done {
        if let Some(constant) = self.builder.trace.as_int(y) {
            return if constant == 0 || constant == -1 { Err(Abort("division by 0 or -1")) } else { Ok(()) };
        }
        let one = self.trace().int(1);
        let two = self.trace().int(2);
        // y + 1 is 0 or 1 for those.
        let shifted = self.op(Op::Add, &[y, one])?;
        let bad = self.op(Op::Ult, &[shifted, two])?;
        self.guard(Op::GuardFalse, &[bad])?;
        Ok(())
    }

    fn guard_below(&mut self, y: Value, limit: i64) -> Done {
        let limit = self.trace().int(limit);
        let fits = self.op(Op::Ult, &[y, limit])?;
        self.guard(Op::GuardTrue, &[fits])?;
        Ok(())
    }

    fn guard_exact_in_double(&mut self, value: Value) -> Done {
        if let Some(constant) = self.builder.trace.as_int(value) {
            return if constant.unsigned_abs() as i64 <= EXACT_IN_DOUBLE { Ok(()) } else { Err(Abort("a big int")) };
        }
        let (offset, range) = (self.trace().int(EXACT_IN_DOUBLE), self.trace().int(2 * EXACT_IN_DOUBLE));
        let shifted = self.op(Op::Add, &[value, offset])?;
        let fits = self.op(Op::Ult, &[shifted, range])?;
        self.guard(Op::GuardTrue, &[fits])?;
        Ok(())
    }

    fn float_operator(&mut self, operator: usize, x: Value, y: Value, right: &PyObject) -> Result<Sym, Abort> {
        Ok(Sym::Float(match operator {
            operator::ADD => self.op(Op::FAdd, &[x, y])?,
            operator::SUBTRACT => self.op(Op::FSub, &[x, y])?,
            operator::MULTIPLY => self.op(Op::FMul, &[x, y])?,
            operator::TRUE_DIVIDE => {
                self.guard_nonzero(y, right)?;
                self.op(Op::FDiv, &[x, y])?
            }
            operator::POWER => self.float_power(x, y)?,
            operator::FLOOR_DIVIDE | operator::REMAINDER => {
                self.guard_nonzero(y, right)?;
                let remainder = operator == operator::REMAINDER;
                self.call_runtime(if remainder { table::FLOAT_MOD } else { table::FLOAT_FLOORDIV }, &[x, y])?
            }
            _ => return Err(Abort("an operator on floats")),
        }))
    }

    fn guard_nonzero(&mut self, y: Value, _real: &PyObject) -> Done {
        let zero = self.trace().float(0.0);
        let is_zero = self.op(Op::FEq, &[y, zero])?;
        self.guard(Op::GuardFalse, &[is_zero])?;
        Ok(())
    }

    /// `x ** y`: as the VM computes it, which is the C library's `pow` for what does not raise or become complex.
    fn float_power(&mut self, x: Value, y: Value) -> Result<Value, Abort> {
        let result = self.call_runtime(table::FLOAT_POW, &[x, y])?;
        // It answers NaN where the interpreter has to decide.
        let ordered = self.op(Op::FEq, &[result, result])?;
        self.guard(Op::GuardTrue, &[ordered])?;
        Ok(result)
    }

    /// A call of a function of the runtime, or another one so described.
    pub(super) fn call_runtime(&mut self, callee: impl Into<CallInfo>, args: &[Value]) -> Result<Value, Abort> {
        let info = callee.into();
        let call = self.trace().add_call(info);
        self.emit(Inst { ty: info.result, call: Some(call), ..Inst::new(Op::Call, args) })
    }

    pub(super) unsafe fn compare_op(&mut self, at: Registers<'_>, arg: usize) -> Done {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let (a, b) = (self.peek(2)?, self.peek(1)?);
        let operator = arg >> 5;
        let result = match (self.number(a, left)?, self.number(b, right)?) {
            (Some(Number::Int(x)), Some(Number::Int(y))) => {
                let op = [Op::Lt, Op::Le, Op::Eq, Op::Ne, Op::Gt, Op::Ge][operator.min(5)];
                self.op(op, &[x, y])?
            }
            (Some(x), Some(y)) => {
                // Comparing an int with a float is exact for Python; so is it for doubles, for ints this small.
                for (number, real) in [(x, left), (y, right)] {
                    if let Number::Int(value) = number {
                        if rpy_vm::protocol::number::as_isize(real, None).unwrap_or(isize::MAX).unsigned_abs() as i64
                            > EXACT_IN_DOUBLE
                        {
                            return Err(Abort("comparing a big int with a float"));
                        }
                        self.guard_exact_in_double(value)?;
                    }
                }
                let (x, y) = (self.float_of(x)?, self.float_of(y)?);
                let op = [Op::FLt, Op::FLe, Op::FEq, Op::FNe, Op::FGt, Op::FGe][operator.min(5)];
                self.op(op, &[x, y])?
            }
            (None, None) => self.compare_objects(operator, a, b, left, right)?,
            _ => return Err(Abort("a comparison of unlike objects")),
        };
        let (a, b) = (self.peek_raw(2)?, self.peek_raw(1)?);
        let (a, b) = (self.expect_release(a, left)?, self.expect_release(b, right)?);
        self.replace2(a, b, Sym::Bool(result))
    }

    /// `==` and `!=` of exact strings.
    fn compare_objects(
        &mut self,
        operator: usize,
        a: Sym,
        b: Sym,
        left: &PyObject,
        right: &PyObject,
    ) -> Result<Value, Abort> {
        let equality = operator == 2 || operator == 3;
        let (Sym::Obj { value: x, .. }, Sym::Obj { value: y, .. }) = (a, b) else {
            return Err(Abort("a comparison"));
        };
        if !equality || !PyStr::check_exact(left) || !PyStr::check_exact(right) {
            return Err(Abort("a comparison of objects"));
        }
        self.guard_type(x, PyStr::type_object())?;
        self.guard_type(y, PyStr::type_object())?;
        let equal = self.call_runtime(table::STR_EQ, &[x, y])?;
        if operator == 2 { Ok(equal) } else { self.op(Op::Not, &[equal]) }
    }

    pub(super) unsafe fn is_op(&mut self, at: Registers<'_>, invert: usize) -> Done {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let (a, b) = (self.peek(2)?, self.peek(1)?);
        let same = match (a, b) {
            (Sym::Obj { value: x, .. }, Sym::Obj { value: y, .. }) => self.op(Op::Is, &[x, y])?,
            (Sym::Bool(x), Sym::Bool(y)) => {
                let (x, y) = (self.op(Op::BoolToInt, &[x])?, self.op(Op::BoolToInt, &[y])?);
                self.op(Op::Eq, &[x, y])?
            }
            // A bool and an object: as objects.
            (Sym::Bool(x), Sym::Obj { value: y, .. }) | (Sym::Obj { value: y, .. }, Sym::Bool(x)) => {
                let x = self.op(Op::BoxBool, &[x])?;
                self.op(Op::Is, &[x, y])?
            }
            // Numbers have no identity here; an object of another type is another object all the same.
            (Sym::Int(_) | Sym::Float(_), Sym::Obj { value, hold: Hold::Constant })
            | (Sym::Obj { value, hold: Hold::Constant }, Sym::Int(_) | Sym::Float(_))
                if value.is_const() && left.ty() as *const _ != right.ty() as *const _ =>
            {
                self.trace().bool(false)
            }
            _ => return Err(Abort("the identity of numbers")),
        };
        let result = if invert != 0 { self.op(Op::Not, &[same])? } else { same };
        let (a, b) = (self.peek_raw(2)?, self.peek_raw(1)?);
        let (a, b) = (self.expect_release(a, left)?, self.expect_release(b, right)?);
        self.replace2(a, b, Sym::Bool(result))
    }

    pub(super) unsafe fn to_bool(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let truth = self.truth(sym, real)?;
        let raw = self.peek_raw(1)?;
        let release = self.expect_release(raw, real)?;
        self.pop()?;
        self.push(Sym::Bool(truth));
        self.release(release)
    }

    fn truth(&mut self, sym: Sym, real: &PyObject) -> Result<Value, Abort> {
        if rpy_vm::types::bool_::is_bool(real) {
            return self.as_bool(sym, real);
        }
        match self.number(sym, real)? {
            Some(Number::Int(value)) => {
                let zero = self.trace().int(0);
                return self.op(Op::Ne, &[value, zero]);
            }
            Some(Number::Float(value)) => {
                let zero = self.trace().float(0.0);
                return self.op(Op::FNe, &[value, zero]);
            }
            None => {}
        }
        let Sym::Obj { value, .. } = sym else { return Err(Abort("an empty slot")) };
        if rpy_vm::is_none(real) {
            if !value.is_const() {
                let none = self.trace().obj(real.as_ptr() as usize);
                self.guard(Op::GuardIs, &[value, none])?;
            }
            return Ok(self.trace().bool(false));
        }
        let length = if PyList::check_exact(real) {
            Class::ListHeader
        } else if PyStr::check_exact(real) || rpy_vm::types::tuple::PyTuple::check_exact(real) {
            Class::Fixed
        } else {
            return Err(Abort("the truth of an object"));
        };
        self.guard_type(value, real.ty())?;
        let size = self.length(value, length)?;
        let zero = self.trace().int(0);
        self.op(Op::Ne, &[size, zero])
    }

    pub(super) unsafe fn unary_not(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand, a bool.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let truth = self.as_bool(sym, real)?;
        let result = self.op(Op::Not, &[truth])?;
        self.pop()?;
        self.push(Sym::Bool(result));
        Ok(())
    }

    pub(super) unsafe fn unary_negative(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let result = match self.number(sym, real)? {
            Some(Number::Int(value)) => {
                let zero = self.trace().int(0);
                Sym::Int(self.guard(Op::SubOvf, &[zero, value])?)
            }
            Some(Number::Float(value)) => Sym::Float(self.op(Op::FNeg, &[value])?),
            None => return Err(Abort("negation of an object")),
        };
        let raw = self.peek_raw(1)?;
        let release = self.expect_release(raw, real)?;
        self.pop()?;
        self.push(result);
        self.release(release)
    }
}
