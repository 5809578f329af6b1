//! How many operands each instruction takes from the stack and leaves there, for `dis`, jumps of debuggers, and checks.

use super::opcode::*;

/// Operands taken and left by a base instruction with its argument; `None` for numbers that are no instruction.
pub const fn operands(op: u8, arg: usize) -> Option<(usize, usize)> {
    let odd = arg & 1;
    let below = arg.saturating_sub(1);
    Some(match BASE[op as usize] {
        CACHE if op != CACHE => return None,
        CACHE
        | NOP
        | NOT_TAKEN
        | RESERVED
        | EXTENDED_ARG
        | RESUME
        | MAKE_CELL
        | COPY_FREE_VARS
        | SETUP_ANNOTATIONS
        | DELETE_DEREF
        | DELETE_FAST
        | DELETE_GLOBAL
        | DELETE_NAME
        | JUMP_BACKWARD
        | JUMP_BACKWARD_NO_INTERRUPT
        | JUMP_FORWARD
        | INSTRUMENTED_INSTRUCTION
        | INSTRUMENTED_LINE
        | ENTER_EXECUTOR => (0, 0),
        LOAD_BUILD_CLASS | LOAD_LOCALS | PUSH_NULL | RETURN_GENERATOR | LOAD_COMMON_CONSTANT | LOAD_CONST
        | LOAD_DEREF | LOAD_FAST | LOAD_FAST_AND_CLEAR | LOAD_FAST_BORROW | LOAD_FAST_CHECK | LOAD_NAME
        | LOAD_SMALL_INT => (0, 1),
        LOAD_FAST_LOAD_FAST | LOAD_FAST_BORROW_LOAD_FAST_BORROW => (0, 2),
        LOAD_GLOBAL => (0, 1 + odd),
        END_FOR | EXIT_INIT_CHECK | INTERPRETER_EXIT | POP_EXCEPT | POP_ITER | POP_TOP | DELETE_ATTR
        | POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE | POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE | STORE_DEREF | STORE_FAST
        | STORE_GLOBAL | STORE_NAME => (1, 0),
        FORMAT_SIMPLE
        | GET_AITER
        | GET_ITER
        | GET_YIELD_FROM_ITER
        | MAKE_FUNCTION
        | RETURN_VALUE
        | TO_BOOL
        | UNARY_INVERT
        | UNARY_NEGATIVE
        | UNARY_NOT
        | CALL_INTRINSIC_1
        | CONVERT_VALUE
        | GET_AWAITABLE
        | LOAD_FROM_DICT_OR_DEREF
        | LOAD_FROM_DICT_OR_GLOBALS
        | STORE_FAST_LOAD_FAST
        | YIELD_VALUE => (1, 1),
        LOAD_ATTR => (1, 1 + odd),
        GET_ANEXT | GET_LEN | MATCH_MAPPING | MATCH_SEQUENCE | PUSH_EXC_INFO | FOR_ITER | IMPORT_FROM
        | LOAD_SPECIAL => (1, 2),
        DELETE_SUBSCR | END_ASYNC_FOR | STORE_ATTR | STORE_FAST_STORE_FAST => (2, 0),
        BUILD_TEMPLATE
        | END_SEND
        | FORMAT_WITH_SPEC
        | BINARY_OP
        | CALL_INTRINSIC_2
        | COMPARE_OP
        | CONTAINS_OP
        | IMPORT_NAME
        | IS_OP
        | SET_FUNCTION_ATTRIBUTE => (2, 1),
        CHECK_EG_MATCH | CHECK_EXC_MATCH | SEND => (2, 2),
        MATCH_KEYS => (2, 3),
        STORE_SUBSCR => (3, 0),
        BINARY_SLICE | MATCH_CLASS => (3, 1),
        CLEANUP_THROW => (3, 2),
        LOAD_SUPER_ATTR => (3, 1 + odd),
        STORE_SLICE => (4, 0),
        CALL_FUNCTION_EX => (4, 1),
        WITH_EXCEPT_START => (5, 6),
        BUILD_INTERPOLATION => (2 + odd, 1),
        BUILD_LIST | BUILD_SET | BUILD_SLICE | BUILD_STRING | BUILD_TUPLE => (arg, 1),
        BUILD_MAP => (2 * arg, 1),
        CALL => (2 + arg, 1),
        CALL_KW => (3 + arg, 1),
        COPY => (1 + below, 2 + below),
        SWAP => (if arg < 2 { 2 } else { arg }, if arg < 2 { 2 } else { arg }),
        DICT_MERGE => (5 + below, 4 + below),
        DICT_UPDATE | LIST_APPEND | LIST_EXTEND | SET_ADD | SET_UPDATE => (2 + below, 1 + below),
        MAP_ADD => (3 + below, 1 + below),
        RAISE_VARARGS => (arg, 0),
        RERAISE => (1 + arg, arg),
        UNPACK_EX => (1, 1 + (arg & 0xff) + (arg >> 8)),
        UNPACK_SEQUENCE => (1, arg),
        _ => return None,
    })
}

/// The change of the stack's depth.
pub const fn effect(op: u8, arg: usize) -> Option<isize> {
    match operands(op, arg) {
        Some((taken, left)) => Some(left as isize - taken as isize),
        None => None,
    }
}
