//! `re.Match`.

use core::cell::Cell;

use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::{number, object as protocol};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::class_getitem;
use rpy_vm::types::tuple::{PyTuple, TupleBuilder};
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

use super::engine::Scratch;
use super::pattern::PyPattern;
use super::subject::Subject;
use super::template::{Output, PyTemplate};

/// The result of re.match() and re.search().
/// Match objects always have a boolean value of True.
#[pyclass(name = "Match", module = "re", gc, no_new)]
#[repr(C)]
pub struct PyMatch {
    pub ob_base: PyObject,
    /// The string passed to match() or search().
    #[pymember(readonly, name = "string", object)]
    string: OptRef,
    regs: OptRef,
    /// The regular expression object.
    #[pymember(readonly, name = "re", object)]
    pattern: OptRef<PyPattern>,
    /// The index into the string at which the RE engine started looking for a match.
    #[pymember(isize, readonly, name = "pos")]
    #[pytraverse(skip)]
    pos: Cell<isize>,
    /// The index into the string beyond which the RE engine will not go.
    #[pymember(isize, readonly, name = "endpos")]
    #[pytraverse(skip)]
    endpos: Cell<isize>,
    #[pytraverse(skip)]
    last_index: usize,
    #[pytraverse(skip)]
    spans: Spans,
}

/// Bounds of the whole match and of the groups; -1 for groups that took no part. Few of them need no memory of their own.
struct Spans {
    len: usize,
    few: [(isize, isize); 4],
    many: Vec<(isize, isize)>,
}

impl core::ops::Deref for Spans {
    type Target = [(isize, isize)];

    #[inline]
    fn deref(&self) -> &[(isize, isize)] {
        if self.len <= self.few.len() { &self.few[..self.len] } else { &self.many }
    }
}

impl Spans {
    fn new(scratch: &Scratch, (start, end): (usize, usize), groups: usize) -> PyResult<Spans> {
        let mut spans = Spans { len: groups + 1, few: [(-1, -1); 4], many: Vec::new() };
        let all = if groups < spans.few.len() {
            &mut spans.few[..=groups]
        } else {
            spans.many.try_reserve_exact(groups + 1).map_err(|_| exc::memory_error())?;
            spans.many.resize(groups + 1, (-1, -1));
            &mut spans.many[..]
        };
        all[0] = (start as isize, end as isize);
        for (group, span) in all.iter_mut().enumerate().skip(1) {
            if let Some((start, end)) = scratch.group(group) {
                if start > end {
                    return Err(exc::system_error(
                        "The span of capturing group is wrong, please report a bug for the re module.",
                    ));
                }
                *span = (start as isize, end as isize);
            }
        }
        Ok(spans)
    }
}

/// A match object for what the engine found.
pub fn new(
    pattern: &PyPattern,
    subject: &Subject,
    scratch: &Scratch,
    span: (usize, usize),
    (pos, endpos): (usize, usize),
) -> PyResult<Ref<PyMatch>> {
    let spans = Spans::new(scratch, span, pattern.groups.get() as usize)?;
    Ok(new_exact(PyMatch {
        ob_base: PyObject::placeholder(),
        string: OptRef::some(subject.object().new_ref()),
        regs: OptRef::NULL,
        pattern: OptRef::some(pattern.to_ref()),
        pos: Cell::new(pos as isize),
        endpos: Cell::new(endpos as isize),
        last_index: scratch.last_index,
        spans,
    }))
}

fn int(n: isize) -> ObjRef {
    PyInt::from_isize(n).into_obj()
}

impl PyMatch {
    fn subject(&self) -> PyResult<Subject> {
        match self.string.get() {
            Some(string) => Subject::new(&string),
            None => Err(exc::system_error("match without a string")),
        }
    }

    fn pattern(&self) -> PyResult<Ref<PyPattern>> {
        self.pattern.get().ok_or_else(|| exc::system_error("match without a pattern"))
    }

    /// The group that an index or a name means.
    fn group_index(&self, key: &PyObject) -> PyResult<usize> {
        let index = if number::is_index(key) {
            number::as_isize(key, None)?
        } else {
            let found = match self.pattern()?.groupindex.get() {
                Some(names) => names.get_item(key)?,
                None => None,
            };
            match found {
                Some(index) if index.downcast_ref::<PyInt>().is_some() => number::as_isize(&index, None)?,
                _ => -1,
            }
        };
        if index < 0 || index as usize >= self.spans.len() {
            return Err(exc::index_error("no such group"));
        }
        Ok(index as usize)
    }

    fn span_of(&self, group: usize) -> Option<(usize, usize)> {
        let (start, end) = self.spans[group];
        if start < 0 { None } else { Some((start as usize, end as usize)) }
    }

    fn slice_or(&self, subject: &Subject, group: usize, default: &PyObject) -> PyResult<ObjRef> {
        match self.span_of(group) {
            Some((start, end)) => subject.slice(start, end),
            None => Ok(default.new_ref()),
        }
    }

    fn get(&self, key: &PyObject) -> PyResult<ObjRef> {
        let group = self.group_index(key)?;
        self.slice_or(&self.subject()?, group, rpy_vm::none_ref())
    }

