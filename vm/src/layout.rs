//! Where fields are, in bytes from the start of their objects: for compiled code, which reads them without the types.

use core::mem::offset_of;

use crate::interp::frame::{FRAME_HEADER_SLOTS, InterpreterFrame};
use crate::object::header::PyObject;
use crate::object::typeobj::PyTypeObject;
use crate::runtime::thread::PyThreadState;
use crate::types::cell::PyCell;
use crate::types::dict::PyDict;
use crate::types::dict::table::{DictKeys, Entry};
use crate::types::float::PyFloat;
use crate::types::function::PyFunction;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::list::iter::PyListIterator;
use crate::types::range::iterator::PyRangeIterator;
use crate::types::tuple::{PyTuple, PyTupleIterator};

/// Any object: its type.
pub const OB_TYPE: usize = offset_of!(PyObject, ob_type);
/// Objects of variable size: the number of items.
pub const OB_SIZE: usize = 16;
/// `int`: sign and number of digits.
pub const INT_TAG: usize = offset_of!(PyInt, lv_tag);
/// `int`: the digits, 32 bits each.
pub const INT_DIGITS: usize = 24;
/// `float`: the value.
pub const FLOAT_VALUE: usize = offset_of!(PyFloat, ob_fval);
/// `list`: the address of the items.
pub const LIST_ITEMS: usize = offset_of!(PyList, ob_item);
/// `tuple`: the first item.
pub const TUPLE_ITEMS: usize = offset_of!(PyTuple, ob_item);
/// `cell`: the content, null if there is none.
pub const CELL_CONTENT: usize = offset_of!(PyCell, ob_ref);
/// `dict`: the table.
pub const DICT_KEYS: usize = offset_of!(PyDict, ma_keys);
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
/// `function`: the version, 32 bits.
pub const FUNC_VERSION: usize = offset_of!(PyFunction, func_version);
pub const FUNC_CLOSURE: usize = offset_of!(PyFunction, func_closure);
/// `type`: the version tag, 32 bits.
pub const TYPE_VERSION: usize = offset_of!(PyTypeObject, tp_version_tag);
/// An instance's attrs word, in front of it.
pub const ATTRS_WORD: isize = crate::object::shape::ATTRS_WORD_OFFSET;
/// Interpreter frames: the first local, and fields of the header.
pub const FRAME_LOCALS: usize = FRAME_HEADER_SLOTS * 8;
pub const FRAME_INSTR: usize = offset_of!(InterpreterFrame, instr_ptr);
pub const FRAME_STACKPOINTER: usize = offset_of!(InterpreterFrame, stackpointer);
pub const FRAME_FUNCTION: usize = offset_of!(InterpreterFrame, f_funcobj);
/// Thread states.
pub const THREAD_EVAL_BREAKER: usize = offset_of!(PyThreadState, eval_breaker);
