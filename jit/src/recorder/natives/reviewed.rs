//! Which functions, methods and classes of built-in types run no Python code, and with what arguments.
//!
//! A row promises: called with arguments (and a receiver) as described, the callable runs no Python code, looks at no frame, and
//! does to what memory holds no more than the row says. Wrong numbers or types of arguments are no concern: they raise.

use rpy_vm::object::typeobj::PyTypeObject;

use super::is_static;

/// What an argument or receiver has to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Takes {
    /// Any object: it is kept, or asked for nothing but its address and type.
    Any,
    /// Hashing, comparing and converting it run no Python code (`is_plain`).
    Plain,
    /// Hashing it and comparing it with its like runs no Python code (`is_handy_key`).
    Key,
    /// Iterating over it runs no Python code.
    Native,
    /// The same, of which the call wants an iterator only, and does not move it on.
    Iterable,
    /// A container of plain objects.
    Items,
    /// A slice with plain bounds: others say by `__index__` what they are.
    Bounds,
    /// Plain, or a container of such objects, all the way down.
    Deep,
    /// As `Deep`, or another object whose text is made natively.
    Text,
    /// Plain, or a stream in memory: writing to it runs no Python code.
    Output,
}

/// What a call does to what memory holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Does {
    /// Nothing: it looks, and makes objects.
    Looks,
    /// It adds references.
    Adds,
    /// It takes references out of containers, and gives them to its caller.
    Takes,
    /// It drops references to plain objects.
    Drops,
    /// It may destroy any object.
    Destroys,
}

/// What a call gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gives {
    /// An object.
    Object,
    /// `None`.
    Nothing,
    /// `True` or `False`.
    Bool,
}

/// A row of a table.
pub struct Reviewed {
    /// The type, or the module.
    pub of: &'static str,
    pub names: &'static str,
    pub receiver: Takes,
    /// What the arguments have to be; the last one says it for all that follow. None are allowed if there is none.
    pub args: &'static [Takes],
    /// What arguments that have names have to be.
    pub named: Takes,
    pub does: Does,
    pub gives: Gives,
}

impl Reviewed {
    /// What argument `position` has to be.
    pub fn takes(&self, position: usize) -> Takes {
        self.args.get(position).or(self.args.last()).copied().unwrap_or(Takes::Any)
    }
}

macro_rules! rows {
    ($($of:literal $names:literal ($receiver:ident $(, $arg:ident)*) $does:ident -> $gives:ident;)*) => {
        &[$(Reviewed {
            of: $of,
            names: $names,
            receiver: Takes::$receiver,
            args: &[$(Takes::$arg),*],
            named: Takes::Plain,
            does: Does::$does,
            gives: Gives::$gives,
        }),*]
    };
}

