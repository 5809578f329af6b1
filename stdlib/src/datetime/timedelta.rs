//! `datetime.timedelta`.

use core::cell::Cell;

use rpy_vm::args::Keywords;
use rpy_vm::object::alloc;
use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::{call, number};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::int::arith::{int_divmod, int_divmod_near, int_floordiv, int_mod, int_mul};
use rpy_vm::types::int::convert::int_true_div;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, intern, pyclass, pymethods};

use super::args;
use super::span::{MICROS_PER_DAY, MICROS_PER_SECOND, Micros, Span};
use crate::support::int;

/// Difference between two datetime values.
///
/// timedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)
///
/// All arguments are optional and default to 0.
/// Arguments may be integers or floats, and may be positive or negative.
#[pyclass(name = "timedelta", module = "datetime", flags(BASETYPE))]
#[repr(C)]
pub struct PyTimeDelta {
    pub ob_base: PyObject,
    /// -1 as long as it has not been asked for.
    pub hashcode: Cell<isize>,
    /// Number of days.
    #[pymember(int, readonly)]
    pub days: i32,
    /// Number of seconds (>= 0 and less than 1 day).
    #[pymember(int, readonly)]
    pub seconds: i32,
    /// Number of microseconds (>= 0 and less than 1 second).
    #[pymember(int, readonly)]
    pub microseconds: i32,
}

args::parameters! {
    static PARAMETERS = "__new__",
        ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"],
        required 0, positional 7, keyword_only []
}

/// The units in the order in which they are added: place among the parameters, name, microseconds.
const UNITS: [(usize, &str, i64); 7] = [
    (2, "microseconds", 1),
    (3, "milliseconds", 1_000),
    (1, "seconds", MICROS_PER_SECOND),
    (4, "minutes", 60 * MICROS_PER_SECOND),
    (5, "hours", 3600 * MICROS_PER_SECOND),
    (0, "days", MICROS_PER_DAY),
    (6, "weeks", 7 * MICROS_PER_DAY),
];

impl PyTimeDelta {
    /// A `timedelta`.
    ///
    /// # Errors
    /// `OverflowError` for too many days.
    pub fn new(span: Span) -> PyResult<Ref<PyTimeDelta>> {
        PyTimeDelta::new_in(PyTimeDelta::type_object(), span)
    }

    /// As [`PyTimeDelta::new`], of a class derived from it.
    ///
    /// # Errors
    /// `OverflowError` for too many days; `MemoryError`.
    pub fn new_in(cls: &PyTypeObject, span: Span) -> PyResult<Ref<PyTimeDelta>> {
        let Span { days, seconds, microseconds } = span.check()?;
        let value =
            PyTimeDelta { ob_base: PyObject::placeholder(), hashcode: Cell::new(-1), days, seconds, microseconds };
        alloc::new_in(cls, value)
    }

    /// The value.
    #[inline]
    pub fn span(&self) -> Span {
        Span { days: self.days, seconds: self.seconds, microseconds: self.microseconds }
    }

    /// The hash of the three numbers as a tuple.
    pub fn hash_of(&self) -> PyResult<isize> {
        if self.hashcode.get() == -1 {
            let numbers = [self.days, self.seconds, self.microseconds];
            // Small ints hash to themselves, but for -1.
            let hashes = numbers.map(|n| Ok(if n == -1 { -2 } else { n as isize }));
            self.hashcode.set(PyTuple::combine_hashes(hashes.into_iter())?);
        }
        Ok(self.hashcode.get())
    }

    fn construct(cls: &PyTypeObject, positional: &[&PyObject], keywords: Keywords<'_>) -> PyResult {
        let given: [_; 7] = args::bind(&PARAMETERS, positional, keywords)?;
        let mut sum = Micros::Small(0);
        // Fractions of microseconds.
        let mut leftover = 0.0;
        for (index, name, factor) in UNITS {
            if let Some(count) = given[index] {
                add_units(&mut sum, &mut leftover, name, count, factor)?;
            }
        }
        if leftover != 0.0 {
            let mut whole = f64::round(leftover);
            if (whole - leftover).abs() == 0.5 {
                // Halfway: the sum, not the fraction alone, is to become even.
                let odd = if sum.is_odd() { 1.0 } else { 0.0 };
                whole = 2.0 * ((leftover + odd) * 0.5).round() - odd;
            }
            sum.add(&PyInt::from_i64(whole as i64), 1);
        }
        Ok(PyTimeDelta::new_in(cls, sum.to_span()?)?.into_obj())
    }
}

