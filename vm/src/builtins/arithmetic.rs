//! `sum`, `min`, `max` and `round`.

use crate::args::KwArgs;
use crate::err::PyResult;
use crate::exc;
use crate::object::{CompareOp, ObjRef, PyObject, PyStruct};
use crate::protocol::{call, native, number, object as po};
use crate::types::bytearray::PyByteArray;
use crate::types::bytes::PyBytes;
use crate::types::complex::PyComplex;
use crate::types::float::PyFloat;
use crate::types::int::PyInt;
use crate::types::str::PyStr;

/// A running sum of floats with the error made so far (Neumaier's variant of Kahan's).
#[derive(Clone, Copy)]
pub struct CompensatedSum {
    hi: f64,
    lo: f64,
}

impl CompensatedSum {
    /// A sum that starts at `value`.
    pub fn new(value: f64) -> CompensatedSum {
        CompensatedSum { hi: value, lo: 0.0 }
    }

    /// Adds a value and notes what rounding lost.
    #[inline]
    pub fn add(&mut self, x: f64) {
        let total = self.hi + x;
        self.lo += if self.hi.abs() >= x.abs() { (self.hi - total) + x } else { (x - total) + self.hi };
        self.hi = total;
    }

    /// The sum. A correction that is zero or not finite is left out, so that -0.0 and infinities stay what they are.
    #[inline]
    pub fn value(self) -> f64 {
        if self.lo != 0.0 && self.lo.is_finite() { self.hi + self.lo } else { self.hi }
    }
}

/// `sum(iterable, start)`: ints, floats and complex numbers are added without making objects in between.
pub fn sum(iterable: &PyObject, start: Option<&PyObject>) -> PyResult<ObjRef> {
    let it = po::get_iter(iterable)?;
    let mut total = match start {
        None => PyInt::from_i64(0).into_obj(),
        Some(start) => {
            if start.downcast_ref::<PyStr>().is_some() {
                return Err(exc::type_error("sum() can't sum strings [use ''.join(seq) instead]"));
            }
            if start.downcast_ref::<PyBytes>().is_some() {
                return Err(exc::type_error("sum() can't sum bytes [use b''.join(seq) instead]"));
            }
            if start.downcast_ref::<PyByteArray>().is_some() {
                return Err(exc::type_error("sum() can't sum bytearray [use b''.join(seq) instead]"));
            }
            start.new_ref()
        }
    };
    if let Some(start) = total.downcast_exact::<PyInt>().and_then(PyInt::as_i64) {
        let mut small = start;
        loop {
            let Some(item) = po::iter_next(&it)? else { return Ok(PyInt::from_i64(small).into_obj()) };
            let is_int = item.downcast_exact::<PyInt>().is_some()
                || item.downcast_exact::<crate::types::bool_::PyBool>().is_some();
            let value = if is_int { item.downcast_ref::<PyInt>().and_then(PyInt::as_i64) } else { None };
            if let Some(next) = value.and_then(|value| small.checked_add(value)) {
                small = next;
                continue;
            }
            // Too large, or something else: go on with objects.
            total = number::add(PyInt::from_i64(small).as_object(), &item)?;
            break;
        }
    }
    if let Some(start) = total.downcast_exact::<PyFloat>() {
        let mut float = CompensatedSum::new(start.value());
        loop {
            let Some(item) = po::iter_next(&it)? else { return Ok(PyFloat::new(float.value()).into_obj()) };
            if let Some(value) = item.downcast_exact::<PyFloat>() {
                float.add(value.value());
            } else if let Some(value) = item.downcast_ref::<PyInt>() {
                float.add(value.to_f64()?);
            } else {
                total = number::add(PyFloat::new(float.value()).as_object(), &item)?;
                break;
            }
        }
    }
    if let Some(start) = total.downcast_exact::<PyComplex>() {
        let (mut re, mut im) = (CompensatedSum::new(start.re()), CompensatedSum::new(start.im()));
        loop {
            let Some(item) = po::iter_next(&it)? else {
                return Ok(PyComplex::new(re.value(), im.value()).into_obj());
            };
            if let Some(value) = item.downcast_exact::<PyComplex>() {
                re.add(value.re());
                im.add(value.im());
            } else if let Some(value) = item.downcast_ref::<PyInt>() {
                re.add(value.to_f64()?);
            } else if let Some(value) = item.downcast_exact::<PyFloat>() {
                re.add(value.value());
            } else {
                total = number::add(PyComplex::new(re.value(), im.value()).as_object(), &item)?;
                break;
            }
        }
    }
    while let Some(item) = po::iter_next(&it)? {
        total = number::add(&total, &item)?;
    }
    Ok(total)
}

