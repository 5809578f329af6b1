//! Traces through the optimizer, text to text.
//!
//! Each file in `opt/` has cases: a line `== name`, a recording, a line `--`, what becomes of it. A recording that ends with a
//! line `close` is closed to a loop, whose head has the slots of the last snapshot; with `close widened`, though it contradict itself; with
//! `close tightened`, it gets what loops get last (see `tighten`). With `RPY_BLESS=1` in the environment,
//! what becomes of the recordings is written into the files: look at the difference.

mod common;

use std::fmt::Write as _;
use std::path::Path;

use common::{CALLS, Feeder};
use rpy_jit::ir::text::parse;
use rpy_jit::ir::verify::verify;
use rpy_jit::opt::{Contradicted, close_loop, finish, tighten};

/// What becomes of a recording.
fn optimize(text: &str) -> String {
    let text = text.trim_end();
    let ends = [
        ("\nclose", Contradicted::Refuse, false),
        ("\nclose widened", Contradicted::Widen, false),
        ("\nclose tightened", Contradicted::Refuse, true),
    ];
    let close = ends.iter().find_map(|&(end, how, twice)| Some((text.strip_suffix(end)?, (how, twice))));
    let (text, closes) = (close.map_or(text, |(text, _)| text), close.map(|(_, closes)| closes));
    let source = match parse(text, CALLS) {
        Ok(source) => source,
        Err(error) => return format!("error: {error}\n"),
    };
    let mut feeder = Feeder::new(&source);
    if feeder.feed().is_err() {
        return "contradiction\n".into();
    }
    let trace = if let Some((contradicted, twice)) = closes {
        let head = feeder.head();
        match close_loop(feeder.builder, &head, contradicted) {
            Ok(trace) if twice => tighten(trace),
            Ok(trace) => trace,
            Err(reason) => return format!("abandoned: {reason:?}\n"),
        }
    } else {
        finish(feeder.builder)
    };
    match verify(&trace) {
        Ok(()) => trace.to_string(),
        Err(message) => format!("{trace}invalid: {message}\n"),
    }
}

fn check_file(path: &Path, bless: bool) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("the file can be read");
    let (mut failures, mut blessed) = (Vec::new(), String::new());
    let mut cases = text.split("\n== ");
    let intro = cases.next().unwrap_or_default();
    blessed.push_str(intro.trim_end());
    blessed.push('\n');
    for case in cases {
        let (name, body) = case.split_once('\n').unwrap_or((case, ""));
        let (input, expected) = body.split_once("\n--\n").unwrap_or((body, ""));
        let found = optimize(input);
        if found.trim() != expected.trim() {
            failures.push(format!("{}: {name}\n{found}", path.display()));
        }
        let _ = write!(blessed, "\n== {name}\n{}\n--\n{found}", input.trim_end());
    }
    if bless {
        std::fs::write(path, blessed).expect("the file can be written");
    }
    failures
}

#[test]
fn text_to_text() {
    let bless = std::env::var_os("RPY_BLESS").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/opt");
    let mut failures = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder exists").flatten() {
        failures.extend(check_file(&entry.path(), bless));
    }
    assert!(bless || failures.is_empty(), "{}", failures.join("\n"));
}