/// Adds one argument of the constructor.
fn add_units(sum: &mut Micros, leftover: &mut f64, name: &str, count: &PyObject, factor: i64) -> PyResult<()> {
    if let Some(count) = count.downcast_ref::<PyInt>() {
        sum.add(count, factor);
        return Ok(());
    }
    let Some(count) = count.downcast_ref::<PyFloat>() else {
        return Err(exc::type_error(format!(
            "unsupported type for timedelta {name} component: {}",
            count.ty().full_name()
        )));
    };
    // The whole part is added exactly; only the fraction's product is rounded.
    let whole = count.value().trunc();
    sum.add(&*PyInt::from_f64_trunc(whole)?, factor);
    let fraction = count.value() - whole;
    if fraction != 0.0 {
        let product = factor as f64 * fraction;
        sum.add(&*PyInt::from_f64_trunc(product.trunc())?, 1);
        *leftover += product.fract();
    }
    Ok(())
}

fn from_micros(micros: &PyInt) -> PyResult {
    Ok(PyTimeDelta::new(Span::from_micros_int(micros)?)?.into_obj())
}

fn as_int(value: &PyObject) -> PyResult<&PyInt> {
    value.downcast_ref::<PyInt>().ok_or_else(|| exc::type_error("non-integer arguments in division"))
}

fn times_int(span: Span, factor: &PyInt) -> PyResult {
    from_micros(as_int(&int_mul(factor, &span.total_micros_int()))?)
}

/// `delta * f` or, `divide` set, `delta / f`: exact but for the last rounding.
fn times_float(span: Span, factor: &PyObject, divide: bool) -> PyResult {
    let ratio = call::call_method(factor, intern!("as_integer_ratio"), &[])?;
    let Some(ratio) = ratio.downcast_ref::<PyTuple>() else {
        return Err(exc::type_error(format!(
            "unexpected return type from as_integer_ratio(): expected tuple, not '{}'",
            ratio.ty().full_name()
        )));
    };
    let &[numerator, denominator] = ratio.items() else {
        return Err(exc::value_error("as_integer_ratio() must return a 2-tuple"));
    };
    let (numerator, denominator) = if divide { (denominator, numerator) } else { (numerator, denominator) };
    let product = number::multiply(span.total_micros_int().as_object(), numerator)?;
    from_micros(&int_divmod_near(as_int(&product)?, as_int(denominator)?)?.0)
}

#[pymethods]
impl PyTimeDelta {
    #[slot]
    fn tp_new(cls: &PyTypeObject, positional: &PyTuple, kwargs: Option<&PyDict>) -> PyResult {
        args::construct(cls, positional, kwargs, PyTimeDelta::construct)
    }

    #[slot]
    unsafe fn tp_vectorcall(
        cls: *mut PyObject,
        vector: *const *mut PyObject,
        nargsf: usize,
        kwnames: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: the slot's arguments are passed on.
        unsafe { args::vectorcall(cls, vector, nargsf, kwnames, PyTimeDelta::construct) }
    }

    #[slot]
    fn tp_repr(&self) -> String {
        let parts = [("days", self.days), ("seconds", self.seconds), ("microseconds", self.microseconds)];
        let parts: Vec<String> =
            parts.iter().filter(|(_, value)| *value != 0).map(|(name, value)| format!("{name}={value}")).collect();
        let args = if parts.is_empty() { "0".to_owned() } else { parts.join(", ") };
        format!("{}({args})", self.as_object().ty().full_name())
    }

    #[slot]
    fn tp_str(&self) -> String {
        let (hours, minutes, seconds) = self.span().clock();
        let mut out = match self.days {
            0 => String::new(),
            days @ (1 | -1) => format!("{days} day, "),
            days => format!("{days} days, "),
        };
        out += &format!("{hours}:{minutes:02}:{seconds:02}");
        if self.microseconds != 0 {
            out += &format!(".{:06}", self.microseconds);
        }
        out
    }

    #[slot]
    fn tp_hash(&self) -> PyResult<isize> {
        self.hash_of()
    }

    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> ObjRef {
        match other.downcast_ref::<PyTimeDelta>() {
            Some(other) => rpy_vm::py_bool(op.matches(self.span().cmp(&other.span()))),
            None => rpy_vm::not_implemented(),
        }
    }

    #[slot]
    fn nb_bool(&self) -> bool {
        self.span() != Span::ZERO
    }

    #[slot]
    fn nb_negative(&self) -> PyResult<Ref<PyTimeDelta>> {
        PyTimeDelta::new(self.span().negated())
    }

    #[slot]
    fn nb_positive(&self) -> PyResult<Ref<PyTimeDelta>> {
        PyTimeDelta::new(self.span())
    }

