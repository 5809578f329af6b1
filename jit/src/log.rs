//! The log of `-X jit=log` and `RPY_JIT_LOG`: what was recorded, what became of it, and why not.

use std::io::Write;

use rpy_vm::interp::frame::InterpreterFrame;
use rpy_vm::interp::opcode::{BASE, NAMES};
use rpy_vm::jit_hooks::Registers;
use rpy_vm::types::code::PyCode;

use crate::backend::{Compiled, listing};
use crate::ir::Trace;
use crate::options::Options;
use crate::recorder::{Recorded, Recorder};

/// `function (file:line)` of an instruction; empty where no log is written.
pub fn title(options: &Options, code: &PyCode, instr: *mut u16) -> String {
    if options.log.is_some() { place(code, instr) } else { String::new() }
}

/// `function (file:line)` of an instruction of this code.
fn place(code: &PyCode, instr: *mut u16) -> String {
    // SAFETY: the instruction lies in the code.
    let index = unsafe { (instr as *const u16).offset_from(code.code_ptr()) };
    let line = code.line_of(index).map_or("?".to_owned(), |l| l.to_string());
    let file = code.co_filename.get().map_or("?".to_owned(), |f| {
        f.downcast_exact::<rpy_vm::types::str::PyStr>().map_or("?".to_owned(), |s| s.to_string_lossy().into_owned())
    });
    format!("{} ({file}:{line})", code.co_qualname.to_string_lossy())
}

fn write(options: &Options, text: &str) {
    let Some(path) = &options.log else { return };
    // A log that cannot be written is not worth an error to the program.
    let _ = if path.is_empty() {
        std::io::stderr().write_all(text.as_bytes())
    } else {
        std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
    };
}

/// A loop was recorded.
pub fn recorded(options: &Options, title: &str, recorded: &Recorded) {
    if options.log.is_some() {
        let text = recorded.builder.trace.to_string();
        for other in &recorded.interpreted {
            write(options, &format!("== interpreted {title}: {}\n", other.why));
        }
        for expression in &recorded.fused {
            write(options, &format!("== fused {title}: {expression}\n"));
        }
        write(options, &format!("== recorded {title}: {} instructions\n{text}\n", recorded.steps));
    }
}

/// A trace has been optimized.
pub fn optimized(options: &Options, title: &str, trace: &Trace) {
    if options.log.is_some() {
        write(options, &format!("== optimized {title}\n{}\n", trace));
    }
}

/// A trace has been compiled.
pub fn compiled(options: &Options, title: &str, trace: &Trace, compiled: &Compiled) {
    if options.log.is_some() {
        write(options, &format!("== compiled {title}\n{}\n", listing::listing(trace, compiled)));
    }
}

/// An exit was taken often. `at` is where it has left the innermost frame.
pub fn left(options: &Options, times: u32, at: *mut InterpreterFrame, what: impl FnOnce() -> String) {
    if options.log.is_some() && times.is_power_of_two() && times >= 512 {
        // SAFETY: a live frame, which stands at an instruction.
        let (title, op) = unsafe {
            let instr = (*at).instr_ptr.get();
            (place((*at).code(), instr), NAMES[BASE[(*instr & 0xff) as usize] as usize])
        };
        write(options, &format!("== left {times} times in {title} at {op}: {}\n", what()));
    }
}

/// An exit goes on in the side trace of another one.
pub fn joined(options: &Options, exit: usize, done: bool) {
    if options.log.is_some() {
        write(options, &format!("== joined exit {exit}{}\n", if done { "" } else { ": refused" }));
    }
}

/// The optimizer or the backend refused a trace.
pub fn refused(options: &Options, title: &str, why: &str) {
    write(options, &format!("== refused {title}: {why}\n"));
}

/// A recording was given up.
pub fn abandoned(options: &Options, recorder: &Recorder, at: Registers<'_>, op: u8, why: &str) {
    if options.log.is_some() {
        let begin = place(recorder.code(), recorder.header());
        // SAFETY: a live Python frame at this instruction.
        let end = place(unsafe { (*at.frame).code() }, at.instr);
        let name = NAMES[op as usize];
        write(options, &format!("== abandoned {begin} at {name} in {end}: {why} {}\n", recorder.detail()));
    }
}

/// A recording was given up when the run that recorded had ended.
pub fn lost(options: &Options, recorder: &Recorder) {
    if options.log.is_some() {
        let begin = place(recorder.code(), recorder.header());
        write(options, &format!("== abandoned {begin}: the run has ended {}\n", recorder.detail()));
    }
}

/// A compiled function did not pay where the interpreter called it.
pub fn function_dropped(options: &Options, at: Registers<'_>) {
    if options.log.is_some() {
        // SAFETY: a live Python frame at this instruction.
        let function = place(unsafe { (*at.frame).code() }, at.instr);
        write(options, &format!("== dropped {function} (function): it ends too soon\n"));
    }
}

/// A compiled loop did not pay.
pub fn loop_dropped(options: &Options, at: Registers<'_>) {
    if options.log.is_some() {
        // SAFETY: a live Python frame at this instruction.
        let loop_ = place(unsafe { (*at.frame).code() }, at.instr);
        write(options, &format!("== dropped {loop_}: it is left too soon\n"));
    }
}
