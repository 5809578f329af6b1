//! Expressions of a tree as the compiler's.

use ruff_text_size::{TextRange, TextSize};
use rustpython_compiler::ast::name::Name;
use rustpython_compiler::ast::{self, Expr};

use super::grammar::Kind;
use super::lower::{Fields, Lowering, NO_INDEX, unexpected};
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

impl Lowering {
    /// An expression.
    ///
    /// # Errors
    /// As for whole trees.
    pub fn expr(&mut self, node: Node) -> PyResult<Expr> {
        recursion::check(" during compilation")?;
        let range = self.map.range(node.place);
        let mut f = Fields::new(node.fields);
        let node_index = NO_INDEX;
        Ok(match node.kind {
            Kind::BoolOp => {
                let op = match f.kind()? {
                    Kind::And => ast::BoolOp::And,
                    _ => ast::BoolOp::Or,
                };
                let values = self.exprs(f.nodes()?)?;
                Expr::BoolOp(ast::ExprBoolOp { node_index, range, op, values, runtime_values: None })
            }
            Kind::NamedExpr => {
                let (target, value) = (self.boxed(f.node()?)?, self.boxed(f.node()?)?);
                Expr::Named(ast::ExprNamed { node_index, range, target, value })
            }
            Kind::BinOp => {
                let left = self.boxed(f.node()?)?;
                let op = operator(f.kind()?)?;
                let right = self.boxed(f.node()?)?;
                Expr::BinOp(ast::ExprBinOp { node_index, range, left, op, right })
            }
            Kind::UnaryOp => {
                let op = match f.kind()? {
                    Kind::Invert => ast::UnaryOp::Invert,
                    Kind::Not => ast::UnaryOp::Not,
                    Kind::UAdd => ast::UnaryOp::UAdd,
                    _ => ast::UnaryOp::USub,
                };
                let operand = self.boxed(f.node()?)?;
                Expr::UnaryOp(ast::ExprUnaryOp { node_index, range, op, operand })
            }
            Kind::Lambda => {
                let parameters = Some(Box::new(self.parameters(f.node()?, range)?));
                let body = self.boxed(f.node()?)?;
                Expr::Lambda(ast::ExprLambda { node_index, range, parameters, body })
            }
            Kind::IfExp => {
                let (test, body, orelse) = (self.boxed(f.node()?)?, self.boxed(f.node()?)?, self.boxed(f.node()?)?);
                Expr::If(ast::ExprIf { node_index, range, test, body, orelse })
            }
            Kind::Dict => {
                let keys = f.optional_nodes()?;
                let mut items = Vec::with_capacity(keys.len());
                for (key, value) in keys.into_iter().zip(f.nodes()?) {
                    let key = key.map(|key| self.expr(key)).transpose()?;
                    items.push(ast::DictItem { key, value: self.expr(value)? });
                }
                Expr::Dict(ast::ExprDict { node_index, range, items, runtime_values: None })
            }
            Kind::Set => {
                let elts = self.exprs(f.nodes()?)?;
                Expr::Set(ast::ExprSet { node_index, range, elts, runtime_elts: None })
            }
            Kind::ListComp => {
                let (elt, generators) = (self.boxed(f.node()?)?, self.comprehensions(f.nodes()?)?);
                Expr::ListComp(ast::ExprListComp { node_index, range, elt, generators })
            }
            Kind::SetComp => {
                let (elt, generators) = (self.boxed(f.node()?)?, self.comprehensions(f.nodes()?)?);
                Expr::SetComp(ast::ExprSetComp { node_index, range, elt, generators })
            }
            Kind::DictComp => {
                let (key, value) = (Some(self.boxed(f.node()?)?), self.boxed(f.node()?)?);
                let generators = self.comprehensions(f.nodes()?)?;
                Expr::DictComp(ast::ExprDictComp { node_index, range, key, value, generators })
            }
            Kind::GeneratorExp => {
                let (elt, generators) = (self.boxed(f.node()?)?, self.comprehensions(f.nodes()?)?);
                Expr::Generator(ast::ExprGenerator { node_index, range, elt, generators, parenthesized: true })
            }
            Kind::Await => Expr::Await(ast::ExprAwait { node_index, range, value: self.boxed(f.node()?)? }),
            Kind::Yield => {
                let value = self.optional(f.optional_node()?)?;
                Expr::Yield(ast::ExprYield { node_index, range, value })
            }
            Kind::YieldFrom => Expr::YieldFrom(ast::ExprYieldFrom { node_index, range, value: self.boxed(f.node()?)? }),
            Kind::Compare => {
                let left = self.boxed(f.node()?)?;
                let ops = f.nodes()?.into_iter().map(|op| comparison(op.kind)).collect::<PyResult<_>>()?;
                let comparators = self.exprs(f.nodes()?)?.into_boxed_slice();
                Expr::Compare(ast::ExprCompare { node_index, range, left, ops, comparators, runtime_comparators: None })
            }
            Kind::Call => {
                let func = self.boxed(f.node()?)?;
                let arguments = self.arguments(f.nodes()?, f.nodes()?, TextRange::empty(range.end()))?;
                Expr::Call(ast::ExprCall { node_index, range_start: range.start(), func, arguments })
            }
            Kind::FormattedValue => self.formatted_value(f, range)?,
            Kind::JoinedStr => {
                let values = self.exprs(f.nodes()?)?;
                self.fstring(range, Vec::new(), Some(values))
            }
            Kind::Interpolation => self.interpolation(f, range)?,
            Kind::TemplateStr => {
                let values = self.exprs(f.nodes()?)?;
                self.tstring(range, Vec::new(), Some(values))
            }
            Kind::Constant => self.constant(&*f.object()?, range)?,
            Kind::Attribute => {
                let value = self.boxed(f.node()?)?;
                let attr = self.identifier(&*f.name()?, range)?;
                Expr::Attribute(ast::ExprAttribute { node_index, range, value, attr, ctx: context(f.kind()?) })
            }
            Kind::Subscript => {
                let (value, slice) = (self.boxed(f.node()?)?, self.boxed(f.node()?)?);
                Expr::Subscript(ast::ExprSubscript { node_index, range, value, slice, ctx: context(f.kind()?) })
            }
            Kind::Starred => {
                let value = self.boxed(f.node()?)?;
                Expr::Starred(ast::ExprStarred { node_index, range, value, ctx: context(f.kind()?) })
            }
            Kind::Name => {
                let id = Name::new(f.name()?.as_utf8()?);
                Expr::Name(ast::ExprName { node_index, range, id, ctx: context(f.kind()?) })
            }
            Kind::List => {
                let elts = self.exprs(f.nodes()?)?;
                let ctx = context(f.kind()?);
                Expr::List(ast::ExprList { node_index, range, elts, ctx, runtime_elts: None })
            }
            Kind::Tuple => {
                let elts = self.exprs(f.nodes()?)?;
                let ctx = context(f.kind()?);
                Expr::Tuple(ast::ExprTuple { node_index, range, elts, ctx, parenthesized: true, runtime_elts: None })
            }
            Kind::Slice => {
                let lower = self.optional(f.optional_node()?)?;
                let upper = self.optional(f.optional_node()?)?;
                let step = self.optional(f.optional_node()?)?;
                Expr::Slice(ast::ExprSlice { node_index, range, lower, upper, step })
            }
            other => return Err(unexpected(other)),
        })
    }

