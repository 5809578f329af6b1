//! `Unpickler`: where objects are read from, and the memo, which outlives a `load`.

use core::cell::{Cell, RefCell};

use rpy_vm::gc::{Traverse, Visit};
use rpy_vm::object::alloc::{new_exact, new_in};
use rpy_vm::protocol::{number, object as protocol};
use rpy_vm::runtime::audit;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::exceptions::base::chain;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{
    ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods,
};

use super::global::{dotted_path, follow};
use super::input::{File, Input};
use super::load::Loader;
use super::memo::{LoadedObjects, Shared};
use super::pickler::{cannot_delete, reduce_memo, unhashable};
use super::{library, unpickling_error};

/// The input in an unpickler; a `load` takes it out while it runs.
#[derive(Default)]
struct Source(RefCell<Input>);

impl Traverse for Source {
    fn traverse(&self, visit: &mut Visit<'_>) {
        if let Ok(input) = self.0.try_borrow()
            && let Some(file) = &input.file
        {
            file.read.traverse(visit);
            file.readline.traverse(visit);
            file.readinto.traverse(visit);
            file.peek.traverse(visit);
        }
    }
    fn clear(&self) {
        drop(self.0.take());
    }
}

/// This takes a binary file for reading a pickle data stream.
///
/// The protocol version of the pickle is detected automatically, so no
/// protocol argument is needed.  Bytes past the pickled object's
/// representation are ignored.
///
/// The argument *file* must have two methods, a read() method that takes
/// an integer argument, and a readline() method that requires no
/// arguments.  Both methods should return bytes.
#[pyclass(name = "Unpickler", module = "_pickle", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyUnpickler {
    ob_base: PyObject,
    /// `persistent_load` as it was set on this instance.
    persistent_load_attr: OptRef,
    /// Iterator over the out-of-band buffers.
    pub buffers: OptRef,
    pub memo: Shared<LoadedObjects>,
    source: Source,
    /// How old strings are decoded, and with which error handler.
    #[pytraverse(skip)]
    encoding: RefCell<(String, String)>,
    #[pytraverse(skip)]
    pub protocol: Cell<u8>,
    #[pytraverse(skip)]
    fix_imports: Cell<bool>,
    #[pytraverse(skip)]
    initialised: Cell<bool>,
    /// A `load` is under way.
    #[pytraverse(skip)]
    running: Cell<bool>,
}

/// Ends a `load`: the input goes back, the mark is cleared.
struct Running<'a>(&'a PyUnpickler);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.set(false);
    }
}

impl PyUnpickler {
    fn blank() -> PyUnpickler {
        PyUnpickler {
            ob_base: PyObject::placeholder(),
            persistent_load_attr: OptRef::NULL,
            buffers: OptRef::NULL,
            memo: Shared::default(),
            source: Source::default(),
            encoding: RefCell::new((String::new(), String::new())),
            protocol: Cell::new(0),
            fix_imports: Cell::new(false),
            initialised: Cell::new(false),
            running: Cell::new(false),
        }
    }

    /// An unpickler for one `load`.
    pub fn fresh() -> Ref<PyUnpickler> {
        new_exact(PyUnpickler::blank())
    }

    /// Takes over the arguments that the constructor and the module's functions share.
    pub fn configure(
        &self,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<&PyObject>,
    ) -> PyResult<()> {
        let (encoding, errors) = (encoding.unwrap_or("ASCII"), errors.unwrap_or("strict"));
        if encoding.contains('\0') || errors.contains('\0') {
            return Err(exc::value_error("embedded null character"));
        }
        *self.encoding.borrow_mut() = (encoding.to_owned(), errors.to_owned());
        let buffers = match buffers.filter(|buffers| !rpy_vm::is_none(buffers)) {
            Some(buffers) => Some(protocol::get_iter(buffers)?),
            None => None,
        };
        self.buffers.set(buffers);
        self.fix_imports.set(fix_imports);
        self.protocol.set(0);
        self.initialised.set(true);
        Ok(())
    }

    /// Reads from a file from now on.
    pub fn set_file(&self, file: &PyObject) -> PyResult<()> {
        let peek = protocol::getattr_opt(file, intern!("peek"))?;
        let readinto = protocol::getattr_opt(file, intern!("readinto"))?;
        let read = protocol::getattr_opt(file, intern!("read"))?;
        let readline = protocol::getattr_opt(file, intern!("readline"))?;
        let (Some(read), Some(readline)) = (read, readline) else {
            return Err(exc::type_error("file must have 'read' and 'readline' attributes"));
        };
        let input = Input::of_file(File { read, readline, readinto, peek });
        drop(self.source.0.replace(input));
        Ok(())
    }

