//! The instructions that make objects of others: filling containers, calling classes and functions, setting state.

use rpy_vm::object::{flags, shape};
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::descr::PyGetSetDescr;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::set::{PyFrozenSet, PySet};
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::types::type_::ready::ensure_ready;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern};

use super::load::Loader;
use super::{library, unpickling_error};

impl Loader<'_> {
    /// The object just below the items from a height on, which they are to be put into. `None`: there are no items.
    fn target(&self, from: usize) -> PyResult<Option<&ObjRef>> {
        match from.checked_sub(1).filter(|at| *at >= self.fence()) {
            Some(at) if from <= self.stack.len() => Ok(self.stack.get(at).filter(|_| from < self.stack.len())),
            _ => Err(self.underflow()),
        }
    }

    /// Puts the objects from a height on into the list-like object below.
    pub fn append(&mut self, from: usize) -> PyResult<()> {
        let Some(target) = self.target(from)? else { return Ok(()) };
        if let Some(list) = target.downcast_exact::<PyList>() {
            let list = list.to_ref();
            return self.stack.drain(from..).try_for_each(|item| list.append(item));
        }
        if let Some(extend) = protocol::getattr_opt(target, intern!("extend"))? {
            let items: Vec<ObjRef> = self.stack.drain(from..).collect();
            call::call_one(&extend, PyList::try_new(items)?.as_object())?;
            return Ok(());
        }
        let append = protocol::getattr(target, intern!("append"))?;
        self.stack.drain(from..).try_for_each(|item| call::call_one(&append, &item).map(drop))
    }

    /// Puts the pairs from a height on into the dict-like object below.
    pub fn set_items(&mut self, from: usize) -> PyResult<()> {
        let Some(target) = self.target(from)? else { return Ok(()) };
        let items = &self.stack[from..];
        if items.len() % 2 != 0 {
            return Err(unpickling_error("odd number of items for SETITEMS"));
        }
        let dict = target.downcast_exact::<PyDict>();
        let result = items.chunks_exact(2).try_for_each(|pair| match dict {
            Some(dict) => dict.set_item(&pair[0], &pair[1]),
            None => protocol::set_item(target, &pair[0], &pair[1]),
        });
        self.stack.truncate(from);
        result
    }

    /// Puts the objects from a height on into the set-like object below.
    pub fn add_items(&mut self, from: usize) -> PyResult<()> {
        let Some(target) = self.target(from)? else { return Ok(()) };
        if let Some(set) = target.downcast_ref::<PySet>() {
            let set = set.to_ref();
            return self.stack.drain(from..).try_for_each(|item| set.add(&item));
        }
        let add = protocol::getattr(target, intern!("add"))?;
        self.stack.drain(from..).try_for_each(|item| call::call_one(&add, &item).map(drop))
    }

    pub fn frozenset(&mut self) -> PyResult<()> {
        let mark = self.pop_mark()?;
        let set = PyFrozenSet::from_items(&self.stack[mark..])?;
        self.stack.truncate(mark);
        self.push(set.into_obj());
        Ok(())
    }

    // ------------------------------------------------------------------------------------------------------- instances

    /// The class is on the stack below its arguments.
    pub fn obj(&mut self) -> PyResult<()> {
        let mark = self.pop_mark()?;
        if self.stack.len() <= mark {
            return Err(self.underflow());
        }
        let args = self.pop_tuple(mark + 1)?;
        let class = self.pop()?;
        let object = instantiate(&class, &args)?;
        self.push(object);
        Ok(())
    }

    /// The class is named in the text that follows.
    pub fn inst(&mut self) -> PyResult<()> {
        let mark = self.pop_mark()?;
        let class = self.global_lines(true)?;
        let args = self.pop_tuple(mark)?;
        let object = instantiate(&class, &args)?;
        self.push(object);
        Ok(())
    }

    /// `cls.__new__(cls, *args, **kwargs)`.
    pub fn newobj(&mut self, with_keywords: bool) -> PyResult<()> {
        let kwargs = if with_keywords { Some(self.pop()?) } else { None };
        let args = self.pop()?;
        let class = self.pop()?;
        let op = if with_keywords { "NEWOBJ_EX" } else { "NEWOBJ" };
        let bad = |what: &str, got: &PyObject| unpickling_error(format!("{op} {what}, not {}", got.ty().full_name()));
        let Some(class) = class.downcast_ref::<PyTypeObject>() else {
            return Err(bad("class argument must be a type", &class));
        };
        ensure_ready(class)?;
        let Some(new) = class.tp_new.get() else {
            let metaclass = class.as_object().ty().full_name();
            return Err(unpickling_error(format!("{op} class argument '{metaclass}' doesn't have __new__")));
        };
        if args.downcast_ref::<PyTuple>().is_none() {
            return Err(bad("args argument must be a tuple", &args));
        }
        if let Some(kwargs) = kwargs.as_ref().filter(|kwargs| kwargs.downcast_ref::<PyDict>().is_none()) {
            return Err(bad("kwargs argument must be a dict", kwargs));
        }
        let kwargs = kwargs.as_ref().map_or(core::ptr::null_mut(), |kwargs| kwargs.as_raw());
        // SAFETY: calling the slot as C would, with a tuple and a dict or null.
        let object = unsafe { ObjRef::from_c_result(new(class as *const _ as *mut _, args.as_raw(), kwargs)) }?;
        self.push(object);
        Ok(())
    }

    /// `callable(*args)`.
    pub fn reduce(&mut self) -> PyResult<()> {
        let args = self.pop()?;
        let callable = self.pop()?;
        let Some(args) = args.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error("argument list must be a tuple"));
        };
        let object = call::call_tuple(&callable, args, None)?;
        self.push(object);
        Ok(())
    }

    /// Gives the object below a state.
    pub fn build(&mut self) -> PyResult<()> {
        if self.stack.len() < self.fence() + 2 {
            return Err(self.underflow());
        }
        let state = self.pop()?;
        let instance = self.top()?;
        if let Some(setstate) = protocol::getattr_opt(instance, intern!("__setstate__"))? {
            call::call_one(&setstate, &state)?;
            return Ok(());
        }
        let (state, slots) = match state.downcast_ref::<PyTuple>().map(PyTuple::items) {
            Some([state, slots]) => (state.new_ref(), Some(slots.new_ref())),
            _ => (state, None),
        };
        if !rpy_vm::is_none(&state) {
            let Some(state) = state.downcast_ref::<PyDict>() else {
                return Err(unpickling_error("state is not a dictionary"));
            };
            set_attributes(instance, state)?;
        }
        if let Some(slots) = slots {
            let Some(slots) = slots.downcast_ref::<PyDict>() else {
                return Err(unpickling_error("slot state is not a dictionary"));
            };
            let mut position = 0;
            while let Some((name, value)) = slots.iter_index(&mut position) {
                protocol::setattr_obj(instance, &name, Some(&value))?;
            }
        }
        Ok(())
    }

    // ------------------------------------------------------------------------------------------------------ extensions

    /// Pushes the object registered with `copyreg` under a number.
    pub fn extension(&mut self, code: i32) -> PyResult<()> {
        if code <= 0 {
            return Err(unpickling_error("EXT specifies code <= 0"));
        }
        let key = PyInt::from_i64(i64::from(code));
        if let Some(object) = library::lookup(&library::EXTENSION_CACHE, key.as_object())? {
            self.push(object);
            return Ok(());
        }
        let Some(pair) = library::lookup(&library::INVERTED_REGISTRY, key.as_object())? else {
            return Err(exc::value_error(format!("unregistered extension code {code}")));
        };
        let names = match pair.downcast_ref::<PyTuple>().map(PyTuple::items) {
            Some([module, name]) => module.downcast_ref::<PyStr>().zip(name.downcast_ref::<PyStr>()),
            _ => None,
        };
        let Some((module, name)) = names else {
            return Err(exc::value_error(format!("_inverted_registry[{code}] isn't a 2-tuple of strings")));
        };
        let object = self.unpickler.find_class_hook(module, name)?;
        if let Some(cache) = library::EXTENSION_CACHE.get() {
            cache.set_item(key.as_object(), &object)?;
        }
        self.push(object);
        Ok(())
    }
}

