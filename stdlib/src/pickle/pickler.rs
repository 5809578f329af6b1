//! `Pickler`: how objects are to be written, and the memo, which outlives a `dump`.

use core::cell::Cell;

use rpy_vm::object::alloc::{new_exact, new_in};
use rpy_vm::protocol::{number, object as protocol};
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{
    ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods,
};

use super::memo::{SavedObjects, Shared};
use super::opcode::{DEFAULT_PROTOCOL, HIGHEST_PROTOCOL};
use super::output::Output;
use super::pickling_error;
use super::save::Saver;

/// This takes a binary file for writing a pickle data stream.
///
/// The optional *protocol* argument tells the pickler to use the given
/// protocol; supported protocols are 0, 1, 2, 3, 4 and 5.  The default
/// protocol is 5. It was introduced in Python 3.8, and is incompatible
/// with previous versions.
///
/// The *file* argument must have a write() method that accepts a single
/// bytes argument.
#[pyclass(name = "Pickler", module = "_pickle", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyPickler {
    ob_base: PyObject,
    /// The file's `write` method.
    write: OptRef,
    /// `persistent_id` as it was set on this instance.
    persistent_id_attr: OptRef,
    #[pymember(object_ex)]
    pub dispatch_table: OptRef,
    pub buffer_callback: OptRef,
    pub memo: Shared<SavedObjects>,
    #[pytraverse(skip)]
    #[pymember(int)]
    pub bin: Cell<i32>,
    #[pytraverse(skip)]
    #[pymember(int)]
    pub fast: Cell<i32>,
    #[pytraverse(skip)]
    pub protocol: Cell<u8>,
    #[pytraverse(skip)]
    pub fix_imports: Cell<bool>,
    /// A `dump` is under way.
    #[pytraverse(skip)]
    running: Cell<bool>,
}

/// Clears the mark that a pickler is in use.
struct Running<'a>(&'a Cell<bool>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl PyPickler {
    fn blank() -> PyPickler {
        PyPickler {
            ob_base: PyObject::placeholder(),
            write: OptRef::NULL,
            persistent_id_attr: OptRef::NULL,
            dispatch_table: OptRef::NULL,
            buffer_callback: OptRef::NULL,
            memo: Shared::default(),
            bin: Cell::new(0),
            fast: Cell::new(0),
            protocol: Cell::new(0),
            fix_imports: Cell::new(false),
            running: Cell::new(false),
        }
    }

    /// A pickler for one `dump`.
    pub fn fresh() -> Ref<PyPickler> {
        new_exact(PyPickler::blank())
    }

    /// Takes over the arguments that the constructor and the module's functions share.
    pub fn configure(
        &self,
        protocol: Option<&PyObject>,
        fix_imports: bool,
        buffer_callback: Option<&PyObject>,
    ) -> PyResult<()> {
        let protocol = match protocol {
            None => DEFAULT_PROTOCOL,
            Some(number) => match number::index(number)?.as_i64() {
                None => return Err(exc::overflow_error("Python int too large to convert to C long")),
                Some(n) if n < 0 => HIGHEST_PROTOCOL,
                Some(n) if n > i64::from(HIGHEST_PROTOCOL) => {
                    return Err(exc::value_error(format!("pickle protocol must be <= {HIGHEST_PROTOCOL}")));
                }
                Some(n) => n as u8,
            },
        };
        self.protocol.set(protocol);
        self.bin.set(i32::from(protocol > 0));
        self.fix_imports.set(fix_imports && protocol < 3);
        if buffer_callback.is_some() && protocol < 5 {
            return Err(exc::value_error("buffer_callback needs protocol >= 5"));
        }
        self.buffer_callback.set(buffer_callback.map(PyObject::new_ref));
        Ok(())
    }

    /// Writes to a file from now on.
    pub fn set_file(&self, file: &PyObject) -> PyResult<()> {
        match protocol::getattr_opt(file, intern!("write"))? {
            Some(write) => {
                self.write.set(Some(write));
                Ok(())
            }
            None => Err(exc::type_error("file must have a 'write' attribute")),
        }
    }

