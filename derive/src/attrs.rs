//! Reading attributes: the arguments in parentheses, doc comments, `#[cfg]`s.

use proc_macro2::{Literal, Span, TokenStream};
use std::ffi::CString;
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Result, Token};

/// The arguments of one of our attributes, consumed key by key; [`AttrArgs::finish`] rejects what nobody asked for.
pub struct AttrArgs {
    items: Vec<Meta>,
}

impl AttrArgs {
    /// Parses `a, b = "x", c(D, E)`.
    pub fn parse(tokens: TokenStream) -> Result<Self> {
        let items = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)?;
        let items: Vec<Meta> = items.into_iter().collect();
        for (index, item) in items.iter().enumerate() {
            let key = item.path().require_ident()?;
            if items[..index].iter().any(|earlier| earlier.path().is_ident(key)) {
                return Err(syn::Error::new(key.span(), format!("`{key}` is given twice")));
            }
        }
        Ok(Self { items })
    }

    /// The arguments of an attribute on a nested item; `#[x]` and `#[x()]` are the same.
    pub fn of(attr: &Attribute) -> Result<Self> {
        match &attr.meta {
            Meta::Path(_) => Ok(Self { items: Vec::new() }),
            Meta::List(list) => Self::parse(list.tokens.clone()),
            Meta::NameValue(pair) => Err(syn::Error::new(pair.span(), "expected `#[name]` or `#[name(...)]`")),
        }
    }

    fn take(&mut self, key: &str) -> Option<Meta> {
        let index = self.items.iter().position(|item| item.path().is_ident(key))?;
        Some(self.items.remove(index))
    }

    /// Whether the bare word `key` is present.
    pub fn flag(&mut self, key: &str) -> Result<bool> {
        match self.take(key) {
            None => Ok(false),
            Some(Meta::Path(_)) => Ok(true),
            Some(other) => Err(syn::Error::new(other.span(), format!("`{key}` takes no value"))),
        }
    }

    /// The value of `key = "string"`.
    pub fn string(&mut self, key: &str) -> Result<Option<LitStr>> {
        match self.expr(key)? {
            None => Ok(None),
            Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Ok(Some(text)),
            Some(other) => Err(syn::Error::new(other.span(), format!("`{key}` expects a string literal"))),
        }
    }

    /// The value of `key = expression`.
    pub fn expr(&mut self, key: &str) -> Result<Option<Expr>> {
        match self.take(key) {
            None => Ok(None),
            Some(Meta::NameValue(pair)) => Ok(Some(ungroup(pair.value))),
            Some(other) => Err(syn::Error::new(other.span(), format!("expected `{key} = ...`"))),
        }
    }

    /// The value of `key = identifier`.
    pub fn ident(&mut self, key: &str) -> Result<Option<Ident>> {
        match self.expr(key)? {
            None => Ok(None),
            Some(Expr::Path(path)) => Ok(Some(path.path.require_ident()?.clone())),
            Some(other) => Err(syn::Error::new(other.span(), format!("`{key}` expects a name"))),
        }
    }

    /// The identifiers of `key(A, B)`; none when the key is absent.
    pub fn idents(&mut self, key: &str) -> Result<Vec<Ident>> {
        match self.take(key) {
            None => Ok(Vec::new()),
            Some(Meta::List(list)) => {
                let idents = Punctuated::<Ident, Token![,]>::parse_terminated.parse2(list.tokens)?;
                Ok(idents.into_iter().collect())
            }
            Some(other) => Err(syn::Error::new(other.span(), format!("expected `{key}(A, B, ...)`"))),
        }
    }

    /// The bare words that are left, for attributes whose first word is itself a value (`#[slot(tp_repr)]`).
    pub fn words(&mut self) -> Vec<Ident> {
        let mut words = Vec::new();
        self.items.retain(|item| match item {
            Meta::Path(path) => match path.get_ident() {
                Some(ident) => {
                    words.push(ident.clone());
                    false
                }
                None => true,
            },
            _ => true,
        });
        words
    }

    /// Fails on the first argument that was not asked for.
    pub fn finish(self, known: &str) -> Result<()> {
        match self.items.first() {
            None => Ok(()),
            Some(item) => Err(syn::Error::new(item.span(), format!("unknown argument; this attribute knows {known}"))),
        }
    }
}

