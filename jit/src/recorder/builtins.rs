//! Calls of built-in functions, types and methods.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::descr::method::PyMethodDescr;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::range::PyRange;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::PyType_Type;

use super::ends::Ends;
use super::special::have_the_same;
use super::state::{Hold, Sym};
use super::values::Number;
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, Inst, Op, Ty};
use crate::runtime::any::is_what_it_says;
use crate::runtime::table::{self, Function};

/// Functions of `math` whose result, if it is finite, is the C function's. (Others raise, or are computed in another way.)
const MATH: &[(&str, Function)] = &[
    ("sin", table::SIN),
    ("cos", table::COS),
    ("tan", table::TAN),
    ("atan", table::ATAN),
    ("exp", table::EXP),
    ("fabs", table::FABS),
];

/// The name of the module of a built-in function.
pub fn module_of(function: &PyCFunction) -> String {
    function
        .m_module
        .get()
        .and_then(|m| m.downcast_exact::<PyStr>().map(|s| s.to_string_lossy().into_owned()))
        .unwrap_or_default()
}

impl Recorder {
    pub(super) unsafe fn call_builtin(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        this: Option<&PyObject>,
        argc: usize,
    ) -> Done {
        if let Some(function) = callable.downcast_exact::<PyCFunction>()
            && this.is_none()
        {
            if function.m_self.as_deref().is_some_and(|this| !PyModule::check(this)) {
                // SAFETY: passed on.
                return unsafe { self.call_bound_native(at, callable, argc) };
            }
            let name = (module_of(function), function.name().to_owned());
            // SAFETY: passed on.
            return unsafe {
                match (name.0.as_str(), name.1.as_str(), argc) {
                    ("builtins", "len", 1) => self.call_len(at, callable),
                    ("builtins", "isinstance", 2) => self.call_isinstance(at, callable),
                    ("builtins", "issubclass", 2) => self.call_issubclass(at, callable),
                    ("builtins", "abs", 1) if is_number(self.real(at, 1)?) => self.call_abs(at, callable),
                    ("builtins", "ord", 1) if PyStr::check_exact(self.real(at, 1)?) => self.call_ord(at, callable),
                    ("builtins", "min" | "max", 2) if self.are_alike(at)? => {
                        self.call_min_max(at, callable, name.1 == "max")
                    }
                    ("builtins", "getattr", 2 | 3) => self.call_getattr(at, callable, argc, false),
                    ("builtins", "hasattr", 2) => self.call_getattr(at, callable, argc, true),
                    ("math", "sqrt", 1) if is_number(self.real(at, 1)?) => self.call_sqrt(at, callable),
                    (module, text, _) => match MATH.iter().find(|f| f.0 == text && module == "math" && argc == 1) {
                        Some(&(_, math)) if is_number(self.real(at, 1)?) => self.call_math(at, callable, math),
                        _ => self.call_native_function(at, callable, (module, text), argc),
                    },
                }
            };
        }
        // SAFETY: passed on.
        if unsafe { self.call_reduction(at, callable, this.is_some(), argc)? } {
            return Ok(());
        }
        if let Some(method) = callable.downcast_exact::<PyMethodDescr>()
            && let Some(this) = this
            && this.ty().is_subtype(&method.d_type)
        {
            let name = method.d_name.to_string_lossy().into_owned();
            // SAFETY: passed on.
            return unsafe { self.call_native_method(at, callable, (&method.d_type, &name), this, argc) };
        }
        // SAFETY: passed on.
        if this.is_none() && unsafe { self.call_ufunc(at, callable, argc)? } {
            return Ok(());
        }
        Err(Abort("a callable of this type"))
    }

    /// Classes whose call is computed here: `int(x)`, `float(x)`, `type(x)`.
    pub(super) unsafe fn call_known_type(&mut self, at: Registers<'_>, ty: &PyTypeObject, argc: usize) -> Done {
        if core::ptr::eq(ty, PyRange::type_object()) && (argc == 1 || argc == 2) {
            // SAFETY: passed on.
            return unsafe { self.call_range(at, ty, argc) };
        }
        let of = |other: &PyTypeObject| core::ptr::eq(ty, other);
        if argc == 1 && of(&PyType_Type) {
            // SAFETY: passed on.
            return unsafe { self.call_type_of(at, ty) };
        }
        if argc == 1 && of(super::values::bool_type()) {
            // SAFETY: passed on.
            return unsafe { self.call_bool(at, ty) };
        }
        // SAFETY: the real operand.
        let number = argc == 1 && is_number(unsafe { self.real(at, 1)? });
        if !number || !(of(PyInt::type_object()) || of(PyFloat::type_object())) {
            // SAFETY: passed on.
            return unsafe { self.call_native_class(at, ty, argc) };
        }
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let number = self.number_like(sym, real)?;
        let result = if core::ptr::eq(ty, PyFloat::type_object()) {
            let Some(number) = number else { return Err(Abort("float of an object")) };
            Sym::Float(self.float_of(number)?)
        } else if core::ptr::eq(ty, PyInt::type_object()) {
            match number {
                Some(Number::Int(value)) => Sym::Int(value),
                Some(Number::Float(value)) => {
                    let limit = self.trace().float(4.0e18);
                    let magnitude = self.op(Op::FAbs, &[value])?;
                    let fits = self.op(Op::FLt, &[magnitude, limit])?;
                    self.guard(Op::GuardTrue, &[fits])?;
                    Sym::Int(self.op(Op::FloatToInt, &[value])?)
                }
                None => return Err(Abort("int of an object")),
            }
        } else {
            return Err(Abort("a call of a built-in class"));
        };
        // SAFETY: passed on.
        unsafe { self.finish_call(at, ty.as_object(), 1, result) }
    }