    fn check_unused(&self) -> PyResult<()> {
        if self.running.get() { Err(exc::runtime_error("Pickler object is already used")) } else { Ok(()) }
    }

    /// `persistent_id`, unless it is the one that does nothing.
    fn persistent_id_hook(&self) -> PyResult<Option<ObjRef>> {
        if PyPickler::check_exact(self.as_object()) && self.persistent_id_attr.is_null() {
            return Ok(None);
        }
        let hook = protocol::getattr(self.as_object(), intern!("persistent_id"))?;
        let own = hook.downcast_exact::<PyCFunction>().is_some_and(|function| {
            function.m_self.as_ref().is_some_and(|this| this.is(self.as_object())) && function.name() == "persistent_id"
        });
        Ok(if own { None } else { Some(hook) })
    }

    fn dump_to(&self, object: &PyObject, file: Option<ObjRef>) -> PyResult<Vec<u8>> {
        self.check_unused()?;
        self.running.set(true);
        let _running = Running(&self.running);
        let persistent_id = self.persistent_id_hook()?;
        let reducer_override = match PyPickler::check_exact(self.as_object()) {
            true => None,
            false => protocol::getattr_opt(self.as_object(), intern!("reducer_override"))?,
        };
        Saver::new(self, Output::new(file), persistent_id, reducer_override).dump(object)
    }

    /// Pickles an object into the file.
    pub fn dump_to_file(&self, object: &PyObject) -> PyResult<()> {
        let Some(write) = self.write.get() else {
            return Err(pickling_error(format!(
                "Pickler.__init__() was not called by {}.__init__()",
                self.as_object().ty().full_name()
            )));
        };
        self.dump_to(object, Some(write)).map(drop)
    }

    /// Pickles an object into memory.
    pub fn dump_to_memory(&self, object: &PyObject) -> PyResult<Vec<u8>> {
        self.dump_to(object, None)
    }
}

/// The error of `del pickler.memo`.
pub fn cannot_delete() -> PyErr {
    exc::type_error("attribute deletion is not supported")
}

#[pymethods]
impl PyPickler {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        Ok(new_in(cls, PyPickler::blank())?.into_obj())
    }

    #[pyinit(sig = "(file, protocol=None, fix_imports=True, buffer_callback=None)")]
    fn py_init(
        &self,
        file: &PyObject,
        protocol: Option<&PyObject>,
        fix_imports: bool,
        buffer_callback: Option<&PyObject>,
    ) -> PyResult<()> {
        self.check_unused()?;
        if !self.write.is_null() {
            // A second initialisation begins from nothing.
            self.write.set(None);
            self.persistent_id_attr.set(None);
            self.dispatch_table.set(None);
            self.buffer_callback.set(None);
            self.memo.replace(SavedObjects::default());
        }
        self.configure(protocol, fix_imports, None)?;
        self.set_file(file)?;
        self.configure(protocol, fix_imports, buffer_callback)?;
        self.fast.set(0);
        if self.dispatch_table.is_null() {
            let table = protocol::getattr_opt(self.as_object(), intern!("dispatch_table"))?;
            self.dispatch_table.set(table);
        }
        Ok(())
    }

    #[pymethod(sig = "($self, obj, /)")]
    fn persistent_id(&self, _obj: &PyObject) {}

    /// Write a pickled representation of the given object to the open file.
    #[pymethod(sig = "($self, obj, /)")]
    fn dump(&self, obj: &PyObject) -> PyResult<()> {
        self.dump_to_file(obj)
    }

    /// Clears the pickler's "memo".
    ///
    /// The memo is the data structure that remembers which objects the
    /// pickler has already seen, so that shared or recursive objects are
    /// pickled by reference and not by value.  This method is useful when
    /// re-using picklers.
    #[pymethod]
    fn clear_memo(&self) {
        self.memo.replace(SavedObjects::default());
    }

    /// Returns size in memory, in bytes.
    #[pymethod(name = "__sizeof__")]
    fn size_of(&self) -> usize {
        let basic = self.as_object().ty().tp_basicsize.get().max(0) as usize;
        basic + self.memo.0.borrow().memory()
    }

    #[pygetset]
    fn memo(&self) -> PyResult<ObjRef> {
        let proxy = PyPicklerMemoProxy { ob_base: PyObject::placeholder(), pickler: OptRef::some(self.to_ref()) };
        Ok(new_exact(proxy).into_obj())
    }

    #[pygetset(setter)]
    fn set_memo(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(cannot_delete()) };
        let mut memo = SavedObjects::default();
        if let Some(proxy) = value.downcast_exact::<PyPicklerMemoProxy>() {
            for (object, index) in proxy.items() {
                memo.set(&object, index);
            }
        } else if let Some(dict) = value.downcast_ref::<PyDict>() {
            for (_, value) in dict.items_vec() {
                let Some([index, object]) =
                    value.downcast_ref::<PyTuple>().map(PyTuple::items).filter(|v| v.len() == 2)
                else {
                    return Err(exc::type_error("'memo' values must be 2-item tuples"));
                };
                // Negative numbers never come from a pickler; no opcode could name them.
                let index = number::as_isize(index, Some(exc::OverflowError()))?;
                memo.set(object, index.max(0) as usize);
            }
        } else {
            return Err(exc::type_error(format!(
                "'memo' attribute must be a PicklerMemoProxy object or dict, not {}",
                value.ty().full_name()
            )));
        }
        self.memo.replace(memo);
        Ok(())
    }

    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult<ObjRef> {
        let name = protocol::attr_name(name)?;
        match self.persistent_id_attr.get() {
            Some(hook) if name.eq_str("persistent_id") => Ok(hook),
            _ => protocol::generic_getattr(self.as_object(), name),
        }
    }

    #[slot]
    fn tp_setattro(&self, name: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        let name = protocol::attr_name(name)?;
        if name.eq_str("persistent_id") {
            self.persistent_id_attr.set(value.map(PyObject::new_ref));
            return Ok(());
        }
        protocol::generic_setattr(self.as_object(), name, value)
    }
}

