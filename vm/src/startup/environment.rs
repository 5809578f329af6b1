//! What the `PYTHON*` environment variables and the `-X` options say, written into the configuration. The command line
//! overrides the environment.

use std::ffi::{CStr, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::sysmodule::config::Config;
use crate::types::str::hash::{HashSeed, set_hash_seed};

/// Text of an environment variable; empty ones count as unset, as for CPython.
pub fn variable(config: &Config, name: &str) -> Option<String> {
    if config.ignore_environment {
        return None;
    }
    std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()).filter(|v| !v.is_empty())
}

/// A flag variable's level: a number, or 1 for anything else that is set.
fn level(config: &Config, name: &str) -> i32 {
    variable(config, name).map_or(0, |v| match v.parse::<i32>() {
        Ok(n) if n >= 0 => n,
        _ => 1,
    })
}

/// The last `-X name` or `-X name=value`; the inner option is the value.
fn x_option<'a>(config: &'a Config, name: &str) -> Option<Option<&'a str>> {
    config.xoptions.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_deref())
}

/// Adds to the configuration what the environment and the `-X` options say. `command_warnings` are the `-W` options;
/// `randomize` says that `-R` was given.
///
/// # Errors
/// The text of a fatal error about an unusable value.
pub fn apply(config: &mut Config, command_warnings: Vec<String>, randomize: bool) -> Result<(), String> {
    flags(config);
    locale(config)?;
    numbers(config)?;
    choices(config)?;
    hash_seed(config, randomize)?;
    streams(config);
    warning_options(config, command_warnings);
    let jit = match x_option(config, "jit") {
        Some(value) => Some(value.unwrap_or("on").to_owned()),
        // CPython's variable, a flag.
        None => variable(config, "PYTHON_JIT").map(|v| (if v == "0" { "off" } else { "on" }).to_owned()),
    };
    let threads = x_option(config, "jit-threads").map(|n| format!("threads={}", n.unwrap_or_default()));
    let jit: Vec<String> = jit.into_iter().chain(threads).collect();
    crate::jit_hooks::configure((!jit.is_empty()).then(|| jit.join(",")).as_deref())?;
    super::paths::compute(config);
    Ok(())
}

/// What is on or off, or has a level.
fn flags(config: &mut Config) {
    config.optimize = config.optimize.max(level(config, "PYTHONOPTIMIZE"));
    config.verbose = config.verbose.max(level(config, "PYTHONVERBOSE"));
    config.debug = config.debug.max(level(config, "PYTHONDEBUG"));
    config.dont_write_bytecode |= level(config, "PYTHONDONTWRITEBYTECODE") > 0;
    config.no_user_site |= level(config, "PYTHONNOUSERSITE") > 0;
    config.safe_path |= level(config, "PYTHONSAFEPATH") > 0;
    config.unbuffered |= level(config, "PYTHONUNBUFFERED") > 0;
    config.inspect.set(config.inspect.get().max(level(config, "PYTHONINSPECT")));
    config.dev_mode = x_option(config, "dev").is_some() || level(config, "PYTHONDEVMODE") > 0;
    config.faulthandler = config.dev_mode
        || x_option(config, "faulthandler").is_some()
        || variable(config, "PYTHONFAULTHANDLER").is_some();
    config.warn_default_encoding =
        x_option(config, "warn_default_encoding").is_some() || variable(config, "PYTHONWARNDEFAULTENCODING").is_some();
    config.debug_ranges =
        x_option(config, "no_debug_ranges").is_none() && variable(config, "PYTHONNODEBUGRANGES").is_none();
    config.home = variable(config, "PYTHONHOME");
    // `-X pycache_prefix=` takes the variable back.
    config.pycache_prefix = match x_option(config, "pycache_prefix") {
        Some(prefix) => prefix.filter(|p| !p.is_empty()).map(str::to_owned),
        None => variable(config, "PYTHONPYCACHEPREFIX"),
    };
    if let Some(dir) = variable(config, "PYTHONPLATLIBDIR") {
        config.platlibdir = dir;
    }
}