    /// `range(stop)`, `range(start, stop)`.
    unsafe fn call_range(&mut self, at: Registers<'_>, ty: &PyTypeObject, argc: usize) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let stop = self.int(sym, real)?.ok_or(Abort("range of an object"))?;
        let start = if argc == 2 {
            // SAFETY: the real operand.
            let real = unsafe { self.real(at, 2)? };
            let sym = self.peek(2)?;
            self.int(sym, real)?.ok_or(Abort("range of an object"))?
        } else {
            self.trace().int(0)
        };
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(value, ty.as_object())?;
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_call_end(at, argc)? };
        let range = self.call_runtime(table::NEW_RANGE, &[start, stop])?;
        self.end_call(argc, ends, Sym::Obj { value: range, hold: Hold::Owned })
    }

    /// Guards how the operands of a call end.
    pub(super) unsafe fn expect_call_end(&mut self, at: Registers<'_>, argc: usize) -> Result<Ends, Abort> {
        // SAFETY: passed on; below the arguments are the callable and a receiver or nothing.
        unsafe { self.expect_ends(at, argc + 2) }
    }

    /// Replaces a call's operands by its result.
    pub(super) fn end_call(&mut self, argc: usize, ends: Ends, result: Sym) -> Done {
        for _ in 0..argc + 2 {
            self.pop()?;
        }
        self.push(result);
        self.release_all(ends)?;
        Ok(())
    }

    /// The callable was guarded: replaces the call by its result.
    pub(super) unsafe fn finish_call(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        argc: usize,
        result: Sym,
    ) -> Done {
        let Sym::Obj { value, .. } = self.peek(argc + 2)? else { return Err(Abort("a callable")) };
        self.guard_is(value, callable)?;
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_call_end(at, argc)? };
        self.end_call(argc, ends, result)
    }

    unsafe fn call_len(&mut self, at: Registers<'_>, callable: &PyObject) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Sym::Obj { value, .. } = self.peek(1)? else { return Err(Abort("len of a number")) };
        if let Some(length) = self.array_length(value, real)? {
            // SAFETY: passed on.
            return unsafe { self.finish_call(at, callable, 1, Sym::Int(length)) };
        }
        let Some(size) = self.native_length(value, real)? else {
            // SAFETY: passed on.
            return unsafe { self.special_len(at, callable, value, real) };
        };
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, 1, Sym::Int(size)) }
    }

    /// `type(x)`: a constant, behind a guard, if there are not many.
    unsafe fn call_type_of(&mut self, at: Registers<'_>, ty: &PyTypeObject) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        if let Sym::Obj { value, .. } = self.peek(1)? {
            if self.has_many_types(at, value, real) {
                // SAFETY: passed on.
                return unsafe { self.call_type_of_any(at, ty, value) };
            }
            self.guard_type(value, real.ty())?;
        }
        let class = self.constant_object(real.ty().as_object());
        // SAFETY: passed on.
        unsafe { self.finish_call(at, ty.as_object(), 1, Sym::Obj { value: class, hold: Hold::Constant }) }
    }

    /// `bool(x)`.
    unsafe fn call_bool(&mut self, at: Registers<'_>, ty: &PyTypeObject) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let truth = self.truth(sym, real)?;
        // SAFETY: passed on.
        unsafe { self.finish_call(at, ty.as_object(), 1, Sym::Bool(truth)) }
    }

    /// The classes that the second argument of `isinstance` and `issubclass` names, which is guarded.
    unsafe fn classes<'a>(&mut self, at: Registers<'a>) -> Result<Vec<&'a PyTypeObject>, Abort> {
        // SAFETY: the real operand.
        let real: &'a PyObject = unsafe { self.real(at, 1)? };
        let Sym::Obj { value, .. } = self.peek(1)? else { return Err(Abort("no class")) };
        let named: Vec<&'a PyObject> = match real.downcast_exact::<PyTuple>() {
            Some(tuple) => {
                // A tuple never changes.
                if !value.is_const() {
                    self.guard_type(value, PyTuple::type_object())?;
                    let length = self.length(value, Class::Fixed)?;
                    let count = self.trace().int(tuple.len() as i64);
                    self.guard(Op::GuardIs, &[length, count])?;
                    for (i, item) in tuple.items().iter().enumerate() {
                        let access = Access::word(Class::Fixed, rpy_vm::layout::TUPLE_ITEMS + 8 * i);
                        let class = self.emit(Inst::load(Ty::Obj, value, access))?;
                        self.guard_is(class, item)?;
                    }
                }
                tuple.items().to_vec()
            }
            None => {
                self.guard_is(value, real)?;
                vec![real]
            }
        };
        let classes: Option<Vec<&'a PyTypeObject>> = named.into_iter().map(|class| class.downcast_ref()).collect();
        classes.ok_or(Abort("no class"))
    }

    /// Is one of the classes a base of `ty`? `check` is the method with which a metaclass may decide otherwise; for `exact`, no class is
    /// asked whether it is a base of itself.
    fn is_derived(
        &mut self,
        ty: &PyTypeObject,
        classes: &[&PyTypeObject],
        check: &PyStr,
        exact: bool,
    ) -> Result<bool, Abort> {
        for class in classes {
            if exact && core::ptr::eq(*class, ty) {
                return Ok(true);
            }
            let metaclass = class.as_object().ty();
            if !have_the_same(metaclass, &PyType_Type, check) {
                return Err(self.abort_on("a class with a say in what is derived from it of", class.as_object()));
            }
            self.guard_metaclass(class)?;
            if ty.is_subtype(class) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    unsafe fn call_isinstance(&mut self, at: Registers<'_>, callable: &PyObject) -> Done {
        // SAFETY: the real operands.
        let (object, classes) = unsafe { (self.real(at, 2)?, self.classes(at)?) };
        match self.peek(2)? {
            Sym::Obj { value, .. } if self.has_many_types(at, value, object) => {
                // SAFETY: passed on.
                return unsafe { self.call_derived_from_any(at, callable, &classes, value, false) };
            }
            Sym::Obj { value, .. } => {
                self.guard_type(value, object.ty())?;
                if object.ty().as_heap().is_some() {
                    self.guard_version(object.ty())?;
                }
            }
            Sym::Int(_) | Sym::Float(_) | Sym::Bool(_) | Sym::Scalar(..) => {}
            Sym::Null | Sym::Memory | Sym::Lazy(_) => return Err(Abort("isinstance")),
        }
        let result = self.is_derived(object.ty(), &classes, rpy_vm::intern!("__instancecheck__"), true)?;
        // `__class__` is asked, too.
        if !result && !is_what_it_says(object.ty()) {
            return Err(Abort("isinstance of an object with a class of its own"));
        }
        let result = self.trace().bool(result);
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, 2, Sym::Bool(result)) }
    }

    unsafe fn call_issubclass(&mut self, at: Registers<'_>, callable: &PyObject) -> Done {
        // SAFETY: the real operands.
        let (object, classes) = unsafe { (self.real(at, 2)?, self.classes(at)?) };
        let Some(class) = object.downcast_ref::<PyTypeObject>() else { return Err(Abort("issubclass of no class")) };
        let Sym::Obj { value, .. } = self.peek(2)? else { return Err(Abort("issubclass of a number")) };
        if self.has_many_classes(at, value, class) {
            // SAFETY: passed on.
            return unsafe { self.call_derived_from_any(at, callable, &classes, value, true) };
        }
        self.guard_is(value, object)?;
        if class.as_heap().is_some() {
            self.guard_version(class)?;
        }
        let result = self.is_derived(class, &classes, rpy_vm::intern!("__subclasscheck__"), false)?;
        let result = self.trace().bool(result);
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, 2, Sym::Bool(result)) }
    }

    /// Are the two operands on top ints, or floats, and no bools?
    unsafe fn are_alike(&self, at: Registers<'_>) -> Result<bool, Abort> {
        // SAFETY: the real operands.
        let (a, b) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let both = |check: fn(&PyObject) -> bool| check(a) && check(b);
        Ok(both(PyFloat::check_exact) || both(is_small))
    }

    unsafe fn call_abs(&mut self, at: Registers<'_>, callable: &PyObject) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        if let Some((scalar, value)) = self.scalar(sym, real)? {
            let result = self.scalar_abs(scalar, value, real)?;
            // SAFETY: passed on.
            return unsafe { self.finish_call(at, callable, 1, result) };
        }
        let result = match self.number(sym, real)? {
            Some(Number::Float(value)) => Sym::Float(self.op(Op::FAbs, &[value])?),
            Some(Number::Int(value)) => {
                let zero = self.trace().int(0);
                let negative = self.op(Op::Lt, &[value, zero])?;
                if rpy_vm::protocol::number::as_isize(real, None).unwrap_or(0) < 0 {
                    self.guard(Op::GuardTrue, &[negative])?;
                    Sym::Int(self.guard(Op::SubOvf, &[zero, value])?)
                } else {
                    self.guard(Op::GuardFalse, &[negative])?;
                    Sym::Int(value)
                }
            }
            None => return Err(Abort("abs of an object")),
        };
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, 1, result) }
    }

    unsafe fn call_ord(&mut self, at: Registers<'_>, callable: &PyObject) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Some(text) = real.downcast_exact::<PyStr>() else { return Err(Abort("ord of this type")) };
        if text.len() != 1 {
            return Err(Abort("ord of a string of another length"));
        }
        let Sym::Obj { value, .. } = self.peek(1)? else { return Err(Abort("ord of a number")) };
        self.guard_type(value, PyStr::type_object())?;
        let length = self.length(value, Class::Fixed)?;
        let one = self.trace().int(1);
        self.guard(Op::GuardIs, &[length, one])?;
        let code = self.call_runtime(table::STR_ORD, &[value])?;
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, 1, Sym::Int(code)) }
    }

    unsafe fn call_min_max(&mut self, at: Registers<'_>, callable: &PyObject, max: bool) -> Done {
        // SAFETY: the real operands.
        let (first, second) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let (a, b) = (self.peek(2)?, self.peek(1)?);
        // The second one wins only if it is really less (or greater).
        let (chosen, second_wins) = match (self.number(a, first)?, self.number(b, second)?) {
            (Some(Number::Int(x)), Some(Number::Int(y))) => {
                (None, Some((self.op(if max { Op::Gt } else { Op::Lt }, &[y, x])?, Sym::Int(x), Sym::Int(y))))
            }
            (Some(Number::Float(x)), Some(Number::Float(y))) => {
                (None, Some((self.op(if max { Op::FGt } else { Op::FLt }, &[y, x])?, Sym::Float(x), Sym::Float(y))))
            }
            _ => (Some(()), None),
        };
        let (None, Some((condition, x, y))) = (chosen, second_wins) else {
            return Err(Abort("min or max of unlike objects"));
        };
        if rpy_vm::types::bool_::is_bool(first) || rpy_vm::types::bool_::is_bool(second) {
            return Err(Abort("min or max of bools"));
        }
        let order = rpy_vm::protocol::object::rich_compare_bool(
            second,
            first,
            if max { rpy_vm::object::CompareOp::Gt } else { rpy_vm::object::CompareOp::Lt },
        )
        .map_err(|_| Abort("a comparison"))?;
        self.guard(if order { Op::GuardTrue } else { Op::GuardFalse }, &[condition])?;
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, 2, if order { y } else { x }) }
    }

    unsafe fn call_sqrt(&mut self, at: Registers<'_>, callable: &PyObject) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let Some(number) = self.number_like(sym, real)? else { return Err(Abort("sqrt of an object")) };
        let value = self.float_of(number)?;
        let zero = self.trace().float(0.0);
        let fits = self.op(Op::FGe, &[value, zero])?;
        self.guard(Op::GuardTrue, &[fits])?;
        let root = self.op(Op::FSqrt, &[value])?;
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, 1, Sym::Float(root)) }
    }

    unsafe fn call_math(&mut self, at: Registers<'_>, callable: &PyObject, math: Function) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let sym = self.peek(1)?;
        let Some(number) = self.number_like(sym, real)? else { return Err(Abort("a function of an object")) };
        let value = self.float_of(number)?;
        let result = self.call_runtime(math, &[value])?;
        let magnitude = self.op(Op::FAbs, &[result])?;
        let infinity = self.trace().float(f64::INFINITY);
        let finite = self.op(Op::FLt, &[magnitude, infinity])?;
        self.guard(Op::GuardTrue, &[finite])?;
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, 1, Sym::Float(result)) }
    }
}

/// Is it a float, or an int of a word?
fn is_number(object: &PyObject) -> bool {
    PyFloat::check_exact(object) || rpy_vm::types::bool_::is_bool(object) || is_small(object)
}

/// An int of a word.
fn is_small(object: &PyObject) -> bool {
    object.downcast_exact::<PyInt>().is_some_and(|int| int.medium_value().is_some())
}
