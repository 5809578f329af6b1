//! What the library calls while it reads a line: hooks and the completer, functions of Python whose exceptions nobody hears of.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicI32, Ordering};
use std::panic::{AssertUnwindSafe, catch_unwind};

use rpy_vm::protocol::call;
use rpy_vm::runtime::{codecs, gilstate};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::{ObjRef, OptRef, PyResult, PyStruct};

use super::encode;
use super::library::readline;
use crate::support::int;

/// Called just before the prompt is shown.
pub static STARTUP: OptRef = OptRef::NULL;
/// Called when the prompt is shown, before keys are read.
pub static PRE_INPUT: OptRef = OptRef::NULL;
/// Gives one match for a word at a time.
pub static COMPLETER: OptRef = OptRef::NULL;
/// Shows matches.
pub static DISPLAY: OptRef = OptRef::NULL;

/// Where in the line the word stands that was to be completed last, in characters.
pub static WORD: [AtomicI32; 2] = [const { AtomicI32::new(0) }; 2];

/// Runs what touches Python objects: with the GIL, whoever uses the library. After an exception, or a panic, which must not get into
/// C code: `otherwise`.
fn in_python<T>(otherwise: T, body: impl FnOnce() -> PyResult<T>) -> T {
    let taken = gilstate::enter();
    let result = catch_unwind(AssertUnwindSafe(|| body().ok())).ok().flatten();
    gilstate::leave(taken);
    result.unwrap_or(otherwise)
}

/// Calls a hook without arguments. What it gives is for the library, which does not look at it.
fn run(hook: &OptRef) -> c_int {
    in_python(0, || {
        let Some(hook) = hook.get() else { return Ok(0) };
        let result = call::call_noargs(&hook)?;
        Ok(result.downcast_ref::<PyInt>().and_then(PyInt::as_i32).unwrap_or(0))
    })
}

/// `rl_startup_hook`.
pub unsafe extern "C" fn at_startup() -> c_int {
    run(&STARTUP)
}

/// `rl_pre_input_hook`.
pub unsafe extern "C" fn before_input() -> c_int {
    run(&PRE_INPUT)
}

/// A text from the library, which is not null.
///
/// # Safety
/// NUL-terminated.
unsafe fn string(text: *const c_char) -> ObjRef {
    // SAFETY: the caller's promise.
    codecs::fs_decode(unsafe { CStr::from_ptr(text) }.to_bytes()).into_obj()
}

/// `rl_completion_display_matches_hook`: `matches` are what all have in common, and the `count` matches.
pub unsafe extern "C" fn display(matches: *mut *mut c_char, count: c_int, longest: c_int) {
    in_python((), || {
        let Some(function) = DISPLAY.get() else { return Ok(()) };
        // SAFETY: so many texts, as the library promises.
        let (common, all) = unsafe {
            let all = (1..=count.max(0) as usize).map(|i| string(*matches.add(i))).collect();
            (string(*matches), PyList::try_new(all)?)
        };
        call::call(&function, &[&common, all.as_object(), &int(longest.into())]).map(drop)
    });
}

/// `rl_completion_entry_function`: asks the completer for the match with a number; null ends the matches.
unsafe extern "C" fn next_match(text: *const c_char, number: c_int) -> *mut c_char {
    in_python(core::ptr::null_mut(), || {
        let (Some(completer), Ok(library)) = (COMPLETER.get(), readline()) else { return Ok(core::ptr::null_mut()) };
        // SAFETY: a variable of the library; a text. File names are not to be tried after the completer.
        let text = unsafe {
            *library.completion_over = 1;
            string(text)
        };
        let found = call::call(&completer, &[&text, &int(number.into())])?;
        if rpy_vm::is_none(&found) {
            return Ok(core::ptr::null_mut());
        }
        // SAFETY: a C string, of which the library gets a copy that it can free.
        Ok(unsafe { libc::strdup(encode(&found)?.as_ptr()) })
    })
}

/// `rl_attempted_completion_function`: the matches for the word between two indexes of the line, which are told to Python in
/// characters.
pub unsafe extern "C" fn complete(text: *const c_char, start: c_int, end: c_int) -> *mut *mut c_char {
    let Ok(library) = readline() else { return core::ptr::null_mut() };
    // SAFETY: variables of the library; the line is NUL-terminated, and copied before Python can change it.
    let line = unsafe {
        // The completer's matches are whole.
        *library.completion_append_character = 0;
        *library.completion_suppress_append = 0;
        CStr::from_ptr(*library.line_buffer).to_bytes().to_vec()
    };
    in_python((), || {
        let characters = |end: c_int| codecs::fs_decode(&line[..line.len().min(end.max(0) as usize)]).len() as i32;
        for (place, index) in WORD.iter().zip([start, end]) {
            place.store(characters(index), Ordering::Relaxed);
        }
        Ok(())
    });
    // SAFETY: a text, and a function of the type that the library asks for.
    unsafe { (library.completion_matches)(text, next_match) }
}
