//! Python text signatures: `($self, index=-1, /, *args, key=None, **kwargs)`.
//!
//! The text is what `inspect.signature` will parse at run time, so it is kept as written; only the receiver, which the
//! attribute may leave out, is added in the form Argument Clinic uses.

/// How an argument may be passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Before `/`.
    PositionalOnly,
    /// Plain.
    Either,
    /// `*args`.
    VarPositional,
    /// After `*` or `*args`.
    KeywordOnly,
    /// `**kwargs`.
    VarKeyword,
}

/// One parameter of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// The Python name, without stars.
    pub name: String,
    /// How it may be passed.
    pub kind: Kind,
    /// The text after `=`.
    pub default: Option<String>,
}

impl Param {
    /// Whether a caller may leave it out.
    pub fn is_optional(&self) -> bool {
        self.default.is_some() || matches!(self.kind, Kind::VarPositional | Kind::VarKeyword)
    }
}

/// A parsed signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// `self`, `cls`/`type` or `module`, when written as `$name`.
    pub receiver: Option<String>,
    /// The parameters after the receiver.
    pub params: Vec<Param>,
    /// The text between the outer parentheses, without the receiver.
    rest: String,
    /// The receiver and all else as it was written.
    written: String,
}

impl Signature {
    /// Parses `text`, which has to start with `(` and end with `)`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let inner = text
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .ok_or_else(|| format!("a signature is written in parentheses: `({text})`"))?;
        let pieces = split_top_level(inner, ',')?;
        let mut signature =
            Self { receiver: None, params: Vec::new(), rest: inner.trim().to_owned(), written: text.to_owned() };
        let mut state = State::default();
        for (index, piece) in pieces.iter().enumerate() {
            let piece = piece.trim();
            if piece.is_empty() {
                // A trailing comma is as harmless here as it is in Python.
                if index + 1 == pieces.len() {
                    continue;
                }
                return Err("there is nothing between two commas".to_owned());
            }
            if let Some(name) = piece.strip_prefix('$') {
                if index != 0 {
                    return Err(format!("`${name}` has to come first"));
                }
                signature.receiver = Some(identifier(name)?);
                signature.rest = pieces[1..].join(",").trim().to_owned();
            } else {
                signature.add(piece, &mut state)?;
            }
        }
        if state.bare_star && !signature.params.iter().any(|param| param.kind == Kind::KeywordOnly) {
            return Err("a keyword-only parameter has to follow `*`".to_owned());
        }
        Ok(signature)
    }

    /// The signature of positional-only parameters: `(name, optional)`.
    pub fn positional(params: &[(String, bool)]) -> Self {
        let params: Vec<Param> = params
            .iter()
            .map(|(name, optional)| Param {
                name: name.clone(),
                kind: Kind::PositionalOnly,
                default: optional.then(|| "None".to_owned()),
            })
            .collect();
        let mut rest = String::new();
        for param in &params {
            rest.push_str(&param.name);
            if let Some(default) = &param.default {
                rest.push('=');
                rest.push_str(default);
            }
            rest.push_str(", ");
        }
        if !params.is_empty() {
            rest.push('/');
        }
        Self { receiver: None, written: format!("({rest})"), params, rest }
    }

    /// Adds one comma-separated piece.
    fn add(&mut self, piece: &str, state: &mut State) -> Result<(), String> {
        if state.var_keyword {
            return Err(format!("`{piece}` follows `**kwargs`, which has to be the last"));
        }
        if piece == "/" {
            if state.slash || state.star || (self.params.is_empty() && self.receiver.is_none()) {
                return Err("`/` is misplaced".to_owned());
            }
            state.slash = true;
            for param in &mut self.params {
                param.kind = Kind::PositionalOnly;
            }
            return Ok(());
        }
        if let Some(name) = piece.strip_prefix("**") {
            state.var_keyword = true;
            let name = identifier(name)?;
            return self.push(Param { name, kind: Kind::VarKeyword, default: None });
        }
        if let Some(name) = piece.strip_prefix('*') {
            if state.star {
                return Err("there is a second `*`".to_owned());
            }
            state.star = true;
            if name.trim().is_empty() {
                state.bare_star = true;
                return Ok(());
            }
            let name = identifier(name)?;
            return self.push(Param { name, kind: Kind::VarPositional, default: None });
        }
        let mut halves = split_top_level(piece, '=')?.into_iter();
        let name = identifier(&halves.next().unwrap_or_default())?;
        let halves: Vec<String> = halves.collect();
        // `split` also cuts at a `==` inside a default; joining the halves again restores it.
        let default = (!halves.is_empty()).then(|| halves.join("=").trim().to_owned());
        if default.as_deref() == Some("") {
            return Err(format!("`{name}=` has no default"));
        }
        let kind = if state.star { Kind::KeywordOnly } else { Kind::Either };
        if default.is_none() && !state.star && self.params.iter().any(|param| param.default.is_some()) {
            return Err(format!("`{name}` has no default but follows a parameter that has one"));
        }
        self.push(Param { name, kind, default })
    }

    fn push(&mut self, param: Param) -> Result<(), String> {
        if self.params.iter().any(|other| other.name == param.name) {
            return Err(format!("two parameters are called `{}`", param.name));
        }
        self.params.push(param);
        Ok(())
    }

    /// The text for `ml_doc`, with `receiver` put first if the attribute left it out.
    ///
    /// The receiver itself is positional-only, so a `/` follows it unless another one comes later.
    pub fn text(&self, receiver: Option<&str>) -> String {
        match receiver {
            Some(receiver) if self.receiver.is_none() => {
                if self.params.is_empty() {
                    format!("(${receiver}, /)")
                } else if self.params[0].kind == Kind::PositionalOnly {
                    format!("(${receiver}, {})", self.rest)
                } else {
                    format!("(${receiver}, /, {})", self.rest)
                }
            }
            Some(_) => self.written.clone(),
            // Signatures of classes and static methods show no receiver.
            None => format!("({})", self.rest),
        }
    }
}

