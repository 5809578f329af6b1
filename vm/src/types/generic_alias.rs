//! `types.GenericAlias`: `list[int]`, and the substitution of type parameters that unions and type aliases share.

use core::cell::Cell;

use crate::PyResult;
use crate::exc;
use crate::object::alloc::{new_exact, new_in};
use crate::object::{CompareOp, ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{call, object, sequence};
use crate::runtime::recursion;
use crate::types::descr::fully_qualified_name;
use crate::types::dict::PyDict;
use crate::types::list::PyList;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// Represent a PEP 585 generic type
///
/// E.g. for t = list[int], t.__origin__ is list and t.__args__ is (int,).
#[pyclass(name = "GenericAlias", module = "types", symbol = "Py_GenericAliasType", weaklist = weakreflist, gc, flags(BASETYPE))]
#[repr(C)]
pub struct PyGenericAlias {
    pub ob_base: PyObject,
    #[pymember(readonly, name = "__origin__", object)]
    pub origin: Ref<PyObject>,
    #[pymember(readonly, name = "__args__", object)]
    pub args: Ref<PyTuple>,
    /// Found when asked for.
    pub parameters: OptRef<PyTuple>,
    #[pytraverse(skip)]
    pub weakreflist: Cell<*mut PyObject>,
    /// Made by iterating: `*tuple[int]`.
    #[pytraverse(skip)]
    #[pymember(readonly, name = "__unpacked__", bool)]
    pub starred: Cell<bool>,
}

/// Gives the starred alias, once.
#[pyclass(name = "generic_alias_iterator", symbol = "_Py_GenericAliasIterType", gc, no_new)]
#[repr(C)]
pub struct PyGenericAliasIter {
    pub ob_base: PyObject,
    /// The alias, until it has been given.
    pub alias: OptRef,
}

/// Names that an alias answers itself; all others go to the origin.
const OWN_ATTRIBUTES: [&str; 9] = [
    "__class__",
    "__origin__",
    "__args__",
    "__unpacked__",
    "__parameters__",
    "__typing_unpacked_tuple_args__",
    "__mro_entries__",
    "__reduce_ex__",
    "__reduce__",
];
/// Names that neither the alias nor the origin answers.
const BLOCKED_ATTRIBUTES: [&str; 3] = ["__bases__", "__copy__", "__deepcopy__"];

fn args_tuple(args: &PyObject) -> Ref<PyTuple> {
    match args.downcast_ref::<PyTuple>() {
        Some(tuple) => tuple.to_ref(),
        None => PyTuple::from_slice(&[args]),
    }
}

fn build(origin: &PyObject, args: &PyObject, starred: bool) -> PyGenericAlias {
    PyGenericAlias {
        ob_base: PyObject::placeholder(),
        origin: origin.new_ref(),
        args: args_tuple(args),
        parameters: OptRef::NULL,
        weakreflist: Cell::new(core::ptr::null_mut()),
        starred: Cell::new(starred),
    }
}

/// `Py_GenericAlias`: `origin[args]`.
pub fn new(origin: &PyObject, args: &PyObject) -> PyResult {
    Ok(new_exact(build(origin, args, false)).into_obj())
}

/// The same as [`new`].
pub fn new_generic_alias(origin: &PyObject, args: &PyObject) -> PyResult {
    new(origin, args)
}

/// `__class_getitem__` of built-in generic classes.
pub fn class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
    new(cls.as_object(), item)
}

/// Appends a type as annotations show it: `int`, `collections.deque`, `None`, `...`, `list[int]`.
pub fn type_repr(text: &mut StrBuilder, ty: &PyObject) -> PyResult<()> {
    if ty.is(&crate::ellipsis()) {
        text.push_str("...");
        return Ok(());
    }
    if ty.is(crate::none_ref().ty().as_object()) {
        text.push_str("None");
        return Ok(());
    }
    let is_alias = object::getattr_opt(ty, intern!("__origin__"))?.is_some()
        && object::getattr_opt(ty, intern!("__args__"))?.is_some();
    if !is_alias
        && let Some(qualname) = object::getattr_opt(ty, intern!("__qualname__"))?
        && let Some(module) = object::getattr_opt(ty, intern!("__module__"))?
        && !crate::is_none(&module)
    {
        let module = object::str(&module)?;
        if !module.eq_str("builtins") {
            text.push_py(&module);
            text.push_str(".");
        }
        text.push_py(&*object::str(&qualname)?);
        return Ok(());
    }
    text.push_py(&*object::repr(ty)?);
    Ok(())
}

