//! `typing.Union`, which `types.UnionType` is another name for: `int | str`.

use core::cell::Cell;

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::{CompareOp, ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{object, sequence};
use crate::types::generic_alias::{self, PyGenericAlias};
use crate::types::set::{PyFrozenSet, PySet};
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use crate::types::typevars::{self, PyTypeAliasType};
use rpy_derive::{pyclass, pymethods};

/// Represent a union type
///
/// E.g. for int | str
#[pyclass(name = "Union", module = "typing", symbol = "_PyUnion_Type", weaklist = weakreflist, gc, no_new)]
#[repr(C)]
pub struct PyUnion {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__args__", object)]
    pub args: Ref<PyTuple>,
    /// The arguments that could be hashed, for comparing and hashing.
    pub hashable_args: Ref<PyFrozenSet>,
    /// Those that could not, if any.
    pub unhashable_args: OptRef<PyTuple>,
    pub parameters: OptRef<PyTuple>,
    #[pytraverse(skip)]
    pub weakreflist: Cell<*mut PyObject>,
}

/// Collects the members of a union, each once.
struct Builder {
    args: Vec<ObjRef>,
    hashable: Ref<PySet>,
    unhashable: Vec<ObjRef>,
    /// Members have to be types, or what typing takes for types.
    checked: bool,
}

impl Builder {
    fn new(checked: bool) -> Builder {
        Builder { args: Vec::new(), hashable: PySet::new(), unhashable: Vec::new(), checked }
    }

    fn add(&mut self, arg: &PyObject) -> PyResult<()> {
        if crate::is_none(arg) {
            // `None` stands for its type.
            return self.add_member(crate::none_ref().ty().as_object());
        }
        if let Some(union) = arg.downcast_exact::<PyUnion>() {
            for member in union.args.items() {
                self.add_member(member)?;
            }
            return Ok(());
        }
        if self.checked {
            let arg = typevars::type_check(arg, "Union[arg, ...]: each arg must be a type.")?;
            return self.add_member(&arg);
        }
        self.add_member(arg)
    }

    fn add_member(&mut self, member: &PyObject) -> PyResult<()> {
        match object::hash(member) {
            Ok(_) => {
                if self.hashable.contains(member)? {
                    return Ok(());
                }
                self.hashable.add(member)?;
            }
            Err(e) if e.matches(exc::TypeError()) => {
                for known in &self.unhashable {
                    if object::eq(known, member)? {
                        return Ok(());
                    }
                }
                self.unhashable.push(member.new_ref());
            }
            Err(e) => return Err(e),
        }
        self.args.push(member.new_ref());
        Ok(())
    }

    fn finish(mut self) -> PyResult {
        match self.args.len() {
            0 => return Err(exc::type_error("Cannot take a Union of no types.")),
            1 => return Ok(self.args.remove(0)),
            _ => {}
        }
        let unhashable = (!self.unhashable.is_empty()).then(|| PyTuple::new(self.unhashable));
        Ok(new_exact(PyUnion {
            ob_base: PyObject::placeholder(),
            args: PyTuple::new(self.args),
            hashable_args: PyFrozenSet::from_iterable(self.hashable.as_object())?,
            unhashable_args: OptRef::new(unhashable),
            parameters: OptRef::NULL,
            weakreflist: Cell::new(core::ptr::null_mut()),
        })
        .into_obj())
    }
}

/// May it stand beside `|` in a union without typing's help?
pub fn is_unionable(object: &PyObject) -> bool {
    crate::is_none(object)
        || object.ty().has_flag(flags::TYPE_SUBCLASS)
        || PyGenericAlias::check(object)
        || PyUnion::check_exact(object)
        || PyTypeAliasType::check_exact(object)
}

/// `a | b` of types (`_Py_union_type_or`); `NotImplemented` if one of them is no type.
pub fn type_or(a: &PyObject, b: &PyObject) -> PyResult {
    if !is_unionable(a) || !is_unionable(b) {
        return Ok(crate::not_implemented());
    }
    let mut builder = Builder::new(false);
    builder.add(a)?;
    builder.add(b)?;
    builder.finish()
}

/// A union of the members of a tuple, or of one type (`_Py_union_from_tuple`).
pub fn from_args(args: &PyObject) -> PyResult {
    let mut builder = Builder::new(true);
    match args.downcast_exact::<PyTuple>() {
        Some(tuple) => {
            for arg in tuple.items() {
                builder.add(arg)?;
            }
        }
        None => builder.add(args)?,
    }
    builder.finish()
}

/// The members of a union, for `isinstance` and `issubclass`.
pub fn args_of(object: &PyObject) -> Option<Ref<PyTuple>> {
    Some(object.downcast_exact::<PyUnion>()?.args.clone())
}

impl PyUnion {
    fn parameters(&self) -> PyResult<Ref<PyTuple>> {
        if let Some(known) = self.parameters.get() {
            return Ok(known);
        }
        let found = generic_alias::make_parameters(&self.args)?;
        self.parameters.set(Some(found.clone()));
        Ok(found)
    }

    fn equals(&self, other: &PyUnion) -> PyResult<bool> {
        if !object::eq(self.hashable_args.as_object(), other.hashable_args.as_object())? {
            return Ok(false);
        }
        match (self.unhashable_args.get(), other.unhashable_args.get()) {
            (None, None) => Ok(true),
            (Some(mine), Some(theirs)) if mine.len() == theirs.len() => {
                // Without hashes, each has to be looked for.
                for arg in mine.items() {
                    if !sequence::contains(theirs.as_object(), arg)? {
                        return Ok(false);
                    }
                }
                for arg in theirs.items() {
                    if !sequence::contains(mine.as_object(), arg)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

#[pymethods]
impl PyUnion {
    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let mut text = StrBuilder::new();
        for (index, arg) in self.args.items().iter().enumerate() {
            if index > 0 {
                text.push_str(" | ");
            }
            generic_alias::type_repr(&mut text, arg)?;
        }
        Ok(text.finish())
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        if let Some(unhashable) = self.unhashable_args.get() {
            // As a rule one of them says why.
            for arg in unhashable.items() {
                object::hash(arg)?;
            }
            return Err(exc::type_error(format!("union contains {} unhashable elements", unhashable.len())));
        }
        object::hash(self.hashable_args.as_object())
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let equal_wanted = match op {
            CompareOp::Eq => true,
            CompareOp::Ne => false,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => return Ok(crate::not_implemented()),
        };
        let Some(other) = other.downcast_exact::<PyUnion>() else {
            return Ok(crate::not_implemented());
        };
        Ok(crate::py_bool(self.equals(other)? == equal_wanted))
    }

    /// A union has the module of its class, as a class would.
    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult {
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("attribute name must be string, not '{}'", name.ty().full_name())));
        };
        if name.eq_str("__module__") {
            return object::getattr(self.as_object().ty().as_object(), name);
        }
        object::generic_getattr(self.as_object(), name)
    }

    /// Beside a union, everything goes that `Union[...]` takes: forward references, too.
    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        from_args(PyTuple::from_slice(&[a, b]).as_object())
    }

    #[slot]
    fn mp_subscript(&self, item: &PyObject) -> PyResult {
        let parameters = self.parameters()?;
        let args = generic_alias::substitute(self.as_object(), &self.args, &parameters, item)?;
        from_args(args.as_object())
    }

    #[pymethod]
    fn __mro_entries__(&self, _bases: &PyObject) -> PyResult {
        let shown = object::repr(self.as_object())?;
        Err(exc::type_error(format!("Cannot subclass {}", shown.to_string_lossy())))
    }

    #[pyclassmethod]
    fn __class_getitem__(_cls: &PyTypeObject, args: &PyObject) -> PyResult {
        from_args(args)
    }

    /// Name of the type
    #[pygetset]
    fn __name__(&self) -> Ref<PyStr> {
        PyStr::new("Union")
    }

    /// Qualified name of the type
    #[pygetset]
    fn __qualname__(&self) -> Ref<PyStr> {
        PyStr::new("Union")
    }

    /// Always returns the type
    #[pygetset]
    fn __origin__(&self) -> ObjRef {
        PyUnion::type_object().to_obj()
    }

    /// Type variables in the types.UnionType.
    #[pygetset]
    fn __parameters__(&self) -> PyResult {
        Ok(self.parameters()?.into_obj())
    }
}