    /// Reads from memory from now on.
    pub fn set_data(&self, data: &PyObject) -> PyResult<()> {
        let mut input = Input::default();
        input.set_data(data)?;
        drop(self.source.0.replace(input));
        Ok(())
    }

    fn check_unused(&self) -> PyResult<()> {
        if self.running.get() { Err(exc::runtime_error("Unpickler object is already used")) } else { Ok(()) }
    }

    /// Reads one pickle.
    pub fn run(&self) -> PyResult<ObjRef> {
        self.check_unused()?;
        self.running.set(true);
        let _running = Running(self);
        self.protocol.set(0);
        let mut loader = Loader::new(self, self.source.0.take());
        let result = loader.run();
        drop(self.source.0.replace(loader.finish()));
        result
    }

    /// Is 'bytes' the encoding, which leaves old strings as they are?
    pub fn keeps_bytes(&self) -> bool {
        self.encoding.borrow().0 == "bytes"
    }

    /// A string of Python 2.
    pub fn decode(&self, bytes: &[u8]) -> PyResult<ObjRef> {
        let (encoding, errors) = self.encoding.borrow().clone();
        Ok(rpy_vm::runtime::codecs::decode_bytes(bytes, Some(&encoding), Some(&errors))?.into_obj())
    }

    /// What `find_class` does when it is not overridden.
    pub fn find(&self, module: &PyObject, name: &PyObject) -> PyResult<ObjRef> {
        if audit::active() {
            audit::audit("pickle.find_class", &[module, name])?;
        }
        let as_str = |object: &PyObject| match object.downcast_ref::<PyStr>() {
            Some(text) => Ok(text.to_ref()),
            None => Err(exc::type_error(format!("must be str, not {}", object.ty().name()))),
        };
        let mut path = (as_str(module)?, as_str(name)?);
        if self.protocol.get() < 3 && self.fix_imports.get() {
            path = library::to_python3(path)?;
        }
        let (module_name, name) = path;
        let module = library::import_object(&module_name)?;
        if self.protocol.get() < 4 {
            return protocol::getattr(&module, &name);
        }
        let parts = dotted_path(&name)?;
        follow(&module, &parts).map_err(|e| {
            if parts.len() < 2 {
                return e;
            }
            let shown = |text: &PyStr| protocol::repr(text.as_object()).map(|t| t.to_string_lossy().into_owned());
            match (shown(&name), shown(&module_name)) {
                (Ok(name), Ok(module)) => {
                    chain(exc::attribute_error_msg(format!("Can't resolve path {name} on module {module}")), e)
                }
                (Err(e), _) | (_, Err(e)) => e,
            }
        })
    }

    /// `self.find_class(module, name)`.
    pub fn find_class_hook(&self, module: &PyStr, name: &PyStr) -> PyResult<ObjRef> {
        if PyUnpickler::check_exact(self.as_object()) {
            return self.find(module.as_object(), name.as_object());
        }
        let args = [module.as_object(), name.as_object()];
        rpy_vm::protocol::call::call_method(self.as_object(), intern!("find_class"), &args)
    }

    /// `self.persistent_load`, or `None` for the one that only raises.
    pub fn persistent_load_hook(&self) -> PyResult<Option<ObjRef>> {
        if PyUnpickler::check_exact(self.as_object()) && self.persistent_load_attr.is_null() {
            return Ok(None);
        }
        protocol::getattr(self.as_object(), intern!("persistent_load")).map(Some)
    }
}

/// What is raised for a persistent id that nobody knows.
pub fn no_persistent_load() -> PyErr {
    unpickling_error("A load persistent id instruction was encountered, but no persistent_load function was specified.")
}

#[pymethods]
impl PyUnpickler {
    #[pynew(sig = "(*args, **kwargs)", unsigned)]
    fn py_new(cls: &PyTypeObject, _args: &[&PyObject], _kwargs: rpy_vm::args::KwArgs<'_>) -> PyResult<ObjRef> {
        Ok(new_in(cls, PyUnpickler::blank())?.into_obj())
    }

    #[pyinit(sig = "(file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=())")]
    fn py_init(
        &self,
        file: &PyObject,
        fix_imports: bool,
        encoding: Option<&str>,
        errors: Option<&str>,
        buffers: Option<&PyObject>,
    ) -> PyResult<()> {
        self.check_unused()?;
        if self.initialised.replace(false) {
            // A second initialisation begins from nothing.
            self.persistent_load_attr.set(None);
            self.memo.replace(LoadedObjects::default());
        }
        self.set_file(file)?;
        self.configure(fix_imports, encoding, errors, buffers)
    }

    #[pymethod(sig = "($self, pid, /)")]
    fn persistent_load(&self, _pid: &PyObject) -> PyResult<ObjRef> {
        Err(no_persistent_load())
    }

