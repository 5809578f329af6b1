//! Calls of ufuncs on scalars.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::ObjRef;
use rpy_vm::runtime::sys_state;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;

use super::arrays::COMPARISONS;
use super::{Kind, Operand};
use crate::ir::call::{CallEffect, CallInfo};
use crate::ir::{Op, Scalar, Ty, Value};
use crate::numpy::library;
use crate::numpy::loops::{self, Loop};
use crate::recorder::arith::operator;
use crate::recorder::state::Sym;
use crate::recorder::{Abort, Done, Recorder};

/// Those that are operators.
const OPERATORS: &[(&str, usize)] = &[
    ("add", operator::ADD),
    ("subtract", operator::SUBTRACT),
    ("multiply", operator::MULTIPLY),
    ("divide", operator::TRUE_DIVIDE),
    ("floor_divide", operator::FLOOR_DIVIDE),
    ("remainder", operator::REMAINDER),
    ("bitwise_and", operator::AND),
    ("bitwise_or", operator::OR),
    ("bitwise_xor", operator::XOR),
];

/// Functions of one number, whose inner loop for floats is called.
const UNARY: &[&str] = &[
    "sin",
    "cos",
    "tan",
    "arcsin",
    "arccos",
    "arctan",
    "sinh",
    "cosh",
    "tanh",
    "arcsinh",
    "arccosh",
    "arctanh",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "cbrt",
    "floor",
    "ceil",
    "trunc",
    "rint",
    "reciprocal",
    "radians",
    "degrees",
    "deg2rad",
    "rad2deg",
    "square",
    "sign",
];

/// Functions of two.
const BINARY: &[&str] = &["arctan2", "hypot", "fmod", "copysign", "maximum", "minimum", "fmax", "fmin"];

impl Recorder {
    /// A call of a ufunc with scalars. False if it is none, or one that is not known.
    pub(in crate::recorder) unsafe fn call_ufunc(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        argc: usize,
    ) -> Result<bool, Abort> {
        if argc == 3 && is_where(callable) {
            self.detail = Some("numpy.where".to_owned());
            // SAFETY: passed on.
            return unsafe { self.call_elementwise(at, callable, "where", 3, false) };
        }
        if !crate::numpy::see(callable.ty()).is_some_and(|numpy| numpy.is_ufunc(callable)) {
            return Ok(false);
        }
        // SAFETY: a live ufunc.
        let name = unsafe { loops::name(callable) };
        self.detail = Some(format!("numpy.{name}"));
        if !own_ufunc(&name).is_some_and(|own| own.is(callable)) || argc == 0 || argc > 2 {
            return Err(Abort("a ufunc"));
        }
        if let Some(name) = elementwise(&name)
            // SAFETY: passed on.
            && unsafe { self.call_elementwise(at, callable, name, argc, true)? }
        {
            return Ok(true);
        }
        let mut operands = Vec::with_capacity(argc);
        for n in (1..=argc).rev() {
            // SAFETY: the real operand.
            let real = unsafe { self.real(at, n)? };
            let sym = self.peek(n)?;
            let Some(operand) = self.operand(sym, real)? else {
                return Err(self.abort_on("a ufunc of", real));
            };
            operands.push(operand);
        }
        let (scalar, value) = match operands[..] {
            [x] => self.ufunc_of_one(callable, &name, x)?,
            [x, y] => self.binary(callable, &name, x, y)?,
            _ => return Err(Abort("a ufunc")),
        };
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, argc, Sym::Scalar(scalar, value))? };
        Ok(true)
    }

    fn ufunc_of_one(&mut self, ufunc: &PyObject, name: &str, x: Operand) -> Result<(Scalar, Value), Abort> {
        let scalar = x.kind.scalar();
        match name {
            "negative" if scalar != Scalar::Bool => {
                let Sym::Scalar(scalar, value) = self.scalar_negative(scalar, x.value)? else {
                    return Err(Abort("a ufunc"));
                };
                return Ok((scalar, value));
            }
            "absolute" | "fabs" if scalar.is_float() => return Ok((scalar, self.op(Op::FAbs, &[x.value])?)),
            _ => {}
        }
        let scalar = float_type(x.kind)?;
        let value = self.convert(x, scalar)?;
        let real = x.real.as_f64();
        if name == "sqrt" {
            if real.is_nan() || real < 0.0 || real.is_infinite() {
                return Err(Abort("the square root of a negative number"));
            }
            let zero = self.trace().float(0.0);
            let fits = self.op(Op::FGe, &[value, zero])?;
            self.guard(Op::GuardTrue, &[fits])?;
            let root = self.op(Op::FSqrt, &[value])?;
            let root = if scalar == Scalar::F32 { self.op(Op::FSingle, &[root])? } else { root };
            return Ok((scalar, root));
        }
        if !UNARY.contains(&name) {
            return Err(Abort("a ufunc of one scalar"));
        }
        if matches!(name, "floor" | "ceil" | "trunc" | "square" | "sign")
            && !matches!(x.kind, Kind::Float)
            && !x.kind.scalar().is_float()
        {
            // Those have loops for integers.
            return Err(Abort("a ufunc of an integer"));
        }
        // SAFETY: a live ufunc.
        let Some(found) = (unsafe { loops::find(ufunc, 1, scalar, scalar) }) else {
            return Err(Abort("a ufunc's loop"));
        };
        let result = if scalar == Scalar::F32 {
            self.call_loop(found, loops::unary_single as *const () as usize, &[value])?
        } else if let Some(address) = library::behind(name, found) {
            let info = CallInfo { name: "library", address, result: Ty::Float, effect: CallEffect::Pure };
            self.call_runtime(info, &[value])?
        } else {
            self.call_loop(found, loops::unary_double as *const () as usize, &[value])?
        };
        // SAFETY: numpy's own loop.
        let real_result = unsafe {
            if scalar == Scalar::F32 {
                loops::unary_single(found.function, found.data, real)
            } else {
                loops::unary_double(found.function, found.data, real)
            }
        };
        self.expect_result(result, real_result, &[(value, real)])?;
        Ok((scalar, result))
    }

    fn binary(&mut self, ufunc: &PyObject, name: &str, x: Operand, y: Operand) -> Result<(Scalar, Value), Abort> {
        if let Some(&(_, operator)) = OPERATORS.iter().find(|(known, _)| *known == name) {
            if operator != operator::AND
                && operator != operator::OR
                && operator != operator::XOR
                && x.kind.promote(y.kind) == Scalar::Bool
            {
                return Err(Abort("a ufunc of bools"));
            }
            return self.compute(operator, x, y);
        }
        if let Some(operator) = COMPARISONS.iter().position(|known| *known == name) {
            return Ok((Scalar::Bool, self.compare_numbers(operator, x, y)?));
        }
        let scalar = x.kind.promote(y.kind);
        if !BINARY.contains(&name) || !scalar.is_float() {
            return Err(Abort("a ufunc of two scalars"));
        }
        let (a, b) = (self.convert(x, scalar)?, self.convert(y, scalar)?);
        // SAFETY: a live ufunc.
        let Some(found) = (unsafe { loops::find(ufunc, 2, scalar, scalar) }) else {
            return Err(Abort("a ufunc's loop"));
        };
        let single = scalar == Scalar::F32;
        let address = if single {
            loops::binary_single as *const () as usize
        } else {
            loops::binary_double as *const () as usize
        };
        let result = self.call_loop(found, address, &[a, b])?;
        let (real_x, real_y) = (x.real.as_f64(), y.real.as_f64());
        // SAFETY: numpy's own loop.
        let real = unsafe {
            if single {
                loops::binary_single(found.function, found.data, real_x, real_y)
            } else {
                loops::binary_double(found.function, found.data, real_x, real_y)
            }
        };
        self.expect_result(result, real, &[(a, real_x), (b, real_y)])?;
        Ok((scalar, result))
    }

    /// A call of an inner loop for one element.
    fn call_loop(&mut self, found: Loop, address: usize, inputs: &[Value]) -> Result<Value, Abort> {
        let info = CallInfo { name: "inner_loop", address, result: Ty::Float, effect: CallEffect::Pure };
        let mut args = vec![self.trace().int(found.function as i64), self.trace().int(found.data as i64)];
        args.extend_from_slice(inputs);
        self.call_runtime(info, &args)
    }

    /// Guards that a function's result is nothing that numpy warns of: it is finite, or an input is not a number.
    fn expect_result(&mut self, result: Value, real: f64, inputs: &[(Value, f64)]) -> Done {
        self.guard_no_underflow()?;
        if real.is_finite() {
            return self.guard_finite(result, Op::GuardTrue);
        }
        if let Some(&(nan, _)) = inputs.iter().find(|(_, real)| real.is_nan()) {
            let is_nan = self.op(Op::FNe, &[nan, nan])?;
            self.guard(Op::GuardTrue, &[is_nan])?;
            return Ok(());
        }
        Err(Abort("a floating-point error"))
    }
}

