//! Damaged input does not end the interpreter: see tests/fuzz/fuzz.py, which can do much more.

use std::path::Path;
use std::process::Command;

#[test]
fn damaged_input_is_survived() {
    let rpy = env!("CARGO_BIN_EXE_rpy");
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/fuzz.py");
    // The driver is an ordinary program: the interpreter under test runs it, too.
    let out = Command::new(rpy)
        .arg(driver)
        .args(["--python", rpy, "--seed", "1", "--inputs", "200", "--damaged"])
        .output()
        .expect("the interpreter starts");
    let printed = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{printed}\n{}", String::from_utf8_lossy(&out.stderr));
    assert!(printed.contains(" 0 findings"), "{printed}");
}
