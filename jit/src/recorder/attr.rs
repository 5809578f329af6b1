//! Attributes. They are looked up anew, so that sites with many types are recorded, too: inline caches know only of the last one.

use rpy_vm::interp::ops::special::Special;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::defs::member;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::object::shape;
use rpy_vm::object::typeobj::{PyTypeObject, flags};
use rpy_vm::protocol::object::{generic_getattr_slot, generic_setattr_slot};
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::descr::classmethod::{PyClassMethod, PyStaticMethod};
use rpy_vm::types::descr::member::PyMemberDescr;
use rpy_vm::types::descr::property::PyProperty;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::method::PyMethod;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::object::PyBaseObject_Type;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::super_::PySuper;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::PyType_Type;
use rpy_vm::types::type_::lookup::lookup;
use rpy_vm::types::type_::new::is_managed_dict;

use super::ends::{Ends, Release};
use super::enter::Follow;
use super::natives::is_one_of;
use super::special::function;
use super::state::{Hold, Sym};
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, Inst, Op, Ty, Value};
use crate::runtime::{self, table, table::Function};

/// The item that a field of a namedtuple stands for.
fn tuple_field(found: &PyObject) -> Option<usize> {
    if found.ty().full_name() != "collections._tuplegetter" {
        return None;
    }
    // It says so natively.
    let reduced = rpy_vm::protocol::object::getattr(found, rpy_vm::intern!("__reduce__"))
        .and_then(|reduce| rpy_vm::protocol::call::call_noargs(&reduce))
        .ok()?;
    let arguments = reduced.downcast_exact::<PyTuple>()?.get(1)?;
    let index = arguments.downcast_exact::<PyTuple>()?.get(0)?.downcast_exact::<PyInt>()?.medium_value()?;
    usize::try_from(index).ok()
}

/// Is the descriptor what a class gives for it, too?
fn is_itself_of_classes(found: &PyObject) -> bool {
    const THEMSELVES: &[&str] =
        &["function", "method_descriptor", "wrapper_descriptor", "getset_descriptor", "member_descriptor", "property"];
    is_one_of(found, THEMSELVES)
}

/// For loads that are a part of another instruction, which is no place to follow a function from.
pub const INSIDE: usize = 2;
/// There is no such attribute, and that is guarded.
pub const MISSING: Abort = Abort("no such attribute");

/// Units of `LOAD_ATTR` and `STORE_ATTR`, their caches included.
const LOAD_ATTR_UNITS: u16 = 10;
const STORE_ATTR_UNITS: u16 = 5;

/// The byte offset of an object member (what `__slots__` makes), which may have to be writable.
fn object_member(ty: &PyTypeObject, found: &PyObject, writable: bool) -> Option<usize> {
    let descr = found.downcast_exact::<PyMemberDescr>()?;
    // SAFETY: descriptors keep their definition alive.
    let def = unsafe { &*descr.d_member.get() };
    let unfit = member::AUDIT_READ | if writable { member::READONLY } else { 0 };
    let plain = def.type_code == member::OBJECT_EX && def.flags & unfit == 0;
    if plain && ty.is_subtype(&descr.d_type) { usize::try_from(def.offset).ok() } else { None }
}

/// The call that `object.name = value` is of a function in Python, which stores it.
fn storing(function: &PyFunction) -> Follow<'_> {
    let special = Some((Special::Nothing, &[2, 1][..]));
    Follow { function, args: &[1, 2], special, pops: 2, offset: STORE_ATTR_UNITS }
}

impl Recorder {
    pub(super) unsafe fn load_attr(&mut self, at: Registers<'_>, arg: usize) -> Done {
        // SAFETY: the name of this instruction; passed on.
        unsafe {
            if self.load_attr_of_chain(at, arg)? {
                return Ok(());
            }
            self.load_named(at, (*at.frame).code().name_at(arg >> 1), arg & 1)
        }
    }

