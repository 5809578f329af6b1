//! Instrumented code: which instructions are replaced, what they were, and which tools want to hear of each.
//!
//! Up to three layers can lie on one instruction; the outermost is what stands in the code:
//!
//! ```text
//!   INSTRUMENTED_LINE          hides `line_op`
//!   INSTRUMENTED_INSTRUCTION   hides `instruction_op`
//!   INSTRUMENTED_CALL, ...     stands for CALL, ...
//! ```
//!
//! Instrumented instructions have as many units as those they stand for, so that code can be changed while it runs.

use core::ffi::c_void;

use super::{is_instrumented, tools_for};
use crate::interp::opcode::*;
use crate::interp::unwind;
use crate::sysmodule::monitoring::{EVENT_COUNT, STATE, event};
use crate::types::code::{ADAPTIVE_WARMUP, PyCode, location};

/// `CO_NO_MONITORING_EVENTS`.
const NO_MONITORING_EVENTS: i32 = 0x2000000;

/// Which of an instruction's layers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layer {
    Main,
    Line,
    Instruction,
}

/// What is known of instrumented code. One entry a unit in each list.
pub struct CodeData {
    /// The tools that want each event from this code.
    events: [u8; EVENT_COUNT],
    /// The tools at each instruction, by layer.
    main: Vec<u8>,
    line: Vec<u8>,
    instruction: Vec<u8>,
    /// Tools that returned `DISABLE` at a place.
    disabled_main: Vec<u8>,
    disabled_line: Vec<u8>,
    disabled_instruction: Vec<u8>,
    /// The opcodes that a layer hides.
    line_op: Vec<u8>,
    instruction_op: Vec<u8>,
    /// The line that begins at an instruction, or -1.
    starts: Vec<i32>,
    /// The line of each unit, or -1.
    lines: Vec<i32>,
    /// `STATE.restarts` when the disabled lists were valid.
    restarts: u32,
}

fn data(code: &PyCode) -> Option<&CodeData> {
    // SAFETY: null or a box of this module.
    unsafe { (code.co_monitoring.get() as *const CodeData).as_ref() }
}

fn data_mut(code: &PyCode) -> Option<&mut CodeData> {
    // SAFETY: as above; under the GIL, and nothing runs while the reference is used.
    unsafe { (code.co_monitoring.get() as *mut CodeData).as_mut() }
}

/// Frees the data.
pub fn free(code: &PyCode) {
    let data = code.co_monitoring.replace(core::ptr::null_mut()) as *mut CodeData;
    if !data.is_null() {
        // SAFETY: a box of this module, freed once.
        drop(unsafe { Box::from_raw(data) });
    }
}

/// The opcode that stands at a unit.
#[inline]
pub fn opcode_at(code: &PyCode, unit: usize) -> u8 {
    // SAFETY: the unit lies within the code.
    unsafe { *code.code_ptr().add(unit) as u8 }
}

fn set_opcode(code: &PyCode, unit: usize, op: u8) {
    // SAFETY: the unit lies within the code, which is changed only under the GIL.
    unsafe {
        let at = code.code_ptr().add(unit);
        *at = *at & 0xff00 | u16::from(op);
    }
}

/// Puts an instruction back. What it counted while it was hidden means nothing.
fn restore(code: &PyCode, unit: usize, op: u8) {
    set_opcode(code, unit, op);
    if is_adaptive(op) {
        // SAFETY: the instruction has a cache unit, which holds its counter.
        unsafe { *code.code_ptr().add(unit + 1) = ADAPTIVE_WARMUP };
    }
}

/// What an instrumented opcode hides: the instruction itself, at least its base form.
pub fn hidden_opcode(code: &PyCode, unit: usize, op: u8) -> u8 {
    let Some(data) = data(code) else { return BASE[op as usize] };
    let mut op = op;
    if op == INSTRUMENTED_LINE {
        op = data.line_op[unit];
    }
    if op == INSTRUMENTED_INSTRUCTION {
        op = data.instruction_op[unit];
    }
    BASE[op as usize]
}

/// The opcode at a unit, without the line layer.
pub fn below_line(code: &PyCode, unit: usize) -> u8 {
    match (opcode_at(code, unit), data(code)) {
        (INSTRUMENTED_LINE, Some(data)) => data.line_op[unit],
        (op, _) => op,
    }
}

