//! Template strings: `string.templatelib.Template` and `Interpolation`, which `t"..."` makes.

use core::cell::Cell;

use crate::PyResult;
use crate::exc;
use crate::object::alloc::new_exact;
use crate::object::{ObjRef, PyClass, PyObject, PyStruct, PyTypeObject, Ref};
use crate::protocol::object;
use crate::types::dict::PyDict;
use crate::types::str::{PyStr, StrBuilder};
use crate::types::tuple::PyTuple;
use rpy_derive::{pyclass, pymethods};

/// Template object
#[pyclass(name = "Template", module = "string.templatelib", symbol = "_PyTemplate_Type", gc, flags(SEQUENCE))]
#[repr(C)]
pub struct PyTemplate {
    pub ob_base: PyObject,
    /// Strings
    #[pymember(readonly, name = "strings", object)]
    pub strings: Ref<PyTuple>,
    /// Interpolations
    #[pymember(readonly, name = "interpolations", object)]
    pub interpolations: Ref<PyTuple>,
}

/// Interpolation object
#[pyclass(name = "Interpolation", module = "string.templatelib", symbol = "_PyInterpolation_Type", gc)]
#[repr(C)]
pub struct PyInterpolation {
    pub ob_base: PyObject,
    /// Value
    #[pymember(readonly, name = "value", object)]
    pub value: Ref<PyObject>,
    /// Expression
    #[pymember(readonly, name = "expression", object)]
    pub expression: Ref<PyObject>,
    /// Conversion
    #[pymember(readonly, name = "conversion", object)]
    pub conversion: Ref<PyObject>,
    /// Format specifier
    #[pymember(readonly, name = "format_spec", object)]
    pub format_spec: Ref<PyObject>,
}

/// Gives a template's parts in order, without empty strings.
#[pyclass(name = "TemplateIter", module = "string.templatelib", symbol = "_PyTemplateIter_Type", gc, no_new)]
#[repr(C)]
pub struct PyTemplateIter {
    pub ob_base: PyObject,
    pub template: Ref<PyTemplate>,
    /// Parts given, empty strings counted: even ones are strings.
    #[pytraverse(skip)]
    pub position: Cell<usize>,
}

/// `BUILD_TEMPLATE`: strings and interpolations alternate, strings first and last.
///
/// # Errors
/// `SystemError` if the numbers do not fit.
pub fn new_template(strings: ObjRef, interpolations: ObjRef) -> PyResult {
    let (Ok(strings), Ok(interpolations)) = (strings.downcast::<PyTuple>(), interpolations.downcast::<PyTuple>())
    else {
        return Err(exc::system_error("a template is built from two tuples"));
    };
    if strings.len() != interpolations.len() + 1 {
        return Err(exc::system_error("a template has one string more than interpolations"));
    }
    Ok(build(strings, interpolations).into_obj())
}

fn build(strings: Ref<PyTuple>, interpolations: Ref<PyTuple>) -> Ref<PyTemplate> {
    new_exact(PyTemplate { ob_base: PyObject::placeholder(), strings, interpolations })
}

/// `BUILD_INTERPOLATION`. `conversion` is `s`, `r`, `a` or nothing.
///
/// # Errors
/// None today; the signature leaves room.
pub fn new_interpolation(value: ObjRef, expression: ObjRef, conversion: Option<char>, format_spec: ObjRef) -> PyResult {
    let conversion = match conversion {
        Some(letter) => PyStr::from_code_points([letter as u32]).into_obj(),
        None => crate::none(),
    };
    let interpolation =
        PyInterpolation { ob_base: PyObject::placeholder(), value, expression, conversion, format_spec };
    Ok(new_exact(interpolation).into_obj())
}

/// The two tuples from parts in any order: neighbouring strings are joined, empty ones put where none is.
fn from_parts(parts: &[&PyObject]) -> PyResult<Ref<PyTemplate>> {
    let mut strings: Vec<ObjRef> = Vec::new();
    let mut interpolations: Vec<ObjRef> = Vec::new();
    let mut pending: Option<Ref<PyStr>> = None;
    for part in parts {
        if let Some(text) = part.downcast_ref::<PyStr>() {
            pending = Some(match pending {
                Some(before) => join(&before, text),
                None => text.to_ref(),
            });
        } else if PyInterpolation::check_exact(part) {
            strings.push(pending.take().unwrap_or_else(|| PyStr::new("")).into_obj());
            interpolations.push(part.new_ref());
        } else {
            return Err(exc::type_error(format!(
                "Template.__new__ *args need to be of type 'str' or 'Interpolation', got {}",
                part.ty().name()
            )));
        }
    }
    strings.push(pending.unwrap_or_else(|| PyStr::new("")).into_obj());
    Ok(build(PyTuple::new(strings), PyTuple::new(interpolations)))
}

fn join(a: &PyStr, b: &PyStr) -> Ref<PyStr> {
    let mut text = StrBuilder::new();
    text.push_py(a);
    text.push_py(b);
    text.finish()
}

