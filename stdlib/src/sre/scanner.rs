//! What `finditer` and `scanner` walk with.

use core::cell::Cell;

use rpy_vm::object::alloc::new_exact;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, Ref, exc, pyclass, pymethods};

use super::engine::Scratch;
use super::match_;
use super::pattern::PyPattern;
use super::subject::{Mode, Subject};

/// A position in a subject, moved on by each match.
#[pyclass(name = "SRE_Scanner", module = "_sre", gc, no_new)]
#[repr(C)]
pub struct PyScanner {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "pattern", object)]
    pattern: OptRef<PyPattern>,
    #[pytraverse(skip)]
    subject: Subject,
    /// Is a match under way? A signal's handler may ask for the next one in the midst of it.
    #[pytraverse(skip)]
    is_busy: Cell<bool>,
    #[pytraverse(skip)]
    pos: usize,
    #[pytraverse(skip)]
    end: usize,
    /// Where the next match starts; `None` when there are no more.
    #[pytraverse(skip)]
    next: Cell<Option<usize>>,
    #[pytraverse(skip)]
    must_advance: Cell<bool>,
}

/// A scanner over `start..end`.
pub fn new(pattern: &PyPattern, subject: Subject, start: usize, end: usize) -> Ref<PyScanner> {
    new_exact(PyScanner {
        ob_base: PyObject::placeholder(),
        pattern: OptRef::some(pattern.to_ref()),
        subject,
        is_busy: Cell::new(false),
        pos: start,
        end,
        next: Cell::new(Some(start)),
        must_advance: Cell::new(false),
    })
}

impl PyScanner {
    /// The next match.
    pub fn step(&self, mode: Mode) -> PyResult<Option<ObjRef>> {
        let (Some(start), Some(pattern)) = (self.next.get(), self.pattern.get()) else { return Ok(None) };
        if self.is_busy.replace(true) {
            return Err(exc::value_error("regular expression scanner already executing"));
        }
        let mut scratch = Scratch::take(&pattern.program);
        let found = self.subject.run(&pattern.program, &mut scratch, (start, self.end), mode, self.must_advance.get());
        self.is_busy.set(false);
        let Some(span) = found? else {
            self.next.set(None);
            return Ok(None);
        };
        self.must_advance.set(span.0 == span.1);
        self.next.set(Some(span.1));
        let found = match_::new(&pattern, &self.subject, &scratch, span, (self.pos, self.end))?;
        Ok(Some(found.into_obj()))
    }
}

#[pymethods]
impl PyScanner {
    #[pymethod(name = "match")]
    fn match_(&self) -> PyResult<Option<ObjRef>> {
        self.step(Mode::Match)
    }
    #[pymethod]
    fn search(&self) -> PyResult<Option<ObjRef>> {
        self.step(Mode::Search)
    }
}
