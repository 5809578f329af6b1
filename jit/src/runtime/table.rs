//! The functions that traces call, each with its result and what it does to the world.
//!
//! A new one is its function, in the module of its subject, and a line here; the recorder calls it by name
//! (`self.call_runtime(table::DICT_GET, &[dict, key])`).

use crate::ir::call::{CallEffect, CallInfo};
use crate::ir::{Class, Made, Ty};

/// A function of the runtime.
#[derive(Clone, Copy, Debug)]
pub struct Function {
    name: &'static str,
    address: *const (),
    result: Ty,
    effect: CallEffect,
}

impl Function {
    /// The same function, where it changes nothing that exists.
    pub fn looking(self) -> Function {
        Function { effect: MAKES, ..self }
    }

    /// The same function, where it changes containers, and destroys no object that could run Python code.
    pub fn changing(self) -> Function {
        Function { effect: CONTAINERS, ..self }
    }

    /// The same function, where it may destroy any object.
    pub fn destroying(self) -> Function {
        Function { effect: DESTROYS, ..self }
    }
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
/// Makes an object that only the trace knows.
const INSTANCE: CallEffect = CallEffect::New(Made::Instance);
const RANGE: CallEffect = CallEffect::New(Made::Range);
const TUPLE: CallEffect = CallEffect::New(Made::Tuple);
/// Moves an iterator on.
const ITERATES: CallEffect = CallEffect::Writes(Class::Iterator.bit());
/// Changes lists.
const LISTS: CallEffect = CallEffect::Writes(Class::ListHeader.bit() | Class::ListItem.bit());
/// Changes dicts.
const DICTS: CallEffect = CallEffect::Writes(Class::Dict.bit() | Class::Other.bit());
/// Moves the attributes of an instance into a dict.
const UNFOLDS: CallEffect =
    CallEffect::Writes(Class::Shape.bit() | Class::Attr.bit() | Class::Dict.bit() | Class::Other.bit());
/// Takes locks.
const LOCKS: CallEffect = CallEffect::Writes(Class::Other.bit());
/// Makes and ends frames, or makes objects of them.
const FRAMES: CallEffect = CallEffect::Writes(Class::FrameHeader.bit());
/// Changes sets.
const SETS: CallEffect = CallEffect::Writes(Class::Buffer.bit());
/// May destroy any object, and so run any finalizer.
const DESTROYS: CallEffect = CallEffect::Any;
/// Changes elements of arrays.
const ELEMENTS: CallEffect = CallEffect::Writes(Class::Raw.bit());
/// Changes what built-in containers of any type hold.
const CONTAINERS: CallEffect = CallEffect::Writes(
    Class::ListHeader.bit()
        | Class::ListItem.bit()
        | Class::Dict.bit()
        | Class::Iterator.bit()
        | Class::Other.bit()
        | Class::Raw.bit()
        | Class::Buffer.bit(),
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
    /// `x ** y` as the C library has it, and numpy.
    POW = float::pow -> Float, PURE;

    // ---- strings ----

    /// `a == b` of exact strings.
    STR_EQ = str::str_eq -> Bool, PURE;
    /// The character at an index in range (owned).
    STR_ITEM = str::str_item -> Obj, MAKES;
    /// The code point of a string of length one.
    STR_ORD = str::str_ord -> Int, PURE;
    /// `a + b`, which takes over `a` and perhaps makes the result of it (owned); null and an exception.
    STR_APPEND = str::str_append -> Obj, MAKES;
    /// `part in text`; UNSURE where it raises.
    STR_CONTAINS = str::str_contains -> Int, MAKES;

    /// `str(x)`, `repr(x)` and `format(x, spec)` of what runs no Python code for it, or null.
    TO_STR = str::to_str -> Obj, MAKES;
    REPR = str::repr -> Obj, MAKES;
    FORMAT = str::format -> Obj, MAKES;
    /// Up to six strings joined.
    JOIN = str::join -> Obj, MAKES;

    // ---- dicts and instances ----

    /// The value of a plain key (borrowed), or null.
    DICT_GET = dict::dict_get -> Obj, MAKES;
    /// `key in dict`, or UNSURE.
    DICT_CONTAINS = dict::dict_contains -> Int, MAKES;
    /// `key in dict.keys()`, or UNSURE.
    VIEW_CONTAINS = dict::view_contains -> Int, MAKES;
    /// `dict[key] = value`, where the old value may be destroyed; false if it was not done.
    DICT_STORE = dict::dict_store -> Bool, DESTROYS;
    /// `dict[key] = value`; false if it was not done.
    DICT_SET = dict::dict_set -> Bool, DICTS;
    /// `dict.get(key, default)` (borrowed from dict or default), or null.
    DICT_GET_OR = dict::dict_get_or -> Obj, MAKES;
    /// The same (owned).
    DICT_GET_OR_NEW = dict::dict_get_or_new -> Obj, MAKES;
    /// `dict.setdefault(key, default)` (owned), or null: not done.
    DICT_SETDEFAULT = dict::dict_setdefault -> Obj, DICTS;
    /// `dict.pop(key, default)` (owned), or null: not done.
    DICT_POP = dict::dict_pop -> Obj, DICTS;
    /// The value of a key of a `defaultdict` (borrowed), perhaps a new one, or null: not done.
    DEFAULTDICT_GET = dict::defaultdict_get -> Obj, DICTS;
    NEW_DICT = dict::new_dict -> Obj, MAKES;
    /// Adds an entry to a new dict.
    DICT_FILL = dict::dict_fill -> Bool, DICTS;
    /// `dict.update(dict)`; false if it was not done.
    DICT_UPDATE = dict::dict_update -> Bool, DESTROYS;
    /// Adds the entries of a dict, none of which is there yet; false if it was not done.
    DICT_MERGE = dict::dict_merge -> Bool, DICTS;
    /// `del dict[key]`; false if it was not done.
    DICT_DELETE = dict::dict_delete -> Bool, DESTROYS;
    /// The attribute of an instance, in whatever mode (borrowed), or null; and at which position it probably is.
    INSTANCE_GET = instance::instance_get_near -> Obj, MAKES;
    /// Has an instance surely no attribute of its own of a name?
    INSTANCE_LACKS = instance::instance_lacks -> Bool, MAKES;
    /// Sets the attribute of an instance in dictionary mode; false if it was not done.
    INSTANCE_SET = instance::instance_set -> Bool, DICTS;
    /// Sets the attribute of an instance in whatever mode, whose old value may be destroyed; false if it was not done.
    INSTANCE_STORE = instance::instance_store -> Bool, DESTROYS;
    /// The `__dict__` of an instance, to which its attributes move (owned); null and an exception.
    INSTANCE_DICT = instance::instance_dict -> Obj, UNFOLDS;
    /// The same of any object (owned), or null: not done.
    DICT_OF = any::dict_of -> Obj, UNFOLDS;
    /// `type(x)` (owned).
    TYPE_OF = any::type_of -> Obj, MAKES;
    /// `isinstance(x, classes)` and `issubclass(class, classes)`, or UNSURE.
    IS_INSTANCE = any::is_instance -> Int, MAKES;
    IS_SUBCLASS = any::is_subclass -> Int, MAKES;
    /// `getattr(x, name, default)` (owned), or null: not done.
    ATTRIBUTE_OR = any::attribute_or -> Obj, MAKES;
    /// `hasattr(x, name)`, or UNSURE.
    HAS_ATTRIBUTE = any::has_attribute -> Int, MAKES;
    /// The Python function that `x.name(...)` calls with `x` (borrowed), or null.
    METHOD_OF = any::method_of -> Obj, MAKES;
    /// The Python function that `x.__reduce_ex__(...)` calls with `x` (borrowed), or null.
    REDUCE_OF = any::reduce_of -> Obj, MAKES;
    /// Adds an entry to a new dict for `**kwargs`, which takes over the value.
    SET_KEYWORD = dict::set_keyword -> Bool, DICTS;
    /// An attribute that is computed natively (owned); null and an exception.
    GET_ATTRIBUTE = instance::get_attribute -> Obj, MAKES;
    /// A method of a built-in type bound to an object (owned); null and an exception.
    BIND = instance::bind -> Obj, MAKES;
    /// A bound method.
    NEW_METHOD = instance::new_method -> Obj, MAKES;
    /// A cell, which takes over its content.
    NEW_CELL = instance::new_cell -> Obj, MAKES;
    /// A function of a code object and globals.
    NEW_FUNCTION = instance::new_function -> Obj, MAKES;
    /// A new instance of a class, with an attrs word (owned); null and an exception. The first is for classes whose instances' end
    /// runs code.
    NEW_SPECIAL_INSTANCE = instance::new_instance -> Obj, MAKES;
    NEW_INSTANCE = instance::new_instance -> Obj, INSTANCE;
    /// The same, without an exception.
    SURE_INSTANCE = instance::sure_instance -> Obj, INSTANCE;

    // ---- sequences ----

    /// Is a tuple equal to one of these items? Or UNSURE.
    TUPLE_HAS1 = sequence::tuple_has1 -> Int, MAKES;
    TUPLE_HAS2 = sequence::tuple_has2 -> Int, MAKES;
    TUPLE_HAS3 = sequence::tuple_has3 -> Int, MAKES;
    /// `min(items)` and `max(items)` of a container (owned), or null.
    MIN = sequence::min -> Obj, MAKES;
    MAX = sequence::max -> Obj, MAKES;
    /// `item in sequence` of lists and tuples, or UNSURE.
    SEQUENCE_CONTAINS = sequence::sequence_contains -> Int, MAKES;
    /// `sequence[start:stop]`, or null.
    GET_SLICE = sequence::get_slice -> Obj, MAKES;
    /// An operator of two objects (owned), or null and an exception.
    OPERATOR = sequence::operator -> Obj, MAKES;
    /// The same, by a function of the left operand's type.
    OPERATOR_BY = sequence::operator_by -> Obj, MAKES;
    /// `-x`, `+x`, `~x` by number, or null.
    UNARY = sequence::unary -> Obj, MAKES;
    /// A subscript by a slice or plain key (owned), or null.
    GET_ITEM = sequence::get_item -> Obj, MAKES;
    /// A store or deletion (null) by a key; false and an exception.
    SET_ITEM = sequence::set_item -> Bool, DESTROYS;
    SET_SLICE = sequence::set_slice -> Bool, DESTROYS;
    /// `list[start:stop:step]` by numbers (owned), or null.
    LIST_SLICE = sequence::list_slice -> Obj, MAKES;
    /// `list[start:stop] = list` by numbers; false and an exception.
    LIST_SET_SLICE = sequence::list_set_slice -> Bool, DESTROYS;
    /// The same, where the list on the right is given up next.
    LIST_EXCHANGE_SLICE = sequence::list_exchange_slice -> Bool, DESTROYS;
    /// `list + list` (owned), where one or both are given up next.
    LIST_CONCAT = sequence::list_concat -> Obj, LISTS;
    /// `list.insert(index, x)`, which takes over the item.
    LIST_INSERT = sequence::list_insert -> Bool, LISTS;
    /// `list.pop(index)` (owned), or null.
    LIST_POP_AT = sequence::list_pop_at -> Obj, LISTS;
    /// `slice(start, stop, step)`.
    NEW_SLICE = sequence::new_slice -> Obj, MAKES;
    /// `len(x)`, or -1.
    SIZE = sequence::size -> Int, MAKES;
    /// `list.pop()` (owned), or null.
    LIST_POP = sequence::list_pop -> Obj, LISTS;
    /// `list.extend(iterable)`; false and an exception.
    LIST_EXTEND = sequence::list_extend -> Bool, CONTAINERS;
    /// A tuple of the items of a list that it takes over.
    LIST_INTO_TUPLE = sequence::list_into_tuple -> Obj, MAKES;
    /// `item in x` of bytes, ranges and arrays, or UNSURE.
    CONTAINS = sequence::contains -> Int, MAKES;
    /// Displays, which take over their items.
    NEW_LIST0 = sequence::new_list0 -> Obj, MAKES;
    NEW_LIST1 = sequence::new_list1 -> Obj, MAKES;
    NEW_LIST2 = sequence::new_list2 -> Obj, MAKES;
    NEW_LIST3 = sequence::new_list3 -> Obj, MAKES;
    NEW_LIST4 = sequence::new_list4 -> Obj, MAKES;
    NEW_LIST5 = sequence::new_list5 -> Obj, MAKES;
    NEW_LIST6 = sequence::new_list6 -> Obj, MAKES;
    NEW_TUPLE1 = sequence::new_tuple1 -> Obj, TUPLE;
    NEW_TUPLE2 = sequence::new_tuple2 -> Obj, TUPLE;
    NEW_TUPLE3 = sequence::new_tuple3 -> Obj, TUPLE;
    NEW_TUPLE4 = sequence::new_tuple4 -> Obj, TUPLE;
    NEW_TUPLE5 = sequence::new_tuple5 -> Obj, TUPLE;
    NEW_TUPLE6 = sequence::new_tuple6 -> Obj, TUPLE;
    /// `list.append(x)`, which takes over the item.
    LIST_APPEND = sequence::list_append -> Bool, LISTS;

    // ---- sets ----

    /// `key in set`, or UNSURE.
    SET_CONTAINS = set::set_contains -> Int, MAKES;
    /// `set.add(key)`; false if it was not done.
    SET_ADD = set::set_add -> Bool, SETS;
    /// `set.discard(key)`: was it there? UNSURE if it was not done.
    SET_DISCARD = set::set_discard -> Int, SETS;
    /// A comparison by number, or UNSURE.
    SET_COMPARE = set::set_compare -> Int, MAKES;
    /// `a.isdisjoint(b)`, or UNSURE.
    SET_DISJOINT = set::set_disjoint -> Int, MAKES;
    /// Operators of two sets (owned), or null: not done.
    SET_UNION = set::set_union -> Obj, MAKES;
    SET_INTERSECTION = set::set_intersection -> Obj, MAKES;
    SET_DIFFERENCE = set::set_difference -> Obj, MAKES;
    SET_SYMMETRIC_DIFFERENCE = set::set_symmetric_difference -> Obj, MAKES;
    NEW_SET = set::new_set -> Obj, MAKES;
    /// Adds an element to a new set.
    SET_FILL = set::set_fill -> Bool, SETS;
    /// `set.update(iterable)`; false and an exception.
    SET_UPDATE = set::set_update -> Bool, CONTAINERS;

    // ---- what runs no Python code ----

    /// Is it plain?
    PLAIN = plain::plain -> Bool, MAKES;
    /// `id(x)`.
    ADDRESS = plain::address -> Int, PURE;
    /// `lock.acquire()` (owned), or null: it is not free.
    LOCK_ENTER = plain::lock_enter -> Obj, LOCKS;
    /// Are they the same object?
    SAME = plain::same -> Bool, MAKES;
    /// Do its hash and equality run no Python code?
    KEY = plain::key -> Bool, MAKES;
    /// Is it a slice object with plain bounds?
    PLAIN_SLICE = plain::plain_slice -> Bool, MAKES;
    /// Are its items plain?
    PLAIN_ITEMS = plain::plain_items -> Bool, MAKES;
    /// Is it plain, or a container of such objects, all the way down?
    DEEP = plain::deep -> Bool, MAKES;
    /// A comparison by number, or UNSURE.
    COMPARE = plain::compare -> Int, MAKES;

    // ---- iteration ----

    /// Is the iterator at its end?
    AT_END = iter::at_end -> Bool, MAKES;
    /// Says so to the iterator, which lets go of its container; false and an exception.
    FINISH = iter::finish -> Bool, DESTROYS;

    /// The next item (owned), or null: at the end, or where an exception would be raised.
    NEXT = iter::next -> Obj, ITERATES;
    /// The same, of the iterators of one type.
    NEXT_KEY = iter::next_key -> Obj, ITERATES;
    NEXT_VALUE = iter::next_value -> Obj, ITERATES;
    NEXT_ITEM = iter::next_item -> Obj, ITERATES;
    NEXT_CHARACTER = iter::next_character -> Obj, ITERATES;
    NEXT_REVERSED = iter::next_reversed -> Obj, ITERATES;
    /// The next element of a set (borrowed), or null: at the end, or where the set has changed.
    SET_NEXT = set::set_next -> Obj, ITERATES;
    /// `iter(x)`, or null.
    ITER = iter::iter -> Obj, MAKES;
    LIST_ITER = iter::list_iter -> Obj, MAKES;
    TUPLE_ITER = iter::tuple_iter -> Obj, MAKES;
    RANGE_ITER = iter::range_iter -> Obj, MAKES;
    /// `range(start, stop)`.
    NEW_RANGE = iter::new_range -> Obj, RANGE;

    // ---- frames, and what may look at them ----

    /// Makes the frame of an inlined call; null if there is no room.
    PUSH_FRAME = frames::push_frame -> Ptr, FRAMES;
    /// As PUSH_FRAME, of a coroutine that is awaited.
    PUSH_AWAITED = frames::push_awaited -> Ptr, FRAMES;
    /// Ends such a frame.
    POP_FRAME = frames::pop_frame -> None, FRAMES;
    /// Ends one whose variables are in its memory: its object takes them over.
    END_FRAME = frames::end_frame -> None, ANY;
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
    /// As EXECUTE, of a `CALL`: compiled functions are entered at once.
    CALL_FUNCTION = function::call_function -> Int, ANY;
    /// As CALL_FUNCTION, of a function that takes its arguments plainly.
    CALL_DIRECT = function::call_direct -> Int, ANY;
    /// A call of a coroutine function, which is awaited at once: 0; 1 if it yields; 2 and an exception of the coroutine's; 3 and one of
    /// the call's.
    CALL_AWAITED = function::call_awaited -> Int, ANY;

    // ---- exceptions ----

    /// The pending exception passes through a frame, which gets an object.
    NOTE_RAISE = raise::note -> None, FRAMES;
    /// The pending exception leaves a frame.
    LEAVE_FRAME = raise::leave -> None, ANY;
    /// The pending exception, which is so no more (owned).
    TAKE_EXCEPTION = raise::take -> Obj, MAKES;
    /// Makes an exception, which it takes over, the pending one.
    PUT_EXCEPTION = raise::put -> None, MAKES;
    /// The exception being handled (borrowed), or null.
    HANDLED = raise::handled -> Obj, MAKES;
    /// An exception becomes the one being handled; the one before (owned).
    PUSH_HANDLED = raise::push_handled -> Obj, MAKES;
    /// The exception before, which it takes over, is handled again.
    POP_HANDLED = raise::pop_handled -> None, ANY;

    // ---- arrays of numpy ----

    /// An expression of arrays (owned), or null: numpy has to do it. See `numpy::fuse`.
    FUSED = run::fused -> Obj, ELEMENTS;
    /// A part of an array with several axes (owned), or null.
    ARRAY_ITEM = arrays::item -> Obj, MAKES;
    /// `array[key]` with slices (owned), or null.
    ARRAY_PART = arrays::part -> Obj, MAKES;

    // ---- calls of callables that run no Python code: owned, or null and an exception ----

    CALL0 = call::call0 -> Obj, CONTAINERS;
    CALL1 = call::call1 -> Obj, CONTAINERS;
    CALL2 = call::call2 -> Obj, CONTAINERS;
    CALL3 = call::call3 -> Obj, CONTAINERS;
    CALL4 = call::call4 -> Obj, CONTAINERS;
    CALL5 = call::call5 -> Obj, CONTAINERS;
    /// With the names of the last arguments behind the callable.
    CALL_NAMED1 = call::call_named1 -> Obj, CONTAINERS;
    CALL_NAMED2 = call::call_named2 -> Obj, CONTAINERS;
    CALL_NAMED3 = call::call_named3 -> Obj, CONTAINERS;
    CALL_NAMED4 = call::call_named4 -> Obj, CONTAINERS;
}
