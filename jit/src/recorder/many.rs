//! Instructions that meet objects of many classes.
//!
//! What an instruction does with an object is recorded for the object's class, behind a guard. Where objects of many classes come, each of
//! those guards would be followed by a side trace for each class, and so would what comes after. So an instruction that has met several
//! takes classes as they come, and lets the runtime look: at what `type(x)` is, whether it is derived from another one, which attribute
//! or method it has.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::type_::PyType_Type;
use rpy_vm::types::type_::lookup::lookup;
use rpy_vm::types::type_::new::is_managed_dict;

use super::special::have_the_same;
use super::state::{Hold, Sym};
use super::{Abort, Done, Recorder};
use crate::ir::Value;
use crate::runtime::any::{find_attribute, find_method, has_plain_lookup};
use crate::runtime::table;

/// So many classes are told apart at one instruction; and so many that it calls, since what they do becomes part of the trace.
const MOST: usize = 4;
const MOST_CALLED: usize = 8;

impl Recorder {
    /// Has the instruction met too many classes of objects to guard that of this one? Not where it is known anyway.
    pub(super) fn has_many_types(&mut self, at: Registers<'_>, object: Value, real: &PyObject) -> bool {
        if object.is_const() || self.builder.known_type(object).is_some() {
            return false;
        }
        self.has_met_many_classes(at, real.ty(), MOST)
    }

    /// The same of a class that it looks at.
    pub(super) fn has_many_classes(&mut self, at: Registers<'_>, class: Value, real: &PyTypeObject) -> bool {
        !class.is_const() && self.has_met_many_classes(at, real, MOST)
    }

    /// The same of a class that it calls.
    pub(super) fn calls_many_classes(&mut self, at: Registers<'_>, class: Value, real: &PyTypeObject) -> bool {
        !class.is_const() && self.has_met_many_classes(at, real, MOST_CALLED)
    }

    fn has_met_many_classes(&mut self, at: Registers<'_>, class: &PyTypeObject, most: usize) -> bool {
        self.has_met_many(at, 0, core::ptr::from_ref(class) as usize, most)
    }

    /// `type(x)` of any object.
    pub(super) unsafe fn call_type_of_any(&mut self, at: Registers<'_>, ty: &PyTypeObject, object: Value) -> Done {
        let Sym::Obj { value, .. } = self.peek(3)? else { return Err(Abort("a callable")) };
        self.guard_is(value, ty.as_object())?;
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_call_end(at, 1)? };
        let class = self.call_runtime(table::TYPE_OF, &[object])?;
        self.end_call(1, ends, Sym::Obj { value: class, hold: Hold::Owned })
    }

    /// `isinstance(x, classes)` of an object of any class, or `issubclass` of any class. The classes have been guarded; `check` is the
    /// method with which a metaclass may decide otherwise.
    pub(super) unsafe fn call_derived_from_any(
        &mut self,
        at: Registers<'_>,
        callable: &PyObject,
        classes: &[&PyTypeObject],
        object: Value,
        is_class: bool,
    ) -> Done {
        let (check, callee) = match is_class {
            true => (rpy_vm::intern!("__subclasscheck__"), table::IS_SUBCLASS),
            false => (rpy_vm::intern!("__instancecheck__"), table::IS_INSTANCE),
        };
        for class in classes {
            let metaclass = class.as_object().ty();
            if !have_the_same(metaclass, &PyType_Type, check) {
                return Err(self.abort_on("a class with a say in what is derived from it of", class.as_object()));
            }
            self.guard_metaclass(class)?;
        }
        // SAFETY: the real operand, of which it is known what it contains.
        let named = self.constant_object(unsafe { self.real(at, 1)? });
        let truth = self.ask_whether(callee, &[object, named], true)?;
        // SAFETY: passed on.
        unsafe { self.finish_call(at, callable, 2, Sym::Bool(truth)) }
    }

    /// `getattr(x, "name", default)` or `hasattr(x, "name")` of an object of any class, whose callable and name have been guarded. False:
    /// not of this one.
    pub(super) unsafe fn call_getattr_of_any(
        &mut self,
        at: Registers<'_>,
        argc: usize,
        asks: bool,
        name: &PyStr,
    ) -> Result<bool, Abort> {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, argc)? };
        let Sym::Obj { value: object, .. } = self.peek(argc)? else { return Ok(false) };
        let is_namespace = PyModule::check(real) || real.downcast_ref::<PyTypeObject>().is_some();
        if !(asks || argc == 3)
            || is_namespace
            || find_attribute(real, name).is_err()
            || !self.has_many_types(at, object, real)
        {
            return Ok(false);
        }
        let key = self.constant_object(name.as_object());
        let default = if asks { None } else { Some(self.materialize(1)?) };
        // SAFETY: the real operands.
        let ends = unsafe { self.expect_call_end(at, argc)? };
        let result = match default {
            None => Sym::Bool(self.ask_whether(table::HAS_ATTRIBUTE, &[object, key], true)?),
            Some(default) => {
                let value = self.attempt(table::ATTRIBUTE_OR, &[object, key, default])?;
                Sym::Obj { value, hold: Hold::Owned }
            }
        };
        self.end_call(argc, ends, result)?;
        Ok(true)
    }

    /// The method of an object of any class, which is called next: replaces the owner by the function and the owner. False: not of this
    /// one.
    pub(super) fn load_method_of_any(
        &mut self,
        at: Registers<'_>,
        object: Value,
        owner: &PyObject,
        name: &PyStr,
    ) -> Result<bool, Abort> {
        let is_method = lookup(owner.ty(), name).is_some_and(PyFunction::check_exact);
        let found = || find_method(owner, name).is_some();
        if !is_method || !found() || !self.has_many_types(at, object, owner) {
            return Ok(false);
        }
        let key = self.constant_object(name.as_object());
        let function = self.attempt(table::METHOD_OF, &[object, key])?;
        let this = self.pop()?;
        self.push_obj(function, Hold::Fragile);
        self.push(this);
        Ok(true)
    }

    /// `x.__dict__` of an object of any class. False: not of this one.
    pub(super) unsafe fn load_dict_of_any(
        &mut self,
        at: Registers<'_>,
        object: Value,
        owner: &PyObject,
        arg: usize,
    ) -> Result<bool, Abort> {
        let found = lookup(owner.ty(), rpy_vm::intern!("__dict__"));
        let fits = has_plain_lookup(owner.ty()) && found.is_some_and(|found| is_managed_dict(owner.ty(), found));
        if !fits || !self.has_many_types(at, object, owner) {
            return Ok(false);
        }
        let raw = self.peek_raw(1)?;
        let release = self.expect_release(raw, owner)?;
        let value = self.attempt(table::DICT_OF, &[object])?;
        self.pop()?;
        self.push_obj(value, Hold::Owned);
        if arg & 1 != 0 {
            self.push(Sym::Null);
        }
        self.release(release)?;
        Ok(true)
    }
}
