//! Argument binding for functions defined in Rust: counts, keywords, defaults, and the errors CPython gives for them.
//!
//! The attribute macros emit one [`ArgSpec`] for every function that takes keywords, and call [`check_positional`] directly
//! for those that do not. Binding only sorts borrowed pointers into an array on the wrapper's stack; nothing is allocated
//! unless keywords arrive in a dict. What a missing optional argument means, and conversions, are the wrapper's business.
//!
//! Two families of messages exist, as in CPython, since programs and tests compare them:
//! `pop expected at most 1 argument, got 2` (positional-only functions) and
//! `f() takes at most 2 arguments (3 given)` (functions with keywords).

use core::slice;
use std::borrow::Cow;

use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::intern::StaticName;
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, Ref};
use crate::types::dict::PyDict;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// The parameters of one function, as a constant.
///
/// `params` are all parameters but `*args` and `**kwargs`, in the order of the signature: positional-only ones, then those
/// that may be passed either way, then keyword-only ones.
pub struct ArgSpec {
    /// The function's name, without parentheses. Empty: messages speak of "function", as CPython's do where the caller of
    /// its parser left out the name.
    fname: &'static str,
    /// The parameters' names.
    params: &'static [&'static str],
    /// The same, as interned strings made on first use.
    names: &'static [StaticName],
    /// How many parameters are positional-only.
    posonly: usize,
    /// How many positional parameters are required; they come first.
    minpos: usize,
    /// How many parameters may be passed by position.
    maxpos: usize,
    /// For each keyword-only parameter, whether it is required.
    required_keywords: &'static [bool],
    /// Whether any of them is.
    needs_keywords: bool,
    /// Whether there is an `*args`.
    varargs: bool,
    /// Whether there is a `**kwargs`.
    varkw: bool,
}

/// What `bind` finds beside the named parameters.
pub struct Bound<'a> {
    /// The surplus positional arguments, for `*args`.
    pub varargs: &'a [&'a PyObject],
    /// The keywords that no parameter takes, for `**kwargs`.
    pub kwargs: KwArgs<'a>,
}

