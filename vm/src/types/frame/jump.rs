//! Assigning `f_lineno`: a debugger moves execution to another line of the same frame.
//!
//! A jump is allowed where the operand stack at the target looks like a lower part of the present one, so that popping
//! values is all there is to do. [`mark_stacks`] finds out what the stack holds before each instruction: a number of
//! three-bit kinds, top in the lowest bits.

use super::PyFrame;
use crate::err::PyResult;
use crate::exc;
use crate::interp::opcode::*;
use crate::interp::stack_effect;
use crate::interp::stackref::StackRef;
use crate::object::PyStruct;
use crate::runtime::thread;
use crate::sysmodule::monitoring::event;
use crate::types::code::{PyCode, location};
use crate::types::generator;
use crate::types::int::PyInt;

/// What a stack slot holds.
mod kind {
    pub const ITERATOR: i64 = 1;
    pub const EXCEPT: i64 = 2;
    pub const OBJECT: i64 = 3;
    pub const NULL: i64 = 4;
    pub const LASTI: i64 = 5;
}

const BITS: u32 = 3;
const MASK: i64 = (1 << BITS) - 1;
/// As many slots as fit a number.
const MAX_ENTRIES: i64 = 63 / BITS as i64;
const WILL_OVERFLOW: i64 = 1 << ((MAX_ENTRIES - 1) * BITS as i64);
const EMPTY: i64 = 0;
const UNINITIALIZED: i64 = -2;
const OVERFLOWED: i64 = -1;

fn push(stack: i64, what: i64) -> i64 {
    if stack < 0 || stack as u64 >= WILL_OVERFLOW as u64 { OVERFLOWED } else { stack << BITS | what }
}

fn pop(stack: i64) -> i64 {
    // Arithmetic shift: what is unknown stays unknown.
    stack >> BITS
}

fn top(stack: i64) -> i64 {
    stack & MASK
}

fn peek(stack: i64, n: usize) -> i64 {
    if n as i64 > MAX_ENTRIES { 0 } else { stack >> (BITS as usize * (n - 1)) & MASK }
}

fn swap(stack: i64, n: usize) -> i64 {
    if stack < 0 || n as i64 > MAX_ENTRIES {
        return stack;
    }
    let shift = BITS as usize * (n - 1);
    let (first, other) = (stack & MASK, stack >> shift & MASK);
    (stack & !MASK & !(MASK << shift)) | other | first << shift
}

fn compatible_kind(from: i64, to: i64) -> bool {
    match to {
        0 => false,
        kind::OBJECT => from != kind::NULL,
        kind::NULL => true,
        _ => from == to,
    }
}

fn compatible(from: i64, to: i64) -> bool {
    if from < 0 || to < 0 {
        return false;
    }
    let (mut from, mut to) = (from, to);
    while from > to {
        from = pop(from);
    }
    while from != 0 {
        if !compatible_kind(top(from), top(to)) {
            return false;
        }
        from = pop(from);
        to = pop(to);
    }
    to == 0
}

fn explain(to: i64) -> &'static str {
    match to {
        OVERFLOWED => "stack is too deep to analyze",
        UNINITIALIZED => "can't jump into an exception handler, or code may be unreachable",
        _ => match top(to) {
            kind::EXCEPT => "can't jump into an 'except' block as there's no exception",
            kind::LASTI => "can't jump into a re-raising block as there's no location",
            kind::ITERATOR => "can't jump into the body of a for loop",
            _ => "incompatible stacks",
        },
    }
}

