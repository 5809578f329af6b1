//! Extension modules in C, compiled here and used from Python.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Compiles the test extensions into a directory of their own.
fn build() -> PathBuf {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/capi");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("capi");
    std::fs::create_dir_all(&out).unwrap();
    for module in ["capi_single", "capi_multi", "capi_rules", "capi_older", "capi_errors", "capi_missing"] {
        let status = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-pthread", "-o"])
            .arg(out.join(format!("{module}.cpython-314-x86_64-linux-gnu.so")))
            .arg(sources.join(format!("{module}.c")))
            .status()
            .unwrap();
        assert!(status.success(), "{module}.c does not compile");
    }
    out
}

#[test]
fn extensions_work() {
    let out = build();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/capi");
    let run = Command::new(env!("CARGO_BIN_EXE_rpy"))
        .arg(tests.join("test_extensions.py"))
        .env("PYTHONPATH", out)
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&run.stdout);
    let expected = std::fs::read_to_string(tests.join("expected.txt")).unwrap();
    let errors = String::from_utf8_lossy(&run.stderr);
    assert_eq!(printed, expected, "{errors}");
    assert!(run.status.success(), "{errors}");
}