    pub fn boxed(&mut self, node: Node) -> PyResult<Box<Expr>> {
        self.expr(node).map(Box::new)
    }

    pub fn optional(&mut self, node: Option<Node>) -> PyResult<Option<Box<Expr>>> {
        node.map(|node| self.boxed(node)).transpose()
    }

    pub fn exprs(&mut self, nodes: Vec<Node>) -> PyResult<Vec<Expr>> {
        nodes.into_iter().map(|node| self.expr(node)).collect()
    }

    fn comprehensions(&mut self, nodes: Vec<Node>) -> PyResult<Vec<ast::Comprehension>> {
        let make = |node: Node| {
            let mut f = Fields::new(node.fields);
            let target = self.expr(f.node()?)?;
            let iter = self.expr(f.node()?)?;
            let ifs = self.exprs(f.nodes()?)?;
            Ok(ast::Comprehension {
                range: TextRange::new(start(&target), end(&iter)),
                node_index: NO_INDEX,
                target,
                iter,
                ifs,
                is_async: f.int() != 0,
                runtime_ifs: None,
                runtime_is_async: None,
            })
        };
        nodes.into_iter().map(make).collect()
    }

    /// The arguments of a call or class.
    pub fn arguments(&mut self, args: Vec<Node>, keywords: Vec<Node>, range: TextRange) -> PyResult<ast::Arguments> {
        let args = self.exprs(args)?.into_boxed_slice();
        let make = |node: Node| {
            let range = self.map.range(node.place);
            let mut f = Fields::new(node.fields);
            let arg = self.optional_identifier(f.optional_name()?, range)?;
            Ok(ast::Keyword { range, node_index: NO_INDEX, arg, value: self.expr(f.node()?)? })
        };
        let keywords = keywords.into_iter().map(make).collect::<PyResult<_>>()?;
        Ok(ast::Arguments { range, node_index: NO_INDEX, args, keywords, runtime_args: None, runtime_bases: None })
    }

