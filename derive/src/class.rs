//! `#[pyclass]`: the static type object of a struct.

use crate::attrs::{self, AttrArgs};
use crate::function::{Entry, glue, last_segment, static_table};
use crate::methods::optional_doc;
use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Field, ItemStruct, LitStr, Result, Type};

/// The arguments of the attribute.
struct ClassArgs {
    name: String,
    module: Option<String>,
    symbol: Option<LitStr>,
    base: Option<Type>,
    no_base: bool,
    layout: Option<Type>,
    flags: Vec<Ident>,
    itemsize: Option<Expr>,
    basicsize: Option<Expr>,
    weaklist: Option<Ident>,
    dict: Option<Ident>,
    vectorcall: Option<Ident>,
    dealloc: Option<Expr>,
    gc: bool,
    no_methods: bool,
}

/// What `finish` tells about the attribute.
const KNOWN: &str = "`name`, `module`, `symbol`, `base`, `no_base`, `layout`, `flags`, `itemsize`, `basicsize`, `weaklist`, \
                     `dict`, `vectorcall`, `dealloc`, `gc`, `no_new`, `no_methods` and `hidden`";

impl ClassArgs {
    fn parse(tokens: TokenStream, ident: &Ident) -> Result<Self> {
        let mut args = AttrArgs::parse(tokens)?;
        let name = args.string("name")?.map_or_else(
            || {
                let own = attrs::python_name(ident);
                own.strip_prefix("Py").filter(|rest| !rest.is_empty()).unwrap_or(&own).to_owned()
            },
            |name| name.value(),
        );
        let mut parsed = Self {
            name,
            module: args.string("module")?.map(|module| module.value()).filter(|module| module != "builtins"),
            symbol: args.string("symbol")?,
            base: type_of(args.expr("base")?)?,
            no_base: args.flag("no_base")?,
            layout: type_of(args.expr("layout")?)?,
            flags: args.idents("flags")?,
            itemsize: args.expr("itemsize")?,
            basicsize: args.expr("basicsize")?,
            weaklist: args.ident("weaklist")?,
            dict: args.ident("dict")?,
            vectorcall: args.ident("vectorcall")?,
            dealloc: args.expr("dealloc")?,
            gc: args.flag("gc")?,
            no_methods: args.flag("no_methods")?,
        };
        if args.flag("no_new")? {
            parsed.flags.push(format_ident!("DISALLOW_INSTANTIATION"));
        }
        // `hidden` concerns `#[pymodule]` only.
        args.flag("hidden")?;
        args.finish(KNOWN)?;
        if parsed.gc {
            parsed.flags.push(format_ident!("HAVE_GC"));
        }
        if parsed.vectorcall.is_some() {
            parsed.flags.push(format_ident!("HAVE_VECTORCALL"));
        }
        Ok(parsed)
    }
}

/// A path expression as a type.
fn type_of(expr: Option<Expr>) -> Result<Option<Type>> {
    match expr {
        None => Ok(None),
        Some(Expr::Path(path)) => Ok(Some(Type::Path(syn::TypePath { qself: path.qself, path: path.path }))),
        Some(other) => Err(syn::Error::new(other.span(), "expected a type")),
    }
}

/// The name of the Rust static: the exported symbol's, or the struct's in capitals.
fn static_name(symbol: Option<&LitStr>, ident: &Ident) -> Result<Ident> {
    match symbol {
        Some(symbol) => symbol.parse(),
        None => Ok(format_ident!("{}_TYPE", attrs::python_name(ident).to_uppercase(), span = ident.span())),
    }
}

