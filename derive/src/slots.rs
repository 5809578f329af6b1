//! The table of type slots: name, Rust arguments, Rust result; and the C trampolines generated from it.
//!
//! The C side of each slot is declared in the VM (`object/class_impl.rs`, struct `Slots`); the compiler checks every
//! trampoline against it, so the two tables cannot disagree unnoticed.

use crate::function::{self, Receiver, Style, at, glue, split_receiver};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Result, Type};

/// One argument of a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arg {
    /// The instance: `&self`.
    This,
    /// `&PyObject`.
    Object,
    /// `Option<&PyObject>`: NULL is None.
    Optional,
    /// `isize`.
    Index,
    /// `CompareOp`.
    Op,
    /// `&PyTuple`.
    Args,
    /// `Option<&PyDict>`.
    Kwargs,
    /// `&PyTypeObject`.
    Class,
}

/// The result of a slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ret {
    /// Anything `IntoPyResult`.
    Object,
    /// `PyResult<Option<T>>`; None is NULL without an exception.
    Next,
    /// `bool` as 0, 1 or -1.
    Bool,
    /// `()` as 0 or -1.
    Unit,
    /// `usize` as a length or -1.
    Length,
    /// `isize`, where -1 becomes -2.
    Hash,
    /// `SendResult`.
    Send,
    /// `()`, which cannot fail.
    Void,
    /// `tp_traverse(&self, v: &mut Visit<'_>)`.
    Traverse,
    /// Written with C types.
    Raw,
}

use Arg::{Args, Class, Index, Kwargs, Object, Op, Optional, This};

/// Every slot: its name, arguments and result.
const TABLE: &[(&str, &[Arg], Ret)] = &[
    // Numbers. Binary slots see their operands in the order of the expression, so the receiver may be either.
    ("nb_add", &[Object, Object], Ret::Object),
    ("nb_subtract", &[Object, Object], Ret::Object),
    ("nb_multiply", &[Object, Object], Ret::Object),
    ("nb_remainder", &[Object, Object], Ret::Object),
    ("nb_divmod", &[Object, Object], Ret::Object),
    ("nb_power", &[Object, Object, Object], Ret::Object),
    ("nb_negative", &[This], Ret::Object),
    ("nb_positive", &[This], Ret::Object),
    ("nb_absolute", &[This], Ret::Object),
    ("nb_bool", &[This], Ret::Bool),
    ("nb_invert", &[This], Ret::Object),
    ("nb_lshift", &[Object, Object], Ret::Object),
    ("nb_rshift", &[Object, Object], Ret::Object),
    ("nb_and", &[Object, Object], Ret::Object),
    ("nb_xor", &[Object, Object], Ret::Object),
    ("nb_or", &[Object, Object], Ret::Object),
    ("nb_int", &[This], Ret::Object),
    ("nb_float", &[This], Ret::Object),
    ("nb_inplace_add", &[This, Object], Ret::Object),
    ("nb_inplace_subtract", &[This, Object], Ret::Object),
    ("nb_inplace_multiply", &[This, Object], Ret::Object),
    ("nb_inplace_remainder", &[This, Object], Ret::Object),
    ("nb_inplace_power", &[This, Object, Object], Ret::Object),
    ("nb_inplace_lshift", &[This, Object], Ret::Object),
    ("nb_inplace_rshift", &[This, Object], Ret::Object),
    ("nb_inplace_and", &[This, Object], Ret::Object),
    ("nb_inplace_xor", &[This, Object], Ret::Object),
    ("nb_inplace_or", &[This, Object], Ret::Object),
    ("nb_floor_divide", &[Object, Object], Ret::Object),
    ("nb_true_divide", &[Object, Object], Ret::Object),
    ("nb_inplace_floor_divide", &[This, Object], Ret::Object),
    ("nb_inplace_true_divide", &[This, Object], Ret::Object),
    ("nb_index", &[This], Ret::Object),
    ("nb_matrix_multiply", &[Object, Object], Ret::Object),
    ("nb_inplace_matrix_multiply", &[This, Object], Ret::Object),
    // Sequences.
    ("sq_length", &[This], Ret::Length),
    ("sq_concat", &[This, Object], Ret::Object),
    ("sq_repeat", &[This, Index], Ret::Object),
    ("sq_item", &[This, Index], Ret::Object),
    ("sq_ass_item", &[This, Index, Optional], Ret::Unit),
    ("sq_contains", &[This, Object], Ret::Bool),
    ("sq_inplace_concat", &[This, Object], Ret::Object),
    ("sq_inplace_repeat", &[This, Index], Ret::Object),
    // Mappings.
    ("mp_length", &[This], Ret::Length),
    ("mp_subscript", &[This, Object], Ret::Object),
    ("mp_ass_subscript", &[This, Object, Optional], Ret::Unit),
    // Asynchronous iteration.
    ("am_await", &[This], Ret::Object),
    ("am_aiter", &[This], Ret::Object),
    ("am_anext", &[This], Ret::Object),
    ("am_send", &[This, Object], Ret::Send),
    // Buffers.
    ("bf_getbuffer", &[], Ret::Raw),
    ("bf_releasebuffer", &[], Ret::Raw),
    // The type itself.
    ("tp_dealloc", &[], Ret::Raw),
    ("tp_repr", &[This], Ret::Object),
    ("tp_str", &[This], Ret::Object),
    ("tp_hash", &[This], Ret::Hash),
    ("tp_call", &[This, Args, Kwargs], Ret::Object),
    ("tp_getattro", &[This, Object], Ret::Object),
    ("tp_setattro", &[This, Object, Optional], Ret::Unit),
    ("tp_richcompare", &[This, Object, Op], Ret::Object),
    ("tp_iter", &[This], Ret::Object),
    ("tp_iternext", &[This], Ret::Next),
    ("tp_descr_get", &[This, Optional, Optional], Ret::Object),
    ("tp_descr_set", &[This, Object, Optional], Ret::Unit),
    ("tp_init", &[This, Args, Kwargs], Ret::Unit),
    ("tp_new", &[Class, Args, Kwargs], Ret::Object),
    ("tp_alloc", &[], Ret::Raw),
    ("tp_free", &[], Ret::Raw),
    ("tp_is_gc", &[This], Ret::Bool),
    ("tp_traverse", &[This], Ret::Traverse),
    ("tp_clear", &[This], Ret::Unit),
    ("tp_finalize", &[This], Ret::Void),
    ("tp_del", &[], Ret::Raw),
    ("tp_vectorcall", &[], Ret::Raw),
    ("tp_getattr", &[], Ret::Raw),
    ("tp_setattr", &[], Ret::Raw),
];

