//! Instructions that call special methods of Python classes, which are followed.
//!
//! The method is what the class has now. Where it declines (`NotImplemented`), the interpreter goes on in the frame between (see
//! the VM's `ops::special`); so may it where the trace ends inside of the method.

use rpy_vm::interp::ops::special::Special;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::object::slots::CompareOp;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::protocol::operators::{INPLACE, Stage, comparison_method, operator};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::object::PyBaseObject_Type;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::lookup::lookup;

use super::enter::Follow;
use super::state::{Hold, Sym};
use super::{Abort, Done, Recorder};
use crate::detour::Detour;
use crate::ir::{Class, Op, Value};
use crate::runtime::table;

/// Units of the instructions, their caches included.
pub mod units {
    pub const BINARY_OP: u16 = 6;
    pub const COMPARE_OP: u16 = 2;
    pub const CONTAINS_OP: u16 = 2;
    pub const TO_BOOL: u16 = 4;
    pub const STORE_SUBSCR: u16 = 2;
    pub const GET_ITER: u16 = 1;
    pub const BINARY_SLICE: u16 = 1;
    pub const UNARY: u16 = 1;
    pub const CALL: u16 = 4;
}

/// The Python function that a class has under a name.
pub fn function<'a>(ty: &'a PyTypeObject, name: &PyStr) -> Option<&'a PyFunction> {
    lookup(ty, name)?.downcast_exact::<PyFunction>()
}

/// Do two classes have the same thing under a name, or both nothing?
pub fn have_the_same(a: &PyTypeObject, b: &PyTypeObject, name: &PyStr) -> bool {
    match (lookup(a, name), lookup(b, name)) {
        (Some(a), Some(b)) => a.is(b),
        (None, None) => true,
        _ => false,
    }
}

/// Is the object of a class, or of one derived from it that has the same methods under these names?
pub fn is_like(object: &PyObject, base: &PyTypeObject, names: &[&PyStr]) -> bool {
    let ty = object.ty();
    core::ptr::eq(ty, base) || (ty.is_subtype(base) && names.iter().all(|name| have_the_same(ty, base, name)))
}

/// Where an instance of a class derived from a built-in one keeps its number of items, if that is what `len` says, and truth goes by it.
fn inherited_length(object: &PyObject) -> Option<Class> {
    let names = [rpy_vm::intern!("__len__"), rpy_vm::intern!("__bool__")];
    let is = |base: &PyTypeObject| is_like(object, base, &names);
    if is(PyList::type_object()) {
        Some(Class::ListHeader)
    } else if is(PyTuple::type_object()) || is(PyStr::type_object()) || is(PyBytes::type_object()) {
        Some(Class::Fixed)
    } else if is(PyDict::type_object()) {
        Some(Class::Dict)
    } else {
        None
    }
}

impl Recorder {
    /// `len(x)` of an instance of a class derived from a built-in one, whose method it has.
    fn inherited_length(&mut self, value: Value, real: &PyObject) -> Result<Option<Value>, Abort> {
        let Some(class) = inherited_length(real) else { return Ok(None) };
        self.guard_type(value, real.ty())?;
        self.guard_version_if_heap(real.ty())?;
        self.length(value, class).map(Some)
    }

    /// The truth of an object of a class without a say in it, or with that of a built-in one.
    pub(super) fn truth_by_class(&mut self, value: Value, real: &PyObject) -> Result<Value, Abort> {
        if let Some(size) = self.inherited_length(value, real)? {
            let zero = self.trace().int(0);
            return self.op(Op::Ne, &[size, zero]);
        }
        let ty = real.ty();
        let decides = ty.as_number().is_some_and(|n| n.nb_bool.get().is_some())
            || ty.as_mapping().is_some_and(|m| m.mp_length.get().is_some())
            || ty.as_sequence().is_some_and(|s| s.sq_length.get().is_some());
        if decides {
            return Err(self.abort_on("the truth of", real));
        }
        self.guard_type(value, ty)?;
        self.guard_version_if_heap(ty)?;
        Ok(self.trace().bool(true))
    }

