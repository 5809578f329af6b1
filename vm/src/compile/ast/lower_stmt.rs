//! Statements and patterns of a tree as the compiler's.

use ruff_text_size::{Ranged, TextRange};
use rustpython_compiler::ast::{self, Pattern, Stmt};

use super::grammar::Kind;
use super::lower::{Fields, Lowering, NO_INDEX, unexpected};
use super::lower_expr::operator;
use super::tree::Node;
use crate::err::PyResult;
use crate::is_none;
use crate::runtime::recursion;
use crate::types::bool_;

impl Lowering {
    /// A block.
    pub fn body(&mut self, nodes: Vec<Node>) -> PyResult<ast::Suite> {
        nodes.into_iter().map(|node| self.stmt(node)).collect()
    }

    /// A statement.
    ///
    /// # Errors
    /// As for whole trees.
    pub fn stmt(&mut self, node: Node) -> PyResult<Stmt> {
        recursion::check(" during compilation")?;
        let range = self.map.range(node.place);
        let kind = node.kind;
        let mut f = Fields::new(node.fields);
        let node_index = NO_INDEX;
        Ok(match kind {
            Kind::FunctionDef | Kind::AsyncFunctionDef => {
                self.function_def(f, range, kind == Kind::AsyncFunctionDef)?
            }
            Kind::ClassDef => self.class_def(f, range)?,
            Kind::Return => {
                let value = self.optional(f.optional_node()?)?;
                Stmt::Return(ast::StmtReturn { node_index, range, value })
            }
            Kind::Delete => {
                let targets = self.exprs(f.nodes()?)?;
                Stmt::Delete(ast::StmtDelete { node_index, range, targets, runtime_targets: None })
            }
            Kind::Assign => {
                let targets = self.exprs(f.nodes()?)?;
                let value = self.boxed(f.node()?)?;
                Stmt::Assign(ast::StmtAssign {
                    node_index,
                    range,
                    targets,
                    value,
                    runtime_targets: None,
                    runtime_type_comment: None,
                    runtime_type_comment_bytes: None,
                })
            }
            Kind::TypeAlias => {
                let name = self.boxed(f.node()?)?;
                let type_params = self.type_params(f.nodes()?)?;
                let value = self.boxed(f.node()?)?;
                Stmt::TypeAlias(ast::StmtTypeAlias { node_index, range, name, type_params, value })
            }
            Kind::AugAssign => {
                let target = self.boxed(f.node()?)?;
                let op = operator(f.kind()?)?;
                let value = self.boxed(f.node()?)?;
                Stmt::AugAssign(ast::StmtAugAssign { node_index, range, target, op, value })
            }
            Kind::AnnAssign => {
                let (target, annotation) = (self.boxed(f.node()?)?, self.boxed(f.node()?)?);
                let value = self.optional(f.optional_node()?)?;
                Stmt::AnnAssign(ast::StmtAnnAssign {
                    node_index,
                    range,
                    target,
                    annotation,
                    value,
                    simple: f.int() != 0,
                    runtime_simple: None,
                })
            }
            Kind::For | Kind::AsyncFor => {
                let (target, iter) = (self.boxed(f.node()?)?, self.boxed(f.node()?)?);
                let (body, orelse) = (self.body(f.nodes()?)?, self.body(f.nodes()?)?);
                Stmt::For(ast::StmtFor {
                    node_index,
                    range,
                    is_async: kind == Kind::AsyncFor,
                    target,
                    iter,
                    body,
                    orelse,
                    runtime_type_comment: None,
                    runtime_type_comment_bytes: None,
                    runtime_body: None,
                    runtime_orelse: None,
                })
            }
            Kind::While => {
                let test = self.boxed(f.node()?)?;
                let (body, orelse) = (self.body(f.nodes()?)?, self.body(f.nodes()?)?);
                Stmt::While(ast::StmtWhile {
                    node_index,
                    range,
                    test,
                    body,
                    orelse,
                    runtime_body: None,
                    runtime_orelse: None,
                })
            }
            Kind::If => {
                let (test, body) = (self.boxed(f.node()?)?, self.body(f.nodes()?)?);
                let elif_else_clauses = self.clauses(f.nodes()?)?;
                Stmt::If(ast::StmtIf { node_index, range, test, body, elif_else_clauses, runtime_body: None })
            }
            Kind::With | Kind::AsyncWith => {
                let items = f.nodes()?.into_iter().map(|item| self.with_item(item)).collect::<PyResult<_>>()?;
                let body = self.body(f.nodes()?)?;
                Stmt::With(ast::StmtWith {
                    node_index,
                    range,
                    is_async: kind == Kind::AsyncWith,
                    items,
                    body,
                    runtime_type_comment: None,
                    runtime_type_comment_bytes: None,
                    runtime_body: None,
                })
            }
            Kind::Match => {
                let subject = self.boxed(f.node()?)?;
                let cases = f.nodes()?.into_iter().map(|case| self.match_case(case)).collect::<PyResult<_>>()?;
                Stmt::Match(ast::StmtMatch { node_index, range, subject, cases })
            }
            Kind::Raise => {
                let (exc, cause) = (self.optional(f.optional_node()?)?, self.optional(f.optional_node()?)?);
                Stmt::Raise(ast::StmtRaise { node_index, range, exc, cause })
            }
            Kind::Try | Kind::TryStar => {
                let body = self.body(f.nodes()?)?;
                let handlers = f.nodes()?.into_iter().map(|node| self.handler(node)).collect::<PyResult<_>>()?;
                let (orelse, finalbody) = (self.body(f.nodes()?)?, self.body(f.nodes()?)?);
                Stmt::Try(ast::StmtTry {
                    node_index,
                    range,
                    body,
                    handlers,
                    orelse,
                    finalbody,
                    is_star: kind == Kind::TryStar,
                    runtime_body: None,
                    runtime_handlers: None,
                    runtime_orelse: None,
                    runtime_finalbody: None,
                })
            }
            Kind::Assert => {
                let (test, msg) = (self.boxed(f.node()?)?, self.optional(f.optional_node()?)?);
                Stmt::Assert(ast::StmtAssert { node_index, range, test, msg })
            }
            Kind::Import => {
                let names = self.aliases(f.nodes()?)?;
                Stmt::Import(ast::StmtImport { node_index, range, names, is_lazy: false })
            }
            Kind::ImportFrom => {
                let module = self.optional_identifier(f.optional_name()?, range)?;
                let names = self.aliases(f.nodes()?)?;
                let level = u32::try_from(f.int()).unwrap_or(0);
                Stmt::ImportFrom(ast::StmtImportFrom {
                    node_index,
                    range,
                    module,
                    names,
                    level,
                    is_lazy: false,
                    runtime_level: None,
                })
            }
            Kind::Global => Stmt::Global(ast::StmtGlobal { node_index, range, names: self.names(f, range)? }),
            Kind::Nonlocal => Stmt::Nonlocal(ast::StmtNonlocal { node_index, range, names: self.names(f, range)? }),
            Kind::Expr => Stmt::Expr(ast::StmtExpr { node_index, range, value: self.boxed(f.node()?)? }),
            Kind::Pass => Stmt::Pass(ast::StmtPass { node_index, range }),
            Kind::Break => Stmt::Break(ast::StmtBreak { node_index, range }),
            Kind::Continue => Stmt::Continue(ast::StmtContinue { node_index, range }),
            other => return Err(unexpected(other)),
        })
    }

