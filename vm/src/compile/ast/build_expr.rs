//! Expressions of the parser as Python objects.

use ruff_text_size::{Ranged, TextRange, TextSize};
use rustpython_compiler::ast;

use super::builder::Builder;
use super::classes::{int, singleton};
use super::grammar::Kind;
use crate::err::PyResult;
use crate::object::ObjRef;
use crate::runtime::recursion;
use crate::types::bytes::PyBytes;
use crate::types::complex::PyComplex;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::str::PyStr;
use crate::{exc, none};

impl Builder<'_> {
    /// An expression.
    ///
    /// # Errors
    /// `MemoryError`; what a converted constant raises.
    pub fn expr(&self, expr: &ast::Expr) -> PyResult<ObjRef> {
        use ast::Expr;
        recursion::check(" during ast construction")?;
        let range = expr.range();
        match expr {
            Expr::BoolOp(e) => {
                let op = singleton(match e.op {
                    ast::BoolOp::And => Kind::And,
                    ast::BoolOp::Or => Kind::Or,
                })?;
                self.placed(Kind::BoolOp, range, [op, self.exprs(&e.values)?])
            }
            Expr::Named(e) => self.placed(Kind::NamedExpr, range, [self.expr(&e.target)?, self.expr(&e.value)?]),
            Expr::BinOp(_) => self.bin_op(expr),
            Expr::UnaryOp(e) => {
                let op = singleton(match e.op {
                    ast::UnaryOp::Invert => Kind::Invert,
                    ast::UnaryOp::Not => Kind::Not,
                    ast::UnaryOp::UAdd => Kind::UAdd,
                    ast::UnaryOp::USub => Kind::USub,
                })?;
                self.placed(Kind::UnaryOp, range, [op, self.expr(&e.operand)?])
            }
            Expr::Lambda(e) => {
                self.placed(Kind::Lambda, range, [self.parameters(e.parameters.as_deref())?, self.expr(&e.body)?])
            }
            Expr::If(e) => {
                self.placed(Kind::IfExp, range, [self.expr(&e.test)?, self.expr(&e.body)?, self.expr(&e.orelse)?])
            }
            Expr::Dict(e) => {
                let keys = self.list_of(&e.items, |b, item| b.optional_expr(item.key.as_ref()))?;
                let values = self.list_of(&e.items, |b, item| b.expr(&item.value))?;
                self.placed(Kind::Dict, range, [keys, values])
            }
            Expr::Set(e) => self.placed(Kind::Set, range, [self.exprs(&e.elts)?]),
            Expr::ListComp(e) => {
                self.placed(Kind::ListComp, range, [self.expr(&e.elt)?, self.comprehensions(&e.generators)?])
            }
            Expr::SetComp(e) => {
                self.placed(Kind::SetComp, range, [self.expr(&e.elt)?, self.comprehensions(&e.generators)?])
            }
            Expr::DictComp(e) => {
                let Some(key) = &e.key else {
                    return Err(exc::not_implemented_error("unpacking in a dict comprehension"));
                };
                let fields = [self.expr(key)?, self.expr(&e.value)?, self.comprehensions(&e.generators)?];
                self.placed(Kind::DictComp, range, fields)
            }
            Expr::Generator(e) => self.generator(e, range),
            Expr::Await(e) => self.placed(Kind::Await, range, [self.expr(&e.value)?]),
            Expr::Yield(e) => self.placed(Kind::Yield, range, [self.optional_expr(e.value.as_deref())?]),
            Expr::YieldFrom(e) => self.placed(Kind::YieldFrom, range, [self.expr(&e.value)?]),
            Expr::Compare(e) => {
                let ops = self.list_of(&e.ops, |_, op| singleton(compare_kind(*op)))?;
                self.placed(Kind::Compare, range, [self.expr(&e.left)?, ops, self.exprs(&e.comparators)?])
            }
            Expr::Call(e) => {
                let (args, keywords) = self.arguments(&e.arguments)?;
                self.placed(Kind::Call, range, [self.expr(&e.func)?, args, keywords])
            }
            Expr::FString(e) => self.joined_str(e),
            Expr::TString(e) => self.template_str(e),
            Expr::StringLiteral(e) => {
                let value = rustpython_compiler::codegen::string_literal_value(self.source_file, &e.value);
                let kind = if e.value.is_unicode() { self.name("u") } else { none() };
                self.placed(Kind::Constant, range, [PyStr::from_wtf8(&value).into_obj(), kind])
            }
            Expr::BytesLiteral(e) => {
                let value: Vec<u8> = e.value.bytes().collect();
                self.constant(range, PyBytes::new(&value).into_obj())
            }
            Expr::NumberLiteral(e) => self.constant(range, number(&e.value)?),
            Expr::BooleanLiteral(e) => self.constant(range, crate::py_bool(e.value)),
            Expr::NoneLiteral(_) => self.constant(range, none()),
            Expr::EllipsisLiteral(_) => self.constant(range, crate::ellipsis()),
            Expr::Constant(e) => self.constant(range, constant(&e.value)?),
            Expr::Attribute(e) => {
                let fields = [self.expr(&e.value)?, self.name(e.attr.as_str()), self.context(e.ctx)?];
                self.placed(Kind::Attribute, range, fields)
            }
            Expr::Subscript(e) => {
                let fields = [self.expr(&e.value)?, self.expr(&e.slice)?, self.context(e.ctx)?];
                self.placed(Kind::Subscript, range, fields)
            }
            Expr::Starred(e) => self.placed(Kind::Starred, range, [self.expr(&e.value)?, self.context(e.ctx)?]),
            // Only a name that normalization changed gets here.
            Expr::Name(e) if matches!(e.id.as_str(), "None" | "True" | "False") => {
                Err(exc::value_error(format!("identifier field can't represent '{}' constant", e.id)))
            }
            Expr::Name(e) => self.placed(Kind::Name, range, [self.name(e.id.as_str()), self.context(e.ctx)?]),
            Expr::List(e) => self.placed(Kind::List, range, [self.exprs(&e.elts)?, self.context(e.ctx)?]),
            Expr::Tuple(e) => self.placed(Kind::Tuple, range, [self.exprs(&e.elts)?, self.context(e.ctx)?]),
            Expr::Slice(e) => {
                let fields = [
                    self.optional_expr(e.lower.as_deref())?,
                    self.optional_expr(e.upper.as_deref())?,
                    self.optional_expr(e.step.as_deref())?,
                ];
                self.placed(Kind::Slice, range, fields)
            }
            Expr::IpyEscapeCommand(_) => Err(exc::syntax_error("invalid syntax")),
        }
    }

    /// An operation, whose left operands may reach deep: they are walked in a loop.
    fn bin_op(&self, expr: &ast::Expr) -> PyResult<ObjRef> {
        let mut chain = Vec::new();
        let mut innermost = expr;
        while let ast::Expr::BinOp(e) = innermost {
            chain.push(e);
            innermost = &e.left;
        }
        let mut left = self.expr(innermost)?;
        for e in chain.into_iter().rev() {
            let fields = [left, singleton(operator_kind(e.op))?, self.expr(&e.right)?];
            left = self.placed(Kind::BinOp, e.range(), fields)?;
        }
        Ok(left)
    }

    /// A list of expressions.
    pub fn exprs<'e>(&self, exprs: impl IntoIterator<Item = &'e ast::Expr>) -> PyResult<ObjRef> {
        self.list_of(exprs, |b, expr| b.expr(expr))
    }

    /// An expression or `None`.
    pub fn optional_expr(&self, expr: Option<&ast::Expr>) -> PyResult<ObjRef> {
        expr.map_or_else(|| Ok(none()), |expr| self.expr(expr))
    }

    /// A constant without a prefix to remember.
    pub fn constant(&self, range: TextRange, value: ObjRef) -> PyResult<ObjRef> {
        self.placed(Kind::Constant, range, [value, none()])
    }

    fn generator(&self, e: &ast::ExprGenerator, range: TextRange) -> PyResult<ObjRef> {
        self.placed(Kind::GeneratorExp, range, [self.expr(&e.elt)?, self.comprehensions(&e.generators)?])
    }

    fn comprehensions(&self, generators: &[ast::Comprehension]) -> PyResult<ObjRef> {
        self.list_of(generators, |b, c| {
            let fields = [b.expr(&c.target)?, b.expr(&c.iter)?, b.exprs(&c.ifs)?, int(i32::from(c.is_async))];
            b.free(Kind::ComprehensionNode, fields)
        })
    }

    /// Positional and keyword arguments of a call or a class statement.
    pub fn arguments(&self, arguments: &ast::Arguments) -> PyResult<(ObjRef, ObjRef)> {
        let args = match &*arguments.args {
            // A generator written straight into the parentheses owns them.
            [ast::Expr::Generator(e)] if !e.parenthesized => self.list(vec![self.generator(e, arguments.range)?])?,
            args => self.exprs(args)?,
        };
        let keywords = self.list_of(&arguments.keywords, |b, keyword| {
            let fields = [b.optional_name(keyword.arg.as_ref()), b.expr(&keyword.value)?];
            b.placed(Kind::KeywordNode, keyword.range, fields)
        })?;
        Ok((args, keywords))
    }

    /// The parameters of a function.
    pub fn parameters(&self, parameters: Option<&ast::Parameters>) -> PyResult<ObjRef> {
        let empty;
        let parameters = match parameters {
            Some(parameters) => parameters,
            None => {
                empty = ast::Parameters::default();
                &empty
            }
        };
        let positional = || parameters.posonlyargs.iter().chain(&parameters.args);
        let defaults: Vec<_> = positional().filter_map(|p| p.default.as_deref()).collect();
        let list = |params: &[ast::ParameterWithDefault]| {
            self.list_of(params, |b, p| b.parameter(&p.parameter, p.range.end()))
        };
        let variadic = |p: Option<&ast::Parameter>| p.map_or_else(|| Ok(none()), |p| self.parameter(p, p.range.end()));
        self.free(
            Kind::ArgumentsNode,
            [
                list(&parameters.posonlyargs)?,
                list(&parameters.args)?,
                variadic(parameters.vararg.as_deref())?,
                list(&parameters.kwonlyargs)?,
                self.list_of(&parameters.kwonlyargs, |b, p| b.optional_expr(p.default.as_deref()))?,
                variadic(parameters.kwarg.as_deref())?,
                self.exprs(defaults)?,
            ],
        )
    }

    /// A parameter, which with its default reaches to `end`.
    fn parameter(&self, p: &ast::Parameter, end: TextSize) -> PyResult<ObjRef> {
        let range = TextRange::new(p.name.start(), p.annotation.as_ref().map_or(p.name.end(), |_| p.range.end()));
        let comment = self.type_comment(|comments| comments.of_parameter(self.source, end));
        let fields = [self.name(p.name.as_str()), self.optional_expr(p.annotation.as_deref())?, comment];
        self.placed(Kind::ArgNode, range, fields)
    }
}