/// Expands the attribute.
pub fn expand(tokens: TokenStream, mut item: ItemStruct) -> Result<TokenStream> {
    let args = ClassArgs::parse(tokens, &item.ident)?;
    let fields = take_field_attrs(&mut item)?;
    if !item.generics.params.is_empty() {
        return Err(syn::Error::new(item.generics.span(), "a Python type cannot be generic"));
    }
    let glue = glue();
    let ident = item.ident.clone();
    let static_ident = static_name(args.symbol.as_ref(), &ident)?;
    let layout = match &args.layout {
        Some(layout) => {
            if !item.fields.is_empty() || args.gc {
                return Err(syn::Error::new(
                    ident.span(),
                    "with `layout` the struct is only a name: no fields, and `tp_traverse` as a slot instead of `gc`",
                ));
            }
            quote!(#layout)
        }
        None => quote!(#ident),
    };
    let impls = if args.layout.is_some() { quote!() } else { struct_impls(&item, &args, &static_ident)? };
    let type_object = type_object(&item, &args, &fields, &static_ident, &layout)?;
    let name = &args.name;
    let class_impl = args.no_methods.then(|| {
        quote! {
            #[automatically_derived]
            impl #glue::ClassImpl for #ident {
                const SLOTS: #glue::Slots = #glue::Slots::EMPTY;
            }
        }
    });
    Ok(quote! {
        #item
        #impls
        #type_object
        // SAFETY: the static is this type's own type object.
        #[automatically_derived]
        unsafe impl #glue::StaticType for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            const TYPE: *const #glue::PyTypeObject = &raw const #static_ident;
        }
        #class_impl
    })
}

/// A field and what its attributes say.
struct FieldInfo {
    ident: Ident,
    ty: Type,
    skip_traverse: bool,
    /// Visited, and there as long as the object is.
    keep: bool,
    members: Vec<TokenStream>,
}

/// Strips and reads the attributes of the fields.
fn take_field_attrs(item: &mut ItemStruct) -> Result<Vec<FieldInfo>> {
    let mut infos = Vec::new();
    let owner = item.ident.clone();
    for field in &mut item.fields {
        let taken = attrs::take_attrs(&mut field.attrs, &["pymember", "pytraverse"]);
        let Some(ident) = field.ident.clone() else {
            return Err(syn::Error::new(field.span(), "the fields of a Python object have names"));
        };
        let mut info =
            FieldInfo { ident, ty: field.ty.clone(), skip_traverse: false, keep: false, members: Vec::new() };
        for attr in &taken {
            let mut args = AttrArgs::of(attr)?;
            if attr.path().is_ident("pytraverse") {
                info.skip_traverse = args.flag("skip")?;
                info.keep = args.flag("keep")?;
                args.finish("`skip` or `keep`")?;
            } else {
                info.members.push(member(args, field, &info.ident, &owner)?);
            }
        }
        infos.push(info);
    }
    Ok(infos)
}

/// The words of `#[pymember]` and the codes of the VM's `member` module they stand for.
const MEMBER_TYPES: &[(&str, &str)] = &[
    ("object", "OBJECT"),
    ("object_ex", "OBJECT_EX"),
    ("short", "SHORT"),
    ("int", "INT"),
    ("long", "LONG"),
    ("longlong", "LONGLONG"),
    ("isize", "PYSSIZET"),
    ("byte", "BYTE"),
    ("ubyte", "UBYTE"),
    ("ushort", "USHORT"),
    ("uint", "UINT"),
    ("ulong", "ULONG"),
    ("ulonglong", "ULONGLONG"),
    ("bool", "BOOL"),
    ("char", "CHAR"),
    ("float", "FLOAT"),
    ("double", "DOUBLE"),
    ("string", "STRING"),
    ("string_inplace", "STRING_INPLACE"),
];

