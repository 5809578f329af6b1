//! numpy in traces: its scalars unboxed, elements of arrays as loads and stores. See [`crate::numpy`].
//!
//! An array must be exactly a `numpy.ndarray` whose dtype is one of numpy's own for the machine's byte order; where its elements
//! are, its shape, strides and flags are memory ([`Class::Array`](crate::ir::Class::Array)), and guarded. What numpy would warn
//! of or refuse is left to it, by a guard before the instruction.

mod arrays;
mod chain;
mod elements;
mod operators;
mod parts;
mod plan;
mod reduce;
mod ufuncs;
mod variables;

pub use chain::Chain;

use rpy_vm::object::header::PyObject;
use rpy_vm::types::bool_;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;

use super::state::Sym;
use super::values::Number;
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, Inst, Op, Scalar, Ty, Value, Width};
use crate::numpy::scalars::{self, Real};
use crate::numpy::{self, layout};

/// Ints up to here are doubles.
const EXACT: i64 = 1 << 53;

/// A number operand: of numpy, or of Python, which takes on the type of the other.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    pub kind: Kind,
    pub value: Value,
    /// What it is this time.
    pub real: Real,
}

/// What a number is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Scalar(Scalar),
    Int,
    Float,
    Bool,
}

impl Kind {
    /// The type that numpy gives it where nothing else says.
    pub fn scalar(self) -> Scalar {
        match self {
            Kind::Scalar(scalar) => scalar,
            Kind::Int => Scalar::I64,
            Kind::Float => Scalar::F64,
            Kind::Bool => Scalar::Bool,
        }
    }

    /// The type of a result of operands of both kinds: a Python number bends to the scalar, if it can.
    pub fn promote(self, other: Kind) -> Scalar {
        let (a, b) = (self.scalar(), other.scalar());
        match (self, other) {
            (Kind::Scalar(_), Kind::Int) if a != Scalar::Bool => a,
            (Kind::Int, Kind::Scalar(_)) if b != Scalar::Bool => b,
            (Kind::Scalar(_), Kind::Float) if a.is_float() => a,
            (Kind::Float, Kind::Scalar(_)) if b.is_float() => b,
            _ => a.promote(b),
        }
    }
}

impl Recorder {
    /// The operand as a scalar of numpy, with its type guarded; `None` if it is none.
    pub(in crate::recorder) fn scalar(&mut self, sym: Sym, real: &PyObject) -> Result<Option<(Scalar, Value)>, Abort> {
        match sym {
            Sym::Scalar(scalar, value) => Ok(Some((scalar, value))),
            Sym::Obj { value, .. } => {
                let Some(scalar) = numpy::see(real.ty()).and_then(|numpy| numpy.scalar_of(real.ty())) else {
                    return Ok(None);
                };
                self.guard_type(value, real.ty())?;
                let offset = layout::SCALAR_VALUE as i32;
                let access = Access { class: Class::Scalar, offset, width: scalar.width() };
                let value = self.emit(Inst::load(scalar.ty(), value, access))?;
                Ok(Some((scalar, value)))
            }
            _ => Ok(None),
        }
    }

    /// A number of numpy or of Python, of an exact type.
    fn operand(&mut self, sym: Sym, real: &PyObject) -> Result<Option<Operand>, Abort> {
        if let Some((scalar, value)) = self.scalar(sym, real)? {
            // SAFETY: it has just been found to be of that type.
            let real = unsafe { scalars::value(real, scalar) };
            return Ok(Some(Operand { kind: Kind::Scalar(scalar), value, real }));
        }
        if bool_::is_bool(real) {
            let value = self.as_bool(sym, real)?;
            let real = Real::Int(real.is(bool_::as_object(true)) as i64);
            return Ok(Some(Operand { kind: Kind::Bool, value, real }));
        }
        let real_number = match (real.downcast_exact::<PyInt>(), real.downcast_exact::<PyFloat>()) {
            (Some(int), _) => int.medium_value().map(Real::Int),
            (_, Some(float)) => Some(Real::Float(float.value())),
            _ => None,
        };
        let Some(real_number) = real_number else { return Ok(None) };
        Ok(match self.number(sym, real)? {
            Some(Number::Int(value)) => {
                // numpy refuses bigger ones, or makes other numbers of them.
                self.insist_on_word(value)?;
                Some(Operand { kind: Kind::Int, value, real: real_number })
            }
            Some(Number::Float(value)) => Some(Operand { kind: Kind::Float, value, real: real_number }),
            None => None,
        })
    }

    /// The operand as a number of Python, where only its value counts: `float(x)`, `math.sqrt(x)`.
    pub(in crate::recorder) fn number_like(&mut self, sym: Sym, real: &PyObject) -> Result<Option<Number>, Abort> {
        match self.scalar(sym, real)? {
            None => self.number(sym, real),
            Some((Scalar::U64, value)) => {
                let zero = self.trace().int(0);
                let fits = self.op(Op::Ge, &[value, zero])?;
                self.guard(Op::GuardTrue, &[fits])?;
                Ok(Some(Number::Int(value)))
            }
            Some((Scalar::Bool, value)) => Ok(Some(Number::Int(self.op(Op::BoolToInt, &[value])?))),
            Some((scalar, value)) if scalar.is_float() => Ok(Some(Number::Float(value))),
            Some((_, value)) => Ok(Some(Number::Int(value))),
        }
    }

