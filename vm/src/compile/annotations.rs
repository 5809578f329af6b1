//! Annotations under conditions, in classes inside classes:
//!
//! ```python
//! class Outer:
//!     class Inner:
//!         if TYPE_CHECKING:
//!             x: int
//! ```
//!
//! Which of such annotations were executed is noted in a set, in a cell of the class (PEP 649). The compiler crate takes the cell of an
//! inner class for one of the class around it, and fails where that has none. A class that binds the cell's name itself has a cell of its
//! own; so a binding is added here that is never executed.

use std::cell::Cell;

use ruff_text_size::TextRange;
use rustpython_compiler::ast::visitor::transformer::{Transformer, walk_stmt};
use rustpython_compiler::ast::{self, Expr, ExprContext, Mod, Stmt};
use rustpython_compiler::parser::{self, ParseOptions};

use super::{Mode, division};

/// The name of the cell.
const CELL: &str = "__conditional_annotations__";

/// The tree of a source text that the compiler refused with this message, if it did for such a class.
pub fn bound_tree(source: &str, mode: Mode, refusal: &str) -> Option<Mod> {
    if !refusal.contains(CELL) || mode == Mode::Eval {
        return None;
    }
    let mut tree = parser::parse(source, ParseOptions::from(parser::Mode::Module)).ok()?.into_syntax();
    division::protect(&mut tree);
    bind(&mut tree).then_some(tree)
}

/// Gives all such classes their own cells; were there any?
pub fn bind(tree: &mut Mod) -> bool {
    let pass = Bind { inside: Cell::new(false), found: Cell::new(false) };
    if let Mod::Module(module) = tree {
        pass.visit_body(&mut module.body);
    }
    pass.found.get()
}

struct Bind {
    /// Is there a class around what is visited?
    inside: Cell<bool>,
    found: Cell<bool>,
}

impl Transformer for Bind {
    fn visit_stmt(&self, stmt: &mut Stmt) {
        let outer = self.inside.get();
        if let Stmt::ClassDef(class) = stmt {
            if outer && class.body.iter().any(|stmt| parts(stmt).into_iter().flatten().any(has_annotations)) {
                self.found.set(true);
                class.body.push(unreachable_binding(TextRange::empty(class.range.end())));
            }
            self.inside.set(true);
        }
        walk_stmt(self, stmt);
        self.inside.set(outer);
    }
}

/// Is this an annotation, or does it contain one in the same scope?
fn has_annotations(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::AnnAssign(_)) || parts(stmt).into_iter().flatten().any(has_annotations)
}

/// The blocks of a compound statement that opens no scope.
fn parts(stmt: &Stmt) -> Vec<&[Stmt]> {
    match stmt {
        Stmt::If(stmt) => {
            let others = stmt.elif_else_clauses.iter().map(|clause| &*clause.body);
            std::iter::once(&*stmt.body).chain(others).collect()
        }
        Stmt::For(stmt) => vec![&stmt.body, &stmt.orelse],
        Stmt::While(stmt) => vec![&stmt.body, &stmt.orelse],
        Stmt::With(stmt) => vec![&stmt.body],
        Stmt::Match(stmt) => stmt.cases.iter().map(|case| &*case.body).collect(),
        Stmt::Try(stmt) => {
            let handlers = stmt.handlers.iter().map(|ast::ExceptHandler::ExceptHandler(handler)| &*handler.body);
            handlers.chain([&*stmt.body, &*stmt.orelse, &*stmt.finalbody]).collect()
        }
        _ => Vec::new(),
    }
}

/// `if False: __conditional_annotations__ = False`
fn unreachable_binding(range: TextRange) -> Stmt {
    let name = Expr::Name(ast::ExprName {
        node_index: Default::default(),
        range,
        id: ast::name::Name::new_static(CELL),
        ctx: ExprContext::Store,
    });
    let binding = Stmt::Assign(ast::StmtAssign {
        node_index: Default::default(),
        range,
        targets: vec![name],
        value: Box::new(division::boolean(false, range)),
        runtime_targets: None,
        runtime_type_comment: None,
        runtime_type_comment_bytes: None,
    });
    Stmt::If(ast::StmtIf {
        node_index: Default::default(),
        range,
        test: Box::new(division::boolean(false, range)),
        body: std::iter::once(binding).collect(),
        elif_else_clauses: Vec::new(),
        runtime_body: None,
    })
}
