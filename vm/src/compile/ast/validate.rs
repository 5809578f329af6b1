//! Checks of a tree that came from Python: what the parser guarantees and the compiler relies on.

use super::classes::Place;
use super::grammar::Kind;
use super::tree::Node;
use crate::err::PyResult;
use crate::exc;
use crate::object::PyObject;
use crate::runtime::recursion;
use crate::types::bool_;
use crate::types::bytes::PyBytes;
use crate::types::complex::PyComplex;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::set::PyFrozenSet;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

fn fail<T>(message: impl Into<String>) -> PyResult<T> {
    Err(exc::value_error(message))
}

/// Checks a whole tree.
///
/// # Errors
/// `ValueError`, for some faults `TypeError`.
pub fn validate(root: &Node) -> PyResult<()> {
    match root.kind {
        Kind::Expression => required(root, 0, |node| expr(node, Kind::Load)),
        Kind::FunctionType => {
            exprs(root.nodes(0), Kind::Load, Nones::Forbidden)?;
            required(root, 1, |node| expr(node, Kind::Load))
        }
        _ => stmts(root.nodes(0)),
    }
}

/// May a list of expressions hold `None`?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Nones {
    Allowed,
    Forbidden,
}

fn required(node: &Node, index: usize, check: impl FnOnce(&Node) -> PyResult<()>) -> PyResult<()> {
    node.node(index).map_or(Ok(()), check)
}

fn place(node: &Node) -> PyResult<()> {
    let Place { line, column, end_line, end_column } = node.place;
    if line > end_line {
        return fail(format!("AST node line range ({line}, {end_line}) is not valid"));
    }
    if (line < 0 && end_line != line) || (column < 0 && column != end_column) {
        return fail(format!(
            "AST node column range ({column}, {end_column}) for line range ({line}, {end_line}) is not valid"
        ));
    }
    if line == end_line && column > end_column {
        return fail(format!("line {line}, column {column}-{end_column} is not a valid range"));
    }
    Ok(())
}

fn name(name: Option<&PyStr>) -> PyResult<()> {
    match name.and_then(PyStr::as_str) {
        Some(text @ ("None" | "True" | "False")) => fail(format!("identifier field can't represent '{text}' constant")),
        _ => Ok(()),
    }
}

fn not_empty<T>(items: &[T], what: &str, owner: Kind) -> PyResult<()> {
    if items.is_empty() { fail(format!("empty {what} on {}", owner.name())) } else { Ok(()) }
}

fn body(node: &Node, index: usize) -> PyResult<()> {
    not_empty(node.nodes(index), "body", node.kind)?;
    stmts(node.nodes(index))
}

fn stmts(body: &[Option<Node>]) -> PyResult<()> {
    body.iter().try_for_each(|node| match node {
        Some(node) => stmt(node),
        None => fail("None disallowed in statement list"),
    })
}

fn exprs(list: &[Option<Node>], context: Kind, nones: Nones) -> PyResult<()> {
    list.iter().try_for_each(|node| match node {
        Some(node) => expr(node, context),
        None if nones == Nones::Allowed => Ok(()),
        None => fail("None disallowed in expression list"),
    })
}

fn loads(node: &Node, indexes: &[usize]) -> PyResult<()> {
    indexes.iter().try_for_each(|&index| required(node, index, |node| expr(node, Kind::Load)))
}

fn load_list(node: &Node, index: usize) -> PyResult<()> {
    exprs(node.nodes(index), Kind::Load, Nones::Forbidden)
}

fn targets(node: &Node, index: usize, context: Kind) -> PyResult<()> {
    not_empty(node.nodes(index), "targets", node.kind)?;
    exprs(node.nodes(index), context, Nones::Forbidden)
}

/// Nodes of a list in which `None` means nothing.
fn each(list: &[Option<Node>], check: impl Fn(&Node) -> PyResult<()>) -> PyResult<()> {
    list.iter().try_for_each(|node| match node {
        Some(node) => check(node),
        None => fail("None disallowed in a list of nodes"),
    })
}

