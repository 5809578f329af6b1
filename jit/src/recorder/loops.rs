//! What the recorder asks of the instructions of a loop.

use rpy_vm::interp::opcode::{self, *};
use rpy_vm::types::code::{PyCode, co_flags};

/// The instructions of the code from `at` on: where they are, their general form, and their arguments.
///
/// # Safety
/// An instruction of the code.
unsafe fn instructions(code: &PyCode, mut at: *mut u16) -> impl Iterator<Item = (*mut u16, u8, usize)> {
    // SAFETY: the code's units.
    let end = unsafe { code.code_ptr().add(code.code_units()) };
    let mut prefix = 0;
    core::iter::from_fn(move || {
        if at >= end {
            return None;
        }
        // SAFETY: the walk goes from instruction to instruction, up to the end.
        unsafe {
            let (op, arg) = (opcode::BASE[(*at & 0xff) as usize], prefix << 8 | (*at >> 8) as usize);
            prefix = if op == EXTENDED_ARG { arg } else { 0 };
            let this = at;
            at = behind(at, op);
            Some((this, op, arg))
        }
    })
}

/// The unit behind an instruction and its cache.
///
/// # Safety
/// An instruction.
unsafe fn behind(at: *mut u16, op: u8) -> *mut u16 {
    // SAFETY: the caller's promise.
    unsafe { at.add(1 + opcode::CACHES[op as usize] as usize) }
}

/// The last of the jumps back into the loop at `header`, to which `jump` leads. Handlers of exceptions, which lie behind the
/// function's other code, belong to the loop if they jump into it.
///
/// # Safety
/// Both are instructions of the code.
pub unsafe fn last_jump(code: &PyCode, header: *mut u16, jump: *mut u16) -> *mut u16 {
    let mut last = jump;
    // SAFETY: the caller's promise.
    unsafe {
        for (at, op, arg) in instructions(code, header) {
            if matches!(op, JUMP_BACKWARD | JUMP_BACKWARD_NO_INTERRUPT)
                && at > last
                && (header..=last).contains(&behind(at, op).wrapping_sub(arg))
            {
                last = at;
            }
        }
    }
    last
}

/// Are there several ways through the loop at `header`, to which `jump` leads, but for those out of it? A function that runs once, from
/// its entry to its end, would have them all in the traces of those that follow it. (A generator is followed from one value to the
/// next.)
///
/// # Safety
/// Both are instructions of the code.
pub unsafe fn branches(code: &PyCode, header: *mut u16, jump: *mut u16) -> bool {
    const IN_PARTS: i32 = co_flags::GENERATOR | co_flags::COROUTINE | co_flags::ASYNC_GENERATOR;
    let is_branch =
        |op| matches!(op, POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE | POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE | FOR_ITER);
    // SAFETY: the caller's promise; jumps lead into the code.
    unsafe {
        let last = last_jump(code, header, jump);
        code.co_flags & IN_PARTS == 0
            && instructions(code, header)
                .take_while(|&(at, ..)| at < last)
                .any(|(at, op, arg)| is_branch(op) && behind(at, op).add(arg) <= last)
    }
}
