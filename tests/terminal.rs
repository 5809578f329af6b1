//! Interactive sessions at a terminal: the interpreter runs on a pseudo-terminal, and the test types.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// An interpreter at a terminal.
struct Session {
    terminal: File,
    child: Child,
    output: Receiver<Vec<u8>>,
    /// All that it has written.
    raw: Vec<u8>,
    /// How much of the readable text was waited for.
    seen: usize,
    history: PathBuf,
}

impl Session {
    fn start(name: &str, args: &[&str], term: &str) -> Session {
        let (mut ours, mut theirs) = (0, 0);
        let size = libc::winsize { ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: `openpty` writes two descriptors; both are owned by files from then on.
        let (terminal, other) = unsafe {
            let opened = libc::openpty(&mut ours, &mut theirs, std::ptr::null_mut(), std::ptr::null(), &raw const size);
            assert_eq!(opened, 0, "a pseudo-terminal");
            (File::from_raw_fd(ours), File::from_raw_fd(theirs))
        };
        let history = std::env::temp_dir().join(format!("rpy-history-{name}-{}", std::process::id()));
        let mut command = Command::new(env!("CARGO_BIN_EXE_rpy"));
        command.args(args).env("TERM", term).env("PYTHON_HISTORY", &history);
        for name in ["PYTHON_BASIC_REPL", "PYTHONSTARTUP", "NO_COLOR", "PYTHON_COLORS", "PYTHONPATH"] {
            command.env_remove(name);
        }
        command.stdin(other.try_clone().expect("a copy"));
        command.stdout(other.try_clone().expect("a copy"));
        command.stderr(other);
        // SAFETY: only system calls between fork and exec.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY, 0);
                Ok(())
            });
        }
        let child = command.spawn().expect("the interpreter starts");
        // The terminal ends with its last user: not with the copies kept here.
        drop(command);
        let (sender, output) = channel();
        let mut reader = terminal.try_clone().expect("a copy");
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Session { terminal, child, output, raw: Vec::new(), seen: 0, history }
    }

    fn keys(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until something is shown behind what was waited for before.
    fn wait_for(&mut self, wanted: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let shown = readable(&String::from_utf8_lossy(&self.raw));
            let rest = shown.get(self.seen..).unwrap_or("");
            if let Some(at) = rest.find(wanted) {
                self.seen += at + wanted.len();
                return;
            }
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.raw.extend(bytes),
                Err(_) => panic!("{wanted:?} is not shown, but {rest:?}"),
            }
        }
    }

    fn status(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.child.try_wait().expect("a child") {
                Some(status) => return status.code(),
                None if Instant::now() > end => panic!("the session does not end"),
                None => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.history);
    }
}

/// The text without control sequences and carriage returns.
fn readable(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => match chars.next() {
                Some('[') => while chars.next().is_some_and(|c| !('@'..='~').contains(&c)) {},
                Some('(' | ')') => {
                    chars.next();
                }
                _ => {}
            },
            '\r' | '\x07' | '\x00' => {}
            c => out.push(c),
        }
    }
    out
}

#[test]
fn the_editing_console() {
    let mut session = Session::start("editing", &[], "xterm-256color");
    session.wait_for("Python 3.14.0 (rpy ");
    session.wait_for(">>> ");
    session.keys("12345 + 1\r");
    session.wait_for("12346");
    session.wait_for(">>> ");
    session.keys("def twice(x):\r");
    session.wait_for("... ");
    // The console has indented the line.
    session.keys("return x * 2\r\r");
    session.wait_for(">>> ");
    session.keys("twice(4321)\r");
    session.wait_for("8642");
    session.wait_for(">>> ");
    session.keys("1 / 0\r");
    session.wait_for("ZeroDivisionError: division by zero");
    session.wait_for(">>> ");
    // History.
    session.keys("\x1bOA\x1bOA");
    session.wait_for("twice(4321)");
    session.keys("\r");
    session.wait_for("8642");
    session.wait_for(">>> ");
    // Completion.
    session.keys("import collec\t\r");
    session.wait_for("collections");
    session.wait_for(">>> ");
    session.keys("nonsense(");
    session.wait_for("nonsense(");
    session.keys("\x03");
    session.wait_for("KeyboardInterrupt");
    session.wait_for(">>> ");
    assert!(session.raw.windows(2).any(|w| w == b"\x1b["), "colours and cursor movements");
    session.keys("\x04");
    assert_eq!(session.status(), Some(0));
}

#[test]
fn the_plain_console_of_a_dumb_terminal() {
    let mut session = Session::start("dumb", &["-q"], "dumb");
    session.wait_for(">>> ");
    session.keys("12345 + 1\n");
    session.wait_for("12346\n>>> ");
    session.keys("for i in range(2): print(7000 + i)\n\n");
    session.wait_for("7000\n7001\n>>> ");
    session.keys("\x03");
    session.wait_for("KeyboardInterrupt\n>>> ");
    session.keys("import sys; sys.exit(5)\n");
    assert_eq!(session.status(), Some(5));
}

#[test]
fn inspection_after_a_program() {
    let mut session = Session::start("inspect", &["-i", "-c", "value = 4321"], "xterm");
    session.wait_for(">>> ");
    session.keys("value * 2\r");
    session.wait_for("8642");
    session.wait_for(">>> ");
    session.keys("exit(3)\r");
    assert_eq!(session.status(), Some(3));
}