/// The opcode at a unit, without the line and instruction layers.
pub fn below_instruction(code: &PyCode, unit: usize) -> u8 {
    match (below_line(code, unit), data(code)) {
        (INSTRUMENTED_INSTRUCTION, Some(data)) => data.instruction_op[unit],
        (op, _) => op,
    }
}

/// The tools at a place.
pub fn tools_at(code: &PyCode, unit: usize, layer: Layer) -> u8 {
    let Some(data) = data(code) else { return 0 };
    match layer {
        Layer::Main => data.main[unit],
        Layer::Line => data.line[unit],
        Layer::Instruction => data.instruction[unit],
    }
}

/// The line that begins at an instruction, and the line of the one executed before it.
pub fn line_start(code: &PyCode, unit: usize, previous: usize) -> Option<(i32, i32)> {
    let data = data(code)?;
    let line = *data.starts.get(unit)?;
    (line >= 0).then(|| (line, data.lines.get(previous).copied().unwrap_or(-1)))
}

/// A tool wants to hear no more of a place.
pub fn disable(code: &PyCode, unit: usize, layer: Layer, tool: usize) {
    let Some(data) = data_mut(code) else { return };
    let bit = 1u8 << tool;
    match layer {
        Layer::Main => {
            data.disabled_main[unit] |= bit;
            data.main[unit] &= !bit;
            if data.main[unit] == 0 {
                // The innermost layer goes: the instruction is itself again, under whatever lies on it.
                let hidden_by_line = opcode_at(code, unit) == INSTRUMENTED_LINE;
                let top = below_line(code, unit);
                if top == INSTRUMENTED_INSTRUCTION {
                    data.instruction_op[unit] = BASE[data.instruction_op[unit] as usize];
                } else if hidden_by_line {
                    data.line_op[unit] = BASE[top as usize];
                } else if is_instrumented(top) {
                    restore(code, unit, BASE[top as usize]);
                }
            }
        }
        Layer::Instruction => {
            data.disabled_instruction[unit] |= bit;
            data.instruction[unit] &= !bit;
            if data.instruction[unit] == 0 {
                if opcode_at(code, unit) == INSTRUMENTED_INSTRUCTION {
                    restore(code, unit, data.instruction_op[unit]);
                } else if opcode_at(code, unit) == INSTRUMENTED_LINE && data.line_op[unit] == INSTRUMENTED_INSTRUCTION {
                    data.line_op[unit] = data.instruction_op[unit];
                }
            }
        }
        Layer::Line => {
            data.disabled_line[unit] |= bit;
            data.line[unit] &= !bit;
            if data.line[unit] == 0 && opcode_at(code, unit) == INSTRUMENTED_LINE {
                restore(code, unit, data.line_op[unit]);
            }
        }
    }
}

/// The event of an instruction's innermost layer, and its instrumented form.
fn event_of(op: u8, arg: u8) -> Option<(usize, u8)> {
    Some(match op {
        RESUME if arg & 3 == 0 => (event::PY_START, INSTRUMENTED_RESUME),
        RESUME => (event::PY_RESUME, INSTRUMENTED_RESUME),
        RETURN_VALUE => (event::PY_RETURN, INSTRUMENTED_RETURN_VALUE),
        YIELD_VALUE => (event::PY_YIELD, INSTRUMENTED_YIELD_VALUE),
        CALL => (event::CALL, INSTRUMENTED_CALL),
        CALL_KW => (event::CALL, INSTRUMENTED_CALL_KW),
        CALL_FUNCTION_EX => (event::CALL, INSTRUMENTED_CALL_FUNCTION_EX),
        LOAD_SUPER_ATTR => (event::CALL, INSTRUMENTED_LOAD_SUPER_ATTR),
        JUMP_FORWARD => (event::JUMP, INSTRUMENTED_JUMP_FORWARD),
        JUMP_BACKWARD => (event::JUMP, INSTRUMENTED_JUMP_BACKWARD),
        POP_JUMP_IF_TRUE => (event::BRANCH_RIGHT, INSTRUMENTED_POP_JUMP_IF_TRUE),
        POP_JUMP_IF_FALSE => (event::BRANCH_RIGHT, INSTRUMENTED_POP_JUMP_IF_FALSE),
        POP_JUMP_IF_NONE => (event::BRANCH_RIGHT, INSTRUMENTED_POP_JUMP_IF_NONE),
        POP_JUMP_IF_NOT_NONE => (event::BRANCH_RIGHT, INSTRUMENTED_POP_JUMP_IF_NOT_NONE),
        NOT_TAKEN => (event::BRANCH_LEFT, INSTRUMENTED_NOT_TAKEN),
        FOR_ITER => (event::BRANCH_LEFT, INSTRUMENTED_FOR_ITER),
        POP_ITER => (event::BRANCH_RIGHT, INSTRUMENTED_POP_ITER),
        END_ASYNC_FOR => (event::BRANCH_RIGHT, INSTRUMENTED_END_ASYNC_FOR),
        END_FOR => (event::STOP_ITERATION, INSTRUMENTED_END_FOR),
        END_SEND => (event::STOP_ITERATION, INSTRUMENTED_END_SEND),
        _ => return None,
    })
}

