//! Operators, comparisons, truth.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::bool_::is_bool;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::object::PyBaseObject_Type;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;

use super::state::{Hold, Sym};
use super::values::Number;
use super::{Abort, Done, Recorder};
use crate::ir::call::CallInfo;
use crate::ir::{Inst, Op, Scalar, Value};
use crate::runtime::plain::is_key;
use crate::runtime::table;

/// The numbers of `BINARY_OP`'s argument, in-place forms mapped to the plain ones.
pub(crate) mod operator {
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

/// The bit of `COMPARE_OP`'s argument that says that the result is to be a bool.
const AS_BOOL: usize = 16;

/// Ints up to here become doubles exactly, so that dividing the doubles is dividing the ints.
const EXACT_IN_DOUBLE: i64 = 1 << 53;

/// Can they be compared as machine words or doubles?
fn is_comparable_as_words(a: Sym, left: &PyObject, b: Sym, right: &PyObject) -> bool {
    let exact = |word: Option<i64>| word.is_some_and(|w| w.unsigned_abs() <= EXACT_IN_DOUBLE.unsigned_abs());
    match (word(a, left), word(b, right)) {
        (Ok(x), Ok(y)) => x.is_some() && y.is_some(),
        (Err(()), Ok(int)) => PyFloat::check_exact(left) && exact(int),
        (Ok(int), Err(())) => PyFloat::check_exact(right) && exact(int),
        (Err(()), Err(())) => PyFloat::check_exact(left) && PyFloat::check_exact(right),
    }
}

/// How the operator of two operands is recorded.
enum Magnitude {
    /// By machine arithmetic.
    Words,
    /// By calling the operator of numbers: an operand or the result is beyond a machine word, or of another kind.
    Big,
    /// They are no numbers, or complex ones.
    Objects,
    /// Not at all.
    Raises,
}

/// Are these two ints, or two floats, which compiled code may have without their objects?
fn are_numbers(left: &PyObject, right: &PyObject) -> bool {
    core::ptr::eq(left.ty(), right.ty()) && (PyInt::check_exact(left) || PyFloat::check_exact(left))
}

/// An operand's value, if it is an int that the trace has, or can have, in a word. `Err` for what is no int.
fn word(sym: Sym, real: &PyObject) -> Result<Option<i64>, ()> {
    if is_bool(real) {
        return Ok(Some(real.is(rpy_vm::types::bool_::as_object(true)) as i64));
    }
    let Some(int) = real.downcast_exact::<PyInt>() else { return Err(()) };
    Ok(if matches!(sym, Sym::Int(_)) { int.as_i64() } else { int.medium_value() })
}

/// How `a op b` is to be recorded, by what it computes now.
fn magnitude(op: usize, (a, left): (Sym, &PyObject), (b, right): (Sym, &PyObject)) -> Magnitude {
    let is_float = |object: &PyObject| PyFloat::check_exact(object);
    let (x, y) = match (word(a, left), word(b, right)) {
        (Ok(x), Ok(y)) => match (x, y) {
            (Some(x), Some(y)) => (x, y),
            _ => return Magnitude::Big,
        },
        (Err(()), Ok(int)) if is_float(left) => return if int.is_some() { Magnitude::Words } else { Magnitude::Big },
        (Ok(int), Err(())) if is_float(right) => return if int.is_some() { Magnitude::Words } else { Magnitude::Big },
        (Err(()), Err(())) if is_float(left) && is_float(right) => return Magnitude::Words,
        _ => return Magnitude::Objects,
    };
    let fits = match op {
        operator::ADD => x.checked_add(y).is_some(),
        operator::SUBTRACT => x.checked_sub(y).is_some(),
        operator::MULTIPLY => x.checked_mul(y).is_some(),
        operator::AND | operator::OR | operator::XOR => true,
        operator::FLOOR_DIVIDE | operator::REMAINDER | operator::TRUE_DIVIDE if y == 0 => return Magnitude::Raises,
        operator::FLOOR_DIVIDE | operator::REMAINDER => y != -1,
        operator::TRUE_DIVIDE => y != -1 && x.unsigned_abs().max(y.unsigned_abs()) <= EXACT_IN_DOUBLE.unsigned_abs(),
        operator::LEFT_SHIFT | operator::RIGHT_SHIFT if y < 0 => return Magnitude::Raises,
        operator::LEFT_SHIFT => y < 63 && (x << y) >> y == x,
        operator::RIGHT_SHIFT => y < 64,
        operator::POWER => y == 2 && matches!(b, Sym::Int(value) if value.is_const()) && x.checked_mul(x).is_some(),
        _ => return Magnitude::Raises,
    };
    if fits { Magnitude::Words } else { Magnitude::Big }
}

impl Recorder {
    pub(super) unsafe fn binary_op(&mut self, at: Registers<'_>, op: u8, arg: usize) -> Done {
        if arg == operator::SUBSCRIPT {
            // SAFETY: passed on.
            return unsafe { self.subscript(at) };
        }
        let whole = arg;
        let in_place = arg >= operator::INPLACE;
        let arg = if in_place { arg - operator::INPLACE } else { arg };
        // SAFETY: passed on.
        if unsafe { self.scalar_operator(at, arg)? || self.array_operator(at, arg, in_place)? } {
            return Ok(());
        }
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let (a, b) = (self.peek(2)?, self.peek(1)?);
        match magnitude(arg, (a, left), (b, right)) {
            // SAFETY: passed on.
            Magnitude::Big => return unsafe { self.big_int_operator(at, whole) },
            // SAFETY: passed on.
            Magnitude::Objects if is_of_class(left) || is_of_class(right) => {
                return unsafe { self.special_operator(at, whole, left, right) };
            }
            // SAFETY: passed on.
            Magnitude::Objects => return unsafe { self.native_operator(at, op, whole) },
            Magnitude::Raises => return Err(Abort("an operator that raises")),
            Magnitude::Words => {}
        }
        let (Some(x), Some(y)) = (self.number(a, left)?, self.number(b, right)?) else {
            return Err(Abort("an operator on numbers of no kind"));
        };
        let result = match (x, y) {
            (Number::Int(x), Number::Int(y)) => {
                let result = self.int_operator(arg, x, y, left, right)?;
                let bits = matches!(arg, operator::AND | operator::OR | operator::XOR);
                match result {
                    Sym::Int(value) if bits && is_bool(left) && is_bool(right) => {
                        let zero = self.trace().int(0);
                        Sym::Bool(self.op(Op::Ne, &[value, zero])?)
                    }
                    other => other,
                }
            }
            _ => {
                let (x, y) = (self.float_of(x)?, self.float_of(y)?);
                self.float_operator(arg, x, y, right)?
            }
        };
        let ends = self.expect_two(left, right)?;
        self.conclude(2, ends, Some(result))
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
    pub(super) fn guard_divisor(&mut self, y: Value) -> Done {
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

    pub(super) fn guard_below(&mut self, y: Value, limit: i64) -> Done {
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
        // SAFETY: passed on.
        if unsafe {
            let plain = arg & AS_BOOL != 0;
            self.scalar_comparison(at, operator, plain)? || (!plain && self.array_comparison(at, operator)?)
        } {
            return Ok(());
        }
        if !is_comparable_as_words(a, left, b, right) {
            if let Some(result) = self.compare_by_identity(operator, a, b, left, right)? {
                let ends = self.expect_two(left, right)?;
                return self.conclude(2, ends, Some(Sym::Bool(result)));
            }
            let native = matches!(operator, 2 | 3) && is_key(left) && is_key(right);
            if !native && (is_of_class(left) || is_of_class(right)) {
                // SAFETY: passed on.
                return unsafe { self.special_comparison(at, arg, left, right) };
            }
            // SAFETY: passed on.
            let result = unsafe { self.native_compare(at, operator)? };
            let ends = self.expect_two(left, right)?;
            return self.conclude(2, ends, Some(Sym::Bool(result)));
        }
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
            _ => return Err(Abort("a comparison of unlike objects")),
        };
        let ends = self.expect_two(left, right)?;
        self.conclude(2, ends, Some(Sym::Bool(result)))
    }

    /// `==` and `!=` of objects that are equal to themselves alone, and of unlike ones.
    fn compare_by_identity(
        &mut self,
        operator: usize,
        a: Sym,
        b: Sym,
        left: &PyObject,
        right: &PyObject,
    ) -> Result<Option<Value>, Abort> {
        let (Some(of_left), Some(of_right)) = (Likeness::of(left), Likeness::of(right)) else { return Ok(None) };
        if operator != 2 && operator != 3 {
            return Ok(None);
        }
        let equal = match (a, b) {
            _ if of_left != of_right => {
                self.guard_class(2, left.ty())?;
                self.guard_class(1, right.ty())?;
                self.trace().bool(false)
            }
            (Sym::Obj { value: x, .. }, Sym::Obj { value: y, .. }) if of_left == Likeness::Identity => {
                self.guard_class(2, left.ty())?;
                self.guard_class(1, right.ty())?;
                self.op(Op::Is, &[x, y])?
            }
            _ => return Ok(None),
        };
        Ok(Some(if operator == 2 { equal } else { self.op(Op::Not, &[equal])? }))
    }

    pub(super) unsafe fn is_op(&mut self, at: Registers<'_>, invert: usize) -> Done {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let (a, b) = (self.peek(2)?, self.peek(1)?);
        let same = match (a, b) {
            (Sym::Obj { .. }, Sym::Obj { .. }) if are_numbers(left, right) => self.same_number(a, left, b, right)?,
            (Sym::Obj { value: x, .. }, Sym::Obj { value: y, .. }) => {
                match self.is_no_number(x, left) || self.is_no_number(y, right) {
                    true => self.op(Op::Is, &[x, y])?,
                    false => self.call_runtime(table::SAME, &[x, y])?,
                }
            }
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
            _ => self.same_number(a, left, b, right)?,
        };
        let result = if invert != 0 { self.op(Op::Not, &[same])? } else { same };
        let ends = self.expect_two(left, right)?;
        self.conclude(2, ends, Some(Sym::Bool(result)))
    }

    /// Is it surely no int and no float, whatever comes in its place next time?
    fn is_no_number(&mut self, value: Value, real: &PyObject) -> bool {
        let numbers = [PyInt::type_object(), PyFloat::type_object()];
        match value.is_const() {
            true => !numbers.iter().any(|ty| core::ptr::eq(*ty, real.ty())),
            false => self
                .builder
                .known_type(value)
                .is_some_and(|known| !numbers.iter().any(|ty| *ty as *const PyTypeObject as u64 == known)),
        }
    }

    /// Are two objects the same that are numbers, or one of which is a number without a box? Not if they are of different types, or different
    /// numbers (see [`is_same`](rpy_vm::protocol::object::is_same)).
    fn same_number(&mut self, a: Sym, left: &PyObject, b: Sym, right: &PyObject) -> Result<Value, Abort> {
        for (sym, real) in [(a, left), (b, right)] {
            if let Sym::Obj { value, .. } = sym {
                self.guard_type(value, real.ty())?;
            }
        }
        if !core::ptr::eq(left.ty(), right.ty()) {
            return Ok(self.trace().bool(false));
        }
        let why = Abort("the identity of numbers");
        match (self.number(a, left)?, self.number(b, right)?) {
            (Some(Number::Int(x)), Some(Number::Int(y))) => self.op(Op::Eq, &[x, y]),
            (Some(Number::Float(x)), Some(Number::Float(y))) => {
                let other = [self.op(Op::FLt, &[x, y])?, self.op(Op::FGt, &[x, y])?];
                let (Some(p), Some(q)) = (left.downcast_exact::<PyFloat>(), right.downcast_exact::<PyFloat>()) else {
                    return Err(why);
                };
                let other = match p.value().partial_cmp(&q.value()) {
                    Some(core::cmp::Ordering::Less) => other[0],
                    Some(core::cmp::Ordering::Greater) => other[1],
                    _ => return Err(why),
                };
                self.guard(Op::GuardTrue, &[other])?;
                Ok(self.trace().bool(false))
            }
            _ => Err(why),
        }
    }

    pub(super) unsafe fn to_bool(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        // SAFETY: passed on.
        if unsafe { self.special_truth(at, real)? } {
            return Ok(());
        }
        let sym = self.peek(1)?;
        let truth = self.truth(sym, real)?;
        let raw = self.peek_raw(1)?;
        let release = self.expect_release(raw, real)?;
        self.pop()?;
        self.push(Sym::Bool(truth));
        self.release(release)
    }

    /// The truth of an object that runs no Python code to say it.
    pub(super) fn truth(&mut self, sym: Sym, real: &PyObject) -> Result<Value, Abort> {
        if is_bool(real) {
            return self.as_bool(sym, real);
        }
        if let Some((scalar, value)) = self.scalar(sym, real)? {
            return self.scalar_truth(scalar, value);
        }
        if let (Sym::Obj { value, .. }, Ok(None)) = (sym, word(sym, real)) {
            // A big int.
            self.guard_type(value, real.ty())?;
            let zero = self.constant_object(rpy_vm::types::int::small_int(0));
            let not_equal = self.trace().int(3);
            return self.ask_whether(table::COMPARE, &[value, zero, not_equal], true);
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
        match self.native_truth(value, real)? {
            Some(truth) => Ok(truth),
            None => self.truth_by_class(value, real),
        }
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

    /// `-x`, `~x`, `+x`.
    pub(super) unsafe fn unary(&mut self, at: Registers<'_>, unary: Unary) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        // SAFETY: passed on.
        if matches!(unary, Unary::Negative) && unsafe { self.array_negative(at)? } {
            return Ok(());
        }
        let sym = self.peek(1)?;
        let scalar = self.scalar(sym, real)?;
        if scalar.is_none() && (word(sym, real) == Ok(None) || word(sym, real) == Ok(Some(i64::MIN))) {
            // SAFETY: passed on.
            return unsafe { self.big_int_unary(at, unary as i64) };
        }
        let result = match (self.number(sym, real)?, unary) {
            _ if let Some((scalar, value)) = scalar => match unary {
                Unary::Negative => self.scalar_negative(scalar, value)?,
                Unary::Invert if scalar == Scalar::Bool => Sym::Scalar(scalar, self.op(Op::Not, &[value])?),
                _ => return Err(self.abort_on("a unary operator on", real)),
            },
            (Some(Number::Int(value)), Unary::Negative) => {
                let zero = self.trace().int(0);
                Sym::Int(self.guard(Op::SubOvf, &[zero, value])?)
            }
            (Some(Number::Int(value)), Unary::Invert) if !is_bool(real) => {
                let ones = self.trace().int(-1);
                Sym::Int(self.op(Op::Xor, &[value, ones])?)
            }
            (Some(Number::Int(value)), Unary::Positive) => Sym::Int(value),
            (Some(Number::Float(value)), Unary::Negative) => Sym::Float(self.op(Op::FNeg, &[value])?),
            (Some(Number::Float(value)), Unary::Positive) => Sym::Float(value),
            // SAFETY: passed on.
            _ => return unsafe { self.special_unary(at, real, unary.method()) },
        };
        let raw = self.peek_raw(1)?;
        let release = self.expect_release(raw, real)?;
        self.pop()?;
        self.push(result);
        self.release(release)
    }
}

/// Is the object an instance of a Python class?
fn is_of_class(object: &PyObject) -> bool {
    object.ty().as_heap().is_some()
}

/// What an object may be equal to, as far as no Python code has a say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Likeness {
    Number,
    Text,
    Tuple,
    List,
    Dict,
    /// Itself alone.
    Identity,
}

impl Likeness {
    /// `None`: something else decides.
    fn of(object: &PyObject) -> Option<Likeness> {
        let ty = object.ty();
        if PyStr::check_exact(object) {
            return Some(Likeness::Text);
        }
        if super::values::is_number(object) {
            return Some(Likeness::Number);
        }
        if PyTuple::check_exact(object) {
            return Some(Likeness::Tuple);
        }
        if PyList::check_exact(object) {
            return Some(Likeness::List);
        }
        if PyDict::check_exact(object) {
            return Some(Likeness::Dict);
        }
        let compare = |ty: &PyTypeObject| ty.tp_richcompare.get().map(|f| f as usize);
        (compare(ty).is_none() || compare(ty) == compare(&PyBaseObject_Type)).then_some(Likeness::Identity)
    }
}

/// The unary operators, numbered as the runtime knows them.
#[derive(Clone, Copy)]
pub(super) enum Unary {
    Negative = 0,
    Positive = 1,
    Invert = 2,
}

impl Unary {
    /// The special method.
    fn method(self) -> &'static PyStr {
        match self {
            Unary::Negative => rpy_vm::intern!("__neg__"),
            Unary::Positive => rpy_vm::intern!("__pos__"),
            Unary::Invert => rpy_vm::intern!("__invert__"),
        }
    }
}