    /// Guards that an object of a built-in type with a field for a dict has none.
    pub(super) fn guard_no_dict(&mut self, object: Value, real: &PyObject) -> Done {
        let Some(offset) = usize::try_from(real.ty().tp_dictoffset.get()).ok().filter(|&offset| offset != 0) else {
            return Err(Abort("an object without a field for a dict"));
        };
        // SAFETY: the type says that there is the address of a dict, or null.
        if !unsafe { shape::slot_at(real, offset) }.get().is_null() {
            return Err(self.abort_on("attributes of an object of", real));
        }
        let dict = self.emit(Inst::load(Ty::Obj, object, Access::word(Class::Other, offset)))?;
        let nothing = self.nothing;
        self.guard(Op::GuardIs, &[dict, nothing])?;
        Ok(())
    }

    /// The attribute of this name of the object on top. `arg`: 1 if it is about to be called, or [`INSIDE`].
    ///
    /// # Safety
    /// The registers are those of a live machine; its operand stack may go on above.
    pub(super) unsafe fn load_named(&mut self, at: Registers<'_>, name: &PyStr, arg: usize) -> Done {
        // SAFETY: the real operand.
        unsafe {
            let owner = self.real(at, 1)?;
            if let Sym::Int(number) = self.peek(1)? {
                let found = match name.to_string_lossy().as_ref() {
                    "numerator" | "real" => number,
                    "denominator" => self.trace().int(1),
                    "imag" => self.trace().int(0),
                    _ if arg == INSIDE => return Err(Abort("an attribute of a number")),
                    _ => self.materialize(1)?,
                };
                if self.trace().ty(found) == Ty::Int {
                    return self.finish_load(at, arg, Sym::Int(found));
                }
            }
            let Sym::Obj { value: object, .. } = self.peek(1)? else { return Err(Abort("an attribute of a number")) };
            if let Some(module) = owner.downcast_exact::<PyModule>() {
                if lookup(owner.ty(), name).is_some() {
                    return Err(Abort("an attribute of the module type"));
                }
                self.guard_is(object, owner)?;
                self.guard_type(object, owner.ty())?;
                let Some(dict) = module.md_dict.get() else { return Err(Abort("a module without a dict")) };
                let Some(index) = dict.lookup_index(name) else {
                    if !dict.has_only_str_keys() || dict.lookup_index(rpy_vm::intern!("__getattr__")).is_some() {
                        return Err(Abort("no such attribute of a module"));
                    }
                    self.guard_keys(&dict)?;
                    return Err(MISSING);
                };
                let sym = self.dict_value(&dict, index)?;
                return self.finish_load(at, arg, sym);
            }
            if let Some(ty) = owner.downcast_ref::<PyTypeObject>() {
                return self.load_class_attr(at, object, ty, name, arg);
            }
            if let Some(found) = self.array_attribute(object, owner, &name.to_string_lossy())? {
                return self.finish_load(at, arg, found);
            }
            self.load_instance_attr(at, object, owner, name, arg)
        }
    }

