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
