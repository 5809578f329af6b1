//! How objects are copied and pickled by default: `__reduce_ex__`, `__reduce__`, `__getstate__`.

use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, PyObject, PyStruct, PyTypeObject, Ref, flags, shape};
use crate::protocol;
use crate::protocol::object::{generic_getattr_slot, getattr, getattr_opt};
use crate::types::builtin_function::PyCFunction;
use crate::types::dict::PyDict;
use crate::types::function::PyFunction;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::object::PyBaseObject_Type;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use crate::types::type_::glue::{arg, ret};
use crate::types::type_::lookup;

/// `object.__reduce__`: protocol 0.
pub(super) unsafe extern "C-unwind" fn object_reduce(this: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    ret(common_reduce(unsafe { arg(this) }, 0))
}

/// `object.__reduce_ex__(protocol)`: an overridden `__reduce__` goes first.
pub(super) unsafe extern "C-unwind" fn object_reduce_ex(this: *mut PyObject, protocol: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes live objects.
    let (this, protocol) = unsafe { (arg(this), arg(protocol)) };
    ret(reduce_ex(this, protocol))
}

fn reduce_ex(this: &PyObject, protocol: &PyObject) -> PyResult {
    let version = protocol::number::index(protocol)?;
    let Some(version) = version.as_i64().and_then(|v| i32::try_from(v).ok()) else {
        return Err(exc::overflow_error("Python int too large to convert to C int"));
    };
    let name = crate::intern!("__reduce__");
    if let Some(reduce) = plain_reduce(this).map(|function| function.as_object().new_ref()) {
        return protocol::call::call(&reduce, &[this]);
    }
    if let Some(reduce) = getattr_opt(this, name)? {
        let of_class = getattr(this.ty().as_object(), name)?;
        let of_object = PyBaseObject_Type.tp_dict.peek().and_then(|d| d.get_str(name));
        if !of_object.is_some_and(|o| o.is(&of_class)) {
            return protocol::call::call_noargs(&reduce);
        }
    }
    common_reduce(this, version)
}

/// The function with which a class overrides `object.__reduce__`, where it is found without asking anybody.
pub fn plain_reduce(this: &PyObject) -> Option<&PyFunction> {
    let (ty, name) = (this.ty(), crate::intern!("__reduce__"));
    let generic = generic_getattr_slot as *const () as usize;
    if ty.tp_getattro.get().map(|f| f as usize) != Some(generic) || !ty.has_flag(flags::MANAGED_DICT) {
        return None;
    }
    let function = lookup(ty, name)?.downcast_exact::<PyFunction>()?;
    // SAFETY: just checked.
    let lacks = unsafe {
        match (shape::shape_of(this).as_ref(), shape::dict_of(this)) {
            (Some(shape), _) => shape.lookup(name).is_none(),
            (None, Some(dict)) => matches!(dict.find_plain(name.as_object()), Ok(None)),
            (None, None) => true,
        }
    };
    lacks.then_some(function)
}

/// Is it `object.__reduce_ex__` of an object?
pub fn is_reduce_ex(function: &PyCFunction) -> bool {
    core::ptr::eq(function.def().ml_meth, object_reduce_ex as *const core::ffi::c_void)
}

fn common_reduce(this: &PyObject, version: i32) -> PyResult {
    if version >= 2 {
        return reduce_newobj(this);
    }
    let copyreg = crate::import::import_module("copyreg")?;
    let reduce = getattr(&copyreg, crate::intern!("_reduce_ex"))?;
    let version = PyInt::from_i64(i64::from(version));
    protocol::call::call(&reduce, &[this, version.as_object()])
}