    /// A binary operator, one of whose operands is an instance of a Python class.
    pub(super) unsafe fn special_operator(
        &mut self,
        at: Registers<'_>,
        number: usize,
        left: &PyObject,
        right: &PyObject,
    ) -> Done {
        let Some(methods) = operator(number) else { return Err(Abort("an operator")) };
        let (a, b) = (left.ty(), right.ty());
        let sequence = |ty: &PyTypeObject| {
            ty.as_sequence().is_some_and(|s| s.sq_concat.get().is_some() || s.sq_repeat.get().is_some())
        };
        let plain = if number >= INPLACE { number - INPLACE } else { number };
        if matches!(plain, super::arith::operator::ADD | super::arith::operator::MULTIPLY)
            && (sequence(a) || sequence(b))
        {
            return Err(self.abort_on("an operator on", left));
        }
        let same = core::ptr::eq(a, b);
        let in_place = (number >= INPLACE).then(|| lookup(a, methods.in_place)).flatten();
        // A class derived from the other operand's, with a method of its own, comes first.
        let right_first = !same && b.is_subtype(a) && !have_the_same(a, b, methods.reflected);
        let (function, stage) = if let Some(method) = in_place {
            // Its slot has a third operand.
            let power = plain == super::arith::operator::POWER;
            (method.downcast_exact::<PyFunction>().filter(|_| !power), Stage::InPlace)
        } else if let Some(function) = function(a, methods.method) {
            (Some(function).filter(|_| !right_first), Stage::Left)
        } else {
            // Numbers decline what is no number; an instance of a class derived from theirs is one.
            let number = b.is_subtype(PyInt::type_object()) || b.is_subtype(PyFloat::type_object());
            let declines = lookup(a, methods.method).is_none() || (super::values::is_number(left) && !number);
            (function(b, methods.reflected).filter(|_| declines && !same), Stage::Right)
        };
        let Some(function) = function else { return Err(self.abort_on("an operator on", left)) };
        self.guard_class(2, a)?;
        self.guard_class(1, b)?;
        let special = Special::Binary { operator: number as u8, stage };
        let call = Follow {
            function,
            args: if stage == Stage::Right { &[1, 2] } else { &[2, 1] },
            special: Some((special, &[2, 1])),
            pops: 2,
            offset: units::BINARY_OP,
        };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call) }
    }

    /// A comparison by a method of the left operand.
    pub(super) unsafe fn special_comparison(
        &mut self,
        at: Registers<'_>,
        arg: usize,
        left: &PyObject,
        right: &PyObject,
    ) -> Done {
        let op = CompareOp::from_c((arg >> 5) as i32);
        let truth = arg & 16 != 0;
        let (a, b) = (left.ty(), right.ty());
        if !core::ptr::eq(a, b) && b.is_subtype(a) {
            return Err(self.abort_on("a comparison with", right));
        }
        let name = comparison_method(op);
        let (function, special) = match function(a, name) {
            Some(function) => (function, Special::Compare { op, truth }),
            None => match function(a, comparison_method(CompareOp::Eq)) {
                Some(function) if op == CompareOp::Ne && have_the_same(a, &PyBaseObject_Type, name) => {
                    (function, Special::NotEqual { truth })
                }
                _ => return Err(self.abort_on("a comparison of", left)),
            },
        };
        self.guard_class(2, a)?;
        self.guard_class(1, b)?;
        let call =
            Follow { function, args: &[2, 1], special: Some((special, &[2, 1])), pops: 2, offset: units::COMPARE_OP };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call) }
    }

    /// `TO_BOOL` of an object that is asked. False: it is not.
    pub(super) unsafe fn special_truth(&mut self, at: Registers<'_>, real: &PyObject) -> Result<bool, Abort> {
        let ty = real.ty();
        if ty.as_heap().is_none() {
            return Ok(false);
        }
        let (function, special) = match lookup(ty, rpy_vm::intern!("__bool__")) {
            Some(method) => (method.downcast_exact::<PyFunction>(), Special::Truth),
            None => (function(ty, rpy_vm::intern!("__len__")), Special::TruthOfLength),
        };
        let Some(function) = function else { return Ok(false) };
        self.guard_class(1, ty)?;
        let call = Follow { function, args: &[1], special: Some((special, &[1])), pops: 1, offset: units::TO_BOOL };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call)? };
        Ok(true)
    }

    /// A unary operator of an instance of a Python class.
    pub(super) unsafe fn special_unary(&mut self, at: Registers<'_>, real: &PyObject, name: &PyStr) -> Done {
        let Some(function) = function(real.ty(), name) else {
            return Err(self.abort_on("a unary operator on", real));
        };
        self.guard_class(1, real.ty())?;
        let call = Follow { function, args: &[1], special: None, pops: 1, offset: units::UNARY };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call) }
    }

    /// `item in container`, by `__contains__`. False: the container has no such function.
    pub(super) unsafe fn special_contains(
        &mut self,
        at: Registers<'_>,
        invert: usize,
        container: &PyObject,
    ) -> Result<bool, Abort> {
        let Some(function) = function(container.ty(), rpy_vm::intern!("__contains__")) else { return Ok(false) };
        self.guard_class(1, container.ty())?;
        let special = Special::Contains { invert: invert != 0 };
        let call =
            Follow { function, args: &[1, 2], special: Some((special, &[2, 1])), pops: 2, offset: units::CONTAINS_OP };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call)? };
        Ok(true)
    }

    /// `len(x)`, by `__len__`: the stack is that of a call.
    pub(super) unsafe fn special_len(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        object: Value,
        real: &PyObject,
    ) -> Done {
        if let Some(size) = self.inherited_length(object, real)? {
            // SAFETY: passed on.
            return unsafe { self.finish_call(at, callable, 1, Sym::Int(size)) };
        }
        let Some(function) = function(real.ty(), rpy_vm::intern!("__len__")) else {
            return Err(self.abort_on("len of", real));
        };
        let Sym::Obj { value, .. } = self.peek(3)? else { return Err(Abort("a callable")) };
        self.guard_is(value, callable)?;
        self.guard_class(1, real.ty())?;
        let call =
            Follow { function, args: &[1], special: Some((Special::Length, &[1])), pops: 3, offset: units::CALL };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call) }
    }

    /// `container[key]`, by `__getitem__`.
    pub(super) unsafe fn special_getitem(&mut self, at: Registers<'_>, container: &PyObject) -> Done {
        let Some(function) = function(container.ty(), rpy_vm::intern!("__getitem__")) else {
            return Err(self.abort_on("a subscript of", container));
        };
        self.guard_class(2, container.ty())?;
        let call = Follow { function, args: &[2, 1], special: None, pops: 2, offset: units::BINARY_OP };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call) }
    }

    /// `container[start:stop]`, by `__getitem__`: the slice object is made for it. False: there is no such function.
    pub(super) unsafe fn special_slice(&mut self, at: Registers<'_>, container: &PyObject) -> Result<bool, Abort> {
        let Some(function) = function(container.ty(), rpy_vm::intern!("__getitem__")) else { return Ok(false) };
        // SAFETY: the real operands.
        let (start, stop) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        self.guard_class(3, container.ty())?;
        let entry = self.expect_enter(function, 2, &[])?;
        let (a, b, none) = (self.materialize(2)?, self.materialize(1)?, self.nothing);
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_ends(at, 2)? };
        let slice = self.call_runtime(table::NEW_SLICE, &[a, b, none])?;
        self.conclude(2, ends, None)?;
        let container_word = self.pop()?;
        self.enter(entry, &[container_word, Sym::Obj { value: slice, hold: Hold::Owned }], units::BINARY_SLICE)?;
        let real = PySlice::new(Some(start.new_ref()), Some(stop.new_ref()), None);
        self.detour = Some(Detour {
            function: function.to_ref(),
            args: vec![container.new_ref(), real.into_obj()],
            names: Vec::new(),
            between: None,
            pops: 3,
            offset: units::BINARY_SLICE,
        });
        Ok(true)
    }

    /// `container[key] = value`, by `__setitem__`.
    pub(super) unsafe fn special_setitem(&mut self, at: Registers<'_>, container: &PyObject) -> Done {
        let Some(function) = function(container.ty(), rpy_vm::intern!("__setitem__")) else {
            return Err(self.abort_on("a store into", container));
        };
        self.guard_class(2, container.ty())?;
        let call = Follow {
            function,
            args: &[2, 1, 3],
            special: Some((Special::Nothing, &[3, 2, 1])),
            pops: 3,
            offset: units::STORE_SUBSCR,
        };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call) }
    }

    /// `iter(x)`, by `__iter__`. False: there is no such function.
    pub(super) unsafe fn special_iter(&mut self, at: Registers<'_>, real: &PyObject) -> Result<bool, Abort> {
        let Some(function) = function(real.ty(), rpy_vm::intern!("__iter__")) else { return Ok(false) };
        self.guard_class(1, real.ty())?;
        let call =
            Follow { function, args: &[1], special: Some((Special::Iterator, &[1])), pops: 1, offset: units::GET_ITER };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call)? };
        Ok(true)
    }
}
