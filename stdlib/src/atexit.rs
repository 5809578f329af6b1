//! `atexit`: Python functions to run at the end of the interpreter.

use rpy_vm::pymodule;

/// allow programmer to define multiple exit functions to be executed
/// upon normal program termination.
///
/// Two public functions, register and unregister, are defined.
#[pymodule(name = "atexit")]
pub mod atexit {
    use core::cell::RefCell;

    use rpy_vm::args::KwArgs;
    use rpy_vm::protocol::{call, object as po};
    use rpy_vm::runtime::{atexit as hooks, unraisable};
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyObject, PyResult, Ref, exc};

    /// A function and what to call it with.
    #[derive(Clone)]
    struct Callback {
        function: ObjRef,
        args: Ref<PyTuple>,
        kwargs: Option<Ref<PyDict>>,
    }

    struct Callbacks(RefCell<Vec<Callback>>);
    // SAFETY: touched under the GIL.
    unsafe impl Sync for Callbacks {}
    static CALLBACKS: Callbacks = Callbacks(RefCell::new(Vec::new()));

    /// Runs all functions, the last registered first. What they raise is reported and does not stop the others.
    fn run() {
        loop {
            let next = CALLBACKS.0.borrow_mut().pop();
            let Some(next) = next else { return };
            if let Err(e) = call::call_tuple(&next.function, &next.args, next.kwargs.as_deref()) {
                let shown = po::repr(&next.function).map(|text| text.to_string_lossy().into_owned());
                let message = match shown {
                    Ok(text) => format!("Exception ignored in atexit callback {text}"),
                    Err(_) => "Exception ignored in atexit callback".to_owned(),
                };
                unraisable::write_unraisable(e, Some(&message), None);
            }
        }
    }

    /// Register a function to be executed upon normal program termination
    ///
    ///     func - function to be called at exit
    ///     args - optional arguments to pass to func
    ///     kwargs - optional keyword arguments to pass to func
    ///
    ///     func is returned to facilitate usage as a decorator.
    #[pyfunction(sig = "($module, /, *args, **kwargs)")]
    fn register(args: &[&PyObject], kwargs: KwArgs<'_>) -> PyResult<ObjRef> {
        let Some((function, rest)) = args.split_first() else {
            return Err(exc::type_error("register() takes at least 1 argument (0 given)"));
        };
        if !po::callable(function) {
            return Err(exc::type_error("the first argument must be callable"));
        }
        hooks::register(run);
        CALLBACKS.0.borrow_mut().push(Callback {
            function: function.new_ref(),
            args: PyTuple::from_slice(rest),
            kwargs: kwargs.to_dict()?,
        });
        Ok(function.new_ref())
    }

    /// Clear the list of previously registered exit functions.
    #[pyfunction]
    fn _clear() {
        let callbacks = core::mem::take(&mut *CALLBACKS.0.borrow_mut());
        drop(callbacks);
    }

    /// Run all registered exit functions.
    ///
    /// If a callback raises an exception, it is logged with sys.unraisablehook.
    #[pyfunction]
    fn _run_exitfuncs() {
        run();
    }

    /// Return the number of registered exit functions.
    #[pyfunction]
    fn _ncallbacks() -> usize {
        CALLBACKS.0.borrow().len()
    }

    /// Unregister an exit function which was previously registered using
    /// atexit.register
    ///
    ///     func - function to be unregistered
    #[pyfunction]
    fn unregister(func: &PyObject) -> PyResult<()> {
        // Comparing may run code that changes the list, so positions are looked at anew each time.
        let mut index = CALLBACKS.0.borrow().len();
        while index > 0 {
            index -= 1;
            let candidate = CALLBACKS.0.borrow().get(index).map(|callback| callback.function.clone());
            let Some(candidate) = candidate else { continue };
            if po::eq(&candidate, func)? {
                let mut callbacks = CALLBACKS.0.borrow_mut();
                let same = callbacks.get(index).is_some_and(|callback| callback.function.is(&candidate));
                let removed = same.then(|| callbacks.remove(index));
                drop(callbacks);
                drop(removed);
            }
        }
        Ok(())
    }
}
