//! Operators, comparisons and ufuncs on arrays: they become parts of expressions ([`super::chain`]).

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;

use super::chain::COMPUTE;
use super::elements::Header;
use super::plan::{Input, Operand};
use super::{Abort, Kind, Recorder};
use crate::ir::Scalar;
use crate::numpy::arrays::Array;
use crate::numpy::fuse::cut::Strided;
use crate::numpy::fuse::own;
use crate::numpy::fuse::space::Space;
use crate::numpy::loops;
use crate::recorder::arith::operator;
use crate::recorder::state::Sym;

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

/// Is it exactly an array?
pub(super) fn is_array(object: &PyObject) -> bool {
    crate::numpy::see(object.ty()).is_some_and(|numpy| numpy.is_array(object))
}

impl Recorder {
    /// Makes the operands on top a node of the chain: `ufunc` of them, or `where` of them if there is none. What it holds; `None` if it is
    /// numpy's.
    unsafe fn elementwise(
        &mut self,
        at: Registers<'_>,
        ufunc: Option<&PyObject>,
        name: &'static str,
        arity: usize,
    ) -> Result<Option<Scalar>, Abort> {
        if self.is_hopeless() {
            return Ok(None);
        }
        // The first operand of `where` is of a type of its own.
        let chosen = usize::from(ufunc.is_none());
        let mut found: Vec<(&PyObject, Option<Header<'_>>)> = Vec::with_capacity(arity);
        for n in (1..=arity).rev() {
            // SAFETY: the real operand.
            let real = unsafe { self.real(at, n)? };
            found.push((real, Header::of(real).filter(|header| header.strided().is_some())));
        }
        let headers = found.iter().filter_map(|(_, header)| *header);
        let all: Vec<_> = headers.filter_map(|header| Some((header.strided()?, header.width()))).collect();
        let Some(space) = Space::of(&all) else { return Ok(None) };
        // The type in which it is computed.
        let mut kind: Option<Kind> = None;
        let mut numbers = vec![None; arity];
        for (i, (real, header)) in found.iter().enumerate() {
            let own = match header {
                Some(header) => Kind::Scalar(header.scalar),
                None => {
                    let sym = self.peek(arity - i)?;
                    let Some(operand) = self.operand(sym, real)? else { return Ok(None) };
                    numbers[i] = Some(operand);
                    operand.kind
                }
            };
            if i < chosen {
                if own != Kind::Scalar(Scalar::Bool) || header.is_none() {
                    return Ok(None);
                }
                continue;
            }
            kind = Some(kind.map_or(own, |kind| match (kind, own) {
                // Numbers of Python alone.
                (Kind::Int | Kind::Float | Kind::Bool, _) if kind == own => kind,
                _ => Kind::Scalar(kind.promote(own)),
            }));
        }
        let Some(kind) = kind else { return Ok(None) };
        let input = match kind.scalar() {
            integer if name == "divide" && !integer.is_float() => Scalar::F64,
            other => other,
        };
        let output = if COMPARISONS.contains(&name) { Scalar::Bool } else { input };
        if arity == 1 && !input.is_float() {
            return Ok(None);
        }
        let step = match ufunc {
            // SAFETY: a live ufunc.
            Some(ufunc) => match unsafe { loops::find(ufunc, arity, input, output) } {
                Some(step) => step,
                None => return Ok(None),
            },
            None => own::choose(input),
        };
        let mut operands = Vec::with_capacity(arity);
        for (i, (_, header)) in found.iter().enumerate() {
            let to = if i < chosen { Scalar::Bool } else { input };
            let from = header.map_or(to, |header| header.scalar);
            if from != to && own::cast(from, to).is_none() {
                return Ok(None);
            }
            let input = match (self.peek(arity - i)?, numbers[i]) {
                (_, Some(operand)) => match self.as_double(operand, to)? {
                    Some(value) => Input::Number(value),
                    None => return Ok(None),
                },
                (Sym::Lazy(node), None) => {
                    // What is stretched is computed once.
                    let is_whole = header.is_some_and(|header| header.has_shape(space.shape()));
                    if self.is_step(node) && !is_whole {
                        return Err(COMPUTE);
                    }
                    Input::Node(node)
                }
                (Sym::Obj { value, .. }, None) => Input::Array(value),
                _ => return Ok(None),
            };
            operands.push(Operand { input, from, to });
        }
        self.chain_node(name, step, operands, output, space.count() * output.width().bytes())?;
        Ok(Some(output))
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
        unsafe {
            if in_place && is_array(self.real(at, 2)?) {
                return self.array_update(at, name);
            }
            self.array_operation(at, name)
        }
    }

    /// `a op b` with an array, for the operators of `COMPARE_OP`. False if it is not done here.
    pub(in crate::recorder) unsafe fn array_comparison(
        &mut self,
        at: Registers<'_>,
        operator: usize,
    ) -> Result<bool, Abort> {
        // SAFETY: passed on.
        unsafe { self.array_operation(at, COMPARISONS[operator.min(5)]) }
    }

    unsafe fn array_operation(&mut self, at: Registers<'_>, name: &'static str) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (left, right) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        if !is_array(left) && !is_array(right) {
            return Ok(false);
        }
        let Some(ufunc) = super::ufuncs::own_ufunc(name) else { return Ok(false) };
        // SAFETY: passed on.
        if unsafe { self.elementwise(at, Some(&ufunc), name, 2)? }.is_none() {
            return Ok(false);
        }
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, 2)? };
        self.chain_result(2, ends)?;
        Ok(true)
    }

    /// `a op= b` of an array, which is computed at once.
    unsafe fn array_update(&mut self, at: Registers<'_>, name: &'static str) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let left = unsafe { self.real(at, 2)? };
        let header = Header::of(left).filter(|header| header.strided().is_some());
        let Sym::Obj { value: target, .. } = self.peek(2)? else { return Ok(false) };
        let Some(ufunc) = super::ufuncs::own_ufunc(name).filter(|_| header.is_some()) else { return Ok(false) };
        // SAFETY: passed on.
        let output = unsafe { self.elementwise(at, Some(&ufunc), name, 2)? };
        if output.is_none() || output != header.map(|header| header.scalar) {
            self.forget_node();
            return Ok(false);
        }
        // SAFETY: the real operand.
        let end = self.peek_raw(1)?;
        let end = self.expect_release(end, unsafe { self.real(at, 1)? })?;
        self.chain_update(target, end)
    }

    /// `-a` of an array. False if it is not done here.
    pub(in crate::recorder) unsafe fn array_negative(&mut self, at: Registers<'_>) -> Result<bool, Abort> {
        // SAFETY: the real operand.
        if !is_array(unsafe { self.real(at, 1)? }) {
            return Ok(false);
        }
        let Some(ufunc) = super::ufuncs::own_ufunc("negative") else { return Ok(false) };
        // SAFETY: passed on; the real operand.
        unsafe {
            if self.elementwise(at, Some(&ufunc), "negative", 1)?.is_none() {
                return Ok(false);
            }
            let ends = self.expect_ends(at, 1)?;
            self.chain_result(1, ends)?;
        }
        Ok(true)
    }

    /// A call of a ufunc, or of `where`, with arrays. False if it is not done here.
    pub(super) unsafe fn call_elementwise(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        name: &'static str,
        argc: usize,
        is_ufunc: bool,
    ) -> Result<bool, Abort> {
        let Sym::Obj { value: callee, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        // SAFETY: passed on; the real operands.
        unsafe {
            if self.elementwise(at, is_ufunc.then_some(callable), name, argc)?.is_none() {
                return Ok(false);
            }
            self.guard_is(callee, callable)?;
            let ends = self.expect_call_end(at, argc)?;
            self.chain_result(argc + 2, ends)?;
        }
        Ok(true)
    }
}

impl Header<'_> {
    /// Where its elements are. `None` if the runtime does not compute with such arrays.
    pub(super) fn strided(&self) -> Option<Strided> {
        // SAFETY: a live array.
        let array = unsafe { Array::new(self.object) };
        (self.ndim > 0).then(|| array.strided())?
    }

    /// How many bytes an element has.
    pub(super) fn width(&self) -> usize {
        self.scalar.width().bytes()
    }

    fn has_shape(&self, shape: &[isize]) -> bool {
        // SAFETY: a live array.
        unsafe { Array::new(self.object) }.shape() == shape
    }
}
