//! The notation of `grammar.txt`, and the table it becomes.
//!
//! A rule is `name flags = alternative | alternative ...`; it ends where the next one begins. The first alternative that
//! matches counts, as always in parsing expression grammars. In an alternative:
//!
//! | Written | Matches |
//! |---|---|
//! | `'x'`, `"x"` | an operator or keyword; a soft keyword |
//! | `NAME`, `rule` | a token of that kind; what the rule matches |
//! | `(x \| y)`, `[x]`, `x?`, `x*`, `x+` | grouping, and repetition |
//! | `','.x+` | one or more, with a separator |
//! | `&x`, `!x` | nothing, if `x` comes next, or does not |
//! | `&&'x'` | `x`, without which there is an error at once |
//! | `~` | nothing; no other alternative will be tried |
//! | `a:x` | `x`, named `a` for what follows `=>` |
//!
//! After `=>` stands what the match becomes: a kind of node (`=> Tuple`), one of the named parts (`=> $a`), an error at a
//! place with a message (`=> range a b "..."`), or what a function makes of it (`=> special strings a`). Without it, one
//! part stands for itself, and several become a node of no particular kind.
//!
//! Flags: `memo` results are remembered; `left` the rule is left-recursive; `quiet` no rules for mistakes below it.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::node::NodeKind;
use crate::compile::tokens::Kind;

/// Index of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RuleId(pub u16);

/// One rule.
#[derive(Debug)]
pub struct Rule {
    pub name: &'static str,
    pub alternatives: Vec<Alternative>,
    pub memo: bool,
    pub left: bool,
    pub quiet: bool,
}

/// One way for a rule or group to match.
#[derive(Debug)]
pub struct Alternative {
    /// It is a rule for mistakes and nothing else.
    pub invalid: bool,
    pub items: Vec<(Option<u8>, Item)>,
    pub action: Action,
}

