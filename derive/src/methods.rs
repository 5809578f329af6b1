//! `#[pymethods]`: the method table, the getset table and the slots of a type, from one `impl` block.

use crate::attrs::{self, AttrArgs};
use crate::function::{self, Convention, Entry, MethodEntry, Plan, Receiver, Style, at, glue, split_receiver};
use crate::slots;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, ImplItem, ImplItemFn, ItemImpl, LitStr, Result, Type};

/// The attributes that this macro reads, all of them mutually exclusive.
const ATTRIBUTES: &[&str] =
    &["pymethod", "pyclassmethod", "pystaticmethod", "pygetset", "slot", "pynew", "pyinit", "pycall"];

/// Everything collected from the block.
#[derive(Default)]
struct Tables {
    /// Elements of the method table.
    methods: Vec<Entry>,
    /// Getters and setters, by Python name.
    getsets: Vec<GetSet>,
    /// Fields of `Slots`: name, `#[cfg]`s, value.
    slots: Vec<(Ident, Vec<Attribute>, TokenStream)>,
    /// The text signature of the class, from its constructor.
    class_signature: Option<String>,
    /// Where a vectorcall constructor was asked for.
    vectorcall: Option<Span>,
}

/// One computed attribute.
struct GetSet {
    name: String,
    span: Span,
    doc: String,
    cfgs: Vec<Attribute>,
    getter: Option<TokenStream>,
    setter: Option<TokenStream>,
}

/// Expands the attribute.
pub fn expand(args: TokenStream, mut item: ItemImpl) -> Result<TokenStream> {
    let mut args = AttrArgs::parse(args)?;
    let signature = args.string("signature")?;
    args.finish("`signature`")?;
    if let Some((_, path, _)) = &item.trait_ {
        return Err(syn::Error::new(path.span(), "`#[pymethods]` goes on the struct's own impl block"));
    }
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new(item.generics.span(), "a Python type cannot be generic"));
    }
    let self_ty = (*item.self_ty).clone();
    let mut tables = Tables { class_signature: signature.map(|text| text.value()), ..Tables::default() };
    for member in &mut item.items {
        let ImplItem::Fn(function) = member else { continue };
        let found = attrs::take_attrs(&mut function.attrs, ATTRIBUTES);
        match found.as_slice() {
            [] => {}
            [attr] => tables.add(attr, function, &self_ty)?,
            [_, second, ..] => {
                return Err(syn::Error::new(second.span(), "a function can be bound only once"));
            }
        }
    }
    let class_impl = tables.class_impl(&self_ty)?;
    Ok(quote! {
        #item
        #class_impl
    })
}

impl Tables {
    /// Files one annotated function.
    fn add(&mut self, attr: &Attribute, function: &ImplItemFn, self_ty: &Type) -> Result<()> {
        let args = AttrArgs::of(attr)?;
        match attrs::attr_name(attr).as_deref() {
            Some("pymethod") => self.add_method(args, function, self_ty, Style::Instance),
            Some("pyclassmethod") => self.add_method(args, function, self_ty, Style::Class),
            Some("pystaticmethod") => self.add_method(args, function, self_ty, Style::Static),
            Some("pygetset") => self.add_getset(args, function, self_ty),
            Some("slot") => self.add_slot(args, function, self_ty),
            Some("pynew") => self.add_new(args, function, self_ty),
            Some("pyinit") => self.add_init(args, function, self_ty),
            _ => self.add_call(args, function, self_ty),
        }
    }

