//! The interpreter's configuration, as the command line and the environment give it. Set once, before start-up.

use core::cell::{Cell, RefCell};

/// What `sys.flags` and the start-up sequence read.
pub struct Config {
    pub debug: i32,
    pub inspect: Cell<i32>,
    pub interactive: i32,
    pub optimize: i32,
    pub dont_write_bytecode: bool,
    pub no_user_site: bool,
    pub no_site: bool,
    pub ignore_environment: bool,
    pub verbose: i32,
    pub bytes_warning: i32,
    pub quiet: bool,
    /// `PYTHONHASHSEED` is unset or `random`.
    pub hash_randomization: bool,
    pub isolated: bool,
    pub dev_mode: bool,
    pub utf8_mode: bool,
    pub warn_default_encoding: bool,
    pub safe_path: bool,
    /// -1: not given.
    pub int_max_str_digits: i64,
    pub thread_inherit_context: bool,
    pub context_aware_warnings: bool,
    pub use_frozen_modules: bool,
    pub debug_ranges: bool,
    pub import_time: i32,
    pub tracemalloc: i32,
    pub faulthandler: bool,
    /// `default`, `always` or `never`.
    pub check_hash_based_pycs: RefCell<String>,
    /// `-W` options in order, after those of `PYTHONWARNINGS`.
    pub warnoptions: Vec<String>,
    /// `-X` options: name, and value if given with `=`.
    pub xoptions: Vec<(String, Option<String>)>,
    /// `sys.argv`; bytes as the system gave them.
    pub argv: Vec<std::ffi::OsString>,
    pub orig_argv: Vec<std::ffi::OsString>,
    pub executable: std::ffi::OsString,
    pub base_executable: std::ffi::OsString,
    pub prefix: std::ffi::OsString,
    pub exec_prefix: std::ffi::OsString,
    pub base_prefix: std::ffi::OsString,
    pub base_exec_prefix: std::ffi::OsString,
    /// Where the Python files of the library are; `sys._stdlib_dir`.
    pub stdlib_dir: Option<std::ffi::OsString>,
    /// `sys.path` before `site`, without what the script or `-m` puts in front.
    pub module_search_paths: Vec<std::ffi::OsString>,
    pub home: Option<String>,
    pub pycache_prefix: Option<String>,
    pub platlibdir: String,
    /// `PYTHONIOENCODING`'s parts, resolved: encoding and errors of the standard streams.
    pub stdio_encoding: String,
    pub stdio_errors: String,
    /// The locale is one of those in which bytes that are no text pass through the standard streams.
    pub lenient_stdio: bool,
    pub unbuffered: bool,
    /// What was put in front of `sys.path` for the script, as text; for messages about shadowed modules.
    pub sys_path_0: RefCell<Option<String>>,
    /// Number of processors as given by `-X cpu_count`, or -1.
    pub cpu_count: i32,
}

// SAFETY: the parts with interior mutability are touched under the GIL.
unsafe impl Sync for Config {}

impl Default for Config {
    fn default() -> Config {
        Config {
            debug: 0,
            inspect: Cell::new(0),
            interactive: 0,
            optimize: 0,
            dont_write_bytecode: false,
            no_user_site: false,
            no_site: false,
            ignore_environment: false,
            verbose: 0,
            bytes_warning: 0,
            quiet: false,
            hash_randomization: true,
            isolated: false,
            dev_mode: false,
            utf8_mode: false,
            warn_default_encoding: false,
            safe_path: false,
            int_max_str_digits: -1,
            thread_inherit_context: false,
            context_aware_warnings: false,
            use_frozen_modules: true,
            debug_ranges: true,
            import_time: 0,
            tracemalloc: 0,
            faulthandler: false,
            check_hash_based_pycs: RefCell::new("default".to_owned()),
            warnoptions: Vec::new(),
            xoptions: Vec::new(),
            argv: vec!["".into()],
            orig_argv: Vec::new(),
            executable: "".into(),
            base_executable: "".into(),
            prefix: "".into(),
            exec_prefix: "".into(),
            base_prefix: "".into(),
            base_exec_prefix: "".into(),
            stdlib_dir: None,
            module_search_paths: Vec::new(),
            home: None,
            pycache_prefix: None,
            platlibdir: "lib".to_owned(),
            stdio_encoding: "utf-8".to_owned(),
            stdio_errors: "strict".to_owned(),
            lenient_stdio: false,
            unbuffered: false,
            sys_path_0: RefCell::new(None),
            cpu_count: -1,
        }
    }
}

struct Current(Cell<Option<&'static Config>>);
// SAFETY: set before other threads exist.
unsafe impl Sync for Current {}
static CURRENT: Current = Current(Cell::new(None));

/// Sets the configuration. Called once, before start-up.
pub fn set(config: Config) {
    CURRENT.0.set(Some(Box::leak(Box::new(config))));
}

/// The configuration; defaults if none was set.
pub fn get() -> &'static Config {
    match CURRENT.0.get() {
        Some(config) => config,
        None => {
            set(Config::default());
            get()
        }
    }
}
