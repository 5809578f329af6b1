//! The exceptions, and the mappings that show a context's flags and traps.

use core::cell::Cell;
use std::rc::Rc;

use rpy_vm::object::slots::CompareOp;
use rpy_vm::protocol::{call, object as protocol};
use rpy_vm::types::dict::PyDict;
use rpy_vm::types::list::PyList;
use rpy_vm::types::module::PyModule;
use rpy_vm::types::str::PyStr;
use rpy_vm::types::tuple::PyTuple;
use rpy_vm::{
    ObjRef, OptRef, PyClass, PyErr, PyObject, PyResult, PyStruct, PyTypeObject, exc, py_bool, pyclass, pymethods,
};

use super::environment::condition::*;

/// Name, condition bits, and the classes it is derived from, by name.
type Row = (&'static str, u32, &'static [&'static str]);

/// The exceptions in the order in which they are made.
const EXCEPTIONS: &[Row] = &[
    ("DecimalException", 0, &["ArithmeticError"]),
    ("Clamped", CLAMPED, &["DecimalException"]),
    ("Rounded", ROUNDED, &["DecimalException"]),
    ("Inexact", INEXACT, &["DecimalException"]),
    ("Subnormal", SUBNORMAL, &["DecimalException"]),
    ("Underflow", UNDERFLOW, &["Inexact", "Rounded", "Subnormal"]),
    ("Overflow", OVERFLOW, &["Inexact", "Rounded"]),
    ("DivisionByZero", DIVISION_BY_ZERO, &["DecimalException", "ZeroDivisionError"]),
    ("FloatOperation", FLOAT_OPERATION, &["DecimalException", "TypeError"]),
    ("InvalidOperation", ANY_INVALID, &["DecimalException"]),
    ("ConversionSyntax", CONVERSION_SYNTAX, &["InvalidOperation"]),
    ("DivisionImpossible", DIVISION_IMPOSSIBLE, &["InvalidOperation"]),
    ("DivisionUndefined", DIVISION_UNDEFINED, &["InvalidOperation", "ZeroDivisionError"]),
    ("InvalidContext", INVALID_CONTEXT, &["InvalidOperation"]),
];
static CLASSES: [OptRef; EXCEPTIONS.len()] = [const { OptRef::NULL }; EXCEPTIONS.len()];

/// The signals, in the order of the mappings.
const SIGNALS: &[(&str, u32)] = &[
    ("InvalidOperation", ANY_INVALID),
    ("FloatOperation", FLOAT_OPERATION),
    ("DivisionByZero", DIVISION_BY_ZERO),
    ("Overflow", OVERFLOW),
    ("Underflow", UNDERFLOW),
    ("Subnormal", SUBNORMAL),
    ("Inexact", INEXACT),
    ("Rounded", ROUNDED),
    ("Clamped", CLAMPED),
];

/// What may stand in the list of an exception: the kinds of invalid operations, then the other signals.
const LISTED: &[(&str, u32)] = &[
    ("InvalidOperation", INVALID_OPERATION),
    ("DivisionImpossible", DIVISION_IMPOSSIBLE),
    ("DivisionUndefined", DIVISION_UNDEFINED),
    ("ConversionSyntax", CONVERSION_SYNTAX),
    ("InvalidContext", INVALID_CONTEXT),
    ("FloatOperation", FLOAT_OPERATION),
    ("DivisionByZero", DIVISION_BY_ZERO),
    ("Overflow", OVERFLOW),
    ("Underflow", UNDERFLOW),
    ("Subnormal", SUBNORMAL),
    ("Inexact", INEXACT),
    ("Rounded", ROUNDED),
    ("Clamped", CLAMPED),
];

const NO_SIGNAL: &str = "valid values for signals are:\n  [InvalidOperation, FloatOperation, DivisionByZero,\n   \
                         Overflow, Underflow, Subnormal, Inexact, Rounded,\n   Clamped]";

fn class(name: &str) -> PyResult<ObjRef> {
    EXCEPTIONS
        .iter()
        .position(|row| row.0 == name)
        .and_then(|at| CLASSES[at].get())
        .ok_or_else(|| exc::runtime_error("the decimal module is not initialized"))
}

/// Makes the exceptions and adds them to the module.
pub fn add_exceptions(module: &PyModule) -> PyResult<()> {
    for ((name, _, bases), kept) in EXCEPTIONS.iter().zip(&CLASSES) {
        if kept.is_null() {
            let bases = bases
                .iter()
                .map(|base| match *base {
                    "ArithmeticError" => Ok(exc::ArithmeticError().to_obj()),
                    "ZeroDivisionError" => Ok(exc::ZeroDivisionError().to_obj()),
                    "TypeError" => Ok(exc::TypeError().to_obj()),
                    base => class(base),
                })
                .collect::<PyResult<Vec<_>>>()?;
            let namespace = PyDict::new();
            namespace.set_name("__module__", PyStr::interned("decimal").into_obj());
            let bases = PyTuple::new(bases);
            kept.set(Some(call::call(
                PyTypeObject::type_object().as_object(),
                &[PyStr::interned(name).as_object(), bases.as_object(), namespace.as_object()],
            )?));
        }
        module.add(name, kept.get())?;
    }
    Ok(())
}

/// The exception for trapped conditions.
#[cold]
pub fn exception(conditions: u32) -> PyErr {
    let make = || -> PyResult<PyErr> {
        if conditions & OUT_OF_MEMORY != 0 {
            return Ok(exc::memory_error());
        }
        let Some((name, _)) = SIGNALS.iter().find(|s| s.1 & conditions != 0) else {
            return Ok(exc::runtime_error("an unknown condition was raised"));
        };
        let list = LISTED.iter().filter(|l| l.1 & conditions != 0).map(|l| class(l.0)).collect::<PyResult<Vec<_>>>()?;
        let class = class(name)?;
        match class.downcast_ref::<PyTypeObject>() {
            Some(class) => Ok(PyErr::with_args(class, vec![PyList::new(list).into_obj()])),
            None => Ok(exc::runtime_error("the decimal module is not initialized")),
        }
    };
    match make() {
        Ok(e) | Err(e) => e,
    }
}

/// The names of the signals among the conditions, as contexts print them: in the order of the conditions, of which several are an
/// invalid operation.
pub fn printed(conditions: u32) -> String {
    let mut signals: Vec<_> = SIGNALS.iter().filter(|s| s.1 & conditions != 0).collect();
    signals.sort_by_key(|s| (s.1 & conditions).trailing_zeros());
    let names: Vec<&str> = signals.iter().map(|s| s.0).collect();
    format!("[{}]", names.join(", "))
}

/// The conditions as a list of signals.
pub fn as_list(conditions: u32) -> PyResult<ObjRef> {
    let list = SIGNALS.iter().filter(|s| s.1 & conditions != 0).map(|s| class(s.0)).collect::<PyResult<Vec<_>>>()?;
    Ok(PyList::new(list).into_obj())
}

fn bits_of(signal: &PyObject) -> PyResult<u32> {
    for &(name, bits) in SIGNALS {
        if class(name)?.is(signal) {
            return Ok(bits);
        }
    }
    Err(exc::key_error_msg(NO_SIGNAL))
}

/// A list of signals as conditions.
pub fn of_list(list: &PyList) -> PyResult<u32> {
    list.items_snapshot().iter().try_fold(0, |bits, signal| {
        for &(name, condition, _) in EXCEPTIONS {
            if condition != 0 && class(name)?.is(signal) {
                return Ok(bits | condition);
            }
        }
        Err(exc::key_error_msg(NO_SIGNAL))
    })
}

fn of_dict(dict: &PyDict) -> PyResult<u32> {
    if dict.len() != SIGNALS.len() {
        return Err(exc::key_error_msg("invalid signal dict"));
    }
    let mut bits = 0;
    for (signal, on) in dict.items_vec() {
        let bit = bits_of(&signal)?;
        if protocol::is_true(&on)? {
            bits |= bit;
        }
    }
    Ok(bits)
}

/// A signal mapping as conditions.
pub fn of_mapping(object: &PyObject) -> PyResult<u32> {
    if let Some(mapping) = object.downcast_ref::<PySignalDict>() {
        return mapping.bits();
    }
    match object.downcast_ref::<PyDict>() {
        Some(dict) => of_dict(dict),
        None => Err(exc::type_error("argument must be a signal dict")),
    }
}

#[pyclass(name = "SignalDictMixin", module = "decimal", flags(BASETYPE))]
#[repr(C)]
pub struct PySignalDict {
    ob_base: PyObject,
    /// The context's own bits.
    bits: OptBits,
}

/// Shared bits; none before the context gives them.
struct OptBits(core::cell::RefCell<Option<Rc<Cell<u32>>>>);

/// `SignalDict`: the mixin with the methods of mutable mappings.
static SIGNAL_DICT: OptRef = OptRef::NULL;

/// Makes the class of the mappings.
pub fn make_mapping_class() -> PyResult<()> {
    if !SIGNAL_DICT.is_null() {
        return Ok(());
    }
    rpy_vm::object::class_impl::glue::ready_class::<PySignalDict>()?;
    let abc = rpy_vm::import::import_module("collections.abc")?;
    let mapping = protocol::getattr(&abc, rpy_vm::intern!("MutableMapping"))?;
    let meta = protocol::getattr(&mapping, rpy_vm::intern!("__class__"))?;
    let bases = PyTuple::from_array([PySignalDict::type_object().to_obj(), mapping]);
    let namespace = PyDict::new();
    namespace.set_name("__module__", PyStr::interned("decimal").into_obj());
    let name = PyStr::interned("SignalDict");
    SIGNAL_DICT.set(Some(call::call(&meta, &[name.as_object(), bases.as_object(), namespace.as_object()])?));
    Ok(())
}

/// A mapping over a context's bits.
pub fn mapping(bits: &Rc<Cell<u32>>) -> PyResult<ObjRef> {
    let class = SIGNAL_DICT.get().ok_or_else(|| exc::runtime_error("the decimal module is not initialized"))?;
    let object = call::call_noargs(&class)?;
    if let Some(mapping) = object.downcast_ref::<PySignalDict>() {
        *mapping.bits.0.borrow_mut() = Some(Rc::clone(bits));
    }
    Ok(object)
}

impl PySignalDict {
    fn shared(&self) -> PyResult<Rc<Cell<u32>>> {
        self.bits.0.borrow().clone().ok_or_else(|| exc::value_error("invalid signal dict"))
    }

    fn bits(&self) -> PyResult<u32> {
        Ok(self.shared()?.get())
    }

    fn to_dict(&self) -> PyResult<rpy_vm::Ref<PyDict>> {
        let bits = self.bits()?;
        let dict = PyDict::new();
        for &(name, bit) in SIGNALS {
            dict.set_item(&*class(name)?, &*py_bool(bits & bit != 0))?;
        }
        Ok(dict)
    }
}

#[pymethods]
impl PySignalDict {
    #[pynew(sig = "()")]
    fn py_new(cls: &PyTypeObject) -> PyResult<ObjRef> {
        let bits = OptBits(core::cell::RefCell::new(None));
        Ok(rpy_vm::object::alloc::new_in(cls, PySignalDict { ob_base: PyObject::placeholder(), bits })?.into_obj())
    }
    #[slot]
    fn mp_length(&self) -> PyResult<usize> {
        self.bits()?;
        Ok(SIGNALS.len())
    }
    #[slot]
    fn tp_iter(&self) -> PyResult<ObjRef> {
        self.bits()?;
        let signals = SIGNALS.iter().map(|s| class(s.0)).collect::<PyResult<Vec<_>>>()?;
        protocol::get_iter(PyTuple::new(signals).as_object())
    }
    #[slot]
    fn mp_subscript(&self, key: &PyObject) -> PyResult<bool> {
        let bit = bits_of(key)?;
        Ok(self.bits()? & bit != 0)
    }
    #[slot]
    fn mp_ass_subscript(&self, key: &PyObject, value: Option<&PyObject>) -> PyResult<()> {
        let Some(value) = value else { return Err(exc::value_error("signal keys cannot be deleted")) };
        let bit = bits_of(key)?;
        let on = protocol::is_true(value)?;
        let shared = self.shared()?;
        shared.set(if on { shared.get() | bit } else { shared.get() & !bit });
        Ok(())
    }
    #[slot]
    fn tp_repr(&self) -> PyResult<String> {
        let bits = self.bits()?;
        let items: Vec<String> = SIGNALS
            .iter()
            .map(|&(name, bit)| format!("<class 'decimal.{name}'>:{}", if bits & bit != 0 { "True" } else { "False" }))
            .collect();
        Ok(format!("{{{}}}", items.join(", ")))
    }
    #[slot(raw)]
    unsafe extern "C-unwind" fn tp_hash(object: *mut PyObject) -> isize {
        // SAFETY: the slot's argument is a live object.
        let name = unsafe { (*object).ty().name().to_owned() };
        exc::type_error(format!("unhashable type: '{name}'")).restore();
        -1
    }
    #[slot]
    fn tp_richcompare(&self, other: &PyObject, op: CompareOp) -> PyResult<ObjRef> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(rpy_vm::not_implemented());
        }
        let theirs = if other.downcast_ref::<PySignalDict>().is_some() || other.downcast_ref::<PyDict>().is_some() {
            match of_mapping(other) {
                Ok(bits) => Some(bits),
                Err(e) if e.matches(exc::KeyError()) => None,
                Err(e) => return Err(e),
            }
        } else {
            return Ok(rpy_vm::not_implemented());
        };
        // One kind of invalid operation is as good as another.
        let signals = |bits: u32| SIGNALS.iter().filter(|s| bits & s.1 != 0).fold(0, |b, s| b | s.1);
        let same = theirs.map(signals) == Some(signals(self.bits()?));
        Ok(py_bool(same == (op == CompareOp::Eq)))
    }
    #[pymethod]
    fn copy(&self) -> PyResult<ObjRef> {
        Ok(self.to_dict()?.into_obj())
    }
}
