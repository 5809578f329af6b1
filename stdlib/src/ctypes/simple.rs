//! Simple types: numbers, characters, pointers without a type, strings. The class has one letter (see [`codes`]), the instance
//! a `value`.

use rpy_vm::object::class_impl::{ClassImpl, StaticType};
use rpy_vm::protocol::object;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::descr::new_classmethod_descr;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, intern, pyclass, pymethods};

use super::codes::{self, Codec, Extent};
use super::data::{self, CData};
use super::funcptr::CFuncPtr;
use super::info::{self, Info, METATYPE_SIZE, Param, flag};
use super::metatype::{self, CType, as_parameter, dealloc};
use super::param::{CArg, code};
use super::pointer;

/// metatype for the PyCSimpleType Objects
#[pyclass(
    name = "PyCSimpleType", module = "_ctypes", layout = PyTypeObject, basicsize = METATYPE_SIZE, base = CType,
    dealloc = dealloc, flags(BASETYPE)
)]
pub struct SimpleType;

/// XXX to be provided
#[pyclass(name = "_SimpleCData", module = "_ctypes", layout = CData, base = CData, flags(BASETYPE))]
pub struct Simple;

/// `_SimpleCData`.
fn base() -> &'static PyTypeObject {
    // SAFETY: a static.
    unsafe { &*Simple::TYPE }
}

/// Is it a subclass of `c_int` and its kin (which are the direct subclasses of `_SimpleCData`)? Values of such classes stay
/// instances.
pub fn is_subclass(class: &PyTypeObject) -> bool {
    metatype::is::<SimpleType>(class.as_object()) && !is_fundamental(class)
}

fn is_fundamental(class: &PyTypeObject) -> bool {
    class.base().is_some_and(|b| core::ptr::eq(b, base()))
}

/// Makes the class for the other byte order, with the name `<name>_be`.
fn make_swapped(class: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>, codec: Codec) -> PyResult<()> {
    let metatype = class.as_object().ty();
    let Some(name) = args.get(0).and_then(|name| name.downcast_ref::<PyStr>()) else { return Ok(()) };
    let mut items: Vec<ObjRef> = args.items().iter().map(|item| item.new_ref()).collect();
    items[0] = PyStr::concat_many(&[name, &PyStr::new("_be")])?.into_obj();
    let args = PyTuple::new(items);
    let Some(new) = PyTypeObject::type_object().tp_new.get() else { return Ok(()) };
    // SAFETY: calling the slot of `type` as C would.
    let swapped = unsafe {
        ObjRef::from_c_result(new(
            metatype as *const PyTypeObject as *mut PyTypeObject,
            args.as_object().as_ptr(),
            kwargs.map_or(core::ptr::null_mut(), |kwargs| kwargs.as_object().as_ptr()),
        ))?
    };
    let Some(other) = swapped.downcast_ref::<PyTypeObject>() else { return Ok(()) };
    let info = info::init(other, Param::Value)?;
    fill(info, Codec { swapped: true, ..codec }, '>');
    let (own, other) = (class.as_object(), other.as_object());
    for (on, name, value) in [
        (own, intern!("__ctype_be__"), other),
        (own, intern!("__ctype_le__"), own),
        (other, intern!("__ctype_le__"), own),
        (other, intern!("__ctype_be__"), other),
    ] {
        object::setattr(on, name, Some(value))?;
    }
    Ok(())
}

fn fill(info: &Info, codec: Codec, order: char) {
    let code = codec.code;
    info.passing.set_scalar(code.ffi, code.scalars);
    info.size.set(info.passing.size());
    // SAFETY: a static of libffi's.
    info.align.set(unsafe { (*code.ffi.0).alignment }.into());
    info.codec.set(Some(codec));
    info.set_format(&format!("{order}{}", char::from(code.format)));
    info.proto.set(Some(PyStr::from_char(code.letter.into()).into_obj()));
}

/// `type.__init__`, which checks the arguments.
fn init_class(class: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
    let Some(init) = PyTypeObject::type_object().tp_init.get() else { return Ok(()) };
    let kwargs = kwargs.map_or(core::ptr::null_mut(), |kwargs| kwargs.as_object().as_ptr());
    // SAFETY: calling the slot as C would.
    if unsafe { init(class.as_object().as_ptr(), args.as_object().as_ptr(), kwargs) } < 0 {
        return Err(PyErr::fetch_or_system_error());
    }
    Ok(())
}

/// Puts `from_param` of a table of methods into the class.
fn add_from_param(class: &PyTypeObject, table: *const rpy_vm::object::PyMethodDef) -> PyResult<()> {
    // SAFETY: a static table with one method.
    let method = unsafe { new_classmethod_descr(class, table) }?;
    if let Some(dict) = class.tp_dict.get() {
        dict.set_str(intern!("from_param"), &method)?;
    }
    class.modified();
    Ok(())
}

