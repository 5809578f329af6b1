//! String literals, and the texts between the replacement fields of f-strings and t-strings.

use super::tokenizer::{EOF, Failure, Tokenizer};
use super::{Done, Kind};

/// How deep f-strings may be nested.
const MAX_STRING_LEVEL: usize = 150;
/// How deep replacement fields may be nested in format specifications.
const MAX_FIELD_DEPTH: i32 = 3;

/// The f-string or t-string that is being read.
#[derive(Debug)]
pub(super) struct Template {
    quote: u8,
    quote_size: usize,
    raw: bool,
    tstring: bool,
    /// Inside a replacement field, where ordinary tokens come.
    pub in_field: bool,
    pub in_format_spec: bool,
    /// Open brackets since its start.
    pub depth: i32,
    /// The depth at which the innermost replacement field began; -1 outside of all.
    pub field_depth: i32,
    start: usize,
    line_start: usize,
    line: usize,
}

impl Template {
    /// `f` or `t`, for messages.
    pub fn prefix(&self) -> char {
        if self.tstring { 't' } else { 'f' }
    }

    fn middle(&self) -> Kind {
        if self.tstring { Kind::TStringMiddle } else { Kind::FStringMiddle }
    }
}

impl Tokenizer<'_> {
    /// The quotation mark that opens a string has been read: is it a triple one?
    fn opening(&mut self, quote: u8) -> usize {
        self.first_line = self.line;
        self.multi_line_start = self.line_start;
        let second = self.next();
        if second != quote {
            self.back(second);
            return 1;
        }
        let third = self.next();
        if third == quote {
            return 3;
        }
        self.back(third);
        self.back(second);
        1
    }

    /// A string without replacement fields, whose opening quotation mark has been read.
    pub(super) fn string(&mut self, quote: u8) -> Result<Kind, Failure> {
        let size = self.opening(quote);
        let mut escaped_quote = false;
        let mut closing = 0;
        while closing != size {
            let mut c = self.next();
            if self.done == Done::Error {
                return Err(self.stopped());
            }
            if c == EOF || (size == 1 && c == b'\n') {
                return Err(self.unterminated(quote, size, c, escaped_quote));
            }
            if c == quote {
                closing += 1;
                continue;
            }
            closing = 0;
            if c == b'\\' {
                c = self.next();
                escaped_quote |= c == quote;
                if c == b'\r' {
                    self.next();
                }
            }
        }
        Ok(Kind::String)
    }

    /// The error for a string that does not end, reported at its start.
    fn unterminated(&mut self, quote: u8, size: usize, c: u8, escaped_quote: bool) -> Failure {
        let detected = self.line;
        self.cur = self.start.unwrap_or(self.cur) + 1;
        self.line_start = self.multi_line_start;
        self.line = self.first_line;
        if let Some(template) = self.templates.last()
            && template.quote == quote
            && template.quote_size == size
        {
            let message = format!("{}-string: expecting '}}'", template.prefix());
            return self.error(message);
        }
        let (message, end) = if size == 3 {
            (format!("unterminated triple-quoted string literal (detected at line {detected})"), Done::EofInString)
        } else {
            let hint = if escaped_quote { "; perhaps you escaped the end quote?" } else { "" };
            (format!("unterminated string literal (detected at line {detected}){hint}"), Done::EolInString)
        };
        let failure = self.error(message);
        if c != b'\n' {
            self.done = end;
        }
        failure
    }

    /// The start of an f-string or t-string, whose prefix and first quotation mark have been read.
    pub(super) fn template_start(&mut self, quote: u8, raw: bool, tstring: bool) -> Result<Kind, Failure> {
        let start = self.start.unwrap_or(self.cur);
        let quote_size = self.opening(quote);
        if self.templates.len() + 1 >= MAX_STRING_LEVEL {
            return Err(self.error("too many nested f-strings or t-strings"));
        }
        self.templates.push(Template {
            quote,
            quote_size,
            raw,
            tstring,
            in_field: false,
            in_format_spec: false,
            depth: 0,
            field_depth: -1,
            start,
            line_start: self.line_start,
            line: self.line,
        });
        Ok(if tstring { Kind::TStringStart } else { Kind::FStringStart })
    }

    /// Goes over into the replacement field that begins here.
    fn enter_field(&mut self) -> Result<(), Failure> {
        let Some(template) = self.templates.last_mut() else { return Ok(()) };
        template.field_depth += 1;
        if template.field_depth >= MAX_FIELD_DEPTH {
            let message = format!("{}-string: expressions nested too deeply", template.prefix());
            return Err(self.error(message));
        }
        template.in_field = true;
        Ok(())
    }

    /// The next token of an f-string or t-string outside of replacement fields. `None`: a field begins, and with it
    /// ordinary tokens.
    pub(super) fn template_text(&mut self) -> Result<Option<Kind>, Failure> {
        let Some(template) = self.templates.last() else { return Ok(None) };
        let (quote, size, raw) = (template.quote, template.quote_size, template.raw);
        let (middle, tstring) = (template.middle(), template.tstring);
        self.start = Some(self.cur);
        self.first_line = self.line;
        self.multi_line_start = self.line_start;

        let first = self.next();
        let second = if first == b'{' { self.next() } else { EOF };
        if first == b'{' {
            self.back(second);
        }
        self.back(first);
        if first == b'{' && second != b'{' {
            self.enter_field()?;
            return Ok(None);
        }

        if self.closes(quote, size) {
            self.templates.pop();
            return Ok(Some(if tstring { Kind::TStringEnd } else { Kind::FStringEnd }));
        }

        let mut named_escape = false;
        let mut closing = 0;
        while closing != size {
            let c = self.next();
            if self.done == Done::Error {
                return Err(self.stopped());
            }
            let Some(template) = self.templates.last_mut() else { return Ok(None) };
            let in_format_spec = template.in_format_spec && template.field_depth >= 0;
            if c == EOF || (size == 1 && c == b'\n') {
                return Err(self.unterminated_template(c, in_format_spec));
            }
            if c == quote {
                closing += 1;
                continue;
            }
            closing = 0;
            match c {
                b'{' => {
                    let peek = self.next();
                    if peek != b'{' || in_format_spec {
                        self.back(peek);
                        self.back(c);
                        if let Some(template) = self.templates.last_mut() {
                            template.in_format_spec = false;
                        }
                        self.enter_field()?;
                    } else {
                        // A doubled brace stands for one.
                        self.token_end = Some(self.cur - 1);
                    }
                    return Ok(Some(middle));
                }
                b'}' => {
                    if named_escape {
                        return Ok(Some(middle));
                    }
                    let depth = template.depth;
                    let peek = self.next();
                    if peek == b'}' && !in_format_spec && depth == 0 {
                        self.token_end = Some(self.cur - 1);
                    } else {
                        self.back(peek);
                        self.back(c);
                        if let Some(template) = self.templates.last_mut() {
                            template.in_field = true;
                            template.in_format_spec = false;
                        }
                    }
                    return Ok(Some(middle));
                }
                b'\\' => {
                    let mut peek = self.next();
                    if peek == b'\r' {
                        peek = self.next();
                    }
                    if matches!(peek, b'{' | b'}') {
                        // The brace keeps its meaning.
                        if !raw {
                            self.warn_escape(peek);
                        }
                        self.back(peek);
                    } else if !raw && peek == b'N' {
                        let brace = self.next();
                        if brace == b'{' {
                            named_escape = true;
                        } else {
                            self.back(brace);
                        }
                    }
                }
                _ => {}
            }
        }
        // The closing quotation marks are the next token.
        self.cur -= size;
        Ok(Some(middle))
    }

    /// Reads the closing quotation marks if they come next.
    fn closes(&mut self, quote: u8, size: usize) -> bool {
        for _ in 0..size {
            let c = self.next();
            if c != quote {
                self.back(c);
                // Marks that were read already belong to the text; the loop over it starts behind them.
                return false;
            }
        }
        true
    }

    fn unterminated_template(&mut self, c: u8, in_format_spec: bool) -> Failure {
        let Some(template) = self.templates.last() else { return self.stopped() };
        let prefix = template.prefix();
        if in_format_spec && c == b'\n' {
            return self.error(format!(
                "{prefix}-string: newlines are not allowed in format specifiers for single quoted {prefix}-strings"
            ));
        }
        let triple = template.quote_size == 3;
        let detected = self.line;
        self.cur = template.start + 1;
        self.line_start = template.line_start;
        self.line = template.line;
        if triple {
            let failure =
                self.error(format!("unterminated triple-quoted {prefix}-string literal (detected at line {detected})"));
            if c != b'\n' {
                self.done = Done::EofInString;
            }
            failure
        } else {
            self.error(format!("unterminated {prefix}-string literal (detected at line {detected})"))
        }
    }
}
