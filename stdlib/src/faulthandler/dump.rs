//! Writes tracebacks to a file descriptor, where nothing can be relied upon: from signal handlers, and while other threads run.
//!
//! Nothing here allocates or locks.

use core::ffi::{CStr, c_int, c_void};

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::runtime::gc;
use rpy_vm::runtime::sys_state;
use rpy_vm::runtime::thread::{self, PyThreadState};
use rpy_vm::types::code::location;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;

/// As many frames of a thread are written.
const MAX_FRAMES: usize = 100;
/// As many threads are written.
const MAX_THREADS: usize = 100;
/// As many characters of a name are written.
const MAX_TEXT: usize = 500;

/// A file descriptor to write to. Failures are ignored: there is nobody to tell.
#[derive(Clone, Copy)]
pub struct Out(pub c_int);

impl Out {
    /// Writes bytes as they are.
    pub fn bytes(self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // SAFETY: pointer and length of the slice.
            let n = unsafe { libc::write(self.0, bytes.as_ptr().cast(), bytes.len()) };
            match usize::try_from(n) {
                Ok(0) => return,
                Ok(n) => bytes = &bytes[n.min(bytes.len())..],
                Err(_) if rpy_vm::exc::last_errno() == libc::EINTR => {}
                Err(_) => return,
            }
        }
    }

    /// Writes text.
    pub fn text(self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// A number in a base up to 16, with at least `width` digits.
    fn number(self, mut value: u64, base: u64, width: usize) {
        let mut digits = [b'0'; 20];
        let mut at = digits.len();
        while value != 0 || digits.len() - at < width.max(1) {
            at -= 1;
            digits[at] = b"0123456789abcdef"[(value % base) as usize];
            value /= base;
        }
        self.bytes(&digits[at..]);
    }

    /// A decimal number.
    pub fn decimal(self, value: u64) {
        self.number(value, 10, 1);
    }

    /// A hexadecimal number of a fixed width.
    pub fn hex(self, value: u64, width: usize) {
        self.number(value, 16, width);
    }

    /// The characters of a `str`: ASCII as it is, others as escapes; long ones are cut.
    fn python_text(self, text: &PyStr) {
        let len = text.len();
        for i in 0..len.min(MAX_TEXT) {
            let c = text.char_at(i);
            match c {
                0x20..=0x7e => self.bytes(&[c as u8]),
                0..=0xff => {
                    self.text("\\x");
                    self.hex(c.into(), 2);
                }
                0x100..=0xffff => {
                    self.text("\\u");
                    self.hex(c.into(), 4);
                }
                _ => {
                    self.text("\\U");
                    self.hex(c.into(), 8);
                }
            }
        }
        if len > MAX_TEXT {
            self.text("...");
        }
    }
}

fn frame(out: Out, frame: &InterpreterFrame) {
    // SAFETY: complete frames are Python frames.
    let code = unsafe { frame.code() };
    out.text("  File ");
    match code.co_filename.peek().and_then(|name| name.downcast_ref::<PyStr>()) {
        Some(name) => {
            out.text("\"");
            out.python_text(name);
            out.text("\"");
        }
        None => out.text("???"),
    }
    out.text(", line ");
    let line = usize::try_from(frame.lasti()).ok().and_then(|at| location::find(code, at)).and_then(|l| l.line);
    match line.and_then(|line| u64::try_from(line).ok()) {
        Some(line) => out.decimal(line),
        None => out.text("???"),
    }
    out.text(" in ");
    out.python_text(&code.co_name);
    out.text("\n");
}

fn frames(out: Out, state: &PyThreadState) {
    let mut at = InterpreterFrame::first_complete(state.current_frame.get());
    if at.is_null() {
        return out.text("  <no Python frame>\n");
    }
    let mut count = 0;
    // SAFETY: the chain of frames is live while its thread is in them; if the thread runs, this is as good as can be had.
    while let Some(f) = unsafe { at.as_ref() } {
        if count >= MAX_FRAMES {
            return out.text("  ...\n");
        }
        frame(out, f);
        count += 1;
        at = InterpreterFrame::first_complete(f.previous.get());
    }
}

/// The state of the calling thread, whether or not it holds the GIL.
pub fn own_state() -> Option<&'static PyThreadState> {
    if let Some(state) = thread::try_current() {
        return Some(state);
    }
    // SAFETY: a plain system call.
    let me = unsafe { libc::syscall(libc::SYS_gettid) } as u64;
    let mut found = None;
    // SAFETY: states of other threads are looked at for a moment only.
    unsafe {
        thread::for_each_unlocked(&mut |state| found = found.or((state.native_thread_id.get() == me).then_some(state)))
    };
    found
}

