//! Explains syntax errors the way CPython does.
//!
//! The compiler's parser says that source is wrong, but in words and at places of its own. Then the grammar is matched once
//! more, by an engine that works like CPython's: a first pass finds how far the source makes sense, a second one looks for
//! well-known mistakes on the way there. Speed does not matter much here; looking at exactly the tokens that CPython's
//! parser would look at does.
//!
//! | File | What |
//! |---|---|
//! | `grammar.txt` | the rules, and the messages |
//! | `grammar` | the notation of that |
//! | `parser` | the engine |
//! | `node` | what has matched |
//! | `special` | rules that need code |
//! | `escapes` | wrong escape sequences |
//! | `report` | messages and positions |

mod escapes;
mod grammar;
mod node;
mod parser;
mod report;
mod special;

pub use report::{Class, Report};

use super::Mode;
use crate::compile::tokens::{Done, Failure, Kind};
use parser::{Parser, Stop};

impl Mode {
    /// Is it a whole file, whose last line may lack its end?
    fn is_file(self) -> bool {
        self == Mode::Exec
    }

    fn is_interactive(self) -> bool {
        self == Mode::Single
    }

    fn start_rule(self) -> &'static str {
        match self {
            Mode::Exec => "file",
            Mode::Eval => "eval",
            Mode::Single => "interactive",
        }
    }
}

/// How the source was to be compiled.
pub struct Options {
    pub mode: Mode,
    /// The source stands in a file.
    pub from_file: bool,
    pub allow_incomplete: bool,
    pub dont_imply_dedent: bool,
    /// `barry_as_FLUFL` is in force.
    pub barry: bool,
    /// The longest decimal literal, or 0.
    pub max_str_digits: usize,
}

/// Finds the first mistake in `source`. `None`: there is none that the grammar knows of.
pub fn explain(source: &str, options: &Options) -> Option<Report> {
    let mut parser = Parser::new(source, options);
    let first = parser.pass(false);
    if matches!(first, Ok(true)) {
        return multiple_statements(&mut parser);
    }
    if options.allow_incomplete && at_end(&parser) {
        parser.report = None;
        parser.raise_here(Class::Incomplete, "incomplete input".to_owned());
        return parser.report;
    }
    if let Some(report) = &parser.report
        && report.class == Class::Memory
    {
        return parser.report;
    }
    let furthest = parser.tokens.len().saturating_sub(1);
    if first.is_ok() {
        parser.last_statement = (0, 0);
        if matches!(parser.pass(true), Ok(true)) {
            return None;
        }
    }
    if parser.report.is_some() {
        if parser.tokenizer.done() == Done::Ok {
            errors_behind(&mut parser);
        }
    } else {
        generic(&mut parser, furthest);
    }
    let last_statement = parser.last_statement;
    if let Some(report) = &mut parser.report {
        report.last_statement = Some(last_statement);
    }
    parser.report
}

/// The text ended where more was expected.
fn at_end(parser: &Parser<'_>) -> bool {
    matches!(parser.tokenizer.done(), Done::Eof | Done::EofInString | Done::EolInString)
}

/// An error that no rule knows: it is at the furthest token of the first pass.
fn generic(parser: &mut Parser<'_>, furthest: usize) {
    let Some(token) = parser.tokens.get(furthest).map(|token| token.token) else { return };
    match token.kind {
        Kind::Indent => parser.raise_here(Class::Indentation, "unexpected indent".to_owned()),
        Kind::Dedent => parser.raise_here(Class::Indentation, "unexpected unindent".to_owned()),
        _ => {
            let at = node::Value::Token(furthest as u32);
            let Stop = parser.raise_range(Class::Syntax, at, at, "invalid syntax".to_owned());
            errors_behind(parser);
        }
    }
}

/// Reads on to the end of the source: what the tokenizer finds there may explain more than what has been found.
fn errors_behind(parser: &mut Parser<'_>) {
    let error_line = parser.last_token().map_or(0, |token| token.line);
    let failure = loop {
        match parser.tokenizer.next_token() {
            Ok(token) if token.kind == Kind::EndMarker => return,
            Ok(_) => {}
            Err(failure) => break failure,
        }
    };
    // Inside of an f-string, what was found in the expression counts.
    if parser.tokenizer.in_template() {
        return;
    }
    match failure {
        Failure::Syntax(failure) => parser.report = Some(Report::from_tokenizer(*failure)),
        Failure::Stopped | Failure::Raised(_) => {
            if parser.tokenizer.open_paren().is_some_and(|paren| error_line > paren.line) {
                parser.report = None;
                parser.never_closed();
            }
        }
    }
}

/// An interactive statement must be alone.
fn multiple_statements(parser: &mut Parser<'_>) -> Option<Report> {
    if !parser.options.mode.is_interactive() {
        return None;
    }
    let rest = parser.rest();
    let more = rest
        .lines()
        .any(|line| !matches!(line.trim_start_matches([' ', '\t', '\x0c']).chars().next(), None | Some('#')));
    if more {
        parser.raise_here(Class::Syntax, "multiple statements found while compiling a single statement".to_owned());
    }
    parser.report.take()
}
