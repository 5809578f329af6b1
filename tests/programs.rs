//! Whole programs: every file of `tests/programs` and `examples` runs under the interpreter just built, and its output is
//! compared with the expected one, which CPython wrote.
//!
//! `tests/programs/known_failures.txt` names the programs that do not pass yet, with the reason. Such a program must fail:
//! when one starts to pass, its line has to go, so that the list only shrinks. A program that crashes (ends by a signal)
//! or hangs fails the test in any case.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const TIME_LIMIT: Duration = Duration::from_secs(120);

enum Outcome {
    Passed,
    /// What went wrong, in a line.
    Failed(String),
    /// Ended by a signal, or did not end.
    Crashed(String),
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn known_failures() -> BTreeMap<String, String> {
    let path = root().join("tests/programs/known_failures.txt");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (name, reason) = line.split_once(' ').unwrap_or((line, ""));
            (name.to_owned(), reason.trim().to_owned())
        })
        .collect()
}

/// The programs of a folder that have an expected output, sorted.
fn programs(folder: &str) -> Vec<(PathBuf, PathBuf)> {
    let folder = root().join(folder);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).expect("the folder is part of the project").flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "py") {
            let stem = path.file_stem().unwrap_or_default();
            let expected = folder.join("expected").join(stem).with_extension("txt");
            if expected.is_file() {
                found.push((path, expected));
            }
        }
    }
    found.sort();
    found
}

fn run(program: &Path, expected: &Path, mode: &str) -> Outcome {
    let mut child = match Command::new(env!("CARGO_BIN_EXE_rpy"))
        .args(["-X", mode])
        .arg(program.file_name().unwrap_or_default())
        .current_dir(program.parent().unwrap_or(root()))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONHASHSEED", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(e) => return Outcome::Crashed(format!("cannot start: {e}")),
    };
    // The pipes are read by threads, so that a chatty program cannot block.
    fn reader(stream: Option<impl std::io::Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
        std::thread::spawn(move || {
            let mut data = Vec::new();
            if let Some(mut stream) = stream {
                let _ = stream.read_to_end(&mut data);
            }
            data
        })
    }
    let (out, err) = (reader(child.stdout.take()), reader(child.stderr.take()));
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() > TIME_LIMIT => {
                let _ = child.kill();
                let _ = child.wait();
                return Outcome::Crashed("does not end".to_owned());
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(5)),
            Err(e) => return Outcome::Crashed(format!("cannot wait: {e}")),
        }
    };
    let out = out.join().unwrap_or_default();
    let err = err.join().unwrap_or_default();
    if let Some(signal) = status.signal() {
        return Outcome::Crashed(format!("ended by signal {signal}"));
    }
    let wanted = std::fs::read(expected).unwrap_or_default();
    if !status.success() {
        let err = String::from_utf8_lossy(&err);
        return Outcome::Failed(format!("{status}: {}", err.trim_end().lines().last().unwrap_or("")));
    }
    if out != wanted {
        let (out, wanted) = (String::from_utf8_lossy(&out), String::from_utf8_lossy(&wanted));
        let line = out
            .lines()
            .zip(wanted.lines())
            .position(|(a, b)| a != b)
            .unwrap_or(out.lines().count().min(wanted.lines().count()));
        return Outcome::Failed(format!(
            "line {}: got {:?}, expected {:?}",
            line + 1,
            out.lines().nth(line).unwrap_or(""),
            wanted.lines().nth(line).unwrap_or("")
        ));
    }
    Outcome::Passed
}

fn check(mode: &str) {
    let known = known_failures();
    let mut complaints = Vec::new();
    let mut passed = 0;
    for (program, expected) in programs("tests/programs").into_iter().chain(programs("examples")) {
        let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        match (run(&program, &expected, mode), known.get(&name)) {
            (Outcome::Passed, None) => passed += 1,
            (Outcome::Passed, Some(_)) => complaints.push(format!("{name} passes now: take it off the list")),
            (Outcome::Failed(_), Some(_)) => {}
            (Outcome::Failed(what), None) => complaints.push(format!("{name}: {what}")),
            (Outcome::Crashed(what), _) => complaints.push(format!("{name}: {what}")),
        }
    }
    println!("{passed} programs as expected with {mode}, {} known failures", known.len());
    assert!(complaints.is_empty(), "with {mode}:\n{}", complaints.join("\n"));
    assert!(passed > 0, "no program was found");
}

#[test]
fn programs_print_what_cpython_prints() {
    check("jit=off");
}

#[test]
fn programs_print_the_same_with_the_jit() {
    check("jit=on");
}

#[test]
fn programs_print_the_same_with_an_eager_jit() {
    check("jit=eager");
}
