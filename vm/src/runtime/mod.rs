//! Runtime services: thread state, GIL, collector, recursion bounds, codecs, warnings, signals, tracebacks on stderr.

pub mod atexit;
pub mod audit;
pub mod codecs;
pub mod context;
pub mod finalize;
pub mod fork;
pub mod gc;
pub mod gil;
pub mod gilstate;
pub mod paths;
pub mod rawlock;
pub mod recursion;
pub mod repr_guard;
pub mod signals;
pub mod suggestions;
pub mod sys_state;
pub mod thread;
pub mod traceback_print;
pub mod tracemalloc;
pub mod unraisable;
pub mod warnings;