    fn names(&mut self, mut f: Fields, range: TextRange) -> PyResult<Vec<ast::Identifier>> {
        f.names()?.iter().map(|name| self.identifier(name, range)).collect()
    }

    fn decorators(&mut self, nodes: Vec<Node>) -> PyResult<ast::DecoratorList> {
        let make = |node| {
            let expression = self.expr(node)?;
            Ok(ast::Decorator { range: expression.range(), node_index: NO_INDEX, expression })
        };
        nodes.into_iter().map(make).collect()
    }

    fn function_def(&mut self, mut f: Fields, range: TextRange, is_async: bool) -> PyResult<Stmt> {
        let name = self.identifier(&*f.name()?, range)?;
        let parameters = Box::new(self.parameters(f.node()?, range)?);
        let body = self.body(f.nodes()?)?;
        let decorator_list = self.decorators(f.nodes()?)?;
        let returns = self.optional(f.optional_node()?)?;
        f.skip();
        let type_params = self.type_params(f.nodes()?)?;
        Ok(Stmt::FunctionDef(ast::StmtFunctionDef {
            node_index: NO_INDEX,
            range,
            is_async,
            decorator_list,
            name,
            type_params,
            parameters,
            returns,
            body,
            runtime_decorator_list: None,
            runtime_type_comment: None,
            runtime_type_comment_bytes: None,
            runtime_body: None,
        }))
    }

