//! What loads and stores touch.

/// Kinds of memory that do not overlap: a store to one leaves the others alone. Within a class, accesses at different
/// offsets do not overlap either; indexed ones may meet any other of their class, and so may those of [`Class::Raw`] with different bases.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// An object's type, the fields of code, functions, ints, floats, strings, tuples: written before anybody else sees
    /// the object, and never again.
    Fixed,
    /// The type word, where `__class__` may be assigned.
    Type,
    /// The attrs word: which attributes an instance has.
    Shape,
    /// Attribute slots of instances.
    Attr,
    /// Locals and operand stacks of frames, the headers of frames.
    Slot,
    FrameHeader,
    /// The same of generators: frames, and what the generators know of them.
    Suspended,
    /// A list's size and the address of its items.
    ListHeader,
    /// What lists contain.
    ListItem,
    /// The cell's content.
    Cell,
    /// What iterators of ranges, lists and tuples keep.
    Iterator,
    /// Dicts: versions, entries.
    Dict,
    /// The fields of thread states.
    Thread,
    /// Machine numbers in arrays and byte arrays.
    Raw,
    /// The sizes of arrays, byte arrays and sets, and the addresses of what they contain.
    Buffer,
    /// The values of numpy's scalars, which never change either.
    Scalar,
    /// The headers of numpy's arrays: where their data are, shape, strides, flags.
    Array,
    /// Anything else; overlaps only itself.
    Other,
}

impl Class {
    pub const ALL: &[(Class, &str)] = &[
        (Class::Fixed, "fixed"),
        (Class::Type, "type"),
        (Class::Shape, "shape"),
        (Class::Attr, "attr"),
        (Class::Slot, "slot"),
        (Class::FrameHeader, "frame"),
        (Class::Suspended, "suspended"),
        (Class::ListHeader, "list"),
        (Class::ListItem, "item"),
        (Class::Cell, "cell"),
        (Class::Iterator, "iterator"),
        (Class::Dict, "dict"),
        (Class::Thread, "thread"),
        (Class::Raw, "raw"),
        (Class::Buffer, "buffer"),
        (Class::Scalar, "scalar"),
        (Class::Array, "array"),
        (Class::Other, "other"),
    ];

    /// The name in text.
    pub fn text(self) -> &'static str {
        Class::ALL.iter().find(|(c, _)| *c == self).map_or("?", |(_, t)| t)
    }

    /// Is it memory that never changes, once it can be seen?
    pub const fn is_fixed(self) -> bool {
        matches!(self, Class::Fixed | Class::Scalar)
    }

    /// The bit in a set of classes.
    pub const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// How many bytes, and how they become a value (or come from one).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Width {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    W64,
    /// A single, widened to a double.
    F32,
    F64,
}

impl Width {
    pub const ALL: &[(Width, &str)] = &[
        (Width::U8, "u8"),
        (Width::I8, "i8"),
        (Width::U16, "u16"),
        (Width::I16, "i16"),
        (Width::U32, "u32"),
        (Width::I32, "i32"),
        (Width::W64, "w64"),
        (Width::F32, "f32"),
        (Width::F64, "f64"),
    ];

    /// The name in text.
    pub fn text(self) -> &'static str {
        Width::ALL.iter().find(|(w, _)| *w == self).map_or("?", |(_, t)| t)
    }

    /// Size in bytes: 1, 2, 4 or 8.
    pub fn bytes(self) -> usize {
        match self {
            Width::U8 | Width::I8 => 1,
            Width::U16 | Width::I16 => 2,
            Width::U32 | Width::I32 | Width::F32 => 4,
            Width::W64 | Width::F64 => 8,
        }
    }
}

/// A load's or store's place: class, offset from the base in bytes, width. In text `[class+offset:width]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Access {
    pub class: Class,
    pub offset: i32,
    pub width: Width,
}

impl Access {
    /// A word of 64 bits.
    pub const fn word(class: Class, offset: usize) -> Access {
        Access { class, offset: offset as i32, width: Width::W64 }
    }

    /// A double.
    pub const fn double(class: Class, offset: usize) -> Access {
        Access { class, offset: offset as i32, width: Width::F64 }
    }
}