#[pymethods]
impl SimpleType {
    #[slot]
    fn tp_init(zelf: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult<()> {
        init_class(zelf, args, kwargs)?;
        let Some(letter) = object::getattr_opt(zelf.as_object(), intern!("_type_"))? else {
            return Err(exc::attribute_error_msg("class must define a '_type_' attribute"));
        };
        let Some(letter) = letter.downcast_ref::<PyStr>() else {
            return Err(exc::type_error("class must define a '_type_' string attribute"));
        };
        let [letter] = letter.as_utf8()?.as_bytes() else {
            return Err(exc::value_error("class must define a '_type_' attribute which must be a string of length 1"));
        };
        let letters = codes::simple_letters();
        let Some(code) = codes::find(*letter).filter(|code| letters.contains(char::from(code.letter))) else {
            return Err(exc::attribute_error_msg(format!(
                "class must define a '_type_' attribute which must be\na single character string containing one of '{letters}'."
            )));
        };
        let info = info::init(zelf, Param::Value)?;
        let codec = Codec { code, swapped: false };
        fill(info, codec, '<');
        if is_fundamental(zelf) {
            match code.letter {
                b'z' => add_from_param(zelf, CharPointer::METHODS)?,
                b'Z' => add_from_param(zelf, WideCharPointer::METHODS)?,
                b'P' => add_from_param(zelf, VoidPointer::METHODS)?,
                _ => {}
            }
            if matches!(code.letter, b'z' | b'Z' | b'P' | b'O') {
                info.add_flags(flag::IS_POINTER);
            }
        }
        // SAFETY: a static.
        let exact = core::ptr::eq(zelf.as_object().ty(), unsafe { &*SimpleType::TYPE });
        if exact && code.swapped.is_some() {
            make_swapped(zelf, args, kwargs, codec)?;
        }
        Ok(())
    }

    /// Convert a Python object into a function call parameter.
    #[pymethod]
    fn from_param(zelf: &PyTypeObject, value: &PyObject) -> PyResult {
        simple_from_param(zelf, value)
    }
}

fn simple_from_param(class: &PyTypeObject, value: &PyObject) -> PyResult {
    if object::is_instance(value, class.as_object())? {
        return Ok(value.new_ref());
    }
    let info = info::required(class.as_object())?;
    let Some(codec) = info.codec.get() else { return Err(info::abstract_class()) };
    // The argument is in the machine's byte order, whatever the class's is.
    match CArg::convert(codec.code, value) {
        Ok(arg) => Ok(arg.into_obj()),
        Err(e) => match as_parameter(value, |value| simple_from_param(class, value))? {
            Some(result) => Ok(result),
            None => Err(e),
        },
    }
}

#[pymethods]
impl Simple {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        Ok(data::new(cls)?.into_obj())
    }

    #[slot]
    fn tp_init(zelf: &CData, args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        match args.items() {
            [] => Ok(()),
            [value] => set_value(zelf, value),
            items => Err(exc::type_error(format!("__init__ expected at most 1 argument, got {}", items.len()))),
        }
    }

    /// current value
    #[pygetset]
    fn value(zelf: &CData) -> PyResult {
        value(zelf)
    }
    #[pygetset(setter)]
    fn set_value(zelf: &CData, new: Option<&PyObject>) -> PyResult<()> {
        set_value(zelf, new.ok_or_else(|| exc::type_error("can't delete attribute"))?)
    }

    #[pymethod(name = "__ctypes_from_outparam__")]
    fn from_outparam(zelf: &CData) -> PyResult {
        if is_subclass(zelf.ob_base.ty()) { Ok(zelf.to_obj()) } else { value(zelf) }
    }

    #[slot]
    fn nb_bool(zelf: &CData) -> bool {
        zelf.bytes().iter().any(|byte| *byte != 0)
    }

    #[slot]
    fn tp_repr(zelf: &CData) -> PyResult<String> {
        let class = zelf.ob_base.ty();
        if !is_fundamental(class) {
            return Ok(format!("<{} object at {:p}>", class.full_name(), zelf));
        }
        let value = value(zelf)?;
        Ok(format!("{}({})", class.full_name(), object::repr(&value)?.to_string_lossy()))
    }
}

fn codec_of(data: &CData) -> PyResult<Codec> {
    data.info()?.codec.get().ok_or_else(info::abstract_class)
}

fn value(data: &CData) -> PyResult {
    // SAFETY: the instance's memory.
    unsafe { codec_of(data)?.get(data.memory(), Extent::whole(data.size())) }
}

