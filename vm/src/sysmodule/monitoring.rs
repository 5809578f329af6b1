//! `sys.monitoring` (PEP 669): tools, callbacks and event sets. Firing the events is the eval loop's business; it reads
//! [`STATE`] and the per-code event sets it keeps itself.

use core::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use rpy_derive::pymodule;

use crate::err::PyResult;
use crate::exc;
use crate::object::{ObjRef, OptRef, PyObject, PyStruct};
use crate::types::code::PyCode;
use crate::types::int::PyInt;
use crate::types::module::PyModule;
use crate::types::namespace;
use crate::types::str::PyStr;

use super::tracing;

/// Tools that programs may use (0..6); two more are the interpreter's own, for `settrace` and `setprofile`.
pub const TOOL_COUNT: usize = 8;
/// Tools that Python code may claim.
pub const USER_TOOLS: usize = 6;
/// The tool behind `sys.setprofile`.
pub const SYS_PROFILE_ID: usize = 6;
/// The tool behind `sys.settrace`.
pub const SYS_TRACE_ID: usize = 7;

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident = $id:literal),* $(,)?) => {
        /// Numbers of the events.
        pub mod event {
            $( $(#[$doc])* pub const $name: usize = $id; )*
        }
        /// Names and numbers.
        pub const EVENTS: &[(&str, usize)] = &[ $( (stringify!($name), $id) ),* ];
    };
}

events! {
    PY_START = 0, PY_RESUME = 1, PY_RETURN = 2, PY_YIELD = 3, CALL = 4, LINE = 5, INSTRUCTION = 6, JUMP = 7,
    BRANCH_LEFT = 8, BRANCH_RIGHT = 9, STOP_ITERATION = 10,
    RAISE = 11, EXCEPTION_HANDLED = 12, PY_UNWIND = 13, PY_THROW = 14, RERAISE = 15,
    C_RETURN = 16, C_RAISE = 17, BRANCH = 18,
}

/// How many events there are.
pub const EVENT_COUNT: usize = 19;
/// Events up to here can be switched on for single code objects.
pub const LOCAL_EVENTS: usize = 11;
/// Set of the events that accompany `CALL` and cannot be set alone.
const C_RETURN_EVENTS: u32 = 1 << event::C_RETURN | 1 << event::C_RAISE;
const BRANCH_EVENTS: u32 = 1 << event::BRANCH_LEFT | 1 << event::BRANCH_RIGHT;

/// One tool's state.
pub struct Tool {
    /// The name it was claimed under; `None` while it is free.
    pub name: OptRef,
    /// Set of the events it wants from all code.
    pub events: Cell<u32>,
    pub callbacks: [OptRef; EVENT_COUNT],
}

/// All tools, and a number that changes whenever code has to be instrumented anew.
pub struct State {
    pub tools: [Tool; TOOL_COUNT],
    pub version: Cell<u32>,
    /// Counts `restart_events` calls: locations disabled before the last one are enabled again.
    pub restarts: Cell<u32>,
    /// Events wanted for single code objects, by address. Code objects with an entry are kept alive.
    local: RefCell<BTreeMap<usize, (ObjRef, [u32; TOOL_COUNT])>>,
}
// SAFETY: touched under the GIL.
unsafe impl Sync for State {}

/// The process's monitoring state.
pub static STATE: State = State {
    tools: [const { Tool { name: OptRef::NULL, events: Cell::new(0), callbacks: [const { OptRef::NULL }; EVENT_COUNT] } };
        TOOL_COUNT],
    version: Cell::new(0),
    restarts: Cell::new(0),
    local: RefCell::new(BTreeMap::new()),
};

impl State {
    /// Set of the events that any tool wants everywhere.
    pub fn global_events(&self) -> u32 {
        self.tools.iter().fold(0, |set, tool| set | tool.events.get())
    }

    /// Does any tool want events from single code objects?
    pub fn has_local_events(&self) -> bool {
        !self.local.borrow().is_empty()
    }

    /// Set of the events a tool wants from one code object.
    pub fn local_events(&self, code: &PyCode, tool: usize) -> u32 {
        let key = code as *const PyCode as usize;
        self.local.borrow().get(&key).map_or(0, |(_, events)| events[tool])
    }

    /// Sets what a tool wants from one code object.
    pub fn set_local_events(&self, code: &PyCode, tool: usize, set: u32) {
        let key = code as *const PyCode as usize;
        let unused = {
            let mut local = self.local.borrow_mut();
            let entry = local.entry(key).or_insert_with(|| (code.to_obj(), [0; TOOL_COUNT]));
            entry.1[tool] = set;
            if entry.1.iter().all(|&events| events == 0) { local.remove(&key) } else { None }
        };
        drop(unused);
    }

    /// A tool wants nothing from single code objects any more.
    fn clear_local_events(&self, tool: usize) {
        let mut unused = Vec::new();
        let mut local = self.local.borrow_mut();
        for (key, (_, events)) in local.iter_mut() {
            events[tool] = 0;
            if events.iter().all(|&set| set == 0) {
                unused.push(*key);
            }
        }
        let dropped: Vec<_> = unused.into_iter().filter_map(|key| local.remove(&key)).collect();
        drop(local);
        drop(dropped);
    }

    /// Makes all code look at its instrumentation again.
    pub fn bump(&self) {
        self.version.set(self.version.get().wrapping_add(1));
        tracing::changed();
    }

    /// The callback of a tool for an event.
    pub fn callback(&self, tool: usize, event: usize) -> Option<ObjRef> {
        self.tools[tool].callbacks[event].get()
    }
}

static DISABLE: OptRef = OptRef::NULL;
static MISSING: OptRef = OptRef::NULL;

/// `sys.monitoring.DISABLE`: a callback returns it to be called no more for that place.
pub fn disable() -> Option<&'static PyObject> {
    DISABLE.peek()
}

