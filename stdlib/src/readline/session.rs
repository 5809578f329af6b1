//! Reading a line with editing: what `input` and interactive sessions do at a terminal once the module is imported.
//!
//! The thread keeps the GIL while the library works, and lets go of it where it waits for keys. So nobody else uses the library in the
//! middle of its work, and its callbacks are at home in Python.

use core::ffi::{CStr, c_char, c_int};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::ffi::CString;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rpy_vm::runtime::thread::{self, PyThreadState};
use rpy_vm::runtime::{gil, signals};
use rpy_vm::{PyResult, exc};

use super::history;
use super::library::{Readline, readline};
use super::setup::CharacterLocale;

/// Held by the thread that reads a line; others wait for their turn.
static TURN: Mutex<()> = Mutex::new(());

/// The thread that reads a line. Changed under the GIL.
static READER: AtomicPtr<PyThreadState> = AtomicPtr::new(core::ptr::null_mut());

/// Is a line being read?
pub fn is_reading() -> bool {
    !READER.load(Ordering::Relaxed).is_null()
}

struct Turn {
    _guard: MutexGuard<'static, ()>,
}

impl Turn {
    fn take() -> PyResult<Turn> {
        let reader: *const PyThreadState = thread::current();
        if core::ptr::eq(READER.load(Ordering::Relaxed), reader) {
            return Err(exc::runtime_error("can't re-enter readline"));
        }
        let guard = gil::allow_threads(|| TURN.lock().unwrap_or_else(PoisonError::into_inner));
        READER.store(reader.cast_mut(), Ordering::Relaxed);
        Ok(Turn { _guard: guard })
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        READER.store(core::ptr::null_mut(), Ordering::Relaxed);
    }
}

/// Has the library given a line?
static DONE: AtomicBool = AtomicBool::new(false);

/// The line: a block of `malloc`, or null at the end of input.
static LINE: AtomicPtr<c_char> = AtomicPtr::new(core::ptr::null_mut());

/// Takes the line from the library, and has it put the terminal back.
unsafe extern "C" fn take_line(line: *mut c_char) {
    LINE.store(line, Ordering::Relaxed);
    DONE.store(true, Ordering::Relaxed);
    if let Ok(library) = readline() {
        // SAFETY: no arguments. The library allows it in this place.
        unsafe { (library.end_line)() };
    }
}

/// `rl_getc_function`: waits for a key without the GIL. Commands come here for more keys, such as the answer to a question.
pub unsafe extern "C" fn read_key(stream: *mut libc::FILE) -> c_int {
    let Some(read) = readline().ok().and_then(|library| library.read_key) else { return libc::EOF };
    // SAFETY: the stream is the library's, and open; the record is filled in by the call.
    unsafe {
        if thread::try_current().is_some() {
            let mut input = libc::pollfd { fd: libc::fileno(stream), events: libc::POLLIN, revents: 0 };
            gil::allow_threads(|| while libc::poll(&mut input, 1, -1) < 0 && exc::last_errno() == libc::EINTR {});
        }
        read(stream)
    }
}

/// Gives up a line that was begun, and puts the terminal back.
fn abandon(library: &Readline) {
    // SAFETY: no arguments; the order is that of the manual.
    unsafe {
        (library.free_line_state)();
        if let Some(forget) = library.forget_signal {
            forget();
        }
        (library.cleanup_after_signal)();
        (library.end_line)();
    }
}

/// Reads a line from the terminal: with its newline, or `None` at the end of input. The line goes into the history.
///
/// # Errors
/// `ImportError` without the library. `RuntimeError` in a hook of a line that is being read. What a signal's handler raises, such as
/// `KeyboardInterrupt`.
pub fn read_line(prompt: &[u8]) -> PyResult<Option<Vec<u8>>> {
    let library = readline().map_err(exc::import_error)?;
    let _turn = Turn::take()?;
    let _locale = CharacterLocale::of_environment();
    let prompt: Vec<u8> = prompt.iter().copied().take_while(|byte| *byte != 0).collect();
    let prompt = CString::new(prompt).unwrap_or_default();
    DONE.store(false, Ordering::Relaxed);
    // SAFETY: the library copies the prompt; the function is of the type that it asks for.
    unsafe { (library.begin_line)(prompt.as_ptr(), take_line) };
    while !DONE.load(Ordering::Relaxed) {
        match signals::wait_readable(libc::STDIN_FILENO) {
            // SAFETY: a line is begun, and there is something to read.
            Ok(true) => unsafe { (library.read_char)() },
            Ok(false) => {
                // The window may have another size: what the library's own handler has taken note of.
                if let Some(check) = library.check_signals {
                    // SAFETY: no arguments.
                    unsafe { check() };
                }
            }
            Err(error) => {
                abandon(library);
                return Err(error);
            }
        }
    }
    let line = LINE.swap(core::ptr::null_mut(), Ordering::Relaxed);
    if line.is_null() {
        return Ok(None);
    }
    // SAFETY: a C string that the library has left to us, freed once.
    let bytes = unsafe {
        let text = CStr::from_ptr(line);
        history::add_read(library, text);
        let bytes = [text.to_bytes(), b"\n"].concat();
        libc::free(line.cast());
        bytes
    };
    Ok(Some(bytes))
}
