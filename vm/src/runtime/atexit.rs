//! Functions to run when the interpreter ends; the `atexit` module registers one that runs its own list.

use std::sync::Mutex;

static HOOKS: Mutex<Vec<fn()>> = Mutex::new(Vec::new());

/// Adds a function, run before those added earlier.
pub fn register(hook: fn()) {
    let mut hooks = HOOKS.lock().unwrap_or_else(|e| e.into_inner());
    if !hooks.iter().any(|h| *h as usize == hook as usize) {
        hooks.push(hook);
    }
}

/// Adds a function, run after all others.
pub fn register_last(hook: fn()) {
    let mut hooks = HOOKS.lock().unwrap_or_else(|e| e.into_inner());
    if !hooks.iter().any(|h| *h as usize == hook as usize) {
        hooks.insert(0, hook);
    }
}

/// Runs and forgets all.
pub fn run() {
    loop {
        let hook = HOOKS.lock().unwrap_or_else(|e| e.into_inner()).pop();
        match hook {
            Some(hook) => hook(),
            None => return,
        }
    }
}