impl Arg {
    /// How a function writes it.
    fn rust(self) -> &'static str {
        match self {
            This => "&self",
            Object => "&PyObject",
            Optional => "Option<&PyObject>",
            Index => "isize",
            Op => "CompareOp",
            Args => "&PyTuple",
            Kwargs => "Option<&PyDict>",
            Class => "&PyTypeObject",
        }
    }

    /// Its C type.
    fn c_type(self) -> TokenStream {
        let glue = glue();
        match self {
            Index => quote!(::core::primitive::isize),
            Op => quote!(::core::ffi::c_int),
            Class => quote!(*mut #glue::PyTypeObject),
            This | Object | Optional | Args | Kwargs => quote!(*mut #glue::PyObject),
        }
    }

    /// The Rust value made from the C parameter `name`. The receiver is made by [`Receiver::argument`].
    fn value(self, name: &Ident) -> TokenStream {
        let glue = glue();
        match self {
            This | Object => quote!(unsafe { #glue::receiver::<#glue::PyObject>(#name) }),
            Optional => quote!(unsafe { #glue::optional_pointer::<#glue::PyObject>(#name) }),
            Index => quote!(#name),
            Op => quote!(#glue::compare_op(#name)),
            Args => quote!(unsafe { #glue::receiver::<#glue::PyTuple>(#name) }),
            Kwargs => quote!(unsafe { #glue::optional_pointer::<#glue::PyDict>(#name) }),
            Class => quote!(unsafe { #glue::receiver::<#glue::PyTypeObject>(#name.cast()) }),
        }
    }
}

impl Ret {
    /// The C result type.
    fn c_type(self) -> TokenStream {
        let glue = glue();
        match self {
            Ret::Object | Ret::Next => quote!(*mut #glue::PyObject),
            Ret::Bool | Ret::Unit | Ret::Traverse => quote!(::core::ffi::c_int),
            Ret::Length | Ret::Hash => quote!(::core::primitive::isize),
            Ret::Send => quote!(#glue::CSendResult),
            Ret::Void | Ret::Raw => quote!(()),
        }
    }

    /// The C result made from the Rust expression `call`.
    fn value(self, call: &TokenStream, span: proc_macro2::Span) -> TokenStream {
        let glue = glue();
        let span = at(span);
        match self {
            Ret::Object => quote_spanned!(span=> #glue::return_object(#glue::IntoPyResult::into_py_result(#call))),
            Ret::Next => quote_spanned!(span=> #glue::return_next(#call)),
            Ret::Bool => quote_spanned!(span=> #glue::return_bool(#call)),
            Ret::Unit => quote_spanned!(span=> #glue::return_unit(#call)),
            Ret::Length => quote_spanned!(span=> #glue::return_length(#call)),
            Ret::Hash => quote_spanned!(span=> #glue::return_hash(#call)),
            Ret::Send => quote_spanned!(span=> unsafe { #glue::return_send(#call, result) }),
            Ret::Void => quote_spanned!(span=> { let () = #call; }),
            Ret::Traverse | Ret::Raw => call.clone(),
        }
    }
}

/// The allowances that every trampoline needs; the reasons are in the crate's documentation.
fn allowances() -> TokenStream {
    quote!(#[allow(unused_variables, unused_unsafe, clippy::all, clippy::undocumented_unsafe_blocks)])
}

/// The expression for the field `slot` of `Slots`: `Some(trampoline)`.
pub fn expand(slot: &Ident, raw: bool, sig: &syn::Signature, self_ty: &Type) -> Result<TokenStream> {
    let Some((_, args, ret)) = TABLE.iter().find(|(name, _, _)| slot == name) else {
        return Err(syn::Error::new(
            slot.span(),
            format!("there is no slot `{slot}`{}", suggestion(&slot.to_string())),
        ));
    };
    if raw || *ret == Ret::Raw {
        return raw_slot(sig, self_ty);
    }
    let ident = &sig.ident;
    let glue = glue();
    let allow = allowances();
    // The first argument decides how the receiver is read; the others are counted against the table.
    let (receiver, given) = match args[0] {
        This => {
            let (receiver, params) = split_receiver(sig, Style::Instance, Some(self_ty))?;
            (receiver, params.len() + 1)
        }
        _ => {
            let (_, params) = split_receiver(sig, Style::Static, Some(self_ty))?;
            (Receiver::None, params.len())
        }
    };
    if *ret == Ret::Traverse {
        if given != 2 {
            return Err(syn::Error::new(sig.span(), "expected `fn tp_traverse(&self, v: &mut Visit<'_>)`"));
        }
        let this = receiver.argument(Some(self_ty));
        return Ok(quote! {
            ::core::option::Option::Some({
                #allow
                unsafe extern "C-unwind" fn trampoline(
                    slf: *mut #glue::PyObject,
                    visit: #glue::visitproc,
                    arg: *mut ::core::ffi::c_void,
                ) -> ::core::ffi::c_int {
                    unsafe { #glue::traverse_with(visit, arg, |v| { let () = <#self_ty>::#ident(#this v); }) }
                }
                trampoline
            })
        });
    }
    if given != args.len() {
        let expected: Vec<&str> = args.iter().map(|arg| arg.rust()).collect();
        return Err(syn::Error::new(
            sig.inputs.span(),
            format!("`{slot}` has the arguments ({})", expected.join(", ")),
        ));
    }
    let names: Vec<Ident> = (0..args.len())
        .map(|index| if index == 0 { format_ident!("slf") } else { format_ident!("b{index}") })
        .collect();
    let types = args.iter().map(|arg| arg.c_type());
    let mut values = TokenStream::new();
    for (index, (arg, name)) in args.iter().zip(&names).enumerate() {
        if index == 0 && receiver != Receiver::None {
            values.extend(receiver.argument(Some(self_ty)));
        } else {
            let value = arg.value(name);
            values.extend(quote!(#value,));
        }
    }
    let result_pointer = (*ret == Ret::Send).then(|| quote!(, result: *mut *mut #glue::PyObject));
    let c_result = ret.c_type();
    let body = ret.value(&quote!(<#self_ty>::#ident(#values)), function::output_span(sig));
    Ok(quote! {
        ::core::option::Option::Some({
            #allow
            unsafe extern "C-unwind" fn trampoline(#(#names: #types),* #result_pointer) -> #c_result {
                #body
            }
            trampoline
        })
    })
}

/// A slot written with C types: installed as it is when its ABI is right, otherwise through a function of the right ABI.
fn raw_slot(sig: &syn::Signature, self_ty: &Type) -> Result<TokenStream> {
    let ident = &sig.ident;
    if let Some(abi) = &sig.abi {
        if abi.name.as_ref().is_none_or(|name| name.value() != "C-unwind") {
            return Err(syn::Error::new(abi.span(), "a raw slot is `unsafe extern \"C-unwind\" fn`"));
        }
        return Ok(quote!(::core::option::Option::Some(<#self_ty>::#ident)));
    }
    let mut types = Vec::new();
    for input in &sig.inputs {
        match input {
            FnArg::Typed(typed) => types.push(&typed.ty),
            FnArg::Receiver(this) => {
                return Err(syn::Error::new(this.span(), "this slot is written with C types: no `self`"));
            }
        }
    }
    let names: Vec<Ident> = (0..types.len()).map(|index| format_ident!("b{index}")).collect();
    let output = &sig.output;
    let allow = allowances();
    Ok(quote! {
        ::core::option::Option::Some({
            #allow
            unsafe extern "C-unwind" fn trampoline(#(#names: #types),*) #output {
                unsafe { <#self_ty>::#ident(#(#names),*) }
            }
            trampoline
        })
    })
}

/// What may have been meant by an unknown slot name.
fn suggestion(name: &str) -> String {
    let bare = name.split_once('_').map_or(name, |(_, rest)| rest);
    let near: Vec<&str> = TABLE
        .iter()
        .map(|(slot, _, _)| *slot)
        .filter(|slot| slot.split_once('_').is_some_and(|(_, rest)| rest == bare))
        .collect();
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use syn::{ImplItemFn, parse_quote};

    fn slot(item: &ImplItemFn) -> Result<TokenStream> {
        let self_ty: Type = parse_quote!(PyThing);
        expand(&item.sig.ident, false, &item.sig, &self_ty)
    }

    #[test]
    fn names_are_unique() {
        let names: HashSet<&str> = TABLE.iter().map(|(name, _, _)| *name).collect();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn trampolines_are_rust() {
        let items: Vec<ImplItemFn> = vec![
            parse_quote!(
                fn tp_repr(&self) -> PyResult<ObjRef> {
                    x()
                }
            ),
            parse_quote!(
                fn nb_add(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
                    x()
                }
            ),
            parse_quote!(
                fn tp_iternext(zelf: &Self) -> PyResult<Option<ObjRef>> {
                    x()
                }
            ),
            parse_quote!(
                fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
                    x()
                }
            ),
            parse_quote!(
                fn tp_traverse(&self, v: &mut Visit<'_>) {
                    x()
                }
            ),
            parse_quote!(
                fn am_send(&self, value: &PyObject) -> PyResult<SendResult> {
                    x()
                }
            ),
            parse_quote!(
                unsafe fn tp_dealloc(slf: *mut PyObject) {
                    x()
                }
            ),
        ];
        for item in items {
            let tokens = slot(&item).unwrap();
            syn::parse2::<syn::Expr>(tokens).unwrap();
        }
    }

    #[test]
    fn mistakes_are_named() {
        let error = |item: ImplItemFn| slot(&item).expect_err("should fail").to_string();
        assert!(
            error(parse_quote!(
                fn tp_length(&self) -> usize {
                    0
                }
            ))
            .contains("sq_length or mp_length")
        );
        assert!(
            error(parse_quote!(
                fn nb_add(&self, b: &PyObject) -> i64 {
                    0
                }
            ))
            .contains("no `self`")
        );
        assert!(
            error(parse_quote!(
                fn sq_item(&self) -> i64 {
                    0
                }
            ))
            .contains("(&self, isize)")
        );
        assert!(
            error(parse_quote!(
                fn tp_repr(&mut self) -> i64 {
                    0
                }
            ))
            .contains("shared")
        );
    }
}
