//! `CFuncPtr`: C functions as Python callables, and Python callables as C functions.

use std::ffi::CString;

use rpy_vm::object::OptRef;
use rpy_vm::protocol::{call as pycall, object, sequence};
use rpy_vm::runtime::audit;
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::array::ArrayType;
use super::call::{self, MAX_ARGUMENTS, argument_error};
use super::callback::CThunk;
use super::data::{self, CData};
use super::info::{self, Info, METATYPE_SIZE, Param, flag};
use super::library;
use super::metatype::{self, CType, address_of, dealloc};
use super::pointer::{PointerType, fill_pointer};

/// metatype for C function pointers
#[pyclass(
    name = "PyCFuncPtrType", module = "_ctypes", layout = PyTypeObject, basicsize = METATYPE_SIZE, base = CType,
    dealloc = dealloc, flags(BASETYPE)
)]
pub struct FuncPtrType;

/// The `from_param` of each type.
fn converters(types: &PyObject) -> PyResult<Ref<PyTuple>> {
    let types = sequence::to_tuple(types).map_err(|_| exc::type_error("_argtypes_ must be a sequence of types"))?;
    if types.len() > MAX_ARGUMENTS {
        let text = format!("_argtypes_ has too many arguments ({}), maximum is {MAX_ARGUMENTS}", types.len());
        return Err(argument_error(text));
    }
    let mut all = Vec::with_capacity(types.len());
    for (index, ty) in types.items().iter().enumerate() {
        let Some(converter) = object::getattr_opt(ty, intern!("from_param"))? else {
            let text = format!("item {} in _argtypes_ has no from_param method", index + 1);
            return Err(exc::type_error(text));
        };
        all.push(converter);
    }
    Ok(PyTuple::new(all))
}

/// Checks a result type; gives its `_check_retval_`.
fn result_checker(ty: &PyObject, name: &str) -> PyResult<Option<ObjRef>> {
    if !rpy_vm::is_none(ty) && info::of_type(ty).is_none() && !object::callable(ty) {
        return Err(exc::type_error(format!("{name} must be a type, a callable, or None")));
    }
    object::getattr_opt(ty, intern!("_check_retval_"))
}

#[pymethods]
impl FuncPtrType {
    #[slot]
    fn tp_init(zelf: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        let Some(dict) = zelf.tp_dict.get() else { return Ok(()) };
        let info = info::init(zelf, Param::Pointer)?;
        fill_pointer(info);
        // The types are not known in general: an argument type is all that has a `from_param`.
        info.set_format("X{}");
        let flags = dict.get_str(intern!("_flags_"));
        let Some(flags) = flags.as_ref().and_then(|flags| flags.downcast_ref::<PyInt>()) else {
            return Err(exc::type_error("class must define _flags_ which must be an integer"));
        };
        info.add_flags(flags.wrapping_u64() as u32);
        if let Some(types) = dict.get_str(intern!("_argtypes_")) {
            info.converters.set(Some(converters(&types)?.into_obj()));
            info.argtypes.set(Some(types));
        }
        if let Some(ty) = dict.get_str(intern!("_restype_")) {
            info.checker.set(result_checker(&ty, "_restype_")?);
            info.restype.set(Some(ty));
        }
        Ok(())
    }
}

/// Function Pointer
#[pyclass(name = "CFuncPtr", module = "_ctypes", base = CData, flags(BASETYPE), gc)]
#[repr(C)]
pub struct CFuncPtr {
    ob_base: CData,
    thunk: OptRef<CThunk>,
    callable: OptRef,
    converters: OptRef,
    argtypes: OptRef,
    restype: OptRef,
    checker: OptRef,
    errcheck: OptRef,
    paramflags: OptRef<PyTuple>,
}

/// Directions of parameters.
mod direction {
    pub const IN: u64 = 1;
    pub const OUT: u64 = 2;
    pub const LCID: u64 = 4;
}

/// What of the arguments of a call is returned.
#[derive(Default)]
struct Returned {
    out: Vec<usize>,
    inout: Vec<usize>,
}

impl CFuncPtr {
    /// The memory with the address.
    pub fn data(&self) -> &CData {
        &self.ob_base
    }

    fn info(&self) -> PyResult<&Info> {
        info::required(self.as_object().ty().as_object())
    }

