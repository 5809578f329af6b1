//! `feature_version`: what an older version's grammar does not have. The parser finds most of it by itself.

use ruff_text_size::{Ranged, TextRange};
use rustpython_compiler::ast::token::TokenKind;
use rustpython_compiler::ast::visitor::{self, Visitor};
use rustpython_compiler::ast::{self, Expr, Stmt};
use rustpython_compiler::parser::{Parsed, UnsupportedSyntaxErrorKind};

/// The newest version whose grammar can be asked for, which is the default.
pub const NEWEST_VERSION: u8 = 14;

/// The first version of which the parser knows all there is to say.
const KNOWN_SINCE: u8 = 13;

/// The first use of a feature that version 3.`minor` does not have.
pub fn too_new(parsed: &Parsed<ast::Mod>, source: &str, minor: u8) -> Option<(String, TextRange)> {
    let mut found: Vec<(TextRange, &str, u8)> = Vec::new();
    for error in parsed.unsupported_syntax_errors() {
        if let Some((feature, since)) = feature(error.kind) {
            found.push((error.range, feature, since));
        }
    }
    if minor < KNOWN_SINCE {
        let mut old = OldFeatures { found: &mut found };
        match parsed.syntax() {
            ast::Mod::Module(module) => old.visit_body(&module.body),
            ast::Mod::Expression(expression) => old.visit_expr(&expression.body),
        }
        for token in parsed.tokens().iter() {
            let range = token.range();
            let number = matches!(token.kind(), TokenKind::Int | TokenKind::Float | TokenKind::Complex);
            if number && source[range.start().to_usize()..range.end().to_usize()].contains('_') {
                found.push((range, "Underscores in numeric literals are", 6));
            }
        }
    }
    let (range, feature, since) =
        found.into_iter().filter(|&(_, _, since)| minor < since).min_by_key(|(range, _, _)| range.start())?;
    Some((format!("{feature} only supported in Python 3.{since} and greater"), range))
}

/// Features that are said to be too new, and the version that brought them.
fn feature(kind: UnsupportedSyntaxErrorKind) -> Option<(&'static str, u8)> {
    use UnsupportedSyntaxErrorKind as Feature;
    Some(match kind {
        Feature::Match => ("Pattern matching is", 10),
        Feature::Walrus => ("Assignment expressions are", 8),
        Feature::ExceptStar => ("Exception groups are", 11),
        Feature::PositionalOnlyParameter => ("Positional-only parameters are", 8),
        Feature::TypeParameterList => ("Type parameter lists are", 12),
        Feature::TypeAliasStatement => ("Type statement is", 12),
        Feature::TypeParamDefault => ("Type parameter defaults are", 13),
        Feature::TemplateStrings => ("t-strings are", 14),
        Feature::UnparenthesizedExceptionTypes => ("except expressions without parentheses are", 14),
        _ => return None,
    })
}

/// Looks for features that the parser says nothing about.
struct OldFeatures<'f> {
    found: &'f mut Vec<(TextRange, &'static str, u8)>,
}

impl<'a> Visitor<'a> for OldFeatures<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let feature = match stmt {
            Stmt::FunctionDef(s) if s.is_async => Some(("Async functions are", 5)),
            Stmt::For(s) if s.is_async => Some(("Async for loops are", 5)),
            Stmt::With(s) if s.is_async => Some(("Async with statements are", 5)),
            Stmt::AnnAssign(_) => Some(("Variable annotation syntax is", 6)),
            Stmt::AugAssign(s) if s.op == ast::Operator::MatMult => Some(("The '@' operator is", 5)),
            _ => None,
        };
        if let Some((feature, since)) = feature {
            self.found.push((stmt.range(), feature, since));
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let feature = match expr {
            Expr::Await(_) => Some(("Await expressions are", 5)),
            Expr::BinOp(e) if e.op == ast::Operator::MatMult => Some(("The '@' operator is", 5)),
            _ => None,
        };
        if let Some((feature, since)) = feature {
            self.found.push((expr.range(), feature, since));
        }
        visitor::walk_expr(self, expr);
    }

    fn visit_type_param(&mut self, param: &'a ast::TypeParam) {
        let default = match param {
            ast::TypeParam::TypeVar(p) => &p.default,
            ast::TypeParam::ParamSpec(p) => &p.default,
            ast::TypeParam::TypeVarTuple(p) => &p.default,
        };
        if default.is_some() {
            self.found.push((param.range(), "Type parameter defaults are", 13));
        }
        visitor::walk_type_param(self, param);
    }

    fn visit_comprehension(&mut self, comprehension: &'a ast::Comprehension) {
        if comprehension.is_async {
            self.found.push((comprehension.range, "Async comprehensions are", 6));
        }
        visitor::walk_comprehension(self, comprehension);
    }
}
