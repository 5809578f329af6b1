//! `_thread._local`: an object whose attributes differ from thread to thread.
//!
//! The object owns one dict a thread, which holds the attributes that thread sees; so the collector sees cycles through it.
//! A thread that ends takes its dicts out of all such objects.

use core::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};

use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::object as po;
use rpy_vm::runtime::gc::{Traverse, Visit};
use rpy_vm::runtime::thread;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::object::PyBaseObject_Type;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

/// Addresses of all such objects that are alive.
struct Alive(RefCell<BTreeSet<usize>>);
// SAFETY: touched under the GIL.
unsafe impl Sync for Alive {}
static ALIVE: Alive = Alive(RefCell::new(BTreeSet::new()));

/// A thread ends: what it kept in thread-local objects goes.
pub fn thread_ended(thread: u64) {
    let mut ended = Vec::new();
    for &address in ALIVE.0.borrow().iter() {
        // SAFETY: objects leave the set before they die.
        let local = unsafe { &*(address as *const PyLocal) };
        ended.extend(local.dicts.0.borrow_mut().remove(&thread));
    }
    // Finalizers run here, with nothing borrowed.
    drop(ended);
}

/// The attributes by the number of the thread that sees them.
#[derive(Default)]
struct Dicts(RefCell<HashMap<u64, Ref<PyDict>>>);

impl Traverse for Dicts {
    fn traverse(&self, v: &mut Visit<'_>) {
        if let Ok(dicts) = self.0.try_borrow() {
            for dict in dicts.values() {
                v.visit(dict.as_object());
            }
        }
    }
    fn clear(&self) {
        let dicts = core::mem::take(&mut *self.0.borrow_mut());
        drop(dicts);
    }
}

/// Thread-local data
#[pyclass(name = "_local", module = "_thread", flags(BASETYPE), gc, weaklist = weakrefs)]
#[repr(C)]
pub struct PyLocal {
    ob_base: PyObject,
    dicts: Dicts,
    /// What `__init__` is called with when another thread sees the object first.
    args: Ref<PyTuple>,
    kwargs: OptRef<PyDict>,
    #[pytraverse(skip)]
    weakrefs: Cell<*mut PyObject>,
}

impl Drop for PyLocal {
    fn drop(&mut self) {
        ALIVE.0.borrow_mut().remove(&(self as *const PyLocal as usize));
    }
}

fn has_own_init(ty: &PyTypeObject) -> bool {
    let address = |ty: &PyTypeObject| ty.tp_init.get().map_or(0, |f| f as usize);
    address(ty) != address(&PyBaseObject_Type)
}

impl PyLocal {
    /// The attributes this thread sees. The first time, `__init__` runs for this thread.
    fn attributes(&self) -> PyResult<Ref<PyDict>> {
        let thread = thread::current().id.get();
        if let Some(dict) = self.dicts.0.borrow().get(&thread) {
            return Ok(dict.clone());
        }
        let dict = PyDict::new();
        self.dicts.0.borrow_mut().insert(thread, dict.clone());
        let ty = self.as_object().ty();
        if has_own_init(ty)
            && let Some(init) = ty.tp_init.get()
        {
            let kwargs = self.kwargs.get();
            let kwargs_ptr = kwargs.as_ref().map_or(core::ptr::null_mut(), |k| k.as_object().as_ptr());
            // SAFETY: calling a slot as the C API prescribes.
            let failed = unsafe { init(self.as_object().as_ptr(), self.args.as_object().as_ptr(), kwargs_ptr) } < 0;
            if failed {
                let made = self.dicts.0.borrow_mut().remove(&thread);
                drop(made);
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
                dicts: Dicts::default(),
                args: args.to_ref(),
                kwargs: OptRef::new(kwargs.map(PyStruct::to_ref)),
                weakrefs: Cell::new(core::ptr::null_mut()),
            },
        )?;
        // The creating thread's `__init__` is called by the class, as always.
        local.dicts.0.borrow_mut().insert(thread::current().id.get(), PyDict::new());
        ALIVE.0.borrow_mut().insert(local.as_raw() as usize);
        Ok(local.into_obj())
    }

    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult<ObjRef> {
        let attributes = self.attributes()?;
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(bad_name(name));
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
        if po::eq(name, rpy_vm::intern!("__dict__").as_object())? {
            return Err(exc::attribute_error_msg(format!(
                "'{}' object attribute '__dict__' is read-only",
                object.ty().full_name()
            )));
        }
        let Some(name) = name.downcast_ref::<PyStr>() else {
            return Err(bad_name(name));
        };
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

fn bad_name(name: &PyObject) -> rpy_vm::PyErr {
    exc::type_error(format!("attribute name must be string, not '{}'", name.ty().name()))
}
