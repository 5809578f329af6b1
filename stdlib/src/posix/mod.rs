//! `posix`: the system calls behind `os`.
//!
//! | File | What |
//! |---|---|
//! | `path` | path and descriptor arguments |
//! | `stat` | result types |
//! | `files` | files, directories, descriptors |
//! | `scandir` | `scandir` and `DirEntry` |
//! | `process` | processes and signals |
//! | `children` | child processes |
//! | `identity` | users and groups |
//! | `sched` | scheduling |
//! | `descriptors` | events, timers, locks, scattered data |
//! | `terminals` | pseudo-terminals |
//! | `xattr` | extended attributes |
//! | `constants` | the numbers |

use rpy_vm::module_def::BuiltinModule;

pub mod children;
pub mod constants;
pub mod descriptors;
pub mod files;
pub mod identity;
pub mod path;
pub mod process;
pub mod scandir;
pub mod sched;
pub mod stat;
pub mod terminals;
pub mod xattr;

/// The module's definition.
pub static MODULE: &BuiltinModule = &files::posix::MODULE;