fn set_value(data: &CData, value: &PyObject) -> PyResult<()> {
    data::before_conversion(data, value);
    // SAFETY: as above.
    match unsafe { codec_of(data)?.set(data.memory(), value, Extent::whole(data.size())) }? {
        Some(object) => data::keep(data, 0, object),
        None => Ok(()),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// `from_param` of the pointers among them

/// Is it an array of, or a pointer to, the type with a letter; or `byref` of an instance of that type?
fn points_to(value: &PyObject, letter: u8) -> bool {
    let is = |class: &PyObject| info::of_type(class).and_then(|info| info.codec.get()).is_some_and(|c| c.is(letter));
    if data::is_array(value) || pointer::is_pointer(value) {
        let proto = info::of_instance(value).and_then(|info| info.proto.get());
        return proto.is_some_and(|proto| is(&proto));
    }
    match value.downcast_exact::<CArg>() {
        Some(arg) => arg.object.get().is_some_and(|object| is(object.ty().as_object())),
        None => false,
    }
}

fn cannot_interpret(value: &PyObject, name: &str) -> PyResult {
    let got = value.ty().full_name();
    Err(exc::type_error(format!("'{got}' object cannot be interpreted as ctypes.{name}")))
}

fn char_pointer(class: &PyTypeObject, value: &PyObject) -> PyResult {
    if rpy_vm::is_none(value) {
        return Ok(rpy_vm::none());
    }
    if value.downcast_ref::<PyBytes>().is_some() {
        return Ok(CArg::convert(code(b'z'), value)?.into_obj());
    }
    if object::is_instance(value, class.as_object())? || points_to(value, b'c') {
        return Ok(value.new_ref());
    }
    match as_parameter(value, |value| char_pointer(class, value))? {
        Some(result) => Ok(result),
        None => cannot_interpret(value, "c_char_p"),
    }
}

fn wide_char_pointer(class: &PyTypeObject, value: &PyObject) -> PyResult {
    if rpy_vm::is_none(value) {
        return Ok(rpy_vm::none());
    }
    if value.downcast_ref::<PyStr>().is_some() {
        return Ok(CArg::convert(code(b'Z'), value)?.into_obj());
    }
    if object::is_instance(value, class.as_object())? || points_to(value, b'u') {
        return Ok(value.new_ref());
    }
    match as_parameter(value, |value| wide_char_pointer(class, value))? {
        Some(result) => Ok(result),
        None => cannot_interpret(value, "c_wchar_p"),
    }
}

fn void_pointer(class: &PyTypeObject, value: &PyObject) -> PyResult {
    if rpy_vm::is_none(value) {
        return Ok(rpy_vm::none());
    }
    for (matches, letter) in [
        (value.downcast_ref::<PyInt>().is_some(), b'P'),
        (value.downcast_ref::<PyBytes>().is_some(), b'z'),
        (value.downcast_ref::<PyStr>().is_some(), b'Z'),
    ] {
        if matches {
            return Ok(CArg::convert(code(letter), value)?.into_obj());
        }
    }
    let passed_on = object::is_instance(value, class.as_object())?
        || data::is_array(value)
        || pointer::is_pointer(value)
        || value.downcast_exact::<CArg>().is_some_and(CArg::is_pointer);
    if passed_on {
        return Ok(value.new_ref());
    }
    if let Some(function) = value.downcast_ref::<CFuncPtr>() {
        return Ok(CArg::pointer(function.data().pointee(), value.new_ref()).into_obj());
    }
    if let Some(data) = value.downcast_ref::<CData>()
        && let Some(codec) = info::of_instance(value).and_then(|info| info.codec.get())
        && (codec.is(b'z') || codec.is(b'Z'))
    {
        let address = super::param::Value::pointer(data.pointee());
        return Ok(CArg::new(code(b'Z'), address, Some(value.new_ref())).into_obj());
    }
    match as_parameter(value, |value| void_pointer(class, value))? {
        Some(result) => Ok(result),
        None => cannot_interpret(value, "c_void_p"),
    }
}

macro_rules! pointers {
    ($($(#[$doc:meta])* $name:ident $convert:ident;)*) => { $(
        $(#[$doc])*
        #[pyclass(layout = CData, base = CData, name = "from_param")]
        struct $name;

        #[pymethods]
        impl $name {
            #[pyclassmethod]
            fn from_param(cls: &PyTypeObject, value: &PyObject) -> PyResult {
                $convert(cls, value)
            }
        }
    )* };
}
pointers! {
    /// Lends its method to `c_char_p`.
    CharPointer char_pointer;
    /// Lends its method to `c_wchar_p`.
    WideCharPointer wide_char_pointer;
    /// Lends its method to `c_void_p`.
    VoidPointer void_pointer;
}
