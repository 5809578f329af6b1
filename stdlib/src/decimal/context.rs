//! `decimal.Context`.

use core::cell::Cell;
use std::rc::Rc;

use rpy_vm::object::alloc::{new_exact, new_in};
use rpy_vm::protocol::object as protocol;
use rpy_vm::types::float::PyFloat;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::list::PyList;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{ObjRef, OptRef, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

use super::convert::{self, required, short};
use super::current;
use super::environment::condition::*;
use super::environment::{Environment, MAX_EMAX, MAX_PREC, MIN_EMIN, Rounding};
use super::number::{Kind, Number};
use super::object::{PyDecimal, same_quantum};
use super::signals;
use crate::support::int;

/// The context affects almost all operations and controls rounding,
/// Over/Underflow, raising of exceptions and much more.  A new context
/// can be constructed as follows:
///
///     >>> c = Context(prec=28, Emin=-425000000, Emax=425000000,
///     ...             rounding=ROUND_HALF_EVEN, capitals=1, clamp=1,
///     ...             traps=[InvalidOperation, DivisionByZero, Overflow],
///     ...             flags=[])
///     >>>
#[pyclass(name = "Context", module = "decimal", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyDecimalContext {
    ob_base: PyObject,
    #[pytraverse(skip)]
    settings: Settings,
    /// The mappings that show the bits, once asked for.
    traps_mapping: OptRef,
    flags_mapping: OptRef,
}

/// A context's numbers.
pub struct Settings {
    prec: Cell<i64>,
    emax: Cell<i64>,
    emin: Cell<i64>,
    rounding: Cell<Rounding>,
    capitals: Cell<bool>,
    clamp: Cell<bool>,
    traps: Rc<Cell<u32>>,
    status: Rc<Cell<u32>>,
}

impl Settings {
    /// The widespread bounds, with so many digits, a rounding, and traps.
    pub fn new(prec: i64, rounding: Rounding, traps: u32) -> Settings {
        Settings {
            prec: Cell::new(prec),
            emax: Cell::new(999_999),
            emin: Cell::new(-999_999),
            rounding: Cell::new(rounding),
            capitals: Cell::new(true),
            clamp: Cell::new(false),
            traps: Rc::new(Cell::new(traps)),
            status: Rc::default(),
        }
    }

    /// Those of an interchange format of so many bits.
    pub fn interchange(bits: i64) -> Settings {
        let settings = Settings::new(9 * (bits / 32) - 2, Rounding::HalfEven, 0);
        settings.emax.set(3 * (1i64 << (bits / 16 + 3)));
        settings.emin.set(1 - settings.emax.get());
        settings.clamp.set(true);
        settings
    }

    fn copy_from(&self, other: &Settings) {
        self.prec.set(other.prec.get());
        self.emax.set(other.emax.get());
        self.emin.set(other.emin.get());
        self.rounding.set(other.rounding.get());
        self.capitals.set(other.capitals.get());
        self.clamp.set(other.clamp.get());
        self.traps.set(other.traps.get());
        self.status.set(other.status.get());
    }
}

const ROUNDING_VALUES: &str = "valid values for rounding are:\n  [ROUND_CEILING, ROUND_FLOOR, ROUND_UP, ROUND_DOWN,\n   \
                               ROUND_HALF_UP, ROUND_HALF_DOWN, ROUND_HALF_EVEN,\n   ROUND_05UP]";

/// A rounding by its name.
pub fn rounding_arg(object: &PyObject) -> PyResult<Rounding> {
    object
        .downcast_ref::<PyStr>()
        .and_then(|name| name.as_str())
        .and_then(|name| Rounding::ALL.iter().copied().find(|r| r.name() == name))
        .ok_or_else(|| exc::type_error(ROUNDING_VALUES))
}

fn number_arg(value: &PyObject) -> PyResult<i64> {
    let Some(value) = value.downcast_ref::<PyInt>() else {
        return Err(exc::type_error("an integer is required"));
    };
    value.as_i64().ok_or_else(|| exc::overflow_error("Python int too large to convert to C ssize_t"))
}

fn ranged(value: &PyObject, low: i64, high: i64, message: &str) -> PyResult<i64> {
    let value = number_arg(value)?;
    if (low..=high).contains(&value) { Ok(value) } else { Err(exc::value_error(message)) }
}

