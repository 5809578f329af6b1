//! The command line.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::{environment, help};
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
    /// An unusable value of an option or variable: exit with 1.
    Fatal(String),
}

struct Scan {
    config: Config,
    target: Option<Target>,
    skip_first_line: bool,
    command_warnings: Vec<String>,
    show_version: u32,
    /// `-R`
    randomize: bool,
    program: String,
}

/// A usage error.
fn usage_error(program: &str, what: &str) -> Parsed {
    Parsed::Usage(format!("{what}\n{}Try `python -h' for more information.\n", help::usage(program)))
}

/// Reads the arguments (the program name first).
pub fn parse(args: Vec<OsString>) -> Parsed {
    let program = args.first().map_or_else(|| "rpy".to_owned(), |name| name.to_string_lossy().into_owned());
    let mut scan = Scan {
        config: Config { orig_argv: args.clone(), ..Config::default() },
        target: None,
        skip_first_line: false,
        command_warnings: Vec::new(),
        show_version: 0,
        randomize: false,
        program: program.clone(),
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
                Err(usage_error(&program, &format!("Argument expected for the {what} option")))
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
                b'R' => scan.randomize = true,
                b's' => config.no_user_site = true,
                b'S' => config.no_site = true,
                b't' => {}
                b'u' => config.unbuffered = true,
                b'v' => config.verbose += 1,
                b'x' => scan.skip_first_line = true,
                b'h' | b'?' => return Parsed::Print(help::options(&program)),
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
                    return usage_error(&program, &format!("Unknown option: -{}", other as char));
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
    if let Err(text) = environment::apply(&mut config, scan.command_warnings, scan.randomize) {
        return Parsed::Fatal(text);
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
        b"help" => Err(Parsed::Print(help::options(&scan.program))),
        b"help-all" => Err(Parsed::Print(help::all(&scan.program))),
        b"help-env" => Err(Parsed::Print(help::environment())),
        b"help-xoptions" => Err(Parsed::Print(help::x_options())),
        b"version" => {
            scan.show_version += 1;
            Ok(())
        }
        b"check-hash-based-pycs" => {
            let value = args.get(*i).map(|v| v.to_string_lossy().into_owned()).unwrap_or_default();
            *i += 1;
            if !matches!(value.as_str(), "always" | "never" | "default") {
                return Err(usage_error(
                    &scan.program,
                    "--check-hash-based-pycs must be one of 'default', 'always', or 'never'",
                ));
            }
            *scan.config.check_hash_based_pycs.borrow_mut() = value;
            Ok(())
        }
        other => {
            let what = format!("Unknown option: --{}", String::from_utf8_lossy(other));
            Err(usage_error(&scan.program, &what))
        }
    }
}
