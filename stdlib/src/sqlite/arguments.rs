//! Functions that warn of how their arguments are passed: those that Python 3.15 will take by position only, or by keyword only.
//!
//! Their Rust functions take all arguments as they come, and bind them here.

use rpy_vm::args::{ArgSpec, DictKeywords, KwArgs};
use rpy_vm::convert::{ArgCtx, FromArg};
use rpy_vm::{PyObject, PyResult, exc};

/// The parameters of a function of this kind.
pub struct Signature {
    pub spec: ArgSpec,
    pub function: &'static str,
    /// The parameters in messages.
    pub shown: &'static [&'static str],
}

/// A [`Signature`]: name, parameters, how many have to be passed, how many can be passed by position, and which of the
/// others have to be passed.
macro_rules! signature {
    ($name:literal, [$($param:literal),* $(,)?], $required:expr, $positional:expr, $keywords:expr) => {{
        const COUNT: usize = [$($param),*].len();
        static NAMES: [rpy_vm::intern::StaticName; COUNT] = [$(rpy_vm::intern::StaticName::new($param)),*];
        $crate::sqlite::arguments::Signature {
            spec: rpy_vm::args::ArgSpec::new(
                $name, &[$($param),*], &NAMES, 0, $required, $positional, $keywords, false, false,
            ),
            function: $name,
            shown: &[$(concat!("argument '", $param, "'")),*],
        }
    }};
}
pub(super) use signature;

impl Signature {
    /// Converts an argument as a bound function would.
    ///
    /// # Errors
    /// What the conversion raises.
    pub fn convert<'a, T: FromArg<'a>>(&'static self, index: usize, object: &'a PyObject) -> PyResult<T> {
        T::from_arg(object, &ArgCtx { func: self.function, arg: self.shown[index] })
    }

    /// As [`Signature::convert`], of an argument that may be absent.
    ///
    /// # Errors
    /// What the conversion raises.
    pub fn optional<'a, T: FromArg<'a>>(
        &'static self,
        index: usize,
        object: Option<&'a PyObject>,
        default: T,
    ) -> PyResult<T> {
        object.map_or(Ok(default), |object| self.convert(index, object))
    }

    /// Sorts the arguments of a call. Those that have to be passed are there.
    ///
    /// # Errors
    /// `TypeError`.
    pub fn bind<'a, const N: usize>(
        &'static self,
        args: &'a [&'a PyObject],
        keywords: &'a DictKeywords,
    ) -> PyResult<[Option<&'a PyObject>; N]> {
        let mut bound = [None; N];
        self.spec.bind_slices(args, keywords.as_keywords(), &mut bound)?;
        Ok(bound)
    }
}

/// The keywords of a call.
///
/// # Errors
/// `MemoryError`.
pub fn keywords(kwargs: &KwArgs<'_>) -> PyResult<DictKeywords> {
    let dict = kwargs.to_dict()?;
    Ok(DictKeywords::new(dict.as_deref()))
}

/// A `DeprecationWarning`.
fn deprecated(message: &str) -> PyResult<()> {
    rpy_vm::runtime::warnings::warn(exc::DeprecationWarning(), message, 1)
}

/// Warns of what will be taken by keyword only, if `count` arguments were passed by position.
///
/// # Errors
/// The warning, where filters make it an error.
pub fn warn_of_positions(function: &str, count: usize) -> PyResult<()> {
    if !(2..=8).contains(&count) {
        return Ok(());
    }
    deprecated(&format!(
        "Passing more than 1 positional argument to {function}() is deprecated. Parameters 'timeout', 'detect_types', \
         'isolation_level', 'check_same_thread', 'factory', 'cached_statements' and 'uri' will become keyword-only \
         parameters in Python 3.15."
    ))
}

/// Warns of what will be taken by position only: the first of the parameters, of which `count` were passed so.
///
/// # Errors
/// The warning, where filters make it an error.
pub fn warn_of_keywords(method: &str, params: &[&str], count: usize) -> PyResult<()> {
    if count >= params.len() {
        return Ok(());
    }
    let quoted: Vec<String> = params.iter().map(|param| format!("'{param}'")).collect();
    let (list, s) = match quoted.split_last() {
        Some((last, [])) => (last.clone(), ""),
        Some((last, before)) => (format!("{} and {last}", before.join(", ")), "s"),
        None => return Ok(()),
    };
    deprecated(&format!(
        "Passing keyword argument{s} {list} to _sqlite3.Connection.{method}() is deprecated. Parameter{s} {list} will \
         become positional-only in Python 3.15."
    ))
}
