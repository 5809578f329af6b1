//! Floor divisions of constants with a float in them. The compiler crate folds such a division to zero where it comes out even
//! (`3 // 1.5`), and to a zero with the wrong sign where both are negative (`-2.5 // -4`). Here the quotient takes its place. Where the operands are made in a way that is not understood here, the dividend
//! becomes `dividend if True else False`, which the compiler folds less readily.

use std::cell::Cell;

use ruff_text_size::{Ranged, TextRange};
use rustpython_compiler::ast::visitor::transformer::{Transformer, walk_expr};
use rustpython_compiler::ast::{self, Expr, Mod, Number, Operator, UnaryOp};
use rustpython_compiler::parser::{self, ParseOptions};

use super::Mode;

/// The tree of a source text that compiles and has such divisions, with these protected.
pub fn protected_tree(source: &str, mode: Mode) -> Option<Mod> {
    if !may_divide_constants(source) {
        return None;
    }
    let parser_mode = if mode == Mode::Eval { parser::Mode::Expression } else { parser::Mode::Module };
    let mut tree = parser::parse(source, ParseOptions::from(parser_mode)).ok()?.into_syntax();
    protect(&mut tree).then_some(tree)
}

/// Protects all such divisions; were there any?
pub fn protect(tree: &mut Mod) -> bool {
    let pass = Protect { found: Cell::new(false) };
    match tree {
        Mod::Module(module) => pass.visit_body(&mut module.body),
        Mod::Expression(expression) => pass.visit_expr(&mut expression.body),
    }
    pass.found.get()
}

/// Is there a `//` between what can end and what can begin a constant? Most texts with a `//` have it in comments and addresses.
fn may_divide_constants(source: &str) -> bool {
    let text = source.as_bytes();
    memchr::memmem::find_iter(text, b"//").any(|at| {
        let blank = |c: &&u8| !c.is_ascii_whitespace() && **c != b'\\';
        let before = text[..at].iter().rev().find(blank);
        let after = text[at + 2..].iter().find(blank);
        before.is_some_and(|&c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b')' | b']'))
            && after.is_some_and(|&c| c.is_ascii_digit() || matches!(c, b'.' | b'(' | b'-' | b'+' | b'~'))
    })
}

struct Protect {
    found: Cell<bool>,
}

impl Transformer for Protect {
    fn visit_expr(&self, expr: &mut Expr) {
        // The outer one first: its operands are not touched if the compiler gets them right.
        if let Expr::BinOp(operation) = expr
            && operation.op == Operator::FloorDiv
            && is_constant(&operation.left)
            && is_constant(&operation.right)
            && (may_be_float(&operation.left) || may_be_float(&operation.right))
        {
            let range = operation.range;
            match (value(&operation.left), value(&operation.right)) {
                (Some(left), Some(right)) => {
                    if let Some(quotient) = quotient(left.float(), right.float()) {
                        self.found.set(true);
                        *expr = float(quotient, range);
                        return;
                    }
                }
                _ => {
                    self.found.set(true);
                    let dividend = std::mem::replace(&mut *operation.left, boolean(false, range));
                    let range = dividend.range();
                    *operation.left = Expr::If(ast::ExprIf {
                        node_index: Default::default(),
                        range,
                        test: Box::new(boolean(true, range)),
                        body: Box::new(dividend),
                        orelse: Box::new(boolean(false, range)),
                    });
                }
            }
        }
        walk_expr(self, expr);
    }
}

/// A literal.
pub fn boolean(value: bool, range: TextRange) -> Expr {
    Expr::BooleanLiteral(ast::ExprBooleanLiteral { node_index: Default::default(), range, value })
}

/// A float as an expression: a literal has no sign.
fn float(value: f64, range: TextRange) -> Expr {
    let literal = Expr::NumberLiteral(ast::ExprNumberLiteral {
        node_index: Default::default(),
        range,
        value: Number::Float(value.abs()),
    });
    if value >= 0.0 {
        return literal;
    }
    let operand = Box::new(literal);
    Expr::UnaryOp(ast::ExprUnaryOp { node_index: Default::default(), range, op: UnaryOp::USub, operand })
}