fn stmt(node: &Node) -> PyResult<()> {
    recursion::check(" during compilation")?;
    place(node)?;
    match node.kind {
        Kind::FunctionDef | Kind::AsyncFunctionDef => {
            body(node, 2)?;
            type_params(node.nodes(6))?;
            required(node, 1, arguments)?;
            load_list(node, 3)?;
            loads(node, &[4])
        }
        Kind::ClassDef => {
            body(node, 3)?;
            type_params(node.nodes(5))?;
            load_list(node, 1)?;
            keywords(node.nodes(2))?;
            load_list(node, 4)
        }
        Kind::Return | Kind::Expr => loads(node, &[0]),
        Kind::Delete => targets(node, 0, Kind::Del),
        Kind::Assign => {
            targets(node, 0, Kind::Store)?;
            loads(node, &[1])
        }
        Kind::TypeAlias => {
            if node.node(0).is_some_and(|name| name.kind != Kind::Name) {
                return Err(exc::type_error("TypeAlias with non-Name name"));
            }
            required(node, 0, |name| expr(name, Kind::Store))?;
            type_params(node.nodes(1))?;
            loads(node, &[2])
        }
        Kind::AugAssign => {
            required(node, 0, |target| expr(target, Kind::Store))?;
            loads(node, &[2])
        }
        Kind::AnnAssign => {
            if node.int(3) != 0 && node.node(0).is_some_and(|target| target.kind != Kind::Name) {
                return Err(exc::type_error("AnnAssign with simple non-Name target"));
            }
            required(node, 0, |target| expr(target, Kind::Store))?;
            loads(node, &[2, 1])
        }
        Kind::For | Kind::AsyncFor => {
            required(node, 0, |target| expr(target, Kind::Store))?;
            loads(node, &[1])?;
            body(node, 2)?;
            stmts(node.nodes(3))
        }
        Kind::While | Kind::If => {
            loads(node, &[0])?;
            body(node, 1)?;
            stmts(node.nodes(2))
        }
        Kind::With | Kind::AsyncWith => {
            not_empty(node.nodes(0), "items", node.kind)?;
            each(node.nodes(0), |item| {
                loads(item, &[0])?;
                required(item, 1, |target| expr(target, Kind::Store))
            })?;
            body(node, 1)
        }
        Kind::Match => {
            loads(node, &[0])?;
            not_empty(node.nodes(1), "cases", node.kind)?;
            each(node.nodes(1), |case| {
                required(case, 0, |inner| pattern(inner, false))?;
                loads(case, &[1])?;
                body(case, 2)
            })
        }
        Kind::Raise => {
            if node.has(1) && !node.has(0) {
                return fail("Raise with cause but no exception");
            }
            loads(node, &[0, 1])
        }
        Kind::Try | Kind::TryStar => try_stmt(node),
        Kind::Assert => loads(node, &[0, 1]),
        Kind::Import | Kind::Global | Kind::Nonlocal => match node.kind {
            Kind::Import => not_empty(node.nodes(0), "names", node.kind),
            _ => not_empty(node.names(0), "names", node.kind),
        },
        Kind::ImportFrom => {
            if node.int(2) < 0 {
                return fail("Negative ImportFrom level");
            }
            not_empty(node.nodes(1), "names", node.kind)
        }
        _ => Ok(()),
    }
}

fn try_stmt(node: &Node) -> PyResult<()> {
    let kind = node.kind.name();
    body(node, 0)?;
    let (handlers, orelse, finalbody) = (node.nodes(1), node.nodes(2), node.nodes(3));
    if handlers.is_empty() && finalbody.is_empty() {
        return fail(format!("{kind} has neither except handlers nor finalbody"));
    }
    if handlers.is_empty() && !orelse.is_empty() {
        return fail(format!("{kind} has orelse but no except handlers"));
    }
    each(handlers, |handler| {
        place(handler)?;
        if node.kind == Kind::TryStar && !handler.has(0) {
            // There is no code for it: `except*` always takes a part of a group, told by its type.
            return fail("Invalid CFG, stack underflow");
        }
        loads(handler, &[0])?;
        body(handler, 2)
    })?;
    stmts(finalbody)?;
    stmts(orelse)
}

fn keywords(list: &[Option<Node>]) -> PyResult<()> {
    each(list, |keyword| loads(keyword, &[1]))
}

fn comprehensions(list: &[Option<Node>]) -> PyResult<()> {
    if list.is_empty() {
        return fail("comprehension with no generators");
    }
    each(list, |comprehension| {
        required(comprehension, 0, |target| expr(target, Kind::Store))?;
        loads(comprehension, &[1])?;
        load_list(comprehension, 2)
    })
}

fn parameter(node: &Node) -> PyResult<()> {
    place(node)?;
    loads(node, &[1])
}

fn arguments(node: &Node) -> PyResult<()> {
    let (posonly, args, kwonly, kw_defaults, defaults) =
        (node.nodes(0), node.nodes(1), node.nodes(3), node.nodes(4), node.nodes(6));
    each(posonly, parameter)?;
    each(args, parameter)?;
    required(node, 2, parameter)?;
    each(kwonly, parameter)?;
    required(node, 5, parameter)?;
    if defaults.len() > posonly.len() + args.len() {
        return fail("more positional defaults than args on arguments");
    }
    if kw_defaults.len() != kwonly.len() {
        return fail("length of kwonlyargs is not the same as kw_defaults on arguments");
    }
    exprs(defaults, Kind::Load, Nones::Forbidden)?;
    exprs(kw_defaults, Kind::Load, Nones::Allowed)
}

