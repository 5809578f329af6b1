//! The compiler's symbol tables as plain data, for `_symtable`.

use rustpython_compiler::codegen::symboltable::{CompilerScope, SymbolFlags, SymbolTable};

use super::{Mode, Options, error, normalized, stack};
use crate::err::PyResult;

/// How far the scope of a symbol is shifted beside its flags.
pub const SCOPE_OFFSET: i32 = 12;
/// The bits of a scope.
pub const SCOPE_MASK: i32 = 15;

/// Names and values of the flags of a symbol.
pub const FLAGS: &[(&str, SymbolFlags)] = &[
    ("DEF_GLOBAL", SymbolFlags::DEF_GLOBAL),
    ("DEF_LOCAL", SymbolFlags::DEF_LOCAL),
    ("DEF_PARAM", SymbolFlags::DEF_PARAM),
    ("DEF_TYPE_PARAM", SymbolFlags::DEF_TYPE_PARAM),
    ("DEF_NONLOCAL", SymbolFlags::DEF_NONLOCAL),
    ("USE", SymbolFlags::USE),
    ("DEF_FREE_CLASS", SymbolFlags::DEF_FREE_CLASS),
    ("DEF_IMPORT", SymbolFlags::DEF_IMPORT),
    ("DEF_BOUND", SymbolFlags::DEF_BOUND),
    ("DEF_ANNOT", SymbolFlags::DEF_ANNOT),
    ("DEF_COMP_ITER", SymbolFlags::DEF_COMP_ITER),
    ("DEF_COMP_CELL", SymbolFlags::DEF_COMP_CELL),
];

/// Names and numbers of the kinds of scopes.
pub const KINDS: &[(&str, i32)] = &[
    ("TYPE_FUNCTION", kind::FUNCTION),
    ("TYPE_CLASS", kind::CLASS),
    ("TYPE_MODULE", kind::MODULE),
    ("TYPE_ANNOTATION", kind::ANNOTATION),
    ("TYPE_TYPE_VARIABLE", kind::TYPE_VARIABLE),
    ("TYPE_TYPE_ALIAS", kind::TYPE_ALIAS),
    ("TYPE_TYPE_PARAMETERS", kind::TYPE_PARAMETERS),
];

mod kind {
    pub const FUNCTION: i32 = 0;
    pub const CLASS: i32 = 1;
    pub const MODULE: i32 = 2;
    pub const ANNOTATION: i32 = 3;
    pub const TYPE_VARIABLE: i32 = 4;
    pub const TYPE_ALIAS: i32 = 5;
    pub const TYPE_PARAMETERS: i32 = 6;
}

/// A scope with the scopes inside of it.
pub struct Scope {
    pub name: String,
    pub kind: i32,
    pub line: u32,
    pub nested: bool,
    /// Each name with its flags and, shifted, its scope.
    pub symbols: Vec<(String, i64)>,
    pub varnames: Vec<String>,
    pub children: Vec<Scope>,
}

/// The bits of a flag.
pub fn bits(flag: SymbolFlags) -> i32 {
    i32::from(flag.bits())
}

/// The symbol table of a source text.
///
/// # Errors
/// `SyntaxError`, `RecursionError`.
pub fn symtable(source: &str, filename: &str, mode: Mode) -> PyResult<Scope> {
    let source = normalized(source)?;
    let compile = || rustpython_compiler::compile_symtable(&source, mode.to_compiler(), filename);
    let table = stack::with_room(&source, compile)
        .map_err(|e| error::compile_error(e, &source, filename, mode, Options::default()))?;
    Ok(scope(&table))
}

fn scope(table: &SymbolTable) -> Scope {
    let symbols = table.symbols.iter().map(|(name, symbol)| {
        let flags = i64::from(symbol.flags.bits()) | i64::from(symbol.scope.as_i32()) << SCOPE_OFFSET;
        (name.to_string(), flags)
    });
    // The scope of annotations is kept apart from the others.
    let mut inner: Vec<&SymbolTable> = table.sub_tables.iter().chain(table.annotation_block.as_deref()).collect();
    inner.sort_by_key(|table| table.block_index);
    Scope {
        name: table.name.to_string(),
        kind: kind_of(table.typ),
        line: table.line_number,
        nested: table.is_nested,
        symbols: symbols.collect(),
        varnames: table.varnames.iter().map(|name| name.to_string()).collect(),
        children: inner.into_iter().map(scope).collect(),
    }
}

fn kind_of(scope: CompilerScope) -> i32 {
    match scope {
        CompilerScope::Module => kind::MODULE,
        CompilerScope::Class => kind::CLASS,
        CompilerScope::Function
        | CompilerScope::AsyncFunction
        | CompilerScope::Lambda
        | CompilerScope::Comprehension => kind::FUNCTION,
        CompilerScope::TypeParams => kind::TYPE_PARAMETERS,
        CompilerScope::Annotation => kind::ANNOTATION,
        CompilerScope::TypeAlias => kind::TYPE_ALIAS,
        CompilerScope::TypeVariable => kind::TYPE_VARIABLE,
    }
}
