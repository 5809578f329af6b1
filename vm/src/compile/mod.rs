//! The only place that names the compiler crate: source text to code objects, and its errors to `SyntaxError`.

use std::borrow::Cow;

use rustpython_compiler::ast::Mod;
use rustpython_compiler::codegen::compile::compile_top_with_syntax_warning_handler;
use rustpython_compiler::core::bytecode::{CodeFlags, CodeObject, ConstantData};
use rustpython_compiler::core::{Mode as CompilerMode, SourceFileBuilder};
use rustpython_compiler::{CompileError, CompileOpts, parser};

use crate::err::PyResult;
use crate::object::refs::Ref;
use crate::types::code::PyCode;

mod annotations;
pub mod ast;
mod convert;
mod division;
mod error;
mod escapes;
mod explain;
mod numbers;
pub mod source;
mod stack;
pub mod symtable;
pub mod tokens;
mod warnings;

pub use convert::code_from_compiler;
pub use error::syntax_error;
use warnings::Warnings;

/// What a source text is compiled as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// A module.
    Exec,
    /// One expression.
    Eval,
    /// One interactive statement, whose value is displayed.
    Single,
}

impl Mode {
    fn to_compiler(self) -> CompilerMode {
        match self {
            Mode::Exec => CompilerMode::Exec,
            Mode::Eval => CompilerMode::Eval,
            Mode::Single => CompilerMode::Single,
        }
    }
}

/// `PyCF_*` bits that `compile()` accepts, besides the `__future__` bits.
pub mod cf {
    pub const SOURCE_IS_UTF8: i32 = 0x0100;
    pub const DONT_IMPLY_DEDENT: i32 = 0x0200;
    pub const ONLY_AST: i32 = 0x0400;
    pub const IGNORE_COOKIE: i32 = 0x0800;
    pub const TYPE_COMMENTS: i32 = 0x1000;
    pub const ALLOW_TOP_LEVEL_AWAIT: i32 = 0x2000;
    pub const ALLOW_INCOMPLETE_INPUT: i32 = 0x4000;
    pub const OPTIMIZED_AST: i32 = 0x8000 | ONLY_AST;
}

/// How to compile.
#[derive(Clone, Copy, Default)]
pub struct Options {
    /// 0, 1 or 2; `None` takes the interpreter's `-O` level.
    pub optimize: Option<u8>,
    /// `PyCF_*` and `CO_FUTURE_*` bits.
    pub flags: i32,
}

/// The compiler's options.
pub(crate) fn compiler_options(options: Options) -> CompileOpts {
    CompileOpts {
        optimize: options.optimize.unwrap_or_else(|| crate::sysmodule::config::get().optimize as u8),
        debug_ranges: crate::sysmodule::config::get().debug_ranges,
        int_max_str_digits: crate::types::int::max_str_digits(),
        allow_top_level_await: options.flags & cf::ALLOW_TOP_LEVEL_AWAIT != 0,
        future_features: CodeFlags::from_bits_truncate(options.flags as u32) & CodeFlags::FUTURE_MASK,
        dont_imply_dedent: options.flags & cf::DONT_IMPLY_DEDENT != 0,
        recursion_limit: 3000,
    }
}

/// Source text with all line ends as `\n`.
///
/// # Errors
/// `SyntaxError` for NUL characters.
fn normalized(source: &str) -> PyResult<Cow<'_, str>> {
    if source.contains('\0') {
        return Err(crate::exc::syntax_error("source code string cannot contain null bytes"));
    }
    Ok(if source.contains('\r') {
        Cow::Owned(source.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(source)
    })
}