/// Brings code up to date, if it is not.
#[inline]
pub fn ensure(code: &PyCode) {
    if code.co_instrumentation_version.get() != STATE.version.get() as usize {
        instrument(code);
    }
}

#[cold]
#[inline(never)]
fn instrument(code: &PyCode) {
    code.co_instrumentation_version.set(STATE.version.get() as usize);
    let mut events = [0u8; EVENT_COUNT];
    if code.co_flags & NO_MONITORING_EVENTS == 0 {
        for (event, tools) in events.iter_mut().enumerate() {
            *tools = tools_for(code, event);
        }
    }
    // Events without a place need nothing in the code.
    let wanted = events[..=event::STOP_ITERATION].iter().any(|&tools| tools != 0);
    match data(code) {
        None if !wanted => return,
        Some(known) if known.events == events && known.restarts == STATE.restarts.get() => return,
        _ => {}
    }
    remove(code);
    if code.co_monitoring.get().is_null() {
        code.co_monitoring.set(Box::into_raw(Box::new(CodeData::new(code))) as *mut c_void);
    }
    let Some(data) = data_mut(code) else { return };
    let units = code.code_units();
    if data.restarts != STATE.restarts.get() {
        data.restarts = STATE.restarts.get();
        for list in [&mut data.disabled_main, &mut data.disabled_line, &mut data.disabled_instruction] {
            list.fill(0);
        }
    }
    // A tool that wants an event anew hears of all its places.
    let mut fresh = [0u8; EVENT_COUNT];
    for (i, fresh) in fresh.iter_mut().enumerate() {
        *fresh = events[i] & !data.events[i];
    }
    data.events = events;
    let first = code.co_firsttraceable.get().max(0) as usize;
    let mut unit = 0;
    while unit < units {
        // The code carries no instrumentation at this point.
        let op = BASE[opcode_at(code, unit) as usize];
        // SAFETY: the unit lies within the code.
        let arg = unsafe { (*code.code_ptr().add(unit) >> 8) as u8 };
        let mut top = op;
        if let Some((event, form)) = event_of(op, arg) {
            data.disabled_main[unit] &= !fresh[event];
            data.main[unit] = events[event] & !data.disabled_main[unit];
            if data.main[unit] != 0 {
                top = form;
            }
        }
        if unit >= first {
            data.disabled_instruction[unit] &= !fresh[event::INSTRUCTION];
            // Entering a function is none of its instructions.
            let wanted = if op == RESUME { 0 } else { events[event::INSTRUCTION] };
            data.instruction[unit] = wanted & !data.disabled_instruction[unit];
            if data.instruction[unit] != 0 {
                data.instruction_op[unit] = top;
                top = INSTRUMENTED_INSTRUCTION;
            }
            if data.starts[unit] >= 0 {
                data.disabled_line[unit] &= !fresh[event::LINE];
                data.line[unit] = events[event::LINE] & !data.disabled_line[unit];
                if data.line[unit] != 0 {
                    data.line_op[unit] = top;
                    top = INSTRUMENTED_LINE;
                }
            }
        }
        if is_instrumented(top) {
            set_opcode(code, unit, top);
        }
        unit += 1 + CACHES[op as usize] as usize;
    }
    if !wanted && data.disabled_main.iter().chain(&data.disabled_line).all(|&d| d == 0) {
        free(code);
    }
}

