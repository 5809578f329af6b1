//! The kinds of tokens, with the numbers and names of the library's `token` module.

/// Declares the kinds once: variant, number, name, and the text of operators.
macro_rules! kinds {
    ($($variant:ident = $number:literal, $name:literal, $text:literal;)*) => {
        /// What a token is.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Kind {
            $(#[doc = $name] $variant = $number,)*
        }

        /// Kinds with a fixed text.
        const OPERATORS: &[(&str, Kind)] = &[$(($text, Kind::$variant),)*];

        impl Kind {
            /// The kind's name in the `token` module.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Kind::$variant => $name,)*
                }
            }

            /// The kind with this name.
            pub fn by_name(name: &str) -> Option<Kind> {
                match name {
                    $($name => Some(Kind::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    EndMarker = 0, "ENDMARKER", "";
    Name = 1, "NAME", "";
    Number = 2, "NUMBER", "";
    String = 3, "STRING", "";
    Newline = 4, "NEWLINE", "";
    Indent = 5, "INDENT", "";
    Dedent = 6, "DEDENT", "";
    LPar = 7, "LPAR", "(";
    RPar = 8, "RPAR", ")";
    LSqb = 9, "LSQB", "[";
    RSqb = 10, "RSQB", "]";
    Colon = 11, "COLON", ":";
    Comma = 12, "COMMA", ",";
    Semi = 13, "SEMI", ";";
    Plus = 14, "PLUS", "+";
    Minus = 15, "MINUS", "-";
    Star = 16, "STAR", "*";
    Slash = 17, "SLASH", "/";
    VBar = 18, "VBAR", "|";
    Amper = 19, "AMPER", "&";
    Less = 20, "LESS", "<";
    Greater = 21, "GREATER", ">";
    Equal = 22, "EQUAL", "=";
    Dot = 23, "DOT", ".";
    Percent = 24, "PERCENT", "%";
    LBrace = 25, "LBRACE", "{";
    RBrace = 26, "RBRACE", "}";
    EqEqual = 27, "EQEQUAL", "==";
    NotEqual = 28, "NOTEQUAL", "!=";
    LessEqual = 29, "LESSEQUAL", "<=";
    GreaterEqual = 30, "GREATEREQUAL", ">=";
    Tilde = 31, "TILDE", "~";
    Circumflex = 32, "CIRCUMFLEX", "^";
    LeftShift = 33, "LEFTSHIFT", "<<";
    RightShift = 34, "RIGHTSHIFT", ">>";
    DoubleStar = 35, "DOUBLESTAR", "**";
    PlusEqual = 36, "PLUSEQUAL", "+=";
    MinEqual = 37, "MINEQUAL", "-=";
    StarEqual = 38, "STAREQUAL", "*=";
    SlashEqual = 39, "SLASHEQUAL", "/=";
    PercentEqual = 40, "PERCENTEQUAL", "%=";
    AmperEqual = 41, "AMPEREQUAL", "&=";
    VBarEqual = 42, "VBAREQUAL", "|=";
    CircumflexEqual = 43, "CIRCUMFLEXEQUAL", "^=";
    LeftShiftEqual = 44, "LEFTSHIFTEQUAL", "<<=";
    RightShiftEqual = 45, "RIGHTSHIFTEQUAL", ">>=";
    DoubleStarEqual = 46, "DOUBLESTAREQUAL", "**=";
    DoubleSlash = 47, "DOUBLESLASH", "//";
    DoubleSlashEqual = 48, "DOUBLESLASHEQUAL", "//=";
    At = 49, "AT", "@";
    AtEqual = 50, "ATEQUAL", "@=";
    RArrow = 51, "RARROW", "->";
    Ellipsis = 52, "ELLIPSIS", "...";
    ColonEqual = 53, "COLONEQUAL", ":=";
    Exclamation = 54, "EXCLAMATION", "!";
    Op = 55, "OP", "";
    TypeIgnore = 56, "TYPE_IGNORE", "";
    TypeComment = 57, "TYPE_COMMENT", "";
    SoftKeyword = 58, "SOFT_KEYWORD", "";
    FStringStart = 59, "FSTRING_START", "";
    FStringMiddle = 60, "FSTRING_MIDDLE", "";
    FStringEnd = 61, "FSTRING_END", "";
    TStringStart = 62, "TSTRING_START", "";
    TStringMiddle = 63, "TSTRING_MIDDLE", "";
    TStringEnd = 64, "TSTRING_END", "";
    Comment = 65, "COMMENT", "";
    Nl = 66, "NL", "";
}

impl Kind {
    /// The operator spelled `text`.
    pub fn of_operator(text: &[u8]) -> Option<Kind> {
        OPERATORS
            .iter()
            .find(|(spelling, _)| !spelling.is_empty() && spelling.as_bytes() == text)
            .map(|&(_, kind)| kind)
    }

    /// Operators and delimiters, which `tokenize` reports as `OP`.
    pub const fn is_operator(self) -> bool {
        self as u8 > Kind::Dedent as u8 && (self as u8) < Kind::Op as u8
    }

    /// Strings and the parts of f-strings and t-strings, which may span lines.
    pub const fn is_string(self) -> bool {
        matches!(
            self,
            Kind::String
                | Kind::FStringStart
                | Kind::FStringMiddle
                | Kind::FStringEnd
                | Kind::TStringStart
                | Kind::TStringMiddle
                | Kind::TStringEnd
        )
    }
}
