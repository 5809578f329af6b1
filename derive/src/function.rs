//! Argument binding: from a Python signature and Rust parameter types to the body of a C wrapper.
//!
//! A [`Plan`] pairs each name of the signature with a Rust parameter. It picks the calling convention as Argument Clinic
//! does, and generates the `let a0 = ...;` lines that turn the C arguments into Rust values. The lines are the same for
//! methods, functions, constructors and `__call__`; only where the arguments come from differs ([`Source`]).

use crate::attrs::{self, AttrArgs};
use crate::signature::{Kind, Param, Signature};
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, FnArg, ItemFn, Lit, LitStr, Pat, Result, Type, UnOp};

/// The path of the VM module that generated code goes through.
pub fn glue() -> TokenStream {
    quote!(::rpy_vm::object::class_impl::glue)
}

/// A span whose errors point at user code while names resolve as in all generated code.
pub fn at(span: Span) -> Span {
    span.resolved_at(Span::call_site())
}

/// One parameter of the annotated Rust function, receiver excluded.
pub struct RustParam {
    /// The Python name it would have without a `sig`.
    pub name: String,
    /// Its type.
    pub ty: Type,
}

/// What the first parameter of the annotated function has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// `&self`, or `zelf: &T` with `Self` or another struct that is the start of the instance.
    Instance,
    /// `cls: &PyTypeObject`.
    Class,
    /// Nothing special.
    Static,
    /// Possibly `module: &PyModule`.
    Function,
}

/// What the first parameter is.
#[derive(Clone, PartialEq, Eq)]
pub enum Receiver {
    /// The instance as its Rust struct.
    This,
    /// The instance as another struct it starts with, such as `PyObject`.
    Typed(Box<Type>),
    /// The class.
    Class,
    /// The module.
    Module,
    /// There is none.
    None,
}

