//! `pyexpat`: the Expat parser for XML.
//!
//! | File | What |
//! |---|---|
//! | `library` | the C library's functions |
//! | `constants` | error codes and numbers of content models |
//! | `parser` | parser objects |
//! | `handlers` | events: what the library calls, and what is called in Python |

use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::{OptRef, PyErr, PyStruct, exc, intern};

mod constants;
mod handlers;
mod library;
mod parser;

/// `ExpatError`.
static ERROR: OptRef = OptRef::NULL;

/// An `ExpatError` with its attributes.
#[cold]
fn expat_error(message: &str, code: i32, line: usize, column: usize) -> PyErr {
    let Some(class) = ERROR.get() else { return exc::exception(message) };
    let made = call::call_one(&class, PyStr::new(message).as_object()).and_then(|error| {
        let attributes = [
            (intern!("code"), PyInt::from_i64(i64::from(code))),
            (intern!("offset"), PyInt::from_usize(column)),
            (intern!("lineno"), PyInt::from_usize(line)),
        ];
        for (name, value) in attributes {
            protocol::setattr(&error, name, Some(value.as_object()))?;
        }
        Ok(error)
    });
    match made {
        Ok(error) => PyErr::from_instance(error),
        Err(e) => e,
    }
}

/// Python wrapper for Expat parser.
#[rpy_vm::pymodule(name = "pyexpat")]
pub mod pyexpat_ {
    use core::ffi::CStr;

    use rpy_vm::runtime::sys_state;
    use rpy_vm::types::dict::PyDict;
    use rpy_vm::types::int::PyInt;
    use rpy_vm::types::list::PyList;
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::types::tuple::PyTuple;
    use rpy_vm::types::type_::ready::ensure_ready;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, Ref, exc};

    use super::ERROR;
    use super::constants::{ERRORS, MODEL, NUMBERS};
    use super::handlers::{error_text, optional_string};
    use super::library::{Expat, expat};
    use super::parser::{PyXmlParser, argument_text};
    use crate::support::{add_numbers, exception_class};

    fn library() -> PyResult<&'static Expat> {
        expat().map_err(exc::import_error)
    }

    /// Return a new XML parser object.
    #[pyfunction(name = "ParserCreate", sig = "(encoding=None, namespace_separator=None, intern=<unrepresentable>)")]
    fn parser_create(
        encoding: Option<&PyObject>,
        namespace_separator: Option<&PyObject>,
        intern: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let encoding = argument_text("encoding", encoding)?;
        let separator = argument_text("namespace_separator", namespace_separator)?;
        if separator.is_some_and(|separator| separator.len() > 1) {
            return Err(exc::value_error("namespace_separator must be at most one character, omitted, or None"));
        }
        let intern = match intern {
            None => Some(PyDict::new()),
            Some(object) if rpy_vm::is_none(object) => None,
            Some(object) => match object.downcast_ref::<PyDict>() {
                Some(dict) => Some(dict.to_ref()),
                None => return Err(exc::type_error("intern must be a dictionary")),
            },
        };
        Ok(PyXmlParser::create(library()?, encoding, separator, intern)?.into_obj())
    }

    /// Returns string error for given number.
    #[pyfunction(name = "ErrorString", sig = "(code, /)")]
    fn error_string(code: i64) -> PyResult<Option<String>> {
        Ok(error_text(library()?, i32::try_from(code).unwrap_or(-1)))
    }

    fn submodule(module: &PyModule, name: &str, doc: &str) -> PyResult<Ref<PyModule>> {
        let full = format!("pyexpat.{name}");
        let made = PyModule::new(&full);
        made.add("__doc__", doc)?;
        sys_state::modules()?.set_item(PyStr::new(&full).as_object(), made.as_object())?;
        module.add(name, made.clone())?;
        Ok(made)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        let library = library()?;
        ensure_ready(PyXmlParser::type_object())?;
        module.add("XMLParserType", PyXmlParser::type_object().to_obj())?;
        if ERROR.is_null() {
            ERROR.set(Some(exception_class("xml.parsers.expat", "ExpatError", exc::Exception())?));
        }
        let error = ERROR.get().unwrap_or_else(rpy_vm::none);
        module.add("error", error.clone())?;
        module.add("ExpatError", error)?;
        // SAFETY: constant texts and tables of the library; the features end with an entry that has the number 0.
        unsafe {
            module.add("EXPAT_VERSION", optional_string((library.version)())?)?;
            let version = (library.version_info)();
            let numbers = [version.major, version.minor, version.micro];
            let numbers = numbers.map(|n| PyInt::from_i64(i64::from(n)).into_obj());
            module.add("version_info", PyTuple::from_array(numbers))?;
            let mut features = Vec::new();
            let mut feature = (library.features)();
            while !feature.is_null() && (*feature).id != 0 {
                let name = CStr::from_ptr((*feature).name).to_string_lossy();
                let value = PyInt::from_i64((*feature).value).into_obj();
                features.push(PyTuple::from_array([PyStr::new(&name).into_obj(), value]).into_obj());
                feature = feature.add(1);
            }
            module.add("features", PyList::try_new(features)?)?;
        }
        module.add("native_encoding", "UTF-8")?;
        add_numbers(module, NUMBERS)?;
        let errors = submodule(module, "errors", "Constants used to describe error conditions.")?;
        let (codes, messages) = (PyDict::new(), PyDict::new());
        for &(name, code, text) in ERRORS {
            // An older library may not know the number.
            let text = error_text(library, code).unwrap_or_else(|| text.to_owned());
            let (code, text) = (PyInt::from_i64(i64::from(code)), PyStr::new(&text));
            codes.set_item(text.as_object(), code.as_object())?;
            messages.set_item(code.as_object(), text.as_object())?;
            errors.add(name, text)?;
        }
        errors.add("codes", codes)?;
        errors.add("messages", messages)?;
        add_numbers(&*submodule(module, "model", "Constants used to interpret content model information.")?, MODEL)
    }
}
