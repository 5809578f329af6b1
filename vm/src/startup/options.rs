//! The command line and the `PYTHON*` environment variables.

use crate::types::str::hash::{HashSeed, set_hash_seed};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use crate::sysmodule::config::Config;

/// What to run.
pub enum Target {
    /// `-c TEXT`
    Command(OsString),
    /// `-m NAME`
    Module(OsString),
    /// A script, directory or archive.
    File(OsString),
    /// Standard input: a program, or a REPL at a terminal. Also `-`.
    Stdin,
}

/// The outcome of reading the command line.
pub enum Parsed {
    Run {
        config: Box<Config>,
        target: Target,
        skip_first_line: bool,
    },
    /// Text for standard output (help, version): exit with 0.
    Print(String),
    /// A usage error for standard error: exit with 2.
    Usage(String),
}

const USAGE: &str = "usage: rpy [option] ... [-c cmd | -m mod | file | -] [arg] ...\n";

/// One line of help a option; the table is the help text.
const OPTIONS: &[(&str, &str)] = &[
    ("-b", "issue warnings about comparing bytes with str (-bb: errors)"),
    ("-B", "don't write .pyc files on import; also PYTHONDONTWRITEBYTECODE=x"),
    ("-c cmd", "program passed in as string (terminates option list)"),
    ("-d", "turn on parser debugging output (no effect)"),
    ("-E", "ignore PYTHON* environment variables (such as PYTHONPATH)"),
    ("-h", "print this help message and exit (also -? or --help)"),
    ("-i", "inspect interactively after running script; also PYTHONINSPECT=x"),
    ("-I", "isolate from the user's environment (implies -E, -P and -s)"),
    ("-m mod", "run library module as a script (terminates option list)"),
    ("-O", "remove assert and __debug__-dependent statements; also PYTHONOPTIMIZE=x"),
    ("-OO", "do -O changes and also discard docstrings"),
    ("-P", "don't prepend a potentially unsafe path to sys.path; also PYTHONSAFEPATH"),
    ("-q", "don't print version and copyright messages on interactive startup"),
    ("-s", "don't add user site directory to sys.path; also PYTHONNOUSERSITE=x"),
    ("-S", "don't imply 'import site' on initialization"),
    ("-u", "force the stdout and stderr streams to be unbuffered; also PYTHONUNBUFFERED=x"),
    ("-v", "verbose (trace import statements); also PYTHONVERBOSE=x"),
    ("-V", "print the Python version number and exit (also --version)"),
    ("-W arg", "warning control; also PYTHONWARNINGS=arg"),
    ("-x", "skip first line of source, allowing use of non-Unix forms of #!cmd"),
    ("-X opt", "set implementation-specific option"),
    ("file", "program read from script file"),
    ("-", "program read from stdin (default; interactive mode if a tty)"),
    ("arg ...", "arguments passed to program in sys.argv[1:]"),
];

fn help() -> String {
    let mut text = USAGE.to_owned();
    text.push_str("Options (and corresponding environment variables):\n");
    for (option, what) in OPTIONS {
        text.push_str(&format!("{option:<7}: {what}\n"));
    }
    text
}

/// Text of an environment variable; empty ones count as unset, as for CPython.
fn env(ignore: bool, name: &str) -> Option<String> {
    if ignore {
        return None;
    }
    std::env::var_os(name).map(|v| v.to_string_lossy().into_owned()).filter(|v| !v.is_empty())
}

/// A flag variable's level: a number, or 1 for anything else that is set.
fn env_level(ignore: bool, name: &str) -> i32 {
    env(ignore, name).map_or(0, |v| v.trim().parse::<i32>().map_or(1, |n| n.max(0)))
}

struct Scan {
    config: Config,
    target: Option<Target>,
    skip_first_line: bool,
    command_warnings: Vec<String>,
    show_version: u32,
}