fn assigned(value: Option<&PyObject>) -> PyResult<&PyObject> {
    value.ok_or_else(|| exc::attribute_error_msg("context attributes cannot be deleted"))
}

fn signal_bits(value: &PyObject) -> PyResult<u32> {
    match value.downcast_ref::<PyList>() {
        Some(list) => signals::of_list(list),
        None => signals::of_mapping(value),
    }
}

impl PyDecimalContext {
    /// A context with settings.
    pub fn of(settings: Settings) -> Ref<PyDecimalContext> {
        new_exact(PyDecimalContext {
            ob_base: PyObject::placeholder(),
            settings,
            traps_mapping: OptRef::NULL,
            flags_mapping: OptRef::NULL,
        })
    }

    /// A copy, of the class `Context`.
    pub fn duplicate(&self) -> Ref<PyDecimalContext> {
        let copy = PyDecimalContext::of(Settings::new(1, Rounding::Up, 0));
        copy.settings.copy_from(&self.settings);
        copy
    }

    /// What operations work under.
    #[inline]
    pub fn environment(&self) -> Environment {
        let s = &self.settings;
        Environment {
            prec: s.prec.get(),
            emax: s.emax.get(),
            emin: s.emin.get(),
            rounding: s.rounding.get(),
            clamp: s.clamp.get(),
            status: 0,
        }
    }

    /// Are exponents and the like printed in capitals?
    pub fn capitals(&self) -> bool {
        self.settings.capitals.get()
    }

    /// Forgets the conditions recorded.
    pub fn forget(&self) {
        self.settings.status.set(0);
    }

    /// Records conditions without raising.
    pub fn note(&self, conditions: u32) {
        self.settings.status.set(self.settings.status.get() | conditions);
    }

    /// Records conditions, and raises those that are trapped.
    #[inline]
    pub fn raise(&self, conditions: u32) -> PyResult<()> {
        if conditions == 0 {
            return Ok(());
        }
        self.note(conditions);
        let trapped = conditions & (self.settings.traps.get() | OUT_OF_MEMORY);
        if trapped == 0 { Ok(()) } else { Err(signals::exception(trapped)) }
    }

    /// Runs an operation and makes its result an object.
    #[inline]
    pub fn run(&self, f: impl FnOnce(&mut Environment) -> Number) -> PyResult<ObjRef> {
        let mut environment = self.environment();
        let number = f(&mut environment);
        self.raise(environment.status)?;
        Ok(PyDecimal::make(number))
    }

    /// `x` with the exponent of `y`, in the context's rounding or another one.
    pub fn quantized(&self, x: &PyObject, y: &PyObject, rounding: Option<Rounding>) -> PyResult<ObjRef> {
        let mut environment = self.environment();
        environment.rounding = rounding.unwrap_or(environment.rounding);
        if let (Some(x), Some(y)) = (short(x), short(y))
            && let Some(result) = environment.short_quantized(x, y.exponent())
        {
            self.raise(environment.status)?;
            return Ok(PyDecimal::make(result));
        }
        let (x, y) = (required(x)?, required(y)?);
        self.run(|env| {
            env.rounding = environment.rounding;
            env.quantize(&x, &y)
        })
    }

    /// As [`PyDecimalContext::run`], for two results.
    pub fn run_pair(&self, f: impl FnOnce(&mut Environment) -> (Number, Number)) -> PyResult<ObjRef> {
        let mut environment = self.environment();
        let (a, b) = f(&mut environment);
        self.raise(environment.status)?;
        Ok(PyTuple::from_array([PyDecimal::make(a), PyDecimal::make(b)]).into_obj())
    }

    fn unary(&self, x: &PyObject, f: impl FnOnce(&mut Environment, &Number) -> Number) -> PyResult<ObjRef> {
        let x = required(x)?;
        self.run(|env| f(env, &x))
    }

    fn binary(
        &self,
        x: &PyObject,
        y: &PyObject,
        f: impl FnOnce(&mut Environment, &Number, &Number) -> Number,
    ) -> PyResult<ObjRef> {
        let (x, y) = (required(x)?, required(y)?);
        self.run(|env| f(env, &x, &y))
    }

