//! `_lsprof`: the profiler behind `cProfile`. Each call is put on a stack with its start; at its end the time goes to the
//! function's entry, and to the entry of the pair of caller and callee.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_int;
use std::time::Instant;

use rpy_vm::interp::instrument::legacy::{self, Kind, Threads};
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::{call, number, object as po};
use rpy_vm::types::builtin_function::PyCFunction;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::frame::PyFrame;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, exc, structseq};
use rpy_vm::{pyclass, pymethods, pymodule};

/// Counts and times of a function, or of a pair of caller and callee.
#[derive(Default, Clone, Copy)]
struct Times {
    /// With what was called from there, and without.
    total: i64,
    own: i64,
    calls: u64,
    recursive_calls: u64,
    /// Calls that are running now.
    level: u64,
}

impl Times {
    fn finish(&mut self, total: i64, own: i64) {
        self.level = self.level.saturating_sub(1);
        if self.level == 0 {
            self.total += total;
        } else {
            self.recursive_calls += 1;
        }
        self.own += own;
        self.calls += 1;
    }
}

struct Entry {
    /// A code object, or a built-in function's description.
    shown: ObjRef,
    times: Times,
    callees: HashMap<usize, Times>,
}

/// A running call.
struct Running {
    key: usize,
    start: i64,
    /// Spent in what it called.
    inner: i64,
}

#[derive(Default)]
struct State {
    entries: HashMap<usize, Entry>,
    /// Keys in the order of the first call.
    order: Vec<usize>,
    stack: Vec<Running>,
}

structseq! {
    /// What is known of a function.
    pub static ENTRY = c"_lsprof.profiler_entry", None, 6, false, [
        (c"code", c"code object or built-in function name"),
        (c"callcount", c"how many times this was called"),
        (c"reccallcount", c"how many times called recursively"),
        (c"totaltime", c"total time in this entry"),
        (c"inlinetime", c"inline time in this entry (not in subcalls)"),
        (c"calls", c"details of the calls"),
    ]
}

structseq! {
    /// What is known of a pair of caller and callee.
    pub static SUBENTRY = c"_lsprof.profiler_subentry", None, 5, false, [
        (c"code", c"called code object or built-in function name"),
        (c"callcount", c"how many times this is called"),
        (c"reccallcount", c"how many times this is called recursively"),
        (c"totaltime", c"total time spent in this call"),
        (c"inlinetime", c"inline time (not in further subcalls)"),
    ]
}

/// How a built-in function is shown.
fn describe(function: &PyObject) -> PyResult<ObjRef> {
    let Some(builtin) = function.downcast_ref::<PyCFunction>() else {
        return Ok(po::repr(function)?.into_obj());
    };
    let name = po::str(&*po::getattr(function, rpy_vm::intern!("__name__"))?)?.to_string_lossy().into_owned();
    if let Some(receiver) = &builtin.m_self
        && receiver.downcast_ref::<PyModule>().is_none()
    {
        // As the method's descriptor shows itself: the receivers of one method share it.
        let descriptor = po::getattr_opt(receiver.ty().as_object(), &PyStr::new(&name))?;
        return match descriptor {
            Some(descriptor) => Ok(po::repr(&descriptor)?.into_obj()),
            None => Ok(PyStr::from_string(format!("<built-in method {name}>")).into_obj()),
        };
    }
    let module = builtin.m_module.get();
    let text = match module.as_ref().and_then(|m| m.downcast_ref::<PyStr>()) {
        Some(module) => format!("<built-in method {}.{name}>", module.to_string_lossy()),
        None => format!("<built-in method {name}>"),
    };
    Ok(PyStr::from_string(text).into_obj())
}

