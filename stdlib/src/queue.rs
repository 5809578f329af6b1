//! `_queue`: `SimpleQueue`, an unbounded queue between threads.
//!
//! The items are touched under the GIL only. A thread that finds the queue empty releases the GIL and waits for the count of
//! puts to change; who was woken looks again.

use core::cell::UnsafeCell;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rpy_vm::object::{OptRef, PyStruct};
use rpy_vm::protocol::call;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyErr, PyResult, PyTypeObject, exc, intern};

static EMPTY_CLASS: OptRef = OptRef::NULL;

/// The class `_queue.Empty`.
fn empty_class() -> PyResult<ObjRef> {
    if let Some(class) = EMPTY_CLASS.get() {
        return Ok(class);
    }
    let dict = PyDict::new();
    dict.set_str(intern!("__module__"), intern!("_queue").as_object())?;
    let doc = rpy_vm::types::str::PyStr::new("Exception raised by Queue.get(block=0)/get_nowait().");
    dict.set_str(intern!("__doc__"), doc.as_object())?;
    let bases = PyTuple::from_array([exc::Exception().to_obj()]);
    let ty = <PyTypeObject as rpy_vm::PyClass>::type_object();
    let class = call::call(ty.as_object(), &[intern!("Empty").as_object(), bases.as_object(), dict.as_object()])?;
    EMPTY_CLASS.set(Some(class.clone()));
    Ok(class)
}

#[cold]
fn empty_error() -> PyErr {
    match empty_class().and_then(|class| call::call_noargs(&class)) {
        Ok(error) => PyErr::from_instance(error),
        Err(e) => e,
    }
}

/// Counts puts and wakes those who wait for one.
#[derive(Default)]
pub struct Signal {
    puts: Mutex<u64>,
    changed: Condvar,
}

impl Signal {
    fn count(&self) -> u64 {
        *self.puts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self) {
        *self.puts.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_one();
    }

    /// Waits until there has been a put since `seen`, or the time is over. Called without the GIL.
    fn wait(&self, seen: u64, limit: Duration) {
        let guard = self.puts.lock().unwrap_or_else(PoisonError::into_inner);
        let _ =
            self.changed.wait_timeout_while(guard, limit, |puts| *puts == seen).unwrap_or_else(PoisonError::into_inner);
    }
}

/// The items of a queue.
pub struct Items(UnsafeCell<VecDeque<ObjRef>>);

impl Items {
    /// Short access; the closure neither runs Python code nor drops objects.
    fn with<T>(&self, f: impl FnOnce(&mut VecDeque<ObjRef>) -> T) -> T {
        // SAFETY: touched under the GIL only, and `f` does not come back here.
        f(unsafe { &mut *self.0.get() })
    }
}

impl rpy_vm::gc::Traverse for Items {
    fn traverse(&self, visit: &mut rpy_vm::gc::Visit<'_>) {
        self.with(|items| {
            for item in items.iter() {
                visit.visit(item);
            }
        });
    }

    fn clear(&self) {
        let old = self.with(core::mem::take);
        drop(old);
    }
}

/// How long a thread that may have to handle signals waits before it looks for them.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);

fn deadline_after(timeout: f64) -> PyResult<Option<Instant>> {
    if timeout.is_nan() {
        return Err(exc::value_error("Invalid value NaN (not a number)"));
    }
    match Duration::try_from_secs_f64(timeout) {
        Ok(timeout) if timeout.as_secs() < i64::MAX as u64 / 1_000_000_000 => Ok(Instant::now().checked_add(timeout)),
        _ => Err(exc::overflow_error("timeout value is too large")),
    }
}

/// Takes the next item, waiting for it if wanted.
fn take(items: &Items, signal: &Arc<Signal>, block: bool, timeout: Option<f64>) -> PyResult {
    let deadline = match timeout {
        Some(timeout) if block => {
            if timeout < 0.0 {
                return Err(exc::value_error("'timeout' must be a non-negative number"));
            }
            deadline_after(timeout)?
        }
        _ => None,
    };
    loop {
        let seen = signal.count();
        if let Some(item) = items.with(VecDeque::pop_front) {
            return Ok(item);
        }
        if !block {
            return Err(empty_error());
        }
        let mut limit = SIGNAL_CHECK;
        if let Some(deadline) = deadline {
            let now = Instant::now();
            if now >= deadline {
                return Err(empty_error());
            }
            limit = limit.min(deadline - now);
        }
        let waiting = Arc::clone(signal);
        rpy_vm::runtime::gil::allow_threads(move || waiting.wait(seen, limit));
        rpy_vm::runtime::signals::check()?;
    }
}

