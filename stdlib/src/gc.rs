//! `gc`: the cycle collector's controls. The collector itself is `rpy_vm::runtime::gc::collector`.

use rpy_derive::pymodule;

/// This module provides access to the garbage collector for reference cycles.
///
/// enable() -- Enable automatic garbage collection.
/// disable() -- Disable automatic garbage collection.
/// isenabled() -- Returns true if automatic collection is enabled.
/// collect() -- Do a full collection right now.
/// get_count() -- Return the current collection counts.
/// get_stats() -- Return list of dictionaries containing per-generation stats.
/// set_debug() -- Set debugging flags.
/// get_debug() -- Get debugging flags.
/// set_threshold() -- Set the collection thresholds.
/// get_threshold() -- Return the current collection thresholds.
/// get_objects() -- Return a list of all objects tracked by the collector.
/// is_tracked() -- Returns true if a given object is tracked.
/// is_finalized() -- Returns true if a given object has been already finalized.
/// get_referrers() -- Return the list of objects that refer to an object.
/// get_referents() -- Return the list of objects that an object refers to.
/// freeze() -- Freeze all tracked objects and ignore them for future collections.
/// unfreeze() -- Unfreeze all objects in the permanent generation.
/// get_freeze_count() -- Return the number of objects in the permanent generation.
#[pymodule(name = "gc")]
pub mod gc {
    use rpy_vm::runtime::audit::audit;
    use rpy_vm::runtime::gc::collector::{self, GENERATIONS};
    use rpy_vm::runtime::gc::{self, STATE, pace};
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::list::PyList;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, Ref, exc};

    #[pyattr]
    const DEBUG_STATS: u32 = collector::debug::STATS;
    #[pyattr]
    const DEBUG_COLLECTABLE: u32 = collector::debug::COLLECTABLE;
    #[pyattr]
    const DEBUG_UNCOLLECTABLE: u32 = collector::debug::UNCOLLECTABLE;
    #[pyattr]
    const DEBUG_SAVEALL: u32 = collector::debug::SAVEALL;
    #[pyattr]
    const DEBUG_LEAK: u32 = collector::debug::LEAK;

    #[pyattr]
    fn garbage() -> Ref<PyList> {
        collector::garbage()
    }

    #[pyattr]
    fn callbacks() -> Ref<PyList> {
        collector::callbacks()
    }

    /// Enable automatic garbage collection.
    #[pyfunction]
    fn enable() {
        STATE.enabled.set(true);
    }

    /// Disable automatic garbage collection.
    #[pyfunction]
    fn disable() {
        STATE.enabled.set(false);
    }

    /// Returns true if automatic garbage collection is enabled.
    #[pyfunction]
    fn isenabled() -> bool {
        STATE.enabled.get()
    }

    /// Run the garbage collector.
    ///
    /// With no arguments, run a full collection.  The optional argument
    /// may be an integer specifying which generation to collect.  A ValueError
    /// is raised if the generation number is invalid.
    ///
    /// The number of unreachable objects is returned.
    #[pyfunction(sig = "(generation=2)")]
    fn collect(generation: i32) -> PyResult<usize> {
        let generation = collector::check_generation(generation.into())?;
        let outcome = collector::collect(generation);
        Ok(outcome.collected + outcome.uncollectable)
    }

    /// Set the garbage collection debugging flags.
    ///
    ///   flags
    ///     An integer that can have the following bits turned on:
    ///       DEBUG_STATS - Print statistics during collection.
    ///       DEBUG_COLLECTABLE - Print collectable objects found.
    ///       DEBUG_UNCOLLECTABLE - Print unreachable but uncollectable objects
    ///         found.
    ///       DEBUG_SAVEALL - Save objects to gc.garbage rather than freeing them.
    ///       DEBUG_LEAK - Debug leaking programs (everything but STATS).
    ///
    /// Debugging information is written to sys.stderr.
    #[pyfunction(sig = "(flags, /)")]
    fn set_debug(flags: i32) {
        collector::set_debug_flags(flags as u32);
    }

    /// Get the garbage collection debugging flags.
    #[pyfunction]
    fn get_debug() -> u32 {
        collector::debug_flags()
    }

    /// set_threshold(threshold0, [threshold1, [threshold2]])
    /// Set the collection thresholds (the collection frequency).
    ///
    /// Setting 'threshold0' to zero disables collection.
    #[pyfunction(sig = "(threshold0, threshold1=<unrepresentable>, threshold2=<unrepresentable>, /)", unsigned)]
    fn set_threshold(threshold0: i32, threshold1: Option<i32>, threshold2: Option<i32>) {
        let given = [Some(threshold0), threshold1, threshold2];
        for (generation, threshold) in STATE.generations.iter().zip(given) {
            if let Some(threshold) = threshold {
                generation.threshold.set(threshold);
            }
        }
        pace::reset();
    }

    /// Return the current collection thresholds.
    #[pyfunction]
    fn get_threshold() -> (i32, i32, i32) {
        let [a, b, c] = &STATE.generations;
        (a.threshold.get(), b.threshold.get(), c.threshold.get())
    }

    /// Return a three-tuple of the current collection counts.
    #[pyfunction]
    fn get_count() -> (i32, i32, i32) {
        let [a, b, c] = &STATE.generations;
        (a.count.get(), b.count.get(), c.count.get())
    }

    /// Return the list of objects that directly refer to any of 'objs'.
    #[pyfunction(sig = "(*objs)")]
    fn get_referrers(objs: &[&PyObject]) -> PyResult<Vec<ObjRef>> {
        let targets = PyTuple::from_slice(objs);
        audit("gc.get_referrers", &[targets.as_object()])?;
        Ok(collector::referrers(&targets))
    }

    /// Return the list of objects that are directly referred to by 'objs'.
    #[pyfunction(sig = "(*objs)")]
    fn get_referents(objs: &[&PyObject]) -> PyResult<Vec<ObjRef>> {
        let targets = PyTuple::from_slice(objs);
        audit("gc.get_referents", &[targets.as_object()])?;
        Ok(objs.iter().flat_map(|object| collector::referents(object)).collect())
    }

    /// Return a list of objects tracked by the collector (excluding the list returned).
    ///
    ///   generation
    ///     Generation to extract the objects from.
    ///
    /// If generation is not None, return only the objects tracked by the collector
    /// that are in that generation.
    #[pyfunction(sig = "(generation=None)")]
    fn get_objects(generation: Option<isize>) -> PyResult<Vec<ObjRef>> {
        let shown = PyInt::from_isize(generation.unwrap_or(-1));
        audit("gc.get_objects", &[shown.as_object()])?;
        let index = match generation {
            None => None,
            Some(index) if index >= GENERATIONS as isize => {
                return Err(exc::value_error(format!(
                    "generation parameter must be less than the number of available generations ({GENERATIONS})"
                )));
            }
            Some(index) if index < 0 => {
                return Err(exc::value_error("generation parameter cannot be negative"));
            }
            Some(index) => Some(index as usize),
        };
        Ok(collector::objects(index))
    }

    /// Return a list of dictionaries containing per-generation statistics.
    #[pyfunction]
    fn get_stats() -> Vec<ObjRef> {
        (0..GENERATIONS)
            .map(|index| {
                let stats = collector::stats(index);
                let dict = PyDict::new();
                dict.set_name("collections", PyInt::from_usize(stats.collections).into_obj());
                dict.set_name("collected", PyInt::from_usize(stats.collected).into_obj());
                dict.set_name("uncollectable", PyInt::from_usize(stats.uncollectable).into_obj());
                dict.into_obj()
            })
            .collect()
    }

    /// Returns true if the object is tracked by the garbage collector.
    ///
    /// Simple atomic objects will return false.
    #[pyfunction]
    fn is_tracked(obj: &PyObject) -> bool {
        gc::is_tracked(obj)
    }

    /// Returns true if the object has been already finalized by the GC.
    #[pyfunction]
    fn is_finalized(obj: &PyObject) -> bool {
        collector::is_finalized(obj)
    }

    /// Freeze all current tracked objects and ignore them for future collections.
    ///
    /// This can be used before a POSIX fork() call to make the gc copy-on-write
    /// friendly.  Note: collection before a POSIX fork() call may free pages for
    /// future allocation which can cause copy-on-write.
    #[pyfunction]
    fn freeze() {
        collector::freeze();
    }

    /// Unfreeze all objects in the permanent generation.
    ///
    /// Put all objects in the permanent generation back into oldest generation.
    #[pyfunction]
    fn unfreeze() {
        collector::unfreeze();
    }

    /// Return the number of objects in the permanent generation.
    #[pyfunction]
    fn get_freeze_count() -> usize {
        collector::freeze_count()
    }
}
