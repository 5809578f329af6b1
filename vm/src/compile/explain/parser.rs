//! The engine: matches the grammar against tokens, looking at no more of them than it has to, since how far it got tells
//! where the error is.

use super::Options;
use super::grammar::{Action, Alternative, Grammar, Item, KEYWORDS, RuleId, SOFT_KEYWORDS};
use super::node::{NodeKind, Nodes, Value};
use super::report::{Class, Report};
use crate::compile::tokens::{Done, Failure, Kind, StrLines, Token, Tokenizer, TokenizerOptions};

/// How deep rules may call each other.
const MAX_DEPTH: usize = 6000;
/// Stack to have at hand before going deeper, and how much to take when there is less.
const RED_ZONE: usize = 256 * 1024;
const STACK_CHUNK: usize = 4 * 1024 * 1024;

/// What is remembered about a rule at a token.
#[derive(Clone, Copy)]
struct Memo {
    rule: RuleId,
    end: usize,
    value: Option<Value>,
}

/// A token with what the parser needs to know of it.
pub struct ParserToken {
    pub token: Token,
    /// Its keyword, as an index into [`KEYWORDS`].
    keyword: Option<u8>,
    memo: Vec<Memo>,
}

/// Parsing is over: there is a report.
pub struct Stop;

/// What matching gives.
pub type Match<T> = Result<T, Stop>;

/// The parser's state.
pub struct Parser<'s> {
    grammar: &'static Grammar,
    source: &'s str,
    pub options: &'s Options,
    pub tokenizer: Tokenizer<'s>,
    pub tokens: Vec<ParserToken>,
    /// The next token.
    pub mark: usize,
    pub nodes: Nodes,
    values: Vec<(Option<u8>, Value)>,
    depth: usize,
    /// Nothing is remembered about tokens from here on.
    memo_end: usize,
    /// Are the rules for mistakes in force?
    pub second_pass: bool,
    invalid_rules: bool,
    started: bool,
    pub barry: bool,
    pub report: Option<Report>,
    /// Line and column of the last compound statement.
    pub last_statement: (usize, usize),
}

