//! Leaving compiled code: the frames of the interpreter are put into the state that an exit says.

use rpy_vm::err::PyErr;
use rpy_vm::interp::awaited;
use rpy_vm::interp::frame::{self, InterpreterFrame};
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::jit_hooks::LoopAction;
use rpy_vm::object::header::PyObject;
use rpy_vm::object::refs::{ObjRef, Ref};
use rpy_vm::runtime::thread::PyThreadState;
use rpy_vm::types::code::PyCode;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::int::PyInt;

use smallvec::SmallVec;

use crate::exits::{Exit, Frame, Slot};
use crate::ir::{ExitKind, Form};
use crate::runs;
use crate::virtuals::Virtuals;

/// How a run ended.
pub struct Left {
    pub action: LoopAction,
    /// The frames that were made, the base frame first.
    pub frames: SmallVec<[*mut InterpreterFrame; 4]>,
}

/// The word for a slot, owned.
///
/// # Safety
/// The bits are of that form, and their owner gives up what the form says.
#[inline]
pub unsafe fn word(form: Form, bits: u64) -> StackRef {
    // SAFETY: the form says what the bits are; the exit says who owns what.
    unsafe {
        match form {
            Form::Owned => StackRef::owned(ObjRef::from_owned_ptr(bits as *mut PyObject)),
            Form::Shared if bits == 0 => StackRef::NULL,
            Form::Shared => StackRef::new(&*(bits as *const PyObject)),
            Form::Int => StackRef::owned(PyInt::from_i64(bits as i64).into_obj()),
            Form::Float => StackRef::owned(PyFloat::new(f64::from_bits(bits)).into_obj()),
            Form::Scalar(scalar) => {
                StackRef::owned(ObjRef::from_owned_ptr(crate::numpy::scalars::make(bits, scalar as i64)))
            }
            Form::Bool => StackRef::borrowed(rpy_vm::types::bool_::as_object(bits & 1 != 0)),
            Form::Null | Form::Virtual => StackRef::NULL,
        }
    }
}

/// Puts the frames into the state of the exit.
///
/// # Safety
/// The trace was entered with `base` and has just ended at this exit.
#[inline]
pub unsafe fn leave(exit: Exit<'_>, ts: &PyThreadState, base: *mut InterpreterFrame) -> Left {
    // SAFETY: passed on.
    unsafe {
        match exit.each().next() {
            Some((frame, slots)) if is_plain(&exit, slots) => leave_plainly(exit, frame, slots, ts, base),
            _ => leave_any(exit, ts, base),
        }
    }
}

/// Slots of an exit that [`leave_plainly`] can leave by.
const PLAIN_SLOTS: usize = 16;

/// Is it a simple exit: of one frame, without virtual objects, after which the interpreter goes on? `slots` are those of the frame.
fn is_plain(exit: &Exit<'_>, slots: &[Slot]) -> bool {
    exit.kind == ExitKind::Resume && exit.frames.len() == 1 && exit.objects.is_empty() && slots.len() <= PLAIN_SLOTS
}

/// As [`leave`], for simple exits.
///
/// # Safety
/// As there.
unsafe fn leave_plainly(
    exit: Exit<'_>,
    frame: &Frame,
    slots: &[Slot],
    ts: &PyThreadState,
    base: *mut InterpreterFrame,
) -> Left {
    let mut words = [StackRef::NULL; PLAIN_SLOTS];
    // SAFETY: the code returned by this exit; slots of a live frame, each written once.
    unsafe {
        // All words first, as there.
        for (word_, slot) in words.iter_mut().zip(slots) {
            *word_ = word(slot.form, exit.bits(slot));
        }
        let in_memory = (*base).code().co_nlocalsplus as usize + frame.memory_depth as usize;
        for (word, slot) in words.iter_mut().zip(slots) {
            let old = core::mem::replace(&mut *(*base).local(slot.index as usize), *word);
            *word = if (slot.index as usize) < in_memory { old } else { StackRef::NULL };
        }
        place(base, frame);
        ts.current_frame.set(base);
        for old in &words[..slots.len()] {
            old.close();
        }
    }
    Left { action: LoopAction::Resume, frames: smallvec::smallvec![base] }
}