impl ArgSpec {
    /// The table, made by the attribute macros.
    #[expect(clippy::too_many_arguments, reason = "generated code is the only caller")]
    pub const fn new(
        fname: &'static str,
        params: &'static [&'static str],
        names: &'static [StaticName],
        posonly: usize,
        minpos: usize,
        maxpos: usize,
        required_keywords: &'static [bool],
        varargs: bool,
        varkw: bool,
    ) -> ArgSpec {
        assert!(names.len() == params.len());
        assert!(posonly <= maxpos && minpos <= maxpos && maxpos + required_keywords.len() == params.len());
        let mut needs_keywords = false;
        let mut index = 0;
        while index < required_keywords.len() {
            needs_keywords |= required_keywords[index];
            index += 1;
        }
        ArgSpec { fname, params, names, posonly, minpos, maxpos, required_keywords, needs_keywords, varargs, varkw }
    }

    /// Binds a vectorcall: `nargs` positional arguments, followed by the values of the keywords named in `kwnames`.
    ///
    /// On success `out`, which has an entry for each of `params` and starts as all `None`, holds what was passed; required
    /// parameters are there.
    ///
    /// # Errors
    /// `TypeError`, in CPython's words.
    ///
    /// # Safety
    /// `args` points to `nargs` borrowed references plus one for each of `kwnames`, alive for `'a`.
    #[inline]
    pub unsafe fn bind<'a>(
        &'static self,
        args: *const *mut PyObject,
        nargs: usize,
        kwnames: Option<&'a PyTuple>,
        out: &mut [Option<&'a PyObject>],
    ) -> PyResult<Bound<'a>> {
        // SAFETY: the caller's promise; a reference and a non-null pointer are the same thing in memory.
        let positional = unsafe { vector(args, nargs) };
        // SAFETY: the caller's promise.
        let keywords = unsafe { Keywords::from_vector(args, nargs, kwnames) };
        self.bind_slices(positional, keywords, out)
    }

    /// Binds the arguments of `tp_call`, `tp_new` and `tp_init`. `holder` keeps the keywords alive.
    ///
    /// # Errors
    /// As [`ArgSpec::bind`].
    pub fn bind_tuple_dict<'a>(
        &'static self,
        args: &'a PyTuple,
        kwargs: Option<&PyDict>,
        holder: &'a mut DictKeywords,
        out: &mut [Option<&'a PyObject>],
    ) -> PyResult<Bound<'a>> {
        *holder = DictKeywords::new(kwargs);
        self.bind_slices(args.items(), holder.as_keywords(), out)
    }

    /// As [`ArgSpec::bind`], from slices.
    ///
    /// # Errors
    /// As [`ArgSpec::bind`].
    #[inline]
    pub fn bind_slices<'a>(
        &'static self,
        args: &'a [&'a PyObject],
        keywords: Keywords<'a>,
        out: &mut [Option<&'a PyObject>],
    ) -> PyResult<Bound<'a>> {
        let (positional, varargs) = args.split_at(args.len().min(self.maxpos));
        for (entry, &object) in out.iter_mut().zip(positional) {
            *entry = Some(object);
        }
        // What nearly every call looks like: no keywords, and an acceptable number of positional arguments.
        let unmatched = if keywords.is_empty()
            && !self.needs_keywords
            && args.len() >= self.minpos
            && (varargs.is_empty() || self.varargs)
        {
            0
        } else {
            self.bind_keywords(args.len(), keywords, out)?
        };
        Ok(Bound { varargs, kwargs: KwArgs { keywords, spec: Some(self), unmatched } })
    }

    /// The general case: `out` already holds the positional arguments. Gives the number of keywords left for `**kwargs`.
    #[inline(never)]
    fn bind_keywords<'a>(
        &'static self,
        nargs: usize,
        keywords: Keywords<'a>,
        out: &mut [Option<&'a PyObject>],
    ) -> PyResult<usize> {
        let given = nargs.min(self.maxpos);
        self.check_counts(nargs, keywords.len())?;
        let mut unmatched = keywords.len();
        let interned = keywords.are_interned();
        for (index, entry) in out.iter_mut().enumerate().skip(given.max(self.posonly)) {
            let found = match unmatched {
                0 => None,
                _ if interned => keywords.find_interned(self, index),
                _ => keywords.find(self, index),
            };
            match found {
                Some(value) => {
                    *entry = Some(value);
                    unmatched -= 1;
                }
                None if self.is_required(index) => {
                    return Err(exc::type_error(format!(
                        "{} missing required argument '{}' (pos {})",
                        self.called(),
                        self.params[index],
                        index + 1
                    )));
                }
                None => {}
            }
        }
        if unmatched != 0 {
            self.check_unmatched(given, keywords)?;
        }
        Ok(unmatched)
    }

    /// The function in messages.
    fn called(&self) -> Cow<'static, str> {
        if self.fname.is_empty() { Cow::Borrowed("function") } else { Cow::Owned(format!("{}()", self.fname)) }
    }

    /// The checks that only count.
    fn check_counts(&self, nargs: usize, nkeywords: usize) -> PyResult<()> {
        let maxpos = self.maxpos;
        let total = nargs + nkeywords;
        let maximum = self.params.len();
        if !self.varargs && !self.varkw && total > maximum {
            // "keyword" avoids blaming positional arguments when there are none.
            let keyword = if nargs == 0 { "keyword " } else { "" };
            return Err(exc::type_error(format!(
                "{} takes at most {maximum} {keyword}argument{} ({total} given)",
                self.called(),
                plural(maximum)
            )));
        }
        if !self.varargs && nargs > maxpos {
            return Err(exc::type_error(if maxpos == 0 {
                format!("{} takes no positional arguments", self.called())
            } else {
                let bound = if self.minpos < maxpos { "at most" } else { "exactly" };
                let (called, s) = (self.called(), plural(maxpos));
                format!("{called} takes {bound} {maxpos} positional argument{s} ({nargs} given)")
            }));
        }
        let minimum = self.posonly.min(self.minpos);
        if nargs < minimum {
            let bound = if minimum < maxpos { "at least" } else { "exactly" };
            return Err(exc::type_error(format!(
                "{} takes {bound} {minimum} positional argument{} ({nargs} given)",
                self.called(),
                plural(minimum)
            )));
        }
        Ok(())
    }

    /// Some keywords name no unfilled parameter: they repeat a positional argument, or go to `**kwargs`, or are wrong.
    #[cold]
    fn check_unmatched(&'static self, given: usize, keywords: Keywords<'_>) -> PyResult<()> {
        for index in self.posonly..given {
            if keywords.find(self, index).is_some() {
                return Err(exc::type_error(format!(
                    "argument for {} given by name ('{}') and position ({})",
                    self.called(),
                    self.params[index],
                    index + 1
                )));
            }
        }
        for &name in keywords.names {
            let Some(name) = name.downcast_ref::<PyStr>() else {
                return Err(exc::type_error("keywords must be strings"));
            };
            if !self.varkw && !self.takes(name) {
                let text = name.to_string_lossy();
                let candidates = self.params[self.posonly..].iter().copied();
                let hint = crate::runtime::suggestions::closest(&text, candidates)
                    .map_or_else(String::new, |candidate| format!(". Did you mean '{candidate}'?"));
                return Err(exc::type_error(format!(
                    "{} got an unexpected keyword argument '{text}'{hint}",
                    self.called(),
                )));
            }
        }
        if !self.varkw {
            // One too many, of which each claims to be a parameter's name.
            return Err(exc::type_error(format!("invalid keyword argument for {}", self.called())));
        }
        Ok(())
    }

    /// Whether the parameter at `index` has to be passed.
    fn is_required(&self, index: usize) -> bool {
        match index.checked_sub(self.maxpos) {
            None => index < self.minpos,
            Some(keyword) => self.required_keywords[keyword],
        }
    }

    /// Whether a parameter can be passed under `name`.
    fn takes(&'static self, name: &PyStr) -> bool {
        (self.posonly..self.params.len()).any(|index| {
            self.is_name(index, name)
                || !name.as_object().is_exact_type(PyStr::type_object())
                    && crate::protocol::object::eq(name.as_object(), PyStr::new(self.params[index]).as_object())
                        .unwrap_or(false)
        })
    }

    /// Whether `name` is the name of the parameter at `index`.
    #[inline]
    fn is_name(&'static self, index: usize, name: &PyStr) -> bool {
        // Names in calls are interned by the compiler, as ours are, so the address nearly always decides a match.
        core::ptr::eq(self.names[index].get(), name) || name.eq_str(self.params[index])
    }
}

