//! `-X importtime`: how long each import takes, in itself and with what it imports.

use core::cell::Cell;
use std::time::{Duration, Instant};

use crate::err::PyResult;
use crate::types::str::PyStr;

/// The nesting of imports at present, and the time of finished imports inside the present one.
struct Nesting {
    level: Cell<usize>,
    inner: Cell<Duration>,
    header_shown: Cell<bool>,
}
// SAFETY: touched under the GIL.
unsafe impl Sync for Nesting {}
static NESTING: Nesting =
    Nesting { level: Cell::new(0), inner: Cell::new(Duration::ZERO), header_shown: Cell::new(false) };

fn show_header() {
    if !NESTING.header_shown.replace(true) {
        eprintln!("import time: {:>9} | {:>10} | imported package", "self [us]", "cumulative");
    }
}

/// Runs an import, and reports it.
///
/// # Errors
/// What the import raises.
pub fn timed<T>(name: &PyStr, import: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    show_header();
    let level = NESTING.level.get();
    NESTING.level.set(level + 1);
    let before = NESTING.inner.replace(Duration::ZERO);
    let start = Instant::now();
    let result = import();
    let whole = start.elapsed();
    let own = whole.saturating_sub(NESTING.inner.get());
    NESTING.inner.set(before + whole);
    NESTING.level.set(level);
    let indent = level * 2;
    eprintln!(
        "import time: {:>9} | {:>10} | {:indent$}{}",
        own.as_micros(),
        whole.as_micros(),
        "",
        name.to_string_lossy()
    );
    result
}

/// Reports an import that found the module in `sys.modules` (`-X importtime=2`).
pub fn cached(name: &PyStr) {
    show_header();
    let indent = NESTING.level.get() * 2;
    eprintln!("import time: cached    | cached     | {:indent$}{}", "", name.to_string_lossy());
}