/// The quotient, where the compiler gets it wrong: if the division comes out even and is not zero, or rounds down to zero for two
/// negative numbers.
fn quotient(left: f64, right: f64) -> Option<f64> {
    let quotient = left / right;
    if right < 0.0 && quotient > 0.0 && quotient < 1.0 {
        return Some(0.0);
    }
    (right != 0.0 && left % right == 0.0 && quotient != 0.0 && quotient.is_finite()).then(|| quotient.round())
}

/// What a constant is, as far as machine numbers tell.
#[derive(Clone, Copy)]
enum Value {
    Int(i128),
    Float(f64),
}

impl Value {
    fn float(self) -> f64 {
        match self {
            Value::Int(n) => n as f64,
            Value::Float(x) => x,
        }
    }
}

/// The value of a constant expression. None where it is not a number, or too large to be sure.
fn value(expr: &Expr) -> Option<Value> {
    match expr {
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(n) => n.as_u64().map(|n| Value::Int(n.into())),
            Number::Float(x) => Some(Value::Float(*x)),
            Number::Complex { .. } => None,
        },
        Expr::BooleanLiteral(literal) => Some(Value::Int(literal.value.into())),
        Expr::UnaryOp(operation) => match (operation.op, value(&operation.operand)?) {
            (UnaryOp::UAdd, operand) => Some(operand),
            (UnaryOp::USub, Value::Int(n)) => n.checked_neg().map(Value::Int),
            (UnaryOp::USub, Value::Float(x)) => Some(Value::Float(-x)),
            (UnaryOp::Invert, Value::Int(n)) => Some(Value::Int(!n)),
            _ => None,
        },
        Expr::BinOp(operation) => binary(operation.op, value(&operation.left)?, value(&operation.right)?),
        _ => None,
    }
}

fn binary(op: Operator, left: Value, right: Value) -> Option<Value> {
    if let (Value::Int(a), Value::Int(b)) = (left, right) {
        const EXACT: u128 = 1 << 53;
        let exact = a.unsigned_abs() <= EXACT && b.unsigned_abs() <= EXACT;
        return match op {
            Operator::Add => a.checked_add(b).map(Value::Int),
            Operator::Sub => a.checked_sub(b).map(Value::Int),
            Operator::Mult => a.checked_mul(b).map(Value::Int),
            Operator::Div if exact && b != 0 => Some(Value::Float(a as f64 / b as f64)),
            Operator::Pow if b >= 0 => a.checked_pow(u32::try_from(b).ok()?).map(Value::Int),
            _ => None,
        };
    }
    let (a, b) = (left.float(), right.float());
    match op {
        Operator::Add => Some(Value::Float(a + b)),
        Operator::Sub => Some(Value::Float(a - b)),
        Operator::Mult => Some(Value::Float(a * b)),
        Operator::Div if b != 0.0 => Some(Value::Float(a / b)),
        Operator::FloorDiv => quotient(a, b).map(Value::Float),
        _ => None,
    }
}

/// Could the compiler fold this?
fn is_constant(expr: &Expr) -> bool {
    match expr {
        Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) => true,
        Expr::UnaryOp(operation) => is_constant(&operation.operand),
        Expr::BinOp(operation) => is_constant(&operation.left) && is_constant(&operation.right),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_constant),
        Expr::Subscript(subscript) => is_constant(&subscript.value) && is_constant(&subscript.slice),
        _ => false,
    }
}

/// Could a constant be a float? Divisions of integers give one, and so do negative powers.
fn may_be_float(expr: &Expr) -> bool {
    match expr {
        Expr::NumberLiteral(number) => matches!(number.value, Number::Float(_)),
        Expr::UnaryOp(operation) => operation.op != UnaryOp::Not && may_be_float(&operation.operand),
        Expr::BinOp(operation) => {
            matches!(operation.op, Operator::Div | Operator::Pow)
                || may_be_float(&operation.left)
                || may_be_float(&operation.right)
        }
        Expr::Tuple(tuple) => tuple.elts.iter().any(may_be_float),
        Expr::Subscript(subscript) => may_be_float(&subscript.value),
        _ => false,
    }
}