/// The plural ending that CPython's messages use.
const fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Keyword arguments as passed: names and, in the same order, values.
#[derive(Clone, Copy)]
pub struct Keywords<'a> {
    names: &'a [&'a PyObject],
    values: &'a [&'a PyObject],
}

impl<'a> Keywords<'a> {
    /// No keywords.
    pub const NONE: Keywords<'static> = Keywords { names: &[], values: &[] };

    /// Those of a vectorcall with `nargs` positional arguments.
    ///
    /// # Safety
    /// As for [`ArgSpec::bind`].
    #[inline]
    pub unsafe fn from_vector(args: *const *mut PyObject, nargs: usize, kwnames: Option<&'a PyTuple>) -> Keywords<'a> {
        match kwnames {
            None => Keywords::NONE,
            Some(names) => {
                let names = names.items();
                // SAFETY: the values follow the positional arguments.
                Keywords { names, values: unsafe { vector(args.wrapping_add(nargs), names.len()) } }
            }
        }
    }

    /// How many there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Are all names interned? There is only one of a kind then.
    fn are_interned(&self) -> bool {
        self.names.iter().all(|name| name.downcast_exact::<PyStr>().is_some_and(|name| name.interned_state() != 0))
    }

    /// The value passed for the parameter at `index`, if the name that says so is interned.
    #[inline(always)]
    fn find_interned(&self, spec: &'static ArgSpec, index: usize) -> Option<&'a PyObject> {
        let wanted: *const PyStr = spec.names[index].get();
        let position = self.names.iter().position(|&name| core::ptr::eq(name, wanted.cast()))?;
        self.values.get(position).copied()
    }

    /// The value passed for the parameter at `index`.
    fn find(&self, spec: &'static ArgSpec, index: usize) -> Option<&'a PyObject> {
        if let Some(value) = self.find_interned(spec, index) {
            return Some(value);
        }
        let is_wanted = |name: &PyStr| name.eq_str(spec.params[index]);
        let position = self.names.iter().position(|&name| name.downcast_ref::<PyStr>().is_some_and(is_wanted))?;
        self.values.get(position).copied()
    }
}

/// Keywords taken out of a dict. Owned, because conversions may run Python code that changes the dict.
#[derive(Default)]
pub struct DictKeywords {
    names: Vec<ObjRef>,
    values: Vec<ObjRef>,
}

impl DictKeywords {
    /// The content of `kwargs`; nothing is allocated for an absent or empty dict.
    pub fn new(kwargs: Option<&PyDict>) -> DictKeywords {
        let mut keywords = DictKeywords::default();
        if let Some(kwargs) = kwargs {
            let mut position = 0;
            while let Some((name, value)) = kwargs.iter_index(&mut position) {
                keywords.names.push(name);
                keywords.values.push(value);
            }
        }
        keywords
    }

    /// The same, borrowed.
    pub fn as_keywords(&self) -> Keywords<'_> {
        Keywords { names: borrowed(&self.names), values: borrowed(&self.values) }
    }
}

/// Owned references seen as borrowed ones.
fn borrowed(objects: &[ObjRef]) -> &[&PyObject] {
    // SAFETY: `Ref` is a transparent wrapper of a non-null pointer, as a reference is, and the objects live at least as
    // long as the slice is borrowed.
    unsafe { slice::from_raw_parts(objects.as_ptr().cast(), objects.len()) }
}

/// The keywords that `**kwargs` receives.
#[derive(Clone, Copy)]
pub struct KwArgs<'a> {
    /// All keywords of the call.
    keywords: Keywords<'a>,
    /// The parameters whose names are to be left out.
    spec: Option<&'static ArgSpec>,
    /// How many are not left out.
    unmatched: usize,
}

impl<'a> KwArgs<'a> {
    /// No keywords.
    pub const EMPTY: KwArgs<'static> = KwArgs { keywords: Keywords::NONE, spec: None, unmatched: 0 };

