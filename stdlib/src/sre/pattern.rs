//! `re.Pattern`.

use core::cell::Cell;

use rpy_vm::object::alloc::{new_exact, push};
use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::descr::mappingproxy::PyMappingProxy;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::iter::new_callable_iterator;
use rpy_vm::types::list::{PyList, class_getitem};
use rpy_vm::types::str::{PyStr, StrBuilder, search};
use rpy_vm::types::tuple::{PyTuple, TupleBuilder};
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::engine::{self, Program, Scratch};
use super::subject::{Mode, Subject};
use super::template::{Output, PyTemplate};
use super::{match_, scanner};

/// Compiled regular expression object.
#[pyclass(name = "Pattern", module = "re", gc, no_new, weaklist = weakrefs)]
#[repr(C)]
pub struct PyPattern {
    pub ob_base: PyObject,
    /// The pattern string from which the RE object was compiled.
    #[pymember(readonly, name = "pattern", object)]
    pattern: OptRef,
    /// The regex matching flags.
    #[pymember(int, readonly, name = "flags")]
    #[pytraverse(skip)]
    flags: Cell<i32>,
    /// The number of capturing groups in the pattern.
    #[pymember(isize, readonly, name = "groups")]
    #[pytraverse(skip)]
    pub groups: Cell<isize>,
    pub groupindex: OptRef<PyDict>,
    pub indexgroup: OptRef<PyTuple>,
    /// The code words, which stand for the pattern when patterns are compared.
    #[pytraverse(skip)]
    code: Box<[u32]>,
    #[pytraverse(skip)]
    pub program: Program,
    /// Of a bytes pattern? `None`: matches both.
    #[pytraverse(skip)]
    is_bytes: Option<bool>,
    #[pytraverse(skip)]
    weakrefs: Cell<*mut PyObject>,
}

/// A pattern object for compiled code.
pub fn new(
    pattern: &PyObject,
    flags: i32,
    code: Vec<u32>,
    groups: isize,
    groupindex: &PyDict,
    indexgroup: &PyTuple,
) -> PyResult<Ref<PyPattern>> {
    let invalid = || exc::runtime_error("invalid SRE code");
    if groups < 0 || groups > i32::MAX as isize / 2 {
        return Err(invalid());
    }
    let program = engine::compile(&code, groups as u32).map_err(|_| invalid())?;
    let is_bytes = if rpy_vm::is_none(pattern) { None } else { Some(Subject::new(pattern)?.is_bytes) };
    Ok(new_exact(PyPattern {
        ob_base: PyObject::placeholder(),
        pattern: OptRef::some(pattern.new_ref()),
        flags: Cell::new(flags),
        groups: Cell::new(groups),
        groupindex: OptRef::some(groupindex.to_ref()),
        indexgroup: OptRef::some(indexgroup.to_ref()),
        code: code.into_boxed_slice(),
        program,
        is_bytes,
        weakrefs: Cell::new(core::ptr::null_mut()),
    }))
}

/// What `re` makes of a replacement: a template, or plain text if it refers to no group.
pub fn compile_template(pattern: &PyPattern, template: &PyObject) -> PyResult<ObjRef> {
    static COMPILE: OptRef = OptRef::NULL;
    let compile = match COMPILE.get() {
        Some(compile) => compile,
        None => {
            let re = rpy_vm::import::import_module("re")?;
            let compile = protocol::getattr(&re, intern!("_compile_template"))?;
            COMPILE.set(Some(compile.clone()));
            compile
        }
    };
    let compiled = match call::call(&compile, &[pattern.as_object(), template]) {
        // An unhashable replacement (a bytearray, say) is tried again as plain text or bytes.
        Err(e) if e.matches(exc::TypeError()) => {
            let Ok(subject) = Subject::new(template) else { return Err(e) };
            let plain = subject.slice(0, subject.len())?;
            if plain.is(template) {
                return Err(e);
            }
            call::call(&compile, &[pattern.as_object(), &plain])?
        }
        other => other?,
    };
    match compiled.downcast_exact::<PyTemplate>() {
        Some(t) if t.items.is_empty() => Ok(t.literal.get().unwrap_or_else(rpy_vm::none)),
        _ => Ok(compiled),
    }
}