/// Protocol 2 and up: `(copyreg.__newobj__, (cls, *args), state, listitems, dictitems)`.
fn reduce_newobj(this: &PyObject) -> PyResult {
    let ty = this.ty();
    if ty.tp_new.get().is_none() {
        return Err(exc::type_error(format!("cannot pickle '{}' object", ty.full_name())));
    }
    let (args, kwargs) = new_arguments(this)?;
    let copyreg = crate::import::import_module("copyreg")?;
    let has_args = args.is_some();
    let (function, new_args) = match (args, kwargs.filter(|k| k.len() != 0)) {
        (args, None) => {
            let mut all = vec![ty.to_obj()];
            if let Some(args) = args {
                all.extend(args.items().iter().map(|a| a.new_ref()));
            }
            (getattr(&copyreg, crate::intern!("__newobj__"))?, PyTuple::new(all))
        }
        (Some(args), Some(kwargs)) => (
            getattr(&copyreg, crate::intern!("__newobj_ex__"))?,
            PyTuple::new(vec![ty.to_obj(), args.into_obj(), kwargs.into_obj()]),
        ),
        (None, Some(_)) => return Err(exc::system_error("__getnewargs_ex__ gave keywords without arguments")),
    };
    let plain_items = this.ty().has_flag(flags::LIST_SUBCLASS) || this.ty().has_flag(flags::DICT_SUBCLASS);
    let state = state_of(this, !(has_args || plain_items))?;
    let list_items = if ty.has_flag(flags::LIST_SUBCLASS) { protocol::object::get_iter(this)? } else { crate::none() };
    let dict_items = if ty.has_flag(flags::DICT_SUBCLASS) {
        let items = protocol::call::call_method(this, crate::intern!("items"), &[])?;
        protocol::object::get_iter(&items)?
    } else {
        crate::none()
    };
    Ok(PyTuple::new(vec![function, new_args.into_obj(), state, list_items, dict_items]).into_obj())
}

/// Arguments for `cls.__new__`, as `__getnewargs_ex__` or `__getnewargs__` give them.
fn new_arguments(this: &PyObject) -> PyResult<(Option<Ref<PyTuple>>, Option<Ref<PyDict>>)> {
    if let Some(method) = protocol::object::lookup_special(this, crate::intern!("__getnewargs_ex__"))? {
        let both = protocol::call::call_noargs(&method)?;
        let Some(both) = both.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error(format!(
                "__getnewargs_ex__ should return a tuple, not '{}'",
                both.ty().full_name()
            )));
        };
        let &[args, kwargs] = both.items() else {
            return Err(exc::value_error(format!(
                "__getnewargs_ex__ should return a tuple of length 2, not {}",
                both.len()
            )));
        };
        let Some(args) = args.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error(format!(
                "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '{}'",
                args.ty().full_name()
            )));
        };
        let Some(kwargs) = kwargs.downcast_ref::<PyDict>() else {
            return Err(exc::type_error(format!(
                "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '{}'",
                kwargs.ty().full_name()
            )));
        };
        return Ok((Some(args.to_ref()), Some(kwargs.to_ref())));
    }
    if let Some(method) = protocol::object::lookup_special(this, crate::intern!("__getnewargs__"))? {
        let args = protocol::call::call_noargs(&method)?;
        return match args.downcast::<PyTuple>() {
            Ok(args) => Ok((Some(args), None)),
            Err(other) => {
                Err(exc::type_error(format!("__getnewargs__ should return a tuple, not '{}'", other.ty().full_name())))
            }
        };
    }
    Ok((None, None))
}

/// `object.__getstate__`.
pub(super) unsafe extern "C-unwind" fn object_getstate(this: *mut PyObject, _none: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    ret(default_state(unsafe { arg(this) }, false))
}

/// The state through `__getstate__`; `required` says that an object with hidden C state must define its own.
fn state_of(this: &PyObject, required: bool) -> PyResult {
    let getstate = getattr(this, crate::intern!("__getstate__"))?;
    // The plain one is called directly, since it must know whether the state is required.
    if is_default_getstate(this, &getstate) {
        return default_state(this, required);
    }
    protocol::call::call_noargs(&getstate)
}

fn is_default_getstate(this: &PyObject, bound: &PyObject) -> bool {
    let Some(function) = bound.downcast_exact::<PyCFunction>() else { return false };
    function.receiver_ptr() == this.as_ptr()
        && core::ptr::eq(function.def().ml_meth, object_getstate as *const core::ffi::c_void)
}