impl Receiver {
    /// The expression that makes the receiver out of the C pointer called `slf`, followed by a comma.
    pub fn argument(&self, self_ty: Option<&Type>) -> TokenStream {
        let glue = glue();
        // SAFETY of the generated code: the caller of a slot or method passes a live instance of the owning type.
        match self {
            Receiver::This => quote!(unsafe { #glue::receiver::<#self_ty>(slf) },),
            Receiver::Typed(ty) => quote!(unsafe { #glue::receiver::<#ty>(slf) },),
            Receiver::Class => quote!(unsafe { #glue::receiver::<#glue::PyTypeObject>(slf) },),
            Receiver::Module => quote!(unsafe { #glue::receiver::<#glue::PyModule>(slf) },),
            Receiver::None => quote!(),
        }
    }
}

/// Splits the parameters of `sig` into the receiver and the rest.
pub fn split_receiver(
    sig: &syn::Signature,
    style: Style,
    self_ty: Option<&Type>,
) -> Result<(Receiver, Vec<RustParam>)> {
    if let Some(keyword) = &sig.asyncness {
        return Err(syn::Error::new(keyword.span(), "Python cannot call an async fn"));
    }
    if sig.generics.params.iter().any(|param| !matches!(param, syn::GenericParam::Lifetime(_))) {
        return Err(syn::Error::new(sig.generics.span(), "a function that Python calls cannot be generic"));
    }
    let mut receiver = Receiver::None;
    let mut params = Vec::new();
    for (index, input) in sig.inputs.iter().enumerate() {
        match input {
            FnArg::Receiver(this) => {
                if style != Style::Instance {
                    return Err(syn::Error::new(this.span(), "this kind of function has no `self`"));
                }
                if this.reference.is_none() || this.mutability.is_some() {
                    return Err(syn::Error::new(this.span(), "Python objects are shared: write `&self`"));
                }
                receiver = Receiver::This;
            }
            FnArg::Typed(typed) => {
                if index == 0
                    && let Some(found) = typed_receiver(typed, style, self_ty)?
                {
                    receiver = found;
                    continue;
                }
                params.push(RustParam { name: pattern_name(&typed.pat, index)?, ty: (*typed.ty).clone() });
            }
        }
    }
    let missing = match style {
        Style::Instance if receiver == Receiver::None => "expected `&self` or `zelf: &Self` first",
        Style::Class if receiver == Receiver::None => "expected `cls: &PyTypeObject` first",
        _ => return Ok((receiver, params)),
    };
    Err(syn::Error::new(sig.ident.span(), missing))
}

/// Recognizes a receiver that is written as an ordinary parameter.
fn typed_receiver(typed: &syn::PatType, style: Style, self_ty: Option<&Type>) -> Result<Option<Receiver>> {
    let target = match &*typed.ty {
        Type::Reference(reference) if reference.mutability.is_none() => Some(&*reference.elem),
        _ => None,
    };
    let last = target.and_then(last_segment);
    match style {
        Style::Static => Ok(None),
        Style::Class => Ok(Some(Receiver::Class)),
        Style::Function => {
            let name = pattern_name(&typed.pat, 0)?;
            Ok((name == "module" && last.is_some_and(|last| last == "PyModule")).then_some(Receiver::Module))
        }
        Style::Instance => {
            // Another struct is believed only under a receiver's name: a forgotten `&self` must not turn the first
            // argument into an unchecked receiver.
            let named = matches!(pattern_name(&typed.pat, 0)?.as_str(), "zelf" | "slf" | "this");
            match (target, last) {
                (Some(_), Some(last)) if last == "Self" || Some(last) == self_ty.and_then(last_segment) => {
                    Ok(Some(Receiver::This))
                }
                (Some(target), Some(_)) if named => Ok(Some(Receiver::Typed(Box::new(target.clone())))),
                _ => Err(syn::Error::new(
                    typed.ty.span(),
                    "the receiver has to be `&self`, `zelf: &Self` or `zelf: &OtherStruct`",
                )),
            }
        }
    }
}

/// The last path segment of a type that is a path.
pub fn last_segment(ty: &Type) -> Option<&Ident> {
    match ty {
        Type::Path(path) => path.path.segments.last().map(|segment| &segment.ident),
        Type::Group(group) => last_segment(&group.elem),
        Type::Paren(paren) => last_segment(&paren.elem),
        _ => None,
    }
}

/// The Python name of a Rust parameter: `r#` and leading underscores removed.
fn pattern_name(pattern: &Pat, index: usize) -> Result<String> {
    match pattern {
        Pat::Ident(ident) => {
            let name = attrs::python_name(&ident.ident);
            Ok(name.trim_start_matches('_').to_owned())
        }
        Pat::Wild(_) => Ok(format!("arg{index}")),
        other => Err(syn::Error::new(other.span(), "expected a plain parameter name")),
    }
}

/// How C code calls the wrapper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convention {
    /// `METH_NOARGS`.
    NoArgs,
    /// `METH_O`.
    One,
    /// `METH_FASTCALL`: positional arguments only.
    Fast,
    /// `METH_FASTCALL | METH_KEYWORDS`.
    FastKeywords,
}

/// Where the generated lines find the arguments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    /// A single object `arg`.
    One,
    /// A slice `args` whose length was checked; there are no keywords.
    Slice,
    /// The array `out` and the `bound` rest, which `ArgSpec::bind` filled.
    Bound,
}

/// A signature whose parameters are matched with Rust parameters.
pub struct Plan {
    /// The Python side.
    pub signature: Signature,
    /// The Rust types, in the order of the signature's parameters.
    types: Vec<Type>,
}

impl Plan {
    /// Matches `params` with the `sig` attribute, or makes positional-only parameters of them.
    pub fn new(sig: Option<&LitStr>, params: Vec<RustParam>, span: Span) -> Result<Self> {
        let signature = match sig {
            Some(sig) => Signature::parse(&sig.value()).map_err(|error| syn::Error::new(sig.span(), error))?,
            None => {
                let trailing = params.iter().rev().take_while(|param| is_option(&param.ty)).count();
                let first_optional = params.len() - trailing;
                let named: Vec<(String, bool)> = params
                    .iter()
                    .enumerate()
                    .map(|(index, param)| (param.name.clone(), index >= first_optional))
                    .collect();
                Signature::positional(&named)
            }
        };
        if signature.params.len() != params.len() {
            let span = sig.map_or(span, LitStr::span);
            return Err(syn::Error::new(
                span,
                format!(
                    "the signature has {} parameters, the function has {} (receiver not counted)",
                    signature.params.len(),
                    params.len()
                ),
            ));
        }
        let types: Vec<Type> = params.into_iter().map(|param| param.ty).collect();
        for (param, ty) in signature.params.iter().zip(&types) {
            check_type(param, ty)?;
        }
        Ok(Self { signature, types })
    }

    /// The convention Argument Clinic would choose.
    pub fn convention(&self) -> Convention {
        let params = &self.signature.params;
        match params.as_slice() {
            [] => Convention::NoArgs,
            [only] if only.kind == Kind::PositionalOnly && only.default.is_none() => Convention::One,
            _ if self.is_positional() => Convention::Fast,
            _ => Convention::FastKeywords,
        }
    }

    /// Whether no argument can be passed by name.
    pub fn is_positional(&self) -> bool {
        self.signature.params.iter().all(|param| matches!(param.kind, Kind::PositionalOnly | Kind::VarPositional))
    }

    /// The names `a0, a1, ...` under which the converted arguments are available.
    fn names(&self) -> Vec<Ident> {
        (0..self.types.len()).map(|index| format_ident!("a{index}")).collect()
    }

    /// The call arguments after the receiver.
    pub fn arguments(&self) -> TokenStream {
        let names = self.names();
        quote!(#(#names),*)
    }

    /// The lines for a function called with a vector: `args: *const *mut PyObject`, `nargs: usize` and, with
    /// [`Convention::FastKeywords`], `kwnames: *mut PyObject`. For [`Convention::One`] there is only `arg`.
    pub fn bind_vector(&self, fname: &TokenStream) -> TokenStream {
        let glue = glue();
        match self.convention() {
            Convention::NoArgs => quote!(),
            Convention::One => self.convert(fname, Source::One),
            Convention::Fast => {
                let lines = self.slice_lines(fname);
                quote! {
                    let args: &[&#glue::PyObject] = unsafe { #glue::vector(args, nargs) };
                    #lines
                }
            }
            Convention::FastKeywords => {
                let spec = self.spec(fname);
                let size = self.table_size();
                let lines = self.convert(fname, Source::Bound);
                quote! {
                    #spec
                    let mut out: [::core::option::Option<&#glue::PyObject>; #size] = [::core::option::Option::None; #size];
                    let bound = unsafe { SPEC.bind(args, nargs, #glue::optional_pointer::<#glue::PyTuple>(kwnames), &mut out) }?;
                    #lines
                }
            }
        }
    }

    /// The lines for a type's `tp_vectorcall`: as [`Plan::bind_vector`], but `kwnames` always exists and every convention
    /// reads the vector.
    pub fn bind_type_vector(&self, fname: &TokenStream) -> TokenStream {
        let glue = glue();
        if !self.is_positional() {
            return self.bind_vector(fname);
        }
        let lines = self.slice_lines(fname);
        quote! {
            unsafe { #glue::no_keyword_names(#fname, kwnames) }?;
            let args: &[&#glue::PyObject] = unsafe { #glue::vector(args, nargs) };
            #lines
        }
    }

    /// The lines for a function called with `args: *mut PyObject` (a tuple) and `kwargs: *mut PyObject` (a dict or NULL).
    ///
    /// `guard` is a condition under which surplus arguments are errors although the function takes none; constructors use
    /// it because a subclass may override the other one of `__new__` and `__init__`.
    pub fn bind_tuple_dict(&self, fname: &TokenStream, guard: Option<TokenStream>) -> TokenStream {
        let glue = glue();
        let guard = guard.unwrap_or_else(|| quote!(true));
        if self.signature.params.is_empty() {
            return quote! {
                if #guard {
                    unsafe { #glue::no_arguments(#fname, args, kwargs) }?;
                }
            };
        }
        if self.is_positional() {
            let lines = self.slice_lines(fname);
            return quote! {
                if #guard {
                    unsafe { #glue::no_keywords(#fname, kwargs) }?;
                }
                let args: &[&#glue::PyObject] = unsafe { #glue::tuple_items(args) };
                #lines
            };
        }
        let spec = self.spec(fname);
        let size = self.table_size();
        let lines = self.convert(fname, Source::Bound);
        quote! {
            #spec
            let mut out: [::core::option::Option<&#glue::PyObject>; #size] = [::core::option::Option::None; #size];
            let keywords = unsafe { #glue::dict_keywords(kwargs) };
            let bound = SPEC.bind_slices(unsafe { #glue::tuple_items(args) }, keywords.as_keywords(), &mut out)?;
            #lines
        }
    }

    /// The count check and the conversions from the slice `args`.
    fn slice_lines(&self, fname: &TokenStream) -> TokenStream {
        let glue = glue();
        let positional = self.positional_count();
        let minimum = self.required_positional();
        let maximum =
            if self.has(Kind::VarPositional) { quote!(::core::primitive::usize::MAX) } else { quote!(#positional) };
        let lines = self.convert(fname, Source::Slice);
        quote! {
            #glue::check_positional(#fname, args.len(), #minimum, #maximum)?;
            #lines
        }
    }

    /// The static table that drives keyword binding.
    fn spec(&self, fname: &TokenStream) -> TokenStream {
        let glue = glue();
        let table: Vec<&Param> = self.table().collect();
        let names: Vec<&String> = table.iter().map(|param| &param.name).collect();
        let size = names.len();
        let required_keywords =
            table.iter().filter(|param| param.kind == Kind::KeywordOnly).map(|param| !param.is_optional());
        let posonly = self.signature.params.iter().filter(|param| param.kind == Kind::PositionalOnly).count();
        let maximum = self.positional_count();
        let minimum = self.required_positional();
        let varargs = self.has(Kind::VarPositional);
        let varkw = self.has(Kind::VarKeyword);
        quote! {
            static NAMES: [#glue::StaticName; #size] = [#(#glue::StaticName::new(#names)),*];
            static SPEC: #glue::ArgSpec = #glue::ArgSpec::new(
                #fname,
                &[#(#names),*],
                &NAMES,
                #posonly,
                #minimum,
                #maximum,
                &[#(#required_keywords),*],
                #varargs,
                #varkw,
            );
        }
    }

    /// The parameters that have an entry in `out`: all but `*args` and `**kwargs`.
    fn table(&self) -> impl Iterator<Item = &Param> {
        self.signature.params.iter().filter(|param| !matches!(param.kind, Kind::VarPositional | Kind::VarKeyword))
    }

    fn table_size(&self) -> usize {
        self.table().count()
    }

    fn has(&self, kind: Kind) -> bool {
        self.signature.params.iter().any(|param| param.kind == kind)
    }

    fn positional_count(&self) -> usize {
        self.table().filter(|param| param.kind != Kind::KeywordOnly).count()
    }

    fn required_positional(&self) -> usize {
        self.table().filter(|param| param.kind != Kind::KeywordOnly && param.default.is_none()).count()
    }

    /// The `let` lines. Each is spanned at its Rust type, so that a missing `FromArg` is reported there.
    fn convert(&self, fname: &TokenStream, source: Source) -> TokenStream {
        let mut entry = 0_usize;
        let mut lines = TokenStream::new();
        for ((param, ty), name) in self.signature.params.iter().zip(&self.types).zip(self.names()) {
            let span = at(ty.span());
            let value = match param.kind {
                Kind::VarPositional => self.rest(source),
                Kind::VarKeyword => quote!(bound.kwargs),
                _ => {
                    let value = self.convert_one(param, ty, entry, fname, source);
                    entry += 1;
                    value
                }
            };
            lines.extend(quote_spanned!(span=> let #name = #value;));
        }
        lines
    }

    /// The arguments that `*args` receives.
    fn rest(&self, source: Source) -> TokenStream {
        let positional = self.positional_count();
        match source {
            Source::Bound => quote!(bound.varargs),
            _ if positional == 0 => quote!(args),
            _ => quote!(args.get(#positional..).unwrap_or(&[])),
        }
    }

    /// The conversion of one named parameter.
    fn convert_one(&self, param: &Param, ty: &Type, entry: usize, fname: &TokenStream, source: Source) -> TokenStream {
        let glue = glue();
        let span = at(ty.span());
        let display = match (source, param.kind) {
            (Source::One, _) => "argument".to_owned(),
            (_, Kind::PositionalOnly) => format!("argument {}", entry + 1),
            _ => format!("argument '{}'", param.name),
        };
        let ctx = quote!(const { &#glue::arg_ctx(#fname, #display) });
        match &param.default {
            None => {
                let object = match source {
                    Source::One => quote!(unsafe { #glue::receiver::<#glue::PyObject>(arg) }),
                    Source::Slice => quote!(args[#entry]),
                    Source::Bound => quote!(#glue::filled(out[#entry])),
                };
                if is_option(ty) {
                    quote_spanned!(span=> #glue::nullable(#object, #ctx)?)
                } else {
                    quote_spanned!(span=> #glue::required(#object, #ctx)?)
                }
            }
            Some(default) => {
                let object = match source {
                    Source::Slice => quote!(args.get(#entry).copied()),
                    _ => quote!(out[#entry]),
                };
                if !is_option(ty) {
                    // `check_type` has made sure that the default can be written in Rust.
                    let literal = literal_default(default).unwrap_or_default();
                    quote_spanned! {span=>
                        match #object {
                            ::core::option::Option::Some(object) => #glue::required(object, #ctx)?,
                            ::core::option::Option::None => #literal,
                        }
                    }
                } else if default == "None" {
                    quote_spanned!(span=> #glue::optional_or_none(#object, #ctx)?)
                } else {
                    quote_spanned!(span=> #glue::optional(#object, #ctx)?)
                }
            }
        }
    }
}

/// Rejects the Rust types that cannot go with a parameter, as far as their spelling shows it.
fn check_type(param: &Param, ty: &Type) -> Result<()> {
    let problem = match param.kind {
        Kind::VarPositional if !is_slice(ty) => "`*args` goes into a `&[&PyObject]`",
        Kind::VarKeyword if last_segment(ty).is_none_or(|last| last != "KwArgs") => {
            "`**kwargs` goes into a `KwArgs<'_>`"
        }
        Kind::VarPositional | Kind::VarKeyword => return Ok(()),
        _ => match &param.default {
            Some(default) if !is_option(ty) && literal_default(default).is_none() => {
                "a parameter with a default has to be an `Option`, unless the default is a plain number, string, True or False"
            }
            _ => return Ok(()),
        },
    };
    Err(syn::Error::new(ty.span(), format!("{problem} (parameter `{}`)", param.name)))
}

/// Whether a type is spelled `Option<...>`.
fn is_option(ty: &Type) -> bool {
    last_segment(ty).is_some_and(|last| last == "Option")
}

/// Whether a type is spelled `&[...]`.
fn is_slice(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if matches!(*reference.elem, Type::Slice(_)))
}

/// A Python default as a Rust expression, when both languages write it alike (or nearly).
fn literal_default(text: &str) -> Option<TokenStream> {
    match text {
        "True" => return Some(quote!(true)),
        "False" => return Some(quote!(false)),
        _ => {}
    }
    for quote in ['\'', '"'] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            return (!inner.contains(['\\', quote])).then(|| quote!(#inner));
        }
    }
    let number = |expr: &Expr| match expr {
        Expr::Lit(literal) => matches!(literal.lit, Lit::Int(_) | Lit::Float(_)),
        _ => false,
    };
    let expr: Expr = syn::parse_str(text).ok()?;
    let fits = match &expr {
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && number(&unary.expr),
        other => number(other),
    };
    fits.then(|| quote!(#expr))
}

/// What goes into one `PyMethodDef`.
pub struct MethodEntry<'a> {
    /// The Python name.
    pub name: String,
    /// The doc comment.
    pub doc: String,
    /// Does the doc begin without a signature?
    pub unsigned: bool,
    /// How the doc's signature calls the receiver, if it shows one.
    pub doc_receiver: Option<&'static str>,
    /// `METH_*` constants of the glue module, besides the convention's.
    pub flags: Vec<&'static str>,
    /// The function's path.
    pub target: TokenStream,
    /// Its receiver.
    pub receiver: Receiver,
    /// The type of the receiver, for methods.
    pub self_ty: Option<&'a Type>,
    /// Its other parameters.
    pub plan: Plan,
    /// Where errors about the whole entry point to.
    pub span: Span,
    /// Where a result that Python cannot take is reported.
    pub output_span: Span,
}

impl MethodEntry<'_> {
    /// A block expression of type `PyMethodDef`, with the wrapper inside.
    pub fn expand(&self) -> Result<TokenStream> {
        let glue = glue();
        let name = &self.name;
        let lines = self.plan.bind_vector(&quote!(#name));
        let receiver = self.receiver.argument(self.self_ty);
        let arguments = self.plan.arguments();
        let target = &self.target;
        let call = quote!(#target(#receiver #arguments));
        let result = quote_spanned!(at(self.output_span)=> #glue::IntoPyResult::into_py_result(#call));
        let (parameters, flags, nargs) = match self.plan.convention() {
            Convention::NoArgs => (quote!(_: *mut #glue::PyObject), quote!(#glue::METH_NOARGS), quote!()),
            Convention::One => (quote!(arg: *mut #glue::PyObject), quote!(#glue::METH_O), quote!()),
            Convention::Fast => (
                quote!(args: *const *mut #glue::PyObject, nargs: ::core::primitive::isize),
                quote!(#glue::METH_FASTCALL),
                quote!(let nargs = nargs as ::core::primitive::usize;),
            ),
            Convention::FastKeywords => (
                quote! {
                    args: *const *mut #glue::PyObject,
                    nargs: ::core::primitive::isize,
                    kwnames: *mut #glue::PyObject
                },
                quote!(#glue::METH_FASTCALL | #glue::METH_KEYWORDS),
                quote!(let nargs = nargs as ::core::primitive::usize;),
            ),
        };
        let extra = self.flags.iter().map(|flag| format_ident!("{flag}"));
        let doc = if self.unsigned {
            self.doc.clone()
        } else {
            format!("{name}{}\n--\n\n{}", self.plan.signature.text(self.doc_receiver), self.doc)
        };
        let doc = attrs::doc_literal(&doc, self.span)?;
        let c_name = attrs::c_literal(name, self.span)?;
        Ok(quote! {
            {
                #[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)]
                unsafe extern "C-unwind" fn wrapper(slf: *mut #glue::PyObject, #parameters) -> *mut #glue::PyObject {
                    #nargs
                    #glue::return_object((|| -> #glue::PyResult<#glue::ObjRef> {
                        #lines
                        #result
                    })())
                }
                #glue::method_def(#c_name, wrapper as *const ::core::ffi::c_void, #flags #(| #glue::#extra)*, #doc)
            }
        })
    }
}

/// One element of a table: its `#[cfg]`s and its expression.
pub type Entry = (Vec<syn::Attribute>, TokenStream);

/// `static #name: [#ty; n] = [entries..., #ty::END];`, where `n` counts what the `#[cfg]`s leave.
pub fn static_table(name: &str, ty: &TokenStream, entries: &[Entry]) -> TokenStream {
    let name = Ident::new(name, Span::call_site());
    let units = entries.iter().map(|(cfgs, _)| quote!(#(#cfgs)* ()));
    let values = entries.iter().map(|(cfgs, value)| quote!(#(#cfgs)* #value));
    // The length has to be written out, since statics with interior mutability cannot be borrowed from a temporary.
    quote!(static #name: [#ty; [#(#units,)* ()].len()] = [#(#values,)* #ty::END];)
}

/// The span of a function's return type, or of its name when it returns nothing.
pub fn output_span(sig: &syn::Signature) -> Span {
    match &sig.output {
        syn::ReturnType::Default => sig.ident.span(),
        syn::ReturnType::Type(_, ty) => ty.span(),
    }
}

/// The `PyMethodDef` expression of a `#[pyfunction]` with the arguments `args`.
pub fn function_entry(mut args: AttrArgs, item: &ItemFn) -> Result<TokenStream> {
    let name = args.string("name")?.map_or_else(|| attrs::python_name(&item.sig.ident), |name| name.value());
    let sig = args.string("sig")?;
    let unsigned = args.flag("unsigned")?;
    args.finish("`name`, `sig` and `unsigned`")?;
    let (receiver, params) = split_receiver(&item.sig, Style::Function, None)?;
    let ident = &item.sig.ident;
    MethodEntry {
        name,
        doc: attrs::doc_text(&item.attrs),
        unsigned,
        doc_receiver: Some("module"),
        flags: Vec::new(),
        target: quote!(#ident),
        receiver,
        self_ty: None,
        plan: Plan::new(sig.as_ref(), params, ident.span())?,
        span: ident.span(),
        output_span: output_span(&item.sig),
    }
    .expand()
}

/// `#[pyfunction]` outside of a `#[pymodule]`.
pub fn expand_pyfunction(args: TokenStream, item: ItemFn) -> Result<TokenStream> {
    let glue = glue();
    let entry = function_entry(AttrArgs::parse(args)?, &item)?;
    let ident = format_ident!("{}_DEF", attrs::python_name(&item.sig.ident).to_uppercase());
    let cfgs = attrs::cfg_attrs(&item.attrs);
    let doc = format!("The method table entry of [`{}`].", item.sig.ident);
    Ok(quote! {
        #item
        #[doc = #doc]
        #(#cfgs)*
        pub static #ident: #glue::PyMethodDef = #entry;
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    fn plan(item: &ItemFn, sig: Option<&str>) -> Result<Plan> {
        let (_, params) = split_receiver(&item.sig, Style::Function, None)?;
        let sig = sig.map(|sig| LitStr::new(sig, Span::call_site()));
        Plan::new(sig.as_ref(), params, Span::call_site())
    }

    #[test]
    fn conventions_are_clinics() {
        let none: ItemFn = parse_quote!(
            fn f() {}
        );
        let one: ItemFn = parse_quote!(
            fn f(_x: &PyObject) {}
        );
        let maybe: ItemFn = parse_quote!(
            fn f(x: Option<i64>) {}
        );
        let rest: ItemFn = parse_quote!(
            fn f(module: &PyModule, args: &[&PyObject]) {}
        );
        let convention = |item, sig| plan(item, sig).unwrap().convention();
        assert_eq!(convention(&none, None), Convention::NoArgs);
        assert_eq!(convention(&one, None), Convention::One);
        assert_eq!(convention(&one, Some("(x)")), Convention::FastKeywords);
        assert_eq!(convention(&maybe, None), Convention::Fast);
        assert_eq!(convention(&rest, Some("(*args)")), Convention::Fast);
        assert_eq!(plan(&one, None).unwrap().signature.text(Some("module")), "($module, x, /)");
    }

    #[test]
    fn mismatches_are_errors() {
        let one: ItemFn = parse_quote!(
            fn f(x: &PyObject) {}
        );
        assert!(plan(&one, Some("(x, y)")).is_err());
        assert!(plan(&one, Some("(x=None)")).is_err());
        assert!(plan(&one, Some("(*x)")).is_err());
        assert!(plan(&one, Some("(**x)")).is_err());
        let generic: ItemFn = parse_quote!(
            fn f<T>(x: T) {}
        );
        assert!(plan(&generic, None).is_err());
    }

    #[test]
    fn defaults_that_rust_can_write() {
        let text = |default| literal_default(default).map(|tokens| tokens.to_string());
        assert_eq!(text("-1").as_deref(), Some("- 1"));
        assert_eq!(text("0.5").as_deref(), Some("0.5"));
        assert_eq!(text("True").as_deref(), Some("true"));
        assert_eq!(text("' '").as_deref(), Some("\" \""));
        assert_eq!(text("None"), None);
        assert_eq!(text("sys.maxsize"), None);
        assert_eq!(text("'\\n'"), None);
    }

    #[test]
    fn expansion_is_rust() {
        let item: ItemFn = parse_quote! {
            /// Doc.
            fn f(module: &PyModule, a: i64, b: Option<&PyStr>, rest: &[&PyObject], c: bool, kw: KwArgs<'_>) -> i64 { a }
        };
        let args = quote!(sig = "(a, b=None, *rest, c=False, **kw)");
        let tokens = expand_pyfunction(args, item).unwrap();
        let file: syn::File = syn::parse2(tokens.clone()).unwrap();
        assert_eq!(file.items.len(), 2);
        let text = tokens.to_string();
        assert!(text.contains(r#"b"f($module, /, a, b=None, *rest, c=False, **kw)\n--\n\nDoc.\0""#), "{text}");
        assert!(text.contains("METH_FASTCALL"));
    }
}
