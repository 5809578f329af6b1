//! Interactive sessions at a terminal: the interpreter runs on a pseudo-terminal, and the test types.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
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
        command.args(args).env("TERM", term).env("PYTHON_HISTORY", &history).env("INPUTRC", "/dev/null");
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

    fn resize(&self, columns: u16) {
        let size = libc::winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: an open terminal, and a record that is read.
        let done = unsafe { libc::ioctl(self.terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
        assert_eq!(done, 0, "the terminal has another size");
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

/// Does the system have GNU readline?
fn has_readline() -> bool {
    // SAFETY: the library's initialisation does nothing that could disturb us.
    unsafe { !libc::dlopen(c"libreadline.so.8".as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL).is_null() }
}

/// Asks for lines, and shows them, and what became of them.
const QUESTIONS: &str = "
import readline
import threading
def complete(text, state):
    if state == 0:
        print('|word', readline.get_begidx(), readline.get_endidx(), ascii(readline.get_line_buffer()))
        1 / (text != 'broken')
    return [word for word in ('alphabet', 'alpine', '\\xe9t\\xe9s') if word.startswith(text)][state]
def startup():
    readline.set_startup_hook()
    readline.insert_text('hooked ')
    try:
        input()
    except RuntimeError as error:
        print('|', error)
    raise ValueError
readline.parse_and_bind('tab: complete')
readline.set_completer(complete)
readline.set_startup_hook(startup)
readline.set_pre_input_hook(lambda: print('|ready'))
readline.set_completion_display_matches_hook(lambda *args: print('|shown', args))
while True:
    try:
        print('got', ascii(input('ask> ')))
    except KeyboardInterrupt:
        print('interrupted')
    except EOFError:
        break
readline.set_pre_input_hook()
readline.set_completion_display_matches_hook()
print('history', [ascii(readline.get_history_item(i + 1)) for i in range(readline.get_current_history_length())])
readline.set_auto_history(False)
threads = [threading.Thread(target=lambda: print('thread got', input('ask> '))) for _ in range(2)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(readline.get_current_history_length(), 'entries')
";

#[test]
fn lines_with_readline() {
    if !has_readline() {
        return;
    }
    let mut session = Session::start("readline", &["-c", QUESTIONS], "xterm");
    session.wait_for("| can't re-enter readline");
    session.wait_for("|ready");
    session.keys("first\r");
    session.wait_for("got 'hooked first'");
    session.wait_for("|ready");
    // History.
    session.keys("\x1b[A!\r");
    session.wait_for("got 'hooked first!'");
    session.wait_for("|ready");
    // Completion, with indexes in characters.
    session.keys("\u{e9} \u{e9}t\t");
    session.wait_for("|word 2 4 '\\xe9 \\xe9t'");
    session.keys("\r");
    session.wait_for("got '\\xe9 \\xe9t\\xe9s'");
    session.wait_for("|ready");
    session.keys("al\t\t\t");
    session.wait_for("|shown ('alp', ['alphabet', 'alpine'], 8)");
    session.keys("\x15broken\t");
    session.wait_for("|word 0 6 'broken'");
    // An interrupt throws the line away.
    session.keys("\x03");
    session.wait_for("interrupted");
    session.wait_for("|ready");
    // The line is shown anew in a window of another size.
    session.keys("last");
    session.wait_for("last");
    session.resize(50);
    session.wait_for("ask> last");
    session.keys("\r");
    session.wait_for("got 'last'");
    session.wait_for("|ready");
    session.keys("\x04");
    session.wait_for("history [\"'hooked first'\", \"'hooked first!'\", \"'\\\\xe9 \\\\xe9t\\\\xe9s'\", \"'last'\"]");
    // Two threads take turns.
    session.wait_for("ask> ");
    session.keys("one\r");
    session.wait_for("thread got one");
    session.keys("two\r");
    session.wait_for("thread got two");
    session.wait_for("4 entries");
    assert_eq!(session.status(), Some(0));
}

#[test]
fn the_plain_console_with_readline() {
    if !has_readline() {
        return;
    }
    // With the hook of interactive sessions, which sets up completion and the history file.
    let program = "import os; os.environ['PYTHON_BASIC_REPL'] = '1'";
    let mut session = Session::start("basic", &["-i", "-c", program], "xterm");
    session.wait_for(">>> ");
    session.keys("value = 4320\r");
    session.wait_for(">>> ");
    session.keys("val\t + 1\r");
    session.wait_for("4321");
    session.wait_for(">>> ");
    session.keys("\x10\r");
    session.wait_for("4321");
    session.wait_for(">>> ");
    session.keys("(value,\r");
    session.wait_for("... ");
    session.keys("\x03");
    session.wait_for("KeyboardInterrupt");
    session.wait_for(">>> ");
    session.keys("\x04");
    assert_eq!(session.status(), Some(0));
    let history = std::fs::read_to_string(&session.history).expect("the history is written");
    assert!(history.contains("value = 4320\nvalue + 1\n"), "{history:?}");
}