/// `[int, str]`: a list of types, as arguments for a `ParamSpec`.
fn list_repr(text: &mut StrBuilder, list: &PyList) -> PyResult<()> {
    text.push_str("[");
    for index in 0..list.len() {
        if index > 0 {
            text.push_str(", ");
        }
        // Making reprs may shorten the list.
        let item = list.get(index).ok_or_else(|| exc::index_error("list index out of range"))?;
        type_repr(text, &item)?;
    }
    text.push_str("]");
    Ok(())
}

// Type parameters.

/// Adds what is not there yet.
fn add_parameter(found: &mut Vec<ObjRef>, parameter: &PyObject) {
    if !found.iter().any(|known| known.is(parameter)) {
        found.push(parameter.new_ref());
    }
}

fn collect_parameters(found: &mut Vec<ObjRef>, args: &[ObjRef]) -> PyResult<()> {
    for arg in args {
        // The `__parameters__` of a class are none of ours.
        if arg.ty().has_flag(flags::TYPE_SUBCLASS) {
            continue;
        }
        if arg.ty().has_flag(flags::TUPLE_SUBCLASS | flags::LIST_SUBCLASS) {
            let mut nested = Vec::new();
            collect_parameters(&mut nested, &list_or_tuple(arg))?;
            nested.iter().for_each(|parameter| add_parameter(found, parameter));
            continue;
        }
        if object::getattr_opt(arg, intern!("__typing_subst__"))?.is_some() {
            add_parameter(found, arg);
            continue;
        }
        if let Some(inner) = object::getattr_opt(arg, intern!("__parameters__"))?
            && let Some(inner) = inner.downcast_ref::<PyTuple>()
        {
            inner.items().iter().for_each(|parameter| add_parameter(found, parameter));
        }
    }
    Ok(())
}

/// The items of a list or tuple.
fn list_or_tuple(object: &PyObject) -> Vec<ObjRef> {
    if let Some(tuple) = object.downcast_ref::<PyTuple>() {
        return tuple.items().iter().map(|item| item.new_ref()).collect();
    }
    object.downcast_ref::<PyList>().map(PyList::items_snapshot).unwrap_or_default()
}

/// The type parameters that occur in `args`, each once (`_Py_make_parameters`).
pub fn make_parameters(args: &PyTuple) -> PyResult<Ref<PyTuple>> {
    let mut found = Vec::new();
    collect_parameters(&mut found, &list_or_tuple(args.as_object()))?;
    Ok(PyTuple::new(found))
}

/// Replaces `*tuple[int, str]` among the arguments by its own arguments.
fn unpack_args(item: &PyObject) -> PyResult<Ref<PyTuple>> {
    let given = args_tuple(item);
    let mut unpacked = Vec::with_capacity(given.len());
    for arg in given.items() {
        if !arg.ty().has_flag(flags::TYPE_SUBCLASS)
            && let Some(inner) = object::getattr_opt(arg, intern!("__typing_unpacked_tuple_args__"))?
            && let Some(inner) = inner.downcast_ref::<PyTuple>()
            && !inner.items().last().is_some_and(|last| last.is(&crate::ellipsis()))
        {
            unpacked.extend(inner.items().iter().map(|item| item.new_ref()));
            continue;
        }
        unpacked.push(arg.new_ref());
    }
    Ok(PyTuple::new(unpacked))
}

fn position(parameters: &PyTuple, wanted: &PyObject) -> Option<usize> {
    parameters.items().iter().position(|parameter| parameter.is(wanted))
}

/// Substitutes inside an argument that has parameters of its own (`List[T]`).
fn substitute_inside(arg: &PyObject, parameters: &PyTuple, values: &[&PyObject]) -> PyResult {
    let Some(inner) = object::getattr_opt(arg, intern!("__parameters__"))? else {
        return Ok(arg.new_ref());
    };
    let Some(inner) = inner.downcast_ref::<PyTuple>().filter(|inner| inner.len() > 0) else {
        return Ok(arg.new_ref());
    };
    let mut new_args = Vec::with_capacity(inner.len());
    for parameter in inner.items() {
        let Some(index) = position(parameters, parameter) else {
            new_args.push(parameter.new_ref());
            continue;
        };
        let value = values.get(index).copied().unwrap_or(parameter);
        match value.downcast_ref::<PyTuple>() {
            // The values of a TypeVarTuple.
            Some(many) if parameter.ty().tp_iter.get().is_some() => {
                new_args.extend(many.items().iter().map(|item| item.new_ref()));
            }
            _ => new_args.push(value.new_ref()),
        }
    }
    object::get_item(arg, PyTuple::new(new_args).as_object())
}

/// Is it `*Ts` in a list of arguments?
fn is_unpacked_typevartuple(arg: &PyObject) -> PyResult<bool> {
    if arg.ty().has_flag(flags::TYPE_SUBCLASS) {
        return Ok(false);
    }
    match object::getattr_opt(arg, intern!("__typing_is_unpacked_typevartuple__"))? {
        Some(mark) => object::is_true(&mark),
        None => Ok(false),
    }
}