/// Reads the arguments (the program name first).
pub fn parse(args: Vec<OsString>) -> Parsed {
    let mut scan = Scan {
        config: Config { orig_argv: args.clone(), ..Config::default() },
        target: None,
        skip_first_line: false,
        command_warnings: Vec::new(),
        show_version: 0,
    };
    let mut rest: Vec<OsString> = Vec::new();
    let mut i = 1;
    while i < args.len() && scan.target.is_none() {
        let arg = &args[i];
        i += 1;
        let bytes = arg.as_bytes();
        if bytes == b"-" {
            scan.target = Some(Target::Stdin);
            rest.push(arg.clone());
            break;
        }
        if bytes == b"--" {
            if i < args.len() {
                scan.target = Some(Target::File(args[i].clone()));
                rest.push(args[i].clone());
                i += 1;
            }
            break;
        }
        if let Some(long) = bytes.strip_prefix(b"--") {
            match long_option(&mut scan, long, &args, &mut i) {
                Ok(()) => continue,
                Err(parsed) => return parsed,
            }
        }
        if bytes.first() != Some(&b'-') {
            scan.target = Some(Target::File(arg.clone()));
            rest.push(arg.clone());
            break;
        }
        let mut at = 1;
        while at < bytes.len() {
            let letter = bytes[at];
            at += 1;
            // Options with a value take the rest of this word, or the next one.
            let mut value = |what: &str| -> Result<OsString, Parsed> {
                if at < bytes.len() {
                    let v = OsStr::from_bytes(&bytes[at..]).to_owned();
                    at = bytes.len();
                    return Ok(v);
                }
                if i < args.len() {
                    i += 1;
                    return Ok(args[i - 1].clone());
                }
                Err(Parsed::Usage(format!(
                    "Argument expected for the {what} option\n{USAGE}Try `rpy -h' for more information.\n"
                )))
            };
            let config = &mut scan.config;
            match letter {
                b'b' => config.bytes_warning += 1,
                b'B' => config.dont_write_bytecode = true,
                b'd' => config.debug += 1,
                b'E' => config.ignore_environment = true,
                b'i' => {
                    config.inspect.set(config.inspect.get() + 1);
                    config.interactive += 1;
                }
                b'I' => {
                    config.isolated = true;
                    config.ignore_environment = true;
                    config.no_user_site = true;
                    config.safe_path = true;
                }
                b'O' => config.optimize += 1,
                b'P' => config.safe_path = true,
                b'q' => config.quiet = true,
                b'R' => config.hash_randomization = true,
                b's' => config.no_user_site = true,
                b'S' => config.no_site = true,
                b't' => {}
                b'u' => config.unbuffered = true,
                b'v' => config.verbose += 1,
                b'x' => scan.skip_first_line = true,
                b'h' | b'?' => return Parsed::Print(help()),
                b'V' => scan.show_version += 1,
                b'W' => match value("-W") {
                    Ok(v) => scan.command_warnings.push(v.to_string_lossy().into_owned()),
                    Err(p) => return p,
                },
                b'X' => match value("-X") {
                    Ok(v) => {
                        let text = v.to_string_lossy().into_owned();
                        config.xoptions.push(match text.split_once('=') {
                            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
                            None => (text, None),
                        });
                    }
                    Err(p) => return p,
                },
                b'c' => match value("-c") {
                    Ok(v) => {
                        scan.target = Some(Target::Command(v));
                        rest.push("-c".into());
                    }
                    Err(p) => return p,
                },
                b'm' => match value("-m") {
                    Ok(v) => {
                        scan.target = Some(Target::Module(v));
                        rest.push("-m".into());
                    }
                    Err(p) => return p,
                },
                other => {
                    return Parsed::Usage(format!(
                        "Unknown option: -{}\n{USAGE}Try `rpy -h' for more information.\n",
                        other as char
                    ));
                }
            }
        }
    }
    rest.extend(args.get(i..).unwrap_or_default().iter().cloned());
    if scan.show_version > 0 {
        return Parsed::Print(version(scan.show_version > 1));
    }
    if rest.is_empty() {
        rest.push("".into());
    }
    let mut config = scan.config;
    config.argv = rest;
    if let Err(usage) = environment(&mut config, scan.command_warnings) {
        return Parsed::Usage(usage);
    }
    Parsed::Run {
        config: Box::new(config),
        target: scan.target.unwrap_or(Target::Stdin),
        skip_first_line: scan.skip_first_line,
    }
}

fn version(long: bool) -> String {
    if long {
        format!("Python {}\n", crate::sysmodule::version_text())
    } else {
        let (major, minor, micro) = crate::sysmodule::VERSION;
        format!("Python {major}.{minor}.{micro}\n")
    }
}

fn long_option(scan: &mut Scan, name: &[u8], args: &[OsString], i: &mut usize) -> Result<(), Parsed> {
    match name {
        b"help" | b"help-all" | b"help-env" | b"help-xoptions" => Err(Parsed::Print(help())),
        b"version" => {
            scan.show_version += 1;
            Ok(())
        }
        b"check-hash-based-pycs" => {
            let value = args.get(*i).map(|v| v.to_string_lossy().into_owned()).unwrap_or_default();
            *i += 1;
            if !matches!(value.as_str(), "always" | "never" | "default") {
                return Err(Parsed::Usage(
                    "--check-hash-based-pycs must be one of 'default', 'always', or 'never'\n".to_owned() + USAGE,
                ));
            }
            *scan.config.check_hash_based_pycs.borrow_mut() = value;
            Ok(())
        }
        other => Err(Parsed::Usage(format!(
            "unknown option --{}\n{USAGE}Try `rpy -h' for more information.\n",
            String::from_utf8_lossy(other)
        ))),
    }
}

