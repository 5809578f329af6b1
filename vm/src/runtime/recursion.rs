//! Bounds on recursion: Python frames are counted by the eval loop; recursion through C and Rust is bounded by the
//! machine stack that is left.

use crate::err::PyResult;
use crate::runtime::thread;

/// Stack kept free below the limit, for handlers and C libraries.
const HEADROOM: usize = 256 * 1024;

/// The lowest stack address this OS thread may use before `RecursionError`.
pub fn stack_limit() -> usize {
    // SAFETY: pthread calls about the calling thread, with properly initialised out-parameters.
    unsafe {
        let mut attr: libc::pthread_attr_t = core::mem::zeroed();
        if libc::pthread_getattr_np(libc::pthread_self(), &mut attr) != 0 {
            return 0;
        }
        let mut base = core::ptr::null_mut();
        let mut size = 0usize;
        let ok = libc::pthread_attr_getstack(&attr, &mut base, &mut size) == 0;
        libc::pthread_attr_destroy(&mut attr);
        if !ok {
            return 0;
        }
        base as usize + HEADROOM.min(size / 4)
    }
}

/// An address in the present stack frame.
#[inline(always)]
pub fn stack_pointer() -> usize {
    let marker = 0u8;
    core::hint::black_box(&raw const marker) as usize
}

/// Is the machine stack nearly used up?
#[inline(always)]
pub fn stack_exhausted() -> bool {
    match thread::try_current() {
        Some(state) => stack_pointer() < state.c_stack_limit.get(),
        None => false,
    }
}

/// Machine stack below which compiled code leaves calls to the interpreter, which needs none for them.
const LOW: usize = 2 << 20;

/// Is less of the machine stack left than compiled code should use for calls?
#[inline(always)]
pub fn stack_low(state: &thread::PyThreadState) -> bool {
    stack_pointer() < state.c_stack_limit.get() + LOW
}

/// Bytes of machine stack that this thread may still use.
pub fn stack_left() -> usize {
    match thread::try_current() {
        Some(state) => stack_pointer().saturating_sub(state.c_stack_limit.get()),
        None => usize::MAX,
    }
}

/// Call before recursing through Rust or C. `context` continues the message: " while calling a Python object".
///
/// # Errors
/// `RecursionError` when the machine stack is nearly used up.
#[inline(always)]
pub fn check(context: &str) -> PyResult<()> {
    if stack_exhausted() { Err(exhausted(context)) } else { Ok(()) }
}

/// Marks that a recursive call is under way. There is nothing to undo: the machine stack is the measure.
pub struct Guard(());

/// As [`check`], with a guard for symmetry with the C API's enter/leave pair.
#[inline(always)]
pub fn enter_recursive_call(context: &str) -> PyResult<Guard> {
    check(context).map(|()| Guard(()))
}

#[cold]
#[inline(never)]
fn exhausted(context: &str) -> crate::PyErr {
    let state = thread::current();
    // Building the exception itself needs some stack: lower the limit into the headroom meanwhile.
    let limit = state.c_stack_limit.get();
    state.c_stack_limit.set(limit.saturating_sub(HEADROOM / 2));
    let err = crate::exc::recursion_error(format!("Stack overflow{context}"));
    state.c_stack_limit.set(limit);
    err
}