    /// The truth of a scalar.
    pub(in crate::recorder) fn scalar_truth(&mut self, scalar: Scalar, value: Value) -> Result<Value, Abort> {
        match scalar.ty() {
            Ty::Float => {
                let zero = self.trace().float(0.0);
                self.op(Op::FNe, &[value, zero])
            }
            Ty::Bool => Ok(value),
            _ => {
                let zero = self.trace().int(0);
                self.op(Op::Ne, &[value, zero])
            }
        }
    }

    // ---- conversions ----

    /// An operand as a value of type `to`, as numpy casts it; what it would warn of, refuse or wrap round is guarded against.
    fn convert(&mut self, operand: Operand, to: Scalar) -> Result<Value, Abort> {
        let Operand { kind, value, real } = operand;
        let from = kind.scalar();
        if from == to && (to != Scalar::I64 || kind != Kind::Int) {
            return Ok(value);
        }
        match to.ty() {
            Ty::Bool => self.scalar_truth(from, value),
            Ty::Float => self.convert_to_float(operand, to),
            _ => {
                let int = match from.ty() {
                    Ty::Bool => return self.op(Op::BoolToInt, &[value]),
                    Ty::Float => {
                        let limit = self.trace().float(4.0e18);
                        let magnitude = self.op(Op::FAbs, &[value])?;
                        let fits = self.op(Op::FLt, &[magnitude, limit])?;
                        if real.as_f64().is_nan() || real.as_f64().abs() >= 4.0e18 {
                            return Err(Abort("a float that is no int"));
                        }
                        self.guard(Op::GuardTrue, &[fits])?;
                        self.op(Op::FloatToInt, &[value])?
                    }
                    _ if from == Scalar::U64 => return Err(Abort("a conversion of uint64")),
                    _ => value,
                };
                self.guard_range(int, to)?;
                Ok(int)
            }
        }
    }

    fn convert_to_float(&mut self, operand: Operand, to: Scalar) -> Result<Value, Abort> {
        let Operand { kind, value, real } = operand;
        let from = kind.scalar();
        let double = match from.ty() {
            Ty::Bool => {
                let int = self.op(Op::BoolToInt, &[value])?;
                return self.op(Op::IntToFloat, &[int]);
            }
            Ty::Float => value,
            _ if from == Scalar::U64 => return Err(Abort("a conversion of uint64")),
            _ => {
                if to == Scalar::F32 && from.bits() > 24 {
                    // Rounded once, whichever way it goes.
                    self.guard_exact(value, real)?;
                }
                self.op(Op::IntToFloat, &[value])?
            }
        };
        if to == Scalar::F64 || from == Scalar::F32 {
            return Ok(double);
        }
        let single = self.op(Op::FSingle, &[double])?;
        let real = real.as_f64();
        self.guard_quiet(single, f64::from(real as f32), &[(double, real)])?;
        self.guard_no_underflow()?;
        Ok(single)
    }

    /// Guards that an integer is a double.
    fn guard_exact(&mut self, value: Value, real: Real) -> Done {
        if !matches!(real, Real::Int(value) if value.unsigned_abs() <= EXACT as u64) {
            return Err(Abort("a big int"));
        }
        self.guard_between(value, -EXACT, EXACT)
    }

    /// Guards that an integer is a value of its type.
    fn guard_range(&mut self, value: Value, scalar: Scalar) -> Done {
        match scalar.range() {
            Some((i64::MIN, i64::MAX)) => Ok(()),
            Some((lo, hi)) => self.guard_between(value, lo, hi),
            None => {
                let zero = self.trace().int(0);
                let fits = self.op(Op::Ge, &[value, zero])?;
                self.guard(Op::GuardTrue, &[fits])?;
                Ok(())
            }
        }
    }

    // ---- floating-point errors ----

    /// Guards that computing `result` from `inputs` is nothing that numpy warns of: no overflow, no invalid operation, no division
    /// of something by zero.
    fn guard_quiet(&mut self, result: Value, real: f64, inputs: &[(Value, f64)]) -> Done {
        if real.is_finite() {
            return self.guard_finite(result, Op::GuardTrue);
        }
        if let Some(&(nan, _)) = inputs.iter().find(|(_, real)| real.is_nan()) {
            // What is not a number stays so, quietly.
            let is_nan = self.op(Op::FNe, &[nan, nan])?;
            self.guard(Op::GuardTrue, &[is_nan])?;
            return Ok(());
        }
        if let Some(&(infinite, _)) = inputs.iter().find(|(_, real)| real.is_infinite())
            && real.is_infinite()
        {
            for value in [infinite, result] {
                let magnitude = self.op(Op::FAbs, &[value])?;
                let infinity = self.trace().float(f64::INFINITY);
                let same = self.op(Op::FEq, &[magnitude, infinity])?;
                self.guard(Op::GuardTrue, &[same])?;
            }
            return Ok(());
        }
        Err(Abort("a floating-point error"))
    }

    fn guard_finite(&mut self, value: Value, op: Op) -> Done {
        let magnitude = self.op(Op::FAbs, &[value])?;
        let infinity = self.trace().float(f64::INFINITY);
        let finite = self.op(Op::FLt, &[magnitude, infinity])?;
        self.guard(op, &[finite])?;
        Ok(())
    }

    /// Guards that nobody wants to know of underflow.
    fn guard_no_underflow(&mut self) -> Done {
        let flag = self.trace().ptr(numpy::underflow_watched() as usize);
        let access = Access { class: Class::Other, offset: 0, width: Width::U8 };
        let watched = self.emit(Inst::load(Ty::Int, flag, access))?;
        let no = self.trace().int(0);
        self.guard(Op::GuardIs, &[watched, no])?;
        Ok(())
    }
}