impl<'s> Parser<'s> {
    /// Ready for the first pass.
    pub fn new(source: &'s str, options: &'s Options) -> Parser<'s> {
        let lines = TokenizerOptions { add_newline: options.mode.is_file(), ..TokenizerOptions::default() };
        Parser {
            grammar: Grammar::get(),
            source,
            options,
            tokenizer: Tokenizer::new(StrLines::new(source), lines),
            tokens: Vec::new(),
            mark: 0,
            nodes: Nodes::default(),
            values: Vec::new(),
            depth: 0,
            memo_end: 0,
            second_pass: false,
            invalid_rules: false,
            started: false,
            barry: options.barry,
            report: None,
            last_statement: (0, 0),
        }
    }

    /// One pass over the tokens. `Ok(true)`: all is well.
    pub fn pass(&mut self, second: bool) -> Match<bool> {
        for token in &mut self.tokens {
            token.memo.clear();
        }
        self.mark = 0;
        self.depth = 0;
        self.memo_end = 0;
        self.nodes = Nodes::default();
        self.values.clear();
        self.second_pass = second;
        self.invalid_rules = second;
        let start = self.grammar.rule(self.options.mode.start_rule());
        Ok(self.rule(start)?.is_some())
    }

    /// The furthest token that was looked at.
    pub fn last_token(&self) -> Option<&Token> {
        self.tokens.last().map(|token| &token.token)
    }

    /// The source behind what has been read.
    pub fn rest(&self) -> &'s str {
        self.source.get(self.tokenizer.position()..).unwrap_or("")
    }

    /// The text of a token.
    pub fn text(&self, index: usize) -> &[u8] {
        self.tokens.get(index).map_or(&[], |token| self.tokenizer.text_of(&token.token))
    }

    // Tokens.

    /// Makes sure that the token at the mark has been read.
    pub fn fill(&mut self) -> Match<()> {
        if self.mark < self.tokens.len() {
            return Ok(());
        }
        match self.tokenizer.next_token() {
            Ok(mut token) => {
                if token.kind == Kind::EndMarker && self.options.mode.is_interactive() && self.started {
                    // An interactive statement ends without a line end.
                    token.kind = Kind::Newline;
                    self.started = false;
                    if self.tokenizer.is_indented() && !self.options.dont_imply_dedent {
                        self.tokenizer.close_blocks();
                    }
                } else {
                    self.started = true;
                }
                let keyword = if token.kind == Kind::Name {
                    let text = self.tokenizer.text_of(&token);
                    KEYWORDS.iter().position(|keyword| keyword.as_bytes() == text).map(|at| at as u8)
                } else {
                    None
                };
                self.tokens.push(ParserToken { token, keyword, memo: Vec::new() });
                Ok(())
            }
            Err(failure) => {
                // The token that could not be read still counts as the furthest one.
                let line = self.tokenizer.line();
                self.tokens.push(ParserToken {
                    token: Token {
                        kind: Kind::Op,
                        span: None,
                        line,
                        column: None,
                        end_line: line,
                        end_column: None,
                        level: 0,
                    },
                    keyword: None,
                    memo: Vec::new(),
                });
                self.tokenizer_error(failure);
                Err(Stop)
            }
        }
    }

    fn tokenizer_error(&mut self, failure: Failure) {
        match failure {
            Failure::Syntax(failure) => self.set_report(Report::from_tokenizer(*failure)),
            Failure::Stopped | Failure::Raised(_) => match self.tokenizer.done() {
                Done::Eof if self.tokenizer.open_paren().is_some() => self.never_closed(),
                Done::Eof | Done::Dedent => {
                    let (class, message) = self.stop_message();
                    self.raise_here(class, message);
                }
                Done::LineContinuation => {
                    let held = self.tokenizer.text().len() - self.tokenizer.held_text().len();
                    let column = (self.tokenizer.position() - held).saturating_sub(1);
                    let line = self.tokenizer.line();
                    let (class, message) = self.stop_message();
                    self.raise_at(class, (line, column as isize), (line, -1), message);
                }
                _ => {
                    let line = self.tokenizer.line();
                    let (class, message) = self.stop_message();
                    self.raise_at(class, (line, 0), (line, -1), message);
                }
            },
        }
    }

    fn stop_message(&self) -> (Class, String) {
        let class = match self.tokenizer.done() {
            Done::Dedent | Done::TooDeep => Class::Indentation,
            Done::TabSpace => Class::Tab,
            _ => Class::Syntax,
        };
        (class, self.tokenizer.stop_message().1.to_owned())
    }

    /// The error for the innermost bracket that is still open.
    pub fn never_closed(&mut self) {
        if let Some(paren) = self.tokenizer.open_paren() {
            let message = format!("'{}' was never closed", paren.bracket as char);
            self.raise_at(Class::Syntax, (paren.line, paren.column as isize), (paren.line, -1), message);
        }
    }

    fn token_if(&mut self, matches: impl FnOnce(&Self, &ParserToken) -> bool) -> Match<Option<Value>> {
        self.fill()?;
        if !matches(self, &self.tokens[self.mark]) {
            return Ok(None);
        }
        self.mark += 1;
        Ok(Some(Value::Token(self.mark as u32 - 1)))
    }

    // Rules.

    fn rule(&mut self, id: RuleId) -> Match<Option<Value>> {
        let rule = &self.grammar.rules[id.0 as usize];
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.set_report(Report::too_complex());
            return Err(Stop);
        }
        let result = stacker::maybe_grow(RED_ZONE, STACK_CHUNK, || {
            if rule.left {
                self.left_recursive(id)
            } else if rule.memo {
                self.memoized(id)
            } else if rule.quiet {
                let before = core::mem::replace(&mut self.invalid_rules, false);
                let result = self.alternatives(&rule.alternatives);
                self.invalid_rules = before;
                result
            } else if self.depth == 3 && rule.name == "statement" {
                self.outer_statement(&rule.alternatives)
            } else {
                self.alternatives(&rule.alternatives)
            }
        });
        self.depth -= 1;
        result
    }

    fn remembered(&mut self, id: RuleId) -> Match<Option<Memo>> {
        self.fill()?;
        Ok(self.tokens[self.mark].memo.iter().find(|memo| memo.rule == id).copied())
    }

    fn remember(&mut self, at: usize, new: Memo) {
        self.memo_end = self.memo_end.max(at + 1);
        let memos = &mut self.tokens[at].memo;
        match memos.iter_mut().find(|memo| memo.rule == new.rule) {
            Some(memo) => *memo = new,
            None => memos.push(new),
        }
    }

    fn memoized(&mut self, id: RuleId) -> Match<Option<Value>> {
        if let Some(memo) = self.remembered(id)? {
            self.mark = memo.end;
            return Ok(memo.value);
        }
        let start = self.mark;
        let value = self.alternatives(&self.grammar.rules[id.0 as usize].alternatives)?;
        self.remember(start, Memo { rule: id, end: self.mark, value });
        Ok(value)
    }

    /// Left recursion: the rule first fails at its own place, and is then tried again with its latest match as long as
    /// that grows.
    fn left_recursive(&mut self, id: RuleId) -> Match<Option<Value>> {
        if let Some(memo) = self.remembered(id)? {
            self.mark = memo.end;
            return Ok(memo.value);
        }
        let start = self.mark;
        let mut best = Memo { rule: id, end: start, value: None };
        loop {
            self.remember(start, best);
            self.mark = start;
            let value = self.alternatives(&self.grammar.rules[id.0 as usize].alternatives)?;
            if value.is_none() || self.mark <= best.end {
                break;
            }
            best = Memo { rule: id, end: self.mark, value };
        }
        self.mark = best.end;
        Ok(best.value)
    }

    /// A statement of the module itself. Nothing goes back behind it, so that what is known of it can be forgotten.
    fn outer_statement(&mut self, alternatives: &'static [Alternative]) -> Match<Option<Value>> {
        let start = self.mark;
        let nodes = self.nodes.len();
        let found = self.alternatives(alternatives)?;
        if found.is_none() {
            return Ok(None);
        }
        for token in &mut self.tokens[start..self.memo_end.max(start)] {
            token.memo = Vec::new();
        }
        self.memo_end = self.mark;
        self.nodes.truncate(nodes);
        Ok(Some(Value::Nothing))
    }

    fn alternatives(&mut self, alternatives: &'static [Alternative]) -> Match<Option<Value>> {
        let start = self.mark;
        for alternative in alternatives {
            if alternative.invalid && !self.invalid_rules {
                continue;
            }
            let base = self.values.len();
            let mut cut = false;
            if self.items(&alternative.items, &mut cut)? {
                let value = self.action(&alternative.action, start, base)?;
                self.values.truncate(base);
                if value.is_none() {
                    self.mark = start;
                }
                return Ok(value);
            }
            self.values.truncate(base);
            self.mark = start;
            if cut {
                break;
            }
        }
        Ok(None)
    }

    fn items(&mut self, items: &'static [(Option<u8>, Item)], cut: &mut bool) -> Match<bool> {
        for (label, item) in items {
            match item {
                Item::Cut => *cut = true,
                Item::Ahead(item) => {
                    if !self.ahead(item)? {
                        return Ok(false);
                    }
                }
                Item::NotAhead(item) => {
                    if self.ahead(item)? {
                        return Ok(false);
                    }
                }
                item => match self.item(item)? {
                    Some(value) => self.values.push((*label, value)),
                    None => return Ok(false),
                },
            }
        }
        Ok(true)
    }

    fn ahead(&mut self, item: &'static Item) -> Match<bool> {
        let start = self.mark;
        let found = self.item(item)?.is_some();
        self.mark = start;
        Ok(found)
    }

    fn item(&mut self, item: &'static Item) -> Match<Option<Value>> {
        match item {
            Item::Token(kind) => self.token_if(|_, token| token.token.kind == *kind && token.keyword.is_none()),
            Item::Keyword(keyword) => {
                self.token_if(|_, token| token.keyword.is_some_and(|at| KEYWORDS[at as usize] == *keyword))
            }
            Item::SoftKeyword(keyword) => self.token_if(|zelf, token| {
                token.token.kind == Kind::Name && zelf.tokenizer.text_of(&token.token) == keyword.as_bytes()
            }),
            Item::AnySoftKeyword => self.token_if(|zelf, token| {
                let text = zelf.tokenizer.text_of(&token.token);
                token.token.kind == Kind::Name && SOFT_KEYWORDS.iter().any(|keyword| keyword.as_bytes() == text)
            }),
            Item::Rule(rule) => self.rule(*rule),
            Item::Group(group) => self.alternatives(group),
            Item::Optional(item) => Ok(Some(self.attempt(item)?.unwrap_or(Value::Nothing))),
            Item::Star(item) => Ok(Some(self.repeated(item, None)?.1)),
            Item::Plus(item) => {
                let (count, value) = self.repeated(item, None)?;
                Ok((count > 0).then_some(value))
            }
            Item::Separated(separator, item) => {
                let (count, value) = self.repeated(item, Some(separator))?;
                Ok((count > 0).then_some(value))
            }
            Item::Forced(item, expected) => match self.item(item)? {
                Some(value) => Ok(Some(value)),
                None => {
                    let at = Value::Token(self.mark as u32);
                    Err(self.raise_range(Class::Syntax, at, at, format!("expected '{expected}'")))
                }
            },
            // These match nothing and have no value; `items` sees to them.
            Item::Ahead(_) | Item::NotAhead(_) | Item::Cut => Ok(None),
        }
    }

    /// An item that may be missing.
    fn attempt(&mut self, item: &'static Item) -> Match<Option<Value>> {
        let start = self.mark;
        let value = self.item(item)?;
        if value.is_none() {
            self.mark = start;
        }
        Ok(value)
    }

    fn repeated(&mut self, item: &'static Item, separator: Option<&'static Item>) -> Match<(usize, Value)> {
        let start = self.mark;
        let base = self.values.len();
        loop {
            let before = self.mark;
            if let Some(separator) = separator
                && self.values.len() > base
                && self.item(separator)?.is_none()
            {
                self.mark = before;
                break;
            }
            match self.item(item)? {
                Some(value) => self.values.push((None, value)),
                None => {
                    self.mark = before;
                    break;
                }
            }
        }
        let count = self.values.len() - base;
        let (first, last) = self.extent(start);
        let parts = self.values[base..].iter().map(|&(_, value)| value);
        let node = self.nodes.add(NodeKind::Items, first, last, parts);
        self.values.truncate(base);
        Ok((count, node))
    }

    /// The first and last token of a match that began at `start`: line ends and dedents at its end do not count.
    fn extent(&self, start: usize) -> (u32, u32) {
        let last = self.tokens[start.min(self.mark)..self.mark]
            .iter()
            .rposition(|token| {
                !matches!(token.token.kind, Kind::Newline | Kind::Indent | Kind::Dedent | Kind::EndMarker)
            })
            .map_or(start, |at| start + at);
        (start as u32, last as u32)
    }

    // Actions.

    /// The part of the present match with this name.
    fn part(&self, base: usize, label: u8) -> Value {
        self.values[base..].iter().find(|(name, _)| *name == Some(label)).map_or(Value::Nothing, |&(_, value)| value)
    }

    fn action(&mut self, action: &'static Action, start: usize, base: usize) -> Match<Option<Value>> {
        match action {
            Action::Default => {
                if let [(_, value)] = self.values[base..] {
                    return Ok(Some(value));
                }
                Ok(Some(self.node(NodeKind::Other, start, base)))
            }
            Action::Node(kind) => Ok(Some(self.node(*kind, start, base))),
            Action::Part(label) => Ok(Some(self.part(base, *label))),
            Action::Register(label) => {
                let value = self.part(base, *label);
                self.register(value);
                Ok(Some(value))
            }
            Action::Error { indentation, place, message } => {
                let class = if *indentation { Class::Indentation } else { Class::Syntax };
                let parts = |label| self.part(base, label);
                let (a, b) = (parts(b'a'), parts(b'b'));
                let message = self.message(message, a);
                Err(self.raise_place(class, *place, a, b, message))
            }
            Action::Target(kind, label) => {
                let target = self.part(base, *label);
                self.wrong_target(*kind, target)
            }
            Action::Special(name, labels) => {
                let labels = labels.iter().map(|&label| self.part(base, label));
                let mut values = [Value::Nothing; 2];
                for (slot, value) in values.iter_mut().zip(labels) {
                    *slot = value;
                }
                self.special(name, values, start)
            }
        }
    }

    /// A node of the named parts, or of all if none has a name.
    fn node(&mut self, kind: NodeKind, start: usize, base: usize) -> Value {
        let (first, last) = self.extent(start);
        let values = &self.values[base..];
        let named = values.iter().any(|(label, _)| label.is_some());
        let parts = values.iter().filter(|(label, _)| label.is_some() || !named).map(|&(_, value)| value);
        self.nodes.add(kind, first, last, parts)
    }

    fn register(&mut self, statement: Value) {
        if !self.second_pass {
            return;
        }
        let (token, _) = self.ends_of(statement);
        if self.last_statement.0 <= token.line {
            self.last_statement = (token.line, token.column.unwrap_or(0));
        }
    }

    /// The first and last token of a value, as tokens.
    pub fn ends_of(&self, value: Value) -> (Token, Token) {
        let (first, last) = self.tokens_of(value);
        let token = |at: usize| self.tokens[at.min(self.tokens.len() - 1)].token;
        (token(first), token(last))
    }

    /// The first and last token of a value.
    pub fn tokens_of(&self, value: Value) -> (usize, usize) {
        match value {
            Value::Nothing => (self.mark, self.mark),
            Value::Token(at) => (at as usize, at as usize),
            Value::Node(_) => {
                self.nodes.node(value).map_or((self.mark, self.mark), |node| (node.first as usize, node.last as usize))
            }
        }
    }
}