    /// An attribute of a class that has no metaclass of its own.
    unsafe fn load_class_attr(
        &mut self,
        at: Registers<'_>,
        object: Value,
        ty: &PyTypeObject,
        name: &PyStr,
        arg: usize,
    ) -> Done {
        let owner = ty.as_object();
        let metaclass = owner.ty();
        let getattro = |ty: &PyTypeObject| ty.tp_getattro.get().map(|f| f as usize);
        if getattro(metaclass) != getattro(&PyType_Type) {
            return Err(self.no_attribute(owner, name));
        }
        let of_metaclass = lookup(metaclass, name);
        if let Some(found) = of_metaclass
            && found.ty().tp_descr_set.get().is_some()
        {
            self.guard_type(object, metaclass)?;
            self.guard_version_if_heap(metaclass)?;
            // SAFETY: passed on.
            if unsafe { self.native_attribute(at, object, found, name, arg)? } {
                return Ok(());
            }
            return Err(self.no_attribute(owner, name));
        }
        let Some(found) = lookup(ty, name) else {
            if let Some(found) = of_metaclass
                && found.ty().has_flag(flags::METHOD_DESCRIPTOR)
            {
                self.guard_is(object, owner)?;
                self.guard_version(ty)?;
                self.guard_version_if_heap(metaclass)?;
                // SAFETY: passed on.
                return unsafe { self.finish_method(at, arg, found) };
            }
            if of_metaclass.is_some() || lookup(metaclass, rpy_vm::intern!("__getattr__")).is_some() {
                return Err(self.no_attribute(owner, name));
            }
            self.guard_is(object, owner)?;
            self.guard_version(ty)?;
            self.guard_version_if_heap(metaclass)?;
            return Err(MISSING);
        };
        let value = if let Some(method) = found.downcast_exact::<PyClassMethod>()
            && let Some(function) = method.cm_callable.get().filter(|f| PyFunction::check_exact(f))
        {
            self.guard_is(object, owner)?;
            self.bound_to_class(&function, ty, arg)?
        } else if let Some(method) = found.downcast_exact::<PyStaticMethod>()
            && let Some(function) = method.sm_callable.get()
        {
            self.guard_is(object, owner)?;
            self.constant_sym(&function)
        } else if arg == 1 && is_one_of(found, &["classmethod_descriptor"]) {
            // It is called at once: nobody sees which object that is.
            let bound = rpy_vm::protocol::object::getattr(owner, name).map_err(|_| Abort("a class method"))?;
            self.guard_is(object, owner)?;
            Sym::Obj { value: self.constant_object(&bound), hold: Hold::Constant }
        } else if found.ty().tp_descr_get.get().is_some() && !is_itself_of_classes(found) {
            return Err(self.no_attribute(owner, name));
        } else {
            self.guard_is(object, owner)?;
            self.constant_sym(found)
        };
        self.guard_version(ty)?;
        self.guard_version_if_heap(metaclass)?;
        // SAFETY: passed on.
        unsafe { self.finish_load(at, arg, value) }
    }

    /// A function bound to a class. Where it is called at once, nobody sees which object that is.
    fn bound_to_class(&mut self, function: &PyObject, ty: &PyTypeObject, arg: usize) -> Result<Sym, Abort> {
        if arg & 1 != 0 {
            let method = PyMethod::new(function, ty.as_object());
            let value = self.constant_object(method.as_object());
            return Ok(Sym::Obj { value, hold: Hold::Constant });
        }
        let (function, class) = (self.constant_object(function), self.constant_object(ty.as_object()));
        let value = self.call_runtime(table::NEW_METHOD, &[function, class])?;
        Ok(Sym::Obj { value, hold: Hold::Owned })
    }

    /// Replaces the owner by the method that its type has.
    unsafe fn finish_method(&mut self, at: Registers<'_>, arg: usize, found: &PyObject) -> Done {
        if arg & 1 != 0 {
            let function = self.constant_object(found);
            let this = self.pop()?;
            self.push_obj(function, Hold::Constant);
            self.push(this);
            return Ok(());
        }
        if !PyFunction::check_exact(found) {
            if !is_one_of(found, &["method_descriptor", "wrapper_descriptor"]) {
                return Err(self.abort_on("a bound method of", found));
            }
            let Sym::Obj { value: this, .. } = self.peek(1)? else { return Err(Abort("a method of a number")) };
            let function = self.constant_object(found);
            // SAFETY: passed on.
            return unsafe { self.load_made(at, table::BIND, &[function, this], arg) };
        }
        let Sym::Obj { value: this, .. } = self.peek(1)? else { return Err(Abort("a method of a number")) };
        let raw = self.peek_raw(1)?;
        // SAFETY: the real operand.
        let release = self.expect_release(raw, unsafe { self.real(at, 1)? })?;
        let function = self.constant_object(found);
        let value = self.call_runtime(table::NEW_METHOD, &[function, this])?;
        self.pop()?;
        self.push_obj(value, Hold::Owned);
        self.release(release)
    }

