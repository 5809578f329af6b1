//! The import system's Rust part: `import` statements, built-in and frozen modules, and the start of `importlib`.
//!
//! | File | What |
//! |---|---|
//! | `statement` | what the `import` instructions do, with CPython's messages |
//! | `builtin` | the table of modules written in Rust |
//! | `frozen` | modules compiled at build time |
//! | `imp_module` | the `_imp` module |
//! | `import_time` | `-X importtime` |
//! | `bootstrap` | bringing up `importlib` |

pub mod bootstrap;
pub mod builtin;
pub mod frozen;
pub mod imp_module;
mod import_time;
pub mod statement;

pub use bootstrap::{init, init_external};
pub use builtin::{builtin_module_names, find_builtin, register_builtin_modules};
pub use statement::{get_module, import_all_from, import_from, import_module, import_name, import_star};
