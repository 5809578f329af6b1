//! From a checked tree to the compiler's input: what expressions, statements and patterns share.

use ruff_text_size::TextRange;
use rustpython_compiler::ast::name::Name;
use rustpython_compiler::ast::{self, AtomicNodeIndex};

use super::grammar::Kind;
use super::source_map::SourceMap;
use super::tree::{Node, Value};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::{ObjRef, Ref};
use crate::types::str::PyStr;

/// No index: the compiler does not use them.
pub const NO_INDEX: AtomicNodeIndex = AtomicNodeIndex::NONE;

/// Turns nodes into the compiler's.
pub struct Lowering {
    pub map: SourceMap,
}

/// The fields of a node, taken one after the other.
pub struct Fields(std::vec::IntoIter<Value>);

/// A field that does not hold what the grammar says. The checks let none pass.
#[cold]
fn contradiction() -> PyErr {
    exc::system_error("a field of a syntax tree holds something unexpected")
}

impl Fields {
    pub fn new(fields: Vec<Value>) -> Fields {
        Fields(fields.into_iter())
    }

    fn next(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Nothing)
    }

    /// A node that must be there.
    pub fn node(&mut self) -> PyResult<Node> {
        self.optional_node()?.ok_or_else(contradiction)
    }

    pub fn optional_node(&mut self) -> PyResult<Option<Node>> {
        match self.next() {
            Value::Node(node) => Ok(Some(*node)),
            Value::Nothing => Ok(None),
            _ => Err(contradiction()),
        }
    }

    /// A list that may hold `None`.
    pub fn optional_nodes(&mut self) -> PyResult<Vec<Option<Node>>> {
        match self.next() {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err(contradiction()),
        }
    }

    pub fn nodes(&mut self) -> PyResult<Vec<Node>> {
        Ok(self.optional_nodes()?.into_iter().flatten().collect())
    }

    pub fn name(&mut self) -> PyResult<Ref<PyStr>> {
        self.optional_name()?.ok_or_else(contradiction)
    }

    pub fn optional_name(&mut self) -> PyResult<Option<Ref<PyStr>>> {
        match self.next() {
            Value::Name(name) => Ok(Some(name)),
            Value::Nothing => Ok(None),
            _ => Err(contradiction()),
        }
    }

    pub fn names(&mut self) -> PyResult<Vec<Ref<PyStr>>> {
        match self.next() {
            Value::Names(names) => Ok(names),
            _ => Err(contradiction()),
        }
    }

    pub fn int(&mut self) -> i32 {
        match self.next() {
            Value::Int(value) => value,
            _ => 0,
        }
    }

    /// The kind of an operator or context.
    pub fn kind(&mut self) -> PyResult<Kind> {
        Ok(self.node()?.kind)
    }

    /// A constant or string.
    pub fn object(&mut self) -> PyResult<ObjRef> {
        match self.next() {
            Value::Object(object) => Ok(object),
            Value::Nothing => Ok(crate::none()),
            _ => Err(contradiction()),
        }
    }

    /// Leaves out a field that the compiler does not look at.
    pub fn skip(&mut self) {
        self.next();
    }
}

impl Lowering {
    /// An identifier with the range of the node it belongs to.
    pub fn identifier(&self, name: &PyStr, range: TextRange) -> PyResult<ast::Identifier> {
        Ok(ast::Identifier::new(Name::new(name.as_utf8()?), range))
    }

    pub fn optional_identifier(&self, name: Option<Ref<PyStr>>, range: TextRange) -> PyResult<Option<ast::Identifier>> {
        name.map(|name| self.identifier(&name, range)).transpose()
    }

    /// A whole tree.
    ///
    /// # Errors
    /// `NotImplementedError` for what the compiler cannot do, `UnicodeEncodeError` for names with surrogates.
    pub fn module(&mut self, root: Node) -> PyResult<ast::Mod> {
        let mut fields = Fields::new(root.fields);
        let range = TextRange::default();
        Ok(match root.kind {
            Kind::Expression => {
                let body = Box::new(self.expr(fields.node()?)?);
                ast::Mod::Expression(ast::ModExpression { node_index: NO_INDEX, range, body })
            }
            _ => {
                let body = self.body(fields.nodes()?)?;
                ast::Mod::Module(ast::ModModule { node_index: NO_INDEX, range, body, runtime_body: None })
            }
        })
    }
}

/// The other kinds of a group cannot stand here.
#[cold]
pub fn unexpected(kind: Kind) -> PyErr {
    exc::system_error(format!("unexpected {} node", kind.name()))
}