    /// An attribute of an instance, found as `object.__getattribute__` finds it.
    unsafe fn load_instance_attr(
        &mut self,
        at: Registers<'_>,
        object: Value,
        owner: &PyObject,
        name: &PyStr,
        arg: usize,
    ) -> Done {
        let ty = owner.ty();
        let generic = generic_getattr_slot as *const () as usize;
        let getattribute = rpy_vm::intern!("__getattribute__");
        let same = |a: Option<&PyObject>, b: Option<&PyObject>| a.is_some_and(|a| b.is_some_and(|b| a.is(b)));
        if ty.tp_getattro.get().map(|f| f as usize) != Some(generic)
            && (ty.as_heap().is_none() || !same(lookup(ty, getattribute), lookup(&PyBaseObject_Type, getattribute)))
        {
            return Err(self.no_attribute(owner, name));
        }
        let found = lookup(ty, name);
        if arg == 1 && self.load_method_of_any(at, object, owner, name)? {
            return Ok(());
        }
        // SAFETY: passed on.
        if arg != INSIDE && name.eq_str("__dict__") && unsafe { self.load_dict_of_any(at, object, owner, arg)? } {
            return Ok(());
        }
        self.guard_type(object, ty)?;
        self.guard_version(ty)?;
        if let Some(found) = found
            && found.ty().tp_descr_set.get().is_some()
        {
            let Some(offset) = object_member(ty, found, false) else {
                // SAFETY: passed on.
                return unsafe { self.load_descriptor(at, object, owner, name, found, arg) };
            };
            // SAFETY: the type says that there is an object field.
            if unsafe { shape::slot_at(owner, offset) }.get().is_null() {
                return Err(Abort("an empty slot"));
            }
            let value = self.load_slot(object, offset)?;
            self.guard(Op::GuardNonNull, &[value])?;
            // SAFETY: passed on.
            return unsafe { self.finish_load(at, arg, Sym::Obj { value, hold: Hold::Fragile }) };
        }
        if ty.has_flag(flags::MANAGED_DICT) {
            // SAFETY: just checked; passed on.
            unsafe {
                let current = shape::shape_of(owner).as_ref();
                let many = current.map_or(Ok(false), |current| self.has_many_shapes(at, object, current))?;
                if let (Some(current), false) = (current, many) {
                    self.guard_attrs_word(object, current.word())?;
                    if let Some(index) = current.lookup(name) {
                        let value = self.load_slot(object, current.slot_offset(index))?;
                        return self.finish_load(at, arg, Sym::Obj { value, hold: Hold::Fragile });
                    }
                } else if current.is_none() && shape::dict_of(owner).is_none() {
                    self.guard_attrs_word(object, 0)?;
                } else {
                    let key = self.constant_object(name.as_object());
                    if !runtime::instance::instance_get(owner, name.as_object()).is_null() {
                        let near = match current {
                            Some(shape) => shape.lookup(name),
                            None => shape::dict_of(owner).and_then(|dict| dict.lookup_index(name)),
                        };
                        let near = near.unwrap_or(0);
                        let near = self.trace().int(near as i64);
                        let value = self.call_runtime(table::INSTANCE_GET, &[object, key, near])?;
                        self.guard(Op::GuardNonNull, &[value])?;
                        return self.finish_load(at, arg, Sym::Obj { value, hold: Hold::Fragile });
                    }
                    let lacks = self.call_runtime(table::INSTANCE_LACKS, &[object, key])?;
                    self.guard(Op::GuardTrue, &[lacks])?;
                }
            }
        } else if ty.tp_dictoffset.get() > 0 {
            self.guard_no_dict(object, owner)?;
        } else if ty.tp_dictoffset.get() != 0 {
            // A field for a dict, as built-in types have it: empty, as long as nobody has set an attribute.
            let Ok(offset) = usize::try_from(ty.tp_dictoffset.get()) else {
                return Err(self.no_attribute(owner, name));
            };
            // SAFETY: the type says that there is an object field.
            if !unsafe { shape::slot_at(owner, offset) }.get().is_null() {
                return Err(self.no_attribute(owner, name));
            }
            let dict = self.load_slot(object, offset)?;
            let nothing = self.nothing;
            self.guard(Op::GuardIs, &[dict, nothing])?;
        }
        let Some(found) = found else {
            if lookup(ty, rpy_vm::intern!("__getattr__")).is_none() {
                return Err(MISSING);
            }
            let Some(function) = function(ty, rpy_vm::intern!("__getattr__")).filter(|_| arg != INSIDE) else {
                return Err(self.no_attribute(owner, name));
            };
            let null: Option<(Special, &[usize])> = if arg & 1 != 0 { Some((Special::WithNull, &[1])) } else { None };
            let call = Follow { function, args: &[1], special: null, pops: 1, offset: LOAD_ATTR_UNITS };
            // SAFETY: passed on.
            return unsafe { self.follow_with(at, &call, Some(name)) };
        };
        if found.ty().has_flag(flags::METHOD_DESCRIPTOR) {
            // SAFETY: passed on.
            return unsafe { self.finish_method(at, arg, found) };
        }
        if let Some(method) = found.downcast_exact::<PyClassMethod>()
            && let Some(function) = method.cm_callable.get().filter(|f| PyFunction::check_exact(f))
        {
            let value = self.bound_to_class(&function, ty, arg)?;
            // SAFETY: passed on.
            return unsafe { self.finish_load(at, arg, value) };
        }
        if let Some(method) = found.downcast_exact::<PyStaticMethod>()
            && let Some(function) = method.sm_callable.get()
        {
            let value = self.constant_sym(&function);
            // SAFETY: passed on.
            return unsafe { self.finish_load(at, arg, value) };
        }
        if found.ty().tp_descr_get.get().is_some() {
            return Err(self.no_attribute(owner, name));
        }
        let value = self.constant_sym(found);
        // SAFETY: passed on.
        unsafe { self.finish_load(at, arg, value) }
    }