    /// How many there are.
    pub fn len(&self) -> usize {
        self.unmatched
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.unmatched == 0
    }

    /// Names and values, in the order of the call.
    pub fn iter(&self) -> impl Iterator<Item = (&'a PyStr, &'a PyObject)> + use<'a> {
        let Self { keywords, spec, unmatched } = *self;
        let names = if unmatched == 0 { &[] } else { keywords.names };
        names.iter().zip(keywords.values).filter_map(move |(&name, &value)| {
            // Binding has made sure that all names are strings.
            let name = name.downcast_ref::<PyStr>()?;
            (!spec.is_some_and(|spec| spec.takes(name))).then_some((name, value))
        })
    }

    /// The value passed under `name`.
    pub fn get(&self, name: &str) -> Option<&'a PyObject> {
        self.iter().find(|(key, _)| key.eq_str(name)).map(|(_, value)| value)
    }

    /// A new dict of them, or `None` when there are none.
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn to_dict(&self) -> PyResult<Option<Ref<PyDict>>> {
        if self.is_empty() {
            return Ok(None);
        }
        let dict = PyDict::new();
        for (name, value) in self.iter() {
            dict.set_str(name, value)?;
        }
        Ok(Some(dict))
    }
}

/// A C argument vector as a slice.
///
/// # Safety
/// `args` points to `len` borrowed references that live for `'a`; it may be anything when `len` is 0.
#[inline(always)]
pub unsafe fn vector<'a>(args: *const *mut PyObject, len: usize) -> &'a [&'a PyObject] {
    if len == 0 {
        return &[];
    }
    // SAFETY: the caller's promise; a reference and a non-null pointer are the same thing in memory.
    unsafe { slice::from_raw_parts(args.cast(), len) }
}

/// Checks the number of arguments of a positional-only function (`_PyArg_CheckPositional`).
///
/// # Errors
/// `TypeError`: `pop expected at most 1 argument, got 2`.
#[inline(always)]
pub fn check_positional(fname: &str, nargs: usize, minimum: usize, maximum: usize) -> PyResult<()> {
    if nargs < minimum || nargs > maximum {
        return Err(wrong_count(fname, nargs, minimum, maximum));
    }
    Ok(())
}

#[cold]
#[inline(never)]
fn wrong_count(fname: &str, nargs: usize, minimum: usize, maximum: usize) -> PyErr {
    let (bound, count) = if nargs < minimum { ("at least ", minimum) } else { ("at most ", maximum) };
    let bound = if minimum == maximum { "" } else { bound };
    exc::type_error(format!("{fname} expected {bound}{count} argument{}, got {nargs}", plural(count)))
}

/// Rejects keywords in a dict (`_PyArg_NoKeywords`).
///
/// # Errors
/// `TypeError`: `list() takes no keyword arguments`.
#[inline]
pub fn no_keywords(fname: &str, kwargs: Option<&PyDict>) -> PyResult<()> {
    match kwargs {
        Some(kwargs) if kwargs.len() != 0 => Err(keywords_given(fname)),
        _ => Ok(()),
    }
}

/// Rejects keywords of a vectorcall (`_PyArg_NoKwnames`).
///
/// # Errors
/// `TypeError`: `list() takes no keyword arguments`.
#[inline]
pub fn no_keyword_names(fname: &str, kwnames: Option<&PyTuple>) -> PyResult<()> {
    match kwnames {
        Some(kwnames) if !kwnames.is_empty() => Err(keywords_given(fname)),
        _ => Ok(()),
    }
}

#[cold]
#[inline(never)]
fn keywords_given(fname: &str) -> PyErr {
    exc::type_error(format!("{fname}() takes no keyword arguments"))
}

/// Rejects positional arguments (`_PyArg_NoPositional`).
///
/// # Errors
/// `TypeError`: `ellipsis() takes no arguments`.
#[inline]
pub fn no_positional(fname: &str, nargs: usize) -> PyResult<()> {
    if nargs == 0 { Ok(()) } else { Err(exc::type_error(format!("{fname}() takes no arguments"))) }
}
