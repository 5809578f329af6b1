//! What the grammar cannot say in its notation.

use super::escapes;
use super::grammar::{Place, TargetKind};
use super::node::{NodeKind, Value};
use super::parser::{Match, Parser, Stop};
use super::report::Class;
use crate::compile::tokens::Kind;

/// Statements of Python 2 that people still write.
const LEGACY_STATEMENTS: &[&[u8]] = &[b"print", b"exec"];

impl Parser<'_> {
    /// Calls the function that the grammar names. `Ok(None)`: no match after all.
    pub fn special(&mut self, name: &str, [a, b]: [Value; 2], start: usize) -> Match<Option<Value>> {
        match name {
            "interactive_exit" => Ok(None),
            "future_import" => self.future_import(a, b),
            "not_equal" => self.not_equal(a),
            "real" => self.part_of_complex(a, false),
            "imaginary" => self.part_of_complex(a, true),
            "number" => self.number(a),
            "string" => self.string(a),
            "template" => self.template(a, b),
            "strings" => self.strings(a),
            "conversion" => self.conversion(a, b),
            "mixed_strings" => {
                let last = self.nodes.parts(a).last().copied().unwrap_or(a);
                self.fail(last, b, "cannot mix t-string literals with string or bytes literals")
            }
            "in_string" => {
                let parts = self.nodes.parts(a);
                let (first, last) = (parts.first().copied().unwrap_or(a), parts.last().copied().unwrap_or(a));
                self.fail(first, last, "invalid syntax. Is this intended to be part of the string?")
            }
            "genexp_argument" => {
                let last = self.last_of_clauses(b);
                self.fail(a, last, "Generator expression must be parenthesized")
            }
            "genexp_in_call" => self.genexp_in_call(a, b),
            "argument_order" => self.argument_order(a),
            "legacy" => self.legacy(a, b),
            "missing_comma" => self.missing_comma(a, b),
            "type_param_bound" => self.type_param_bound(a, b, "TypeVarTuple"),
            "param_spec_bound" => self.type_param_bound(a, b, "ParamSpec"),
            "comprehension_target" => {
                let last = self.nodes.parts(b).last().copied().unwrap_or(b);
                self.fail(a, last, "did you forget parentheses around the comprehension target?")
            }
            "class_pattern_order" => {
                let parts = self.nodes.parts(a);
                let (first, last) = (parts.first().copied().unwrap_or(a), parts.last().copied().unwrap_or(a));
                self.fail(first, last, "positional patterns follow keyword patterns")
            }
            "missing_value" => {
                let (first, last) = self.ends_of(a);
                let column = last.end_column.map_or(0, |column| column as isize - 1);
                let message = "':' expected after dictionary key".to_owned();
                self.raise_at(Class::Syntax, (first.line, column), (last.end_line, -1), message);
                Err(Stop)
            }
            other => {
                debug_assert!(false, "no such function: {other} at {start}");
                Ok(None)
            }
        }
    }

    fn fail<T>(&mut self, a: Value, b: Value, message: impl Into<String>) -> Match<T> {
        Err(self.raise_range(Class::Syntax, a, b, message.into()))
    }

    fn text_of(&self, value: Value) -> &[u8] {
        self.text(self.tokens_of(value).0)
    }

    // Names and targets.

    fn future_import(&mut self, module: Value, names: Value) -> Match<Option<Value>> {
        if self.text_of(module) == b"__future__" {
            let (first, last) = self.tokens_of(names);
            self.barry |= (first..=last).any(|at| self.text(at) == b"barry_as_FLUFL");
        }
        Ok(Some(names))
    }

    fn not_equal(&mut self, operator: Value) -> Match<Option<Value>> {
        let wanted: &[u8] = if self.barry { b"<>" } else { b"!=" };
        if self.text_of(operator) == wanted {
            return Ok(Some(operator));
        }
        if self.barry {
            self.raise_here(Class::Syntax, "with Barry as BDFL, use '<>' instead of '!='".to_owned());
            return Err(Stop);
        }
        Ok(None)
    }

    /// The error about a target that cannot be one, if there is something wrong with it.
    pub fn wrong_target(&mut self, kind: TargetKind, target: Value) -> Match<Option<Value>> {
        let Some(wrong) = self.invalid_target(kind, target) else { return Ok(None) };
        let verb = if kind == TargetKind::Del { "delete" } else { "assign to" };
        let message = format!("cannot {verb} {}", self.nodes.kind(wrong).description());
        self.fail(wrong, wrong, message)
    }

    fn invalid_target(&self, kind: TargetKind, target: Value) -> Option<Value> {
        match self.nodes.kind(target) {
            NodeKind::List | NodeKind::Tuple => {
                self.nodes.elements(target).into_iter().find_map(|element| self.invalid_target(kind, element))
            }
            NodeKind::Starred if kind != TargetKind::Del => {
                self.nodes.parts(target).first().and_then(|&value| self.invalid_target(kind, value))
            }
            NodeKind::Compare if kind == TargetKind::For => {
                // `a in b` of a loop has been taken for a comparison.
                let [left, pairs] = *self.nodes.parts(target) else { return Some(target) };
                let first = self.nodes.parts(pairs).first().copied().unwrap_or(Value::Nothing);
                (self.nodes.kind(first) == NodeKind::In).then(|| self.invalid_target(kind, left)).flatten()
            }
            NodeKind::Name | NodeKind::Subscript | NodeKind::Attribute => None,
            _ => Some(target),
        }
    }

    // Calls and comprehensions.

    /// The last condition of the last `for`, or what it iterates over.
    fn last_of_clauses(&self, clauses: Value) -> Value {
        let last = self.nodes.parts(clauses).last().copied().unwrap_or(clauses);
        match *self.nodes.parts(last) {
            [iterable, conditions] => self.nodes.parts(conditions).last().copied().unwrap_or(iterable),
            _ => last,
        }
    }

    /// Positional arguments of a call's arguments.
    fn positional(&self, args: Value) -> Vec<Value> {
        let mut all = self.nodes.elements(args);
        all.retain(|&arg| !matches!(self.nodes.kind(arg), NodeKind::Keyword | NodeKind::DoubleStarred));
        all
    }

    fn genexp_in_call(&mut self, args: Value, clauses: Value) -> Match<Option<Value>> {
        match self.positional(args)[..] {
            [] | [_] => Ok(None),
            [.., last] => {
                let end = self.last_of_clauses(clauses);
                self.fail(last, end, "Generator expression must be parenthesized")
            }
        }
    }

    fn argument_order(&mut self, args: Value) -> Match<Option<Value>> {
        let unpacking =
            self.nodes.elements(args).into_iter().any(|arg| self.nodes.kind(arg) == NodeKind::DoubleStarred);
        let what = if unpacking { "keyword argument unpacking" } else { "keyword argument" };
        self.raise_here(Class::Syntax, format!("positional argument follows {what}"));
        Err(Stop)
    }

    fn is_legacy(&self, value: Value) -> bool {
        self.nodes.kind(value) == NodeKind::Name && LEGACY_STATEMENTS.contains(&self.text_of(value))
    }

    fn legacy(&mut self, name: Value, argument: Value) -> Match<Option<Value>> {
        if !self.is_legacy(name) {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(self.text_of(name)).into_owned();
        self.fail(name, argument, format!("Missing parentheses in call to '{text}'. Did you mean {text}(...)?"))
    }

    fn missing_comma(&mut self, a: Value, b: Value) -> Match<Option<Value>> {
        let outside = self.mark == 0 || self.tokens[self.mark - 1].token.level == 0;
        if outside || self.is_legacy(a) {
            return Ok(None);
        }
        self.fail(a, b, "invalid syntax. Perhaps you forgot a comma?")
    }

    fn type_param_bound(&mut self, colon: Value, bound: Value, what: &str) -> Match<Option<Value>> {
        let kind = if self.nodes.kind(bound) == NodeKind::Tuple { "constraints" } else { "bound" };
        let message = format!("cannot use {kind} with {what}");
        Err(self.raise_place(Class::Syntax, Place::From, colon, colon, message))
    }

    // Numbers.

    fn is_imaginary(&self, number: Value) -> bool {
        matches!(self.text_of(number).last(), Some(b'j' | b'J'))
    }

    fn part_of_complex(&mut self, number: Value, imaginary: bool) -> Match<Option<Value>> {
        if self.is_imaginary(number) == imaginary {
            return Ok(Some(number));
        }
        let what = if imaginary { "imaginary" } else { "real" };
        self.fail(number, number, format!("{what} number required in complex literal"))
    }

    fn number(&mut self, number: Value) -> Match<Option<Value>> {
        let (at, _) = self.tokens_of(number);
        let text = self.text(at);
        let digits = text.iter().filter(|c| c.is_ascii_digit()).count();
        let decimal = text.iter().all(|c| c.is_ascii_digit() || *c == b'_');
        let limit = self.options.max_str_digits;
        if decimal && limit > 0 && digits > limit {
            let token = self.tokens[at].token;
            let message = format!(
                "Exceeds the limit ({limit} digits) for integer string conversion: value has {digits} digits; use \
                 sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer literals \
                 to avoid decimal conversion limits."
            );
            self.raise_at(Class::Syntax, (token.line, -1), (token.end_line, -1), message);
            return Err(Stop);
        }
        Ok(Some(self.nodes.add(NodeKind::Number, at as u32, at as u32, core::iter::empty())))
    }

    // Strings.

    fn string(&mut self, string: Value) -> Match<Option<Value>> {
        let (at, _) = self.tokens_of(string);
        let text = String::from_utf8_lossy(self.text(at)).into_owned();
        let prefix_len = text.find(['\'', '"']).unwrap_or(0);
        let prefix = text[..prefix_len].to_ascii_lowercase();
        let quotes =
            if text[prefix_len..].starts_with("'''") || text[prefix_len..].starts_with("\"\"\"") { 3 } else { 1 };
        let body = &text[prefix_len + quotes..text.len() - quotes];
        let bytes = prefix.contains('b');
        if bytes && !body.is_ascii() {
            return self.fail(string, string, "bytes can only contain ASCII literal characters");
        }
        if !prefix.contains('r') {
            let error = if bytes { escapes::bytes_error(body) } else { escapes::text_error(body) };
            if let Some(message) = error {
                self.raise_here(Class::Syntax, message);
                return Err(Stop);
            }
        }
        let kind = if bytes { NodeKind::Bytes } else { NodeKind::String };
        Ok(Some(self.nodes.add(kind, at as u32, at as u32, core::iter::empty())))
    }

    /// An f-string or t-string: its texts may have wrong escapes.
    fn template(&mut self, start: Value, end: Value) -> Match<Option<Value>> {
        let (first, last) = (self.tokens_of(start).0, self.tokens_of(end).0);
        let tstring = self.tokens[first].token.kind == Kind::TStringStart;
        if !self.text(first).iter().any(|c| matches!(c, b'r' | b'R')) {
            let mut level = 0;
            for at in first + 1..last {
                match self.tokens[at].token.kind {
                    Kind::FStringStart | Kind::TStringStart => level += 1,
                    Kind::FStringEnd | Kind::TStringEnd => level -= 1,
                    Kind::FStringMiddle | Kind::TStringMiddle if level == 0 => {
                        let text = String::from_utf8_lossy(self.text(at)).into_owned();
                        if let Some(message) = escapes::text_error(&text) {
                            self.raise_here(Class::Syntax, message);
                            return Err(Stop);
                        }
                    }
                    _ => {}
                }
            }
        }
        let kind = if tstring { NodeKind::TString } else { NodeKind::FString };
        Ok(Some(self.nodes.add(kind, first as u32, last as u32, core::iter::empty())))
    }

    /// Adjacent strings become one.
    fn strings(&mut self, strings: Value) -> Match<Option<Value>> {
        let kinds: Vec<NodeKind> = self.nodes.parts(strings).iter().map(|&part| self.nodes.kind(part)).collect();
        let bytes = kinds.iter().filter(|kind| **kind == NodeKind::Bytes).count();
        if bytes != 0 && bytes != kinds.len() {
            self.raise_here(Class::Syntax, "cannot mix bytes and nonbytes literals".to_owned());
            return Err(Stop);
        }
        let kind = kinds.iter().find(|kind| **kind == NodeKind::FString).or(kinds.first()).copied();
        let (first, last) = self.tokens_of(strings);
        let kind = kind.unwrap_or(NodeKind::String);
        Ok(Some(self.nodes.add(kind, first as u32, last as u32, core::iter::empty())))
    }

    fn conversion(&mut self, mark: Value, name: Value) -> Match<Option<Value>> {
        let prefix = self.template_prefix();
        let (mark_token, token) = (self.ends_of(mark).0, self.ends_of(name).0);
        if mark_token.line != token.line || mark_token.end_column != token.column {
            let message = format!("{prefix}-string: conversion type must come right after the exclamation mark");
            return self.fail(mark, name, message);
        }
        let text = String::from_utf8_lossy(self.text_of(name)).into_owned();
        if !matches!(&*text, "s" | "r" | "a") {
            let message = format!("{prefix}-string: invalid conversion character '{text}': expected 's', 'r', or 'a'");
            return self.fail(name, name, message);
        }
        Ok(Some(mark))
    }

    /// The letter of the f-string or t-string that is being read.
    pub fn template_prefix(&self) -> char {
        let mut open = 0;
        for token in self.tokens[..self.mark.min(self.tokens.len())].iter().rev() {
            match token.token.kind {
                Kind::FStringEnd | Kind::TStringEnd => open += 1,
                Kind::FStringStart | Kind::TStringStart if open > 0 => open -= 1,
                Kind::FStringStart => return 'f',
                Kind::TStringStart => return 't',
                _ => {}
            }
        }
        'f'
    }
}
