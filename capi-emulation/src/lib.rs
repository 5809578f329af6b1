//! CPython 3.14's C API, exported from the `rpy` executable under CPython's names, so that unmodified extension modules load.
//!
//! * `exports` declares: one macro makes exported functions and the table of them; `border` converts arguments, results, errors
//! * one file for each family of CPython's headers
//! * `variadic` and `va_list`: functions with `...`
//! * `data`: type objects, exception pointers, singletons
//! * `loader`: opens extension modules for the importer
//!
//! See docs/capi.md for the conventions and for how to add a symbol.
#![allow(non_snake_case, non_upper_case_globals, reason = "exported symbols have C's names")]
#![allow(improper_ctypes_definitions, reason = "borrowed and owned references are pointers")]

mod elf;
#[macro_use]
mod exports;

pub mod border;
pub mod va_list;

mod data;
mod slot_ids;

pub use exports::Export;

/// Declares the families: their modules, and the list of their tables.
macro_rules! families {
    ($($(#[$meta:meta])* $family:ident,)*) => {
        $($(#[$meta])* pub mod $family;)*

        /// The tables of functions.
        static FUNCTIONS: &[&[Export]] = &[$($family::EXPORTS,)* abstract_::operators::EXPORTS, pythread::exit::EXPORTS];
    };
}

families! {
    abstract_,
    buffer,
    bytesobject,
    call,
    containers,
    context,
    dictobject,
    floatobject,
    format,
    frameobject,
    getargs,
    import,
    initconfig,
    longobject,
    methodobject,
    misc,
    modsupport,
    moduleobject,
    object,
    objimpl,
    pycapsule,
    pyerrors,
    pystate,
    pythread,
    pythonrun,
    structseq,
    sysmodule,
    typeobject,
    unicode_errors,
    unicode_fs,
    unicode_writer,
    unicodeobject,
    variadic,
}

mod loader;

/// Every exported symbol. The `va_` functions are helpers of the variadic ones and no part of the API.
pub fn symbols() -> impl Iterator<Item = &'static Export> {
    FUNCTIONS.iter().copied().chain(data::EXPORTS).flatten().filter(|export| !export.name.starts_with("va_"))
}

/// Makes the interpreter able to load extension modules. To be called before it starts.
pub fn install() {
    // Looking at the tables makes the linker keep what they list.
    core::hint::black_box(FUNCTIONS.as_ptr());
    core::hint::black_box(data::EXPORTS.as_ptr());
    rpy_vm::import::imp_module::dynamic::install(loader::LOADER);
}

/// A full collection; the number of unreachable objects.
fn gc_collect() -> usize {
    let gc = rpy_vm::runtime::gc::collector::collect(rpy_vm::runtime::gc::collector::GENERATIONS - 1);
    gc.collected + gc.uncollectable
}
