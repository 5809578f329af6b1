//! The tokenizer's state: lines, indentation, brackets; and the tokens that are no numbers or strings.

use super::strings::Template;
use super::{Done, Kind, SyntaxFailure, Token};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::typeobj::PyTypeObject;
use crate::types::str::unicode;

/// How many brackets may be open.
const MAX_LEVEL: usize = 200;
/// How many blocks may lie in each other.
const MAX_INDENT: usize = 100;
const TAB_SIZE: usize = 8;

/// What [`Tokenizer::next`] gives at the end. A NUL byte in the text is an error, so that no character is like it.
pub(super) const EOF: u8 = 0;

/// Where the lines come from.
pub trait LineSource {
    /// Appends the next line with its line end, if there is one.
    ///
    /// # Errors
    /// Whatever reading raises.
    fn next_line(&mut self, text: &mut Vec<u8>) -> PyResult<()>;
}

/// The lines of a text.
pub struct StrLines<'s> {
    rest: &'s str,
}

impl<'s> StrLines<'s> {
    /// Reads `text`.
    pub fn new(text: &'s str) -> StrLines<'s> {
        StrLines { rest: text }
    }
}

impl LineSource for StrLines<'_> {
    fn next_line(&mut self, text: &mut Vec<u8>) -> PyResult<()> {
        let end = self.rest.find('\n').map_or(self.rest.len(), |at| at + 1);
        let (line, rest) = self.rest.split_at(end);
        text.extend_from_slice(line.as_bytes());
        self.rest = rest;
        Ok(())
    }
}

/// How to read.
#[derive(Clone, Copy, Default)]
pub struct TokenizerOptions {
    /// Comments and line breaks are tokens too, and some errors are let pass.
    pub extra_tokens: bool,
    /// A last line without a line end gets one.
    pub add_newline: bool,
    /// At the end of the text, the last line is no longer there to be reported.
    pub forgets_lines: bool,
}

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub struct Paren {
    pub bracket: u8,
    pub line: usize,
    /// In bytes, from 0.
    pub column: usize,
}

/// A `SyntaxWarning` about the text.
#[derive(Debug)]
pub struct Warning {
    pub message: String,
    pub line: usize,
}

/// Why there is no next token.
pub enum Failure {
    /// A fault in the text that has been located.
    Syntax(Box<SyntaxFailure>),
    /// See [`Tokenizer::done`]; the message is for the caller to find.
    Stopped,
    /// What reading a line raised.
    Raised(PyErr),
}

/// Cuts text into tokens.
pub struct Tokenizer<'s> {
    lines: Box<dyn LineSource + 's>,
    pub(super) options: TokenizerOptions,
    /// All that has been read.
    pub(super) text: Vec<u8>,
    /// Where the next character is.
    pub(super) cur: usize,
    /// Where the current token begins.
    pub(super) start: Option<usize>,
    /// Where its text ends, if not before the next character.
    pub(super) token_end: Option<usize>,
    /// Where the lines begin that are being held for the current token.
    held: usize,
    pub(super) line_start: usize,
    /// Start of the line on which the current string began.
    pub(super) multi_line_start: usize,
    pub(super) line: usize,
    pub(super) first_line: usize,
    pub(super) done: Done,
    /// What happened while reading and is still to be reported.
    pending: Option<Failure>,
    at_line_begin: bool,
    /// Columns of the open blocks with tabs of eight columns, and of one.
    indents: Vec<(usize, usize)>,
    /// Indents (above zero) or dedents (below) that are still to be reported.
    pending_indents: isize,
    parens: Vec<Paren>,
    pub(super) templates: Vec<Template>,
    /// A comment stood alone on the line.
    comment_newline: bool,
    implicit_newline: bool,
    warnings: Vec<Warning>,
}

#[inline]
fn is_name_start(c: u8) -> bool {
    c.is_ascii_alphabetic() || c == b'_' || c >= 128
}

#[inline]
pub(super) fn is_name_char(c: u8) -> bool {
    is_name_start(c) || c.is_ascii_digit()
}

/// The letters before a string's quotation mark.
#[derive(Default)]
struct Prefix {
    bytes: bool,
    raw: bool,
    unicode: bool,
    fstring: bool,
    tstring: bool,
}