/// What matches are replaced with.
enum Filter {
    Literal(ObjRef),
    Template(ObjRef),
    Callable(ObjRef),
}

impl PyPattern {
    fn subject(&self, string: &PyObject) -> PyResult<Subject> {
        let subject = Subject::new(string)?;
        match self.is_bytes {
            Some(true) if !subject.is_bytes => {
                Err(exc::type_error("cannot use a bytes pattern on a string-like object"))
            }
            Some(false) if subject.is_bytes => {
                Err(exc::type_error("cannot use a string pattern on a bytes-like object"))
            }
            _ => Ok(subject),
        }
    }

    fn bounds(subject: &Subject, pos: Option<isize>, endpos: Option<isize>) -> (usize, usize) {
        let len = subject.len();
        let start = pos.unwrap_or(0).max(0) as usize;
        let end = endpos.unwrap_or(isize::MAX).max(0) as usize;
        (start.min(len), end.min(len))
    }

    fn one(
        &self,
        string: &PyObject,
        pos: Option<isize>,
        endpos: Option<isize>,
        mode: Mode,
    ) -> PyResult<Option<ObjRef>> {
        let subject = self.subject(string)?;
        let (start, end) = Self::bounds(&subject, pos, endpos);
        if start > end {
            return Ok(None);
        }
        let mut scratch = Scratch::take(&self.program);
        match subject.run(&self.program, &mut scratch, (start, end), mode, false)? {
            Some(span) => Ok(Some(match_::new(self, &subject, &scratch, span, (start, end))?.into_obj())),
            None => Ok(None),
        }
    }

    /// Calls `f` for each match (its groups and its bounds) in order until it answers false.
    #[inline(always)]
    fn each(
        &self,
        subject: &Subject,
        start: usize,
        end: usize,
        mut f: impl FnMut(&Scratch, (usize, usize)) -> PyResult<bool>,
    ) -> PyResult<()> {
        let mut scratch = Scratch::take(&self.program);
        let mut at = start;
        let mut advance = false;
        while at <= end
            && let Some(span) = subject.run(&self.program, &mut scratch, (at, end), Mode::Search, advance)?
        {
            if !f(&scratch, span)? {
                break;
            }
            scratch.reset();
            scratch.burn()?;
            advance = span.0 == span.1;
            at = span.1;
        }
        Ok(())
    }

    fn filter(&self, replacement: &PyObject) -> PyResult<Filter> {
        if protocol::callable(replacement) {
            return Ok(Filter::Callable(replacement.new_ref()));
        }
        let plain = Subject::new(replacement).is_ok_and(|s| search::find_char(s.data(), '\\' as u32).is_none());
        if plain {
            return Ok(Filter::Literal(replacement.new_ref()));
        }
        let compiled = compile_template(self, replacement)?;
        if compiled.downcast_exact::<PyTemplate>().is_some() {
            Ok(Filter::Template(compiled))
        } else if protocol::callable(&compiled) {
            Ok(Filter::Callable(compiled))
        } else {
            Ok(Filter::Literal(compiled))
        }
    }

    fn replace(&self, replacement: &PyObject, string: &PyObject, count: isize) -> PyResult<(ObjRef, usize)> {
        let filter = self.filter(replacement)?;
        let subject = self.subject(string)?;
        let len = subject.len();
        let mut out = Output::new(subject.is_bytes);
        let (mut copied, mut n) = (0, 0usize);
        self.each(&subject, 0, len, |scratch, span| {
            let (start, end) = span;
            if copied < start {
                out.push_slice(&subject, copied, start)?;
            }
            match &filter {
                Filter::Literal(text) => out.push(text)?,
                Filter::Template(template) => {
                    if let Some(template) = template.downcast_exact::<PyTemplate>() {
                        let group = |g| if g == 0 { Some(span) } else { scratch.group(g) };
                        template.expand(&subject, group, &mut out)?;
                    }
                }
                Filter::Callable(function) => {
                    let found = match_::new(self, &subject, scratch, span, (0, len))?;
                    let text = call::call_one(function, found.as_object())?;
                    if !rpy_vm::is_none(&text) {
                        out.push(&text)?;
                    }
                }
            }
            copied = end;
            n += 1;
            Ok(count <= 0 || n < count as usize)
        })?;
        if n == 0 {
            return Ok((subject.slice(0, len)?, 0));
        }
        out.push_slice(&subject, copied, len)?;
        Ok((out.finish()?, n))
    }
}