    fn class_def(&mut self, mut f: Fields, range: TextRange) -> PyResult<Stmt> {
        let name = self.identifier(&*f.name()?, range)?;
        let (bases, keywords) = (f.nodes()?, f.nodes()?);
        let arguments = match bases.is_empty() && keywords.is_empty() {
            true => None,
            false => Some(Box::new(self.arguments(bases, keywords, range)?)),
        };
        let body = self.body(f.nodes()?)?;
        let decorator_list = self.decorators(f.nodes()?)?;
        let type_params = self.type_params(f.nodes()?)?;
        Ok(Stmt::ClassDef(ast::StmtClassDef {
            node_index: NO_INDEX,
            range,
            decorator_list,
            name,
            type_params,
            arguments,
            body,
            runtime_decorator_list: None,
            runtime_body: None,
        }))
    }

    /// What follows an `if`: another one alone is an `elif`, as long as that goes on.
    fn clauses(&mut self, mut orelse: Vec<Node>) -> PyResult<Vec<ast::ElifElseClause>> {
        let mut clauses = Vec::new();
        let clause = |range, test, body| ast::ElifElseClause {
            range,
            node_index: NO_INDEX,
            test,
            body,
            runtime_body: None,
            runtime_orelse: None,
        };
        while let [only] = &orelse[..]
            && only.kind == Kind::If
        {
            let range = self.map.range(only.place);
            let Some(node) = orelse.pop() else { break };
            let mut f = Fields::new(node.fields);
            let test = self.expr(f.node()?)?;
            let body = self.body(f.nodes()?)?;
            clauses.push(clause(range, Some(test), body));
            orelse = f.nodes()?;
        }
        if !orelse.is_empty() {
            let body = self.body(orelse)?;
            let range = match (body.first(), body.last()) {
                (Some(first), Some(last)) => TextRange::new(first.start(), last.end().max(first.start())),
                _ => TextRange::default(),
            };
            clauses.push(clause(range, None, body));
        }
        Ok(clauses)
    }

    fn with_item(&mut self, node: Node) -> PyResult<ast::WithItem> {
        let mut f = Fields::new(node.fields);
        let context_expr = self.expr(f.node()?)?;
        let optional_vars = self.optional(f.optional_node()?)?;
        Ok(ast::WithItem { range: context_expr.range(), node_index: NO_INDEX, context_expr, optional_vars })
    }

    fn handler(&mut self, node: Node) -> PyResult<ast::ExceptHandler> {
        let range = self.map.range(node.place);
        let mut f = Fields::new(node.fields);
        let type_ = self.optional(f.optional_node()?)?;
        let name = self.optional_identifier(f.optional_name()?, range)?;
        let body = self.body(f.nodes()?)?;
        Ok(ast::ExceptHandler::ExceptHandler(ast::ExceptHandlerExceptHandler {
            range,
            node_index: NO_INDEX,
            type_,
            name,
            body,
            runtime_body: None,
        }))
    }

    fn aliases(&mut self, nodes: Vec<Node>) -> PyResult<Vec<ast::Alias>> {
        let make = |node: Node| {
            let range = self.map.range(node.place);
            let mut f = Fields::new(node.fields);
            let name = self.identifier(&*f.name()?, range)?;
            let asname = self.optional_identifier(f.optional_name()?, range)?;
            Ok(ast::Alias { range, node_index: NO_INDEX, name, asname })
        };
        nodes.into_iter().map(make).collect()
    }

    fn type_params(&mut self, nodes: Vec<Node>) -> PyResult<Option<Box<ast::TypeParams>>> {
        let (Some(first), Some(last)) = (nodes.first(), nodes.last()) else { return Ok(None) };
        let (first, last) = (self.map.range(first.place), self.map.range(last.place));
        let range = TextRange::new(first.start(), last.end().max(first.start()));
        let type_params = nodes.into_iter().map(|node| self.type_param(node)).collect::<PyResult<_>>()?;
        Ok(Some(Box::new(ast::TypeParams { range, node_index: NO_INDEX, type_params, runtime_type_params: None })))
    }