    /// The parameters of a function. Defaults belong to the last ones.
    pub fn parameters(&mut self, node: Node, range: TextRange) -> PyResult<ast::Parameters> {
        let mut f = Fields::new(node.fields);
        let (posonly, args, vararg) = (f.nodes()?, f.nodes()?, f.optional_node()?);
        let (kwonly, kw_defaults, kwarg, defaults) = (f.nodes()?, f.optional_nodes()?, f.optional_node()?, f.nodes()?);
        let without = (posonly.len() + args.len()).saturating_sub(defaults.len());
        let mut defaults = core::iter::repeat_with(|| None).take(without).chain(defaults.into_iter().map(Some));
        let mut kw_defaults = kw_defaults.into_iter();
        let mut list = |nodes: Vec<Node>, defaults: &mut dyn Iterator<Item = Option<Node>>| {
            let make = |node| self.parameter_with_default(node, defaults.next().flatten());
            nodes.into_iter().map(make).collect::<PyResult<_>>()
        };
        let posonlyargs = list(posonly, &mut defaults)?;
        let args = list(args, &mut defaults)?;
        let kwonlyargs = list(kwonly, &mut kw_defaults)?;
        let vararg = vararg.map(|node| self.parameter(node).map(Box::new)).transpose()?;
        let kwarg = kwarg.map(|node| self.parameter(node).map(Box::new)).transpose()?;
        Ok(ast::Parameters {
            range,
            node_index: NO_INDEX,
            posonlyargs,
            args,
            vararg,
            kwonlyargs,
            kwarg,
            runtime_defaults: None,
        })
    }

    fn parameter_with_default(&mut self, node: Node, default: Option<Node>) -> PyResult<ast::ParameterWithDefault> {
        let range = self.map.range(node.place);
        let parameter = self.parameter(node)?;
        let default = self.optional(default)?;
        Ok(ast::ParameterWithDefault { range, node_index: NO_INDEX, parameter, default })
    }

