//! Built-in functions that go through a generator: `set(f(x) for x in y)`, `sorted(generator)`, `max(generator)`, `", ".join(...)`.
//!
//! Native code would run the generator in an eval loop of its own for each item. The call enters a small function of the VM's own
//! instead, which does in bytecode what the built-in one does: so generator and consumer run in one loop, and the JIT sees that as a loop like
//! any other. The code of each generator function has such functions for itself, so that what is compiled for one loop is not in the way
//! of another, and goes when the generator function goes.
//!
//! Their code has its `RESUME` at the end: nobody sees the frames.

use crate::err::PyResult;
use crate::interp::opcode::*;
use crate::interp::specialize::call::is_builtins_function;
use crate::interp::stackref::StackRef;
use crate::object::defs::PyMethodDef;
use crate::object::header::PyObject;
use crate::object::refs::{PyClass, PyStruct, Ref};
use crate::runtime::gc;
use crate::types::builtin_function::PyCFunction;
use crate::types::code::PyCode;
use crate::types::descr::method::PyMethodDescr;
use crate::types::function::PyFunction;
use crate::types::generator::PyGenerator;
use crate::types::list::PyList;
use crate::types::set::{PyFrozenSet, PySet};
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

use super::calls::KnownFunction;

/// What is made of the items.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Consumer {
    List,
    Set,
    /// A list, with which the callable is called.
    Then,
    /// A set, with which the callable is called.
    SetThen,
    /// As `Then`, with what stands below the arguments as the first of them.
    ThenMethod,
    /// The least item; of none, what the callable says of nothing.
    Min,
    /// The greatest.
    Max,
}

/// How many of them there are.
pub const KINDS: usize = Consumer::Max as usize + 1;

// Learned when a call of them is specialized.
/// `sorted`.
pub static SORTED: KnownFunction = KnownFunction::UNKNOWN;
/// `min`.
pub static MIN: KnownFunction = KnownFunction::UNKNOWN;
/// `max`.
pub static MAX: KnownFunction = KnownFunction::UNKNOWN;
/// `str.join`.
pub static JOIN: KnownFunction = KnownFunction::UNKNOWN;

impl Consumer {
    /// The consumer that a call with a generator as its only argument enters: of this callable, and what stands between it and the
    /// argument.
    #[inline(never)]
    pub fn of(callable: &PyObject, this: Option<&PyObject>) -> Option<Consumer> {
        if let Some(this) = this {
            let join = callable.downcast_exact::<PyMethodDescr>().is_some_and(|d| JOIN.has(definition(d)));
            return (join && PyStr::check_exact(this)).then_some(Consumer::ThenMethod);
        }
        if callable.is(PyList::type_object().as_object()) {
            return Some(Consumer::List);
        }
        if callable.is(PySet::type_object().as_object()) {
            return Some(Consumer::Set);
        }
        if callable.is(PyFrozenSet::type_object().as_object()) {
            return Some(Consumer::SetThen);
        }
        if callable.is(PyTuple::type_object().as_object()) {
            return Some(Consumer::Then);
        }
        let function = callable.downcast_exact::<PyCFunction>()?.def();
        let known = [(&SORTED, Consumer::Then), (&MIN, Consumer::Min), (&MAX, Consumer::Max)];
        known.into_iter().find(|(known, _)| known.has(function)).map(|(_, consumer)| consumer)
    }

