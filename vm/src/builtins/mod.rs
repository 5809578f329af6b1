//! The `builtins` module.
//!
//! | File | What |
//! |---|---|
//! | `functions` | the table of functions, one short body each |
//! | `arithmetic` | `sum`, `min`, `max`, `round` |
//! | `ast_hooks` | where `compile` meets syntax trees |
//! | `code` | `compile`, `eval`, `exec`, `__build_class__`, and the namespaces of the caller |
//! | `io` | `print` and `input` |
//! | `iterators` | the types `map`, `filter` and `zip` |

pub mod arithmetic;
pub mod ast_hooks;
pub mod code;
pub mod functions;
pub mod io;
pub mod iterators;

use crate::err::PyResult;
use crate::object::{ObjRef, PyStruct, PyTypeObject, Ref};
use crate::types;
use crate::types::module::PyModule;

/// The classes of the module besides the exceptions, with their names.
fn classes() -> Vec<(&'static str, &'static PyTypeObject)> {
    use types::*;
    vec![
        ("bool", &bool_::PyBool_Type),
        ("memoryview", &memoryview::PyMemoryView_Type),
        ("bytearray", &bytearray::PyByteArray_Type),
        ("bytes", &bytes::PyBytes_Type),
        ("classmethod", &descr::classmethod::PyClassMethod_Type),
        ("complex", &complex::PyComplex_Type),
        ("dict", &dict::PyDict_Type),
        ("enumerate", &iter::PyEnum_Type),
        ("filter", &iterators::PyFilter_Type),
        ("float", &float::PyFloat_Type),
        ("frozenset", &set::PyFrozenSet_Type),
        ("property", &descr::property::PyProperty_Type),
        ("int", &int::PyLong_Type),
        ("list", &list::PyList_Type),
        ("map", &iterators::PyMap_Type),
        ("object", &object::PyBaseObject_Type),
        ("range", &range::PyRange_Type),
        ("reversed", &iter::PyReversed_Type),
        ("set", &set::PySet_Type),
        ("slice", &slice::PySlice_Type),
        ("staticmethod", &descr::classmethod::PyStaticMethod_Type),
        ("str", &str::PyUnicode_Type),
        ("super", &super_::PySuper_Type),
        ("tuple", &tuple::PyTuple_Type),
        ("type", &type_::PyType_Type),
        ("zip", &iterators::PyZip_Type),
    ]
}

/// Makes the module. The types must be ready.
///
/// # Errors
/// `MemoryError`.
pub fn create() -> PyResult<Ref<PyModule>> {
    let module = functions::builtins::MODULE.create()?;
    (functions::builtins::MODULE.exec)(&module)?;
    let dict = module.dict();
    let constants: [(&str, ObjRef); 6] = [
        ("None", crate::none()),
        ("Ellipsis", crate::ellipsis()),
        ("NotImplemented", crate::not_implemented()),
        ("False", crate::py_bool(false)),
        ("True", crate::py_bool(true)),
        ("__debug__", crate::py_bool(crate::sysmodule::config::get().optimize == 0)),
    ];
    for (name, value) in constants {
        dict.set_name(name, value);
    }
    for (name, class) in classes() {
        types::type_::type_ready(class)?;
        dict.set_name(name, class.to_obj());
    }
    for (name, class) in types::exceptions::ALL {
        dict.set_name(name, class.to_obj());
    }
    for alias in ["EnvironmentError", "IOError"] {
        dict.set_name(alias, crate::exc::OSError().to_obj());
    }
    Ok(module)
}
