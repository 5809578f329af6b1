//! Preprocessing inside the strings of a lowered tree, whose values the compiler's own preprocessing does not reach.

use rustpython_compiler::ast::visitor::transformer::{self, Transformer};
use rustpython_compiler::ast::{self, Expr};
use rustpython_compiler::codegen::preprocess;

use super::lower::NO_INDEX;

/// Preprocesses the values of all f-strings and t-strings.
pub fn preprocess_strings(module: &mut ast::Mod, optimize: u8, future_annotations: bool) {
    let visitor = Strings { optimize, future_annotations };
    match module {
        ast::Mod::Module(module) => module.body.iter_mut().for_each(|stmt| visitor.visit_stmt(stmt)),
        ast::Mod::Expression(expression) => visitor.visit_expr(&mut expression.body),
    }
}

struct Strings {
    optimize: u8,
    future_annotations: bool,
}

impl Strings {
    fn value(&self, value: &mut Expr) {
        self.visit_expr(value);
        let none = Expr::NoneLiteral(ast::ExprNoneLiteral { node_index: NO_INDEX, range: Default::default() });
        let body = Box::new(core::mem::replace(value, none));
        let mut module =
            ast::Mod::Expression(ast::ModExpression { node_index: NO_INDEX, range: Default::default(), body });
        preprocess::preprocess_mod(&mut module, self.optimize, self.future_annotations, false);
        if let ast::Mod::Expression(expression) = module {
            *value = *expression.body;
        }
    }

    fn specs(&self, elements: &mut [ast::InterpolatedStringElement]) {
        for element in elements {
            if let ast::InterpolatedStringElement::Interpolation(e) = element {
                let specs = [&mut e.runtime_formatted_value_format_spec, &mut e.runtime_interpolation_format_spec];
                specs.into_iter().flatten().for_each(|spec| self.value(spec));
            }
        }
    }
}

impl Transformer for Strings {
    fn visit_expr(&self, expr: &mut Expr) {
        match expr {
            Expr::FString(e) => e.runtime_joined_str.iter_mut().flatten().for_each(|value| self.value(value)),
            Expr::TString(e) => e.runtime_template_str.iter_mut().flatten().for_each(|value| self.value(value)),
            _ => {}
        }
        transformer::walk_expr(self, expr);
    }

    fn visit_f_string(&self, string: &mut ast::FString) {
        self.specs(&mut string.elements);
        transformer::walk_f_string(self, string);
    }

    fn visit_t_string(&self, string: &mut ast::TString) {
        self.specs(&mut string.elements);
        transformer::walk_t_string(self, string);
    }
}
