//! Writing functions and classes: by the name of their module and their own.

use rpy_vm::protocol::object as protocol;
use rpy_vm::runtime::sys_state;
use rpy_vm::types::exceptions::base::chain;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::singletons::{PyEllipsis, PyNone, PyNotImplemented};
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern};

use super::opcode::Op;
use super::save::Saver;
use super::{library, pickling_error};

/// The parts of a dotted name.
pub fn dotted_path(name: &PyStr) -> PyResult<Vec<Ref<PyStr>>> {
    let parts = name.split(Some(intern!(".")), -1)?;
    Ok(parts.into_iter().filter_map(|part| part.downcast::<PyStr>().ok()).collect())
}

/// Follows attribute names from an object on.
pub fn follow(object: &PyObject, path: &[Ref<PyStr>]) -> PyResult<ObjRef> {
    path.iter().try_fold(object.new_ref(), |object, name| protocol::getattr(&object, name))
}

fn shown(object: &PyObject) -> PyResult<String> {
    Ok(protocol::repr(object)?.to_string_lossy().into_owned())
}

/// Replaces an error by a `PicklingError` that has it as context.
fn instead_of(cause: PyErr, message: impl FnOnce(&PyErr) -> PyResult<String>) -> PyErr {
    match message(&cause) {
        Ok(message) => chain(pickling_error(message), cause),
        Err(e) => e,
    }
}

/// Searches `sys.modules` for the module that has an object under a name. The modules may change meanwhile.
fn search_modules(object: &PyObject, path: &[Ref<PyStr>]) -> PyResult<ObjRef> {
    let finds = |name: &PyObject, module: &PyObject| -> PyResult<bool> {
        if rpy_vm::is_none(module) || name.downcast_ref::<PyStr>().is_some_and(|name| name.eq_str("__main__")) {
            return Ok(false);
        }
        let mut found = module.new_ref();
        for name in path {
            match protocol::getattr_opt(&found, name)? {
                Some(next) => found = next,
                None => return Ok(false),
            }
        }
        Ok(found.is(object))
    };
    for (name, module) in sys_state::modules()?.items_vec() {
        if finds(&name, &module)? {
            return Ok(name);
        }
    }
    Ok(intern!("__main__").to_obj())
}

/// The name of the module in which an object is found under `name`.
fn module_of(object: &PyObject, name: &PyStr, path: &[Ref<PyStr>]) -> PyResult<Ref<PyStr>> {
    if path.iter().any(|part| part.eq_str("<locals>")) {
        return Err(pickling_error(format!("Can't pickle local object {}", shown(object)?)));
    }
    let module_name = match protocol::getattr_opt(object, intern!("__module__"))? {
        Some(name) if !rpy_vm::is_none(&name) => name,
        _ => search_modules(object, path)?,
    };
    let Some(module_name) = module_name.downcast_ref::<PyStr>() else {
        return Err(exc::type_error(format!("module name must be a string, not {}", module_name.ty().name())));
    };
    let place = || format!("{}.{}", module_name.to_string_lossy(), name.to_string_lossy());
    let module = library::import_object(module_name).map_err(|e| {
        if !e.matches(exc::ImportError()) && !e.matches(exc::ValueError()) {
            return e;
        }
        instead_of(e, |e| {
            Ok(format!("Can't pickle {}: {}", shown(object)?, protocol::str(e.object())?.to_string_lossy()))
        })
    })?;
    let found = follow(&module, path).map_err(|e| match e.matches(exc::AttributeError()) {
        true => instead_of(e, |_| Ok(format!("Can't pickle {}: it's not found as {}", shown(object)?, place()))),
        false => e,
    })?;
    if !found.is(object) {
        let message = format!("Can't pickle {}: it's not the same object as {}", shown(object)?, place());
        return Err(pickling_error(message));
    }
    Ok(module_name.to_ref())
}