    fn add_method(&mut self, mut args: AttrArgs, function: &ImplItemFn, self_ty: &Type, style: Style) -> Result<()> {
        let ident = &function.sig.ident;
        let name = args.string("name")?.map_or_else(|| attrs::python_name(ident), |name| name.value());
        let sig = args.string("sig")?;
        let mut flags = Vec::new();
        if args.flag("coexist")? {
            flags.push("METH_COEXIST");
        }
        let unsigned = args.flag("unsigned")?;
        args.finish("`name`, `sig`, `coexist` and `unsigned`")?;
        let doc_receiver = match style {
            Style::Instance => Some("self"),
            Style::Class => {
                flags.push("METH_CLASS");
                Some("type")
            }
            _ => {
                flags.push("METH_STATIC");
                None
            }
        };
        let (receiver, params) = split_receiver(&function.sig, style, Some(self_ty))?;
        let entry = MethodEntry {
            name,
            doc: attrs::doc_text(&function.attrs),
            unsigned,
            doc_receiver,
            flags,
            target: quote!(<#self_ty>::#ident),
            receiver,
            self_ty: Some(self_ty),
            plan: Plan::new(sig.as_ref(), params, ident.span())?,
            span: ident.span(),
            output_span: function::output_span(&function.sig),
        }
        .expand()?;
        self.methods.push((attrs::cfg_attrs(&function.attrs), entry));
        Ok(())
    }

    fn add_getset(&mut self, mut args: AttrArgs, function: &ImplItemFn, self_ty: &Type) -> Result<()> {
        let ident = &function.sig.ident;
        let is_setter = args.flag("setter")?;
        let given = args.string("name")?;
        args.finish("`name` and `setter`")?;
        let own = attrs::python_name(ident);
        let name = match given {
            Some(name) => name.value(),
            None if is_setter => own
                .strip_prefix("set_")
                .ok_or_else(|| syn::Error::new(ident.span(), "name the setter `set_x`, or give `name = \"x\"`"))?
                .to_owned(),
            None => own,
        };
        let (receiver, params) = split_receiver(&function.sig, Style::Instance, Some(self_ty))?;
        let expected = usize::from(is_setter);
        if params.len() != expected {
            let shape = if is_setter { "(&self, value: Option<&PyObject>)" } else { "(&self)" };
            return Err(syn::Error::new(function.sig.span(), format!("expected the arguments {shape}")));
        }
        let glue = glue();
        let this = receiver.argument(Some(self_ty));
        let span = at(function::output_span(&function.sig));
        let wrapper = if is_setter {
            let result = quote_spanned!(span=> #glue::return_unit(<#self_ty>::#ident(#this value)));
            quote! {
                unsafe extern "C-unwind" fn setter(
                    slf: *mut #glue::PyObject,
                    value: *mut #glue::PyObject,
                    _: *mut ::core::ffi::c_void,
                ) -> ::core::ffi::c_int {
                    let value = unsafe { #glue::optional_pointer::<#glue::PyObject>(value) };
                    #result
                }
                setter
            }
        } else {
            let result = quote_spanned!(span=> #glue::IntoPyResult::into_py_result(<#self_ty>::#ident(#this)));
            quote! {
                unsafe extern "C-unwind" fn getter(
                    slf: *mut #glue::PyObject,
                    _: *mut ::core::ffi::c_void,
                ) -> *mut #glue::PyObject {
                    #glue::return_object(#result)
                }
                getter
            }
        };
        let value = quote! {
            ::core::option::Option::Some({
                #[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)]
                #wrapper
            })
        };
        let cfgs = attrs::cfg_attrs(&function.attrs);
        let doc = attrs::doc_text(&function.attrs);
        let index = match self.getsets.iter().position(|entry| entry.name == name) {
            Some(index) => index,
            None => {
                self.getsets.push(GetSet {
                    name,
                    span: ident.span(),
                    doc: String::new(),
                    cfgs,
                    getter: None,
                    setter: None,
                });
                self.getsets.len() - 1
            }
        };
        let entry = &mut self.getsets[index];
        let half = if is_setter { &mut entry.setter } else { &mut entry.getter };
        if half.replace(value).is_some() {
            return Err(syn::Error::new(ident.span(), format!("`{}` is bound twice", entry.name)));
        }
        // The getter's comment is the attribute's doc; the setter's explains the Rust function only.
        if !is_setter || entry.doc.is_empty() {
            entry.doc = doc;
        }
        Ok(())
    }

    fn add_slot(&mut self, mut args: AttrArgs, function: &ImplItemFn, self_ty: &Type) -> Result<()> {
        let raw = args.flag("raw")?;
        let mut words = args.words();
        args.finish("the name of the slot and `raw`")?;
        let slot = match (words.pop(), words.is_empty()) {
            (Some(word), true) => word,
            (None, _) => function.sig.ident.clone(),
            (Some(word), false) => return Err(syn::Error::new(word.span(), "one function fills one slot")),
        };
        let value = slots::expand(&slot, raw, &function.sig, self_ty)?;
        self.fill(slot, function, value)
    }

    /// Fills a slot, once.
    fn fill(&mut self, slot: Ident, function: &ImplItemFn, value: TokenStream) -> Result<()> {
        let cfgs = attrs::cfg_attrs(&function.attrs);
        if cfgs.is_empty() && self.slots.iter().any(|(other, ..)| *other == slot) {
            return Err(syn::Error::new(function.sig.ident.span(), format!("`{slot}` is filled twice")));
        }
        self.slots.push((slot, cfgs, value));
        Ok(())
    }

    /// Records the class's text signature; `__new__`'s wins over `__init__`'s only by coming first.
    fn class_signature(&mut self, plan: &Plan, sig: Option<&LitStr>) {
        if self.class_signature.is_none() && sig.is_some() {
            self.class_signature = Some(plan.signature.text(None));
        }
    }

    /// `#[pynew]`: `tp_new` with binding, and `tp_vectorcall` when asked for.
    fn add_new(&mut self, mut args: AttrArgs, function: &ImplItemFn, self_ty: &Type) -> Result<()> {
        let ident = &function.sig.ident;
        let sig = args.string("sig")?;
        let vectorcall = args.flag("vectorcall")?;
        let unsigned = args.flag("unsigned")?;
        args.finish("`sig`, `vectorcall` and `unsigned`")?;
        let (_, params) = split_receiver(&function.sig, Style::Class, Some(self_ty))?;
        let plan = Plan::new(sig.as_ref(), params, ident.span())?;
        if !unsigned {
            self.class_signature(&plan, sig.as_ref());
        }
        let glue = glue();
        let fname = quote!(<#self_ty as #glue::StaticType>::NAME);
        let arguments = plan.arguments();
        let receiver = Receiver::Class.argument(None);
        let result = quote_spanned! {at(function::output_span(&function.sig))=>
            #glue::IntoPyResult::into_py_result(<#self_ty>::#ident(#receiver #arguments))
        };
        // CPython's constructors ignore surplus arguments when a subclass brings an `__init__` of its own.
        let lines = plan.bind_tuple_dict(&fname, Some(quote!(unsafe { #glue::new_is_strict::<#self_ty>(slf) })));
        let new = quote! {
            ::core::option::Option::Some({
                #[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)]
                unsafe extern "C-unwind" fn new(
                    slf: *mut #glue::PyTypeObject,
                    args: *mut #glue::PyObject,
                    kwargs: *mut #glue::PyObject,
                ) -> *mut #glue::PyObject {
                    let slf: *mut #glue::PyObject = slf.cast();
                    #glue::return_object((|| -> #glue::PyResult<#glue::ObjRef> {
                        #lines
                        #result
                    })())
                }
                new
            })
        };
        self.fill(format_ident!("tp_new", span = ident.span()), function, new)?;
        if vectorcall {
            self.vectorcall = Some(ident.span());
            let lines = plan.bind_type_vector(&fname);
            let value = quote! {
                ::core::option::Option::Some({
                    #[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)]
                    unsafe extern "C-unwind" fn vectorcall(
                        slf: *mut #glue::PyObject,
                        args: *const *mut #glue::PyObject,
                        nargsf: ::core::primitive::usize,
                        kwnames: *mut #glue::PyObject,
                    ) -> *mut #glue::PyObject {
                        let nargs = #glue::vectorcall_nargs(nargsf);
                        #glue::return_object((|| -> #glue::PyResult<#glue::ObjRef> {
                            #lines
                            #result
                        })())
                    }
                    vectorcall
                })
            };
            // Without parameters there are no lines that look at the vector.
            let value =
                if plan.convention() == Convention::NoArgs { no_argument_vectorcall(&fname, &result) } else { value };
            self.fill(format_ident!("tp_vectorcall", span = ident.span()), function, value)?;
        }
        Ok(())
    }