/// The traceback of one thread.
pub fn one_thread(out: Out, state: &PyThreadState) {
    out.text("Stack (most recent call first):\n");
    frames(out, state);
}

/// The name the system knows the thread by, in brackets.
fn thread_name(out: Out, state: &PyThreadState) {
    let mut path = [0u8; 48];
    let mut end = 0;
    let mut push = |bytes: &[u8]| {
        path[end..end + bytes.len()].copy_from_slice(bytes);
        end += bytes.len();
    };
    push(b"/proc/self/task/");
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = state.native_thread_id.get();
    while rest != 0 {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    push(&digits[at..]);
    push(b"/comm\0");
    let mut name = [0u8; 64];
    // SAFETY: a NUL-terminated path, and a buffer with its length.
    let n = unsafe {
        let fd = libc::open(path.as_ptr().cast(), libc::O_RDONLY | libc::O_CLOEXEC);
        if fd < 0 {
            return;
        }
        let n = libc::read(fd, name.as_mut_ptr().cast(), name.len());
        libc::close(fd);
        n
    };
    let name = name.get(..n.max(0) as usize).unwrap_or_default();
    let name = name.strip_suffix(b"\n").unwrap_or(name);
    if !name.is_empty() {
        out.text(" [");
        out.bytes(name);
        out.text("]");
    }
}

/// The tracebacks of all threads, the newest thread first. `current` is marked.
pub fn all_threads(out: Out, current: Option<&PyThreadState>) {
    let mut count = 0;
    let mut write = |state: &'static PyThreadState| {
        if count >= MAX_THREADS {
            if count == MAX_THREADS {
                out.text("...\n");
            }
            count += 1;
            return;
        }
        if count > 0 {
            out.text("\n");
        }
        count += 1;
        let is_current = current.is_some_and(|current| core::ptr::eq(current, state));
        out.text(if is_current { "Current thread 0x" } else { "Thread 0x" });
        out.hex(state.thread_id.get(), 16);
        thread_name(out, state);
        out.text(" (most recent call first):\n");
        if is_current && gc::STATE.collecting.get() {
            out.text("  Garbage-collecting\n");
        }
        frames(out, state);
    };
    // SAFETY: this is for the moment of a crash, or is asked for while the GIL is held; see `frames`.
    unsafe { thread::for_each_unlocked(&mut write) };
}

/// The extension modules that are loaded: often they are to blame. Borrows from `sys.modules` as it is.
pub fn extension_modules(out: Out) {
    let Ok(modules) = sys_state::modules() else { return };
    let mut position = 0;
    let mut count = 0;
    while let Some((name, module)) = modules.iter_index(&mut position) {
        let (Some(name), Some(module)) = (name.downcast_ref::<PyStr>(), module.downcast_ref::<PyModule>()) else {
            continue;
        };
        if module.md_def.get().is_null() {
            continue;
        }
        out.text(if count == 0 { "\nExtension modules: " } else { ", " });
        out.python_text(name);
        count += 1;
    }
    if count > 0 {
        out.text(" (total: ");
        out.decimal(count);
        out.text(")\n");
    }
}

/// The calling thread's stack of native code.
pub fn native_stack(out: Out) {
    const MAX: usize = 32;
    out.text("Current thread's C stack trace (most recent call first):\n");
    let mut addresses = [core::ptr::null_mut::<c_void>(); MAX];
    // SAFETY: an array and its length.
    let n = unsafe { libc::backtrace(addresses.as_mut_ptr(), MAX as c_int) }.max(0) as usize;
    for &address in &addresses[..n] {
        // SAFETY: plain data, filled in by the call.
        let mut info: libc::Dl_info = unsafe { core::mem::zeroed() };
        // SAFETY: the struct lives during the call.
        let known = unsafe { libc::dladdr(address, &mut info) } != 0;
        out.text("  Binary file \"");
        if known && !info.dli_fname.is_null() {
            // SAFETY: a NUL-terminated string of the loader.
            out.bytes(unsafe { CStr::from_ptr(info.dli_fname) }.to_bytes());
        } else {
            out.text("<unknown>");
        }
        out.text("\"");
        if known {
            let (base, name) = if info.dli_sname.is_null() {
                (info.dli_fbase, &b""[..])
            } else {
                // SAFETY: as above.
                (info.dli_saddr, unsafe { CStr::from_ptr(info.dli_sname) }.to_bytes())
            };
            out.text(", at ");
            out.bytes(name);
            let (address, base) = (address as u64, base as u64);
            out.text(if address >= base { "+0x" } else { "-0x" });
            out.hex(address.abs_diff(base), 1);
        }
        out.text(" [0x");
        out.hex(address as u64, 1);
        out.text("]\n");
    }
    if n == MAX {
        out.text("  <truncated rest of calls>\n");
    }
}
