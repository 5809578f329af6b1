//! The scalars of numpy that traces keep unboxed.

use super::memory::Width;
use super::ops::Ty;

macro_rules! scalars {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $ty:ident, $width:ident, $bits:literal;)*) => {
        /// A scalar type. In traces an integer is a word with its sign (or zeros) extended; a single is a double that is one.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[repr(u8)]
        pub enum Scalar { $($(#[$doc])* $name),* }

        impl Scalar {
            /// All of them, with their names.
            pub const ALL: &[(Scalar, &str)] = &[$((Scalar::$name, $text)),*];

            /// The type of its value in a trace.
            pub fn ty(self) -> Ty {
                match self { $(Scalar::$name => Ty::$ty),* }
            }

            /// How it lies in memory, in arrays and in objects.
            pub fn width(self) -> Width {
                match self { $(Scalar::$name => Width::$width),* }
            }

            /// Bits of precision: of integers all, of floats those of the significand.
            pub fn bits(self) -> u32 {
                match self { $(Scalar::$name => $bits),* }
            }
        }
    };
}

scalars! {
    Bool = "np.bool", Bool, U8, 1;
    I8 = "np.int8", Int, I8, 8;
    U8 = "np.uint8", Int, U8, 8;
    I16 = "np.int16", Int, I16, 16;
    U16 = "np.uint16", Int, U16, 16;
    I32 = "np.int32", Int, I32, 32;
    U32 = "np.uint32", Int, U32, 32;
    I64 = "np.int64", Int, W64, 64;
    U64 = "np.uint64", Int, W64, 64;
    F32 = "np.float32", Float, F32, 24;
    F64 = "np.float64", Float, F64, 53;
}

/// How many there are.
pub const SCALARS: usize = Scalar::ALL.len();

impl Scalar {
    /// The one with this number.
    pub fn from_number(number: i64) -> Option<Scalar> {
        usize::try_from(number).ok().and_then(|i| Scalar::ALL.get(i)).map(|(scalar, _)| *scalar)
    }

    pub fn is_float(self) -> bool {
        self.ty() == Ty::Float
    }

    pub fn is_int(self) -> bool {
        self.ty() == Ty::Int
    }

    /// An integer that has a sign.
    pub fn is_signed(self) -> bool {
        matches!(self, Scalar::I8 | Scalar::I16 | Scalar::I32 | Scalar::I64)
    }

    /// The least and the greatest value of an integer type whose values all are 64-bit integers with a sign.
    pub fn range(self) -> Option<(i64, i64)> {
        match (self, self.is_int()) {
            (Scalar::U64, _) | (_, false) => None,
            (Scalar::I64, _) => Some((i64::MIN, i64::MAX)),
            _ if self.is_signed() => Some((-(1 << (self.bits() - 1)), (1 << (self.bits() - 1)) - 1)),
            _ => Some((0, (1 << self.bits()) - 1)),
        }
    }

    /// The type of a result of operands of both types.
    pub fn promote(self, other: Scalar) -> Scalar {
        let (wide, narrow) = if self.rank() >= other.rank() { (self, other) } else { (other, self) };
        match (wide, narrow) {
            _ if wide == narrow || narrow == Scalar::Bool => wide,
            (Scalar::F32, int) if int.is_int() && int.bits() > 16 => Scalar::F64,
            _ if wide.is_float() || wide.is_signed() == narrow.is_signed() => wide,
            // A sign, and all bits of the one without it.
            _ if wide.is_signed() && wide.bits() > narrow.bits() => wide,
            (wide, _) => match wide.bits() {
                8 => Scalar::I16,
                16 => Scalar::I32,
                32 => Scalar::I64,
                _ => Scalar::F64,
            },
        }
    }

    fn rank(self) -> u32 {
        match self {
            Scalar::F32 => 100,
            Scalar::F64 => 101,
            _ => self.bits(),
        }
    }
}