/// The arguments `args` of `alias` with `item` put in for `parameters` (`_Py_subs_parameters`).
///
/// # Errors
/// `TypeError` if the number of values does not fit, and what the parameters' `__typing_subst__` raise.
pub fn substitute(alias: &PyObject, args: &PyTuple, parameters: &PyTuple, item: &PyObject) -> PyResult<Ref<PyTuple>> {
    if parameters.len() == 0 {
        let shown = object::repr(alias)?;
        return Err(exc::type_error(format!("{} is not a generic class", shown.to_string_lossy())));
    }
    let mut item = unpack_args(item)?.into_obj();
    for parameter in parameters.items() {
        if let Some(prepare) = object::getattr_opt(parameter, intern!("__typing_prepare_subst__"))?
            && !crate::is_none(&prepare)
        {
            let values = args_tuple(&item);
            item = call::call(&prepare, &[alias, values.as_object()])?;
        }
    }
    let values = args_tuple(&item);
    if values.len() != parameters.len() {
        let shown = object::repr(alias)?;
        return Err(exc::type_error(format!(
            "Too {} arguments for {}; actual {}, expected {}",
            if values.len() > parameters.len() { "many" } else { "few" },
            shown.to_string_lossy(),
            values.len(),
            parameters.len()
        )));
    }
    Ok(PyTuple::new(substitute_all(alias, &list_or_tuple(args.as_object()), parameters, values.items())?))
}

fn substitute_all(
    alias: &PyObject,
    args: &[ObjRef],
    parameters: &PyTuple,
    values: &[&PyObject],
) -> PyResult<Vec<ObjRef>> {
    let mut new_args = Vec::with_capacity(args.len());
    for arg in args {
        let ty = arg.ty();
        if ty.has_flag(flags::TYPE_SUBCLASS) {
            new_args.push(arg.clone());
            continue;
        }
        if ty.has_flag(flags::TUPLE_SUBCLASS | flags::LIST_SUBCLASS) {
            let inner = substitute_all(alias, &list_or_tuple(arg), parameters, values)?;
            new_args.push(if ty.has_flag(flags::LIST_SUBCLASS) {
                PyList::new(inner).into_obj()
            } else {
                PyTuple::new(inner).into_obj()
            });
            continue;
        }
        let unpack = is_unpacked_typevartuple(arg)?;
        let replaced = match object::getattr_opt(arg, intern!("__typing_subst__"))? {
            Some(subst) => {
                let value = position(parameters, arg).and_then(|index| values.get(index).copied());
                let value =
                    value.ok_or_else(|| exc::system_error("a type parameter that is not among the parameters"))?;
                call::call_one(&subst, value)?
            }
            None => substitute_inside(arg, parameters, values)?,
        };
        if !unpack {
            new_args.push(replaced);
            continue;
        }
        match replaced.downcast_ref::<PyTuple>() {
            Some(many) => new_args.extend(many.items().iter().map(|item| item.new_ref())),
            None => {
                return Err(exc::type_error(format!(
                    "expected __typing_subst__ of {} objects to return a tuple, not {}",
                    fully_qualified_name(ty),
                    fully_qualified_name(replaced.ty())
                )));
            }
        }
    }
    Ok(new_args)
}

impl PyGenericAlias {
    fn parameters(&self) -> PyResult<Ref<PyTuple>> {
        if let Some(known) = self.parameters.get() {
            return Ok(known);
        }
        let found = make_parameters(&self.args)?;
        self.parameters.set(Some(found.clone()));
        Ok(found)
    }
}

