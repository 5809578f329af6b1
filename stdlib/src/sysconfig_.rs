//! `_sysconfig`: build variables that the library cannot know otherwise.

use rpy_vm::err::PyResult;
use rpy_vm::object::Ref;
use rpy_vm::pymodule;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;

/// A helper for the sysconfig module.
#[pymodule(name = "_sysconfig")]
pub mod _sysconfig {
    use super::*;

    /// Returns a dictionary containing build variables intended to be exposed by sysconfig.
    #[pyfunction]
    fn config_vars() -> PyResult<Ref<PyDict>> {
        let vars = PyDict::new();
        vars.set_name("Py_GIL_DISABLED", PyInt::from_i64(0).into_obj());
        vars.set_name("Py_DEBUG", PyInt::from_i64(0).into_obj());
        vars.set_name("WITH_PYMALLOC", PyInt::from_i64(0).into_obj());
        vars.set_name("EXT_SUFFIX", PyStr::new(".cpython-314-x86_64-linux-gnu.so").into_obj());
        vars.set_name("SOABI", PyStr::new("cpython-314-x86_64-linux-gnu").into_obj());
        Ok(vars)
    }
}
