//! `_symtable`: the compiler's symbol tables.

#[rpy_derive::pymodule(name = "_symtable")]
pub mod symtable_ {
    use rpy_vm::builtins::code::source_text;
    use rpy_vm::compile::Mode;
    use rpy_vm::compile::symtable::{self, Scope};
    use rpy_vm::object::alloc::new_exact;
    use rpy_vm::object::{OptRef, PyStruct};
    use rpy_vm::protocol::object as po;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::list::PyList;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{ObjRef, PyObject, PyResult, Ref, exc, pyclass, pymethods};

    /// A scope with its symbols.
    #[pyclass(name = "symtable entry", module = "builtins", hidden, no_new, gc)]
    #[repr(C)]
    pub struct PySymtableEntry {
        ob_base: PyObject,
        #[pymember(object, readonly)]
        id: OptRef,
        #[pymember(object, readonly)]
        name: OptRef<PyStr>,
        #[pymember(object, readonly)]
        symbols: OptRef<PyDict>,
        #[pymember(object, readonly)]
        varnames: OptRef<PyList>,
        #[pymember(object, readonly)]
        children: OptRef<PyList>,
        #[pytraverse(skip)]
        #[pymember(int, readonly)]
        nested: i32,
        #[pytraverse(skip)]
        #[pymember(int, readonly, name = "type")]
        kind: i32,
        #[pytraverse(skip)]
        #[pymember(int, readonly)]
        lineno: i32,
    }

    #[pymethods]
    impl PySymtableEntry {
        #[slot]
        fn tp_repr(&self) -> PyResult<String> {
            let name = self.name.get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let id = self.id.get().map_or_else(|| Ok(String::new()), |id| text(&id))?;
            Ok(format!("<symtable entry {name}({id}), line {}>", self.lineno))
        }
    }

    fn text(object: &PyObject) -> PyResult<String> {
        Ok(po::repr(object)?.to_string_lossy().into_owned())
    }

    /// The entry of a scope, with those of the scopes inside.
    fn entry(scope: &Scope) -> PyResult<ObjRef> {
        let symbols = PyDict::new();
        for (name, flags) in &scope.symbols {
            symbols.set_str(&*PyStr::interned(name), PyInt::from_i64(*flags).as_object())?;
        }
        let varnames = scope.varnames.iter().map(|name| PyStr::interned(name).into_obj()).collect();
        let children = scope.children.iter().map(entry).collect::<PyResult<Vec<_>>>()?;
        // Nothing but its identity tells an entry from others: the address of the data it was made from.
        let id = PyInt::from_usize(scope as *const Scope as usize).into_obj();
        let entry: Ref<PySymtableEntry> = new_exact(PySymtableEntry {
            ob_base: PyObject::placeholder(),
            id: OptRef::some(id),
            name: OptRef::some(PyStr::interned(&scope.name)),
            symbols: OptRef::some(symbols),
            varnames: OptRef::some(PyList::try_new(varnames)?),
            children: OptRef::some(PyList::try_new(children)?),
            nested: i32::from(scope.nested),
            kind: scope.kind,
            lineno: i32::try_from(scope.line).unwrap_or(0),
        });
        Ok(entry.into_obj())
    }

    /// Return symbol and scope dictionaries used internally by compiler.
    #[pyfunction(sig = "(source, filename, startstr, /)")]
    fn symtable(source: &PyObject, filename: &PyObject, startstr: &str) -> PyResult<ObjRef> {
        let mode = match startstr {
            "exec" => Mode::Exec,
            "eval" => Mode::Eval,
            "single" => Mode::Single,
            _ => {
                return Err(exc::value_error("symtable() arg 3 must be 'exec' or 'eval' or 'single'"));
            }
        };
        let filename = rpy_vm::builtins::code::filename_text(filename)?;
        let filename = filename.to_string_lossy();
        let text = source_text(source, "symtable", "string or bytes", &mut 0, &filename)?;
        entry(&symtable::symtable(&text, &filename, mode)?)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        for &(name, flag) in symtable::FLAGS {
            module.add(name, symtable::bits(flag))?;
        }
        for &(name, kind) in symtable::KINDS {
            module.add(name, kind)?;
        }
        let scopes = [("LOCAL", 1), ("GLOBAL_EXPLICIT", 2), ("GLOBAL_IMPLICIT", 3), ("FREE", 4), ("CELL", 5)];
        for (name, number) in scopes {
            module.add(name, number)?;
        }
        module.add("SCOPE_OFF", symtable::SCOPE_OFFSET)?;
        module.add("SCOPE_MASK", symtable::SCOPE_MASK)
    }
}