    /// Sets an attribute by its name; `false` if there is none of that name.
    pub fn set_by_name(&self, name: &str, value: &PyObject) -> PyResult<bool> {
        let s = &self.settings;
        match name {
            "prec" => s.prec.set(ranged(value, 1, MAX_PREC, "valid range for prec is [1, MAX_PREC]")?),
            "Emin" => s.emin.set(ranged(value, MIN_EMIN, 0, "valid range for Emin is [MIN_EMIN, 0]")?),
            "Emax" => s.emax.set(ranged(value, 0, MAX_EMAX, "valid range for Emax is [0, MAX_EMAX]")?),
            "capitals" => s.capitals.set(ranged(value, 0, 1, "valid values for capitals are 0 or 1")? == 1),
            "clamp" => s.clamp.set(ranged(value, 0, 1, "valid values for clamp are 0 or 1")? == 1),
            "rounding" => s.rounding.set(rounding_arg(value)?),
            "traps" => s.traps.set(signal_bits(value)?),
            "flags" => s.status.set(signal_bits(value)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn configure(&self, settings: &[(&str, Option<&PyObject>)]) -> PyResult<()> {
        for (name, value) in settings {
            if let Some(value) = value {
                self.set_by_name(name, value)?;
            }
        }
        Ok(())
    }

    fn mapping(&self, kept: &OptRef, bits: &Rc<Cell<u32>>) -> PyResult<ObjRef> {
        if let Some(mapping) = kept.get() {
            return Ok(mapping);
        }
        let mapping = signals::mapping(bits)?;
        kept.set(Some(mapping.clone()));
        Ok(mapping)
    }
}

#[pymethods]
impl PyDecimalContext {
    #[slot]
    fn tp_new(cls: &PyTypeObject, _args: &PyTuple, _kwargs: Option<&rpy_vm::types::dict::PyDict>) -> PyResult<ObjRef> {
        let settings = Settings::new(28, Rounding::HalfEven, ANY_INVALID | DIVISION_BY_ZERO | OVERFLOW);
        if let Some(template) = current::TEMPLATES[0].get() {
            settings.copy_from(&template.settings);
            settings.status.set(0);
        }
        let this = PyDecimalContext {
            ob_base: PyObject::placeholder(),
            settings,
            traps_mapping: OptRef::NULL,
            flags_mapping: OptRef::NULL,
        };
        Ok(new_in(cls, this)?.into_obj())
    }
    #[pyinit(
        sig = "($self, prec=None, rounding=None, Emin=None, Emax=None, capitals=None, clamp=None, flags=None, traps=None)"
    )]
    fn py_init(
        &self,
        prec: Option<&PyObject>,
        rounding: Option<&PyObject>,
        emin: Option<&PyObject>,
        emax: Option<&PyObject>,
        capitals: Option<&PyObject>,
        clamp: Option<&PyObject>,
        flags: Option<&PyObject>,
        traps: Option<&PyObject>,
    ) -> PyResult<()> {
        self.configure(&[
            ("prec", prec),
            ("rounding", rounding),
            ("Emin", emin),
            ("Emax", emax),
            ("capitals", capitals),
            ("clamp", clamp),
            ("traps", traps),
            ("flags", flags),
        ])
    }
    #[slot]
    fn tp_repr(&self) -> String {
        let s = &self.settings;
        format!(
            "Context(prec={}, rounding={}, Emin={}, Emax={}, capitals={}, clamp={}, flags={}, traps={})",
            s.prec.get(),
            s.rounding.get().name(),
            s.emin.get(),
            s.emax.get(),
            i32::from(s.capitals.get()),
            i32::from(s.clamp.get()),
            signals::printed(s.status.get()),
            signals::printed(s.traps.get())
        )
    }
    #[slot]
    fn tp_setattro(&self, name: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        let value = assigned(value)?;
        protocol::generic_setattr(self.as_object(), protocol::attr_name(name)?, Some(value))
    }

    #[pygetset]
    fn prec(&self) -> i64 {
        self.settings.prec.get()
    }
    #[pygetset(setter)]
    fn set_prec(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_by_name("prec", assigned(value)?).map(drop)
    }
    #[pygetset(name = "Emin")]
    fn emin(&self) -> i64 {
        self.settings.emin.get()
    }
    #[pygetset(name = "Emin", setter)]
    fn set_emin(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_by_name("Emin", assigned(value)?).map(drop)
    }
    #[pygetset(name = "Emax")]
    fn emax(&self) -> i64 {
        self.settings.emax.get()
    }
    #[pygetset(name = "Emax", setter)]
    fn set_emax(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_by_name("Emax", assigned(value)?).map(drop)
    }
    #[pygetset]
    fn rounding(&self) -> ObjRef {
        PyStr::interned(self.settings.rounding.get().name()).into_obj()
    }
    #[pygetset(setter)]
    fn set_rounding(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_by_name("rounding", assigned(value)?).map(drop)
    }
    #[pygetset(name = "capitals")]
    fn get_capitals(&self) -> i32 {
        self.settings.capitals.get().into()
    }
    #[pygetset(name = "capitals", setter)]
    fn set_capitals(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_by_name("capitals", assigned(value)?).map(drop)
    }
    #[pygetset]
    fn clamp(&self) -> i32 {
        self.settings.clamp.get().into()
    }
    #[pygetset(setter)]
    fn set_clamp(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.set_by_name("clamp", assigned(value)?).map(drop)
    }
    #[pygetset]
    fn traps(&self) -> PyResult<ObjRef> {
        self.mapping(&self.traps_mapping, &self.settings.traps)
    }
    #[pygetset(setter)]
    fn set_traps(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.settings.traps.set(signals::of_mapping(assigned(value)?)?);
        Ok(())
    }
    #[pygetset]
    fn flags(&self) -> PyResult<ObjRef> {
        self.mapping(&self.flags_mapping, &self.settings.status)
    }
    #[pygetset(setter)]
    fn set_flags(&self, value: Option<&PyObject>) -> PyResult<()> {
        self.settings.status.set(signals::of_mapping(assigned(value)?)?);
        Ok(())
    }

    /// Return a value equal to Emin - prec + 1, which is the minimum exponent value for subnormal results.
    #[pymethod(name = "Etiny")]
    fn etiny(&self) -> i64 {
        self.environment().etiny()
    }
    /// Return a value equal to Emax - prec + 1, the maximum exponent of a number with all digits.
    #[pymethod(name = "Etop")]
    fn etop(&self) -> i64 {
        self.environment().etop()
    }
    /// Reset all flags to False.
    #[pymethod]
    fn clear_flags(&self) {
        self.settings.status.set(0);
    }
    /// Set all traps to False.
    #[pymethod]
    fn clear_traps(&self) {
        self.settings.traps.set(0);
    }
    /// Return a duplicate of the context with all flags cleared.
    #[pymethod]
    fn copy(&self) -> Ref<PyDecimalContext> {
        self.duplicate()
    }
    #[pymethod(name = "__copy__")]
    fn py_copy(&self) -> Ref<PyDecimalContext> {
        self.duplicate()
    }
    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        let s = &self.settings;
        let args = PyTuple::from_array([
            int(s.prec.get()),
            self.rounding(),
            int(s.emin.get()),
            int(s.emax.get()),
            int(s.capitals.get().into()),
            int(s.clamp.get().into()),
            signals::as_list(s.status.get())?,
            signals::as_list(s.traps.get())?,
        ]);
        Ok(PyTuple::from_array([self.ob_base.ty().to_obj(), args.into_obj()]).into_obj())
    }

