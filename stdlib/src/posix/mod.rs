//! `posix`: the system calls behind `os`.
//!
//! | File | What |
//! |---|---|
//! | `path` | path and descriptor arguments |
//! | `stat` | result types |
//! | `files` | files, directories, descriptors |
//! | `scandir` | `scandir` and `DirEntry` |
//! | `process` | processes, users, signals, scheduling |
//! | `children` | child processes |
//! | `constants` | the numbers |

use rpy_vm::module_def::BuiltinModule;

pub mod children;
pub mod constants;
pub mod files;
pub mod path;
pub mod process;
pub mod scandir;
pub mod stat;

/// The module's definition.
pub static MODULE: &BuiltinModule = &files::posix::MODULE;
