//! `csv.Dialect`: the options of readers and writers, checked.

use rpy_vm::args::KwArgs;
use rpy_vm::object::alloc::new_in;
use rpy_vm::protocol::object as protocol;
use rpy_vm::types::int::PyInt;
use rpy_vm::types::str::{PyStr, search};
use rpy_vm::{ObjRef, OptRef, PyClass, PyObject, PyResult, PyStruct, PyTypeObject, Ref, exc, pyclass, pymethods};

pub const QUOTE_MINIMAL: i32 = 0;
pub const QUOTE_ALL: i32 = 1;
pub const QUOTE_NONNUMERIC: i32 = 2;
pub const QUOTE_NONE: i32 = 3;
pub const QUOTE_STRINGS: i32 = 4;
pub const QUOTE_NOTNULL: i32 = 5;

/// CSV dialect
///
/// The Dialect type records CSV dialect options.
#[pyclass(name = "Dialect", module = "_csv", flags(BASETYPE), gc)]
#[repr(C)]
pub struct PyDialect {
    ob_base: PyObject,
    #[pymember(readonly, name = "lineterminator", object)]
    pub line_terminator: OptRef<PyStr>,
    #[pytraverse(skip)]
    pub delimiter: u32,
    #[pytraverse(skip)]
    pub quote: Option<u32>,
    #[pytraverse(skip)]
    pub escape: Option<u32>,
    #[pytraverse(skip)]
    pub double_quote: bool,
    #[pytraverse(skip)]
    pub skip_space: bool,
    #[pytraverse(skip)]
    pub strict: bool,
    #[pytraverse(skip)]
    pub quoting: i32,
}

/// Names of the options, in the constructor's order.
pub const OPTIONS: [&str; 8] =
    ["delimiter", "doublequote", "escapechar", "lineterminator", "quotechar", "quoting", "skipinitialspace", "strict"];

fn one_character(name: &str, object: &PyObject, or_none: bool) -> PyResult<Option<u32>> {
    if or_none && rpy_vm::is_none(object) {
        return Ok(None);
    }
    let or = if or_none { " or None" } else { "" };
    match object.downcast_ref::<PyStr>() {
        Some(text) if text.len() == 1 => Ok(Some(text.char_at(0))),
        Some(text) => Err(exc::type_error(format!(
            "\"{name}\" must be a unicode character{or}, not a string of length {}",
            text.len()
        ))),
        None => Err(exc::type_error(format!("\"{name}\" must be a unicode character{or}, not {}", object.ty().name()))),
    }
}

/// A dialect from another one (or its name) and options.
///
/// # Errors
/// `TypeError` and `ValueError` for options that make no sense, `csv.Error` for unknown names.
pub fn make(cls: &PyTypeObject, dialect: Option<&PyObject>, given: &[Option<&PyObject>; 8]) -> PyResult<ObjRef> {
    let named;
    let mut base = dialect;
    if let Some(name) = base
        && name.downcast_ref::<PyStr>().is_some()
    {
        named = super::lookup(name)?;
        base = Some(&named);
    }
    if let Some(base) = base
        && base.downcast_ref::<PyDialect>().is_some()
        && given.iter().all(Option::is_none)
    {
        return Ok(base.new_ref());
    }
    // Options that are not given come from the other dialect.
    let mut options: [Option<ObjRef>; 8] = given.map(|o| o.map(PyObject::new_ref));
    if let Some(base) = base {
        for (option, name) in options.iter_mut().zip(OPTIONS) {
            if option.is_none() {
                *option = protocol::getattr_opt(base, &PyStr::interned(name))?;
            }
        }
    }
    let [delimiter, doublequote, escapechar, lineterminator, quotechar, quoting, skipinitialspace, strict] = &options;
    let truth = |o: &Option<ObjRef>, default: bool| o.as_ref().map_or(Ok(default), |o| protocol::is_true(o));
    let delimiter = match delimiter {
        Some(o) => one_character("delimiter", o, false)?.unwrap_or(0),
        None => ',' as u32,
    };
    let double_quote = truth(doublequote, true)?;
    let escape = escapechar.as_ref().map_or(Ok(None), |o| one_character("escapechar", o, true))?;
    let line_terminator = match lineterminator {
        None => PyStr::new("\r\n"),
        Some(o) => match o.downcast_ref::<PyStr>() {
            Some(text) => text.to_ref(),
            None => {
                return Err(exc::type_error(format!("\"lineterminator\" must be a string, not {}", o.ty().name())));
            }
        },
    };
    let quote = quotechar.as_ref().map_or(Ok(Some('"' as u32)), |o| one_character("quotechar", o, true))?;
    let mut style = match quoting {
        None => QUOTE_MINIMAL,
        Some(o) => match o.downcast_exact::<PyInt>() {
            Some(n) => n.as_i32().ok_or_else(|| exc::overflow_error("Python int too large to convert to C int"))?,
            None => {
                return Err(exc::type_error(format!("\"quoting\" must be an integer, not {}", o.ty().name())));
            }
        },
    };
    let skip_space = truth(skipinitialspace, false)?;
    let strict = truth(strict, false)?;
    if !(QUOTE_MINIMAL..=QUOTE_NOTNULL).contains(&style) {
        return Err(exc::type_error("bad \"quoting\" value"));
    }
    if quotechar.as_ref().is_some_and(|q| rpy_vm::is_none(q)) && quoting.is_none() {
        style = QUOTE_NONE;
    }
    if style != QUOTE_NONE && quote.is_none() {
        return Err(exc::type_error("quotechar must be set if quoting enabled"));
    }
    let check = |name: &str, c: Option<u32>, space: bool| match c {
        Some(c) if c == 13 || c == 10 || c == 32 && !space => Err(exc::value_error(format!("bad {name} value"))),
        Some(c) if search::find_char(line_terminator.data(), c).is_some() => {
            Err(exc::value_error(format!("bad {name} or lineterminator value")))
        }
        _ => Ok(()),
    };
    check("delimiter", Some(delimiter), true)?;
    check("escapechar", escape, !skip_space)?;
    check("quotechar", quote, !skip_space)?;
    for (a, b, x, y) in [
        ("delimiter", "escapechar", Some(delimiter), escape),
        ("delimiter", "quotechar", Some(delimiter), quote),
        ("escapechar", "quotechar", escape, quote),
    ] {
        if x.is_some() && x == y {
            return Err(exc::value_error(format!("bad {a} or {b} value")));
        }
    }
    let this = PyDialect {
        ob_base: PyObject::placeholder(),
        line_terminator: OptRef::some(line_terminator),
        delimiter,
        quote,
        escape,
        double_quote,
        skip_space,
        strict,
        quoting: style,
    };
    Ok(new_in(cls, this)?.into_obj())
}