impl Prefix {
    /// Takes one more letter; false if it does not belong to a prefix.
    fn take(&mut self, c: u8) -> bool {
        let seen = match c.to_ascii_lowercase() {
            b'b' => &mut self.bytes,
            b'r' => &mut self.raw,
            b'u' => &mut self.unicode,
            b'f' => &mut self.fstring,
            b't' => &mut self.tstring,
            _ => return false,
        };
        !core::mem::replace(seen, true)
    }

    /// Two letters that must not come together.
    fn conflict(&self) -> Option<(char, char)> {
        [
            (self.unicode && self.bytes, ('u', 'b')),
            (self.unicode && self.raw, ('u', 'r')),
            (self.unicode && self.fstring, ('u', 'f')),
            (self.unicode && self.tstring, ('u', 't')),
            (self.bytes && self.fstring, ('b', 'f')),
            (self.bytes && self.tstring, ('b', 't')),
            (self.fstring && self.tstring, ('f', 't')),
        ]
        .into_iter()
        .find_map(|(both, letters)| both.then_some(letters))
    }
}

impl<'s> Tokenizer<'s> {
    /// Reads the lines of `lines`.
    pub fn new(lines: impl LineSource + 's, options: TokenizerOptions) -> Tokenizer<'s> {
        Tokenizer {
            lines: Box::new(lines),
            options,
            text: Vec::new(),
            cur: 0,
            start: None,
            token_end: None,
            held: 0,
            line_start: 0,
            multi_line_start: 0,
            line: 0,
            first_line: 0,
            done: Done::Ok,
            pending: None,
            at_line_begin: true,
            indents: vec![(0, 0)],
            pending_indents: 0,
            parens: Vec::new(),
            templates: Vec::new(),
            comment_newline: false,
            implicit_newline: false,
            warnings: Vec::new(),
        }
    }

    /// All text that has been read so far.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The text of a token.
    pub fn text_of(&self, token: &Token) -> &[u8] {
        token.span.map_or(&[], |(start, end)| &self.text[start..end])
    }

    /// Why it has stopped, or that it has not.
    pub fn done(&self) -> Done {
        self.done
    }

    /// The line that is being read, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Column of the next character, in bytes.
    pub fn column(&self) -> usize {
        self.cur.saturating_sub(self.line_start)
    }

    /// Where the next character is.
    pub fn position(&self) -> usize {
        self.cur
    }

    /// Where the current line begins in the text.
    pub fn line_start(&self) -> usize {
        self.line_start
    }

    /// The lines held for the current token: what is reported with an error that has no better position.
    pub fn held_text(&self) -> &[u8] {
        &self.text[self.held..]
    }

    /// The physical lines on which `token`, the latest one, stands. Without the line end that was not there.
    pub fn lines_of(&self, token: &Token) -> &[u8] {
        let start = if token.kind.is_string() { self.multi_line_start } else { self.line_start };
        let text = &self.text[start.min(self.text.len())..];
        if self.implicit_newline && !text.is_empty() { &text[..text.len() - 1] } else { text }
    }

    /// Did the last line lack a line end?
    pub fn implicit_newline(&self) -> bool {
        self.implicit_newline
    }

    /// The innermost open bracket.
    pub fn open_paren(&self) -> Option<Paren> {
        self.parens.last().copied()
    }

    /// Is it inside of an f-string or t-string?
    pub fn in_template(&self) -> bool {
        !self.templates.is_empty()
    }

    /// Is any block open?
    pub fn is_indented(&self) -> bool {
        self.indents.len() > 1
    }

    /// Closes all blocks, with the dedents to come.
    pub fn close_blocks(&mut self) {
        self.pending_indents = -(self.indents.len() as isize - 1);
        self.indents.truncate(1);
    }

    /// The warnings since the last call.
    pub fn take_warnings(&mut self) -> Vec<Warning> {
        core::mem::take(&mut self.warnings)
    }

    // Characters.

    /// Reads a character.
    #[inline]
    pub(super) fn next(&mut self) -> u8 {
        loop {
            if let Some(&c) = self.text.get(self.cur) {
                self.cur += 1;
                return c;
            }
            if self.done != Done::Ok || !self.read_line() {
                return EOF;
            }
        }
    }

    /// Puts the character back that has just been read.
    #[inline]
    pub(super) fn back(&mut self, c: u8) {
        if c != EOF {
            self.cur -= 1;
        }
    }

    fn read_line(&mut self) -> bool {
        let before = self.text.len();
        if self.options.forgets_lines && self.start.is_none() && self.templates.is_empty() {
            self.held = self.cur;
        }
        if let Err(error) = self.lines.next_line(&mut self.text) {
            self.done = Done::Error;
            self.pending = Some(Failure::Raised(error));
            return false;
        }
        if self.text.len() == before {
            self.done = Done::Eof;
            return false;
        }
        self.line_start = self.cur;
        if self.start.is_none() && self.templates.is_empty() {
            self.held = self.cur;
        }
        self.implicit_newline = false;
        if self.options.add_newline && self.text.last() != Some(&b'\n') {
            self.text.push(b'\n');
            self.implicit_newline = true;
        }
        self.line += 1;
        if self.text[before..].contains(&0) {
            let failure = self.error("source code cannot contain null bytes");
            self.pending = Some(failure);
            self.cur = self.text.len();
            return false;
        }
        true
    }

    // Errors.

    fn lossy(&self, from: usize, to: usize) -> String {
        String::from_utf8_lossy(&self.text[from..to]).into_owned()
    }

    fn failure(&mut self, column: Option<usize>, end_column: Option<usize>, message: String) -> Failure {
        self.done = Done::Error;
        let from = self.line_start.min(self.cur);
        let here = self.lossy(from, self.cur);
        let length = self.text[from..].iter().position(|&c| c == b'\n').unwrap_or(self.text.len() - from);
        let column = column.unwrap_or_else(|| here.chars().count());
        Failure::Syntax(Box::new(SyntaxFailure {
            class: exc::SyntaxError(),
            message,
            line: self.line,
            column,
            end_column: end_column.unwrap_or(column),
            text: self.lossy(from, from + length),
        }))
    }

    /// A syntax error at the current character.
    pub(super) fn error(&mut self, message: impl Into<String>) -> Failure {
        self.failure(None, None, message.into())
    }

    /// A syntax error with columns of its own.
    pub(super) fn error_range(&mut self, column: usize, end_column: usize, message: impl Into<String>) -> Failure {
        self.failure(Some(column), Some(end_column), message.into())
    }

    /// The end of the text came where it must not.
    pub(super) fn stopped(&mut self) -> Failure {
        self.pending.take().unwrap_or(Failure::Stopped)
    }

    fn stop(&mut self, why: Done) -> Failure {
        self.done = why;
        self.cur = self.text.len();
        Failure::Stopped
    }

    pub(super) fn warn(&mut self, message: String) {
        self.warnings.push(Warning { message, line: self.line });
    }

    pub(super) fn warn_escape(&mut self, c: u8) {
        if !self.options.extra_tokens {
            self.warn(format!(
                "\"\\{0}\" is an invalid escape sequence. Such sequences will not work in the future. Did you mean \
                 \"\\\\{0}\"? A raw string is also an option.",
                c as char
            ));
        }
    }

    /// The exception class of a stop that has no message of its own, and that message.
    pub fn stop_message(&self) -> (&'static PyTypeObject, &'static str) {
        match self.done {
            Done::Dedent => (exc::IndentationError(), "unindent does not match any outer indentation level"),
            Done::TabSpace => (exc::TabError(), "inconsistent use of tabs and spaces in indentation"),
            Done::TooDeep => (exc::IndentationError(), "too many levels of indentation"),
            Done::LineContinuation => (exc::SyntaxError(), "unexpected character after line continuation character"),
            Done::Eof => (exc::SyntaxError(), "unexpected EOF while parsing"),
            Done::Ok | Done::Error | Done::EofInString | Done::EolInString => {
                (exc::SyntaxError(), "unknown tokenization error")
            }
        }
    }

    // Tokens.

    /// The next token. After `EndMarker` or an error there is none.
    ///
    /// # Errors
    /// Text that cannot be cut into tokens, and what reading raises.
    pub fn next_token(&mut self) -> Result<Token, Failure> {
        self.token_end = None;
        let in_text = self.templates.last().is_some_and(|template| !template.in_field);
        if in_text && let Some(kind) = self.template_text()? {
            return Ok(self.token(kind, true));
        }
        loop {
            if let Some(token) = self.ordinary()? {
                return Ok(token);
            }
        }
    }

    fn token(&self, kind: Kind, with_text: bool) -> Token {
        let span = match self.start {
            Some(start) if with_text => Some((start, self.token_end.unwrap_or(self.cur))),
            _ => None,
        };
        let (line, line_start) =
            if kind.is_string() { (self.first_line, self.multi_line_start) } else { (self.line, self.line_start) };
        Token {
            kind,
            span,
            line,
            column: span.and_then(|(start, _)| start.checked_sub(line_start)),
            end_line: self.line,
            end_column: span.and_then(|_| self.cur.checked_sub(self.line_start)),
            level: self.parens.len(),
        }
    }

    /// One step towards the next token outside of the texts of f-strings. `None`: go on.
    fn ordinary(&mut self) -> Result<Option<Token>, Failure> {
        self.start = None;
        let mut blank_line = false;
        if self.at_line_begin {
            self.at_line_begin = false;
            blank_line = self.indentation()?;
        }
        self.start = Some(self.cur);
        if self.pending_indents != 0 {
            return Ok(Some(self.indent_token()));
        }
        // A line that is read here still belongs to the token's held lines.
        let c = self.next();
        self.back(c);
        let c = loop {
            self.start = None;
            let c = self.next_visible();
            self.start = Some(if c == EOF { self.cur } else { self.cur - 1 });
            match c {
                b'#' => {
                    if self.comment() {
                        self.comment_newline = blank_line;
                        return Ok(Some(self.token(Kind::Comment, true)));
                    }
                    break self.next();
                }
                b'\\' => self.continuation()?,
                _ => break c,
            }
        };
        match c {
            EOF => self.end_of_text().map(Some),
            b'\r' | b'\n' => {
                if c == b'\r' {
                    let after = self.next();
                    if after != b'\n' {
                        return Ok(Some(self.operator_or_error(after)?));
                    }
                }
                Ok(self.line_end(blank_line))
            }
            _ => {
                let kind = if is_name_start(c) {
                    self.name(c)?
                } else if c.is_ascii_digit() {
                    self.number(c)?
                } else {
                    match c {
                        b'.' => self.dot()?,
                        b'\'' | b'"' => self.string(c)?,
                        _ => self.operator(c)?,
                    }
                };
                Ok(Some(self.token(kind, true)))
            }
        }
    }

    /// A carriage return without a line feed is like the character after it.
    fn operator_or_error(&mut self, c: u8) -> Result<Token, Failure> {
        if c == EOF {
            return self.end_of_text();
        }
        let kind = self.operator(c)?;
        Ok(self.token(kind, true))
    }

    fn next_visible(&mut self) -> u8 {
        loop {
            let c = self.next();
            if !matches!(c, b' ' | b'\t' | 0x0c) {
                return c;
            }
        }
    }

    fn end_of_text(&mut self) -> Result<Token, Failure> {
        if let Some(failure) = self.pending.take() {
            return Err(failure);
        }
        if !self.parens.is_empty() || self.done != Done::Eof {
            return Err(Failure::Stopped);
        }
        Ok(self.token(Kind::EndMarker, false))
    }

    /// Skips a comment, whose `#` has been read. True if it is a token.
    fn comment(&mut self) -> bool {
        loop {
            let c = self.next();
            if matches!(c, EOF | b'\n' | b'\r') {
                self.back(c);
                return self.options.extra_tokens;
            }
        }
    }

    /// A line's end, after it has been read. `None` if it is no token.
    fn line_end(&mut self, blank_line: bool) -> Option<Token> {
        self.at_line_begin = true;
        let extra = self.options.extra_tokens;
        if blank_line || !self.parens.is_empty() {
            self.comment_newline = false;
            return extra.then(|| self.token(Kind::Nl, true));
        }
        if self.comment_newline && extra {
            self.comment_newline = false;
            return Some(self.token(Kind::Nl, true));
        }
        let mut token = self.token(Kind::Newline, true);
        if let Some((start, end)) = token.span {
            // The line feed is not part of the text.
            token.span = Some((start, end - 1));
        }
        Some(token)
    }

    /// What may follow a backslash outside of strings: the line's end, and another line.
    fn continuation(&mut self) -> Result<(), Failure> {
        let mut c = self.next();
        if c == b'\r' {
            c = self.next();
        }
        if c != b'\n' {
            self.done = Done::LineContinuation;
            return Err(self.stopped());
        }
        c = self.next();
        if c == EOF {
            if let Some(failure) = self.pending.take() {
                return Err(failure);
            }
            return Err(self.stop(Done::Eof));
        }
        self.back(c);
        Ok(())
    }

    // Indentation.

    /// Measures the white space at a line's begin. True if the line has nothing else but a comment.
    fn indentation(&mut self) -> Result<bool, Failure> {
        let (mut column, mut alt_column) = (0, 0);
        // A continued line counts with the white space before its first backslash.
        let mut continued = 0;
        let c = loop {
            match self.next() {
                b' ' => {
                    column += 1;
                    alt_column += 1;
                }
                b'\t' => {
                    column = (column / TAB_SIZE + 1) * TAB_SIZE;
                    alt_column += 1;
                }
                0x0c => (column, alt_column) = (0, 0),
                b'\\' => {
                    if continued == 0 {
                        continued = column;
                    }
                    self.continuation()?;
                }
                c => break c,
            }
        };
        self.back(c);
        if matches!(c, b'#' | b'\n' | b'\r') {
            return Ok(true);
        }
        if !self.parens.is_empty() {
            return Ok(false);
        }
        if continued != 0 {
            (column, alt_column) = (continued, continued);
        }
        self.indent_to(column, alt_column)?;
        Ok(false)
    }

    fn current_indent(&self) -> (usize, usize) {
        self.indents.last().copied().unwrap_or((0, 0))
    }

    fn indent_to(&mut self, column: usize, alt_column: usize) -> Result<(), Failure> {
        let (current, alt_current) = self.current_indent();
        if column == current {
            if alt_column != alt_current {
                return Err(self.stop(Done::TabSpace));
            }
        } else if column > current {
            if self.indents.len() >= MAX_INDENT {
                return Err(self.stop(Done::TooDeep));
            }
            if alt_column <= alt_current {
                return Err(self.stop(Done::TabSpace));
            }
            self.pending_indents += 1;
            self.indents.push((column, alt_column));
        } else {
            while self.indents.len() > 1 && column < self.current_indent().0 {
                self.pending_indents -= 1;
                self.indents.pop();
            }
            let (current, alt_current) = self.current_indent();
            if column != current {
                return Err(self.stop(Done::Dedent));
            }
            if alt_column != alt_current {
                return Err(self.stop(Done::TabSpace));
            }
        }
        Ok(())
    }

    fn indent_token(&mut self) -> Token {
        let extra = self.options.extra_tokens;
        if self.pending_indents < 0 {
            self.pending_indents += 1;
            return self.token(Kind::Dedent, extra);
        }
        self.pending_indents -= 1;
        let start = self.start;
        self.start = Some(self.held);
        let token = self.token(Kind::Indent, extra);
        self.start = start;
        token
    }

    // Names and operators.

    /// A name, or a string with a prefix; its first character has been read.
    fn name(&mut self, first: u8) -> Result<Kind, Failure> {
        let mut prefix = Prefix::default();
        let mut c = first;
        while prefix.take(c) {
            c = self.next();
            if matches!(c, b'\'' | b'"') {
                if let Some((one, other)) = prefix.conflict() {
                    let start = self.start.unwrap_or(self.cur);
                    let (column, end) = (start + 1 - self.line_start, self.cur - self.line_start);
                    return Err(self.error_range(
                        column,
                        end,
                        format!("'{one}' and '{other}' prefixes are incompatible"),
                    ));
                }
                return if prefix.fstring || prefix.tstring {
                    self.template_start(c, prefix.raw, prefix.tstring)
                } else {
                    self.string(c)
                };
            }
        }
        let mut ascii = true;
        while is_name_char(c) {
            ascii &= c < 128;
            c = self.next();
        }
        self.back(c);
        if !ascii && !self.options.extra_tokens {
            self.verify_name()?;
        }
        Ok(Kind::Name)
    }

    /// Names outside of ASCII may have letters and digits only.
    fn verify_name(&mut self) -> Result<(), Failure> {
        let start = self.start.unwrap_or(self.cur);
        let name = self.lossy(start, self.cur);
        let wrong = name.char_indices().find(|&(at, c)| {
            let c = u32::from(c);
            !(if at == 0 { unicode::is_id_start(c) } else { unicode::is_id_continue(c) })
        });
        let Some((at, c)) = wrong else { return Ok(()) };
        self.cur = start + at + c.len_utf8();
        let code = u32::from(c);
        Err(self.error(if unicode::is_printable(code) {
            format!("invalid character '{c}' (U+{code:04X})")
        } else {
            format!("invalid non-printable character U+{code:04X}")
        }))
    }

    /// A point, an ellipsis, or a number that begins with a point.
    fn dot(&mut self) -> Result<Kind, Failure> {
        let second = self.next();
        if second.is_ascii_digit() {
            self.back(second);
            return self.fraction();
        }
        if second == b'.' {
            let third = self.next();
            if third == b'.' {
                return Ok(Kind::Ellipsis);
            }
            self.back(third);
        }
        self.back(second);
        Ok(Kind::Dot)
    }

    /// An operator or bracket whose first character has been read.
    fn operator(&mut self, c: u8) -> Result<Kind, Failure> {
        if matches!(c, b':' | b'}' | b'!' | b'{')
            && let Some(template) = self.templates.last_mut()
            && c == b':'
            && template.field_depth >= 0
            && template.depth - 1 == template.field_depth
        {
            template.in_field = false;
            template.in_format_spec = true;
            return Ok(Kind::Colon);
        }
        let second = self.next();
        if let Some(two) = Kind::of_operator(&[c, second]) {
            let third = self.next();
            if let Some(three) = Kind::of_operator(&[c, second, third]) {
                return Ok(three);
            }
            self.back(third);
            return Ok(two);
        }
        if c == b'<' && second == b'>' {
            return Ok(Kind::NotEqual);
        }
        self.back(second);
        match c {
            b'(' | b'[' | b'{' => self.open(c)?,
            b')' | b']' | b'}' => self.close(c)?,
            _ => {}
        }
        if !unicode::is_printable(u32::from(c)) {
            return Err(self.error(format!("invalid non-printable character U+{c:04X}")));
        }
        Ok(Kind::of_operator(&[c]).unwrap_or(Kind::Op))
    }

    fn open(&mut self, bracket: u8) -> Result<(), Failure> {
        if self.parens.len() >= MAX_LEVEL {
            return Err(self.error("too many nested parentheses"));
        }
        let column = self.start.unwrap_or(self.cur).saturating_sub(self.line_start);
        self.parens.push(Paren { bracket, line: self.line, column });
        if let Some(template) = self.templates.last_mut() {
            template.depth += 1;
        }
        Ok(())
    }

    fn close(&mut self, c: u8) -> Result<(), Failure> {
        let closing = c as char;
        if c == b'}'
            && let Some(template) = self.templates.last()
            && template.depth == 0
        {
            let message = format!("{}-string: single '}}' is not allowed", template.prefix());
            return Err(self.error(message));
        }
        let extra = self.options.extra_tokens;
        match self.parens.pop() {
            None if !extra => return Err(self.error(format!("unmatched '{closing}'"))),
            Some(paren) if !extra && !matches!((paren.bracket, c), (b'(', b')') | (b'[', b']') | (b'{', b'}')) => {
                return Err(self.mismatch(paren, closing));
            }
            _ => {}
        }
        let Some(template) = self.templates.last_mut() else { return Ok(()) };
        template.depth -= 1;
        if template.depth < 0 {
            let message = format!("{}-string: unmatched '{closing}'", template.prefix());
            return Err(self.error(message));
        }
        if c == b'}' && template.depth == template.field_depth {
            template.field_depth -= 1;
            template.in_field = false;
            template.in_format_spec = false;
        }
        Ok(())
    }

    fn mismatch(&mut self, paren: Paren, closing: char) -> Failure {
        if paren.bracket == b'{'
            && let Some(template) = self.templates.last()
            && template.depth - 1 == template.field_depth
        {
            // The bracket that is open is the replacement field's own.
            let message = format!("{}-string: unmatched '{closing}'", template.prefix());
            return self.error(message);
        }
        let opening = paren.bracket as char;
        let mut message = format!("closing parenthesis '{closing}' does not match opening parenthesis '{opening}'");
        if paren.line != self.line {
            message.push_str(&format!(" on line {}", paren.line));
        }
        self.error(message)
    }
}