    /// The arguments of the C function: those given, in the places that parameter flags say, and new objects for results.
    fn arguments(&self, args: &PyTuple, kwargs: Option<&PyDict>, info: &Info) -> PyResult<(Ref<PyTuple>, Returned)> {
        let mut returned = Returned::default();
        let types = self.argtypes.get().or_else(|| info.argtypes.get());
        let (Some(types), Some(flags)) = (types, self.paramflags.get()) else {
            return Ok((args.to_ref(), returned));
        };
        let types = sequence::to_tuple(&types)?;
        if types.is_empty() {
            return Ok((args.to_ref(), returned));
        }
        let mut used = 0;
        let mut all = Vec::with_capacity(types.len());
        for (index, (&ty, item)) in types.items().iter().zip(flags.items()).enumerate() {
            let Some(item) = item.downcast_ref::<PyTuple>() else { continue };
            let direction = item.get(0).and_then(|f| f.downcast_ref::<PyInt>()).map_or(0, PyInt::wrapping_u64);
            let (name, default) = (item.get(1), item.get(2));
            match direction & (direction::IN | direction::OUT | direction::LCID) {
                5 => all.push(default.map_or_else(|| crate::support::int(0), |default| default.new_ref())),
                direction @ (0 | direction::IN | 3) => {
                    if direction == 3 {
                        returned.inout.push(index);
                    }
                    all.push(next_argument(&mut used, name, default, args, kwargs)?);
                }
                direction::OUT => {
                    returned.out.push(index);
                    all.push(match default {
                        Some(default) => default.new_ref(),
                        None => new_output(ty)?,
                    });
                }
                other => return Err(exc::value_error(format!("paramflag {other} not yet implemented"))),
            }
        }
        let given = args.len() + kwargs.map_or(0, |kwargs| kwargs.len());
        if given != used {
            return Err(exc::type_error(format!("call takes exactly {used} arguments ({given} given)")));
        }
        Ok((PyTuple::new(all), returned))
    }
}

/// The next positional argument, or the keyword argument of that name, or the default.
fn next_argument(
    used: &mut usize,
    name: Option<&PyObject>,
    default: Option<&PyObject>,
    args: &PyTuple,
    kwargs: Option<&PyDict>,
) -> PyResult {
    if let Some(value) = args.get(*used) {
        *used += 1;
        return Ok(value.new_ref());
    }
    if let (Some(kwargs), Some(name)) = (kwargs, name)
        && let Some(value) = kwargs.get_item(name)?
    {
        *used += 1;
        return Ok(value);
    }
    match (default, name) {
        (Some(default), _) => Ok(default.new_ref()),
        (None, Some(name)) => {
            let name = object::str(name)?.to_string_lossy().into_owned();
            Err(exc::type_error(format!("required argument '{name}' missing")))
        }
        (None, None) => Err(exc::type_error("not enough arguments")),
    }
}

/// A new object for the result that a parameter of type `ty` points to.
fn new_output(ty: &PyObject) -> PyResult {
    let Some(info) = info::of_type(ty) else { return Err(exc::runtime_error("NULL stginfo unexpected")) };
    if metatype::is::<ArrayType>(ty) {
        return pycall::call_noargs(ty);
    }
    match info.proto.get() {
        Some(proto) if proto.downcast_ref::<PyStr>().is_none() => pycall::call_noargs(&proto),
        _ => {
            let name = ty.downcast_ref::<PyTypeObject>().map_or("?", |class| class.full_name());
            Err(exc::type_error(format!("{name} 'out' parameter must be passed as default value")))
        }
    }
}

/// The result of a call with output parameters: those instead of the C function's result.
fn result_of(result: ObjRef, arguments: &PyTuple, returned: &Returned) -> PyResult {
    let mut values = Vec::new();
    for (index, value) in arguments.items().iter().enumerate() {
        if returned.inout.contains(&index) {
            values.push(value.new_ref());
        } else if returned.out.contains(&index) {
            values.push(pycall::call_method(value, intern!("__ctypes_from_outparam__"), &[])?);
        }
    }
    match values.len() {
        0 => Ok(result),
        1 => Ok(values.remove(0)),
        _ => Ok(PyTuple::new(values).into_obj()),
    }
}

/// Can a parameter of this type be an output?
fn check_output(ty: &PyObject, index: usize) -> PyResult<()> {
    if metatype::is::<PointerType>(ty) || metatype::is::<ArrayType>(ty) {
        return Ok(());
    }
    let codec = info::of_type(ty).and_then(|info| info.codec.get());
    if codec.is_some_and(|codec| matches!(codec.code.letter, b'P' | b'z' | b'Z')) {
        return Ok(());
    }
    let name = ty.downcast_ref::<PyTypeObject>().map_or_else(|| ty.ty().full_name(), |class| class.full_name());
    Err(exc::type_error(format!("'out' parameter {index} must be a pointer type, not {name}")))
}

