//! `compile(tree, …)`: trees to code, or (with `PyCF_OPTIMIZED_AST`) to better trees.

use rustpython_compiler::ast;
use rustpython_compiler::codegen::{compile as codegen, preprocess};
use rustpython_compiler::core::{SourceFile, SourceFileBuilder};

use super::builder::Builder;
use super::inner_strings::preprocess_strings;
use super::lower::Lowering;
use super::source_map::SourceMap;
use super::{Kind, classes, tree, validate};
use crate::compile::warnings::Warnings;
use crate::compile::{Mode, Options, annotations, cf, code_from_compiler, compiler_options, division, syntax_error};
use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject};
use crate::types::str::PyStr;

/// Compiles a tree; `None` if the object is none. Without a mode it is a function type.
///
/// # Errors
/// `TypeError` and `ValueError` for malformed trees, and what compiling the same source would raise.
pub fn compile_tree(
    source: &PyObject,
    filename: &PyStr,
    mode: Option<Mode>,
    options: Options,
) -> PyResult<Option<ObjRef>> {
    if !classes::is_node(source) {
        return Ok(None);
    }
    if options.flags & cf::OPTIMIZED_AST == cf::ONLY_AST {
        return Ok(Some(source.new_ref()));
    }
    check_root(source, mode)?;
    let opts = compiler_options(options);
    let root = tree::read(source, opts.recursion_limit)?;
    validate::validate(&root)?;
    let mut lowering = Lowering { map: SourceMap::new(&root)? };
    let mut module = lowering.module(root)?;
    let text = lowering.map.into_text();
    let file = SourceFileBuilder::new(filename.to_string_lossy(), text).finish();
    rustpython_compiler::too_deeply_nested_error(&module, &file, opts.recursion_limit)
        .map_err(|e| syntax_error(e, "", false))?;
    let future = preprocess::has_future_annotations(&module);
    preprocess_strings(&mut module, opts.optimize, future);
    if options.flags & cf::ONLY_AST != 0 {
        preprocess::preprocess_mod(&mut module, opts.optimize, future, false);
        return Builder::new(&file, None)?.module(&module, mode == Some(Mode::Single)).map(Some);
    }
    generate(module, file, mode.unwrap_or(Mode::Exec), options).map(Some)
}

fn generate(mut module: ast::Mod, file: SourceFile, mode: Mode, options: Options) -> PyResult<ObjRef> {
    let opts = compiler_options(options);
    let filename = file.name().to_owned();
    let mut warnings = Warnings::default();
    let mut note = |location, message| warnings.note(location, message);
    division::protect(&mut module);
    annotations::bind(&mut module);
    let mode = mode.to_compiler();
    let result = codegen::compile_top_with_syntax_warning_handler(module, file, mode, opts, Some(&mut note));
    warnings.issue(&filename, "")?;
    let code = result.map_err(|e| syntax_error(e.into(), "", options.flags & cf::ALLOW_INCOMPLETE_INPUT != 0))?;
    Ok(code_from_compiler(&code)?.into_obj())
}

/// The root has to fit the mode.
fn check_root(source: &PyObject, mode: Option<Mode>) -> PyResult<()> {
    let kind = match mode {
        Some(Mode::Exec) => Kind::Module,
        Some(Mode::Eval) => Kind::Expression,
        Some(Mode::Single) => Kind::Interactive,
        None => Kind::FunctionType,
    };
    if classes::classes()?.kind_of(source) == Some(kind) {
        return Ok(());
    }
    Err(exc::type_error(format!("expected {} node, got {}", kind.name(), source.ty().name())))
}