/// Methods of static types.
const METHODS: &[Reviewed] = rows! {
    "list" "append" (Any, Any) Adds -> Nothing;
    "list" "insert" (Any, Plain, Any) Adds -> Nothing;
    "list" "extend" (Any, Native) Adds -> Nothing;
    "list" "reverse" (Any) Adds -> Nothing;
    "list" "copy" (Any) Looks -> Object;
    "list" "index count" (Items, Plain) Looks -> Object;
    "list" "sort" (Items) Adds -> Nothing;
    "list" "pop" (Any, Plain) Takes -> Object;
    "list" "remove" (Items, Plain) Drops -> Nothing;
    "list" "clear" (Any) Destroys -> Nothing;
    "tuple" "index count" (Items, Plain) Looks -> Object;
    "dict" "keys values items copy" (Any) Looks -> Object;
    "dict" "popitem" (Any) Takes -> Object;
    "dict" "clear" (Any) Destroys -> Nothing;
    "collections.defaultdict" "keys values items copy" (Any) Looks -> Object;
    "set" "copy" (Any) Looks -> Object;
    "set" "union intersection difference symmetric_difference" (Items, Items) Looks -> Object;
    "set" "issubset issuperset isdisjoint" (Items, Items) Looks -> Bool;
    "set" "update" (Items, Items) Adds -> Nothing;
    "set" "intersection_update difference_update symmetric_difference_update" (Items, Items) Drops -> Nothing;
    "set" "remove discard" (Items, Plain) Drops -> Nothing;
    "set" "pop" (Any) Takes -> Object;
    "set" "clear" (Any) Destroys -> Nothing;
    "frozenset" "copy" (Any) Looks -> Object;
    "frozenset" "union intersection difference symmetric_difference" (Items, Items) Looks -> Object;
    "frozenset" "issubset issuperset isdisjoint" (Items, Items) Looks -> Bool;
    "collections.deque" "append appendleft" (Any, Any) Destroys -> Nothing;
    "collections.deque" "pop popleft" (Any) Takes -> Object;
    "collections.deque" "clear" (Any) Destroys -> Nothing;
    "collections.deque" "rotate" (Any, Plain) Adds -> Nothing;
    "collections.deque" "copy" (Any) Looks -> Object;
    "str" "startswith endswith isdigit isalpha isalnum isspace isupper islower isidentifier isdecimal isnumeric istitle isascii isprintable"
        (Any, Plain) Looks -> Bool;
    "str" "find rfind index rindex count split rsplit strip lstrip rstrip upper lower casefold replace title capitalize splitlines partition rpartition zfill ljust rjust center swapcase removeprefix removesuffix expandtabs"
        (Any, Plain) Looks -> Object;
    "str" "encode" (Any) Looks -> Object;
    "str" "join" (Any, Native) Looks -> Object;
    "str" "format" (Any, Plain) Looks -> Object;
    "bytes" "startswith endswith isdigit isalpha isalnum isspace isupper islower" (Any, Plain) Looks -> Bool;
    "bytes" "find rfind index rindex count split rsplit strip lstrip rstrip replace hex upper lower partition rpartition splitlines ljust rjust center zfill title removeprefix removesuffix translate"
        (Any, Plain) Looks -> Object;
    "bytes" "decode" (Any) Looks -> Object;
    "bytes" "join" (Any, Items) Looks -> Object;
    "bytearray" "startswith endswith" (Any, Plain) Looks -> Bool;
    "bytearray" "find rfind index rindex count split hex strip upper lower copy" (Any, Plain) Looks -> Object;
    "bytearray" "decode" (Any) Looks -> Object;
    "bytearray" "append" (Any, Plain) Adds -> Nothing;
    "bytearray" "extend" (Any, Items) Adds -> Nothing;
    "bytearray" "reverse clear" (Any) Adds -> Nothing;
    "bytearray" "pop" (Any, Plain) Adds -> Object;
    "array.array" "append" (Any, Plain) Adds -> Nothing;
    "array.array" "pop" (Any, Plain) Adds -> Object;
    "array.array" "tolist tobytes" (Any) Looks -> Object;
    "array.array" "reverse" (Any) Adds -> Nothing;
    "memoryview" "tobytes tolist" (Any) Looks -> Object;
    "int" "bit_length bit_count conjugate as_integer_ratio" (Any) Looks -> Object;
    "int" "is_integer" (Any) Looks -> Bool;
    "int" "to_bytes" (Any, Plain) Looks -> Object;
    "float" "is_integer" (Any) Looks -> Bool;
    "float" "hex conjugate as_integer_ratio" (Any) Looks -> Object;
    "range" "index count" (Any, Plain) Looks -> Object;
    "slice" "indices" (Bounds, Plain) Looks -> Object;
    "re.Pattern" "match search fullmatch findall split finditer scanner" (Any, Plain) Looks -> Object;
    "re.Match" "group groups groupdict start end span" (Any, Plain) Looks -> Object;
    "_random.Random" "random getrandbits" (Any, Plain) Looks -> Object;
    "_struct.Struct" "unpack pack" (Any, Plain) Looks -> Object;
    "_io.BytesIO" "read getvalue tell" (Any, Plain) Adds -> Object;
    "_io.BytesIO" "write seek" (Any, Plain) Adds -> Object;
    "_io.StringIO" "write read getvalue tell seek truncate flush" (Any, Plain) Adds -> Object;
    "_thread.lock" "__exit__ release locked" (Any, Any) Looks -> Object;
    "_thread.RLock" "__exit__ release" (Any, Any) Looks -> Object;
    "decimal.Decimal" "quantize compare copy_abs copy_negate copy_sign exp fma ln log10 max min max_mag min_mag normalize remainder_near rotate same_quantum scaleb shift sqrt to_integral_value to_integral_exact to_eng_string adjusted"
        (Any, Any) Looks -> Object;
    "decimal.Decimal" "is_nan is_zero is_signed is_finite is_infinite is_normal is_qnan is_snan" (Any) Looks -> Bool;
    "decimal.Context" "quantize add subtract multiply divide compare create_decimal" (Any, Any) Looks -> Object;
};

