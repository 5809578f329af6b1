//! The `rpy` command.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    rpy_capi::install();
    std::process::exit(rpy_vm::startup::main(rpy_stdlib::MODULES));
}
