//! Reading a tree of Python objects into plain nodes, by the grammar's table. Nothing of it runs Python code afterwards.

use super::classes::{Classes, Place, classes};
use super::grammar::{Field, FieldType, Group, Kind, Quantity};
use super::object::{field, is_nothing};
use crate::err::PyResult;
use crate::exc;
use crate::intern::StaticName;
use crate::object::{ObjRef, PyObject, Ref};
use crate::protocol::object as po;
use crate::runtime::recursion;
use crate::types::bytes::PyBytes;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;

/// A node.
pub struct Node {
    pub kind: Kind,
    pub place: Place,
    pub fields: Vec<Value>,
}

/// What a field holds.
pub enum Value {
    Nothing,
    Node(Box<Node>),
    /// A list; items are `None` where the tree has it.
    Nodes(Vec<Option<Node>>),
    Name(Ref<PyStr>),
    Names(Vec<Ref<PyStr>>),
    Int(i32),
    /// A constant or a string.
    Object(ObjRef),
}

impl Node {
    /// A field that holds a node.
    pub fn node(&self, index: usize) -> Option<&Node> {
        match self.fields.get(index) {
            Some(Value::Node(node)) => Some(node),
            _ => None,
        }
    }

    /// A field that holds a list of nodes.
    pub fn nodes(&self, index: usize) -> &[Option<Node>] {
        match self.fields.get(index) {
            Some(Value::Nodes(nodes)) => nodes,
            _ => &[],
        }
    }

    pub fn name(&self, index: usize) -> Option<&PyStr> {
        match self.fields.get(index) {
            Some(Value::Name(name)) => Some(name),
            _ => None,
        }
    }

    pub fn names(&self, index: usize) -> &[Ref<PyStr>] {
        match self.fields.get(index) {
            Some(Value::Names(names)) => names,
            _ => &[],
        }
    }

    pub fn int(&self, index: usize) -> i32 {
        match self.fields.get(index) {
            Some(Value::Int(value)) => *value,
            _ => 0,
        }
    }

    pub fn object(&self, index: usize) -> Option<&PyObject> {
        match self.fields.get(index) {
            Some(Value::Object(object)) => Some(object),
            _ => None,
        }
    }

    pub fn has(&self, index: usize) -> bool {
        !matches!(self.fields.get(index), None | Some(Value::Nothing))
    }
}

/// Reads a whole tree.
///
/// # Errors
/// `TypeError` and `ValueError` for what is no tree, `RecursionError`, and what reading attributes raises.
pub fn read(root: &PyObject, limit: usize) -> PyResult<Node> {
    let mut reader = Reader { classes: classes()?, depth: 0, limit };
    match reader.group(Group::Mod, root)? {
        Some(node) => Ok(node),
        None => Err(exc::type_error("expected some sort of mod, but got None")),
    }
}

struct Reader {
    classes: &'static Classes,
    depth: usize,
    limit: usize,
}

fn shown(object: &PyObject) -> PyResult<String> {
    Ok(po::repr(object)?.to_string_lossy().into_owned())
}

impl Reader {
    /// A node of a group, or `None`.
    fn group(&mut self, group: Group, object: &PyObject) -> PyResult<Option<Node>> {
        if group.is_nullable() && crate::is_none(object) {
            return Ok(None);
        }
        // The places of groups of one kind are read after the fields.
        let mut place = Place::default();
        if group.has_place() && !group.is_single() {
            place = self.place(group, object)?;
        }
        // Kinds that are a group of their own are told by their fields.
        let kind = match self.classes.kind_of(object) {
            _ if group.is_single() => group.kinds()[0],
            Some(kind) if kind.group() == group => kind,
            _ => {
                let got = shown(object)?;
                return Err(exc::type_error(format!("expected some sort of {}, but got {got}", group.name())));
            }
        };
        self.depth += 1;
        if self.depth > self.limit {
            let name = kind.name();
            return Err(exc::recursion_error(format!(
                "maximum recursion depth exceeded while traversing '{name}' node"
            )));
        }
        recursion::check(" while traversing a node")?;
        let class = self.classes.of(kind);
        let mut fields = Vec::with_capacity(class.fields.len());
        let mut missing = None;
        for (name, declared) in &class.fields {
            let value = self.field(kind, object, name, *declared)?;
            if matches!(value, Value::Nothing) && declared.quantity == Quantity::One && missing.is_none() {
                missing = Some(declared.name);
            }
            fields.push(value);
        }
        self.depth -= 1;
        if group.has_place() && group.is_single() {
            place = self.place(group, object)?;
        }
        match missing {
            Some(field) => Err(exc::value_error(format!("field '{field}' is required for {}", kind.name()))),
            None => Ok(Some(Node { kind, place, fields })),
        }
    }