/// Checks that parameter flags fit the types.
fn check_paramflags(flags: &PyObject, types: &PyObject) -> PyResult<()> {
    let types = sequence::to_tuple(types)?;
    let Some(flags) = flags.downcast_ref::<PyTuple>() else {
        return Err(exc::type_error("paramflags must be a tuple or None"));
    };
    if flags.len() != types.len() {
        return Err(exc::value_error("paramflags must have the same length as argtypes"));
    }
    for (index, (item, ty)) in flags.items().iter().zip(types.items()).enumerate() {
        let wrong = || exc::type_error("paramflags must be a sequence of (int [,string [,value]]) tuples");
        let item = item.downcast_ref::<PyTuple>().filter(|item| (1..=3).contains(&item.len())).ok_or_else(wrong)?;
        let direction = item.get(0).and_then(|flag| flag.downcast_ref::<PyInt>()).and_then(PyInt::as_i32);
        let direction = direction.ok_or_else(wrong)?;
        if item.get(1).is_some_and(|name| !rpy_vm::is_none(name) && name.downcast_ref::<PyStr>().is_none()) {
            return Err(wrong());
        }
        match direction as u64 & (direction::IN | direction::OUT | direction::LCID) {
            0 | 1 | 3 | 5 => {}
            direction::OUT => check_output(ty, index + 1)?,
            _ => return Err(exc::type_error(format!("paramflag value {direction} not supported"))),
        }
    }
    Ok(())
}

fn new_function(class: &PyTypeObject, address: *mut u8) -> PyResult<Ref<CFuncPtr>> {
    let made = data::new(class)?;
    made.set_pointee(address);
    // SAFETY: the class is a `CFuncPtr`.
    Ok(unsafe { made.into_obj().cast_unchecked() })
}

/// `CFuncPtr((name, library), paramflags)`.
fn from_library(class: &PyTypeObject, args: &PyTuple) -> PyResult {
    if args.len() > 2 {
        return Err(exc::type_error(format!("function takes at most 2 arguments ({} given)", args.len())));
    }
    let Some(spec) = args.get(0).and_then(|spec| spec.downcast_ref::<PyTuple>()) else {
        return Err(exc::type_error("illegal func_spec argument"));
    };
    let &[name, library] = spec.items() else { return Err(exc::type_error("illegal func_spec argument")) };
    let bytes = if let Some(bytes) = name.downcast_ref::<PyBytes>() {
        bytes.as_bytes().to_vec()
    } else if let Some(text) = name.downcast_ref::<PyStr>() {
        text.as_utf8()?.as_bytes().to_vec()
    } else {
        return Err(exc::type_error("function name must be string, bytes object or integer"));
    };
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let c_name = CString::new(bytes).map_err(|_| exc::value_error("embedded null character"))?;
    audit::audit("ctypes.dlsym", &[library, PyStr::new(&text).as_object()])?;
    let address =
        library::symbol_in(library, &c_name, exc::AttributeError(), |name| format!("function '{name}' not found"))?;
    let paramflags = args.get(1).filter(|flags| !rpy_vm::is_none(flags));
    if let (Some(flags), Some(types)) = (paramflags, info::required(class.as_object())?.argtypes.get()) {
        check_paramflags(flags, &types)?;
    }
    let function = new_function(class, address.cast())?;
    function.paramflags.set(paramflags.and_then(|flags| flags.downcast_ref::<PyTuple>()).map(PyStruct::to_ref));
    data::keep(&function.ob_base, 0, library.new_ref())?;
    function.callable.set(Some(function.to_obj()));
    Ok(function.into_obj())
}

/// `CFuncPtr(callable)`.
fn from_callable(class: &PyTypeObject, args: &PyTuple) -> PyResult {
    let &[callable] = args.items() else {
        return Err(exc::type_error(format!("function takes exactly 1 argument ({} given)", args.len())));
    };
    if !object::callable(callable) {
        return Err(exc::type_error("argument must be callable or integer function address"));
    }
    let info = info::of_type(class.as_object());
    let Some((info, types)) = info.and_then(|info| Some((info, info.argtypes.get()?))) else {
        return Err(exc::type_error("cannot construct instance of this class: no argtypes"));
    };
    let types = sequence::to_tuple(&types)?;
    let restype = info.restype.get().unwrap_or_else(rpy_vm::none);
    let thunk = CThunk::create(callable, types, &restype, info.flags.get())?;
    let function = new_function(class, thunk.code().cast())?;
    function.callable.set(Some(callable.new_ref()));
    function.thunk.set(Some(thunk.clone()));
    data::keep(&function.ob_base, 0, thunk.into_obj())?;
    Ok(function.into_obj())
}

