//! The tracing JIT of rpy.
//!
//! ```text
//!  hot loop --recorder--> IR trace --opt--> IR trace --backend--> machine code
//!     ^                                                              | a guard fails
//!     +---- the interpreter goes on <---- executor: snapshot <-------+
//! ```
//!
//! * [`hooks`]: the VM's events; `rpy_vm::jit_hooks` is all that the VM knows of a JIT
//! * [`recorder`]: watches the interpreter execute a loop, and writes down what it did as IR
//! * [`ir`]: the intermediate representation
//! * [`opt`]: makes traces shorter
//! * [`backend`]: machine code
//! * [`executor`]: enters compiled code
//! * [`leave`]: rebuilds the interpreter's frames when it ends, as [`exits`] says
//! * `numbers`: the numbers of exits
//! * `trial`: whether a loop pays
//! * `shake`: decisions of the clock made by lot, for tests
//! * [`starts`]: which exits go on in the same side trace
//! * [`runtime`]: functions that compiled code calls
//! * [`numpy`]: what is known of numpy, once it is loaded

pub mod backend;
mod budget;
pub mod detour;
mod early;
pub mod executor;
pub mod exits;
mod hash;
pub mod hooks;
pub mod ir;
pub mod leave;
mod log;
pub mod loops;
mod numbers;
pub mod numpy;
pub mod opt;
pub mod options;
pub mod recorder;
pub mod runs;
pub mod runtime;
mod shake;
pub mod starts;
mod trial;
mod virtuals;

/// Makes the JIT known to the VM. To be called before Python starts; `-X jit` decides whether it is used.
pub fn install() {
    rpy_vm::jit_hooks::install(&hooks::JIT);
}
