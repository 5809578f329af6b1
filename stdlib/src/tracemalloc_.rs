//! `_tracemalloc`: the controls of `rpy_vm::runtime::tracemalloc`, and what it knows as Python objects.

use rpy_vm::pymodule;

/// Debug module to trace memory blocks allocated by Python.
#[pymodule(name = "_tracemalloc")]
pub mod tracemalloc_ {
    use rpy_vm::object::alloc;
    use rpy_vm::runtime::tracemalloc::{self, DEFAULT_DOMAIN, MOST_FRAMES, NamedTraceback, Snapshot};
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::list::PyList;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, Ref, exc};

    /// Return True if memory allocations of Python are being traced, and False otherwise.
    #[pyfunction]
    fn is_tracing() -> bool {
        tracemalloc::is_tracing()
    }

    /// Forget all memory blocks that were traced so far.
    #[pyfunction]
    fn clear_traces() {
        if tracemalloc::is_tracing() {
            tracemalloc::clear();
        }
    }

    /// Start to trace memory allocations, keeping at most nframe frames of each traceback.
    #[pyfunction(sig = "(nframe=1, /)")]
    fn start(nframe: i32) -> PyResult<()> {
        match usize::try_from(nframe) {
            Ok(limit @ 1..=MOST_FRAMES) => {
                tracemalloc::start(limit);
                Ok(())
            }
            _ => Err(exc::value_error(format!("the number of frames must be in range [1; {MOST_FRAMES}]"))),
        }
    }

    /// Stop to trace memory allocations, and forget all memory blocks.
    #[pyfunction]
    fn stop() {
        tracemalloc::stop();
    }

    /// Return the greatest number of frames that the traceback of a memory block can have.
    #[pyfunction]
    fn get_traceback_limit() -> usize {
        tracemalloc::traceback_limit()
    }

    /// Return the memory in bytes that the tracing itself uses.
    #[pyfunction]
    fn get_tracemalloc_memory() -> usize {
        tracemalloc::own_memory()
    }

    /// Return the present and the greatest sum of sizes of the traced memory blocks, as a tuple.
    #[pyfunction]
    fn get_traced_memory() -> Ref<PyTuple> {
        let (present, peak) = if tracemalloc::is_tracing() { tracemalloc::traced_memory() } else { (0, 0) };
        PyTuple::from_array([PyInt::from_usize(present).into_obj(), PyInt::from_usize(peak).into_obj()])
    }

    /// Make the present size of the traced memory blocks their peak.
    #[pyfunction]
    fn reset_peak() {
        if tracemalloc::is_tracing() {
            tracemalloc::reset_peak();
        }
    }

    /// The frames as a tuple of pairs (file name, line).
    fn frames(traceback: &NamedTraceback) -> Ref<PyTuple> {
        let pairs = traceback.frames.iter().map(|(file, line)| {
            PyTuple::from_array([file.to_obj(), PyInt::from_i64(i64::from(*line)).into_obj()]).into_obj()
        });
        PyTuple::new(pairs.collect())
    }

    /// Return a list of tuples (domain, size, frames, number of frames), one for each traced memory block.
    #[pyfunction(name = "_get_traces")]
    fn get_traces() -> Ref<PyList> {
        if !tracemalloc::is_tracing() {
            return PyList::empty();
        }
        tracemalloc::with_snapshot(list_of)
    }

    fn list_of(snapshot: Snapshot) -> Ref<PyList> {
        // A traceback is one object, however many blocks it belongs to.
        let tracebacks: Vec<_> = snapshot.tracebacks.iter().map(|t| (frames(t).into_obj(), t.total)).collect();
        let traces = snapshot.traces.iter().map(|trace| {
            let (frames, total) = &tracebacks[trace.traceback as usize];
            let parts: [ObjRef; 4] = [
                PyInt::from_i64(i64::from(trace.domain)).into_obj(),
                PyInt::from_usize(trace.size).into_obj(),
                frames.clone(),
                PyInt::from_i64(i64::from(*total)).into_obj(),
            ];
            PyTuple::from_array(parts).into_obj()
        });
        PyList::new(traces.collect())
    }

    /// Return the frames of the place where an object was allocated, or None if it is not known.
    #[pyfunction(name = "_get_object_traceback")]
    fn get_object_traceback(object: &PyObject) -> Option<Ref<PyTuple>> {
        let block = object as *const PyObject as usize - alloc::preheader_size(object.ty());
        tracemalloc::traceback_of(DEFAULT_DOMAIN, block).map(|traceback| frames(&traceback))
    }
}