/// As [`leave`].
///
/// # Safety
/// As there.
unsafe fn leave_any(exit: Exit<'_>, ts: &PyThreadState, base: *mut InterpreterFrame) -> Left {
    let mut virtuals = Virtuals::new(exit);
    // Make all words first, those of one frame behind those of the other: what they are borrowed from may go when slots are
    // written.
    let mut words: SmallVec<[StackRef; 64]> = SmallVec::new();
    let mut functions: SmallVec<[Ref<PyFunction>; 8]> = SmallVec::new();
    for (frame, slots) in exit.each() {
        // SAFETY: the code returned by this exit, each of whose values is used once.
        unsafe {
            if frame.code != 0 {
                functions.push(word(frame.function_form, exit.function(frame)).into_owned().cast_unchecked());
            }
            words.extend(slots.iter().map(|slot| virtuals.word(slot)));
        }
    }
    let (mut words, mut functions) = (words.into_iter(), functions.into_iter());
    let mut dropped: SmallVec<[StackRef; 16]> = SmallVec::new();
    let mut frames = SmallVec::new();
    frames.push(base);
    // SAFETY: slots of live frames, each written once; frames are pushed in order.
    unsafe {
        let mut current = base;
        for (i, (frame, slots)) in exit.each().enumerate() {
            let address = exit.address(frame).map(|bits| bits as *mut InterpreterFrame);
            let (here, in_memory) = if frame.code == 0 {
                // The base frame; or a generator that runs, whose memory is as the base frame's.
                let here = address.unwrap_or(current);
                (here, (*here).code().co_nlocalsplus as usize + frame.memory_depth as usize)
            } else {
                let code: &PyCode = (*(frame.code as *const PyObject)).cast_unchecked_ref();
                let here = match (address, functions.next()) {
                    (Some(made), _) => {
                        // It exists, and shows what others were to see.
                        for slot in 0..code.co_nlocalsplus as usize {
                            dropped.push(core::mem::replace(&mut *(*made).local(slot), StackRef::NULL));
                        }
                        made
                    }
                    (None, Some(function)) => {
                        let pushed = match awaited::is_behind_beginning(code, frame.ip as *mut u16) {
                            true => awaited::push_frame(ts, function, code, 0, current),
                            false => frame::push_frame(ts, function, None, code, 0, current),
                        };
                        if pushed.is_null() {
                            // As when memory is exhausted in the middle of a call: the frames that are missing never were.
                            break;
                        }
                        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - 1);
                        pushed
                    }
                    (None, None) => break,
                };
                (here, 0)
            };
            for (slot, word) in slots.iter().zip(&mut words) {
                let index = slot.index as usize;
                let slot = (*here).local(index);
                if index < in_memory {
                    dropped.push(*slot);
                }
                *slot = word;
            }
            place(here, frame);
            current = here;
            if i > 0 {
                frames.push(here);
            }
        }
        ts.current_frame.set(current);
        for old in dropped {
            old.close();
        }
    }
    let action = match exit.kind {
        ExitKind::Resume | ExitKind::Return => LoopAction::Resume,
        ExitKind::Raise => match ts.current_exception.take() {
            // SAFETY: the pending exception is one.
            Some(error) => LoopAction::Raise(unsafe { PyErr::from_raw(error.into_raw()) }),
            None => {
                LoopAction::Raise(rpy_vm::exc::system_error("compiled code reported an error without an exception"))
            }
        },
    };
    Left { action, frames }
}

/// Where a frame stands.
///
/// # Safety
/// A live frame of the code that this one has.
unsafe fn place(frame: *mut InterpreterFrame, state: &Frame) {
    // SAFETY: the caller's promise.
    unsafe {
        (*frame).instr_ptr.set(state.ip as *mut u16);
        (*frame).return_offset.set(state.return_offset);
        (*frame).stackpointer.set((*frame).stack_base().add(state.depth as usize));
    }
}

/// Writes the local variables of `frame` to its memory, if it is one of the frames at this exit, a call that compiled code is in. The
/// words that own nothing are noted: they are good until the call returns.
///
/// # Safety
/// The call is under way, in a run that began with the frame `base`.
pub unsafe fn show(exit: Exit<'_>, base: *mut InterpreterFrame, frame: *mut InterpreterFrame) -> bool {
    let mut found = false;
    for (i, (state, slots)) in exit.each().enumerate() {
        let address = exit.address(state).map(|bits| bits as *mut InterpreterFrame);
        if if i == 0 { Some(base) } else { address } != Some(frame) {
            continue;
        }
        found = true;
        for slot in slots {
            let bits = exit.bits(slot);
            // SAFETY: a slot of a live frame, whose memory holds nothing of interest where the trace keeps the variable.
            unsafe {
                if slot.index < (*frame).code().co_nlocalsplus as u16 {
                    let word = match slot.form {
                        Form::Owned | Form::Shared if bits != 0 => StackRef::borrowed(&*(bits as *const PyObject)),
                        Form::Owned | Form::Shared => StackRef::NULL,
                        form => word(form, bits),
                    };
                    let place = (*frame).local(slot.index as usize);
                    core::mem::replace(&mut *place, word).close();
                    if word.is_borrowed() {
                        runs::note_shown(place, word);
                    }
                }
            }
        }
    }
    found
}