    /// `#[pyinit]`: `tp_init` with binding.
    fn add_init(&mut self, mut args: AttrArgs, function: &ImplItemFn, self_ty: &Type) -> Result<()> {
        let ident = &function.sig.ident;
        let sig = args.string("sig")?;
        args.finish("`sig`")?;
        let (receiver, params) = split_receiver(&function.sig, Style::Instance, Some(self_ty))?;
        let plan = Plan::new(sig.as_ref(), params, ident.span())?;
        self.class_signature(&plan, sig.as_ref());
        let glue = glue();
        let fname = quote!(<#self_ty as #glue::StaticType>::NAME);
        let lines = plan.bind_tuple_dict(&fname, Some(quote!(unsafe { #glue::init_is_strict::<#self_ty>(slf) })));
        let arguments = plan.arguments();
        let receiver = receiver.argument(Some(self_ty));
        let result = quote_spanned! {at(function::output_span(&function.sig))=>
            #glue::into_result::<(), _>(<#self_ty>::#ident(#receiver #arguments))
        };
        let value = quote! {
            ::core::option::Option::Some({
                #[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)]
                unsafe extern "C-unwind" fn init(
                    slf: *mut #glue::PyObject,
                    args: *mut #glue::PyObject,
                    kwargs: *mut #glue::PyObject,
                ) -> ::core::ffi::c_int {
                    #glue::return_unit((|| -> #glue::PyResult<()> {
                        #lines
                        #result
                    })())
                }
                init
            })
        };
        self.fill(format_ident!("tp_init", span = ident.span()), function, value)
    }

    /// `#[pycall]`: `tp_call` with binding.
    fn add_call(&mut self, mut args: AttrArgs, function: &ImplItemFn, self_ty: &Type) -> Result<()> {
        let ident = &function.sig.ident;
        let sig = args.string("sig")?;
        args.finish("`sig`")?;
        let (receiver, params) = split_receiver(&function.sig, Style::Instance, Some(self_ty))?;
        let plan = Plan::new(sig.as_ref(), params, ident.span())?;
        let glue = glue();
        let lines = plan.bind_tuple_dict(&quote!("__call__"), None);
        let arguments = plan.arguments();
        let receiver = receiver.argument(Some(self_ty));
        let result = quote_spanned! {at(function::output_span(&function.sig))=>
            #glue::IntoPyResult::into_py_result(<#self_ty>::#ident(#receiver #arguments))
        };
        let value = quote! {
            ::core::option::Option::Some({
                #[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)]
                unsafe extern "C-unwind" fn call(
                    slf: *mut #glue::PyObject,
                    args: *mut #glue::PyObject,
                    kwargs: *mut #glue::PyObject,
                ) -> *mut #glue::PyObject {
                    #glue::return_object((|| -> #glue::PyResult<#glue::ObjRef> {
                        #lines
                        #result
                    })())
                }
                call
            })
        };
        self.fill(format_ident!("tp_call", span = ident.span()), function, value)
    }

    /// The `ClassImpl` of the type.
    fn class_impl(&self, self_ty: &Type) -> Result<TokenStream> {
        let has_init = self.slots.iter().any(|(slot, ..)| slot == "tp_init");
        if let (Some(span), true) = (self.vectorcall, has_init) {
            return Err(syn::Error::new(
                span,
                "a vectorcall constructor skips `__init__`, so the type cannot have one of its own",
            ));
        }
        let glue = glue();
        let methods = (!self.methods.is_empty()).then(|| {
            let table = function::static_table("DEFS", &quote!(#glue::PyMethodDef), &self.methods);
            quote! {
                const METHODS: *const #glue::PyMethodDef = {
                    #table
                    (&raw const DEFS).cast()
                };
            }
        });
        let getsets = if self.getsets.is_empty() {
            None
        } else {
            let getsets = self.getsets.iter().map(GetSet::expand).collect::<Result<Vec<_>>>()?;
            let table = function::static_table("DEFS", &quote!(#glue::PyGetSetDef), &getsets);
            Some(quote! {
                const GETSETS: *const #glue::PyGetSetDef = {
                    #table
                    (&raw const DEFS).cast()
                };
            })
        };
        let slots = self.slots.iter().map(|(slot, cfgs, value)| quote!(#(#cfgs)* #slot: #value));
        let signature = self
            .class_signature
            .as_ref()
            .map(|text| quote!(const TEXT_SIGNATURE: &'static ::core::primitive::str = #text;));
        Ok(quote! {
            #[automatically_derived]
            impl #glue::ClassImpl for #self_ty {
                #methods
                #getsets
                #signature
                const SLOTS: #glue::Slots = #glue::Slots {
                    #(#slots,)*
                    ..#glue::Slots::EMPTY
                };
            }
        })
    }
}

impl GetSet {
    /// An element of the getset table.
    fn expand(&self) -> Result<Entry> {
        let glue = glue();
        if self.getter.is_none() && self.setter.is_none() {
            return Err(syn::Error::new(self.span, "neither getter nor setter"));
        }
        let name = attrs::c_literal(&self.name, self.span)?;
        let doc = optional_doc(&self.doc, self.span)?;
        let none = quote!(::core::option::Option::None);
        let getter = self.getter.as_ref().unwrap_or(&none);
        let setter = self.setter.as_ref().unwrap_or(&none);
        Ok((self.cfgs.clone(), quote!(#glue::getset_def(#name, #getter, #setter, #doc))))
    }
}

/// `Some(c"...")`, or `None` for an empty text.
pub fn optional_doc(doc: &str, span: Span) -> Result<TokenStream> {
    if doc.is_empty() {
        return Ok(quote!(::core::option::Option::None));
    }
    let doc = attrs::doc_literal(doc, span)?;
    Ok(quote!(::core::option::Option::Some(#doc)))
}

/// The `tp_vectorcall` of a constructor without parameters.
fn no_argument_vectorcall(fname: &TokenStream, result: &TokenStream) -> TokenStream {
    let glue = glue();
    quote! {
        ::core::option::Option::Some({
            #[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)]
            unsafe extern "C-unwind" fn vectorcall(
                slf: *mut #glue::PyObject,
                args: *const *mut #glue::PyObject,
                nargsf: ::core::primitive::usize,
                kwnames: *mut #glue::PyObject,
            ) -> *mut #glue::PyObject {
                #glue::return_object((|| -> #glue::PyResult<#glue::ObjRef> {
                    unsafe { #glue::no_vector_arguments(#fname, nargsf, kwnames) }?;
                    #result
                })())
            }
            vectorcall
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn expansion_is_rust() {
        let item: ItemImpl = parse_quote! {
            impl PyThing {
                /// Removes one.
                #[pymethod(sig = "($self, index=-1, /)", coexist)]
                fn pop(&self, index: isize) -> PyResult<ObjRef> { x() }
                #[pyclassmethod]
                fn fromkeys(cls: &PyTypeObject, keys: &PyObject) -> PyResult<ObjRef> { x() }
                #[pystaticmethod]
                fn maketrans(a: &PyObject) -> PyResult<ObjRef> { x() }
                #[pygetset]
                fn width(zelf: &Self) -> usize { 0 }
                #[pygetset(setter)]
                fn set_width(&self, value: Option<&PyObject>) -> PyResult<()> { x() }
                #[slot]
                fn tp_repr(zelf: &PyObject) -> PyResult<ObjRef> { x() }
                #[pynew(sig = "(iterable=(), /)", vectorcall)]
                fn py_new(cls: &PyTypeObject, iterable: Option<&PyObject>) -> PyResult<ObjRef> { x() }
                #[pycall]
                fn py_call(&self) -> i64 { 0 }
                fn helper(&self) {}
            }
        };
        let tokens = expand(TokenStream::new(), item).unwrap();
        let text = tokens.to_string();
        let file: syn::File = syn::parse2(tokens).unwrap();
        assert_eq!(file.items.len(), 2);
        assert!(text.contains(r#""(iterable=(), /)""#), "{text}");
        assert!(text.contains(r#"b"pop($self, index=-1, /)\n--\n\nRemoves one.\0""#), "{text}");
        assert!(text.contains(r#"b"fromkeys($type, keys, /)\n--\n\n\0""#), "{text}");
        assert!(!text.contains("# [pymethod"));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |item: ItemImpl| expand(TokenStream::new(), item).expect_err("should fail").to_string();
        assert!(error(parse_quote!(impl T { #[pymethod] #[slot] fn tp_str(&self) {} })).contains("only once"));
        assert!(error(parse_quote!(impl T { #[pymethod] fn f(x: &PyObject) {} })).contains("receiver"));
        assert!(error(parse_quote!(impl T { #[pymethod(nmae = "x")] fn f(&self) {} })).contains("unknown argument"));
        assert!(
            error(parse_quote!(impl T { #[pygetset(setter)] fn x(&self, v: Option<&PyObject>) {} })).contains("set_x")
        );
        assert!(
            error(parse_quote! {
                impl T {
                    #[pynew(vectorcall)] fn n(cls: &PyTypeObject) {}
                    #[pyinit] fn i(&self) {}
                }
            })
            .contains("skips `__init__`")
        );
    }
}
