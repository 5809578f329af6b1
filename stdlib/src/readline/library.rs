//! The C library: functions and variables of GNU readline (`libreadline.so.8`), or of libedit, which imitates it; found when
//! `readline` is imported.

use core::ffi::{CStr, c_char, c_int, c_void};
use std::sync::OnceLock;

use crate::shared_library::SharedLibrary;

/// The libraries in the order in which they are tried.
const NAMES: [&CStr; 3] = [c"libreadline.so.8", c"libedit.so.2", c"libedit.so.0"];

/// `HIST_ENTRY`. What follows the line differs between the libraries.
#[repr(C)]
pub struct HistoryEntry {
    pub line: *const c_char,
}

/// Functions that the library calls.
pub mod callback {
    use super::*;

    /// `rl_hook_func_t`.
    pub type Hook = unsafe extern "C" fn() -> c_int;
    /// `rl_vcpfunc_t`: gets a line, which is the function's to free; null at the end of input.
    pub type TakeLine = unsafe extern "C" fn(*mut c_char);
    /// `rl_getc_func_t`.
    pub type ReadKey = unsafe extern "C" fn(*mut libc::FILE) -> c_int;
    /// `rl_command_func_t`: what a key can do.
    pub type Command = unsafe extern "C" fn(c_int, c_int) -> c_int;
    /// `rl_compentry_func_t`: the next match for a text, in a block of its own, or null.
    pub type NextMatch = unsafe extern "C" fn(*const c_char, c_int) -> *mut c_char;
    /// `rl_completion_func_t`: all matches for a text that stands between two indexes of the line.
    pub type Complete = unsafe extern "C" fn(*const c_char, c_int, c_int) -> *mut *mut c_char;
    /// `rl_compdisp_func_t`: shows matches.
    pub type ShowMatches = unsafe extern "C" fn(*mut *mut c_char, c_int, c_int);
}

macro_rules! symbols {
    (
        functions { $($field:ident = $symbol:literal ($($arg:ty),*) $(-> $result:ty)?;)* }
        optional functions { $($late:ident = $late_symbol:literal ($($late_arg:ty),*) $(-> $late_result:ty)?;)* }
        variables { $($variable:ident: $type:ty = $name:literal;)* }
        optional variables { $($late_variable:ident: $late_type:ty = $late_name:literal;)* }
    ) => {
        /// The library's functions, and the addresses of its variables. All are used under the GIL, or by the one thread that
        /// reads a line.
        pub struct Readline {
            $(pub $field: unsafe extern "C" fn($($arg),*) $(-> $result)?,)*
            $(pub $late: Option<unsafe extern "C" fn($($late_arg),*) $(-> $late_result)?>,)*
            $(pub $variable: *mut $type,)*
            $(pub $late_variable: Option<*mut $late_type>,)*
            is_editline: bool,
        }

        impl Readline {
            fn load(name: &CStr) -> Result<Readline, String> {
                let library = SharedLibrary::open(name)?;
                // SAFETY: the types are those of the libraries' headers.
                let mut loaded = unsafe {
                    Readline {
                        $($field: library.function($symbol)?,)*
                        $($late: library.function($late_symbol).ok(),)*
                        $($variable: library.symbol($name)?.cast(),)*
                        $($late_variable: library.symbol($late_name).ok().map(|address| address.cast()),)*
                        is_editline: false,
                    }
                };
                loaded.is_editline = loaded.version_text().starts_with("EditLine wrapper");
                Ok(loaded)
            }
        }
    };
}

