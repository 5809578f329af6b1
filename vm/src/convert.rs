//! Conversions between Python objects and Rust values, at the edge of functions defined in Rust.

use crate::err::PyResult;
use crate::exc;
use crate::object::header::PyObject;
use crate::object::refs::{ObjRef, PyClass, PyStruct, Ref};
use crate::object::typeobj::PyTypeObject;
use crate::protocol;
use crate::types::bytes::PyBytes;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::list::PyList;
use crate::types::str::PyStr;
use crate::types::tuple::PyTuple;

/// Which argument of which function is being converted, for messages.
#[derive(Clone, Copy)]
pub struct ArgCtx {
    /// The function's name, without parentheses.
    pub func: &'static str,
    /// `argument 1`, `argument 'name'`, or `argument`.
    pub arg: &'static str,
}

impl ArgCtx {
    /// `f() argument 1 must be str, not int`.
    #[cold]
    pub fn bad_type(&self, expected: &str, got: &PyObject) -> crate::PyErr {
        let got = if crate::is_none(got) { "None" } else { got.ty().name() };
        exc::type_error(format!("{}() {} must be {expected}, not {got}", self.func, self.arg))
    }
}

/// A Rust parameter type that arguments can be converted to.
pub trait FromArg<'a>: Sized {
    /// # Errors
    /// `TypeError`, `OverflowError`, ... as CPython's argument parser would raise.
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self>;
}

impl<'a> FromArg<'a> for ObjRef {
    #[inline]
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        Ok(object.new_ref())
    }
}

impl<'a, T: PyClass> FromArg<'a> for &'a T {
    #[inline]
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self> {
        object.downcast_ref::<T>().ok_or_else(|| ctx.bad_type(T::NAME, object))
    }
}

macro_rules! owned_from_arg {
    ($($ty:ty),* $(,)?) => { $(
        impl<'a> FromArg<'a> for Ref<$ty> {
            #[inline]
            fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self> {
                <&'a $ty as FromArg<'a>>::from_arg(object, ctx).map(PyStruct::to_ref)
            }
        }
    )* };
}
owned_from_arg!(
    PyStr,
    PyInt,
    PyFloat,
    PyTuple,
    PyList,
    PyBytes,
    PyTypeObject,
    crate::types::dict::PyDict,
    crate::types::set::PySet,
    crate::types::code::PyCode,
    crate::types::function::PyFunction,
    crate::types::module::PyModule,
);

/// `Option<T>`: Python's None is `None`.
impl<'a, T: FromArg<'a>> FromArg<'a> for Option<T> {
    #[inline]
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self> {
        if crate::is_none(object) { Ok(None) } else { T::from_arg(object, ctx).map(Some) }
    }
}

impl<'a> FromArg<'a> for bool {
    #[inline]
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        protocol::object::is_true(object)
    }
}

impl<'a> FromArg<'a> for f64 {
    #[inline]
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        match object.downcast_exact::<PyFloat>() {
            Some(value) => Ok(value.value()),
            None => protocol::number::float(object),
        }
    }
}

impl<'a> FromArg<'a> for f32 {
    #[inline]
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self> {
        f64::from_arg(object, ctx).map(|v| v as f32)
    }
}

fn index_i64(object: &PyObject, c_name: &str) -> PyResult<i64> {
    let value = protocol::number::index(object)?;
    value.as_i64().ok_or_else(|| exc::overflow_error(format!("Python int too large to convert to C {c_name}")))
}

impl<'a> FromArg<'a> for i64 {
    #[inline]
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        index_i64(object, "long")
    }
}

impl<'a> FromArg<'a> for isize {
    #[inline]
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        index_i64(object, "ssize_t").map(|v| v as isize)
    }
}

impl<'a> FromArg<'a> for usize {
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self> {
        u64::from_arg(object, ctx).map(|v| v as usize)
    }
}

impl<'a> FromArg<'a> for u64 {
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        let value = protocol::number::index(object)?;
        value.as_u64().ok_or_else(|| {
            if value.sign() < 0 {
                exc::overflow_error("can't convert negative int to unsigned")
            } else {
                exc::overflow_error("Python int too large to convert to C unsigned long")
            }
        })
    }
}

macro_rules! narrow_int {
    ($($ty:ty, $what:literal);* $(;)?) => { $(
        impl<'a> FromArg<'a> for $ty {
            fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
                let value = index_i64(object, "int")?;
                <$ty>::try_from(value).map_err(|_| {
                    if value < <$ty>::MIN as i64 {
                        exc::overflow_error(concat!($what, " is less than minimum"))
                    } else {
                        exc::overflow_error(concat!($what, " is greater than maximum"))
                    }
                })
            }
        }
    )* };
}
narrow_int! {
    i32, "signed integer"; i16, "signed short integer"; i8, "signed char"; u8, "unsigned byte integer";
}

