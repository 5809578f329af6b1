//! Code for people to read: the bytes of each instruction of the trace.

use core::fmt::Write;

use super::Compiled;
use crate::ir::Trace;

/// One line per instruction: what it is, where its code is, the code. The trace must have been compiled with
/// [`listing`](super::Options::listing).
pub fn listing(trace: &Trace, compiled: &Compiled) -> String {
    let bytes = compiled.bytes();
    let mut text = String::new();
    let mut row = |what: &str, from: usize, to: usize| {
        // Writing to a string does not fail.
        let _ = write!(text, "{from:5x}  {what:<40}");
        for byte in &bytes[from..to] {
            let _ = write!(text, " {byte:02x}");
        }
        text.push('\n');
    };
    let first = compiled.map.first().map_or(0, |m| m.1 as usize);
    row("entry", 0, first);
    // Instructions are the first lines of a trace's text, one each.
    let printed = trace.to_string();
    let lines: Vec<&str> = printed.lines().collect();
    for pair in compiled.map.windows(2) {
        let (inst, from) = pair[0];
        row(lines.get(inst as usize).unwrap_or(&""), from as usize, pair[1].1 as usize);
    }
    if let Some(&(_, end)) = compiled.map.last() {
        row("slow paths, exits, constants", end as usize, bytes.len());
    }
    text
}