fn compare_kind(op: ast::CmpOp) -> Kind {
    match op {
        ast::CmpOp::Eq => Kind::Eq,
        ast::CmpOp::NotEq => Kind::NotEq,
        ast::CmpOp::Lt => Kind::Lt,
        ast::CmpOp::LtE => Kind::LtE,
        ast::CmpOp::Gt => Kind::Gt,
        ast::CmpOp::GtE => Kind::GtE,
        ast::CmpOp::Is => Kind::Is,
        ast::CmpOp::IsNot => Kind::IsNot,
        ast::CmpOp::In => Kind::In,
        ast::CmpOp::NotIn => Kind::NotIn,
    }
}

/// The class of a binary operator.
pub fn operator_kind(op: ast::Operator) -> Kind {
    match op {
        ast::Operator::Add => Kind::Add,
        ast::Operator::Sub => Kind::Sub,
        ast::Operator::Mult => Kind::Mult,
        ast::Operator::MatMult => Kind::MatMult,
        ast::Operator::Div => Kind::Div,
        ast::Operator::Mod => Kind::Mod,
        ast::Operator::Pow => Kind::Pow,
        ast::Operator::LShift => Kind::LShift,
        ast::Operator::RShift => Kind::RShift,
        ast::Operator::BitOr => Kind::BitOr,
        ast::Operator::BitXor => Kind::BitXor,
        ast::Operator::BitAnd => Kind::BitAnd,
        ast::Operator::FloorDiv => Kind::FloorDiv,
    }
}