/// Functions of built-in modules.
const FUNCTIONS: &[Reviewed] = rows! {
    "builtins" "abs bin hex oct chr ord divmod pow round hash format" (Any, Plain) Looks -> Object;
    "builtins" "repr ascii" (Any, Deep) Looks -> Object;
    "builtins" "min max" (Any, Items) Looks -> Object;
    "builtins" "sorted" (Any, Items) Looks -> Object;
    "builtins" "sum" (Any, Items, Plain) Looks -> Object;
    "builtins" "any all" (Any, Items) Looks -> Bool;
    "builtins" "callable" (Any, Any) Looks -> Bool;
    "_sre" "ascii_iscased ascii_tolower unicode_iscased unicode_tolower getlower" (Any, Plain) Looks -> Object;
    "math" "sin cos tan asin acos atan atan2 sinh cosh tanh exp expm1 exp2 log log2 log10 log1p sqrt cbrt pow fmod hypot copysign floor ceil trunc fabs degrees radians gcd lcm isqrt comb perm factorial ldexp frexp modf remainder nextafter ulp erf erfc gamma lgamma dist fma"
        (Any, Plain) Looks -> Object;
    "math" "isnan isinf isfinite isclose" (Any, Plain) Looks -> Bool;
    "math" "fsum prod" (Any, Items) Looks -> Object;
    "time" "perf_counter time monotonic process_time perf_counter_ns time_ns monotonic_ns process_time_ns" (Any) Looks -> Object;
    "_operator" "add sub mul truediv floordiv mod and_ or_ xor lshift rshift neg pos inv invert abs index pow concat" (Any, Plain) Looks -> Object;
    "_operator" "eq ne lt le gt ge not_ truth is_ is_not" (Any, Plain) Looks -> Bool;
    "posix" "fspath" (Any, Plain) Looks -> Object;
    "posix" "getpid" (Any) Looks -> Object;
    "_thread" "get_ident get_native_id" (Any) Looks -> Object;
    "_struct" "pack unpack calcsize" (Any, Plain) Looks -> Object;
    "binascii" "hexlify unhexlify" (Any, Plain) Looks -> Object;
};

/// Built-in classes.
const CLASSES: &[Reviewed] = rows! {
    "builtins" "list tuple" (Any, Native) Adds -> Object;
    "builtins" "enumerate" (Any, Iterable, Plain) Looks -> Object;
    "builtins" "zip reversed" (Any, Iterable) Looks -> Object;
    "builtins" "set frozenset" (Any, Items) Looks -> Object;
    "builtins" "str" (Any, Deep) Looks -> Object;
    "builtins" "int" (Any, Deep, Plain) Looks -> Object;
    "builtins" "float" (Any, Plain) Looks -> Object;
    "builtins" "complex" (Any, Plain) Looks -> Object;
    "builtins" "bytes bytearray" (Any, Items) Looks -> Object;
    "builtins" "slice range" (Any, Plain) Looks -> Object;
    "builtins" "dict object" (Any) Looks -> Object;
    "builtins" "Exception ValueError TypeError KeyError IndexError LookupError AttributeError NameError RuntimeError RecursionError NotImplementedError StopIteration ArithmeticError OverflowError ZeroDivisionError AssertionError EOFError"
        (Any, Any) Looks -> Object;
    "builtins" "decimal.Decimal" (Any, Plain) Looks -> Object;
    "builtins" "collections.deque" (Any, Native, Plain) Adds -> Object;
};

