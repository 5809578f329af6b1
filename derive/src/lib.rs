//! The attribute macros of rpy: they bind, the annotated functions do.
//!
//! | Macro | On | Emits |
//! |---|---|---|
//! | [`macro@pyclass`] | a `#[repr(C)]` struct | the `static PyTypeObject`, `PyStruct`, `PyClass`, `StaticType`, members, gc functions |
//! | [`macro@pymethods`] | one `impl` block of it | `ClassImpl`: method table, getset table, C slots |
//! | [`macro@pymodule`] | an inline `mod` | `static MODULE: BuiltinModule` |
//! | [`macro@pyfunction`] | a free function | `static NAME_DEF: PyMethodDef` |
//!
//! Everything generated is a constant: tables are statics that the linker lays out, as in CPython, and nothing is
//! registered at run time. Annotated bodies stay ordinary Rust functions which tests may call directly.
//!
//! Generated code names the VM only through `::rpy_vm::object::class_impl::glue`. That module is the contract between the
//! two crates: when something moves inside the VM, its re-export there is the only line to change.
//!
//! # Why the generated `unsafe` is sound
//!
//! A wrapper trusts its C caller for three things, which are the calling convention of the slot it is installed in: the
//! receiver is an instance of the type that owns the table (method and slot wrappers of the VM check this before calling),
//! argument pointers are borrowed references that stay alive during the call, and an argument vector has the stated length.
//! Everything past that is checked: argument counts, keywords and types.
//!
//! Files: [`attrs`] reads attribute arguments, [`signature`] parses Python text signatures, [`function`] generates argument
//! binding, [`slots`] holds the table of type slots, [`methods`], [`class`] and [`module`] are the macros themselves.

use proc_macro::TokenStream;
use syn::parse_macro_input;

mod attrs;
mod class;
mod function;
mod methods;
mod module;
mod signature;
mod slots;

/// Makes a `#[repr(C)]` struct a Python type. See `docs/macros.md`.
#[proc_macro_attribute]
pub fn pyclass(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemStruct);
    finish(class::expand(args.into(), item))
}

/// Builds a type's method, getset and slot tables from one `impl` block. See `docs/macros.md`.
#[proc_macro_attribute]
pub fn pymethods(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemImpl);
    finish(methods::expand(args.into(), item))
}

/// Makes an inline `mod` a built-in Python module. See `docs/macros.md`.
#[proc_macro_attribute]
pub fn pymodule(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemMod);
    finish(module::expand(args.into(), item))
}

/// Emits `pub static <NAME>_DEF: PyMethodDef` beside a function. Inside a [`macro@pymodule`] the module collects it instead.
#[proc_macro_attribute]
pub fn pyfunction(args: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemFn);
    finish(function::expand_pyfunction(args.into(), item))
}

/// Marks an attribute of a [`macro@pymodule`], which reads and removes the mark.
#[proc_macro_attribute]
pub fn pyattr(_args: TokenStream, item: TokenStream) -> TokenStream {
    outside_module("pyattr", item)
}

/// Marks the function that finishes a [`macro@pymodule`], which reads and removes the mark.
#[proc_macro_attribute]
pub fn pyexec(_args: TokenStream, item: TokenStream) -> TokenStream {
    outside_module("pyexec", item)
}

/// A mark that is still there when it expands was not inside a module.
fn outside_module(name: &str, item: TokenStream) -> TokenStream {
    let message = format!("`#[{name}]` has a meaning only inside a `#[pymodule]`");
    let error: TokenStream = syn::Error::new(proc_macro2::Span::call_site(), message).into_compile_error().into();
    [error, item].into_iter().collect()
}

/// Turns a failed expansion into compile errors at the spans it names.
fn finish(result: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    result.unwrap_or_else(|error| error.into_compile_error()).into()
}