/// A number as an object.
pub fn number(number: &ast::Number) -> PyResult<ObjRef> {
    Ok(match number {
        ast::Number::Int(int) => match int.as_u64() {
            Some(small) => PyInt::from_u64(small).into_obj(),
            None => big_int(&int.to_string())?,
        },
        ast::Number::Float(value) => PyFloat::new(*value).into_obj(),
        ast::Number::Complex { real, imag } => PyComplex::new(*real, *imag).into_obj(),
    })
}

/// An integer from its text, which may have a base prefix and underscores.
fn big_int(text: &str) -> PyResult<ObjRef> {
    let text = text.replace('_', "");
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, &*text),
    };
    let (digits, base) = match digits.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => (&digits[2..], 16),
        Some("0o") => (&digits[2..], 8),
        Some("0b") => (&digits[2..], 2),
        _ => (digits, 10),
    };
    let value = num_bigint::BigUint::parse_bytes(digits.as_bytes(), base)
        .ok_or_else(|| exc::value_error("invalid integer literal"))?;
    Ok(PyInt::from_biguint(negative, &value).into_obj())
}

/// A constant that preprocessing made, or that came from a tree.
pub fn constant(value: &ast::ConstantValue) -> PyResult<ObjRef> {
    use crate::types::set::PyFrozenSet;
    use crate::types::tuple::PyTuple;
    let items = |items: &[ast::ConstantValue]| items.iter().map(constant).collect::<PyResult<Vec<_>>>();
    Ok(match value {
        ast::ConstantValue::None => none(),
        ast::ConstantValue::Boolean(value) => crate::py_bool(*value),
        ast::ConstantValue::Str(text) => PyStr::new(text).into_obj(),
        ast::ConstantValue::Bytes(bytes) => PyBytes::new(bytes).into_obj(),
        ast::ConstantValue::Integer(text) => big_int(text)?,
        ast::ConstantValue::Tuple(elements) => PyTuple::new(items(elements)?).into_obj(),
        ast::ConstantValue::Frozenset(elements) => PyFrozenSet::from_items(&items(elements)?)?.into_obj(),
        ast::ConstantValue::Float(value) => PyFloat::new(*value).into_obj(),
        ast::ConstantValue::Complex { real, imag } => PyComplex::new(*real, *imag).into_obj(),
        ast::ConstantValue::Ellipsis => crate::ellipsis(),
    })
}