    #[slot]
    fn nb_absolute(&self) -> PyResult<Ref<PyTimeDelta>> {
        PyTimeDelta::new(if self.days < 0 { self.span().negated() } else { self.span() })
    }

    #[slot]
    fn nb_add(a: &PyObject, b: &PyObject) -> PyResult {
        match (a.downcast_ref::<PyTimeDelta>(), b.downcast_ref::<PyTimeDelta>()) {
            (Some(a), Some(b)) => Ok(PyTimeDelta::new(a.span().plus(b.span()))?.into_obj()),
            _ => Ok(rpy_vm::not_implemented()),
        }
    }

    #[slot]
    fn nb_subtract(a: &PyObject, b: &PyObject) -> PyResult {
        match (a.downcast_ref::<PyTimeDelta>(), b.downcast_ref::<PyTimeDelta>()) {
            (Some(a), Some(b)) => Ok(PyTimeDelta::new(a.span().minus(b.span()))?.into_obj()),
            _ => Ok(rpy_vm::not_implemented()),
        }
    }

    #[slot]
    fn nb_multiply(a: &PyObject, b: &PyObject) -> PyResult {
        let (span, factor) = match (a.downcast_ref::<PyTimeDelta>(), b.downcast_ref::<PyTimeDelta>()) {
            (Some(delta), _) => (delta.span(), b),
            (None, Some(delta)) => (delta.span(), a),
            (None, None) => return Ok(rpy_vm::not_implemented()),
        };
        if let Some(factor) = factor.downcast_ref::<PyInt>() {
            return times_int(span, factor);
        }
        if PyFloat::check(factor) { times_float(span, factor, false) } else { Ok(rpy_vm::not_implemented()) }
    }

    #[slot]
    fn nb_floor_divide(a: &PyObject, b: &PyObject) -> PyResult {
        let Some(a) = a.downcast_ref::<PyTimeDelta>() else { return Ok(rpy_vm::not_implemented()) };
        let micros = a.span().total_micros_int();
        if let Some(b) = b.downcast_ref::<PyInt>() {
            return from_micros(as_int(&*int_floordiv(&micros, b)?)?);
        }
        match b.downcast_ref::<PyTimeDelta>() {
            Some(b) => int_floordiv(&micros, &b.span().total_micros_int()),
            None => Ok(rpy_vm::not_implemented()),
        }
    }

    #[slot]
    fn nb_true_divide(a: &PyObject, b: &PyObject) -> PyResult {
        let Some(a) = a.downcast_ref::<PyTimeDelta>() else { return Ok(rpy_vm::not_implemented()) };
        let micros = a.span().total_micros_int();
        if let Some(b) = b.downcast_ref::<PyTimeDelta>() {
            return Ok(PyFloat::new(int_true_div(&micros, &b.span().total_micros_int())?).into_obj());
        }
        if PyFloat::check(b) {
            return times_float(a.span(), b, true);
        }
        match b.downcast_ref::<PyInt>() {
            Some(b) => from_micros(&int_divmod_near(&micros, b)?.0),
            None => Ok(rpy_vm::not_implemented()),
        }
    }

    #[slot]
    fn nb_remainder(a: &PyObject, b: &PyObject) -> PyResult {
        match (a.downcast_ref::<PyTimeDelta>(), b.downcast_ref::<PyTimeDelta>()) {
            (Some(a), Some(b)) => {
                from_micros(as_int(&*int_mod(&a.span().total_micros_int(), &b.span().total_micros_int())?)?)
            }
            _ => Ok(rpy_vm::not_implemented()),
        }
    }

    #[slot]
    fn nb_divmod(a: &PyObject, b: &PyObject) -> PyResult {
        match (a.downcast_ref::<PyTimeDelta>(), b.downcast_ref::<PyTimeDelta>()) {
            (Some(a), Some(b)) => {
                let (quotient, rest) = int_divmod(&a.span().total_micros_int(), &b.span().total_micros_int())?;
                Ok(PyTuple::from_array([quotient.into_obj(), from_micros(&rest)?]).into_obj())
            }
            _ => Ok(rpy_vm::not_implemented()),
        }
    }

    /// Total seconds in the duration.
    #[pymethod]
    fn total_seconds(&self) -> PyResult<f64> {
        int_true_div(&self.span().total_micros_int(), &PyInt::from_i64(MICROS_PER_SECOND))
    }

    /// __reduce__() -> (cls, state)
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> ObjRef {
        let state = [self.days, self.seconds, self.microseconds].map(|n| int(i64::from(n)));
        let state = PyTuple::from_array(state);
        PyTuple::from_array([self.as_object().ty().to_obj(), state.into_obj()]).into_obj()
    }
}
