//! `super`: attribute look-up that starts behind a class in an object's MRO.

use crate::PyResult;
use crate::err::PyErr;
use crate::exc;
use crate::interp::frame::InterpreterFrame;
use crate::object::{ObjRef, OptRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref, flags};
use crate::protocol::{call, object};
use crate::runtime::thread;
use crate::types::cell::PyCell;
use crate::types::code::kind;
use crate::types::dict::PyDict;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// super() -> same as super(__class__, <first argument>)
/// super(type) -> unbound super object
/// super(type, obj) -> bound super object; requires isinstance(obj, type)
/// super(type, type2) -> bound super object; requires issubclass(type2, type)
/// Typical use to call a cooperative superclass method:
/// class C(B):
///     def meth(self, arg):
///         super().meth(arg)
/// This works for class methods too:
/// class C(B):
///     @classmethod
///     def cmeth(cls, arg):
///         super().cmeth(arg)
#[pyclass(name = "super", symbol = "PySuper_Type", gc, flags(BASETYPE))]
#[repr(C)]
pub struct PySuper {
    pub ob_base: PyObject,
    /// the class invoking super()
    #[pymember(readonly, name = "__thisclass__", object)]
    pub this_class: OptRef<PyTypeObject>,
    /// the instance invoking super(); may be None
    #[pymember(readonly, name = "__self__", object)]
    pub obj: OptRef,
    /// the type of the instance invoking super(); may be None
    #[pymember(readonly, name = "__self_class__", object)]
    pub obj_type: OptRef<PyTypeObject>,
}

/// The class whose MRO is searched: `obj` itself if it is a subclass of `class`, otherwise `obj`'s class.
fn check(class: &PyTypeObject, obj: &PyObject) -> PyResult<Ref<PyTypeObject>> {
    if let Some(ty) = obj.downcast_ref::<PyTypeObject>()
        && ty.is_subtype(class)
    {
        return Ok(ty.to_ref());
    }
    if obj.ty().is_subtype(class) {
        return Ok(obj.ty().to_ref());
    }
    // A proxy tells its object's class.
    if let Some(told) = object::getattr_opt(obj, intern!("__class__"))?
        && let Some(ty) = told.downcast_ref::<PyTypeObject>()
        && !core::ptr::eq(ty, obj.ty())
        && ty.is_subtype(class)
    {
        return Ok(ty.to_ref());
    }
    let (kind, name) = match obj.downcast_ref::<PyTypeObject>() {
        Some(ty) => ("type", ty.full_name()),
        None => ("instance of", obj.ty().full_name()),
    };
    Err(exc::type_error(format!(
        "super(type, obj): obj ({kind} {name}) is not an instance or subtype of type ({}).",
        class.full_name()
    )))
}

