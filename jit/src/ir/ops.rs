//! The operations of the IR, declared once: name in text, operands, result, effect.

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Ty {
    /// The address of a live object (or null, where an operation says so).
    Obj,
    /// Any other address.
    Ptr,
    /// A machine integer.
    Int,
    /// A double.
    Float,
    /// 0 or 1.
    Bool,
    /// No value.
    None,
}

impl Ty {
    pub const ALL: &[(Ty, &str)] = &[
        (Ty::Obj, "obj"),
        (Ty::Ptr, "ptr"),
        (Ty::Int, "int"),
        (Ty::Float, "float"),
        (Ty::Bool, "bool"),
        (Ty::None, "none"),
    ];

    /// The name in text.
    pub fn text(self) -> &'static str {
        Ty::ALL.iter().find(|(t, _)| *t == self).map_or("?", |(_, t)| t)
    }
}

/// What an operation does besides computing its result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Nothing: equal operands give equal results, and an unused one goes.
    Pure,
    /// Reads memory of the class in its access.
    Load,
    /// Writes memory of the class in its access.
    Store,
    /// Leaves the trace if its condition does not hold.
    Guard,
    /// Arithmetic that leaves the trace where the result does not fit: a guard with a value.
    Checked,
    /// Makes an object with one reference, which the trace owns. Goes if unused.
    Alloc,
    /// Changes a reference count; `decref` may run a finalizer.
    Count,
    /// As the callee's description says.
    Call,
    /// The trace's structure.
    Control,
}

