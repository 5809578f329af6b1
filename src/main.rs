//! The `rpy` command.

#![no_main]

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// C's `main`: Rust's own would open /dev/null in the place of closed standard streams, which a Python program may look at.
/// The arguments are read through `std::env`.
#[unsafe(no_mangle)]
pub extern "C" fn main(_argc: i32, _argv: *const *const core::ffi::c_char) -> i32 {
    rpy_capi::install();
    std::process::exit(rpy_vm::startup::main(rpy_stdlib::MODULES));
}
