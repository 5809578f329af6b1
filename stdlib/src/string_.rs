//! `_string`: the parser of `str.format`, for `string.Formatter`.

use rpy_vm::pymodule;

/// string helper module
#[pymodule(name = "_string")]
pub mod _string {
    use core::cell::Cell;

    use rpy_vm::object::alloc::new_exact;
    use rpy_vm::object::{OptRef, PyStruct};
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::str::format_method::{Accessor, FieldName, First, Pieces};
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::{ObjRef, PyObject, PyResult, Ref, exc, pyclass, pymethods};

    /// The pieces of a format string.
    #[pyclass(name = "formatteriterator", module = "builtins", hidden, no_new)]
    #[repr(C)]
    pub struct PyFormatterIterator {
        ob_base: PyObject,
        format: OptRef<PyStr>,
        position: Cell<usize>,
    }

    #[pymethods]
    impl PyFormatterIterator {
        #[slot]
        fn tp_iter(&self) -> ObjRef {
            self.to_obj()
        }

        #[slot]
        fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
            let Some(format) = self.format.get() else {
                return Ok(None);
            };
            let mut pieces = Pieces::new(format.data(), self.position.get(), format.len());
            let Some(piece) = pieces.next_piece()? else {
                return Ok(None);
            };
            self.position.set(pieces.position());
            let part = |(start, end): (usize, usize)| format.try_substring(start, end).map(Ref::into_obj);
            let literal = part(piece.literal)?;
            let fields = match piece.field {
                None => [literal, rpy_vm::none(), rpy_vm::none(), rpy_vm::none()],
                Some(field) => {
                    let conversion = if field.conversion == 0 {
                        rpy_vm::none()
                    } else {
                        PyStr::from_char(field.conversion).into_obj()
                    };
                    [literal, part(field.name)?, part(field.spec)?, conversion]
                }
            };
            Ok(Some(PyTuple::from_array(fields).into_obj()))
        }
    }

    /// What follows the first part of a field name: `(is_attribute, value)` pairs.
    #[pyclass(name = "fieldnameiterator", module = "builtins", hidden, no_new)]
    #[repr(C)]
    pub struct PyFieldNameIterator {
        ob_base: PyObject,
        name: OptRef<PyStr>,
        position: Cell<usize>,
    }

    #[pymethods]
    impl PyFieldNameIterator {
        #[slot]
        fn tp_iter(&self) -> ObjRef {
            self.to_obj()
        }

        #[slot]
        fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
            let Some(name) = self.name.get() else {
                return Ok(None);
            };
            let mut parts = FieldName::resume(name.data(), self.position.get(), name.len());
            let Some(accessor) = parts.next_accessor()? else {
                return Ok(None);
            };
            self.position.set(parts.position());
            let part = |start: usize, end: usize| name.try_substring(start, end).map(Ref::into_obj);
            let (is_attribute, value) = match accessor {
                Accessor::Attribute(start, end) => (true, part(start, end)?),
                Accessor::Index(index) => (false, PyInt::from_usize(index).into_obj()),
                Accessor::Key(start, end) => (false, part(start, end)?),
            };
            Ok(Some(PyTuple::from_array([rpy_vm::py_bool(is_attribute), value]).into_obj()))
        }
    }

    fn text_argument(object: &PyObject) -> PyResult<&PyStr> {
        object
            .downcast_ref::<PyStr>()
            .ok_or_else(|| exc::type_error(format!("expected str, got {}", object.ty().name())))
    }

    /// parse the argument as a format string
    #[pyfunction(sig = "(object, /)")]
    fn formatter_parser(object: &PyObject) -> PyResult<ObjRef> {
        let format = text_argument(object)?;
        Ok(new_exact(PyFormatterIterator {
            ob_base: PyObject::placeholder(),
            format: OptRef::some(format.to_ref()),
            position: Cell::new(0),
        })
        .into_obj())
    }

    /// split the argument as a field name
    #[pyfunction(sig = "(object, /)")]
    fn formatter_field_name_split(object: &PyObject) -> PyResult<(ObjRef, ObjRef)> {
        let name = text_argument(object)?;
        let parts = FieldName::parse(name.data(), 0, name.len())?;
        let first = match parts.first {
            First::Auto => PyStr::empty().into_obj(),
            First::Index(index) => PyInt::from_usize(index).into_obj(),
            First::Name(start, end) => name.try_substring(start, end)?.into_obj(),
        };
        let rest = new_exact(PyFieldNameIterator {
            ob_base: PyObject::placeholder(),
            name: OptRef::some(name.to_ref()),
            position: Cell::new(parts.position()),
        });
        Ok((first, rest.into_obj()))
    }
}
