//! Pointers.

use rpy_vm::object::class_impl::StaticType;
use rpy_vm::protocol::{number, object};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::PyList;
use rpy_vm::types::slice::PySlice;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{PyErr, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::abi::TypePtr;
use super::array::{character, characters};
use super::codes::{self, Extent, room_for};
use super::data::{self, CData, Place};
use super::info::{self, Info, METATYPE_SIZE, Param, flag};
use super::metatype::{self, CType, dealloc};
use super::param;

/// metatype for the Pointer Objects
#[pyclass(
    name = "PyCPointerType", module = "_ctypes", layout = PyTypeObject, basicsize = METATYPE_SIZE, base = CType,
    dealloc = dealloc, flags(BASETYPE)
)]
pub struct PointerType;

/// Makes the size and passing of a type those of a pointer.
pub fn fill_pointer(info: &Info) {
    info.size.set(size_of::<*mut u8>());
    info.align.set(align_of::<*mut u8>());
    info.length.set(1);
    info.passing.set_scalar(TypePtr(&raw mut libffi_sys::ffi_type_pointer), codes::INT8);
    info.add_flags(flag::IS_POINTER);
}

/// Sets what the pointer type points to; if that has no pointer type yet, this is it.
fn set_target(class: &PyTypeObject, info: &Info, target: &PyObject) -> PyResult<()> {
    if target.downcast_ref::<PyTypeObject>().is_none() {
        return Err(exc::type_error("_type_ must be a type"));
    }
    let Some(target_info) = info::of_type(target) else {
        return Err(exc::type_error("_type_ must have storage info"));
    };
    info.proto.set(Some(target.new_ref()));
    if target_info.pointer_type.is_null() {
        target_info.pointer_type.set(Some(class.to_obj()));
    }
    Ok(())
}

#[pymethods]
impl PointerType {
    #[slot]
    fn tp_init(zelf: &PyTypeObject, args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        let Some(namespace) = args.get(2).and_then(|namespace| namespace.downcast_ref::<PyDict>()) else {
            return Err(exc::index_error("tuple index out of range"));
        };
        let info = info::init(zelf, Param::Pointer)?;
        fill_pointer(info);
        let Some(target) = namespace.get_str(intern!("_type_")) else { return Ok(()) };
        set_target(zelf, info, &target)?;
        if let Some(target) = info::of_type(&target) {
            let dimensions: Vec<String> = target.shape.borrow().iter().map(isize::to_string).collect();
            let shape = if dimensions.is_empty() { String::new() } else { format!("({})", dimensions.join(",")) };
            // An incomplete type is bytes.
            info.set_format(&format!("&{shape}{}", target.format().as_deref().unwrap_or("B")));
        }
        Ok(())
    }

    #[pymethod]
    fn set_type(zelf: &PyTypeObject, r#type: &PyObject) -> PyResult<()> {
        let info = info::required(zelf.as_object())?;
        set_target(zelf, info, r#type)?;
        if let Some(dict) = zelf.tp_dict.get() {
            dict.set_str(intern!("_type_"), r#type)?;
        }
        zelf.modified();
        Ok(())
    }

    /// Convert a Python object into a function call parameter.
    #[pymethod]
    fn from_param(zelf: &PyTypeObject, value: &PyObject) -> PyResult {
        if rpy_vm::is_none(value) {
            return Ok(rpy_vm::none());
        }
        let info = info::required(zelf.as_object())?;
        let Some(target) = info.proto.get() else {
            return Err(exc::type_error("cannot convert argument: POINTER _type_ type is not set"));
        };
        if object::is_instance(value, &target)? {
            return match value.downcast_ref::<CData>() {
                Some(_) => Ok(param::byref(value, 0)?.into_obj()),
                None => Err(exc::type_error("expected CData instance")),
            };
        }
        // Arrays of the target are pointers to it, too.
        if is_pointer(value) || data::is_array(value) {
            let theirs = info::of_instance(value).and_then(|info| info.proto.get());
            if let Some(theirs) = theirs
                && object::is_subclass(&theirs, &target)?
            {
                return Ok(value.new_ref());
            }
        }
        metatype::from_param(zelf, value)
    }
}

/// XXX to be provided
#[pyclass(name = "_Pointer", module = "_ctypes", layout = CData, base = CData, flags(BASETYPE))]
pub struct Pointer;

/// Is it a pointer?
pub fn is_pointer(object: &PyObject) -> bool {
    // SAFETY: a static.
    object.ty().is_subtype(unsafe { &*Pointer::TYPE })
}

#[cold]
fn null_pointer() -> PyErr {
    exc::value_error("NULL pointer access")
}

fn no_deletion() -> PyErr {
    exc::type_error("Pointer does not support item deletion")
}

/// What a pointer points to.
struct Target {
    class: Ref<PyTypeObject>,
    size: usize,
    letter: Option<u8>,
    address: *mut u8,
}

impl Target {
    fn of(data: &CData) -> PyResult<Target> {
        let address = data.pointee();
        if address.is_null() {
            return Err(null_pointer());
        }
        let info = info::required(data.ob_base.ty().as_object())?;
        let class = info.proto.get().and_then(|proto| proto.downcast::<PyTypeObject>().ok());
        let class = class.ok_or_else(info::abstract_class)?;
        let target = info::required(class.as_object())?;
        let (size, letter) = (target.size.get(), character(target));
        Ok(Target { size, letter, address, class })
    }

    fn place(&self, index: isize) -> Place<'_> {
        Place {
            class: &self.class,
            codec: None,
            index,
            extent: Extent::whole(self.size),
            address: self.address.wrapping_offset(index.wrapping_mul(self.size as isize)),
        }
    }
}

/// The places of a slice. There is no length, so the end must be given and negative numbers are what they are.
fn slice_of(slice: &PySlice) -> PyResult<(isize, isize, usize)> {
    let number = |object: &PyObject| number::as_isize(object, Some(exc::ValueError()));
    let step = if rpy_vm::is_none(slice.step()) { 1 } else { number(slice.step())? };
    if step == 0 {
        return Err(exc::value_error("slice step cannot be zero"));
    }
    let start = if !rpy_vm::is_none(slice.start()) {
        number(slice.start())?
    } else if step < 0 {
        return Err(exc::value_error("slice start is required for step < 0"));
    } else {
        0
    };
    if rpy_vm::is_none(slice.stop()) {
        return Err(exc::value_error("slice stop is required"));
    }
    let stop = number(slice.stop())?;
    // Twice the largest number can lie between them, which is no number of items.
    let count = if step > 0 && start < stop {
        (stop.abs_diff(start) - 1) / step.unsigned_abs() + 1
    } else if step < 0 && start > stop {
        (start.abs_diff(stop) - 1) / step.unsigned_abs() + 1
    } else {
        0
    };
    if count > isize::MAX as usize {
        return Err(exc::memory_error());
    }
    Ok((start, step, count))
}

#[pymethods]
impl Pointer {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult {
        if info::of_type(cls.as_object()).is_none_or(|info| info.proto.is_null()) {
            return Err(exc::type_error("Cannot create instance: has no _type_"));
        }
        Ok(data::new(cls)?.into_obj())
    }