/// C implementation of the Python queue module.
/// This module is an implementation detail, please do not use it directly.
#[rpy_derive::pymodule(name = "_queue")]
pub mod queue_ {
    use super::{Items, Signal, take};
    use core::cell::{Cell, UnsafeCell};
    use rpy_vm::object::alloc;
    use rpy_vm::protocol::number;
    use rpy_vm::types::list::class_getitem;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::{PyObject, PyResult, PyTypeObject, exc, pyclass, pymethods};
    use std::collections::VecDeque;
    use std::sync::Arc;

    /// Simple, unbounded, reentrant FIFO queue.
    #[pyclass(name = "SimpleQueue", flags(BASETYPE), weaklist = weakreflist, gc)]
    #[repr(C)]
    pub struct PySimpleQueue {
        pub ob_base: PyObject,
        items: Items,
        #[pytraverse(skip)]
        signal: Arc<Signal>,
        #[pytraverse(skip)]
        weakreflist: Cell<*mut PyObject>,
    }

    #[pymethods]
    impl PySimpleQueue {
        #[pynew(sig = "()")]
        fn py_new(cls: &PyTypeObject) -> PyResult {
            Ok(alloc::new_in(
                cls,
                PySimpleQueue {
                    ob_base: PyObject::placeholder(),
                    items: Items(UnsafeCell::new(VecDeque::new())),
                    signal: Arc::default(),
                    weakreflist: Cell::new(core::ptr::null_mut()),
                },
            )?
            .into_obj())
        }

        /// Put the item on the queue.
        ///
        /// The optional 'block' and 'timeout' arguments are ignored, as this method
        /// never blocks.  They are provided for compatibility with the Queue class.
        #[pymethod(sig = "($self, /, item, block=True, timeout=None)")]
        fn put(&self, item: &PyObject, _block: Option<bool>, _timeout: Option<&PyObject>) -> PyResult<()> {
            self.items.with(|items| items.try_reserve(1)).map_err(|_| exc::memory_error())?;
            self.items.with(|items| items.push_back(item.new_ref()));
            self.signal.put();
            Ok(())
        }

        /// Put an item into the queue without blocking.
        ///
        /// This is exactly equivalent to `put(item)` and is only provided
        /// for compatibility with the Queue class.
        #[pymethod(sig = "($self, /, item)")]
        fn put_nowait(&self, item: &PyObject) -> PyResult<()> {
            self.put(item, None, None)
        }

        /// Remove and return an item from the queue.
        ///
        /// If optional args 'block' is true and 'timeout' is None (the default),
        /// block if necessary until an item is available. If 'timeout' is
        /// a non-negative number, it blocks at most 'timeout' seconds and raises
        /// the Empty exception if no item was available within that time.
        /// Otherwise ('block' is false), return an item if one is immediately
        /// available, else raise the Empty exception ('timeout' is ignored
        /// in that case).
        #[pymethod(sig = "($self, /, block=True, timeout=None)")]
        fn get(&self, block: Option<bool>, timeout: Option<&PyObject>) -> PyResult {
            let block = block.unwrap_or(true);
            let timeout = match timeout {
                Some(timeout) if block => Some(number::as_f64(timeout)?),
                _ => None,
            };
            take(&self.items, &self.signal, block, timeout)
        }

        /// Remove and return an item from the queue without blocking.
        ///
        /// Only get an item if one is immediately available. Otherwise
        /// raise the Empty exception.
        #[pymethod]
        fn get_nowait(&self) -> PyResult {
            take(&self.items, &self.signal, false, None)
        }

        /// Return True if the queue is empty, False otherwise (not reliable!).
        #[pymethod]
        fn empty(&self) -> bool {
            self.items.with(|items| items.is_empty())
        }

        /// Return the approximate size of the queue (not reliable!).
        #[pymethod]
        fn qsize(&self) -> usize {
            self.items.with(|items| items.len())
        }

        /// See PEP 585
        #[pyclassmethod(name = "__class_getitem__", sig = "(object, /)")]
        fn py_class_getitem(cls: &PyTypeObject, item: &PyObject) -> PyResult {
            class_getitem(cls, item)
        }
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        module.add("Empty", super::empty_class()?)
    }
}

pub use queue_::MODULE;