/// The C library's locale, and UTF-8 mode. Like CPython, the C locale is replaced by a UTF-8 one, for child processes too,
/// unless `LC_ALL` or `PYTHONCOERCECLOCALE` asks for it. Names and arguments are taken as UTF-8 in any locale.
fn locale(config: &mut Config) -> Result<(), String> {
    // SAFETY: no other thread exists yet; the texts are copied at once.
    let choose = |name: &CStr| unsafe {
        let found = libc::setlocale(libc::LC_CTYPE, name.as_ptr());
        (!found.is_null()).then(|| CStr::from_ptr(found).to_string_lossy().into_owned())
    };
    let name = choose(c"").unwrap_or_else(|| "C".to_owned());
    let is_c = name == "C" || name == "POSIX";
    config.utf8_mode = match x_option(config, "utf8") {
        Some(None | Some("1")) => true,
        Some(Some("0")) => false,
        Some(_) => return Err("preinit_init_utf8_mode: invalid -X utf8 option value".to_owned()),
        None => match variable(config, "PYTHONUTF8").as_deref() {
            Some("1") => true,
            Some("0") => false,
            Some(_) => {
                return Err("preinit_init_utf8_mode: invalid PYTHONUTF8 environment variable value".to_owned());
            }
            None => is_c,
        },
    };
    config.lenient_stdio = is_c || matches!(name.as_str(), "C.UTF-8" | "C.utf8" | "UTF-8");
    let coerce = variable(config, "PYTHONCOERCECLOCALE");
    let warn = coerce.as_deref() == Some("warn");
    if !is_c || coerce.as_deref() == Some("0") {
        return Ok(());
    }
    if std::env::var_os("LC_ALL").is_none_or(|v| v.is_empty()) {
        for (target, text) in [(c"C.UTF-8", "C.UTF-8"), (c"C.utf8", "C.utf8"), (c"UTF-8", "UTF-8")] {
            if choose(target).is_none() {
                continue;
            }
            // SAFETY: no other thread exists yet.
            unsafe { std::env::set_var("LC_CTYPE", text) };
            if warn {
                eprintln!(
                    "Python detected LC_CTYPE=C: LC_CTYPE coerced to {text} (set another locale or \
                     PYTHONCOERCECLOCALE=0 to disable this locale coercion behavior)."
                );
            }
            return Ok(());
        }
    }
    if warn {
        eprintln!(
            "Python runtime initialized with LC_CTYPE=C (a locale with default ASCII encoding), which may cause Unicode \
             compatibility problems. Using C.UTF-8, C.utf8, or UTF-8 (if available) as alternative Unicode-compatible \
             locales is recommended."
        );
    }
    Ok(())
}

/// Options with a number.
fn numbers(config: &mut Config) -> Result<(), String> {
    let digits = |text: &str, what: &str| match text.parse::<i64>() {
        Ok(n) if n == 0 || n >= 640 => Ok(n),
        _ => Err(format!("config_init_int_max_str_digits: {what}: invalid limit; must be >= 640 or 0 for unlimited.")),
    };
    if let Some(text) = variable(config, "PYTHONINTMAXSTRDIGITS") {
        config.int_max_str_digits = digits(&text, "PYTHONINTMAXSTRDIGITS")?;
    }
    if let Some(text) = x_option(config, "int_max_str_digits") {
        config.int_max_str_digits = digits(text.unwrap_or(""), "-X int_max_str_digits")?;
    }
    if let Some(text) = variable(config, "PYTHON_CPU_COUNT") {
        config.cpu_count = cpu_count(&text, "PYTHON_CPU_COUNT")?;
    }
    if let Some(text) = x_option(config, "cpu_count") {
        config.cpu_count = cpu_count(text.unwrap_or(""), "-X cpu_count=n option")?;
    }
    let import_time = |text: &str, what: &str| match text.parse::<i32>() {
        Ok(n) if !(0..=2).contains(&n) => {
            Err(format!("config_init_import_time: {what}: values other than 1 and 2 are reserved for future use."))
        }
        Ok(n) => Ok(n),
        Err(_) => Ok(1),
    };
    if let Some(text) = variable(config, "PYTHONPROFILEIMPORTTIME") {
        config.import_time = import_time(&text, "PYTHONPROFILEIMPORTTIME")?;
    }
    if let Some(text) = x_option(config, "importtime") {
        config.import_time = import_time(text.unwrap_or(""), "-X importtime")?;
    }
    if let Some(text) = variable(config, "PYTHONTRACEMALLOC") {
        config.tracemalloc = tracemalloc(&text, "PYTHONTRACEMALLOC")?;
    }
    if let Some(text) = x_option(config, "tracemalloc") {
        config.tracemalloc = text.map_or(Ok(1), |text| tracemalloc(text, "-X tracemalloc=NFRAME"))?;
    }
    Ok(())
}

fn cpu_count(text: &str, what: &str) -> Result<i32, String> {
    match text.parse::<i32>() {
        Ok(n) if n >= 1 => Ok(n),
        _ if text == "default" => Ok(-1),
        _ => Err(format!(
            "config_init_cpu_count: {what}: n is missing or an invalid number, should be an integer greater than 0 or 'default'"
        )),
    }
}

fn tracemalloc(text: &str, what: &str) -> Result<i32, String> {
    match text.parse::<u16>() {
        Ok(n) => Ok(i32::from(n)),
        Err(_) => Err(format!("config_init_tracemalloc: {what}: invalid number of frames")),
    }
}