    /// Load a pickle.
    ///
    /// Read a pickled object representation from the open file object given
    /// in the constructor, and return the reconstituted object hierarchy
    /// specified therein.
    #[pymethod]
    fn load(&self) -> PyResult<ObjRef> {
        if !self.initialised.get() {
            return Err(unpickling_error(format!(
                "Unpickler.__init__() was not called by {}.__init__()",
                self.as_object().ty().full_name()
            )));
        }
        self.run()
    }

    /// Return an object from a specified module.
    ///
    /// If necessary, the module will be imported. Subclasses may override
    /// this method (e.g. to restrict unpickling of arbitrary classes and
    /// functions).
    ///
    /// This method is called whenever a class or a function object is
    /// needed.  Both arguments passed are str objects.
    #[pymethod(sig = "($self, module_name, global_name, /)")]
    fn find_class(&self, module_name: &PyObject, global_name: &PyObject) -> PyResult<ObjRef> {
        self.find(module_name, global_name)
    }

    /// Returns size in memory, in bytes.
    #[pymethod(name = "__sizeof__")]
    fn size_of(&self) -> usize {
        let basic = self.as_object().ty().tp_basicsize.get().max(0) as usize;
        let encoding = self.encoding.borrow();
        basic + self.memo.0.borrow().memory() + encoding.0.len() + encoding.1.len()
    }

    #[pygetset]
    fn memo(&self) -> PyResult<ObjRef> {
        let proxy = PyUnpicklerMemoProxy { ob_base: PyObject::placeholder(), unpickler: OptRef::some(self.to_ref()) };
        Ok(new_exact(proxy).into_obj())
    }

    #[pygetset(setter)]
    fn set_memo(&self, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(cannot_delete()) };
        let mut memo = LoadedObjects::default();
        if let Some(proxy) = value.downcast_exact::<PyUnpicklerMemoProxy>() {
            for (index, object) in proxy.items() {
                memo.put(index, object);
            }
        } else if let Some(dict) = value.downcast_ref::<PyDict>() {
            for (key, value) in dict.items_vec() {
                if !PyInt::check(&key) {
                    return Err(exc::type_error("memo key must be integers"));
                }
                let index = number::as_isize(&key, Some(exc::OverflowError()))?;
                let Ok(index) = usize::try_from(index) else {
                    return Err(exc::value_error("memo key must be positive integers."));
                };
                memo.put(index, value);
            }
        } else {
            return Err(exc::type_error(format!(
                "'memo' attribute must be an UnpicklerMemoProxy object or dict, not {}",
                value.ty().full_name()
            )));
        }
        self.memo.replace(memo);
        Ok(())
    }

    #[slot]
    fn tp_getattro(&self, name: &PyObject) -> PyResult<ObjRef> {
        let name = protocol::attr_name(name)?;
        match self.persistent_load_attr.get() {
            Some(hook) if name.eq_str("persistent_load") => Ok(hook),
            _ => protocol::generic_getattr(self.as_object(), name),
        }
    }

    #[slot]
    fn tp_setattro(&self, name: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        let name = protocol::attr_name(name)?;
        if name.eq_str("persistent_load") {
            self.persistent_load_attr.set(value.map(PyObject::new_ref));
            return Ok(());
        }
        protocol::generic_setattr(self.as_object(), name, value)
    }
}

/// The memo of an unpickler, as `unpickler.memo` shows it.
#[pyclass(name = "UnpicklerMemoProxy", module = "_pickle", flags(BASETYPE), gc, no_new, hidden)]
#[repr(C)]
pub struct PyUnpicklerMemoProxy {
    ob_base: PyObject,
    unpickler: OptRef<PyUnpickler>,
}

impl PyUnpicklerMemoProxy {
    fn items(&self) -> Vec<(usize, ObjRef)> {
        self.unpickler.get().map(|unpickler| unpickler.memo.0.borrow().items()).unwrap_or_default()
    }

    fn to_dict(&self) -> PyResult<Ref<PyDict>> {
        let dict = PyDict::new();
        for (index, object) in self.items() {
            dict.set_item(PyInt::from_usize(index).as_object(), &object)?;
        }
        Ok(dict)
    }
}

#[pymethods]
impl PyUnpicklerMemoProxy {
    /// Remove all items from memo.
    #[pymethod]
    fn clear(&self) {
        if let Some(unpickler) = self.unpickler.get() {
            unpickler.memo.replace(LoadedObjects::default());
        }
    }
    /// Copy the memo to a new object.
    #[pymethod]
    fn copy(&self) -> PyResult<ObjRef> {
        Ok(self.to_dict()?.into_obj())
    }
    /// Implement pickling support.
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        Ok(reduce_memo(self.to_dict()?))
    }
    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        Err(unhashable(self.as_object()))
    }
}
