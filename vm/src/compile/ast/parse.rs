//! Source text to a tree: `compile(source, …, PyCF_ONLY_AST)`.

use ruff_text_size::TextRange;
use rustpython_compiler::ast::{self, PythonVersion};
use rustpython_compiler::codegen::preprocess;
use rustpython_compiler::core::{Mode as CompilerMode, SourceFile, SourceFileBuilder};
use rustpython_compiler::{CompileError, parser};

use super::builder::Builder;
use super::feature_version::{self, NEWEST_VERSION};
use super::function_type;
use super::type_comments::TypeComments;
use crate::compile::warnings::Warnings;
use crate::compile::{Mode, Options, cf, compiler_options, error, escapes, numbers, stack, syntax_error};
use crate::err::PyResult;
use crate::object::ObjRef;

/// Parses source text to a tree. Without a mode it is a function type.
///
/// # Errors
/// `SyntaxError` and its subclasses, `RecursionError`.
pub fn parse(
    source: &str,
    filename: &str,
    mode: Option<Mode>,
    options: Options,
    feature_version: i32,
) -> PyResult<ObjRef> {
    let source = crate::compile::normalized(source)?;
    let file = SourceFileBuilder::new(filename, &*source).finish();
    let Some(mode) = mode else {
        return function_type::parse(&file).map_err(|e| syntax_error(e, &source, false))?;
    };
    if error::may_be_misjudged(&source, mode)
        && let Some(error) = error::explained(&source, filename, mode, options)
    {
        return Err(error);
    }
    let parsed = stack::with_room(&source, || parse_module(&file, mode, options, feature_version))
        .map_err(|e| error::compile_error(e, &source, filename, mode, options))?;
    parsed.warnings.issue(filename, &source)?;
    let builder = Builder::new(&file, parsed.comments)?;
    if let Some((message, range)) = parsed.too_new {
        return Err(builder.syntax_error(&message, range));
    }
    let tree = builder.module(&parsed.module, mode == Mode::Single)?;
    match builder.type_comments.as_ref().and_then(TypeComments::fault) {
        Some((message, range)) => Err(builder.syntax_error(message, range)),
        None => Ok(tree),
    }
}

/// What comes of parsing.
pub struct Parsed {
    pub module: ast::Mod,
    /// The type comments, if they are asked for.
    pub comments: Option<TypeComments>,
    /// The first use of a feature that the asked-for version does not have.
    pub too_new: Option<(String, TextRange)>,
    pub warnings: Warnings,
}

/// The parser's tree, checked as the compiler checks it before it generates code.
pub fn parse_module(
    file: &SourceFile,
    mode: Mode,
    options: Options,
    feature_version: i32,
) -> Result<Parsed, CompileError> {
    let opts = compiler_options(options);
    let source = file.source_text();
    let compiler_mode = mode.to_compiler();
    let minor = u8::try_from(feature_version).unwrap_or(NEWEST_VERSION).min(NEWEST_VERSION);
    let version = PythonVersion { major: 3, minor };
    let parser_options = parser::ParseOptions::from(match mode {
        Mode::Exec | Mode::Single => parser::Mode::Module,
        Mode::Eval => parser::Mode::Expression,
    })
    .with_target_version(version);
    let barry = opts.future_features.contains(rustpython_compiler::core::bytecode::CodeFlags::FUTURE_BARRY_AS_BDFL);
    let barry = rustpython_compiler::prepare_barry_as_flufl_source(source, parser_options.clone(), barry);
    rustpython_compiler::pre_parse_source_error(file)?;
    let parsed = parser::parse(barry.source(), parser_options);
    if let Some(error) = barry.diagnostic(parsed.as_ref().err(), file) {
        return Err(error);
    }
    let parsed = parsed.map_err(|error| CompileError::from_ruff_parse_error(error, file, compiler_mode))?;
    if let Some(error) = rustpython_compiler::leading_byte_order_mark_error(file) {
        return Err(error);
    }
    let digits = opts.int_max_str_digits;
    if let Some(error) = rustpython_compiler::long_decimal_integer_literal_error(file, parsed.tokens(), digits) {
        return Err(error);
    }
    let comments =
        (options.flags & cf::TYPE_COMMENTS != 0).then(|| TypeComments::new(parsed.tokens(), file.source_text()));
    let mut warnings = Warnings::default();
    escapes::find(source, parsed.tokens(), &mut warnings);
    numbers::find(source, parsed.tokens(), &mut warnings);
    let too_new = feature_version::too_new(&parsed, source, minor);
    let mut module = parsed.into_syntax();
    rustpython_compiler::too_deeply_nested_error(&module, file, opts.recursion_limit)?;
    if let Some(error) = rustpython_compiler::unsupported_grammar_error(&module, file) {
        return Err(error);
    }
    if let Some(error) = later_error(file, compiler_mode) {
        return Err(error);
    }
    if options.flags & cf::OPTIMIZED_AST == cf::OPTIMIZED_AST {
        let future = preprocess::has_future_annotations(&module);
        preprocess::preprocess_mod(&mut module, opts.optimize, future, false);
    }
    Ok(Parsed { module, comments, too_new, warnings })
}

/// Errors that the compiler finds in what the parser lets pass. They are only found together with those of the symbol
/// table, which are none here.
fn later_error(file: &SourceFile, mode: CompilerMode) -> Option<CompileError> {
    match rustpython_compiler::compile_symtable(file.source_text(), mode, file.name()) {
        // The limit on digits has been checked, with the limit that is in force.
        Err(CompileError::Parse(error)) if !error.error.to_string().starts_with("Exceeds the limit") => {
            Some(CompileError::Parse(error))
        }
        _ => None,
    }
}
