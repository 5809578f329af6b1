//! A tokenizer with exactly CPython's tokens, positions and errors.
//!
//! The compiler has a lexer of its own. This one serves `tokenize` (through the module `_tokenize`) and the explanation of
//! syntax errors, which both need CPython's view of text that may be incomplete or wrong. It reads line by line and never
//! looks further than the token that is asked for, since errors behind that do not count yet.
//!
//! | File | What |
//! |---|---|
//! | `kind` | the kinds of tokens |
//! | `tokenizer` | lines, indentation, names, operators, brackets |
//! | `numbers` | numeric literals |
//! | `strings` | string literals, and the texts of f-strings and t-strings |

mod kind;
mod numbers;
mod strings;
mod tokenizer;

pub use kind::Kind;
pub use tokenizer::{Failure, LineSource, Paren, StrLines, Tokenizer, TokenizerOptions, Warning};

use crate::object::typeobj::PyTypeObject;

/// One token.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: Kind,
    /// Where its text lies in [`Tokenizer::text`]; `None` for tokens without text.
    pub span: Option<(usize, usize)>,
    /// Line of its first character, counted from 1.
    pub line: usize,
    /// Column of its first character in bytes, counted from 0; `None` for tokens without text.
    pub column: Option<usize>,
    /// Line of its last character.
    pub end_line: usize,
    /// Column behind its last character in bytes.
    pub end_column: Option<usize>,
    /// How many brackets are open behind it.
    pub level: usize,
}

/// Why a tokenizer has stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Done {
    /// It has not.
    Ok,
    /// The end of the text.
    Eof,
    /// A fault in the text.
    Error,
    /// The text ends in a triple-quoted string.
    EofInString,
    /// The text ends in a string with single quotes.
    EolInString,
    /// A dedent to a column where no block began.
    Dedent,
    /// Tabs and spaces that mean different things for different tab widths.
    TabSpace,
    /// Too many blocks in each other.
    TooDeep,
    /// Text behind a backslash that should continue a line.
    LineContinuation,
}

/// A syntax error with its position: lines from 1, columns in characters from 1.
pub struct SyntaxFailure {
    pub class: &'static PyTypeObject,
    pub message: String,
    pub line: usize,
    pub column: usize,
    pub end_column: usize,
    /// The line's text.
    pub text: String,
}