/// An unsigned C integer of the type named `c_name`, as 3.14's converters take it.
///
/// # Errors
/// `ValueError` for negative numbers, `OverflowError` for those that do not fit.
pub fn unsigned_arg<T: TryFrom<u64>>(object: &PyObject, c_name: &str) -> PyResult<T> {
    let value = protocol::number::index(object)?;
    if value.is_negative() {
        return Err(exc::value_error("Cannot convert negative int"));
    }
    value
        .as_u64()
        .and_then(|v| T::try_from(v).ok())
        .ok_or_else(|| exc::overflow_error(format!("Python int too large for C {c_name}")))
}

impl<'a> FromArg<'a> for u16 {
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        unsigned_arg(object, "unsigned short")
    }
}

impl<'a> FromArg<'a> for u32 {
    fn from_arg(object: &'a PyObject, _ctx: &ArgCtx) -> PyResult<Self> {
        unsigned_arg(object, "unsigned int")
    }
}

impl<'a> FromArg<'a> for &'a str {
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self> {
        match object.downcast_ref::<PyStr>() {
            Some(s) => s.as_utf8(),
            None => Err(ctx.bad_type("str", object)),
        }
    }
}

impl<'a> FromArg<'a> for String {
    fn from_arg(object: &'a PyObject, ctx: &ArgCtx) -> PyResult<Self> {
        <&str>::from_arg(object, ctx).map(str::to_owned)
    }
}

/// A Rust value that becomes a Python object.
pub trait IntoPy {
    /// # Errors
    /// `MemoryError`, or what building containers raises.
    fn into_py(self) -> PyResult<ObjRef>;
}

/// What a function defined in Rust may return: a value, or a result with one.
pub trait IntoPyResult {
    fn into_py_result(self) -> PyResult<ObjRef>;
}

impl<T: IntoPy> IntoPyResult for T {
    #[inline(always)]
    fn into_py_result(self) -> PyResult<ObjRef> {
        self.into_py()
    }
}

impl<T: IntoPy> IntoPyResult for PyResult<T> {
    #[inline(always)]
    fn into_py_result(self) -> PyResult<ObjRef> {
        self?.into_py()
    }
}

impl<T: PyStruct> IntoPy for Ref<T> {
    #[inline(always)]
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(self.into_obj())
    }
}

impl<T: PyStruct> IntoPy for &T {
    #[inline(always)]
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(self.to_obj())
    }
}

impl IntoPy for () {
    #[inline(always)]
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(crate::none())
    }
}

impl IntoPy for bool {
    #[inline(always)]
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(crate::py_bool(self))
    }
}

macro_rules! int_into_py {
    ($($ty:ty => $from:ident as $as:ty),* $(,)?) => { $(
        impl IntoPy for $ty {
            #[inline]
            fn into_py(self) -> PyResult<ObjRef> {
                Ok(PyInt::$from(self as $as).into_obj())
            }
        }
    )* };
}
int_into_py!(
    i8 => from_i64 as i64, i16 => from_i64 as i64, i32 => from_i64 as i64, i64 => from_i64 as i64, isize => from_i64 as i64,
    u8 => from_i64 as i64, u16 => from_i64 as i64, u32 => from_i64 as i64, u64 => from_u64 as u64, usize => from_u64 as u64,
);

impl IntoPy for f64 {
    #[inline]
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(PyFloat::new(self).into_obj())
    }
}

impl IntoPy for &str {
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(PyStr::new(self).into_obj())
    }
}

impl IntoPy for String {
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(PyStr::from_string(self).into_obj())
    }
}

impl IntoPy for Vec<u8> {
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(PyBytes::from_vec(self).into_obj())
    }
}

impl IntoPy for &[u8] {
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(PyBytes::new(self).into_obj())
    }
}

impl IntoPy for num_bigint::BigInt {
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(PyInt::from_bigint(&self).into_obj())
    }
}

/// `None` is Python's None.
impl<T: IntoPy> IntoPy for Option<T> {
    #[inline]
    fn into_py(self) -> PyResult<ObjRef> {
        match self {
            Some(value) => value.into_py(),
            None => Ok(crate::none()),
        }
    }
}

/// A list.
impl IntoPy for Vec<ObjRef> {
    fn into_py(self) -> PyResult<ObjRef> {
        Ok(PyList::new(self).into_obj())
    }
}

macro_rules! tuple_into_py {
    ($($name:ident),*) => {
        /// A tuple.
        impl<$($name: IntoPy),*> IntoPy for ($($name,)*) {
            #[expect(non_snake_case, reason = "type parameters name the fields")]
            fn into_py(self) -> PyResult<ObjRef> {
                let ($($name,)*) = self;
                Ok(PyTuple::new(vec![$($name.into_py()?),*]).into_obj())
            }
        }
    };
}
tuple_into_py!(A);
tuple_into_py!(A, B);
tuple_into_py!(A, B, C);
tuple_into_py!(A, B, C, D);
tuple_into_py!(A, B, C, D, E);
tuple_into_py!(A, B, C, D, E, F);