/// The stack before each instruction.
fn mark_stacks(code: &PyCode) -> Vec<i64> {
    let len = code.code_units();
    let mut stacks = vec![UNINITIALIZED; len + 1];
    stacks[0] = EMPTY;
    let set = |stacks: &mut Vec<i64>, at: usize, stack: i64| {
        if at < stacks.len() {
            stacks[at] = stack;
        }
    };
    let mut todo = true;
    while todo {
        todo = false;
        let mut i = 0;
        while i < len {
            let mut stack = stacks[i];
            let (mut op, arg) = code.original_unit(i);
            let mut arg = arg as usize;
            while op == EXTENDED_ARG && i + 1 < len {
                i += 1;
                let (next, low) = code.original_unit(i);
                op = next;
                arg = arg << 8 | low as usize;
                stacks[i] = stack;
            }
            let next = i + 1 + CACHES[op as usize] as usize;
            if stack == UNINITIALIZED {
                i = next;
                continue;
            }
            match op {
                POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE | POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE => {
                    stack = pop(stack);
                    set(&mut stacks, next + arg, stack);
                    set(&mut stacks, next, stack);
                }
                SEND => {
                    set(&mut stacks, next + arg, stack);
                    set(&mut stacks, next, stack);
                }
                JUMP_BACKWARD | JUMP_BACKWARD_NO_INTERRUPT => {
                    let target = next.saturating_sub(arg);
                    if stacks[target] == UNINITIALIZED && target < i {
                        todo = true;
                    }
                    stacks[target] = stack;
                }
                JUMP_FORWARD => set(&mut stacks, next + arg, stack),
                GET_ITER | GET_AITER => set(&mut stacks, next, push(pop(stack), kind::ITERATOR)),
                FOR_ITER => {
                    let with_item = push(stack, kind::OBJECT);
                    set(&mut stacks, next, with_item);
                    set(&mut stacks, next + arg, with_item);
                }
                END_ASYNC_FOR => set(&mut stacks, next, pop(pop(stack))),
                PUSH_EXC_INFO => set(&mut stacks, next, push(stack, kind::EXCEPT)),
                POP_EXCEPT => set(&mut stacks, next, pop(stack)),
                RETURN_VALUE | RAISE_VARARGS | RERAISE | INTERPRETER_EXIT => {}
                PUSH_NULL => set(&mut stacks, next, push(stack, kind::NULL)),
                LOAD_GLOBAL => {
                    stack = push(stack, kind::OBJECT);
                    if arg & 1 != 0 {
                        stack = push(stack, kind::NULL);
                    }
                    set(&mut stacks, next, stack);
                }
                LOAD_ATTR => {
                    if arg & 1 != 0 {
                        stack = push(push(pop(stack), kind::OBJECT), kind::NULL);
                    }
                    set(&mut stacks, next, stack);
                }
                SWAP => set(&mut stacks, next, swap(stack, arg)),
                COPY => set(&mut stacks, next, push(stack, peek(stack, arg))),
                _ => {
                    let mut effect = stack_effect::effect(op, arg).unwrap_or(0);
                    while effect < 0 {
                        stack = pop(stack);
                        effect += 1;
                    }
                    while effect > 0 {
                        stack = push(stack, kind::OBJECT);
                        effect -= 1;
                    }
                    set(&mut stacks, next, stack);
                }
            }
            i = next;
        }
        // Handlers: the stack where they begin, cut to the handler's depth.
        for entry in crate::interp::unwind::entries(code.co_exceptiontable.as_bytes()) {
            let start = stacks[entry.start.min(len)];
            if start == UNINITIALIZED || entry.target >= len || stacks[entry.target] != UNINITIALIZED {
                continue;
            }
            todo = true;
            let mut stack = start;
            let mut depth = 0;
            let mut walk = start;
            while walk > 0 {
                depth += 1;
                walk = pop(walk);
            }
            while stack > 0 && depth > entry.depth {
                stack = pop(stack);
                depth -= 1;
            }
            if entry.push_lasti {
                stack = push(stack, kind::LASTI);
            }
            stacks[entry.target] = push(stack, kind::EXCEPT);
        }
    }
    stacks
}

/// The line that begins at each unit; -1 where none does.
fn mark_lines(code: &PyCode) -> Vec<i32> {
    let mut lines = vec![-1; code.code_units()];
    let mut last = -1;
    for entry in location::entries(code) {
        if let Some(line) = entry.location.line
            && line != last
            && let Some(slot) = lines.get_mut(entry.start)
        {
            *slot = line;
        }
        last = entry.location.line.unwrap_or(-1);
    }
    lines
}

