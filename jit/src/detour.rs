//! Calls that a recording run makes in place of the interpreter, which would execute the callee in a run of its own, out of the
//! recorder's sight: special methods, `__init__`, getters of properties.

use rpy_vm::interp::call::{CallArgs, make_frame};
use rpy_vm::interp::frame;
use rpy_vm::interp::stackref::StackRef;
use rpy_vm::jit_hooks::Registers;
use rpy_vm::object::refs::{ObjRef, Ref};
use rpy_vm::types::code::PyCode;
use rpy_vm::types::function::PyFunction;
use rpy_vm::types::tuple::PyTuple;

/// A call to be made.
pub struct Detour {
    pub function: Ref<PyFunction>,
    /// Arguments, for which the function has parameters.
    pub args: Vec<ObjRef>,
    /// The names of the last ones.
    pub names: Vec<ObjRef>,
    /// The code of a frame between caller and callee, and what its operand stack holds.
    pub between: Option<(Ref<PyCode>, Vec<ObjRef>)>,
    /// Words that leave the caller's operand stack.
    pub pops: usize,
    /// Where the caller goes on after the call, in units behind the instruction.
    pub offset: u16,
}

/// Makes the frames, so that the run can go on in the thread's current frame. False, and nothing was done, if there is no room.
///
/// # Safety
/// The registers are those of a live machine, with as many words on its stack.
pub unsafe fn enter(at: Registers<'_>, detour: Detour) -> bool {
    let ts = at.thread;
    let frames = 1 + detour.between.is_some() as i32;
    if ts.py_recursion_remaining.get() <= frames {
        return false;
    }
    // SAFETY: the caller's promise; frames are pushed in order, and their words written once.
    unsafe {
        let mut previous = at.frame;
        if let Some((code, operands)) = detour.between {
            let between = frame::push_frame(ts, detour.function.clone(), None, &code, 0, at.frame);
            if between.is_null() {
                return false;
            }
            let mut sp = (*between).stack_base();
            for operand in operands {
                *sp = StackRef::owned(operand);
                sp = sp.add(1);
            }
            (*between).stackpointer.set(sp);
            previous = between;
        }
        let nargs = detour.args.len() - detour.names.len();
        let names = if detour.names.is_empty() { None } else { Some(PyTuple::new(detour.names)) };
        let mut words: Vec<StackRef> = detour.args.into_iter().map(StackRef::owned).collect();
        let args = CallArgs { args: words.as_mut_ptr(), nargs, kwnames: names.as_deref() };
        let Ok(callee) = make_frame(ts, detour.function, args, previous) else {
            if !core::ptr::eq(previous, at.frame) {
                frame::clear_frame(ts, previous);
            }
            return false;
        };
        ts.py_recursion_remaining.set(ts.py_recursion_remaining.get() - frames);
        let rest = at.sp.sub(detour.pops);
        (*at.frame).instr_ptr.set(at.instr);
        (*at.frame).return_offset.set(detour.offset);
        (*at.frame).stackpointer.set(rest);
        ts.current_frame.set(callee);
        // What they held is held by the new frames, or shared.
        for n in 0..detour.pops {
            (*rest.add(n)).close();
        }
    }
    true
}