    /// The parameters of its function.
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Consumer::List | Consumer::Set => &["items"],
            Consumer::Then | Consumer::SetThen | Consumer::Min | Consumer::Max => &["function", "items"],
            Consumer::ThenMethod => &["function", "this", "items"],
        }
    }

    /// Its code: something to add items to, then the loop.
    fn code(self) -> PyResult<Ref<PyCode>> {
        let (before, add, items): (&[u8], u8, u8) = match self {
            Consumer::List => (&[BUILD_LIST, 0], LIST_APPEND, 0),
            Consumer::Set => (&[BUILD_SET, 0], SET_ADD, 0),
            Consumer::Then => (&[LOAD_FAST, 0, PUSH_NULL, 0, BUILD_LIST, 0], LIST_APPEND, 1),
            Consumer::SetThen => (&[LOAD_FAST, 0, PUSH_NULL, 0, BUILD_SET, 0], SET_ADD, 1),
            Consumer::ThenMethod => (&[LOAD_FAST, 0, LOAD_FAST, 1, BUILD_LIST, 0], LIST_APPEND, 2),
            Consumer::Min => return self.extreme(18),
            Consumer::Max => return self.extreme(148),
        };
        let mut units = before.to_vec();
        // The distances count from behind the jumps' caches.
        units.extend([
            LOAD_FAST,
            items,
            FOR_ITER,
            3,
            CACHE,
            0,
            add,
            2,
            JUMP_BACKWARD,
            5,
            CACHE,
            0,
            END_FOR,
            0,
            POP_ITER,
            0,
        ]);
        if !matches!(self, Consumer::List | Consumer::Set) {
            units.extend([CALL, 1, CACHE, 0, CACHE, 0, CACHE, 0]);
        }
        units.extend([RETURN_VALUE, 0, RESUME, 0]);
        PyCode::internal_function("consumer", self.parameters(), units, 6)
    }

    /// The code of those that keep the item which compares so with all before it: in the variable that held the generator.
    #[rustfmt::skip]
    fn extreme(self, comparison: u8) -> PyResult<Ref<PyCode>> {
        let units = vec![
            LOAD_FAST, 1, FOR_ITER, 19, CACHE, 0, STORE_FAST, 1,
            // The loop: an item that is none is let go of before the next one is asked for.
            FOR_ITER, 12, CACHE, 0, COPY, 1, LOAD_FAST, 1, COMPARE_OP, comparison, CACHE, 0, POP_JUMP_IF_TRUE, 3, CACHE, 0,
            POP_TOP, 0, JUMP_BACKWARD, 11, CACHE, 0,
            STORE_FAST, 1, JUMP_BACKWARD, 14, CACHE, 0,
            END_FOR, 0, POP_ITER, 0, LOAD_FAST, 1, RETURN_VALUE, 0,
            // There is no item.
            END_FOR, 0, POP_ITER, 0, LOAD_FAST, 0, PUSH_NULL, 0, BUILD_TUPLE, 0, CALL, 1, CACHE, 0, CACHE, 0, CACHE, 0,
            RETURN_VALUE, 0, RESUME, 0,
        ];
        PyCode::internal_function("consumer", self.parameters(), units, 6)
    }
}

/// Remembers the function or method, if it is one that has a consumer.
pub fn learn(callable: StackRef) {
    // SAFETY: a word on the stack.
    let callable = unsafe { callable.get() };
    if let Some(function) = callable.downcast_exact::<PyCFunction>() {
        if is_builtins_function(function) {
            match function.name() {
                "sorted" => SORTED.learn(function.def()),
                "min" => MIN.learn(function.def()),
                "max" => MAX.learn(function.def()),
                _ => {}
            }
        }
    } else if let Some(method) = callable.downcast_exact::<PyMethodDescr>()
        && core::ptr::eq(&*method.d_type, PyStr::type_object())
        && method.d_name.eq_str("join")
    {
        JOIN.learn(definition(method));
    }
}

/// The definition of a method.
pub fn definition(method: &PyMethodDescr) -> &PyMethodDef {
    // SAFETY: descriptors keep their definition alive.
    unsafe { &*method.d_method.get() }
}

/// The function that a consumer enters for a generator: the same one for all generators of the same code, which owns it.
///
/// # Errors
/// `MemoryError`.
#[inline(never)]
pub fn function(consumer: Consumer, generator: &PyGenerator) -> PyResult<&PyFunction> {
    let owner = generator.code();
    let slot = owner.consumer(consumer);
    if slot.is_null() {
        let globals = crate::runtime::sys_state::builtins_dict()?;
        let code = consumer.code()?;
        slot.set(Some(PyFunction::new(&code, globals.as_object(), None)));
        // What is compiled of the function keeps the generator's code alive: only the collector sees through that.
        // SAFETY: a code object, which has a head.
        unsafe { gc::track(owner.as_object()) };
    }
    slot.peek().ok_or_else(crate::exc::memory_error)
}
