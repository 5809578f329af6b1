//! `_remote_debugging`: looking into other processes. Not built: asking for it raises an error that says so. The names are there
//! because `asyncio`'s command line imports them.

use rpy_vm::err::PyResult;
use rpy_vm::exc;
use rpy_vm::object::{ObjRef, PyObject, PyTypeObject};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{pyclass, pymethods, pymodule};

/// Remote debugging of other Python processes.
#[pymodule(name = "_remote_debugging")]
pub mod _remote_debugging {
    use super::*;

    #[pyattr]
    const PROCESS_VM_READV_SUPPORTED: bool = false;

    /// Looks into the stacks of another process.
    #[pyclass(name = "RemoteUnwinder")]
    #[repr(C)]
    struct RemoteUnwinder {
        ob_base: PyObject,
    }

    #[pymethods]
    impl RemoteUnwinder {
        #[slot]
        fn tp_new(_cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<ObjRef> {
            Err(exc::runtime_error("rpy cannot look into other processes"))
        }
    }

    /// A frame of another process.
    #[pyclass(name = "FrameInfo", no_new, no_methods)]
    #[repr(C)]
    struct FrameInfo {
        ob_base: PyObject,
    }
}
