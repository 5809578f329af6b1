//! The eval loop's handlers must end in jumps (`vm/src/interp/dispatch.rs`): stable Rust does not promise that a call in
//! tail position becomes one, so this looks at the machine code of optimized builds. A handler that *calls* the next one
//! would use up the stack. Builds with debug assertions go another way and have nothing to check.

#![cfg(not(debug_assertions))]

use std::process::Command;

/// Does the line call through a table of pointers, as only a handler's way to the next one does?
fn calls_through_table(line: &str) -> bool {
    line.contains("call ") && line.contains(",8)") && line.contains('*')
}

/// What ends in the next handler.
const ON_THE_WAY: &[&str] =
    &["dispatch7handler", "dispatch17recording_handler", "dispatch5raise", "dispatch10deoptimize", "dispatch8hot_loop"];

/// Does the line call what itself ends in the next handler?
fn calls_on(line: &str) -> bool {
    line.contains("call ") && ON_THE_WAY.iter().any(|name| line.contains(name))
}

#[test]
fn handlers_end_in_jumps() {
    let output = Command::new("objdump")
        .args(["-d", "--no-show-raw-insn", env!("CARGO_BIN_EXE_rpy")])
        .output()
        .expect("objdump comes with the C compiler's binutils");
    assert!(output.status.success());
    let text = String::from_utf8_lossy(&output.stdout);
    let mut current = None;
    let mut handlers = 0;
    let mut wrong = Vec::new();
    for line in text.lines() {
        if line.ends_with(">:") {
            current = ON_THE_WAY.iter().any(|name| line.contains(name)).then_some(line);
            handlers += line.contains("dispatch7handler") as usize;
        } else if let Some(name) = current
            && (calls_through_table(line) || calls_on(line))
        {
            wrong.push(format!("{name} {line}"));
        }
    }
    assert!(handlers > 150, "only {handlers} handlers found: have they been renamed?");
    assert!(wrong.is_empty(), "handlers that call the next one instead of jumping:\n{}", wrong.join("\n"));
}
