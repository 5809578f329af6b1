//! `#[pymodule]`: an inline `mod` as a built-in module.

use crate::attrs::{self, AttrArgs};
use crate::function::{self, Entry, at, glue};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Item, ItemMod, Meta, Result};

/// What the module's `exec` function and method table are made of.
#[derive(Default)]
struct Contents {
    functions: Vec<Entry>,
    attributes: Vec<TokenStream>,
    classes: Vec<TokenStream>,
    exec: Option<TokenStream>,
}

/// Expands the attribute.
pub fn expand(args: TokenStream, mut item: ItemMod) -> Result<TokenStream> {
    let mut args = AttrArgs::parse(args)?;
    let name = args.string("name")?.map_or_else(|| attrs::python_name(&item.ident), |name| name.value());
    args.finish("`name`")?;
    let span = item.ident.span();
    let Some((_, items)) = &mut item.content else {
        return Err(syn::Error::new(span, "`#[pymodule]` needs an inline module: `mod name { ... }`"));
    };
    let mut contents = Contents::default();
    for inner in items.iter_mut() {
        contents.add(inner, &name)?;
    }
    let doc = attrs::doc_text(&item.attrs);
    let generated: syn::File = syn::parse2(contents.expand(&name, &doc, span)?)?;
    items.extend(generated.items);
    Ok(quote!(#item))
}

impl Contents {
    /// Collects one item, and strips the attributes that only this macro reads.
    fn add(&mut self, item: &mut Item, module: &str) -> Result<()> {
        match item {
            Item::Fn(function) => {
                let taken = attrs::take_attrs(&mut function.attrs, &["pyfunction", "pyattr", "pyexec"]);
                let [attr] = only(&taken)? else { return Ok(()) };
                let cfgs = attrs::cfg_attrs(&function.attrs);
                let ident = &function.sig.ident;
                let span = at(function::output_span(&function.sig));
                let mut args = AttrArgs::of(attr)?;
                match attrs::attr_name(attr).as_deref() {
                    Some("pyfunction") => {
                        let entry = function::function_entry(args, function)?;
                        self.functions.push((cfgs, entry));
                    }
                    Some("pyattr") => {
                        let name = args.string("name")?.map_or_else(|| attrs::python_name(ident), |name| name.value());
                        args.finish("`name`")?;
                        let call = match function.sig.inputs.len() {
                            0 => quote!(#ident()),
                            1 => quote!(#ident(module)),
                            _ => {
                                return Err(syn::Error::new(
                                    ident.span(),
                                    "an attribute takes nothing, or `module: &PyModule`",
                                ));
                            }
                        };
                        self.attribute(&name, &cfgs, &call, span);
                    }
                    _ => {
                        args.finish("no arguments")?;
                        if self.exec.is_some() {
                            return Err(syn::Error::new(ident.span(), "there is a second `#[pyexec]`"));
                        }
                        let glue = glue();
                        self.exec =
                            Some(quote_spanned!(span=> #(#cfgs)* #glue::into_result::<(), _>(#ident(module))?;));
                    }
                }
            }
            Item::Const(constant) => {
                let taken = attrs::take_attrs(&mut constant.attrs, &["pyattr"]);
                let [attr] = only(&taken)? else { return Ok(()) };
                let mut args = AttrArgs::of(attr)?;
                let ident = &constant.ident;
                let name = args.string("name")?.map_or_else(|| attrs::python_name(ident), |name| name.value());
                args.finish("`name`")?;
                let cfgs = attrs::cfg_attrs(&constant.attrs);
                self.attribute(&name, &cfgs, &quote!(#ident), at(constant.ty.span()));
            }
            Item::Struct(class) => {
                let cfgs = attrs::cfg_attrs(&class.attrs);
                let ident = class.ident.clone();
                for attr in &mut class.attrs {
                    if attrs::attr_name(attr).as_deref() == Some("pyclass") {
                        let glue = glue();
                        let span = at(ident.span());
                        self.classes.push(if complete_class(attr, module)? {
                            quote_spanned!(span=> #(#cfgs)* #glue::ready_class::<#ident>()?;)
                        } else {
                            quote_spanned!(span=> #(#cfgs)* #glue::add_class::<#ident>(module)?;)
                        });
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds one module attribute.
    fn attribute(&mut self, name: &str, cfgs: &[Attribute], value: &TokenStream, span: Span) {
        let glue = glue();
        self.attributes.push(quote_spanned! {span=>
            #(#cfgs)*
            #glue::add_attribute(module, #name, #glue::IntoPyResult::into_py_result(#value)?)?;
        });
    }

    /// The items that go into the module.
    fn expand(self, name: &str, doc: &str, span: Span) -> Result<TokenStream> {
        let glue = glue();
        let Self { functions, attributes, classes, exec } = self;
        let c_name = attrs::c_literal(name, span)?;
        let c_doc = attrs::c_literal(doc, span)?;
        let table = function::static_table("FUNCTIONS", &quote!(#glue::PyMethodDef), &functions);
        let comment = format!("The built-in module `{name}`.");
        Ok(quote! {
            #[doc = #comment]
            pub static MODULE: #glue::BuiltinModule = {
                #table
                #[allow(unused_variables, clippy::all)]
                fn fill(module: &#glue::PyModule) -> #glue::PyResult<()> {
                    #(#attributes)*
                    #(#classes)*
                    #exec
                    ::core::result::Result::Ok(())
                }
                #glue::BuiltinModule {
                    name: #c_name,
                    doc: #c_doc,
                    functions: &FUNCTIONS,
                    exec: fill,
                }
            };
        })
    }
}

/// At most one of our attributes per item.
fn only(taken: &[Attribute]) -> Result<&[Attribute]> {
    match taken {
        [] | [_] => Ok(taken),
        [_, second, ..] => Err(syn::Error::new(second.span(), "an item can be bound only once")),
    }
}

/// Gives a class of the module its `module = "..."` if it has none; tells whether the class is `hidden`.
fn complete_class(attr: &mut Attribute, module: &str) -> Result<bool> {
    let mut args = AttrArgs::of(attr)?;
    let hidden = args.flag("hidden")?;
    if args.string("module")?.is_none() {
        let path = attr.path().clone();
        let existing = match &attr.meta {
            Meta::List(list) => list.tokens.clone(),
            _ => TokenStream::new(),
        };
        let separator = (!existing.is_empty() && !existing.to_string().trim_end().ends_with(',')).then(|| quote!(,));
        attr.meta = syn::parse_quote!(#path(#existing #separator module = #module));
    }
    Ok(hidden)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn expansion_is_rust() {
        let item: ItemMod = parse_quote! {
            /// Numbers.
            pub mod math {
                #[pyattr]
                const PI: f64 = 3.0;
                #[pyattr(name = "nan")]
                fn not_a_number() -> f64 { 0.0 }
                /// Root.
                #[pyfunction]
                fn sqrt(x: f64) -> f64 { x }
                #[pyclass(name = "thing", gc)]
                #[repr(C)]
                struct Thing { ob_base: PyObject }
                #[pyclass(hidden, module = "elsewhere")]
                #[repr(C)]
                struct Hidden { ob_base: PyObject }
                #[pyexec]
                fn exec(module: &PyModule) -> PyResult<()> { Ok(()) }
                fn helper() {}
            }
        };
        let tokens = expand(quote!(name = "math"), item).unwrap();
        let text = tokens.to_string();
        syn::parse2::<syn::File>(tokens).unwrap();
        assert!(text.contains(r#"b"sqrt($module, x, /)\n--\n\nRoot.\0""#), "{text}");
        assert!(text.contains(r#"name = "thing" , gc , module = "math""#), "{text}");
        assert!(text.contains("add_class :: < Thing >"), "{text}");
        assert!(!text.contains("add_class :: < Hidden >"), "{text}");
        assert!(!text.contains("# [pyattr"));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |item: ItemMod| expand(quote!(), item).expect_err("should fail").to_string();
        assert!(
            error(parse_quote!(
                mod m;
            ))
            .contains("inline")
        );
        let twice: ItemMod = parse_quote!(
            mod m {
                #[pyexec]
                fn a(m: &PyModule) {}
                #[pyexec]
                fn b(m: &PyModule) {}
            }
        );
        assert!(error(twice).contains("second"));
        assert!(
            error(parse_quote!(
                mod m {
                    #[pyattr]
                    #[pyfunction]
                    fn a() {}
                }
            ))
            .contains("only once")
        );
    }
}
