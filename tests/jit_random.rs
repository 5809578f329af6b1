//! Random programs print the same in all modes of the JIT: see tests/jit/compare.py, which can do many more.

use std::path::Path;
use std::process::Command;

#[test]
fn random_programs_agree() {
    let rpy = env!("CARGO_BIN_EXE_rpy");
    let compare = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jit/compare.py");
    // The comparison is an ordinary program: the interpreter under test runs it, too.
    let out = Command::new(rpy)
        .arg(compare)
        .args(["--python", rpy, "--seeds", "0", "150", "--batch", "25", "--modes", "off,on,eager,fail"])
        .output()
        .expect("the interpreter starts");
    let printed = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{printed}\n{}", String::from_utf8_lossy(&out.stderr));
    assert!(printed.contains("150 programs, 0 differences"), "{printed}");
}

#[test]
fn lines_to_break_are_there() {
    // Whether each break is caught takes a build each: tests/jit/breaks.py without --check.
    let breaks = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/jit/breaks.py");
    let out =
        Command::new(env!("CARGO_BIN_EXE_rpy")).arg(breaks).arg("--check").output().expect("the interpreter starts");
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
}
