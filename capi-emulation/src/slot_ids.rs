//! The numbers of `Py_tp_*` and its relatives: which slot of a type each one means.

use core::ffi::c_int;
use core::mem::offset_of;

use rpy_vm::PyTypeObject;
use rpy_vm::object::{
    PyAsyncMethods, PyBufferProcs, PyHeapTypeObject, PyMappingMethods, PyNumberMethods, PySequenceMethods,
};

/// Where a slot is. All are as wide as a pointer.
pub enum SlotPlace {
    /// Offset in the type's struct.
    Type(usize),
    /// In a suite.
    Suite {
        /// Offset of the pointer to the suite in the type's struct.
        suite: usize,
        /// Offset of the heap type's own suite.
        heap: usize,
        /// Offset in the suite.
        member: usize,
    },
    /// The token of a heap type.
    Token,
}

macro_rules! suite {
    (as_async, $member:ident) => { suite!(@ tp_as_async, as_async, PyAsyncMethods, $member) };
    (as_number, $member:ident) => { suite!(@ tp_as_number, as_number, PyNumberMethods, $member) };
    (as_mapping, $member:ident) => { suite!(@ tp_as_mapping, as_mapping, PyMappingMethods, $member) };
    (as_sequence, $member:ident) => { suite!(@ tp_as_sequence, as_sequence, PySequenceMethods, $member) };
    (as_buffer, $member:ident) => { suite!(@ tp_as_buffer, as_buffer, PyBufferProcs, $member) };
    (@ $pointer:ident, $heap:ident, $suite:ident, $member:ident) => {
        SlotPlace::Suite {
            suite: offset_of!(PyTypeObject, $pointer),
            heap: offset_of!(PyHeapTypeObject, $heap),
            member: offset_of!($suite, $member),
        }
    };
}

macro_rules! slot_ids {
    (@place token) => { SlotPlace::Token };
    (@place tp $field:ident) => { SlotPlace::Type(offset_of!(PyTypeObject, $field)) };
    (@place $suite:ident $member:ident) => { suite!($suite, $member) };
    ($($id:literal => $($what:ident)*,)*) => {
        /// The slot of an id; `None` if there is none of that number.
        pub fn place(id: c_int) -> Option<SlotPlace> {
            Some(match id {
                $($id => slot_ids!(@place $($what)*),)*
                _ => return None,
            })
        }
    };
}

slot_ids! {
    1 => as_buffer bf_getbuffer,
    2 => as_buffer bf_releasebuffer,
    3 => as_mapping mp_ass_subscript,
    4 => as_mapping mp_length,
    5 => as_mapping mp_subscript,
    6 => as_number nb_absolute,
    7 => as_number nb_add,
    8 => as_number nb_and,
    9 => as_number nb_bool,
    10 => as_number nb_divmod,
    11 => as_number nb_float,
    12 => as_number nb_floor_divide,
    13 => as_number nb_index,
    14 => as_number nb_inplace_add,
    15 => as_number nb_inplace_and,
    16 => as_number nb_inplace_floor_divide,
    17 => as_number nb_inplace_lshift,
    18 => as_number nb_inplace_multiply,
    19 => as_number nb_inplace_or,
    20 => as_number nb_inplace_power,
    21 => as_number nb_inplace_remainder,
    22 => as_number nb_inplace_rshift,
    23 => as_number nb_inplace_subtract,
    24 => as_number nb_inplace_true_divide,
    25 => as_number nb_inplace_xor,
    26 => as_number nb_int,
    27 => as_number nb_invert,
    28 => as_number nb_lshift,
    29 => as_number nb_multiply,
    30 => as_number nb_negative,
    31 => as_number nb_or,
    32 => as_number nb_positive,
    33 => as_number nb_power,
    34 => as_number nb_remainder,
    35 => as_number nb_rshift,
    36 => as_number nb_subtract,
    37 => as_number nb_true_divide,
    38 => as_number nb_xor,
    39 => as_sequence sq_ass_item,
    40 => as_sequence sq_concat,
    41 => as_sequence sq_contains,
    42 => as_sequence sq_inplace_concat,
    43 => as_sequence sq_inplace_repeat,
    44 => as_sequence sq_item,
    45 => as_sequence sq_length,
    46 => as_sequence sq_repeat,
    47 => tp tp_alloc,
    48 => tp tp_base,
    49 => tp tp_bases,
    50 => tp tp_call,
    51 => tp tp_clear,
    52 => tp tp_dealloc,
    53 => tp tp_del,
    54 => tp tp_descr_get,
    55 => tp tp_descr_set,
    56 => tp tp_doc,
    57 => tp tp_getattr,
    58 => tp tp_getattro,
    59 => tp tp_hash,
    60 => tp tp_init,
    61 => tp tp_is_gc,
    62 => tp tp_iter,
    63 => tp tp_iternext,
    64 => tp tp_methods,
    65 => tp tp_new,
    66 => tp tp_repr,
    67 => tp tp_richcompare,
    68 => tp tp_setattr,
    69 => tp tp_setattro,
    70 => tp tp_str,
    71 => tp tp_traverse,
    72 => tp tp_members,
    73 => tp tp_getset,
    74 => tp tp_free,
    75 => as_number nb_matrix_multiply,
    76 => as_number nb_inplace_matrix_multiply,
    77 => as_async am_await,
    78 => as_async am_aiter,
    79 => as_async am_anext,
    80 => tp tp_finalize,
    81 => as_async am_send,
    82 => tp tp_vectorcall,
    83 => token,
}
