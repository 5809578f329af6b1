//! Attributes. Loads are looked up anew, so that sites with many types are recorded, too; what enters a Python function, and stores,
//! go by what the instruction's inline cache has learned (see the VM's `interp::ops::attr` for its layout), as the interpreter will.

use rpy_vm::interp::opcode::*;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::defs::member;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{PyClass, PyStruct};
use rpy_vm::object::shape;
use rpy_vm::object::typeobj::{PyTypeObject, flags};
use rpy_vm::protocol::object::generic_getattr_slot;
use rpy_vm::types::descr::member::PyMemberDescr;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::type_::lookup::lookup;

use super::state::{Hold, Sym};
use super::values::Release;
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, Inst, Op, Ty, Value};
use crate::runtime::{self, table};

/// Cache unit `n` behind an instruction.
unsafe fn cache(at: Registers<'_>, n: usize) -> usize {
    // SAFETY: the instruction has that many units.
    unsafe { *at.instr.add(1 + n) as usize }
}

/// Cache units `n` to `n + 3` as a pointer.
unsafe fn cache_object<'a>(at: Registers<'a>, n: usize) -> Result<&'a PyObject, Abort> {
    // SAFETY: the instruction has that many units; what the pointer is guarded by is checked by the caller.
    unsafe { (at.instr.add(1 + n) as *const *const PyObject).read_unaligned().as_ref() }.ok_or(Abort("an empty cache"))
}

/// Cache units 1 and 2 as a number.
unsafe fn cache_version(at: Registers<'_>) -> u32 {
    // SAFETY: the instruction has that many units.
    unsafe { (at.instr.add(2) as *const u32).read_unaligned() }
}

/// The byte offset of a writable object member (what `__slots__` makes).
fn object_member(ty: &PyTypeObject, found: &PyObject) -> Option<usize> {
    let descr = found.downcast_exact::<PyMemberDescr>()?;
    // SAFETY: descriptors keep their definition alive.
    let def = unsafe { &*descr.d_member.get() };
    let plain = def.type_code == member::OBJECT_EX && def.flags & member::AUDIT_READ == 0;
    if plain && ty.is_subtype(&descr.d_type) { usize::try_from(def.offset).ok() } else { None }
}

