//! `readline`: line editing, history and completion at terminals, by GNU readline or libedit.
//!
//! | File | What |
//! |---|---|
//! | `library` | the C library's functions and variables |
//! | `setup` | what importing the module does to the library |
//! | `session` | reading a line |
//! | `hooks` | what the library calls meanwhile |
//! | `history` | the history list and its files |

use core::ffi::{CStr, c_char};
use std::ffi::CString;

use rpy_vm::runtime::codecs;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, PyObject, PyResult, exc};

mod history;
mod hooks;
mod library;
mod session;
mod setup;

/// Text for the library, in the encoding of the locale, which is UTF-8.
///
/// # Errors
/// `TypeError` for what is no text, `ValueError` for null characters, `UnicodeEncodeError` for surrogates that do not stand for bytes.
fn encode(object: &PyObject) -> PyResult<CString> {
    let Some(text) = object.downcast_ref::<PyStr>() else {
        return Err(exc::type_error("bad argument type for built-in operation"));
    };
    let null = || exc::value_error("embedded null character");
    if text.data().iter().any(|c| c == 0) {
        return Err(null());
    }
    let foreign = |c: u32| (0xd800..0xe000).contains(&c) && !(0xdc80..0xdd00).contains(&c);
    if let Some(at) = text.data().iter().position(foreign) {
        return Err(exc::unicode_encode_error("locale", object, at, at + 1, "encoding error"));
    }
    CString::new(codecs::fs_encode(text)?).map_err(|_| null())
}

/// A text of the library; an empty one for null.
///
/// # Safety
/// Null or NUL-terminated.
unsafe fn decode(text: *const c_char) -> ObjRef {
    // SAFETY: the caller's promise.
    let bytes: &[u8] = if text.is_null() { &[] } else { unsafe { CStr::from_ptr(text) }.to_bytes() };
    codecs::fs_decode(bytes).into_obj()
}

/// Line editing with GNU readline at terminals, from the import of this module on.
#[rpy_vm::pymodule(name = "readline")]
pub mod readline_ {
    use core::ffi::c_int;
    use core::sync::atomic::Ordering;
    use std::ffi::CString;

