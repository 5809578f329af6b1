//! How the executable is linked.
//!
//! * Only CPython's names are put into its dynamic symbol table. Exporting everything would let extension modules that bring their
//!   own copies of zlib, OpenSSL and the like bind to the ones inside rpy.
//! * Release builds have a fixed address, as Debian's python3 has. A position-independent executable has tens of thousands of
//!   relocations here: the tables they are in would become private, dirty memory of each process, and starting would take longer.
//! * In release builds, what every start uses lies side by side (`src/startup_order.txt`, see benches/startup_order.py), and OpenSSL's
//!   tables and the documentation texts lie apart.

use std::path::Path;
use std::{env, fs};

const ORDER: &str = "src/startup_order.txt";

fn link(argument: &str) {
    println!("cargo:rustc-link-arg-bins={argument}");
}

/// The linker script: sections in front of and behind the ordinary ones.
fn script(order: &str) -> String {
    let mut code = String::new();
    let mut data = String::new();
    for pattern in order.lines() {
        match pattern.strip_prefix(".text.") {
            Some(name) => code += &format!("    *(.text.{name} .text.unlikely.{name})\n"),
            None => data += &format!("    *({pattern})\n"),
        }
    }
    format!(
        "SECTIONS {{\n  .text.start : {{\n{code}  }}\n}} INSERT BEFORE .text;\n\
         SECTIONS {{\n  .data.start : {{\n{data}  }}\n}} INSERT BEFORE .data;\n\
         SECTIONS {{\n  .rodata.apart : {{\n    *(.rodata.doc)\n    *libcrypto*(.rodata .rodata.*)\n    *libssl*(.rodata .rodata.*)\n  }}\n\
         }} INSERT AFTER .rodata;\n"
    )
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={ORDER}");
    println!("cargo:rerun-if-env-changed=RPY_LINK_MAP");
    for pattern in ["Py*", "_Py*"] {
        link(&format!("-Wl,--export-dynamic-symbol={pattern}"));
    }
    if let Ok(map) = env::var("RPY_LINK_MAP") {
        link(&format!("-Wl,-Map={map}"));
    }
    let set = |name: &str| env::var(name).unwrap_or_default();
    if set("PROFILE") == "release" && set("CARGO_CFG_TARGET_OS") == "linux" {
        link("-no-pie");
        let order = fs::read_to_string(ORDER).expect("the list is part of the project");
        let path = Path::new(&set("OUT_DIR")).join("order.ld");
        fs::write(&path, script(&order)).expect("the build folder can be written");
        link(&format!("-Wl,-T,{}", path.display()));
    }
}
