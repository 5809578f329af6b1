//! What is to be done around a `fork`, whoever calls it: the `posix` module, or an extension module in C.
//!
//! In order: the hooks of modules ([`Hooks`]), then the locks that the child must find free. The forking thread holds the GIL
//! all the while.

use std::sync::OnceLock;

use super::{gil, signals, thread, tracemalloc};

/// What the modules of the library do.
pub struct Hooks {
    pub before: fn(),
    pub after_in_parent: fn(),
    pub after_in_child: fn(),
}

static HOOKS: OnceLock<&'static Hooks> = OnceLock::new();

/// Says what the modules of the library do; once.
pub fn set_hooks(hooks: &'static Hooks) {
    let _ = HOOKS.set(hooks);
}

/// Before a fork.
pub fn before() {
    if let Some(hooks) = HOOKS.get() {
        (hooks.before)();
    }
    // These are held over the fork, so that the child finds them in a known state.
    tracemalloc::lock_for_fork();
    gil::lock_for_fork();
}

fn unlock() {
    gil::unlock_after_fork();
    tracemalloc::unlock_after_fork();
}

/// After a fork, or an attempt at one, in the process that forked.
pub fn after_in_parent() {
    unlock();
    if let Some(hooks) = HOOKS.get() {
        (hooks.after_in_parent)();
    }
}

/// After a fork, in the child.
pub fn after_in_child() {
    unlock();
    gil::after_fork_child();
    thread::after_fork_child();
    signals::after_fork_child();
    if let Some(hooks) = HOOKS.get() {
        (hooks.after_in_child)();
    }
}
