//! Where `compile()` meets syntax trees. The module that defines the tree classes installs its two functions here.

use core::cell::Cell;

use crate::compile::{Mode, Options};
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject};
use crate::types::str::PyStr;

/// What the tree module offers.
#[derive(Clone, Copy)]
pub struct Hooks {
    /// If `source` is a tree: compiles it (or checks and gives it back, with `ONLY_AST`). `None` if it is something else.
    /// Without a mode it is a function type.
    pub compile_tree:
        fn(source: &PyObject, filename: &PyStr, mode: Option<Mode>, options: Options) -> PyResult<Option<ObjRef>>,
    /// Parses source text to a tree.
    pub parse: fn(
        source: &str,
        filename: &PyStr,
        mode: Option<Mode>,
        options: Options,
        feature_version: i32,
    ) -> PyResult<ObjRef>,
}

struct Slot(Cell<Option<Hooks>>);
// SAFETY: set under the GIL.
unsafe impl Sync for Slot {}
static HOOKS: Slot = Slot(Cell::new(None));

/// Installs the functions.
pub fn install(hooks: Hooks) {
    HOOKS.0.set(Some(hooks));
}

/// The functions; importing `_ast` installs them if that has not happened yet.
fn hooks() -> PyResult<Option<Hooks>> {
    if HOOKS.0.get().is_none() && crate::import::find_builtin("_ast").is_some() {
        crate::import::import_module("_ast")?;
    }
    Ok(HOOKS.0.get())
}

/// See [`Hooks::compile_tree`]. Nothing is imported for text, which is what nearly all callers have.
pub fn compile_tree(
    source: &PyObject,
    filename: &PyStr,
    mode: Option<Mode>,
    options: Options,
) -> PyResult<Option<ObjRef>> {
    match HOOKS.0.get() {
        Some(hooks) => (hooks.compile_tree)(source, filename, mode, options),
        None => Ok(None),
    }
}

/// See [`Hooks::parse`].
pub fn parse(
    source: &str,
    filename: &PyStr,
    mode: Option<Mode>,
    options: Options,
    feature_version: i32,
) -> PyResult<ObjRef> {
    match hooks()? {
        Some(hooks) => (hooks.parse)(source, filename, mode, options, feature_version),
        None => Err(exc::not_implemented_error("syntax trees are not supported yet")),
    }
}