macro_rules! ops {
    ($($(#[$doc:meta])* $name:ident = $text:literal ($($arg:ident),*) -> $ty:ident, $effect:ident;)*) => {
        /// The operations.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Op { $($(#[$doc])* $name),* }

        impl Op {
            /// All of them.
            pub const ALL: &[Op] = &[$(Op::$name),*];

            /// The name in text.
            pub fn text(self) -> &'static str {
                match self { $(Op::$name => $text),* }
            }

            /// The operation of that name.
            pub fn from_text(text: &str) -> Option<Op> {
                Op::ALL.iter().copied().find(|op| op.text() == text)
            }

            /// May the trace end here? Then the instruction has a snapshot.
            pub fn leaves(self) -> bool {
                matches!(self.effect(), Effect::Guard | Effect::Checked) || self == Op::Exit
            }

            /// The result's type; `None` (the value) where the instruction says it (`load`, `phi`, `call`).
            pub fn result(self) -> Option<Ty> {
                match self { $(Op::$name => ops!(@result $ty)),* }
            }

            pub fn effect(self) -> Effect {
                match self { $(Op::$name => Effect::$effect),* }
            }

            /// How many operands there are; `None` for any number.
            pub fn arity(self) -> Option<usize> {
                match self { $(Op::$name => ops!(@arity $($arg),*)),* }
            }
        }
    };
    (@result Given) => { None };
    (@result $ty:ident) => { Some(Ty::$ty) };
    (@arity args) => { None };
    (@arity $($arg:ident),*) => { Some(<[&str]>::len(&[$(stringify!($arg)),*])) };
}

ops! {
    // ---- structure ----

    /// The base frame: the interpreter frame in which the trace began.
    Frame = "frame" () -> Ptr, Pure;
    /// The thread state.
    Thread = "thread" () -> Ptr, Pure;
    /// In a trace that goes on from another one's exit, at its start: the value at this place (a constant) among those of the
    /// exit's snapshot.
    Param = "param" (place) -> Given, Pure;
    /// The loop's head. The code before it runs once (the preamble).
    Loop = "loop" () -> None, Control;
    /// Directly behind `loop`: the operand in the first round, later what `jump` says at the same place.
    Phi = "phi" (first) -> Given, Control;
    /// Back to the head; one operand for each phi.
    Jump = "jump" (args) -> None, Control;
    /// Leaves the trace for the interpreter, always.
    Exit = "exit" () -> None, Control;
    /// Goes on in another trace, with the operands as its parameters, always.
    Enter = "enter" (args) -> None, Control;

    // ---- guards: each has a snapshot ----

    GuardTrue = "guard_true" (condition) -> None, Guard;
    GuardFalse = "guard_false" (condition) -> None, Guard;
    /// The object's type is exactly the constant.
    GuardType = "guard_type" (object, ty) -> None, Guard;
    /// The word (an address, an integer or a bool) is the constant.
    GuardIs = "guard_is" (value, constant) -> None, Guard;
    /// The object has more than one reference (or is immortal), or the word of a slot owns nothing (bit 0 is set): taking one
    /// away destroys nothing. Counts change all the time: this guard implies nothing for later ones.
    GuardShared = "guard_shared" (word) -> None, Guard;
    /// The word of a slot is empty, owns nothing, or is an object whose end nobody notices (exact ints, floats, strings, bools, None). The
    /// constant, a type's address, says which of these is likely.
    GuardInert = "guard_inert" (word, likely) -> None, Guard;
    /// The address is not null.
    GuardNonNull = "guard_nonnull" (value) -> None, Guard;
    /// Nobody asks the thread to stop (signals, the GIL, the collector, other threads' requests).
    GuardCalm = "guard_calm" () -> None, Guard;
    /// The trace is still valid: nothing it assumed was changed.
    GuardValid = "guard_valid" () -> None, Guard;

    // ---- integers ----

    Add = "add" (a, b) -> Int, Pure;
    Sub = "sub" (a, b) -> Int, Pure;
    Mul = "mul" (a, b) -> Int, Pure;
    /// Leave the trace on overflow of 64 bits.
    AddOvf = "add_ovf" (a, b) -> Int, Checked;
    SubOvf = "sub_ovf" (a, b) -> Int, Checked;
    MulOvf = "mul_ovf" (a, b) -> Int, Checked;
    Neg = "neg" (a) -> Int, Pure;
    /// The lesser, the greater one.
    Min = "min" (a, b) -> Int, Pure;
    Max = "max" (a, b) -> Int, Pure;
    And = "and" (a, b) -> Int, Pure;
    Or = "or" (a, b) -> Int, Pure;
    Xor = "xor" (a, b) -> Int, Pure;
    /// Shifts by 0 to 63 (guarded before).
    Shl = "shl" (a, b) -> Int, Pure;
    Sar = "sar" (a, b) -> Int, Pure;
    /// Python's `//` and `%`; the divisor is not zero, and the quotient fits (guarded before).
    FloorDiv = "floordiv" (a, b) -> Int, Pure;
    Mod = "mod" (a, b) -> Int, Pure;
    Eq = "eq" (a, b) -> Bool, Pure;
    Ne = "ne" (a, b) -> Bool, Pure;
    Lt = "lt" (a, b) -> Bool, Pure;
    Le = "le" (a, b) -> Bool, Pure;
    Gt = "gt" (a, b) -> Bool, Pure;
    Ge = "ge" (a, b) -> Bool, Pure;
    /// Unsigned less-than: bounds checks.
    Ult = "ult" (a, b) -> Bool, Pure;

    // ---- floats ----

    FAdd = "fadd" (a, b) -> Float, Pure;
    FSub = "fsub" (a, b) -> Float, Pure;
    FMul = "fmul" (a, b) -> Float, Pure;
    FDiv = "fdiv" (a, b) -> Float, Pure;
    FNeg = "fneg" (a) -> Float, Pure;
    FAbs = "fabs" (a) -> Float, Pure;
    FSqrt = "fsqrt" (a) -> Float, Pure;
    /// To the nearest single, which is a double, too.
    FSingle = "fsingle" (a) -> Float, Pure;
    FEq = "feq" (a, b) -> Bool, Pure;
    FNe = "fne" (a, b) -> Bool, Pure;
    FLt = "flt" (a, b) -> Bool, Pure;
    FLe = "fle" (a, b) -> Bool, Pure;
    FGt = "fgt" (a, b) -> Bool, Pure;
    FGe = "fge" (a, b) -> Bool, Pure;
    /// To the nearest double.
    IntToFloat = "int_to_float" (a) -> Float, Pure;
    /// Towards zero; the operand's magnitude is below 2**62 (guarded before).
    FloatToInt = "float_to_int" (a) -> Int, Pure;

    /// The value is needed, even if nothing uses it: checked arithmetic whose failure is noticed.
    Use = "use" (value) -> None, Pure;

    // ---- bools and addresses ----

    Not = "not" (a) -> Bool, Pure;
    /// The same address?
    Is = "is" (a, b) -> Bool, Pure;
    /// The object behind the word of a frame's slot: bit 0 cleared, so null for the empty slot. (Of a value that is not such a
    /// word, but an object already: the same.)
    Untag = "untag" (word) -> Obj, Pure;
    /// 0 or 1 as an integer.
    BoolToInt = "bool_to_int" (a) -> Int, Pure;
    /// An address plus a number of bytes.
    Offset = "offset" (base, bytes) -> Ptr, Pure;

    // ---- boxes ----

    /// The value of an exact int of at most two digits; leaves the trace for larger ones. The type was guarded.
    UnboxInt = "unbox_int" (object) -> Int, Checked;
    /// The value of an exact float, whose type was guarded.
    UnboxFloat = "unbox_float" (object) -> Float, Pure;
    /// An int, a float: a new object (small ints are immortal ones).
    BoxInt = "box_int" (value) -> Obj, Alloc;
    BoxFloat = "box_float" (value) -> Obj, Alloc;
    /// A box of the value, which takes over a reference to an exact float: that float itself, changed, if nobody else has a
    /// reference to it.
    RecycleFloat = "recycle_float" (old, value) -> Obj, Alloc;
    /// `True` or `False`, which nobody owns.
    BoxBool = "box_bool" (value) -> Obj, Pure;

    /// A numpy scalar: a new object of the type with this number ([`super::Scalar`]), a constant.
    BoxScalar = "box_scalar" (value, scalar) -> Obj, Alloc;

    /// A new iterator of the integers from the first on, one by one; so many.
    RangeIter = "range_iter" (first, count) -> Obj, Alloc;

    // ---- memory ----

    /// From a base address and the access's offset.
    Load = "load" (base) -> Given, Load;
    /// From a base address plus an index (times the width) and the access's offset.
    LoadIndexed = "load_indexed" (base, index) -> Given, Load;
    Store = "store" (base, value) -> None, Store;
    StoreIndexed = "store_indexed" (base, index, value) -> None, Store;

    // ---- several rounds at once ----

    /// Groups of the loop's rounds, by a [`super::Kernel`]: its number (a constant) and its arguments; how many rounds were done.
    Rounds = "rounds" (args) -> Int, Call;
    /// What an argument (its number, a constant) of the only `rounds`, which stands before, has become.
    Last = "last" (rounds, argument) -> Given, Pure;

    // ---- references ----

    /// One reference more. Immortal objects are left alone.
    Incref = "incref" (object) -> None, Count;
    /// One reference less; the last one destroys the object, which may run Python code.
    Decref = "decref" (object) -> None, Count;
    /// As `decref`, of an object whose destruction runs nothing and frees no other object (exact ints, floats, strings).
    DecrefInert = "decref_inert" (object) -> None, Count;
    /// As `decref`, of a word of a frame's slot: a set bit 0 says that it owns nothing.
    CloseWord = "close_word" (word) -> None, Count;
    /// As `close_word`, of a word that is empty or of an object whose destruction runs nothing and frees no other object.
    CloseInert = "close_inert" (word) -> None, Count;
    /// As `close_word`, behind `guard_shared`: never the last reference, so nothing is disturbed.
    CloseShared = "close_shared" (word) -> None, Count;

    // ---- calls ----

    /// A function of the runtime or of C, by its description.
    Call = "call" (args) -> Given, Call;
}