/// Compiles source text. `filename` is what tracebacks show.
///
/// # Errors
/// `SyntaxError` and its subclasses, `ValueError` (NUL bytes), `RecursionError`, `OverflowError`, and what a
/// `SyntaxWarning` turned into an error raises.
pub fn compile_str(source: &str, filename: &str, mode: Mode, options: Options) -> PyResult<Ref<PyCode>> {
    let source = &*normalized(source)?;
    let opts = compiler_options(options);
    if error::may_be_misjudged(source, mode)
        && let Some(error) = error::explained(source, filename, mode, options)
    {
        return Err(error);
    }
    let mut warnings = Warnings::default();
    let mut result = stack::with_room(source, || {
        let mut note = |location, message| warnings.note(location, message);
        let (mode, opts) = (mode.to_compiler(), opts.clone());
        rustpython_compiler::compile_with_syntax_warning_handler(source, mode, filename, opts, &mut note)
    });
    if let Err(CompileError::Parse(_)) = &result {
        if let Some(error) = error::explained(source, filename, mode, options) {
            return Err(error);
        }
        warnings = Warnings::default();
        let opts = opts.clone();
        let again = stack::with_room(source, || compile_unchecked(source, filename, mode, opts, &mut warnings));
        result = again.unwrap_or(result);
    }
    if let Err(CompileError::Codegen(refusal)) = &result {
        let refusal = refusal.to_string();
        let again = stack::with_room(source, || {
            // That may have been for a class whose annotations need a cell of its own.
            let tree = annotations::bound_tree(source, mode, &refusal)?;
            compile_changed(tree, source, filename, mode, opts)
        });
        result = again.map_or(result, Ok);
    }
    if result.is_ok() {
        escapes::find_in_source(source).issue(filename, source)?;
        numbers::find_in_source(source).issue(filename, source)?;
    }
    warnings.issue(filename, source)?;
    let mut code = result.map_err(|e| error::compile_error(e, source, filename, mode, options))?;
    let protected = stack::with_room(source, || {
        let tree = division::protected_tree(source, mode)?;
        compile_changed(tree, source, filename, mode, compiler_options(options))
    });
    if let Some(protected) = protected {
        code = protected;
    }
    code_from_compiler(&code)
}

/// Compiles source that our grammar accepts. The compiler looks for mistakes in the text itself too, and sees some where
/// there are none: that is left out here. `None` if its parser is against the source as well.
fn compile_unchecked(
    source: &str,
    filename: &str,
    mode: Mode,
    opts: CompileOpts,
    warnings: &mut Warnings,
) -> Option<Result<CodeObject<ConstantData>, CompileError>> {
    let parser_mode = if mode == Mode::Eval { parser::Mode::Expression } else { parser::Mode::Module };
    let tree = parser::parse(source, parser::ParseOptions::from(parser_mode)).ok()?.into_syntax();
    let file = SourceFileBuilder::new(filename, source).finish();
    if let Err(error) = rustpython_compiler::too_deeply_nested_error(&tree, &file, opts.recursion_limit) {
        return Some(Err(error));
    }
    let mut note = |location, message| warnings.note(location, message);
    let code = compile_top_with_syntax_warning_handler(tree, file, mode.to_compiler(), opts, Some(&mut note));
    Some(code.map_err(CompileError::from))
}

/// Compiles a tree that was changed to say in another way what its source text says. The first compilation has warned already.
/// `None` if the compiler refuses it.
fn compile_changed(
    tree: Mod,
    source: &str,
    filename: &str,
    mode: Mode,
    opts: CompileOpts,
) -> Option<CodeObject<ConstantData>> {
    let file = SourceFileBuilder::new(filename, source).finish();
    compile_top_with_syntax_warning_handler(tree, file, mode.to_compiler(), opts, None).ok()
}

/// Decodes and compiles a source file's bytes.
///
/// # Errors
/// As [`compile_str`]; `SyntaxError` for bytes that are no text.
pub fn compile_source_bytes(source: &[u8], filename: &str, mode: Mode) -> PyResult<Ref<PyCode>> {
    let text = source::decode(source, filename)?;
    compile_str(&text, filename, mode, Options::default())
}