/// One `PyMemberDef` expression.
fn member(mut args: AttrArgs, field: &Field, ident: &Ident, owner: &Ident) -> Result<TokenStream> {
    let glue = glue();
    let readonly = args.flag("readonly")?;
    let name = args.string("name")?.map_or_else(|| attrs::python_name(ident), |name| name.value());
    let words = args.words();
    args.finish("`name`, `readonly` and a type such as `object_ex`")?;
    let [word] = words.as_slice() else {
        return Err(syn::Error::new(ident.span(), "expected exactly one member type, such as `object_ex`"));
    };
    let Some((_, code)) = MEMBER_TYPES.iter().find(|(known, _)| word == known) else {
        let known: Vec<&str> = MEMBER_TYPES.iter().map(|(known, _)| *known).collect();
        return Err(syn::Error::new(word.span(), format!("unknown member type; known are {}", known.join(", "))));
    };
    let code = format_ident!("{code}");
    let flags = if readonly { quote!(#glue::member::READONLY) } else { quote!(0) };
    let name = attrs::c_literal(&name, ident.span())?;
    let doc = optional_doc(&attrs::doc_text(&field.attrs), ident.span())?;
    Ok(quote! {
        #glue::member_def(#name, #glue::member::#code, ::core::mem::offset_of!(#owner, #ident), #flags, #doc)
    })
}

/// `PyStruct` and `PyClass`.
fn struct_impls(item: &ItemStruct, args: &ClassArgs, static_ident: &Ident) -> Result<TokenStream> {
    let glue = glue();
    let ident = &item.ident;
    let is_c = item.attrs.iter().any(|attr| {
        let mut found = false;
        if attr.path().is_ident("repr") {
            let outcome = attr.parse_nested_meta(|meta| {
                found |= meta.path.is_ident("C");
                if meta.input.peek(syn::token::Paren) {
                    let content;
                    syn::parenthesized!(content in meta.input);
                    content.parse::<TokenStream>()?;
                }
                Ok(())
            });
            found &= outcome.is_ok();
        }
        found
    });
    if !is_c {
        return Err(syn::Error::new(ident.span(), "a Python object needs `#[repr(C)]`"));
    }
    let Some(first) = item.fields.iter().next() else {
        return Err(syn::Error::new(ident.span(), "the first field has to be the object header, `ob_base: PyObject`"));
    };
    let first_ty = &first.ty;
    let name = &args.name;
    // A `*_SUBCLASS` flag answers the question "is it a subtype" by itself, for the type at the root of the flag's family:
    // `bool` carries the flag of `int`, but not every int is a bool.
    let subclass_flag = args
        .flags
        .iter()
        .find(|flag| args.base.is_none() && flag.to_string().ends_with("_SUBCLASS"))
        .map(|flag| quote!(const SUBCLASS_FLAG: ::core::primitive::u64 = #glue::flags::#flag;));
    let check = quote_spanned!(first_ty.span()=> const _: () = #glue::assert_struct::<#first_ty>(););
    Ok(quote! {
        #check
        // SAFETY: repr(C), and the line above proves that the first field is or starts with a header.
        #[automatically_derived]
        unsafe impl #glue::PyStruct for #ident {}
        // SAFETY: the static below gives its instances this layout.
        #[automatically_derived]
        unsafe impl #glue::PyClass for #ident {
            const NAME: &'static ::core::primitive::str = #name;
            #subclass_flag
            #[inline(always)]
            fn type_object() -> &'static #glue::PyTypeObject {
                &#static_ident
            }
        }
    })
}

/// The static itself.
fn type_object(
    item: &ItemStruct,
    args: &ClassArgs,
    fields: &[FieldInfo],
    static_ident: &Ident,
    layout: &TokenStream,
) -> Result<TokenStream> {
    let glue = glue();
    let ident = &item.ident;
    let span = ident.span();
    let full_name = match &args.module {
        Some(module) => format!("{module}.{}", args.name),
        None => args.name.clone(),
    };
    let c_name = attrs::c_literal(&full_name, span)?;
    let doc = attrs::doc_text(&item.attrs);
    let class_name = &args.name;
    let base = match (&args.base, args.no_base) {
        (Some(_), true) => return Err(syn::Error::new(span, "`base` and `no_base` exclude each other")),
        (Some(base), false) => quote!(<#base as #glue::StaticType>::TYPE),
        (None, true) => quote!(::core::ptr::null()),
        (None, false) => quote!(<#glue::PyObject as #glue::StaticType>::TYPE),
    };
    let flags = args.flags.iter().map(|flag| quote!(| #glue::flags::#flag));
    let basicsize =
        args.basicsize.as_ref().map_or_else(|| quote!(::core::mem::size_of::<#layout>()), |size| quote!(#size));
    let itemsize = args.itemsize.as_ref().map_or_else(|| quote!(0), |size| quote!(#size));
    let offset = |field: &Option<Ident>| match field {
        Some(field) => quote!(::core::mem::offset_of!(#layout, #field)),
        None => quote!(0),
    };
    let (weaklist, dict, vectorcall) = (offset(&args.weaklist), offset(&args.dict), offset(&args.vectorcall));
    let dealloc =
        args.dealloc.as_ref().map_or_else(|| quote!(#glue::dealloc_rust::<#layout>), |dealloc| quote!(#dealloc));
    let members = members(fields);
    let gc = gc(args, fields, ident);
    let export = args.symbol.as_ref().map(|symbol| quote!(#[unsafe(export_name = #symbol)]));
    let cfgs = attrs::cfg_attrs(&item.attrs);
    let comment = format!("The type object of `{full_name}`.");
    Ok(quote! {
        #[doc = #comment]
        #(#cfgs)*
        #[allow(non_upper_case_globals)]
        #export
        pub static #static_ident: #glue::PyTypeObject = {
            const SLOTS: #glue::Slots = <#ident as #glue::ClassImpl>::SLOTS;
            static NUMBER: #glue::PyNumberMethods = SLOTS.number();
            static SEQUENCE: #glue::PySequenceMethods = SLOTS.sequence();
            static MAPPING: #glue::PyMappingMethods = SLOTS.mapping();
            static ASYNC: #glue::PyAsyncMethods = SLOTS.asynchronous();
            static BUFFER: #glue::PyBufferProcs = SLOTS.buffer();
            const SIGNATURE: &::core::primitive::str = <#ident as #glue::ClassImpl>::TEXT_SIGNATURE;
            static DOC: [::core::primitive::u8; #glue::doc_size(#class_name, SIGNATURE, #doc)] =
                #glue::doc_bytes(#class_name, SIGNATURE, #doc);
            #members
            #gc
            #glue::build_type(
                &#glue::TypeSpec {
                    name: #c_name,
                    doc: if DOC.len() > 1 { DOC.as_ptr().cast() } else { ::core::ptr::null() },
                    basicsize: #basicsize,
                    itemsize: #itemsize,
                    flags: #glue::flags::IMMUTABLETYPE #(#flags)*,
                    base: #base,
                    weaklist: #weaklist,
                    dict: #dict,
                    vectorcall: #vectorcall,
                    methods: <#ident as #glue::ClassImpl>::METHODS,
                    getsets: <#ident as #glue::ClassImpl>::GETSETS,
                    members: MEMBERS,
                    dealloc: ::core::option::Option::Some(#dealloc),
                    traverse: TRAVERSE,
                    clear: CLEAR,
                    number: &raw const NUMBER,
                    sequence: &raw const SEQUENCE,
                    mapping: &raw const MAPPING,
                    asynchronous: &raw const ASYNC,
                    buffer: &raw const BUFFER,
                },
                &SLOTS,
            )
        };
    })
}

/// `const MEMBERS: *const PyMemberDef`.
fn members(fields: &[FieldInfo]) -> TokenStream {
    let glue = glue();
    let members: Vec<Entry> =
        fields.iter().flat_map(|field| &field.members).map(|member| (Vec::new(), member.clone())).collect();
    if members.is_empty() {
        return quote!(const MEMBERS: *const #glue::PyMemberDef = ::core::ptr::null(););
    }
    let table = static_table("MEMBER_DEFS", &quote!(#glue::PyMemberDef), &members);
    quote! {
        #table
        const MEMBERS: *const #glue::PyMemberDef = (&raw const MEMBER_DEFS).cast();
    }
}

/// `const TRAVERSE` and `const CLEAR`: functions over the fields with `gc`, otherwise `None`.
fn gc(args: &ClassArgs, fields: &[FieldInfo], ident: &Ident) -> TokenStream {
    let glue = glue();
    if !args.gc {
        return quote! {
            const TRAVERSE: ::core::option::Option<#glue::traverseproc> = ::core::option::Option::None;
            const CLEAR: ::core::option::Option<#glue::inquiry> = ::core::option::Option::None;
        };
    }
    // A header holds nothing to visit; a struct that extends another one leaves the first part to the base type.
    let extends = fields
        .first()
        .is_some_and(|first| !last_segment(&first.ty).is_some_and(|last| last == "PyObject" || last == "PyVarObject"));
    let base = args.base.as_ref().filter(|_| extends).map_or_else(|| quote!(#glue::PyObject), |base| quote!(#base));
    let (traverse_base, clear_base) = if extends {
        (
            quote! {
                let outcome = unsafe { #glue::traverse_base::<#base>(slf, visit, arg) };
                if outcome != 0 {
                    return outcome;
                }
            },
            quote!(unsafe { #glue::clear_base::<#base>(slf) };),
        )
    } else {
        (quote!(), quote!())
    };
    let visited: Vec<&FieldInfo> = fields.iter().skip(1).filter(|field| !field.skip_traverse).collect();
    let call = |function: &str, fields: &[&FieldInfo], extra: TokenStream| -> Vec<TokenStream> {
        let function = Ident::new(function, Span::call_site());
        fields
            .iter()
            .map(|field| {
                let name = &field.ident;
                quote_spanned!(field.ty.span().resolved_at(Span::call_site())=> #glue::Traverse::#function(&this.#name #extra);)
            })
            .collect()
    };
    let traversals = call("traverse", &visited, quote!(, v));
    let cleared: Vec<&FieldInfo> = visited.into_iter().filter(|field| !field.keep).collect();
    let clears = call("clear", &cleared, quote!());
    quote! {
        const TRAVERSE: ::core::option::Option<#glue::traverseproc> = ::core::option::Option::Some({
            #[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)]
            unsafe extern "C-unwind" fn traverse(
                slf: *mut #glue::PyObject,
                visit: #glue::visitproc,
                arg: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int {
                #traverse_base
                unsafe {
                    #glue::traverse_with(visit, arg, |v| {
                        let this = #glue::receiver::<#ident>(slf);
                        #(#traversals)*
                    })
                }
            }
            traverse
        });
        const CLEAR: ::core::option::Option<#glue::inquiry> = ::core::option::Option::Some({
            #[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)]
            unsafe extern "C-unwind" fn clear(slf: *mut #glue::PyObject) -> ::core::ffi::c_int {
                #clear_base
                let this = unsafe { #glue::receiver::<#ident>(slf) };
                #(#clears)*
                0
            }
            clear
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn expansion_is_rust() {
        let item: ItemStruct = parse_quote! {
            /// A pair.
            #[repr(C)]
            pub struct PyPair {
                ob_base: PyObject,
                #[pymember(readonly, object_ex)]
                left: OptRef,
                #[pytraverse(skip)]
                hash: Cell<isize>,
                weakrefs: Cell<*mut PyObject>,
            }
        };
        let args = quote! {
            name = "pair", module = "demo", symbol = "PyPair_Type", base = crate::PyBase, flags(BASETYPE), gc, weaklist = weakrefs
        };
        let tokens = expand(args, item).unwrap();
        let text = tokens.to_string();
        syn::parse2::<syn::File>(tokens).unwrap();
        assert!(text.contains(r#"c"demo.pair""#), "{text}");
        assert!(text.contains(r#"export_name = "PyPair_Type""#), "{text}");
        assert!(text.contains("this . left"), "{text}");
        assert!(!text.contains("this . hash"), "{text}");
        assert!(!text.contains("pymember"));
    }

    #[test]
    fn mistakes_are_named() {
        let error = |args: TokenStream, item: ItemStruct| expand(args, item).expect_err("should fail").to_string();
        assert!(
            error(
                quote!(),
                parse_quote!(
                    struct T {
                        ob_base: PyObject,
                    }
                )
            )
            .contains("repr(C)")
        );
        assert!(
            error(
                quote!(),
                parse_quote!(
                    #[repr(C)]
                    struct T;
                )
            )
            .contains("header")
        );
        assert!(
            error(
                quote!(nmae = "x"),
                parse_quote!(
                    #[repr(C)]
                    struct T {
                        ob_base: PyObject,
                    }
                )
            )
            .contains("unknown argument")
        );
        assert!(
            error(
                quote!(layout = PyX),
                parse_quote!(
                    struct T {
                        a: i32,
                    }
                )
            )
            .contains("only a name")
        );
        assert!(
            error(
                quote!(),
                parse_quote!(
                    #[repr(C)]
                    struct T {
                        ob_base: PyObject,
                        #[pymember(objct)]
                        a: OptRef,
                    }
                )
            )
            .contains("unknown member type")
        );
    }
}