/// Instance dict, or `(dict or None, slots)` when there are slots; None when there is nothing.
fn default_state(this: &PyObject, required: bool) -> PyResult {
    let ty = this.ty();
    if required && ty.tp_itemsize.get() != 0 {
        return Err(exc::type_error(format!("cannot pickle {} objects", ty.full_name())));
    }
    let state = instance_state(this)?;
    let slot_names = slot_names(ty)?;
    let names = slot_names.as_ref().map_or(0, |n| n.len());
    if required {
        let word = size_of::<*mut PyObject>() as isize;
        let mut expected = PyBaseObject_Type.tp_basicsize.get();
        if ty.tp_dictoffset.get() > 0 {
            expected += word;
        }
        if ty.tp_weaklistoffset.get() > 0 {
            expected += word;
        }
        expected += word * names as isize;
        if ty.tp_basicsize.get() > expected {
            return Err(exc::type_error(format!("cannot pickle '{}' object", ty.full_name())));
        }
    }
    if let Some(list) = slot_names.filter(|n| n.len() != 0) {
        let slots = PyDict::new();
        for name in list.items_snapshot() {
            let Some(name) = name.downcast_ref::<PyStr>() else { continue };
            if let Some(value) = getattr_opt(this, name)? {
                slots.set_item(name.as_object(), &value)?;
            }
        }
        if slots.len() != 0 {
            return Ok(PyTuple::new(vec![state, slots.into_obj()]).into_obj());
        }
    }
    Ok(state)
}

/// The instance's `__dict__`, or None if there is none or it is empty. A copy where the dict does not exist yet, so that
/// copying an object does not take it out of shape mode.
fn instance_state(this: &PyObject) -> PyResult {
    let ty = this.ty();
    if let Some(class) = this.downcast_ref::<PyTypeObject>() {
        // Whoever changes the dict itself does so behind the back of the caches of attributes.
        return match class.tp_dict.get() {
            Some(dict) if class.has_flag(flags::HEAPTYPE) => Ok(dict.copy()?.into_obj()),
            _ => Ok(crate::none()),
        };
    }
    if ty.has_flag(flags::MANAGED_DICT) && lookup_is_plain_dict(ty) {
        // SAFETY: checked.
        unsafe {
            if !shape::shape_of(this).is_null() {
                return Ok(shape::copy_attrs(this)?.map_or_else(crate::none, Ref::into_obj));
            }
        }
    }
    let empty = match protocol::object::instance_dict_if_any(this)? {
        Some(dict) => dict.len() == 0,
        None => true,
    };
    if empty {
        return Ok(crate::none());
    }
    protocol::object::generic_get_dict(this).map(Ref::into_obj)
}

/// Is `__dict__` what classes get by default?
fn lookup_is_plain_dict(ty: &PyTypeObject) -> bool {
    lookup::lookup(ty, crate::intern!("__dict__"))
        .is_none_or(|d| d.downcast_exact::<crate::types::descr::PyGetSetDescr>().is_some())
}

/// `copyreg._slotnames(cls)`, cached in the class as `__slotnames__`.
fn slot_names(ty: &PyTypeObject) -> PyResult<Option<Ref<PyList>>> {
    let check = |found: ObjRef| -> PyResult<Option<Ref<PyList>>> {
        if crate::is_none(&found) {
            return Ok(None);
        }
        match found.downcast::<PyList>() {
            Ok(list) => Ok(Some(list)),
            Err(other) => Err(exc::type_error(format!(
                "{}.__slotnames__ should be a list or None, not {}",
                ty.full_name(),
                other.ty().full_name()
            ))),
        }
    };
    if let Some(found) = ty.tp_dict.get().and_then(|d| d.get_str(crate::intern!("__slotnames__"))) {
        return check(found);
    }
    let copyreg = crate::import::import_module("copyreg")?;
    let names = protocol::call::call_method(&copyreg, crate::intern!("_slotnames"), &[ty.as_object()])?;
    if !crate::is_none(&names) && names.downcast_ref::<PyList>().is_none() {
        return Err(exc::type_error("copyreg._slotnames didn't return a list or None"));
    }
    check(names)
}