/// `min` and `max` of the items of a list, tuple, set or dict that are all strings, all ints or all floats: no Python code runs.
/// `None` where it is otherwise, and of what is empty.
pub fn native_extreme(iterable: &PyObject, op: CompareOp) -> Option<ObjRef> {
    let mut best: Option<&PyObject> = None;
    let beats = |best: Option<&PyObject>, item: &PyObject| match best {
        Some(best) => native::compare(item, best, op),
        // Alone, it is compared with nothing.
        None => Some(true),
    };
    // SAFETY: no code runs that could change the container.
    unsafe {
        native::for_each_item(iterable, |item| {
            if beats(best, item)? {
                best = Some(item);
            }
            Some(())
        })?;
    }
    best.map(PyObject::new_ref)
}

/// `min` and `max`: `op` tells when an item beats the best one so far.
pub fn min_max(name: &str, args: &[&PyObject], kwargs: &KwArgs<'_>, op: CompareOp) -> PyResult<ObjRef> {
    if args.is_empty() {
        return Err(exc::type_error(format!("{name} expected at least 1 argument, got 0")));
    }
    if kwargs.len() > 2 {
        return Err(exc::type_error(format!("{name}() takes at most 2 keyword arguments ({} given)", kwargs.len())));
    }
    let (mut key, mut default) = (None, None);
    for (keyword, value) in kwargs.iter() {
        if keyword.eq_str("key") {
            key = Some(value).filter(|key| !crate::is_none(key));
        } else if keyword.eq_str("default") {
            default = Some(value);
        } else {
            return Err(exc::type_error(format!(
                "{name}() got an unexpected keyword argument '{}'",
                keyword.to_string_lossy()
            )));
        }
    }
    if let ([iterable], None) = (args, key)
        && let Some(best) = native_extreme(iterable, op)
    {
        return Ok(best);
    }
    // The best item, and its key, if it is another object.
    let mut best: Option<(ObjRef, Option<ObjRef>)> = None;
    let mut offer = |item: ObjRef| -> PyResult<()> {
        let value = key.map(|key| call::call_one(key, &item)).transpose()?;
        let better = match &best {
            None => true,
            Some((best_item, best_value)) => {
                let best_value = best_value.as_ref().unwrap_or(best_item);
                po::rich_compare_bool(value.as_ref().unwrap_or(&item), best_value, op)?
            }
        };
        if better {
            best = Some((item, value));
        }
        Ok(())
    };
    if args.len() > 1 {
        if default.is_some() {
            return Err(exc::type_error(format!(
                "Cannot specify a default for {name}() with multiple positional arguments"
            )));
        }
        for arg in args {
            offer(arg.new_ref())?;
        }
    } else {
        let it = po::get_iter(args[0])?;
        while let Some(item) = po::iter_next(&it)? {
            offer(item)?;
        }
    }
    match (best, default) {
        (Some((item, _)), _) => Ok(item),
        (None, Some(default)) => Ok(default.new_ref()),
        (None, None) => Err(exc::value_error(format!("{name}() iterable argument is empty"))),
    }
}

/// `round(number, ndigits)`.
pub fn round(number: &PyObject, ndigits: Option<&PyObject>) -> PyResult<ObjRef> {
    match po::lookup_special(number, crate::intern!("__round__"))? {
        Some(method) => match ndigits {
            Some(ndigits) => call::call_one(&method, ndigits),
            None => call::call_noargs(&method),
        },
        None => Err(exc::type_error(format!("type {} doesn't define __round__ method", number.ty().name()))),
    }
}