/// An instance of a class of Python 2's kind: without arguments `__init__` is not called.
fn instantiate(class: &PyObject, args: &PyTuple) -> PyResult<ObjRef> {
    if args.is_empty()
        && class.downcast_ref::<PyTypeObject>().is_some()
        && protocol::getattr_opt(class, intern!("__getinitargs__"))?.is_none()
    {
        return call::call_method(class, intern!("__new__"), &[class]);
    }
    call::call_tuple(class, args, None)
}

/// Does `instance.__dict__` mean the attributes of the instance, as it does unless a class has redefined it?
fn has_plain_dict(instance: &PyObject) -> bool {
    let ty = instance.ty();
    let generic = protocol::generic_getattr_slot as *const () as usize;
    ty.has_flag(flags::MANAGED_DICT)
        && ty.tp_getattro.get().is_some_and(|f| f as *const () as usize == generic)
        && ty.lookup(intern!("__dict__")).is_some_and(|d| d.downcast_exact::<PyGetSetDescr>().is_some())
}

/// `instance.__dict__.update(state)` with interned names. Where nobody can tell the difference, the dict is not made.
fn set_attributes(instance: &PyObject, state: &PyDict) -> PyResult<()> {
    let interned = |key: ObjRef| match key.downcast_exact::<PyStr>() {
        Some(name) => PyStr::intern(name.to_ref()).into_obj(),
        None => key,
    };
    let mut position = 0;
    if has_plain_dict(instance) && state.has_only_str_keys() {
        while let Some((key, value)) = state.iter_index(&mut position) {
            let key = interned(key);
            if let Some(name) = key.downcast_ref::<PyStr>() {
                // SAFETY: `has_plain_dict` has seen MANAGED_DICT.
                unsafe { shape::set_attr(instance, name, Some(&value)) }?;
            }
        }
        return Ok(());
    }
    let dict: Ref<PyObject> = protocol::getattr(instance, intern!("__dict__"))?;
    while let Some((key, value)) = state.iter_index(&mut position) {
        protocol::set_item(&dict, &interned(key), &value)?;
    }
    Ok(())
}
