//! Where fields are, in bytes from the start of their objects: for compiled code, which reads them without the types.

use core::mem::offset_of;

use crate::interp::frame::{FRAME_HEADER_SLOTS, InterpreterFrame};
use crate::object::header::{IMMORTAL_INITIAL_REFCNT, PyObject};
use crate::object::typeobj::PyTypeObject;
use crate::runtime::gc::{self, GcHead};
use crate::runtime::thread::PyThreadState;
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::cell::PyCell;
use crate::types::dict::PyDict;
use crate::types::dict::table::{DictKeys, Entry};
use crate::types::float::PyFloat;
use crate::types::function::PyFunction;
use crate::types::generator::PyGenerator;
use crate::types::int::freelist::FreeList;
use crate::types::int::{self, PyInt};
use crate::types::iter::PySequenceIterator;
use crate::types::list::PyList;
use crate::types::list::iter::PyListIterator;
use crate::types::range::iterator::PyRangeIterator;
use crate::types::set::PySet;
use crate::types::tuple::{PyTuple, PyTupleIterator};

/// Any object: its reference count, 32 bits.
pub const OB_REFCNT: usize = offset_of!(PyObject, ob_refcnt);
/// Counts from here up are left alone.
pub const IMMORTAL_REFCNT: u32 = IMMORTAL_INITIAL_REFCNT;
/// Any object: its type.
pub const OB_TYPE: usize = offset_of!(PyObject, ob_type);
/// Objects of variable size: the number of items.
pub const OB_SIZE: usize = 16;
/// `int`: sign and number of digits.
pub const INT_TAG: usize = offset_of!(PyInt, lv_tag);
/// `int`: the digits, 32 bits each.
pub const INT_DIGITS: usize = 24;
/// `int`: bits of a digit, and a mask of as many.
pub const INT_DIGIT_BITS: u32 = int::SHIFT;
pub const INT_DIGIT_MASK: u32 = int::MASK;
/// `int`: tags below these have at most one digit, at most two.
pub const INT_COMPACT_LIMIT: usize = int::COMPACT_LIMIT;
pub const INT_MEDIUM_LIMIT: usize = int::MEDIUM_LIMIT;
/// `int`: the bit of the tag that marks static ints.
pub const INT_TAG_STATIC: usize = int::TAG_STATIC;
/// The static ints: the first one's value, how many there are, how far they are apart.
pub const SMALL_INT_MIN: i64 = int::SMALL_MIN;
pub const SMALL_INT_COUNT: usize = (int::SMALL_MAX - int::SMALL_MIN + 1) as usize;
pub const SMALL_INT_SIZE: usize = core::mem::size_of::<PyInt>();
/// `float`: the value.
pub const FLOAT_VALUE: usize = offset_of!(PyFloat, ob_fval);
/// `bytes`: the data; `bytearray`: their address.
pub const BYTES_DATA: usize = PyBytes::DATA_OFFSET;
pub const BYTEARRAY_START: usize = PyByteArray::START_OFFSET;
/// Sets: the number of elements.
pub const SET_USED: usize = PySet::USED_OFFSET;
/// `array.array`, whose layout is C's: the items' address, and that of the record of their type, which begins with its code.
pub const ARRAY_ITEMS: usize = 24;
pub const ARRAY_DESCR: usize = 40;
/// `list`: the address of the items.
pub const LIST_ITEMS: usize = offset_of!(PyList, ob_item);
/// `list`: how many items there is room for.
pub const LIST_ALLOCATED: usize = offset_of!(PyList, allocated);
/// `tuple`: the first item.
pub const TUPLE_ITEMS: usize = offset_of!(PyTuple, ob_item);
/// `cell`: the content, null if there is none.
pub const CELL_CONTENT: usize = offset_of!(PyCell, ob_ref);
/// `dict`: the table.
pub const DICT_KEYS: usize = offset_of!(PyDict, ma_keys);
/// `dict`: who watches, one bit each (8 bits).
pub const DICT_WATCHERS: usize = offset_of!(PyDict, watcher_tag);
/// A dict's table: the version of its keys (32 bits).
pub const KEYS_VERSION: usize = DictKeys::VERSION_OFFSET;
/// A dict's table: the address of the entries.
pub const KEYS_ENTRIES: usize = DictKeys::ENTRIES_OFFSET;
/// A dict's entry: its size, and the value in it.
pub const ENTRY_SIZE: usize = core::mem::size_of::<Entry>();
pub const ENTRY_VALUE: usize = offset_of!(Entry, value);
/// `range_iterator`: the next number, the step, how many are left.
pub const RANGE_NEXT: usize = offset_of!(PyRangeIterator, next);
pub const RANGE_STEP: usize = offset_of!(PyRangeIterator, step);
pub const RANGE_LEFT: usize = offset_of!(PyRangeIterator, left);
/// `list_iterator` and `tuple_iterator`: the next position, and the sequence (null when exhausted).
pub const LIST_ITER_INDEX: usize = offset_of!(PyListIterator, index);
pub const LIST_ITER_SEQ: usize = offset_of!(PyListIterator, seq);
pub const TUPLE_ITER_INDEX: usize = offset_of!(PyTupleIterator, index);
pub const TUPLE_ITER_SEQ: usize = offset_of!(PyTupleIterator, seq);
/// `iterator` over what has items: the next position, and the sequence (null when exhausted).
pub const SEQUENCE_ITER_INDEX: usize = offset_of!(PySequenceIterator, index);
pub const SEQUENCE_ITER_SEQ: usize = offset_of!(PySequenceIterator, seq);
/// `function`: the version, 32 bits.
pub const FUNC_VERSION: usize = offset_of!(PyFunction, func_version);
pub const FUNC_CLOSURE: usize = offset_of!(PyFunction, func_closure);
/// `type`: the version tag, 32 bits.
pub const TYPE_VERSION: usize = offset_of!(PyTypeObject, tp_version_tag);
/// An instance's attrs word, in front of it.
pub const ATTRS_WORD: isize = crate::object::shape::ATTRS_WORD_OFFSET;
/// Interpreter frames: the first local, and fields of the header.
pub const FRAME_LOCALS: usize = FRAME_HEADER_SLOTS * 8;
pub const FRAME_EXECUTABLE: usize = offset_of!(InterpreterFrame, f_executable);
pub const FRAME_INSTR: usize = offset_of!(InterpreterFrame, instr_ptr);
pub const FRAME_OBJECT: usize = offset_of!(InterpreterFrame, frame_obj);
pub const FRAME_STACKPOINTER: usize = offset_of!(InterpreterFrame, stackpointer);
pub const FRAME_FUNCTION: usize = offset_of!(InterpreterFrame, f_funcobj);
/// Generators: what they are doing (8 bits), and their frame.
pub const GENERATOR_STATE: usize = offset_of!(PyGenerator, gi_frame_state);
pub const GENERATOR_FRAME: usize = offset_of!(PyGenerator, gi_iframe);
/// Thread states.
pub const THREAD_EVAL_BREAKER: usize = offset_of!(PyThreadState, eval_breaker);

