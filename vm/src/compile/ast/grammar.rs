//! The abstract grammar: every kind of node with its fields, declared once. The Python classes, their documentation, the
//! checks of trees and the constructors are all made from this table.

/// What a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldType {
    /// A name: an interned `str`.
    Identifier,
    /// Text: `str` or `bytes`.
    String,
    Int,
    /// Any constant object.
    Constant,
    /// A node of one of the alternatives of a group (or of the only kind a group of its own has).
    Node(Group),
}

/// How many values a field holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Quantity {
    One,
    /// A value or `None`.
    Optional,
    /// A list.
    Many,
    /// A list whose items may be `None`: `?*`.
    ManyOptional,
}

/// A field of a kind of node.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub ty: FieldType,
    pub quantity: Quantity,
}

macro_rules! grammar {
    ($( $group:ident $name:literal $located:ident { $( $kind:ident $signature:literal )* } )*) => {
        /// What kinds of nodes may stand in one place: `expr`, `stmt`, ... or a single kind such as `arguments`.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Group { $( $group ),* }

        /// A kind of node: a concrete class.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Kind { $( $( $kind ),* ),* }

        impl Group {
            /// All groups, in the order of the table.
            pub const ALL: &[Group] = &[ $( Group::$group ),* ];

            /// The class name.
            pub fn name(self) -> &'static str {
                match self { $( Group::$group => $name ),* }
            }

            /// Have nodes of this group a place in the source?
            pub fn has_place(self) -> bool {
                match self { $( Group::$group => is_located!($located) ),* }
            }

            /// Its alternatives.
            pub fn kinds(self) -> &'static [Kind] {
                match self { $( Group::$group => &[ $( Kind::$kind ),* ] ),* }
            }
        }

        impl Kind {
            /// All kinds, in the order of the table.
            pub const ALL: &[Kind] = &[ $( $( Kind::$kind ),* ),* ];

            /// The group it is an alternative of.
            pub fn group(self) -> Group {
                match self { $( $( Kind::$kind => Group::$group ),* ),* }
            }

            /// The fields as they are written in the grammar.
            pub fn signature(self) -> &'static str {
                match self { $( $( Kind::$kind => $signature ),* ),* }
            }

            fn rust_name(self) -> &'static str {
                match self { $( $( Kind::$kind => stringify!($kind) ),* ),* }
            }
        }
    };
}

macro_rules! is_located {
    (placed) => {
        true
    };
    (free) => {
        false
    };
}

// A group that consists of one kind of the same name (in Python) has no class of its own.
grammar! {
    Mod "mod" free {
        Module "stmt* body, type_ignore* type_ignores"
        Interactive "stmt* body"
        Expression "expr body"
        FunctionType "expr* argtypes, expr returns"
    }
    Stmt "stmt" placed {
        FunctionDef "identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment, type_param* type_params"
        AsyncFunctionDef "identifier name, arguments args, stmt* body, expr* decorator_list, expr? returns, string? type_comment, type_param* type_params"
        ClassDef "identifier name, expr* bases, keyword* keywords, stmt* body, expr* decorator_list, type_param* type_params"
        Return "expr? value"
        Delete "expr* targets"
        Assign "expr* targets, expr value, string? type_comment"
        TypeAlias "expr name, type_param* type_params, expr value"
        AugAssign "expr target, operator op, expr value"
        AnnAssign "expr target, expr annotation, expr? value, int simple"
        For "expr target, expr iter, stmt* body, stmt* orelse, string? type_comment"
        AsyncFor "expr target, expr iter, stmt* body, stmt* orelse, string? type_comment"
        While "expr test, stmt* body, stmt* orelse"
        If "expr test, stmt* body, stmt* orelse"
        With "withitem* items, stmt* body, string? type_comment"
        AsyncWith "withitem* items, stmt* body, string? type_comment"
        Match "expr subject, match_case* cases"
        Raise "expr? exc, expr? cause"
        Try "stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody"
        TryStar "stmt* body, excepthandler* handlers, stmt* orelse, stmt* finalbody"
        Assert "expr test, expr? msg"
        Import "alias* names"
        ImportFrom "identifier? module, alias* names, int? level"
        Global "identifier* names"
        Nonlocal "identifier* names"
        Expr "expr value"
        Pass ""
        Break ""
        Continue ""
    }
    Expr "expr" placed {
        BoolOp "boolop op, expr* values"
        NamedExpr "expr target, expr value"
        BinOp "expr left, operator op, expr right"
        UnaryOp "unaryop op, expr operand"
        Lambda "arguments args, expr body"
        IfExp "expr test, expr body, expr orelse"
        Dict "expr?* keys, expr* values"
        Set "expr* elts"
        ListComp "expr elt, comprehension* generators"
        SetComp "expr elt, comprehension* generators"
        DictComp "expr key, expr value, comprehension* generators"
        GeneratorExp "expr elt, comprehension* generators"
        Await "expr value"
        Yield "expr? value"
        YieldFrom "expr value"
        Compare "expr left, cmpop* ops, expr* comparators"
        Call "expr func, expr* args, keyword* keywords"
        FormattedValue "expr value, int conversion, expr? format_spec"
        Interpolation "expr value, constant str, int conversion, expr? format_spec"
        JoinedStr "expr* values"
        TemplateStr "expr* values"
        Constant "constant value, string? kind"
        Attribute "expr value, identifier attr, expr_context ctx"
        Subscript "expr value, expr slice, expr_context ctx"
        Starred "expr value, expr_context ctx"
        Name "identifier id, expr_context ctx"
        List "expr* elts, expr_context ctx"
        Tuple "expr* elts, expr_context ctx"
        Slice "expr? lower, expr? upper, expr? step"
    }
    ExprContext "expr_context" free {
        Load "" Store "" Del ""
    }
    BoolOp "boolop" free {
        And "" Or ""
    }
    Operator "operator" free {
        Add "" Sub "" Mult "" MatMult "" Div "" Mod "" Pow "" LShift "" RShift "" BitOr "" BitXor "" BitAnd "" FloorDiv ""
    }
    UnaryOp "unaryop" free {
        Invert "" Not "" UAdd "" USub ""
    }
    CmpOp "cmpop" free {
        Eq "" NotEq "" Lt "" LtE "" Gt "" GtE "" Is "" IsNot "" In "" NotIn ""
    }
    Comprehension "comprehension" free {
        ComprehensionNode "expr target, expr iter, expr* ifs, int is_async"
    }
    ExceptHandler "excepthandler" placed {
        ExceptHandler "expr? type, identifier? name, stmt* body"
    }
    Arguments "arguments" free {
        ArgumentsNode "arg* posonlyargs, arg* args, arg? vararg, arg* kwonlyargs, expr?* kw_defaults, arg? kwarg, expr* defaults"
    }
    Arg "arg" placed {
        ArgNode "identifier arg, expr? annotation, string? type_comment"
    }
    Keyword "keyword" placed {
        KeywordNode "identifier? arg, expr value"
    }
    Alias "alias" placed {
        AliasNode "identifier name, identifier? asname"
    }
    WithItem "withitem" free {
        WithItemNode "expr context_expr, expr? optional_vars"
    }
    MatchCase "match_case" free {
        MatchCaseNode "pattern pattern, expr? guard, stmt* body"
    }
    Pattern "pattern" placed {
        MatchValue "expr value"
        MatchSingleton "constant value"
        MatchSequence "pattern* patterns"
        MatchMapping "expr* keys, pattern* patterns, identifier? rest"
        MatchClass "expr cls, pattern* patterns, identifier* kwd_attrs, pattern* kwd_patterns"
        MatchStar "identifier? name"
        MatchAs "pattern? pattern, identifier? name"
        MatchOr "pattern* patterns"
    }
    TypeIgnore "type_ignore" free {
        TypeIgnore "int lineno, string tag"
    }
    TypeParam "type_param" placed {
        TypeVar "identifier name, expr? bound, expr? default_value"
        ParamSpec "identifier name, expr? default_value"
        TypeVarTuple "identifier name, expr? default_value"
    }
}