/// Removes the invisible brackets that surround what a `macro_rules!` passes on.
pub fn ungroup(expr: Expr) -> Expr {
    match expr {
        Expr::Group(group) => ungroup(*group.expr),
        other => other,
    }
}

/// The last segment of an attribute's path, so that `#[rpy_derive::pymethod]` is found too.
pub fn attr_name(attr: &Attribute) -> Option<String> {
    attr.path().segments.last().map(|segment| segment.ident.to_string())
}

/// Removes and returns the attributes whose name is in `names`.
pub fn take_attrs(attrs: &mut Vec<Attribute>, names: &[&str]) -> Vec<Attribute> {
    let mut taken = Vec::new();
    let mut kept = Vec::new();
    for attr in attrs.drain(..) {
        match attr_name(&attr) {
            Some(name) if names.contains(&name.as_str()) => taken.push(attr),
            _ => kept.push(attr),
        }
    }
    *attrs = kept;
    taken
}

/// The `#[cfg(...)]` attributes, to be repeated on whatever is generated for the item.
pub fn cfg_attrs(attrs: &[Attribute]) -> Vec<Attribute> {
    attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect()
}

/// The text of the doc comment: one leading space of each line removed, blank lines at the ends removed.
pub fn doc_text(attrs: &[Attribute]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attr.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = ungroup(pair.value.clone())
        {
            for line in text.value().split('\n') {
                lines.push(line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned());
            }
        }
    }
    let text = lines.join("\n");
    text.trim_matches('\n').to_owned()
}

/// A `c"..."` literal.
pub fn c_literal(text: &str, span: Span) -> Result<Literal> {
    let text = CString::new(text).map_err(|_| syn::Error::new(span, "a NUL character cannot be part of this text"))?;
    let mut literal = Literal::c_string(&text);
    literal.set_span(span);
    Ok(literal)
}

/// A documentation text as a C string. These texts are rarely read: they are kept together, apart from the names that every
/// start reads, so that they do not become resident with these.
pub fn doc_literal(text: &str, span: Span) -> Result<TokenStream> {
    let text = CString::new(text).map_err(|_| syn::Error::new(span, "a NUL character cannot be part of this text"))?;
    let text = text.as_bytes_with_nul();
    let len = text.len();
    let bytes = Literal::byte_string(text);
    Ok(quote::quote! {
        {
            #[cfg_attr(target_os = "linux", unsafe(link_section = ".rodata.doc"))]
            static DOC: [::core::primitive::u8; #len] = *#bytes;
            // SAFETY: the only NUL is the last byte.
            unsafe { ::core::ffi::CStr::from_bytes_with_nul_unchecked(&DOC) }
        }
    })
}

/// A Rust identifier as Python sees it: without `r#`.
pub fn python_name(ident: &Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn arguments_are_taken_by_kind() {
        let mut args = AttrArgs::parse(quote::quote!(name = "x", gc, flags(A, B), base = PyInt)).unwrap();
        assert_eq!(args.string("name").unwrap().unwrap().value(), "x");
        assert!(args.flag("gc").unwrap());
        assert_eq!(args.idents("flags").unwrap().len(), 2);
        assert!(AttrArgs { items: args.items.clone() }.finish("nothing").is_err());
        assert!(args.expr("base").unwrap().is_some());
        args.finish("nothing").unwrap();
    }

    #[test]
    fn duplicates_and_wrong_kinds_are_errors() {
        assert!(AttrArgs::parse(quote::quote!(gc, gc)).is_err());
        assert!(AttrArgs::parse(quote::quote!(gc = 1)).unwrap().flag("gc").is_err());
        assert!(AttrArgs::parse(quote::quote!(name)).unwrap().string("name").is_err());
    }

    #[test]
    fn doc_comments_lose_one_space() {
        let item: syn::ItemStruct = parse_quote! {
            /// First.
            ///
            ///   indented
            struct X;
        };
        assert_eq!(doc_text(&item.attrs), "First.\n\n  indented");
    }
}