    /// A load by way of a data descriptor.
    unsafe fn load_descriptor(
        &mut self,
        at: Registers<'_>,
        object: Value,
        owner: &PyObject,
        name: &PyStr,
        found: &PyObject,
        arg: usize,
    ) -> Done {
        if let Some(property) = found.downcast_exact::<PyProperty>()
            && let Some(getter) = property.prop_get.get()
            && let Some(function) = getter.downcast_exact::<PyFunction>()
            && arg != INSIDE
        {
            let null: Option<(Special, &[usize])> = if arg & 1 != 0 { Some((Special::WithNull, &[1])) } else { None };
            let call = Follow { function, args: &[1], special: null, pops: 1, offset: LOAD_ATTR_UNITS };
            // SAFETY: passed on.
            return unsafe { self.follow(at, &call) };
        }
        if let Some(index) = tuple_field(found)
            && let Some(tuple) = owner.downcast_ref::<PyTuple>()
            && index < tuple.len()
        {
            let length = self.length(object, Class::Fixed)?;
            let place = self.trace().int(index as i64);
            let fits = self.op(Op::Ult, &[place, length])?;
            self.guard(Op::GuardTrue, &[fits])?;
            let access = Access::word(Class::Fixed, layout::TUPLE_ITEMS + 8 * index);
            let value = self.emit(Inst::load(Ty::Obj, object, access))?;
            // SAFETY: passed on.
            return unsafe { self.finish_load(at, arg, Sym::Obj { value, hold: Hold::Fragile }) };
        }
        if is_managed_dict(owner.ty(), found) {
            // SAFETY: passed on.
            return unsafe { self.load_made(at, table::INSTANCE_DICT, &[object], arg) };
        }
        // SAFETY: passed on.
        if unsafe { self.native_attribute(at, object, found, name, arg)? } {
            return Ok(());
        }
        if name.eq_str("__class__") && lookup(&PyBaseObject_Type, name).is_some_and(|class| class.is(found)) {
            let class = self.constant_object(owner.ty().as_object());
            // SAFETY: passed on.
            return unsafe { self.finish_load(at, arg, Sym::Obj { value: class, hold: Hold::Constant }) };
        }
        Err(self.no_attribute(owner, name))
    }

