//! `_typing`: type parameters and unions. The types are `rpy_vm::types::typevars` and `rpy_vm::types::union`.

use rpy_derive::pymodule;

/// Primitives and accelerators for the typing module.
#[pymodule(name = "_typing")]
pub mod _typing {
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::typevars::{
        NO_DEFAULT, PyParamSpec, PyParamSpecArgs, PyParamSpecKwargs, PyTypeAliasType, PyTypeVar, PyTypeVarTuple,
        generic_type,
    };
    use rpy_vm::types::union::PyUnion;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyTypeObject};

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let types: [(&str, &PyTypeObject); 8] = [
            ("TypeVar", PyTypeVar::type_object()),
            ("TypeVarTuple", PyTypeVarTuple::type_object()),
            ("ParamSpec", PyParamSpec::type_object()),
            ("ParamSpecArgs", PyParamSpecArgs::type_object()),
            ("ParamSpecKwargs", PyParamSpecKwargs::type_object()),
            ("TypeAliasType", PyTypeAliasType::type_object()),
            ("Generic", generic_type()),
            ("Union", PyUnion::type_object()),
        ];
        for (name, ty) in types {
            module.add(name, ty)?;
        }
        module.add("NoDefault", &NO_DEFAULT)
    }

    #[pyfunction]
    fn _idfunc(x: &PyObject) -> ObjRef {
        x.new_ref()
    }
}
