//! The instructions: what each one does to the machine.
//!
//! [`execute`] is one function of the opcode, which is a constant wherever it is called: each of the eval loop's handlers
//! (`dispatch`) contains just its own arm. The work is done in `ops`, by family; the fast paths there are inlined, and
//! slow paths receive values, never the [`Machine`], whose fields must stay in registers.

use core::sync::atomic::Ordering;

use super::machine::Machine;
use super::opcode::*;
use super::stackref::StackRef;
use super::{instrument, ops, pending, specialize};
use crate::err::PyErr;
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::ObjRef;
use crate::types::{bool_, singletons};

/// How execution goes on after an instruction.
pub enum Flow {
    /// At the machine's `ip`.
    Next,
    /// With another opcode (and argument) in place of this one, whose caches the machine's `ip` still points to.
    Again(u8, usize),
    /// As the general form given: a specialized instruction's guard failed.
    Deoptimize(u8),
    /// With the handler of an exception.
    Raise(PyErr),
    /// As `Raise`, for an exception whose traceback knows this frame already.
    Reraise(PyErr),
    /// By leaving the loop with a value.
    Exit(ObjRef),
    /// As the JIT says: the countdown of a backward jump (in the cache that the machine's `ip` points to) or of a function's entry
    /// is at its end.
    Hot,
}

/// What the fast form of an instruction says.
pub enum Fast {
    Done,
    /// The guards failed.
    Miss,
    /// The guards hold, but this time it takes the general form (a call to allocate, say, which the handler must not contain).
    Rare,
}

/// Unpacks a result, or raises.
macro_rules! tri {
    ($e:expr) => {
        match $e {
            Ok(value) => value,
            Err(e) => return Flow::Raise(e),
        }
    };
}

/// Runs what may raise.
macro_rules! fallible {
    ($e:expr) => {
        match $e {
            Ok(()) => Flow::Next,
            Err(e) => Flow::Raise(e),
        }
    };
}

/// Pushes the value of what may raise.
macro_rules! pushed {
    ($m:ident, $e:expr) => {
        match $e {
            Ok(value) => {
                $m.push_owned(value);
                Flow::Next
            }
            Err(e) => Flow::Raise(e),
        }
    };
}

/// Records the instruction in the frame first: the rest may raise or run other code.
macro_rules! saved {
    ($m:ident, $flow:expr) => {{
        $m.save_ip();
        $flow
    }};
}

/// A specialized instruction that answers false where its guards fail, and then becomes its general form.
macro_rules! guarded {
    ($e:expr, $general:ident) => {
        if $e { Flow::Next } else { Flow::Deoptimize($general) }
    };
}

/// A specialized instruction that does the common case alone.
macro_rules! fast {
    ($arg:ident, $e:expr, $general:ident) => {
        match $e {
            Fast::Done => Flow::Next,
            Fast::Miss => Flow::Deoptimize($general),
            Fast::Rare => Flow::Again($general, $arg),
        }
    };
}

/// A specialized instruction that may raise, and answers `None` where its guards fail.
macro_rules! attempted {
    ($e:expr, $general:ident) => {
        match $e {
            Some(Ok(())) => Flow::Next,
            Some(Err(e)) => Flow::Raise(e),
            None => Flow::Deoptimize($general),
        }
    };
}

/// The general form of an instruction counts its executions; now and then it looks for a specialized form.
macro_rules! adaptive {
    ($m:ident, $arg:ident, $specialize:expr, $general:ident) => {
        if ADAPT && specialize::counter_triggers($m.ip) {
            $specialize;
            let now = specialize::opcode_at($m.this());
            if now != $general {
                return Flow::Again(now, $arg);
            }
        }
    };
}

#[inline(always)]
fn is_false(word: StackRef) -> bool {
    word.as_ptr() as *const PyObject == &raw const bool_::FALSE as *const PyObject
}

#[inline(always)]
fn is_none(word: StackRef) -> bool {
    word.as_ptr() as *const PyObject == &raw const singletons::NONE
}

/// Skips the jump's cache, and jumps if `condition` holds.
#[inline(always)]
fn jump_if(m: &mut Machine<'_>, condition: bool, distance: usize) -> Flow {
    m.skip(if condition { 1 + distance } else { 1 });
    Flow::Next
}

#[inline(always)]
fn interrupted(m: &Machine<'_>) -> bool {
    m.ts.eval_breaker.load(Ordering::Relaxed) != 0
}