const FLAG_NAMES: [(i32, &str); 7] = [
    (2, "re.IGNORECASE"),
    (4, "re.LOCALE"),
    (8, "re.MULTILINE"),
    (16, "re.DOTALL"),
    (64, "re.VERBOSE"),
    (128, "re.DEBUG"),
    (256, "re.ASCII"),
];

#[pymethods]
impl PyPattern {
    /// Matches zero or more characters at the beginning of the string.
    #[pymethod(name = "match", sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn match_(&self, string: &PyObject, pos: Option<isize>, endpos: Option<isize>) -> PyResult<Option<ObjRef>> {
        self.one(string, pos, endpos, Mode::Match)
    }
    /// Matches against all of the string.
    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn fullmatch(&self, string: &PyObject, pos: Option<isize>, endpos: Option<isize>) -> PyResult<Option<ObjRef>> {
        self.one(string, pos, endpos, Mode::FullMatch)
    }
    /// Scan through string looking for a match, and return a corresponding match object instance.
    ///
    /// Return None if no position in the string matches.
    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn search(&self, string: &PyObject, pos: Option<isize>, endpos: Option<isize>) -> PyResult<Option<ObjRef>> {
        self.one(string, pos, endpos, Mode::Search)
    }

    /// Return a list of all non-overlapping matches of pattern in string.
    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn findall(&self, string: &PyObject, pos: Option<isize>, endpos: Option<isize>) -> PyResult<ObjRef> {
        let subject = self.subject(string)?;
        let (start, end) = Self::bounds(&subject, pos, endpos);
        let mut all = Vec::new();
        let empty = subject.slice(0, 0)?;
        let groups = self.groups.get() as usize;
        self.each(&subject, start, end, |scratch, span| {
            let part = |g: usize| match scratch.group(g) {
                Some((start, end)) => subject.slice(start, end),
                None => Ok(empty.clone()),
            };
            let found = match groups {
                0 => subject.slice(span.0, span.1)?,
                1 => part(1)?,
                _ => {
                    let mut parts = TupleBuilder::new(groups)?;
                    for g in 1..=groups {
                        let part = part(g)?;
                        // SAFETY: one item for each group.
                        unsafe { parts.push_unchecked(part) };
                    }
                    parts.finish().into_obj()
                }
            };
            push(&mut all, found)?;
            Ok(true)
        })?;
        Ok(PyList::try_new(all)?.into_obj())
    }

    /// Return an iterator over all non-overlapping matches for the RE pattern in string.
    ///
    /// For each match, the iterator returns a match object.
    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn finditer(&self, string: &PyObject, pos: Option<isize>, endpos: Option<isize>) -> PyResult<ObjRef> {
        let scanner = self.scanner(string, pos, endpos)?;
        let search = protocol::getattr(&scanner, intern!("search"))?;
        Ok(new_callable_iterator(&search, rpy_vm::none_ref()))
    }

    #[pymethod(sig = "($self, /, string, pos=0, endpos=sys.maxsize)")]
    fn scanner(&self, string: &PyObject, pos: Option<isize>, endpos: Option<isize>) -> PyResult<ObjRef> {
        let subject = self.subject(string)?;
        let (start, end) = Self::bounds(&subject, pos, endpos);
        Ok(scanner::new(self, subject, start, end).into_obj())
    }

    /// Split string by the occurrences of pattern.
    #[pymethod(sig = "($self, /, string, maxsplit=0)")]
    fn split(&self, string: &PyObject, maxsplit: Option<isize>) -> PyResult<ObjRef> {
        let subject = self.subject(string)?;
        let max = maxsplit.unwrap_or(0);
        let mut all = Vec::new();
        let mut last = 0;
        let mut n = 0;
        let groups = self.groups.get() as usize;
        let len = subject.len();
        self.each(&subject, 0, len, |scratch, span| {
            push(&mut all, subject.slice(last, span.0)?)?;
            for g in 1..=groups {
                let part = match scratch.group(g) {
                    Some((start, end)) => subject.slice(start, end)?,
                    None => rpy_vm::none(),
                };
                push(&mut all, part)?;
            }
            last = span.1;
            n += 1;
            Ok(max <= 0 || n < max)
        })?;
        push(&mut all, subject.slice(last, len)?)?;
        Ok(PyList::try_new(all)?.into_obj())
    }

    /// Return the string obtained by replacing the leftmost non-overlapping occurrences of pattern in string by the replacement repl.
    #[pymethod(sig = "($self, /, repl, string, count=0)")]
    fn sub(&self, repl: &PyObject, string: &PyObject, count: Option<isize>) -> PyResult<ObjRef> {
        Ok(self.replace(repl, string, count.unwrap_or(0))?.0)
    }
    /// Return the tuple (new_string, number_of_subs_made) found by replacing the leftmost non-overlapping occurrences of pattern with the replacement repl.
    #[pymethod(sig = "($self, /, repl, string, count=0)")]
    fn subn(&self, repl: &PyObject, string: &PyObject, count: Option<isize>) -> PyResult<(ObjRef, usize)> {
        self.replace(repl, string, count.unwrap_or(0))
    }

    /// A dictionary mapping group names to group numbers.
    #[pygetset]
    fn groupindex(&self) -> PyResult<ObjRef> {
        match self.groupindex.get() {
            Some(dict) => Ok(PyMappingProxy::new(dict.as_object())?.into_obj()),
            None => Ok(PyDict::new().into_obj()),
        }
    }

    #[pymethod(name = "__copy__")]
    fn copy(&self) -> ObjRef {
        self.to_obj()
    }
    #[pymethod(name = "__deepcopy__", sig = "($self, memo, /)")]
    fn deepcopy(&self, _memo: &PyObject) -> ObjRef {
        self.to_obj()
    }
    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn class_getitem(cls: &PyTypeObject, object: &PyObject) -> PyResult<ObjRef> {
        class_getitem(cls, object)
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        let mut bytes = Vec::with_capacity(self.code.len() * 4);
        for code in &self.code {
            bytes.extend_from_slice(&code.to_ne_bytes());
        }
        let pattern = match self.pattern.get() {
            Some(pattern) => protocol::hash(&pattern)?,
            None => 0,
        };
        let code = rpy_vm::types::str::hash::hash_buffer(&bytes);
        let kind = self.is_bytes.map_or(-1, isize::from);
        Ok(pattern ^ code ^ self.flags.get() as isize ^ kind ^ self.groups.get())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        let (CompareOp::Eq | CompareOp::Ne, Some(other)) = (op, other.downcast_exact::<PyPattern>()) else {
            return Ok(rpy_vm::not_implemented());
        };
        let equal = core::ptr::eq(self, other)
            || self.flags.get() == other.flags.get()
                && self.is_bytes == other.is_bytes
                && self.groups.get() == other.groups.get()
                && self.code == other.code
                && match (self.pattern.get(), other.pattern.get()) {
                    (Some(a), Some(b)) => protocol::eq(&a, &b)?,
                    (a, b) => a.is_none() && b.is_none(),
                };
        Ok(rpy_vm::py_bool(equal == (op == CompareOp::Eq)))
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        let pattern = self.pattern.get().unwrap_or_else(rpy_vm::none);
        let mut flags = self.flags.get();
        // The default of text patterns goes without saying.
        if pattern.downcast_ref::<PyStr>().is_some() && flags & (4 | 32 | 256) == 32 {
            flags &= !32;
        }
        let text = protocol::repr(&pattern)?;
        let mut out = StrBuilder::new();
        out.push_str("re.compile(");
        out.push_data(text.data().slice(0, text.len().min(200)));
        let mut separator = ", ";
        for (flag, name) in FLAG_NAMES {
            if flags & flag != 0 {
                out.push_str(separator);
                out.push_str(name);
                separator = "|";
                flags &= !flag;
            }
        }
        if flags & 32 != 0 {
            flags &= !32;
            out.push_str(separator);
            out.push_str("re.UNICODE");
            separator = "|";
        }
        if flags != 0 {
            out.push_str(separator);
            out.push_str(&format!("{flags:#x}"));
        }
        out.push_str(")");
        Ok(out.try_finish()?.into_obj())
    }
}
