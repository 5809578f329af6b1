//! Makes the C API visible to extension modules.
//!
//! Only CPython's names are put into the executable's dynamic symbol table. Exporting everything would let extension modules
//! that bring their own copies of zlib, OpenSSL and the like bind to the ones inside rpy.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    for pattern in ["Py*", "_Py*"] {
        println!("cargo:rustc-link-arg-bins=-Wl,--export-dynamic-symbol={pattern}");
    }
}
