//! The functions that traces call, each with its result and what it does to the world.
//!
//! A new one is its function, in the module of its subject, and a line here; the recorder calls it by name
//! (`self.call_runtime(table::DICT_GET, &[dict, key])`).

use crate::ir::call::{CallEffect, CallInfo};
use crate::ir::{Class, Ty};

/// A function of the runtime.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    name: &'static str,
    address: *const (),
    result: Ty,
    effect: CallEffect,
}

impl From<Function> for CallInfo {
    fn from(function: Function) -> CallInfo {
        let Function { name, address, result, effect } = function;
        CallInfo { name, address: address as usize, result, effect }
    }
}

/// Computes: equal operands give equal results, whatever memory holds.
const PURE: CallEffect = CallEffect::Pure;
/// Looks at memory, makes objects.
const MAKES: CallEffect = CallEffect::Writes(0);
/// Moves an iterator on.
const ITERATES: CallEffect = CallEffect::Writes(Class::Iterator.bit());
/// Changes lists.
const LISTS: CallEffect = CallEffect::Writes(Class::ListHeader.bit() | Class::ListItem.bit());
/// Changes what built-in containers of any type hold.
const CONTAINERS: CallEffect = CallEffect::Writes(
    Class::ListHeader.bit()
        | Class::ListItem.bit()
        | Class::Dict.bit()
        | Class::Iterator.bit()
        | Class::Other.bit()
        | Class::Raw.bit(),
);

/// Moves from a generator's frame to another one, or back.
const RESUMES: CallEffect = CallEffect::Writes(Class::Suspended.bit() | Class::FrameHeader.bit());
/// May run any code, and look at frames.
const ANY: CallEffect = CallEffect::Any;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $module:ident::$function:ident -> $result:ident, $effect:ident;)*) => {
        $(
            $(#[$doc])*
            pub const $name: Function = Function {
                name: stringify!($function),
                address: super::$module::$function as *const (),
                result: Ty::$result,
                effect: $effect,
            };
        )*
    };
}

functions! {
    // ---- floats ----

    /// `x % y`, y not zero.
    FLOAT_MOD = float::float_mod -> Float, PURE;
    /// `x // y`, y not zero.
    FLOAT_FLOORDIV = float::float_floordiv -> Float, PURE;
    /// `x ** y`, or NaN: the interpreter decides.
    FLOAT_POW = float::float_pow -> Float, PURE;
    /// Those of the C library, where a finite result is what `math` returns.
    SIN = float::sin -> Float, PURE;
    COS = float::cos -> Float, PURE;
    TAN = float::tan -> Float, PURE;
    ATAN = float::atan -> Float, PURE;
    EXP = float::exp -> Float, PURE;
    FABS = float::fabs -> Float, PURE;

    // ---- strings ----

    /// `a == b` of exact strings.
    STR_EQ = str::str_eq -> Bool, PURE;
    /// The character at an index in range (owned).
    STR_ITEM = str::str_item -> Obj, MAKES;
    /// The code point of a string of length one.
    STR_ORD = str::str_ord -> Int, PURE;
    /// `part in text`; UNSURE where it raises.
    STR_CONTAINS = str::str_contains -> Int, MAKES;

    // ---- dicts and instances ----

    /// The value of a plain key (borrowed), or null.
    DICT_GET = dict::dict_get -> Obj, MAKES;
    /// `key in dict`, or UNSURE.
    DICT_CONTAINS = dict::dict_contains -> Int, MAKES;
    /// `dict[key] = value`; false if it was not done.
    DICT_SET = dict::dict_set -> Bool, CONTAINERS;
    /// The attribute of an instance in dictionary mode (borrowed), or null.
    INSTANCE_GET = instance::instance_get -> Obj, MAKES;
    /// A new instance (owned), or null and an exception.
    NEW_INSTANCE = instance::new_instance -> Obj, MAKES;

    // ---- sequences ----

    /// `item in sequence` of lists and tuples, or UNSURE.
    SEQUENCE_CONTAINS = sequence::sequence_contains -> Int, MAKES;
    /// `sequence[start:stop]`, or null.
    GET_SLICE = sequence::get_slice -> Obj, MAKES;
    /// `a + b` of sequences of one type, or null.
    ADD = sequence::add -> Obj, MAKES;
    /// `a * n` of a sequence and an int, or null.
    MULTIPLY = sequence::multiply -> Obj, MAKES;
    /// Displays, which take over their items.
    NEW_LIST0 = sequence::new_list0 -> Obj, MAKES;
    NEW_LIST1 = sequence::new_list1 -> Obj, MAKES;
    NEW_LIST2 = sequence::new_list2 -> Obj, MAKES;
    NEW_LIST3 = sequence::new_list3 -> Obj, MAKES;
    NEW_LIST4 = sequence::new_list4 -> Obj, MAKES;
    NEW_TUPLE1 = sequence::new_tuple1 -> Obj, MAKES;
    NEW_TUPLE2 = sequence::new_tuple2 -> Obj, MAKES;
    NEW_TUPLE3 = sequence::new_tuple3 -> Obj, MAKES;
    NEW_TUPLE4 = sequence::new_tuple4 -> Obj, MAKES;
    /// `list.append(x)`, which takes over the item.
    LIST_APPEND = sequence::list_append -> Bool, LISTS;

    // ---- iteration ----

    /// The next item (owned), or null at the end.
    NEXT = iter::next -> Obj, ITERATES;
    /// `iter(x)`, or null.
    ITER = iter::iter -> Obj, MAKES;
    LIST_ITER = iter::list_iter -> Obj, MAKES;
    TUPLE_ITER = iter::tuple_iter -> Obj, MAKES;
    RANGE_ITER = iter::range_iter -> Obj, MAKES;
    /// `range(start, stop)`.
    NEW_RANGE = iter::new_range -> Obj, MAKES;

    // ---- frames, and what may look at them ----

    /// Makes the frame of an inlined call; null if there is no room.
    PUSH_FRAME = frames::push_frame -> Ptr, MAKES;
    /// Ends such a frame.
    POP_FRAME = frames::pop_frame -> None, MAKES;
    /// Begins to run a generator; false, and nothing was done, at the recursion limit.
    ENTER_GENERATOR = generator::enter -> Bool, RESUMES;
    /// Makes a generator of the frame; null, and an exception, if there is no memory.
    MAKE_GENERATOR = generator::make -> Obj, RESUMES;
    /// Suspends the generator whose frame it is.
    SUSPEND_GENERATOR = generator::suspend -> None, RESUMES;
    /// Ends the generator whose frame it is; its variables go.
    FINISH_GENERATOR = generator::finish -> None, ANY;
    /// Executes an instruction as the interpreter does: 0; 1 if it jumps; 2 and an exception.
    EXECUTE = frames::execute -> Int, ANY;

    // ---- calls of callables that run no Python code: owned, or null and an exception ----

    CALL1 = call::call1 -> Obj, CONTAINERS;
    CALL2 = call::call2 -> Obj, CONTAINERS;
    CALL3 = call::call3 -> Obj, CONTAINERS;
}