/// Options with one of a few words.
fn choices(config: &mut Config) -> Result<(), String> {
    if let Some(value) = variable(config, "PYTHON_FROZEN_MODULES") {
        match value.as_str() {
            "on" => config.use_frozen_modules = true,
            "off" => config.use_frozen_modules = false,
            _ => {
                return Err(format!(
                    "config_init_frozen_modules: bad value for PYTHON_FROZEN_MODULES environment variable: {value}"
                ));
            }
        }
    }
    match x_option(config, "frozen_modules") {
        None => {}
        Some(None | Some("" | "on")) => config.use_frozen_modules = true,
        Some(Some("off")) => config.use_frozen_modules = false,
        Some(Some(_)) => {
            return Err("config_init_frozen_modules: bad value for option -X frozen_modules=on|off".to_owned());
        }
    }
    let gil = x_option(config, "gil").map(|v| v.unwrap_or("").to_owned()).or_else(|| variable(config, "PYTHON_GIL"));
    match gil.as_deref() {
        None | Some("1") => {}
        Some("0") => return Err("config_read_gil: Disabling the GIL is not supported by this build".to_owned()),
        Some(_) => return Err("config_read_gil: PYTHON_GIL / -X gil must be \"0\" or \"1\"".to_owned()),
    }
    for (option, name) in [
        ("thread_inherit_context", "PYTHON_THREAD_INHERIT_CONTEXT"),
        ("context_aware_warnings", "PYTHON_CONTEXT_AWARE_WARNINGS"),
    ] {
        let value = match x_option(config, option) {
            Some(value) => Some(value.unwrap_or("").to_owned()),
            None => variable(config, name),
        };
        let on = match value.as_deref() {
            None => continue,
            Some("0") => false,
            Some("1") => true,
            Some(_) => return Err(format!("config_init_{option}: -X {option} must be \"0\" or \"1\"")),
        };
        match option {
            "thread_inherit_context" => config.thread_inherit_context = on,
            _ => config.context_aware_warnings = on,
        }
    }
    Ok(())
}

fn hash_seed(config: &mut Config, randomize: bool) -> Result<(), String> {
    let seed = if randomize { None } else { variable(config, "PYTHONHASHSEED") };
    match seed.as_deref() {
        None | Some("random") => {
            config.hash_randomization = true;
            set_hash_seed(HashSeed::Random);
        }
        Some(seed) => match seed.parse::<u32>() {
            Ok(n) => {
                config.hash_randomization = n != 0;
                set_hash_seed(HashSeed::Fixed(n));
            }
            Err(_) => {
                return Err("config_init_hash_seed: PYTHONHASHSEED must be \"random\" or an integer in range [0; \
                            4294967295]"
                    .to_owned());
            }
        },
    }
    Ok(())
}

/// Encoding and error handler of the standard streams.
fn streams(config: &mut Config) {
    let given = variable(config, "PYTHONIOENCODING").unwrap_or_default();
    let (encoding, errors) = given.split_once(':').unwrap_or((&given, ""));
    if !encoding.is_empty() {
        config.stdio_encoding = encoding.to_owned();
    } else if !config.utf8_mode {
        // SAFETY: a text of the C library, copied at once.
        let codeset = unsafe { CStr::from_ptr(libc::nl_langinfo(libc::CODESET)) }.to_string_lossy().into_owned();
        if !codeset.is_empty() {
            config.stdio_encoding = codeset;
        }
    }
    config.stdio_errors = if !errors.is_empty() {
        errors.to_owned()
    } else if encoding.is_empty() && (config.utf8_mode || config.lenient_stdio) {
        "surrogateescape".to_owned()
    } else {
        "strict".to_owned()
    };
}

/// `sys.warnoptions`: the later an option comes, the more it counts.
fn warning_options(config: &mut Config, command_warnings: Vec<String>) {
    if config.dev_mode {
        config.warnoptions.push("default".to_owned());
    }
    if let Some(list) = variable(config, "PYTHONWARNINGS") {
        config.warnoptions.extend(list.split(',').map(str::to_owned));
    }
    config.warnoptions.extend(command_warnings);
    crate::types::bytes_common::set_bytes_warning(config.bytes_warning > 0);
    if config.bytes_warning > 0 {
        let action = if config.bytes_warning > 1 { "error::BytesWarning" } else { "default::BytesWarning" };
        config.warnoptions.push(action.to_owned());
    }
}

/// `PYTHONPATH`'s entries.
pub fn python_path(ignore: bool) -> Vec<OsString> {
    if ignore {
        return Vec::new();
    }
    match std::env::var_os("PYTHONPATH") {
        Some(list) if !list.is_empty() => {
            list.as_bytes().split(|&b| b == b':').map(|p| OsStr::from_bytes(p).to_owned()).collect()
        }
        _ => Vec::new(),
    }
}