    fn type_param(&mut self, node: Node) -> PyResult<ast::TypeParam> {
        let range = self.map.range(node.place);
        let node_index = NO_INDEX;
        let mut f = Fields::new(node.fields);
        let name = self.identifier(&*f.name()?, range)?;
        Ok(match node.kind {
            Kind::TypeVar => {
                let (bound, default) = (self.optional(f.optional_node()?)?, self.optional(f.optional_node()?)?);
                ast::TypeParam::TypeVar(ast::TypeParamTypeVar { node_index, range, name, bound, default })
            }
            Kind::ParamSpec => {
                let default = self.optional(f.optional_node()?)?;
                ast::TypeParam::ParamSpec(ast::TypeParamParamSpec { node_index, range, name, default })
            }
            Kind::TypeVarTuple => {
                let default = self.optional(f.optional_node()?)?;
                ast::TypeParam::TypeVarTuple(ast::TypeParamTypeVarTuple { node_index, range, name, default })
            }
            other => return Err(unexpected(other)),
        })
    }

    fn match_case(&mut self, node: Node) -> PyResult<ast::MatchCase> {
        let mut f = Fields::new(node.fields);
        let pattern = self.pattern(f.node()?)?;
        let guard = self.optional(f.optional_node()?)?;
        let body = self.body(f.nodes()?)?;
        Ok(ast::MatchCase { range: pattern.range(), node_index: NO_INDEX, pattern, guard, body, runtime_body: None })
    }

    /// A pattern.
    fn pattern(&mut self, node: Node) -> PyResult<Pattern> {
        recursion::check(" during compilation")?;
        let range = self.map.range(node.place);
        let node_index = NO_INDEX;
        let mut f = Fields::new(node.fields);
        let all = |this: &mut Self, nodes: Vec<Node>| -> PyResult<Vec<Pattern>> {
            nodes.into_iter().map(|node| this.pattern(node)).collect()
        };
        Ok(match node.kind {
            Kind::MatchValue => {
                Pattern::MatchValue(ast::PatternMatchValue { node_index, range, value: self.boxed(f.node()?)? })
            }
            Kind::MatchSingleton => {
                let value = f.object()?;
                let value = if is_none(&value) {
                    ast::Singleton::None
                } else {
                    ast::Singleton::from(value.is(bool_::as_object(true)))
                };
                Pattern::MatchSingleton(ast::PatternMatchSingleton { node_index, range, value })
            }
            Kind::MatchSequence => {
                let patterns = all(self, f.nodes()?)?;
                Pattern::MatchSequence(ast::PatternMatchSequence {
                    node_index,
                    range,
                    patterns,
                    runtime_patterns: None,
                })
            }
            Kind::MatchMapping => {
                let keys = self.exprs(f.nodes()?)?.into_iter().collect();
                let patterns = all(self, f.nodes()?)?.into_iter().collect();
                let rest = self.optional_identifier(f.optional_name()?, range)?;
                Pattern::MatchMapping(ast::PatternMatchMapping {
                    node_index,
                    range,
                    keys,
                    patterns,
                    rest,
                    runtime_keys: None,
                    runtime_patterns: None,
                })
            }
            Kind::MatchClass => {
                let cls = self.boxed(f.node()?)?;
                let patterns = all(self, f.nodes()?)?.into_iter().collect();
                let attrs = f.names()?;
                let values = all(self, f.nodes()?)?;
                let make = |(attr, pattern): (crate::Ref<crate::types::str::PyStr>, Pattern)| {
                    let range = pattern.range();
                    Ok(ast::PatternKeyword {
                        range,
                        node_index: NO_INDEX,
                        attr: self.identifier(&attr, range)?,
                        pattern,
                    })
                };
                let keywords = attrs.into_iter().zip(values).map(make).collect::<PyResult<_>>()?;
                let arguments = ast::PatternArguments { range, node_index: NO_INDEX, patterns, keywords };
                Pattern::MatchClass(ast::PatternMatchClass {
                    node_index,
                    range,
                    cls,
                    arguments,
                    runtime_patterns: None,
                    runtime_kwd_attrs: None,
                    runtime_kwd_patterns: None,
                })
            }
            Kind::MatchStar => {
                let name = self.optional_identifier(f.optional_name()?, range)?;
                Pattern::MatchStar(ast::PatternMatchStar { node_index, range, name })
            }
            Kind::MatchAs => {
                let pattern = f.optional_node()?.map(|node| self.pattern(node).map(Box::new)).transpose()?;
                let name = self.optional_identifier(f.optional_name()?, range)?;
                Pattern::MatchAs(ast::PatternMatchAs { node_index, range, pattern, name })
            }
            Kind::MatchOr => {
                let patterns = all(self, f.nodes()?)?;
                Pattern::MatchOr(ast::PatternMatchOr { node_index, range, patterns, runtime_patterns: None })
            }
            other => return Err(unexpected(other)),
        })
    }
}
