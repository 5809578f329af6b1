//! Attributes, by what the instruction's inline cache has learned (see the VM's `interp::ops::attr` for its layout).

use rpy_vm::interp::opcode::*;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::shape;
use rpy_vm::object::typeobj::{PyTypeObject, flags};
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::module::PyModule;

use super::state::{Hold, Sym};
use super::values::Release;
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, Inst, Op, Ty, Value};

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

impl Recorder {
    pub(super) unsafe fn load_attr(&mut self, at: Registers<'_>, op: u8, arg: usize) -> Done {
        // SAFETY: the real operand; the caches of this instruction.
        unsafe {
            let owner = self.real(at, 1)?;
            let sym = self.peek(1)?;
            let Sym::Obj { value: object, .. } = sym else { return Err(Abort("an attribute of a number")) };
            match op {
                LOAD_ATTR_INSTANCE_VALUE => {
                    self.guard_shape(object, owner, Some(cache_version(at)))?;
                    let value = self.load_slot(object, cache(at, 3))?;
                    let real = &*shape::slot_at(owner, cache(at, 3)).get();
                    let sym = self.likely_constant_attribute(value, real)?;
                    self.finish_load(at, arg, sym)
                }
                LOAD_ATTR_SLOT => {
                    self.guard_owner(object, owner, cache_version(at))?;
                    if shape::slot_at(owner, cache(at, 3)).get().is_null() {
                        return Err(Abort("an empty slot"));
                    }
                    let value = self.load_slot(object, cache(at, 3))?;
                    self.guard(Op::GuardNonNull, &[value])?;
                    self.finish_load(at, arg, Sym::Obj { value, hold: Hold::Fragile })
                }
                LOAD_ATTR_METHOD_NO_DICT | LOAD_ATTR_METHOD_LAZY_DICT | LOAD_ATTR_METHOD_WITH_VALUES => {
                    self.guard_unhidden(object, owner, op, cache_version(at))?;
                    let function = self.constant_object(cache_object(at, 5)?);
                    let this = self.pop()?;
                    self.push_obj(function, Hold::Constant);
                    self.push(this);
                    Ok(())
                }
                LOAD_ATTR_NONDESCRIPTOR_NO_DICT | LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES => {
                    self.guard_unhidden(object, owner, op, cache_version(at))?;
                    let value = self.constant_sym(cache_object(at, 5)?);
                    self.finish_load(at, arg & !1, value)
                }
                LOAD_ATTR_CLASS | LOAD_ATTR_CLASS_WITH_METACLASS_CHECK => {
                    let Some(ty) = owner.downcast_ref::<PyTypeObject>() else { return Err(Abort("not a class")) };
                    if ty.tp_version_tag.get() != cache_version(at) {
                        return Err(Abort("a stale cache"));
                    }
                    self.guard_is(object, owner)?;
                    self.guard_version(ty)?;
                    let value = self.constant_sym(cache_object(at, 5)?);
                    self.finish_load(at, arg, value)
                }
                LOAD_ATTR_MODULE => {
                    let Some(module) = owner.downcast_exact::<PyModule>() else { return Err(Abort("not a module")) };
                    self.guard_is(object, owner)?;
                    let name = (*at.frame).code().name_at(arg >> 1);
                    let Some(dict) = module.md_dict.get() else { return Err(Abort("a module without a dict")) };
                    let Some(index) = dict.lookup_index(name) else { return Err(Abort("no such attribute")) };
                    let sym = self.dict_value(&dict, index)?;
                    self.finish_load(at, arg, sym)
                }
                LOAD_ATTR_PROPERTY => {
                    self.guard_owner(object, owner, cache_version(at))?;
                    let getter = cache_object(at, 5)?;
                    let Some(function) = getter.downcast_exact::<PyFunction>() else { return Err(Abort("a getter")) };
                    let this = self.pop()?;
                    self.enter(function, &[this], 10)
                }
                _ => {
                    let name = (*at.frame).code().name_at(arg >> 1).to_string_lossy().into_owned();
                    self.detail = Some(format!("{}.{name}, {}", owner.ty().full_name(), NAMES[op as usize]));
                    Err(Abort("an attribute that is not cached"))
                }
            }
        }
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

    /// Guards that a class attribute is what it was, and not hidden by the instance.
    unsafe fn guard_unhidden(&mut self, object: Value, owner: &PyObject, op: u8, version: u32) -> Done {
        match op {
            LOAD_ATTR_METHOD_WITH_VALUES | LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES => {
                if owner.ty().tp_version_tag.get() != version {
                    return Err(Abort("a stale cache"));
                }
                // SAFETY: passed on.
                unsafe { self.guard_shape(object, owner, None) }
            }
            LOAD_ATTR_METHOD_LAZY_DICT => {
                self.guard_owner(object, owner, version)?;
                self.guard_attrs_word(object, 0)
            }
            _ => self.guard_owner(object, owner, version),
        }
    }

    fn load_slot(&mut self, object: Value, offset: usize) -> Result<Value, Abort> {
        self.emit(Inst::load(Ty::Obj, object, Access::word(Class::Attr, offset)))
    }

    /// An instance's attribute that holds a function or class is likely to stay the same.
    fn likely_constant_attribute(&mut self, value: Value, _real: &PyObject) -> Result<Sym, Abort> {
        Ok(Sym::Obj { value, hold: Hold::Fragile })
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