/// Moves the frame to `line`.
///
/// # Errors
/// `ValueError` where that cannot be done.
pub fn jump_to_line(object: &PyFrame, line: &PyInt) -> PyResult<()> {
    let ts = thread::current();
    match ts.what_event.get() {
        e if e < 0 => return Err(exc::value_error("f_lineno can only be set in a trace function")),
        e => match e as usize {
            event::PY_RESUME | event::PY_START | event::PY_THROW => {
                return Err(exc::value_error("can't jump from the 'call' trace event of a new frame"));
            }
            event::CALL | event::C_RETURN => return Err(exc::value_error("can't jump during a call")),
            event::LINE | event::PY_YIELD | event::BRANCH_LEFT | event::BRANCH_RIGHT => {}
            _ => return Err(exc::value_error("can only jump from a 'line' trace event")),
        },
    }
    let Some(wanted) = line.as_i32() else {
        return Err(exc::value_error("lineno out of range"));
    };
    let code = object.code().to_ref();
    if wanted < code.co_firstlineno {
        return Err(exc::value_error(format!("line {wanted} comes before the current code block")));
    }
    let lines = mark_lines(&code);
    let Some(target_line) = lines.iter().copied().filter(|&l| l >= wanted).min() else {
        return Err(exc::value_error(format!("line {wanted} comes after the current code block")));
    };
    let stacks = mark_stacks(&code);
    let frame = object.frame();
    let mut start = stacks.get(frame.lasti().max(0) as usize).copied().unwrap_or(UNINITIALIZED);
    let mut best: Option<(i64, usize)> = None;
    let mut message = "cannot find bytecode for specified line";
    for (i, &l) in lines.iter().enumerate() {
        if l != target_line {
            continue;
        }
        let target = stacks[i];
        if compatible(start, target) {
            if best.is_none_or(|(stack, _)| target > stack) {
                best = Some((target, i));
            }
        } else if best.is_none() {
            message = match start {
                OVERFLOWED => "stack to deep to analyze",
                UNINITIALIZED => "can't jump from unreachable code",
                _ => explain(target),
            };
        }
    }
    let Some((best_stack, best_unit)) = best else {
        return Err(exc::value_error(message));
    };
    // SAFETY: locals and stack of a frame that stands in a trace function: its stack pointer is saved.
    unsafe {
        let nlocalsplus = code.co_nlocalsplus as usize;
        let unbound = (0..nlocalsplus).filter(|&i| (*frame.local(i)).is_null()).count();
        if unbound > 0 {
            // The compiler may have proven at the target that a variable is bound.
            crate::runtime::warnings::warn(
                exc::RuntimeWarning(),
                format!("assigning None to {unbound} unbound local{}", if unbound == 1 { "" } else { "s" }),
                0,
            )?;
            for i in 0..nlocalsplus {
                if (*frame.local(i)).is_null() {
                    *frame.local(i) = StackRef::borrowed(crate::none_ref());
                }
            }
        }
        let suspended = frame.owner.get() == crate::interp::frame::owner::GENERATOR
            && generator::of_frame(object.f_frame.get()).is_suspended();
        if suspended {
            // The yielded value has been taken already.
            start = pop(start);
        }
        while start > best_stack {
            let sp = frame.stackpointer.get().sub(1);
            let word = *sp;
            *sp = StackRef::NULL;
            frame.stackpointer.set(sp);
            if top(start) == kind::EXCEPT {
                // Leaving a handler: what was handled before is being handled again.
                let item = &*ts.exc_info.get();
                let previous = word.get();
                item.exc_value.set(if crate::is_none(previous) { None } else { Some(previous.new_ref()) });
            }
            word.close();
            start = pop(start);
        }
        object.f_lineno.set(0);
        frame.instr_ptr.set(code.code_ptr().add(best_unit));
    }
    Ok(())
}
