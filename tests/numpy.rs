//! numpy's own tests from its unmodified wheel, a cross-section of them: see tests/numpy/README.md.
//!
//! The wheel comes by pip, which needs its registry the first time. Where there is none this is left out, as with
//! `RPY_TEST_OFFLINE=1`.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// What pip says where its registry cannot be reached.
const UNREACHABLE: &[&str] =
    &["NewConnectionError", "Temporary failure in name resolution", "Connection refused", "Network is unreachable"];

#[test]
fn cross_section() {
    let Some(printed) = run(&["--fast"]) else { return };
    assert!(printed.contains("(crashed 0, hung 0)"), "{printed}");
}

#[test]
fn random_programs_agree() {
    let Some(printed) = run(&["--random", "0", "200"]) else { return };
    assert!(printed.contains("200 programs, 0 differences"), "{printed}");
}

#[test]
fn examples_print_what_they_should() {
    let Some(printed) = run(&["--examples"]) else { return };
    assert!(printed.contains("0 examples went wrong"), "{printed}");
}

/// What the runner prints; nothing where it is left out.
fn run(args: &[&str]) -> Option<String> {
    // One at a time: the first makes the environment.
    static ENVIRONMENT: Mutex<()> = Mutex::new(());
    let _turn = ENVIRONMENT.lock();
    if std::env::var_os("RPY_TEST_OFFLINE").is_some_and(|value| !value.is_empty()) {
        eprintln!("left out: RPY_TEST_OFFLINE is set");
        return None;
    }
    let rpy = env!("CARGO_BIN_EXE_rpy");
    let runner = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/numpy/run.py");
    // The runner is an ordinary program: the interpreter under test runs it, too.
    let out = Command::new(rpy)
        .arg(runner)
        .args(["--python", rpy])
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the interpreter starts");
    let printed = String::from_utf8_lossy(&out.stdout);
    let errors = String::from_utf8_lossy(&out.stderr);
    if !out.status.success() && UNREACHABLE.iter().any(|text| errors.contains(text) || printed.contains(text)) {
        eprintln!("left out: pip cannot reach its registry\n{errors}");
        return None;
    }
    assert!(out.status.success(), "{printed}\n{errors}");
    Some(printed.into_owned())
}
