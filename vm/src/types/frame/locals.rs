//! `FrameLocalsProxy` (PEP 667): a function's local variables as a mapping that reads and writes the frame itself.

use rpy_derive::{pyclass, pymethods};

use super::{PyFrame, local_value};
use crate::err::PyResult;
use crate::exc;
use crate::interp::stackref::StackRef;
use crate::object::alloc::new_exact;
use crate::object::{CompareOp, ObjRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::object as po;
use crate::runtime::gc::{Traverse, Visit};
use crate::runtime::repr_guard::ReprGuard;
use crate::types::cell::PyCell;
use crate::types::code::kind;
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// The mapping.
#[pyclass(name = "FrameLocalsProxy", symbol = "PyFrameLocalsProxy_Type", flags(HAVE_GC, MAPPING))]
#[repr(C)]
pub struct PyFrameLocalsProxy {
    pub ob_base: PyObject,
    frame: Ref<PyFrame>,
}

/// A dict with the present values.
pub fn snapshot(frame: &PyFrame) -> PyResult<Ref<PyDict>> {
    let dict = PyDict::new();
    for (name, value) in entries(frame) {
        dict.set_item(&name, &value)?;
    }
    Ok(dict)
}

/// Names and values of all bound variables, then of those added.
fn entries(frame: &PyFrame) -> Vec<(ObjRef, ObjRef)> {
    let names = frame.code().co_localsplusnames.clone();
    let mut out = Vec::with_capacity(names.len());
    for (i, name) in names.items().iter().enumerate() {
        // SAFETY: the frame is complete; the index is one of its locals.
        if let Some(value) = unsafe { local_value(frame.frame(), i) } {
            out.push((name.new_ref(), value));
        }
    }
    if let Some(extra) = frame.f_extra_locals.get() {
        out.extend(extra.items_vec());
    }
    out
}

/// The variable that `key` names. For reading only bound ones count; hidden ones can only be read.
fn key_index(frame: &PyFrame, key: &PyObject, read: bool) -> PyResult<Option<usize>> {
    // Unhashable keys are an error, as in a dict.
    po::hash(key)?;
    let code = frame.code();
    let kinds = code.co_localspluskinds.clone();
    let names = code.co_localsplusnames.clone();
    let usable = |i: usize| -> bool {
        if read {
            // SAFETY: as in `entries`.
            unsafe { local_value(frame.frame(), i) }.is_some()
        } else {
            kinds.as_bytes()[i] & kind::HIDDEN == 0
        }
    };
    if let Some(key) = key.downcast_exact::<PyStr>() {
        return Ok(names
            .items()
            .iter()
            .enumerate()
            .position(|(i, name)| name.downcast_ref::<PyStr>().is_some_and(|n| PyStr::str_eq(n, key)) && usable(i)));
    }
    for (i, name) in names.items().iter().enumerate() {
        if po::eq(name, key)? && usable(i) {
            return Ok(Some(i));
        }
    }
    Ok(None)
}

/// Writes a variable's slot or cell.
fn store(frame: &PyFrame, index: usize, value: &PyObject) -> PyResult<()> {
    let f = frame.frame();
    crate::jit_hooks::show_locals(f);
    let kind_bits = frame.code().co_localspluskinds.as_bytes()[index];
    // SAFETY: the index is one of the frame's locals; words move once.
    unsafe {
        let slot = f.local(index);
        let old = *slot;
        if kind_bits & (kind::CELL | kind::FREE) != 0
            && let Some(cell) = old.opt().and_then(|o| o.downcast_exact::<PyCell>())
        {
            cell.set(Some(value.new_ref()));
            return Ok(());
        }
        if old.as_ptr() == value.as_ptr() {
            return Ok(());
        }
        if !old.is_borrowed() {
            // The frame's operand stack may still borrow the old value.
            let kept = match frame.f_overwritten_fast_locals.get() {
                Some(list) => list,
                None => {
                    let list = PyList::new(Vec::new());
                    frame.f_overwritten_fast_locals.set(Some(list.clone()));
                    list
                }
            };
            kept.append(old.into_owned())?;
        }
        *slot = StackRef::new(value);
    }
    Ok(())
}

impl PyFrameLocalsProxy {
    /// A proxy for a frame's variables.
    pub fn new(frame: &PyFrame) -> ObjRef {
        new_exact(PyFrameLocalsProxy { ob_base: PyObject::placeholder(), frame: frame.to_ref() }).into_obj()
    }

    fn lookup(&self, key: &PyObject) -> PyResult<Option<ObjRef>> {
        if let Some(i) = key_index(&self.frame, key, true)? {
            // SAFETY: an index of the frame's locals.
            return Ok(unsafe { local_value(self.frame.frame(), i) });
        }
        match self.frame.f_extra_locals.get() {
            Some(extra) => extra.get_item(key),
            None => Ok(None),
        }
    }

    fn assign(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        if let Some(i) = key_index(&self.frame, key, false)? {
            return match value {
                Some(value) => store(&self.frame, i, value),
                None => Err(exc::value_error("cannot remove local variables from FrameLocalsProxy")),
            };
        }
        match (value, self.frame.f_extra_locals.get()) {
            (Some(value), Some(extra)) => extra.set_item(key, value),
            (Some(value), None) => {
                let extra = PyDict::new();
                self.frame.f_extra_locals.set(Some(extra.clone()));
                extra.set_item(key, value)
            }
            (None, Some(extra)) => {
                if extra.del_item(key)? {
                    Ok(())
                } else {
                    Err(exc::key_error(key))
                }
            }
            (None, None) => Err(exc::key_error(key)),
        }
    }

    fn names(&self) -> Ref<PyList> {
        PyList::new(entries(&self.frame).into_iter().map(|(name, _)| name).collect())
    }

    /// Takes over the items of a dict or another proxy; false for anything else.
    fn merge(&self, other: &PyObject) -> PyResult<bool> {
        let items = if let Some(dict) = other.downcast_ref::<PyDict>() {
            dict.items_vec()
        } else if let Some(proxy) = other.downcast_ref::<PyFrameLocalsProxy>() {
            entries(&proxy.frame)
        } else {
            return Ok(false);
        };
        for (name, value) in items {
            self.assign(&name, Some(&value))?;
        }
        Ok(true)
    }
}

/// A dict, or the snapshot of a proxy.
fn as_dict(object: &PyObject) -> PyResult<Option<Ref<PyDict>>> {
    if let Some(dict) = object.downcast_ref::<PyDict>() {
        return Ok(Some(dict.to_ref()));
    }
    match object.downcast_ref::<PyFrameLocalsProxy>() {
        Some(proxy) => snapshot(&proxy.frame).map(Some),
        None => Ok(None),
    }
}

#[pymethods]
impl PyFrameLocalsProxy {
    #[slot]
    fn tp_new(_cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        if args.len() != 1 {
            return Err(exc::type_error(format!("FrameLocalsProxy expected 1 argument, got {}", args.len())));
        }
        let argument = args.items()[0];
        let Some(frame) = argument.downcast_ref::<PyFrame>() else {
            return Err(exc::type_error(format!("expect frame, not {}", argument.ty().full_name())));
        };
        if kwargs.is_some_and(|k| k.len() != 0) {
            return Err(exc::type_error("FrameLocalsProxy takes no keyword arguments"));
        }
        Ok(PyFrameLocalsProxy::new(frame))
    }

    #[slot]
    fn mp_length(&self) -> usize {
        entries(&self.frame).len()
    }

    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<ObjRef> {
        match self.lookup(key)? {
            Some(value) => Ok(value),
            None => {
                Err(exc::key_error_msg(format!("local variable '{}' is not defined", po::repr(key)?.to_string_lossy())))
            }
        }
    }

    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        self.assign(key, value)
    }

    #[slot]
    fn sq_contains(&self, key: &PyObject) -> PyResult<bool> {
        self.lookup(key).map(|value| value.is_some())
    }

    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        po::get_iter(self.names().as_object())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<ObjRef> {
        match ReprGuard::enter(self.as_object()) {
            Some(_guard) => Ok(po::repr(snapshot(&self.frame)?.as_object())?.into_obj()),
            None => Ok(PyStr::new("{...}").into_obj()),
        }
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        Err(exc::type_error("unhashable type: 'FrameLocalsProxy'"))
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        if let Some(other) = other.downcast_ref::<PyFrameLocalsProxy>() {
            let same = core::ptr::eq(&*self.frame, &*other.frame);
            return Ok(match op {
                CompareOp::Eq => crate::py_bool(same),
                CompareOp::Ne => crate::py_bool(!same),
                _ => crate::not_implemented(),
            });
        }
        if PyDict::check(other) {
            return po::rich_compare(snapshot(&self.frame)?.as_object(), other, op);
        }
        Ok(crate::not_implemented())
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult<ObjRef> {
        let (Some(left), Some(_)) = (as_dict(a)?, as_dict(b)?) else {
            return Ok(crate::not_implemented());
        };
        let merged = left.copy()?;
        if let Some(right) = as_dict(b)? {
            merged.update(right.as_object())?;
        }
        Ok(merged.into_obj())
    }

    #[slot]
    fn nb_inplace_or(&self, other: &PyObject) -> PyResult<ObjRef> {
        if self.merge(other)? { Ok(self.to_obj()) } else { Ok(crate::not_implemented()) }
    }

    #[slot]
    fn tp_traverse(&self, v: &mut Visit<'_>) {
        self.frame.traverse(v);
    }

    #[pymethod(coexist)]
    fn __contains__(&self, key: &PyObject) -> PyResult<bool> {
        self.sq_contains(key)
    }

    #[pymethod(coexist)]
    fn __getitem__(&self, key: &PyObject) -> PyResult<ObjRef> {
        self.mp_subscript(key)
    }

    #[pymethod]
    fn update(&self, other: &PyObject) -> PyResult<()> {
        if self.merge(other)? {
            Ok(())
        } else {
            Err(exc::type_error("update() argument must be dict or another FrameLocalsProxy"))
        }
    }

    #[pymethod]
    fn __reversed__(&self) -> PyResult<ObjRef> {
        let names = self.names();
        names.reverse();
        Ok(names.into_obj())
    }

    #[pymethod]
    fn copy(&self) -> PyResult<ObjRef> {
        snapshot(&self.frame).map(Ref::into_obj)
    }

    #[pymethod]
    fn keys(&self) -> ObjRef {
        self.names().into_obj()
    }

    #[pymethod]
    fn values(&self) -> ObjRef {
        PyList::new(entries(&self.frame).into_iter().map(|(_, value)| value).collect()).into_obj()
    }

    #[pymethod]
    fn items(&self) -> ObjRef {
        let pairs = entries(&self.frame).into_iter().map(|(name, value)| PyTuple::new(vec![name, value]).into_obj());
        PyList::new(pairs.collect()).into_obj()
    }

    #[pymethod]
    fn get(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        Ok(self.lookup(key)?.unwrap_or_else(|| default.map_or_else(crate::none, PyObject::new_ref)))
    }

    #[pymethod]
    fn setdefault(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        if let Some(value) = self.lookup(key)? {
            return Ok(value);
        }
        let value = default.map_or_else(crate::none, PyObject::new_ref);
        self.assign(key, Some(&value))?;
        Ok(value)
    }

    #[pymethod(sig = "($self, key, default=<unrepresentable>, /)")]
    fn pop(&self, key: &PyObject, default: Option<&PyObject>) -> PyResult<ObjRef> {
        if key_index(&self.frame, key, false)?.is_some() {
            return Err(exc::value_error("cannot remove local variables from FrameLocalsProxy"));
        }
        let found = match self.frame.f_extra_locals.get() {
            Some(extra) => extra.pop_item_key(key)?,
            None => None,
        };
        match (found, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.new_ref()),
            (None, None) => Err(exc::key_error(key)),
        }
    }

    #[pymethod]
    fn __sizeof__(&self) -> usize {
        core::mem::size_of::<PyFrameLocalsProxy>()
    }
}
