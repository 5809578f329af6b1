//! `abstract.h`: numbers, sequences, mappings, iterators of any type.

use core::ffi::{c_char, c_int};

use rpy_vm::object::slots::SendResult;
use rpy_vm::protocol::{mapping, number, object as po, sequence};
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, Ref, exc};

use crate::border::{Obj, OptObj, Out, as_type, c_str, is_there, lossy, non_null, store_optional};

/// Declares functions of two operands.
macro_rules! operators {
    ($($name:ident => $function:path;)*) => {
        /// Operators.
        pub mod operators {
            use super::*;
            exports! { $(
                #[doc = concat!("The operator `", stringify!($function), "`.")]
                fn $name(a: OptObj<'_>, b: OptObj<'_>) -> Out = ObjRef {
                    $function(non_null(a)?, non_null(b)?)
                }
            )* }
        }
    };
}

operators! {
    PyNumber_Add => number::add;
    PyNumber_Subtract => number::subtract;
    PyNumber_Multiply => number::multiply;
    PyNumber_MatrixMultiply => number::matrix_multiply;
    PyNumber_FloorDivide => number::floor_divide;
    PyNumber_TrueDivide => number::true_divide;
    PyNumber_Remainder => number::remainder;
    PyNumber_Divmod => number::divmod;
    PyNumber_Lshift => number::lshift;
    PyNumber_Rshift => number::rshift;
    PyNumber_And => number::and;
    PyNumber_Xor => number::xor;
    PyNumber_Or => number::or;
    PyNumber_InPlaceAdd => number::inplace_add;
    PyNumber_InPlaceSubtract => number::inplace_subtract;
    PyNumber_InPlaceMultiply => number::inplace_multiply;
    PyNumber_InPlaceMatrixMultiply => number::inplace_matrix_multiply;
    PyNumber_InPlaceFloorDivide => number::inplace_floor_divide;
    PyNumber_InPlaceTrueDivide => number::inplace_true_divide;
    PyNumber_InPlaceRemainder => number::inplace_remainder;
    PyNumber_InPlaceLshift => number::inplace_lshift;
    PyNumber_InPlaceRshift => number::inplace_rshift;
    PyNumber_InPlaceAnd => number::inplace_and;
    PyNumber_InPlaceXor => number::inplace_xor;
    PyNumber_InPlaceOr => number::inplace_or;
    PySequence_Concat => sequence::concat;
    PySequence_InPlaceConcat => sequence::inplace_concat;
    PyObject_GetItem => po::get_item;
}