impl Saver<'_> {
    /// Writes a class. Those of the singletons have no names to be found by.
    pub fn save_type(&mut self, object: &PyObject) -> PyResult<()> {
        let singleton = if object.is(PyNone::type_object().as_object()) {
            rpy_vm::none()
        } else if object.is(PyEllipsis::type_object().as_object()) {
            rpy_vm::ellipsis()
        } else if object.is(PyNotImplemented::type_object().as_object()) {
            rpy_vm::not_implemented()
        } else {
            return self.save_global(object, None);
        };
        let args = PyTuple::from_array([singleton]);
        let reduction = PyTuple::from_array([PyTypeObject::type_object().to_obj(), args.into_obj()]);
        self.save_reduce(&reduction, object)
    }

    /// Writes an object as "the thing called `name`" (by default its own name).
    pub fn save_global(&mut self, object: &PyObject, name: Option<&PyStr>) -> PyResult<()> {
        let name = match name {
            Some(name) => name.to_obj(),
            None => match protocol::getattr_opt(object, intern!("__qualname__"))? {
                Some(name) => name,
                None => protocol::getattr(object, intern!("__name__"))?,
            },
        };
        let name = name
            .downcast::<PyStr>()
            .map_err(|other| exc::type_error(format!("must be str, not {}", other.ty().name())))?;
        let path = dotted_path(&name)?;
        let module = module_of(object, &name, &path)?;
        if self.protocol >= 2 && self.save_extension(&module, &name)? {
            return Ok(());
        }
        if self.protocol >= 4 {
            self.save(module.as_object())?;
            self.save(name.as_object())?;
            self.out.op(Op::StackGlobal);
        } else {
            self.save_global_text(module, &path)?;
        }
        self.memo_put(object)
    }

    /// Writes the number that the name has in `copyreg`'s registry, if it has one.
    fn save_extension(&mut self, module: &PyStr, name: &PyStr) -> PyResult<bool> {
        let key = PyTuple::from_slice(&[module.as_object(), name.as_object()]);
        let Some(code) = library::lookup(&library::EXTENSION_REGISTRY, key.as_object())? else { return Ok(false) };
        let Some(number) = code.downcast_ref::<PyInt>() else {
            return Err(exc::type_error(format!("'{}' object cannot be interpreted as an integer", code.ty().name())));
        };
        let Some(code) = number.as_i64() else {
            return Err(exc::overflow_error("Python int too large to convert to C long"));
        };
        match i32::try_from(code) {
            Ok(code @ 1..=0xff) => self.out.op_with(Op::Ext1, [code as u8]),
            Ok(code @ 0x100..=0xffff) => self.out.op_with(Op::Ext2, (code as u16).to_le_bytes()),
            Ok(code @ 0x10000..) => self.out.op_with(Op::Ext4, code.to_le_bytes()),
            _ => return Err(exc::runtime_error(format!("extension code {code} is out of range"))),
        }
        Ok(true)
    }

    /// Protocols below 4: two lines of text. A dotted name becomes calls of `getattr`.
    fn save_global_text(&mut self, module: Ref<PyStr>, path: &[Ref<PyStr>]) -> PyResult<()> {
        let Some((first, rest)) = path.split_first() else {
            return Err(exc::value_error("empty name"));
        };
        let getattr = library::GETATTR.get().unwrap_or_else(rpy_vm::none);
        for _ in rest {
            self.save(&getattr)?;
            if self.protocol < 2 {
                self.out.op(Op::Mark);
            }
        }
        self.out.op(Op::Global);
        let mut names = (module, first.clone());
        if self.pickler.fix_imports.get() {
            names = library::to_python2(names)?;
        }
        for (kind, name) in [("module", &names.0), ("global", &names.1)] {
            // Python 2 has no other identifiers.
            let text = if self.protocol == 3 { name.as_str() } else { name.as_ascii() };
            let Some(text) = text else { return Err(self.cannot_encode(kind, name)) };
            self.out.write(text.as_bytes());
            self.out.write(b"\n");
        }
        for name in rest {
            self.save(name.as_object())?;
            self.out.op(if self.protocol < 2 { Op::Tuple } else { Op::Tuple2 });
            self.out.op(Op::Reduce);
        }
        Ok(())
    }

    #[cold]
    fn cannot_encode(&self, kind: &str, name: &PyStr) -> PyErr {
        let encoding = if self.protocol == 3 { "utf-8" } else { "ascii" };
        let cause = match rpy_vm::runtime::codecs::encode_str(name, Some(encoding), None) {
            Ok(_) => return exc::system_error("identifier is not encodable and yet it is"),
            Err(e) => e,
        };
        instead_of(cause, |_| {
            let name = shown(name.as_object())?;
            Ok(format!("can't pickle {kind} identifier {name} using pickle protocol {}", self.protocol))
        })
    }
}