/// `print` where `file` is a stream in memory.
pub const PRINT: Reviewed = Reviewed {
    of: "builtins",
    names: "print",
    receiver: Takes::Any,
    args: &[Takes::Text],
    named: Takes::Output,
    does: Does::Adds,
    gives: Gives::Nothing,
};

/// Class methods and static methods of built-in classes.
const CLASS_METHODS: &[Reviewed] = rows! {
    "int" "from_bytes" (Any, Plain) Looks -> Object;
    "bytes" "fromhex" (Any, Plain) Looks -> Object;
    "bytearray" "fromhex" (Any, Plain) Looks -> Object;
    "dict" "fromkeys" (Any, Items, Any) Looks -> Object;
    "str" "maketrans" (Any, Plain) Looks -> Object;
    "object" "__new__" (Any, Any) Looks -> Object;
    "tuple" "__new__" (Any, Any, Native) Looks -> Object;
    "int" "__new__" (Any, Any, Plain) Looks -> Object;
    "float" "__new__" (Any, Any, Plain) Looks -> Object;
    "str" "__new__" (Any, Any, Plain) Looks -> Object;
};

/// Attributes of built-in types that are computed natively, by the type that has them.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("type", "__name__ __qualname__ __module__ __mro__ __bases__ __base__"),
    (
        "function",
        "__name__ __qualname__ __module__ __code__ __defaults__ __kwdefaults__ __closure__ __globals__ __doc__",
    ),
    ("builtin_function_or_method", "__name__ __qualname__ __module__ __self__"),
    (
        "code",
        "co_filename co_name co_qualname co_flags co_consts co_names co_argcount co_nlocals co_firstlineno co_varnames",
    ),
    ("frame", "f_code f_globals f_builtins"),
    ("traceback", "tb_frame tb_lineno tb_next"),
    ("BaseException", "args __traceback__ __context__ __cause__"),
    ("StopIteration", "value"),
    ("int", "real imag numerator denominator"),
    ("float", "real imag"),
    ("complex", "real imag"),
    ("slice", "start stop step"),
    ("range", "start stop step"),
    ("re.Match", "string re pos endpos lastindex lastgroup"),
    ("re.Pattern", "pattern flags groups groupindex"),
    ("array.array", "typecode itemsize"),
    ("collections.deque", "maxlen"),
    ("datetime.date", "year month day"),
    ("datetime.datetime", "hour minute second microsecond tzinfo fold"),
    ("datetime.timedelta", "days seconds microseconds"),
];

/// The name under which the tables have a type. A class written in Python may be called like a built-in one, and is in none.
fn name_of(ty: &PyTypeObject) -> Option<&str> {
    is_static(ty).then(|| ty.full_name())
}

/// Is the attribute of a built-in type computed natively?
pub fn is_attribute(of: &PyTypeObject, name: &str) -> bool {
    let of = name_of(of);
    ATTRIBUTES.iter().any(|row| Some(row.0) == of && row.1.split(' ').any(|known| known == name))
}

fn find(table: &'static [Reviewed], of: &str, name: &str) -> Option<&'static Reviewed> {
    table.iter().find(|row| row.of == of && row.names.split(' ').any(|known| known == name))
}

/// The row of a method of a static type.
pub fn method(of: &PyTypeObject, name: &str) -> Option<&'static Reviewed> {
    find(METHODS, name_of(of)?, name)
}

/// The row of a function of a built-in module.
pub fn function(module: &str, name: &str) -> Option<&'static Reviewed> {
    find(FUNCTIONS, module, name)
}

/// The row of a class method or static method of a built-in class.
pub fn class_method(of: &PyTypeObject, name: &str) -> Option<&'static Reviewed> {
    find(CLASS_METHODS, name_of(of)?, name)
}

/// The row of a built-in class.
pub fn class(class: &PyTypeObject) -> Option<&'static Reviewed> {
    find(CLASSES, "builtins", name_of(class)?)
}