/// The memo of a pickler, as `pickler.memo` shows it.
#[pyclass(name = "PicklerMemoProxy", module = "_pickle", flags(BASETYPE), gc, no_new, hidden)]
#[repr(C)]
pub struct PyPicklerMemoProxy {
    ob_base: PyObject,
    pickler: OptRef<PyPickler>,
}

impl PyPicklerMemoProxy {
    fn items(&self) -> Vec<(ObjRef, usize)> {
        self.pickler.get().map(|pickler| pickler.memo.0.borrow().items()).unwrap_or_default()
    }

    fn to_dict(&self) -> PyResult<Ref<PyDict>> {
        let dict = PyDict::new();
        for (object, index) in self.items() {
            let key = PyInt::from_usize(object.as_raw() as usize);
            let value = PyTuple::from_array([PyInt::from_usize(index).into_obj(), object]);
            dict.set_item(key.as_object(), value.as_object())?;
        }
        Ok(dict)
    }
}

/// `(dict, (contents,))`: how memos are pickled.
pub fn reduce_memo(contents: Ref<PyDict>) -> ObjRef {
    let args = PyTuple::from_array([contents.into_obj()]);
    PyTuple::from_array([PyDict::type_object().to_obj(), args.into_obj()]).into_obj()
}

/// The error of `hash(memo)`.
pub fn unhashable(object: &PyObject) -> PyErr {
    exc::type_error(format!("unhashable type: '{}'", object.ty().full_name()))
}

#[pymethods]
impl PyPicklerMemoProxy {
    /// Remove all items from memo.
    #[pymethod]
    fn clear(&self) {
        if let Some(pickler) = self.pickler.get() {
            pickler.memo.replace(SavedObjects::default());
        }
    }
    /// Copy the memo to a new object.
    #[pymethod]
    fn copy(&self) -> PyResult<ObjRef> {
        Ok(self.to_dict()?.into_obj())
    }
    /// Implement pickle support.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        Ok(reduce_memo(self.to_dict()?))
    }
    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        Err(unhashable(self.as_object()))
    }
}