impl Recorder {
    pub(super) unsafe fn load_attr(&mut self, at: Registers<'_>, op: u8, arg: usize) -> Done {
        // SAFETY: the real operand; the name and the caches of this instruction.
        unsafe {
            let owner = self.real(at, 1)?;
            let Sym::Obj { value: object, .. } = self.peek(1)? else { return Err(Abort("an attribute of a number")) };
            let name = (*at.frame).code().name_at(arg >> 1);
            if let Some(module) = owner.downcast_exact::<PyModule>() {
                if lookup(owner.ty(), name).is_some() {
                    return Err(Abort("an attribute of the module type"));
                }
                self.guard_is(object, owner)?;
                let Some(dict) = module.md_dict.get() else { return Err(Abort("a module without a dict")) };
                let Some(index) = dict.lookup_index(name) else { return Err(Abort("no such attribute")) };
                let sym = self.dict_value(&dict, index)?;
                return self.finish_load(at, arg, sym);
            }
            if let Some(ty) = owner.downcast_ref::<PyTypeObject>() {
                return self.load_class_attr(at, object, ty, name, arg);
            }
            if op == LOAD_ATTR_PROPERTY {
                self.guard_owner(object, owner, cache_version(at))?;
                let getter = cache_object(at, 5)?;
                let Some(function) = getter.downcast_exact::<PyFunction>() else { return Err(Abort("a getter")) };
                self.expect_enter(function, 1)?;
                let this = self.pop()?;
                return self.enter(function, &[this], 10);
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
        if !core::ptr::eq(owner.ty(), PyTypeObject::type_object()) || lookup(owner.ty(), name).is_some() {
            return Err(self.no_attribute(owner, name));
        }
        let Some(found) = lookup(ty, name) else { return Err(self.no_attribute(owner, name)) };
        if found.ty().tp_descr_get.get().is_some() && !PyFunction::check_exact(found) {
            return Err(self.no_attribute(owner, name));
        }
        self.guard_is(object, owner)?;
        self.guard_version(ty)?;
        let value = self.constant_sym(found);
        // SAFETY: passed on.
        unsafe { self.finish_load(at, arg, value) }
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
        if ty.tp_getattro.get().map(|f| f as usize) != Some(generic) {
            return Err(self.no_attribute(owner, name));
        }
        let found = lookup(ty, name);
        self.guard_type(object, ty)?;
        self.guard_version(ty)?;
        if let Some(found) = found
            && found.ty().tp_descr_set.get().is_some()
        {
            let Some(offset) = object_member(ty, found) else { return Err(self.no_attribute(owner, name)) };
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
                if let Some(current) = shape::shape_of(owner).as_ref() {
                    self.guard_attrs_word(object, current.word())?;
                    if let Some(index) = current.lookup(name) {
                        let value = self.load_slot(object, current.slot_offset(index))?;
                        return self.finish_load(at, arg, Sym::Obj { value, hold: Hold::Fragile });
                    }
                } else if shape::dict_of(owner).is_none() {
                    self.guard_attrs_word(object, 0)?;
                } else {
                    let key = self.constant_object(name.as_object());
                    let value = self.call_runtime(table::INSTANCE_GET, &[object, key])?;
                    if !runtime::instance::instance_get(owner, name.as_object()).is_null() {
                        self.guard(Op::GuardNonNull, &[value])?;
                        return self.finish_load(at, arg, Sym::Obj { value, hold: Hold::Fragile });
                    }
                    let nothing = self.nothing;
                    self.guard(Op::GuardIs, &[value, nothing])?;
                }
            }
        } else if ty.tp_dictoffset.get() != 0 {
            return Err(self.no_attribute(owner, name));
        }
        let Some(found) = found else { return Err(self.no_attribute(owner, name)) };
        if found.ty().has_flag(flags::METHOD_DESCRIPTOR) {
            if arg & 1 == 0 {
                return Err(self.no_attribute(owner, name));
            }
            let function = self.constant_object(found);
            let this = self.pop()?;
            self.push_obj(function, Hold::Constant);
            self.push(this);
            return Ok(());
        }
        if found.ty().tp_descr_get.get().is_some() {
            return Err(self.no_attribute(owner, name));
        }
        let value = self.constant_sym(found);
        // SAFETY: passed on.
        unsafe { self.finish_load(at, arg, value) }
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

    /// Guards type and version of an owner; the version must be the cache's.
    fn guard_owner(&mut self, object: Value, owner: &PyObject, version: u32) -> Done {
        if owner.ty().tp_version_tag.get() != version || version == 0 {
            return Err(Abort("a stale cache"));
        }
        self.guard_type(object, owner.ty())?;
        self.guard_version(owner.ty())
    }

    /// Guards type, version and shape of an instance; the shape's number must be `id`, if given.
    unsafe fn guard_shape(&mut self, object: Value, owner: &PyObject, id: Option<u32>) -> Done {
        let ty = owner.ty();
        if !ty.has_flag(flags::MANAGED_DICT) {
            return Err(Abort("a stale cache"));
        }
        // SAFETY: just checked.
        let Some(current) = (unsafe { shape::shape_of(owner).as_ref() }) else {
            return Err(Abort("an instance with a dict"));
        };
        if id.is_some_and(|id| id != current.id()) {
            return Err(Abort("a stale cache"));
        }
        self.guard_type(object, ty)?;
        self.guard_version(ty)?;
        self.guard_attrs_word(object, current.word())
    }

    fn guard_attrs_word(&mut self, object: Value, word: usize) -> Done {
        let access = Access { offset: layout::ATTRS_WORD as i32, ..Access::word(Class::Shape, 0) };
        let actual = self.emit(Inst::load(Ty::Ptr, object, access))?;
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

    pub(super) unsafe fn store_attr(&mut self, at: Registers<'_>, op: u8, arg: usize) -> Done {
        // SAFETY: the real operands: value, owner; the caches of this instruction.
        unsafe {
            let owner = self.real(at, 1)?;
            let Sym::Obj { value: object, .. } = self.peek(1)? else { return Err(Abort("an attribute of a number")) };
            let (offset, word, end) = match op {
                STORE_ATTR_INSTANCE_VALUE => {
                    self.guard_shape(object, owner, Some(cache_version(at)))?;
                    let offset = cache(at, 3);
                    let real = &*shape::slot_at(owner, offset).get();
                    let old = self.load_slot(object, offset)?;
                    (offset, None, self.expect_drop(old, real, real.refcount() > 1)?)
                }
                STORE_ATTR_SLOT => {
                    self.guard_owner(object, owner, cache_version(at))?;
                    let offset = cache(at, 3);
                    let old = self.load_slot(object, offset)?;
                    let end = match shape::slot_at(owner, offset).get().as_ref() {
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
                    (offset, None, end)
                }
                STORE_ATTR_WITH_HINT => {
                    self.guard_shape(object, owner, Some(cache_version(at)))?;
                    let name = (*at.frame).code().name_at(arg);
                    let current = &*shape::shape_of(owner);
                    let Some(next) = current.next(name) else { return Err(Abort("too many attributes")) };
                    (next.slot_offset(current.len()), Some(next.word()), Release::Nothing)
                }
                _ => return Err(Abort("a store of an attribute that is not cached")),
            };
            let raw = self.peek_raw(1)?;
            let release = self.expect_release(raw, owner)?;
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
}