/// The entry for `name` behind `class` in the MRO of `start`.
fn find_behind(class: &PyTypeObject, start: &PyTypeObject, name: &PyStr) -> PyResult<Option<ObjRef>> {
    let Some(mro) = start.tp_mro.get() else { return Ok(None) };
    let mut behind = mro.items().iter().skip_while(|ty| !ty.is(class.as_object()));
    behind.next();
    for ty in behind {
        let Some(ty) = ty.downcast_ref::<PyTypeObject>() else { continue };
        let Some(dict) = ty.tp_dict.get() else { continue };
        if let Some(found) = dict.get_item(name.as_object())? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Looks `name` up behind `class` for an object whose search class is `start`. With `want_method`, a method descriptor comes
/// back unbound, with `true`.
fn find_bound(
    class: &PyTypeObject,
    obj: &PyObject,
    start: &PyTypeObject,
    name: &PyStr,
    want_method: bool,
) -> PyResult<Option<(ObjRef, bool)>> {
    // `super().__class__` is the class of the super object.
    if name.eq_str("__class__") {
        return Ok(None);
    }
    let Some(found) = find_behind(class, start, name)? else {
        return Ok(None);
    };
    let ty = found.ty();
    // For super(type, type2) there is no instance to call a method with.
    let has_instance = !obj.is(start.as_object());
    if want_method && has_instance && ty.has_flag(flags::METHOD_DESCRIPTOR) {
        return Ok(Some((found, true)));
    }
    let Some(get) = ty.tp_descr_get.get() else {
        return Ok(Some((found, false)));
    };
    let instance = if has_instance { obj.as_ptr() } else { core::ptr::null_mut() };
    // SAFETY: calling the slot as C would.
    let bound = unsafe { ObjRef::from_c_result(get(found.as_raw(), instance, start.as_object().as_ptr()))? };
    Ok(Some((bound, false)))
}

/// `super(class, obj).name` without making the super object (`LOAD_SUPER_ATTR`). With `want_method`, the second value tells
/// that the result is a function that still wants `obj` as its first argument.
///
/// # Errors
/// `TypeError` if `obj` does not fit, `AttributeError` if nothing is found.
pub fn lookup(class: &PyTypeObject, obj: &PyObject, name: &PyStr, want_method: bool) -> PyResult<(ObjRef, bool)> {
    let start = check(class, obj)?;
    if let Some(found) = find_bound(class, obj, &start, name, want_method)? {
        return Ok(found);
    }
    // The super object's own attributes, and the error.
    let this = call::call(PySuper::type_object().as_object(), &[class.as_object(), obj])?;
    Ok((object::generic_getattr(&this, name)?, false))
}

/// What `super()` without arguments stands for: the class from the `__class__` cell, and the first argument.
fn from_frame() -> PyResult<(Ref<PyTypeObject>, ObjRef)> {
    let fail = |message: &str| Err(exc::runtime_error(message));
    let frame = InterpreterFrame::first_complete(thread::current().current_frame.get());
    // SAFETY: the chain of frames is live while its thread runs.
    let Some(frame) = (unsafe { frame.as_ref() }) else {
        return fail("super(): no current frame");
    };
    crate::jit_hooks::show_locals(frame);
    // SAFETY: a Python frame; indices lie within its locals.
    unsafe {
        let code = frame.code();
        if code.co_argcount == 0 {
            return fail("super(): no arguments");
        }
        let first = *frame.local(0);
        let kind_of = |index: usize| code.co_localspluskinds.as_bytes().get(index).copied().unwrap_or(0);
        let first = if first.is_null() {
            None
        } else if kind_of(0) & kind::CELL != 0 && frame.lasti() >= 0 {
            first.get().downcast_ref::<PyCell>().and_then(PyCell::get)
        } else {
            Some(first.get().new_ref())
        };
        let Some(first) = first else {
            return fail("super(): arg[0] deleted");
        };
        let total = code.co_nlocalsplus as usize;
        for index in total - code.co_nfreevars as usize..total {
            if !code.local_name(index).eq_str("__class__") {
                continue;
            }
            let cell = *frame.local(index);
            let Some(cell) = (!cell.is_null()).then(|| cell.get()).and_then(|c| c.downcast_ref::<PyCell>()) else {
                return fail("super(): bad __class__ cell");
            };
            let Some(class) = cell.get() else {
                return fail("super(): empty __class__ cell");
            };
            return match class.downcast::<PyTypeObject>() {
                Ok(class) => Ok((class, first)),
                Err(other) => fail(&format!("super(): __class__ is not a type ({})", other.ty().full_name())),
            };
        }
    }
    fail("super(): __class__ cell not found")
}

#[pymethods]
impl PySuper {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        let value = PySuper {
            ob_base: PyObject::placeholder(),
            this_class: OptRef::NULL,
            obj: OptRef::NULL,
            obj_type: OptRef::NULL,
        };
        Ok(crate::object::alloc::new_in(cls, value)?.into_obj())
    }

    #[slot]
    fn tp_init(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        if kwargs.is_some_and(|k| k.len() != 0) {
            return Err(exc::type_error("super() takes no keyword arguments"));
        }
        let as_type = |o: &PyObject| -> Result<Ref<PyTypeObject>, PyErr> {
            o.downcast_ref::<PyTypeObject>().map(PyStruct::to_ref).ok_or_else(|| {
                let got = if crate::is_none(o) { "None" } else { o.ty().full_name() };
                exc::type_error(format!("super() argument 1 must be a type, not {got}"))
            })
        };
        let (class, obj) = match args.items() {
            [] => {
                let (class, obj) = from_frame()?;
                (class, Some(obj))
            }
            [class] => (as_type(class)?, None),
            [class, obj] => (as_type(class)?, Some(obj.new_ref())),
            more => return Err(exc::type_error(format!("super() expected at most 2 arguments, got {}", more.len()))),
        };
        let obj = obj.filter(|obj| !crate::is_none(obj));
        let obj_type = match &obj {
            Some(obj) => Some(check(&class, obj)?),
            None => None,
        };
        self.this_class.set(Some(class));
        self.obj.set(obj);
        self.obj_type.set(obj_type);
        Ok(())
    }

    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult {
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("attribute name must be string, not '{}'", name.ty().full_name())));
        };
        if let (Some(class), Some(obj), Some(start)) = (self.this_class.get(), self.obj.get(), self.obj_type.get())
            && let Some((found, _)) = find_bound(&class, &obj, &start, name, false)?
        {
            return Ok(found);
        }
        object::generic_getattr(self.as_object(), name)
    }

    #[slot]
    fn tp_descr_get(&self, obj: Option<&PyObject>, _cls: Option<&PyObject>) -> PyResult {
        let Some(obj) = obj.filter(|obj| !crate::is_none(obj)) else {
            return Ok(self.to_obj());
        };
        let (true, Some(class)) = (self.obj.is_null(), self.this_class.get()) else {
            // Bound already.
            return Ok(self.to_obj());
        };
        let own = self.as_object().ty();
        if !core::ptr::eq(own, PySuper::type_object()) {
            return call::call(own.as_object(), &[class.as_object(), obj]);
        }
        let start = check(&class, obj)?;
        Ok(crate::object::alloc::new_exact(PySuper {
            ob_base: PyObject::placeholder(),
            this_class: OptRef::some(class),
            obj: OptRef::some(obj.new_ref()),
            obj_type: OptRef::some(start),
        })
        .into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> Ref<PyStr> {
        let class = self.this_class.get();
        let class = class.as_ref().map_or("NULL", |c| c.name());
        PyStr::from_string(match self.obj_type.get() {
            Some(start) => format!("<super: <class '{class}'>, <{} object>>", start.name()),
            None => format!("<super: <class '{class}'>, NULL>"),
        })
    }
}
