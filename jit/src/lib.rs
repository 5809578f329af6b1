//! The tracing JIT of rpy: recorder, IR, optimizer, backend. It depends on `rpy_vm`, which knows it only through
//! `rpy_vm::jit_hooks`.

pub mod backend;
pub mod ir;
pub mod opt;
