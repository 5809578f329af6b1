//! `_functools`: `partial`, `reduce`, `cmp_to_key`, and the cache behind `lru_cache`.

pub mod cmp_key;
pub mod lru_cache;
pub mod partial;

/// Tools that operate on functions.
#[rpy_derive::pymodule(name = "_functools")]
pub mod functools_ {
    use super::{cmp_key, lru_cache, partial};
    use rpy_vm::object::class_impl::glue::add_class;
    use rpy_vm::protocol::{call, object as protocol};
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{PyClass, PyObject, PyResult, exc};

    /// Apply a function of two arguments cumulatively to the items of an iterable, from left to right.
    ///
    /// This effectively reduces the iterable to a single value.  If initial is present,
    /// it is placed before the items of the iterable in the calculation, and serves as
    /// a default when the iterable is empty.
    ///
    /// For example, reduce(lambda x, y: x+y, [1, 2, 3, 4, 5])
    /// calculates ((((1 + 2) + 3) + 4) + 5).
    #[pyfunction(sig = "(function, iterable, /, initial=<unrepresentable>)")]
    fn reduce(function: &PyObject, iterable: &PyObject, initial: Option<&PyObject>) -> PyResult {
        let iter = match protocol::get_iter(iterable) {
            Ok(iter) => iter,
            Err(e) if e.matches(exc::TypeError()) => {
                return Err(exc::type_error("reduce() arg 2 must support iteration"));
            }
            Err(e) => return Err(e),
        };
        let mut total = initial.map(PyObject::new_ref);
        while let Some(item) = protocol::iter_next(&iter)? {
            total = Some(match total {
                None => item,
                Some(total) => call::call(function, &[&total, &item])?,
            });
        }
        total.ok_or_else(|| exc::type_error("reduce() of empty iterable with no initial value"))
    }

    /// Convert a cmp= function into a key= function.
    ///
    ///   mycmp
    ///     Function that compares two objects.
    #[pyfunction(sig = "(mycmp)")]
    fn cmp_to_key(mycmp: &PyObject) -> PyResult {
        Ok(cmp_key::PyKeyWrapper::of_function(mycmp).into_obj())
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        add_class::<partial::PyPartial>(module)?;
        add_class::<lru_cache::PyLruCacheWrapper>(module)?;
        ensure_ready(cmp_key::PyKeyWrapper::type_object())?;
        add_class::<partial::PyPlaceholder>(module)?;
        module.add("Placeholder", partial::placeholder())
    }
}

pub use functools_::MODULE;