/// Called by the eval loop for each event; `object` is the profiler.
unsafe extern "C-unwind" fn event(
    object: *mut PyObject,
    frame: *mut PyFrame,
    what: c_int,
    arg: *mut PyObject,
) -> c_int {
    // SAFETY: the eval loop hands in what was installed with this function, and live objects.
    let (profiler, frame, arg) =
        unsafe { ((*object).cast_unchecked_ref::<_lsprof::PyProfiler>(), &*frame, arg.as_ref()) };
    let result = match (what, arg) {
        (0, _) => profiler.begin(frame.code().as_object(), |code| Ok(code.new_ref())),
        (3, _) => profiler.end(frame.code().as_object()),
        (4, Some(function)) if profiler.builtins.get() => profiler.begin(function, describe),
        (5 | 6, Some(function)) if profiler.builtins.get() => profiler.end(function),
        _ => Ok(()),
    };
    match result {
        Ok(()) => 0,
        Err(e) => e.restore_int(),
    }
}

/// Functions are told apart by their code or, the built-in ones, by their definition.
fn key_of(function: &PyObject) -> usize {
    match function.downcast_ref::<PyCFunction>() {
        Some(builtin) => builtin.m_ml.get() as usize,
        None => function.as_ptr() as usize,
    }
}

/// Fast profiler
#[pymodule(name = "_lsprof")]
pub mod _lsprof {
    use super::*;

    /// Build a profiler object using the specified timer function.
    ///
    /// The default timer is a fast built-in one based on real time.
    /// For custom timer functions returning integers, 'timeunit' can
    /// be a float specifying a scale (that is, how long each integer unit
    /// is, in seconds).
    #[pyclass(name = "Profiler", flags(BASETYPE))]
    #[repr(C)]
    pub struct PyProfiler {
        ob_base: PyObject,
        state: RefCell<State>,
        timer: OptRef,
        unit: Cell<f64>,
        subcalls: Cell<bool>,
        pub(super) builtins: Cell<bool>,
        enabled: Cell<bool>,
        epoch: Cell<Option<Instant>>,
    }

    impl PyProfiler {
        /// Nanoseconds, or units of the caller's timer.
        fn now(&self) -> PyResult<i64> {
            if let Some(timer) = self.timer.get() {
                let value = call::call_noargs(&timer)?;
                if self.unit.get() > 0.0 {
                    return Ok(number::as_isize(&value, Some(exc::OverflowError()))? as i64);
                }
                return Ok((number::as_f64(&value)? * 1e9) as i64);
            }
            let epoch = match self.epoch.get() {
                Some(epoch) => epoch,
                None => {
                    let now = Instant::now();
                    self.epoch.set(Some(now));
                    now
                }
            };
            Ok(i64::try_from(epoch.elapsed().as_nanos()).unwrap_or(i64::MAX))
        }

        /// A call begins.
        pub(super) fn begin(
            &self,
            function: &PyObject,
            show: impl FnOnce(&PyObject) -> PyResult<ObjRef>,
        ) -> PyResult<()> {
            let key = key_of(function);
            if !self.state.borrow().entries.contains_key(&key) {
                let shown = show(function)?;
                let mut state = self.state.borrow_mut();
                state.entries.insert(key, Entry { shown, times: Times::default(), callees: HashMap::new() });
                state.order.push(key);
            }
            let start = self.now()?;
            let mut state = self.state.borrow_mut();
            let state = &mut *state;
            if self.subcalls.get()
                && let Some(caller) = state.stack.last()
                && let Some(entry) = state.entries.get_mut(&caller.key)
            {
                entry.callees.entry(key).or_default().level += 1;
            }
            if let Some(entry) = state.entries.get_mut(&key) {
                entry.times.level += 1;
            }
            state.stack.push(Running { key, start, inner: 0 });
            Ok(())
        }

        /// A call ends. Those that began before the profiler was switched on are not known.
        pub(super) fn end(&self, function: &PyObject) -> PyResult<()> {
            let key = key_of(function);
            if self.state.borrow().stack.last().is_none_or(|running| running.key != key) {
                return Ok(());
            }
            let now = self.now()?;
            self.state.borrow_mut().finish_top(now, self.subcalls.get());
            Ok(())
        }

        fn seconds(&self, time: i64) -> ObjRef {
            let unit = if self.timer.is_null() || self.unit.get() <= 0.0 { 1e-9 } else { self.unit.get() };
            PyFloat::new(time as f64 * unit).into_obj()
        }
    }