    fn field(&mut self, kind: Kind, object: &PyObject, name: &PyStr, declared: Field) -> PyResult<Value> {
        let value = field(object, name)?;
        match declared.quantity {
            Quantity::Many | Quantity::ManyOptional => self.list(kind, value.as_deref(), declared),
            Quantity::Optional if is_nothing(value.as_deref()) => Ok(Value::Nothing),
            Quantity::One | Quantity::Optional => match value {
                Some(value) => self.value(&value, declared.ty),
                None => {
                    Err(exc::type_error(format!("required field \"{}\" missing from {}", declared.name, kind.name())))
                }
            },
        }
    }

    fn value(&mut self, value: &PyObject, ty: FieldType) -> PyResult<Value> {
        Ok(match ty {
            FieldType::Node(group) => match self.group(group, value)? {
                Some(node) => Value::Node(Box::new(node)),
                None => Value::Nothing,
            },
            FieldType::Identifier => match identifier(value)? {
                Some(name) => Value::Name(name),
                None => Value::Nothing,
            },
            FieldType::String if crate::is_none(value) => Value::Nothing,
            FieldType::String => {
                match value.downcast_exact::<PyStr>().is_some() || value.downcast_exact::<PyBytes>().is_some() {
                    true => Value::Object(value.new_ref()),
                    false => return Err(exc::type_error("AST string must be of type str")),
                }
            }
            FieldType::Int => Value::Int(int(value)?),
            FieldType::Constant => Value::Object(value.new_ref()),
        })
    }

    fn list(&mut self, kind: Kind, value: Option<&PyObject>, declared: Field) -> PyResult<Value> {
        let empty = PyList::empty();
        let list = match value {
            None => &empty,
            Some(value) => match value.downcast_ref::<PyList>() {
                Some(list) => list,
                None => {
                    return Err(exc::type_error(format!(
                        "{} field \"{}\" must be a list, not a {}",
                        kind.name(),
                        declared.name,
                        value.ty().name()
                    )));
                }
            },
        };
        let len = list.len();
        let mut names = Vec::new();
        let mut nodes = Vec::new();
        for index in 0..len {
            let Some(item) = list.get(index) else { break };
            match declared.ty {
                FieldType::Node(group) => nodes.push(self.group(group, &item)?),
                _ => match identifier(&item)? {
                    Some(name) => names.push(name),
                    None => return Err(exc::type_error("AST identifier must be of type str")),
                },
            }
            if list.len() != len {
                return Err(exc::runtime_error(format!(
                    "{} field \"{}\" changed size during iteration",
                    kind.name(),
                    declared.name
                )));
            }
        }
        Ok(match declared.ty {
            FieldType::Node(_) => Value::Nodes(nodes),
            _ => Value::Names(names),
        })
    }

    /// The attributes that say where a node stands. The ends default to the starts.
    fn place(&self, group: Group, object: &PyObject) -> PyResult<Place> {
        static NAMES: [StaticName; 4] = [
            StaticName::new("lineno"),
            StaticName::new("col_offset"),
            StaticName::new("end_lineno"),
            StaticName::new("end_col_offset"),
        ];
        let mut values = [0; 4];
        for (index, &(name, optional)) in group.attributes().iter().enumerate() {
            let value = field(object, NAMES[index].get())?;
            values[index] = match value {
                None if !optional => {
                    let group = group.name();
                    return Err(exc::type_error(format!("required field \"{name}\" missing from {group}")));
                }
                value if optional && is_nothing(value.as_deref()) => values[index - 2],
                Some(value) => int(&value)?,
                None => 0,
            };
        }
        let [line, column, end_line, end_column] = values;
        Ok(Place { line, column, end_line, end_column })
    }
}

fn identifier(value: &PyObject) -> PyResult<Option<Ref<PyStr>>> {
    if crate::is_none(value) {
        return Ok(None);
    }
    match value.downcast_exact::<PyStr>() {
        Some(_) => match value.new_ref().downcast::<PyStr>() {
            Ok(name) => Ok(Some(name)),
            Err(_) => Err(exc::type_error("AST identifier must be of type str")),
        },
        None => Err(exc::type_error("AST identifier must be of type str")),
    }
}

fn int(value: &PyObject) -> PyResult<i32> {
    match value.downcast_ref::<PyInt>() {
        Some(int) => int.as_i32().ok_or_else(|| exc::overflow_error("Python int too large to convert to C int")),
        None => Err(exc::value_error(format!("invalid integer value: {}", shown(value)?))),
    }
}