/// Takes all instrumentation out.
fn remove(code: &PyCode) {
    if data(code).is_none() {
        return;
    }
    let mut unit = 0;
    while unit < code.code_units() {
        let op = opcode_at(code, unit);
        let base = if is_instrumented(op) {
            let base = hidden_opcode(code, unit, op);
            restore(code, unit, base);
            base
        } else {
            BASE[op as usize]
        };
        unit += 1 + CACHES[base as usize] as usize;
    }
    if let Some(data) = data_mut(code) {
        for list in [&mut data.main, &mut data.line, &mut data.instruction] {
            list.fill(0);
        }
    }
}

impl CodeData {
    fn new(code: &PyCode) -> CodeData {
        let units = code.code_units();
        let (starts, lines) = line_table(code);
        CodeData {
            events: [0; EVENT_COUNT],
            main: vec![0; units],
            line: vec![0; units],
            instruction: vec![0; units],
            disabled_main: vec![0; units],
            disabled_line: vec![0; units],
            disabled_instruction: vec![0; units],
            line_op: vec![0; units],
            instruction_op: vec![0; units],
            starts,
            lines,
            restarts: STATE.restarts.get(),
        }
    }
}

/// Where lines begin, and the line of each unit. Code carries no instrumentation yet.
fn line_table(code: &PyCode) -> (Vec<i32>, Vec<i32>) {
    let units = code.code_units();
    let mut lines = vec![-1; units];
    for entry in location::entries(code) {
        for slot in lines.iter_mut().take(entry.end).skip(entry.start) {
            *slot = entry.location.line.unwrap_or(-1);
        }
    }
    let mut starts = vec![-1; units];
    let mut targets = Vec::new();
    let mut current = -1;
    let mut high = 0usize;
    let mut unit = 0;
    let first = code.co_firsttraceable.get().max(0) as usize;
    while unit < units {
        let (op, arg) = code.original_unit(unit);
        let arg = high << 8 | arg as usize;
        let next = unit + 1 + CACHES[op as usize] as usize;
        high = 0;
        match op {
            EXTENDED_ARG => high = arg,
            POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE | POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE | JUMP_FORWARD => {
                targets.push(next + arg);
            }
            // Behind END_FOR and POP_ITER.
            FOR_ITER => targets.push(next + arg + 2),
            JUMP_BACKWARD | JUMP_BACKWARD_NO_INTERRUPT => targets.push(next.saturating_sub(arg)),
            _ => {}
        }
        if unit >= first && !cannot_start_line(op) {
            if lines[unit] >= 0 && lines[unit] != current {
                starts[unit] = lines[unit];
            }
            current = lines[unit];
        }
        unit = next;
    }
    targets.extend(unwind::entries(code.co_exceptiontable.as_bytes()).iter().map(|entry| entry.target));
    for target in targets {
        if target < units && target >= first && lines[target] >= 0 && !cannot_start_line(code.original_unit(target).0) {
            starts[target] = lines[target];
        }
    }
    (starts, lines)
}

/// Instructions that are skipped or come with another one, so that a line cannot begin with them.
fn cannot_start_line(op: u8) -> bool {
    matches!(op, RESUME | END_FOR | END_SEND | END_ASYNC_FOR | POP_ITER)
}

/// Does the base instruction rewrite itself by a counter in its first cache unit?
fn is_adaptive(base: u8) -> bool {
    CACHES[base as usize] > 0
        && !is_instrumented(base)
        && !matches!(
            base,
            POP_JUMP_IF_FALSE | POP_JUMP_IF_TRUE | POP_JUMP_IF_NONE | POP_JUMP_IF_NOT_NONE | JUMP_BACKWARD
        )
}

/// Keeps the adaptive instruction at `at` from rewriting itself, and with that the instrumentation that hides it.
pub fn pause_counter(at: *mut u16, base: u8) {
    if is_adaptive(base) {
        // SAFETY: the instruction has a cache unit, which holds its counter.
        unsafe { *at.add(1) = 0xfff0 };
    }
}