    /// `LOAD_SPECIAL`: a context manager's method, for a call.
    pub(super) unsafe fn load_special(&mut self, at: Registers<'_>, which: usize) -> Done {
        let name = match which {
            0 => rpy_vm::intern!("__enter__"),
            1 => rpy_vm::intern!("__exit__"),
            _ => return Err(Abort("an asynchronous context manager")),
        };
        // SAFETY: the real operand.
        let owner = unsafe { self.real(at, 1)? };
        let Some(found) = lookup(owner.ty(), name).filter(|f| f.ty().has_flag(flags::METHOD_DESCRIPTOR)) else {
            return Err(self.no_attribute(owner, name));
        };
        self.guard_class(1, owner.ty())?;
        // SAFETY: passed on.
        unsafe { self.finish_method(at, 1, found) }
    }

    /// `super().name`: the global `super`, the class, self.
    pub(super) unsafe fn load_super_attr(&mut self, at: Registers<'_>, arg: usize) -> Done {
        // SAFETY: the real operands, and the instruction's name.
        let (global, class, this, name) =
            unsafe { (self.real(at, 3)?, self.real(at, 2)?, self.real(at, 1)?, (*at.frame).code().name_at(arg >> 2)) };
        let Some(class) = class.downcast_ref::<PyTypeObject>() else { return Err(Abort("super of no class")) };
        // In class methods and `__new__`, a class takes the instance's place.
        let of_class = this.downcast_ref::<PyTypeObject>().filter(|ty| ty.is_subtype(class));
        let ty = of_class.unwrap_or_else(|| this.ty());
        if !global.is(PySuper::type_object().as_object()) || !ty.is_subtype(class) || name.eq_str("__class__") {
            return Err(Abort("super of this kind"));
        }
        let Some(mro) = ty.tp_mro.get() else { return Err(Abort("a type without an order")) };
        let mut behind = mro.items().iter().skip_while(|c| !c.is(class.as_object())).skip(1);
        let found = behind.find_map(|base| base.downcast_ref::<PyTypeObject>()?.tp_dict.get()?.get_str(name));
        let Some(found) = found else { return Err(Abort("no such attribute of super")) };
        let (Sym::Obj { value: g, .. }, Sym::Obj { value: c, .. }, Sym::Obj { value: t, .. }) =
            (self.peek(3)?, self.peek(2)?, self.peek(1)?)
        else {
            return Err(Abort("super of a number"));
        };
        // What is found without being bound to the instance.
        let unbound = if let Some(method) = found.downcast_exact::<PyStaticMethod>() {
            method.sm_callable.get()
        } else {
            (of_class.is_some() && PyCFunction::check_exact(&found)).then(|| found.clone())
        };
        if unbound.is_none() && (of_class.is_some() || !found.ty().has_flag(flags::METHOD_DESCRIPTOR)) {
            return Err(self.abort_on("an attribute of super", &found));
        }
        if unbound.is_none() && arg & 1 == 0 {
            return Err(Abort("a bound method of super"));
        }
        self.guard_is(g, global)?;
        self.guard_is(c, class.as_object())?;
        match of_class {
            Some(_) => self.guard_is(t, this)?,
            None => self.guard_type(t, ty)?,
        }
        self.guard_version(ty)?;
        let mut ends = Ends::default();
        for (n, object) in [(3, global), (2, class.as_object()), (1, this)] {
            let raw = self.peek_raw(n)?;
            if n != 1 || unbound.is_some() {
                self.expect_end(&mut ends, raw, object)?;
            }
        }
        let function = self.constant_object(unbound.as_deref().unwrap_or(&found));
        let this = self.pop()?;
        self.pop()?;
        self.pop()?;
        self.push_obj(function, Hold::Constant);
        if unbound.is_none() {
            self.push(this);
        } else if arg & 1 != 0 {
            self.push(Sym::Null);
        }
        self.release_all(ends)?;
        Ok(())
    }

