//! Dicts.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;

use super::reviewed::Does;
use super::{is_one_of, static_base};
use crate::ir::{Op, Value};
use crate::recorder::enter::Follow;
use crate::recorder::special::{function, have_the_same, units};
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::dict::makes_natively;
use crate::runtime::plain::{has_native_keys, is_handy_key, is_plain};
use crate::runtime::table;

/// Is the object a dict, or of a class derived from one of these mappings that has their method of this name?
pub(in crate::recorder) fn is_mapping_with(object: &PyObject, name: &PyStr) -> bool {
    let base = static_base(object.ty());
    ["dict", "collections.defaultdict", "collections.OrderedDict"].contains(&base.full_name())
        && (core::ptr::eq(base, object.ty()) || have_the_same(object.ty(), base, name))
}

/// An exact dict, or one that stores (or deletes) in the same way.
fn plain_dict<'a>(object: &'a PyObject, name: &PyStr) -> Option<&'a PyDict> {
    let plain = is_mapping_with(object, name) && static_base(object.ty()).full_name() != "collections.OrderedDict";
    // SAFETY: these types are dicts and begin with one.
    plain.then(|| unsafe { object.cast_unchecked_ref() })
}

impl Recorder {
    /// `dict[key]`, where the key is missing, in a dict of a class with a `__missing__` in Python, which is followed. False: it is not so.
    pub(in crate::recorder) unsafe fn special_missing(
        &mut self,
        at: Registers<'_>,
        container: &PyObject,
        key: &PyObject,
    ) -> Result<bool, Abort> {
        // SAFETY: such mappings begin with a dict.
        let dict: &PyDict = unsafe { container.cast_unchecked_ref() };
        if container.ty().as_heap().is_none() || !matches!(dict.find_plain(key), Ok(None)) {
            return Ok(false);
        }
        let Some(function) = function(container.ty(), rpy_vm::intern!("__missing__")) else { return Ok(false) };
        let (d, k) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_class(2, container.ty())?;
        let there = self.ask(table::DICT_CONTAINS, &[d, k])?;
        let missing = self.trace().int(0);
        self.guard(Op::GuardIs, &[there, missing])?;
        let call = Follow { function, args: &[2, 1], special: None, pops: 2, offset: units::BINARY_OP };
        // SAFETY: passed on.
        unsafe { self.follow(at, &call)? };
        Ok(true)
    }

    /// `dict[key]`. Borrowed from the dict.
    pub(in crate::recorder) fn dict_item(&mut self, container: &PyObject, key: &PyObject) -> Result<Sym, Abort> {
        // SAFETY: such mappings begin with a dict.
        let dict: &PyDict = unsafe { container.cast_unchecked_ref() };
        let defaults = is_one_of(container, &["collections.defaultdict"]);
        if !is_handy_key(key) {
            return Err(self.abort_on("a key of type", key));
        }
        match dict.find_plain(key) {
            Ok(Some(_)) => {}
            Ok(None) if defaults && makes_natively(container) => {}
            Ok(None) => return Err(Abort("a missing key")),
            Err(()) => return Err(self.abort_on("a key of type", key)),
        }
        let (d, k) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_class(2, container.ty())?;
        let value = self.attempt(if defaults { table::DEFAULTDICT_GET } else { table::DICT_GET }, &[d, k])?;
        Ok(Sym::Obj { value, hold: Hold::Fragile })
    }