/// The dialect of a reader or writer, from its arguments.
pub fn from_call(dialect: Option<&PyObject>, options: &KwArgs<'_>) -> PyResult<Ref<PyDialect>> {
    let mut given = [None; 8];
    let mut dialect = dialect;
    for (name, value) in options.iter() {
        if name.eq_str("dialect") {
            if dialect.is_some() {
                return Err(exc::type_error("argument for Dialect() given by name ('dialect') and position (1)"));
            }
            dialect = Some(value).filter(|value| !rpy_vm::is_none(value));
            continue;
        }
        match OPTIONS.iter().position(|o| name.eq_str(o)) {
            Some(at) => given[at] = Some(value),
            None => {
                return Err(exc::type_error(format!(
                    "Dialect() got an unexpected keyword argument '{}'",
                    name.to_string_lossy()
                )));
            }
        }
    }
    match make(PyDialect::type_object(), dialect, &given)?.downcast::<PyDialect>() {
        Ok(dialect) => Ok(dialect),
        Err(_) => Err(exc::system_error("dialect expected")),
    }
}

fn character(c: Option<u32>) -> ObjRef {
    c.map_or_else(rpy_vm::none, |c| PyStr::from_char(c).into_obj())
}

#[pymethods]
impl PyDialect {
    #[pynew(
        sig = "(dialect=None, delimiter=<unrepresentable>, doublequote=<unrepresentable>, escapechar=<unrepresentable>, lineterminator=<unrepresentable>, quotechar=<unrepresentable>, quoting=<unrepresentable>, skipinitialspace=<unrepresentable>, strict=<unrepresentable>)"
    )]
    #[expect(clippy::too_many_arguments, reason = "they are CPython's")]
    fn py_new(
        cls: &PyTypeObject,
        dialect: Option<&PyObject>,
        delimiter: Option<&PyObject>,
        doublequote: Option<&PyObject>,
        escapechar: Option<&PyObject>,
        lineterminator: Option<&PyObject>,
        quotechar: Option<&PyObject>,
        quoting: Option<&PyObject>,
        skipinitialspace: Option<&PyObject>,
        strict: Option<&PyObject>,
    ) -> PyResult<ObjRef> {
        let given = [delimiter, doublequote, escapechar, lineterminator, quotechar, quoting, skipinitialspace, strict];
        make(cls, dialect, &given)
    }

    #[pygetset]
    fn delimiter(&self) -> ObjRef {
        character(Some(self.delimiter))
    }
    #[pygetset]
    fn quotechar(&self) -> ObjRef {
        character(self.quote)
    }
    #[pygetset]
    fn escapechar(&self) -> ObjRef {
        character(self.escape)
    }
    #[pygetset]
    fn doublequote(&self) -> bool {
        self.double_quote
    }
    #[pygetset]
    fn skipinitialspace(&self) -> bool {
        self.skip_space
    }
    #[pygetset]
    fn strict(&self) -> bool {
        self.strict
    }
    #[pygetset]
    fn quoting(&self) -> i32 {
        self.quoting
    }

    #[pymethod(name = "__reduce__")]
    fn reduce(&self) -> PyResult<ObjRef> {
        Err(exc::type_error(format!("cannot pickle '{}' instances", self.as_object().ty().full_name())))
    }
    #[pymethod(name = "__reduce_ex__", sig = "($self, protocol, /)")]
    fn reduce_ex(&self, _protocol: &PyObject) -> PyResult<ObjRef> {
        self.reduce()
    }
}