fn type_params(list: &[Option<Node>]) -> PyResult<()> {
    each(list, |param| {
        place(param)?;
        name(param.name(0))?;
        match param.kind {
            Kind::TypeVar => loads(param, &[1, 2]),
            _ => loads(param, &[1]),
        }
    })
}

/// A value that may stand in `Constant`.
fn constant(value: &PyObject) -> PyResult<()> {
    if crate::is_none(value) || value.is(&*crate::ellipsis()) || is_bool(value) || is_literal(value) {
        return Ok(());
    }
    if let Some(tuple) = value.downcast_exact::<PyTuple>() {
        recursion::check(" during compilation")?;
        return tuple.items().iter().try_for_each(|item| constant(item));
    }
    if let Some(set) = value.downcast_exact::<PyFrozenSet>() {
        recursion::check(" during compilation")?;
        return set.to_vec().iter().try_for_each(|item| constant(item));
    }
    Err(exc::type_error(format!("got an invalid type in Constant: {}", value.ty().name())))
}

fn is_bool(value: &PyObject) -> bool {
    value.is(bool_::as_object(true)) || value.is(bool_::as_object(false))
}

/// A number, a string or bytes.
fn is_literal(value: &PyObject) -> bool {
    is_number(value, true, true)
        || value.downcast_exact::<PyStr>().is_some()
        || value.downcast_exact::<PyBytes>().is_some()
}

fn is_number(value: &PyObject, real: bool, imaginary: bool) -> bool {
    (real && (value.downcast_exact::<PyInt>().is_some() || value.downcast_exact::<PyFloat>().is_some()))
        || (imaginary && value.downcast_exact::<PyComplex>().is_some())
}

/// The context an expression says it stands in, for those that do.
fn context(node: &Node) -> Option<Kind> {
    let index = match node.kind {
        Kind::Attribute | Kind::Subscript => 2,
        Kind::Starred | Kind::Name | Kind::List | Kind::Tuple => 1,
        _ => return None,
    };
    node.node(index).map(|context| context.kind)
}

fn expr(node: &Node, wanted: Kind) -> PyResult<()> {
    recursion::check(" during compilation")?;
    place(node)?;
    match context(node) {
        Some(actual) if actual != wanted => {
            let (wanted, actual) = (wanted.name(), actual.name());
            return fail(format!("expression must have {wanted} context but has {actual} instead"));
        }
        None if wanted != Kind::Load => {
            return fail(format!("expression which can't be assigned to in {} context", wanted.name()));
        }
        _ => {}
    }
    match node.kind {
        Kind::BoolOp => {
            if node.nodes(1).len() < 2 {
                return fail("BoolOp with less than 2 values");
            }
            load_list(node, 1)
        }
        Kind::BinOp => loads(node, &[0, 2]),
        Kind::UnaryOp => loads(node, &[1]),
        Kind::NamedExpr => {
            if node.node(0).is_some_and(|target| target.kind != Kind::Name) {
                return Err(exc::type_error("NamedExpr target must be a Name"));
            }
            loads(node, &[1])
        }
        Kind::Lambda => {
            required(node, 0, arguments)?;
            loads(node, &[1])
        }
        Kind::IfExp | Kind::Slice => loads(node, &[0, 1, 2]),
        Kind::Dict => {
            if node.nodes(0).len() != node.nodes(1).len() {
                return fail("Dict doesn't have the same number of keys as values");
            }
            // A key that is None means unpacking.
            exprs(node.nodes(0), Kind::Load, Nones::Allowed)?;
            load_list(node, 1)
        }
        Kind::Set | Kind::JoinedStr | Kind::TemplateStr => load_list(node, 0),
        Kind::ListComp | Kind::SetComp | Kind::GeneratorExp => {
            comprehensions(node.nodes(1))?;
            loads(node, &[0])
        }
        Kind::DictComp => {
            comprehensions(node.nodes(2))?;
            loads(node, &[0, 1])
        }
        Kind::Yield | Kind::YieldFrom | Kind::Await => loads(node, &[0]),
        Kind::Compare => {
            if node.nodes(2).is_empty() {
                return fail("Compare with no comparators");
            }
            if node.nodes(2).len() != node.nodes(1).len() {
                return fail("Compare has a different number of comparators and operands");
            }
            load_list(node, 2)?;
            loads(node, &[0])
        }
        Kind::Call => {
            loads(node, &[0])?;
            load_list(node, 1)?;
            keywords(node.nodes(2))
        }
        Kind::FormattedValue => loads(node, &[0, 2]),
        Kind::Interpolation => loads(node, &[0, 3]),
        Kind::Constant => node.object(0).map_or(Ok(()), constant),
        Kind::Attribute => loads(node, &[0]),
        Kind::Subscript => loads(node, &[1, 0]),
        Kind::Starred => required(node, 0, |value| expr(value, wanted)),
        Kind::Name => name(node.name(0)),
        Kind::List | Kind::Tuple => exprs(node.nodes(0), wanted, Nones::Forbidden),
        _ => Ok(()),
    }
}