impl Group {
    /// Is it a single kind, with the one class for both?
    pub fn is_single(self) -> bool {
        matches!(
            self,
            Group::Comprehension
                | Group::Arguments
                | Group::Arg
                | Group::Keyword
                | Group::Alias
                | Group::WithItem
                | Group::MatchCase
        )
    }

    /// May `None` stand for a node that is not there? Operators, contexts and kinds that are a group of their own are read
    /// as nodes whatever they are.
    pub fn is_nullable(self) -> bool {
        !self.is_single()
            && !matches!(self, Group::ExprContext | Group::BoolOp | Group::Operator | Group::UnaryOp | Group::CmpOp)
    }

    /// The attributes its nodes have besides their fields, and whether they may be missing.
    pub fn attributes(self) -> &'static [(&'static str, bool)] {
        match (self.has_place(), self) {
            (false, _) => &[],
            // Here the ends are not optional.
            (true, Group::Pattern | Group::TypeParam) => {
                &[("lineno", false), ("col_offset", false), ("end_lineno", false), ("end_col_offset", false)]
            }
            (true, _) => &[("lineno", false), ("col_offset", false), ("end_lineno", true), ("end_col_offset", true)],
        }
    }

    /// The group named in a signature.
    fn named(name: &str) -> Option<Group> {
        Group::ALL.iter().copied().find(|group| group.name() == name)
    }

    /// The documentation of the class: the right side of the grammar's rule.
    pub fn doc(self) -> String {
        let alternatives: Vec<String> = self.kinds().iter().map(|kind| kind.doc()).collect();
        let separator = format!("\n{}| ", " ".repeat(self.name().len() + 1));
        if self.kinds().iter().all(|kind| kind.signature().is_empty()) {
            return format!("{} = {}", self.name(), alternatives.join(" | "));
        }
        format!("{} = {}", self.name(), alternatives.join(&separator))
    }
}

impl Kind {
    /// The class name.
    pub fn name(self) -> &'static str {
        if self.group().is_single() { self.group().name() } else { self.rust_name() }
    }

    /// The documentation of the class: its constructor.
    pub fn doc(self) -> String {
        match self.signature() {
            "" => self.name().to_owned(),
            signature => format!("{}({signature})", self.name()),
        }
    }

    /// Its fields, in order.
    pub fn fields(self) -> Vec<Field> {
        self.signature().split(", ").filter(|part| !part.is_empty()).filter_map(parse_field).collect()
    }
}

/// `expr* values`, `identifier? name`, `int simple`.
fn parse_field(text: &'static str) -> Option<Field> {
    let (ty, name) = text.split_once(' ')?;
    let (base, quantity) = if let Some(base) = ty.strip_suffix("?*") {
        (base, Quantity::ManyOptional)
    } else if let Some(base) = ty.strip_suffix('*') {
        (base, Quantity::Many)
    } else if let Some(base) = ty.strip_suffix('?') {
        (base, Quantity::Optional)
    } else {
        (ty, Quantity::One)
    };
    let ty = match base {
        "identifier" => FieldType::Identifier,
        "string" => FieldType::String,
        "int" => FieldType::Int,
        "constant" => FieldType::Constant,
        group => FieldType::Node(Group::named(group)?),
    };
    Some(Field { name, ty, quantity })
}
