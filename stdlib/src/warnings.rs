//! `_warnings`: the front of `rpy_vm::runtime::warnings`.

use rpy_vm::pymodule;

/// _warnings provides basic warning filtering support.
/// It is a helper module to speed up interpreter start-up.
#[pymodule(name = "_warnings")]
pub mod warnings {
    use core::cell::Cell;

    use rpy_vm::protocol::{call, object as po};
    use rpy_vm::runtime::{thread, warnings as core_warnings};
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, exc, is_none};

    /// The lock around changes of the filters: its owner's thread id and how often it was taken. Guarded by the GIL.
    struct Lock {
        owner: Cell<u64>,
        depth: Cell<u32>,
    }
    // SAFETY: touched under the GIL.
    unsafe impl Sync for Lock {}
    static LOCK: Lock = Lock { owner: Cell::new(0), depth: Cell::new(0) };

    #[pyattr]
    fn filters() -> ObjRef {
        core_warnings::filters().into_obj()
    }

    #[pyattr(name = "_onceregistry")]
    fn once_registry() -> ObjRef {
        core_warnings::once_registry().into_obj()
    }

    #[pyattr(name = "_defaultaction")]
    fn default_action() -> ObjRef {
        core_warnings::default_action().into_obj()
    }

    #[pyfunction(name = "_filters_mutated_lock_held")]
    fn filters_mutated_lock_held() -> PyResult<()> {
        if LOCK.depth.get() == 0 || LOCK.owner.get() != thread::current().id.get() {
            return Err(exc::runtime_error("warnings._lock must be held"));
        }
        core_warnings::filters_mutated();
        Ok(())
    }

    #[pyfunction(name = "_acquire_lock")]
    fn acquire_lock() {
        let me = thread::current().id.get();
        while LOCK.depth.get() != 0 && LOCK.owner.get() != me {
            rpy_vm::runtime::gil::allow_threads(|| std::thread::sleep(std::time::Duration::from_micros(50)));
        }
        LOCK.owner.set(me);
        LOCK.depth.set(LOCK.depth.get() + 1);
    }

    #[pyfunction(name = "_release_lock")]
    fn release_lock() -> PyResult<()> {
        if LOCK.depth.get() == 0 || LOCK.owner.get() != thread::current().id.get() {
            return Err(exc::runtime_error("cannot release un-acquired lock"));
        }
        LOCK.depth.set(LOCK.depth.get() - 1);
        Ok(())
    }

    /// The category of a warning: its own class if it is one, the given one, or `UserWarning`.
    fn category_of(message: &PyObject, category: Option<&PyObject>) -> PyResult<ObjRef> {
        if message.ty().is_subtype(exc::Warning()) {
            return Ok(message.ty().to_obj());
        }
        let Some(category) = category else { return Ok(exc::UserWarning().to_obj()) };
        let is_warning =
            category.downcast_ref::<rpy_vm::PyTypeObject>().is_some_and(|class| class.is_subtype(exc::Warning()));
        if is_warning {
            Ok(category.new_ref())
        } else {
            Err(exc::type_error(format!("category must be a Warning subclass, not '{}'", category.ty().name())))
        }
    }

    /// Issue a warning, or maybe ignore it or raise an exception.
    ///
    /// message
    ///   Text of the warning message.
    /// category
    ///   The Warning category subclass. Defaults to UserWarning.
    /// stacklevel
    ///   How far up the call stack to make this warning appear. A value of 2 for
    ///   example attributes the warning to the caller of the code calling warn().
    /// source
    ///   If supplied, the destroyed object which emitted a ResourceWarning
    /// skip_file_prefixes
    ///   An optional tuple of module filename prefixes indicating frames to skip
    ///   during stacklevel computations for stack frame attribution.
    #[pyfunction(
        sig = "($module, /, message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=<unrepresentable>)"
    )]
    fn warn(
        message: &PyObject,
        category: Option<&PyObject>,
        stacklevel: isize,
        source: Option<&PyObject>,
        skip_file_prefixes: Option<&PyTuple>,
    ) -> PyResult<()> {
        let category = category_of(message, category)?;
        let mut skip = Vec::new();
        for prefix in skip_file_prefixes.map_or(&[][..], PyTuple::items) {
            match prefix.downcast_ref::<PyStr>() {
                Some(prefix) => skip.push(prefix.to_string_lossy().into_owned()),
                None => {
                    return Err(exc::type_error(format!(
                        "Found non-str '{}' in skip_file_prefixes.",
                        prefix.ty().name()
                    )));
                }
            }
        }
        let stacklevel = if skip.is_empty() { stacklevel } else { stacklevel.max(2) };
        core_warnings::warn_at(&category, message, stacklevel, source, &skip)
    }

    /// The line of source text that a module's loader has for a warning in it.
    fn source_line(globals: &PyDict, lineno: i64) -> PyResult<Option<ObjRef>> {
        // The import system decides which of the two loaders counts, and warns when they disagree.
        let importlib = rpy_vm::import::bootstrap::importlib()?;
        let Some(external) = importlib.dict().get_name("_bootstrap_external") else { return Ok(None) };
        let loader = call::call_method(&external, rpy_vm::intern!("_bless_my_loader"), &[globals.as_object()])?;
        let Some(name) = globals.get_name("__name__") else { return Ok(None) };
        if is_none(&loader) {
            return Ok(None);
        }
        let Some(get_source) = po::getattr_opt(&loader, rpy_vm::intern!("get_source"))? else { return Ok(None) };
        let source = call::call_one(&get_source, &name)?;
        let Some(source) = source.downcast_ref::<PyStr>() else { return Ok(None) };
        let source = source.to_string_lossy().into_owned();
        let Some(index) = usize::try_from(lineno).ok().and_then(|n| n.checked_sub(1)) else { return Ok(None) };
        Ok(source.lines().nth(index).map(|line| PyStr::new(line).into_obj()))
    }

    /// Issue a warning, or maybe ignore it or raise an exception.
    #[pyfunction(
        sig = "($module, /, message, category, filename, lineno, module=<unrepresentable>, registry=None, module_globals=None, source=None)"
    )]
    #[expect(clippy::too_many_arguments, reason = "the Python signature")]
    fn warn_explicit(
        message: &PyObject,
        category: &PyObject,
        filename: &PyStr,
        lineno: i32,
        module_name: Option<&PyObject>,
        registry: Option<&PyObject>,
        module_globals: Option<&PyObject>,
        source: Option<&PyObject>,
    ) -> PyResult<()> {
        let category = category_of(message, Some(category))?;
        let mut line = None;
        if let Some(globals) = module_globals {
            match globals.downcast_ref::<PyDict>() {
                Some(globals) => line = source_line(globals, i64::from(lineno))?,
                None => {
                    return Err(exc::type_error(format!(
                        "module_globals must be a dict, not '{}'",
                        globals.ty().name()
                    )));
                }
            }
        }
        let place = core_warnings::Place {
            filename,
            lineno: i64::from(lineno),
            module: module_name,
            registry,
            source_line: line,
        };
        core_warnings::warn_explicit(&category, message, &place, source)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let variable = match core_warnings::context_variable() {
            Some(variable) => variable,
            None => {
                // The module of context variables may be missing in a partial build; then there is no context.
                match rpy_vm::import::builtin::load_early("_contextvars") {
                    Ok(contextvars) => {
                        let class = po::getattr(&contextvars, rpy_vm::intern!("ContextVar"))?;
                        let variable = call::call_one(&class, PyStr::new("warnings_context").as_object())?;
                        core_warnings::set_context_variable(variable.clone());
                        variable
                    }
                    Err(_) => rpy_vm::none(),
                }
            }
        };
        module.dict().set_name("_warnings_context", variable);
        Ok(())
    }
}
