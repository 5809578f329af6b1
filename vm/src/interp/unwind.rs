//! What happens when an instruction raises: the traceback grows, the exception table names a handler, or the frame ends.

use super::frame::{self, InterpreterFrame, owner};
use super::stackref::StackRef;
use crate::err::PyErr;
use crate::runtime::thread::PyThreadState;
use crate::types::int::PyInt;

/// The outcome of unwinding.
pub enum Unwound {
    /// A handler takes over in this frame, at this instruction. The stack pointer is saved in the frame; `instr_ptr` is still
    /// where the exception came from.
    Handler(*mut InterpreterFrame, *mut u16),
    /// The exception leaves the run; its frames are gone, and the entry frame is current.
    Escaped(PyErr),
}

/// Unwinds from `frame`, whose `instr_ptr` and `stackpointer` are saved. `reraised_at`: the instruction that raises the
/// exception again; the traceback has this frame already, and `instr_ptr` may say where the exception came from.
#[cold]
#[inline(never)]
pub fn unwind(
    ts: &PyThreadState,
    frame: *mut InterpreterFrame,
    error: PyErr,
    reraised_at: Option<*mut u16>,
) -> Unwound {
    let mut frame = frame;
    let mut error = error;
    let mut skip_traceback = reraised_at.is_some();
    let mut raising = reraised_at;
    loop {
        // SAFETY: the frame chain is live; entry frames end the walk.
        unsafe {
            let f = &*frame;
            if f.owner.get() == owner::INTERPRETER {
                return Unwound::Escaped(error);
            }
            if !f.is_incomplete() {
                if skip_traceback {
                    error = super::instrument::reraised(ts, frame, error);
                } else {
                    crate::types::traceback::add_frame(&error, frame);
                    error = super::instrument::raised(ts, frame, error);
                }
            }
            skip_traceback = false;
            let code = f.code();
            let lasti = f.lasti();
            // Where the exception comes from and which handler is next are two things when it is raised again.
            let at = raising.take().map_or(lasti, |at| at.offset_from(code.code_ptr()));
            if let Some(handler) = find_handler(code.co_exceptiontable.as_bytes(), at) {
                let base = f.stack_base();
                let keep = base.add(handler.depth);
                let mut sp = f.stackpointer.get();
                while sp > keep {
                    sp = sp.sub(1);
                    let value = *sp;
                    *sp = StackRef::NULL;
                    value.close();
                }
                if handler.push_lasti {
                    *sp = StackRef::owned_from(PyInt::from_isize(lasti));
                    sp = sp.add(1);
                }
                *sp = StackRef::owned(error.clone().into_object());
                sp = sp.add(1);
                f.stackpointer.set(sp);
                let raised_at = f.instr_ptr.get();
                let target = code.code_ptr().add(handler.target);
                f.instr_ptr.set(target);
                ts.current_frame.set(frame);
                if let Some(e) = super::instrument::handled(ts, frame, &error) {
                    error = e;
                    skip_traceback = true;
                    continue;
                }
                f.instr_ptr.set(raised_at);
                return Unwound::Handler(frame, target);
            }
            // No handler here: the frame ends.
            error = super::instrument::unwound(ts, frame, error);
            let previous = f.previous.get();
            ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() + 1);
            ts.current_frame.set(previous);
            frame::clear_frame(ts, frame);
            if (*previous).owner.get() == owner::INTERPRETER {
                // The entry frame's own accounting is done by eval_frame.
                ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
            }
            frame = previous;
        }
    }
}

/// A handler of the exception table.
pub struct Handler {
    /// In code units.
    pub target: usize,
    /// How many stack slots stay.
    pub depth: usize,
    /// Whether the offset of the raising instruction is pushed below the exception.
    pub push_lasti: bool,
}

fn varint(table: &[u8], position: &mut usize) -> Option<usize> {
    let mut b = *table.get(*position)?;
    *position += 1;
    let mut value = (b & 63) as usize;
    while b & 64 != 0 {
        b = *table.get(*position)?;
        *position += 1;
        value = value << 6 | (b & 63) as usize;
    }
    Some(value)
}

/// Looks up the handler for the instruction at unit `lasti`. Entries are sorted by start and start with a byte whose top
/// bit is set, as in CPython 3.11 and later.
pub fn find_handler(table: &[u8], lasti: isize) -> Option<Handler> {
    let lasti = usize::try_from(lasti).ok()?;
    let mut position = 0;
    while position < table.len() {
        let start = varint(table, &mut position)?;
        let size = varint(table, &mut position)?;
        let target = varint(table, &mut position)?;
        let depth_lasti = varint(table, &mut position)?;
        if start > lasti {
            return None;
        }
        if lasti < start + size {
            return Some(Handler { target, depth: depth_lasti >> 1, push_lasti: depth_lasti & 1 != 0 });
        }
    }
    None
}

/// An entry of an exception table: a range of units and its handler.
pub struct Entry {
    pub start: usize,
    pub end: usize,
    pub target: usize,
    pub depth: usize,
    pub push_lasti: bool,
}

/// All entries of an exception table.
pub fn entries(table: &[u8]) -> Vec<Entry> {
    let mut out = Vec::new();
    let mut position = 0;
    let next = |position: &mut usize| -> Option<Entry> {
        let start = varint(table, position)?;
        let size = varint(table, position)?;
        let target = varint(table, position)?;
        let depth_lasti = varint(table, position)?;
        Some(Entry { start, end: start + size, target, depth: depth_lasti >> 1, push_lasti: depth_lasti & 1 != 0 })
    };
    while position < table.len() {
        match next(&mut position) {
            Some(entry) => out.push(entry),
            None => break,
        }
    }
    out
}