symbols! {
    functions {
        initialize = c"rl_initialize" () -> c_int;
        parse_and_bind = c"rl_parse_and_bind" (*mut c_char) -> c_int;
        read_init_file = c"rl_read_init_file" (*const c_char) -> c_int;
        variable_bind = c"rl_variable_bind" (*const c_char, *const c_char) -> c_int;
        bind_key = c"rl_bind_key" (c_int, callback::Command) -> c_int;
        bind_key_in_map = c"rl_bind_key_in_map" (c_int, callback::Command, *mut c_void) -> c_int;
        insert = c"rl_insert" (c_int, c_int) -> c_int;
        complete = c"rl_complete" (c_int, c_int) -> c_int;
        completion_matches = c"rl_completion_matches" (*const c_char, callback::NextMatch) -> *mut *mut c_char;
        insert_text = c"rl_insert_text" (*const c_char) -> c_int;
        redisplay = c"rl_redisplay" ();
        begin_line = c"rl_callback_handler_install" (*const c_char, callback::TakeLine);
        read_char = c"rl_callback_read_char" ();
        end_line = c"rl_callback_handler_remove" ();
        free_line_state = c"rl_free_line_state" ();
        cleanup_after_signal = c"rl_cleanup_after_signal" ();
        using_history = c"using_history" ();
        add_history = c"add_history" (*const c_char);
        clear_history = c"clear_history" ();
        history_get = c"history_get" (c_int) -> *mut HistoryEntry;
        remove_history = c"remove_history" (c_int) -> *mut HistoryEntry;
        replace_history = c"replace_history_entry" (c_int, *const c_char, *mut c_void) -> *mut HistoryEntry;
        read_history = c"read_history" (*const c_char) -> c_int;
        write_history = c"write_history" (*const c_char) -> c_int;
        truncate_history_file = c"history_truncate_file" (*const c_char, c_int) -> c_int;
    }
    optional functions {
        append_history = c"append_history" (c_int, *const c_char) -> c_int;
        free_history_entry = c"free_history_entry" (*mut HistoryEntry) -> *mut c_void;
        read_key = c"rl_getc" (*mut libc::FILE) -> c_int;
        check_signals = c"rl_check_signals" ();
        forget_signal = c"rl_callback_sigcleanup" ();
    }
    variables {
        library_version: *const c_char = c"rl_library_version";
        version: c_int = c"rl_readline_version";
        name: *const c_char = c"rl_readline_name";
        line_buffer: *const c_char = c"rl_line_buffer";
        history_length: c_int = c"history_length";
        catch_signals: c_int = c"rl_catch_signals";
        // An array of the library's.
        emacs_meta_keymap: c_void = c"emacs_meta_keymap";
        basic_word_break_characters: *const c_char = c"rl_basic_word_break_characters";
        completer_word_break_characters: *const c_char = c"rl_completer_word_break_characters";
        completion_type: c_int = c"rl_completion_type";
        completion_append_character: c_int = c"rl_completion_append_character";
        completion_suppress_append: c_int = c"rl_completion_suppress_append";
        completion_over: c_int = c"rl_attempted_completion_over";
        on_completion: Option<callback::Complete> = c"rl_attempted_completion_function";
        on_display: Option<callback::ShowMatches> = c"rl_completion_display_matches_hook";
        on_startup: Option<callback::Hook> = c"rl_startup_hook";
        on_pre_input: Option<callback::Hook> = c"rl_pre_input_hook";
    }
    optional variables {
        change_environment: c_int = c"rl_change_environment";
        persistent_signal_handlers: c_int = c"rl_persistent_signal_handlers";
        on_read_key: Option<callback::ReadKey> = c"rl_getc_function";
    }
}

// SAFETY: the addresses do not change. What they lead to is used as the struct says.
unsafe impl Send for Readline {}
// SAFETY: as above.
unsafe impl Sync for Readline {}

impl Readline {
    /// Is it libedit?
    pub fn is_editline(&self) -> bool {
        self.is_editline
    }

    /// The library's own words for its version.
    pub fn version_text(&self) -> String {
        // SAFETY: the variable leads to a constant text.
        unsafe { CStr::from_ptr(*self.library_version) }.to_string_lossy().into_owned()
    }
}

static READLINE: OnceLock<Result<Readline, String>> = OnceLock::new();

/// The library, or why it cannot be used.
pub fn readline() -> Result<&'static Readline, &'static str> {
    // What is preferred is what a message should name.
    let load = || {
        let [preferred, others @ ..] = NAMES;
        let other = || others.into_iter().find_map(|name| Readline::load(name).ok());
        Readline::load(preferred).or_else(|why| other().ok_or(why))
    };
    READLINE.get_or_init(load).as_ref().map_err(String::as_str)
}
