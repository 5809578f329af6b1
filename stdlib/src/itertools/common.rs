//! What the iterator types share: argument rules of subtypes, and result tuples that are filled anew when nobody kept them.

use rpy_vm::protocol::object as po;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::{PyTuple, TupleBuilder};
use rpy_vm::{ObjRef, OptRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, gc};

/// The positional arguments of a constructor without keywords. A subtype with its own `__init__` may take keywords.
pub fn positional<'a, T: PyClass>(
    cls: &PyTypeObject,
    args: &'a PyTuple,
    kwargs: Option<&PyDict>,
) -> PyResult<&'a [&'a PyObject]> {
    let address = |ty: &PyTypeObject| ty.tp_init.get().map_or(0, |f| f as usize);
    if kwargs.is_some_and(|k| k.len() > 0) && address(cls) == address(T::type_object()) {
        return Err(exc::type_error(format!("{}() takes no keyword arguments", T::NAME)));
    }
    Ok(args.items())
}

/// Exactly `N` arguments.
pub fn exactly<'a, const N: usize>(name: &str, args: &'a [&'a PyObject]) -> PyResult<[&'a PyObject; N]> {
    <[&PyObject; N]>::try_from(args).map_err(|_| {
        exc::type_error(format!("{name} expected {N} argument{}, got {}", if N == 1 { "" } else { "s" }, args.len()))
    })
}

/// The value of the only keyword a constructor knows.
pub fn only_keyword(name: &str, keyword: &str, kwargs: Option<&PyDict>) -> PyResult<Option<ObjRef>> {
    let Some(kwargs) = kwargs else {
        return Ok(None);
    };
    if kwargs.len() > 1 {
        return Err(exc::type_error(format!("{name}() takes at most 1 keyword argument ({} given)", kwargs.len())));
    }
    let mut found = None;
    let mut at = 0;
    while let Some((key, value)) = kwargs.iter_index(&mut at) {
        match key.downcast_ref::<PyStr>() {
            Some(key) if key.eq_str(keyword) => found = Some(value),
            _ => {
                let key = po::str(&key)?;
                return Err(exc::type_error(format!(
                    "{name}() got an unexpected keyword argument '{}'",
                    key.to_string_lossy()
                )));
            }
        }
    }
    Ok(found)
}

/// The tuple handed out last.
pub struct Results(pub OptRef<PyTuple>);

impl gc::Traverse for Results {
    fn traverse(&self, visit: &mut gc::Visit<'_>) {
        self.0.traverse(visit);
    }
    fn clear(&self) {
        self.0.set(None);
    }
}

impl Results {
    pub const NONE: Results = Results(OptRef::NULL);

    /// A pair to begin with.
    pub fn new_pair() -> Results {
        Results(OptRef::some(PyTuple::from_array([rpy_vm::none(), rpy_vm::none()])))
    }

    /// The last tuple if nobody else has it, with its hash forgotten; otherwise a copy of it. `None` before the first.
    pub fn reuse(&self) -> Option<Ref<PyTuple>> {
        let last = self.0.take()?;
        if last.as_object().refcount() == 1 {
            last.forget_hash();
            // The collector may have left it alone for what it held before.
            // SAFETY: tuples are collectable.
            unsafe { gc::track(last.as_object()) };
            return Some(last);
        }
        Some(PyTuple::from_slice(last.items()))
    }

    /// Remembers what is being handed out.
    pub fn hand_out(&self, tuple: Ref<PyTuple>) -> ObjRef {
        self.0.set(Some(tuple.clone()));
        tuple.into_obj()
    }

    /// A pair.
    pub fn pair(&self, a: ObjRef, b: ObjRef) -> ObjRef {
        let tuple = match self.reuse() {
            Some(tuple) => {
                // SAFETY: two items, and nobody else has the tuple.
                unsafe {
                    tuple.set_item_unchecked(0, a);
                    tuple.set_item_unchecked(1, b);
                }
                tuple
            }
            None => PyTuple::from_array([a, b]),
        };
        self.hand_out(tuple)
    }
}

/// A tuple of `len` items made one by one.
pub fn build_tuple(len: usize, mut item: impl FnMut(usize) -> ObjRef) -> PyResult<Ref<PyTuple>> {
    let mut builder = TupleBuilder::new(len)?;
    for i in 0..len {
        // SAFETY: `len` items in all.
        unsafe { builder.push_unchecked(item(i)) };
    }
    Ok(builder.finish())
}