/// Adds what the environment says, which the command line overrides.
fn environment(config: &mut Config, command_warnings: Vec<String>) -> Result<(), String> {
    let ignore = config.ignore_environment;
    let xoption = |config: &Config, name: &str| -> Option<Option<String>> {
        config.xoptions.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v.clone())
    };
    config.optimize = config.optimize.max(env_level(ignore, "PYTHONOPTIMIZE")).min(2);
    config.verbose = config.verbose.max(env_level(ignore, "PYTHONVERBOSE"));
    config.debug = config.debug.max(env_level(ignore, "PYTHONDEBUG"));
    config.dont_write_bytecode |= env(ignore, "PYTHONDONTWRITEBYTECODE").is_some();
    config.no_user_site |= env(ignore, "PYTHONNOUSERSITE").is_some();
    config.safe_path |= env(ignore, "PYTHONSAFEPATH").is_some();
    config.unbuffered |= env(ignore, "PYTHONUNBUFFERED").is_some();
    if env(ignore, "PYTHONINSPECT").is_some() {
        config.inspect.set(config.inspect.get().max(1));
    }
    config.dev_mode = xoption(config, "dev").is_some() || env(ignore, "PYTHONDEVMODE").is_some();
    config.faulthandler = xoption(config, "faulthandler").is_some() || env(ignore, "PYTHONFAULTHANDLER").is_some();
    config.utf8_mode = utf8_mode(xoption(config, "utf8"), env(ignore, "PYTHONUTF8"))?;
    if config.utf8_mode {
        config.stdio_errors = "surrogateescape".to_owned();
    }
    config.warn_default_encoding =
        xoption(config, "warn_default_encoding").is_some() || env(ignore, "PYTHONWARNDEFAULTENCODING").is_some();
    if let Some(home) = env(ignore, "PYTHONHOME") {
        config.home = Some(home);
    }
    if let Some(prefix) = xoption(config, "pycache_prefix").flatten().or_else(|| env(ignore, "PYTHONPYCACHEPREFIX")) {
        config.pycache_prefix = Some(prefix);
    }
    if let Some(dir) = env(ignore, "PYTHONPLATLIBDIR") {
        config.platlibdir = dir;
    }
    if let Some(digits) =
        xoption(config, "int_max_str_digits").flatten().or_else(|| env(ignore, "PYTHONINTMAXSTRDIGITS"))
    {
        match digits.parse::<i64>() {
            Ok(n) if n == 0 || n >= 640 => config.int_max_str_digits = n,
            _ => return Err(format!("Fatal Python error: int_max_str_digits must be >= 640 or 0, not {digits}\n")),
        }
    }
    if xoption(config, "no_debug_ranges").is_none() && env(ignore, "PYTHONNODEBUGRANGES").is_some() {
        config.xoptions.push(("no_debug_ranges".to_owned(), None));
    }
    match env(ignore, "PYTHONHASHSEED").as_deref() {
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
                return Err(
                    "Fatal Python error: PYTHONHASHSEED must be \"random\" or an integer in range [0; 4294967295]\n"
                        .to_owned(),
                );
            }
        },
    }
    if let Some(encoding) = env(ignore, "PYTHONIOENCODING") {
        let (name, errors) = encoding.split_once(':').unwrap_or((&encoding, ""));
        if !name.is_empty() {
            config.stdio_encoding = name.to_owned();
        }
        if !errors.is_empty() {
            config.stdio_errors = errors.to_owned();
        }
    }
    if config.dev_mode {
        config.warnoptions.push("default".to_owned());
    }
    if let Some(list) = env(ignore, "PYTHONWARNINGS") {
        config.warnoptions.extend(list.split(',').map(str::to_owned));
    }
    config.warnoptions.extend(command_warnings);
    crate::types::bytes_common::set_bytes_warning(config.bytes_warning > 0);
    if config.bytes_warning > 0 {
        let action = if config.bytes_warning > 1 { "error::BytesWarning" } else { "default::BytesWarning" };
        config.warnoptions.push(action.to_owned());
    }
    super::paths::compute(config);
    Ok(())
}

/// UTF-8 mode: `-X utf8`, then `PYTHONUTF8`; with neither, the C locale, which says nothing about the encoding, turns it on.
fn utf8_mode(option: Option<Option<String>>, variable: Option<String>) -> Result<bool, String> {
    match option {
        Some(None) => return Ok(true),
        Some(Some(value)) => {
            return match value.as_str() {
                "1" => Ok(true),
                "0" => Ok(false),
                _ => Err("Fatal Python error: preconfig_init_utf8_mode: invalid -X utf8 option value\n".to_owned()),
            };
        }
        None => {}
    }
    match variable.as_deref() {
        Some("1") => return Ok(true),
        Some("0") => return Ok(false),
        Some(_) => {
            return Err(
                "Fatal Python error: preconfig_init_utf8_mode: invalid PYTHONUTF8 environment variable value\n"
                    .to_owned(),
            );
        }
        None => {}
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
    Ok(locale.is_none_or(|name| name == "C" || name == "POSIX"))
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
