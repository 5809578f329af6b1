//! `BaseExceptionGroup` and `ExceptionGroup`: splitting by type or predicate, and what `except*` needs.

use rpy_derive::{pyclass, pymethods};

use super::base::{PyBaseException, given_exception_matches, is_exception_class, no_keywords};
use crate::err::{PyErr, PyResult};
use crate::exc;
use crate::object::alloc::new_in;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{call, object as po};
use crate::runtime::gc::{Traverse, Visit};
use crate::runtime::recursion;
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;

const _: () = assert!(size_of::<PyBaseExceptionGroup>() == 88);

/// A combination of multiple unrelated exceptions.
#[pyclass(
    name = "BaseExceptionGroup", symbol = "_PyExc_BaseExceptionGroup", base = PyBaseException,
    flags(BASETYPE, HAVE_GC)
)]
#[repr(C)]
pub struct PyBaseExceptionGroup {
    pub ob_base: PyBaseException,
    /// exception message
    #[pymember(readonly, object, name = "message")]
    pub msg: OptRef,
    /// nested exceptions
    #[pymember(readonly, object, name = "exceptions")]
    pub excs: OptRef<PyTuple>,
}

/// What an exception is compared with when a group is split.
enum Matcher<'a> {
    /// A class or a tuple of classes.
    Type(&'a PyObject),
    /// A callable that is asked about each exception and group.
    Predicate(&'a PyObject),
    /// The leaf exceptions themselves, by address.
    Instances(&'a [ObjRef]),
}

impl<'a> Matcher<'a> {
    /// # Errors
    /// `TypeError` for anything but exception classes, a tuple of them, and callables that are no classes.
    fn new(value: &'a PyObject) -> PyResult<Matcher<'a>> {
        if is_exception_class(value) {
            return Ok(Matcher::Type(value));
        }
        if let Some(tuple) = value.downcast_exact::<PyTuple>() {
            if tuple.items().iter().all(|item| is_exception_class(item)) {
                return Ok(Matcher::Type(value));
            }
        } else if po::callable(value) && !PyTypeObject::check(value) {
            return Ok(Matcher::Predicate(value));
        }
        Err(exc::type_error(
            "expected an exception type, a tuple of exception types, or a callable (other than a class)",
        ))
    }

    fn matches(&self, exception: &PyObject) -> PyResult<bool> {
        match self {
            Matcher::Type(classes) => Ok(given_exception_matches(exception, classes)),
            Matcher::Predicate(function) => po::is_true(&*call::call_one(function, exception)?),
            Matcher::Instances(leaves) => Ok(!is_group(exception) && leaves.iter().any(|leaf| leaf.is(exception))),
        }
    }
}

/// The two halves of a split; `None` stands for "nothing".
#[derive(Default)]
struct Split {
    matched: Option<ObjRef>,
    rest: Option<ObjRef>,
}

/// Is `object` a group?
pub fn is_group(object: &PyObject) -> bool {
    PyBaseExceptionGroup::check(object)
}

fn split(exception: &PyObject, matcher: &Matcher<'_>, want_rest: bool) -> PyResult<Split> {
    if matcher.matches(exception)? {
        return Ok(Split { matched: Some(exception.new_ref()), rest: None });
    }
    let Some(group) = exception.downcast_ref::<PyBaseExceptionGroup>() else {
        return Ok(Split { matched: None, rest: want_rest.then(|| exception.new_ref()) });
    };
    recursion::check(" in exceptiongroup_split_recursive")?;
    let mut matched = Vec::new();
    let mut rest = Vec::new();
    for item in group.members() {
        let halves = split(&item, matcher, want_rest)?;
        matched.extend(halves.matched);
        rest.extend(halves.rest);
    }
    Ok(Split { matched: group.subset(matched)?, rest: if want_rest { group.subset(rest)? } else { None } })
}

impl PyBaseExceptionGroup {
    /// The direct members.
    pub fn members(&self) -> Vec<ObjRef> {
        match self.excs.peek() {
            Some(excs) => excs.items().iter().map(|item| item.new_ref()).collect(),
            None => Vec::new(),
        }
    }

    /// The direct members as the tuple they are kept in.
    pub fn exceptions(&self) -> Ref<PyTuple> {
        self.excs.get().unwrap_or_else(PyTuple::empty)
    }

    /// A group like this one with only `excs` in it, made by `self.derive`; `None` for an empty list.
    fn subset(&self, excs: Vec<ObjRef>) -> PyResult<Option<ObjRef>> {
        if excs.is_empty() {
            return Ok(None);
        }
        let excs = PyList::new(excs).into_obj();
        let derived = call::call_method(self.as_object(), crate::intern!("derive"), &[&excs])?;
        let Some(group) = derived.downcast_ref::<PyBaseExceptionGroup>() else {
            return Err(exc::type_error("derive must return an instance of BaseExceptionGroup"));
        };
        group.ob_base.set_traceback(self.ob_base.traceback());
        group.ob_base.set_context(self.ob_base.context());
        if let Some(cause) = self.ob_base.cause() {
            group.ob_base.set_cause(Some(cause));
        }
        let name = crate::intern!("__notes__");
        if let Some(notes) = po::getattr_opt(self.as_object(), name)?
            && is_sequence(&notes)
        {
            // The list is copied, so that each half may get notes of its own.
            let copy = crate::protocol::sequence::to_list(&notes)?;
            po::setattr(&derived, name, Some(copy.as_object()))?;
        }
        Ok(Some(derived))
    }

    /// Adds all leaf exceptions to `out`.
    fn leaves(exception: &PyObject, out: &mut Vec<ObjRef>) -> PyResult<()> {
        match exception.downcast_ref::<PyBaseExceptionGroup>() {
            None => out.push(exception.new_ref()),
            Some(group) => {
                recursion::check(" in collect_exception_group_leaf_ids")?;
                for item in group.members() {
                    PyBaseExceptionGroup::leaves(&item, out)?;
                }
            }
        }
        Ok(())
    }
}

/// `PySequence_Check`: has `sq_item` and is no dict.
fn is_sequence(object: &PyObject) -> bool {
    let ty = object.ty();
    !ty.has_flag(flags::DICT_SUBCLASS) && ty.as_sequence().is_some_and(|suite| suite.sq_item.get().is_some())
}

#[pymethods]
impl PyBaseExceptionGroup {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        let (Some(message), Some(exceptions), 2) = (args.get(0), args.get(1), args.len()) else {
            return Err(exc::type_error(format!(
                "BaseExceptionGroup.__new__() takes exactly 2 arguments ({} given)",
                args.len()
            )));
        };
        if message.downcast_ref::<PyStr>().is_none() {
            let got = if crate::is_none(message) { "None" } else { message.ty().name() };
            return Err(exc::type_error(format!("BaseExceptionGroup.__new__() argument 1 must be str, not {got}")));
        }
        if !is_sequence(exceptions) {
            return Err(exc::type_error("second argument (exceptions) must be a sequence"));
        }
        // The repr shows the sequence as it was given, whatever becomes of it; lists and tuples can be shown from the copy.
        let shown = if exceptions.downcast_ref::<PyList>().is_some() || exceptions.downcast_ref::<PyTuple>().is_some() {
            None
        } else {
            Some(po::repr(exceptions)?.into_obj())
        };
        let excs = crate::protocol::sequence::to_tuple(exceptions)?;
        if excs.len() == 0 {
            return Err(exc::value_error("second argument (exceptions) must be a non-empty sequence"));
        }
        let mut nested_base = false;
        for (i, item) in excs.items().iter().enumerate() {
            if !item.ty().has_flag(flags::BASE_EXC_SUBCLASS) {
                return Err(exc::value_error(format!("Item {i} of second argument (exceptions) is not an exception")));
            }
            nested_base |= !item.ty().is_subtype(exc::Exception());
        }
        let mut cls = cls;
        if core::ptr::eq(cls, PyBaseExceptionGroup::type_object()) {
            if !nested_base {
                cls = exc::ExceptionGroup();
            }
        } else if core::ptr::eq(cls, exc::ExceptionGroup()) {
            if nested_base {
                return Err(exc::type_error("Cannot nest BaseExceptions in an ExceptionGroup"));
            }
        } else if nested_base && cls.is_subtype(exc::Exception()) {
            return Err(exc::type_error(format!("Cannot nest BaseExceptions in '{}'", cls.full_name())));
        }
        let ob_base = PyBaseException::fresh(args.to_ref());
        ob_base.notes.set(shown);
        new_in(cls, PyBaseExceptionGroup { ob_base, msg: OptRef::some(message.new_ref()), excs: OptRef::some(excs) })
            .map(Ref::into_obj)
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        no_keywords(self.as_object().ty(), kwargs)?;
        self.ob_base.base_init(args, None)
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.ob_base.traverse_base(v);
        self.msg.traverse(v);
        self.excs.traverse(v);
    }

    #[slot]
    fn tp_clear(&self) {
        self.ob_base.clear_base();
        self.msg.take();
        self.excs.take();
    }

    /// The class, the message, and the exceptions as they were given. The text of an unusual sequence is kept in the
    /// field `notes`, which has no other use (`__notes__` is in the instance's dict).
    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        let shown = match self.ob_base.notes.get() {
            Some(text) => po::str(&text)?,
            None => {
                let given = self.ob_base.args_tuple().get(1).is_some_and(|arg| arg.downcast_ref::<PyList>().is_some());
                if given {
                    po::repr(PyList::new(self.members()).as_object())?
                } else {
                    po::repr(self.exceptions().as_object())?
                }
            }
        };
        let message = po::repr(&self.msg.get().unwrap_or_else(crate::none))?;
        let mut out = StrBuilder::new();
        out.push_str(self.as_object().ty().name());
        out.push_str("(");
        out.push_py(&message);
        out.push_str(", ");
        out.push_py(&shown);
        out.push_str(")");
        Ok(out.finish().into_obj())
    }

    #[slot]
    fn tp_str(&self) -> PyResult<ObjRef> {
        let count = self.excs.peek().map_or(0, |excs| excs.len());
        let mut out = StrBuilder::new();
        out.push_py(&*po::str(&self.msg.get().unwrap_or_else(crate::none))?);
        out.push_str(&format!(" ({count} sub-exception{})", if count == 1 { "" } else { "s" }));
        Ok(out.finish().into_obj())
    }

    #[pymethod(name = "derive", sig = "($self, excs, /)")]
    fn derive(&self, excs: &PyObject) -> PyResult<ObjRef> {
        let msg = self.msg.get().unwrap_or_else(crate::none);
        call::call(exc::BaseExceptionGroup().as_object(), &[&msg, excs])
    }

    #[pymethod(name = "split", sig = "($self, matcher_value, /)")]
    fn py_split(&self, matcher_value: &PyObject) -> PyResult<ObjRef> {
        let matcher = Matcher::new(matcher_value)?;
        let halves = split(self.as_object(), &matcher, true)?;
        let items = [halves.matched, halves.rest].map(|half| half.unwrap_or_else(crate::none));
        Ok(PyTuple::new(items.into()).into_obj())
    }

    #[pymethod(sig = "($self, matcher_value, /)")]
    fn subgroup(&self, matcher_value: &PyObject) -> PyResult<ObjRef> {
        let matcher = Matcher::new(matcher_value)?;
        Ok(split(self.as_object(), &matcher, false)?.matched.unwrap_or_else(crate::none))
    }

    /// See PEP 585
    #[pyclassmethod(name = "__class_getitem__", sig = "($cls, object, /)")]
    fn class_getitem(cls: &PyTypeObject, object: &PyObject) -> PyResult<ObjRef> {
        crate::types::generic_alias::new(cls.as_object(), object)
    }
}

/// Checks the right side of `except*`.
///
/// # Errors
/// `TypeError` for non-exceptions and for groups.
pub fn check_except_star_type(classes: &PyObject) -> PyResult<()> {
    let one = |class: &PyObject| -> PyResult<()> {
        match class.downcast_ref::<PyTypeObject>() {
            Some(ty) if ty.has_flag(flags::BASE_EXC_SUBCLASS) => {
                if ty.is_subtype(PyBaseExceptionGroup::type_object()) {
                    return Err(exc::type_error(
                        "catching ExceptionGroup with except* is not allowed. Use except instead.",
                    ));
                }
                Ok(())
            }
            _ => Err(exc::type_error("catching classes that do not inherit from BaseException is not allowed")),
        }
    };
    match classes.downcast_ref::<PyTuple>() {
        Some(tuple) => {
            for class in tuple.items() {
                match class.downcast_ref::<PyTypeObject>() {
                    Some(ty) if ty.has_flag(flags::BASE_EXC_SUBCLASS) => {}
                    _ => {
                        return Err(exc::type_error(
                            "catching classes that do not inherit from BaseException is not allowed",
                        ));
                    }
                }
            }
            tuple.items().iter().try_for_each(|class| one(class))
        }
        None => one(classes),
    }
}

/// `CHECK_EG_MATCH`: what of `exception` an `except*` clause takes, and what is left. Both may be `None` objects.
///
/// # Errors
/// What `derive` and `split` overridden in Python raise.
pub fn match_except_star(exception: &PyObject, classes: &PyObject) -> PyResult<(ObjRef, ObjRef)> {
    if crate::is_none(exception) {
        return Ok((crate::none(), crate::none()));
    }
    if given_exception_matches(exception, classes) {
        if is_group(exception) {
            return Ok((exception.new_ref(), crate::none()));
        }
        // A naked exception is wrapped, so that the handler always sees a group.
        let excs = PyTuple::new(vec![exception.new_ref()]).into_obj();
        let wrapped = call::call(exc::BaseExceptionGroup().as_object(), &[PyStr::new("").as_object(), &excs])?;
        if let (Some(wrapped), Some(original)) =
            (wrapped.downcast_ref::<PyBaseExceptionGroup>(), as_exception(exception))
        {
            // The new group starts where the frame that catches it stands.
            if let Some(tb) = crate::types::traceback::here() {
                wrapped.ob_base.set_traceback(Some(tb));
            } else {
                wrapped.ob_base.set_traceback(original.traceback());
            }
        }
        return Ok((wrapped, crate::none()));
    }
    if is_group(exception) {
        let pair = call::call_method(exception, crate::intern!("split"), &[classes])?;
        let Some(tuple) = pair.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error(format!(
                "{}.split must return a tuple, not {}",
                exception.ty().name(),
                pair.ty().name()
            )));
        };
        let (Some(matched), Some(rest)) = (tuple.get(0), tuple.get(1)) else {
            return Err(exc::type_error(format!(
                "{}.split must return a 2-tuple, got tuple of size {}",
                exception.ty().name(),
                tuple.len()
            )));
        };
        return Ok((matched.new_ref(), rest.new_ref()));
    }
    Ok((crate::none(), exception.new_ref()))
}