exports! {
    /// Is it a number (has it `__index__`, `__int__` or `__float__`, or is it complex)?
    fn PyNumber_Check(object: OptObj<'_>) -> c_int {
        c_int::from(object.is_some_and(|o| number::check(o) || rpy_vm::types::complex::PyComplex::check(o)))
    }
    /// Has it `__index__`?
    fn PyIndex_Check(object: Obj<'_>) -> c_int {
        c_int::from(number::is_index(object))
    }
    /// `pow(a, b, c)`.
    fn PyNumber_Power(a: Obj<'_>, b: Obj<'_>, c: Obj<'_>) -> Out = ObjRef {
        number::power(a, b, c)
    }
    /// `a **= b`.
    fn PyNumber_InPlacePower(a: Obj<'_>, b: Obj<'_>, c: Obj<'_>) -> Out = ObjRef {
        number::inplace_power(a, b, c)
    }
    /// `-o`.
    fn PyNumber_Negative(object: OptObj<'_>) -> Out = ObjRef {
        number::negative(non_null(object)?)
    }
    /// `+o`.
    fn PyNumber_Positive(object: OptObj<'_>) -> Out = ObjRef {
        number::positive(non_null(object)?)
    }
    /// `abs(o)`.
    fn PyNumber_Absolute(object: OptObj<'_>) -> Out = ObjRef {
        number::absolute(non_null(object)?)
    }
    /// `~o`.
    fn PyNumber_Invert(object: OptObj<'_>) -> Out = ObjRef {
        number::invert(non_null(object)?)
    }
    /// `operator.index(o)`.
    fn PyNumber_Index(object: OptObj<'_>) -> Out = Ref<PyInt> {
        number::index_exact(non_null(object)?)
    }
    /// `int(o)`.
    fn PyNumber_Long(object: OptObj<'_>) -> Out = Ref<PyInt> {
        number::long(non_null(object)?)
    }
    /// `float(o)`.
    fn PyNumber_Float(object: OptObj<'_>) -> Out = ObjRef {
        let object = non_null(object)?;
        if PyFloat::check_exact(object) {
            return Ok(object.new_ref());
        }
        Ok(PyFloat::new(number::to_float(object)?).into_obj())
    }
    /// The integer as a `Py_ssize_t`; too large: `exception`, or clipped for NULL.
    fn PyNumber_AsSsize_t(object: Obj<'_>, exception: OptObj<'_>) -> isize = isize {
        number::as_isize(object, exception.and_then(as_type))
    }
    /// The integer in base 2, 8, 10 or 16, with its prefix.
    fn PyNumber_ToBase(object: Obj<'_>, base: c_int) -> Out = Ref<PyStr> {
        if !matches!(base, 2 | 8 | 10 | 16) {
            return Err(exc::system_error("PyNumber_ToBase: base must be 2, 8, 10 or 16"));
        }
        number::to_base(object, base as u32)
    }

    /// `len(o)`.
    fn PyObject_Size(object: OptObj<'_>) -> isize = usize {
        po::size(non_null(object)?)
    }
    /// `len(o)`.
    fn PyObject_Length(object: OptObj<'_>) -> isize = usize {
        po::size(non_null(object)?)
    }
    /// A guess at the number of items.
    fn PyObject_LengthHint(object: Obj<'_>, default: isize) -> isize = usize {
        po::length_hint(object, default.max(0) as usize)
    }
    /// `o[key] = value`.
    fn PyObject_SetItem(object: OptObj<'_>, key: OptObj<'_>, value: OptObj<'_>) -> c_int = () {
        po::set_item(non_null(object)?, non_null(key)?, non_null(value)?)
    }
    /// `del o[key]`.
    fn PyObject_DelItem(object: OptObj<'_>, key: OptObj<'_>) -> c_int = () {
        po::del_item(non_null(object)?, non_null(key)?)
    }
    /// `del o[key]`.
    fn PyObject_DelItemString(object: OptObj<'_>, key: *const c_char) -> c_int = () {
        po::del_item(non_null(object)?, c_str(key)?.as_object())
    }

    /// Does it behave as a sequence?
    fn PySequence_Check(object: Obj<'_>) -> c_int {
        c_int::from(sequence::check(object))
    }
    /// `len(o)`, for sequences.
    fn PySequence_Size(object: OptObj<'_>) -> isize = usize {
        sequence_size(non_null(object)?)
    }
    /// `len(o)`, for sequences.
    fn PySequence_Length(object: OptObj<'_>) -> isize = usize {
        sequence_size(non_null(object)?)
    }
    /// `o * count`.
    fn PySequence_Repeat(object: OptObj<'_>, count: isize) -> Out = ObjRef {
        sequence::repeat(non_null(object)?, count)
    }
    /// `o *= count`.
    fn PySequence_InPlaceRepeat(object: OptObj<'_>, count: isize) -> Out = ObjRef {
        sequence::inplace_repeat(non_null(object)?, count)
    }
    /// `o[i]`.
    fn PySequence_GetItem(object: OptObj<'_>, index: isize) -> Out = ObjRef {
        sequence::get_item_index(non_null(object)?, index)
    }
    /// `o[i] = value`; NULL deletes.
    fn PySequence_SetItem(object: OptObj<'_>, index: isize, value: OptObj<'_>) -> c_int = () {
        sequence::set_item_index(non_null(object)?, index, value)
    }
    /// `del o[i]`.
    fn PySequence_DelItem(object: OptObj<'_>, index: isize) -> c_int = () {
        sequence::set_item_index(non_null(object)?, index, None)
    }
    /// `o[low:high]`.
    fn PySequence_GetSlice(object: OptObj<'_>, low: isize, high: isize) -> Out = ObjRef {
        sequence::slice(non_null(object)?, low, high)
    }
    /// `o[low:high] = value`; NULL deletes.
    fn PySequence_SetSlice(object: OptObj<'_>, low: isize, high: isize, value: OptObj<'_>) -> c_int = () {
        sequence::set_slice(non_null(object)?, low, high, value)
    }
    /// `del o[low:high]`.
    fn PySequence_DelSlice(object: OptObj<'_>, low: isize, high: isize) -> c_int = () {
        sequence::set_slice(non_null(object)?, low, high, None)
    }
    /// `value in o`.
    fn PySequence_Contains(object: Obj<'_>, value: Obj<'_>) -> c_int = bool {
        sequence::contains(object, value)
    }
    /// `value in o`.
    fn PySequence_In(object: Obj<'_>, value: Obj<'_>) -> c_int = bool {
        sequence::contains(object, value)
    }
    /// How often `value` occurs.
    fn PySequence_Count(object: Obj<'_>, value: Obj<'_>) -> isize = usize {
        sequence::count(object, value)
    }
    /// Where `value` is first.
    fn PySequence_Index(object: Obj<'_>, value: Obj<'_>) -> isize = usize {
        sequence::index_of(object, value)
    }
    /// `list(o)`.
    fn PySequence_List(object: Obj<'_>) -> Out = Ref<PyList> {
        sequence::to_list(object)
    }
    /// `tuple(o)`.
    fn PySequence_Tuple(object: OptObj<'_>) -> Out = Ref<PyTuple> {
        sequence::to_tuple(non_null(object)?)
    }
    /// The object itself if it is a list or tuple, otherwise a list of its items; `message` for what is not iterable.
    fn PySequence_Fast(object: OptObj<'_>, message: *const c_char) -> Out = ObjRef {
        let object = non_null(object)?;
        if PyList::check_exact(object) || PyTuple::check_exact(object) {
            return Ok(object.new_ref());
        }
        Ok(PyList::new(sequence::fast_or(object, &lossy(message))?).into_obj())
    }

    /// Does it support subscripts?
    fn PyMapping_Check(object: OptObj<'_>) -> c_int {
        c_int::from(object.is_some_and(mapping::check))
    }
    /// `len(o)`, for mappings.
    fn PyMapping_Size(object: OptObj<'_>) -> isize = usize {
        mapping_size(non_null(object)?)
    }
    /// `len(o)`, for mappings.
    fn PyMapping_Length(object: OptObj<'_>) -> isize = usize {
        mapping_size(non_null(object)?)
    }
    /// `o[key]`.
    fn PyMapping_GetItemString(object: Obj<'_>, key: *const c_char) -> Out = ObjRef {
        po::get_item(object, c_str(key)?.as_object())
    }
    /// `o[key]`: 1 with the value, 0 with NULL for `KeyError`.
    fn PyMapping_GetOptionalItem(object: Obj<'_>, key: Obj<'_>, result: *mut *mut PyObject) -> c_int = c_int {
        store_optional(result, mapping::get_opt(object, key))
    }
    /// As `PyMapping_GetOptionalItem`.
    fn PyMapping_GetOptionalItemString(object: Obj<'_>, key: *const c_char, result: *mut *mut PyObject) -> c_int = c_int {
        store_optional(result, c_str(key).and_then(|key| mapping::get_opt(object, key.as_object())))
    }
    /// `o[key] = value`.
    fn PyMapping_SetItemString(object: Obj<'_>, key: *const c_char, value: OptObj<'_>) -> c_int = () {
        po::set_item(object, c_str(key)?.as_object(), non_null(value)?)
    }
    /// Is `o[key]` there? Errors count as no, and are reported as unraisable.
    fn PyMapping_HasKey(object: Obj<'_>, key: Obj<'_>) -> c_int {
        is_there(
            mapping::get_opt(object, key),
            "PyMapping_HasKey(); consider using PyMapping_HasKeyWithError(), PyMapping_GetOptionalItem() or PyObject_GetItem()",
        )
    }
    /// As `PyMapping_HasKey`.
    fn PyMapping_HasKeyString(object: Obj<'_>, key: *const c_char) -> c_int {
        is_there(
            c_str(key).and_then(|key| mapping::get_opt(object, key.as_object())),
            "PyMapping_HasKeyString(); consider using PyMapping_HasKeyStringWithError(), PyMapping_GetOptionalItemString() or \
             PyMapping_GetItemString()",
        )
    }
    /// Is `o[key]` there?
    fn PyMapping_HasKeyWithError(object: Obj<'_>, key: Obj<'_>) -> c_int = bool {
        Ok(mapping::get_opt(object, key)?.is_some())
    }
    /// Is `o[key]` there?
    fn PyMapping_HasKeyStringWithError(object: Obj<'_>, key: *const c_char) -> c_int = bool {
        Ok(mapping::get_opt(object, c_str(key)?.as_object())?.is_some())
    }
    /// A list of the keys.
    fn PyMapping_Keys(object: OptObj<'_>) -> Out = Ref<PyList> {
        mapping::keys(non_null(object)?)
    }
    /// A list of the values.
    fn PyMapping_Values(object: OptObj<'_>) -> Out = Ref<PyList> {
        mapping::values(non_null(object)?)
    }
    /// A list of the pairs.
    fn PyMapping_Items(object: OptObj<'_>) -> Out = Ref<PyList> {
        mapping::items(non_null(object)?)
    }

    /// `iter(o)`.
    fn PyObject_GetIter(object: Obj<'_>) -> Out = ObjRef {
        po::get_iter(object)
    }
    /// `aiter(o)`.
    fn PyObject_GetAIter(object: Obj<'_>) -> Out = ObjRef {
        let Some(aiter) = object.ty().as_async().and_then(|suite| suite.am_aiter.get()) else {
            return Err(exc::type_error(format!("'{}' object is not an async iterable", object.ty().full_name())));
        };
        let iterator = ObjRef::from_c_result(aiter(object.as_ptr()))?;
        if iterator.ty().as_async().is_none_or(|suite| suite.am_anext.get().is_none()) {
            return Err(exc::type_error(format!(
                "aiter() returned not an async iterator of type '{}'",
                iterator.ty().full_name()
            )));
        }
        Ok(iterator)
    }
    /// Is it an iterator?
    fn PyIter_Check(object: Obj<'_>) -> c_int {
        c_int::from(po::is_iterator(object))
    }
    /// Is it an asynchronous iterator?
    fn PyAIter_Check(object: Obj<'_>) -> c_int {
        c_int::from(object.ty().as_async().is_some_and(|suite| suite.am_anext.get().is_some()))
    }
    /// The next item, or NULL without an exception at the end.
    fn PyIter_Next(iterator: Obj<'_>) -> Out = Option<ObjRef> {
        po::iter_next(iterator)
    }
    /// The next item: 1, 0 with NULL at the end, -1.
    fn PyIter_NextItem(iterator: Obj<'_>, item: *mut *mut PyObject) -> c_int = c_int {
        if !po::is_iterator(iterator) {
            item.write(core::ptr::null_mut());
            return Err(exc::type_error(format!("expected an iterator, got '{}'", iterator.ty().full_name())));
        }
        store_optional(item, po::iter_next(iterator))
    }
    /// Sends a value into a generator or iterator: `PYGEN_RETURN` 0, `PYGEN_ERROR` -1, `PYGEN_NEXT` 1.
    fn PyIter_Send(iterator: Obj<'_>, value: Obj<'_>, result: *mut *mut PyObject) -> c_int = c_int {
        result.write(core::ptr::null_mut());
        match send(iterator, value)? {
            SendResult::Return(value) => {
                result.write(value.into_raw());
                Ok(0)
            }
            SendResult::Next(value) => {
                result.write(value.into_raw());
                Ok(1)
            }
        }
    }
}

