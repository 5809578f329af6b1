//! The C headers: extension modules that are compiled against them work, they have the ABI's layouts, and C++ takes them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn project() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The directory that `sysconfig` names, which build tools ask.
fn include() -> PathBuf {
    let script = "import sysconfig as s; print(s.get_path('include'), s.get_path('platinclude'), s.get_config_var('INCLUDEPY'), sep='\\n')";
    let run = Command::new(env!("CARGO_BIN_EXE_rpy")).args(["-I", "-c", script]).output().unwrap();
    let printed = String::from_utf8(run.stdout).unwrap();
    let paths: Vec<&str> = printed.lines().collect();
    assert_eq!(paths.len(), 3, "{}", String::from_utf8_lossy(&run.stderr));
    assert!(paths.iter().all(|path| *path == paths[0]), "{paths:?}");
    PathBuf::from(paths[0])
}

/// Runs a compiler, which must have nothing to say. There has to be one of C, not of C++.
fn compile(compiler: &str, arguments: &[&str], include: &Path, source: &Path) {
    let run = match Command::new(compiler).args(arguments).arg("-I").arg(include).arg(source).output() {
        Ok(run) => run,
        Err(error) if compiler == "c++" && error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("left out: there is no compiler of C++");
            return;
        }
        Err(error) => panic!("{compiler}: {error}"),
    };
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success() && said.is_empty(), "{compiler} {arguments:?} {}: {said}", source.display());
}

#[test]
fn sysconfig_names_the_headers() {
    let include = include();
    assert!(include.join("Python.h").is_file() && include.join("pyconfig.h").is_file(), "{}", include.display());
}

#[test]
fn prototypes_are_those_of_the_exported_functions() {
    let generator = project().join("capi-emulation/include/generate.py");
    let run = Command::new(env!("CARGO_BIN_EXE_rpy")).arg(generator).arg("--check").output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
}

#[test]
fn all_exported_names_are_known() {
    let include = project().join("capi-emulation/include");
    let text =
        ["prototypes.h", "prototypes.overrides"].map(|name| std::fs::read_to_string(include.join(name)).unwrap());
    let known: BTreeSet<&str> =
        text.iter().flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')).collect();
    let missing: Vec<&str> =
        rpy_capi::symbols().map(|symbol| symbol.name).filter(|name| !known.contains(name)).collect();
    assert!(missing.is_empty(), "neither declared nor listed as hidden: {missing:?}");
}

#[test]
fn layouts_are_those_of_the_abi() {
    let strict = ["-fsyntax-only", "-std=c11", "-Wall", "-Wextra", "-Wpedantic"];
    compile("cc", &strict, &include(), &project().join("tests/capi/layouts.c"));
}

#[test]
fn all_languages_take_the_headers() {
    let source = project().join("tests/capi/all_headers.c");
    let include = include();
    let strict = ["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow"];
    for (compiler, dialect) in [
        ("cc", "-std=gnu89"),
        ("cc", "-std=c99"),
        ("cc", "-std=gnu17"),
        ("c++", "-std=c++98"),
        ("c++", "-std=c++11"),
        ("c++", "-std=c++20"),
    ] {
        for limited in ["-UPy_LIMITED_API", "-DPy_LIMITED_API=0x03080000", "-DPy_LIMITED_API=0x030e0000"] {
            let mut arguments = strict.to_vec();
            arguments.extend([dialect, limited, "-Wno-long-long", "-x", if compiler == "cc" { "c" } else { "c++" }]);
            compile(compiler, &arguments, &include, &source);
        }
    }
}

#[test]
fn extensions_work() {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi_headers");
    std::fs::create_dir_all(&out).unwrap();
    let tests = project().join("tests/capi");
    let library = out.join("headers_module.cpython-314-x86_64-linux-gnu.so");
    let arguments = [
        "-shared",
        "-fPIC",
        "-O1",
        "-Wall",
        "-Wextra",
        "-Wno-cast-function-type",
        "-Wno-missing-field-initializers",
        "-o",
    ];
    let mut arguments = arguments.to_vec();
    arguments.push(library.to_str().unwrap());
    compile("cc", &arguments, &include(), &tests.join("headers_module.c"));
    let run = Command::new(env!("CARGO_BIN_EXE_rpy"))
        .arg(tests.join("test_headers.py"))
        .env("PYTHONPATH", out)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&run.stderr);
    let expected = std::fs::read_to_string(tests.join("expected_headers.txt")).unwrap();
    assert_eq!(String::from_utf8_lossy(&run.stdout), expected, "{errors}");
    assert!(run.status.success(), "{errors}");
}