fn as_exception(object: &PyObject) -> Option<&PyBaseException> {
    object.downcast_ref::<PyBaseException>()
}

/// Do the two exceptions share context, cause, traceback and notes? Then one was split off the other.
fn same_metadata(a: &PyObject, b: &PyObject) -> bool {
    let (Some(a), Some(b)) = (as_exception(a), as_exception(b)) else { return false };
    let notes = |e: &PyBaseException| {
        e.dict_if_any().and_then(|dict| dict.get_str(crate::intern!("__notes__"))).map(|n| n.as_raw() as usize)
    };
    notes(a) == notes(b)
        && a.traceback.as_raw() == b.traceback.as_raw()
        && a.cause.as_raw() == b.cause.as_raw()
        && a.context.as_raw() == b.context.as_raw()
}

/// `PREP_RERAISE_STAR`: the exception to raise after all `except*` clauses ran. `excs` holds what the clauses raised and
/// what is left unhandled, with `None` for clauses that ended quietly. `None` means that everything was handled.
///
/// # Errors
/// What making groups raises.
pub fn prep_reraise_star(original: &PyObject, excs: &PyList) -> PyResult<ObjRef> {
    let excs: Vec<ObjRef> = excs.items_snapshot();
    if excs.is_empty() {
        return Ok(crate::none());
    }
    if !is_group(original) {
        // A naked exception was caught and wrapped: at most one clause ran.
        return Ok(excs[0].clone());
    }
    let mut raised = Vec::new();
    let mut reraised = Vec::new();
    for item in excs {
        if crate::is_none(&item) {
            continue;
        }
        if same_metadata(&item, original) {
            reraised.push(item);
        } else {
            raised.push(item);
        }
    }
    let projection = match (reraised.is_empty(), original.downcast_ref::<PyBaseExceptionGroup>()) {
        (false, Some(_)) => {
            let mut leaves = Vec::new();
            for item in &reraised {
                PyBaseExceptionGroup::leaves(item, &mut leaves)?;
            }
            split(original, &Matcher::Instances(&leaves), false)?.matched
        }
        _ => None,
    };
    if raised.is_empty() {
        return Ok(projection.unwrap_or_else(crate::none));
    }
    raised.extend(projection);
    if raised.len() > 1 {
        let excs = PyList::new(raised).into_obj();
        return call::call(exc::BaseExceptionGroup().as_object(), &[PyStr::new("").as_object(), &excs]);
    }
    Ok(raised.pop().unwrap_or_else(crate::none))
}

/// An `ExceptionGroup` of several errors at once.
pub fn new_group(message: &str, errors: Vec<PyErr>) -> PyErr {
    let excs: Vec<ObjRef> = errors.into_iter().map(PyErr::into_object).collect();
    PyErr::with_args(exc::BaseExceptionGroup(), vec![PyStr::new(message).into_obj(), PyList::new(excs).into_obj()])
}
