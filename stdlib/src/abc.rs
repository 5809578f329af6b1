//! `_abc`: the data behind abstract base classes, with caches of the answers already given.
//!
//! Each ABC has an `_abc_impl` object with three sets of weak references to classes: those registered, those found to be
//! subclasses, and those found not to be. The last one is valid for one value of a global counter, which every
//! registration moves on.

use rpy_vm::pymodule;

/// Module contains faster C implementation of abc.ABCMeta
#[pymodule(name = "_abc")]
pub mod abc {
    use core::cell::{Cell, RefCell};

    use hashbrown::HashMap;
    use rpy_vm::object::flags;
    use rpy_vm::protocol::{call, object as po};
    use rpy_vm::runtime::gc::{Traverse, Visit};
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::set::{PyFrozenSet, PySet};
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::types::weakref::PyWeakRef;
    use rpy_vm::{
        ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, is_not_implemented, pyclass, pymethods,
    };

    /// Moves on with each registration: negative answers older than this are void.
    struct Counter(Cell<u64>);
    // SAFETY: touched under the GIL.
    unsafe impl Sync for Counter {}
    static INVALIDATION: Counter = Counter(Cell::new(0));

    /// A set of classes that does not keep them alive: weak references by address. An entry whose class has died is dropped
    /// when it is met; a new class at the old address has another weak reference, so a stale entry never answers for it.
    #[derive(Default)]
    struct WeakClasses {
        entries: RefCell<HashMap<usize, Ref<PyWeakRef>, foldless::State>>,
    }

    /// A trivial hash for addresses.
    mod foldless {
        use core::hash::{BuildHasherDefault, Hasher};

        /// Multiplies addresses by an odd constant.
        #[derive(Default)]
        pub struct AddressHasher(u64);
        impl Hasher for AddressHasher {
            fn finish(&self) -> u64 {
                self.0
            }
            fn write(&mut self, bytes: &[u8]) {
                for &byte in bytes {
                    self.write_usize(usize::from(byte));
                }
            }
            fn write_usize(&mut self, n: usize) {
                self.0 = (self.0 ^ n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            }
        }
        pub type State = BuildHasherDefault<AddressHasher>;
    }

    impl WeakClasses {
        fn contains(&self, class: &PyObject) -> bool {
            let key = class as *const PyObject as usize;
            let entries = self.entries.borrow();
            entries.get(&key).is_some_and(|weak| weak.get().is_some_and(|target| target.is(class)))
        }

        fn add(&self, class: &PyObject) -> PyResult<()> {
            let weak = PyWeakRef::new_ref_to(class, None)?;
            let old = {
                let mut entries = self.entries.borrow_mut();
                // Now and then the dead are cleared away.
                let dead: Vec<usize> = if entries.len() >= 64 && entries.len().is_power_of_two() {
                    entries.iter().filter(|(_, weak)| weak.is_dead()).map(|(key, _)| *key).collect()
                } else {
                    Vec::new()
                };
                let mut old: Vec<Ref<PyWeakRef>> = dead.iter().filter_map(|key| entries.remove(key)).collect();
                old.extend(entries.insert(class as *const PyObject as usize, weak));
                old
            };
            drop(old);
            Ok(())
        }

        fn clear(&self) {
            let old = core::mem::take(&mut *self.entries.borrow_mut());
            drop(old);
        }

        fn is_empty(&self) -> bool {
            self.entries.borrow().is_empty()
        }

        /// The classes that are still alive.
        fn alive(&self) -> Vec<ObjRef> {
            self.entries.borrow().values().filter_map(|weak| weak.get()).collect()
        }

        /// A set of the weak references, for `_get_dump`.
        fn dump(&self) -> PyResult<ObjRef> {
            let weak: Vec<ObjRef> = self.entries.borrow().values().map(|weak| weak.to_obj()).collect();
            let set = PySet::new();
            for item in weak {
                set.add(&item)?;
            }
            Ok(set.into_obj())
        }
    }

