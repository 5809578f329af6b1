//! Syntax trees as Python objects.
//!
//! * [`grammar`]: the table of all kinds of nodes; [`classes`]: the Python classes made from it; [`object`]: what
//!   instances of `AST` can do
//! * [`parse`]: source text to a tree, by way of the parser's tree (`builder`, `build_expr`, `build_stmt`,
//!   `build_string`, `type_comments`, `function_type`, `feature_version`)
//! * [`compile_tree`]: a tree to code, by way of plain nodes ([`tree`]), their checks ([`validate`]) and the compiler's
//!   input (`lower`, `lower_expr`, `lower_stmt`, `inner_strings`), whose positions refer to a made-up source
//!   ([`source_map`])

mod build_expr;
mod build_stmt;
mod build_string;
mod builder;
mod classes;
mod compile_tree;
mod feature_version;
mod function_type;
mod grammar;
mod inner_strings;
mod lower;
mod lower_expr;
mod lower_stmt;
mod object;
mod parse;
mod source_map;
mod tree;
mod type_comments;
mod validate;

pub use classes::add_to_module;
pub use grammar::Kind;

use crate::builtins::ast_hooks::{self, Hooks};
use crate::compile::{Mode, Options};
use crate::err::PyResult;
use crate::object::ObjRef;
use crate::types::str::PyStr;

/// Lets `compile()` read and make trees.
pub fn install() {
    ast_hooks::install(Hooks { compile_tree: compile_tree::compile_tree, parse: parse_text });
}

fn parse_text(
    source: &str,
    filename: &PyStr,
    mode: Option<Mode>,
    options: Options,
    feature_version: i32,
) -> PyResult<ObjRef> {
    parse::parse(source, &filename.to_string_lossy(), mode, options, feature_version)
}
