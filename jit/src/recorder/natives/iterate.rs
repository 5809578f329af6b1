//! Iteration by the iterators of built-in types, but for those of lists, tuples and ranges, whose steps are inline.

use rpy_vm::builtins::iterators::PyZip;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::layout;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::PyClass;
use rpy_vm::object::typeobj::PyTypeObject;
use rpy_vm::types::dict::{PyDictItemIterator, PyDictKeyIterator, PyDictValueIterator};
use rpy_vm::types::iter::enumerate::PyEnumerate;
use rpy_vm::types::list::iter::PyListReverseIterator;
use rpy_vm::types::set::PySetIterator;
use rpy_vm::types::str::iter::PyStrAsciiIterator;

use super::is_one_of;
use super::reviewed::Does;
use crate::ir::{Access, Class, Inst, Op, Ty, Value};
use crate::recorder::state::{Hold, Sym};
use crate::recorder::{Abort, Done, Recorder};
use crate::runtime::iter::{has_none, is_at_end, tells};
use crate::runtime::table::{self, Function};

/// Iterators that yield without running Python code.
const ITERATORS: &[&str] = &[
    "dict_keyiterator",
    "dict_valueiterator",
    "dict_itemiterator",
    "dict_reversekeyiterator",
    "dict_reversevalueiterator",
    "dict_reverseitemiterator",
    "odict_iterator",
    "str_ascii_iterator",
    "str_iterator",
    "set_iterator",
    "bytes_iterator",
    "bytearray_iterator",
    "memory_iterator",
    "range_iterator",
    "longrange_iterator",
    "list_iterator",
    "list_reverseiterator",
    "tuple_iterator",
    "array.arrayiterator",
    "collections._deque_iterator",
    "collections._deque_reverse_iterator",
];

/// Containers over which `iter` and what follows run no Python code.
const ITERABLES: &[&str] = &[
    "list",
    "tuple",
    "str",
    "bytes",
    "bytearray",
    "range",
    "dict",
    "set",
    "frozenset",
    "dict_keys",
    "dict_values",
    "dict_items",
    "array.array",
    "collections.deque",
    "collections.defaultdict",
];

/// Those whose items are numbers and strings.
const ITERATORS_OF_PLAIN: &[&str] = &[
    "str_ascii_iterator",
    "str_iterator",
    "bytes_iterator",
    "bytearray_iterator",
    "memory_iterator",
    "range_iterator",
    "longrange_iterator",
    "array.arrayiterator",
];

/// The longest `zip` whose iterators are looked at one by one.
const MOST_ZIPPED: usize = 4;

/// Are the items of an iterator numbers and strings, or tuples of such?
fn yields_plain(iterator: &PyObject) -> bool {
    if let Some(enumerate) = iterator.downcast_exact::<PyEnumerate>() {
        return enumerate.inner().is_none_or(yields_plain);
    }
    match iterator.downcast_exact::<PyZip>() {
        Some(zip) => zip.inner().items().iter().all(|inner| yields_plain(inner)),
        None => is_one_of(iterator, ITERATORS_OF_PLAIN),
    }
}

/// Has no iterator of a `zip` moved on, if another one turns out to be at its end?
fn ends_at_once(iterator: &PyObject) -> bool {
    if let Some(enumerate) = iterator.downcast_exact::<PyEnumerate>() {
        return enumerate.inner().is_none_or(ends_at_once);
    }
    let Some(zip) = iterator.downcast_exact::<PyZip>() else { return true };
    let mut inner = zip.inner().items().iter();
    inner.next().is_none_or(|first| ends_at_once(first)) && inner.all(|inner| tells(inner, true))
}

/// The function that moves an iterator of a type on.
fn next_of(iterator: &PyObject) -> Function {
    let own = [
        (PyDictKeyIterator::type_object(), table::NEXT_KEY),
        (PyDictValueIterator::type_object(), table::NEXT_VALUE),
        (PyDictItemIterator::type_object(), table::NEXT_ITEM),
        (PyStrAsciiIterator::type_object(), table::NEXT_CHARACTER),
        (PyListReverseIterator::type_object(), table::NEXT_REVERSED),
    ];
    let ty: *const PyTypeObject = iterator.ty();
    own.into_iter().find(|&(own, _)| core::ptr::eq(ty, own)).map_or(table::NEXT, |(_, next)| next)
}

/// What an iterator does to objects when it moves on, and the function for that. `enumerate` and `zip` keep the tuple that they gave last,
/// and fill it anew if nobody else has it: what it held goes. One that comes to its end unexpectedly may let go of its container.
pub(super) fn step_of(iterator: &PyObject) -> (Does, Function) {
    let keeps = PyEnumerate::check_exact(iterator) || PyZip::check_exact(iterator);
    match tells(iterator, false) {
        true if !keeps => (Does::Looks, next_of(iterator)),
        true if yields_plain(iterator) => (Does::Drops, table::NEXT),
        _ => (Does::Destroys, table::NEXT.destroying()),
    }
}

