//! Finds OpenSSL and links it.
//!
//! The system's library is taken where `pkg-config` knows one with headers: its static archives if they are there, so that
//! start-up loads no shared library and wheels that bring their own OpenSSL are not disturbed, else the shared libraries. Where
//! there is none, or with the feature `bundled-openssl`, OpenSSL is built from source; that takes Perl and a C compiler.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let forced = std::env::var_os("CARGO_FEATURE_BUNDLED_OPENSSL").is_some();
    let system = if forced { None } else { system_library() };
    match system {
        Some((directory, true)) => link("static:-bundle", &directory),
        Some((directory, false)) => link("dylib", &directory),
        None => {
            let built = openssl_src::Build::new().build();
            link("static:-bundle", built.lib_dir());
        }
    }
}

fn link(kind: &str, directory: &Path) {
    println!("cargo:rustc-link-search=native={}", directory.display());
    for library in ["ssl", "crypto"] {
        println!("cargo:rustc-link-lib={kind}={library}");
    }
    // What the archives call.
    if kind != "dylib" {
        for library in ["dl", "pthread"] {
            println!("cargo:rustc-link-lib=dylib={library}");
        }
    }
}

/// The directory of the system's OpenSSL, and whether its static archives are there.
fn system_library() -> Option<(PathBuf, bool)> {
    let found =
        pkg_config::Config::new().atleast_version("3.0").cargo_metadata(false).print_system_libs(true).probe("openssl");
    if let Err(e) = &found {
        println!("cargo:warning=OpenSSL is built from source: {}", e.to_string().lines().next().unwrap_or_default());
    }
    found.ok()?;
    let directory = PathBuf::from(pkg_config::get_variable("openssl", "libdir").ok()?);
    let has = |suffix: &str| {
        ["ssl", "crypto"].iter().all(|library| directory.join(format!("lib{library}.{suffix}")).exists())
    };
    let archives = has("a");
    (archives || has("so")).then_some((directory, archives))
}