/// The address of the first static int.
pub fn small_ints() -> usize {
    PyInt::small_ref(SMALL_INT_MIN) as *const PyInt as usize
}

/// Dead objects on free lists: the address of the next one.
pub const FREE_NEXT: usize = 16;

/// The words of a free list. Dead objects keep their type; taking one is: unlink, count down the length, set the reference
/// count to 1.
#[derive(Clone, Copy, Debug)]
pub struct FreeListWords {
    /// The first dead object, or null.
    pub head: *const *mut PyObject,
    /// How many there are.
    pub len: *const usize,
    /// How many there may be.
    pub limit: usize,
}

fn words(list: &'static FreeList) -> FreeListWords {
    FreeListWords { head: list.head.as_ptr(), len: list.len.as_ptr(), limit: list.limit }
}

/// The list on which blocks for instances of this size wait (all bytes): the addresses of its first block, and of their number. A block
/// holds the address of the next one in its first word. `None` for sizes that are not kept.
pub fn pool_list(size: usize) -> Option<(*const *mut u8, *const usize)> {
    crate::object::pool::words(size)
}

/// Heads in front of collectable objects, 16 bytes: the next one on the list, the one before.
pub const GC_NEXT: usize = offset_of!(GcHead, next);
pub const GC_PREV: usize = offset_of!(GcHead, prev);

/// What the collector wants to know of new objects. One is counted, unless that makes more than the limit, and is appended to the
/// youngest generation's list.
#[derive(Clone, Copy, Debug)]
pub struct CollectorWords {
    /// How many objects the youngest generation has gained, and may gain (32 bits each, signed).
    pub count: *const i32,
    pub limit: *const i32,
    /// The head that the list begins and ends with. It has no flags.
    pub youngest: *const GcHead,
}

/// See [`CollectorWords`].
pub fn collector() -> CollectorWords {
    let state = &gc::STATE;
    let [youngest, ..] = &state.generations;
    youngest.head.ensure_init();
    CollectorWords { count: youngest.count.as_ptr(), limit: state.young_limit.as_ptr(), youngest: &youngest.head }
}

/// The free list of ints of one or two digits.
pub fn int_free_list() -> FreeListWords {
    words(&int::FREE)
}

/// The free list of iterators of ranges.
pub fn range_iterator_free_list() -> FreeListWords {
    words(&crate::types::range::iterator::FREE)
}

/// The free list of floats.
pub fn float_free_list() -> FreeListWords {
    words(&crate::types::float::FREE)
}