/// `sys.monitoring.MISSING`: stands for an argument that is not there.
pub fn missing() -> ObjRef {
    MISSING.get().unwrap_or_else(crate::none)
}

fn valid_tool(id: i32) -> PyResult<usize> {
    match usize::try_from(id) {
        Ok(tool) if tool < USER_TOOLS => Ok(tool),
        _ => Err(exc::value_error(format!("invalid tool {id} (must be between 0 and 5)"))),
    }
}

fn used_tool(id: i32) -> PyResult<usize> {
    let tool = valid_tool(id)?;
    if STATE.tools[tool].name.is_null() {
        return Err(exc::value_error(format!("tool {id} is not in use")));
    }
    Ok(tool)
}

/// Checks an event set and resolves its aliases.
fn event_set(set: i32) -> PyResult<u32> {
    if set < 0 || set >= 1 << EVENT_COUNT {
        return Err(exc::value_error(format!("invalid event set 0x{set:x}")));
    }
    let mut set = set as u32;
    if set & C_RETURN_EVENTS != 0 && set & 1 << event::CALL == 0 {
        return Err(exc::value_error("cannot set C_RETURN or C_RAISE events independently"));
    }
    set &= !C_RETURN_EVENTS;
    if set & 1 << event::BRANCH != 0 {
        set &= !(1 << event::BRANCH);
        set |= BRANCH_EVENTS;
    }
    Ok(set)
}

/// Frees a tool's callbacks and events.
fn clear_tool(tool: usize) {
    let state = &STATE.tools[tool];
    for callback in &state.callbacks {
        callback.take();
    }
    state.events.set(0);
    STATE.clear_local_events(tool);
    STATE.bump();
}

/// A sentinel object.
fn sentinel() -> PyResult<ObjRef> {
    crate::protocol::call::call_noargs(crate::types::object::PyBaseObject_Type.as_object())
}

/// Makes the namespace.
pub fn create() -> PyResult<ObjRef> {
    let module = monitoring::MODULE.create()?;
    (monitoring::MODULE.exec)(&module)?;
    Ok(module.into_obj())
}

/// Monitoring of the execution of Python code by tools.
#[pymodule(name = "sys.monitoring")]
pub mod monitoring {
    use super::*;

    #[pyattr]
    const DEBUGGER_ID: i32 = 0;
    #[pyattr]
    const COVERAGE_ID: i32 = 1;
    #[pyattr]
    const PROFILER_ID: i32 = 2;
    #[pyattr]
    const OPTIMIZER_ID: i32 = 5;

    #[pyfunction]
    fn use_tool_id(tool_id: i32, name: &PyObject) -> PyResult<()> {
        let tool = valid_tool(tool_id)?;
        if name.downcast_ref::<PyStr>().is_none() {
            return Err(exc::value_error("tool name must be a str"));
        }
        if !STATE.tools[tool].name.is_null() {
            return Err(exc::value_error(format!("tool {tool_id} is already in use")));
        }
        STATE.tools[tool].name.set(Some(name.new_ref()));
        Ok(())
    }

    #[pyfunction]
    fn clear_tool_id(tool_id: i32) -> PyResult<()> {
        let tool = valid_tool(tool_id)?;
        if !STATE.tools[tool].name.is_null() {
            clear_tool(tool);
        }
        Ok(())
    }

