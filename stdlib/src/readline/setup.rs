//! What importing the module does to the library: Python's keys, hooks and delimiters.

use core::ffi::{CStr, c_int};
use std::ffi::CString;
use std::sync::{Mutex, PoisonError};

use super::library::Readline;
use super::{history, hooks, session};

/// What ends a word for completion: whatever cannot be in a dotted name.
const DELIMITERS: &CStr = c" \t\n`~!@#$%^&*()-=+[{]}\\|;:'\",<>/?";

/// The delimiters in use. The library has their address.
static CURRENT_DELIMITERS: Mutex<Option<CString>> = Mutex::new(None);

/// The C library's locale of characters as it was, put back at the end: the libraries choose the environment's.
pub struct CharacterLocale(CString);

impl CharacterLocale {
    /// Takes note of the present locale.
    pub fn keep() -> CharacterLocale {
        // SAFETY: asks for the name, a text of the C library that is copied at once.
        unsafe {
            let name = libc::setlocale(libc::LC_CTYPE, core::ptr::null());
            CharacterLocale(if name.is_null() { c"C".to_owned() } else { CStr::from_ptr(name).to_owned() })
        }
    }

    /// As [`CharacterLocale::keep`], and chooses the environment's.
    pub fn of_environment() -> CharacterLocale {
        let kept = CharacterLocale::keep();
        // SAFETY: a NUL-terminated name. That the locale is unknown leaves the present one.
        unsafe { libc::setlocale(libc::LC_CTYPE, c"".as_ptr()) };
        kept
    }
}

impl Drop for CharacterLocale {
    fn drop(&mut self) {
        // SAFETY: a name that the C library gave.
        unsafe { libc::setlocale(libc::LC_CTYPE, self.0.as_ptr()) };
    }
}

/// Sets what ends a word for completion.
pub fn set_delimiters(library: &Readline, delimiters: CString) {
    let mut current = CURRENT_DELIMITERS.lock().unwrap_or_else(PoisonError::into_inner);
    let delimiters = current.insert(delimiters).as_ptr();
    // SAFETY: variables of the library, which only reads the text. The text stays until another takes its place.
    unsafe {
        *library.completer_word_break_characters = delimiters;
        if library.is_editline() {
            *library.basic_word_break_characters = delimiters;
        }
    }
}

/// Pasted text is to arrive as if it was typed, whatever the init file says: programs do not expect the control sequences that
/// bracketed paste sends to the terminal.
pub fn disable_bracketed_paste(library: &Readline) {
    if !library.is_editline() {
        // SAFETY: constant texts.
        unsafe { (library.variable_bind)(c"enable-bracketed-paste".as_ptr(), c"off".as_ptr()) };
    }
}

/// Prepares the library for Python, and reads the user's init file.
pub fn initialize(library: &Readline) {
    let _locale = CharacterLocale::keep();
    // SAFETY: functions and variables of the library, with values of their types that live as long as the process.
    unsafe {
        // Init files ask for the name.
        *library.name = c"python".as_ptr();
        *library.catch_signals = 0;
        if let Some(change) = library.change_environment {
            // Otherwise LINES and COLUMNS would be set, and child processes believe them after the window has another size.
            *change = 0;
        }
        if let Some(persistent) = library.persistent_signal_handlers {
            // Of all signals only the one that the window has another size is left to the library, also between keys.
            *persistent = 1;
        }
        if library.is_editline() {
            // It undoes the bindings that were made before.
            (library.initialize)();
            history::find_editline_indexes(library);
        }
        (library.clear_history)();
        (library.using_history)();
        let (tab, escape) = (c_int::from(b'\t'), 0x1b);
        (library.bind_key)(tab, library.insert);
        (library.bind_key_in_map)(tab, library.complete, library.emacs_meta_keymap);
        (library.bind_key_in_map)(escape, library.complete, library.emacs_meta_keymap);
        *library.on_startup = Some(hooks::at_startup);
        *library.on_pre_input = Some(hooks::before_input);
        *library.on_completion = Some(hooks::complete);
        *library.on_display = None;
        set_delimiters(library, DELIMITERS.to_owned());
        if library.is_editline() {
            (library.read_init_file)(core::ptr::null());
        } else {
            // libedit takes single bytes from such a function, and does without it.
            if let (Some(place), Some(_)) = (library.on_read_key, library.read_key) {
                *place = Some(session::read_key);
            }
            if libc::isatty(libc::STDOUT_FILENO) == 0 {
                // Switching the meta key on would write a control sequence to what is no terminal.
                (library.variable_bind)(c"enable-meta-key".as_ptr(), c"off".as_ptr());
            }
            (library.initialize)();
        }
    }
    disable_bracketed_paste(library);
}
