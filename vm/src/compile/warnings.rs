//! The compiler's `SyntaxWarning`s. The compiler knows nothing of Python: what it warns of is collected, and said when it
//! is done.

use rustpython_compiler::codegen::error::CodegenError;
use rustpython_compiler::core::SourceLocation;

use super::error;
use crate::err::PyResult;
use crate::exc;
use crate::runtime::warnings;
use crate::types::str::PyStr;

/// A warning with its place, both counted from 1.
pub struct Warning {
    pub line: usize,
    pub column: usize,
    pub message: String,
    /// The message when a filter makes an error of it, if that differs.
    pub error: Option<String>,
}

impl Warning {
    /// A backslash that escapes nothing. The place is to be filled in.
    pub fn about_escape(what: &str, escaped: &str) -> Warning {
        let (is, hint) = (format!("\"\\{escaped}\" is {what}."), format!("Did you mean \"\\\\{escaped}\"?"));
        Warning {
            line: 1,
            column: 1,
            message: format!("{is} Such sequences will not work in the future. {hint} A raw string is also an option."),
            error: Some(format!("{is} {hint} A raw string is also an option.")),
        }
    }
}

/// Warnings, in the order they were found.
#[derive(Default)]
pub struct Warnings(Vec<Warning>);

impl Warnings {
    /// Notes a warning.
    pub fn push(&mut self, warning: Warning) {
        self.0.push(warning);
    }

    /// Notes a warning; what the compiler calls.
    pub fn note(&mut self, location: SourceLocation, message: String) -> Result<(), CodegenError> {
        let (line, column) = (location.line.get(), location.character_offset.get());
        self.0.push(Warning { line, column, message, error: None });
        Ok(())
    }

    /// Issues the warnings. `source` is what errors show.
    ///
    /// # Errors
    /// `SyntaxError`, if a filter makes an error of a warning; what displaying warnings raises.
    pub fn issue(self, filename: &str, source: &str) -> PyResult<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let name = PyStr::new(filename);
        for Warning { line, column, message, error } in self.0 {
            let issued = warnings::syntax_warning(exc::SyntaxWarning(), &message, &name, line as i64);
            if let Err(raised) = issued {
                if !raised.matches(exc::SyntaxWarning()) {
                    return Err(raised);
                }
                let text = source.split_inclusive('\n').nth(line - 1).map(str::to_owned);
                let place = (line, column);
                let message = error.unwrap_or(message);
                return Err(error::make(exc::SyntaxError(), &message, filename, place, place, text));
            }
        }
        Ok(())
    }
}