/// A part of an alternative.
#[derive(Debug)]
pub enum Item {
    Token(Kind),
    Keyword(&'static str),
    SoftKeyword(&'static str),
    AnySoftKeyword,
    Rule(RuleId),
    Group(Vec<Alternative>),
    Optional(Box<Item>),
    Star(Box<Item>),
    Plus(Box<Item>),
    Separated(Box<Item>, Box<Item>),
    Ahead(Box<Item>),
    NotAhead(Box<Item>),
    Forced(Box<Item>, &'static str),
    Cut,
}

/// Where an error is reported.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// The furthest token that was looked at.
    Here,
    /// The next token.
    Next,
    /// The part `a`.
    At,
    /// From `a` to `b`.
    Range,
    /// From `a` to where the tokenizer is.
    From,
}

/// What kind of target is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetKind {
    Star,
    Del,
    For,
}

/// What a match becomes.
#[derive(Debug)]
pub enum Action {
    Default,
    Node(NodeKind),
    Part(u8),
    /// A compound statement, whose position is kept.
    Register(u8),
    Error {
        indentation: bool,
        place: Place,
        message: &'static str,
    },
    Target(TargetKind, u8),
    Special(&'static str, Vec<u8>),
}

/// The grammar.
pub struct Grammar {
    pub rules: Vec<Rule>,
    names: HashMap<&'static str, RuleId>,
}

/// Keywords of the language.
pub const KEYWORDS: &[&str] = &[
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Names that are keywords in some places only.
pub const SOFT_KEYWORDS: &[&str] = &["_", "case", "match", "type"];

const FLAGS: &[&str] = &["memo", "left", "quiet"];

const SOURCE: &str = include_str!("grammar.txt");

impl Grammar {
    /// The grammar, read at the first use.
    pub fn get() -> &'static Grammar {
        static GRAMMAR: OnceLock<Grammar> = OnceLock::new();
        GRAMMAR.get_or_init(|| Reader::new(SOURCE).grammar())
    }

    /// The rule with this name.
    pub fn rule(&self, name: &str) -> RuleId {
        self.names.get(name).copied().unwrap_or(RuleId(0))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Word {
    /// A name or number of letters.
    Name(&'static str),
    /// `'x'`.
    Quoted(&'static str),
    /// `"x"`.
    Double(&'static str),
    /// Punctuation of the notation.
    Mark(&'static str),
    End,
}

const MARKS: &[&str] = &["=>", "&&", "(", ")", "[", "]", "|", "?", "*", "+", ".", "&", "!", "~", ":", "$", "="];

fn words(source: &'static str) -> Vec<Word> {
    let mut words = Vec::new();
    for line in source.lines() {
        let mut rest = line.trim_start();
        while !rest.is_empty() && !rest.starts_with('#') {
            let length = match rest.as_bytes()[0] {
                quote @ (b'\'' | b'"') => {
                    let bytes = rest.as_bytes();
                    let mut end = 1;
                    while end < bytes.len() && bytes[end] != quote {
                        end += if bytes[end] == b'\\' { 2 } else { 1 };
                    }
                    let text = &rest[1..end];
                    words.push(if quote == b'"' { Word::Double(text) } else { Word::Quoted(text) });
                    end + 1
                }
                c if c.is_ascii_alphanumeric() || c == b'_' => {
                    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                    words.push(Word::Name(&rest[..end]));
                    end
                }
                _ => {
                    let mark = MARKS.iter().find(|mark| rest.starts_with(**mark)).copied().unwrap_or("");
                    assert!(!mark.is_empty(), "the grammar has no such mark: {rest}");
                    words.push(Word::Mark(mark));
                    mark.len()
                }
            };
            rest = rest[length..].trim_start();
        }
    }
    words.push(Word::End);
    words
}

/// Reads the notation. It panics on mistakes in the grammar file, which a test reads.
struct Reader {
    words: Vec<Word>,
    at: usize,
    names: HashMap<&'static str, RuleId>,
}

impl Reader {
    fn new(source: &'static str) -> Reader {
        let words = words(source);
        let mut reader = Reader { words, at: 0, names: HashMap::new() };
        // Rules may be used before they are defined: find all of them first.
        for at in 0..reader.words.len() {
            if let Some(name) = reader.rule_start(at) {
                let id = RuleId(reader.names.len() as u16);
                reader.names.insert(name, id);
            }
        }
        reader
    }

    /// The rule's name if one begins at this word: a name, flags, and an equals sign.
    fn rule_start(&self, at: usize) -> Option<&'static str> {
        let Word::Name(name) = self.words[at] else { return None };
        if at > 0 && matches!(self.words[at - 1], Word::Mark("=" | "|" | "(" | "[" | "&" | "!" | ":" | ".")) {
            return None;
        }
        let mut next = at + 1;
        if FLAGS.contains(&name) {
            return None;
        }
        while matches!(self.words.get(next), Some(Word::Name(flag)) if FLAGS.contains(flag)) {
            next += 1;
        }
        (self.words.get(next) == Some(&Word::Mark("="))).then_some(name)
    }

    fn grammar(mut self) -> Grammar {
        let mut rules = Vec::new();
        while self.peek() != Word::End {
            rules.push(self.rule());
        }
        assert_eq!(rules.len(), self.names.len(), "the grammar has a rule twice");
        Grammar { rules, names: self.names }
    }

    fn peek(&self) -> Word {
        self.words.get(self.at).copied().unwrap_or(Word::End)
    }

    fn take(&mut self) -> Word {
        let word = self.peek();
        self.at += 1;
        word
    }

    fn eat(&mut self, mark: &'static str) -> bool {
        let found = self.peek() == Word::Mark(mark);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: &'static str) {
        assert!(self.eat(mark), "the grammar lacks {mark} before {:?}", self.peek());
    }

    fn name(&mut self) -> &'static str {
        match self.take() {
            Word::Name(name) => name,
            other => panic!("the grammar lacks a name: {other:?}"),
        }
    }

    fn label(&mut self) -> u8 {
        self.name().as_bytes()[0]
    }

    fn text(&mut self) -> &'static str {
        match self.take() {
            Word::Double(text) => text,
            other => panic!("the grammar lacks a message: {other:?}"),
        }
    }

    /// A message behind the names of the parts that it is about.
    fn text_about(&mut self, parts: &str) -> &'static str {
        for part in parts.bytes() {
            assert_eq!(self.label(), part, "the grammar names parts in another order");
        }
        self.text()
    }

    fn rule(&mut self) -> Rule {
        let name = self.name();
        let mut rule = Rule { name, alternatives: Vec::new(), memo: false, left: false, quiet: false };
        while let Word::Name(flag) = self.peek() {
            self.at += 1;
            match flag {
                "memo" => rule.memo = true,
                "left" => rule.left = true,
                "quiet" => rule.quiet = true,
                other => panic!("the grammar has no flag {other}"),
            }
        }
        self.expect("=");
        rule.alternatives = self.alternatives();
        rule
    }

    fn alternatives(&mut self) -> Vec<Alternative> {
        let mut alternatives = vec![self.alternative()];
        while self.eat("|") {
            alternatives.push(self.alternative());
        }
        alternatives
    }

    fn alternative(&mut self) -> Alternative {
        let mut items = Vec::new();
        let starts_invalid = matches!(self.peek(), Word::Name(name) if name.starts_with("invalid_"));
        loop {
            match self.peek() {
                Word::End | Word::Mark("|" | ")" | "]") => break,
                Word::Mark("=>") => {
                    self.at += 1;
                    return Alternative { invalid: false, items, action: self.action() };
                }
                _ if self.rule_start(self.at).is_some() => break,
                _ => {
                    let label = match (self.peek(), self.words.get(self.at + 1)) {
                        (Word::Name(label), Some(Word::Mark(":"))) => {
                            self.at += 2;
                            Some(label.as_bytes()[0])
                        }
                        _ => None,
                    };
                    let item = self.item();
                    items.push((label, item));
                }
            }
        }
        Alternative { invalid: starts_invalid && items.len() == 1, items, action: Action::Default }
    }

    fn item(&mut self) -> Item {
        if self.eat("&&") {
            let Word::Quoted(text) = self.peek() else { panic!("the grammar forces a literal only") };
            return Item::Forced(Box::new(self.atom()), text);
        }
        if self.eat("&") {
            return Item::Ahead(Box::new(self.atom()));
        }
        if self.eat("!") {
            return Item::NotAhead(Box::new(self.atom()));
        }
        if self.eat("~") {
            return Item::Cut;
        }
        let atom = self.atom();
        if self.eat(".") {
            let item = self.atom();
            self.expect("+");
            return Item::Separated(Box::new(atom), Box::new(item));
        }
        if self.eat("?") {
            return Item::Optional(Box::new(atom));
        }
        if self.eat("*") {
            return Item::Star(Box::new(atom));
        }
        if self.eat("+") {
            return Item::Plus(Box::new(atom));
        }
        atom
    }

    fn atom(&mut self) -> Item {
        match self.take() {
            Word::Quoted(text) if KEYWORDS.contains(&text) => Item::Keyword(text),
            Word::Quoted(text) => match Kind::of_operator(text.as_bytes()) {
                Some(kind) => Item::Token(kind),
                None => panic!("the grammar has an operator {text}"),
            },
            Word::Double(text) => Item::SoftKeyword(text),
            Word::Name("SOFT_KEYWORD") => Item::AnySoftKeyword,
            Word::Name(name) => match (self.names.get(name), Kind::by_name(name)) {
                (Some(&rule), _) => Item::Rule(rule),
                (None, Some(kind)) => Item::Token(kind),
                (None, None) => panic!("the grammar has no rule {name}"),
            },
            Word::Mark("(") => {
                let group = self.alternatives();
                self.expect(")");
                single(group)
            }
            Word::Mark("[") => {
                let group = self.alternatives();
                self.expect("]");
                Item::Optional(Box::new(single(group)))
            }
            other => panic!("the grammar has {other:?} where an item should be"),
        }
    }

    fn action(&mut self) -> Action {
        if self.eat("$") {
            return Action::Part(self.label());
        }
        let error = |place, message| Action::Error { indentation: false, place, message };
        match self.name() {
            "register" => Action::Register(self.label()),
            "here" => error(Place::Here, self.text()),
            "next" => error(Place::Next, self.text()),
            "at" => error(Place::At, self.text_about("a")),
            "range" => error(Place::Range, self.text_about("ab")),
            "from" => error(Place::From, self.text_about("a")),
            "indent" => Action::Error { indentation: true, place: Place::Here, message: self.text() },
            "target" => {
                let kind = match self.name() {
                    "star" => TargetKind::Star,
                    "del" => TargetKind::Del,
                    _ => TargetKind::For,
                };
                Action::Target(kind, self.label())
            }
            "special" => {
                let function = self.name();
                let mut labels = Vec::new();
                while let Word::Name(label) = self.peek() {
                    if label.len() != 1 || self.rule_start(self.at).is_some() {
                        break;
                    }
                    labels.push(label.as_bytes()[0]);
                    self.at += 1;
                }
                Action::Special(function, labels)
            }
            kind => match NodeKind::by_name(kind) {
                Some(kind) => Action::Node(kind),
                None => panic!("the grammar has no node kind {kind}"),
            },
        }
    }
}

/// A group of one alternative with one item and nothing special is that item.
fn single(mut group: Vec<Alternative>) -> Item {
    if let [Alternative { invalid: false, items, action: Action::Default }] = &mut group[..]
        && let [(None, _)] = &items[..]
        && let Some((_, item)) = items.pop()
    {
        return item;
    }
    Item::Group(group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_can_be_read() {
        let grammar = Grammar::get();
        assert!(grammar.rules.len() > 200);
        assert_eq!(grammar.rules[grammar.rule("file").0 as usize].name, "file");
    }
}
