//! `(int, *str, **Any) -> float`: mode `func_type`, the types of a function in a type comment.

use ruff_text_size::{Ranged, TextRange, TextSize};
use rustpython_compiler::CompileError;
use rustpython_compiler::ast::token::TokenKind;
use rustpython_compiler::ast::{self, Expr};
use rustpython_compiler::core::{Mode, SourceFile};
use rustpython_compiler::parser::{self, ParseError, ParseErrorType};

use super::builder::Builder;
use super::grammar::Kind;
use crate::err::PyResult;
use crate::object::ObjRef;

/// The node of a function type.
pub fn parse(file: &SourceFile) -> Result<PyResult<ObjRef>, CompileError> {
    let fail = |error| CompileError::from_ruff_parse_error(error, file, Mode::Eval);
    let source = file.source_text();
    let invalid = |at: TextSize| {
        let location = TextRange::empty(at.min(TextSize::new(source.len() as u32)));
        fail(ParseError { error: ParseErrorType::OtherError("invalid syntax".to_owned()), location })
    };
    // The text is no expression, but its tokens are found all the same.
    let scanned = parser::parse_unchecked(source, parser::ParseOptions::from(parser::Mode::Module));
    let mut depth = 0usize;
    let mut close = None;
    let mut arrow = None;
    // Where each argument's type stands, without its stars.
    let mut arguments: Vec<TextRange> = Vec::new();
    let mut start = None;
    // Starred types come last: one star, then two.
    let mut stars = 0;
    let mut starred = false;
    for token in scanned.tokens().iter() {
        let range = token.range();
        match token.kind() {
            TokenKind::Rarrow if depth == 0 => {
                arrow = Some(range);
                break;
            }
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => {
                depth += 1;
                if depth == 1 {
                    start = None;
                    continue;
                }
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => {
                if depth == 1 {
                    if let Some(start) = start.take() {
                        arguments.push(TextRange::new(start, range.start()));
                    }
                    close = Some(range);
                }
                depth = depth.saturating_sub(1);
                continue;
            }
            TokenKind::Comma if depth == 1 => {
                let Some(start) = start.take() else { return Err(invalid(range.start())) };
                arguments.push(TextRange::new(start, range.start()));
                continue;
            }
            kind @ (TokenKind::Star | TokenKind::DoubleStar) if depth == 1 && start.is_none() => {
                let count = if kind == TokenKind::Star { 1 } else { 2 };
                if stars >= count {
                    return Err(invalid(range.start()));
                }
                stars = count;
                starred = true;
                continue;
            }
            kind if kind.is_trivia() || matches!(kind, TokenKind::Newline | TokenKind::NonLogicalNewline) => continue,
            _ => {}
        }
        if depth >= 1 && start.is_none() {
            if stars > 0 && !core::mem::take(&mut starred) {
                return Err(invalid(range.start()));
            }
            start = Some(range.start());
        }
    }
    let (Some(_), Some(arrow), true) = (close, arrow, source.trim_start().starts_with('(')) else {
        return Err(invalid(TextSize::new(0)));
    };
    let expression = |range: TextRange| -> Result<Expr, CompileError> {
        let parsed = parser::parse_parenthesized_expression_range(source, range).map_err(fail)?;
        Ok(*parsed.into_syntax().body)
    };
    let end = TextSize::new(source.trim_end().len() as u32);
    if arrow.end() > end {
        return Err(invalid(arrow.end()));
    }
    let returns = expression(TextRange::new(arrow.end(), end))?;
    let arguments = arguments.into_iter().map(expression).collect::<Result<Vec<_>, _>>()?;
    Ok(build(file, &arguments, &returns))
}

fn build(file: &SourceFile, arguments: &[ast::Expr], returns: &ast::Expr) -> PyResult<ObjRef> {
    let builder = Builder::new(file, None)?;
    let arguments = builder.exprs(arguments)?;
    builder.free(Kind::FunctionType, [arguments, builder.expr(returns)?])
}