#[cold]
#[inline(never)]
fn unknown_opcode(op: u8) -> PyErr {
    exc::system_error(format!("unknown opcode {op} ({})", NAMES[op as usize]))
}

/// Executes one instruction. The machine's `ip` points behind the opcode's unit; `arg` is the whole argument. General forms count
/// their executions, and become specialized ones, if `ADAPT`.
#[inline(always)]
pub fn execute<const OP: u8, const ADAPT: bool>(m: &mut Machine<'_>, arg: usize) -> Flow {
    match OP {
        // ---- constants, locals, stack ----
        LOAD_FAST => {
            // SAFETY: locals hold live references; the compiler proved this one bound.
            let value = unsafe { m.local(arg).dup() };
            m.push(value);
            Flow::Next
        }
        LOAD_FAST_BORROW => {
            // SAFETY: the compiler proved that the local outlives this use.
            let value = StackRef::borrowed(unsafe { m.local(arg).get() });
            m.push(value);
            Flow::Next
        }
        LOAD_FAST_BORROW_LOAD_FAST_BORROW => {
            // SAFETY: as above.
            let (a, b) = unsafe { (m.local(arg >> 4).get(), m.local(arg & 15).get()) };
            m.push(StackRef::borrowed(a));
            m.push(StackRef::borrowed(b));
            Flow::Next
        }
        LOAD_FAST_LOAD_FAST => {
            // SAFETY: as for LOAD_FAST.
            let (a, b) = unsafe { (m.local(arg >> 4).dup(), m.local(arg & 15).dup()) };
            m.push(a);
            m.push(b);
            Flow::Next
        }
        LOAD_FAST_CHECK => {
            let value = m.local(arg);
            if value.is_null() {
                m.save_ip();
                return Flow::Raise(ops::names::unbound_local(m.code(), arg));
            }
            // SAFETY: a bound local.
            m.push(unsafe { value.dup() });
            Flow::Next
        }
        LOAD_FAST_AND_CLEAR => {
            let value = m.swap_local(arg, StackRef::NULL);
            m.push(value);
            Flow::Next
        }
        LOAD_CONST | LOAD_CONST_IMMORTAL | LOAD_CONST_MORTAL => {
            // The code object outlives its frames, and whatever leaves a frame is made owned: borrow.
            // SAFETY: the index comes from the code itself.
            let value = unsafe { m.code().constant(arg) };
            m.push(StackRef::borrowed(value));
            Flow::Next
        }
        LOAD_SMALL_INT => {
            m.push(StackRef::borrowed(crate::types::int::small_int(arg as isize)));
            Flow::Next
        }
        STORE_FAST => {
            let value = m.pop();
            m.save_ip();
            m.set_local(arg, value);
            Flow::Next
        }
        STORE_FAST_LOAD_FAST => {
            let value = m.pop();
            m.save_ip();
            m.set_local(arg >> 4, value);
            // SAFETY: the compiler proved the local bound.
            let value = unsafe { m.local(arg & 15).dup() };
            m.push(value);
            Flow::Next
        }
        STORE_FAST_STORE_FAST => {
            m.save_ip();
            let first = m.pop();
            m.set_local(arg >> 4, first);
            let second = m.pop();
            m.set_local(arg & 15, second);
            Flow::Next
        }
        DELETE_FAST => {
            m.save_ip();
            if m.local(arg).is_null() {
                return Flow::Raise(ops::names::unbound_local(m.code(), arg));
            }
            m.set_local(arg, StackRef::NULL);
            Flow::Next
        }
        POP_TOP | POP_ITER | END_FOR => {
            m.save_ip();
            m.drop_top();
            Flow::Next
        }
        END_SEND => {
            m.save_ip();
            let value = m.pop();
            m.drop_top();
            m.push(value);
            Flow::Next
        }
        PUSH_NULL => {
            m.push(StackRef::NULL);
            Flow::Next
        }
        COPY => {
            // SAFETY: stack slots hold live references.
            let value = unsafe { m.peek(arg).dup() };
            m.push(value);
            Flow::Next
        }
        SWAP => {
            let (top, other) = (m.peek(1), m.peek(arg));
            m.set_peek(1, other);
            m.set_peek(arg, top);
            Flow::Next
        }
        NOP | NOT_TAKEN | CACHE | RESERVED => Flow::Next,
        EXTENDED_ARG => {
            // SAFETY: an instruction always follows.
            let word = unsafe { *m.ip };
            m.skip(1);
            Flow::Again(word as u8, arg << 8 | (word >> 8) as usize)
        }

        // ---- jumps ----
        JUMP_FORWARD => {
            m.skip(arg);
            Flow::Next
        }
        JUMP_BACKWARD => {
            // SAFETY: the running instruction. Where a tool listens, its opcode is another one, which has to stay.
            if unsafe { *m.this() } as u8 != JUMP_BACKWARD {
                return Flow::Again(JUMP_BACKWARD_NO_JIT, arg);
            }
            let op = if crate::jit_hooks::is_enabled() { JUMP_BACKWARD_JIT } else { JUMP_BACKWARD_NO_JIT };
            specialize::set_opcode(m.this(), op);
            m.set_cache(0, crate::jit_hooks::threshold());
            Flow::Again(op, arg)
        }
        JUMP_BACKWARD_JIT | JUMP_BACKWARD_NO_JIT => {
            if interrupted(m) {
                m.save_ip();
                m.save_sp();
                tri!(pending::handle(m.ts));
            }
            if OP == JUMP_BACKWARD_JIT {
                let left = m.cache(0);
                if left == 0 {
                    return Flow::Hot;
                }
                m.set_cache(0, left - 1);
            }
            m.skip(1);
            m.back(arg);
            Flow::Next
        }
        JUMP_BACKWARD_NO_INTERRUPT => {
            m.back(arg);
            Flow::Next
        }
        POP_JUMP_IF_FALSE => {
            let condition = m.pop();
            jump_if(m, is_false(condition), arg)
        }
        POP_JUMP_IF_TRUE => {
            let condition = m.pop();
            jump_if(m, !is_false(condition), arg)
        }
        POP_JUMP_IF_NONE => {
            let value = m.pop();
            let none = is_none(value);
            m.save_ip();
            // SAFETY: popped.
            unsafe { value.close() };
            jump_if(m, none, arg)
        }
        POP_JUMP_IF_NOT_NONE => {
            let value = m.pop();
            let none = is_none(value);
            m.save_ip();
            // SAFETY: popped.
            unsafe { value.close() };
            jump_if(m, !none, arg)
        }

        // ---- arithmetic, comparison, truth ----
        BINARY_OP => {
            m.save_ip();
            adaptive!(m, arg, specialize::binary_op(m.this(), m.peek_obj(2), m.peek_obj(1), arg), BINARY_OP);
            fallible!(ops::arith::binary_op(m, arg))
        }
        BINARY_OP_ADD_INT | BINARY_OP_SUBTRACT_INT | BINARY_OP_MULTIPLY_INT => {
            fast!(arg, ops::arith::int_op(m, OP), BINARY_OP)
        }
        BINARY_OP_ADD_FLOAT | BINARY_OP_SUBTRACT_FLOAT | BINARY_OP_MULTIPLY_FLOAT => {
            fast!(arg, ops::arith::float_op(m, OP), BINARY_OP)
        }
        BINARY_OP_EXTEND => saved!(m, guarded!(ops::arith::extend(m, arg), BINARY_OP)),
        BINARY_OP_ADD_UNICODE => saved!(m, attempted!(ops::arith::add_unicode(m), BINARY_OP)),
        BINARY_OP_INPLACE_ADD_UNICODE => saved!(m, attempted!(ops::arith::inplace_add_unicode(m), BINARY_OP)),
        BINARY_OP_SUBSCR_LIST_INT => guarded!(ops::subscr::list_int(m), BINARY_OP),
        BINARY_OP_SUBSCR_TUPLE_INT => guarded!(ops::subscr::tuple_int(m), BINARY_OP),
        BINARY_OP_SUBSCR_STR_INT => guarded!(ops::subscr::str_int(m), BINARY_OP),
        BINARY_OP_SUBSCR_DICT => saved!(m, attempted!(ops::subscr::dict(m), BINARY_OP)),
        BINARY_OP_SUBSCR_GETITEM => saved!(m, attempted!(ops::subscr::getitem(m), BINARY_OP)),
        COMPARE_OP => {
            m.save_ip();
            adaptive!(m, arg, specialize::compare_op(m.this(), m.peek_obj(2), m.peek_obj(1), arg), COMPARE_OP);
            fallible!(ops::arith::compare_op(m, arg))
        }
        COMPARE_OP_INT => guarded!(ops::arith::compare_int(m, arg), COMPARE_OP),
        COMPARE_OP_FLOAT => guarded!(ops::arith::compare_float(m, arg), COMPARE_OP),
        COMPARE_OP_STR => guarded!(ops::arith::compare_str(m, arg), COMPARE_OP),
        IS_OP => {
            m.save_ip();
            let right = m.pop();
            let left = m.pop();
            // SAFETY: popped.
            let same = unsafe {
                let same = crate::protocol::object::is_same(left.get(), right.get());
                left.close();
                right.close();
                same
            };
            m.push(ops::arith::bool_ref(same != (arg != 0)));
            Flow::Next
        }
        CONTAINS_OP | CONTAINS_OP_DICT | CONTAINS_OP_SET => saved!(m, fallible!(ops::arith::contains_op(m, arg))),
        TO_BOOL => {
            m.save_ip();
            adaptive!(m, arg, specialize::to_bool(m.this(), m.peek_obj(1)), TO_BOOL);
            fallible!(ops::arith::to_bool(m))
        }
        TO_BOOL_BOOL => {
            if !crate::types::bool_::is_bool(m.peek_obj(1)) {
                return Flow::Deoptimize(TO_BOOL);
            }
            m.skip(3);
            Flow::Next
        }
        TO_BOOL_INT | TO_BOOL_LIST | TO_BOOL_NONE | TO_BOOL_STR | TO_BOOL_ALWAYS_TRUE => {
            saved!(m, guarded!(ops::arith::to_bool_special(m, OP), TO_BOOL))
        }
        UNARY_NOT => {
            // The compiler puts TO_BOOL in front: the operand is a bool.
            let value = m.pop();
            m.push(ops::arith::bool_ref(is_false(value)));
            Flow::Next
        }
        UNARY_NEGATIVE => saved!(m, fallible!(ops::arith::unary(m, crate::protocol::number::negative))),
        UNARY_INVERT => saved!(m, fallible!(ops::arith::unary(m, crate::protocol::number::invert))),

        // ---- subscripts ----
        BINARY_SLICE => saved!(m, fallible!(ops::subscr::binary_slice(m))),
        STORE_SLICE => saved!(m, fallible!(ops::subscr::store_slice(m))),
        STORE_SUBSCR => {
            m.save_ip();
            adaptive!(m, arg, specialize::store_subscr(m.this(), m.peek_obj(2), m.peek_obj(1)), STORE_SUBSCR);
            fallible!(ops::subscr::store_subscr(m))
        }
        STORE_SUBSCR_LIST_INT => saved!(m, guarded!(ops::subscr::store_list_int(m), STORE_SUBSCR)),
        STORE_SUBSCR_DICT => saved!(m, attempted!(ops::subscr::store_dict(m), STORE_SUBSCR)),
        DELETE_SUBSCR => saved!(m, fallible!(ops::subscr::delete_subscr(m))),

        // ---- names ----
        LOAD_GLOBAL => {
            m.save_ip();
            adaptive!(m, arg, specialize::load_global(m.this(), m.frame(), arg), LOAD_GLOBAL);
            fallible!(ops::names::load_global(m, arg))
        }
        LOAD_GLOBAL_MODULE => guarded!(ops::names::load_global_module(m, arg), LOAD_GLOBAL),
        LOAD_GLOBAL_BUILTIN => guarded!(ops::names::load_global_builtin(m, arg), LOAD_GLOBAL),
        LOAD_NAME => saved!(m, pushed!(m, ops::names::load_name(m.frame(), arg))),
        STORE_NAME => {
            m.save_ip();
            let value = m.pop_owned();
            fallible!(ops::names::store_name(m.frame(), arg, value))
        }
        DELETE_NAME => saved!(m, fallible!(ops::names::delete_name(m.frame(), arg))),
        STORE_GLOBAL => {
            m.save_ip();
            let value = m.pop_owned();
            fallible!(ops::names::store_global(m.frame(), arg, value))
        }
        DELETE_GLOBAL => saved!(m, fallible!(ops::names::delete_global(m.frame(), arg))),
        LOAD_FROM_DICT_OR_GLOBALS => {
            m.save_ip();
            let mapping = m.pop_owned();
            pushed!(m, ops::names::load_from_dict_or_globals(m.frame(), &mapping, arg))
        }
        LOAD_FROM_DICT_OR_DEREF => {
            m.save_ip();
            let mapping = m.pop_owned();
            pushed!(m, ops::names::load_from_dict_or_deref(m.frame(), &mapping, arg))
        }
        LOAD_LOCALS => saved!(m, pushed!(m, ops::names::load_locals(m.frame()))),
        LOAD_BUILD_CLASS => saved!(m, pushed!(m, ops::names::load_build_class(m.frame()))),
        SETUP_ANNOTATIONS => saved!(m, fallible!(ops::names::setup_annotations(m.frame()))),
        LOAD_COMMON_CONSTANT => saved!(m, pushed!(m, ops::names::common_constant(arg))),
        MAKE_CELL => {
            let initial = m.swap_local(arg, StackRef::NULL);
            let cell = ops::names::make_cell(initial);
            m.swap_local(arg, StackRef::owned(cell));
            Flow::Next
        }
        COPY_FREE_VARS => {
            ops::names::copy_free_vars(m.frame(), arg);
            Flow::Next
        }
        LOAD_DEREF => {
            match ops::names::cell_at(m.local(arg)).get() {
                Some(value) => m.push_owned(value),
                None => {
                    m.save_ip();
                    return Flow::Raise(ops::names::unbound_deref(m.code(), arg));
                }
            }
            Flow::Next
        }
        STORE_DEREF => {
            m.save_ip();
            let value = m.pop_owned();
            ops::names::cell_at(m.local(arg)).set(Some(value));
            Flow::Next
        }
        DELETE_DEREF => {
            m.save_ip();
            let cell = ops::names::cell_at(m.local(arg));
            if cell.get().is_none() {
                return Flow::Raise(ops::names::unbound_deref(m.code(), arg));
            }
            cell.set(None);
            Flow::Next
        }

        // ---- attributes ----
        LOAD_ATTR => {
            m.save_ip();
            adaptive!(m, arg, specialize::attr::load_attr(m.this(), m.code(), m.peek_obj(1), arg), LOAD_ATTR);
            fallible!(ops::attr::load_attr(m, arg))
        }
        LOAD_ATTR_INSTANCE_VALUE => guarded!(ops::attr::instance_value(m, arg), LOAD_ATTR),
        LOAD_ATTR_MODULE => guarded!(ops::attr::module_value(m, arg), LOAD_ATTR),
        LOAD_ATTR_SLOT => guarded!(ops::attr::slot_value(m, arg), LOAD_ATTR),
        LOAD_ATTR_CLASS | LOAD_ATTR_CLASS_WITH_METACLASS_CHECK => {
            guarded!(ops::attr::class_value(m, arg), LOAD_ATTR)
        }
        LOAD_ATTR_METHOD_NO_DICT | LOAD_ATTR_METHOD_LAZY_DICT | LOAD_ATTR_METHOD_WITH_VALUES => {
            guarded!(ops::attr::method(m, OP), LOAD_ATTR)
        }
        LOAD_ATTR_NONDESCRIPTOR_NO_DICT | LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES => {
            guarded!(ops::attr::nondescriptor(m, OP), LOAD_ATTR)
        }
        LOAD_ATTR_WITH_HINT => guarded!(ops::attr::with_hint(m, arg), LOAD_ATTR),
        LOAD_ATTR_PROPERTY => saved!(m, attempted!(ops::attr::property(m), LOAD_ATTR)),
        STORE_ATTR => {
            m.save_ip();
            adaptive!(m, arg, specialize::attr::store_attr(m.this(), m.code(), m.peek_obj(1), arg), STORE_ATTR);
            fallible!(ops::attr::store_attr(m, arg))
        }
        STORE_ATTR_INSTANCE_VALUE => saved!(m, guarded!(ops::attr::store_instance_value(m), STORE_ATTR)),
        STORE_ATTR_WITH_HINT => saved!(m, guarded!(ops::attr::store_new_value(m, arg), STORE_ATTR)),
        STORE_ATTR_SLOT => saved!(m, guarded!(ops::attr::store_slot(m), STORE_ATTR)),
        DELETE_ATTR => saved!(m, fallible!(ops::attr::delete_attr(m, arg))),
        LOAD_SUPER_ATTR | LOAD_SUPER_ATTR_ATTR | LOAD_SUPER_ATTR_METHOD => {
            saved!(m, fallible!(ops::attr::load_super_attr(m, arg)))
        }
        LOAD_SPECIAL => saved!(m, fallible!(ops::attr::load_special(m, arg))),

        // ---- building ----
        BUILD_TUPLE => saved!(m, fallible!(ops::build::tuple(m, arg))),
        BUILD_LIST => saved!(m, fallible!(ops::build::list(m, arg))),
        BUILD_SET => saved!(m, fallible!(ops::build::set(m, arg))),
        BUILD_MAP => saved!(m, fallible!(ops::build::map(m, arg))),
        BUILD_STRING => saved!(m, fallible!(ops::build::string(m, arg))),
        BUILD_SLICE => {
            m.save_ip();
            ops::build::slice(m, arg);
            Flow::Next
        }
        BUILD_INTERPOLATION => saved!(m, fallible!(ops::build::interpolation(m, arg))),
        BUILD_TEMPLATE => saved!(m, fallible!(ops::build::template(m))),
        FORMAT_SIMPLE => saved!(m, fallible!(ops::build::format_simple(m))),
        FORMAT_WITH_SPEC => saved!(m, fallible!(ops::build::format_with_spec(m))),
        CONVERT_VALUE => saved!(m, fallible!(ops::build::convert_value(m, arg))),
        LIST_APPEND => {
            m.save_ip();
            let value = m.pop_owned();
            fallible!(ops::build::list_append(m.peek_obj(arg), value))
        }
        SET_ADD => {
            m.save_ip();
            let value = m.pop_owned();
            fallible!(ops::build::set_add(m.peek_obj(arg), value))
        }
        MAP_ADD => {
            m.save_ip();
            let value = m.pop_owned();
            let key = m.pop_owned();
            fallible!(ops::build::map_add(m.peek_obj(arg), key, value))
        }
        LIST_EXTEND => {
            m.save_ip();
            let iterable = m.pop_owned();
            fallible!(ops::build::list_extend(m.peek_obj(arg), &iterable))
        }
        SET_UPDATE => {
            m.save_ip();
            let iterable = m.pop_owned();
            fallible!(ops::build::set_update(m.peek_obj(arg), &iterable))
        }
        DICT_UPDATE => {
            m.save_ip();
            let update = m.pop_owned();
            fallible!(ops::build::dict_update(m.peek_obj(arg), &update))
        }
        DICT_MERGE => {
            m.save_ip();
            let update = m.pop_owned();
            fallible!(ops::build::dict_merge(m.peek_obj(arg), &update, m.peek_obj(arg + 3)))
        }

        // ---- unpacking, iteration ----
        UNPACK_SEQUENCE | UNPACK_SEQUENCE_LIST | UNPACK_SEQUENCE_TUPLE | UNPACK_SEQUENCE_TWO_TUPLE => {
            saved!(m, fallible!(ops::iter::unpack_sequence(m, arg)))
        }
        UNPACK_EX => saved!(m, fallible!(ops::iter::unpack_ex(m, arg))),
        GET_ITER => saved!(m, fallible!(ops::iter::get_iter(m))),
        GET_YIELD_FROM_ITER => saved!(m, fallible!(ops::generators::get_yield_from_iter(m))),
        FOR_ITER => {
            m.save_ip();
            adaptive!(m, arg, specialize::for_iter(m.this(), m.peek_obj(1)), FOR_ITER);
            fallible!(ops::iter::for_iter(m, arg))
        }
        FOR_ITER_RANGE => fast!(arg, ops::iter::for_iter_range(m, arg), FOR_ITER),
        FOR_ITER_LIST => saved!(m, guarded!(ops::iter::for_iter_list(m, arg), FOR_ITER)),
        FOR_ITER_TUPLE => saved!(m, guarded!(ops::iter::for_iter_tuple(m, arg), FOR_ITER)),
        FOR_ITER_GEN => saved!(m, guarded!(ops::generators::for_iter_gen(m, arg), FOR_ITER)),
        GET_LEN => {
            m.save_ip();
            let length = tri!(crate::protocol::object::size(m.peek_obj(1)));
            m.push_ref(crate::types::int::PyInt::from_usize(length));
            Flow::Next
        }

        // ---- calls ----
        CALL => {
            m.save_ip();
            adaptive!(m, arg, specialize::call::call(m.this(), m.top_n(arg + 2), arg), CALL);
            fallible!(ops::calls::call(m, arg))
        }
        CALL_PY_EXACT_ARGS | CALL_BOUND_METHOD_EXACT_ARGS => {
            saved!(m, fast!(arg, ops::calls::call_py_exact::<OP>(m, arg), CALL))
        }
        CALL_PY_GENERAL | CALL_BOUND_METHOD_GENERAL | CALL_NON_PY_GENERAL => {
            saved!(m, fallible!(ops::calls::call(m, arg)))
        }
        CALL_OVER_GENERATOR => saved!(m, attempted!(ops::calls::call_over_generator(m), CALL)),
        CALL_ALLOC_AND_ENTER_INIT => saved!(m, attempted!(ops::calls::alloc_and_enter_init(m, arg), CALL)),
        CALL_TYPE_1 | CALL_STR_1 | CALL_TUPLE_1 | CALL_LEN | CALL_ISINSTANCE | CALL_LIST_APPEND => {
            saved!(m, attempted!(ops::calls::call_known(m, OP, arg), CALL))
        }
        CALL_BUILTIN_O
        | CALL_BUILTIN_FAST
        | CALL_BUILTIN_FAST_WITH_KEYWORDS
        | CALL_METHOD_DESCRIPTOR_NOARGS
        | CALL_METHOD_DESCRIPTOR_O
        | CALL_METHOD_DESCRIPTOR_FAST
        | CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS
        | CALL_BUILTIN_CLASS => saved!(m, attempted!(ops::calls::call_builtin(m, OP, arg), CALL)),
        CALL_KW | CALL_KW_PY | CALL_KW_BOUND_METHOD | CALL_KW_NON_PY => {
            saved!(m, fallible!(ops::calls::call_kw(m, arg)))
        }
        CALL_FUNCTION_EX => saved!(m, fallible!(ops::calls::call_function_ex(m))),
        FINISH_SPECIAL => saved!(m, fallible!(ops::special::finish(m, arg))),
        EXIT_INIT_CHECK => saved!(m, fallible!(ops::calls::exit_init_check(m))),
        MAKE_FUNCTION => {
            m.save_ip();
            let code = m.pop_owned();
            m.push_owned(ops::calls::make_function(m.frame(), &code));
            Flow::Next
        }
        SET_FUNCTION_ATTRIBUTE => {
            m.save_ip();
            let function = m.pop();
            let value = m.pop_owned();
            ops::calls::set_function_attribute(function, value, arg);
            m.push(function);
            Flow::Next
        }
        RETURN_VALUE => fast!(arg, ops::calls::return_value(m), RETURN_VALUE_GENERAL),
        RETURN_VALUE_GENERAL => {
            // The frame's object, if there is one, goes on to show where it ended.
            m.save_ip();
            let value = m.pop();
            // SAFETY: popped; whatever leaves the frame owns its reference.
            let value = unsafe { value.make_owned() };
            let ends_iteration = ops::generators::ends_async_iteration(m);
            ops::calls::leave_frame(m);
            if ends_iteration {
                // SAFETY: left above; and a live frame, which waits for that.
                let behind = unsafe {
                    value.close();
                    ops::generators::end_async_iteration(m.frame())
                };
                if behind.is_null() {
                    return Flow::Raise(exc::stop_async_iteration());
                }
                m.ip = behind;
                m.sp = m.frame().stackpointer.get();
                return Flow::Next;
            }
            m.push(value);
            Flow::Next
        }
        INTERPRETER_EXIT => {
            // SAFETY: the value that came back from the frame above.
            Flow::Exit(unsafe { m.pop().into_owned() })
        }

        // ---- generators, coroutines ----
        RETURN_GENERATOR => saved!(m, fallible!(ops::generators::return_generator(m))),
        YIELD_VALUE => {
            tri!(ops::generators::exist(m));
            ops::generators::yield_value(m, arg);
            Flow::Next
        }
        SEND => {
            m.save_ip();
            if ops::generators::sends_to_generator(m) && specialize::opcode_at(m.this()) == SEND {
                specialize::set_opcode(m.this(), SEND_GEN);
            }
            fallible!(ops::generators::send(m, arg))
        }
        SEND_GEN => saved!(m, fast!(arg, ops::generators::send_generator(m, arg), SEND)),
        GET_AWAITABLE => saved!(m, fallible!(ops::generators::get_awaitable(m, arg))),
        GET_AITER => saved!(m, fallible!(ops::generators::get_aiter(m))),
        GET_ANEXT => saved!(m, pushed!(m, ops::generators::get_anext(m.peek_obj(1)))),
        END_ASYNC_FOR => {
            m.save_ip();
            if let Some(e) = ops::generators::end_async_for(m) {
                return Flow::Reraise(e);
            }
            Flow::Next
        }
        CLEANUP_THROW => {
            m.save_ip();
            if let Some(e) = ops::generators::cleanup_throw(m) {
                return Flow::Reraise(e);
            }
            Flow::Next
        }

        // ---- exceptions ----
        RAISE_VARARGS => {
            m.save_ip();
            let (e, again) = ops::exceptions::raise_varargs(m, arg);
            if again { Flow::Reraise(e) } else { Flow::Raise(e) }
        }
        RERAISE => {
            m.save_ip();
            let e = ops::exceptions::reraise(m, arg);
            Flow::Reraise(e)
        }
        PUSH_EXC_INFO => {
            ops::exceptions::push_exc_info(m);
            Flow::Next
        }
        POP_EXCEPT => {
            m.save_ip();
            ops::exceptions::pop_except(m);
            Flow::Next
        }
        CHECK_EXC_MATCH => saved!(m, fallible!(ops::exceptions::check_exc_match(m))),
        CHECK_EG_MATCH => saved!(m, fallible!(ops::exceptions::check_eg_match(m))),
        WITH_EXCEPT_START => saved!(m, pushed!(m, ops::exceptions::with_except_start(m))),

        // ---- import, patterns, intrinsics ----
        IMPORT_NAME => {
            m.save_ip();
            let fromlist = m.pop_owned();
            let level = m.pop_owned();
            pushed!(m, ops::names::import_name(m.frame(), arg, &fromlist, &level))
        }
        IMPORT_FROM => saved!(m, pushed!(m, ops::names::import_from(m.frame(), m.peek_obj(1), arg))),
        MATCH_CLASS => saved!(m, fallible!(ops::pattern::match_class(m, arg))),
        MATCH_MAPPING => {
            let yes = m.peek_obj(1).ty().has_flag(crate::object::flags::MAPPING);
            m.push(ops::arith::bool_ref(yes));
            Flow::Next
        }
        MATCH_SEQUENCE => {
            let yes = m.peek_obj(1).ty().has_flag(crate::object::flags::SEQUENCE);
            m.push(ops::arith::bool_ref(yes));
            Flow::Next
        }
        MATCH_KEYS => saved!(m, pushed!(m, ops::pattern::match_keys(m.peek_obj(2), m.peek_obj(1)))),
        CALL_INTRINSIC_1 => {
            m.save_ip();
            let value = m.pop_owned();
            pushed!(m, ops::intrinsics::intrinsic1(m.frame(), arg, value))
        }
        CALL_INTRINSIC_2 => {
            m.save_ip();
            let second = m.pop_owned();
            let first = m.pop_owned();
            pushed!(m, ops::intrinsics::intrinsic2(arg, first, second))
        }

        // ---- start of blocks ----
        RESUME_CHECK => {
            if interrupted(m) {
                return Flow::Again(RESUME, arg);
            }
            Flow::Next
        }
        RESUME_JIT => {
            if interrupted(m) {
                return Flow::Again(RESUME, arg);
            }
            if crate::jit_hooks::count_entry(m.code()) { Flow::Hot } else { Flow::Next }
        }
        RESUME => {
            m.save_ip();
            if !interrupted(m) {
                let counts = crate::jit_hooks::counts_entries(m.code(), arg);
                specialize::set_opcode(m.this(), if counts { RESUME_JIT } else { RESUME_CHECK });
                return Flow::Next;
            }
            m.save_sp();
            tri!(pending::handle_resume(m.ts, arg));
            // Tools may have asked for events meanwhile.
            let now = specialize::opcode_at(m.this());
            if instrument::is_instrumented(now) {
                return Flow::Again(now, arg);
            }
            Flow::Next
        }

        // ---- instrumentation ----
        INSTRUMENTED_LINE..=254 | INSTRUMENTED_END_FOR..INSTRUMENTED_LINE => {
            let before = m.frame().instr_ptr.get();
            m.save_ip();
            m.save_sp();
            match instrument::execute(m.ts, m.frame, OP, arg, before) {
                Ok(instrument::RELOAD) => {
                    m.enter(m.frame);
                    Flow::Next
                }
                Ok(instrument::DONE) => {
                    let at = m.this();
                    m.enter(m.frame);
                    m.frame().instr_ptr.set(at);
                    Flow::Next
                }
                Ok(next) => Flow::Again(next, arg),
                Err(e) => Flow::Raise(e),
            }
        }

        _ => {
            m.save_ip();
            Flow::Raise(unknown_opcode(OP))
        }
    }
}