impl Recorder {
    /// Guards that iterating over an object runs no Python code. False if it is an iterator itself.
    pub(super) fn guard_native_iterable(&mut self, value: Value, real: &PyObject) -> Result<bool, Abort> {
        if is_one_of(real, ITERABLES) {
            self.guard_type(value, real.ty())?;
            return Ok(true);
        }
        self.guard_native_iterator(value, real)?;
        Ok(false)
    }

    /// Guards that an iterator yields without running Python code.
    pub(super) fn guard_native_iterator(&mut self, value: Value, real: &PyObject) -> Done {
        if is_one_of(real, ITERATORS) {
            return self.guard_type(value, real.ty());
        }
        if self.guard_array_iterator(value, real)? {
            return Ok(());
        }
        if let Some(enumerate) = real.downcast_exact::<PyEnumerate>()
            && let Some(inner) = enumerate.inner()
        {
            self.guard_type(value, real.ty())?;
            let access = Access::word(Class::Iterator, PyEnumerate::INNER_OFFSET);
            let inside = self.emit(Inst::load(Ty::Obj, value, access))?;
            self.guard(Op::GuardNonNull, &[inside])?;
            return self.guard_native_iterator(inside, inner);
        }
        if let Some(zip) = real.downcast_exact::<PyZip>()
            && zip.inner().len() <= MOST_ZIPPED
        {
            self.guard_type(value, real.ty())?;
            let inside = self.emit(Inst::load(Ty::Obj, value, Access::word(Class::Fixed, PyZip::INNER_OFFSET)))?;
            let size = self.length(inside, Class::Fixed)?;
            let count = self.trace().int(zip.inner().len() as i64);
            self.guard(Op::GuardIs, &[size, count])?;
            for (i, inner) in zip.inner().items().iter().enumerate() {
                let access = Access::word(Class::Fixed, layout::TUPLE_ITEMS + 8 * i);
                let item = self.emit(Inst::load(Ty::Obj, inside, access))?;
                self.guard_native_iterator(item, inner)?;
            }
            return Ok(());
        }
        Err(self.abort_on("iteration by", real))
    }

    /// Guards that an iterator yields without running Python code; is it at its end now? The end of those that take from several is
    /// not recorded.
    pub(super) fn guard_native_end(&mut self, iterator: Value, real: &PyObject) -> Result<bool, Abort> {
        if !ends_at_once(real) {
            return Err(self.abort_on("iteration by", real));
        }
        self.guard_native_iterator(iterator, real)?;
        match is_at_end(real) {
            false if has_none(real) => Err(Abort("the end of several iterators")),
            at_end => Ok(at_end),
        }
    }

    /// `FOR_ITER` of other iterators than those of ranges, lists and tuples.
    pub(in crate::recorder) fn native_next(&mut self, iterator: Value, real: &PyObject) -> Done {
        if self.guard_native_end(iterator, real)? {
            // The iterator stays on the stack: `POP_ITER` comes next.
            return self.native_end(iterator);
        }
        if PySetIterator::check_exact(real) {
            let value = self.attempt(table::SET_NEXT, &[iterator])?;
            self.push_obj(value, Hold::Fragile);
            return Ok(());
        }
        let (does, step) = step_of(real);
        if does != Does::Looks {
            self.disturb()?;
        }
        let value = self.attempt(step, &[iterator])?;
        self.push_obj(value, Hold::Owned);
        Ok(())
    }

    /// Guards that an iterator is at its end, and tells it so: it lets go of its container. If that has changed, it raises an exception.
    pub(super) fn native_end(&mut self, iterator: Value) -> Done {
        self.guard_that(table::AT_END, iterator)?;
        self.disturb()?;
        let done = self.call_runtime(table::FINISH, &[iterator])?;
        self.guard_raised(Op::GuardTrue, done)
    }

    /// `iter(x)` of what runs no Python code for it.
    pub(in crate::recorder) unsafe fn native_iter(&mut self, at: Registers<'_>, real: &PyObject) -> Done {
        let value = self.materialize(1)?;
        if is_one_of(real, ITERATORS) || is_one_of(real, &["enumerate", "zip", "reversed", "map", "filter"]) {
            // Its own iterator.
            return self.guard_type(value, real.ty());
        }
        if !is_one_of(real, ITERABLES) && !Self::is_array_iterable(real) {
            return Err(self.abort_on("iteration over", real));
        }
        self.guard_type(value, real.ty())?;
        // SAFETY: the real operand.
        let ends = unsafe { self.expect_ends(at, 1)? };
        let iterator = self.attempt(table::ITER, &[value])?;
        self.conclude(1, ends, Some(Sym::Obj { value: iterator, hold: Hold::Owned }))
    }
}