#[pymethods(signature = "(origin, args, /)")]
impl PyGenericAlias {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        if kwargs.is_some_and(|k| k.len() != 0) {
            return Err(exc::type_error("GenericAlias() takes no keyword arguments"));
        }
        match args.items() {
            [origin, args] => Ok(new_in(cls, build(origin, args, false))?.into_obj()),
            other => Err(exc::type_error(format!("GenericAlias expected 2 arguments, got {}", other.len()))),
        }
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let mut text = StrBuilder::new();
        if self.starred.get() {
            text.push_str("*");
        }
        type_repr(&mut text, &self.origin)?;
        text.push_str("[");
        for (index, arg) in self.args.items().iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            match arg.downcast_exact::<PyList>() {
                Some(list) => list_repr(&mut text, list)?,
                None => type_repr(&mut text, arg)?,
            }
        }
        if self.args.len() == 0 {
            text.push_str("()");
        }
        text.push_str("]");
        Ok(text.finish())
    }

    #[slot]
    fn mp_subscript(&self, item: &PyObject) -> PyResult {
        let parameters = self.parameters()?;
        let args = substitute(self.as_object(), &self.args, &parameters, item)?;
        Ok(new_exact(build(&self.origin, args.as_object(), self.starred.get())).into_obj())
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        recursion::check("")?;
        Ok(object::hash(&self.origin)? ^ object::hash(self.args.as_object())?)
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        let instance = call::call_tuple(&self.origin, args, kwargs)?;
        match object::setattr(&instance, intern!("__orig_class__"), Some(self.as_object())) {
            Err(e) if !e.matches(exc::AttributeError()) && !e.matches(exc::TypeError()) => Err(e),
            _ => Ok(instance),
        }
    }

    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult {
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("attribute name must be string, not '{}'", name.ty().full_name())));
        };
        let own = BLOCKED_ATTRIBUTES.iter().chain(&OWN_ATTRIBUTES).any(|known| name.eq_str(known));
        if own {
            return object::generic_getattr(self.as_object(), name);
        }
        // The origin may be an alias itself.
        recursion::check("")?;
        object::getattr(&self.origin, name)
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult {
        let equal_wanted = match op {
            CompareOp::Eq => true,
            CompareOp::Ne => false,
            CompareOp::Lt | CompareOp::Le | CompareOp::Gt | CompareOp::Ge => return Ok(crate::not_implemented()),
        };
        let Some(other) = other.downcast_ref::<PyGenericAlias>() else {
            return Ok(crate::not_implemented());
        };
        let equal = self.starred.get() == other.starred.get()
            && object::eq(&self.origin, &other.origin)?
            && object::eq(self.args.as_object(), other.args.as_object())?;
        Ok(crate::py_bool(equal == equal_wanted))
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        let starred = new_exact(build(&self.origin, self.args.as_object(), true));
        new_exact(PyGenericAliasIter { ob_base: PyObject::placeholder(), alias: OptRef::some(starred.into_obj()) })
            .into_obj()
    }

    #[slot]
    fn nb_or(a: &PyObject, b: &PyObject) -> PyResult {
        crate::types::union::type_or(a, b)
    }

    #[pymethod]
    fn __mro_entries__(&self, _bases: &PyObject) -> ObjRef {
        PyTuple::from_slice(&[&self.origin]).into_obj()
    }

    #[pymethod]
    fn __instancecheck__(&self, _instance: &PyObject) -> PyResult {
        Err(exc::type_error("isinstance() argument 2 cannot be a parameterized generic"))
    }

    #[pymethod]
    fn __subclasscheck__(&self, _subclass: &PyObject) -> PyResult {
        Err(exc::type_error("issubclass() argument 2 cannot be a parameterized generic"))
    }

    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        if self.starred.get() {
            let plain = new_exact(build(&self.origin, self.args.as_object(), false));
            let iterator = object::get_iter(plain.as_object())?;
            let next = crate::types::descr::builtin("next")?;
            return Ok(PyTuple::new(vec![next, PyTuple::from_slice(&[&iterator]).into_obj()]).into_obj());
        }
        let parts = PyTuple::from_slice(&[&self.origin, self.args.as_object()]);
        Ok(PyTuple::from_slice(&[self.as_object().ty().as_object(), parts.as_object()]).into_obj())
    }

    #[pymethod]
    fn __dir__(&self) -> PyResult {
        let names = object::dir(Some(&self.origin))?;
        for name in OWN_ATTRIBUTES {
            let name = PyStr::intern_static(name);
            if !sequence::contains(names.as_object(), name.as_object())? {
                names.append(name.to_obj())?;
            }
        }
        Ok(names.into_obj())
    }

    /// Type variables in the GenericAlias.
    #[pygetset]
    fn __parameters__(&self) -> PyResult {
        Ok(self.parameters()?.into_obj())
    }

    #[pygetset]
    fn __typing_unpacked_tuple_args__(&self) -> ObjRef {
        if self.starred.get() && self.origin.is(PyTuple::type_object().as_object()) {
            self.args.to_obj()
        } else {
            crate::none()
        }
    }
}

#[pymethods]
impl PyGenericAliasIter {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        Ok(self.alias.take())
    }

    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        let iter = crate::types::descr::builtin("iter")?;
        let rest = match self.alias.get() {
            // The starred alias is made again from the plain one.
            Some(alias) => match alias.downcast_ref::<PyGenericAlias>() {
                Some(alias) => new_exact(build(&alias.origin, alias.args.as_object(), false)).into_obj(),
                None => alias,
            },
            None => PyTuple::empty().into_obj(),
        };
        Ok(PyTuple::new(vec![iter, PyTuple::from_slice(&[&rest]).into_obj()]).into_obj())
    }
}