    /// Internal state held by ABC machinery.
    #[pyclass(name = "_abc_data", module = "_abc", flags(HAVE_GC), hidden)]
    #[repr(C)]
    pub struct AbcData {
        ob_base: PyObject,
        registry: WeakClasses,
        cache: WeakClasses,
        negative_cache: WeakClasses,
        negative_version: Cell<u64>,
    }

    impl Traverse for WeakClasses {
        fn traverse(&self, v: &mut Visit<'_>) {
            if let Ok(entries) = self.entries.try_borrow() {
                for weak in entries.values() {
                    v.visit(weak.as_object());
                }
            }
        }
    }

    #[pymethods]
    impl AbcData {
        #[slot]
        fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
            rpy_vm::object::alloc::new_in(cls, AbcData::fresh()).map(Ref::into_obj)
        }

        #[slot]
        fn tp_traverse(&self, v: &mut Visit<'_>) {
            self.registry.traverse(v);
            self.cache.traverse(v);
            self.negative_cache.traverse(v);
        }

        #[slot]
        fn tp_clear(&self) {
            self.registry.clear();
            self.cache.clear();
            self.negative_cache.clear();
        }
    }

    impl AbcData {
        fn fresh() -> AbcData {
            AbcData {
                ob_base: PyObject::placeholder(),
                registry: WeakClasses::default(),
                cache: WeakClasses::default(),
                negative_cache: WeakClasses::default(),
                negative_version: Cell::new(INVALIDATION.0.get()),
            }
        }
    }

    /// The `_abc_impl` of a class.
    fn data_of(class: &PyObject) -> PyResult<Ref<AbcData>> {
        let data = po::getattr(class, rpy_vm::intern!("_abc_impl"))?;
        data.downcast::<AbcData>().map_err(|_| exc::type_error("_abc_impl is set to a wrong type"))
    }

    fn is_abstract(value: &PyObject) -> PyResult<bool> {
        match po::getattr_opt(value, rpy_vm::intern!("__isabstractmethod__"))? {
            Some(flag) => po::is_true(&flag),
            None => Ok(false),
        }
    }

    /// Works out `cls.__abstractmethods__`: names of its own, and inherited ones it does not override.
    fn compute_abstract_methods(class: &PyObject) -> PyResult<()> {
        let abstracts = PySet::new();
        let namespace = po::getattr(class, rpy_vm::intern!("__dict__"))?;
        let items = rpy_vm::protocol::mapping::items(&namespace)?;
        for item in items.items_snapshot() {
            let Some(pair) = item.downcast_exact::<PyTuple>().filter(|pair| pair.len() == 2) else {
                return Err(exc::type_error("Iteration over a mapping should yield key-value pairs"));
            };
            if is_abstract(pair.items()[1])? {
                abstracts.add(pair.items()[0])?;
            }
        }
        let bases = po::getattr(class, rpy_vm::intern!("__bases__"))?;
        let Some(bases) = bases.downcast_ref::<PyTuple>() else {
            return Err(exc::type_error("__bases__ is not tuple"));
        };
        for base in bases.items() {
            let Some(inherited) = po::getattr_opt(base, rpy_vm::intern!("__abstractmethods__"))? else { continue };
            for name in rpy_vm::protocol::sequence::fast(&inherited)? {
                let Some(text) = name.downcast_ref::<PyStr>() else {
                    return Err(exc::type_error("attribute name must be string"));
                };
                let Some(value) = po::getattr_opt(class, text)? else { continue };
                if is_abstract(&value)? {
                    abstracts.add(&name)?;
                }
            }
        }
        let mut names = Vec::new();
        let mut pos = 0;
        while let Some(name) = abstracts.iter_index(&mut pos) {
            names.push(name);
        }
        let frozen = PyFrozenSet::from_items(&names)?;
        po::setattr(class, rpy_vm::intern!("__abstractmethods__"), Some(frozen.as_object()))
    }

