//! What the JIT's log says of whole programs: which functions have traces of their own.

use std::path::Path;
use std::process::Command;

/// The headings of the log of a program of `tests/programs`.
fn headings(program: &str) -> Vec<String> {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{program}.log"));
    let _ = std::fs::remove_file(&log);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(program);
    let run =
        Command::new(env!("CARGO_BIN_EXE_rpy")).args(["-X", "jit=eager"]).arg(path).env("RPY_JIT_LOG", &log).output();
    assert!(run.expect("rpy runs").status.success());
    let text = std::fs::read_to_string(&log).unwrap_or_default();
    text.lines().filter_map(|line| line.strip_prefix("== ")).map(str::to_owned).collect()
}

#[test]
fn functions_with_branching_loops_are_called() {
    let headings = headings("101_jit_ways.py");
    let calls = |caller: &str| {
        let called = |line: &&String| line.contains("CALL") && line.contains("a function that is not followed");
        headings.iter().filter(called).any(|line| line.starts_with(&format!("interpreted {caller} ")))
    };
    assert!(calls("Board.total") && calls("failures"), "their callees have branching loops:\n{}", headings.join("\n"));
    assert!(!calls("Board.ways"), "what it calls has no loop");
    assert!(!calls("generated"), "a generator is followed");
}
