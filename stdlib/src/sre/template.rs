//! Compiled replacement templates: literal text with group references in between.

use rpy_vm::object::alloc::new_exact;
use rpy_vm::protocol::number;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::{PyStr, StrBuilder};
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, Ref, exc, pyclass, pymethods};

use super::pattern::PyPattern;
use super::subject::Subject;

/// A compiled template.
#[pyclass(name = "SRE_Template", module = "_sre", gc, no_new)]
#[repr(C)]
pub struct PyTemplate {
    pub ob_base: PyObject,
    /// The text in front of the first group.
    pub literal: OptRef,
    /// Groups, each with the text behind it.
    pub items: Vec<(usize, ObjRef)>,
}

#[pymethods]
impl PyTemplate {
    #[slot]
    fn tp_traverse(&self, v: &mut rpy_vm::gc::Visit<'_>) {
        v.visit_opt(self.literal.peek());
        for (_, text) in &self.items {
            v.visit(text);
        }
    }
    #[slot]
    fn tp_clear(&self) {}
}

/// `_sre.template`.
///
/// # Errors
/// `TypeError` for what is no template. The pattern's groups bound the indices; whether it is a pattern is not asked.
pub fn new(pattern: &PyObject, template: &PyList) -> PyResult<Ref<PyTemplate>> {
    let groups = pattern.downcast_ref::<PyPattern>().map_or(usize::MAX, |pattern| pattern.groups.get() as usize);
    let invalid = || exc::type_error("invalid template");
    let parts = template.items_snapshot();
    if parts.len() % 2 == 0 {
        return Err(invalid());
    }
    let mut items = Vec::with_capacity(parts.len() / 2);
    for pair in parts[1..].chunks_exact(2) {
        let index = match pair[0].downcast_ref::<PyInt>() {
            Some(index) => number::as_isize(index.as_object(), None)?,
            None => return Err(exc::type_error("an integer is required")),
        };
        if index < 0 || index as usize > groups {
            return Err(invalid());
        }
        items.push((index as usize, pair[1].clone()));
    }
    Ok(new_exact(PyTemplate { ob_base: PyObject::placeholder(), literal: OptRef::some(parts[0].clone()), items }))
}

impl PyTemplate {
    /// The text with the groups put in. `span` gives a group's bounds in the subject.
    pub fn expand(
        &self,
        subject: &Subject,
        span: impl Fn(usize) -> Option<(usize, usize)>,
        out: &mut Output,
    ) -> PyResult<()> {
        if let Some(literal) = self.literal.get() {
            out.push(&literal)?;
        }
        for (group, text) in &self.items {
            if let Some((start, end)) = span(*group) {
                out.push_slice(subject, start, end)?;
            }
            out.push(text)?;
        }
        Ok(())
    }
}

/// What substitutions produce can be far larger than what they are given.
fn append(out: &mut Vec<u8>, bytes: &[u8]) -> PyResult<()> {
    out.try_reserve(bytes.len()).map_err(|_| exc::memory_error())?;
    out.extend_from_slice(bytes);
    Ok(())
}

/// Text or bytes put together from parts.
pub enum Output {
    Text(StrBuilder, usize),
    Bytes(Vec<u8>, usize),
}

impl Output {
    pub fn new(is_bytes: bool) -> Output {
        if is_bytes { Output::Bytes(Vec::new(), 0) } else { Output::Text(StrBuilder::new(), 0) }
    }

    /// Appends an object as `join` would.
    pub fn push(&mut self, part: &PyObject) -> PyResult<()> {
        match self {
            Output::Text(out, count) => match part.downcast_ref::<PyStr>() {
                Some(text) => {
                    out.push_py(text);
                    *count += 1;
                }
                None => {
                    return Err(exc::type_error(format!(
                        "sequence item {count}: expected str instance, {} found",
                        part.ty().name()
                    )));
                }
            },
            Output::Bytes(out, count) => {
                if let Some(bytes) = part.downcast_ref::<PyBytes>() {
                    append(out, bytes.as_bytes())?;
                } else {
                    let buffer = rpy_vm::protocol::buffer::Buffer::simple(part).map_err(|_| {
                        exc::type_error(format!(
                            "sequence item {count}: expected a bytes-like object, {} found",
                            part.ty().name()
                        ))
                    })?;
                    append(out, buffer.bytes())?;
                }
                *count += 1;
            }
        }
        Ok(())
    }

    /// Appends a part of the subject, as far as that still reaches: a buffer may be shorter than when it was matched.
    pub fn push_slice(&mut self, subject: &Subject, start: usize, end: usize) -> PyResult<()> {
        let (start, end) = (start.min(subject.len()), end.min(subject.len()));
        let data = subject.data().slice(start, end.max(start));
        match (self, data) {
            (Output::Text(out, count), data) => {
                out.push_data(data);
                *count += 1;
            }
            (Output::Bytes(out, count), rpy_vm::types::str::StrData::Latin1(bytes)) => {
                append(out, bytes)?;
                *count += 1;
            }
            _ => return Err(exc::system_error("bytes expected")),
        }
        Ok(())
    }

    pub fn finish(self) -> PyResult<ObjRef> {
        match self {
            Output::Text(out, _) => Ok(out.try_finish()?.into_obj()),
            Output::Bytes(out, _) => Ok(PyBytes::try_from_vec(out)?.into_obj()),
        }
    }
}
