//! Subscripts and unpacking.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;

use super::ends::Release;
use super::natives::is_mapping_with;
use super::special::is_like;
use super::state::{Hold, Sym};
use super::values::Number;
use super::{Abort, Done, Recorder};
use crate::ir::{Access, Class, Inst, Op, Ty, Value};
use crate::runtime::table;

/// Items behind an address.
const ITEM: Access = Access::word(Class::ListItem, 0);

impl Recorder {
    /// `container[key]`.
    pub(super) unsafe fn subscript(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        // SAFETY: passed on.
        if unsafe { self.unbuilt_slice(at)? || self.array_subscript(at)? } {
            return Ok(());
        }
        let (a, b) = (self.peek(2)?, self.peek(1)?);
        let Sym::Obj { value: object, .. } = a else { return Err(Abort("a subscript of a number")) };
        let like = |base: &PyTypeObject| is_like(container, base, &[rpy_vm::intern!("__getitem__")]);
        let is_index = rpy_vm::protocol::number::is_index(key);
        // Before there is an item that would be left over where a guard fails.
        let mut ends = None;
        if !container.ty().has_flag(rpy_vm::object::flags::HEAPTYPE) {
            ends = Some(self.expect_two(container, key)?);
        }
        let result = if let Some(item) = self.native_item(container, key)? {
            item
        } else if let Some(item) = self.raw_item(object, container, b, key)? {
            item
        } else if let Some(list) =
            container.downcast_ref::<PyList>().filter(|_| is_index && like(PyList::type_object()))
        {
            let index = self.index(b, key)?;
            self.guard_type(object, container.ty())?;
            self.guard_version_if_heap(container.ty())?;
            let length = self.length(object, Class::ListHeader)?;
            let index = self.checked_index(index, key, length, list.len())?;
            let items = self.emit(Inst::load(Ty::Ptr, object, Access::word(Class::ListHeader, layout::LIST_ITEMS)))?;
            let value = self.emit(Inst::load_indexed(Ty::Obj, items, index, ITEM))?;
            Sym::Obj { value, hold: Hold::Fragile }
        } else if let Some(tuple) =
            container.downcast_ref::<PyTuple>().filter(|_| is_index && like(PyTuple::type_object()))
        {
            let index = self.index(b, key)?;
            self.guard_type(object, container.ty())?;
            self.guard_version_if_heap(container.ty())?;
            let length = self.length(object, Class::Fixed)?;
            let index = self.checked_index(index, key, length, tuple.len())?;
            let access = Access::word(Class::Fixed, layout::TUPLE_ITEMS);
            let value = self.emit(Inst::load_indexed(Ty::Obj, object, index, access))?;
            Sym::Obj { value, hold: Hold::Fragile }
        } else if let Some(string) = container.downcast_exact::<PyStr>() {
            let index = self.index(b, key)?;
            self.guard_type(object, PyStr::type_object())?;
            let length = self.length(object, Class::Fixed)?;
            let index = self.checked_index(index, key, length, string.len())?;
            let value = self.call_runtime(table::STR_ITEM, &[object, index])?;
            Sym::Obj { value, hold: Hold::Owned }
        } else if is_mapping_with(container, rpy_vm::intern!("__getitem__")) {
            // SAFETY: passed on.
            if unsafe { self.special_missing(at, container, key)? } {
                return Ok(());
            }
            self.dict_item(container, key)?
        } else {
            // SAFETY: passed on.
            return unsafe { self.special_getitem(at, container) };
        };
        let ends = match ends {
            Some(ends) => ends,
            None => self.expect_two(container, key)?,
        };
        self.conclude(2, ends, Some(result))
    }

    pub(super) fn index(&mut self, sym: Sym, real: &PyObject) -> Result<Value, Abort> {
        match self.number_like(sym, real)? {
            Some(Number::Int(value)) if rpy_vm::protocol::number::index(real).is_ok() => Ok(value),
            _ => Err(Abort("a subscript by another object than an int")),
        }
    }

    /// An index within bounds, counted from the start.
    pub(super) fn checked_index(
        &mut self,
        index: Value,
        key: &PyObject,
        length: Value,
        real: usize,
    ) -> Result<Value, Abort> {
        let wanted = rpy_vm::protocol::number::as_isize(key, None).unwrap_or(isize::MIN);
        let index = if wanted < 0 {
            if wanted + (real as isize) < 0 {
                return Err(Abort("an index out of range"));
            }
            let zero = self.trace().int(0);
            let negative = self.op(Op::Lt, &[index, zero])?;
            self.guard(Op::GuardTrue, &[negative])?;
            self.op(Op::Add, &[index, length])?
        } else if wanted as usize >= real {
            return Err(Abort("an index out of range"));
        } else {
            index
        };
        let fits = self.op(Op::Ult, &[index, length])?;
        self.guard(Op::GuardTrue, &[fits])?;
        Ok(index)
    }

