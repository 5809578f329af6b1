//! What matched: enough of a syntax tree to say what an expression is and where it stands.

/// Declares the kinds of nodes with the words that messages use for them.
macro_rules! node_kinds {
    ($($kind:ident $name:literal;)*) => {
        /// What a node is.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum NodeKind {
            $(#[doc = $name] $kind,)*
        }

        impl NodeKind {
            /// The kind with this name.
            pub fn by_name(name: &str) -> Option<NodeKind> {
                match name {
                    $(stringify!($kind) => Some(NodeKind::$kind),)*
                    _ => None,
                }
            }

            /// How messages call it.
            pub const fn description(self) -> &'static str {
                match self {
                    $(NodeKind::$kind => $name,)*
                }
            }
        }
    };
}

node_kinds! {
    Other "expression";
    Items "expression";
    Args "expression";
    Clause "expression";
    Keyword "expression";
    DoubleStarred "expression";
    In "expression";
    Name "name";
    Attribute "attribute";
    Subscript "subscript";
    Starred "starred";
    List "list";
    Tuple "tuple";
    Lambda "lambda";
    Call "function call";
    BoolOp "expression";
    BinOp "expression";
    UnaryOp "expression";
    Compare "comparison";
    IfExp "conditional expression";
    NamedExpr "named expression";
    GeneratorExp "generator expression";
    ListComp "list comprehension";
    SetComp "set comprehension";
    DictComp "dict comprehension";
    Dict "dict literal";
    Set "set display";
    Yield "yield expression";
    Await "await expression";
    FString "f-string expression";
    TString "t-string expression";
    String "literal";
    Bytes "literal";
    Number "literal";
    True "True";
    False "False";
    None "None";
    Ellipsis "ellipsis";
}

/// A match.
#[derive(Clone, Copy, Debug)]
pub struct Node {
    pub kind: NodeKind,
    /// Its first and last token.
    pub first: u32,
    pub last: u32,
    /// Where its parts lie in [`Nodes`].
    parts: (u32, u32),
}

/// What an item of a rule has matched.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// Nothing: an optional item that is not there.
    Nothing,
    Token(u32),
    Node(u32),
}

/// All nodes.
#[derive(Default)]
pub struct Nodes {
    nodes: Vec<Node>,
    parts: Vec<Value>,
}

impl Nodes {
    /// Adds a node.
    pub fn add(&mut self, kind: NodeKind, first: u32, last: u32, parts: impl Iterator<Item = Value>) -> Value {
        let start = self.parts.len() as u32;
        self.parts.extend(parts);
        let id = self.nodes.len() as u32;
        self.nodes.push(Node { kind, first, last, parts: (start, self.parts.len() as u32) });
        Value::Node(id)
    }

    /// How many there are, for [`Nodes::truncate`].
    pub fn len(&self) -> (usize, usize) {
        (self.nodes.len(), self.parts.len())
    }

    /// Forgets all that were added since.
    pub fn truncate(&mut self, (nodes, parts): (usize, usize)) {
        self.nodes.truncate(nodes);
        self.parts.truncate(parts);
    }

    /// The node behind a value.
    pub fn node(&self, value: Value) -> Option<Node> {
        match value {
            Value::Node(id) => self.nodes.get(id as usize).copied(),
            Value::Nothing | Value::Token(_) => None,
        }
    }

    /// What kind of expression a value is.
    pub fn kind(&self, value: Value) -> NodeKind {
        match value {
            Value::Token(_) => NodeKind::Name,
            _ => self.node(value).map_or(NodeKind::Other, |node| node.kind),
        }
    }

    /// The parts of a node.
    pub fn parts(&self, value: Value) -> &[Value] {
        self.node(value).map_or(&[], |node| &self.parts[node.parts.0 as usize..node.parts.1 as usize])
    }

    /// The parts of a sequence, with sequences in it spread out.
    pub fn elements(&self, value: Value) -> Vec<Value> {
        let mut all = Vec::new();
        for &part in self.parts(value) {
            match self.node(part) {
                Some(node) if node.kind == NodeKind::Items => all.extend(self.elements(part)),
                _ if matches!(part, Value::Nothing) => {}
                _ => all.push(part),
            }
        }
        all
    }
}