    /// Internal ABC helper for class set-up. Should be never used outside abc module.
    #[pyfunction(sig = "($module, self, /)")]
    fn _abc_init(zelf: &PyObject) -> PyResult<()> {
        compute_abstract_methods(zelf)?;
        let data = rpy_vm::object::alloc::new_exact(AbcData::fresh());
        po::setattr(zelf, rpy_vm::intern!("_abc_impl"), Some(data.as_object()))?;
        // A class may say that pattern matching shall treat it as a sequence or a mapping.
        if let Some(class) = zelf.downcast_ref::<PyTypeObject>()
            && let Some(dict) = class.tp_dict.peek()
        {
            let key = rpy_vm::intern!("__abc_tpflags__");
            if let Some(value) = dict.get_str(key) {
                let collection = flags::SEQUENCE | flags::MAPPING;
                if let Some(value) = value.downcast_exact::<rpy_vm::types::int::PyInt>().and_then(|v| v.as_i64()) {
                    let wanted = value as u64 & collection;
                    if wanted == collection {
                        return Err(exc::type_error(
                            "__abc_tpflags__ cannot be both Py_TPFLAGS_SEQUENCE and Py_TPFLAGS_MAPPING",
                        ));
                    }
                    class.tp_flags.set(class.tp_flags.get() | wanted);
                }
                dict.del_str(key);
                class.modified();
            }
        }
        Ok(())
    }

    /// Internal ABC helper for subclasss registration. Should be never used outside abc module.
    #[pyfunction(sig = "($module, self, subclass, /)")]
    fn _abc_register(zelf: &PyObject, subclass: &PyObject) -> PyResult<ObjRef> {
        let Some(class) = subclass.downcast_ref::<PyTypeObject>() else {
            return Err(exc::type_error("Can only register classes"));
        };
        if po::is_subclass(subclass, zelf)? {
            return Ok(subclass.new_ref());
        }
        // A cycle would make every later check endless.
        if po::is_subclass(zelf, subclass)? {
            return Err(exc::runtime_error("Refusing to create an inheritance cycle"));
        }
        data_of(zelf)?.registry.add(subclass)?;
        INVALIDATION.0.set(INVALIDATION.0.get() + 1);
        if let Some(own) = zelf.downcast_ref::<PyTypeObject>() {
            let collection = own.tp_flags.get() & (flags::SEQUENCE | flags::MAPPING);
            if collection != 0 {
                set_collection_flag(class, collection);
            }
        }
        Ok(subclass.new_ref())
    }

    /// Marks a class and its subclasses as sequence or mapping for pattern matching.
    fn set_collection_flag(class: &PyTypeObject, flag: u64) {
        let collection = flags::SEQUENCE | flags::MAPPING;
        if class.has_flag(flags::IMMUTABLETYPE) || class.tp_flags.get() & collection == flag {
            return;
        }
        class.tp_flags.set(class.tp_flags.get() & !collection | flag);
        for subclass in rpy_vm::types::type_::subclasses::list(class) {
            set_collection_flag(&subclass, flag);
        }
    }

    /// Internal ABC helper for instance checks. Should be never used outside abc module.
    #[pyfunction(sig = "($module, self, instance, /)")]
    fn _abc_instancecheck(zelf: &PyObject, instance: &PyObject) -> PyResult<ObjRef> {
        let data = data_of(zelf)?;
        let subclass = po::getattr(instance, rpy_vm::intern!("__class__"))?;
        if data.cache.contains(&subclass) {
            return Ok(rpy_vm::py_bool(true));
        }
        let check = rpy_vm::intern!("__subclasscheck__");
        let subtype = instance.ty().as_object();
        if subtype.is(&subclass) {
            if data.negative_version.get() == INVALIDATION.0.get() && data.negative_cache.contains(&subclass) {
                return Ok(rpy_vm::py_bool(false));
            }
            return call::call_method(zelf, check, &[&subclass]);
        }
        let result = call::call_method(zelf, check, &[&subclass])?;
        if po::is_true(&result)? {
            return Ok(result);
        }
        call::call_method(zelf, check, &[subtype])
    }