/// `len` of something that is a mapping and no mere sequence.
fn mapping_size(object: &PyObject) -> PyResult<usize> {
    let (has_mapping_length, has_sequence_length) = lengths(object);
    if has_sequence_length && !has_mapping_length {
        return Err(exc::type_error(format!("{} is not a mapping", object.ty().full_name())));
    }
    po::size(object)
}

/// Has the type a length as a mapping, as a sequence?
fn lengths(object: &PyObject) -> (bool, bool) {
    (
        object.ty().as_mapping().is_some_and(|suite| suite.mp_length.get().is_some()),
        object.ty().as_sequence().is_some_and(|suite| suite.sq_length.get().is_some()),
    )
}

/// `len` of something that is a sequence and no mere mapping.
fn sequence_size(object: &PyObject) -> PyResult<usize> {
    let (has_mapping_length, has_sequence_length) = lengths(object);
    if has_mapping_length && !has_sequence_length {
        return Err(exc::type_error(format!("{} is not a sequence", object.ty().full_name())));
    }
    po::size(object)
}

fn send(iterator: &PyObject, value: &PyObject) -> PyResult<SendResult> {
    if let Some(am_send) = iterator.ty().as_async().and_then(|suite| suite.am_send.get()) {
        let mut result = core::ptr::null_mut();
        // SAFETY: calling the slot as C would; it fills the result but for errors.
        return unsafe {
            match am_send(iterator.as_ptr(), value.as_ptr(), &mut result) {
                0 => Ok(SendResult::Return(ObjRef::from_c_result(result)?)),
                1 => Ok(SendResult::Next(ObjRef::from_c_result(result)?)),
                _ => Err(rpy_vm::PyErr::fetch_or_system_error()),
            }
        };
    }
    let next = if rpy_vm::is_none(value) && po::is_iterator(iterator) {
        po::iter_next_raw(iterator)
    } else {
        rpy_vm::protocol::call::call_method(iterator, rpy_vm::intern!("send"), &[value]).map(Some)
    };
    match next {
        Ok(Some(item)) => Ok(SendResult::Next(item)),
        Ok(None) => Ok(SendResult::Return(rpy_vm::none())),
        Err(error) => match error.object().downcast_ref::<rpy_vm::types::exceptions::PyStopIteration>() {
            Some(stop) => Ok(SendResult::Return(stop.value.get().unwrap_or_else(rpy_vm::none))),
            None => Err(error),
        },
    }
}