    fn parameter(&mut self, node: Node) -> PyResult<ast::Parameter> {
        let range = self.map.range(node.place);
        let mut f = Fields::new(node.fields);
        Ok(ast::Parameter {
            range,
            node_index: NO_INDEX,
            name: self.identifier(&*f.name()?, range)?,
            annotation: self.optional(f.optional_node()?)?,
            runtime_type_comment: None,
            runtime_type_comment_bytes: None,
        })
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Strings. The compiler takes the values of a tree as they are, not as parts of a source string.

    /// An f-string of values, or (without values) the marked container of one formatted value.
    fn fstring(
        &self,
        range: TextRange,
        elements: Vec<ast::InterpolatedStringElement>,
        values: Option<Vec<Expr>>,
    ) -> Expr {
        let part =
            ast::FString { range, node_index: NO_INDEX, elements: elements.into(), flags: ast::FStringFlags::empty() };
        Expr::FString(ast::ExprFString {
            node_index: NO_INDEX,
            range,
            value: ast::FStringValue::single(part),
            runtime_values: values.is_none().then(Vec::new),
            runtime_joined_str: values,
        })
    }

    fn tstring(
        &self,
        range: TextRange,
        elements: Vec<ast::InterpolatedStringElement>,
        values: Option<Vec<Expr>>,
    ) -> Expr {
        let part =
            ast::TString { range, node_index: NO_INDEX, elements: elements.into(), flags: ast::TStringFlags::empty() };
        Expr::TString(ast::ExprTString {
            node_index: NO_INDEX,
            range,
            value: ast::TStringValue::single(part),
            runtime_values: values.is_none().then(Vec::new),
            runtime_template_str: values,
        })
    }

    fn formatted_value(&mut self, mut f: Fields, range: TextRange) -> PyResult<Expr> {
        let expression = self.boxed(f.node()?)?;
        let conversion = conversion(f.int())?;
        let spec = self.optional(f.optional_node()?)?;
        let element = ast::InterpolatedElement {
            range,
            node_index: NO_INDEX,
            expression,
            debug_text: None,
            conversion,
            format_spec: None,
            runtime_str: None,
            runtime_interpolation_format_spec: None,
            runtime_formatted_value_format_spec: spec,
        };
        Ok(self.fstring(range, vec![ast::InterpolatedStringElement::Interpolation(element)], None))
    }

    fn interpolation(&mut self, mut f: Fields, range: TextRange) -> PyResult<Expr> {
        let expression = self.boxed(f.node()?)?;
        let text = constant_value(&*f.object()?)?;
        let conversion = conversion(f.int())?;
        let spec = self.optional(f.optional_node()?)?;
        let element = ast::InterpolatedElement {
            range,
            node_index: NO_INDEX,
            expression,
            debug_text: None,
            conversion,
            format_spec: None,
            runtime_str: Some(text),
            runtime_interpolation_format_spec: spec,
            runtime_formatted_value_format_spec: None,
        };
        Ok(self.tstring(range, vec![ast::InterpolatedStringElement::Interpolation(element)], None))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Constants become the literals they may have come from, which the compiler knows best.

    fn constant(&mut self, value: &PyObject, range: TextRange) -> PyResult<Expr> {
        let node_index = NO_INDEX;
        if crate::is_none(value) {
            return Ok(Expr::NoneLiteral(ast::ExprNoneLiteral { node_index, range }));
        }
        if value.is(&*crate::ellipsis()) {
            return Ok(Expr::EllipsisLiteral(ast::ExprEllipsisLiteral { node_index, range }));
        }
        if let Some(value) = as_bool(value) {
            return Ok(Expr::BooleanLiteral(ast::ExprBooleanLiteral { node_index, range, value }));
        }
        let number = |value| Ok(Expr::NumberLiteral(ast::ExprNumberLiteral { node_index: NO_INDEX, range, value }));
        if let Some(int) = value.downcast_exact::<PyInt>().filter(|int| !int.is_negative()) {
            return number(ast::Number::Int(natural(int)?));
        }
        if let Some(float) = value.downcast_exact::<PyFloat>() {
            return number(ast::Number::Float(float.value()));
        }
        if let Some(complex) = value.downcast_exact::<PyComplex>() {
            return number(ast::Number::Complex { real: complex.re(), imag: complex.im() });
        }
        if let Some(bytes) = value.downcast_exact::<PyBytes>() {
            let literal = ast::BytesLiteral {
                range,
                node_index: NO_INDEX,
                value: bytes.as_bytes().into(),
                flags: ast::BytesLiteralFlags::empty(),
            };
            let value = ast::BytesLiteralValue::single(literal);
            return Ok(Expr::BytesLiteral(ast::ExprBytesLiteral { node_index, range, value }));
        }
        if let Some(text) = value.downcast_exact::<PyStr>() {
            return Ok(self.string(text, range));
        }
        match constant_value(value) {
            Ok(value) => {
                Ok(Expr::Constant(ast::ExprConstant { node_index, range, value, kind: None, invalid_type: None }))
            }
            // The compiler's constants hold no surrogates: its tuple displays do, and become constants later.
            Err(error) => match value.downcast_exact::<PyTuple>() {
                Some(tuple) => {
                    let elts = tuple.items().iter().map(|item| self.constant(item, range)).collect::<PyResult<_>>()?;
                    let ctx = ast::ExprContext::Load;
                    Ok(Expr::Tuple(ast::ExprTuple {
                        node_index,
                        range,
                        elts,
                        ctx,
                        parenthesized: true,
                        runtime_elts: None,
                    }))
                }
                None => Err(error),
            },
        }
    }

    /// A string. Where it holds a replacement character, or surrogates that are replaced by one, the compiler reads the
    /// source again.
    fn string(&mut self, text: &PyStr, range: TextRange) -> Expr {
        let value: Box<str> = text.to_string_lossy().into();
        let source = match value.contains(char::REPLACEMENT_CHARACTER) {
            true => self.map.add_literal(text.data().iter()),
            false => range,
        };
        let flags = ast::StringLiteralFlags::empty();
        let literal = ast::StringLiteral { range: source, node_index: NO_INDEX, value, flags };
        let value = ast::StringLiteralValue::single(literal);
        Expr::StringLiteral(ast::ExprStringLiteral { node_index: NO_INDEX, range, value })
    }
}

fn start(expr: &Expr) -> TextSize {
    ruff_text_size::Ranged::start(expr)
}

fn end(expr: &Expr) -> TextSize {
    ruff_text_size::Ranged::end(expr).max(start(expr))
}

fn context(kind: Kind) -> ast::ExprContext {
    match kind {
        Kind::Store => ast::ExprContext::Store,
        Kind::Del => ast::ExprContext::Del,
        _ => ast::ExprContext::Load,
    }
}

/// A binary operator.
pub fn operator(kind: Kind) -> PyResult<ast::Operator> {
    Ok(match kind {
        Kind::Add => ast::Operator::Add,
        Kind::Sub => ast::Operator::Sub,
        Kind::Mult => ast::Operator::Mult,
        Kind::MatMult => ast::Operator::MatMult,
        Kind::Div => ast::Operator::Div,
        Kind::Mod => ast::Operator::Mod,
        Kind::Pow => ast::Operator::Pow,
        Kind::LShift => ast::Operator::LShift,
        Kind::RShift => ast::Operator::RShift,
        Kind::BitOr => ast::Operator::BitOr,
        Kind::BitXor => ast::Operator::BitXor,
        Kind::BitAnd => ast::Operator::BitAnd,
        Kind::FloorDiv => ast::Operator::FloorDiv,
        other => return Err(unexpected(other)),
    })
}

fn comparison(kind: Kind) -> PyResult<ast::CmpOp> {
    Ok(match kind {
        Kind::Eq => ast::CmpOp::Eq,
        Kind::NotEq => ast::CmpOp::NotEq,
        Kind::Lt => ast::CmpOp::Lt,
        Kind::LtE => ast::CmpOp::LtE,
        Kind::Gt => ast::CmpOp::Gt,
        Kind::GtE => ast::CmpOp::GtE,
        Kind::Is => ast::CmpOp::Is,
        Kind::IsNot => ast::CmpOp::IsNot,
        Kind::In => ast::CmpOp::In,
        Kind::NotIn => ast::CmpOp::NotIn,
        other => return Err(unexpected(other)),
    })
}

fn conversion(code: i32) -> PyResult<ast::ConversionFlag> {
    Ok(match u8::try_from(code) {
        Err(_) if code == -1 => ast::ConversionFlag::None,
        Ok(b's') => ast::ConversionFlag::Str,
        Ok(b'r') => ast::ConversionFlag::Repr,
        Ok(b'a') => ast::ConversionFlag::Ascii,
        _ => return Err(exc::system_error(format!("Unrecognized conversion character {code}"))),
    })
}

fn as_bool(value: &PyObject) -> Option<bool> {
    [true, false].into_iter().find(|&b| value.is(bool_::as_object(b)))
}

/// A number that is not negative, as a literal.
fn natural(int: &PyInt) -> PyResult<ast::Int> {
    let literal = match int.as_u64() {
        Some(small) => small.to_string().parse(),
        None => {
            // In base 16 the way there and back is short.
            let digits = int.to_biguint().to_str_radix(16);
            let token = format!("0x{digits}");
            ast::Int::from_str_radix(&digits, 16, &token)
        }
    };
    literal.map_err(|_| exc::value_error("invalid integer"))
}

/// A constant that no literal stands for: negative numbers, tuples, frozen sets.
fn constant_value(value: &PyObject) -> PyResult<ast::ConstantValue> {
    use ast::ConstantValue;
    if crate::is_none(value) {
        return Ok(ConstantValue::None);
    }
    if value.is(&*crate::ellipsis()) {
        return Ok(ConstantValue::Ellipsis);
    }
    if let Some(value) = as_bool(value) {
        return Ok(ConstantValue::Boolean(value));
    }
    if let Some(int) = value.downcast_exact::<PyInt>() {
        return Ok(ConstantValue::Integer(int.to_bigint().to_string().into()));
    }
    if let Some(float) = value.downcast_exact::<PyFloat>() {
        return Ok(ConstantValue::Float(float.value()));
    }
    if let Some(complex) = value.downcast_exact::<PyComplex>() {
        return Ok(ConstantValue::Complex { real: complex.re(), imag: complex.im() });
    }
    if let Some(text) = value.downcast_exact::<PyStr>() {
        return Ok(ConstantValue::Str(text.as_utf8()?.into()));
    }
    if let Some(bytes) = value.downcast_exact::<PyBytes>() {
        return Ok(ConstantValue::Bytes(bytes.as_bytes().into()));
    }
    if let Some(tuple) = value.downcast_exact::<PyTuple>() {
        return Ok(ConstantValue::Tuple(
            tuple.items().iter().map(|item| constant_value(item)).collect::<PyResult<_>>()?,
        ));
    }
    if let Some(set) = value.downcast_exact::<PyFrozenSet>() {
        return Ok(ConstantValue::Frozenset(
            set.to_vec().iter().map(|item| constant_value(item)).collect::<PyResult<_>>()?,
        ));
    }
    Err(exc::type_error(format!("got an invalid type in Constant: {}", value.ty().name())))
}