    /// `container[key] = value`, of lists and ints.
    pub(super) unsafe fn store_subscr(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands: value, container, key.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        if is_mapping_with(container, rpy_vm::intern!("__setitem__")) {
            // SAFETY: passed on.
            return unsafe { self.store_dict(at) };
        }
        // SAFETY: passed on.
        if unsafe { self.array_store(at)? || self.raw_store(at)? } {
            return Ok(());
        }
        let like = is_like(container, PyList::type_object(), &[rpy_vm::intern!("__setitem__")]);
        let list = match container.downcast_ref::<PyList>().filter(|_| like) {
            Some(list) if rpy_vm::protocol::number::is_index(key) => list,
            // SAFETY: passed on.
            _ if container.ty().as_heap().is_some() => return unsafe { self.special_setitem(at, container) },
            // SAFETY: passed on.
            _ => return unsafe { self.native_store(at) },
        };
        let Sym::Obj { value: object, .. } = self.peek(2)? else { return Err(Abort("a store into a number")) };
        let key_sym = self.peek(1)?;
        let index = self.index(key_sym, key)?;
        self.guard_type(object, container.ty())?;
        self.guard_version_if_heap(container.ty())?;
        let length = self.length(object, Class::ListHeader)?;
        let index = self.checked_index(index, key, length, list.len())?;
        let items = self.emit(Inst::load(Ty::Ptr, object, Access::word(Class::ListHeader, layout::LIST_ITEMS)))?;
        let position = rpy_vm::protocol::number::as_isize(key, None).unwrap_or(0);
        let position = if position < 0 { position + list.len() as isize } else { position };
        let Some(real_old) = list.get(position as usize) else { return Err(Abort("an index out of range")) };
        let old = self.emit(Inst::load_indexed(Ty::Obj, items, index, ITEM))?;
        // `get` took a reference of its own.
        let end = self.expect_drop(old, &real_old, real_old.refcount() > 2)?;
        let (c, k) = (self.peek_raw(2)?, self.peek_raw(1)?);
        let (c, k) = (self.expect_release(c, container)?, self.expect_release(k, key)?);
        self.pop()?;
        self.pop()?;
        let sym = self.pop()?;
        self.disturb()?;
        let owned = self.owned_object(sym)?;
        self.emit(Inst::store_indexed(items, index, owned, ITEM))?;
        self.release(end)?;
        self.release(k)?;
        self.release(c)
    }

    /// Prepares to drop the reference that a place in memory holds. `shared`: does something else hold the object now?
    pub(super) fn expect_drop(&mut self, old: Value, real: &PyObject, shared: bool) -> Result<Release, Abort> {
        if super::values::is_inert(real.ty()) {
            self.guard_type(old, real.ty())?;
            return Ok(Release::Inert(old));
        }
        if shared || real.is_immortal() {
            self.guard(Op::GuardShared, &[old])?;
            return Ok(Release::Shared(old));
        }
        Ok(Release::Last(old))
    }

    /// `a, b = tuple` (or list).
    pub(super) unsafe fn unpack_sequence(&mut self, at: Registers<'_>, count: usize) -> Done {
        // SAFETY: the real operand.
        let real = unsafe { self.real(at, 1)? };
        let Sym::Obj { value: object, .. } = self.peek(1)? else { return Err(Abort("unpacking a number")) };
        let mut items = Vec::with_capacity(count);
        if let Some(tuple) = real.downcast_exact::<PyTuple>() {
            if tuple.len() != count {
                return Err(Abort("unpacking too many or too few"));
            }
            self.guard_type(object, PyTuple::type_object())?;
            self.guard_size(object, Class::Fixed, count)?;
            for i in 0..count {
                let access = Access::word(Class::Fixed, layout::TUPLE_ITEMS + 8 * i);
                items.push(self.emit(Inst::load(Ty::Obj, object, access))?);
            }
        } else if let Some(list) = real.downcast_exact::<PyList>() {
            if list.len() != count {
                return Err(Abort("unpacking too many or too few"));
            }
            self.guard_type(object, PyList::type_object())?;
            self.guard_size(object, Class::ListHeader, count)?;
            let array = self.emit(Inst::load(Ty::Ptr, object, Access::word(Class::ListHeader, layout::LIST_ITEMS)))?;
            for i in 0..count {
                let index = self.trace().int(i as i64);
                items.push(self.emit(Inst::load_indexed(Ty::Obj, array, index, ITEM))?);
            }
        } else {
            return Err(Abort("unpacking this type"));
        }
        let raw = self.peek_raw(1)?;
        let release = self.expect_release(raw, real)?;
        self.pop()?;
        for value in items.into_iter().rev() {
            self.push_obj(value, Hold::Fragile);
        }
        self.release(release)
    }

    pub(super) fn guard_size(&mut self, object: Value, class: Class, count: usize) -> Done {
        let size = self.length(object, class)?;
        let count = self.trace().int(count as i64);
        self.guard(Op::GuardIs, &[size, count])?;
        Ok(())
    }
}