/// The type in which a function of floats is computed.
fn float_type(kind: Kind) -> Result<Scalar, Abort> {
    match kind.scalar() {
        Scalar::F32 => Ok(Scalar::F32),
        Scalar::F64 | Scalar::I64 | Scalar::I32 | Scalar::U32 => Ok(Scalar::F64),
        // Half precision, or what is not converted here.
        _ => Err(Abort("a ufunc of a small integer")),
    }
}

/// Is it numpy's own `where`?
pub(super) fn is_where(callable: &PyObject) -> bool {
    is_dispatcher(callable, "numpy._core.multiarray", "where")
}

/// Is it the function of that name in one of numpy's own modules?
pub(super) fn is_dispatcher(callable: &PyObject, module: &str, name: &str) -> bool {
    let is_function = callable.ty().full_name() == "numpy._ArrayFunctionDispatcher";
    is_function && own_attribute(module, name).is_some_and(|own| own.is(callable))
}

/// An attribute of a loaded module.
fn own_attribute(module: &str, name: &str) -> Option<ObjRef> {
    let module = sys_state::modules().ok()?.get_str(&PyStr::new(module))?;
    module.downcast_exact::<PyModule>()?.md_dict.get()?.get_str(&PyStr::new(name))
}

/// The name of a ufunc that is computed for arrays.
fn elementwise(name: &str) -> Option<&'static str> {
    let operators = OPERATORS.iter().map(|&(name, _)| name);
    let others = UNARY.iter().chain(BINARY).chain(&COMPARISONS).chain(&["sqrt", "absolute", "negative"]).copied();
    operators.chain(others).find(|known| *known == name)
}

/// The ufunc of that name that numpy itself has.
pub(super) fn own_ufunc(name: &str) -> Option<ObjRef> {
    let found = own_attribute("numpy._core._multiarray_umath", name)?;
    crate::numpy::known()?.is_ufunc(&found).then_some(found)
}
