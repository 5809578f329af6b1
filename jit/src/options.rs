//! `-X jit=...` and `RPY_JIT_LOG`.

use rpy_vm::jit_hooks::Thresholds;

/// When loops are compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Off,
    On,
    /// As soon as a loop goes round a second time, and at the third call of a function: for tests.
    Eager,
}

/// What the user asked for.
pub struct Options {
    pub mode: Mode,
    /// Each guard fails when it is reached for the first time: for tests.
    pub fail: bool,
    /// The number that decides by lot what otherwise the clock does: for tests.
    pub shake: Option<u64>,
    /// Where the log goes; standard error if it is empty.
    pub log: Option<String>,
    /// How many threads compute with big arrays; as many as there are processors otherwise.
    pub threads: Option<usize>,
}

impl Options {
    /// Rounds of a loop, calls of a function before it is recorded. Loops come first: what they call becomes part of them.
    pub const THRESHOLDS: Thresholds = Thresholds { loops: 150, functions: 200 };
    pub const EAGER_THRESHOLDS: Thresholds = Thresholds { loops: 1, functions: 2 };

    /// Are functions compiled even if they do not recurse?
    pub fn compiles_all(&self) -> bool {
        self.mode == Mode::Eager
    }

    /// How often an exit is taken before it is looked at; and how often exits of one kind are, before the path from one of them
    /// is recorded.
    pub fn exits(&self) -> (u32, u32) {
        match self.mode {
            Mode::Eager => (1, 4),
            _ if self.shake.is_some() => (2, 8),

            _ => (4, 24),
        }
    }

    /// Reads the value of `-X jit`: `off`, `on` (as without it), `eager`, `fail` (as `eager`, and each guard fails once), `shake` (as `on`, without
    /// a clock; `shake=N` decides the same each time) or `log`,
    /// several separated by commas; and `threads=N`, which is `-X jit-threads=N`.
    ///
    /// # Errors
    /// The text of a fatal error.
    pub fn parse(option: Option<&str>) -> Result<Options, String> {
        let mut options =
            Options { mode: Mode::On, fail: false, shake: None, log: std::env::var("RPY_JIT_LOG").ok(), threads: None };
        for word in option.unwrap_or("").split(',').filter(|w| !w.is_empty()) {
            match word {
                "off" => options.mode = Mode::Off,
                "on" => options.mode = Mode::On,
                "eager" => options.mode = Mode::Eager,
                "fail" => (options.mode, options.fail) = (Mode::Eager, true),
                "shake" => options.shake = Some(std::process::id().into()),
                "log" => {
                    options.log.get_or_insert_default();
                }
                word if let Some(threads) = word.strip_prefix("threads=") => match threads.parse() {
                    Ok(threads @ 1..) => options.threads = Some(threads),
                    _ => return Err(format!("invalid value for -X jit-threads: {threads:?} (a number from 1 on)")),
                },
                word if let Some(number) = word.strip_prefix("shake=") => match number.parse() {
                    Ok(number) => options.shake = Some(number),
                    Err(_) => return Err(format!("invalid value for -X jit=shake: {number:?} (a number)")),
                },
                other => {
                    return Err(format!("invalid value for -X jit: {other:?} (off, on, eager, fail, shake or log)"));
                }
            }
        }
        Ok(options)
    }
}
