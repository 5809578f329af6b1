//! Numeric literals.

use super::Kind;
use super::tokenizer::{EOF, Failure, Tokenizer, is_name_char};

/// Keywords that may follow a number without white space, by their first letter and the rest.
const FOLLOWERS: &[(u8, &[u8])] = &[(b'a', b"nd"), (b'e', b"lse"), (b'f', b"or"), (b'o', b"r"), (b'n', b"ot")];

/// A literal with a letter for its base.
struct Radix {
    name: &'static str,
    is_digit: fn(u8) -> bool,
}

const HEX: Radix = Radix { name: "hexadecimal", is_digit: |c| c.is_ascii_hexdigit() };
const OCTAL: Radix = Radix { name: "octal", is_digit: |c| matches!(c, b'0'..=b'7') };
const BINARY: Radix = Radix { name: "binary", is_digit: |c| matches!(c, b'0' | b'1') };

impl Tokenizer<'_> {
    /// A number whose first digit `c` has been read.
    pub(super) fn number(&mut self, c: u8) -> Result<Kind, Failure> {
        if c != b'0' {
            let c = self.decimal_tail()?;
            return if c == b'.' { self.fraction() } else { self.exponent(c) };
        }
        let c = self.next();
        match c {
            b'x' | b'X' => self.radix(&HEX),
            b'o' | b'O' => self.radix(&OCTAL),
            b'b' | b'B' => self.radix(&BINARY),
            _ => self.leading_zero(c),
        }
    }

    /// The part behind `0x`, `0o` or `0b`.
    fn radix(&mut self, radix: &Radix) -> Result<Kind, Failure> {
        let wrong_digit = |zelf: &mut Self, c: u8| {
            Err(zelf.error(format!("invalid digit '{}' in {} literal", c as char, radix.name)))
        };
        let mut c = self.next();
        loop {
            if c == b'_' {
                c = self.next();
            }
            if !(radix.is_digit)(c) {
                if c.is_ascii_digit() {
                    return wrong_digit(self, c);
                }
                self.back(c);
                return Err(self.error(format!("invalid {} literal", radix.name)));
            }
            while (radix.is_digit)(c) {
                c = self.next();
            }
            if c != b'_' {
                break;
            }
        }
        if c.is_ascii_digit() {
            return wrong_digit(self, c);
        }
        self.end_of_number(c, radix.name)?;
        self.back(c);
        Ok(Kind::Number)
    }

    /// A decimal number that starts with zero; `c` follows that.
    fn leading_zero(&mut self, mut c: u8) -> Result<Kind, Failure> {
        loop {
            if c == b'_' {
                c = self.next();
                if !c.is_ascii_digit() {
                    self.back(c);
                    return Err(self.error("invalid decimal literal"));
                }
            }
            if c != b'0' {
                break;
            }
            c = self.next();
        }
        let zeros_end = self.cur;
        let nonzero = c.is_ascii_digit();
        if nonzero {
            c = self.decimal_tail()?;
        }
        match c {
            b'.' => self.fraction(),
            b'e' | b'E' => self.exponent(c),
            b'j' | b'J' => self.imaginary(),
            _ if nonzero && !self.options.extra_tokens => {
                self.back(c);
                let start = self.start.unwrap_or(self.cur);
                Err(self.error_range(
                    start + 1 - self.line_start,
                    zeros_end - self.line_start,
                    "leading zeros in decimal integer literals are not permitted; use an 0o prefix for octal integers",
                ))
            }
            _ => {
                self.end_of_number(c, "decimal")?;
                self.back(c);
                Ok(Kind::Number)
            }
        }
    }

    /// What follows the point.
    pub(super) fn fraction(&mut self) -> Result<Kind, Failure> {
        let mut c = self.next();
        if c.is_ascii_digit() {
            c = self.decimal_tail()?;
        }
        self.exponent(c)
    }

    /// An optional exponent and imaginary unit; `c` follows the digits.
    fn exponent(&mut self, mut c: u8) -> Result<Kind, Failure> {
        if matches!(c, b'e' | b'E') {
            let e = c;
            c = self.next();
            if matches!(c, b'+' | b'-') {
                c = self.next();
                if !c.is_ascii_digit() {
                    self.back(c);
                    return Err(self.error("invalid decimal literal"));
                }
            } else if !c.is_ascii_digit() {
                self.back(c);
                self.end_of_number(e, "decimal")?;
                self.back(e);
                return Ok(Kind::Number);
            }
            c = self.decimal_tail()?;
        }
        if matches!(c, b'j' | b'J') {
            return self.imaginary();
        }
        self.end_of_number(c, "decimal")?;
        self.back(c);
        Ok(Kind::Number)
    }

    fn imaginary(&mut self) -> Result<Kind, Failure> {
        let c = self.next();
        self.end_of_number(c, "imaginary")?;
        self.back(c);
        Ok(Kind::Number)
    }

    /// Skips digits and single underscores between them, and gives the character behind.
    fn decimal_tail(&mut self) -> Result<u8, Failure> {
        loop {
            let mut c = self.next();
            while c.is_ascii_digit() {
                c = self.next();
            }
            if c != b'_' {
                return Ok(c);
            }
            c = self.next();
            if !c.is_ascii_digit() {
                self.back(c);
                return Err(self.error("invalid decimal literal"));
            }
            self.back(c);
        }
    }

    /// `c`, which has been read, follows a number: a keyword there is worth a warning, other letters are an error.
    fn end_of_number(&mut self, c: u8, kind: &str) -> Result<(), Failure> {
        if self.options.extra_tokens {
            return Ok(());
        }
        let keyword = match c {
            b'i' => {
                let second = self.next();
                self.back(second);
                matches!(second, b'f' | b'n' | b's')
            }
            _ => FOLLOWERS.iter().any(|&(first, rest)| first == c && self.follows(rest)),
        };
        if keyword {
            self.back(c);
            self.warn(format!("invalid {kind} literal"));
            self.next();
        } else if c < 128 && is_name_char(c) {
            self.back(c);
            return Err(self.error(format!("invalid {kind} literal")));
        }
        Ok(())
    }

    /// Does `rest` come next, as the end of a word?
    fn follows(&mut self, rest: &[u8]) -> bool {
        let text = &self.text[self.cur..];
        text.starts_with(rest) && !text.get(rest.len()).is_some_and(|&c| c != EOF && is_name_char(c))
    }
}
