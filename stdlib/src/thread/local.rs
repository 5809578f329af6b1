//! `_thread._local`: an object whose attributes differ from thread to thread.
//!
//! Each thread's state has a dict; in it, under the object's number, lies the dict with the attributes this thread sees. It
//! goes away with the thread, or with the object, whichever ends first.

use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::object as po;
use rpy_vm::runtime::thread;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::object::PyBaseObject_Type;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Thread-local data
#[pyclass(name = "_local", module = "_thread", flags(BASETYPE), gc, weaklist = weakrefs)]
#[repr(C)]
pub struct PyLocal {
    ob_base: PyObject,
    /// The number under which threads keep their attributes.
    #[pytraverse(skip)]
    key: Ref<PyInt>,
    /// What `__init__` is called with when another thread sees the object first.
    args: Ref<PyTuple>,
    kwargs: OptRef<PyDict>,
    #[pytraverse(skip)]
    weakrefs: Cell<*mut PyObject>,
}

impl Drop for PyLocal {
    fn drop(&mut self) {
        let mut found = Vec::new();
        thread::for_each(|state| found.extend(state.dict.get()));
        let mut dropped = Vec::new();
        for dict in found {
            if let Some(dict) = dict.downcast_ref::<PyDict>()
                && let Ok(Some(attributes)) = dict.pop_item_key(self.key.as_object())
            {
                dropped.push(attributes);
            }
        }
    }
}

/// The dict of the running thread's state.
fn thread_dict() -> Ref<PyDict> {
    let state = thread::current();
    if let Some(dict) = state.dict.get().and_then(|dict| dict.downcast::<PyDict>().ok()) {
        return dict;
    }
    let dict = PyDict::new();
    state.dict.set(Some(dict.to_obj()));
    dict
}

fn has_own_init(ty: &PyTypeObject) -> bool {
    let address = |ty: &PyTypeObject| ty.tp_init.get().map_or(0, |f| f as usize);
    address(ty) != address(&PyBaseObject_Type)
}

impl PyLocal {
    /// The attributes this thread sees. The first time, `__init__` runs for this thread.
    fn attributes(&self) -> PyResult<Ref<PyDict>> {
        let all = thread_dict();
        if let Some(found) = all.get_item(self.key.as_object())?
            && let Ok(dict) = found.downcast::<PyDict>()
        {
            return Ok(dict);
        }
        let dict = PyDict::new();
        all.set_item(self.key.as_object(), dict.as_object())?;
        let ty = self.as_object().ty();
        if has_own_init(ty)
            && let Some(init) = ty.tp_init.get()
        {
            let kwargs = self.kwargs.get();
            let kwargs_ptr = kwargs.as_ref().map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr());
            // SAFETY: calling a slot as the C API prescribes.
            let failed = unsafe { init(self.as_object().as_ptr(), self.args.as_object().as_ptr(), kwargs_ptr) } < 0;
            if failed {
                let _ = all.del_item(self.key.as_object());
                return Err(rpy_vm::PyErr::fetch_or_system_error());
            }
        }
        Ok(dict)
    }
}

#[pymethods]
impl PyLocal {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
        if !has_own_init(cls) && (!args.is_empty() || kwargs.is_some_and(|k| !k.is_empty())) {
            return Err(exc::type_error("Initialization arguments are not supported"));
        }
        let local = new_in(
            cls,
            PyLocal {
                ob_base: PyObject::placeholder(),
                key: PyInt::from_u64(NEXT.fetch_add(1, Ordering::Relaxed)),
                args: args.to_ref(),
                kwargs: OptRef::new(kwargs.map(PyStruct::to_ref)),
                weakrefs: Cell::new(core::ptr::null_mut()),
            },
        )?;
        // The creating thread's `__init__` is called by the class, as always.
        thread_dict().set_item(local.key.as_object(), PyDict::new().as_object())?;
        Ok(local.into_obj())
    }

    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult<ObjRef> {
        let attributes = self.attributes()?;
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("attribute name must be string, not '{}'", name.ty().name())));
        };
        if name.eq_str("__dict__") {
            return Ok(attributes.into_obj());
        }
        let object = self.as_object();
        let ty = object.ty();
        let descriptor = ty.lookup_ref(name);
        let get = descriptor.as_ref().and_then(|d| d.ty().tp_descr_get.get());
        let bind = |descriptor: &PyObject| match get {
            // SAFETY: calling a slot as the C API prescribes.
            Some(get) => unsafe {
                ObjRef::from_c_result(get(descriptor.as_ptr(), object.as_ptr(), ty.as_object().as_ptr()))
            },
            None => Ok(descriptor.new_ref()),
        };
        if let Some(descriptor) = &descriptor
            && get.is_some()
            && descriptor.ty().tp_descr_set.get().is_some()
        {
            return bind(descriptor);
        }
        if let Some(value) = attributes.get_item(name.as_object())? {
            return Ok(value);
        }
        match &descriptor {
            Some(descriptor) => bind(descriptor),
            None => Err(po::no_attribute(object, name)),
        }
    }

    #[slot]
    fn tp_setattro(&self, name: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        let attributes = self.attributes()?;
        let object = self.as_object();
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(exc::type_error(format!("attribute name must be string, not '{}'", name.ty().name())));
        };
        if name.eq_str("__dict__") {
            return Err(exc::attribute_error_msg(format!(
                "'{}' object attribute '__dict__' is read-only",
                object.ty().full_name()
            )));
        }
        if let Some(descriptor) = object.ty().lookup_ref(name)
            && let Some(set) = descriptor.ty().tp_descr_set.get()
        {
            let value = value.map_or(core::ptr::null_mut(), PyObject::as_ptr);
            // SAFETY: calling a slot as the C API prescribes.
            return if unsafe { set(descriptor.as_ptr(), object.as_ptr(), value) } < 0 {
                Err(rpy_vm::PyErr::fetch_or_system_error())
            } else {
                Ok(())
            };
        }
        match value {
            Some(value) => attributes.set_item(name.as_object(), value),
            None => {
                if attributes.del_item(name.as_object())? {
                    Ok(())
                } else {
                    Err(po::no_attribute(object, name))
                }
            }
        }
    }
}