    /// Create a new Decimal instance from num, using self as the context.
    #[pymethod(sig = "($self, num='0', /)")]
    fn create_decimal(&self, num: Option<&PyObject>) -> PyResult<ObjRef> {
        let Some(num) = num else { return self.run(|env| env.finish(Number::zero(false, 0))) };
        Ok(PyDecimal::make(convert::of_object_rounded(num, self)?))
    }
    /// Create a new Decimal instance from float f, rounding to the context.
    #[pymethod(sig = "($self, f, /)")]
    fn create_decimal_from_float(&self, f: &PyObject) -> PyResult<ObjRef> {
        let number = match (f.downcast_ref::<PyFloat>(), f.downcast_ref::<PyInt>()) {
            (Some(float), _) => convert::of_float(float.value()),
            (None, Some(int)) => convert::of_int(int),
            _ => return Err(exc::type_error("argument must be int or float")),
        };
        self.run(|env| env.finish(number))
    }
    /// Rounds to the context.
    #[pymethod(name = "_apply", sig = "($self, x, /)")]
    fn apply(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.finish(x.clone()))
    }
    /// Return a new instance of x.
    #[pymethod(sig = "($self, x, /)")]
    fn canonical(&self, x: &PyObject) -> PyResult<ObjRef> {
        match x.downcast_ref::<PyDecimal>() {
            Some(_) => Ok(x.new_ref()),
            None => Err(exc::type_error("argument must be a Decimal")),
        }
    }
    /// Return True, every decimal is canonical.
    #[pymethod(sig = "($self, x, /)")]
    fn is_canonical(&self, x: &PyObject) -> PyResult<bool> {
        match x.downcast_ref::<PyDecimal>() {
            Some(_) => Ok(true),
            None => Err(exc::type_error("argument must be a Decimal")),
        }
    }
    /// Return a copy of x with the sign set to 0.
    #[pymethod(sig = "($self, x, /)")]
    fn copy_abs(&self, x: &PyObject) -> PyResult<ObjRef> {
        Ok(PyDecimal::make(required(x)?.clone().with_sign(false)))
    }
    /// Return a copy of Decimal x.
    #[pymethod(sig = "($self, x, /)")]
    fn copy_decimal(&self, x: &PyObject) -> PyResult<ObjRef> {
        match x.downcast_ref::<PyDecimal>() {
            Some(_) => Ok(x.new_ref()),
            None => Ok(PyDecimal::make(required(x)?.clone())),
        }
    }
    /// Return a copy of x with the sign inverted.
    #[pymethod(sig = "($self, x, /)")]
    fn copy_negate(&self, x: &PyObject) -> PyResult<ObjRef> {
        let x = required(x)?;
        Ok(PyDecimal::make(x.clone().with_sign(!x.negative)))
    }
    /// Copy the sign from y to x.
    #[pymethod(sig = "($self, x, y, /)")]
    fn copy_sign(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        let (x, y) = (required(x)?, required(y)?);
        Ok(PyDecimal::make(x.clone().with_sign(y.negative)))
    }
    /// Compare x and y using their abstract representation.
    #[pymethod(sig = "($self, x, y, /)")]
    fn compare_total(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |_, x, y| Number::integer(x.compare_total(y) as i64))
    }
    /// As compare_total(), of the absolute values.
    #[pymethod(sig = "($self, x, y, /)")]
    fn compare_total_mag(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |_, x, y| Number::integer(x.compare_total_magnitude(y) as i64))
    }
    /// Return True if the two operands have the same exponent.
    #[pymethod(sig = "($self, x, y, /)")]
    fn same_quantum(&self, x: &PyObject, y: &PyObject) -> PyResult<bool> {
        Ok(same_quantum(&*required(x)?, &*required(y)?))
    }
    /// Return quotient and remainder of the division x / y.
    #[pymethod(sig = "($self, x, y, /)")]
    fn divmod(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        let (x, y) = (required(x)?, required(y)?);
        self.run_pair(|env| env.divmod(&x, &y))
    }
    /// Return x multiplied by y, plus z.
    #[pymethod(sig = "($self, x, y, z, /)")]
    fn fma(&self, x: &PyObject, y: &PyObject, z: &PyObject) -> PyResult<ObjRef> {
        let (x, y, z) = (required(x)?, required(y)?, required(z)?);
        self.run(|env| env.fma(&x, &y, &z))
    }
    /// Compute a**b. If 'a' is negative, then 'b' must be integral.
    #[pymethod(sig = "($self, /, a, b, modulo=None)")]
    fn power(&self, a: &PyObject, b: &PyObject, modulo: Option<&PyObject>) -> PyResult<ObjRef> {
        let (a, b) = (required(a)?, required(b)?);
        match modulo {
            None => self.run(|env| env.power(&a, &b)),
            Some(modulo) => {
                let modulo = required(modulo)?;
                self.run(|env| env.power_modulo(&a, &b, &modulo))
            }
        }
    }
    /// Return 10.
    #[pymethod]
    fn radix(&self) -> ObjRef {
        PyDecimal::make(Number::integer(10))
    }
    /// Return an indication of the class of x.
    #[pymethod(sig = "($self, x, /)")]
    fn number_class(&self, x: &PyObject) -> PyResult<&'static str> {
        Ok(self.environment().class_of(&*required(x)?))
    }
    /// Convert a number to a string using scientific notation.
    #[pymethod(sig = "($self, x, /)")]
    fn to_sci_string(&self, x: &PyObject) -> PyResult<String> {
        Ok(required(x)?.text(false, self.capitals()))
    }
    /// Convert a number to a string, using engineering notation.
    #[pymethod(sig = "($self, x, /)")]
    fn to_eng_string(&self, x: &PyObject) -> PyResult<String> {
        Ok(required(x)?.text(true, self.capitals()))
    }
    /// Return the value of the (natural) exponential function e**x.
    #[pymethod(sig = "($self, x, /)")]
    fn exp(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.exponential(x))
    }
    /// Return the natural (base e) logarithm of the operand.
    #[pymethod(sig = "($self, x, /)")]
    fn ln(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.natural_log(x))
    }
    /// Return the base ten logarithm of the operand.
    #[pymethod(sig = "($self, x, /)")]
    fn log10(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.log10(x))
    }
    /// Strip trailing zeros and convert any zero to Decimal('0e0').
    #[pymethod(sig = "($self, x, /)")]
    fn normalize(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.reduce(x))
    }
    /// Return the square root of the argument to full precision.
    #[pymethod(sig = "($self, x, /)")]
    fn sqrt(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.square_root(x))
    }
    /// Return the adjusted exponent of the operand as a Decimal instance.
    #[pymethod(sig = "($self, x, /)")]
    fn logb(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.logb(x))
    }
    /// Return the digit-wise inversion of the (logical) operand.
    #[pymethod(sig = "($self, x, /)")]
    fn logical_invert(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.logical_invert(x))
    }
    /// Return the absolute value of x, rounded.
    #[pymethod(sig = "($self, x, /)")]
    fn abs(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.absolute(x))
    }
    /// As the prefix operator + under this context.
    #[pymethod(sig = "($self, x, /)")]
    fn plus(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.plus(x))
    }
    /// As the prefix operator - under this context.
    #[pymethod(sig = "($self, x, /)")]
    fn minus(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.minus(x))
    }
    /// Return the largest representable number smaller than the operand.
    #[pymethod(sig = "($self, x, /)")]
    fn next_minus(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.neighbour(x, false))
    }
    /// Return the smallest representable number larger than the operand.
    #[pymethod(sig = "($self, x, /)")]
    fn next_plus(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.neighbour(x, true))
    }
    /// Round to an integer, without signals.
    #[pymethod(sig = "($self, x, /)")]
    fn to_integral(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.to_integral(x, false))
    }
    /// Round to an integer, without signals.
    #[pymethod(sig = "($self, x, /)")]
    fn to_integral_value(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.to_integral(x, false))
    }
    /// Round to an integer, with signals.
    #[pymethod(sig = "($self, x, /)")]
    fn to_integral_exact(&self, x: &PyObject) -> PyResult<ObjRef> {
        self.unary(x, |env, x| env.to_integral(x, true))
    }
    /// Compare two operands and return a Decimal: -1, 0, 1, or NaN.
    #[pymethod(sig = "($self, x, y, /)")]
    fn compare(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.compare(x, y, false))
    }
    /// As compare(), but every NaN signals.
    #[pymethod(sig = "($self, x, y, /)")]
    fn compare_signal(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.compare(x, y, true))
    }
    /// Maximum of self and other.
    #[pymethod(sig = "($self, x, y, /)")]
    fn max(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.extremum(x, y, true, false))
    }
    /// As max(), of the absolute values.
    #[pymethod(sig = "($self, x, y, /)")]
    fn max_mag(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.extremum(x, y, true, true))
    }
    /// Minimum of self and other.
    #[pymethod(sig = "($self, x, y, /)")]
    fn min(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.extremum(x, y, false, false))
    }
    /// As min(), of the absolute values.
    #[pymethod(sig = "($self, x, y, /)")]
    fn min_mag(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.extremum(x, y, false, true))
    }
    /// The representable number next to the first operand, on the way to the second.
    #[pymethod(sig = "($self, x, y, /)")]
    fn next_toward(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.next_toward(x, y))
    }
    /// The remainder of the division whose quotient is rounded to the nearest.
    #[pymethod(sig = "($self, x, y, /)")]
    fn remainder_near(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.remainder_near(x, y))
    }
    /// The digit-wise 'and' of two (logical) operands.
    #[pymethod(sig = "($self, x, y, /)")]
    fn logical_and(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.logical(x, y, |a, b| a & b))
    }
    /// The digit-wise 'or' of two (logical) operands.
    #[pymethod(sig = "($self, x, y, /)")]
    fn logical_or(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.logical(x, y, |a, b| a | b))
    }
    /// The digit-wise 'exclusive or' of two (logical) operands.
    #[pymethod(sig = "($self, x, y, /)")]
    fn logical_xor(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.logical(x, y, |a, b| a ^ b))
    }
    /// The first operand with its digits rotated by the second.
    #[pymethod(sig = "($self, x, y, /)")]
    fn rotate(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.rotate(x, y))
    }
    /// The first operand with its exponent adjusted by the second.
    #[pymethod(sig = "($self, x, y, /)")]
    fn scaleb(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.scaleb(x, y))
    }
    /// The first operand with its digits shifted by the second.
    #[pymethod(sig = "($self, x, y, /)")]
    fn shift(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.shift(x, y))
    }
    /// Return the sum of x and y.
    #[pymethod(sig = "($self, x, y, /)")]
    fn add(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.add(x, y))
    }
    /// Return the difference between x and y.
    #[pymethod(sig = "($self, x, y, /)")]
    fn subtract(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.subtract(x, y))
    }
    /// Return the product of x and y.
    #[pymethod(sig = "($self, x, y, /)")]
    fn multiply(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.multiply(x, y))
    }
    /// Return x divided by y.
    #[pymethod(sig = "($self, x, y, /)")]
    fn divide(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.divide(x, y))
    }
    /// Return x divided by y, truncated to an integer.
    #[pymethod(sig = "($self, x, y, /)")]
    fn divide_int(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.divide_to_integer(x, y))
    }
    /// Return the remainder from integer division.
    #[pymethod(sig = "($self, x, y, /)")]
    fn remainder(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.binary(x, y, |env, x, y| env.remainder(x, y))
    }
    /// Return a value equal to x (rounded), having the exponent of y.
    #[pymethod(sig = "($self, x, y, /)")]
    fn quantize(&self, x: &PyObject, y: &PyObject) -> PyResult<ObjRef> {
        self.quantized(x, y, None)
    }
    /// Return True if x is finite, False otherwise.
    #[pymethod(sig = "($self, x, /)")]
    fn is_finite(&self, x: &PyObject) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_finite())
    }
    /// Return True if x is infinite, False otherwise.
    #[pymethod(sig = "($self, x, /)")]
    fn is_infinite(&self, x: &PyObject) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_infinite())
    }
    /// Return True if x is a qNaN or sNaN, False otherwise.
    #[pymethod(sig = "($self, x, /)")]
    fn is_nan(&self, x: &PyObject) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_nan())
    }
    /// Return True if x is a normal number, False otherwise.
    #[pymethod(sig = "($self, x, /)")]
    fn is_normal(&self, x: &PyObject) -> PyResult<bool> {
        let x = required(x)?;
        Ok(self.environment().is_normal(&x))
    }
    /// Return True if x is a quiet NaN, False otherwise.
    #[pymethod(sig = "($self, x, /)")]
    fn is_qnan(&self, x: &PyObject) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.kind == Kind::Quiet)
    }
    /// Return True if x is negative, False otherwise.
    #[pymethod(sig = "($self, x, /)")]
    fn is_signed(&self, x: &PyObject) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.negative)
    }
    /// Return True if x is a signaling NaN, False otherwise.
    #[pymethod(sig = "($self, x, /)")]
    fn is_snan(&self, x: &PyObject) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.kind == Kind::Signaling)
    }
    /// Return True if x is subnormal, False otherwise.
    #[pymethod(sig = "($self, x, /)")]
    fn is_subnormal(&self, x: &PyObject) -> PyResult<bool> {
        let x = required(x)?;
        Ok(self.environment().is_subnormal(&x))
    }
    /// Return True if x is a zero, False otherwise.
    #[pymethod(sig = "($self, x, /)")]
    fn is_zero(&self, x: &PyObject) -> PyResult<bool> {
        let x = required(x)?;
        Ok(x.is_zero())
    }
}