/// What has been seen so far.
#[derive(Default)]
struct State {
    slash: bool,
    star: bool,
    bare_star: bool,
    var_keyword: bool,
}

/// Checks that `text` is a Python identifier (ASCII is all that our own signatures need).
fn identifier(text: &str) -> Result<String, String> {
    let text = text.trim();
    let starts_well = text.chars().next().is_some_and(|first| first == '_' || first.is_ascii_alphabetic());
    if starts_well && text.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err(format!("`{text}` is not a parameter name"))
    }
}

/// Splits at `separator` outside of brackets and quotes. An empty text has no pieces.
fn split_top_level(text: &str, separator: char) -> Result<Vec<String>, String> {
    let mut pieces = Vec::new();
    let mut piece = String::new();
    let mut closers = Vec::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if let Some(end) = quote {
            piece.push(c);
            if c == '\\' {
                piece.extend(chars.next());
            } else if c == end {
                quote = None;
            }
            continue;
        }
        match c {
            '\'' | '"' => quote = Some(c),
            '(' => closers.push(')'),
            '[' => closers.push(']'),
            '{' => closers.push('}'),
            ')' | ']' | '}' if closers.pop() != Some(c) => return Err(format!("`{c}` closes nothing")),
            _ => {}
        }
        if c == separator && closers.is_empty() {
            pieces.push(std::mem::take(&mut piece));
        } else {
            piece.push(c);
        }
    }
    if quote.is_some() || !closers.is_empty() {
        return Err("a quote or bracket is not closed".to_owned());
    }
    if !pieces.is_empty() || !piece.trim().is_empty() {
        pieces.push(piece);
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parameters in a compact form: `name:kind=default`, kinds as their first letters.
    fn shape(text: &str) -> String {
        let signature = Signature::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let params: Vec<String> = signature
            .params
            .iter()
            .map(|param| {
                let kind = match param.kind {
                    Kind::PositionalOnly => "p",
                    Kind::Either => "e",
                    Kind::VarPositional => "*",
                    Kind::KeywordOnly => "k",
                    Kind::VarKeyword => "**",
                };
                let default = param.default.as_ref().map(|d| format!("={d}")).unwrap_or_default();
                format!("{}:{kind}{default}", param.name)
            })
            .collect();
        params.join(" ")
    }

    #[test]
    fn kinds() {
        assert_eq!(shape("()"), "");
        assert_eq!(shape("(a, b=1, /, c=2, *, d, e=3)"), "a:p b:p=1 c:e=2 d:k e:k=3");
        assert_eq!(shape("(a, *args, key=None, **kw)"), "a:e args:* key:k=None kw:**");
        assert_eq!(shape("($self, /)"), "");
        assert_eq!(shape("($self, index=-1, /)"), "index:p=-1");
        assert_eq!(shape("( a , b = 2 , )"), "a:e b:e=2");
        assert_eq!(shape("(**kw)"), "kw:**");
    }

    #[test]
    fn defaults_with_brackets_and_quotes() {
        assert_eq!(shape("(a=(1, 2), b='x, y', c={'k': [1, ')']})"), "a:e=(1, 2) b:e='x, y' c:e={'k': [1, ')']}");
        assert_eq!(shape(r"(sep='\'', end='\n')"), r"sep:e='\'' end:e='\n'");
        assert_eq!(shape("(a='b=c')"), "a:e='b=c'");
        assert_eq!(shape("(x=<unrepresentable>, /)"), "x:p=<unrepresentable>");
    }

    #[test]
    fn receiver_is_added_as_clinic_writes_it() {
        let text = |sig: &str, receiver| Signature::parse(sig).unwrap().text(receiver);
        assert_eq!(text("()", Some("self")), "($self, /)");
        assert_eq!(text("(index=-1, /)", Some("self")), "($self, index=-1, /)");
        assert_eq!(text("(a, b=1)", Some("module")), "($module, /, a, b=1)");
        assert_eq!(text("(*args)", Some("module")), "($module, /, *args)");
        assert_eq!(text("($self, a)", Some("self")), "($self, a)");
        assert_eq!(text("(iterable=(), /)", None), "(iterable=(), /)");
        assert_eq!(text("($self, a, /)", None), "(a, /)");
    }

    #[test]
    fn positional_from_rust() {
        let signature = Signature::positional(&[("a".to_owned(), false), ("b".to_owned(), true)]);
        assert_eq!(signature.text(Some("self")), "($self, a, b=None, /)");
        assert_eq!(Signature::positional(&[]).text(Some("module")), "($module, /)");
        assert_eq!(Signature::positional(&[]).text(None), "()");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("a, b", "parentheses"),
            ("(a, , b)", "nothing between"),
            ("(a=1, b)", "has no default but follows"),
            ("(/, a)", "`/` is misplaced"),
            ("(a, /, b, /)", "`/` is misplaced"),
            ("(*, a, /)", "`/` is misplaced"),
            ("(*)", "has to follow `*`"),
            ("(*, **kw)", "has to follow `*`"),
            ("(*a, *b)", "second `*`"),
            ("(**kw, a)", "has to be the last"),
            ("(a, a)", "two parameters"),
            ("(a, $self)", "has to come first"),
            ("(a=[1)", "not closed"),
            ("(a=1])", "closes nothing"),
            ("(a='x)", "not closed"),
            ("(a=)", "has no default"),
            ("(1a)", "not a parameter name"),
        ] {
            let error = Signature::parse(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