    fn pair(&self, group: usize) -> ObjRef {
        let (start, end) = self.spans[group];
        PyTuple::from_array([int(start), int(end)]).into_obj()
    }
}

#[pymethods]
impl PyMatch {
    /// group([group1, ...]) -> str or tuple.
    /// Return subgroup(s) of the match by indices or names.
    /// For 0 returns the entire match.
    #[pymethod(sig = "($self, /, *args)", unsigned)]
    fn group(&self, args: &[&PyObject]) -> PyResult<ObjRef> {
        match args {
            [] => self.slice_or(&self.subject()?, 0, rpy_vm::none_ref()),
            [one] => self.get(one),
            many => {
                let mut all = Vec::with_capacity(many.len());
                for key in many {
                    all.push(self.get(key)?);
                }
                Ok(PyTuple::new(all).into_obj())
            }
        }
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<ObjRef> {
        self.get(key)
    }

    /// Return a tuple containing all the subgroups of the match, from 1.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[pymethod(sig = "($self, /, default=None)")]
    fn groups(&self, default: Option<&PyObject>) -> PyResult<ObjRef> {
        let subject = self.subject()?;
        let default = default.unwrap_or(rpy_vm::none_ref());
        let mut all = TupleBuilder::new(self.spans.len() - 1)?;
        for group in 1..self.spans.len() {
            let part = self.slice_or(&subject, group, default)?;
            // SAFETY: one item for each group.
            unsafe { all.push_unchecked(part) };
        }
        Ok(all.finish().into_obj())
    }

    /// Return a dictionary containing all the named subgroups of the match, keyed by the subgroup name.
    ///
    ///   default
    ///     Is used for groups that did not participate in the match.
    #[pymethod(sig = "($self, /, default=None)")]
    fn groupdict(&self, default: Option<&PyObject>) -> PyResult<ObjRef> {
        let default = default.unwrap_or(rpy_vm::none_ref());
        let result = PyDict::new();
        let subject = self.subject()?;
        if let Some(names) = self.pattern()?.groupindex.get() {
            for (name, _) in names.items_vec() {
                let group = self.group_index(&name)?;
                let value = self.slice_or(&subject, group, default)?;
                result.set_item(&name, &value)?;
            }
        }
        Ok(result.into_obj())
    }

    /// Return index of the start of the substring matched by group.
    #[pymethod(sig = "($self, group=0, /)")]
    fn start(&self, group: Option<&PyObject>) -> PyResult<isize> {
        Ok(self.spans[group.map_or(Ok(0), |g| self.group_index(g))?].0)
    }
    /// Return index of the end of the substring matched by group.
    #[pymethod(sig = "($self, group=0, /)")]
    fn end(&self, group: Option<&PyObject>) -> PyResult<isize> {
        Ok(self.spans[group.map_or(Ok(0), |g| self.group_index(g))?].1)
    }
    /// For match object m, return the 2-tuple (m.start(group), m.end(group)).
    #[pymethod(sig = "($self, group=0, /)")]
    fn span(&self, group: Option<&PyObject>) -> PyResult<ObjRef> {
        Ok(self.pair(group.map_or(Ok(0), |g| self.group_index(g))?))
    }

    /// Return the string obtained by doing backslash substitution on the string template, as done by the sub() method.
    #[pymethod(sig = "($self, /, template)")]
    fn expand(&self, template: &PyObject) -> PyResult<ObjRef> {
        let compiled = super::pattern::compile_template(&*self.pattern()?, template)?;
        match compiled.downcast_exact::<PyTemplate>() {
            Some(template) => {
                let subject = self.subject()?;
                let mut out = Output::new(subject.is_bytes);
                template.expand(&subject, |g| self.spans.get(g).and_then(|_| self.span_of(g)), &mut out)?;
                out.finish()
            }
            None => Ok(compiled),
        }
    }

    #[pygetset]
    fn regs(&self) -> PyResult<ObjRef> {
        if let Some(regs) = self.regs.get() {
            return Ok(regs);
        }
        let regs = PyTuple::new((0..self.spans.len()).map(|g| self.pair(g)).collect()).into_obj();
        self.regs.set(Some(regs.clone()));
        Ok(regs)
    }
    /// The integer index of the last matched capturing group.
    #[pygetset]
    fn lastindex(&self) -> Option<isize> {
        (self.last_index > 0).then_some(self.last_index as isize)
    }
    /// The name of the last matched capturing group.
    #[pygetset]
    fn lastgroup(&self) -> PyResult<Option<ObjRef>> {
        let pattern = self.pattern()?;
        let name = pattern.indexgroup.peek().and_then(|names| names.get(self.last_index));
        Ok(name.map(PyObject::new_ref))
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
    fn tp_repr(&self) -> PyResult<ObjRef> {
        let found = self.slice_or(&self.subject()?, 0, rpy_vm::none_ref())?;
        let found = protocol::repr(&found)?;
        let mut out = rpy_vm::types::str::StrBuilder::new();
        let (start, end) = self.spans[0];
        out.push_str(&format!("<re.Match object; span=({start}, {end}), match="));
        out.push_py(&found);
        out.push_str(">");
        Ok(out.try_finish()?.into_obj())
    }
}