    fn no_attribute(&mut self, owner: &PyObject, name: &PyStr) -> Abort {
        self.detail = Some(format!("{}.{}", owner.ty().full_name(), name.to_string_lossy()));
        Abort("an attribute of this kind")
    }

    /// Guards that an operand is this very object.
    pub(super) fn guard_is(&mut self, value: Value, real: &PyObject) -> Done {
        if !value.is_const() {
            let expected = self.constant_object(real);
            self.guard(Op::GuardIs, &[value, expected])?;
        }
        Ok(())
    }

    pub(super) fn attrs_word(&mut self, object: Value) -> Result<Value, Abort> {
        let access = Access { offset: layout::ATTRS_WORD as i32, ..Access::word(Class::Shape, 0) };
        self.emit(Inst::load(Ty::Ptr, object, access))
    }

    fn guard_attrs_word(&mut self, object: Value, word: usize) -> Done {
        let actual = self.attrs_word(object)?;
        let expected = self.trace().ptr(word);
        self.guard(Op::GuardIs, &[actual, expected])?;
        Ok(())
    }

    fn load_slot(&mut self, object: Value, offset: usize) -> Result<Value, Abort> {
        self.emit(Inst::load(Ty::Obj, object, Access::word(Class::Attr, offset)))
    }

    /// Replaces the owner by what was found.
    unsafe fn finish_load(&mut self, at: Registers<'_>, arg: usize, found: Sym) -> Done {
        // SAFETY: the real operand.
        let owner = unsafe { self.real(at, 1)? };
        let raw = self.peek_raw(1)?;
        let release = self.expect_release(raw, owner)?;
        self.pop()?;
        self.push(found);
        if arg & 1 != 0 {
            self.push(Sym::Null);
        }
        self.release(release)
    }

    /// `owner.name = value`.
    pub(super) unsafe fn store_attr(&mut self, at: Registers<'_>, arg: usize) -> Done {
        // SAFETY: the real operands: value, owner; the instruction's name.
        let (owner, name) = unsafe { (self.real(at, 1)?, (*at.frame).code().name_at(arg)) };
        let Sym::Obj { value: object, .. } = self.peek(1)? else { return Err(Abort("an attribute of a number")) };
        let ty = owner.ty();
        if ty.tp_setattro.get().map(|f| f as usize) != Some(generic_setattr_slot as *const () as usize) {
            let Some(function) = function(ty, rpy_vm::intern!("__setattr__")) else {
                return Err(self.no_attribute(owner, name));
            };
            self.guard_class(1, ty)?;
            // SAFETY: passed on.
            return unsafe { self.follow_with(at, &storing(function), Some(name)) };
        }
        self.guard_type(object, ty)?;
        self.guard_version_if_heap(ty)?;
        let found = lookup(ty, name);
        if let Some(found) = found
            && found.ty().tp_descr_set.get().is_some()
        {
            // SAFETY: passed on.
            return unsafe { self.store_descriptor(at, object, owner, name, found) };
        }
        if !ty.has_flag(flags::MANAGED_DICT) {
            return Err(self.no_attribute(owner, name));
        }
        // SAFETY: just checked: there is an attrs word; the slots of a shape are in use.
        let (offset, word, end) = unsafe {
            let Some(current) = shape::shape_of(owner).as_ref() else {
                if shape::dict_of(owner).is_none() {
                    return Err(Abort("an instance without a dict"));
                }
                // SAFETY: passed on.
                return self.store_in(at, table::INSTANCE_SET, object, name);
            };
            if self.has_many_shapes(at, object, current)? {
                // SAFETY: passed on.
                return self.store_in(at, table::INSTANCE_STORE, object, name);
            }
            match current.lookup(name) {
                Some(index) => {
                    self.guard_attrs_word(object, current.word())?;
                    let offset = current.slot_offset(index);
                    let real = &*shape::slot_at(owner, offset).get();
                    let old = self.load_slot(object, offset)?;
                    (offset, None, self.expect_drop(old, real, real.refcount() > 1)?)
                }
                None => {
                    let Some(next) = current.next(name) else { return Err(Abort("too many attributes")) };
                    self.guard_attrs_word(object, current.word())?;
                    (next.slot_offset(current.len()), Some(next.word()), Release::Nothing)
                }
            }
        };
        // SAFETY: passed on.
        unsafe { self.finish_store(at, object, offset, word, end) }
    }