    #[pyfunction]
    fn free_tool_id(tool_id: i32) -> PyResult<()> {
        let tool = valid_tool(tool_id)?;
        if !STATE.tools[tool].name.is_null() {
            clear_tool(tool);
        }
        STATE.tools[tool].name.take();
        Ok(())
    }

    #[pyfunction]
    fn get_tool(tool_id: i32) -> PyResult<ObjRef> {
        let tool = valid_tool(tool_id)?;
        Ok(STATE.tools[tool].name.get().unwrap_or_else(crate::none))
    }

    #[pyfunction]
    fn register_callback(tool_id: i32, event: i32, func: Option<&PyObject>) -> PyResult<ObjRef> {
        let tool = valid_tool(tool_id)?;
        let set = event as u32;
        if event <= 0 || set.count_ones() != 1 {
            return Err(exc::value_error("The callback can only be set for one event at a time"));
        }
        let event = set.trailing_zeros() as usize;
        if event >= EVENT_COUNT {
            return Err(exc::value_error(format!("invalid event {event}")));
        }
        crate::runtime::audit::audit("sys.monitoring.register_callback", &[func.unwrap_or(crate::none_ref())])?;
        let callbacks = &STATE.tools[tool].callbacks;
        let old = callbacks[event].replace(func.map(PyObject::new_ref));
        if event == super::event::BRANCH {
            // The old event stands for both directions.
            for direction in [super::event::BRANCH_LEFT, super::event::BRANCH_RIGHT] {
                callbacks[direction].set(func.map(PyObject::new_ref));
            }
        }
        Ok(old.unwrap_or_else(crate::none))
    }

    #[pyfunction]
    fn get_events(tool_id: i32) -> PyResult<u32> {
        let tool = valid_tool(tool_id)?;
        Ok(with_c_events(STATE.tools[tool].events.get()))
    }

    #[pyfunction]
    fn set_events(tool_id: i32, event_set: i32) -> PyResult<()> {
        let tool = valid_tool(tool_id)?;
        let set = super::event_set(event_set)?;
        used_tool(tool_id)?;
        if STATE.tools[tool].events.replace(set) != set {
            STATE.bump();
        }
        Ok(())
    }

    #[pyfunction]
    fn get_local_events(tool_id: i32, code: &PyObject) -> PyResult<u32> {
        let Some(code) = code.downcast_ref::<PyCode>() else {
            return Err(exc::type_error("code must be a code object"));
        };
        let tool = valid_tool(tool_id)?;
        Ok(with_c_events(STATE.local_events(code, tool)))
    }

    #[pyfunction]
    fn set_local_events(tool_id: i32, code: &PyObject, event_set: i32) -> PyResult<()> {
        let Some(code) = code.downcast_ref::<PyCode>() else {
            return Err(exc::type_error("code must be a code object"));
        };
        let tool = valid_tool(tool_id)?;
        let set = super::event_set(event_set)?;
        if set >= 1 << LOCAL_EVENTS {
            return Err(exc::value_error(format!("invalid local event set 0x{set:x}")));
        }
        used_tool(tool_id)?;
        STATE.set_local_events(code, tool, set);
        STATE.bump();
        Ok(())
    }

    #[pyfunction]
    fn restart_events() {
        STATE.restarts.set(STATE.restarts.get().wrapping_add(1));
        STATE.bump();
    }

    #[pyfunction]
    fn _all_events() -> PyResult<ObjRef> {
        let dict = crate::types::dict::PyDict::new();
        for (name, id) in EVENTS {
            let mut tools = 0;
            for (i, tool) in STATE.tools.iter().enumerate() {
                if tool.events.get() & 1 << id != 0 {
                    tools |= 1 << i;
                }
            }
            if tools != 0 {
                dict.set_name(name, PyInt::from_i64(tools).into_obj());
            }
        }
        Ok(dict.into_obj())
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        for slot in [&DISABLE, &MISSING] {
            if slot.is_null() {
                slot.set(Some(sentinel()?));
            }
        }
        let dict = module.dict();
        dict.set_name("DISABLE", DISABLE.get().unwrap_or_else(crate::none));
        dict.set_name("MISSING", missing());
        let mut pairs: Vec<(&str, ObjRef)> =
            EVENTS.iter().map(|(name, id)| (*name, PyInt::from_i64(1 << id).into_obj())).collect();
        pairs.push(("NO_EVENTS", PyInt::from_i64(0).into_obj()));
        dict.set_name("events", namespace::from_pairs(pairs).into_obj());
        Ok(())
    }
}

/// The set as tools see it: with `CALL` come its two companions.
fn with_c_events(set: u32) -> u32 {
    if set & 1 << event::CALL != 0 { set | C_RETURN_EVENTS } else { set }
}
