//! Arguments: what the constructors of this module do by hand, because they also accept the state that pickles hold.

use rpy_vm::args::{ArgSpec, DictKeywords, Keywords, vector};
use rpy_vm::types::bytes::PyBytes;
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{PyClass, PyObject, PyResult, PyTypeObject, exc};

use super::tzinfo::PyTzInfo;
pub use crate::support::CInt;

/// A constructor: positional arguments and keywords.
pub type Construct = fn(&PyTypeObject, &[&PyObject], Keywords<'_>) -> PyResult;

/// Declares the parameters of a constructor as an [`ArgSpec`].
macro_rules! parameters {
    ($(#[$meta:meta])* static $name:ident = $function:literal, [$($param:literal),+], required $minimum:literal, positional $maximum:literal, keyword_only [$($required:literal),*]) => {
        $(#[$meta])*
        static $name: rpy_vm::args::ArgSpec = {
            static NAMES: [rpy_vm::intern::StaticName; [$($param),+].len()] = [$(rpy_vm::intern::StaticName::new($param)),+];
            rpy_vm::args::ArgSpec::new(
                $function, &[$($param),+], &NAMES, 0, $minimum, $maximum, &[$($required),*], false, false,
            )
        };
    };
}
pub(super) use parameters;

/// Sorts arguments into an array with an entry for each parameter.
///
/// # Errors
/// `TypeError`.
pub fn bind<'a, const N: usize>(
    spec: &'static ArgSpec,
    args: &'a [&'a PyObject],
    keywords: Keywords<'a>,
) -> PyResult<[Option<&'a PyObject>; N]> {
    let mut out = [None; N];
    spec.bind_slices(args, keywords, &mut out)?;
    Ok(out)
}

/// `tp_new` by way of a [`Construct`].
///
/// # Errors
/// The constructor's.
pub fn construct(cls: &PyTypeObject, args: &PyTuple, kwargs: Option<&PyDict>, f: Construct) -> PyResult {
    let keywords = DictKeywords::new(kwargs);
    f(cls, args.items(), keywords.as_keywords())
}

/// `tp_vectorcall` by way of a [`Construct`].
///
/// # Safety
/// As for every vectorcall of a type.
pub unsafe fn vectorcall(
    cls: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
    f: Construct,
) -> *mut PyObject {
    let nargs = nargsf & !(1 << (usize::BITS - 1));
    // SAFETY: the vectorcall convention: a class, `nargs` borrowed arguments, a tuple of names or NULL, and their values.
    let result = unsafe {
        let kwnames = kwnames.cast::<PyTuple>().as_ref();
        f(&*cls.cast(), vector(args, nargs), Keywords::from_vector(args, nargs, kwnames))
    };
    match result {
        Ok(object) => object.into_raw(),
        Err(error) => error.restore_null(),
    }
}

/// A C int as the old argument parser reads it.
///
/// # Errors
/// `TypeError`, `OverflowError`.
pub fn int(object: &PyObject) -> PyResult<i32> {
    crate::time::convert::c_int(object)
}

/// As [`int`], with a default.
///
/// # Errors
/// As [`int`].
pub fn int_or(object: Option<&PyObject>, default: i32) -> PyResult<i32> {
    object.map_or(Ok(default), int)
}

/// An argument of a given class, in the words of the old parser, which counts arguments and knows the class's full name.
///
/// # Errors
/// `TypeError`.
pub fn instance<'a, T: PyClass>(function: &str, position: usize, object: &'a PyObject) -> PyResult<&'a T> {
    object.downcast_ref::<T>().ok_or_else(|| {
        let got = if rpy_vm::is_none(object) { "None" } else { object.ty().full_name() };
        let expected = T::type_object().full_name();
        exc::type_error(format!("{function}() argument {position} must be {expected}, not {got}"))
    })
}

/// As [`instance`] for text.
///
/// # Errors
/// `TypeError`.
pub fn text<'a>(function: &str, position: usize, object: &'a PyObject) -> PyResult<&'a PyStr> {
    instance(function, position, object)
}

/// A `tzinfo` argument, where None means that there is none.
///
/// # Errors
/// `TypeError`.
pub fn zone(object: Option<&PyObject>) -> PyResult<Option<&PyObject>> {
    match object {
        None => Ok(None),
        Some(object) if rpy_vm::is_none(object) => Ok(None),
        Some(object) if PyTzInfo::check(object) => Ok(Some(object)),
        Some(object) => Err(exc::type_error(format!(
            "tzinfo argument must be None or of a tzinfo subclass, not type '{}'",
            object.ty().full_name()
        ))),
    }
}

/// The state of a pickled object among a constructor's arguments, if it is that: bytes of the right number, or, from
/// pickles of Python 2, text of as many characters. `is_sane` looks at the byte with which it cannot be mistaken.
///
/// # Errors
/// `ValueError` for text that is no Latin-1.
pub fn pickled_state<const N: usize>(
    object: &PyObject,
    what: &str,
    is_sane: impl Fn(&dyn Fn(usize) -> u32) -> bool,
) -> PyResult<Option<[u8; N]>> {
    if let Some(bytes) = object.downcast_ref::<PyBytes>() {
        let state = <[u8; N]>::try_from(bytes.as_bytes()).ok();
        return Ok(state.filter(|state| is_sane(&|index| u32::from(state[index]))));
    }
    let Some(text) = object.downcast_ref::<PyStr>() else { return Ok(None) };
    let data = text.data();
    if data.len() != N || !is_sane(&|index| data.at(index)) {
        return Ok(None);
    }
    let mut state = [0; N];
    for (byte, c) in state.iter_mut().zip(data.iter()) {
        *byte = u8::try_from(c).map_err(|_| {
            exc::value_error(format!(
                "Failed to encode latin1 string when unpickling a {what} object. \
                 pickle.load(data, encoding='latin1') is assumed."
            ))
        })?;
    }
    Ok(Some(state))
}

/// The `tzinfo` beside a pickled state.
///
/// # Errors
/// `TypeError`.
pub fn pickled_zone(object: Option<&PyObject>) -> PyResult<Option<&PyObject>> {
    zone(object).map_err(|_| exc::type_error("bad tzinfo state arg"))
}