#[pymethods]
impl PyTemplate {
    #[slot]
    fn tp_new(_cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        if kwargs.is_some_and(|k| k.len() != 0) {
            return Err(exc::type_error("Template.__new__ only accepts *args arguments"));
        }
        Ok(from_parts(args.items())?.into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let mut text = StrBuilder::new();
        text.push_str("Template(strings=");
        text.push_py(&*object::repr(self.strings.as_object())?);
        text.push_str(", interpolations=");
        text.push_py(&*object::repr(self.interpolations.as_object())?);
        text.push_str(")");
        Ok(text.finish())
    }

    #[slot]
    fn tp_iter(&self) -> ObjRef {
        new_exact(PyTemplateIter { ob_base: PyObject::placeholder(), template: self.to_ref(), position: Cell::new(0) })
            .into_obj()
    }

    #[slot]
    fn sq_concat(&self, other: &PyObject) -> PyResult {
        let Some(other) = other.downcast_exact::<PyTemplate>() else {
            return Err(exc::type_error(format!(
                "can only concatenate string.templatelib.Template (not \"{}\") to string.templatelib.Template",
                other.ty().full_name()
            )));
        };
        let (mine, theirs) = (self.strings.items(), other.strings.items());
        let mut strings: Vec<ObjRef> = mine.iter().map(|s| s.new_ref()).collect();
        let mut rest = theirs.iter();
        // The last string here and the first one there become one.
        if let (Some(last), Some(first)) = (strings.pop(), rest.next())
            && let (Some(last), Some(first)) = (last.downcast_ref::<PyStr>(), first.downcast_ref::<PyStr>())
        {
            strings.push(join(last, first).into_obj());
        }
        strings.extend(rest.map(|s| s.new_ref()));
        let interpolations =
            self.interpolations.items().iter().chain(other.interpolations.items()).map(|i| i.new_ref()).collect();
        Ok(build(PyTuple::new(strings), PyTuple::new(interpolations)).into_obj())
    }

    /// Values of interpolations
    #[pygetset]
    fn values(&self) -> Ref<PyTuple> {
        let value = |i: &&PyObject| i.downcast_ref::<PyInterpolation>().map_or_else(crate::none, |i| i.value.clone());
        PyTuple::new(self.interpolations.items().iter().map(value).collect())
    }

    #[pymethod]
    fn __reduce__(&self) -> PyResult {
        let module = crate::import::import_module("string.templatelib")?;
        let function = object::getattr(&module, intern!("_template_unpickle"))?;
        let args = PyTuple::from_slice(&[self.strings.as_object(), self.interpolations.as_object()]);
        Ok(PyTuple::from_slice(&[&function, args.as_object()]).into_obj())
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        crate::types::generic_alias::class_getitem(cls, item)
    }
}

#[pymethods]
impl PyInterpolation {
    #[pynew(sig = "(value, expression='', conversion=None, format_spec='')")]
    fn py_new(
        _cls: &PyTypeObject,
        value: &PyObject,
        expression: Option<Ref<PyStr>>,
        conversion: Option<&PyObject>,
        format_spec: Option<Ref<PyStr>>,
    ) -> PyResult {
        let conversion = match conversion {
            None => crate::none(),
            Some(conversion) => match conversion.downcast_ref::<PyStr>() {
                None => {
                    return Err(exc::type_error(format!(
                        "Interpolation() argument 'conversion' must be str, not {}",
                        conversion.ty().name()
                    )));
                }
                Some(text) if ["s", "r", "a"].iter().any(|letter| text.eq_str(letter)) => text.to_obj(),
                Some(_) => {
                    return Err(exc::value_error(
                        "Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'",
                    ));
                }
            },
        };
        let text = |given: Option<Ref<PyStr>>| given.unwrap_or_else(|| PyStr::new("")).into_obj();
        Ok(new_exact(PyInterpolation {
            ob_base: PyObject::placeholder(),
            value: value.new_ref(),
            expression: text(expression),
            conversion,
            format_spec: text(format_spec),
        })
        .into_obj())
    }

    #[slot]
    fn tp_repr(&self) -> PyResult<Ref<PyStr>> {
        let mut text = StrBuilder::new();
        text.push_str("Interpolation(");
        for (index, part) in self.parts().into_iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            text.push_py(&*object::repr(part)?);
        }
        text.push_str(")");
        Ok(text.finish())
    }

    fn parts(&self) -> [&PyObject; 4] {
        [&self.value, &self.expression, &self.conversion, &self.format_spec]
    }

    #[pymethod]
    fn __reduce__(&self) -> ObjRef {
        let parts = PyTuple::from_slice(&self.parts());
        PyTuple::from_slice(&[self.as_object().ty().as_object(), parts.as_object()]).into_obj()
    }

    /// See PEP 585
    #[pyclassmethod]
    fn __class_getitem__(cls: &PyTypeObject, item: &PyObject) -> PyResult {
        crate::types::generic_alias::class_getitem(cls, item)
    }
}

#[pymethods]
impl PyTemplateIter {
    #[slot]
    fn tp_iter(&self) -> ObjRef {
        self.to_obj()
    }

    #[slot]
    fn tp_iternext(&self) -> PyResult<Option<ObjRef>> {
        loop {
            let position = self.position.get();
            self.position.set(position + 1);
            let parts = if position % 2 == 0 { &self.template.strings } else { &self.template.interpolations };
            let Some(part) = parts.get(position / 2) else {
                self.position.set(position);
                return Ok(None);
            };
            if part.downcast_ref::<PyStr>().is_none_or(|text| text.len() > 0) {
                return Ok(Some(part.new_ref()));
            }
        }
    }
}

/// Adds the class attributes that are no methods. Called once, when the types are ready.
pub fn init_types() -> PyResult<()> {
    let names = ["value", "expression", "conversion", "format_spec"].map(|name| PyStr::intern_static(name).to_obj());
    if let Some(dict) = PyInterpolation::type_object().tp_dict.get() {
        dict.set_str(intern!("__match_args__"), PyTuple::new(names.into()).as_object())?;
    }
    Ok(())
}