#[pymethods]
impl CFuncPtr {
    #[slot]
    fn tp_new(cls: &PyTypeObject, args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        let Some(first) = args.get(0) else { return Ok(data::new(cls)?.into_obj()) };
        if first.downcast_ref::<PyTuple>().is_some() {
            return from_library(cls, args);
        }
        if args.len() == 1
            && let Some(address) = first.downcast_ref::<PyInt>()
        {
            return Ok(new_function(cls, address_of(address)?)?.into_obj());
        }
        from_callable(cls, args)
    }

    #[slot]
    fn tp_call(&self, args: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        // The call may change the instance's class.
        let class = self.as_object().ty().to_ref();
        let info = info::required(class.as_object())?;
        let (arguments, returned) = self.arguments(args, kwargs, info)?;
        let own = |own: &OptRef, class: &OptRef| own.get().or_else(|| class.get());
        let converters = own(&self.converters, &info.converters);
        let converters = converters.as_ref().and_then(|converters| converters.downcast_ref::<PyTuple>());
        if let Some(converters) = converters {
            let (required, given) = (converters.len(), arguments.len());
            let plural = if required == 1 { "" } else { "s" };
            if info.has(flag::CDECL) {
                // More arguments than types: the function may be variadic.
                if required > given {
                    return Err(exc::type_error(format!(
                        "this function takes at least {required} argument{plural} ({given} given)"
                    )));
                }
            } else if required != given {
                return Err(exc::type_error(format!(
                    "this function takes {required} argument{plural} ({given} given)"
                )));
            }
        }
        let restype = own(&self.restype, &info.restype);
        let checker = own(&self.checker, &info.checker);
        let target = call::Target {
            address: self.ob_base.pointee().cast(),
            flags: info.flags.get(),
            converters,
            restype: restype.as_deref(),
            checker: checker.as_deref(),
        };
        let result = target.call(&arguments)?;
        if let Some(errcheck) = self.errcheck.get() {
            let checked = pycall::call(&errcheck, &[&result, self.as_object(), arguments.as_object()])?;
            // The arguments themselves: go on as if nothing had been checked.
            if !checked.is(arguments.as_object()) {
                return Ok(checked);
            }
        }
        result_of(result, &arguments, &returned)
    }

    #[slot]
    fn tp_repr(&self) -> String {
        format!("<{} object at {:p}>", self.as_object().ty().full_name(), self)
    }

    #[slot]
    fn nb_bool(&self) -> bool {
        !self.ob_base.pointee().is_null()
    }

    /// a function to check for errors
    #[pygetset]
    fn errcheck(&self) -> ObjRef {
        self.errcheck.get().unwrap_or_else(rpy_vm::none)
    }
    #[pygetset(setter)]
    fn set_errcheck(&self, value: Option<&PyObject>) -> PyResult<()> {
        if value.is_some_and(|value| !object::callable(value)) {
            return Err(exc::type_error("the errcheck attribute must be callable"));
        }
        self.errcheck.set(value.map(PyObject::new_ref));
        Ok(())
    }

    /// specify the result type
    #[pygetset]
    fn restype(&self) -> PyResult {
        let class = self.info()?.restype.get();
        Ok(self.restype.get().or(class).unwrap_or_else(rpy_vm::none))
    }
    #[pygetset(setter)]
    fn set_restype(&self, value: Option<&PyObject>) -> PyResult<()> {
        let checker = match value {
            Some(ty) => result_checker(ty, "restype")?,
            None => None,
        };
        self.checker.set(checker);
        self.restype.set(value.map(PyObject::new_ref));
        Ok(())
    }

    /// specify the argument types
    #[pygetset]
    fn argtypes(&self) -> PyResult {
        let class = self.info()?.argtypes.get();
        Ok(self.argtypes.get().or(class).unwrap_or_else(rpy_vm::none))
    }
    #[pygetset(setter)]
    fn set_argtypes(&self, value: Option<&PyObject>) -> PyResult<()> {
        let value = value.filter(|value| !rpy_vm::is_none(value));
        let converters = match value {
            Some(types) => Some(converters(types)?.into_obj()),
            None => None,
        };
        if let (Some(flags), Some(types)) = (self.paramflags.get(), value) {
            check_paramflags(flags.as_object(), types)?;
        }
        self.converters.set(converters);
        self.argtypes.set(value.map(PyObject::new_ref));
        Ok(())
    }
}
