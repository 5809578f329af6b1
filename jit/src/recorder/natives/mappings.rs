//! Dicts.

use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::header::PyObject;
use rpy_vm::types::dict::PyDict;

use super::is_one_of;
use super::reviewed::Does;
use crate::ir::{Op, Value};
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::plain::{has_plain_keys, is_plain};
use crate::runtime::table;

/// An exact dict, or one that stores in the same way.
fn plain_dict(object: &PyObject) -> Option<&PyDict> {
    // SAFETY: these types are dicts and begin with one.
    is_one_of(object, &["dict", "collections.defaultdict"]).then(|| unsafe { object.cast_unchecked_ref() })
}

impl Recorder {
    /// Is the object a mapping whose subscripts are a dict's?
    pub(in crate::recorder) fn is_native_mapping(container: &PyObject) -> bool {
        is_one_of(container, &["dict", "collections.defaultdict", "collections.OrderedDict"])
    }

    /// `dict[key]` with a plain key. Borrowed from the dict.
    pub(in crate::recorder) fn dict_item(&mut self, container: &PyObject, key: &PyObject) -> Result<Sym, Abort> {
        // SAFETY: such mappings begin with a dict.
        let dict: &PyDict = unsafe { container.cast_unchecked_ref() };
        let defaults = is_one_of(container, &["collections.defaultdict"]);
        match dict.find_plain(key) {
            Ok(Some(_)) => {}
            Ok(None) if defaults => {}
            Ok(None) => return Err(Abort("a missing key")),
            Err(()) => return Err(self.abort_on("a key of type", key)),
        }
        let (d, k) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_type(d, container.ty())?;
        let value = self.attempt(if defaults { table::DEFAULTDICT_GET } else { table::DICT_GET }, &[d, k])?;
        Ok(Sym::Obj { value, hold: Hold::Fragile })
    }

    /// `dict[key] = value` with a plain key.
    pub(in crate::recorder) unsafe fn store_dict(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands: value, container, key.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        if plain_dict(container).is_none() {
            return Err(self.abort_on("a store into", container));
        }
        if !is_plain(key) {
            return Err(self.abort_on("a key of type", key));
        }
        let (v, d, k) = (self.materialize(3)?, self.materialize(2)?, self.materialize(1)?);
        self.guard_type(d, container.ty())?;
        // What the dict holds under the key may go.
        // SAFETY: the real operands.
        let ends = unsafe { self.prepare(at, 3, Does::Takes)? };
        let done = self.call_runtime(table::DICT_SET, &[d, k, v])?;
        self.guard(Op::GuardTrue, &[done])?;
        self.conclude(3, ends, None)
    }

    /// `MAP_ADD`: an entry of a comprehension, whose dict lies below.
    pub(in crate::recorder) unsafe fn map_add(&mut self, at: Registers<'_>, depth: usize) -> Done {
        // SAFETY: the real key.
        let key = unsafe { self.real(at, 2)? };
        if !is_plain(key) {
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
        if !has_plain_keys(dict) || !has_plain_keys(other_dict) {
            return Err(Abort("a dict of keys that are not plain"));
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

    /// `del dict[key]` with a plain key that is there.
    pub(super) unsafe fn delete_key(&mut self, at: Registers<'_>) -> Done {
        // SAFETY: the real operands.
        let (container, key) = unsafe { (self.real(at, 2)?, self.real(at, 1)?) };
        let there = plain_dict(container).is_some_and(|dict| matches!(dict.find_plain(key), Ok(Some(_))));
        if !there {
            return Err(self.abort_on("a deletion from", container));
        }
        let (d, k) = (self.materialize(2)?, self.materialize(1)?);
        self.guard_type(d, container.ty())?;
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
        if !is_plain(real) {
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
        if !is_plain(real) {
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
        if !has_plain_keys(this) || !has_plain_keys(unsafe { other.cast_unchecked_ref() }) {
            return Err(Abort("a dict of keys that are not plain"));
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