fn capture(target: &PyStr) -> PyResult<()> {
    if target.eq_str("_") {
        return fail("can't capture name '_' in patterns");
    }
    name(Some(target))
}

fn patterns(list: &[Option<Node>], star_ok: bool) -> PyResult<()> {
    each(list, |inner| pattern(inner, star_ok))
}

fn pattern(node: &Node, star_ok: bool) -> PyResult<()> {
    recursion::check(" during compilation")?;
    place(node)?;
    match node.kind {
        Kind::MatchValue => required(node, 0, match_value),
        Kind::MatchSingleton => match node.object(0) {
            Some(value) if !crate::is_none(value) && !is_bool(value) => {
                fail("MatchSingleton can only contain True, False and None")
            }
            _ => Ok(()),
        },
        Kind::MatchSequence => patterns(node.nodes(0), true),
        Kind::MatchMapping => {
            if node.nodes(0).len() != node.nodes(1).len() {
                return fail("MatchMapping doesn't have the same number of keys as patterns");
            }
            node.name(2).map_or(Ok(()), capture)?;
            each(node.nodes(0), |key| match key.object(0) {
                // Allowed as keys, though not as values.
                Some(value) if key.kind == Kind::Constant && (crate::is_none(value) || is_bool(value)) => Ok(()),
                _ => match_value(key),
            })?;
            patterns(node.nodes(1), false)
        }
        Kind::MatchClass => match_class(node),
        Kind::MatchStar if !star_ok => fail("can't use MatchStar here"),
        Kind::MatchStar => node.name(0).map_or(Ok(()), capture),
        Kind::MatchAs => {
            node.name(1).map_or(Ok(()), capture)?;
            match node.node(0) {
                None => Ok(()),
                Some(_) if !node.has(1) => fail("MatchAs must specify a target name if a pattern is given"),
                Some(inner) => pattern(inner, false),
            }
        }
        Kind::MatchOr => {
            if node.nodes(0).len() < 2 {
                return fail("MatchOr requires at least 2 patterns");
            }
            patterns(node.nodes(0), false)
        }
        _ => Ok(()),
    }
}

fn match_class(node: &Node) -> PyResult<()> {
    if node.names(2).len() != node.nodes(3).len() {
        return fail("MatchClass doesn't have the same number of keyword attributes as patterns");
    }
    loads(node, &[0])?;
    let mut class = node.node(0);
    while let Some(inner) = class {
        class = match inner.kind {
            Kind::Name => None,
            Kind::Attribute => inner.node(0),
            _ => return fail("MatchClass cls field can only contain Name or Attribute nodes."),
        };
    }
    node.names(2).iter().try_for_each(|attr| name(Some(attr)))?;
    patterns(node.nodes(1), false)?;
    patterns(node.nodes(3), false)
}

fn match_value(node: &Node) -> PyResult<()> {
    expr(node, Kind::Load)?;
    let allowed = match node.kind {
        Kind::Constant => {
            return match node.object(0).is_some_and(is_literal) {
                true => Ok(()),
                false => fail("unexpected constant inside of a literal pattern"),
            };
        }
        Kind::Attribute | Kind::JoinedStr | Kind::TemplateStr => true,
        Kind::UnaryOp => is_negative(node, true, true),
        Kind::BinOp => is_complex(node),
        _ => false,
    };
    if allowed { Ok(()) } else { fail("patterns may only match literals and attribute lookups") }
}

fn is_literal_number(node: &Node, real: bool, imaginary: bool) -> bool {
    node.kind == Kind::Constant && node.object(0).is_some_and(|value| is_number(value, real, imaginary))
}

fn is_negative(node: &Node, real: bool, imaginary: bool) -> bool {
    node.kind == Kind::UnaryOp
        && node.node(0).is_some_and(|op| op.kind == Kind::USub)
        && node.node(1).is_some_and(|operand| is_literal_number(operand, real, imaginary))
}

/// A real number plus or minus an imaginary one.
fn is_complex(node: &Node) -> bool {
    node.node(1).is_some_and(|op| matches!(op.kind, Kind::Add | Kind::Sub))
        && node.node(0).is_some_and(|left| is_literal_number(left, true, false) || is_negative(left, true, false))
        && node.node(2).is_some_and(|right| is_literal_number(right, false, true))
}