    impl State {
        fn finish_top(&mut self, now: i64, subcalls: bool) {
            let Some(running) = self.stack.pop() else { return };
            let total = now - running.start;
            let own = total - running.inner;
            if let Some(caller) = self.stack.last_mut() {
                caller.inner += total;
                if subcalls && let Some(entry) = self.entries.get_mut(&caller.key) {
                    entry.callees.entry(running.key).or_default().finish(total, own);
                }
            }
            if let Some(entry) = self.entries.get_mut(&running.key) {
                entry.times.finish(total, own);
            }
        }
    }

    #[pymethods]
    impl PyProfiler {
        #[pynew(sig = "(timer=None, timeunit=0.0, subcalls=True, builtins=True)")]
        fn py_new(
            cls: &PyTypeObject,
            timer: Option<&PyObject>,
            timeunit: f64,
            subcalls: bool,
            builtins: bool,
        ) -> PyResult<ObjRef> {
            let value = PyProfiler {
                ob_base: PyObject::placeholder(),
                state: RefCell::new(State::default()),
                timer: OptRef::NULL,
                unit: Cell::new(timeunit),
                subcalls: Cell::new(subcalls),
                builtins: Cell::new(builtins),
                enabled: Cell::new(false),
                epoch: Cell::new(None),
            };
            value.timer.set(timer.map(PyObject::new_ref));
            Ok(new_in(cls, value)?.into_obj())
        }

        /// Start collecting profiling information.
        #[pymethod(sig = "($self, /, subcalls=True, builtins=True)")]
        fn enable(&self, subcalls: bool, builtins: bool) -> PyResult<()> {
            if !self.enabled.get() && !rpy_vm::is_none(&legacy::get(Kind::Profile)) {
                return Err(exc::value_error("Another profiling tool is already active"));
            }
            self.subcalls.set(subcalls);
            self.builtins.set(builtins);
            self.enabled.set(true);
            legacy::set(Threads::Current, Kind::Profile, Some(event), Some(self.as_object()));
            Ok(())
        }

        /// Stop collecting profiling information.
        #[pymethod]
        fn disable(&self) -> PyResult<()> {
            if self.enabled.replace(false) {
                legacy::set(Threads::Current, Kind::Profile, None, None);
            }
            // What still runs ends here.
            while !self.state.borrow().stack.is_empty() {
                let now = self.now()?;
                self.state.borrow_mut().finish_top(now, self.subcalls.get());
            }
            Ok(())
        }

        /// Clear all profiling information collected so far.
        #[pymethod]
        fn clear(&self) {
            let old = self.state.take();
            drop(old);
        }

        /// Return a list of profiler_entry objects.
        ///
        /// getstats() -> list of profiler_entry objects
        #[pymethod]
        fn getstats(&self) -> PyResult<ObjRef> {
            let int = |n: u64| PyInt::from_i64(n as i64).into_obj();
            let state = self.state.borrow();
            let mut all = Vec::new();
            for key in &state.order {
                let Some(entry) = state.entries.get(key).filter(|entry| entry.times.calls > 0) else { continue };
                let mut callees = Vec::new();
                for callee in &state.order {
                    let Some(times) = entry.callees.get(callee).filter(|times| times.calls > 0) else { continue };
                    let Some(shown) = state.entries.get(callee).map(|entry| entry.shown.clone()) else { continue };
                    callees.push(SUBENTRY.build(vec![
                        shown,
                        int(times.calls),
                        int(times.recursive_calls),
                        self.seconds(times.total),
                        self.seconds(times.own),
                    ])?);
                }
                let calls = if callees.is_empty() { rpy_vm::none() } else { PyList::new(callees).into_obj() };
                all.push(ENTRY.build(vec![
                    entry.shown.clone(),
                    int(entry.times.calls),
                    int(entry.times.recursive_calls),
                    self.seconds(entry.times.total),
                    self.seconds(entry.times.own),
                    calls,
                ])?);
            }
            Ok(PyList::new(all).into_obj())
        }
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        module.dict().set_name("profiler_entry", ENTRY.get()?.to_obj());
        module.dict().set_name("profiler_subentry", SUBENTRY.get()?.to_obj());
        Ok(())
    }
}