    #[slot]
    fn tp_init(zelf: &CData, args: &PyTuple, _kwargs: Option<&PyDict>) -> PyResult<()> {
        match args.items() {
            [] => Ok(()),
            [value] => set_contents(zelf, value),
            items => Err(exc::type_error(format!("POINTER expected at most 1 argument, got {}", items.len()))),
        }
    }

    /// the object this pointer points to (read-write)
    #[pygetset]
    fn contents(zelf: &CData) -> PyResult {
        let target = Target::of(zelf)?;
        data::part_of(&target.class, zelf, 0, target.address)
    }
    #[pygetset(setter)]
    fn set_contents(zelf: &CData, value: Option<&PyObject>) -> PyResult<()> {
        set_contents(zelf, value.ok_or_else(no_deletion)?)
    }

    #[slot]
    fn nb_bool(zelf: &CData) -> bool {
        !zelf.pointee().is_null()
    }

    #[slot]
    fn sq_item(zelf: &CData, index: isize) -> PyResult {
        data::read(zelf, &Target::of(zelf)?.place(index))
    }

    #[slot]
    fn sq_ass_item(zelf: &CData, index: isize, value: Option<&PyObject>) -> PyResult<()> {
        let value = value.ok_or_else(no_deletion)?;
        data::write(zelf, &Target::of(zelf)?.place(index), value)
    }

    #[slot]
    fn mp_subscript(zelf: &CData, key: &PyObject) -> PyResult {
        if number::is_index(key) {
            let index = number::as_isize(key, Some(exc::IndexError()))?;
            return data::read(zelf, &Target::of(zelf)?.place(index));
        }
        let Some(slice) = key.downcast_ref::<PySlice>() else {
            return Err(exc::type_error("Pointer indices must be integer"));
        };
        let (start, step, count) = slice_of(slice)?;
        if count > 0 {
            let target = Target::of(zelf)?;
            if let Some(letter) = target.letter {
                // SAFETY: where a pointer points to is the program's responsibility, as in C.
                return unsafe { characters(letter, target.address, start, step, count) };
            }
            let mut values = room_for(count)?;
            for n in 0..count as isize {
                values.push(data::read(zelf, &target.place(start.wrapping_add(n.wrapping_mul(step))))?);
            }
            return Ok(PyList::new(values).into_obj());
        }
        let info = info::required(zelf.ob_base.ty().as_object())?;
        let letter = info.proto.get().and_then(|proto| info::of_type(&proto).and_then(character));
        match letter {
            // SAFETY: nothing is read.
            Some(letter) => unsafe { characters(letter, core::ptr::null(), 0, 1, 0) },
            None => Ok(PyList::new(Vec::new()).into_obj()),
        }
    }
}

fn set_contents(data: &CData, value: &PyObject) -> PyResult<()> {
    let info = info::required(data.ob_base.ty().as_object())?;
    let Some(target) = info.proto.get() else { return Err(info::abstract_class()) };
    let Some(source) = value.downcast_ref::<CData>() else {
        let wanted = target.downcast_ref::<PyTypeObject>().map_or("?", |class| class.full_name());
        return Err(exc::type_error(format!("expected {wanted} instead of {}", value.ty().full_name())));
    };
    source.share();
    data.set_pointee(source.memory());
    // Both what it points to and what is kept for that must live.
    data::keep(data, 1, value.new_ref())?;
    data::keep(data, 0, data::kept_objects(source))
}