    /// `dict[key] = value`.
    pub(in crate::recorder) unsafe fn store_dict(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands: value, container, key.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        if plain_dict(container, rpy_vm::intern!("__setitem__")).is_none() {
            return Err(self.abort_on("a store into", container));
        }
        if !is_handy_key(key) {
            return Err(self.abort_on("a key of type", key));
        }
        let (v, d, k) = (self.materialize(3)?, self.materialize(2)?, self.materialize(1)?);
        self.guard_class(2, container.ty())?;
        // What the dict holds under the key may go, and its end may be noticed.
        let old = plain_dict(container, rpy_vm::intern!("__setitem__"))
            .and_then(|dict| dict.value_at(dict.find_plain(key).ok()??));
        let last = old.is_some_and(|old| old.refcount() == 1 && !is_plain(old));
        let (does, callee) = if last { (Does::Destroys, table::DICT_STORE) } else { (Does::Takes, table::DICT_SET) };
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 3, does)? };
        let done = self.call_runtime(callee, &[d, k, v])?;
        self.guard(Op::GuardTrue, &[done])?;
        self.conclude(3, ends, None)
    }

    /// `MAP_ADD`: an entry of a comprehension, whose dict lies below.
    pub(in crate::recorder) unsafe fn map_add(&mut self, at: Registers<'_>, depth: usize) -> Done {
        // SAFETY: the real key.
        let key = unsafe { self.real(at, 2)? };
        if !is_handy_key(key) {
            return Err(self.abort_on("a key of type", key));
        }
        let Sym::Obj { value: d, .. } = self.peek(depth + 2)? else { return Err(Abort("a dict")) };
        let (k, v) = (self.materialize(2)?, self.materialize(1)?);
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 2, Does::Takes)? };
        let done = self.call_runtime(table::DICT_SET, &[d, k, v])?;
        self.guard(Op::GuardTrue, &[done])?;
        self.conclude(2, ends, None)
    }

    /// `DICT_UPDATE` of a display, whose dict lies below.
    pub(in crate::recorder) unsafe fn dict_update(&mut self, at: Registers<'_>, depth: usize) -> Done {
        // SAFETY: the real operands.
        let (other, dict) = unsafe { (self.real(at, 1)?, self.real(at, depth + 1)?) };
        let (Some(other_dict), Some(dict)) = (other.downcast_exact::<PyDict>(), dict.downcast_exact::<PyDict>()) else {
            return Err(self.abort_on("an update of a dict with", other));
        };
        if !has_native_keys(dict) || !has_native_keys(other_dict) {
            return Err(Abort("a dict of keys with methods in Python"));
        }
        let Sym::Obj { value: d, .. } = self.peek(depth + 1)? else { return Err(Abort("a dict")) };
        let o = self.materialize(1)?;
        self.guard_type(o, other.ty())?;
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 1, Does::Destroys)? };
        let done = self.call_runtime(table::DICT_UPDATE, &[d, o])?;
        self.guard(Op::GuardTrue, &[done])?;
        self.conclude(1, ends, None)
    }

    /// `DICT_MERGE`: keywords of a call, which are added to the dict below.
    pub(in crate::recorder) unsafe fn dict_merge(&mut self, at: Registers<'_>, depth: usize) -> Done {
        // SAFETY: the real operands.
        let (other, dict) = unsafe { (self.real(at, 1)?, self.real(at, depth + 1)?) };
        if !PyDict::check_exact(other) || !PyDict::check_exact(dict) {
            return Err(self.abort_on("keywords in", other));
        }
        let Sym::Obj { value: d, .. } = self.peek(depth + 1)? else { return Err(Abort("a dict")) };
        let o = self.materialize(1)?;
        self.guard_type(d, dict.ty())?;
        self.guard_type(o, other.ty())?;
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 1, Does::Adds)? };
        let done = self.call_runtime(table::DICT_MERGE, &[d, o])?;
        self.guard(Op::GuardTrue, &[done])?;
        self.conclude(1, ends, None)
    }

    /// `del dict[key]` with a key that is there.
    pub(super) unsafe fn delete_key(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let there = plain_dict(container, rpy_vm::intern!("__delitem__"))
            .is_some_and(|dict| matches!(dict.find_plain(key), Ok(Some(_))));
        if !there {
            return Err(self.abort_on("a deletion from", container));
        }
        let (d, k) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_class(2, container.ty())?;
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 2, Does::Destroys)? };
        let done = self.call_runtime(table::DICT_DELETE, &[d, k])?;
        self.guard(Op::GuardTrue, &[done])?;
        self.conclude(2, ends, None)
    }

    /// The default of `get` or `pop`: the last of two arguments, or nothing.
    fn default_argument(&mut self, argc: usize, absent: Value) -> Result<Value, Abort> {
        if argc == 2 { self.materialize(1) } else { Ok(absent) }
    }

    /// `dict.get(key)`, `dict.get(key, default)`.
    pub(super) unsafe fn call_dict_get(&mut self, at: Registers<'_>, dict: Value, argc: usize) -> Done {
        // SAFETY: the real key.
        let real = unsafe { self.real(at, argc)? };
        if !is_handy_key(real) {
            return Err(self.abort_on("a key of type", real));
        }
        let key = self.materialize(argc)?;
        let none = self.constant_object(rpy_vm::none_ref());
        let default = self.default_argument(argc, none)?;
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, argc + 2, Does::Looks)? };
        // A constant default lives as long as the trace, so that the result can be borrowed in either case.
        let (callee, hold) = if default.is_const() {
            (table::DICT_GET_OR, Hold::Fragile)
        } else {
            (table::DICT_GET_OR_NEW, Hold::Owned)
        };
        let value = self.attempt(callee, &[dict, key, default])?;
        self.conclude(argc + 2, ends, Some(Sym::Obj { value, hold }))
    }

    /// `dict.setdefault(key, default)`.
    pub(super) unsafe fn call_dict_setdefault(&mut self, at: Registers<'_>, dict: Value) -> Done {
        // SAFETY: the real key.
        let real = unsafe { self.real(at, 2)? };
        if !is_handy_key(real) {
            return Err(self.abort_on("a key of type", real));
        }
        let (key, default) = (self.materialize(2)?, self.materialize(1)?);
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 4, Does::Adds)? };
        let value = self.attempt(table::DICT_SETDEFAULT, &[dict, key, default])?;
        self.conclude(4, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
    }

    /// `dict.pop(key)`, `dict.pop(key, default)`.
    pub(super) unsafe fn call_dict_pop(
        &mut self,
        at: Registers<'_>,
        this: &PyObject,
        dict: Value,
        argc: usize,
    ) -> Done {
        // SAFETY: the real key.
        let real = unsafe { self.real(at, argc)? };
        // SAFETY: the receiver is a dict.
        let there = unsafe { this.cast_unchecked_ref::<PyDict>() }.find_plain(real).map_err(|()| Abort("a key"))?;
        if there.is_none() && argc == 1 {
            return Err(Abort("a missing key"));
        }
        let key = self.materialize(argc)?;
        let nothing = self.nothing;
        let default = self.default_argument(argc, nothing)?;
        // The key goes, too, and may be the argument.
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, argc + 2, Does::Drops)? };
        let value = self.attempt(table::DICT_POP, &[dict, key, default])?;
        self.conclude(argc + 2, ends, Some(Sym::Obj { value, hold: Hold::Owned }))
    }

    /// `dict.update(dict)`.
    pub(super) unsafe fn call_dict_update(&mut self, at: Registers<'_>, this: &PyObject, dict: Value) -> Done {
        // SAFETY: the real argument; both are exact dicts.
        let (other, this): (_, &PyDict) = unsafe { (self.real(at, 1)?, this.cast_unchecked_ref()) };
        // SAFETY: as above.
        if !has_native_keys(this) || !has_native_keys(unsafe { other.cast_unchecked_ref() }) {
            return Err(Abort("a dict of keys with methods in Python"));
        }
        let value = self.materialize(1)?;
        self.guard_type(value, other.ty())?;
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 3, Does::Destroys)? };
        let done = self.call_runtime(table::DICT_UPDATE, &[dict, value])?;
        self.guard(Op::GuardTrue, &[done])?;
        let none = self.none_sym();
        self.conclude(3, ends, Some(none))
    }
}