    use rpy_vm::builtins::io::install_line_reader;
    use rpy_vm::protocol::object as protocol;
    use rpy_vm::runtime::{audit, codecs, paths};
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, exc, intern};

    use super::library::{Readline, readline};
    use super::{decode, encode, history, hooks, session, setup};
    use crate::support::CInt;

    fn library() -> PyResult<&'static Readline> {
        readline().map_err(exc::import_error)
    }

    /// Execute one line of an init file.
    #[pyfunction(sig = "(string, /)")]
    fn parse_and_bind(string: &PyObject) -> PyResult<()> {
        // The library cuts the text into pieces where it stands.
        let mut line = encode(string)?.into_bytes_with_nul();
        // SAFETY: NUL-terminated, and ours to change.
        unsafe { (library()?.parse_and_bind)(line.as_mut_ptr().cast()) };
        Ok(())
    }

    /// Return the line as it is now.
    #[pyfunction]
    fn get_line_buffer() -> PyResult<ObjRef> {
        // SAFETY: a variable of the library, null or NUL-terminated.
        Ok(unsafe { decode(*library()?.line_buffer) })
    }

    /// Insert text at the cursor.
    #[pyfunction(sig = "(string, /)")]
    fn insert_text(string: &PyObject) -> PyResult<()> {
        let text = encode(string)?;
        // SAFETY: NUL-terminated; the library copies it.
        unsafe { (library()?.insert_text)(text.as_ptr()) };
        Ok(())
    }

    /// Show the line as it is now.
    #[pyfunction]
    fn redisplay() -> PyResult<()> {
        // SAFETY: no arguments.
        unsafe { (library()?.redisplay)() };
        Ok(())
    }

    /// The name of a file, or `None`, which audit hooks hear of as `default`.
    fn file_name(file: Option<&PyObject>, default: &str, mode: &str) -> PyResult<Option<CString>> {
        let name = file.map(paths::path_c_string).transpose()?;
        let shown = file.map_or_else(|| PyStr::new(default).into_obj(), |file| file.new_ref());
        audit::audit("open", &[&shown, PyStr::new(mode).as_object(), PyInt::from_i64(0).as_object()])?;
        Ok(name)
    }

    /// The library's file, where no other is named.
    const HISTORY_FILE: &str = "~/.history";

    /// What an error number means; 0 is none.
    fn check(errno: c_int) -> PyResult<()> {
        if errno == 0 { Ok(()) } else { Err(exc::os_error_errno(errno, None)) }
    }

    /// Execute an init file: by default the one that was read last.
    #[pyfunction(sig = "(filename=None, /)")]
    fn read_init_file(filename: Option<&PyObject>) -> PyResult<()> {
        let library = library()?;
        let name = file_name(filename, "<readline_init_file>", "r")?;
        let path = name.as_ref().map_or(core::ptr::null(), |name| name.as_ptr());
        // SAFETY: NUL-terminated, or null.
        check(unsafe { (library.read_init_file)(path) })?;
        setup::disable_bracketed_paste(library);
        Ok(())
    }

    /// Append the lines of a file, by default ~/.history, to the history.
    #[pyfunction(sig = "(filename=None, /)")]
    fn read_history_file(filename: Option<&PyObject>) -> PyResult<()> {
        let name = file_name(filename, HISTORY_FILE, "r")?;
        let path = name.as_ref().map_or(core::ptr::null(), |name| name.as_ptr());
        // SAFETY: NUL-terminated, or null.
        check(unsafe { (library()?.read_history)(path) })
    }

    /// Write the history to a file, by default ~/.history.
    #[pyfunction(sig = "(filename=None, /)")]
    fn write_history_file(filename: Option<&PyObject>) -> PyResult<()> {
        let name = file_name(filename, HISTORY_FILE, "w")?;
        check(history::write(library()?, name.as_ref(), None))
    }

    /// Append the last nelements entries of the history to a file, by default ~/.history.
    #[pyfunction(sig = "(nelements, filename=None, /)")]
    fn append_history_file(nelements: CInt, filename: Option<&PyObject>) -> PyResult<()> {
        if nelements.0 < 0 {
            return Err(exc::value_error("nelements must be non-negative"));
        }
        let name = file_name(filename, HISTORY_FILE, "a")?;
        check(history::write(library()?, name.as_ref(), Some(nelements.0)))
    }

    /// Set how many lines a history file may have. Negative: any number.
    #[pyfunction(sig = "(length, /)")]
    fn set_history_length(length: CInt) {
        history::FILE_LENGTH.store(length.0, Ordering::Relaxed);
    }

    /// Return how many lines a history file may have. Negative: any number.
    #[pyfunction]
    fn get_history_length() -> i32 {
        history::FILE_LENGTH.load(Ordering::Relaxed)
    }

    /// Return the number of entries of the history.
    #[pyfunction]
    fn get_current_history_length() -> PyResult<i32> {
        Ok(history::length(library()?))
    }

    /// Return the entry with a number, which counts from 1, or None.
    #[pyfunction(sig = "(index, /)")]
    fn get_history_item(index: CInt) -> PyResult<Option<ObjRef>> {
        let item = history::item(library()?, index.0);
        Ok(item.map(|line| codecs::fs_decode(line.to_bytes()).into_obj()))
    }

    fn check_index(index: c_int) -> PyResult<()> {
        if index < 0 { Err(exc::value_error("History index cannot be negative")) } else { Ok(()) }
    }

    fn check_found(found: bool, index: c_int) -> PyResult<()> {
        if found { Ok(()) } else { Err(exc::value_error(format!("No history item at position {index}"))) }
    }

    /// Remove an entry by its index, which counts from 0.
    #[pyfunction(sig = "(pos, /)")]
    fn remove_history_item(pos: CInt) -> PyResult<()> {
        check_index(pos.0)?;
        check_found(history::remove(library()?, pos.0), pos.0)
    }

    /// Replace the text of an entry by its index, which counts from 0.
    #[pyfunction(sig = "(pos, line, /)")]
    fn replace_history_item(pos: CInt, line: &PyStr) -> PyResult<()> {
        check_index(pos.0)?;
        let line = encode(line.as_object())?;
        check_found(history::replace(library()?, pos.0, &line), pos.0)
    }

    /// Append an entry to the history.
    #[pyfunction(sig = "(string, /)")]
    fn add_history(string: &PyObject) -> PyResult<()> {
        history::add(library()?, &encode(string)?);
        Ok(())
    }

    /// Choose whether lines that are read go into the history.
    #[pyfunction(sig = "(enabled, /)")]
    fn set_auto_history(enabled: bool) {
        history::AUTOMATIC.store(enabled, Ordering::Relaxed);
    }

    /// Remove all entries of the history.
    #[pyfunction]
    fn clear_history() -> PyResult<()> {
        // SAFETY: no arguments.
        unsafe { (library()?.clear_history)() };
        Ok(())
    }

    /// Sets one of the functions that the library calls. None takes it away.
    fn set_hook(name: &str, place: &OptRef, function: Option<&PyObject>) -> PyResult<()> {
        if function.is_some_and(|function| !protocol::callable(function)) {
            return Err(exc::type_error(format!("set_{name}(func): argument not callable")));
        }
        place.set(function.map(|function| function.new_ref()));
        Ok(())
    }

    /// Set what is called before the prompt is shown.
    #[pyfunction(sig = "(function=None, /)")]
    fn set_startup_hook(function: Option<&PyObject>) -> PyResult<()> {
        set_hook("startup_hook", &hooks::STARTUP, function)
    }

    /// Set what is called between the prompt and the first key.
    #[pyfunction(sig = "(function=None, /)")]
    fn set_pre_input_hook(function: Option<&PyObject>) -> PyResult<()> {
        set_hook("pre_input_hook", &hooks::PRE_INPUT, function)
    }

    /// Set what completes words.
    ///
    /// It is called as function(text, state) with the states 0, 1, 2 and so on, and
    /// gives a word that starts with the text each time, until it gives None.
    #[pyfunction(sig = "(function=None, /)")]
    fn set_completer(function: Option<&PyObject>) -> PyResult<()> {
        set_hook("completer", &hooks::COMPLETER, function)
    }

    /// Return what completes words, or None.
    #[pyfunction]
    fn get_completer() -> Option<ObjRef> {
        hooks::COMPLETER.get()
    }

    /// Set what shows words to choose from.
    ///
    /// It is called as function(common, words, length), with what all words start
    /// with and the length of the longest.
    #[pyfunction(sig = "(function=None, /)")]
    fn set_completion_display_matches_hook(function: Option<&PyObject>) -> PyResult<()> {
        let library = library()?;
        set_hook("completion_display_matches_hook", &hooks::DISPLAY, function)?;
        // Without a function the library shows the words itself.
        // SAFETY: a variable of the library, and a function of its type.
        unsafe { *library.on_display = if hooks::DISPLAY.is_null() { None } else { Some(hooks::display) } };
        Ok(())
    }

    /// Return what kind of completion is being done: the code of a character.
    #[pyfunction]
    fn get_completion_type() -> PyResult<i32> {
        // SAFETY: a variable of the library.
        Ok(unsafe { *library()?.completion_type })
    }

    /// Return where the word to complete begins.
    #[pyfunction]
    fn get_begidx() -> i32 {
        hooks::WORD[0].load(Ordering::Relaxed)
    }

    /// Return where the word to complete ends.
    #[pyfunction]
    fn get_endidx() -> i32 {
        hooks::WORD[1].load(Ordering::Relaxed)
    }

    /// Set the characters that end a word for completion.
    #[pyfunction(sig = "(string, /)")]
    fn set_completer_delims(string: &PyObject) -> PyResult<()> {
        let delimiters = encode(string)?;
        setup::set_delimiters(library()?, delimiters);
        Ok(())
    }

    /// Return the characters that end a word for completion.
    #[pyfunction]
    fn get_completer_delims() -> PyResult<ObjRef> {
        // SAFETY: a variable of the library, null or NUL-terminated.
        Ok(unsafe { decode(*library()?.completer_word_break_characters) })
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let library = library()?;
        // SAFETY: a variable of the library.
        let version = i64::from(unsafe { *library.version });
        module.add("_READLINE_VERSION", version)?;
        module.add("_READLINE_RUNTIME_VERSION", version)?;
        module.add("_READLINE_LIBRARY_VERSION", library.version_text())?;
        module.add("backend", if library.is_editline() { "editline" } else { "readline" })?;
        if library.is_editline() {
            module.add("__doc__", "Line editing with libedit at terminals, from the import of this module on.")?;
        }
        if library.append_history.is_none() {
            module.dict().del_str(intern!("append_history_file"));
        }
        for hook in [&hooks::STARTUP, &hooks::PRE_INPUT, &hooks::COMPLETER, &hooks::DISPLAY] {
            hook.set(None);
        }
        for index in &hooks::WORD {
            index.store(0, Ordering::Relaxed);
        }
        setup::initialize(library);
        install_line_reader(session::read_line);
        Ok(())
    }
}
