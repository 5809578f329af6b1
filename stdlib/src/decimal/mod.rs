//! `_decimal`: decimal numbers as the General Decimal Arithmetic specifies them.
//!
//! | File | What |
//! |---|---|
//! | `coefficient` | natural numbers by decimal digits, in a machine word or long |
//! | `number` | numbers, their order, and their text |
//! | `environment` | precision, bounds, rounding, conditions |
//! | `arithmetic` | the operations |
//! | `short` | the same in machine words, where that is enough |
//! | `transcendental` | exponentials, logarithms, powers |
//! | `convert` | Python objects as numbers |
//! | `object` | `Decimal` |
//! | `format` | `Decimal.__format__` |
//! | `context` | `Context` |
//! | `current` | the current context, `localcontext` |
//! | `signals` | the exceptions, flags and traps |
//!
//! The first six know nothing of Python.

pub mod arithmetic;
pub mod coefficient;
pub mod context;
pub mod convert;
pub mod current;
pub mod environment;
pub mod format;
pub mod number;
pub mod object;
pub mod short;
pub mod signals;
pub mod transcendental;

/// C decimal arithmetic module
#[rpy_vm::pymodule(name = "_decimal")]
pub mod decimal_ {
    use rpy_vm::args::KwArgs;
    use rpy_vm::protocol::{call, object as protocol};
    use rpy_vm::types::module::PyModule;
    use rpy_vm::types::str::PyStr;
    use rpy_vm::{ObjRef, PyClass, PyObject, PyResult, PyStruct, Ref, intern};

    use super::context::PyDecimalContext;
    use super::current;
    use super::environment::{MAX_EMAX, MAX_PREC, MIN_EMIN, Rounding};
    use super::object::{DECIMAL_TUPLE, PyDecimal};
    use super::signals;

    /// Get the current default context.
    #[pyfunction]
    fn getcontext() -> PyResult<Ref<PyDecimalContext>> {
        current::current()
    }
    /// Set a new default context.
    #[pyfunction(sig = "(context, /)")]
    fn setcontext(context: &PyObject) -> PyResult<()> {
        current::set_current(context)
    }
    /// Return a context manager that will set the default context to a copy of ctx
    /// on entry to the with-statement and restore the previous default context when
    /// exiting the with-statement. If no context is specified, a copy of the current
    /// default context is used.
    #[pyfunction(sig = "(ctx=None, **kwargs)")]
    fn localcontext(ctx: Option<&PyObject>, kwargs: KwArgs<'_>) -> PyResult<ObjRef> {
        let settings: Vec<(String, ObjRef)> =
            kwargs.iter().map(|(name, value)| (name.to_string_lossy().into_owned(), value.new_ref())).collect();
        current::local(ctx, &settings)
    }
    /// Return a context object initialized to the proper values for one of the IEEE interchange formats.
    ///
    /// The argument must be a multiple of 32 and less than IEEE_CONTEXT_MAX_BITS.
    #[pyfunction(name = "IEEEContext", sig = "(bits, /)")]
    fn ieee_context(bits: i64) -> PyResult<ObjRef> {
        current::interchange(bits)
    }

    #[pyexec]
    fn exec(module: &PyModule) -> PyResult<()> {
        current::add_classes(module)?;
        rpy_vm::object::leaves::add(PyDecimal::type_object());
        signals::add_exceptions(module)?;
        signals::make_mapping_class()?;
        current::prepare()?;
        if DECIMAL_TUPLE.is_null() {
            let collections = rpy_vm::import::import_module("collections")?;
            let factory = protocol::getattr(&collections, intern!("namedtuple"))?;
            let fields = PyStr::new("sign digits exponent");
            let class = call::call(&factory, &[PyStr::interned("DecimalTuple").as_object(), fields.as_object()])?;
            protocol::setattr(&class, intern!("__module__"), Some(PyStr::interned("decimal").as_object()))?;
            DECIMAL_TUPLE.set(Some(class));
            let numbers = rpy_vm::import::import_module("numbers")?;
            let number = protocol::getattr(&numbers, intern!("Number"))?;
            call::call_method(&number, intern!("register"), &[PyDecimal::type_object().as_object()])?;
        }
        module.add("DecimalTuple", DECIMAL_TUPLE.get())?;
        for (name, template) in ["DefaultContext", "BasicContext", "ExtendedContext"].iter().zip(&current::TEMPLATES) {
            module.add(name, template.get())?;
        }
        for rounding in Rounding::ALL {
            module.add(rounding.name(), PyStr::interned(rounding.name()).into_obj())?;
        }
        module.add("MAX_PREC", MAX_PREC)?;
        module.add("MAX_EMAX", MAX_EMAX)?;
        module.add("MIN_EMIN", MIN_EMIN)?;
        module.add("MIN_ETINY", MIN_EMIN - (MAX_PREC - 1))?;
        module.add("IEEE_CONTEXT_MAX_BITS", current::MAX_INTERCHANGE_BITS)?;
        module.add("HAVE_THREADS", true)?;
        module.add("HAVE_CONTEXTVAR", true)?;
        module.add("__version__", "1.70")?;
        module.add("__libmpdec_version__", "2.5.1")
    }
}

pub use decimal_::MODULE;