    /// Internal ABC helper for subclasss checks. Should be never used outside abc module.
    #[pyfunction(sig = "($module, self, subclass, /)")]
    fn _abc_subclasscheck(zelf: &PyObject, subclass: &PyObject) -> PyResult<bool> {
        if !PyTypeObject::check(subclass) {
            return Err(exc::type_error("issubclass() arg 1 must be a class"));
        }
        let data = data_of(zelf)?;
        if data.cache.contains(subclass) {
            return Ok(true);
        }
        let counter = INVALIDATION.0.get();
        if data.negative_version.get() < counter {
            data.negative_cache.clear();
            data.negative_version.set(counter);
        } else if data.negative_cache.contains(subclass) {
            return Ok(false);
        }
        // The class's own opinion.
        let hook = call::call_method(zelf, rpy_vm::intern!("__subclasshook__"), &[subclass])?;
        if hook.is(&rpy_vm::py_bool(true)) {
            data.cache.add(subclass)?;
            return Ok(true);
        }
        if hook.is(&rpy_vm::py_bool(false)) {
            data.negative_cache.add(subclass)?;
            return Ok(false);
        }
        if !is_not_implemented(&hook) {
            return Err(exc::assertion_error("__subclasshook__ must return either False, True, or NotImplemented"));
        }
        // A direct subclass.
        if let (Some(class), Some(own)) = (subclass.downcast_ref::<PyTypeObject>(), zelf.downcast_ref::<PyTypeObject>())
            && class.is_subtype(own)
        {
            data.cache.add(subclass)?;
            return Ok(true);
        }
        // A subclass of a registered class.
        if !data.registry.is_empty() {
            for registered in data.registry.alive() {
                if po::is_subclass(subclass, &registered)? {
                    data.cache.add(subclass)?;
                    return Ok(true);
                }
            }
        }
        // A subclass of a subclass.
        let subclasses = call::call_method(zelf, rpy_vm::intern!("__subclasses__"), &[])?;
        let Some(subclasses) = subclasses.downcast_ref::<rpy_vm::types::list::PyList>() else {
            return Err(exc::type_error("__subclasses__() must return a list"));
        };
        for derived in subclasses.items_snapshot() {
            if po::is_subclass(subclass, &derived)? {
                data.cache.add(subclass)?;
                return Ok(true);
            }
        }
        data.negative_cache.add(subclass)?;
        Ok(false)
    }

    /// Internal ABC helper to reset registry of a given class.
    ///
    /// Should be only used by refleak.py
    #[pyfunction(sig = "($module, self, /)")]
    fn _reset_registry(zelf: &PyObject) -> PyResult<()> {
        data_of(zelf)?.registry.clear();
        Ok(())
    }

    /// Internal ABC helper to reset both caches of a given class.
    ///
    /// Should be only used by refleak.py
    #[pyfunction(sig = "($module, self, /)")]
    fn _reset_caches(zelf: &PyObject) -> PyResult<()> {
        let data = data_of(zelf)?;
        data.cache.clear();
        data.negative_cache.clear();
        Ok(())
    }

    /// Internal ABC helper for cache and registry debugging.
    ///
    /// Return shallow copies of registry, of both caches, and
    /// negative cache version. Don't call this function directly,
    /// instead use ABC._dump_registry() for a nice repr.
    #[pyfunction(sig = "($module, self, /)")]
    fn _get_dump(zelf: &PyObject) -> PyResult<ObjRef> {
        let data = data_of(zelf)?;
        let version = rpy_vm::types::int::PyInt::from_u64(data.negative_version.get());
        Ok(PyTuple::new(vec![
            data.registry.dump()?,
            data.cache.dump()?,
            data.negative_cache.dump()?,
            version.into_obj(),
        ])
        .into_obj())
    }

    /// Returns the current ABC cache token.
    ///
    /// The token is an opaque object (supporting equality testing) identifying the
    /// current version of the ABC cache for virtual subclasses. The token changes
    /// with every call to register() on any ABC.
    #[pyfunction]
    fn get_cache_token() -> u64 {
        INVALIDATION.0.get()
    }

    #[pyexec]
    fn exec(_module: &PyModule) -> PyResult<()> {
        rpy_vm::types::type_::type_ready(AbcData::type_object())
    }
}
