//! Where things are: the executable, the prefixes, the library, `sys.path`.
//!
//! The Python files of the library are found, in this order:
//! 1. in an installed prefix: `PREFIX/lib/python3.14/os.py`, with PREFIX above the executable (or above the `home` of a
//!    virtual environment's `pyvenv.cfg`, or `PYTHONHOME`);
//! 2. in a source checkout: the project's own `Lib/`, laid over the directory that the library crate was built from.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::sysmodule::config::Config;

/// The project's own files, laid over the library crate's.
const OWN_LIB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../Lib");

/// Finds the executable as a shell would.
fn find_executable(argv0: Option<&OsStr>) -> PathBuf {
    let argv0 = argv0.unwrap_or_default();
    if !argv0.is_empty() {
        let path = Path::new(argv0);
        if path.components().count() > 1 || argv0.as_encoded_bytes().contains(&b'/') {
            return std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        }
        if let Some(search) = std::env::var_os("PATH") {
            for dir in std::env::split_paths(&search) {
                let candidate = dir.join(path);
                if candidate.is_file() {
                    return std::path::absolute(&candidate).unwrap_or(candidate);
                }
            }
        }
    }
    std::env::current_exe().unwrap_or_default()
}

/// The `home` key of a `pyvenv.cfg` beside the executable or one directory up.
fn venv_home(executable: &Path) -> Option<(PathBuf, PathBuf)> {
    let bin = executable.parent()?;
    for dir in [Some(bin), bin.parent()].into_iter().flatten() {
        let Ok(text) = std::fs::read_to_string(dir.join("pyvenv.cfg")) else { continue };
        for line in text.lines() {
            if let Some((key, value)) = line.split_once('=')
                && key.trim().eq_ignore_ascii_case("home")
            {
                let prefix = if dir == bin { bin.parent().unwrap_or(bin) } else { dir };
                return Some((prefix.to_owned(), PathBuf::from(value.trim())));
            }
        }
    }
    None
}

fn landmark(prefix: &Path) -> bool {
    prefix.join("lib/python3.14/os.py").is_file()
}

/// The first directory above `start` that has an installed library.
fn search_up(start: &Path) -> Option<PathBuf> {
    start.ancestors().skip(1).find(|dir| landmark(dir)).map(Path::to_owned)
}

/// The executable that a virtual environment was made from: what the environment's executable links to. Where it is a copy,
/// one of the same name in the environment's `home`, or of another usual name.
fn base_executable(executable: &Path, real: &Path, home: &Path) -> PathBuf {
    if real != executable {
        return real.to_owned();
    }
    let own = home.join(executable.file_name().unwrap_or_default());
    let names = ["python3", "python3.14", "rpy"];
    let mut candidates = std::iter::once(own.clone()).chain(names.map(|name| home.join(name)));
    candidates.find(|candidate| candidate.is_file()).unwrap_or(own)
}

/// Fills in executable, prefixes and module search paths.
pub fn compute(config: &mut Config) {
    let executable = find_executable(config.orig_argv.first().map(OsString::as_os_str));
    let venv = venv_home(&executable);
    let mut real = std::fs::canonicalize(&executable).unwrap_or_else(|_| executable.clone());
    let base_executable = match &venv {
        Some((_, home)) => {
            let base = base_executable(&executable, &real, home);
            // From here on the place of the original counts.
            real = std::fs::canonicalize(&base).unwrap_or_else(|_| base.clone());
            base
        }
        None => executable.clone(),
    };
    let installed = config
        .home
        .as_ref()
        .map(PathBuf::from)
        .filter(|home| landmark(home))
        .or_else(|| venv.as_ref().and_then(|(_, home)| search_up(&home.join("x"))))
        .or_else(|| search_up(&real));
    let base_prefix = match &installed {
        Some(prefix) => prefix.clone(),
        // In a checkout: the build directory, which has no library of its own.
        None => real.parent().and_then(Path::parent).unwrap_or(Path::new("/")).to_owned(),
    };
    let prefix = venv.as_ref().map_or_else(|| base_prefix.clone(), |(prefix, _)| prefix.clone());

    let mut paths: Vec<OsString> = super::environment::python_path(config.ignore_environment);
    paths.push(base_prefix.join(format!("{}/python314.zip", config.platlibdir)).into());
    let stdlib = match &installed {
        Some(prefix) => {
            let lib = prefix.join("lib/python3.14");
            paths.push(lib.clone().into());
            lib
        }
        None => {
            if let Ok(own) = std::fs::canonicalize(OWN_LIB)
                && std::fs::read_dir(&own).is_ok_and(|mut entries| entries.next().is_some())
            {
                paths.push(own.into());
            }
            let lib = PathBuf::from(rustpython_pylib::LIB_PATH);
            paths.push(lib.clone().into());
            lib
        }
    };
    paths.push(base_prefix.join("lib/python3.14/lib-dynload").into());

    config.executable = executable.into();
    config.base_executable = base_executable.into();
    config.exec_prefix = prefix.clone().into();
    config.prefix = prefix.into();
    config.base_exec_prefix = base_prefix.clone().into();
    config.base_prefix = base_prefix.into();
    config.stdlib_dir = Some(stdlib.into());
    config.module_search_paths = paths;
}
