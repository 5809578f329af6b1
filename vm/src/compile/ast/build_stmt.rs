//! Statements and patterns of the parser as Python objects.

use ruff_text_size::{Ranged, TextRange, TextSize};
use rustpython_compiler::ast;

use super::build_expr::operator_kind;
use super::builder::Builder;
use super::classes::{Place, int, singleton};
use super::grammar::Kind;
use crate::err::PyResult;
use crate::object::ObjRef;
use crate::runtime::recursion;
use crate::{exc, none, py_bool};

impl Builder<'_> {
    /// A block.
    pub fn body(&self, body: &[ast::Stmt]) -> PyResult<ObjRef> {
        self.list_of(body, |b, stmt| b.stmt(stmt))
    }

    /// A statement.
    ///
    /// # Errors
    /// As for expressions.
    pub fn stmt(&self, stmt: &ast::Stmt) -> PyResult<ObjRef> {
        use ast::Stmt;
        recursion::check(" during ast construction")?;
        let range = if is_compound(stmt) { self.block_range(stmt.range()) } else { stmt.range() };
        match stmt {
            Stmt::FunctionDef(s) => self.function_def(s, range),
            Stmt::ClassDef(s) => self.class_def(s, range),
            Stmt::Return(s) => self.placed(Kind::Return, range, [self.optional_expr(s.value.as_deref())?]),
            Stmt::Delete(s) => self.placed(Kind::Delete, range, [self.exprs(&s.targets)?]),
            Stmt::TypeAlias(s) => {
                let fields = [self.expr(&s.name)?, self.type_params(s.type_params.as_deref())?, self.expr(&s.value)?];
                self.placed(Kind::TypeAlias, range, fields)
            }
            Stmt::Assign(s) => {
                let comment = self.type_comment(|comments| comments.of_line_end(self.source, range.end()));
                let range = match comment.is(&*none()) {
                    true => range,
                    false => self.with_comment(range),
                };
                self.placed(Kind::Assign, range, [self.exprs(&s.targets)?, self.expr(&s.value)?, comment])
            }
            Stmt::AugAssign(s) => {
                let fields = [self.expr(&s.target)?, singleton(operator_kind(s.op))?, self.expr(&s.value)?];
                self.placed(Kind::AugAssign, range, fields)
            }
            Stmt::AnnAssign(s) => {
                let fields = [
                    self.expr(&s.target)?,
                    self.expr(&s.annotation)?,
                    self.optional_expr(s.value.as_deref())?,
                    int(i32::from(s.simple)),
                ];
                self.placed(Kind::AnnAssign, range, fields)
            }
            Stmt::For(s) => {
                let kind = if s.is_async { Kind::AsyncFor } else { Kind::For };
                let fields = [
                    self.expr(&s.target)?,
                    self.expr(&s.iter)?,
                    self.body(&s.body)?,
                    self.body(&s.orelse)?,
                    self.block_comment(s.iter.end(), &s.body),
                ];
                self.placed(kind, range, fields)
            }
            Stmt::While(s) => {
                self.placed(Kind::While, range, [self.expr(&s.test)?, self.body(&s.body)?, self.body(&s.orelse)?])
            }
            Stmt::If(s) => self.if_chain(range, &s.test, &s.body, &s.elif_else_clauses),
            Stmt::With(s) => {
                let kind = if s.is_async { Kind::AsyncWith } else { Kind::With };
                let items = self.list_of(&s.items, |b, item| {
                    let fields = [b.expr(&item.context_expr)?, b.optional_expr(item.optional_vars.as_deref())?];
                    b.free(Kind::WithItemNode, fields)
                })?;
                let header_end = s.items.last().map_or(range.start(), Ranged::end);
                self.placed(kind, range, [items, self.body(&s.body)?, self.block_comment(header_end, &s.body)])
            }
            Stmt::Match(s) => {
                let cases = self.list_of(&s.cases, |b, case| {
                    let fields =
                        [b.pattern(&case.pattern)?, b.optional_expr(case.guard.as_deref())?, b.body(&case.body)?];
                    b.free(Kind::MatchCaseNode, fields)
                })?;
                self.placed(Kind::Match, range, [self.expr(&s.subject)?, cases])
            }
            Stmt::Raise(s) => {
                let fields = [self.optional_expr(s.exc.as_deref())?, self.optional_expr(s.cause.as_deref())?];
                self.placed(Kind::Raise, range, fields)
            }
            Stmt::Try(s) => {
                let kind = if s.is_star { Kind::TryStar } else { Kind::Try };
                let handlers = self.list_of(&s.handlers, |b, handler| {
                    let ast::ExceptHandler::ExceptHandler(h) = handler;
                    let fields =
                        [b.optional_expr(h.type_.as_deref())?, b.optional_name(h.name.as_ref()), b.body(&h.body)?];
                    b.placed(Kind::ExceptHandler, b.block_range(h.range), fields)
                })?;
                let fields = [self.body(&s.body)?, handlers, self.body(&s.orelse)?, self.body(&s.finalbody)?];
                self.placed(kind, range, fields)
            }
            Stmt::Assert(s) => {
                self.placed(Kind::Assert, range, [self.expr(&s.test)?, self.optional_expr(s.msg.as_deref())?])
            }
            Stmt::Import(s) => self.placed(Kind::Import, range, [self.aliases(&s.names)?]),
            Stmt::ImportFrom(s) => {
                let level = i32::try_from(s.level).map_err(|_| exc::overflow_error("too many dots"))?;
                let fields = [self.optional_name(s.module.as_ref()), self.aliases(&s.names)?, int(level)];
                self.placed(Kind::ImportFrom, range, fields)
            }
            Stmt::Global(s) => self.placed(Kind::Global, range, [self.names(&s.names)?]),
            Stmt::Nonlocal(s) => self.placed(Kind::Nonlocal, range, [self.names(&s.names)?]),
            Stmt::Expr(s) => self.placed(Kind::Expr, range, [self.expr(&s.value)?]),
            // One that stands for a removed docstring is as long as any.
            Stmt::Pass(_) => {
                let (line, column) = self.lines.position(range.start());
                let place = Place { line, column, end_line: line, end_column: column + 4 };
                self.classes.node(Kind::Pass, &[], Some(place))
            }
            Stmt::Break(_) => self.placed(Kind::Break, range, []),
            Stmt::Continue(_) => self.placed(Kind::Continue, range, []),
            Stmt::IpyEscapeCommand(_) => Err(exc::syntax_error("invalid syntax")),
        }
    }

    /// The range of a statement with blocks: a semicolon behind its last statement belongs to it.
    fn block_range(&self, range: TextRange) -> TextRange {
        let rest = &self.source[range.end().to_usize()..];
        let behind = rest.trim_start_matches([' ', '\t']);
        match behind.starts_with(';') {
            true => TextRange::new(range.start(), range.end() + TextSize::new((rest.len() - behind.len() + 1) as u32)),
            false => range,
        }
    }

    /// A definition starts at its keyword, behind the decorators.
    fn definition_range(&self, range: TextRange, decorators: &[ast::Decorator]) -> TextRange {
        match decorators.last() {
            Some(last) => self.from_next_token(last.range.end(), range.end()),
            None => range,
        }
    }

    fn function_def(&self, s: &ast::StmtFunctionDef, range: TextRange) -> PyResult<ObjRef> {
        let kind = if s.is_async { Kind::AsyncFunctionDef } else { Kind::FunctionDef };
        let body_start = s.body.first().map_or(s.range.end(), Ranged::start);
        let header_end = s.returns.as_ref().map_or(s.parameters.range.end(), |returns| returns.end());
        let fields = [
            self.name(s.name.as_str()),
            self.parameters(Some(&s.parameters))?,
            self.body(&s.body)?,
            self.list_of(&s.decorator_list, |b, d| b.expr(&d.expression))?,
            self.optional_expr(s.returns.as_deref())?,
            self.type_comment(|comments| comments.of_function(header_end, body_start)),
            self.type_params(s.type_params.as_deref())?,
        ];
        self.placed(kind, self.definition_range(range, &s.decorator_list), fields)
    }

    fn class_def(&self, s: &ast::StmtClassDef, range: TextRange) -> PyResult<ObjRef> {
        let (bases, keywords) = match s.arguments.as_deref() {
            Some(arguments) => self.arguments(arguments)?,
            None => (self.list(Vec::new())?, self.list(Vec::new())?),
        };
        let fields = [
            self.name(s.name.as_str()),
            bases,
            keywords,
            self.body(&s.body)?,
            self.list_of(&s.decorator_list, |b, d| b.expr(&d.expression))?,
            self.type_params(s.type_params.as_deref())?,
        ];
        self.placed(Kind::ClassDef, self.definition_range(range, &s.decorator_list), fields)
    }

    /// `if`, whose `elif`s are nested: each stands alone in the `orelse` of the one before, and reaches to the end.
    fn if_chain(
        &self,
        range: TextRange,
        test: &ast::Expr,
        body: &[ast::Stmt],
        clauses: &[ast::ElifElseClause],
    ) -> PyResult<ObjRef> {
        let mut orelse = self.list(Vec::new())?;
        let mut later = Vec::new();
        for clause in clauses {
            match &clause.test {
                Some(test) => later.push((TextRange::new(clause.range.start(), range.end()), test, &*clause.body)),
                None => orelse = self.body(&clause.body)?,
            }
        }
        for (range, test, body) in later.into_iter().rev() {
            let nested = self.placed(Kind::If, range, [self.expr(test)?, self.body(body)?, orelse])?;
            orelse = self.list(vec![nested])?;
        }
        self.placed(Kind::If, range, [self.expr(test)?, self.body(body)?, orelse])
    }

    fn aliases(&self, aliases: &[ast::Alias]) -> PyResult<ObjRef> {
        self.list_of(aliases, |b, alias| {
            let fields = [b.name(alias.name.as_str()), b.optional_name(alias.asname.as_ref())];
            b.placed(Kind::AliasNode, alias.range, fields)
        })
    }

    fn names(&self, names: &[ast::Identifier]) -> PyResult<ObjRef> {
        self.list_of(names, |b, name| Ok(b.name(name.as_str())))
    }

    fn type_params(&self, params: Option<&ast::TypeParams>) -> PyResult<ObjRef> {
        self.list_of(params.map_or(&[][..], |params| &params.type_params), |b, param| match param {
            ast::TypeParam::TypeVar(p) => b.placed(
                Kind::TypeVar,
                p.range,
                [b.name(p.name.as_str()), b.optional_expr(p.bound.as_deref())?, b.optional_expr(p.default.as_deref())?],
            ),
            ast::TypeParam::ParamSpec(p) => {
                b.placed(Kind::ParamSpec, p.range, [b.name(p.name.as_str()), b.optional_expr(p.default.as_deref())?])
            }
            ast::TypeParam::TypeVarTuple(p) => {
                b.placed(Kind::TypeVarTuple, p.range, [b.name(p.name.as_str()), b.optional_expr(p.default.as_deref())?])
            }
        })
    }

    fn patterns(&self, patterns: &[ast::Pattern]) -> PyResult<ObjRef> {
        self.list_of(patterns, |b, pattern| b.pattern(pattern))
    }

    /// A pattern.
    fn pattern(&self, pattern: &ast::Pattern) -> PyResult<ObjRef> {
        use ast::Pattern;
        recursion::check(" during ast construction")?;
        let range = pattern.range();
        match pattern {
            Pattern::MatchValue(p) => self.placed(Kind::MatchValue, range, [self.expr(&p.value)?]),
            Pattern::MatchSingleton(p) => {
                let value = match p.value {
                    ast::Singleton::None => none(),
                    ast::Singleton::True => py_bool(true),
                    ast::Singleton::False => py_bool(false),
                };
                self.placed(Kind::MatchSingleton, range, [value])
            }
            Pattern::MatchSequence(p) => self.placed(Kind::MatchSequence, range, [self.patterns(&p.patterns)?]),
            Pattern::MatchMapping(p) => {
                let fields = [self.exprs(&p.keys)?, self.patterns(&p.patterns)?, self.optional_name(p.rest.as_ref())];
                self.placed(Kind::MatchMapping, range, fields)
            }
            Pattern::MatchClass(p) => {
                let keywords = &p.arguments.keywords;
                let fields = [
                    self.expr(&p.cls)?,
                    self.patterns(&p.arguments.patterns)?,
                    self.list_of(keywords, |b, keyword| Ok(b.name(keyword.attr.as_str())))?,
                    self.list_of(keywords, |b, keyword| b.pattern(&keyword.pattern))?,
                ];
                self.placed(Kind::MatchClass, range, fields)
            }
            Pattern::MatchStar(p) => self.placed(Kind::MatchStar, range, [self.optional_name(p.name.as_ref())]),
            Pattern::MatchAs(p) => {
                let inner = p.pattern.as_deref().map_or_else(|| Ok(none()), |inner| self.pattern(inner))?;
                self.placed(Kind::MatchAs, range, [inner, self.optional_name(p.name.as_ref())])
            }
            Pattern::MatchOr(p) => self.placed(Kind::MatchOr, range, [self.patterns(&p.patterns)?]),
        }
    }

    /// The type comment between a statement's header and its block.
    fn block_comment(&self, header_end: TextSize, body: &[ast::Stmt]) -> ObjRef {
        let start = body.first().map_or(header_end, Ranged::start);
        self.type_comment(|comments| comments.of_block(self.source, header_end, start))
    }

    /// A range that takes in the comment at the end of its line.
    fn with_comment(&self, range: TextRange) -> TextRange {
        let rest = &self.source[range.end().to_usize()..];
        let line = rest.split('\n').next().unwrap_or(rest).trim_end_matches([' ', '\t']);
        TextRange::new(range.start(), range.end() + TextSize::new(line.len() as u32))
    }
}

fn is_compound(stmt: &ast::Stmt) -> bool {
    use ast::Stmt;
    matches!(
        stmt,
        Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::For(_)
            | Stmt::While(_)
            | Stmt::If(_)
            | Stmt::With(_)
            | Stmt::Match(_)
            | Stmt::Try(_)
    )
}