    /// A store by way of a descriptor: what `__slots__` makes, or a property.
    unsafe fn store_descriptor(
        &mut self,
        at: Registers<'_>,
        object: Value,
        owner: &PyObject,
        name: &PyStr,
        found: &PyObject,
    ) -> Done {
        if let Some(offset) = object_member(owner.ty(), found, true) {
            let old = self.load_slot(object, offset)?;
            // SAFETY: the type says that there is an object field.
            let end = match unsafe { shape::slot_at(owner, offset).get().as_ref() } {
                Some(real) => {
                    self.guard(Op::GuardNonNull, &[old])?;
                    self.expect_drop(old, real, real.refcount() > 1)?
                }
                None => {
                    let null = self.nothing;
                    self.guard(Op::GuardIs, &[old, null])?;
                    Release::Nothing
                }
            };
            // SAFETY: passed on.
            return unsafe { self.finish_store(at, object, offset, None, end) };
        }
        if let Some(property) = found.downcast_exact::<PyProperty>()
            && let Some(setter) = property.prop_set.get()
            && let Some(function) = setter.downcast_exact::<PyFunction>()
        {
            // SAFETY: passed on.
            return unsafe { self.follow(at, &storing(function)) };
        }
        Err(self.no_attribute(owner, name))
    }

    /// A store by a function of the runtime.
    unsafe fn store_in(&mut self, at: Registers<'_>, callee: Function, object: Value, name: &PyStr) -> Done {
        self.disturb()?;
        let value = self.materialize(2)?;
        let key = self.constant_object(name.as_object());
        let done = self.call_runtime(callee, &[object, key, value])?;
        self.guard(Op::GuardTrue, &[done])?;
        // SAFETY: the real operands.
        let ends = unsafe { self.late_ends(at, 2)? };
        self.conclude(2, ends, None)
    }

    /// Stores the value into the object, and gives the operands back.
    unsafe fn finish_store(
        &mut self,
        at: Registers<'_>,
        object: Value,
        offset: usize,
        word: Option<usize>,
        end: Release,
    ) -> Done {
        let raw = self.peek_raw(1)?;
        // SAFETY: the real operand.
        let release = self.expect_release(raw, unsafe { self.real(at, 1)? })?;
        self.pop()?;
        let sym = self.pop()?;
        self.disturb()?;
        let owned = self.owned_object(sym)?;
        self.emit(Inst::store(object, owned, Access::word(Class::Attr, offset)))?;
        if let Some(word) = word {
            let word = self.trace().ptr(word);
            let access = Access { offset: layout::ATTRS_WORD as i32, ..Access::word(Class::Shape, 0) };
            self.emit(Inst::store(object, word, access))?;
        }
        self.release(end)?;
        self.release(release)
    }
}
